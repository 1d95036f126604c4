"""Sites that the planner fixes, forbids, prefers or keeps apart, through the whole plan."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import siteplan
from siteplan.errors import InputError
from siteplan.scenario import Costs
from siteplan.selection.candidates import candidate_stations
from siteplan.selection.wishes import rivals


@pytest.fixture
def planned(small_folder):
    def plan(wishes, *, only_region=False):
        path = small_folder / "scenario.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("[selection]", f"[selection]\n{wishes}"), encoding="utf-8")
        region = siteplan.read_region(small_folder)
        return region if only_region else siteplan.make_plan(region)

    return plan


def test_a_fixed_site_is_built_in_the_first_year(planned):
    stations = planned('fixed = ["b"]').planned_stations
    assert stations.loc[stations["site_id"] == "b", "year"].tolist() == [2021]


def test_a_forbidden_site_is_not_offered(planned):
    region = planned('forbidden = ["d"]', only_region=True)
    assert list(candidate_stations(region)["site_id"]) == ["b", "c"]


def test_a_preferred_site_weighs_less_and_costs_the_same(planned):
    offered = candidate_stations(planned('preferred = ["c"]', only_region=True)).set_index(
        "site_id"
    )
    assert offered.loc["c", "station_price"] == 0.8 * offered.loc["b", "station_price"]
    assert offered.loc["c", "station_cost_cny"] == offered.loc["b", "station_cost_cny"]


def test_new_structures_keep_their_distance(planned):
    # b and c stand 4.5 km apart, a is an existing tower 5.4 km west of b
    near = planned("spacing_new_m = 4600.0", only_region=True)
    np.testing.assert_array_equal(rivals(near, np.array(["b", "c", "d"])), [[0, 1]])
    far = near.scenario.selection.model_copy(update={"spacing_new_m": 4400.0})
    assert far.spacing_new_m == 4400.0


def test_a_new_structure_beside_a_standing_one_is_not_offered(planned):
    region = planned("spacing_existing_m = 6000.0", only_region=True)
    assert list(candidate_stations(region)["site_id"]) == ["c", "d"]


def test_unknown_names_are_told_together(planned):
    with pytest.raises(InputError) as caught:
        planned('fixed = ["zz"]\nforbidden = ["yy", "b"]\npreferred = ["东塔"]')
    assert [fault.value for fault in caught.value.faults] == ["zz", "yy", "东塔"]


def test_a_site_cannot_be_fixed_and_forbidden(planned):
    with pytest.raises(InputError, match="both fixed and forbidden"):
        planned('fixed = ["b"]\nforbidden = ["b"]')


def test_rent_raises_the_price_of_the_kinds_that_pay_it(planned):
    region = planned("", only_region=True)
    costs = Costs(rent={"building": 10_000.0}, rent_years=1)
    renting = dataclasses.replace(
        region, scenario=region.scenario.model_copy(update={"costs": costs})
    )
    free, paid = candidate_stations(region), candidate_stations(renting)
    more = (paid["station_cost_cny"] - free["station_cost_cny"]).set_axis(paid["site_id"])
    # nobody rents on the building yet: one tenant, no discount
    assert more.to_dict() == {"b": 0.0, "c": 0.0, "d": 10_000.0}


def test_no_subsidy_without_a_rule_for_it(planned):
    assert (planned("").planned_stations.get("subsidy_cny", 0.0) == 0.0).all()
