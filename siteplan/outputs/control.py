"""Control and avoidance: exclusion zones, planned sites inside them, screening of electromagnetic fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from siteplan.coverage.emf import screen
from siteplan.outputs import frames

if TYPE_CHECKING:
    from siteplan.coverage.emf import Screening
    from siteplan.plan import Plan


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
