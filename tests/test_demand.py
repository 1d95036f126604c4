"""Demand: weights against shapely, cell by cell; filters, names and townships."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.demand import demand_of, region_demands
from tests import handmade as hand

CELL_M = 1000.0
TOWNSHIPS = hand.layer(
    "townships",
    [
        {"id": "w", "name": "西镇", "geometry": hand.box(0, 0, 4300, 10_000)},
        {"id": "e", "name": "东镇", "geometry": hand.box(4300, 0, 9000, 10_000)},
    ],
)
"""They leave a strip of 1 km in the east to nobody."""

metres = st.integers(0, 10_000).map(float)
corners = st.lists(st.tuples(metres, metres), min_size=3, max_size=8)
polygons = corners.map(lambda c: hand.line(*c).convex_hull).filter(lambda g: g.area > 1.0)
lines = st.lists(
    st.lists(st.tuples(metres, metres), min_size=2, max_size=5, unique=True), min_size=1, max_size=3
)


def zones(*geometry, **columns):
    rows = [
        {"id": f"z{i}", "name": f"区{i}", "kind": "built_up", "geometry": one}
        for i, one in enumerate(geometry)
    ]
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    return hand.layer("zones", rows)


def demand(name, frame, *, townships=True, boundary=None, **parts):
    layers = {name: frame} | ({"townships": TOWNSHIPS} if townships else {})
    given_rule = hand.rule("R", layer=name, **parts)
    region = hand.region(layers=layers, the_document=hand.document(given_rule), boundary=boundary)
    return region, demand_of(region, region.document.rules[0])


def cell_box(cell):
    row, column = divmod(int(cell), 10)
    return hand.box(column * CELL_M, (9 - row) * CELL_M, (column + 1) * CELL_M, (10 - row) * CELL_M)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(polygons, min_size=1, max_size=3))
def test_area_weights_are_the_areas(shapes):
    boundary = hand.box(500, 0, 10_000, 9700)
    _, found = demand("zones", zones(*shapes), boundary=boundary)
    inside = [shapely.intersection(shape, boundary) for shape in shapes]
    kept = [f"z{i}" for i, part in enumerate(inside) if part.area > 0.0]
    assert found.items.index.tolist() == kept
    areas = [part.area for part in inside if part.area > 0.0]
    np.testing.assert_allclose(found.item_weight(), areas, rtol=1e-5, atol=1.0)
    assert (found.weight >= 0.0).all()
    parts = pd.DataFrame({"i": found.item, "c": found.cell, "t": found.township, "w": found.weight})
    for (i, cell), weight in parts.groupby(["i", "c"])["w"].sum().items():
        part = shapely.intersection(shapes[int(kept[i][1:])], boundary)
        expected = shapely.intersection(part, cell_box(cell)).area
        assert weight == pytest.approx(expected, rel=1e-4, abs=2.0)
    for t, township in enumerate([*TOWNSHIPS.geometry, hand.box(9000, 0, 10_000, 10_000)]):
        mine = parts["w"][parts["t"] == (t if t < 2 else -1)].sum()
        expected = sum(shapely.intersection(part, township).area for part in inside)
        assert mine == pytest.approx(expected, rel=1e-4, abs=2.0)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(lines)
def test_road_weights_are_the_lengths(paths):
    roads = hand.layer(
        "roads",
        [
            {"id": f"r{i}", "name": f"路{i}", "geometry": hand.line(*path)}
            for i, path in enumerate(paths)
        ],
    )
    region, found = demand("roads", roads, **{"class": "road"})
    # a path may run over itself; a road counts each metre once
    once = [shapely.union_all([line]).length for line in roads.geometry]
    np.testing.assert_allclose(found.item_weight(), once, rtol=1e-9)
    assert found.items.index.tolist() == [f"路{i}" for i in range(len(paths))]
    assert (found.weight <= region.resolution_m / 2.0 + 1e-6).all()
    for i, cell in zip(found.item, found.cell, strict=True):
        if (
            cell >= 0
        ):  # the grid ends where the land ends: a sample on its east or south edge is out
            assert roads.geometry.iloc[i].distance(cell_box(cell)) < 1e-6


def test_road_samples_fall_to_the_cells_they_run_through():
    # From 500 m to 8500 m in row 9: 16 samples of 500 m, one or two in each of columns 0 to 8.
    roads = hand.layer(
        "roads", [{"id": "r", "name": "S1", "geometry": hand.line((500, 500), (8500, 500))}]
    )
    _, found = demand("roads", roads, **{"class": "road"})
    assert found.weight.tolist() == [500.0] * 16
    assert found.cell.tolist() == sorted([90, *range(91, 98), *range(91, 98), 98])
    # 4300 m parts the townships: samples at 750, 1250, ..., 4250 in the west, eight of them
    assert np.bincount(found.township).tolist() == [8, 8]


def test_pieces_of_one_name_are_one_road():
    pieces = [
        ("a", "S1", hand.line((0, 500), (3000, 500))),
        ("b", "S1", hand.line((6000, 500), (9000, 500))),
        ("c", "S1", hand.line((0, 500), (1000, 500))),
        ("d", None, hand.line((0, 900), (0, 2000))),
        ("e", None, hand.line((50, 900), (50, 2000))),
    ]
    roads = hand.layer(
        "roads", [{"id": i, "name": name, "geometry": line} for i, name, line in pieces]
    )
    _, found = demand("roads", roads, **{"class": "road"})
    assert found.items["name"].tolist() == ["S1", "d", "e"]
    assert found.item_weight().tolist() == pytest.approx([6000.0, 1100.0, 1100.0])
    assert found.items["township"].tolist() == ["w", "w", "w"]


def village(name, east, north, **columns):
    return {
        "id": name,
        "name": name,
        "kind": "natural",
        "geometry": hand.point(east, north),
    } | columns


def test_villages_are_one_point_each():
    villages = hand.layer(
        "villages",
        [
            village("v1", 500, 500, township="e"),
            village("v2", 4300, 500),
            village("v3", 9500, 9500),
            village("v4", -50, 500),
        ],
    )
    _, found = demand("villages", villages, **{"class": "village"})
    assert found.weight.tolist() == [1.0] * 4
    assert found.item.tolist() == [0, 1, 2, 3]
    assert found.cell.tolist() == [90, 94, 9, -1]
    # the given township wins over the place; on the common edge the first counts; else none
    assert found.township.tolist() == [1, 0, -1, -1]


def test_filters_take_values_and_flags():
    villages = hand.layer(
        "villages",
        [
            village("a", 500, 500, kind="administrative", dense=True, poverty=None),
            village("b", 500, 500, kind="natural", dense=False, poverty=True),
            village("c", 500, 500, kind="natural", dense=None, poverty=None),
            village("d", 500, 500, kind="natural", dense=True, poverty=False),
        ],
    )

    def kept(**parts):
        return demand("villages", villages, **{"class": "village"} | parts)[1].items.index.tolist()

    assert kept() == ["a", "b", "c", "d"]
    assert kept(where={"kind": ["administrative"]}) == ["a"]
    assert kept(where={"kind": ["administrative", "natural"]}) == ["a", "b", "c", "d"]
    assert kept(any=["dense", "poverty"]) == ["a", "b", "d"]
    assert kept(any=["dense"], where={"kind": ["natural"]}) == ["d"]
    assert kept(where={"name": ["nobody"]}) == []
    assert kept(any=["strong_demand"]) == []  # the layer has no such column


@pytest.mark.parametrize(
    ("layer", "kind"), [("zones", "area"), ("roads", "road"), ("villages", "village")]
)
def test_a_filter_that_nothing_fits_leaves_no_items(layer, kind):
    frames = {
        "zones": zones(hand.box(0, 0, 100, 100)),
        "roads": hand.layer(
            "roads", [{"id": "r", "name": "S1", "geometry": hand.line((0, 0), (9, 9))}]
        ),
        "villages": hand.layer("villages", [village("a", 500, 500)]),
    }
    _, found = demand(layer, frames[layer], **{"class": kind}, where={"name": ["nobody"]})
    assert len(found.items) == 0
    assert len(found.item) == len(found.cell) == len(found.weight) == len(found.township) == 0


def test_a_zone_outside_the_boundary_is_no_demand():
    shapes = [hand.box(0, 0, 500, 500), hand.box(2000, 2000, 3000, 3000)]
    _, found = demand("zones", zones(*shapes), boundary=hand.box(1000, 1000, 10_000, 10_000))
    assert found.items.index.tolist() == ["z1"]
    assert found.item_weight() == pytest.approx([1e6])
    assert set(found.item) == {0}


def test_overlapping_townships_share_nothing_twice():
    overlapping = hand.layer(
        "townships",
        [
            {"id": "a", "name": "甲镇", "geometry": hand.box(0, 0, 6000, 10_000)},
            {"id": "b", "name": "乙镇", "geometry": hand.box(4000, 0, 10_000, 10_000)},
        ],
    )
    region = hand.region(
        layers={"zones": zones(hand.box(0, 0, 10_000, 1000)), "townships": overlapping}
    )
    found = demand_of(region, region.document.rules[0])
    shares = np.bincount(found.township, weights=found.weight)
    np.testing.assert_allclose(shares, [6e6, 4e6], rtol=1e-6)
    assert found.items["township"].tolist() == ["a"]


def test_without_townships_the_region_is_one():
    _, found = demand("zones", zones(hand.box(0, 0, 1500, 1500)), townships=False)
    assert set(found.township) == {0}
    assert found.items["township"].tolist() == ["159999"]


def test_rules_of_the_same_things_share_one_object():
    rules = [
        hand.rule("A"),
        hand.rule("B", year=2022, technology="5G"),
        hand.rule("C", where={"kind": ["industrial_park"]}),
        hand.rule("D", layer="venues", **{"class": "venue"}),
        hand.rule("N", kind="station_count", required=3),
    ]
    region = hand.region(
        layers={"zones": zones(hand.box(0, 0, 1500, 1500))}, the_document=hand.document(*rules)
    )
    found = region_demands(region)
    assert set(found) == {"A", "B", "C"}
    assert found["A"] is found["B"]
    assert found["C"] is not found["A"]
    assert len(found["C"].items) == 0


def test_unnamed_items_take_their_id_and_groups_their_column():
    shapes = [hand.box(0, 0, 500, 500), hand.box(500, 0, 900, 500)]
    frame = zones(*shapes, name=[None, "新区"], kind=["built_up", "scenic_area"])
    before = frame.copy()
    _, found = demand("zones", frame, group_by="kind")
    assert found.items["name"].tolist() == ["z0", "新区"]
    assert found.items["group"].tolist() == ["built_up", "scenic_area"]
    blank = zones(*shapes, severity=["hard", None])
    assert demand("zones", blank, group_by="severity")[1].items["group"].tolist() == ["hard", ""]
    pd.testing.assert_frame_equal(frame, before)
