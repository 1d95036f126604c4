"""
Kernels of :mod:`siteplan.selection.anneal`: a choice and what it gives, as arrays.

All blocks of a compact problem stand in one set of units and items. Moves change stations that cover each
unit, the covered weight of each item, and the items of each block that have what they need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

LATER_WEIGHT = 0.2
"""Weight of what a station gives to rules of later years while an earlier year is being met."""

MOST_OUT = 10
"""Stations taken out in one round, at most."""

PRICE_NOISE = 0.3
"""Relative range in which prices vary in a round."""

FAR = 0.3
"""Share of rounds in which stations are taken out at two places: weight pooled over a county may move."""

MORE = 8
"""Random stations offered for each one taken out while a count is missed."""

BAR_NEAR = 0.5
"""Share of rounds in which all stations taken out stay out."""

POWERS = (1.0, 0.75, 0.5, 0.25)
"""Powers of the price by which gains are divided, as in :mod:`siteplan.selection.greedy`."""

ROUND_WORK = 500
"""Covered units that a round takes the time of beside those it looks at."""

LEAST_PRICE = 1e-9
"""Price below which a station costs nothing."""

LEAST_GAIN = 1e-12
"""Gain below which a station gives nothing."""


class Given(NamedTuple):
    """What does not change: a compact problem, its counts as blocks of which each station is a unit."""

    start: NDArray[np.int64]
    unit: NDArray[np.int32]
    unit_start: NDArray[np.int64]
    station: NDArray[np.int32]
    weight: NDArray[np.float64]
    item: NDArray[np.int32]
    block: NDArray[np.int32]
    worth: NDArray[np.float64]
    due: NDArray[np.int32]
    need: NDArray[np.int64]
    counts: int
    cost: NDArray[np.float64]
    site: NDArray[np.int32]
    mate_start: NDArray[np.int64]
    mate: NDArray[np.int64]
    site_cost: NDArray[np.float64]
    factor: NDArray[np.float64]
    rival_start: NDArray[np.int64]
    rival: NDArray[np.int32]
    limit_period: NDArray[np.int64]
    limit_station: NDArray[np.float64]
    limit_site: NDArray[np.float64]
    limit_most: NDArray[np.float64]
    order: NDArray[np.int64]


class Hold(NamedTuple):
    """A choice and what it gives, and room to work in."""

    built: NDArray[np.int32]
    opened: NDArray[np.int32]
    times: NDArray[np.int32]
    have: NDArray[np.float64]
    full: NDArray[np.int64]
    scratch: NDArray[np.float64]
    touched: NDArray[np.int64]
    falling: NDArray[np.int64]
    near: NDArray[np.float64]
    moved: NDArray[np.int64]
    before: NDArray[np.int32]
    work: NDArray[np.int64]


@njit(inline="always")
def below(number: int, rng: np.random.Generator) -> int:
    """Draw a random whole number below another."""
    return int(rng.random() * number)


@njit(inline="always")
def highest(score: NDArray[np.float64], first: int, end: int) -> int:
    """Place of the highest score, the first of equals."""
    best = first
    for n in range(first, end):
        if score[n] > score[best]:
            best = n
    return best


@njit(inline="always")
def in_service(built: NDArray[np.int32], never: int, chosen: NDArray[np.int64]) -> int:
    """List the stations that are built, and count them."""
    number = 0
    for station in range(len(built)):
        if built[station] < never:
            chosen[number] = station
            number += 1
    return number


@njit(cache=True, nogil=True)
def move(g: Given, h: Hold, station: int, period: int) -> float:
    """Build a station in a period, or never; the cost that this adds."""
    old, site = h.built[station], g.site[station]
    h.built[station] = period
    opened = h.built[station]
    for k in range(g.mate_start[site], g.mate_start[site + 1]):
        opened = min(opened, h.built[g.mate[k]])
    added = g.cost[station] * (g.factor[period] - g.factor[old])
    added += g.site_cost[site] * (g.factor[opened] - g.factor[h.opened[site]])
    h.opened[site] = opened
    for k in range(g.start[station], g.start[station + 1]):
        unit = g.unit[k]
        i = g.item[unit]
        b = g.block[i]
        was, now = old <= g.due[b], period <= g.due[b]
        if was == now:
            continue
        by = 1 if now else -1
        before = h.times[unit] > 0
        h.times[unit] += by
        if (h.times[unit] > 0) == before:
            continue
        h.full[b] -= int(h.have[i] >= 1.0)
        h.have[i] += by * g.weight[unit]
        h.full[b] += int(h.have[i] >= 1.0)
    h.work[0] += g.start[station + 1] - g.start[station]
    return float(added)


@njit(cache=True, nogil=True)
def gain(g: Given, h: Hold, station: int, period: int) -> float:
    """Count what a station would give, in stations; nothing if it gives nothing to rules due by a period."""
    number = 0
    for k in range(g.start[station], g.start[station + 1]):
        unit = g.unit[k]
        i = g.item[unit]
        b = g.block[i]
        if h.times[unit] > 0 or h.have[i] >= 1.0 or h.full[b] >= g.need[b]:
            continue
        if h.scratch[i] == 0.0:
            h.touched[number] = i
            number += 1
        h.scratch[i] += g.weight[unit]
    h.work[0] += g.start[station + 1] - g.start[station]
    now, later = 0.0, 0.0
    for k in range(number):
        i = h.touched[k]
        value = g.worth[i] * min(h.scratch[i], 1.0 - h.have[i])
        h.scratch[i] = 0.0
        if g.due[g.block[i]] <= period:
            now += value
        else:
            later += value
    return now + LATER_WEIGHT * later if now >= LEAST_GAIN else 0.0


@njit(inline="always")
def price(g: Given, h: Hold, station: int, period: int) -> float:
    """Further cost of a station that should be in service by a period."""
    site = g.site[station]
    own = g.cost[station] * (g.factor[period] - g.factor[h.built[station]])
    return float(own + g.site_cost[site] * max(g.factor[period] - g.factor[h.opened[site]], 0.0))


@njit(cache=True, nogil=True)
def latest(g: Given, h: Hold, station: int) -> int:
    """Latest period in which a station may be built, or never, with every rule kept."""
    number, now = 0, h.built[station]
    for k in range(g.start[station], g.start[station + 1]):
        unit = g.unit[k]
        i = g.item[unit]
        if h.times[unit] != 1 or g.due[g.block[i]] < now:
            continue
        if h.scratch[i] == 0.0:
            h.touched[number] = i
            number += 1
        h.scratch[i] += g.weight[unit]
    h.work[0] += g.start[station + 1] - g.start[station]
    for k in range(number):
        i = h.touched[k]
        if h.have[i] >= 1.0 and h.have[i] - h.scratch[i] < 1.0:
            h.falling[g.block[i]] += 1
    until = len(g.factor) - 1
    for k in range(number):
        i = h.touched[k]
        b = g.block[i]
        h.scratch[i] = 0.0
        if h.full[b] - h.falling[b] < g.need[b]:
            until = min(until, g.due[b])
    for k in range(number):
        h.falling[g.block[h.touched[k]]] = 0
    return until


@njit(inline="always")
def blocked(g: Given, h: Hold, station: int) -> bool:
    """Whether a rival of its structure is open."""
    site, never = g.site[station], len(g.factor) - 1
    for k in range(g.rival_start[site], g.rival_start[site + 1]):  # noqa: SIM110  # numba has no generators
        if h.opened[g.rival[k]] < never:
            return True
    return False


@njit(inline="always")
def within_limits(g: Given, h: Hold) -> bool:
    """Whether a choice keeps every limit."""
    never = len(g.factor) - 1
    for i in range(len(g.limit_most)):
        taken, when = 0.0, g.limit_period[i]
        for j in range(len(h.built)):
            if h.built[j] == when or (when < 0 and h.built[j] < never):
                taken += g.limit_station[i, j]
        for s in range(len(h.opened)):
            if h.opened[s] == when or (when < 0 and h.opened[s] < never):
                taken += g.limit_site[i, s]
        if taken > g.limit_most[i]:
            return False
    return True


@njit(cache=True, nogil=True)
def take_out(
    g: Given,
    h: Hold,
    station: int,
    first: int,
    out: NDArray[np.int64],
    score: NDArray[np.float64],
    rng: np.random.Generator,
) -> int:
    """Pick a station in service and a few that share units or a structure with it, from a place in `out`."""
    never, number = len(g.factor) - 1, first
    for k in range(g.start[station], g.start[station + 1]):
        unit = g.unit[k]
        for n in range(g.unit_start[unit], g.unit_start[unit + 1]):
            other = g.station[n]
            if h.built[other] < never and other != station:
                if h.near[other] == 0.0:
                    out[number] = other
                    number += 1
                h.near[other] += 1.0
        h.work[0] += g.unit_start[unit + 1] - g.unit_start[unit]
    site = g.site[station]
    for k in range(g.mate_start[site], g.mate_start[site + 1]):
        other = g.mate[k]
        if h.built[other] < never and other != station:
            if h.near[other] == 0.0:
                out[number] = other
                number += 1
            h.near[other] += 1.0
    for n in range(first, number):
        score[n] = h.near[out[n]] * rng.random()
        h.near[out[n]] = 0.0
    wanted = min(first + int(MOST_OUT * rng.random()), number)
    for n in range(first, wanted):
        best = highest(score, n, number)
        score[n], score[best] = score[best], score[n]
        out[n], out[best] = out[best], out[n]
    out[wanted] = station
    return wanted + 1


@njit(cache=True, nogil=True)
def offers(
    g: Given,
    h: Hold,
    out: NDArray[np.int64],
    number: int,
    offered: NDArray[np.int64],
    rng: np.random.Generator,
) -> int:
    """Stations that cover a unit which those taken out covered alone, and some that fill counts."""
    found, never = 0, len(g.factor) - 1
    for n in range(number):
        station = out[n]
        for k in range(g.start[station], g.start[station + 1]):
            unit = g.unit[k]
            i = g.item[unit]
            if h.times[unit] > 0 or h.have[i] >= 1.0:
                continue
            for m in range(g.unit_start[unit], g.unit_start[unit + 1]):
                other = g.station[m]
                if h.near[other] == 0.0:
                    h.near[other] = 1.0
                    offered[found] = other
                    found += 1
            h.work[0] += g.unit_start[unit + 1] - g.unit_start[unit]
    missed = 0
    for b in range(g.counts, len(g.need)):
        missed += 1 if h.full[b] < g.need[b] else 0
    if missed > 0:
        for _ in range(MORE * number):
            other = below(len(h.built), rng)
            if h.near[other] == 0.0 and h.built[other] == never:
                h.near[other] = 1.0
                offered[found] = other
                found += 1
    for n in range(found):
        h.near[offered[n]] = 0.0
    return found


@njit(inline="always")
def shift(g: Given, h: Hold, station: int, period: int, logged: int) -> tuple[float, int]:
    """Move a station and remember where it was."""
    h.moved[logged] = station
    h.before[logged] = h.built[station]
    return move(g, h, station, period), logged + 1


@njit(cache=True, nogil=True)
def met(g: Given, h: Hold, period: int) -> bool:
    """Whether the rules due by a period hold."""
    for b in range(len(g.need)):  # noqa: SIM110  # numba has no generators
        if g.due[b] <= period and h.full[b] < g.need[b]:
            return False
    return True


@njit(cache=True, nogil=True)
def complete(
    g: Given,
    h: Hold,
    offered: NDArray[np.int64],
    found: int,
    barred: NDArray[np.bool_],
    score: NDArray[np.float64],
    noise: NDArray[np.float64],
    fresh: NDArray[np.bool_],
    power: float,
    logged: int,
    rng: np.random.Generator,
) -> tuple[float, int]:
    """Add the stations offered that give most for their price, year by year, until the rules hold."""
    added = 0.0
    none = int(np.int64(0))  # typed, or a function would be compiled once more for a literal
    for n in range(found):
        noise[n] = 1.0 + PRICE_NOISE * rng.random()
    for period in range(len(g.factor) - 1):
        if met(g, h, period):
            continue
        for n in range(found):
            out = barred[offered[n]] or h.built[offered[n]] <= period
            score[n] = -np.inf if out else np.inf
            fresh[n] = False
        while not met(g, h, period):
            best = highest(score, none, found)
            if found == 0 or score[best] <= 0.0:
                break
            station = offered[best]
            if not fresh[best]:
                score[best] = 0.0
                if not blocked(g, h, station):
                    asked = max(price(g, h, station, period), LEAST_PRICE) * noise[best]
                    score[best] = gain(g, h, station, period) / asked**power
                fresh[best] = True
                continue
            cost, logged = shift(g, h, station, period, logged)
            added += cost
            score[best] = -np.inf
            for n in range(found):
                fresh[n] = False
                # an opened structure makes its stations cheaper
                if g.site[offered[n]] == g.site[station] and score[n] > -np.inf:
                    score[n] = np.inf
    return added, logged


@njit(inline="always")
def spare(g: Given, h: Hold, logged: int) -> tuple[float, int]:
    """Drop or delay what the rules do not need, the dearest first."""
    added = 0.0
    for station in g.order:
        if h.built[station] == len(g.factor) - 1:
            continue
        until = latest(g, h, station)
        if until > h.built[station]:
            cost, logged = shift(g, h, station, until, logged)
            added += cost
    return added, logged


@njit(cache=True, nogil=True)
def rounds(
    g: Given,
    h: Hold,
    best: NDArray[np.int32],
    costs: NDArray[np.float64],
    heats: NDArray[np.float64],
    work: int,
    rng: np.random.Generator,
) -> None:
    """
    Take out, complete, spare, and keep what is cheaper or, now and then, dearer.

    ``costs`` holds the cost of the choice and of the best one; ``heats`` the price difference that is
    accepted once in e times, at the start and at the end.
    """
    stations, never = len(h.built), len(g.factor) - 1
    none = int(
        np.int64(0)
    )  # typed, or what is called with it would be compiled once more for a literal
    out = np.empty(2 * stations, dtype=np.int64)
    chosen = np.empty(stations, dtype=np.int64)
    offered = np.empty(stations, dtype=np.int64)
    score, noise = np.empty(2 * stations), np.empty(stations)
    barred = np.zeros(stations, dtype=np.bool_)
    fresh = np.zeros(stations, dtype=np.bool_)
    h.work[0] = 0
    while h.work[0] < work:
        h.work[0] += ROUND_WORK
        serving = in_service(h.built, never, chosen)
        if serving == 0:
            break
        added, logged, number = 0.0, none, none
        places = 2 if rng.random() < FAR else 1
        for _ in range(places):
            if serving == 0:
                break
            begin = number
            number = take_out(g, h, chosen[below(serving, rng)], begin, out, score, rng)
            for n in range(begin, number):
                cost, logged = shift(g, h, out[n], never, logged)
                added += cost
            serving = in_service(h.built, never, chosen)
        whole = rng.random() < BAR_NEAR
        for n in range(number):
            barred[out[n]] = whole
        barred[out[number - 1]] = True
        found = offers(g, h, out, number, offered, rng)
        power = POWERS[int(len(POWERS) * rng.random())]
        cost, logged = complete(
            g, h, offered, found, barred, score, noise, fresh, power, logged, rng
        )
        added += cost
        for n in range(number):
            barred[out[n]] = False
        accept = met(g, h, never)
        if accept:
            cost, logged = spare(g, h, logged)
            added += cost
            heat = heats[0] * (heats[1] / heats[0]) ** (h.work[0] / work)
            accept = added <= -heat * np.log(max(rng.random(), 1e-300)) and within_limits(g, h)
        if accept:
            costs[0] += added
            if costs[0] < costs[1] - 1e-9 * costs[1]:
                costs[1] = costs[0]
                for station in range(stations):
                    best[station] = h.built[station]
        else:
            for n in range(logged - 1, -1, -1):
                move(g, h, h.moved[n], int(np.int64(h.before[n])))
