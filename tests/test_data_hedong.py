"""The region folder hedong: it loads, says where every value comes from, and can be made again."""

import importlib
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Transformer

from siteplan import schema
from siteplan.scenario import read_scenario

DATA = Path(__file__).parents[1] / "data"
FOLDER = DATA / "hedong"
ALL_BLANK = {"population"}


@pytest.fixture(scope="module")
def layers():
    scenario, _ = read_scenario(FOLDER)
    tables = {}
    for name, source in scenario.layers.vectors().items():
        path = FOLDER / source.path
        if path.suffix == ".csv":
            table = pd.read_csv(path, dtype={"id": str, "code": str, "site_id": str})
            if "lon" in table:
                points = shapely.points(table["lon"], table["lat"])
                table = gpd.GeoDataFrame(table, geometry=points, crs=source.crs)
                table = table.drop(columns=["lon", "lat"])
        else:
            table = gpd.read_file(path, layer=source.layer)
        tables[name] = table
    return tables


def outline(layers):
    return layers["boundary"].geometry.iloc[0]


def test_the_scenario_asks_for_what_the_document_says():
    scenario, document = read_scenario(FOLDER)
    assert document.area_code == scenario.region.code == "120102"
    assert scenario.targets.years == (2020, 2021, 2022)
    assert {network.id for network in scenario.networks if network.build} == {
        "中国移动 5G",
        "电联共享 5G",
    }


def test_every_column_is_known_allowed_and_in_range(layers):
    for name, table in layers.items():
        definition = schema.TABLES[name]
        known = {column.name for column in definition.columns}
        assert set(table.columns) - {"geometry"} <= known, name
        for column in definition.columns:
            if column.name not in table:
                assert not column.required
                continue
            values = table[column.name].dropna()
            assert len(values) or column.name in ALL_BLANK
            assert not column.required or len(values) == len(table), (name, column.name)
            assert not column.choices or set(values) <= set(column.choices)
            assert column.low is None or values.between(column.low, column.high).all()


def test_ids_are_unique_texts(layers):
    for name, table in layers.items():
        key = "id" if "id" in table else "code"
        assert table[key].is_unique, name
        assert table[key].map(type).eq(str).all(), name


def test_every_row_names_its_origin(layers):
    real = {"boundary", "townships", "villages"}
    for name, table in layers.items():
        origins = set(table["origin"])
        assert (origins == {"synthetic"}) == (name not in real), name
    assert set(layers["villages"]["origin"]) == {
        "name and code: national statistical codes 2023; position: synthetic"
    }
    assert "approximate" in layers["townships"]["origin"].iloc[0]
    assert "Tianditu" in layers["boundary"]["origin"].iloc[0]


def test_everything_lies_inside_the_boundary(layers):
    area = outline(layers)
    shapely.prepare(area)
    for name, table in layers.items():
        if isinstance(table, gpd.GeoDataFrame) and name not in {"boundary", "townships"}:
            assert table.geometry.is_valid.all(), name
            assert area.covers(table.geometry.to_numpy()).all(), name


def test_the_boundary_is_the_real_one(layers):
    to_metres = Transformer.from_crs(4490, 4548, always_xy=True)
    area = shapely.transform(outline(layers), lambda c: np.stack(to_metres.transform(*c.T), axis=1))
    assert len(shapely.get_coordinates(area)) == 22
    assert area.area == pytest.approx(40.58e6, rel=1e-3)  # as its source gives it


def test_the_subdistricts_fill_the_boundary_without_overlap(layers):
    shapes = layers["townships"].geometry
    assert len(shapes) == 12
    area = outline(layers)
    assert shapely.area(shapely.union_all(shapes)) == pytest.approx(area.area, rel=2e-3)
    assert sum(shape.area for shape in shapes) == pytest.approx(area.area, rel=2e-3)


def test_the_communities_are_those_of_the_codes_but_the_exclave(layers):
    codes = pd.read_csv(DATA / "sources" / "hedong_communities.csv", dtype=str)
    here = codes[codes["streetCode"] != "120102013"]
    table = layers["villages"]
    assert set(table["code"]) == set(here["code"])
    assert (table["township"].astype(str) == table["code"].str[:9]).all()
    assert set(codes["streetCode"]) - set(here["streetCode"]) == {"120102013"}


def test_the_district_has_the_size_of_one(layers):
    poles, sites = layers["poles"]["kind"].value_counts(), layers["sites"]
    assert poles["lamp_pole"] > 8000
    assert 500 <= poles["monitoring_pole"] <= 800
    assert 6000 <= len(layers["buildings"]) <= 9000
    assert 200 <= (sites["status"] == "existing").sum() <= 260
    assert 150 <= (sites["status"] == "candidate").sum() <= 200
    zones = layers["zones"]["kind"].value_counts()
    assert (zones["residential"], zones["commercial"]) == (120, 60)
    assert set(layers["venues"]["sector"]) == {
        "industry",
        "grid",
        "shopping",
        "medical",
        "education",
        "culture_tourism",
        "media",
    }


def test_stations_stand_on_existing_sites_in_networks_of_the_scenario(layers):
    scenario, _ = read_scenario(FOLDER)
    stations, sites = layers["stations"], layers["sites"].set_index("id")
    on = sites.loc[stations["site_id"]]
    assert (on["status"] == "existing").all()
    assert not (stations["antenna_height_m"].to_numpy() > on["height_m"].to_numpy()).any()
    assert {
        scenario.network(*pair) is not None
        for pair in zip(stations["operator"], stations["technology"], strict=True)
    } == {True}
    fresh = stations[stations["technology"] == "5G"]
    assert (fresh["year_on_air"] == 2019).all()
    assert 20 <= fresh["site_id"].nunique() <= 40
    assert not stations.duplicated(["site_id", "operator", "technology"]).any()


def test_known_tenants_are_the_operators_of_the_stations(layers):
    tenants = layers["sites"].set_index("id")["tenants"].dropna()
    weight = layers["stations"].assign(
        weight=layers["stations"]["operator"].map({"中国移动": 1, "电联共享": 2})
    )
    counted = weight[weight["technology"] == "4G"].groupby("site_id")["weight"].sum()
    assert (counted.loc[tenants.index] == tenants).all()


def test_blanks_are_left_where_real_tables_have_them(layers):
    existing = layers["sites"][layers["sites"]["status"] == "existing"]
    for table, column in [
        (existing, "power"),
        (existing, "tenants"),
        (existing, "fibre"),
        (layers["stations"], "equipment"),
        (layers["stations"], "year_on_air"),
        (layers["poles"], "height_m"),
        (layers["buildings"], "height_m"),
    ]:
        assert 0.0 < table[column].isna().mean() < 0.25, column
    assert 0.2 < (existing["power"].dropna() == "resold").mean() < 0.4
    buildings = layers["buildings"]
    assert not (buildings["height_m"].isna() & buildings["levels"].isna()).any()


def test_the_city_is_no_chessboard(layers):
    roads = layers["roads"].to_crs(4548)
    ends = np.array([(line.coords[0], line.coords[-1]) for line in roads.geometry])
    east, north = (ends[:, 1] - ends[:, 0]).T
    bearing = np.degrees(np.arctan2(north, east)) % 90.0
    length = roads.length.to_numpy()
    share = np.histogram(bearing, bins=18, range=(0.0, 90.0), weights=length)[0] / length.sum()
    assert share.max() < 0.35


def test_buildings_do_not_overlap_and_poles_stand_beside_them(layers):
    buildings = layers["buildings"].geometry.to_numpy()
    tree = shapely.STRtree(buildings)
    left, right = tree.query(buildings, predicate="overlaps")
    assert not (left < right).any()
    assert tree.query(layers["poles"].geometry.to_numpy(), predicate="within").size == 0


def test_terrain_covers_the_boundary_and_two_kilometres():
    with rasterio.open(FOLDER / "terrain.tif") as file:
        heights, bounds = file.read(1, masked=True), file.bounds
        assert file.crs.to_epsg() == 4548
        assert file.dtypes == ("int16",)
        assert file.nodata is not None
    area = gpd.read_file(FOLDER / "boundary.geojson").to_crs(4548).geometry.iloc[0].buffer(1999.0)
    assert shapely.box(*bounds).covers(area)
    assert not heights.mask.any()
    assert (heights.min(), heights.max()) == (2, 4)


def test_the_readme_names_every_column(layers):
    text = (FOLDER / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+)[^|]*\| ([^|]*) \|", text, re.MULTILINE)
    named = {(layer, word) for layer, cell in rows for word in re.findall(r"\w+", cell)}
    for name, table in layers.items():
        for column in table.columns:
            word = schema.TABLES[name].geometry if column == "geometry" else column
            word = "lon" if word == "point" else word
            assert (name, word) in named, (name, column)


def test_the_folder_is_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 7e6


@pytest.mark.slow
def test_the_script_makes_the_same_bytes_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DATA))
    make = importlib.import_module("_hedong").make
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        make(tmp_path / name)
    made = {path.name: path.read_bytes() for path in sorted((tmp_path / "first").iterdir())}
    again = {path.name: path.read_bytes() for path in sorted((tmp_path / "second").iterdir())}
    assert made == again
    stored = {path.name for path in FOLDER.iterdir()} - {"README.md", "scenario.toml"}
    assert set(made) == stored
    for name, content in made.items():
        assert content == (FOLDER / name).read_bytes(), name
