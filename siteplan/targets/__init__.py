"""
Coverage against the rules of the target document: met or not, by how much, and what is missing.

A rule holds on items (villages, roads, zones, venues): an item is covered when the definition's share of
its own points, length or area is. Or it holds on all samples pooled. Counts and reports work on the
stations. Missing data gives *unknown*, never *not met* by default.
"""

from __future__ import annotations

from siteplan.targets.continuity import class_continuity, road_continuity
from siteplan.targets.evaluation import Evaluation, evaluate
from siteplan.targets.operators import operator_coverage
from siteplan.targets.probability import Uncertainty, rule_probabilities
from siteplan.targets.progress import compare, progress
from siteplan.targets.reports import people_covered, rewards, station_counts, task_states
from siteplan.targets.states import (
    AT_RISK,
    COVERED,
    MEASURED,
    MET,
    NOT_KNOWN,
    NOT_MET,
    STATE_ZH,
    UNCOVERED,
    UNKNOWN,
    item_shares,
    near_items,
    sample_states,
)

__all__ = [
    "AT_RISK",
    "COVERED",
    "MEASURED",
    "MET",
    "NOT_KNOWN",
    "NOT_MET",
    "STATE_ZH",
    "UNCOVERED",
    "UNKNOWN",
    "Evaluation",
    "Uncertainty",
    "class_continuity",
    "compare",
    "evaluate",
    "item_shares",
    "near_items",
    "operator_coverage",
    "people_covered",
    "progress",
    "rewards",
    "road_continuity",
    "rule_probabilities",
    "sample_states",
    "station_counts",
    "task_states",
]
