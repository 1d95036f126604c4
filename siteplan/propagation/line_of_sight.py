"""
Which cells an antenna sees over terrain and buildings, from one sweep along radials.

Along a radial the steepest obstacle slope so far decides whether the next receiver is seen, so a sweep
costs one comparison a sample instead of a walk along the whole path for every cell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARTH_RADIUS_M: Final = 6_371_000.0
"""Mean radius of the Earth; Rec. ITU-R P.1812, sec. 4.2 uses 6371 km. [m]"""

EFFECTIVE_RADIUS_FACTOR: Final = 4.0 / 3.0
"""Median effective Earth radius factor of a standard atmosphere."""

HIDDEN: Final = 0
SEEN: Final = 1
UNKNOWN: Final = 2


@njit(cache=True)  # type: ignore[untyped-decorator]
def _sweep(  # noqa: PLR0913  # a kernel takes scalars
    ground_m: NDArray[np.float32],
    obstacle_m: NDArray[np.float32],
    row: int,
    column: int,
    antenna_m: float,
    receiver_height_m: float,
    cell_m: float,
    radius_cells: int,
) -> NDArray[np.uint8]:
    rows, columns = ground_m.shape
    radials = int(math.ceil(2.0 * math.pi * radius_cells))
    polar = np.full((radials, radius_cells + 1), np.uint8(2))
    drop = cell_m * cell_m / (2.0 * EFFECTIVE_RADIUS_FACTOR * EARTH_RADIUS_M)
    for radial in range(radials):
        angle = 2.0 * math.pi * radial / radials
        step_row = -math.cos(angle)
        step_column = math.sin(angle)
        steepest = -math.inf
        known = True
        polar[radial, 0] = 1
        for step in range(1, radius_cells + 1):
            i = row + int(math.floor(step * step_row + 0.5))
            j = column + int(math.floor(step * step_column + 0.5))
            if i < 0 or i >= rows or j < 0 or j >= columns:
                break
            ground = ground_m[i, j]
            if math.isnan(ground):
                known = False  # what lies behind a void is unknown, never sea level
            if not known:
                continue
            distance = step * cell_m
            level = ground - drop * step * step - antenna_m
            receiver = (level + receiver_height_m) / distance
            polar[radial, step] = 1 if receiver >= steepest else 0
            if step > 1:  # the structure under the antenna is no obstacle to it
                slope = (level + obstacle_m[i, j]) / distance
                steepest = max(steepest, slope)
    window = np.full((2 * radius_cells + 1, 2 * radius_cells + 1), np.uint8(2))
    scale = radials / (2.0 * math.pi)
    for i in range(2 * radius_cells + 1):
        for j in range(2 * radius_cells + 1):
            north = radius_cells - i
            east = j - radius_cells
            step = int(math.floor(math.sqrt(north * north + east * east) + 0.5))
            if step > radius_cells:
                continue
            radial = int(math.floor(math.atan2(east, north) * scale + 0.5))
            window[i, j] = polar[radial % radials, step]
    return window


def line_of_sight(  # noqa: PLR0913  # terrain, place, heights, range
    ground_m: NDArray[np.float32],
    obstacle_m: NDArray[np.float32],
    *,
    row: int,
    column: int,
    antenna_height_m: float,
    receiver_height_m: float,
    cell_m: float,
    radius_cells: int,
) -> NDArray[np.uint8]:
    """
    Cells around an antenna that see it.

    Terrain and obstacles are sampled at the nearest cell along radials one cell apart at the rim; the
    Earth is curved with 4/3 of its radius. The receiver's own obstacle does not hide it, nor does the
    structure under the antenna and in the cells next to it.

    Parameters
    ----------
    ground_m : ndarray of float32, shape (rows, columns)
        Height of the ground above sea level, NaN where unknown. [m]
    obstacle_m : ndarray of float32, shape (rows, columns)
        Height of buildings or clutter above the ground. [m]
    row, column : int
        Cell of the antenna.
    antenna_height_m : float
        Height of the antenna above the ground of its cell. [m]
    receiver_height_m : float
        Height of the receivers above the ground. [m]
    cell_m : float
        Cell size. [m]
    radius_cells : int
        How far to look, in cells.

    Returns
    -------
    seen : ndarray of uint8, shape (2 radius_cells + 1, 2 radius_cells + 1)
        1 seen, 0 hidden, 2 unknown: behind or on missing terrain, outside the grid, or beyond the radius.

    Raises
    ------
    ValueError
        When the antenna is outside the grid or the radius is not positive.

    Examples
    --------
    A wall of 20 m, 30 m east of a mast of 10 m on flat ground:

    >>> ground = np.zeros((9, 9), dtype=np.float32)
    >>> wall = ground.copy()
    >>> wall[:, 7] = 20.0
    >>> line_of_sight(ground, wall, row=4, column=4, antenna_height_m=10.0,
    ...               receiver_height_m=1.5, cell_m=10.0, radius_cells=4)[4]
    array([1, 1, 1, 1, 1, 1, 1, 1, 0], dtype=uint8)
    """
    rows, columns = ground_m.shape
    if not (0 <= row < rows and 0 <= column < columns):
        raise ValueError(f"the antenna at row {row}, column {column} lies outside {ground_m.shape}")
    if radius_cells < 1:
        raise ValueError(f"radius_cells must be at least 1, not {radius_cells}")
    antenna_m = float(ground_m[row, column]) + antenna_height_m
    return np.asarray(
        _sweep(
            ground_m, obstacle_m, row, column, antenna_m, receiver_height_m, cell_m, radius_cells
        )
    )
