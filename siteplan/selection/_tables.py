"""
A compact problem, a choice and what it gives, as tables for the kernels of :mod:`siteplan.selection._anneal`.

All blocks of the problem stand in one table of units and one of items, its counts as blocks of which each
station is a unit. A kernel compiles faster with a few tables than with an array for each of their columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = np.recarray[Any, np.dtype[Any]]

STATION: Final = np.dtype(
    [
        ("cost", "f8"),
        ("near", "f8"),  # marks of a round
        ("barred", "?"),
        ("site", "i4"),
        ("first", "i4"),  # links[first:end] are the units that it covers
        ("end", "i4"),
        ("built", "i4"),
        ("best", "i4"),  # of the cheapest choice so far
    ],
    align=True,
)
"""Candidate stations."""

SITE: Final = np.dtype(
    [
        ("cost", "f8"),
        ("opened", "i4"),
        ("first", "i4"),  # links[first:end] are its stations
        ("end", "i4"),
        ("first_rival", "i4"),  # and the structures too near it
        ("end_rival", "i4"),
    ],
    align=True,
)
"""Structures."""

UNIT: Final = np.dtype(
    [
        ("weight", "f8"),
        ("owner", "i4"),  # its item
        ("times", "i4"),  # stations in service that cover it
        ("first", "i4"),  # links[first:end] are the stations that may
        ("end", "i4"),
    ],
    align=True,
)
"""Units of all blocks."""

ITEM: Final = np.dtype(
    [
        ("worth", "f8"),
        ("have", "f8"),  # covered weight, 1 is needed
        ("more", "f8"),  # what the station in hand gives
        ("block", "i4"),
        ("touched", "i4"),  # in row k: the k-th item of the station in hand
    ],
    align=True,
)
"""Items of all blocks."""

BLOCK: Final = np.dtype(
    [
        ("due", "i4"),
        ("need", "i4"),
        ("full", "i4"),  # items that have what they need
        ("falling", "i4"),  # items that would not without the station in hand
    ],
    align=True,
)
"""Coverage rules, then counts."""

LIMIT: Final = np.dtype([("period", "i4"), ("most", "f8"), ("taken", "f8")], align=True)
"""Limits; period -1 is all years."""

MOVED: Final = np.dtype([("station", "i8"), ("before", "i8")])
"""Moves of a round, to be taken back."""

OFFER: Final = np.dtype(
    [("score", "f8"), ("noise", "f8"), ("station", "i8"), ("fresh", "?")], align=True
)
"""Stations to choose from in a round."""

COURSE: Final = np.dtype(
    [
        ("cost", "f8"),
        ("least", "f8"),  # cost of the cheapest choice so far that keeps the limits
        ("over", "f8"),  # how far the choice exceeds them
        ("work", "i8"),  # covered units looked at
        ("moves", "i8"),
        ("out", "i8"),
        ("counts", "i8"),  # blocks before the first count
    ]
)
"""One row: how the search goes."""


class Tables(NamedTuple):
    """
    A compact problem, a choice, and room to work in.

    ``links`` lists units of stations, stations of units and of structures, and rival structures; ``factor``
    is the discount of each period and 0 for never; ``takes`` what each station and each opened structure
    takes of each limit; ``dearest`` lists stations by price, ``serving`` those in service, ``out`` those
    taken out and ``offers`` those that may replace them.
    """

    stations: Rows
    sites: Rows
    units: Rows
    items: Rows
    blocks: Rows
    limits: Rows
    takes: NDArray[np.float64]
    links: NDArray[np.int32]
    factor: NDArray[np.float64]
    dearest: NDArray[np.int64]
    serving: NDArray[np.int64]
    out: Rows
    offers: Rows
    moved: Rows
    course: Rows
