"""
Division of a programme into parts of which each row is in one, where prices say that little is lost.

A station that gives to two parts is bought by each for what it pays of the station: too cheap, when both
need it. What a cut loses is therefore put at the smaller of the two sums, added up over the stations and
structures that give to both sides. Rows and columns make a graph in which an edge weighs the price of its
row; what is too large is cut where a random walk in that graph mixes slowest [1]_, and there at the place
where least is lost for the size of the smaller side.

4G and 5G on one structure stay together where most of the price of the structure is shared.

References
----------
.. [1] J. Shi, J. Malik, "Normalized cuts and image segmentation", IEEE Transactions on Pattern Analysis and
   Machine Intelligence 22(8), 2000, pp. 888-905.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.master import Master, Rows

LONGEST: Final = 100
"""Units of an item, or entries of a row, up to which they stay together."""

LEAST_SHARE: Final = 0.3
"""Share of the stations on the smaller side of a cut, at least."""

BALANCE: Final = 0.5
"""Power of the size of the smaller side by which what is lost is divided."""

TINY: Final = 1e-3
"""Price of a row without a price, in means: what lies near stays together."""

SLOWEST: Final = 3
"""Eigenvectors along which cuts are tried."""

DENSE: Final = 64
"""Nodes up to which all eigenvectors are computed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Division:
    """
    Parts of a programme.

    Attributes
    ----------
    station : ndarray of int64, shape (stations that have columns,)
        Part of each.
    unit : ndarray of int64, shape (units of all blocks,)
        Part of each.
    """

    station: NDArray[np.int64]
    unit: NDArray[np.int64]

    @property
    def parts(self) -> int:
        """Number of parts."""
        return int(self.station.max(initial=-1)) + 1

    def new(self, before: Division | None) -> NDArray[np.bool_]:
        """
        Find the parts that are in no other division.

        Parameters
        ----------
        before : Division or None
            Another division of the same programme.

        Returns
        -------
        new : ndarray of bool, shape (parts,)
            True where no part of `before` has the same stations.
        """
        if before is None:
            return np.ones(self.parts, dtype=bool)
        pairs, number = np.unique(
            np.stack([self.station, before.station]), axis=1, return_counts=True
        )
        mine, theirs = np.bincount(self.station)[pairs[0]], np.bincount(before.station)[pairs[1]]
        found = np.ones(self.parts, dtype=bool)
        found[pairs[0, (number == mine) & (number == theirs)]] = False
        return found


def divide(master: Master, rows: Rows, price: NDArray[np.float64], *, most: int) -> Division:
    """
    Divide a programme into parts.

    Parameters
    ----------
    master : Master
        The programme.
    rows : Rows
        From :meth:`siteplan.selection.master.Master.whole_rows`, without flows, and any further ones.
    price : ndarray of float64, shape (rows,)
        Not negative, near those of the linear programme.
    most : int
        Stations of a part.

    Returns
    -------
    division : Division
        Pieces that share no row are in parts of their own.
    """
    unit_node = _unit_nodes(master)
    graph, payers = _graph(master, rows, price, unit_node)
    stations = len(master.stations)
    _, piece = connected_components(graph, directed=False)
    part = np.full(graph.shape[0], -1, dtype=np.int64)
    pieces = np.split(np.argsort(piece, kind="stable"), np.cumsum(np.bincount(piece))[:-1])
    count = 0
    while pieces:
        nodes = pieces.pop()
        mine = nodes < stations
        if mine.sum() > most:
            side = _cut(sp.csr_array(graph[nodes][:, nodes]), mine, payers[nodes])
            pieces += [nodes[side], nodes[~side]]
            continue
        part[nodes] = count
        count += bool(mine.any())  # what no station is in joins the next part
    unit = np.minimum(part[unit_node], count - 1)
    return Division(station=part[:stations], unit=unit)


def _unit_nodes(master: Master) -> NDArray[np.int64]:
    """Node of each unit, after stations, structures and items: that of its item unless that is long."""
    item = len(master.stations) + len(master.shared)
    unit = item + sum(len(part.block.item_need) for part in master.parts)
    nodes = [np.zeros(0, dtype=np.int64)]
    for part in master.parts:
        of, items = part.block.unit_item, len(part.block.item_need)
        short = np.bincount(of, minlength=items) <= LONGEST
        nodes.append(np.where(short[of], item + of, unit + np.arange(len(of))))
        item, unit = item + items, unit + len(of)
    return np.concatenate(nodes)


def _graph(
    master: Master, rows: Rows, price: NDArray[np.float64], unit_node: NDArray[np.int64]
) -> tuple[sp.csr_array, NDArray[np.bool_]]:
    """Weights between stations, structures, items, units and rows; which of these pay for the others."""
    periods, fixed = len(master.due), master.rows.matrix.shape[0]
    shared = len(master.stations) + len(master.shared)
    items = [len(part.block.item_need) for part in master.parts]
    y = shared + np.arange(sum(items))
    node = np.concatenate([np.arange(shared).repeat(periods), y, unit_node])
    own = shared + len(y) + len(unit_node)
    # the row of a unit or an item stands at its node, each other row at one of its own
    owner, always = [own + np.arange(fixed)], [np.zeros(fixed, dtype=bool)]
    unit, item = 0, 0
    for part, number in zip(master.parts, items, strict=True):
        units = len(part.block.unit_item)
        owner += [unit_node[unit : unit + units], y[item : item + number]]
        always += [np.ones(units, dtype=bool), np.zeros(number, dtype=bool)]
        unit, item = unit + units, item + number
    further = len(price) - sum(len(rows) for rows in owner)
    owner.append(own + fixed + np.arange(further))
    always.append(np.zeros(further, dtype=bool))
    at, kept = np.concatenate(owner), np.concatenate(always)
    least = TINY * price.sum() / max(len(price), 1) + np.finfo(float).tiny
    weight = np.where(kept, price + least, price)
    short = kept | ((np.diff(rows.matrix.indptr) <= LONGEST) & (price > 0.0))
    entries = sp.coo_array(sp.diags_array(np.where(short, weight, 0.0)) @ abs(rows.matrix))
    one, two = at[entries.row], node[entries.col]
    used = (entries.data > 0.0) & (one != two)
    one, two, data = one[used], two[used], entries.data[used]
    size = own + fixed + further
    half = sp.csr_array((data, (one, two)), shape=(size, size))
    return sp.csr_array(half + half.T), np.arange(size) >= shared


def _cut(
    graph: sp.csr_array, station: NDArray[np.bool_], payer: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Nodes on one side of the cut that loses least for its size."""
    cuts = [_cut_along(graph, direction, station, payer) for direction in _directions(graph)]
    return min(cuts, key=lambda cut: cut[0])[1]


def _cut_along(
    graph: sp.csr_array,
    direction: NDArray[np.float64],
    station: NDArray[np.bool_],
    payer: NDArray[np.bool_],
) -> tuple[float, NDArray[np.bool_]]:
    """Best cut between nodes that follow each other, what it loses for its size, and its side."""
    order = np.argsort(direction, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    paid = sp.coo_array(graph[np.flatnonzero(payer)][:, np.flatnonzero(~payer)])
    when = place[np.flatnonzero(payer)][paid.row]
    by = np.lexsort((when, paid.col))
    column, when, amount = paid.col[by], when[by], paid.data[by]
    total = np.bincount(column, weights=amount, minlength=paid.shape[1])
    before = np.concatenate([[0.0], np.cumsum(total)[:-1]])
    left = np.cumsum(amount) - before[column]
    lost = np.minimum(left, np.maximum(total[column] - left, 0.0))
    same = np.concatenate([[False], column[1:] == column[:-1]])
    change = lost - np.where(same, np.concatenate([[0.0], lost[:-1]]), 0.0)
    cut = np.cumsum(np.bincount(when, weights=change, minlength=len(order)))
    size = np.cumsum(station[order])
    smaller = np.minimum(size, size[-1] - size)
    even = smaller >= min(LEAST_SHARE * size[-1], size[-1] // 2)
    score = np.where(even, np.maximum(cut, 0.0) / np.maximum(smaller, 1) ** BALANCE, np.inf)
    best = int(np.argmin(score))
    by_place = np.asarray(place <= best)
    side = by_place.copy()
    first = np.bincount(
        paid.col, weights=paid.data * by_place[payer][paid.row], minlength=len(total)
    )
    side[~payer] = np.where(2.0 * first == total, by_place[~payer], 2.0 * first > total)
    useful = 0 < side[station].sum() < station.sum()
    return float(score[best]), side if useful else by_place


def _directions(graph: sp.csr_array) -> list[NDArray[np.float64]]:
    """Along which a random walk mixes slowest: eigenvectors, and the sums and differences of two."""
    degree = np.asarray(graph.sum(axis=1))
    root = np.where(degree > 0.0, degree, 1.0) ** -0.5
    scale = sp.diags_array(root)
    walk = sp.csr_array(scale @ graph @ scale) + sp.eye_array(len(degree), format="csr")
    if len(degree) <= DENSE:
        vectors = np.linalg.eigh(walk.toarray())[1][:, ::-1][:, 1 : 1 + SLOWEST]
    else:
        vectors = slowest(walk, SLOWEST, tolerance=1e-4)
    single = [vector * root / np.abs(vector * root).max() for vector in vectors.T]
    pairs = [one + sign * two for one, two in combinations(single, 2) for sign in (1.0, -1.0)]
    return single + pairs


def slowest(
    walk: sp.csr_array | LinearOperator, number: int, *, tolerance: float
) -> NDArray[np.float64]:
    """
    Along which a random walk mixes slowest.

    Parameters
    ----------
    walk : csr_array or LinearOperator, shape (nodes, nodes)
        Symmetric and positive semidefinite.
    number : int
        How many directions.
    tolerance : float
        Relative accuracy of the eigenvalues.

    Returns
    -------
    directions : ndarray of float64, shape (nodes, number or fewer)
        Eigenvectors from the second on; any one direction where they are late in coming.
    """
    start = np.cos(np.arange(walk.shape[0]))
    try:
        found = eigsh(walk, k=1 + number, v0=start, which="LA", tol=tolerance)[1]
    except ArpackNoConvergence as late:
        found = late.eigenvectors
    return np.asarray(found[:, ::-1][:, 1:] if found.shape[1] > 1 else start[:, None])
