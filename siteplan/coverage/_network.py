"""Kernels: stations added up where they are heard, exactly, so that their order does not matter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from siteplan.coverage._beam import NO_SIGNAL, UNKNOWN_SIGNAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT_MW: Final = 1e-17
"""Power that the total is counted in: -170 dBm, 45 dB below the noise of a resource element. [mW]"""

NO_SERVER: Final = 2**31 - 1
"""Server where none is heard: behind all."""

_MOST_UNITS = 1e17  # 0 dBm, more than any receiver hears: 180 such stations fit into the counter
_PER_STEP = math.log(10.0) / 1000.0


@njit(cache=True, nogil=True)
def units(level_cdbm: int, spill: float) -> np.uint64:
    """Power of a level in whole units: sums of whole numbers do not depend on their order."""
    return np.uint64(min(math.exp(level_cdbm * _PER_STEP) / UNIT_MW * spill + 0.5, _MOST_UNITS))


@njit(cache=True, nogil=True)
def add_station(
    server: int,
    level_cdbm: NDArray[np.int16],
    spill: NDArray[np.float32],
    sigma_cdb: NDArray[np.int16],
    first: tuple[int, int],
    best_cdbm: NDArray[np.int16],
    best_server: NDArray[np.int32],
    best_sigma_cdb: NDArray[np.int16],
    power: NDArray[np.uint64],
    unknown: NDArray[np.bool_],
) -> None:
    """Add one station, whose window begins at `first`; of equal levels the smaller server stays."""
    rows, columns = level_cdbm.shape
    for i in range(rows):
        for j in range(columns):
            level = level_cdbm[i, j]
            at = first[0] + i, first[1] + j
            if level == UNKNOWN_SIGNAL:
                unknown[at] = True
            elif level != NO_SIGNAL:
                power[at] += units(level, spill[i, j])
                if level > best_cdbm[at] or (level == best_cdbm[at] and server < best_server[at]):
                    best_cdbm[at] = level
                    best_server[at] = server
                    best_sigma_cdb[at] = sigma_cdb[i, j]


@njit(cache=True, nogil=True)
def merge(
    level_cdbm: NDArray[np.int16],
    server: NDArray[np.int32],
    sigma_cdb: NDArray[np.int16],
    power: NDArray[np.uint64],
    unknown: NDArray[np.bool_],
    first: tuple[int, int],
    best_cdbm: NDArray[np.int16],
    best_server: NDArray[np.int32],
    best_sigma_cdb: NDArray[np.int16],
    total: NDArray[np.uint64],
    any_unknown: NDArray[np.bool_],
) -> None:
    """Add what other stations gave on a window that begins at `first`."""
    rows, columns = level_cdbm.shape
    for i in range(rows):
        for j in range(columns):
            at = first[0] + i, first[1] + j
            any_unknown[at] |= unknown[i, j]
            total[at] += power[i, j]
            level = level_cdbm[i, j]
            if level > best_cdbm[at] or (level == best_cdbm[at] and server[i, j] < best_server[at]):
                best_cdbm[at] = level
                best_server[at] = server[i, j]
                best_sigma_cdb[at] = sigma_cdb[i, j]


@njit(cache=True, nogil=True)
def combine(
    layer_cdbm: NDArray[np.int16],
    layer_server: NDArray[np.int32],
    layer_sigma_cdb: NDArray[np.int16],
    layer_power: NDArray[np.uint64],
    layer_unknown: NDArray[np.bool_],
    load: float,
    noise_mw: float,
    best_cdbm: NDArray[np.int16],
    best_server: NDArray[np.int32],
    sigma_db: NDArray[np.float32],
    sinr_cdb: NDArray[np.int16],
    unknown: NDArray[np.bool_],
) -> None:
    """Take a carrier where its server is the strongest so far, with the SINR that it has there."""
    rows, columns = layer_cdbm.shape
    for i in range(rows):
        for j in range(columns):
            unknown[i, j] |= layer_unknown[i, j]
            level = layer_cdbm[i, j]
            if level <= UNKNOWN_SIGNAL or level <= best_cdbm[i, j]:
                continue
            best_cdbm[i, j] = level
            best_server[i, j] = layer_server[i, j]
            sigma_db[i, j] = layer_sigma_cdb[i, j] / 100.0 if layer_sigma_cdb[i, j] >= 0 else np.nan
            if layer_unknown[i, j]:  # who knows what comes from behind a void
                sinr_cdb[i, j] = UNKNOWN_SIGNAL
                continue
            own = units(level, 1.0)
            others_mw = (layer_power[i, j] - own) * UNIT_MW if layer_power[i, j] > own else 0.0
            ratio = math.exp(level * _PER_STEP) / (load * others_mw + noise_mw)
            sinr_cdb[i, j] = math.floor(1000.0 * math.log10(ratio) + 0.5)
