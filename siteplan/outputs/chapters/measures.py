"""Chapters on supply, control, phases, money and safeguards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from siteplan import catalog
from siteplan.outputs import control as exclusion
from siteplan.outputs import frames
from siteplan.outputs import report as tables
from siteplan.outputs.atlas import sheet_names
from siteplan.outputs.blocks import Heading, Picture, text_of
from siteplan.outputs.chapters.layout import kind_name
from siteplan.outputs.chapters.report import (
    amounts,
    annex_ref,
    lack,
    make_table,
    say,
    section,
    table_ref,
)
from siteplan.outputs.words import decimal, ten_thousand, whole
from siteplan.units import METRES_PER_KM, ratio_to_db

if TYPE_CHECKING:
    from siteplan.coverage.emf import Screening
    from siteplan.outputs.blocks import Block
    from siteplan.outputs.chapters.report import Report

DBM_OF_WATT = 30.0
SENSITIVE_SHOWN = 60
"""Sensitive places listed in the text, those of the first sites."""

TOLD_ONE_BY_ONE = 3
"""Targets of a task told one by one; of more, how many are in which state."""

SMALL_KM2 = 0.1
"""Smaller zones are given to the square metre's order. [km2]"""


def supply(report: Report) -> list[Block]:
    """
    Fifth chapter: rooms, transmission, power.

    Parameters
    ----------
    report : Report
        What the chapters read.

    Returns
    -------
    blocks : list of Block
        In order.
    """
    words, given = report.words, report.supplements
    found = tables.supply(report.plan).iloc[0]
    fibre = {name: int(found[f"fibre_{name}"]) for name in ("yes", "no", "unknown")}
    power = {name: int(found[f"power_{name}"]) for name in ("direct", "resold", "unknown")}
    blocks: list[Block] = [
        Heading(text=words("chapters.supply"), level=1),
        section(words("supply.rooms")),
        *_rooms(report),
        section(words("supply.transmission")),
    ]
    if found["sites"]:
        blocks.append(say(words("supply.fibre_text", sites=int(found["sites"]), **fibre)))
    if given.backhaul is None:
        blocks.append(lack(words("supply.backhaul_missing")))
    else:
        rows = [
            [
                str(row.year),
                whole(row.sites),
                decimal(row.fibre_km, 1),
                ten_thousand(row.cost_cny),
                text_of(row.note),
            ]
            for row in given.backhaul.itertuples()
        ]
        blocks.append(say(words("supply.backhaul_text", ref=table_ref("backhaul"))))
        blocks.append(make_table(words, "backhaul", rows, "crrrl"))
    if "transmission" in sheet_names(report.plan):
        blocks.append(Picture(name="transmission", caption=words("sheets.transmission")))
    blocks.append(section(words("supply.power")))
    if found["sites"]:
        blocks.append(say(words("supply.power_text", sites=int(found["sites"]), **power)))
    if given.power is None:
        blocks.append(lack(words("supply.load_missing")))
    else:
        rows = [
            [str(row.year), whole(row.stations), decimal(row.load_kw, 1), text_of(row.note)]
            for row in given.power.itertuples()
        ]
        blocks.append(say(words("supply.load_text", ref=table_ref("load"))))
        blocks.append(make_table(words, "load", rows, "crrl"))
    return blocks


def _rooms(report: Report) -> list[Block]:
    words, found = report.words, report.plan.backhaul.rooms
    if found is None:
        return [lack(words("supply.rooms_missing"))]
    rows = [
        [
            text_of(row.name),
            report.township(row.township),
            whole(row.sites),
            whole(row.stations),
            decimal(row.farthest_m / METRES_PER_KM, 1),
        ]
        for row in found.rooms.rename_axis("i").itertuples(name="Room")
    ]
    told = {
        "n": len(rows),
        "served": found.served_stations,
        "fibre": decimal(found.fibre_m / METRES_PER_KM, 1),
        "duct": decimal(found.duct_m / METRES_PER_KM, 1),
        "ref": table_ref("rooms"),
    }
    return [
        say(words("supply.rooms_text", **told)),
        make_table(words, "rooms", rows, "llrrr"),
    ]


def control(report: Report) -> list[Block]:
    """
    Sixth chapter: exclusion zones and electromagnetic fields.

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
    blocks: list[Block] = [
        Heading(text=words("chapters.control"), level=1),
        section(words("control.zones")),
        *_zones(report),
        section(words("control.emf")),
    ]
    emf = report.supplements.emf
    if emf is None:
        blocks.append(lack(words("control.emf_missing")))
    else:
        blocks.extend(_fields(report, emf))
    blocks.append(section(words("control.buildings")))
    if emf is None or emf.points is None:
        blocks.append(lack(words("control.buildings_text")))
    else:
        blocks.extend(_sensitive(report, emf.points))
    return blocks


def _fields(report: Report, emf: Screening) -> list[Block]:
    words, stations = report.words, emf.stations
    rows = [
        [
            text_of(name),
            text_of(group["technology"].iloc[0]),
            decimal(float(ratio_to_db(group["eirp_w"].max())) + DBM_OF_WATT, 1),
            decimal(group["limit_w_m2"].min()),
            decimal(group["screening_m"].max(), 1),
            whole(len(group)),
        ]
        for name, group in stations.groupby("equipment", sort=True)
    ]
    duty = [
        words("control.duty", technology=name, value=f"{emf.duty[name]:g}")
        for name in sorted(stations["technology"].unique())
        if name in emf.duty
    ]
    told = {
        "ref": table_ref("emf"),
        "sites": len(emf.sites),
        "most": decimal(emf.sites["screening_m"].max(), 1),
        "share": f"{100.0 * emf.share:g}%",
        "duty": words.joined(duty),
    }
    return [
        say(words("control.emf_text", **told)),
        make_table(words, "emf", rows, "lcrrrr"),
    ]


def _sensitive(report: Report, points: pd.DataFrame) -> list[Block]:
    words = report.words
    if points.empty:
        return [say(words("control.sensitive_none"))]
    if report.options.public:  # a school within metres would give the site away
        counts = {"n": len(points), "sites": points["site_id"].nunique()}
        return [say(words("control.sensitive_public", **counts))]
    rows = [
        [
            text_of(row.site_id),
            text_of(row.name),
            words(f"control.layer_{row.layer}"),
            decimal(row.distance_m, 1),
            decimal(row.screening_m, 1),
        ]
        for row in points.head(SENSITIVE_SHOWN).rename_axis("i").itertuples(name="Place")
    ]
    told = {
        "n": len(points),
        "sites": points["site_id"].nunique(),
        "ref": table_ref("sensitive"),
        "shown": len(rows),
    }
    return [
        say(words("control.sensitive_text", **told)),
        make_table(words, "sensitive", rows, "lllrr"),
    ]


def _zones(report: Report) -> list[Block]:
    words = report.words
    found = report.supplements.conflicts
    found = exclusion.conflicts(report.plan) if found is None else found
    zones = exclusion.zones_of_exclusion(report.plan, found)
    if zones is None or found is None:
        return [lack(words("control.zones_missing"))]
    rows = [
        [
            text_of(row.name),
            _severity(report, row.severity),
            text_of(row.basis),
            decimal(row.area_km2, 2 if row.area_km2 >= SMALL_KM2 else 4),
            whole(row.sites),
        ]
        for row in zones.rename_axis("i").itertuples(name="Zone")
    ]
    blocks: list[Block] = [
        say(words("control.zones_text", n=len(zones), ref=table_ref("zones"))),
        make_table(words, "zones", rows, "lclrr"),
        say(words("control.zones_partial")),
        Picture(name="control", caption=words("sheets.control")),
    ]
    if found.empty:
        blocks.append(say(words("control.conflicts_none")))
        return blocks
    rows = [
        [
            text_of(row.site_id),
            text_of(row.site_name),
            kind_name(report, row.reuse),
            text_of(row.zone),
            _severity(report, row.severity),
            text_of(row.basis),
        ]
        for row in found.itertuples()
    ]
    number = found["site_id"].nunique()
    blocks.append(say(words("control.conflicts_text", n=number, ref=table_ref("conflicts"))))
    blocks.append(make_table(words, "conflicts", rows, "lllccl"))
    return blocks


def _severity(report: Report, severity: object) -> str:
    if severity is None or pd.isna(severity):
        return report.words("common.unknown")
    return report.words(f"severities.{severity}")


def phases(report: Report) -> list[Block]:
    """
    Seventh chapter: what is built when.

    Parameters
    ----------
    report : Report
        What the chapters read.

    Returns
    -------
    blocks : list of Block
        In order.
    """
    words, money = report.words, report.investment
    blocks: list[Block] = [Heading(text=words("chapters.phases"), level=1)]
    if money.empty:
        return [*blocks, say(words("phases.none_text"))]
    blocks.append(section(words("phases.by_year")))
    blocks.append(say(words("phases.by_year_text", ref=table_ref("phases"))))
    blocks.extend(say(_year_text(report, year)) for year in report.plan.years)
    rows = [
        [str(row.year), kind_name(report, row.reuse), *amounts(row)] for row in money.itertuples()
    ]
    total = [words("common.total"), "", *amounts(money[["sites", "stations", "cost_cny"]].sum())]
    blocks.append(make_table(words, "phases", rows, "clrrr", total=total))
    blocks.append(Picture(name="plan_by_year", caption=words("sheets.plan_by_year")))
    if report.plan.region.layer("townships") is not None:
        blocks.append(section(words("phases.by_township")))
        blocks.append(say(words("phases.by_township_text", ref=table_ref("phase_townships"))))
        blocks.append(_phase_townships(report))
    return blocks


def _year_text(report: Report, year: int) -> str:
    words, money = report.words, report.investment
    rows = money[money["year"] == year]
    if rows.empty:
        text = words("phases.year_none", year=year)
    else:
        text = words(
            "phases.year_text",
            year=year,
            stations=int(rows["stations"].sum()),
            sites=int(rows["sites"].sum()),
            cost=words.money(float(rows["cost_cny"].sum())),
        )
    due = report.rules[report.rules["year"].eq(year).fillna(value=False)]
    if len(due):
        states = report.states(due["state_plan"])
        text += words("phases.year_targets", n=len(due), states=states)
    return text


def _phase_townships(report: Report) -> Block:
    words = report.words
    phases_of = frames.phase_table(report.plan)
    sums = phases_of.groupby(["township", "year"], sort=True)[["sites", "stations", "cost_cny"]]
    rows = [
        [report.township(row.township), str(row.year), *amounts(row)]
        for row in sums.sum().reset_index().itertuples()
    ]
    total = [words("common.total"), ""]
    total += amounts(phases_of[["sites", "stations", "cost_cny"]].sum())
    return make_table(words, "phase_townships", rows, "lcrrr", total=total)


def money(report: Report) -> list[Block]:
    """
    Eighth chapter: investment and grants.

    Parameters
    ----------
    report : Report
        What the chapters read.

    Returns
    -------
    blocks : list of Block
        In order.
    """
    words, found = report.words, report.investment
    blocks: list[Block] = [Heading(text=words("chapters.money"), level=1)]
    blocks.append(section(words("money.total")))
    if found.empty:
        return [*blocks, say(words("money.total_none"))]
    names = ["structure_cny", "equipment_cny", "cost_cny"]
    sums = found[names].sum()
    told = {
        "cost": words.money(sums["cost_cny"]),
        "structure": words.money(sums["structure_cny"]),
        "equipment": words.money(sums["equipment_cny"]),
        "ref": table_ref("investment"),
    }
    rows = [
        [str(row["year"]), kind_name(report, row["reuse"]), *(ten_thousand(row[n]) for n in names)]
        for _, row in found.iterrows()
    ]
    total = [words("common.total"), "", *(ten_thousand(sums[name]) for name in names)]
    blocks.append(say(words("money.total_text", **told)))
    blocks.append(make_table(words, "investment", rows, "clrrr", total=total))
    assumed = _assumed_prices(report)
    blocks.append(say(words("money.basis_text", annex=annex_ref("assumptions"), assumed=assumed)))
    grants = tables.grants(report.plan)
    if len(grants):
        blocks.append(section(words("money.grants")))
    excluded = {item.id: item.excluded_owners for item in report.plan.region.document.money}
    for row in grants.itertuples():
        key = "grant_text" if excluded[row.money_id] else "grant_plain"
        told = {
            "text": words.pick(str(row.zh), str(row.en)),
            "n": str(row.stations),
            "amount": words.money(row.amount_cny),
        }
        blocks.append(say(words(f"money.{key}", **told)))
    return blocks


def _assumed_prices(report: Report) -> int:
    """How many prices that the plan uses are assumptions of the catalogue."""
    given, table = report.plan.region.scenario.costs, catalog.costs()
    reuse = set(report.investment["reuse"])
    used: list[Any] = [
        table.structure.get(name, table.structure["new"])
        for name in reuse
        if name not in given.structure
    ]
    scales = {name: item.scale for name, item in catalog.equipment().items()}
    scale = set(report.plan.planned_stations["equipment"].map(scales))
    used += [table.station[name] for name in scale if name not in given.station]
    return sum(item.mark == "k" for item in used)


def safeguards(report: Report) -> list[Block]:
    """
    Ninth chapter: tasks, means, publicity, revision.

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
    found = tables.tasks(report.plan)
    blocks: list[Block] = [Heading(text=words("chapters.safeguards"), level=1)]
    blocks.append(section(words("safeguards.tasks")))
    if found.empty:
        blocks.append(lack(words("safeguards.tasks_missing")))
    else:
        blocks.append(say(words("safeguards.tasks_text", ref=table_ref("tasks"))))
        rows = [_task_row(report, row) for _, row in found.iterrows()]
        blocks.append(make_table(words, "tasks", rows, "lllccc"))
    blocks.append(section(words("safeguards.means")))
    blocks.extend(say(words(f"safeguards.mean_{i}")) for i in range(1, 6))
    blocks.append(section(words("safeguards.public")))
    blocks.append(say(words("safeguards.public_text")))
    if report.comments:
        told = {"annex": annex_ref("comments"), "n": len(report.comments)}
        blocks.append(say(words("safeguards.comments_text", **told)))
    else:
        blocks.append(lack(words("safeguards.comments_missing")))
    blocks.append(section(words("safeguards.review")))
    blocks.append(say(words("safeguards.review_text", ref=table_ref("effect"))))
    return blocks


def _task_row(report: Report, row: pd.Series[Any]) -> list[str]:
    words, rules = report.words, report.rules
    cells = [text_of(row["task_id"]), words.pick(str(row["zh"]), str(row["en"]))]
    cells.append(text_of(row["units"], missing=str(row["note"]) or words("common.none")))
    cells.append(text_of(row["deadline"], missing=words("common.none")))
    measured = [name for name in str(row["rules"]).split(";") if name in rules.index]
    measured = [name for name in measured if rules.loc[name, "unit"] != ""]
    for network in ("today", "plan"):
        if len(measured) > TOLD_ONE_BY_ONE:
            cells.append(report.states(rules.loc[measured, f"state_{network}"]))
            continue
        texts = []
        for name in measured:
            rule = rules.loc[name]
            value = words.value(rule[network], str(rule["unit"]), rule["required"])
            texts.append(f"{name} {value} {words.state(rule[f'state_{network}'])}")
        if not texts and row["reported_state"]:
            texts = [f"{words.state(row['reported_state'])} {text_of(row['reported_note'])}"]
        cells.append(words.listed(texts) if texts else words("safeguards.reported"))
    return cells
