"""
Coverage on a cluster: a chunk of stations is the task.

:func:`siteplan.coverage.layer.chunk_layers` is a pure function of the region's arrays and some stations;
what it gives can be merged in any order, to the last bit. Dask is an extra (``siteplan[dask]``): nothing
here is needed on one machine, where all cores are used anyway.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any

from siteplan.coverage.jobs import Jobs
from siteplan.coverage.layer import chunk_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor

    import numpy as np
    from numpy.typing import NDArray

    from siteplan.coverage.ground import Ground
    from siteplan.coverage.layer import Layer
    from siteplan.coverage.network import Share

CHUNK_STATIONS = 50
"""Stations of one task: large enough that sending its layers costs little beside computing them."""


def split_jobs(jobs: Jobs, *, stations: int) -> tuple[Jobs, ...]:
    """
    Cut jobs into chunks of neighbours.

    Parameters
    ----------
    jobs : Jobs
        Ordered by place, as they are made.
    stations : int
        Stations of a chunk, about: those of one antenna position stay together.

    Returns
    -------
    chunks : tuple of Jobs
        Every station in exactly one.

    Raises
    ------
    ValueError
        If `stations` is not positive.
    """
    if stations < 1:
        raise ValueError(f"a chunk has at least one station, not {stations}")
    chunks, group_start, count = [], 0, 0
    for end, group in enumerate(jobs.groups, start=1):
        count += len(group)
        if count >= stations or end == len(jobs.groups):
            chunks.append(Jobs(groups=jobs.groups[group_start:end], cuts=jobs.cuts))
            group_start, count = end, 0
    return tuple(chunks)


def on_dask(client: Any, *, chunk_stations: int = CHUNK_STATIONS) -> Share:  # noqa: ANN401  # an extra
    """
    Share stations among the workers of a Dask cluster.

    Parameters
    ----------
    client : dask.distributed.Client
        A running cluster; its workers need siteplan installed, and no file of the region.
    chunk_stations : int
        Stations of one task.

    Returns
    -------
    share : callable
        For :func:`siteplan.coverage.network.network_coverage`.

    Examples
    --------
    >>> from dask.distributed import Client  # doctest: +SKIP
    >>> coverage = network_coverage(region, stations, years, floor_dbm=-120.0, label="coverage",
    ...                             share=on_dask(Client("scheduler:8786")))  # doctest: +SKIP
    """

    def share(
        ground: Ground, jobs: Jobs, order: NDArray[np.int32]
    ) -> Iterator[Mapping[str, Layer]]:
        from dask.distributed import as_completed  # noqa: PLC0415  # an extra

        # names of their own: a release from the call before must not hit the same content
        there = client.scatter([ground, order], broadcast=True, hash=False)
        tasks = [
            client.submit(chunk_layers, there[0], chunk, there[1], pure=False)
            for chunk in split_jobs(jobs, stations=chunk_stations)
        ]
        for task in as_completed(tasks):
            yield task.result()
            task.release()  # layers that are added up need no room on the cluster

    return share


def on_executor(
    executor: Executor, *, chunk_stations: int = CHUNK_STATIONS, ahead: int = 4
) -> Share:
    """
    Share stations among the workers of an executor of the standard library, or one that looks like it.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        For example a process pool or an MPI pool.
    chunk_stations : int
        Stations of one task.
    ahead : int
        Tasks under way at once, at least as many as there are workers; what is done waits in memory.

    Returns
    -------
    share : callable
        For :func:`siteplan.coverage.network.network_coverage`.
    """

    def share(
        ground: Ground, jobs: Jobs, order: NDArray[np.int32]
    ) -> Iterator[Mapping[str, Layer]]:
        chunks = iter(split_jobs(jobs, stations=chunk_stations))
        tasks = deque(
            executor.submit(chunk_layers, ground, chunk, order) for chunk in islice(chunks, ahead)
        )
        while tasks:
            layers = tasks.popleft().result()
            tasks.extend(
                executor.submit(chunk_layers, ground, chunk, order) for chunk in islice(chunks, 1)
            )
            yield layers

    return share
