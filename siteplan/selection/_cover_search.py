"""
Kernels of the local searches for maximal covering and for set covering.

A state is a tuple of arrays: how often each demand is covered (``times``), the exclusive or of the chosen
sites that cover it (``who``: the site itself where it is one alone), and the score of each site: what it
alone covers if it is chosen, and what it would newly cover if it is not. Choosing or dropping a site changes
the scores of its neighbours, its own stays as it is.

Effort counts the entries of the matrix and the sites that are looked at, which no clock disturbs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import scipy.sparse as sp
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Graph: TypeAlias = tuple[
        NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]
    ]
    """Units of each site and sites of each unit, as pointers and indices."""

    State: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]
    """times, who, score."""

TENURE: Final = 15
"""Steps for which a site that moved stays where it is, at least, and at most twice as many."""

CALM: Final = 0.3
"""Share of the steps in which any site moves to where more is covered, or stays."""


def graph_of(matrix: sp.csr_array) -> Graph:
    """List a cover of sites x units both ways."""
    back = sp.csr_array(matrix.T)
    return (
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        back.indptr.astype(np.int64),
        back.indices.astype(np.int32),
    )


@njit(cache=True)
def put(site: int, graph: Graph, weight: NDArray[np.float64], state: State) -> int:
    """Choose a site; returns how many entries were looked at."""
    rows, units, columns, sites = graph
    times, who, score = state
    looked = rows[site + 1] - rows[site]
    for k in range(rows[site], rows[site + 1]):
        unit = units[k]
        if times[unit] == 0:
            looked += columns[unit + 1] - columns[unit]
            for m in range(columns[unit], columns[unit + 1]):
                if sites[m] != site:
                    score[sites[m]] -= weight[unit]
        elif times[unit] == 1:
            score[who[unit]] -= weight[unit]
        times[unit] += 1
        who[unit] ^= site
    return int(looked)


@njit(cache=True)
def take(site: int, graph: Graph, weight: NDArray[np.float64], state: State) -> int:
    """Drop a site; returns how many entries were looked at."""
    rows, units, columns, sites = graph
    times, who, score = state
    looked = rows[site + 1] - rows[site]
    for k in range(rows[site], rows[site + 1]):
        unit = units[k]
        times[unit] -= 1
        who[unit] ^= site
        if times[unit] == 0:
            looked += columns[unit + 1] - columns[unit]
            for m in range(columns[unit], columns[unit + 1]):
                if sites[m] != site:
                    score[sites[m]] += weight[unit]
        elif times[unit] == 1:
            score[who[unit]] += weight[unit]
    return int(looked)


@njit(cache=True)
def search_most(  # noqa: C901, PLR0912, PLR0915  # a kernel takes arrays and does its work in one pass
    graph: Graph,
    weight: NDArray[np.float64],
    start: NDArray[np.bool_],
    effort: int,
    seed: int,
) -> NDArray[np.bool_]:
    """
    Exchange the chosen site that covers least alone for the site that adds most, again and again.

    Also where less is covered then; what moved stays for a while, unless more is covered than ever before
    (tabu search: F. Glover, "Tabu search - part I", ORSA Journal on Computing 1(3), 1989, pp. 190-206). In
    between, sites by chance move where more is covered then.
    """
    np.random.seed(seed)  # noqa: NPY002  # the generator that kernels have
    rows, units, columns, _ = graph
    number, demand = len(start), len(columns) - 1
    score = np.zeros(number)
    for site in range(number):
        for k in range(rows[site], rows[site + 1]):
            score[site] += weight[units[k]]
    state = (np.zeros(demand, np.int32), np.zeros(demand, np.int32), score)
    chosen, best = start.copy(), start.copy()
    value, looked = 0.0, 0
    for site in range(number):
        if chosen[site]:
            value += score[site]
            looked += put(site, graph, weight, state)
    most = value
    picked, others = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    if len(picked) == 0 or len(others) == 0:
        return best
    stay, away = min(TENURE, len(picked) // 4), min(TENURE, len(others) // 4)
    until, step = np.zeros(number, np.int64), 0
    while looked < effort:
        step += 1
        looked += len(picked) + len(others)
        out, low, ties = 0, np.inf, 0
        for i in range(len(picked)):
            site = picked[i]
            if until[site] < step and score[site] <= low:
                ties = ties + 1 if score[site] == low else 1
                if ties == 1 or np.random.randint(ties) == 0:  # noqa: NPY002
                    out, low = i, score[site]
        calm = np.random.random() < CALM  # noqa: NPY002
        if calm:
            out = np.random.randint(len(picked))  # noqa: NPY002
        site = picked[out]
        chosen[site] = False
        value -= score[site]
        looked += take(site, graph, weight, state)
        into, high = -1, score[site] if calm else -1.0
        for i in range(len(others)):
            near = others[i]
            allowed = until[near] < step or value + score[near] > most * (1.0 + 1e-12)
            if allowed and score[near] > high:
                into, high = i, score[near]
        if into < 0 and calm:
            chosen[site] = True
            value += score[site]
            looked += put(site, graph, weight, state)
            continue
        if into < 0:  # all have moved lately
            into = np.random.randint(len(others))  # noqa: NPY002
        picked[out], others[into] = others[into], site
        until[site] = step + away + np.random.randint(away + 1)  # noqa: NPY002
        site = picked[out]
        until[site] = step + stay + np.random.randint(stay + 1)  # noqa: NPY002
        chosen[site] = True
        value += score[site]
        looked += put(site, graph, weight, state)
        if value > most * (1.0 + 1e-12):
            most = value
            best[:] = chosen
    return best


@njit(cache=True)
def search_least(  # noqa: C901, PLR0912, PLR0915  # as above
    graph: Graph,
    cost: NDArray[np.float64],
    start: NDArray[np.bool_],
    effort: int,
    seed: int,
) -> NDArray[np.bool_]:
    """
    Drop sites from a cover, and exchange sites until all is covered again, uncovered demand growing dearer.

    The weighting local search of C. Gao, X. Yao, T. Weise, J. Li, "An efficient local search heuristic with
    row weighting for the unicost set covering problem", European Journal of Operational Research 246(3),
    2015, pp. 750-761, with scores divided by costs.
    """
    np.random.seed(seed)  # noqa: NPY002
    rows, _, columns, sites = graph
    number, demand = len(cost), len(columns) - 1
    weight = np.ones(demand)
    times, score = np.zeros(demand, np.int32), np.diff(rows).astype(np.float64)
    state = (times, np.zeros(demand, np.int32), score)
    chosen, best = start.copy(), start.copy()
    price, looked = 0.0, 0
    picked, where = np.zeros(number, np.int64), np.zeros(number, np.int64)
    count = 0
    for site in range(number):
        if chosen[site]:
            price += cost[site]
            looked += put(site, graph, weight, state)
            picked[count], where[site] = site, count
            count += 1
    least = price
    changed = np.ones(number, np.bool_)  # a neighbour moved since the site was dropped
    stamp = np.zeros(number, np.int64)
    open_units, place = np.zeros(demand, np.int64), np.full(demand, -1, np.int64)
    missing, last, step = 0, -1, 0
    while looked < effort:
        step += 1
        if missing == 0 and price < least * (1.0 - 1e-12):
            best[:] = chosen
            least = price
        # drop: twice while nothing is missing, so that the next cover is cheaper
        for _ in range(2 if missing == 0 else 1):
            worst, low = -1, np.inf
            looked += count
            for i in range(count):
                site = picked[i]
                if site == last:
                    continue
                value = score[site] / cost[site]
                if value < low or (value == low and stamp[site] < stamp[worst]):
                    worst, low = site, value
            if worst < 0:
                break
            count -= 1
            picked[where[worst]], where[picked[count]] = picked[count], where[worst]
            looked += take(worst, graph, weight, state)
            chosen[worst], changed[worst], stamp[worst] = False, False, step
            price -= cost[worst]
            missing, more = _list_open(worst, graph, times, missing, open_units, place, changed)
            looked += more
        if worst < 0 and missing == 0:
            break
        # add, as long as it stays cheaper than the best
        while missing > 0:
            unit = open_units[np.random.randint(missing)]  # noqa: NPY002
            pick, high = -1, -1.0
            for m in range(columns[unit], columns[unit + 1]):
                site = sites[m]
                if not changed[site] or price + cost[site] >= least * (1.0 - 1e-12):
                    continue
                value = score[site] / cost[site]
                if value > high or (value == high and stamp[site] < stamp[pick]):
                    pick, high = site, value
            if pick < 0:
                break
            looked += put(pick, graph, weight, state)
            chosen[pick], stamp[pick], last = True, step, pick
            picked[count], where[pick] = pick, count
            count += 1
            price += cost[pick]
            missing, more = _list_open(pick, graph, times, missing, open_units, place, changed)
            looked += more
        for i in range(missing):
            unit = open_units[i]
            weight[unit] += 1.0
            looked += columns[unit + 1] - columns[unit]
            for m in range(columns[unit], columns[unit + 1]):
                score[sites[m]] += 1.0
    if missing == 0 and price < least:
        best[:] = chosen
    return best


@njit(cache=True)
def _list_open(
    moved: int,
    graph: Graph,
    times: NDArray[np.int32],
    missing: int,
    open_units: NDArray[np.int64],
    place: NDArray[np.int64],
    changed: NDArray[np.bool_],
) -> tuple[int, int]:
    """List the units that a move opened or closed; returns how many are open, and entries looked at."""
    rows, units, columns, sites = graph
    looked = 0
    for k in range(rows[moved], rows[moved + 1]):
        unit = units[k]
        if times[unit] == 0 and place[unit] < 0:
            open_units[missing], place[unit] = unit, missing
            missing += 1
        elif times[unit] > 0 and place[unit] >= 0:
            missing -= 1
            other = open_units[missing]
            open_units[place[unit]], place[other] = other, place[unit]
            place[unit] = -1
        else:
            continue
        looked += columns[unit + 1] - columns[unit]
        for m in range(columns[unit], columns[unit + 1]):
            if sites[m] != moved:
                changed[sites[m]] = True
    return missing, looked
