"""
From a good choice to a proof: the plain covering problems closed as far as time allows.

The linear programme gives the best prices, and its fractions further choices to search from; sites whose
other value would put the bound beyond the best choice are decided; what is left is merged again. If that is
little, HiGHS solves it in whole numbers; if it is much, whole numbers in parts of the demand give the bound.

Choice and bound are told to :class:`Known` as they are found, so that an interrupt leaves the best of both.
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
from siteplan.selection._cover_parts import bound_in_parts
from siteplan.selection._cover_pool import bred
from siteplan.selection._cover_reductions import merged
from siteplan.selection._cover_search import graph_of, search_least, search_most
from siteplan.selection.programme import relax, solve_programme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

WHOLE_ENTRIES: Final = 60_000
"""Entries of the matrix up to which HiGHS is asked for the whole in whole numbers."""

PART_ENTRIES: Final = 10_000
"""Entries of one part, about."""

MOST_ENTRIES: Final = 3_000_000
"""Entries of the matrix up to which HiGHS is asked at all."""

LINEAR_SHARE: Final = 0.5
"""Share of the time that the linear programme may take."""

SEARCH_SHARE: Final = 0.25
"""Share of the time after the linear programme in which local searches begin."""

HALF: Final = 0.5
"""Between the values of a binary column."""

ROUNDS: Final = 8
"""Local searches, or pools of them; each begins with the best sites so far."""

EXCHANGES: Final = 40
"""Exchanges in one of the many searches of a pool for each site that is wanted."""

BRED_SHARE: Final = 0.125
"""Largest effort of one of them, relative to a search alone: else there is no time for a pool."""

UNLIKELY: Final = 0.01
"""How likely a site is to be drawn that the known choice is without."""


class Known:
    """
    The best choice and the best bound so far.

    Parameters
    ----------
    weight : ndarray of float64
        What values are sums of: weights of units, or costs of sites.
    chosen : ndarray of bool, shape (sites,)
        A choice.
    value : float
        Its value.
    bound : float
        No choice has a better value.
    most : bool
        Whether larger values are better.
    """

    def __init__(
        self,
        weight: NDArray[np.float64],
        chosen: NDArray[np.bool_],
        value: float,
        bound: float,
        *,
        most: bool,
    ) -> None:
        self.chosen, self.value, self.most = chosen, value, most
        self.whole = bool((weight == np.round(weight)).all())
        self._bound = bound

    def offer(self, chosen: NDArray[np.bool_], value: float) -> bool:
        """Keep a choice if it is better, and tell whether it is."""
        better = value > self.value if self.most else value < self.value
        if better:
            self.chosen, self.value = chosen, value
        return better

    def limit(self, bound: float) -> None:
        """Keep a bound if it is nearer; whole weights add up to whole numbers."""
        slack = 1e-6 + ROUNDING * abs(bound)
        if self.most:
            rounded = np.floor(bound + slack) if self.whole and np.isfinite(bound) else bound
            self._bound = min(self._bound, float(rounded))
        else:
            rounded = np.ceil(bound - slack) if self.whole and np.isfinite(bound) else bound
            self._bound = max(self._bound, float(rounded))

    @property
    def bound(self) -> float:
        """No choice has a better value."""
        return max(self._bound, self.value) if self.most else min(self._bound, self.value)

    def near(self, gap: float) -> bool:
        """Whether the bound is near enough to the value."""
        return abs(self.bound - self.value) <= max(gap, ROUNDING) * self.value


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
    known: Known,
    *,
    gap: float,
    effort: int,
    time_limit_s: float,
    seed: int,
) -> None:
    """Find choices of as many sites as the known one that cover more, and upper bounds of what any covers."""
    end, wanted = time.monotonic() + time_limit_s, int(known.chosen.sum())
    limit_s = LINEAR_SHARE * time_limit_s
    bound, prices = bound_most(matrix, weight, wanted, known.value, time_limit_s=limit_s)
    known.limit(bound)
    none = np.zeros(matrix.shape[0], dtype=bool)
    left = _Most(np.arange(len(none)), matrix, weight, wanted, none, 0.0)
    narrow, likely = left.decided(known.value, prices), np.maximum(known.chosen, UNLIKELY)
    limit_s = LINEAR_SHARE * (end - time.monotonic())
    if not narrow.settled and narrow.matrix.nnz <= MOST_ENTRIES and not known.near(gap):
        found = relax(*narrow.programme(), time_limit_s=limit_s, seed=seed)
        if found is not None:
            left, likely = narrow, found[0][: len(narrow.sites)]
            prices = np.minimum(found[1][:-1], narrow.weight)
            covered = value_most(left.matrix, left.weight, left.wanted, prices)
            known.limit(left.base + covered)
            narrow = left.decided(known.value, prices)
    late = time.monotonic() + SEARCH_SHARE * (end - time.monotonic())
    choices = _others(left, likely, known, effort=effort, seed=seed)
    while not (narrow.small or known.near(gap)) and time.monotonic() < late:
        choice = next(choices, None)
        if choice is None:
            break
        if known.offer(choice, float(weight @ (matrix.T @ choice))):
            narrow = left.decided(known.value, prices)
    if narrow.settled:
        choice = narrow.with_sites(np.full(len(narrow.sites), narrow.wanted >= len(narrow.sites)))
        known.offer(choice, float(weight @ (matrix.T @ choice)))
        known.limit(known.value)  # no other choice covers as much
        return
    if not narrow.small and narrow.matrix.nnz <= MOST_ENTRIES and not known.near(gap):
        limit_s = end - time.monotonic()
        _parts_most(left, prices, known, gap=gap, time_limit_s=limit_s, seed=seed)
    limit_s = end - time.monotonic()
    if limit_s > 0.0 and narrow.matrix.nnz <= MOST_ENTRIES and not known.near(gap):
        _whole_most(narrow, known, gap=gap, time_limit_s=limit_s, seed=seed)


def _others(
    left: _Most, likely: NDArray[np.float64], known: Known, *, effort: int, seed: int
) -> Iterator[NDArray[np.bool_]]:
    """Choices of the sites that are left, from where the linear programme has more of them."""
    sites, units = left.matrix.shape
    step = sites + 2.0 * left.matrix.nnz**2 / (sites * units)  # entries that an exchange looks at
    few = int(EXCHANGES * left.wanted * step)
    top = np.zeros(sites, dtype=bool)
    top[np.argsort(-likely, kind="stable")[: left.wanted]] = True
    for turn in range(ROUNDS):
        start, own = known.chosen[left.sites], seed + turn
        if few <= BRED_SHARE * effort:
            for picked in bred(left.matrix, left.weight, start, likely, effort=few, seed=own):
                yield left.with_sites(picked)
        else:
            start, graph = start if turn else top, graph_of(left.matrix)
            yield left.with_sites(search_most(graph, left.weight, start, effort, own))


def _whole_most(left: _Most, known: Known, *, gap: float, time_limit_s: float, seed: int) -> None:
    """Solve what is left in whole numbers."""
    cost, rows, low = left.programme()
    start = known.chosen[left.sites]
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
    everything = left.base + float(left.weight.sum())
    known.limit(everything - found.bound)
    if found.values is not None:
        picked = found.values[: len(start)] > HALF
        missed = float(left.weight[left.matrix.T @ picked == 0].sum())
        known.offer(left.with_sites(picked), everything - missed)
    if found.interrupted:
        raise KeyboardInterrupt


def _parts_most(
    left: _Most,
    prices: NDArray[np.float64],
    known: Known,
    *,
    gap: float,
    time_limit_s: float,
    seed: int,
) -> None:
    """Bound what is left in parts, the number of sites priced."""
    saved = np.partition(left.matrix.astype(np.float64) @ prices, -left.wanted)
    price = max(float(saved[-left.wanted]), 0.0)
    value = known.value - left.base
    _, outside = fixed_most(left.matrix, left.weight, left.wanted, value, prices)
    matrix = left.matrix[np.flatnonzero(~outside)]
    reached = np.flatnonzero(np.bincount(matrix.indices, minlength=len(prices)))
    matrix, weight = sp.csr_array(sp.csc_array(matrix)[:, reached]), left.weight[reached]
    most = left.base + float(weight.sum()) + price * left.wanted

    def told(least: float) -> bool:
        known.limit(most - least)
        return known.near(gap)

    bound_in_parts(
        matrix,
        np.full(matrix.shape[0], price),
        weight,
        prices[reached],
        known.chosen[left.sites[~outside]],
        number=_parts(matrix),
        told=told,
        time_limit_s=time_limit_s,
        seed=seed,
    )


def prove_least(
    matrix: sp.csr_array,
    price: NDArray[np.float64],
    known: Known,
    *,
    gap: float,
    effort: int,
    time_limit_s: float,
    seed: int,
) -> None:
    """Find covers that cost less than the known one, and lower bounds of what any costs."""
    end = time.monotonic() + time_limit_s
    limit_s, found = LINEAR_SHARE * time_limit_s, None
    known.limit(bound_least(matrix, price, known.value, time_limit_s=0.0)[0])  # one step is quick
    if matrix.nnz <= MOST_ENTRIES:
        rows = sp.csr_array(matrix.T, dtype=np.float64)
        found = relax(price, rows, np.ones(rows.shape[0]), time_limit_s=limit_s, seed=seed)
    if found is None:
        _, prices = bound_least(matrix, price, known.value, time_limit_s=limit_s / 2.0)
    else:
        prices = found[1]
    known.limit(value_least(matrix, price, prices))
    late = end - (1.0 - SEARCH_SHARE) * (end - time.monotonic())
    inside, outside = fixed_least(matrix, price, known.value, prices)
    for turn in range(ROUNDS):
        small = np.diff(matrix.indptr)[~inside & ~outside].sum() <= WHOLE_ENTRIES
        if small or known.near(gap) or time.monotonic() > late:
            break
        choice = search_least(graph_of(matrix), price, known.chosen, effort, seed + turn)
        if known.offer(choice, float(price @ choice)):
            inside, outside = fixed_least(matrix, price, known.value, prices)
    if known.near(gap) or matrix.nnz > MOST_ENTRIES:
        return
    free = np.flatnonzero(~inside & ~outside)
    rest, _ = merged(matrix[free], (~(matrix.T @ inside)).astype(np.float64))
    if rest.nnz > WHOLE_ENTRIES:

        def told(least: float) -> bool:
            known.limit(least)
            return known.near(gap)

        bound_in_parts(
            matrix,
            price,
            None,
            prices,
            known.chosen,
            number=_parts(matrix),
            told=told,
            time_limit_s=end - time.monotonic(),
            seed=seed,
        )
    limit_s, decided = end - time.monotonic(), (free, inside, rest)
    if limit_s > 0.0 and not known.near(gap):
        _whole_least(matrix, price, decided, known, gap=gap, time_limit_s=limit_s, seed=seed)


def _whole_least(
    matrix: sp.csr_array,
    price: NDArray[np.float64],
    decided: tuple[NDArray[np.intp], NDArray[np.bool_], sp.csr_array],
    known: Known,
    *,
    gap: float,
    time_limit_s: float,
    seed: int,
) -> None:
    """Solve what is left in whole numbers: the free sites, those inside, and the cover of the rest."""
    free, inside, rest = decided
    base = float(price[inside].sum())
    if not rest.shape[1]:
        known.limit(base)
        known.offer(inside, base)
        return
    found = solve_programme(
        price[free],
        sp.csr_array(rest.T, dtype=np.float64),
        np.ones(rest.shape[1]),
        lower=np.zeros(len(free)),
        upper=np.ones(len(free)),
        integer=np.ones(len(free), dtype=bool),
        start=known.chosen[free].astype(float),
        gap=gap,
        time_limit_s=time_limit_s,
        seed=seed,
    )
    known.limit(base + found.bound)
    if found.values is not None:
        choice = inside.copy()
        choice[free] = found.values > HALF
        if (matrix.T @ choice).all():
            known.offer(choice, float(price @ choice))
    if found.interrupted:
        raise KeyboardInterrupt
