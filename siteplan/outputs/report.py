"""
The tables of the layout plan: what stands, what is missed, what is built, and when.

Each function takes a plan and gives one table with plain English columns. The document, the workbook and
``plan.json`` print these tables, so that their totals agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from siteplan import catalog
from siteplan.outputs import frames
from siteplan.selection.candidates import REUSE_ORDER
from siteplan.targets import MEASURED, UNKNOWN, rewards, task_states

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siteplan.plan import Plan

NO_TOWNSHIP: Final = ""
"""Township of what lies in none."""


def present_stations(plan: Plan) -> pd.DataFrame:
    """
    Stations in service today.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per operator and technology: ``stations``, and ``sites`` that carry them.
    """
    grouped = plan.today_stations.groupby(["operator", "technology"], sort=True)
    table = grouped.agg(stations=("site_id", "size"), sites=("site_id", "nunique"))
    return table.reset_index()


def present_sites(plan: Plan) -> pd.DataFrame:
    """
    Structures known today by kind.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per kind: ``existing`` (sites that stand), ``with_stations`` (sites with a station in
        service), ``candidates`` (places that may be used).
    """
    sites = plan.region.sites
    carrying = sites.index.isin(plan.today_stations["site_id"].unique())
    table = pd.DataFrame(
        {
            "kind": sites["kind"].astype(str),
            "existing": sites["status"].eq("existing").astype(int),
            "with_stations": carrying.astype(int),
            "candidates": sites["status"].eq("candidate").astype(int),
        }
    )
    return table.groupby("kind", sort=True).sum().reset_index()


def gap_causes(plan: Plan) -> pd.DataFrame:
    """
    Gaps by cause, without and with the plan.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per network, technology, class of demand and cause: ``gaps``, ``items``, ``area_km2``,
        ``length_km`` and ``points``; what a class does not have is missing.
    """
    gaps = frames.gap_list(plan)
    size = gaps["size"]
    gaps = pd.DataFrame(gaps.drop(columns="geometry")).assign(
        area_km2=(size / 1e6).where(gaps["unit"] == "m2"),
        length_km=(size / 1e3).where(gaps["unit"] == "m"),
        points=size.where(gaps["unit"] == "points"),
    )
    keys = ["network", "technology", "rule_class", "cause"]
    grouped = gaps.groupby(keys, sort=True)
    table = grouped.agg(gaps=("gap_id", "size"), items=("items", "sum"))
    sums = grouped[["area_km2", "length_km", "points"]].sum(min_count=1)
    table = table.join(sums).reset_index()
    table["network"] = pd.Categorical(table["network"], ["today", "plan"], ordered=True)
    return table.sort_values(keys).astype({"network": str}).reset_index(drop=True)


def needs(plan: Plan) -> pd.DataFrame:
    """
    Tell what each target still lacks without the plan, and what the plan gives to it.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per rule that is not met today: ``rule_id``, ``zh``, ``en``, ``year``, ``technology``,
        ``rule_class``, ``uncovered`` (items; missing where a rule does not count items), ``lacking``
        (stations, for a count), ``stations`` (of the plan that serve the rule).
    """
    rules = frames.rule_table(plan)
    rows = []
    for rule in plan.region.document.rules:
        row = rules.loc[rule.id]
        if row["state_today"] in {"met", MEASURED, UNKNOWN} and not row["stations_needed"]:
            continue
        counted = rule.kind == "coverage"
        short = rule.kind == "station_count" and rule.strict
        rows.append(
            {
                "rule_id": rule.id,
                "zh": rule.zh,
                "en": rule.en,
                "year": row["year"],
                "technology": rule.technology or "",
                "rule_class": rule.rule_class or "",
                "uncovered": row["items"] - row["covered_today"] if counted else pd.NA,
                "lacking": max(row["required"] - row["today"], 0.0) if short else pd.NA,
                "stations": row["stations_needed"],
            }
        )
    names = ["rule_id", "zh", "en", "year", "technology", "rule_class", "uncovered", "lacking"]
    table = pd.DataFrame(rows, columns=[*names, "stations"])
    return table.astype({"year": "Int64", "uncovered": "Int64", "lacking": "Int64"})


def station_years(plan: Plan) -> pd.DataFrame:
    """
    Count the new stations by year, operator and technology.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per year, operator and technology: ``stations``, of which ``macro`` and ``micro``.
    """
    stations = plan.planned_stations
    scale = stations["equipment"].map(_scales())
    table = pd.DataFrame(
        {
            "year": stations["year"],
            "operator": stations["operator"],
            "technology": stations["technology"],
            "stations": 1,
            "macro": scale.eq("macro").astype(int),
            "micro": scale.eq("micro").astype(int),
        }
    )
    return table.groupby(["year", "operator", "technology"], sort=True).sum().reset_index()


def sites_by(plan: Plan, keys: Iterable[str]) -> pd.DataFrame:
    """
    Sites of the plan, counted by columns of the site list.

    Parameters
    ----------
    plan : Plan
        The plan.
    keys : iterable of str
        Columns of :func:`siteplan.outputs.frames.site_table`, such as ``reuse`` or ``township``.

    Returns
    -------
    table : DataFrame
        One row per combination: the keys, ``sites``, ``stations``, ``cost_cny``. Reuse classes come in the
        order in which they are to be used. The year is that of a site's first station.
    """
    names = list(keys)
    sites = pd.DataFrame(frames.site_table(plan).drop(columns="geometry"))
    sites = sites.assign(township=sites["township"].fillna(NO_TOWNSHIP).astype(str), sites=1)
    table = sites.groupby(names, sort=True)[["sites", "stations", "cost_cny"]].sum().reset_index()
    if "reuse" in table:
        order = table["reuse"].map({name: i for i, name in enumerate(REUSE_ORDER)})
        rest = [name for name in names if name != "reuse"]
        table = table.assign(order=order).sort_values([*rest, "order"]).drop(columns="order")
    return table.reset_index(drop=True)


def investment(plan: Plan) -> pd.DataFrame:
    """
    Cost by the year of going into service, of structures and of equipment.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per year and reuse class: ``sites`` opened, ``stations``, ``structure_cny``,
        ``equipment_cny``, ``cost_cny``.
    """
    stations = plan.planned_stations
    given = plan.region.scenario.costs.station
    price = {name: given.get(name, cost.cost_cny) for name, cost in catalog.costs().station.items()}
    equipment = stations["equipment"].map(_scales()).map(price).astype(float)
    first = ~stations.sort_values("year", kind="stable")["site_id"].duplicated()
    table = pd.DataFrame(
        {
            "year": stations["year"],
            "reuse": stations["reuse"],
            "sites": first.reindex(stations.index).astype(int),
            "stations": 1,
            "structure_cny": stations["cost_cny"] - equipment,
            "equipment_cny": equipment,
            "cost_cny": stations["cost_cny"],
        }
    )
    table = table.groupby(["year", "reuse"], sort=True).sum().reset_index()
    order = table["reuse"].map({name: i for i, name in enumerate(REUSE_ORDER)})
    table = table.assign(order=order).sort_values(["year", "order"]).drop(columns="order")
    return table.reset_index(drop=True)


def grants(plan: Plan) -> pd.DataFrame:
    """
    Grants of the target document that are paid for each station.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per grant: ``money_id``, ``zh``, ``en``, ``stations`` (of the plan whose year, technology and
        operator fit) and ``amount_cny``, the most that could be claimed for them.
    """
    columns = ["money_id", "zh", "en", "stations", "amount_cny"]
    table = rewards(plan.region, plan.region.document, plan.planned_stations)
    if table.empty:
        return pd.DataFrame(columns=columns)
    return table[table["amount_cny"].notna()][columns].reset_index(drop=True)


def supply(plan: Plan) -> pd.DataFrame:
    """
    Power supply and fibre at the planned sites.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row: ``sites``, ``power_direct``, ``power_resold``, ``power_unknown``, ``fibre_yes``,
        ``fibre_no``, ``fibre_unknown``.
    """
    sites = frames.site_table(plan)
    fibre = sites["fibre"].astype("boolean")
    counts = {
        "sites": len(sites),
        "power_direct": sites["power"].eq("direct").sum(),
        "power_resold": sites["power"].eq("resold").sum(),
        "power_unknown": sites["power"].isna().sum(),
        "fibre_yes": fibre.fillna(value=False).sum(),
        "fibre_no": (~fibre).fillna(value=False).sum(),
        "fibre_unknown": fibre.isna().sum(),
    }
    return pd.DataFrame([{name: int(count) for name, count in counts.items()}])


def tasks(plan: Plan) -> pd.DataFrame:
    """
    Tasks of the target document with what the plan measures of them.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per task: ``task_id``, ``zh``, ``en``, ``units`` (responsible, joined by ``、``),
        ``deadline``, ``note``, ``rules`` (ids of the rules that measure it, joined by ``;``; empty when
        only people can report), ``reported_state`` and ``reported_note`` (empty until they do).
    """
    rules = {rule.document_id or rule.id: rule.id for rule in plan.region.document.rules}
    table = task_states(
        plan.region.document,
        plan.planned,
        plan.years[-1],
        reported=plan.region.scenario.targets.reported,
    )
    columns = ["task_id", "zh", "en", "units", "deadline", "note", "rules"]
    columns += ["reported_state", "reported_note"]
    if table.empty:
        return pd.DataFrame(columns=columns)
    same = table["task_id"].map(rules).fillna("")
    return table.assign(rules=table["rules"].mask(table["rules"].eq(""), same))[columns]


def _scales() -> dict[str, str]:
    return {name: item.scale for name, item in catalog.equipment().items()}
