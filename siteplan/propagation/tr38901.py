"""
Distance models of 3GPP TR 38.901: urban macro (UMa), urban micro (UMi), rural macro (RMa).

Edition: V18.0.0 (2024-03), published as ETSI TR 138 901 V18.0.0. The probability of line of sight and
the shadow fading are in :mod:`siteplan.propagation.tr38901_statistics`, the way into buildings and cars
in :mod:`siteplan.propagation.tr38901_o2i`.

Distances are ground distances. The slant distance comes from them and the two antenna heights, and
below 1 m it counts as 1 m, so the loss stays finite and still grows with distance below the 10 m
from which the tables hold. The functions evaluate the formulas outside the published ranges too and
do not warn: that is for the caller. They are fastest where every point has the same heights.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
from numba import njit

from siteplan.kernels import inner
from siteplan.propagation.free_space import (
    MINIMUM_DISTANCE_M,
    blocks,
    check_above,
    check_distance,
    check_frequency,
    flatten,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Booleans: TypeAlias = NDArray[np.bool_]

UMA_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (500.0, 100_000.0),
        "distance_m": (10.0, 5_000.0),
        "base_height_m": (25.0, 25.0),
        "mobile_height_m": (1.5, 22.5),
    }
)
"""Table 7.4.1-1 and its note 2, with or without line of sight; :func:`uma_loss` ends at 13 m."""

UMI_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (500.0, 100_000.0),
        "distance_m": (10.0, 5_000.0),
        "base_height_m": (10.0, 10.0),
        "mobile_height_m": (1.5, 22.5),
    }
)
"""Table 7.4.1-1 and its note 2, street canyon, with or without line of sight."""

RMA_LOS_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (500.0, 30_000.0),
        "distance_m": (10.0, 10_000.0),
        "base_height_m": (10.0, 150.0),
        "mobile_height_m": (1.0, 10.0),
        "street_width_m": (5.0, 50.0),
        "building_height_m": (5.0, 50.0),
    }
)
"""Table 7.4.1-1 and its note 2; above 7 GHz it rests on one campaign at 24 GHz."""

RMA_NLOS_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {**RMA_LOS_VALIDITY, "distance_m": (10.0, 5_000.0)}
)
"""As :data:`RMA_LOS_VALIDITY`, to half the distance."""

ENVIRONMENT_HEIGHT_M: Final = 1.0
"""Effective environment height h_E: Table 7.4.1-1, note 1. [m]"""

UMA_TALL_MOBILE_M: Final = 13.0
"""From here on h_E of UMa is drawn at random: Table 7.4.1-1, note 1. [m]"""

_SPEED_OF_LIGHT_M_S: Final = 3.0e8
"""As notes 1 and 5 of Table 7.4.1-1 round it. [m/s]"""


# --- loss -----------------------------------------------------------------------------------------


def uma_loss(
    distance_2d_m: ArrayLike,
    *,
    frequency_mhz: float,
    base_height_m: ArrayLike,
    mobile_height_m: ArrayLike,
    line_of_sight: ArrayLike,
) -> Floats:
    """
    Loss from a base station above the roofs of a city.

    Parameters
    ----------
    distance_2d_m : array_like of float
        Ground distance, not negative. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    base_height_m : array_like of float
        Height of the base station antenna above ground, above 1; the model was made for 25. [m]
    mobile_height_m : array_like of float
        Height of the mobile antenna above ground, above 1 and below 13. [m]
    line_of_sight : array_like of bool
        Whether the mobile sees the base station.

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Path loss without shadow fading. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative, a height outside the limits above, the frequency not positive, or
        `line_of_sight` not boolean.

    Notes
    -----
    From 13 m on the effective environment height is a random draw, so the breakpoint and with it
    the loss has no single value.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, "Study on channel model for frequencies from 0.5 to 100 GHz",
       2024, Table 7.4.1-1, UMa, and note 1.

    Examples
    --------
    >>> uma_loss([200.0, 1000.0], frequency_mhz=3500.0, base_height_m=25.0, mobile_height_m=1.5,
    ...          line_of_sight=[True, False]).round(1)
    array([ 89.6, 141.7])
    """
    check_frequency(frequency_mhz)
    base, mobile = check_heights(base_height_m, mobile_height_m, limit_m=ENVIRONMENT_HEIGHT_M)
    if np.any(mobile >= UMA_TALL_MOBILE_M):
        raise ValueError(
            f"mobile_height_m must be below {UMA_TALL_MOBILE_M:g} in UMa, where the breakpoint "
            f"becomes random: got {float(np.nanmax(mobile)):g}"
        )
    lg_f = math.log10(frequency_mhz / 1000.0)

    def curves(base: Floats, mobile: Floats) -> _Curves:
        rise_squared = (base - mobile) ** 2
        breakpoint_m = _urban_breakpoint(base, mobile, frequency_mhz=frequency_mhz)
        free_db = 28.0 + 20.0 * lg_f
        return _Curves(
            rise_squared=rise_squared,
            breakpoint_m=breakpoint_m,
            near_db=free_db,  # PL1 = 28.0 + 22 lg d3D + 20 lg fc
            near_slope=22.0 / 2.0,
            near_per_m=0.0,
            # PL2 = 28.0 + 40 lg d3D + 20 lg fc - 9 lg(d'BP^2 + (hBS - hUT)^2)
            far_db=free_db - 9.0 * np.log10(breakpoint_m**2 + rise_squared),
            # PL'NLOS = 13.54 + 39.08 lg d3D + 20 lg fc - 0.6 (hUT - 1.5)
            blocked_db=13.54 + 20.0 * lg_f - 0.6 * (mobile - 1.5),
            blocked_slope=39.08 / 2.0,
        )

    return _loss(distance_2d_m, line_of_sight, (base, mobile), curves)


def umi_loss(
    distance_2d_m: ArrayLike,
    *,
    frequency_mhz: float,
    base_height_m: ArrayLike,
    mobile_height_m: ArrayLike,
    line_of_sight: ArrayLike,
) -> Floats:
    """
    Loss in a street canyon, from a base station below the roofs.

    Parameters
    ----------
    distance_2d_m : array_like of float
        Ground distance, not negative. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    base_height_m : array_like of float
        Height of the base station antenna above ground, above 1; the model was made for 10. [m]
    mobile_height_m : array_like of float
        Height of the mobile antenna above ground, above 1. [m]
    line_of_sight : array_like of bool
        Whether the mobile sees the base station.

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Path loss without shadow fading. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative, a height outside the limits above, the frequency not positive, or
        `line_of_sight` not boolean.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, "Study on channel model for frequencies from 0.5 to 100 GHz",
       2024, Table 7.4.1-1, UMi - Street Canyon, and note 1.

    Examples
    --------
    >>> umi_loss([50.0, 200.0], frequency_mhz=3500.0, base_height_m=10.0, mobile_height_m=1.5,
    ...          line_of_sight=[True, False]).round(1)
    array([ 79.1, 115.2])
    """
    check_frequency(frequency_mhz)
    base, mobile = check_heights(base_height_m, mobile_height_m, limit_m=ENVIRONMENT_HEIGHT_M)
    lg_f = math.log10(frequency_mhz / 1000.0)

    def curves(base: Floats, mobile: Floats) -> _Curves:
        rise_squared = (base - mobile) ** 2
        breakpoint_m = _urban_breakpoint(base, mobile, frequency_mhz=frequency_mhz)
        free_db = 32.4 + 20.0 * lg_f
        return _Curves(
            rise_squared=rise_squared,
            breakpoint_m=breakpoint_m,
            near_db=free_db,  # PL1 = 32.4 + 21 lg d3D + 20 lg fc
            near_slope=21.0 / 2.0,
            near_per_m=0.0,
            # PL2 = 32.4 + 40 lg d3D + 20 lg fc - 9.5 lg(d'BP^2 + (hBS - hUT)^2)
            far_db=free_db - 9.5 * np.log10(breakpoint_m**2 + rise_squared),
            # PL'NLOS = 35.3 lg d3D + 22.4 + 21.3 lg fc - 0.3 (hUT - 1.5)
            blocked_db=22.4 + 21.3 * lg_f - 0.3 * (mobile - 1.5),
            blocked_slope=35.3 / 2.0,
        )

    return _loss(distance_2d_m, line_of_sight, (base, mobile), curves)


def rma_loss(
    distance_2d_m: ArrayLike,
    *,
    frequency_mhz: float,
    base_height_m: ArrayLike,
    mobile_height_m: ArrayLike,
    line_of_sight: ArrayLike,
    street_width_m: ArrayLike = 20.0,
    building_height_m: ArrayLike = 5.0,
) -> Floats:
    """
    Loss in the country, from a mast above everything around.

    Parameters
    ----------
    distance_2d_m : array_like of float
        Ground distance, not negative. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    base_height_m : array_like of float
        Height of the base station antenna above ground, above 0. [m]
    mobile_height_m : array_like of float
        Height of the mobile antenna above ground, above 0. [m]
    line_of_sight : array_like of bool
        Whether the mobile sees the base station.
    street_width_m : array_like of float
        Average width of the streets, above 0; the default is that of the table. [m]
    building_height_m : array_like of float
        Average height of the buildings, above 0; the default is that of the table. [m]

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Path loss without shadow fading. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative, a height or width or the frequency not positive, or
        `line_of_sight` not boolean.

    Notes
    -----
    The table compares the ground distance with the breakpoint and puts the breakpoint where the
    slant distance belongs, so the loss jumps there, by less than 0.04 dB in the published ranges.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, "Study on channel model for frequencies from 0.5 to 100 GHz",
       2024, Table 7.4.1-1, RMa, and note 5.

    Examples
    --------
    >>> rma_loss([5000.0, 5000.0], frequency_mhz=763.0, base_height_m=35.0, mobile_height_m=1.5,
    ...          line_of_sight=[True, False]).round(1)
    array([121.4, 144.2])
    """
    check_frequency(frequency_mhz)
    base, mobile = check_heights(base_height_m, mobile_height_m, limit_m=0.0)
    street = check_above(street_width_m, limit=0.0, name="street_width_m")
    building = check_above(building_height_m, limit=0.0, name="building_height_m")

    f_ghz = frequency_mhz / 1000.0

    def curves(base: Floats, mobile: Floats, street: Floats, building: Floats) -> _Curves:
        lg_base = np.log10(base)
        lg_building = np.log10(building)
        breakpoint_m = rural_breakpoint(base, mobile, frequency_mhz=frequency_mhz)
        lg_breakpoint = np.log10(breakpoint_m)

        # PL1 = 20 lg(40 pi d3D fc/3) + min(0.03 h^1.72, 10) lg d3D - min(0.044 h^1.72, 14.77)
        #       + 0.002 lg(h) d3D
        power = building**1.72
        near_db = 20.0 * math.log10(40.0 * math.pi * f_ghz / 3.0) - np.minimum(0.044 * power, 14.77)
        near_per_decade = 20.0 + np.minimum(0.03 * power, 10.0)
        near_per_m = 0.002 * lg_building
        at_breakpoint_db = near_db + near_per_decade * lg_breakpoint + near_per_m * breakpoint_m

        # PL'NLOS = 161.04 - 7.1 lg W + 7.5 lg h - (24.37 - 3.7 (h/hBS)^2) lg hBS
        #           + (43.42 - 3.1 lg hBS) (lg d3D - 3) + 20 lg fc - (3.2 (lg 11.75 hUT)^2 - 4.97)
        blocked_per_decade = 43.42 - 3.1 * lg_base
        blocked_db = (
            161.04
            - 7.1 * np.log10(street)
            + 7.5 * lg_building
            - (24.37 - 3.7 * (building / base) ** 2) * lg_base
            - 3.0 * blocked_per_decade
            + 20.0 * math.log10(f_ghz)
            - (3.2 * np.log10(11.75 * mobile) ** 2 - 4.97)
        )
        return _Curves(
            rise_squared=(base - mobile) ** 2,
            breakpoint_m=breakpoint_m,
            near_db=near_db,
            near_slope=near_per_decade / 2.0,
            near_per_m=near_per_m,
            far_db=at_breakpoint_db - 40.0 * lg_breakpoint,  # PL2 = PL1(dBP) + 40 lg(d3D/dBP)
            blocked_db=blocked_db,
            blocked_slope=blocked_per_decade / 2.0,
        )

    return _loss(distance_2d_m, line_of_sight, (base, mobile, street, building), curves)


# --- the parts of the formulas --------------------------------------------------------------------


class _Curves(NamedTuple):
    """
    The three curves of a scenario over x = lg(d3D^2), so that one logarithm serves them all.

    PL1 = near_db + near_slope x + near_per_m d3D; PL2 = far_db + 20 x;
    PL'NLOS = blocked_db + blocked_slope x. Numbers, or rows with one value for each point.
    """

    rise_squared: Any
    breakpoint_m: Any
    near_db: Any
    near_slope: Any
    near_per_m: Any
    far_db: Any
    blocked_db: Any
    blocked_slope: Any


def _urban_breakpoint(base: Floats, mobile: Floats, *, frequency_mhz: float) -> Floats:
    """Note 1: d'BP = 4 h'BS h'UT fc/c."""
    return np.asarray(
        4.0
        * (base - ENVIRONMENT_HEIGHT_M)
        * (mobile - ENVIRONMENT_HEIGHT_M)
        * (frequency_mhz * 1e6 / _SPEED_OF_LIGHT_M_S)
    )


def rural_breakpoint(
    base_height_m: ArrayLike, mobile_height_m: ArrayLike, *, frequency_mhz: float
) -> Floats:
    """
    Distance from which a path in the country loses faster, and its shadow fading grows.

    Parameters
    ----------
    base_height_m, mobile_height_m : array_like of float
        Heights of the two antennas above ground. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]

    Returns
    -------
    breakpoint_m : ndarray of float64, broadcast shape of the inputs
        Ground distance dBP. NaN stays NaN. [m]

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.4.1-1, note 5.

    Examples
    --------
    >>> float(rural_breakpoint(35.0, 1.5, frequency_mhz=763.0).round())
    839.0
    """
    base, mobile = np.asarray(base_height_m, float), np.asarray(mobile_height_m, float)
    return np.asarray(2.0 * math.pi * base * mobile * (frequency_mhz * 1e6 / _SPEED_OF_LIGHT_M_S))


def check_heights(
    base_height_m: ArrayLike, mobile_height_m: ArrayLike, *, limit_m: float
) -> tuple[Floats, Floats]:
    """
    Refuse antenna heights that a scenario has no result for; NaN passes.

    Parameters
    ----------
    base_height_m, mobile_height_m : array_like of float
        Heights of the two antennas above ground. [m]
    limit_m : float
        Both must exceed it. [m]

    Returns
    -------
    base_m, mobile_m : ndarray of float64
        The heights as arrays. [m]

    Raises
    ------
    ValueError
        If a height does not exceed the limit.

    Examples
    --------
    >>> check_heights(35.0, [1.5, 2.0], limit_m=0.0)
    (array(35.), array([1.5, 2. ]))
    """
    return (
        check_above(base_height_m, limit=limit_m, name="base_height_m"),
        check_above(mobile_height_m, limit=limit_m, name="mobile_height_m"),
    )


def check_sight(line_of_sight: ArrayLike) -> Booleans:
    """
    Refuse a line of sight that is anything but true or false, such as a probability.

    Parameters
    ----------
    line_of_sight : array_like of bool
        Whether the mobile sees the base station.

    Returns
    -------
    sight : ndarray of bool
        The same as an array.

    Raises
    ------
    ValueError
        If the values are not boolean.

    Examples
    --------
    >>> check_sight([True, False])
    array([ True, False])
    """
    sight = np.asarray(line_of_sight)
    if sight.dtype != np.bool_:
        raise ValueError(f"line_of_sight must be boolean: got an array of {sight.dtype}")
    return sight


def _loss(
    distance_2d_m: ArrayLike,
    line_of_sight: ArrayLike,
    lengths: tuple[Floats, ...],
    curves: Callable[..., _Curves],
) -> Floats:
    """Evaluate the curves of the lengths block by block: kernel, one vectorised lg, kernel."""
    distance = np.asarray(distance_2d_m, dtype=np.float64)
    sight = check_sight(line_of_sight)
    shape = np.broadcast_shapes(distance.shape, sight.shape, *(v.shape for v in lengths))
    distance = flatten(distance, shape)
    sight = flatten(sight, shape)
    uniform = all(v.ndim == 0 for v in lengths)
    if uniform:
        common = _Curves(*map(float, curves(*lengths)))
    else:
        lengths = tuple(flatten(v, shape) for v in lengths)

    loss_db = np.empty(distance.size)
    for part in blocks(distance.size):
        d = distance[part]
        out = loss_db[part]
        if uniform:
            negative = _slant_uniform(d, common.rise_squared, out)
        else:
            here = curves(*(v[part] for v in lengths))
            here = _Curves(*(flatten(np.asarray(c), d.shape) for c in here))
            negative = _slant_each(d, here.rise_squared, out)
        if negative:
            check_distance(float(np.fmin.reduce(d)))
        np.log10(out, out=out)
        if uniform:
            _write_uniform(d, sight[part], common, out)
        else:
            _write_each(d, sight[part], here, out)
    return loss_db.reshape(shape)


# --- kernels --------------------------------------------------------------------------------------
# Two forms of each: coefficients common to all points stay in registers, others are read with them.
# Selections are conditional expressions on computed values, which become vector instructions;
# branches on the state of each point would cost three times as much.


@inner(cache=True)
def _slant_squared(distance: float, rise_squared: float) -> float:
    squared = distance * distance + rise_squared
    return max(squared, MINIMUM_DISTANCE_M**2)


@inner(cache=True)
def _select(distance: float, x: float, sight: bool, c: _Curves) -> float:  # noqa: FBT001 - no keywords in a kernel
    near: float = c.near_db + c.near_slope * x
    if c.near_per_m != 0.0:
        near += c.near_per_m * math.sqrt(_slant_squared(distance, c.rise_squared))
    far: float = c.far_db + 20.0 * x
    seen = far if distance > c.breakpoint_m else near
    blocked: float = c.blocked_db + c.blocked_slope * x
    return seen if sight else max(blocked, seen)


@njit(cache=True)
def _slant_uniform(distance: Floats, rise_squared: float, out: Floats) -> bool:
    negative = False
    for i in range(distance.size):
        negative |= distance[i] < 0.0
        out[i] = _slant_squared(distance[i], rise_squared)
    return negative


@njit(cache=True)
def _slant_each(distance: Floats, rise_squared: Floats, out: Floats) -> bool:
    negative = False
    for i in range(distance.size):
        negative |= distance[i] < 0.0
        out[i] = _slant_squared(distance[i], rise_squared[i])
    return negative


@njit(cache=True)
def _write_uniform(distance: Floats, sight: Booleans, c: _Curves, out: Floats) -> None:
    for i in range(distance.size):
        out[i] = _select(distance[i], out[i], sight[i], c)


@njit(cache=True)
def _write_each(distance: Floats, sight: Booleans, c: _Curves, out: Floats) -> None:
    for i in range(distance.size):
        point = _Curves(
            c.rise_squared[i],
            c.breakpoint_m[i],
            c.near_db[i],
            c.near_slope[i],
            c.near_per_m[i],
            c.far_db[i],
            c.blocked_db[i],
            c.blocked_slope[i],
        )
        out[i] = _select(distance[i], out[i], sight[i], point)
