"""
Local search on whole choices: a few neighbours taken out, the choice completed, what is cheaper kept.

A round takes out a random station and a few others that cover the same demand or share its structure, now
and then at two places at once; completes the choice with the stations around that give most for their
price, at prices that vary at random; drops and delays what has become superfluous. What is no dearer is
kept, and what is dearer with a chance that falls with the difference and with the rounds done (simulated
annealing [1]_ over ruin and recreate [2]_), so that the search comes out of choices that no single exchange
improves. A round takes a fifth of a millisecond in a county.

References
----------
.. [1] S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, "Optimization by simulated annealing", Science 220(4598),
   1983, pp. 671-680.
.. [2] G. Schrimpf, J. Schneider, H. Stamm-Wilbrandt, G. Dueck, "Record breaking optimization results using
   the ruin and recreate principle", Journal of Computational Physics 159(2), 2000, pp. 139-171.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

from siteplan.selection._anneal import Given, Hold, move, rounds

if TYPE_CHECKING:
    from threading import Event

    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem

HOT: Final = 0.06
"""Price difference that is accepted once in e times at first, in prices of a station in the choice."""

COLD: Final = 0.003
"""The same at last."""

STAGES: Final = 100
"""Stages after which the search looks whether it should stop."""

WORK_PER_ENTRY: Final = 50_000
"""Most times that the whole cover matrix may be looked through: small problems need no more."""

ROUNDING: Final = 1e-9
"""Relative rounding of limits and counts."""


def anneal(
    problem: Problem,
    built: NDArray[np.int32],
    *,
    work: int,
    seed: int,
    stop: Event | None = None,
) -> NDArray[np.int32]:
    """
    Improve a choice.

    Parameters
    ----------
    problem : Problem
        From :func:`siteplan.selection.problem.compact`. Users to be served are not looked at.
    built : ndarray of int32, shape (stations,)
        A choice that meets the rules; left as it is.
    work : int
        Covered units to look at, at most: a measure that no clock disturbs, some 150 million a second.
    seed : int
        Seed of the random numbers.
    stop : Event, optional
        Ends the search when set.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        A choice that meets the rules of coverage, counts, distances and limits, and costs no more.
    """
    chosen = np.flatnonzero(built < problem.periods)
    if not (problem.blocks or problem.counts):  # nothing is asked for
        return np.full_like(built, problem.periods)
    if len(chosen) == 0:
        return built
    given = _given(problem)
    work = min(work, WORK_PER_ENTRY * len(given.unit))
    current, best = built, built.copy()
    cost = problem.cost(built)
    costs, typical = np.array([cost, cost]), cost / len(chosen)
    heats = typical * HOT * (COLD / HOT) ** (np.arange(STAGES + 1) / STAGES)
    rng = np.random.default_rng(seed)
    for stage in range(STAGES):
        if stop is not None and stop.is_set():
            break
        hold = _hold(problem, given, current)  # anew: sums of weights do not drift
        current = hold.built
        rounds(given, hold, best, costs, heats[stage : stage + 2], -(-work // STAGES), rng)
    return best


def _given(problem: Problem) -> Given:
    """Arrays of a compact problem; a count is a block on one item of which each station is a unit."""
    covers, weights, items, owners = [], [], [], []
    due: list[int] = []
    need: list[int] = []
    first = 0
    for block in problem.blocks:
        covers.append(block.cover)
        weights.append(block.unit_weight)
        items.append(block.unit_item + first)
        owners.append(np.full(len(block.item_need), len(due)))
        due.append(block.period)
        need.append(int(np.ceil(block.need - ROUNDING)))
        first += len(block.item_need)
    for count in problem.counts:
        who = np.flatnonzero(count.counts)
        mark = (np.ones(len(who), dtype=bool), (who, np.arange(len(who))))
        covers.append(sp.csr_array(mark, shape=(problem.stations, len(who))))
        weights.append(np.full(len(who), (1.0 + ROUNDING) / count.need))
        items.append(np.full(len(who), first))
        owners.append(np.full(1, len(due)))
        due.append(count.period)
        need.append(1)
        first += 1
    cover = sp.csr_array(sp.hstack(covers, format="csr", dtype=bool))
    cover.sort_indices()
    back = sp.csr_array(cover.T)
    weight, item = np.concatenate(weights), np.concatenate(items)
    by_item = sp.csr_array((weight, (np.arange(len(item)), item)), shape=(len(item), first))
    most = (cover @ by_item).max(axis=0).toarray().reshape(-1)
    sites, limits = len(problem.site_cost), problem.limits
    mates = np.argsort(problem.station_site, kind="stable")
    price = problem.station_cost + problem.site_cost[problem.station_site]
    pairs = np.concatenate([problem.rivals, problem.rivals[:, ::-1]])
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    return Given(
        start=cover.indptr.astype(np.int64),
        unit=cover.indices.astype(np.int32),
        unit_start=back.indptr.astype(np.int64),
        station=back.indices.astype(np.int32),
        weight=weight,
        item=item.astype(np.int32),
        block=np.concatenate(owners).astype(np.int32),
        worth=np.where(most > 0.0, 1.0 / np.clip(most, np.finfo(float).tiny, 1.0), 0.0),
        due=np.array(due, dtype=np.int32),
        need=np.array(need, dtype=np.int64),
        counts=len(problem.blocks),
        cost=problem.station_cost.astype(np.float64),
        site=problem.station_site.astype(np.int32),
        mate_start=_starts(problem.station_site, sites),
        mate=mates.astype(np.int64),
        site_cost=problem.site_cost.astype(np.float64),
        factor=np.append(problem.discount, 0.0),
        rival_start=_starts(pairs[:, 0], sites),
        rival=np.ascontiguousarray(pairs[:, 1], dtype=np.int32),
        limit_period=np.array(
            [-1 if limit.period is None else limit.period for limit in limits], dtype=np.int64
        ),
        limit_station=np.array([limit.station for limit in limits], dtype=np.float64).reshape(
            len(limits), problem.stations
        ),
        limit_site=np.array([limit.site for limit in limits], dtype=np.float64).reshape(
            len(limits), sites
        ),
        limit_most=np.array(
            [limit.most + ROUNDING * max(limit.most, 1.0) for limit in limits], dtype=np.float64
        ),
        order=np.argsort(-price, kind="stable").astype(np.int64),
    )


def _starts(owner: NDArray[np.integer], number: int) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=number))]).astype(np.int64)


def _hold(problem: Problem, given: Given, built: NDArray[np.int32]) -> Hold:
    items, stations = len(given.block), problem.stations
    room = 4 * stations + 4  # each station moves at most four times in a round
    hold = Hold(
        built=np.full(stations, problem.periods, dtype=np.int32),
        opened=np.full(len(problem.site_cost), problem.periods, dtype=np.int32),
        times=np.zeros(len(given.weight), dtype=np.int32),
        have=np.zeros(items),
        full=np.zeros(len(given.need), dtype=np.int64),
        scratch=np.zeros(items),
        touched=np.zeros(items, dtype=np.int64),
        falling=np.zeros(len(given.need), dtype=np.int64),
        near=np.zeros(stations),
        moved=np.zeros(room, dtype=np.int64),
        before=np.zeros(room, dtype=np.int32),
        work=np.zeros(1, dtype=np.int64),
    )
    for station in np.flatnonzero(built < problem.periods).tolist():
        move(given, hold, station, int(built[station]))
    return hold
