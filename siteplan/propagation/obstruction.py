"""What stands between two antennas: the obstacle that matters most, of ground alone and with buildings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from siteplan.propagation.line_of_sight import EARTH_RADIUS_M, EFFECTIVE_RADIUS_FACTOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLEAR: Final = 0
GROUND: Final = 1
BUILDING: Final = 2
VOID: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Obstruction:
    """
    What stands on the way to each receiver.

    Attributes
    ----------
    kind : ndarray of int8, shape (n,)
        `CLEAR`, hidden by the `GROUND`, by a `BUILDING` alone, or `VOID` where terrain is missing.
    excess_m : ndarray of float64, shape (n,)
        Height of the obstacle that matters most above the straight line, negative below it. [m]
    share : ndarray of float64, shape (n,)
        Where it stands, from 0 at the transmitter to 1 at the receiver; NaN when nothing lies between.
    cell : ndarray of int64, shape (n,)
        Flat cell of the obstacle, -1 when nothing lies between.
    """

    kind: NDArray[np.int8]
    excess_m: NDArray[np.float64]
    share: NDArray[np.float64]
    cell: NDArray[np.int64]

    def raise_m(self) -> NDArray[np.float64]:
        """
        How much higher the transmitter must stand to see each receiver.

        Returns
        -------
        height_m : ndarray of float64, shape (n,)
            0 where the way is clear. [m]
        """
        needed = np.maximum(self.excess_m, 0.0) / np.maximum(1.0 - self.share, 1e-9)
        return np.where(np.isnan(self.share), 0.0, needed)


def obstruction(
    ground_m: NDArray[np.float32],
    obstacle_m: NDArray[np.float32],
    transmitter: tuple[int, int, float],
    receivers: NDArray[np.int64],
    *,
    receiver_height_m: float,
    cell_m: float,
) -> Obstruction:
    """
    Obstacle that matters most on the way from one antenna to some cells.

    It is the sample with the largest diffraction parameter: the height above the line from antenna to
    antenna, over the root of the product of its distances to both. The Earth is curved with 4/3 of its
    radius. The cells of both antennas hide nothing, nor do the structures next to them.

    Parameters
    ----------
    ground_m : ndarray of float32, shape (rows, columns)
        Height of the ground above sea level, NaN where unknown. [m]
    obstacle_m : ndarray of float32, shape (rows, columns)
        Height of buildings above the ground, NaN where unknown. [m]
    transmitter : tuple of int, int, float
        Row, column, and height of the antenna above the ground. [m]
    receivers : ndarray of int64, shape (n,)
        Flat cells.
    receiver_height_m : float
        Height of the receivers above the ground. [m]
    cell_m : float
        Cell size. [m]

    Returns
    -------
    obstruction : Obstruction
        One entry per receiver.

    Raises
    ------
    ValueError
        When the grids differ, an antenna is outside them, or the cell has no width.

    References
    ----------
    .. [1] Recommendation ITU-R P.526-15, "Propagation by diffraction", Geneva, 2019, sec. 4.1.

    Examples
    --------
    A wall of 20 m halfway to a receiver at 100 m, between antennas of 10 and 1.5 m:

    >>> ground = np.zeros((1, 11), dtype=np.float32)
    >>> wall = ground.copy()
    >>> wall[0, 5] = 20.0
    >>> way = obstruction(ground, wall, (0, 0, 10.0), np.array([10]), receiver_height_m=1.5,
    ...                   cell_m=10.0)
    >>> way.kind.tolist() == [BUILDING], way.excess_m.round(2), way.cell
    (True, array([14.25]), array([5]))
    """
    if ground_m.ndim != 2 or obstacle_m.shape != ground_m.shape:
        raise ValueError(f"obstacle_m has shape {obstacle_m.shape} and ground_m {ground_m.shape}")
    if not 0.0 < cell_m < math.inf:
        raise ValueError(f"cell_m is {cell_m}: give the width of a cell")
    inside = 0 <= transmitter[0] < ground_m.shape[0] and 0 <= transmitter[1] < ground_m.shape[1]
    if not inside or (receivers < 0).any() or (receivers >= ground_m.size).any():
        raise ValueError(f"an antenna lies outside the grid of shape {ground_m.shape}")
    kind = np.empty(len(receivers), dtype=np.int8)
    excess = np.empty(len(receivers))
    share = np.empty(len(receivers))
    cell = np.empty(len(receivers), dtype=np.int64)
    row, column, height = transmitter
    _walk(
        ground_m, obstacle_m, row, column, height, receivers, receiver_height_m, cell_m,
        kind, excess, share, cell,
    )  # fmt: skip
    return Obstruction(kind, excess, share, cell)


@njit(cache=True)
def _walk(  # noqa: PLR0913, PLR0917  # a kernel takes arrays and scalars
    ground_m: NDArray[np.float32],
    obstacle_m: NDArray[np.float32],
    row: int,
    column: int,
    height_m: float,
    receivers: NDArray[np.int64],
    receiver_m: float,
    cell_m: float,
    kind: NDArray[np.int8],
    excess: NDArray[np.float64],
    share: NDArray[np.float64],
    cell: NDArray[np.int64],
) -> None:
    columns = ground_m.shape[1]
    top = float(ground_m[row, column]) + height_m
    for n in range(len(receivers)):
        to_row, to_column = receivers[n] // columns, receivers[n] % columns
        steps = math.ceil(math.hypot(to_row - row, to_column - column))
        distance = math.hypot(to_row - row, to_column - column) * cell_m
        end = float(ground_m[to_row, to_column]) + receiver_m
        kind[n], excess[n], share[n], cell[n] = 0, -math.inf, math.nan, -1
        void = math.isnan(top) or math.isnan(end)
        worst = -math.inf
        bare = -math.inf
        for step in range(1, steps):
            s = step / steps
            i = math.floor(row + s * (to_row - row) + 0.5)
            j = math.floor(column + s * (to_column - column) + 0.5)
            ground = float(ground_m[i, j])
            if math.isnan(ground):
                void = True
                break
            bulge = s * (1.0 - s) * distance**2 / (2.0 * EFFECTIVE_RADIUS_FACTOR * EARTH_RADIUS_M)
            over = ground + bulge - (top + s * (end - top))
            scale = 1.0 / math.sqrt(s * (1.0 - s))
            bare = max(bare, over)
            near = max(abs(i - row), abs(j - column)) <= 1
            near = near or max(abs(i - to_row), abs(j - to_column)) == 0
            if not near:
                over += float(obstacle_m[i, j])
            if math.isnan(over):
                void = True
                break
            if over * scale > worst:
                worst = over * scale
                excess[n], share[n], cell[n] = over, s, i * columns + j
        if void:
            kind[n] = 3
        elif bare > 0.0:
            kind[n] = 1
        elif excess[n] > 0.0:
            kind[n] = 2
