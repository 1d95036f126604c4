"""
Coverage targets, gaps and site plans for 4G and 5G in a county, offline and on a laptop.

Three calls do the main job::

    region = siteplan.read_region("data/helsinki")
    plan = siteplan.make_plan(region)
    siteplan.write_plan(plan, "out/helsinki")

Each stage can be called alone through the submodules; they load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siteplan.outputs import write_plan
    from siteplan.plan import make_plan
    from siteplan.region import read_region

__version__ = "0.1.0"

__all__ = ["__version__", "make_plan", "read_region", "write_plan"]

_FUNCTIONS = {
    "read_region": "siteplan.region",
    "make_plan": "siteplan.plan",
    "write_plan": "siteplan.outputs",
}
_MODULES = frozenset(
    {
        "backhaul",
        "catalog",
        "coverage",
        "demand",
        "errors",
        "gaps",
        "outputs",
        "plan",
        "propagation",
        "region",
        "scenario",
        "schema",
        "selection",
        "targets",
        "units",
    }
)


def __getattr__(name: str) -> Any:  # noqa: ANN401  # a module or a function
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    if name in _MODULES:
        return import_module(f"siteplan.{name}")
    raise AttributeError(f"module 'siteplan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
