"""
What stands on the ground: land cover and buildings become heights on the grid.

Rec. ITU-R P.1812 (sec. 3.2) gives each profile point the representative height of the clutter at that
point. A cell of the grid is one profile point, so by default it takes the class at its centre: over many
cells every class keeps its share. The most frequent class of a cell (``resampling = "mode"``) draws tidier
maps, but loses what is everywhere thinly spread, such as rows of trees and farmsteads: of the built-up
land of a WorldCover tile (São Tomé, 10 m) a 90 m grid keeps 99 % with the one and 89 % with the other.
Heights are never averaged: half a forest of 15 m is no forest of 7.5 m.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioIOError
from rasterio.warp import reproject

from siteplan import catalog
from siteplan.errors import Fault, InputError
from siteplan.region import rasters
from siteplan.region.grid import parse_crs
from siteplan.scenario import SCENARIO_FILE, inside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from siteplan.catalog import LandCover
    from siteplan.scenario import BuildingSource, LandCoverSource, Scenario

VOID: Final = -1
"""Code of a cell where the land cover is not known."""


def landcover_product(folder: Path, source: LandCoverSource) -> LandCover:
    """
    Classes of the land cover of a region.

    Parameters
    ----------
    folder : Path
        Region folder.
    source : LandCoverSource
        Names a product of the catalogue, or a ``.toml`` file of the folder.

    Returns
    -------
    product : LandCover
        Codes, what they mean, how high they stand.

    Raises
    ------
    InputError
        When there is no such product, or a height is given for a code that it does not have.
    """
    if source.classes.endswith(".toml"):
        product = catalog.parse_toml(
            inside(folder, source.classes), catalog.LandCover, source.classes
        )
    elif source.classes in catalog.land_covers():
        product = catalog.land_covers()[source.classes]
    else:
        column, known = "layers.landcover.classes", catalog.land_covers()
        raise InputError([catalog.unknown_name(SCENARIO_FILE, column, source.classes, known)])
    strange = [code for code in source.heights_m if code not in product.classes]
    if strange:
        raise InputError(
            catalog.unknown_name(SCENARIO_FILE, "layers.landcover.heights_m", code, product.classes)
            for code in strange
        )
    return product


def read_landcover(folder: Path, source: LandCoverSource, geobox: GeoBox) -> NDArray[np.int32]:
    """
    Land cover codes on the grid.

    Parameters
    ----------
    folder : Path
        Region folder.
    source : LandCoverSource
        Raster of codes and the product that it comes from.
    geobox : GeoBox
        The region's grid.

    Returns
    -------
    code : ndarray of int32, shape (rows, columns)
        Class code, :data:`VOID` where the raster has none.

    Raises
    ------
    InputError
        When the raster is missing, cannot be read, names no coordinate reference system, holds no whole
        numbers, does not meet the grid, or has codes that the product does not know; these are told with
        the share of the grid that they take.
    """
    product = landcover_product(folder, source)
    code = _warped(folder, source, geobox)
    code[np.isin(code, product.void_codes)] = VOID
    if (code == VOID).all():
        raise _fault(
            source,
            rule="the raster has no class anywhere on the grid",
            remedy="Check its coordinate reference system and that it covers the region.",
        )
    found, count = np.unique(code, return_counts=True)
    known = {VOID, *(int(name) for name in product.classes)}
    strange = [i for i in range(len(found)) if int(found[i]) not in known]
    if strange:
        raise InputError(
            Fault(
                source=source.path,
                value=f"{found[i]} in {count[i] / code.size:.2%} of the grid",
                rule=f"the class code is none of {source.classes}",
                remedy="Name the right product under [layers.landcover] classes, or a .toml file "
                "of your own classes.",
            )
            for i in strange
        )
    return code


def landcover_height(
    code: NDArray[np.int32],
    product: LandCover,
    *,
    heights_m: Mapping[str, float] | None = None,
    missing_m: float | None = None,
) -> NDArray[np.float32]:
    """
    Give each cell the representative height of its class.

    Parameters
    ----------
    code : ndarray of int32, shape (rows, columns)
        Codes of the product, :data:`VOID` where not known.
    product : LandCover
        Classes and their heights.
    heights_m : mapping of str to float, optional
        Heights by code that replace the product's. [m]
    missing_m : float, optional
        Height where the code is not known. [m]

    Returns
    -------
    height_m : ndarray of float32, shape (rows, columns)
        Height above the ground, NaN where not known. [m]

    Raises
    ------
    ValueError
        For a code that the product does not have.

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, Geneva, 2025, Annex 1, sec. 3.2 and Table 2.

    Examples
    --------
    Forest, built-up, grass and a void of ESA WorldCover, with houses of 6 m:

    >>> codes = np.array([[10, 50, 30, VOID]], dtype=np.int32)
    >>> landcover_height(codes, catalog.land_covers()["worldcover"], heights_m={"50": 6.0})
    array([[15.,  6.,  0., nan]], dtype=float32)
    """
    heights = product.heights() | {int(name): value for name, value in (heights_m or {}).items()}
    heights[VOID] = np.nan if missing_m is None else missing_m
    known = np.array(sorted(heights), dtype=np.int32)
    place = np.minimum(np.searchsorted(known, code), len(known) - 1)
    strange = known[place] != code
    if strange.any():
        raise ValueError(f"codes {np.unique(code[strange])[:10]} are none of {product.title}")
    table = np.array([heights[int(name)] for name in known], dtype=np.float32)
    return np.asarray(table[place])


def building_surface(
    buildings: gpd.GeoDataFrame | None, source: BuildingSource | None, geobox: GeoBox
) -> tuple[NDArray[np.float32], list[Fault]]:
    """
    Height of buildings on the grid, and a warning where it is not known.

    A cell takes the tallest building over its centre, so buildings keep their share of the ground at any
    cell size; the tallest building anywhere in a cell would make a wall of it, and a mean a height that
    nothing has. What gives neither height nor levels takes the source's ``missing_m``, else it is left
    out: nothing stands there but what the land cover says.

    Parameters
    ----------
    buildings : GeoDataFrame or None
        The buildings layer in the grid's coordinate reference system.
    source : BuildingSource or None
        Tells what to take for a missing height.
    geobox : GeoBox
        The region's grid.

    Returns
    -------
    height_m : ndarray of float32, shape (rows, columns)
        Height above the ground, 0 where no building of known height stands. [m]
    warnings : list of Fault
        One when heights are missing, with the number of buildings and their share of the built ground.
    """
    if buildings is None or source is None:
        return np.zeros(geobox.shape, dtype=np.float32), []
    height = rasters.building_heights(buildings)
    unknown = np.isnan(height)
    if not unknown.any():
        return rasters.rasterise_buildings(buildings, geobox), []
    area = buildings.area.to_numpy()
    if source.missing_m is None:
        rule = "buildings give neither height nor levels and are left out: signal passes over them"
        remedy = "Give their heights, or say one for all: [layers.buildings] missing_m = 9.0."
    else:
        rule = f"buildings give neither height nor levels; {source.missing_m:g} m is assumed"
        remedy = "Give their heights."
        buildings = buildings.assign(height_m=np.where(unknown, source.missing_m, height))
    warning = Fault(
        source=source.path,
        column="height_m",
        value=f"{unknown.sum():,} of {len(unknown):,}, {area[unknown].sum() / area.sum():.0%} of the "
        f"built ground",
        rule=rule,
        remedy=remedy,
        severity="warning",
    )
    return rasters.rasterise_buildings(buildings, geobox), [warning]


def clutter_height(
    landcover_m: NDArray[np.float32] | None, building_m: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """
    Height of whatever stands on the ground: land cover or buildings, the higher one.

    Parameters
    ----------
    landcover_m : ndarray of float32, shape (rows, columns), or None
        Representative height of the land cover, NaN where not known; None when none was given. [m]
    building_m : ndarray of float32, shape (rows, columns)
        Height of buildings, 0 where none is known. [m]

    Returns
    -------
    clutter_m : ndarray of float32, shape (rows, columns), or None
        What a terrain model takes as clutter; NaN where neither is known; None when there is neither
        land cover nor a building. [m]

    Examples
    --------
    >>> clutter_height(np.float32([15.0, 0.0, np.nan, np.nan]), np.float32([6.0, 9.0, 12.0, 0.0]))
    array([15.,  9., 12., nan], dtype=float32)
    """
    if landcover_m is None:
        return building_m if building_m.any() else None
    higher = np.maximum(landcover_m, building_m)  # NaN stays
    return np.where(np.isnan(landcover_m) & (building_m > 0.0), building_m, higher)


def void_warnings(
    code: NDArray[np.int32], source: LandCoverSource, area: NDArray[np.bool_]
) -> list[Fault]:
    """
    Say where the land cover is not known.

    Parameters
    ----------
    code : ndarray of int32, shape (rows, columns)
        From :func:`read_landcover`.
    source : LandCoverSource
        Tells what is done there.
    area : ndarray of bool, shape (rows, columns)
        Cells inside the boundary.

    Returns
    -------
    warnings : list of Fault
        None, or one with the shares inside and outside the boundary.
    """
    void = code == VOID
    if not void.any():
        return []
    shares = (
        f"{_share(void[area]):.2%} of the area, {_share(void[~area]):.2%} of the grid around it"
    )
    if source.missing_m is None:
        rule = "land cover is missing; the signal of terrain models there and behind it is unknown"
        remedy = (
            "Give more tiles, or say a height for such places: [layers.landcover] missing_m = 0.0."
        )
    else:
        rule = f"land cover is missing; a height of {source.missing_m:g} m is assumed there"
        remedy = "Give more tiles."
    return [Fault(source=source.path, value=shares, rule=rule, remedy=remedy, severity="warning")]


def bare_ground_warnings(scenario: Scenario) -> list[Fault]:
    """
    Say when a terrain model sees neither trees nor houses.

    Parameters
    ----------
    scenario : Scenario
        A scenario.

    Returns
    -------
    warnings : list of Fault
        One when P.1812 is used and neither land cover nor buildings are given.
    """
    layers, radio = scenario.layers, scenario.radio
    if "p1812" not in {radio.macro_model, radio.micro_model}:
        return []
    if layers.landcover is not None or layers.buildings is not None:
        return []
    return [
        Fault(
            source=SCENARIO_FILE,
            column="layers.landcover",
            rule="without land cover or buildings, P.1812 sees bare ground: no tree and no house",
            remedy="Give a land cover raster; levels in forests and villages are too high without it.",
            severity="warning",
        )
    ]


def _share(mask: NDArray[np.bool_]) -> float:
    return float(mask.mean()) if mask.size else 0.0


def _warped(folder: Path, source: LandCoverSource, geobox: GeoBox) -> NDArray[np.int32]:
    path = inside(folder, source.path)
    if not path.is_file():
        raise _fault(
            source,
            rule="the file does not exist",
            remedy="Put the raster into the region folder, or correct [layers.landcover].",
        )
    code = np.full(geobox.shape, VOID, dtype=np.int32)
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                raise _fault(
                    source,
                    rule="the raster names no coordinate reference system",
                    remedy="Save it with its system, for example with gdal_edit -a_srs EPSG:4490.",
                )
            if not np.issubdtype(np.dtype(raster.dtypes[0]), np.integer):
                raise _fault(
                    source,
                    rule=f"the raster holds {raster.dtypes[0]}, and class codes are whole numbers",
                    remedy="Name a raster of classes, not of heights or shares.",
                )
            reproject(
                rasterio.band(raster, 1),
                code,
                src_nodata=raster.nodata,
                dst_transform=geobox.transform,
                dst_crs=parse_crs(str(geobox.crs), source.path, "crs").to_wkt(),
                dst_nodata=VOID,
                resampling=Resampling[source.resampling],
            )
    except RasterioIOError as error:
        raise _fault(
            source,
            rule=f"GDAL cannot read the raster: {error}",
            remedy="Check that it is complete, or save it again as GeoTIFF.",
        ) from None
    return code


def _fault(source: LandCoverSource, *, rule: str, remedy: str) -> InputError:
    return InputError([Fault(source=source.path, rule=rule, remedy=remedy)])
