"""
The lists: ``sites.xlsx`` for people and ``sites.csv`` for scripts.

Text from the data stays text: no cell becomes a formula, a link or a number, and codes keep all digits.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd
import xlsxwriter

import siteplan
from siteplan import schema
from siteplan.gaps import CAUSE_ZH, HINDRANCE_ZH, REMEDY_ZH, SOLUTION_ZH
from siteplan.outputs import frames, monitoring, report
from siteplan.outputs.assumptions import assumptions
from siteplan.outputs.provenance import filing, link_budgets
from siteplan.outputs.translation import in_chinese
from siteplan.targets import STATE_ZH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from siteplan.outputs.assumptions import Fact
    from siteplan.plan import Plan

UNKNOWN_ZH: Final = "未知"
NETWORK_ZH: Final = {"today": "现状", "plan": "规划"}
CLASS_ZH: Final = {"area": "区域", "road": "道路", "village": "村庄", "venue": "场所"}
UNIT_ZH: Final = {"share": "占比", "stations": "基站（个）", "sites": "站址（处）"}
MARK_ZH: Final = {
    "1": "官方或已核对",
    "2": "二手资料",
    "k": "通行假设",
    "?": "待核实",
    "c": "计算结果",
    "d": "程序默认值",
}

HEADERS: Final = {
    "antenna_height_m": "天线挂高（m）",
    "azimuth_deg": "首扇区方位角（°）",
    "carrier": "载波",
    "cause": "原因",
    "cell_id": "小区编号",
    "chance_plan": "规划后达标把握（%）",
    "chance_today": "现状达标把握（%）",
    "class": "道路等级",
    "closed_year": "规划消除（年）",
    "cost_cny": "造价（元）",
    "covered_plan": "规划后达标数（个）",
    "covered_plan_km": "规划后覆盖里程（km）",
    "covered_today": "现状达标数（个）",
    "covered_today_km": "现状覆盖里程（km）",
    "definition": "覆盖口径",
    "depth_db": "信号缺口中位值（dB）",
    "due_year": "要求完成（年）",
    "easting_m": "东坐标（m）",
    "element_power_dbm": "每资源元功率（dBm）",
    "entry_loss_db": "进入建筑损耗（dB）",
    "equipment": "设备",
    "equipment_cny": "主设备（元）",
    "fibre": "通光纤",
    "floor_m2": "建筑面积（m²）",
    "frequency_mhz": "频率（MHz）",
    "gain_dbi": "天线增益（dBi）",
    "gap_id": "空白编号",
    "gaps_plan": "规划后断点（处）",
    "gaps_today": "现状断点（处）",
    "group": "分组",
    "height_m": "结构高度（m）",
    "hindrance": "备选情况",
    "indoor_dbm": "室内信号（dBm）",
    "items": "对象数（个）",
    "kind": "类型",
    "lat": "纬度（°）",
    "layer": "图层",
    "length_km": "里程（km）",
    "lon": "经度（°）",
    "longest_gap_plan_km": "规划后最长断点（km）",
    "longest_gap_today_km": "现状最长断点（km）",
    "losses_db": "馈线等损耗（dB）",
    "mark": "可信度",
    "name": "名称",
    "network": "网络",
    "noise_dbm": "每资源元噪声（dBm）",
    "northing_m": "北坐标（m）",
    "operator": "运营商",
    "operators": "运营商",
    "origin": "数据来源",
    "outdoor_dbm": "室外信号（dBm）",
    "path_loss_db": "最大允许路径损耗（dB）",
    "people": "人口（人）",
    "people_unknown": "覆盖情况未知人口（人）",
    "plan": "规划后值",
    "power": "供电方式",
    "power_w": "单小区功率（W）",
    "reason": "说明",
    "reference_dbm": "零路损电平（dBm）",
    "remedy": "建议措施",
    "remedy_site": "措施所在站址",
    "required": "要求值",
    "reuse": "利用方式",
    "ridge_m": "遮挡物高出视线（m）",
    "roads": "道路（条）",
    "rule_class": "对象类别",
    "rule_id": "目标编号",
    "rules": "服务目标",
    "sector": "扇区（序号）",
    "share_plan": "规划后人口覆盖率（%）",
    "share_today": "现状人口覆盖率（%）",
    "short_db": "信号差额（dB）",
    "short_plan": "规划后差额",
    "short_today": "现状差额",
    "site_id": "站址编号",
    "site_name": "站址名称",
    "sites": "启用站址（处）",
    "solution": "建议",
    "state_plan": "规划后判定",
    "state_today": "现状判定",
    "station_id": "基站编号",
    "station_km": "距最近基站（km）",
    "stations": "基站（个）",
    "stations_needed": "所需基站（个）",
    "structure_cny": "站址结构（元）",
    "technologies": "制式",
    "technology": "制式",
    "threshold_dbm": "最严口径电平（dBm）",
    "today": "现状值",
    "township": "乡镇代码",
    "township_name": "乡镇",
    "unit": "单位",
    "unknown": "未知数（个）",
    "unknown_km": "未知里程（km）",
    "use": "用途",
    "villages": "村庄（个）",
    "villages_blank": "未填人口的村庄（个）",
    "year": "年份",
    "zh": "目标内容",
}
"""Chinese header, with unit, of every column of the shared tables."""

MONEY: Final = ("structure_cny", "equipment_cny", "cost_cny")
"""Columns of money in the sheet of investment."""

CREATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # the format holds no time zone
"""Date in the properties of a workbook: a constant, so that the same plan gives the same bytes."""

CELL_LIMIT: Final = 32_767
"""Characters that a cell of a workbook holds."""

WIDEST: Final = 48
"""Widest column, in characters of Latin text; longer text is wrapped."""

FORMULA_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
CONTROL_STARTS: Final = ("\t", "\r", "\n")
PLAIN_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")

Kind = Literal[
    "text", "integer", "number", "degree", "metre", "measure", "amount", "percent", "money"
]
"""How a value is shown; an ``amount`` has decimals only when it is not whole."""


def write_sites_csv(plan: Plan, path: Path) -> None:
    """
    Write the site list for scripts.

    UTF-8 with a byte order mark, English column names as in :func:`siteplan.outputs.frames.site_table`,
    text in quotes and numbers without, missing values blank. A text that a spreadsheet would take for a
    formula is led by an apostrophe; numbers, negative ones too, stay as they are.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    sites = frames.site_table(plan).drop(columns="geometry").reset_index()
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(sites.columns)
    for row in sites.itertuples(index=False):
        writer.writerow([_csv_value(value) for value in row])
    path.write_bytes(buffer.getvalue().encode("utf-8-sig"))


def safe_text(text: str) -> str:
    """
    Text that no spreadsheet takes for a formula.

    Parameters
    ----------
    text : str
        Text from the data.

    Returns
    -------
    safe : str
        Led by an apostrophe when it begins like a formula and is no plain number.

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("-12.5"), safe_text("东村")
    ("'=1+1", '-12.5', '东村')
    """
    dangerous = text.startswith(CONTROL_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    return f"'{text}" if dangerous and not PLAIN_NUMBER.fullmatch(text) else text


def _csv_value(value: object) -> object:
    if pd.isna(value):
        return None
    if isinstance(value, str):
        return safe_text(value)
    plain = value.item() if hasattr(value, "item") else value
    return str(plain).lower() if isinstance(plain, bool) else plain


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One column of a sheet: header, values, how they are shown, and what stands for a missing one."""

    header: str
    values: Sequence[Any]
    kind: Kind | Sequence[Kind] = "text"
    blank: str = ""
    states: bool = False


def write_sites_xlsx(plan: Plan, path: Path) -> None:
    """
    Write the workbook: sites, stations, cells, phases, investment, targets, gaps, assumptions, filing.

    Seventeen sheets with Chinese headers that carry the units: 站址清单, 基站清单, 小区清单, 分期, 乡镇汇总,
    投资, 目标, 目标明细, 目标进度, 未达标清单, 覆盖空白, 人口覆盖, 道路覆盖, 室内覆盖, 假设与来源,
    覆盖计算说明, 链路预算. A missing word is 未知 (unknown), a missing number a blank cell.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = _Book(xlsxwriter.Workbook(buffer, options))
    region = plan.region
    book.workbook.set_properties(
        {
            "title": f"{region.scenario.region.name} {region.document.title}",
            "subject": "站址规划",
            "comments": f"siteplan {siteplan.__version__}",
            "created": CREATED,
        }
    )
    book.sheet("站址清单", _site_columns(plan))
    book.sheet("基站清单", _station_columns(plan))
    book.sheet("小区清单", _cell_columns(plan))
    phases = frames.phase_table(plan)
    totals = {name: phases[name].sum() for name in ("sites", "stations", "cost_cny")}
    book.sheet("分期", _phase_columns(plan, phases), totals=_headed(totals))
    book.sheet("乡镇汇总", _township_columns(plan), totals=_headed(totals))
    money = report.investment(plan)
    sums = {name: money[name].sum() for name in ("sites", "stations", *MONEY)}
    book.sheet("投资", _money_columns(money), totals=_headed(sums))
    book.sheet("目标", _rule_columns(plan))
    book.sheet("目标明细", _scope_columns(plan))
    book.sheet("目标进度", _progress_columns(plan))
    book.sheet("未达标清单", _unmet_columns(plan))
    book.sheet("覆盖空白", _gap_columns(plan))
    book.sheet("人口覆盖", _people_columns(plan))
    book.sheet("道路覆盖", _road_columns(plan))
    book.sheet("室内覆盖", _indoor_columns(plan))
    book.sheet("假设与来源", _assumption_columns(assumptions(plan)))
    book.sheet("覆盖计算说明", _assumption_columns(filing(plan)))
    book.sheet("链路预算", _budget_columns(plan))
    book.workbook.close()
    path.write_bytes(buffer.getvalue())


class _Book:
    """A workbook with the formats that all its sheets share."""

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        self.workbook = workbook
        base = {"valign": "top", "border": 1, "border_color": "#BFBFBF"}
        self.header = workbook.add_format(
            base | {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#DCE6F1"}
        )
        number = {
            "text": "@",
            "integer": "0",
            "number": "0.0",
            "degree": "0.000000",
            "metre": "0.0",
            "measure": "#,##0.000",
            "amount": "#,##0.00",
            "percent": "0.00%",
            "money": "#,##0",
        }
        self.formats = {
            kind: workbook.add_format(base | {"num_format": text, "text_wrap": kind == "text"})
            for kind, text in number.items()
        }
        self.totals = {
            kind: workbook.add_format(base | {"num_format": text, "bold": True})
            for kind, text in number.items()
        }
        fills = {"met": "#C6E7C8", "at_risk": "#FFF2CC", "not_met": "#F8CBC6", "unknown": "#E3E3E3"}
        self.states = {
            STATE_ZH[state]: workbook.add_format(base | {"num_format": "@", "bg_color": colour})
            for state, colour in fills.items()
        }

    def sheet(
        self, name: str, columns: Sequence[_Column], *, totals: Mapping[str, float] | None = None
    ) -> None:
        """Write one sheet, its header frozen and filtered, and a last row of totals outside the filter."""
        sheet = self.workbook.add_worksheet(name)
        rows = len(columns[0].values)
        for i, column in enumerate(columns):
            sheet.write_string(0, i, column.header, self.header)
            shown = [
                self._cell(sheet, row + 1, i, column, value)
                for row, value in enumerate(column.values)
            ]
            sheet.set_column(i, i, _width([column.header, *shown]))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(rows, 1), len(columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        if totals is None or rows == 0:
            return
        sheet.write_string(rows + 1, 0, "合计", self.totals["text"])
        for i, column in enumerate(columns):
            if column.header in totals:
                kind = column.kind if isinstance(column.kind, str) else "number"
                sheet.write_number(rows + 1, i, totals[column.header], self.totals[kind])

    def _cell(
        self,
        sheet: xlsxwriter.worksheet.Worksheet,
        row: int,
        i: int,
        column: _Column,
        value: Any,  # noqa: ANN401  # a cell of any table
    ) -> str:
        kind = column.kind if isinstance(column.kind, str) else column.kind[row - 1]
        if pd.isna(value) or value == "":
            value, kind = column.blank, "text"
        if value == "":
            sheet.write_blank(row, i, None, self.formats["text"])
            return ""
        if isinstance(value, str):
            text = value.replace("\r\n", "\n").replace("\r", "\n")
            text = text if len(text) <= CELL_LIMIT else f"{text[: CELL_LIMIT - 1]}…"
            cell_format = self.states.get(text) if column.states else None
            sheet.write_string(row, i, text, cell_format or self.formats["text"])
            return text
        number = float(value)
        if kind == "amount" and number.is_integer():
            kind = "money"
        sheet.write_number(row, i, number, self.formats[kind])
        return f"{number:,.0f}" + {"degree": ".000000", "money": "", "integer": ""}.get(
            kind, ".000"
        )


def _width(texts: Iterable[str]) -> float:
    """Width of a column: Chinese characters take two places."""
    longest = max(
        (_places(line) for text in texts for line in text[: 2 * WIDEST].splitlines()), default=0
    )
    return float(min(longest + 3, WIDEST))


def _places(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)


def _headed(values: Mapping[str, Any]) -> dict[str, float]:
    return {HEADERS[name]: float(value) for name, value in values.items()}


def _column(
    table: pd.DataFrame,
    name: str,
    kind: Kind | Sequence[Kind] = "text",
    *,
    words: Callable[[str], str] | None = None,
    blank: str | None = None,
) -> _Column:
    """Column of a shared table under its Chinese header; missing words become 未知."""
    values = table[name].to_list()
    if words is not None:
        values = [words(value) if isinstance(value, str) else value for value in values]
    if kind == "text" and table[name].dtype == "boolean":
        values = [{True: "是", False: "否"}.get(value, value) for value in values]
    default = UNKNOWN_ZH if kind == "text" else ""
    return _Column(
        header=HEADERS[name],
        values=values,
        kind=kind,
        blank=default if blank is None else blank,
        states=name.startswith("state_"),
    )


def _spaced(text: str) -> str:
    return text.replace(";", "、")


def _site_columns(plan: Plan) -> list[_Column]:
    sites = frames.site_table(plan).reset_index()
    return [
        _column(sites, "site_id"),
        _column(sites, "name"),
        _column(sites, "kind", words=frames.label),
        _column(sites, "reuse", words=frames.label),
        _column(sites, "township_name"),
        _column(sites, "township"),
        _column(sites, "lon", "degree"),
        _column(sites, "lat", "degree"),
        _column(sites, "easting_m", "metre"),
        _column(sites, "northing_m", "metre"),
        _column(sites, "height_m", "metre"),
        _column(sites, "antenna_height_m", "metre"),
        _column(sites, "year", "integer"),
        _column(sites, "stations", "integer"),
        _column(sites, "operators", words=_spaced),
        _column(sites, "technologies", words=_spaced),
        _column(sites, "power", words=frames.label),
        _column(sites, "fibre"),
        _column(sites, "cost_cny", "money"),
        _column(sites, "rules", words=_spaced, blank=""),
        _column(sites, "origin", words=in_chinese),
    ]


def _station_columns(plan: Plan) -> list[_Column]:
    stations = frames.station_list(plan).reset_index()
    year = stations["year"].astype(object).where(stations["year"].notna(), "规划前")
    return [
        _column(stations, "station_id"),
        _column(stations, "network", words=NETWORK_ZH.__getitem__),
        _column(stations, "site_id"),
        _column(stations, "site_name"),
        _column(stations, "kind", words=frames.label),
        _column(stations, "reuse", words=frames.label),
        _column(stations, "township_name"),
        _column(stations, "operator"),
        _column(stations, "technology"),
        _column(stations, "equipment"),
        _column(stations, "antenna_height_m", "metre"),
        _column(stations, "azimuth_deg", "integer"),
        _Column(header=HEADERS["year"], values=year.to_list(), kind="integer"),
        _column(stations, "cost_cny", "money"),
        _column(stations, "rules", words=_spaced, blank=""),
    ]


def _cell_columns(plan: Plan) -> list[_Column]:
    cells = frames.cell_list(plan)
    return [
        _column(cells, "cell_id"),
        _column(cells, "station_id"),
        _column(cells, "network", words=NETWORK_ZH.__getitem__),
        _column(cells, "site_id"),
        _column(cells, "operator"),
        _column(cells, "technology"),
        _column(cells, "equipment"),
        _column(cells, "carrier"),
        _column(cells, "frequency_mhz", "number"),
        _column(cells, "sector", "integer"),
        _column(cells, "azimuth_deg", "integer", blank="全向"),
        _column(cells, "antenna_height_m", "metre"),
        _column(cells, "power_w", "number"),
        _column(cells, "gain_dbi", "number"),
    ]


def _township_columns(plan: Plan) -> list[_Column]:
    table = report.sites_by(plan, ["township"])
    names = table["township"].map(plan.region.townships()["name"])
    table = table.assign(township_name=names.astype(object).fillna(UNKNOWN_ZH))
    return [
        _column(table, "township_name"),
        _column(table, "township"),
        _column(table, "sites", "integer"),
        _column(table, "stations", "integer"),
        _column(table, "cost_cny", "money"),
    ]


def _money_columns(table: pd.DataFrame) -> list[_Column]:
    return [
        _column(table, "year", "integer"),
        _column(table, "reuse", words=frames.label),
        _column(table, "sites", "integer"),
        _column(table, "stations", "integer"),
        *(_column(table, name, "money") for name in MONEY),
    ]


def _budget_columns(plan: Plan) -> list[_Column]:
    table = link_budgets(plan)
    texts, marks = ("equipment", "technology", "carrier"), {"mark", "stations"}
    numbers = [name for name in table.columns if name not in {*texts, *marks}]
    return [
        *(_column(table, name) for name in texts),
        *(_column(table, name, "number") for name in numbers),
        _column(table, "stations", "integer"),
        _column(table, "mark", words=lambda mark: MARK_ZH.get(mark, mark)),
    ]


def _phase_columns(plan: Plan, phases: pd.DataFrame) -> list[_Column]:
    names = phases["township"].map(plan.region.townships()["name"])
    phases = phases.assign(township_name=names.astype(object).fillna(UNKNOWN_ZH))
    return [
        _column(phases, "township_name"),
        _column(phases, "township"),
        _column(phases, "year", "integer"),
        _column(phases, "reuse", words=frames.label),
        _column(phases, "sites", "integer"),
        _column(phases, "stations", "integer"),
        _column(phases, "cost_cny", "money"),
    ]


def _value_kinds(units: Iterable[Any]) -> list[Kind]:
    return ["percent" if unit == "share" else "amount" for unit in units]


def _of_coverage(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Blank the counts of covered items where a rule does not count items."""
    kinds = {rule.id: rule.kind for rule in plan.region.document.rules}
    counted = table["rule_id"].map(kinds) == "coverage"
    names = ["items", "covered_today", "covered_plan", "unknown"]
    blank = {name: table[name].astype("Int64").where(counted) for name in names}
    return table.assign(**blank)


def _rule_columns(plan: Plan) -> list[_Column]:
    rules = _of_coverage(plan, frames.rule_table(plan).reset_index())
    kinds = _value_kinds(rules["unit"])
    known = plan.region.scenario.known_definitions()
    meanings = [known[name].zh if name in known else "" for name in rules["definition"]]
    standing = rules["year"].astype(object).where(rules["year"].notna(), "长期")
    return [
        _column(rules, "rule_id"),
        _Column(header=HEADERS["year"], values=standing.to_list(), kind="integer"),
        _column(rules, "technology", blank=""),
        _column(rules, "zh"),
        _column(rules, "definition", blank=""),
        _Column(header="口径定义", values=meanings),
        _column(rules, "unit", words=lambda unit: UNIT_ZH.get(unit, unit), blank=""),
        _column(rules, "required", kinds),
        _column(rules, "today", kinds),
        _column(rules, "plan", kinds),
        _column(rules, "state_today", words=STATE_ZH.__getitem__),
        _column(rules, "state_plan", words=STATE_ZH.__getitem__),
        _column(rules, "items", "integer"),
        _column(rules, "covered_today", "integer"),
        _column(rules, "covered_plan", "integer"),
        _column(rules, "unknown", "integer"),
        _column(rules, "stations_needed", "integer"),
        _column(rules, "reason", words=in_chinese, blank=""),
    ]


def _scope_columns(plan: Plan) -> list[_Column]:
    scopes = _of_coverage(plan, frames.scope_table(plan))
    kinds = _value_kinds(scopes["unit"])
    scopes = scopes.assign(township_name=scopes["scope_name"], township=scopes["scope"])
    return [
        _column(scopes, "rule_id"),
        _column(scopes, "zh"),
        _column(scopes, "year", "integer"),
        _column(scopes, "township_name", blank=""),
        _column(scopes, "township", blank=""),
        _column(scopes, "group", words=frames.label, blank=""),
        _column(scopes, "unit", words=lambda unit: UNIT_ZH.get(unit, unit), blank=""),
        _column(scopes, "required", kinds),
        _column(scopes, "today", kinds),
        _column(scopes, "plan", kinds),
        _column(scopes, "state_today", words=STATE_ZH.__getitem__, blank=""),
        _column(scopes, "state_plan", words=STATE_ZH.__getitem__, blank=""),
        _column(scopes, "items", "integer"),
        _column(scopes, "covered_today", "integer"),
        _column(scopes, "covered_plan", "integer"),
        _column(scopes, "unknown", "integer"),
    ]


def _progress_columns(plan: Plan) -> list[_Column]:
    table = monitoring.progress(plan)
    kinds = _value_kinds(table["unit"])
    return [
        _column(table, "rule_id"),
        _column(table, "zh"),
        _column(table, "year", "integer"),
        _Column(header="是否到期", values=["是" if due else "否" for due in table["due"]]),
        _column(table, "unit", words=lambda unit: UNIT_ZH.get(unit, unit), blank=""),
        _column(table, "required", kinds),
        _column(table, "today", kinds),
        _column(table, "plan", kinds),
        _column(table, "short_today", kinds),
        _column(table, "short_plan", kinds),
        _column(table, "state_today", words=STATE_ZH.__getitem__),
        _column(table, "state_plan", words=STATE_ZH.__getitem__),
        _column(table, "chance_today", "percent"),
        _column(table, "chance_plan", "percent"),
    ]


def _unmet_columns(plan: Plan) -> list[_Column]:
    table = monitoring.unmet(plan)
    return [
        _column(table, "rule_id"),
        _column(table, "zh"),
        _column(table, "year", "integer"),
        _column(table, "network", words={"today": "现状", "plan": "规划后"}.__getitem__),
        _Column(header="对象编号", values=table["item_id"].to_list()),
        _column(table, "name"),
        _column(table, "township_name"),
        _column(table, "group", words=frames.label, blank=""),
        _Column(header="已覆盖（%）", values=table["share"].to_list(), kind="percent"),
        _Column(header="判定", values=[STATE_ZH[state] for state in table["state"]], states=True),
        _Column(header="说明", values=[_unmet_reason(row) for row in table.to_dict("records")]),
    ]


def _unmet_reason(row: dict[Any, Any]) -> str:
    """Why an item that has a signal does not count."""
    told = [f"1 without {', '.join(row['lacking'].split(';'))}"] if row["lacking"] else []
    told += ["attribute blank"] if row["blank"] else []
    reasons = [in_chinese(text).removeprefix("1个") for text in told]
    return "；".join([*reasons, *(["是否属于本目标未知（标记未填写）"] if row["doubtful"] else [])])


def _people_columns(plan: Plan) -> list[_Column]:
    table = monitoring.people(plan)
    table = table.assign(township_name=table["scope_name"].mask(table["scope"].eq(""), "全区域"))
    return [
        _column(table, "technology"),
        _column(table, "year", "integer"),
        _column(table, "township_name"),
        _column(table, "villages", "integer"),
        _column(table, "people", "integer"),
        _Column(header="现状覆盖人口（人）", values=table["today"].to_list(), kind="integer"),
        _Column(header="规划后覆盖人口（人）", values=table["plan"].to_list(), kind="integer"),
        _column(table, "share_today", "percent"),
        _column(table, "share_plan", "percent"),
        _column(table, "people_unknown", "integer"),
        _column(table, "villages_blank", "integer"),
        _column(table, "definition"),
    ]


def _road_columns(plan: Plan) -> list[_Column]:
    table = monitoring.roads(plan)
    kilometres = ["length_km", "covered_today_km", "covered_plan_km", "unknown_km"]
    kilometres += ["longest_gap_today_km", "longest_gap_plan_km"]
    return [
        _column(table, "rule_id"),
        _column(table, "class", words=lambda word: frames.label(word) if word else "等级未填写"),
        _column(table, "name", blank="（同等级合计）"),
        _column(table, "roads", "integer"),
        *(_column(table, name, "measure") for name in kilometres),
        _column(table, "gaps_today", "integer"),
        _column(table, "gaps_plan", "integer"),
    ]


def _indoor_columns(plan: Plan) -> list[_Column]:
    table = monitoring.indoors(plan)
    return [
        _column(table, "technology"),
        _column(table, "layer", words=lambda name: schema.TABLES[name].zh),
        _Column(header="编号", values=table["item_id"].to_list()),
        _column(table, "name"),
        _column(table, "use", words=frames.label),
        _column(table, "floor_m2", "money"),
        _column(table, "outdoor_dbm", "number"),
        _column(table, "entry_loss_db", "number"),
        _column(table, "indoor_dbm", "number"),
        _column(table, "short_db", "number"),
        _column(table, "solution", words=SOLUTION_ZH.__getitem__),
        _column(table, "definition"),
        _column(table, "lon", "degree"),
        _column(table, "lat", "degree"),
    ]


def _gap_columns(plan: Plan) -> list[_Column]:
    gaps = frames.gap_list(plan)
    size = gaps["size"]
    return [
        _column(gaps, "network", words={"today": "现状", "plan": "规划后"}.__getitem__),
        _column(gaps, "gap_id"),
        _column(gaps, "technology"),
        _column(gaps, "rule_class", words=CLASS_ZH.__getitem__),
        _column(gaps, "rules", words=_spaced),
        _column(gaps, "due_year", "integer"),
        _column(gaps, "name"),
        _column(gaps, "township_name"),
        _column(gaps, "cause", words=CAUSE_ZH.__getitem__),
        _column(gaps, "remedy", words=REMEDY_ZH.__getitem__),
        _column(gaps, "remedy_site", blank=""),
        _column(gaps, "hindrance", words=lambda word: HINDRANCE_ZH.get(word, ""), blank=""),
        _column(gaps, "closed_year", "integer"),
        _Column(header="规划后剩余（%）", values=(gaps["left"] / size).to_list(), kind="percent"),
        _Column(
            header="面积（km²）",
            values=(size.where(gaps["unit"] == "m2") / 1e6).to_list(),
            kind="measure",
        ),
        _Column(
            header="长度（km）",
            values=(size.where(gaps["unit"] == "m") / 1e3).to_list(),
            kind="measure",
        ),
        _Column(
            header="点数（个）",
            values=size.where(gaps["unit"] == "points").to_list(),
            kind="integer",
        ),
        _column(gaps, "items", "integer"),
        _column(gaps, "people", "integer"),
        _column(gaps, "depth_db", "number"),
        _column(gaps, "station_km", "number"),
        _column(gaps, "station_id", blank=""),
        _column(gaps, "ridge_m", "number"),
        _column(gaps, "lon", "degree"),
        _column(gaps, "lat", "degree"),
    ]


def _assumption_columns(facts: Sequence[Fact]) -> list[_Column]:
    values = [in_chinese(v) if isinstance(v := fact.value, str) else v for fact in facts]
    return [
        _Column(header="类别", values=[fact.topic for fact in facts]),
        _Column(header="项目", values=[fact.item for fact in facts]),
        _Column(header="取值", values=values, kind="amount"),
        _Column(header="单位", values=[fact.unit for fact in facts]),
        _Column(header="说明", values=[fact.note for fact in facts]),
        _Column(header="来源", values=[in_chinese(fact.source) for fact in facts]),
        _Column(header="日期", values=[fact.date for fact in facts]),
        _Column(header="可信度", values=[MARK_ZH.get(fact.mark, "") for fact in facts]),
    ]
