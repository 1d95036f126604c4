"""
``plan.json``: every table of a plan for scripts, versioned, with a JSON Schema.

The schema is shipped as ``assets/plan.schema.json`` (:func:`plan_schema`). :func:`read_plan` gives the same
tables back, with the same types.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

import siteplan
from siteplan.errors import Fault, InputError
from siteplan.outputs import control, frames, monitoring, report
from siteplan.outputs.assumptions import assumptions
from siteplan.outputs.provenance import filing, link_budgets
from siteplan.outputs.words import Words

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from siteplan.outputs.options import Language
    from siteplan.plan import Plan

PLAN_JSON: Final = "plan.json"
FORMAT: Final = 1
"""Version of the format: it rises when a reader of an older file would misread a newer one."""

DTYPES: Final = {"integer": "Int64", "number": "float64", "boolean": "boolean", "text": "string"}
"""Types of columns in the file, and what they are in a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """
    A plan read back from ``plan.json``.

    Attributes
    ----------
    format : int
        Version of the format.
    siteplan : str
        Version of the program that wrote it.
    public : bool
        Whether places of sites are rounded.
    region, document, selection : mapping
        As in the file.
    years : tuple of int
        Plan years.
    tables : mapping of str to DataFrame
        By name, as :func:`plan_tables` gives them.
    """

    format: int
    siteplan: str
    public: bool
    region: Mapping[str, Any]
    document: Mapping[str, Any]
    selection: Mapping[str, Any]
    years: tuple[int, ...]
    tables: Mapping[str, pd.DataFrame]


def plan_tables(plan: Plan, *, language: Language = "zh") -> dict[str, pd.DataFrame]:
    """
    Every table of a plan, without geometry and with four types of columns only.

    Parameters
    ----------
    plan : Plan
        The plan.
    language : {"zh", "en"}
        Language of the lists of assumptions; all other tables hold the words of the library.

    Returns
    -------
    tables : dict of str to DataFrame
        Whole numbers are ``Int64``, other numbers ``float64``, flags ``boolean``, all else ``string``.
    """
    words = Words(language)
    found: dict[str, pd.DataFrame | None] = {
        "rules": frames.rule_table(plan).reset_index(),
        "rule_years": monitoring.progress(plan),
        "rule_scopes": frames.scope_table(plan),
        "sites": frames.site_table(plan).reset_index(),
        "stations": frames.station_list(plan).reset_index(),
        "cells": frames.cell_list(plan),
        "gaps": frames.gap_list(plan),
        "people": monitoring.people(plan),
        "roads": monitoring.roads(plan),
        "indoors": monitoring.indoors(plan),
        "phases": frames.phase_table(plan),
        "investment": report.investment(plan),
        "candidates": _candidates(plan),
        "closed_sites": plan.selection.closed.rename_axis("site_id").reset_index(name="reason"),
        "sole_cover": plan.selection.alone,
        "needs": report.needs(plan),
        "grants": report.grants(plan),
        "tasks": report.tasks(plan),
        "conflicts": control.conflicts(plan),
        "unmet": monitoring.unmet(plan),
        "coverage": monitoring.covered_shares(plan),
        "link_budgets": link_budgets(plan),
        "assumptions": pd.DataFrame([_fact(fact) for fact in assumptions(plan, words)]),
        "filing": pd.DataFrame([_fact(fact) for fact in filing(plan, words)]),
        "inputs": pd.DataFrame(
            [asdict(file) for file in plan.region.inputs],
            columns=["path", "sha256", "layer", "rows", "crs"],
        ),
        "warnings": pd.DataFrame(
            [asdict(fault) for fault in plan.warnings],
            columns=["source", "rule", "remedy", "row", "column", "value", "severity"],
        ),
    }
    return {name: _plain_table(table) for name, table in found.items() if table is not None}


def _candidates(plan: Plan) -> pd.DataFrame:
    """Every candidate and why it is in the plan or not; what nothing can replace has no price."""
    told = plan.selection.explanation.rename_axis("id").reset_index()
    return told.replace({np.inf: np.nan})


def write_plan_json(
    plan: Plan, path: Path, *, public: bool = False, language: Language = "zh"
) -> None:
    """
    Write the whole plan as JSON: UTF-8, a missing value as null, a table a line for each row.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write. The same plan gives the same bytes.
    public : bool
        What the file says of itself; the plan must be the public one already.
    language : {"zh", "en"}
        Language of the lists of assumptions.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    summary = frames.summary(plan)
    content = {
        "format": FORMAT,
        "siteplan": siteplan.__version__,
        "public": public,
        "region": summary["region"],
        "document": {
            "title": plan.region.document.title,
            "issuer": plan.region.document.issuer,
            "date": plan.region.document.date,
        },
        "years": list(plan.years),
        "selection": plan.selection.as_dict(),
        "totals": summary["totals"],
    }
    parts = [f'"{name}":{_json(value)}' for name, value in content.items()]
    tables = plan_tables(plan, language=language)
    if public:
        tables.pop("conflicts", None)  # rounded places tell nothing of zones
    body = ",\n".join(f'"{name}":{_table_json(table)}' for name, table in tables.items())
    parts.append(f'"tables":{{\n{body}\n}}')
    path.write_bytes(("{" + ",\n".join(parts) + "}\n").encode())


def read_plan(path: str | os.PathLike[str]) -> PlanFile:
    """
    Read ``plan.json`` back.

    Parameters
    ----------
    path : path
        The file, or the output folder that holds it.

    Returns
    -------
    plan : PlanFile
        Tables with the types they had.

    Raises
    ------
    InputError
        When the file is no plan, or of a newer format; the message says what to do.

    Examples
    --------
    >>> plan = read_plan("out/hangjin")  # doctest: +SKIP
    >>> plan.tables["sites"]["cost_cny"].sum()  # doctest: +SKIP
    """
    given = Path(path)
    file = given / PLAN_JSON if given.is_dir() else given
    try:
        content = json.loads(file.read_bytes())
        version = content["format"]
        if version != FORMAT:
            raise _unreadable(
                file,
                f"it has format {version}, and this siteplan reads {FORMAT}",
                "Read it with the siteplan that wrote it, or write it again.",
            )
        tables = {name: _read_table(table) for name, table in content["tables"].items()}
        return PlanFile(
            format=version,
            siteplan=content["siteplan"],
            public=content["public"],
            region=MappingProxyType(content["region"]),
            document=MappingProxyType(content["document"]),
            selection=MappingProxyType(content["selection"]),
            years=tuple(content["years"]),
            tables=MappingProxyType(tables),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise _unreadable(
            file, f"it is no plan ({error})", "Name a plan.json or its folder."
        ) from error


def plan_schema() -> dict[str, Any]:
    """
    JSON Schema (draft 2020-12) of ``plan.json``.

    Returns
    -------
    schema : dict
        JSON-ready.

    Examples
    --------
    >>> plan_schema()["title"]
    'siteplan plan.json, format 1'
    """
    text = (files("siteplan.outputs") / "assets" / "plan.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _unreadable(file: Path, rule: str, remedy: str) -> InputError:
    return InputError([Fault(source=str(file), rule=rule, remedy=remedy)])


def _fact(fact: Any) -> dict[str, Any]:  # noqa: ANN401  # a Fact
    """One fact, its value as a number or as a text."""
    row = asdict(fact)
    value = row.pop("value")
    is_number = isinstance(value, int | float)
    return row | {
        "number": float(value) if is_number else None,
        "text": None if is_number else value,
    }


def _plain_table(table: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for name in table.columns.drop("geometry", errors="ignore"):
        values = table[name]
        if pd.api.types.is_bool_dtype(values):
            columns[name] = values.astype("boolean")
        elif pd.api.types.is_integer_dtype(values):
            columns[name] = values.astype("Int64")
        elif pd.api.types.is_numeric_dtype(values):
            columns[name] = pd.to_numeric(values).astype("float64")
        else:
            columns[name] = _texts(values)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table)))


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    """Texts, or numbers where a column of objects holds nothing else."""
    known = values[values.notna()]
    if len(known) and known.map(lambda value: isinstance(value, float | int)).all():
        return pd.to_numeric(values).astype("float64").reset_index(drop=True)
    return values.reset_index(drop=True).astype("string")


def _json(value: Any) -> str:  # noqa: ANN401  # any JSON value
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, sort_keys=True)


def _finite(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _kind(values: pd.Series[Any]) -> str:
    return next(kind for kind, dtype in DTYPES.items() if values.dtype == dtype)


def _table_json(table: pd.DataFrame) -> str:
    columns = [{"name": str(name), "type": _kind(table[name])} for name in table.columns]
    objects = table.astype(object).where(table.notna(), None)
    rows = ",\n".join(_json(list(row)) for row in objects.itertuples(index=False, name=None))
    return f'{{"columns":{_json(columns)},"rows":[\n{rows}\n]}}'


def _read_table(table: Mapping[str, Any]) -> pd.DataFrame:
    names = [column["name"] for column in table["columns"]]
    frame = pd.DataFrame(table["rows"], columns=names, dtype=object)
    return frame.astype({column["name"]: DTYPES[column["type"]] for column in table["columns"]})
