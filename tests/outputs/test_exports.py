"""Shapefile, KML, GeoJSON, Parquet and rasters, as other programs read them."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import zipfile

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio

from siteplan.outputs import frames
from siteplan.outputs.exports import (
    LAYERS,
    export_layer,
    short_name,
    write_geojson,
    write_kml,
    write_parquet,
    write_shapefiles,
)
from siteplan.outputs.options import OutputOptions
from siteplan.outputs.rasters import write_server, write_sinr
from siteplan.outputs.write import write_plan
from tests.outputs.conftest import CODE_18

PROMISED = os.environ.get("CI", "").lower() == "true"


@pytest.fixture
def shapefiles(tmp_path):
    def written(plan):
        write_shapefiles(plan, tmp_path / "plan_shp.zip")
        with zipfile.ZipFile(tmp_path / "plan_shp.zip") as archive:
            archive.extractall(tmp_path / "shp")
        return tmp_path / "shp"

    return written


def test_shapefiles_are_gbk_with_short_names_and_aliases(small_plan, shapefiles):
    folder = shapefiles(small_plan)
    sites = pyogrio.read_dataframe(folder / "sites.shp")
    expected = frames.site_table(small_plan)
    assert (folder / "sites.cpg").read_text() == "GBK"
    assert sites["site_id"].tolist() == expected.index.tolist()
    assert CODE_18 in set(sites["site_id"])
    assert sites["name"].dropna().tolist() == expected["name"].dropna().tolist()
    assert sites.crs.to_epsg() == small_plan.region.crs.to_epsg()
    rows = list(csv.reader(io.StringIO((folder / "aliases.csv").read_bytes().decode("utf-8-sig"))))
    shown = {row[0] for row in rows[1:]}
    assert set(sites.columns) - {"geometry"} <= shown
    assert all(len(name.encode("gbk")) <= 10 for name in shown)


@pytest.mark.parametrize("layer", LAYERS)
def test_short_names_differ(small_plan, layer):
    columns = export_layer(small_plan, layer).columns
    assert len({short_name(name) for name in columns}) == len(columns)


def test_shapefiles_take_hostile_names(hostile_plan, shapefiles):
    sites = pyogrio.read_dataframe(shapefiles(hostile_plan) / "sites.shp")
    assert len(sites) == len(frames.site_table(hostile_plan))


def test_shapefiles_are_the_same_every_time(small_plan, tmp_path):
    for name in ("a.zip", "b.zip"):
        write_shapefiles(small_plan, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize("layer", LAYERS)
def test_geojson_and_parquet_hold_the_same_rows(small_plan, tmp_path, layer):
    write_geojson(small_plan, layer, tmp_path / "a.geojson")
    write_parquet(small_plan, layer, tmp_path / "a.parquet")
    expected = export_layer(small_plan, layer)
    features = json.loads((tmp_path / "a.geojson").read_bytes())["features"]
    table = gpd.read_parquet(tmp_path / "a.parquet")
    assert len(features) == len(table) == len(expected)
    assert table.crs == small_plan.region.crs
    if layer == "sites":
        assert [f["properties"]["site_id"] for f in features] == expected["site_id"].tolist()
        lon, lat = features[0]["geometry"]["coordinates"][:2]
        assert (lon, lat) == pytest.approx((expected["lon"][0], expected["lat"][0]), abs=2e-6)


def test_kml_names_the_sites(small_plan, tmp_path):
    write_kml(small_plan, tmp_path / "plan.kml")
    sites = pyogrio.read_dataframe(tmp_path / "plan.kml")
    expected = frames.site_table(small_plan)
    assert sites["Name"].tolist() == expected["name"].fillna(expected.index.to_series()).tolist()


def test_rasters_of_sinr_and_server(small_plan, tmp_path):
    coverage = small_plan.coverage_plan["5G", small_plan.years[-1]]
    write_sinr(small_plan, coverage, tmp_path / "sinr.tif", network="plan")
    write_server(small_plan, coverage, tmp_path / "server.tif", network="plan")
    with rasterio.open(tmp_path / "sinr.tif") as raster:
        level = raster.read(1, masked=True) * raster.scales[0]
        assert np.allclose(level.filled(np.nan), coverage.sinr_db, atol=1e-3, equal_nan=True)
    with rasterio.open(tmp_path / "server.tif") as raster:
        assert (raster.read(1) == coverage.server).all()
        assert json.loads(raster.tags()["stations"]) == list(coverage.station_ids)


@pytest.mark.slow
def test_gdal_s_own_tools_read_every_layer_and_raster(small_plan, tmp_path):
    tools = [shutil.which(name) for name in ("ogrinfo", "gdalinfo")]
    if None in tools:
        assert not PROMISED, "gdal-bin must be installed"
        pytest.skip("needs gdal-bin")
    options = OutputOptions(formats=("layers", "rasters"))
    files = write_plan(small_plan, tmp_path / "out", options=options)
    for name, path in files.items():
        if name.endswith((".json", ".parquet")):
            continue
        shown = f"/vsizip/{path}" if name.endswith(".zip") else str(path)
        vector = not name.endswith(".tif")
        command = [str(tools[0]), "-ro", "-al", "-so", shown] if vector else [str(tools[1]), shown]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "ERROR" not in run.stderr, name
        assert "Layer name:" in run.stdout if vector else "LAYOUT=COG" in run.stdout, name
