"""Trees against hand-made graphs, exhaustive search, and laws."""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import DisjointSet

from siteplan.backhaul.graph import Graph, road_graph
from siteplan.backhaul.tree import charged, short_tree, ways_to


def graph_of(nodes, edges):
    """Abstract graph: edges as (tail, head, length), places on a line."""
    tail, head, length = (np.array(part) for part in zip(*edges, strict=True))
    return Graph(
        place_m=np.column_stack([np.arange(nodes), np.zeros(nodes)]).astype(float),
        tail=tail.astype(np.int64),
        head=head.astype(np.int64),
        length_m=length.astype(float),
        line=np.full(len(edges), -1),
        start_m=np.zeros(len(edges)),
        end_m=length.astype(float),
        lines=np.empty(0, dtype=object),
        road=np.zeros(0, dtype=np.int64),
    )


@st.composite
def problems(draw):
    nodes = draw(st.integers(3, 7))
    pairs = list(combinations(range(nodes), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=2, max_size=10, unique=True))
    lengths = draw(st.lists(st.integers(1, 9), min_size=len(chosen), max_size=len(chosen)))
    order = draw(st.permutations(range(nodes)))
    places = draw(st.integers(1, min(4, nodes - 1)))
    roots = draw(st.integers(1, 2))
    edges = [(*pair, length) for pair, length in zip(chosen, lengths, strict=True)]
    return (
        graph_of(nodes, edges),
        np.array(order[:places]),
        np.array(order[places : places + roots]),
    )


def joins(graph, edges, places, roots):
    parts = DisjointSet(range(graph.nodes))
    for root in roots[1:]:
        parts.merge(int(roots[0]), int(root))
    for edge in edges:
        parts.merge(int(graph.tail[edge]), int(graph.head[edge]))
    return all(parts.connected(int(place), int(roots[0])) for place in places)


def least(graph, places, roots):
    """Length of the least tree, by trying all sets of edges."""
    every = range(len(graph.tail))
    return min(
        float(graph.length_m[list(chosen)].sum())
        for count in range(len(graph.tail) + 1)
        for chosen in combinations(every, count)
        if joins(graph, chosen, places, roots)
    )


@settings(max_examples=60, deadline=None)
@given(problems())
def test_between_its_bound_and_twice_the_least_tree(problem):
    graph, places, roots = problem
    tree = short_tree(graph, places, roots)
    reachable = np.array([joins(graph, range(len(graph.tail)), [p], roots) for p in places])
    assert (tree.joined == reachable).all()
    assert joins(graph, tree.edges, places[tree.joined], roots)
    best = least(graph, places[tree.joined], roots)
    factor = 2.0 * (1.0 - 1.0 / (max(int(tree.joined.sum()), 1) + 1))
    assert best - 1e-9 <= tree.length_m <= factor * best + 1e-9
    assert tree.bound_m <= best + 1e-9


@settings(max_examples=60, deadline=None)
@given(problems())
def test_no_edge_of_a_tree_is_idle(problem):
    graph, places, roots = problem
    tree = short_tree(graph, places, roots)
    for edge in tree.edges:
        rest = tree.edges[tree.edges != edge]
        assert not joins(graph, rest, places[tree.joined], roots)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_shares_add_up_to_the_tree_and_its_years_are_nested(problem):
    graph, places, roots = problem
    tree = short_tree(graph, places, roots)
    joined = places[tree.joined]
    years = 2020 + np.arange(len(joined)) % 3
    charges = charged(graph, tree.edges, joined, roots, years)
    assert charges.share_m.sum() == pytest.approx(tree.length_m)
    assert (charges.users >= 1).all()
    for year in (2020, 2021, 2022):
        assert joins(graph, tree.edges[charges.year <= year], joined[years <= year], roots)


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 6))
def test_one_more_fibre_node_never_lengthens_a_way(problem, more):
    graph, places, roots = problem
    before = ways_to(graph, roots).length_m
    after = ways_to(graph, np.append(roots, more % graph.nodes)).length_m
    assert (after <= before).all()
    one = short_tree(graph, places[:1], roots)
    assert one.length_m == pytest.approx(before[places[0]] if one.joined[0] else 0.0)


def test_a_star_uses_its_middle():
    # spanning the three ends by shortest paths already goes through the middle: the least tree is 3 arms
    graph = graph_of(4, [(0, 3, 10), (1, 3, 10), (2, 3, 10), (0, 1, 19), (1, 2, 19)])
    tree = short_tree(graph, np.array([1, 2]), np.array([0]))
    assert tree.edges.tolist() in ([0, 1, 2], [3, 4])
    assert 30.0 <= tree.length_m <= 38.0
    assert tree.bound_m <= 30.0


def test_equal_lengths_and_repeated_places_give_the_same_tree_again():
    graph = graph_of(4, [(0, 1, 1), (1, 3, 1), (0, 2, 1), (2, 3, 1)])
    first = short_tree(graph, np.array([3, 3]), np.array([0]))
    again = short_tree(graph, np.array([3]), np.array([0, 0]))
    assert first.edges.tolist() == again.edges.tolist()
    assert first.length_m == 2.0


def test_places_that_are_roots_and_places_without_a_way_need_nothing():
    graph = graph_of(4, [(0, 1, 1), (2, 3, 1)])
    tree = short_tree(graph, np.array([0, 3]), np.array([0]))
    assert tree.joined.tolist() == [True, False]
    assert tree.length_m == tree.bound_m == 0.0
    none = short_tree(graph, np.array([0, 3]), np.zeros(0, dtype=np.int64))
    assert not none.joined.any()


def test_a_tree_on_the_grid_of_a_town_is_near_its_bound():
    every = [shapely.LineString([(0, 100 * i), (2000, 100 * i)]) for i in range(21)]
    every += [shapely.LineString([(100 * i, 0), (100 * i, 2000)]) for i in range(21)]
    graph = road_graph(gpd.GeoDataFrame(geometry=every), snap_m=1.0)
    chosen = np.random.default_rng(3).choice(graph.nodes, 60, replace=False)
    tree = short_tree(graph, chosen[1:], chosen[:1])
    assert tree.bound_m <= tree.length_m <= 2.0 * tree.bound_m
    assert tree.length_m % 100.0 == pytest.approx(0.0, abs=1e-6)
