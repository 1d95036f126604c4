"""Chapter on where the stations go: totals, macro, micro, indoor, townships, sharing, effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan import catalog
from siteplan.outputs import monitoring, reasons
from siteplan.outputs import report as tables
from siteplan.outputs.blocks import Heading, Picture, text_of
from siteplan.outputs.chapters.effect import effect
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
from siteplan.outputs.words import whole
from siteplan.schema import POLE_KINDS
from siteplan.selection.candidates import REUSE_ORDER

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.outputs.blocks import Block
    from siteplan.outputs.chapters.report import Report

SHORTFALLS = 20
"""Needs out of reach told one by one in the text."""

KEY_SITES = 8
"""Sites whose reasons are told in the text; the workbook tells those of all."""

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
        *_indoor(report),
        section(words("layout.townships")),
        *_townships(report),
        *_sharing(report),
        *_choice(report),
        section(words("layout.effect")),
        *effect(report),
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
                name=words.told(str(row["rule_id"])),
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
                what=" ".join(filter(None, (row["rule_id"], row["name"], row["operator"]))),
                needed=words.value(row["needed"], "share"),
                reachable=words.value(row["reachable"], "share", row["needed"]),
            )
            for _, row in short.head(SHORTFALLS).fillna("").iterrows()
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


def _indoor(report: Report) -> list[Block]:
    words, layers = report.words, report.plan.region.layers
    if not ("buildings" in layers or "venues" in layers):
        return [lack(words("layout.indoor_missing"))]
    sums = monitoring.indoor_sums(report.plan)
    if sums.empty:
        return [say(words("layout.indoor_none", year=report.last_year))]
    solutions = words.solutions
    rows = [
        [
            text_of(row.technology),
            solutions[str(row.solution)],
            words.label(row.use),
            whole(row.places),
            whole(row.floor_m2) if row.floor_m2 else "—",
        ]
        for row in sums.itertuples()
    ]
    total = [words("common.total"), "", "", whole(sums["places"].sum())]
    total.append(whole(sums["floor_m2"].sum()))
    told = {"year": report.last_year, "n": int(sums["places"].sum()), "ref": table_ref("indoor")}
    return [
        say(words("layout.indoor_text", **told)),
        make_table(words, "indoor", rows, "cllrr", total=total),
    ]


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


def _choice(report: Report) -> list[Block]:
    """Why these sites and no others."""
    words, plan = report.words, report.plan
    counts = reasons.reason_counts(plan)
    if not counts["chosen"].any():
        return []
    rows = [
        [
            words("layout.chosen" if row.chosen else "layout.rejected"),
            words.verdicts[str(row.reason)],
            whole(row.stations),
        ]
        for row in counts.itertuples()
    ]
    text = "layout.choice_public" if report.options.public else "layout.choice_text"
    blocks: list[Block] = [
        section(words("layout.choice")),
        say(words(text, ref=table_ref("choice"), keys=table_ref("key_sites"))),
        make_table(words, "choice", rows, "clr"),
    ]
    lines = reasons.site_lines(plan, words)
    keys = [
        [
            text_of(site_id),
            text_of(report.sites.loc[site_id, "name"]),
            report.township(report.sites.loc[site_id, "township"]),
            str(report.sites.loc[site_id, "year"]),
            text_of(lines.loc[site_id]),
        ]
        for site_id in reasons.key_sites(plan, KEY_SITES)
    ]
    return [
        *blocks,
        make_table(words, "key_sites", keys, "lllcl", weights=(2.0, 2.0, 1.6, 0.9, 6.5)),
    ]
