"""
The layout plan: chapters, appended tables and figures of one plan as a Word document.

Every figure in it comes from the shared tables. What is not known is told as missing, in a paragraph that
begins with 【待补充】.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pandas as pd

from siteplan.errors import Fault, InputError
from siteplan.outputs.blocks import Heading, Sentences, Table
from siteplan.outputs.chapters.annexes import ORDER, annexes
from siteplan.outputs.chapters.general import general
from siteplan.outputs.chapters.layout import layout
from siteplan.outputs.chapters.measures import control, money, phases, safeguards, supply
from siteplan.outputs.chapters.present import demand, present
from siteplan.outputs.chapters.report import CLOSING, OPENING, gather
from siteplan.outputs.options import OutputOptions, Supplements
from siteplan.outputs.paper import Paper, bookmark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from siteplan.outputs.blocks import Block
    from siteplan.outputs.chapters.report import Report
    from siteplan.outputs.words import Words
    from siteplan.plan import Plan

CHAPTERS: Final = (
    general,
    present,
    demand,
    layout,
    supply,
    control,
    phases,
    money,
    safeguards,
)
COMMENT_COLUMNS: Final = {
    "unit": ("提出单位", "单位", "提出人", "from", "unit"),
    "comment": ("意见", "意见内容", "意见和建议", "comment"),
    "decision": ("采纳情况", "采纳", "是否采纳", "decision"),
    "reply": ("说明", "答复", "回复", "reply"),
}
"""Headers under which a sheet of comments is read, the first being the usual one."""

REFERENCE: Final = re.compile(f"{OPENING}(table|annex):([a-z_]+){CLOSING}")
DIGITS_ZH: Final = "零一二三四五六七八九"


def write_layout_plan(
    plan: Plan,
    path: Path,
    *,
    options: OutputOptions | None = None,
    supplements: Supplements | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> None:
    """
    Write the layout plan as a Word document.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write. The same plan gives the same bytes.
    options : OutputOptions, optional
        Language, edition, template, sheet of comments.
    supplements : Supplements, optional
        Figures of other stages; what is missing is told as missing.
    pictures : mapping of str to bytes, optional
        Figures by name, as PNG, from :func:`siteplan.outputs.atlas.draw_atlas`.

    Raises
    ------
    InputError
        When the sheet of comments cannot be read.
    OSError
        When the file cannot be written.

    Examples
    --------
    >>> write_layout_plan(plan, Path("layout_plan.docx"))  # doctest: +SKIP
    """
    options = OutputOptions() if options is None else options
    comments = () if options.comments is None else read_comments(options.comments)
    report = gather(
        plan,
        options=options,
        supplements=Supplements() if supplements is None else supplements,
        comments=comments,
    )
    blocks = layout_plan_blocks(report)
    words = report.words
    title = words("cover.title", region=report.region_name)
    paper = Paper(words, options.template)
    headings = [block for block in blocks if isinstance(block, Heading)]
    paper.title_page(_cover(report))
    paper.contents(
        [(block.text, block.level, bookmark(i)) for i, block in enumerate(headings, start=1)]
    )
    edition = words(f"cover.{options.edition}")
    paper.body_section(words("cover.header", region=report.region_name, edition=edition))
    for block in blocks:
        paper.add(block, pictures or {})
    path.write_bytes(paper.content(title))


def layout_plan_blocks(report: Report) -> list[Block]:
    """
    Put the whole plan in blocks, headings numbered and references filled in.

    Parameters
    ----------
    report : Report
        What the chapters read.

    Returns
    -------
    blocks : list of Block
        In order.
    """
    words = report.words
    blocks: list[Block] = []
    for i, chapter in enumerate(CHAPTERS, start=1):
        blocks.extend(_numbered(chapter(report), words, i))
    blocks.extend(annexes(report))
    tables = [block.name for block in blocks if isinstance(block, Table) and not block.annex]
    numbers = {f"table:{name}": i for i, name in enumerate(tables, start=1)}
    numbers |= {f"annex:{name}": i for i, name in enumerate(ORDER, start=1)}

    def referred(found: re.Match[str]) -> str:
        kind, name = found.groups()
        key = "reference_table" if kind == "table" else "reference_annex"
        return words(f"numbering.{key}", n=numbers[f"{kind}:{name}"])

    return [
        replace(block, text=REFERENCE.sub(referred, block.text))
        if isinstance(block, Sentences)
        else block
        for block in blocks
    ]


def read_comments(path: Path) -> tuple[tuple[str, ...], ...]:
    """
    Read a sheet of comments and replies.

    Parameters
    ----------
    path : Path
        ``.xlsx`` or ``.csv`` (UTF-8 or GBK) with columns 提出单位, 意见, 采纳情况, 说明; other usual
        headers are known too.

    Returns
    -------
    comments : tuple of tuple of str
        Number, unit, comment, decision, reply; rows without a comment are left out.

    Raises
    ------
    InputError
        When the file cannot be read or a column is missing; all faults at once.
    """
    try:
        frame = _read_sheet(path)
    except (ValueError, OSError, ImportError, KeyError) as error:
        fault = Fault(
            source=path.name,
            rule=f"the sheet of comments cannot be read: {error}",
            remedy="Save it as .xlsx, or as .csv in UTF-8.",
        )
        raise InputError([fault]) from error
    frame.columns = [str(name).strip() for name in frame.columns]
    chosen = {
        key: next((name for name in names if name in frame), None)
        for key, names in COMMENT_COLUMNS.items()
    }
    faults = [
        Fault(
            source=path.name,
            column=COMMENT_COLUMNS[key][0],
            rule="the column is missing",
            remedy=f"Add it; these headers are known: {', '.join(COMMENT_COLUMNS[key])}.",
        )
        for key, name in chosen.items()
        if name is None
    ]
    if faults:
        raise InputError(faults)
    table = frame[[str(name) for name in chosen.values()]].fillna("").astype(str)
    rows = [tuple(row) for row in table.itertuples(index=False) if str(row[1]).strip()]
    return tuple((str(i), *row) for i, row in enumerate(rows, start=1))


def _read_sheet(path: Path) -> pd.DataFrame:
    if path.suffix.lower() == ".xlsx":
        return pd.read_excel(path, dtype=str)
    try:
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    except UnicodeDecodeError:
        return pd.read_csv(path, dtype=str, encoding="gb18030")


def _cover(report: Report) -> Sequence[tuple[str, str]]:
    words, years = report.words, report.plan.years
    key = "years" if len(years) > 1 else "one_year"
    lines = [("sub", "")] * 4
    lines += [
        ("title", words("cover.title", region=report.region_name)),
        ("sub", words(f"cover.{key}", first=years[0], last=years[-1])),
        ("sub", words(f"cover.{report.options.edition}")),
    ]
    if report.options.public:
        lines.append(("sub", words("cover.public")))
    lines += [("sub", "")] * 6
    return lines + [("foot", words(f"cover.{name}")) for name in ("organiser", "author", "date")]


def _numbered(blocks: Sequence[Block], words: Words, chapter: int) -> list[Block]:
    """Put numbers before the headings of a chapter."""
    result: list[Block] = []
    sections = 0
    for block in blocks:
        if not isinstance(block, Heading):
            result.append(block)
        elif block.level == 1:
            number = _numeral(chapter) if words.language == "zh" else str(chapter)
            text = words("numbering.chapter", n=number, title=block.text)
            result.append(replace(block, text=text))
        else:
            sections += 1
            told = {"chapter": chapter, "n": sections, "title": block.text}
            result.append(replace(block, text=words("numbering.section", **told)))
    return result


def _numeral(number: int) -> str:
    """
    Chinese numeral of a chapter.

    Parameters
    ----------
    number : int
        1 to 99.

    Returns
    -------
    text : str
        Numeral.

    Examples
    --------
    >>> [_numeral(number) for number in (1, 10, 21)]
    ['一', '十', '二十一']
    """
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{DIGITS_ZH[tens]}十"
    return head + (DIGITS_ZH[ones] if ones or not tens else "")
