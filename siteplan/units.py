"""
Constants and the only unit conversions of the project.

Every other module names its quantities with their unit (``distance_m``, ``rsrp_dbm``) and calls these
functions where a unit changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SPEED_OF_LIGHT_M_S: Final = 299_792_458.0
"""Speed of light in vacuum, exact by definition of the metre. [m/s]"""

THERMAL_NOISE_DBM_HZ: Final = -173.975
"""Thermal noise density at 290 K: 10 lg(1.380649e-23 x 290 x 1000). [dBm/Hz]"""

METRES_PER_KM: Final = 1000.0
"""Metres in a kilometre."""

CENTI: Final = 100.0
"""Steps per decibel of a quantised footprint: 0.01 dB each."""


def db_to_ratio(level_db: ArrayLike) -> NDArray[np.float64]:
    """
    Power ratio of a level.

    Parameters
    ----------
    level_db : array_like of float
        Level. [dB]

    Returns
    -------
    ratio : ndarray of float64
        Linear power ratio; for a level in dBm this is a power in milliwatts.

    Examples
    --------
    >>> db_to_ratio([0.0, 10.0, -3.0]).round(3)
    array([ 1.   , 10.   ,  0.501])
    """
    return np.asarray(np.power(10.0, np.asarray(level_db, dtype=np.float64) / 10.0))


def ratio_to_db(ratio: ArrayLike) -> NDArray[np.float64]:
    """
    Level of a power ratio; zero gives minus infinity, NaN stays NaN.

    Parameters
    ----------
    ratio : array_like of float
        Linear power ratio, not negative.

    Returns
    -------
    level_db : ndarray of float64
        Level. [dB]

    Examples
    --------
    >>> ratio_to_db([1.0, 100.0])
    array([ 0., 20.])
    """
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10(np.asarray(ratio, dtype=np.float64)))


def wavelength_m(frequency_mhz: float) -> float:
    """
    Wavelength in vacuum.

    Parameters
    ----------
    frequency_mhz : float
        Frequency. [MHz]

    Returns
    -------
    wavelength_m : float
        Wavelength. [m]

    Examples
    --------
    >>> round(wavelength_m(2600.0), 4)
    0.1153
    """
    return SPEED_OF_LIGHT_M_S / (frequency_mhz * 1e6)
