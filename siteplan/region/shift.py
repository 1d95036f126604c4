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
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import shapely

from siteplan.region import datum
from siteplan.region.fit import to_degrees
from siteplan.region.lines import (
    AGAINST,
    DEVIATIONS,
    FEWEST,
    SAMPLE,
    TURNS,
    distance_m,
    evidence,
    line_tree,
    on_line,
    turned,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.region.fit import Reference

MIXED_SCALES_M: Final = (15.0, 60.0, 200.0)
"""In mixed layers, how near a point must lie to stand on a line; twice as far it stands on none. [m]"""

MIXED_ODDS: Final = 2.0
"""In mixed layers, odds of lying on a line must grow at least by this factor over the best other move; by 1.5
times as much where the scenario says that the layer is shifted."""

_POINTS: Final = ("villages", "village_points", "venues", "sites", "poles")
_MOST_ROWS: Final = 200_000


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


_Found = TypeVar("_Found", Shift, Mixed)


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
    return _strongest(
        found
        for name, other, tree in _pairs(frames, reference, tuple(AGAINST))
        for found in _compare(name, other, _corners(frames[name]), tree, reference, declared)
    )


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
    return _strongest(
        found
        for name, other, tree in _pairs(frames, reference, _POINTS)
        for found in _mixtures(name, other, frames[name], tree, reference, declared)
    )


def _pairs(
    frames: Mapping[str, gpd.GeoDataFrame], reference: Reference, layers: Iterable[str]
) -> Iterator[tuple[str, str, shapely.STRtree]]:
    """Layers with enough corners, each with the layers on which these lie, and their lines."""
    trees: dict[str, shapely.STRtree] = {}
    for name in layers if reference.china else ():
        frame = frames.get(name)
        if frame is None or shapely.get_num_coordinates(frame.geometry.to_numpy()).sum() < FEWEST:
            continue
        for other in AGAINST[name]:
            if other not in frames:
                continue
            if other not in trees:
                trees[other] = line_tree(frames[other], reference, solid=other == "buildings")
            yield name, other, trees[other]


def _strongest(found: Iterable[tuple[float, _Found]]) -> list[_Found]:
    """Keep for each layer what has the strongest evidence."""
    best: dict[str, tuple[float, _Found]] = {}
    for strength, one in found:
        if strength > best.get(one.layer, (0.0,))[0]:
            best[one.layer] = (strength, one)
    return [one for _, one in best.values()]


def _mixtures(
    name: str,
    other: str,
    frame: gpd.GeoDataFrame,
    tree: shapely.STRtree,
    reference: Reference,
    declared: Mapping[str, str],
) -> Iterator[tuple[float, Mixed]]:
    """Systems in which some rows of a layer are, and how sure that is."""
    rows = frame.iloc[:: max(1, len(frame) // _MOST_ROWS)]
    undone = name in declared
    for system in datum.SHIFTED if not undone else (declared[name],):
        seen = _mixture(rows, tree, reference, system, undone=undone)
        if seen is None:
            continue
        strength, hits, chance, shift_m = seen
        yield (
            strength,
            Mixed(
                layer=name,
                against=other,
                datum="gcj02" if system == "gcj02" else "bd09",
                shift_m=shift_m,
                rows=tuple(map(str, rows["_row"].to_numpy()[hits])),
                chance=chance,
                undone=undone,
            ),
        )


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
    now = distance_m(here[some], tree)
    scales = np.array(MIXED_SCALES_M)
    apart = now > 2.0 * scales[:, None]
    count = apart.sum(axis=1).astype(np.float64)
    hits = _lone_hits(here[some] + move[some], tree, apart)
    rival = np.ones(len(scales))
    for turn in range(1, TURNS):
        rival = np.maximum(rival, _lone_hits(here[some] + turned(move[some], turn), tree, apart))
        if (hits <= rival).all():
            return None  # another move does as well
    odds = (hits / (count - hits + 1.0)) / (rival / np.maximum(count - rival + 1.0, 1.0))
    spread = np.sqrt(rival * np.maximum(1.0 - rival / np.maximum(count, 1.0), 0.0) + 1.0)
    strength = np.where(odds >= MIXED_ODDS * (1.5 if undone else 1.0), (hits - rival) / spread, 0.0)
    top = int(np.argmax(strength))
    best, scale_m, chance = float(strength[top]), MIXED_SCALES_M[top], rival[top] / len(some)
    if best < DEVIATIONS:
        return None
    lone = np.flatnonzero(distance_m(here, tree) > 2.0 * scale_m)
    rows: NDArray[np.int64] = lone[distance_m(here[lone] + move[lone], tree) < scale_m]
    shift_m = float(np.median(np.hypot(*move.T)))
    return best, rows, round(chance * len(here)), shift_m


def _lone_hits(
    plane: NDArray[np.float64], tree: shapely.STRtree, apart: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Count at each scale the positions on a line, of the rows that lie on none as they stand."""
    near = distance_m(plane, tree) < np.array(MIXED_SCALES_M)[:, None]
    return np.asarray((near & apart).sum(axis=1), dtype=np.float64)


def _corners(frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Longitude and latitude of some corners, spread over the layer."""
    geometry = frame.geometry.to_numpy()
    corners = shapely.get_coordinates(geometry[:: max(1, len(geometry) // (4 * SAMPLE))])
    corners = corners[np.isfinite(corners).all(axis=1)]
    picked = np.random.default_rng(0).permutation(len(corners))[:SAMPLE]
    convert = to_degrees(frame.crs)
    return np.column_stack(convert.transform(*corners[picked].T))


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
    before = on_line(here, tree)
    found: list[tuple[float, Shift]] = []
    for system in datum.SHIFTED:
        back = np.column_stack(datum.to_wgs84(degrees[:, 0], degrees[:, 1], datum=system))
        move = reference.to_plane(back) - here
        ahead, behind = (on_line(here + turned(move, turn), tree) for turn in (0, TURNS // 2))
        if not ((ahead > before).all() or (behind > before).all()):
            continue  # it fits best as it stands: nothing to compare with other moves
        shares = [
            before,
            *(
                ahead if turn == 0 else on_line(here + turned(move, turn), tree)
                for turn in range(TURNS)
            ),
        ]
        for turn, culprit in ((0, name), (TURNS // 2, other)):
            after = shares[turn + 1]
            rivals = np.max([near for i, near in enumerate(shares) if i != turn + 1], axis=0)
            strength = evidence(after, rivals, len(degrees))
            if strength < DEVIATIONS or (
                turn == 0 and name in _POINTS and _mixed(shares, len(degrees))
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


def _mixed(shares: list[NDArray[np.float64]], count: int) -> bool:
    """Whether rows fit as they stand, too, and not by chance: then they are not all shifted."""
    return evidence(shares[0], np.max(shares[2:], axis=0), count) >= DEVIATIONS
