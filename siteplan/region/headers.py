"""
Headers and words as offices write them, turned into the schema's names.

The lists are data, in ``catalog/headers.toml``; a region folder may add its own in a file of the same form,
named by ``aliases`` in ``scenario.toml``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from siteplan import catalog, schema
from siteplan.catalog import Entry
from siteplan.errors import Fault, InputError
from siteplan.scenario import inside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from siteplan.schema import Column, Table

UNITS: Final[dict[str, dict[str, float]]] = {
    "m": {
        "m": 1.0,
        "米": 1.0,
        "公尺": 1.0,
        "meter": 1.0,
        "metre": 1.0,
        "meters": 1.0,
        "metres": 1.0,
    }
    | {"cm": 0.01, "厘米": 0.01, "mm": 0.001, "毫米": 0.001, "km": 1e3, "公里": 1e3, "千米": 1e3}
    | {"ft": 0.3048, "feet": 0.3048, "英尺": 0.3048},
    "CNY": {"元": 1.0, "yuan": 1.0, "cny": 1.0, "rmb": 1.0, "人民币": 1.0, "千元": 1e3}
    | {"万元": 1e4, "万": 1e4, "亿元": 1e8},
    "deg": {"deg": 1.0, "度": 1.0, "°": 1.0, "degree": 1.0, "degrees": 1.0},
    "W": {"w": 1.0, "瓦": 1.0, "kw": 1e3, "mw": 1e-3},
    "dBm": {"dbm": 1.0},
    "people": {"人": 1.0, "people": 1.0, "口": 1.0, "千人": 1e3, "万人": 1e4},
    "": {"户": 1.0, "层": 1.0, "家": 1.0, "个": 1.0, "年": 1.0, "万户": 1e4},
}
"""Factor from a unit as people write it to the schema's unit."""

FLAGS: Final = ("true", "false")
"""Under these names a book of words says yes and no."""

_NOTE: Final = re.compile(r"[(\[{<【〔]([^)\]}>】〕]*)[)\]}>】〕]")
_SPACE: Final = re.compile(r"[\s\u200b\ufeff*：:]+")
_SHIFTED: Final = {
    "gcj02": ("gcj", "火星", "高德", "腾讯", "amap"),
    "bd09": ("bd09", "bd-09", "百度", "baidu"),
}
_PREFIX_BYTES: Final = 10  # names of a shapefile's columns are cut to ten bytes


class Position(Entry):
    """Headers of columns that hold a position."""

    longitude: tuple[str, ...] = ()
    latitude: tuple[str, ...] = ()
    easting: tuple[str, ...] = ()
    northing: tuple[str, ...] = ()
    x: tuple[str, ...] = ()
    y: tuple[str, ...] = ()
    wkt: tuple[str, ...] = ()
    system: tuple[str, ...] = ()


class HeaderBook(Entry):
    """
    Other names of columns and values.

    Attributes
    ----------
    source, date, mark : str
        Where the names come from.
    position : Position
        Headers of columns that hold a position.
    systems : mapping of str to tuple of str
        Words for the system of a row: ``gcj02``, ``bd09``, or ``EPSG:4490`` for what is not shifted.
    headers : mapping of str to mapping of str to tuple of str
        By layer (``all`` for every layer) and column.
    words : mapping of str to tuple of str
        Words in cells by the value that they mean.
    """

    source: str = ""
    date: str = ""
    mark: str = ""
    position: Position = Position()
    systems: dict[Literal["gcj02", "bd09", "EPSG:4490"], tuple[str, ...]] = Field(
        default_factory=dict
    )
    headers: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """
    Which column of a file is which column of the schema.

    Attributes
    ----------
    columns : mapping of str to str
        Header in the file by column of the schema.
    factors : mapping of str to float
        Factor to the schema's unit by column, where a header says another unit.
    position : mapping of str to str
        Header in the file by axis: longitude, latitude, easting, northing, x, y, wkt; and ``system``, the
        column that says the system of each row.
    datum : str or None
        ``gcj02`` or ``bd09`` when a header of the position says so.
    unread : tuple of str
        Headers that nothing was made of.
    faults : tuple of Fault
        Two headers for one column, units of another kind.
    """

    columns: dict[str, str]
    factors: dict[str, float]
    position: dict[str, str]
    datum: str | None = None
    unread: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = field(default=())


def plain(text: object) -> str:
    """
    Header or word without what people vary: width, case, spaces, asterisks.

    Parameters
    ----------
    text : object
        Header as it stands.

    Returns
    -------
    plain : str
        Comparable form.

    Examples
    --------
    >>> plain(" 塔 高（Ｍ）*")
    '塔高(m)'
    """
    return _SPACE.sub("", unicodedata.normalize("NFKC", str(text))).casefold()


def split_note(header: object) -> tuple[str, str]:
    """
    Header and what stands in brackets behind it.

    Parameters
    ----------
    header : object
        Header as it stands.

    Returns
    -------
    name, note : str
        Both in comparable form; the note is empty when there is none.

    Examples
    --------
    >>> split_note("高度（米）")
    ('高度', '米')
    """
    text = plain(header)
    notes = _NOTE.findall(text)
    name = _NOTE.sub("", text).strip("-_/,") or text
    for mark in ("/", "_", ","):
        stem, found, unit = name.rpartition(mark)
        if found and stem and any(unit in units for units in UNITS.values()):
            return stem, unit
    return name, notes[-1] if notes else ""


def is_unit(text: str) -> bool:
    """
    Whether a text is nothing but a unit, in brackets or not.

    Parameters
    ----------
    text : str
        Cell of a header.

    Returns
    -------
    is_unit : bool
        True for a unit of :data:`UNITS`.

    Examples
    --------
    >>> is_unit("（米）"), is_unit("m"), is_unit("高度")
    (True, True, False)
    """
    word = plain(text).strip("()[]【】")
    return any(word in units for units in UNITS.values())


@cache
def header_book() -> HeaderBook:
    """
    Names that come with the project.

    Returns
    -------
    book : HeaderBook
        All of ``catalog/headers.toml``.
    """
    path = files("siteplan.catalog") / "headers.toml"
    return catalog.parse_toml(path, HeaderBook, "catalog/headers.toml")


def read_book(folder: Path, name: str | None) -> HeaderBook | None:
    """
    Names that a region folder adds.

    Parameters
    ----------
    folder : Path
        Region folder.
    name : str or None
        TOML file of the folder.

    Returns
    -------
    book : HeaderBook or None
        None when the scenario names no file.

    Raises
    ------
    InputError
        With every layer, column or value that siteplan does not know.
    """
    if name is None:
        return None
    book = catalog.parse_toml(inside(folder, name), HeaderBook, name)
    faults = []
    for layer, columns in book.headers.items():
        if layer != "all" and layer not in schema.TABLES:
            faults.append(catalog.unknown_name(name, f"headers.{layer}", layer, schema.TABLES))
            continue
        tables = schema.TABLES.values() if layer == "all" else [schema.TABLES[layer]]
        known = {column.name for table in tables for column in table.columns}
        faults.extend(
            catalog.unknown_name(name, f"headers.{layer}", column, known)
            for column in columns
            if column not in known
        )
    values = {
        choice
        for table in schema.TABLES.values()
        for column in table.columns
        for choice in column.choices
    } | set(FLAGS)
    faults.extend(
        catalog.unknown_name(name, "words", word, values)
        for word in book.words
        if word not in values
    )
    if faults:
        raise InputError(faults)
    return book


def words_of(column: Column, book: HeaderBook | None) -> dict[str, str]:
    """
    Values of a category by every word for them.

    Parameters
    ----------
    column : Column
        Category or flag of the schema.
    book : HeaderBook or None
        Names that the folder adds; they go before ours.

    Returns
    -------
    values : dict of str to str
        Value by word in comparable form.

    Examples
    --------
    >>> from siteplan import schema
    >>> words_of(schema.TABLES["sites"].column("kind"), None)["楼面"]
    'rooftop'
    """
    values: dict[str, str] = {}
    choices = FLAGS if column.kind == "flag" else column.choices
    for source in (header_book(), book):
        for choice in choices:
            words = source.words.get(choice, ()) if source is not None else ()
            values |= {plain(word): choice for word in words}
    values |= {plain(schema.ZH[choice]): choice for choice in choices if choice in schema.ZH}
    values |= {plain(choice): choice for choice in choices}
    if book is not None:
        values |= {plain(word): choice for choice in choices for word in book.words.get(choice, ())}
    return values


def match(
    names: Sequence[str],
    table: Table,
    *,
    book: HeaderBook | None = None,
    source: str = "",
    cut: bool = False,
) -> Headers:
    """
    Find the schema's columns among the headers of a file.

    Parameters
    ----------
    names : sequence of str
        Headers as they stand.
    table : Table
        Layer.
    book : HeaderBook or None
        Names that the folder adds: where they find a column, ours are not asked.
    source : str
        File, for messages.
    cut : bool
        Headers may be cut to ten bytes, as a shapefile's are.

    Returns
    -------
    headers : Headers
        What was found, and what cannot be.

    Examples
    --------
    >>> from siteplan import schema
    >>> found = match(["站名", "塔高(cm)", "经度", "纬度"], schema.TABLES["sites"])
    >>> found.columns
    {'name': '站名', 'height_m': '塔高(cm)'}
    >>> found.factors
    {'height_m': 0.01}
    """
    parts = {name: split_note(name) for name in names}
    columns: dict[str, str] = {}
    factors: dict[str, float] = {}
    faults: list[Fault] = []
    aliases = {column.name: _aliases(table, column, book) for column in table.columns}
    for column in table.columns:
        hits = _hits(parts, aliases[column.name], own=_own(table, column, book))
        hits = [name for name in hits if name not in columns.values()]
        if len(hits) > 1:
            faults.append(_twice(column.name, hits, source))
        elif hits:
            columns[column.name] = hits[0]
    if cut:
        columns |= _cut_names(parts, aliases, columns)
    for column in table.columns:
        if column.name in columns:
            header = columns[column.name]
            fault = _unit(column, header, parts[header][1], factors, source)
            faults.extend([fault] if fault is not None else [])
    position: dict[str, str] = {}
    for axis in Position.model_fields:
        own = set() if book is None else {plain(word) for word in getattr(book.position, axis)}
        hits = _hits(parts, _axis_names(axis), own=own)
        if len(hits) > 1:
            faults.append(_twice(axis, hits, source))
        elif hits:
            position[axis] = hits[0]
    used = {*columns.values(), *position.values()}
    return Headers(
        columns=columns,
        factors=factors,
        position=position,
        datum=_datum([header for axis, header in position.items() if axis != "system"]),
        unread=tuple(name for name in names if name not in used and str(name).strip()),
        faults=tuple(faults),
    )


def _own(table: Table, column: Column, book: HeaderBook | None) -> set[str]:
    if book is None:
        return set()
    words = book.headers.get(table.name, {}).get(column.name, ())
    return {plain(word) for word in (*words, *book.headers.get("all", {}).get(column.name, ()))}


def _aliases(table: Table, column: Column, book: HeaderBook | None) -> frozenset[str]:
    """Every name of a column but those that the folder gives to another column of the table."""
    ours = _names(table.name)[column.name]
    if book is None:
        return ours
    others = (other for other in table.columns if other is not column)
    return ours.difference(*(_own(table, other, book) for other in others))


@cache
def _names(layer: str) -> dict[str, frozenset[str]]:
    """Names that the catalogue knows for the columns of a layer, in comparable form."""
    table, ours = schema.TABLES[layer], header_book().headers
    # a name of another column of the table goes to that one, whatever the general list says
    exact = {column.name: {plain(column.name), plain(column.zh)} for column in table.columns}
    return {
        column.name: frozenset(
            {
                *exact[column.name],
                *map(plain, ours["all"].get(column.name, ())),
                *map(plain, ours.get(layer, {}).get(column.name, ())),
            }
        ).difference(*(names for other, names in exact.items() if other != column.name))
        for column in table.columns
    }


@cache
def _axis_names(axis: str) -> frozenset[str]:
    return frozenset(plain(word) for word in getattr(header_book().position, axis))


def _hits(
    parts: dict[str, tuple[str, str]], aliases: frozenset[str], *, own: set[str]
) -> list[str]:
    """Headers of one column: the folder's own names go first."""
    for wanted in (own, aliases):
        hits = [
            name
            for name, (stem, _) in parts.items()
            if wanted and (stem in wanted or plain(name) in wanted)
        ]
        if hits:
            return hits
    return []


def _cut_names(
    parts: dict[str, tuple[str, str]], aliases: dict[str, frozenset[str]], columns: dict[str, str]
) -> dict[str, str]:
    """Columns by headers that were cut: only where one column alone begins so."""
    cut: dict[str, str] = {}
    for name, (stem, _) in parts.items():
        long = max(len(name.encode("gb18030")), len(name.encode())) >= _PREFIX_BYTES - 1
        if name in columns.values() or not long:
            continue
        fits = [
            column
            for column, words in aliases.items()
            if column not in columns and any(word.startswith(stem) for word in words)
        ]
        if len(fits) == 1 and fits[0] not in cut:
            cut[fits[0]] = name
    return cut


def _twice(column: str, hits: list[str], source: str) -> Fault:
    return Fault(
        source=source,
        column=column,
        value=", ".join(hits),
        rule=f"{len(hits)} headers may be the column {column}",
        remedy="Rename all but one, or name the right one in the file of aliases.",
    )


def _unit(
    column: Column, header: str, note: str, factors: dict[str, float], source: str
) -> Fault | None:
    """Take the unit of a header; a unit of another kind is a fault, any other note is not."""
    if column.kind not in {"number", "integer"} or not note:
        return None
    known = UNITS.get(column.unit, UNITS[""])
    if note in known:
        if known[note] != 1.0:
            factors[column.name] = known[note]
        return None
    if any(note in units for units in UNITS.values()):
        return Fault(
            source=source,
            column=column.name,
            value=header,
            rule=f"the header names a unit that {column.name} cannot have",
            remedy=f"Give the values in {column.unit or 'plain numbers'}.",
        )
    return None


def _datum(headers: object) -> str | None:
    text = " ".join(plain(header) for header in headers)  # type: ignore[attr-defined]
    for datum, words in _SHIFTED.items():
        if any(word in text for word in words):
            return datum
    return None
