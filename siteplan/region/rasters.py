"""Rasters at the door: terrain on the grid, and the height of buildings above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
import rasterio.features
from rasterio.enums import Resampling
from rasterio.errors import RasterioIOError
from rasterio.warp import reproject

from siteplan.errors import Fault, InputError
from siteplan.region.grid import parse_crs
from siteplan.scenario import inside

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from siteplan.scenario import TerrainSource

LOWEST_M, HIGHEST_M = -500.0, 9000.0
"""Heights of terrain that exist: the shore of the Dead Sea lies at -430 m. [m]"""

STOREY_M = 3.0
"""Height of one storey, assumed where a building has levels and no height. [m]"""


def terrain_file(folder: Path, source: TerrainSource) -> Path | None:
    """
    Path of the terrain raster.

    Parameters
    ----------
    folder : Path
        Region folder.
    source : TerrainSource
        Raster, or one height for flat ground.

    Returns
    -------
    path : Path or None
        None for flat ground.

    Raises
    ------
    InputError
        When the raster is missing or lies outside the folder.
    """
    if source.path is None:
        return None
    path = inside(folder, source.path)
    if not path.is_file():
        fault = Fault(
            source=source.path,
            rule="the file does not exist",
            remedy="Put the raster into the region folder, or correct [layers.terrain].",
        )
        raise InputError([fault])
    return path


def read_terrain(folder: Path, source: TerrainSource, geobox: GeoBox) -> NDArray[np.float32]:
    """
    Terrain heights on the grid, bilinear; voids and places outside the raster are NaN.

    Parameters
    ----------
    folder : Path
        Region folder.
    source : TerrainSource
        Raster, or one height for flat ground.
    geobox : GeoBox
        The region's grid.

    Returns
    -------
    terrain_m : ndarray of float32, shape (rows, columns)
        Height above sea level. [m]

    Raises
    ------
    InputError
        When the raster is missing, cannot be read, names no coordinate reference system, or holds
        heights that do not exist.
    """
    path = terrain_file(folder, source)
    if path is None or source.path is None:
        return np.full(geobox.shape, source.flat_m, dtype=np.float32)
    terrain = np.full(geobox.shape, np.nan, dtype=np.float32)
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                fault = Fault(
                    source=source.path,
                    rule="the raster names no coordinate reference system",
                    remedy="Save it with its system, for example with gdal_edit -a_srs EPSG:4490.",
                )
                raise InputError([fault])
            reproject(
                rasterio.band(raster, 1),
                terrain,
                src_nodata=raster.nodata,
                dst_transform=geobox.transform,
                dst_crs=parse_crs(str(geobox.crs), source.path, "crs").to_wkt(),
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
            )
    except RasterioIOError as error:
        fault = Fault(
            source=source.path,
            rule=f"GDAL cannot read the raster: {error}",
            remedy="Check that it is complete, or save it again as GeoTIFF.",
        )
        raise InputError([fault]) from None
    wrong = terrain[(terrain < LOWEST_M) | (terrain > HIGHEST_M)]
    if wrong.size:
        fault = Fault(
            source=source.path,
            value=f"{wrong.min():g} to {wrong.max():g} m in {wrong.size} cells",
            rule=f"terrain lies between {LOWEST_M:g} and {HIGHEST_M:g} m",
            remedy="Declare the value of voids, for example with gdal_edit -a_nodata -9999, "
            "and give heights in metres.",
        )
        raise InputError([fault])
    return terrain


def building_heights(buildings: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """
    Height of each building: its own, or its levels times 3 m; unknown is NaN.

    Parameters
    ----------
    buildings : GeoDataFrame
        With ``height_m`` or ``levels``.

    Returns
    -------
    height_m : ndarray of float64, shape (n,)
        Height above ground. [m]
    """
    unknown = np.full(len(buildings), np.nan)
    height = buildings["height_m"].to_numpy(dtype=float) if "height_m" in buildings else unknown
    levels = buildings["levels"].to_numpy(dtype=float) if "levels" in buildings else unknown
    height = np.where(np.isnan(height), levels * STOREY_M, height)
    return np.where(height > 0.0, height, np.nan)


def rasterise_buildings(buildings: gpd.GeoDataFrame, geobox: GeoBox) -> NDArray[np.float32]:
    """
    Height of the tallest building at each cell centre, 0 where none stands.

    Parameters
    ----------
    buildings : GeoDataFrame
        In the grid's coordinate reference system; buildings of unknown height are left out.
    geobox : GeoBox
        The region's grid.

    Returns
    -------
    height_m : ndarray of float32, shape (rows, columns)
        Height above ground. [m]
    """
    heights = building_heights(buildings)
    order = np.argsort(heights, kind="stable")
    order = order[np.isfinite(heights[order])]
    shapes = zip(buildings.geometry.to_numpy()[order], heights[order], strict=True)
    if len(order) == 0:
        return np.zeros(geobox.shape, dtype=np.float32)
    return np.asarray(
        rasterio.features.rasterize(
            shapes, out_shape=geobox.shape, transform=geobox.transform, dtype="float32"
        )
    )
