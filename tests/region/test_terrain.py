"""Terrain from tiles: the same heights as from one raster, voids stay voids, the finer tile counts."""

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio.transform import from_origin

import siteplan
from siteplan.errors import InputError
from siteplan.region.rasters import read_terrain, terrain_cell_m
from siteplan.scenario import TerrainSource
from tests import handmade as hand
from tests.conftest import EAST, NORTH

STEP = 30.0
SIZE = 200
TOP = NORTH + SIZE * STEP


def write(path, heights, *, east=EAST, north=TOP, step=STEP, crs="EPSG:4545", nodata=-9999.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = heights.shape
    driver = "AAIGrid" if path.suffix == ".asc" else "GTiff"
    with rasterio.open(
        path, "w", driver=driver, height=rows, width=columns, count=1, dtype="float32", crs=crs,
        transform=from_origin(east, north, step, step), nodata=nodata,
    ) as raster:  # fmt: skip
        raster.write(heights.astype("float32"), 1)


@pytest.fixture(scope="module")
def relief():
    return hand.fractal(SIZE, seed=3, relief_m=150.0)


GEOBOX = GeoBox.from_bbox(
    (EAST + 95, NORTH + 95, EAST + 5895, NORTH + 5895), "EPSG:4545", resolution=50.0
)


def tiles(folder, relief, *, nodata=(-9999.0, -32768.0, 0.5, None)):
    half = SIZE // 2
    for i, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        part = relief[row * half : (row + 1) * half, column * half : (column + 1) * half]
        write(
            folder / "dem" / f"tile{i}.tif",
            part,
            east=EAST + column * half * STEP,
            north=TOP - row * half * STEP,
            nodata=nodata[i],
        )


@pytest.mark.parametrize("path", ["dem", "dem/*.tif", "dem/tile[0-3].tif"])
def test_tiles_read_as_the_one_raster_that_they_were(tmp_path, relief, path):
    write(tmp_path / "whole.tif", relief)
    tiles(tmp_path, relief)
    want = read_terrain(tmp_path, TerrainSource(path="whole.tif"), GEOBOX)
    found = read_terrain(tmp_path, TerrainSource(path=path), GEOBOX)
    assert np.isfinite(want).all()
    np.testing.assert_allclose(found, want, atol=0.01)
    assert terrain_cell_m(tmp_path, TerrainSource(path=path), GEOBOX) == STEP


def test_voids_of_every_tile_stay_voids(tmp_path, relief):
    holes = relief.copy()
    for i, value in ((20, -9999.0), (180, -32768.0)):
        holes[90:96, i : i + 6] = value
    write(tmp_path / "dem" / "west.tif", holes[:, :100], nodata=-9999.0)
    write(tmp_path / "dem" / "east.tif", holes[:, 100:], east=EAST + 100 * STEP, nodata=-32768.0)
    found = read_terrain(tmp_path, TerrainSource(path="dem"), GEOBOX)
    assert 4 <= np.isnan(found).sum() <= 40
    assert np.nanmin(found) >= relief.min() - 1.0


def test_the_finer_tile_counts_and_its_voids_show_the_coarser(tmp_path):
    write(tmp_path / "dem" / "coarse.tif", np.full((100, 100), 500.0), step=60.0)
    fine = np.full((100, 100), 700.0)
    fine[40:60, 40:60] = -9999.0
    write(tmp_path / "dem" / "fine.tif", fine)
    found = read_terrain(tmp_path, TerrainSource(path="dem"), GEOBOX)
    assert np.isfinite(found).all()
    rows, columns = found.shape
    assert found[5, 5] == 700.0
    assert found[rows - 5, columns - 5] == 500.0
    # the void lies 1200 to 1800 m from the north-west corner of the tile
    assert found[int((1500 - 105) / 50), int((1500 - 95) / 50)] == 500.0


def test_tiles_of_different_systems(tmp_path, relief):
    write(tmp_path / "dem" / "metres.tif", relief[:, :100])
    from rasterio.warp import calculate_default_transform, reproject  # noqa: PLC0415  # only here

    part = np.ascontiguousarray(relief[:, 100:]).astype("float32")
    source = from_origin(EAST + 100 * STEP, TOP, STEP, STEP)
    bounds = (EAST + 100 * STEP, TOP - SIZE * STEP, EAST + SIZE * STEP, TOP)
    transform, width, height = calculate_default_transform(
        "EPSG:4545", "EPSG:4490", 100, SIZE, *bounds
    )
    degrees = np.full((height, width), -9999.0, dtype="float32")
    reproject(
        part, degrees, src_transform=source, src_crs="EPSG:4545", dst_transform=transform,
        dst_crs="EPSG:4490", dst_nodata=-9999.0,
    )  # fmt: skip
    with rasterio.open(
        tmp_path / "dem" / "degrees.tif", "w", driver="GTiff", height=height, width=width, count=1,
        dtype="float32", crs="EPSG:4490", transform=transform, nodata=-9999.0,
    ) as raster:  # fmt: skip
        raster.write(degrees, 1)
    write(tmp_path / "whole.tif", relief)
    want = read_terrain(tmp_path, TerrainSource(path="whole.tif"), GEOBOX)
    found = read_terrain(tmp_path, TerrainSource(path="dem"), GEOBOX)
    assert np.isnan(found).mean() < 0.02  # the seam between two systems
    assert np.nanmedian(np.abs(found - want)) < 3.0


def test_only_tiles_at_the_grid_are_read(tmp_path, relief):
    write(tmp_path / "dem" / "here.tif", relief)
    (tmp_path / "dem" / "far.tif").write_bytes((tmp_path / "dem" / "here.tif").read_bytes()[:-9000])
    far = tmp_path / "dem" / "away.tif"
    write(far, np.full((50, 50), 99_999.0), east=EAST + 500_000.0)
    (tmp_path / "dem" / "far.tif").unlink()
    found = read_terrain(tmp_path, TerrainSource(path="dem"), GEOBOX)
    assert np.isfinite(found).all()


def test_other_formats(tmp_path, relief):
    write(tmp_path / "dem.asc", relief)
    found = read_terrain(tmp_path, TerrainSource(path="dem.asc"), GEOBOX)
    write(tmp_path / "whole.tif", relief)
    want = read_terrain(tmp_path, TerrainSource(path="whole.tif"), GEOBOX)
    np.testing.assert_allclose(found, want, atol=0.1)


@pytest.mark.parametrize("path", ["nothing", "nothing/*.tif", "../*.tif", "/elsewhere/*.tif"])
def test_no_tiles(tmp_path, path):
    with pytest.raises(InputError):
        read_terrain(tmp_path, TerrainSource(path=path), GEOBOX)


def test_every_broken_tile_is_named(tmp_path, relief):
    tiles(tmp_path, relief)
    for name in ("tile1.tif", "tile3.tif"):
        (tmp_path / "dem" / name).write_bytes(b"II*\0 no raster")
    with pytest.raises(InputError) as caught:
        read_terrain(tmp_path, TerrainSource(path="dem"), GEOBOX)
    assert [fault.source for fault in caught.value.faults] == ["dem/tile1.tif", "dem/tile3.tif"]


def test_tiles_of_a_region_are_inputs(small_folder):
    (small_folder / "dem").mkdir()
    (small_folder / "terrain.tif").rename(small_folder / "dem" / "a.tif")
    text = (small_folder / "scenario.toml").read_text(encoding="utf-8")
    text = text.replace('"terrain.tif"', '"dem"')
    (small_folder / "scenario.toml").write_text(text, encoding="utf-8")
    region = siteplan.read_region(small_folder)
    assert [file.path for file in region.inputs if file.layer == "terrain"] == ["dem/a.tif"]
    np.testing.assert_allclose(region.terrain_m, 1200.0)


@pytest.mark.parametrize(
    ("unit", "metres"),
    [
        ("ft", 0.3048),
        ("US survey foot", 1200 / 3937),
        ("m", 1.0),
        ("", 1.0),
        ("dm", 0.1),
        ("厘米", 0.01),
    ],
)
def test_heights_in_the_unit_that_the_raster_names(tmp_path, relief, unit, metres):
    write(tmp_path / "metres.tif", relief)
    write(tmp_path / "dem.tif", relief / metres)
    with rasterio.open(tmp_path / "dem.tif", "r+") as raster:
        raster.units = (unit,)
    want = read_terrain(tmp_path, TerrainSource(path="metres.tif"), GEOBOX)
    found = read_terrain(tmp_path, TerrainSource(path="dem.tif"), GEOBOX)
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=0.01)


def test_scaled_tiles_beside_plain_ones(tmp_path, relief):
    """Heights in tenths of a metre above -100 m, as GDAL's scale and offset say."""
    write(tmp_path / "whole.tif", relief)
    tiles(tmp_path, relief)
    for i in (1, 2):
        path = tmp_path / "dem" / f"tile{i}.tif"
        with rasterio.open(path) as raster:
            part, place = raster.read(1), raster.transform
        write(path, (part + 100.0) * 10.0, east=place.c, north=place.f)
        with rasterio.open(path, "r+") as raster:
            raster.scales, raster.offsets = (0.1,), (-100.0,)
    want = read_terrain(tmp_path, TerrainSource(path="whole.tif"), GEOBOX)
    found = read_terrain(tmp_path, TerrainSource(path="dem"), GEOBOX)
    known = np.isfinite(found)
    assert known.mean() > 0.97  # at the seams of two scales nothing is mixed
    # beside a seam the half of a cell is taken from one tile alone
    assert np.quantile(np.abs(found - want)[known], 0.95) < 0.01
    assert np.abs(found - want)[known].max() < np.abs(np.diff(relief)).max()


def test_an_unknown_unit_is_refused(tmp_path, relief):
    write(tmp_path / "dem.tif", relief)
    with rasterio.open(tmp_path / "dem.tif", "r+") as raster:
        raster.units = ("fathom",)
    with pytest.raises(InputError, match=r"unit of height that is not known \(found fathom\)"):
        read_terrain(tmp_path, TerrainSource(path="dem.tif"), GEOBOX)


def test_a_picture_of_the_terrain_is_no_terrain(tmp_path):
    with rasterio.open(
        tmp_path / "dem.tif", "w", driver="GTiff", height=SIZE, width=SIZE, count=3, dtype="uint8",
        crs="EPSG:4545", transform=from_origin(EAST, TOP, STEP, STEP),
    ) as raster:  # fmt: skip
        raster.write(np.full((3, SIZE, SIZE), 120, dtype="uint8"))
    with pytest.raises(InputError, match=r"one band, of heights.*\(found 3 bands\)"):
        read_terrain(tmp_path, TerrainSource(path="dem.tif"), GEOBOX)


def test_terrain_of_elsewhere_says_where_it_is(tmp_path, relief):
    write(tmp_path / "dem.tif", relief, east=EAST + 90_000.0)
    with pytest.raises(InputError, match="no height anywhere on the grid") as caught:
        read_terrain(tmp_path, TerrainSource(path="dem.tif"), GEOBOX)
    assert "longitude 109.0" in caught.value.faults[0].value


@pytest.mark.parametrize("shore", [0.0, 20.0])
def test_voids_stored_as_zero_are_asked_about_and_a_shore_is_not(small_folder, shore):
    with rasterio.open(small_folder / "terrain.tif", "r+") as raster:
        ground = raster.read(1)
        if shore:  # the land rises slowly from the sea
            ground[:] = np.clip((np.arange(ground.shape[1]) - 150) * shore, 0, 1200)[None, :]
        else:
            ground[60:80, 100:120] = 0
        raster.write(ground, 1)
    region = siteplan.read_region(small_folder)
    asked = [
        warning for warning in region.warnings if "voids that were stored as 0" in warning.rule
    ]
    assert len(asked) == (0 if shore else 1)
