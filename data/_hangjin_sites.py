"""Sites of Hangjin, what stands on them today, and the poles of the county seat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import _hangjin_places as places
import numpy as np
import pandas as pd
import shapely
from _common import SYNTHETIC, stream
from _hangjin_land import hilltops
from _hangjin_setting import (
    CODE,
    KNOWN,
    ON_PLAIN,
    Setting,
    around,
    frame,
    nearest_m,
    nearest_road_m,
    pick,
    township_of,
    xy,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from _hangjin_setting import Points, Rows

MOBILE: Final = "中国移动"
SHARED: Final = "电联共享"
TOWER_COMPANY: Final = "中国铁塔"
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
"""Roads with more of their length lit than this serve the villages beside them."""
DARK_COMMITTEES: Final = 5
"""Committees without any site, those farthest from such roads."""
DARK_RADIUS_M: Final = 8000.0
"""No road site stands nearer to them. [m]"""
UNAVAILABLE: Final = 24
"""Candidates by roads that cannot be had."""
TALL_SHARE: Final = 0.25
"""Share of new towers that are 45 m high instead of 35 m."""
REMOTE_KM: Final = 1.5
"""From here on a site's way, power and cable are costed. [km]"""
CORE_SITES: Final = 5
"""Sites nearest to the centre of the seat, which carry 5G of 中国移动 already."""
SHARED_5G: Final = 0.6
"""Share of them that carry 5G of 电联共享 too."""
SHARES_4G: Final = {
    (MOBILE, True): 0.98,
    (MOBILE, False): 0.93,
    (SHARED, True): 0.9,
    (SHARED, False): 0.5,
}
"""Share of the sites that carry 4G, by network and whether in a town."""


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


def existing_sites(
    setting: Setting,
    roads: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """
    Place the sites of today: towns, parks, most committees, stretches of the roads.

    Parameters
    ----------
    setting : Setting
        The ground.
    roads, villages, zones : GeoDataFrame
        What the sites serve.

    Returns
    -------
    sites : GeoDataFrame
        Columns of the layer without ``tenants``, and ``place``, what the site serves.
    """
    rng = stream("hangjin", "existing")
    sites = _site_list(setting)
    for code, town in places.TOWNS.items():
        count = 0
        while count < town.sites:
            kind = rng.choice(["tower", "rooftop", "building"], p=[0.4, 0.52, 0.08])
            spot = around(rng, setting.centres_m[code], 0.0, town.radius_m)
            name = f"{town.short}{STREET_WORDS[count % len(STREET_WORDS)]}{count + 1:02d}基站"
            count += sites.add(spot, apart_m=280.0, kind=str(kind), name=name, place="town")
    for plan, shape in zip(places.ZONES, zones.geometry, strict=False):
        for i in range(plan.sites):
            spot = shapely.get_coordinates(shape.centroid)[0] + rng.normal(0.0, 350.0, 2)
            sites.add(
                spot, apart_m=200.0, kind="tower", name=f"{plan.name}{i + 1}号基站", place="zone"
            )
    committees = villages[villages["kind"] == "administrative"]
    road_m = nearest_road_m(roads[roads["lit"] > MOSTLY_LIT], xy(committees))
    without = np.zeros(len(committees), dtype=bool)
    without[np.argsort(-road_m, kind="stable")[:DARK_COMMITTEES]] = True
    dark = xy(committees[without])
    for _, road in roads.iterrows():
        spots = _road_spots(rng, road, every_m=7500.0, share=road["lit"])
        spots = [spot for spot in spots if nearest_m(spot[1], dark)[0] > DARK_RADIUS_M]
        if road["important"] is True:
            # nothing new may be built in the reserve: what covers its roads stands already
            more = _road_spots(rng, road, every_m=5500.0, share=1.0)
            spots += [spot for spot in more if shapely.contains_xy(setting.reserve_m, *spot[1])]
        for chainage_m, spot in spots:
            name = f"{_short(road)}K{chainage_m / 1e3:.0f}基站"
            sites.add(spot, apart_m=4200.0, kind="tower", name=name, place="road")
    _village_towers(setting, rng, sites, committees[~without], on_steppe_m=4500.0)
    dense = villages[(villages["kind"] == "natural") & villages["dense"]]
    flat = setting.land.sample(setting.land.plain, xy(dense)) > ON_PLAIN
    _village_towers(setting, rng, sites, dense[flat], on_steppe_m=4500.0)
    return _finish_existing(setting, rng, sites)


def _short(road: pd.Series) -> str:
    """Short name of a road: its number, or what stands before the bracket."""
    return str(road["name"]).split(" ", maxsplit=1)[0].split("（", maxsplit=1)[0]


def _village_towers(
    setting: Setting,
    rng: np.random.Generator,
    sites: SiteList,
    villages: gpd.GeoDataFrame,
    *,
    on_steppe_m: float,
) -> None:
    """Put a tower at each village that has no site near; on the steppe one serves a wide area."""
    plain = setting.land.sample(setting.land.plain, xy(villages))
    for (_, village), flat in zip(villages.iterrows(), plain, strict=True):
        centre = shapely.get_coordinates(village.geometry)[0]
        near_m = on_steppe_m + flat * (1500.0 - on_steppe_m)
        if nearest_m(centre, np.array(sites.points))[0] > near_m:
            spot = around(rng, centre, 100.0, 700.0)
            name = f"{village['name']}基站"
            sites.add(spot, apart_m=900.0, kind="tower", name=name, place="village")


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
    townships = township_of(setting, points)
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
                "owner": pick(draw[0], (TOWER_COMPANY, 0.86), (MOBILE, 0.14)),
                "power": pick(draw[1], ("direct", 0.68), ("resold", 0.2)),
                "fibre": pick(draw[2], (True, 0.82), (False, 0.06)),
                "cost_cny": None,
                "township": pick(draw[3], (township, 0.93)),
                "origin": SYNTHETIC,
                "place": place,
            }
        )
    return frame(rows, shapely.points(points))


def candidate_sites(
    setting: Setting,
    roads: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    existing: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """
    Place sites that could be opened: in zones, by roads and villages, on hilltops.

    Parameters
    ----------
    setting : Setting
        The ground.
    roads, villages, zones : GeoDataFrame
        What the sites would serve.
    existing : GeoDataFrame
        Sites of today; candidates keep away from them.

    Returns
    -------
    sites : GeoDataFrame
        As :func:`existing_sites` makes them.
    """
    rng = stream("hangjin", "candidates")
    sites = _site_list(setting)
    sites.points = [*xy(existing)]
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
                place="zone",
            )
    for _, village in villages[villages["kind"] == "administrative"].iterrows():
        spot = around(rng, shapely.get_coordinates(village.geometry)[0], 25.0, 80.0)
        name = f"{village['name']}委员会楼顶"
        sites.add(spot, apart_m=60.0, kind="building", name=name, place="village")
    for _, road in roads.iterrows():
        for chainage_m, spot in _road_spots(rng, road, every_m=3000.0, share=1.0):
            name = f"{_short(road)}K{chainage_m / 1e3:.0f}备选"
            sites.add(spot, apart_m=1000.0, kind="new", name=name, place="road")
    for _, village in villages[villages["kind"] == "natural"].iterrows():
        centre = shapely.get_coordinates(village.geometry)[0]
        spots = [around(rng, centre, 150.0, 900.0) for _ in range(8)]
        spot = next(filter(sites.inside, spots), centre)  # a village may lie by the outline
        name = f"{village['name']}备选"
        sites.add(spot, apart_m=700.0, kind="new", name=name, place="village")
    for i, spot in enumerate(hilltops(setting.land, apart_m=5500.0)):
        name = f"高点{i + 1}备选"
        sites.add(spot, apart_m=1800.0, kind="new", name=name, place="hilltop")
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
    road_m = nearest_road_m(roads, points)
    heights = {"rooftop": (18, 30), "building": (12, 20)}
    by_road = [i for i, site in enumerate(sites.rows) if site["place"] == "road"]
    unavailable = set(rng.choice(by_road, UNAVAILABLE, replace=False).tolist())
    rows: Rows = []
    for i, (site, township) in enumerate(
        zip(sites.rows, township_of(setting, points), strict=True)
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
                "power": pick(draw[0], ("direct", 0.3), ("resold", 0.1)) if kind != "new" else None,
                "fibre": pick(draw[1], (True, 0.5), (False, 0.2)) if kind != "new" else None,
                "cost_cny": _remote_cost_cny(remote_km) if remote_km > REMOTE_KM else None,
                "township": township,
                "origin": SYNTHETIC,
                "place": site["place"],
            }
        )
    return frame(rows, shapely.points(points))


def _remote_cost_cny(remote_km: float) -> float:
    """Tower of the catalogue, and a way, a power line and a cable of 75,000 yuan a kilometre."""
    return round(183e3 + 75e3 * remote_km, -3)


def make_stations(existing: gpd.GeoDataFrame, seat_m: Points) -> pd.DataFrame:
    """
    Hang 4G on most sites, and the first 5G in the core of the seat.

    Parameters
    ----------
    existing : GeoDataFrame
        Sites of today.
    seat_m : ndarray, (2,)
        Centre of the county seat. [m]

    Returns
    -------
    stations : DataFrame
        Columns of the layer.
    """
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

    away = np.hypot(*(xy(existing) - seat_m).T)
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


def _year(rng: np.random.Generator, *, town: bool) -> int | None:
    """Year on air: towns first; a few unknown, a few after the first plan year."""
    early = int(rng.integers(2014, 2018) if town else rng.integers(2015, 2020))
    return pick(rng.random(), (2021, 0.03), (2020, 0.09), (early, 0.84))


def tenants_of(sites: gpd.GeoDataFrame, stations: pd.DataFrame) -> list[int | None]:
    """
    Count the networks on each existing site, blank in some rows.

    Parameters
    ----------
    sites : GeoDataFrame
        All sites.
    stations : DataFrame
        All stations.

    Returns
    -------
    tenants : list of int or None
        One for each site.
    """
    rng = stream("hangjin", "tenants")
    count = stations.groupby("site_id")["operator"].nunique()
    tenants: list[int | None] = []
    for site, status in zip(sites["id"], sites["status"], strict=True):
        known = status == "existing" and rng.random() < KNOWN
        tenants.append(int(count.get(site, 0)) if known else None)
    return tenants


def make_poles(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Set lamp poles along the streets of the county seat, monitoring poles at crossings.

    Parameters
    ----------
    streets : GeoDataFrame
        Streets of the county seat. [m]

    Returns
    -------
    poles : GeoDataFrame
        Columns of the layer.
    """
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
    return frame(rows, shapely.points(np.array(points)))
