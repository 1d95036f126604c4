"""Empty tables for planners: one workbook a layer with headers, lists and an explanation in two languages."""

from __future__ import annotations

import io
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

import xlsxwriter
from pydantic import Field

import siteplan
from siteplan import catalog, schema
from siteplan.catalog import Entry, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.schema import Column, Table

Language = Literal["zh", "en"]

ROWS: Final = 20_000
"""Rows that are made ready: formats, lists and limits."""

POSITION: Final = {"point": ("lon", "lat", "crs"), "line": ("wkt",), "polygon": ("wkt",)}
"""Columns of the position by kind of geometry; ``crs``, the system of a row, may stay blank."""

OPTIONAL: Final = "crs"
SYSTEMS: Final = ("CGCS2000", "WGS84", "GCJ02", "BD09")

_CREATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # the format holds no time zone
_EXAMPLES: Final = {
    "lon": "108.734720",
    "lat": "39.844170",
    "crs": "CGCS2000",
    "line": "LINESTRING (108.70 39.84, 108.75 39.86)",
    "polygon": "POLYGON ((108.70 39.84, 108.75 39.84, 108.75 39.86, 108.70 39.84))",
}


class Explanation(Entry):
    """
    What a column means, for people who fill it.

    Attributes
    ----------
    zh : str
        Meaning, in Chinese in the catalogue.
    example : str
        One value.
    """

    zh: str
    example: str = ""


class Words(Entry):
    """
    Words of the workbooks in one language.

    Attributes
    ----------
    explanation, lists : str
        Names of the sheet that explains the columns, and of the hidden one with the words of drop-down lists.
    yes, no : str
        Words of a flag.
    positions, told : mapping of str to str
        Headers of the columns of the position, and what they mean.
    kinds, units : mapping of str to str
        What is to be filled in, by kind of column, and units that are not written as in the schema.
    titles : tuple of str
        Headers of the explanation.
    notes : tuple of str
        Lines above it, with the name of the first sheet as ``{sheet}``.
    heading, header, choose, between, degrees, range, joined : str
        Patterns of the first line, of a header with a unit, of what a faulty cell is told, of a range, and
        what stands between words.
    layers : mapping of str to str
        What each layer is for.
    """

    explanation: str
    lists: str
    yes: str
    no: str
    positions: dict[str, str]
    told: dict[str, str]
    kinds: dict[str, str]
    units: dict[str, str] = Field(default_factory=dict)
    titles: tuple[str, ...]
    notes: tuple[str, ...]
    heading: str
    header: str
    choose: str
    between: str
    degrees: str
    range: str
    joined: str
    layers: dict[str, str]


class _Explanations(Entry):
    model_config = Entry.model_config | {"extra": "allow"}

    source: str
    date: str
    mark: Mark
    words: dict[Language, Words]
    all: dict[str, Explanation] = Field(default_factory=dict)
    __pydantic_extra__: dict[str, dict[str, Explanation]]


@cache
def _explanations() -> _Explanations:
    path = files("siteplan.catalog") / "templates.toml"
    return catalog.parse_toml(path, _Explanations, "catalog/templates.toml")


def words_in(language: Language) -> Words:
    """
    Words of the workbooks in a language.

    Parameters
    ----------
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    words : Words
        Those of ``catalog/templates.toml``.
    """
    return _explanations().words[language]


def explain(table: Table, column: Column, *, language: Language = "zh") -> Explanation:
    """
    Explanation of a column.

    Parameters
    ----------
    table : Table
        Layer.
    column : Column
        Column of it.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    explanation : Explanation
        In English, and where the catalogue has none, that of the schema; without an example that is Chinese.

    Examples
    --------
    >>> stations = schema.TABLES["stations"]
    >>> explain(stations, stations.column("year_on_air")).example
    '2019'
    """
    texts = _explanations()
    own = (texts.__pydantic_extra__ or {}).get(table.name, {})
    found = own.get(column.name) or texts.all.get(column.name) or Explanation(zh=column.meaning)
    if language == "zh":
        return found
    choices = words(column, language=language)
    plain = found.example if found.example.isascii() else ""
    return Explanation(zh=column.meaning, example=choices[0] if choices else plain)


def sheet_name(table: Table, *, language: Language = "zh") -> str:
    """
    Name of the sheet to fill in.

    Parameters
    ----------
    table : Table
        Layer.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    name : str
        Name of the layer.
    """
    return table.zh if language == "zh" else table.name


def header(column: Column, *, language: Language = "zh") -> str:
    """
    Header of a column: in Chinese with its unit, in English its name, which has the unit.

    Parameters
    ----------
    column : Column
        The column.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    header : str
        As in the template.

    Examples
    --------
    >>> header(schema.TABLES["sites"].column("height_m"))
    '高度（m）'
    """
    if language == "en":
        return column.name
    texts = words_in(language)
    unit = texts.units.get(column.unit, column.unit)
    return texts.header.format(name=column.zh, unit=unit) if unit else column.zh


def headers(table: Table, *, language: Language = "zh") -> tuple[str, ...]:
    """
    All headers of a template, position included.

    Parameters
    ----------
    table : Table
        Layer.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    headers : tuple of str
        In the order of the columns.

    Examples
    --------
    >>> headers(schema.TABLES["poles"])
    ('编号', '类型', '高度（m）', '产权单位', '数据来源', '经度（°）', '纬度（°）', '坐标系')
    """
    position = words_in(language).positions
    return (
        *(header(column, language=language) for column in table.columns),
        *(position[name] for name in POSITION.get(table.geometry, ())),
    )


def template(table: Table, *, language: Language = "zh") -> bytes:
    """
    Workbook to fill in: a sheet for the rows, one that explains the columns, a hidden one with the lists.

    Parameters
    ----------
    table : Table
        Layer.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    workbook : bytes
        XLSX; the same table gives the same bytes.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    name, texts = sheet_name(table, language=language), words_in(language)
    book.set_properties(
        {
            "title": name if name == table.name else f"{name}（{table.name}）",
            "comments": f"siteplan {siteplan.__version__}",
            "created": _CREATED,
        }
    )
    formats = _formats(book)
    rows = book.add_worksheet(name)
    explanation = book.add_worksheet(texts.explanation)
    lists = book.add_worksheet(texts.lists)
    lists.hide()
    _write_headers(rows, table, formats, language)
    _write_rules(rows, lists, table, language)
    _write_explanation(explanation, table, formats, language)
    book.close()
    return buffer.getvalue()


def words(column: Column, *, language: Language = "zh") -> tuple[str, ...]:
    """
    Words that a column takes.

    Parameters
    ----------
    column : Column
        The column.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    words : tuple of str
        Empty when it takes any value.

    Examples
    --------
    >>> words(schema.TABLES["poles"].column("kind"))
    ('路灯杆', '监控杆')
    """
    if column.kind == "flag":
        texts = words_in(language)
        return texts.yes, texts.no
    if language == "en":
        return column.choices
    return tuple(schema.ZH.get(choice, choice) for choice in column.choices)


def _formats(book: xlsxwriter.Workbook) -> dict[str, Any]:
    base = {"valign": "vcenter", "border": 1, "border_color": "#BFBFBF", "text_wrap": True}
    return {
        "required": book.add_format(base | {"bold": True, "bg_color": "#F8CBAD"}),
        "optional": book.add_format(base | {"bold": True, "bg_color": "#DCE6F1"}),
        "text": book.add_format({"num_format": "@"}),
        "number": book.add_format({"num_format": "General"}),
        "degree": book.add_format({"num_format": "0.000000"}),
        "cell": book.add_format(base | {"num_format": "@", "valign": "top"}),
        "title": book.add_format({"bold": True, "font_size": 14}),
        "note": book.add_format({"text_wrap": True, "valign": "top"}),
    }


def _write_headers(
    sheet: Any,  # noqa: ANN401
    table: Table,
    formats: dict[str, Any],
    language: Language,
) -> None:
    for i, column in enumerate(table.columns):
        name = header(column, language=language)
        sheet.write_string(0, i, name, formats["required" if column.required else "optional"])
        numeric = column.kind in {"number", "integer"}
        sheet.set_column(i, i, max(10, 2 * len(name) + 2), formats["number" if numeric else "text"])
    position = words_in(language).positions
    for i, name in enumerate(POSITION.get(table.geometry, ()), start=len(table.columns)):
        required = formats["optional" if name == OPTIONAL else "required"]
        sheet.write_string(0, i, position[name], required)
        degree = name in {"lon", "lat"}
        wide = 40 if name == "wkt" else 14
        sheet.set_column(i, i, wide, formats["degree" if degree else "text"])
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 0)


def _write_rules(
    sheet: Any,  # noqa: ANN401
    lists: Any,  # noqa: ANN401
    table: Table,
    language: Language,
) -> None:
    """Drop-down lists and limits; the program reading the file has the last word, so they only warn."""
    texts = words_in(language)
    used = 0

    def choice(choices: Sequence[str]) -> dict[str, Any]:
        nonlocal used
        lists.write_column(0, used, choices)
        letter = xlsxwriter.utility.xl_col_to_name(used)
        used += 1
        told = texts.choose.format(choices=texts.joined.join(choices))
        return {
            "validate": "list",
            "source": f"={texts.lists}!${letter}$1:${letter}${len(choices)}",
            "error_message": told[:220],
        }

    def limit(kind: str, low: float, high: float, told: str) -> dict[str, Any]:
        return {
            "validate": kind,
            "criteria": "between",
            "minimum": low,
            "maximum": high,
            "error_message": told,
        }

    for i, column in enumerate(table.columns):
        choices = words(column, language=language)
        rule: dict[str, Any] | None = None
        if choices:
            rule = choice(choices)
        elif column.low is not None and column.high is not None:
            kind = "integer" if column.kind == "integer" else "decimal"
            told = texts.between.format(low=f"{column.low:g}", high=f"{column.high:g}")
            rule = limit(kind, column.low, column.high, told)
        if rule is not None:
            sheet.data_validation(1, i, ROWS, i, _told(rule, header(column, language=language)))
    if table.geometry == "point":
        rules = (
            limit("decimal", -180.0, 180.0, texts.degrees),
            limit("decimal", -90.0, 90.0, texts.degrees),
            choice(SYSTEMS),
        )
        for i, (name, rule) in enumerate(
            zip(POSITION["point"], rules, strict=True), start=len(table.columns)
        ):
            sheet.data_validation(1, i, ROWS, i, _told(rule, texts.positions[name]))


def _told(rule: dict[str, Any], title: str) -> dict[str, Any]:
    return rule | {"error_title": title[:32], "error_type": "warning", "ignore_blank": True}


def _write_explanation(
    sheet: Any,  # noqa: ANN401
    table: Table,
    formats: dict[str, Any],
    language: Language,
) -> None:
    texts = words_in(language)
    name = sheet_name(table, language=language)
    purpose = texts.layers[table.name]
    sheet.write_string(0, 0, texts.heading.format(name=name, purpose=purpose), formats["title"])
    for row, note in enumerate(texts.notes, start=1):
        sheet.write_string(row, 0, note.format(sheet=name))
    top = len(texts.notes) + 2
    for i, title in enumerate(texts.titles):
        sheet.write_string(top, i, title, formats["optional"])
    for row, line in enumerate(_lines(table, language), start=top + 1):
        for i, text in enumerate(line):
            sheet.write_string(row, i, text, formats["cell"])
    for i, width in enumerate((16, 46, 8, 6, 12, 40, 24, 18)):
        sheet.set_column(i, i, width)
    sheet.freeze_panes(top + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def _lines(table: Table, language: Language) -> list[Sequence[str]]:
    texts = words_in(language)
    lines: list[Sequence[str]] = []
    for column in table.columns:
        explanation = explain(table, column, language=language)
        lines.append(
            (
                header(column, language=language),
                explanation.zh,
                texts.units.get(column.unit, column.unit),
                texts.yes if column.required else texts.no,
                texts.kinds[column.kind],
                _allowed(column, language),
                explanation.example,
                column.name,
            )
        )
    for name in POSITION.get(table.geometry, ()):
        degree = name in {"lon", "lat"}
        lines.append(
            (
                texts.positions[name],
                texts.told[name],
                "°" if degree else "",
                texts.no if name == OPTIONAL else texts.yes,
                texts.kinds["number" if degree else "category" if name == OPTIONAL else "text"],
                texts.joined.join(SYSTEMS) if name == OPTIONAL else "",
                _EXAMPLES.get(name) or _EXAMPLES[table.geometry],
                name,
            )
        )
    return lines


def _allowed(column: Column, language: Language) -> str:
    texts = words_in(language)
    choices = words(column, language=language)
    if choices:
        return texts.joined.join(choices)
    if column.low is not None and column.high is not None:
        return texts.range.format(low=f"{column.low:g}", high=f"{column.high:g}")
    return ""
