"""
Kernels of the local searches for maximal covering and for set covering.

A state is a tuple of arrays: how often each demand is covered (``times``), the exclusive or of the chosen
sites that cover it (``who``: the site itself where it is one alone), what each site would newly cover
(``gain``) and what it alone covers (``loss``). Choosing or dropping a site touches only its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Graph: TypeAlias = tuple[
        NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]
    ]
    """Units of each site and sites of each unit, as pointers and indices."""

    State: TypeAlias = tuple[
        NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]
    ]
    """times, who, gain, loss."""


@njit(cache=True)
def put(site: int, graph: Graph, weight: NDArray[np.float64], state: State) -> float:
    """Choose a site; returns the weight that it newly covers."""
    rows, units, columns, sites = graph
    times, who, gain, loss = state
    got = 0.0
    for k in range(rows[site], rows[site + 1]):
        unit = units[k]
        if times[unit] == 0:
            got += weight[unit]
            loss[site] += weight[unit]
            for m in range(columns[unit], columns[unit + 1]):
                gain[sites[m]] -= weight[unit]
        elif times[unit] == 1:
            loss[who[unit]] -= weight[unit]
        times[unit] += 1
        who[unit] ^= site
    return got


@njit(cache=True)
def take(site: int, graph: Graph, weight: NDArray[np.float64], state: State) -> float:
    """Drop a site; returns the weight that nobody covers any more."""
    rows, units, columns, sites = graph
    times, who, gain, loss = state
    gone = 0.0
    for k in range(rows[site], rows[site + 1]):
        unit = units[k]
        times[unit] -= 1
        who[unit] ^= site
        if times[unit] == 0:
            gone += weight[unit]
            loss[site] -= weight[unit]
            for m in range(columns[unit], columns[unit + 1]):
                gain[sites[m]] += weight[unit]
        elif times[unit] == 1:
            loss[who[unit]] += weight[unit]
    return gone


@njit(cache=True)
def search_most(  # noqa: C901, PLR0912, PLR0915  # a kernel takes arrays and does its work in one pass
    graph: Graph,
    weight: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    fixed: NDArray[np.bool_],
    most_out: int,
    effort: int,
    seed: int,
) -> tuple[NDArray[np.bool_], float]:
    """
    Exchange a few neighbouring sites for others, again and again, and keep what covers no less.

    `effort` counts the entries of the matrix that are looked at, which no clock disturbs.
    """
    np.random.seed(seed)  # noqa: NPY002  # the generator that kernels have
    rows, units, columns, sites = graph
    number = len(chosen)
    times, who = np.zeros(len(weight), np.int32), np.zeros(len(weight), np.int32)
    gain, loss = np.zeros(number), np.zeros(number)
    for site in range(number):
        for k in range(rows[site], rows[site + 1]):
            gain[site] += weight[units[k]]
    state = (times, who, gain, loss)
    value = 0.0
    picked = np.flatnonzero(chosen)
    for place in range(len(picked)):
        value += put(int(picked[place]), graph, weight, state)
    barred = np.zeros(number, np.bool_)
    out, into = np.zeros(most_out, np.int64), np.zeros(most_out, np.int64)
    where = np.zeros(number, np.int64)
    for i in range(len(picked)):
        where[picked[i]] = i
    free = np.flatnonzero(~fixed)
    looked, waited, patience = 0, 0, 2000 + 1000 * len(picked)
    mean = max(len(units) // max(len(weight), 1), 1)
    while looked < effort and waited < patience and len(picked) > 0 and len(free) > 0:
        looked += number
        waited += 1
        first = picked[np.random.randint(len(picked))]  # noqa: NPY002
        if fixed[first] or rows[first] == rows[first + 1]:
            continue
        wanted = 1 + np.random.randint(most_out)  # noqa: NPY002
        count = 0
        site = first
        for _ in range(4 * wanted):
            if count == wanted:
                break
            if chosen[site] and not fixed[site] and not barred[site]:
                out[count] = site
                barred[site] = True
                count += 1
            unit = units[np.random.randint(rows[first], rows[first + 1])]  # noqa: NPY002
            near = sites[np.random.randint(columns[unit], columns[unit + 1])]  # noqa: NPY002
            unit = units[np.random.randint(rows[near], rows[near + 1])]  # noqa: NPY002
            site = sites[np.random.randint(columns[unit], columns[unit + 1])]  # noqa: NPY002
        change = 0.0
        for i in range(count):
            change -= take(out[i], graph, weight, state)
            chosen[out[i]] = False
            looked += mean * (rows[out[i] + 1] - rows[out[i]])
        if np.random.random() < 0.5:  # noqa: NPY002, PLR2004
            for i in range(1, count):
                barred[out[i]] = False
        for i in range(count):
            best, most = -1, -1.0
            for j in range(number):
                if gain[j] > most and not chosen[j] and not barred[j]:
                    best, most = j, gain[j]
            if best < 0:
                best = out[i]
                for j in out[:count]:
                    if not chosen[j]:
                        best = j
            change += put(best, graph, weight, state)
            chosen[best] = True
            into[i] = best
            looked += number
        for i in range(count):
            barred[out[i]] = False
        if change < 0.0:
            for i in range(count):
                take(into[i], graph, weight, state)
                chosen[into[i]] = False
            for i in range(count):
                put(out[i], graph, weight, state)
                chosen[out[i]] = True
        else:
            value += change
            waited = 0 if change > 0.0 else waited
            slots = np.sort(where[out[:count]].copy())
            for i in range(count):
                picked[slots[i]] = into[i]
                where[into[i]] = slots[i]
    return chosen, value


@njit(cache=True)
def search_least(  # noqa: C901, PLR0912, PLR0915  # as above
    graph: Graph,
    cost: NDArray[np.float64],
    start: NDArray[np.bool_],
    fixed: NDArray[np.bool_],
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
    rows, units, columns, sites = graph
    number, demand = len(cost), len(columns) - 1
    weight = np.ones(demand)
    times, who = np.zeros(demand, np.int32), np.zeros(demand, np.int32)
    gain, loss = np.zeros(number), np.zeros(number)
    for site in range(number):
        gain[site] = rows[site + 1] - rows[site]
    state = (times, who, gain, loss)
    chosen, best = start.copy(), start.copy()
    price = 0.0
    for site in range(number):
        if chosen[site]:
            put(site, graph, weight, state)
            price += cost[site]
    least = price
    changed = np.ones(number, np.bool_)  # a neighbour moved since the site was dropped
    stamp = np.zeros(number, np.int64)
    open_units, place = np.zeros(demand, np.int64), np.full(demand, -1, np.int64)
    missing, last, step, looked, better = 0, -1, 0, 0, 0
    patience = 5000 + 1000 * len(np.flatnonzero(chosen))
    while looked < effort and step - better < patience:
        step += 1
        if (missing == 0 and price < least * (1.0 - 1e-12)) or step == 1:
            best[:] = chosen
            least, better = price, step
        # drop: twice while nothing is missing, so that the next cover is cheaper
        for _ in range(2 if missing == 0 else 1):
            worst, low = -1, np.inf
            for j in range(number):
                if chosen[j] and not fixed[j] and j != last:
                    value = loss[j] / cost[j] if cost[j] > 0.0 else np.inf
                    if value < low or (value == low and worst >= 0 and stamp[j] < stamp[worst]):
                        worst, low = j, value
            looked += number
            if worst < 0:
                break
            take(worst, graph, weight, state)
            chosen[worst], changed[worst] = False, False
            stamp[worst] = step
            price -= cost[worst]
            for k in range(rows[worst], rows[worst + 1]):
                unit = units[k]
                looked += columns[unit + 1] - columns[unit]
                for m in range(columns[unit], columns[unit + 1]):
                    if sites[m] != worst:
                        changed[sites[m]] = True
                if times[unit] == 0:
                    open_units[missing], place[unit] = unit, missing
                    missing += 1
        if worst < 0 and missing == 0:
            break
        # add, as long as it stays cheaper than the best
        while missing > 0:
            unit = open_units[np.random.randint(missing)]  # noqa: NPY002
            pick, high = -1, -1.0
            for m in range(columns[unit], columns[unit + 1]):
                j = sites[m]
                if not changed[j] or price + cost[j] >= least * (1.0 - 1e-12):
                    continue
                value = gain[j] / cost[j] if cost[j] > 0.0 else np.inf
                if value > high or (value == high and stamp[j] < stamp[pick]):
                    pick, high = j, value
            if pick < 0:
                break
            put(pick, graph, weight, state)
            chosen[pick], stamp[pick], last = True, step, pick
            price += cost[pick]
            for k in range(rows[pick], rows[pick + 1]):
                unit = units[k]
                looked += columns[unit + 1] - columns[unit]
                for m in range(columns[unit], columns[unit + 1]):
                    changed[sites[m]] = True
                if place[unit] >= 0:
                    missing -= 1
                    moved = open_units[missing]
                    open_units[place[unit]], place[moved] = moved, place[unit]
                    place[unit] = -1
        for i in range(missing):
            unit = open_units[i]
            weight[unit] += 1.0
            for m in range(columns[unit], columns[unit + 1]):
                gain[sites[m]] += 1.0
    if missing == 0 and price < least:
        best[:] = chosen
    return best
