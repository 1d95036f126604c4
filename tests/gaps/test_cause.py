"""Causes and remedies on constructed land: what was built is what is found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from siteplan import catalog
from siteplan.coverage.budget import reference_level_dbm
from siteplan.coverage.network import network_coverage
from siteplan.coverage.stations import station_table
from siteplan.demand import region_demands
from siteplan.gaps import (
    ADD_CARRIER,
    BUILDINGS,
    DATA_MISSING,
    EXCLUDED,
    NEW_SITE,
    NO_CANDIDATE,
    NO_NETWORK,
    RAISE_OR_RETILT,
    SHADOW,
    TOO_FAR,
    USE_CANDIDATE,
    WEAK,
    WEAK_CARRIER,
    find_gaps,
)
from siteplan.propagation.tr38901 import rma_loss
from siteplan.scenario import Radio
from siteplan.targets import evaluate
from tests import handmade as hand

# A strip of 40 x 8 cells of 250 m, 10 x 2 km. The only station stands at (1125, 1125) m, that is cell
# (3, 4); the village that is looked at lies at (6125, 1125) m, cell (3, 24), 5 km east of it.
SHAPE, CELL_M = (8, 40), 250.0
TOWER, VILLAGE = (1125.0, 1125.0), (6125.0, 1125.0)
RULE = hand.rule("V", layer="villages", technology="5G", **{"class": "village"})
NR700, NR3500 = "macro-nr700", "macro-nr3500"


def region_of(
    *,
    ground=0.0,
    building=0.0,
    sites=(),
    gear=NR3500,
    azimuth=90.0,
    village=VILLAGE,
    radius_m=8000.0,
    service=True,
    penetration_db=0.0,
):
    terrain, obstacle = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    terrain[:, 14] = ground  # a ridge or a wall across the strip, 2.4 km east of the station
    obstacle[:, 14] = building
    frame = hand.layer(
        "villages",
        [{"id": "v", "name": "村", "kind": "natural", "geometry": hand.point(*village)}],
    )
    all_sites = hand.sites(("a", "tower", "existing", *TOWER), *sites)
    station = {"id": "a1", "site_id": "a", "operator": "甲", "technology": "5G"}
    rows = [station | {"equipment": gear, "azimuth_deg": azimuth}] if service else []
    return hand.region(
        shape=SHAPE,
        cell_m=CELL_M,
        layers={"villages": frame},
        the_sites=all_sites,
        the_stations=hand.stations(*rows),
        the_document=hand.document(RULE),
        terrain_m=terrain,
        building_m=obstacle,
        radio={
            "macro_model": "tr38901-rma",
            "radius_m": radius_m,
            "penetration_loss_db": penetration_db,
        },
        networks=[{"operator": "甲", "technology": "5G", "macro": gear, "micro": "micro-nr3500"}],
    )


def gap_of(region, candidates=None):
    demands = region_demands(region)
    table = station_table(region, region.stations)
    coverage = network_coverage(region, table, [2021], floor_dbm=-125.0, label="")
    evaluation = evaluate(region, demands, coverage, table, [2021])
    gaps = find_gaps(region, demands, evaluation, table, 2021, candidates=candidates)
    assert len(gaps) == 1
    return gaps.iloc[0]


def offers(region, *rows):
    """Candidate stations of (site, equipment, reuse, allowed)."""
    stations = pd.DataFrame(
        {
            "site_id": [row[0] for row in rows],
            "operator": "甲",
            "technology": "5G",
            "equipment": [row[1] for row in rows],
        },
        index=[f"{row[0]}/new" for row in rows],
    )
    table = station_table(region, stations)
    return table.assign(reuse=[row[2] for row in rows], allowed=[row[3] for row in rows])


def test_a_ridge_is_found_with_its_place_and_station():
    region = region_of(ground=300.0)
    gap = gap_of(region)
    assert (gap["cause"], gap["station_id"]) == (SHADOW, "a1")
    # the ridge stands at cell 14; the line from 35 m to 1.5 m passes it at half of the way, at 18.25 m,
    # and the Earth bulges by 2.5 km x 2.5 km / (2 x 4/3 x 6371 km) = 0.37 m
    assert gap["ridge_m"] == pytest.approx(300.0 - 18.25 + 0.37, abs=0.01)
    assert gap["ridge_easting_m"] == hand.EAST + 14.5 * CELL_M
    assert gap["ridge_northing_m"] == hand.NORTH + 1125.0
    assert (gap["remedy"], gap["hindrance"]) == (NEW_SITE, NO_CANDIDATE)


def test_a_row_of_houses_is_no_ridge():
    gap = gap_of(region_of(building=120.0))
    assert (gap["cause"], gap["station_id"]) == (BUILDINGS, "a1")
    assert gap["ridge_m"] == pytest.approx(120.0 - 18.25 + 0.37, abs=0.01)


def test_a_low_obstacle_is_overcome_by_raising_the_antenna():
    # 22 m: 4.12 m over the line in its middle, so 8.24 m more at the mast give a view
    gap = gap_of(region_of(ground=22.0))
    assert (gap["cause"], gap["remedy"], gap["remedy_site"]) == (SHADOW, RAISE_OR_RETILT, "a")
    # 24 m would need 12.24 m, more than an antenna is raised
    assert gap_of(region_of(ground=24.0))["remedy"] == NEW_SITE


def test_beyond_every_radius_it_is_too_far():
    gap = gap_of(region_of(radius_m=4000.0))
    assert (gap["cause"], gap["remedy"]) == (TOO_FAR, NEW_SITE)
    assert pd.isna(gap["station_id"])


def test_a_band_that_is_too_weak_is_not_a_distance():
    # so much is lost on the way in that 3.5 GHz lacks 3 dB at 8.75 km; 700 MHz has 14 dB less loss
    # and 9 dB less gain, and 3 dB more power for each resource element
    village = (9875.0, 1125.0)
    loss = rma_loss(
        8750.0, frequency_mhz=3500.0, base_height_m=35.0, mobile_height_m=1.5, line_of_sight=True
    )
    gear = catalog.equipment()[NR3500]
    carrier = catalog.carriers()[gear.carrier]
    level = reference_level_dbm(gear, carrier, Radio()) - float(loss)
    walls = level + 105.0 + 3.0
    gap = gap_of(region_of(village=village, radius_m=9000.0, penetration_db=walls))
    assert (gap["cause"], gap["station_id"]) == (WEAK_CARRIER, "a1")
    assert (gap["remedy"], gap["remedy_site"]) == (ADD_CARRIER, "a")
    # 30 dB more, and no band would do
    gap = gap_of(region_of(village=village, radius_m=9000.0, penetration_db=walls + 30.0))
    assert gap["cause"] == TOO_FAR


def test_off_the_beam_is_weak_and_not_hidden(monkeypatch):
    # one sector that looks west; the village lies behind its back
    one = catalog.equipment()[NR3500].model_copy(update={"sectors": 1})
    gears = dict(catalog.equipment()) | {NR3500: one}
    monkeypatch.setattr(catalog, "equipment", lambda: gears)
    gap = gap_of(region_of(azimuth=270.0))
    assert (gap["cause"], gap["station_id"]) == (WEAK, "a1")
    assert (gap["remedy"], gap["remedy_site"]) == (RAISE_OR_RETILT, "a")


def test_without_stations_there_is_no_network():
    assert gap_of(region_of(service=False))["cause"] == NO_NETWORK


CANDIDATE = ("b", "new", "candidate", 7125.0, 1125.0)
STANDING = ("c", "tower", "existing", 8125.0, 1125.0)


def test_the_remedy_is_what_stands_then_a_candidate_then_a_new_site():
    region = region_of(ground=300.0, sites=[CANDIDATE, STANDING])
    new, standing = ("b", NR3500, "new", True), ("c", NR3500, "existing", True)
    both = gap_of(region, offers(region, new, standing))
    assert (both["remedy"], both["remedy_site"]) == (ADD_CARRIER, "c")
    one = gap_of(region, offers(region, new))
    assert (one["remedy"], one["remedy_site"], one["hindrance"]) == (USE_CANDIDATE, "b", "")
    closed = gap_of(region, offers(region, (*new[:3], False)))
    assert (closed["remedy"], closed["hindrance"]) == (NEW_SITE, EXCLUDED)
    nothing = gap_of(region)
    assert (nothing["remedy"], nothing["hindrance"]) == (NEW_SITE, NO_CANDIDATE)


def test_a_candidate_behind_the_ridge_does_not_help():
    region = region_of(ground=300.0, sites=[("w", "new", "candidate", 2125.0, 1125.0)])
    gap = gap_of(region, offers(region, ("w", NR3500, "new", True)))
    assert (gap["remedy"], gap["hindrance"]) == (NEW_SITE, NO_CANDIDATE)


def test_missing_terrain_is_missing_data():
    gap = gap_of(region_of(ground=np.nan))
    assert (gap["cause"], gap["remedy"]) == (DATA_MISSING, "complete_data")


def test_what_closing_it_adds_to_the_rule():
    # the only village of the only rule: closing the gap is the whole rule
    assert gap_of(region_of(ground=300.0))["closes"] == pytest.approx(1.0)


def test_a_long_gap_is_closed_by_several_candidates_together():
    # the road of 10 km along the strip; a candidate reaches 1.9 km to either side, so none reaches half of it
    road = hand.layer(
        "roads", [{"id": "r", "name": "S1", "geometry": hand.line((10, 1125), (9990, 1125))}]
    )
    places = {"b": 1875.0, "c": 5125.0, "d": 8375.0}
    plain = region_of(
        sites=[(name, "new", "candidate", east, 1625.0) for name, east in places.items()],
        service=False,
        radius_m=2000.0,
    )
    region = replace(
        plain,
        layers={"roads": road},
        document=hand.document(hand.rule("R", layer="roads", technology="5G", **{"class": "road"})),
        terrain_m=np.zeros(SHAPE, np.float32),
    )
    three = [(name, NR3500, "new", True) for name in places]
    gap = gap_of(region, offers(region, *three))
    # nine cells spread over 40: at 0.5, 1.6, 2.8, 3.9, 5.1, 6.1, 7.3, 8.4, 9.5 km. Each reaches three
    # of them; two are enough for most
    assert gap["remedy"] == USE_CANDIDATE
    assert len(gap["remedy_site"].split(";")) == 2
    one = gap_of(region, offers(region, three[0]))
    assert (one["remedy"], one["hindrance"]) == (NEW_SITE, NO_CANDIDATE)


def test_a_candidate_near_by_serves_without_a_line_of_sight():
    # 700 m west of the village, behind a row of houses of 60 m; the village hears no station
    region = region_of(
        sites=[("b", "new", "candidate", 3375.0, 1125.0)],
        building=60.0,
        village=(4125.0, 1125.0),
        service=False,
    )
    gap = gap_of(region, offers(region, ("b", NR3500, "new", True)))
    # RMa without line of sight at 750 m, 3.5 GHz, 35 m mast
    loss = rma_loss(
        750.0, frequency_mhz=3500.0, base_height_m=35.0, mobile_height_m=1.5, line_of_sight=False
    )
    gear = catalog.equipment()[NR3500]
    level = reference_level_dbm(gear, catalog.carriers()[gear.carrier], Radio()) - float(loss)
    assert level > -105.0  # which is the definition's
    assert (gap["remedy"], gap["remedy_site"]) == (USE_CANDIDATE, "b")
