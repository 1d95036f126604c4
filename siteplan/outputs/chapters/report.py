"""What all chapters read, gathered once, and the small steps that they share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from siteplan.outputs import control, frames, report, supply
from siteplan.outputs.blocks import Align, Block, Heading, Sentences, Table
from siteplan.outputs.options import OutputOptions, Supplements
from siteplan.outputs.words import Words, ten_thousand, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siteplan.catalog import Rule
    from siteplan.plan import Plan

OPENING: Final = "\ue000"
CLOSING: Final = "\ue001"
"""What stands around the name of a table or annex until its number is known; no data text holds them."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """
    What the chapters read.

    Attributes
    ----------
    plan : Plan
        The plan.
    words : Words
        Language.
    options : OutputOptions
        Edition and the like.
    supplements : Supplements
        Figures of other stages.
    comments : tuple of tuple of str
        Comments and replies, five texts each.
    rules, sites, investment : DataFrame
        Shared tables.
    """

    plan: Plan
    words: Words
    options: OutputOptions = field(default_factory=OutputOptions)
    supplements: Supplements = field(default_factory=Supplements)
    comments: tuple[tuple[str, ...], ...] = ()
    rules: pd.DataFrame
    sites: pd.DataFrame
    investment: pd.DataFrame

    @property
    def region_name(self) -> str:
        """Name of the region in the language of the document."""
        info = self.plan.region.scenario.region
        return self.words.pick(info.name, info.name_en)

    @property
    def last_year(self) -> int:
        """Last year of the plan."""
        return self.plan.years[-1]

    def rule_text(self, rule: Rule | pd.Series[Any]) -> str:
        """Rule in words."""
        return self.words.pick(str(rule.zh), str(rule.en))

    def rule_year(self, year: object) -> str:
        """Year of a rule, or that it stands for good."""
        missing = bool(pd.isna(year))
        return self.words("common.standing") if missing else str(year)

    def township(self, code: object) -> str:
        """Name of a township by its id."""
        names = self.plan.region.townships()["name"]
        if code in names.index:
            return str(names.loc[code])
        return self.words("common.outside")

    def states(self, states: pd.Series[Any]) -> str:
        """How many targets are in which state, as one clause."""
        words = self.words
        order = ["met", "at_risk", "not_met", "unknown", "measured"]
        counts = states.value_counts()
        parts = [
            words("present.state_count", state=words.state(state), n=int(counts[state]))
            for state in order
            if state in counts
        ]
        return words.joined(parts)


def gather(
    plan: Plan,
    *,
    options: OutputOptions,
    supplements: Supplements,
    comments: tuple[tuple[str, ...], ...] = (),
) -> Report:
    """
    Gather what the chapters read.

    Parameters
    ----------
    plan : Plan
        The plan.
    options : OutputOptions
        Language and edition.
    supplements : Supplements
        Figures of other stages.
    comments : tuple of tuple of str
        Comments and replies.

    Returns
    -------
    report : Report
        Tables made once.
    """
    if supplements.emf is None:
        supplements = replace(supplements, emf=control.field_screening(plan))
    if supplements.power is None:
        power = supply.power_by_year(plan, language=options.language)
        supplements = replace(supplements, power=power)
    if supplements.backhaul is None:
        fibre = supply.fibre_by_year(plan, language=options.language)
        supplements = replace(supplements, backhaul=fibre)
    return Report(
        plan=plan,
        words=Words(options.language),
        options=options,
        supplements=supplements,
        comments=comments,
        rules=frames.rule_table(plan),
        sites=pd.DataFrame(frames.site_table(plan).drop(columns="geometry")),
        investment=report.investment(plan),
    )


def table_ref(name: str) -> str:
    """
    Stand-in for the number of a table.

    Parameters
    ----------
    name : str
        Name of the table.

    Returns
    -------
    text : str
        Replaced when the document is set.
    """
    return f"{OPENING}table:{name}{CLOSING}"


def annex_ref(name: str) -> str:
    """
    Stand-in for the number of an annex.

    Parameters
    ----------
    name : str
        Name of the annex.

    Returns
    -------
    text : str
        Replaced when the document is set.
    """
    return f"{OPENING}annex:{name}{CLOSING}"


def section(text: str) -> Heading:
    """
    Heading of a section.

    Parameters
    ----------
    text : str
        Title without number.

    Returns
    -------
    heading : Heading
        Of level 2.
    """
    return Heading(text=text, level=2)


def say(text: str) -> Sentences:
    """
    Paragraph.

    Parameters
    ----------
    text : str
        One or more sentences.

    Returns
    -------
    block : Sentences
        The paragraph.
    """
    return Sentences(text=text)


def lack(text: str) -> Sentences:
    """
    Paragraph that tells what is missing.

    Parameters
    ----------
    text : str
        What is missing and who has it.

    Returns
    -------
    block : Sentences
        The paragraph, marked.
    """
    return Sentences(text=text, missing=True)


def make_table(
    words: Words,
    name: str,
    rows: Iterable[Sequence[str]],
    align: str,
    *,
    total: Sequence[str] | None = None,
    weights: tuple[float, ...] = (),
) -> Table:
    """
    Make a table whose caption and header stand in the language's file.

    Parameters
    ----------
    words : Words
        Language.
    name : str
        Name of the table there.
    rows : iterable of sequence of str
        Cells.
    align : str
        One letter a column: ``l``, ``r`` or ``c``.
    total : sequence of str, optional
        Last row.
    weights : tuple of float
        Relative widths.

    Returns
    -------
    table : Table
        The table.
    """
    letters: dict[str, Align] = {"l": "left", "r": "right", "c": "centre"}
    body = tuple(tuple(row) for row in rows)
    if total is not None:
        body += (tuple(total),)
    return Table(
        name=name,
        caption=words.caption(name),
        header=tuple(words.table(name)),
        rows=body,
        align=tuple(letters[letter] for letter in align),
        total=total is not None,
        weights=weights,
    )


def amounts(row: Any) -> list[str]:  # noqa: ANN401  # a named tuple or a row of sums
    """
    Sites, stations and cost of a row.

    Parameters
    ----------
    row : object
        With ``sites``, ``stations`` and ``cost_cny``.

    Returns
    -------
    texts : list of str
        Cost in 10,000 yuan.
    """
    return [whole(row.sites), whole(row.stations), ten_thousand(row.cost_cny)]


def share_text(part: float, whole_number: float) -> str:
    """
    Share in percent.

    Parameters
    ----------
    part, whole_number : float
        Counts.

    Returns
    -------
    text : str
        With one decimal; a dash of nothing.
    """
    return f"{100.0 * part / whole_number:.1f}%" if whole_number else "—"


__all__ = [
    "Block",
    "Heading",
    "Report",
    "Table",
    "amounts",
    "annex_ref",
    "gather",
    "lack",
    "make_table",
    "say",
    "section",
    "share_text",
    "table_ref",
]
