"""
Kernels of the sweep: what radio-climatic zones change on paths by or over the sea.

Carried along a radial from sample to sample: the longest stretches of land and of inland, the share of sea,
the distances to the coast. Equation numbers are those of :mod:`siteplan.propagation.p1812`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from siteplan.propagation._combine import BLOCK, COAST, NEAR_R, NEAR_T
from siteplan.propagation._elementary import compiled, exp2, inlined, log2
from siteplan.propagation.p1812 import MOSTLY_SEA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEA_ZONE: Final = 1
INLAND_ZONE: Final = 4
"""Codes of :class:`siteplan.propagation.p1812.Zone`."""

SHARE, TO_COAST, LONGEST_INLAND, LONGEST_LAND = range(4)
"""Rows of what :func:`climate` carries."""

_PER_LN: Final = 1.0 / math.log(2.0)
_OCTAVES: Final = math.log2(10.0)


@compiled
def climate(
    zones: NDArray[np.uint8],
    samples: int,
    step_km: float,
    carried: NDArray[np.float64],
    table: NDArray[np.float64],
) -> float:
    """
    Zones of every prefix of a radial, sections 3.6 and 4.1.

    Parameters
    ----------
    zones : ndarray of uint8, shape (n + 1,)
        Zone at each sample.
    samples : int
        Samples of the radial that lie on the grid.
    step_km : float
        Distance between samples. [km]
    carried : ndarray of float64, shape (4, n + 1)
        Out: share of sea, distance from the receiver to the coast [km], longest stretch of inland and of
        land [km]. A sample stands for half a step to either side.
    table : ndarray of float64, shape (2, n + 1)
        Out: logarithm of mu1 (2) and alpha (55a); on entry its second row holds d to the power of 3.1.

    Returns
    -------
    coast_km : float
        Distance from the transmitter to the first coast, infinite where the radial meets none. [km]
    """
    coast = 0.0 if zones[0] == SEA_ZONE else math.inf
    last_sea = 0.0 if zones[0] == SEA_ZONE else -math.inf
    sea = 0.5 if zones[0] == SEA_ZONE else 0.0
    land = 0.5 - sea
    inland = 0.5 if zones[0] == INLAND_ZONE else 0.0
    most_land = most_inland = 0.0
    for j in range(1, samples):
        zone = zones[j]
        at_sea = 0.5 if zone == SEA_ZONE else 0.0
        at_inland = 0.5 if zone == INLAND_ZONE else 0.0
        at_land = 0.5 - at_sea
        most_land = max(most_land, land + at_land)
        most_inland = max(most_inland, inland + at_inland)
        carried[SHARE, j] = (sea + at_sea) / j
        carried[LONGEST_LAND, j] = most_land * step_km
        carried[LONGEST_INLAND, j] = most_inland * step_km
        if zone == SEA_ZONE:
            coast = min(coast, (j - 0.5) * step_km)
            last_sea = float(j)
            carried[TO_COAST, j] = 0.0
        else:
            carried[TO_COAST, j] = (j - last_sea - 0.5) * step_km
        sea += 2.0 * at_sea
        land = land + 2.0 * at_land if zone != SEA_ZONE else 0.0
        inland = inland + 2.0 * at_inland if zone == INLAND_ZONE else 0.0
        most_land = max(most_land, land - at_land)
        most_inland = max(most_inland, inland - at_inland)
    for j in range(1, samples):
        inland_km = max(carried[LONGEST_INLAND, j], 1e-9)
        land_km = carried[LONGEST_LAND, j]
        tau = 1.0 - exp2(max(-_PER_LN * 4.12e-4 * exp2(2.41 * log2(inland_km)), -1000.0))  # (3)
        far = exp2(max(-_OCTAVES * land_km / (16.0 - 6.6 * tau), -1000.0))
        mu1 = far + exp2(-5.0 * _OCTAVES * (0.496 + 0.354 * tau))
        table[0, j] = min(0.2 / _OCTAVES * log2(mu1), 0.0)  # (2)
        table[1, j] = max(-0.6 - 3.5e-9 * table[1, j] * tau, -3.4)  # (55a)
    return coast


@inlined
def _coupling(coast_km: float, horizon_km: float, antenna_m: float) -> float:
    """Better coupling of an antenna near the sea, (49)."""
    lower = exp2(min(max(-0.14 * _PER_LN * (50.0 - antenna_m), -1000.0), 1000.0))
    gain = -6.0 * exp2(-0.25 * _PER_LN * min(coast_km * coast_km, 3000.0)) / (1.0 + lower)
    return gain if coast_km <= 5.0 and coast_km <= horizon_km else 0.0


@compiled
def coast_coupling(
    s: NDArray[np.float64],
    size: int,
    step_km: float,
    coast_km: float,
    antenna_m: float,
    carried: NDArray[np.float64],
    ground: NDArray[np.float64],
    receiver_height_m: float,
    first: int,
) -> None:
    """Coupling of both ends to ducts over the sea, (49); the most there can be where no horizon is known."""
    for i in range(size):
        j = first + i
        near_t = step_km * s[NEAR_T * BLOCK + i]
        near_r = step_km * s[NEAR_R * BLOCK + i] if s[NEAR_R * BLOCK + i] > 0.0 else math.inf
        both = _coupling(coast_km, near_t, antenna_m)
        both += _coupling(carried[TO_COAST, j], near_r, ground[j] + receiver_height_m)
        s[COAST * BLOCK + i] = both if carried[SHARE, j] >= MOSTLY_SEA else 0.0
