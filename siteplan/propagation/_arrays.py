"""
Logarithms and powers over arrays, written so that the compiler turns them into vector instructions.

The compiler calls the scalar functions of the C library one value at a time. These loops have no branch
and no call: bits of the numbers, a division, a polynomial. Both are good to 2e-13, relative for the
power and absolute for the logarithm; arguments are positive and finite, or NaN, which stays NaN in the
power and gives nonsense in the logarithm, so callers keep it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba
import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK: Final = 256
"""Values treated at once: a dozen arrays of this length stay in the first cache."""

_ROOT_HALF: Final = np.uint64(0x3FE6A09E667F3BCD)  # bits of sqrt(1/2)
_BIAS: Final = np.uint64(1024)
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


def _log2_kernel(
    x: NDArray[np.float64], out: NDArray[np.float64], room: NDArray[np.float64]
) -> None:
    bits = x.view(np.uint64)
    exponent = room.view(np.uint64)
    mantissa = out.view(np.uint64)
    for i in range(len(x)):
        shifted = bits[i] - _ROOT_HALF + (_BIAS << _SHIFT)
        whole = shifted >> _SHIFT
        mantissa[i] = bits[i] - ((whole - _BIAS) << _SHIFT)
        exponent[i] = whole | _MAGIC_BITS
    for i in range(len(x)):
        m = out[i]
        t = (m - 1.0) / (m + 1.0)
        s = t * t
        series = _L9 + s * (_L11 + s * (_L13 + s * (_L15 + s * _L17)))
        series = _L1 + s * (_L3 + s * (_L5 + s * (_L7 + s * series)))
        out[i] = (room[i] - _MAGIC) + t * series


def _exp2_kernel(
    x: NDArray[np.float64], out: NDArray[np.float64], room: NDArray[np.float64]
) -> None:
    whole = room.view(np.uint64)
    result = out.view(np.uint64)
    for i in range(len(x)):
        rounded = x[i] + _ROUND
        f = x[i] - (rounded - _ROUND)
        high = _E7 + f * (_E8 + f * (_E9 + f * (_E10 + f * _E11)))
        low = _E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * (_E5 + f * (_E6 + f * high)))))
        out[i] = 1.0 + f * low
        room[i] = rounded
    for i in range(len(x)):
        result[i] = result[i] + (whole[i] << _SHIFT)


def _log2_plain(
    x: NDArray[np.float64], out: NDArray[np.float64], room: NDArray[np.float64]
) -> None:
    del room
    np.log2(x, out=out)


def _exp2_plain(
    x: NDArray[np.float64], out: NDArray[np.float64], room: NDArray[np.float64]
) -> None:
    del room
    np.exp2(x, out=out)


_compiled = njit(cache=True, error_model="numpy", nogil=True)

# without a compiler numpy's own are faster, and its whole numbers would warn of their overflow
_PLAIN: Final = bool(getattr(numba.config, "DISABLE_JIT", False))
log2 = _log2_plain if _PLAIN else _compiled(_log2_kernel)
exp2 = _exp2_plain if _PLAIN else _compiled(_exp2_kernel)
