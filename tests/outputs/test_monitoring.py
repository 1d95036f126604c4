"""Progress, people, roads and indoors of the small region, of which the figures are known."""

import numpy as np
import pytest

from siteplan.outputs import monitoring
from siteplan.outputs.frames import rule_year


def test_progress_carries_the_chances_of_both_networks(small_plan):
    table = monitoring.progress(small_plan).set_index(["rule_id", "year"])
    assert len(table) == len(small_plan.region.document.rules) * len(small_plan.years)
    for name, chances in (("today", small_plan.chances_today), ("plan", small_plan.chances_plan)):
        found = chances.set_index(["rule_id", "year"])["probability"]
        both = table[f"chance_{name}"].dropna()
        assert len(both)
        assert both.to_dict() == found.dropna().to_dict()
        assert both.between(0.0, 1.0).all()


def test_people_are_those_of_the_villages(small_plan):
    table = monitoring.people(small_plan).set_index(["technology", "year", "scope"])
    villages = small_plan.region.layers["villages"]
    whole = table.loc["4G"].loc[small_plan.years[-1]].loc[""]
    known = villages["population"].dropna()
    assert whole["villages"] == len(villages)
    assert whole["villages_blank"] == len(villages) - len(known)
    assert whole["people"] == known.sum()
    assert 0.0 <= whole["today"] <= whole["plan"] <= whole["people"]
    assert whole["share_plan"] == pytest.approx(whole["plan"] / whole["people"])
    parts = table.loc["4G"].loc[small_plan.years[-1]].drop("")
    assert parts["plan"].sum() == whole["plan"]


def test_roads_by_class_add_up_to_the_roads(small_plan):
    table = monitoring.roads(small_plan)
    classes, names = table[table["name"] == ""], table[table["name"] != ""]
    for column in ("roads", "length_km", "covered_today_km", "covered_plan_km", "gaps_plan"):
        assert classes[column].sum() == pytest.approx(names[column].sum())
    assert (names["covered_today_km"] <= names["covered_plan_km"] + 1e-9).all()
    assert (names["covered_plan_km"] <= names["length_km"] + 1e-9).all()
    year = small_plan.years[-1]
    lines = small_plan.planned.roads
    mine = lines[lines["year"] == year].set_index(["rule_id", "name"])["covered_km"]
    assert names.set_index(["rule_id", "name"])["covered_plan_km"].to_dict() == mine.to_dict()


def test_indoor_needs_are_listed_and_counted(small_plan):
    table, sums = monitoring.indoors(small_plan), monitoring.indoor_sums(small_plan)
    assert len(table) == len(small_plan.indoors) == sums["places"].sum()
    assert not np.isnan(table[["lon", "lat"]].to_numpy(dtype=float)).any()


def test_what_is_unmet_is_what_is_not_met_in_the_year_of_the_rule(small_plan):
    table = monitoring.unmet(small_plan)
    for network, evaluation in (("today", small_plan.today), ("plan", small_plan.planned)):
        for rule in small_plan.region.document.rules:
            mine = table[(table["rule_id"] == rule.id) & (table["network"] == network)]
            if rule.kind != "coverage":
                assert mine.empty
                continue
            result = evaluation.region_result(rule.id, rule_year(small_plan, rule))
            assert len(mine) == result["items"] - result["items_covered"] + result["items_doubtful"]
    assert "met" not in set(table["state"])
