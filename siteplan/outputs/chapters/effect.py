"""Section on what the plan brings: targets, chances, people, roads, and what stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.outputs import frames, monitoring
from siteplan.outputs.blocks import Picture, text_of
from siteplan.outputs.chapters.report import annex_ref, make_table, say, table_ref
from siteplan.outputs.words import decimal, whole
from siteplan.targets import MEASURED

if TYPE_CHECKING:
    from siteplan.outputs.blocks import Block
    from siteplan.outputs.chapters.report import Report


def effect(report: Report) -> list[Block]:
    """
    Section on what the plan brings.

    Parameters
    ----------
    report : Report
        What the chapters read.

    Returns
    -------
    blocks : list of Block
        Targets, reasons, chances, people, roads, figures.
    """
    words, rules = report.words, report.rules
    told = {"n": len(rules), "states": report.states(rules["state_plan"])}
    text = words("layout.effect_text", **told, ref=table_ref("effect"))
    shares = monitoring.covered_shares(report.plan)
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
    blocks.append(Picture(name="progress", caption=words("sheets.progress")))
    blocks.extend(_reasons(report))
    blocks.extend([*_chances(report), *_people(report), *_roads(report)])
    blocks.extend(
        Picture(
            name=f"coverage_plan_{technology}",
            caption=words("sheets.coverage_plan", technology=technology, year=report.last_year),
        )
        for technology in sorted(last["technology"].unique())
    )
    return blocks


def _chances(report: Report) -> list[Block]:
    """How likely each target is to hold in its own year; nothing where no spread is known."""
    words = report.words
    found = monitoring.progress(report.plan).set_index(["rule_id", "year"])
    names = ["chance_today", "chance_plan"]
    rows = []
    for rule in report.plan.region.document.rules:
        key = (rule.id, frames.rule_year(report.plan, rule))
        if key in found.index and found.loc[key, names].notna().any():
            told = [words.value(float(str(found.loc[key, name])), "share") for name in names]
            rows.append([rule.id, words.pick(rule.zh, rule.en), report.rule_year(rule.year), *told])
    if not rows:
        return []
    return [
        say(words("layout.chances_text", ref=table_ref("chances"))),
        make_table(words, "chances", rows, "llcrr"),
    ]


def _people(report: Report) -> list[Block]:
    words = report.words
    found = monitoring.people(report.plan)
    found = found[found["scope"].eq("") & found["people"].gt(0)]
    if found.empty:
        return []
    rows = [
        [
            text_of(row.technology),
            str(row.year),
            *(whole(number) for number in (row.villages, row.people, row.today, row.plan)),
            words.value(row.share_today, "share"),
            words.value(row.share_plan, "share"),
        ]
        for row in found.itertuples()
    ]
    last = found[found["year"] == report.last_year]
    shares = [
        words(
            "layout.people_one",
            technology=row.technology,
            today=words.value(row.share_today, "share"),
            plan=words.value(row.share_plan, "share"),
        )
        for row in last.itertuples()
    ]
    blank = int(last["villages_blank"].max())
    told = {
        "year": report.last_year,
        "shares": words.listed(shares),
        "ref": table_ref("people"),
        "blank": words("layout.people_blank", n=blank) if blank else "",
    }
    return [
        say(words("layout.people_text", **told).strip()),
        make_table(words, "people", rows, "ccrrrrrr"),
    ]


def _roads(report: Report) -> list[Block]:
    words = report.words
    found = monitoring.roads(report.plan)
    found = found[found["name"].eq("")]
    if found.empty:
        return []
    names = ["length_km", "covered_today_km", "covered_plan_km", "unknown_km"]
    rows = [
        [
            text_of(row["rule_id"]),
            words.label(row["class"]),
            whole(row["roads"]),
            *(decimal(row[name], 1) for name in [*names, "longest_gap_plan_km"]),
        ]
        for _, row in found.iterrows()
    ]
    total = [words("common.total"), "", whole(found["roads"].sum())]
    total += [*(decimal(found[name].sum(), 1) for name in names), "—"]
    return [
        say(words("layout.roads_text", year=report.last_year, ref=table_ref("roads"))),
        make_table(words, "roads", rows, "llrrrrrr", total=total),
    ]


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
    remaining = monitoring.remaining(report.plan)
    if remaining.empty:
        blocks.append(say(words("layout.remaining_none")))
    else:
        measured = int(remaining["rule_id"].map(rules["state_plan"]).eq(MEASURED).sum())
        counts = {"n": len(remaining), "strict": len(remaining) - measured, "measured": measured}
        text = words("layout.remaining_plain", **counts, annex=annex_ref("unmet"))
        blocks.append(say(text))
    return blocks
