"""
The public edition: the same plan without places that single out a structure.

The norms ask no more of it than that coordinates be left out or rounded; a public notice must still name the
sites that people may object to. So it keeps ids, names, townships, kinds, heights, equipment and distances of
field screening, which are what is put on notice, and leaves out whatever leads from them to a point:

- sites are moved to the middle of their square kilometre before anything is written, so that map, lists,
  layers and document cannot disagree;
- levels stop at the highest threshold in use, since a peak tells where a station stands; servers, SINR and
  rasters are left out;
- a gap tells neither the station that would serve it nor the ridge on the way: three such bearings meet at
  the station. Its distance is told in whole kilometres;
- ways of cables and ducts end at a site: only their lengths are told;
- schools within a screening distance are counted and not named, since they stand beside a site;
- what candidates that were not taken would have cost, and what stands in for them, is between the bureau and
  their owners.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.coverage.footprint import NO_SIGNAL
from siteplan.outputs.frames import site_township
from siteplan.outputs.map_images import thresholds_dbm
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.backhaul.stage import BackhaulPlan
    from siteplan.coverage.network import Coverage
    from siteplan.plan import Plan
    from siteplan.selection import Selection

SQUARE_M: Final = 1000.0
"""Side of the squares to whose middle a site is moved. [m]"""

NO_SERVER: Final = -1

RIDGE: Final = ("ridge_m", "ridge_easting_m", "ridge_northing_m")
"""Columns of a gap that tell a point on the way to the station: two such ways meet there."""


NAMED_SITES: Final = ("station_id", "remedy_site")
"""Columns of a gap that name a station or a site near it."""


def public_plan(plan: Plan) -> Plan:
    """
    Make a plan that may be shown to everybody.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    public : Plan
        The same results; sites at the middle of their square kilometre, levels cut off at the highest
        threshold of their technology, no servers, no SINR, no levels of buildings, no ways of cables, no
        reasons of candidates that were not taken; gaps tell the distance to a station in whole
        kilometres, and neither its name nor the ridge on the way. Townships of sites stay the true ones.
    """
    region = plan.region
    sites = region.sites.assign(township=site_township(plan, region.sites))
    sites = sites.set_geometry(_rounded(sites.geometry))
    layers = {
        name: frame.set_geometry(_rounded(frame.geometry)) if name in {"sites", "poles"} else frame
        for name, frame in region.layers.items()
    }
    return replace(
        plan,
        region=replace(region, sites=sites, layers=MappingProxyType(layers)),
        gaps_today=_blurred(plan.gaps_today),
        gaps_plan=_blurred(plan.gaps_plan),
        coverage_today=_cut(plan, plan.coverage_today),
        coverage_plan=_cut(plan, plan.coverage_plan),
        backhaul=_without_ways(plan.backhaul),
        selection=_chosen_only(plan.selection),
        indoors=plan.indoors.assign(outdoor_dbm=np.nan, indoor_dbm=np.nan, short_db=np.nan),
    )


def _chosen_only(selection: Selection) -> Selection:
    """Leave out the reasons of candidates that were not taken, and of what could stand in for others."""
    told = selection.explanation
    told = told[told["chosen"]].assign(instead="")
    return replace(selection, explanation=told, closed=selection.closed.iloc[:0])


def _rounded(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    points = geometry.representative_point()
    x, y = (
        (np.floor(values.to_numpy() / SQUARE_M) + 0.5) * SQUARE_M for values in (points.x, points.y)
    )
    return gpd.GeoSeries(gpd.points_from_xy(x, y), index=geometry.index, crs=geometry.crs)


def _without_ways(backhaul: BackhaulPlan) -> BackhaulPlan:
    """Lengths without the ways themselves: a new cable ends at a site, a room stands at one."""
    fibre = replace(backhaul.fibre, cables=backhaul.fibre.cables.iloc[:0])
    rooms = backhaul.rooms
    if rooms is not None:
        places = rooms.rooms.set_geometry(_rounded(rooms.rooms.geometry))
        rooms = replace(rooms, rooms=places, ducts=rooms.ducts.iloc[:0])
    nodes = fibre.nodes.set_geometry(_rounded(fibre.nodes.geometry))
    return replace(backhaul, fibre=replace(fibre, nodes=nodes), rooms=rooms)


def _blurred(gaps: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Gaps without what points at a site: distances to a kilometre, no ridge on the way, no names."""
    told: dict[str, Any] = {"station_km": gaps["station_km"].round()}
    told |= dict.fromkeys(RIDGE, np.nan) | dict.fromkeys(NAMED_SITES, pd.NA)
    return gaps.assign(**told)


def _cut(
    plan: Plan, coverages: Mapping[tuple[str, int], Coverage]
) -> Mapping[tuple[str, int], Coverage]:
    result = {}
    for key, coverage in coverages.items():
        thresholds = thresholds_dbm(plan.region, key[0])
        most = round(max(thresholds.values(), default=0.0) * CENTI)
        result[key] = replace(
            coverage,
            rsrp_cdbm=np.minimum(coverage.rsrp_cdbm, np.int16(most)),
            sinr_cdb=np.full_like(coverage.sinr_cdb, NO_SIGNAL),
            server=np.full_like(coverage.server, NO_SERVER),
        )
    return MappingProxyType(result)
