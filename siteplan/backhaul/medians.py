r"""
Where to put rooms: the p-median on given distances, with or without a greatest load and distance.

Sets: places :math:`i` with weight :math:`w_i`, candidate rooms :math:`j`, distances :math:`d_{ij}` (infinite
where a room may not serve a place). Variables: room opened :math:`y_j`, place served by it :math:`x_{ij}`,
place left out :math:`u_i`.

.. math::

   \min \sum w_i d_{ij} x_{ij}, \quad \sum_j x_{ij} + u_i = 1, \quad x_{ij} \le y_j, \quad
   \sum_j y_j \le k, \quad \sum_i w_i x_{ij} \le C y_j

First as much weight as possible is served, then, when :math:`k` is not given, with as few rooms as possible,
then over the least distance. Greedy addition and the interchange of Teitz and Bart [1]_ in Whitaker's form
[2]_ give a choice; Lagrangian relaxation of the first constraint [3]_ gives a bound and closes candidates
that no better choice can use; HiGHS (``scipy.optimize.milp``) settles what is small enough.

References
----------
.. [1] M. B. Teitz, P. Bart, "Heuristic methods for estimating the generalized vertex median of a weighted
   graph", Operations Research 16 (1968) 955-961.
.. [2] R. A. Whitaker, "A fast algorithm for the greedy interchange for large-scale clustering and median
   location problems", INFOR 21 (1983) 95-108.
.. [3] G. Cornuejols, M. L. Fisher, G. L. Nemhauser, "Location of bank accounts to optimize float",
   Management Science 23 (1977) 789-810.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.backhaul._location import LEFT_OUT, Task, assign, settle

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXACT_PAIRS: Final = 5_000
"""Up to so many pairs of a place and a room that may serve it are given to HiGHS."""

COVER_PAIRS: Final = 50_000
"""The same for covering alone, without a greatest weight."""

ROUNDS: Final = 500
"""Rounds of the subgradient method."""

PROVEN: Final = 1e-6
"""A choice whose relative distance from its bound is smaller is the best."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """
    Chosen rooms, and who is served by which.

    Attributes
    ----------
    rooms : ndarray of int64
        Candidates opened, ascending.
    room : ndarray of int64, shape (places,)
        Candidate that serves each place, -1 when it is left out.
    distance : float
        Sum of weight times distance over the places served.
    bound : float
        With this many rooms and as much weight served, no choice has a smaller sum.
    fewest : int
        No choice that serves as much weight has fewer rooms; equal to the number of rooms when that was
        given.
    served_bound : float
        No choice of so many rooms serves more weight.
    """

    rooms: NDArray[np.int64]
    room: NDArray[np.int64]
    distance: float
    bound: float
    fewest: int
    served_bound: float


def place_rooms(
    distance: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    rooms: int | None = None,
    most: float | None = None,
) -> Placement:
    """
    Put a number of rooms, or the fewest that serve everybody.

    Parameters
    ----------
    distance : ndarray of float64, shape (candidates, places)
        Distances, infinite where a candidate cannot serve a place.
    weight : ndarray of float64, shape (places,)
        Weight of each place, positive.
    rooms : int or None
        Number of rooms; None takes as few as possible.
    most : float or None
        Greatest weight that a room serves; a place is never shared between two rooms.

    Returns
    -------
    placement : Placement
        The choice and its bounds.

    Examples
    --------
    Four places on a line, one room and then as few as possible for two places each:

    >>> at = np.array([0.0, 1.0, 5.0, 9.0])
    >>> distance = np.abs(at[:, None] - at)
    >>> place_rooms(distance, np.ones(4), rooms=1).rooms
    array([1])
    >>> two = place_rooms(distance, np.ones(4), most=2.0)
    >>> len(two.rooms), two.distance
    (2, 5.0)
    """
    task = Task.of(distance, weight, most)
    fewest, room = rooms, np.full(len(weight), LEFT_OUT, dtype=np.int64)
    if rooms is None:
        rooms, fewest, room = _fewest(task)
    rooms = min(rooms, len(distance))
    room = _best(task, [room, *_choices(task, rooms)])
    served_bound = task.served_bound(rooms)
    if task.served(room) < served_bound and _settles(task):
        settled = settle(task, aim="served", rooms=rooms)
        served_bound = min(served_bound, settled.bound)
        if settled.room is not None and _better(task, settled.room, room):
            room = settled.room
    value = task.value(room)
    bound, closed = _lagrangian(task, rooms, room)
    if value - bound > PROVEN * value and task.pairs_without(closed) <= EXACT_PAIRS:
        settled = settle(task, aim="distance", rooms=rooms, served=task.served(room), closed=closed)
        bound = max(bound, settled.bound)
        if settled.room is not None and _better(task, settled.room, room):
            room = settled.room
    value = task.value(room)
    return Placement(
        rooms=np.unique(room[room != LEFT_OUT]),
        room=room,
        distance=value,
        bound=min(bound, value),
        fewest=min(_count(room), fewest or 0),
        served_bound=served_bound,
    )


def _better(task: Task, new: NDArray[np.int64], old: NDArray[np.int64]) -> bool:
    """Whether an assignment serves more, or as much over less distance."""
    more = task.served(new) - task.served(old)
    return more > 0.0 or (more == 0.0 and task.value(new) < task.value(old))


def _best(task: Task, rooms: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Best of some assignments, the first of equals."""
    best = rooms[0]
    for room in rooms[1:]:
        best = room if _better(task, room, best) else best
    return best


def _choices(task: Task, rooms: int) -> list[NDArray[np.int64]]:
    """Assign to so many rooms, chosen in different ways."""
    found = [_heuristic(task, rooms)]
    if np.isfinite(task.most):
        found.append(_recentred(task, _cover(task, rooms)))
        found.append(_recentred(task, found[0]))
    return found


def _recentred(task: Task, room: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move each room to the middle of its places and assign anew, as long as that helps."""
    cost = np.where(task.possible, task.distance, np.inf) * task.weight
    while True:
        middles = [
            int(cost[:, room == one].sum(axis=1).argmin())
            for one in np.unique(room[room != LEFT_OUT])
        ]
        better = assign(task, np.unique(np.array(middles, dtype=np.int64)))
        if not _better(task, better, room):
            return room
        room = better


def _fewest(task: Task) -> tuple[int, int, NDArray[np.int64]]:
    """Least number of rooms that serve as much as any, a bound, and an assignment of that many."""
    every = len(task.distance)
    room = _cover(task)
    if _settles(task):
        if task.served(room) < task.served_bound(every):
            found = settle(task, aim="served", rooms=every)
            if found.room is not None and _better(task, found.room, room):
                room = found.room
        found = settle(task, aim="rooms", rooms=every, served=task.served(room))
        if found.room is not None and task.served(found.room) >= task.served(room):
            room = found.room
        return _count(room), int(np.ceil(found.bound - PROVEN)), room
    while _count(room) > 1:
        trial = _best(task, _choices(task, _count(room) - 1))
        if task.served(trial) < task.served(room):
            break
        room = trial
    return _count(room), _least_rooms(task, task.served(room)), room


def _settles(task: Task) -> bool:
    """Whether HiGHS can tell what can be served: without a greatest weight, covering is enough."""
    return task.pairs <= (EXACT_PAIRS if np.isfinite(task.most) else COVER_PAIRS)


def _count(room: NDArray[np.int64]) -> int:
    return len(np.unique(room[room != LEFT_OUT]))


def _cover(task: Task, rooms: int | None = None) -> NDArray[np.int64]:
    """Open rooms one after the other, each where it serves the most that is left, the nearest first."""
    room = np.full(len(task.weight), LEFT_OUT, dtype=np.int64)
    order = np.argsort(task.distance, axis=1, kind="stable")
    sorted_ok = np.isfinite(np.take_along_axis(task.distance, order, axis=1))
    shut = np.zeros(len(task.distance), dtype=bool)
    while rooms is None or shut.sum() < rooms:
        left = (room == LEFT_OUT)[order] & sorted_ok
        load = np.cumsum(np.where(left, task.weight[order], 0.0), axis=1)
        taken = left & (load <= task.most)
        gain = np.where(taken, task.weight[order], 0.0).sum(axis=1)
        gain[shut] = 0.0
        if len(gain) == 0 or gain.max() <= 0.0:
            break
        best = int(gain.argmax())
        shut[best] = True
        room[order[best, taken[best]]] = best
    return room


def _least_rooms(task: Task, served: float) -> int:
    """Bound on the number of rooms: by weight, and by places of which no two share a candidate."""
    by_weight = int(np.ceil(served / task.most - PROVEN)) if np.isfinite(task.most) else 0
    if served < task.weight[task.servable].sum():
        return max(by_weight, int(served > 0.0))
    possible = task.possible
    used = np.zeros(len(possible), dtype=bool)
    apart = 0
    for place in np.argsort(possible.sum(axis=0), kind="stable").tolist():
        mine = possible[:, place]
        if mine.any() and not used[mine].any():
            used |= mine
            apart += 1
    return max(by_weight, apart)


def _heuristic(task: Task, rooms: int) -> NDArray[np.int64]:
    """Greedy addition, then interchange until no exchange of one room helps; then the assignment."""
    finite = task.distance[task.possible]
    far = 1.0 + float(finite.max()) * len(task.weight) if len(finite) else 1.0
    far *= max(float(task.weight.max()), 1.0) if len(task.weight) else 1.0
    cost = np.where(task.possible, task.distance, far) * task.weight
    nearest = far * task.weight
    chosen: list[int] = []
    for _ in range(rooms):
        gain = np.maximum(nearest - cost, 0.0).sum(axis=1)
        gain[chosen] = -1.0
        if gain.max() <= 0.0:
            break
        chosen.append(int(gain.argmax()))
        nearest = np.minimum(nearest, cost[chosen[-1]])
    return assign(
        task, np.sort(_interchanged(cost, np.array(chosen, dtype=np.int64), far * task.weight))
    )


def _interchanged(
    cost: NDArray[np.float64], chosen: NDArray[np.int64], outside: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Exchange one room for another, the best exchange first, as long as that helps."""
    chosen = chosen.copy()
    while len(chosen):
        open_cost = np.vstack([cost[chosen], outside])
        order = np.argsort(open_cost, axis=0, kind="stable")
        first = np.take_along_axis(open_cost, order[:1], axis=0)[0]
        second = np.take_along_axis(open_cost, order[1:2], axis=0)[0]
        gain = np.maximum(first - cost, 0.0).sum(axis=1)
        # dropping room r costs its places the way to the second nearest or to the new one
        loss = np.maximum(np.minimum(second, cost) - first, 0.0)
        of_room = np.zeros((len(chosen), len(first)))
        mine = order[0] < len(chosen)
        of_room[order[0][mine], np.flatnonzero(mine)] = 1.0
        saved = gain[:, None] - loss @ of_room.T
        saved[chosen] = -np.inf
        new, old = np.unravel_index(int(saved.argmax()), saved.shape)
        if saved[new, old] <= PROVEN * max(float(first.sum()), 1.0) * PROVEN:
            break
        chosen[old] = new
    return chosen


def _lagrangian(task: Task, rooms: int, room: NDArray[np.int64]) -> tuple[float, NDArray[np.bool_]]:
    """Bound from below on the distance, and candidates that no better choice opens."""
    closed = np.zeros(len(task.distance), dtype=bool)
    places = task.surely_served(rooms)
    value = task.value(room)
    if value <= 0.0 or places is None or (room[places] == LEFT_OUT).any():
        return 0.0, closed
    cost = np.where(task.possible, task.distance, np.inf)[:, places] * task.weight[places]
    part = task.part_of_candidates(places)
    opened = np.unique(room[places])
    ordered = np.sort(cost[opened], axis=0)
    dearest = np.where(np.isfinite(cost), cost, 0.0).max(axis=0)
    second = ordered[1] if len(ordered) > 1 else dearest
    best = 0.0
    # prices start at what a place pays now, or would pay without its room
    for price in (ordered[0], np.where(np.isfinite(second), second, dearest)):
        bound, shut = _priced(cost, price, part, rooms, value)
        best, closed = max(best, bound), closed | shut
    return best, closed


def _priced(
    cost: NDArray[np.float64],
    price: NDArray[np.float64],
    part: NDArray[np.int64],
    rooms: int,
    value: float,
) -> tuple[float, NDArray[np.bool_]]:
    """Subgradient method from given prices; every connected part has a room at least."""
    closed = np.zeros(len(cost), dtype=bool)
    best, step, stalled = 0.0, 2.0, 0
    for _ in range(ROUNDS):
        gain = np.minimum(cost - price, 0.0)
        worth = gain.sum(axis=1)
        order = np.argsort(worth, kind="stable")
        order = order[part[order] >= 0]
        first = np.zeros(len(order), dtype=bool)
        first[np.unique(part[order], return_index=True)[1]] = True
        order = np.concatenate([order[first], order[~first]])
        opened, rest = order[:rooms], order[rooms:]
        bound = float(price.sum() + worth[opened].sum())
        stalled = 0 if bound > best else stalled + 1
        best = max(best, bound)
        # opening another one instead of any of them would already exceed the value
        last = worth[opened].max()
        closed[rest] |= bound + worth[rest] - last > value * (1.0 + PROVEN)
        slope = 1.0 - (gain[opened] < 0.0).sum(axis=0)
        if value - best <= PROVEN * value or not slope.any():
            break
        if stalled >= 10:  # noqa: PLR2004  # usual
            step, stalled = step / 2.0, 0
        price = price + step * (value * (1.0 + PROVEN) - bound) / (slope**2).sum() * slope
    return best, closed
