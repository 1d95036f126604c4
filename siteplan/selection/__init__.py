"""
Which sites carry which stations from which year: candidates, problem, solver, greedy, bound.

Names load on first use: plain covering needs no tables and no signals, and half the memory without them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siteplan.selection.cover import Cover, max_cover, set_cover
    from siteplan.selection.selection import Selection, select_stations
    from siteplan.selection.sensitivity import cost_curve, rule_curve, stations_by_year

__all__ = [
    "Cover",
    "Selection",
    "cost_curve",
    "max_cover",
    "rule_curve",
    "select_stations",
    "set_cover",
    "stations_by_year",
]

_HOMES = {
    "Cover": "cover",
    "max_cover": "cover",
    "set_cover": "cover",
    "Selection": "selection",
    "select_stations": "selection",
    "cost_curve": "sensitivity",
    "rule_curve": "sensitivity",
    "stations_by_year": "sensitivity",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # functions and classes
    if name in _HOMES:
        return getattr(import_module(f"siteplan.selection.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
