"""
Layers whose positions are shifted, found by what they should lie on.

Villages, sites and poles stand along roads and at buildings, townships end where the county ends. Where many
more of them do so once a layer is taken back from GCJ-02 or BD-09 than as it stands, and than after a move as
long in any other direction, the layer is shifted. A layer that fits as it stands is never found, nor one that
has nothing to do with the others: there is no evidence then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from siteplan.region import datum
from siteplan.region.place import to_degrees

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.region.place import Reference

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

_TURNS: Final = 8
_AGAINST: Final = {
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """
    One layer that is shifted.

    Attributes
    ----------
    layer : str
        Layer.
    against : str
        Layer by which it was found.
    datum : {"gcj02", "bd09"}
        System that it is in.
    shift_m : float
        How far its rows are off, at the median. [m]
    before, after : float
        Share of corners that lie on the other layer, as it stands and taken back.
    undone : bool
        The scenario says the system, and the layer fits without it.
    """

    layer: str
    against: str
    datum: datum.Shifted
    shift_m: float
    before: float
    after: float
    undone: bool = False


def find_shifts(
    frames: Mapping[str, gpd.GeoDataFrame],
    reference: Reference,
    *,
    declared: Mapping[str, str],
) -> list[Shift]:
    """
    Layers that are shifted against the others.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers by name, each in its system.
    reference : Reference
        Boundary; outside China nothing is looked for.
    declared : mapping of str to str
        Layers that were taken back already, and from which system.

    Returns
    -------
    shifts : list of Shift
        At most one for each layer, that with the strongest evidence.
    """
    if not reference.china:
        return []
    trees: dict[str, shapely.STRtree] = {}
    best: dict[str, tuple[float, Shift]] = {}
    for name, others in _AGAINST.items():
        degrees = _corners(frames.get(name))
        for other in others:
            if len(degrees) < FEWEST or other not in frames:
                continue
            if other not in trees:
                trees[other] = _tree(frames[other], reference, solid=other == "buildings")
            for strength, shift in _compare(
                name, other, degrees, trees[other], reference, declared
            ):
                if strength > best.get(shift.layer, (0.0,))[0]:
                    best[shift.layer] = (strength, shift)
    return [shift for _, shift in best.values()]


def _corners(frame: gpd.GeoDataFrame | None) -> NDArray[np.float64]:
    """Longitude and latitude of some corners, spread over the layer."""
    if frame is None:
        return np.empty((0, 2))
    geometry = frame.geometry.to_numpy()
    corners = shapely.get_coordinates(geometry[:: max(1, len(geometry) // (4 * SAMPLE))])
    corners = corners[np.isfinite(corners).all(axis=1)]
    picked = np.random.default_rng(0).permutation(len(corners))[:SAMPLE]
    if len(picked) < FEWEST:
        return np.empty((0, 2))
    convert = to_degrees(frame.crs)
    return np.column_stack(convert.transform(*corners[picked].T))


def _tree(frame: gpd.GeoDataFrame, reference: Reference, *, solid: bool) -> shapely.STRtree:
    """Lines of a layer, piece by piece, in metres; of buildings the whole."""
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


def _compare(
    name: str,
    other: str,
    degrees: NDArray[np.float64],
    tree: shapely.STRtree,
    reference: Reference,
    declared: Mapping[str, str],
) -> list[tuple[float, Shift]]:
    """Whether one of two layers is shifted against the other, and how sure that is."""
    here = reference.to_plane(degrees)
    before = _near(here, tree)
    found: list[tuple[float, Shift]] = []
    for system in datum.SHIFTED:
        back = np.column_stack(datum.to_wgs84(degrees[:, 0], degrees[:, 1], datum=system))
        move = reference.to_plane(back) - here
        turned = [before, *(_near(here + _turn(move, turn), tree) for turn in range(_TURNS))]
        for turn, culprit in ((0, name), (_TURNS // 2, other)):
            after = turned[turn + 1]
            rivals = np.max([near for i, near in enumerate(turned) if i != turn + 1], axis=0)
            strength = _strength(after, rivals, len(degrees))
            if strength < DEVIATIONS:
                continue
            undone = turn != 0 and name in declared
            shift = Shift(
                layer=name if undone else culprit,
                against=other if culprit == name or undone else name,
                datum=system,
                shift_m=float(np.median(np.hypot(*move.T))),
                before=float(before[0]),
                after=float(after[0]),
                undone=undone,
            )
            found.append((strength, shift))
    return found


def _turn(move: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    angle = 2.0 * np.pi * turn / _TURNS
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(move @ np.array([[cos, sin], [-sin, cos]]))


def _near(plane: NDArray[np.float64], tree: shapely.STRtree) -> NDArray[np.float64]:
    """Share of positions on the lines, at each scale."""
    _, distance = tree.query_nearest(shapely.points(plane), return_distance=True, all_matches=False)
    return np.array([np.exp(-((distance / scale) ** 2)).mean() for scale in SCALES_M])


def _strength(after: NDArray[np.float64], rivals: NDArray[np.float64], count: int) -> float:
    """Count the standard deviations by which a share beats its rivals, where the odds grow enough."""
    if (after <= rivals).any():
        return 0.0
    floor = 1.0 / count
    spread = np.sqrt(np.clip(rivals * (1.0 - rivals), floor, None) / count)
    odds = (after / (1.0 - after + floor)) / (rivals / (1.0 - rivals + floor) + floor)
    sure = np.where(odds >= ODDS, (after - rivals) / spread, 0.0)
    return float(sure.max())
