"""Antenna patterns: the gain towards a direction, relative to the maximum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.units import db_to_ratio, ratio_to_db

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

BEAMWIDTH_DEG = 65.0
FRONT_TO_BACK_DB = 30.0


def sector_attenuation(offset_deg: ArrayLike) -> NDArray[np.float64]:
    """
    Horizontal attenuation of a sector antenna.

    Parameters
    ----------
    offset_deg : array_like of float
        Angle from the boresight; any multiple of 360 may be added. [deg]

    Returns
    -------
    attenuation_db : ndarray of float64
        0 on the boresight, 30 dB at most. [dB]

    References
    ----------
    .. [1] 3GPP TR 38.901, "Study on channel model for frequencies from 0.5 to 100 GHz", V16.1.0,
       2019, Table 7.3-1, horizontal cut of the radiation power pattern.

    Examples
    --------
    >>> sector_attenuation([0.0, 32.5, 180.0])
    array([ 0.,  3., 30.])
    """
    offset = (np.asarray(offset_deg, dtype=np.float64) + 180.0) % 360.0 - 180.0
    return np.asarray(np.minimum(12.0 * (offset / BEAMWIDTH_DEG) ** 2, FRONT_TO_BACK_DB))


def station_gain(
    bearing_deg: ArrayLike, *, pattern: str, sectors: int, azimuth_deg: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Gain of a station's best cell, and of all its cells together, towards a bearing.

    Parameters
    ----------
    bearing_deg : array_like of float
        Direction, clockwise from grid north. [deg]
    pattern : {"omni", "tr38901-sector"}
        Shape of one cell.
    sectors : int
        Cells at equal azimuth steps.
    azimuth_deg : float
        Azimuth of the first cell. [deg]

    Returns
    -------
    best_db : ndarray of float64
        Of the best cell, relative to the maximum gain. [dB]
    total_db : ndarray of float64
        Of the powers of all cells added, relative to the maximum gain. [dB]

    Raises
    ------
    ValueError
        For an unknown pattern.

    Examples
    --------
    >>> best, total = station_gain([0.0, 60.0], pattern="tr38901-sector", sectors=3, azimuth_deg=0.0)
    >>> best.round(1), total.round(1)
    (array([  0. , -10.2]), array([ 0. , -7.2]))
    """
    bearing = np.asarray(bearing_deg, dtype=np.float64)
    if pattern == "omni":
        return np.zeros_like(bearing), np.full_like(bearing, float(ratio_to_db(sectors)))
    if pattern != "tr38901-sector":
        raise ValueError(f"unknown antenna pattern {pattern!r}: use 'omni' or 'tr38901-sector'")
    azimuths = azimuth_deg + 360.0 * np.arange(sectors) / sectors
    gains = 0.0 - sector_attenuation(bearing[..., None] - azimuths)  # never a negative zero
    return gains.max(axis=-1), ratio_to_db(db_to_ratio(gains).sum(axis=-1))
