"""Cells against the schema: types, words, ranges, identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from siteplan.errors import Fault
from siteplan.region import sheets
from siteplan.region.headers import words_of
from siteplan.region.values import CELL_REMEDIES, DTYPES, MOST_TOLD, coerce, more_rows, remedy

if TYPE_CHECKING:
    import geopandas as gpd

    from siteplan import schema
    from siteplan.region.headers import HeaderBook, Headers
    from siteplan.scenario import LayerSource


def conform(
    frame: gpd.GeoDataFrame,
    found: Headers,
    table: schema.Table,
    source: LayerSource,
    book: HeaderBook | None,
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """
    Bring cells into their types and hold them against the schema.

    Parameters
    ----------
    frame : GeoDataFrame
        Columns by the schema's names, cells as the file has them, and ``_row``.
    found : Headers
        Headers of the file, with units.
    table : Table
        Schema.
    source : LayerSource
        Name of the file in messages.
    book : HeaderBook or None
        Words that the folder adds.

    Returns
    -------
    frame : GeoDataFrame
        The same rows; cells that break a rule are blank; an ``id`` for every row where there can be one.
    faults : list of Fault
        Every cell that breaks a rule, and columns that are missing.
    """
    faults: list[Fault] = []
    if len(frame) == 0 and table.name != "stations":
        faults.append(
            Fault(
                source=source.path,
                rule=f"the layer {table.name} has no rows",
                remedy="Fill it, or remove the layer from scenario.toml.",
            )
        )
    checks: dict[str, pa.Column] = {}
    frame = frame.copy()
    for column in table.columns:
        if column.name not in frame:
            if column.required:
                faults.append(_missing_column(column, found, source))
            continue
        before = frame[column.name]
        words = words_of(column, book) if column.kind in {"category", "flag"} else {}
        values, wrong = coerce(
            before, column, words=words, factor=found.factors.get(column.name, 1.0)
        )
        faults.extend(
            Fault(
                source=source.path,
                row=label(frame, i),
                column=column.name,
                value=repr(before.loc[i])[:80].replace(repr(sheets.FORMULA)[1:-1], ""),
                rule=rule,
                remedy=remedy(column) if rule.startswith("not a") else CELL_REMEDIES[rule],
            )
            for rule, rows in wrong.items()
            for i in frame.index[rows][:MOST_TOLD]
        )
        faults.extend(
            more_rows(source.path, column.name, int(rows.sum()), rule)
            for rule, rows in wrong.items()
            if rows.sum() > MOST_TOLD
        )
        frame[column.name] = values
        checks[column.name] = _pandera_column(column)
    frame, more = _schema_faults(frame, checks, table, source.path)
    faults.extend(more)
    frame, more = _with_id(frame, table, source.path)
    faults.extend(more)
    return frame, faults


def _missing_column(column: schema.Column, found: Headers, source: LayerSource) -> Fault:
    return Fault(
        source=source.path,
        column=column.name,
        value=", ".join(found.unread[:12]),
        rule=f"the column is missing ({column.meaning})",
        remedy=f"Add a column {column.name} or {column.zh}, or name yours in a file of aliases.",
    )


def label(frame: pd.DataFrame, i: object) -> str:
    """
    Row as a message names it.

    Parameters
    ----------
    frame : DataFrame
        With ``_row``.
    i : label
        Row in its index.

    Returns
    -------
    text : str
        The reader's count, and the name or id that stands there.
    """
    row = str(frame[sheets.ROW].loc[i])
    for name in ("name", "id"):
        if name in frame:
            value = frame[name].loc[i]
            return row if pd.isna(value) or not str(value) else f"{row} '{str(value)[:40]}'"
    return row


def _pandera_column(column: schema.Column) -> pa.Column:
    checks = []
    if column.choices:
        checks.append(pa.Check.isin(column.choices, error="choices"))
    if column.low is not None and column.high is not None:
        checks.append(pa.Check.in_range(column.low, column.high, error="range"))
    return pa.Column(DTYPES[column.kind], checks, nullable=not column.required)


def _schema_faults(
    frame: gpd.GeoDataFrame,
    checks: dict[str, pa.Column],
    table: schema.Table,
    source: str,
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Cells that break a rule become blank, and are told."""
    try:
        pa.DataFrameSchema(checks).validate(pd.DataFrame(frame[list(checks)]), lazy=True)
    except SchemaErrors as error:
        rules = {
            "choices": "not an allowed value",
            "range": "out of range",
            "not_nullable": "the cell is empty",
        }
        faults = []
        cases = error.failure_cases
        for (column_name, check), count in cases.groupby(["column", "check"]).size().items():
            if count > MOST_TOLD:
                rule = rules.get(str(check), str(check))
                faults.append(more_rows(source, str(column_name), int(count), rule))
        for case in cases.groupby(["column", "check"]).head(MOST_TOLD).itertuples():
            column = table.column(str(case.column))
            faults.append(
                Fault(
                    source=source,
                    row=label(frame, case.index),
                    column=column.name,
                    value="" if pd.isna(case.failure_case) else repr(_plain(case.failure_case)),
                    rule=rules.get(str(case.check), str(case.check)),
                    remedy=remedy(column),
                )
            )
        blank = {
            str(name): frame[name].mask(frame.index.isin(rows["index"]))
            for name, rows in cases.groupby("column")
        }
        return frame.assign(**blank), faults
    return frame, []


def _plain(value: object) -> object:
    """Give a number as Python writes it."""
    return value.item() if isinstance(value, np.generic) else value


def _with_id(
    frame: gpd.GeoDataFrame, table: schema.Table, source: str
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Give every row an id: its own, its code, its name when that is unique, or its number."""
    candidates = ["id", "code"] if table.name != "townships" else ["id", "code", "name"]
    for name in candidates:
        if name == "id" and name in frame and frame[name].notna().any():
            blank = frame[name].isna()
            twice = frame[name].duplicated() & ~blank
            if blank.any() or twice.any():
                return frame, _id_faults(frame, blank, twice, source)
        if name in frame and frame[name].notna().all():
            ids = frame[name].astype("string")
            twice = ids.duplicated()
            if not twice.any():
                return frame.assign(id=ids), []
    ids = pd.Series(
        [f"{table.name}-{row}" for row in frame["_row"]], index=frame.index, dtype="string"
    )
    return frame.assign(id=ids), []


def _id_faults(
    frame: gpd.GeoDataFrame, blank: pd.Series[bool], twice: pd.Series[bool], source: str
) -> list[Fault]:
    rules = (
        (blank, "the identifier is missing, and other rows have one"),
        (twice, "the identifier stands twice"),
    )
    faults = [
        Fault(
            source=source,
            row=label(frame, i),
            column="id",
            value="" if blank.loc[i] else repr(frame["id"].loc[i]),
            rule=rule,
            remedy="Give every row its own.",
        )
        for rows, rule in rules
        for i in frame.index[rows][:MOST_TOLD]
    ]
    return faults + [
        more_rows(source, "id", int(rows.sum()), rule)
        for rows, rule in rules
        if rows.sum() > MOST_TOLD
    ]
