"""
Stations that only fill a count, spread over the area.

A document that asks for 773 stations leaves open where most of them stand once the area is covered. Among
choices of equal price the one whose stations lie farthest from others of their network serves the area
best; a solver would take any.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from siteplan.selection.greedy import drop_superfluous

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Count, Problem


def spread_counts(
    problem: Problem,
    built: NDArray[np.int32],
    places: NDArray[np.float64],
    networks: NDArray[np.int64],
    standing_m: NDArray[np.float64],
) -> NDArray[np.int32]:
    """
    Move the stations that only fill counts to places far from others, at no higher price.

    Parameters
    ----------
    problem : Problem
        The problem.
    built : ndarray of int32, shape (stations,)
        A choice that meets the rules.
    places : ndarray of float64, shape (stations, 2)
        Easting and northing of each station. [m]
    networks : ndarray of int64, shape (stations,)
        Network of each station; distance counts within a network.
    standing_m : ndarray of float64, shape (stations,)
        Distance to the nearest station of the network that stands already, infinite without any. [m]

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        A choice that meets the rules and costs no more.
    """
    if not problem.counts:
        return built
    # what the coverage rules need stays; the rest only fills counts and may stand elsewhere
    moved = drop_superfluous(dataclasses.replace(problem, counts=()), built)
    for count in sorted(problem.counts, key=lambda count: count.period):
        moved = _fill(problem, moved, count, places, networks, standing_m)
    if problem.unmet(moved) or problem.cost(moved) > problem.cost(built) * (1.0 + 1e-9):
        return built
    return moved


def _fill(
    problem: Problem,
    built: NDArray[np.int32],
    count: Count,
    places: NDArray[np.float64],
    networks: NDArray[np.int64],
    standing_m: NDArray[np.float64],
) -> NDArray[np.int32]:
    built, distance, period = built.copy(), standing_m.copy(), count.period
    for station in np.flatnonzero(built <= period).tolist():
        _nearer(distance, station, places, networks)
    opened = np.zeros(len(problem.site_cost), dtype=bool)
    opened[problem.station_site[built <= period]] = True
    missing = count.need - int((count.counts & (built <= period)).sum())
    free = np.flatnonzero(count.counts & (built == problem.periods))
    site = problem.station_site[free]
    taken = np.zeros(len(free), dtype=bool)
    for _ in range(min(missing, len(free))):
        price = problem.station_cost[free] + problem.site_cost[site] * ~opened[site]
        price[taken] = np.inf
        shut = problem.rivals[opened[problem.rivals].any(axis=1)]
        price[np.isin(site, shut) & ~opened[site]] = np.inf
        if np.isinf(price).all():
            break
        cheapest = np.flatnonzero(price <= price.min() * (1.0 + 1e-9))
        pick = cheapest[int(np.argmax(distance[free[cheapest]]))]
        station = int(free[pick])
        taken[pick] = True
        built[station] = period
        opened[problem.station_site[station]] = True
        _nearer(distance, station, places, networks)
    return built


def _nearer(
    distance: NDArray[np.float64],
    station: int,
    places: NDArray[np.float64],
    networks: NDArray[np.int64],
) -> None:
    same = networks == networks[station]
    apart = np.hypot(*(places[same] - places[station]).T)
    distance[same] = np.minimum(distance[same], apart)
