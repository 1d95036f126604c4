"""
All stations of a technology together: best server, level and SINR, in one pass over the stations.

Memory does not grow with the number of stations: only the best level, its server and the total power of
each carrier are kept.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan import catalog
from siteplan.coverage.budget import element_noise_dbm
from siteplan.coverage.footprint import NO_SIGNAL, UNKNOWN_SIGNAL, footprints
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from siteplan.coverage.footprint import Footprint
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
        SINR of the best server in hundredths of a dB, `NO_SIGNAL` where no station reaches.
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


class _Layer:
    """Running best server and total power of one carrier."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.best = np.full(shape, NO_SIGNAL, dtype=np.int16)
        self.server = np.full(shape, -1, dtype=np.int32)
        self.total_mw = np.zeros(shape, dtype=np.float32)
        self.unknown = np.zeros(shape, dtype=bool)

    def add(self, footprint: Footprint, station: int) -> None:
        window = footprint.window
        level = footprint.rsrp_cdbm
        self.unknown[window] |= level == UNKNOWN_SIGNAL
        level = np.where(level == UNKNOWN_SIGNAL, np.int16(NO_SIGNAL), level)
        heard = level > UNKNOWN_SIGNAL
        power = np.where(heard, np.exp(level * np.float32(_LN10 / 10.0 / CENTI)), 0.0)
        self.total_mw[window] += power * footprint.spill
        best = self.best[window]
        better = level > best
        best[better] = level[better]
        self.server[window][better] = station


_LN10 = float(np.log(10.0))


def network_coverage(
    region: Region, stations: pd.DataFrame, years: Sequence[int], *, floor_dbm: float, label: str
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

    Returns
    -------
    coverage : mapping of (technology, year) to Coverage
        For every technology of the scenario's networks; years without change share one array.
    """
    technologies = sorted({network.technology for network in region.scenario.networks})
    result: dict[tuple[str, int], Coverage] = {}
    for technology in technologies:
        chosen = stations[stations["technology"] == technology]
        ids = tuple(str(name) for name in chosen.index)
        layers: dict[str, _Layer] = {}
        previous: Coverage | None = None
        done = np.zeros(len(chosen), dtype=bool)
        for year in years:
            due = ~done & (chosen["year"].to_numpy() <= year)
            if previous is not None and not due.any():
                result[technology, year] = _same(previous, year)
                continue
            positions = np.flatnonzero(due)
            text = f"{label} {technology} {year}"
            for i, footprint in footprints(
                region, chosen.iloc[positions], floor_dbm=floor_dbm, label=text
            ):
                station = int(positions[i])
                carrier = catalog.equipment()[chosen["equipment"].iloc[station]].carrier
                if carrier not in layers:
                    layers[carrier] = _Layer(region.terrain_m.shape)
                layers[carrier].add(footprint, station)
            done |= due
            previous = _combine(region, technology, year, layers, ids)
            result[technology, year] = previous
    return result


def _same(coverage: Coverage, year: int) -> Coverage:
    return Coverage(
        technology=coverage.technology,
        year=year,
        geobox=coverage.geobox,
        rsrp_cdbm=coverage.rsrp_cdbm,
        sinr_cdb=coverage.sinr_cdb,
        server=coverage.server,
        unknown=coverage.unknown,
        station_ids=coverage.station_ids,
    )


def _combine(
    region: Region, technology: str, year: int, layers: Mapping[str, _Layer], ids: tuple[str, ...]
) -> Coverage:
    """Take at each cell the carrier with the strongest server."""
    shape = region.geobox.shape
    best = np.full(shape, NO_SIGNAL, dtype=np.int16)
    sinr = np.full(shape, NO_SIGNAL, dtype=np.int16)
    server = np.full(shape, -1, dtype=np.int32)
    unknown = np.zeros(shape, dtype=bool)
    radio = region.scenario.radio
    for name in sorted(layers):
        layer = layers[name]
        unknown |= layer.unknown
        better = layer.best > best
        noise_mw = 10.0 ** (element_noise_dbm(catalog.carriers()[name], radio) / 10.0)
        level = layer.best[better]
        signal_mw = np.exp(level.astype(np.float32) * np.float32(_LN10 / 10.0 / CENTI))
        others_mw = np.maximum(layer.total_mw[better] - signal_mw, 0.0)
        ratio = signal_mw / (radio.load * others_mw + noise_mw)
        best[better] = level
        sinr[better] = np.rint(10.0 * CENTI * np.log10(ratio)).astype(np.int16)
        server[better] = layer.server[better]
    return Coverage(
        technology=technology,
        year=year,
        geobox=region.geobox,
        rsrp_cdbm=best,
        sinr_cdb=sinr,
        server=server,
        unknown=unknown,
        station_ids=ids,
    )
