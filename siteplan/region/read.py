"""A region folder becomes a Region: layers read and checked, terrain and surface, all faults together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from rasterio.features import geometry_mask
from tqdm.auto import tqdm

from siteplan import schema
from siteplan.errors import Fault, InputError
from siteplan.region import (
    antennas,
    candidates,
    cells,
    consistency,
    headers,
    lines,
    place,
    rasters,
    shifted,
    surface,
    tables,
)
from siteplan.region.fit import Reference
from siteplan.region.inputs import input_file, other_inputs
from siteplan.region.on_grid import clip_extracts, located, on_one_grid, with_townships
from siteplan.region.region import Region
from siteplan.scenario import Scenario, read_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    import geopandas as gpd
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox
    from pyproj import CRS
    from shapely.geometry.base import BaseGeometry

    from siteplan.catalog import TargetDocument
    from siteplan.region.inputs import InputFile
    from siteplan.scenario import LayerSource


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
        frames, geobox, more = on_one_grid(frames, scenario)
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
    frames = clip_extracts(frames, scenario, boundary)
    placed = {name: frame for name, frame in frames.items() if name not in refused}
    faults.extend(consistency.outside_faults(placed, scenario, boundary))
    warnings.extend(consistency.far_sites(placed, scenario, boundary))
    frames, more = with_townships(frames, scenario)
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
    sites = located(sites, layers.get("townships"))
    stations = _stations(layers, sites, scenario)
    warnings.extend(consistency.far_stations(stations, sites, scenario, geobox))
    warnings.extend(cells.cell_warnings(frames, scenario, patterns, stations))
    buildings = layers.get("buildings")
    building_m, more = surface.building_surface(buildings, scenario.layers.buildings, geobox)
    warnings.extend(more)
    inputs.extend(other_inputs(folder, scenario))
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
    layers = scenario.layers.vectors()
    book = headers.read_book(folder, scenario.aliases)
    reference: Reference | None = None
    for name in tqdm(
        _in_order(folder, layers), desc="reading", unit="layer", leave=False, delay=1.0
    ):
        source, table = layers[name], schema.TABLES[name]
        if reference is not None and place.undecided(folder / source.path, source):
            reference = _with_lines(reference, frames, layers)
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
        inputs.append(input_file(folder, source.path, name, rows=len(frame), crs=crs))
    return {name: frames[name] for name in layers if name in frames}, faults, inputs, unsure


def _in_order(folder: Path, layers: Mapping[str, LayerSource]) -> list[str]:
    """Layers whose system is named before those that are held against them, roads first."""
    return sorted(
        layers,
        key=lambda name: (
            name != "boundary",
            place.undecided(folder / layers[name].path, layers[name]),
            name not in lines.ON,
        ),
    )


def _with_lines(
    reference: Reference, frames: Mapping[str, gpd.GeoDataFrame], layers: Mapping[str, LayerSource]
) -> Reference:
    """Give the reference the lines of the layers that were read and on which others lie."""
    drawn = dict(reference.lines)
    for name in lines.ON:
        frame = frames.get(name)
        if name not in drawn and frame is not None:
            tree = lines.line_tree(frame, reference, solid=name == "buildings")
            drawn[name] = layers[name].path, tree
    return replace(reference, lines=drawn)


def _terrain_file_faults(folder: Path, scenario: Scenario) -> list[Fault]:
    """Whether the terrain raster is there, told together with what stops the work before it is read."""
    try:
        rasters.terrain_files(folder, scenario.layers.terrain)
    except InputError as error:
        return list(error.faults)
    return []


def _landcover(
    folder: Path, scenario: Scenario, boundary: BaseGeometry, geobox: GeoBox
) -> tuple[NDArray[np.float32] | None, list[Fault], list[Fault]]:
    """Heights of the land cover, what is wrong with it, and what to note."""
    source = scenario.layers.landcover
    if source is None:
        return None, [], surface.bare_ground_warnings(scenario)
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
