"""
Extended Hata: the Hata formulas from 30 MHz to 3 GHz, and from the mast to beyond 20 km.

The model of the European compatibility studies (ERC Report 68, Report ITU-R SM.2028, SEAMCAT): Hata
and COST 231-Hata at 0.1 to 20 km, free space up to 40 m, a straight line over the logarithm of
distance between, a steeper law beyond 20 km, and never less than free space. It also publishes how
far the loss spreads, which Hata and COST 231 do not.

The function evaluates the formulas outside :data:`VALIDITY` too and does not warn: that is for the
caller.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from siteplan.propagation.free_space import (
    check_distance,
    check_frequency,
    flatten,
    free_space_loss,
    free_space_reach,
    log_distance_loss,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]
    _Terms: TypeAlias = dict[str, float]

ExtendedHataEnvironment: TypeAlias = Literal["urban", "suburban", "open"]
"""Medium or small city, suburb, open country."""

VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (30.0, 3_000.0),
        "distance_m": (0.0, 40_000.0),
        "base_height_m": (30.0, 200.0),
        "mobile_height_m": (1.0, 10.0),
    }
)
"""
SEAMCAT handbook, tables of application ranges and section "Outdoor-outdoor propagation".

The formulas go to 100 km; the handbook recommends 40 km.
"""

FREE_SPACE_TO_M: Final = 40.0
HATA_FROM_M: Final = 100.0
STEEPER_FROM_M: Final = 20_000.0
"""Where the parts of the model meet. [m]"""

_SIGMA_DISTANCE_M: Final = (40.0, 100.0, 200.0, 600.0)
_SIGMA_DB: Final[Mapping[str, tuple[float, float, float, float]]] = MappingProxyType(
    {"above": (3.5, 12.0, 12.0, 9.0), "below": (3.5, 17.0, 17.0, 9.0)}
)
"""Standard deviations [dB] at those distances, straight lines between, constant on either side."""


def extended_hata_loss(
    distance_m: ArrayLike,
    *,
    frequency_mhz: float,
    base_height_m: float,
    mobile_height_m: float,
    environment: ExtendedHataEnvironment,
) -> Floats:
    """
    Median loss of a large cell between 30 and 3000 MHz.

    Parameters
    ----------
    distance_m : array_like of float
        Ground distance, not negative. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    base_height_m, mobile_height_m : float
        Heights of the two antennas above ground, above 0. The higher counts as the base station,
        so either may send; the lower counts as 1 m at least. NaN where not known. [m]
    environment : {"urban", "suburban", "open"}
        Surroundings of the mobile: medium or small city, suburb, open country.

    Returns
    -------
    loss_db : ndarray of float64, shape of `distance_m`
        Basic transmission loss, median over time and place, never below that of free space. NaN
        stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative, a height or the frequency not a positive number, or the
        environment unknown.

    Notes
    -----
    The loss rises by 1.2 dB at 1500 MHz, where the formula changes from Hata to COST 231-Hata.
    Below 30 m the base station loses 20 dB a decade of height: a penalty set, not measured.

    References
    ----------
    .. [1] Report ITU-R SM.2028-2, "Monte Carlo simulation methodology for the use in sharing and
       compatibility studies", Geneva, 2017, sec. 6.1.
    .. [2] SEAMCAT handbook, ECC Report 252, Annex 17.3.1, equations (190) to (201).

    Examples
    --------
    800 MHz from a 45 m mast over open country:

    >>> extended_hata_loss([20.0, 1e3, 10e3, 40e3], frequency_mhz=800.0, base_height_m=45.0,
    ...                    mobile_height_m=1.5, environment="open").round(1)
    array([ 64.1,  94.8, 128.9, 152.8])
    """
    check_frequency(frequency_mhz)
    if environment not in get_args(ExtendedHataEnvironment):
        names = ", ".join(get_args(ExtendedHataEnvironment))
        raise ValueError(f"environment must be one of {names}: got {environment!r}")
    for name, height in (("base_height_m", base_height_m), ("mobile_height_m", mobile_height_m)):
        if height <= 0.0 or math.isinf(height):
            raise ValueError(f"{name} must exceed 0 and be finite: got {height:g}")
    if math.isnan(base_height_m + mobile_height_m):
        return np.full(np.shape(distance_m), np.nan)
    low = max(min(base_height_m, mobile_height_m), 1.0)  # H_m
    high = max(base_height_m, mobile_height_m)  # H_b

    slope_db = 44.9 - 6.55 * math.log10(max(30.0, high))
    at_one_km_db = _urban_at_one_km(frequency_mhz, high=high, low=low)
    at_one_km_db -= _relief(frequency_mhz, environment)
    law = {"intercept_db": at_one_km_db - 3.0 * slope_db, "slope_db": slope_db}
    air = {"frequency_mhz": frequency_mhz, "rise_m": high - low}

    shape = np.shape(distance_m)
    distance = flatten(np.asarray(distance_m, dtype=np.float64), shape)
    loss_db = log_distance_loss(distance, **law)  # eq. (192) to (197)
    # Few points are near or far, and picking them by their index is the fastest way.
    far = np.flatnonzero(distance > STEEPER_FROM_M)
    lg_km = np.log10(distance[far] / 1000.0)
    factor = 0.14 + 1.87e-4 * frequency_mhz + 1.07e-3 * high
    alpha = 1.0 + factor * np.log10(distance[far] / STEEPER_FROM_M) ** 0.8  # eq. (199) to (201)
    loss_db[far] = at_one_km_db + slope_db * lg_km**alpha
    near = np.flatnonzero(distance < max(HATA_FROM_M, free_space_reach(**law, **air)))
    close = near[distance[near] < HATA_FROM_M]
    loss_db[close] = _close(distance[close], law=law, air=air)
    loss_db[near] = np.maximum(loss_db[near], free_space_loss(distance[near], **air))
    return loss_db.reshape(shape)


def extended_hata_sigma(
    distance_m: ArrayLike, *, roofs: Literal["above", "below"] = "above"
) -> Floats:
    """
    Spread of the loss around :func:`extended_hata_loss`.

    Parameters
    ----------
    distance_m : array_like of float
        Ground distance, not negative. [m]
    roofs : {"above", "below"}
        Whether the base station antenna stands above the roofs around it or below.

    Returns
    -------
    sigma_db : ndarray of float64, shape of `distance_m`
        Standard deviation. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative or `roofs` unknown.

    References
    ----------
    .. [1] Report ITU-R SM.2028-2, Geneva, 2017, sec. 6.1.
    .. [2] SEAMCAT handbook, ECC Report 252, Annex 17.3.1, Table 81.

    Examples
    --------
    >>> extended_hata_sigma([20.0, 150.0, 400.0, 5000.0])
    array([ 3.5, 12. , 10.5,  9. ])
    """
    if roofs not in _SIGMA_DB:
        raise ValueError(f'roofs must be "above" or "below": got {roofs!r}')
    distance = np.asarray(distance_m, dtype=np.float64)
    check_distance(float(np.fmin.reduce(distance, axis=None, initial=math.inf)))
    return np.asarray(np.interp(distance, _SIGMA_DISTANCE_M, _SIGMA_DB[roofs]))


# --- the parts of the formula ---------------------------------------------------------------------


def _urban_at_one_km(f: float, *, high: float, low: float) -> float:
    """Median in a city at 1 km, equations (192) to (195) [dB]."""
    lg_f = math.log10(f)
    if f <= 1500.0:
        # up to 150 MHz the loss grows as in free space
        fixed_db = 69.6 + 26.2 * math.log10(max(f, 150.0)) - 20.0 * math.log10(max(150.0 / f, 1.0))
    else:
        # from 2000 MHz on by 10 dB a decade
        fixed_db = 46.3 + 33.9 * math.log10(min(f, 2000.0)) + 10.0 * math.log10(max(f / 2000, 1.0))
    low_db = (1.1 * lg_f - 0.7) * min(10.0, low) - (1.56 * lg_f - 0.8)
    low_db += max(0.0, 20.0 * math.log10(low / 10.0))  # a(H_m)
    high_db = min(0.0, 20.0 * math.log10(high / 30.0))  # b(H_b)
    return fixed_db - 13.82 * math.log10(max(30.0, high)) - low_db - high_db


def _relief(f: float, environment: str) -> float:
    """Give what a suburb or open country takes off, equations (196) and (197) [dB]."""
    lg_f = math.log10(min(max(f, 150.0), 2000.0))
    if environment == "suburban":
        return 2.0 * (lg_f - math.log10(28.0)) ** 2 + 5.4
    if environment == "open":
        return 4.78 * lg_f**2 - 18.33 * lg_f + 40.94
    return 0.0


def _close(distance: Floats, *, law: _Terms, air: _Terms) -> Floats:
    """Nearer than 100 m: free space to 40 m, a line over lg d on to the fit, eq. (191), (198)."""
    ends_m = np.array([FREE_SPACE_TO_M, HATA_FROM_M])
    ends_db = free_space_loss(ends_m[0], **air), log_distance_loss(ends_m[1], **law)
    line_db = np.interp(np.log10(np.maximum(distance, ends_m[0])), np.log10(ends_m), ends_db)
    return np.where(distance <= FREE_SPACE_TO_M, free_space_loss(distance, **air), line_db)
