"""Which sites carry which stations from which year: candidates, problem, solver, greedy, bound."""

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
