"""
Open data brought into a region folder: terrain, land cover, population, OpenStreetMap layers.

Each product is written under a temporary name in the folder and then renamed, and entered in
``fetched.json`` with its source, size, hash and licence. A run that fails or is stopped keeps the products
that are complete; the next run goes on with the rest.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import geopandas as gpd
import shapely
from pyproj import Transformer

from siteplan import catalog, schema
from siteplan.errors import Fault, InputError, OutputError
from siteplan.region import osm, tables, tiles, transfer
from siteplan.region.grid import projected_crs, without_exclaves
from siteplan.region.sources import read_sources
from siteplan.scenario import SCENARIO_FILE, Layers, LayerSource, Scenario, inside

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from siteplan.region.sources import Product, Sources
    from siteplan.region.tiles import Bounds, Tile
    from siteplan.region.transfer import Remote

KINDS: Final = ("dem", "landcover", "population", "osm")
"""What can be fetched."""

RECORD: Final = "fetched.json"
"""File of the folder that says where each fetched file comes from."""

MARGIN_M: Final = 15_000.0
"""Width around the boundary that is fetched too: signals come in from there. [m]"""

COUNTRY: Final = "CHN"

_TEMPORARY: Final = ".siteplan-fetch-"
_ABANDONED_AFTER_S: Final = 86_400.0
_MOST_AREA_RATIO: Final = 50.0
_MOST_BOX_KM2: Final = 10_000.0
_NAMES = {"dem": "dem.tif", "landcover": "landcover.tif", "population": "population.tif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """
    One file that was brought.

    Attributes
    ----------
    path : str
        Name in the region folder.
    what, product : str
        Kind of data, and name in the catalogue.
    size_bytes : int
        Size.
    sha256 : str
        Hash of its bytes.
    fetched : str
        Date and time, UTC.
    bounds : tuple of float
        West, south, east and north edge. [deg]
    sources : tuple of dict
        Address, size and version of each file that it was made from.
    absent : tuple of str
        Tiles that are not published: open sea.
    void : float
        Share of the box without a value.
    rows : mapping of str to int
        Rows of each layer, for OpenStreetMap.
    title, licence, attribution, note : str
        Terms, and what a reader must know.
    """

    path: str
    what: str
    product: str
    size_bytes: int
    sha256: str
    fetched: str
    bounds: tuple[float, float, float, float]
    sources: tuple[dict[str, Any], ...]
    absent: tuple[str, ...] = ()
    void: float = 0.0
    rows: Mapping[str, int] | None = None
    title: str = ""
    licence: str = ""
    attribution: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """
    What a fetch gave.

    Attributes
    ----------
    files : tuple of FetchedFile
        In the order asked for.
    kept : tuple of str
        Those that were there already, from an earlier fetch of the same.
    warnings : tuple of Fault
        Tiles of open sea, voids, features lost at an edge.
    """

    files: tuple[FetchedFile, ...]
    kept: tuple[str, ...]
    warnings: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchArea:
    """
    Area that is fetched.

    Attributes
    ----------
    boundary : Polygon or MultiPolygon
        Boundary in EPSG:4326, longitude first. [deg]
    bounds : tuple of float
        West, south, east and north edge of the box around it, margin included. [deg]
    left_out_km2 : tuple of float
        Areas of parts of the boundary that lie far from the largest and are left out. [km2]
    """

    boundary: BaseGeometry
    bounds: Bounds
    left_out_km2: tuple[float, ...] = ()


def fetch_area(folder: Path, source: LayerSource, *, margin_m: float = MARGIN_M) -> FetchArea:
    """
    Area that is fetched for a boundary.

    Parameters
    ----------
    folder : Path
        Folder with the boundary.
    source : LayerSource
        File with the boundary, of any format that a region takes, and how it is read.
    margin_m : float
        Width around the boundary. [m]

    Returns
    -------
    area : FetchArea
        The boundary without far exclaves, and the box around it.

    Raises
    ------
    InputError
        When the boundary cannot be read, or its box holds almost nothing but other areas.
    """
    frame = tables.read_table(folder, schema.TABLES["boundary"], source)
    shape = shapely.union_all(frame.geometry.to_numpy())
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    middle = gpd.GeoSeries([largest], crs=frame.crs).to_crs("EPSG:4326").iloc[0]
    projected = projected_crs(middle, china=False)
    area, far = without_exclaves(gpd.GeoSeries([shape], crs=frame.crs).to_crs(projected).iloc[0])
    place = gpd.GeoSeries([area], crs=projected).to_crs("EPSG:4326").iloc[0]
    box_km2 = area.envelope.area / 1e6
    if box_km2 > max(_MOST_BOX_KM2, _MOST_AREA_RATIO * area.area / 1e6):
        fault = Fault(
            source=source.path,
            value=f"{box_km2:,.0f} km² around {area.area / 1e6:,.0f} km²",
            rule="the parts of the boundary lie too far apart to fetch what is between them",
            remedy="Leave the far part out of the file, or fetch for each part.",
        )
        raise InputError([fault])
    west, south, east, north = area.bounds
    outward = Transformer.from_crs(projected, "EPSG:4326", always_xy=True)
    found = outward.transform_bounds(
        west - margin_m, south - margin_m, east + margin_m, north + margin_m
    )
    west, south, east, north = (round(value, 6) for value in found)
    return FetchArea(
        boundary=place,
        bounds=(west, south, east, north),
        left_out_km2=tuple(part.area / 1e6 for part in far),
    )


def fetch(
    folder: Path,
    area: FetchArea,
    *,
    what: Sequence[str] = KINDS,
    sources: Sources | None = None,
    extract: str | None = None,
    country: str = COUNTRY,
) -> Fetched:
    """
    Bring open data into a region folder.

    ``dem.tif``, ``landcover.tif``, ``population.tif`` and ``osm.gpkg`` with a layer for each table that
    OpenStreetMap can fill, and ``fetched.json`` with the source, size, hash and licence of each. What an
    earlier fetch brought for the same area is kept; a file that is not from a fetch, or was changed since,
    is never replaced.

    Parameters
    ----------
    folder : Path
        Region folder; made when missing.
    area : FetchArea
        From :func:`fetch_area`.
    what : sequence of str
        Of :data:`KINDS`; a product other than the default as in ``population=worldpop``.
    sources : Sources, optional
        From :func:`siteplan.region.sources.read_sources`; the catalogue's when missing.
    extract : str, optional
        OpenStreetMap extract, path or URL; needed for ``osm``.
    country : str
        Three letters of ISO 3166, for products of one file a country.

    Returns
    -------
    fetched : Fetched
        What was brought, what was there, and what to know.

    Raises
    ------
    InputError
        When something asked for does not exist or cannot be brought; what is complete is kept.
    OutputError
        When the folder cannot be written, or holds a file of the user's in the way.
    """
    sources = read_sources() if sources is None else sources
    jobs = _jobs(what, sources, extract, country)
    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        record = _read_record(folder)
        kept = [job for job in jobs if _is_there(folder, job, area, record)]
        todo = [job for job in jobs if job not in kept]
        _refuse_users_files(folder, todo, record)
        _remove_abandoned(folder)
        files, warnings = [], []
        try:
            for job in todo:
                file, more = _bring(folder, job, area, sources)
                files.append(file)
                warnings.extend(more)
        finally:
            if made and not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{folder} could not be written: {error}. Free space on the disk, or fetch into a folder that "
            "you may write."
        ) from error
    return Fetched(
        files=tuple(files), kept=tuple(job.path for job in kept), warnings=tuple(warnings)
    )


def scenario_boundary(folder: Path) -> LayerSource:
    """
    Boundary that the scenario of a folder names.

    Parameters
    ----------
    folder : Path
        Region folder.

    Returns
    -------
    source : LayerSource
        The file, inside the folder, and how it is read.

    Raises
    ------
    InputError
        When there is no scenario, or it names no boundary inside the folder.
    """
    try:
        scenario = catalog.parse_toml(folder / SCENARIO_FILE, Scenario, SCENARIO_FILE)
    except InputError as error:
        fault = Fault(
            source="--boundary",
            rule=f"it is not given, and {SCENARIO_FILE} cannot stand in for it",
            remedy="Give the file with the boundary.",
        )
        raise InputError([fault, *error.faults]) from None
    inside(folder, scenario.layers.boundary.path)
    return scenario.layers.boundary


def scenario_lines(fetched: Fetched) -> str:
    """
    Lines for ``scenario.toml`` that take what was fetched.

    Parameters
    ----------
    fetched : Fetched
        From :func:`fetch`.

    Returns
    -------
    text : str
        TOML.
    """
    paths = [*fetched.kept, *(file.path for file in fetched.files)]
    parts = []
    if _NAMES["dem"] in paths:
        parts.append(f'[layers.terrain]\npath = "{_NAMES["dem"]}"\n')
    if _NAMES["landcover"] in paths and "landcover" in Layers.model_fields:
        parts.append(
            f'[layers.landcover]\npath = "{_NAMES["landcover"]}"\nclasses = "worldcover"\n'
        )
    for file in fetched.files:
        parts.extend(
            f'[layers.{layer}]\npath = "{file.path}"\nlayer = "{layer}"\n'
            for layer, rows in (file.rows or {}).items()
            if rows
        )
    return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    what: str
    name: str
    path: str
    origin: str
    country: str = ""


def _jobs(what: Sequence[str], sources: Sources, extract: str | None, country: str) -> list[_Job]:
    faults: list[Fault] = []
    jobs: dict[str, _Job] = {}
    for item in what:
        kind, _, wanted = item.strip().partition("=")
        if kind not in KINDS:
            faults.append(catalog.unknown_name("--what", "", kind, KINDS))
        elif kind == "osm":
            if extract is None:
                faults.append(_no_extract())
            else:
                jobs[kind] = _Job(what=kind, name="osm", path="osm.gpkg", origin=extract)
        else:
            names = [name for name, product in sources.products.items() if product.what == kind]
            default = next(name for name in names if sources.products[name].default)
            name = wanted or default
            if name not in names:
                faults.append(catalog.unknown_name("--what", kind, name, names))
                continue
            product = sources.products[name]
            jobs[kind] = _Job(
                what=kind, name=name, path=_NAMES[kind], origin=product.base, country=country
            )
    if faults:
        raise InputError(faults)
    return list(jobs.values())


def _no_extract() -> Fault:
    return Fault(
        source="--what",
        value="osm",
        rule="OpenStreetMap comes from an extract, and none is named",
        remedy="Download the province from download.geofabrik.de and give the file with --extract, or "
        "give the address of the file itself.",
    )


def _is_there(
    folder: Path, job: _Job, area: FetchArea, record: Mapping[str, dict[str, Any]]
) -> bool:
    """Whether an earlier fetch brought the same for the same area, and nobody changed it."""
    entry = record.get(job.path)
    path = folder / job.path
    if entry is None or not path.is_file() or entry.get("sha256") != transfer.sha256(path):
        return False
    origin = transfer.public(job.origin)
    same = entry.get("product") == job.name and entry.get("origin") == origin
    return same and tuple(entry.get("bounds", ())) == area.bounds


def _refuse_users_files(
    folder: Path, jobs: Sequence[_Job], record: Mapping[str, dict[str, Any]]
) -> None:
    taken = [
        job.path
        for job in jobs
        if (folder / job.path).exists()
        and record.get(job.path, {}).get("sha256") != _sha256_or_none(folder / job.path)
    ]
    if taken:
        raise OutputError(
            f"{folder} holds {', '.join(taken)}, not brought by a fetch or changed since. Move or rename "
            "them, or leave them out of --what."
        )


def _sha256_or_none(path: Path) -> str:
    return transfer.sha256(path) if path.is_file() else ""


def _bring(
    folder: Path, job: _Job, area: FetchArea, sources: Sources
) -> tuple[FetchedFile, list[Fault]]:
    """Make one file under a temporary name, move it into place, and enter it in the record."""
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=folder) as temporary:
        made = Path(temporary) / job.path
        if job.what == "osm":
            file, warnings = _bring_osm(made, job, area, sources)
        else:
            file, warnings = _bring_raster(made, job, area, sources)
        target = folder / job.path
        made.replace(target)
        try:
            _enter(folder, file, job)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return file, warnings


def _bring_raster(
    path: Path, job: _Job, area: FetchArea, sources: Sources
) -> tuple[FetchedFile, list[Fault]]:
    product = sources.products[job.name]
    names = tiles.tile_names(product, area.bounds, job.country)
    found = tiles.look_up_tiles(product, names, sources.transfer)
    void = tiles.write_raster(product, found, area.bounds, path, sources.transfer)
    absent = tuple(tile.name for tile in found if tile.remote is None)
    file = FetchedFile(
        path=job.path,
        what=job.what,
        product=job.name,
        size_bytes=path.stat().st_size,
        sha256=transfer.sha256(path),
        fetched=_now(),
        bounds=area.bounds,
        sources=tuple(_source(tile.remote) for tile in found if tile.remote is not None),
        absent=absent,
        void=round(void, 6),
        title=product.title,
        licence=product.licence,
        attribution=product.attribution,
        note=product.note,
    )
    return file, _raster_warnings(product, found, file)


def _raster_warnings(product: Product, found: Sequence[Tile], file: FetchedFile) -> list[Fault]:
    warnings = []
    if file.absent:
        sure = all(tile.unlisted for tile in found if tile.remote is None)
        listed = "the publisher lists none" if sure else "no list of tiles was there to confirm it"
        warnings.append(
            Fault(
                source=file.path,
                value=", ".join(file.absent),
                rule=f"{len(file.absent)} tiles do not exist ({listed}): taken for open sea, without values",
                remedy="Nothing where the sea is; on land the mirror is incomplete.",
                severity="warning",
            )
        )
    elif file.void:
        warnings.append(
            Fault(
                source=file.path,
                value=f"{file.void:.1%} of the box",
                rule=f"{product.title} has no value there",
                remedy="Nothing, when that is water or outside the country.",
                severity="warning",
            )
        )
    return warnings


def _bring_osm(
    path: Path, job: _Job, area: FetchArea, sources: Sources
) -> tuple[FetchedFile, list[Fault]]:
    remote = transfer.look_up(job.origin, sources.transfer)
    if remote is None:
        fault = Fault(
            source=transfer.public(job.origin),
            rule="there is no such extract",
            remedy="Check the path, or the address at download.geofabrik.de.",
        )
        raise InputError([fault])
    source = Path(job.origin)
    if transfer.is_url(job.origin):
        xml = urlsplit(job.origin).path.endswith(".osm")
        source = path.with_name("extract.osm" if xml else "extract.osm.pbf")
        transfer.download(remote, source, sources.transfer)
    rows, warnings = osm.write_osm_layers(source, area.boundary, area.bounds, path)
    file = FetchedFile(
        path=job.path,
        what=job.what,
        product=job.name,
        size_bytes=path.stat().st_size,
        sha256=transfer.sha256(path),
        fetched=_now(),
        bounds=area.bounds,
        sources=(_source(remote),),
        rows=rows,
        title=sources.osm.title,
        licence=sources.osm.licence,
        attribution=sources.osm.attribution,
        note="as mapped by volunteers: what is not mapped is unknown",
    )
    return file, warnings


def _source(remote: Remote) -> dict[str, Any]:
    return asdict(remote) | {"address": transfer.public(remote.address)}


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="seconds")


def _read_record(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / RECORD
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_bytes())["files"]
        return {str(name): dict(entry) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        fault = Fault(
            source=RECORD,
            rule="it is not what a fetch writes",
            remedy="Move it away; the files that it spoke of count as your own then.",
        )
        raise InputError([fault]) from None


def _enter(folder: Path, file: FetchedFile, job: _Job) -> None:
    entry = asdict(file) | {"origin": transfer.public(job.origin)}
    entries = _read_record(folder) | {file.path: entry}
    text = json.dumps({"format": 1, "files": entries}, ensure_ascii=False, indent=2, sort_keys=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=folder, prefix=_TEMPORARY, delete=False
    ) as new:
        new.write(f"{text}\n")
    Path(new.name).replace(folder / RECORD)


def _remove_abandoned(folder: Path) -> None:
    """Remove what a fetch left that was killed; one that still runs is younger."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)
