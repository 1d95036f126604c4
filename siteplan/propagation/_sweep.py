"""
Kernels of the sweep: radials sampled, their terms computed and summed, cells given their sample.

The steps that every radial takes; the terms themselves are in the modules beside this one.

Compiled code is cached by the time of this file alone: after a change in one of those modules, delete the
``*.nbi`` files in ``__pycache__``, or touch this file. An installation does so by itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from siteplan.propagation._arrays import BLOCK
from siteplan.propagation._combine import (
    DEGREE_KM,
    FREQUENCY,
    LAPSE_RADIUS,
    LATITUDE,
    RADIUS,
    RECEIVER,
    STEP,
    TIME,
    TRANSMITTER,
    combine,
    combine_block,
    combine_median,
    time_loss,
)
from siteplan.propagation._radial import geometry, room
from siteplan.propagation._terms import ROWS, delta_bullington, free_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPEED_OF_LIGHT_M_S: Final = 2.998e8
"""As rounded in the conformance results of the Recommendation. [m/s]"""

DISTANCE, SCATTER, LG_BETA, LG_BETA_LATITUDE = range(4)
"""Rows of the table that all radials share."""


@njit(cache=True, error_model="numpy", nogil=True)
def incidence(table: NDArray[np.float64], j: int, latitude: float) -> float:
    """Incidence of strong lapse rates for a path of j samples inland, (5)."""
    phi = abs(latitude)
    if phi <= 70.0:
        return 10.0 ** (table[LG_BETA, j] + phi * table[LG_BETA_LATITUDE, j])
    lg_mu1 = (table[LG_BETA, j] - 1.67) / (1.0 - 0.935)
    return 4.17 * 10.0 ** (1.3 * lg_mu1)


@njit(cache=True, error_model="numpy", nogil=True)
def profile(
    ground: NDArray[np.floating],
    clutter: NDArray[np.floating],
    row: float,
    column: float,
    angle: float,
    land: NDArray[np.float64],
    cover: NDArray[np.float64],
) -> int:
    """Sample a radial, terrain between its four cells, clutter at the nearest; samples on the grid."""
    rows, columns = ground.shape
    bare = clutter.size == 1
    north = math.cos(angle)
    east = math.sin(angle)
    n = len(land) - 1
    for j in range(n + 1):
        y = row - north * j
        x = column + east * j
        if y < 0.0 or x < 0.0 or y > rows - 1 or x > columns - 1:
            return j
        i0 = min(int(y), rows - 2)
        j0 = min(int(x), columns - 2)
        v = y - i0
        u = x - j0
        upper = ground[i0, j0] * (1.0 - u) + ground[i0, j0 + 1] * u
        lower = ground[i0 + 1, j0] * (1.0 - u) + ground[i0 + 1, j0 + 1] * u
        land[j] = upper * (1.0 - v) + lower * v
        cover[j] = 0.0 if bare else clutter[int(y + 0.5), int(x + 0.5)]
    return n + 1


@njit(cache=True, error_model="numpy", nogil=True)
def run(
    ground: NDArray[np.floating],
    clutter: NDArray[np.floating],
    row: float,
    column: float,
    begin: int,
    end: int,
    start: NDArray[np.int64],
    scalars: NDArray[np.float64],
    table: NDArray[np.float64],
    admittance: NDArray[np.float64],
    location_db: float,
    loss: NDArray[np.float64],
) -> None:
    """Radials begin .. end - 1."""
    count, width = loss.shape
    n = width - 1
    p = scalars[TIME]
    step = scalars[STEP]
    f = scalars[FREQUENCY]
    wavelength = SPEED_OF_LIGHT_M_S / (f * 1e9)
    not_median = p < 50.0
    radii = np.array([scalars[RADIUS], scalars[LAPSE_RADIUS]])
    used = 2 if not_median else 1
    bulges = 500.0 / radii[:used] * step * step
    nu_scale = 0.002 / (wavelength * step)
    free_constant = 92.4 + 20.0 * math.log10(f)
    low_f = 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else 0.0
    coupling = 102.45 + 20.0 * math.log10(f) + low_f
    # ducting costs at least this, but for horizons and angles: its time factor is least for the most
    # frequent ducts, those of the lowest latitude that a path can reach
    duct = np.empty(n + 1)
    for j in range(n + 1):
        shift = table[DISTANCE, j] / (2.0 * DEGREE_KM)
        lowest = max(abs(scalars[LATITUDE]) - shift, 0.0)
        most = incidence(table, j, lowest)
        if lowest <= 70.0 < abs(scalars[LATITUDE]) + shift:
            most = max(most, incidence(table, j, 71.0))
        duct[j] = coupling + time_loss(p, most, max(table[DISTANCE, j], step / 2.0)) - 0.01
    land = np.empty(n + 1)
    cover = np.empty(n + 1)
    nu = np.empty((used, n + 1))
    heights = np.empty((2, n + 1))
    horizons = np.empty((4, n + 1))
    rows = np.empty((ROWS, 2 * BLOCK))
    rise = np.empty(BLOCK)
    losses = np.empty((3, BLOCK))
    summed = np.empty((2, BLOCK))
    margin = np.empty(BLOCK)
    reach = table[DISTANCE, n] / (2.0 * DEGREE_KM)
    polar = abs(scalars[LATITUDE]) + reach > 70.0  # beyond, beta0 is another function
    work, stack = room(n)
    for r in range(begin, end):
        if start[r] > n:
            continue
        angle = 2.0 * math.pi * r / count
        north = math.cos(angle)
        samples = profile(ground, clutter, row, column, angle, land, cover)
        if samples < 2:
            continue
        hts = land[0] + scalars[TRANSMITTER]
        known = geometry(
            land[:samples],
            cover[:samples],
            hts,
            scalars[RECEIVER],
            bulges,
            nu_scale,
            start[r],
            nu,
            heights,
            horizons,
            work,
            stack,
        )
        for first in range(start[r], known, BLOCK):
            last = min(first + BLOCK, known)
            size = last - first
            d = table[DISTANCE, first:last]
            for a in range(used):
                delta_bullington(
                    nu[a, first:last],
                    heights[0, first:last],
                    heights[1, first:last],
                    d,
                    radii[a],
                    f,
                    wavelength,
                    admittance,
                    0.0,
                    losses[1 + a, :size],
                    rows,
                )
            for i in range(size):
                rise[i] = hts - land[first + i] - scalars[RECEIVER]
            free_space(d, rise[:size], free_constant, losses[0, :size], rows)
            if not not_median:
                combine_median(
                    scalars,
                    table[:, first:last],
                    losses[:, :size],
                    horizons[:, first:last],
                    duct[first:last],
                    rows,
                    summed[:, :size],
                    margin[:size],
                )
            elif not polar:
                combine_block(
                    scalars,
                    north,
                    table[:, first:last],
                    losses[:, :size],
                    horizons[:, first:last],
                    duct[first:last],
                    rows,
                    summed[:, :size],
                    margin[:size],
                )
            else:
                margin[:size] = -1.0
            for i in range(size):
                j = first + i
                if margin[i] > 0.0:
                    loss[r, j] = max(summed[1, i], summed[0, i] + location_db)
                    continue
                latitude = scalars[LATITUDE] + north * d[i] / (2.0 * DEGREE_KM)
                lbc, lb0p = combine(
                    land,
                    j,
                    scalars,
                    losses[0, i],
                    losses[1, i],
                    losses[used, i],
                    horizons[0, j],
                    horizons[1, j],
                    horizons[2, j],
                    horizons[3, j],
                    incidence(table, j, latitude),
                    duct[j],
                    table[SCATTER, j],
                )
                loss[r, j] = max(lb0p, lbc + location_db)
        if start[r] == 1:
            # the mast's own cell: free space at half a cell, straight down to the receiver
            slant = math.hypot(step / 2.0, (scalars[TRANSMITTER] - scalars[RECEIVER]) / 1000.0)
            loss[r, 0] = free_constant + 20.0 * math.log10(slant)


@njit(cache=True, error_model="numpy", nogil=True)
def gather(
    polar: NDArray[np.float64],
    shift_row: float,
    shift_column: float,
    levels: NDArray[np.int64],
    loss: NDArray[np.float32],
) -> None:
    """Give each cell the nearest sample."""
    count = polar.shape[0]
    steps = polar.shape[1] - 1
    per_radian = count / (2.0 * math.pi)
    for i in range(2 * steps + 1):
        for j in range(2 * steps + 1):
            north = steps - i + shift_row
            east = j - steps - shift_column
            step = int(math.sqrt(north * north + east * east) + 0.5)
            if step > steps:
                continue
            stride = 1 << levels[step]
            turn = math.atan2(east, north) * per_radian / stride
            radial = math.floor(turn + 0.5) * stride
            if radial < 0:
                radial += count
            elif radial >= count:
                radial -= count
            loss[i, j] = polar[radial, step]
