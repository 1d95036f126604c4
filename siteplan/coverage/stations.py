"""Stations as the coverage stage takes them: where they stand and what they carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from siteplan.region import Region

COLUMNS = (
    "site_id",
    "operator",
    "technology",
    "equipment",
    "antenna_height_m",
    "azimuth_deg",
    "year",
    "cell",
)


def station_table(region: Region, stations: pd.DataFrame) -> pd.DataFrame:
    """
    Stations with position, height and azimuth filled in.

    Parameters
    ----------
    region : Region
        With the sites.
    stations : DataFrame
        Indexed by station id, with ``site_id``, ``operator``, ``technology``, ``equipment`` and
        optionally ``antenna_height_m``, ``azimuth_deg`` and ``year_on_air`` or ``year``.

    Returns
    -------
    table : DataFrame
        The same index; columns of ``COLUMNS``: ``cell`` is the flat grid cell, -1 outside; ``year`` the
        year in which the station goes into service, 0 when it stood before the plan.
    """
    sites = region.sites.loc[stations["site_id"]]
    site_height = sites["antenna_height_m"].to_numpy(dtype=float)
    height = _numbers(stations, "antenna_height_m")
    azimuth = _numbers(stations, "azimuth_deg")
    year = _numbers(stations, "year" if "year" in stations else "year_on_air")
    return pd.DataFrame(
        {
            "site_id": stations["site_id"].to_numpy(),
            "operator": stations["operator"].to_numpy(),
            "technology": stations["technology"].to_numpy(),
            "equipment": stations["equipment"].to_numpy(),
            "antenna_height_m": np.where(np.isnan(height), site_height, height),
            "azimuth_deg": np.where(np.isnan(azimuth), 0.0, azimuth),
            "year": np.where(np.isnan(year), 0, year).astype(np.int64),
            "cell": region.cell_of(sites.geometry.to_numpy()),
        },
        index=stations.index,
    )


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(pd.to_numeric(frame[name]).astype("float64").to_numpy())
