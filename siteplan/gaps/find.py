"""Uncovered samples of one technology that touch or lie close together are one gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage
from scipy.spatial import cKDTree
from tqdm.auto import tqdm

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.gaps.cause import (
    MOST,
    Finding,
    find_cause,
    find_remedy,
    no_stations,
    spread,
)
from siteplan.gaps.view import Surroundings
from siteplan.gaps.words import DATA_MISSING, INTERFERENCE
from siteplan.targets import COVERED, NOT_KNOWN, UNCOVERED
from siteplan.targets.operators import of_operator
from siteplan.units import CENTI, METRES_PER_KM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from siteplan.catalog import Definition, Rule
    from siteplan.coverage.network import Coverage
    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.targets import Evaluation

POINT_REACH_M: Final = 1500.0
"""Uncovered villages and venues this near to each other are one gap. [m]"""

VILLAGE_NEAR_M: Final = 5000.0
"""A village this near lends its name to a gap. [m]"""

COLUMNS: Final = (
    "technology",
    "operator",
    "rule_class",
    "rules",
    "due_year",
    "name",
    "township",
    "cause",
    "size",
    "unit",
    "items",
    "people",
    "depth_db",
    "station_km",
    "station_id",
    "ridge_m",
    "ridge_easting_m",
    "ridge_northing_m",
    "remedy",
    "remedy_site",
    "hindrance",
    "closes",
    "left",
    "closed_year",
)


@dataclass(frozen=True, slots=True)
class _Places:
    """Stations of one technology: those in service, those that may be added, those that may not."""

    technology: str
    standing: Surroundings
    candidates: Surroundings
    excluded: Surroundings

    @classmethod
    def of(
        cls,
        region: Region,
        in_service: pd.DataFrame,
        candidates: pd.DataFrame | None,
        technology: str,
        operator: str,
    ) -> _Places:
        """Sort the stations of a technology, and of one operator where each must cover."""
        own = of_operator(in_service, operator)
        standing = in_service[own & (in_service["technology"] == technology)]
        if candidates is None or candidates.empty:
            offered = closed = no_stations()
        else:
            mine = candidates[of_operator(candidates, operator)]
            mine = mine[mine["technology"] == technology]
            offered = mine[~mine.index.isin(standing.index) & mine["allowed"].to_numpy(dtype=bool)]
            closed = mine[~mine["allowed"].to_numpy(dtype=bool)]
        return cls(
            technology,
            Surroundings(region, standing),
            Surroundings(region, offered),
            Surroundings(region, closed),
        )


class _Worth:
    """What covering cells adds to one rule, as a share of its items or samples, up to its shortfall."""

    def __init__(
        self,
        region: Region,
        rule: Rule,
        demand: Demand,
        evaluation: Evaluation,
        case: tuple[int, str],
    ) -> None:
        year, operator = case
        self.demand = demand
        self.rule = rule
        self.missed = evaluation.networks[rule.id, year][operator].states <= UNCOVERED
        result = evaluation.region_result(rule.id, year, operator)
        shortfall = float(str(result["shortfall"]))
        self.shortfall = shortfall if rule.strict and shortfall > 0.0 else 0.0
        self.total = demand.item_weight()
        self.lacking = np.bincount(
            demand.item, weights=demand.weight * self.missed, minlength=len(demand.items)
        )
        self.allowed = (1.0 - region.scenario.definition(rule)[1].share) * self.total

    def of(self, cells: NDArray[np.int64]) -> float:
        if self.shortfall == 0.0:
            return 0.0
        mine = self.missed & np.isin(self.demand.cell, cells)
        weight = self.demand.weight * mine
        if self.rule.measure == "pooled":
            return min(float(weight.sum() / self.total.sum()), self.shortfall)
        n = len(self.demand.items)
        closed = np.bincount(self.demand.item, weights=weight, minlength=n)
        met = (closed > 0.0) & (self.lacking - closed <= self.allowed * (1.0 + 1e-9))
        return min(float(met.sum() / n), self.shortfall)


@dataclass(frozen=True, slots=True)
class _Members:
    """Uncovered samples of one gap, the rule that they are taken from and the definition that they miss."""

    rule_id: str
    definition: Definition
    demand: Demand
    samples: NDArray[np.int64]
    states: NDArray[np.int8]


def find_gaps(
    region: Region,
    demands: Mapping[str, Demand],
    evaluation: Evaluation,
    stations: pd.DataFrame,
    year: int,
    *,
    candidates: pd.DataFrame | None = None,
    later: Evaluation | None = None,
) -> gpd.GeoDataFrame:
    """
    Group uncovered demand that is connected, at the end of a year.

    Parameters
    ----------
    region : Region
        Grid, townships, radio assumptions.
    demands : mapping of str to Demand
        By rule id.
    evaluation : Evaluation
        Signals, and states of all samples. Where each of several operators must cover, each of them has
        gaps of its own.
    stations : DataFrame
        Stations of the network.
    year : int
        Year of the network.
    candidates : DataFrame, optional
        Stations that may be added, as :func:`siteplan.selection.candidates.candidate_stations`; those in
        service already are passed over.
    later : Evaluation, optional
        Of the plan: tells what it leaves of each gap, and from which year on nothing.

    Returns
    -------
    gaps : GeoDataFrame
        Within each technology and class, what closes most first, indexed by ``gap_id``: ``technology``,
        ``operator`` (whose gap it is; "" where any operator will do), ``rule_class``, ``rules`` (ids joined
        by ``;``), ``due_year`` (the first in which one of them with a pass mark is due; missing when none
        is), ``name``, ``township`` (id), ``cause``,
        ``size`` and ``unit`` (m2, m or points), ``items``, ``people`` (NaN where unknown),
        ``depth_db`` (median decibels short, NaN where no station reaches), ``station_km`` (to the nearest
        station of the technology), ``station_id`` (that would serve it but for the cause), ``ridge_m``,
        ``ridge_easting_m``, ``ridge_northing_m`` (the obstacle between: height above the line of sight,
        and place), ``remedy``, ``remedy_site``, ``hindrance`` (why no candidate helps), ``closes`` (what
        closing it adds to the strict rules that are missed, in shares added up), ``left`` (of the size, at
        the end of the last year of `later`; NaN without it), ``closed_year`` (at whose end `later` first
        leaves nothing; missing when never), and the geometry.
    """
    rows: list[dict[str, object]] = []
    in_service = stations[stations["year"] <= year]
    for (technology, operator, rule_class), rules in _classes(region, demands).items():
        signal = evaluation.networks[rules[0].id, year][operator].signal
        places = _Places.of(region, in_service, candidates, technology, operator)
        case = (year, operator)
        groups = _groups(region, rules, demands, evaluation, case)
        missed = {
            rule.id: _missed_cells(demands[rule.id], evaluation, rule, case) for rule in rules
        }
        worth = {
            rule.id: _Worth(region, rule, demands[rule.id], evaluation, case) for rule in rules
        }
        text = f"gaps {technology} {operator} {rule_class}"
        for members in tqdm(groups, desc=text, unit="gap", leave=False, delay=1.0):
            row = _describe(region, members, signal, places)
            cells = members.demand.cell[members.samples]
            mine = [rule for rule in rules if np.isin(cells, missed[rule.id]).any()]
            due = [rule.year for rule in mine if rule.strict and rule.year is not None]
            row |= {
                "technology": technology,
                "operator": operator,
                "rule_class": rule_class,
                "rules": ";".join(sorted(rule.id for rule in mine)),
                "due_year": min(due, default=pd.NA),
                "closes": float(sum(worth[rule.id].of(cells) for rule in mine)),
            }
            row |= _afterwards(members, operator, later)
            rows.append(row)
    if not rows:
        empty = gpd.GeoDataFrame({name: [] for name in COLUMNS}, geometry=[], crs=region.crs)
        return empty.rename_axis("gap_id")
    gaps = gpd.GeoDataFrame(rows, geometry="geometry", crs=region.crs)
    gaps = gaps.astype({"due_year": "Int64", "closed_year": "Int64"})
    gaps = gaps.sort_values(
        ["technology", "operator", "rule_class", "closes", "size", "name"],
        ascending=[True, True, True, False, False, True],
    )
    names = [f"G{i + 1:04d}" for i in range(len(gaps))]
    gaps.index = pd.Index(names, name="gap_id")
    return gaps[[*COLUMNS, "geometry"]]


def _classes(
    region: Region, demands: Mapping[str, Demand]
) -> dict[tuple[str, str, str], list[Rule]]:
    """Rules by technology, operator that must cover ("" for any) and class of demand."""
    classes: dict[tuple[str, str, str], list[Rule]] = {}
    for rule in region.document.rules:
        if rule.id not in demands or len(demands[rule.id].items) == 0:
            continue
        for operator in region.scenario.operators_of(rule) or ("",):
            key = (str(rule.technology), operator, str(rule.rule_class))
            classes.setdefault(key, []).append(rule)
    return classes


def _afterwards(members: _Members, operator: str, later: Evaluation | None) -> dict[str, object]:
    """Tell what the plan leaves of a gap, and from which year on nothing."""
    if later is None:
        return {"left": np.nan, "closed_year": pd.NA}
    left = {
        year: float(
            members.demand.weight[members.samples][
                networks[operator].states[members.samples] != COVERED
            ].sum()
        )
        for (rule_id, year), networks in sorted(later.networks.items())
        if rule_id == members.rule_id
    }
    closed = [year for year, rest in left.items() if rest == 0.0]
    return {"left": list(left.values())[-1], "closed_year": min(closed, default=pd.NA)}


def _missed_cells(
    demand: Demand, evaluation: Evaluation, rule: Rule, case: tuple[int, str]
) -> NDArray[np.int64]:
    year, operator = case
    return demand.cell[evaluation.networks[rule.id, year][operator].states <= UNCOVERED]


def _groups(
    region: Region,
    rules: list[Rule],
    demands: Mapping[str, Demand],
    evaluation: Evaluation,
    case: tuple[int, str],
) -> list[_Members]:
    """Uncovered samples of the demands of a class, each place once, in connected groups."""
    groups: list[_Members] = []
    seen = np.zeros(0, dtype=np.int64)
    used: set[tuple[int, str]] = set()
    order = sorted(rules, key=lambda rule: -len(demands[rule.id].cell))
    for rule in order:
        demand = demands[rule.id]
        name, definition = region.scenario.definition(rule)
        if (id(demand), name) in used:
            continue
        used.add((id(demand), name))
        states = evaluation.networks[rule.id, case[0]][case[1]].states
        missed = np.flatnonzero(states <= UNCOVERED)
        if demand.rule_class in {"area", "road"}:
            missed = missed[~np.isin(demand.cell[missed], seen)]
            seen = np.union1d(seen, demand.cell[missed])
            labels = _touching(region, demand.cell[missed])
        else:
            names = demand.items.index[demand.item[missed]]
            fresh = ~np.isin(names.astype(str), list(_names(groups)))
            missed = missed[fresh]
            labels = _close(demand, missed)
        groups.extend(
            _Members(
                rule.id,
                definition,
                demand,
                missed[labels == label],
                states[missed[labels == label]],
            )
            for label in np.unique(labels)
        )
    return groups


def _names(groups: list[_Members]) -> set[str]:
    return {
        str(name)
        for members in groups
        for name in members.demand.items.index[members.demand.item[members.samples]]
    }


def _touching(region: Region, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label cells that touch, corners included; cells outside the grid form a group of their own."""
    rows, columns = region.geobox.shape
    mask = np.zeros(rows * columns, dtype=bool)
    mask[cells[cells >= 0]] = True
    labels, _ = ndimage.label(mask.reshape(rows, columns), structure=np.ones((3, 3), dtype=int))
    flat = labels.reshape(-1)
    return np.where(cells >= 0, flat[np.maximum(cells, 0)], 0).astype(np.int64)


def _close(demand: Demand, samples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label points that lie within ``POINT_REACH_M`` of one another."""
    if samples.size == 0:
        return np.zeros(0, dtype=np.int64)
    points = demand.items.geometry.iloc[demand.item[samples]].representative_point()
    place = np.column_stack([points.x, points.y])
    pairs = cKDTree(place).query_pairs(POINT_REACH_M, output_type="ndarray")
    from scipy.sparse import coo_array  # noqa: PLC0415  # only here
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  # only here

    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(place),) * 2)
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, dtype=np.int64)


def _describe(
    region: Region,
    members: _Members,
    signal: Coverage,
    places: _Places,
) -> dict[str, object]:
    demand, samples = members.demand, members.samples
    weight = demand.weight[samples]
    items = np.unique(demand.item[samples])
    rows = demand.items.iloc[items]
    share = np.bincount(demand.item[samples], weights=weight, minlength=len(demand.items))[items]
    main = rows.iloc[int(np.argmax(share))]
    cells = demand.cell[samples]
    level = signal.rsrp_cdbm.reshape(-1)[np.maximum(cells, 0)].astype(np.int64)
    heard = (level > UNKNOWN_SIGNAL) & (cells >= 0)
    short = members.definition.rsrp_dbm - level[heard] / CENTI
    geometry = _geometry(region, members)
    centre = geometry.representative_point()
    finding = _finding(members, short, heard, places)
    townships = region.townships().index
    of = demand.township[samples]
    known = of[of >= 0]
    main_township = (
        pd.NA
        if known.size == 0
        else str(townships[int(np.argmax(np.bincount(known, weights=weight[of >= 0])))])
    )
    name = str(main["name"])
    if len(items) > 1:
        name += f" +{len(items) - 1}"
    elif demand.rule_class in {"area", "road"}:
        name = _placed(region, name, centre, main_township)
    population = rows["population"].astype("float64")
    return {
        "name": name,
        "township": main_township,
        "cause": finding.cause,
        "size": float(weight.sum()),
        "unit": {"area": "m2", "road": "m"}.get(demand.rule_class, "points"),
        "items": len(items),
        "people": float(population.sum()) if population.notna().all() else np.nan,
        "depth_db": float(np.median(np.maximum(short, 0.0))) if heard.any() else np.nan,
        "station_km": places.standing.distance_m(centre.x, centre.y) / METRES_PER_KM,
        "station_id": finding.station if finding.station is not None else pd.NA,
        "ridge_m": finding.ridge_m,
        **_ridge_place(region, finding.ridge_cell),
        "remedy": finding.remedy,
        "remedy_site": finding.remedy_site if finding.remedy_site is not None else pd.NA,
        "hindrance": finding.hindrance,
        "geometry": geometry,
    }


def _ridge_place(region: Region, cell: int) -> dict[str, float]:
    """Middle of the cell of an obstacle."""
    if cell < 0:
        return {"ridge_easting_m": np.nan, "ridge_northing_m": np.nan}
    row, column = divmod(cell, region.geobox.shape[1])
    box, step = region.geobox.extent.boundingbox, region.resolution_m
    return {
        "ridge_easting_m": box.left + (column + 0.5) * step,
        "ridge_northing_m": box.top - (row + 0.5) * step,
    }


def _placed(region: Region, name: str, centre: shapely.Point, township: object) -> str:
    """
    Name of a part of a zone or road: with the village nearest to it, or its township.

    A gap in the whole region is named by its place alone.
    """
    info = region.scenario.region
    whole = name in {info.name, info.code, info.name_en}
    villages = region.layer("villages")
    place = ""
    if villages is not None and len(villages):
        distance = villages.distance(centre)
        nearest = distance.idxmin()
        if distance.loc[nearest] <= VILLAGE_NEAR_M:
            place = str(villages.loc[nearest, "name"])
    given = region.layer("townships") is not None
    if given and isinstance(township, str) and (whole or not place):
        place = f"{region.townships().loc[township, 'name']} {place}".strip()
    if not place or place == name:
        return name
    return place if whole else f"{name} ({place})"


def _finding(
    members: _Members,
    short: NDArray[np.float64],
    heard: NDArray[np.bool_],
    places: _Places,
) -> Finding:
    """Cause and remedy, from the states and levels of all samples and the views of some."""
    definition = members.definition
    cells = spread(members.demand.cell[members.samples])
    if (members.states == NOT_KNOWN).mean() > MOST:
        finding = Finding(cause=DATA_MISSING)
    elif heard.any() and definition.sinr_db is not None and np.median(short) <= 0.0:
        finding = Finding(cause=INTERFERENCE)
    else:
        finding = find_cause(
            places.standing, cells, definition.rsrp_dbm, technology=places.technology
        )
    return find_remedy(
        finding,
        places.standing,
        places.candidates,
        places.excluded,
        cells,
        definition.rsrp_dbm,
    )


def _geometry(region: Region, members: _Members) -> BaseGeometry:
    """Outline of the cells, or the points."""
    demand, samples = members.demand, members.samples
    if demand.rule_class not in {"area", "road"}:
        points = demand.items.geometry.iloc[demand.item[samples]].representative_point()
        return shapely.union_all(points.to_numpy())
    cells = np.unique(demand.cell[samples])
    row, column = np.divmod(cells[cells >= 0], region.geobox.shape[1])
    box, step = region.geobox.extent.boundingbox, region.resolution_m
    west, north = box.left + column * step, box.top - row * step
    return shapely.union_all(shapely.box(west, north - step, west + step, north))
