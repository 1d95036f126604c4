from __future__ import annotations

import numpy as np
import pytest
import rasterio

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.outputs.rasters import coverage_rasters, write_coverage


@pytest.fixture(scope="module")
def written(small_plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rasters")
    (folder / "coverage").mkdir()
    for name, (coverage, network) in coverage_rasters(small_plan).items():
        write_coverage(small_plan, coverage, folder / name, network=network)
    return folder


def test_every_technology_year_and_network_has_its_file(small_plan):
    expected = {
        f"coverage/{technology}_{year}_{network}_rsrp.tif"
        for technology in ("4G", "5G")
        for year in small_plan.years
        for network in ("today", "plan")
    }
    assert set(coverage_rasters(small_plan)) == expected


def test_scaled_values_are_the_levels_in_dbm(small_plan, written):
    for name, (coverage, _) in coverage_rasters(small_plan).items():
        with rasterio.open(written / name) as raster:
            band = raster.read(1, masked=True)
            shown = band * raster.scales[0] + raster.offsets[0]
            expected = np.isnan(coverage.rsrp_dbm)
            np.testing.assert_array_equal(np.ma.getmaskarray(band), expected)
            np.testing.assert_allclose(
                shown.filled(0.0)[~expected], coverage.rsrp_dbm[~expected], atol=1e-4
            )
            assert raster.units[0] == "dBm"


def test_no_signal_and_unknown_signal_are_told_apart(small_plan, written):
    seen = set()
    for name, (coverage, _) in coverage_rasters(small_plan).items():
        with rasterio.open(written / name) as raster:
            level, unknown = raster.read(1), raster.read(2)
            silent = level == raster.nodatavals[0]
        np.testing.assert_array_equal(unknown == 1, coverage.unknown)
        np.testing.assert_array_equal(silent, coverage.rsrp_cdbm <= UNKNOWN_SIGNAL)
        seen |= set(zip(silent.ravel().tolist(), unknown.ravel().tolist(), strict=True))
    # the hole in the terrain gives unknown cells without a level, and some with one as a lower limit
    assert {(True, 0), (True, 1), (False, 0)} <= seen


def test_lies_where_the_grid_lies(small_plan, written):
    geobox = small_plan.region.geobox
    for path in (written / "coverage").iterdir():
        with rasterio.open(path) as raster:
            assert raster.crs.to_epsg() == small_plan.region.crs.to_epsg()
            assert raster.shape == geobox.shape
            np.testing.assert_allclose(raster.transform[:6], geobox.transform[:6])
            sites = small_plan.region.sites.geometry
            for cell, site in zip(small_plan.region.cell_of(sites.to_numpy()), sites, strict=True):
                row, column = raster.index(site.x, site.y)
                assert row * raster.width + column == cell


def test_is_a_cloud_optimised_geotiff_that_says_what_it_holds(small_plan, written):
    with rasterio.open(written / "coverage/4G_2022_plan_rsrp.tif") as raster:
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        tags = raster.tags()
    assert tags["unit"] == "dBm"
    assert tags["year"] == "end of 2022"
    assert tags["technology"] == "4G"
    assert "plan" in tags["network"]
    for rule in ("S-V-2021", "S-R-2022"):
        chosen = next(item for item in small_plan.region.document.rules if item.id == rule)
        name, definition = small_plan.region.scenario.definition(chosen)
        assert f"{name}: {definition.zh}" in tags["definitions"]
    assert "nr-" not in tags["definitions"]


def test_same_coverage_gives_the_same_bytes(small_plan, written, tmp_path):
    for name, (coverage, network) in coverage_rasters(small_plan).items():
        again = tmp_path / "again.tif"
        write_coverage(small_plan, coverage, again, network=network)
        assert again.read_bytes() == (written / name).read_bytes()


def test_missing_folder_is_an_error_of_the_system(small_plan, tmp_path):
    coverage, network = next(iter(coverage_rasters(small_plan).values()))
    with pytest.raises(FileNotFoundError):
        write_coverage(small_plan, coverage, tmp_path / "none" / "a.tif", network=network)
