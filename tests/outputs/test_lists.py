from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import replace
from zipfile import ZipFile

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteplan.outputs import frames
from siteplan.outputs.assumptions import assumptions
from siteplan.outputs.lists import safe_text, write_sites_csv, write_sites_xlsx
from siteplan.outputs.words import Words
from siteplan.outputs.workbook import CELL_LIMIT
from siteplan.scenario import Backhaul, Costs, Selection, StructureLimits
from siteplan.targets import STATE_ZH
from tests.outputs.conftest import CODE_18, HOSTILE, LONG_NAME

SHEETS = [
    "站址清单",
    "入选理由",
    "未选理由",
    "基站清单",
    "小区清单",
    "分期",
    "乡镇汇总",
    "投资",
    "目标",
    "目标明细",
    "目标进度",
    "未达标清单",
    "覆盖空白",
    "人口覆盖",
    "道路覆盖",
    "室内覆盖",
]
SHEETS += ["假设与来源", "覆盖计算说明", "链路预算"]


@pytest.fixture(scope="module")
def files(small_plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    write_sites_csv(small_plan, folder / "sites.csv")
    write_sites_xlsx(small_plan, folder / "sites.xlsx")
    return folder


@pytest.fixture(scope="module")
def book(files):
    return openpyxl.load_workbook(files / "sites.xlsx")


def table(book, sheet):
    header, *rows = book[sheet].iter_rows(values_only=True)
    return pd.DataFrame(rows, columns=header)


def parsed(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class TestSharedTables:
    def test_stations_are_those_of_today_and_of_the_plan(self, small_plan):
        stations = frames.station_list(small_plan)
        both = [*small_plan.today_stations.index, *small_plan.planned_stations.index]
        assert list(stations.index) == both
        assert list(stations["network"]).count("today") == len(small_plan.today_stations)
        assert pd.isna(stations.loc["a1", "year"])  # on air before the plan, the year is not known
        assert stations.loc["a1", "reuse"] == "existing"

    def test_no_station_today_is_a_count_of_0_and_no_share(self, small_plan):
        scopes = frames.scope_table(small_plan)
        assert scopes.loc[scopes["rule_id"] == "S-N-2022", "today"].eq(0.0).all()
        assert scopes.loc[scopes["rule_id"] == "S-U", "today"].isna().all()

    def test_parts_of_pooled_counts_add_up(self, small_plan):
        scopes = frames.scope_table(small_plan).set_index("rule_id").loc["S-N-2022"]
        total = frames.rule_table(small_plan).loc["S-N-2022", "plan"]
        assert scopes.loc[scopes["scope"].ne(""), "plan"].sum() == total
        assert scopes.loc[scopes["group"].ne(""), "plan"].sum() == total

    def test_without_townships_the_region_is_one(self, small_plan):
        region = small_plan.region
        layers = {name: frame for name, frame in region.layers.items() if name != "townships"}
        sites = region.sites.assign(township=pd.Series(pd.NA, region.sites.index, dtype="string"))
        whole = replace(small_plan, region=replace(region, layers=layers, sites=sites))
        assert set(frames.site_table(whole)["township_name"]) == {"小旗"}
        phases = frames.phase_table(whole)
        assert set(phases["township"]) == {"159999"}
        assert phases["stations"].sum() == len(small_plan.planned_stations)


class TestCsv:
    def test_begins_with_the_mark_that_excel_needs_for_chinese(self, files):
        assert (files / "sites.csv").read_bytes().startswith(b"\xef\xbb\xbf")

    def test_columns_and_rows_are_those_of_the_site_table(self, small_plan, files):
        rows = parsed(files / "sites.csv")
        sites = frames.site_table(small_plan).drop(columns="geometry").reset_index()
        assert list(rows[0]) == list(sites.columns)
        assert [row["site_id"] for row in rows] == list(sites["site_id"])
        assert [float(row["cost_cny"]) for row in rows] == list(sites["cost_cny"])
        assert [int(row["year"]) for row in rows] == list(sites["year"])

    def test_long_codes_keep_every_digit_and_are_quoted(self, files):
        text = (files / "sites.csv").read_text(encoding="utf-8-sig")
        assert f'"{CODE_18}"' in text

    def test_missing_is_blank(self, small_plan, files):
        rows = {row["site_id"]: row for row in parsed(files / "sites.csv")}
        sites = frames.site_table(small_plan)
        for name in ("power", "fibre", "origin"):
            missing = set(sites.index[sites[name].isna()])
            assert missing == {site for site, row in rows.items() if row[name] == ""}
            assert missing

    def test_dangerous_text_is_led_by_an_apostrophe(self, hostile_plan, tmp_path):
        write_sites_csv(hostile_plan, tmp_path / "sites.csv")
        names = {row["site_id"]: row["name"] for row in parsed(tmp_path / "sites.csv")}
        given_names = frames.site_table(hostile_plan)["name"].to_dict()
        assert names["a"] == f"'{given_names['a']}"
        assert names[CODE_18] == given_names[CODE_18]  # markup is no danger here
        for site, name in names.items():
            assert name.removeprefix("'") == given_names[site]

    @pytest.mark.parametrize(
        "start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " ="]
    )
    def test_every_start_of_a_formula_is_dangerous(self, start):
        assert safe_text(f"{start}A1") == f"'{start}A1"
        assert safe_text(f"A1{start}") == f"A1{start}"

    @given(st.text(max_size=20))
    def test_no_text_starts_a_formula_and_none_is_lost(self, text):
        safe = safe_text(text)
        assert safe in {text, f"'{text}"}
        first = unicodedata.normalize("NFKC", safe.lstrip())[:1]
        number = safe.lstrip("+-").replace(".", "", 1).isdecimal()
        assert first not in {"=", "+", "-", "@"} or number

    @given(st.decimals(-(10**9), 10**9, allow_nan=False, places=3))
    def test_numbers_written_as_text_stay_numbers(self, number):
        assert safe_text(str(f"{number:f}")) == f"{number:f}"


class TestWorkbook:
    @pytest.mark.parametrize("sheet", ["分期", "乡镇汇总", "投资"])
    def test_every_sheet_of_sums_adds_up_to_the_plan(self, small_plan, book, sheet):
        header, *rows, total = book[sheet].iter_rows(values_only=True)
        sites = frames.site_table(small_plan)
        expected = {
            "启用站址（处）": len(sites),
            "基站（个）": len(small_plan.planned_stations),
            "造价（元）": sites["cost_cny"].sum(),
        }
        for name, value in expected.items():
            i = header.index(name)
            assert total[i] == value == sum(row[i] for row in rows)

    def test_sheets(self, book):
        assert book.sheetnames == SHEETS

    @pytest.mark.parametrize("sheet", SHEETS)
    def test_header_is_frozen_filtered_and_columns_fit_it(self, book, sheet):
        page = book[sheet]
        assert page.freeze_panes == "B2"
        assert page.auto_filter.ref.startswith("A1:")
        for cell in page[1]:
            width = sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in cell.value)
            shown = [
                part.width
                for part in page.column_dimensions.values()
                if part.min <= cell.column <= part.max  # neighbours of one width are one entry
            ]
            assert shown[0] >= width
            assert cell.font.bold

    @pytest.mark.parametrize("sheet", SHEETS)
    def test_no_formula_no_link_and_every_number_has_a_unit(self, book, sheet):
        page = book[sheet]
        unitless = {"年份", "取值", "要求值", "现状值", "规划后值"} | {
            "现状差额",
            "规划后差额",
        }  # the unit stands beside
        for column in page.iter_cols():
            header, *cells = column
            assert all(cell.data_type in {"s", "n"} and cell.hyperlink is None for cell in cells)
            if any(isinstance(cell.value, int | float) for cell in cells):
                assert "（" in header.value or header.value in unitless

    def test_a_station_of_unknown_age_stood_before_the_plan(self, book):
        stations = table(book, "基站清单").set_index("基站编号")
        assert stations.loc["a1", "年份"] == "规划前"
        assert stations.loc[stations["网络"] == "规划", "年份"].isin([2021, 2022]).all()

    def test_codes_are_text_with_all_digits(self, book):
        cells = [cell for cell in book["站址清单"]["A"] if cell.value == CODE_18]
        assert [(cell.data_type, cell.number_format) for cell in cells] == [("s", "@")]

    def test_missing_words_are_unknown_and_missing_numbers_blank(self, small_plan, book):
        sites = table(book, "站址清单").set_index("站址编号")
        shared = frames.site_table(small_plan)
        for header, name in (("供电方式", "power"), ("通光纤", "fibre")):
            expected = set(shared.index[shared[name].isna()])
            assert set(sites.index[sites[header] == "未知"]) == expected
        gaps = table(book, "覆盖空白")
        assert list(gaps["人口（人）"].isna()) == list(frames.gap_list(small_plan)["people"].isna())

    def test_targets_show_state_value_and_definition_of_every_rule(self, small_plan, book):
        rules = table(book, "目标").set_index("目标编号")
        shared = frames.rule_table(small_plan)
        assert list(rules.index) == list(shared.index)
        assert list(rules["规划后判定"]) == [STATE_ZH[state] for state in shared["state_plan"]]
        pd.testing.assert_series_equal(
            rules["规划后值"].astype(float), shared["plan"], check_names=False
        )
        assert "RSRP" in rules.loc["S-V-2021", "口径定义"]
        assert rules.loc["S-F", "年份"] == "长期"
        assert rules.loc["S-F", "说明"] == "1个不满足：通光纤"

    def test_shares_are_shown_as_percent_and_counts_as_numbers(self, book):
        page = book["目标"]
        column = [cell.value for cell in page[1]].index("规划后值")
        formats = {
            row[0].value: row[column].number_format.removesuffix("_ ")
            for row in page.iter_rows(min_row=2)
        }
        assert formats["S-A-2022"] == "0.00%"
        assert formats["S-N-2022"] == "#,##0"

    def test_total_of_the_phases_lies_outside_the_filter(self, small_plan, book):
        page = book["分期"]
        *rows, total = table(book, "分期").to_dict("records")
        assert total["乡镇"] == "合计"
        assert total["基站（个）"] == sum(row["基站（个）"] for row in rows)
        assert total["基站（个）"] == len(small_plan.planned_stations)
        assert page.auto_filter.ref.endswith(str(page.max_row - 1))

    def test_assumptions_name_source_and_trust_of_every_definition_in_use(self, small_plan, book):
        facts = table(book, "假设与来源")
        definitions = facts[facts["类别"] == "覆盖口径"]
        used = {name for name in frames.rule_table(small_plan)["definition"] if name}
        assert {item.split()[0] for item in definitions["项目"]} == used
        assert definitions[["来源", "日期", "可信度"]].notna().all(axis=None)
        hashes = facts.loc[facts["类别"] == "输入文件", "来源"]
        assert list(hashes) == [f"sha256 {file.sha256}" for file in small_plan.region.inputs]
        assert sum(facts["类别"] == "提示") == len(small_plan.warnings) > 0

    def test_costs_of_the_scenario_replace_those_of_the_catalogue(self, small_plan):
        facts = {
            fact.item: fact for fact in assumptions(small_plan, Words("zh")) if fact.topic == "造价"
        }
        assert facts["启用站址：新建站址"].value == 183_000.0
        assert facts["启用站址：新建站址"].mark == "2"

    def test_hostile_text_is_text_and_the_workbook_opens(self, hostile_plan, tmp_path):
        write_sites_xlsx(hostile_plan, tmp_path / "sites.xlsx")
        hostile = openpyxl.load_workbook(tmp_path / "sites.xlsx")
        names = table(hostile, "站址清单").set_index("站址编号")["名称"].to_dict()
        for site, name in frames.site_table(hostile_plan)["name"].items():
            assert names[site] == name.replace("\r\n", "\n")
        assert any(name in HOSTILE for name in names.values())
        gaps = set(table(hostile, "覆盖空白")["名称"])
        assert any(len(name) == CELL_LIMIT and LONG_NAME.startswith(name[:-1]) for name in gaps)
        for page in hostile:
            for row in page.iter_rows():
                assert all(cell.data_type in {"s", "n"} for cell in row)

    def test_same_plan_gives_the_same_bytes(self, small_plan, files, tmp_path):
        write_sites_xlsx(small_plan, tmp_path / "sites.xlsx")
        write_sites_csv(small_plan, tmp_path / "sites.csv")
        for name in ("sites.xlsx", "sites.csv"):
            assert (tmp_path / name).read_bytes() == (files / name).read_bytes()
        with ZipFile(io.BytesIO((files / "sites.xlsx").read_bytes())) as archive:
            assert {info.date_time[0] for info in archive.infolist()} == {1980}
            properties = archive.read("docProps/core.xml").decode()
        assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", properties)) == {"2000-01-01T00:00:00Z"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_setting_of_the_planner_is_told(small_plan, language):
    """Whatever the scenario says of search, prices and structures stands in the list of assumptions."""
    parts = (Selection, Costs, Backhaul, StructureLimits)
    told_elsewhere = {"objective", "time_limit_s", "gap", "seed"}  # in the topic of the search
    told_elsewhere |= {
        "structure",
        "station",
        "discount_rate",
        "snap_m",
    }  # with the costs they replace
    fields = {name for part in parts for name in part.model_fields} - told_elsewhere
    assert fields == set(Words(language).group("settings"))
    scenario = small_plan.region.scenario
    chosen = scenario.selection.model_copy(update={"spacing_new_m": 500.0, "fixed": ("a", "b")})
    limits = {"lamp_pole": StructureLimits(most_stations=1)}
    changed = scenario.model_copy(update={"selection": chosen, "structures": limits})
    plan = replace(small_plan, region=replace(small_plan.region, scenario=changed))
    facts = {fact.item: fact.value for fact in assumptions(plan, Words(language))}
    names = Words(language).group("settings")
    assert facts[names["spacing_new_m"]] == 500.0
    assert facts[names["fixed"]] == Words(language).joined(["a", "b"])
    assert facts[f"{names['most_stations']} {Words(language).label('lamp_pole')}"] == 1.0
