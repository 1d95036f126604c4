"""
Layers whose positions are shifted, found by what they should lie on.

Villages, sites and poles stand along roads and at buildings, townships end where the county ends. Where many
more of them do so once a layer is taken back from GCJ-02 or BD-09 than as it stands, and than after a move as
long in any other direction, the layer is shifted. A layer that fits as it stands is never found, nor one that
has nothing to do with the others: there is no evidence then.

A column filled from several sources is shifted in some rows only. Those are among the rows that lie on
nothing as they stand: where far more of them lie on a line once taken back than after any other move as long,
the layer is mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from siteplan.region import datum
from siteplan.region.fit import to_degrees

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.region.fit import Reference

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

MIXED_SCALES_M: Final = (15.0, 60.0, 200.0)
"""In mixed layers, how near a point must lie to stand on a line; twice as far it stands on none. [m]"""

MIXED_ODDS: Final = 2.0
"""In mixed layers, odds of lying on a line must grow at least by this factor over the best other move; by 1.5
times as much where the scenario says that the layer is shifted."""

_POINTS: Final = ("villages", "village_points", "venues", "sites", "poles")
_MOST_ROWS: Final = 200_000
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """
    One layer of which some rows are shifted.

    Attributes
    ----------
    layer : str
        Layer.
    against : str
        Layer by which it was found.
    datum : {"gcj02", "bd09"}
        System that some rows are in.
    shift_m : float
        How far these are off, at the median. [m]
    rows : tuple of str
        Rows that lie on the other layer only when they are moved, as a reader of the file counts them.
    chance : int
        How many of them would do so by chance, at most.
    undone : bool
        The scenario says the system, and these rows fit without it.
    """

    layer: str
    against: str
    datum: datum.Shifted
    shift_m: float
    rows: tuple[str, ...]
    chance: int
    undone: bool = False


def find_mixed(
    frames: Mapping[str, gpd.GeoDataFrame],
    reference: Reference,
    *,
    declared: Mapping[str, str],
) -> list[Mixed]:
    """
    Layers of points of which some rows are shifted against the others.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers by name, each in its system, with ``_row``.
    reference : Reference
        Boundary; outside China nothing is looked for.
    declared : mapping of str to str
        Layers that were taken back already, and from which system.

    Returns
    -------
    mixed : list of Mixed
        At most one for each layer, that with the strongest evidence.
    """
    if not reference.china:
        return []
    trees: dict[str, shapely.STRtree] = {}
    found: list[Mixed] = []
    for name in _POINTS:
        frame = frames.get(name)
        if frame is None or len(frame) < FEWEST:
            continue
        rows = frame.iloc[:: max(1, len(frame) // _MOST_ROWS)]
        best: tuple[float, Mixed] | None = None
        for other in _AGAINST[name]:
            if other not in frames:
                continue
            if other not in trees:
                trees[other] = _tree(frames[other], reference, solid=other == "buildings")
            for system in datum.SHIFTED if name not in declared else (declared[name],):
                seen = _mixture(rows, trees[other], reference, system, undone=name in declared)
                if seen is not None and (best is None or seen[0] > best[0]):
                    strength, hits, chance, shift_m = seen
                    told = tuple(map(str, rows["_row"].to_numpy()[hits]))
                    kind: datum.Shifted = "gcj02" if system == "gcj02" else "bd09"
                    best = strength, Mixed(
                        layer=name, against=other, datum=kind, shift_m=shift_m, rows=told,
                        chance=chance, undone=name in declared,
                    )  # fmt: skip
        found.extend([best[1]] if best is not None else [])
    return found


def _mixture(
    frame: gpd.GeoDataFrame,
    tree: shapely.STRtree,
    reference: Reference,
    system: str,
    *,
    undone: bool,
) -> tuple[float, NDArray[np.int64], int, float] | None:
    """Strength of the evidence, rows on a line only when moved, how many by chance, length of the move."""
    shapes = frame.geometry.to_numpy()
    degrees = np.column_stack(to_degrees(frame.crs).transform(*shapely.get_coordinates(shapes).T))
    here = reference.to_plane(degrees)
    kind: datum.Shifted = "gcj02" if system == "gcj02" else "bd09"
    back = np.column_stack(datum.to_wgs84(degrees[:, 0], degrees[:, 1], datum=kind))
    move = (reference.to_plane(back) - here) * (-1.0 if undone else 1.0)
    some = np.random.default_rng(0).permutation(len(here))[:SAMPLE]
    now = _distance(here[some], tree)
    scales = np.array(MIXED_SCALES_M)
    apart = now > 2.0 * scales[:, None]
    count = apart.sum(axis=1).astype(np.float64)
    hits = _lone_hits(here[some] + move[some], tree, apart)
    rival = np.ones(len(scales))
    for turn in range(1, _TURNS):
        rival = np.maximum(rival, _lone_hits(here[some] + _turn(move[some], turn), tree, apart))
        if (hits <= rival).all():
            return None  # another move does as well
    odds = (hits / (count - hits + 1.0)) / (rival / np.maximum(count - rival + 1.0, 1.0))
    spread = np.sqrt(rival * np.maximum(1.0 - rival / np.maximum(count, 1.0), 0.0) + 1.0)
    strength = np.where(odds >= MIXED_ODDS * (1.5 if undone else 1.0), (hits - rival) / spread, 0.0)
    top = int(np.argmax(strength))
    best, scale_m, chance = float(strength[top]), MIXED_SCALES_M[top], rival[top] / len(some)
    if best < DEVIATIONS:
        return None
    lone = np.flatnonzero(_distance(here, tree) > 2.0 * scale_m)
    rows: NDArray[np.int64] = lone[_distance(here[lone] + move[lone], tree) < scale_m]
    shift_m = float(np.median(np.hypot(*move.T)))
    return best, rows, round(chance * len(here)), shift_m


def _lone_hits(
    plane: NDArray[np.float64], tree: shapely.STRtree, apart: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Count at each scale the positions on a line, of the rows that lie on none as they stand."""
    near = _distance(plane, tree) < np.array(MIXED_SCALES_M)[:, None]
    return np.asarray((near & apart).sum(axis=1), dtype=np.float64)


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
        ahead, behind = (_near(here + _turn(move, turn), tree) for turn in (0, _TURNS // 2))
        if not ((ahead > before).all() or (behind > before).all()):
            continue  # it fits best as it stands: nothing to compare with other moves
        turned = [
            before,
            *(
                ahead if turn == 0 else _near(here + _turn(move, turn), tree)
                for turn in range(_TURNS)
            ),
        ]
        for turn, culprit in ((0, name), (_TURNS // 2, other)):
            after = turned[turn + 1]
            rivals = np.max([near for i, near in enumerate(turned) if i != turn + 1], axis=0)
            strength = _strength(after, rivals, len(degrees))
            if strength < DEVIATIONS or (
                turn == 0 and name in _POINTS and _mixed(turned, len(degrees))
            ):
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


def _mixed(turned: list[NDArray[np.float64]], count: int) -> bool:
    """Whether rows fit as they stand, too, and not by chance: then they are not all shifted."""
    return _strength(turned[0], np.max(turned[2:], axis=0), count) >= DEVIATIONS


def _turn(move: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    angle = 2.0 * np.pi * turn / _TURNS
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(move @ np.array([[cos, sin], [-sin, cos]]))


def _distance(plane: NDArray[np.float64], tree: shapely.STRtree) -> NDArray[np.float64]:
    _, distance = tree.query_nearest(shapely.points(plane), return_distance=True, all_matches=False)
    return np.asarray(distance)


def _near(plane: NDArray[np.float64], tree: shapely.STRtree) -> NDArray[np.float64]:
    """Share of positions on the lines, at each scale."""
    distance = _distance(plane, tree)
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
