"""Appended tables: the sites one by one, townships, what remains, comments, assumptions, inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siteplan.outputs import frames, monitoring
from siteplan.outputs import report as tables
from siteplan.outputs.assumptions import INPUT_TOPIC, WARNING_TOPIC, assumptions
from siteplan.outputs.blocks import Heading, Table, Turn, text_of
from siteplan.outputs.chapters.layout import kind_name, scaled
from siteplan.outputs.chapters.report import lack, make_table, say
from siteplan.outputs.words import decimal, whole

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.outputs.blocks import Block
    from siteplan.outputs.chapters.report import Report

UNMET_SHOWN = 200
"""Uncovered items listed in the document; layers and workbook hold all."""

HASH_SHOWN = 16
THOUSAND = 1000.0

ORDER = ("macro", "micro", "scopes", "unmet", "comments", "assumptions", "inputs", "warnings")
"""Annexes in order; their numbers follow from it."""


def annexes(report: Report) -> list[Block]:
    """
    All appended tables.

    Parameters
    ----------
    report : Report
        What the chapters read.

    Returns
    -------
    blocks : list of Block
        In order; wide ones on pages that lie on their side.
    """
    makers = {
        "macro": _macro,
        "micro": _micro,
        "scopes": _scopes,
        "unmet": _unmet,
        "comments": _comments,
        "assumptions": _assumptions,
        "inputs": _inputs,
        "warnings": _warnings,
    }
    words = report.words
    blocks: list[Block] = [Turn(landscape=True)]
    for number, name in enumerate(ORDER, start=1):
        title = words("numbering.annex", n=number, title=words(f"annexes.{name}"))
        blocks.append(Heading(text=title, level=1))
        made = makers[name](report)
        blocks.extend(replace(b, annex=True) if isinstance(b, Table) else b for b in made)
    return blocks


def _macro(report: Report) -> list[Block]:
    words, stations = report.words, scaled(report)
    macro = stations[stations["scale"] == "macro"]
    sites = report.sites.loc[sorted(macro["site_id"].unique())]
    if sites.empty:
        return [say(words("layout.macro_none"))]
    counts = macro.groupby("site_id").size()
    rows = [
        [
            text_of(site_id),
            text_of(site["name"]),
            report.township(site["township"]),
            words.label(site["kind"]),
            kind_name(report, str(site["reuse"])),
            *_place(report, site),
            decimal(site["antenna_height_m"], 1),
            str(site["year"]),
            text_of(site["operators"]).replace(";", "\n"),
            text_of(site["technologies"]).replace(";", "\n"),
            whole(counts[site_id]),
            text_of(site["rules"]).replace(";", "\n"),
        ]
        for site_id, site in sites.iterrows()
    ]
    total = [words("common.total"), *[""] * 10, whole(counts.sum()), ""]
    table = make_table(words, "macro_list", rows, "lllccrrrclcrl", total=total)
    note = [say(words("annexes.public_note"))] if report.options.public else []
    return [*note, table]


def _place(report: Report, site: pd.Series[object]) -> list[str]:
    digits = 2 if report.options.public else 5
    return [decimal(float(str(site[name])), digits) for name in ("lon", "lat")]


def _micro(report: Report) -> list[Block]:
    words, stations = report.words, scaled(report)
    micro = stations[stations["scale"] == "micro"]
    if micro.empty:
        return [say(words("layout.micro_none"))]
    townships = report.sites["township"].fillna(tables.NO_TOWNSHIP)
    micro = micro.assign(township=micro["site_id"].map(townships))
    grouped = micro.groupby(["township", "kind", "year"], sort=True)
    opened = micro.sort_values("year", kind="stable").drop_duplicates("site_id")
    sites = opened.groupby(["township", "kind", "year"]).size()
    rows = [
        [
            report.township(key[0]),
            words.label(key[1]),
            str(key[2]),
            whole(sites.get(key, 0)),
            whole(len(group)),
        ]
        for key, group in grouped
    ]
    total = [words("common.total"), "", "", whole(sites.sum()), whole(len(micro))]
    return [make_table(words, "micro_list", rows, "lccrr", total=total)]


def _scopes(report: Report) -> list[Block]:
    words = report.words
    scopes = frames.scope_table(report.plan)
    rows = []
    for row in scopes.itertuples():
        name = text_of(row.scope_name) if row.scope else words.label(row.group)
        unit = str(row.unit)
        rows.append(
            [
                text_of(row.rule_id),
                name,
                words.required(float(row.required), unit),
                words.value(row.today, unit, row.required),
                words.state(row.state_today),
                words.value(row.plan, unit, row.required),
                words.state(row.state_plan),
            ]
        )
    if not rows:
        return [say(words("annexes.none"))]
    whole_met = set(report.rules.index[report.rules["state_plan"].eq("met")])
    missed = scopes[~scopes["state_plan"].isin(["met", "measured"])]
    note = [say(words("annexes.scopes_note"))] if whole_met & {*missed["rule_id"]} else []
    return [*note, make_table(words, "scopes", rows, "llrrcrc")]


def _unmet(report: Report) -> list[Block]:
    words = report.words
    found = monitoring.remaining(report.plan)
    if found.empty:
        return [say(words("annexes.none"))]
    shown = found.head(UNMET_SHOWN)
    rows = [
        [
            text_of(row["rule_id"]),
            text_of(row["item_id"]),
            text_of(row["name"]),
            text_of(row["township_name"]),
            words.value(row["share"], "share"),
            words.state(row["state"]),
            _why(report, row),
        ]
        for _, row in shown.iterrows()
    ]
    table = make_table(words, "unmet", rows, "llllrcl")
    if len(found) == len(shown):
        return [table]
    return [say(words("annexes.unmet_cut", n=len(found), shown=len(shown))), table]


def _why(report: Report, row: pd.Series[object]) -> str:
    """Attributes that keep an item from counting."""
    words = report.words
    parts = []
    for kind in ("lacking", "blank"):
        names = [words.attribute(name) for name in str(row[kind]).split(";") if name]
        if names:
            parts.append(words(f"annexes.{kind}", names=words.joined(names)))
    return words.joined(parts)


def _comments(report: Report) -> list[Block]:
    if not report.comments:
        return [lack(report.words("safeguards.comments_missing"))]
    rows = [[text_of(cell) for cell in row] for row in report.comments]
    weights = (1.0, 3.0, 7.0, 2.0, 7.0)
    return [make_table(report.words, "comments", rows, "cllcl", weights=weights)]


def _assumptions(report: Report) -> list[Block]:
    words = report.words
    left_out = {words.told(INPUT_TOPIC), words.told(WARNING_TOPIC)}  # in annexes of their own
    rows = []
    for fact in assumptions(report.plan, words):
        if fact.topic in left_out:
            continue
        shown = _figure(fact.value) if isinstance(fact.value, float | int) else text_of(fact.value)
        source = (fact.source, "" if fact.date[:4] in fact.source else fact.date)
        cells = [fact.topic, text_of(fact.item), shown, text_of(fact.unit)]
        cells += [text_of(" ".join(source).strip()), words(f"marks.{fact.mark or 'none'}")]
        rows.append(cells)
    return [make_table(words, "assumptions", rows, "llrcll")]


def _figure(value: float) -> str:
    """Print a figure as a reader needs it: five digits, and none behind the point from a thousand on."""
    return f"{value:.0f}" if abs(value) >= THOUSAND else f"{value:.5g}"


def _inputs(report: Report) -> list[Block]:
    rows = [
        [
            report.words.layer(file.layer),
            text_of(file.path),
            whole(file.rows) if file.rows else "—",
            text_of(file.crs),
            file.sha256[:HASH_SHOWN],
        ]
        for file in report.plan.region.inputs
    ]
    return [_input_table(report, rows)] if rows else [say(report.words("annexes.none"))]


def _input_table(report: Report, rows: list[list[str]]) -> Table:
    return make_table(report.words, "inputs", rows, "llrll")


def _warnings(report: Report) -> list[Block]:
    words = report.words
    if not report.plan.warnings:
        return [say(words("annexes.none"))]
    blocks: list[Block] = [say(words("annexes.warnings_text"))]
    blocks.extend(say(text_of(words.fault(fault))) for fault in report.plan.warnings)
    return blocks
