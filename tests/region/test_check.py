"""Seeded faults: each is found, named with its layer and row, and told what to do about it."""

import json
import re
import shutil

import geopandas as gpd
import numpy as np
import pytest
import shapely

from siteplan.outputs.translation import in_chinese
from siteplan.region.check import COLUMNS, check_folder
from tests.conftest import HEIGHT_M, WIDTH_M, feature, lonlat, write_small_region, write_terrain

MORE = """
[layers.townships]
path = "townships.geojson"
[layers.zones]
path = "zones.geojson"
[layers.poles]
path = "poles.csv"
crs = "EPSG:4490"
[layers.cells]
path = "cells.csv"
"""


def ring(west, south, east, north):
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [list(lonlat(*corner)) for corner in corners]


def polygons(*rows):
    """GeoJSON of named polygons."""
    features = [
        {"type": "Feature", "properties": properties}
        | {"geometry": {"type": "Polygon", "coordinates": [corners]}}
        for properties, corners in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Write the small region with all the layers that checks look at, and nothing wrong."""
    folder = write_small_region(tmp_path_factory.mktemp("check") / "small")
    scenario = (folder / "scenario.toml").read_text(encoding="utf-8")
    scenario = scenario.replace("[targets]\n", MORE + "[targets]\n")
    # the terrain of the small region reaches 2 km beyond the boundary
    scenario = scenario.replace("radius_m = 8000.0", "radius_m = 1500.0")
    scenario = scenario.replace('code = "159999"', 'code = "159999"\npopulation = 1500')
    (folder / "scenario.toml").write_text(scenario, encoding="utf-8")
    (folder / "townships.geojson").write_text(
        polygons(
            ({"name": "西镇", "code": "159999100"}, ring(0, 0, 6000, HEIGHT_M)),
            ({"name": "东镇", "code": "159999101"}, ring(6000, 0, WIDTH_M, HEIGHT_M)),
        ),
        encoding="utf-8",
    )
    (folder / "zones.geojson").write_text(
        polygons(
            ({"name": "园区", "kind": "industrial_park"}, ring(8000, 1000, 9000, 2000)),
            ({"name": "核心区", "kind": "seat_core"}, ring(1000, 1000, 3000, 3000)),
        ),
        encoding="utf-8",
    )
    table(folder, "villages", "id,code,name,kind,population,township", VILLAGES)
    table(folder, "poles", "id,kind,height_m", POLES)
    write_lines(folder, "cells.csv", CELLS)
    return folder


VILLAGES = [
    ("v1,159999100001,西村,administrative,800,西镇", 1500, 2000),
    ("v2,159999101001,东村,administrative,500,东镇", 11_000, 4000),
]
POLES = [("p1,lamp_pole,9", 2000, 2000), ("p2,monitoring_pole,7", 2100, 2000)]
CELLS = [
    "id,station_id,azimuth_deg,mechanical_tilt_deg,electrical_tilt_deg",
    "c1,a1,0,2,4",
    "c2,a1,120,2,4",
]
SITES = [
    ("a,西塔,tower,existing,40", 1000, 1500),
    ("b,中塔,new,candidate,40", 6000, 3500),
    ("c,东塔,new,candidate,40", 10_500, 3500),
]
STATIONS = ["id,site_id,operator,technology,year_on_air", "a1,a,甲,4G,2018"]


def write_lines(folder, name, lines):
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def table(folder, layer, header, rows):
    lines = [f"{header},lon,lat"]
    for text, east, north in rows:
        lon, lat = lonlat(east, north)
        lines.append(f"{text},{lon:.8f},{lat:.8f}")
    write_lines(folder, f"{layer}.csv", lines)


def villages(*rows, header="id,code,name,kind,population,township"):
    return lambda folder: table(folder, "villages", header, [VILLAGES[0], *rows])


def sites(*rows, header="id,name,kind,status,height_m"):
    return lambda folder: table(folder, "sites", header, [SITES[0], *rows])


def poles(*rows, header="id,kind,height_m"):
    return lambda folder: table(folder, "poles", header, [POLES[0], *rows])


def stations(*lines, header=STATIONS[0]):
    return lambda folder: write_lines(folder, "stations.csv", [header, STATIONS[1], *lines])


def cells(*lines):
    return lambda folder: write_lines(folder, "cells.csv", [*CELLS, *lines])


def zones(properties, corners):
    def write(folder):
        good = ({"name": "园区", "kind": "industrial_park"}, ring(8000, 1000, 9000, 2000))
        (folder / "zones.geojson").write_text(
            polygons(good, (properties, corners)), encoding="utf-8"
        )

    return write


def scenario(*pairs):
    def write(folder):
        text = (folder / "scenario.toml").read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        (folder / "scenario.toml").write_text(text, encoding="utf-8")

    return write


def remove(name):
    return lambda folder: (folder / name).unlink()


def text(name, content):
    return lambda folder: (folder / name).write_text(content, encoding="utf-8")


BOW = [
    list(lonlat(*corner))
    for corner in [(4000, 4000), (5000, 5000), (5000, 4000), (4000, 5000), (4000, 4000)]
]
IN = (3000, 3000)
V = "v3,159999100003,{},{},{},{}"

# seed; severity; words of layer, row, column and rule
FAULTS = {
    "no scenario": (remove("scenario.toml"), "error", "scenario.toml", "", "", "does not exist"),
    "missing file": (remove("poles.csv"), "error", "poles", "", "", "does not exist"),
    "missing column": (
        text("sites.csv", "id,name,kind,lon,lat\na,西塔,tower,108.01,39.74\n"),
        "error",
        "sites",
        "",
        "status",
        "missing",
    ),
    "required cell blank": (
        villages((V.format("", "natural", 1, ""), *IN)),
        "error",
        "villages",
        "3",
        "name",
        "empty",
    ),
    "unknown class": (
        villages((V.format("南村", "hamlet", 1, ""), *IN)),
        "error",
        "villages",
        "3",
        "kind",
        "allowed",
    ),
    "text as number": (
        villages((V.format("南村", "natural", "很多", ""), *IN)),
        "error",
        "villages",
        "3",
        "population",
        "not a number",
    ),
    "infinite number": (
        villages((V.format("南村", "natural", "inf", ""), *IN)),
        "error",
        "villages",
        "3",
        "population",
        "not a number",
    ),
    "negative people": (
        villages((V.format("南村", "natural", -5, ""), *IN)),
        "error",
        "villages",
        "3",
        "population",
        "out of range",
    ),
    "no such township": (
        villages((V.format("南村", "natural", 5, "北镇"), *IN)),
        "error",
        "villages",
        "3",
        "township",
        "no such township",
    ),
    "wrong township": (
        villages((V.format("南村", "natural", 5, "东镇"), *IN)),
        "warning",
        "villages",
        "3",
        "township",
        "does not lie in",
    ),
    "outside": (
        villages((V.format("南村", "natural", 5, ""), 3000, -9000)),
        "error",
        "villages",
        "3",
        "geometry",
        "outside the boundary",
    ),
    "same id": (
        villages(("v1,1,南村,natural,5,", *IN)),
        "error",
        "villages",
        "3",
        "id",
        "stands twice",
    ),
    "missing id": (
        villages((",1,南村,natural,5,", *IN)),
        "error",
        "villages",
        "3",
        "id",
        "missing",
    ),
    "same code": (
        villages(("v3,159999100001,南村,natural,5,", *IN)),
        "warning",
        "villages",
        "3",
        "code",
        "twice",
    ),
    "same place": (
        villages((V.format("南村", "administrative", 5, ""), 1500.4, 2000)),
        "warning",
        "villages",
        "3",
        "geometry",
        "within 1 m of row 2",
    ),
    "lost digits": (
        villages(("v3,1.599991E+17,南村,natural,5,", *IN)),
        "error",
        "villages",
        "3",
        "code",
        "lost",
    ),
    "more people than the county": (
        villages((V.format("南村", "administrative", 5000, ""), *IN)),
        "warning",
        "villages",
        "",
        "population",
        "more people than the county",
    ),
    "no coordinate": (
        text("poles.csv", "id,kind,lon,lat\np1,lamp_pole,108.01,39.74\np2,lamp_pole,,39.74\n"),
        "error",
        "poles",
        "3",
        "lon",
        "must be a number",
    ),
    "nan coordinate": (
        text("poles.csv", "id,kind,lon,lat\np1,lamp_pole,nan,39.74\n"),
        "error",
        "poles",
        "2",
        "lon",
        "must be a number",
    ),
    "infinite coordinate": (
        text("poles.csv", "id,kind,lon,lat\np1,lamp_pole,108.0,inf\n"),
        "error",
        "poles",
        "2",
        "lat",
        "must be a number",
    ),
    "swapped": (
        text("poles.csv", "id,kind,lon,lat\np1,lamp_pole,39.74,108.01\n"),
        "error",
        "poles",
        "",
        "geometry",
        "another system",
    ),
    "no system": (
        scenario(('path = "poles.csv"\ncrs = "EPSG:4490"', 'path = "poles.csv"')),
        "error",
        "poles",
        "",
        "geometry",
        "names no coordinate reference system",
    ),
    "nonsense system": (
        scenario(('path = "poles.csv"\ncrs = "EPSG:4490"', 'path = "poles.csv"\ncrs = "EPSG:x"')),
        "error",
        "scenario.toml",
        "",
        "layers.poles.crs",
        "not a coordinate",
    ),
    "system against the file": (
        scenario(('path = "roads.geojson"', 'path = "roads.geojson"\ncrs = "EPSG:4547"')),
        "error",
        "roads",
        "",
        "geometry",
        "another system",
    ),
    "mast too low": (
        sites(("b,中塔,new,candidate,0.2", *IN)),
        "error",
        "sites",
        "3",
        "height_m",
        "out of range",
    ),
    "mast very high": (
        sites(("b,中塔,new,candidate,350", *IN)),
        "warning",
        "sites",
        "3",
        "height_m",
        "hardly higher",
    ),
    "pole very high": (
        poles(("p2,lamp_pole,160", *IN)),
        "warning",
        "poles",
        "3",
        "height_m",
        "hardly higher",
    ),
    "pole of no kind": (poles(("p2,flag_pole,9", *IN)), "error", "poles", "3", "kind", "allowed"),
    "half a tenant": (
        sites(("b,中塔,new,candidate,1.5", *IN), header="id,name,kind,status,tenants"),
        "error",
        "sites",
        "3",
        "tenants",
        "not a whole number",
    ),
    "odd flag": (
        sites(("b,中塔,new,candidate,也许", *IN), header="id,name,kind,status,fibre"),
        "error",
        "sites",
        "3",
        "fibre",
        "not a flag",
    ),
    "unit of another kind": (
        sites(("b,中塔,new,candidate,20", *IN), header="id,name,kind,status,高度(元)"),
        "error",
        "sites",
        "",
        "height_m",
        "unit",
    ),
    "two headers for one": (
        sites(("b,中塔,new,candidate,20", *IN), header="id,name,站名,status,kind"),
        "error",
        "sites",
        "",
        "name",
        "2 headers",
    ),
    "unread column": (
        sites(("b,中塔,new,candidate,20", *IN), header="id,name,kind,status,颜色"),
        "warning",
        "sites",
        "",
        "",
        "not read",
    ),
    "same id in two layers": (
        poles(("a,lamp_pole,9", *IN)),
        "error",
        "poles",
        "",
        "id",
        "share the identifier",
    ),
    "station without site": (
        stations("a2,zz,甲,4G,2018"),
        "error",
        "stations",
        "3",
        "site_id",
        "no such site",
    ),
    "unknown operator": (
        stations("a2,a,乙,4G,2018"),
        "error",
        "stations",
        "3",
        "operator",
        "no such network",
    ),
    "unknown technology": (
        stations("a2,a,甲,3G,2018"),
        "error",
        "stations",
        "3",
        "technology",
        "allowed",
    ),
    "unknown equipment": (
        text("stations.csv", f"{STATIONS[0]},equipment\n{STATIONS[1]},\na2,a,甲,4G,2018,magic\n"),
        "error",
        "stations",
        "3",
        "equipment",
        "no such name",
    ),
    "year is no year": (
        stations("a2,a,甲,4G,去年"),
        "error",
        "stations",
        "3",
        "year_on_air",
        "not a whole number",
    ),
    "station before its technology": (
        stations("a2,a,甲,4G,1999"),
        "warning",
        "stations",
        "3",
        "year_on_air",
        "older than its technology",
    ),
    "station after the plan": (
        stations("a2,a,甲,4G,2040"),
        "warning",
        "stations",
        "3",
        "year_on_air",
        "after the last year",
    ),
    "cell without station": (
        cells("c3,zz,240,2,4"),
        "error",
        "cells",
        "4",
        "station_id",
        "no such station",
    ),
    "azimuth beyond the circle": (
        cells("c3,a1,400,2,4"),
        "error",
        "cells",
        "4",
        "azimuth_deg",
        "out of range",
    ),
    "crossing polygon": (
        zones({"name": "蝴蝶", "kind": "built_up"}, BOW),
        "warning",
        "zones",
        "2",
        "geometry",
        "mended",
    ),
    "zone of no kind": (
        zones({"name": "某区", "kind": "moon"}, ring(4000, 4000, 5000, 5000)),
        "error",
        "zones",
        "2",
        "kind",
        "allowed",
    ),
    "zone outside": (
        zones({"name": "某区", "kind": "built_up"}, ring(40_000, 4000, 50_000, 5000)),
        "error",
        "zones",
        "2",
        "geometry",
        "outside",
    ),
    "point for a zone": (
        text("zones.geojson", feature("Point", "[108, 39.7]", '{"kind": "built_up"}')),
        "error",
        "zones",
        "1",
        "geometry",
        "polygon is needed",
    ),
    "empty layer": (text("poles.csv", "id,kind,lon,lat\n"), "error", "poles", "", "", "no rows"),
    "broken file": (text("zones.geojson", "{]"), "error", "zones", "", "", "cannot read"),
    "file of another kind": (
        scenario(('"poles.csv"', '"poles.dwg"')),
        "error",
        "poles",
        "",
        "",
        "",
    ),
    "years out of order": (
        scenario(("years = [2021, 2022]", "years = [2022, 2021]")),
        "error",
        "scenario.toml",
        "",
        "targets.years",
        "ascend",
    ),
    "unknown key": (
        scenario(("format = 1", 'format = 1\ncolour = "red"')),
        "error",
        "scenario.toml",
        "",
        "colour",
        "unknown key",
    ),
    "terrain that ends early": (
        scenario(("radius_m = 1500.0", "radius_m = 9000.0")),
        "warning",
        "terrain.tif",
        "",
        "",
        "terrain is missing within",
    ),
    "terrain coarser than the grid": (
        scenario(("resolution_m = 50.0", "resolution_m = 20.0")),
        "warning",
        "terrain.tif",
        "",
        "",
        "coarser than the grid",
    ),
    "grid too coarse": (
        scenario(("resolution_m = 50.0", "resolution_m = 500.0")),
        "warning",
        "scenario.toml",
        "",
        "grid.resolution_m",
        "too coarse",
    ),
    "no code": (
        scenario(('code = "159999"', 'code = ""')),
        "warning",
        "scenario.toml",
        "",
        "region.code",
        "not taken to lie in China",
    ),
    "terrain without system": (
        lambda folder: write_terrain(folder / "terrain.tif", crs=None),
        "error",
        "terrain.tif",
        "",
        "",
        "names no coordinate",
    ),
    "standing site in another province": (
        sites(("d,远塔,tower,existing,40", 900_000, 1500), *SITES[1:]),
        "warning",
        "sites",
        "3",
        "geometry",
        "serve nothing in it",
    ),
    "path out of the folder": (
        scenario(('"poles.csv"', '"../poles.csv"')),
        "error",
        "scenario.toml",
        "",
        "",
        "inside the region folder",
    ),
}


def test_enough_faults_are_seeded():
    assert len(FAULTS) >= 40


def test_nothing_is_wrong_with_the_region_itself(whole):
    found = check_folder(whole)
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 0, found.to_string()


@pytest.mark.parametrize("name", FAULTS)
def test_every_seeded_fault_is_found_and_named(whole, tmp_path, name):
    seed, severity, layer, row, column, rule = FAULTS[name]
    folder = shutil.copytree(whole, tmp_path / "region")
    if name == "file of another kind":
        (folder / "poles.dwg").write_bytes(b"AC1032")
    seed(folder)
    found = check_folder(folder)
    hits = found[
        (found["severity"] == severity)
        & found["layer"].str.contains(layer, regex=False)
        & ((found["row"] == row) | found["row"].str.startswith(f"{row} " if row else ""))
        & (found["column"] == column)
        & found["rule"].str.contains(rule, regex=False)
    ]
    assert len(hits) >= 1, found.to_string()
    if row:
        assert len(hits) == 1
    assert hits["remedy"].str.len().min() > 5
    if severity == "warning":
        assert (found["severity"] == "warning").all(), found.to_string()
    # whatever is told is told in Chinese, too
    for text in (*found["rule"], *found["remedy"]):
        assert re.search("[一-鿿]", in_chinese(text)), text


def test_several_faults_are_told_at_once(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "region")
    for name in ("unknown class", "pole of no kind", "station without site", "zone of no kind"):
        FAULTS[name][0](folder)
    found = check_folder(folder)
    assert {layer.split()[1] for layer in found["layer"]} >= {"villages", "poles", "zones"}
    assert found["severity"].is_monotonic_increasing


def test_a_broken_column_of_many_rows_is_told_shortly(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "region")
    rows = [(f"q{i},flag_pole,9", 10 + i % 100 * 50, 10 + i // 100 * 50) for i in range(3000)]
    table(folder, "poles", "id,kind,height_m", rows)
    found = check_folder(folder)
    assert len(found) < 1200
    assert found["rule"].str.contains("and 2,000 more").any()


def test_a_far_exclave_is_left_out_and_told_or_kept(whole, tmp_path):
    import siteplan  # noqa: PLC0415  # only here

    folder = shutil.copytree(whole, tmp_path / "region")
    home = shapely.Polygon(ring(0, 0, WIDTH_M, HEIGHT_M))
    away = shapely.Polygon(ring(60_000, 0, 62_000, 1000))
    frame = gpd.GeoDataFrame(geometry=[shapely.MultiPolygon([home, away])], crs="EPSG:4490")
    frame.to_file(folder / "boundary.geojson", engine="pyogrio")
    table(folder, "poles", "id,kind,height_m", [*POLES, ("p3,lamp_pole,9", 61_000, 500)])
    region = siteplan.read_region(folder)
    assert region.boundary.area == pytest.approx(WIDTH_M * HEIGHT_M, rel=1e-3)
    assert region.layers["poles"].index.tolist() == ["p1", "p2"]
    assert any("far from the largest" in str(warning) for warning in region.warnings)
    scenario(("resolution_m = 50.0", 'resolution_m = 50.0\nexclaves = "keep"'))(folder)
    kept = siteplan.read_region(folder)
    assert kept.boundary.area == pytest.approx(WIDTH_M * HEIGHT_M + 2e6, rel=1e-3)
    assert kept.layers["poles"].index.tolist() == ["p1", "p2", "p3"]


def test_a_margin_takes_in_the_neighbours_stations(whole, tmp_path):
    import siteplan  # noqa: PLC0415  # only here

    folder = shutil.copytree(whole, tmp_path / "region")
    table(
        folder,
        "sites",
        "id,name,kind,status,height_m",
        [*SITES, ("n,邻塔,tower,existing,40", -1000, 1500)],
    )
    stations("n1,n,甲,4G,2018")(folder)
    cells("c3,n1,0,2,4")(folder)
    region = siteplan.read_region(folder)
    assert any("outside the grid" in str(warning) for warning in region.warnings)
    scenario(("resolution_m = 50.0", "resolution_m = 50.0\nmargin_m = 1500.0"))(folder)
    wide = siteplan.read_region(folder)
    assert not any("outside the grid" in str(warning) for warning in wide.warnings)
    assert wide.boundary.area == pytest.approx(region.boundary.area)
    assert np.prod(wide.geobox.shape) > np.prod(region.geobox.shape)
