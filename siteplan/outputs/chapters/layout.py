"""Chapter on where the stations go: totals, macro, micro, indoor, townships, sharing, effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan import catalog
from siteplan.outputs import report as tables
from siteplan.outputs.blocks import Heading, Picture, text_of
from siteplan.outputs.chapters.report import (
    amounts,
    annex_ref,
    lack,
    make_table,
    say,
    section,
    share_text,
    table_ref,
)
from siteplan.schema import POLE_KINDS
from siteplan.selection.candidates import REUSE_ORDER
from siteplan.targets import MEASURED

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.outputs.blocks import Block
    from siteplan.outputs.chapters.report import Report

SHORTFALLS = 20
"""Needs out of reach told one by one in the text."""

SHARED = 2
"""Operators from which on a site is shared."""


def layout(report: Report) -> list[Block]:
    """
    Fourth chapter.

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
    return [
        Heading(text=words("chapters.layout"), level=1),
        section(words("layout.method")),
        *_method(report),
        section(words("layout.totals")),
        *_totals(report),
        section(words("layout.macro")),
        _macro(report),
        section(words("layout.micro")),
        _micro(report),
        section(words("layout.indoor")),
        lack(words("layout.indoor_text")),
        section(words("layout.townships")),
        *_townships(report),
        *_sharing(report),
        section(words("layout.effect")),
        *_effect(report),
    ]


def scaled(report: Report) -> pd.DataFrame:
    """
    Planned stations with the scale of their equipment.

    Parameters
    ----------
    report : Report
        What the chapters read.

    Returns
    -------
    stations : DataFrame
        As in the plan, and ``scale``: ``macro`` or ``micro``.
    """
    stations = report.plan.planned_stations
    scales = {name: item.scale for name, item in catalog.equipment().items()}
    return stations.assign(scale=stations["equipment"].map(scales))


def kind_name(report: Report, reuse: str) -> str:
    """
    Name of a reuse class.

    Parameters
    ----------
    report : Report
        What the chapters read.
    reuse : str
        As in the site list.

    Returns
    -------
    name : str
        For reading.
    """
    return report.words("layout.existing") if reuse == "existing" else report.words.label(reuse)


def _method(report: Report) -> list[Block]:
    words, plan = report.words, report.plan
    selection, radio = plan.selection, plan.region.scenario.radio
    if plan.planned_stations.empty:
        blocks: list[Block] = [say(words("layout.method_nothing", candidates=selection.candidates))]
    else:
        told = {
            "candidates": selection.candidates,
            "macro": radio.macro_model,
            "micro": radio.micro_model,
            "objective": words(f"layout.objective_{selection.objective}"),
            "gap": f"{100.0 * selection.gap:.1f}%",
        }
        blocks = [say(words("layout.method_text", **told))]
    if len(selection.relaxations):
        items = [
            words(
                "layout.relaxed_one",
                name=str(row["rule_id"]),
                allowed=f"{row['allowed']:,.0f}",
                needed=f"{row['needed']:,.0f}",
            )
            for _, row in selection.relaxations.iterrows()
        ]
        blocks.append(lack(words("layout.relaxed", items=words.joined(items))))
    short = selection.shortfalls
    if len(short):
        items = [
            words(
                "layout.shortfall_one",
                rule=text_of(row["rule_id"]),
                name=text_of(row["name"]),
                needed=f"{row['needed']:.3g}",
                reachable=f"{row['reachable']:.3g}",
            )
            for _, row in short.head(SHORTFALLS).iterrows()
        ]
        blocks.append(lack(words("layout.shortfalls", items=words.joined(items))))
    return blocks


def _totals(report: Report) -> list[Block]:
    words = report.words
    kinds = tables.sites_by(report.plan, ["reuse"])
    if kinds.empty:
        return [say(words("layout.totals_none"))]
    parts = [
        words("layout.part", kind=kind_name(report, str(row.reuse)), n=int(row.sites))
        for row in kinds.itertuples()
    ]
    told = {
        "stations": len(report.plan.planned_stations),
        "sites": len(report.sites),
        "parts": words.joined(parts),
        "ref": table_ref("kinds"),
    }
    rows = [[kind_name(report, str(row.reuse)), *amounts(row)] for row in kinds.itertuples()]
    total = [words("common.total"), *amounts(kinds[["sites", "stations", "cost_cny"]].sum())]
    return [
        say(words("layout.totals_text", **told)),
        make_table(words, "kinds", rows, "lrrr", total=total),
        Picture(name="plan_by_kind", caption=words("sheets.plan_by_kind")),
    ]


def _macro(report: Report) -> Block:
    words, stations = report.words, scaled(report)
    macro = stations[stations["scale"] == "macro"]
    if macro.empty:
        return say(words("layout.macro_none"))
    told = {"stations": len(macro), "sites": macro["site_id"].nunique()}
    return say(words("layout.macro_text", **told, annex=annex_ref("macro")))


def _micro(report: Report) -> Block:
    words, stations = report.words, scaled(report)
    micro = stations[stations["scale"] == "micro"]
    if micro.empty:
        return say(words("layout.micro_none"))
    kinds = [name for name in REUSE_ORDER if name in set(micro["reuse"])]
    told = {
        "stations": len(micro),
        "sites": micro["site_id"].nunique(),
        "kinds": words.joined([kind_name(report, name) for name in kinds]),
        "annex": annex_ref("micro"),
    }
    return say(words("layout.micro_text", **told))


def _townships(report: Report) -> list[Block]:
    words = report.words
    if report.plan.region.layer("townships") is None:
        return [lack(words("general.townships_missing"))]
    found = tables.sites_by(report.plan, ["township"])
    if found.empty:
        return [say(words("layout.totals_none"))]
    rows = [[report.township(row.township), *amounts(row)] for row in found.itertuples()]
    total = [words("common.total"), *amounts(found[["sites", "stations", "cost_cny"]].sum())]
    most = found.loc[found["sites"].idxmax()]
    told = {"first": report.township(most["township"]), "n": int(most["sites"])}
    return [
        say(words("layout.townships_text", **told, ref=table_ref("townships"))),
        make_table(words, "townships", rows, "lrrr", total=total),
    ]


def _sharing(report: Report) -> list[Block]:
    words, sites = report.words, report.sites
    if sites.empty:
        return []
    existing = int(sites["reuse"].eq("existing").sum())
    poles = int(sites["reuse"].isin(POLE_KINDS).sum())
    operators = report.plan.planned_stations.groupby("site_id")["operator"].nunique()
    shared = int((operators >= SHARED).sum())
    told = {
        "existing": existing,
        "existing_share": share_text(existing, len(sites)),
        "poles": poles,
        "poles_share": share_text(poles, len(sites)),
        "shared": shared,
        "shared_share": share_text(shared, len(sites)),
    }
    return [section(words("layout.sharing")), say(words("layout.sharing_text", **told))]


def _effect(report: Report) -> list[Block]:
    words, rules = report.words, report.rules
    told = {"n": len(rules), "states": report.states(rules["state_plan"])}
    text = words("layout.effect_text", **told, ref=table_ref("effect"))
    shares = tables.covered_shares(report.plan)
    last = shares[shares["year"] == report.last_year].drop_duplicates(["technology", "rsrp_dbm"])
    if len(last):
        clauses = [
            words(
                "layout.effect_one",
                technology=row.technology,
                today=words.value(row.today, "share"),
                plan=words.value(row.plan, "share"),
                level=f"{row.rsrp_dbm:g}",
            )
            for row in last.itertuples()
        ]
        told = {"year": report.last_year, "shares": words.listed(clauses)}
        text += words("layout.effect_area", **told)
    rows = [
        [
            str(name),
            report.rule_text(rule),
            report.rule_year(rule["year"]),
            words.required(rule["required"], str(rule["unit"])),
            words.value(rule["today"], str(rule["unit"]), rule["required"]),
            words.state(rule["state_today"]),
            words.value(rule["plan"], str(rule["unit"]), rule["required"]),
            words.state(rule["state_plan"]),
        ]
        for name, rule in rules.iterrows()
    ]
    blocks: list[Block] = [say(text), make_table(words, "effect", rows, "llcrrcrc")]
    blocks.extend(_reasons(report))
    blocks.extend(
        Picture(
            name=f"coverage_plan_{technology}",
            caption=words("sheets.coverage_plan", technology=technology, year=report.last_year),
        )
        for technology in sorted(last["technology"].unique())
    )
    return blocks


def _reasons(report: Report) -> list[Block]:
    """Why targets stay missed, and how much stays uncovered."""
    words, rules = report.words, report.rules
    blocks: list[Block] = []
    missed = rules[rules["state_plan"].isin(["not_met", "unknown"]) & rules["reason"].ne("")]
    if len(missed):
        between = "：" if words.language == "zh" else ": "
        items = [
            f"{name}{between}{words.reason(str(row['reason']))}" for name, row in missed.iterrows()
        ]
        blocks.append(say(words("layout.reasons", items=words.listed(items))))
    remaining = tables.unmet(report.plan)
    if remaining.empty:
        blocks.append(say(words("layout.remaining_none")))
    else:
        measured = int(remaining["rule_id"].map(rules["state_plan"]).eq(MEASURED).sum())
        counts = {"n": len(remaining), "strict": len(remaining) - measured, "measured": measured}
        text = words("layout.remaining_plain", **counts, annex=annex_ref("unmet"))
        blocks.append(say(text))
    return blocks
