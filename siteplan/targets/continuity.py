"""Roads: how much of each is covered without a break, and how long the breaks are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.targets.states import COVERED, NOT_KNOWN, UNCOVERED
from siteplan.units import METRES_PER_KM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.demand import Demand


def road_continuity(demand: Demand, states: NDArray[np.int8], *, gap_over_m: float) -> pd.DataFrame:
    """
    Length, covered length and gaps of each road.

    Parameters
    ----------
    demand : Demand
        Of class ``road``: samples in order along each unbroken line.
    states : ndarray of int8, shape (samples,)
        From :func:`siteplan.targets.sample_states`.
    gap_over_m : float
        Gaps at least this long are counted. [m]

    Returns
    -------
    roads : DataFrame
        In the order of the demand's items: ``item_id``, ``name``, ``class``, ``length_km``,
        ``covered_km``, ``unknown_km``, ``longest_gap_km`` (surely uncovered), ``longest_gap_most_km``
        (what is unknown counted as uncovered), ``gaps`` (uncovered stretches of at least `gap_over_m`).
        A stretch ends where a line ends: it does not go on round a junction.
    """
    n = len(demand.items)

    def kilometres(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        metres = np.bincount(demand.item, weights=demand.weight * chosen, minlength=n)
        return np.asarray(metres / METRES_PER_KM)

    sure, owner = _stretches(demand, states == UNCOVERED)
    maybe, maybe_owner = _stretches(demand, states != COVERED)
    counted = sure >= gap_over_m * (1.0 - 1e-9)
    return pd.DataFrame(
        {
            "item_id": demand.items.index.astype(str),
            "name": demand.items["name"].astype(str).to_numpy(),
            "class": demand.items["class"].to_numpy(),
            "length_km": kilometres(np.ones(len(states), dtype=bool)),
            "covered_km": kilometres(states == COVERED),
            "unknown_km": kilometres(states == NOT_KNOWN),
            "longest_gap_km": _longest(sure, owner, n) / METRES_PER_KM,
            "longest_gap_most_km": _longest(maybe, maybe_owner, n) / METRES_PER_KM,
            "gaps": np.bincount(owner[counted], minlength=n),
        }
    )


def class_continuity(roads: pd.DataFrame) -> pd.DataFrame:
    """
    Add up roads by class.

    Parameters
    ----------
    roads : DataFrame
        From :func:`road_continuity`.

    Returns
    -------
    classes : DataFrame
        By ``class`` ("" where blank): number of ``roads``, and the other columns added up; of the
        longest gaps the longest.
    """
    return (
        roads.assign(**{"class": roads["class"].astype("string").fillna("")})
        .groupby("class", sort=True)
        .agg(
            roads=("item_id", "size"),
            length_km=("length_km", "sum"),
            covered_km=("covered_km", "sum"),
            unknown_km=("unknown_km", "sum"),
            longest_gap_km=("longest_gap_km", "max"),
            longest_gap_most_km=("longest_gap_most_km", "max"),
            gaps=("gaps", "sum"),
        )
        .reset_index()
    )


def _stretches(
    demand: Demand, missed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Length of each run of missed samples on one line, and the road it belongs to."""
    if not missed.any():
        return np.zeros(0), np.zeros(0, dtype=np.int32)
    starts = missed.copy()
    starts[1:] &= ~missed[:-1] | (demand.part[1:] != demand.part[:-1])
    run = np.cumsum(starts) - 1
    length = np.bincount(run[missed], weights=demand.weight[missed])
    return length.astype(np.float64), demand.item[starts]


def _longest(length: NDArray[np.float64], owner: NDArray[np.int32], n: int) -> NDArray[np.float64]:
    longest = np.zeros(n)
    np.maximum.at(longest, owner, length)
    return longest
