"""
Kernels of the sweep: line of sight, diffraction, ducting and troposcatter of a block put together.

A block is one array of rows of :data:`BLOCK` values, so that the compiler sees that rows do not overlap and
turns each loop into vector instructions. Ducting and troposcatter are computed only where a bound says that
they can move a result by more than 1e-9 dB. Equation numbers are those of :mod:`siteplan.propagation.p1812`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.propagation._elementary import arctangent, compiled, exp2, inlined, log2
from siteplan.propagation._radial import APART, SPAN
from siteplan.propagation._terms import DB_PER_OCTAVE

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARTH_RADIUS_KM: Final = 6371.0
"""Mean radius of the Earth, equation (7a). [km]"""

DEGREE_KM: Final = math.pi * EARTH_RADIUS_KM / 180.0
"""Length of a degree of latitude. [km]"""

(
    RADIUS,
    FREQUENCY,
    TIME,
    TRANSMITTER,
    RECEIVER,
    STEP,
    LATITUDE,
    FREE_SPACE,
    COUPLING,
    NU_SCALE,
    CUBE_ROOT,
    LOCATION_FIXED,
    LOCATION_SLOPE,
    NORMAL,
    PITCH,
    NOISE,
) = range(16)
"""Places in the array of scalars that describes a sweep."""

SCALARS: Final = 16

BLOCK: Final = 128
"""Receive points treated at once: all rows of a block stay in the first cache."""

(
    D,
    LG_MU1,
    ALPHA,
    POWER,
    SCATTER,
    FLOOR,
    RISE,
    LBFS,
    LD50,
    LDB,
    SLOPE_T,
    SLOPE_R,
    NEAR_T,
    NEAR_R,
    HTE,
    HRE,
    LG_BETA,
    LB0P,
    LBD,
    LMIN,
    MARGIN,
    THETA_T,
    THETA_R,
    ROUGHNESS,
    COAST,
    LBA,
    LBDA,
    LOCATION,
    OUT,
    SEA,
    X,
    NORTH,
    TO_COAST,
    LAND_KM,
    INLAND_KM,
) = range(35)
"""Rows of a block."""

BLOCK_ROWS: Final = 35

NEGLIGIBLE_DB: Final = 46.0
"""Troposcatter this far above the rest changes the sum by less than 1e-9 dB."""

SMOOTH_M: Final = 10.0
"""Roughness up to which a duct is not hindered, equation (56). [m]"""

_PER_LN: Final = 1.0 / math.log(2.0)
_OCTAVES: Final = math.log2(10.0)
_LG_50: Final = math.log10(50.0)
_LG_2: Final = math.log10(2.0)


@inlined
def _inverse_normal_of(lg_x: float) -> float:
    """Approximate inverse of the complementary normal distribution by the logarithm, Attachment 2."""
    s = math.sqrt(-2.0 * math.log(10.0) * lg_x)
    numerator = (0.010328 * s + 0.802853) * s + 2.515516698
    denominator = ((0.001308 * s + 0.189269) * s + 1.432788) * s + 1.0
    return s - numerator / denominator


@compiled
def frequent_ducts(s: NDArray[np.float64], size: int, scalars: NDArray[np.float64]) -> None:
    """Logarithm of beta0 at the path's centre, (4) and (5)."""
    latitude = scalars[LATITUDE]
    northward = 1.0 / (2.0 * DEGREE_KM)
    for i in range(size):
        phi = abs(latitude + northward * s[NORTH * BLOCK + i])
        lg_mu1 = s[LG_MU1 * BLOCK + i]
        lg_beta = 1.67 - 0.015 * phi + lg_mu1 * (0.065 + 0.0176 * phi)
        s[LG_BETA * BLOCK + i] = lg_beta if phi <= 70.0 else 0.6201360549737576 + 1.3 * lg_mu1


@compiled
def line_of_sight(s: NDArray[np.float64], size: int, scalars: NDArray[np.float64]) -> None:
    """Line of sight and diffraction for less than half the time, (10), (43), (59); a floor for ducting."""
    p = scalars[TIME]
    step = scalars[STEP]
    lg_p = math.log10(p)
    rare = math.log10(p / 50.0)
    normal = scalars[NORMAL]
    gamma = 5e-5 * scalars[RADIUS] * scalars[CUBE_ROOT]
    per_step = 1.0 / step
    curve = 1000.0 / scalars[RADIUS]
    for i in range(size):
        d = s[D * BLOCK + i]
        lg_beta = s[LG_BETA * BLOCK + i]
        horizons = step * (s[NEAR_T * BLOCK + i] + s[NEAR_R * BLOCK + i])
        focusing = 2.6 - 2.6 * exp2(max(-0.1 * _PER_LN * horizons, -1000.0))
        lbfs = s[LBFS * BLOCK + i]
        ld50 = s[LD50 * BLOCK + i]
        lb0p = lbfs + focusing * rare  # (10)
        lb0b = lbfs + focusing * (lg_beta - _LG_50)  # (11)
        lg_share = min(max(lg_beta - 2.0, -6.0), -0.302)
        fi = normal / _inverse_normal_of(lg_share) if lg_p > lg_beta else 1.0  # (40)
        ldp = ld50 + (s[LDB * BLOCK + i] - ld50) * fi  # (41)
        lbd50 = lbfs + ld50
        lbd = lb0p + ldp  # (43)
        land_ldp = (1.0 - s[SEA * BLOCK + i]) * ldp
        mixed = lbd50 + (lb0b + land_ldp - lbd50) * fi
        s[LB0P * BLOCK + i] = lb0p
        s[LBD * BLOCK + i] = lbd
        s[LMIN * BLOCK + i] = lb0p + land_ldp if lg_p < lg_beta else mixed  # (59)
        falling = min(s[SLOPE_T * BLOCK + i], 0.0) + min(s[SLOPE_R * BLOCK + i], 0.0)
        angle = falling * per_step + curve * d
        floor = s[FLOOR * BLOCK + i] + DB_PER_OCTAVE * log2(horizons) + gamma * angle
        s[MARGIN * BLOCK + i] = floor - lbd


@compiled
def median_line_of_sight(s: NDArray[np.float64], size: int, scalars: NDArray[np.float64]) -> None:
    """As :func:`line_of_sight` for half the time, where the terms of beta0 vanish."""
    step = scalars[STEP]
    gamma = 5e-5 * scalars[RADIUS] * scalars[CUBE_ROOT]
    per_step = 1.0 / step
    curve = 1000.0 / scalars[RADIUS]
    for i in range(size):
        d = s[D * BLOCK + i]
        lbd = s[LBFS * BLOCK + i] + s[LD50 * BLOCK + i]
        s[LB0P * BLOCK + i] = s[LBFS * BLOCK + i]
        s[LBD * BLOCK + i] = lbd
        s[LMIN * BLOCK + i] = lbd
        horizons = step * (s[NEAR_T * BLOCK + i] + s[NEAR_R * BLOCK + i])
        falling = min(s[SLOPE_T * BLOCK + i], 0.0) + min(s[SLOPE_R * BLOCK + i], 0.0)
        angle = falling * per_step + curve * d
        floor = s[FLOOR * BLOCK + i] + DB_PER_OCTAVE * log2(horizons) + gamma * angle
        s[MARGIN * BLOCK + i] = floor - lbd


@inlined
def _shielding(f: float, cube: float, theta_mrad: float, horizon_km: float) -> float:
    """Diffraction over an antenna's own horizon into the duct, (48)."""
    angle = max(theta_mrad - 0.1 * horizon_km, 0.0)
    near = DB_PER_OCTAVE * log2(1.0 + 0.361 * angle * math.sqrt(f * horizon_km))
    return near + 0.264 * angle * cube


@compiled
def ducting(s: NDArray[np.float64], size: int, scalars: NDArray[np.float64]) -> int:
    """
    Ducting and layer reflection, (46) to (56a), and with it (60) and (61).

    Where the point of the horizon in line of sight is not known yet, the least that it can be. Returns
    how many receive points it matters to.
    """
    step, f, cube = scalars[STEP], scalars[FREQUENCY], scalars[CUBE_ROOT]
    radius, coupling = scalars[RADIUS], scalars[COUPLING]
    lg_p = math.log10(scalars[TIME])
    gamma_d = 5e-5 * radius * cube
    matters = 0
    for i in range(size):
        d = s[D * BLOCK + i]
        dlt = step * s[NEAR_T * BLOCK + i]
        dlr = step * s[NEAR_R * BLOCK + i]
        theta_t = s[THETA_T * BLOCK + i]
        theta_r = s[THETA_R * BLOCK + i]
        placed = dlr > 0.0
        shields = _shielding(f, cube, theta_t, dlt) + _shielding(f, cube, theta_r, dlr)
        loss = coupling + DB_PER_OCTAVE * log2(dlt + dlr) + (shields if placed else 0.0)  # (47)
        theta = min(theta_t, 0.1 * dlt if placed else 0.0)
        theta += min(theta_r, 0.1 * dlr if placed else 0.0)
        theta += 1000.0 * d / radius  # (52)
        # (53) to (56)
        roots = math.sqrt(s[HTE * BLOCK + i]) + math.sqrt(s[HRE * BLOCK + i])
        lg_mu2 = s[ALPHA * BLOCK + i] * _LG_2 * log2(500.0 / radius * d * d / (roots * roots))
        di = min(d - dlt - dlr, 40.0)
        rough = max(s[ROUGHNESS * BLOCK + i] - SMOOTH_M, 0.0)
        lg_mu3 = -4.6e-5 * 0.4342944819032518 * rough * (43.0 + 6.0 * di)
        lg = s[LG_BETA * BLOCK + i] + min(lg_mu2, 0.0) + lg_mu3
        far = (9.51 - 4.8 * lg + 0.198 * lg * lg) * s[POWER * BLOCK + i]
        gamma = 1.076 * exp2(-1.012 * log2(2.0058 - lg) - _PER_LN * far)
        lg_ratio = lg_p - lg
        loss += gamma_d * theta - 12.0 + (1.2 + 3.7e-3 * d) * lg_ratio
        loss += 12.0 * exp2(min(_OCTAVES * gamma * lg_ratio, 1000.0)) + s[COAST * BLOCK + i]
        s[LBA * BLOCK + i] = loss
        lb0p, lbd = s[LB0P * BLOCK + i], s[LBD * BLOCK + i]
        high = max(loss, lb0p)
        apart = exp2(max(-_PER_LN / 2.5 * abs(loss - lb0p), -1000.0))
        enhanced = high + 2.5 * math.log(2.0) * log2(1.0 + apart)  # (60)
        near = 1.0 / (1.0 + exp2(min(0.15 * _PER_LN * (d - 20.0), 1000.0)))  # (58)
        mixed = enhanced + (lbd - enhanced) * near
        s[LBDA * BLOCK + i] = lbd if enhanced > lbd else mixed  # (61)
        matters += 0 if enhanced > lbd else 1
    return matters


@compiled
def angles(s: NDArray[np.float64], size: int, scalars: NDArray[np.float64]) -> None:
    """Horizon angles of both ends, (76) to (82). [mrad]."""
    scale = 0.001 / scalars[STEP]
    for i in range(size):
        s[THETA_T * BLOCK + i] = 1000.0 * arctangent(scale * s[SLOPE_T * BLOCK + i])
        s[THETA_R * BLOCK + i] = 1000.0 * arctangent(scale * s[SLOPE_R * BLOCK + i])


@compiled
def finish(s: NDArray[np.float64], size: int, scalars: NDArray[np.float64]) -> None:
    """Everything put together, (62), (63) and (69)."""
    radius = scalars[RADIUS]
    for i in range(size):
        theta = 1000.0 * s[D * BLOCK + i] / radius + s[THETA_T * BLOCK + i] + s[THETA_R * BLOCK + i]
        lbda = s[LBDA * BLOCK + i]
        x = min(max(4.8 * _PER_LN / 0.3 * (theta - 0.3), -1000.0), 1000.0)
        lbam = lbda + (s[LMIN * BLOCK + i] - lbda) / (1.0 + exp2(x))  # (57), (62)
        lbs = s[SCATTER * BLOCK + i] + 0.573 * theta  # (44)
        apart = exp2(max(-0.2 * _OCTAVES * abs(lbs - lbam), -1000.0))
        lbc = min(lbs, lbam) - 5.0 * _LG_2 * log2(1.0 + apart)  # (63)
        s[OUT * BLOCK + i] = max(s[LB0P * BLOCK + i], lbc + s[LOCATION * BLOCK + i])  # (69)


@compiled
def highest_between(
    ground: NDArray[np.float64],
    peaks: NDArray[np.float64],
    first: int,
    last: int,
    base: float,
    slope: float,
) -> float:
    """Greatest height of samples first .. last above a line, if more than :data:`SMOOTH_M`."""
    best = SMOOTH_M
    for k in range(first // SPAN, last // SPAN + 1):
        low, high = max(k * SPAN, first), min(k * SPAN + SPAN - 1, last)
        if peaks[k] - base - min(slope * low, slope * high) > best:
            for i in range(low, high + 1):
                best = max(best, ground[i] - base - slope * i)
    return best


@compiled
def place_horizons(
    s: NDArray[np.float64],
    size: int,
    scalars: NDArray[np.float64],
    ground: NDArray[np.float64],
    peaks: NDArray[np.float64],
    heights: NDArray[np.float64],
    first: int,
) -> bool:
    """
    Roughness between the horizons, (95), and the horizon in line of sight, where ducting matters.

    Returns whether anything changed.
    """
    changed = False
    nearest = int(np.int64(1))  # typed, or a function would be compiled once more for a literal
    step = scalars[STEP]
    hts = ground[0] + scalars[TRANSMITTER]
    bulge = 500.0 / scalars[RADIUS] * step * step
    for i in range(size):
        if s[LBDA * BLOCK + i] == s[LBD * BLOCK + i]:
            continue
        x = s[X * BLOCK + i]
        last = int(x - APART)
        if last < 1:
            continue  # no sample lies between
        hrs = heights[first + i] + scalars[RECEIVER]
        base = hts - s[HTE * BLOCK + i]
        slope = (hrs - s[HRE * BLOCK + i] - base) / x
        if s[NEAR_R * BLOCK + i] == 0.0:
            level = s[THETA_T * BLOCK + i] <= 0.0 and s[THETA_R * BLOCK + i] <= 0.0
            level = level and s[COAST * BLOCK + i] == 0.0
            if level and highest_between(ground, peaks, nearest, last, base, slope) <= SMOOTH_M:
                continue  # nothing depends on the place of the horizon
            line = (hrs - hts) / x
            least = math.inf
            place = 1
            for k in range(1, last + 1):
                clear = hts + line * k - ground[k] - bulge * k * (x - k)
                value = clear * clear / (k * (x - k))
                place = k if value <= least else place
                least = min(least, value)
            s[NEAR_T * BLOCK + i] = place
            s[NEAR_R * BLOCK + i] = x - place
            changed = True
        lt = int(s[NEAR_T * BLOCK + i])
        lr = int(x - s[NEAR_R * BLOCK + i] + 0.5)
        rough = highest_between(ground, peaks, min(lt, lr), max(lt, lr), base, slope)
        if rough > SMOOTH_M:
            s[ROUGHNESS * BLOCK + i] = rough
            changed = True
    return changed
