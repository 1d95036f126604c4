"""
Kernels of the sweep: what radio-climatic zones change on paths by or over the sea.

Carried along a radial from sample to sample: stretches of land and of inland, the way over sea, the last
sample at sea. Equation numbers are those of :mod:`siteplan.propagation.p1812`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from siteplan.propagation._combine import (
    ALPHA,
    BLOCK,
    COAST,
    INLAND_KM,
    LAND_KM,
    LG_MU1,
    NEAR_R,
    NEAR_T,
    SEA,
    TO_COAST,
    D,
    X,
)
from siteplan.propagation._elementary import compiled, exp2, inlined, log2
from siteplan.propagation._radial import APART
from siteplan.propagation.p1812 import MOSTLY_SEA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEA_ZONE: Final = 1
INLAND_ZONE: Final = 4
"""Codes of :class:`siteplan.propagation.p1812.Zone`."""

SEA_SO_FAR, LAND_RUN, LONGEST_LAND, INLAND_RUN, LONGEST_INLAND, LAST_SEA = range(6)
"""Rows of what :func:`carry_zones` carries from sample to sample."""

CARRIED_ROWS: Final = 6

_PER_LN: Final = 1.0 / math.log(2.0)
_OCTAVES: Final = math.log2(10.0)


@compiled
def carry_zones(
    zones: NDArray[np.uint8], samples: int, step_km: float, carried: NDArray[np.float64]
) -> float:
    """
    Zones of every prefix of a radial.

    Parameters
    ----------
    zones : ndarray of uint8, shape (n + 1,)
        Zone at each sample, which stands for half the way to either neighbour.
    samples : int
        Samples of the radial that lie on the grid.
    step_km : float
        Distance between samples. [km]
    carried : ndarray of float64, shape (CARRIED_ROWS, n + 1)
        Out, up to the sample itself: way over sea; the stretches of land and of inland that end there, and
        the longest ones; the last sample at sea. [samples]

    Returns
    -------
    coast_km : float
        Distance from the transmitter to the first coast, infinite where the radial meets none. [km]
    """
    coast = 0.0 if zones[0] == SEA_ZONE else math.inf
    last_sea = -math.inf
    sea = land_run = inland_run = longest_land = longest_inland = 0.0
    for j in range(samples):
        if j > 0:
            sea, land_run, longest_land, inland_run, longest_inland = _onward(
                sea,
                land_run,
                longest_land,
                inland_run,
                longest_inland,
                zones[j - 1],
                zones[j],
                1.0,
            )
        if zones[j] == SEA_ZONE:
            coast = min(coast, (j - 0.5) * step_km)
            last_sea = float(j)
        carried[SEA_SO_FAR, j] = sea
        carried[LAND_RUN, j] = land_run
        carried[LONGEST_LAND, j] = longest_land
        carried[INLAND_RUN, j] = inland_run
        carried[LONGEST_INLAND, j] = longest_inland
        carried[LAST_SEA, j] = last_sea
    return max(coast, 0.0)


@inlined
def _onward(
    sea: float,
    land_run: float,
    longest_land: float,
    inland_run: float,
    longest_inland: float,
    zone: int,
    after: int,
    way: float,
) -> tuple[float, float, float, float, float]:
    """From one point of a path to the next: the zone changes half way."""
    half = 0.5 * way
    sea += half if zone == SEA_ZONE else 0.0
    sea += half if after == SEA_ZONE else 0.0
    land_run = land_run + half if zone != SEA_ZONE else 0.0
    longest_land = max(longest_land, land_run)
    land_run = land_run + half if after != SEA_ZONE else 0.0
    longest_land = max(longest_land, land_run)
    inland_run = inland_run + half if zone == INLAND_ZONE else 0.0
    longest_inland = max(longest_inland, inland_run)
    inland_run = inland_run + half if after == INLAND_ZONE else 0.0
    longest_inland = max(longest_inland, inland_run)
    return sea, land_run, longest_land, inland_run, longest_inland


@compiled
def zones_of_paths(
    s: NDArray[np.float64],
    size: int,
    first: int,
    zones: NDArray[np.uint8],
    own: NDArray[np.uint8],
    step_km: float,
    carried: NDArray[np.float64],
) -> None:
    """
    Read the zones of the path to each receive point of a block, sections 3.6 and 4.1.

    Into the block go the share of sea, the distance from the receiver to the coast, the logarithm of mu1 (2),
    and alpha (55a).
    """
    for i in range(size):
        x = s[X * BLOCK + i]
        m = int(x - APART)
        zone = own[first + i]
        sea, _, longest_land, _, longest_inland = _onward(
            carried[SEA_SO_FAR, m],
            carried[LAND_RUN, m],
            carried[LONGEST_LAND, m],
            carried[INLAND_RUN, m],
            carried[LONGEST_INLAND, m],
            zones[m],
            zone,
            x - m,
        )
        s[SEA * BLOCK + i] = sea / x
        last_sea = carried[LAST_SEA, m]
        coast = 0.5 * (x - m) if last_sea == m else x - last_sea - 0.5
        s[TO_COAST * BLOCK + i] = 0.0 if zone == SEA_ZONE else coast * step_km
        s[LAND_KM * BLOCK + i] = longest_land * step_km
        s[INLAND_KM * BLOCK + i] = max(longest_inland * step_km, 1e-9)
    for i in range(size):
        d = s[D * BLOCK + i]
        inland_km = s[INLAND_KM * BLOCK + i]
        tau = 1.0 - exp2(max(-_PER_LN * 4.12e-4 * exp2(2.41 * log2(inland_km)), -1000.0))  # (3)
        far = exp2(max(-_OCTAVES * s[LAND_KM * BLOCK + i] / (16.0 - 6.6 * tau), -1000.0))
        mu1 = far + exp2(-5.0 * _OCTAVES * (0.496 + 0.354 * tau))
        s[LG_MU1 * BLOCK + i] = min(0.2 / _OCTAVES * log2(mu1), 0.0)  # (2)
        s[ALPHA * BLOCK + i] = max(-0.6 - 3.5e-9 * exp2(3.1 * log2(d)) * tau, -3.4)  # (55a)


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
    heights: NDArray[np.float64],
    receiver_height_m: float,
    first: int,
) -> None:
    """Coupling of both ends to ducts over the sea, (49); the most there can be where no horizon is known."""
    for i in range(size):
        near_t = step_km * s[NEAR_T * BLOCK + i]
        near_r = step_km * s[NEAR_R * BLOCK + i] if s[NEAR_R * BLOCK + i] > 0.0 else math.inf
        both = _coupling(coast_km, near_t, antenna_m)
        both += _coupling(s[TO_COAST * BLOCK + i], near_r, heights[first + i] + receiver_height_m)
        s[COAST * BLOCK + i] = both if s[SEA * BLOCK + i] >= MOSTLY_SEA else 0.0
