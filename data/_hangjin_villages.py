"""Villages of Hangjin: real names of the administrative ones, everything else made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import _hangjin_places as places
import numpy as np
import pandas as pd
import shapely
from _common import SYNTHETIC, read_csv, stream
from _hangjin_setting import (
    ON_PLAIN,
    Setting,
    around,
    flags,
    frame,
    inside,
    nearest_m,
    nearest_road_m,
    pick,
    portions,
    random_points,
    xy,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from _hangjin_setting import Points
    from numpy.typing import NDArray

COMMITTEES: Final = 76
"""Villages and gacha in the statistical codes."""
NATURAL_VILLAGES: Final = 600
PEOPLE: Final = 110_824
"""Residents, Seventh National Population Census 2020, National Bureau of Statistics."""
URBAN_SHARE: Final = 0.6235
"""Share that lives in towns, the same census; the rest lives in the villages."""
REAL_VILLAGE: Final = "name and code: national statistical codes 2023; position: synthetic"
SCATTERED: Final = 0.85
"""Share of the natural villages of the steppe that lie anywhere in the township."""
MOSTLY_KNOWN: Final = 0.98
DIGITS: Final = "零一二三四五六七八九十"


def make_villages(setting: Setting, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Place real administrative villages and made-up natural ones.

    Parameters
    ----------
    setting : Setting
        The ground.
    roads : GeoDataFrame
        Roads with a name: villages lie along them.

    Returns
    -------
    villages : GeoDataFrame
        Columns of the layer.
    """
    administrative = _administrative(setting, roads)
    natural = _natural(setting, administrative)
    villages = pd.concat([administrative, natural], ignore_index=True)
    rng = stream("hangjin", "people")
    is_natural = (villages["kind"] == "natural").to_numpy()
    plain = setting.land.sample(setting.land.plain, xy(villages))
    weight = np.where(is_natural, 34.0, 210.0) * (0.75 + 0.6 * plain)
    weight = weight * rng.lognormal(0.0, np.where(is_natural, 0.75, 0.4))
    people = portions(weight, round(PEOPLE * (1.0 - URBAN_SHARE)), least=3)
    houses = np.maximum(1, np.round(people / rng.uniform(2.1, 2.9, len(people)))).astype(int)
    villages["population"] = people
    villages["households"] = [
        None if unknown else int(count)
        for count, unknown in zip(houses, rng.random(len(houses)) > MOSTLY_KNOWN, strict=True)
    ]
    remote = np.clip(nearest_road_m(roads, xy(villages)) / 6000.0, 0.0, 1.5)
    villages["poverty"] = flags(rng, 0.6 + remote, 0.12)
    strong = np.where(is_natural, 0.6 + 0.8 * remote, 0.15)
    villages["strong_demand"] = flags(rng, strong, 0.25 * NATURAL_VILLAGES / len(villages))
    dense = np.where(is_natural, (people / 34.0) ** 2.5, 0.3)
    villages["dense"] = flags(rng, dense, 0.2 * NATURAL_VILLAGES / len(villages))
    villages["fibre"] = _village_fibre(rng, is_natural)
    columns = ["id", "code", "name", "kind", "township", "population", "households"]
    columns += ["poverty", "strong_demand", "dense", "fibre", "origin", "geometry"]
    return villages[columns]


def _administrative(setting: Setting, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Real villages and gacha, each somewhere in its township."""
    table = read_csv("hangjin_villages.csv")
    table = table[table["kind"].isin(["village", "gacha"])].sort_values("code", ignore_index=True)
    spots: list[Points] = []
    for code, group in table.groupby("streetCode"):
        rng = stream("hangjin", "administrative", str(code))
        shape = setting.township_m[str(code)]
        ground = random_points(rng, shape, 6000)
        ground = ground[inside(setting, ground, 1500.0)]
        centre = setting.centres_m[str(code)]
        ground = ground[np.hypot(*(ground - centre).T) > places.TOWNS[str(code)].radius_m + 1200.0]
        plain = setting.land.sample(setting.land.plain, ground)
        dunes = setting.land.sample(setting.land.dunes, ground)
        road_m = nearest_road_m(roads, ground)
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
    return frame(rows, shapely.points(np.array(spots)))


def _first_apart(ground: Points, taken: list[Points], plain: NDArray[np.float64]) -> Points:
    """Pick the first place far enough from all that are taken; nearer on the plain."""
    if not taken:
        return ground[0]
    away = nearest_m(ground, np.array(taken))
    for ease in 0.85 ** np.arange(20):
        free = np.flatnonzero(away > ease * (7500.0 - 4500.0 * plain))
        if len(free):
            return ground[free[0]]
    raise RuntimeError("no room for a village")


def _natural(setting: Setting, administrative: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Made-up natural villages around the administrative ones."""
    rng = stream("hangjin", "natural")
    committees = xy(administrative)
    plain = setting.land.sample(setting.land.plain, committees)
    by_name = {town.name: setting.township_m[code] for code, town in places.TOWNS.items()}
    room = administrative["township"].map({name: shape.area for name, shape in by_name.items()})
    room = room / administrative.groupby("township")["id"].transform("count")
    share = (1.0 - 0.88 * plain) * room.to_numpy() ** 0.5
    numbers = portions(share * rng.uniform(0.6, 1.4, len(share)), NATURAL_VILLAGES, least=2)
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
    return frame(rows, shapely.points(np.array(spots)))


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
            ground = random_points(rng, shape, 8)
            if not len(ground):
                continue
            spot = ground[0]
        else:
            reach = np.exp(rng.normal(np.log(8000.0 - 5600.0 * flat), 0.4)) * 1.0005**attempt
            spot = around(rng, centre, 0.9 * reach, 1.1 * reach)
        plain, dunes, hollow_m = (
            float(land.sample(raster, spot)[0])
            for raster in (land.plain, land.dunes, land.hollow_m)
        )
        pasture_m = np.hypot(*(committees - spot).T).min()
        pasture = _logistic((hollow_m - 12.0) / 5.0) * _logistic((pasture_m - 6800.0) / 700.0)
        if (
            rng.random() < max(0.0 if scattered else plain, pasture) * (1.0 - 0.9 * dunes)
            and shapely.contains_xy(shape, *spot)
            and inside(setting, spot[None], 300.0)[0]
            and np.hypot(*(taken - spot).T).min() > 1300.0 - 700.0 * plain
        ):
            return spot
    raise RuntimeError("no room for a natural village")


def _logistic(value: float) -> float:
    return float(1.0 / (1.0 + np.exp(-value)))


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
        style = pick(rng.random(), ("team", 0.4), ("han", 0.4)) if flat > ON_PLAIN else None
        if style == "team":
            teams[owner] = teams.get(owner, 0) + 1
            names.append(f"{administrative['name'].iloc[owner]}{DIGITS[teams[owner]]}社")
        else:
            names.append(str((han if style == "han" else steppe).pop()))
    return names


def _village_fibre(rng: np.random.Generator, natural: NDArray[np.bool_]) -> list[bool | None]:
    """Nearly all administrative villages have fibre; of the natural ones much is unknown."""
    flags: list[bool | None] = [True] * len(natural)
    committees = rng.permutation(np.flatnonzero(~natural))
    for i, value in zip(committees, (False, False, None), strict=False):
        flags[i] = value
    for i in np.flatnonzero(natural):
        flags[i] = pick(rng.random(), (True, 0.45), (False, 0.25))
    return flags
