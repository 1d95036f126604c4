"""Power, fibre, consent, budgets, repeated cover and chance, as a planner asks for them."""

from __future__ import annotations

import pytest

import siteplan
from siteplan.demand import region_demands
from siteplan.errors import InputError
from siteplan.selection.candidates import candidate_stations
from siteplan.selection.extras import site_extras
from siteplan.selection.reach import item_service
from siteplan.selection.sensitivity import rule_curve
from tests import handmade as hand

NETWORK = {"operator": "甲", "technology": "4G", "macro": "macro-lte900"}


def row_of_sites(**columns):
    """One standing site and three candidates, 5 km apart on a straight road with fibre at its west end."""
    sites = hand.sites(
        ("a", "tower", "existing", 1000.0, 5000.0),
        ("b", "new", "candidate", 6000.0, 5000.0),
        ("c", "new", "candidate", 11_000.0, 5000.0),
        ("d", "building", "candidate", 16_000.0, 5000.0),
    )
    return sites.assign(**columns)


def region_of(**parts):
    rows = [
        {"id": "v1", "name": "东村", "kind": "natural", "geometry": hand.point(11_500, 5000)},
        {"id": "v2", "name": "远村", "kind": "natural", "geometry": hand.point(16_500, 5000)},
    ]
    people = parts.pop("people", [{}, {}])
    villages = hand.layer("villages", [row | more for row, more in zip(rows, people, strict=True)])
    road = hand.layer("roads", [{"id": "r", "geometry": hand.line((0, 5000), (20_000, 5000))}])
    node = hand.layer("fibre_nodes", [{"id": "f", "geometry": hand.point(0, 5000)}])
    layers = {"villages": villages, "roads": road, "fibre_nodes": node}
    usual = {
        "shape": (100, 200),
        "cell_m": 100.0,
        "the_sites": row_of_sites(),
        "layers": layers | parts.pop("layers", {}),
        "the_document": hand.document(hand.rule("V", layer="villages", **{"class": "village"})),
        "networks": [NETWORK],
        "radio": {"macro_model": "tr38901-rma", "radius_m": 3000.0},
        "targets": {
            "document": "t.toml",
            "years": [2021, 2022],
            "definitions": {"village-4G": "village-signal"},
            "draws": 0,
        },
    }
    return hand.region(**usual | parts)


def test_fibre_costs_its_way_along_the_road():
    region = region_of(backhaul={"fibre_cny_km": 10_000.0})
    fibre = site_extras(region, region.sites)["fibre_cny"]
    assert fibre.round(2).to_dict() == {
        "a": 10_000.0,
        "b": 60_000.0,
        "c": 110_000.0,
        "d": 160_000.0,
    }
    offered = candidate_stations(region).set_index("site_id")
    without = candidate_stations(region_of()).set_index("site_id")
    more = offered["site_price"] - without["site_price"]
    assert more.round(2).to_dict() == fibre.round(2).to_dict()


def test_an_unknown_supply_counts_as_the_dearer_and_is_told():
    sites = row_of_sites(power=["direct", "direct", "resold", None])
    sites = sites.assign(power_distance_m=[None, 500.0, 2000.0, None])
    region = region_of(
        the_sites=sites,
        costs={"power": {"direct": 30_000.0, "resold": 5000.0}, "power_cny_km": 20_000.0},
    )
    extras = site_extras(region, region.sites)
    power = extras["power_cny"].to_dict()
    assert {name: power[name] for name in "bcd"} == {"b": 40_000.0, "c": 45_000.0, "d": 70_000.0}
    assert extras["unknown"].to_dict()["d"] == "power;power_distance"
    assert extras["unknown"].to_dict()["c"] == ""


def test_consent_is_paid_for_new_structures_in_a_conditional_zone():
    zone = {"id": "z", "name": "保护区", "kind": "exclusion", "severity": "conditional"}
    zones = hand.layer("zones", [zone | {"geometry": hand.box(10_000, 4000, 17_000, 6000)}])
    region = region_of(layers={"zones": zones}, costs={"conditional_zone_cny": 50_000.0})
    # c is built there, d stands there already
    consent = site_extras(region, region.sites)["consent_cny"].to_dict()
    assert consent == {"a": 0.0, "b": 0.0, "c": 50_000.0, "d": 0.0}


def test_a_year_builds_no_more_than_it_may():
    free = siteplan.make_plan(region_of()).planned_stations
    assert free["year"].tolist() == [2021, 2021]
    rule = hand.rule("V", layer="villages", year=2022, **{"class": "village"})
    parts = {"the_document": hand.document(rule), "selection": {"most_stations": {"2022": 1}}}
    plan = siteplan.make_plan(region_of(**parts))
    assert sorted(plan.planned_stations["year"]) == [2021, 2022]
    assert plan.selection.relaxations.empty


def test_a_budget_that_is_too_small_is_told_with_what_it_takes():
    plan = siteplan.make_plan(region_of(selection={"budget_cny": {"2021": 400_000.0}}))
    needed = plan.selection.relaxations
    assert needed["rule_id"].tolist() == ["budget:2021"]
    # a new tower with its station and a roof with its station
    assert needed["needed"].tolist() == [183_000.0 + 41_000.0 + 2 * 150_000.0]
    assert "contradict" in plan.selection.summary()
    with pytest.raises(InputError, match="no year of the plan"):
        siteplan.make_plan(region_of(selection={"budget_cny": {"2030": 1.0}}))


def test_places_that_several_stations_must_reach():
    rule = hand.rule("V", layer="villages", **{"class": "village"})
    radio = {"macro_model": "tr38901-rma", "radius_m": 8000.0}
    parts = {"radio": radio, "the_document": hand.document(rule)}
    parts |= {"selection": {"cover_times": {"V": 2}}}
    plan = siteplan.make_plan(region_of(**parts))
    # 5 km apart, c and d reach both villages
    assert set(plan.planned_stations["site_id"]) >= {"c", "d"}
    with pytest.raises(InputError, match="villages or venues"):
        siteplan.make_plan(region_of(selection={"cover_times": {"W": 2}}))


def test_a_greater_chance_reaches_less():
    # a village far from both, at a level that shadowing may take away
    weak, sure = (
        reached(region_of(radio=RADIO_FAR, selection={"probability": chance}))
        for chance in (0.5, 0.999)
    )
    assert (sure <= weak).all()
    assert sure.sum() < weak.sum()


def test_users_take_further_stations_where_one_serves_too_few():
    people = [{"population": 800.0}, {"population": 800.0}]
    radio = {"macro_model": "tr38901-rma", "radius_m": 8000.0}
    one = siteplan.make_plan(region_of(radio=radio, people=people)).planned_stations
    assert len(one) == 1
    wishes = {"users_share": 0.5, "station_users": {"macro": 500}}
    two = siteplan.make_plan(region_of(radio=radio, people=people, selection=wishes))
    assert len(two.planned_stations) == 2
    assert two.selection.shortfalls.empty
    wishes["station_users"] = {"macro": 100}
    few = siteplan.make_plan(region_of(radio=radio, people=people, selection=wishes))
    assert set(few.selection.shortfalls["rule_id"]) == {"V:users"}
    with pytest.raises(InputError, match="no users"):
        siteplan.make_plan(region_of(selection={"users_share": 0.5}))


def test_what_more_of_a_rule_would_cost_in_the_region():
    rule = hand.rule("V", layer="villages", measure="pooled", **{"class": "village"})
    region = region_of(the_document=hand.document(rule))
    plan = siteplan.make_plan(region)
    curve = rule_curve(region, plan.demands, plan.today, plan.today_stations, "V", [1.0, 0.5])
    # half of it takes the roof, all of it the new tower as well
    assert curve["cost"].tolist() == [191_000.0, 191_000.0 + 333_000.0]
    assert curve["per_percent"].iloc[1] == pytest.approx(333_000.0 / 50.0)


RADIO_FAR = {"macro_model": "tr38901-rma", "radius_m": 12_000.0}


def reached(region):
    """Villages that each candidate reaches."""
    rule = region.document.rules[0]
    demand = region_demands(region)[rule.id]
    return item_service(region, demand, rule, candidate_stations(region)).toarray().sum(axis=1)
