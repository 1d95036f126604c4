"""What stands between two antennas, on land where the answer can be worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from siteplan.propagation.line_of_sight import EARTH_RADIUS_M
from siteplan.propagation.obstruction import BUILDING, CLEAR, GROUND, VOID, obstruction

CELL_M = 100.0
FLAT = np.zeros((1, 101), dtype=np.float32)


def look(ground=FLAT, obstacle=FLAT, *, to=100, height=20.0, receiver=20.0, cell=CELL_M):
    return obstruction(
        ground, obstacle, (0, 0, height), np.array([to]), receiver_height_m=receiver, cell_m=cell
    )


def with_wall(column, height):
    ground = FLAT.copy()
    ground[0, column] = height
    return ground


def test_a_hill_and_a_house_of_one_height_are_told_apart():
    assert look(with_wall(50, 40.0)).kind.tolist() == [GROUND]
    assert look(obstacle=with_wall(50, 40.0)).kind.tolist() == [BUILDING]
    assert look().kind.tolist() == [CLEAR]


def test_the_excess_is_height_and_bulge_over_the_line():
    # 10 km between antennas of 20 m: the middle bulges by d^2 / (8 a) = 1e8 / (8 x 4/3 x 6,371,000)
    way = look(with_wall(50, 40.0))
    bulge = 1e8 / (8.0 * 4.0 / 3.0 * EARTH_RADIUS_M)
    assert_allclose(way.excess_m, 40.0 - 20.0 + bulge)
    assert_allclose(way.share, 0.5)
    assert way.cell.tolist() == [50]
    # raising one end by 2 x raises the line by x in the middle
    assert_allclose(way.raise_m(), 2.0 * way.excess_m)


def test_the_obstacle_nearer_to_an_end_matters_more():
    ground = with_wall(50, 40.0)
    ground[0, 5] = 38.0
    # 20 m over the line in the middle, 18 m at a twentieth: 20 / sqrt(0.25) = 40, 18 / sqrt(0.0475) = 83
    assert look(ground).cell.tolist() == [5]


def test_raising_the_antenna_by_what_is_said_gives_a_view():
    ground = with_wall(30, 55.0)
    needed = look(ground).raise_m()[0]
    assert look(ground, height=20.0 + needed + 0.01).kind.tolist() == [CLEAR]
    assert look(ground, height=20.0 + needed - 0.01).kind.tolist() == [GROUND]


def test_houses_beside_the_antenna_and_over_the_receiver_hide_nothing():
    houses = FLAT.copy()
    houses[0, [0, 1, 100]] = 90.0
    assert look(obstacle=houses).kind.tolist() == [CLEAR]
    houses[0, 2] = 90.0
    assert look(obstacle=houses).kind.tolist() == [BUILDING]


@pytest.mark.parametrize("column", [0, 40, 100])
def test_behind_a_void_nothing_is_known(column):
    ground = FLAT.copy()
    ground[0, column] = np.nan
    assert look(ground).kind.tolist() == [VOID]


def test_the_cell_of_the_antenna_and_the_next_are_clear():
    for to in (0, 1):
        way = look(to=to)
        assert way.kind.tolist() == [CLEAR]
        assert way.raise_m().tolist() == [0.0]


heights = st.lists(st.floats(0.0, 300.0, width=32), min_size=24, max_size=24)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(heights, st.floats(1.0, 60.0), st.integers(1, 23))
def test_seen_is_seen_by_the_walk_along_the_profile(profile, height, to):
    ground = np.array([profile], dtype=np.float32)
    way = obstruction(
        ground, np.zeros_like(ground), (0, 0, height), np.array([to]),
        receiver_height_m=1.5, cell_m=CELL_M,
    )  # fmt: skip
    a = 4.0 / 3.0 * EARTH_RADIUS_M
    start, end = ground[0, 0] + height, ground[0, to] + 1.5
    over = [
        ground[0, i] + i * (to - i) * CELL_M**2 / (2.0 * a) - (start + i / to * (end - start))
        for i in range(1, to)
    ]
    assert (way.kind[0] == CLEAR) == (max(over, default=-math.inf) <= 0.0)
    # both ways the same obstacle, seen from the other end
    back = obstruction(
        ground[:, : to + 1][:, ::-1].copy(), np.zeros((1, to + 1), np.float32), (0, 0, 1.5),
        np.array([to]), receiver_height_m=height, cell_m=CELL_M,
    )  # fmt: skip
    assert back.kind.tolist() == way.kind.tolist()
    if way.cell[0] >= 0:
        assert_allclose(back.excess_m, way.excess_m, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": 101}, "outside the grid"),
        ({"to": -1}, "outside the grid"),
        ({"obstacle": FLAT[:, :50]}, "obstacle_m has shape"),
        ({"cell": 0.0}, "cell_m is 0"),
    ],
)
def test_what_does_not_fit_the_grid_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        look(**options)
