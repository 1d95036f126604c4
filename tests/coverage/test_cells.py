"""The cells layer against stations that have none, and against figures worked out by hand."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from siteplan import catalog
from siteplan.catalog.antennas import Antenna, antennas
from siteplan.coverage import _beam
from siteplan.coverage.cells import cell_table, station_beams
from siteplan.coverage.footprint import footprints
from siteplan.coverage.stations import station_table
from siteplan.propagation.registry import MODELS
from tests import handmade as hand

SIZE, CELL_M = 41, 100.0
MIDDLE = SIZE // 2
PANEL = Antenna(
    name="panel",
    horizontal_db=antennas()["tr36814-panel"].horizontal_db,
    vertical_db=antennas()["tr36814-panel"].vertical_db,
    combination="projection",
    electrical_tilt_deg=2.0,
    gain_dbi=18.0,
    source="test",
    mark="k",
)


def region(*cells, height_m=35.0, patterns=None):
    """One tower in the middle with one station, and cells of it."""
    columns = ["azimuth_deg", "mechanical_tilt_deg", "electrical_tilt_deg", "antenna", "power_w"]
    frame = pd.DataFrame([{"station_id": "st"} | cell for cell in cells])
    frame = frame.reindex(columns=["station_id", *columns])
    frame.index = pd.Index([f"c{i}" for i in range(len(frame))], name="id")
    given = hand.sites(("s", "tower", "existing", SIZE * CELL_M / 2, SIZE * CELL_M / 2))
    made = hand.region(
        shape=(SIZE, SIZE),
        cell_m=CELL_M,
        the_sites=given.assign(antenna_height_m=height_m),
        layers={"cells": frame} if cells else {},
        radio={"macro_model": "free-space", "radius_m": 1900.0},
    )
    return dataclasses.replace(made, antennas=patterns or {})


def station(land, equipment="macro-lte900"):
    given = pd.DataFrame(
        [{"site_id": "s", "operator": "甲", "technology": "4G", "equipment": equipment}],
        index=pd.Index(["st"], name="id"),
    )
    return station_table(land, given)


def footprint(land, equipment="macro-lte900"):
    ((_, found),) = footprints(land, station(land, equipment), floor_dbm=-130.0, label="")
    return found


def test_cells_like_the_sectors_change_nothing():
    without = footprint(region())
    same = footprint(region(*({"azimuth_deg": a} for a in (0.0, 120.0, 240.0))))
    np.testing.assert_array_equal(without.rsrp_cdbm, same.rsrp_cdbm)
    np.testing.assert_array_equal(without.spill, same.spill)


def test_cells_of_another_station_change_nothing():
    other = footprint(region({"station_id": "other", "azimuth_deg": 10.0}))
    np.testing.assert_array_equal(footprint(region()).rsrp_cdbm, other.rsrp_cdbm)


def test_one_cell_by_hand():
    """A panel that leans 3 degrees and whose beam is lowered 2 degrees, on a mast of 101.5 m."""
    cell = {"azimuth_deg": 90.0, "mechanical_tilt_deg": 3.0, "electrical_tilt_deg": 2.0}
    land = region(cell | {"antenna": "tr36814-panel", "power_w": 20.0}, height_m=101.5)
    found = footprint(land)
    row, column = MIDDLE - found.row, MIDDLE + 10 - found.column
    # 1000 m east and 100 m below (the Earth's curve adds 0.06 m): 5.714 degrees below the horizon,
    # 0.714 below the beam: 12 (0.714 / 10)^2 = 0.061 dB. 20 W over 600 elements is 15.23 dBm, and
    # 15 dBi - 0.5 dB; free space over 1005 m at 941.5 MHz is 91.97 dB
    down = math.degrees(math.atan2(100.0589, 1000.0))
    loss_db = MODELS["free-space"].loss(np.array([1000.0]), 941.5, 101.5, 1.5, line_of_sight=True)[
        0
    ]
    assert loss_db == pytest.approx(91.97, abs=0.01)
    expected = 15.23 + 15.0 - 0.5 - 12.0 * ((down - 5.0) / 10.0) ** 2 - loss_db
    assert found.rsrp_cdbm[row, column] == pytest.approx(100.0 * expected, abs=1.5)
    assert expected == pytest.approx(-62.30, abs=0.01)
    assert found.spill[row, column] == 1.0
    # behind, both cuts end together at 25 dB
    behind = found.rsrp_cdbm[row, MIDDLE - 10 - found.column]
    assert behind == pytest.approx(100.0 * (15.23 + 14.5 - 25.0 - loss_db), abs=1.5)


def test_a_tilt_brings_the_beam_to_the_near_and_takes_it_from_the_far():
    # 100 m above flat ground: 16 degrees below the horizon at 350 m, 3 degrees at 1900 m
    def level(tilt):
        cell = {"azimuth_deg": 0.0, "antenna": "tr36814-panel", "electrical_tilt_deg": tilt}
        found = footprint(region(cell, height_m=101.5))
        column = MIDDLE - found.column
        return found.rsrp_cdbm[: MIDDLE - found.row, column][::-1].astype(float)  # northwards

    near, far = level(12.0) - level(2.0), level(2.0) - level(12.0)
    assert near[2] > 300.0
    assert far[-1] > 300.0


def test_the_strongest_cell_is_the_level_and_all_add_up():
    cells = [{"azimuth_deg": 0.0}, {"azimuth_deg": 0.0, "power_w": 10.0}]
    both = footprint(region(*cells))
    strong = footprint(region({"azimuth_deg": 0.0}))
    np.testing.assert_array_equal(both.rsrp_cdbm, strong.rsrp_cdbm)
    # a quarter of 40 W besides
    heard = both.rsrp_cdbm > -32000
    np.testing.assert_allclose(both.spill[heard], 1.25, rtol=1e-5)


def test_blanks_take_the_equipment_and_the_antenna():
    land = region(
        {"azimuth_deg": 30.0}, {"azimuth_deg": 40.0, "antenna": "panel"}, patterns={"panel": PANEL}
    )
    ((own, other),) = station_beams(land, station(land)).rows
    gear = catalog.equipment()["macro-lte900"]
    # a file brings its own gain and holds its own tilt
    assert other[_beam.LEVEL] - own[_beam.LEVEL] == pytest.approx(18.0 - gear.gain_dbi)
    assert own[_beam.ELECTRICAL] == other[_beam.ELECTRICAL] == 0.0
    land = region(
        {"azimuth_deg": 40.0, "antenna": "panel", "electrical_tilt_deg": 5.0},
        patterns={"panel": PANEL},
    )
    ((only,),) = station_beams(land, station(land)).rows
    assert only[_beam.ELECTRICAL] == pytest.approx(3.0)


def test_the_antenna_of_a_network_is_that_of_its_macro_stations():
    land = region(patterns={"panel": PANEL})
    networks = [
        {"operator": "甲", "technology": "4G", "macro": "macro-lte900", "antenna": "panel"}
        | {"mechanical_tilt_deg": 2.0, "electrical_tilt_deg": 6.0}
    ]
    scenario = hand.scenario(networks=networks, grid={"resolution_m": CELL_M})
    land = dataclasses.replace(land, scenario=scenario)
    (rows,) = station_beams(land, station(land)).rows
    assert rows[:, _beam.AZIMUTH].tolist() == [0.0, 120.0, 240.0]
    assert set(rows[:, _beam.MECHANICAL]) == {2.0}
    assert set(rows[:, _beam.ELECTRICAL]) == {4.0}  # two degrees are in the pattern
    (rows,) = station_beams(land, station(land, "micro-nr3500")).rows
    assert rows[:, _beam.MECHANICAL].tolist() == [0.0]


def test_the_table_leaves_nothing_blank():
    land = region(
        {"azimuth_deg": 40.0, "antenna": "panel"},
        {"azimuth_deg": 160.0, "power_w": 5.0, "mechanical_tilt_deg": 3.0},
        patterns={"panel": PANEL},
    )
    table = cell_table(land, station(land))
    assert not table.isna().any(axis=None)
    assert table.index.tolist() == ["c0", "c1"]
    assert table["station_id"].tolist() == ["st", "st"]
    assert table["antenna"].tolist() == ["panel", "tr38901-sector"]
    assert table["gain_dbi"].tolist() == [18.0, 15.0]
    assert table["power_w"].tolist() == [40.0, 5.0]
    assert table["electrical_tilt_deg"].tolist() == [2.0, 0.0]
    # 40 W and 18 dBi against 5 W and 15 dBi: 9.03 + 3 dB
    assert np.ptp(table["level_dbm"]) == pytest.approx(12.03, abs=0.01)
    without = cell_table(region(), station(region()))
    assert without.index.tolist() == ["st-1", "st-2", "st-3"]
    assert without["azimuth_deg"].tolist() == [0.0, 120.0, 240.0]
    assert cell_table(region(), station(region()).iloc[:0]).empty


def test_a_stronger_cell_reaches_farther():
    weak = footprint(region({"azimuth_deg": 0.0, "power_w": 1e-3}), "macro-lte800")
    strong = footprint(region({"azimuth_deg": 0.0}), "macro-lte800")
    assert weak.rsrp_cdbm.shape[0] <= strong.rsrp_cdbm.shape[0]
    assert (weak.rsrp_cdbm >= -13000).any()
