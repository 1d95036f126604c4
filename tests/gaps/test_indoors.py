"""Buildings that the network does not reach inside, with each figure worked out."""

import numpy as np
import pytest

from siteplan.coverage.stations import station_table
from siteplan.gaps.indoors import (
    MICRO,
    SYSTEM,
    UNKNOWN_SIZE,
    indoor_guide,
    indoor_needs,
)
from siteplan.propagation.p2109 import building_entry_loss
from tests import handmade as hand

# nr-dt-105 asks for -105 dBm; 3.5 GHz loses 15.7 dB into a traditional building (P.2109, median)
LOSS = float(building_entry_loss(3500.0, building="traditional"))
EFFICIENT = float(building_entry_loss(3500.0, building="thermally_efficient"))


def house(name, column, *, side=100.0, **columns):
    west = column * 1000.0 + 400.0
    shape = {"geometry": hand.box(west, 400, west + side, 400 + side)}
    return {"id": name, "name": name, "levels": 1.0} | columns | shape


def needs_of(*houses, venues=(), level=-95.0, unknown=None, guide=None, **radio):
    layers = {"buildings": hand.layer("buildings", list(houses))} if houses else {}
    if venues:
        layers["venues"] = hand.layer("venues", list(venues))
    region = hand.region(
        layers=layers,
        the_stations=hand.stations(
            {"id": "a1", "site_id": "a", "operator": "甲", "technology": "5G"}
            | {"equipment": "macro-nr3500"}
        ),
        radio={"macro_model": "tr38901-rma"} | radio,
    )
    signal = hand.coverage(region, level, technology="5G", unknown=unknown)
    table = station_table(region, region.stations)
    return indoor_needs(region, signal, table, guide=guide).set_index("item_id")


def test_a_building_is_missed_by_what_its_wall_takes():
    # 100 x 100 m and one storey are 10,000 m2; -95 dBm outside
    found = needs_of(house("h", 3))
    row = found.loc["h"]
    assert row["outdoor_dbm"] == -95.0
    assert row["indoor_dbm"] == pytest.approx(-95.0 - LOSS)
    assert row["short_db"] == pytest.approx(-105.0 + 95.0 + LOSS)
    assert (row["solution"], row["floor_m2"]) == (SYSTEM, pytest.approx(10_000.0))
    assert needs_of(house("h", 3), level=-105.0 + LOSS + 0.1).empty


def test_coated_glass_takes_more():
    found = needs_of(house("a", 3), house("b", 4, use="写字楼"), level=-105.0 + LOSS + 1.0)
    assert found.index.tolist() == ["b"]
    assert found.loc["b", "entry_loss_db"] == pytest.approx(EFFICIENT)


def test_size_tells_system_from_micro_and_leaves_out_the_small():
    found = needs_of(
        house("big", 1, side=100.0),
        house("tall", 2, side=40.0, levels=None, height_m=30.0),  # 1,600 m2 on ten storeys
        house("middle", 3, side=50.0),
        house("small", 4, side=40.0),
    )
    assert found["solution"].to_dict() == {"tall": SYSTEM, "big": SYSTEM, "middle": MICRO}
    assert found["floor_m2"].tolist() == sorted(found["floor_m2"], reverse=True)


def test_a_venue_without_an_outline_is_kept_and_its_size_unknown():
    venue = {"id": "v", "name": "医院", "sector": "medical", "geometry": hand.point(3500, 500)}
    found = needs_of(venues=[venue])
    assert found.loc["v", "solution"] == UNKNOWN_SIZE
    assert np.isnan(found.loc["v", "floor_m2"])


def test_no_signal_is_a_need_and_an_unknown_signal_is_not():
    silent = needs_of(house("h", 3), level=np.nan)
    assert silent.index.tolist() == ["h"]
    assert np.isnan(silent.loc["h", "indoor_dbm"])
    assert needs_of(house("h", 3), level=np.nan, unknown=np.ones((10, 10), dtype=bool)).empty


def test_a_level_that_is_indoors_already_loses_nothing_twice():
    found = needs_of(house("h", 3), level=-110.0, penetration_loss_db=15.0)
    assert found.loc["h", "outdoor_dbm"] == -95.0


def test_the_guide_says_what_it_assumes():
    guide = indoor_guide()
    assert guide.micro_from_m2 < guide.system_from_m2
    assert {guide.probability_mark, guide.size_mark, guide.efficient_mark} <= {"1", "2", "k"}


def test_a_region_without_buildings():
    assert needs_of().empty


def test_the_loss_of_the_other_model():
    # TR 38.901, Table 7.4.3-1 at 3.5 GHz: glass 2 + 0.2 f = 2.7 dB, concrete 5 + 4 f = 19 dB, coated glass
    # 23 + 0.3 f = 24.05 dB; low loss 5 - 10 lg(0.3 10^-0.27 + 0.7 10^-1.9), high loss
    # 5 - 10 lg(0.7 10^-2.405 + 0.3 10^-1.9); then 0.5 dB a metre inside, in the open country half of the
    # mobiles within r m: the lesser of two draws of 0 to 10 m, r = 10 (1 - sqrt(0.5)) = 2.93 m
    wall = {
        None: 5.0 - 10.0 * np.log10(0.3 * 10**-0.27 + 0.7 * 10**-1.9),
        "写字楼": 5.0 - 10.0 * np.log10(0.7 * 10**-2.405 + 0.3 * 10**-1.9),
    }
    guide = indoor_guide().model_copy(update={"entry_loss": "tr38901"})
    found = needs_of(house("a", 3), house("b", 4, use="写字楼"), level=-104.0, guide=guide)
    inside = 0.5 * 10.0 * (1.0 - np.sqrt(0.5))
    expected = [wall[None] + inside, wall["写字楼"] + inside]
    assert found.loc[["a", "b"], "entry_loss_db"].tolist() == pytest.approx(expected, abs=0.01)
