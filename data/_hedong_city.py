"""
The city of Hedong: streets, parcels and buildings, drawn from a seed.

Street grids of several directions meet at hand-drawn seams: one follows the river, others lie north
of the railway, in the middle and in the south-east. Blocks are cut again until they have the size
of real ones. Only the outline is real; see ``hedong/README.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from _common import stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

HOMES: Final = ("slabs", "mixed", "towers")
"""Uses of parcels where people live."""

RAIL_HALF_WIDTH_M: Final = 28.0
"""Half the width of the railway land. [m]"""

# Seams between the quarters: easting, northing. The ends lie outside so that they cut the outline.
_RIVERSIDE: Final = (
    (518_700, 4_335_400),
    (518_950, 4_334_100),
    (519_500, 4_332_900),
    (520_700, 4_331_500),
    (521_700, 4_330_000),
    (522_500, 4_328_900),
    (523_700, 4_328_000),
)
_RAILWAY: Final = (
    (516_500, 4_334_050),
    (518_000, 4_334_220),
    (519_600, 4_334_000),
    (521_300, 4_334_150),
    (522_900, 4_334_000),
    (524_800, 4_333_350),
)
_EXPRESSWAY: Final = (
    (522_650, 4_336_900),
    (522_500, 4_335_000),
    (522_350, 4_333_300),
    (522_000, 4_332_000),
    (522_350, 4_330_600),
    (523_150, 4_329_300),
    (523_500, 4_327_700),
)
_ANCHORS: Final = (  # easting and northing of a place in a quarter, direction of its streets [deg]
    (518_900, 4_331_900, -50.0),
    (520_600, 4_332_600, 7.0),
    (521_000, 4_335_000, -4.0),
    (523_400, 4_334_900, -10.0),
    (523_300, 4_333_400, 3.0),
    (522_600, 4_331_300, 12.0),
    (524_700, 4_329_200, 18.0),
)
_CENTRES: Final = (
    (518_400, 4_333_300),
    (521_300, 4_331_900),
    (519_900, 4_330_900),
)  # shops gather here
_WORKS: Final = ((525_000, 4_329_100), (523_300, 4_335_700))  # and works here

_ARTERIAL_SPACING_M: Final = (430.0, 590.0)
_PARCEL_M2: Final = 88_000.0
_LANE_PARCEL_M2: Final = 52_000.0
_LEAST_PARCEL_M2: Final = 4_000.0
_PARK_M2: Final = (60_000.0, 260_000.0)
_PARK_CHANCE: Final = 0.06
_SHORTEST_STREET_M: Final = 20.0
_STEP_M: Final = 60.0  # between corners of a curved street
_SETBACK_M: Final = 14.0  # from the middle of a street to the wall of a house
_STEEPEST_ROW_DEG: Final = 22.0  # houses face south as far as the street allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """
    One street.

    Attributes
    ----------
    line : LineString
        Its middle. [m]
    kind : str
        ``expressway``, ``arterial``, ``street`` or ``lane``.
    direction : str
        ``along`` or ``across`` the grid: streets of one direction are called 路, of the other 道.
    """

    line: shapely.LineString
    kind: str
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """
    Land between streets with one use.

    Attributes
    ----------
    shape : Polygon
        To the middle of the streets around it. [m]
    use : str
        ``slabs``, ``mixed``, ``towers`` (homes of about 6, 18 and 33 storeys), ``commercial``,
        ``industrial``, ``education``, ``medical``, ``public`` or ``green``.
    angle_deg : float
        Direction of the streets around it. [deg]
    """

    shape: shapely.Polygon
    use: str
    angle_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """
    One building.

    Attributes
    ----------
    shape : Polygon
        Its outline. [m]
    levels : int
        Storeys above ground.
    height_m : float
        Height above ground. [m]
    use : str
        As the parcel's.
    parcel : int
        Number of its parcel.
    """

    shape: shapely.Polygon
    levels: int
    height_m: float
    use: str
    parcel: int


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """
    All of it.

    Attributes
    ----------
    roads : tuple of Road
        Streets.
    parcels : tuple of Parcel
        Land between them.
    buildings : tuple of Building
        Buildings on it.
    railway : Polygon or MultiPolygon
        Railway land. [m]
    """

    roads: tuple[Road, ...]
    parcels: tuple[Parcel, ...]
    buildings: tuple[Building, ...]
    railway: BaseGeometry


def draw_city(outline: shapely.Polygon) -> City:
    """
    Draw streets, parcels and buildings.

    Parameters
    ----------
    outline : Polygon
        Outline of the district. [m]

    Returns
    -------
    city : City
        The same for the same outline.
    """
    inner = outline.buffer(-4.0)
    railway = _curve(_RAILWAY).buffer(RAIL_HALF_WIDTH_M, cap_style="flat").intersection(inner)
    seams = [_curve(seam) for seam in (_RIVERSIDE, _RAILWAY, _EXPRESSWAY)]
    roads = [
        Road(line=line, kind=kind, direction=direction)
        for kind, direction, seam in (
            ("arterial", "along", seams[0]),
            ("expressway", "along", seams[2]),
        )
        for line in _lines(seam.intersection(inner))
    ]
    blocks: list[tuple[shapely.Polygon, float]] = []
    quarters = [
        face
        for face in _faces([inner.exterior, *seams])
        if face.intersection(inner).area > 0.5 * face.area
    ]
    for number, quarter in enumerate(quarters):
        angle = _angle_of(quarter)
        arterials = _arterials(quarter, angle, stream("hedong", "arterials", number))
        roads += arterials
        faces = _faces([quarter.exterior, *(road.line for road in arterials)])
        blocks += [
            (face, angle)
            for shape in faces
            for face in _polygons(shape.difference(railway))
            if face.area > _LEAST_PARCEL_M2
        ]
    parcels: list[Parcel] = []
    for number, (block, angle) in enumerate(blocks):
        rng = stream("hedong", "block", number)
        if _PARK_M2[0] < block.area < _PARK_M2[1] and rng.random() < _PARK_CHANCE:
            parcels.append(Parcel(shape=block, use="green", angle_deg=angle))
            continue
        pieces, streets = _cut(block, _PARCEL_M2, "street", rng)
        roads += streets
        for piece in pieces:
            use = _use_of(piece, rng)
            parcels.append(Parcel(shape=piece, use=use, angle_deg=angle))
            if use in HOMES and piece.area > _LANE_PARCEL_M2:
                roads += _cut(piece, _LANE_PARCEL_M2, "lane", rng)[1]
    roads = [
        Road(line=line, kind=road.kind, direction=road.direction)
        for road in roads
        for line in _beside(road, railway)
    ]
    buildings = _buildings(parcels, [road.line for road in roads if road.kind == "lane"])
    return City(
        roads=tuple(roads), parcels=tuple(parcels), buildings=tuple(buildings), railway=railway
    )


def _beside(road: Road, railway: BaseGeometry) -> list[shapely.LineString]:
    """Street without what lies on railway land, which the expressway alone crosses."""
    if road.kind == "expressway":
        return [road.line]
    return [
        line for line in _lines(road.line.difference(railway)) if line.length > _SHORTEST_STREET_M
    ]


def _curve(corners: Sequence[tuple[float, float]]) -> shapely.LineString:
    """Round the corners of a hand-drawn line by cutting them twice (Chaikin)."""
    points = np.asarray(corners, dtype=np.float64)
    for _ in range(2):
        near = 0.75 * points[:-1] + 0.25 * points[1:]
        far = 0.25 * points[:-1] + 0.75 * points[1:]
        middle = np.stack([near, far], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], middle, points[-1:]])
    return shapely.LineString(points)


def _lines(shape: BaseGeometry) -> list[shapely.LineString]:
    parts = [
        part
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.LineString) and not part.is_empty
    ]
    return sorted(parts, key=_place)


def _polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    parts = [
        part
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.Polygon) and not part.is_empty
    ]
    return sorted(parts, key=_place)


def _place(shape: BaseGeometry) -> tuple[float, float]:
    """Order that does not depend on how the geometry library numbers parts."""
    point = shape.centroid
    return round(point.y, 1), round(point.x, 1)


def _faces(lines: Iterable[shapely.LineString]) -> list[shapely.Polygon]:
    faces = shapely.polygonize(shapely.get_parts(shapely.union_all(list(lines))))
    return _polygons(faces)


def _angle_of(quarter: shapely.Polygon) -> float:
    point = quarter.representative_point()
    distances = [np.hypot(point.x - x, point.y - y) for x, y, _ in _ANCHORS]
    return _ANCHORS[int(np.argmin(distances))][2]


def _warp(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift points by long waves, so that streets bend a little and neighbours bend alike."""
    x, y = points[:, 0] / 1000.0, points[:, 1] / 1000.0
    east = 55.0 * np.sin(1.9 * y + 0.6 * x) + 30.0 * np.sin(3.1 * x + 1.0)
    north = 50.0 * np.sin(1.7 * x - 0.5 * y) + 25.0 * np.sin(3.7 * y + 2.0)
    return points + np.stack([east, north], axis=1)


def _arterials(quarter: shapely.Polygon, angle_deg: float, rng: np.random.Generator) -> list[Road]:
    """Through roads of a quarter: two families of lines about 500 m apart."""
    centre = np.array([quarter.centroid.x, quarter.centroid.y])
    radius = float(np.hypot(*(np.subtract(quarter.bounds[2:], quarter.bounds[:2])))) / 2.0
    steps = np.arange(-radius, radius + _STEP_M, _STEP_M)
    angle = np.radians(angle_deg)
    roads = []
    for direction, turn in (("along", 0.0), ("across", np.pi / 2.0)):
        heading = np.array([np.cos(angle + turn), np.sin(angle + turn)])
        aside = np.array([-heading[1], heading[0]])
        offset = -radius + rng.uniform(0.0, _ARTERIAL_SPACING_M[1])
        while offset < radius:
            points = _warp(centre + steps[:, None] * heading + offset * aside)
            cut = shapely.LineString(points).intersection(quarter)
            roads += [
                Road(line=line.simplify(0.5), kind="arterial", direction=direction)
                for line in _lines(cut)
                if line.length > _ARTERIAL_SPACING_M[0] / 2.0
            ]
            offset += rng.uniform(*_ARTERIAL_SPACING_M)
    return roads


def _cut(
    block: shapely.Polygon, largest_m2: float, kind: str, rng: np.random.Generator
) -> tuple[list[shapely.Polygon], list[Road]]:
    """Cut a block across its longer side until no piece is larger; also the streets this makes."""
    if block.area <= largest_m2:
        return [block], []
    corners = shapely.get_coordinates(block.minimum_rotated_rectangle)[:4]
    sides = [(b - a) for a, b in pairwise([*corners, corners[0]])]
    longest = max(range(2), key=lambda i: float(np.hypot(*sides[i])))
    share = rng.uniform(0.43, 0.57)
    start = corners[longest] + share * sides[longest]
    tilt = np.radians(rng.uniform(-3.0, 3.0))
    across = sides[1 - longest] if longest == 0 else -sides[0]
    turned = np.array(
        [
            np.cos(tilt) * across[0] - np.sin(tilt) * across[1],
            np.sin(tilt) * across[0] + np.cos(tilt) * across[1],
        ]
    )
    knife = shapely.LineString([start - 0.5 * turned, start + 1.5 * turned])
    pieces = _polygons(shapely.ops.split(block, knife))
    direction = "across" if abs(across[1]) > abs(across[0]) else "along"
    roads = [
        Road(line=line, kind=kind, direction=direction)
        for line in _lines(knife.intersection(block))
    ]
    result = []
    for piece in pieces:
        smaller, more = _cut(piece, largest_m2, kind, rng)
        result += smaller
        roads += more
    return result, roads


def _use_of(parcel: shapely.Polygon, rng: np.random.Generator) -> str:
    """Use of a parcel: by chance, with shops near the centres and works near the works."""
    place = np.array([parcel.centroid.x, parcel.centroid.y])

    def nearness(places: Sequence[tuple[float, float]], reach_m: float) -> float:
        distance = min(float(np.hypot(*(place - np.array(p)))) for p in places)
        return float(np.exp(-((distance / reach_m) ** 2)))

    shops, works = nearness(_CENTRES, 750.0), nearness(_WORKS, 1300.0)
    weights = {
        "slabs": 0.34 * (1.0 - 0.5 * shops) * (1.0 - 0.7 * works),
        "mixed": 0.16 * (1.0 - 0.7 * works),
        "towers": 0.10 * (1.0 + shops) * (1.0 - 0.8 * works),
        "commercial": 0.08 + 0.45 * shops,
        "industrial": 0.015 + 0.5 * works,
        "education": 0.07,
        "medical": 0.016,
        "public": 0.05,
        "green": 0.05,
    }
    chances = np.array(list(weights.values()))
    return str(rng.choice(list(weights), p=chances / chances.sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """How houses of one kind stand in rows."""

    length_m: tuple[float, float]
    depth_m: tuple[float, float]
    aside_m: tuple[float, float]
    behind_m: tuple[float, float]
    levels: tuple[int, int]
    storey_m: float
    kept: float


_ROWS: Final = {
    "slabs": _Row(
        length_m=(40.0, 58.0),
        depth_m=(10.5, 12.5),
        aside_m=(7.0, 10.0),
        behind_m=(15.0, 20.0),
        levels=(5, 7),
        storey_m=2.85,
        kept=0.93,
    ),
    "mixed": _Row(
        length_m=(28.0, 42.0),
        depth_m=(14.0, 17.0),
        aside_m=(13.0, 19.0),
        behind_m=(29.0, 38.0),
        levels=(11, 18),
        storey_m=2.9,
        kept=0.92,
    ),
    "towers": _Row(
        length_m=(24.0, 32.0),
        depth_m=(17.0, 21.0),
        aside_m=(20.0, 28.0),
        behind_m=(42.0, 56.0),
        levels=(24, 33),
        storey_m=2.95,
        kept=0.92,
    ),
    "commercial": _Row(
        length_m=(32.0, 62.0),
        depth_m=(25.0, 45.0),
        aside_m=(12.0, 20.0),
        behind_m=(14.0, 22.0),
        levels=(3, 28),
        storey_m=4.1,
        kept=0.85,
    ),
    "industrial": _Row(
        length_m=(45.0, 80.0),
        depth_m=(22.0, 36.0),
        aside_m=(10.0, 18.0),
        behind_m=(10.0, 18.0),
        levels=(1, 2),
        storey_m=6.5,
        kept=0.88,
    ),
    "education": _Row(
        length_m=(45.0, 65.0),
        depth_m=(14.0, 18.0),
        aside_m=(22.0, 40.0),
        behind_m=(24.0, 38.0),
        levels=(3, 6),
        storey_m=3.7,
        kept=0.6,
    ),
    "medical": _Row(
        length_m=(45.0, 65.0),
        depth_m=(18.0, 26.0),
        aside_m=(16.0, 26.0),
        behind_m=(22.0, 32.0),
        levels=(5, 16),
        storey_m=3.8,
        kept=0.75,
    ),
    "public": _Row(
        length_m=(32.0, 50.0),
        depth_m=(15.0, 22.0),
        aside_m=(14.0, 26.0),
        behind_m=(20.0, 32.0),
        levels=(4, 12),
        storey_m=3.6,
        kept=0.75,
    ),
}


def _buildings(parcels: Sequence[Parcel], lanes: Sequence[shapely.LineString]) -> list[Building]:
    lane_land = shapely.union_all([lane.buffer(7.0) for lane in lanes])
    shapely.prepare(lane_land)
    buildings = []
    for number, parcel in enumerate(parcels):
        if parcel.use not in _ROWS:
            continue
        row, rng = _ROWS[parcel.use], stream("hedong", "buildings", number)
        land = parcel.shape.buffer(-_SETBACK_M)
        if land.is_empty:
            continue
        boxes = _stand_in_rows(land, row, _row_angle(parcel.angle_deg), rng)
        boxes = boxes[~shapely.intersects(lane_land, boxes)]
        common = int(rng.integers(row.levels[0], row.levels[1] + 1))
        for box in boxes:
            levels = _levels_of(parcel.use, row, common, rng)
            height = levels * row.storey_m + rng.uniform(0.3, 1.5)
            buildings.append(
                Building(
                    shape=box,
                    levels=levels,
                    height_m=round(float(height), 1),
                    use=parcel.use,
                    parcel=number,
                )
            )
    return buildings


def _levels_of(use: str, row: _Row, common: int, rng: np.random.Generator) -> int:
    """Storeys: of homes nearly the same in a compound, of shops mostly few and sometimes many."""
    low, high = row.levels
    if use == "commercial":
        return int(np.clip(round(rng.lognormal(np.log(6.0), 0.65)), low, high))
    return int(np.clip(common + rng.integers(-1, 2), low, high))


def _row_angle(angle_deg: float) -> float:
    folded = (angle_deg + 45.0) % 90.0 - 45.0
    return float(np.clip(folded, -_STEEPEST_ROW_DEG, _STEEPEST_ROW_DEG))


def _stand_in_rows(
    land: BaseGeometry, row: _Row, angle_deg: float, rng: np.random.Generator
) -> NDArray[np.object_]:
    """Houses in rows that lie wholly on the land."""
    centre = land.centroid
    level = shapely.affinity.rotate(land, -angle_deg, origin=centre)
    west, south, east, north = level.bounds
    length, depth = rng.uniform(*row.length_m), rng.uniform(*row.depth_m)
    aside, behind = rng.uniform(*row.aside_m), rng.uniform(*row.behind_m)
    boxes = []
    y = south + rng.uniform(0.0, 6.0)
    while y + depth <= north:
        x = west + rng.uniform(0.0, 14.0)
        while x + length <= east:
            wide = length * rng.uniform(0.86, 1.0)
            if rng.random() < row.kept:
                boxes.append(shapely.box(x, y, x + wide, y + depth))
            x += length + aside
        y += depth + behind
    if not boxes:
        return np.array([], dtype=object)
    shapely.prepare(level)
    inside = [box for box in boxes if level.covers(box)]
    turned = [shapely.affinity.rotate(box, angle_deg, origin=centre) for box in inside]
    return np.array(turned, dtype=object)
