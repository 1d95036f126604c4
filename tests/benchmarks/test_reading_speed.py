"""How long reading takes, and what a million poles take in memory; run with -s to see the figures."""

import resource
import time

import numpy as np
import pandas as pd
import pytest
import shapely

import siteplan
from tests.conftest import HEIGHT_M, WIDTH_M, lonlat, write_small_region

POLES = 1_000_000


def test_reading_hangjin():
    siteplan.read_region("data/hangjin")  # imports and caches
    start = time.process_time()
    region = siteplan.read_region("data/hangjin")
    taken_s = time.process_time() - start
    print(f"hangjin: {taken_s:.1f} s of CPU, {len(region.sites):,} sites")
    assert taken_s < 5.0


@pytest.mark.slow
def test_reading_a_million_poles(tmp_path):
    folder = write_small_region(tmp_path / "small")
    west, south = lonlat(20.0, 20.0)
    east, north = lonlat(WIDTH_M - 20.0, HEIGHT_M - 20.0)
    random = np.random.default_rng(0)
    places = shapely.get_coordinates(
        shapely.points(random.uniform(west, east, POLES), random.uniform(south, north, POLES))
    )
    pd.DataFrame(
        {"杆号": [f"P{i}" for i in range(POLES)], "杆型": "路灯", "杆高(m)": 9}
        | {"经度": places[:, 0], "纬度": places[:, 1]}
    ).to_csv(folder / "poles.csv", index=False)
    scenario = (folder / "scenario.toml").read_text(encoding="utf-8")
    entry = '[layers.poles]\npath = "poles.csv"\ncrs = "EPSG:4490"\n[targets]\n'
    scenario = scenario.replace("[targets]\n", entry)
    scenario = scenario.replace("[targets]\n", "[candidates]\npole_spacing_m = 5.0\n[targets]\n", 1)
    (folder / "scenario.toml").write_text(scenario, encoding="utf-8")
    start = time.process_time()
    region = siteplan.read_region(folder)
    taken_s = time.process_time() - start
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"a million poles: {taken_s:.1f} s of CPU, peak {peak_gb:.2f} GB, {len(region.sites):,} sites"
    )
    assert taken_s < 20.0
    assert peak_gb < 2.0
