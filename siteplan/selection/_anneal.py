"""
Kernels of :mod:`siteplan.selection.anneal`, on a problem as tables (:mod:`siteplan.selection._tables`).

Moves change the stations that cover each unit, the covered weight of each item, the items of each block that
have what they need, and what each limit has taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from siteplan.kernels import inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection._tables import Rows, Tables

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


@inner()
def highest(offers: Rows, first: int, end: int) -> int:
    """Place of the highest score, the first of equals."""
    best = first
    for n in range(first, end):
        if offers[n].score > offers[best].score:
            best = n
    return best


@inner()
def list_serving(stations: Rows, never: int, serving: NDArray[np.int64]) -> int:
    """List the stations that are built, and count them."""
    number = 0
    for station in range(len(stations)):
        if stations[station].built < never:
            serving[number] = station
            number += 1
    return number


@inner()
def opening(t: Tables, station: int, period: int) -> int:
    """Period in which the structure of a station opens if that is built in a period."""
    site, opened = t.sites[t.stations[station].site], period
    for k in range(site.first, site.end):
        if t.links[k] != station:
            opened = min(opened, t.stations[t.links[k]].built)
    return opened


@inner()
def taken_more(t: Tables, i: int, station: int, period: int, opened: int) -> float:
    """Count what a limit loses if a station is built, and its structure opened, in other periods."""
    limit, row, never = t.limits[i], t.stations[station], len(t.factor) - 1
    own, shared = t.takes[i, station], t.takes[i, len(t.stations) + row.site]
    before = t.sites[row.site].opened
    if limit.period < 0:
        more = own * ((period < never) - (row.built < never))
        return float(more + shared * ((opened < never) - (before < never)))
    when = limit.period
    more = own * ((period == when) - (row.built == when))
    return float(more + shared * ((opened == when) - (before == when)))


@inner()
def fits(t: Tables, station: int, period: int) -> bool:
    """Whether no limit is exceeded, or exceeded further, when a station is built in a period."""
    if len(t.limits) == 0:
        return True
    opened = opening(t, station, period)
    for i in range(len(t.limits)):
        more = taken_more(t, i, station, period, opened)
        if more > 0.0 and t.limits[i].taken + more > t.limits[i].most:
            return False
    return True


@inner()
def move(t: Tables, station: int, period: int) -> float:
    """Build a station in a period, or never; the cost that this adds."""
    row = t.stations[station]
    site = t.sites[row.site]
    old, opened = row.built, opening(t, station, period)
    for i in range(len(t.limits)):
        t.limits[i].taken += taken_more(t, i, station, period, opened)
    row.built = period
    added = row.cost * (t.factor[period] - t.factor[old])
    added += site.cost * (t.factor[opened] - t.factor[site.opened])
    site.opened = opened
    for k in range(row.first, row.end):
        unit = t.units[t.links[k]]
        item = t.items[unit.owner]
        block = t.blocks[item.block]
        was, now = old <= block.due, period <= block.due
        if was == now:
            continue
        by = 1 if now else -1
        before = unit.times > 0
        unit.times += by
        if (unit.times > 0) == before:
            continue
        block.full -= item.have >= 1.0
        item.have += by * unit.weight
        block.full += item.have >= 1.0
    t.course[0].work += row.end - row.first
    return float(added)


@inner()
def shift(t: Tables, station: int, period: int) -> float:
    """Move a station and remember where it was."""
    moved = t.moved[t.course[0].moves]
    moved.station = station
    moved.before = t.stations[station].built
    t.course[0].moves += 1
    return move(t, station, period)


@inner()
def gain(t: Tables, station: int, period: int) -> float:
    """Count what a station would give, in stations; nothing if it gives nothing to rules due by a period."""
    row, number = t.stations[station], 0
    for k in range(row.first, row.end):
        unit = t.units[t.links[k]]
        item = t.items[unit.owner]
        block = t.blocks[item.block]
        if unit.times > 0 or item.have >= 1.0 or block.full >= block.need:
            continue
        if item.more == 0.0:
            t.items[number].touched = unit.owner
            number += 1
        item.more += unit.weight
    t.course[0].work += row.end - row.first
    now, later = 0.0, 0.0
    for k in range(number):
        item = t.items[t.items[k].touched]
        value = item.worth * min(item.more, 1.0 - item.have)
        item.more = 0.0
        if t.blocks[item.block].due <= period:
            now += value
        else:
            later += value
    return now + LATER_WEIGHT * later if now >= LEAST_GAIN else 0.0


@inner()
def price(t: Tables, station: int, period: int) -> float:
    """Further cost of a station that should be in service by a period."""
    row = t.stations[station]
    site = t.sites[row.site]
    own = row.cost * (t.factor[period] - t.factor[row.built])
    return float(own + site.cost * max(t.factor[period] - t.factor[site.opened], 0.0))


@inner()
def latest(t: Tables, station: int) -> int:
    """Latest period in which a station may be built, or never, with every rule kept."""
    row, number = t.stations[station], 0
    for k in range(row.first, row.end):
        unit = t.units[t.links[k]]
        item = t.items[unit.owner]
        if unit.times != 1 or t.blocks[item.block].due < row.built:
            continue
        if item.more == 0.0:
            t.items[number].touched = unit.owner
            number += 1
        item.more += unit.weight
    t.course[0].work += row.end - row.first
    for k in range(number):
        item = t.items[t.items[k].touched]
        if item.have >= 1.0 and item.have - item.more < 1.0:
            t.blocks[item.block].falling += 1
    until = len(t.factor) - 1
    for k in range(number):
        item = t.items[t.items[k].touched]
        block = t.blocks[item.block]
        item.more = 0.0
        if block.full - block.falling < block.need:
            until = min(until, block.due)
    for k in range(number):
        t.blocks[t.items[t.items[k].touched].block].falling = 0
    return until


@inner()
def blocked(sites: Rows, links: NDArray[np.int32], site: int, never: int) -> bool:
    """Whether a rival of a structure is open."""
    for k in range(sites[site].first_rival, sites[site].end_rival):  # noqa: SIM110  # numba has no generators
        if sites[links[k]].opened < never:
            return True
    return False


@inner()
def excess(limits: Rows) -> float:
    """How far limits are exceeded, in parts of each."""
    over = 0.0
    for i in range(len(limits)):
        over += max(limits[i].taken - limits[i].most, 0.0) / max(limits[i].most, 1.0)
    return over


@inner()
def take_out(t: Tables, station: int, rng: np.random.Generator) -> int:
    """Pick a station in service and a few that share units or a structure with it; the first in `out`."""
    never, first = len(t.factor) - 1, t.course[0].out
    row, number = t.stations[station], first
    for k in range(row.first, row.end):
        unit = t.units[t.links[k]]
        for n in range(unit.first, unit.end):
            other = t.stations[t.links[n]]
            if other.built < never and t.links[n] != station:
                if other.near == 0.0:
                    t.out[number].station = t.links[n]
                    number += 1
                other.near += 1.0
        t.course[0].work += unit.end - unit.first
    site = t.sites[row.site]
    for n in range(site.first, site.end):
        other = t.stations[t.links[n]]
        if other.built < never and t.links[n] != station:
            if other.near == 0.0:
                t.out[number].station = t.links[n]
                number += 1
            other.near += 1.0
    for n in range(first, number):
        other = t.stations[t.out[n].station]
        t.out[n].score = other.near * rng.random()
        other.near = 0.0
    wanted = min(first + int(MOST_OUT * rng.random()), number)
    for n in range(first, wanted):
        one, two = t.out[n], t.out[highest(t.out, n, number)]
        one.score, two.score = two.score, one.score
        one.station, two.station = two.station, one.station
    t.out[wanted].station = station
    t.course[0].out = wanted + 1
    return int(first)


@inner()
def offer(t: Tables, rng: np.random.Generator) -> int:
    """Stations that cover a unit which those taken out covered alone, and some that fill counts."""
    found, never, course = 0, len(t.factor) - 1, t.course[0]
    for n in range(course.out):
        row = t.stations[t.out[n].station]
        for k in range(row.first, row.end):
            unit = t.units[t.links[k]]
            if unit.times > 0 or t.items[unit.owner].have >= 1.0:
                continue
            for m in range(unit.first, unit.end):
                other = t.stations[t.links[m]]
                if other.near == 0.0:
                    other.near = 1.0
                    t.offers[found].station = t.links[m]
                    found += 1
            course.work += unit.end - unit.first
    missed = False
    for b in range(course.counts, len(t.blocks)):
        missed = missed or t.blocks[b].full < t.blocks[b].need
    if missed:
        for _ in range(MORE * course.out):
            station = int(rng.random() * len(t.stations))
            other = t.stations[station]
            if other.near == 0.0 and other.built == never:
                other.near = 1.0
                t.offers[found].station = station
                found += 1
    for n in range(found):
        t.stations[t.offers[n].station].near = 0.0
    return found


@inner()
def met(blocks: Rows, period: int) -> bool:
    """Whether the rules due by a period hold."""
    for b in range(len(blocks)):  # noqa: SIM110  # numba has no generators
        if blocks[b].due <= period and blocks[b].full < blocks[b].need:
            return False
    return True


@inner()
def fitting(t: Tables, station: int, period: int) -> int:
    """Latest period up to one in which the limits have room for a station, -1 without."""
    when = period
    while when >= 0 and not fits(t, station, when):
        when -= 1
    return when


@inner()
def complete(t: Tables, found: int, power: float, rng: np.random.Generator) -> float:
    """Add the stations offered that give most for their price, year by year, until the rules hold."""
    added, never = 0.0, len(t.factor) - 1
    for n in range(found):
        t.offers[n].noise = 1.0 + PRICE_NOISE * rng.random()
    for period in range(never):
        if met(t.blocks, period):
            continue
        for n in range(found):
            row = t.stations[t.offers[n].station]
            t.offers[n].score = -np.inf if row.barred or row.built <= period else np.inf
            t.offers[n].fresh = False
        while found > 0 and not met(t.blocks, period):
            best = t.offers[highest(t.offers, 0, found)]
            if best.score <= 0.0:
                break
            site = t.stations[best.station].site
            if not best.fresh:
                best.score = 0.0
                when = fitting(t, best.station, period)
                if when >= 0 and not blocked(t.sites, t.links, site, never):
                    asked = max(price(t, best.station, when), LEAST_PRICE) * best.noise
                    best.score = gain(t, best.station, period) / asked**power
                best.fresh = True
                continue
            added += shift(t, best.station, fitting(t, best.station, period))
            best.score = -np.inf
            for n in range(found):
                t.offers[n].fresh = False
                # an opened structure makes its stations cheaper
                if t.stations[t.offers[n].station].site == site and t.offers[n].score > -np.inf:
                    t.offers[n].score = np.inf
    return added


@inner()
def spare(t: Tables) -> float:
    """Drop or delay what the rules do not need, the dearest first."""
    added = 0.0
    for station in t.dearest:
        built = t.stations[station].built
        if built == len(t.factor) - 1:
            continue
        until = latest(t, station)
        while until > built and not fits(t, station, until):
            until -= 1
        if until > built:
            added += shift(t, station, until)
    return added


@njit(cache=True, nogil=True, error_model="numpy")
def rounds(
    t: Tables,
    built: NDArray[np.int64],
    hot: float,
    cold: float,
    work: int,
    rng: np.random.Generator,
) -> None:
    """
    Take out, complete, spare, and keep what is cheaper or, now and then, dearer.

    Begins with ``built`` in tables that hold no station yet; ``hot`` and ``cold`` are the price difference
    that is accepted once in e times, at the start and at the end.
    """
    stations, never, course = len(t.stations), len(t.factor) - 1, t.course[0]
    for station in range(stations):
        if built[station] < never:
            move(t, station, built[station])
    course.work, over = 0, excess(t.limits)
    course.over = over
    while course.work < work:
        course.work += ROUND_WORK
        course.moves = course.out = 0
        number = list_serving(t.stations, never, t.serving)
        if number == 0:
            break
        added = 0.0
        places = 2 if rng.random() < FAR else 1
        for _ in range(places):
            if number == 0:
                break
            first = take_out(t, t.serving[int(rng.random() * number)], rng)
            for n in range(first, course.out):
                added += shift(t, t.out[n].station, never)
            number = list_serving(t.stations, never, t.serving)
        whole = rng.random() < BAR_NEAR
        for n in range(course.out):
            t.stations[t.out[n].station].barred = whole or n == course.out - 1
        found = offer(t, rng)
        added += complete(t, found, POWERS[int(len(POWERS) * rng.random())], rng)
        for n in range(course.out):
            t.stations[t.out[n].station].barred = False
        accept = met(t.blocks, never)
        if accept:
            added += spare(t)
            heat = hot * (cold / hot) ** (course.work / work)
            accept = added <= -heat * np.log(max(rng.random(), 1e-300))
            over = excess(t.limits)
            accept = over < course.over or (accept and over == course.over)
        if accept:
            course.cost += added
            course.over = over
            if over == 0.0 and course.least - course.cost > 1e-9 * course.cost:
                course.least = course.cost
                for station in range(stations):
                    t.stations[station].best = t.stations[station].built
        else:
            for n in range(course.moves - 1, -1, -1):
                move(t, t.moved[n].station, t.moved[n].before)
