"""
Probability of line of sight, and shadow fading, in the scenarios of 3GPP TR 38.901.

Edition: V18.0.0 (2024-03), as :mod:`siteplan.propagation.tr38901`. The probability is for planning
without a map: where terrain and buildings are known, whether a place sees the mast is computed
(:mod:`siteplan.propagation.line_of_sight`).
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from siteplan.propagation.free_space import check_above, check_distance, check_frequency
from siteplan.propagation.tr38901 import (
    UMA_TALL_MOBILE_M,
    check_heights,
    check_sight,
    rural_breakpoint,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

Scenario: TypeAlias = Literal["uma", "umi", "rma"]
"""Urban macro, urban micro in a street canyon, rural macro."""

MobileState: TypeAlias = Literal["seen", "hidden", "indoor"]
"""Outdoors with or without line of sight, and inside a building."""

SHADOW_DECORRELATION_M: Final[Mapping[tuple[str, str], float]] = MappingProxyType(
    {
        ("uma", "seen"): 37.0,
        ("uma", "hidden"): 50.0,
        ("uma", "indoor"): 7.0,
        ("umi", "seen"): 10.0,
        ("umi", "hidden"): 13.0,
        ("umi", "indoor"): 7.0,
        ("rma", "seen"): 37.0,
        ("rma", "hidden"): 120.0,
        ("rma", "indoor"): 120.0,
    }
)
"""
Distance over which shadow fading forgets: Table 7.5-6, correlation distance of SF. [m]

By scenario and state of the mobile; indoors the values of UMi and RMa have no second source here. Means
of few campaigns: a place to start from where no drive test says better.
"""


# --- probability of line of sight -----------------------------------------------------------------


def uma_line_of_sight_probability(
    distance_2d_m: ArrayLike, *, mobile_height_m: ArrayLike
) -> Floats:
    """
    Probability that a mobile sees a base station above the roofs of a city.

    Parameters
    ----------
    distance_2d_m : array_like of float
        Ground distance, not negative. [m]
    mobile_height_m : array_like of float
        Height of the mobile antenna above ground, up to 23, above 0. [m]

    Returns
    -------
    probability : ndarray of float64, broadcast shape of the inputs
        From 0 to 1. NaN stays NaN.

    Raises
    ------
    ValueError
        If a distance is negative or a height outside the limits above.

    Notes
    -----
    Just beyond 18 m the formula exceeds 1 for a mobile above 13 m, by up to 0.7 %; 1 is returned.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.4.2-1, UMa.

    Examples
    --------
    >>> uma_line_of_sight_probability([10.0, 100.0, 500.0], mobile_height_m=1.5).round(3)
    array([1.   , 0.348, 0.036])
    """
    distance = _distance(distance_2d_m)
    mobile = check_above(mobile_height_m, limit=0.0, name="mobile_height_m")
    if np.any(mobile > 23.0):
        raise ValueError(
            f"mobile_height_m must not exceed 23, the end of the table: "
            f"got {float(np.nanmax(mobile)):g}"
        )
    tall = (np.maximum(mobile - UMA_TALL_MOBILE_M, 0.0) / 10.0) ** 1.5  # C'(hUT)
    lift = 1.0 + tall * 1.25 * (distance / 100.0) ** 3 * np.exp(-distance / 150.0)
    return np.asarray(np.minimum(_street_probability(distance, decay_m=63.0) * lift, 1.0))


def umi_line_of_sight_probability(distance_2d_m: ArrayLike) -> Floats:
    """
    Probability that a mobile sees a base station along a street canyon.

    Parameters
    ----------
    distance_2d_m : array_like of float
        Ground distance, not negative. [m]

    Returns
    -------
    probability : ndarray of float64, shape of `distance_2d_m`
        From 0 to 1. NaN stays NaN.

    Raises
    ------
    ValueError
        If a distance is negative.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.4.2-1, UMi - Street canyon.

    Examples
    --------
    >>> umi_line_of_sight_probability([10.0, 100.0, 500.0]).round(3)
    array([1.   , 0.231, 0.036])
    """
    return _street_probability(_distance(distance_2d_m), decay_m=36.0)


def rma_line_of_sight_probability(distance_2d_m: ArrayLike) -> Floats:
    """
    Probability that a mobile in the country sees a mast.

    Parameters
    ----------
    distance_2d_m : array_like of float
        Ground distance, not negative. [m]

    Returns
    -------
    probability : ndarray of float64, shape of `distance_2d_m`
        From 0 to 1. NaN stays NaN.

    Raises
    ------
    ValueError
        If a distance is negative.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.4.2-1, RMa.

    Examples
    --------
    >>> rma_line_of_sight_probability([10.0, 1010.0, 5010.0]).round(3)
    array([1.   , 0.368, 0.007])
    """
    return np.asarray(np.exp(-np.maximum(_distance(distance_2d_m) - 10.0, 0.0) / 1000.0))


# --- spread ---------------------------------------------------------------------------------------


def uma_shadow_sigma(*, line_of_sight: ArrayLike) -> Floats:
    """
    Spread of the shadow fading around :func:`uma_loss`.

    Parameters
    ----------
    line_of_sight : array_like of bool
        Whether the mobile sees the base station.

    Returns
    -------
    sigma_db : ndarray of float64, shape of `line_of_sight`
        Standard deviation. [dB]

    Raises
    ------
    ValueError
        If `line_of_sight` is not boolean.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.4.1-1, UMa.

    Examples
    --------
    >>> uma_shadow_sigma(line_of_sight=[True, False])
    array([4., 6.])
    """
    return np.where(check_sight(line_of_sight), 4.0, 6.0)


def umi_shadow_sigma(*, line_of_sight: ArrayLike) -> Floats:
    """
    Spread of the shadow fading around :func:`umi_loss`.

    Parameters
    ----------
    line_of_sight : array_like of bool
        Whether the mobile sees the base station.

    Returns
    -------
    sigma_db : ndarray of float64, shape of `line_of_sight`
        Standard deviation. [dB]

    Raises
    ------
    ValueError
        If `line_of_sight` is not boolean.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.4.1-1, UMi - Street Canyon.

    Examples
    --------
    >>> umi_shadow_sigma(line_of_sight=[True, False])
    array([4.  , 7.82])
    """
    return np.where(check_sight(line_of_sight), 4.0, 7.82)


def rma_shadow_sigma(
    distance_2d_m: ArrayLike,
    *,
    frequency_mhz: float,
    base_height_m: ArrayLike,
    mobile_height_m: ArrayLike,
    line_of_sight: ArrayLike,
) -> Floats:
    """
    Spread of the shadow fading around :func:`rma_loss`.

    Parameters
    ----------
    distance_2d_m : array_like of float
        Ground distance, not negative. [m]
    frequency_mhz : float
        Carrier frequency, which moves the breakpoint. [MHz]
    base_height_m, mobile_height_m : array_like of float
        Heights of the two antennas above ground, above 0, which move it too. [m]
    line_of_sight : array_like of bool
        Whether the mobile sees the base station.

    Returns
    -------
    sigma_db : ndarray of float64, broadcast shape of the inputs
        Standard deviation. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative, a height or the frequency not positive, or `line_of_sight` not
        boolean.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.4.1-1, RMa, and note 5.

    Examples
    --------
    >>> rma_shadow_sigma([100.0, 5000.0, 100.0], frequency_mhz=763.0, base_height_m=35.0,
    ...                  mobile_height_m=1.5, line_of_sight=[True, True, False])
    array([4., 6., 8.])
    """
    check_frequency(frequency_mhz)
    base, mobile = check_heights(base_height_m, mobile_height_m, limit_m=0.0)
    beyond_m = _distance(distance_2d_m) - rural_breakpoint(
        base, mobile, frequency_mhz=frequency_mhz
    )
    seen_db = np.where(beyond_m > 0.0, 6.0, 4.0)
    sigma_db = np.where(check_sight(line_of_sight), seen_db, 8.0)
    return np.where(np.isnan(beyond_m), np.nan, sigma_db)


def shadow_correlation(apart_m: ArrayLike, *, scenario: Scenario, state: MobileState) -> Floats:
    """
    Correlation of the shadow fading at two places on the ground, towards the same mast.

    Parameters
    ----------
    apart_m : array_like of float
        Distance between the places, not negative. [m]
    scenario : {"uma", "umi", "rma"}
        Scenario.
    state : {"seen", "hidden", "indoor"}
        State of the mobile, the same at both places.

    Returns
    -------
    correlation : ndarray of float64, shape of `apart_m`
        From 0 to 1; 1/e at the distance of :data:`SHADOW_DECORRELATION_M`. NaN stays NaN.

    Raises
    ------
    ValueError
        If a distance is negative, or the scenario or the state unknown.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, sec. 7.4.4, equation (7.4-5), and Table 7.5-6.

    Examples
    --------
    >>> shadow_correlation([0.0, 50.0, 200.0], scenario="uma", state="hidden").round(3)
    array([1.   , 0.368, 0.018])
    """
    for value, allowed in ((scenario, Scenario), (state, MobileState)):
        if value not in get_args(allowed):
            raise ValueError(f"give one of {', '.join(get_args(allowed))}: got {value!r}")
    return np.asarray(np.exp(-_distance(apart_m) / SHADOW_DECORRELATION_M[scenario, state]))


# --- shared parts ---------------------------------------------------------------------------------


def _street_probability(distance: Floats, *, decay_m: float) -> Floats:
    """18/d + exp(-d/D) (1 - 18/d), which is 1 at the 18 m up to which the table says 1."""
    beyond = np.maximum(distance, 18.0)
    return np.asarray(18.0 / beyond + np.exp(-beyond / decay_m) * (1.0 - 18.0 / beyond))


def _distance(distance_2d_m: ArrayLike) -> Floats:
    distance = np.asarray(distance_2d_m, dtype=np.float64)
    check_distance(float(np.fmin.reduce(distance, axis=None, initial=math.inf)))
    return distance
