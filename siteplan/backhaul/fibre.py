"""Fibre for the sites of the plan: from where, along which roads, how long, and who has no route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.backhaul.graph import STRAIGHT, Attached, attach, road_graph
from siteplan.backhaul.tree import charged, short_tree, ways_to
from siteplan.backhaul.words import (
    CUT_OFF,
    FAR_FROM_ROAD,
    HAS_FIBRE,
    NO_FIBRE_NODES,
    NO_ROADS,
    NO_ROUTE,
    TO_CONNECT,
)
from siteplan.catalog.backhaul import assumptions
from siteplan.units import METRES_PER_KM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from siteplan.backhaul.graph import Graph
    from siteplan.region import Region


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FibrePlan:
    """
    How the sites of the plan get fibre.

    Attributes
    ----------
    sites : GeoDataFrame
        Sites that get a station, indexed by id: ``name``, ``township``, ``year`` (of the first station),
        ``fibre`` (as given, blank is unknown), ``state`` and ``reason`` (words of
        :mod:`siteplan.backhaul.words`), ``nearest`` (fibre node of the shortest way), ``route_m`` (length
        of that way, if the site were alone), ``access_m`` (straight to the nearest road), ``length_m``
        (its share of the new cables) and ``cost_cny``.
    cables : GeoDataFrame
        New cables, each line once: ``year``, ``length_m``, ``sites`` (that it serves), ``kind`` (``road``
        or ``off_road``), ``road`` and ``road_name``, ``cost_cny``.
    nodes : GeoDataFrame
        Known fibre nodes, indexed by ``site:``, ``village:`` or ``fibre_node:`` and the id: ``kind``,
        ``name``.
    years : DataFrame
        By year: ``sites``, ``has_fibre``, ``to_connect``, ``of_these_unknown`` (whose fibre flag is blank),
        ``no_route``, ``length_m`` and ``cost_cny`` of the cables of that year.
    length_m : float
        All new cables. [m]
    bound_m : float
        No tree along these roads that joins the same sites is shorter. [m]
    cost_cny_km : float
        Cost of fibre, NaN when it was not given. [CNY/km]
    """

    sites: gpd.GeoDataFrame
    cables: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame
    years: pd.DataFrame
    length_m: float
    bound_m: float
    cost_cny_km: float

    def without_route(self) -> gpd.GeoDataFrame:
        """
        Sites that no known road joins to known fibre.

        Returns
        -------
        sites : GeoDataFrame
            Rows of `sites`, with the ``reason``.
        """
        return self.sites[self.sites["state"] == NO_ROUTE]


def fibre_nodes(region: Region, stations: pd.DataFrame) -> gpd.GeoDataFrame:
    """
    Places that fibre reaches: sites with a station, villages, and the layer ``fibre_nodes``.

    Parameters
    ----------
    region : Region
        With the flags ``fibre`` of sites and villages; a blank flag is no node.
    stations : DataFrame
        Stations in service or planned: a structure without any is no node.

    Returns
    -------
    nodes : GeoDataFrame
        Indexed by kind and id; ``kind`` and ``name``.
    """
    sites = region.sites[region.sites.index.isin(stations["site_id"])]
    parts = [_nodes("site", sites[_is_true(sites["fibre"])])]
    villages = region.layer("villages")
    if villages is not None and "fibre" in villages:
        parts.append(_nodes("village", villages[_is_true(villages["fibre"])]))
    known = region.layer("fibre_nodes")
    if known is not None:
        parts.append(_nodes("fibre_node", known))
    return gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=region.crs)


def connect_fibre(
    region: Region,
    today_stations: pd.DataFrame,
    planned_stations: pd.DataFrame,
    years: Sequence[int],
) -> FibrePlan:
    """
    Join the sites of the plan to fibre by one tree of cables along the roads.

    The tree is laid out once for all years (see :mod:`siteplan.backhaul.tree`); each cable is laid in the
    first year in which a site behind it gets a station, so the cables of every year build on those before.
    A site whose fibre flag is blank is planned as if it had none, and counted apart.

    Parameters
    ----------
    region : Region
        With roads, sites, villages and the scenario's ``[backhaul]``.
    today_stations, planned_stations : DataFrame
        Stations in service and added by the plan, with ``site_id`` and ``year``.
    years : sequence of int
        Plan years.

    Returns
    -------
    plan : FibrePlan
        Sites, cables, lengths and costs; unknown costs are NaN.
    """
    options = region.scenario.backhaul
    stations = pd.concat([today_stations[["site_id"]], planned_stations[["site_id"]]])
    nodes = fibre_nodes(region, stations)
    first = planned_stations.groupby("site_id")["year"].min()
    sites = region.sites.loc[first.index, ["name", "township", "fibre", "geometry"]]
    sites = sites.assign(year=first.to_numpy(dtype=np.int64))
    attached = attach_points(region, np.concatenate([sites.geometry, nodes.geometry]))
    place, root = np.split(attached.node, [len(sites)])
    to_join = ~_is_true(sites["fibre"])
    tree = short_tree(attached.graph, place[to_join], root)
    wanted = np.flatnonzero(to_join)
    joined = np.zeros(len(sites), dtype=bool)
    joined[wanted] = tree.joined
    cost_cny_km = np.nan if options.fibre_cny_km is None else options.fibre_cny_km
    charges = charged(
        attached.graph, tree.edges, place[joined], root, sites["year"].to_numpy()[joined]
    )
    length_m = np.where(to_join & ~joined, np.nan, 0.0)
    length_m[joined] = charges.share_m
    ways = ways_to(attached.graph, root)
    first_at = pd.Series(nodes.index, index=root).groupby(level=0).first()
    sites = sites.assign(
        state=np.where(joined, TO_CONNECT, np.where(to_join, NO_ROUTE, HAS_FIBRE)),
        reason=_reasons(region, attached, sites, to_join & ~joined, nodes),
        nearest=first_at.reindex(ways.goal[place]).astype("string").to_numpy(),
        route_m=np.where(to_join, np.where(joined, ways.length_m[place], np.nan), 0.0),
        access_m=np.where(np.isfinite(attached.access_m), attached.access_m, np.nan)[: len(sites)],
        length_m=length_m,
        cost_cny=_cost(length_m, cost_cny_km),
    )
    cables = edge_table(region, attached.graph, tree.edges)
    cables = cables.assign(
        year=charges.year,
        sites=charges.users,
        cost_cny=_cost(cables["length_m"].to_numpy(), cost_cny_km),
    )
    return FibrePlan(
        sites=sites,
        cables=cables,
        nodes=nodes,
        years=_by_year(sites, cables, years),
        length_m=tree.length_m,
        bound_m=tree.bound_m,
        cost_cny_km=cost_cny_km,
    )


def attach_points(region: Region, points: NDArray[np.object_]) -> Attached:
    """
    Places tied to the region's roads, as its scenario says.

    Parameters
    ----------
    region : Region
        With the roads layer and ``[backhaul]``.
    points : ndarray of Point
        Places in the region's coordinate reference system.

    Returns
    -------
    attached : Attached
        Graph and nodes.
    """
    options = region.scenario.backhaul
    snap_m = assumptions()["snap"].value if options.snap_m is None else options.snap_m
    graph = road_graph(region.layer("roads"), snap_m=snap_m or 0.0)
    limit_m = np.inf if options.access_limit_m is None else options.access_limit_m
    return attach(graph, points, access_limit_m=limit_m)


def edge_table(region: Region, graph: Graph, edges: NDArray[np.int64]) -> gpd.GeoDataFrame:
    """
    Edges of a graph as lines for the map.

    Parameters
    ----------
    region : Region
        With the roads that the graph was made of.
    graph : Graph
        The graph.
    edges : ndarray of int64
        Edges.

    Returns
    -------
    table : GeoDataFrame
        ``length_m``, ``kind`` (``road`` or ``off_road``), ``road`` (id) and ``road_name``.
    """
    line = graph.line[edges]
    on_road = line != STRAIGHT
    roads = region.layer("roads")
    names = {name: np.full(len(line), None, dtype=object) for name in ("road", "road_name")}
    if roads is not None and on_road.any():
        row = graph.road[line[on_road]]
        names["road"][on_road] = roads.index.to_numpy(dtype=object)[row]
        if "name" in roads:
            names["road_name"][on_road] = roads["name"].to_numpy(dtype=object)[row]
    return gpd.GeoDataFrame(
        {"length_m": graph.length_m[edges], "kind": np.where(on_road, "road", "off_road")}
        | {name: pd.array(values, dtype="string") for name, values in names.items()},
        geometry=graph.geometry(edges),
        index=pd.RangeIndex(len(edges), name="id"),
        crs=region.crs,
    )


def _is_true(flags: pd.Series[bool]) -> NDArray[np.bool_]:
    """Tell where a flag is known and set."""
    return np.asarray(flags.astype("boolean").fillna(value=False).to_numpy(dtype=bool))


def _nodes(kind: str, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    names = frame["name"].to_numpy() if "name" in frame else pd.NA
    return gpd.GeoDataFrame(
        {"kind": kind, "name": pd.array(np.broadcast_to(names, len(frame)), dtype="string")},
        geometry=frame.geometry.representative_point().to_numpy(),
        index=pd.Index([f"{kind}:{name}" for name in frame.index], name="id", dtype="object"),
        crs=frame.crs,
    )


def _reasons(
    region: Region,
    attached: Attached,
    sites: gpd.GeoDataFrame,
    without: NDArray[np.bool_],
    nodes: gpd.GeoDataFrame,
) -> pd.Series[str]:
    """Why a site has no route, blank where it has or needs none."""
    limit_m = region.scenario.backhaul.access_limit_m
    far = attached.access_m[: len(sites)] > (np.inf if limit_m is None else limit_m)
    reason = pd.Series(CUT_OFF, index=sites.index, dtype="string").mask(far, FAR_FROM_ROAD)
    if nodes.empty:
        reason[:] = NO_FIBRE_NODES
    if region.layer("roads") is None:
        reason[:] = NO_ROADS
    return reason.where(without)


def _cost(length_m: NDArray[np.float64], cost_cny_km: float) -> NDArray[np.float64]:
    """Cost of cables; no cable costs nothing even where the price is unknown."""
    return np.where(length_m == 0.0, 0.0, length_m / METRES_PER_KM * cost_cny_km)


def _by_year(
    sites: gpd.GeoDataFrame, cables: gpd.GeoDataFrame, years: Sequence[int]
) -> pd.DataFrame:
    rows = []
    for year in years:
        mine, laid = sites[sites["year"] == year], cables[cables["year"] == year]
        connect = mine["state"] == TO_CONNECT
        rows.append(
            {
                "year": year,
                "sites": len(mine),
                "has_fibre": int((mine["state"] == HAS_FIBRE).sum()),
                "to_connect": int(connect.sum()),
                "of_these_unknown": int((connect & mine["fibre"].isna()).sum()),
                "no_route": int((mine["state"] == NO_ROUTE).sum()),
                "length_m": float(laid["length_m"].sum()),
                "cost_cny": float(laid["cost_cny"].sum(skipna=False)),
            }
        )
    columns = ["sites", "has_fibre", "to_connect", "of_these_unknown", "no_route"]
    return pd.DataFrame(rows, columns=["year", *columns, "length_m", "cost_cny"]).set_index("year")
