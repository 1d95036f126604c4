"""Which sites carry which stations from which year: candidates, problem, solver, greedy, bound."""

from siteplan.selection.selection import Selection, select_stations

__all__ = ["Selection", "select_stations"]
