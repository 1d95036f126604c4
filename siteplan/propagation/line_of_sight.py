"""
Which cells an antenna sees over terrain and buildings, from one sweep along radials.

Along a radial the steepest obstacle slope so far decides whether the next receiver is seen, so a
sweep costs one comparison a sample instead of a walk along the whole path for every cell.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

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


class _Rays(NamedTuple):
    """
    Where radials run on a grid: the same around every antenna.

    ``up`` and ``right`` are the cells of each radial's samples, one cell length apart; ``radial``
    is the radial nearest to each cell, and ``before`` its last sample that lies before the cell.
    """

    up: NDArray[np.int16]
    right: NDArray[np.int16]
    radial: NDArray[np.int32]
    before: NDArray[np.int16]


@lru_cache(maxsize=4)
def _rays(rim_cells: int) -> _Rays:
    radials = 8 * math.ceil(
        2.0 * math.pi * rim_cells / 8.0
    )  # along rows, columns and diagonals too
    angle = 2.0 * math.pi * np.arange(radials)[:, None] / radials
    step = np.arange(rim_cells + 1)
    up = np.floor(step * np.cos(angle) + 0.5).astype(np.int16)
    right = np.floor(step * np.sin(angle) + 0.5).astype(np.int16)
    north = np.arange(rim_cells, -rim_cells - 1, -1)[:, None]
    east = np.arange(-rim_cells, rim_cells + 1)[None, :]
    turn = np.arctan2(east, north) * (radials / (2.0 * math.pi))
    radial = np.floor(turn + 0.5).astype(np.int32) % radials
    before = np.maximum(np.ceil(np.hypot(north, east)).astype(np.int16) - 1, 0)
    before = np.minimum(before, np.int16(rim_cells))
    for _ in range(2):  # a receiver is not hidden by samples of its own cell, two at most
        own = (up[radial, before] == north) & (right[radial, before] == east) & (before > 0)
        before -= own
    return _Rays(up, right, radial, before)


@njit(cache=True, nogil=True)
def _steepest(
    ground_m: NDArray[np.float32],
    obstacle_m: NDArray[np.float32],
    place: tuple[int, int],
    antenna_m: float,
    cell_m: float,
    radius_cells: int,
    rays: _Rays,
) -> NDArray[np.float32]:
    """Steepest slope up to and with each sample of each radial; NaN from the first void on."""
    rows, columns = ground_m.shape
    drop = cell_m * cell_m / (2.0 * EFFECTIVE_RADIUS_FACTOR * EARTH_RADIUS_M)
    radials = len(rays.up)
    steepest = np.full((radials, radius_cells + 1), np.float32(-np.inf))
    for radial in range(radials):
        so_far = -math.inf
        for step in range(1, radius_cells + 1):
            up, right = rays.up[radial, step], rays.right[radial, step]
            i, j = place[0] - up, place[1] + right
            if 0 <= i < rows and 0 <= j < columns:
                level = ground_m[i, j] - drop * step * step - antenna_m
                if max(abs(up), abs(right)) > 1:
                    level += obstacle_m[i, j]  # the antenna's own structure is no obstacle to it
                if not level / (step * cell_m) <= so_far:
                    so_far = level / (step * cell_m)
            if math.isnan(so_far):  # what lies behind a void is unknown, never sea level
                steepest[radial, step:] = np.nan
                break
            steepest[radial, step] = so_far
    return steepest


@njit(cache=True, nogil=True)
def _window(
    ground_m: NDArray[np.float32],
    steepest: NDArray[np.float32],
    place: tuple[int, int],
    above_m: float,
    cell_m: float,
    radius_cells: int,
    rays: _Rays,
) -> NDArray[np.uint8]:
    """Compare each receiver, its antenna `above_m` over the mast's, with what lies before it."""
    rows, columns = ground_m.shape
    drop = cell_m * cell_m / (2.0 * EFFECTIVE_RADIUS_FACTOR * EARTH_RADIUS_M)
    window = np.full((2 * radius_cells + 1, 2 * radius_cells + 1), np.uint8(UNKNOWN))
    rim = len(rays.radial) // 2
    for i in range(max(place[0] - radius_cells, 0), min(place[0] + radius_cells + 1, rows)):
        for j in range(max(place[1] - radius_cells, 0), min(place[1] + radius_cells + 1, columns)):
            up, left = place[0] - i, place[1] - j
            distance = math.sqrt(up * up + left * left)
            if distance >= radius_cells + 0.5:
                continue
            ray = rim - up, rim - left
            obstacle = steepest[rays.radial[ray], rays.before[ray]]
            level = ground_m[i, j] + above_m - drop * distance * distance
            slope = level / (max(distance, 0.5) * cell_m)
            if not (math.isnan(slope) or math.isnan(obstacle)):
                seen = SEEN if slope >= obstacle else HIDDEN
                window[radius_cells - up, radius_cells - left] = seen
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
    rim_cells: int | None = None,
) -> NDArray[np.uint8]:
    """
    Cells around an antenna that see it.

    Terrain and obstacles are sampled at the nearest cell along radials one cell apart at the rim; a
    receiver is compared with the samples of the nearest radial that lie before it. The Earth is
    curved with 4/3 of its radius. The receiver's own obstacle does not hide it, nor do the
    structures under the antenna and in the cells next to it; their ground does.

    Parameters
    ----------
    ground_m : ndarray of float32, shape (rows, columns)
        Height of the ground above sea level, NaN where unknown. [m]
    obstacle_m : ndarray of float32, shape (rows, columns)
        Height of buildings or clutter above the ground, NaN where unknown. [m]
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
    rim_cells : int, optional
        Radius at which the radials are one cell apart, at least `radius_cells`, its default.
        Two windows of one antenna and one rim agree wherever both reach.

    Returns
    -------
    seen : ndarray of uint8, shape (2 radius_cells + 1, 2 radius_cells + 1)
        1 seen, 0 hidden, 2 unknown: behind or on missing terrain, outside the grid, or beyond the
        radius; all unknown when the terrain under the antenna is missing.

    Raises
    ------
    ValueError
        When the grids differ, the antenna is outside them, the cell has no width, or the radius is not
        positive or larger than the rim.

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
    if ground_m.ndim != 2 or obstacle_m.shape != ground_m.shape:
        raise ValueError(f"obstacle_m has shape {obstacle_m.shape} and ground_m {ground_m.shape}")
    if not 0.0 < cell_m < math.inf:
        raise ValueError(f"cell_m is {cell_m}: give the width of a cell")
    rows, columns = ground_m.shape
    if not (0 <= row < rows and 0 <= column < columns):
        raise ValueError(f"the antenna at row {row}, column {column} lies outside {ground_m.shape}")
    if radius_cells < 1:
        raise ValueError(f"radius_cells must be at least 1, not {radius_cells}")
    rim = radius_cells if rim_cells is None else rim_cells
    if rim < radius_cells:
        raise ValueError(f"rim_cells must be at least radius_cells = {radius_cells}, not {rim}")
    antenna_m = float(ground_m[row, column]) + antenna_height_m
    rays, place = _rays(rim), (row, column)
    steepest = _steepest(ground_m, obstacle_m, place, antenna_m, cell_m, radius_cells, rays)
    above_m = receiver_height_m - antenna_m
    return np.asarray(_window(ground_m, steepest, place, above_m, cell_m, radius_cells, rays))
