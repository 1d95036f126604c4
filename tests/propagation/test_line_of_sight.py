"""Line of sight against a walk along the ray of each cell, and on terrain whose shadow is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.propagation import line_of_sight as module
from siteplan.propagation.line_of_sight import HIDDEN, SEEN, UNKNOWN, line_of_sight
from tests.handmade import fractal

CURVATURE_M = 2.0 * 4.0 / 3.0 * 6_371_000.0
"""A height seen from d metres away sinks by d squared over this, the Earth 4/3 as large."""

RADIUS, CELL_M = 24, 50.0
SIZE = 2 * RADIUS + 5
CENTRE = SIZE // 2


def seen_from(ground, obstacle=None, **options):
    given_options = {"row": CENTRE, "column": CENTRE, "antenna_height_m": 30.0}
    given_options |= {"receiver_height_m": 1.5, "cell_m": CELL_M, "radius_cells": RADIUS}
    ground = np.asarray(ground, dtype=np.float32)
    obstacle = np.zeros_like(ground) if obstacle is None else np.asarray(obstacle, np.float32)
    return line_of_sight(ground, obstacle, **(given_options | options))


def walked(ground, obstacle, *, row, column, antenna_m, receiver_m, cell_m, radius):
    """Walk to each cell one cell length at a time and compare angles; unknown beyond the radius."""
    rows, columns = ground.shape
    result = np.full((2 * radius + 1, 2 * radius + 1), UNKNOWN)
    eye = float(ground[row, column]) + antenna_m

    def angle(height, distance):
        return math.atan2(height - distance**2 / CURVATURE_M - eye, distance)

    for i in range(-radius, radius + 1):
        for j in range(-radius, radius + 1):
            cells = math.hypot(i, j)
            here = row + i, column + j
            if cells >= radius + 0.5 or not (0 <= here[0] < rows and 0 <= here[1] < columns):
                continue
            between = {}
            for step in range(1, math.ceil(cells)):
                place = (
                    row + math.floor(step * i / cells + 0.5),
                    column + math.floor(step * j / cells + 0.5),
                )
                if place != here:
                    between[step] = place
            heights = {
                step: float(ground[place])
                + (float(obstacle[place]) if max(abs(np.subtract(place, (row, column)))) > 1 else 0)
                for step, place in between.items()
            }
            known = not any(map(math.isnan, [eye, float(ground[here]), *heights.values()]))
            if not known:
                continue
            horizon = [angle(height, step * cell_m) for step, height in heights.items()]
            own = angle(float(ground[here]) + receiver_m, max(cells, 0.5) * cell_m)
            result[i + radius, j + radius] = own >= max(horizon, default=-math.inf)
    return result


def both(ground, obstacle=None, **options):
    ground = np.asarray(ground, dtype=np.float32)
    obstacle = np.zeros_like(ground) if obstacle is None else np.asarray(obstacle, np.float32)
    place = {"row": CENTRE, "column": CENTRE, **options}
    swept = seen_from(ground, obstacle, **place)
    naive = walked(
        ground, obstacle, **place, antenna_m=30.0, receiver_m=1.5, cell_m=CELL_M, radius=RADIUS
    )
    return swept, naive


def test_flat_ground_is_seen_to_the_rim():
    swept, naive = both(np.full((SIZE, SIZE), 1200.0))
    offset = np.arange(-RADIUS, RADIUS + 1)
    within = np.hypot(offset[:, None], offset[None, :]) < RADIUS + 0.5
    np.testing.assert_array_equal(swept, np.where(within, SEEN, UNKNOWN))
    np.testing.assert_array_equal(swept, naive)


@pytest.mark.parametrize("turns", range(4))
def test_a_wall_throws_its_shadow(turns):
    # A wall of 60 m, 10 cells from a mast of 30 m: the line over it only rises, so all behind is dark.
    # In the wall itself a slanting ray may pass through the neighbour cell first.
    wall = np.zeros((SIZE, SIZE))
    wall[:, CENTRE + 10] = 60.0
    swept = seen_from(np.zeros((SIZE, SIZE)), np.rot90(wall, turns))
    swept = np.rot90(swept, -turns)
    offset = np.arange(-RADIUS, RADIUS + 1)
    within = np.hypot(offset[:, None], offset[None, :]) < RADIUS + 0.5
    behind = np.broadcast_to(offset > 10, within.shape)
    apart = offset != 10
    np.testing.assert_array_equal((swept == HIDDEN)[:, apart], (within & behind)[:, apart])
    assert swept[RADIUS, RADIUS + 10] == SEEN


def test_a_wall_below_the_line_hides_a_strip():
    # Mast 30 m, wall 20 m at 500 m: the line meets the receivers' height of 1.5 m at
    # 500 * 28.5 / 10 = 1425 m, cell 28.5: with a wall of 15 m at 500 * 28.5 / 15 = 950 m, cell 19.
    wall = np.zeros((SIZE, SIZE))
    wall[:, CENTRE + 10] = 15.0
    ray = seen_from(np.zeros((SIZE, SIZE)), wall)[RADIUS, RADIUS:]
    assert (ray[:11] == SEEN).all()
    assert (ray[11:19] == HIDDEN).all()
    assert (ray[20:] == SEEN).all()


def test_a_cliff_hides_its_foot():
    # A plateau ends 8 cells east of the mast; 100 m below, the line over the edge (30 m down in 400 m)
    # reaches the receivers at 400 * 128.5 / 30 = 1713 m, beyond the rim of 1200 m.
    ground = np.where(np.arange(SIZE) > CENTRE + 8, 0.0, 100.0) * np.ones((SIZE, 1))
    swept, naive = both(ground)
    assert (swept[RADIUS, RADIUS : RADIUS + 9] == SEEN).all()
    assert (swept[RADIUS, RADIUS + 9 :] == HIDDEN).all()
    assert np.mean(swept != naive) < 0.01


def test_a_slope_beside_the_mast_hides_what_is_behind():
    ground = np.zeros((SIZE, SIZE))
    ground[:, CENTRE + 1] = 80.0
    swept = seen_from(ground)
    assert swept[RADIUS, RADIUS + 1] == SEEN
    assert (swept[RADIUS, RADIUS + 2 :] == HIDDEN).all()
    assert (swept[RADIUS, : RADIUS + 1] == SEEN).all()


def test_the_roof_under_the_antenna_hides_nothing():
    roof = np.zeros((SIZE, SIZE))
    roof[CENTRE - 1 : CENTRE + 2, CENTRE - 1 : CENTRE + 2] = 90.0
    np.testing.assert_array_equal(
        seen_from(np.zeros((SIZE, SIZE)), roof), seen_from(np.zeros((SIZE, SIZE)))
    )


@pytest.mark.parametrize(("row", "column"), [(4, 4), (0, 7), (6, 3), (-9, 9), (11, -2)])
def test_a_building_does_not_hide_its_own_cell(row, column):
    # Two samples of a slanting ray may fall into one cell; neither may hide the receiver there.
    tower = np.zeros((SIZE, SIZE))
    tower[CENTRE + row, CENTRE + column] = 200.0
    assert seen_from(np.zeros((SIZE, SIZE)), tower)[RADIUS + row, RADIUS + column] == SEEN


def test_the_earth_is_round():
    # From 30 m to 1.5 m the horizon of the 4/3 Earth lies at sqrt(17e6 * 30) + sqrt(17e6 * 1.5), that
    # is 22.6 + 5.0 = 27.6 km.
    flat = np.zeros((3, 801))
    ray = line_of_sight(
        flat.astype(np.float32),
        flat.astype(np.float32),
        row=1,
        column=0,
        antenna_height_m=30.0,
        receiver_height_m=1.5,
        cell_m=50.0,
        radius_cells=800,
    )[800, 800:]
    horizon_m = math.sqrt(CURVATURE_M * 30.0) + math.sqrt(CURVATURE_M * 1.5)
    last = int(np.flatnonzero(ray == SEEN)[-1])
    assert last * 50.0 == pytest.approx(horizon_m, abs=100.0)
    assert (ray[: last + 1] == SEEN).all()


def test_a_void_is_unknown_and_never_sea_level():
    ground = np.full((SIZE, SIZE), 1200.0)
    ground[CENTRE - 3 : CENTRE + 4, CENTRE + 6] = np.nan
    swept, naive = both(ground)
    ray = swept[RADIUS, RADIUS:]
    assert (ray[:6] == SEEN).all()
    assert (ray[6:] == UNKNOWN).all()
    assert (swept[:, :RADIUS][naive[:, :RADIUS] != UNKNOWN] == SEEN).all()
    assert np.mean(swept != naive) < 0.02
    assert (swept[np.isnan(ground)[2:-2, 2:-2]] == UNKNOWN).all()


def test_an_antenna_on_a_void_sees_nothing_for_certain():
    ground = np.full((SIZE, SIZE), 1200.0)
    ground[CENTRE, CENTRE] = np.nan
    assert (seen_from(ground) == UNKNOWN).all()


def test_an_unknown_obstacle_is_unknown_behind():
    obstacle = np.zeros((SIZE, SIZE))
    obstacle[:, CENTRE + 6] = np.nan
    ray = seen_from(np.zeros((SIZE, SIZE)), obstacle)[RADIUS, RADIUS:]
    assert (ray[:7] == SEEN).all()
    assert (ray[7:] == UNKNOWN).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mountains_agree_with_the_walk(seed):
    # The sweep takes the nearest of its radials instead of the ray to the cell: edges of shadows may
    # differ by a cell.
    ground = fractal(SIZE, seed=seed, relief_m=120.0)
    random = np.random.default_rng(seed)
    buildings = np.where(random.random(ground.shape) < 0.1, 20.0, 0.0)
    ground[random.random(ground.shape) < 0.001] = np.nan
    swept, naive = both(ground, buildings)
    assert (naive == SEEN).mean() > 0.03
    assert (naive == HIDDEN).mean() > 0.2
    decided = (naive != UNKNOWN) & (swept != UNKNOWN)
    assert (swept != naive)[decided].mean() < 0.03
    assert (swept[np.isnan(ground)[2:-2, 2:-2]] == UNKNOWN).all()


@pytest.mark.parametrize(("row", "column"), [(0, 0), (SIZE - 1, 3), (CENTRE, SIZE - 1)])
def test_the_edge_of_the_grid_cuts_the_window(row, column):
    swept, naive = both(np.full((SIZE, SIZE), 5.0), row=row, column=column)
    np.testing.assert_array_equal(swept, naive)


@pytest.mark.parametrize("radius", [1, 2, 7, 15])
def test_a_smaller_window_with_the_same_rim_is_a_part_of_the_larger(radius):
    ground = fractal(SIZE, seed=4, relief_m=80.0)
    cut = slice(RADIUS - radius, RADIUS + radius + 1)
    large = seen_from(ground)[cut, cut]
    small = seen_from(ground, radius_cells=radius, rim_cells=RADIUS)
    np.testing.assert_array_equal(small, np.where(small == UNKNOWN, UNKNOWN, large))
    offset = np.arange(-radius, radius + 1)
    within = np.hypot(offset[:, None], offset[None, :]) < radius + 0.5
    assert ((small != UNKNOWN) == within).all()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(0.0, 100.0))
def test_a_higher_mast_never_loses_a_cell(seed, rise):
    ground = fractal(SIZE, seed=seed, relief_m=60.0)
    low, high = seen_from(ground), seen_from(ground, antenna_height_m=30.0 + rise)
    assert (high[low == SEEN] == SEEN).all()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(-500.0, 3000.0), st.integers(0, 3))
def test_lifting_or_turning_the_whole_land_changes_nothing(seed, lift, turns):
    # heights in quarters of a metre are exact in float32, so is their sum
    ground = np.round(fractal(SIZE, seed=seed, relief_m=60.0) * 4.0) / 4.0
    lifted = ground + np.float32(round(lift))
    np.testing.assert_array_equal(seen_from(ground), seen_from(lifted))
    turned = np.rot90(seen_from(np.rot90(ground, turns).copy()), -turns)
    assert np.mean(turned != seen_from(ground)) < 0.02


def test_compiled_and_interpreted_agree(monkeypatch):
    ground = fractal(25, seed=5, relief_m=60.0)
    options = {"row": 12, "column": 12, "radius_cells": 10}
    compiled = seen_from(ground, **options)
    for name in ("_steepest", "_window"):
        function = getattr(module, name)
        monkeypatch.setattr(module, name, getattr(function, "py_func", function))
    np.testing.assert_array_equal(compiled, seen_from(ground, **options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"row": -1}, "outside"),
        ({"column": SIZE}, "outside"),
        ({"radius_cells": 0}, "at least 1"),
        ({"rim_cells": RADIUS - 1}, "rim_cells"),
    ],
)
def test_impossible_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        seen_from(np.zeros((SIZE, SIZE)), **options)


@pytest.mark.parametrize(
    ("obstacle", "cell_m", "message"),
    [
        (np.zeros((SIZE, 3), np.float32), 10.0, "obstacle_m has shape"),
        (np.zeros((SIZE, SIZE), np.float32), 0.0, "cell_m is 0"),
    ],
)
def test_grids_that_do_not_fit_are_refused(obstacle, cell_m, message):
    ground = np.zeros((SIZE, SIZE), np.float32)
    heights = {"antenna_height_m": 20.0, "receiver_height_m": 1.5}
    with pytest.raises(ValueError, match=message):
        line_of_sight(ground, obstacle, row=1, column=1, cell_m=cell_m, radius_cells=2, **heights)
