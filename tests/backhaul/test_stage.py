"""Fibre, power and rooms of a region that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from siteplan.backhaul import connect_fibre, plan_backhaul, plan_power, plan_rooms, station_load
from siteplan.catalog.backhaul import assumptions, power_table
from siteplan.coverage.stations import station_table
from tests.handmade import layer, line, point, region, sites, stations

YEARS = (2021, 2022)


def make(fibre=(), *, power=(), lines=True, villages=None, **backhaul):
    """
    One road of 8 km with a branch of 1 km in its middle.

    Sites by km along the road: a at 0 and b at 2 are in service, c at 5 (50 m off), d at the end of the
    branch at 4; e lies on a road of its own.
    """
    rows = sites(
        ("a", "tower", "existing", 0, 1000),
        ("b", "rooftop", "existing", 2000, 1000),
        ("c", "new", "candidate", 5000, 1050),
        ("d", "new", "candidate", 4000, 2000),
        ("e", "new", "candidate", 9000, 9000),
    )
    flags = pd.array([dict(fibre).get(name, pd.NA) for name in rows.index], dtype="boolean")
    supply = pd.array([dict(power).get(name, pd.NA) for name in rows.index], dtype="string")
    rows = rows.assign(fibre=flags, power=supply, township=["北", "北", "南", "南", pd.NA])
    drawn = [line((0, 1000), (8000, 1000)), line((4000, 1000), (4000, 2000))]
    drawn.append(line((9000, 8000), (9000, 9500)))
    names = [{"id": f"r{i}", "name": f"路{i}", "geometry": each} for i, each in enumerate(drawn)]
    layers = {"roads": layer("roads", names)} if lines else {}
    if villages is not None:
        layers["villages"] = layer("villages", villages)
    here = region(layers=layers, the_sites=rows, backhaul=backhaul)
    today = station_table(
        here,
        stations(
            {"id": "a4", "site_id": "a", "operator": "甲", "technology": "4G"}
            | {"equipment": "macro-lte900"},
            {"id": "b4", "site_id": "b", "operator": "甲", "technology": "4G"}
            | {"equipment": "macro-lte900"},
        ),
    )
    return here, today


def planned(here, *rows):
    """Planned 5G macro stations of (site, year)."""
    frame = pd.DataFrame(rows, columns=["site_id", "year"])
    frame = frame.assign(operator="甲", technology="5G", equipment="macro-nr3500")
    return station_table(here, frame.set_index("p" + frame.index.astype(str) + frame["site_id"]))


def test_two_sites_share_the_cable_up_to_the_branch():
    here, today = make({"a": True, "c": False}, fibre_cny_km=10_000.0)
    plan = connect_fibre(here, today, planned(here, ("c", 2022), ("d", 2021)), YEARS)
    # 4 km shared; c: 1 km and 50 m alone, d: 1 km alone
    assert plan.length_m == pytest.approx(6050.0)
    assert plan.sites["route_m"].to_dict() == pytest.approx({"c": 5050.0, "d": 5000.0})
    assert plan.sites["length_m"].to_dict() == pytest.approx({"c": 3050.0, "d": 3000.0})
    assert plan.sites["cost_cny"].to_dict() == pytest.approx({"c": 30_500.0, "d": 30_000.0})
    assert plan.sites["nearest"].tolist() == ["site:a", "site:a"]
    assert plan.years["length_m"].to_dict() == pytest.approx({2021: 5000.0, 2022: 1050.0})
    assert plan.years["of_these_unknown"].to_dict() == {2021: 1, 2022: 0}
    assert plan.years["cost_cny"].sum() == pytest.approx(60_500.0)
    assert plan.cables.geometry.length.sum() == pytest.approx(6050.0)
    assert set(plan.cables["road_name"].dropna()) == {"路0", "路1"}
    assert plan.bound_m <= 6050.0


def test_what_is_not_known_stays_unknown():
    here, today = make({"a": True})
    plan = connect_fibre(here, today, planned(here, ("c", 2021), ("a", 2021)), YEARS)
    assert np.isnan(plan.sites["cost_cny"]["c"])
    assert plan.sites["cost_cny"]["a"] == 0.0
    assert np.isnan(plan.years["cost_cny"][2021])
    assert plan.years["cost_cny"][2022] == 0.0
    assert plan.sites["state"].to_dict() == {"a": "has_fibre", "c": "to_connect"}
    assert plan.sites["fibre"].isna()["c"]


@pytest.mark.parametrize(
    ("given", "options", "site", "reason"),
    [
        ({"a": True}, {}, "e", "cut_off"),
        ({}, {}, "c", "no_fibre_nodes"),
        ({"a": True}, {"lines": False}, "c", "no_roads"),
        ({"a": True}, {"access_limit_m": 20.0}, "c", "far_from_road"),
    ],
)
def test_a_site_without_a_route_is_told_with_the_reason(given, options, site, reason):
    here, today = make(given, **options)
    plan = connect_fibre(here, today, planned(here, (site, 2021)), YEARS)
    assert plan.without_route()["reason"].to_dict() == {site: reason}
    assert plan.length_m == 0.0
    assert np.isnan(plan.sites["length_m"][site])
    assert plan.years["no_route"].tolist() == [1, 0]


def test_fibre_comes_from_villages_and_never_from_structures_without_a_station():
    village = {"id": "v", "name": "村", "kind": "natural", "fibre": True}
    rows = [village | {"geometry": point(4500, 1000)}]
    unknown = [village | {"geometry": point(4500, 1000), "fibre": None}]
    here, today = make({"e": True, "d": True}, villages=rows)
    plan = connect_fibre(here, today, planned(here, ("c", 2021)), YEARS)
    assert plan.nodes.index.tolist() == ["village:v"]
    assert plan.sites["route_m"]["c"] == pytest.approx(550.0)
    here, today = make({"a": True}, villages=unknown)
    plan = connect_fibre(here, today, planned(here, ("c", 2021)), YEARS)
    assert plan.nodes.index.tolist() == ["site:a"]


def test_a_layer_of_fibre_nodes():
    here, today = make()
    node = {"id": "n", "name": "光交箱", "kind": "cabinet", "geometry": point(6000, 1000)}
    layers = dict(here.layers) | {"fibre_nodes": layer("fibre_nodes", [node])}
    here = region(layers=layers, the_sites=here.sites)
    plan = connect_fibre(here, today, planned(here, ("c", 2021)), YEARS)
    assert plan.sites["nearest"]["c"] == "fibre_node:n"
    assert plan.length_m == pytest.approx(1050.0)


def test_no_plan_needs_nothing():
    here, today = make({"a": True}, rooms=1)
    plan = plan_backhaul(here, today, planned(here))
    assert len(plan.fibre.sites) == len(plan.fibre.cables) == 0
    assert plan.fibre.length_m == plan.fibre.bound_m == 0.0
    assert plan.rooms is not None
    assert plan.rooms.sites.index.tolist() == ["a", "b"]
    empty = plan_backhaul(here, today.iloc[:0], planned(here))
    assert empty.power.years["typical_kw"].tolist() == [0.0, 0.0]
    assert empty.rooms is not None
    assert len(empty.rooms.rooms) == 0


def test_power_by_hand():
    here, today = make(power={"a": "resold", "b": "direct"}, direct_supply_cny=50_000.0)
    plan = plan_power(here, today, planned(here, ("a", 2022), ("c", 2021)), YEARS)
    assert plan.years["stations"].tolist() == [3, 4]
    assert plan.years["low_kw"].tolist() == pytest.approx([2.6 + 3.3, 2.6 + 6.6])
    assert plan.years["typical_kw"].tolist() == pytest.approx([6.4, 10.2])
    assert plan.years["high_mwh"].tolist() == pytest.approx([7.5 * 8.76, 12.4 * 8.76])
    assert plan.years["conversions"].tolist() == [1, 1]
    assert plan.years["conversion_cny"].tolist() == [50_000.0, 50_000.0]
    assert plan.years[["direct", "resold", "unknown_supply"]].to_numpy().tolist() == [[1, 1, 1]] * 2
    assert plan.townships.loc[(2022, "北"), "typical_kw"] == pytest.approx(1.3 + 3.8 + 1.3)
    assert plan.sites.loc[(2022, "a"), "stations"] == 2
    for column in ("stations", "typical_kw", "resold"):
        by_township = plan.townships[column].groupby(level="year").sum()
        assert by_township.tolist() == pytest.approx(plan.years[column].tolist())


def test_a_load_that_the_catalogue_lacks_is_unknown_and_not_zero():
    # equipment of a carrier is micro, but no figure of a 4G micro station was found
    frame = pd.DataFrame(
        {"equipment": ["micro-nr3500", "macro-nr3500"], "technology": ["4G", "5G"]}
    )
    load = station_load(frame)
    assert load["typical_kw"].isna().tolist() == [True, False]
    here, today = make()
    odd = today.assign(equipment="micro-nr3500")
    plan = plan_power(here, odd, planned(here), YEARS)
    assert plan.years["unknown_load"].tolist() == [2, 2]
    assert plan.years["typical_kw"].isna().all()
    assert plan.townships["typical_mwh"].isna().all()


def test_one_room_stands_where_the_fibre_is_shortest():
    here, today = make(duct_cny_km=1000.0, room_cny=5.0)
    both = pd.concat([today, planned(here, ("b", 2021), ("c", 2021), ("e", 2021))])
    plan = plan_rooms(here, both, rooms=1)
    # b: two stations of its own, a 2 km away, c 3 km and 50 m away; e cannot be reached
    assert plan.rooms.index.tolist() == ["b"]
    assert plan.rooms["stations"].tolist() == [4]
    assert plan.fibre_m == pytest.approx(5050.0)
    assert plan.duct_m == pytest.approx(5050.0)
    assert plan.ducts["cost_cny"].sum() == pytest.approx(5050.0)
    assert plan.sites["room"].isna().to_dict() == {"a": False, "b": False, "c": False, "e": True}
    assert (plan.served_stations, plan.most_served) == (4, 4)


def test_the_fewest_rooms_within_limits():
    here, today = make()
    both = pd.concat([today, planned(here, ("c", 2021), ("d", 2021))])
    assert len(plan_rooms(here, both, most_stations=2).rooms) == 2
    near = plan_rooms(here, both, reach_m=3050.0)
    assert near.rooms.index.tolist() == ["b"]
    assert near.rooms["farthest_m"].tolist() == pytest.approx([3050.0])
    assert len(plan_rooms(here, both, reach_m=3000.0).rooms) == 1
    assert plan_rooms(here, both, reach_m=3000.0).sites["room"].isna().tolist() == [
        False,
        False,
        True,
        False,
    ]


def test_rooms_only_when_asked_for():
    here, today = make()
    assert plan_backhaul(here, today, planned(here)).rooms is None


@pytest.mark.parametrize("wrong", [{"rooms": 0}, {"fibre_cny_km": -1.0}, {"fibre_cny_kn": 1.0}])
def test_a_wrong_option_is_refused(wrong):
    with pytest.raises(ValidationError):
        make(**wrong)


def test_every_figure_of_the_catalogue_has_a_source():
    for name, figure in assumptions().items():
        assert figure.source, name
        assert (figure.value is None) == (figure.mark == "?"), name
    for load in power_table().load:
        assert load.low_kw <= load.typical_kw <= load.high_kw
