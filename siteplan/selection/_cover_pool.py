"""
Choices for maximal covering bred from pairs of good ones.

Local searches from different starts end in choices that share most sites, and are good in different places.
A search among the sites of two of them keeps what is good of either; one among all sites follows. After J.
Hao, "Memetic algorithms in discrete optimization", in "Handbook of Memetic Algorithms", Springer, 2012,
pp. 73-94.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

from siteplan.selection._cover_search import graph_of, search_most

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

POOL: Final = 8
"""Choices that are kept."""

CHILDREN: Final = 40
"""Pairs without a better child after which the pool is given up."""


def bred(
    matrix: sp.csr_array,
    weight: NDArray[np.float64],
    first: NDArray[np.bool_],
    likely: NDArray[np.float64],
    *,
    effort: int,
    seed: int,
) -> Iterator[NDArray[np.bool_]]:
    """
    Give one choice after the other, all of as many sites as the first.

    Parameters
    ----------
    matrix : csr_array of bool, shape (sites, units)
        Cover.
    weight : ndarray of float64, shape (units,)
        Weight of each unit.
    first : ndarray of bool, shape (sites,)
        A choice of some of the sites.
    likely : ndarray of float64, shape (sites,)
        How likely each site is good, such as its fraction in the linear programme.
    effort : int
        Entries that each local search may look at.
    seed : int
        Seed of what is left to chance.
    """
    rng = np.random.default_rng(seed)
    graph, wanted = graph_of(matrix), int(first.sum())

    def searched(start: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return search_most(graph, weight, start, effort, int(rng.integers(2**31)))

    pool, values = [], []
    for place in range(POOL):
        choice = searched(first if place == 0 else _drawn(rng, likely, wanted))
        pool.append(choice)
        values.append(float(weight @ (matrix.T @ choice)))
        yield choice
    idle = 0
    while idle < CHILDREN and len(pool) > 1:
        one, two = rng.choice(len(pool), 2, replace=False)
        worse = one if values[one] < values[two] else two
        if not (pool[one] ^ pool[two]).any():
            del pool[worse], values[worse]
            continue
        child = searched(_mixed(matrix, weight, pool[one], pool[two], effort, rng))
        value = float(weight @ (matrix.T @ child))
        yield child
        idle = 0 if value > max(values) else idle + 1
        if value > values[worse]:
            pool[worse], values[worse] = child, value


def _drawn(rng: np.random.Generator, likely: NDArray[np.float64], wanted: int) -> NDArray[np.bool_]:
    """Draw sites without putting them back, as likely as told."""
    late = -np.log(rng.random(len(likely))) / np.maximum(likely, 1e-9)
    drawn = np.zeros(len(likely), dtype=bool)
    drawn[np.argsort(late, kind="stable")[:wanted]] = True
    return drawn


def _mixed(
    matrix: sp.csr_array,
    weight: NDArray[np.float64],
    one: NDArray[np.bool_],
    two: NDArray[np.bool_],
    effort: int,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Search among the sites of two choices."""
    mixed, differ = one & two, np.flatnonzero(one ^ two)
    mixed[rng.choice(differ, int(one.sum() - mixed.sum()), replace=False)] = True
    sites = np.flatnonzero(one | two)
    graph = graph_of(sp.csr_array(matrix[sites]))
    picked = search_most(graph, weight, mixed[sites], effort // 4, int(rng.integers(2**31)))
    mixed[sites] = picked
    return mixed
