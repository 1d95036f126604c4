"""Shapes against the schema: kind, corners, area; polygons that cross themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.errors import Fault
from siteplan.region import readers
from siteplan.region.conform import label
from siteplan.region.values import MOST_TOLD, more_rows

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from siteplan import schema

_GEOMETRY_TYPES = {
    "point": {"Point"},
    "line": {"LineString", "MultiLineString"},
    "polygon": {"Polygon", "MultiPolygon"},
}


def plain_shapes(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """
    Take collections as what they hold: a point alone is a point, polygons together are one of many parts.

    File geodatabases and KML wrap single shapes like that.

    Parameters
    ----------
    geometry : ndarray of geometry
        As the file has them.

    Returns
    -------
    geometry : ndarray of geometry
        Points of several places and collections of several kinds stay as they are.
    """
    kinds = shapely.get_type_id(geometry)
    lone = (shapely.get_num_geometries(geometry) == 1) & np.isin(
        kinds, (shapely.GeometryType.MULTIPOINT, shapely.GeometryType.GEOMETRYCOLLECTION)
    )
    result = geometry.copy()
    result[lone] = shapely.get_geometry(geometry[lone], 0)
    for i in np.flatnonzero(~lone & (kinds == shapely.GeometryType.GEOMETRYCOLLECTION)):
        parts = shapely.get_parts(shapely.get_parts(geometry[i]))
        if len(parts) and (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON).all():
            result[i] = shapely.MultiPolygon(list(parts))
        elif len(parts) and (shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING).all():
            result[i] = shapely.MultiLineString(list(parts))
    return result


def geometry_faults(
    frame: gpd.GeoDataFrame, table: schema.Table, source: str
) -> tuple[pd.Index, list[Fault]]:
    """
    Find rows that cannot be placed.

    Parameters
    ----------
    frame : GeoDataFrame
        Rows of a layer, with ``_row``.
    table : Table
        Its schema: which kind of shape is needed.
    source : str
        Name of the file in messages.

    Returns
    -------
    index : Index
        Those rows.
    faults : list of Fault
        Why.
    """
    allowed = _GEOMETRY_TYPES[table.geometry]
    geometry = frame.geometry.to_numpy()
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    kinds = frame.geom_type.to_numpy()
    vast = shapely.get_num_coordinates(geometry) > readers.MAX_VERTICES
    nowhere = np.zeros(len(frame), dtype=bool)
    if not vast.any():
        corners, owner = shapely.get_coordinates(geometry, return_index=True)
        nowhere[owner[~np.isfinite(corners).all(axis=1)]] = True
    wrong_kind = ~missing & ~np.isin(kinds, sorted(allowed))
    flat = np.zeros(len(frame), dtype=bool)
    if table.geometry == "polygon":
        sound = ~missing & ~wrong_kind & ~vast & ~nowhere
        flat[sound] = shapely.area(geometry[sound]) == 0.0
        # a bow tie has no signed area and two good halves
        flat[flat] = shapely.area(shapely.make_valid(geometry[flat])) == 0.0
    if table.geometry == "line":
        flat = ~missing & ~wrong_kind & ~vast & ~nowhere & (shapely.length(geometry) == 0.0)
    rules = {
        "the row has no geometry": missing,
        f"a {table.geometry} is needed": wrong_kind,
        f"the feature has more than {readers.MAX_VERTICES:,} corners": vast,
        "a coordinate is not finite": nowhere & ~wrong_kind,
        "the line has no length" if table.geometry == "line" else "the polygon has no area": flat,
    }
    faults = [
        Fault(
            source=source,
            row=label(frame, frame.index[i]),
            column="geometry",
            value=str(kinds[i]) if wrong_kind[i] else "",
            rule=rule,
            remedy="Draw it again, or delete the row.",
        )
        for rule, rows in rules.items()
        for i in np.flatnonzero(rows)[:MOST_TOLD]
    ]
    faults += [
        more_rows(source, "geometry", int(rows.sum()), rule)
        for rule, rows in rules.items()
        if rows.sum() > MOST_TOLD
    ]
    return frame.index[np.any(list(rules.values()), axis=0)], faults


def mended(frame: gpd.GeoDataFrame, table: schema.Table, source: str) -> list[Fault]:
    """
    Tell which polygons cross themselves and are read as make_valid mends them.

    Parameters
    ----------
    frame : GeoDataFrame
        Rows of a layer, with ``_row``.
    table : Table
        Its schema; only polygons are looked at.
    source : str
        Name of the file in messages.

    Returns
    -------
    faults : list of Fault
        Warnings.
    """
    if table.geometry != "polygon":
        return []
    geometry = frame.geometry.to_numpy()
    bad = np.flatnonzero(~shapely.is_valid(geometry))
    return [
        Fault(
            source=source,
            row=label(frame, frame.index[i]),
            column="geometry",
            value=str(shapely.is_valid_reason(geometry[i]))[:80],
            rule="the polygon is invalid and was mended",
            remedy="Look at it, and draw it again if the mended shape is wrong.",
            severity="warning",
        )
        for i in bad
    ]


def polygonal(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """
    Repair polygons; what is left of lines and points has no area and goes.

    Parameters
    ----------
    geometry : ndarray of geometry
        Polygons, some of which may cross themselves.

    Returns
    -------
    geometry : ndarray of geometry
        Valid ones.
    """
    valid = shapely.make_valid(geometry)
    mixed = shapely.get_type_id(valid) == shapely.GeometryType.GEOMETRYCOLLECTION
    for i in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapely.get_parts(valid[i]))
        valid[i] = shapely.union_all(parts[shapely.area(parts) > 0.0])
    return np.asarray(valid)
