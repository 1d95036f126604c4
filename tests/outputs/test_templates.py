"""Templates as planners fill them: headers, lists, explanations, and back without loss."""

from __future__ import annotations

import io
import re

import openpyxl
import pandas as pd
import pytest

from siteplan import schema
from siteplan.outputs import templates
from siteplan.region import tables
from siteplan.scenario import LayerSource

CHINESE = re.compile(r"[\u4e00-\u9fff]")
CODE = "152701908000000123"
PLACE = {
    "point": (108.73472, 39.84417, None),
    "line": ("LINESTRING (108.7 39.8, 108.8 39.8)",),
    "polygon": ("POLYGON ((108.7 39.8, 108.8 39.8, 108.8 39.9, 108.7 39.8))",),
    "none": (),
}

LANGUAGES = ("zh", "en")
EXPLANATION, LISTS = "填写说明", "选项"

each_table = pytest.mark.parametrize("table", schema.TABLES.values(), ids=list(schema.TABLES))
each_language = pytest.mark.parametrize("language", LANGUAGES)


def opened(data):
    return openpyxl.load_workbook(io.BytesIO(data))


def value(column, row, language="zh"):
    """Value that a planner might write, another for each row."""
    words = templates.words(column, language=language)
    if words:
        return words[row % len(words)]
    if column.kind in {"number", "integer"}:
        low, high = column.low or 0.0, min(column.high or 1e3, 1e4)
        number = low + (high - low) * (0.125 + 0.25 * row)
        return int(number) if column.kind == "integer" else number
    return [CODE, "塔=1+1 <b>锡尼镇</b>", "站，“东”\n街"][row] + ("" if row == 0 else f" {row}")


def filled(table, language="zh"):
    """Fill a template with three rows."""
    book = opened(templates.template(table, language=language))
    sheet = book[templates.sheet_name(table, language=language)]
    for row in range(3):
        cells = [value(column, row, language) for column in table.columns]
        for i, cell in enumerate([*cells, *PLACE[table.geometry]], start=1):
            target = sheet.cell(row + 2, i)
            target.value = cell
            if isinstance(cell, str):
                target.data_type = "s"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@each_table
def test_headers_name_each_column_once_and_the_position(table):
    names = [cell.value for cell in opened(templates.template(table))[table.zh][1]]
    assert names == list(templates.headers(table))
    assert len(set(names)) == len(names)
    for column, name in zip(table.columns, names, strict=False):
        assert name.startswith(column.zh)
        assert bool(column.unit) == name.endswith("）")
        assert CHINESE.search(name) or name.startswith("RSRP")


@each_table
def test_every_column_is_explained_in_chinese_with_an_example_that_is_allowed(table):
    sheet = opened(templates.template(table))[EXPLANATION]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    top = next(i for i, row in enumerate(rows) if row[0] == "列名")
    lines = {row[7]: dict(zip(rows[top], row, strict=True)) for row in rows[top + 1 :]}
    for column in table.columns:
        line = lines[column.name]
        assert line["列名"] == templates.header(column)
        assert CHINESE.search(line["含义"]), f"{table.name}.{column.name} in templates.toml"
        assert line["必填"] == ("是" if column.required else "否")
        words = templates.words(column)
        assert (line["允许值"] or "").split("、") == list(words) or not words
        if words:
            assert line["示例"] in words
        elif column.kind in {"number", "integer"}:
            low = -1e9 if column.low is None else column.low
            assert low <= float(line["示例"]) <= (1e9 if column.high is None else column.high)
    assert CHINESE.search(rows[0][0])


@each_table
def test_class_columns_have_lists_and_numbers_limits(table):
    book = opened(templates.template(table))
    rules = {}
    for rule in book[table.zh].data_validations.dataValidation:
        for area in rule.sqref.ranges:
            assert (area.min_row, area.max_row) == (2, templates.ROWS + 1)
            rules[area.min_col] = rule
    for i, column in enumerate(table.columns, start=1):
        words = templates.words(column)
        if words:
            letter = re.search(r"\$([A-Z]+)\$1", rules[i].formula1)[1]
            cells = [cell.value for cell in book[LISTS][letter][: len(words)]]
            assert cells == list(words)
        elif column.low is not None and column.high is not None:
            assert float(rules[i].formula1) == column.low
            assert float(rules[i].formula2) == column.high
        else:
            assert i not in rules
    if table.geometry == "point":
        assert LISTS in rules[len(table.columns) + 3].formula1  # systems of the rows
    assert book[LISTS].sheet_state == "hidden"


@each_table
def test_codes_stay_text(table):
    sheet = opened(templates.template(table))[table.zh]
    for i, column in enumerate(table.columns):
        if column.kind == "text":
            letter = openpyxl.utils.get_column_letter(i + 1)
            group = next(d for d in sheet.column_dimensions.values() if d.min <= i + 1 <= d.max)
            assert group.number_format == "@", letter


@each_table
def test_a_filled_template_holds_what_was_written(table):
    frame = pd.read_excel(io.BytesIO(filled(table)), sheet_name=table.zh, dtype=object)
    assert list(frame.columns) == list(templates.headers(table))
    for column in table.columns:
        expected = [value(column, row) for row in range(3)]
        assert frame[templates.header(column)].tolist() == expected


@each_language
@each_table
def test_a_filled_template_reads_back_without_loss(table, language, tmp_path):
    (tmp_path / "t.xlsx").write_bytes(filled(table, language))
    crs = None if table.geometry == "none" else "EPSG:4490"
    sheet = templates.sheet_name(table, language=language)
    frame = tables.read_table(tmp_path, table, LayerSource(path="t.xlsx", layer=sheet, crs=crs))
    for column in table.columns:
        expected = [value(column, row, language) for row in range(3)]
        words = templates.words(column, language=language)
        if column.kind == "flag":
            expected = [word == words[0] for word in expected]
        elif column.choices:
            expected = [column.choices[words.index(word)] for word in expected]
        assert frame[column.name].tolist() == expected
    if table.geometry == "point":
        assert frame.geometry.x.tolist() == pytest.approx([PLACE["point"][0]] * 3)
    assert len(frame) == 3
    assert frame.attrs["unread"] == ()


@each_table
def test_an_english_template_holds_no_chinese_but_in_meanings(table):
    book = opened(templates.template(table, language="en"))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                meaning = sheet.title == "explanation" and cell.column == 2
                assert meaning or not CHINESE.search(str(cell.value)), cell.coordinate


def test_a_row_may_say_its_own_system(tmp_path):
    table = schema.TABLES["poles"]
    book = opened(filled(table))
    headers = list(templates.headers(table))
    book[table.zh].cell(3, headers.index("坐标系") + 1).value = "GCJ02"
    book.save(tmp_path / "t.xlsx")
    source = LayerSource(path="t.xlsx", layer=table.zh, crs="EPSG:4490")
    moved = tables.read_table(tmp_path, table, source).geometry.x - PLACE["point"][0]
    assert (abs(moved) > 1e-3).tolist() == [False, True, False]


@each_table
def test_the_same_table_gives_the_same_bytes(table):
    assert templates.template(table) == templates.template(table)
