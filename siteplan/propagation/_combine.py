"""
Kernels of the sweep: line of sight, diffraction, troposcatter and ducting put together.

Equation numbers are those of :mod:`siteplan.propagation.p1812`. The scalar functions here serve the few
receive points at which more than free space and diffraction counts; ducting walks the profile again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from numba import njit

from siteplan.propagation._arrays import exp2, log2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EARTH_RADIUS_KM: Final = 6371.0
"""Mean radius of the Earth, equation (7a). [km]"""

DEGREE_KM: Final = math.pi * EARTH_RADIUS_KM / 180.0
"""Length of a degree of latitude. [km]"""

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
def arctangents(x: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Angles of slopes, in a form that the compiler turns into vector instructions; good to 1e-15."""
    for i in range(len(x)):
        a = abs(x[i])
        steep = a > 2.414213562373095
        middle = a > 0.66
        reduced = -1.0 / a if steep else (a - 1.0) / (a + 1.0) if middle else a
        offset = math.pi / 2.0 if steep else math.pi / 4.0 if middle else 0.0
        z = reduced * reduced
        # ratio of polynomials on |reduced| <= 0.66; coefficients of S. L. Moshier, Methods and Programs
        # for Mathematical Functions, Prentice-Hall, 1989
        p = -8.750608600031904122785e-1 * z - 1.615753718733365076637e1
        p = (p * z - 7.500855792314704667340e1) * z - 1.228866684490136173410e2
        p = p * z - 6.485021904942025371773e1
        q = (z + 2.485846490142306297962e1) * z + 1.650270098316988542046e2
        q = ((q * z + 4.328810604912902668951e2) * z + 4.853903996359136964868e2) * z
        q += 1.945506571482613964425e2
        angle = offset + (reduced + reduced * z * p / q)
        out[i] = -angle if x[i] < 0.0 else angle


@njit(cache=True, error_model="numpy", nogil=True)
def add_scatter(
    scatter: NDArray[np.float64],
    theta: NDArray[np.float64],
    loss: NDArray[np.float64],
    t: NDArray[np.float64],
    u: NDArray[np.float64],
    room: NDArray[np.float64],
) -> None:
    """Add the power scattered by the troposphere to that behind a loss, (63), in place."""
    n = len(loss)
    for i in range(n):
        lbs = scatter[i] + 0.573 * theta[i]
        t[i] = max(-0.2 * abs(lbs - loss[i]) * 3.321928094887362, -1000.0)
        loss[i] = min(lbs, loss[i])
    exp2(t, u, room)
    for i in range(n):
        t[i] = 1.0 + u[i]
    log2(t, u, room)
    for i in range(n):
        loss[i] -= 1.505149978319906 * u[i]


@njit(cache=True, error_model="numpy", nogil=True)
def angular_distance(
    d: NDArray[np.float64],
    slopes: NDArray[np.float64],
    step_km: float,
    radius_km: float,
    theta: NDArray[np.float64],
    t: NDArray[np.float64],
    u: NDArray[np.float64],
) -> None:
    """Path angular distance from the slopes to both horizons, (84). [mrad]."""
    n = len(d)
    for i in range(n):
        t[i] = slopes[0, i] / (1000.0 * step_km)
    arctangents(t, theta)
    for i in range(n):
        t[i] = slopes[1, i] / (1000.0 * step_km)
    arctangents(t, u)
    for i in range(n):
        theta[i] = 1000.0 * (d[i] / radius_km + theta[i] + u[i])


@njit(cache=True, error_model="numpy", nogil=True)
def combine_block(
    scalars: NDArray[np.float64],
    north: float,
    rings: NDArray[np.float64],
    losses: NDArray[np.float64],
    horizons: NDArray[np.float64],
    duct_floor: NDArray[np.float64],
    rows: NDArray[np.float64],
    out: NDArray[np.float64],
    least: NDArray[np.float64],
) -> None:
    """
    Loss of a block of receive points for less than half the time, ducting left out.

    Parameters
    ----------
    scalars : ndarray of float64
        What describes the sweep.
    north : float
        Cosine of the azimuth.
    rings : ndarray of float64, shape (4, n)
        Rows of the shared table: distance, troposcatter, logarithm of beta0 and its slope by latitude.
    losses : ndarray of float64, shape (3, n)
        Free space, diffraction at the median, diffraction for beta0. [dB]
    horizons : ndarray of float64, shape (4, n)
        Slopes and distances of the horizons, as of the geometry.
    duct_floor : ndarray of float64, shape (n,)
        What ducting costs at least but for horizons and angles. [dB]
    rows : ndarray of float64, shape (16, 2 n)
        Room to work in.
    out : ndarray of float64, shape (2, n)
        Out: loss (63) without ducting, and its floor (10). [dB]
    least : ndarray of float64, shape (n,)
        Out: how far ducting stays above what it must undercut to matter; negative where it may. [dB]
    """
    n = losses.shape[1]
    step, radius, p = scalars[STEP], scalars[RADIUS], scalars[TIME]
    t, u, room = rows[0, :n], rows[1, :n], rows[2, :n]
    far, theta, lbd, lminb0p = rows[3, :n], rows[4, :n], rows[5, :n], rows[6, :n]
    lg_p = math.log10(p / 50.0)
    lg_50 = math.log10(50.0)
    i_p = inverse_normal(p / 100.0)
    for i in range(n):
        t[i] = -0.1 * step * (horizons[2, i] + horizons[3, i]) * 1.4426950408889634
    exp2(t, far, room)
    for i in range(n):
        d = rings[0, i]
        phi = abs(scalars[LATITUDE] + north * d / (2.0 * DEGREE_KM))
        lg_beta = rings[2, i] + phi * rings[3, i]
        focusing = 2.6 * (1.0 - far[i])
        lb0p = losses[0, i] + focusing * lg_p
        lb0b = losses[0, i] + focusing * (lg_beta - lg_50)
        # (96) and (97) for beta0, whose logarithm is known; beta0 stays below half the time
        x = min(max(2.0 - lg_beta, 0.302), 6.0)
        s = math.sqrt(4.605170185988092 * x)
        numerator = (0.010328 * s + 0.802853) * s + 2.515516698
        denominator = ((0.001308 * s + 0.189269) * s + 1.432788) * s + 1.0
        fi = i_p / (s - numerator / denominator)
        rare = lg_p + lg_50 < lg_beta
        even = lg_p + lg_50 <= lg_beta
        fi = 1.0 if even else fi
        ldp = losses[1, i] + (losses[2, i] - losses[1, i]) * fi
        lbd50 = losses[0, i] + losses[1, i]
        mixed = lbd50 + (lb0b + ldp - lbd50) * fi
        lbd[i] = lb0p + ldp
        lminb0p[i] = lb0p + ldp if rare else mixed
        out[1, i] = lb0p
        t[i] = step * (horizons[2, i] + horizons[3, i])
    log2(t, u, room)
    gamma = 5e-5 * radius * scalars[FREQUENCY] ** (1.0 / 3.0) / step
    for i in range(n):
        falling = gamma * (min(horizons[0, i], 0.0) + min(horizons[1, i], 0.0))
        least[i] = duct_floor[i] + 6.020599913279624 * u[i] + falling - lbd[i]
    angular_distance(rings[0], horizons, step, radius, theta, t, u)
    for i in range(n):
        x = 4.8 / 0.3 * (theta[i] - 0.3) * 1.4426950408889634
        t[i] = min(max(x, -1000.0), 1000.0)
    exp2(t, u, room)
    for i in range(n):
        fj = 1.0 / (1.0 + u[i])
        out[0, i] = lbd[i] + (lminb0p[i] - lbd[i]) * fj
    add_scatter(rings[1], theta, out[0], t, u, room)


@njit(cache=True, error_model="numpy", nogil=True)
def combine_median(
    scalars: NDArray[np.float64],
    rings: NDArray[np.float64],
    losses: NDArray[np.float64],
    horizons: NDArray[np.float64],
    duct_floor: NDArray[np.float64],
    rows: NDArray[np.float64],
    out: NDArray[np.float64],
    least: NDArray[np.float64],
) -> None:
    """
    Loss of a block of receive points for half the time, ducting left out.

    Arguments as of :func:`combine_block`. The terms of beta0 vanish; troposcatter is added where any point
    of the block needs it.
    """
    n = losses.shape[1]
    step, radius = scalars[STEP], scalars[RADIUS]
    t, u, room, theta = rows[0, :n], rows[1, :n], rows[2, :n], rows[3, :n]
    gamma = 5e-5 * radius * scalars[FREQUENCY] ** (1.0 / 3.0) / step
    nearest = 20.0 * math.log10(2.0 * step)  # both horizons lie at least a sample away
    closest = math.inf
    for i in range(n):
        lbd = losses[0, i] + losses[1, i]
        falling = gamma * (min(horizons[0, i], 0.0) + min(horizons[1, i], 0.0))
        least[i] = duct_floor[i] + nearest + falling - lbd
        out[0, i] = lbd
        out[1, i] = losses[0, i]
        closest = min(closest, rings[1, i] - lbd)
    if closest < NEGLIGIBLE_DB:
        angular_distance(rings[0], horizons, step, radius, theta, t, u)
        add_scatter(rings[1], theta, out[0], t, u, room)


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
    horizon_t: float,
    horizon_r: float,
    beta0: float,
    duct_floor: float,
    scatter: float,
) -> tuple[float, float]:
    """
    Loss of one receive point for half the locations, (63), and its floor (10).

    The horizon distances are in samples; in line of sight the first is their sum and the second 0.
    `duct_floor` is what ducting costs at least but for horizons and angles, `scatter` troposcatter but
    for the angular distance.
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
        focusing = 2.6 * (1.0 - math.exp(-0.1 * step * (horizon_t + horizon_r)))
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
    dlt, dlr = step * horizon_t, step * horizon_r
    least = duct_floor + 20.0 * math.log10(dlt + dlr)
    if horizon_r > 0.0:
        least += shielding(f, theta_t, dlt) + shielding(f, theta_r, dlr)
        angle = 1000.0 * d / radius + min(theta_t, 0.1 * dlt) + min(theta_r, 0.1 * dlr)
    else:
        angle = min(theta_t, 0.0) + min(theta_r, 0.0)
    least += 5e-5 * radius * f ** (1.0 / 3.0) * angle
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
