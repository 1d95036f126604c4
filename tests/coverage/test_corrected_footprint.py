"""Calibration and land cover in the plan's own footprints."""

from dataclasses import replace

import numpy as np
import pytest

from siteplan.coverage.correction import corrected_loss
from siteplan.coverage.footprint import footprints
from siteplan.coverage.stations import station_table
from tests import handmade as hand

SIZE, CELL_M = 61, 100.0
FITTED = {"offset_db": 6.0, "slope_db_per_decade": 8.0, "nearest_m": 500.0, "farthest_m": 2000.0}


def footprint(model, *, clutter_m=None, building_m=None, **radio):
    region = hand.region(
        shape=(SIZE, SIZE),
        cell_m=CELL_M,
        the_sites=hand.sites(("a", "tower", "existing", 3050, 3050)),
        the_stations=hand.stations(
            {
                "id": "a1",
                "site_id": "a",
                "operator": "甲",
                "technology": "4G",
                "equipment": "macro-lte900",
            }
        ),
        building_m=building_m,
        radio={"macro_model": model, "radius_m": 2900.0} | radio,
    )
    if clutter_m is not None:
        region = replace(region, clutter_m=clutter_m)
    stations = station_table(region, region.stations)
    ((_, found),) = footprints(region, stations, floor_dbm=-250.0, label="")
    return found


@pytest.mark.parametrize("model", ["tr38901-rma", "p1812"])
def test_a_correction_lowers_every_level_by_its_distance(model):
    plain = footprint(model)
    found = footprint(model, corrections={model: FITTED | {"sigma_db": 7.5}})
    offset = np.arange(plain.rsrp_cdbm.shape[0]) - plain.rsrp_cdbm.shape[0] // 2
    distance = np.maximum(np.hypot(*np.meshgrid(offset, offset)), 0.5) * CELL_M
    lowered = (plain.rsrp_cdbm - found.rsrp_cdbm.astype(float)) / 100.0
    correction = hand.scenario(radio={"corrections": {model: FITTED}}).radio.corrections[model]
    expected = corrected_loss(np.zeros_like(distance), distance, correction)
    heard = plain.rsrp_cdbm > -32000
    # each level is rounded to a hundredth
    np.testing.assert_allclose(lowered[heard], expected[heard], atol=0.0101)
    assert (found.sigma_cdb == 750).all()


def test_another_carrier_s_correction_changes_nothing():
    plain = footprint("p1812")
    found = footprint("p1812", corrections={"p1812/nr2600": FITTED})
    np.testing.assert_array_equal(plain.rsrp_cdbm, found.rsrp_cdbm)


def test_woods_dim_terrain_models_and_hide_nothing_from_the_others():
    wood = np.zeros((SIZE, SIZE), np.float32)
    wood[:, 40:45] = 15.0
    open_land = footprint("p1812")
    found = footprint("p1812", clutter_m=wood)
    east = slice(48, 58)
    assert (found.rsrp_cdbm[29, east] < open_land.rsrp_cdbm[29, east] - 200).all()
    np.testing.assert_array_equal(found.rsrp_cdbm[:, :38], open_land.rsrp_cdbm[:, :38])
    for radius in (footprint("tr38901-rma", clutter_m=wood), footprint("tr38901-rma")):
        np.testing.assert_array_equal(radius.rsrp_cdbm, footprint("tr38901-rma").rsrp_cdbm)


def test_unknown_land_cover_makes_the_signal_unknown():
    cover = np.zeros((SIZE, SIZE), np.float32)
    cover[:, 50:] = np.nan
    found = footprint("p1812", clutter_m=cover)
    assert (found.rsrp_cdbm[:, 50:] <= -32767).all()
