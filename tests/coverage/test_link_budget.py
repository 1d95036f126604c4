"""Link budgets against sums done by hand, and the signal that they promise."""

import math

import numpy as np
import pytest

from siteplan import catalog
from siteplan.coverage.footprint import footprints
from siteplan.coverage.link_budget import link_budget, margins
from siteplan.coverage.reliability import point_probability
from siteplan.coverage.stations import station_table
from siteplan.errors import InputError
from siteplan.propagation.registry import MODELS
from siteplan.scenario import Radio
from tests import handmade as hand

DEFINITIONS = catalog.definitions()


def test_a_5g_budget_by_hand():
    radio = Radio(penetration_loss_db=20.0, body_loss_db=3.0)
    budget = link_budget(
        "macro-nr3500", DEFINITIONS["nr-dt-105"], radio, sigma_db=8.0, edge_probability=0.9
    )
    # 200 W are 53.01 dBm, over 273 x 12 elements (35.15 dB) 17.86 dBm; 24 dBi: 41.86 dBm EIRP;
    # less 20 + 3 dB, less 1.2816 x 8 = 10.25 dB, down to -105 dBm
    assert budget.value("element_power_dbm") == pytest.approx(17.86, abs=0.01)
    assert budget.value("eirp_dbm") == pytest.approx(41.86, abs=0.01)
    assert budget.value("shadow_margin_db") == pytest.approx(10.25, abs=0.01)
    assert budget.path_loss_db == pytest.approx(41.86 - 23.0 - 10.25 + 105.0, abs=0.01)


def test_the_sinr_counts_where_it_asks_for_more():
    strict = DEFINITIONS["nr-dt-105"].model_copy(update={"rsrp_dbm": -125.0, "sinr_db": 5.0})
    budget = link_budget("macro-nr3500", strict, Radio(), sigma_db=8.0, interference_margin_db=4.0)
    # -173.98 dBm/Hz + 44.77 dB (30 kHz) + 7 dB = -122.20 dBm; + 4 + 5 dB
    assert budget.value("sensitivity_dbm") == pytest.approx(-113.2, abs=0.01)
    assert budget.value("threshold_dbm") == budget.value("sensitivity_dbm")
    without = strict.model_copy(update={"sinr_db": None})
    budget = link_budget("macro-nr3500", without, Radio(), sigma_db=8.0)
    assert budget.value("threshold_dbm") == -125.0
    assert "sinr_db" not in budget.to_frame().index


@pytest.mark.parametrize("name", sorted(catalog.equipment()))
@pytest.mark.parametrize("definition", ["nr-dt-105", "lte-mr-110"])
def test_the_lines_add_up_and_name_their_source(name, definition):
    radio = Radio(body_loss_db=3.0)
    budget = link_budget(name, DEFINITIONS[definition], radio, sigma_db=6.0)
    frame = budget.to_frame()
    value = frame["value"]
    sent = value["total_power_dbm"] - value["elements_db"] + value["gain_dbi"] - value["losses_db"]
    assert sent == pytest.approx(value["eirp_dbm"])
    losses = value["penetration_loss_db"] + value["body_loss_db"] + value["shadow_margin_db"]
    assert sent - losses - value["threshold_dbm"] == pytest.approx(value["path_loss_db"])
    assert (frame["source"] != "").all()
    assert (frame["unit"] != "").all()
    given = frame[frame["sign"] != "="].index.difference(
        ["penetration_loss_db", "body_loss_db", "noise_dbm"]
    )
    assert frame.loc[given, "mark"].isin(["1", "2", "k", "?"]).all()
    assert frame.loc["body_loss_db", "source"] == "scenario.toml, radio.body_loss_db"


def test_at_the_largest_loss_the_probability_is_the_one_asked_for():
    """The footprint of a station, where its loss is that of the budget, is as sure as was asked."""
    gear = "micro-nr3500"  # all round, so that every direction is the boresight
    covered = DEFINITIONS["nr-dt-105"].model_copy(update={"rsrp_dbm": -80.0, "sinr_db": None})
    land = hand.region(
        shape=(61, 61),
        cell_m=20.0,
        the_sites=hand.sites(("s", "lamp_pole", "existing", 610.0, 610.0)),
        radio={"micro_model": "tr38901-umi", "radius_m": 600.0, "body_loss_db": 2.0},
    )
    given = hand.stations({"id": "1", "site_id": "s", "operator": "甲", "technology": "5G"})
    table = station_table(land, given.assign(equipment=gear))
    ((_, footprint),) = footprints(land, table, floor_dbm=-130.0, label="")
    budget = link_budget(gear, covered, land.scenario.radio, sigma_db=4.0, edge_probability=0.9)
    row, column = 30 - footprint.row, 30 - footprint.column
    cells = np.arange(1, 30)
    loss_db = MODELS["tr38901-umi"].loss(20.0 * cells, 3500.0, 8.0, 1.5, line_of_sight=True)
    level = footprint.rsrp_cdbm[row, column + cells] / 100.0
    sigma = footprint.sigma_cdb[row, column + cells] / 100.0
    np.testing.assert_array_equal(sigma, 4.0)
    at_edge = np.interp(budget.path_loss_db, loss_db, level)
    assert loss_db[0] < budget.path_loss_db < loss_db[-1]
    sure = point_probability(at_edge, threshold_dbm=-80.0, sigma_db=4.0)
    assert sure == pytest.approx(0.9, abs=0.001)


def test_it_prints_for_people():
    budget = link_budget("macro-lte900", DEFINITIONS["lte-mr-110"], Radio(), sigma_db=8.0)
    text = str(budget)
    assert "maximum allowable path loss" in text
    assert f"{budget.path_loss_db:.2f}" in text
    shown = budget._repr_html_()
    assert "最大允许路径损耗" in shown
    assert "<script" not in shown
    with pytest.raises(KeyError, match="path_loss_db"):
        budget.value("gain")


def test_what_cannot_be_is_refused():
    covered = DEFINITIONS["nr-dt-105"]
    with pytest.raises(InputError, match="macro-nr9000"):
        link_budget("macro-nr9000", covered, Radio(), sigma_db=8.0)
    with pytest.raises(ValueError, match="interference_margin_db"):
        link_budget("macro-nr3500", covered, Radio(), sigma_db=8.0, interference_margin_db=-1.0)
    with pytest.raises(ValueError, match="interference_margin_db"):
        link_budget("macro-nr3500", covered, Radio(), sigma_db=8.0, interference_margin_db=math.nan)
    with pytest.raises(ValueError, match="probability"):
        link_budget("macro-nr3500", covered, Radio(), sigma_db=8.0, edge_probability=90.0)
    with pytest.raises(ValueError, match="deviation"):
        link_budget("macro-nr3500", covered, Radio(), sigma_db=-8.0)


def test_margins_of_the_catalogue_are_inputs():
    assert {margin.mark for margin in margins().values()} <= {"k", "?", "2"}
