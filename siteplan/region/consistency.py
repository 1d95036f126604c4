"""Whether the layers of a region fit each other: places, sites, stations, equipment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from rasterio.features import geometry_mask

from siteplan import catalog
from siteplan.errors import Fault
from siteplan.region import values
from siteplan.scenario import SCENARIO_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

    from siteplan.scenario import Network, Scenario


CLIFF_M = 50.0
"""Ground this much above cells of exactly 0 m beside it makes these look like voids. [m]"""


SHARED_EDGE_M = 200.0
"""A point this near outside a generalised boundary still counts as inside. [m]"""


def outside_faults(
    frames: Mapping[str, gpd.GeoDataFrame], scenario: Scenario, boundary: BaseGeometry
) -> list[Fault]:
    """
    Find rows that lie outside the boundary.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers on the grid's system.
    scenario : Scenario
        Names of the files.
    boundary : geometry
        In the same system.

    Returns
    -------
    faults : list of Fault
        One for each row, up to a thousand of a layer.
    """
    faults: list[Fault] = []
    near = boundary.buffer(SHARED_EDGE_M)
    shapely.prepare(near)
    for name in ("zones", "villages", "venues", "poles", "sites", "roads"):
        frame = frames.get(name)
        if frame is None:
            continue
        source = scenario.layers.vectors()[name].path
        if name == "roads" and len(frame) == 0:
            faults.append(
                Fault(
                    source=source,
                    rule="no road lies inside the boundary",
                    remedy="Check the coordinate reference system of the layer.",
                )
            )
        apart = ~pd.Series(shapely.intersects(near, frame.geometry.to_numpy()), frame.index)
        if name == "zones":
            apart |= frame.intersection(boundary).area <= 0.0
        if name == "sites":
            # a neighbour's tower may serve the region
            apart &= (frame["status"] != "existing").fillna(value=False)
        if not apart.any():
            continue
        if apart.sum() > values.MOST_TOLD:
            rule = "lies outside the boundary"
            faults.append(values.more_rows(source, "geometry", int(apart.sum()), rule))
        outside = frame[apart].head(values.MOST_TOLD)
        places = outside.to_crs("EPSG:4326").representative_point()
        for i, place in places.items():
            label = frame["name"].get(i) if "name" in frame else None
            row = frame["_row"].loc[i]
            faults.append(
                Fault(
                    source=source,
                    row=f"{row} '{label}'" if isinstance(label, str) else str(row),
                    column="geometry",
                    value=degrees_text(place.y, place.x),
                    rule="lies outside the boundary",
                    remedy="Correct the position or its coordinate reference system, or delete the row.",
                )
            )
    return faults


def far_sites(
    frames: Mapping[str, gpd.GeoDataFrame], scenario: Scenario, boundary: BaseGeometry
) -> list[Fault]:
    """
    Warn of standing sites whose signal does not reach the boundary.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers on the grid's system, with ``_row``.
    scenario : Scenario
        Names of the files, and how far a signal is followed.
    boundary : geometry
        In the same system.

    Returns
    -------
    faults : list of Fault
        At most one warning, with the rows and the farthest distance.
    """
    frame = frames.get("sites")
    if frame is None or len(frame) == 0:
        return []
    radius_m = scenario.radio.radius_m
    distance_m = shapely.distance(frame.geometry.to_numpy(), boundary)
    far = (distance_m > radius_m) & (frame["status"] == "existing").fillna(value=False).to_numpy()
    if not far.any():
        return []
    count, farthest_km = int(far.sum()), distance_m[far].max() / 1e3
    return [
        Fault(
            source=scenario.layers.vectors()["sites"].path,
            row=values.ranges(frame["_row"][far].astype(str).tolist()),
            column="geometry",
            value=f"{count:,} of {len(frame):,} sites, up to {farthest_km:,.0f} km away",
            rule=f"standing sites lie more than {radius_m / 1e3:g} km outside the boundary: they serve "
            "nothing in it",
            remedy="Check their positions, or delete the rows.",
            severity="warning",
        )
    ]


def degrees_text(latitude_deg: float, longitude_deg: float) -> str:
    """
    Place as a map gives it.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Negative in the south and in the west. [deg]

    Returns
    -------
    text : str
        With the letters of the hemispheres.

    Examples
    --------
    >>> degrees_text(-23.2, -45.9)
    '23.20000 S 45.90000 W'
    """
    latitude_deg, longitude_deg = round(latitude_deg, 5), round(longitude_deg, 5)
    north, east = "S" if latitude_deg < 0.0 else "N", "W" if longitude_deg < 0.0 else "E"
    return f"{abs(latitude_deg):.5f} {north} {abs(longitude_deg):.5f} {east}"


def terrain_warnings(
    terrain_m: NDArray[np.float32], scenario: Scenario, boundary: BaseGeometry, geobox: GeoBox
) -> list[Fault]:
    """
    Tell how much of the terrain inside the boundary is unknown, or that it is assumed flat.

    Parameters
    ----------
    terrain_m : ndarray of float32, shape (rows, columns)
        NaN where unknown. [m]
    scenario : Scenario
        Where the terrain comes from.
    boundary : geometry
        In the grid's system.
    geobox : GeoBox
        The grid.

    Returns
    -------
    faults : list of Fault
        Warnings.
    """
    if scenario.layers.terrain.path is None:
        return [
            Fault(
                source=SCENARIO_FILE,
                column="layers.terrain.flat_m",
                value=str(scenario.layers.terrain.flat_m),
                rule="the ground is assumed flat",
                remedy="Give a terrain raster where hills matter.",
                severity="warning",
            )
        ]
    area = geometry_mask([boundary], geobox.shape, geobox.transform, invert=True)
    missing = float(np.isnan(terrain_m[area]).mean()) if area.any() else 1.0
    zero = _cliffs(terrain_m) & area
    told = (
        (
            missing > 0.0,
            f"{missing:.2%} of the area",
            "terrain is missing inside the boundary; signal there is unknown",
            "Fill the voids or give more tiles.",
        ),
        (
            zero.any(),
            f"{int(zero.sum()):,} cells",
            f"heights of 0 m border on ground more than {CLIFF_M:g} m higher: voids that were stored as 0?",
            "Declare the value of voids, for example with gdal_edit -a_nodata 0; nothing, if it is the sea.",
        ),
    )
    return [
        Fault(
            source=scenario.layers.terrain.path,
            value=value,
            rule=rule,
            remedy=remedy,
            severity="warning",
        )
        for found, value, rule, remedy in told
        if found
    ]


def _cliffs(terrain_m: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Cells at 0 m within two cells of ground that stands far higher: the warp has smoothed the edge."""
    reach = 2
    padded = np.pad(terrain_m, reach, constant_values=np.nan)
    rows, columns = terrain_m.shape
    steps = [
        padded[reach + i : reach + i + rows, reach + j : reach + j + columns]
        for i, j in ((reach, 0), (-reach, 0), (0, reach), (0, -reach))
    ]
    with np.errstate(invalid="ignore"):
        high = np.any([step > CLIFF_M for step in steps], axis=0)
    return np.asarray((terrain_m == 0.0) & high)


def site_faults(sites: gpd.GeoDataFrame, scenario: Scenario) -> list[Fault]:
    """
    Find whether there is anything to plan with, and identifiers that stand in two layers.

    Parameters
    ----------
    sites : GeoDataFrame
        All sites, indexed by id.
    scenario : Scenario
        Names of the files.

    Returns
    -------
    faults : list of Fault
        Errors.
    """
    names = [name for name in ("sites", "poles", "buildings") if name in scenario.layers.vectors()]
    sources = ", ".join(scenario.layers.vectors()[name].path for name in names)
    twice = sites.index[sites.index.duplicated()]
    faults = [
        Fault(
            source=sources,
            column="id",
            value=repr(name),
            rule="two sites, poles or rooftops share the identifier",
            remedy="Give every site and pole its own, over both layers.",
        )
        for name in twice
    ]
    if scenario.candidates.propose_spacing_m is not None:
        return faults  # new places will be proposed
    if len(sites) == 0:
        faults.append(
            Fault(
                source=SCENARIO_FILE,
                column="layers.sites",
                rule="there is no site, pole or building to put a station on",
                remedy="Give the sites or poles layer, candidates.rooftops_above_m, or "
                "candidates.propose_spacing_m for new places.",
            )
        )
    elif not (sites["status"] != "unavailable").any():
        faults.append(
            Fault(
                source=SCENARIO_FILE,
                column="layers.sites",
                rule="no site is existing or candidate",
                remedy="Set the status of usable sites to candidate.",
            )
        )
    return faults


def station_faults(
    frames: Mapping[str, gpd.GeoDataFrame],
    sites: gpd.GeoDataFrame,
    scenario: Scenario,
    *,
    unsure: frozenset[str] | None = frozenset(),
) -> list[Fault]:
    """
    Find stations whose site, network or equipment does not exist.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers by name.
    sites : GeoDataFrame
        All sites, indexed by id.
    scenario : Scenario
        Networks, and names of the files.
    unsure : frozenset of str or None
        Sites that stand in a file with faults and have no place; None when such a file could not be read
        at all, so that any site may stand there.

    Returns
    -------
    faults : list of Fault
        Errors, the first for each station.
    """
    stations = frames.get("stations")
    if stations is None:
        return []
    source = scenario.layers.vectors()["stations"].path
    used = sites.index.isin(stations["site_id"]) & ~sites.index.duplicated()
    kinds = sites["kind"][used].to_dict()
    faults: list[Fault] = []
    for station in stations.to_dict("records"):
        given = station.get("equipment", pd.NA)
        name = station["site_id"]
        kind = kinds.get(name, "" if unsure is None or pd.isna(name) or name in unsure else None)
        network = not (pd.isna(station["operator"]) or pd.isna(station["technology"]))
        found = (
            _site_fault(station, kind)
            or (_network_fault(station, scenario) if network else None)
            or (
                _equipment_fault(station, None if pd.isna(given) else given, str(kind), scenario)
                if network and kind in catalog.structures()
                else None
            )
        )
        if found is not None:
            row = f"{station['_row']} '{station['id']}'"
            faults.append(replace(found, source=source, row=row))
    return faults


def _site_fault(station: Mapping[str, Any], kind: str | None) -> Fault | None:
    if kind is not None:
        return None
    return Fault(
        source="",
        column="site_id",
        value=repr(station["site_id"]),
        rule="no such site",
        remedy="Add the site to the sites layer, or correct the code.",
    )


def _network_fault(station: Mapping[str, Any], scenario: Scenario) -> Fault | None:
    if scenario.network(station["operator"], station["technology"]) is not None:
        return None
    known = ", ".join(network.id for network in scenario.networks)
    return Fault(
        source="",
        column="operator",
        value=f"{station['operator']} {station['technology']}",
        rule="scenario.toml has no such network",
        remedy=f"Use one of: {known}; or add the network.",
    )


def _equipment_fault(
    station: Mapping[str, Any], given: str | None, kind: str, scenario: Scenario
) -> Fault | None:
    network = scenario.network(station["operator"], station["technology"])
    name = given or (None if network is None else default_equipment(network, kind))
    if name is None:
        return Fault(
            source="",
            column="equipment",
            rule=f"the cell is empty, and the network names no equipment for a {kind}",
            remedy="Fill the cell, or give the network macro or micro equipment.",
        )
    if name not in catalog.equipment():
        return catalog.unknown_name("", "equipment", name, catalog.equipment())
    technology = catalog.carriers()[catalog.equipment()[name].carrier].technology
    if technology == station["technology"]:
        return None
    return Fault(
        source="",
        column="equipment",
        value=name,
        rule=f"the equipment is {technology}, the station {station['technology']}",
        remedy="Correct one of them.",
    )


def default_equipment(network: Network, kind: str) -> str | None:
    """
    Equipment of a network on a structure: macro where it carries that, else micro.

    Parameters
    ----------
    network : Network
        Network of the scenario.
    kind : str
        Kind of the structure.

    Returns
    -------
    equipment : str or None
        None when the network has none for it.
    """
    if catalog.structures()[kind].scale == "micro":
        return network.micro
    return network.macro or network.micro


def far_stations(
    stations: pd.DataFrame, sites: gpd.GeoDataFrame, scenario: Scenario, geobox: GeoBox
) -> list[Fault]:
    """
    Warn of stations outside the grid, whose signal is not computed, and of a layer that holds none.

    Parameters
    ----------
    stations : DataFrame
        Stations in service.
    sites : GeoDataFrame
        All sites, indexed by id.
    scenario : Scenario
        Names of the files.
    geobox : GeoBox
        The grid.

    Returns
    -------
    faults : list of Fault
        At most one warning.
    """
    layer = scenario.layers.vectors().get("stations")
    if layer is None or stations.empty:
        told = Fault(
            source="" if layer is None else layer.path,
            rule="no station is in service today",
            remedy="Fill the layer; where none stands, say greenfield = true.",
            severity="warning",
        )
        return [] if layer is None or scenario.greenfield else [told]
    box = geobox.extent.boundingbox
    places = sites.geometry.loc[stations["site_id"]]
    within = places.x.between(box.left, box.right) & places.y.between(box.bottom, box.top)
    far = int((~within).sum())
    if far == 0:
        return []
    return [
        Fault(
            source=layer.path,
            value=f"{far} of {len(stations)} stations",
            rule="stations outside the grid are left out; their signal inside is not counted",
            remedy="Nothing, when they do not serve the region.",
            severity="warning",
        )
    ]
