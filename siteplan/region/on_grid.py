"""Layers on one grid: projected, cut at the boundary, each point in its township."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.transformer import TransformerGroup

from siteplan import catalog, schema
from siteplan.errors import Fault, InputError
from siteplan.region import consistency
from siteplan.region.grid import in_china, make_geobox, parse_crs, projected_crs, without_exclaves
from siteplan.scenario import SCENARIO_FILE

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

    from siteplan.scenario import Scenario

_MODERN_AXIS_M: Final = 6_378_137.0  # of WGS 84, GRS 80 and CGCS2000, which differ by decimetres

EAST_DEG, NORTH_DEG = 180.0, 90.0
"""Ends of longitude and latitude. [deg]"""


def on_one_grid(
    frames: dict[str, gpd.GeoDataFrame], scenario: Scenario
) -> tuple[dict[str, gpd.GeoDataFrame], GeoBox, list[Fault]]:
    """
    Bring layers into one projected system, and make the grid.

    Parameters
    ----------
    frames : dict of str to GeoDataFrame
        Layers in their own systems, the boundary among them.
    scenario : Scenario
        Grid, and names of the files.

    Returns
    -------
    frames : dict of str to GeoDataFrame
        In the grid's system, without rows in parts of the boundary that are left out.
    geobox : GeoBox
        The grid.
    faults : list of Fault
        Rows that have no place there, and a warning for parts that are left out.

    Raises
    ------
    InputError
        When the boundary has no place on Earth or in the system, or that is not in metres.
    """
    outline = shapely.union_all(frames["boundary"].geometry.to_numpy())
    geographic = gpd.GeoSeries([outline], crs=frames["boundary"].crs).to_crs("EPSG:4326").iloc[0]
    west, south, east, north = geographic.bounds
    if not (abs(west) <= EAST_DEG and east <= EAST_DEG and max(-south, north) <= NORTH_DEG):
        fault = Fault(
            source=scenario.layers.boundary.path,
            column="geometry",
            value=f"{south:g} to {north:g} N, {west:g} to {east:g} E",
            rule="no such place on Earth",
            remedy="Give the longitude first, and check the coordinate reference system.",
        )
        raise InputError([fault])
    crs = (
        projected_crs(geographic, china=in_china(geographic, scenario.region.code))
        if scenario.grid.crs == "auto"
        else parse_crs(scenario.grid.crs, SCENARIO_FILE, "grid.crs")
    )
    if not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        fault = Fault(
            source=SCENARIO_FILE,
            column="grid.crs",
            value=scenario.grid.crs,
            rule="the grid needs a projected system in metres",
            remedy='Use crs = "auto", or an EPSG code of such a system.',
        )
        raise InputError([fault])
    placed: dict[str, gpd.GeoDataFrame] = {}
    faults: list[Fault] = []
    for name, frame in frames.items():
        if schema.TABLES[name].geometry == "none":
            placed[name] = frame
            continue
        faults.extend(datum_warning(frame, crs, scenario.layers.vectors()[name].path))
        projected = frame.to_crs(crs)
        nowhere = ~np.isfinite(shapely.bounds(projected.geometry.to_numpy())).all(axis=1)
        faults.extend(
            Fault(
                source=scenario.layers.vectors()[name].path,
                row=str(frame["_row"].loc[i]),
                column="geometry",
                value=str(frame.geometry.loc[i])[:60],
                rule="no such place in the coordinate reference system",
                remedy="Correct the position, or the system of the layer.",
            )
            for i in frame.index[nowhere]
        )
        placed[name] = projected[~nowhere]
    whole = shapely.union_all(placed["boundary"].geometry.to_numpy())
    if whole.is_empty:
        raise InputError(faults)
    boundary, dropped = (whole, ()) if scenario.grid.exclaves == "keep" else without_exclaves(whole)
    if dropped:
        faults.append(_exclave_warning(dropped, crs, scenario))
        first = placed["boundary"].iloc[[0]]
        placed["boundary"] = first.set_geometry(gpd.GeoSeries([boundary], first.index, crs=crs))
        placed = {
            name: _not_within(frame, dropped) if name != "boundary" else frame
            for name, frame in placed.items()
        }
    margin_m = scenario.grid.margin_m
    frame = boundary.buffer(margin_m) if margin_m > 0.0 else boundary
    geobox = make_geobox(frame, crs, resolution_m=scenario.grid.resolution_m)
    return placed, geobox, faults


def datum_warning(frame: gpd.GeoDataFrame, crs: CRS, source: str) -> list[Fault]:
    """
    Tell of an old datum from which no way to the grid is published, such as Xian 1980.

    Parameters
    ----------
    frame : GeoDataFrame
        Layer in the system of its file.
    crs : CRS
        The grid's system.
    source : str
        Name of the file in messages.

    Returns
    -------
    faults : list of Fault
        At most one warning.
    """
    given = CRS.from_user_input(frame.crs)
    ellipsoid = given.ellipsoid
    if len(frame) == 0 or ellipsoid is None or ellipsoid.semi_major_metre == _MODERN_AXIS_M:
        return []
    west, south, east, north = frame.to_crs("EPSG:4326").total_bounds
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of grids that are not installed: the next best way is taken
        around = AreaOfInterest(west, south, east, north)
        ways = TransformerGroup(given, crs, area_of_interest=around)  # type: ignore[arg-type]  # that very class
    if any(way.accuracy >= 0.0 for way in ways.transformers):
        return []
    return [
        Fault(
            source=source,
            column="geometry",
            value=given.name,
            rule="no transformation from the datum of the file is published: positions may be off by a "
            "hundred metres",
            remedy="Ask for the file in CGCS2000, or have it transformed with the local parameters.",
            severity="warning",
        )
    ]


def _exclave_warning(dropped: tuple[BaseGeometry, ...], crs: CRS, scenario: Scenario) -> Fault:
    places = gpd.GeoSeries([part.representative_point() for part in dropped], crs=crs)
    words = [f"{p.y:.2f} N {p.x:.2f} E" for p in places.to_crs("EPSG:4326")]
    area_km2 = sum(part.area for part in dropped) / 1e6
    return Fault(
        source=scenario.layers.boundary.path,
        column="geometry",
        value=f"{len(dropped)} parts, {area_km2:.1f} km2, at {'; '.join(words[:3])}",
        rule="parts of the boundary lie far from the largest and are left out, with all that is in them",
        remedy='Say exclaves = "keep" under [grid] to plan them too, or plan them as a region of their own.',
        severity="warning",
    )


def _not_within(frame: gpd.GeoDataFrame, parts: tuple[BaseGeometry, ...]) -> gpd.GeoDataFrame:
    """Rows that do not lie in what was left out."""
    if frame.crs is None:
        return frame
    near = shapely.union_all(list(parts)).buffer(consistency.SHARED_EDGE_M)
    shapely.prepare(near)
    return frame[~shapely.covers(near, frame.geometry.to_numpy())]


def clip_extracts(
    frames: dict[str, gpd.GeoDataFrame], scenario: Scenario, boundary: BaseGeometry
) -> dict[str, gpd.GeoDataFrame]:
    """
    Keep what lies in the boundary: of OSM extracts, larger by nature, and of all roads.

    Parameters
    ----------
    frames : dict of str to GeoDataFrame
        Layers in the grid's system.
    scenario : Scenario
        Names of the files.
    boundary : geometry
        In the same system.

    Returns
    -------
    frames : dict of str to GeoDataFrame
        Roads cut at the boundary; rows of extracts that reach into it.
    """
    sources = scenario.layers.vectors()
    clipped = {}
    for name, frame in frames.items():
        is_extract = sources[name].path.lower().endswith(".pbf")
        if name == "roads":
            kept = frame[frame.intersects(boundary)]
            lines = [_linear(line) for line in kept.intersection(boundary)]
            kept = kept.set_geometry(gpd.GeoSeries(lines, kept.index, crs=kept.crs))
            clipped[name] = kept[~kept.is_empty]
        elif is_extract and name not in {"boundary", "buildings"}:
            clipped[name] = frame[frame.intersects(boundary)]
        else:
            clipped[name] = frame
    return clipped


def _linear(geometry: BaseGeometry) -> BaseGeometry:
    """Lines of a geometry: where a road only touches the boundary, an intersection leaves points."""
    if geometry.geom_type in {"LineString", "MultiLineString"}:
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "LineString"]
    return shapely.MultiLineString(parts)


def with_townships(
    frames: dict[str, gpd.GeoDataFrame], scenario: Scenario
) -> tuple[dict[str, gpd.GeoDataFrame], list[Fault]]:
    """
    Give every point its township: the given code or name, else the polygon around it.

    Parameters
    ----------
    frames : dict of str to GeoDataFrame
        Layers in one system.
    scenario : Scenario
        Names of the files.

    Returns
    -------
    frames : dict of str to GeoDataFrame
        With ``township`` as the township's id, where there is a layer of townships.
    faults : list of Fault
        Rows that name a township that there is not.
    """
    townships = frames.get("townships")
    if townships is None:
        return frames, []
    by_word = dict(zip(townships["id"], townships["id"], strict=True))
    for column in ("name", "code"):
        if column in townships:
            named = townships[townships[column].notna()]
            by_word |= dict(zip(named[column], named["id"], strict=True))
    indexed = townships.set_index("id")
    result = dict(frames)
    faults: list[Fault] = []
    for name in ("villages", "venues", "zones", "sites"):
        frame = frames.get(name)
        if frame is None or "township" not in frame:
            continue
        given = frame["township"]
        bad = given.notna() & ~given.isin(by_word)
        source = scenario.layers.vectors()[name].path
        faults.extend(
            replace(
                catalog.unknown_name(
                    source, "township", str(given.loc[i]), indexed["name"].dropna()
                ),
                row=str(frame["_row"].loc[i]),
                rule="there is no such township",
            )
            for i in frame.index[bad]
        )
        result[name] = frame.assign(township=given.map(by_word).astype("string"))
    result = {
        name: located(frame, indexed) if name in {"villages", "venues", "zones"} else frame
        for name, frame in result.items()
    }
    return result, faults


def located(frame: gpd.GeoDataFrame, townships: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """
    Fill missing townships from the position.

    Parameters
    ----------
    frame : GeoDataFrame
        Any layer.
    townships : GeoDataFrame or None
        Indexed by id, in the same system; None leaves the layer as it is.

    Returns
    -------
    frame : GeoDataFrame
        A point in no township stays without.
    """
    if townships is None:
        return frame
    points = frame.representative_point()
    tree = shapely.STRtree(townships.geometry.to_numpy())
    row, polygon = tree.query(points.to_numpy(), predicate="intersects")
    first = pd.Series(polygon, index=row).groupby(level=0).min()
    found = pd.Series(pd.NA, index=frame.index, dtype="string")
    found.iloc[first.index.to_numpy()] = townships.index.to_numpy()[first.to_numpy()]
    given = frame.get("township", found)
    return frame.assign(township=given.astype("string").fillna(found))
