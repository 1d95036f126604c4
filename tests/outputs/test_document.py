"""The layout plan read back: its totals are those of the tables, and what is missing is told."""

from __future__ import annotations

import dataclasses
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

from siteplan.backhaul.rooms import plan_rooms
from siteplan.errors import InputError
from siteplan.outputs import frames, monitoring, report
from siteplan.outputs.blocks import Table
from siteplan.outputs.chapters.report import gather
from siteplan.outputs.document import layout_plan_blocks, read_comments, write_layout_plan
from siteplan.outputs.options import OutputOptions, Supplements
from siteplan.outputs.paper_tables import column_widths

PROMISED = os.environ.get("CI", "").lower() == "true"
LACK = "【待补充】"


def text_of(document):
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def tables_of(document):
    """Tables of a document as frames, by what they say of themselves to readers who cannot see."""
    found = {}
    for table in document.tables:
        (caption,) = table._tbl.xpath("./w:tblPr/w:tblDescription/@w:val")
        header, *rows = [[cell.text for cell in row.cells] for row in table.rows]
        names = [text.replace("\n", "") for text in header]
        found[caption] = pd.DataFrame(rows, columns=names)
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

    def test_totals_of_gaps_and_of_what_stands_are_those_of_the_plan(self, small_plan, read):
        tables = tables_of(read)
        gaps = small_plan.gaps_today
        total = tables["覆盖空白按成因统计（不实施规划）"].iloc[-1]
        assert int(total["空白（处）"]) == len(gaps)
        for header, unit, step in (("面积（km²）", "m2", 1e6), ("长度（km）", "m", 1e3)):
            found = gaps.loc[gaps["unit"] == unit, "size"].sum() / step
            assert float(total[header].replace("—", "0")) == pytest.approx(found, abs=0.006)
        sites = small_plan.region.sites
        total = tables["现有站址与备选位置"].iloc[-1]
        assert int(total["现有站址（处）"]) == (sites["status"] == "existing").sum()
        assert int(total["备选位置（处）"]) == (sites["status"] == "candidate").sum()
        total = tables["新增基站分年度、运营商和制式"].iloc[-1]
        assert int(total["基站（个）"]) == len(small_plan.planned_stations)

    def test_load_is_that_of_the_power_stage(self, small_plan, read):
        table = tables_of(read)["用电负荷测算"]
        years = small_plan.backhaul.power.years
        assert table["年份"].astype(int).to_list() == [int(year) for year in years.index]
        shown = table["负荷（kW）"].astype(float)
        assert shown.to_numpy() == pytest.approx(years["typical_kw"].to_numpy(), abs=0.06)

    def test_people_roads_and_chances_are_those_of_the_plan(self, small_plan, read):
        tables = tables_of(read)
        people = small_plan.people_plan
        people = people[people["scope"].eq("")].set_index(["technology", "year"])
        shown = tables["人口覆盖率"]
        assert len(shown) == len(people)
        for _, row in shown.iterrows():
            expected = people.loc[(row["制式"], int(row["年份"]))]
            assert int(row["规划后覆盖（人）"]) == expected["covered"]
            assert int(row["人口（人）"]) == expected["people"]
        *_, total = tables["考核道路分等级覆盖"].to_numpy()
        roads = small_plan.planned.roads
        roads = roads[roads["year"] == small_plan.years[-1]]
        assert int(total[2]) == len(roads)
        assert float(total[3]) == pytest.approx(roads["length_km"].sum(), abs=0.06)
        assert float(total[5]) == pytest.approx(roads["covered_km"].sum(), abs=0.06)
        chances = small_plan.chances_plan.set_index(["rule_id", "year"])["probability"]
        for _, row in tables.get("各目标达标的把握", pd.DataFrame()).iterrows():
            if row["规划后"] != "未知":
                expected = chances[row["编号"], int(row["年份"].replace("长期", "2022"))]
                assert float(row["规划后"].rstrip("%")) == pytest.approx(100.0 * expected, abs=0.06)

    def test_rooms_are_told_when_there_are_some(self, small_plan, tmp_path):
        stations = pd.concat([small_plan.today_stations, small_plan.planned_stations])
        rooms = plan_rooms(small_plan.region, stations[["site_id", "year"]], rooms=1)
        backhaul = dataclasses.replace(small_plan.backhaul, rooms=rooms)
        write_layout_plan(dataclasses.replace(small_plan, backhaul=backhaul), tmp_path / "r.docx")
        read = docx.Document(str(tmp_path / "r.docx"))
        table = tables_of(read)["汇聚机房"]
        assert len(table) == len(rooms.rooms)
        assert table["接入基站（个）"].astype(int).sum() == rooms.served_stations
        assert f"布置汇聚机房{len(table)}处，接入基站{rooms.served_stations}个" in text_of(read)

    def test_every_list_has_a_row_for_each_thing(self, small_plan, read):
        tables = tables_of(read)
        rules = small_plan.region.document.rules
        for caption in ("规划目标", "现状与目标对照", "现状与规划后对照"):
            assert len(tables[caption]) == len(rules), caption
        assert len(tables["各乡镇目标对照表"]) == len(frames.scope_table(small_plan))
        assert len(tables["输入资料"]) == len(small_plan.region.inputs)
        sites = tables["规划宏基站站址一览表"]["站址编号"].iloc[:-1]
        assert set(sites) <= set(small_plan.planned_stations["site_id"])

    def test_parts_told_in_sentences_make_up_the_whole(self, small_plan, read):
        text = text_of(read)
        sites = len(frames.site_table(small_plan))
        for pattern in (
            r"规划站址(\d+)处中，已通光纤(\d+)处，未通光纤(\d+)处，未知(\d+)处",
            r"规划站址(\d+)处中，直供电(\d+)处，转供电(\d+)处，未知(\d+)处",
        ):
            whole, *parts = map(int, re.search(pattern, text).groups())
            assert whole == sum(parts) == sites
        rules = len(small_plan.region.document.rules)
        for pattern in (r"项目标中现状(.+?)，见", r"规划实施后，\d+项目标中(.+?)，现状"):
            states = re.findall(r"(\d+)项", re.search(pattern, text)[1])
            assert sum(map(int, states)) == rules
        found = re.search(r"未覆盖或未知的对象(\d+)个，其中.+?目标(\d+)个，.+?目标(\d+)个", text)
        whole, strict, measured = map(int, found.groups())
        assert whole == strict + measured == len(monitoring.remaining(small_plan))

    def test_years_told_in_sentences_make_up_the_plan(self, small_plan, read):
        pattern = r"\d+年：新增基站(\d+)个，启用站址(\d+)处，造价([\d.]+)万元"
        years = re.findall(pattern, text_of(read))
        sites = frames.site_table(small_plan)
        assert sum(int(year[0]) for year in years) == len(small_plan.planned_stations)
        assert sum(int(year[1]) for year in years) == len(sites)
        cost = sum(float(year[2]) for year in years)
        assert cost == pytest.approx(sites["cost_cny"].sum() / 1e4, abs=0.02)

    def test_what_keeps_an_item_from_counting_is_told(self, small_plan, read):
        remaining = monitoring.remaining(small_plan).set_index(["rule_id", "item_id"])
        villages = small_plan.region.layers["villages"]["fibre"]
        for (rule, item), row in remaining.iterrows():
            if rule == "S-F":
                has = {True: "yes", False: "no"}.get(villages[item], "blank")
                assert (row["lacking"] == "fibre") == (has == "no")
                assert (row["blank"] == "fibre") == (has == "blank")
        notes = set(tables_of(read)["未达标和未知对象清单"]["说明"])
        assert {"缺：通光纤", "未填写：通光纤"} <= notes

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
        assert not any(
            "一览表" in caption for caption in numbers
        )  # annexes have numbers of their own

    def test_nothing_english_is_left_but_names(self, read):
        cells = {
            cell
            for caption, table in tables_of(read).items()
            for cell in table.to_numpy().ravel()
            if caption != "输入资料"
        }
        for text in [*(p.text for p in read.paragraphs), *cells]:
            assert not re.search(r"\b[a-z]{3,} [a-z]{3,} [a-z]{3,}", text), text

    def test_short_tables_stay_together(self, read):
        for table in read.tables:
            *rows, last = table.rows
            kept = [row._tr.xpath("boolean(.//w:keepNext)") for row in (*rows, last)]
            assert kept[0]
            assert not kept[-1]
            letters = max(len(cell.text) for row in rows for cell in row.cells)
            if len(rows) <= 8 and letters <= 6:
                assert all(kept[:-1])
            if len(rows) > 40:
                assert not all(kept[:-1])  # no page is so high

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
        tables = tables_of(docx.Document(str(tmp_path / "en.docx")))
        for fact in tables["Figures, assumptions and sources"].to_numpy():
            named = fact[0] == "Out of reach of the candidates"
            assert named or not re.search("[\u4e00-\u9fff]", "".join(fact[[0, 1, 3, 5]])), fact

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


def test_no_column_is_narrower_than_its_words():
    """Words of a Latin header, and states in Chinese, stand on one line each."""
    table = Table(
        name="t",
        caption="",
        header=("Id", "Target", "Required", "规划后判定"),
        rows=(("HKI-STREET-2025", "a long text that goes on and on " * 9, "98%", "未达标"),),
        align=("left", "left", "right", "centre"),
    )
    widths = column_widths(table, 150.0, 10.0)
    assert sum(widths) == pytest.approx(150.0)
    em_mm = 10.0 * 25.4 / 72.0
    for width, letters, em in zip(widths, (15, 0, 8, 3), (0.6, 0.5, 0.5, 1.0), strict=True):
        assert width > letters * em * em_mm
    assert max(widths) == widths[1]


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
