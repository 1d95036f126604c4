"""Plain covering problems made smaller: equal demand is joined, needless sites and demand left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numba import njit

from siteplan.selection.problem import unit_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray


def merged(
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
    added = np.bincount(group, weights=weight[useful], minlength=len(first))
    return matrix, added.astype(np.float64)


def without_needless(
    matrix: sp.csr_array, price: NDArray[np.float64], *, units: bool
) -> tuple[NDArray[np.intp], sp.csr_array]:
    """
    Leave out sites that cover no more than another that costs no more, and units covered with another.

    Units only where all must be covered (`units`). Returns the sites that stay, and their cover.
    """
    sites = np.arange(matrix.shape[0])
    while True:
        before = matrix.shape
        if units:
            back = sp.csr_array(matrix.T)
            gone = _dominated(*_lists(back), *_lists(matrix), np.zeros(before[1]), larger=True)
            matrix = sp.csr_array(sp.csr_array(back[np.flatnonzero(~gone)]).T)
        back = sp.csr_array(matrix.T)
        gone = _dominated(*_lists(matrix), *_lists(back), price[sites], larger=False)
        sites, matrix = sites[~gone], sp.csr_array(matrix[np.flatnonzero(~gone)])
        if matrix.shape == before or not units:
            return sites, matrix


def _lists(matrix: sp.csr_array) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)


@njit(cache=True)
def _dominated(  # noqa: C901, PLR0912  # a kernel does its work in one pass
    first: NDArray[np.int64],
    members: NDArray[np.int32],
    back_first: NDArray[np.int64],
    back: NDArray[np.int32],
    price: NDArray[np.float64],
    larger: bool,  # noqa: FBT001
) -> NDArray[np.bool_]:
    """Mark sets that contain another (`larger`), or that a set of no higher price contains."""
    number = len(first) - 1
    gone = np.zeros(number, np.bool_)
    mark = np.full(len(back_first) - 1, -1, np.int64)
    for one in range(number):
        size = first[one + 1] - first[one]
        if gone[one]:
            continue
        if size == 0:
            gone[one] = not larger
            continue
        rare = members[first[one]]
        for k in range(first[one], first[one + 1]):
            mark[members[k]] = one
            item = members[k]
            if back_first[item + 1] - back_first[item] < back_first[rare + 1] - back_first[rare]:
                rare = item
        for m in range(back_first[rare], back_first[rare + 1]):
            other = back[m]
            if other == one or gone[other] or first[other + 1] - first[other] < size:
                continue
            if price[other] > price[one]:
                continue
            shared = 0
            for k in range(first[other], first[other + 1]):
                if mark[members[k]] == one:
                    shared += 1
            if shared < size:
                continue
            if larger:
                gone[other] = True
            else:
                gone[one] = True
                break
    return gone
