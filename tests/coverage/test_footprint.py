"""Footprints against a computation cell by cell, and the laws that make them parts of one network."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from siteplan.coverage.footprint import NO_SIGNAL, UNKNOWN_SIGNAL, footprints
from siteplan.coverage.stations import station_table
from siteplan.propagation import p1812
from siteplan.propagation.registry import MODELS
from siteplan.scenario import Radio
from tests import handmade as hand

SIZE, CELL_M = 41, 200.0
MIDDLE = SIZE // 2
RADIO = {
    "macro_model": "tr38901-rma",
    "micro_model": "tr38901-umi",
    "radius_m": 3000.0,
    "body_loss_db": 2.0,
    "penetration_loss_db": 1.0,
}


def land(*places, terrain_m=None, building_m=None):
    """Region with one tower in the middle of each given (row, column)."""
    rows = [
        (f"s{i}", "tower", "existing", (column + 0.5) * CELL_M, (SIZE - row - 0.5) * CELL_M)
        for i, (row, column) in enumerate(places)
    ]
    return hand.region(
        shape=(SIZE, SIZE),
        cell_m=CELL_M,
        the_sites=hand.sites(*rows),
        terrain_m=terrain_m,
        building_m=building_m,
        radio=RADIO,
    )


def table(region, **columns):
    given = pd.DataFrame(
        {
            "site_id": region.sites.index,
            "operator": "甲",
            "technology": "4G",
            "equipment": "macro-lte900",
        },
        index=[f"st{i}" for i in range(len(region.sites))],
    )
    return station_table(region, given.assign(**columns))


def whole(region, stations, *, floor_dbm=-130.0):
    """Level of each station over the whole grid, in hundredths of a dBm, by position."""
    result = {}
    for position, footprint in footprints(region, stations, floor_dbm=floor_dbm, label=""):
        level = np.full((SIZE, SIZE), NO_SIGNAL, dtype=np.int16)
        level[footprint.window] = footprint.rsrp_cdbm
        result[position] = level
    return dict(sorted(result.items()))


def level_by_hand(row, column, mast, *, seen, height_m=35.0, azimuth_deg=0.0):
    """RSRP of one cell of macro-lte900 on flat ground: 40 W, 50 blocks, 15 dBi, 0.5 dB, three sectors."""
    north, east = mast[0] - row, column - mast[1]
    distance_m = max(math.hypot(north, east), 0.5) * CELL_M
    bearing = math.degrees(math.atan2(east, north))
    # over an Earth of 4/3 radius the receiver lies lower; the element is as wide down as aside
    drop_m = height_m - 1.5 + (distance_m if north or east else 0.0) ** 2 / (8 / 3 * 6_371_000.0)
    down = min(12.0 * (math.degrees(math.atan2(drop_m, distance_m)) / 65.0) ** 2, 30.0)
    sides = (math.remainder(bearing - azimuth_deg - 120.0 * k, 360.0) for k in range(3))
    attenuation = min(min(min(12.0 * (s / 65.0) ** 2, 30.0) + down, 30.0) for s in sides)
    power_dbm = 10.0 * math.log10(40_000.0 / (50 * 12))
    loss_db = MODELS["tr38901-rma"].loss(
        np.array([distance_m]), 941.5, height_m, 1.5, line_of_sight=seen
    )[0]
    return power_dbm + 15.0 - 0.5 - 2.0 - 1.0 - attenuation - loss_db


@pytest.mark.parametrize("azimuth_deg", [0.0, 50.0])
def test_flat_ground_cell_by_cell(azimuth_deg):
    region = land((MIDDLE, MIDDLE))
    (level,) = whole(region, table(region, azimuth_deg=azimuth_deg)).values()
    for row in range(SIZE):
        for column in range(SIZE):
            cells = math.hypot(row - MIDDLE, column - MIDDLE)
            if cells >= 15.5:  # 3000 m are 15 cells
                assert level[row, column] == NO_SIGNAL
                continue
            expected = level_by_hand(
                row, column, (MIDDLE, MIDDLE), seen=True, azimuth_deg=azimuth_deg
            )
            assert level[row, column] == pytest.approx(100.0 * expected, abs=1.0)


def test_behind_a_wall_the_other_formula_counts():
    walls = np.zeros((SIZE, SIZE), np.float32)
    walls[:, MIDDLE + 5] = 200.0
    region = land((MIDDLE, MIDDLE), building_m=walls)
    (level,) = whole(region, table(region)).values()
    for column in range(MIDDLE, MIDDLE + 16):
        expected = level_by_hand(MIDDLE, column, (MIDDLE, MIDDLE), seen=column <= MIDDLE + 5)
        assert level[MIDDLE, column] == pytest.approx(100.0 * expected, abs=1.0)


def test_moving_the_mast_moves_the_footprint():
    region = land((15, 15), (24, 22))
    first, second = whole(region, table(region)).values()
    np.testing.assert_array_equal(first[:31, :31], second[9:40, 7:38])


@pytest.mark.parametrize("place", [(0, 0), (3, 40), (40, 20), (20, 1)])
def test_the_edge_of_the_grid_only_cuts(place):
    region = land((MIDDLE, MIDDLE), place)
    middle, edge = whole(region, table(region)).values()
    row, column = place[0] - MIDDLE, place[1] - MIDDLE
    for i in range(SIZE):
        for j in range(SIZE):
            k, m = i - row, j - column
            if 0 <= k < SIZE and 0 <= m < SIZE:
                assert edge[i, j] == middle[k, m]


def test_a_higher_floor_only_cuts_what_lies_below_it():
    ground = hand.fractal(SIZE, seed=3, relief_m=60.0)
    region = land((MIDDLE, MIDDLE), terrain_m=ground)
    (low,) = whole(region, table(region), floor_dbm=-140.0).values()
    (high,) = whole(region, table(region), floor_dbm=-75.0).values()
    assert (high == NO_SIGNAL).sum() > (low == NO_SIGNAL).sum()
    np.testing.assert_array_equal(high[high != NO_SIGNAL], low[high != NO_SIGNAL])
    assert (low[high == NO_SIGNAL] < -7500).all()


def test_a_neighbour_on_the_same_mast_changes_nothing():
    # The stronger station reaches farther; what it needs to see must not move the other's shadows.
    ground = hand.fractal(SIZE, seed=5, relief_m=60.0)
    region = land((MIDDLE, MIDDLE), (MIDDLE, MIDDLE), terrain_m=ground)
    gear = ["macro-lte1800", "macro-lte800"]
    pair = table(region, equipment=gear)
    together = whole(region, pair, floor_dbm=-70.0)
    for position in (0, 1):
        alone = whole(region, pair.iloc[[position]], floor_dbm=-70.0)[0]
        np.testing.assert_array_equal(together[position], alone)


def test_voids_make_the_signal_behind_them_unknown():
    ground = np.full((SIZE, SIZE), 1200.0, np.float32)
    ground[:, MIDDLE + 4] = np.nan
    region = land((MIDDLE, MIDDLE), terrain_m=ground)
    (level,) = whole(region, table(region)).values()
    offset = np.arange(SIZE) - MIDDLE
    within = np.hypot(offset[:, None], offset[None, :]) < 15.5
    behind = np.broadcast_to(offset >= 4, within.shape)
    np.testing.assert_array_equal(level == UNKNOWN_SIGNAL, within & behind)


def test_a_mast_on_a_void_gives_an_unknown_signal():
    ground = np.full((SIZE, SIZE), 1200.0, np.float32)
    ground[MIDDLE, MIDDLE] = np.nan
    region = land((MIDDLE, MIDDLE), terrain_m=ground)
    (level,) = whole(region, table(region)).values()
    assert set(np.unique(level)) == {NO_SIGNAL, UNKNOWN_SIGNAL}


def test_a_mast_outside_the_grid_is_passed_over():
    region = land((MIDDLE, MIDDLE), (SIZE + 30, MIDDLE))
    pair = table(region)
    assert pair["cell"].tolist()[1] == -1
    assert list(whole(region, pair)) == [0]


def test_the_spill_is_the_power_of_all_cells_over_the_best():
    region = land((MIDDLE, MIDDLE))
    ((_, footprint),) = footprints(region, table(region), floor_dbm=-130.0, label="")
    assert footprint.spill.min() >= 1.0
    top, left = MIDDLE - footprint.row, MIDDLE - footprint.column
    # on the boresight the two neighbours, 120 degrees off, are 30 dB down each; between two
    # boresights both are 12 (60 / 65)^2 down and the third 30 dB. 33.5 m below and 1000 m away, the
    # receivers are 1.9 degrees below the horizon, which costs the first but not what ends at 30 dB
    below = 10.0 ** (-1.2 * (math.degrees(math.atan2(33.56, 1000.0)) / 65.0) ** 2)
    assert footprint.spill[top - 5, left] == pytest.approx(1.0 + 2e-3 / below, rel=1e-6)
    edge = 10.0 ** (-1.2 * (60.0 / 65.0) ** 2) * below
    assert footprint.spill[top + 5, left] == pytest.approx((2.0 * edge + 1e-3) / edge, rel=1e-5)


def test_omni_micro_stations_take_their_own_model():
    region = land((MIDDLE, MIDDLE))
    micro = table(region, technology="5G", equipment="micro-nr3500", antenna_height_m=8.0)
    (level,) = whole(region, micro).values()
    # 20 W over 273 blocks, 10 dBi, 0.5 dB, minus 3 dB of body and wall, UMi with sight at 600 m
    power_dbm = 10.0 * math.log10(20_000.0 / (273 * 12))
    loss_db = MODELS["tr38901-umi"].loss(np.array([600.0]), 3500.0, 8.0, 1.5, line_of_sight=True)[0]
    expected = 100.0 * (power_dbm + 10.0 - 0.5 - 3.0 - loss_db)
    for row, column in ((-3, 0), (3, 0), (0, 3), (0, -3)):
        assert level[MIDDLE + row, MIDDLE + column] == pytest.approx(expected, abs=1.0)


def test_the_spread_follows_sight_and_distance():
    walls = np.zeros((SIZE, SIZE), np.float32)
    walls[:, MIDDLE + 5] = 200.0
    region = land((MIDDLE, MIDDLE), building_m=walls)
    ((_, footprint),) = footprints(region, table(region), floor_dbm=-130.0, label="")
    row = footprint.sigma_cdb[MIDDLE - footprint.row]
    # TR 38.901, Table 7.4.1-1, RMa: 4 dB to the breakpoint, 6 beyond it, 8 without sight. The breakpoint
    # is 2 pi 35 x 1.5 x 941.5e6 / c = 1036 m: five cells of 200 m westwards lie nearer
    left = MIDDLE - footprint.column
    assert row[left - 5 : left + 1].tolist() == [400] * 6
    assert row[left - 15 : left - 5].tolist() == [600] * 10
    assert row[left + 6 : left + 16].tolist() == [800] * 10


@pytest.mark.parametrize(
    ("model", "sigma_cdb"),
    # 8 dB is the catalogue's assumption; free space is a bound without a spread
    [("okumura-hata-open", 800), ("cost231-hata-urban", 800), ("free-space", -1)],
)
def test_the_spread_of_models_that_publish_none(model, sigma_cdb):
    region = land((MIDDLE, MIDDLE))
    radio = region.scenario.radio.model_copy(update={"macro_model": model})
    scenario = region.scenario.model_copy(update={"radio": radio})
    region = dataclasses.replace(region, scenario=scenario)
    ((_, footprint),) = footprints(region, table(region), floor_dbm=-130.0, label="")
    assert (footprint.sigma_cdb == sigma_cdb).all()


def test_the_spread_of_p1812_is_that_of_the_places_of_a_cell():
    walls = np.zeros((SIZE, SIZE), np.float32)
    walls[:, MIDDLE + 5] = 20.0
    region = land((MIDDLE, MIDDLE), building_m=walls)
    radio = region.scenario.radio.model_copy(update={"macro_model": "p1812"})
    scenario = region.scenario.model_copy(update={"radio": radio})
    region = dataclasses.replace(region, scenario=scenario)
    ((_, footprint),) = footprints(region, table(region), floor_dbm=-130.0, label="")
    # (66): (0.52 + 0.024 x 0.9415) 200^0.28 = 2.392 dB below clutter; (67): 0.85 of it 1.5 m above none
    spread = (0.52 + 0.024 * 0.9415) * 200.0**0.28
    row = footprint.sigma_cdb[MIDDLE - footprint.row]
    assert row[MIDDLE + 5 - footprint.column] == round(100.0 * spread)
    assert row[MIDDLE + 3 - footprint.column] == round(85.0 * spread)


def with_radio(region, **radio):
    """Region under other radio assumptions."""
    given = Radio.model_validate(region.scenario.radio.model_dump(exclude_unset=True) | radio)
    scenario = region.scenario.model_copy(update={"radio": given})
    return dataclasses.replace(region, scenario=scenario)


def test_a_lower_loss_reaches_farther():
    region = land((MIDDLE, MIDDLE))
    near = whole(region, table(region), floor_dbm=-75.0)[0]
    gain = with_radio(region, corrections={"tr38901-rma": {"offset_db": -10.0}})
    far = whole(gain, table(gain), floor_dbm=-75.0)[0]
    assert (far != NO_SIGNAL).sum() > (near != NO_SIGNAL).sum()


def test_for_little_time_a_station_is_not_cut_where_free_space_ends():
    region = land((0, 0))
    rare = with_radio(region, macro_model="p1812", time_percent=1.0, radius_m=12_000.0)
    stations = table(rare, antenna_height_m=200.0)
    everything = whole(rare, stations, floor_dbm=-200.0)[0]
    # above the floor nothing may be missing, although focusing lifts levels over free space
    for floor_dbm in (-74.0, -75.0, -76.0, -77.0):
        found = whole(rare, stations, floor_dbm=floor_dbm)[0]
        above = everything >= 100.0 * floor_dbm
        assert above.any()
        np.testing.assert_array_equal(found[above], everything[above])


def test_the_refractivity_of_the_county_reaches_the_levels():
    region = with_radio(land((0, 0)), macro_model="p1812", radius_m=12_000.0, samples_per_cell=2)
    bent = with_radio(region, refractivity_lapse_n_per_km=90.0, surface_refractivity_n=360.0)
    usual, other = (
        whole(given, table(given, antenna_height_m=5.0), floor_dbm=-200.0)[0]
        for given in (region, bent)
    )
    cell_km, far = CELL_M / 1000.0, SIZE - 1
    distance_km = np.arange(far + 1) * cell_km
    profile = p1812.Profile(distance_km, np.full(far + 1, 500.0), np.zeros(far + 1))
    link = p1812.Link(
        frequency_mhz=941.5, transmitter_height_m=5.0, receiver_height_m=1.5, latitude_deg=40.0
    )
    less, more = (
        p1812.path_loss(
            profile,
            link,
            smooth_path="closed_form",
            atmosphere=p1812.Atmosphere(
                refractivity_lapse_n_per_km=lapse, surface_refractivity_n=surface
            ),
        ).loss_db
        for lapse, surface in ((45.0, 325.0), (90.0, 360.0))
    )
    assert less - more > 0.5
    assert other[0, far] - usual[0, far] == pytest.approx(100.0 * (less - more), abs=1.5)
