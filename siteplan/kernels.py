"""
Decorator of functions that only kernels call.

To each function numba adds an entry from Python and one from C, which unpack every argument and all of its
fields. For a function of many arrays they take as long to compile as the function; nobody enters one that
stands inside a kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    Kernel = TypeVar("Kernel", bound=Callable[..., object])


def inner(**options: object) -> Callable[[Kernel], Kernel]:
    """
    Compile a function for the kernels that call it.

    A call from Python would end the process, for there is no entry: what Python calls too, tests included,
    takes ``njit``.

    Parameters
    ----------
    **options
        Further options of ``njit``.

    Returns
    -------
    decorator : callable
        To be put on the function. Releases the lock of the interpreter and divides as numpy does.

    Examples
    --------
    >>> @inner()
    ... def square(x):
    ...     return x * x
    >>> @njit
    ... def norm(x, y):
    ...     return (square(x) + square(y)) ** 0.5
    >>> norm(3.0, 4.0)
    5.0
    """
    all_options: dict[str, Any] = options | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast("Callable[[Kernel], Kernel]", njit(nogil=True, error_model="numpy", **all_options))
