"""Tables at the door: files become checked GeoDataFrames, or a list of everything that is wrong."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyogrio
import shapely
from pandera.errors import SchemaErrors

from siteplan import schema
from siteplan.errors import Fault, InputError
from siteplan.region import osm
from siteplan.region.grid import parse_crs
from siteplan.scenario import SCENARIO_FILE, inside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from siteplan.scenario import LayerSource

LONGITUDE_NAMES = ("lon", "lng", "longitude", "经度")
LATITUDE_NAMES = ("lat", "latitude", "纬度")

_DTYPES = {
    "text": "string",
    "category": "string",
    "number": "float64",
    "integer": "Int64",
    "flag": "boolean",
}
_GEOMETRY_TYPES = {
    "point": {"Point"},
    "line": {"LineString", "MultiLineString"},
    "polygon": {"Polygon", "MultiPolygon"},
}
_ZH_VALUES = {zh: name for name, zh in schema.ZH.items()}


def read_table(folder: Path, table: schema.Table, source: LayerSource) -> gpd.GeoDataFrame:
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

    Returns
    -------
    frame : GeoDataFrame
        The schema's columns that the file has, in its own coordinate reference system; an ``id`` column
        always; a ``_row`` column with the row as a reader of the file counts it. What was left out
        without stopping is in ``frame.attrs["faults"]``.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    path = inside(folder, source.path)
    if not path.is_file():
        fault = Fault(
            source=source.path,
            rule="it is a folder" if path.is_dir() else "the file does not exist",
            remedy=f"Put a file into the region folder, or correct [layers.{table.name}].",
        )
        raise InputError([fault])
    raw = _read_file(path, table, source)
    frame = _conform(raw, table, source.path)
    frame.attrs["faults"] = raw.attrs.get("faults", ())
    return frame


def _read_file(path: Path, table: schema.Table, source: LayerSource) -> gpd.GeoDataFrame:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        frame = _read_csv(path, table, source)
    elif suffix == ".pbf":
        frame = osm.read_osm(path, table.name)
        frame["_row"] = frame["id"].astype(str)
    else:
        frame = _read_ogr(path, source)
    if table.geometry == "none" or frame.crs is not None:
        return frame
    if source.crs is None:
        fault = Fault(
            source=source.path,
            rule="the file names no coordinate reference system",
            remedy=f'Say crs = "EPSG:4490" (or what it is) under [layers.{table.name}].',
        )
        raise InputError([fault])
    return frame.set_crs(parse_crs(source.crs, SCENARIO_FILE, f"layers.{table.name}.crs"))


def _read_csv(path: Path, table: schema.Table, source: LayerSource) -> gpd.GeoDataFrame:
    text = _csv_text(path, source.path)
    text.columns = pd.Index([str(name).strip() for name in text.columns])
    text["_row"] = [str(i + 2) for i in range(len(text))]  # the header is row 1
    text = text[(text.drop(columns="_row") != "").any(axis=1)].reset_index(drop=True)
    if table.geometry == "none":
        return gpd.GeoDataFrame(text, geometry=gpd.GeoSeries([None] * len(text)))
    longitude = _coordinate(text, LONGITUDE_NAMES, source.path)
    latitude = _coordinate(text, LATITUDE_NAMES, source.path)
    return gpd.GeoDataFrame(text, geometry=gpd.points_from_xy(longitude, latitude))


def _csv_text(path: Path, source: str) -> pd.DataFrame:
    """Cells as they stand; Chinese Excel writes UTF-8 with a mark, or GBK."""
    reason = ""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with warnings.catch_warnings():
                # pandas only warns when it drops cells, or takes the first column for an index
                warnings.simplefilter("error", pd.errors.ParserWarning)
                return pd.read_csv(
                    path,
                    dtype=str,
                    keep_default_na=False,
                    index_col=False,
                    skip_blank_lines=False,
                    encoding=encoding,
                ).fillna("")
        except UnicodeDecodeError:
            reason = "the text is neither UTF-8 nor GBK"
        except pd.errors.ParserWarning:
            reason = "rows have more cells than the header"
            break
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            reason = str(error).strip()
            break
    fault = Fault(
        source=source,
        rule=f"not a table: {reason}",
        remedy="Save it as CSV in UTF-8, with a header and as many cells in every row.",
    )
    raise InputError([fault])


def _coordinate(text: pd.DataFrame, names: Sequence[str], source: str) -> pd.Series[float]:
    found = [name for name in text.columns if name.lower() in names]
    if not found:
        fault = Fault(
            source=source,
            rule=f"no column {names[0]}",
            value=", ".join(map(str, text.columns[:12])),
            remedy=f"Name a column {' or '.join(names)}.",
        )
        raise InputError([fault])
    numbers = pd.to_numeric(text[found[0]].str.strip(), errors="coerce")
    bad = ~np.isfinite(numbers.to_numpy(dtype=float))
    if bad.any():
        raise InputError(
            Fault(
                source=source,
                row=row,
                column=found[0],
                value=repr(value),
                rule="a coordinate must be a number",
                remedy="Correct the cell or delete the row.",
            )
            for row, value in zip(text["_row"][bad], text[found[0]][bad], strict=True)
        )
    return numbers


def _read_ogr(path: Path, source: LayerSource) -> gpd.GeoDataFrame:
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        if source.layer is None and len(layers) > 1:
            fault = Fault(
                source=source.path,
                value=", ".join(layers[:12]),
                rule="the file holds several layers",
                remedy='Say which with layer = "...".',
            )
            raise InputError([fault])
        if source.layer is not None and source.layer not in layers:
            fault = Fault(
                source=source.path,
                value=source.layer,
                rule="the file has no such layer",
                remedy=f"Use one of: {', '.join(layers[:12])}.",
            )
            raise InputError([fault])
        frame = pyogrio.read_dataframe(path, layer=source.layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        fault = Fault(
            source=source.path,
            rule=f"GDAL cannot read the file: {error}",
            remedy="Check that it is complete, or save it again as GeoPackage.",
        )
        raise InputError([fault]) from None
    if not isinstance(frame, gpd.GeoDataFrame):
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame)))
    frame["_row"] = [str(i + 1) for i in range(len(frame))]
    return frame


def _conform(raw: gpd.GeoDataFrame, table: schema.Table, source: str) -> gpd.GeoDataFrame:
    names = {column.zh: column.name for column in table.columns}
    names |= {column.name: column.name for column in table.columns}
    found: dict[str, str] = {}
    for name in raw.columns:
        target = names.get(str(name).strip()) or names.get(str(name).strip().lower())
        if target is not None and target not in found.values():
            found[str(name)] = target
    frame = raw[[*found, "_row", "geometry"]].rename(columns=found)
    faults: list[Fault] = []
    if len(frame) == 0 and table.name != "stations":
        faults.append(
            Fault(
                source=source,
                rule=f"the layer {table.name} has no rows",
                remedy="Fill it, or remove the layer from scenario.toml.",
            )
        )
    labels = _labels(frame)
    checks: dict[str, pa.Column] = {}
    for column in table.columns:
        if column.name not in frame:
            if column.required:
                faults.append(
                    Fault(
                        source=source,
                        column=column.name,
                        rule=f"the column is missing ({column.meaning})",
                        remedy=f"Add a column {column.name} or {column.zh}.",
                    )
                )
            continue
        values, bad = _coerce(frame[column.name], column)
        faults.extend(
            Fault(
                source=source,
                row=labels.loc[i],
                column=column.name,
                value=repr(frame[column.name].loc[i]),
                rule=f"not a {column.kind}",
                remedy=_remedy(column),
            )
            for i in frame.index[bad]
        )
        frame[column.name] = values
        checks[column.name] = _pandera_column(column)
    faults.extend(_schema_faults(frame, checks, labels, table, source))
    frame, more = _with_id(frame, table, source, labels)
    faults.extend(more)
    if table.geometry != "none":
        faults.extend(_geometry_faults(frame, table, source, labels))
    if faults:
        raise InputError(faults)
    if table.geometry == "polygon":
        frame = frame.set_geometry(_polygonal(frame.geometry.to_numpy()), crs=frame.crs)
    return frame.reset_index(drop=True)


def _polygonal(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Repair polygons; what is left of lines and points has no area and goes."""
    valid = shapely.make_valid(geometry)
    mixed = shapely.get_type_id(valid) == shapely.GeometryType.GEOMETRYCOLLECTION
    for i in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapely.get_parts(valid[i]))
        valid[i] = shapely.union_all(parts[shapely.area(parts) > 0.0])
    return np.asarray(valid)


def _labels(frame: pd.DataFrame) -> pd.Series[str]:
    labels = frame["_row"].astype(str)
    for name in ("name", "id"):
        if name in frame:
            text = frame[name].astype("string").fillna("").str.slice(0, 40)
            return pd.Series(
                [
                    f"{row} '{label}'" if label else row
                    for row, label in zip(labels, text, strict=True)
                ],
                index=frame.index,
                dtype=object,
            )
    return labels


def _coerce(values: pd.Series[Any], column: schema.Column) -> tuple[pd.Series[Any], Any]:
    """Values as the column's dtype, and a mask of those that are not of its kind."""
    dtype = _DTYPES[column.kind]
    if column.kind in {"number", "integer"} and pd.api.types.is_numeric_dtype(values):
        numbers = values.astype("float64")
        text_missing = numbers.isna()
    else:
        if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
            values = values.astype("Int64")  # a code column with blanks was read as numbers
        text = values.astype("string").str.strip()
        text_missing = text.isna() | text.str.lower().isin(schema.MISSING_WORDS)
        text = text.mask(text_missing)
        if column.kind == "text":
            return text, np.zeros(len(values), dtype=bool)
        if column.kind == "category":
            return text.replace(_ZH_VALUES), np.zeros(len(values), dtype=bool)
        if column.kind == "flag":
            lower = text.str.lower()
            flags = pd.Series(pd.NA, index=values.index, dtype=dtype)
            flags[lower.isin(schema.TRUE_WORDS).fillna(value=False)] = True
            flags[lower.isin(schema.FALSE_WORDS).fillna(value=False)] = False
            return flags, (flags.isna() & ~text_missing).to_numpy(dtype=bool)
        numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    bad = ~np.isfinite(numbers.to_numpy(dtype=float)) & ~text_missing.to_numpy(dtype=bool)
    if column.kind == "integer":
        bad |= np.isfinite(numbers.to_numpy(dtype=float)) & (numbers % 1 != 0).to_numpy(dtype=bool)
        numbers = numbers.mask(bad)
    return numbers.mask(bad).astype(dtype), bad


def _remedy(column: schema.Column) -> str:
    if column.choices:
        return f"Use one of: {', '.join(column.choices)}."
    if column.kind == "flag":
        return "Write true or false (是 or 否), or leave it blank when unknown."
    if column.low is not None or column.high is not None:
        unit = f" {column.unit}" if column.unit else ""
        return f"Give a value from {column.low:g} to {column.high:g}{unit}, or leave it blank."
    if column.required:
        return "Fill the cell."
    return "Correct the cell, or leave it blank when unknown."


def _pandera_column(column: schema.Column) -> pa.Column:
    checks = []
    if column.choices:
        checks.append(pa.Check.isin(column.choices, error="choices"))
    if column.low is not None and column.high is not None:
        checks.append(pa.Check.in_range(column.low, column.high, error="range"))
    return pa.Column(_DTYPES[column.kind], checks, nullable=not column.required)


def _schema_faults(
    frame: gpd.GeoDataFrame,
    checks: dict[str, pa.Column],
    labels: pd.Series[str],
    table: schema.Table,
    source: str,
) -> list[Fault]:
    try:
        pa.DataFrameSchema(checks).validate(pd.DataFrame(frame[list(checks)]), lazy=True)
    except SchemaErrors as error:
        rules = {
            "choices": "not an allowed value",
            "range": "out of range",
            "not_nullable": "the cell is empty",
        }
        faults = []
        for case in error.failure_cases.itertuples():
            column = table.column(str(case.column))
            faults.append(
                Fault(
                    source=source,
                    row=str(labels.loc[case.index]),
                    column=column.name,
                    value="" if pd.isna(case.failure_case) else repr(case.failure_case),
                    rule=rules.get(str(case.check), str(case.check)),
                    remedy=_remedy(column),
                )
            )
        return faults
    return []


def _with_id(
    frame: gpd.GeoDataFrame, table: schema.Table, source: str, labels: pd.Series[str]
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Give every row an id: its own, its code, its name when that is unique, or its number."""
    candidates = ["id", "code"] if table.name != "townships" else ["id", "code", "name"]
    for name in candidates:
        if name == "id" and name in frame and frame[name].notna().any():
            blank = frame.index[frame[name].isna()]
            if len(blank):
                return frame, [
                    Fault(
                        source=source,
                        row=str(labels.loc[i]),
                        column="id",
                        rule="the identifier is missing, and other rows have one",
                        remedy="Give every row its own.",
                    )
                    for i in blank
                ]
        if name in frame and frame[name].notna().all():
            ids = frame[name].astype("string")
            twice = ids.duplicated()
            if twice.any() and name == "id":
                return frame, [
                    Fault(
                        source=source,
                        row=str(labels.loc[i]),
                        column="id",
                        value=repr(ids.loc[i]),
                        rule="the identifier stands twice",
                        remedy="Give every row its own.",
                    )
                    for i in frame.index[twice]
                ]
            if not twice.any():
                return frame.assign(id=ids), []
    ids = pd.Series(
        [f"{table.name}-{row}" for row in frame["_row"]], index=frame.index, dtype="string"
    )
    return frame.assign(id=ids), []


def _geometry_faults(
    frame: gpd.GeoDataFrame, table: schema.Table, source: str, labels: pd.Series[str]
) -> list[Fault]:
    allowed = _GEOMETRY_TYPES[table.geometry]
    geometry = frame.geometry.to_numpy()
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    kinds = frame.geom_type.to_numpy()
    faults = []
    corners, owner = shapely.get_coordinates(geometry, return_index=True)
    nowhere = np.zeros(len(frame), dtype=bool)
    nowhere[owner[~np.isfinite(corners).all(axis=1)]] = True
    for i, label in enumerate(labels):
        if missing[i]:
            found, rule = "", "the row has no geometry"
        elif kinds[i] not in allowed:
            found, rule = str(kinds[i]), f"a {table.geometry} is needed"
        elif nowhere[i]:
            found, rule = "", "a coordinate is not finite"
        elif table.geometry == "polygon" and shapely.area(shapely.make_valid(geometry[i])) == 0.0:
            found, rule = "", "the polygon has no area"
        else:
            continue
        faults.append(
            Fault(
                source=source,
                row=str(label),
                column="geometry",
                value=found,
                rule=rule,
                remedy="Draw it again, or delete the row.",
            )
        )
    return faults
