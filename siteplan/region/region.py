"""A region folder becomes a Region: checked layers, one grid, terrain and surface."""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from tqdm.auto import tqdm

from siteplan import catalog, schema
from siteplan.errors import Fault, InputError
from siteplan.region import (
    antennas,
    candidates,
    cells,
    consistency,
    headers,
    rasters,
    shifted,
    surface,
    tables,
)
from siteplan.region.fit import Reference
from siteplan.region.grid import in_china, make_geobox, parse_crs, projected_crs, without_exclaves
from siteplan.scenario import SCENARIO_FILE, Scenario, inside, read_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

    from siteplan.catalog import TargetDocument
    from siteplan.catalog.antennas import Antenna

EAST_DEG, NORTH_DEG = 180.0, 90.0
"""Ends of longitude and latitude. [deg]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """
    One file that was read.

    Attributes
    ----------
    path : str
        Relative to the region folder.
    sha256 : str
        Hash of its bytes.
    layer : str
        Layer that it gave.
    rows : int
        Rows taken; 0 for a raster or a text.
    crs : str
        Coordinate reference system of the file.
    """

    path: str
    sha256: str
    layer: str
    rows: int = 0
    crs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """
    Everything known about an area, on one grid. Nothing is read from disk after this.

    Attributes
    ----------
    scenario : Scenario
        What the folder says about itself.
    document : TargetDocument
        What must be reached.
    geobox : GeoBox
        The grid: projected, metres.
    boundary : Polygon or MultiPolygon
        The area, in the grid's coordinate reference system.
    layers : mapping of str to GeoDataFrame
        Checked vector layers by name, indexed by ``id``; a layer that was not given is not here.
    sites : GeoDataFrame
        All sites, poles and derived candidates, indexed by ``id``.
    stations : DataFrame
        Stations in service today, indexed by ``id``.
    terrain_m : ndarray of float32, shape (rows, columns)
        Height above sea level, NaN where unknown. [m]
    building_m : ndarray of float32, shape (rows, columns)
        Height of buildings above the ground, 0 where none is known. [m]
    clutter_m : ndarray of float32, shape (rows, columns), or None
        Height of land cover or buildings above the ground, the higher one, as terrain models take it; NaN
        where unknown, None when neither was given. [m]
    warnings : tuple of Fault
        What was found and does not stop the work.
    inputs : tuple of InputFile
        Files that were read, with hashes.
    antennas : mapping of str to Antenna
        Measured antenna patterns by the names that cells use.
    """

    scenario: Scenario
    document: TargetDocument
    geobox: GeoBox
    boundary: BaseGeometry
    layers: Mapping[str, gpd.GeoDataFrame]
    sites: gpd.GeoDataFrame
    stations: pd.DataFrame
    terrain_m: NDArray[np.float32]
    building_m: NDArray[np.float32]
    clutter_m: NDArray[np.float32] | None = None
    warnings: tuple[Fault, ...] = ()
    inputs: tuple[InputFile, ...] = field(default=(), repr=False)
    antennas: Mapping[str, Antenna] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def crs(self) -> CRS:
        """Projected coordinate reference system of everything in the region."""
        return CRS.from_user_input(str(self.geobox.crs))

    @property
    def resolution_m(self) -> float:
        """Cell size. [m]."""
        return float(abs(self.geobox.resolution.x))

    def cell_of(self, points: NDArray[np.object_]) -> NDArray[np.int64]:
        """
        Flat cell number of points.

        Parameters
        ----------
        points : ndarray of Point
            In the grid's coordinate reference system.

        Returns
        -------
        cell : ndarray of int64
            Row times columns plus column; -1 outside the grid.
        """
        box = self.geobox.extent.boundingbox
        rows, columns = self.geobox.shape
        column = np.floor((shapely.get_x(points) - box.left) / self.resolution_m).astype(np.int64)
        row = np.floor((box.top - shapely.get_y(points)) / self.resolution_m).astype(np.int64)
        inside_grid = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return np.where(inside_grid, row * columns + column, -1)

    def layer(self, name: str) -> gpd.GeoDataFrame | None:
        """
        Layer of a name.

        Parameters
        ----------
        name : str
            As in the schema.

        Returns
        -------
        frame : GeoDataFrame or None
            None when the region was given no such layer: what depends on it is unknown.
        """
        return self.layers.get(name)

    def townships(self) -> gpd.GeoDataFrame:
        """
        Townships, or the whole region as one when none were given.

        Returns
        -------
        townships : GeoDataFrame
            Indexed by id, with ``name``.
        """
        frame = self.layers.get("townships")
        if frame is not None:
            return frame
        info = self.scenario.region
        return gpd.GeoDataFrame(
            {"name": [info.name]},
            geometry=[self.boundary],
            index=pd.Index([info.code or info.name], name="id"),
            crs=self.crs,
        )

    def _repr_html_(self) -> str:
        info = self.scenario.region
        counts = {schema.TABLES[name].zh: len(frame) for name, frame in self.layers.items()}
        counts["站址（含杆塔与备选）"] = len(self.sites)
        counts["现网基站"] = len(self.stations)
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td style='text-align:right'>{count:,}</td></tr>"
            for name, count in counts.items()
        )
        size = "×".join(str(n) for n in self.geobox.shape)
        return (
            f"<b>{html.escape(info.name)}</b> {html.escape(info.code)} · "
            f"{self.boundary.area / 1e6:,.1f} km² · {size} × {self.resolution_m:g} m · "
            f"{html.escape(self.crs.name)}<table>{rows}</table>"
            f"<p>{len(self.warnings)} warnings</p>"
        )


def read_region(folder: str | PathLike[str]) -> Region:
    """
    Read a region folder.

    Parameters
    ----------
    folder : path
        Folder with ``scenario.toml`` and the layers that it names.

    Returns
    -------
    region : Region
        Checked and on one grid.

    Raises
    ------
    InputError
        With every fault found, file, row, value and remedy.

    Examples
    --------
    >>> import siteplan
    >>> region = siteplan.read_region("data/helsinki")  # doctest: +SKIP
    """
    examined = examine(Path(folder))
    if examined.faults or examined.region is None:
        raise InputError(examined.faults)
    return examined.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """
    What was found in a region folder, whether or not it can be planned with.

    Attributes
    ----------
    folder : Path
        Region folder.
    scenario : Scenario
        What the folder says about itself.
    frames : mapping of str to GeoDataFrame
        Layers that could be read, with ``_row``; on the grid's system when there is one.
    unread : mapping of str to tuple of str
        Headers of each layer of which nothing was made.
    boundary : geometry or None
        In the grid's system; None when it could not be read.
    crs : CRS or None
        The grid's system.
    region : Region or None
        None when there are faults.
    faults, warnings : tuple of Fault
        What stops the work, and what does not.
    """

    folder: Path
    scenario: Scenario
    frames: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    boundary: BaseGeometry | None = None
    crs: CRS | None = None
    region: Region | None = None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def examine(folder: Path) -> Examined:
    """
    Read a region folder and tell everything that is found.

    Parameters
    ----------
    folder : Path
        Region folder.

    Returns
    -------
    examined : Examined
        Faults and warnings together, and the region when nothing stops it.

    Raises
    ------
    InputError
        When there is no folder, or ``scenario.toml`` is faulty: nothing else can be looked at then.
    """
    if not folder.is_dir():
        fault = Fault(
            source=str(folder),
            rule="the region folder does not exist",
            remedy="Name a folder that holds scenario.toml.",
        )
        raise InputError([fault])
    scenario, document = read_scenario(folder)
    frames, faults, inputs, unsure = _read_layers(folder, scenario)
    warnings = [fault for frame in frames.values() for fault in frame.attrs["faults"]]
    found = Examined(
        folder=folder,
        scenario=scenario,
        frames=frames,
        unread={name: frame.attrs["unread"] for name, frame in frames.items()},
    )
    if "boundary" not in frames:
        faults.extend(_terrain_file_faults(folder, scenario))
        return replace(found, faults=tuple(faults), warnings=tuple(warnings), frames={})
    try:
        frames, geobox, more = _on_one_grid(frames, scenario)
    except InputError as error:
        faults.extend([*error.faults, *_terrain_file_faults(folder, scenario)])
        return replace(found, faults=tuple(faults), warnings=tuple(warnings), frames={})
    faults.extend(fault for fault in more if fault.severity == "error")
    warnings.extend(fault for fault in more if fault.severity == "warning")
    boundary = shapely.union_all(frames["boundary"].geometry.to_numpy())
    frames, refused, more = shifted.shift_faults(frames, scenario)
    faults.extend(fault for fault in more if fault.severity == "error")
    anew = {fault.source for fault in more if fault.rule.startswith(shifted.GUESSED)}
    warnings = [w for w in warnings if w.source not in anew or shifted.GUESSED not in w.rule]
    warnings.extend(fault for fault in more if fault.severity == "warning")
    frames = _clip_extracts(frames, scenario, boundary)
    placed = {name: frame for name, frame in frames.items() if name not in refused}
    faults.extend(consistency.outside_faults(placed, scenario, boundary))
    frames, more = _with_townships(frames, scenario)
    faults.extend(more)
    found = replace(found, frames=frames, boundary=boundary, crs=frames["boundary"].crs)
    return _completed(found, boundary, geobox, (document, faults, warnings, inputs), unsure)


def _completed(
    found: Examined,
    boundary: BaseGeometry,
    geobox: GeoBox,
    so_far: tuple[TargetDocument, list[Fault], list[Fault], list[InputFile]],
    unsure: Mapping[str, frozenset[str] | None],
) -> Examined:
    """Terrain, antennas, sites and stations, and the region when nothing stops it."""
    document, faults, warnings, inputs = so_far
    folder, scenario, frames = found.folder, found.scenario, found.frames
    terrain_m = np.full(geobox.shape, np.nan, dtype=np.float32)
    try:
        terrain_m = rasters.read_terrain(folder, scenario.layers.terrain, geobox)
    except InputError as error:
        faults.extend(error.faults)
    else:
        warnings.extend(consistency.terrain_warnings(terrain_m, scenario, boundary, geobox))
        warnings.extend(_unit_warnings(folder, scenario, geobox))
    patterns, more = antennas.read_antennas(folder, scenario.antennas)
    faults.extend([*cells.antenna_name_faults(scenario), *more])
    landcover_m, more, noted = _landcover(folder, scenario, boundary, geobox)
    faults.extend(more)
    warnings.extend(noted)
    layers = {
        name: tables.all_columns(frame.set_index("id").drop(columns="_row"), schema.TABLES[name])
        for name, frame in frames.items()
    }
    sites = candidates.all_sites(layers, scenario)
    if not unsure:
        # a layer with faults has told them: what they leave empty is no further fault
        faults.extend(consistency.site_faults(sites, scenario))
    lost = [unsure.get(name, frozenset()) for name in ("sites", "poles", "buildings")]
    known = [names for names in lost if names is not None]
    anywhere = frozenset[str]().union(*known) if len(known) == len(lost) else None
    told = {(fault.source, fault.row, fault.column) for fault in faults}
    faults.extend(
        fault
        for fault in (
            *consistency.station_faults(frames, sites, scenario, unsure=anywhere),
            *cells.cell_faults(frames, scenario, patterns),
        )
        if (fault.source, fault.row, fault.column) not in told  # a faulty cell is blank by now
    )
    if faults:
        return replace(found, faults=tuple(faults), warnings=tuple(warnings))
    sites = _located(sites, layers.get("townships"))
    stations = _stations(layers, sites, scenario)
    warnings.extend(consistency.far_stations(stations, sites, scenario, geobox))
    warnings.extend(cells.cell_warnings(frames, scenario, patterns, stations))
    buildings = layers.get("buildings")
    building_m, more = surface.building_surface(buildings, scenario.layers.buildings, geobox)
    warnings.extend(more)
    inputs.extend(_other_inputs(folder, scenario))
    region = Region(
        scenario=scenario,
        document=document,
        geobox=geobox,
        boundary=boundary,
        layers=MappingProxyType(layers),
        sites=sites,
        stations=stations,
        terrain_m=terrain_m,
        building_m=building_m,
        clutter_m=surface.clutter_height(landcover_m, building_m),
        warnings=tuple(warnings),
        inputs=tuple(inputs),
        antennas=MappingProxyType(patterns),
    )
    return replace(found, region=region, warnings=tuple(warnings))


def _unit_warnings(folder: Path, scenario: Scenario, geobox: GeoBox) -> list[Fault]:
    terrain = scenario.layers.terrain
    if terrain.path is None:
        return []
    return [
        Fault(
            source=terrain.path,
            value=f"{unit}: {scale:.10g} m",
            rule="the heights are not stored in metres and were converted",
            remedy="Nothing, when the unit that the raster names is right.",
            severity="warning",
        )
        for unit, scale in rasters.terrain_units(folder, terrain, geobox).items()
    ]


def _read_layers(
    folder: Path, scenario: Scenario
) -> tuple[
    dict[str, gpd.GeoDataFrame], list[Fault], list[InputFile], dict[str, frozenset[str] | None]
]:
    """Layers as far as they could be read, faults, files, and by layer with faults the rows it lost."""
    frames: dict[str, gpd.GeoDataFrame] = {}
    faults: list[Fault] = []
    inputs: list[InputFile] = []
    unsure: dict[str, frozenset[str] | None] = {}
    layers = scenario.layers.vectors().items()
    book = headers.read_book(folder, scenario.aliases)
    reference: Reference | None = None
    for name, source in tqdm(layers, desc="reading", unit="layer", leave=False, delay=1.0):
        table = schema.TABLES[name]
        found = tables.examine_table(folder, table, source, book=book, reference=reference)
        faults.extend(found.faults)
        if found.faults:
            unsure[name] = found.lost if name != "buildings" else None  # any of them may be a site
        frame = found.frame
        if frame is None:
            continue
        if (
            name == "boundary"
            and np.isfinite(shapely.total_bounds(frame.geometry.to_numpy())).all()
        ):
            margin_m = scenario.grid.margin_m
            reference = Reference.of(frame, scenario.region.code, margin_m=margin_m)
        frames[name] = frame
        crs = "" if frame.crs is None else str(frame.crs.to_string())
        inputs.append(_input_file(folder, source.path, name, rows=len(frame), crs=crs))
    return frames, faults, inputs, unsure


def _terrain_file_faults(folder: Path, scenario: Scenario) -> list[Fault]:
    """Whether the terrain raster is there, told together with what stops the work before it is read."""
    try:
        rasters.terrain_files(folder, scenario.layers.terrain)
    except InputError as error:
        return list(error.faults)
    return []


def _on_one_grid(
    frames: dict[str, gpd.GeoDataFrame], scenario: Scenario
) -> tuple[dict[str, gpd.GeoDataFrame], GeoBox, list[Fault]]:
    """Layers in one projected system, and the grid; rows that have no place there become faults."""
    outline = shapely.union_all(frames["boundary"].geometry.to_numpy())
    geographic = gpd.GeoSeries([outline], crs=frames["boundary"].crs).to_crs("EPSG:4326").iloc[0]
    west, south, east, north = geographic.bounds
    if not (abs(west) <= EAST_DEG and east <= EAST_DEG and max(-south, north) <= NORTH_DEG):
        fault = Fault(
            source=scenario.layers.boundary.path,
            column="geometry",
            value=f"{south:g} to {north:g} N, {west:g} to {east:g} E",
            rule="no such place on Earth",
            remedy="Give the longitude first, and check the coordinate reference system.",
        )
        raise InputError([fault])
    crs = (
        projected_crs(geographic, china=in_china(geographic, scenario.region.code))
        if scenario.grid.crs == "auto"
        else parse_crs(scenario.grid.crs, SCENARIO_FILE, "grid.crs")
    )
    if not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        fault = Fault(
            source=SCENARIO_FILE,
            column="grid.crs",
            value=scenario.grid.crs,
            rule="the grid needs a projected system in metres",
            remedy='Use crs = "auto", or an EPSG code of such a system.',
        )
        raise InputError([fault])
    placed: dict[str, gpd.GeoDataFrame] = {}
    faults: list[Fault] = []
    for name, frame in frames.items():
        if schema.TABLES[name].geometry == "none":
            placed[name] = frame
            continue
        projected = frame.to_crs(crs)
        nowhere = ~np.isfinite(shapely.bounds(projected.geometry.to_numpy())).all(axis=1)
        faults.extend(
            Fault(
                source=scenario.layers.vectors()[name].path,
                row=str(frame["_row"].loc[i]),
                column="geometry",
                value=str(frame.geometry.loc[i])[:60],
                rule="no such place in the coordinate reference system",
                remedy="Correct the position, or the system of the layer.",
            )
            for i in frame.index[nowhere]
        )
        placed[name] = projected[~nowhere]
    whole = shapely.union_all(placed["boundary"].geometry.to_numpy())
    if whole.is_empty:
        raise InputError(faults)
    boundary, dropped = (whole, ()) if scenario.grid.exclaves == "keep" else without_exclaves(whole)
    if dropped:
        faults.append(_exclave_warning(dropped, crs, scenario))
        first = placed["boundary"].iloc[[0]]
        placed["boundary"] = first.set_geometry(gpd.GeoSeries([boundary], first.index, crs=crs))
        placed = {
            name: _not_within(frame, dropped) if name != "boundary" else frame
            for name, frame in placed.items()
        }
    margin_m = scenario.grid.margin_m
    frame = boundary.buffer(margin_m) if margin_m > 0.0 else boundary
    geobox = make_geobox(frame, crs, resolution_m=scenario.grid.resolution_m)
    return placed, geobox, faults


def _exclave_warning(dropped: tuple[BaseGeometry, ...], crs: CRS, scenario: Scenario) -> Fault:
    places = gpd.GeoSeries([part.representative_point() for part in dropped], crs=crs)
    words = [f"{p.y:.2f} N {p.x:.2f} E" for p in places.to_crs("EPSG:4326")]
    area_km2 = sum(part.area for part in dropped) / 1e6
    return Fault(
        source=scenario.layers.boundary.path,
        column="geometry",
        value=f"{len(dropped)} parts, {area_km2:.1f} km2, at {'; '.join(words[:3])}",
        rule="parts of the boundary lie far from the largest and are left out, with all that is in them",
        remedy='Say exclaves = "keep" under [grid] to plan them too, or plan them as a region of their own.',
        severity="warning",
    )


def _not_within(frame: gpd.GeoDataFrame, parts: tuple[BaseGeometry, ...]) -> gpd.GeoDataFrame:
    """Rows that do not lie in what was left out."""
    if frame.crs is None:
        return frame
    near = shapely.union_all(list(parts)).buffer(consistency.SHARED_EDGE_M)
    shapely.prepare(near)
    return frame[~shapely.covers(near, frame.geometry.to_numpy())]


def _input_file(folder: Path, name: str, layer: str, *, rows: int = 0, crs: str = "") -> InputFile:
    return InputFile(
        path=name, sha256=_digest(inside(folder, name)), layer=layer, rows=rows, crs=crs
    )


def _digest(path: Path) -> str:
    """Hash of a file; of a format in several files, and of a folder, that of all parts by name."""
    parts = [path]
    if path.is_dir():
        parts = sorted(part for part in path.rglob("*") if part.is_file())
    elif path.suffix.lower() in {".shp", ".tab", ".mif"}:
        parts = sorted(part for part in path.parent.iterdir() if part.stem == path.stem)
    digests = []
    for part in parts:
        with part.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _other_inputs(folder: Path, scenario: Scenario) -> list[InputFile]:
    """Files beside the vector layers."""
    tiles = rasters.terrain_files(folder, scenario.layers.terrain)
    named: list[tuple[str, str | None]] = [
        ("terrain", tile.relative_to(folder.resolve()).as_posix()) for tile in tiles
    ]
    landcover, document = scenario.layers.landcover, scenario.targets.document
    if landcover is not None:
        named += [("landcover", landcover.path), ("landcover classes", landcover.classes)]
    named += [("targets", document), ("aliases", scenario.aliases), ("scenario", SCENARIO_FILE)]
    named += [("antennas", path) for path in scenario.antennas.values()]
    of_the_catalogue = {"targets", "landcover classes"}
    return [
        _input_file(folder, name, layer)
        for layer, name in named
        if name is not None and (layer not in of_the_catalogue or name.endswith(".toml"))
    ]


def _clip_extracts(
    frames: dict[str, gpd.GeoDataFrame], scenario: Scenario, boundary: BaseGeometry
) -> dict[str, gpd.GeoDataFrame]:
    """Keep what lies in the boundary: of OSM extracts, larger by nature, and of all roads."""
    sources = scenario.layers.vectors()
    clipped = {}
    for name, frame in frames.items():
        is_extract = sources[name].path.lower().endswith(".pbf")
        if name == "roads":
            kept = frame[frame.intersects(boundary)]
            lines = [_linear(line) for line in kept.intersection(boundary)]
            kept = kept.set_geometry(gpd.GeoSeries(lines, kept.index, crs=kept.crs))
            clipped[name] = kept[~kept.is_empty]
        elif is_extract and name not in {"boundary", "buildings"}:
            clipped[name] = frame[frame.intersects(boundary)]
        else:
            clipped[name] = frame
    return clipped


def _linear(geometry: BaseGeometry) -> BaseGeometry:
    """Lines of a geometry: where a road only touches the boundary, an intersection leaves points."""
    if geometry.geom_type in {"LineString", "MultiLineString"}:
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "LineString"]
    return shapely.MultiLineString(parts)


def _with_townships(
    frames: dict[str, gpd.GeoDataFrame], scenario: Scenario
) -> tuple[dict[str, gpd.GeoDataFrame], list[Fault]]:
    """Township ids on every point layer: the given code or name, else the polygon around the point."""
    townships = frames.get("townships")
    if townships is None:
        return frames, []
    by_word = dict(zip(townships["id"], townships["id"], strict=True))
    for column in ("name", "code"):
        if column in townships:
            named = townships[townships[column].notna()]
            by_word |= dict(zip(named[column], named["id"], strict=True))
    indexed = townships.set_index("id")
    result = dict(frames)
    faults: list[Fault] = []
    for name in ("villages", "venues", "zones", "sites"):
        frame = frames.get(name)
        if frame is None or "township" not in frame:
            continue
        given = frame["township"]
        bad = given.notna() & ~given.isin(by_word)
        source = scenario.layers.vectors()[name].path
        faults.extend(
            replace(
                catalog.unknown_name(
                    source, "township", str(given.loc[i]), indexed["name"].dropna()
                ),
                row=str(frame["_row"].loc[i]),
                rule="there is no such township",
            )
            for i in frame.index[bad]
        )
        result[name] = frame.assign(township=given.map(by_word).astype("string"))
    result = {
        name: _located(frame, indexed) if name in {"villages", "venues", "zones"} else frame
        for name, frame in result.items()
    }
    return result, faults


def _located(frame: gpd.GeoDataFrame, townships: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Fill missing townships from the position; a point in none stays without."""
    if townships is None:
        return frame
    points = frame.representative_point()
    tree = shapely.STRtree(townships.geometry.to_numpy())
    row, polygon = tree.query(points.to_numpy(), predicate="intersects")
    first = pd.Series(polygon, index=row).groupby(level=0).min()
    found = pd.Series(pd.NA, index=frame.index, dtype="string")
    found.iloc[first.index.to_numpy()] = townships.index.to_numpy()[first.to_numpy()]
    given = frame.get("township", found)
    return frame.assign(township=given.astype("string").fillna(found))


def _landcover(
    folder: Path, scenario: Scenario, boundary: BaseGeometry, geobox: GeoBox
) -> tuple[NDArray[np.float32] | None, list[Fault], list[Fault]]:
    """Heights of the land cover, what is wrong with it, and what to note."""
    source = scenario.layers.landcover
    if source is None:
        return None, [], surface.bare_ground_warnings(scenario)
    from rasterio.features import geometry_mask  # noqa: PLC0415  # only here

    try:
        product = surface.landcover_product(folder, source)
        code = surface.read_landcover(folder, source, geobox)
    except InputError as error:
        return None, list(error.faults), []
    height_m = surface.landcover_height(
        code, product, heights_m=source.heights_m, missing_m=source.missing_m
    )
    area = geometry_mask([boundary], geobox.shape, geobox.transform, invert=True)
    return height_m, [], surface.void_warnings(code, source, area)


def _stations(
    layers: Mapping[str, gpd.GeoDataFrame], sites: gpd.GeoDataFrame, scenario: Scenario
) -> pd.DataFrame:
    """Stations in service, all columns of the schema; the network's equipment where blank."""
    table = schema.TABLES["stations"]
    names = [column.name for column in table.columns if column.name != "id"]
    frame = layers.get("stations")
    if frame is None:
        empty = pd.DataFrame({name: pd.Series(dtype="object") for name in names})
        return empty.rename_axis("id")
    stations = pd.DataFrame(frame.drop(columns="geometry")).reindex(columns=names)
    default = [
        consistency.default_equipment(network, kind) if network is not None else None
        for network, kind in zip(
            map(scenario.network, stations["operator"], stations["technology"]),
            sites["kind"].loc[stations["site_id"]],
            strict=True,
        )
    ]
    blank = stations["equipment"].isna()
    filled = stations["equipment"].mask(blank, pd.Series(default, stations.index, dtype="string"))
    return stations.assign(equipment=filled)
