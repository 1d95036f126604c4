r"""
Shortest connections, and one short tree for many places that all need a way to fibre.

The least tree that joins given nodes of a graph is the Steiner problem, and hard. The way taken here is
the minimum spanning tree of the metric closure, found with one run of Dijkstra as Mehlhorn has shown [1]_,
replaced by shortest paths, spanned again over its own nodes, and pruned. All fibre nodes count as one
node, since it does not matter which of them a place is joined to.

With :math:`k` places and the fibre, the spanning tree of the closure has at most :math:`2 (1 - 1/(k+1))`
times the length of the least tree [2]_. So the length of the spanning tree over that factor is a bound from
below, and so is the longest of the shortest connections; the greater of the two is given with the result.

References
----------
.. [1] K. Mehlhorn, "A faster approximation algorithm for the Steiner problem in graphs", Information
   Processing Letters 27 (1988) 125-128.
.. [2] L. Kou, G. Markowsky, L. Berman, "A fast algorithm for Steiner trees", Acta Informatica 15 (1981)
   141-145, theorem 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.cluster.hierarchy import DisjointSet
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from siteplan.backhaul.graph import Graph

NOWHERE: Final = -1
"""No node, or no edge."""

SAME_M: Final = 1e-6
"""Lengths of trees that differ by less are equal. [m]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways:
    """
    Shortest way of every node to the nearest of some nodes.

    Attributes
    ----------
    length_m : ndarray of float64, shape (nodes,)
        Length, infinite where there is none. [m]
    goal : ndarray of int64, shape (nodes,)
        The node that is nearest, or ``NOWHERE``.
    onward : ndarray of int64, shape (nodes,)
        Next node on the way, ``NOWHERE`` at its end.
    edge : ndarray of int64, shape (nodes,)
        Edge to that node, ``NOWHERE`` at the end.
    """

    length_m: NDArray[np.float64]
    goal: NDArray[np.int64]
    onward: NDArray[np.int64]
    edge: NDArray[np.int64]

    def edges(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """
        Edges on the ways of some nodes.

        Parameters
        ----------
        nodes : ndarray of int64
            Nodes.

        Returns
        -------
        edges : ndarray of int64
            Each once, ascending.
        """
        passed = np.zeros(len(self.onward), dtype=bool)
        found = []
        for start in nodes.tolist():
            node = start
            while not passed[node] and self.onward[node] != NOWHERE:
                passed[node] = True
                found.append(self.edge[node])
                node = int(self.onward[node])
        return np.unique(np.array(found, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """
    Edges that join places to roots.

    Attributes
    ----------
    edges : ndarray of int64
        Edges of the graph, ascending.
    length_m : float
        Their length. [m]
    bound_m : float
        No set of edges that joins the same places is shorter. [m]
    joined : ndarray of bool, shape (places,)
        Whether each place has a way to a root at all.
    """

    edges: NDArray[np.int64]
    length_m: float
    bound_m: float
    joined: NDArray[np.bool_]


def ways_to(graph: Graph, goals: NDArray[np.int64]) -> Ways:
    """
    Shortest way of every node to the nearest goal.

    Parameters
    ----------
    graph : Graph
        The graph.
    goals : ndarray of int64
        Nodes; none leaves every length infinite.

    Returns
    -------
    ways : Ways
        For all nodes.
    """
    nowhere = np.full(graph.nodes, NOWHERE, dtype=np.int64)
    if len(goals) == 0:
        infinite = np.full(graph.nodes, np.inf)
        return Ways(length_m=infinite, goal=nowhere, onward=nowhere, edge=nowhere)
    matrix, edge_of = graph.matrix()
    length, onward, goal = dijkstra(
        matrix, indices=np.unique(goals), return_predecessors=True, min_only=True
    )
    onward, goal = onward.astype(np.int64), goal.astype(np.int64)
    goes = np.flatnonzero(onward >= 0)
    edge = nowhere.copy()
    edge[goes] = _edge_between(matrix, edge_of, goes, onward[goes])
    return Ways(
        length_m=length,
        goal=np.where(goal >= 0, goal, NOWHERE),
        onward=np.where(onward >= 0, onward, NOWHERE),
        edge=edge,
    )


def short_tree(graph: Graph, places: NDArray[np.int64], roots: NDArray[np.int64]) -> Tree:
    """
    Short set of edges that joins every place to one of the roots.

    Parameters
    ----------
    graph : Graph
        The graph.
    places : ndarray of int64, shape (places,)
        Nodes to join.
    roots : ndarray of int64
        Nodes that are joined already.

    Returns
    -------
    tree : Tree
        At most ``2 (1 - 1/(k + 1))`` times the least length, k the number of different places that are
        joined and are no roots. Places without a way to any root are left out and told.

    Examples
    --------
    Two neighbours at the end of a road share it:

    >>> import geopandas as gpd
    >>> from siteplan.backhaul.graph import road_graph
    >>> lines = ["LINESTRING (0 0, 9 0)", "LINESTRING (9 0, 9 1)", "LINESTRING (9 0, 9 -2)"]
    >>> graph = road_graph(gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_wkt(lines)), snap_m=0.1)
    >>> graph.place_m.tolist()
    [[0.0, 0.0], [9.0, -2.0], [9.0, 0.0], [9.0, 1.0]]
    >>> short_tree(graph, np.array([1, 3]), np.array([0])).length_m
    12.0
    """
    direct = ways_to(graph, roots)
    joined = np.isfinite(direct.length_m[places])
    wanted = np.setdiff1d(places[joined], roots)
    if len(wanted) == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return Tree(edges=nothing, length_m=0.0, bound_m=0.0, joined=joined)
    group = np.arange(graph.nodes)
    group[roots] = roots.min()
    near = ways_to(graph, np.concatenate([wanted, roots]))
    inside = np.flatnonzero(np.isfinite(near.length_m[graph.tail]))
    tail, head = graph.tail[inside], graph.head[inside]
    cell_tail, cell_head = group[near.goal[tail]], group[near.goal[head]]
    over_m = near.length_m[tail] + graph.length_m[inside] + near.length_m[head]
    kept = _span(cell_tail, cell_head, over_m)
    bridges = inside[kept]
    feet = np.concatenate([graph.tail[bridges], graph.head[bridges]])
    needed = np.zeros(graph.nodes, dtype=bool)
    needed[wanted] = needed[roots.min()] = True
    edges = _tightened(graph, np.union1d(bridges, near.edges(feet)), group, needed)
    spanned_m = float(over_m[kept].sum())
    bound_m = spanned_m / (2.0 * (1.0 - 1.0 / (len(wanted) + 1)))
    return Tree(
        edges=edges,
        length_m=float(graph.length_m[edges].sum()),
        bound_m=max(bound_m, float(direct.length_m[wanted].max())),
        joined=joined,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Charges:
    """
    A tree shared out among the places that use it.

    Attributes
    ----------
    share_m : ndarray of float64, shape (places,)
        Each edge counts in equal parts for the places behind it; adds up to the length of the tree. [m]
    users : ndarray of int64, shape (edges,)
        Places behind each edge.
    year : ndarray of int64, shape (edges,)
        First year in which a place behind the edge needs it.
    """

    share_m: NDArray[np.float64]
    users: NDArray[np.int64]
    year: NDArray[np.int64]


def charged(
    graph: Graph,
    edges: NDArray[np.int64],
    places: NDArray[np.int64],
    roots: NDArray[np.int64],
    years: NDArray[np.int64],
) -> Charges:
    """
    Share a tree out among the places that use it, and date its edges.

    Parameters
    ----------
    graph : Graph
        The graph.
    edges : ndarray of int64, shape (edges,)
        From :func:`short_tree`.
    places : ndarray of int64, shape (places,)
        Nodes joined by it; a node may stand here more than once.
    roots : ndarray of int64
        Nodes that were joined before.
    years : ndarray of int64, shape (places,)
        Year from which each place needs its way.

    Returns
    -------
    charges : Charges
        Edges of one year and the years before it join all places of these years.
    """
    tree = _only(graph, edges)
    ways = ways_to(tree, roots)
    outward = np.argsort(ways.length_m, kind="stable")
    outward = outward[ways.onward[outward] != NOWHERE]
    users = np.bincount(places, minlength=graph.nodes)
    first = np.full(graph.nodes, np.iinfo(np.int64).max)
    np.minimum.at(first, places, years)
    for node in outward[::-1].tolist():
        onward = ways.onward[node]
        users[onward] += users[node]
        first[onward] = min(first[onward], first[node])
    share = np.zeros(graph.nodes)
    for node in outward.tolist():
        length_m = tree.length_m[ways.edge[node]]
        share[node] = share[ways.onward[node]] + length_m / max(users[node], 1)
    behind = np.empty(len(edges), dtype=np.int64)
    year = np.empty(len(edges), dtype=np.int64)
    behind[ways.edge[outward]] = users[outward]
    year[ways.edge[outward]] = first[outward]
    return Charges(share_m=share[places], users=behind, year=year)


def _edge_between(
    matrix: csr_array, edge_of: NDArray[np.int64], row: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Edge of entries of the matrix, which has them sorted by row and column."""
    nodes = matrix.shape[0]
    rows = np.repeat(np.arange(nodes), np.diff(matrix.indptr))
    entry = np.searchsorted(rows * nodes + matrix.indices, row * nodes + column)
    return np.asarray(edge_of[entry], dtype=np.int64)


def _span(
    tail: NDArray[np.int64], head: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Edges of a minimum spanning forest, the first of equals; loops never belong to it."""
    joined = DisjointSet(np.union1d(tail, head).tolist())
    order = np.lexsort((np.arange(len(weight)), weight))
    kept = [
        edge
        for edge, u, v in zip(
            order.tolist(), tail[order].tolist(), head[order].tolist(), strict=True
        )
        if joined.merge(u, v)
    ]
    return np.array(kept, dtype=np.int64)


def _tightened(
    graph: Graph, edges: NDArray[np.int64], group: NDArray[np.int64], needed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Span the nodes of the tree anew with all edges among them, and prune, as long as that helps."""
    best = _pruned(graph, edges, group, needed)
    while True:
        nodes = np.zeros(graph.nodes, dtype=bool)
        nodes[graph.tail[best]] = nodes[graph.head[best]] = True
        among = np.flatnonzero(nodes[graph.tail] & nodes[graph.head])
        better = _pruned(graph, among, group, needed)
        if graph.length_m[better].sum() > graph.length_m[best].sum() - SAME_M:
            return best
        best = better


def _pruned(
    graph: Graph, edges: NDArray[np.int64], group: NDArray[np.int64], needed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Minimum spanning forest of some edges without the branches that lead to no needed node."""
    tail, head = group[graph.tail], group[graph.head]
    edges = edges[_span(tail[edges], head[edges], graph.length_m[edges])]
    while True:
        ends = np.concatenate([tail[edges], head[edges]])
        idle = (np.bincount(ends, minlength=graph.nodes) == 1) & ~needed
        kept = ~(idle[tail[edges]] | idle[head[edges]])
        if kept.all():
            return np.sort(edges)
        edges = edges[kept]


def _only(graph: Graph, edges: NDArray[np.int64]) -> Graph:
    """Graph of some edges, numbered anew in their order."""
    return replace(
        graph,
        tail=graph.tail[edges],
        head=graph.head[edges],
        length_m=graph.length_m[edges],
        line=graph.line[edges],
        start_m=graph.start_m[edges],
        end_m=graph.end_m[edges],
    )
