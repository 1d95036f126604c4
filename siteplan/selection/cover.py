"""
The plain covering problems on a sparse matrix: most demand with a number of sites, all demand at least cost.

Both merge demand that the same sites cover, search locally, bound by Lagrangian relaxation, leave out sites
that the bound rules out, and hand what is left to HiGHS when the gap is still open. The bound is proven
whenever they end.

References
----------
.. [1] R. Church, C. ReVelle, "The maximal covering location problem", Papers of the Regional Science
   Association 32(1), 1974, pp. 101-118.
.. [2] C. Toregas, R. Swain, C. ReVelle, L. Bergman, "The location of emergency service facilities",
   Operations Research 19(6), 1971, pp. 1363-1373.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy.sparse as sp

from siteplan.errors import Fault, InputError
from siteplan.selection._cover_bound import ROUNDING, bound_least, bound_most, fixed_most
from siteplan.selection._cover_search import search_least, search_most
from siteplan.selection.problem import unit_groups
from siteplan.selection.programme import solve_programme

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from siteplan.selection._cover_search import Graph

EFFORT: Final = 300_000_000
"""Entries that one local search looks at: a measure of work and not a time."""

MOST_OUT: Final = 6
"""Sites exchanged together, at most."""

MOST_ENTRIES: Final = 3_000_000
"""Entries of the matrix up to which HiGHS is asked."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """
    Sites chosen for a plain covering problem.

    Attributes
    ----------
    chosen : ndarray of bool, shape (sites,)
        The chosen sites.
    value : float
        Weight that they cover (:func:`max_cover`), or their cost (:func:`set_cover`).
    bound : float
        No choice covers more, or costs less.
    uncovered : ndarray of bool, shape (demand,)
        Demand that no chosen site covers.
    """

    chosen: NDArray[np.bool_]
    value: float
    bound: float
    uncovered: NDArray[np.bool_]

    @property
    def gap(self) -> float:
        """Proven relative distance from the optimum."""
        return abs(self.bound - self.value) / max(abs(self.value), np.finfo(float).tiny)


def max_cover(
    cover: sp.sparray,
    weight: ArrayLike,
    *,
    sites: int,
    fixed: ArrayLike | None = None,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 1,
) -> Cover:
    """
    Cover as much weight as a number of sites can (maximal covering location problem).

    Parameters
    ----------
    cover : sparse array, shape (sites, demand)
        Not zero where a site covers a demand.
    weight : array_like of float, shape (demand,)
        Weight of each demand, not negative.
    sites : int
        How many sites may be chosen, with those that are fixed.
    fixed : array_like of bool, shape (sites,), optional
        Sites that are chosen in any case.
    gap : float
        Relative gap at which the search stops.
    time_limit_s : float
        Longest run of the solver. [s]
    seed : int
        Seed of the local search and the solver.

    Returns
    -------
    cover : Cover
        The choice, the weight that it covers, and a bound from above.

    Raises
    ------
    InputError
        When the shapes do not fit, a weight is negative or not finite, or more sites are fixed than allowed.

    Examples
    --------
    >>> cover = sp.csr_array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
    >>> best = max_cover(cover, [1.0, 5.0, 5.0, 2.0], sites=1)
    >>> best.chosen, best.value, best.bound
    (array([False,  True, False]), 10.0, 10.0)
    """
    number, demand = cover.shape
    worth = np.asarray(weight, dtype=np.float64)
    held = np.zeros(number, bool) if fixed is None else np.asarray(fixed, dtype=bool).copy()
    _check(cover, {"weight": (worth, demand), "fixed": (held, number)})
    if not int(held.sum()) <= sites:
        raise InputError([_fault("sites", str(sites), "fewer than the fixed sites", "Raise it.")])
    began = time.monotonic()
    matrix, worth = _merged(cover, worth)
    graph = _graph(matrix)
    wanted = min(sites, number)
    chosen = _greedy_most(matrix, worth, held, wanted)
    chosen, value = search_most(graph, worth, chosen, held, MOST_OUT, EFFORT // 10, seed)
    bound, prices = bound_most(matrix, worth, held, wanted, value)
    if bound - value > max(gap, ROUNDING) * value:
        chosen, value = search_most(graph, worth, chosen, held, MOST_OUT, EFFORT, seed + 1)
    left_s = time_limit_s - (time.monotonic() - began)
    if bound - value > max(gap, ROUNDING) * value and matrix.nnz <= MOST_ENTRIES and left_s > 0.0:
        low, high = fixed_most(matrix, worth, held, wanted, value, prices)
        start = np.concatenate([chosen, matrix.T @ chosen > 0]).astype(float)
        rows = sp.hstack([matrix.T.astype(float), -sp.eye_array(len(worth))])
        count = sp.hstack([sp.csr_array(np.ones((1, number))), sp.csr_array((1, len(worth)))])
        found = solve_programme(
            np.concatenate([np.zeros(number), -worth]),
            sp.csr_array(sp.vstack([rows, -count], format="csr")),
            np.append(np.zeros(len(worth)), -float(wanted)),
            lower=np.concatenate([low, np.zeros(len(worth))]),
            upper=np.concatenate([high, np.ones(len(worth))]),
            integer=np.arange(number + len(worth)) < number,
            start=start,
            gap=gap,
            time_limit_s=left_s,
            seed=seed,
        )
        bound = max(min(bound, -found.bound), value)
        if found.values is not None:
            other = found.values[:number] > 0.5  # noqa: PLR2004  # between 0 and 1
            reached = float(worth @ (matrix.T @ other > 0))
            chosen, value = (other, reached) if reached > value else (chosen, value)
            bound = max(bound, value)
    return Cover(
        chosen=chosen, value=value, bound=bound, uncovered=np.asarray(cover.T @ chosen == 0)
    )


def set_cover(
    cover: sp.sparray,
    *,
    cost: ArrayLike | None = None,
    fixed: ArrayLike | None = None,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 1,
) -> Cover:
    """
    Cover all demand at least cost (location set covering problem).

    Parameters
    ----------
    cover : sparse array, shape (sites, demand)
        Not zero where a site covers a demand.
    cost : array_like of float, shape (sites,), optional
        Cost of each site, not negative; 1 each by default, which asks for the fewest sites.
    fixed : array_like of bool, shape (sites,), optional
        Sites that are chosen in any case.
    gap : float
        Relative gap at which the search stops.
    time_limit_s : float
        Longest run of the solver. [s]
    seed : int
        Seed of the local search and the solver.

    Returns
    -------
    cover : Cover
        The choice, its cost, and a bound from below. Demand that no site reaches stays uncovered, and is
        told in ``uncovered``.

    Raises
    ------
    InputError
        When the shapes do not fit, or a cost is negative or not finite.

    Examples
    --------
    >>> cover = sp.csr_array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
    >>> best = set_cover(cover)
    >>> best.chosen, best.value, best.bound
    (array([ True, False,  True]), 2.0, 2.0)
    """
    number = cover.shape[0]
    price = np.ones(number) if cost is None else np.asarray(cost, dtype=np.float64)
    held = np.zeros(number, bool) if fixed is None else np.asarray(fixed, dtype=bool).copy()
    _check(cover, {"cost": (price, number), "fixed": (held, number)})
    began = time.monotonic()
    matrix, _ = _merged(cover, np.ones(cover.shape[1]))
    graph = _graph(matrix)
    chosen = _greedy_least(matrix, price, held)
    chosen = search_least(graph, price, chosen, held, EFFORT // 10, seed)
    value = float(price @ chosen)
    bound, prices = bound_least(matrix, price, held, value)
    if _open(value, bound, price, gap):
        chosen = search_least(graph, price, chosen, held, EFFORT, seed + 1)
        value = float(price @ chosen)
    left_s = time_limit_s - (time.monotonic() - began)
    if _open(value, bound, price, gap) and matrix.nnz <= MOST_ENTRIES and left_s > 0.0:
        reduced = price - matrix @ prices
        base = float(prices.sum() + np.minimum(reduced, 0.0)[~held].sum() + reduced[held].sum())
        spare = value * (1.0 + ROUNDING) - base
        found = solve_programme(
            price,
            sp.csr_array(matrix.T, dtype=np.float64),
            np.ones(matrix.shape[1]),
            lower=(held | (-reduced > spare)).astype(float),
            upper=(held | (reduced <= spare)).astype(float),
            integer=np.ones(number, dtype=bool),
            start=chosen.astype(float),
            gap=gap,
            time_limit_s=left_s,
            seed=seed,
        )
        bound = max(bound, min(found.bound, value))
        if found.values is not None:
            other = found.values > 0.5  # noqa: PLR2004  # between 0 and 1
            if price @ other < value and (matrix.T @ other > 0).all():
                chosen, value = other, float(price @ other)
    if not _open(value, bound, price, 0.0):
        bound = value
    return Cover(
        chosen=chosen,
        value=value,
        bound=min(bound, value),
        uncovered=np.asarray(cover.T @ chosen == 0),
    )


def _open(value: float, bound: float, price: NDArray[np.float64], gap: float) -> bool:
    """Whether the gap is still too large; whole costs add up to whole numbers."""
    if (price == np.round(price)).all():
        bound = float(np.ceil(bound - 1e-6))
    return value - bound > max(gap, ROUNDING) * value


def _fault(column: str, value: str, rule: str, remedy: str) -> Fault:
    return Fault(source="cover", column=column, value=value, rule=rule, remedy=remedy)


def _check(cover: sp.sparray, columns: dict[str, tuple[NDArray[Any], int]]) -> None:
    faults = []
    for name, (values, length) in columns.items():
        if values.shape != (length,):
            rule = f"the matrix of {cover.shape[0]} sites x {cover.shape[1]} demand needs {length}"
            faults.append(_fault(name, str(values.shape), rule, "Give one number for each."))
        elif values.dtype != bool and not (np.isfinite(values) & (values >= 0.0)).all():
            bad = values[~(np.isfinite(values) & (values >= 0.0))][0]
            rule = "a number must be finite and not negative"
            faults.append(_fault(name, str(bad), rule, "Mend or leave out such rows."))
    if faults:
        raise InputError(faults)


def _merged(
    cover: sp.sparray, weight: NDArray[np.float64]
) -> tuple[sp.csr_array, NDArray[np.float64]]:
    """Demand that somebody reaches and that weighs something, equal columns added up."""
    by_demand = sp.csr_array(cover.T, dtype=bool)
    by_demand.sum_duplicates()
    by_demand.eliminate_zeros()
    useful = np.flatnonzero((np.diff(by_demand.indptr) > 0) & (weight > 0.0))
    by_demand = sp.csr_array(by_demand[useful])
    first, group = unit_groups(by_demand, np.zeros(len(useful), dtype=np.int64))
    matrix = sp.csr_array(sp.csr_array(by_demand[first]).T)
    matrix.sort_indices()
    merged = np.bincount(group, weights=weight[useful], minlength=len(first))
    return matrix, merged.astype(np.float64)


def _graph(matrix: sp.csr_array) -> Graph:
    back = sp.csr_array(matrix.T)
    return (
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        back.indptr.astype(np.int64),
        back.indices.astype(np.int32),
    )


def _greedy_most(
    matrix: sp.csr_array, weight: NDArray[np.float64], held: NDArray[np.bool_], wanted: int
) -> NDArray[np.bool_]:
    """Take the site that adds most, again and again; stale gains are bounds (lazy greedy)."""
    chosen = held.copy()
    left = weight * (matrix.T @ held == 0)
    gain = np.where(chosen, -1.0, matrix @ left)
    fresh = np.ones(len(gain), dtype=bool)
    for _ in range(wanted - int(held.sum())):
        while True:
            best = int(np.argmax(gain))
            if fresh[best]:
                break
            units = matrix.indices[matrix.indptr[best] : matrix.indptr[best + 1]]
            gain[best], fresh[best] = left[units].sum(), True
        chosen[best], gain[best] = True, -1.0
        left[matrix.indices[matrix.indptr[best] : matrix.indptr[best + 1]]] = 0.0
        fresh[:] = False
        fresh[best] = True
    return chosen


def _greedy_least(
    matrix: sp.csr_array, price: NDArray[np.float64], held: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Take the site that covers most for its price until all is covered."""
    chosen = held | (price <= 0.0)
    left = (matrix.T @ chosen == 0).astype(np.float64)
    share = np.maximum(price, np.finfo(float).tiny)
    score = np.where(chosen, -1.0, (matrix @ left) / share)
    fresh = np.ones(len(score), dtype=bool)
    while left.any():
        best = int(np.argmax(score))
        units = matrix.indices[matrix.indptr[best] : matrix.indptr[best + 1]]
        if not fresh[best]:
            score[best], fresh[best] = left[units].sum() / share[best], True
            continue
        chosen[best], score[best] = True, -1.0
        left[units] = 0.0
        fresh[:] = False
    return chosen
