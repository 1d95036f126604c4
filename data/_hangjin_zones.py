"""Zones and demonstration venues of Hangjin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import _hangjin_places as places
import numpy as np
import shapely
from _common import SYNTHETIC, stream
from _hangjin_setting import (
    Setting,
    around,
    frame,
    township_of,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from _hangjin_setting import Points, Rows

    VenuePlan = tuple[str, str, Points, float]


def make_zones(setting: Setting) -> gpd.GeoDataFrame:
    """
    Draw the zones.

    Parameters
    ----------
    setting : Setting
        The ground.

    Returns
    -------
    zones : GeoDataFrame
        Columns of the layer, in the order of the plan, the reserve last.
    """
    rows: Rows = []
    shapes = []
    for i, plan in enumerate(places.ZONES):
        shapes.append(_blob(stream("hangjin", "zone", plan.name), plan))
        rows.append(
            {
                "id": f"Q{i + 1:02d}",
                "name": plan.name,
                "kind": plan.kind,
                "severity": plan.severity,
                "basis": plan.basis,
                "origin": SYNTHETIC,
            }
        )
    rows.append(
        {
            "id": f"Q{len(rows) + 1:02d}",
            "name": places.RESERVE_NAME,
            "kind": "exclusion",
            "severity": "hard",
            "basis": places.RESERVE_BASIS,
            "origin": places.RESERVE_ORIGIN,
        }
    )
    shapes.append(setting.reserve_m)
    zones = frame(rows, shapes)
    zones.insert(5, "township", township_of(setting, centres_of(zones)))
    return zones


def centres_of(zones: gpd.GeoDataFrame) -> Points:
    """
    Return the centre of each zone.

    Parameters
    ----------
    zones : GeoDataFrame
        Polygons. [m]

    Returns
    -------
    points : ndarray, (n, 2)
        Easting and northing. [m]
    """
    return shapely.get_coordinates(shapely.centroid(zones.geometry.array))


def _blob(rng: np.random.Generator, plan: places.ZonePlan) -> shapely.Polygon:
    """Draw a rounded, slightly uneven polygon of the plan's exact area."""
    angle = np.linspace(0.0, 2.0 * np.pi, 36, endpoint=False)
    radius = 1.0 + sum(
        rng.normal(0.0, 0.09 / wave) * np.cos(wave * angle + rng.uniform(0.0, 2.0 * np.pi))
        for wave in (2, 3, 4, 5)
    )
    turn = np.deg2rad(plan.turn_deg)
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle) / plan.stretch])
    points = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    size = np.sqrt(plan.area_km2 * 1e6 / shapely.Polygon(points).area)
    return shapely.Polygon(1e3 * np.array(plan.centre_km) + size * points)


def make_venues(setting: Setting, zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Place demonstration venues in towns, parks, scenic areas and on pastures.

    Parameters
    ----------
    setting : Setting
        The ground.
    zones : GeoDataFrame
        All zones.

    Returns
    -------
    venues : GeoDataFrame
        Columns of the layer.
    """
    rng = stream("hangjin", "venues")
    plans = [*_town_venues(setting), *_zone_venues(zones)]
    points = np.array([around(rng, centre, 0.1 * far_m, far_m) for _, _, centre, far_m in plans])
    rows = [
        {
            "id": f"V{i + 1:03d}",
            "name": name,
            "sector": sector,
            "township": township,
            "origin": SYNTHETIC,
        }
        for i, ((sector, name, _, _), township) in enumerate(
            zip(plans, township_of(setting, points), strict=True)
        )
    ]
    return frame(rows, shapely.points(points))


def _town_venues(setting: Setting) -> list[VenuePlan]:
    """Venues of the county seat and of each town: sector, name, centre, farthest distance."""
    plans: list[VenuePlan] = []
    for code, town in places.TOWNS.items():
        centre = setting.centres_m[code]
        if code == places.SEAT:
            plans += [
                (sector, f"杭锦旗{name}", centre, 0.75 * town.radius_m)
                for sector, names in places.SEAT_VENUES.items()
                for name in names
            ]
        else:
            plans += [
                (sector, f"{town.name}{name}", centre, 0.55 * town.radius_m)
                for sector, name in places.TOWN_VENUES.items()
            ]
        plans += [
            (sector, f"{town.short}{name}", centre, far_m)
            for sector, name, far_m in places.COUNTRY_VENUES
        ]
    return plans


def _zone_venues(zones: gpd.GeoDataFrame) -> list[VenuePlan]:
    """Venues of parks, scenic and functional areas."""
    return [
        (sector, f"{zone}{name}", centre, far_m)
        for zone, kind, centre in zip(zones["name"], zones["kind"], centres_of(zones), strict=True)
        for word, sector, name, far_m in places.ZONE_VENUES
        if word in (kind, zone[-2:])
    ]
