"""The stage between selection and plan: fibre, rooms and power of the stations that were chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.backhaul.fibre import FibrePlan, connect_fibre
from siteplan.backhaul.power import PowerPlan, plan_power
from siteplan.backhaul.rooms import RoomPlan, plan_rooms

if TYPE_CHECKING:
    from siteplan.region import Region


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BackhaulPlan:
    """
    Fibre, rooms and power of a plan.

    Attributes
    ----------
    fibre : FibrePlan
        Cables to the sites of the plan.
    power : PowerPlan
        Load and energy by site, township and year.
    rooms : RoomPlan or None
        Aggregation rooms; None when the scenario asks for none.
    """

    fibre: FibrePlan
    power: PowerPlan
    rooms: RoomPlan | None


def plan_backhaul(
    region: Region, today_stations: pd.DataFrame, planned_stations: pd.DataFrame
) -> BackhaulPlan:
    """
    Fibre, rooms and power for the stations of a plan.

    Parameters
    ----------
    region : Region
        With roads, sites, villages and the scenario's ``[backhaul]``. Rooms are placed when ``rooms``,
        ``room_stations`` or ``room_reach_m`` stands there.
    today_stations, planned_stations : DataFrame
        Stations in service and added by the plan, as :func:`siteplan.coverage.stations.station_table`.

    Returns
    -------
    plan : BackhaulPlan
        Unknown flags, loads and costs stay unknown.
    """
    years = region.scenario.targets.years
    options = region.scenario.backhaul
    limits = (options.rooms, options.room_stations, options.room_reach_m)
    rooms = None
    if any(limit is not None for limit in limits):
        columns = ["site_id", "year"]
        both = pd.concat([today_stations[columns], planned_stations[columns]])
        rooms = plan_rooms(
            region,
            both[both["year"] <= years[-1]],
            rooms=options.rooms,
            most_stations=options.room_stations,
            reach_m=options.room_reach_m,
        )
    return BackhaulPlan(
        fibre=connect_fibre(region, today_stations, planned_stations, years),
        power=plan_power(region, today_stations, planned_stations, years),
        rooms=rooms,
    )
