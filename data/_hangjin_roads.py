"""Roads of Hangjin: they find their way over the land between given places."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import _hangjin_places as places
import numpy as np
import shapely
from _common import SYNTHETIC, fractal_noise, stream
from _hangjin_setting import (
    Setting,
    frame,
)
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from _hangjin_land import Land
    from _hangjin_setting import Points, Rows
    from numpy.typing import ArrayLike, NDArray

_ROAD_CELL_M: Final = 1000.0
_STEPS: Final = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1))
MIN_ROAD_M: Final = 1500.0


def named_roads(setting: Setting, maker: RoadMaker) -> gpd.GeoDataFrame:
    """
    Lay the roads that people know by name.

    Parameters
    ----------
    setting : Setting
        The ground.
    maker : RoadMaker
        Remembers where roads run.

    Returns
    -------
    roads : GeoDataFrame
        Columns of the layer, and ``lit``, the share of the road that has sites today.
    """
    rim = setting.outline_m.buffer(-40.0).exterior
    rows: Rows = []
    lines = []
    for plan in places.ROADS:
        stops = [
            setting.centres_m[place] if isinstance(place, str) else 1e3 * np.array(place)
            for place in plan.places
        ]
        if plan.border in ("start", "both"):
            stops[0] = _onto(rim, stops[0])
        if plan.border in ("end", "both"):
            stops[-1] = _onto(rim, stops[-1])
        lines.append(_checked(setting, maker.lay(stops), plan.id))
        rows.append(
            {
                "id": plan.id,
                "name": plan.name,
                "class": plan.kind,
                "important": plan.important,
                "origin": plan.origin,
                "lit": plan.lit,
            }
        )
    return frame(rows, lines)


def _onto(rim: shapely.LinearRing, place: Points) -> Points:
    nearest = shapely.line_interpolate_point(
        rim, shapely.line_locate_point(rim, shapely.Point(place))
    )
    return shapely.get_coordinates(nearest)[0]


def _checked(setting: Setting, line: shapely.LineString, name: str) -> shapely.LineString:
    if not line.within(setting.outline_m):
        raise RuntimeError(f"road {name} leaves the outline: move its places inwards")
    return line


def village_roads(
    setting: Setting, maker: RoadMaker, villages: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """
    Lay roads from committees and the largest natural villages to the network.

    Parameters
    ----------
    setting : Setting
        The ground.
    maker : RoadMaker
        Remembers where roads run.
    villages : GeoDataFrame
        All villages.

    Returns
    -------
    roads : GeoDataFrame
        As :func:`named_roads` makes them.
    """
    order = np.lexsort((-villages["population"], villages["kind"] != "administrative"))
    rows: Rows = []
    lines = []
    for _, village in villages.iloc[order[:190]].iterrows():
        line = maker.join(shapely.get_coordinates(village.geometry)[0])
        if line is None or line.length < MIN_ROAD_M:
            continue
        lines.append(_checked(setting, line, village["name"]))
        number = len(lines)
        rows.append(
            {
                "id": f"Y{number:03d}",
                "name": f"Y{number:03d} {village['name']}通村路",
                "class": "township",
                "important": False if number % 12 else None,
                "origin": SYNTHETIC,
                "lit": 0.0,
            }
        )
    return frame(rows, lines)


def make_streets(setting: Setting) -> gpd.GeoDataFrame:
    """
    Draw two families of streets of the county seat.

    Parameters
    ----------
    setting : Setting
        The ground.

    Returns
    -------
    streets : GeoDataFrame
        As :func:`named_roads` makes roads.
    """
    rows: Rows = []
    lines = []
    turn = np.deg2rad(12.0)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for family, names in enumerate(places.STREETS):
        half = 1500.0 if family == 0 else 1250.0
        for i, name in enumerate(names):
            offset = (i - 0.5 * (len(names) - 1)) * (420.0 if family == 0 else 500.0)
            ends = np.array([[-half, offset], [half, offset]])
            ends = ends if family == 0 else ends[:, ::-1]
            lines.append(shapely.LineString(setting.centres_m[places.SEAT] + ends @ spin.T))
            rows.append(
                {
                    "id": f"L{len(lines):02d}",
                    "name": name,
                    "class": "street",
                    "important": False,
                    "origin": SYNTHETIC,
                    "lit": 0.0,
                }
            )
    return frame(rows, lines)


class RoadMaker:
    """
    Least-cost roads over the land; each new road keeps away from those laid before.

    Parameters
    ----------
    land : Land
        The relief.
    outline_m : Polygon
        Roads stay inside. [m]
    """

    def __init__(self, land: Land, outline_m: shapely.Polygon) -> None:
        west, south, east, north = outline_m.bounds
        self._west, self._north = west, north
        self._columns = int((east - west) // _ROAD_CELL_M)
        self._rows = int((north - south) // _ROAD_CELL_M)
        self._outline = outline_m
        shape = (self._rows, self._columns)
        points = self._point(np.arange(self._rows * self._columns))
        inner = outline_m.buffer(-1200.0)
        self._open = shapely.contains_xy(inner, points)
        heights = land.sample(np.nan_to_num(land.heights_m, nan=1500.0), points).reshape(shape)
        steep = np.hypot(*np.gradient(heights)).ravel() / 40.0
        rough = fractal_noise(
            stream("hangjin", "roads"),
            shape,
            cell_m=_ROAD_CELL_M,
            longest_m=25e3,
            shortest_m=2e3,
            exponent=2.0,
        )
        sand = land.sample(land.dunes, points)
        self._cost = np.exp(0.55 * rough.ravel()) * (1.0 + np.minimum(steep, 2.0) + 0.5 * sand)
        self._used = np.zeros(self._cost.size, dtype=bool)

    def lay(self, places_m: Sequence[ArrayLike]) -> shapely.LineString:
        """
        Road through places in order.

        Parameters
        ----------
        places_m : sequence of (2,) array_like
            Places on the way, all inside the outline. [m]

        Returns
        -------
        road : LineString
            Inside the outline. [m]
        """
        cells = [self._cell(place) for place in places_m]
        path = cells[:1]
        for start, end in pairwise(cells):
            _, before = dijkstra(self._graph(reuse=4.0), indices=start, return_predecessors=True)
            path.extend(_trace(before, start, end)[1:])
            self._used[path] = True
        return self._line(_without_loops(path), places_m[0], places_m[-1])

    def join(self, place_m: ArrayLike) -> shapely.LineString | None:
        """
        Road from a place to the nearest road.

        Parameters
        ----------
        place_m : (2,) array_like
            Where it starts. [m]

        Returns
        -------
        road : LineString or None
            None where a road runs already.
        """
        start = self._cell(place_m)
        if self._used[start]:
            return None
        costs, before = dijkstra(self._graph(reuse=1.0), indices=start, return_predecessors=True)
        used = np.flatnonzero(self._used)
        end = int(used[np.argmin(costs[used])])
        return self._line(_trace(before, start, end), place_m, self._point(np.array([end]))[0])

    def _graph(self, *, reuse: float) -> csr_matrix:
        """Cost of each step between open cells; a cell with a road costs `reuse` times as much."""
        cost = np.where(self._used, reuse, 1.0) * self._cost
        index = np.arange(self._cost.size).reshape(self._rows, self._columns)
        starts, ends, costs = [], [], []
        for down, right in _STEPS:
            upper = index[: self._rows - down]
            lower = index[down:]
            if right >= 0:
                start, end = upper[:, : self._columns - right], lower[:, right:]
            else:
                start, end = upper[:, -right:], lower[:, :right]
            start, end = start.ravel(), end.ravel()
            keep = self._open[start] & self._open[end]
            start, end = start[keep], end[keep]
            starts.append(start)
            ends.append(end)
            costs.append(np.hypot(down, right) * 0.5 * (cost[start] + cost[end]))
        pairs = (np.concatenate(starts), np.concatenate(ends))
        half = coo_matrix((np.concatenate(costs), pairs), shape=(index.size, index.size)).tocsr()
        return half + half.T

    def _cell(self, place_m: ArrayLike) -> int:
        """Open cell nearest to a place."""
        away = self._point(np.arange(self._cost.size)) - np.asarray(place_m, dtype=np.float64)
        return int(np.argmin(np.where(self._open, np.hypot(away[:, 0], away[:, 1]), np.inf)))

    def _point(self, cell: NDArray[np.integer]) -> NDArray[np.float64]:
        """Centres of cells."""
        row, column = np.divmod(cell, self._columns)
        return np.column_stack(
            [
                self._west + (column + 0.5) * _ROAD_CELL_M,
                self._north - (row + 0.5) * _ROAD_CELL_M,
            ]
        )

    def _line(self, path: list[int], first: ArrayLike, last: ArrayLike) -> shapely.LineString:
        """Smooth line along cells, from one exact end to the other; marks the cells as used."""
        self._used[path] = True
        points = self._point(np.array(path))
        ends = np.asarray([first, last], dtype=np.float64)
        points = np.vstack([ends[:1], points[1:-1], ends[1:]])
        for _ in range(3):  # Chaikin's corner cutting
            cut = np.empty((2 * (len(points) - 1), 2))
            cut[0::2] = 0.75 * points[:-1] + 0.25 * points[1:]
            cut[1::2] = 0.25 * points[:-1] + 0.75 * points[1:]
            points = np.vstack([points[:1], cut, points[-1:]])
        return shapely.simplify(shapely.LineString(points), 12.0)


def _without_loops(path: list[int]) -> list[int]:
    """Leave out what lies between two visits of the same cell."""
    kept: list[int] = []
    for cell in path:
        if cell in kept:
            del kept[kept.index(cell) :]
        kept.append(cell)
    return kept


def _trace(before: NDArray[np.integer], start: int, end: int) -> list[int]:
    """Cells from start to end."""
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]
