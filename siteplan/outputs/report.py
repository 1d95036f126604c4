"""
The tables of the layout plan: what stands, what is missed, what is built, and when.

Each function takes a plan and gives one table with plain English columns. The document, the workbook and
``plan.json`` print these tables, so that their totals agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan import catalog
from siteplan.coverage.emf import screen
from siteplan.outputs import frames
from siteplan.selection.candidates import REUSE_ORDER
from siteplan.targets import MEASURED, UNKNOWN, rewards, task_states

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siteplan.catalog import Rule
    from siteplan.coverage.emf import Screening
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


def target_years(plan: Plan) -> pd.DataFrame:
    """
    Every target at the end of every year.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per rule and plan year: ``rule_id``, ``zh``, ``en``, ``year``, ``due`` (whether the rule's
        year has come), ``unit``, ``required``, ``today`` and ``plan`` (values), ``state_today``,
        ``state_plan``.
    """
    rows = []
    for rule in plan.region.document.rules:
        for year in plan.years:
            before = plan.today.region_result(rule.id, year)
            after = plan.planned.region_result(rule.id, year)
            rows.append(
                {
                    "rule_id": rule.id,
                    "zh": rule.zh,
                    "en": rule.en,
                    "year": year,
                    "due": bool(after["due"]),
                    "unit": after["unit"] or before["unit"],
                    "required": after["required"],
                    "today": before["value"],
                    "plan": after["value"],
                    "state_today": before["state"],
                    "state_plan": after["state"],
                }
            )
    return pd.DataFrame(rows)


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


def conflicts(plan: Plan) -> pd.DataFrame | None:
    """
    Planned sites inside an exclusion zone.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame or None
        One row per site and zone: ``site_id``, ``site_name``, ``reuse``, ``zone``, ``severity``,
        ``basis``. None when the region was given no exclusion zones: nothing is known then.
    """
    zones = plan.region.layer("zones")
    if zones is None or "severity" not in zones:
        return None
    zones = zones[zones["kind"].eq("exclusion")]
    if zones.empty:
        return None
    sites = plan.region.sites.loc[sorted(plan.planned_stations["site_id"].unique())]
    points = gpd.GeoDataFrame(geometry=sites.geometry.to_numpy(), crs=plan.region.crs)
    found = points.sjoin(zones[["geometry"]].reset_index(drop=True), predicate="intersects")
    site, zone = found.index.to_numpy(), found["index_right"].to_numpy()
    reuse = frames.site_table(plan)["reuse"]
    basis = zones["basis"] if "basis" in zones else pd.Series(pd.NA, index=zones.index)
    table = pd.DataFrame(
        {
            "site_id": sites.index.astype(str)[site],
            "site_name": sites["name"].to_numpy()[site],
            "reuse": reuse.loc[sites.index].to_numpy()[site],
            "zone": zones["name"].to_numpy()[zone],
            "severity": zones["severity"].to_numpy()[zone],
            "basis": basis.to_numpy()[zone],
        }
    )
    return table.sort_values(["severity", "site_id", "zone"]).reset_index(drop=True)


def field_screening(plan: Plan) -> Screening | None:
    """
    Screen the electromagnetic fields of the sites that the plan uses, all their stations together.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    screening : Screening or None
        None when the plan uses no site.
    """
    sites = plan.planned_stations["site_id"].unique()
    if len(sites) == 0:
        return None
    columns = plan.today_stations.columns
    stations = pd.concat([plan.today_stations, plan.planned_stations[columns]])
    return screen(plan.region, stations[stations["site_id"].isin(sites)])


def zones_of_exclusion(plan: Plan, inside: pd.DataFrame | None) -> pd.DataFrame | None:
    """
    Exclusion zones of the region.

    Parameters
    ----------
    plan : Plan
        The plan.
    inside : DataFrame or None
        From :func:`conflicts`.

    Returns
    -------
    table : DataFrame or None
        One row per zone: ``name``, ``severity``, ``basis``, ``area_km2``, ``sites`` (planned ones inside).
        None when the region was given none.
    """
    zones = plan.region.layer("zones")
    if inside is None or zones is None:
        return None
    zones = zones[zones["kind"].eq("exclusion")]
    count = inside["zone"].value_counts()
    basis = zones["basis"] if "basis" in zones else pd.Series(pd.NA, index=zones.index)
    return pd.DataFrame(
        {
            "name": zones["name"].to_numpy(),
            "severity": zones["severity"].to_numpy(),
            "basis": basis.to_numpy(),
            "area_km2": zones.intersection(plan.region.boundary).area.to_numpy() / 1e6,
            "sites": zones["name"].map(count).fillna(0).astype(int).to_numpy(),
        }
    )


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


def unmet(plan: Plan) -> pd.DataFrame:
    """
    Items that no target's plan reaches, for the list of what remains.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per rule and item that is not covered with the plan in the rule's own year: ``rule_id``,
        ``item_id``, ``name``, ``township_name``, ``share`` (covered, at least), ``state``, ``lacking`` and
        ``blank`` (attributes that the rule asks for besides coverage and that the item lacks, or of which
        nobody told, separated by ";").
    """
    names = plan.region.townships()["name"]
    parts = []
    for rule in plan.region.document.rules:
        items = plan.planned.items
        year = frames.rule_year(plan, rule)
        mine = items[(items["rule_id"] == rule.id) & (items["year"] == year)]
        mine = mine[mine["state"].isin(["not_met", UNKNOWN])]
        lacking, blank = attributes_of(plan, rule, mine["item_id"])
        told = {"township_name": mine["township"].map(names), "lacking": lacking, "blank": blank}
        parts.append(mine.assign(**told))
    columns = ["rule_id", "item_id", "name", "township_name", "share", "state", "lacking", "blank"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return table[columns]


def attributes_of(plan: Plan, rule: Rule, items: pd.Series[Any]) -> tuple[list[str], list[str]]:
    """
    Tell which attributes that a rule asks for each item lacks, and which are blank.

    Parameters
    ----------
    plan : Plan
        The plan.
    rule : Rule
        A rule of the document.
    items : Series of str
        Ids of items of its layer.

    Returns
    -------
    lacking, blank : list of str
        Names of columns joined by ``;``, one text per item.
    """
    if not rule.attributes or rule.layer not in plan.region.layers:
        return [""] * len(items), [""] * len(items)
    layer = plan.region.layers[str(rule.layer)]
    flags = layer.set_axis(layer.index.astype(str)).reindex(items)[list(rule.attributes)]
    blank = flags.isna()
    lacking = ~flags.astype("boolean").fillna(value=True)
    return _marked(lacking), _marked(blank)


def _marked(flags: pd.DataFrame) -> list[str]:
    """Of each row the names of the columns that are marked."""
    return [
        ";".join(name for name, flag in zip(flags, row, strict=True) if flag)
        for row in flags.to_numpy(dtype=bool)
    ]


def covered_shares(plan: Plan) -> pd.DataFrame:
    """
    Share of the region's area above the levels in use, by technology, year and network.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per technology, year and threshold: ``definition``, ``rsrp_dbm``, ``today`` and ``plan``:
        share of the cells whose middle lies inside the boundary. No target asks for it; it tells how much
        of the land has a signal.
    """
    from siteplan.outputs.map_images import thresholds_dbm  # noqa: PLC0415  # loads rasterio

    inside = inside_cells(plan)
    rows = []
    for technology, year in sorted(plan.coverage_plan):
        for name, level in thresholds_dbm(plan.region, technology).items():
            row: dict[str, Any] = {"technology": technology, "year": year}
            row |= {"definition": name, "rsrp_dbm": level}
            for network, coverage in (("today", plan.coverage_today), ("plan", plan.coverage_plan)):
                found = coverage[technology, year].rsrp_cdbm[inside] >= round(level * 100.0)
                row[network] = float(np.mean(found)) if found.size else np.nan
            rows.append(row)
    columns = ["technology", "year", "definition", "rsrp_dbm", "today", "plan"]
    return pd.DataFrame(rows, columns=columns)


def inside_cells(plan: Plan) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """
    Cells whose middle lies inside the boundary.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    inside : ndarray of bool, shape (rows, columns)
        On the region's grid.
    """
    from rasterio.features import geometry_mask  # noqa: PLC0415  # loads rasterio

    box = plan.region.geobox
    shape = (int(box.shape[0]), int(box.shape[1]))
    mask = geometry_mask([plan.region.boundary], shape, box.transform, invert=True)
    return np.asarray(mask, dtype=bool)


def _scales() -> dict[str, str]:
    return {name: item.scale for name, item in catalog.equipment().items()}
