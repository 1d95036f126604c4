"""The sweep against the plain form of the Recommendation, and laws of its own."""

from __future__ import annotations

import dataclasses
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import cbook
from scipy.ndimage import map_coordinates

from siteplan.propagation import p1812
from siteplan.propagation._cells import cells_of_radial
from siteplan.propagation._combine import DEGREE_KM
from siteplan.propagation.sweep import _first_rings, radial_count, sweep, sweep_radials

EXACT_DB = 1e-6
"""What a sample of a radial may differ from the plain form. [dB]"""

EXACT_CELL_DB = 2e-5
"""What a cell may: losses of cells are float32. [dB]"""

N = 40
"""Samples of a radial in these tests: small, so that they also run without a compiler."""


INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT") == "1"
"""Whether the kernels run as plain Python."""

compiled_only = pytest.mark.skipif(INTERPRETED, reason="too many samples without a compiler")


def fractal(size, amplitude_m, seed=5):
    """Terrain with the spectrum of hills."""
    rng = np.random.default_rng(seed)
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij"))
    k[0, 0] = 1.0
    spectrum = k**-1.6 * np.exp(2j * np.pi * rng.random(k.shape))
    spectrum[0, 0] = 0.0
    relief = np.fft.irfft2(spectrum, (size, size))
    return 500.0 + amplitude_m * relief / relief.std()


def link(**changes):
    base = {
        "frequency_mhz": 2600.0,
        "transmitter_height_m": 30.0,
        "receiver_height_m": 1.5,
        "latitude_deg": 39.8,
    }
    return p1812.Link(**(base | changes))


def along(values, row, column, angle, *, nearest, steps=N):
    """Independent sampling of a grid along a ray, one cell a step; NaN outside the grid."""
    places = np.arange(steps + 1)
    y, x = row - np.cos(angle) * places, column + np.sin(angle) * places
    rows, columns = values.shape
    result = np.full(steps + 1, np.nan)
    for k in places:
        if not (0 <= y[k] <= rows - 1 and 0 <= x[k] <= columns - 1):
            break
        if nearest:
            result[k] = values[int(y[k] + 0.5), int(x[k] + 0.5)]
            continue
        i, j = min(int(y[k]), rows - 2), min(int(x[k]), columns - 2)
        v, u = y[k] - i, x[k] - j
        block = values[i : i + 2, j : j + 2]
        result[k] = np.array([1 - v, v]) @ block @ np.array([1 - u, u])
    return result


def plain(
    land,
    cover,
    cell_m,
    angle,
    sample,
    setup,
    time_percent,
    *,
    zone=None,
    location_percent=50.0,
    atmosphere=p1812.DEFAULT_ATMOSPHERE,
    places=None,
):
    """
    Loss of one sample by the plain form, with the latitude of the path's centre.

    `places` are the distances of the samples, in cells, where they are not one apart.
    """
    places = np.arange(sample + 1.0) if places is None else places
    distance_km = places * cell_m / 1000.0
    middle = setup.latitude_deg + math.cos(angle) * distance_km[-1] / (2.0 * DEGREE_KM)
    here = dataclasses.replace(setup, latitude_deg=middle)
    if zone is not None:
        zone = zone[: sample + 1].astype(int)
        wet = np.flatnonzero(zone == p1812.Zone.SEA)
        if wet.size:
            # the coast lies half way between the last sample on land and the first at sea
            edges = np.concatenate(
                [[0.0], (distance_km[1:] + distance_km[:-1]) / 2.0, distance_km[-1:]]
            )
            here = dataclasses.replace(
                here,
                transmitter_to_coast_km=edges[wet[0]],
                receiver_to_coast_km=distance_km[-1] - edges[wet[-1] + 1],
            )
    profile = p1812.Profile(distance_km, land[: sample + 1], cover[: sample + 1], zone)
    sigma = p1812.location_standard_deviation(
        frequency_mhz=setup.frequency_mhz,
        resolution_m=cell_m,
        receiver_height_m=setup.receiver_height_m,
        clutter_height_m=cover[sample],
    )
    return p1812.path_loss(
        profile,
        here,
        time_percent=time_percent,
        location_percent=location_percent,
        location_sigma_db=sigma,
        atmosphere=atmosphere,
        smooth_path="closed_form",
        outside="compute",
    ).loss_db


def landscape(kind, amplitude, seed):
    """Terrain of a kind that breaks careless algorithms."""
    rng = np.random.default_rng(seed)
    size = 2 * N + 5
    east = np.arange(size)[None, :] * np.ones((size, 1))
    rough = np.cumsum(np.cumsum(rng.normal(size=(size, size)), axis=0), axis=1)
    return (
        800.0
        + amplitude
        * {
            "flat": np.zeros((size, size)),
            "rough": rough / (np.abs(rough).max() + 1e-9),
            "noise": rng.normal(size=(size, size)),
            "spikes": (rng.random((size, size)) < 0.02).astype(float),
            "plateau": (east > size * 0.7).astype(float),
            "cliff": -(east > size * 0.6).astype(float),
            "rising": east / size,
            "falling": -east / size,
            "bowl": ((east - size / 2) / size) ** 2 * 4.0,
        }[kind]
    )


def seascape(kind, seed):
    """Zones: a coast, islands, a lake on the way, or sea all around."""
    size = 2 * N + 5
    east = np.arange(size)[None, :] * np.ones((size, 1))
    distance = np.hypot(east - N - 2, east.T - N - 2)
    sea = {
        "coast": east > N + 2 + seed % 20,
        "ship": east < N + 10 + seed % 20,
        "islands": np.random.default_rng(seed).random((size, size)) < 0.8,
        "lake": abs(distance - 15) < 8,
        "sea": np.ones((size, size), dtype=bool),
    }[kind]
    shore = np.random.default_rng(seed).random((size, size)) < 0.5
    land = np.where(shore, p1812.Zone.COASTAL_LAND, p1812.Zone.INLAND)
    return np.where(sea, p1812.Zone.SEA, land)


KINDS = ["flat", "rough", "noise", "spikes", "plateau", "cliff", "rising", "falling", "bowl"]


WORLDS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "amplitude": st.sampled_from([1.0, 20.0, 150.0, 800.0]),
        "wooded": st.booleans(),
        "frequency": st.sampled_from([30.0, 150.0, 450.0, 773.0, 2600.0, 6000.0]),
        "mast": st.sampled_from([3.0, 30.0, 150.0, 1200.0]),
        "receiver": st.sampled_from([1.0, 1.5, 12.0]),
        "time_percent": st.sampled_from([50.0, 49.0, 10.0, 1.0]),
        "cell": st.sampled_from([10.0, 30.0, 90.0, 1000.0]),
        "latitude": st.sampled_from([-33.0, 0.0, 39.8, 69.9, 80.0]),
        "lapse": st.sampled_from([20.0, 45.0, 90.0]),
        "polarisation": st.sampled_from(["vertical", "horizontal"]),
        "location_percent": st.sampled_from([50.0, 50.0, 1.0, 90.0]),
        "water": st.sampled_from([None, None, "coast", "ship", "islands", "lake", "sea"]),
        "seed": st.integers(0, 1000),
    }
)


class World(NamedTuple):
    """Terrain, clutter, zones, a link, and how it is judged."""

    ground: np.ndarray
    clutter: np.ndarray | None
    zones: np.ndarray | None
    link: p1812.Link
    cell_m: float
    options: dict
    rng: np.random.Generator


def world(drawn):
    seed = drawn["seed"]
    ground = landscape(drawn["kind"], drawn["amplitude"], seed)
    rng = np.random.default_rng(seed + 1)
    clutter = np.where(rng.random(ground.shape) < 0.3, rng.uniform(0, 25, ground.shape), 0.0)
    return World(
        ground=ground,
        clutter=clutter if drawn["wooded"] else None,
        zones=None if drawn["water"] is None else seascape(drawn["water"], seed),
        link=link(
            frequency_mhz=drawn["frequency"],
            transmitter_height_m=drawn["mast"],
            receiver_height_m=drawn["receiver"],
            latitude_deg=drawn["latitude"],
            polarisation=drawn["polarisation"],
        ),
        cell_m=drawn["cell"],
        options={
            "time_percent": drawn["time_percent"],
            "location_percent": drawn["location_percent"],
            "atmosphere": p1812.Atmosphere(refractivity_lapse_n_per_km=drawn["lapse"]),
        },
        rng=np.random.default_rng(seed),
    )


@given(drawn=WORLDS)
@settings(max_examples=5 if INTERPRETED else 100, deadline=None, derandomize=True)
def test_equals_the_plain_form_on_samples_of_radials(drawn):
    ground, clutter, zones, setup, cell, options, rng = world(drawn)
    row, column = N + 2.3, N + 1.8
    radials = sweep_radials(
        ground,
        clutter,
        setup,
        row=row,
        column=column,
        cell_m=cell,
        steps=N,
        zones=zones,
        thin=False,
        **options,
    )
    count = len(radials.start)
    for radial in rng.integers(0, count, 3):
        angle = 2.0 * math.pi * radial / count
        land = along(ground, row, column, angle, nearest=False)
        cover = np.zeros(N + 1)
        if clutter is not None:
            cover = along(clutter, row, column, angle, nearest=True)
        zone = None if zones is None else along(zones, row, column, angle, nearest=True)
        for sample in rng.integers(4, N + 1, 4):
            if np.isnan(land[sample]):
                continue
            expected = plain(land, cover, cell, angle, sample, setup, zone=zone, **options)
            assert radials.loss_db[radial, sample] == pytest.approx(expected, abs=EXACT_DB)


@given(
    drawn=WORLDS,
    samples_per_cell=st.sampled_from([1, 1, 2]),
    shift=st.sampled_from([0.013, 0.3, -0.45]),
)
@settings(max_examples=5 if INTERPRETED else 100, deadline=None, derandomize=True)
def test_each_cell_equals_the_plain_form_on_its_own_path(drawn, samples_per_cell, shift):
    ground, clutter, zones, setup, cell, options, rng = world(drawn)
    row, column, radius = N + 2.0 + shift, N + 2.0 + 0.7 * shift, N - 2
    loss = sweep(
        ground,
        clutter,
        setup,
        row=row,
        column=column,
        cell_m=cell,
        radius_m=radius * cell,
        samples_per_cell=samples_per_cell,
        zones=zones,
        outside="compute",
        **options,
    )
    step = 1.0 / samples_per_cell
    # four radials or more to a cell's width at every distance, of a multiple of 64 at the rim
    most = 64 * math.ceil(2.0 * math.pi * 2 * samples_per_cell * radius / 64)
    for down, right in rng.integers(-radius, radius + 1, (12, 2)):
        i, j = N + 2 + down, N + 2 + right
        north, east = row - i, j - column
        distance = math.hypot(north, east)
        if not 4.0 < distance < radius + 0.5:
            continue
        last = int(distance / step - 0.5)
        radials = most
        while radials % 2 == 0 and radials / 2 >= 2.0 * math.pi * 2 * math.floor(distance / step):
            radials //= 2
        angle = round(math.atan2(east, north) / (2.0 * math.pi) * radials) * 2.0 * math.pi / radials
        y, x = (
            (row - math.cos(angle) * step * np.arange(last + 1)),
            column + math.sin(angle) * step * np.arange(last + 1),
        )
        nearest = (np.floor(y + 0.5).astype(int), np.floor(x + 0.5).astype(int))
        land = np.append(map_coordinates(ground, [y, x], order=1), ground[i, j])
        cover = (
            np.zeros(last + 2) if clutter is None else np.append(clutter[nearest], clutter[i, j])
        )
        expected = plain(
            land,
            cover,
            cell,
            math.acos(north / distance),
            last + 1,
            setup,
            zone=None if zones is None else np.append(zones[nearest], zones[i, j]),
            places=np.append(step * np.arange(last + 1), distance),
            **options,
        )
        assert loss[radius + down, radius + right] == pytest.approx(expected, abs=EXACT_CELL_DB)


@pytest.mark.parametrize("radius", [1, 2, 3, 9, 40])
@pytest.mark.parametrize("per_cell", [1, 3])
@pytest.mark.parametrize(
    "shift", [(0.0, 0.0), (0.3, 0.3), (-0.25, 0.25), (0.1, -0.5), (0.4999, 0.0)]
)
def test_every_cell_belongs_to_one_radial_and_that_is_the_nearest_in_use(radius, per_cell, shift):
    count = radial_count(2 * per_cell * radius)
    reach = (radius + 0.5) * per_cell
    starts = _first_rings(count, math.ceil(reach), 2)
    places = np.empty(4 * radius + 64)
    rows, columns = (np.empty(len(places), dtype=np.int32) for _ in range(2))
    served = np.zeros((2 * radius + 1, 2 * radius + 1), dtype=int)
    for radial in range(count):
        points = cells_of_radial(
            radial, count, starts, reach, radius, per_cell, *shift, places, rows, columns
        )
        assert (np.diff(places[:points]) >= 0.0).all()
        for x, down, right in zip(places[:points], rows[:points], columns[:points], strict=True):
            north, east = shift[0] - down, right - shift[1]
            assert x == pytest.approx(per_cell * math.hypot(north, east))
            turns = (math.atan2(east, north) / (2.0 * math.pi) - radial / count + 0.5) % 1.0 - 0.5
            # at most half a cell's quarter away at the cell's own distance, where the ring has enough
            assert abs(turns) * 2.0 * math.pi * max(math.floor(x), 1) <= 0.25 + 1e-9
            served[radius + down, radius + right] += 1
    middle = np.arange(-radius, radius + 1)
    distance = np.hypot((middle - shift[0])[:, None], middle - shift[1])
    expected = distance < radius + 0.5
    expected[radius, radius] = False  # the mast's own cell is nobody's
    np.testing.assert_array_equal(served, expected)


def test_every_sample_of_every_radial_equals_the_plain_form():
    ground = landscape("rough", 120.0, 7)
    setup = link(frequency_mhz=900.0)
    radials = sweep_radials(
        ground, None, setup, row=N + 2.0, column=N + 2.0, cell_m=120.0, steps=12, thin=False
    )
    count = len(radials.start)
    for radial in range(count):
        angle = 2.0 * math.pi * radial / count
        land = along(ground, N + 2.0, N + 2.0, angle, nearest=False)
        for sample in range(4, 13):
            expected = plain(land, np.zeros(N + 1), 120.0, angle, sample, setup, 50.0)
            assert radials.loss_db[radial, sample] == pytest.approx(expected, abs=EXACT_DB)


@pytest.mark.parametrize("amplitude", [0.0, 2.0, 60.0])
@pytest.mark.parametrize("time_percent", [50.0, 10.0])
@compiled_only
def test_long_radials_equal_the_plain_form(amplitude, time_percent):
    # more samples than a block holds, hulls with long edges, roughness over many blocks
    size, steps = 621, 300
    ground = fractal(size, amplitude)
    setup = link(frequency_mhz=773.0)
    radials = sweep_radials(
        ground,
        None,
        setup,
        row=size // 2,
        column=size // 2,
        cell_m=100.0,
        steps=steps,
        time_percent=time_percent,
    )
    rng = np.random.default_rng(1)
    count = len(radials.start)
    for radial in rng.integers(0, count, 6):
        angle = 2.0 * math.pi * radial / count
        middle = size // 2
        land = along(ground, middle, middle, angle, nearest=False, steps=steps)
        for sample in rng.integers(max(radials.start[radial], 4), steps + 1, 6):
            expected = plain(land, np.zeros(steps + 1), 100.0, angle, sample, setup, time_percent)
            assert radials.loss_db[radial, sample] == pytest.approx(expected, abs=EXACT_DB)


def test_a_ray_that_grazes_an_edge_equals_the_plain_form():
    # 803 m over 800 m at the ninth sample to 792 m at the thirty-third: the slope is a third exactly
    column = N + 2
    ground = np.full((2 * N + 5, 2 * N + 5), 800.0)
    ground[:, column + 10 :] = 780.0
    setup = link(transmitter_height_m=3.0, receiver_height_m=12.0)
    radials = sweep_radials(
        ground, None, setup, row=column, column=column, cell_m=90.0, steps=N, thin=False
    )
    east = len(radials.start) // 4
    land = along(ground, column, column, math.pi / 2.0, nearest=False)
    for sample in range(4, N + 1):
        expected = plain(land, np.zeros(N + 1), 90.0, math.pi / 2.0, sample, setup, 50.0)
        assert radials.loss_db[east, sample] == pytest.approx(expected, abs=EXACT_DB)


def test_radials_end_where_nobody_uses_the_level():
    ground = landscape("rough", 80.0, 6)
    place = {"row": N + 2, "column": N + 2, "cell_m": 50.0, "radius_m": 50.0 * N}
    everything = sweep(ground, None, link(), **place)
    short = sweep(ground, None, link(), most_loss_db=101.0, **place)
    beyond = np.isposinf(short)
    assert 0.2 < beyond.mean() < 0.8
    assert (everything[beyond] > 101.0).all()
    np.testing.assert_array_equal(short[~beyond], everything[~beyond])
    np.testing.assert_array_equal(
        everything, sweep(ground, None, link(), most_loss_db=200.0, **place)
    )


def test_more_clutter_never_lowers_the_loss_behind_it():
    # Of terrain this does not hold: a higher ridge also lifts and tilts the smooth surface from which the
    # effective heights are measured. Clutter is no part of that surface: the edge alone rises.
    ground = landscape("rough", 60.0, 8)
    place = {"row": N + 2, "column": N + 2, "cell_m": 50.0, "radius_m": 50.0 * N}
    clutter = np.zeros_like(ground)
    before = sweep(ground, clutter, link(), **place)
    for height in (3.0, 10.0, 30.0):
        clutter[:, N + 12] = height
        after = sweep(ground, clutter, link(), **place)
        seen = np.isfinite(before)
        assert (after[seen] >= before[seen] - 1e-4).all()
        assert (after[:, : N + 9] == before[:, : N + 9])[seen[:, : N + 9]].all()
        before = after


@compiled_only
@pytest.mark.parametrize("time_percent", [50.0, 10.0])
@pytest.mark.parametrize("cell_m", [30.0, 90.0])
def test_cells_of_a_real_landscape_are_near_their_exact_paths(time_percent, cell_m):
    with np.load(cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)) as file:
        ground = file["elevation"].astype(float)
    steps, masts = 140, ((170, 200), (200, 230), (150, 180))
    if cell_m < 90.0:
        # three arc seconds, taken as 90 m, to cells of 30 m
        axes = [np.arange(700) / 3.0 + 20.0, np.arange(700) / 3.0 + 60.0]
        ground = map_coordinates(ground, np.meshgrid(*axes, indexing="ij"), order=1)
        steps, masts = 330, ((350, 350), (335, 360), (365, 335))
    widest = int(0.7 * steps)
    cell_km = cell_m / 1000.0
    rng = np.random.default_rng(3)
    apart = []
    for row, column in masts:
        loss = sweep(
            ground,
            None,
            link(),
            row=row,
            column=column,
            cell_m=cell_m,
            radius_m=cell_m * steps,
            time_percent=time_percent,
        )
        for down, right in rng.integers(-widest, widest + 1, (150, 2)):
            cells = math.hypot(down, right)
            if cells < 10.0:
                continue
            part = np.linspace(0.0, 1.0, round(cells) + 1)
            land = map_coordinates(ground, [row + down * part, column + right * part], order=1)
            here = link(latitude_deg=39.8 - down * cell_km / (2.0 * DEGREE_KM))
            profile = p1812.Profile(part * cells * cell_km, land, np.zeros_like(part))
            exact = p1812.path_loss(
                profile, here, time_percent=time_percent, smooth_path="closed_form"
            )
            apart.append(loss[steps + down, steps + right] - exact.loss_db)
    apart = np.array(apart)
    assert np.median(np.abs(apart)) <= 0.1
    assert np.percentile(np.abs(apart), 95.0) <= 1.5
    assert abs(apart.mean()) <= 0.1


@compiled_only
def test_two_samples_a_cell_halve_the_errors_of_coarse_cells_on_rough_land():
    with np.load(cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)) as file:
        ground = file["elevation"].astype(float)
    steps, cell_km = 120, 0.09
    rng = np.random.default_rng(3)
    errors = {1: [], 2: []}
    for row, column in ((170, 200), (200, 230)):
        one, two = (
            sweep(
                ground,
                None,
                link(),
                row=row,
                column=column,
                cell_m=1000.0 * cell_km,
                radius_m=1000.0 * cell_km * steps,
                samples_per_cell=samples,
            )
            for samples in (1, 2)
        )
        for down, right in rng.integers(-84, 85, (120, 2)):
            cells = math.hypot(down, right)
            if cells < 10.0:
                continue
            # with one sample a cell the path of comparison would itself miss the tops of ridges
            part = np.linspace(0.0, 1.0, 4 * round(cells) + 1)
            land = map_coordinates(ground, [row + down * part, column + right * part], order=1)
            here = link(latitude_deg=39.8 - down * cell_km / (2.0 * DEGREE_KM))
            profile = p1812.Profile(part * cells * cell_km, land, np.zeros_like(part))
            exact = p1812.path_loss(profile, here, smooth_path="closed_form").loss_db
            errors[1].append(abs(one[steps + down, steps + right] - exact))
            errors[2].append(abs(two[steps + down, steps + right] - exact))
    assert np.median(errors[2]) < 0.6 * np.median(errors[1])
    assert np.percentile(errors[2], 95.0) < 0.7 * np.percentile(errors[1], 95.0)


@pytest.mark.slow
def test_all_of_this_holds_without_a_compiler():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not slow", __file__],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_fewer_radials_near_the_mast_leave_the_rest_as_it_is():
    ground = landscape("rough", 100.0, 3)
    place = {"row": N + 2.0, "column": N + 2.0, "cell_m": 60.0, "steps": N}
    all_of_them = sweep_radials(ground, None, link(), thin=False, **place)
    thinned = sweep_radials(ground, None, link(), **place)
    computed = ~np.isnan(thinned.loss_db)
    assert computed.sum() < 0.8 * (~np.isnan(all_of_them.loss_db)).sum()
    np.testing.assert_array_equal(thinned.loss_db[computed], all_of_them.loss_db[computed])


def test_with_one_rim_a_cell_does_not_depend_on_the_radius():
    ground = landscape("rough", 100.0, 4)
    place = {"row": N + 2, "column": N + 2, "cell_m": 50.0, "rim_m": 50.0 * N}
    far = sweep(ground, None, link(), radius_m=50.0 * N, **place)
    near = sweep(ground, None, link(), radius_m=50.0 * 9, **place)
    seen = np.isfinite(near)
    assert seen.sum() > 200
    np.testing.assert_array_equal(near[seen], far[N - 9 : N + 10, N - 9 : N + 10][seen])


@pytest.mark.parametrize("most_loss_db", [math.inf, 105.0])
def test_two_samples_a_cell_are_every_other_cell_of_a_grid_twice_as_fine(most_loss_db):
    # between four cells the ground is that of the finer grid, so all samples are the same
    ground, radius = landscape("rough", 150.0, 3), 12
    halves = np.arange(2 * len(ground) - 1) / 2.0
    fine = map_coordinates(ground, np.meshgrid(halves, halves, indexing="ij"), order=1)
    setup = {"rim_m": 60.0 * radius, "most_loss_db": most_loss_db}
    loss = sweep(
        ground,
        None,
        link(),
        row=N + 2,
        column=N + 2,
        cell_m=60.0,
        radius_m=60.0 * radius,
        samples_per_cell=2,
        **setup,
    )
    finer = sweep(
        fine,
        None,
        link(),
        row=2 * N + 4,
        column=2 * N + 4,
        cell_m=30.0,
        radius_m=60.0 * radius + 30.0,
        **setup,
    )[1:-1:2, 1:-1:2]
    both = np.isfinite(loss) & np.isfinite(finer)
    both[radius, radius] = False  # the mast's own cell is as wide as it is
    assert both.sum() > 300
    np.testing.assert_allclose(loss[both], finer[both], atol=1e-4)
    assert (np.isfinite(finer) | ~np.isfinite(loss)).all()


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_do_not_change_a_bit(threads):
    ground = landscape("noise", 30.0, 5)
    place = {"row": N, "column": N, "cell_m": 50.0, "radius_m": 50.0 * N}
    alone = sweep(ground, None, link(), **place)
    np.testing.assert_array_equal(alone, sweep(ground, None, link(), threads=threads, **place))


def test_what_lies_behind_missing_terrain_is_missing():
    ground = landscape("flat", 1.0, 0)
    ground[:, N + 10] = np.nan
    loss = sweep(
        ground, None, link(), row=N + 2, column=N + 2, cell_m=50.0, radius_m=50.0 * (N - 5)
    )
    radius = loss.shape[0] // 2
    due_east = loss[radius, radius:]
    # the void lies in the eighth cell east of the mast; interpolation needs both cells beside a sample
    assert np.isfinite(due_east[:7]).all()
    assert np.isnan(due_east[8:]).all()
    assert np.isfinite(loss[radius, : radius + 7]).all()


def test_over_unknown_terrain_nothing_is_known():
    ground = np.full((2 * N + 5, 2 * N + 5), np.nan)
    loss = sweep(ground, None, link(), row=N, column=N, cell_m=50.0, radius_m=50.0 * 9)
    assert np.isnan(loss).all()


def test_cells_outside_grid_or_radius_are_missing():
    ground = landscape("flat", 1.0, 0)
    loss = sweep(ground, None, link(), row=3, column=3, cell_m=50.0, radius_m=50.0 * N)
    centre = loss.shape[0] // 2
    assert np.isnan(loss[: centre - 4]).all()
    assert np.isnan(loss[0, 0])
    assert np.isfinite(loss[centre, centre : centre + N - 1]).all()


@pytest.mark.parametrize("place", [(0, 0), (0, 10), (20, 3), (10, 20), (7, 12)])
@pytest.mark.parametrize("wooded", [False, True])
def test_known_ground_gives_a_signal_up_to_the_edge_of_the_grid(place, wooded):
    # cells on the edge take their value from samples on both sides of it
    size = 21
    ground = np.full((size, size), 500.0)
    clutter = np.full_like(ground, 10.0) if wooded else None
    zones = np.full(ground.shape, int(p1812.Zone.COASTAL_LAND)) if wooded else None
    row, column = place
    loss = sweep(
        ground, clutter, link(), row=row, column=column, cell_m=50.0, radius_m=1450.0, zones=zones
    )
    radius = loss.shape[0] // 2
    inside = np.s_[radius - row : radius - row + size, radius - column : radius - column + size]
    assert np.isfinite(loss[inside]).all()
    # on a plain the edge of the grid is like any other place
    wide = tuple(
        None if values is None else np.full((59, 59), values[0, 0])
        for values in (ground, clutter, zones)
    )
    there = {"row": 29, "column": 29, "cell_m": 50.0, "radius_m": 1450.0}
    anywhere = sweep(*wide[:2], link(), zones=wide[2], **there)
    np.testing.assert_array_equal(loss[inside], anywhere[inside])
    beyond = np.ones(loss.shape, dtype=bool)
    beyond[inside] = False
    assert np.isnan(loss[beyond]).all()


def test_flat_ground_looks_the_same_all_around():
    ground = landscape("flat", 0.0, 0)
    loss = sweep(ground, None, link(), row=N + 2, column=N + 2, cell_m=50.0, radius_m=50.0 * N)
    for turned in (loss.T, loss[::-1], loss[:, ::-1]):
        np.testing.assert_allclose(loss, turned, atol=1e-4, equal_nan=True)


def test_loss_is_never_below_free_space_at_half_the_time():
    ground = landscape("noise", 60.0, 9)
    loss = sweep(ground, None, link(), row=N + 2, column=N + 2, cell_m=50.0, radius_m=50.0 * N)
    offset = np.arange(-N, N + 1)
    distance_km = np.hypot(offset[:, None], offset[None, :]) * 0.05
    # a cell takes a sample up to half a cell nearer than its centre
    nearest_km = np.maximum(distance_km - 0.036, 0.025)
    free = 92.4 + 20.0 * np.log10(2.6) + 20.0 * np.log10(nearest_km)
    seen = np.isfinite(loss)
    assert (loss[seen] >= free[seen] - 1e-3).all()


def test_location_variability_adds_its_share():
    ground = landscape("rough", 50.0, 2)
    place = {"row": N + 2, "column": N + 2, "cell_m": 50.0, "radius_m": 50.0 * N}
    median = sweep(ground, None, link(), **place)
    worse = sweep(ground, None, link(), location_percent=90.0, location_sigma_db=5.5, **place)
    seen = np.isfinite(median)
    seen[N, N] = False  # the mast's own cell takes free space
    np.testing.assert_allclose(
        worse[seen], median[seen] - 5.5 * p1812.inverse_normal(0.9), atol=1e-4
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"row": -1.0}, "outside the grid"),
        ({"column": 1e4}, "outside the grid"),
        ({"radius_m": 10.0}, "shorter than a cell"),
        ({"time_percent": 60.0}, "time_percent is 60"),
        ({"clutter_m": np.zeros((3, 3))}, "clutter_m has shape"),
        ({"zones": np.full((3, 3), 4)}, "zones has shape"),
        ({"zones": np.full((2 * N + 5, 2 * N + 5), 7)}, r"zones holds \[7\]"),
        ({"location_percent": 99.5}, "location_percent is 99.5"),
        ({"location_sigma_db": -1.0}, "location_sigma_db is -1"),
        ({"most_loss_db": math.nan}, "most_loss_db is not a number"),
        ({"cell_m": -30.0}, "cell_m is -30"),
        ({"clutter_m": np.full((2 * N + 5, 2 * N + 5), -1.0)}, "clutter_m holds a negative"),
        ({"zones": np.full((2 * N + 5, 2 * N + 5), np.nan)}, r"zones holds \[nan\]"),
        ({"threads": 0}, "threads is 0"),
        ({"samples_per_cell": 0}, "samples_per_cell is 0"),
        ({"rim_m": math.nan}, "rim_m is nan"),
        ({"outside": "ignore"}, "outside is 'ignore'"),
    ],
)
def test_wrong_arguments_are_refused_by_name(changes, message):
    arguments = {
        "clutter_m": None,
        "row": N,
        "column": N,
        "cell_m": 50.0,
        "radius_m": 1000.0,
    } | changes
    clutter = arguments.pop("clutter_m")
    with pytest.raises(ValueError, match=message):
        sweep(landscape("flat", 0.0, 0), clutter, link(), **arguments)


@pytest.mark.parametrize(
    ("name", "value"),
    [("frequency_mhz", 26_000.0), ("frequency_mhz", 10.0), ("transmitter_height_m", 0.5)],
)
def test_outside_the_published_ranges_the_caller_must_ask_for_it(name, value):
    ground = landscape("flat", 0.0, 0)
    place = {"row": N, "column": N, "cell_m": 50.0, "radius_m": 300.0}
    with pytest.raises(ValueError, match=f"{name} is {value:g}: Rec. ITU-R P.1812 holds"):
        sweep(ground, None, link(**{name: value}), **place)
    extrapolated = sweep(ground, None, link(**{name: value}), outside="compute", **place)
    assert np.isfinite(extrapolated[6, 6:]).all()


def test_at_a_quarter_of_a_kilometre_nothing_steps():
    # (10) fades out on its own: each metre adds less than free space and 0.01 dB of focusing
    ground = np.full((81, 81), 100.0)
    place = {"row": 40, "column": 40, "cell_m": 10.0, "steps": 35, "thin": False}
    for time_percent in (1.0, 10.0, 50.0):
        loss_db = sweep_radials(ground, None, link(), time_percent=time_percent, **place).loss_db[0]
        slant_m = np.hypot(10.0 * np.arange(20, 31), 28.5)
        excess = loss_db[20:31] - 20.0 * np.log10(slant_m)
        assert np.abs(np.diff(excess)).max() < 0.01
