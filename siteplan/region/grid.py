"""One projected grid for a region: the coordinate reference system and the cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import shapely
from odc.geo.geobox import GeoBox
from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from pyproj.exceptions import CRSError

from siteplan.errors import Fault, InputError
from siteplan.scenario import SCENARIO_FILE

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

MAX_CELLS = 200_000_000
"""Cells beyond which a grid is refused: 200 million float32 cells take 0.8 GB a raster."""

ANY_COUNTY = "000000"
"""Stands for the code of a county that is not known yet."""

EXCLAVE_M = 20_000.0
"""Gap below which a part of a boundary is never taken for a far exclave. [m]"""

_CHINA = (73.0, 18.0, 136.0, 54.0)
_PROVINCES = frozenset(
    {
        *range(11, 16),
        *range(21, 24),
        *range(31, 38),
        *range(41, 47),
        *range(50, 55),
        *range(61, 66),
        71,
        81,
        82,
    }
)
"""First two digits of statistical codes (GB/T 2260)."""
_FIRST_MERIDIAN_DEG = 75
_LAST_MERIDIAN_DEG = 135
_FIRST_EPSG = 4534


def projected_crs(boundary: BaseGeometry, *, china: bool) -> CRS:
    """
    Projected coordinate reference system of a region.

    In China the CGCS2000 3-degree Gauss-Kruger zone without zone prefix whose central meridian is
    nearest to the centre (EPSG:4534 for 75 E to EPSG:4554 for 135 E); elsewhere the WGS 84 UTM zone.

    Parameters
    ----------
    boundary : geometry
        Boundary in geographic coordinates, longitude first. [deg]
    china : bool
        Whether the region lies in China.

    Returns
    -------
    crs : pyproj.CRS
        Projected, in metres.

    Examples
    --------
    >>> from shapely import box
    >>> projected_crs(box(106.9, 39.4, 109.3, 40.9), china=True).to_epsg()
    4545
    >>> projected_crs(box(24.9, 60.1, 25.0, 60.2), china=False).to_epsg()
    32635
    """
    west, south, east, north = boundary.bounds
    longitude = (west + east) / 2
    if china:
        meridian = 3 * round(longitude / 3)
        meridian = min(max(meridian, _FIRST_MERIDIAN_DEG), _LAST_MERIDIAN_DEG)
        return CRS.from_epsg(_FIRST_EPSG + (meridian - _FIRST_MERIDIAN_DEG) // 3)
    latitude = (south + north) / 2
    zones = query_utm_crs_info(
        datum_name="WGS 84",
        area_of_interest=AreaOfInterest(longitude, latitude, longitude, latitude),
    )
    if not zones:
        fault = Fault(
            source="boundary",
            value=f"{latitude:.3f} N {longitude:.3f} E",
            rule="no UTM zone covers the centre of the boundary",
            remedy='Give the projected system under [grid], for example crs = "EPSG:32661".',
        )
        raise InputError([fault])
    return CRS.from_epsg(int(zones[0].code))


def in_china(boundary: BaseGeometry, code: str) -> bool:
    """
    Whether a boundary lies in China: by its six-digit code and inside the country's frame.

    Parameters
    ----------
    boundary : geometry
        Boundary in geographic coordinates. [deg]
    code : str
        Statistical code of the area.

    Returns
    -------
    china : bool
        True for a code of six digits or more that begins with that of a province, inside the frame of China.

    Examples
    --------
    >>> from shapely import box
    >>> in_china(box(106.9, 39.4, 109.3, 40.9), "150625"), in_china(box(88.2, 22.4, 88.5, 22.7), "700001")
    (True, False)
    """
    west, south, east, north = boundary.bounds
    frame = _CHINA[0] <= west and _CHINA[1] <= south and east <= _CHINA[2] and north <= _CHINA[3]
    county = code.isdigit() and len(code) >= 6 and int(code[:2]) in _PROVINCES  # noqa: PLR2004
    return bool(frame and (county or code == ANY_COUNTY))


def parse_crs(text: str, source: str, column: str) -> CRS:
    """
    Coordinate reference system that a planner wrote.

    Parameters
    ----------
    text : str
        For example ``EPSG:4490``.
    source, column : str
        Where it stands, for the message.

    Returns
    -------
    crs : pyproj.CRS
        The system.
    """
    try:
        return CRS.from_user_input(text)
    except CRSError:
        fault = Fault(
            source=source,
            column=column,
            value=text,
            rule="not a coordinate reference system",
            remedy='Write an EPSG code such as "EPSG:4490" (CGCS2000) or "EPSG:4326" (WGS 84).',
        )
        raise InputError([fault]) from None


def without_exclaves(boundary: BaseGeometry) -> tuple[BaseGeometry, tuple[BaseGeometry, ...]]:
    """
    Boundary without parts that lie far from the largest.

    A part is far when the gap to the largest part is wider than that part itself, and than 20 km.

    Parameters
    ----------
    boundary : geometry
        Polygon or MultiPolygon in a projected system. [m]

    Returns
    -------
    boundary : geometry
        The largest part and those near it.
    dropped : tuple of geometry
        Parts that are far.

    Examples
    --------
    >>> from shapely import MultiPolygon, box
    >>> near, far = box(0, 0, 9000, 9000), box(300_000, 0, 303_000, 3000)
    >>> kept, dropped = without_exclaves(MultiPolygon([near, far]))
    >>> kept.equals(near), len(dropped)
    (True, 1)
    """
    parts = sorted(shapely.get_parts(boundary), key=lambda part: -part.area)
    if len(parts) < 2:  # noqa: PLR2004  # one part has no other
        return boundary, ()
    west, south, east, north = parts[0].bounds
    far_m = max(EXCLAVE_M, math.hypot(east - west, north - south))
    far = [bool(parts[0].distance(part) > far_m) for part in parts]
    dropped = tuple(part for part, away in zip(parts, far, strict=True) if away)
    if not dropped:
        return boundary, ()
    near = [part for part, away in zip(parts, far, strict=True) if not away]
    return (near[0] if len(near) == 1 else shapely.MultiPolygon(near)), dropped


def make_geobox(boundary: BaseGeometry, crs: CRS, *, resolution_m: float) -> GeoBox:
    """
    Grid that covers a boundary, aligned to whole multiples of the cell size.

    Parameters
    ----------
    boundary : geometry
        Boundary in the projected system. [m]
    crs : pyproj.CRS
        Projected system.
    resolution_m : float
        Cell size. [m]

    Returns
    -------
    geobox : odc.geo.geobox.GeoBox
        Grid of the boundary's frame and one cell more on each side.

    Raises
    ------
    InputError
        When the grid would hold more than ``MAX_CELLS`` cells.
    """
    west, south, east, north = boundary.bounds
    west = math.floor(west / resolution_m - 1) * resolution_m
    south = math.floor(south / resolution_m - 1) * resolution_m
    columns = math.ceil(east / resolution_m + 1) - round(west / resolution_m)
    rows = math.ceil(north / resolution_m + 1) - round(south / resolution_m)
    if rows * columns > MAX_CELLS:
        fault = Fault(
            source=SCENARIO_FILE,
            column="grid.resolution_m",
            value=str(resolution_m),
            rule=f"the grid would hold {rows} x {columns} cells",
            remedy="Use larger cells, or check the boundary for a far part that does not belong.",
        )
        raise InputError([fault])
    box = (west, south, west + columns * resolution_m, south + rows * resolution_m)
    return GeoBox.from_bbox(box, crs, resolution=resolution_m)
