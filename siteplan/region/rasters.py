"""Rasters at the door: terrain on the grid, and the height of buildings above it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET  # written, never read

import numpy as np
import rasterio
import rasterio.features
from pyproj import CRS
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.warp import reproject, transform_bounds

from siteplan.errors import Fault, InputError
from siteplan.region import archives
from siteplan.region.grid import parse_crs
from siteplan.region.headers import UNITS, plain
from siteplan.scenario import inside

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from affine import Affine
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from siteplan.scenario import TerrainSource

LOWEST_M, HIGHEST_M = -500.0, 9000.0
"""Heights of terrain that exist: the shore of the Dead Sea lies at -430 m. [m]"""

MAX_SIDE: Final = 500_000
"""Pixels a side beyond which a raster is refused: all of China at 30 m has 210,000."""

_SURVEY_FOOT_M: Final = 1200 / 3937
_UNITS_M: Final = {
    "dm": 0.1,
    "分米": 0.1,
    "foot": 0.3048,
    "internationalfoot": 0.3048,
} | dict.fromkeys(("ussurveyfoot", "us-ft", "ftus"), _SURVEY_FOOT_M)
WARP_MIB: Final = 256
VOID: Final = -32767.0
METRE_DEG: Final = 111_195.0  # metres in a degree of latitude

RASTERS: Final = (
    ".tif", ".tiff", ".img", ".asc", ".hgt", ".dem", ".bil", ".flt", ".jp2", ".dt0", ".dt1", ".dt2",
)  # fmt: skip
"""Suffixes of rasters that are taken from a folder of tiles."""

DRIVERS: Final = [
    "GTiff", "HFA", "AAIGrid", "GRASSASCIIGrid", "SRTMHGT", "USGSDEM", "EHdr", "ENVI", "DTED",
    "JP2OpenJPEG", "GPKG", "netCDF", "HDF5", "BT", "RST", "ERS", "XYZ", "GSBG", "GS7BG", "PNG",
]  # fmt: skip
"""Formats of rasters that are read: those that hold their own data and point to no other file."""

STOREY_M = 3.0
"""Height of one storey, assumed where a building has levels and no height. [m]"""

_FARTHEST_DEG: Final = 360.0


def terrain_files(folder: Path, source: TerrainSource) -> list[Path]:
    """
    Files of the terrain: one raster, all rasters of a folder, or those that fit a pattern.

    Parameters
    ----------
    folder : Path
        Region folder.
    source : TerrainSource
        Raster, folder or pattern, or one height for flat ground.

    Returns
    -------
    files : list of Path
        By name; empty for flat ground.

    Raises
    ------
    InputError
        When nothing is there, or something lies outside the folder.
    """
    if source.path is None:
        return []
    name = source.path
    if any(char in name for char in "*?["):
        inside(folder, name)  # no way out of the folder
        found = [inside(folder, part) for part in _relative(folder, sorted(folder.glob(name)))]
    else:
        path = inside(folder, name)
        found = [path]
        if path.is_dir():
            parts = sorted(part for part in path.rglob("*") if part.suffix.lower() in RASTERS)
            found = [inside(folder, part) for part in _relative(folder.resolve(), parts)]
    found = [path for path in found if path.is_file()]
    if not found:
        fault = Fault(
            source=source.path,
            rule="the file does not exist",
            remedy="Put the raster into the region folder, or correct [layers.terrain].",
        )
        raise InputError([fault])
    return found


def _relative(folder: Path, paths: list[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def read_terrain(folder: Path, source: TerrainSource, geobox: GeoBox) -> NDArray[np.float32]:
    """
    Terrain heights on the grid, bilinear; voids and places outside the rasters are NaN.

    Tiles of one system make one virtual mosaic, of which only what the grid needs is read; where tiles
    overlap, the finer one counts, and in its voids the next.

    Parameters
    ----------
    folder : Path
        Region folder.
    source : TerrainSource
        Raster, folder or pattern of tiles, or one height for flat ground.
    geobox : GeoBox
        The region's grid.

    Returns
    -------
    terrain_m : ndarray of float32, shape (rows, columns)
        Height above sea level. [m]

    Raises
    ------
    InputError
        When a raster is missing, cannot be read, is far too large, names no coordinate reference system,
        has several bands or an unknown unit, lies elsewhere, or holds heights that do not exist.
    """
    if source.path is None:
        return np.full(geobox.shape, source.flat_m, dtype=np.float32)
    terrain = np.full(geobox.shape, np.nan, dtype=np.float32)
    for tiles in _groups(folder, source, geobox):
        part = np.full(geobox.shape, np.nan, dtype=np.float32)
        try:
            with ExitStack() as stack:
                stack.enter_context(rasterio.Env())
                if len(tiles) == 1:
                    raster = stack.enter_context(DatasetReader(str(tiles[0].path), driver=DRIVERS))
                else:
                    memory = stack.enter_context(MemoryFile(_mosaic(tiles), ext=".vrt"))
                    raster = stack.enter_context(memory.open())
                reproject(
                    rasterio.band(raster, 1),
                    part,
                    src_nodata=raster.nodata,
                    dst_transform=geobox.transform,
                    dst_crs=parse_crs(str(geobox.crs), source.path, "crs").to_wkt(),
                    dst_nodata=np.nan,
                    resampling=Resampling.bilinear,
                    warp_mem_limit=WARP_MIB,
                )
        except (RasterioError, CPLE_BaseError) as error:
            raise InputError([_unreadable(source.path, error)]) from None
        part = part * np.float32(tiles[0].scale) + np.float32(tiles[0].offset_m)
        terrain = np.where(np.isnan(terrain), part, terrain)
    if np.isnan(terrain).all():
        raise InputError([_elsewhere(folder, source, geobox)])
    wrong = terrain[(terrain < LOWEST_M) | (terrain > HIGHEST_M)]
    if wrong.size:
        void = float(wrong.min() if wrong.min() < LOWEST_M else wrong.max())
        fault = Fault(
            source=source.path,
            value=f"{wrong.min():g} to {wrong.max():g} m in {wrong.size} cells",
            rule=f"terrain lies between {LOWEST_M:g} and {HIGHEST_M:g} m",
            remedy=f"Declare the value of voids, for example with gdal_edit -a_nodata {void:.9g}, "
            "and give heights in metres.",
        )
        raise InputError([fault])
    return terrain


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    """One raster as its header describes it."""

    path: Path
    crs: CRS
    transform: Affine
    width: int
    height: int
    nodata: float | None
    scale: float
    offset_m: float
    unit: str

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        west, north = self.transform.c, self.transform.f
        return (
            west,
            north + self.height * self.transform.e,
            west + self.width * self.transform.a,
            north,
        )


def _unreadable(source: str, error: Exception) -> Fault:
    return Fault(
        source=source,
        rule=f"GDAL cannot read the raster: {error}",
        remedy="Check that it is complete, or save it again as GeoTIFF.",
    )


def _tile(path: Path, name: str) -> _Tile:
    archives.check_head(path, name)
    try:
        with rasterio.Env(), DatasetReader(str(path), driver=DRIVERS) as raster:
            tile = (
                None
                if raster.crs is None
                else _Tile(
                    path=path,
                    crs=CRS.from_wkt(raster.crs.to_wkt()),
                    transform=raster.transform,
                    width=raster.width,
                    height=raster.height,
                    nodata=raster.nodata,
                    scale=raster.scales[0] * _factor(raster.units[0]),
                    offset_m=raster.offsets[0] * _factor(raster.units[0]),
                    unit=raster.units[0] or "",
                )
            )
            size, bands, unit = (raster.width, raster.height), raster.count, raster.units[0]
    except (RasterioError, CPLE_BaseError) as error:
        raise InputError([_unreadable(name, error)]) from None
    if max(size) > MAX_SIDE:
        fault = Fault(
            source=name,
            value=f"{size[0]:,} x {size[1]:,} pixels",
            rule=f"a raster of terrain has at most {MAX_SIDE:,} pixels a side",
            remedy="Cut the region out of it.",
        )
        raise InputError([fault])
    if bands != 1:
        fault = Fault(
            source=name,
            value=f"{bands} bands",
            rule="a raster of terrain has one band, of heights; this one may be a picture of the terrain",
            remedy="Give the heights themselves; if one band holds them, cut it out with gdal_translate -b.",
        )
        raise InputError([fault])
    if np.isnan(_factor(unit)):
        fault = Fault(
            source=name,
            value=str(unit),
            rule="the raster names a unit of height that is not known",
            remedy="Save it in metres, or correct the unit, for example with gdal_edit -units m.",
        )
        raise InputError([fault])
    if tile is None:
        fault = Fault(
            source=name,
            rule="the raster names no coordinate reference system",
            remedy="Save it with its system, for example with gdal_edit -a_srs EPSG:4490.",
        )
        raise InputError([fault])
    return tile


def _factor(unit: str | None) -> float:
    """Metres in a unit; NaN for an unknown one, and 1 where the raster names none."""
    word = plain(unit or "m")
    return _UNITS_M.get(word, UNITS["m"].get(word, np.nan))


def _elsewhere(folder: Path, source: TerrainSource, geobox: GeoBox) -> Fault:
    """Say where the rasters are, when they have no height on the grid."""
    boxes = [
        transform_bounds(tile.crs.to_wkt(), "EPSG:4326", *tile.bounds)
        for tile in _tiles(folder, source)
    ]
    west, south, east, north = transform_bounds(
        str(geobox.crs), "EPSG:4326", *geobox.extent.boundingbox
    )
    have = (
        min(box[0] for box in boxes), min(box[1] for box in boxes),
        max(box[2] for box in boxes), max(box[3] for box in boxes),
    )  # fmt: skip
    value = f"longitude {have[0]:.2f} to {have[2]:.2f}, latitude {have[1]:.2f} to {have[3]:.2f}"
    real = np.isfinite(have).all() and np.abs(have).max() <= _FARTHEST_DEG
    return Fault(
        source=str(source.path),
        value=value if real else "no such place on Earth",
        rule="the terrain has no height anywhere on the grid, which is at longitude "
        f"{west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f}",
        remedy="Give the tiles of the region, and check their coordinate reference system.",
    )


def terrain_units(folder: Path, source: TerrainSource, geobox: GeoBox) -> dict[str, float]:
    """
    Units and scales of terrain that is not in plain metres.

    Parameters
    ----------
    folder : Path
        Region folder.
    source : TerrainSource
        Where the terrain comes from.
    geobox : GeoBox
        Grid.

    Returns
    -------
    scales : dict of str to float
        Metres in a value by unit; empty when all rasters hold metres. [m]
    """
    tiles = [tile for group in _groups(folder, source, geobox) for tile in group]
    return {tile.unit or "scaled": tile.scale for tile in tiles if tile.scale != 1.0}


def _tiles(folder: Path, source: TerrainSource) -> list[_Tile]:
    tiles: list[_Tile] = []
    faults: list[Fault] = []
    for path in terrain_files(folder, source):
        try:
            tiles.append(_tile(path, path.relative_to(folder.resolve()).as_posix()))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return tiles


def _groups(folder: Path, source: TerrainSource, geobox: GeoBox) -> list[list[_Tile]]:
    """Tiles that touch the grid, by system and unit, those with the finest tile first."""
    groups: dict[str, list[_Tile]] = {}
    frame = geobox.extent.boundingbox
    for tile in _tiles(folder, source):
        upright = tile.transform.b == 0.0 and tile.transform.d == 0.0 and tile.transform.e < 0.0
        if not upright:
            groups[str(tile.path)] = [tile]  # turned rasters go alone
            continue
        box = transform_bounds(str(geobox.crs), tile.crs.to_wkt(), *frame, densify_pts=21)
        slack = 2.0 * abs(tile.transform.a)
        west, south, east, north = tile.bounds
        if (
            west - slack <= box[2]
            and box[0] <= east + slack
            and south - slack <= box[3]
            and box[1] <= north + slack
        ):
            key = f"{tile.scale!r} {tile.offset_m!r} {tile.crs.to_wkt()}"
            groups.setdefault(key, []).append(tile)
    return sorted(groups.values(), key=lambda tiles: min(_cell_m(tile) for tile in tiles))


def _cell_m(tile: _Tile) -> float:
    """Height of a pixel, in metres also where the raster is in degrees."""
    size = float(np.hypot(tile.transform.d, tile.transform.e))
    return size * METRE_DEG if tile.crs.is_geographic else size


def terrain_cell_m(folder: Path, source: TerrainSource, geobox: GeoBox) -> float:
    """
    Pixel size of the finest terrain on a grid.

    Parameters
    ----------
    folder : Path
        Region folder.
    source : TerrainSource
        Where the terrain comes from.
    geobox : GeoBox
        Grid.

    Returns
    -------
    cell_m : float
        0 for flat ground, or where no raster touches the grid. [m]
    """
    sizes = [_cell_m(tile) for tiles in _groups(folder, source, geobox) for tile in tiles]
    return min(sizes, default=0.0)


def _mosaic(tiles: list[_Tile]) -> bytes:
    """One raster over several, as GDAL's virtual format says it: finer tiles over coarser ones."""
    ordered = sorted(tiles, key=lambda tile: (-_cell_m(tile), str(tile.path)))
    step_x = min(tile.transform.a for tile in tiles)
    step_y = min(-tile.transform.e for tile in tiles)
    west = min(tile.bounds[0] for tile in tiles)
    north = max(tile.bounds[3] for tile in tiles)
    columns = round((max(tile.bounds[2] for tile in tiles) - west) / step_x)
    rows = round((north - min(tile.bounds[1] for tile in tiles)) / step_y)
    root = ET.Element("VRTDataset", rasterXSize=str(columns), rasterYSize=str(rows))
    ET.SubElement(root, "SRS").text = tiles[0].crs.to_wkt()
    corner = (west, step_x, 0.0, north, 0.0, -step_y)
    ET.SubElement(root, "GeoTransform").text = ", ".join(repr(float(v)) for v in corner)
    band = ET.SubElement(root, "VRTRasterBand", dataType="Float32", band="1")
    ET.SubElement(band, "NoDataValue").text = str(VOID)
    for tile in ordered:
        entry = ET.SubElement(band, "ComplexSource", resampling="bilinear")
        name = ET.SubElement(entry, "SourceFilename", relativeToVRT="0")
        name.text = str(tile.path)
        ET.SubElement(entry, "SourceBand").text = "1"
        size = {"xSize": str(tile.width), "ySize": str(tile.height)}
        ET.SubElement(entry, "SrcRect", {"xOff": "0", "yOff": "0"} | size)
        place = {
            "xOff": repr((tile.bounds[0] - west) / step_x),
            "yOff": repr((north - tile.bounds[3]) / step_y),
            "xSize": repr(tile.width * tile.transform.a / step_x),
            "ySize": repr(tile.height * -tile.transform.e / step_y),
        }
        ET.SubElement(entry, "DstRect", place)
        if tile.nodata is not None:
            ET.SubElement(entry, "NODATA").text = repr(float(tile.nodata))
    return ET.tostring(root)


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
