"""From footprints to sparse arrays: the signal of each candidate station at each demanded cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.special import ndtri

from siteplan.coverage.footprint import UNKNOWN_SIGMA, WEAKEST, footprints, job_footprints
from siteplan.coverage.ground import region_ground
from siteplan.coverage.jobs import station_jobs
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.coverage.cluster import Share
    from siteplan.coverage.footprint import Footprint
    from siteplan.coverage.ground import Ground
    from siteplan.coverage.jobs import Jobs
    from siteplan.region import Region

    Entries = tuple[int, NDArray[np.int32], NDArray[np.int16]]
    """Row of a station, the elements that it reaches, and its levels there in hundredths of a dBm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    Which levels are kept.

    Attributes
    ----------
    least_cdbm : int
        Weaker ones are left out, in hundredths of a dBm.
    sigmas : float
        Standard deviations by which levels are lowered; where it is not 0, a level without one is left out.
    margin_cdb : float
        Part of that which is asked for in any case, in hundredths of a dB.
    """

    least_cdbm: int
    sigmas: float
    margin_cdb: float


def signal_matrix(
    region: Region,
    stations: pd.DataFrame,
    cells: NDArray[np.int64],
    *,
    floor_dbm: float,
    label: str,
    probability: float = 0.5,
    margin_db: float = 0.0,
    share: Share | None = None,
) -> sp.csr_array:
    """
    Signal of candidate stations at demanded cells.

    Parameters
    ----------
    region : Region
        Grid and terrain.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`.
    cells : ndarray of int64, shape (n,)
        Flat cells, ascending, each once.
    floor_dbm : float
        Weaker signals are left out. [dBm]
    label : str
        What the progress bar says.
    probability : float
        Chance, from 0.5, with which the signal must be there: levels are lowered by what the shadowing asks
        for beyond the margin, and left out where the spread is not known.
    margin_db : float
        Margin that will be asked for in any case. [dB]
    share : callable, optional
        Computes chunks of stations elsewhere, see :mod:`siteplan.coverage.cluster`.

    Returns
    -------
    signal : csr_array of int16, shape (stations, n)
        RSRP in hundredths of a dBm where it reaches the floor; nothing is stored elsewhere, and the work
        is linear in what is stored.
    """
    size = region.geobox.shape[0] * region.geobox.shape[1]
    element = np.full(size, -1, dtype=np.int32)
    element[cells] = np.arange(len(cells), dtype=np.int32)
    element = element.reshape(region.geobox.shape)
    asked = Asked(
        least_cdbm=max(round(floor_dbm * CENTI), WEAKEST),
        sigmas=float(ndtri(probability)),
        margin_cdb=CENTI * margin_db,
    )
    found: Iterable[Entries]
    if share is None:
        made = footprints(region, stations, floor_dbm=floor_dbm, label=label)
        found = (_entries(place, footprint, element, asked) for place, footprint in made)
    else:
        jobs = station_jobs(region, stations, floor_dbm=floor_dbm)
        found = chain.from_iterable(
            share(chunk_signals, region_ground(region), jobs, element, asked)
        )
    columns: list[NDArray[np.int32]] = [np.zeros(0, np.int32)] * len(stations)
    levels: list[NDArray[np.int16]] = [np.zeros(0, np.int16)] * len(stations)
    for position, where, level in found:
        columns[position], levels[position] = where, level
    pointers = np.concatenate([[0], np.cumsum([len(part) for part in columns])])
    return sp.csr_array(
        (
            np.concatenate([np.zeros(0, np.int16), *levels]),
            np.concatenate([np.zeros(0, np.int32), *columns]),
            pointers,
        ),
        shape=(len(stations), len(cells)),
    )


def chunk_signals(
    ground: Ground, jobs: Jobs, element: NDArray[np.int32], asked: Asked
) -> list[Entries]:
    """
    Levels of a chunk of stations: the task that is shared between machines.

    Parameters
    ----------
    ground : Ground
        Terrain and surface.
    jobs : Jobs
        Stations of the chunk.
    element : ndarray of int32, shape (rows, columns)
        Column of each demanded cell, -1 elsewhere.
    asked : Asked
        Which levels are kept.

    Returns
    -------
    entries : list of (position, elements, levels)
        One for each station on the grid.
    """
    return [
        _entries(job.position, footprint, element, asked)
        for job, footprint in job_footprints(ground, jobs)
    ]


def _entries(
    position: int, footprint: Footprint, element: NDArray[np.int32], asked: Asked
) -> Entries:
    where = element[footprint.window]
    level = footprint.rsrp_cdbm
    wanted = (where >= 0) & (level >= asked.least_cdbm)
    if asked.sigmas > 0.0:
        known = footprint.sigma_cdb != UNKNOWN_SIGMA
        more = np.maximum(np.ceil(asked.sigmas * footprint.sigma_cdb) - asked.margin_cdb, 0.0)
        level = np.maximum(level - more, WEAKEST).astype(np.int16)
        wanted &= known & (level >= asked.least_cdbm)
    return position, where[wanted], level[wanted]
