"""
What makes kernels compile sooner.

To each function numba adds an entry from Python and one from C, which unpack every argument and all of its
fields. For a function of many arrays they take as long to compile as the function; nobody enters one that
stands inside a kernel, so that :func:`inner` leaves them out.

A compiler makes millions of small objects, and the collector of garbage looks at all that a process holds
again and again meanwhile: a seventh of the time. It waits while a kernel of this package compiles.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit
from numba.core import event

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


class _Uncollected(event.Listener):
    """Lets the collector of garbage wait; one thread compiles at a time, a kernel within a kernel."""

    def __init__(self) -> None:
        self.open = 0
        self.enabled = False

    def on_start(self, started: event.Event) -> None:
        """Note whether the collector was at work, and let it wait."""
        if self.open or _ours(started):
            if self.open == 0:
                self.enabled = gc.isenabled()
                gc.disable()
            self.open += 1

    def on_end(self, _: event.Event) -> None:
        """Let it go on after the outermost kernel."""
        if self.open:
            self.open -= 1
            if self.open == 0 and self.enabled:
                gc.enable()


def _ours(started: event.Event) -> bool:
    return str(started.data["dispatcher"].py_func.__module__).startswith("siteplan.")


event.register("numba:compile", _Uncollected())  # type: ignore[no-untyped-call]
