"""The signal of one station over its neighbourhood, quantised to hundredths of a decibel."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
from pyproj import Transformer
from tqdm.auto import tqdm

from siteplan import catalog
from siteplan.coverage.antenna import station_gain
from siteplan.coverage.budget import reference_level_dbm
from siteplan.propagation import p1812
from siteplan.propagation.line_of_sight import SEEN, UNKNOWN, line_of_sight
from siteplan.propagation.registry import MODELS
from siteplan.propagation.sweep import sweep
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.catalog import Carrier
    from siteplan.region import Region

NO_SIGNAL: Final = -32768
"""Quantised level where the station is out of reach."""

UNKNOWN_SIGNAL: Final = -32767
"""Quantised level where terrain is missing on the way."""

WEAKEST: Final = -32766
"""Smallest quantised level that is a level."""

NEAREST_CELLS: Final = 0.5
"""Distance taken for the cell of the mast itself, in cells."""


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
    """

    row: int
    column: int
    rsrp_cdbm: NDArray[np.int16]
    spill: NDArray[np.float32]

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
    groups = _groups(region, stations, floor_dbm)
    # one rim for all: what a station gives must not depend on the floor or on its neighbours
    rim = _most_cells(region)
    workers = os.cpu_count() or 1
    with (
        ThreadPoolExecutor(workers) as pool,
        tqdm(
            total=sum(len(group) for group in groups),
            desc=label,
            unit="station",
            leave=False,
            delay=1.0,
        ) as bar,
    ):
        # a few groups at a time: footprints that wait for their turn take memory
        for first in range(0, len(groups), 4 * workers):
            batch = groups[first : first + 4 * workers]
            for made in pool.map(partial(_group_footprints, region, rim), batch):
                yield from made
                bar.update(len(made))


@dataclass(frozen=True, slots=True)
class _Plan:
    row: int
    column: int
    antenna_height_m: float
    radius_cells: int
    position: int
    equipment: str
    azimuth_deg: float
    latitude_deg: float


def _groups(region: Region, stations: pd.DataFrame, floor_dbm: float) -> list[list[_Plan]]:
    """Stations on the grid, those of one antenna position together, the farthest reaching first."""
    _, columns = region.geobox.shape
    plans = []
    reaches: dict[tuple[str, float], int] = {}
    latitude = _latitudes(region, stations["cell"].to_numpy())
    for position, station in enumerate(stations.itertuples(index=False)):
        if station.cell < 0:
            continue
        height = float(station.antenna_height_m)
        if (station.equipment, height) not in reaches:
            reach = _reach_cells(region, station.equipment, height, floor_dbm)
            reaches[station.equipment, height] = reach
        row, column = divmod(int(station.cell), columns)
        plans.append(
            _Plan(
                row=row,
                column=column,
                antenna_height_m=height,
                radius_cells=reaches[station.equipment, height],
                position=position,
                equipment=station.equipment,
                azimuth_deg=float(station.azimuth_deg),
                latitude_deg=float(latitude[position]),
            )
        )
    plans.sort(key=lambda p: (p.row, p.column, p.antenna_height_m, -p.radius_cells, p.position))
    return [
        list(group)
        for _, group in groupby(plans, key=lambda p: (p.row, p.column, p.antenna_height_m))
    ]


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


def _group_footprints(region: Region, rim: int, group: list[_Plan]) -> list[tuple[int, Footprint]]:
    """Footprints of the stations of one antenna position."""
    made = []
    sight: NDArray[np.uint8] | None = None
    for plan in group:
        if MODELS[_model_name(region, plan.equipment)].over_terrain:
            loss = _terrain_loss(region, plan, rim)
        else:
            if sight is None:
                sight = line_of_sight(
                    region.terrain_m,
                    region.building_m,
                    row=plan.row,
                    column=plan.column,
                    antenna_height_m=plan.antenna_height_m,
                    receiver_height_m=region.scenario.radio.receiver_height_m,
                    cell_m=region.resolution_m,
                    radius_cells=max(other.radius_cells for other in group),
                    rim_cells=rim,
                )
            loss = _distance_loss(region, plan, sight)
        made.append((plan.position, _footprint(region, plan, loss)))
    return made


def _model_name(region: Region, equipment: str) -> str:
    radio = region.scenario.radio
    macro = catalog.equipment()[equipment].scale == "macro"
    return radio.macro_model if macro else radio.micro_model


@lru_cache(maxsize=8)
def _rings(radius_cells: int) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
    """Distances of all cells of a window: each once, where it is used, and the bearings."""
    offset = np.arange(-radius_cells, radius_cells + 1)
    squared = offset[:, None] ** 2 + offset[None, :] ** 2
    unique, inverse = np.unique(squared, return_inverse=True)
    bearing = np.degrees(np.arctan2(offset[None, :], -offset[:, None]))
    distance = np.maximum(np.sqrt(unique), NEAREST_CELLS)
    return distance, inverse.reshape(squared.shape).astype(np.int32), bearing


@lru_cache(maxsize=64)
def _gains(
    radius_cells: int, pattern: str, sectors: int, azimuth_deg: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    _, _, bearing = _rings(radius_cells)
    best, total = station_gain(bearing, pattern=pattern, sectors=sectors, azimuth_deg=azimuth_deg)
    return best.astype(np.float32), (10.0 ** ((total - best) / 10.0)).astype(np.float32)


def _losses(
    region: Region, equipment: str, height_m: float, distance_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    model = MODELS[_model_name(region, equipment)]
    frequency = _carrier(equipment).frequency_mhz
    receiver = region.scenario.radio.receiver_height_m
    seen, hidden = (
        model.loss(distance_m, frequency, height_m, receiver, line_of_sight=sight)
        for sight in (True, False)
    )
    return seen, hidden


def _carrier(equipment: str) -> Carrier:
    return catalog.carriers()[catalog.equipment()[equipment].carrier]


def _reference_dbm(region: Region, equipment: str) -> float:
    gear = catalog.equipment()[equipment]
    return reference_level_dbm(gear, _carrier(equipment), region.scenario.radio)


def _most_cells(region: Region) -> int:
    """Cells that no station is computed beyond."""
    rows, columns = region.geobox.shape
    cells = int(region.scenario.radio.radius_m // region.resolution_m)
    return min(max(cells, 1), rows + columns)


def _reach_cells(region: Region, equipment: str, height_m: float, floor_dbm: float) -> int:
    distance_m = np.arange(1, _most_cells(region) + 1, dtype=np.float64) * region.resolution_m
    seen, _ = _losses(region, equipment, height_m, distance_m)
    usable = np.flatnonzero(_reference_dbm(region, equipment) - seen >= floor_dbm)
    if usable.size == 0:
        return 1
    return min(int(usable[-1]) + 2, len(distance_m))  # the floor lies before the next whole cell


def _distance_loss(region: Region, plan: _Plan, sight: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Loss of a distance model on the window of a station, NaN where the sight is unknown. [dB]."""
    radius = plan.radius_cells
    margin = (sight.shape[0] - 1) // 2 - radius
    if margin:
        sight = sight[margin:-margin, margin:-margin]
    distance, ring, _ = _rings(radius)
    seen, hidden = _losses(
        region, plan.equipment, plan.antenna_height_m, distance * region.resolution_m
    )
    table = np.stack([hidden, seen]).astype(np.float32)
    loss = table[(sight == SEEN).astype(np.int8), ring]
    loss[sight == UNKNOWN] = np.nan
    return np.asarray(loss)


def _terrain_loss(region: Region, plan: _Plan, rim: int) -> NDArray[np.float32]:
    """Loss of P.1812 on the window of a station, NaN where terrain is missing on the way. [dB]."""
    link = p1812.Link(
        frequency_mhz=_carrier(plan.equipment).frequency_mhz,
        transmitter_height_m=plan.antenna_height_m,
        receiver_height_m=region.scenario.radio.receiver_height_m,
        latitude_deg=plan.latitude_deg,
    )
    return sweep(
        region.terrain_m,
        region.building_m if region.building_m.any() else None,
        link,
        row=plan.row,
        column=plan.column,
        cell_m=region.resolution_m,
        radius_m=plan.radius_cells * region.resolution_m,
        rim_m=rim * region.resolution_m,
        time_percent=region.scenario.radio.time_percent,
    )


def _footprint(region: Region, plan: _Plan, loss: NDArray[np.float32]) -> Footprint:
    radius = plan.radius_cells
    distance, ring, _ = _rings(radius)
    gear = catalog.equipment()[plan.equipment]
    gain, spill = _gains(radius, gear.pattern, gear.sectors, plan.azimuth_deg)
    rsrp = np.float32(_reference_dbm(region, plan.equipment)) + gain - loss
    unknown = np.isnan(rsrp)
    rsrp[unknown] = 0.0
    quantised = np.clip(np.rint(rsrp * CENTI), WEAKEST, 32767).astype(np.int16)
    quantised[unknown] = UNKNOWN_SIGNAL
    quantised[(distance > radius + NEAREST_CELLS)[ring]] = NO_SIGNAL
    rows, columns = region.geobox.shape
    top, left = max(plan.row - radius, 0), max(plan.column - radius, 0)
    bottom, right = min(plan.row + radius + 1, rows), min(plan.column + radius + 1, columns)
    cut = (
        slice(top - plan.row + radius, bottom - plan.row + radius),
        slice(left - plan.column + radius, right - plan.column + radius),
    )
    return Footprint(row=top, column=left, rsrp_cdbm=quantised[cut], spill=spill[cut])
