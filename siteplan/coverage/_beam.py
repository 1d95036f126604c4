"""Kernels: the gain of cells towards the places around a mast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from siteplan.kernels import inner
from siteplan.propagation.line_of_sight import EARTH_RADIUS_M, EFFECTIVE_RADIUS_FACTOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

AZIMUTH, MECHANICAL, ELECTRICAL, LEVEL, ANTENNA, MOST, PROJECTED = range(7)
"""Columns of the table of beams: angles in degrees, level on the boresight in dBm, row of the cuts."""

BEAM_COLUMNS: Final = 7

SAMPLES: Final = 1440
"""Samples of a circle as the kernels take it, a quarter of a degree apart."""

CUT_LENGTH: Final = SAMPLES + 2
"""Samples of a cut from -180 to 180 degrees, and one more to interpolate towards."""

HORIZONTAL, FRONT, BEHIND = range(3)
"""Cuts of an antenna; the vertical one as seen in front, and as seen behind."""

NO_SIGNAL: Final = -32768
"""Quantised level where the station is out of reach."""

UNKNOWN_SIGNAL: Final = -32767
"""Quantised level where terrain is missing on the way."""

WEAKEST: Final = -32766
"""Smallest quantised level that is a level."""

NEAREST_CELLS: Final = 0.5
"""Distance taken for the cell of the mast itself, in cells."""

_STRONGEST = 32767
_STEPS = 100.0  # hundredths of a decibel


_RATIO_STEPS = 32  # a decibel: linear between them is good to 7e-6 of the ratio
_RATIO_END_DB = 60.0  # a millionth of the best is nothing
_RATIO = 10.0 ** (-np.arange(int(_RATIO_END_DB) * _RATIO_STEPS + 2) / (10.0 * _RATIO_STEPS))


@njit(cache=True, nogil=True, inline="always")
def _at(cuts: NDArray[np.float32], antenna: int, cut: int, angle_deg: float) -> float:
    """Cut at an angle from -180 to 180 degrees, linear between samples."""
    place = (angle_deg + 180.0) * (SAMPLES / 360.0)
    low = int(place)
    here = cuts[antenna, cut, low]
    return here + (place - low) * (cuts[antenna, cut, low + 1] - here)


@njit(cache=True, nogil=True, inline="always")
def _ratio(below_db: float) -> float:
    """Power ratio of a level that lies below another."""
    if below_db >= _RATIO_END_DB:
        return 0.0
    place = below_db * _RATIO_STEPS
    low = int(place)
    return _RATIO[low] + (place - low) * (_RATIO[low + 1] - _RATIO[low])


@njit(cache=True, nogil=True, inline="always")
def _angle(up: float, along: float) -> float:
    """
    Angle of a direction, as atan2 in degrees, good to 1e-4 degrees.

    M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964, eq. (4.4.49).
    """
    a, b = abs(up), abs(along)
    larger = max(a, b)
    t = min(a, b) / larger if larger > 0.0 else 0.0
    s = t * t
    angle = t * (
        1.0
        + s
        * (
            -0.3333314528
            + s
            * (
                0.1999355085
                + s
                * (
                    -0.1420889944
                    + s
                    * (
                        0.1065626393
                        + s
                        * (
                            -0.0752896400
                            + s * (0.0429096138 + s * (-0.0161657367 + s * 0.0028662257))
                        )
                    )
                )
            )
        )
    )
    if a > b:
        angle = 0.5 * math.pi - angle
    if along < 0.0:
        angle = math.pi - angle
    return math.copysign(angle * (180.0 / math.pi), up)


@inner(cache=True)
def beam_gain(
    beams: NDArray[np.float64],
    k: int,
    cuts: NDArray[np.float32],
    bearing_deg: float,
    down_deg: float,
) -> float:
    """Gain of beam `k` relative to the maximum towards a bearing and an angle below the horizon. [dB]."""
    side = bearing_deg - beams[k, AZIMUTH]
    side -= 360.0 * math.floor((side + 180.0) / 360.0)  # from -180 to 180
    down = down_deg
    if (
        beams[k, MECHANICAL] != 0.0
    ):  # into the frame of the antenna, turned about its horizontal axis
        tilt = math.radians(beams[k, MECHANICAL])
        level = math.cos(math.radians(down))
        x = level * math.cos(math.radians(side))
        y = level * math.sin(math.radians(side))
        z = -math.sin(math.radians(down))
        ahead = x * math.cos(tilt) - z * math.sin(tilt)
        up = x * math.sin(tilt) + z * math.cos(tilt)
        side = math.degrees(math.atan2(y, ahead))
        down = -math.degrees(math.asin(min(max(up, -1.0), 1.0)))
    # an array steers a cone: what it lowers in front it lowers behind
    down = min(max(down - beams[k, ELECTRICAL], -90.0), 90.0)
    antenna = int(beams[k, ANTENNA])
    horizontal = _at(cuts, antenna, HORIZONTAL, side)
    front = _at(cuts, antenna, FRONT, down)
    if beams[k, PROJECTED] == 0.0:
        return max(horizontal + front, -beams[k, MOST])
    behind = _at(cuts, antenna, BEHIND, down)
    share = abs(side) / 180.0
    ahead_short = cuts[antenna, HORIZONTAL, SAMPLES // 2] - front
    behind_short = cuts[antenna, HORIZONTAL, 0] - behind
    return min(horizontal - (1.0 - share) * ahead_short - share * behind_short, 0.0)


@njit(cache=True, nogil=True)
def beam_gains(
    beams: NDArray[np.float64],
    cuts: NDArray[np.float32],
    bearing_deg: NDArray[np.float64],
    down_deg: NDArray[np.float64],
    gain_db: NDArray[np.float64],
) -> None:
    """Gain of the first beam towards many directions."""
    for i in range(len(gain_db)):
        if math.isnan(bearing_deg[i]) or math.isnan(down_deg[i]):
            gain_db[i] = math.nan
        else:
            gain_db[i] = beam_gain(beams, 0, cuts, bearing_deg[i], down_deg[i])


@njit(cache=True, nogil=True)
def levels(
    loss_db: NDArray[np.float32],
    terrain_m: NDArray[np.float32],
    place: tuple[int, int],
    above_m: float,
    cell_m: float,
    beams: NDArray[np.float64],
    cuts: NDArray[np.float32],
    first: tuple[int, int],
    level_cdbm: NDArray[np.int16],
    spill: NDArray[np.float32],
) -> None:
    """
    Level of the best cell in hundredths of a dBm, and the power of all cells over that of the best.

    `loss_db` is the whole window around the mast at `place`; the results begin at the cell `first` of the
    grid. `above_m` is the height of the antenna above sea level less that of a receiver above its ground.
    """
    rows, columns = level_cdbm.shape
    radius = loss_db.shape[0] // 2
    bulge = cell_m * cell_m / (2.0 * EFFECTIVE_RADIUS_FACTOR * EARTH_RADIUS_M)
    for i in range(rows):
        south = first[0] + i - place[0]
        for j in range(columns):
            east = first[1] + j - place[1]
            spill[i, j] = 1.0
            squared = float(south * south + east * east)
            cells = math.sqrt(squared)
            if cells >= radius + 0.5:
                level_cdbm[i, j] = NO_SIGNAL
                continue
            loss = loss_db[radius + south, radius + east]
            drop = above_m - terrain_m[first[0] + i, first[1] + j] + bulge * squared
            if math.isnan(loss) or math.isnan(drop):
                level_cdbm[i, j] = UNKNOWN_SIGNAL
                continue
            bearing = _angle(float(east), float(-south))
            down = _angle(drop, max(cells, NEAREST_CELLS) * cell_m)
            best, power = -math.inf, 0.0
            for k in range(len(beams)):
                level = beams[k, LEVEL] + beam_gain(beams, k, cuts, bearing, down)
                if level > best:
                    power = power * _ratio(level - best) + 1.0
                    best = level
                else:
                    power += _ratio(best - level)
            steps = math.floor((best - loss) * _STEPS + 0.5)
            level_cdbm[i, j] = min(max(steps, WEAKEST), _STRONGEST)
            spill[i, j] = power
