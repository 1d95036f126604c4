"""What is wrong with a region folder is told at once: file, row, value and what to do."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import CRS

import siteplan
from siteplan import schema
from siteplan.errors import InputError
from siteplan.region import on_grid, values
from siteplan.region.tables import read_table
from siteplan.scenario import LayerSource
from tests.conftest import feature, lonlat, write_terrain


def change(folder, name, *pairs):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def faults_of(folder):
    with pytest.raises(InputError) as caught:
        siteplan.read_region(folder)
    return checked(caught)


def table_faults(folder, name, text, *, layer=None, crs="EPSG:4490", **options):
    """Write one file and read it as a table of the schema; only what is wrong with it is told."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    table = schema.TABLES[layer or name.split(".")[0]]
    with pytest.raises(InputError) as caught:
        read_table(folder, table, LayerSource(path=name, crs=crs, **options))
    faults = checked(caught)
    assert {fault.source for fault in faults} <= {name, "scenario.toml"}
    return faults


def checked(caught):
    for fault in caught.value.faults:
        assert fault.source
        assert fault.rule
        assert fault.remedy
        assert fault.severity == "error"
        assert str(fault) in str(caught.value) or len(caught.value.faults) > 20
    return caught.value.faults


def only(faults, **expected):
    """Expect one fault, whose parts contain the given words."""
    assert len(faults) == 1, [str(fault) for fault in faults]
    for name, words in expected.items():
        assert words in getattr(faults[0], name), str(faults[0])


def test_a_folder_that_is_not_there(tmp_path):
    only(faults_of(tmp_path / "nowhere"), source="nowhere", rule="does not exist")


@pytest.mark.parametrize(
    ("layer", "name"),
    [("boundary", "boundary.geojson"), ("villages", "villages.csv"), ("terrain", "terrain.tif")],
)
def test_a_missing_file_is_named_with_its_layer(small_folder, layer, name):
    (small_folder / name).unlink()
    only(faults_of(small_folder), source=name, rule="does not exist", remedy=f"[layers.{layer}]")


def test_all_missing_files_are_named_at_once(small_folder):
    names = ["boundary.geojson", "villages.csv", "terrain.tif", "sites.csv"]
    for name in names:
        (small_folder / name).unlink()
    assert sorted(fault.source for fault in faults_of(small_folder)) == sorted(names)


def test_a_folder_in_place_of_a_file(small_folder):
    (small_folder / "villages.csv").unlink()
    (small_folder / "villages.csv").mkdir()
    only(faults_of(small_folder), source="villages.csv", rule="folder")


@pytest.mark.parametrize("path", ["../villages.csv", "/elsewhere/villages.csv"])
@pytest.mark.parametrize("name", ["villages.csv", "terrain.tif"])
def test_a_path_that_leaves_the_folder(small_folder, name, path):
    change(small_folder, "scenario.toml", (f'"{name}"', f'"{path}"'))
    only(faults_of(small_folder), source="scenario.toml", value=path, remedy="into the folder")


HEADER = "id,name,kind,population,lon,lat\n"
GOOD = "v1,西村,administrative,800,108.01,39.74\n"


@pytest.mark.parametrize(
    ("row", "column", "value", "rule"),
    [
        ("v2,东村,hamlet,1,108,39.7", "kind", "'hamlet'", "not an allowed value"),
        ("v2,东村,,1,108,39.7", "kind", "", "the cell is empty"),
        ("v2,,natural,1,108,39.7", "name", "", "the cell is empty"),
        ("v2,东村,natural,about 500,108,39.7", "population", "'about 500'", "not a number"),
        ("v2,东村,natural,inf,108,39.7", "population", "'inf'", "not a number"),
        ("v2,东村,natural,-3,108,39.7", "population", "-3.0", "out of range"),
        ("v1,东村,natural,1,108,39.7", "id", "'v1'", "stands twice"),
        (",东村,natural,1,108,39.7", "id", "", "identifier is missing"),
    ],
)
def test_a_bad_cell_is_named_with_row_and_value(tmp_path, row, column, value, rule):
    faults = table_faults(tmp_path, "villages.csv", HEADER + GOOD + "\n" + row + "\n")
    # the header is row 1, the blank line row 3
    only(faults, row="4", column=column, value=value, rule=rule)


@pytest.mark.parametrize("value", ["", "nan", "inf", "108°E", "一百零八", "1e999"])
@pytest.mark.parametrize("axis", ["lon", "lat"])
def test_a_coordinate_must_be_a_finite_number(tmp_path, value, axis):
    place = f"{value},39.7" if axis == "lon" else f"108,{value}"
    faults = table_faults(tmp_path, "villages.csv", f"{HEADER}{GOOD}v2,东村,natural,1,{place}\n")
    only(faults, row="3", column=axis, value=f"'{value}'", rule="must be a number")


def test_all_bad_cells_are_told_at_once(tmp_path):
    text = HEADER + "v1,,hamlet,many,108,39.7\nv1,东村,natural,-1,108,39.7\n"
    faults = table_faults(tmp_path, "villages.csv", text)
    assert {(fault.row[0], fault.column) for fault in faults} == {
        ("2", "name"), ("2", "kind"), ("2", "population"), ("3", "population"), ("3", "id"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("id,name,kind\nv1,西村,natural\n", "no column lon"),
        ("id,name,kind,lon\nv1,西村,natural,108\n", "no column lat"),
        (HEADER + GOOD + "v2,东村,natural,1,108,39.7,extra\n", "not a table"),
        (HEADER + GOOD.replace("\n", ",\n"), "more cells than the header"),
        (HEADER + GOOD.replace("\n", ",x\n"), "more cells than the header"),
        ("", "the file is empty"),
        (HEADER, "has no rows"),
        (HEADER + ",,,,,\n", "has no rows"),
        ((HEADER + GOOD).encode("utf-16-le"), "neither UTF-8 nor GBK"),
        ((HEADER + GOOD + "v2,东村,x,1,108,39.7,1\n").encode("gb18030"), "not a table"),
    ],
)
def test_a_file_that_is_no_such_table(tmp_path, text, rule):
    only(table_faults(tmp_path, "villages.csv", text), rule=rule)


def test_missing_columns_say_what_they_mean_and_what_they_may_be_called(tmp_path):
    faults = table_faults(tmp_path, "sites.csv", "id,lon,lat\na,108,39.7\n")
    assert {fault.column for fault in faults} == {"kind", "status"}
    assert "类型" in next(fault.remedy for fault in faults if fault.column == "kind")


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ("2018.5,true", "year_on_air", "not a whole number"),
        ("1899,true", "year_on_air", "out of range"),
        ("soon,true", "year_on_air", "not a whole number"),
    ],
)
def test_years_are_whole_numbers(tmp_path, cells, column, rule):
    text = f"id,site_id,operator,technology,year_on_air,x\na1,a,甲,4G,{cells}\n"
    found = table_faults(tmp_path, "stations.csv", text)
    only(found, column=column, rule=rule)
    assert {fault.value.strip("'") for fault in found} == {cells.split(",", maxsplit=1)[0]}


@pytest.mark.parametrize(
    "cell",
    ["2018", "2018-06-01", "2018年6月", "20180601", "201806", "2018.06", "2018.1", "2018/6/1"],
)
def test_a_date_gives_its_year(cell):
    column = schema.TABLES["stations"].column("year_on_air")
    cells = pd.Series([cell, "2020"])
    numbers = pd.to_numeric(cells, errors="coerce")
    for given in (cells, numbers.fillna(2018.0)):
        found, wrong = values.coerce(given, column, words={}, factor=1.0)
        assert found.tolist() == [2018, 2020]
        assert not wrong


DEGREES, MINUTES, SECONDS = 108, 3, 4.5


@pytest.mark.parametrize(
    "form",
    ["{d}°{m}′{s}″", "{d}度{m}分{s}秒", "E{d}°{m}'{s}\"", "{d} {m} {s}", "{d}-{m}-{s}", "{d}° {m}' {s}'' E",
     "东经{d}°{m}′{s}″", "{d}°{x}′", "{d}° {x}' E", "{y}°", "{y} E", "E{y}", "{y}", "{d}:{m}:{s}"],
)  # fmt: skip
def test_degrees_as_people_write_them(form):
    x = MINUTES + SECONDS / 60.0
    y = DEGREES + x / 60.0
    text = form.format(d=DEGREES, m=MINUTES, s=SECONDS, x=x, y=y)
    found = values.degrees(
        pd.Series([text, text.replace("E", "W").replace("东", "西")], dtype=object)
    )
    assert abs(found) == pytest.approx([y, y], abs=1e-12)
    assert (found[1] < 0.0) == any(letter in text for letter in "E东")


@pytest.mark.parametrize(
    "text",
    ["108°75′12″", "108°5′75″", "108 5 75", "108 3 4.444 2", "108.5 39.7", "108°3.5′4″", "1 08"],
)
def test_what_is_no_position_is_not_read_as_one(text):
    assert np.isnan(values.degrees(pd.Series([text], dtype=object))).all()
    assert values.degrees(pd.Series(["4 402 000.5"], dtype=object)).tolist() == [4402000.5]


def test_control_characters_do_not_come_in(tmp_path):
    text = HEADER + GOOD.replace("西村", "西\x00村\x0b")
    (tmp_path / "villages.csv").write_text(text, encoding="utf-8")
    source = LayerSource(path="villages.csv", crs="EPSG:4490")
    assert read_table(tmp_path, schema.TABLES["villages"], source)["name"].tolist() == ["西村"]


@pytest.mark.parametrize("suffix", [".shx", ".dbf"])
def test_a_part_of_a_shapefile_is_missed(tmp_path, suffix):
    frame = gpd.GeoDataFrame(
        {"name": ["西村"], "kind": ["natural"]}, geometry=[shapely.Point(108, 39)], crs=4490
    )
    frame.to_file(tmp_path / "v.shp")
    (tmp_path / f"v{suffix}").unlink()
    with pytest.raises(InputError) as raised:
        read_table(tmp_path, schema.TABLES["villages"], LayerSource(path="v.shp"))
    only(
        raised.value.faults,
        source="v.shp",
        value=f"v{suffix}",
        rule="a part of the file is missing",
    )


def test_rows_whose_coordinates_changed_places_are_named(small_folder):
    lines = (small_folder / "villages.csv").read_text(encoding="utf-8").splitlines()
    *cells, lon, lat = lines[2].split(",")
    lines[2] = ",".join([*cells, lat, lon])
    (small_folder / "villages.csv").write_text("\n".join(lines), encoding="utf-8")
    only(
        faults_of(small_folder),
        source="villages.csv",
        row="3",
        rule="changed places",
        remedy="Exchange",
    )


@pytest.mark.parametrize(
    ("datum", "place", "grid", "told"),
    [
        (4610, (108.0, 39.7), 4545, 1),  # Xian 1980
        (2436, (39_500_000.0, 4_400_000.0), 4548, 1),  # Beijing 1954
        (4326, (108.0, 39.7), 4545, 0),
        (4230, (-8.6, 41.1), 32629, 0),  # ED 50 in Portugal: old, and the way is published
    ],
)
def test_an_old_datum_without_a_published_way_is_told(datum, place, grid, told):
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(place)], crs=datum)
    faults = on_grid.datum_warning(frame, CRS.from_epsg(grid), "v.shp")
    assert len(faults) == told
    assert all(fault.severity == "warning" for fault in faults)


@pytest.mark.parametrize(("last", "told"), [("39.76", ["up to 556 m off"]), ("39.76234", [])])
def test_degrees_of_few_decimals_are_told(tmp_path, last, told):
    rows = [f"p{i},lamp_pole,108.{i}3,{last}" for i in range(1, 4)]
    (tmp_path / "poles.csv").write_text("\n".join(["id,kind,lon,lat", *rows]), encoding="utf-8")
    source = LayerSource(path="poles.csv", crs="EPSG:4490")
    read = read_table(tmp_path, schema.TABLES["poles"], source)
    assert [fault.value for fault in read.attrs["faults"]] == told


def test_a_flag_is_yes_or_no(tmp_path):
    text = "id,name,kind,dense,lon,lat\nv1,西村,natural,perhaps,108,39.7\n"
    faults = table_faults(tmp_path, "villages.csv", text)
    only(faults, column="dense", value="'perhaps'", remedy="是 or 否")


@pytest.mark.parametrize("crs", [None, "EPSG:449O", "nonsense"])
def test_a_csv_needs_a_system_that_exists(tmp_path, crs):
    faults = table_faults(tmp_path, "villages.csv", HEADER + GOOD, crs=crs)
    only(faults, remedy="EPSG:4490")


def test_broken_geojson(tmp_path):
    text = feature("Point", "[108, 39.7]", '{"name": "x", "kind": "natural"}')
    for broken in (text[:-20], "{}", "not json at all", ""):
        (fault,) = table_faults(tmp_path, "villages.geojson", broken)
        assert fault.source == "villages.geojson"
        assert any(words in fault.rule for words in ("cannot read", "no rows", "is empty"))


@pytest.mark.parametrize(
    ("kind", "coordinates", "rule"),
    [
        ("Polygon", "[[[108, 39], [109, 39], [109, 40], [108, 39]]]", "a point is needed"),
        ("MultiPoint", "[[108, 39], [109, 40]]", "a point is needed"),
    ],
)
def test_geometry_of_another_kind(tmp_path, kind, coordinates, rule):
    text = feature(kind, coordinates, '{"name": "x", "kind": "natural"}')
    only(
        table_faults(tmp_path, "villages.geojson", text), row="1 'x'", column="geometry", rule=rule
    )


def test_an_empty_geometry(tmp_path):
    columns = {"name": ["x"], "kind": ["natural"]}
    frame = gpd.GeoDataFrame(columns, geometry=[shapely.Point()], crs="EPSG:4490")
    frame.to_file(tmp_path / "villages.gpkg", engine="pyogrio")
    text = (tmp_path / "villages.gpkg").read_bytes()
    only(table_faults(tmp_path, "villages.gpkg", text), row="1 'x'", rule="no geometry")


def test_a_feature_without_geometry(tmp_path):
    text = '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
    text += '{"name": "x", "kind": "natural"}, "geometry": null}]}'
    only(table_faults(tmp_path, "villages.geojson", text), rule="no geometry")


@pytest.mark.filterwarnings("ignore:invalid value encountered in from_wkb:RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_corner_that_is_nowhere(tmp_path, bad):
    with np.errstate(invalid="ignore"):
        shape = shapely.linestrings([(108.0, 39.7), (bad, 39.8), (108.2, 39.9)])
    frame = gpd.GeoDataFrame({"name": ["S1"]}, geometry=[shape], crs="EPSG:4490")
    frame.to_file(tmp_path / "roads.gpkg", engine="pyogrio")
    source = LayerSource(path="roads.gpkg")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path, schema.TABLES["roads"], source)
    only(checked(caught), row="1 'S1'", rule="not finite")


def test_a_polygon_without_area(tmp_path):
    text = feature(
        "Polygon", "[[[108, 39], [109, 40], [110, 41], [108, 39]]]", '{"kind": "built_up"}'
    )
    only(table_faults(tmp_path, "zones.geojson", text), rule="no area")


def test_a_file_of_several_layers_needs_a_choice(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["S1"]}, geometry=[shapely.LineString([(108, 39), (109, 40)])], crs="EPSG:4490"
    )
    for layer in ("roads", "rails"):
        frame.to_file(tmp_path / "roads.gpkg", layer=layer, engine="pyogrio")
    text = (tmp_path / "roads.gpkg").read_bytes()
    only(table_faults(tmp_path, "roads.gpkg", text), rule="several layers", remedy="layer =")
    source = LayerSource(path="roads.gpkg", layer="raods")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path, schema.TABLES["roads"], source)
    only(checked(caught), value="raods", remedy="roads, rails")


def test_a_shapefile_without_its_system(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["S1"]}, geometry=[shapely.LineString([(108, 39), (109, 40)])], crs="EPSG:4490"
    )
    frame.to_file(tmp_path / "roads.shp", engine="pyogrio")
    (tmp_path / "roads.prj").unlink()
    with pytest.raises(InputError) as caught:
        read_table(tmp_path, schema.TABLES["roads"], LayerSource(path="roads.shp"))
    only(checked(caught), rule="no coordinate reference system", remedy="[layers.roads]")
    given = read_table(
        tmp_path, schema.TABLES["roads"], LayerSource(path="roads.shp", crs="EPSG:4490")
    )
    assert given.crs.to_epsg() == 4490


def test_a_village_outside_the_boundary(small_folder):
    # 117.2 E instead of 108.0 E
    lines = (small_folder / "villages.csv").read_text(encoding="utf-8").splitlines()
    lines[2] = "v2,东村,administrative,500,117.2,39.1"
    (small_folder / "villages.csv").write_text("\n".join(lines), encoding="utf-8")
    only(
        faults_of(small_folder),
        source="villages.csv",
        row="3 '东村'",
        value="39.10000 N 117.20000 E",
        rule="outside the boundary",
    )


def test_swapped_coordinates(small_folder):
    text = (small_folder / "villages.csv").read_text(encoding="utf-8")
    text = text.replace("lon,lat", "lat,lon")
    (small_folder / "villages.csv").write_text(text, encoding="utf-8")
    only(
        faults_of(small_folder),
        source="villages.csv",
        value='crs = "EPSG:4490 swapped": 100% inside',
        rule="fit the boundary in another system",
        remedy='crs = "EPSG:4490 swapped"',
    )


def test_a_swapped_boundary(small_folder):
    ring = [list(lonlat(*corner))[::-1] for corner in ((0, 0), (9000, 0), (9000, 5000), (0, 0))]
    text = feature("Polygon", json.dumps([ring]), "{}")
    (small_folder / "boundary.geojson").write_text(text, encoding="utf-8")
    (fault,) = faults_of(small_folder)
    assert fault.source == "boundary.geojson"
    assert "no such place on Earth" in fault.rule


def test_metres_declared_as_degrees(small_folder):
    rows = "id,name,kind,population,lon,lat\nv1,西村,administrative,8,501500,4402000\n"
    (small_folder / "villages.csv").write_text(rows, encoding="utf-8")
    only(faults_of(small_folder), source="villages.csv", value="EPSG:4545", rule="another system")


def test_a_boundary_that_is_far_too_big(small_folder):
    corners = [(100, 35), (112, 35), (112, 45), (100, 45), (100, 35)]
    text = feature("Polygon", json.dumps([corners]), "{}")
    (small_folder / "boundary.geojson").write_text(text, encoding="utf-8")
    (small_folder / "villages.csv").write_text(
        HEADER + "v1,,natural,1,108,39.7\n", encoding="utf-8"
    )
    # what was found before is told too
    faults = {fault.source: fault for fault in faults_of(small_folder)}
    assert set(faults) == {"scenario.toml", "villages.csv"}
    assert faults["scenario.toml"].column == "grid.resolution_m"
    assert "cells" in faults["scenario.toml"].rule


@pytest.mark.parametrize(
    ("crs", "words"),
    [
        ("EPSG:4490", "projected system in metres"),
        ("EPSG:2263", "projected system in metres"),  # feet
        ("EPSG:none", "not a coordinate reference system"),
    ],
)
def test_a_grid_in_degrees_or_feet(small_folder, crs, words):
    change(
        small_folder,
        "scenario.toml",
        ("resolution_m = 50.0", f'resolution_m = 50.0\ncrs = "{crs}"'),
    )
    only(faults_of(small_folder), column="grid.crs", value=crs, rule=words)


def test_a_raster_without_a_system(small_folder):
    write_terrain(small_folder / "terrain.tif", crs=None)
    only(faults_of(small_folder), source="terrain.tif", rule="no coordinate reference system")


def test_a_raster_that_is_none(small_folder):
    (small_folder / "terrain.tif").write_bytes(b"II*\x00 and nothing more")
    only(faults_of(small_folder), source="terrain.tif", rule="cannot read")


@pytest.mark.parametrize("value", [-9999, 12_000])
def test_an_undeclared_void_is_no_height(small_folder, value):
    with rasterio.open(small_folder / "terrain.tif", "r+") as terrain:
        ground = terrain.read(1)
        ground[60:80, 100:120] = value
        terrain.write(ground, 1)
    only(faults_of(small_folder), source="terrain.tif", value=str(value), remedy="nodata")


@pytest.mark.parametrize(
    ("row", "column", "value", "rule"),
    [
        ("a1,zz,甲,4G,", "site_id", "'zz'", "no such site"),
        ("a1,a,丙,4G,", "operator", "丙 4G", "no such network"),
        ("a1,a,甲,5G,", "operator", "甲 5G", "no such network"),
        ("a1,a,甲,4G,macro-x", "equipment", "macro-x", "no such name"),
        ("a1,a,甲,4G,macro-nr700", "equipment", "macro-nr700", "the equipment is 5G"),
    ],
)
def test_a_station_that_fits_nothing(small_folder, row, column, value, rule):
    (small_folder / "stations.csv").write_text(
        f"id,site_id,operator,technology,equipment\n{row}\n", encoding="utf-8"
    )
    found = {"source": "stations.csv", "row": "2 'a1'"}
    only(faults_of(small_folder), **found, column=column, value=value, rule=rule)


def test_a_pole_needs_equipment_that_it_can_carry(small_folder):
    change(small_folder, "sites.csv", ("a,西塔,tower", "a,西杆,lamp_pole"))
    only(
        faults_of(small_folder),
        row="2 'a1'",
        column="equipment",
        rule="no equipment for a lamp_pole",
    )


def test_an_identifier_in_two_layers(small_folder):
    east, north = lonlat(3000, 3000)
    (small_folder / "poles.csv").write_text(
        f"id,kind,lon,lat\nb,lamp_pole,{east},{north}\nz,lamp_pole,{east},{north}\n",
        encoding="utf-8",
    )
    entry = '[layers.poles]\npath = "poles.csv"\ncrs = "EPSG:4490"\n[targets]\n'
    change(small_folder, "scenario.toml", ("[targets]\n", entry))
    only(
        faults_of(small_folder),
        source="sites.csv, poles.csv",
        value="'b'",
        rule="share the identifier",
    )


def test_no_candidate_at_all(small_folder):
    change(
        small_folder,
        "scenario.toml",
        ('[layers.sites]\npath = "sites.csv"\ncrs = "EPSG:4490"\n', ""),
        ('[layers.stations]\npath = "stations.csv"\n', ""),
        ("format = 1\n", "format = 1\ngreenfield = true\n"),
    )
    only(faults_of(small_folder), column="layers.sites", rule="no site, pole or building")
    change(
        small_folder,
        "scenario.toml",
        ("[radio]", "[candidates]\npropose_spacing_m = 2000.0\n[radio]"),
    )
    region = siteplan.read_region(small_folder)
    assert len(region.sites) == len(region.stations) == 0


def test_a_layer_of_stations_without_rows_is_told(small_folder):
    (small_folder / "stations.csv").write_text("id,site_id,operator,technology\n", encoding="utf-8")
    rule = "no station is in service today"
    assert [fault.rule for fault in siteplan.read_region(small_folder).warnings].count(rule) == 1
    change(small_folder, "scenario.toml", ("format = 1\n", "format = 1\ngreenfield = true\n"))
    assert rule not in [fault.rule for fault in siteplan.read_region(small_folder).warnings]


def test_no_usable_candidate(small_folder):
    text = (small_folder / "sites.csv").read_text(encoding="utf-8")
    for status in ("existing", "candidate"):
        text = text.replace(f",{status},", ",unavailable,")
    (small_folder / "sites.csv").write_text(text, encoding="utf-8")
    only(faults_of(small_folder), column="layers.sites", rule="existing or candidate")


def square(west, south, east, north):
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return json.dumps([[list(lonlat(*corner)) for corner in ring]])


def test_an_unknown_township(small_folder):
    text = feature("Polygon", square(0, 0, 12_000, 6000), '{"name": "西镇"}')
    (small_folder / "townships.geojson").write_text(text, encoding="utf-8")
    entry = '[layers.townships]\npath = "townships.geojson"\n[targets]\n'
    change(small_folder, "scenario.toml", ("[targets]\n", entry))
    change(
        small_folder,
        "villages.csv",
        ("population,lon", "township,lon"),
        ("administrative,800", "administrative,西镇"),
        ("administrative,500", "administrative,南镇"),
    )
    only(
        faults_of(small_folder),
        source="villages.csv",
        row="3",
        column="township",
        value="南镇",
        remedy="西镇",
    )


@pytest.mark.parametrize("place", [(-1000, 0, -500, 500), (-150, 0, -10, 500)])
def test_a_zone_with_nothing_inside(small_folder, place):
    text = feature("Polygon", square(*place), '{"id": "z", "name": "外", "kind": "built_up"}')
    (small_folder / "zones.geojson").write_text(text, encoding="utf-8")
    entry = '[layers.zones]\npath = "zones.geojson"\n[targets]\n'
    change(small_folder, "scenario.toml", ("[targets]\n", entry))
    only(faults_of(small_folder), source="zones.geojson", row="1 '外'", rule="outside the boundary")


def test_no_road_inside(small_folder):
    road = [list(lonlat(x, 30_000.0)) for x in (500.0, 6000.0)]
    text = feature("LineString", str(road), '{"name": "S1"}')
    (small_folder / "roads.geojson").write_text(text, encoding="utf-8")
    only(faults_of(small_folder), source="roads.geojson", rule="no road lies inside")


def test_faults_of_many_files_come_together_and_are_not_repeated(small_folder):
    change(small_folder, "sites.csv", ("b,中塔,new", "b,中塔,castle"))
    change(small_folder, "villages.csv", (",800,", ",many,"))
    change(small_folder, "stations.csv", ("甲", "丙"))
    (small_folder / "terrain.tif").unlink()
    found = [(fault.source, fault.column) for fault in faults_of(small_folder)]
    assert sorted(found) == [
        ("sites.csv", "kind"),
        ("stations.csv", "operator"),
        ("terrain.tif", ""),
        ("villages.csv", "population"),
    ]


def test_a_fault_hides_no_other(small_folder):
    """Cells, positions, systems, places and references that are wrong in the same files are all told."""
    change(
        small_folder,
        "villages.csv",
        ("v1,西村,administrative,800", "v1,,hamlet,-5"),
        ("v2,东村", "v1,东村"),
    )
    with (small_folder / "villages.csv").open("a", encoding="utf-8") as file:
        file.write("v3,远村,natural,many,117.2,39.1\nv4,空村,natural,5,—,39.7\n")
    (small_folder / "sites.csv").write_text(
        "id,name,kind,height_m,lon,lat\na,西塔,castle,40,108.0,39.74\nb,中塔,tower,9999,,39.7\n",
        encoding="utf-8",
    )
    (small_folder / "stations.csv").write_text(
        "id,site_id,operator,technology,year_on_air\n"
        "a1,a,丙,4G,2018\na2,b,甲,4G,soon\na3,zz,甲,6G,2018\n",
        encoding="utf-8",
    )
    change(small_folder, "scenario.toml", ('sites.csv"\ncrs = "EPSG:4490"', 'sites.csv"'))
    (small_folder / "terrain.tif").unlink()
    found = [(f.source, f.row.split(" ")[0], f.column) for f in faults_of(small_folder)]
    assert sorted(found) == sorted({
        ("villages.csv", "2", "name"), ("villages.csv", "2", "kind"),
        ("villages.csv", "2", "population"), ("villages.csv", "3", "id"),
        ("villages.csv", "4", "population"), ("villages.csv", "4", "geometry"),
        ("villages.csv", "5", "lon"), ("sites.csv", "", "status"), ("sites.csv", "2", "kind"),
        ("sites.csv", "3", "height_m"), ("sites.csv", "3", "lon"), ("sites.csv", "", "geometry"),
        ("stations.csv", "2", "operator"), ("stations.csv", "3", "year_on_air"),
        ("stations.csv", "4", "technology"), ("stations.csv", "4", "site_id"), ("terrain.tif", "", ""),
    })  # fmt: skip


def test_a_long_list_is_cut_and_counted(tmp_path):
    rows = "".join(f"v{i},村,hamlet,1,108,39.7\n" for i in range(50))
    with pytest.raises(InputError, match="50 faults in the input") as caught:
        table_faults_raised(tmp_path, HEADER + rows)
    assert str(caught.value).endswith("and 30 more")
    assert len(caught.value.faults) == 50


def table_faults_raised(folder, text):
    (folder / "villages.csv").write_text(text, encoding="utf-8")
    read_table(folder, schema.TABLES["villages"], LayerSource(path="villages.csv", crs="EPSG:4490"))
