"""A small region made by hand, and the tools that every test file shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

if TYPE_CHECKING:
    from pathlib import Path

EAST, NORTH = 500_000.0, 4_400_000.0
"""South-west corner of the small region in EPSG:4545. [m]"""

WIDTH_M, HEIGHT_M = 12_000.0, 6_000.0

SCENARIO = """\
format = 1

[region]
name = "小旗"
name_en = "Small Banner"
code = "159999"

[grid]
resolution_m = 50.0

[layers.boundary]
path = "boundary.geojson"
[layers.terrain]
path = "terrain.tif"
[layers.villages]
path = "villages.csv"
crs = "EPSG:4490"
[layers.roads]
path = "roads.geojson"
[layers.sites]
path = "sites.csv"
crs = "EPSG:4490"
[layers.stations]
path = "stations.csv"

[targets]
document = "targets.toml"
years = [2021, 2022]

[radio]
macro_model = "tr38901-rma"
radius_m = 8000.0

[[networks]]
operator = "甲"
technology = "4G"
macro = "macro-lte900"

[selection]
time_limit_s = 10.0
"""

TARGETS = """\
title = "小旗4G覆盖目标"
issuer = "小旗人民政府"
date = "2021-01-01"
area_code = "159999"

[[rules]]
id = "S-V-2021"
year = 2021
technology = "4G"
kind = "coverage"
class = "village"
layer = "villages"
where = { kind = ["administrative"] }
zh = "行政村覆盖"
en = "administrative villages covered"

[[rules]]
id = "S-R-2022"
year = 2022
technology = "4G"
kind = "coverage"
class = "road"
layer = "roads"
any = ["important"]
zh = "重要道路覆盖"
en = "important roads covered"
"""


def lonlat(easting_m: float, northing_m: float) -> tuple[float, float]:
    """Degrees of a place given in metres from the south-west corner."""
    convert = Transformer.from_crs("EPSG:4545", "EPSG:4490", always_xy=True)
    longitude, latitude = convert.transform(EAST + easting_m, NORTH + northing_m)
    return round(longitude, 8), round(latitude, 8)


def feature(kind: str, coordinates: str, properties: str) -> str:
    """GeoJSON of one feature."""
    return (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        f'{properties}, "geometry": {{"type": "{kind}", "coordinates": {coordinates}}}}}]}}'
    )


def write_small_region(folder: Path) -> Path:
    """
    Write the small region: a rectangle, two villages, one road, one station, three candidates.

    Today's only station stands in the south-west; the second village lies 10 km east of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.toml").write_text(SCENARIO, encoding="utf-8")
    (folder / "targets.toml").write_text(TARGETS, encoding="utf-8")
    ring = [(0, 0), (WIDTH_M, 0), (WIDTH_M, HEIGHT_M), (0, HEIGHT_M), (0, 0)]
    corners = [list(lonlat(*corner)) for corner in ring]
    (folder / "boundary.geojson").write_text(
        feature("Polygon", f"[{corners}]", '{"name": "小旗"}'), encoding="utf-8"
    )
    road = [list(lonlat(x, 3000.0)) for x in (500.0, 6000.0, 11_500.0)]
    (folder / "roads.geojson").write_text(
        feature(
            "LineString", str(road), '{"name": "S1", "class": "provincial", "important": true}'
        ),
        encoding="utf-8",
    )
    _write_csv(
        folder / "villages.csv",
        "id,name,kind,population",
        [("v1,西村,administrative,800", 1500, 2000), ("v2,东村,administrative,500", 11_000, 4000)],
    )
    _write_csv(
        folder / "sites.csv",
        "id,name,kind,status,height_m",
        [
            ("a,西塔,tower,existing,40", 1000, 1500),
            ("b,中塔,new,candidate,40", 6000, 3500),
            ("c,东塔,new,candidate,40", 10_500, 3500),
            ("d,东楼,building,candidate,20", 11_100, 3900),
        ],
    )
    (folder / "stations.csv").write_text(
        "id,site_id,operator,technology,year_on_air\na1,a,甲,4G,2018\n", encoding="utf-8"
    )
    write_terrain(folder / "terrain.tif")
    return folder


def write_terrain(path: Path, *, crs: str | None = "EPSG:4545", ridge_m: float = 0.0) -> None:
    """Flat ground at 1200 m, 2 km wider than the region, with a ridge along the middle if asked."""
    step = 50.0
    rows, columns = int((HEIGHT_M + 4000) / step), int((WIDTH_M + 4000) / step)
    ground = np.full((rows, columns), 1200, dtype=np.int16)
    middle = columns // 2
    ground[:, middle - 2 : middle + 2] += np.int16(ridge_m)
    transform = from_origin(EAST - 2000.0, NORTH + HEIGHT_M + 2000.0, step, step)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=columns,
        count=1,
        dtype="int16",
        crs=crs,
        transform=transform,
        nodata=-32768,
    ) as raster:
        raster.write(ground, 1)


def _write_csv(path: Path, header: str, rows: list[tuple[str, float, float]]) -> None:
    lines = [f"{header},lon,lat"]
    for text, easting, northing in rows:
        longitude, latitude = lonlat(easting, northing)
        lines.append(f"{text},{longitude:.8f},{latitude:.8f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """Folder of the small region, to be changed by the test."""
    return write_small_region(tmp_path / "small")
