"""The signal of one station over its neighbourhood, quantised to hundredths of a decibel."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
from tqdm.auto import tqdm

from siteplan.coverage import _beam
from siteplan.coverage.correction import corrected_loss
from siteplan.coverage.ground import region_ground
from siteplan.coverage.jobs import station_jobs
from siteplan.coverage.shadow import location_sigma, shadow_sigma
from siteplan.propagation import p1812
from siteplan.propagation.line_of_sight import SEEN, UNKNOWN, line_of_sight
from siteplan.propagation.registry import MODELS
from siteplan.propagation.sweep import sweep
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.coverage.ground import Ground
    from siteplan.coverage.jobs import Job, Jobs
    from siteplan.region import Region

NO_SIGNAL: Final = _beam.NO_SIGNAL
"""Quantised level where the station is out of reach."""

UNKNOWN_SIGNAL: Final = _beam.UNKNOWN_SIGNAL
"""Quantised level where terrain is missing on the way."""

WEAKEST: Final = _beam.WEAKEST
"""Smallest quantised level that is a level."""

NEAREST_CELLS: Final = _beam.NEAREST_CELLS
"""Distance taken for the cell of the mast itself, in cells."""

UNKNOWN_SIGMA: Final = -1
"""Quantised spread where the model has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """
    Signal of one station on a window of the grid.

    Attributes
    ----------
    row, column : int
        Upper left cell of the window.
    rsrp_cdbm : ndarray of int16, shape (rows, columns)
        RSRP of the station's best cell in hundredths of a dBm, or one of the two sentinels.
    spill : ndarray of float32, shape (rows, columns)
        Power of all cells of the station over that of the best, at least 1.
    sigma_cdb : ndarray of int16, shape (rows, columns)
        Standard deviation of the level in hundredths of a dB, -1 where the model has none.
    """

    row: int
    column: int
    rsrp_cdbm: NDArray[np.int16]
    spill: NDArray[np.float32]
    sigma_cdb: NDArray[np.int16]

    @property
    def window(self) -> tuple[slice, slice]:
        """Index of the window in the grid."""
        rows, columns = self.rsrp_cdbm.shape
        return slice(self.row, self.row + rows), slice(self.column, self.column + columns)


def footprints(
    region: Region, stations: pd.DataFrame, *, floor_dbm: float, label: str
) -> Iterator[tuple[int, Footprint]]:
    """
    Footprints of many stations, one at a time; a site's line of sight is computed once.

    Parameters
    ----------
    region : Region
        Terrain, buildings, radio assumptions.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table` makes it.
    floor_dbm : float
        Lowest level that anybody uses; a station ends where even a free view stays below it. [dBm]
    label : str
        What the progress bar says.

    Yields
    ------
    position : int
        Row of the station in `stations`.
    footprint : Footprint
        Its signal. Stations outside the grid are passed over.
    """
    jobs = station_jobs(region, stations, floor_dbm=floor_dbm)
    with tqdm(total=len(jobs), desc=label, unit="station", leave=False, delay=1.0) as bar:
        for job, footprint in job_footprints(region_ground(region), jobs):
            yield job.position, footprint
            bar.update()


def job_footprints(ground: Ground, jobs: Jobs) -> Iterator[tuple[Job, Footprint]]:
    """
    Footprints of stations on all cores, in order, a few at a time.

    Parameters
    ----------
    ground : Ground
        Terrain and surface.
    jobs : Jobs
        Stations on the grid.

    Yields
    ------
    job : Job
        The station.
    footprint : Footprint
        Its signal.
    """
    workers = os.cpu_count() or 1
    groups = iter(jobs.groups)
    with ThreadPoolExecutor(workers) as pool:
        # footprints that wait for their turn take memory: few at a time
        waiting = deque(
            pool.submit(_group_footprints, ground, group, jobs.cuts)
            for group in islice(groups, 2 * workers)
        )
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(
                pool.submit(_group_footprints, ground, group, jobs.cuts)
                for group in islice(groups, 1)
            )
            yield from made


def _group_footprints(
    ground: Ground, group: tuple[Job, ...], cuts: NDArray[np.float32]
) -> list[tuple[Job, Footprint]]:
    """Footprints of the stations of one antenna position."""
    made = []
    sight: NDArray[np.uint8] | None = None
    for job in group:
        if MODELS[job.model].over_terrain:
            loss = _terrain_loss(ground, job)
            sigma = None
        else:
            if sight is None:
                sight = line_of_sight(
                    ground.terrain_m,
                    ground.obstacle_m,
                    row=job.row,
                    column=job.column,
                    antenna_height_m=job.antenna_height_m,
                    receiver_height_m=ground.radio.receiver_height_m,
                    cell_m=ground.cell_m,
                    radius_cells=max(other.radius_cells for other in group),
                    # one rim for all: what a station gives must not depend on the floor or on
                    # its neighbours
                    rim_cells=ground.most_cells,
                )
            loss, sigma = _distance_loss(ground, job, sight)
        made.append((job, _footprint(ground, job, cuts, loss, sigma)))
    return made


@lru_cache(maxsize=4)
def _rings(radius_cells: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Distances of all cells of a window: each once, and where it is used."""
    offset = np.arange(-radius_cells, radius_cells + 1)
    squared = offset[:, None] ** 2 + offset[None, :] ** 2
    unique, inverse = np.unique(squared, return_inverse=True)
    distance = np.maximum(np.sqrt(unique), NEAREST_CELLS)
    return distance, inverse.reshape(squared.shape).astype(np.int32)


def _distance_loss(
    ground: Ground, job: Job, sight: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Loss and spread of a distance model on the window of a station, NaN where sight is unknown. [dB]."""
    margin = (sight.shape[0] - 1) // 2 - job.radius_cells
    if margin:
        sight = sight[margin:-margin, margin:-margin]
    cells, ring = _rings(job.radius_cells)
    distance_m = cells * ground.cell_m
    receiver = ground.radio.receiver_height_m
    model = MODELS[job.model]
    losses, sigmas = [], []
    for seen in (False, True):
        loss = model.loss(
            distance_m,
            job.frequency_mhz,
            job.antenna_height_m,
            receiver,
            line_of_sight=seen,
        )
        losses.append(corrected_loss(loss, distance_m, job.correction))
        sigmas.append(
            shadow_sigma(
                job.model,
                distance_m,
                frequency_mhz=job.frequency_mhz,
                base_height_m=job.antenna_height_m,
                mobile_height_m=receiver,
                line_of_sight=seen,
            )
        )
    place = (sight == SEEN).astype(np.int8), ring
    table = np.stack(losses).astype(np.float32)[place]
    table[sight == UNKNOWN] = np.nan
    return table, _quantised_sigma(np.stack(sigmas))[place]


def _quantised_sigma(sigma_db: NDArray[np.float64]) -> NDArray[np.int16]:
    steps = np.rint(sigma_db * CENTI)
    return np.where(np.isnan(sigma_db), UNKNOWN_SIGMA, steps).astype(np.int16)


def _terrain_loss(ground: Ground, job: Job) -> NDArray[np.float32]:
    """Loss of P.1812 on the window of a station, NaN where terrain is missing on the way. [dB]."""
    link = p1812.Link(
        frequency_mhz=job.frequency_mhz,
        transmitter_height_m=job.antenna_height_m,
        receiver_height_m=ground.radio.receiver_height_m,
        latitude_deg=job.latitude_deg,
    )
    loss = sweep(
        ground.terrain_m,
        ground.clutter_m,
        link,
        row=job.row,
        column=job.column,
        cell_m=ground.cell_m,
        radius_m=job.radius_cells * ground.cell_m,
        rim_m=ground.most_cells * ground.cell_m,
        samples_per_cell=ground.radio.samples_per_cell,
        time_percent=ground.radio.time_percent,
        atmosphere=ground.atmosphere,
        outside="compute",  # siteplan.coverage.validity tells of it, or refuses
    )
    if job.correction is not None:
        cells, ring = _rings(job.radius_cells)
        added = corrected_loss(np.zeros(len(cells)), cells * ground.cell_m, job.correction)
        loss += added.astype(np.float32)[ring]
    return loss


def _footprint(
    ground: Ground,
    job: Job,
    cuts: NDArray[np.float32],
    loss: NDArray[np.float32],
    sigma: NDArray[np.int16] | None,
) -> Footprint:
    radius = job.radius_cells
    rows, columns = ground.terrain_m.shape
    top, left = max(job.row - radius, 0), max(job.column - radius, 0)
    bottom, right = min(job.row + radius + 1, rows), min(job.column + radius + 1, columns)
    level = np.empty((bottom - top, right - left), dtype=np.int16)
    spill = np.empty(level.shape, dtype=np.float32)
    mast_m = float(ground.terrain_m[job.row, job.column]) + job.antenna_height_m
    _beam.levels(
        loss,
        ground.terrain_m,
        (job.row, job.column),
        mast_m - ground.radio.receiver_height_m,
        ground.cell_m,
        job.beams,
        cuts,
        (top, left),
        level,
        spill,
    )
    if sigma is None:
        clutter = ground.obstacle_m if ground.clutter_m is None else ground.clutter_m
        spread = location_sigma(
            clutter[top:bottom, left:right],
            frequency_mhz=job.frequency_mhz,
            resolution_m=ground.cell_m,
            receiver_height_m=ground.radio.receiver_height_m,
        )
        sigma = _quantised_sigma(spread)
    else:
        up, aside = job.row - radius, job.column - radius
        sigma = np.ascontiguousarray(sigma[top - up : bottom - up, left - aside : right - aside])
    if job.correction is not None and job.correction.sigma_db is not None:
        sigma = np.full(level.shape, round(job.correction.sigma_db * CENTI), dtype=np.int16)
    return Footprint(row=top, column=left, rsrp_cdbm=level, spill=spill, sigma_cdb=sigma)
