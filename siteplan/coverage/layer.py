"""
Stations of one carrier added up over a window of the grid.

Everything here can be added in any order and in any parts with the same result to the last bit: levels
are whole hundredths of a decibel, of equal levels the station whose id comes first serves, and powers are
summed as whole units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.coverage import _network
from siteplan.coverage.footprint import NO_SIGNAL, UNKNOWN_SIGMA, job_footprints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.coverage.footprint import Footprint
    from siteplan.coverage.ground import Ground
    from siteplan.coverage.jobs import Jobs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """
    What the stations of one carrier give on a window of the grid.

    Attributes
    ----------
    row, column : int
        Upper left cell of the window.
    best_cdbm : ndarray of int16, shape (rows, columns)
        Strongest level in hundredths of a dBm, `NO_SIGNAL` where none is heard.
    server : ndarray of int32, shape (rows, columns)
        Its station, as a place in the order of the stations' ids.
    sigma_cdb : ndarray of int16, shape (rows, columns)
        Its standard deviation in hundredths of a dB.
    power : ndarray of uint64, shape (rows, columns)
        Power of all cells in units of 1e-17 mW.
    unknown : ndarray of bool, shape (rows, columns)
        Where missing terrain hides what some station may deliver.
    """

    row: int
    column: int
    best_cdbm: NDArray[np.int16]
    server: NDArray[np.int32]
    sigma_cdb: NDArray[np.int16]
    power: NDArray[np.uint64]
    unknown: NDArray[np.bool_]

    def add(self, footprint: Footprint, server: int) -> None:
        """
        Add one station; its window must lie inside this one.

        Parameters
        ----------
        footprint : Footprint
            Its signal.
        server : int
            Its place in the order of the stations' ids.
        """
        _network.add_station(
            server,
            footprint.rsrp_cdbm,
            footprint.spill,
            footprint.sigma_cdb,
            (footprint.row - self.row, footprint.column - self.column),
            self.best_cdbm,
            self.server,
            self.sigma_cdb,
            self.power,
            self.unknown,
        )

    def merge(self, other: Layer) -> None:
        """
        Add what other stations gave; their window must lie inside this one.

        Parameters
        ----------
        other : Layer
            Stations that are not in this layer.
        """
        _network.merge(
            other.best_cdbm,
            other.server,
            other.sigma_cdb,
            other.power,
            other.unknown,
            (other.row - self.row, other.column - self.column),
            self.best_cdbm,
            self.server,
            self.sigma_cdb,
            self.power,
            self.unknown,
        )


def empty_layer(row: int, column: int, shape: tuple[int, int]) -> Layer:
    """
    Layer without stations.

    Parameters
    ----------
    row, column : int
        Upper left cell of the window.
    shape : tuple of int
        Rows and columns.

    Returns
    -------
    layer : Layer
        Nothing heard anywhere, nothing unknown.
    """
    return Layer(
        row=row,
        column=column,
        best_cdbm=np.full(shape, NO_SIGNAL, dtype=np.int16),
        server=np.full(shape, _network.NO_SERVER, dtype=np.int32),
        sigma_cdb=np.full(shape, UNKNOWN_SIGMA, dtype=np.int16),
        power=np.zeros(shape, dtype=np.uint64),
        unknown=np.zeros(shape, dtype=np.bool_),
    )


def chunk_layers(ground: Ground, jobs: Jobs, order: NDArray[np.int32]) -> dict[str, Layer]:
    """
    Layers of a chunk of stations: the task that is shared between machines.

    Parameters
    ----------
    ground : Ground
        Terrain and surface.
    jobs : Jobs
        Stations of the chunk.
    order : ndarray of int32
        Place of each station of the table in the order of the ids.

    Returns
    -------
    layers : dict of str to Layer
        By carrier, on windows that just hold the stations.
    """
    layers: dict[str, Layer] = {}
    for carrier in {job.carrier for group in jobs.groups for job in group}:
        layers[carrier] = empty_layer(*_frame(ground, jobs, carrier))
    for job, footprint in job_footprints(ground, jobs):
        layers[job.carrier].add(footprint, int(order[job.position]))
    return layers


def _frame(ground: Ground, jobs: Jobs, carrier: str) -> tuple[int, int, tuple[int, int]]:
    """Window that holds every station of a carrier."""
    rows, columns = ground.terrain_m.shape
    some = [job for group in jobs.groups for job in group if job.carrier == carrier]
    top = max(min(job.row - job.radius_cells for job in some), 0)
    left = max(min(job.column - job.radius_cells for job in some), 0)
    bottom = min(max(job.row + job.radius_cells for job in some) + 1, rows)
    right = min(max(job.column + job.radius_cells for job in some) + 1, columns)
    return top, left, (bottom - top, right - left)


def add_layers(total: dict[str, Layer], part: Mapping[str, Layer], shape: tuple[int, int]) -> None:
    """
    Add the layers of a chunk to those of the whole grid.

    Parameters
    ----------
    total : dict of str to Layer
        By carrier, on the whole grid; a carrier that is new gets its layer.
    part : mapping of str to Layer
        From :func:`chunk_layers`.
    shape : tuple of int
        Rows and columns of the grid.
    """
    for carrier, layer in part.items():
        if carrier not in total:
            total[carrier] = empty_layer(0, 0, shape)
        total[carrier].merge(layer)
