"""
Lagrangian bounds of the plain covering problems, and the sites that they rule in or out.

Cover is priced: what is left is solved by looking at each site alone. Any prices give a bound; steps along
the subgradient make it tight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS: Final = 1500
"""Subgradient steps, at most."""

PATIENCE: Final = 20
"""Steps without a better bound before the step size is halved."""

SHORTEST: Final = 1e-4
"""Step size, relative to the first, below which the bound is left as it is."""

ROUNDING: Final = 1e-9
"""Relative rounding of sums."""


def bound_most(
    matrix: sp.csr_array,
    weight: NDArray[np.float64],
    held: NDArray[np.bool_],
    wanted: int,
    value: float,
) -> tuple[float, NDArray[np.float64]]:
    """
    Upper bound of the covered weight, and the prices that give it.

    A unit may count as covered for its price, between 0 and its weight, instead of by a site; the sites that
    save most are taken then.
    """
    forward = sp.csr_array(matrix, dtype=np.float64)
    back = sp.csr_array(forward.T)
    free = np.flatnonzero(~held)
    taken = wanted - int(held.sum())
    prices, direction = weight / np.maximum(back @ np.ones(len(held)), 1.0), np.zeros(len(weight))
    best, best_prices, pace, waited = np.inf, prices, 1.0, 0
    for _ in range(STEPS):
        saved = forward @ prices
        pick = free[np.argpartition(-saved[free], max(taken, 1) - 1)[:taken]]
        used = held.copy()
        used[pick] = True
        bound = float((weight - prices).sum() + saved[used].sum())
        waited += 1
        if bound < best - 1e-6 * abs(best):
            waited = 0
        if bound < best:
            best, best_prices = bound, prices
        if waited >= PATIENCE:
            pace, waited, prices = pace / 2.0, 0, best_prices
        slope = (back @ used.astype(np.float64) - 1.0) * weight
        stuck = ((slope > 0.0) & (prices <= 0.0)) | ((slope < 0.0) & (prices >= weight))
        direction = np.where(stuck, 0.0, slope) + 0.3 * direction
        norm = float((direction * direction / np.maximum(weight, 1e-12)).sum())
        if norm <= 0.0 or pace < SHORTEST or best - value <= ROUNDING * value:
            break
        step = pace * max(bound - value, 1e-9 * value) / norm
        prices = np.clip(prices - step * direction, 0.0, weight)
    return max(best, value), best_prices


def fixed_most(
    matrix: sp.csr_array,
    weight: NDArray[np.float64],
    held: NDArray[np.bool_],
    wanted: int,
    value: float,
    prices: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Limits of the sites: 0 or 1 where the other would leave the bound below the known choice."""
    saved = matrix.astype(np.float64) @ prices
    free = np.flatnonzero(~held)
    taken = wanted - int(held.sum())
    order = free[np.argsort(-saved[free], kind="stable")]
    bound = float((weight - prices).sum() + saved[held].sum() + saved[order[:taken]].sum())
    last = saved[order[taken - 1]] if taken else np.inf
    following = saved[order[taken]] if taken < len(order) else 0.0
    spare = bound - value * (1.0 - ROUNDING)
    low, high = held.astype(float), np.ones(len(held))
    low[order[:taken][saved[order[:taken]] - following > spare]] = 1.0
    high[order[taken:][last - saved[order[taken:]] > spare]] = 0.0
    return low, high


def bound_least(
    matrix: sp.csr_array, price: NDArray[np.float64], held: NDArray[np.bool_], value: float
) -> tuple[float, NDArray[np.float64]]:
    """Lower bound of the cost of a cover, and the prices of the units that give it."""
    forward = sp.csr_array(matrix, dtype=np.float64)
    back = sp.csr_array(forward.T)
    size = np.maximum(forward @ np.ones(forward.shape[1]), 1.0)
    prices = np.array(
        [
            (price / size)[back.indices[back.indptr[u] : back.indptr[u + 1]]].min()
            for u in range(back.shape[0])
        ]
    )
    direction = np.zeros(len(prices))
    best, best_prices, pace, waited = -np.inf, prices, 1.0, 0
    for _ in range(STEPS):
        reduced = price - forward @ prices
        used = held | (reduced < 0.0)
        bound = float(prices.sum() + reduced[used].sum())
        waited += 1
        if bound > best + 1e-6 * abs(best):
            waited = 0
        if bound > best:
            best, best_prices = bound, prices
        if waited >= PATIENCE:
            pace, waited, prices = pace / 2.0, 0, best_prices
        slope = 1.0 - back @ used.astype(np.float64)
        direction = np.where((slope < 0.0) & (prices <= 0.0), 0.0, slope) + 0.3 * direction
        norm = float(direction @ direction)
        if norm <= 0.0 or pace < SHORTEST or value - best <= ROUNDING * value:
            break
        step = pace * max(1.05 * value - bound, 1e-9 * value) / norm
        prices = np.maximum(prices + step * direction, 0.0)
    return max(best, 0.0), best_prices
