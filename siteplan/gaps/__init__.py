"""
What is uncovered, grouped, named, why, and what would close it.

Causes are computed and not guessed: see :mod:`siteplan.gaps.cause`.
"""

from __future__ import annotations

from siteplan.gaps.find import COLUMNS, find_gaps
from siteplan.gaps.groups import POINT_REACH_M
from siteplan.gaps.indoors import SOLUTION_EN, SOLUTION_ZH, indoor_needs
from siteplan.gaps.words import (
    ADD_CARRIER,
    BUILDINGS,
    CAUSE_EN,
    CAUSE_ZH,
    COMPLETE_DATA,
    DATA_MISSING,
    EXCLUDED,
    HINDRANCE_EN,
    HINDRANCE_ZH,
    INTERFERENCE,
    NEW_SITE,
    NO_CANDIDATE,
    NO_NETWORK,
    RAISE_OR_RETILT,
    REMEDY_EN,
    REMEDY_ZH,
    SHADOW,
    TOO_FAR,
    USE_CANDIDATE,
    WEAK,
    WEAK_CARRIER,
)

__all__ = [
    "ADD_CARRIER",
    "BUILDINGS",
    "CAUSE_EN",
    "CAUSE_ZH",
    "COLUMNS",
    "COMPLETE_DATA",
    "DATA_MISSING",
    "EXCLUDED",
    "HINDRANCE_EN",
    "HINDRANCE_ZH",
    "INTERFERENCE",
    "NEW_SITE",
    "NO_CANDIDATE",
    "NO_NETWORK",
    "POINT_REACH_M",
    "RAISE_OR_RETILT",
    "REMEDY_EN",
    "REMEDY_ZH",
    "SHADOW",
    "SOLUTION_EN",
    "SOLUTION_ZH",
    "TOO_FAR",
    "USE_CANDIDATE",
    "WEAK",
    "WEAK_CARRIER",
    "find_gaps",
    "indoor_needs",
]
