"""
The tables that every output shares: rules, sites, stations, gaps, and the summary.

The map, the lists, the terminal and ``summary.json`` print these and compute nothing of their own, so
that their numbers agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd

import siteplan
from siteplan import catalog, schema
from siteplan.gaps import COLUMNS
from siteplan.selection.candidates import reuse_class
from siteplan.targets import MEASURED

if TYPE_CHECKING:
    from siteplan.catalog import Rule
    from siteplan.plan import Plan

GAP_NUMBERS: Final = (
    "size",
    "people",
    "depth_db",
    "station_km",
    "ridge_m",
    "ridge_easting_m",
    "ridge_northing_m",
    "closes",
    "left",
)
GAP_YEARS: Final = ("due_year", "closed_year")


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
    townships = site_township(plan, sites)
    names = plan.region.townships()["name"]
    degrees = sites.geometry.to_crs("EPSG:4326")
    return gpd.GeoDataFrame(
        {
            "name": sites["name"],
            "kind": sites["kind"],
            "reuse": grouped["reuse"].first(),
            "township": townships,
            "township_name": townships.map(names),
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


def station_list(plan: Plan) -> pd.DataFrame:
    """
    One row per station: those of today, then those that the plan adds.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    stations : DataFrame
        Indexed by station id: ``network`` (``today`` or ``plan``: who puts it there), ``site_id``,
        ``site_name``, ``kind``, ``reuse``, ``township``, ``township_name``, ``operator``, ``technology``,
        ``equipment``, ``antenna_height_m``, ``azimuth_deg``, ``year`` (missing for a station that stood
        before the plan), ``cost_cny`` and ``rules`` (missing for a station of today).
    """
    columns = ["network", "site_id", "operator", "technology", "equipment", "antenna_height_m"]
    columns += ["azimuth_deg", "year", "cost_cny", "rules"]
    parts = [
        part.assign(network=network).reindex(columns=columns)
        for network, part in (("today", plan.today_stations), ("plan", plan.planned_stations))
    ]
    stations = pd.concat([part.astype({"rules": "string", "cost_cny": float}) for part in parts])
    sites = plan.region.sites.loc[stations["site_id"]].set_axis(stations.index)
    townships = site_township(plan, sites)
    names = plan.region.townships()["name"]
    year = stations["year"].astype("Int64")
    places = {
        "site_name": sites["name"],
        "kind": sites["kind"],
        "reuse": reuse_class(sites),
        "township": townships,
        "township_name": townships.map(names),
    }
    stations = stations.assign(year=year.mask(year <= 0), **places)
    order = ["network", "site_id", *places, *columns[2:]]
    return stations[order].rename_axis("station_id")


def cell_list(plan: Plan) -> pd.DataFrame:
    """
    One row per cell: each sector of each station.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    cells : DataFrame
        ``cell_id`` (station and sector), ``station_id``, ``network``, ``site_id``, ``operator``,
        ``technology``, ``equipment``, ``carrier``, ``frequency_mhz``, ``sector`` (from 1), ``azimuth_deg``
        (missing for an omnidirectional cell), ``antenna_height_m``, ``power_w``, ``gain_dbi``.
    """
    stations = station_list(plan).reset_index()
    gear = catalog.equipment()
    sectors = stations["equipment"].map({name: item.sectors for name, item in gear.items()})
    rows = stations.index.repeat(sectors)
    cells = stations.loc[rows].assign(sector=stations.loc[rows].groupby(level=0).cumcount() + 1)
    carrier = cells["equipment"].map({name: item.carrier for name, item in gear.items()})
    frequency = {name: item.frequency_mhz for name, item in catalog.carriers().items()}
    step = 360.0 / cells["equipment"].map({name: item.sectors for name, item in gear.items()})
    omni = cells["equipment"].map({name: item.pattern == "omni" for name, item in gear.items()})
    azimuth = (cells["azimuth_deg"] + step * (cells["sector"] - 1)) % 360.0
    cells = cells.assign(
        cell_id=cells["station_id"].astype(str) + "-" + cells["sector"].astype(str),
        carrier=carrier,
        frequency_mhz=carrier.map(frequency),
        azimuth_deg=azimuth.mask(omni.astype(bool)),
        power_w=cells["equipment"].map({name: item.power_w for name, item in gear.items()}),
        gain_dbi=cells["equipment"].map({name: item.gain_dbi for name, item in gear.items()}),
    )
    names = ["cell_id", "station_id", "network", "site_id", "operator", "technology", "equipment"]
    names += ["carrier", "frequency_mhz", "sector", "azimuth_deg", "antenna_height_m", "power_w"]
    return cells[[*names, "gain_dbi"]].reset_index(drop=True)


def scope_table(plan: Plan) -> pd.DataFrame:
    """
    One row per rule and part of the region (township) or group, in the rule's own year.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    scopes : DataFrame
        ``rule_id``, ``year``, ``zh``, ``scope`` (township id, "" when counted by group), ``scope_name``,
        ``group``, ``unit``, ``required``, ``today``, ``plan`` (values), ``state_today``, ``state_plan``,
        ``items``, ``covered_today``, ``covered_plan``, ``unknown``. A township without a station today
        has 0 there when stations are counted; else what is missing is missing.
    """
    keys = ["scope", "group"]
    given = {"unit": "unit", "required": "required", "value": "value", "state": "state"}
    given |= {"items": "items", "items_covered": "covered", "items_unknown": "unknown"}
    parts = []
    for rule in plan.region.document.rules:
        year = rule_year(plan, rule)
        before, after = (
            rows[
                (rows["rule_id"] == rule.id)
                & (rows["year"] == year)
                & (rows["scope"].ne("") | rows["group"].ne(""))
            ].set_index(keys)[list(given)]
            for rows in (plan.today.results, plan.planned.results)
        )
        both = after.index.union(before.index, sort=True)
        before, after = before.reindex(both), after.reindex(both)
        counted = (after["unit"] == "stations") | (before["unit"] == "stations")
        table = pd.DataFrame(
            {
                "rule_id": rule.id,
                "year": year,
                "zh": rule.zh,
                "unit": after["unit"].fillna(before["unit"]),
                "required": after["required"],
                "today": before["value"].mask(counted & before["value"].isna(), 0.0),
                "plan": after["value"],
                "state_today": before["state"],
                "state_plan": after["state"],
                "items": after["items"],
                "covered_today": before["items_covered"],
                "covered_plan": after["items_covered"],
                "unknown": after["items_unknown"],
            },
            index=both,
        )
        parts.append(table.reset_index())
    scopes = pd.concat(parts, ignore_index=True)
    names = plan.region.townships()["name"]
    scopes.insert(4, "scope_name", scopes["scope"].map(names))
    counts = ["year", "items", "covered_today", "covered_plan", "unknown"]
    return scopes.astype(dict.fromkeys(counts, "Int64"))


def gap_list(plan: Plan) -> gpd.GeoDataFrame:
    """
    One row per gap: those without the plan, then those that remain with it.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    gaps : GeoDataFrame
        ``network`` (``today`` or ``plan``), ``gap_id`` (unique within a network), the columns of
        :data:`siteplan.gaps.COLUMNS`, ``township_name``, ``lon`` and ``lat`` (a point of the gap), and the
        geometry.
    """
    parts = []
    for network, gaps in (("today", plan.gaps_today), ("plan", plan.gaps_plan)):
        points = gaps.representative_point().to_crs("EPSG:4326")
        places = {"lon": points.x.round(6), "lat": points.y.round(6)}
        parts.append(gaps.assign(network=network, **places).reset_index())
    numbers = dict.fromkeys(GAP_NUMBERS, "float64") | dict.fromkeys(GAP_YEARS, "Int64")
    words = {name: "string" for name in COLUMNS if name not in numbers} | {"items": "int64"}
    gaps = pd.concat([part.astype({**words, **numbers}) for part in parts], ignore_index=True)
    names = plan.region.townships()["name"]
    gaps.insert(0, "network", gaps.pop("network"))
    return gaps.assign(township_name=gaps["township"].map(names))


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
        "warnings": [str(fault) for fault in plan.warnings],
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


def site_township(plan: Plan, sites: gpd.GeoDataFrame) -> pd.Series[str]:
    """
    Township of each site; the whole region is one township when none were given.

    Parameters
    ----------
    plan : Plan
        The plan.
    sites : GeoDataFrame
        Rows of the region's sites.

    Returns
    -------
    townships : Series of str
        Township id, missing where a site lies in none.
    """
    townships: pd.Series[str] = sites["township"].astype("string")
    if plan.region.layer("townships") is None:
        inside = sites.intersects(plan.region.boundary)
        townships = townships.mask(inside, str(plan.region.townships().index[0]))
    return townships


def _joined(values: Any) -> str:  # noqa: ANN401  # a group of a pandas column
    return ";".join(sorted({str(value) for value in values if value}))


def _counts(values: pd.Series[Any]) -> dict[str, int]:
    return {str(key): int(number) for key, number in values.value_counts().sort_index().items()}


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(key): None if pd.isna(value) else value.item() if hasattr(value, "item") else value
        for key, value in row.items()
    }
