"""Stations in chunks, here and elsewhere, against one pass."""

import pickle
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest

from siteplan.coverage.cluster import on_dask, on_executor, split_jobs
from siteplan.coverage.ground import region_ground
from siteplan.coverage.jobs import station_jobs
from siteplan.coverage.layer import add_layers, chunk_layers
from siteplan.coverage.network import network_coverage
from siteplan.coverage.stations import station_table
from tests import handmade as hand
from tests.coverage.test_network import SIZE, YEARS, cover, network

FIELDS = ("rsrp_cdbm", "sinr_cdb", "sigma_db", "server", "unknown")


def check_same(found, expected):
    assert found.keys() == expected.keys()
    for key, coverage in expected.items():
        assert found[key].station_ids == coverage.station_ids
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(found[key], name), getattr(coverage, name))


def shared(region, stations, share):
    return network_coverage(region, stations, YEARS, floor_dbm=-130.0, label="", share=share)


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_chunks_equal_one_pass_bit_for_bit(chunk):
    region, stations = network(5, 14, voids=True)
    with ThreadPoolExecutor(2) as pool:
        found = shared(region, stations, on_executor(pool, chunk_stations=chunk, ahead=2))
    check_same(found, cover(region, stations))


def test_another_process_gives_the_same():
    region, stations = network(6, 6, voids=True)
    # not forked: this process has threads
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = shared(region, stations, on_executor(pool, chunk_stations=4))
    check_same(found, cover(region, stations))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_gives_the_same():
    distributed = pytest.importorskip("distributed")
    region, stations = network(7, 10, voids=True)
    with distributed.Client(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=False
    ) as client:
        found = shared(region, stations, on_dask(client, chunk_stations=3))
    check_same(found, cover(region, stations))


@pytest.mark.parametrize("seed", range(3))
def test_chunks_merge_in_any_order(seed):
    region, stations = network(8, 12, voids=True)
    ground = region_ground(region)
    order = np.arange(len(stations), dtype=np.int32)
    chunks = split_jobs(station_jobs(region, stations, floor_dbm=-130.0), stations=2)
    parts = [pickle.loads(pickle.dumps(chunk_layers(ground, chunk, order))) for chunk in chunks]  # noqa: S301
    one, other = {}, {}
    for part in parts:
        add_layers(one, part, (SIZE, SIZE))
    for place in np.random.default_rng(seed).permutation(len(parts)):
        add_layers(other, parts[place], (SIZE, SIZE))
    for carrier, layer in one.items():
        for name in ("best_cdbm", "server", "sigma_cdb", "power", "unknown"):
            np.testing.assert_array_equal(getattr(layer, name), getattr(other[carrier], name))


def test_every_station_is_in_one_chunk():
    region, stations = network(9, 20)
    jobs = station_jobs(region, stations, floor_dbm=-130.0)
    for size in (1, 3, 1000):
        chunks = split_jobs(jobs, stations=size)
        positions = [job.position for chunk in chunks for group in chunk.groups for job in group]
        assert sorted(positions) == sorted(j.position for group in jobs.groups for j in group)
    assert split_jobs(station_jobs(region, stations[:0], floor_dbm=-130.0), stations=3) == ()
    with pytest.raises(ValueError, match="at least one"):
        split_jobs(jobs, stations=0)


def test_memory_does_not_grow_with_the_stations():
    size = 400
    spots = np.random.default_rng(1).uniform(0.0, size * 100.0, (200, 2))
    region = hand.region(
        shape=(size, size),
        cell_m=100.0,
        the_sites=hand.sites(
            *((f"s{i}", "tower", "existing", x, y) for i, (x, y) in enumerate(spots))
        ),
        radio={"macro_model": "tr38901-rma", "radius_m": 1000.0},
    )
    given = pd.DataFrame(
        {"site_id": region.sites.index, "operator": "甲", "technology": "4G"},
        index=[f"st{i}" for i in range(200)],
    )
    stations = station_table(region, given.assign(equipment="macro-lte900"))
    cover(region, stations.iloc[:4], [2024])  # caches and compiled code

    def peak(count):
        tracemalloc.start()
        cover(region, stations.iloc[:count], [2024])
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(20), peak(200)
    # a station's row and job take about a kilobyte; its level over the grid would take 320
    assert many - few < 180 * 2500
    assert many < 1.15 * few
