"""
Selection without a solver: greedy, what is superfluous dropped or delayed, then local search.

Greedy meets the rules year by year. It adds the station that gives most for its price, as long as a rule of
the year is missed, then the cheapest stations until the counts hold. What a station gives never grows while
others are added (truncated sums of weights are submodular), so a stale gain is an upper bound and most
stations need not be looked at again. Dividing by the whole price favours small stations, dividing by a
lower power of it large ones; neither is always better, so a few powers are tried.

The best choice is then improved by the local search of :mod:`siteplan.selection.anneal`.

The result meets every rule that all candidates together meet. How far it is from the least cost is for
:mod:`siteplan.selection.bound` and :mod:`siteplan.selection.solve` to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.selection.anneal import anneal
from siteplan.selection.levels import fits, level
from siteplan.selection.problem import compact
from siteplan.selection.tally import Ledger
from siteplan.selection.users import needed_by_users, serve_users

if TYPE_CHECKING:
    from threading import Event

    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem

PRICE_POWERS: Final = (1.0, 0.75, 0.5, 0.25)
"""Powers of the price by which gains are divided."""

LATER_WEIGHT: Final = 0.2
"""Weight of what a station gives to rules of later years while an earlier year is being met."""

BATCH: Final = 16
"""Stations whose stale gains are brought up to date together."""

LEAST_PRICE: Final = 1e-3
"""Price below which a station costs nothing, relative to the mean."""

LEAST_GAIN: Final = 1e-12
"""Gain below which a station gives nothing."""

QUICK_WORK: Final = 100_000_000
"""Covered units that the local search after greedy looks at: a second."""


def greedy(problem: Problem) -> NDArray[np.int32]:
    """
    Find a choice that meets every rule, without a solver.

    Parameters
    ----------
    problem : Problem
        Needs should be within what the candidates reach, as
        :func:`siteplan.selection.blocks.build_problem` leaves them.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        Period in which each station goes into service; ``problem.periods`` when it is not built. A rule
        out of reach gets all that the candidates can give it.
    """
    small = compact(problem)
    choices = []
    for power in PRICE_POWERS:
        ledger = Ledger(small)
        _complete(ledger, power=power)
        choices.append(ledger.built)
    best = min(choices, key=lambda built: (len(small.unmet(built)), small.cost(built)))
    return improve(small, best, seed=0)


def repair(problem: Problem, built: NDArray[np.int32]) -> NDArray[np.int32]:
    """
    Add what a choice lacks and drop what it does not need.

    Parameters
    ----------
    problem : Problem
        From :func:`siteplan.selection.problem.compact`.
    built : ndarray of int32, shape (stations,)
        Any choice.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        A choice that meets every rule within reach.
    """
    ledger = ledger_of(problem, built)
    if ledger.has_rivals:
        for station in np.flatnonzero(built < problem.periods).tolist():
            here = problem.station_site[station : station + 1]
            if (ledger.opened[ledger.rivals_of(here)] < problem.periods).any():
                ledger.move(station, problem.periods)
    _complete(ledger, power=1.0)
    return ledger.built


def complete_without(problem: Problem, built: NDArray[np.int32], station: int) -> NDArray[np.int32]:
    """
    Add what a choice lacks, but not one station.

    Parameters
    ----------
    problem : Problem
        From :func:`siteplan.selection.problem.compact`.
    built : ndarray of int32, shape (stations,)
        A choice without that station.
    station : int
        The station that is barred.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        A choice that meets every rule within reach of the others.
    """
    ledger, barred = ledger_of(problem, built), np.zeros(problem.stations, dtype=bool)
    barred[station] = True
    _complete(ledger, power=1.0, barred=barred)
    return ledger.built


def drop_superfluous(problem: Problem, built: NDArray[np.int32]) -> NDArray[np.int32]:
    """
    Drop or delay stations that the rules do not need, the dearest first.

    Parameters
    ----------
    problem : Problem
        The problem.
    built : ndarray of int32, shape (stations,)
        Any choice.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        A choice that meets every rule that `built` meets, gives no less to those it misses, and costs no
        more. No single station of it can be dropped or delayed.
    """
    ledger = ledger_of(compact(problem), built)
    _drop(ledger)
    level(ledger)
    return ledger.built


def ledger_of(problem: Problem, built: NDArray[np.int32]) -> Ledger:
    """
    Ledger of a choice.

    Parameters
    ----------
    problem : Problem
        From :func:`siteplan.selection.problem.compact`.
    built : ndarray of int32, shape (stations,)
        A choice.

    Returns
    -------
    ledger : Ledger
        Holding that choice.
    """
    ledger = Ledger(problem)
    for station in np.flatnonzero(built < problem.periods).tolist():
        ledger.move(station, int(built[station]))
    return ledger


def improve(
    problem: Problem,
    built: NDArray[np.int32],
    *,
    work: int = QUICK_WORK,
    seed: int,
    stop: Event | None = None,
) -> NDArray[np.int32]:
    """
    Search around a choice with :func:`siteplan.selection.anneal.anneal`.

    Parameters
    ----------
    problem : Problem
        From :func:`siteplan.selection.problem.compact`.
    built : ndarray of int32, shape (stations,)
        A choice.
    work : int
        Covered units to look at, at most.
    seed : int
        Seed of the random numbers.
    stop : Event, optional
        Ends the search when set.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        A choice that meets every rule, and costs no more if the given one does; the given one if that
        misses more than limits, or none is found.
    """
    missed = problem.unmet(built)
    if not {limit.rule_id for limit in problem.limits}.issuperset(missed):
        return built
    better = anneal(problem, built, work=work, seed=seed, stop=stop)
    if problem.capacities:  # the search has not looked at users
        better = repair(problem, better)
    gains = bool(missed) or problem.cost(better) < problem.cost(built)
    return better if gains and not problem.unmet(better) else built


def _complete(
    ledger: Ledger,
    *,
    power: float,
    barred: NDArray[np.bool_] | None = None,
) -> None:
    """Meet the rules year by year, then drop what is superfluous."""
    stations = ledger.problem.stations
    barred = np.zeros(stations, dtype=bool) if barred is None else barred
    for period in range(ledger.problem.periods):
        _meet(ledger, period, power, barred)
        _fill_counts(ledger, period, barred)
        serve_users(ledger, period, barred)
    _drop(ledger)
    level(ledger)


def _meet(  # noqa: C901  # one loop with its lazy updates
    ledger: Ledger,
    period: int,
    power: float,
    barred: NDArray[np.bool_],
) -> None:
    """Add stations until every coverage rule of the period holds."""
    due = [tally for tally in ledger.tallies if tally.block.period <= period]
    floor = max(LEAST_PRICE * float(ledger.problem.station_cost.mean()), np.finfo(float).tiny)

    def scores(stations: NDArray[np.int64]) -> NDArray[np.float64]:
        gain = np.zeros(len(stations))
        for tally in ledger.tallies:
            if not tally.met:
                weight = 1.0 if tally.block.period <= period else LATER_WEIGHT
                gain += weight * tally.gains(stations)
        price = np.maximum(sum(ledger.prices(stations, period)), floor)
        return gain / price**power

    free = ~barred & (ledger.built > period) & ~ledger.blocked()
    gives = np.zeros(len(free), dtype=bool)
    for tally in due:
        if not tally.met:
            gives |= np.diff(tally.block.cover.indptr) > 0
    offered = np.flatnonzero(free & gives)
    site = ledger.problem.station_site[offered]
    bound, fresh = scores(offered), np.ones(len(offered), dtype=bool)
    while offered.size and not all(tally.met for tally in due):
        best = int(np.argmax(bound))
        if bound[best] <= 0.0:
            break  # out of reach
        if not fresh[best]:
            stale = np.where(fresh, np.inf, -bound)
            top = np.argpartition(stale, min(BATCH, len(bound)) - 1)[:BATCH]
            top = top[bound[top] > -np.inf]  # not those that are kept out
            bound[top], fresh[top] = scores(offered[top]), True
            continue
        station = offered[best : best + 1]
        if sum(float(tally.gains(station)[0]) for tally in due if not tally.met) < LEAST_GAIN:
            bound[best] = -np.inf  # serves later years only
            continue
        ledger.move(int(station[0]), period)
        fresh[:] = False
        mates = np.flatnonzero((site == site[best]) & (bound > -np.inf))
        bound[mates] = scores(offered[mates])  # an opened structure makes its stations cheaper
        bound[best] = -np.inf
        if ledger.has_rivals:
            bound[np.isin(site, ledger.rivals_of(site[best : best + 1]))] = -np.inf


def _fill_counts(ledger: Ledger, period: int, barred: NDArray[np.bool_]) -> None:
    """
    Add the cheapest stations until the counts of the period hold.

    The stations of a structure are taken in the order of their prices. The first k of them share the cost of
    opening, with the k that makes their average least; each further one costs its own price. Prices rise
    along every structure then, so taking the cheapest of all is right but for the last structure, which
    may be opened for fewer stations than its average supposed. Among equals, those that give more to
    the rules of later years come first.
    """
    for i, count in enumerate(ledger.problem.counts):
        while count.period <= period and ledger.missing[i] > 0:
            if not _fill_count(ledger, i, period, barred):
                break


def _fill_count(ledger: Ledger, i: int, period: int, barred: NDArray[np.bool_]) -> bool:
    """Fill one count once; rivals among the structures taken need more turns. False when none is left."""
    problem, count = ledger.problem, ledger.problem.counts[i]
    free = np.flatnonzero(count.counts & ~barred & (ledger.built > period) & ~ledger.blocked())
    if free.size == 0:
        return False
    own, opening = ledger.prices(free, period)
    gain = np.zeros(len(free))
    for tally in ledger.tallies:
        if not tally.met:
            gain += tally.gains(free)
    order = np.lexsort((free, -gain, own, problem.station_site[free]))
    free, own, opening, gain = free[order], own[order], opening[order], gain[order]
    site = problem.station_site[free]
    start = np.flatnonzero(np.append(True, site[1:] != site[:-1]))[: len(site)]
    group = np.repeat(np.arange(len(start)), np.diff(np.append(start, len(site))))
    rank = np.arange(len(site)) - start[group] + 1
    total = np.cumsum(own)
    average = (total - (total - own)[start][group] + opening) / rank
    least = np.minimum.reduceat(average, start)[group] if len(start) else average
    # the last station of the structure at which the average is least
    ends = np.zeros(len(start), dtype=np.int64)
    np.maximum.at(ends, group, np.where(average <= least, rank, 0))
    bundled = rank <= ends[group]
    price = np.where(bundled, least, own)
    together = np.bincount(group, weights=gain * bundled, minlength=len(start))
    worth = np.where(bundled, together[group] / np.maximum(ends[group], 1), gain)
    cheapest = np.lexsort((rank, site, -worth, price))[: ledger.missing[i]]
    for station in free[cheapest].tolist():
        here = problem.station_site[station : station + 1]
        if ledger.has_rivals and (ledger.opened[ledger.rivals_of(here)] < problem.periods).any():
            continue
        ledger.move(station, period)
    return True


def _drop(ledger: Ledger) -> None:
    """
    Drop or delay what the rules do not need, the dearest first.

    A rule that can spare a station now may not when others have gone, never the other way round, so one
    pass leaves nothing to drop.
    """
    problem = ledger.problem
    chosen = np.flatnonzero(ledger.built < problem.periods)
    price = problem.station_cost[chosen] + problem.site_cost[problem.station_site[chosen]]
    for station in chosen[np.lexsort((chosen, -price))].tolist():
        now = int(ledger.built[station])
        # the latest period, or never, up to which nobody needs the station
        latest = problem.periods
        for count, missing in zip(problem.counts, ledger.missing, strict=True):
            if count.counts[station] and now <= count.period < latest and missing >= 0:
                latest = count.period
        for tally in ledger.tallies:
            if now <= tally.block.period < latest and not tally.can_lose(station):
                latest = tally.block.period
        for capacity in problem.capacities:
            if now <= capacity.period < latest and needed_by_users(ledger, capacity, station):
                latest = capacity.period
        while latest > now and not fits(ledger, station, latest):
            latest -= 1  # the limits of that year are taken
