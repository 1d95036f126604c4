"""
Loss in free space, and the law ``A + B lg d`` that simple distance models share.

Below :data:`MINIMUM_DISTANCE_M` every distance model of this package keeps the loss it has there:
the pixel under an antenna gets a finite value instead of minus infinity.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from siteplan.units import wavelength_m

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

MINIMUM_DISTANCE_M: Final = 1.0
"""Shorter distances count as this one: no distance model knows the near field. [m]"""

VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType({})
"""Recommendation ITU-R P.525 sets no limits."""

_NEVER_DECADES: Final = 12.0
"""Two laws that meet beyond so many decades of metres count as never meeting."""

_BLOCK: Final = 32_768
"""Distances handled at a time: 256 KiB, so that a block stays in the cache between two passes."""


def free_space_loss(
    distance_m: ArrayLike, *, frequency_mhz: float, rise_m: float = 0.0
) -> NDArray[np.float64]:
    """
    Loss between two isotropic antennas with nothing around them.

    Parameters
    ----------
    distance_m : array_like of float
        Distance between the antennas, not negative: along the ground, or straight if `rise_m` is 0.
        A straight distance below 1 m counts as 1 m. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    rise_m : float
        Difference in height of the antennas, of either sign. [m]

    Returns
    -------
    loss_db : ndarray of float64, shape of `distance_m`
        Basic transmission loss. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative or the frequency is not a positive number.

    Notes
    -----
    The wavelength is exact. The rounded form of the Recommendation, equation (4), 32.4 + 20 lg f +
    20 lg d with the distance in kilometres, is 0.048 dB less.

    References
    ----------
    .. [1] Recommendation ITU-R P.525-4, "Calculation of free-space attenuation", Geneva, 2019,
       sec. 2.2, equation (3); unchanged in P.525-5, 2024.

    Examples
    --------
    >>> free_space_loss([1e3, 20e3], frequency_mhz=1000.0).round(2)
    array([ 92.45, 118.47])
    """
    check_frequency(frequency_mhz)
    at_one_metre_db = 20.0 * math.log10(4.0 * math.pi / wavelength_m(frequency_mhz))
    return log_distance_loss(  # eq. (3)
        distance_m, intercept_db=at_one_metre_db, slope_db=20.0, rise_m=rise_m
    )


def log_distance_loss(
    distance_m: ArrayLike,
    *,
    intercept_db: ArrayLike,
    slope_db: ArrayLike,
    rise_m: float = 0.0,
) -> NDArray[np.float64]:
    """
    Loss that grows by a constant number of decibels per decade of distance.

    Parameters
    ----------
    distance_m : array_like of float
        Distance, not negative: along the ground, or straight if `rise_m` is 0. A straight distance
        below 1 m counts as 1 m. [m]
    intercept_db : array_like of float
        Loss at 1 m. [dB]
    slope_db : array_like of float
        Growth of the loss from one decade of distance to the next. [dB]
    rise_m : float
        Difference in height of the antennas, of either sign. [m]

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Basic transmission loss. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative.

    Examples
    --------
    >>> log_distance_loss([0.0, 10.0, 1000.0], intercept_db=40.0, slope_db=35.0)
    array([ 40.,  75., 145.])
    """
    distance = np.asarray(distance_m, dtype=np.float64)
    intercept = np.asarray(intercept_db, dtype=np.float64)
    slope = np.asarray(slope_db, dtype=np.float64)
    shape = np.broadcast_shapes(distance.shape, intercept.shape, slope.shape)

    distance = flatten(distance, shape)
    # A coefficient common to all points stays a scalar: nothing to read along with the distances.
    intercept = flatten(intercept, shape) if intercept.ndim else intercept
    slope = flatten(slope, shape) if slope.ndim else slope

    loss_db = np.empty(distance.size)
    for part in blocks(distance.size):
        out = loss_db[part]
        here = distance[part]
        shortest_m = float(np.fmin.reduce(here))
        check_distance(shortest_m)
        if rise_m:  # twice the logarithm of the straight distance, without a root
            here = np.multiply(here, here, out=out)
            out += rise_m**2
        if math.hypot(shortest_m, rise_m) < MINIMUM_DISTANCE_M:
            here = np.maximum(here, MINIMUM_DISTANCE_M, out=out)
        np.log10(here, out=out)
        growth = slope[part] if slope.ndim else slope
        out *= growth / 2.0 if rise_m else growth
        out += intercept[part] if intercept.ndim else intercept
    return loss_db.reshape(shape)


def free_space_reach(
    *, intercept_db: float, slope_db: float, frequency_mhz: float, rise_m: float
) -> float:
    """
    Distance beyond which a law of constant decibels per decade stays above free space.

    Parameters
    ----------
    intercept_db : float
        Loss of the law at 1 m of ground distance. [dB]
    slope_db : float
        Growth of its loss from one decade of distance to the next. [dB]
    frequency_mhz : float
        Carrier frequency. [MHz]
    rise_m : float
        Difference in height of the antennas, of either sign. [m]

    Returns
    -------
    distance_m : float
        Ground distance, a little too far rather than too near; infinite if the law grows no faster
        than free space, or so little that they meet nowhere on Earth. [m]

    Notes
    -----
    Fits to measurements fall below free space near the mast, where nothing can. Beyond the rise the
    straight distance is at most sqrt(2) of that on the ground, so free space costs at most 3.01 dB
    more than along the ground, and the two straight lines meet once.

    Examples
    --------
    >>> round(free_space_reach(intercept_db=-10.0, slope_db=35.0, frequency_mhz=900.0, rise_m=30.0))
    932
    """
    at_one_metre_db = float(free_space_loss(1.0, frequency_mhz=frequency_mhz))
    headroom_db = at_one_metre_db + 10.0 * math.log10(2.0) - intercept_db
    if slope_db <= 20.0 or headroom_db > _NEVER_DECADES * (slope_db - 20.0):
        return math.inf
    return max(abs(rise_m), math.pow(10.0, headroom_db / (slope_db - 20.0)))


# --- shared by the distance models ----------------------------------------------------------------


def blocks(size: int) -> Iterator[slice]:
    """
    Slices that cover a flat array in pieces small enough for the processor's cache.

    Parameters
    ----------
    size : int
        Length of the array.

    Yields
    ------
    part : slice
        Consecutive, not overlapping.

    Examples
    --------
    >>> [part.stop - part.start for part in blocks(40_000)]
    [32768, 7232]
    """
    for start in range(0, size, _BLOCK):
        yield slice(start, min(start + _BLOCK, size))


def flatten(values: NDArray[Scalar], shape: tuple[int, ...]) -> NDArray[Scalar]:
    """
    Values broadcast to a shape and laid out in one contiguous row.

    Parameters
    ----------
    values : ndarray
        Array that broadcasts to `shape`.
    shape : tuple of int
        Shape wanted.

    Returns
    -------
    flat : ndarray, shape (n,)
        Of the same type and read-only: it shares the memory of `values` where it can.

    Examples
    --------
    >>> flatten(np.array([1.0, 2.0]), (2, 2))
    array([1., 2., 1., 2.])
    """
    flat = np.ascontiguousarray(np.broadcast_to(values, shape)).reshape(-1)
    flat.flags.writeable = False
    return flat


def check_distance(shortest_m: float) -> None:
    """
    Refuse a negative distance; NaN passes, because it stands for a missing value.

    Parameters
    ----------
    shortest_m : float
        Least distance of an array. [m]

    Raises
    ------
    ValueError
        If it is negative.

    Examples
    --------
    >>> check_distance(0.0)
    """
    if shortest_m < 0.0:
        raise ValueError(f"a distance must not be negative: got {shortest_m:g} m")


def check_frequency(frequency_mhz: float) -> None:
    """
    Refuse a frequency that is not a positive finite number.

    Parameters
    ----------
    frequency_mhz : float
        Carrier frequency. [MHz]

    Raises
    ------
    ValueError
        If it is zero, negative, infinite or NaN.

    Examples
    --------
    >>> check_frequency(700.0)
    """
    if not 0.0 < frequency_mhz < math.inf:
        raise ValueError(f"frequency_mhz must be a positive number: got {frequency_mhz!r}")


def check_frequencies(frequency_mhz: ArrayLike) -> NDArray[np.float64]:
    """
    Refuse frequencies that are not positive finite numbers; NaN passes.

    Parameters
    ----------
    frequency_mhz : array_like of float
        Carrier frequencies. [MHz]

    Returns
    -------
    frequency_mhz : ndarray of float64
        The frequencies as an array. [MHz]

    Raises
    ------
    ValueError
        If one is zero, negative or infinite.

    Examples
    --------
    >>> check_frequencies([700.0, 3500.0])
    array([ 700., 3500.])
    """
    array = np.asarray(frequency_mhz, dtype=np.float64)
    wrong = (array <= 0.0) | np.isinf(array)
    if wrong.any():
        raise ValueError(
            f"frequency_mhz must be a positive number: got {float(array[wrong].flat[0]):g}"
        )
    return array


def check_above(values: ArrayLike, *, limit: float, name: str) -> NDArray[np.float64]:
    """
    Refuse values that a formula has no result for; NaN passes.

    Parameters
    ----------
    values : array_like of float
        Heights or widths, in the unit that `name` ends with.
    limit : float
        Every value must exceed it.
    name : str
        Argument to name in the message.

    Returns
    -------
    values : ndarray of float64
        The values as an array.

    Raises
    ------
    ValueError
        If a value does not exceed the limit.

    Examples
    --------
    >>> check_above([25.0, 30.0], limit=0.0, name="base_height_m")
    array([25., 30.])
    """
    array = np.asarray(values, dtype=np.float64)
    if np.any(array <= limit):
        raise ValueError(f"{name} must exceed {limit:g}: got {float(np.nanmin(array)):g}")
    return array
