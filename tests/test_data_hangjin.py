"""The region Hangjin: what stands in its files, and that the script makes them again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.features import geometry_mask
from rasterio.warp import transform_bounds

from siteplan import schema
from siteplan.region import read_region
from siteplan.scenario import read_scenario

DATA = Path(__file__).resolve().parents[1] / "data"
FOLDER = DATA / "hangjin"
CRS = "EPSG:4545"
PEOPLE_OUTSIDE_TOWNS = 41_725  # 110,824 people less 62.35 %, census of 2020
TERRAIN_MARGIN_M = 12_000.0


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(FOLDER)[0]


@pytest.fixture(scope="module")
def layers(scenario):
    """Layers in metres, read without the project's own readers."""
    return {name: _read(source) for name, source in scenario.layers.vectors().items()}


def _read(source):
    path = FOLDER / source.path
    if path.suffix != ".csv":
        return pyogrio.read_dataframe(path, layer=source.layer).to_crs(CRS)
    text = {"id": str, "code": str, "site_id": str}
    table = pd.read_csv(path, dtype=text)
    if "lon" not in table:
        return table
    points = gpd.points_from_xy(table["lon"], table["lat"], crs=source.crs)
    return gpd.GeoDataFrame(table.drop(columns=["lon", "lat"]), geometry=points).to_crs(CRS)


@pytest.fixture(scope="module")
def outline(layers):
    return layers["boundary"].geometry.iloc[0]


@pytest.fixture(scope="module")
def natural(layers):
    villages = layers["villages"]
    return villages[villages["kind"] == "natural"]


@pytest.fixture(scope="module")
def administrative(layers):
    villages = layers["villages"]
    return villages[villages["kind"] == "administrative"]


@pytest.fixture(scope="module")
def open_sites(layers):
    sites = layers["sites"]
    return sites[sites["status"] != "unavailable"]


def _nearest_m(points, others):
    _, distance = shapely.STRtree(others.geometry.array).query_nearest(
        points.geometry.array, return_distance=True, all_matches=False
    )
    return distance


# --- the folder as a whole ---------------------------------------------------------------------


def test_the_scenario_names_every_layer_that_the_county_has(scenario, layers):
    assert scenario.targets.document == "hangjin-2021"
    assert scenario.targets.years == (2020, 2021, 2022)
    assert set(layers) == set(schema.TABLES) - {
        "buildings",
        "cells",
        "fibre_nodes",
        "samples",
        "village_points",
    }


def test_the_region_passes_the_door(layers):
    region = read_region(FOLDER)
    assert region.crs.to_epsg() == 4545
    assert {name: len(region.layers[name]) for name in ("villages", "roads", "zones")} == {
        name: len(layers[name]) for name in ("villages", "roads", "zones")
    }


def test_columns_are_those_of_the_schema_and_categories_are_known(layers):
    for name, table in layers.items():
        known = {column.name: column for column in schema.TABLES[name].columns}
        assert set(table.columns) - {"geometry"} <= set(known), name
        for column in known.values():
            if column.required:
                assert table[column.name].notna().all(), (name, column.name)
            if column.choices and column.name in table:
                assert set(table[column.name].dropna()) <= set(column.choices), (name, column.name)


def test_ids_are_unique_and_every_row_tells_its_origin(layers):
    for name, table in layers.items():
        if "id" in table:
            assert table["id"].notna().all(), name
            assert table["id"].is_unique, name
        assert table["origin"].str.len().gt(0).all(), name


def test_everything_lies_inside_the_boundary(layers, outline):
    room = outline.buffer(0.2)  # six decimals of a degree
    shapely.prepare(room)
    for name, table in layers.items():
        if name not in ("stations", "townships"):
            assert shapely.covers(room, table.geometry.array).all(), name


def test_the_folder_is_small():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 6e6


def test_the_readme_names_every_column_of_every_layer(layers):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, table in layers.items():
        positions = {"lon", "lat"} if (FOLDER / f"{name}.csv").exists() else {"geometry"}
        columns = set(table.columns) - {"geometry"} | (positions if "geometry" in table else set())
        missing = [column for column in columns if f"\n| {name} | {column} |" not in text]
        assert not missing, name


# --- villages and townships --------------------------------------------------------------------


def test_the_administrative_villages_are_those_of_the_statistical_codes(administrative):
    codes = pd.read_csv(DATA / "sources" / "hangjin_villages.csv", dtype=str)
    codes = codes[codes["kind"] != "community"].set_index("code")
    assert codes["kind"].value_counts().to_dict() == {"village": 41, "gacha": 35}
    assert set(administrative["code"]) == set(codes.index)
    for village in administrative.itertuples():
        assert codes.loc[village.code, "name"].startswith(village.name)
        assert codes.loc[village.code, "streetName"] == village.township


def test_administrative_villages_lie_in_their_township(administrative, layers):
    shapes = layers["townships"].set_index("name").geometry
    assert all(shapes[row.township].covers(row.geometry) for row in administrative.itertuples())


def test_the_townships_fill_the_county_without_overlap(layers, outline):
    shapes = layers["townships"].geometry
    assert len(shapes) == 6
    assert shapes.union_all().area == pytest.approx(outline.area, rel=1e-4)
    assert shapes.area.sum() == pytest.approx(outline.area, rel=1e-4)


def test_natural_villages_have_names_of_their_own_and_no_code(natural):
    assert len(natural) == 600
    assert natural["name"].is_unique
    assert natural["code"].isna().all()
    assert (natural["origin"] == "synthetic").all()


def test_the_people_add_up(layers):
    villages = layers["villages"]
    assert villages["population"].sum() == PEOPLE_OUTSIDE_TOWNS
    assert round(110_824 * (1.0 - 0.6235)) == PEOPLE_OUTSIDE_TOWNS
    houses = villages["households"]
    assert 0 < houses.isna().sum() < 40
    assert (houses.dropna() <= villages["population"][houses.notna()]).all()


def test_no_village_stands_on_another(layers):
    points = layers["villages"].geometry
    pairs = shapely.STRtree(points.array).query(points.array, predicate="dwithin", distance=1.0)
    assert pairs.shape[1] == len(points)


def test_shares_of_the_flags(layers, natural, administrative):
    assert layers["villages"]["poverty"].mean() == pytest.approx(0.12, abs=0.01)
    assert natural["strong_demand"].mean() == pytest.approx(0.25, abs=0.03)
    assert natural["dense"].mean() == pytest.approx(0.20, abs=0.03)
    assert (administrative["fibre"] == True).mean() == pytest.approx(0.97, abs=0.02)  # noqa: E712  # blanks
    assert 0.1 < natural["fibre"].isna().mean() < 0.5


# --- roads, zones, venues, poles ---------------------------------------------------------------


def test_the_named_roads(layers):
    roads = layers["roads"].set_index("id")
    assert {"S215", "S316", "G242", "G18", "G109", "G6", "G110"} <= set(roads.index)
    desert = roads[roads["class"] == "desert"]
    assert len(desert) == 6
    assert desert.length.sum() / 1e3 == pytest.approx(930.0, rel=0.02)
    assert roads["important"][roads["class"].isin(["motorway", "desert"])].all()
    assert roads["important"][roads["class"] == "county"].isna().any()
    assert roads.geometry.is_simple.all()


def test_the_real_ends_of_s215_and_s316(layers, outline):
    roads = layers["roads"].set_index("id").geometry
    dense = layers["zones"].set_index("name").geometry
    start, end = roads["S215"].boundary.geoms
    assert dense["独贵塔拉镇人口密集区"].contains(start)
    assert dense["锡尼镇中心城区核心区"].contains(end)
    start, end = roads["S316"].boundary.geoms
    assert outline.exterior.distance(start) < 100.0
    assert dense["巴拉贡镇人口密集区"].contains(end)


def test_zones(layers):
    zones = layers["zones"]
    assert zones.geometry.is_valid.all()
    kinds = zones["kind"].value_counts()
    assert kinds["industrial_park"] == 3
    assert 4 <= kinds["scenic_area"] <= 6
    assert 3 <= kinds["functional_area"] <= 5
    assert set(zones[zones["kind"] == "dense_area"]["township"]) == set(layers["townships"]["name"])
    areas = zones.set_index("kind").area / 1e6
    assert areas["seat_core"] == pytest.approx(2.0, rel=0.01)
    assert areas["built_up"] == pytest.approx(10.0, rel=0.01)
    ban = zones[zones["severity"] == "hard"].to_crs("EPSG:4490")
    assert ban["basis"].notna().all()
    west, south, east, north = ban.total_bounds
    assert west >= 107.033 - 1e-6
    assert (south, east, north) == pytest.approx((40.133, 107.317, 40.383), abs=1e-6)


def test_the_seat_lies_where_geonames_says(layers):
    zones = layers["zones"].to_crs("EPSG:4490").set_index("kind").geometry
    assert zones["seat_core"].contains(shapely.Point(108.73472, 39.84417))


def test_venues_of_every_sector_of_the_document(layers):
    sectors = layers["venues"]["sector"].value_counts()
    assert set(sectors.index) == set(schema.SECTORS[:8])
    assert 60 <= sectors.sum() <= 100


def test_poles_stand_in_the_built_up_area(layers):
    poles = layers["poles"]
    built = layers["zones"].set_index("kind").geometry["built_up"]
    assert set(poles["kind"]) == set(schema.POLE_KINDS)
    assert shapely.covers(built, poles.geometry.array).mean() > 0.9


# --- sites and stations ------------------------------------------------------------------------


def test_sites(layers):
    sites = layers["sites"].set_index("status")
    assert len(sites.loc["existing"]) >= 250
    assert len(sites.loc["candidate"]) >= 1500
    assert 0 < len(sites.loc["unavailable"]) < 50
    assert sites.loc["existing", "id"].str.fullmatch(r"150625\d{12}").all()
    for column in ("tenants", "power", "fibre", "township"):
        assert 0.02 < sites.loc["existing", column].isna().mean() < 0.2, column


def test_stations_stand_on_existing_sites_and_belong_to_a_network(layers, scenario):
    stations, sites = layers["stations"], layers["sites"].set_index("id")
    assert set(sites.loc[stations["site_id"], "status"]) == {"existing"}
    assert not stations.duplicated(["site_id", "operator", "technology"]).any()
    for station in stations.itertuples():
        assert scenario.network(station.operator, station.technology) is not None
    height = sites.loc[stations["site_id"], "height_m"].to_numpy()
    assert not (stations["antenna_height_m"].to_numpy() > height).any()
    networks = stations.groupby("site_id")["operator"].nunique()
    tenants = sites["tenants"].dropna()
    assert (tenants == networks.reindex(tenants.index).fillna(0)).all()


def test_the_first_5g_stands_in_the_core_of_the_seat(layers):
    stations = layers["stations"]
    first = stations[stations["technology"] == "5G"]
    assert 5 <= len(first) <= 10
    assert set(first["year_on_air"]) == {2020}
    places = layers["sites"].set_index("id").geometry[first["site_id"]]
    core = layers["zones"].set_index("kind").geometry["seat_core"]
    assert shapely.covers(core, places.array).all()


def test_some_stations_come_later_and_some_years_are_unknown(layers):
    years = layers["stations"]["year_on_air"]
    assert 0 < (years == 2021).sum() < 40
    assert 0 < years.isna().sum() < 60
    assert years.min() >= 2014
    assert years.max() == 2021


def test_today_most_but_not_all_committees_have_4g_within_5_km(layers, administrative, natural):
    stations = layers["stations"]
    old = stations[(stations["technology"] == "4G") & ~(stations["year_on_air"] > 2020)]
    sites = layers["sites"]
    sites = sites[sites["id"].isin(old["site_id"])]
    assert 0.85 < (_nearest_m(administrative, sites) <= 5000.0).mean() < 0.97
    assert 0.3 < (_nearest_m(natural, sites) <= 5000.0).mean() < 0.5


def test_candidates_are_near_everything_that_must_be_covered(layers, natural, open_sites):
    wanted = natural[natural["strong_demand"] | natural["dense"]]
    assert _nearest_m(wanted, open_sites).max() < 3000.0
    roads = layers["roads"]
    along = [
        shapely.line_interpolate_point(line, np.arange(0.0, line.length, 500.0))
        for line in roads.geometry
    ]
    assert _nearest_m(gpd.GeoSeries(np.concatenate(along)), open_sites).max() < 5000.0
    zones = layers["zones"]
    for zone in zones[zones["kind"] != "exclusion"].itertuples():
        assert open_sites.within(zone.geometry).any(), zone.name


# --- terrain -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def terrain(scenario):
    with rasterio.open(FOLDER / scenario.layers.terrain.path) as file:
        return file.read(1), file.nodata, file.transform, file.bounds


def test_terrain_is_a_cloud_optimized_geotiff_of_90_m(scenario):
    with rasterio.open(FOLDER / scenario.layers.terrain.path) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.dtypes == ("int16",)
        assert file.res == (90.0, 90.0)
        assert file.crs.to_epsg() == 4545
        assert file.nodata is not None


def test_terrain_covers_the_county_and_the_reach_of_its_stations(terrain, outline):
    heights, nodata, transform, bounds = terrain
    room = outline.buffer(TERRAIN_MARGIN_M - 150.0)
    assert shapely.box(*bounds).contains(room)
    inside = geometry_mask([room], heights.shape, transform, invert=True)
    assert (heights[inside] != nodata).all()
    assert heights[inside].min() >= 1000
    assert heights[inside].max() <= 1650


def test_the_plain_is_flat_the_dunes_are_not_and_the_hills_are_high(terrain):
    heights, _, transform, _ = terrain

    def window(easting, northing):  # 4 km around a place, by the map of the county
        column, row = ~transform @ (easting, northing)
        row, column = int(row), int(column)
        return heights[row - 22 : row + 22, column - 22 : column + 22].astype(float)

    plain, dunes, hills = (
        window(507e3, 4519e3),
        window(520e3, 4495e3),
        window(574e3, 4385e3),
    )
    assert np.ptp(plain) < 12
    assert 30 < np.ptp(dunes) < 160
    assert hills.mean() > 1200 > plain.mean()


def test_the_boundary_is_the_published_outline(layers):
    _, south, east, north = transform_bounds(CRS, "EPSG:4490", *layers["boundary"].total_bounds)
    assert (south, north) == pytest.approx((39.376, 40.871), abs=0.03)
    assert east == pytest.approx(109.267, abs=0.03)
    assert shapely.get_num_coordinates(layers["boundary"].geometry.iloc[0]) == 241


# --- the script --------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_script_makes_the_same_files_again(tmp_path):
    command = [sys.executable, "-B", str(DATA / "make.py"), "hangjin", "--into", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)  # our own script
    made = sorted((tmp_path / "hangjin").iterdir())
    written_by_hand = {"README.md", "scenario.toml"}
    assert {file.name for file in made} == {
        file.name for file in FOLDER.iterdir()
    } - written_by_hand
    for file in made:
        assert file.read_bytes() == (FOLDER / file.name).read_bytes(), file.name
