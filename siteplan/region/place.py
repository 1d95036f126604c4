"""
Where the rows of a layer are: its coordinate reference system, as said, or as the boundary shows it.

Nothing is guessed in silence. What is not said is refused with the systems that would fit; what is said and
cannot be is refused with those that could.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import shapely

from siteplan import schema
from siteplan.errors import Fault, InputError
from siteplan.region import datum, values
from siteplan.region.fit import (
    EAST_DEG,
    FITS,
    GEOGRAPHIC,
    NORTH_DEG,
    PLAIN,
    PREFIXED,
    SHOWN,
    SIX_PLAIN,
    SIX_PREFIXED,
    SWAPPED,
    fit_in,
    ranking,
)
from siteplan.region.grid import ANY_COUNTY, in_china, parse_crs
from siteplan.region.headers import header_book, plain
from siteplan.region.lines import by_lines
from siteplan.region.misplaced import refuse_exchanged, refuse_misfit, rounded
from siteplan.region.sheets import ROW
from siteplan.scenario import SCENARIO_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pyproj import CRS

    from siteplan.region.fit import Fit, Reference
    from siteplan.region.headers import Headers
    from siteplan.region.readers import Raw
    from siteplan.scenario import LayerSource
    from siteplan.schema import Table

GUESS: Final = "guess"

_NAMELESS: Final = (".csv", ".txt", ".xlsx", ".xlsm", ".dxf", ".parquet")
_LAST_PLAIN = 4554
_FIRST_ZONE, _FIRST_SIX_ZONE = 25, 13  # their numbers
_ZONE_M = 1e6  # eastings begin with the number of the zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """
    Where the rows of a layer are, and what is wrong with that.

    Attributes
    ----------
    geometry : GeoSeries or None
        With its system, shifted coordinates taken back to WGS 84; None when the system is not known.
    nowhere : ndarray of bool
        Rows whose coordinates are no numbers.
    faults : tuple of Fault
        What stops the work.
    notes : tuple of Fault
        What was decided and does not stop it.
    """

    geometry: gpd.GeoSeries | None = None
    nowhere: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()


def undecided(path: Path, source: LayerSource) -> bool:
    """
    Whether the other layers must show the system of a file: nothing else says it.

    Parameters
    ----------
    path : Path
        File.
    source : LayerSource
        What the scenario says of its system.

    Returns
    -------
    undecided : bool
        True where it is to be guessed, and where neither the scenario nor the format names one.
    """
    if source.crs is not None:
        return source.crs.strip().lower() == GUESS
    suffix = path.suffix.lower()
    return suffix in _NAMELESS or (suffix == ".shp" and not path.with_suffix(".prj").exists())


def placed(
    raw: Raw, found: Headers, table: Table, source: LayerSource, reference: Reference | None
) -> Placed:
    """
    Geometry of a layer in the system that it is really in.

    Parameters
    ----------
    raw : Raw
        Rows of the file.
    found : Headers
        Its headers.
    table : Table
        Layer.
    source : LayerSource
        What the scenario says of its system.
    reference : Reference or None
        Boundary; None for the boundary itself.

    Returns
    -------
    placed : Placed
        Geometry, and all that is wrong: cells that are no numbers, a system that is unknown or contradicts
        the file or the boundary.
    """
    try:
        shapes, order, from_sheet, bad = _shapes(raw, found, source)
    except InputError as error:
        return Placed(faults=tuple(error.faults))
    nowhere = np.zeros(len(shapes), dtype=bool)
    if bad:
        nowhere = np.isnan(shapely.get_x(shapes))
        if nowhere.all():
            return Placed(faults=bad)
    try:
        geometry, notes = _system(raw, found, (shapes, order, from_sheet), table, source, reference)
    except InputError as error:
        return Placed(nowhere=nowhere, faults=(*bad, *error.faults))
    return Placed(geometry=geometry, nowhere=nowhere, faults=bad, notes=notes)


def _system(
    raw: Raw,
    found: Headers,
    drawn: tuple[NDArray[np.object_], str, bool],
    table: Table,
    source: LayerSource,
    reference: Reference | None,
) -> tuple[gpd.GeoSeries, tuple[Fault, ...]]:
    """Shapes in their system, and what was decided."""
    shapes, order, from_sheet = drawn
    if "system" in found.position and len(shapes):
        shapes, source = _by_row(raw, found.position["system"], shapes, source)
    stated, faults = _stated(raw, found, shapes, table, source)
    where = f"layers.{table.name}.crs"
    if stated is None or stated == GUESS:
        if reference is None and len(shapes):
            raise InputError([_unnamed_boundary(shapes, stated, source, table)])
        ranked = _ranked(shapes, table, reference)
        stated, more = _chosen(stated, ranked, table, source)
        return _in_system(shapes, stated, where), (*faults, *more)
    if order == "xy" and reference is not None and not SWAPPED.search(stated):
        # a survey table calls the northing X: the boundary shows which it is
        both = [fit_in(shapes, system, reference) for system in (stated, f"{stated} swapped")]
        if both[1].inside > max(both[0].inside, FITS):
            stated = both[1].crs
            faults = (*faults, _note(source, "X", "the column X holds the northing, Y the easting"))
    geometry = _in_system(shapes, stated, where)
    if reference is not None and len(shapes):
        refuse_misfit(shapes, stated, reference, source, said=raw.crs is None or from_sheet)
        refuse_exchanged(raw, shapes, stated, reference, source)
    if from_sheet:
        faults = (*faults, *rounded(geometry, source))
    return geometry, faults


def _by_row(
    raw: Raw, header: str, shapes: NDArray[np.object_], source: LayerSource
) -> tuple[NDArray[np.object_], LayerSource]:
    """Rows that a column says to be shifted taken back, and what is still to be said of the layer."""
    words = {
        plain(word): system
        for system, named in header_book().systems.items()
        for word in (system, *named)
    }
    text = raw.cells[header].astype("string").fillna("").map(plain)
    blank = text.isin(schema.MISSING_WORDS).to_numpy(dtype=bool)
    if not text.isin(words).any():
        return shapes, source  # the column says something else
    strange = np.flatnonzero(~blank & ~text.isin(words).to_numpy(dtype=bool))
    system = text.map(words).to_numpy(dtype=object)
    layer = (source.crs or "").strip().lower()
    if layer in datum.SHIFTED:
        system[blank] = layer
    bounds = np.abs(np.array(shapely.total_bounds(shapes)))
    degrees = bool((raw.crs is None or raw.crs.is_geographic) and bounds.max() <= EAST_DEG)
    shifted = np.isin(system.astype(str), datum.SHIFTED)
    wrong = [
        Fault(
            source=source.path,
            row=str(raw.cells[ROW].iloc[i]),
            column=header,
            value=str(raw.cells[header].iloc[i])[:80],
            rule=rule,
            remedy="Write CGCS2000, WGS84, GCJ02 or BD09, or leave it blank where the layer's system counts.",
        )
        for rule, rows in (
            ("no such system of a row", strange),
            ("metres are not shifted", np.flatnonzero(shifted & ~degrees)),
        )
        for i in rows[: values.MOST_TOLD]
    ]
    if wrong:
        raise InputError(wrong)
    shapes = shapes.copy()
    for name in datum.SHIFTED:
        rows = system == name
        with np.errstate(invalid="ignore"):
            shapes[rows] = datum.geometry_to_wgs84(shapes[rows], datum=name)
    said = layer in datum.SHIFTED or (source.crs is None and degrees and not blank.any())
    crs = (GEOGRAPHIC if raw.crs is None else None) if said else source.crs
    return shapes, source.model_copy(update={"crs": crs})


def _note(source: LayerSource, value: str, rule: str) -> Fault:
    return Fault(
        source=source.path,
        column="geometry",
        value=value,
        rule=rule,
        remedy="Nothing, when the map looks right.",
        severity="warning",
    )


def _shapes(
    raw: Raw, found: Headers, source: LayerSource
) -> tuple[NDArray[np.object_], str, bool, tuple[Fault, ...]]:
    """Geometry in the file's numbers, first axis first; kind of axes; whether of columns; bad cells."""
    blank = raw.geometry is None or bool(shapely.is_missing(raw.geometry).all())
    position = found.position
    if raw.geometry is not None and not (blank and position and len(raw.cells)):
        return raw.geometry, "geometry", False, ()
    if "wkt" in position:
        texts = raw.cells[position["wkt"]].astype("string")
        shapes = shapely.from_wkt(texts.fillna("").to_numpy(dtype=object), on_invalid="ignore")
        return np.asarray(shapely.force_2d(shapes)), "geometry", True, ()
    for first, second in (("longitude", "latitude"), ("easting", "northing"), ("x", "y")):
        if first in position or second in position:
            break
    else:
        first, second = "longitude", "latitude"
    short = {"longitude": "lon", "latitude": "lat"}
    zh = {"longitude": "经度", "latitude": "纬度", "easting": "东坐标", "northing": "北坐标"}
    if {first, second} & {fault.column for fault in found.faults}:
        raise InputError([])  # told already: two headers may be the column
    for axis in (first, second):
        if axis not in position:
            fault = Fault(
                source=source.path,
                rule=f"no column {short.get(axis, axis)}",
                value=", ".join(str(name) for name in raw.cells.columns[:12] if name != ROW),
                remedy=f"Name a column {short.get(axis, axis)} or {zh.get(axis, axis)}.",
            )
            raise InputError([fault])
    read = [_axis(raw, position[axis], source) for axis in (first, second)]
    numbers = np.column_stack([axis for axis, _ in read])
    numbers[~np.isfinite(numbers).all(axis=1)] = np.nan
    points = np.asarray(shapely.points(numbers))
    bad = (*read[0][1], *read[1][1])
    return points, first + second if first == "x" else first, True, bad


def _axis(
    raw: Raw, header: str, source: LayerSource
) -> tuple[NDArray[np.float64], tuple[Fault, ...]]:
    column = raw.cells[header]
    numbers = values.degrees(column)
    bad = np.flatnonzero(~np.isfinite(numbers))
    faults = [
        Fault(
            source=source.path,
            row=str(raw.cells[ROW].iloc[i]),
            column=header,
            value=repr(column.iloc[i])[:80],
            rule="a coordinate must be a number",
            remedy="Correct the cell or delete the row.",
        )
        for i in bad[: values.MOST_TOLD]
    ]
    if len(bad) > values.MOST_TOLD:
        faults.append(
            values.more_rows(source.path, header, len(bad), "a coordinate must be a number")
        )
    return numbers, tuple(faults)


def _stated(
    raw: Raw, found: Headers, shapes: NDArray[np.object_], table: Table, source: LayerSource
) -> tuple[str | None, tuple[Fault, ...]]:
    """Find the system that scenario, file and headers agree on; None when none of them says."""
    own = None if raw.crs is None else raw.crs.to_string()
    if found.datum is not None and own is None:
        own = found.datum
        if source.crs is not None and source.crs.lower() != own:
            raise InputError([_contradiction(source, table, f"its headers say {own}")])
        return own, ()
    if source.crs is None or own is None:
        return source.crs.strip() if source.crs is not None else own, ()
    given = source.crs.strip()
    if given.lower() in datum.SHIFTED:
        if raw.crs is not None and raw.crs.is_geographic:
            return given.lower(), ()  # shifted files are labelled WGS 84: the planner knows better
        raise InputError([_contradiction(source, table, f"the file says {own}")])
    if given.lower() == GUESS:
        return (GUESS if raw.assumed or _impossible(shapes, raw.crs) else own), ()
    system = parse_crs(SWAPPED.sub("", given), SCENARIO_FILE, f"layers.{table.name}.crs")
    if SWAPPED.search(given) is None and raw.crs is not None and _same(system, raw.crs):
        return own, ()
    if raw.assumed or _impossible(shapes, raw.crs) or SWAPPED.search(given):
        rule = f"the file says {own}, the scenario {given}: the scenario's is taken"
        return given, () if raw.assumed else (_note(source, given, rule),)
    raise InputError([_contradiction(source, table, f"the file says {own}")])


def _contradiction(source: LayerSource, table: Table, found: str) -> Fault:
    return Fault(
        source=SCENARIO_FILE,
        column=f"layers.{table.name}.crs",
        value=str(source.crs),
        rule=f"{found}, and {source.path} can only be in one system",
        remedy="Leave crs out if the file is right; else save the file with the right system.",
    )


def _same(left: CRS, right: CRS) -> bool:
    """Whether two systems are one at this scale: WGS 84 and CGCS2000 differ by centimetres."""
    if left == right or (left.is_geographic and right.is_geographic):
        return left == right or {_datum_name(left), _datum_name(right)} <= {"wgs84", "cgcs2000"}
    return bool(left.equals(right, ignore_axis_order=True))


def _datum_name(system: CRS) -> str:
    name = (system.datum.name if system.datum is not None else system.name).lower()
    if "china 2000" in name or "cgcs" in name:
        return "cgcs2000"
    return "wgs84" if "world geodetic system 1984" in name or "wgs" in name else name


def _impossible(shapes: NDArray[np.object_], system: CRS | None) -> bool:
    """Whether numbers cannot be degrees although the file says so."""
    if system is None or not system.is_geographic:
        return False
    bounds = shapely.total_bounds(shapes)
    if not np.isfinite(bounds).all():
        return False
    return bool(
        max(abs(bounds[0]), abs(bounds[2])) > EAST_DEG or np.abs(bounds).max() > 2 * EAST_DEG
    )


def _in_system(shapes: NDArray[np.object_], stated: str, where: str) -> gpd.GeoSeries:
    if SWAPPED.search(stated):
        shapes = _swapped(shapes)
        stated = SWAPPED.sub("", stated)
    if stated.lower() in datum.SHIFTED:
        name: datum.Shifted = "gcj02" if stated.lower() == "gcj02" else "bd09"
        with np.errstate(invalid="ignore"):
            return gpd.GeoSeries(datum.geometry_to_wgs84(shapes, datum=name), crs="EPSG:4326")
    return gpd.GeoSeries(shapes, crs=parse_crs(stated, SCENARIO_FILE, where))


def _swapped(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.asarray(shapely.transform(shapes, lambda corners: corners[:, ::-1]))


def _ranked(shapes: NDArray[np.object_], table: Table, reference: Reference | None) -> list[Fit]:
    """Systems by their fit to the boundary, and to the lines where these tell them apart."""
    if reference is None:
        return []
    return by_lines(ranking(shapes, reference), shapes, table.name, reference)


def _chosen(
    stated: str | None, ranked: list[Fit], table: Table, source: LayerSource
) -> tuple[str, tuple[Fault, ...]]:
    """Take the best system when the scenario says guess; else, or when none fits, name those that do."""
    good = [fit for fit in ranked if fit.inside >= FITS]
    if stated == GUESS and good:
        best = good[0]
        by = "the boundary and the lines" if best.on_lines else "the boundary"
        rule = f"the system was guessed from {by}: {best}"
        return best.crs, (_note(source, "; ".join(map(str, good[1:SHOWN])), rule),)
    shown = "; ".join(map(str, (good or ranked)[:SHOWN]))
    rule = "the file names no coordinate reference system"
    if stated == GUESS:
        rule = "no system fits the boundary"
    say = f"under [layers.{table.name}]"
    remedy = f'Say crs = "EPSG:..." {say}, with the number of the system that the file is in.'
    if good:
        remedy = f'Say crs = "{good[0].crs}" (or what it is) {say}'
        remedy += '; crs = "guess" takes the first.' if stated is None else "."
    fault = Fault(source=source.path, column="geometry", value=shown, rule=rule, remedy=remedy)
    raise InputError([fault])


def _unnamed_boundary(
    shapes: NDArray[np.object_], stated: str | None, source: LayerSource, table: Table
) -> Fault:
    """Say what the numbers of a layer can be that no boundary judges, such as the boundary itself."""
    west, south, east, north = (float(value) for value in shapely.total_bounds(shapes))
    say = f"under [layers.{table.name}]"
    prefix, swapped = int(west // _ZONE_M), int(south // _ZONE_M)
    zones = {_FIRST_ZONE + i: PREFIXED + i for i in range(PLAIN - PREFIXED)}
    zones |= {_FIRST_SIX_ZONE + i: SIX_PREFIXED + i for i in range(SIX_PLAIN - SIX_PREFIXED)}
    if max(abs(west), abs(east)) <= EAST_DEG and max(abs(south), abs(north)) <= EAST_DEG:
        order = " swapped" if max(abs(south), abs(north)) > NORTH_DEG else ""
        box = (
            shapely.box(south, west, north, east)
            if order
            else shapely.box(west, south, east, north)
        )
        remedy = f'Say crs = "EPSG:4326{order}" {say}.'
        if in_china(box, ANY_COUNTY):
            remedy = (
                f'Say crs = "{GEOGRAPHIC}{order}" {say}, '
                f'or crs = "gcj02{order}" for one of a map service.'
            )
    elif prefix in zones or swapped in zones:
        code, order = (zones[prefix], "") if prefix in zones else (zones[swapped], " swapped")
        remedy = f'The numbers begin with the zone: say crs = "EPSG:{code}{order}" {say}.'
    else:
        remedy = (
            f'The numbers are metres without a zone: say which {say}, in China crs = "EPSG:{PLAIN}" '
            f'(75 E) to "EPSG:{_LAST_PLAIN}" (135 E) by the central meridian.'
        )
    return Fault(
        source=source.path,
        column="geometry",
        value=f"{west:,.10g} to {east:,.10g}, {south:,.10g} to {north:,.10g}",
        rule="the file names no coordinate reference system"
        if stated is None
        else "a guess goes by the boundary, and this is the boundary",
        remedy=remedy,
    )
