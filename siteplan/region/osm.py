"""
Layers of a region from an OpenStreetMap extract (``.osm.pbf`` or ``.osm``).

GDAL's OpenStreetMap driver streams the file; which features become rows and which tags become
columns is data, in ``catalog/osm.toml``.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pydantic import Field
from pyogrio.errors import DataLayerError, DataSourceError

from siteplan import catalog, schema
from siteplan.catalog import Entry, Mark
from siteplan.errors import Fault, InputError
from siteplan.region.geopackage import write_layer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

ORIGIN: Final = "OpenStreetMap (ODbL)"
"""Origin of every row; the attribution is "© OpenStreetMap contributors"."""

_FOOT_M: Final = 0.3048  # international foot, exact
_INCHES_PER_FOOT: Final = 12.0
_HSTORE_PAIR: Final = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_METRES: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(?:m|metres?|meters?|米)?", re.IGNORECASE)
_FEET: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?:'|ft|feet)\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|in))?")
_TYPES: Final = ("node", "way", "relation")
# Ways that the edge of the extract cuts lose nodes; the reader itself counts what that breaks.
_CUT_WARNINGS: Final = ("Non closed ring detected", "organizePolygons")

_WITHIN: Final = ("zones", "villages", "venues", "poles")

_Source = Literal["points", "lines", "multipolygons"]


class FeatureRule(Entry):
    """
    One kind of feature of a layer.

    Attributes
    ----------
    tags : tuple of mapping of str to tuple of str
        Alternatives; one must fit, with every key having one of its values.
    unless : mapping of str to tuple of str
        A feature with one of these values is not taken.
    constants : mapping of str to str
        Columns with a fixed value, written ``set`` in the file.
    """

    tags: tuple[dict[str, tuple[str, ...]], ...] = Field(min_length=1)
    unless: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict, alias="set")


class LayerRules(Entry):
    """
    How features become rows of one layer.

    Attributes
    ----------
    layers : tuple of {"points", "lines", "multipolygons"}
        Layers of GDAL's driver to look in.
    unless : mapping of str to tuple of str
        A feature with one of these values is never taken.
    columns : mapping of str to tuple of str
        Tags from which a column is taken, written ``copy`` in the file.
    features : tuple of FeatureRule
        Tried in order; the first that fits counts.
    """

    layers: tuple[_Source, ...] = Field(min_length=1)
    unless: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict, alias="copy")
    features: tuple[FeatureRule, ...] = Field(min_length=1)


class TagMapping(Entry):
    """
    All of ``catalog/osm.toml``.

    Attributes
    ----------
    source, date, mark : str
        Where the mapping comes from.
    poles, roads, buildings, venues, villages, zones, sites : LayerRules
        Rules of each layer.
    """

    source: str
    date: str
    mark: Mark
    poles: LayerRules
    roads: LayerRules
    buildings: LayerRules
    venues: LayerRules
    villages: LayerRules
    zones: LayerRules
    sites: LayerRules


@cache
def tag_mapping() -> TagMapping:
    """
    How tags become layers and columns.

    Returns
    -------
    mapping : TagMapping
        From ``catalog/osm.toml``.

    Examples
    --------
    >>> tag_mapping().poles.features[0].constants
    {'kind': 'lamp_pole'}
    """
    path = files("siteplan.catalog") / "osm.toml"
    return catalog.parse_toml(path, TagMapping, "catalog/osm.toml")


def osm_layers() -> tuple[str, ...]:
    """
    Layers of the project that an extract can fill.

    Returns
    -------
    names : tuple of str
        In the order of the schema.

    Examples
    --------
    >>> osm_layers()
    ('zones', 'villages', 'roads', 'venues', 'sites', 'buildings', 'poles')
    """
    return tuple(name for name in schema.TABLES if name in TagMapping.model_fields)


def parse_hstore(text: str) -> dict[str, str]:
    r"""
    Tags of a feature from the text that GDAL writes into ``other_tags``.

    Parameters
    ----------
    text : str
        Pairs ``"key"=>"value"`` joined by commas; a backslash precedes a quote or backslash inside.

    Returns
    -------
    tags : dict of str to str
        A pair whose value is ``NULL`` is left out.

    Raises
    ------
    ValueError
        When the text has another form.

    References
    ----------
    .. [1] PostgreSQL 16 documentation, appendix F, "hstore", external representation.

    Examples
    --------
    >>> parse_hstore('"lit"=>"yes","note"=>"a \\"high\\" mast"')
    {'lit': 'yes', 'note': 'a "high" mast'}
    """
    tags: dict[str, str] = {}
    position = 0
    while position < len(text):
        pair = _HSTORE_PAIR.match(text, position)
        if pair is None:
            raise ValueError(f"no hstore pair at character {position} of {text!r}")
        key, value = pair.groups()
        if value is not None:
            tags[_ESCAPED.sub(r"\1", key)] = _ESCAPED.sub(r"\1", value)
        position = pair.end()
        if position < len(text):
            if text[position] != "," or position + 1 == len(text):
                raise ValueError(f"no comma between pairs at character {position} of {text!r}")
            position += 1
    return tags


def parse_length_m(text: str) -> float:
    r"""
    Length in a tag such as ``height``, in metres when it names no unit.

    Parameters
    ----------
    text : str
        A number with or without ``m``, feet and inches, or a list of such values.

    Returns
    -------
    length_m : float
        The greatest value of a list; NaN when a value is not understood. [m]

    References
    ----------
    .. [1] OpenStreetMap wiki, pages "Key:height" and "Map features/Units".

    Examples
    --------
    >>> [parse_length_m(text) for text in ("12 m", "3.5", "5;6", "10'6\"", "about 12")]
    [12.0, 3.5, 6.0, 3.2004, nan]
    """
    return _greatest([_one_length_m(part.strip()) for part in text.split(";")])


def parse_number(text: str) -> float:
    """
    Plain number in a tag such as ``building:levels``.

    Parameters
    ----------
    text : str
        A number that is not negative, or a list of such numbers.

    Returns
    -------
    number : float
        The greatest value of a list; NaN when a value is not understood.

    Examples
    --------
    >>> [parse_number(text) for text in ("7", "3.5", "5;6", "5-6", "")]
    [7.0, 3.5, 6.0, nan, nan]
    """
    parts = [part.strip() for part in text.split(";")]
    return _greatest([float(part) if _NUMBER.fullmatch(part) else np.nan for part in parts])


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
    features: dict[str, _Feature] = {}
    for source in rules.layers:
        for feature in _read_features(path, source, rules, bounds):
            features.setdefault(feature.id, feature)
    ordered = sorted(features.values(), key=_order)
    return _table(ordered, layer, rules, path.name)


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
        Extract, larger than the area as a rule; it is streamed once for each layer.
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
    rows: dict[str, int] = {}
    faults: list[Fault] = []
    shapely.prepare(boundary)
    for layer in osm_layers():
        frame = read_osm(extract, layer, bounds)
        faults.extend(frame.attrs["faults"])
        if layer in _WITHIN:
            frame = frame[frame.intersects(boundary)]
        if layer == "zones":
            frame = frame[shapely.area(frame.intersection(boundary).to_numpy()) > 0.0]
        rows[layer] = len(frame)
        if len(frame):
            write_layer(frame, path, layer)
    if not path.exists():
        fault = Fault(
            source=extract.name,
            rule="the area holds no feature that a layer takes",
            remedy="Check the boundary and the extract.",
        )
        raise InputError([fault])
    return rows, faults


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feature:
    id: str
    tags: Mapping[str, str]
    rule: FeatureRule
    geometry: shapely.Geometry | None


def _order(feature: _Feature) -> tuple[int, int]:
    kind, number = feature.id.split("/")
    return _TYPES.index(kind), int(number)


def _one_length_m(text: str) -> float:
    if metres := _METRES.fullmatch(text):
        return float(metres[1])
    if feet := _FEET.fullmatch(text):
        return (float(feet[1]) + float(feet[2] or 0.0) / _INCHES_PER_FOOT) * _FOOT_M
    return np.nan


def _greatest(values: Sequence[float]) -> float:
    # np.max keeps NaN: one value not understood makes the list unknown.
    return float(np.max(values))


def _fits(tags: Mapping[str, str], key: str, patterns: Sequence[str]) -> bool:
    value = tags.get(key)
    return value is not None and any(fnmatchcase(value, pattern) for pattern in patterns)


def _rule_for(tags: Mapping[str, str], rules: LayerRules) -> FeatureRule | None:
    if any(_fits(tags, key, patterns) for key, patterns in rules.unless.items()):
        return None
    for rule in rules.features:
        if any(_fits(tags, key, patterns) for key, patterns in rule.unless.items()):
            continue
        if any(
            all(_fits(tags, key, patterns) for key, patterns in alternative.items())
            for alternative in rule.tags
        ):
            return rule
    return None


def _read_features(
    path: Path, source: str, rules: LayerRules, bounds: tuple[float, float, float, float] | None
) -> Iterator[_Feature]:
    meta, geometries, columns = _read_rows(path, source, rules, bounds)
    fields = [str(name) for name in meta["fields"]]
    shapes = shapely.from_wkb(geometries, on_invalid="ignore")
    for shape, values in zip(shapes, zip(*columns, strict=True), strict=True):
        tags = {
            name: value for name, value in zip(fields, values, strict=True) if value is not None
        }
        number = tags.pop("osm_id", None)
        way = tags.pop("osm_way_id", None)
        tags.update(parse_hstore(tags.pop("other_tags", "")))
        rule = _rule_for(tags, rules)
        if rule is None:
            continue
        if source == "multipolygons":
            name = f"relation/{number}" if way is None else f"way/{way}"
        else:
            name = f"{'node' if source == 'points' else 'way'}/{number}"
        yield _Feature(id=name, tags=tags, rule=rule, geometry=shape)


def _read_rows(
    path: Path, source: str, rules: LayerRules, bounds: tuple[float, float, float, float] | None
) -> tuple[dict[str, Any], NDArray[np.object_], list[NDArray[np.object_]]]:
    try:
        with _temporary_files(), warnings.catch_warnings():
            for message in _CUT_WARNINGS:
                warnings.filterwarnings("ignore", message=message, category=RuntimeWarning)
            fields = {str(name) for name in pyogrio.read_info(path, layer=source)["fields"]}
            # A statement makes GDAL skip the other layers; reading a layer would pile them up.
            statement = f"SELECT * FROM {source} WHERE {_condition(rules, fields)}"  # noqa: S608
            meta, _, geometries, columns = pyogrio.raw.read(path, sql=statement, bbox=bounds)
    except (DataSourceError, DataLayerError) as error:
        fault = Fault(
            source=path.name,
            rule=f"not a readable OpenStreetMap extract: {error}",
            remedy="Give an .osm.pbf or .osm file that GDAL can read.",
        )
        raise InputError([fault]) from None
    return meta, geometries, columns


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


def _condition(rules: LayerRules, fields: set[str]) -> str:
    """Write SQL that every wanted feature meets; others may meet it and are sorted out later."""
    alternatives = {
        " AND ".join(_key_condition(key, patterns, fields) for key, patterns in tags.items())
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
    features: Sequence[_Feature], layer: str, rules: LayerRules, source: str
) -> gpd.GeoDataFrame:
    table = schema.TABLES[layer]
    geometry = _geometry([feature.geometry for feature in features], table.geometry)
    whole = ~shapely.is_empty(geometry)
    kept = [feature for feature, keep in zip(features, whole, strict=True) if keep]
    columns = {
        column.name: _column(column, [_value(column, feature, rules) for feature in kept])
        for column in table.columns
    }
    rows = gpd.GeoDataFrame(columns, geometry=list(geometry[whole]), crs="EPSG:4326")
    lost = [feature.id for feature, keep in zip(features, whole, strict=True) if not keep]
    rows.attrs["faults"] = _cut_faults(lost, layer, source)
    return rows


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


def _value(column: schema.Column, feature: _Feature, rules: LayerRules) -> object:
    if column.name == "id":
        return feature.id
    if column.name == "origin":
        return ORIGIN
    if column.name in feature.rule.constants:
        return feature.rule.constants[column.name]
    for key in rules.columns.get(column.name, ()):
        text = feature.tags.get(key, "").strip()
        if column.kind == "number":
            value = parse_length_m(text) if column.unit == "m" else parse_number(text)
            # A comparison with NaN is false, so that what is not understood falls through.
            if (column.low or 0.0) <= value <= (np.inf if column.high is None else column.high):
                return value
        elif text and text != "yes":
            return text
    return None


def _column(column: schema.Column, values: list[object]) -> pd.Series[Any]:
    dtypes = {"number": "float64", "integer": "Int64", "flag": "boolean"}
    return pd.Series(values, dtype=dtypes.get(column.kind, "string"))
