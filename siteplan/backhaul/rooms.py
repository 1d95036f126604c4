"""Aggregation rooms (汇聚机房): where to put them, which sites each takes, with fibre and ducts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import dijkstra

from siteplan.backhaul.fibre import attach_points, edge_table
from siteplan.backhaul.medians import Placement, place_rooms
from siteplan.backhaul.tree import charged, ways_to
from siteplan.units import METRES_PER_KM

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.backhaul.graph import Graph
    from siteplan.region import Region

POLES: Final = ("lamp_pole", "monitoring_pole")
"""Structures that hold no room."""

BLOCK: Final = 256
"""Candidates whose distances are computed at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomPlan:
    """
    Aggregation rooms for the stations in service at the end of the last year.

    Attributes
    ----------
    rooms : GeoDataFrame
        By the id of the place: ``name``, ``township``, ``stations``, ``sites``, ``farthest_m`` (longest way
        of a site), ``fibre_m`` (ways of all its stations) and ``cost_cny``.
    sites : GeoDataFrame
        Sites with a station, indexed by id: ``name``, ``township``, ``stations``, ``room`` (blank when no
        room can take it within the limits) and ``way_m``.
    ducts : GeoDataFrame
        Stretches that carry cables to the rooms, each once: ``length_m``, ``stations`` (whose fibre runs
        there), ``kind``, ``road``, ``road_name``, ``cost_cny``.
    fibre_m : float
        Fibre from every station to its room, one run each. [m]
    fibre_bound_m : float
        With as many rooms and stations, no choice needs less. [m]
    duct_m : float
        Length of the ducts. [m]
    fewest : int
        No choice that serves as many stations has fewer rooms.
    served_stations, most_served : int
        Stations that have a room, and a bound on how many could.
    """

    rooms: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    ducts: gpd.GeoDataFrame
    fibre_m: float
    fibre_bound_m: float
    duct_m: float
    fewest: int
    served_stations: int
    most_served: int


def plan_rooms(
    region: Region,
    stations: pd.DataFrame,
    *,
    candidates: gpd.GeoDataFrame | None = None,
    rooms: int | None = None,
    most_stations: int | None = None,
    reach_m: float | None = None,
) -> RoomPlan:
    """
    Place aggregation rooms along the roads.

    The rooms are laid out for all stations given, as many as can be reached; then with as few rooms as
    possible when their number is not given; then for the least length of fibre. All stations of a site go
    to one room.

    Parameters
    ----------
    region : Region
        With roads and sites.
    stations : DataFrame
        Stations in service at the end of the plan, with ``site_id``.
    candidates : GeoDataFrame or None
        Places that may hold a room; by default the sites that stand, without poles, and where none stands
        all sites without poles.
    rooms : int or None
        Number of rooms; None takes the fewest.
    most_stations : int or None
        Most stations of a room.
    reach_m : float or None
        Longest way between a site and its room. [m]

    Returns
    -------
    plan : RoomPlan
        Rooms, sites, ducts, and bounds that tell how good they are.
    """
    places = room_candidates(region) if candidates is None else candidates
    count = stations.groupby("site_id").size()
    sites = region.sites.loc[count.index, ["name", "township", "geometry"]]
    sites = sites.assign(stations=count.to_numpy(dtype=np.int64))
    points = np.concatenate([sites.geometry.to_numpy(), places.geometry.to_numpy()])
    attached = attach_points(region, points)
    here, there = np.split(attached.node, [len(sites)])
    distance = _distances(attached.graph, there, here)
    weight = sites["stations"].to_numpy(dtype=float)
    limit_m = np.inf if reach_m is None else reach_m
    placed = place_rooms(
        np.where(distance <= limit_m, distance, np.inf),
        weight,
        rooms=rooms,
        most=None if most_stations is None else float(most_stations),
    )
    served = placed.room >= 0
    way_m = np.full(len(sites), np.nan)
    way_m[served] = distance[placed.room[served], np.flatnonzero(served)]
    room = pd.Series(pd.NA, index=sites.index, dtype="string")
    room[served] = places.index.to_numpy()[placed.room[served]].astype(str)
    sites = sites.assign(room=room, way_m=way_m)
    ducts = _ducts(region, attached.graph, (here, there), weight, placed)
    return RoomPlan(
        rooms=_rooms(region, places.iloc[placed.rooms], sites),
        sites=sites,
        ducts=ducts,
        fibre_m=placed.distance,
        fibre_bound_m=placed.bound,
        duct_m=float(ducts["length_m"].sum()),
        fewest=placed.fewest,
        served_stations=int(weight[served].sum()),
        most_served=int(placed.served_bound + 0.5),
    )


def room_candidates(region: Region) -> gpd.GeoDataFrame:
    """
    Places that may hold a room: sites that stand, without poles.

    Parameters
    ----------
    region : Region
        With the sites.

    Returns
    -------
    candidates : GeoDataFrame
        Rows of the sites; where none stands, all usable sites without poles.
    """
    sites = region.sites[~region.sites["kind"].isin(POLES)]
    standing = sites[sites["status"] == "existing"]
    return standing if len(standing) else sites[sites["status"] != "unavailable"]


def _distances(
    graph: Graph, sources: NDArray[np.int64], targets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Shortest ways from sources to targets, shape (sources, targets)."""
    distance = np.full((len(sources), len(targets)), np.inf)
    if graph.nodes and len(targets):
        matrix, _ = graph.matrix()
        for start in range(0, len(sources), BLOCK):
            rows = dijkstra(matrix, indices=sources[start : start + BLOCK])
            distance[start : start + BLOCK] = rows[:, targets]
    return distance


def _rooms(region: Region, places: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    served = sites[sites["room"].notna()]
    served = served.assign(fibre_m=served["way_m"] * served["stations"])
    grouped = served.groupby(served["room"].astype(str))
    each = region.scenario.backhaul.room_cny
    columns = [name for name in ("name", "township", "geometry") if name in places]
    table = places.set_axis(places.index.astype(str))[columns]
    return table.assign(
        stations=grouped["stations"].sum().reindex(table.index).astype("int64"),
        sites=grouped.size().reindex(table.index).astype("int64"),
        farthest_m=grouped["way_m"].max().reindex(table.index),
        fibre_m=grouped["fibre_m"].sum().reindex(table.index),
        cost_cny=np.nan if each is None else each,
    )


def _ducts(
    region: Region,
    graph: Graph,
    nodes: tuple[NDArray[np.int64], NDArray[np.int64]],
    weight: NDArray[np.float64],
    placed: Placement,
) -> gpd.GeoDataFrame:
    """Every stretch on the way of a site to its room, once, with the stations that pass."""
    here, there = nodes
    passing = np.zeros(len(graph.tail), dtype=np.int64)
    for room in placed.rooms.tolist():
        mine = placed.room == room
        root = there[[room]]
        edges = ways_to(graph, root).edges(here[mine])
        each = np.repeat(here[mine], weight[mine].astype(np.int64))
        year = np.zeros(len(each), dtype=np.int64)
        passing[edges] += charged(graph, edges, each, root, year).users
    used = np.flatnonzero(passing)
    each_km = region.scenario.backhaul.duct_cny_km
    table = edge_table(region, graph, used)
    cost = table["length_m"] / METRES_PER_KM * (np.nan if each_km is None else each_km)
    return table.assign(stations=passing[used], cost_cny=cost)
