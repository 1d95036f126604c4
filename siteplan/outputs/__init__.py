"""The door out: what a plan gives, as files for people and for machines. Writers load on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siteplan.outputs.atlas import draw_atlas
    from siteplan.outputs.document import write_layout_plan
    from siteplan.outputs.layers import write_plan_gpkg
    from siteplan.outputs.lists import write_sites_csv, write_sites_xlsx
    from siteplan.outputs.map import write_map
    from siteplan.outputs.options import OutputOptions, Supplements
    from siteplan.outputs.plan_json import plan_schema, read_plan, write_plan_json
    from siteplan.outputs.rasters import write_coverage
    from siteplan.outputs.revision import compare_plans, write_revision
    from siteplan.outputs.write import write_plan, write_summary

__all__ = [
    "OutputOptions",
    "Supplements",
    "compare_plans",
    "draw_atlas",
    "plan_schema",
    "read_plan",
    "write_coverage",
    "write_layout_plan",
    "write_map",
    "write_plan",
    "write_plan_gpkg",
    "write_plan_json",
    "write_revision",
    "write_sites_csv",
    "write_sites_xlsx",
    "write_summary",
]

_FUNCTIONS = {
    "OutputOptions": "options",
    "Supplements": "options",
    "compare_plans": "revision",
    "draw_atlas": "atlas",
    "plan_schema": "plan_json",
    "read_plan": "plan_json",
    "write_coverage": "rasters",
    "write_layout_plan": "document",
    "write_map": "map",
    "write_plan": "write",
    "write_plan_gpkg": "layers",
    "write_plan_json": "plan_json",
    "write_revision": "revision",
    "write_sites_csv": "lists",
    "write_sites_xlsx": "lists",
    "write_summary": "write",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # a function of one of the modules
    if name in _FUNCTIONS:
        return getattr(import_module(f"{__name__}.{_FUNCTIONS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
