"""What stations or candidates near a gap would deliver there, with a free view and as the land lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.spatial import cKDTree

from siteplan import catalog
from siteplan.coverage.budget import reference_level_dbm
from siteplan.coverage.cells import station_cells
from siteplan.coverage.ground import region_ground
from siteplan.coverage.jobs import model_name
from siteplan.propagation.diffraction import knife_edge_loss
from siteplan.propagation.obstruction import CLEAR, VOID, obstruction
from siteplan.propagation.registry import MODELS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.propagation.registry import Model
    from siteplan.region import Region

NEAREST: Final = 12
"""Stations looked at around a gap."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """
    One station as seen from the cells of a gap.

    Attributes
    ----------
    position : int
        Row of the station in its table.
    free_dbm : ndarray of float64, shape (cells,)
        Level with a free view on the boresight, -inf beyond the largest radius. [dBm]
    level_dbm : ndarray of float64, shape (cells,)
        The same as the land lies: without line of sight where something stands between, -inf where nobody
        knows. [dBm]
    kind : ndarray of int8, shape (cells,)
        What stands between, as :class:`siteplan.propagation.obstruction.Obstruction`.
    raise_m : ndarray of float64, shape (cells,)
        How much higher the antenna must stand for a free view. [m]
    obstacle : ndarray of int64, shape (cells,)
        Flat cell of the obstacle that matters most, -1 for none.
    excess_m : ndarray of float64, shape (cells,)
        Its height above the line of sight. [m]
    """

    position: int
    free_dbm: NDArray[np.float64]
    level_dbm: NDArray[np.float64]
    kind: NDArray[np.int8]
    raise_m: NDArray[np.float64]
    obstacle: NDArray[np.int64]
    excess_m: NDArray[np.float64]

    def serves(self, needed_dbm: float) -> NDArray[np.bool_]:
        """
        Cells that the station would serve.

        Parameters
        ----------
        needed_dbm : float
            Weakest level that counts. [dBm]

        Returns
        -------
        served : ndarray of bool, shape (cells,)
            At that level at least, as the land lies.
        """
        return np.asarray(self.level_dbm >= needed_dbm)


class Surroundings:
    """
    Stations of a table, to be looked up around a place.

    Parameters
    ----------
    region : Region
        Terrain, buildings, radio assumptions.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`.
    """

    def __init__(self, region: Region, stations: pd.DataFrame) -> None:
        self.region = region
        self.ground = region_ground(region)
        self.stations = stations
        self.tree: cKDTree | None = None
        self.strongest_dbm: list[float] = []
        if len(stations):
            self.strongest_dbm = [
                max(cell.level_dbm for cell in cells) for cells in station_cells(region, stations)
            ]
            places = region.sites.geometry.loc[stations["site_id"]]
            self.tree = cKDTree(np.column_stack([places.x, places.y]))

    def distance_m(self, easting_m: float, northing_m: float) -> float:
        """
        Distance to the nearest station.

        Parameters
        ----------
        easting_m, northing_m : float
            Place. [m]

        Returns
        -------
        distance_m : float
            NaN without any station. [m]
        """
        if self.tree is None:
            return float("nan")
        return float(self.tree.query([easting_m, northing_m])[0])

    def near(self, easting_m: float, northing_m: float, *, radius_m: float) -> NDArray[np.int64]:
        """
        Nearest stations within a radius.

        Parameters
        ----------
        easting_m, northing_m : float
            Place. [m]
        radius_m : float
            Largest distance. [m]

        Returns
        -------
        positions : ndarray of int64
            Rows of the table, the nearest first, `NEAREST` at most.
        """
        if self.tree is None:
            return np.zeros(0, dtype=np.int64)
        found = self.tree.query(
            [easting_m, northing_m], k=range(1, NEAREST + 1), distance_upper_bound=radius_m
        )[1]
        return np.asarray(found[found < len(self.stations)], dtype=np.int64)

    def view(self, position: int, cells: NDArray[np.int64], equipment: str | None = None) -> View:
        """
        Look from a station to some cells.

        Parameters
        ----------
        position : int
            Row of the table.
        cells : ndarray of int64
            Flat cells of the grid.
        equipment : str, optional
            Equipment to suppose instead of the station's own.

        Returns
        -------
        view : View
            Levels and obstacles.
        """
        station = self.stations.iloc[position]
        columns = self.region.geobox.shape[1]
        row, column = divmod(int(station["cell"]), columns)
        height = float(station["antenna_height_m"])
        to_row, to_column = np.divmod(cells, columns)
        apart = np.hypot(to_row - row, to_column - column) * self.region.resolution_m
        gear = catalog.equipment()[equipment or str(station["equipment"])]
        carrier, radio = catalog.carriers()[gear.carrier], self.region.scenario.radio
        if equipment is None:
            level = self.strongest_dbm[position]
        else:
            level = reference_level_dbm(gear, carrier, radio)
        model = MODELS[model_name(radio, gear.scale)]
        free = level - self._loss(model, carrier.frequency_mhz, height, apart, line_of_sight=True)
        if int(station["cell"]) < 0:  # outside the grid: nobody knows what lies between
            unknown = np.full(len(cells), VOID, dtype=np.int8)
            nothing = np.zeros(len(cells))
            nowhere = np.full(len(cells), -np.inf)
            return View(position, free, nowhere, unknown, nothing, np.full(len(cells), -1), nothing)
        ground = self.ground
        clutter = ground.clutter_m if model.over_terrain else None
        way = obstruction(
            ground.terrain_m,
            ground.obstacle_m if clutter is None else clutter,
            (row, column, height),
            cells,
            receiver_height_m=self.region.scenario.radio.receiver_height_m,
            cell_m=self.region.resolution_m,
        )
        if model.over_terrain:
            # one knife edge stands for the sweep: enough to tell a candidate that will do
            hidden = free - knife_edge_loss(
                way.excess_m,
                np.maximum(way.share * apart, 1.0),
                np.maximum((1.0 - way.share) * apart, 1.0),
                frequency_mhz=carrier.frequency_mhz,
            )
        else:
            loss = self._loss(model, carrier.frequency_mhz, height, apart, line_of_sight=False)
            hidden = level - loss
        lies = np.select([way.kind == CLEAR, way.kind == VOID], [free, -np.inf], hidden)
        return View(position, free, lies, way.kind, way.raise_m(), way.cell, way.excess_m)

    def _loss(
        self,
        model: Model,
        frequency_mhz: float,
        height_m: float,
        distance_m: NDArray[np.float64],
        *,
        line_of_sight: bool,
    ) -> NDArray[np.float64]:
        """Loss of a distance model, infinite beyond the largest radius. [dB]."""
        radio = self.region.scenario.radio
        loss = model.loss(
            np.maximum(distance_m, self.region.resolution_m / 2.0),
            frequency_mhz,
            height_m,
            radio.receiver_height_m,
            line_of_sight=line_of_sight,
        )
        return np.where(distance_m <= radio.radius_m, loss, np.inf)
