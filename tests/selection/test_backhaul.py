"""Routes, shared trees, rooms and electric load on graphs small enough to be known."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.errors import InputError
from siteplan.selection.backhaul import connect_sites, road_graph
from siteplan.selection.power import electric_load
from siteplan.selection.rooms import place_rooms


def points(places, names, fibre=None):
    frame = gpd.GeoDataFrame(geometry=shapely.points(places), index=names, crs="EPSG:4545")
    frame["fibre"] = pd.array([None] * len(names) if fibre is None else fibre, dtype="boolean")
    return frame


def lines(*coordinates):
    return gpd.GeoDataFrame(geometry=[shapely.LineString(c) for c in coordinates], crs="EPSG:4545")


CROSS = lines([(0, 0), (1000, 0)], [(1000, -500), (1000, 500)], [(5000, 0), (6000, 0)])


def test_routes_share_the_trunk():
    sites = points([(1000, 500), (1000, -500)], ["up", "down"], [False, None])
    found = connect_sites(road_graph(CROSS), sites, points([(0, 0)], ["room"]), cny_per_km=50_000.0)
    np.testing.assert_allclose(found.sites["route_m"], 1500.0)
    assert found.length_m == pytest.approx(2000.0)
    # the trunk of 1000 m is divided between the two
    np.testing.assert_allclose(found.sites["share_m"], 1000.0)
    np.testing.assert_allclose(found.sites["cost_cny"], 50_000.0)
    assert found.sites["source"].tolist() == ["room", "room"]
    assert found.sites["fibre_known"].tolist() == [True, False]


def test_an_island_of_road_and_a_site_far_off_have_no_route():
    sites = points([(5500, 0), (500, 9000), (500, 30)], ["island", "far", "near"], [False] * 3)
    found = connect_sites(road_graph(CROSS), sites, points([(0, 0)], ["room"]))
    assert found.sites["state"].tolist() == ["no route", "no route", "route"]
    assert found.sites["cost_cny"].isna().all()
    assert found.sites.loc["near", "off_road_m"] == pytest.approx(np.hypot(30, 100), abs=110)


def test_a_site_with_fibre_needs_nothing_and_without_fibre_anywhere_nothing_is_reached():
    sites = points([(0, 0), (900, 0)], ["a", "b"], [True, False])
    found = connect_sites(road_graph(CROSS), sites, points(np.zeros((0, 2)), []))
    assert found.sites["state"].tolist() == ["fibre", "no route"]
    assert found.length_m == 0.0


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_the_tree_reaches_all_is_no_longer_than_all_routes_and_shares_add_up(seed):
    rng = np.random.default_rng(seed)
    streets = [[(0, i * 300), (1500, i * 300)] for i in range(6)]
    streets += [[(i * 300, 0), (i * 300, 1500)] for i in range(6)]
    sites = points(rng.random((7, 2)) * 1500.0, list("abcdefg"), [False] * 7)
    fibre = points(rng.random((2, 2)) * 1500.0, ["x", "y"])
    found = connect_sites(road_graph(lines(*streets)), sites, fibre)
    assert (found.sites["state"] == "route").all()
    assert found.sites["share_m"].sum() == pytest.approx(found.length_m, abs=1e-3)
    assert found.length_m <= found.sites["route_m"].sum() + 1e-3
    assert found.length_m >= found.sites["route_m"].max() - 1e-3
    assert found.tree["sites"].max() <= 7


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_rooms_against_every_choice(seed):
    rng = np.random.default_rng(seed)
    distance = rng.random((6, 9)) * 1000.0
    placed = place_rooms(distance, rooms=2)
    best = min(
        distance[list(pair)].min(axis=0).sum() for pair in itertools.combinations(range(6), 2)
    )
    assert best - 1e-9 <= placed.route_m.sum() <= 1.5 * best
    tight = place_rooms(distance, most_stations=3)
    assert np.bincount(tight.room_of[tight.room_of >= 0]).max() <= 3
    assert (tight.room_of >= 0).all()
    assert len(tight.rooms) == 3
    np.testing.assert_allclose(tight.route_m, distance[tight.room_of, np.arange(9)])


def test_what_is_out_of_reach_of_every_room_is_told():
    placed = place_rooms(np.array([[10.0, np.inf, 900.0]]), most_m=500.0)
    assert placed.room_of.tolist() == [0, -1, -1]


def test_more_rooms_than_candidates_are_refused():
    with pytest.raises(InputError, match="rooms"):
        place_rooms(np.ones((2, 3)), rooms=3)


def test_lengths_that_are_none_are_refused():
    with pytest.raises(InputError, match="candidate 0 to station 1"):
        place_rooms(np.array([[1.0, np.nan]]), rooms=1)


def test_a_graph_without_roads_reaches_nothing():
    roads = gpd.GeoDataFrame(geometry=[], crs="EPSG:4545")
    site = points([(0, 0)], ["a"], [False])
    found = connect_sites(road_graph(roads), site, points([(0, 0)], ["room"]))
    assert found.sites["state"].tolist() == ["no route"]


def test_unknown_equipment_is_told_and_no_station_has_no_load():
    columns = ["site_id", "technology", "equipment", "year"]
    assert electric_load(pd.DataFrame(columns=columns), [2020]).empty
    with pytest.raises(InputError, match="zz"):
        electric_load(pd.DataFrame([["a", "5G", "zz", 2020]], columns=columns), [2020])


def test_load_grows_with_the_years_and_is_told_by_township():
    stations = pd.DataFrame(
        {
            "site_id": ["a", "b"],
            "technology": ["5G", "5G"],
            "equipment": ["macro-nr2600", "micro-nr2600"],
            "year": [2020, 2022],
        }
    )
    load = electric_load(stations, [2020, 2022], township=pd.Series({"a": "t1"}))
    assert load["load_kw"].tolist() == [3.8, 3.8, 0.2]
    assert load["township"].tolist() == ["t1", "t1", ""]
