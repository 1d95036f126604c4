"""One language at a time: what is printed is in the reader's language, but for what the planner gave."""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from siteplan.outputs.exports import write_kml
from siteplan.outputs.layers import write_plan_gpkg
from siteplan.outputs.lists import write_sites_xlsx
from siteplan.outputs.map import map_page
from siteplan.outputs.map_data import map_data
from siteplan.outputs.options import OutputOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.plan import Plan

CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
ENGLISH = re.compile(r"[A-Za-z]{3,}")
NAMES = {"RSRP", "SINR", "dBm", "dBi", "MHz", "siteplan", "Leaflet", "BSD", "Clause"}
"""Words that Chinese papers write in Latin letters."""
CREDIT = "© OpenStreetMap contributors (ODbL)"
"""The words that the licence asks for."""


def texts_of(value: Any) -> Iterator[str]:
    """Every string of a JSON value that is no key."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_of(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_of(part)


def given(plan: Plan) -> list[str]:
    """Texts that the planner gave, the longest first."""
    region = plan.region
    frames = [*region.layers.values(), region.sites, plan.today_stations, plan.planned_stations]
    found = {
        str(value)
        for frame in frames
        for name in frame.columns.drop("geometry", errors="ignore")
        if frame[name].dtype == object or str(frame[name].dtype).startswith("str")
        for value in frame[name].dropna().unique()
    }
    document = region.document
    found |= {document.title, document.issuer, region.scenario.region.name}
    return sorted((text for text in found if CHINESE.search(text)), key=len, reverse=True)


def left_in(text: str, ours: list[str]) -> str:
    """Text without what the planner gave."""
    for part in ours:
        text = text.replace(part, "")
    return text


def assets(language: str) -> dict[str, Any]:
    folder = files("siteplan.outputs") / "assets"
    lists = tomllib.loads((folder / f"lists_{language}.toml").read_text("utf-8"))
    return lists | {"map": json.loads((folder / f"map_{language}.json").read_text("utf-8"))}


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


def test_both_languages_have_the_same_words_and_places():
    zh, en = assets("zh"), assets("en")
    assert {group: words.keys() for group, words in zh.items()} == {
        group: words.keys() for group, words in en.items()
    }
    for group, words in zh.items():
        for key, text in words.items():
            assert places(text) == places(en[group][key]), (group, key)


def test_no_two_sheets_or_headers_of_a_language_share_a_name():
    for language in ("zh", "en"):
        names = list(assets(language)["workbook"].values())
        assert len(set(names)) == len(names)
        assert all(len(name) <= 31 for name in names)  # what a workbook takes


@pytest.mark.parametrize("group", assets("en"))
def test_the_words_of_each_language_are_of_that_language(group):
    for text in assets("en")[group].values():
        assert not CHINESE.search(text), text
    for text in assets("zh")[group].values():
        plain = re.sub(r"\{\w+\}", "", text).replace(CREDIT, "")
        assert {*ENGLISH.findall(plain)} <= NAMES, text


def test_an_english_map_has_no_chinese_but_the_planners(small_plan):
    page = map_page(small_plan, options=OutputOptions(language="en"))
    assert '<html lang="en">' in page
    ours = given(small_plan)
    assert ours
    for text in texts_of(map_data(small_plan, language="en")):
        assert not CHINESE.search(left_in(text, ours)), text
    scripts = page.replace(page[page.index("siteplan-data") : page.index("</script>")], "")
    shown = re.sub(r"/\*.*?\*/|//[^\n]*", "", scripts, flags=re.DOTALL)
    shown = re.sub(r"<title>.*?</title>", "", shown)
    assert not CHINESE.search(shown)


def test_a_chinese_map_has_no_word_of_ours_in_english(small_plan):
    data = map_data(small_plan)
    assert '<html lang="zh-CN">' in map_page(small_plan)
    fields = [table["fields"] for table in data["tables"].values()]
    labels = [field["label"] for part in fields for field in part]
    assert len(labels) > 20
    known = [*labels, *data["states"].values(), *data["kinds"].values()]
    known += [text for text, _ in data["totals"]] + [d["text"] for d in data["definitions"]]
    for text in known:
        assert CHINESE.search(text), text
        assert {*ENGLISH.findall(text)} <= NAMES, text


def test_an_english_workbook_has_no_chinese_but_the_planners(small_plan, tmp_path):
    write_sites_xlsx(small_plan, tmp_path / "sites.xlsx", language="en")
    ours = given(small_plan)
    sheets = openpyxl.load_workbook(tmp_path / "sites.xlsx", read_only=True)
    assert len(sheets.sheetnames) == len(assets("en")["workbook"])
    cells = 0
    for sheet in sheets:
        assert not CHINESE.search(sheet.title)
        for row in sheet.iter_rows(values_only=True):
            for value in row:
                cells += 1
                assert not CHINESE.search(left_in(str(value), ours)), (sheet.title, value)
    assert cells > 1000


def test_english_layers_have_no_chinese_but_the_planners(small_plan, tmp_path):
    write_plan_gpkg(small_plan, tmp_path / "plan.gpkg", language="en")
    ours = [rule.zh for rule in small_plan.region.document.rules] + given(small_plan)
    database = sqlite3.connect(tmp_path / "plan.gpkg")
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    values = [
        value
        for (table,) in tables
        for row in database.execute(f'SELECT * FROM "{table}"')  # noqa: S608  # our own file
        for value in row
        if isinstance(value, str)
    ]
    assert "planned sites" in values
    assert "Antenna height (m)" in values
    for text in values:
        assert not CHINESE.search(left_in(text, ours)), text
    write_kml(small_plan, tmp_path / "plan.kml", language="en")
    kml = (tmp_path / "plan.kml").read_text(encoding="utf-8")
    assert not CHINESE.search(left_in(kml, ours))
