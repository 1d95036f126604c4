"""
The plain covering problems on a sparse matrix: most demand with a number of sites, all demand at least cost.

Both merge demand that the same sites cover, leave out sites and demand that others make needless, search
locally, and prove a bound (:mod:`siteplan.selection._cover_proof`): Lagrangian relaxation, the linear
programme, sites that it rules in or out, whole numbers where little is left, whole numbers in parts of the
demand where much is. The bound is proven whenever they end.

References
----------
.. [1] R. Church, C. ReVelle, "The maximal covering location problem", Papers of the Regional Science
   Association 32(1), 1974, pp. 101-118.
.. [2] C. Toregas, R. Swain, C. ReVelle, L. Bergman, "The location of emergency service facilities",
   Operations Research 19(6), 1971, pp. 1363-1373.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy.sparse as sp

from siteplan.errors import Fault, InputError
from siteplan.selection._cover_proof import Known, prove_least, prove_most
from siteplan.selection._cover_reductions import merged, without_needless
from siteplan.selection._cover_search import graph_of, search_least, search_most

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


EFFORT: Final = 2_000
"""How often one local search may look at each entry."""

PACE: Final = 20_000_000.0
"""Entries that one local search may look at for each second of the time limit: about a tenth of it. [1/s]"""


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
        Longest run; the first local search does not look at the clock, and takes about a tenth of it. [s]
    seed : int
        Seed of the local search and the solver.

    Returns
    -------
    cover : Cover
        The choice, the weight that it covers, and a bound from above: of what was found until then after an
        interrupt (Ctrl-C).

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
    end = time.monotonic() + time_limit_s
    cover = sp.csr_array(cover, dtype=bool)
    seen, free = cover.T @ held, np.flatnonzero(~held)
    matrix, rest = merged(cover[free], np.where(seen, 0.0, worth))
    live, matrix = without_needless(matrix, np.zeros(len(free)), units=False)
    free, wanted = free[live], sites - int(held.sum())
    if 0 < wanted < len(free):
        effort = _effort(matrix, time_limit_s)
        picked = _greedy_most(matrix, rest, wanted)
        # no choice covers more than all there is, or than its sites would if they shared nothing
        alone = float(np.sort(matrix @ rest)[-wanted:].sum())
        bound = min(float(rest.sum()), alone)
        known = Known(rest, picked, float(rest @ (matrix.T @ picked)), bound, most=True)
        with contextlib.suppress(KeyboardInterrupt):  # what is known is given
            picked = search_most(graph_of(matrix), rest, picked, effort, seed)
            known.offer(picked, float(rest @ (matrix.T @ picked)))
            prove_most(
                matrix,
                rest,
                known,
                gap=gap,
                effort=effort,
                time_limit_s=max(end - time.monotonic(), 0.0),
                seed=seed + 1,
            )
        held[free[known.chosen]], bound = True, known.bound
    else:
        held[free], bound = wanted > 0, 0.0
    covered = cover.T @ held
    value = float(worth @ covered)
    return Cover(
        chosen=held,
        value=value,
        bound=max(float(worth @ seen) + bound, value),
        uncovered=~covered,
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
        Longest run; the first local search does not look at the clock, and takes about a tenth of it. [s]
    seed : int
        Seed of the local search and the solver.

    Returns
    -------
    cover : Cover
        The choice, its cost, and a bound from below: of what was found until then after an interrupt
        (Ctrl-C). Demand that no site reaches stays uncovered, and is told in ``uncovered``.

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
    end = time.monotonic() + time_limit_s
    cover = sp.csr_array(cover, dtype=bool)
    held |= price <= 0.0
    free = np.flatnonzero(~held)
    matrix, _ = merged(cover[free], (~(cover.T @ held)).astype(np.float64))
    live, matrix = without_needless(matrix, price[free], units=True)
    free, base, bound = free[live], float(price @ held), 0.0
    if len(free):
        effort, asked = _effort(matrix, time_limit_s), price[free]
        picked = _greedy_least(matrix, asked)
        known = Known(asked, picked, float(asked @ picked), 0.0, most=False)
        with contextlib.suppress(KeyboardInterrupt):  # what is known is given
            picked = search_least(graph_of(matrix), asked, picked, effort, seed)
            known.offer(picked, float(asked @ picked))
            prove_least(
                matrix,
                asked,
                known,
                gap=gap,
                effort=effort,
                time_limit_s=max(end - time.monotonic(), 0.0),
                seed=seed + 1,
            )
        held[free[known.chosen]], bound = True, known.bound
    value = float(price @ held)
    return Cover(
        chosen=held, value=value, bound=min(base + bound, value), uncovered=~(cover.T @ held)
    )


def _effort(matrix: sp.csr_array, time_limit_s: float) -> int:
    """Entries that one local search may look at: a measure of work, the same on any machine."""
    return int(min(EFFORT * matrix.nnz, PACE * time_limit_s))


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


def _greedy_most(
    matrix: sp.csr_array, weight: NDArray[np.float64], wanted: int
) -> NDArray[np.bool_]:
    """Take the site that adds most, again and again; stale gains are bounds (lazy greedy)."""
    chosen = np.zeros(matrix.shape[0], dtype=bool)
    left, gain = weight.copy(), matrix @ weight
    fresh = np.ones(len(gain), dtype=bool)
    for _ in range(wanted):
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


def _greedy_least(matrix: sp.csr_array, price: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Take the site that covers most for its price until all is covered."""
    chosen = np.zeros(len(price), dtype=bool)
    left = np.ones(matrix.shape[1])
    score = (matrix @ left) / price
    fresh = np.ones(len(score), dtype=bool)
    while left.any():
        best = int(np.argmax(score))
        units = matrix.indices[matrix.indptr[best] : matrix.indptr[best + 1]]
        if not fresh[best]:
            score[best], fresh[best] = left[units].sum() / price[best], True
            continue
        chosen[best], score[best] = True, -1.0
        left[units] = 0.0
        fresh[:] = False
    return chosen
