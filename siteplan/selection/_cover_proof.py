"""
From a good choice to a proof: the plain covering problems closed as far as time allows.

The linear programme gives the best prices, and its fractions another choice to search from; sites whose
other value would put the bound beyond the best choice are decided; what is left is merged again. If that is
little, HiGHS solves it in whole numbers; if it is much, whole numbers in parts of the demand give the bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

from siteplan.selection._cover_bound import (
    ROUNDING,
    bound_least,
    bound_most,
    fixed_least,
    fixed_most,
    value_least,
    value_most,
)
from siteplan.selection._cover_parts import bound_in_parts, merged
from siteplan.selection._cover_search import graph_of, search_least, search_most
from siteplan.selection.programme import relax, solve_programme

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE_ENTRIES: Final = 60_000
"""Entries of the matrix up to which HiGHS is asked for the whole in whole numbers."""

PART_ENTRIES: Final = 10_000
"""Entries of one part, about."""

MOST_ENTRIES: Final = 3_000_000
"""Entries of the matrix up to which HiGHS is asked at all."""

LINEAR_SHARE: Final = 0.5
"""Share of the time that the linear programme may take."""

SEARCH_SHARE: Final = 0.4
"""Share of the time after which no further local search begins."""

HALF: Final = 0.5
"""Between the values of a binary column."""

ROUNDS: Final = 8
"""Local searches; each begins with the best sites so far."""


def rounded(bound: float, weight: NDArray[np.float64], *, up: bool) -> float:
    """Bound of sums of weights: whole weights add up to whole numbers."""
    if not (weight == np.round(weight)).all():
        return bound
    slack = 1e-6 + ROUNDING * abs(bound)
    return float(np.ceil(bound - slack) if up else np.floor(bound + slack))


def _parts(matrix: sp.csr_array) -> int:
    """How many parts, a power of two."""
    return 1 << max(int(np.ceil(np.log2(matrix.nnz / PART_ENTRIES))), 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Most:
    """What is left of a maximal covering problem: `wanted` of `sites` beside those that are `inside`."""

    sites: NDArray[np.intp]
    matrix: sp.csr_array
    weight: NDArray[np.float64]
    wanted: int
    inside: NDArray[np.bool_]
    base: float

    def decided(self, value: float, prices: NDArray[np.float64]) -> _Most:
        """Return what is left when sites are decided with the prices of the units."""
        inside, outside = fixed_most(
            self.matrix, self.weight, self.wanted, value - self.base, prices
        )
        covered = self.matrix.T @ inside > 0
        free = np.flatnonzero(~inside & ~outside)
        matrix, weight = merged(self.matrix[free], np.where(covered, 0.0, self.weight))
        return _Most(
            sites=self.sites[free],
            matrix=matrix,
            weight=weight,
            wanted=self.wanted - int(inside.sum()),
            inside=self.with_sites(inside),
            base=self.base + float(self.weight[covered].sum()),
        )

    def with_sites(self, picked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return all sites of a choice among those left."""
        every = self.inside.copy()
        every[self.sites[picked]] = True
        return every

    @property
    def small(self) -> bool:
        """Whether HiGHS can be asked for the whole."""
        return bool(self.matrix.nnz <= WHOLE_ENTRIES)

    @property
    def settled(self) -> bool:
        """Whether there is nothing to choose."""
        return self.wanted == 0 or self.wanted >= len(self.sites) or not len(self.weight)

    def programme(self) -> tuple[NDArray[np.float64], sp.csr_array, NDArray[np.float64]]:
        """Cost, rows and their lower limits: sites and what is not covered, for its weight."""
        sites, units = self.matrix.shape
        count = sp.hstack([sp.csr_array(np.full((1, sites), -1.0)), sp.csr_array((1, units))])
        rows = sp.hstack([self.matrix.T.astype(float), sp.eye_array(units)])
        cost = np.append(np.zeros(sites), self.weight)
        low = np.append(np.ones(units), -float(self.wanted))
        return cost, sp.csr_array(sp.vstack([rows, count], format="csr")), low


def prove_most(
    matrix: sp.csr_array,
    weight: NDArray[np.float64],
    wanted: int,
    chosen: NDArray[np.bool_],
    *,
    gap: float,
    effort: int,
    time_limit_s: float,
    seed: int,
) -> tuple[NDArray[np.bool_], float]:
    """Find a choice that covers no less than `chosen`, and an upper bound of what any covers."""
    began = time.monotonic()
    end = began + time_limit_s
    value = float(weight @ (matrix.T @ chosen))
    limit_s = LINEAR_SHARE * time_limit_s
    bound, prices = bound_most(matrix, weight, wanted, value, time_limit_s=limit_s)
    bound = rounded(bound, weight, up=False)
    left = _Most(
        np.arange(len(chosen)), matrix, weight, wanted, np.zeros(len(chosen), dtype=bool), 0.0
    )
    narrow, fractions = left.decided(value, prices), None
    limit_s = LINEAR_SHARE * (end - time.monotonic())
    if not narrow.settled and narrow.matrix.nnz <= MOST_ENTRIES and not _near(value, bound, gap):
        found = relax(*narrow.programme(), time_limit_s=limit_s, seed=seed)
        if found is not None:
            left, prices = narrow, np.minimum(found[1][:-1], narrow.weight)
            better = left.base + value_most(left.matrix, left.weight, left.wanted, prices)
            bound = min(bound, rounded(better, weight, up=False))
            narrow = left.decided(value, prices)
            fractions = found[0][: len(left.sites)]
    for turn in range(ROUNDS):
        late = time.monotonic() - began > SEARCH_SHARE * time_limit_s
        if late or _near(value, bound, gap) or narrow.small:
            break
        start = chosen[left.sites]
        if turn == 0 and fractions is not None:
            start = np.zeros(len(start), dtype=bool)
            start[np.argsort(-fractions, kind="stable")[: left.wanted]] = True
        picked = search_most(graph_of(left.matrix), left.weight, start, effort, seed + turn)
        reached = float(weight @ (matrix.T @ left.with_sites(picked)))
        if reached > value:
            chosen, value = left.with_sites(picked), reached
            narrow = left.decided(value, prices)
    limit_s = end - time.monotonic()
    if narrow.settled:
        other = narrow.with_sites(np.full(len(narrow.sites), narrow.wanted >= len(narrow.sites)))
        bound = -np.inf  # no other choice covers as much
    elif _near(value, bound, gap) or limit_s <= 0.0 or narrow.matrix.nnz > MOST_ENTRIES:
        return chosen, max(bound, value)
    elif narrow.small:
        other, most = _whole_most(narrow, chosen, gap=gap, time_limit_s=limit_s, seed=seed)
        bound = min(bound, rounded(most, weight, up=False))
    else:
        most = _parts_most(left, prices, chosen, time_limit_s=limit_s, seed=seed)
        return chosen, max(min(bound, rounded(most, weight, up=False)), value)
    reached = float(weight @ (matrix.T @ other))
    chosen, value = (other, reached) if reached > value else (chosen, value)
    return chosen, max(bound, value)


def _near(value: float, bound: float, gap: float) -> bool:
    """Whether a bound is near enough to the value."""
    return bool(abs(bound - value) <= max(gap, ROUNDING) * value)


def _whole_most(
    left: _Most, chosen: NDArray[np.bool_], *, gap: float, time_limit_s: float, seed: int
) -> tuple[NDArray[np.bool_], float]:
    """Solve what is left in whole numbers."""
    cost, rows, low = left.programme()
    start = chosen[left.sites]
    found = solve_programme(
        cost,
        rows,
        low,
        lower=np.zeros(len(cost)),
        upper=np.ones(len(cost)),
        integer=np.arange(len(cost)) < len(start),
        start=np.append(start, left.matrix.T @ start == 0).astype(float),
        gap=gap,
        time_limit_s=time_limit_s,
        seed=seed,
    )
    if found.values is not None:
        start = found.values[: len(start)] > HALF
    return left.with_sites(start), left.base + float(left.weight.sum()) - found.bound


def _parts_most(
    left: _Most,
    prices: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    *,
    time_limit_s: float,
    seed: int,
) -> float:
    """Bound what is left in parts, the number of sites priced."""
    saved = np.partition(left.matrix.astype(np.float64) @ prices, -left.wanted)
    price = max(float(saved[-left.wanted]), 0.0)
    value = float(left.weight @ (left.matrix.T @ chosen[left.sites]))
    _, outside = fixed_most(left.matrix, left.weight, left.wanted, value, prices)
    matrix = left.matrix[np.flatnonzero(~outside)]
    reached = np.flatnonzero(np.bincount(matrix.indices, minlength=len(prices)))
    matrix, weight = sp.csr_array(sp.csc_array(matrix)[:, reached]), left.weight[reached]
    least = bound_in_parts(
        matrix,
        np.full(matrix.shape[0], price),
        weight,
        prices[reached],
        chosen[left.sites[~outside]],
        number=_parts(matrix),
        enough=np.inf,
        time_limit_s=time_limit_s,
        seed=seed,
    )
    return left.base + float(weight.sum()) + price * left.wanted - least


def prove_least(
    matrix: sp.csr_array,
    price: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    *,
    gap: float,
    effort: int,
    time_limit_s: float,
    seed: int,
) -> tuple[NDArray[np.bool_], float]:
    """Find a cover that costs no more than `chosen`, and a lower bound of what any costs."""
    began = time.monotonic()
    end = began + time_limit_s
    value = float(price @ chosen)
    limit_s, found = LINEAR_SHARE * time_limit_s, None
    if matrix.nnz <= MOST_ENTRIES:
        rows = sp.csr_array(matrix.T, dtype=np.float64)
        found = relax(price, rows, np.ones(rows.shape[0]), time_limit_s=limit_s, seed=seed)
    if found is None:
        _, prices = bound_least(matrix, price, value, time_limit_s=limit_s / 2.0)
    else:
        prices = found[1]
    bound = rounded(value_least(matrix, price, prices), price, up=True)
    inside, outside = fixed_least(matrix, price, value, prices)
    for turn in range(ROUNDS):
        late = time.monotonic() - began > SEARCH_SHARE * time_limit_s
        small = np.diff(matrix.indptr)[~inside & ~outside].sum() <= WHOLE_ENTRIES
        if late or small or _near(value, bound, gap):
            break
        chosen = search_least(graph_of(matrix), price, chosen, effort, seed + turn)
        value = float(price @ chosen)
        inside, outside = fixed_least(matrix, price, value, prices)
    limit_s = end - time.monotonic()
    if _near(value, bound, gap) or limit_s <= 0.0 or matrix.nnz > MOST_ENTRIES:
        return chosen, min(bound, value)
    free = np.flatnonzero(~inside & ~outside)
    rest, _ = merged(matrix[free], (~(matrix.T @ inside)).astype(np.float64))
    if rest.nnz > WHOLE_ENTRIES:
        least = bound_in_parts(
            matrix,
            price,
            None,
            prices,
            chosen,
            number=_parts(matrix),
            enough=value - 1.0,
            time_limit_s=limit_s,
            seed=seed,
        )
        return chosen, min(max(bound, rounded(least, price, up=True)), value)
    other, least = inside.copy(), float(price[inside].sum())
    if rest.shape[1]:
        answer = solve_programme(
            price[free],
            sp.csr_array(rest.T, dtype=np.float64),
            np.ones(rest.shape[1]),
            lower=np.zeros(len(free)),
            upper=np.ones(len(free)),
            integer=np.ones(len(free), dtype=bool),
            start=chosen[free].astype(float),
            gap=gap,
            time_limit_s=limit_s,
            seed=seed,
        )
        least += answer.bound
        other[free] = chosen[free] if answer.values is None else answer.values > HALF
    bound = max(bound, rounded(least, price, up=True))
    if price @ other < value and (matrix.T @ other).all():
        chosen, value = other, float(price @ other)
    return chosen, min(bound, value)
