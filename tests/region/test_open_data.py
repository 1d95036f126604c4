"""Open data from a local server that serves small tiles, faults of real servers included."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from siteplan.errors import InputError, OutputError
from siteplan.region import open_data, tiles, transfer
from siteplan.region.sources import Transfer, read_sources
from siteplan.scenario import LayerSource
from tests.tile_server import geotiff, serve

CELL = 1.0 / 360.0
"""Cells of 10 arc seconds: a tile of one degree has 360 x 360, shifted by half a cell as GLO-30's are."""

AREA = open_data.FetchArea(
    boundary=shapely.box(106.4, 39.4, 107.6, 40.6), bounds=(106.3, 39.3, 107.7, 40.7)
)
NAME = "dem/N{lat}E{lon}.tif"
CORNERS = [(40, 106), (40, 107), (39, 106), (39, 107)]


def height(longitude, latitude):
    """Height at a place: every cell differs from its neighbours."""
    return (1000.0 + 300.0 * np.sin(longitude * 40.0) + 200.0 * np.cos(latitude * 60.0)).astype(
        "f4"
    )


def dem_tile(latitude, longitude, columns=360):
    cell = 1.0 / columns
    west, north = longitude - cell / 2.0, latitude + 1.0 + CELL / 2.0
    x = west + (np.arange(columns) + 0.5) * cell
    y = north - (np.arange(360) + 0.5) * CELL
    return geotiff(height(x[None, :], y[:, None]), west, north, cell, CELL)


@pytest.fixture(scope="module")
def dem_tiles():
    return {
        f"/{NAME.format(lat=lat, lon=lon)}": dem_tile(lat, lon)
        for lat, lon in [*CORNERS, (41, 106), (41, 107)]
    }


@pytest.fixture
def site(dem_tiles):
    with serve() as site:
        site.files.update(dem_tiles)
        yield site


def sources(base, **parts):
    """Products of the catalogue with the small DEM, quick to give up."""
    shipped = read_sources()
    dem = shipped.products["glo30"].model_copy(
        update={"base": str(base), "tile": "dem/{ns}{lat:02d}{ew}{lon:03d}.tif", "cell_deg": CELL}
        | parts
    )
    patience = Transfer(timeout_s=2.0, retries=2, backoff_s=0.01)
    return shipped.model_copy(update={"transfer": patience, "products": {"dem": dem}})


def fetch(folder, site, **options):
    base = site if isinstance(site, Path) else site.url
    given = {"what": ["dem"], "sources": sources(base)} | options
    return open_data.fetch(folder, AREA, **given)


def left(folder):
    """Names of everything in a folder."""
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def assert_exact(path):
    with rasterio.open(path) as raster:
        values = raster.read(1, masked=True)
        assert not values.mask.any()
        rows, columns = np.indices(values.shape)
        x, y = raster.transform * (columns + 0.5, rows + 0.5)
        np.testing.assert_allclose(values, height(x, y), atol=0.02)
        west, south, east, north = AREA.bounds
        box = raster.bounds
        assert box.left <= west < box.left + CELL
        assert box.right - CELL < east <= box.right
        assert box.bottom <= south < box.bottom + CELL
        assert box.top - CELL < north <= box.top


def test_tiles_become_one_raster_that_covers_the_box_and_equals_them(tmp_path, site):
    fetched = fetch(tmp_path, site)
    assert_exact(tmp_path / "dem.tif")
    assert fetched.warnings == ()
    assert left(tmp_path) == ["dem.tif", "fetched.json"]
    sent = sum(len(data) for data in site.files.values())
    assert all(wanted is not None for verb, _, wanted in site.log if verb == "GET")
    assert sent > 0


def test_only_windows_are_read(tmp_path, site):
    area = open_data.FetchArea(boundary=AREA.boundary, bounds=(106.5, 39.5, 106.52, 39.52))
    open_data.fetch(tmp_path, area, what=["dem"], sources=sources(site.url))
    ranges = [wanted for _, path, wanted in site.log if path == "/dem/N39E106.tif" and wanted]
    read = sum(int(b) - int(a) + 1 for a, b in (r[6:].split("-") for r in ranges))
    assert read < len(site.files["/dem/N39E106.tif"]) * 0.6


def test_the_record_says_where_everything_comes_from(tmp_path, site):
    (file,) = fetch(tmp_path, site).files
    record = json.loads((tmp_path / "fetched.json").read_text(encoding="utf-8"))["files"]["dem.tif"]
    path = tmp_path / "dem.tif"
    assert record["sha256"] == transfer.sha256(path) == file.sha256
    assert record["size_bytes"] == path.stat().st_size
    assert record["bounds"] == list(AREA.bounds)
    assert "Copernicus" in record["licence"]
    assert "Airbus" in record["attribution"]
    assert {s["address"] for s in record["sources"]} == {
        f"{site.url}/dem/N{lat}E{lon}.tif" for lat, lon in CORNERS
    }
    for source in record["sources"]:
        assert source["size_bytes"] == len(site.files[source["address"].removeprefix(site.url)])
        assert source["version"]


def test_a_folder_of_tiles_stands_in_for_the_web(tmp_path, dem_tiles):
    for name, data in dem_tiles.items():
        path = tmp_path / "usb" / name.removeprefix("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    fetch(tmp_path / "region", tmp_path / "usb")
    assert_exact(tmp_path / "region" / "dem.tif")


def test_a_tile_of_open_sea_is_left_void_and_told(tmp_path, site):
    del site.files["/dem/N39E107.tif"]
    site.files["/tileList.txt"] = b"N40E106\nN40E107\nN39E106\n"
    fetched = fetch(tmp_path, site)
    (warning,) = fetched.warnings
    assert warning.severity == "warning"
    assert "N39E107" in warning.value
    assert "sea" in warning.rule
    assert "the publisher lists none" in warning.rule
    (file,) = fetched.files
    assert file.absent == ("dem/N39E107.tif",)
    with rasterio.open(tmp_path / "dem.tif") as raster:
        values = raster.read(1, masked=True)
        rows, columns = np.indices(values.shape)
        x, y = raster.transform * (columns + 0.5, rows + 0.5)
    sea = (x > 107 + CELL / 2) & (y < 40 - CELL / 2)
    assert values.mask[sea].all()
    assert not values.mask[(x < 107 - CELL) | (y > 40 + CELL)].any()
    assert file.void == pytest.approx(values.mask.mean(), abs=1e-6)


def test_a_sea_that_no_list_confirms_is_told_so(tmp_path, site):
    del site.files["/dem/N39E107.tif"]
    (warning,) = fetch(tmp_path, site).warnings
    assert "no list" in warning.rule


def test_a_tile_that_the_publisher_lists_is_no_sea(tmp_path, site):
    del site.files["/dem/N39E107.tif"]
    site.files["/tileList.txt"] = b"N40E106\nN40E107\nN39E106\nN39E107\n"
    with pytest.raises(InputError, match=r"N39E107.*tileList\.txt|tileList\.txt.*N39E107"):
        fetch(tmp_path / "region", site)
    assert left(tmp_path / "region") == []


def test_a_wrong_address_is_not_taken_for_a_sea(tmp_path, site):
    site.files.clear()
    with pytest.raises(InputError, match="4 tiles"):
        fetch(tmp_path / "region", site)
    assert not (tmp_path / "region").exists()


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_passing_error_is_overcome(tmp_path, site, status):
    site.fail["/dem/N39E106.tif"] = [status, status]
    fetch(tmp_path, site)
    assert_exact(tmp_path / "dem.tif")


@pytest.mark.parametrize("status", [500, 403, 401])
def test_a_lasting_error_stops_with_address_and_status(tmp_path, site, status):
    site.fail["/dem/N39E106.tif"] = [status] * 100
    with pytest.raises(InputError, match=f"N39E106.*{status}"):
        fetch(tmp_path / "region", site)
    assert left(tmp_path / "region") == []


def test_a_body_that_breaks_off_is_asked_for_again(tmp_path, site):
    site.cut["/dem/N39E106.tif"] = 1
    fetch(tmp_path, site)
    assert_exact(tmp_path / "dem.tif")


def test_a_truncated_tile_is_refused(tmp_path, site):
    data = site.files["/dem/N39E106.tif"]
    site.files["/dem/N39E106.tif"] = data[: len(data) // 2]
    with pytest.raises(InputError, match=r"N39E106.*GDAL cannot read"):
        fetch(tmp_path / "region", site)
    assert left(tmp_path / "region") == []


@pytest.mark.parametrize("data", [b"", b"<html>please log in</html>", b"II*\0" + b"\0" * 100])
def test_something_else_than_a_tile_is_refused(tmp_path, site, data):
    site.files["/dem/N39E106.tif"] = data
    with pytest.raises(InputError, match="N39E106"):
        fetch(tmp_path / "region", site)
    assert left(tmp_path / "region") == []


def test_a_server_without_ranges_gives_whole_tiles(tmp_path, site):
    site.ranges = False
    fetch(tmp_path, site)
    assert_exact(tmp_path / "dem.tif")
    assert left(tmp_path) == ["dem.tif", "fetched.json"]


def test_a_server_that_does_not_answer_is_given_up(tmp_path, site):
    site.hang_s["/dem/N39E106.tif"] = 60.0
    patience = Transfer(timeout_s=1.0, retries=0, backoff_s=0.0)
    given = sources(site.url).model_copy(update={"transfer": patience})
    started = time.monotonic()
    with pytest.raises(InputError, match="N39E106"):
        fetch(tmp_path / "region", site, sources=given)
    assert time.monotonic() - started < 20.0
    assert left(tmp_path / "region") == []


def test_no_server_at_all_is_told(tmp_path):
    with serve() as site:
        base = site.url
    with pytest.raises(InputError, match=r"127\.0\.0\.1"):
        open_data.fetch(tmp_path / "region", AREA, what=["dem"], sources=sources(base))


def test_heights_that_do_not_exist_are_refused(tmp_path, site):
    x = np.full((360, 360), -32767.0, dtype="f4")
    site.files["/dem/N39E106.tif"] = geotiff(x, 106 - CELL / 2, 40 + CELL / 2, CELL)
    with pytest.raises(InputError, match="-32767"):
        fetch(tmp_path / "region", site)


def test_a_tile_of_another_system_is_refused(tmp_path, site):
    x = np.ones((10, 10), dtype="f4")
    site.files["/dem/N39E106.tif"] = geotiff(x, 5e5, 4.4e6, 1000.0, crs="EPSG:4545")
    with pytest.raises(InputError, match="EPSG:4326 is expected"):
        fetch(tmp_path / "region", site)


def test_a_tile_that_claims_a_billion_cells_is_refused_at_once(tmp_path, site):
    options = {"driver": "GTiff", "width": 10**6, "height": 10**6, "count": 1, "dtype": "uint8"}
    options |= {"tiled": True, "sparse_ok": True, "compress": "deflate", "bigtiff": "yes"}
    options |= {"blockxsize": 4096, "blockysize": 4096, "crs": "EPSG:4326"}
    path = tmp_path / "huge.tif"
    with rasterio.open(path, "w", transform=rasterio.Affine(1e-6, 0, 106, 0, -1e-6, 40), **options):
        pass
    site.files["/dem/N39E106.tif"] = path.read_bytes()
    with pytest.raises(InputError, match="cells of 1e-06"):
        fetch(tmp_path / "region", site)


def test_a_box_of_a_continent_is_refused_before_the_network(tmp_path, site):
    area = open_data.FetchArea(boundary=AREA.boundary, bounds=(70.0, 10.0, 140.0, 55.0))
    shipped = read_sources().products["worldcover"].model_copy(update={"base": site.url})
    given = sources(site.url).model_copy(update={"products": {"worldcover": shipped}})
    with pytest.raises(InputError, match="cells"):
        open_data.fetch(tmp_path / "r", area, what=["landcover"], sources=given)
    assert site.log == []


def test_far_parts_of_a_boundary_are_left_out_and_told(tmp_path):
    main, exclave = shapely.box(117.2, 39.1, 117.4, 39.2), shapely.box(113.7, 36.5, 113.75, 36.55)
    for shape in (main, shapely.union_all([main, exclave])):
        path = tmp_path / f"{shape.geom_type}.geojson"
        path.write_text(shapely.to_geojson(shape), encoding="utf-8")
    alone = open_data.fetch_area(tmp_path, LayerSource(path="Polygon.geojson"))
    both = open_data.fetch_area(tmp_path, LayerSource(path="MultiPolygon.geojson"))
    assert both.bounds == pytest.approx(alone.bounds, abs=1e-5)
    assert alone.left_out_km2 == ()
    # 0.05 degrees on a side: 5.55 km by 4.47 km at 36.5 N
    assert both.left_out_km2 == pytest.approx((24.8,), rel=0.01)


def test_the_margin_lies_around_the_boundary(tmp_path):
    path = tmp_path / "b.geojson"
    path.write_text(shapely.to_geojson(shapely.box(107.0, 40.0, 108.0, 41.0)), encoding="utf-8")
    source = LayerSource(path="b.geojson")
    west, south, east, north = open_data.fetch_area(tmp_path, source, margin_m=10_000.0).bounds
    geod = Geod(ellps="WGS84")
    # a frame in the projected system is turned against the meridians: a little more, never less
    for corner in ((107.0, south), (107.0, north)):
        nearest = (107.0, min(max(corner[1], 40.0), 41.0))
        assert 9_900.0 < geod.inv(*corner, *nearest)[2] < 15_000.0
    for latitude in (40.0, 41.0):
        assert 9_900.0 < geod.inv(west, latitude, 107.0, latitude)[2] < 15_000.0
        assert 9_900.0 < geod.inv(east, latitude, 108.0, latitude)[2] < 15_000.0


def test_what_gives_access_stays_out_of_record_and_messages(tmp_path, site):
    given = sources(site.url.replace("http://", "http://me:secret@"))
    fetch(tmp_path / "r", site, sources=given)
    assert_exact(tmp_path / "r" / "dem.tif")
    assert "secret" not in (tmp_path / "r" / "fetched.json").read_text(encoding="utf-8")
    assert fetch(tmp_path / "r", site).kept == ("dem.tif",)
    for data in (b"no tile", None):
        if data is None:
            site.fail["/dem/N39E106.tif"] = [403] * 20
        else:
            site.files["/dem/N39E106.tif"] = data
        with pytest.raises(InputError) as caught:
            fetch(tmp_path / "again", site, sources=given)
        assert "secret" not in str(caught.value)
        assert "N39E106" in str(caught.value)
    with serve() as gone:
        pass
    with pytest.raises(InputError) as caught:
        fetch(
            tmp_path / "again", site, sources=sources(gone.url.replace("//", "//me:secret@") + "/x")
        )
    assert "secret" not in str(caught.value)


def test_tiles_of_a_coarser_grid_are_fitted_to_the_finest(tmp_path, site):
    # GLO-30 has wider cells from 50 N on: a county on that parallel gets both.
    for longitude in (106, 107):
        site.files[f"/dem/N40E{longitude}.tif"] = dem_tile(40, longitude, columns=240)
    fetch(tmp_path, site)
    with rasterio.open(tmp_path / "dem.tif") as raster:
        assert raster.res == pytest.approx((CELL, CELL))
        values = raster.read(1, masked=True)
        rows, columns = np.indices(values.shape)
        x, y = raster.transform * (columns + 0.5, rows + 0.5)
    assert not values.mask.any()
    # bilinear between cells 15 arc seconds wide: half a cell times the steepest slope, 12,000 m/deg
    assert np.abs(values - height(x, y)).max() < 12_000 * 0.75 / 240
    np.testing.assert_allclose(values[y < 39.99], height(x, y)[y < 39.99], atol=0.02)


def test_what_is_there_is_kept_and_not_asked_for_again(tmp_path, site):
    fetch(tmp_path, site)
    before = (tmp_path / "dem.tif").read_bytes()
    site.log.clear()
    again = fetch(tmp_path, site)
    assert again.kept == ("dem.tif",)
    assert again.files == ()
    assert site.log == []
    assert (tmp_path / "dem.tif").read_bytes() == before


def test_another_area_replaces_what_an_earlier_fetch_brought(tmp_path, site):
    fetch(tmp_path, site)
    smaller = open_data.FetchArea(boundary=AREA.boundary, bounds=(106.4, 39.4, 106.6, 39.6))
    fetched = open_data.fetch(tmp_path, smaller, what=["dem"], sources=sources(site.url))
    assert fetched.kept == ()
    with rasterio.open(tmp_path / "dem.tif") as raster:
        assert raster.width < 80


@pytest.mark.parametrize("own", ["never fetched", "changed"])
def test_a_file_of_the_user_is_never_replaced(tmp_path, site, own):
    if own == "changed":
        fetch(tmp_path, site)
    (tmp_path / "dem.tif").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"dem\.tif"):
        fetch(tmp_path, site)
    assert (tmp_path / "dem.tif").read_bytes() == b"mine"


def test_a_broken_record_is_told(tmp_path, site):
    (tmp_path / "fetched.json").write_text("[1", encoding="utf-8")
    with pytest.raises(InputError, match=r"fetched\.json"):
        fetch(tmp_path, site)


def test_the_same_data_gives_the_same_bytes(tmp_path, site):
    fetch(tmp_path / "a", site)
    fetch(tmp_path / "b", site)
    assert (tmp_path / "a" / "dem.tif").read_bytes() == (tmp_path / "b" / "dem.tif").read_bytes()


def test_what_is_complete_is_kept_when_the_next_fails(tmp_path, site):
    given = sources(site.url)
    cover = read_sources().products["worldcover"]
    cover = cover.model_copy(update={"base": f"{site.url}/nowhere"})
    given = given.model_copy(update={"products": given.products | {"worldcover": cover}})
    with pytest.raises(InputError, match="WorldCover"):
        fetch(tmp_path, site, what=["dem", "landcover"], sources=given)
    assert left(tmp_path) == ["dem.tif", "fetched.json"]
    assert fetch(tmp_path, site).kept == ("dem.tif",)


def test_land_cover_keeps_its_classes(tmp_path):
    classes = np.random.default_rng(5).choice([0, 10, 50, 80, 100], (1080, 1080)).astype("u1")
    with serve() as site:
        site.files["/v200/2021/map/ESA_WorldCover_10m_2021_v200_N39E105_Map.tif"] = geotiff(
            classes, 105.0, 42.0, 3.0 / 1080.0, nodata=0
        )
        shipped = read_sources()
        cover = shipped.products["worldcover"].model_copy(
            update={"base": site.url, "cell_deg": CELL}
        )
        given = shipped.model_copy(update={"products": {"worldcover": cover}})
        open_data.fetch(tmp_path, AREA, what=["landcover"], sources=given)
    with rasterio.open(tmp_path / "landcover.tif") as raster:
        found = raster.read(1)
        assert raster.nodata == 0
        column = round((raster.transform.c - 105.0) / CELL)
        row = round((42.0 - raster.transform.f) / CELL)
    rows, columns = found.shape
    np.testing.assert_array_equal(found, classes[row : row + rows, column : column + columns])


def population_zip(people, west, north, cell):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("GHS_POP.tif", geotiff(people, west, north, cell, nodata=-200.0))
        archive.writestr("readme.pdf", b"%PDF")
    return buffer.getvalue()


@pytest.mark.parametrize("ranges", [True, False])
def test_people_are_counted_once_in_tiles_of_the_row_and_column_grid(tmp_path, ranges):
    shipped = read_sources()
    cell = 10.0 / 1200.0
    people = np.random.default_rng(6).random((1200, 1200)).round(3)
    people[:5, :5] = -200.0
    left_deg, top_deg = shipped.products["ghsl"].origin
    with serve() as site:
        site.ranges = ranges
        name = "GHS_POP_E2020_GLOBE_R2023A_4326_3ss_V1_0_R5_C29.zip"
        site.files[f"/{name}"] = population_zip(people, left_deg + 280.0, top_deg - 40.0, cell)
        ghsl = shipped.products["ghsl"].model_copy(update={"base": site.url, "cell_deg": cell})
        given = shipped.model_copy(update={"products": {"ghsl": ghsl}})
        open_data.fetch(tmp_path, AREA, what=["population"], sources=given)
    with rasterio.open(tmp_path / "population.tif") as raster:
        found = raster.read(1, masked=True)
        column = round((raster.transform.c - (left_deg + 280.0)) / cell)
        row = round((top_deg - 40.0 - raster.transform.f) / cell)
    rows, columns = found.shape
    expected = people[row : row + rows, column : column + columns]
    assert found.sum() == pytest.approx(expected.sum())
    assert left(tmp_path) == ["fetched.json", "population.tif"]


def test_a_file_for_a_whole_country_must_be_there(tmp_path):
    with serve() as site:
        shipped = read_sources()
        pop = shipped.products["worldpop"].model_copy(update={"base": site.url})
        given = shipped.model_copy(
            update={"products": {"worldpop": pop, "ghsl": shipped.products["ghsl"]}}
        )
        with pytest.raises(InputError, match="CHN/v1/100m/constrained/chn_pop_2025"):
            open_data.fetch(tmp_path, AREA, what=["population=worldpop"], sources=given)


@pytest.mark.parametrize(
    ("what", "word"),
    [
        (["terrain"], "dem"),
        (["population=census"], "worldpop"),
        (["osm"], "--extract"),
        (["dem=worldcover"], "glo30"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(tmp_path, what, word):
    with pytest.raises(InputError, match=word):
        open_data.fetch(tmp_path / "region", AREA, what=what)
    assert not (tmp_path / "region").exists()


def test_everything_wrong_with_what_is_told_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        open_data.fetch(tmp_path, AREA, what=["terrain", "osm", "population=x"])
    assert len(caught.value.faults) == 3


@given(st.floats(-179.0, 178.0), st.floats(-80.0, 79.0), st.floats(0.01, 1.9), st.floats(0.01, 1.9))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_named_tiles_cover_the_box_and_none_is_superfluous(west, south, width, height_deg):
    glo30 = read_sources().products["glo30"]
    bounds = (west, south, west + width, south + height_deg)
    boxes = []
    for name in tiles.tile_names(glo30, bounds, "CHN"):
        _, _, _, _, lat, _, lon, _, _ = Path(name).stem.split("_")
        y = int(lat[1:]) * (1 if lat[0] == "N" else -1)
        x = int(lon[1:]) * (1 if lon[0] == "E" else -1)
        boxes.append(shapely.box(x, y, x + 1, y + 1))
    box = shapely.box(*bounds)
    assert shapely.union_all(boxes).buffer(1e-9).covers(box)
    assert all(tile.distance(box) <= glo30.cell_deg for tile in boxes)


def test_mirrors_and_patience_come_from_a_file(tmp_path):
    path = tmp_path / "mirrors.toml"
    path.write_text(
        '[transfer]\nretries = 9\n[products.glo30]\nbase = "http://10.0.0.1/dem"\n',
        encoding="utf-8",
    )
    given = read_sources(path)
    shipped = read_sources()
    assert given.products["glo30"].base == "http://10.0.0.1/dem"
    assert given.products["glo30"].tile == shipped.products["glo30"].tile
    assert given.transfer.retries == 9
    assert given.transfer.timeout_s == shipped.transfer.timeout_s


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[products.glo31]\nbase = 'x'\n", "glo30"),
        ("[products.glo30]\nbaze = 'x'\n", "baze"),
        ("[transfer]\nretries = -1\n", "retries"),
        ("mirrors = 1\n", "mirrors"),
        ("[products\n", "TOML"),
    ],
)
def test_a_faulty_file_of_mirrors_is_refused(tmp_path, text, words):
    path = tmp_path / "mirrors.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_sources(path)


def test_each_kind_has_one_default_and_every_product_its_terms():
    shipped = read_sources()
    for kind in ("dem", "landcover", "population"):
        assert sum(p.default for p in shipped.products.values() if p.what == kind) == 1
    for product in shipped.products.values():
        assert product.base.startswith("https://")
        assert product.licence
        assert product.attribution


HELSINKI = Path(__file__).parents[2] / "data" / "helsinki" / "Helsinki.osm.pbf"
CENTRE = open_data.FetchArea(
    boundary=shapely.box(24.93, 60.16, 24.95, 60.175), bounds=(24.92, 60.155, 24.96, 60.18)
)


def fetch_osm(folder, extract):
    patience = Transfer(timeout_s=2.0, retries=2, backoff_s=0.01)
    given = read_sources().model_copy(update={"transfer": patience})
    return open_data.fetch(folder, CENTRE, what=["osm"], sources=given, extract=extract)


def test_openstreetmap_comes_from_an_extract_on_disk_or_on_the_web(tmp_path):
    (file,) = fetch_osm(tmp_path / "disk", str(HELSINKI)).files
    assert file.rows["poles"] > 100
    assert "ODbL" in file.licence
    assert left(tmp_path / "disk") == ["fetched.json", "osm.gpkg"]
    data = HELSINKI.read_bytes()
    with serve() as site:
        site.files["/h.osm.pbf"] = data
        site.files["/h.osm.pbf.md5"] = f"{hashlib.md5(data).hexdigest()}  h.osm.pbf".encode()  # noqa: S324
        site.cut["/h.osm.pbf"] = 1
        fetch_osm(tmp_path / "web", f"{site.url}/h.osm.pbf")
        resumed = [wanted for _, path, wanted in site.log if path == "/h.osm.pbf"]
    start = int(resumed[-1].removeprefix("bytes=").removesuffix("-"))
    assert len(data) // 4 < start <= len(data) // 2
    assert left(tmp_path / "web") == ["fetched.json", "osm.gpkg"]
    one, other = (tmp_path / name / "osm.gpkg" for name in ("disk", "web"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missing", "no such extract"),
        ("checksum", "checksum"),
        ("truncated", "readable"),
        ("cut", "broke"),
    ],
)
def test_a_faulty_extract_is_refused(tmp_path, fault, words):
    with serve() as site:
        data = HELSINKI.read_bytes()
        name = "/h.osm.pbf"
        if fault != "missing":
            site.files[name] = data[: len(data) // 3] if fault == "truncated" else data
        if fault == "checksum":
            site.files[f"{name}.md5"] = b"0" * 32
        if fault == "cut":
            site.cut[name] = 100
        with pytest.raises(InputError, match=words):
            fetch_osm(tmp_path / "region", f"{site.url}{name}")
    assert not (tmp_path / "region").exists()


INTERRUPTED = """
    import sys
    from pathlib import Path
    from tests.region.test_open_data import fetch
    from types import SimpleNamespace
    print("started", flush=True)
    try:
        fetch(Path(sys.argv[1]), SimpleNamespace(url=sys.argv[2]))
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interruption_leaves_nothing_partial(tmp_path, site):
    site.hang_s["/dem/N39E107.tif"] = 1.0
    command = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(tmp_path / "r"), site.url]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."}
    )
    try:
        deadline = time.monotonic() + 60.0
        while ("HEAD", "/dem/N39E107.tif", None) not in site.log and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    finally:
        running.kill()
        running.stdout.close()
    assert left(tmp_path / "r") == []


LIMITED = """
    import resource, signal, sys
    from pathlib import Path
    from types import SimpleNamespace
    from siteplan.errors import OutputError
    from tests.region.test_open_data import fetch
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        fetch(Path(sys.argv[1]), SimpleNamespace(url=sys.argv[2]))
    except OutputError as error:
        print(error)
        sys.exit(7)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, site):
    command = [sys.executable, "-c", textwrap.dedent(LIMITED), str(tmp_path / "r"), site.url]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": "."}
    )
    assert done.returncode == 7, done.stderr
    assert "Free space" in done.stdout
    assert left(tmp_path / "r") == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path, site):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="could not be written"):
        fetch(tmp_path / "file" / "region", site)
