"""
Stations on a cluster: a chunk of them is the task.

What a task does is a pure function of the region's arrays and some stations, as
:func:`siteplan.coverage.layer.chunk_layers` and :func:`siteplan.selection.signals.chunk_signals` are; what
they give can be put together in any order, to the last bit. Dask is an extra (``siteplan[dask]``): nothing
here is needed on one machine, where all cores are used anyway.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from siteplan.coverage.jobs import Jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from siteplan.coverage.ground import Ground

_Part = TypeVar("_Part")


class Share(Protocol):
    """Does work on chunks of stations somewhere else, and gives what each comes to, in any order."""

    def __call__(
        self,
        work: Callable[..., _Part],
        ground: Ground,
        jobs: Jobs,
        *given: Any,  # noqa: ANN401  # whatever else the work takes
    ) -> Iterator[_Part]:
        """Give ``work(ground, chunk, *given)`` for every chunk of the jobs."""


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
        For :func:`siteplan.make_plan` and the stages that take one.

    Examples
    --------
    >>> from dask.distributed import Client  # doctest: +SKIP
    >>> plan = siteplan.make_plan(region, share=on_dask(Client("scheduler:8786")))  # doctest: +SKIP
    """

    def share(
        work: Callable[..., _Part],
        ground: Ground,
        jobs: Jobs,
        *given: Any,  # noqa: ANN401  # as in the protocol
    ) -> Iterator[_Part]:
        from dask.distributed import as_completed  # noqa: PLC0415  # an extra

        # names of their own: a release from the call before must not hit the same content
        there = client.scatter([ground, *given], broadcast=True, hash=False)
        tasks = [
            client.submit(work, there[0], chunk, *there[1:], pure=False)
            for chunk in split_jobs(jobs, stations=chunk_stations)
        ]
        for task in as_completed(tasks):
            yield task.result()
            task.release()  # what is put together here needs no room on the cluster

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
        For :func:`siteplan.make_plan` and the stages that take one.
    """

    def share(
        work: Callable[..., _Part],
        ground: Ground,
        jobs: Jobs,
        *given: Any,  # noqa: ANN401  # as in the protocol
    ) -> Iterator[_Part]:
        chunks = iter(split_jobs(jobs, stations=chunk_stations))
        tasks = deque(
            executor.submit(work, ground, chunk, *given) for chunk in islice(chunks, ahead)
        )
        while tasks:
            part = tasks.popleft().result()
            tasks.extend(
                executor.submit(work, ground, chunk, *given) for chunk in islice(chunks, 1)
            )
            yield part

    return share
