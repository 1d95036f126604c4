"""
Speed of the sweep, as ratios within one run: ``python -m pytest tests/benchmarks -s``.

Not part of the test run. Each figure is the best of several turns, the two sides of a ratio taken in turn.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from matplotlib import cbook

from siteplan.propagation import p1812
from siteplan.propagation.sweep import sweep

LINK = p1812.Link(
    frequency_mhz=2600, transmitter_height_m=30, receiver_height_m=1.5, latitude_deg=39.8
)
CELL_M = 30.0
TURNS = 3


def fractal(size, amplitude_m, seed=5):
    """Terrain with the spectrum of hills."""
    rng = np.random.default_rng(seed)
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij"))
    k[0, 0] = 1.0
    spectrum = k**-1.6 * np.exp(2j * np.pi * rng.random(k.shape))
    spectrum[0, 0] = 0.0
    relief = np.fft.irfft2(spectrum, (size, size))
    return 500.0 + amplitude_m * relief / relief.std()


def jacksboro(size):
    """Real relief of 3 arc seconds, interpolated to 30 m and mirrored to the size asked for."""
    with np.load(cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)) as file:
        coarse = file["elevation"].astype(float)
    rows = np.minimum(np.arange(size) / 3.0, coarse.shape[0] - 1.001)
    columns = np.minimum(np.arange(size) / 3.0, coarse.shape[1] - 1.001)
    i, j = rows.astype(int)[:, None], columns.astype(int)[None, :]
    v, u = (rows % 1.0)[:, None], (columns % 1.0)[None, :]
    upper = coarse[i, j] * (1 - u) + coarse[i, j + 1] * u
    lower = coarse[i + 1, j] * (1 - u) + coarse[i + 1, j + 1] * u
    return upper * (1 - v) + lower * v


def seconds_per_cell(ground, radius_m, **options):
    """Best time of a sweep over the cells that it fills. [s]."""
    middle = ground.shape[0] // 2
    best = np.inf
    for _ in range(TURNS):
        began = time.perf_counter()
        loss = sweep(
            ground,
            None,
            LINK,
            row=middle,
            column=middle,
            cell_m=CELL_M,
            radius_m=radius_m,
            **options,
        )
        best = min(best, time.perf_counter() - began)
    return best / np.isfinite(loss).sum()


@pytest.mark.parametrize("relief", ["hills", "plain", "jacksboro"])
def test_a_cell_costs_less_than_four_tenths_of_a_microsecond(relief):
    ground = {
        "hills": lambda: fractal(1007, 60.0),
        "plain": lambda: fractal(1007, 2.0),
        "jacksboro": lambda: jacksboro(1007),
    }[relief]()
    cost = seconds_per_cell(ground, 15_000.0)
    print(f"\n{relief}: {cost * 1e6:.3f} us a cell at 15 km")
    assert cost < 0.4e-6


def test_a_path_alone_costs_hundreds_of_cells():
    ground = fractal(1007, 60.0)
    cell = seconds_per_cell(ground, 15_000.0)
    profile = p1812.Profile(np.arange(251) * 0.03, ground[503, 503:754], np.zeros(251))
    p1812.path_loss(profile, LINK)
    began = time.perf_counter()
    for _ in range(50):
        p1812.path_loss(profile, LINK)
    path = (time.perf_counter() - began) / 50
    print(f"\none path of 251 samples costs {path / cell:.0f} cells of the sweep")
    assert path > 100.0 * cell


def test_cost_a_cell_hardly_grows_with_the_radius():
    ground = fractal(2701, 60.0)
    near, far = seconds_per_cell(ground, 5_000.0), seconds_per_cell(ground, 40_000.0)
    print(f"\n40 km over 5 km: {far / near:.2f}")
    assert far < 1.5 * near


@pytest.mark.parametrize("amplitude_m", [2.0, 60.0])
def test_a_tenth_of_the_time_costs_little_more_than_half(amplitude_m):
    ground = fractal(1007, amplitude_m)
    median = seconds_per_cell(ground, 15_000.0)
    rare = seconds_per_cell(ground, 15_000.0, time_percent=10.0)
    print(f"\np = 10 % over p = 50 %, relief {amplitude_m:g} m: {rare / median:.2f}")
    assert rare < 2.2 * median


def test_two_threads_share_the_work():
    ground = fractal(1007, 60.0)
    one, two = seconds_per_cell(ground, 15_000.0), seconds_per_cell(ground, 15_000.0, threads=2)
    print(f"\none thread over two: {one / two:.2f}")
    assert one > 1.7 * two
