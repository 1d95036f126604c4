"""
Layers of a region from an OpenStreetMap extract (``.osm.pbf`` or ``.osm``).

GDAL's OpenStreetMap driver streams the file; which features become rows and which tags become
columns is data, in ``catalog/osm.toml``.
"""

from __future__ import annotations

import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from siteplan import catalog, schema
from siteplan.errors import Fault, InputError
from siteplan.region.geopackage import write_layer
from siteplan.region.osm_tags import (
    FeatureRule,
    LayerRules,
    osm_layers,
    parse_hstore,
    rule_for,
    tag_mapping,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from siteplan.region.osm_tags import Source

ORIGIN: Final = "OpenStreetMap (ODbL)"
"""Origin of every row; the attribution is "© OpenStreetMap contributors"."""

_TYPES: Final = ("node", "way", "relation")
_SOURCES: Final[tuple[Source, ...]] = ("points", "lines", "multipolygons")
_BATCH_ROWS: Final = 20_000
# Ways that the edge of the extract cuts lose nodes; the reader itself counts what that breaks.
_CUT_WARNINGS: Final = ("Non closed ring detected", "organizePolygons")

_WITHIN: Final = ("zones", "villages", "venues", "poles")


def read_osm(
    path: Path, layer: str, bounds: tuple[float, float, float, float] | None = None
) -> gpd.GeoDataFrame:
    """
    Rows of one layer from an OpenStreetMap extract.

    Parameters
    ----------
    path : Path
        Extract, ``.osm.pbf`` or ``.osm``.
    layer : str
        One of :func:`osm_layers`.
    bounds : tuple of float, optional
        West, south, east and north edge; features that reach into the box are read, not cut. [deg]

    Returns
    -------
    rows : GeoDataFrame
        All columns of the schema, in EPSG:4326, ordered by kind and number of the feature; ``id``
        is such as ``node/123``. What no tag says is missing. Polygons broken by the edge of the
        extract are repaired or left out; ``rows.attrs["faults"]`` is a tuple, empty or with one
        :class:`~siteplan.errors.Fault` of severity "warning" that names those left out.

    Raises
    ------
    InputError
        When the layer cannot come from OpenStreetMap, or the file is missing or no extract.

    Notes
    -----
    An extract that was cut without completing its ways lacks corners at the edge: ways end there,
    and a polygon may keep a wrong shape that nothing betrays. Take one that reaches beyond the
    boundary.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> text = '''<osm version="0.6"><node id="7" lat="60.17" lon="24.94">
    ...     <tag k="highway" v="street_lamp"/><tag k="height" v="8 m"/></node></osm>'''
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "lamp.osm"
    ...     _ = path.write_text(text)
    ...     poles = read_osm(path, "poles")
    >>> poles[["id", "kind", "height_m"]]
           id       kind  height_m
    0  node/7  lamp_pole       8.0
    """
    if layer not in osm_layers():
        raise InputError([catalog.unknown_name(path.name, "layer", layer, osm_layers())])
    rules: LayerRules = getattr(tag_mapping(), layer)
    _refuse_damaged(path)
    empty, _ = _table([], layer, rules)
    parts, lost = [empty], list[str]()
    for source in rules.layers:
        for tables in _read_tables(path, source, {layer: rules}, bounds):
            for part, more in tables.values():
                parts.append(part)
                lost.extend(more)
    rows = pd.concat(parts).drop_duplicates("id")
    rows = rows.iloc[np.argsort(_codes(rows["id"]), kind="stable")].reset_index(drop=True)
    rows.attrs["faults"] = _cut_faults(sorted(lost, key=_code), layer, path.name)
    return rows


def write_osm_layers(
    extract: Path,
    boundary: BaseGeometry,
    bounds: tuple[float, float, float, float],
    path: Path,
) -> tuple[dict[str, int], list[Fault]]:
    """
    Write every layer of an extract to a GeoPackage, as a region takes it.

    Parameters
    ----------
    extract : Path
        Extract, larger than the area as a rule; it is streamed, and so are the layers that come of it.
    boundary : Polygon or MultiPolygon
        Boundary in EPSG:4326; zones, villages, venues and poles beyond it are left out. [deg]
    bounds : tuple of float
        West, south, east and north edge for the other layers. [deg]
    path : Path
        ``.gpkg`` file to write.

    Returns
    -------
    rows : dict of str to int
        Rows of each layer; a layer without rows is not written.
    faults : list of Fault
        Features that the edge of the extract cuts, severity "warning".
    """
    layers: dict[str, LayerRules] = {name: getattr(tag_mapping(), name) for name in osm_layers()}
    found = {name: _Written() for name in layers}
    _refuse_damaged(extract)
    shapely.prepare(boundary)
    for source in _SOURCES:
        wanted = {name: rules for name, rules in layers.items() if source in rules.layers}
        for tables in _read_tables(extract, source, wanted, bounds):
            for name, (rows, lost) in tables.items():
                found[name].lost.extend(lost)
                kept = found[name].new(_near(rows, name, boundary))
                if len(kept):
                    write_layer(kept, path, name, geometry_type="Unknown")
    if not path.exists():
        fault = Fault(
            source=extract.name,
            rule="the area holds no feature that a layer takes",
            remedy="Check the boundary and the extract.",
        )
        raise InputError([fault])
    faults = [
        fault
        for name, written in found.items()
        for fault in _cut_faults(sorted(written.lost, key=_code), name, extract.name)
    ]
    return {name: len(written.codes) for name, written in found.items()}, faults


@dataclass(slots=True)
class _Written:
    """What was written of a layer: which features, and which have no shape."""

    codes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    lost: list[str] = field(default_factory=list)

    def new(self, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Rows that were not written before: an extract glued from two holds features twice."""
        codes = _codes(rows["id"])
        _, first = np.unique(codes, return_index=True)
        kept = np.sort(first)
        kept = kept[~np.isin(codes[kept], self.codes)]
        self.codes = np.concatenate([self.codes, codes[kept]])
        return rows.iloc[kept]


def _near(rows: gpd.GeoDataFrame, layer: str, boundary: BaseGeometry) -> gpd.GeoDataFrame:
    """Rows that a region takes: of some layers those in the boundary alone."""
    if layer in _WITHIN:
        rows = rows[rows.intersects(boundary)]
    if layer == "zones":
        rows = rows[shapely.area(rows.intersection(boundary).to_numpy()) > 0.0]
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feature:
    id: str
    tags: Mapping[str, str]
    rule: FeatureRule
    geometry: shapely.Geometry | None


def _code(name: str) -> int:
    """Place of a feature in the order by kind and number."""
    kind, number = name.split("/")
    return (_TYPES.index(kind) << 60) + int(number)


def _codes(names: pd.Series[str]) -> NDArray[np.int64]:
    return np.array([_code(name) for name in names], dtype=np.int64)


def _read_tables(
    path: Path,
    source: Source,
    layers: Mapping[str, LayerRules],
    bounds: tuple[float, float, float, float] | None,
) -> Iterator[dict[str, tuple[gpd.GeoDataFrame, list[str]]]]:
    """Rows of layers that one layer of the driver gives, and features without a shape, a batch at a time."""
    for batch in _batches(path, source, layers, bounds):
        found: dict[str, list[_Feature]] = {name: [] for name in layers}
        for feature, layer in _features(batch, source, layers):
            found[layer].append(feature)
        yield {
            name: _table(features, name, layers[name])
            for name, features in found.items()
            if features
        }


def _features(
    batch: pa.RecordBatch, source: Source, layers: Mapping[str, LayerRules]
) -> Iterator[tuple[_Feature, str]]:
    *fields, drawn = batch.schema.names  # GDAL puts the geometry last
    shapes = shapely.from_wkb(
        batch.column(drawn).to_numpy(zero_copy_only=False), on_invalid="ignore"
    )
    columns = [batch.column(name).to_pylist() for name in fields]
    for shape, values in zip(shapes, zip(*columns, strict=True), strict=True):
        tags = {
            name: value for name, value in zip(fields, values, strict=True) if value is not None
        }
        number = tags.pop("osm_id", None)
        way = tags.pop("osm_way_id", None)
        tags.update(parse_hstore(tags.pop("other_tags", "")))
        for layer, rules in layers.items():
            rule = rule_for(tags, rules)
            if rule is None:
                continue
            if source == "multipolygons":
                name = f"relation/{number}" if way is None else f"way/{way}"
            else:
                name = f"{'node' if source == 'points' else 'way'}/{number}"
            yield _Feature(id=name, tags=tags, rule=rule, geometry=shape), layer


def _batches(
    path: Path,
    source: Source,
    layers: Mapping[str, LayerRules],
    bounds: tuple[float, float, float, float] | None,
) -> Iterator[pa.RecordBatch]:
    """Features that a layer may take, some thousands at a time."""
    with _told(path), _temporary_files():
        fields = {str(name) for name in pyogrio.read_info(path, layer=source)["fields"]}
        # A statement makes GDAL skip the other layers; reading a layer would pile them up.
        statement = f"SELECT * FROM {source} WHERE {_condition(layers, fields)}"  # noqa: S608
        with pyogrio.open_arrow(
            path, sql=statement, bbox=bounds, batch_size=_BATCH_ROWS, use_pyarrow=True
        ) as (_, reader):
            while (batch := _next(reader)) is not None:
                yield batch


def _refuse_damaged(path: Path) -> None:
    """Read the file to its end once: a stream of batches just ends where the data are damaged."""
    with _told(path), _temporary_files():
        pyogrio.raw.read(path, sql="SELECT osm_id FROM points WHERE osm_id = ''")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn errors of GDAL into one that a planner understands."""
    try:
        yield
    except (DataSourceError, DataLayerError, FeatureError, pa.ArrowException, OSError) as error:
        fault = Fault(
            source=path.name,
            rule=f"not a readable OpenStreetMap extract: {error}",
            remedy="Give an .osm.pbf or .osm file that GDAL can read.",
        )
        raise InputError([fault]) from None


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    with warnings.catch_warnings():
        for message in _CUT_WARNINGS:
            warnings.filterwarnings("ignore", message=message, category=RuntimeWarning)
        return next(reader, None)


@contextmanager
def _temporary_files() -> Iterator[None]:
    # A large extract needs temporary files; GDAL would put them into the working directory.
    option = "CPL_TMPDIR"
    if pyogrio.get_gdal_config_option(option) is not None:
        yield
        return
    pyogrio.set_gdal_config_options({option: tempfile.gettempdir()})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({option: None})


def _condition(layers: Mapping[str, LayerRules], fields: set[str]) -> str:
    """Write SQL that every wanted feature meets; others may meet it and are sorted out later."""
    alternatives = {
        " AND ".join(_key_condition(key, patterns, fields) for key, patterns in tags.items())
        for rules in layers.values()
        for rule in rules.features
        for tags in rule.tags
    }
    return " OR ".join(f"({alternative})" for alternative in sorted(alternatives))


def _key_condition(key: str, patterns: Sequence[str], fields: set[str]) -> str:
    exact = not any(set("*?[") & set(pattern) for pattern in patterns)
    if key in fields:
        if not exact:
            return f'"{key}" IS NOT NULL'
        return f'"{key}" IN ({", ".join(_quoted(pattern) for pattern in patterns)})'
    if not exact:
        return f"other_tags LIKE {_quoted(f'%{_hstore(key)}=>%')}"
    pairs = [f"other_tags LIKE {_quoted(f'%{_hstore(key)}=>{_hstore(p)}%')}" for p in patterns]
    return f"({' OR '.join(pairs)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _hstore(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _table(
    features: Sequence[_Feature], layer: str, rules: LayerRules
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Rows of a layer, and features that have no shape."""
    table = schema.TABLES[layer]
    geometry = _geometry([feature.geometry for feature in features], table.geometry)
    whole = ~shapely.is_empty(geometry)
    kept = [feature for feature, keep in zip(features, whole, strict=True) if keep]
    columns = {
        column.name: _column(column, [_value(column, feature, rules) for feature in kept])
        for column in table.columns
    }
    rows = gpd.GeoDataFrame(columns, geometry=list(geometry[whole]), crs="EPSG:4326")
    return rows, [feature.id for feature, keep in zip(features, whole, strict=True) if not keep]


def _value(column: schema.Column, feature: _Feature, rules: LayerRules) -> object:
    if column.name == "id":
        return feature.id
    if column.name == "origin":
        return ORIGIN
    return value_of(column, feature.tags, feature.rule, rules)


def _cut_faults(lost: Sequence[str], layer: str, source: str) -> tuple[Fault, ...]:
    if not lost:
        return ()
    fault = Fault(
        source=source,
        column=layer,
        value=", ".join(lost),
        rule=f"{len(lost)} features have no shape left, the edge of the extract cuts them",
        remedy="Take an extract that reaches beyond the boundary if they are needed.",
        severity="warning",
    )
    return (fault,)


def _geometry(
    shapes: Sequence[shapely.Geometry | None], kind: schema.Geometry
) -> NDArray[np.object_]:
    """Shapes of the layer's kind; empty where nothing of the kind is left."""
    geometry = np.array(shapes, dtype=object)
    geometry[shapely.is_missing(geometry)] = shapely.Polygon()
    if kind == "line":
        geometry[shapely.length(geometry) == 0.0] = shapely.LineString()
        return geometry
    areal = shapely.get_dimensions(geometry) > 1
    broken = areal & ~shapely.is_valid(geometry)
    geometry[broken] = [_polygons(shape) for shape in shapely.make_valid(geometry[broken])]
    single = areal & (shapely.get_num_geometries(geometry) == 1)
    geometry[single] = shapely.get_geometry(geometry[single], 0)
    if kind == "point":
        geometry[areal] = shapely.point_on_surface(geometry[areal])
    return geometry


def _polygons(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.union_all(parts[shapely.get_dimensions(parts) > 1])


def _column(column: schema.Column, values: list[object]) -> pd.Series[Any]:
    dtypes = {"number": "float64", "integer": "Int64", "flag": "boolean"}
    return pd.Series(values, dtype=dtypes.get(column.kind, "string"))
