"""Roads as a graph: nodes where roads meet, edges with lengths, and places tied to their nearest road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

GRID_M: Final = 1e-3
"""Coordinates of the graph are whole millimetres, so that what meets meets exactly. [m]"""

STRAIGHT: Final = -1
"""Line of an edge that is the straight connection of its two nodes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """
    Undirected graph of roads and of the places tied to them.

    Attributes
    ----------
    place_m : ndarray of float64, shape (nodes, 2)
        Easting and northing of the nodes. [m]
    tail, head : ndarray of int64, shape (edges,)
        Nodes at the two ends of each edge.
    length_m : ndarray of float64, shape (edges,)
        Length of each edge, positive. [m]
    line : ndarray of int64, shape (edges,)
        Position in `lines` of the line that the edge is a part of, or ``STRAIGHT``.
    start_m, end_m : ndarray of float64, shape (edges,)
        Part of that line. [m]
    lines : ndarray of LineString
        Pieces of road between nodes.
    road : ndarray of int64, shape (lines,)
        Road of each piece, as a position in the roads layer.
    """

    place_m: NDArray[np.float64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    length_m: NDArray[np.float64]
    line: NDArray[np.int64]
    start_m: NDArray[np.float64]
    end_m: NDArray[np.float64]
    lines: NDArray[np.object_]
    road: NDArray[np.int64]

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.place_m)

    def matrix(self) -> tuple[csr_array, NDArray[np.int64]]:
        """
        Edges as a symmetric sparse matrix, the shortest of parallel ones.

        Returns
        -------
        matrix : csr_array of float64, shape (nodes, nodes)
            Lengths; loops are left out. [m]
        edge : ndarray of int64, shape (entries,)
            Edge of each entry of the matrix, in the order of its data.
        """
        low, high = np.minimum(self.tail, self.head), np.maximum(self.tail, self.head)
        order = np.lexsort((np.arange(len(low)), self.length_m, high, low))
        order = order[low[order] < high[order]]
        key = low[order] * max(self.nodes, 1) + high[order]
        order = order[np.flatnonzero(np.diff(key, prepend=-1))]
        row = np.concatenate([low[order], high[order]])
        column = np.concatenate([high[order], low[order]])
        edge = np.concatenate([order, order])
        by_row = np.lexsort((column, row))
        pointer = np.searchsorted(row[by_row], np.arange(self.nodes + 1))
        matrix = csr_array(
            (self.length_m[edge[by_row]], column[by_row], pointer), shape=(self.nodes, self.nodes)
        )
        return matrix, edge[by_row]

    def parts(self) -> NDArray[np.int64]:
        """
        Name the connected part of each node.

        Returns
        -------
        part : ndarray of int64, shape (nodes,)
            Number of the part; nodes with the same number are connected.
        """
        if self.nodes == 0:
            return np.zeros(0, dtype=np.int64)
        part = connected_components(self.matrix()[0], directed=False)[1]
        return np.asarray(part, dtype=np.int64)

    def geometry(self, edges: NDArray[np.int64]) -> NDArray[np.object_]:
        """
        Lines of some edges.

        Parameters
        ----------
        edges : ndarray of int64, shape (n,)
            Edges.

        Returns
        -------
        lines : ndarray of LineString, shape (n,)
            As they run on the ground.
        """
        result = np.empty(len(edges), dtype=object)
        for i, edge in enumerate(edges.tolist()):
            ends = self.place_m[[self.tail[edge], self.head[edge]]]
            if self.line[edge] == STRAIGHT:
                result[i] = shapely.LineString(ends)
                continue
            line = self.lines[self.line[edge]]
            result[i] = _part(line, self.start_m[edge], self.end_m[edge])
        return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attached:
    """
    Places tied to a graph.

    Attributes
    ----------
    graph : Graph
        The roads, split where a place joins them, with the places as nodes.
    node : ndarray of int64, shape (places,)
        Node of each place.
    access_m : ndarray of float64, shape (places,)
        Distance of each place to its nearest road; infinite without roads. [m]
    """

    graph: Graph
    node: NDArray[np.int64]
    access_m: NDArray[np.float64]


def road_graph(roads: gpd.GeoDataFrame | None, *, snap_m: float) -> Graph:
    """
    Graph of the roads layer.

    Roads meet where they touch, share a vertex, or cross in plan: a cable changes from a road to the one
    above it, whatever the traffic does. An end that stops short of another line by no more than the snap
    distance is joined to it by a straight piece whose length counts.

    Parameters
    ----------
    roads : GeoDataFrame or None
        Lines, projected, in metres; None gives an empty graph.
    snap_m : float
        Largest gap between an end and another line that is a fault of drawing, not of the ground. [m]

    Returns
    -------
    graph : Graph
        In the order of the coordinates of its pieces, whatever the order of the rows.

    Examples
    --------
    A road that another one crosses, and a third that ends 2 m short of the first:

    >>> import geopandas as gpd
    >>> lines = ["LINESTRING (0 0, 100 0)", "LINESTRING (50 -50, 50 50)", "LINESTRING (80 2, 80 40)"]
    >>> roads = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_wkt(lines))
    >>> graph = road_graph(roads, snap_m=5.0)
    >>> graph.nodes, len(graph.tail), round(float(graph.length_m.sum()), 3)
    (8, 7, 240.0)
    """
    lines, road = _drawn(roads)
    if len(lines) == 0:
        return _empty()
    joints = _joints(lines, snap_m)
    union = shapely.union_all(np.concatenate([lines, joints]), grid_size=GRID_M)
    pieces = shapely.get_parts(shapely.normalize(union))
    pieces = pieces[shapely.length(pieces) > 0.0]
    tree = shapely.STRtree(lines)
    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    piece, nearest = tree.query_nearest(middle, all_matches=True)
    owner = np.full(len(pieces), len(lines), dtype=np.int64)
    np.minimum.at(owner, piece, nearest)
    ends = np.concatenate([_end(pieces, 0), _end(pieces, -1)])
    place, node = np.unique(np.rint(ends / GRID_M).astype(np.int64), axis=0, return_inverse=True)
    tail, head = np.split(node.ravel().astype(np.int64), 2)
    length = shapely.length(pieces)
    return Graph(
        place_m=_metres(place),
        tail=tail,
        head=head,
        length_m=length,
        line=np.arange(len(pieces)),
        start_m=np.zeros(len(pieces)),
        end_m=length,
        lines=pieces,
        road=road[owner],
    )


def attach(
    graph: Graph, points: NDArray[np.object_], *, access_limit_m: float = np.inf
) -> Attached:
    """
    Tie places to the nearest point of the roads.

    Two places that lie nearer to each other than the sum of their ways to the road are also tied to each
    other, straight: a cable between two neighbours in the desert does not go by the road.

    Parameters
    ----------
    graph : Graph
        From :func:`road_graph`.
    points : ndarray of Point, shape (places,)
        Places, in the coordinate reference system of the graph.
    access_limit_m : float
        A place farther from every road is not tied to one. [m]

    Returns
    -------
    attached : Attached
        Places at the same coordinates share a node.
    """
    wanted = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    grid = np.rint(wanted / GRID_M).astype(np.int64).reshape(-1, 2)
    place, which = np.unique(grid, axis=0, return_inverse=True)
    place_m, which = _metres(place), which.ravel()
    if len(graph.tail) == 0:
        return Attached(
            graph=_joined(graph, place_m, []),
            node=(graph.nodes + which).astype(np.int64),
            access_m=np.full(len(points), np.inf),
        )
    edge, along, access_m = _nearest(graph, np.asarray(shapely.points(place_m)))
    near = access_m <= access_limit_m
    split, entry = _split(graph, edge[near], along[near])
    first = split.nodes
    own = np.arange(first, first + len(place_m))
    tied = np.flatnonzero(near)
    on_road = access_m[tied] < GRID_M
    own[tied[on_road]] = entry[on_road]
    off = tied[~on_road]
    links = [(own[off], entry[~on_road], access_m[off])]
    left, right, apart = _neighbours(place_m, np.minimum(access_m, access_limit_m))
    links.append((own[left], own[right], apart))
    return Attached(
        graph=_joined(split, place_m, links),
        node=own[which].astype(np.int64),
        access_m=access_m[which],
    )


def _drawn(roads: gpd.GeoDataFrame | None) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Lines of a layer that have a length, and the row of each."""
    if roads is None or len(roads) == 0:
        return np.empty(0, dtype=object), np.zeros(0, dtype=np.int64)
    parts, row = shapely.get_parts(shapely.force_2d(roads.geometry.to_numpy()), return_index=True)
    kept = shapely.length(parts) > 0.0
    return parts[kept], row[kept].astype(np.int64)


def _metres(place: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(place * GRID_M, dtype=np.float64)


def _end(lines: NDArray[np.object_], which: int) -> NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(shapely.get_point(lines, which)))


def _joints(lines: NDArray[np.object_], snap_m: float) -> NDArray[np.object_]:
    """Straight pieces from ends to the lines that they stop short of."""
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    owner = np.tile(np.arange(len(lines)), 2)
    end, other = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=snap_m)
    gap = shapely.distance(ends[end], lines[other])
    short = (owner[end] != other) & (gap > GRID_M)
    return np.asarray(shapely.shortest_line(ends[end[short]], lines[other[short]]), dtype=object)


def _nearest(
    graph: Graph, points: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Edge, place along it, and distance of the nearest road; the first edge when several are as near."""
    tree = shapely.STRtree(graph.lines)
    point, found = tree.query_nearest(points, all_matches=True)
    edge = np.full(len(points), len(graph.lines), dtype=np.int64)
    np.minimum.at(edge, point, found)
    lines = graph.lines[edge]
    return edge, shapely.line_locate_point(lines, points), shapely.distance(lines, points)


def _split(
    graph: Graph, edge: NDArray[np.int64], along_m: NDArray[np.float64]
) -> tuple[Graph, NDArray[np.int64]]:
    """Split edges at places along them; also the node at each place."""
    length = graph.length_m[edge]
    node = np.where(along_m < GRID_M, graph.tail[edge], graph.head[edge])
    inner = (along_m >= GRID_M) & (along_m <= length - GRID_M)
    step = np.rint(along_m[inner] / GRID_M).astype(np.int64)
    cut, which = np.unique(np.column_stack([edge[inner], step]), axis=0, return_inverse=True)
    node[inner] = graph.nodes + which.ravel()
    cut_edge, cut_m = cut[:, 0], cut[:, 1] * GRID_M
    count = len(graph.tail)
    owner = np.concatenate([np.arange(count), np.arange(count), cut_edge])
    at_m = np.concatenate([np.zeros(count), graph.length_m, cut_m])
    name = np.concatenate([graph.tail, graph.head, graph.nodes + np.arange(len(cut))])
    order = np.lexsort((at_m, owner))
    owner, at_m, name = owner[order], at_m[order], name[order]
    here = np.flatnonzero(owner[:-1] == owner[1:])
    place = shapely.get_coordinates(shapely.line_interpolate_point(graph.lines[cut_edge], cut_m))
    parts = Graph(
        place_m=np.concatenate([graph.place_m, place.reshape(-1, 2)]),
        tail=name[here],
        head=name[here + 1],
        length_m=at_m[here + 1] - at_m[here],
        line=owner[here],
        start_m=at_m[here],
        end_m=at_m[here + 1],
        lines=graph.lines,
        road=graph.road,
    )
    return parts, node


def _neighbours(
    place_m: NDArray[np.float64], access_m: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of places nearer to each other than the sum of their ways to the road."""
    reach = np.where(np.isfinite(access_m), access_m, 0.0)
    found = cKDTree(place_m).query_ball_point(place_m, 2.0 * reach) if len(place_m) else []
    count = np.array([len(others) for others in found], dtype=np.int64)
    left = np.repeat(np.arange(len(place_m)), count)
    right = np.array([j for others in found for j in others], dtype=np.int64)
    low, high = np.minimum(left, right), np.maximum(left, right)
    pair = np.unique(np.column_stack([low, high])[low < high], axis=0).reshape(-1, 2)
    left, right = pair[:, 0], pair[:, 1]
    apart = np.hypot(*(place_m[left] - place_m[right]).T)
    kept = apart < reach[left] + reach[right]
    return left[kept], right[kept], apart[kept]


def _joined(
    graph: Graph,
    place_m: NDArray[np.float64],
    links: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]],
) -> Graph:
    """Graph with more nodes and straight edges."""
    count = sum(len(link[0]) for link in links)
    tail, head, length = (
        np.concatenate([first, *(link[i] for link in links)])
        for i, first in enumerate((graph.tail, graph.head, graph.length_m))
    )
    return Graph(
        place_m=np.concatenate([graph.place_m, place_m]),
        tail=tail,
        head=head,
        length_m=length,
        line=np.concatenate([graph.line, np.full(count, STRAIGHT)]),
        start_m=np.concatenate([graph.start_m, np.zeros(count)]),
        end_m=np.concatenate([graph.end_m, length[len(graph.tail) :]]),
        lines=graph.lines,
        road=graph.road,
    )


def _part(line: shapely.LineString, start_m: float, end_m: float) -> shapely.LineString:
    """Part of a line between two distances along it."""
    corners = shapely.get_coordinates(line)
    at_m = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    inside = corners[(at_m > start_m) & (at_m < end_m)]
    ends = shapely.get_coordinates(shapely.line_interpolate_point(line, [start_m, end_m]))
    return shapely.LineString(np.concatenate([ends[:1], inside, ends[1:]]))


def _empty() -> Graph:
    none = np.zeros(0, dtype=np.int64)
    metres = np.zeros(0)
    return Graph(
        place_m=np.zeros((0, 2)),
        tail=none,
        head=none,
        length_m=metres,
        line=none,
        start_m=metres,
        end_m=metres,
        lines=np.empty(0, dtype=object),
        road=none,
    )
