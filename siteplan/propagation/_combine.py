"""
Kernels of the sweep: line of sight, diffraction, troposcatter and ducting put together.

Equation numbers are those of :mod:`siteplan.propagation.p1812`. The scalar functions here serve the few
receive points at which more than free space and diffraction counts; ducting walks the profile again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RADIUS, LAPSE_RADIUS, FREQUENCY, TIME, TRANSMITTER, RECEIVER, STEP, REFRACTIVITY, LATITUDE = range(
    9
)
"""Places in the array of scalars that describes a sweep, the last in the array of a radial's own."""

NEGLIGIBLE_DB: Final = 46.0
"""Troposcatter this far above the rest changes the sum by less than 1e-9 dB."""


@njit(cache=True, error_model="numpy", nogil=True)
def inverse_normal(x: float) -> float:
    """Approximate inverse of the complementary normal distribution, Attachment 2."""
    x = min(max(x, 1e-6), 1.0 - 1e-6)
    sign = 1.0
    if x > 0.5:
        sign, x = -1.0, 1.0 - x
    t = math.sqrt(-2.0 * math.log(x))
    numerator = (0.010328 * t + 0.802853) * t + 2.515516698
    denominator = ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0
    return sign * (t - numerator / denominator)


@njit(cache=True, error_model="numpy", nogil=True)
def time_loss(p: float, beta: float, d_km: float) -> float:
    """Loss of the duct that depends on the share of the time, (53)."""
    lg = math.log10(beta)
    far = (9.51 - 4.8 * lg + 0.198 * lg * lg) * 1e-6 * d_km**1.13
    gamma = 1.076 / (2.0058 - lg) ** 1.012 * math.exp(-far)
    ratio = p / beta
    return -12.0 + (1.2 + 3.7e-3 * d_km) * math.log10(ratio) + 12.0 * ratio**gamma


@njit(cache=True, error_model="numpy", nogil=True)
def shielding(f: float, theta_mrad: float, horizon_km: float) -> float:
    """Diffraction over an antenna's own horizon into the duct, (48)."""
    angle = theta_mrad - 0.1 * horizon_km
    if angle <= 0.0:
        return 0.0
    near = 20.0 * math.log10(1.0 + 0.361 * angle * math.sqrt(f * horizon_km))
    return near + 0.264 * angle * f ** (1.0 / 3.0)


@njit(cache=True, error_model="numpy", nogil=True)
def ducting(
    ground: NDArray[np.float64],
    j: int,
    scalars: NDArray[np.float64],
    beta0: float,
    theta_t: float,
    theta_r: float,
) -> float:
    """Loss by ducting and layer reflection to sample j over inland, (46) to (56a)."""
    step = scalars[STEP]
    radius = scalars[RADIUS]
    f = scalars[FREQUENCY]
    hts = ground[0] + scalars[TRANSMITTER]
    hrs = ground[j] + scalars[RECEIVER]
    d = step * j
    line = (hrs - hts) / j
    bulge = 500.0 / radius * step * step
    v1 = 0.0
    v2 = 0.0
    steepest_t = -math.inf
    steepest_r = -math.inf
    largest = -math.inf
    lt = lr = ln = 1
    for i in range(1, j + 1):
        v1 += ground[i] + ground[i - 1]
        v2 += ground[i] * (3.0 * i - 1.0) + ground[i - 1] * (3.0 * i - 2.0)
        if i == j:
            break
        rise = (ground[i] - hts) / i - bulge * i
        if rise > steepest_t:
            steepest_t, lt = rise, i
        fall = (ground[i] - hrs) / (j - i) - bulge * (j - i)
        if fall >= steepest_r:
            steepest_r, lr = fall, i
        nu = (rise + bulge * j - line) * math.sqrt(i / (j - i))
        if nu >= largest:
            largest, ln = nu, i
    if steepest_t <= line - bulge * j:
        lt = lr = ln
    dlt, dlr = lt * step, d - lr * step
    hst = min((2.0 * v1 * j - v2) / (j * j), ground[0])
    hsr = min((v2 - v1 * j) / (j * j), ground[j])
    hm = -math.inf
    for i in range(min(lt, lr), max(lt, lr) + 1):
        hm = max(hm, ground[i] - (hst + (hsr - hst) / j * i))
    hte, hre = hts - hst, hrs - hsr

    alf = 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else 0.0
    loss = 102.45 + 20.0 * math.log10(f * (dlt + dlr)) + alf
    loss += shielding(f, theta_t, dlt) + shielding(f, theta_r, dlr)
    theta = 1000.0 * d / radius + min(theta_t, 0.1 * dlt) + min(theta_r, 0.1 * dlr)
    tau = 1.0 - math.exp(-4.12e-4 * d**2.41)
    alpha = max(-0.6 - 3.5e-9 * d**3.1 * tau, -3.4)
    heights = (math.sqrt(hte) + math.sqrt(hre)) ** 2
    mu2 = min((500.0 / radius * d * d / heights) ** alpha, 1.0)
    mu3 = 1.0
    if hm > 10.0:
        mu3 = math.exp(-4.6e-5 * (hm - 10.0) * (43.0 + 6.0 * min(d - dlt - dlr, 40.0)))
    loss += 5e-5 * radius * f ** (1.0 / 3.0) * theta
    return loss + time_loss(scalars[TIME], beta0 * mu2 * mu3, d)


@njit(cache=True, error_model="numpy", nogil=True)
def combine(
    ground: NDArray[np.float64],
    j: int,
    scalars: NDArray[np.float64],
    lbfs: float,
    ld50: float,
    ldb: float,
    slope_t: float,
    slope_r: float,
    horizons: float,
    beta0: float,
    duct_floor: float,
    scatter: float,
) -> tuple[float, float]:
    """
    Loss of one receive point for half the locations, (63), and its floor (10).

    `horizons` is the sum of the horizon distances in samples, `duct_floor` what ducting costs at least
    but for horizons and angles, `scatter` troposcatter but for the angular distance.
    """
    step = scalars[STEP]
    radius = scalars[RADIUS]
    p = scalars[TIME]
    d = step * j
    theta_t = 1000.0 * math.atan(slope_t / (1000.0 * step))
    theta_r = 1000.0 * math.atan(slope_r / (1000.0 * step))
    theta = 1000.0 * d / radius + theta_t + theta_r
    lb0p = lbfs
    lb0b = lbfs
    fi = 0.0
    if p < 50.0:
        focusing = 2.6 * (1.0 - math.exp(-0.1 * step * horizons))
        lb0p += focusing * math.log10(p / 50.0)
        lb0b += focusing * math.log10(beta0 / 50.0)
        fi = 1.0
        if p > beta0:
            fi = inverse_normal(p / 100.0) / inverse_normal(beta0 / 100.0)
    ldp = ld50 + (ldb - ld50) * fi
    lbd50 = lbfs + ld50
    lbd = lb0p + ldp
    lminb0p = lb0p + ldp if p < beta0 else lbd50 + (lb0b + ldp - lbd50) * fi
    lbda = lbd
    f = scalars[FREQUENCY]
    least = duct_floor + 20.0 * math.log10(step * horizons)
    least += 5e-5 * radius * f ** (1.0 / 3.0) * (min(theta_t, 0.0) + min(theta_r, 0.0))
    if least < lbd:
        lba = ducting(ground, j, scalars, beta0, theta_t, theta_r)
        high = max(lba, lb0p)
        lminbap = high + 2.5 * math.log1p(math.exp(-abs(lba - lb0p) / 2.5))
        if lminbap <= lbd:
            fk = 1.0 - 0.5 * (1.0 + math.tanh(1.5 * (d - 20.0) / 20.0))
            lbda = lminbap + (lbd - lminbap) * fk
    lbam = lbda
    if lminb0p != lbda:
        fj = 1.0 - 0.5 * (1.0 + math.tanh(2.4 * (theta - 0.3) / 0.3))
        lbam = lbda + (lminb0p - lbda) * fj
    lbs = scatter + 0.573 * theta
    apart = abs(lbs - lbam)
    low = min(lbs, lbam)
    if apart < NEGLIGIBLE_DB:
        low -= 5.0 * math.log10(1.0 + 10.0 ** (-0.2 * apart))
    return low, lb0p
