"""Chapter on background, scope, period, principles, goals and what "covered" means."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from siteplan import catalog
from siteplan.outputs.blocks import Heading, system_name, text_of
from siteplan.outputs.chapters.report import annex_ref, lack, make_table, say, section, table_ref

if TYPE_CHECKING:
    from siteplan.outputs.blocks import Block, Table
    from siteplan.outputs.chapters.report import Report
    from siteplan.outputs.words import Words


def general(report: Report) -> list[Block]:
    """
    First chapter.

    Parameters
    ----------
    report : Report
        What the chapters read.

    Returns
    -------
    blocks : list of Block
        In order.
    """
    words, plan = report.words, report.plan
    document = plan.region.document
    strict = int(report.rules["required"].notna().sum())
    return [
        Heading(text=words("chapters.general"), level=1),
        section(words("general.background")),
        say(
            words(
                "general.background_text",
                document=document.title,
                issuer=document.issuer,
                date=_date(words, document.date),
                region=report.region_name,
                rules=len(document.rules),
                strict=strict,
                measured=len(document.rules) - strict,
            )
        ),
        section(words("general.basis")),
        say(words("general.basis_text", annex=annex_ref("assumptions"))),
        section(words("general.scope")),
        *_scope(report),
        section(words("general.period")),
        _period(report),
        section(words("general.principles")),
        *_principles(report),
        section(words("general.goals")),
        say(words("general.goals_text", ref=table_ref("targets"), n=len(document.rules))),
        _targets(report),
        section(words("general.definitions")),
        *_definitions(report),
    ]


def _date(words: Words, date: str) -> str:
    """Date as official papers write it; what is no date of a day stays as it is."""
    try:
        day = dt.date.fromisoformat(date)
    except ValueError:
        return date
    return words("general.date_text", year=day.year, month=day.month, day=day.day)


def _scope(report: Report) -> list[Block]:
    words, region = report.words, report.plan.region
    info = region.scenario.region
    area = f"{region.boundary.area / 1e6:,.1f}".replace(",", "")
    key = "scope_text" if info.code else "scope_no_code"
    blocks: list[Block] = [
        say(words(f"general.{key}", region=report.region_name, code=info.code, area=area))
    ]
    if region.layer("townships") is None:
        blocks.append(lack(words("general.townships_missing")))
    else:
        names = [text_of(name) for name in region.townships()["name"]]
        told = {"n": len(names), "names": words.joined(names)}
        blocks.append(say(words("general.townships_text", **told)))
    told = {
        "system": system_name(region.crs, words),
        "resolution": f"{region.resolution_m:g}",
    }
    blocks.append(say(words("general.datum_text", **told)))
    return blocks


def _period(report: Report) -> Block:
    words, years = report.words, report.plan.years
    if len(years) == 1:
        return say(words("general.period_one", first=years[0]))
    listed = words.joined([str(year) for year in years])
    told = {"first": years[0], "last": years[-1], "years": listed}
    return say(words("general.period_text", **told))


def _principles(report: Report) -> list[Block]:
    objective = report.plan.region.scenario.selection.objective
    keys = ["1", "2", f"3_{objective}", "4", "5"]
    return [say(report.words(f"general.principle_{key}")) for key in keys]


def _targets(report: Report) -> Table:
    words = report.words
    rows = [
        [
            str(name),
            report.rule_text(rule),
            report.rule_year(rule["year"]),
            text_of(rule["technology"]),
            words.definition(text_of(rule["definition"])),
            words.required(rule["required"], str(rule["unit"])),
        ]
        for name, rule in report.rules.iterrows()
    ]
    return make_table(words, "targets", rows, "llcccr")


def _definitions(report: Report) -> list[Block]:
    words, scenario = report.words, report.plan.region.scenario
    used = dict(
        scenario.definition(rule)
        for rule in report.plan.region.document.rules
        if rule.kind == "coverage"
    )
    if not used:
        return [say(words("general.states_text"))]
    rows = []
    for name in sorted(used):
        item = catalog.definitions().get(name, used[name])
        sinr = "—" if item.sinr_db is None else f"{item.sinr_db:g}"
        share = f"{100.0 * item.share:g}%"
        text = words.pick(item.zh, item.en)
        mark = words(f"marks.{item.mark}")
        rows.append(
            [f"{words.definition(name)}\n{name}", text, f"{item.rsrp_dbm:g}", sinr, share, mark]
        )
    told = {
        "ref": table_ref("definitions"),
        "height": f"{scenario.radio.receiver_height_m:g}",
        "margin": f"{scenario.targets.margin_db:g}",
    }
    return [
        say(words("general.definitions_text", **told)),
        make_table(words, "definitions", rows, "llrrrl"),
        say(words("general.states_text")),
    ]
