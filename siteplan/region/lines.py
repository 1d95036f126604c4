"""
How many positions stand on the roads and at the buildings of a region.

Villages, sites and poles stand along roads and at buildings, townships end where the county ends: how many of
them do so shows which of several places a layer has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from siteplan.region.fit import degrees_of, sample, to_degrees

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.region.fit import Fit, Reference

SAMPLE: Final = 1500
"""Corners of a layer that are looked at."""

FEWEST: Final = 20
"""A layer of fewer corners shows nothing."""

SCALES_M: Final = (60.0, 200.0)
"""How near a corner must lie to count as on a line: well surveyed layers, and generalised ones. [m]"""

ODDS: Final = 1.5
"""Odds of lying on a line must grow at least by this factor over the best other place."""

DEVIATIONS: Final = 5.0
"""Standard deviations by which the share on a line must grow."""

TURNS: Final = 8
"""Directions in which a move is tried: the one that is thought of, and others of the same length."""

AGAINST: Final = {
    "boundary": ("townships",),
    "townships": ("boundary",),
    "villages": ("roads", "buildings"),
    "village_points": ("roads", "buildings"),
    "venues": ("roads", "buildings"),
    "sites": ("roads", "buildings"),
    "poles": ("roads", "buildings"),
    "buildings": ("roads",),
    "zones": ("roads", "buildings"),
}
"""Layers, and those on whose lines their corners lie."""

ON: Final = ("roads", "buildings", "boundary", "townships")
"""Layers on whose lines others lie."""

_AS_WELL_INSIDE = 0.1  # share inside the boundary by which systems may differ and still be compared
_SAME_M = 1.0


def line_tree(frame: gpd.GeoDataFrame, reference: Reference, *, solid: bool) -> shapely.STRtree:
    """
    Index the lines of a layer.

    Parameters
    ----------
    frame : GeoDataFrame
        Layer in any system.
    reference : Reference
        Boundary, whose plane is taken.
    solid : bool
        Whether the inside of a polygon counts as on it: buildings.

    Returns
    -------
    tree : STRtree
        Lines piece by piece, or whole buildings. [m]
    """
    convert = to_degrees(frame.crs)

    def to_plane(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return reference.to_plane(np.column_stack(convert.transform(*corners.T)))

    geometry = frame.geometry.to_numpy()
    if solid:
        return shapely.STRtree(shapely.transform(geometry, to_plane))
    parts = shapely.get_parts(geometry)
    rings = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts = np.concatenate([parts[~rings], shapely.get_rings(parts[rings])])
    corners, owner = shapely.get_coordinates(parts, return_index=True)
    corners = to_plane(corners)
    joined = owner[1:] == owner[:-1]
    pairs = np.stack([corners[:-1][joined], corners[1:][joined]], axis=1)
    return shapely.STRtree(np.asarray(shapely.linestrings(pairs)))


def distance_m(plane: NDArray[np.float64], tree: shapely.STRtree) -> NDArray[np.float64]:
    """
    Distance of positions from the nearest line.

    Parameters
    ----------
    plane : ndarray of float64, shape (n, 2)
        East and north. [m]
    tree : STRtree
        From :func:`line_tree`.

    Returns
    -------
    distance : ndarray of float64, shape (n,)
        [m]
    """
    _, distance = tree.query_nearest(shapely.points(plane), return_distance=True, all_matches=False)
    return np.asarray(distance)


def on_line(plane: NDArray[np.float64], tree: shapely.STRtree) -> NDArray[np.float64]:
    """
    Share of positions on the lines.

    Parameters
    ----------
    plane : ndarray of float64, shape (n, 2)
        East and north. [m]
    tree : STRtree
        From :func:`line_tree`.

    Returns
    -------
    share : ndarray of float64, shape (2,)
        At each of the scales.
    """
    distance = distance_m(plane, tree)
    return np.array([np.exp(-((distance / scale) ** 2)).mean() for scale in SCALES_M])


def turned(move: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    """
    Turn a move, as a rival of the same length.

    Parameters
    ----------
    move : ndarray of float64, shape (n, 2)
        East and north. [m]
    turn : int
        Eighths of a full turn.

    Returns
    -------
    move : ndarray of float64, shape (n, 2)
        [m]
    """
    angle = 2.0 * np.pi * turn / TURNS
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(move @ np.array([[cos, sin], [-sin, cos]]))


def evidence(after: NDArray[np.float64], rivals: NDArray[np.float64], count: int) -> float:
    """
    Count the standard deviations by which a share beats its rivals, where the odds grow enough.

    Parameters
    ----------
    after, rivals : ndarray of float64, shape (2,)
        Shares on the lines at each scale, of the place that is thought of and of the best other one.
    count : int
        Positions.

    Returns
    -------
    deviations : float
        0 where the share does not grow at both scales.
    """
    if (after <= rivals).any():
        return 0.0
    floor = 1.0 / count
    spread = np.sqrt(np.clip(rivals * (1.0 - rivals), floor, None) / count)
    odds = (after / (1.0 - after + floor)) / (rivals / (1.0 - rivals + floor) + floor)
    sure = np.where(odds >= ODDS, (after - rivals) / spread, 0.0)
    return float(sure.max())


def by_lines(
    fits: Sequence[Fit], shapes: NDArray[np.object_], layer: str, reference: Reference
) -> list[Fit]:
    """
    Put that system first in which far more positions lie on the lines than in any other.

    The boundary alone seldom tells GCJ-02 from CGCS2000 in the middle of a county: they are half a kilometre
    apart.

    Parameters
    ----------
    fits : sequence of Fit
        Systems by their fit to the boundary, best first.
    shapes : ndarray of geometry
        In the file's own numbers.
    layer : str
        Name of the layer.
    reference : Reference
        Boundary and lines.

    Returns
    -------
    fits : list of Fit
        In the same order but for the first, which must win by far, also over moves as long in other
        directions; those that were compared say their share on the lines.
    """
    lines = {
        name: reference.lines[name] for name in AGAINST.get(layer, ()) if name in reference.lines
    }
    rivals = [fit for fit in fits if fit.inside >= fits[0].inside - _AS_WELL_INSIDE]
    corners = sample(shapes, SAMPLE)
    if len(rivals) == 1 or len(corners) < FEWEST or not lines:
        return list(fits)
    planes = [reference.to_plane(degrees_of(corners, fit.crs)) for fit in rivals]
    best, told = 0.0, list(fits)
    for path, tree in lines.values():
        shares = [on_line(plane, tree) for plane in planes]
        said = {
            fit.crs: replace(fit, on_lines=f"{share[0]:.0%} on {path}")
            for fit, share in zip(rivals, shares, strict=True)
        }
        for i, (plane, share) in enumerate(zip(planes, shares, strict=True)):
            others = [
                shares[j]
                for j, other in enumerate(planes)
                if np.hypot(*(other - plane).T).max() > _SAME_M
            ]
            moves = [planes[0] + turned(plane - planes[0], turn) for turn in range(1, TURNS)]
            others += [on_line(move, tree) for move in moves] if i else []
            strength = evidence(share, np.max(others, axis=0), len(corners)) if others else 0.0
            if strength >= max(best, DEVIATIONS):
                best = strength
                first = said[rivals[i].crs]
                told = [first, *(said.get(fit.crs, fit) for fit in fits if fit.crs != first.crs)]
    return told
