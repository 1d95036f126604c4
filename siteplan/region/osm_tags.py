"""Tags of OpenStreetMap: which make a feature a row of a layer, and what their text means."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from pydantic import Field

from siteplan import catalog, schema
from siteplan.catalog import Entry, Mark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FOOT_M: Final = 0.3048  # international foot, exact
_INCHES_PER_FOOT: Final = 12.0
_HSTORE_PAIR: Final = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_METRES: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(?:m|metres?|meters?|米)?", re.IGNORECASE)
_FEET: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?:'|ft|feet)\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|in))?")

Source = Literal["points", "lines", "multipolygons"]
"""Layers of GDAL's OpenStreetMap driver that are looked in."""


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

    layers: tuple[Source, ...] = Field(min_length=1)
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


def rule_for(tags: Mapping[str, str], rules: LayerRules) -> FeatureRule | None:
    """
    Find the rule that takes a feature into a layer.

    Parameters
    ----------
    tags : mapping of str to str
        Tags of the feature.
    rules : LayerRules
        Rules of the layer.

    Returns
    -------
    rule : FeatureRule or None
        The first that fits; None when the layer does not take it.

    Examples
    --------
    >>> rule_for({"highway": "street_lamp"}, tag_mapping().poles).constants
    {'kind': 'lamp_pole'}
    """
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


def value_of(
    column: schema.Column, tags: Mapping[str, str], rule: FeatureRule, rules: LayerRules
) -> object:
    """
    Value of a column of a row.

    Parameters
    ----------
    column : Column
        Any but ``id`` and ``origin``.
    tags : mapping of str to str
        Tags of the feature.
    rule : FeatureRule
        Rule that takes it.
    rules : LayerRules
        Rules of the layer.

    Returns
    -------
    value : str, float or None
        None where no tag says what the column takes.
    """
    if column.name in rule.constants:
        return rule.constants[column.name]
    for key in rules.columns.get(column.name, ()):
        text = tags.get(key, "").strip()
        if column.kind == "number":
            value = parse_length_m(text) if column.unit == "m" else parse_number(text)
            # A comparison with NaN is false, so that what is not understood falls through.
            if (column.low or 0.0) <= value <= (np.inf if column.high is None else column.high):
                return value
        elif text and text != "yes":
            return text
    return None


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
