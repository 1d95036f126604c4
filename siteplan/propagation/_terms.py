"""
Kernels of the sweep: from the geometry of a radial to the loss of each receive point.

The closed forms run over blocks of samples, one vector loop a step; troposcatter and ducting are added
only where a bound says that they can move the result by more than 1e-9 dB. Equation numbers are those of
:mod:`siteplan.propagation.p1812`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from numba import njit

from siteplan.propagation._arrays import exp2, log2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DB_PER_OCTAVE: Final = 20.0 * math.log10(2.0)
_HALF: Final = DB_PER_OCTAVE / 2.0
_QUARTER: Final = DB_PER_OCTAVE / 4.0
_OCTAVES_PER_DB: Final = math.log2(10.0) / 20.0
_SIXTH: Final = 1.0 / (6.0 * math.log(2.0))

NEWTON_STEPS: Final = 4
"""Steps of Halley's method for the root (24c): cubic convergence from an error below 0.03."""

ROWS: Final = 16
"""Temporary arrays of a block."""


@njit(cache=True, error_model="numpy", nogil=True)
def _bullington(
    nu: NDArray[np.float64],
    d: NDArray[np.float64],
    out: NDArray[np.float64],
    t: NDArray[np.float64],
    u: NDArray[np.float64],
    room: NDArray[np.float64],
) -> None:
    """Bullington loss of diffraction parameters, (12) and (21)."""
    n = len(nu)
    for i in range(n):
        x = nu[i] - 0.1
        t[i] = math.sqrt(x * x + 1.0) + x
    log2(t, u, room)
    for i in range(n):
        knife = 6.9 + DB_PER_OCTAVE * u[i]
        t[i] = knife if nu[i] > -0.78 else 0.0
        u[i] = -_SIXTH * t[i]
    exp2(u, out, room)
    for i in range(n):
        out[i] = t[i] + (1.0 - out[i]) * (10.0 + 0.02 * d[i])


@njit(cache=True, error_model="numpy", nogil=True)
def _height_gain(
    b: NDArray[np.float64],
    floor: NDArray[np.float64],
    out: NDArray[np.float64],
    t: NDArray[np.float64],
    room: NDArray[np.float64],
) -> None:
    """Subtract the gain of normalised heights from `out`, (34) and (35)."""
    n = len(b)
    for i in range(n):
        t[i] = b[i] - 1.1 if b[i] > 2.0 else b[i] + 0.1 * b[i] * b[i] * b[i]
    log2(t, room[:n], room[n:])
    for i in range(n):
        high = 17.6 * math.sqrt(t[i]) - _QUARTER * room[i] - 8.0
        gain = high if b[i] > 2.0 else DB_PER_OCTAVE * room[i]
        out[i] -= max(gain, floor[i])


@njit(cache=True, error_model="numpy", nogil=True)
def delta_bullington(
    nu: NDArray[np.float64],
    ht: NDArray[np.float64],
    hr: NDArray[np.float64],
    d: NDArray[np.float64],
    radius_km: float,
    frequency_ghz: float,
    wavelength_m: float,
    ground: NDArray[np.float64],
    sea_share: float,
    out: NDArray[np.float64],
    rows: NDArray[np.float64],
) -> None:
    """
    Diffraction loss of a block of receive points, section 4.3.4.

    Parameters
    ----------
    nu : ndarray of float64, shape (n,)
        Diffraction parameters of the profile, n at most ``BLOCK``.
    ht, hr : ndarray of float64, shape (n,)
        Effective heights over the smooth surface. [m]
    d : ndarray of float64, shape (n,)
        Path lengths. [km]
    radius_km : float
        Effective Earth radius. [km]
    frequency_ghz, wavelength_m : float
        Of the carrier. [GHz] [m]
    ground : ndarray of float64, shape (2,)
        Normalised admittance over land and sea but for radius and frequency, (29a) or (29b).
    sea_share : float
        Share of the path over sea.
    out : ndarray of float64, shape (n,)
        Out: diffraction loss. [dB]
    rows : ndarray of float64, shape (ROWS, 2 BLOCK)
        Room to work in.
    """
    n = len(nu)
    t, u, room = rows[0, :n], rows[1, :n], rows[2, : 2 * n]
    w, clear, need = rows[3, :n], rows[4, :n], rows[5, :n]
    lg_radius, first = rows[6, :n], rows[7, :n]
    x, bt, br, floor, smooth = rows[8, :n], rows[9, :n], rows[10, :n], rows[11, :n], rows[12, :n]
    part = rows[13, :n]
    _bullington(nu, d, out, t, u, room[:n])

    # smooth Earth: clearance and the radius at which the path would just graze, (22) to (26)
    per_radius = 500.0 / radius_km
    root = 2.0 * math.sqrt(per_radius)
    wave = 17.456 * math.sqrt(wavelength_m)
    bend = math.sqrt(0.002 / wavelength_m)
    for i in range(n):
        total = ht[i] + hr[i]
        square = d[i] * d[i]
        c = (ht[i] - hr[i]) / total
        m = 0.5 * per_radius * square / total
        q = math.sqrt(3.0 * m / (m + 1.0))
        z = 1.5 * c * q / (m + 1.0)
        y = z / 3.0
        y = y * (1.0 + 4.0 / 3.0 * y * y)
        for _ in range(NEWTON_STEPS):
            value = (4.0 * y * y - 3.0) * y + z
            slope = 12.0 * y * y - 3.0
            y -= 2.0 * value * slope / (2.0 * slope * slope - 24.0 * value * y)
        share = 0.5 + y / q  # (24a), with (24c)
        share = min(max(share, 0.0), 1.0)
        d1 = d[i] * share
        d2 = d[i] - d1
        width = math.sqrt(max(d1 * d2 / d[i], 1e-12))
        hse = (ht[i] - per_radius * d1 * d1) * (1.0 - share)
        hse += (hr[i] - per_radius * d2 * d2) * share  # (23)
        sum_roots = math.sqrt(ht[i]) + math.sqrt(hr[i])
        near = square * per_radius < sum_roots * sum_roots  # d below (22)
        clear[i] = hse
        need[i] = wave * width  # (25)
        # parameter of the smooth path: (105), or (107) to (110)
        tilt = (hr[i] - ht[i]) / d[i]
        facing_t = per_radius * d[i] - root * math.sqrt(ht[i]) - tilt
        facing_r = per_radius * d[i] - root * math.sqrt(hr[i]) + tilt
        beyond = math.sqrt(max(facing_t, 0.0) * max(facing_r, 0.0) * d[i])
        w[i] = bend * (-hse / width if near else beyond)
        lg_radius[i] = 500.0 * square / (sum_roots * sum_roots) if near else radius_km  # (26)
        # how much of the first term counts: (27); all of it beyond the horizon
        first[i] = max(1.0 - hse / need[i], 0.0) if near else 1.0
    _bullington(w, d, smooth, t, u, room[:n])

    log2(lg_radius, t, room[:n])
    for i in range(n):
        lg_radius[i] = t[i]
        t[i] = t[i] * (-1.0 / 3.0)
    exp2(t, u, room[:n])  # radius to the power of -1/3
    cube = frequency_ghz ** (1.0 / 3.0)
    for i in range(n):
        part[i] = 0.0
    for kind in range(2):
        share = sea_share if kind == 1 else 1.0 - sea_share
        if share == 0.0:
            continue
        admittance = ground[kind]
        lg_admittance = DB_PER_OCTAVE * math.log2(admittance)
        for i in range(n):
            k = admittance * u[i]
            k2 = k * k
            beta = 1.0 + k2 * (1.6 + 0.67 * k2)
            beta = beta / (1.0 + k2 * (4.5 + 1.53 * k2))  # (30)
            x[i] = 21.88 * beta * cube * u[i] * u[i] * d[i]  # (31)
            y = 0.9575 * beta * beta * cube * cube * u[i]  # (32), with the beta of (35)
            bt[i] = y * ht[i]
            br[i] = y * hr[i]
            floor[i] = 2.0 + lg_admittance - DB_PER_OCTAVE / 3.0 * lg_radius[i]
        log2(x, w, room[:n])
        for i in range(n):
            t[i] = 1.425 * w[i]
        exp2(t, need, room[:n])
        for i in range(n):
            far = 17.6 * x[i] - 11.0 - _HALF * w[i]
            close = DB_PER_OCTAVE * w[i] + 5.6488 * need[i]
            t[i] = far if x[i] >= 1.6 else close  # (33)
        _height_gain(bt, floor, t, w, room)
        _height_gain(br, floor, t, w, room)
        for i in range(n):
            part[i] += share * t[i]  # (28), (36)
    for i in range(n):
        spherical = first[i] * max(part[i], 0.0)
        out[i] += max(spherical - smooth[i], 0.0)  # (39)


@njit(cache=True, error_model="numpy", nogil=True)
def free_space(
    d: NDArray[np.float64],
    rise_m: NDArray[np.float64],
    constant_db: float,
    out: NDArray[np.float64],
    rows: NDArray[np.float64],
) -> None:
    """Free space over slant distances, (8) and (8a)."""
    n = len(d)
    t, room = rows[0, :n], rows[2, :n]
    for i in range(n):
        t[i] = d[i] * d[i] + 1e-6 * rise_m[i] * rise_m[i]
    log2(t, out, room)
    for i in range(n):
        out[i] = constant_db + _HALF * out[i]
