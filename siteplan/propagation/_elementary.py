"""
Logarithm, power and arctangent for the kernels of the sweep.

A loop that calls the C library treats one value at a time. These have no branch and no call: bits of the
numbers, a division, a polynomial. A loop over them becomes vector instructions as a whole. All are good to
2e-13, relative for the power and absolute for the others.
"""

from __future__ import annotations

import math
from typing import Final

import numba
import numpy as np
from numba import njit

from siteplan.kernels import inner

entered = njit(cache=True, error_model="numpy", nogil=True, fastmath={"contract"})
"""Decorator of a kernel that Python calls."""

compiled = inner(cache=True, fastmath={"contract"})
"""Decorator of a part of a kernel."""

inlined = inner(fastmath={"contract"}, forceinline=True)
"""Decorator of a function that becomes part of the loop that calls it."""

_ROOT_HALF: Final = np.uint64(0x3FE6A09E667F3BCD)  # bits of sqrt(1/2)
_BIAS: Final = np.uint64(1024)
_BIAS_BITS: Final = np.uint64(1024 << 52)
_SHIFT: Final = np.uint64(52)
_MAGIC_BITS: Final = np.uint64(0x4330000000000000)  # 2^52, whose last bits count ones
_MAGIC: Final = 4503599627370496.0 + 1024.0
_ROUND: Final = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to a whole number

_L1: Final = 2.8853900817779268  # 2 / ln 2, and its parts by odd numbers
_L3: Final = _L1 / 3.0
_L5: Final = _L1 / 5.0
_L7: Final = _L1 / 7.0
_L9: Final = _L1 / 9.0
_L11: Final = _L1 / 11.0
_L13: Final = _L1 / 13.0
_L15: Final = _L1 / 15.0
_L17: Final = _L1 / 17.0

_E1: Final = 0.6931471805599453  # (ln 2)^k / k!
_E2: Final = 0.2402265069591007
_E3: Final = 0.05550410866482158
_E4: Final = 0.009618129107628477
_E5: Final = 0.0013333558146428443
_E6: Final = 0.0001540353039338161
_E7: Final = 1.5252733804059841e-05
_E8: Final = 1.321548679014431e-06
_E9: Final = 1.0178086009239699e-07
_E10: Final = 7.054911620801123e-09
_E11: Final = 4.4455382718708114e-10


def _log2_bits(x: float) -> float:
    """Logarithm to the base of 2 of a positive normal number."""
    bits = np.float64(x).view(np.uint64)
    whole = (bits - _ROOT_HALF + _BIAS_BITS) >> _SHIFT
    m = np.uint64(bits - ((whole - _BIAS) << _SHIFT)).view(np.float64)
    t = (m - 1.0) / (m + 1.0)
    s = t * t
    series = _L9 + s * (_L11 + s * (_L13 + s * (_L15 + s * _L17)))
    series = _L1 + s * (_L3 + s * (_L5 + s * (_L7 + s * series)))
    return (np.uint64(whole | _MAGIC_BITS).view(np.float64) - _MAGIC) + t * series


def _exp2_bits(x: float) -> float:
    """Power of 2 with an exponent between -1000 and 1000."""
    rounded = x + _ROUND
    f = x - (rounded - _ROUND)
    high = _E7 + f * (_E8 + f * (_E9 + f * (_E10 + f * _E11)))
    low = _E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * (_E5 + f * (_E6 + f * high)))))
    bits = np.float64(1.0 + f * low).view(np.uint64)
    return np.uint64(bits + (np.float64(rounded).view(np.uint64) << _SHIFT)).view(np.float64)


def _exp2_plain(x: float) -> float:
    """Power of 2 where there is no compiler."""
    return float(2.0**x)


# without a compiler the bits would be slow, and their sums would warn of their overflow
_PLAIN: Final = bool(getattr(numba.config, "DISABLE_JIT", False))
log2 = math.log2 if _PLAIN else inlined(_log2_bits)
exp2 = _exp2_plain if _PLAIN else inlined(_exp2_bits)


@inlined
def arctangent(x: float) -> float:
    """
    Angle of a slope.

    Ratio of polynomials on |x| <= 0.66: S. L. Moshier, Methods and Programs for Mathematical Functions,
    Prentice-Hall, 1989.
    """
    a = abs(x)
    steep = a > 2.414213562373095
    middle = a > 0.66
    above = -1.0 if steep else a - 1.0 if middle else a
    below = a if steep else a + 1.0 if middle else 1.0
    offset = math.pi / 2.0 if steep else math.pi / 4.0 if middle else 0.0
    r = above / below
    z = r * r
    p = -8.750608600031904122785e-1 * z - 1.615753718733365076637e1
    p = (p * z - 7.500855792314704667340e1) * z - 1.228866684490136173410e2
    p = p * z - 6.485021904942025371773e1
    q = (z + 2.485846490142306297962e1) * z + 1.650270098316988542046e2
    q = ((q * z + 4.328810604912902668951e2) * z + 4.853903996359136964868e2) * z
    q += 1.945506571482613964425e2
    angle = offset + (r + r * z * p / q)
    return -angle if x < 0.0 else angle
