"""
Region helsinki: the one derived file, the boundary.

Everything else is real and stands in ``Helsinki.osm.pbf``, which no script makes.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import pyogrio
import shapely
from _common import FOLDER, write_geojson

if TYPE_CHECKING:
    from pathlib import Path

EXTRACT: Final = "Helsinki.osm.pbf"
"""OpenStreetMap extract of central Helsinki, (c) OpenStreetMap contributors, ODbL."""

STREETS: Final = ("primary", "secondary", "tertiary", "residential", "unclassified", "pedestrian")
"""Values of the tag ``highway`` of the streets that span the area."""


def make(folder: Path) -> None:
    """
    Write the boundary, and the extract itself where it is not there.

    Parameters
    ----------
    folder : Path
        Region folder, exists.
    """
    source = FOLDER / "helsinki" / EXTRACT
    if folder.resolve() != source.parent:
        shutil.copyfile(source, folder / EXTRACT)
    write_geojson(folder / "boundary.geojson", boundary(source))


def boundary(extract: Path) -> gpd.GeoDataFrame:
    """
    Convex hull of the lamps and streets: the part of the extract that has data.

    Parameters
    ----------
    extract : Path
        OpenStreetMap extract.

    Returns
    -------
    boundary : GeoDataFrame
        One polygon, longitude and latitude.
    """
    names = ", ".join(f"'{name}'" for name in STREETS)
    lamps = pyogrio.read_dataframe(
        extract, sql="SELECT highway FROM points WHERE highway = 'street_lamp'"
    )
    streets = pyogrio.read_dataframe(
        extract,
        sql=f"SELECT highway FROM lines WHERE highway IN ({names})",  # noqa: S608  # constants
    )
    hull = shapely.union_all([*lamps.geometry, *streets.geometry]).convex_hull
    row = {
        "name": "Central Helsinki",
        "code": "091",
        "origin": "derived from the extract: convex hull of its street lamps and streets",
    }
    return gpd.GeoDataFrame([row], geometry=[hull], crs="EPSG:4326")
