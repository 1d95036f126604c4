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

from siteplan.propagation import _combine as c
from siteplan.propagation._coast import SEA_ZONE, SHARE, climate, coast_coupling
from siteplan.propagation._elementary import arctangent, compiled, inlined, log2
from siteplan.propagation._radial import (
    GEOMETRY_ROWS,
    HEIGHT_R,
    HEIGHT_T,
    NU,
    NU_LAPSE,
    SLOPE_R,
    SLOPE_T,
    SMOOTH_R,
    SMOOTH_T,
    SPAN,
    geometry,
    room,
)
from siteplan.propagation._radial import NEAR_R as FOUND_NEAR_R
from siteplan.propagation._radial import NEAR_T as FOUND_NEAR_T
from siteplan.propagation._terms import BULGE, DB_PER_OCTAVE, coastal_diffraction, diffraction

if TYPE_CHECKING:
    from numpy.typing import NDArray

TABLE_ROWS: Final = 7
"""Rows of the table that all radials share: as the first rows of a block."""


@compiled
def samples_inside(
    rows: int, columns: int, y0: float, x0: float, north: float, east: float, n: int
) -> int:
    """
    Count the samples of a radial before it leaves the grid.

    They may lie up to a cell beyond the centres of the outermost cells, which take their value from
    samples on both sides; there the ground of the outermost cell goes on.
    """
    inside, outside = 0, n + 1
    while outside - inside > 1:
        j = (inside + outside) // 2
        y, x = y0 - north * j, x0 + east * j
        if y < -1.0 or x < -1.0 or y > rows or x > columns:
            outside = j
        else:
            inside = j
    return inside + 1


@compiled
def profile(
    ground: NDArray[np.float64],
    clutter: NDArray[np.float64],
    row: int,
    column: int,
    y0: float,
    x0: float,
    north: float,
    east: float,
    samples: int,
    land: NDArray[np.float64],
    cover: NDArray[np.float64],
) -> None:
    """
    Sample a radial, terrain between its four cells, clutter at the nearest.

    Places are counted from the transmitter's cell, so that they do not depend on the window.
    """
    rows, columns = ground.shape
    values = ground.ravel()
    top, bottom, left, right = -row, rows - 1 - row, -column, columns - 1 - column
    for j in range(samples):
        y = min(max(y0 - north * j, float(top)), float(bottom))
        x = min(max(x0 + east * j, float(left)), float(right))
        i0 = min(math.floor(y), rows - 2 - row)
        j0 = min(math.floor(x), columns - 2 - column)
        v = y - i0
        u = x - j0
        k = (row + i0) * columns + column + j0
        upper = values[k] + (values[k + 1] - values[k]) * u
        k += columns
        lower = values[k] + (values[k + 1] - values[k]) * u
        land[j] = upper + (lower - upper) * v
    if clutter.size > 1:
        for j in range(samples):
            i0 = min(max(math.floor(y0 - north * j + 0.5), top), bottom)
            j0 = min(max(math.floor(x0 + east * j + 0.5), left), right)
            cover[j] = clutter[row + i0, column + j0]


@compiled
def zone_profile(
    zones: NDArray[np.uint8],
    row: int,
    column: int,
    y0: float,
    x0: float,
    north: float,
    east: float,
    samples: int,
    along: NDArray[np.uint8],
) -> None:
    """Zone of the cell nearest to each sample."""
    rows, columns = zones.shape
    for j in range(samples):
        i0 = row + math.floor(y0 - north * j + 0.5)
        j0 = column + math.floor(x0 + east * j + 0.5)
        along[j] = zones[min(max(i0, 0), rows - 1), min(max(j0, 0), columns - 1)]


@compiled
def _copy(
    row: NDArray[np.float64], first: int, size: int, s: NDArray[np.float64], place: int
) -> None:
    """Copy part of a row to a block: a slice assigned would bring text into the kernel, to compile."""
    for i in range(size):
        s[place * c.BLOCK + i] = row[first + i]


@compiled
def _load(
    s: NDArray[np.float64],
    size: int,
    first: int,
    table: NDArray[np.float64],
    found: NDArray[np.float64],
    land: NDArray[np.float64],
    hts: float,
    receiver_m: float,
) -> None:
    """Copy to a block what its receive points need."""
    for row in range(TABLE_ROWS):
        _copy(table[row], first, size, s, row)
    _copy(found[SLOPE_T], first, size, s, c.SLOPE_T)
    _copy(found[SLOPE_R], first, size, s, c.SLOPE_R)
    _copy(found[FOUND_NEAR_T], first, size, s, c.NEAR_T)
    _copy(found[FOUND_NEAR_R], first, size, s, c.NEAR_R)
    smooth_t, smooth_r = found[SMOOTH_T], found[SMOOTH_R]
    here = land[0]
    for i in range(size):
        s[c.HTE * c.BLOCK + i] = hts - min(smooth_t[first + i], here)  # (92a), (94a)
    for i in range(size):
        height = land[first + i]
        s[c.HRE * c.BLOCK + i] = (
            height + receiver_m - min(smooth_r[first + i], height)
        )  # (92b), (94b)
    for i in range(size):
        s[c.RISE * c.BLOCK + i] = land[first + i] + receiver_m - hts


@compiled
def _free_space(s: NDArray[np.float64], size: int, constant_db: float) -> None:
    """Free space over slant distances, (8) and (8a)."""
    for i in range(size):
        d, rise = s[c.D * c.BLOCK + i], 1e-3 * s[c.RISE * c.BLOCK + i]
        s[c.LBFS * c.BLOCK + i] = constant_db + DB_PER_OCTAVE / 2.0 * log2(d * d + rise * rise)


@compiled
def _locations(
    s: NDArray[np.float64],
    size: int,
    scalars: NDArray[np.float64],
    cover: NDArray[np.float64],
    along: NDArray[np.uint8],
    first: int,
) -> None:
    """Location variability at each receive point, (66) to (68); none at sea."""
    fixed, slope, receiver_m = (
        scalars[c.LOCATION_FIXED],
        scalars[c.LOCATION_SLOPE],
        scalars[c.RECEIVER],
    )
    for i in range(size):
        above = 1.0 - 0.1 * (receiver_m - cover[first + i])
        s[c.LOCATION * c.BLOCK + i] = fixed + slope * min(max(above, 0.0), 1.0)
    if len(along) > 1:
        for i in range(size):
            if along[first + i] == SEA_ZONE:
                s[c.LOCATION * c.BLOCK + i] = 0.0


@compiled
def _needs(s: NDArray[np.float64], size: int) -> tuple[int, int]:
    """Receive points at which ducting may matter, and at which troposcatter may."""
    duct = scatter = 0
    for i in range(size):
        duct += 1 if s[c.MARGIN * c.BLOCK + i] < 0.0 else 0
    for i in range(size):
        apart = s[c.SCATTER * c.BLOCK + i] - s[c.LBD * c.BLOCK + i]
        scatter += 1 if apart < c.NEGLIGIBLE_DB else 0
    return duct, scatter


@compiled
def _peaks(land: NDArray[np.float64], samples: int, peaks: NDArray[np.float64]) -> None:
    """Greatest height of each block of samples."""
    for first in range(0, samples, SPAN):
        best = -math.inf
        for k in range(first, min(first + SPAN, samples)):
            best = max(best, land[k])
        peaks[first // SPAN] = best


@compiled
def run(
    ground: NDArray[np.float64],
    clutter: NDArray[np.float64],
    zones: NDArray[np.uint8],
    row: int,
    column: int,
    y0: float,
    x0: float,
    begin: int,
    end: int,
    start: NDArray[np.int64],
    scalars: NDArray[np.float64],
    constants: NDArray[np.float64],
    table: NDArray[np.float64],
    inverse: NDArray[np.float64],
    loss: NDArray[np.float64],
) -> None:
    """
    Losses of the radials begin .. end - 1.

    Parameters
    ----------
    ground, clutter : ndarray of float64, shape (rows, columns)
        Terrain, and clutter or one value for none. [m]
    zones : ndarray of uint8, shape (rows, columns)
        Radio-climatic zones, or one value for inland everywhere.
    row, column : int
        Cell of the transmitter.
    y0, x0 : float
        Its place from the centre of the cell, in cells.
    begin, end : int
        Radials to compute.
    start : ndarray of int64, shape (radials,)
        First sample asked for on each radial.
    scalars, constants, table, inverse : ndarray of float64
        What describes the sweep, what depends on each Earth radius, what on the distance; reciprocals.
    loss : ndarray of float64, shape (radials, n + 1)
        Out: loss at each sample. [dB]
    """
    count, width = loss.shape
    n = width - 1
    rare = constants.shape[0] == 2
    coastal = zones.size > 1
    step, receiver_m = scalars[c.STEP], scalars[c.RECEIVER]
    bulges = np.empty(constants.shape[0])
    for a in range(len(bulges)):
        bulges[a] = constants[a, BULGE] * step * step
    land = np.empty(n + 1)
    cover = np.zeros(n + 1)
    along = np.zeros(n + 1 if coastal else 1, dtype=np.uint8)
    carried = np.zeros((4, n + 1 if coastal else 1))
    peaks = np.empty(n // SPAN + 1)
    found = np.empty((GEOMETRY_ROWS, n + 1))
    work = room(n)
    own = table.copy() if coastal else table
    s = np.zeros(c.BLOCK_ROWS * c.BLOCK)
    coast_km = math.inf
    for r in range(begin, end):
        if start[r] > n:
            continue
        angle = 2.0 * math.pi * r / count
        north = math.cos(angle)
        up, right = north * scalars[c.PITCH], math.sin(angle) * scalars[c.PITCH]
        samples = samples_inside(
            ground.shape[0], ground.shape[1], row + y0, column + x0, up, right, n
        )
        if samples < 2:
            continue
        profile(ground, clutter, row, column, y0, x0, up, right, samples, land, cover)
        hts = land[0] + scalars[c.TRANSMITTER]
        if coastal:
            zone_profile(zones, row, column, y0, x0, up, right, samples, along)
            for k in range(samples):
                own[c.ALPHA, k] = table[c.ALPHA, k]
            coast_km = climate(along, samples, step, carried, own[c.LG_MU1 : c.ALPHA + 1])
        known = geometry(
            land,
            cover,
            samples,
            hts,
            receiver_m,
            bulges,
            scalars[c.NU_SCALE],
            start[r],
            inverse,
            found,
            work,
        )
        peaks_known = False
        for first in range(start[r], known, c.BLOCK):
            last = min(first + c.BLOCK, known)
            size = last - first
            _load(s, size, first, own, found, land, hts, receiver_m)
            d = own[c.D, first:last]
            ht, hr = found[HEIGHT_T, first:last], found[HEIGHT_R, first:last]
            for a in range(len(bulges)):
                edge = found[NU_LAPSE if a else NU, first:last]
                out = s[(c.LD50 + a) * c.BLOCK : (c.LD50 + a) * c.BLOCK + size]
                if coastal:
                    share = carried[SHARE, first:last]
                    coastal_diffraction(edge, ht, hr, d, share, constants[a], out)
                else:
                    diffraction(edge, ht, hr, d, constants[a], out)
            _free_space(s, size, scalars[c.FREE_SPACE])
            _locations(s, size, scalars, cover, along, first)
            if coastal:
                _copy(carried[SHARE], first, size, s, c.SEA)
            if rare:
                c.line_of_sight(s, size, scalars, north)
            else:
                c.median_line_of_sight(s, size, scalars, north)
            duct, scatter = _needs(s, size)
            if rare or duct > 0 or scatter > 0:
                c.angles(s, size, scalars)
                _copy(s, c.LBD * c.BLOCK, size, s, c.LBDA)
                if duct > 0:
                    for i in range(size):
                        s[c.ROUGHNESS * c.BLOCK + i] = 0.0
                    if coastal:
                        coast_coupling(
                            s, size, step, coast_km, hts, carried, land, receiver_m, first
                        )
                    if c.ducting(s, size, scalars) > 0:
                        if not peaks_known:
                            _peaks(land, known, peaks)
                            peaks_known = True
                        if c.place_horizons(s, size, scalars, land, peaks, first):
                            if coastal:
                                coast_coupling(
                                    s, size, step, coast_km, hts, carried, land, receiver_m, first
                                )
                            c.ducting(s, size, scalars)
                c.finish(s, size, scalars)
                for i in range(size):
                    loss[r, first + i] = s[c.OUT * c.BLOCK + i]
            else:
                for i in range(size):
                    lbd = s[c.LBD * c.BLOCK + i] + s[c.LOCATION * c.BLOCK + i]
                    loss[r, first + i] = max(s[c.LBFS * c.BLOCK + i], lbd)
        if start[r] == 1 and math.isfinite(land[0]):
            # the mast's own cell: free space at half a cell, straight down to the receiver
            slant = math.hypot(
                step / scalars[c.PITCH] / 2.0, (scalars[c.TRANSMITTER] - receiver_m) / 1000.0
            )
            loss[r, 0] = scalars[c.FREE_SPACE] + 20.0 * math.log10(slant)


@inlined
def _ring_value(values: NDArray[np.float64], first: int, second: int, v: float) -> float:
    """Value between two samples of a ring; where one is missing, that of the nearer."""
    a, b = values[first], values[second]
    mixed = a + (b - a) * v
    return mixed if not math.isnan(mixed) else a if v < 0.5 else b


@compiled
def gather(
    polar: NDArray[np.float64],
    steps: int,
    per_cell: int,
    shift_row: float,
    shift_column: float,
    levels: NDArray[np.int64],
    begin: int,
    end: int,
    loss: NDArray[np.float32],
) -> None:
    """
    Give each cell of the rows begin .. end - 1 its value between the four samples around it.

    Where one of them is missing, the cell is missing if the nearest is, and else takes that. Beyond the
    last ring of `polar`, `per_cell` of which are a cell, a cell is infinite; beyond `steps` cells missing.
    """
    count, width = polar.shape
    size = loss.shape[1]
    per_radian = count / (2.0 * math.pi)
    values = polar.ravel()
    share = np.empty(width)
    for k in range(width):
        share[k] = 1.0 / (1 << levels[k])
    distance = np.empty(size)
    turn = np.empty(size)
    most = (steps + 0.5) * per_cell
    for i in range(begin, end):
        north = steps - i + shift_row
        for j in range(size):
            east = j - steps - shift_column
            distance[j] = math.sqrt(north * north + east * east) * per_cell
            # the angle from the nearer axis, then turned to its octant
            steep = abs(north) >= abs(east)
            above = east if steep else north
            below = north if steep else east
            angle = arctangent(above / (below if below != 0.0 else 1.0))
            base = 0.0 if north > 0.0 else math.pi
            base = 2.0 * math.pi if north > 0.0 and east < 0.0 else base
            side = math.pi / 2.0 if east > 0.0 else 1.5 * math.pi
            turn[j] = (base + angle if steep else side - angle) * per_radian
        for j in range(size):
            ring = int(distance[j])
            u = distance[j] - ring
            if distance[j] >= most or ring + 1 >= width:
                loss[i, j] = math.nan if distance[j] >= most else math.inf
                continue
            k = int(turn[j] * share[ring])
            v = turn[j] * share[ring] - k
            first = (k << levels[ring]) % count
            second = ((k + 1) << levels[ring]) % count
            near = _ring_value(values, first * width + ring, second * width + ring, v)
            if levels[ring + 1] != levels[ring]:
                k = int(turn[j] * share[ring + 1])
                v = turn[j] * share[ring + 1] - k
                first = (k << levels[ring + 1]) % count
                second = ((k + 1) << levels[ring + 1]) % count
            far = _ring_value(values, first * width + ring + 1, second * width + ring + 1, v)
            mixed = near + (far - near) * u
            loss[i, j] = mixed if not math.isnan(mixed) else near if u < 0.5 else far
