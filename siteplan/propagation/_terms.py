"""
Kernels of the sweep: the closed forms of diffraction, one vector loop over a block of receive points.

Equation numbers are those of :mod:`siteplan.propagation.p1812`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from siteplan.propagation._elementary import compiled, exp2, inlined, log2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DB_PER_OCTAVE: Final = 20.0 * math.log10(2.0)
_HALF: Final = DB_PER_OCTAVE / 2.0
_QUARTER: Final = DB_PER_OCTAVE / 4.0
_THIRD: Final = 1.0 / 3.0
_SIXTH: Final = 1.0 / (6.0 * math.log(2.0))

(
    RADIUS_KM,
    BULGE,
    GRAZING,
    FRESNEL_M,
    PER_METRE,
    CUBE_ROOT_GHZ,
    LAND,
    LG_LAND,
    SEA,
    LG_SEA,
) = range(10)
"""Places in the constants of an Earth radius: see :func:`siteplan.propagation.sweep.sweep_radials`."""

CONSTANTS: Final = 10


@inlined
def _bullington(nu: float, d: float) -> float:
    """Bullington loss of a diffraction parameter, (12) and (21)."""
    x = nu - 0.1
    knife = 6.9 + DB_PER_OCTAVE * log2(math.sqrt(x * x + 1.0) + x)
    knife = knife if nu > -0.78 else 0.0
    return knife + (1.0 - exp2(-_SIXTH * knife)) * (10.0 + 0.02 * d)


@inlined
def _height_gain(b: float, floor: float) -> float:
    """Gain of a normalised height, (34) and (35)."""
    high = b > 2.0
    t = b - 1.1 if high else b + 0.1 * b * b * b
    lg = log2(t)
    gain = 17.6 * math.sqrt(t) - _QUARTER * lg - 8.0 if high else DB_PER_OCTAVE * lg
    return max(gain, floor)


@inlined
def _first_term(
    admittance: float,
    lg_admittance: float,
    cube: float,
    lg_radius: float,
    root: float,
    d: float,
    ht: float,
    hr: float,
) -> float:
    """First term of spherical-Earth diffraction over one kind of ground, section 4.3.3."""
    k = admittance * root
    k2 = k * k
    beta = (1.0 + k2 * (1.6 + 0.67 * k2)) / (1.0 + k2 * (4.5 + 1.53 * k2))  # (30)
    x = 21.88 * beta * cube * root * root * d  # (31)
    y = 0.9575 * beta * beta * cube * cube * root  # (32), with the beta of (35)
    floor = 2.0 + lg_admittance - DB_PER_OCTAVE / 3.0 * lg_radius
    lg_x = log2(x)
    far = 17.6 * x - 11.0 - _HALF * lg_x
    close = DB_PER_OCTAVE * lg_x + 5.6488 * exp2(min(1.425 * lg_x, 100.0))
    fx = far if x >= 1.6 else close  # (33)
    return fx - _height_gain(y * ht, floor) - _height_gain(y * hr, floor)  # (36)


@inlined
def _smooth_clearance(d: float, ht: float, hr: float, bulge: float) -> float:
    """
    Clearance over the smooth Earth by the root of the Fresnel ellipse, (23) to (25).

    The root (24c) is found from the arc cosine of M. Abramowitz and I. A. Stegun, Handbook of Mathematical
    Functions, 1964, 4.4.45, good to 7e-5, and one step of Halley's method. The ratio is least at the root,
    so that an error of the root counts by its square.
    """
    inverse = 1.0 / (ht + hr)
    c = (ht - hr) * inverse  # (24d)
    m = 0.5 * bulge * d * d * inverse  # (24e)
    q = math.sqrt(3.0 * m / (m + 1.0))
    z = 1.5 * c * q / (m + 1.0)
    a = min(abs(z), 1.0)
    arc = math.sqrt(1.0 - a) * (1.5707288 + a * (-0.2121144 + a * (0.0742610 - 0.0187293 * a)))
    sixth = math.pi / 6.0 - _THIRD * arc
    y = sixth * (1.0 - sixth * sixth / 6.0 * (1.0 - sixth * sixth / 20.0))
    y = y if z > 0.0 else -y
    value = (4.0 * y * y - 3.0) * y + z
    slope = 12.0 * y * y - 3.0
    y -= 2.0 * value * slope / (2.0 * slope * slope - 24.0 * value * y)
    share = min(max(0.5 + y / q, 1e-9), 1.0 - 1e-9)  # (24a)
    d1 = d * share
    d2 = d - d1
    hse = (ht - bulge * d1 * d1) * (1.0 - share) + (hr - bulge * d2 * d2) * share  # (23)
    return hse / math.sqrt(d1 * d2 / d)


@inlined
def _delta_bullington(
    edge: float,
    ht: float,
    hr: float,
    d: float,
    sea_share: float,
    k: NDArray[np.float64],
    coast: bool,  # noqa: FBT001  # numba has no keyword-only arguments
) -> float:
    """Diffraction loss of one receive point, section 4.3.4."""
    bulge = k[BULGE]
    root_t, root_r = math.sqrt(ht), math.sqrt(hr)
    horizon = (root_t + root_r) * (root_t + root_r)
    near = bulge * d * d < horizon  # d below (22)
    clearance = _smooth_clearance(d, ht, hr, bulge)
    # parameter of the smooth path: (105), or (107) to (110)
    tilt = (hr - ht) / d
    facing_t = max(bulge * d - k[GRAZING] * root_t - tilt, 0.0)
    facing_r = max(bulge * d - k[GRAZING] * root_r + tilt, 0.0)
    smooth = k[PER_METRE] * (-clearance if near else math.sqrt(facing_t * facing_r * d))
    # how much of the first term counts: (27); all of it beyond the horizon
    share = max(1.0 - clearance / k[FRESNEL_M], 0.0) if near else 1.0
    lg_radius = log2(500.0 * d * d / horizon if near else k[RADIUS_KM])  # (26)
    root = exp2(-_THIRD * lg_radius)
    cube = k[CUBE_ROOT_GHZ]
    first = _first_term(k[LAND], k[LG_LAND], cube, lg_radius, root, d, ht, hr)
    if coast:
        sea = _first_term(k[SEA], k[LG_SEA], cube, lg_radius, root, d, ht, hr)
        first += sea_share * (sea - first)  # (28)
    spherical = share * max(first, 0.0)
    nu = math.sqrt(abs(edge))
    actual = _bullington(nu if edge > 0.0 else -nu, d)
    return actual + max(spherical - _bullington(smooth, d), 0.0)  # (39)


@compiled
def diffraction(
    edge: NDArray[np.float64],
    ht: NDArray[np.float64],
    hr: NDArray[np.float64],
    d: NDArray[np.float64],
    constants: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """
    Diffraction loss of a block of receive points inland.

    Parameters
    ----------
    edge : ndarray of float64, shape (n,)
        Squares of the diffraction parameters of the profile, with their sign.
    ht, hr : ndarray of float64, shape (n,)
        Effective heights over the smooth surface. [m]
    d : ndarray of float64, shape (n,)
        Path lengths. [km]
    constants : ndarray of float64, shape (CONSTANTS,)
        What depends on Earth radius, frequency and ground.
    out : ndarray of float64, shape (n,)
        Out: diffraction loss. [dB]
    """
    for i in range(len(out)):
        out[i] = _delta_bullington(edge[i], ht[i], hr[i], d[i], 0.0, constants, False)


@compiled
def coastal_diffraction(
    edge: NDArray[np.float64],
    ht: NDArray[np.float64],
    hr: NDArray[np.float64],
    d: NDArray[np.float64],
    sea_share: NDArray[np.float64],
    constants: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Diffraction loss of a block of receive points of which `sea_share` of the path is sea."""
    for i in range(len(out)):
        out[i] = _delta_bullington(edge[i], ht[i], hr[i], d[i], sea_share[i], constants, True)
