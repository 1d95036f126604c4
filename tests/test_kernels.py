"""The collector of garbage waits while kernels of the package compile, and only then."""

import gc

import pytest
from numba import njit
from numba.core import event

import siteplan.kernels  # noqa: F401  # what is tested is registered by it


class Seen(event.Listener):
    """Notes whether the collector is at work when a function begins to compile."""

    def __init__(self):
        self.enabled = []

    def on_start(self, _):
        """Note it."""
        self.enabled.append(gc.isenabled())

    def on_end(self, _):
        """Nothing."""


@pytest.mark.parametrize(("module", "works"), [("siteplan.anything", False), ("other", True)])
@pytest.mark.parametrize("before", [True, False])
def test_the_collector_waits_while_a_kernel_compiles(module, works, before):
    def inside(x):
        return x + 1

    def outside(x):
        return part(x) * 2

    inside.__module__ = outside.__module__ = module
    part = njit(inside)
    kernel, seen = njit(outside), Seen()
    was = gc.isenabled()
    event.register("numba:compile", seen)
    try:
        (gc.enable if before else gc.disable)()
        assert kernel(3) == 8
        assert seen.enabled == [before and works] * 2
        assert gc.isenabled() == before
        with pytest.raises(Exception, match=r"Cannot|No implementation"):
            kernel("text")
        assert gc.isenabled() == before
    finally:
        event.unregister("numba:compile", seen)
        (gc.enable if was else gc.disable)()
