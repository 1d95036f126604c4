"""Chapters on what stands, what is covered and missed today, and what is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from siteplan.outputs import frames, monitoring
from siteplan.outputs import report as tables
from siteplan.outputs.blocks import Heading, Picture, text_of
from siteplan.outputs.chapters.report import (
    lack,
    make_table,
    say,
    section,
    share_text,
    table_ref,
)
from siteplan.outputs.words import decimal, whole

if TYPE_CHECKING:
    from siteplan.outputs.blocks import Block
    from siteplan.outputs.chapters.report import Report

LARGEST = 10
"""Gaps told one by one; all of them stand in the workbook."""


def present(report: Report) -> list[Block]:
    """
    Second chapter: sites, stations, coverage and problems of today.

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
        Heading(text=words("chapters.present"), level=1),
        section(words("present.sites")),
        *_sites(report),
        section(words("present.coverage")),
        *_coverage(report),
        section(words("present.problems")),
        *_problems(report),
    ]


def demand(report: Report) -> list[Block]:
    """
    Third chapter: what is needed, by target, year and operator.

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
    needs = tables.needs(plan)
    blocks: list[Block] = [Heading(text=words("chapters.demand"), level=1)]
    blocks.append(section(words("demand.by_target")))
    if needs.empty:
        blocks.append(say(words("demand.by_target_none")))
    else:
        told = {"n": len(needs), "ref": table_ref("needs")}
        rows = [
            [
                text_of(row.rule_id),
                words.pick(str(row.zh), str(row.en)),
                report.rule_year(row.year),
                words(f"classes.{row.rule_class}") if row.rule_class else words("common.none"),
                whole(row.uncovered) if pd.notna(row.uncovered) else words("common.none"),
                whole(row.lacking) if pd.notna(row.lacking) else words("common.none"),
                whole(row.stations),
            ]
            for row in needs.itertuples()
        ]
        blocks.append(say(words("demand.by_target_text", **told)))
        blocks.append(make_table(words, "needs", rows, "llccrrr"))
    if len(plan.planned_stations):
        blocks.append(section(words("demand.by_year")))
        blocks.extend(_station_years(report))
    blocks.append(section(words("demand.traffic")))
    blocks.append(lack(words("demand.traffic_missing")))
    return blocks


def _sites(report: Report) -> list[Block]:
    words, plan = report.words, report.plan
    kinds = tables.present_sites(plan)
    stations = tables.present_stations(plan)
    sites = int(kinds["existing"].sum())
    blocks: list[Block] = []
    if plan.region.scenario.greenfield and stations.empty:
        blocks.append(lack(words("present.sites_greenfield")))
    elif stations.empty:
        blocks.append(say(words("present.sites_none", sites=sites)))
    else:
        by_technology = stations.groupby("technology")["stations"].sum()
        split = [
            words("present.split_one", technology=name, n=int(count))
            for name, count in by_technology.items()
        ]
        told = {
            "sites": sites,
            "carrying": int(kinds["with_stations"].sum()),
            "stations": int(stations["stations"].sum()),
            "split": words.joined(split),
            "ref_stations": table_ref("present_stations"),
            "ref_sites": table_ref("present_sites"),
        }
        rows = [
            [text_of(row.operator), row.technology, whole(row.stations), whole(row.sites)]
            for row in stations.itertuples()
        ]
        blocks.append(say(words("present.sites_text", **told)))
        total = [words("common.total"), "", whole(stations["stations"].sum()), "—"]
        blocks.append(make_table(words, "present_stations", rows, "lcrr", total=total))
    names = ["existing", "with_stations", "candidates"]
    rows = [
        [words.label(row["kind"]), *(whole(row[name]) for name in names)]
        for _, row in kinds.iterrows()
    ]
    total = [words("common.total"), *(whole(kinds[name].sum()) for name in names)]
    blocks.append(make_table(words, "present_sites", rows, "lrrr", total=total))
    blocks.append(Picture(name="present_sites", caption=words("sheets.present_sites")))
    blocks.extend(_resold(report))
    return blocks


def _resold(report: Report) -> list[Block]:
    """How many carrying sites are on resold power; nothing when no site tells."""
    sites = report.plan.region.sites
    carrying = sites.loc[report.plan.today_stations["site_id"].unique()]
    known = int(carrying["power"].notna().sum())
    if not known:
        return []
    told = {
        "total": len(carrying),
        "known": known,
        "resold": int(carrying["power"].eq("resold").sum()),
        "unknown": len(carrying) - known,
    }
    return [say(report.words("present.resold", **told))]


def _coverage(report: Report) -> list[Block]:
    words, plan = report.words, report.plan
    shares = monitoring.covered_shares(plan)
    blocks: list[Block] = []
    if len(shares):
        rows = [
            [
                row.technology,
                str(row.year),
                "\n".join(words.definition(name) for name in row.definitions.split("\n")),
                f"{row.rsrp_dbm:g}",
                words.value(row.today, "share"),
                words.value(row.plan, "share"),
            ]
            for row in _by_level(shares).itertuples()
        ]
        last = shares[shares["year"] == report.last_year]
        clauses = [
            words(
                "present.coverage_one",
                technology=row.technology,
                share=words.value(row.today, "share"),
                level=f"{row.rsrp_dbm:g}",
            )
            for row in last.drop_duplicates(["technology", "rsrp_dbm"]).itertuples()
        ]
        told = {"year": report.last_year, "ref": table_ref("coverage")}
        text = words("present.coverage_text", **told)
        text += words("present.coverage_sum", shares=words.listed(clauses))
        blocks.append(say(text))
        blocks.append(make_table(words, "coverage", rows, "cclrrr"))
        blocks.extend(
            Picture(
                name=f"coverage_today_{technology}",
                caption=words("sheets.coverage_today", technology=technology),
            )
            for technology in sorted(last["technology"].unique())
        )
    told = {"n": len(report.rules), "states": report.states(report.rules["state_today"])}
    blocks.append(say(words("present.targets_text", **told, ref=table_ref("present_targets"))))
    rows = [
        [
            str(name),
            report.rule_text(rule),
            report.rule_year(rule["year"]),
            words.required(rule["required"], str(rule["unit"])),
            words.value(rule["today"], str(rule["unit"]), rule["required"]),
            words.state(rule["state_today"]),
        ]
        for name, rule in report.rules.iterrows()
    ]
    blocks.append(make_table(words, "present_targets", rows, "llcrrc"))
    return blocks


def _by_level(shares: pd.DataFrame) -> pd.DataFrame:
    """Shares with a row for each level: definitions of one level share theirs."""
    keys = ["technology", "year", "rsrp_dbm"]
    grouped = shares.groupby(keys, sort=False)
    found = grouped.agg(definitions=("definition", "\n".join), today=("today", "first"))
    return found.assign(plan=grouped["plan"].first()).reset_index()


def _problems(report: Report) -> list[Block]:
    words = report.words
    causes = tables.gap_causes(report.plan)
    causes = causes[causes["network"] == "today"]
    if causes.empty:
        return [say(words("present.problems_none", year=report.last_year))]
    sizes = causes[["area_km2", "length_km", "points"]].sum(min_count=1)
    parts = []
    if sizes["area_km2"] > 0.0:
        parts.append(words("present.part_area", n=decimal(sizes["area_km2"], 1)))
    if sizes["length_km"] > 0.0:
        parts.append(words("present.part_road", n=decimal(sizes["length_km"], 1)))
    if sizes["points"] > 0.0:
        parts.append(words("present.part_point", n=whole(sizes["points"])))
    number = int(causes["gaps"].sum())
    told = {"year": report.last_year, "n": number, "parts": words.joined(parts)}
    told |= {"ref_causes": table_ref("causes"), "ref_largest": table_ref("largest")}
    by_cause = causes.groupby("cause")["gaps"].sum().sort_values(ascending=False, kind="stable")
    main = {"cause": words.cause(str(by_cause.index[0])), "n": int(by_cause.iloc[0])}
    main["share"] = share_text(float(by_cause.iloc[0]), number)
    text = words("present.problems_text", **told) + words("present.main_cause", **main)
    rows = [_cause_row(report, row) for _, row in causes.iterrows()]
    total = [words("common.total"), "", "", whole(number)]
    total += [decimal(sizes["area_km2"]), decimal(sizes["length_km"]), whole(sizes["points"])]
    return [
        say(text),
        make_table(words, "causes", rows, "cclrrrr", total=total),
        say(words("present.gap_note")),
        _largest(report),
        Picture(name="gaps", caption=words("sheets.gaps")),
    ]


def _cause_row(report: Report, row: pd.Series[Any]) -> list[str]:
    words = report.words
    return [
        str(row["technology"]),
        words(f"classes.{row['rule_class']}"),
        words.cause(str(row["cause"])),
        whole(row["gaps"]),
        decimal(row["area_km2"]),
        decimal(row["length_km"]),
        whole(row["points"]),
    ]


def _largest(report: Report) -> Block:
    """List the largest gaps of each class of demand, those with most of one first."""
    words = report.words
    gaps = frames.gap_list(report.plan)
    gaps = gaps[gaps["network"] == "today"].drop(columns="geometry")
    rank = gaps.groupby("unit")["size"].rank(ascending=False, method="first")
    chosen = gaps.assign(rank=rank).sort_values(["rank", "unit"], kind="stable").head(LARGEST)
    units = {
        "m2": lambda size: words("units.area", n=decimal(size / 1e6)),
        "m": lambda size: words("units.stretch", n=decimal(size / 1e3, 1)),
        "points": lambda size: words("units.item", n=whole(size)),
    }
    rows = [
        [
            text_of(row.gap_id),
            row.technology,
            text_of(row.name),
            text_of(row.township_name),
            words.cause(str(row.cause)),
            units[row.unit](row.size),
        ]
        for row in chosen.sort_values(["unit", "rank"]).rename_axis("i").itertuples(name="Gap")
    ]
    return make_table(words, "largest", rows, "cclccr")


def _station_years(report: Report) -> list[Block]:
    words = report.words
    years = tables.station_years(report.plan)
    rows = [
        [
            str(row.year),
            text_of(row.operator),
            row.technology,
            whole(row.stations),
            whole(row.macro),
            whole(row.micro),
        ]
        for row in years.itertuples()
    ]
    sums = years[["stations", "macro", "micro"]].sum()
    total = [words("common.total"), "", "", *(whole(number) for number in sums)]
    told = {"n": int(sums["stations"]), "ref": table_ref("station_years")}
    return [
        say(words("demand.by_year_text", **told)),
        make_table(words, "station_years", rows, "clcrrr", total=total),
    ]
