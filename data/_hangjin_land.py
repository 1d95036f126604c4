"""
The land of Hangjin: relief, and roads that find their way over it.

From north to south: the plain of the Yellow River, the dunes of the Kubuqi, the Ordos hills.
Only the outline and the ends of some named roads are real; see ``hangjin/README.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from _common import fractal_noise, stream
from affine import Affine
from rasterio.features import rasterize
from scipy.ndimage import distance_transform_edt, map_coordinates, maximum_filter, uniform_filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Noise = Callable[[float, float, float], NDArray[np.float64]]

CELL_M: Final = 90.0
"""Cell of the terrain. [m]"""

MARGIN_M: Final = 12_000.0
"""Terrain reaches this far beyond the outline, as a station's neighbourhood does. [m]"""

HOLLOW_CELLS: Final = 25
"""Side of the square whose mean height tells hollows from heights, in cells."""

_RIVER_FIRST, _RIVER_LAST = 170, 47
"""Vertices between which the outline follows the Yellow River, from the west end clockwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """
    Relief of the region on the terrain grid.

    Attributes
    ----------
    heights_m : ndarray of float64, (rows, columns)
        Height above sea level, NaN far outside. [m]
    plain, dunes : ndarray of float32, (rows, columns)
        How much a cell belongs to the plain and to the dunes, 0 to 1.
    hollow_m : ndarray of float32, (rows, columns)
        Depth below the mean height around. [m]
    transform : Affine
        From columns and rows to easting and northing. [m]
    """

    heights_m: NDArray[np.float64]
    plain: NDArray[np.float32]
    dunes: NDArray[np.float32]
    hollow_m: NDArray[np.float32]
    transform: Affine

    def sample(self, raster: NDArray[np.floating], points_m: ArrayLike) -> NDArray[np.float64]:
        """
        Values of a raster at points, bilinear.

        Parameters
        ----------
        raster : ndarray, (rows, columns)
            One of the rasters of the land.
        points_m : array_like, (n, 2)
            Easting and northing. [m]

        Returns
        -------
        values : ndarray of float64, (n,)
            Value at each point.
        """
        points = np.asarray(points_m, dtype=np.float64).reshape(-1, 2)
        columns = (points[:, 0] - self.transform.c) / CELL_M - 0.5
        rows = (self.transform.f - points[:, 1]) / CELL_M - 0.5
        return map_coordinates(raster, [rows, columns], order=1, mode="nearest", output=np.float64)


def make_land(outline_m: shapely.Polygon) -> Land:
    """
    Make the relief.

    Parameters
    ----------
    outline_m : Polygon
        Outline of the county. [m]

    Returns
    -------
    land : Land
        Relief of the county and ``MARGIN_M`` around it.
    """
    west, south, east, north = outline_m.bounds
    left = np.floor((west - MARGIN_M) / CELL_M) * CELL_M
    top = np.ceil((north + MARGIN_M) / CELL_M) * CELL_M
    rows = int(np.ceil((top - south + MARGIN_M) / CELL_M))
    columns = int(np.ceil((east + MARGIN_M - left) / CELL_M))
    transform = Affine(CELL_M, 0.0, float(left), 0.0, -CELL_M, float(top))
    shape = (rows, columns)

    to_river = _distance_south_of_river(outline_m, shape, transform)
    easting = left + (np.arange(columns) + 0.5) * CELL_M
    northing = top - (np.arange(rows) + 0.5) * CELL_M
    rng = stream("hangjin", "terrain")

    def noise(longest_m: float, shortest_m: float, exponent: float) -> NDArray[np.float64]:
        return fractal_noise(
            rng,
            shape,
            cell_m=CELL_M,
            longest_m=longest_m,
            shortest_m=shortest_m,
            exponent=exponent,
        )

    # where the plain ends and where the dunes end, both winding
    behind_plain = to_river - (9000.0 + 2600.0 * noise(60e3, 3e3, 3.5))
    behind_dunes = behind_plain - (27_000.0 + 5500.0 * noise(80e3, 4e3, 3.5))
    plain = _step(-behind_plain, 400.0)
    hills = _step(behind_dunes, 2500.0)
    dunes = (1.0 - plain) * (1.0 - hills)

    # the river falls eastwards, the land rises southwards
    floor = 1052.0 - 0.22e-3 * (easting[None, :] - west) + 0.35e-3 * to_river
    floor = floor + 2.0e-3 * np.clip(behind_plain, 0.0, None) * (1.0 - hills)
    rise = 1.0 - np.exp(-np.clip(behind_dunes, 0.0, None) / 45e3)
    floor = floor + hills * (60.0 + 380.0 * rise)

    heights = floor + 0.8 * noise(8e3, 500.0, 3.0)
    heights += dunes * (12.0 * noise(15e3, 2e3, 3.5) + _dunes(easting, northing, noise))
    heights += hills * _hills(noise)
    heights = np.maximum(heights, 1006.0 + 0.35e-3 * to_river)  # nothing lies below the river

    near = rasterize(
        [outline_m.buffer(MARGIN_M)], out_shape=shape, transform=transform, dtype="uint8"
    )
    return Land(
        heights_m=np.where(near == 1, heights, np.nan),
        plain=plain.astype(np.float32),
        dunes=dunes.astype(np.float32),
        hollow_m=(uniform_filter(heights, HOLLOW_CELLS) - heights).astype(np.float32),
        transform=transform,
    )


def _step(distance_m: NDArray[np.float64], width_m: float) -> NDArray[np.float64]:
    """Rise smoothly from 0 to 1 where the distance turns positive."""
    return 0.5 + 0.5 * np.tanh(distance_m / width_m)


def _distance_south_of_river(
    outline_m: shapely.Polygon, shape: tuple[int, int], transform: Affine
) -> NDArray[np.float64]:
    """Distance from the river on its south side, 0 north of it."""
    ring = shapely.get_coordinates(outline_m.exterior)[:-1]
    river = np.concatenate([ring[_RIVER_FIRST:], ring[: _RIVER_LAST + 1]])
    far = 100e3
    first, last = river[0], river[-1]
    north = [
        *river,
        (last[0] + far, last[1] - 0.1 * far),
        (last[0] + far, last[1] + far),
        (first[0] - far, last[1] + far),
        (first[0] - far, first[1] - 0.3 * far),
    ]
    inside = rasterize(
        [shapely.make_valid(shapely.Polygon(north))],
        out_shape=shape,
        transform=transform,
        dtype="uint8",
    )
    return np.asarray(distance_transform_edt(inside == 0)) * CELL_M


def _dunes(
    easting: NDArray[np.float64], northing: NDArray[np.float64], noise: Noise
) -> NDArray[np.float64]:
    """Raise crests across the north-west wind, 24 to 62 m high, steep on the lee."""
    along = 0.85 * easting[None, :] - 0.53 * northing[:, None]
    phase = 2.0 * np.pi * along / 950.0 + 4.0 * noise(12e3, 1500.0, 3.5)
    wave = 0.5 + 0.5 * np.sin(phase + 0.55 * np.sin(phase))
    tall = np.clip(44.0 + 9.0 * noise(6e3, 1200.0, 3.0), 24.0, 62.0)
    return tall * wave**1.2 + 2.5 * noise(700.0, 280.0, 2.0)


def _hills(noise: Noise) -> NDArray[np.float64]:
    """Roll the hills and cut gullies, which follow the zero lines of smooth surfaces."""
    rolling = 42.0 * noise(35e3, 500.0, 3.6)
    wide = noise(16e3, 1800.0, 4.0)
    narrow = noise(5e3, 800.0, 4.0)
    deep = np.clip(1.0 + 0.5 * noise(30e3, 5e3, 3.0), 0.2, 2.0)
    gullies = 40.0 * np.exp(-((wide / 0.12) ** 2)) + 15.0 * np.exp(-((narrow / 0.2) ** 2))
    return rolling - deep * gullies


def hilltops(land: Land, *, apart_m: float) -> NDArray[np.float64]:
    """
    Highest points of their neighbourhood.

    Parameters
    ----------
    land : Land
        The relief.
    apart_m : float
        No higher ground within half this distance. [m]

    Returns
    -------
    points_m : ndarray, (n, 2)
        Easting and northing, from north to south. [m]
    """
    heights = np.where(np.isfinite(land.heights_m), land.heights_m, -1.0)
    window = round(apart_m / CELL_M)
    rows, columns = np.nonzero((maximum_filter(heights, window) == heights) & (heights > 0.0))
    return np.column_stack(
        [
            land.transform.c + (columns + 0.5) * CELL_M,
            land.transform.f - (rows + 0.5) * CELL_M,
        ]
    )
