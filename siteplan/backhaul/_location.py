"""Location problems as arrays: the task, assignment to open rooms, and the exact solution by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

Aim = Literal["served", "rooms", "distance"]

LEFT_OUT: Final = -1
"""Room of a place that none serves."""

NODES: Final = 200
"""Search nodes after which HiGHS stops: counted, so that the same input gives the same result."""

ROUNDING: Final = 1e-6
"""Integrality tolerance of HiGHS."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """
    Places to serve and rooms that may.

    Attributes
    ----------
    distance : ndarray of float64, shape (candidates, places)
        Distances, infinite where a candidate cannot serve a place.
    weight : ndarray of float64, shape (places,)
        Weight of each place.
    most : float
        Greatest weight of a room, infinite without a limit.
    """

    distance: NDArray[np.float64]
    weight: NDArray[np.float64]
    most: float

    @classmethod
    def of(
        cls, distance: NDArray[np.float64], weight: NDArray[np.float64], most: float | None
    ) -> Task:
        """Task without the pairs that the greatest weight of a room rules out."""
        limit = np.inf if most is None else most
        possible = np.broadcast_to(weight <= limit, distance.shape)
        return cls(distance=np.where(possible, distance, np.inf), weight=weight, most=limit)

    @property
    def possible(self) -> NDArray[np.bool_]:
        """Pairs that may be used, shape (candidates, places)."""
        return np.isfinite(self.distance)

    @property
    def servable(self) -> NDArray[np.bool_]:
        """Places that some candidate may serve."""
        return np.asarray(self.possible.any(axis=0))

    @property
    def pairs(self) -> int:
        """Number of possible pairs."""
        return int(self.possible.sum())

    def pairs_without(self, closed: NDArray[np.bool_]) -> int:
        """Possible pairs of the candidates that are not closed."""
        return int(self.possible[~closed].sum())

    def served(self, room: NDArray[np.int64]) -> float:
        """Weight served by an assignment."""
        return float(self.weight[room != LEFT_OUT].sum())

    def value(self, room: NDArray[np.int64]) -> float:
        """Sum of weight times distance of an assignment."""
        place = np.flatnonzero(room != LEFT_OUT)
        return float((self.weight[place] * self.distance[room[place], place]).sum())

    def served_bound(self, rooms: int) -> float:
        """Weight that no choice of so many rooms exceeds: a room serves one connected part only."""
        return float(np.sort(self._portions())[::-1][:rooms].sum())

    def surely_served(self, rooms: int) -> NDArray[np.bool_] | None:
        """Places that every choice of so many rooms with the most weight serves, None when that is open."""
        portions = np.sort(self._portions())[::-1]
        if len(portions) <= rooms:
            return self.servable
        if np.isfinite(self.most) or portions[rooms - 1] == portions[rooms]:
            return None
        part = self._parts()
        total = np.bincount(part, weights=self.weight * self.servable)
        return np.asarray(self.servable & (total[part] >= portions[rooms - 1]))

    def part_of_candidates(self, places: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Name the connected part of each candidate, -1 for those that serve none of some places."""
        part = self._components()[: len(self.distance)]
        return np.where(self.possible[:, places].any(axis=1), part, -1)

    def _parts(self) -> NDArray[np.int64]:
        """Name the connected part of each place."""
        return self._components()[len(self.distance) :]

    def _components(self) -> NDArray[np.int64]:
        """Name the connected part of each candidate, then of each place, joined by the possible pairs."""
        size = sum(self.distance.shape)
        if size == 0:
            return np.zeros(0, dtype=np.int64)
        candidate, place = np.nonzero(self.possible)
        links = csr_array(
            (np.ones(len(place)), (candidate, len(self.distance) + place)), shape=(size, size)
        )
        return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)

    def _portions(self) -> NDArray[np.float64]:
        """Weights that one room after the other can at most serve in each part, in any order."""
        total = np.bincount(self._parts(), weights=self.weight * self.servable)
        total = total[total > 0.0]
        if not np.isfinite(self.most):
            return np.asarray(total, dtype=np.float64)
        full = np.floor(total / self.most).astype(np.int64)
        rest = total - full * self.most
        whole = np.full(int(full.sum()), self.most)
        return np.asarray(np.concatenate([whole, rest[rest > 0.0]]), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """
    What HiGHS found.

    Attributes
    ----------
    room : ndarray of int64, shape (places,), or None
        Assignment, None when the search ended without one.
    bound : float
        Bound on what was aimed at: weight served from above, rooms or distance from below.
    """

    room: NDArray[np.int64] | None
    bound: float


def settle(
    task: Task,
    *,
    aim: Aim,
    rooms: int,
    served: float = 0.0,
    closed: NDArray[np.bool_] | None = None,
) -> Settled:
    """
    Best assignment by mixed integer programming.

    Parameters
    ----------
    task : Task
        Places and rooms.
    aim : {"served", "rooms", "distance"}
        Most weight served, fewest rooms, or least distance.
    rooms : int
        Most rooms.
    served : float
        Least weight to serve.
    closed : ndarray of bool, shape (candidates,), optional
        Candidates that are not used.

    Returns
    -------
    settled : Settled
        Assignment and bound.
    """
    usable = task.possible if closed is None else task.possible & ~closed[:, None]
    candidate, place = np.nonzero(usable)
    pairs, (candidates, places) = len(candidate), task.distance.shape
    if pairs == 0:
        return Settled(room=np.full(places, LEFT_OUT, dtype=np.int64), bound=0.0)
    if aim != "distance" and not np.isfinite(task.most):
        return _covered(task, aim, rooms, served)
    weight = task.weight[place]
    scale = 1.0
    cost = np.zeros(pairs + candidates)
    if aim == "served":
        cost[:pairs] = -weight
    elif aim == "rooms":
        cost[pairs:] = 1.0
    else:
        metres = weight * task.distance[candidate, place]
        scale = max(float(metres.max()), 1.0)
        cost[:pairs] = metres / scale
    whole = np.ones(pairs + candidates)
    whole[:pairs] = 1.0 if np.isfinite(task.most) or aim == "served" else 0.0
    solution = milp(
        cost,
        integrality=whole,
        bounds=Bounds(0.0, 1.0),
        constraints=_constraints(task, candidate, place, rooms=rooms, served=served),
        options={"node_limit": NODES, "mip_rel_gap": 0.0},
    )
    bound = solution.mip_dual_bound
    bound = -np.inf if bound is None else float(bound) * scale
    room = None
    if solution.x is not None:
        room = np.full(places, LEFT_OUT, dtype=np.int64)
        chosen = solution.x[:pairs] > 0.5  # noqa: PLR2004  # binary
        room[place[chosen]] = candidate[chosen]
        if not np.isfinite(task.most):
            room = assign(task, np.unique(candidate[chosen]))
    return Settled(room=room, bound=-bound if aim == "served" else bound)


def _covered(task: Task, aim: Aim, rooms: int, served: float) -> Settled:
    """Cover places from open rooms that are never too full: no variable for a pair is needed."""
    candidates, places = task.distance.shape
    weight = np.where(task.servable, task.weight, 0.0)
    within = hstack([csr_array(task.possible.T.astype(float)), eye_array(places)])
    opened = np.concatenate([np.ones(candidates), np.zeros(places)])[None]
    out = np.concatenate([np.zeros(candidates), weight])[None]
    solution = milp(
        (out if aim == "served" else opened)[0],
        integrality=np.concatenate([np.ones(candidates), np.zeros(places)]),
        bounds=Bounds(0.0, 1.0),
        constraints=[
            LinearConstraint(within, lb=1.0),
            LinearConstraint(opened, ub=float(rooms)),
            LinearConstraint(out, ub=weight.sum() - served + ROUNDING),
        ],
        options={"node_limit": NODES, "mip_rel_gap": 0.0},
    )
    bound = solution.mip_dual_bound
    bound = -np.inf if bound is None else float(bound)
    room = None
    if solution.x is not None:
        room = assign(task, np.flatnonzero(solution.x[:candidates] > 0.5))  # noqa: PLR2004  # binary
    return Settled(room=room, bound=float(weight.sum()) - bound if aim == "served" else bound)


def _constraints(
    task: Task,
    candidate: NDArray[np.int64],
    place: NDArray[np.int64],
    *,
    rooms: int,
    served: float,
) -> list[LinearConstraint]:
    """Each place once, in open rooms, few rooms, no room too full, enough weight served."""
    pairs, (candidates, places) = len(candidate), task.distance.shape
    number, ones = np.arange(pairs), np.ones(pairs)
    weight = task.weight[place]

    def matrix(value: NDArray[np.float64], row: NDArray[np.int64], rows: int) -> csr_array:
        return csr_array((value, (row, number)), shape=(rows, pairs))

    opens = csr_array((-ones, (number, candidate)), shape=(pairs, candidates))
    blank = csr_array((places, candidates))
    every = csr_array(np.ones((1, candidates)))
    rows = [
        (hstack([matrix(ones, place, places), blank]), 1.0),
        (hstack([matrix(ones, number, pairs), opens]), 0.0),
        (hstack([csr_array((1, pairs)), every]), float(rooms)),
    ]
    if np.isfinite(task.most):
        each = np.arange(candidates)
        full = csr_array((np.full(candidates, -task.most), (each, each)))
        rows.append((hstack([matrix(weight, candidate, candidates), full]), 0.0))
    if served > 0.0:
        none = csr_array((1, candidates))
        row = matrix(-weight, np.zeros(pairs, dtype=np.int64), 1)
        rows.append((hstack([row, none]), -served + ROUNDING))
    upper = np.concatenate([np.full(block.shape[0], limit) for block, limit in rows])
    return [LinearConstraint(vstack([block for block, _ in rows], format="csr"), ub=upper)]


def assign(task: Task, rooms: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Room of each place when these rooms are open.

    Parameters
    ----------
    task : Task
        Places and rooms.
    rooms : ndarray of int64
        Open candidates.

    Returns
    -------
    room : ndarray of int64, shape (places,)
        The nearest; when that makes a room too full, places with the most to lose choose first.
    """
    places = len(task.weight)
    if len(rooms) == 0 or places == 0:
        return np.full(places, LEFT_OUT, dtype=np.int64)
    distance = task.distance[rooms]
    room = np.where(np.isfinite(distance).any(axis=0), distance.argmin(axis=0), LEFT_OUT)
    kept = room != LEFT_OUT
    load = np.bincount(room[kept], weights=task.weight[kept], minlength=len(rooms))
    if (load > task.most + ROUNDING).any():
        room = _by_regret(task, distance)
    return np.where(room == LEFT_OUT, LEFT_OUT, rooms[room]).astype(np.int64)


def _by_regret(task: Task, distance: NDArray[np.float64]) -> NDArray[np.int64]:
    """Assign the heaviest and most regretful places first, each to the nearest room with space."""
    ordered = np.sort(distance, axis=0)
    second = ordered[1] if len(ordered) > 1 else np.full(len(task.weight), np.inf)
    with np.errstate(invalid="ignore"):
        regret = np.nan_to_num(second - ordered[0], nan=-1.0, posinf=np.inf)
    space = np.full(len(distance), task.most)
    room = np.full(len(task.weight), LEFT_OUT, dtype=np.int64)
    for place in np.lexsort((-regret, -task.weight)).tolist():
        possible = np.isfinite(distance[:, place]) & (space >= task.weight[place] - ROUNDING)
        if possible.any():
            room[place] = np.where(possible, distance[:, place], np.inf).argmin()
            space[room[place]] -= task.weight[place]
    return room
