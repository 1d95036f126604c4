"""What a structure needs besides itself: power, fibre and consent, priced where the scenario gives prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from siteplan.backhaul.fibre import attach_points, fibre_nodes
from siteplan.backhaul.tree import ways_to
from siteplan.selection.wishes import to_build
from siteplan.units import METRES_PER_KM

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.region import Region

EXTRAS: Final = ("power_cny", "fibre_cny", "consent_cny")
"""Columns of :func:`site_extras` that hold money."""


def site_extras(region: Region, sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Cost of power, fibre and consent of structures, each as if it were the only one.

    What is not known is never free: an unknown supply counts as the dearer one, an unknown distance to
    power and a missing route for fibre as the longest that is known here. ``unknown`` says where.

    Parameters
    ----------
    region : Region
        With the prices of the scenario under ``[costs]`` and ``[backhaul]``; without a price the cost is 0.
    sites : GeoDataFrame
        Sites of the region.

    Returns
    -------
    extras : DataFrame
        By site: ``power_cny``, for structures that carry no station today; ``fibre_cny``, along the roads
        to the nearest fibre; ``consent_cny``, for structures to be built in a conditional zone; ``unknown``,
        what had to be supposed (``power``, ``power_distance``, ``fibre``), joined by ``;``.
    """
    costs = region.scenario.costs
    names = sites.index.astype(str)
    idle = ~names.isin(region.stations["site_id"].astype(str))
    unknown = np.full(len(sites), "", dtype=object)
    power: NDArray[np.float64] = np.zeros(len(sites))
    if costs.power:
        supply = sites["power"].astype("string").map(dict(costs.power)).astype("Float64")
        known = supply.notna().to_numpy(dtype=bool)
        power = np.asarray(supply.fillna(max(costs.power.values())), dtype=np.float64)
        _mark(unknown, idle & ~known, "power")
    if costs.power_cny_km is not None:
        away = _column(sites, "power_distance_m")
        line_cny = costs.power_cny_km * _supposed(away) / METRES_PER_KM
        power = np.asarray(power + line_cny, dtype=np.float64)
        _mark(unknown, idle & np.isnan(away), "power_distance")
    fibre = np.zeros(len(sites))
    if region.scenario.backhaul.fibre_cny_km is not None:
        route = fibre_routes_m(region, sites)
        fibre = region.scenario.backhaul.fibre_cny_km * _supposed(route) / METRES_PER_KM
        _mark(unknown, np.isnan(route), "fibre")
    consent = np.zeros(len(sites))
    if costs.conditional_zone_cny is not None:
        inside = to_build(sites) & in_conditional(region, sites)
        consent = np.where(inside, costs.conditional_zone_cny, 0.0)
    return pd.DataFrame(
        {
            "power_cny": np.where(idle, power, 0.0),
            "fibre_cny": fibre,
            "consent_cny": consent,
            "unknown": unknown,
        },
        index=names,
    )


def fibre_routes_m(region: Region, sites: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """
    Length of the way along the roads to the nearest fibre.

    Parameters
    ----------
    region : Region
        With roads, fibre flags and fibre nodes.
    sites : GeoDataFrame
        Sites of the region.

    Returns
    -------
    route_m : ndarray of float64, shape (sites,)
        0 where fibre reaches the site; NaN where no known road leads to fibre. [m]
    """
    nodes = fibre_nodes(region, region.stations)
    there = sites["fibre"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    if nodes.empty:
        return np.where(there, 0.0, np.nan)
    points = np.concatenate([sites.geometry.representative_point().to_numpy(), nodes.geometry])
    attached = attach_points(region, points)
    place, root = np.split(attached.node, [len(sites)])
    away = np.asarray(ways_to(attached.graph, root).length_m[place], dtype=np.float64)
    return np.where(there, 0.0, np.where(np.isfinite(away), away, np.nan))


def in_conditional(region: Region, sites: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """
    Find the sites inside a conditional exclusion zone.

    Parameters
    ----------
    region : Region
        With the zones layer.
    sites : GeoDataFrame
        Sites of the region.

    Returns
    -------
    inside : ndarray of bool, shape (sites,)
        All False without zones.
    """
    zones = region.layer("zones")
    if zones is None or "severity" not in zones:
        return np.zeros(len(sites), dtype=bool)
    mine = zones["kind"].eq("exclusion") & zones["severity"].eq("conditional").fillna(value=False)
    inside = sites.intersects(zones[mine].geometry.union_all())
    return np.asarray(inside.to_numpy(dtype=bool))


def _column(sites: gpd.GeoDataFrame, name: str) -> NDArray[np.float64]:
    if name not in sites:
        return np.full(len(sites), np.nan)
    return np.asarray(sites[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan))


def _supposed(length_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths, the longest known one in place of those that are not known."""
    known = length_m[~np.isnan(length_m)]
    return np.where(np.isnan(length_m), known.max(initial=0.0), length_m)


def _mark(unknown: NDArray[np.object_], where: NDArray[np.bool_], word: str) -> None:
    for i in np.flatnonzero(where).tolist():
        unknown[i] = f"{unknown[i]};{word}" if unknown[i] else word
