"""Kernels: the gain of cells towards the places around a mast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from numba import njit

from siteplan.propagation.line_of_sight import EARTH_RADIUS_M, EFFECTIVE_RADIUS_FACTOR

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AZIMUTH, MECHANICAL, ELECTRICAL, LEVEL, ANTENNA, MOST, PROJECTED = range(7)
"""Columns of the table of beams: angles in degrees, level on the boresight in dBm, row of the cuts."""

BEAM_COLUMNS: Final = 7

SAMPLES: Final = 1440
"""Samples of every cut as the kernels take it, a quarter of a degree apart."""

HORIZONTAL, VERTICAL = 0, 1

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
_PER_DB = math.log(10.0) / 10.0


@njit(cache=True, nogil=True)
def _at(cut: NDArray[np.float32], angle_deg: float) -> float:
    """Cut at an angle, linear between samples."""
    place = angle_deg * (SAMPLES / 360.0)
    low = math.floor(place)
    part = place - low
    first = int(low) % SAMPLES
    return cut[first] + part * (cut[(first + 1) % SAMPLES] - cut[first])


@njit(cache=True, nogil=True)
def beam_gain(
    beam: NDArray[np.float64],
    cuts: NDArray[np.float32],
    bearing_deg: float,
    down_deg: float,
) -> float:
    """Gain relative to the maximum towards a bearing and an angle below the horizon. [dB]."""
    side = bearing_deg - beam[AZIMUTH]
    side -= 360.0 * math.floor((side + 180.0) / 360.0)  # from -180 to 180
    down = down_deg
    if beam[MECHANICAL] != 0.0:  # into the frame of the antenna, turned about its horizontal axis
        tilt = math.radians(beam[MECHANICAL])
        level = math.cos(math.radians(down))
        x = level * math.cos(math.radians(side))
        y = level * math.sin(math.radians(side))
        z = -math.sin(math.radians(down))
        ahead = x * math.cos(tilt) - z * math.sin(tilt)
        up = x * math.sin(tilt) + z * math.cos(tilt)
        side = math.degrees(math.atan2(y, ahead))
        down = -math.degrees(math.asin(min(max(up, -1.0), 1.0)))
    # an array steers a cone: what it lowers in front it lowers behind
    down = min(max(down - beam[ELECTRICAL], -90.0), 90.0)
    row = cuts[int(beam[ANTENNA])]
    horizontal = _at(row[HORIZONTAL], side)
    front = _at(row[VERTICAL], down)
    if beam[PROJECTED] == 0.0:
        return max(horizontal + front, -beam[MOST])
    behind = _at(row[VERTICAL], 180.0 - down)
    share = abs(side) / 180.0
    ahead_short = row[HORIZONTAL, 0] - front
    behind_short = row[HORIZONTAL, SAMPLES // 2] - behind
    return min(horizontal - (1.0 - share) * ahead_short - share * behind_short, 0.0)


@njit(cache=True, nogil=True)
def beam_gains(
    beam: NDArray[np.float64],
    cuts: NDArray[np.float32],
    bearing_deg: NDArray[np.float64],
    down_deg: NDArray[np.float64],
    gain_db: NDArray[np.float64],
) -> None:
    """Gain of one beam towards many directions."""
    for i in range(len(gain_db)):
        if math.isnan(bearing_deg[i]) or math.isnan(down_deg[i]):
            gain_db[i] = math.nan
        else:
            gain_db[i] = beam_gain(beam, cuts, bearing_deg[i], down_deg[i])


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
            bearing = math.degrees(math.atan2(float(east), float(-south)))
            down = math.degrees(math.atan2(drop, max(cells, NEAREST_CELLS) * cell_m))
            best, power = -math.inf, 0.0
            for k in range(len(beams)):
                level = beams[k, LEVEL] + beam_gain(beams[k], cuts, bearing, down)
                if level > best:
                    power = power * math.exp((best - level) * _PER_DB) + 1.0
                    best = level
                else:
                    power += math.exp((level - best) * _PER_DB)
            steps = math.floor((best - loss) * _STEPS + 0.5)
            level_cdbm[i, j] = min(max(steps, WEAKEST), _STRONGEST)
            spill[i, j] = power
