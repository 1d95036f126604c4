"""Readers: a file of any format becomes rows with their own headers, and geometry where it has one."""

from __future__ import annotations

import html
import re
import tempfile
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from siteplan.errors import Fault, InputError
from siteplan.region import archives, encodings, headers, osm, sheets
from siteplan.region.geopackage import gdal_option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from pyproj import CRS

    from siteplan.region.headers import HeaderBook
    from siteplan.scenario import LayerSource
    from siteplan.schema import Table

MAX_VERTICES: Final = 2_000_000
"""Corners that one feature may have: the coast of a continent has fewer."""

_SHEETS: Final = (".csv", ".txt", ".xlsx", ".xlsm")
_PARQUET: Final = (".parquet", ".geoparquet")
_OGR: Final = (
    ".gpkg", ".geojson", ".json", ".shp", ".gdb", ".kml", ".kmz", ".tab", ".mif", ".dxf", ".gml", ".fgb",
)  # fmt: skip
_OSM: Final = (".pbf", ".osm")
SUFFIXES: Final = (*_OGR, *_SHEETS, *_PARQUET, *_OSM, ".zip")
"""Suffixes of files that can be read."""

_KML_OWN: Final = ("timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude",
                   "visibility", "drawOrder", "icon", "snippet")  # fmt: skip
_CAD_TEXT: Final = "Text"
_DATA_NAME: Final = re.compile(rb"""(<(?:\w+:)?Data\b[^>]*?\sname\s*=\s*)("[^"]*"|'[^']*')""")
_XML_ENCODING: Final = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """
    What a file holds, before anything is made of it.

    Attributes
    ----------
    cells : DataFrame
        Columns by the file's own headers, and ``_row``, the row as a reader of the file counts it.
    geometry : ndarray of geometry or None
        None for a sheet: the position is in its columns.
    crs : CRS or None
        System that the file names.
    assumed : bool
        The system is the format's default, not said by the file.
    cut : bool
        Headers may be cut to ten bytes.
    faults : tuple of Fault
        What was left out without stopping.
    """

    cells: pd.DataFrame
    geometry: np.ndarray[Any, np.dtype[np.object_]] | None = None
    crs: CRS | None = None
    assumed: bool = False
    cut: bool = False
    faults: tuple[Fault, ...] = field(default=())


def read_file(
    path: Path,
    table: Table,
    source: LayerSource,
    book: HeaderBook | None,
    *,
    frame: tuple[float, float, float, float] | None = None,
) -> Raw:
    """
    Read a file of any format that is known.

    Parameters
    ----------
    path : Path
        File, or a ``.gdb`` folder.
    table : Table
        Layer that it shall give.
    source : LayerSource
        Its name in messages, layer and encoding.
    book : HeaderBook or None
        Headers that the folder adds.
    frame : tuple of float, optional
        West, south, east and north of what is wanted of an OpenStreetMap extract. [deg]

    Returns
    -------
    raw : Raw
        Rows, headers and geometry as the file has them.

    Raises
    ------
    InputError
        When the file is broken, hostile, of an unknown kind, or holds several layers.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        fault = Fault(
            source=source.path,
            value=suffix,
            rule="files of this kind are not read",
            remedy=f"Save it as one of: {', '.join(SUFFIXES)}"
            + (" (an old .xls as .xlsx)." if suffix in {".xls", ".et"} else "."),
        )
        raise InputError([fault])
    archives.check_head(path, source.path)
    if suffix == ".zip":
        return _read_zip(path, table, source, book)
    if suffix in _SHEETS:
        read = sheets.read_xlsx if suffix.startswith(".xls") else sheets.read_csv
        return Raw(cells=read(path, table, source, book))
    if suffix in _OSM:
        found = osm.read_osm(path, table.name, frame)
        cells = pd.DataFrame(found.drop(columns="geometry")).assign(_row=found["id"].astype(str))
        faults = tuple(found.attrs.get("faults", ()))
        return Raw(cells=cells, geometry=found.geometry.to_numpy(), crs=found.crs, faults=faults)
    if suffix in _PARQUET:
        return _read_parquet(path, source)
    if suffix == ".kmz":
        archives.check_zip(path, source.path)
    return _read_ogr(path, table, source, book)


def _read_zip(path: Path, table: Table, source: LayerSource, book: HeaderBook | None) -> Raw:
    """Read the one file of an archive that holds a layer, or the one that ``layer`` names."""
    with tempfile.TemporaryDirectory(prefix="siteplan-") as scratch:
        kinds = [suffix for suffix in SUFFIXES if suffix != ".zip"]
        found = archives.unpack(path, source.path, Path(scratch), kinds)
        layer = source.layer
        if len(found) > 1 and layer is not None:
            found, layer = [part for part in found if layer in {part.stem, part.name}], None
        if len(found) != 1:
            names = [str(part.relative_to(scratch)) for part in found]
            fault = Fault(
                source=source.path,
                value=", ".join(names[:12]),
                rule=f"the archive holds {len(found)} files with a layer",
                remedy='Say which with layer = "...", or pack only one.',
            )
            raise InputError([fault])
        return read_file(found[0], table, source.model_copy(update={"layer": layer}), book)


def _read_parquet(path: Path, source: LayerSource) -> Raw:
    try:
        frame = gpd.read_parquet(path)
    except ValueError:  # no geometry: a plain table
        try:
            frame = pd.read_parquet(path)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise InputError([_unreadable(source, error)]) from None
    except (OSError, TypeError, KeyError, pa.ArrowException) as error:
        raise InputError([_unreadable(source, error)]) from None
    rows = np.arange(1, len(frame) + 1).astype(str)
    if not isinstance(frame, gpd.GeoDataFrame):
        return Raw(cells=frame.reset_index(drop=True).assign(_row=rows))
    cells = pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index(drop=True)
    geometry = shapely.force_2d(frame.geometry.to_numpy())
    return Raw(cells=cells.assign(_row=rows), geometry=geometry, crs=frame.crs)


def _unreadable(source: LayerSource, error: Exception) -> Fault:
    return Fault(
        source=source.path,
        rule=f"GDAL cannot read the file: {_without_folder(str(error).strip(), source)[:300]}",
        remedy="Check that it is complete, or save it again as GeoPackage.",
    )


def _without_folder(text: str, source: LayerSource) -> str:
    """Message that names the file as the scenario does, not where it lies on this machine."""
    name = re.escape(source.path.replace("\\", "/").rsplit("/", 1)[-1])
    return re.sub(rf"[^'\"\s]*[/\\]({name})", r"\1", text)


def _read_ogr(path: Path, table: Table, source: LayerSource, book: HeaderBook | None) -> Raw:
    suffix = path.suffix.lower()
    if suffix in {".shp", ".tab", ".mif"}:
        archives.check_siblings(path, source.path)
    bytewise = suffix in {".shp", ".dxf"} or (suffix in {".tab", ".mif"} and _charset(path) is None)
    try:
        layer = _layer(path, source)
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "invalid value encountered in from_wkb", RuntimeWarning
            )
            warnings.filterwarnings("ignore", "Non closed ring detected", RuntimeWarning)
            with _plain_names(path) as (readable, names), _bytes_of_drawings():
                frame = pyogrio.read_dataframe(
                    readable,
                    layer=layer,
                    force_2d=True,
                    encoding=encodings.RAW_BYTES if bytewise and suffix != ".dxf" else None,
                    on_invalid="ignore",
                    use_arrow=suffix in {".gpkg", ".fgb"},
                ).rename(columns=names)
    except InputError:
        raise
    except (
        DataSourceError,
        DataLayerError,
        UnicodeDecodeError,
        ValueError,
        pa.ArrowException,
    ) as error:
        raise InputError([_unreadable(source, error)]) from None
    crs = frame.crs if isinstance(frame, gpd.GeoDataFrame) else None
    geometry = (
        frame.geometry.to_numpy()
        if isinstance(frame, gpd.GeoDataFrame)
        else np.full(len(frame), None, dtype=object)
    )
    cells = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    if bytewise:
        cells = encodings.decoded(cells, source, encodings.named_encoding(path))
    if suffix in {".kml", ".kmz"}:
        cells = _kml_columns(cells, table, book)
    cells["_row"] = np.arange(1, len(cells) + 1).astype(str)
    if suffix == ".dxf":
        cells, geometry = _drawn(cells, geometry)
    return Raw(
        cells=cells,
        geometry=geometry,
        crs=crs,
        assumed=suffix in {".geojson", ".json"},
        cut=suffix == ".shp",
    )


def _layer(path: Path, source: LayerSource) -> str | None:
    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    if path.suffix.lower() in {".shp", ".tab", ".mif"}:
        return None  # one layer, and its name may not be text
    if source.layer is None and len(layers) > 1:
        fault = Fault(
            source=source.path,
            value=", ".join(layers[:12]),
            rule="the file holds several layers",
            remedy='Say which with layer = "...".',
        )
        raise InputError([fault])
    if source.layer is not None and source.layer not in layers:
        fault = Fault(
            source=source.path,
            value=source.layer,
            rule="the file has no such layer",
            remedy=f"Use one of: {', '.join(layers[:12])}.",
        )
        raise InputError([fault])
    return source.layer


def _charset(path: Path) -> str | None:
    """Find the encoding that a MapInfo table names; None when it is neutral, which says nothing."""
    head = path.read_bytes()[:2000].lower()
    words = head.replace(b'"', b" ").split()
    for i, word in enumerate(words[:-1]):
        if word in {b"!charset", b"charset"}:
            return None if words[i + 1] == b"neutral" else words[i + 1].decode("ascii", "replace")
    return None


def _bytes_of_drawings() -> AbstractContextManager[None]:
    """Have GDAL leave the text of drawings as it is: the code page that they name is often wrong."""
    return gdal_option("DXF_ENCODING", encodings.RAW_BYTES)


@contextmanager
def _plain_names(path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """KML whose data have ASCII names, and the real names by these: GDAL makes underscores of all others."""
    if path.suffix.lower() not in {".kml", ".kmz"}:
        yield path, {}
        return
    text = path.read_bytes() if path.suffix.lower() == ".kml" else _main_kml(path)
    declared = _XML_ENCODING.match(text[:200])
    encoding = "utf-8" if declared is None else declared[1].decode("ascii")
    found = list(dict.fromkeys(match[2][1:-1] for match in _DATA_NAME.finditer(text)))
    if all(name.isalnum() and name.isascii() for name in found):
        yield path, {}
        return
    plain = {name: f"data{i}".encode() for i, name in enumerate(found)}
    text = _DATA_NAME.sub(lambda match: match[1] + b'"' + plain[match[2][1:-1]] + b'"', text)
    with tempfile.TemporaryDirectory(prefix="siteplan-") as scratch:
        readable = Path(scratch) / f"{path.stem}.kml"
        readable.write_bytes(text)
        yield (
            readable,
            {
                word.decode(): html.unescape(name.decode(encoding, "replace")).strip()
                for name, word in plain.items()
            },
        )


def _main_kml(path: Path) -> bytes:
    """Document of a KMZ: ``doc.kml``, else the first."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".kml")]
            names.sort(key=lambda name: name.lower() != "doc.kml")
            return archive.read(names[0]) if names else b""
    except (zipfile.BadZipFile, OSError, NotImplementedError, zlib.error) as error:
        raise DataSourceError(str(error)) from None


def _kml_columns(cells: pd.DataFrame, table: Table, book: HeaderBook | None) -> pd.DataFrame:
    """Columns without what the format itself adds: its id and name count where the data have none."""
    own = [name for name in (*_KML_OWN, "id", "Name", "description") if name in cells]
    data = [str(name) for name in cells.columns if name not in own]
    found = headers.match(data, table, book=book).columns
    keep = {"id": "id" not in found, "Name": "name" not in found, "description": True}
    keep["id"] = keep["id"] and any(column.name == "id" for column in table.columns)
    keep = {
        name: wanted and bool(cells[name].notna().all())
        for name, wanted in keep.items()
        if name in cells
    }
    return cells.drop(columns=[name for name in own if not keep.get(name, False)])


def _drawn(
    cells: pd.DataFrame, geometry: np.ndarray[Any, np.dtype[np.object_]]
) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.object_]]]:
    """Entities of a drawing without its lettering."""
    kept = np.ones(len(cells), dtype=bool)
    if "SubClasses" in cells:
        lettering = cells["SubClasses"].astype("string").str.contains(_CAD_TEXT).fillna(value=False)
        kept = ~lettering.to_numpy(dtype=bool)
    return cells[kept].reset_index(drop=True), geometry[kept]
