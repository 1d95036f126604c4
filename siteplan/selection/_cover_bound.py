"""
Lagrangian bounds of the plain covering problems, and the sites that they rule in or out.

Cover is priced: what is left is solved by looking at each site alone. Any prices give a bound; steps along
the subgradient make it tight.
"""

from __future__ import annotations

import time
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


def value_most(
    matrix: sp.csr_array, weight: NDArray[np.float64], wanted: int, prices: NDArray[np.float64]
) -> float:
    """Upper bound of the covered weight that any prices between 0 and the weights give."""
    saved = matrix.astype(np.float64) @ prices
    return float((weight - prices).sum() + np.partition(saved, -wanted)[-wanted:].sum())


def bound_most(
    matrix: sp.csr_array,
    weight: NDArray[np.float64],
    wanted: int,
    value: float,
    *,
    time_limit_s: float = np.inf,
) -> tuple[float, NDArray[np.float64]]:
    """
    Upper bound of the covered weight, and the prices that give it.

    A unit may count as covered for its price, between 0 and its weight, instead of by a site; the `wanted`
    sites that save most are taken then. `wanted` is at least 1, and no more than there are sites.
    """
    forward = sp.csr_array(matrix, dtype=np.float64)
    back = sp.csr_array(forward.T)
    prices = weight / np.maximum(back @ np.ones(len(forward.indptr) - 1), 1.0)
    direction = np.zeros(len(weight))
    best, best_prices, pace, waited = np.inf, prices, 1.0, 0
    end = time.monotonic() + time_limit_s
    for _ in range(STEPS):
        saved = forward @ prices
        pick = np.argpartition(-saved, wanted - 1)[:wanted]
        used = np.zeros(len(saved))
        used[pick] = 1.0
        bound = float((weight - prices).sum() + saved[pick].sum())
        waited += 1
        if bound < best - 1e-6 * abs(best):
            waited = 0
        if bound < best:
            best, best_prices = bound, prices
        if waited >= PATIENCE:
            pace, waited, prices = pace / 2.0, 0, best_prices
        slope = (back @ used - 1.0) * weight
        stuck = ((slope > 0.0) & (prices <= 0.0)) | ((slope < 0.0) & (prices >= weight))
        direction = np.where(stuck, 0.0, slope) + 0.3 * direction
        norm = float((direction * direction / np.maximum(weight, 1e-12)).sum())
        late = time.monotonic() > end
        if late or norm <= 0.0 or pace < SHORTEST or best - value <= ROUNDING * value:
            break
        step = pace * max(bound - value, 1e-9 * value) / norm
        prices = np.clip(prices - step * direction, 0.0, weight)
    return max(best, value), best_prices


def fixed_most(
    matrix: sp.csr_array,
    weight: NDArray[np.float64],
    wanted: int,
    value: float,
    prices: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Sites that are in, and sites that are out, of any choice that covers as much as the known one."""
    saved = matrix.astype(np.float64) @ prices
    order = np.argsort(-saved, kind="stable")
    spare = value_most(matrix, weight, wanted, prices) - value * (1.0 - ROUNDING)
    following = saved[order[wanted]] if wanted < len(order) else 0.0
    inside, outside = np.zeros(len(saved), bool), np.zeros(len(saved), bool)
    inside[order[:wanted]] = saved[order[:wanted]] - following > spare
    outside[order[wanted:]] = saved[order[wanted - 1]] - saved[order[wanted:]] > spare
    return inside, outside


def value_least(
    matrix: sp.csr_array, price: NDArray[np.float64], prices: NDArray[np.float64]
) -> float:
    """Lower bound of the cost of a cover that any prices of the units that are not negative give."""
    return float(prices.sum() + np.minimum(price - matrix.astype(np.float64) @ prices, 0.0).sum())


def fixed_least(
    matrix: sp.csr_array,
    price: NDArray[np.float64],
    value: float,
    prices: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Sites that are in, and sites that are out, of any cover that costs no more than the known one."""
    reduced = price - matrix.astype(np.float64) @ prices
    spare = value * (1.0 + ROUNDING) - value_least(matrix, price, prices)
    return -reduced > spare, reduced > spare


def bound_least(
    matrix: sp.csr_array,
    price: NDArray[np.float64],
    value: float,
    *,
    time_limit_s: float = np.inf,
) -> tuple[float, NDArray[np.float64]]:
    """Lower bound of the cost of a cover, and the prices of the units that give it."""
    forward = sp.csr_array(matrix, dtype=np.float64)
    back = sp.csr_array(forward.T)
    share = price / np.maximum(np.diff(forward.indptr), 1)
    prices = np.minimum.reduceat(share[back.indices], back.indptr[:-1])
    direction = np.zeros(len(prices))
    best, best_prices, pace, waited = -np.inf, prices, 1.0, 0
    end = time.monotonic() + time_limit_s
    for _ in range(STEPS):
        reduced = price - forward @ prices
        used = reduced < 0.0
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
        late = time.monotonic() > end
        if late or norm <= 0.0 or pace < SHORTEST or value - best <= ROUNDING * value:
            break
        step = pace * max(1.05 * value - bound, 1e-9 * value) / norm
        prices = np.maximum(prices + step * direction, 0.0)
    return max(best, 0.0), best_prices
