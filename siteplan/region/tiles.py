"""Tiles of a product: their names, their windows over HTTP or from a folder, one raster from all."""

from __future__ import annotations

import math
import time
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.merge import merge
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window
from rasterio.windows import transform as window_transform
from tqdm.auto import tqdm

from siteplan.errors import Fault, InputError, OutputError
from siteplan.region import transfer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rasterio.io import DatasetReader

    from siteplan.region.sources import Product, Transfer
    from siteplan.region.transfer import Remote

Bounds = tuple[float, float, float, float]
"""West, south, east and north edge. [deg]"""

MAX_CELLS: Final = 4_000_000_000
"""Cells beyond which a raster is refused: 63,000 x 63,000, a box of 630 km at 10 m."""

_BLOCK: Final = 512
_STEP: Final = 4096
_SLACK: Final = 1e-6
_CACHE_MB: Final = 256
_WGS84: Final = 4326


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """
    One tile that was asked for.

    Attributes
    ----------
    name : str
        Name below the base.
    remote : Remote or None
        None when it is not there.
    unlisted : bool
        It is not there, and the publisher's list of tiles does not name it.
    """

    name: str
    remote: Remote | None
    unlisted: bool = False


def tile_names(product: Product, bounds: Bounds, country: str) -> list[str]:
    """
    Names of the tiles that cover a box.

    Parameters
    ----------
    product : Product
        Says how its tiles are named.
    bounds : tuple of float
        West, south, east and north edge. [deg]
    country : str
        Three letters of ISO 3166, for products of one file a country.

    Returns
    -------
    names : list of str
        From north to south, west to east.

    Raises
    ------
    InputError
        When a raster of the box would hold more than ``MAX_CELLS`` cells.

    Examples
    --------
    >>> from siteplan.region.sources import read_sources
    >>> ghsl = read_sources().products["ghsl"]
    >>> tile_names(ghsl, (116.0, 39.5, 117.0, 40.5), "CHN")
    ['GHS_POP_E2020_GLOBE_R2023A_4326_3ss_V1_0_R5_C30.zip']
    """
    _check_size(product, bounds)
    if product.names == "country":
        return [product.tile.format(ISO3=country.upper(), iso3=country.lower())]
    step, half = product.step_deg, product.cell_deg / 2.0
    west, south, east, north = bounds
    if product.names == "south-west":
        # grids of some products lie half a cell off the whole degree
        columns = range(math.floor((west - half) / step), math.ceil((east + half) / step))
        rows = range(math.floor((south - half) / step), math.ceil((north + half) / step))
        return [
            _south_west(product.tile, round(row * step), round(column * step))
            for row in reversed(rows)
            for column in columns
        ]
    left, top = product.origin
    columns = range(math.floor((west - left) / step), math.ceil((east - left) / step))
    rows = range(math.floor((top - north) / step), math.ceil((top - south) / step))
    return [
        product.tile.format(row=row + 1, column=column + 1) for row in rows for column in columns
    ]


def look_up_tiles(product: Product, names: Sequence[str], settings: Transfer) -> list[Tile]:
    """
    Ask for every tile whether it is there, and tell what an absence means.

    Parameters
    ----------
    product : Product
        The product.
    names : sequence of str
        From :func:`tile_names`.
    settings : Transfer
        Timeouts and retries.

    Returns
    -------
    tiles : list of Tile
        In the order of the names; those of open sea without a file.

    Raises
    ------
    InputError
        When a tile that must exist is not there, or none is.
    """
    bar = tqdm(names, desc=f"{product.title}: asking", unit="tile", leave=False, delay=1.0)
    tiles = [
        Tile(name=name, remote=transfer.look_up(transfer.join(product.base, name), settings))
        for name in bar
    ]
    absent = [tile.name for tile in tiles if tile.remote is None]
    if not absent:
        return tiles
    if product.absent == "error" or len(absent) == len(tiles):
        raise InputError([_absent_fault(product, absent, "not there")])
    listing = ""
    if product.index:
        listing = transfer.read_text(transfer.join(product.base, product.index), settings) or ""
    listed = [name for name in absent if Path(name).stem in listing]
    if listed:
        raise InputError([_absent_fault(product, listed, f"in {product.index} but not there")])
    return [
        replace(tile, unlisted=bool(listing)) if tile.remote is None else tile for tile in tiles
    ]


def write_raster(
    product: Product, tiles: Sequence[Tile], bounds: Bounds, path: Path, settings: Transfer
) -> float:
    """
    Read the window of every tile and write one GeoTIFF.

    Parameters
    ----------
    product : Product
        The product.
    tiles : sequence of Tile
        From :func:`look_up_tiles`.
    bounds : tuple of float
        Box to cover, widened to whole cells. [deg]
    path : Path
        File to write; its folder takes temporary files.
    settings : Transfer
        Timeouts and retries.

    Returns
    -------
    void : float
        Share of cells without a value.

    Raises
    ------
    InputError
        When a tile cannot be read after all retries, or holds values that do not exist.
    """
    parts = []
    present = [tile.remote for tile in tiles if tile.remote is not None]
    bar = tqdm(present, desc=product.title, unit="tile", leave=False, delay=1.0)
    for i, remote in enumerate(bar):
        part = path.with_name(f"{path.stem}-{i}.tif")
        if _copy_with_retries(product, remote, bounds, part, settings):
            parts.append(part)
    if not parts:
        fault = Fault(
            source=transfer.public(product.base),
            value=", ".join(tile.name for tile in tiles),
            rule=f"no tile of {product.title} reaches into the area",
            remedy="Check the boundary, or the country of the product.",
        )
        raise InputError([fault])
    _merge(product, parts, bounds, path)
    for part in parts:
        part.unlink()
    return _check_values(product, path)


def _check_size(product: Product, bounds: Bounds) -> None:
    west, south, east, north = bounds
    cells = (east - west) * (north - south) / product.cell_deg**2
    if cells > MAX_CELLS:
        fault = Fault(
            source="boundary",
            value=f"{south:.2f} to {north:.2f} N, {west:.2f} to {east:.2f} E",
            rule=f"{product.title} would have {cells:.2g} cells there, the most is {MAX_CELLS:.2g}",
            remedy="Check the boundary for a far part, or take a coarser product.",
        )
        raise InputError([fault])


def _south_west(template: str, latitude: int, longitude: int) -> str:
    return template.format(
        ns="S" if latitude < 0 else "N",
        lat=abs(latitude),
        ew="W" if longitude < 0 else "E",
        lon=abs(longitude),
    )


def _absent_fault(product: Product, names: Sequence[str], how: str) -> Fault:
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")  # noqa: PLR2004
    return Fault(
        source=transfer.public(product.base),
        value=shown,
        rule=f"{len(names)} tiles of {product.title} are {how}",
        remedy="Check the address of the mirror and that it is complete, and the country.",
    )


def _copy_with_retries(
    product: Product, remote: Remote, bounds: Bounds, part: Path, settings: Transfer
) -> bool:
    whole = part.with_suffix(".whole" + Path(remote.address).suffix)
    fault: Exception | None = None
    for attempt in range(settings.retries + 1):
        if attempt:
            time.sleep(settings.backoff_s * 2 ** (attempt - 1))
        try:
            address = remote.address
            if transfer.is_url(address) and (product.archive or not remote.windows):
                transfer.download(remote, whole, settings)
                address = str(whole)
            with _gdal(settings, address), _opened(product, address) as source:
                return _copy_window(product, source, bounds, part)
        except (RasterioError, _SourceError) as error:
            fault = error
        finally:
            whole.unlink(missing_ok=True)
    cause = fault.__cause__ if fault is not None and fault.__cause__ else fault
    told = Fault(
        source=transfer.public(remote.address),
        value="" if remote.size_bytes is None else f"{remote.size_bytes} bytes",
        rule=f"GDAL cannot read it: {transfer.without_access(str(cause))}",
        remedy="Check the network and try again; a file that stays broken is incomplete on the server.",
    )
    raise InputError([told]) from None


@contextmanager
def _gdal(settings: Transfer, address: str) -> Iterator[None]:
    """Read by window over HTTP, nothing cached from an earlier failure, every wait bounded."""
    seconds = max(1, math.ceil(settings.timeout_s))
    options = {
        "GDAL_CACHEMAX": _CACHE_MB,
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_HTTP_CONNECTTIMEOUT": seconds,
        "GDAL_HTTP_TIMEOUT": seconds,
        "GDAL_HTTP_MAX_RETRY": settings.retries,
        "GDAL_HTTP_RETRY_DELAY": settings.backoff_s,
        "CPL_VSIL_CURL_NON_CACHED": f"/vsicurl/{address}",
    }
    with rasterio.Env(**options):
        yield


@contextmanager
def _opened(product: Product, address: str) -> Iterator[DatasetReader]:
    if product.archive:
        with rasterio.open(f"zip://{address}!{_member(address)}") as source:
            yield source
    else:
        with rasterio.open(
            f"/vsicurl/{address}" if transfer.is_url(address) else address
        ) as source:
            yield source


def _member(archive: str) -> str:
    """Name of the raster inside an archive."""
    with zipfile.ZipFile(archive) as content:
        names = [name for name in content.namelist() if name.lower().endswith(".tif")]
    if len(names) != 1:
        raise RasterioIOError(f"one GeoTIFF is expected in the archive, found {len(names)}")
    return names[0]


def _copy_window(product: Product, source: DatasetReader, bounds: Bounds, part: Path) -> bool:
    """Copy the cells that touch the box into a file of their own; False when none does."""
    if source.crs is None or source.crs.to_epsg() != _WGS84:
        raise RasterioIOError(f"EPSG:{_WGS84} is expected, found {source.crs}")
    if min(source.res) < product.cell_deg / 2.0:
        raise RasterioIOError(
            f"its cells of {min(source.res):g} degrees are not those of the product"
        )
    box = _cells(source.transform, bounds)
    # two cells more, for a neighbour of another cell size is interpolated
    box = Window(box.col_off - 2, box.row_off - 2, box.width + 4, box.height + 4)
    box = (
        box.intersection(Window(0, 0, source.width, source.height)) if _meet(box, source) else None
    )
    if box is None:
        return False
    profile = _profile(product, source.dtypes[0]) | {
        "width": box.width,
        "height": box.height,
        "transform": window_transform(box, source.transform),
    }
    with _writing(part), rasterio.open(part, "w", **profile) as target:
        for row in range(0, box.height, _STEP):
            for column in range(0, box.width, _STEP):
                here = Window(
                    column, row, min(_STEP, box.width - column), min(_STEP, box.height - row)
                )
                there = Window(box.col_off + column, box.row_off + row, here.width, here.height)
                with _reading():
                    cells = source.read(1, window=there, masked=True)
                filled = np.ma.masked_invalid(cells, copy=False).filled(product.nodata)
                target.write(filled, 1, window=here)
    return True


def _cells(transform: Any, bounds: Bounds) -> Window:  # noqa: ANN401  # affine has no types
    """Whole cells that a box touches; those it touches by less than a millionth do not count."""
    west, south, east, north = bounds
    left = math.floor((west - transform.c) / transform.a + _SLACK)
    right = math.ceil((east - transform.c) / transform.a - _SLACK)
    top = math.floor((north - transform.f) / transform.e + _SLACK)
    bottom = math.ceil((south - transform.f) / transform.e - _SLACK)
    return Window(left, top, right - left, bottom - top)


def _meet(box: Window, source: DatasetReader) -> bool:
    return bool(
        box.col_off < source.width
        and box.row_off < source.height
        and box.col_off + box.width > 0
        and box.row_off + box.height > 0
    )


def _profile(product: Product, dtype: str) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "count": 1,
        "dtype": dtype,
        "crs": f"EPSG:{_WGS84}",
        "nodata": product.nodata,
        "tiled": True,
        "blockxsize": _BLOCK,
        "blockysize": _BLOCK,
        "compress": "deflate",
        "bigtiff": "if_safer",
    }


def _merge(product: Product, parts: Sequence[Path], bounds: Bounds, path: Path) -> None:
    """One raster on the grid of the finest part; other cell sizes are resampled, equal ones copied."""
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB), ExitStack() as stack, _writing(path):
        opened = [stack.enter_context(rasterio.open(part)) for part in parts]
        finest = min(opened, key=lambda source: source.res)
        sources = [_on_grid(source, finest, product, stack) for source in opened]
        box = _cells(finest.transform, bounds)
        grid = window_transform(box, finest.transform)
        frame = (grid.c, grid.f + box.height * grid.e, grid.c + box.width * grid.a, grid.f)
        merge(
            sources,
            bounds=frame,
            res=finest.res,
            nodata=product.nodata,
            mem_limit=(_STEP**2 + 0.5)
            * np.dtype(sources[0].dtypes[0]).itemsize
            / 1e6,  # whole blocks
            dst_path=path,
            dst_kwds=_profile(product, sources[0].dtypes[0]),
        )


def _on_grid(
    source: DatasetReader, finest: DatasetReader, product: Product, stack: ExitStack
) -> DatasetReader | WarpedVRT:
    """Show a tile of another cell size on the grid of the finest."""
    if np.allclose(source.res, finest.res, rtol=1e-6, atol=0.0):
        return source
    box = _cells(finest.transform, source.bounds)
    return stack.enter_context(
        WarpedVRT(
            source,
            transform=window_transform(box, finest.transform),
            width=box.width,
            height=box.height,
            nodata=product.nodata,
            resampling=Resampling[product.resampling],
        )
    )


def _check_values(product: Product, path: Path) -> float:
    """Read what was written; the share of voids."""
    low, high = product.accept
    voids = cells = 0
    with _writing(path), rasterio.open(path) as raster:
        for _, window in raster.block_windows(1):
            values = raster.read(1, window=window, masked=True)
            cells += values.size
            held = values.compressed()
            voids += values.size - held.size
            if held.size and not (low <= held.min() and held.max() <= high):
                fault = Fault(
                    source=transfer.public(product.base),
                    value=f"{held.min():g} to {held.max():g}",
                    rule=f"values of {product.title} lie between {low:g} and {high:g}",
                    remedy="The tiles of this address are damaged or another product; take another.",
                )
                raise InputError([fault])
    return voids / cells


class _SourceError(Exception):
    """A tile could not be read; kept apart from what could not be written."""


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except RasterioError as error:
        raise _SourceError(str(error.__cause__ or error)) from error


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except _SourceError:
        raise
    except RasterioError as error:
        raise OutputError(
            f"{path.name} could not be written: {error.__cause__ or error}. Free space on the disk, or "
            "fetch into a folder on another disk."
        ) from error
