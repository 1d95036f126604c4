"""
A proven lower bound on the cost of any selection, by Lagrangian relaxation.

The cover constraints are priced with multipliers; what is left falls apart into one small problem for
each structure and one fractional knapsack for each item, both solved exactly. Every step of the
subgradient method gives a valid bound; the best is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Block, Problem

PATIENCE = 20
"""Steps without a better bound before the step size is halved."""


def lagrangian_bound(problem: Problem, upper: float, *, steps: int = 300) -> float:
    """
    Lower bound on the cost of any choice that meets the rules.

    Parameters
    ----------
    problem : Problem
        The problem.
    upper : float
        Cost of a known choice, which sets the step sizes. [CNY]
    steps : int
        Subgradient steps.

    Returns
    -------
    bound : float
        No choice costs less. [CNY]
    """
    prices = [np.zeros(len(block.unit_item)) for block in problem.blocks]
    count_prices = np.zeros(len(problem.counts))
    orders = [np.asarray(block.unit_item, dtype=np.int64) for block in problem.blocks]
    transposed = [block.cover.T.tocsr().astype(np.float64) for block in problem.blocks]
    covers = [block.cover.astype(np.float64) for block in problem.blocks]
    best, pace, waited = 0.0, 1.0, 0
    for _ in range(steps):
        value, built = _structures(problem, covers, prices, count_prices)
        slopes = []
        for block, order, price, back in zip(
            problem.blocks, orders, prices, transposed, strict=True
        ):
            cost, wanted = _knapsack(block, order, price)
            value += cost
            slopes.append(wanted - back @ (built <= block.period).astype(np.float64))
        count_slopes = np.array(
            [
                count.need - float((count.counts & (built <= count.period)).sum())
                for count in problem.counts
            ]
        )
        value += float(
            sum(
                price * count.need
                for price, count in zip(count_prices, problem.counts, strict=True)
            )
        )
        if value > best + 1e-9 * max(abs(best), 1.0):
            best, waited = value, 0
        else:
            waited += 1
            if waited >= PATIENCE:
                pace, waited = pace / 2.0, 0
        norm = sum(float(slope @ slope) for slope in slopes) + float(count_slopes @ count_slopes)
        if norm <= 0.0 or pace < 1e-4:  # noqa: PLR2004  # steps too short to matter
            break
        step = pace * max(upper - value, 0.0) / norm
        prices = [
            np.maximum(price + step * slope, 0.0)
            for price, slope in zip(prices, slopes, strict=True)
        ]
        count_prices = np.maximum(count_prices + step * count_slopes, 0.0)
    return min(best, upper)


def _structures(
    problem: Problem,
    covers: list[object],
    prices: list[NDArray[np.float64]],
    count_prices: NDArray[np.float64],
) -> tuple[float, NDArray[np.int32]]:
    """Cheapest use of each structure alone, and the periods in which its stations are built."""
    gains = np.zeros((problem.stations, problem.periods))
    for block, cover, price in zip(problem.blocks, covers, prices, strict=True):
        gains[:, : block.period + 1] += (cover @ price)[:, None]  # type: ignore[operator]
    for count, price in zip(problem.counts, count_prices, strict=True):
        gains[:, : count.period + 1] += (price * count.counts)[:, None]
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


def _knapsack(
    block: Block, unit_item: NDArray[np.int64], price: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Cheapest fractional way to meet the needs of a block when covering a unit costs its price."""
    weight = block.unit_weight
    pooled = block.mode == "pooled"
    item = np.zeros_like(unit_item) if pooled else unit_item
    need = (
        np.array([block.need])
        if pooled
        else np.where(np.isfinite(block.item_need), block.item_need, 0.0)
    )
    ratio = price / weight
    order = np.lexsort((ratio, item))
    total = np.cumsum(weight[order])
    start = np.zeros(len(need))
    counts = np.bincount(item, weights=weight, minlength=len(need))
    start[1:] = np.cumsum(counts)[:-1]
    before = total - weight[order] - start[item[order]]
    taken = np.clip((need[item[order]] - before) / weight[order], 0.0, 1.0)
    wanted = np.empty_like(taken)
    wanted[order] = taken
    if block.mode != "share":
        return float(price @ wanted), wanted
    per_item = np.bincount(item, weights=price * wanted, minlength=len(need))
    per_item[~np.isfinite(block.item_need)] = np.inf
    chosen = np.argsort(per_item, kind="stable")[: int(block.need)]
    picked = np.zeros(len(need), dtype=bool)
    picked[chosen] = True
    wanted *= picked[item]
    return float(price @ wanted), wanted
