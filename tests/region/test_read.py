"""A region folder that is right is read the same, however an office happened to save it."""

import hashlib
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import from_bounds, from_origin

import siteplan
from siteplan.errors import Fault
from siteplan.region import rasters, readers
from siteplan.scenario import TerrainSource
from tests import handmade as hand
from tests.conftest import EAST, HEIGHT_M, NORTH, WIDTH_M, lonlat, write_small_region, write_terrain


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = write_small_region(tmp_path_factory.mktemp("plain") / "small")
    return folder, siteplan.read_region(folder)


SECOND_NETWORK = """
[[networks]]
operator = "甲"
technology = "5G"
macro = "macro-nr3500"
micro = "micro-nr2600"
"""


def change(folder, name, *pairs):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def add_layer(folder, name, entry):
    change(folder, "scenario.toml", ("[targets]\n", f"[layers.{name}]\n{entry}\n[targets]\n"))


def degrees(west, south, east, north):
    ring = [(west, south), (east, south), (east, north), (west, north)]
    return shapely.Polygon([lonlat(*corner) for corner in ring])


def write_features(path, rows, **options):
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4490")
    frame.to_file(path, engine="pyogrio", **options)


def test_everything_lands_on_one_grid(plain):
    _, region = plain
    assert region.crs.to_epsg() == 4545
    assert region.resolution_m == 50.0
    box = region.geobox.extent.boundingbox
    # 12 x 6 km from (500000, 4400000), and one or two cells of 50 m more on each side
    assert EAST - 100.0 <= box.left <= EAST - 50.0
    assert NORTH + HEIGHT_M + 50.0 <= box.top <= NORTH + HEIGHT_M + 100.0
    assert region.boundary.area == pytest.approx(WIDTH_M * HEIGHT_M, rel=1e-4)
    assert region.terrain_m.shape == region.building_m.shape == tuple(region.geobox.shape)
    np.testing.assert_allclose(region.terrain_m, 1200.0)
    assert (region.building_m == 0.0).all()
    for frame in (*region.layers.values(), region.sites):
        if frame.crs is not None:
            assert frame.crs == region.crs
    village = region.layers["villages"].geometry["v2"]
    assert (village.x, village.y) == pytest.approx((EAST + 11_000.0, NORTH + 4000.0), abs=0.01)


def test_tables_have_the_dtypes_of_the_schema(plain):
    _, region = plain
    villages = region.layers["villages"]
    assert villages["name"].tolist() == ["西村", "东村"]
    assert villages["population"].dtype == np.float64
    assert region.layers["roads"]["important"].tolist() == [True]
    assert region.stations["equipment"].tolist() == ["macro-lte900"]
    assert region.stations["year_on_air"].tolist() == [2018]
    assert region.sites["antenna_height_m"].tolist() == [40.0, 40.0, 40.0, 20.0]
    assert region.layer("zones") is None
    assert region.townships().index.tolist() == ["159999"]
    assert region.warnings == ()


def test_what_was_read_is_told_with_hashes(plain):
    folder, region = plain
    assert {file.layer for file in region.inputs} == {
        "boundary", "villages", "roads", "sites", "stations", "terrain", "targets", "scenario",
    }  # fmt: skip
    for file in region.inputs:
        assert file.sha256 == hashlib.sha256((folder / file.path).read_bytes()).hexdigest()
    assert {file.layer: file.rows for file in region.inputs}["sites"] == 4


def test_the_summary_is_html_and_names_the_region(plain):
    html = plain[1]._repr_html_()
    assert "小旗" in html
    assert "72.0 km²" in html


def same(left, right):
    assert left.geobox == right.geobox
    assert set(left.layers) == set(right.layers)
    for name, frame in left.layers.items():
        columns = [column for column in frame.columns if column != "geometry"]
        other = right.layers[name]
        pd.testing.assert_frame_equal(pd.DataFrame(frame[columns]), pd.DataFrame(other[columns]))
        if frame.crs is not None:
            assert shapely.equals_exact(
                frame.geometry.to_numpy(), other.geometry.to_numpy(), tolerance=0.01
            ).all()
    np.testing.assert_array_equal(left.terrain_m, right.terrain_m)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_csv_of_chinese_excel(plain, small_folder, encoding):
    for name in ("villages.csv", "sites.csv", "stations.csv"):
        path = small_folder / name
        path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    same(plain[1], siteplan.read_region(small_folder))


def test_chinese_headers_values_and_blanks(plain, small_folder):
    change(
        small_folder,
        "villages.csv",
        ("id,name,kind,population,lon,lat", "编号, 村名 ,类型,人口,经度,纬度,备注"),
        ("v1,西村,administrative,800", "v1, 西村 ,行政村,800.0"),
        ("v2,东村,administrative", "v2,东村,行政村"),
    )
    path = small_folder / "villages.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(
        "\r\n".join([lines[0], f"{lines[1]},/", ",,,,,,", f"{lines[2]},x"]) + "\r\n",
        encoding="utf-8",
    )
    same(plain[1], siteplan.read_region(small_folder))


def test_a_geopackage_with_a_named_layer(plain, small_folder):
    road = gpd.read_file(small_folder / "roads.geojson")
    road.to_file(small_folder / "roads.gpkg", layer="roads", engine="pyogrio")
    road.to_file(small_folder / "roads.gpkg", layer="other", engine="pyogrio")
    change(small_folder, "scenario.toml", ('"roads.geojson"', '"roads.gpkg"\nlayer = "roads"'))
    same(plain[1], siteplan.read_region(small_folder))


def test_a_shapefile_in_another_system(plain, small_folder):
    road = gpd.read_file(small_folder / "roads.geojson").to_crs("EPSG:4547")
    road.to_file(small_folder / "roads.shp", engine="pyogrio", encoding="GBK")
    change(small_folder, "scenario.toml", ('"roads.geojson"', '"roads.shp"'))
    region = siteplan.read_region(small_folder)
    assert region.layers["roads"]["name"].tolist() == ["S1"]
    line = region.layers["roads"].geometry.iloc[0]
    assert line.hausdorff_distance(plain[1].layers["roads"].geometry.iloc[0]) < 0.01


def test_metres_in_a_csv(plain, small_folder):
    rows = ["id,name,kind,population,lon,lat"]
    rows += [f"v1,西村,administrative,800,{EAST + 1500},{NORTH + 2000}"]
    rows += [f"v2,东村,administrative,500,{EAST + 11_000},{NORTH + 4000}"]
    (small_folder / "villages.csv").write_text("\n".join(rows), encoding="utf-8")
    change(
        small_folder,
        "scenario.toml",
        ('"villages.csv"\ncrs = "EPSG:4490"', '"villages.csv"\ncrs = "EPSG:4545"'),
    )
    same(plain[1], siteplan.read_region(small_folder))


def test_codes_read_as_numbers_keep_their_digits(small_folder):
    rows = [
        {"code": code, "name": name, "geometry": degrees(*box)}
        for code, name, box in [
            (159999001, "西镇", (0, 0, 6000, 6000)),
            (159999002, "东镇", (6000, 0, 12_000, 6000)),
        ]
    ]
    write_features(small_folder / "townships.geojson", rows)
    add_layer(small_folder, "townships", 'path = "townships.geojson"')
    # integers with a blank come out of GDAL as floating point
    zones = [
        {
            "id": "z1",
            "kind": "built_up",
            "township": 159999002,
            "geometry": degrees(0, 0, 900, 900),
        },
        {"id": "z2", "kind": "built_up", "township": None, "geometry": degrees(0, 0, 900, 900)},
    ]
    frame = gpd.GeoDataFrame(zones, geometry="geometry", crs="EPSG:4490")
    frame["township"] = frame["township"].astype("Int64")
    frame.to_file(small_folder / "zones.gpkg", engine="pyogrio")
    add_layer(small_folder, "zones", 'path = "zones.gpkg"')
    region = siteplan.read_region(small_folder)
    assert region.townships().index.tolist() == ["159999001", "159999002"]
    # what is given wins over the place, what is blank is found from it
    assert region.layers["zones"]["township"].tolist() == ["159999002", "159999001"]


def test_townships_are_named_by_code_or_name_or_found(small_folder):
    rows = [
        {"code": None, "name": "西镇", "geometry": degrees(0, 0, 6000, 6000)},
        {"code": "159999002", "name": "东镇", "geometry": degrees(6000, 0, 12_000, 6000)},
    ]
    write_features(small_folder / "townships.geojson", rows)
    add_layer(small_folder, "townships", 'path = "townships.geojson"')
    change(
        small_folder,
        "villages.csv",
        ("population,lon", "population,township,lon"),
        ("administrative,800", "administrative,800,东镇"),
        ("administrative,500", "administrative,500,"),
    )
    region = siteplan.read_region(small_folder)
    assert region.townships().index.tolist() == ["西镇", "东镇"]  # a code is missing: names are ids
    # the blank is found from the place; the township without a code must not catch it
    assert region.layers["villages"]["township"].tolist() == ["东镇", "东镇"]
    assert region.sites["township"].tolist() == ["西镇", "东镇", "东镇", "东镇"]


def test_roads_end_at_the_boundary(small_folder):
    road = json.loads((small_folder / "roads.geojson").read_text(encoding="utf-8"))
    coordinates = [lonlat(-5000, 3000), lonlat(3000, 3000), lonlat(3000, 9000), lonlat(6000, 9000)]
    road["features"][0]["geometry"]["coordinates"] = coordinates
    touching = json.loads(json.dumps(road["features"][0]))
    # a road outside that only touches a corner of the land
    touching["geometry"]["coordinates"] = [lonlat(-900, -900), lonlat(0, 0), lonlat(-900, -1500)]
    touching["properties"]["name"] = "S9"
    road["features"].append(touching)
    (small_folder / "roads.geojson").write_text(json.dumps(road), encoding="utf-8")
    region = siteplan.read_region(small_folder)
    # 3 km from the west edge, then 3 km up to the north edge
    lengths = region.layers["roads"].set_index("name").length
    assert lengths["S1"] == pytest.approx(6000.0, rel=1e-3)
    assert lengths.drop("S1").sum() < 1.0
    assert region.boundary.buffer(0.1).covers(region.layers["roads"].union_all())


def test_a_neighbours_tower_may_stand_outside_and_far_ones_are_told(small_folder):
    east, north = lonlat(-600, 3000)
    change(
        small_folder, "sites.csv", ("d,东楼", f"n,邻塔,tower,existing,30,{east},{north}\nd,东楼")
    )
    change(small_folder, "stations.csv", ("a1,a,", "n1,n,甲,4G,2019\na1,a,"))
    region = siteplan.read_region(small_folder)
    (warning,) = region.warnings
    assert warning.severity == "warning"
    assert warning.source == "stations.csv"
    assert warning.value == "1 of 2 stations"


def test_blank_equipment_takes_what_the_structure_carries(small_folder):
    change(
        small_folder,
        "scenario.toml",
        (
            'macro = "macro-lte900"\n',
            f'macro = "macro-lte900"\n{SECOND_NETWORK}',
        ),
    )
    change(small_folder, "sites.csv", ("d,东楼,building", "d,东杆,lamp_pole"))
    change(
        small_folder,
        "stations.csv",
        ("technology,year_on_air", "technology,equipment,year_on_air"),
        (
            "a1,a,甲,4G,2018",
            "a1,a,甲,4G,,2018\nd1,d,甲,5G,,\na2,a,甲,5G,,\na3,a,甲,5G,macro-nr700,",
        ),
    )
    region = siteplan.read_region(small_folder)
    assert region.stations["equipment"].to_dict() == {
        "a1": "macro-lte900", "d1": "micro-nr2600", "a2": "macro-nr3500", "a3": "macro-nr700",
    }  # fmt: skip


def test_a_greenfield_has_no_station(small_folder):
    change(
        small_folder,
        "scenario.toml",
        ('[layers.stations]\npath = "stations.csv"\n', ""),
        ("format = 1\n", "format = 1\ngreenfield = true\n"),
    )
    region = siteplan.read_region(small_folder)
    assert len(region.stations) == 0
    assert "equipment" in region.stations


def test_a_stations_layer_without_rows_is_allowed(small_folder):
    (small_folder / "stations.csv").write_text("site_id,operator,technology\n", encoding="utf-8")
    assert len(siteplan.read_region(small_folder).stations) == 0


def test_flat_ground_is_said_on_purpose_and_repeated(small_folder):
    change(small_folder, "scenario.toml", ('path = "terrain.tif"', "flat_m = 1100.5"))
    region = siteplan.read_region(small_folder)
    assert (region.terrain_m == np.float32(1100.5)).all()
    (warning,) = region.warnings
    assert (warning.column, warning.value) == ("layers.terrain.flat_m", "1100.5")


def test_voids_stay_voids_and_are_told(small_folder):
    with rasterio.open(small_folder / "terrain.tif", "r+") as terrain:
        hole = np.full((20, 20), terrain.nodata, dtype="int16")
        terrain.write(hole, 1, window=rasterio.windows.Window(100, 60, 20, 20))
    region = siteplan.read_region(small_folder)
    void = np.isnan(region.terrain_m)
    # a square of 1 km in 12 x 6 km is 1.4 %
    assert void.mean() == pytest.approx(400 / void.size, rel=0.15)
    np.testing.assert_allclose(region.terrain_m[~void], 1200.0)
    (warning,) = region.warnings
    assert "missing" in warning.rule
    assert warning.value.startswith("1.")


def test_where_the_raster_ends_the_ground_is_unknown(small_folder):
    ground = np.full((120, 120), 900, dtype=np.int16)  # the western half only
    with rasterio.open(
        small_folder / "terrain.tif",
        "w",
        driver="GTiff",
        height=120,
        width=120,
        count=1,
        dtype="int16",
        crs="EPSG:4545",
        transform=from_origin(EAST, NORTH + HEIGHT_M, 50.0, 50.0),
    ) as raster:
        raster.write(ground, 1)
    region = siteplan.read_region(small_folder)
    middle = region.terrain_m.shape[1] // 2
    assert np.isnan(region.terrain_m[:, middle + 3 :]).all()
    np.testing.assert_allclose(region.terrain_m[3:-3, 3 : middle - 3], 900.0)
    (warning,) = region.warnings
    assert warning.value.startswith("50.")


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490"])
def test_a_slope_in_degrees_arrives_where_it_lay(tmp_path, crs):
    # A plane in longitude and latitude, read bilinearly, must give the plane at the cell centres.
    region = hand.region(shape=(40, 40), cell_m=50.0)
    west, south, east, north = (107.99, 39.71, 108.04, 39.76)
    step = 400
    longitude = np.linspace(west, east, step, endpoint=False) + (east - west) / step / 2.0
    latitude = np.linspace(north, south, step, endpoint=False) - (north - south) / step / 2.0
    plane = (longitude[None, :] - west) * 4000.0 + (latitude[:, None] - south) * 7000.0
    plane[latitude < 39.735] = np.nan  # declared by nothing but itself
    with rasterio.open(
        tmp_path / "plane.tif",
        "w",
        driver="GTiff",
        height=step,
        width=step,
        count=1,
        dtype="float32",
        crs=crs,
        transform=from_bounds(west, south, east, north, step, step),
    ) as raster:
        raster.write(plane.astype(np.float32), 1)
    found = rasters.read_terrain(tmp_path, TerrainSource(path="plane.tif"), region.geobox)
    centre = 25.0 + 50.0 * np.arange(40)
    for i in range(0, 40, 7):
        for j in range(0, 40, 7):
            place = lonlat(centre[j], 2000.0 - centre[i])
            expected = (place[0] - west) * 4000.0 + (place[1] - south) * 7000.0
            if place[1] > 39.7352:
                assert found[i, j] == pytest.approx(expected, abs=0.5)
            elif place[1] < 39.7348:
                assert np.isnan(found[i, j])


def test_a_bow_tie_keeps_its_area(small_folder):
    corners = [(0, 0), (2000, 2000), (2000, 0), (0, 2000)]
    bow = shapely.Polygon([lonlat(*corner) for corner in corners])
    spike = shapely.Polygon(
        [lonlat(*c) for c in [(0, 0), (500, 0), (500, 500), (500, 0), (0, 500)]]
    )
    rows = [
        {"id": "z1", "kind": "built_up", "geometry": bow},
        {"id": "z2", "kind": "built_up", "geometry": spike},
    ]
    write_features(small_folder / "zones.geojson", rows)
    add_layer(small_folder, "zones", 'path = "zones.geojson"')
    zones = siteplan.read_region(small_folder).layers["zones"]
    # two triangles of 2 km and 1 km height; the spike leaves half a square of 500 m
    assert zones.area.tolist() == pytest.approx([2e6, 125_000.0], rel=1e-3)
    assert zones.is_valid.all()
    assert set(zones.geom_type) <= {"Polygon", "MultiPolygon"}


def test_what_an_extract_lost_is_told(small_folder, monkeypatch):
    lost = Fault(source="roads.osm.pbf", rule="broken", remedy="mend", severity="warning")

    def read_osm(_path, _layer, _bounds):
        road = gpd.read_file(small_folder / "roads.geojson").assign(id="way/1")
        road.attrs["faults"] = (lost,)
        return road

    monkeypatch.setattr(readers.osm, "read_osm", read_osm)
    (small_folder / "roads.osm.pbf").write_bytes(b"x")
    change(small_folder, "scenario.toml", ('"roads.geojson"', '"roads.osm.pbf"'))
    assert siteplan.read_region(small_folder).warnings == (lost,)


def test_reading_changes_no_file(small_folder):
    before = {path.name: path.read_bytes() for path in small_folder.iterdir()}
    siteplan.read_region(small_folder)
    assert {path.name: path.read_bytes() for path in small_folder.iterdir()} == before


def test_a_ridge_is_where_it_was_drawn(small_folder):
    write_terrain(small_folder / "terrain.tif", ridge_m=300.0)
    ground = siteplan.read_region(small_folder).terrain_m
    # four columns of 50 m in the middle of 16 km, that is at 6 km of the region's 12
    high = np.flatnonzero((ground == 1500.0).all(axis=0))
    assert len(high) in {3, 4}
    assert high.mean() == pytest.approx(ground.shape[1] / 2.0 - 0.5, abs=1.5)
