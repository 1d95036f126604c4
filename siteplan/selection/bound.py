"""
A proven lower bound on the cost of any selection, by Lagrangian relaxation.

The cover constraints and counts are priced with multipliers; what is left falls apart into one small problem
for each structure and one fractional knapsack for each item, both solved exactly. Every step of the
subgradient method gives a valid bound; the best is kept. No bound of this kind exceeds the least cost with
fractions of stations, so a remaining distance to the best choice says little about that choice. Needs
little memory and no solver: the fallback when :mod:`siteplan.selection.solve` ends without a bound.

Steps follow Polyak's rule with the cost of a known choice as the target, in a metric where the price of a
unit moves with the root of its weight, along a direction that keeps a part of the one before.

References
----------
.. [1] B. T. Polyak, "Minimization of unsmooth functionals", USSR Computational Mathematics and Mathematical
   Physics 9(3), 1969, pp. 14-29.
.. [2] P. M. Camerini, L. Fratta, F. Maffioli, "On improving relaxation methods by modified gradient
   techniques", Mathematical Programming Study 3, 1975, pp. 26-34.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp
from tqdm.auto import tqdm

from siteplan.selection.problem import compact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Block, Problem

PATIENCE: Final = 10
"""Steps without a better bound before the step size is halved."""

SHORTEST: Final = 1e-4
"""Step size, relative to the first, below which the search ends."""

KEPT: Final = 0.6
"""Part of the last direction that the next one keeps."""

CLOSE: Final = 1e-6
"""Relative distance to the known choice at which the search ends."""


def lagrangian_bound(
    problem: Problem, upper: float, *, steps: int = 300, time_limit_s: float = np.inf
) -> float:
    """
    Lower bound on the cost of any choice that meets the rules.

    Parameters
    ----------
    problem : Problem
        The problem.
    upper : float
        Cost of a known choice that meets the rules; it sets the step sizes. [CNY]
    steps : int
        Subgradient steps.
    time_limit_s : float
        Time after which no further step is begun. [s]

    Returns
    -------
    bound : float
        No choice costs less; never above `upper`. [CNY]
    """
    relaxed = _Relaxation(compact(problem))
    prices = np.zeros(len(relaxed.metric))
    direction = np.zeros(len(prices))
    best, pace, waited = 0.0, 1.0, 0
    end = time.monotonic() + time_limit_s
    for _ in tqdm(range(steps), desc="bound", unit="step", leave=False, delay=1.0):
        value, slope = relaxed.value(prices)
        waited += 1
        if value > best + CLOSE * abs(best):
            waited = 0
        best = max(best, value)
        if waited >= PATIENCE:
            pace, waited = pace / 2.0, 0
        direction = slope + KEPT * direction
        norm = float(direction @ (relaxed.metric * direction))
        near = pace < SHORTEST or upper - best <= CLOSE * upper
        if norm <= 0.0 or near or time.monotonic() > end:
            break
        step = pace * (upper - value) / norm
        prices = np.maximum(prices + step * relaxed.metric * direction, 0.0)
    return min(best, upper)


class _Relaxation:
    """The problem with prices on covering units and on counting stations, in one array: blocks, counts."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.cover = [sp.csr_array(block.cover, dtype=np.float64) for block in problem.blocks]
        self.back = [sp.csr_array(cover.T) for cover in self.cover]
        sizes = [len(block.unit_item) for block in problem.blocks]
        self.places = np.cumsum([0, *sizes])
        weights = [np.sqrt(block.unit_weight) for block in problem.blocks]
        self.metric = np.concatenate([*weights, np.ones(len(problem.counts))])

    def value(self, prices: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Least cost at given prices, and how it changes with each of them."""
        problem = self.problem
        parts = np.split(prices, self.places[1:])
        gains = np.zeros((problem.stations, problem.periods))
        for block, cover, price in zip(problem.blocks, self.cover, parts, strict=False):
            gains[:, : block.period + 1] += (cover @ price)[:, None]
        for count, price in zip(problem.counts, parts[-1], strict=True):
            gains[:, : count.period + 1] += (price * count.counts)[:, None]
        value, built = _structures(problem, gains)
        slopes = []
        for block, back, price in zip(problem.blocks, self.back, parts, strict=False):
            wanted = _knapsack(block, price)
            value += float(price @ wanted)
            slopes.append(wanted - back @ (built <= block.period).astype(np.float64))
        for count, price in zip(problem.counts, parts[-1], strict=True):
            value += float(price) * count.need
            standing = int((count.counts & (built <= count.period)).sum())
            slopes.append(np.array([float(count.need - standing)]))
        return value, np.concatenate([np.zeros(0), *slopes])


def _structures(problem: Problem, gains: NDArray[np.float64]) -> tuple[float, NDArray[np.int32]]:
    """Cheapest use of each structure alone, and the periods in which its stations are built."""
    reduced = problem.station_cost[:, None] * problem.discount - gains
    # best period for each station when the structure opens in period tau or later
    choice = np.zeros((problem.stations, problem.periods), dtype=np.int32)
    value = np.zeros((problem.stations, problem.periods))
    running = np.zeros(problem.stations)
    pick = np.full(problem.stations, problem.periods, dtype=np.int32)
    for tau in range(problem.periods - 1, -1, -1):
        better = reduced[:, tau] < running
        running = np.where(better, reduced[:, tau], running)
        pick = np.where(better, tau, pick).astype(np.int32)
        value[:, tau], choice[:, tau] = running, pick
    total = problem.site_cost[:, None] * problem.discount
    for tau in range(problem.periods):
        total[:, tau] += np.bincount(
            problem.station_site, weights=value[:, tau], minlength=len(problem.site_cost)
        )
    opened = np.argmin(total, axis=1)
    least = total[np.arange(len(opened)), opened]
    used = least < 0.0
    site = problem.station_site
    built = np.where(
        used[site], choice[np.arange(problem.stations), opened[site]], problem.periods
    ).astype(np.int32)
    return float(least[used].sum()), built


def _knapsack(block: Block, price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cheapest fractions of units that meet the needs of a block when covering a unit costs its price."""
    weight, item = block.unit_weight, block.unit_item
    order = np.lexsort((price / weight, item))
    held = np.bincount(item, weights=weight, minlength=len(block.item_need))
    total = np.cumsum(weight[order]) - weight[order]
    before = total - np.concatenate([[0.0], np.cumsum(held)[:-1]])[item[order]]
    wanted = np.empty(len(weight))
    wanted[order] = np.clip((1.0 - before) / weight[order], 0.0, 1.0)
    if block.mode == "each":
        return wanted
    cost = np.bincount(item, weights=price * wanted, minlength=len(block.item_need))
    cost[held < 1.0] = np.inf
    picked = np.zeros(len(cost), dtype=bool)
    picked[np.argsort(cost, kind="stable")[: int(block.need)]] = True
    return wanted * picked[item]
