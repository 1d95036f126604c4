"""
Kernels of the sweep: which cells each radial serves.

Radials leave the transmitter at equal angles. A cell belongs to the nearest of those in use at its distance:
near the mast, where they lie closer together than need be, only every second, every fourth and so on. The
cells of a radial are then those of a wedge, and are found row by row or column by column along its main
direction, without a look at any other cell. Every cell belongs to one radial.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.propagation._elementary import compiled, entered

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TIE: Final = 1e-9
"""Cells nearer than this to an edge lie on it, whatever the rounding. [cells]"""


@compiled
def _slope(edge: int, count: int) -> float:
    """Tangent of an edge between wedges, `edge` half radials from the middle of its side."""
    if 4 * abs(edge) == count:
        return 1.0 if edge > 0 else -1.0
    return math.tan(math.pi * edge / count)


@compiled
def _cells_between(
    side: int,
    low: float,
    high: float,
    steps: int,
    per_cell: int,
    nearest: float,
    farthest: float,
    shift_row: float,
    shift_column: float,
    places: NDArray[np.float64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    points: int,
) -> int:
    """
    Add the cells of one side (north, east, south, west) between two slopes and two distances, nearest first.

    The first slope belongs to the wedge, the second to the next one clockwise; so do the distances.
    """
    upright = side % 2 == 0
    ahead = 1 if side % 3 == 0 else -1  # north and west grow against rows and columns
    main = ahead * (shift_row if upright else shift_column)
    # to the right of the main direction: east of north, south of east, west of south, north of west
    clockwise = -1 if side < 2 else 1
    across = clockwise * (shift_column if upright else shift_row)
    first = max(math.floor(math.sqrt(0.5) * nearest / per_cell - main) - 1, 0)
    for k in range(first, steps + 1):
        along = k + main
        if along <= 0.0:
            continue
        if along * per_cell >= farthest:
            break
        left = max(math.ceil(low * along - across - _TIE), -steps)
        right = min(math.ceil(high * along - across - _TIE) - 1, steps)
        for n in range(left, right + 1):
            beside = n + across
            x = math.sqrt(along * along + beside * beside) * per_cell
            if x < nearest or x >= farthest or (k == 0 and n == 0):
                continue
            # nearly in order already: where not, by a place or two
            place = points
            while place > 0 and places[place - 1] > x:
                places[place] = places[place - 1]
                rows[place] = rows[place - 1]
                columns[place] = columns[place - 1]
                place -= 1
            places[place] = x
            rows[place] = -ahead * k if upright else -clockwise * n
            columns[place] = -clockwise * n if upright else -ahead * k
            points += 1
    return points


@entered
def cells_of_radial(
    radial: int,
    count: int,
    starts: NDArray[np.int64],
    reach: float,
    steps: int,
    per_cell: int,
    shift_row: float,
    shift_column: float,
    places: NDArray[np.float64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
) -> int:
    """
    Cells that a radial serves, nearest first, without the transmitter's own.

    Parameters
    ----------
    radial, count : int
        Which of how many; they leave clockwise from the north.
    starts : ndarray of int64, shape (levels,)
        First ring at which every 2^level-th radial serves, falling. [samples]
    reach : float
        Cells so far away or farther are nobody's. [samples]
    steps : int
        Cells from the middle of the square to its sides.
    per_cell : int
        Samples to a cell's width.
    shift_row, shift_column : float
        Place of the transmitter from the centre of the middle cell. [cells]
    places : ndarray of float64, shape (4 steps + 64,)
        Out: distances. [samples]
    rows, columns : ndarray of int32, of that shape
        Out: cells, counted from the middle one.

    Returns
    -------
    points : int
        How many there are. No wedge is wider than a cell, so that at most two of a row or column belong to
        it, and few more where levels and sides meet.
    """
    points = int(np.int64(0))  # typed, or a function would be compiled once more for a literal
    side_width = count // 2
    for level in range(len(starts) - 1, -1, -1):
        if radial % (1 << level) != 0:
            continue
        nearest = float(starts[level])
        farthest = min(float(starts[level - 1]), reach) if level > 0 else reach
        if nearest >= farthest:
            continue
        # edges in half radials, the first side centred at the north
        edge = 2 * radial - (1 << level)
        end = 2 * radial + (1 << level)
        while edge < end:
            side = (edge + side_width // 2) // side_width
            middle = side * side_width
            until = min(end, middle + side_width // 2)
            points = _cells_between(
                side % 4,
                _slope(edge - middle, count),
                _slope(until - middle, count),
                steps,
                per_cell,
                nearest,
                farthest,
                shift_row,
                shift_column,
                places,
                rows,
                columns,
                points,
            )
            edge = until
    return points
