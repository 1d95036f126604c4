"""Reasons of the plan: every station and every candidate has one, and the public edition keeps to its own."""

from __future__ import annotations

import json

import numpy as np
import openpyxl
import pytest

from siteplan import catalog
from siteplan.outputs import reasons
from siteplan.outputs.lists import write_sites_xlsx
from siteplan.outputs.plan_json import write_plan_json
from siteplan.outputs.public import public_plan
from siteplan.outputs.words import Words


def test_every_station_and_every_candidate_is_told_once(small_plan):
    chosen = reasons.chosen_stations(small_plan)
    rejected = reasons.rejected_stations(small_plan)
    assert sorted(chosen["station_id"]) == sorted(small_plan.planned_stations.index)
    offered = rejected["station_id"].dropna()
    assert not set(offered) & set(chosen["station_id"])
    assert len(offered) + len(chosen) == small_plan.selection.candidates
    assert rejected.loc[rejected["station_id"].isna(), "site_id"].is_unique


def test_a_site_is_closed_or_offers_a_candidate_or_is_full(small_plan):
    offered = set(small_plan.selection.explanation["site_id"])
    closed = set(small_plan.selection.closed.index)
    assert not offered & closed
    stations, kinds = small_plan.region.stations, catalog.structures()
    for site in set(small_plan.region.sites.index) - offered - closed:
        scale = kinds[small_plan.region.sites.loc[site, "kind"]].scale
        fitting = [n for n in small_plan.region.scenario.networks if n.build and getattr(n, scale)]
        mine = stations[stations["site_id"] == site]
        standing = set(zip(mine["operator"], mine["technology"], strict=True))
        assert {(n.operator, n.technology) for n in fitting} <= standing


def test_what_a_station_alone_covers_stands_in_the_line_of_its_site(small_plan):
    alone = small_plan.selection.alone
    assert len(alone)
    assert alone["share"].between(0.0, 1.0 + 1e-9).all()
    lines = reasons.site_lines(small_plan, Words("zh"))
    sites = small_plan.planned_stations["site_id"]
    assert set(lines.index) == set(sites)
    for station, items in alone.groupby("station_id"):
        line = lines.loc[sites.loc[station]]
        large = items[items["share"] > reasons.SMALL]
        told = [name for name in large["name"].fillna(large["item_id"]) if str(name) in line]
        assert len(told) >= min(reasons.NAMED, large["item_id"].nunique())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_lines_are_of_their_language(small_plan, language):
    lines = reasons.site_lines(small_plan, Words(language))
    assert lines.str.len().min() > 0
    # names of villages and sites stay as they are
    words = "缺它则" if language == "zh" else "missed without it"
    assert lines.str.contains(words).any()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_site_left_out_has_a_line(small_plan, language):
    words = Words(language)
    lines = reasons.rejected_lines(small_plan, words)
    rejected = reasons.rejected_stations(small_plan)
    used = set(small_plan.planned_stations["site_id"])
    assert set(lines.index) == set(rejected["site_id"]) - used
    for site_id, rows in rejected.groupby("site_id"):
        for reason in rows["reason"]:
            assert site_id in used or words.verdicts[reason] in lines.loc[site_id]


def test_the_hardest_to_replace_come_first(small_plan):
    table = reasons.chosen_stations(small_plan)
    keys = reasons.key_sites(small_plan, 99)
    assert sorted(keys) == sorted(table["site_id"].unique())
    dear = table.groupby("site_id")["replacement"].max().fillna(-np.inf).loc[keys]
    assert dear.is_monotonic_decreasing


def test_the_public_edition_names_no_candidate_that_was_not_taken(small_plan, tmp_path):
    public = public_plan(small_plan)
    names = set(reasons.rejected_stations(small_plan)["station_id"].dropna())
    assert names
    assert reasons.rejected_stations(public).empty
    write_sites_xlsx(public, tmp_path / "sites.xlsx")
    write_plan_json(public, tmp_path / "plan.json", public=True)
    book = openpyxl.load_workbook(tmp_path / "sites.xlsx")
    assert "未选理由" not in book.sheetnames
    cells = {str(v) for sheet in book for row in sheet.iter_rows(values_only=True) for v in row}
    tables = json.loads((tmp_path / "plan.json").read_bytes())["tables"]
    told = json.dumps(tables, ensure_ascii=False)
    assert not [name for name in names if name in told or any(name in cell for cell in cells)]
