"""
Kernels of the sweep: what the terrain of a radial says about every receive point on it.

Samples lie at equal steps from the transmitter. The profile of a receive point is a prefix of them, up to
the last that is half a step away or more, and the point itself with its own distance and height. Everything
that Rec. ITU-R P.1812 asks of a profile is then a running maximum, a prefix sum, or a tangent to an upper
convex hull that grows by one point a sample: O(log n) a receive point, where a walk along each profile is
O(n). Letters and equation numbers are those of :mod:`siteplan.propagation.p1812`.

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

APART: Final = 0.5
"""Least distance from a receive point to the sample before it. [samples]"""

_PLACE: Final = np.int64(SPAN - 1)
_WITHOUT_PLACE: Final = np.int64(~(SPAN - 1))
_LARGEST: Final = np.int64(2**63 - 1)

(NU, NU_LAPSE, HEIGHT_T, HEIGHT_R, SLOPE_T, SLOPE_R, NEAR_T, NEAR_R, SMOOTH_T, SMOOTH_R) = range(10)
"""Rows of what :func:`geometry` finds."""

GEOMETRY_ROWS: Final = 10

WORK_ROWS: Final = 15


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
    rise: NDArray[np.float64], first: float, x: float, line: float
) -> tuple[float, int]:
    """
    Smallest ratio within a block, and its place in it.

    Numbers that are not negative are ordered as their bits are. The last four give way to the place in the
    block, 4e-15 of the value; so one minimum of whole numbers, which is vector instructions, gives both.
    """
    least = _LARGEST
    for k in range(len(rise)):  # a known count would be unrolled too early to become vectors
        gap = line - rise[k]
        i = first + k
        ahead = x - i
        value = gap * gap * max(i, 1.0) / max(ahead, APART)
        value = value if ahead >= APART else math.inf  # no sample of this profile
        least = min(least, (np.float64(value).view(np.int64) & _WITHOUT_PLACE) | k)
    return float(np.int64(least & _WITHOUT_PLACE).view(np.float64)), int(least & _PLACE)


@inlined
def _least_clearance(
    at: NDArray[np.float64],
    height: NDArray[np.float64],
    top: int,
    rise: NDArray[np.float64],
    block: NDArray[np.float64],
    x: float,
    start: float,
    line: float,
    best: float,
    vertex: int,
    hint: int,
) -> tuple[float, int, int]:
    """
    Smallest (line - rise[i])^2 i / (x - i) over the samples i, if below `best`, its sample and a vertex.

    It is the square of the diffraction parameter of a sample that stays below the direct ray, up to a
    factor. Times i (x - i) it is the square of the clearance: that of the hull is convex, and the root of
    i (x - i) concave, so their ratio falls along the hull to its least and then rises. No sample clears
    less than the hull. Only the two edges at the hull point of least ratio can hold a smaller one, whose
    bound is known in closed form; there maxima over blocks tell which samples to look at.
    """
    q = min(vertex, top)
    gap = start + line * at[q] - height[q]
    value = gap * gap
    room = at[q] * (x - at[q])
    down = False
    while q > 0:
        gap = start + line * at[q - 1] - height[q - 1]
        spread = at[q - 1] * (x - at[q - 1])
        if gap * gap * room >= value * spread:
            break
        down = True
        q -= 1
        value = gap * gap
        room = spread
    while not down and q < top:
        gap = start + line * at[q + 1] - height[q + 1]
        spread = at[q + 1] * (x - at[q + 1])
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
        far = gap + fall * (x - a)
        # along the edge the ratio is least at x near / (near + far), where it is 4 near far / x^2
        place = x * near
        total = near + far
        if near <= 0.0 or far <= 0.0 or place <= a * total or place >= b * total:
            continue
        if 4.0 * near * far >= best * x * x:
            continue
        if a < hint < b:
            gap = line - rise[hint]
            value = gap * gap * hint
            if value < best * (x - hint):
                best = value / (x - hint)
                found = hint
        # the part of the edge that is below the best so far: a quadratic in i
        leading = fall * fall + best
        middle = near * fall - 0.5 * best * x
        root = math.sqrt(max(middle * middle - leading * near * near, 0.0))
        scale = 1.0 / leading
        low = max(int((-middle - root) * scale), int(a)) // SPAN
        last = min(int((-middle + root) * scale) + 2, int(b)) // SPAN
        for k in range(last, low - 1, -1):
            first = k * SPAN
            gap = max(line - block[k], 0.0)  # of samples beyond the point, some may be higher
            if gap * gap * max(first, 1) < best * (x - first):
                value, place = _least_of_block(rise[first : first + SPAN], float(first), x, line)
                if value < best:
                    best = value
                    found = first + place
    return best, found, q


@compiled
def _slopes(
    ground: NDArray[np.float64],
    clutter: NDArray[np.float64],
    samples: int,
    transmitter_m: float,
    bulge: float,
    slopes: NDArray[np.float64],
    rise: NDArray[np.float64],
    block: NDArray[np.float64],
) -> None:
    """Slopes from the transmitter to terrain on a flat Earth and to the surface, and maxima of the latter."""
    for j in range(1, samples):
        one = 1.0 / j
        slope = (ground[j] - transmitter_m) * one
        slopes[j] = slope
        rise[j] = slope + clutter[j] * one - bulge * j
    rise[0] = -math.inf
    for j in range(samples, (samples + SPAN - 1) // SPAN * SPAN):
        rise[j] = -math.inf
    for first in range(0, samples, SPAN):
        best = -math.inf
        for k in range(SPAN):
            best = max(best, rise[first + k])
        block[first // SPAN] = best


@compiled
def _sums(
    ground: NDArray[np.float64],
    clutter: NDArray[np.float64],
    samples: int,
    total: NDArray[np.float64],
    moment: NDArray[np.float64],
) -> int:
    """Sum v1 (85) and v2 (86) up to each sample; count those before terrain or clutter is unknown."""
    v1 = v2 = 0.0
    before = ground[0]
    for j in range(samples):
        here = ground[j]
        over = clutter[j] if j > 0 else 0.0  # the mast stands above its clutter
        if not (here - here) + (over - over) == 0.0:  # noqa: SIM201  # neither a number nor infinite
            return j
        if j > 0:
            v1 += here + before
            v2 += here * (3.0 * j - 1.0) + before * (3.0 * j - 2.0)
        total[j] = v1
        moment[j] = v2
        before = here
    return samples


@compiled
def _corners(
    ground: NDArray[np.float64],
    clutter: NDArray[np.float64],
    samples: int,
    hollow: float,
    places: NDArray[np.float64],
    points: int,
    order: NDArray[np.int32],
    marked: NDArray[np.uint8],
) -> int:
    """
    List the samples that can be a corner of a hull.

    None is where land and surface lie below the line between their neighbours by more than the Earth bulges
    there, unless it is the last of a profile; and the clutter of each counts.
    """
    marked[0] = 0  # the mast's own ground is no obstacle
    for j in range(2, samples - 1):
        bent = ground[j - 1] + ground[j + 1] - 2.0 * ground[j]
        # `order` of unknown clutter beyond is no matter: the last sample is marked below
        marked[j] = not (bent > hollow and clutter[j] == 0.0)
    if samples > 1:
        marked[1] = marked[samples - 1] = 1  # the ends of the hulls
    for point in range(points):
        marked[int(places[point] - APART)] = 1
    corners = 0
    for j in range(samples):
        order[corners] = j
        corners += int(marked[j])
    return corners


@compiled
def geometry(
    ground: NDArray[np.float64],
    clutter: NDArray[np.float64],
    samples: int,
    transmitter_m: float,
    receiver_height_m: float,
    bulges: NDArray[np.float64],
    nu_scale: float,
    places: NDArray[np.float64],
    heights: NDArray[np.float64],
    points: int,
    found: NDArray[np.float64],
    work: NDArray[np.float64],
    order: NDArray[np.int32],
    marked: NDArray[np.uint8],
) -> int:
    """
    Terms of the receive points of one radial that depend on their profiles.

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
        0.002 / (wavelength step): its product with a distance and squared slopes is the square of nu.
    places : ndarray of float64
        Distances of the receive points, ascending, at least half a step. [samples]
    heights : ndarray of float64
        Terrain under them. [m]
    points : int
        How many there are.
    found : ndarray of float64, shape (GEOMETRY_ROWS, points or more)
        Out: for each radius the square of the diffraction parameter, with its sign, of the Bullington edge
        or of the least clearance; effective heights over the smooth surface, (38a) and (38b) [m]; slopes to
        both horizons [m per sample] and their distances [samples]; the smooth surface at both ends, (87)
        and (88) [m]. In line of sight the two horizons are one point; where it is not known, the first
        distance is that of the receiver and the second 0.
    work : ndarray of float64, shape (WORK_ROWS, n + 1 + SPAN)
        Room for hulls, slopes with their maxima over blocks, and sums.
    order, marked : ndarray of int32 and uint8, shape (n + 1,)
        Room to list samples in.

    Returns
    -------
    known : int
        The first so many points have a result; on the way to the others terrain is missing.
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
    slopes, total, moment_total = work[8], work[9], work[10]
    rise, block = work[11], work[12]
    rise2, block2 = work[13], work[14]
    known = _sums(ground, clutter, samples, total, moment_total)
    while points > 0 and places[points - 1] >= known + APART:
        points -= 1  # terrain is missing on the way
    if points == 0:
        return 0
    _slopes(ground, clutter, known, transmitter_m, bulge, slopes, rise, block)
    if two:
        _slopes(ground, clutter, known, transmitter_m, bulge2, slopes, rise2, block2)
    corners = _corners(
        ground, clutter, known, 2.0 * max(bulge, bulge2), places, points, order, marked
    )
    vertex = sample = vertex2 = sample2 = guess = zero
    steepest = steepest2 = steepest_flat = steepest_land = -math.inf
    horizon = 0
    wooded = False
    next_corner = 0
    for point in range(points):
        x = places[point]
        m = int(x - APART)
        while next_corner < corners and order[next_corner] <= m:
            # the sample is an obstacle to the points behind it
            j = order[next_corner]
            next_corner += 1
            if j == 0:
                continue
            at_sample = float(j)
            here, over = ground[j], clutter[j]
            surface = here + over
            sunk = bulge * at_sample
            steepest_flat = max(steepest_flat, slopes[j])
            flat_top = _push(flat_at, flat_z, flat_top, at_sample, here)
            if slopes[j] - sunk > steepest_land:
                steepest_land = slopes[j] - sunk
                horizon = j
            if over > 0.0 and not wooded:
                # bare so far: the hull of the terrain is that of the surface
                wooded = True
                land_top = top
                for k in range(top + 1):
                    land_at[k] = at[k]
                    land_z[k] = z[k]
            if wooded:
                land_top = _push(land_at, land_z, land_top, at_sample, here - sunk * at_sample)
            steepest = max(steepest, rise[j])
            top = _push(at, z, top, at_sample, surface - sunk * at_sample)
            if two:
                steepest2 = max(steepest2, rise2[j])
                top2 = _push(at2, z2, top2, at_sample, surface - bulge2 * at_sample * at_sample)
        x = places[point]
        under = heights[point]
        one = 1.0 / x
        receiver_m = under + receiver_height_m
        line = (receiver_m - transmitter_m) * one
        # smooth surface, (85) to (92b)
        last = x - m
        before = ground[m]
        mean = (total[m] + last * (under + before)) * one
        moment = last * (under * (x + x + m) + before * (x + m + m))
        moment = (moment_total[m] + moment) * one * one
        hst = 2.0 * mean - moment
        hsr = moment - mean
        found[SMOOTH_T, point] = hst
        found[SMOOTH_R, point] = hsr
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
        found[HEIGHT_T, point] = transmitter_m - min(hst, ground[0])
        found[HEIGHT_R, point] = receiver_m - min(hsr, under)
        # Bullington edge over terrain with clutter, (13) to (20)
        scale = nu_scale * x
        limit = CLEAR * CLEAR / scale
        direct = line - bulge * x
        base = receiver_m - bulge * x * x
        q = -1
        sample_known = False
        if m == 0:
            found[NU, point] = found[NU_LAPSE, point] = -1.0
        elif steepest < direct:
            least, place, vertex = _least_clearance(
                at, z, top, rise, block, x, transmitter_m, direct, limit, vertex, sample
            )
            sample_known = place > 0
            sample = place if sample_known else sample
            found[NU, point] = -least * scale if sample_known else -1.0
        else:
            q = _tangent(at, z, top, x, base)
            facing = (z[q] - base) / (x - at[q])
            found[NU, point] = (steepest - direct) * max(facing + direct, 0.0) * scale
        if two and m > 0:
            direct2 = line - bulge2 * x
            if steepest2 < direct2:
                least, place, vertex2 = _least_clearance(
                    at2,
                    z2,
                    top2,
                    rise2,
                    block2,
                    x,
                    transmitter_m,
                    direct2,
                    limit,
                    vertex2,
                    sample2,
                )
                sample2 = place if place > 0 else sample2
                found[NU_LAPSE, point] = -least * scale if place > 0 else -1.0
            else:
                base2 = receiver_m - bulge2 * x * x
                k = _tangent(at2, z2, top2, x, base2)
                facing = (z2[k] - base2) / (x - at2[k])
                found[NU_LAPSE, point] = (steepest2 - direct2) * max(facing + direct2, 0.0) * scale
        # horizons over bare terrain, (76) to (84)
        if steepest_land > direct:
            if wooded:
                q = _tangent(land_at, land_z, land_top, x, base)
                reach = x - land_at[q]
                facing = (land_z[q] - base) / reach
            else:
                reach = x - at[q]
                facing = (z[q] - base) / reach
            found[SLOPE_T, point] = steepest_land
            found[SLOPE_R, point] = facing - 2.0 * bulge * x
            found[NEAR_T, point] = horizon
            found[NEAR_R, point] = reach
        else:
            bare = not wooded and sample_known
            found[SLOPE_T, point] = direct
            found[SLOPE_R, point] = -line - bulge * x
            found[NEAR_T, point] = sample if bare else x
            found[NEAR_R, point] = x - sample if bare else 0.0
    return points
