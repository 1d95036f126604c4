"""Which sites carry which stations from which year: candidates, problem, solver, greedy, bound."""

from siteplan.selection.cover import Cover, max_cover, set_cover
from siteplan.selection.selection import Selection, select_stations

__all__ = ["Cover", "Selection", "max_cover", "select_stations", "set_cover"]
