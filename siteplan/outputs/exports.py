"""
The plan's layers for other programs: Shapefile, KML, GeoJSON, Parquet.

The tables are those of the GeoPackage. The Shapefile is GBK with a ``.cpg``, as Chinese programs expect it;
its names have at most 10 bytes, and a table beside it gives the full ones.
"""

from __future__ import annotations

import csv
import io
import zipfile
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from siteplan.outputs import frames
from siteplan.outputs.layers import geodata_options, plan_layers
from siteplan.outputs.lists import safe_text
from siteplan.outputs.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.outputs.options import Language
    from siteplan.plan import Plan

DEGREES: Final = "EPSG:4326"
LAYERS: Final = ("sites", "stations", "gaps")
"""Layers that other programs get; the GeoPackage holds all."""

SHORT_NAMES: Final = {
    "antenna_height_m": "ant_h_m",
    "azimuth_deg": "azim_deg",
    "easting_m": "east_m",
    "northing_m": "north_m",
    "operators": "operators",
    "rule_class": "class",
    "station_id": "stn_id",
    "site_name": "site_name",
    "station_km": "stn_km",
    "technologies": "techs",
    "technology": "tech",
    "township_name": "town_name",
    "township": "town_code",
}
"""Names of columns in the Shapefile, at most 10 bytes; a name not here is short enough."""

NAME_BYTES: Final = 10
TEXT_BYTES: Final = 254
FIXED_DATE: Final = (1980, 1, 1, 0, 0, 0)


def export_files(plan: Plan, *, language: Language = "zh") -> dict[str, Callable[[Path], None]]:
    """
    Every file for other programs and what writes it.

    Parameters
    ----------
    plan : Plan
        The plan.
    language : {"zh", "en"}
        Language of the names that people read.

    Returns
    -------
    writers : dict of str to callable
        By name inside the output folder.
    """
    writers: dict[str, Callable[[Path], None]] = {
        "plan.kml": partial(write_kml, plan, language=language),
        "plan_shp.zip": partial(write_shapefiles, plan, language=language),
    }
    for layer in LAYERS:
        writers[f"geojson/{layer}.geojson"] = partial(write_geojson, plan, layer)
        writers[f"parquet/{layer}.parquet"] = partial(write_parquet, plan, layer)
    return writers


def export_layer(plan: Plan, layer: str) -> gpd.GeoDataFrame:
    """
    One layer as other programs get it.

    Parameters
    ----------
    plan : Plan
        The plan.
    layer : str
        One of ``LAYERS``.

    Returns
    -------
    frame : GeoDataFrame
        In the region's system; gaps of all classes together, as areas or points.
    """
    if layer == "gaps":
        return frames.gap_list(plan)
    return gpd.GeoDataFrame(plan_layers(plan)[layer])


def write_geojson(plan: Plan, layer: str, path: Path) -> None:
    """
    Write a layer as GeoJSON (RFC 7946): longitude and latitude, UTF-8, 6 decimals.

    Parameters
    ----------
    plan : Plan
        The plan.
    layer : str
        One of ``LAYERS``.
    path : Path
        File to write.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    frame = export_layer(plan, layer).to_crs(DEGREES)
    text = frame.to_json(drop_id=True, ensure_ascii=False, na="null")
    path.write_bytes(f"{text}\n".encode())


def write_parquet(plan: Plan, layer: str, path: Path) -> None:
    """
    Write a layer as GeoParquet in the region's system.

    Parameters
    ----------
    plan : Plan
        The plan.
    layer : str
        One of ``LAYERS``.
    path : Path
        File to write.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    export_layer(plan, layer).to_parquet(path, index=False)


def write_kml(plan: Plan, path: Path, *, language: Language = "zh") -> None:
    """
    Write sites and stations of the plan as KML, with their names.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write.
    language : {"zh", "en"}
        Language of layer and kinds.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    words = Words(language)
    sites = export_layer(plan, "sites").to_crs(DEGREES)
    names = sites["name"].astype("string").fillna(sites["site_id"].astype("string"))
    told = sites.assign(Name=names, kind=sites["kind"].map(words.label))
    layer = words.group("layers")["sites"].replace(" ", "_")  # a name that XML takes
    kept = ["Name", "site_id", "kind", "year", "stations", "operators", "technologies", "rules"]
    _write(_clean(told[[*kept, "geometry"]]), path, "KML", layer=layer)


def write_shapefiles(plan: Plan, path: Path, *, language: Language = "zh") -> None:
    """
    Write the layers as zipped Shapefiles in GBK, with a table of the full names.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        Zip file to write. Gaps are two files: ``gaps`` (areas) and ``gap_points``.
    language : {"zh", "en"}
        Language of the table of names.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    with TemporaryDirectory(prefix="siteplan-shp-") as name:
        folder = Path(name)
        aliases: dict[str, str] = {}
        for layer in LAYERS:
            frame = export_layer(plan, layer)
            aliases |= {
                column: short_name(column) for column in frame.columns if column != "geometry"
            }
            is_point = frame.geom_type.isin(["Point", "MultiPoint"])
            parts = {layer: frame[~is_point], "gap_points": frame[is_point]}
            for part, rows in parts.items() if layer == "gaps" else [(layer, frame)]:
                shown = _clean(rows, limit=TEXT_BYTES).rename(columns=short_name)
                kind = "MultiPoint" if part == "gap_points" else None
                kind = "Polygon" if part == "gaps" else kind or "Point"
                _write(shown, folder / f"{part}.shp", "ESRI Shapefile", encoding="GBK", kind=kind)
        (folder / "aliases.csv").write_bytes(_alias_table(aliases, Words(language)))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                info = zipfile.ZipInfo(file.name, FIXED_DATE)
                info.compress_type = zipfile.ZIP_DEFLATED
                content = file.read_bytes()
                if file.suffix == ".dbf":  # bytes 1 to 3 of the header are the day of writing
                    content = content[:1] + bytes([100, 1, 1]) + content[4:]
                archive.writestr(info, content)
    path.write_bytes(buffer.getvalue())


def short_name(column: str) -> str:
    """
    Name of a column in a Shapefile.

    Parameters
    ----------
    column : str
        Full name.

    Returns
    -------
    name : str
        At most 10 bytes.

    Examples
    --------
    >>> short_name("antenna_height_m"), short_name("year")
    ('ant_h_m', 'year')
    """
    return SHORT_NAMES.get(column, column[:NAME_BYTES])


def _alias_table(aliases: dict[str, str], words: Words) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([words(f"aliases.{name}") for name in ("short", "name", "title")])
    headers = words.group("headers")
    for column, short in aliases.items():
        writer.writerow([short, safe_text(column), headers.get(column, column)])
    return buffer.getvalue().encode("utf-8-sig")


def _clean(frame: gpd.GeoDataFrame, *, limit: int | None = None) -> gpd.GeoDataFrame:
    """Texts that every reader takes: one line, no control characters; for a Shapefile, GBK of its length."""
    columns = {}
    for name in frame.columns.drop("geometry"):
        values = frame[name]
        if pd.api.types.is_bool_dtype(values):
            columns[name] = values.astype("Int64")
        elif pd.api.types.is_numeric_dtype(values):
            columns[name] = values
        else:
            columns[name] = values.map(lambda text: _plain(text, limit)).astype(object)
    return gpd.GeoDataFrame(columns, geometry=frame.geometry.to_numpy(), crs=frame.crs)


def _plain(text: Any, limit: int | None) -> str | None:  # noqa: ANN401  # a cell of any table
    if text is None or pd.isna(text):
        return None
    line = "".join(letter if letter.isprintable() else " " for letter in str(text))
    if limit is None:
        return line
    cut = line.encode("gbk", "replace")[:limit]
    return cut.decode("gbk", "ignore")


def _write(  # what the library takes
    frame: gpd.GeoDataFrame,
    path: Path,
    driver: str,
    *,
    encoding: str | None = None,
    layer: str | None = None,
    kind: str | None = None,
) -> None:
    options: dict[str, Any] = {}
    if kind is not None:
        options = {"geometry_type": kind, "promote_to_multi": kind.startswith("Multi")}
    try:
        with geodata_options():
            pyogrio.write_dataframe(
                frame, path, driver=driver, encoding=encoding, layer=layer, **options
            )
    except (DataSourceError, DataLayerError) as error:
        raise OSError(str(error)) from error
