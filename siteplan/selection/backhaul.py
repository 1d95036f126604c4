"""
Fibre along roads: routes from chosen sites to the nearest fibre, and a tree that they share.

The roads become a graph whose edges are noded where lines meet or cross (an overpass counts as a crossing:
ducts may change roads there). A site joins at the nearest node, straight across country.

References
----------
.. [1] K. Mehlhorn, "A faster approximation algorithm for the Steiner problem in graphs", Information
   Processing Letters 27(3), 1988, pp. 125-128: the shared tree, at most twice as long as the shortest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.sparse as sp
import shapely
from scipy.sparse.csgraph import breadth_first_order, dijkstra, minimum_spanning_tree
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

NODE_EVERY_M: Final = 200.0
"""Longest edge of the graph: sites join at nodes. [m]"""

GRAIN_M: Final = 0.1
"""Ends of lines nearer than this are one node. [m]"""

SHORTEST_M: Final = 1e-6
"""Length of an edge between places at one point: a sparse matrix cannot hold 0. [m]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadGraph:
    """
    Roads as a graph.

    Attributes
    ----------
    nodes : ndarray of float64, shape (nodes, 2)
        Easting and northing. [m]
    lengths : csr_array of float64, shape (nodes, nodes)
        Length of each edge, in both directions. [m]
    """

    nodes: NDArray[np.float64]
    lengths: sp.csr_array

    def nearest(self, places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """
        Nearest node of each place.

        Parameters
        ----------
        places : ndarray of float64, shape (n, 2)
            Easting and northing. [m]

        Returns
        -------
        away_m : ndarray of float64, shape (n,)
            Distance, infinite in a graph without nodes. [m]
        node : ndarray of int64, shape (n,)
            The node.
        """
        if len(self.nodes) == 0 or len(places) == 0:
            return np.full(len(places), np.inf), np.zeros(len(places), dtype=np.int64)
        away_m, node = cKDTree(self.nodes).query(places)
        return away_m, node.astype(np.int64)


def road_graph(roads: gpd.GeoDataFrame, *, node_every_m: float = NODE_EVERY_M) -> RoadGraph:
    """
    Graph of a roads layer.

    Parameters
    ----------
    roads : GeoDataFrame
        Lines in a metric CRS.
    node_every_m : float
        Longest edge. [m]

    Returns
    -------
    graph : RoadGraph
        Noded where lines meet or cross.

    Examples
    --------
    >>> roads = gpd.GeoDataFrame(geometry=shapely.from_wkt(["LINESTRING (0 0, 100 0)",
    ...                                                     "LINESTRING (50 -50, 50 50)"]))
    >>> graph = road_graph(roads)
    >>> len(graph.nodes), float(graph.lengths.sum()) / 2
    (5, 200.0)
    """
    lines = roads.geometry[~(roads.geometry.isna() | roads.geometry.is_empty)].to_numpy()
    noded = shapely.node(shapely.multilinestrings(shapely.get_parts(lines)))
    parts = shapely.get_parts(shapely.segmentize(noded, node_every_m))
    coordinates, line = shapely.get_coordinates(parts, return_index=True)
    key = np.round(coordinates / GRAIN_M).astype(np.int64)
    _, first, node = np.unique(key, axis=0, return_index=True, return_inverse=True)
    node = node.reshape(-1)
    follows = np.flatnonzero((line[1:] == line[:-1]) & (node[1:] != node[:-1]))
    one, two = node[follows], node[follows + 1]
    length = np.hypot(*(coordinates[follows + 1] - coordinates[follows]).T)
    return RoadGraph(nodes=coordinates[first], lengths=_symmetric(one, two, length, len(first)))


def _symmetric(
    one: NDArray[np.int64], two: NDArray[np.int64], length: NDArray[np.float64], nodes: int
) -> sp.csr_array:
    """Edges in both directions; of several between two nodes the shortest."""
    low, high = np.minimum(one, two), np.maximum(one, two)
    order = np.lexsort((length, high, low))
    low, high, length = low[order], high[order], np.maximum(length[order], SHORTEST_M)
    kept = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))[: len(low)]
    low, high, length = low[kept], high[kept], length[kept]
    row, column = np.concatenate([low, high]), np.concatenate([high, low])
    return sp.csr_array((np.tile(length, 2), (row, column)), shape=(nodes, nodes))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backhaul:
    """
    How chosen sites reach fibre.

    Attributes
    ----------
    sites : DataFrame
        Indexed by site: ``state`` (``fibre``: it is there; ``route``; ``no route``), ``fibre_known``
        (False where the layer leaves the flag blank), ``source`` (site whose fibre is nearest along
        roads), ``off_road_m``, ``route_m`` (alone, with what lies off the road), ``share_m`` (its part of
        the shared tree, each stretch divided among the sites behind it) and ``cost_cny`` of that part.
    tree : GeoDataFrame
        Stretches of the shared tree, with ``length_m`` and ``sites`` behind each.
    """

    sites: pd.DataFrame
    tree: gpd.GeoDataFrame

    @property
    def length_m(self) -> float:
        """Length of the shared tree with what lies off the road. [m]."""
        return float(self.tree["length_m"].sum())


def connect_sites(
    graph: RoadGraph,
    sites: gpd.GeoDataFrame,
    fibre: gpd.GeoDataFrame,
    *,
    most_off_road_m: float = 2000.0,
    cny_per_km: float | None = None,
) -> Backhaul:
    """
    Connect sites to fibre along roads.

    Parameters
    ----------
    graph : RoadGraph
        From :func:`road_graph`.
    sites : GeoDataFrame
        Points to connect, with ``fibre`` (True, False or blank).
    fibre : GeoDataFrame
        Points that have fibre, existing sites or rooms, in the same CRS.
    most_off_road_m : float
        A site farther than this from any road has no route. [m]
    cny_per_km : float or None
        Cost of a kilometre of fibre with its duct or poles; there is no default figure, without it costs
        are NaN. [CNY/km]

    Returns
    -------
    backhaul : Backhaul
        Routes and the shared tree. A site whose flag is blank gets a route and ``fibre_known = False``.
    """
    has = sites["fibre"].astype("boolean")
    away, node = graph.nearest(_places(sites))
    source_away, source_node = graph.nearest(_places(fibre))
    near = np.flatnonzero(source_away <= most_off_road_m)
    wanted = ~has.fillna(value=False).to_numpy(dtype=bool) & (away <= most_off_road_m)
    network, site_nodes, source_nodes = _with_links(
        graph, node[wanted], away[wanted], source_node[near], source_away[near]
    )
    state = np.where(has.fillna(value=False), "fibre", "no route").astype(object)
    route, share = (np.where(state == "fibre", 0.0, np.nan) for _ in range(2))
    source = np.full(len(sites), "", dtype=object)
    tree = gpd.GeoDataFrame({"length_m": [], "sites": []}, geometry=[], crs=sites.crs)
    if wanted.any() and len(near):
        distance, _, start = dijkstra(
            network, indices=source_nodes, min_only=True, return_predecessors=True
        )
        names = dict(zip(source_nodes.tolist(), fibre.index[near], strict=True))
        for i, at in zip(np.flatnonzero(wanted), site_nodes.tolist(), strict=True):
            if np.isfinite(distance[at]):
                state[i], route[i] = "route", distance[at]
                source[i] = str(names[int(start[at])])
        reached = site_nodes[np.isfinite(distance[site_nodes])]
        one, two, below, shares = _shared_tree(network, reached, source_nodes)
        share[np.flatnonzero(wanted)[np.isfinite(distance[site_nodes])]] = shares
        places = np.concatenate([graph.nodes, _places(sites)[wanted], _places(fibre)[near]])
        tree = gpd.GeoDataFrame(
            {"length_m": np.hypot(*(places[one] - places[two]).T), "sites": below},
            geometry=shapely.linestrings(np.stack([places[one], places[two]], axis=1)),
            crs=sites.crs,
        )
    frame = pd.DataFrame(
        {
            "state": state,
            "fibre_known": has.notna().to_numpy(),
            "source": source,
            "off_road_m": away,
            "route_m": route,
            "share_m": share,
            "cost_cny": share / 1000.0 * (np.nan if cny_per_km is None else cny_per_km),
        },
        index=sites.index,
    )
    return Backhaul(sites=frame, tree=tree)


def _places(frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return np.column_stack([frame.geometry.x, frame.geometry.y]).astype(np.float64)


def _with_links(
    graph: RoadGraph,
    node: NDArray[np.int64],
    away: NDArray[np.float64],
    source_node: NDArray[np.int64],
    source_away: NDArray[np.float64],
) -> tuple[sp.csr_array, NDArray[np.int64], NDArray[np.int64]]:
    """Graph with a node for each site and source, linked to the roads."""
    first = len(graph.nodes)
    ends = np.arange(first, first + len(node) + len(source_node))
    edges = sp.coo_array(sp.triu(graph.lengths))
    network = _symmetric(
        np.concatenate([edges.row, node, source_node]).astype(np.int64),
        np.concatenate([edges.col, ends]).astype(np.int64),
        np.concatenate([edges.data, away, source_away]),
        first + len(ends),
    )
    return network, ends[: len(node)], ends[len(node) :]


def _shared_tree(
    network: sp.csr_array, sites: NDArray[np.int64], sources: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Edges of a short tree from the sources to the sites, sites behind each, and each site's share."""
    terminals = np.concatenate([sites, sources])
    distance, before, start = dijkstra(
        network, indices=terminals, min_only=True, return_predecessors=True
    )
    edges = sp.coo_array(sp.triu(network))
    label = np.full(network.shape[0], -1, dtype=np.int64)
    label[sites], label[sources] = np.arange(1, len(sites) + 1), 0  # all sources are one
    inside = np.isfinite(distance[edges.row])
    row, column, length = edges.row[inside], edges.col[inside], edges.data[inside]
    one, two = label[start[row]], label[start[column]]
    apart = np.flatnonzero(one != two)
    over = (distance[row] + length + distance[column])[apart]
    low, high = np.minimum(one, two)[apart], np.maximum(one, two)[apart]
    order = np.lexsort((over, high, low))
    fresh = np.append(True, (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0))[: len(order)]
    best = order[fresh]
    size = len(sites) + 1
    between = sp.csr_array((over[best], (low[best], high[best])), shape=(size, size))
    picked = sp.coo_array(minimum_spanning_tree(between))
    bridge = {
        (int(a), int(b)): int(e) for a, b, e in zip(low[best], high[best], apart[best], strict=True)
    }
    used: set[tuple[int, int]] = set()
    for a, b in zip(picked.row.tolist(), picked.col.tolist(), strict=True):
        e = bridge[a, b] if (a, b) in bridge else bridge[b, a]
        used.add((int(row[e]), int(column[e])))
        for end in (int(row[e]), int(column[e])):
            at = end
            while before[at] >= 0:
                used.add((int(before[at]), at))
                at = int(before[at])
    return _shares(network, used, sites, sources)


def _shares(
    network: sp.csr_array,
    used: set[tuple[int, int]],
    sites: NDArray[np.int64],
    sources: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Root the edges at the sources, drop what leads to no site, divide each among those behind it."""
    size = network.shape[0]
    ends = np.array(sorted(used), dtype=np.int64).reshape(-1, 2)
    length = np.asarray(network[ends[:, 0], ends[:, 1]]).reshape(-1)
    joined = sp.csr_array(
        (
            np.concatenate([length, np.full(len(sources), SHORTEST_M)]),
            (
                np.concatenate([ends[:, 0], np.full(len(sources), size)]),
                np.concatenate([ends[:, 1], sources]),
            ),
        ),
        shape=(size + 1, size + 1),
    )
    spanning = minimum_spanning_tree(joined)
    order, before = breadth_first_order(spanning, size, directed=False)
    below = np.zeros(size + 1, dtype=np.int64)
    below[sites] = 1
    for at in order[:0:-1]:
        below[before[at]] += below[at]
    inner = order[1:][before[order[1:]] != size]
    stretch = np.zeros(size + 1)
    stretch[inner] = np.asarray(network[inner, before[inner]]).reshape(-1)
    part = np.zeros(size + 1)
    for at in order[1:]:
        part[at] = part[before[at]] + stretch[at] / max(below[at], 1)
    kept = inner[below[inner] > 0]
    return kept, before[kept].astype(np.int64), below[kept], part[sites]
