"""
The tables that every output shares: rules, sites, stations, gaps, and the summary.

The map, the lists, the terminal and ``summary.json`` print these and compute nothing of their own, so
that their numbers agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

import siteplan
from siteplan import schema
from siteplan.targets import MEASURED

if TYPE_CHECKING:
    from siteplan.catalog import Rule
    from siteplan.plan import Plan


def rule_year(plan: Plan, rule: Rule) -> int:
    """
    Year at whose end a rule is shown: its own, moved into the plan's years; the last for a standing one.

    Parameters
    ----------
    plan : Plan
        With its years.
    rule : Rule
        A rule of the document.

    Returns
    -------
    year : int
        One of the plan's years, or between them.
    """
    if rule.year is None:
        return plan.years[-1]
    later = [year for year in plan.years if year >= rule.year]
    return later[0] if later else plan.years[-1]


def rule_table(plan: Plan) -> pd.DataFrame:
    """
    One row per rule, for the whole region in the rule's own year.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    rules : DataFrame
        Indexed by rule id: ``year``, ``technology``, ``zh``, ``en``, ``definition``, ``unit``,
        ``required``, ``today``, ``plan`` (values), ``state_today``, ``state_plan``, ``items``,
        ``covered_today``, ``covered_plan``, ``unknown``, ``stations_needed`` (stations of the plan that
        serve the rule by its year), ``reason``.
    """
    rows = []
    serving = plan.selection.serving
    for rule in plan.region.document.rules:
        year = rule_year(plan, rule)
        before = plan.today.region_result(rule.id, year)
        after = plan.planned.region_result(rule.id, year)
        in_time = plan.planned_stations["year"] <= year
        needed = [name for name in serving.get(rule.id, ()) if in_time.loc[name]]
        rows.append(
            {
                "rule_id": rule.id,
                "year": year if rule.year is not None else pd.NA,
                "technology": rule.technology or "",
                "zh": rule.zh,
                "en": rule.en,
                "definition": after["definition"],
                "unit": after["unit"],
                "required": after["required"],
                "today": before["value"],
                "plan": after["value"],
                "state_today": before["state"],
                "state_plan": after["state"],
                "items": after["items"],
                "covered_today": before["items_covered"],
                "covered_plan": after["items_covered"],
                "unknown": after["items_unknown"],
                "stations_needed": len(needed),
                "reason": after["reason"],
            }
        )
    return pd.DataFrame(rows).astype({"year": "Int64"}).set_index("rule_id")


def site_table(plan: Plan) -> gpd.GeoDataFrame:
    """
    One row per site that the plan uses.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    sites : GeoDataFrame
        In the region's projected system, indexed by site id: ``name``, ``kind``, ``reuse`` (existing,
        or the kind), ``township``, ``township_name``, ``lon``, ``lat`` (CGCS2000 or WGS 84 degrees),
        ``easting_m``, ``northing_m``, ``height_m``, ``antenna_height_m``, ``year`` (first station),
        ``stations``, ``operators``, ``technologies``, ``power``, ``fibre``, ``cost_cny``, ``rules``,
        ``origin``.
    """
    stations = plan.planned_stations
    grouped = stations.groupby("site_id", sort=True)
    sites = plan.region.sites.loc[sorted(stations["site_id"].unique())]
    names = plan.region.townships()["name"]
    degrees = sites.geometry.to_crs("EPSG:4326")
    return gpd.GeoDataFrame(
        {
            "name": sites["name"],
            "kind": sites["kind"],
            "reuse": grouped["reuse"].first(),
            "township": sites["township"],
            "township_name": sites["township"].map(names),
            "lon": degrees.x.round(6),
            "lat": degrees.y.round(6),
            "easting_m": sites.geometry.x.round(1),
            "northing_m": sites.geometry.y.round(1),
            "height_m": sites["height_m"],
            "antenna_height_m": sites["antenna_height_m"],
            "year": grouped["year"].min(),
            "stations": grouped.size(),
            "operators": grouped["operator"].agg(_joined),
            "technologies": grouped["technology"].agg(_joined),
            "power": sites["power"],
            "fibre": sites["fibre"],
            "cost_cny": grouped["cost_cny"].sum(),
            "rules": grouped["rules"].agg(lambda texts: _joined(";".join(texts).split(";"))),
            "origin": sites["origin"],
        },
        geometry=sites.geometry,
        crs=plan.region.crs,
    ).rename_axis("site_id")


def phase_table(plan: Plan) -> pd.DataFrame:
    """
    Sites and stations of the plan by township and year.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    phases : DataFrame
        One row per township, year and reuse class: ``sites`` (opened), ``stations``, ``cost_cny``.
    """
    sites = site_table(plan)
    stations = plan.planned_stations.assign(
        township=plan.planned_stations["site_id"].map(sites["township"]).fillna(""),
    )
    keys = ["township", "year", "reuse"]
    opened = sites.assign(township=sites["township"].fillna("")).groupby(keys).size()
    table = stations.groupby(keys).agg(stations=("site_id", "size"), cost_cny=("cost_cny", "sum"))
    table.insert(0, "sites", opened.reindex(table.index, fill_value=0))
    return table.reset_index()


def summary(plan: Plan) -> dict[str, Any]:
    """
    Put the plan in numbers, for scripts.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    summary : dict
        JSON-ready: region, rules, totals (each says whether it counts sites or stations), gaps, solver,
        definitions, inputs, warnings.
    """
    rules = rule_table(plan)
    sites = site_table(plan)
    stations = plan.planned_stations
    scenario = plan.region.scenario
    return {
        "format": 1,
        "siteplan": siteplan.__version__,
        "region": {
            "name": scenario.region.name,
            "name_en": scenario.region.name_en,
            "code": scenario.region.code,
            "area_km2": round(plan.region.boundary.area / 1e6, 3),
            "crs": plan.region.crs.to_string(),
            "resolution_m": plan.region.resolution_m,
        },
        "document": plan.region.document.title,
        "years": list(plan.years),
        "rules": [_plain(row) for row in rules.reset_index().to_dict("records")],
        "totals": {
            "stations_today": len(plan.today_stations),
            "stations_planned": len(stations),
            "sites_planned": len(sites),
            "stations_by_year": _counts(stations["year"]),
            "stations_by_technology": _counts(stations["technology"]),
            "stations_by_operator": _counts(stations["operator"]),
            "sites_by_reuse": _counts(sites["reuse"]),
            "sites_by_year": _counts(sites["year"]),
            "cost_cny": float(stations["cost_cny"].sum()),
            "gaps_today": len(plan.gaps_today),
            "gaps_plan": len(plan.gaps_plan),
        },
        "gaps_by_cause": {
            "today": _counts(plan.gaps_today["cause"]),
            "plan": _counts(plan.gaps_plan["cause"]),
        },
        "selection": plan.selection.as_dict(),
        "measured_rules": sorted(rules.index[rules["state_plan"] == MEASURED]),
        "inputs": [
            {"path": file.path, "layer": file.layer, "sha256": file.sha256, "rows": file.rows}
            for file in plan.region.inputs
        ],
        "warnings": [str(fault) for fault in plan.region.warnings],
    }


def label(word: str) -> str:
    """
    Chinese word for a category value.

    Parameters
    ----------
    word : str
        Value as in the tables.

    Returns
    -------
    zh : str
        The word itself when it has no translation.

    Examples
    --------
    >>> label("lamp_pole")
    '路灯杆'
    """
    return schema.ZH.get(word, word)


def _joined(values: Any) -> str:  # noqa: ANN401  # a group of a pandas column
    return ";".join(sorted({str(value) for value in values if value}))


def _counts(values: pd.Series[Any]) -> dict[str, int]:
    return {str(key): int(number) for key, number in values.value_counts().sort_index().items()}


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(key): None if pd.isna(value) else value.item() if hasattr(value, "item") else value
        for key, value in row.items()
    }
