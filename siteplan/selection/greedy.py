"""
Selection without a solver: lazy greedy year by year, then everything superfluous dropped or delayed.

The gain of a station never grows while others are added (the truncated sums of weights are submodular),
so a stale gain is an upper bound and most candidates need not be looked at again.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from siteplan.selection.problem import TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Block, Problem

LATER_WEIGHT: Final = 0.2
"""Weight of what a station gives to rules of later years while an earlier year is being met."""

LEAST_GAIN: Final = 1e-9
"""Gain below which a station gives nothing."""


def greedy(problem: Problem) -> NDArray[np.int32]:
    """
    A choice that meets every rule, found without a solver.

    Parameters
    ----------
    problem : Problem
        Needs must be within what the candidates reach, as :func:`build_problem` leaves them.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        Period in which each station goes into service; ``problem.periods`` when it is not built.
    """
    state = _State(problem)
    for period in range(problem.periods):
        _meet(problem, state, period)
        _fill_counts(problem, state, period)
    return drop_superfluous(problem, state.built)


class _Residual:
    """What one block still needs."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.covered = np.zeros(len(block.unit_item), dtype=bool)
        pooled = block.mode == "pooled"
        self.item = np.zeros_like(block.unit_item) if pooled else block.unit_item
        self.need = np.array([block.need]) if pooled else block.item_need.copy()
        self.need[~np.isfinite(self.need)] = 0.0
        self.scratch = np.zeros(len(self.need))
        self.touched = np.zeros(len(self.need), dtype=np.int64)
        self.left = float(block.need) if block.mode == "share" else float((self.need > 0.0).sum())
        self.scale = np.divide(1.0, self.need, out=np.zeros_like(self.need), where=self.need > 0.0)
        if pooled:
            self.scale = self.scale * max(1.0, np.sqrt(len(block.unit_item)))

    @property
    def met(self) -> bool:
        return self.left <= 0.0

    def gain(self, station: int) -> float:
        cover = self.block.cover
        return float(
            _gain(
                cover.indptr,
                cover.indices,
                self.covered,
                self.block.unit_weight,
                self.item,
                self.need,
                self.scale,
                self.scratch,
                self.touched,
                station,
            )
        )

    def add(self, station: int) -> None:
        cover = self.block.cover
        units = cover.indices[cover.indptr[station] : cover.indptr[station + 1]]
        units = units[~self.covered[units]]
        if not units.size:
            return
        self.covered[units] = True
        item = self.item[units]
        before = self.need > 0.0
        np.subtract.at(self.need, item, self.block.unit_weight[units])
        rounding = TOLERANCE * np.divide(
            1.0, self.scale, out=np.zeros_like(self.scale), where=self.scale > 0.0
        )
        done = before & (self.need <= rounding)
        self.need[done | ~before] = 0.0
        self.left -= float(done.sum())


class _State:
    def __init__(self, problem: Problem) -> None:
        self.built = np.full(problem.stations, problem.periods, dtype=np.int32)
        self.opened = np.zeros(len(problem.site_cost), dtype=bool)
        self.residuals = [_Residual(block) for block in problem.blocks]

    def add(self, problem: Problem, station: int, period: int) -> None:
        self.built[station] = period
        self.opened[problem.station_site[station]] = True
        for residual in self.residuals:
            residual.add(station)

    def price(self, problem: Problem, station: int) -> float:
        site = problem.station_site[station]
        opening = 0.0 if self.opened[site] else problem.site_cost[site]
        return max(float(problem.station_cost[station] + opening), 1.0)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _gain(  # noqa: PLR0913  # a kernel takes arrays
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    covered: NDArray[np.bool_],
    weight: NDArray[np.float64],
    item: NDArray[np.int32],
    need: NDArray[np.float64],
    scale: NDArray[np.float64],
    scratch: NDArray[np.float64],
    touched: NDArray[np.int64],
    station: int,
) -> float:
    count = 0
    for k in range(indptr[station], indptr[station + 1]):
        unit = indices[k]
        i = item[unit]
        if covered[unit] or need[i] <= 0.0:
            continue
        if scratch[i] == 0.0:
            touched[count] = i
            count += 1
        scratch[i] += weight[unit]
    total = 0.0
    for k in range(count):
        i = touched[k]
        total += min(scratch[i], need[i]) * scale[i]
        scratch[i] = 0.0
    return total


def _score(problem: Problem, state: _State, station: int, period: int) -> float:
    gain = 0.0
    for residual in state.residuals:
        if residual.met:
            continue
        weight = 1.0 if residual.block.period <= period else LATER_WEIGHT
        gain += weight * residual.gain(station)
    return gain / state.price(problem, station)


def _meet(problem: Problem, state: _State, period: int) -> None:
    """Add stations until every rule of the period holds."""
    due = [r for r in state.residuals if r.block.period <= period]
    if all(residual.met for residual in due):
        return
    useful = np.zeros(problem.stations, dtype=bool)
    for residual in due:
        useful |= np.diff(residual.block.cover.indptr) > 0
    useful &= state.built == problem.periods
    heap = [
        (-_score(problem, state, station, period), station)
        for station in np.flatnonzero(useful).tolist()
    ]
    heapq.heapify(heap)
    while heap and not all(residual.met for residual in due):
        _, station = heapq.heappop(heap)
        if state.built[station] < problem.periods:
            continue  # came in again at a lower price, and was taken
        fresh = -_score(problem, state, station, period)
        if heap and fresh > heap[0][0]:
            heapq.heappush(heap, (fresh, station))
            continue
        if sum(residual.gain(station) for residual in due if not residual.met) < LEAST_GAIN:
            continue  # serves later years only, or nothing any more
        state.add(problem, station, period)
        mates = np.flatnonzero(problem.station_site == problem.station_site[station])
        for mate in mates.tolist():  # an opened structure makes its other stations cheaper
            if useful[mate] and state.built[mate] == problem.periods:
                heapq.heappush(heap, (-_score(problem, state, mate, period), mate))


def _fill_counts(problem: Problem, state: _State, period: int) -> None:
    """Add the cheapest stations, those that still cover something first, until the counts hold."""
    for count in problem.counts:
        if count.period > period:
            continue
        missing = count.need - int((count.counts & (state.built <= period)).sum())
        if missing <= 0:
            continue
        free = np.flatnonzero(count.counts & (state.built == problem.periods))
        site = problem.station_site[free]
        price = problem.station_cost[free] + problem.site_cost[site] * ~state.opened[site]
        units = np.zeros(len(free))
        for residual in state.residuals:
            units += np.diff(residual.block.cover.indptr)[free]
        for station in free[np.lexsort((free, -units, price))][:missing].tolist():
            state.add(problem, station, period)


def drop_superfluous(problem: Problem, built: NDArray[np.int32]) -> NDArray[np.int32]:
    """
    Drop or delay stations that the rules do not need, the dearest first.

    Parameters
    ----------
    problem : Problem
        The problem.
    built : ndarray of int32, shape (stations,)
        A choice that meets the rules.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        A choice that meets the rules and costs no more.
    """
    built = built.copy()
    tallies = [_Tally(block, built) for block in problem.blocks]
    spare = [
        int((count.counts & (built <= count.period)).sum()) - count.need for count in problem.counts
    ]
    chosen = np.flatnonzero(built < problem.periods)
    price = problem.station_cost[chosen] + problem.site_cost[problem.station_site[chosen]]
    for station in chosen[np.lexsort((chosen, -price))].tolist():
        now = int(built[station])
        # the latest period, or never, up to which nobody needs the station
        latest = problem.periods
        for count, left in zip(problem.counts, spare, strict=True):
            if count.counts[station] and now <= count.period and left <= 0:
                latest = min(latest, count.period)
        for tally in tallies:
            if now <= tally.block.period < latest and not tally.can_lose(station):
                latest = tally.block.period
        if latest <= now:
            continue
        for tally in tallies:
            if now <= tally.block.period < latest:
                tally.lose(station)
        for i, count in enumerate(problem.counts):
            if count.counts[station] and now <= count.period < latest:
                spare[i] -= 1
        built[station] = latest
    return built


class _Tally:
    """How often each unit of a block is covered by its period."""

    def __init__(self, block: Block, built: NDArray[np.int32]) -> None:
        self.block = block
        self.times = np.asarray(block.cover.T @ (built <= block.period).astype(np.int32))
        self.item = np.zeros_like(block.unit_item) if block.mode == "pooled" else block.unit_item
        self.need = np.array([block.need]) if block.mode == "pooled" else block.item_need
        self.have = np.bincount(
            self.item, weights=block.unit_weight * (self.times > 0), minlength=len(self.need)
        )

    def _lost(self, station: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        cover = self.block.cover
        units = cover.indices[cover.indptr[station] : cover.indptr[station + 1]]
        return units, units[self.times[units] == 1]

    def can_lose(self, station: int) -> bool:
        _, lost = self._lost(station)
        if not lost.size:
            return True
        items, position = np.unique(self.item[lost], return_inverse=True)
        less = np.bincount(position, weights=self.block.unit_weight[lost])
        after = self.have[items] - less >= self.need[items] * (1.0 - TOLERANCE)
        if self.block.mode != "share":
            return bool(after.all())
        met = self.have >= self.need * (1.0 - TOLERANCE)
        falling = int((met[items] & ~after).sum())
        return bool(met.sum() - falling >= self.block.need)

    def lose(self, station: int) -> None:
        units, lost = self._lost(station)
        self.times[units] -= 1
        np.subtract.at(self.have, self.item[lost], self.block.unit_weight[lost])
