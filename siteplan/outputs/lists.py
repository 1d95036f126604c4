"""
The lists: ``sites.xlsx`` for people and ``sites.csv`` for scripts.

Text from the data stays text: no cell becomes a formula, a link or a number, and codes keep all digits.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

import pandas as pd

from siteplan.outputs import frames, report
from siteplan.outputs.assumptions import assumptions
from siteplan.outputs.list_sites import MONEY, SiteSheets
from siteplan.outputs.list_targets import TargetSheets
from siteplan.outputs.provenance import filing
from siteplan.outputs.words import Words
from siteplan.outputs.workbook import Book, Column

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.outputs.options import Language
    from siteplan.plan import Plan

FORMULA_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
CONTROL_STARTS: Final = ("\t", "\r", "\n")
PLAIN_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")


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


def write_sites_xlsx(plan: Plan, path: Path, *, language: Language = "zh") -> None:
    """
    Write the workbook: sites and why, stations, cells, phases, money, targets, gaps, assumptions, filing.

    Nineteen sheets with headers that carry the units; in Chinese 站址清单, 入选理由, 未选理由 (not in the
    public edition), 基站清单, 小区清单, 分期,
    乡镇汇总, 投资, 目标, 目标明细, 目标进度, 未达标清单, 覆盖空白, 人口覆盖, 道路覆盖, 室内覆盖, 假设与来源,
    覆盖计算说明, 链路预算. A missing word is 未知 (unknown), a missing number a blank cell.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write.
    language : {"zh", "en"}
        Language of names, headers and words.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    words = Words(language)
    sheets, targets = SiteSheets(plan, words), TargetSheets(plan, words)
    title = f"{words.region(plan)} {plan.region.document.title}"
    book = Book(title, words("words.subject"), words.states, words("words.total"))
    phases = frames.phase_table(plan)
    money = report.investment(plan)
    built = sheets.headed({name: phases[name].sum() for name in ("sites", "stations", "cost_cny")})
    spent = sheets.headed({name: money[name].sum() for name in ("sites", "stations", *MONEY)})
    contents: dict[str, tuple[list[Column], dict[str, float] | None]] = {
        "sites": (sheets.site(), None),
        "chosen": (sheets.chosen(), None),
        "rejected": (sheets.rejected(), None),
        "stations": (sheets.station(), None),
        "cells": (sheets.cell(), None),
        "phases": (sheets.phases(phases), built),
        "townships": (sheets.township(), built),
        "investment": (sheets.money(money), spent),
        "rules": (targets.rule(), None),
        "scopes": (targets.scope(), None),
        "progress": (targets.progress(), None),
        "unmet": (targets.unmet(), None),
        "gaps": (targets.gap(), None),
        "people": (targets.people(), None),
        "roads": (targets.road(), None),
        "indoors": (targets.indoor(), None),
        "assumptions": (sheets.facts(assumptions(plan, words)), None),
        "filing": (sheets.facts(filing(plan, words)), None),
        "budgets": (sheets.budget(), None),
    }
    if not len(contents["rejected"][0][0].values):
        del contents["rejected"]
    for name, (columns, totals) in contents.items():
        book.sheet(words(f"workbook.{name}"), columns, totals=totals)
    path.write_bytes(book.content())
