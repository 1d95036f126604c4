"""
Local search on whole choices: a few neighbours taken out, the choice completed, what is cheaper kept.

A round takes out a random station and a few others that cover the same demand or share its structure, now
and then at two places at once; completes the choice with the stations around that give most for their
price, at prices that vary at random and in years whose limits have room; drops and delays what has become
superfluous. What comes nearer to the limits is kept, as long as they are exceeded; then what is no dearer is
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

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

from siteplan.selection._anneal import rounds
from siteplan.selection._tables import (
    BLOCK,
    COURSE,
    ITEM,
    LIMIT,
    MOVED,
    OFFER,
    SITE,
    STATION,
    UNIT,
    Tables,
)

if TYPE_CHECKING:
    from threading import Event

    from numpy.typing import NDArray

    from siteplan.selection._tables import Rows
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
        A choice that meets the rules of coverage, counts and distances; left as it is.
    work : int
        Covered units to look at, at most: a measure that no clock disturbs, some 150 million a second.
    seed : int
        Seed of the random numbers.
    stop : Event, optional
        Ends the search when set.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        A choice that meets these rules and the limits, and costs no more than the given one if that keeps
        the limits too; the given one if none is found.
    """
    chosen = np.flatnonzero(built < problem.periods)
    if not (problem.blocks or problem.counts):  # nothing is asked for
        return np.full_like(built, problem.periods)
    if len(chosen) == 0:
        return built
    tables = _tables(problem)
    work = min(work, WORK_PER_ENTRY * int((tables.stations.end - tables.stations.first).sum()))
    tables.course.cost = cost = problem.cost(built)
    over = any(
        problem.taken(limit, built) > most
        for limit, most in zip(problem.limits, tables.limits.most, strict=True)
    )
    tables.course.least = np.inf if over else cost
    heats = cost / len(chosen) * HOT * (COLD / HOT) ** (np.arange(STAGES + 1) / STAGES)
    rng = np.random.default_rng(seed)
    tables.stations.built = tables.stations.best = built
    for hot, cold in pairwise(heats):
        if stop is not None and stop.is_set():
            break
        current = tables.stations.built.astype(np.int64)
        _clear(tables, problem.periods)  # anew: sums of weights do not drift
        rounds(tables, current, hot, cold, -(-work // STAGES), rng)
    return np.array(tables.stations.best)


def _tables(problem: Problem) -> Tables:
    """Tables of a compact problem; a count is a block on one item of which each station is a unit."""
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
    pairs = np.concatenate([problem.rivals, problem.rivals[:, ::-1]])
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    lists = (
        (np.diff(cover.indptr), cover.indices),
        (np.diff(back.indptr), back.indices),
        (
            np.bincount(problem.station_site, minlength=sites),
            np.argsort(problem.station_site, kind="stable"),
        ),
        (np.bincount(pairs[:, 0], minlength=sites), pairs[:, 1]),
    )
    price = problem.station_cost + problem.site_cost[problem.station_site]
    tables = Tables(
        stations=_rows(STATION, problem.stations),
        sites=_rows(SITE, sites),
        units=_rows(UNIT, len(weight)),
        items=_rows(ITEM, first),
        blocks=_rows(BLOCK, len(need)),
        limits=_rows(LIMIT, len(limits)),
        takes=np.array([np.append(limit.station, limit.site) for limit in limits]).reshape(
            len(limits), problem.stations + sites
        ),
        links=np.concatenate([linked for _, linked in lists]).astype(np.int32),
        factor=np.append(problem.discount, 0.0),
        dearest=np.argsort(-price, kind="stable"),
        serving=np.zeros(problem.stations, dtype=np.int64),
        out=_rows(OFFER, 2 * problem.stations),
        offers=_rows(OFFER, problem.stations),
        moved=_rows(MOVED, 4 * problem.stations + 4),  # four times in a round at most
        course=_rows(COURSE, 1),
    )
    end = np.cumsum(np.concatenate([number for number, _ in lists]))
    spans = np.array([np.append(0, end[:-1]), end])
    of_station, of_unit, of_site, of_rival = np.split(
        spans, np.cumsum([len(number) for number, _ in lists])[:-1], axis=1
    )
    tables.stations.first, tables.stations.end = of_station
    tables.units.first, tables.units.end = of_unit
    tables.sites.first, tables.sites.end = of_site
    tables.sites.first_rival, tables.sites.end_rival = of_rival
    tables.stations.cost, tables.stations.site = problem.station_cost, problem.station_site
    tables.sites.cost = problem.site_cost
    tables.units.weight, tables.units.owner = weight, item
    tables.items.block = np.concatenate(owners)
    tables.items.worth = np.where(most > 0.0, 1.0 / np.clip(most, np.finfo(float).tiny, 1.0), 0.0)
    tables.blocks.due, tables.blocks.need = due, need
    tables.limits.period = [-1 if limit.period is None else limit.period for limit in limits]
    tables.limits.most = [limit.most + ROUNDING * max(limit.most, 1.0) for limit in limits]
    tables.course.counts = len(problem.blocks)
    return tables


def _rows(row: np.dtype[np.void], number: int) -> Rows:
    return np.zeros(number, dtype=row).view(np.recarray)


def _clear(tables: Tables, never: int) -> None:
    """Take every station out."""
    tables.stations.built = tables.sites.opened = never
    tables.units.times = 0
    tables.items.have = 0.0
    tables.blocks.full = 0
    tables.limits.taken = 0.0
