"""Proposed sites: where they stand, what they reach, and where they may not."""

import numpy as np
import pytest
import shapely

from siteplan.coverage.stations import station_table
from siteplan.plan import make_plan
from siteplan.scenario import Network
from siteplan.selection.proposals import PROPOSED, Wanted, propose_sites, with_sites
from siteplan.selection.signals import signal_matrix
from siteplan.targets import MET, NOT_MET
from tests import handmade as hand

SHAPE, CELL_M = (40, 40), 250.0
NETWORK = Network(operator="甲", technology="4G", macro="macro-lte900")


def land(seed=3):
    return hand.fractal(40, seed=seed, relief_m=60.0)


def region_of(**parts):
    usual = {"terrain_m": land(), "radio": {"macro_model": "tr38901-rma", "radius_m": 4000.0}}
    return hand.region(shape=SHAPE, cell_m=CELL_M, **usual | parts)


def wanted(cells, needed_dbm=-100.0):
    cells = np.unique(cells)
    return Wanted(
        cell=cells, weight=np.ones(len(cells)), needed_dbm=np.full(len(cells), needed_dbm)
    )


FAR_CORNER = np.array([row * 40 + column for row in range(4, 16) for column in range(24, 36)])


def served(region, sites, want):
    """Cells that the sites reach, computed apart from the proposals."""
    stations = sites.assign(
        site_id=sites.index, operator="甲", technology="4G", equipment="macro-lte900"
    )
    whole = with_sites(region, sites)
    table = station_table(whole, stations[["site_id", "operator", "technology", "equipment"]])
    signal = signal_matrix(whole, table, want.cell, floor_dbm=-120.0, label="").toarray()
    level = np.where(signal == 0, -32768, signal).max(axis=0) / 100.0
    return level >= want.needed_dbm


def test_proposed_sites_reach_what_nothing_reached():
    region, want = region_of(), wanted(FAR_CORNER)
    sites = propose_sites(region, want, NETWORK, spacing_m=1000.0)
    assert len(sites)
    assert served(region, sites, want).mean() > 0.95
    assert set(sites["kind"]) == {"new"}
    assert set(sites["status"]) == {"candidate"}
    assert set(sites["origin"]) == {PROPOSED}
    assert sites.index.tolist() == [f"N{i + 1:04d}" for i in range(len(sites))]


def test_without_the_last_one_less_is_reached():
    region, want = region_of(), wanted(FAR_CORNER)
    sites = propose_sites(region, want, NETWORK, spacing_m=1000.0)
    counts = [served(region, sites.iloc[:k], want).sum() for k in range(1, len(sites) + 1)]
    assert (np.diff(counts) > 0).all()


@pytest.mark.parametrize("spacing_m", [500.0, 1500.0, 3000.0])
def test_they_keep_their_distance(spacing_m):
    region = region_of(the_sites=hand.sites(("a", "tower", "existing", 7000.0, 7000.0)))
    sites = propose_sites(region, wanted(FAR_CORNER), NETWORK, spacing_m=spacing_m)
    everything = [*sites.geometry, *region.sites.geometry]
    for i, one in enumerate(everything):
        for other in everything[:i]:
            assert one.distance(other) >= spacing_m


def test_no_site_in_a_hard_zone_or_outside_the_boundary():
    zone = {"id": "z", "name": "保护区", "kind": "exclusion", "severity": "hard"}
    zones = hand.layer("zones", [zone | {"geometry": hand.box(6000, 5500, 9500, 8000)}])
    boundary = hand.box(0, 0, 9800, 9000)
    region = region_of(layers={"zones": zones}, boundary=boundary)
    sites = propose_sites(region, wanted(FAR_CORNER), NETWORK, spacing_m=500.0)
    assert len(sites)
    assert not sites.intersects(zones.geometry.iloc[0]).any()
    assert sites.within(boundary).all()


def test_high_ground_comes_first_on_a_plain_with_one_hill():
    ground = np.full(SHAPE, 1000.0, np.float32)
    rows, columns = np.mgrid[:40, :40]
    ground += 150.0 * np.exp(-((rows - 10) ** 2 + (columns - 30) ** 2) / 8.0)
    region = region_of(terrain_m=ground.astype(np.float32))
    sites = propose_sites(region, wanted(FAR_CORNER), NETWORK, spacing_m=2000.0)
    top = shapely.Point(hand.EAST + 30.5 * CELL_M, hand.NORTH + (39 - 10 + 0.5) * CELL_M)
    assert sites.geometry.iloc[0].distance(top) <= 2.0 * CELL_M
    assert "高地" in sites["name"].iloc[0]


def test_a_place_by_the_road_comes_before_a_better_hill_far_from_it():
    # a hill of 150 m at (7.6, 7.4) km sees all; the only road runs 2.25 km south of it
    ground = np.full(SHAPE, 1000.0, np.float32)
    rows, columns = np.mgrid[:40, :40]
    ground += 150.0 * np.exp(-((rows - 10) ** 2 + (columns - 30) ** 2) / 8.0)
    roads = hand.layer(
        "roads", [{"id": "r", "name": "S1", "geometry": hand.line((5000, 5125), (9900, 5125))}]
    )

    def proposed(road_m):
        region = region_of(
            terrain_m=ground.astype(np.float32),
            layers={"roads": roads},
            candidates={"propose_road_m": road_m},
        )
        sites = propose_sites(region, wanted(FAR_CORNER), NETWORK, spacing_m=1000.0)
        return sites.assign(road_m=sites.distance(roads.geometry.iloc[0]))

    near, anywhere = proposed(1000.0), proposed(10_000.0)
    assert anywhere["road_m"].iloc[0] > 2000.0
    assert near["road_m"].iloc[0] <= 1000.0
    far_off = near["road_m"] > 1000.0
    assert far_off.tolist() == sorted(far_off)  # those far off come last
    far_km = anywhere["road_m"].iloc[0] / 1000.0
    assert anywhere["name"].iloc[0] == f"拟新建 高地（距道路{far_km:.1f} km）"


def test_each_operator_gets_sites_for_what_it_lacks_and_any_operator_only_once():
    villages = hand.layer(
        "villages",
        [{"id": "far", "name": "远村", "kind": "natural", "geometry": hand.point(8125, 8125)}],
    )
    networks = [
        {"operator": name, "technology": "4G", "macro": "macro-lte900"} for name in ("甲", "乙")
    ]
    targets = {"document": "t.toml", "years": [2021], "definitions": {"V": "village-signal"}}
    parts = {
        "layers": {"villages": villages},
        "the_sites": hand.sites(("near", "new", "candidate", 500.0, 500.0)),
        "networks": networks,
        "targets": targets,
    }
    plans = {}
    for wish in ("any", "each"):
        rule = hand.rule("V", layer="villages", operators=wish, **{"class": "village"})
        region = region_of(
            **parts,
            the_document=hand.document(rule),
            candidates={"propose_spacing_m": 500.0},
        )
        plans[wish] = make_plan(region)
        assert plans[wish].planned.region_result("V", 2021)["state"] == MET
    assert plans["any"].planned_stations["operator"].nunique() == 1
    assert sorted(plans["each"].planned_stations["operator"]) == ["乙", "甲"]
    # both on one site: the second structure would cost more
    assert plans["each"].planned_stations["site_id"].nunique() == 1
    found = plans["each"].planned.results.set_index("group")["value"]
    assert found[["甲", "乙"]].tolist() == [1.0, 1.0]
    assert set(plans["each"].gaps_today["operator"]) == {"甲", "乙"}
    without = make_plan(region_of(**parts, the_document=plans["each"].region.document))
    assert sorted(without.selection.shortfalls["operator"]) == ["乙", "甲"]


def test_names_of_sites_that_exist_are_not_used_again():
    region = region_of(the_sites=hand.sites(("N0001", "tower", "existing", 500.0, 500.0)))
    sites = propose_sites(region, wanted(FAR_CORNER), NETWORK, spacing_m=1000.0)
    assert "N0001" not in sites.index
    assert with_sites(region, sites).sites.index.is_unique


def test_nothing_wanted_nothing_proposed():
    nothing = wanted(np.zeros(0, dtype=np.int64))
    assert propose_sites(region_of(), nothing, NETWORK, spacing_m=500.0).empty
    micro_only = NETWORK.model_copy(update={"macro": None})
    assert propose_sites(region_of(), wanted(FAR_CORNER), micro_only, spacing_m=500.0).empty


def test_terrain_that_is_unknown_is_no_place():
    ground = land()
    ground[:, 20:] = np.nan
    region = region_of(terrain_m=ground)
    sites = propose_sites(region, wanted(FAR_CORNER), NETWORK, spacing_m=500.0)
    assert not np.isnan(ground.reshape(-1)[region.cell_of(sites.geometry.to_numpy())]).any()


def test_what_no_candidate_reaches_gets_a_site_of_its_own():
    villages = hand.layer(
        "villages",
        [{"id": "far", "name": "远村", "kind": "natural", "geometry": hand.point(8125, 8125)}],
    )
    rule = hand.rule("V", layer="villages", **{"class": "village"})
    parts = {
        "layers": {"villages": villages},
        "the_sites": hand.sites(("near", "new", "candidate", 500.0, 500.0)),
        "the_document": hand.document(rule),
        "networks": [{"operator": "甲", "technology": "4G", "macro": "macro-lte900"}],
        "targets": {
            "document": "t.toml",
            "years": [2021],
            "definitions": {"village-4G": "village-signal"},
        },
    }
    without = make_plan(region_of(**parts))
    assert without.planned.region_result("V", 2021)["state"] == NOT_MET
    assert without.selection.shortfalls["item_id"].tolist() == ["far"]
    candidates = {"propose_spacing_m": 500.0}
    plan = make_plan(region_of(**parts, candidates=candidates))
    assert plan.planned.region_result("V", 2021)["state"] == MET
    assert plan.planned_stations["site_id"].str.startswith("N").all()
    assert plan.selection.shortfalls.empty
