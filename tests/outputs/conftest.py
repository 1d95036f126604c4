"""Plans made once for all tests of the outputs: an ordinary one, and one full of hostile text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

import siteplan
from siteplan.outputs.atlas import draw_atlas
from tests.conftest import lonlat, write_small_region

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siteplan.outputs.atlas import Atlas
    from siteplan.outputs.options import OutputOptions
    from siteplan.plan import Plan

CODE_18 = "150625000000000123"
"""Site code of 18 digits: a spreadsheet that took it for a number would lose the last three."""

LONG_NAME = "很长的村名" * 8000
"""More characters than a cell of a workbook holds."""

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "<script>alert('x')</script></td>",
    'first line\nsecond line, "quoted"\r\nthird',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "-2+3+cmd|' /C calc'!A0",
    "＝1+1",
    "😀 emoji 🗼",
    LONG_NAME,
)
"""Names that spreadsheets, browsers and parsers have been broken with."""

RULES = """
[[rules]]
id = "S-A-2022"
year = 2022
technology = "5G"
kind = "coverage"
class = "area"
layer = "zones"
where = { kind = ["built_up", "industrial_park", "scenic_area"] }
zh = "建成区、园区和景区5G覆盖"
en = "built-up areas, parks and scenic areas covered"

[[rules]]
id = "S-F"
technology = "4G"
kind = "coverage"
class = "village"
layer = "villages"
attributes = ["fibre"]
zh = "通4G且通光纤"
en = "covered, and fibre to each"

[[rules]]
id = "S-N-2022"
year = 2022
technology = "5G"
kind = "station_count"
required = 6
zh = "5G基站数"
en = "number of 5G stations"

[[rules]]
id = "S-U"
technology = "5G"
kind = "reuse_share"
strict = false
zh = "利用存量资源占比"
en = "share of reused structures"
"""

NETWORKS = """
[[networks]]
operator = "乙"
technology = "5G"
macro = "macro-nr3500"
micro = "micro-nr3500"

[selection]
"""


def write_rich_region(folder: Path, names: tuple[str, ...] = ()) -> Path:
    """
    Write the small region with townships, zones, poles, side roads and a second network.

    One zone lies behind high walls, so that a gap remains, and the terrain has a hole. `names` replace
    those of sites, villages and zones, in this order.
    """
    write_small_region(folder)
    given = iter(names)

    def name(plain: str) -> str:
        text = next(given, plain)
        return '"' + text.replace('"', '""') + '"'

    def degrees(easting_m: float, northing_m: float) -> list[float]:
        return list(lonlat(easting_m, northing_m))

    def square(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
        corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return [[degrees(*corner) for corner in corners]]

    def rows(header: str, lines: list[tuple[str, float, float]]) -> str:
        placed = [f"{text},{','.join(str(d) for d in degrees(x, y))}" for text, x, y in lines]
        return "\n".join([header, *placed]) + "\n"

    sites = [
        (f"a,{name('西塔')},tower,existing,40,甲,,true", 1000, 1500),
        (f"{CODE_18},{name('中塔')},new,candidate,40,,direct,false", 6000, 3500),
        (f"c,{name('东塔')},new,candidate,40,,resold,", 10_500, 3500),
        (f"d,{name('东楼')},building,candidate,20,,,", 11_100, 3900),
        (f"p1,{name('杆一')},lamp_pole,candidate,9,,,", 10_900, 4300),
        (f"p2,{name('杆二')},lamp_pole,candidate,9,,,", 2000, 2000),
    ]
    villages = [
        (f"v1,{name('西村')},administrative,800,true", 1500, 2000),
        (f"v2,{name('东村')},administrative,500,false", 11_000, 4000),
        (f"v3,{name('北村')},natural,,", 6100, 5800),
    ]
    _write(
        folder / "sites.csv", rows("id,name,kind,status,height_m,owner,power,fibre,lon,lat", sites)
    )
    _write(folder / "villages.csv", rows("id,name,kind,population,fibre,lon,lat", villages))
    zones = [
        {"id": "z1", "name": next(given, "东区"), "kind": "built_up"},
        {"id": "z2", "name": next(given, "园区"), "kind": "industrial_park"},
        {"id": "z3", "name": "景区", "kind": "scenic_area"},
    ]
    shapes = [
        square(10_600, 3600, 11_400, 4400),
        square(1600, 1600, 2400, 2400),
        square(200, 5200, 1000, 5900),
    ]
    _write_features(folder / "zones.geojson", "Polygon", zones, shapes)
    halves = [{"code": "159999001", "name": "西镇"}, {"code": "159999002", "name": "东镇"}]
    squares = [square(0, 0, 6000, 6000), square(6000, 0, 12_000, 6000)]
    _write_features(folder / "townships.geojson", "Polygon", halves, squares)
    pieces = [
        ({"name": "S1", "class": "provincial", "important": True}, (500, 3000, 6000, 3000)),
        ({"name": "S1", "class": "provincial", "important": True}, (6000, 3000, 11_500, 3000)),
        ({"name": "S1", "class": "county", "important": False}, (6000, 3000, 6000, 1000)),
        ({"class": "township", "important": False}, (3000, 500, 4000, 500)),
    ]
    ends = [[degrees(*line[:2]), degrees(*line[2:])] for _, line in pieces]
    _write_features(
        folder / "roads.geojson", "LineString", [properties for properties, _ in pieces], ends
    )
    _write(
        folder / "stations.csv",
        "id,site_id,operator,technology,year_on_air\na1,a,甲,4G,\n",
    )
    scenario = (folder / "scenario.toml").read_text(encoding="utf-8")
    scenario = scenario.replace("[selection]\n", NETWORKS)
    for layer in ("zones", "townships"):
        entry = f'[layers.{layer}]\npath = "{layer}.geojson"\n'
        scenario = scenario.replace("[layers.terrain]", f"{entry}[layers.terrain]")
    _write(folder / "scenario.toml", scenario)
    targets = (folder / "targets.toml").read_text(encoding="utf-8")
    _write(folder / "targets.toml", targets + RULES)
    with rasterio.open(folder / "terrain.tif", "r+") as terrain:
        hole = Window(150, 45, 30, 20)
        terrain.write(np.full((20, 30), terrain.nodata, dtype="int16"), 1, window=hole)
        for wall in (Window(38, 58, 30, 2), Window(64, 38, 2, 20)):
            height = np.full((wall.height, wall.width), 1700, dtype="int16")
            terrain.write(height, 1, window=wall)
    return folder


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")


def _write_features(path: Path, kind: str, properties: list[Any], places: list[Any]) -> None:
    features = [
        {
            "type": "Feature",
            "properties": table,
            "geometry": {"type": kind, "coordinates": coordinates},
        }
        for table, coordinates in zip(properties, places, strict=True)
    ]
    _write(path, json.dumps({"type": "FeatureCollection", "features": features}))


@pytest.fixture(scope="session", autouse=True)
def coarse_sheets() -> Iterator[None]:
    """Draw figures with fewer dots: what they show does not depend on it."""
    patch = pytest.MonkeyPatch()
    patch.setattr("siteplan.outputs.sheet.DPI", 60)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def drawn_once() -> Iterator[None]:
    """Draw the atlas of a plan once for all folders: that it is the same each time is a test of its own."""
    drawn: dict[Any, tuple[Plan, Atlas]] = {}

    def draw(plan: Plan, options: OutputOptions) -> Atlas:
        key = (id(plan), options.language, options.font)
        if key not in drawn:
            drawn[key] = (plan, draw_atlas(plan, options))  # the plan stays, and its number with it
        return drawn[key][1]

    patch = pytest.MonkeyPatch()
    patch.setattr("siteplan.outputs.write.draw_atlas", draw)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def small_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Make the plan of the small region with two networks, two townships and all kinds of rules."""
    folder = write_rich_region(tmp_path_factory.mktemp("region") / "small")
    return siteplan.make_plan(siteplan.read_region(folder))


@pytest.fixture(scope="session")
def hostile_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Make the same plan with hostile names on sites, villages and zones."""
    folder = write_rich_region(tmp_path_factory.mktemp("region") / "hostile", HOSTILE)
    return siteplan.make_plan(siteplan.read_region(folder))
