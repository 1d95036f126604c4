"""Hostile files: a clear error in bounded time and memory, and nothing outside the folder is read."""

import struct
import time
import zipfile
import zlib

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

import siteplan
from siteplan import schema
from siteplan.errors import InputError
from siteplan.region import readers
from siteplan.region.tables import read_table
from siteplan.scenario import LayerSource
from tests.conftest import EAST, NORTH, lonlat

MOST_S = 10.0
VILLAGES = schema.TABLES["villages"]
HEADER = ["id", "name", "kind", "lon", "lat"]
ROW = ["v1", "西村", "natural", *lonlat(100, 100)]


def refused(folder, table="villages", **source):
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        read_table(folder, schema.TABLES[table], LayerSource(**source))
    assert time.process_time() - start < MOST_S
    for fault in caught.value.faults:
        assert fault.remedy
    return str(caught.value)


def bomb(path, name="v.shp", size=2**28):
    """One member of zeros, a thousandth of its size when packed."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w") as file,
    ):
        for _ in range(size // 2**22):
            file.write(bytes(2**22))


def test_a_zip_bomb(tmp_path):
    bomb(tmp_path / "v.zip")
    assert "far too much" in refused(tmp_path, path="v.zip", crs="EPSG:4490")


def test_a_bomb_in_a_workbook(tmp_path):
    bomb(tmp_path / "v.xlsx", "xl/worksheets/sheet1.xml")
    assert "far too much" in refused(tmp_path, path="v.xlsx", crs="EPSG:4490")


def test_a_bomb_in_a_kmz(tmp_path):
    bomb(tmp_path / "v.kmz", "doc.kml")
    assert "far too much" in refused(tmp_path, path="v.kmz")


def test_a_bomb_that_lies_about_its_size(tmp_path):
    bomb(tmp_path / "v.zip", size=2**28)
    raw = bytearray((tmp_path / "v.zip").read_bytes())
    at = raw.rfind(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 1000)  # the uncompressed size
    (tmp_path / "v.zip").write_bytes(raw)
    assert "cannot read the archive" in refused(tmp_path, path="v.zip", crs="EPSG:4490")


@pytest.mark.parametrize(
    "name", ["../v.csv", "/etc/v.csv", "a/../../v.csv", "..\\v.csv", "C:\\v.csv"]
)
def test_a_member_that_climbs_out(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr(name, "id,name,kind,lon,lat\n")
    assert "outside it" in refused(tmp_path, path="v.zip", crs="EPSG:4490")
    assert not (tmp_path.parent / "v.csv").exists()


@pytest.mark.parametrize("name", ["v.kml", "v.geojson", "v.gml", "v.json"])
def test_a_file_that_makes_gdal_open_another(tmp_path, name):
    folder = tmp_path / "region"
    folder.mkdir()
    secret = tmp_path / "secret.csv"
    secret.write_text("name,kind,lon,lat\nsecret,natural,108,39\n", encoding="utf-8")
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
    (folder / name).write_text(f"{vrt}</OGRVRTLayer></OGRVRTDataSource>", encoding="utf-8")
    message = refused(folder, path=name, crs="EPSG:4490")
    assert "only points to other files" in message


def test_a_raster_that_points_to_another(small_folder, tmp_path):
    (small_folder / "terrain.tif").rename(tmp_path / "outside.tif")
    source = (
        f"<SimpleSource><SourceFilename>{tmp_path / 'outside.tif'}</SourceFilename></SimpleSource>"
    )
    (small_folder / "terrain.tif").write_text(
        '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1">'
        f"{source}</VRTRasterBand></VRTDataset>",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="only points to other files"):
        siteplan.read_region(small_folder)


@pytest.mark.parametrize(
    "layer", ["../secret", "/etc/passwd", "a/../../b", "; drop table x", "' or 1=1"]
)
def test_a_layer_name_that_is_a_path(tmp_path, layer):
    frame = gpd.GeoDataFrame(
        {"name": ["x"], "kind": ["natural"]}, geometry=[shapely.Point(108, 39)], crs="EPSG:4490"
    )
    frame.to_file(tmp_path / "v.gpkg", engine="pyogrio")
    assert "no such layer" in refused(tmp_path, path="v.gpkg", layer=layer)


@pytest.mark.parametrize("part", ["v.shp", "v.dbf"])
def test_a_link_that_leads_outside(tmp_path, part):
    folder, away = tmp_path / "region", tmp_path / "away"
    folder.mkdir()
    away.mkdir()
    frame = gpd.GeoDataFrame(
        {"name": ["x"], "kind": ["natural"]}, geometry=[shapely.Point(108, 39)], crs="EPSG:4490"
    )
    frame.to_file(folder / "v.shp", engine="pyogrio")
    (folder / part).rename(away / part)
    (folder / part).symlink_to(away / part)
    message = refused(folder, path="v.shp")
    assert "outside" in message or "inside the region folder" in message


def workbook(path, *rows):
    book = openpyxl.Workbook()
    for row in (HEADER, *rows):
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1",
        "=[1]Sheet1!A1",
        '=HYPERLINK("http://x")',
        "='C:\\x\\[y.xlsx]S'!A1",
        "=cmd|'/c calc'!A0",
    ],
)
@pytest.mark.parametrize("column", range(len(HEADER)))
def test_formulas_and_links_to_other_workbooks(tmp_path, formula, column):
    row = list(ROW)
    row[column] = formula
    workbook(tmp_path / "v.xlsx", ["v0", *ROW[1:]], row)
    message = refused(tmp_path, path="v.xlsx", crs="EPSG:4490")
    assert "row 3" in message
    assert "formula" in message or "must be a number" in message


def test_a_formula_in_a_column_that_is_not_read_does_no_harm(tmp_path):
    workbook(tmp_path / "v.xlsx", [*ROW, "=1+1"])
    found = read_table(tmp_path, VILLAGES, LayerSource(path="v.xlsx", crs="EPSG:4490"))
    assert found["name"].tolist() == ["西村"]


def test_entities_of_xml_that_grow(tmp_path):
    workbook(tmp_path / "v.xlsx", ROW)
    lines = ['<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">']
    lines += [f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12)]
    lines.append("]><worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>")
    lines.append(
        "<sheetData><row r='1'><c r='A1' t='str'><v>&a11;</v></c></row></sheetData></worksheet>"
    )
    with (
        zipfile.ZipFile(tmp_path / "v.xlsx") as old,
        zipfile.ZipFile(tmp_path / "w.xlsx", "w") as new,
    ):
        for member in old.infolist():
            is_sheet = member.filename.endswith("sheet1.xml")
            new.writestr(member, "".join(lines) if is_sheet else old.read(member))
    refused(tmp_path, path="w.xlsx", crs="EPSG:4490")


@pytest.mark.slow
def test_a_polygon_of_ten_million_corners(tmp_path):
    too_many_corners(tmp_path, 10_000_000)


def test_a_polygon_of_too_many_corners(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "MAX_VERTICES", 100_000)
    too_many_corners(tmp_path, 100_002)


def too_many_corners(tmp_path, number):
    angle = np.linspace(0.0, 2 * np.pi, number)
    ring = np.column_stack([108.0 + 0.1 * np.cos(angle), 39.7 + 0.1 * np.sin(angle)])
    frame = gpd.GeoDataFrame(
        {"kind": ["built_up"]}, geometry=[shapely.Polygon(ring)], crs="EPSG:4490"
    )
    frame.to_file(tmp_path / "zones.gpkg", engine="pyogrio")
    message = refused(tmp_path, "zones", path="zones.gpkg")
    assert f"more than {readers.MAX_VERTICES:,} corners" in message


def test_a_raster_that_claims_a_million_pixels_a_side(small_folder):
    side = 1_000_000
    with rasterio.open(
        small_folder / "terrain.tif", "w", driver="GTiff", width=side, height=side, count=1,
        dtype="int16", crs="EPSG:4545", transform=from_origin(EAST, NORTH + 9000, 0.01, 0.01),
        tiled=True, blockxsize=16384, blockysize=16384, sparse_ok=True, bigtiff="YES",
    ):  # fmt: skip
        pass
    start = time.process_time()
    with pytest.raises(InputError, match="1,000,000 x 1,000,000 pixels"):
        siteplan.read_region(small_folder)
    assert time.process_time() - start < MOST_S


@pytest.mark.parametrize("name", ["v.csv", "v.xlsx", "v.shp", "v.gpkg", "v.kml", "v.kmz", "v.tab", "v.dxf",
                                  "v.geojson", "v.parquet", "v.zip", "v.fgb", "v.gml", "v.mif"])  # fmt: skip
@pytest.mark.parametrize("seed", range(3))
def test_garbage_under_every_name(tmp_path, name, seed):
    random = np.random.default_rng(seed)
    garbage = [b"", random.bytes(5000), b"PK\x03\x04" + zlib.compress(random.bytes(3000))][seed]
    (tmp_path / name).write_bytes(garbage)
    refused(tmp_path, path=name, crs="EPSG:4490")


def test_files_cut_in_the_middle(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": [f"村{i}" for i in range(300)], "kind": "natural"},
        geometry=shapely.points(np.linspace(108, 109, 300), np.linspace(39, 40, 300)),
        crs="EPSG:4326",
    )
    for name in ("v.geojson", "v.kml", "v.gpkg", "v.fgb"):
        driver = {"driver": "LIBKML"} if name == "v.kml" else {}
        frame.to_file(tmp_path / name, engine="pyogrio", **driver)
    frame.to_parquet(tmp_path / "v.parquet")
    workbook(tmp_path / "v.xlsx", *([ROW] * 300))
    for name in ("v.geojson", "v.kml", "v.gpkg", "v.parquet", "v.xlsx"):
        raw = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(raw[: len(raw) // 2])
        refused(tmp_path, path=name, crs="EPSG:4490")
