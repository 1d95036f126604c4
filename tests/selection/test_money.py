"""Subsidies of a document, station by station."""

from __future__ import annotations

import pandas as pd

from siteplan.catalog import Money
from siteplan.selection.money import subsidies


def rule(**changes):
    figures = {
        "id": "M",
        "zh": "每站奖励",
        "en": "for each station",
        "technology": "5G",
        "per": "station",
        "amount_cny": 100.0,
        "first_year": 2019,
        "last_year": 2020,
    }
    return Money(**(figures | changes))


STATIONS = pd.DataFrame(
    {
        "operator": ["甲", "甲", "甲", "铁塔"],
        "technology": ["5G", "5G", "4G", "5G"],
        "year": [2020, 2020, 2020, 2019],
    },
    index=["p", "q", "r", "s"],
)


def test_years_technology_and_builder_decide():
    paid = subsidies(STATIONS, [rule(excluded_owners=["铁塔"])])
    assert paid.tolist() == [100.0, 100.0, 0.0, 0.0]
    assert subsidies(STATIONS.assign(year=2021), [rule()]).sum() == 0.0


def test_scenarios_are_not_stations():
    assert subsidies(STATIONS, [rule(per="scenario")]).sum() == 0.0


def test_a_yearly_limit_pays_the_first_and_counts_those_that_stand():
    paid = subsidies(STATIONS, [rule(most_per_year=1)])
    assert paid.to_dict() == {"p": 100.0, "q": 0.0, "r": 0.0, "s": 100.0}
    standing = pd.DataFrame({"year": [2020], "technology": ["5G"]})
    assert subsidies(STATIONS, [rule(most_per_year=1)], standing=standing).sum() == 100.0


def test_several_rules_add_up():
    assert subsidies(STATIONS, [rule(), rule(technology=None)])["p"] == 200.0
