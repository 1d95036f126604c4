"""
Shared helpers of the scripts that generate the regions: sources, random streams, noise, writers.

The writers fix every rounding and every order, so that the same script gives the same bytes.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely
from pyproj import Transformer
from scipy.fft import next_fast_len

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray
    from rasterio.transform import Affine
    from shapely.geometry.base import BaseGeometry

FOLDER: Final = Path(__file__).resolve().parent
"""Folder of the regions; region ``name`` lies in ``FOLDER / name``."""

SOURCES: Final = FOLDER / "sources"
"""Vendored facts; see ``sources/README.md``."""

SYNTHETIC: Final = "synthetic"
"""Origin of a generated row."""

CGCS2000: Final = "EPSG:4490"
"""Geographic system of every vector layer of the Chinese regions; WGS 84 at this precision."""

DEGREE_DECIMALS: Final = 6
"""Decimals of longitude and latitude: 0.1 m."""

NODATA: Final = -32768
"""Terrain value of a cell whose height is not known."""

_FIXED_DATE: Final = "2021-10-25T00:00:00Z"


def stream(*topic: str | int) -> np.random.Generator:
    """
    Random stream of a topic; topics do not disturb each other.

    Parameters
    ----------
    *topic : str or int
        Words that name the topic, such as ``"hangjin", "villages"``.

    Returns
    -------
    rng : numpy.random.Generator
        The same numbers for the same topic.
    """
    return np.random.default_rng(zlib.crc32("/".join(map(str, topic)).encode()))


def read_csv(name: str) -> pd.DataFrame:
    """
    Table of ``data/sources`` as text.

    Parameters
    ----------
    name : str
        File name.

    Returns
    -------
    table : DataFrame
        All columns as text; blanks as empty text.
    """
    return pd.read_csv(SOURCES / name, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def county_outline(code: str) -> tuple[str, shapely.Polygon]:
    """
    Outline of a county or district.

    Parameters
    ----------
    code : str
        Six-digit code.

    Returns
    -------
    name : str
        Its name.
    outline : Polygon
        Longitude and latitude, CGCS2000. [deg]
    """
    table = gpd.read_file(SOURCES / "counties_tianditu.geojson")
    row = table[table["adcode"].astype(str) == code].iloc[0]
    return str(row["name"]), row.geometry


def township_partition(county: str, *, tolerance_deg: float = 0.0) -> gpd.GeoDataFrame:
    """
    Return the derived partition of a county into townships: approximate, not official borders.

    Parameters
    ----------
    county : str
        Six-digit code of the county.
    tolerance_deg : float
        Corners of the raster steps nearer than this are smoothed away, neighbours alike. [deg]

    Returns
    -------
    townships : GeoDataFrame
        ``code``, ``name``, ``origin`` and polygons inside the outline, ordered by code.
    """
    table = gpd.read_file(SOURCES / "townships_derived.geojson")
    table = table[table["county"].astype(str) == county].sort_values("code", ignore_index=True)
    _, outline = county_outline(county)
    shapes = np.asarray(table.geometry.array)
    if tolerance_deg > 0.0:
        shapes = shapely.coverage_simplify(shapes, tolerance_deg, simplify_boundary=False)
    shapes = [_polygons_only(shapely.intersection(shape, outline)) for shape in shapes]
    return gpd.GeoDataFrame(
        {
            "code": table["code"].astype(str),
            "name": table["name"].astype(str),
            "origin": "name and code: national statistical codes 2023; "
            "polygon: derived from township boxes, approximate, not an official border",
        },
        geometry=shapes,
        crs=CGCS2000,
    )


def _polygons_only(shape: BaseGeometry) -> BaseGeometry:
    """Drop lines, points and slivers that an intersection leaves."""
    least = 1e-6 * shape.area
    parts = [
        part
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.Polygon) and part.area > least
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


class Projector:
    """
    Both ways between longitude and latitude and the region's metres.

    Parameters
    ----------
    crs : str
        Projected system of the region.
    """

    def __init__(self, crs: str) -> None:
        self.crs = crs
        self._forward = Transformer.from_crs(CGCS2000, crs, always_xy=True)
        self._backward = Transformer.from_crs(crs, CGCS2000, always_xy=True)

    def metres(self, degrees: ArrayLike) -> NDArray[np.float64]:
        """
        Easting and northing of longitude and latitude.

        Parameters
        ----------
        degrees : array_like, (n, 2) or (2,)
            Longitude and latitude. [deg]

        Returns
        -------
        metres : ndarray, same shape
            Easting and northing. [m]
        """
        return _apply(self._forward, degrees)

    def degrees(self, metres: ArrayLike) -> NDArray[np.float64]:
        """
        Longitude and latitude of easting and northing, rounded as files carry them.

        Parameters
        ----------
        metres : array_like, (n, 2) or (2,)
            Easting and northing. [m]

        Returns
        -------
        degrees : ndarray, same shape
            Longitude and latitude. [deg]
        """
        return np.round(_apply(self._backward, metres), DEGREE_DECIMALS)

    def to_metres(self, shape: BaseGeometry) -> BaseGeometry:
        """
        Geometry in metres.

        Parameters
        ----------
        shape : geometry
            In longitude and latitude. [deg]

        Returns
        -------
        shape : geometry
            In easting and northing. [m]
        """
        return shapely.transform(shape, self.metres)

    def to_degrees(self, shape: BaseGeometry) -> BaseGeometry:
        """
        Geometry in longitude and latitude, rounded as files carry it.

        Parameters
        ----------
        shape : geometry
            In easting and northing. [m]

        Returns
        -------
        shape : geometry
            In longitude and latitude. [deg]
        """
        return shapely.transform(shape, self.degrees)


def _apply(transformer: Transformer, points: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(points, dtype=np.float64)
    first, second = transformer.transform(array[..., 0], array[..., 1])
    return np.stack([first, second], axis=-1)


def fractal_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    cell_m: float,
    longest_m: float,
    shortest_m: float,
    exponent: float,
) -> NDArray[np.float64]:
    """
    Random surface with a power-law spectrum, mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    shape : (int, int)
        Rows and columns.
    cell_m : float
        Cell size. [m]
    longest_m, shortest_m : float
        Wavelengths outside this range are left out; both edges are soft. [m]
    exponent : float
        Power falls with the wave number to this power: 2 is rough, 4 is smooth.

    Returns
    -------
    noise : ndarray of float64, shape `shape`
        The surface.
    """
    rows, columns = (next_fast_len(size, real=True) for size in shape)
    spectrum = np.fft.rfft2(rng.standard_normal((rows, columns)))
    ky = np.fft.fftfreq(rows, cell_m)[:, None]
    kx = np.fft.rfftfreq(columns, cell_m)[None, :]
    k = np.hypot(kx, ky)
    k[0, 0] = np.inf
    keep = np.exp(-((k * shortest_m) ** 4)) * (1.0 - np.exp(-((k * longest_m) ** 4)))
    noise = np.fft.irfft2(spectrum * keep * k ** (-exponent / 2.0), s=(rows, columns))
    noise = noise[: shape[0], : shape[1]]
    noise = noise - noise.mean()
    return np.asarray(noise / noise.std())


def round_heights(heights_m: NDArray[np.float64], *, step_m: int = 1) -> NDArray[np.int16]:
    """
    Heights as whole metres, NaN as nodata.

    Parameters
    ----------
    heights_m : ndarray of float64
        Heights above sea level. [m]
    step_m : int
        Heights become multiples of this; coarser steps compress better. [m]

    Returns
    -------
    heights : ndarray of int16
        Values for :func:`write_cog`. [m]
    """
    known = np.isfinite(heights_m)
    whole = np.round(np.where(known, heights_m, 0.0) / step_m) * step_m
    return np.where(known, whole, NODATA).astype(np.int16)


def write_cog(path: Path, heights: NDArray[np.int16], transform: Affine, crs: str) -> None:
    """
    Write terrain as a Cloud Optimized GeoTIFF, deflated, with nodata.

    Parameters
    ----------
    path : Path
        File to write.
    heights : ndarray of int16
        Heights above sea level; ``NODATA`` where unknown. [m]
    transform : Affine
        From columns and rows to easting and northing.
    crs : str
        Projected system.
    """
    profile: dict[str, Any] = {
        "driver": "COG",
        "height": heights.shape[0],
        "width": heights.shape[1],
        "count": 1,
        "dtype": "int16",
        "nodata": NODATA,
        "crs": crs,
        "transform": transform,
        "compress": "deflate",
        "level": 9,
        "predictor": "yes",
        "blocksize": 512,
        "overview_resampling": "average",
    }
    path.unlink(missing_ok=True)
    with rasterio.open(path, "w", **profile) as file:
        file.write(heights, 1)


def write_csv(
    path: Path,
    table: pd.DataFrame,
    *,
    decimals: Mapping[str, int] | None = None,
) -> None:
    """
    Write a table as CSV: UTF-8, LF, points as columns ``lon`` and ``lat``, blanks for unknown.

    Parameters
    ----------
    path : Path
        File to write.
    table : DataFrame or GeoDataFrame
        Rows in order; the points of a GeoDataFrame are in longitude and latitude.
    decimals : mapping of str to int
        Decimals of number columns; whole numbers otherwise.
    """
    digits = dict(decimals or {})
    columns: dict[str, list[str]] = {}
    for name in table.columns:
        if name == "geometry":
            continue
        columns[str(name)] = [_word(value, digits.get(str(name), 0)) for value in table[name]]
    if isinstance(table, gpd.GeoDataFrame):
        degrees = shapely.get_coordinates(table.geometry)
        columns["lon"] = [f"{value:.{DEGREE_DECIMALS}f}" for value in degrees[:, 0]]
        columns["lat"] = [f"{value:.{DEGREE_DECIMALS}f}" for value in degrees[:, 1]]
    write_text(path, pd.DataFrame(columns).to_csv(index=False, lineterminator="\n"))


def _word(value: object, decimals: int) -> str:
    """Text of one cell."""
    plain = _plain(value, decimals)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, float):
        return f"{plain:.{decimals}f}"
    return str(plain)


def _plain(value: object, decimals: int) -> object:
    """Value as JSON has it: None for unknown, bool, int, rounded float or text."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return round(float(value), decimals) if decimals else round(float(value))
    return str(value)


def write_geojson(
    path: Path,
    table: gpd.GeoDataFrame,
    *,
    decimals: Mapping[str, int] | None = None,
) -> None:
    """
    Write a layer as GeoJSON, one feature a line, longitude and latitude with six decimals.

    Parameters
    ----------
    path : Path
        File to write; its stem is the layer's name.
    table : GeoDataFrame
        Features in order, in longitude and latitude.
    decimals : mapping of str to int
        Decimals of number columns; whole numbers otherwise.
    """
    digits = dict(decimals or {})
    names = [str(name) for name in table.columns if name != "geometry"]
    lines = []
    for shape, values in zip(table.geometry, table[names].itertuples(index=False), strict=True):
        properties = {
            name: _plain(value, digits.get(name, 0))
            for name, value in zip(names, values, strict=True)
        }
        geometry = {
            "type": shape.geom_type,
            "coordinates": _rounded(shapely.geometry.mapping(shape)["coordinates"]),
        }
        feature = {"type": "Feature", "properties": properties, "geometry": geometry}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    head = f'{{"type":"FeatureCollection","name":"{path.stem}","features":[\n'
    write_text(path, head + ",\n".join(lines) + "\n]}\n")


def _rounded(coordinates: Sequence[Any]) -> list[Any]:
    """Nested coordinates with fixed decimals."""
    return [
        _rounded(item) if isinstance(item, (list, tuple)) else round(float(item), DEGREE_DECIMALS)
        for item in coordinates
    ]


def write_gpkg(path: Path, table: gpd.GeoDataFrame, *, layer: str) -> None:
    """
    Write a layer as GeoPackage with a fixed date inside.

    Parameters
    ----------
    path : Path
        File to write.
    table : GeoDataFrame
        Features in order, with its coordinate reference system.
    layer : str
        Name of the layer in the file.
    """
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _FIXED_DATE})
    try:
        # no spatial index: it is most of a small file, and readers take the whole layer anyway
        pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG", SPATIAL_INDEX="NO")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_text(path: Path, text: str) -> None:
    """
    Write text as UTF-8, lines ending in LF on every system.

    Parameters
    ----------
    path : Path
        File to write.
    text : str
        Its text.
    """
    path.write_text(text, encoding="utf-8", newline="\n")
