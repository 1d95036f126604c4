"""Two plans of one region compared from their files, one for less than the other."""

from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from siteplan.cli import main
from siteplan.outputs import compare_plans, read_plan, write_plan_json, write_revision
from siteplan.outputs.revision import revision_text
from siteplan.outputs.translation import HAN
from siteplan.targets import MET, NOT_MET


@pytest.fixture(scope="module")
def files(small_plan, tmp_path_factory):
    """Write the plan as the new one, and as the old one the same region with nothing built."""
    folder = tmp_path_factory.mktemp("revision")
    nothing = replace(
        small_plan,
        planned=small_plan.today,
        chances_plan=small_plan.chances_today,
        planned_stations=small_plan.planned_stations.iloc[:0],
        selection=replace(
            small_plan.selection, stations=small_plan.selection.stations.iloc[:0], serving={}
        ),
    )
    for name, plan in (("old", nothing), ("new", small_plan)):
        (folder / name).mkdir()
        write_plan_json(plan, folder / name / "plan.json")
    return folder


@pytest.fixture(scope="module")
def revision(files):
    return compare_plans(read_plan(files / "old"), read_plan(files / "new"))


def test_values_and_states_of_the_rules(small_plan, revision):
    rules = revision.rules.set_index(["rule_id", "year"])
    assert len(rules) == len(small_plan.region.document.rules) * len(small_plan.years)
    for (rule, year), row in rules.iterrows():
        before = small_plan.today.region_result(rule, year)
        after = small_plan.planned.region_result(rule, year)
        assert row["state_before"] == before["state"]
        assert row["state_after"] == after["state"]
        assert row["difference"] == pytest.approx(after["value"] - before["value"], nan_ok=True)
    assert {(NOT_MET, MET)} <= set(zip(rules["state_before"], rules["state_after"], strict=True))


def test_items_gained_are_those_of_the_evaluations(small_plan, revision):
    assert set(revision.items["change"]) == {"gained"}
    total = 0
    for rule in small_plan.region.document.rules:
        if rule.kind == "coverage":
            year = rule.year or small_plan.years[-1]
            before = small_plan.today.region_result(rule.id, year)["items_covered"]
            total += small_plan.planned.region_result(rule.id, year)["items_covered"] - before
    assert len(revision.items) == total > 0


def test_sites_of_the_new_plan_are_added(small_plan, revision, files):
    assert set(revision.sites["change"]) == {"added"}
    assert sorted(revision.sites["site_id"]) == sorted(
        small_plan.planned_stations["site_id"].unique()
    )
    back = compare_plans(read_plan(files / "new"), read_plan(files / "old"))
    assert set(back.sites["change"]) == {"dropped"}
    assert set(back.items["change"]) == {"lost"}
    assert sorted(back.items["item_id"]) == sorted(revision.items["item_id"])


def test_a_plan_does_not_differ_from_itself(files, tmp_path):
    new = read_plan(files / "new")
    same = compare_plans(new, new)
    assert same.sites.empty
    assert same.items.empty
    write_revision(same, tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert [sheet.max_row for sheet in book] == [1, 1, 1]


@pytest.mark.parametrize(
    ("language", "sheets", "word"),
    [
        ("zh", ["目标变化", "对象变化", "站址变化"], "新增达标"),
        ("en", ["Targets that change", "Items that change", "Sites that change"], "newly covered"),
    ],
)
def test_the_command_prints_and_writes(files, tmp_path, capsys, language, sheets, word):
    out = tmp_path / "changes.xlsx"
    command = ["compare", str(files / "old"), str(files / "new"), "--out", str(out)]
    assert main([*command, "--language", language]) == 0
    told = capsys.readouterr().out
    assert word in told
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == sheets
    rules = book[sheets[0]]
    text = "行政村" if language == "zh" else "villages"
    assert any(text in str(row[1]) for row in rules.iter_rows(values_only=True))
    assert main([*command, "--language", language]) == 2
    assert "it exists already" in capsys.readouterr().err


def test_english_has_no_chinese_but_names(files):
    revision = compare_plans(read_plan(files / "old"), read_plan(files / "new"))
    text = revision_text(revision, language="en")
    names = [*revision.items["name"], *revision.items["township_name"], *revision.sites["name"]]
    for name in sorted({str(name) for name in names if not pd.isna(name)}, key=len, reverse=True):
        text = text.replace(name, "")
    assert not HAN.findall(text)
