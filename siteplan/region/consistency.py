"""Whether the layers of a region fit each other: places, sites, stations, equipment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rasterio.features import geometry_mask

from siteplan import catalog, schema
from siteplan.errors import Fault
from siteplan.region import datum, shift, values
from siteplan.region.place import GUESS, Reference
from siteplan.scenario import SCENARIO_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

    from siteplan.scenario import LayerSource, Network, Scenario

RANGES_SHOWN = 12
"""Runs of rows that one fault names."""

CLIFF_M = 50.0
"""Ground this much above cells of exactly 0 m beside it makes these look like voids. [m]"""

GUESSED = "the system was guessed from"
"""Beginning of the rule that such a note carries."""

SHARED_EDGE_M = 200.0
"""A point this near outside a generalised boundary still counts as inside. [m]"""


def shift_faults(
    frames: Mapping[str, gpd.GeoDataFrame], scenario: Scenario
) -> tuple[dict[str, gpd.GeoDataFrame], set[str], list[Fault]]:
    """
    Find layers that only fit the others when they, or some rows, are taken back from GCJ-02 or BD-09.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers on the grid's system.
    scenario : Scenario
        What the folder says of each layer.

    Returns
    -------
    frames : dict of str to GeoDataFrame
        The same layers; those whose system the scenario leaves to be guessed, taken back.
    shifted : set of str
        Layers that are refused.
    faults : list of Fault
        A warning where the scenario says that the positions were checked, or to guess.
    """
    frames = dict(frames)
    sources = scenario.layers.vectors()
    reference = Reference.of(frames["boundary"], scenario.region.code)
    declared = {
        name: source.crs.lower()
        for name, source in sources.items()
        if source.crs is not None and source.crs.lower() in datum.SHIFTED
    }
    layers = {
        name: frame for name, frame in frames.items() if schema.TABLES[name].geometry != "none"
    }
    faults = []
    whole = set()
    for found in shift.find_shifts(layers, reference, declared=declared):
        source = sources[found.layer]
        if source.crs == GUESS:
            frames[found.layer] = layers[found.layer] = _taken_back(
                layers[found.layer], found.datum
            )
            faults.append(_guessed(found, sources))
            continue
        whole.add(found.layer)
        told = (
            f'Leave crs = "{found.datum}" out'
            if found.undone
            else f'Say crs = "{found.datum}" under [layers.{found.layer}], or ask for the file in CGCS2000'
        )
        fits = "as they stand" if found.undone else f"when taken back from {found.datum}"
        faults.append(
            Fault(
                source=source.path,
                column="geometry",
                value=f"{found.shift_m:,.0f} m off; {found.before:.0%} on {found.against} as read, "
                f"{found.after:.0%} {fits}",
                rule=f"the positions fit {sources[found.against].path} only {fits}",
                remedy=f"{told}; or, if a map shows that they are right, say checked = true.",
                severity="warning" if source.checked else "error",
            )
        )
    mixed = [
        found
        for found in shift.find_mixed(layers, reference, declared=declared)
        if found.layer not in whole and found.against not in whole
    ]
    faults.extend(_mixed_fault(found, len(layers[found.layer]), sources) for found in mixed)
    named = whole | {found.layer for found in mixed}
    return frames, {name for name in named if not sources[name].checked}, faults


def _taken_back(frame: gpd.GeoDataFrame, system: datum.Shifted) -> gpd.GeoDataFrame:
    degrees = frame.geometry.to_crs("EPSG:4326")
    back = datum.geometry_to_wgs84(degrees.to_numpy(), datum=system)
    moved = gpd.GeoSeries(back, frame.index, "EPSG:4326").to_crs(frame.crs)
    result = frame.set_geometry(moved)
    result.attrs = frame.attrs
    return result


def _guessed(found: shift.Shift, sources: Mapping[str, LayerSource]) -> Fault:
    return Fault(
        source=sources[found.layer].path,
        column="geometry",
        value=f"{found.shift_m:,.0f} m off; {found.before:.0%} on {found.against} as read, {found.after:.0%} "
        f"when taken back from {found.datum}",
        rule=f'the system was guessed from {sources[found.against].path}: crs = "{found.datum}"',
        remedy="Nothing, when the map looks right.",
        severity="warning",
    )


def _mixed_fault(found: shift.Mixed, count: int, sources: Mapping[str, LayerSource]) -> Fault:
    source = sources[found.layer]
    fits = "as in WGS 84" if found.undone else f"when taken back from {found.datum}"
    other = "CGCS2000" if found.undone else found.datum
    return Fault(
        source=source.path,
        row=ranges(found.rows),
        column="geometry",
        value=f"at least {len(found.rows):,} of {count:,} rows are {found.shift_m:,.0f} m off: they fit "
        f"{sources[found.against].path} only {fits}; by chance {found.chance:,} would at most",
        rule=f"the positions are mixed: some rows are in {found.datum}, some are not",
        remedy="Find out where these rows come from, and say the system of each row in a column crs "
        f"(坐标系), {other} for such rows; or ask for the whole file in CGCS2000; or, if a map shows that "
        "they are right, say checked = true.",
        severity="warning" if source.checked else "error",
    )


def ranges(rows: Sequence[str]) -> str:
    """
    Row numbers as a reader writes them.

    Parameters
    ----------
    rows : sequence of str
        Rows in order.

    Returns
    -------
    text : str
        Runs by first and last; the first few, and in brackets how many more rows there are.

    Examples
    --------
    >>> ranges(["2", "3", "4", "9", "way/7"])
    '2-4, 9, way/7'
    """
    runs: list[list[str]] = []
    for row in rows:
        follows = bool(
            runs
            and row.isdecimal()
            and runs[-1][-1].isdecimal()
            and int(row) == int(runs[-1][-1]) + 1
        )
        if follows:
            runs[-1].append(row)
        else:
            runs.append([row])
    shown = [run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs[:RANGES_SHOWN]]
    more = sum(map(len, runs[RANGES_SHOWN:]))
    return ", ".join(shown) + (f" … (+{more:,})" if more else "")


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
