"""The layout plan read back: its totals are those of the tables, and what is missing is told."""

from __future__ import annotations

import os
import re
import shutil
import string
import subprocess
import tomllib
from importlib.resources import files

import docx
import numpy as np
import pandas as pd
import pytest

from siteplan.errors import InputError
from siteplan.outputs import frames, report
from siteplan.outputs.blocks import Table
from siteplan.outputs.chapters.report import gather
from siteplan.outputs.document import layout_plan_blocks, read_comments, write_layout_plan
from siteplan.outputs.options import OutputOptions, Supplements
from siteplan.outputs.paper import column_widths

PROMISED = os.environ.get("CI", "").lower() == "true"
LACK = "【待补充】"


def text_of(document):
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def tables_of(document):
    """Tables of a document as frames, under their captions."""
    found = {}
    captions = [p.text for p in document.paragraphs if p.style.name == "Plan caption" and p.text]
    captions = [text.split("\u3000", 1)[1] for text in captions if text.startswith("表")]
    for caption, table in zip(captions, document.tables, strict=True):
        header, *rows = [[cell.text for cell in row.cells] for row in table.rows]
        found[caption] = pd.DataFrame(rows, columns=header)
    return found


@pytest.fixture(scope="module")
def path(small_plan, tmp_path_factory):
    target = tmp_path_factory.mktemp("document") / "layout_plan.docx"
    write_layout_plan(small_plan, target)
    return target


@pytest.fixture(scope="module")
def read(path):
    return docx.Document(str(path))


class TestTotals:
    def test_every_total_row_adds_up_its_column(self, read):
        checked = 0
        for caption, table in tables_of(read).items():
            if not len(table) or table.iloc[-1, 0] != "合计":
                continue
            *rows, total = table.to_numpy()
            for i, cell in enumerate(total[1:], start=1):
                if cell in {"", "—"}:
                    continue
                values = [float(row[i]) for row in rows if row[i] != "—"]
                step = 0.011 if "." in cell else 0.0
                assert abs(sum(values) - float(cell)) <= step * len(rows) + 1e-9, caption
                checked += 1
        assert checked >= 15

    def test_totals_are_those_of_the_shared_tables(self, small_plan, read):
        tables = tables_of(read)
        sites = frames.site_table(small_plan)
        cost = f"{sites['cost_cny'].sum() / 1e4:.2f}"
        stations = str(len(small_plan.planned_stations))
        for caption in (
            "规划站址按利用方式",
            "规划站址分乡镇",
            "分年度建设规模",
            "分乡镇、分年度建设规模",
        ):
            total = tables[caption].iloc[-1].to_list()
            assert total[-3:] == [str(len(sites)), stations, cost], caption
        assert tables["投资估算"].iloc[-1, -1] == cost
        macro, micro = tables["规划宏基站站址一览表"], tables["规划微基站分乡镇数量表"]
        assert int(macro["基站"].iloc[-1]) + int(micro["基站（个）"].iloc[-1]) == int(stations)
        assert tables["在网基站"]["基站（个）"].iloc[-1] == str(len(small_plan.today_stations))

    def test_sentences_tell_the_totals(self, small_plan, read):
        text = text_of(read)
        sites = frames.site_table(small_plan)
        assert f"规划新增基站{len(small_plan.planned_stations)}个，启用站址{len(sites)}处" in text
        assert f"规划期总造价{sites['cost_cny'].sum() / 1e4:.2f}万元" in text
        gaps = len(small_plan.gaps_today)
        assert f"共有覆盖空白{gaps}处" in text

    def test_targets_are_those_of_the_rule_table(self, small_plan, read):
        rules = frames.rule_table(small_plan)
        table = tables_of(read)["现状与规划后对照"].set_index("编号")
        assert list(table.index) == list(rules.index)
        for name, rule in rules.iterrows():
            if rule["unit"] == "share" and not np.isnan(rule["plan"]):
                shown = float(table.loc[name, "规划后值"].rstrip("%")) / 100.0
                assert shown == pytest.approx(rule["plan"], abs=0.0006)

    def test_investment_splits_without_loss(self, small_plan):
        money = report.investment(small_plan)
        parts = money["structure_cny"] + money["equipment_cny"]
        assert np.allclose(parts, money["cost_cny"])
        assert (money[["structure_cny", "equipment_cny"]] >= 0.0).all().all()
        assert money["sites"].sum() == len(frames.site_table(small_plan))


class TestText:
    def test_what_is_missing_is_told(self, read):
        lacking = [p.text for p in read.paragraphs if p.text.startswith(LACK)]
        for word in ("业务量", "机房", "限制区", "任务分工"):
            assert any(word in text for text in lacking), word

    def test_no_place_stays_unfilled(self, read):
        text = text_of(read) + "".join(
            cell for table in tables_of(read).values() for cell in table.to_numpy().ravel()
        )
        assert not re.search(r"[{}\ue000\ue001]|\bnan\b|<NA>|None", text)

    def test_references_name_the_right_tables(self, read):
        captions = [p.text for p in read.paragraphs if p.style.name == "Plan caption" and p.text]
        numbers = {text.split("\u3000")[1]: text.split("\u3000")[0] for text in captions}
        text = text_of(read)
        assert f"按{numbers['覆盖口径']}的口径判定" in text
        assert f"现状与规划后对照见{numbers['现状与规划后对照']}" in text

    def test_contents_list_every_heading(self, read):
        headings = [p.text for p in read.paragraphs if p.style.name.startswith("Heading")]
        entries = [
            ("".join(p._p.xpath(".//w:t/text()")), "".join(p._p.xpath(".//w:instrText/text()")))
            for p in read.paragraphs
            if p.style.name.startswith("Plan contents")
        ]
        assert [text for text, _ in entries] == headings
        assert all("PAGEREF" in field for _, field in entries)
        assert headings[0] == "第一章\u3000总则"

    def test_pages_are_those_of_official_papers(self, read):
        section = read.sections[1]
        assert section.page_width.mm == pytest.approx(210.0, abs=0.1)
        margins = (
            section.top_margin,
            section.right_margin,
            section.bottom_margin,
            section.left_margin,
        )
        assert [margin.mm for margin in margins] == pytest.approx([37, 26, 35, 28], abs=0.1)
        assert read.styles["Normal"].font.size.pt == 16.0

    @pytest.mark.parametrize(
        ("edition", "shown"),
        [("consultation", "征求意见稿"), ("review", "评审稿"), ("approval", "报批稿")],
    )
    def test_editions(self, small_plan, tmp_path, edition, shown):
        write_layout_plan(small_plan, tmp_path / "a.docx", options=OutputOptions(edition=edition))
        assert f"（{shown}）" in text_of(docx.Document(str(tmp_path / "a.docx")))

    def test_the_same_plan_gives_the_same_bytes(self, small_plan, path, tmp_path):
        write_layout_plan(small_plan, tmp_path / "again.docx")
        assert (tmp_path / "again.docx").read_bytes() == path.read_bytes()

    def test_hostile_names_are_text(self, hostile_plan, tmp_path):
        write_layout_plan(hostile_plan, tmp_path / "h.docx")
        book = tables_of(docx.Document(str(tmp_path / "h.docx")))
        names = set(book["规划宏基站站址一览表"]["站址名称"])
        assert any("<script>" in name or "cmd|" in name or "quoted" in name for name in names)

    def test_english(self, small_plan, tmp_path):
        write_layout_plan(small_plan, tmp_path / "en.docx", options=OutputOptions(language="en"))
        text = text_of(docx.Document(str(tmp_path / "en.docx")))
        stations = len(small_plan.planned_stations)
        sites = small_plan.planned_stations["site_id"].nunique()
        assert f"The plan adds {stations} stations and uses {sites} sites" in text
        assert "[To be supplied]" in text

    def test_a_template_keeps_its_own_pages_and_styles(self, small_plan, tmp_path):
        template = docx.Document()
        template.add_paragraph("某局公文用纸")
        template.sections[0].header.paragraphs[0].text = "某局"
        template.save(str(tmp_path / "t.docx"))
        options = OutputOptions(template=tmp_path / "t.docx")
        write_layout_plan(small_plan, tmp_path / "out.docx", options=options)
        read = docx.Document(str(tmp_path / "out.docx"))
        assert read.paragraphs[0].text == "某局公文用纸"
        assert read.sections[0].header.paragraphs[0].text == "某局"


class TestSupplements:
    def test_frames_of_other_stages_become_tables(self, small_plan):
        supplements = Supplements(
            power=pd.DataFrame(
                [[2022, 3, 11.4, ""]], columns=["year", "stations", "load_kw", "note"]
            ),
            backhaul=pd.DataFrame(
                [[2022, 2, 3.2, 64_000.0, ""]],
                columns=["year", "sites", "fibre_km", "cost_cny", "note"],
            ),
        )
        made = gather(small_plan, options=OutputOptions(), supplements=supplements)
        tables = {block.name for block in layout_plan_blocks(made) if isinstance(block, Table)}
        assert {"load", "backhaul"} <= tables

    def test_screening_is_that_of_all_stations_on_the_planned_sites(self, small_plan, read):
        table = tables_of(read)["电磁环境筛查"]
        sites = small_plan.planned_stations["site_id"].unique()
        today = small_plan.today_stations["site_id"].isin(sites).sum()
        assert table["基站（个）"].astype(int).sum() == len(small_plan.planned_stations) + today
        assert (table["筛查距离（m）"].astype(float) > 0.0).all()
        assert table["限值（W/m²）"].astype(float).between(0.4, 2.0).all()

    def test_comments_are_read_from_both_kinds_of_sheets(self, small_plan, tmp_path):
        rows = pd.DataFrame(
            {
                "提出单位": ["供电公司", "某镇", "空行"],
                "意见": ["核实用电", "增加一处", None],
                "采纳情况": ["采纳", "不采纳", None],
                "说明": ["已核实", None, None],
            }
        )
        rows.to_excel(tmp_path / "c.xlsx", index=False)
        rows.to_csv(tmp_path / "c.csv", index=False, encoding="gb18030")
        read = read_comments(tmp_path / "c.xlsx")
        assert read == read_comments(tmp_path / "c.csv")
        assert read[1] == ("2", "某镇", "增加一处", "不采纳", "")
        options = OutputOptions(comments=tmp_path / "c.xlsx")
        write_layout_plan(small_plan, tmp_path / "a.docx", options=options)
        document = docx.Document(str(tmp_path / "a.docx"))
        assert len(tables_of(document)["意见和采纳情况一览表"]) == 2
        assert "共2条" in text_of(document)

    def test_a_sheet_without_its_columns_is_refused_with_all_of_them(self, tmp_path):
        (tmp_path / "c.csv").write_text("a,b\n1,2\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"(?s)4 faults.*提出单位.*意见.*采纳情况.*说明"):
            read_comments(tmp_path / "c.csv")

    def test_a_sheet_of_garbage_is_refused(self, tmp_path):
        (tmp_path / "c.xlsx").write_bytes(b"\x00garbage")
        with pytest.raises(InputError, match="cannot be read"):
            read_comments(tmp_path / "c.xlsx")


class TestOptions:
    def test_all_faults_are_told_at_once(self, tmp_path):
        with pytest.raises(InputError, match=r"(?s)4 faults.*fr.*draft.*maps.*missing\.docx"):
            OutputOptions(
                language="fr",
                edition="draft",
                formats=("maps",),
                template=tmp_path / "missing.docx",
            )


def words_of(language):
    text = (files("siteplan.outputs") / "assets" / f"document_{language}.toml").read_text("utf-8")

    def flat(table, prefix=""):
        for key, value in table.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}.")
            else:
                yield prefix + key, value

    return dict(flat(tomllib.loads(text)))


def test_both_languages_have_the_same_keys_places_and_columns():
    zh, en = words_of("zh"), words_of("en")
    assert set(zh) == set(en)
    for key, text in zh.items():
        if isinstance(text, list):
            assert len(text) == len(en[key]), key
        else:
            places = [
                sorted(name for _, name, _, _ in string.Formatter().parse(words) if name)
                for words in (text, en[key])
            ]
            assert places[0] == places[1], key


def test_columns_share_the_page():
    table = Table(
        name="t",
        caption="",
        header=("年份", "内容"),
        rows=(("2020", "很长的内容" * 30), ("2021", "短")),
        align=("left", "left"),
    )
    narrow, wide = column_widths(table, 150.0, 10.0)
    assert narrow + wide == pytest.approx(150.0)
    assert 8.0 < narrow < 40.0 < wide


@pytest.mark.slow
def test_opens_in_libreoffice(path, tmp_path):
    office = shutil.which("soffice")
    if office is None:
        assert not PROMISED, "libreoffice-writer must be installed"
        pytest.skip("needs LibreOffice")
    command = [office, "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    assert (tmp_path / "layout_plan.pdf").stat().st_size > 20_000
