"""
All stations of a technology together: best server, level and SINR, in one pass over the stations.

Memory does not grow with the number of stations: only the best level, its server and spread, and the total
power of each carrier are kept.

SINR is that of one resource element as 3GPP TS 38.215, sec. 5.1.5 (SS-SINR) and TS 36.214, sec. 5.1.13
(RS-SINR) define it: power of the reference signal over noise and interference on the same elements. Every
other cell on the carrier, also those of the same station, uses a share `load` of its elements. RSSI, which
counts the server's own traffic too, is in neither; nor is RSRQ, which needs it, computed.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from tqdm.auto import tqdm

from siteplan import catalog
from siteplan.coverage import _network
from siteplan.coverage.budget import element_noise_dbm
from siteplan.coverage.footprint import NO_SIGNAL, UNKNOWN_SIGNAL, job_footprints
from siteplan.coverage.ground import region_ground
from siteplan.coverage.jobs import station_jobs
from siteplan.coverage.layer import add_layers, chunk_layers, empty_layer
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from siteplan.coverage.cluster import Share
    from siteplan.coverage.jobs import Jobs
    from siteplan.coverage.layer import Layer
    from siteplan.region import Region


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """
    Signal of one technology over the grid at the end of one year.

    Attributes
    ----------
    technology : str
        ``4G`` or ``5G``.
    year : int
        The network is that of the end of this year.
    geobox : GeoBox
        The grid.
    rsrp_cdbm : ndarray of int16, shape (rows, columns)
        RSRP of the best server in hundredths of a dBm, `NO_SIGNAL` where no station reaches.
    sinr_cdb : ndarray of int16, shape (rows, columns)
        SINR of the best server in hundredths of a dB, `NO_SIGNAL` where no station reaches,
        `UNKNOWN_SIGNAL` where missing terrain hides an interferer.
    sigma_db : ndarray of float32, shape (rows, columns)
        Standard deviation of the best server's level around its median, NaN where no station reaches
        or the model publishes none. [dB]
    server : ndarray of int32, shape (rows, columns)
        Position of the best server in `station_ids`, -1 where none.
    unknown : ndarray of bool, shape (rows, columns)
        Where missing terrain hides what some station may deliver.
    station_ids : tuple of str
        All stations of the technology, also those of later years.
    """

    technology: str
    year: int
    geobox: GeoBox
    rsrp_cdbm: NDArray[np.int16]
    sinr_cdb: NDArray[np.int16]
    sigma_db: NDArray[np.float32]
    server: NDArray[np.int32]
    unknown: NDArray[np.bool_]
    station_ids: tuple[str, ...]

    @property
    def rsrp_dbm(self) -> NDArray[np.float32]:
        """RSRP of the best server, NaN where no station reaches or the signal is unknown. [dBm]."""
        return _decoded(self.rsrp_cdbm)

    @property
    def sinr_db(self) -> NDArray[np.float32]:
        """SINR of the best server, NaN where no station reaches or it is unknown. [dB]."""
        return _decoded(self.sinr_cdb)

    def _repr_html_(self) -> str:
        reached = float((self.rsrp_cdbm > UNKNOWN_SIGNAL).mean())
        return (
            f"<b>{html.escape(self.technology)}</b> {self.year}: {len(self.station_ids)} stations, "
            f"signal in {reached:.1%} of the grid, unknown in {float(self.unknown.mean()):.1%}"
        )


def _decoded(values: NDArray[np.int16]) -> NDArray[np.float32]:
    level = values.astype(np.float32) / np.float32(CENTI)
    level[values <= UNKNOWN_SIGNAL] = np.nan
    return level


def network_coverage(
    region: Region,
    stations: pd.DataFrame,
    years: Sequence[int],
    *,
    floor_dbm: float,
    label: str,
    share: Share | None = None,
) -> Mapping[tuple[str, int], Coverage]:
    """
    Coverage of each technology at the end of each year, years nested.

    Parameters
    ----------
    region : Region
        Grid, terrain, radio assumptions.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table` makes it.
    years : sequence of int
        Ascending.
    floor_dbm : float
        Lowest level that anybody uses. [dBm]
    label : str
        What the progress bar says.
    share : callable, optional
        Computes chunks of stations elsewhere, see :mod:`siteplan.coverage.cluster`; on the cores of this
        machine when missing. The result is the same to the last bit.

    Returns
    -------
    coverage : mapping of (technology, year) to Coverage
        For every technology of the scenario's networks; years without change share one array.
    """
    technologies = sorted({network.technology for network in region.scenario.networks})
    result: dict[tuple[str, int], Coverage] = {}
    for technology in technologies:
        chosen = stations[stations["technology"] == technology]
        order = _id_order(chosen)
        layers: dict[str, Layer] = {}
        previous: Coverage | None = None
        done = np.zeros(len(chosen), dtype=bool)
        for year in years:
            due = ~done & (chosen["year"].to_numpy() <= year)
            if previous is not None and not due.any():
                result[technology, year] = replace(previous, year=year)
                continue
            text = f"{label} {technology} {year}"
            jobs = station_jobs(region, chosen[due], floor_dbm=floor_dbm)
            _add_stations(region, jobs, order[due], layers, text, share)
            done |= due
            previous = _combine(region, technology, year, layers, chosen)
            result[technology, year] = previous
    return result


def _id_order(stations: pd.DataFrame) -> NDArray[np.int32]:
    """Place of each station in the order of the ids."""
    order = np.empty(len(stations), dtype=np.int32)
    order[np.argsort(stations.index.astype(str).to_numpy(), kind="stable")] = np.arange(
        len(stations), dtype=np.int32
    )
    return order


def _add_stations(
    region: Region,
    jobs: Jobs,
    order: NDArray[np.int32],
    layers: dict[str, Layer],
    label: str,
    share: Share | None,
) -> None:
    """Add stations to the layers of their carriers."""
    ground, shape = region_ground(region), region.terrain_m.shape
    with tqdm(total=len(jobs), desc=label, unit="station", leave=False, delay=1.0) as bar:
        if share is not None:
            for part in share(chunk_layers, ground, jobs, order):
                add_layers(layers, part, shape)
            return
        for job, footprint in job_footprints(ground, jobs):
            if job.carrier not in layers:
                layers[job.carrier] = empty_layer(0, 0, shape)
            layers[job.carrier].add(footprint, int(order[job.position]))
            bar.update()


def _combine(
    region: Region,
    technology: str,
    year: int,
    layers: Mapping[str, Layer],
    stations: pd.DataFrame,
) -> Coverage:
    """Take at each cell the carrier with the strongest server."""
    shape = region.geobox.shape
    best = np.full(shape, NO_SIGNAL, dtype=np.int16)
    sinr = np.full(shape, NO_SIGNAL, dtype=np.int16)
    sigma = np.full(shape, np.nan, dtype=np.float32)
    server = np.full(shape, _network.NO_SERVER, dtype=np.int32)
    unknown = np.zeros(shape, dtype=bool)
    radio = region.scenario.radio
    for name in sorted(layers):
        layer = layers[name]
        _network.combine(
            layer.best_cdbm,
            layer.server,
            layer.sigma_cdb,
            layer.power,
            layer.unknown,
            radio.load,
            10.0 ** (element_noise_dbm(catalog.carriers()[name], radio) / 10.0),
            best,
            server,
            sigma,
            sinr,
            unknown,
        )
    # from the order of the ids to rows of the table; what is behind all of them is no server
    position = np.append(np.argsort(_id_order(stations)), -1).astype(np.int32)
    return Coverage(
        technology=technology,
        year=year,
        geobox=region.geobox,
        rsrp_cdbm=best,
        sinr_cdb=sinr,
        sigma_db=sigma,
        server=position[np.minimum(server, len(stations))],
        unknown=unknown,
        station_ids=tuple(str(name) for name in stations.index),
    )
