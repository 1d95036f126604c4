"""The two target documents of the catalogue, row by row, and their states on the demo regions."""

from pathlib import Path

import numpy as np
import pytest

from siteplan import catalog, read_region
from siteplan.coverage.stations import station_table
from siteplan.demand import region_demands
from siteplan.targets import (
    MEASURED,
    STATE_ZH,
    UNKNOWN,
    evaluate,
    rewards,
    task_states,
)
from tests import handmade as hand

DATA = Path(__file__).parents[2] / "data"
# (row of the document, year, technology, with a pass mark)
HANGJIN = {
    ("H-5G-2020", 2020, "5G", True),
    ("H-5G-2021a", 2021, "5G", True),
    ("H-5G-2021b", 2021, "5G", True),
    ("H-5G-2022a", 2022, "5G", True),
    ("H-5G-2022b", 2022, "5G", True),
    ("H-4G-2020", 2020, "4G", True),
    ("H-4G-2021", 2021, "4G", False),
    ("H-4G-2022", 2022, "4G", True),
    ("H-APP-2022", 2022, "5G", True),
}
HEDONG = {
    ("E-N-2020", 2020, "5G", True),
    ("E-C-2020", 2020, "5G", True),
    ("E-N-2022", 2022, "5G", True),
    ("E-C-2022", 2022, "5G", True),
    ("E-REUSE", 2020, "5G", False),
    ("E-OPEN", None, None, False),
    ("E-BLDG", None, "5G", False),
    ("E-POWER", 2020, None, False),
    ("E-APP", 2020, "5G", False),
    ("E-PLAN", 2020, None, False),
}


@pytest.mark.parametrize(("name", "rows"), [("hangjin-2021", HANGJIN), ("hedong-2020", HEDONG)])
def test_every_row_of_the_document_is_a_rule(name, rows):
    rules = catalog.target_document(name).rules
    assert {(r.document_id or r.id, r.year, r.technology, r.strict) for r in rules} == rows
    assert all(rule.passage for rule in rules)


def test_money_and_tasks():
    hedong = catalog.target_document("hedong-2020")
    money = {entry.id: entry for entry in hedong.money}
    station, scenario = money["E-MONEY"], money["E-DEMO"]
    assert (station.amount_cny, station.first_year, station.last_year) == (20_000.0, 2019, 2020)
    assert {"铁塔公司", "中国铁塔"} <= set(station.excluded_owners)
    assert (scenario.amount_cny, scenario.most_per_year) == (2_000_000.0, 20)
    assert scenario.national_match_cny == 10_000_000.0
    deadlines = {task.id: task.deadline for task in hedong.tasks}
    assert deadlines["E-PLAN"] == "2020年3月"
    assert all(deadlines.values())
    assert all(task.note for task in hedong.tasks if not task.units)
    who = {task.id: task.units for task in catalog.target_document("hangjin-2021").tasks}
    assert len(who) == 6
    assert all(who.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hangjin", "hedong"])
def test_every_rule_has_a_state_in_every_year_on_the_demo(name):
    region = read_region(DATA / name)
    years = region.scenario.targets.years
    assert years == (2020, 2021, 2022)
    table, demands = station_table(region, region.stations), region_demands(region)
    # the eastern half of the land is covered, nothing is hidden
    level = np.full(region.geobox.shape, np.nan)
    level[:, level.shape[1] // 2 :] = -70.0
    signal = {
        (technology, year): hand.coverage(region, level, technology=technology, year=year)
        for technology in ("4G", "5G")
        for year in years
    }
    found = evaluate(region, demands, signal, table, years)
    whole = found.results[(found.results["scope"] == "") & (found.results["group"] == "")]
    assert len(whole) == len(region.document.rules) * len(years)
    assert set(whole["state"]) <= set(STATE_ZH)
    # what is open says why; what is computed has a value
    unknown = whole["state"] == UNKNOWN
    assert (whole.loc[unknown, "reason"] != "").all()
    kinds = {rule.id: rule.kind for rule in region.document.rules}
    assert whole.loc[whole["rule_id"].map(kinds) != "task", "value"].notna().all()
    assert whole.loc[whole["rule_id"].map(kinds) == "task", "state"].eq(UNKNOWN).all()
    measured = {rule.id for rule in region.document.rules if not rule.strict} - {
        rule.id for rule in region.document.rules if rule.kind == "task"
    }
    assert set(whole.loc[whole["state"] == MEASURED, "rule_id"]) == measured
    tasks = task_states(region.document, found, years[-1])
    assert len(tasks) == len(region.document.tasks)
    assert len(rewards(region, region.document, table)) == len(region.document.money)
