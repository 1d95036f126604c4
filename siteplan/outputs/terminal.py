"""What the terminal shows of a plan: every target, the totals, and what limits and needs it does not meet."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.outputs.frames import rule_table
from siteplan.outputs.words import Words, decimal, ten_thousand, whole

if TYPE_CHECKING:
    from siteplan.outputs.options import Language
    from siteplan.plan import Plan

SHORTFALLS = 10
"""Needs out of reach told one by one."""

COLUMNS = ("rule", "year", "required", "today", "plan", "state", "stations", "reason")


def plan_text(plan: Plan, *, language: Language = "zh") -> str:
    """
    Sum up a plan for a terminal.

    Parameters
    ----------
    plan : Plan
        The plan.
    language : {"zh", "en"}
        Language of headings and words.

    Returns
    -------
    text : str
        A line for each target, then totals with the proven bound, limits that gave way, needs out of reach.

    Examples
    --------
    >>> print(plan_text(plan))  # doctest: +SKIP
    """
    words = Words(language)
    title = {"region": words.region(plan), "title": plan.region.document.title}
    lines = [words("terminal.heading", **title), *_table(_rules(plan, words)), ""]
    stations = plan.planned_stations
    told = {"stations": len(stations), "sites": stations["site_id"].nunique()}
    lines.append(words("terminal.totals", **told) + _proof(plan, words))
    lines += [
        words(
            "terminal.limit",
            name=words.told(str(limit["rule_id"])),
            allowed=whole(limit["allowed"]),
            needed=whole(limit["needed"]),
        )
        for _, limit in plan.selection.relaxations.iterrows()
    ]
    short = plan.selection.shortfalls
    if len(short):
        lines.append(words("terminal.short", n=len(short)))
    lines += [
        words(
            "terminal.short_one",
            what=" ".join(filter(None, (need["rule_id"], need["name"], need["operator"]))),
            reachable=words.value(need["reachable"], "share", need["needed"]),
            needed=words.value(need["needed"], "share"),
        )
        for _, need in short.head(SHORTFALLS).fillna("").iterrows()
    ]
    return "\n".join(lines)


def _rules(plan: Plan, words: Words) -> list[tuple[str, ...]]:
    rows = [tuple(words(f"terminal.{name}") for name in COLUMNS)]
    for name, rule in rule_table(plan).iterrows():
        unit, required = str(rule["unit"]), rule["required"]
        states = [words.state(rule[f"state_{network}"]) for network in ("today", "plan")]
        rows.append(
            (
                str(name),
                "" if pd.isna(rule["year"]) else str(rule["year"]),
                words.required(float(required), unit),
                words.value(rule["today"], unit, required),
                words.value(rule["plan"], unit, required),
                " -> ".join(states),
                str(rule["stations_needed"]),
                words.reason(str(rule["reason"])),
            )
        )
    return rows


def _proof(plan: Plan, words: Words) -> str:
    """Value of the objective and how near the optimum it is."""
    selection = plan.selection
    if selection.stations.empty:
        return words("terminal.nothing")
    by_cost = selection.objective == "cost"
    return words(
        f"terminal.value_{selection.objective}",
        n=ten_thousand(selection.value) if by_cost else decimal(selection.value, 1),
        gap=f"{100.0 * selection.gap:.1f}%",
        method=words.told(selection.method),
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
