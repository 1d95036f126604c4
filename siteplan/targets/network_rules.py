"""Rules on stations and sites, not on signal: counts, reuse, power supply, tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.targets.states import MEASURED, MET, NOT_MET, blank_row

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.catalog import Rule
    from siteplan.region import Region

REUSED_KINDS: Final = ("lamp_pole", "monitoring_pole")
"""Kinds that count as reuse besides sites that stand already: social poles."""


def network_rows(
    region: Region, rule: Rule, stations: pd.DataFrame, year: int
) -> list[dict[str, object]]:
    """
    Judge a rule on stations and sites, not on signal, or one that people report on.

    Parameters
    ----------
    region : Region
        With sites and scenario.
    rule : Rule
        No coverage rule.
    stations : DataFrame
        Stations in service.
    year : int
        At whose end.

    Returns
    -------
    rows : list of dict
        Rows of :attr:`Evaluation.results`, without rule and year.
    """
    if rule.kind == "task":
        return [_reported(region, rule, year)]
    chosen = stations
    if rule.technology is not None:
        chosen = stations[stations["technology"] == rule.technology]
    sites = region.sites.loc[chosen["site_id"]]
    if rule.kind == "station_count":
        return _station_counts(region, rule, chosen, sites)
    if rule.kind == "reuse_share":
        return _reuse_shares(rule, sites)
    return _power_supply(rule, region.sites.loc[chosen["site_id"].unique()])


def _reported(region: Region, rule: Rule, year: int) -> dict[str, object]:
    """Take what the responsible unit reports; unknown until it does."""
    report = region.scenario.targets.reported.get(rule.id)
    if report is None or (report.year is not None and year < report.year):
        return blank_row(rule) | {"reason": "progress is reported by the responsible unit"}
    return blank_row(rule) | {"state": report.state, "reason": report.note}


def _station_counts(
    region: Region, rule: Rule, chosen: pd.DataFrame, sites: pd.DataFrame
) -> list[dict[str, object]]:
    required = float(rule.required or 0.0)
    count = float(len(chosen))
    total = blank_row(rule) | {
        "state": MEASURED if not rule.strict else MET if count >= required else NOT_MET,
        "value": count,
        "value_most": count,
        "required": required if rule.strict else np.nan,
        "shortfall": max(required - count, 0.0) if rule.strict else np.nan,
        "unit": "stations",
        "items": len(chosen),
        "items_covered": len(chosen),
    }
    rows = [total]
    for scope, number in sites["township"].value_counts().sort_index().items():
        if scope in region.townships().index:
            rows.append(_part(rule, "stations", float(number), scope=str(scope)))
    for operator, number in chosen["operator"].value_counts().sort_index().items():
        rows.append(_part(rule, "stations", float(number), group=str(operator)))
    return rows


def _reuse_shares(rule: Rule, sites: pd.DataFrame) -> list[dict[str, object]]:
    total = len(sites)
    if total == 0:
        return [blank_row(rule) | {"reason": "no station of the technology", "unit": "share"}]
    reused = sites["status"].eq("existing") | sites["kind"].isin(REUSED_KINDS)
    rows = [_part(rule, "share", float(reused.mean())) | {"items": total, "state": MEASURED}]
    label = sites["kind"].where(~sites["status"].eq("existing"), "existing")
    for kind, number in label.value_counts().sort_index().items():
        rows.append(_part(rule, "share", float(number) / total, group=str(kind)))
    return rows


def _power_supply(rule: Rule, sites: pd.DataFrame) -> list[dict[str, object]]:
    power = sites["power"]
    resold = power.eq("resold").fillna(value=False)
    blank = int(power.isna().sum())
    if len(sites) == 0 or blank == len(sites):
        return [
            blank_row(rule) | {"reason": "power supply of the sites not given", "unit": "sites"}
        ]
    row = _part(rule, "sites", float(resold.sum()))
    row |= {
        "value_most": float(resold.sum() + blank),
        "items": len(sites),
        "items_covered": int(len(sites) - blank - resold.sum()),
        "items_unknown": blank,
        "reason": "attribute blank" if blank else "",
    }
    rows = [row]
    for scope, number in sites.loc[resold, "township"].value_counts().sort_index().items():
        rows.append(_part(rule, "sites", float(number), scope=str(scope)))
    return rows


def _part(
    rule: Rule, unit: str, value: float, *, scope: str = "", group: str = ""
) -> dict[str, object]:
    return blank_row(rule) | {
        "state": MEASURED,
        "value": value,
        "value_most": value,
        "required": np.nan,
        "unit": unit,
        "scope": scope,
        "group": group,
    }
