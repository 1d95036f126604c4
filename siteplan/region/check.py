"""Everything that is wrong with a region folder, and everything that looks wrong, in one table."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rasterio.features import geometry_mask

from siteplan import catalog, schema
from siteplan.catalog import Entry
from siteplan.errors import Fault, InputError
from siteplan.region import rasters
from siteplan.region.grid import ANY_COUNTY, in_china, make_geobox
from siteplan.region.read import examine
from siteplan.scenario import SCENARIO_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from siteplan.region.read import Examined

COLUMNS = ("severity", "layer", "row", "column", "value", "rule", "remedy")
"""Columns of the table, in this order."""

_COARSE_CELLS = 200  # cells across for looking at what the terrain covers
_PLACES = ("villages", "venues", "sites", "poles")


class Bounds(Entry):
    """
    All of ``catalog/checks.toml``.

    Attributes
    ----------
    source, date, mark : str
        Where the bounds come from.
    mast_high_m : float
        Highest mast that is not asked about. [m]
    same_place_m : float
        Rows nearer than this are one place. [m]
    township_slack_m : float
        How far a point may lie outside its township. [m]
    coarse_factor : float
        Largest cell of the terrain in cells of the grid.
    population_high : float
        Largest sum of the villages over the county's population.
    missing_share : float
        Share of the terrain in reach that may be missing.
    first_year : mapping of str to int
        First year of a technology.
    """

    source: str
    date: str
    mark: str
    mast_high_m: float
    same_place_m: float
    township_slack_m: float
    coarse_factor: float
    population_high: float
    missing_share: float
    first_year: dict[str, int]


@cache
def bounds() -> Bounds:
    """
    Bounds beyond which a value is asked about.

    Returns
    -------
    bounds : Bounds
        All of ``catalog/checks.toml``.
    """
    return catalog.parse_toml(
        files("siteplan.catalog") / "checks.toml", Bounds, "catalog/checks.toml"
    )


def check_folder(folder: Path) -> pd.DataFrame:
    """
    Check a region folder.

    Parameters
    ----------
    folder : Path
        Folder with ``scenario.toml`` and the layers that it names.

    Returns
    -------
    table : DataFrame of str
        One row for each fault, errors first: ``severity`` (``error`` stops the work, ``warning`` does not),
        ``layer`` (Chinese and English name and file), ``row``, ``column``, ``value``, ``rule``,
        ``remedy``. Empty when nothing is wrong.

    Examples
    --------
    >>> check_folder(Path("nowhere"))[["severity", "rule"]].to_numpy().tolist()
    [['error', 'the region folder does not exist']]
    """
    try:
        examined = examine(Path(folder))
    except InputError as error:
        return _table(error.faults, {})
    faults = [*examined.faults, *examined.warnings]
    for look in _LOOKS:
        faults.extend(look(examined))
    layers = examined.scenario.layers.vectors()
    shared = Counter(source.path for source in layers.values())
    names = {
        source.path: f"{schema.TABLES[name].zh} {name} ({source.path})"
        for name, source in layers.items()
        if shared[source.path] == 1
    }
    rasters_given = (
        (examined.scenario.layers.terrain, "地形 terrain"),
        (examined.scenario.layers.landcover, "土地覆盖 landcover"),
    )
    names |= {
        given.path: f"{name} ({given.path})"
        for given, name in rasters_given
        if given is not None and given.path is not None
    }
    return _table(faults, names)


def _table(faults: Iterable[Fault], names: dict[str, str]) -> pd.DataFrame:
    rows = [
        (
            fault.severity,
            names.get(fault.source, fault.source),
            fault.row,
            fault.column,
            fault.value,
            fault.rule,
            fault.remedy,
        )
        for fault in faults
    ]
    unique = list(dict.fromkeys(rows))
    table = pd.DataFrame(unique, columns=list(COLUMNS), dtype=object)
    return table.sort_values("severity", kind="stable", ignore_index=True)


def _warning(source: str, rule: str, remedy: str, **place: str) -> Fault:
    return Fault(source=source, rule=rule, remedy=remedy, severity="warning", **place)


def _rows(examined: Examined, name: str, mask: pd.Series) -> Iterator[tuple[int, str, str]]:
    """Rows of a layer by number, with the label and the file for the message."""
    frame = examined.frames[name]
    source = examined.scenario.layers.vectors()[name].path
    for i in np.flatnonzero(np.asarray(mask, dtype=bool)):
        row = str(frame["_row"].iloc[i])
        label = frame["name"].iloc[i] if "name" in frame else frame["id"].iloc[i]
        yield int(i), row if pd.isna(label) else f"{row} '{label}'", source


def _high_masts(examined: Examined) -> Iterator[Fault]:
    for name in ("sites", "poles"):
        frame = examined.frames.get(name)
        if frame is None or "height_m" not in frame:
            continue
        high = frame["height_m"] > bounds().mast_high_m
        for i, row, source in _rows(examined, name, high):
            yield _warning(
                source,
                f"masts are hardly higher than {bounds().mast_high_m:g} m",
                "Check the unit and the digits.",
                row=row,
                column="height_m",
                value=f"{frame['height_m'].iloc[i]:g}",
            )


def _same_codes(examined: Examined) -> Iterator[Fault]:
    for name, frame in examined.frames.items():
        if "code" not in frame:
            continue
        code = frame["code"]
        for i, row, source in _rows(examined, name, code.notna() & code.duplicated()):
            yield _warning(
                source,
                "the code stands twice in the layer",
                "Correct one of them, or delete the row that is there twice.",
                row=row,
                column="code",
                value=str(code.iloc[i]),
            )


def _same_places(examined: Examined) -> Iterator[Fault]:
    for name in _PLACES:
        frame = examined.frames.get(name)
        if frame is None or len(frame) < 2:  # noqa: PLR2004  # one is not two
            continue
        points = frame.geometry.to_numpy()
        near = shapely.STRtree(points).query(
            points, predicate="dwithin", distance=bounds().same_place_m
        )
        kind = frame["kind"].fillna("").to_numpy() if "kind" in frame else np.zeros(len(frame))
        pairs = near[:, (near[0] > near[1]) & (kind[near[0]] == kind[near[1]])]
        first = dict(zip(pairs[0][::-1].tolist(), pairs[1][::-1].tolist(), strict=True))
        mask = pd.Series(np.isin(np.arange(len(frame)), pairs[0]))
        for i, row, source in _rows(examined, name, mask):
            yield _warning(
                source,
                f"stands within {bounds().same_place_m:g} m of row {frame['_row'].iloc[first[i]]}",
                "Delete one if they are the same.",
                row=row,
                column="geometry",
            )


def _townships(examined: Examined) -> Iterator[Fault]:
    polygons = examined.frames.get("townships")
    if polygons is None:
        return
    shapes = dict(zip(polygons["id"], polygons.geometry, strict=True))
    for name in ("villages", "venues", "sites"):
        frame = examined.frames.get(name)
        if frame is None or "township" not in frame:
            continue
        around = np.array([shapes.get(word) for word in frame["township"]], dtype=object)
        distance = shapely.distance(frame.geometry.to_numpy(), around)
        for i, row, source in _rows(
            examined, name, pd.Series(distance > bounds().township_slack_m)
        ):
            yield _warning(
                source,
                "the point does not lie in its township",
                "Correct the position or the township.",
                row=row,
                column="township",
                value=f"{frame['township'].iloc[i]}, {distance[i] / 1e3:.1f} km away",
            )


def _years(examined: Examined) -> Iterator[Fault]:
    frame = examined.frames.get("stations")
    if frame is None or "year_on_air" not in frame:
        return
    year = frame["year_on_air"].astype("float64")
    first = frame["technology"].map(bounds().first_year).astype("float64")
    last = max(examined.scenario.targets.years)
    for mask, rule in (
        (year < first, "the station is older than its technology"),
        (year > last, f"the station goes on air after the last year of the plan, {last}"),
    ):
        for i, row, source in _rows(examined, "stations", mask):
            yield _warning(
                source,
                rule,
                "Correct the year or the technology.",
                row=row,
                column="year_on_air",
                value=f"{frame['technology'].iloc[i]} {year.iloc[i]:.0f}",
            )


def _population(examined: Examined) -> Iterator[Fault]:
    frame = examined.frames.get("villages")
    people = examined.scenario.region.population
    if frame is None or people is None or "population" not in frame:
        return
    total = float(frame["population"][frame["kind"] == "administrative"].sum())
    if total > bounds().population_high * people:
        yield _warning(
            examined.scenario.layers.vectors()["villages"].path,
            f"the villages hold more people than the county, {people:,.0f}",
            "Check the column, and whether natural villages are counted as administrative ones.",
            column="population",
            value=f"{total:,.0f}",
        )


def _unread(examined: Examined) -> Iterator[Fault]:
    for name, unread in examined.unread.items():
        source = examined.scenario.layers.vectors()[name].path
        if unread and not source.endswith((".pbf", ".osm")):
            yield _warning(
                source,
                "columns were not read: siteplan knows none of that name",
                "Nothing, or name them in a file of aliases (aliases in scenario.toml).",
                value=", ".join(unread[:20]),
            )


def _terrain(examined: Examined) -> Iterator[Fault]:
    source = examined.scenario.layers.terrain
    if source.path is None or examined.boundary is None or examined.crs is None:
        return
    radius_m = examined.scenario.radio.radius_m
    reach = examined.boundary.buffer(radius_m)
    west, south, east, north = reach.bounds
    cell_m = max(east - west, north - south) / _COARSE_CELLS
    geobox = make_geobox(reach, examined.crs, resolution_m=cell_m)
    try:
        terrain_m = rasters.read_terrain(examined.folder, source, geobox)
        finest_m = rasters.terrain_cell_m(examined.folder, source, geobox)
    except InputError:
        return  # told already
    area = geometry_mask([reach], geobox.shape, geobox.transform, invert=True)
    share = float(np.isnan(terrain_m[area]).mean())
    if share > bounds().missing_share:
        yield _warning(
            source.path,
            f"terrain is missing within {radius_m / 1e3:g} km of the boundary, where stations reach",
            "Give a raster that covers the boundary and that much more.",
            value=f"{share:.0%} of the area",
        )
    grid_m = examined.scenario.grid.resolution_m
    if finest_m > bounds().coarse_factor * grid_m:
        yield _warning(
            source.path,
            f"the terrain is coarser than the grid of {grid_m:g} m",
            "Give finer terrain, or use larger cells: the grid's detail is not real.",
            value=f"{finest_m:.0f} m",
        )


def _grid(examined: Examined) -> Iterator[Fault]:
    cell_m, radius_m = examined.scenario.grid.resolution_m, examined.scenario.radio.radius_m
    micro = any(network.micro for network in examined.scenario.networks)
    if cell_m > radius_m / 10.0 or (micro and cell_m > 200.0):  # noqa: PLR2004  # a micro cell's radius
        yield _warning(
            SCENARIO_FILE,
            "the grid is too coarse for the stations: a cell is as large as what they cover",
            "Use smaller cells.",
            column="grid.resolution_m",
            value=f"{cell_m:g}",
        )


def _code(examined: Examined) -> Iterator[Fault]:
    """Tell where nothing says whether a place lies in China: systems and shifts depend on it."""
    info = examined.scenario.region
    if info.code or examined.boundary is None or examined.crs is None:
        return
    place = gpd.GeoSeries([examined.boundary], crs=examined.crs).to_crs("EPSG:4326").iloc[0]
    if in_china(place, ANY_COUNTY):
        yield _warning(
            SCENARIO_FILE,
            "without a statistical code the region is not taken to lie in China",
            "Give its six digits, so that GCJ-02 and BD-09 are looked for; nothing, elsewhere.",
            column="region.code",
        )


_LOOKS: tuple[Callable[[Examined], Iterator[Fault]], ...] = (
    _high_masts, _same_codes, _same_places, _townships, _years, _population, _unread, _terrain, _grid,
    _code,
)  # fmt: skip
