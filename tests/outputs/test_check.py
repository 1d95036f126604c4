"""Faults as planners read them: terminal, page, list; hostile values included."""

from __future__ import annotations

import csv
import io
import re
import sys
import unicodedata
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.cli import FAULTY_INPUT, main
from siteplan.errors import OutputError
from siteplan.outputs import check
from siteplan.region import check as region_check

HOSTILE = [
    '=HYPERLINK("http://evil","x")',
    "<script>alert(1)</script>",
    "\x1b[2J\x1b]0;title\x07",
    "a\u202eb",
    "x" * 100_000,
    "两行\n文字\t，",
    "@SUM(A1)",
    "\ud800",
    "-12.5",
]


def table(rows=1, severity="error", **parts):
    usual = {"layer": "villages.csv", "row": "12", "column": "kind", "value": "'镇'"}
    usual |= {"rule": "unknown class", "remedy": "Use one of: 行政村, 自然村."}
    line = {"severity": severity} | usual | parts
    return pd.DataFrame([line] * rows, columns=list(check.COLUMNS), dtype=object)


def hostile():
    return pd.concat(
        [
            table(layer=text, row=text, column=text, value=text, rule=text, remedy=text)
            for text in HOSTILE
        ],
        ignore_index=True,
    )


class Cells(HTMLParser):
    """Cells, and every tag, of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.rows, self.open = [], [], False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self.open = tag == "td"

    def handle_endtag(self, tag):
        self.open = self.open and tag != "td"

    def handle_data(self, data):
        if self.open:
            self.rows[-1][-1] += data


def places(line):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


@pytest.mark.parametrize("width", [10, 80, 100, 120, 500])
def test_no_line_is_wider_than_the_terminal(width):
    long = table(
        rule="很长的规则说明" * 20, value="值" * 90, layer="一个名字很长的文件.geojson", rows=3
    )
    text = check.fault_text(pd.concat([long, hostile()]), width=width)
    assert max(map(places, text.splitlines())) <= min(max(width, 80), 120)


@pytest.mark.parametrize("width", [80, 93, 120])
def test_nothing_of_a_cell_is_lost_where_it_wraps(width):
    rule = "".join(chr(0x4E00 + i) for i in range(120))
    remedy = " ".join(f"w{i}:" for i in range(40))
    value = "".join(chr(0x5E00 + i) for i in range(60))
    text = check.fault_text(table(rule=rule, remedy=remedy, value=value, row="7"), width=width)
    assert {*rule, *value} <= set(text)
    for word in remedy.split():
        assert word in text


def test_the_terminal_shows_place_value_rule_and_remedy():
    text = check.fault_text(table())
    for word in ("错误", "villages.csv", "第 12 行", "kind", "'镇'", "unknown class", "行政村"):
        assert word in text
    assert text.endswith("错误 1 条，警告 0 条；须改正后才能规划")


def test_errors_come_first_and_the_order_is_kept_else():
    rows = [("warning", "a"), ("error", "b"), ("warning", "c"), ("error", "d")]
    mixed = pd.concat([table(severity=s, layer=name) for s, name in rows], ignore_index=True)
    found = list(csv.DictReader(io.StringIO(check.fault_csv(mixed).decode("utf-8-sig"))))
    assert [row["图层"] for row in found] == ["b", "d", "a", "c"]
    assert check.count_faults(mixed) == (2, 2)


def test_a_known_rule_is_told_in_the_language_asked_for():
    known = table(
        column="height_m",
        rule="out of range",
        value="7 bands",
        remedy="Give a value from 1 to 800 m, or leave it blank.",
    )
    zh = ("错误", "高度 height_m", "超出取值范围", "7个波段", "填1～800 m之间的值，或留空。")
    en = ("error", "height_m", *known[["rule", "value", "remedy"]].iloc[0])
    for language, words, others in (("zh", zh, en[2:]), ("en", en, zh)):
        page = check.fault_html(known, title="x", language=language)
        listed = check.fault_csv(known, language=language).decode("utf-8-sig")
        text = "".join(check.fault_text(known, language=language).split())
        for word in words:
            assert word in page
            assert word in listed
            assert "".join(word.split())[:6] in text
        assert not any(word in page or word in listed for word in others)
    plain = table(layer="村庄 villages (v.csv)", value="", remedy="")
    assert not re.search("[一-鿿]", check.fault_text(plain, language="en"))
    assert not re.search("[一-鿿]", check.fault_html(plain, title="x", language="en"))


@pytest.mark.parametrize(("first", "then"), [("zh", "en"), ("en", "zh")])
def test_a_check_in_one_language_replaces_that_in_the_other(tmp_path, first, then):
    check.write_check(table(), tmp_path, title="x", language=first)
    for path in check.write_check(table(), tmp_path, title="x", language=then):
        assert ("remedy" in path.read_text(encoding="utf-8-sig")) == (then == "en")


def test_nothing_steers_the_terminal():
    text = check.fault_text(hostile())
    assert not any(
        unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in text if char != "\n"
    )


def test_many_faults_are_counted():
    many = table(rows=6000)
    text = check.fault_text(many)
    assert f"另有 {6000 - check.TERMINAL_ROWS} 条" in text
    page = check.fault_html(many, title="旗")
    assert page.count("<tr class") == check.PAGE_ROWS
    assert "另有 1000 条" in page
    assert len(check.fault_csv(many).splitlines()) == 6001


def test_the_list_opens_in_excel_and_holds_no_formula():
    data = check.fault_csv(hostile())
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[0] == list(check.COLUMNS.values())
    assert len(rows) == 1 + len(HOSTILE)
    for row in rows[1:]:
        for cell in row:
            assert not cell.startswith(("=", "@", "+"))
            assert len(cell) <= check.CELL_LIMIT


def test_the_page_is_escaped_and_stands_alone():
    page = check.fault_html(hostile(), title="</title><script>x</script>")
    found = Cells(page)
    assert {tag for tag, _ in found.tags}.isdisjoint({"script", "img", "link", "iframe", "a"})
    for _, attributes in found.tags:
        assert not {"src", "href", "onload", "onclick"} & set(attributes)
    assert "url(" not in page
    assert "http://evil" not in page.replace("&quot;http://evil&quot;", "")
    cells = [row for row in found.rows if row]
    assert len(cells) == len(HOSTILE)
    assert all(len(row) == len(check.COLUMNS) for row in cells)
    assert any("<script>alert(1)</script>" in row for row in cells)
    page.encode()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.text(), min_size=5, max_size=5))
def test_any_text_is_shown_in_its_own_cell(words):
    layer, column, value, rule, remedy = words
    faults = table(layer=layer, column=column, value=value, rule=rule, remedy=remedy)
    page = check.fault_html(faults, title=layer, language="en")
    (row,) = [row for row in Cells(page).rows if row]
    assert row[0] == "error"
    (in_chinese,) = [row for row in Cells(check.fault_html(faults, title=layer)).rows if row]
    assert len(in_chinese) == len(row)
    for shown, word in zip((row[1], row[3], row[4], row[5], row[6]), words, strict=True):
        if word.isprintable() and "&" not in word:
            assert shown == word
    check.fault_text(table(value=value, rule=rule))
    check.fault_csv(table(value=value, rule=rule)).decode("utf-8-sig")


def test_a_folder_without_faults_says_so():
    empty = table().iloc[:0]
    assert check.fault_text(empty) == "未发现问题"
    page = check.fault_html(empty, title="旗")
    assert "未发现问题" in page
    assert "<table>" not in page


def test_missing_values_are_blank():
    blank = table(row=None, column=float("nan"), value=pd.NA)
    (row,) = [row for row in Cells(check.fault_html(blank, title="")).rows if row]
    assert row[2:5] == ["", "", ""]
    assert "nan" not in check.fault_text(blank).lower()


def test_files_of_an_earlier_check_are_replaced_and_no_others(tmp_path):
    check.write_check(table(rows=3), tmp_path, title="旗")
    files = check.write_check(table(), tmp_path, title="旗")
    assert [path.name for path in files] == ["check.html", "check.csv"]
    assert files[0].read_text(encoding="utf-8").count("<tr class") == 1
    files[1].write_text("my notes", encoding="utf-8")
    before = files[0].read_bytes()
    with pytest.raises(OutputError, match=r"check\.csv"):
        check.write_check(table(rows=5), tmp_path, title="旗")
    assert files[1].read_text(encoding="utf-8") == "my notes"
    assert files[0].read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["check.csv", "check.html"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="could not be written"):
        check.write_check(table(), tmp_path / "file" / "out", title="旗")


@pytest.fixture
def checks(monkeypatch):
    """Set what the checks of a region find."""

    def find(faults):
        monkeypatch.setattr(region_check, "check_folder", lambda _: faults)

    return find


@pytest.mark.parametrize(("severity", "code"), [("error", FAULTY_INPUT), ("warning", 0), (None, 0)])
def test_the_command_prints_writes_and_ends_with_a_code(tmp_path, capsys, checks, severity, code):
    checks(table().iloc[:0] if severity is None else table(severity=severity))
    assert main(["check", str(tmp_path)]) == code
    printed = capsys.readouterr().out
    assert ("villages.csv" in printed) == (severity is not None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["check.csv", "check.html"]
    for path in tmp_path.iterdir():
        assert str(path) in printed


def test_the_command_survives_a_terminal_of_another_encoding(tmp_path, checks, monkeypatch):
    checks(table(value="ㅎ👍é"))
    stream = io.TextIOWrapper(io.BytesIO(), encoding="gbk")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["check", str(tmp_path), "--out", str(tmp_path / "out")]) == FAULTY_INPUT
    stream.flush()
    assert "错误" in stream.buffer.getvalue().decode("gbk")


def test_a_small_region_with_faults_is_checked_as_a_whole(small_folder, capsys):
    (small_folder / "villages.csv").unlink()
    sites = small_folder / "sites.csv"
    sites.write_text(sites.read_text(encoding="utf-8").replace("tower", "mast"), encoding="utf-8")
    assert main(["check", str(small_folder)]) == FAULTY_INPUT
    printed = capsys.readouterr().out
    assert "villages.csv" in printed
    assert "mast" in printed


def test_a_missing_folder_is_an_error_and_nothing_is_made(tmp_path, capsys):
    command = ["check", str(tmp_path / "none")]
    assert main([*command, "--language", "en"]) == FAULTY_INPUT
    assert "none: the region folder does not exist" in capsys.readouterr().err
    assert main(command) == FAULTY_INPUT
    assert "none：区域文件夹不存在" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
