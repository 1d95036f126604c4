"""What the selection promises, on the coverage that is computed again with its stations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import siteplan
from siteplan.targets import MET, evaluate

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["helsinki", "hedong", "hangjin"])
def test_every_rule_within_reach_is_met_by_the_plan(name):
    region = siteplan.read_region(DATA / name)
    # a promise holds however short the search is
    quick = region.scenario.selection.model_copy(update={"time_limit_s": 5.0})
    targets = region.scenario.targets.model_copy(update={"draws": 0})
    scenario = region.scenario.model_copy(update={"selection": quick, "targets": targets})
    plan = siteplan.make_plan(replace(region, scenario=scenario))
    short = set(plan.selection.shortfalls["rule_id"])
    # what a rule may or may not speak of, because a column is blank, is not promised
    demands = {name: replace(demand, doubtful=None) for name, demand in plan.demands.items()}
    columns = plan.today_stations.columns
    stations = pd.concat([plan.today_stations, plan.planned_stations[columns]])
    planned = evaluate(plan.region, demands, plan.coverage_plan, stations, plan.years)
    judged = 0
    for rule in plan.region.document.rules:
        if not rule.strict or rule.attributes or rule.id in short:
            continue
        year = min(max(rule.year or plan.years[-1], plan.years[0]), plan.years[-1])
        state = planned.region_result(rule.id, year)["state"]
        assert state == MET, f"{rule.id} in {year}: {state}"
        judged += 1
    assert judged > 0
    assert 0.0 <= plan.selection.gap < 1.0
    assert "not met" not in plan.selection.method
