"""
Kernels of the sweep: what the terrain of a radial says about every receive point on it.

Samples lie at equal steps from the transmitter, so the profile to sample j is a prefix of the profile to
sample j + 1. Everything that Rec. ITU-R P.1812 asks of a profile is then a running maximum, a prefix sum,
or a tangent to an upper convex hull that grows by one point a sample: O(log n) a receive point, where a
walk along each profile is O(n). Letters and equation numbers are those of :mod:`siteplan.propagation.p1812`.

Slopes are in metres per sample, distances in samples; ``bulge`` is 500 / a times the step squared, the
height of the Earth's bulge at one sample from an end of a path of two samples.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLEAR: Final = -0.78
"""Diffraction parameter below which a knife edge costs nothing: equation (12)."""

_BLOCK: Final = 16
"""Samples in a block of the search for the greatest diffraction parameter."""


@njit(cache=True, error_model="numpy", inline="always")
def _push(at: NDArray[np.int32], height: NDArray[np.float64], top: int, x: int, z: float) -> int:
    """Add a point to the right end of an upper convex hull; the new top."""
    while top >= 1:
        wide = at[top] - at[top - 1]
        rise = height[top] - height[top - 1]
        if rise * (x - at[top]) > (z - height[top]) * wide:
            break
        top -= 1
    top += 1
    at[top] = x
    height[top] = z
    return top


@njit(cache=True, error_model="numpy", inline="always")
def _tangent(at: NDArray[np.int32], height: NDArray[np.float64], top: int, x: int, z: float) -> int:
    """Hull point seen from the right under the steepest slope; of equals the nearest."""
    # The slope rises along the hull up to the tangent and falls beyond it. The tangent is mostly near:
    # double the stride until it is passed, then halve.
    high = top
    stride = 1
    while high > 0:
        low = max(high - stride, 0)
        # is the hull edge at `low` still rising towards the left, seen from the receiver?
        right = (height[low + 1] - z) * (x - at[low])
        left = (height[low] - z) * (x - at[low + 1])
        if left > right:
            high = low
            stride += stride
        else:
            # the tangent lies between low + 1 and high
            low += 1
            while low < high:
                middle = (low + high) // 2
                right = (height[middle + 1] - z) * (x - at[middle])
                left = (height[middle] - z) * (x - at[middle + 1])
                if left > right:
                    high = middle
                else:
                    low = middle + 1
            return high
    return 0


@njit(cache=True, error_model="numpy", inline="always")
def _highest(at: NDArray[np.int32], height: NDArray[np.float64], top: int, slope: float) -> int:
    """Hull point that stands highest above a line of a given slope."""
    low = 0
    high = top
    while low < high:
        middle = (low + high) // 2
        if height[middle + 1] - height[middle] > slope * (at[middle + 1] - at[middle]):
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, error_model="numpy", inline="always")
def _least_clearance(
    rise: NDArray[np.float64],
    doubling: NDArray[np.float64],
    block: NDArray[np.float64],
    j: int,
    line: float,
    best: float,
    hint: int,
) -> tuple[float, int]:
    """
    Smallest (line - rise[i])^2 i / (j - i) over 1 <= i < j, if below `best`, and its sample.

    It is the square of the diffraction parameter of a sample that stays below the direct ray, up to a
    factor. `rise` is below `line` everywhere. Maxima over blocks bound it from below; blocks that cannot
    beat the best are passed over. The sample of the receive point before is a good first guess, as is
    the one as far from the receiver as it was, and the search begins near the receiver.
    """
    found = 0
    for i in range(max(hint, 1), min(hint + 2, j)):
        gap = line - rise[i]
        value = gap * gap * i
        if value < best * (j - i):
            best = value / (j - i)
            found = i
    level = 0
    start = 1
    while 2 * start < j:
        start *= 2
        level += 1
    end = j
    while start >= 1:
        gap = line - doubling[level]
        if gap * gap * start < best * (j - start):
            last = end
            while last > start:
                first = max((last - 1) // _BLOCK * _BLOCK, start)
                gap = line - block[first // _BLOCK]
                if gap * gap * first < best * (j - first):
                    for i in range(first, last):
                        gap = line - rise[i]
                        value = gap * gap * i
                        if value < best * (j - i):
                            best = value / (j - i)
                            found = i
                last = first
        end = start
        start //= 2
        level -= 1
    return best, found


@njit(cache=True, error_model="numpy", inline="always")
def _note(
    rise: NDArray[np.float64],
    doubling: NDArray[np.float64],
    block: NDArray[np.float64],
    i: int,
    level: int,
    value: float,
) -> None:
    """Enter the slope of sample i into the maxima over blocks."""
    rise[i] = value
    doubling[level] = max(doubling[level], value)
    block[i // _BLOCK] = max(block[i // _BLOCK], value)


@njit(cache=True, error_model="numpy", nogil=True)
def geometry(
    ground: NDArray[np.float64],
    clutter: NDArray[np.float64],
    transmitter_m: float,
    receiver_height_m: float,
    bulges: NDArray[np.float64],
    nu_scale: float,
    first: int,
    nu: NDArray[np.float64],
    heights: NDArray[np.float64],
    horizons: NDArray[np.float64],
    work: NDArray[np.float64],
    stack: NDArray[np.int32],
) -> int:
    """
    Terms of every receive point of one radial that depend on its profile.

    Parameters
    ----------
    ground : ndarray of float64, shape (n + 1,)
        Terrain at the samples, NaN where unknown. [m]
    clutter : ndarray of float64, shape (n + 1,)
        Clutter above it. [m]
    transmitter_m : float
        Transmitter above sea level. [m]
    receiver_height_m : float
        Receivers above the ground. [m]
    bulges : ndarray of float64, shape (1 or 2,)
        500 / a times the step squared for the effective Earth radii wanted. [m]
    nu_scale : float
        0.002 / (wavelength step): its product with j and squared slopes is the square of nu.
    first : int
        First sample that is asked for, at least 1.
    nu : ndarray of float64, shape (1 or 2, n + 1)
        Out: diffraction parameter of the Bullington edge or of the greatest clearance, for each radius.
    heights : ndarray of float64, shape (2, n + 1)
        Out: effective heights of transmitter and receiver over the smooth surface, (38a) and (38b). [m]
    horizons : ndarray of float64, shape (4, n + 1)
        Out: slopes to the horizons of transmitter and receiver [m per sample], and their distances
        [samples]. In line of sight, where the two horizons are one point, only the sum of the distances
        is given, as that of the transmitter.
    work, stack : ndarray
        Room of :func:`room` to work in.

    Returns
    -------
    known : int
        Samples 1 .. known - 1 have a result; from there on terrain is missing on the way.
    """
    n = len(ground) - 1
    radii = len(bulges)
    work[:] = -math.inf
    # one row for each Earth radius: rises, maxima over doubling blocks, maxima over equal blocks
    flat_at, flat_z, flat_top = stack[0], work[0], -1
    land_at, land_z, land_top = stack[1], work[1], -1
    tops = np.full(2, -1, dtype=np.int64)
    hints = np.zeros(2, dtype=np.int64)
    steepest = np.full(2, -math.inf)
    steepest_flat = -math.inf
    steepest_land = -math.inf
    horizon = 0
    level, next_level = 0, 2
    v1 = 0.0
    v2 = 0.0
    before = ground[0]
    wooded = False
    if math.isnan(before):
        return 1
    for j in range(1, n + 1):
        here = ground[j]
        if math.isnan(here) or math.isnan(clutter[j]):
            # the receiver's own clutter is no obstacle, but without it nothing behind is known
            return j
        v1 += here + before
        v2 += here * (3.0 * j - 1.0) + before * (3.0 * j - 2.0)
        receiver_m = here + receiver_height_m
        if j >= first:
            line = (receiver_m - transmitter_m) / j
            # smooth surface, (87) to (92b)
            hst = (2.0 * v1 * j - v2) / (j * j)
            hsr = (v2 - v1 * j) / (j * j)
            if steepest_flat > line:
                q = _highest(flat_at, flat_z, flat_top, line)
                obstruction = flat_z[q] - line * flat_at[q] - transmitter_m
                q = _tangent(flat_at, flat_z, flat_top, j, receiver_m)
                alpha_t = steepest_flat - line
                alpha_r = (flat_z[q] - receiver_m) / (j - flat_at[q]) + line
                hst -= obstruction * alpha_t / (alpha_t + alpha_r)
                hsr -= obstruction * alpha_r / (alpha_t + alpha_r)
            heights[0, j] = transmitter_m - min(hst, ground[0])
            heights[1, j] = receiver_m - min(hsr, here)
            # Bullington edge over terrain with clutter, (13) to (20)
            for a in range(radii):
                bulge = bulges[a]
                seen = steepest[a] + bulge * j
                if seen < line:
                    limit = CLEAR * CLEAR / (nu_scale * j)
                    least, hints[a] = _least_clearance(
                        work[4 + 3 * a],
                        work[5 + 3 * a],
                        work[6 + 3 * a],
                        j,
                        line - bulge * j,
                        limit,
                        hints[a],
                    )
                    nu[a, j] = -math.sqrt(least * nu_scale * j) if least < limit else -1.0
                elif j == 1:
                    nu[a, j] = -1.0
                else:
                    hull_at, hull_z, top = stack[2 + a], work[2 + a], tops[a]
                    base = receiver_m - bulge * j * j
                    q = _tangent(hull_at, hull_z, top, j, base)
                    facing = (hull_z[q] - base) / (j - hull_at[q]) - bulge * j
                    edge = (seen - line) * max(facing + line, 0.0)
                    nu[a, j] = math.sqrt(nu_scale * j * edge)
            # horizons over bare terrain, (76) to (84)
            bulge = bulges[0]
            direct = line - bulge * j
            if steepest_land > direct:
                base = receiver_m - bulge * j * j
                if wooded:
                    q = _tangent(land_at, land_z, land_top, j, base)
                    facing = (land_z[q] - base) / (j - land_at[q])
                    reach = j - land_at[q]
                else:
                    q = _tangent(stack[2], work[2], tops[0], j, base)
                    facing = (work[2, q] - base) / (j - stack[2, q])
                    reach = j - stack[2, q]
                horizons[0, j] = steepest_land
                horizons[1, j] = facing - 2.0 * bulge * j
                horizons[2, j] = horizon
                horizons[3, j] = reach
            else:
                horizons[0, j] = direct
                horizons[1, j] = -line - bulge * j
                horizons[2, j] = j
                horizons[3, j] = 0.0
        # from now on the sample is an obstacle
        if j == next_level:
            level += 1
            next_level *= 2
        rise = (here - transmitter_m) / j
        steepest_flat = max(steepest_flat, rise)
        if rise - bulges[0] * j > steepest_land:
            steepest_land = rise - bulges[0] * j
            horizon = j
        flat_top = _push(flat_at, flat_z, flat_top, j, here)
        over = clutter[j]
        if over > 0.0 and not wooded:
            # bare so far: the hull of the terrain is that of the surface
            wooded = True
            land_top = tops[0]
            for q in range(land_top + 1):
                land_at[q] = stack[2, q]
                land_z[q] = work[2, q]
        if wooded:
            land_top = _push(land_at, land_z, land_top, j, here - bulges[0] * j * j)
        for a in range(radii):
            bulge = bulges[a]
            slope = (here + over - transmitter_m) / j - bulge * j
            steepest[a] = max(steepest[a], slope)
            _note(work[4 + 3 * a], work[5 + 3 * a], work[6 + 3 * a], j, level, slope)
            tops[a] = _push(stack[2 + a], work[2 + a], tops[a], j, here + over - bulge * j * j)
        before = here
    return n + 1


@njit(cache=True, nogil=True)
def room(n: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """
    Arrays for :func:`geometry` to work in.

    Parameters
    ----------
    n : int
        Samples of a radial, without the transmitter's.

    Returns
    -------
    work : ndarray of float64, shape (10, n + 2)
        Hull heights, rises and maxima over blocks.
    stack : ndarray of int32, shape (4, n + 2)
        Hull points.
    """
    return np.empty((10, n + 2)), np.empty((4, n + 2), np.int32)
