"""What has to be computed: stations placed on the grid, those of one antenna position together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Transformer

from siteplan import catalog
from siteplan.coverage import _beam
from siteplan.coverage.cells import station_beams
from siteplan.coverage.correction import corrected_loss
from siteplan.coverage.ground import region_ground
from siteplan.propagation import p1812
from siteplan.propagation.registry import MODELS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.coverage.ground import Ground
    from siteplan.region import Region
    from siteplan.scenario import Correction, Radio


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """
    One station as the propagation stage takes it.

    Attributes
    ----------
    position : int
        Row of the station in its table.
    row, column : int
        Cell of the grid.
    antenna_height_m : float
        Antenna above ground. [m]
    radius_cells : int
        How far anybody uses the station.
    carrier : str
        Name in the catalogue.
    frequency_mhz : float
        Of the carrier. [MHz]
    model : str
        Propagation model.
    latitude_deg : float
        Of the mast, NaN when no model asks. [deg]
    correction : Correction or None
        Calibration of the model on the carrier.
    beams : ndarray of float64, shape (cells, 7)
        Its cells.
    """

    position: int
    row: int
    column: int
    antenna_height_m: float
    radius_cells: int
    carrier: str
    frequency_mhz: float
    model: str
    latitude_deg: float
    correction: Correction | None
    beams: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Jobs:
    """
    All stations to compute.

    Attributes
    ----------
    groups : tuple of tuple of Job
        Stations of one antenna position together, the farthest reaching first.
    cuts : ndarray of float32, shape (antennas, 3, 1442)
        Cuts of the antennas in use. [dB]
    """

    groups: tuple[tuple[Job, ...], ...]
    cuts: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of stations."""
        return sum(len(group) for group in self.groups)


def station_jobs(region: Region, stations: pd.DataFrame, *, floor_dbm: float) -> Jobs:
    """
    Place stations on the grid.

    Parameters
    ----------
    region : Region
        Grid, cells, models.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table` makes it.
    floor_dbm : float
        Lowest level that anybody uses; a station ends where even a free view stays below it. [dBm]

    Returns
    -------
    jobs : Jobs
        Stations outside the grid are left out.
    """
    ground = region_ground(region)
    beams = station_beams(region, stations)
    _, columns = region.geobox.shape
    reaches: dict[tuple[str, float, float], int] = {}
    latitude = _latitudes(region, stations["cell"].to_numpy())
    found = []
    for position, (station, rows) in enumerate(
        zip(stations.itertuples(index=False), beams.rows, strict=True)
    ):
        if station.cell < 0:
            continue
        height = float(station.antenna_height_m)
        gear = catalog.equipment()[station.equipment]
        model = model_name(region.scenario.radio, gear.scale)
        strongest = float(rows[:, _beam.LEVEL].max())
        correction = region.scenario.radio.correction(model, gear.carrier)
        frequency = catalog.carriers()[gear.carrier].frequency_mhz
        key = station.equipment, height, strongest
        if key not in reaches:
            reaches[key] = _reach_cells(
                ground, model, frequency, height, strongest - floor_dbm, correction
            )
        row, column = divmod(int(station.cell), columns)
        found.append(
            Job(
                position=position,
                row=row,
                column=column,
                antenna_height_m=height,
                radius_cells=reaches[key],
                carrier=gear.carrier,
                frequency_mhz=frequency,
                model=model,
                latitude_deg=float(latitude[position]),
                correction=correction,
                beams=rows,
            )
        )
    found.sort(key=lambda j: (*_mast(j), -j.radius_cells, j.position))
    groups = tuple(tuple(group) for _, group in groupby(found, key=_mast))
    return Jobs(groups=groups, cuts=beams.cuts)


def model_name(radio: Radio, scale: str) -> str:
    """
    Propagation model of a scale.

    Parameters
    ----------
    radio : Radio
        With both models.
    scale : {"macro", "micro"}
        Scale of the equipment.

    Returns
    -------
    name : str
        Name of the model.
    """
    return radio.macro_model if scale == "macro" else radio.micro_model


def _mast(job: Job) -> tuple[int, int, float]:
    return job.row, job.column, job.antenna_height_m


def _latitudes(region: Region, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Latitude of the centres of cells. [deg]."""
    radio = region.scenario.radio
    if not any(MODELS[name].over_terrain for name in (radio.macro_model, radio.micro_model)):
        return np.full(len(cells), np.nan)  # nobody asks
    row, column = np.divmod(cells, region.geobox.shape[1])
    box, step = region.geobox.extent.boundingbox, region.resolution_m
    degrees = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True)
    _, latitude = degrees.transform(box.left + (column + 0.5) * step, box.top - (row + 0.5) * step)
    return np.asarray(latitude, dtype=np.float64)


def _reach_cells(
    ground: Ground,
    model: str,
    frequency_mhz: float,
    height_m: float,
    most_loss_db: float,
    correction: Correction | None,
) -> int:
    distance_m = np.arange(1, ground.most_cells + 1, dtype=np.float64) * ground.cell_m
    receiver = ground.radio.receiver_height_m
    if MODELS[model].over_terrain:  # for less than half the time it may lie under free space
        seen = p1812.least_loss(
            distance_m, frequency_mhz=frequency_mhz, time_percent=ground.radio.time_percent
        )
    else:
        seen = MODELS[model].loss(distance_m, frequency_mhz, height_m, receiver, line_of_sight=True)
    usable = np.flatnonzero(corrected_loss(seen, distance_m, correction) <= most_loss_db)
    if usable.size == 0:
        return 1
    return min(int(usable[-1]) + 2, len(distance_m))  # the floor lies before the next whole cell
