"""Tables at the door: files become checked GeoDataFrames, or a list of everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
import shapely
from pandera.errors import SchemaErrors

from siteplan import catalog, schema
from siteplan.errors import Fault, InputError
from siteplan.region import headers, place, readers, sheets
from siteplan.region.headers import words_of
from siteplan.region.values import CELL_REMEDIES, DTYPES, MOST_TOLD, coerce, more_rows, remedy
from siteplan.scenario import SCENARIO_FILE, inside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from siteplan.region.fit import Reference
    from siteplan.region.headers import HeaderBook, Headers
    from siteplan.scenario import LayerSource

_GEOMETRY_TYPES = {
    "point": {"Point"},
    "line": {"LineString", "MultiLineString"},
    "polygon": {"Polygon", "MultiPolygon"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """
    What was found in the file of one layer.

    Attributes
    ----------
    frame : GeoDataFrame or None
        As :func:`read_table` gives it; where there are faults, the rows that have a place, with faulty cells
        blank, to be held against the other layers; None when there is nothing to hold against them.
    faults : tuple of Fault
        Everything that is wrong with the file.
    lost : frozenset of str or None
        Identifiers of rows without a place; None when the rows could not be read.
    """

    frame: gpd.GeoDataFrame | None
    faults: tuple[Fault, ...] = ()
    lost: frozenset[str] | None = None


def read_table(
    folder: Path,
    table: schema.Table,
    source: LayerSource,
    *,
    book: HeaderBook | None = None,
    reference: Reference | None = None,
) -> gpd.GeoDataFrame:
    """
    Read one layer and check it against its schema.

    Parameters
    ----------
    folder : Path
        Region folder.
    table : Table
        What the layer must look like.
    source : LayerSource
        Where it is.
    book : HeaderBook, optional
        Headers and words that the folder adds.
    reference : Reference, optional
        Boundary, by which positions in no named system are judged.

    Returns
    -------
    frame : GeoDataFrame
        The schema's columns that the file has, in its own coordinate reference system; an ``id`` column
        always; a ``_row`` column with the row as a reader of the file counts it. What was left out
        without stopping is in ``frame.attrs["faults"]``, headers that were not read in
        ``frame.attrs["unread"]``.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    found = examine_table(folder, table, source, book=book, reference=reference)
    if found.faults or found.frame is None:
        raise InputError(found.faults)
    return found.frame


def examine_table(
    folder: Path,
    table: schema.Table,
    source: LayerSource,
    *,
    book: HeaderBook | None = None,
    reference: Reference | None = None,
) -> Examined:
    """
    Read one layer as :func:`read_table` does, and tell what is wrong instead of stopping.

    Parameters
    ----------
    folder : Path
        Region folder.
    table : Table
        What the layer must look like.
    source : LayerSource
        Where it is.
    book : HeaderBook, optional
        Headers and words that the folder adds.
    reference : Reference, optional
        Boundary, by which positions in no named system are judged.

    Returns
    -------
    found : Examined
        Rows that can be looked at further, and all faults.
    """
    try:
        frame = None if reference is None else reference.frame
        path = _existing(folder, table, source)
        raw = readers.read_file(path, table, source, book, frame=frame)
    except InputError as error:
        return Examined(frame=None, faults=tuple(error.faults))
    names = [str(name) for name in raw.cells.columns if name != sheets.ROW]
    found = headers.match(names, table, book=book, source=source.path, cut=raw.cut)
    faults = [*found.faults, *_fill_faults(table, source)]
    nothing = gpd.GeoSeries([None] * len(raw.cells), raw.cells.index)
    layout = place.Placed(geometry=nothing, nowhere=np.zeros(len(nothing), dtype=bool))
    if table.geometry != "none":
        layout = place.placed(raw, found, table, source, reference)
    faults.extend(layout.faults)
    columns = _columns(raw.cells, found, table, source)
    geometry = nothing if layout.geometry is None else layout.geometry
    rows = gpd.GeoDataFrame(columns, geometry=geometry.to_numpy(), crs=geometry.crs)
    checked = rows.index[:0] if layout.geometry is None else rows.index[~layout.nowhere]
    rows, more, lost = _conform(rows, found, table, source, book, checked)
    faults.extend(more)
    if layout.geometry is None or (faults and table.name == "boundary"):
        return Examined(frame=None, faults=tuple(faults), lost=lost)
    left_out = raw.cells.attrs.get("left_out", ())
    rows.attrs["faults"] = (
        *_left_out(left_out, source.path),
        *raw.faults,
        *layout.notes,
        *_mended(rows, table, source.path),
    )
    rows.attrs["unread"] = found.unread
    if table.geometry == "polygon":
        rows = rows.set_geometry(_polygonal(rows.geometry.to_numpy()), crs=rows.crs)
    return Examined(frame=rows.reset_index(drop=True), faults=tuple(faults), lost=lost)


def _existing(folder: Path, table: schema.Table, source: LayerSource) -> Path:
    path = inside(folder, source.path)
    if not (path.is_file() or (path.is_dir() and path.suffix.lower() == ".gdb")):
        fault = Fault(
            source=source.path,
            rule="it is a folder" if path.is_dir() else "the file does not exist",
            remedy=f"Put a file into the region folder, or correct [layers.{table.name}].",
        )
        raise InputError([fault])
    return path


def all_columns(frame: gpd.GeoDataFrame, table: schema.Table) -> gpd.GeoDataFrame:
    """
    Give a table every column of its schema: what its file does not hold is unknown.

    Parameters
    ----------
    frame : GeoDataFrame
        As :func:`read_table` gives it, or indexed by ``id``.
    table : Table
        Its schema.

    Returns
    -------
    frame : GeoDataFrame
        The same rows and columns, with the missing columns before the geometry, blank and of their type.

    Examples
    --------
    >>> roads = gpd.GeoDataFrame({"name": ["S215"]}, geometry=[None])
    >>> list(all_columns(roads, schema.TABLES["roads"]).columns)[:2]
    ['id', 'name']
    >>> bool(all_columns(roads, schema.TABLES["roads"])["class"].isna().all())
    True
    """
    given = {str(name) for name in frame.columns} | {str(frame.index.name)}
    blank = {
        column.name: pd.Series(index=frame.index, dtype=DTYPES[column.kind])
        for column in table.columns
        if column.name not in given
    }
    order = [column.name for column in table.columns if column.name != frame.index.name]
    rest = [name for name in frame.columns if name not in order]
    return frame.assign(**blank)[[*order, *rest]]


def _fill_faults(table: schema.Table, source: LayerSource) -> list[Fault]:
    known = [column.name for column in table.columns]
    return [
        catalog.unknown_name(SCENARIO_FILE, f"layers.{table.name}.fill", name, known)
        for name in source.fill
        if name not in known
    ]


def _columns(
    cells: pd.DataFrame, found: Headers, table: schema.Table, source: LayerSource
) -> pd.DataFrame:
    """Columns of the schema that the file has, under their own names; what the scenario fills in, filled."""
    data = {name: cells[header] for name, header in found.columns.items()}
    for name, value in source.fill.items():
        given = data.get(name)
        if given is None:
            data[name] = pd.Series(value, index=cells.index, dtype=object)
        else:
            text = given.astype("string").str.strip().str.casefold()
            data[name] = given.astype(object).mask(
                text.isna() | text.isin(schema.MISSING_WORDS), value
            )
    order = [column.name for column in table.columns if column.name in data]
    columns = {name: data[name] for name in order} | {sheets.ROW: cells[sheets.ROW]}
    return pd.DataFrame(columns, index=cells.index)


def _conform(
    frame: gpd.GeoDataFrame,
    found: Headers,
    table: schema.Table,
    source: LayerSource,
    book: HeaderBook | None,
    checked: pd.Index,
) -> tuple[gpd.GeoDataFrame, list[Fault], frozenset[str]]:
    """Cells in their types, rows with a place, what is wrong, and identifiers of the rows without one."""
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
                row=_label(frame, i),
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
    if table.geometry != "none":
        bad, more = _geometry_faults(frame.loc[checked], table, source.path)
        faults.extend(more)
        kept = checked.difference(bad)
        lost = (
            frozenset(frame["id"].drop(kept).dropna().astype(str)) if "id" in frame else frozenset()
        )
        frame = frame.loc[kept]
    else:
        lost = frozenset()
    if faults:
        frame = all_columns(frame, table)
    return frame, faults, lost


def _left_out(rows: Sequence[tuple[str, str]], source: str) -> list[Fault]:
    return [
        Fault(
            source=source,
            row=row,
            value=text[:80],
            rule="the row is a total or a note below the table and was left out",
            remedy="Nothing; or delete the row.",
            severity="warning",
        )
        for row, text in rows[:MOST_TOLD]
    ]


def _missing_column(column: schema.Column, found: Headers, source: LayerSource) -> Fault:
    return Fault(
        source=source.path,
        column=column.name,
        value=", ".join(found.unread[:12]),
        rule=f"the column is missing ({column.meaning})",
        remedy=f"Add a column {column.name} or {column.zh}, or name yours in a file of aliases.",
    )


def _mended(frame: gpd.GeoDataFrame, table: schema.Table, source: str) -> list[Fault]:
    """Tell which polygons cross themselves and are read as make_valid mends them."""
    if table.geometry != "polygon":
        return []
    geometry = frame.geometry.to_numpy()
    bad = np.flatnonzero(~shapely.is_valid(geometry))
    return [
        Fault(
            source=source,
            row=_label(frame, frame.index[i]),
            column="geometry",
            value=str(shapely.is_valid_reason(geometry[i]))[:80],
            rule="the polygon is invalid and was mended",
            remedy="Look at it, and draw it again if the mended shape is wrong.",
            severity="warning",
        )
        for i in bad
    ]


def _label(frame: pd.DataFrame, i: object) -> str:
    """Row of a reader's count, with the name or id that stands there."""
    row = str(frame[sheets.ROW].loc[i])
    for name in ("name", "id"):
        if name in frame:
            value = frame[name].loc[i]
            return row if pd.isna(value) or not str(value) else f"{row} '{str(value)[:40]}'"
    return row


def _polygonal(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Repair polygons; what is left of lines and points has no area and goes."""
    valid = shapely.make_valid(geometry)
    mixed = shapely.get_type_id(valid) == shapely.GeometryType.GEOMETRYCOLLECTION
    for i in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapely.get_parts(valid[i]))
        valid[i] = shapely.union_all(parts[shapely.area(parts) > 0.0])
    return np.asarray(valid)


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
                    row=_label(frame, case.index),
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
            row=_label(frame, i),
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


def _geometry_faults(
    frame: gpd.GeoDataFrame, table: schema.Table, source: str
) -> tuple[pd.Index, list[Fault]]:
    """Rows that cannot be placed, and why."""
    allowed = _GEOMETRY_TYPES[table.geometry]
    geometry = frame.geometry.to_numpy()
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    kinds = frame.geom_type.to_numpy()
    vast = shapely.get_num_coordinates(geometry) > readers.MAX_VERTICES
    nowhere = np.zeros(len(frame), dtype=bool)
    if not vast.any():
        corners, owner = shapely.get_coordinates(geometry, return_index=True)
        nowhere[owner[~np.isfinite(corners).all(axis=1)]] = True
    wrong_kind = ~missing & ~np.isin(kinds, sorted(allowed))
    flat = np.zeros(len(frame), dtype=bool)
    if table.geometry == "polygon":
        sound = ~missing & ~wrong_kind & ~vast & ~nowhere
        flat[sound] = shapely.area(geometry[sound]) == 0.0
        # a bow tie has no signed area and two good halves
        flat[flat] = shapely.area(shapely.make_valid(geometry[flat])) == 0.0
    rules = {
        "the row has no geometry": missing,
        f"a {table.geometry} is needed": wrong_kind,
        f"the feature has more than {readers.MAX_VERTICES:,} corners": vast,
        "a coordinate is not finite": nowhere & ~wrong_kind,
        "the polygon has no area": flat,
    }
    faults = [
        Fault(
            source=source,
            row=_label(frame, frame.index[i]),
            column="geometry",
            value=str(kinds[i]) if wrong_kind[i] else "",
            rule=rule,
            remedy="Draw it again, or delete the row.",
        )
        for rule, rows in rules.items()
        for i in np.flatnonzero(rows)[:MOST_TOLD]
    ]
    faults += [
        more_rows(source, "geometry", int(rows.sum()), rule)
        for rule, rows in rules.items()
        if rows.sum() > MOST_TOLD
    ]
    return frame.index[np.any(list(rules.values()), axis=0)], faults
