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
from siteplan.propagation._cells import cells_of_radial
from siteplan.propagation._coast import (
    CARRIED_ROWS,
    SEA_ZONE,
    carry_zones,
    coast_coupling,
    zones_of_paths,
)
from siteplan.propagation._elementary import compiled, entered, inlined, log2
from siteplan.propagation._radial import (
    APART,
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
    WORK_ROWS,
    geometry,
)
from siteplan.propagation._radial import NEAR_R as FOUND_NEAR_R
from siteplan.propagation._radial import NEAR_T as FOUND_NEAR_T
from siteplan.propagation._terms import BULGE, DB_PER_OCTAVE, coastal_diffraction, diffraction

if TYPE_CHECKING:
    from numpy.typing import NDArray

(LG_MU1, FLOOR, ALPHA, POWER) = range(4)
"""Rows of the table that all radials share, :data:`FINE` values a ring."""

TABLE_ROWS: Final = 4

FINE: Final = 4
"""Values of the table to a step, so that what lies between holds for cells of a kilometre too."""


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


@inlined
def _between(row: NDArray[np.float64], x: float) -> float:
    """Value between rings, by the cubic through four of them; on a ring its own."""
    fine = FINE * x
    k = max(int(fine), 1)
    u = fine - k
    here, after = row[k], row[k + 1]
    bend = (2.0 - u) * (row[k - 1] - 2.0 * here + after)
    bend += (1.0 + u) * (here - 2.0 * after + row[k + 2])
    return here + u * (after - here + (u - 1.0) / 6.0 * bend)


@compiled
def _load(
    s: NDArray[np.float64],
    size: int,
    first: int,
    table: NDArray[np.float64],
    found: NDArray[np.float64],
    places: NDArray[np.float64],
    norths: NDArray[np.float64],
    heights: NDArray[np.float64],
    here: float,
    scalars: NDArray[np.float64],
) -> None:
    """Copy to a block what its receive points need."""
    receiver_m, step = scalars[c.RECEIVER], scalars[c.STEP]
    hts = here + scalars[c.TRANSMITTER]
    _copy(places, first, size, s, c.X)
    _copy(norths, first, size, s, c.NORTH)
    _copy(found[SLOPE_T], first, size, s, c.SLOPE_T)
    _copy(found[SLOPE_R], first, size, s, c.SLOPE_R)
    _copy(found[FOUND_NEAR_T], first, size, s, c.NEAR_T)
    _copy(found[FOUND_NEAR_R], first, size, s, c.NEAR_R)
    for i in range(size):
        s[c.D * c.BLOCK + i] = step * s[c.X * c.BLOCK + i]
    floor = table[FLOOR]
    for i in range(size):
        ring = int(FINE * s[c.X * c.BLOCK + i])
        s[c.FLOOR * c.BLOCK + i] = min(floor[ring], floor[ring + 1])
    smooth_t, smooth_r = found[SMOOTH_T], found[SMOOTH_R]
    for i in range(size):
        s[c.HTE * c.BLOCK + i] = hts - min(smooth_t[first + i], here)  # (92a), (94a)
    for i in range(size):
        height = heights[first + i]
        s[c.HRE * c.BLOCK + i] = (
            height + receiver_m - min(smooth_r[first + i], height)
        )  # (92b), (94b)
    for i in range(size):
        s[c.RISE * c.BLOCK + i] = heights[first + i] + receiver_m - hts


@compiled
def _load_rings(
    s: NDArray[np.float64],
    size: int,
    table: NDArray[np.float64],
    coastal: bool,  # noqa: FBT001  # numba has no keyword-only arguments
) -> None:
    """Add what only ducting and troposcatter need of the distance; some of it is known by the sea."""
    for i in range(size):
        x = s[c.X * c.BLOCK + i]
        s[c.POWER * c.BLOCK + i] = _between(table[POWER], x)
        if not coastal:
            s[c.LG_MU1 * c.BLOCK + i] = _between(table[LG_MU1], x)
            s[c.ALPHA * c.BLOCK + i] = _between(table[ALPHA], x)


@compiled
def _free_space(s: NDArray[np.float64], size: int, scalars: NDArray[np.float64]) -> None:
    """Free space over slant distances, (8) and (8a); troposcatter but for the angle, (44)."""
    free_db, scatter_db = scalars[c.FREE_SPACE], scalars[c.NOISE]
    for i in range(size):
        d, rise = s[c.D * c.BLOCK + i], 1e-3 * s[c.RISE * c.BLOCK + i]
        s[c.LBFS * c.BLOCK + i] = free_db + DB_PER_OCTAVE / 2.0 * log2(d * d + rise * rise)
        s[c.SCATTER * c.BLOCK + i] = scatter_db + DB_PER_OCTAVE * log2(d)


@compiled
def _locations(
    s: NDArray[np.float64],
    size: int,
    scalars: NDArray[np.float64],
    covers: NDArray[np.float64],
    first: int,
) -> None:
    """Location variability at each receive point, (66) to (68)."""
    fixed, slope, receiver_m = (
        scalars[c.LOCATION_FIXED],
        scalars[c.LOCATION_SLOPE],
        scalars[c.RECEIVER],
    )
    for i in range(size):
        above = 1.0 - 0.1 * (receiver_m - covers[first + i])
        s[c.LOCATION * c.BLOCK + i] = fixed + slope * min(max(above, 0.0), 1.0)


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
def _finish_block(
    s: NDArray[np.float64],
    size: int,
    first: int,
    scalars: NDArray[np.float64],
    land: NDArray[np.float64],
    samples: int,
    peaks: NDArray[np.float64],
    peaks_known: bool,  # noqa: FBT001  # numba has no keyword-only arguments
    heights: NDArray[np.float64],
    coast_km: float,
    coastal: bool,  # noqa: FBT001
) -> bool:
    """Ducting where it matters, troposcatter, and the sum; whether the peaks of the radial are known now."""
    step, receiver_m = scalars[c.STEP], scalars[c.RECEIVER]
    hts = land[0] + scalars[c.TRANSMITTER]
    _copy(s, c.LBD * c.BLOCK, size, s, c.LBDA)
    duct, _ = _needs(s, size)
    if duct > 0:
        for i in range(size):
            s[c.ROUGHNESS * c.BLOCK + i] = 0.0
        if coastal:
            coast_coupling(s, size, step, coast_km, hts, heights, receiver_m, first)
        if c.ducting(s, size, scalars) > 0:
            if not peaks_known:
                _peaks(land, samples, peaks)
                peaks_known = True
            if c.place_horizons(s, size, scalars, land, peaks, heights, first):
                if coastal:
                    coast_coupling(s, size, step, coast_km, hts, heights, receiver_m, first)
                c.ducting(s, size, scalars)
    c.finish(s, size, scalars)
    return peaks_known


@entered
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
    count: int,
    starts: NDArray[np.int64],
    cells: int,
    scalars: NDArray[np.float64],
    constants: NDArray[np.float64],
    table: NDArray[np.float64],
    loss: NDArray[np.float64],
) -> None:
    """
    Losses of the receive points of the radials begin .. end - 1.

    Parameters
    ----------
    ground, clutter : ndarray of float64, shape (rows, columns)
        Terrain, and clutter or one value for none. [m]
    zones : ndarray of uint8, shape (rows, columns)
        Radio-climatic zones, or one value for inland everywhere.
    row, column : int
        Cell of the transmitter: the first that is not beyond it.
    y0, x0 : float
        Its place from the centre of that cell, in cells.
    begin, end : int
        Radials to compute.
    count : int
        Radials in all.
    starts : ndarray of int64
        For cells, those of :func:`siteplan.propagation._cells.cells_of_radial`; else the first sample asked
        for on each radial.
    cells : int
        Cells from the one that holds the transmitter to the sides of the square of receive points; 0 for
        samples of radials.
    scalars, constants, table : ndarray of float64
        What describes the sweep, what depends on each Earth radius, what on the distance.
    loss : ndarray of float64, shape (2 cells + 1, 2 cells + 1) or (radials, n + 1)
        Out: loss of each cell or sample; what is not known or not asked for is left as it is. [dB]
    """
    n = (table.shape[1] - 3) // FINE
    per_cell = int(1.0 / scalars[c.PITCH] + 0.5)
    rare = constants.shape[0] == 2
    coastal = zones.size > 1
    wooded = clutter.size > 1
    step, receiver_m = scalars[c.STEP], scalars[c.RECEIVER]
    bulges = np.empty(constants.shape[0])
    for a in range(len(bulges)):
        bulges[a] = constants[a, BULGE] * step * step
    land = np.empty(n + 1)
    cover = np.zeros(n + 1)
    along = np.zeros(n + 1 if coastal else 1, dtype=np.uint8)
    carried = np.zeros((CARRIED_ROWS, n + 1 if coastal else 1))
    peaks = np.empty(n // SPAN + 1)
    most = 4 * cells + 64 if cells > 0 else n + 1
    places, norths, heights = np.empty(most), np.empty(most), np.empty(most)
    covers = np.zeros(most)
    own = np.zeros(most if coastal else 1, dtype=np.uint8)
    rows, columns = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    found = np.empty((GEOMETRY_ROWS, most))
    work = np.empty((WORK_ROWS, n + 1 + SPAN))
    order, marked = np.empty(n + 1, dtype=np.int32), np.empty(n + 1, dtype=np.uint8)
    s = np.zeros(c.BLOCK_ROWS * c.BLOCK)
    values = loss.ravel()
    width = loss.shape[1]
    coast_km = math.inf
    shift_row, shift_column = y0 - math.floor(y0 + 0.5), x0 - math.floor(x0 + 0.5)
    middle_row, middle_column = row + math.floor(y0 + 0.5), column + math.floor(x0 + 0.5)
    # typed, or what is called with them would be compiled once more for literal arguments
    none, unknown = int(np.int64(0)), bool(np.bool_(False))
    for r in range(begin, end):
        angle = 2.0 * math.pi * r / count
        north = math.cos(angle)
        up, right = north * scalars[c.PITCH], math.sin(angle) * scalars[c.PITCH]
        samples = samples_inside(
            ground.shape[0], ground.shape[1], row + y0, column + x0, up, right, n
        )
        points = none
        if cells > 0:
            listed = cells_of_radial(
                r,
                count,
                starts,
                min(float(n), (cells + 0.5) * per_cell),
                cells,
                per_cell,
                shift_row,
                shift_column,
                places,
                rows,
                columns,
            )
            for k in range(listed):
                i, j = middle_row + rows[k], middle_column + columns[k]
                if i < 0 or j < 0 or i >= ground.shape[0] or j >= ground.shape[1]:
                    continue
                height = ground[i, j]
                over = clutter[i, j] if wooded else 0.0
                if not (height - height) + (over - over) == 0.0:  # noqa: SIM201  # unknown
                    continue
                places[points], heights[points], covers[points] = places[k], height, over
                norths[points] = (shift_row - rows[k]) * step * per_cell
                if coastal:
                    own[points] = zones[i, j]
                rows[points], columns[points] = rows[k] + cells, columns[k] + cells
                points += 1
            if points == 0:
                continue
            samples = min(samples, int(places[points - 1] - APART) + 1)
        elif starts[r] > n or samples < 2:
            continue
        profile(ground, clutter, row, column, y0, x0, up, right, samples, land, cover)
        if coastal:
            zone_profile(zones, row, column, y0, x0, up, right, samples, along)
            coast_km = carry_zones(along, samples, step, carried)
        if cells == 0:
            for j in range(starts[r], samples):
                if not (land[j] - land[j]) + (cover[j] - cover[j]) == 0.0:  # noqa: SIM201  # unknown
                    break
                places[points], heights[points], covers[points] = float(j), land[j], cover[j]
                norths[points] = north * j * step
                if coastal:
                    own[points] = along[j]
                rows[points], columns[points] = r, j
                points += 1
        hts = land[0] + scalars[c.TRANSMITTER]
        known = geometry(
            land,
            cover,
            samples,
            hts,
            receiver_m,
            bulges,
            scalars[c.NU_SCALE],
            places,
            heights,
            points,
            found,
            work,
            order,
            marked,
        )
        peaks_known = unknown
        for first in range(0, known, c.BLOCK):
            last = min(first + c.BLOCK, known)
            size = last - first
            _load(s, size, first, table, found, places, norths, heights, land[0], scalars)
            d = s[c.D * c.BLOCK : c.D * c.BLOCK + size]
            ht, hr = found[HEIGHT_T, first:last], found[HEIGHT_R, first:last]
            if coastal:
                zones_of_paths(s, size, first, along, own, step, carried)
            for a in range(len(bulges)):
                edge = found[NU_LAPSE if a else NU, first:last]
                out = s[(c.LD50 + a) * c.BLOCK : (c.LD50 + a) * c.BLOCK + size]
                if coastal:
                    share = s[c.SEA * c.BLOCK : c.SEA * c.BLOCK + size]
                    coastal_diffraction(edge, ht, hr, d, share, constants[a], out)
                else:
                    diffraction(edge, ht, hr, d, constants[a], out)
            _free_space(s, size, scalars)
            _locations(s, size, scalars, covers, first)
            if coastal:
                for i in range(size):
                    if own[first + i] == SEA_ZONE:
                        s[c.LOCATION * c.BLOCK + i] = 0.0
            if rare:
                _load_rings(s, size, table, coastal)
                c.frequent_ducts(s, size, scalars)
                c.line_of_sight(s, size, scalars)
            else:
                c.median_line_of_sight(s, size, scalars)
            duct, scatter = _needs(s, size)
            if rare or duct > 0 or scatter > 0:
                if not rare:
                    _load_rings(s, size, table, coastal)
                    c.frequent_ducts(s, size, scalars)
                c.angles(s, size, scalars)
                peaks_known = _finish_block(
                    s,
                    size,
                    first,
                    scalars,
                    land,
                    samples,
                    peaks,
                    peaks_known,
                    heights,
                    coast_km,
                    coastal,
                )
            else:
                for i in range(size):
                    lbd = s[c.LBD * c.BLOCK + i] + s[c.LOCATION * c.BLOCK + i]
                    s[c.OUT * c.BLOCK + i] = max(s[c.LBFS * c.BLOCK + i], lbd)
            for i in range(size):
                place = rows[first + i] * width + columns[first + i]
                values[place] = s[c.OUT * c.BLOCK + i]
