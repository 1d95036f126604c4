"""Tables at the door: files become checked GeoDataFrames, or a list of everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan import catalog, schema
from siteplan.errors import Fault, InputError
from siteplan.region import conform, headers, place, readers, shapes, sheets
from siteplan.region.values import DTYPES, MOST_TOLD
from siteplan.scenario import SCENARIO_FILE, inside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from siteplan.region.fit import Reference
    from siteplan.region.headers import HeaderBook, Headers
    from siteplan.scenario import LayerSource


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
    plain = shapes.plain_shapes(geometry.to_numpy())
    rows = gpd.GeoDataFrame(columns, geometry=plain, crs=geometry.crs)
    rows, more = conform.conform(rows, found, table, source, book)
    faults.extend(more)
    lost: frozenset[str] = frozenset()
    if table.geometry != "none":
        checked = rows.index[:0] if layout.geometry is None else rows.index[~layout.nowhere]
        bad, more = shapes.geometry_faults(rows.loc[checked], table, source.path)
        faults.extend(more)
        rows, lost = _kept(rows, checked.difference(bad))
    if faults:
        rows = all_columns(rows, table)
    if layout.geometry is None or (faults and table.name == "boundary"):
        return Examined(frame=None, faults=tuple(faults), lost=lost)
    left_out = raw.cells.attrs.get("left_out", ())
    rows.attrs["faults"] = (
        *_left_out(left_out, source.path),
        *raw.faults,
        *layout.notes,
        *shapes.mended(rows, table, source.path),
    )
    rows.attrs["unread"] = found.unread
    if table.geometry == "polygon":
        rows = rows.set_geometry(shapes.polygonal(rows.geometry.to_numpy()), crs=rows.crs)
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


def _kept(frame: gpd.GeoDataFrame, index: pd.Index) -> tuple[gpd.GeoDataFrame, frozenset[str]]:
    """Rows that have a place, and identifiers of the others."""
    lost = frame["id"].drop(index).dropna().astype(str) if "id" in frame else ()
    return frame.loc[index], frozenset(lost)


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
