"""
Speed of the sweep, as ratios within one run: ``python -m pytest tests/benchmarks -s``.

Not part of the test run. Each figure is the best of several turns, the two sides of a ratio taken in turn.
Work of one thread is timed by the processor time of the thread, so that a busy machine matters little; two
threads can only be timed by the clock, and that ratio needs two idle processors.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import numpy as np
import pytest
import rasterio
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


RELIEFS = {
    "fractal hills": lambda: fractal(1007, 60.0),
    "flat": lambda: np.full((1007, 1007), 500.0),
    "gentle plain": lambda: fractal(1007, 2.0),
    "Jacksboro": lambda: jacksboro(1007),
}


def seconds_per_cell(ground, radius_m, *, clock=time.thread_time, turns=TURNS, **options):
    """Best time of a sweep over the cells that it fills. [s]."""
    middle = ground.shape[0] // 2
    best = np.inf
    for _ in range(turns):
        began = clock()
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
        best = min(best, clock() - began)
    return best / np.isfinite(loss).sum()


@pytest.mark.parametrize("relief", list(RELIEFS))
def test_a_cell_costs_less_than_four_tenths_of_a_microsecond(relief):
    ground = RELIEFS[relief]()
    median, rare = (
        seconds_per_cell(ground, 15_000.0, time_percent=percent) for percent in (50.0, 10.0)
    )
    print(
        f"\n{relief:13s} 15 km at 30 m: p = 50 % {median * 1e6:.3f} us a cell, "
        f"p = 10 % {rare * 1e6:.3f} us, ratio {rare / median:.2f}"
    )
    assert median < 0.4e-6
    assert rare < 2.2 * median


def test_a_path_alone_costs_hundreds_of_cells():
    ground = fractal(1007, 60.0)
    cell = seconds_per_cell(ground, 15_000.0)
    profile = p1812.Profile(np.arange(251) * 0.03, ground[503, 503:754], np.zeros(251))
    p1812.path_loss(profile, LINK)
    began = time.thread_time()
    for _ in range(50):
        p1812.path_loss(profile, LINK)
    path = (time.thread_time() - began) / 50
    print(f"\none path of 251 samples costs {path / cell:.0f} cells of the sweep")
    assert path > 100.0 * cell


def test_cost_a_cell_hardly_grows_with_the_radius():
    ground = fractal(2701, 60.0)
    near, far = seconds_per_cell(ground, 5_000.0), seconds_per_cell(ground, 40_000.0)
    print(f"\n5 km {near * 1e6:.3f} us a cell, 40 km {far * 1e6:.3f} us, ratio {far / near:.2f}")
    assert far < 1.5 * near


def test_two_samples_a_cell_cost_less_than_three_times_as_much():
    ground = fractal(1007, 60.0)
    one, two = (seconds_per_cell(ground, 10_000.0, samples_per_cell=samples) for samples in (1, 2))
    print(f"\ntwo samples a cell {two * 1e6:.3f} us, one {one * 1e6:.3f} us, ratio {two / one:.2f}")
    assert two < 3.0 * one


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor")
def test_two_threads_share_the_work():
    ground = fractal(1007, 60.0)
    clock = time.perf_counter
    ratios = []
    for _ in range(5):
        one = seconds_per_cell(ground, 15_000.0, clock=clock, turns=1)
        two = seconds_per_cell(ground, 15_000.0, clock=clock, turns=1, threads=2)
        ratios.append(one / two)
    work = seconds_per_cell(ground, 15_000.0, clock=time.process_time, threads=2)
    work /= seconds_per_cell(ground, 15_000.0, clock=time.process_time)
    print(f"\none thread over two: {max(ratios):.2f}; work of two over one: {work:.2f}")
    assert work < 1.15
    if os.getloadavg()[0] > 1.0:
        pytest.skip("the machine is busy: the clock says nothing")
    assert max(ratios) > 1.7


VIEWSHED = shutil.which("gdal_viewshed") or ""


@pytest.mark.skipif(not VIEWSHED, reason="gdal_viewshed is not installed")
def test_against_a_viewshed_of_gdal(tmp_path):
    # line of sight alone, and nothing of the loss
    ground = fractal(1007, 60.0)
    terrain, seen = tmp_path / "terrain.tif", tmp_path / "seen.tif"
    transform = rasterio.transform.from_origin(0.0, 1007 * CELL_M, CELL_M, CELL_M)
    profile = {"width": 1007, "height": 1007, "count": 1, "dtype": "float32", "crs": "EPSG:4545"}
    with rasterio.open(terrain, "w", driver="GTiff", transform=transform, **profile) as file:
        file.write(ground.astype(np.float32), 1)
    place = ["-ox", "15105", "-oy", "15105", "-oz", "30", "-tz", "1.5", "-md", "15000"]
    best = np.inf
    for _ in range(TURNS):
        began = os.times()
        subprocess.run(
            [VIEWSHED, "-q", *place, str(terrain), str(seen)],
            check=True,
            capture_output=True,
        )
        ended = os.times()
        best = min(best, ended.children_user - began.children_user)
    cell = seconds_per_cell(ground, 15_000.0)
    viewshed = best / (np.pi * 500.0**2)
    print(f"\ngdal_viewshed {viewshed * 1e6:.3f} us a cell, sweep {cell * 1e6:.3f} us")
    assert cell < 10.0 * viewshed


def test_against_longley_rice_path_by_path():
    itm = pytest.importorskip("itmlogic.preparatory_subroutines.qlrpfl", reason="no itmlogic")
    profile = [250, CELL_M, *fractal(1007, 60.0)[503, 503:754]]
    settings = {
        "fmhz": 2600.0,
        "hg": [30.0, 1.5],
        "wn": 2600.0 / 47.7,
        "ens": 301.0,
        "gme": 157e-9 * (1.0 - 0.04665 * np.exp(301.0 / 179.3)),
        "zgnd": complex(15.0, 376.62 * 0.005 / (2600.0 / 47.7)),
        "pfl": profile,
        "klimx": 0,
        "kwx": 0,
        "mdvarx": 12,
        "lvar": 5,
        "mdp": -1,
        "gma": 157e-9,
    }
    itm.qlrpfl(dict(settings))
    began = time.thread_time()
    for _ in range(5):
        itm.qlrpfl(dict(settings))
    path = (time.thread_time() - began) / 5
    cell = seconds_per_cell(fractal(1007, 60.0), 15_000.0)
    print(f"\nitmlogic {path * 1e6:.0f} us a path of 251 samples, sweep {cell * 1e6:.3f} us a cell")
    assert path > 100.0 * cell
