"""
Diffraction over one sharp ridge, and over a terrain profile by Bullington's construction.

Recommendation ITU-R P.526 states both; its Bullington model, section 4.5.1, is also the first part
of the diffraction model of P.1812. It takes the ground for sharp edges: over a smooth Earth or
water it finds too little loss, which section 4.5.2 ("delta-Bullington") mends; that method is in
:mod:`siteplan.propagation.p1812`.

Every loss here comes on top of that in free space.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.propagation.free_space import check_above, check_frequency
from siteplan.units import wavelength_m

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CLEAR_PATH_PARAMETER: Final = -0.78
"""Diffraction parameter up to which a ridge costs nothing: P.526-15, equation (31)."""

STANDARD_EFFECTIVE_RADIUS_M: Final = 8_500_000.0
"""Effective Earth radius where nothing better is known: P.526-15, section 1. [m]"""

MINIMUM_POINTS: Final = 3
"""Fewest samples of a profile: its two ends and something between."""


def knife_edge_loss(
    obstacle_height_m: ArrayLike,
    to_transmitter_m: ArrayLike,
    to_receiver_m: ArrayLike,
    *,
    frequency_mhz: float,
) -> NDArray[np.float64]:
    """
    Loss caused by one sharp ridge between two antennas.

    Parameters
    ----------
    obstacle_height_m : array_like of float
        Height of the ridge above the straight line between the antennas, negative when below. [m]
    to_transmitter_m, to_receiver_m : array_like of float
        Distances from the ridge to the two antennas, above 0. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Loss in excess of free space, never negative. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance or the frequency is not positive.

    References
    ----------
    .. [1] Recommendation ITU-R P.526-15, "Propagation by diffraction", Geneva, 2019, sec. 4.1,
       equations (26) and (31).

    Examples
    --------
    A ridge 60 m below, on and 60 m above the line of a 10 km path at 800 MHz:

    >>> knife_edge_loss([-60.0, 0.0, 60.0], 5e3, 5e3, frequency_mhz=800.0).round(1)
    array([ 0. ,  6. , 21.7])
    """
    check_frequency(frequency_mhz)
    height = np.asarray(obstacle_height_m, dtype=np.float64)
    d1 = check_above(to_transmitter_m, limit=0.0, name="to_transmitter_m")
    d2 = check_above(to_receiver_m, limit=0.0, name="to_receiver_m")
    nu = height * np.sqrt(2.0 / wavelength_m(frequency_mhz) * (1.0 / d1 + 1.0 / d2))  # eq. (26)
    return diffraction_parameter_loss(nu)


def diffraction_parameter_loss(parameter: ArrayLike) -> NDArray[np.float64]:
    """
    Loss of a sharp edge by its diffraction parameter.

    Parameters
    ----------
    parameter : array_like of float
        Fresnel-Kirchhoff parameter nu: the height of the edge above the line between the antennas,
        in units that grow with the Fresnel ellipsoid; 0 when the edge touches the line.

    Returns
    -------
    loss_db : ndarray of float64, shape of `parameter`
        Loss J(nu) in excess of free space; 0 up to :data:`CLEAR_PATH_PARAMETER`. NaN stays NaN.
        [dB]

    References
    ----------
    .. [1] Recommendation ITU-R P.526-15, "Propagation by diffraction", Geneva, 2019, sec. 4.1,
       equation (31).

    Examples
    --------
    >>> diffraction_parameter_loss([-1.0, 0.0, 1.0, 2.4]).round(2)
    array([ 0.  ,  6.03, 13.93, 20.54])
    """
    nu = np.asarray(parameter, dtype=np.float64)
    # A very low edge would leave nothing of the argument of the logarithm.
    shifted = np.maximum(nu, CLEAR_PATH_PARAMETER) - 0.1
    loss_db = 6.9 + 20.0 * np.log10(np.hypot(shifted, 1.0) + shifted)  # eq. (31)
    return np.where(nu <= CLEAR_PATH_PARAMETER, 0.0, loss_db)


def bullington_loss(
    distance_m: ArrayLike,
    height_m: ArrayLike,
    *,
    transmitter_height_m: float,
    receiver_height_m: float,
    frequency_mhz: float,
    effective_radius_m: float = STANDARD_EFFECTIVE_RADIUS_M,
) -> float:
    """
    Loss over the ridges of a terrain profile, put together into one.

    Parameters
    ----------
    distance_m : array_like of float, shape (n,)
        Distance along the ground, strictly increasing from the transmitter to the receiver, at
        least three of them, at any spacing. [m]
    height_m : array_like of float, shape (n,)
        Ground above mean sea level, with what stands on it; the first and last are the ground
        under the antennas. NaN where it is not known. [m]
    transmitter_height_m, receiver_height_m : float
        Heights of the two antennas above the first and last sample. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    effective_radius_m : float
        Radius of an Earth on which rays run straight; infinite for a flat one. [m]

    Returns
    -------
    loss_db : float
        Loss in excess of free space, never negative; NaN if a height is not known. [dB]

    Raises
    ------
    ValueError
        If the arrays are not a profile, or the frequency or the radius is not positive.

    Notes
    -----
    Time grows with the number of points. Ground that rises never lowers the loss, and the loss is the
    same in both directions, whatever the two heights.

    References
    ----------
    .. [1] Recommendation ITU-R P.526-15, "Propagation by diffraction", Geneva, 2019, sec. 4.5.1.
    .. [2] Recommendation ITU-R P.1812-6, Geneva, 2021, Annex 1, sec. 4.3.1: the same steps, whose
       equation numbers (13) to (21) stand beside the code.

    Examples
    --------
    A ridge of 100 m half way along 20 km, and the same path without it:

    >>> distance_m = np.linspace(0.0, 20e3, 201)
    >>> ridge_m = np.where(distance_m == 10e3, 100.0, 0.0)
    >>> round(bullington_loss(distance_m, ridge_m, transmitter_height_m=40.0,
    ...                       receiver_height_m=10.0, frequency_mhz=900.0), 1)
    32.0
    >>> bullington_loss(distance_m, 0.0 * ridge_m, transmitter_height_m=90.0,
    ...                 receiver_height_m=90.0, frequency_mhz=900.0)
    0.0
    """
    check_frequency(frequency_mhz)
    if not effective_radius_m > 0.0:
        raise ValueError(f"effective_radius_m must be positive: got {effective_radius_m!r}")
    along, ground = _profile(distance_m, height_m)
    start = float(ground[0]) + transmitter_height_m
    end = float(ground[-1]) + receiver_height_m
    if math.isnan(start + end) or np.isnan(ground).any():
        return math.nan

    total = float(along[-1])
    d1 = along[1:-1]
    d2 = total - d1
    top = ground[1:-1] + d1 * d2 / (2.0 * effective_radius_m)  # with the bulge of the Earth
    two_over_wavelength = 2.0 / wavelength_m(frequency_mhz)

    steepest_up = float(np.max((top - start) / d1))  # S_tim, eq. (13)
    direct = (end - start) / total  # S_tr, eq. (14)
    if steepest_up < direct:
        above_line = top - (start * d2 + end * d1) / total
        parameter = float(
            np.max(above_line * np.sqrt(two_over_wavelength * total / (d1 * d2)))  # eq. (15)
        )
    else:
        # The Bullington point (18) lies where the steepest lines from the two antennas meet. They
        # rise over the direct line by `ahead` and `back`, so it lies back / (ahead + back) of the
        # way along and ahead * back / (ahead + back) * total above; put into (19) this leaves:
        ahead = steepest_up - direct
        back = float(np.max((top - end) / d2)) + direct  # S_rim, eq. (17), and S_tr
        parameter = math.sqrt(two_over_wavelength * total * ahead * max(back, 0.0))  # eq. (19)
    edge_db = float(diffraction_parameter_loss(parameter))  # L_uc, eq. (16) and (20)
    return edge_db + (1.0 - math.exp(-edge_db / 6.0)) * (10.0 + 0.02 * total / 1000.0)  # eq. (21)


def _profile(
    distance_m: ArrayLike, height_m: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    distance = np.asarray(distance_m, dtype=np.float64)
    height = np.asarray(height_m, dtype=np.float64)
    if distance.ndim != 1 or distance.shape != height.shape:
        raise ValueError(
            f"distance_m and height_m must be rows of equal length: "
            f"got shapes {distance.shape} and {height.shape}"
        )
    if distance.size < MINIMUM_POINTS:
        raise ValueError(f"a profile needs {MINIMUM_POINTS} points or more: got {distance.size}")
    if not np.all(np.diff(distance) > 0.0):
        raise ValueError("distance_m must increase from each point to the next")
    return distance - distance[0], height
