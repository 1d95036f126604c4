"""From footprints to sparse arrays: the signal of each candidate station at each demanded cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.special import ndtri

from siteplan.coverage.footprint import UNKNOWN_SIGMA, WEAKEST, footprints
from siteplan.units import CENTI

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.region import Region


def signal_matrix(
    region: Region,
    stations: pd.DataFrame,
    cells: NDArray[np.int64],
    *,
    floor_dbm: float,
    label: str,
    probability: float = 0.5,
    margin_db: float = 0.0,
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

    Returns
    -------
    signal : csr_array of int16, shape (stations, n)
        RSRP in hundredths of a dBm where it reaches the floor; nothing is stored elsewhere, and the work
        is linear in what is stored.
    """
    factor = float(ndtri(probability))
    size = region.geobox.shape[0] * region.geobox.shape[1]
    element = np.full(size, -1, dtype=np.int32)
    element[cells] = np.arange(len(cells), dtype=np.int32)
    element = element.reshape(region.geobox.shape)
    least = max(round(floor_dbm * CENTI), WEAKEST)
    columns: list[NDArray[np.int32]] = [np.zeros(0, np.int32)] * len(stations)
    levels: list[NDArray[np.int16]] = [np.zeros(0, np.int16)] * len(stations)
    for position, footprint in footprints(region, stations, floor_dbm=floor_dbm, label=label):
        where = element[footprint.window]
        level = footprint.rsrp_cdbm
        wanted = (where >= 0) & (level >= least)
        if factor > 0.0:
            known = footprint.sigma_cdb != UNKNOWN_SIGMA
            more = np.maximum(np.ceil(factor * footprint.sigma_cdb) - CENTI * margin_db, 0.0)
            level = np.maximum(level - more, WEAKEST).astype(np.int16)
            wanted &= known & (level >= least)
        columns[position] = where[wanted]
        levels[position] = level[wanted]
    pointers = np.concatenate([[0], np.cumsum([len(part) for part in columns])])
    return sp.csr_array(
        (
            np.concatenate([np.zeros(0, np.int16), *levels]),
            np.concatenate([np.zeros(0, np.int32), *columns]),
            pointers,
        ),
        shape=(len(stations), len(cells)),
    )
