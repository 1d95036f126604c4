"""Regions, coverage and terrain built in memory, for tests that work a result out by hand."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from odc.geo.geobox import GeoBox

from siteplan import catalog, schema
from siteplan.catalog import TargetDocument
from siteplan.coverage.footprint import NO_SIGNAL
from siteplan.coverage.network import Coverage
from siteplan.region import Region
from siteplan.scenario import Scenario

EAST, NORTH = 500_000.0, 4_400_000.0
"""South-west corner of every grid here, in EPSG:4545. [m]"""

LTE = {"operator": "甲", "technology": "4G", "macro": "macro-lte900"}
NR = {"operator": "甲", "technology": "5G", "macro": "macro-nr3500", "micro": "micro-nr3500"}


def scenario(**parts: Any) -> Scenario:
    """Smallest scenario; keyword arguments replace tables of it."""
    data: dict[str, Any] = {
        "format": 1,
        "region": {"name": "小旗", "code": "159999"},
        "grid": {"resolution_m": 1000.0},
        "layers": {"boundary": {"path": "boundary.geojson"}, "terrain": {"flat_m": 0.0}},
        "targets": {"document": "targets.toml", "years": [2021, 2022]},
        "radio": {"macro_model": "tr38901-rma", "radius_m": 8000.0},
        "networks": [LTE, NR],
        "greenfield": True,
    }
    return Scenario.model_validate(data | parts)


def rule(name: str, **parts: Any) -> dict[str, Any]:
    """Coverage rule on the zones, unless keyword arguments say otherwise."""
    usual = {"id": name, "zh": name, "en": name, "year": 2021, "technology": "4G"}
    usual |= {"kind": "coverage", "class": "area", "layer": "zones"}
    if parts.get("kind", "coverage") != "coverage":
        del usual["class"], usual["layer"]
    return usual | parts


def document(*rules: dict[str, Any]) -> TargetDocument:
    """Target document of some rules."""
    head = {"title": "目标", "issuer": "小旗", "date": "2021", "area_code": "159999"}
    return TargetDocument.model_validate(head | {"rules": list(rules)})


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Rectangle in metres from the south-west corner of the grid."""
    return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)


def point(east: float, north: float) -> shapely.Point:
    """Point in metres from the south-west corner of the grid."""
    return shapely.Point(EAST + east, NORTH + north)


def line(*corners: tuple[float, float]) -> shapely.LineString:
    """Line in metres from the south-west corner of the grid."""
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in corners])


def layer(name: str, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Make a layer as the door would give it: dtypes of the schema, indexed by id."""
    dtypes = {"text": "string", "category": "string", "number": "float64"}
    dtypes |= {"integer": "Int64", "flag": "boolean"}
    frame = pd.DataFrame(rows)
    for column in schema.TABLES[name].columns:
        if column.name in frame:
            blank = np.nan if column.kind == "number" else pd.NA
            values = frame[column.name].astype("object")
            frame[column.name] = values.where(values.notna(), blank).astype(dtypes[column.kind])
    placed = gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4545")
    return placed.set_index("id")


def sites(*rows: tuple[str, str, str, float, float]) -> gpd.GeoDataFrame:
    """Sites of (id, kind, status, east, north), with the catalogue's antenna heights."""
    frame = pd.DataFrame(rows, columns=["id", "kind", "status", "east", "north"]).set_index("id")
    blank = {
        column.name: pd.Series(
            np.nan if column.kind == "number" else pd.NA,
            index=frame.index,
            dtype="float64" if column.kind == "number" else "object",
        )
        for column in schema.TABLES["sites"].columns
        if column.name not in {"id", "kind", "status"}
    }
    heights = [catalog.structures()[kind].antenna_height_m for kind in frame["kind"]]
    return gpd.GeoDataFrame(
        frame[["kind", "status"]].assign(**blank, antenna_height_m=heights),
        geometry=[point(x, y) for x, y in zip(frame["east"], frame["north"], strict=True)],
        crs="EPSG:4545",
    )


def stations(*rows: dict[str, Any]) -> pd.DataFrame:
    """Stations in service, with blanks for all columns of the schema not given."""
    names = [column.name for column in schema.TABLES["stations"].columns if column.name != "id"]
    frame = pd.DataFrame(list(rows), columns=["id", *names]).set_index("id")
    return frame.astype({"antenna_height_m": "float64", "azimuth_deg": "float64"})


def region(
    *,
    shape: tuple[int, int] = (10, 10),
    cell_m: float = 1000.0,
    layers: dict[str, gpd.GeoDataFrame] | None = None,
    the_sites: gpd.GeoDataFrame | None = None,
    the_stations: pd.DataFrame | None = None,
    the_document: TargetDocument | None = None,
    boundary: shapely.Geometry | None = None,
    terrain_m: np.ndarray | None = None,
    building_m: np.ndarray | None = None,
    **parts: Any,
) -> Region:
    """Region on a grid of `shape` cells; keyword arguments that are left go into the scenario."""
    rows, columns = shape
    frame = (EAST, NORTH, EAST + columns * cell_m, NORTH + rows * cell_m)
    return Region(
        scenario=scenario(**{"grid": {"resolution_m": cell_m}} | parts),
        document=the_document if the_document is not None else document(rule("R")),
        geobox=GeoBox.from_bbox(frame, "EPSG:4545", shape=shape),
        boundary=boundary if boundary is not None else shapely.box(*frame),
        layers=MappingProxyType(layers or {}),
        sites=the_sites if the_sites is not None else sites(("a", "tower", "existing", 500, 500)),
        stations=the_stations if the_stations is not None else stations(),
        terrain_m=np.zeros(shape, np.float32) if terrain_m is None else terrain_m,
        building_m=np.zeros(shape, np.float32) if building_m is None else building_m,
    )


def coverage(
    of: Region,
    rsrp_dbm: np.ndarray,
    *,
    technology: str = "4G",
    year: int = 2021,
    sinr_db: np.ndarray | float = 30.0,
    unknown: np.ndarray | None = None,
    sigma_db: float = 0.0,
) -> Coverage:
    """Coverage of given levels; NaN is no signal."""
    shape = tuple(of.geobox.shape)
    level = np.broadcast_to(np.asarray(rsrp_dbm, dtype=float), shape)
    ratio = np.where(np.isnan(level), np.nan, np.broadcast_to(sinr_db, shape))

    def quantised(values: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(values), NO_SIGNAL, np.rint(values * 100.0)).astype(np.int16)

    return Coverage(
        technology=technology,
        year=year,
        geobox=of.geobox,
        rsrp_cdbm=quantised(level),
        sinr_cdb=quantised(ratio),
        sigma_db=np.where(np.isnan(level), np.nan, sigma_db).astype(np.float32),
        server=np.where(np.isnan(level), -1, 0).astype(np.int32),
        unknown=np.zeros(shape, dtype=bool) if unknown is None else unknown,
        station_ids=("a1",),
    )


def fractal(size: int, *, seed: int, relief_m: float) -> np.ndarray:
    """Mountains: noise whose spectrum falls with frequency, of a given standard deviation."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    frequency[0, 0] = np.inf
    spectrum = random.normal(size=(size, size)) + 1j * random.normal(size=(size, size))
    height = np.fft.ifft2(spectrum / frequency**1.6).real
    return (1200.0 + height / height.std() * relief_m).astype(np.float32)
