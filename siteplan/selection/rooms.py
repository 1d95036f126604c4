"""
Aggregation rooms (汇聚机房) on the road graph: where to put a number of them, or how many are needed.

Rooms are placed by vertex substitution: one room moves to where it shortens the routes most, until no move
helps. Stations are assigned so that all routes together are shortest with no room beyond its capacity.

References
----------
.. [1] M. B. Teitz, P. Bart, "Heuristic methods for estimating the generalized vertex median of a weighted
   graph", Operations Research 16(5), 1968, pp. 955-961.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from siteplan.errors import Fault, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR = 1e12
"""Stands for a route that does not exist or is too long. [m]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rooms:
    """
    Rooms and what they serve.

    Attributes
    ----------
    rooms : ndarray of int64, shape (k,)
        Candidates that carry a room, ascending.
    room_of : ndarray of int64, shape (stations,)
        Candidate that serves each station, -1 where none can.
    route_m : ndarray of float64, shape (stations,)
        Length of each route, infinite where there is none. [m]
    """

    rooms: NDArray[np.int64]
    room_of: NDArray[np.int64]
    route_m: NDArray[np.float64]


def place_rooms(
    distance_m: NDArray[np.float64],
    *,
    rooms: int | None = None,
    most_stations: int | None = None,
    most_m: float = np.inf,
) -> Rooms:
    """
    Place aggregation rooms.

    Parameters
    ----------
    distance_m : ndarray of float64, shape (candidates, stations)
        Route lengths, for instance from ``scipy.sparse.csgraph.dijkstra`` on
        :class:`siteplan.selection.backhaul.RoadGraph`; infinite without a route. [m]
    rooms : int or None
        Number of rooms; None looks for the fewest that serve every station that can be served at all.
    most_stations : int or None
        Stations that a room takes; None for any number.
    most_m : float
        Longest route. [m]

    Returns
    -------
    placed : Rooms
        The number is the fewest that this heuristic finds, not a proven least.

    Raises
    ------
    InputError
        When a length is negative or not a number, there is no candidate, a number is below 1,
        or there are fewer candidates than rooms.

    Examples
    --------
    >>> line = np.abs(np.subtract.outer([0.0, 4.0, 9.0], [0.0, 1.0, 8.0, 9.0]))
    >>> place_rooms(line, rooms=2).rooms
    array([0, 2])
    >>> place_rooms(line, most_m=4.0).rooms
    array([0, 2])
    """
    candidates, stations = distance_m.shape
    _check(candidates, rooms, most_stations)
    if not (distance_m >= 0.0).all():
        bad = np.argwhere(~(distance_m >= 0.0))[0]
        rule = "a route length must be 0 or more"
        fault = Fault(
            source="place_rooms",
            column="distance_m",
            value=f"{distance_m[tuple(bad)]} from candidate {bad[0]} to station {bad[1]}",
            rule=rule,
            remedy="Give infinity where there is no route.",
        )
        raise InputError([fault])
    distance = np.where(np.isfinite(distance_m) & (distance_m <= most_m), distance_m, FAR)
    capacity = stations if most_stations is None else most_stations
    if rooms is not None:
        return _assign(distance, _median(distance, rooms), capacity)
    can = int((distance.min(axis=0) < FAR).sum())
    fewest = max(-(-can // max(capacity, 1)), 1)
    for number in range(min(fewest, candidates), candidates + 1):
        placed = _assign(distance, _median(distance, number), capacity)
        if int((placed.room_of >= 0).sum()) == can:
            break
    return placed


def _check(candidates: int, rooms: int | None, most_stations: int | None) -> None:
    faults = [
        Fault(
            source="place_rooms",
            column=name,
            value=str(value),
            rule=f"must lie between 1 and {most}",
            remedy="Give another number, or more candidates.",
        )
        for name, value, most in (
            ("candidates", candidates, "any number"),
            ("rooms", rooms, f"the {candidates} candidates"),
            ("most_stations", most_stations, "any number"),
        )
        if value is not None and (value < 1 or (name == "rooms" and value > candidates))
    ]
    if faults:
        raise InputError(faults)


def _median(distance: NDArray[np.float64], number: int) -> NDArray[np.int64]:
    """Greedy start, then one room after the other moves while that shortens the routes."""
    chosen: list[int] = []
    nearest = np.full(distance.shape[1], FAR)
    for _ in range(number):
        total = np.minimum(distance, nearest).sum(axis=1)
        total[chosen] = np.inf
        chosen.append(int(np.argmin(total)))
        nearest = np.minimum(nearest, distance[chosen[-1]])
    best, moved = float(nearest.sum()), True
    while moved:
        moved = False
        for place in range(number):
            others = chosen[:place] + chosen[place + 1 :]
            rest = distance[others].min(axis=0) if others else np.full(distance.shape[1], FAR)
            total = np.minimum(distance, rest).sum(axis=1)
            total[others] = np.inf
            pick = int(np.argmin(total))
            if total[pick] < best * (1.0 - 1e-12):
                chosen[place], best, moved = pick, float(total[pick]), True
    return np.array(sorted(chosen), dtype=np.int64)


def _assign(distance: NDArray[np.float64], rooms: NDArray[np.int64], capacity: int) -> Rooms:
    """Shortest routes in all, no room beyond its capacity."""
    slots = np.repeat(rooms, min(capacity, distance.shape[1]))
    room_of = np.full(distance.shape[1], -1, dtype=np.int64)
    route = np.full(distance.shape[1], np.inf)
    if capacity >= distance.shape[1]:
        pick = rooms[np.argmin(distance[rooms], axis=0)]
        station = np.arange(distance.shape[1])
    else:
        slot, station = linear_sum_assignment(distance[slots])
        pick = slots[slot]
    length = distance[pick, station]
    served = length < FAR
    room_of[station[served]], route[station[served]] = pick[served], length[served]
    return Rooms(rooms=rooms, room_of=room_of, route_m=route)
