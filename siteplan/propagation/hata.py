"""
Okumura-Hata and COST 231-Hata: median loss of a large cell by distance and kind of surroundings.

Both are fitted to measurements in the ranges of :data:`OKUMURA_HATA_VALIDITY` and
:data:`COST231_HATA_VALIDITY`. The functions evaluate the formulas outside them too and do not warn:
that is for the caller. Well below 1 km, above all in open country, the formulas fall below the loss
of free space and mean nothing.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from siteplan.propagation.free_space import check_above, check_frequency, log_distance_loss

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

HataEnvironment: TypeAlias = Literal["urban_large", "urban", "suburban", "open"]
"""Large city (buildings mostly above 15 m), medium or small city, suburb, open country."""

Cost231Environment: TypeAlias = Literal["urban_large", "urban", "open"]
"""Metropolitan centre, medium city or suburban centre with moderate tree density, open country."""

OKUMURA_HATA_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (150.0, 1500.0),
        "distance_m": (1_000.0, 20_000.0),
        "base_height_m": (30.0, 200.0),
        "mobile_height_m": (1.0, 10.0),
    }
)
"""Hata (1980); ETR 364, annex B, sec. 1, stops at 1000 MHz."""

COST231_HATA_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (1500.0, 2000.0),
        "distance_m": (1_000.0, 20_000.0),
        "base_height_m": (30.0, 200.0),
        "mobile_height_m": (1.0, 10.0),
    }
)
"""COST 231 final report, sec. 4.4.1; ETR 364, annex B, sec. 2."""

LARGE_CITY_SPLIT_MHZ: Final = 300.0
"""
Where the two corrections for a large city meet. [MHz]

Hata gives one up to 200 MHz and one from 400 MHz and none between. Textbooks (Rappaport, Wireless
Communications, sec. "Hata Model") part them in the middle.
"""

METROPOLITAN_DB: Final = 3.0
"""COST 231's constant C_m for metropolitan centres; 0 elsewhere. [dB]"""


def okumura_hata_loss(
    distance_m: ArrayLike,
    *,
    frequency_mhz: float,
    base_height_m: ArrayLike,
    mobile_height_m: ArrayLike,
    environment: HataEnvironment,
) -> NDArray[np.float64]:
    """
    Median loss of a large cell between 150 and 1500 MHz.

    Parameters
    ----------
    distance_m : array_like of float
        Ground distance, not negative; below 1 m it counts as 1 m. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    base_height_m : array_like of float
        Effective height of the base station antenna, above 0. [m]
    mobile_height_m : array_like of float
        Height of the mobile antenna above ground, above 0. [m]
    environment : {"urban_large", "urban", "suburban", "open"}
        Surroundings of the mobile: large city, medium or small city, suburb, open country.

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Basic transmission loss, median over time and place. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative, a height or the frequency not positive, or the environment
        unknown.

    Notes
    -----
    In a large city the loss falls or rises by up to 2 dB at :data:`LARGE_CITY_SPLIT_MHZ`.

    References
    ----------
    .. [1] M. Hata, "Empirical formula for propagation loss in land mobile radio services", IEEE
       Trans. Veh. Technol., vol. 29, no. 3, pp. 317-325, 1980, doi:10.1109/T-VT.1980.23859.
    .. [2] ETSI ETR 364 (GSM 03.30 version 5.0.0), 1996, annex B, sec. 1.1 to 1.4.

    Examples
    --------
    900 MHz from a 45 m mast, at 1 and 10 km over open country:

    >>> okumura_hata_loss([1e3, 10e3], frequency_mhz=900.0, base_height_m=45.0,
    ...                   mobile_height_m=1.5, environment="open").round(1)
    array([ 95.5, 129.5])
    """
    check_frequency(frequency_mhz)
    _check_environment(environment, HataEnvironment)
    mobile = check_above(mobile_height_m, limit=0.0, name="mobile_height_m")
    lg_f = math.log10(frequency_mhz)
    if environment == "urban_large":
        mobile_gain_db = _large_city_gain(mobile, frequency_mhz=frequency_mhz)
    else:
        mobile_gain_db = _small_city_gain(mobile, lg_f=lg_f)

    fixed_db = 69.55 + 26.16 * lg_f  # ETR 364, sec. 1.1
    if environment == "suburban":
        fixed_db -= 2.0 * (lg_f - math.log10(28.0)) ** 2 + 5.4  # sec. 1.2
    elif environment == "open":
        fixed_db -= _open_gain(lg_f)
    return _hata_law(distance_m, fixed_db=fixed_db - mobile_gain_db, base_height_m=base_height_m)


def cost231_hata_loss(
    distance_m: ArrayLike,
    *,
    frequency_mhz: float,
    base_height_m: ArrayLike,
    mobile_height_m: ArrayLike,
    environment: Cost231Environment,
) -> NDArray[np.float64]:
    """
    Median loss of a large cell between 1500 and 2000 MHz.

    Parameters
    ----------
    distance_m : array_like of float
        Ground distance, not negative; below 1 m it counts as 1 m. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    base_height_m : array_like of float
        Effective height of the base station antenna, above 0 and above the roofs nearby. [m]
    mobile_height_m : array_like of float
        Height of the mobile antenna above ground, above 0. [m]
    environment : {"urban_large", "urban", "open"}
        Metropolitan centre; medium city or suburban centre with moderate tree density; open country
        by the correction of Hata, which ETR 364 allows up to 2000 MHz. The suburban correction of
        Hata has no such permission and is refused.

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Basic transmission loss, median over time and place. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative, a height or the frequency not positive, or the environment
        unknown.

    References
    ----------
    .. [1] COST Action 231, "Digital mobile radio towards future generation systems: final report",
       EUR 18957, Brussels, 1999, sec. 4.4.1.
    .. [2] ETSI ETR 364 (GSM 03.30 version 5.0.0), 1996, annex B, sec. 2.

    Examples
    --------
    1950 MHz from a 30 m mast, at 1 and 2 km in a medium city:

    >>> cost231_hata_loss([1e3, 2e3], frequency_mhz=1950.0, base_height_m=30.0,
    ...                   mobile_height_m=1.5, environment="urban").round(1)
    array([137.4, 148. ])
    """
    check_frequency(frequency_mhz)
    _check_environment(environment, Cost231Environment)
    mobile = check_above(mobile_height_m, limit=0.0, name="mobile_height_m")
    lg_f = math.log10(frequency_mhz)

    fixed_db = 46.3 + 33.9 * lg_f  # ETR 364, sec. 2
    if environment == "urban_large":
        fixed_db += METROPOLITAN_DB
    elif environment == "open":
        fixed_db -= _open_gain(lg_f)
    return _hata_law(
        distance_m,
        fixed_db=fixed_db - _small_city_gain(mobile, lg_f=lg_f),
        base_height_m=base_height_m,
    )


# --- the terms both share -------------------------------------------------------------------------


def _hata_law(
    distance_m: ArrayLike, *, fixed_db: NDArray[np.float64], base_height_m: ArrayLike
) -> NDArray[np.float64]:
    base = check_above(base_height_m, limit=0.0, name="base_height_m")
    lg_base = np.log10(base)
    slope_db = 44.9 - 6.55 * lg_base
    at_one_km_db = fixed_db - 13.82 * lg_base
    return log_distance_loss(
        distance_m, intercept_db=at_one_km_db - 3.0 * slope_db, slope_db=slope_db
    )


def _small_city_gain(mobile: NDArray[np.float64], *, lg_f: float) -> NDArray[np.float64]:
    return np.asarray((1.1 * lg_f - 0.7) * mobile - (1.56 * lg_f - 0.8))


def _large_city_gain(mobile: NDArray[np.float64], *, frequency_mhz: float) -> NDArray[np.float64]:
    if frequency_mhz < LARGE_CITY_SPLIT_MHZ:
        return np.asarray(8.29 * np.log10(1.54 * mobile) ** 2 - 1.1)
    return np.asarray(3.2 * np.log10(11.75 * mobile) ** 2 - 4.97)


def _open_gain(lg_f: float) -> float:
    return 4.78 * lg_f**2 - 18.33 * lg_f + 40.94  # ETR 364, sec. 1.4


def _check_environment(environment: str, allowed: object) -> None:
    names = get_args(allowed)
    if environment not in names:
        raise ValueError(f"environment must be one of {', '.join(names)}: got {environment!r}")
