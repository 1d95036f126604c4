"""Empty tables for planners: one workbook a layer, with headers, lists and an explanation in Chinese."""

from __future__ import annotations

import io
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter
from pydantic import Field

import siteplan
from siteplan import catalog, schema
from siteplan.catalog import Entry, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.schema import Column, Table

EXPLANATION: Final = "填写说明"
"""Sheet that explains the columns."""

LISTS: Final = "选项"
"""Hidden sheet that holds the words of drop-down lists."""

ROWS: Final = 20_000
"""Rows that are made ready: formats, lists and limits."""

POSITION: Final = {"point": ("经度（°）", "纬度（°）"), "line": ("WKT",), "polygon": ("WKT",)}
"""Headers of the position by kind of geometry."""

FLAG_WORDS: Final = ("是", "否")

_UNIT_ZH: Final = {"deg": "°", "people": "人", "CNY": "元"}
_KIND_ZH: Final = {
    "text": "文本",
    "number": "数字",
    "integer": "整数",
    "flag": "是/否",
    "category": "从列表选择",
}
_CREATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # the format holds no time zone
_POSITION_ROWS: Final = {
    "经度（°）": ("经度，十进制度；坐标系在 scenario.toml 的 crs 中写明", "108.734720"),
    "纬度（°）": ("纬度，十进制度", "39.844170"),
    "WKT": ("几何图形（WKT），由GIS软件导出；也可以不用本表，直接提供SHP、GPKG等GIS文件", ""),
}
_WKT_EXAMPLE: Final = {
    "line": "LINESTRING (108.70 39.84, 108.75 39.86)",
    "polygon": "POLYGON ((108.70 39.84, 108.75 39.84, 108.75 39.86, 108.70 39.84))",
}


class Explanation(Entry):
    """
    What a column means, for people who fill it.

    Attributes
    ----------
    zh : str
        Meaning in Chinese.
    example : str
        One value.
    """

    zh: str
    example: str = ""


class _Explanations(Entry):
    model_config = Entry.model_config | {"extra": "allow"}

    source: str
    date: str
    mark: Mark
    layers: dict[str, str]
    all: dict[str, Explanation] = Field(default_factory=dict)
    __pydantic_extra__: dict[str, dict[str, Explanation]]


@cache
def _explanations() -> _Explanations:
    path = files("siteplan.catalog") / "templates.toml"
    return catalog.parse_toml(path, _Explanations, "catalog/templates.toml")


def explain(table: Table, column: Column) -> Explanation:
    """
    Explanation of a column.

    Parameters
    ----------
    table : Table
        Layer.
    column : Column
        Column of it.

    Returns
    -------
    explanation : Explanation
        The schema's English one where the catalogue has none.

    Examples
    --------
    >>> stations = schema.TABLES["stations"]
    >>> explain(stations, stations.column("year_on_air")).example
    '2019'
    """
    texts = _explanations()
    own = (texts.__pydantic_extra__ or {}).get(table.name, {})
    return own.get(column.name) or texts.all.get(column.name) or Explanation(zh=column.meaning)


def header(column: Column) -> str:
    """
    Chinese header of a column, with its unit.

    Parameters
    ----------
    column : Column
        The column.

    Returns
    -------
    header : str
        As in the template.

    Examples
    --------
    >>> header(schema.TABLES["sites"].column("height_m"))
    '高度（m）'
    """
    unit = _UNIT_ZH.get(column.unit, column.unit)
    return f"{column.zh}（{unit}）" if unit else column.zh


def headers(table: Table) -> tuple[str, ...]:
    """
    All headers of a template, position included.

    Parameters
    ----------
    table : Table
        Layer.

    Returns
    -------
    headers : tuple of str
        In the order of the columns.

    Examples
    --------
    >>> headers(schema.TABLES["poles"])
    ('编号', '类型', '高度（m）', '产权单位', '数据来源', '经度（°）', '纬度（°）')
    """
    return (*(header(column) for column in table.columns), *POSITION.get(table.geometry, ()))


def template(table: Table) -> bytes:
    """
    Workbook to fill in: a sheet for the rows, one that explains the columns, a hidden one with the lists.

    Parameters
    ----------
    table : Table
        Layer.

    Returns
    -------
    workbook : bytes
        XLSX; the same table gives the same bytes.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties(
        {
            "title": f"{table.zh}（{table.name}）",
            "comments": f"siteplan {siteplan.__version__}",
            "created": _CREATED,
        }
    )
    formats = _formats(book)
    rows = book.add_worksheet(table.zh)
    explanation = book.add_worksheet(EXPLANATION)
    lists = book.add_worksheet(LISTS)
    lists.hide()
    _write_headers(rows, table, formats)
    _write_rules(rows, lists, table)
    _write_explanation(explanation, table, formats)
    book.close()
    return buffer.getvalue()


def words(column: Column) -> tuple[str, ...]:
    """
    Words that a column takes, in Chinese.

    Parameters
    ----------
    column : Column
        The column.

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
        return FLAG_WORDS
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


def _write_headers(sheet: Any, table: Table, formats: dict[str, Any]) -> None:  # noqa: ANN401
    for i, column in enumerate(table.columns):
        name = header(column)
        sheet.write_string(0, i, name, formats["required" if column.required else "optional"])
        numeric = column.kind in {"number", "integer"}
        sheet.set_column(i, i, max(10, 2 * len(name) + 2), formats["number" if numeric else "text"])
    for i, name in enumerate(POSITION.get(table.geometry, ()), start=len(table.columns)):
        sheet.write_string(0, i, name, formats["required"])
        degree = table.geometry == "point"
        sheet.set_column(i, i, 14 if degree else 40, formats["degree" if degree else "text"])
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 0)


def _write_rules(sheet: Any, lists: Any, table: Table) -> None:  # noqa: ANN401
    """Drop-down lists and limits; the program reading the file has the last word, so they only warn."""
    used = 0
    for i, column in enumerate(table.columns):
        choices = words(column)
        rule: dict[str, Any] | None = None
        if choices:
            lists.write_column(0, used, choices)
            letter = xlsxwriter.utility.xl_col_to_name(used)
            used += 1
            rule = {
                "validate": "list",
                "source": f"={LISTS}!${letter}$1:${letter}${len(choices)}",
                "error_message": f"请从列表中选择：{'、'.join(choices)}"[:220],
            }
        elif column.low is not None and column.high is not None:
            rule = {
                "validate": "integer" if column.kind == "integer" else "decimal",
                "criteria": "between",
                "minimum": column.low,
                "maximum": column.high,
                "error_message": f"应在 {column.low:g} 与 {column.high:g} 之间。",
            }
        if rule is not None:
            sheet.data_validation(1, i, ROWS, i, _told(rule, header(column)))
    if table.geometry == "point":
        for offset, (name, limit) in enumerate(zip(POSITION["point"], (180.0, 90.0), strict=True)):
            i = len(table.columns) + offset
            rule = {
                "validate": "decimal",
                "criteria": "between",
                "minimum": -limit,
                "maximum": limit,
            }
            rule |= {"error_message": "请填十进制度，例如 108.734720。"}
            sheet.data_validation(1, i, ROWS, i, _told(rule, name))


def _told(rule: dict[str, Any], title: str) -> dict[str, Any]:
    return rule | {"error_title": title[:32], "error_type": "warning", "ignore_blank": True}


def _write_explanation(sheet: Any, table: Table, formats: dict[str, Any]) -> None:  # noqa: ANN401
    purpose = _explanations().layers.get(table.name, "")
    sheet.write_string(0, 0, f"{table.zh}：{purpose}" if purpose else table.zh, formats["title"])
    notes = (
        f"在“{table.zh}”工作表自第2行起填写，每行一条；不要改动表头，列的先后可以调整，多余的列不读取。",
        "表头底色为橙色的列必填。其余各列不清楚就留空：留空表示“未知”，不等于0，也不等于“否”。",
        "编号、代码按文本填写，避免末位被改成0。",
    )
    for row, note in enumerate(notes, start=1):
        sheet.write_string(row, 0, note)
    top = len(notes) + 2
    titles = ("列名", "含义", "单位", "必填", "填写内容", "允许值", "示例", "英文列名")
    for i, title in enumerate(titles):
        sheet.write_string(top, i, title, formats["optional"])
    for row, line in enumerate(_lines(table), start=top + 1):
        for i, text in enumerate(line):
            sheet.write_string(row, i, text, formats["cell"])
    for i, width in enumerate((16, 46, 8, 6, 12, 40, 24, 18)):
        sheet.set_column(i, i, width)
    sheet.freeze_panes(top + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def _lines(table: Table) -> list[Sequence[str]]:
    lines: list[Sequence[str]] = []
    for column in table.columns:
        explanation = explain(table, column)
        lines.append(
            (
                header(column),
                explanation.zh,
                _UNIT_ZH.get(column.unit, column.unit),
                "是" if column.required else "否",
                _KIND_ZH[column.kind],
                _allowed(column),
                explanation.example,
                column.name,
            )
        )
    for name in POSITION.get(table.geometry, ()):
        meaning, example = _POSITION_ROWS[name]
        unit = "°" if table.geometry == "point" else ""
        example = example or _WKT_EXAMPLE.get(table.geometry, "")
        kind = "数字" if table.geometry == "point" else "文本"
        english = {"经度（°）": "lon", "纬度（°）": "lat"}.get(name, "wkt")
        lines.append((name, meaning, unit, "是", kind, "", example, english))
    return lines


def _allowed(column: Column) -> str:
    choices = words(column)
    if choices:
        return "、".join(choices)
    if column.low is not None and column.high is not None:
        return f"{column.low:g} ～ {column.high:g}"
    return ""
