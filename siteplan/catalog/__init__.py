"""
Facts as data: definitions of "covered", carriers, equipment, clutter, costs and target documents.

Every entry carries its source, its date and a mark of trust; code holds none of these numbers.
"""

from __future__ import annotations

from siteplan.catalog.clutter import (
    Category,
    ClutterCategory,
    LandCover,
    LandCoverClass,
    clutter_categories,
    land_covers,
)
from siteplan.catalog.document import (
    Money,
    Operators,
    Rule,
    TargetDocument,
    Task,
    target_document,
    target_documents,
)
from siteplan.catalog.emf import (
    DutyFactor,
    Exposure,
    ExposureBand,
    SensitivePlaces,
    SingleProject,
    exposure,
)
from siteplan.catalog.entry import Entry, Mark, Technology, parse, parse_toml, unknown_name
from siteplan.catalog.prices import Cost, CostTable, ReuseWeights, Sharing, costs, sharing
from siteplan.catalog.radio import (
    Carrier,
    Definition,
    Equipment,
    Structure,
    carriers,
    default_definitions,
    definitions,
    equipment,
    structures,
)

__all__ = [
    "Carrier",
    "Category",
    "ClutterCategory",
    "Cost",
    "CostTable",
    "Definition",
    "DutyFactor",
    "Entry",
    "Equipment",
    "Exposure",
    "ExposureBand",
    "LandCover",
    "LandCoverClass",
    "Mark",
    "Money",
    "Operators",
    "ReuseWeights",
    "Rule",
    "SensitivePlaces",
    "Sharing",
    "SingleProject",
    "Structure",
    "TargetDocument",
    "Task",
    "Technology",
    "carriers",
    "clutter_categories",
    "costs",
    "default_definitions",
    "definitions",
    "equipment",
    "exposure",
    "land_covers",
    "parse",
    "parse_toml",
    "sharing",
    "structures",
    "target_document",
    "target_documents",
    "unknown_name",
]
