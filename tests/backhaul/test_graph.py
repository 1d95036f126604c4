"""Roads as a graph: crossings, gaps, rings, and places tied to them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.backhaul.graph import attach, road_graph
from siteplan.backhaul.tree import ways_to


def roads(*lines):
    return gpd.GeoDataFrame(geometry=[shapely.LineString(line) for line in lines])


def points(*places):
    return np.array([shapely.Point(place) for place in places], dtype=object)


def way(graph, start, goal, **options):
    """Length of the way between two places."""
    tied = attach(graph, points(start, goal), **options)
    return float(ways_to(tied.graph, tied.node[1:]).length_m[tied.node[0]])


def test_roads_that_cross_touch_or_nearly_touch_are_connected():
    crossing = roads([(0, 0), (100, 0)], [(50, -50), (50, 50)])
    touching = roads([(0, 0), (50, 0), (100, 0)], [(50, 0), (50, 50)])
    short = roads([(0, 0), (100, 0)], [(50, 3), (50, 50)])
    for drawn in (crossing, touching, short):
        graph = road_graph(drawn, snap_m=5.0)
        assert len(np.unique(graph.parts())) == 1
        assert way(graph, (0, 0), (50, 50)) == pytest.approx(100.0)
    apart = road_graph(short, snap_m=2.0)
    assert len(np.unique(apart.parts())) == 2
    assert np.isinf(way(apart, (0, 0), (50, 50)))


def test_a_road_drawn_twice_counts_once():
    graph = road_graph(roads([(0, 0), (100, 0)], [(100, 0), (0, 0)]), snap_m=0.0)
    assert graph.length_m.sum() == pytest.approx(100.0)


def test_a_ring_is_gone_round_the_shorter_way():
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    graph = road_graph(roads(ring), snap_m=1.0)
    assert way(graph, (0, 50), (50, 0)) == pytest.approx(100.0)
    assert way(graph, (0, 50), (100, 60)) == pytest.approx(190.0)


def test_no_roads_and_roads_without_length():
    for nothing in (None, roads(), roads([(5, 5), (5, 5)])):
        graph = road_graph(nothing, snap_m=5.0)
        assert graph.nodes == len(graph.tail) == len(graph.parts()) == 0
        assert np.isinf(way(graph, (0, 0), (1, 0)))
        tied = attach(graph, points((0, 0)))
        assert np.isinf(tied.access_m).all()


def test_the_way_off_the_road_counts_and_has_its_limit():
    graph = road_graph(roads([(0, 0), (1000, 0)]), snap_m=1.0)
    assert way(graph, (0, 30), (1000, 40)) == pytest.approx(1070.0)
    assert np.isinf(way(graph, (0, 30), (1000, 40), access_limit_m=35.0))


def test_neighbours_far_from_the_road_are_tied_to_each_other():
    graph = road_graph(roads([(0, 0), (1000, 0)]), snap_m=1.0)
    assert way(graph, (500, 300), (600, 300)) == pytest.approx(100.0)
    # nearer to the road than to each other: by the road
    assert way(graph, (0, 10), (1000, 10)) == pytest.approx(1020.0)


def test_places_at_the_same_point_share_a_node_and_split_an_edge_once():
    graph = road_graph(roads([(0, 0), (100, 0)]), snap_m=1.0)
    tied = attach(graph, points((40, 0), (40, 0), (40, 25), (0, 0), (100, 0)))
    assert tied.node[0] == tied.node[1]
    assert tied.access_m.tolist() == [0.0, 0.0, 25.0, 0.0, 0.0]
    assert sorted(tied.graph.length_m.tolist()) == pytest.approx([25.0, 40.0, 60.0])


def test_edges_are_drawn_as_the_road_runs():
    bend = [(0, 0), (100, 0), (100, 100)]
    graph = road_graph(roads(bend), snap_m=1.0)
    tied = attach(graph, points((50, 0), (100, 50), (120, 50)))
    every = np.arange(len(tied.graph.tail))
    lines = tied.graph.geometry(every)
    assert shapely.length(lines) == pytest.approx(tied.graph.length_m)
    assert shapely.union_all(lines).equals(
        shapely.union_all([shapely.LineString(bend), shapely.LineString([(100, 50), (120, 50)])])
    )


metres = st.integers(-50, 50)
places = st.tuples(metres, metres)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(places, min_size=2, max_size=4), min_size=1, max_size=5),
    st.lists(places, min_size=2, max_size=5),
)
def test_ways_obey_the_laws_of_distance(lines, wanted):
    graph = road_graph(roads(*lines), snap_m=2.0)
    tied = attach(graph, points(*wanted))
    if len(graph.tail) == 0:
        return
    way_m = np.array([ways_to(tied.graph, np.array([n])).length_m[tied.node] for n in tied.node])
    straight = np.hypot(*(np.array(wanted)[:, None] - np.array(wanted)).transpose(2, 0, 1))
    finite = np.isfinite(way_m)
    assert way_m == pytest.approx(way_m.T)
    assert (way_m[finite] >= straight[finite] - 0.05).all()
    over_another = (way_m[:, :, None] + way_m[None, :, :]).min(axis=1)
    assert (way_m[finite] <= over_another[finite] + 1e-6).all()
    drawn = shapely.union_all(roads(*lines).geometry.to_numpy())
    near = [drawn.distance(shapely.Point(place)) for place in wanted]
    assert tied.access_m == pytest.approx(near, abs=0.01)


def test_the_order_of_the_roads_does_not_matter():
    lines = [[(0, 0), (100, 0)], [(50, -50), (50, 50)], [(80, 2), (80, 40)]]
    one, other = (road_graph(roads(*each), snap_m=5.0) for each in (lines, lines[::-1]))
    assert (one.place_m == other.place_m).all()
    assert (one.tail == other.tail).all()
    assert (one.length_m == other.length_m).all()
