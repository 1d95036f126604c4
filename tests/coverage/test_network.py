"""The network against loops over stations and cells, and what adding a station may do."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan import catalog
from siteplan.coverage.footprint import NO_SIGNAL, UNKNOWN_SIGNAL, footprints
from siteplan.coverage.network import network_coverage
from siteplan.coverage.stations import station_table
from tests import handmade as hand

SIZE, CELL_M = 30, 300.0
RADIO = {"macro_model": "tr38901-rma", "radius_m": 4000.0, "load": 0.4}
YEARS = [2021, 2022, 2023]
GEAR = {"4G": ["macro-lte900", "macro-lte1800"], "5G": ["macro-nr3500"]}


def network(seed, count, *, voids=False):
    """Region of mountains, and stations on it from a seed, some of one mast, some outside."""
    random = np.random.default_rng(seed)
    spots = random.uniform(-300.0, SIZE * CELL_M + 300.0, size=(count, 2))
    spots[1::4] = spots[::4][: len(spots[1::4])]
    ground = hand.fractal(SIZE, seed=seed, relief_m=60.0)
    if voids:
        ground[random.random(ground.shape) < 0.01] = np.nan
    region = hand.region(
        shape=(SIZE, SIZE),
        cell_m=CELL_M,
        the_sites=hand.sites(
            *((f"s{i:02}", "tower", "existing", x, y) for i, (x, y) in enumerate(spots))
        ),
        terrain_m=ground,
        radio=RADIO,
    )
    technology = random.choice(["4G", "4G", "5G"], count)
    given_table = pd.DataFrame(
        {
            "site_id": region.sites.index,
            "operator": "甲",
            "technology": technology,
            "equipment": [random.choice(GEAR[name]) for name in technology],
            "azimuth_deg": random.choice([0.0, 40.0], count),
            "year": random.choice([0, 2021, 2022, 2023, 2024], count),
        },
        index=pd.Index([f"st{i:02}" for i in range(count)], name="id"),
    )
    return region, station_table(region, given_table)


def cover(region, stations, years=YEARS):
    return network_coverage(region, stations, years, floor_dbm=-130.0, label="")


def naive(region, stations):
    """Best server, its level and SINR, unknown cells: one carrier after the other, cell by cell."""
    radio = region.scenario.radio
    heard = [[[] for _ in range(SIZE)] for _ in range(SIZE)]
    carriers = [catalog.equipment()[name].carrier for name in stations["equipment"]]
    hidden = {carrier: np.zeros((SIZE, SIZE), dtype=bool) for carrier in carriers}
    for position, footprint in footprints(region, stations, floor_dbm=-130.0, label=""):
        for i, line in enumerate(footprint.rsrp_cdbm.tolist()):
            for j, level in enumerate(line):
                place = footprint.row + i, footprint.column + j
                if level == UNKNOWN_SIGNAL:
                    hidden[carriers[position]][place] = True
                elif level != NO_SIGNAL:
                    spill = float(footprint.spill[i, j])
                    heard[place[0]][place[1]].append((level / 100.0, spill, position))
    server = np.full((SIZE, SIZE), -1)
    rsrp = np.full((SIZE, SIZE), np.nan)
    sinr = np.full((SIZE, SIZE), np.nan)
    for i in range(SIZE):
        for j in range(SIZE):
            if not heard[i][j]:
                continue
            # of equal levels the first carrier, and on it the first station by name
            level, _, best = min(
                heard[i][j], key=lambda one: (-one[0], carriers[one[2]], stations.index[one[2]])
            )
            carrier = catalog.carriers()[carriers[best]]
            noise = 10.0 ** (
                (-173.975 + 10.0 * math.log10(carrier.subcarrier_khz * 1e3) + radio.noise_figure_db)
                / 10.0
            )
            total = sum(
                spill * 10.0 ** (dbm / 10.0)
                for dbm, spill, station in heard[i][j]
                if carriers[station] == carriers[best]
            )
            signal = 10.0 ** (level / 10.0)
            rsrp[i, j], server[i, j] = level, best
            if hidden[carriers[best]][i, j]:
                continue  # what comes from behind a void is not known
            sinr[i, j] = 10.0 * math.log10(signal / (radio.load * (total - signal) + noise))
    return rsrp, sinr, server, np.any(list(hidden.values()), axis=0)


@pytest.mark.parametrize("seed", [1, 2])
def test_loops_over_stations_and_cells_agree(seed):
    region, stations = network(seed, 12, voids=True)
    found = cover(region, stations)
    hidden = 0
    for technology in ("4G", "5G"):
        mine = stations[stations["technology"] == technology]
        for year in YEARS:
            coverage = found[technology, year]
            assert coverage.station_ids == tuple(mine.index)
            standing = np.flatnonzero(mine["year"] <= year)
            rsrp, sinr, server, unknown = naive(region, mine.iloc[standing])
            np.testing.assert_allclose(coverage.rsrp_dbm, rsrp, atol=0.005)
            np.testing.assert_allclose(coverage.sinr_db, sinr, atol=0.0055)
            hidden += int((np.isnan(sinr) & ~np.isnan(rsrp)).sum())
            np.testing.assert_array_equal(coverage.unknown, unknown)
            levels = np.where(server < 0, -1, standing[server])
            np.testing.assert_array_equal(coverage.server, levels)
    assert hidden > 0


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(2, 10))
def test_a_further_station_never_lowers_a_level(seed, count):
    region, stations = network(seed, count)
    for technology in ("4G", "5G"):
        with_all = cover(region, stations, [2024])[technology, 2024]
        without = cover(region, stations.iloc[:-1], [2024])[technology, 2024]
        assert (with_all.rsrp_cdbm >= without.rsrp_cdbm).all()
        assert (with_all.unknown >= without.unknown).all()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 1000))
def test_years_are_nested(seed):
    region, stations = network(seed, 8)
    found = cover(region, stations)
    for technology in ("4G", "5G"):
        levels = [found[technology, year].rsrp_cdbm for year in YEARS]
        assert (levels[0] <= levels[1]).all()
        assert (levels[1] <= levels[2]).all()
        for year in YEARS:
            alone = cover(region, stations, [year])[technology, year]
            np.testing.assert_array_equal(found[technology, year].rsrp_cdbm, alone.rsrp_cdbm)
            np.testing.assert_array_equal(found[technology, year].sinr_cdb, alone.sinr_cdb)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(st.integers(0, 1000))
def test_the_order_of_the_stations_does_not_matter(seed):
    region, stations = network(seed, 8)
    turned = stations.iloc[::-1]
    for key, coverage in cover(region, stations).items():
        other = cover(region, turned)[key]
        np.testing.assert_array_equal(coverage.rsrp_cdbm, other.rsrp_cdbm)
        np.testing.assert_array_equal(coverage.sinr_cdb, other.sinr_cdb)
        np.testing.assert_array_equal(coverage.sigma_db, other.sigma_db)
        names = np.array([*coverage.station_ids, ""]), np.array([*other.station_ids, ""])
        np.testing.assert_array_equal(names[0][coverage.server], names[1][other.server])


def test_a_station_outside_the_grid_does_no_harm():
    region, stations = network(3, 6)
    outside = stations.assign(cell=np.where(np.arange(6) == 2, -1, stations["cell"]))
    for key, coverage in cover(region, outside).items():
        without = cover(region, stations.drop(stations.index[2]))[key]
        np.testing.assert_array_equal(coverage.rsrp_cdbm, without.rsrp_cdbm)


def test_no_station_is_no_signal_and_nothing_unknown():
    region, stations = network(3, 6)
    for coverage in cover(region, stations.iloc[:0]).values():
        assert (coverage.rsrp_cdbm == NO_SIGNAL).all()
        assert np.isnan(coverage.rsrp_dbm).all()
        assert np.isnan(coverage.sinr_db).all()
        assert (coverage.server == -1).all()
        assert not coverage.unknown.any()
        assert coverage.station_ids == ()


def test_nothing_given_is_changed():
    region, stations = network(4, 6)
    before, ground = stations.copy(), region.terrain_m.copy()
    first, second = cover(region, stations), cover(region, stations)
    pd.testing.assert_frame_equal(stations, before)
    np.testing.assert_array_equal(region.terrain_m, ground)
    for key in first:
        np.testing.assert_array_equal(first[key].rsrp_cdbm, second[key].rsrp_cdbm)
        np.testing.assert_array_equal(first[key].sinr_cdb, second[key].sinr_cdb)


def test_the_spread_is_that_of_the_best_server():
    region, stations = network(11, 8)
    found = cover(region, stations)["4G", 2023]
    assert (np.isnan(found.sigma_db) == (found.server < 0)).all()
    mine = stations[(stations["technology"] == "4G")]
    for position, footprint in footprints(region, mine, floor_dbm=-130.0, label=""):
        serves = found.server[footprint.window] == position
        np.testing.assert_allclose(
            found.sigma_db[footprint.window][serves], footprint.sigma_cdb[serves] / 100.0
        )
    assert set(np.unique(found.sigma_db[found.server >= 0])) <= {4.0, 6.0, 8.0}


def test_two_stations_by_hand():
    """Flat ground, one omni micro station each side: level and SINR in the middle, and at a quarter."""
    region = hand.region(
        shape=(1, 41),
        cell_m=50.0,
        the_sites=hand.sites(
            ("w", "lamp_pole", "existing", 25.0, 25.0), ("e", "lamp_pole", "existing", 2025.0, 25.0)
        ),
        radio={"micro_model": "free-space", "radius_m": 3000.0, "load": 0.5},
    )
    rows = [{"id": n, "site_id": n, "operator": "甲", "technology": "5G"} for n in "we"]
    table = station_table(region, hand.stations(*rows).assign(equipment="micro-nr3500"))
    found = cover(region, table, [2021])["5G", 2021]
    # 20 W over 3276 elements 7.86 dBm, 10 dBi, 0.5 dB: 17.36 dBm. Free space at 3500 MHz is
    # 103.32 dB at 1000 m and 97.30 at 500, 106.84 at 1500
    level = found.rsrp_dbm[0]
    assert level[20] == pytest.approx(17.36 - 103.32, abs=0.015)
    assert level[10] == pytest.approx(17.36 - 97.30, abs=0.015)
    # noise -122.20 dBm is nothing beside half of the other's power: 0 + 3.01 dB in the middle, of equal
    # levels the first name serves; 9.54 + 3.01 dB at a quarter
    assert found.sinr_db[0, 20] == pytest.approx(3.01, abs=0.01)
    assert found.sinr_db[0, 10] == pytest.approx(12.55, abs=0.02)
    assert table.index[found.server[0, 20]] == "e"
    assert table.index[found.server[0, 10]] == "w"
