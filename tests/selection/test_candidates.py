"""Which stations the plan may add."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

import siteplan
from siteplan.selection.candidates import candidate_stations, forbidden
from tests.conftest import EAST, NORTH, feature, lonlat


@pytest.fixture
def with_reserve(small_folder):
    """Add a reserve to the small region, around the middle and the eastern building."""
    corners = [(5000, 3000), (11_500, 3000), (11_500, 5000), (5000, 5000), (5000, 3000)]
    ring = [list(lonlat(*corner)) for corner in corners]
    (small_folder / "zones.geojson").write_text(
        feature("Polygon", f"[{ring}]", '{"kind": "exclusion", "severity": "hard", "basis": "x"}'),
        encoding="utf-8",
    )
    scenario = small_folder / "scenario.toml"
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(
        text.replace("[targets]", '[layers.zones]\npath = "zones.geojson"\n\n[targets]'),
        encoding="utf-8",
    )
    return siteplan.read_region(small_folder)


def test_each_buildable_network_is_offered_on_each_site_without_its_station(small_folder):
    region = siteplan.read_region(small_folder)
    offered = candidate_stations(region)
    # the station of site a stands already; b, c and d are free
    assert list(offered["site_id"]) == ["b", "c", "d"]
    assert (offered["equipment"] == "macro-lte900").all()


def test_a_hard_zone_forbids_new_structures_and_spares_those_that_stand(with_reserve):
    # b and c are new towers inside the zone, d is a building inside it
    assert list(candidate_stations(with_reserve)["site_id"]) == ["d"]


def test_nothing_is_forbidden_without_zones(small_folder):
    region = siteplan.read_region(small_folder)
    assert not forbidden(region, region.sites).any()


def test_the_edge_of_a_zone_belongs_to_it(with_reserve):
    place = shapely.Point(EAST + 5000, NORTH + 4000)
    sites = gpd.GeoDataFrame(
        {"status": ["candidate"], "kind": ["new"]}, geometry=[place.buffer(1.0)], crs="EPSG:4545"
    )
    assert forbidden(with_reserve, sites).all()
