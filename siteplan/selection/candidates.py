"""Stations that the plan may add: one for each buildable network on each usable site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from siteplan import catalog
from siteplan.coverage.stations import station_table
from siteplan.selection.extras import site_extras
from siteplan.selection.limits import carried
from siteplan.selection.money import rent_value
from siteplan.selection.wishes import to_build, too_near

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.region import Region
    from siteplan.scenario import Scenario

REUSE_ORDER = ("existing", "lamp_pole", "monitoring_pole", "rooftop", "building", "tower", "new")
"""What is used first when costs are equal."""


def reuse_class(sites: pd.DataFrame) -> pd.Series[str]:
    """
    Reuse class of sites: ``existing`` when something stands there, else the kind.

    Parameters
    ----------
    sites : DataFrame
        With ``status`` and ``kind``.

    Returns
    -------
    reuse : Series of str
        One of ``REUSE_ORDER``.
    """
    return sites["kind"].mask(sites["status"] == "existing", "existing").astype(str)


def candidate_stations(region: Region, *, closed: bool = False) -> pd.DataFrame:
    """
    All stations that the plan may add.

    Parameters
    ----------
    region : Region
        With sites, networks and the stations of today.
    closed : bool
        Give instead those that it could add but for a hard exclusion zone, a site that is not available
        or one that the scenario forbids.

    Returns
    -------
    stations : DataFrame
        Indexed by ``site/operator/technology``: the columns of
        :func:`siteplan.coverage.stations.station_table`, ``kind``, ``reuse``, ``station_cost_cny`` (with
        the present value of the rent) and ``site_cost_cny`` (with power and consent), the columns of
        :func:`siteplan.selection.extras.site_extras`, ``investment_station_cny`` and
        ``investment_site_cny``, what a budget pays, and ``station_price`` and ``site_price``, what the
        objective of the scenario makes of them. A station that stands already is not offered again.
    """
    wishes = region.scenario.selection
    shut = region.sites["status"].eq("unavailable").to_numpy(dtype=bool)
    shut = shut | region.sites.index.astype(str).isin(wishes.forbidden)
    shut = shut | forbidden(region, region.sites)
    sites = region.sites[shut if closed else ~shut]
    sites = sites[~too_near(region, sites)]
    scales = sites["kind"].map({kind: item.scale for kind, item in catalog.structures().items()})
    reuse = reuse_class(sites)
    standing = set(
        zip(
            region.stations["site_id"],
            region.stations["operator"],
            region.stations["technology"],
            strict=True,
        )
    )
    parts = []
    for network in region.scenario.networks:
        if not network.build:
            continue
        equipment = scales.map({"macro": network.macro, "micro": network.micro})
        free = np.array(
            [(name, network.operator, network.technology) not in standing for name in sites.index]
        )
        usable = equipment.notna() & free
        chosen = sites[usable]
        parts.append(
            pd.DataFrame(
                {
                    "site_id": chosen.index.astype(str),
                    "operator": network.operator,
                    "technology": network.technology,
                    "equipment": equipment[usable].to_numpy(),
                    "kind": chosen["kind"].astype(str).to_numpy(),
                    "reuse": reuse[usable].to_numpy(),
                    "given_cost": chosen["cost_cny"].to_numpy(dtype=float),
                },
            )
        )
    offered = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if len(offered):
        offered = offered[carried(region, offered)].reset_index(drop=True)
    if offered.empty:
        return offered
    offered.index = pd.Index(
        offered["site_id"] + "/" + offered["operator"] + "/" + offered["technology"], name="id"
    )
    table = station_table(region, offered)
    site_cost = offered["given_cost"].fillna(offered["reuse"].map(structure_costs(region.scenario)))
    extras = site_extras(region, sites).loc[offered["site_id"]].set_axis(offered.index)
    site_cost = site_cost + extras["power_cny"] + extras["consent_cny"]
    equipment_cost = offered["equipment"].map(_station_costs(region.scenario))
    station_cost = equipment_cost + _rent(region, offered)
    by_cost = wishes.objective == "cost"
    weight = np.where(offered["site_id"].isin(wishes.preferred), 1.0 - wishes.preference, 1.0)
    opening = site_cost + extras["fibre_cny"]
    return table.join(extras).assign(
        kind=offered["kind"],
        reuse=offered["reuse"],
        station_cost_cny=station_cost,
        site_cost_cny=site_cost,
        investment_station_cny=equipment_cost,
        investment_site_cny=opening,
        station_price=weight * (station_cost if by_cost else 1.0),
        site_price=weight * (opening if by_cost else offered["reuse"].map(_reuse_weights())),
    )


def forbidden(region: Region, sites: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """
    Find the sites that a hard exclusion zone forbids: new structures inside one.

    Structures that stand already (poles, roofs, existing sites) are not forbidden.

    Parameters
    ----------
    region : Region
        With the zones layer.
    sites : GeoDataFrame
        Sites of the region.

    Returns
    -------
    forbidden : ndarray of bool, shape (sites,)
        True where no structure may be built.
    """
    zones = region.layer("zones")
    result = to_build(sites)
    if zones is None or "severity" not in zones:
        return np.zeros(len(sites), dtype=bool)
    hard = zones[zones["kind"].eq("exclusion") & zones["severity"].eq("hard").fillna(value=False)]
    inside = sites.intersects(shapely.union_all(hard.geometry.to_numpy()))
    return np.asarray(result & inside.to_numpy(dtype=bool))


def _rent(region: Region, offered: pd.DataFrame) -> pd.Series[float]:
    """Present value of the rent of each station, one tenant more than today on its structure."""
    costs = region.scenario.costs
    rate = catalog.costs().discount_rate if costs.discount_rate is None else costs.discount_rate
    tenants = offered["site_id"].map(region.sites["tenants"].astype("Float64"))
    return rent_value(
        offered["reuse"].map(costs.rent).astype(float),
        tenants.fillna(0.0) + 1.0,
        years=costs.rent_years,
        rate=rate,
    )


def structure_costs(scenario: Scenario) -> dict[str, float]:
    """
    Cost of opening a structure by reuse class.

    Parameters
    ----------
    scenario : Scenario
        May replace the catalogue's figures.

    Returns
    -------
    costs : dict of str to float
        For every class of ``REUSE_ORDER``; a candidate tower costs as much as a new one. [CNY]
    """
    default = {name: cost.cost_cny for name, cost in catalog.costs().structure.items()}
    default = {"tower": default["new"]} | default
    return default | scenario.costs.structure


def _reuse_weights() -> dict[str, float]:
    weights = catalog.costs().reuse.weights()
    return weights | {"tower": weights["new"]}


def _station_costs(scenario: Scenario) -> dict[str, float]:
    scale = {name: cost.cost_cny for name, cost in catalog.costs().station.items()}
    scale |= scenario.costs.station
    return {name: scale[item.scale] for name, item in catalog.equipment().items()}
