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

from siteplan.propagation._elementary import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLEAR: Final = -0.78
"""Diffraction parameter below which a knife edge costs nothing: equation (12)."""

SPAN: Final = 16
"""Samples in a block of which the maximum is kept."""

_PLACE: Final = np.int64(SPAN - 1)
_WITHOUT_PLACE: Final = np.int64(~(SPAN - 1))
_LARGEST: Final = np.int64(2**63 - 1)

(NU, NU_LAPSE, HEIGHT_T, HEIGHT_R, SLOPE_T, SLOPE_R, NEAR_T, NEAR_R, SMOOTH_T, SMOOTH_R) = range(10)
"""Rows of what :func:`geometry` finds."""

GEOMETRY_ROWS: Final = 10


@inlined
def _push(
    at: NDArray[np.float64], height: NDArray[np.float64], top: int, x: float, z: float
) -> int:
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


@inlined
def _tangent(
    at: NDArray[np.float64], height: NDArray[np.float64], top: int, x: float, z: float
) -> int:
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


@inlined
def _highest(
    at: NDArray[np.float64], height: NDArray[np.float64], top: int, slope: float, hint: int
) -> int:
    """Hull point that stands highest above a line of a given slope, sought from a guess."""
    q = min(hint, top)
    while q < top and height[q + 1] - height[q] > slope * (at[q + 1] - at[q]):
        q += 1
    while q > 0 and height[q] - height[q - 1] <= slope * (at[q] - at[q - 1]):
        q -= 1
    return q


@compiled
def _least_of_block(
    rise: NDArray[np.float64], ahead: NDArray[np.float64], first: int, line: float
) -> tuple[float, int]:
    """
    Smallest ratio within a block, and its sample; `ahead` holds 1 / (j - i).

    Numbers that are not negative are ordered as their bits are. The last four give way to the place in the
    block, 4e-15 of the value; so one minimum of whole numbers, which is vector instructions, gives both.
    """
    least = _LARGEST
    for k in range(len(rise)):  # a known count would be unrolled too early to become vectors
        gap = line - rise[k]
        value = gap * gap * max(first + k, 1) * ahead[k]
        least = min(least, (np.float64(value).view(np.int64) & _WITHOUT_PLACE) | k)
    return float(np.int64(least & _WITHOUT_PLACE).view(np.float64)), first + int(least & _PLACE)


@inlined
def _least_clearance(
    at: NDArray[np.float64],
    height: NDArray[np.float64],
    top: int,
    rise: NDArray[np.float64],
    block: NDArray[np.float64],
    j: int,
    start: float,
    line: float,
    best: float,
    vertex: int,
    hint: int,
    inverse: NDArray[np.float64],
) -> tuple[float, int, int]:
    """
    Smallest (line - rise[i])^2 i / (j - i) over 1 <= i < j, if below `best`, its sample and a vertex.

    It is the square of the diffraction parameter of a sample that stays below the direct ray, up to a
    factor. Times i (j - i) it is the square of the clearance: that of the hull is convex, and the root of
    i (j - i) concave, so their ratio falls along the hull to its least and then rises. No sample clears
    less than the hull. Only the two edges at the hull point of least ratio can hold a smaller one, whose
    bound is known in closed form; there maxima over blocks tell which samples to look at.
    """
    shift = len(inverse) // 2 - j
    q = min(vertex, top)
    gap = start + line * at[q] - height[q]
    value = gap * gap
    room = at[q] * (j - at[q])
    down = False
    while q > 0:
        gap = start + line * at[q - 1] - height[q - 1]
        spread = at[q - 1] * (j - at[q - 1])
        if gap * gap * room >= value * spread:
            break
        down = True
        q -= 1
        value = gap * gap
        room = spread
    while not down and q < top:
        gap = start + line * at[q + 1] - height[q + 1]
        spread = at[q + 1] * (j - at[q + 1])
        if gap * gap * room >= value * spread:
            break
        q += 1
        value = gap * gap
        room = spread
    found = 0
    if value < best * room:
        best = value / room
        found = int(at[q])
    for edge in range(max(q - 1, 0), min(q + 1, top)):
        a, b = at[edge], at[edge + 1]
        if b - a < 1.5:
            continue
        gap = start + line * a - height[edge]
        fall = line - (height[edge + 1] - height[edge]) / (b - a)
        near = gap - fall * a
        far = gap + fall * (j - a)
        # along the edge the ratio is least at j near / (near + far), where it is 4 near far / j^2
        place = j * near
        total = near + far
        if near <= 0.0 or far <= 0.0 or place <= a * total or place >= b * total:
            continue
        if 4.0 * near * far >= best * j * j:
            continue
        if a < hint < b:
            gap = line - rise[hint]
            value = gap * gap * hint * inverse[shift + hint]
            if value < best:
                best = value
                found = hint
        # the part of the edge that is below the best so far: a quadratic in i
        leading = fall * fall + best
        middle = near * fall - 0.5 * best * j
        root = math.sqrt(max(middle * middle - leading * near * near, 0.0))
        scale = 1.0 / leading
        low = max(int((-middle - root) * scale), int(a)) // SPAN
        last = min(int((-middle + root) * scale) + 2, int(b)) // SPAN
        for k in range(last, low - 1, -1):
            first = k * SPAN
            gap = line - block[k]
            if gap * gap * max(first, 1) < best * (j - first):
                value, place = _least_of_block(
                    rise[first : first + SPAN],
                    inverse[shift + first : shift + first + SPAN],
                    first,
                    line,
                )
                if value < best:
                    best = value
                    found = place
    return best, found, q


@compiled
def geometry(
    ground: NDArray[np.float64],
    clutter: NDArray[np.float64],
    samples: int,
    transmitter_m: float,
    receiver_height_m: float,
    bulges: NDArray[np.float64],
    nu_scale: float,
    begin: int,
    inverse: NDArray[np.float64],
    found: NDArray[np.float64],
    work: NDArray[np.float64],
) -> int:
    """
    Terms of every receive point of one radial that depend on its profile.

    Parameters
    ----------
    ground : ndarray of float64, shape (n + 1,)
        Terrain at the samples, NaN where unknown. [m]
    clutter : ndarray of float64, shape (n + 1,)
        Clutter above it. [m]
    samples : int
        Samples of the radial that lie on the grid.
    transmitter_m : float
        Transmitter above sea level. [m]
    receiver_height_m : float
        Receivers above the ground. [m]
    bulges : ndarray of float64, shape (1 or 2,)
        500 / a times the step squared for the effective Earth radii wanted. [m]
    nu_scale : float
        0.002 / (wavelength step): its product with j and squared slopes is the square of nu.
    begin : int
        First sample that is asked for, at least 1.
    inverse : ndarray of float64, shape (2 n + 2 SPAN,)
        1 / k at the k-th place before the middle, 1 behind it: :func:`inverses`.
    found : ndarray of float64, shape (GEOMETRY_ROWS, n + 1)
        Out: for each radius the square of the diffraction parameter, with its sign, of the Bullington edge
        or of the least clearance; effective heights over the smooth surface, (38a) and (38b) [m]; slopes to
        both horizons [m per sample] and their distances [samples]; the smooth surface at both ends, (87)
        and (88) [m]. In line of sight the two horizons are one point; where it is not known, the first
        distance is that of the receiver and the second 0.
    work : ndarray of float64
        Room of :func:`room` to work in.

    Returns
    -------
    known : int
        Samples 1 .. known - 1 have a result; from there on terrain is missing on the way.
    """
    two = len(bulges) == 2
    bulge = bulges[0]
    bulge2 = bulges[-1]
    # typed, or the functions of the hull would be compiled once more for literal arguments
    zero, empty = int(np.int64(0)), int(np.int64(-1))
    # hulls: terrain on a flat Earth, terrain, surface for each radius; slopes of the surface
    flat_at, flat_z, flat_top = work[0], work[1], empty
    land_at, land_z, land_top = work[2], work[3], empty
    at, z, top = work[4], work[5], empty
    at2, z2, top2 = work[6], work[7], empty
    rise, block = work[8], work[9]
    rise2, block2 = work[10], work[11]
    for k in range(work.shape[1]):
        rise[k] = block[k] = rise2[k] = block2[k] = -math.inf
    middle = len(inverse) // 2
    vertex = sample = vertex2 = sample2 = guess = zero
    steepest = steepest2 = steepest_flat = steepest_land = -math.inf
    horizon = 0
    v1 = v2 = 0.0
    before = ground[0]
    wooded = False
    if not before - before == 0.0:  # noqa: SIM201  # neither a number nor infinite
        return 1
    for j in range(1, samples):
        here = ground[j]
        over = clutter[j]
        if not (here - here) + (over - over) == 0.0:  # noqa: SIM201
            # the receiver's own clutter is no obstacle, but without it nothing behind is known
            return j
        x = float(j)
        one = inverse[middle - j]
        v1 += here + before
        v2 += here * (3.0 * x - 1.0) + before * (3.0 * x - 2.0)
        if j >= begin:
            receiver_m = here + receiver_height_m
            line = (receiver_m - transmitter_m) * one
            # smooth surface, (87) to (92b)
            mean = v1 * one
            moment = v2 * one * one
            hst = 2.0 * mean - moment
            hsr = moment - mean
            found[SMOOTH_T, j] = hst
            found[SMOOTH_R, j] = hsr
            if steepest_flat > line:
                guess = _highest(flat_at, flat_z, flat_top, line, guess)
                obstruction = flat_z[guess] - line * flat_at[guess] - transmitter_m
                q = _tangent(flat_at, flat_z, flat_top, x, receiver_m)
                alpha_t = steepest_flat - line
                # where the ray grazes, rounding leaves a remainder of either sign
                alpha_r = max((flat_z[q] - receiver_m) / (x - flat_at[q]) + line, 0.0)
                lowered = obstruction / (alpha_t + alpha_r)
                hst -= lowered * alpha_t
                hsr -= lowered * alpha_r
            found[HEIGHT_T, j] = transmitter_m - min(hst, ground[0])
            found[HEIGHT_R, j] = receiver_m - min(hsr, here)
            # Bullington edge over terrain with clutter, (13) to (20)
            scale = nu_scale * x
            limit = CLEAR * CLEAR / scale
            direct = line - bulge * x
            base = receiver_m - bulge * x * x
            q = -1
            sample_known = False
            if j == 1:
                found[NU, j] = found[NU_LAPSE, j] = -1.0
            elif steepest < direct:
                least, place, vertex = _least_clearance(
                    at,
                    z,
                    top,
                    rise,
                    block,
                    j,
                    transmitter_m,
                    direct,
                    limit,
                    vertex,
                    sample,
                    inverse,
                )
                sample_known = place > 0
                sample = place if sample_known else sample
                found[NU, j] = -least * scale if sample_known else -1.0
            else:
                q = _tangent(at, z, top, x, base)
                facing = (z[q] - base) / (x - at[q])
                found[NU, j] = (steepest - direct) * max(facing + direct, 0.0) * scale
            if two and j > 1:
                direct2 = line - bulge2 * x
                if steepest2 < direct2:
                    least, place, vertex2 = _least_clearance(
                        at2,
                        z2,
                        top2,
                        rise2,
                        block2,
                        j,
                        transmitter_m,
                        direct2,
                        limit,
                        vertex2,
                        sample2,
                        inverse,
                    )
                    sample2 = place if place > 0 else sample2
                    found[NU_LAPSE, j] = -least * scale if place > 0 else -1.0
                else:
                    base2 = receiver_m - bulge2 * x * x
                    k = _tangent(at2, z2, top2, x, base2)
                    facing = (z2[k] - base2) / (x - at2[k])
                    found[NU_LAPSE, j] = (steepest2 - direct2) * max(facing + direct2, 0.0) * scale
            # horizons over bare terrain, (76) to (84)
            if steepest_land > direct:
                if wooded:
                    q = _tangent(land_at, land_z, land_top, x, base)
                    reach = x - land_at[q]
                    facing = (land_z[q] - base) / reach
                else:
                    reach = x - at[q]
                    facing = (z[q] - base) / reach
                found[SLOPE_T, j] = steepest_land
                found[SLOPE_R, j] = facing - 2.0 * bulge * x
                found[NEAR_T, j] = horizon
                found[NEAR_R, j] = reach
            else:
                known = not wooded and sample_known
                found[SLOPE_T, j] = direct
                found[SLOPE_R, j] = -line - bulge * x
                found[NEAR_T, j] = sample if known else j
                found[NEAR_R, j] = j - sample if known else 0.0
        # from now on the sample is an obstacle
        slope = (here - transmitter_m) * one
        steepest_flat = max(steepest_flat, slope)
        sunk = bulge * x
        if slope - sunk > steepest_land:
            steepest_land = slope - sunk
            horizon = j
        flat_top = _push(flat_at, flat_z, flat_top, x, here)
        if over > 0.0 and not wooded:
            # bare so far: the hull of the terrain is that of the surface
            wooded = True
            land_top = top
            for k in range(top + 1):
                land_at[k] = at[k]
                land_z[k] = z[k]
        if wooded:
            land_top = _push(land_at, land_z, land_top, x, here - sunk * x)
            slope += over * one
        surface = here + over
        value = slope - sunk
        steepest = max(steepest, value)
        rise[j] = value
        block[j // SPAN] = max(block[j // SPAN], value)
        top = _push(at, z, top, x, surface - sunk * x)
        if two:
            sunk = bulge2 * x
            value = slope - sunk
            steepest2 = max(steepest2, value)
            rise2[j] = value
            block2[j // SPAN] = max(block2[j // SPAN], value)
            top2 = _push(at2, z2, top2, x, surface - sunk * x)
        before = here
    return samples


@compiled
def room(n: int) -> NDArray[np.float64]:
    """
    Array for :func:`geometry` to work in.

    Parameters
    ----------
    n : int
        Samples of a radial, without the transmitter's.

    Returns
    -------
    work : ndarray of float64, shape (12, n + 1 + SPAN)
        Places and heights of hull points, slopes and their maxima over blocks.
    """
    return np.empty((12, n + 1 + SPAN))


def inverses(n: int) -> NDArray[np.float64]:
    """
    Table of 1 / k, so that kernels need not divide.

    Parameters
    ----------
    n : int
        Largest k.

    Returns
    -------
    inverse : ndarray of float64, shape (2 n + 2 SPAN,)
        1 / k at place ``len(inverse) // 2 - k`` for k from 1 to n, and 1 elsewhere.
    """
    inverse = np.ones(2 * (n + SPAN))
    middle = n + SPAN
    inverse[middle - n : middle] = 1.0 / np.arange(n, 0, -1)
    return inverse
