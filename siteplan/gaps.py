"""
What is uncovered, grouped, named, and why.

Uncovered samples of one technology that touch or lie close together are one gap. Its cause is computed:
the signal that the nearest stations would give with a free view tells distance from shadow.
"""

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

from siteplan import catalog
from siteplan.coverage.budget import reference_level_dbm
from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.propagation.registry import MODELS
from siteplan.targets import NOT_KNOWN, UNCOVERED
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from siteplan.catalog import Definition, Rule
    from siteplan.coverage.network import Coverage
    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.targets import Evaluation

TOO_FAR: Final = "too_far"
SHADOW: Final = "shadow"
WEAK: Final = "weak"
INTERFERENCE: Final = "interference"
NO_NETWORK: Final = "no_network"
DATA_MISSING: Final = "data_missing"

CAUSE_ZH: Final = {
    TOO_FAR: "距基站过远",
    SHADOW: "地形或建筑遮挡",
    WEAK: "信号偏弱",
    INTERFERENCE: "干扰",
    NO_NETWORK: "该制式尚无基站",
    DATA_MISSING: "数据缺失",
}
CAUSE_EN: Final = {
    TOO_FAR: "too far from any station",
    SHADOW: "shadow of terrain or buildings",
    WEAK: "level too weak",
    INTERFERENCE: "interference",
    NO_NETWORK: "no station of the technology",
    DATA_MISSING: "data missing",
}

POINT_REACH_M: Final = 1500.0
"""Uncovered villages and venues this near to each other are one gap. [m]"""

VILLAGE_NEAR_M: Final = 5000.0
"""A village this near lends its name to a gap. [m]"""

NEAREST_STATIONS: Final = 8
"""Stations looked at for the cause of a gap."""

COLUMNS: Final = (
    "technology",
    "rule_class",
    "rules",
    "name",
    "township",
    "cause",
    "size",
    "unit",
    "items",
    "people",
    "depth_db",
    "station_km",
)


@dataclass(frozen=True, slots=True)
class _Members:
    """Uncovered samples of one gap, and the definition that they miss."""

    definition: Definition
    demand: Demand
    samples: NDArray[np.int64]
    states: NDArray[np.int8]


def find_gaps(
    region: Region,
    demands: Mapping[str, Demand],
    evaluation: Evaluation,
    coverage: Mapping[tuple[str, int], Coverage],
    stations: pd.DataFrame,
    year: int,
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
        States of all samples.
    coverage : mapping of (technology, year) to Coverage
        Signal.
    stations : DataFrame
        Stations of the network.
    year : int
        Year of the network.

    Returns
    -------
    gaps : GeoDataFrame
        Largest first within each technology and class, indexed by ``gap_id``: ``technology``,
        ``rule_class``, ``rules`` (ids joined by ``;``), ``name``, ``township`` (id), ``cause``,
        ``size`` and ``unit`` (m2, m or points), ``items``, ``people`` (NaN where unknown),
        ``depth_db`` (median decibels short, NaN where no station reaches), ``station_km`` (to the nearest
        station of the technology), and the geometry.
    """
    rows: list[dict[str, object]] = []
    in_service = stations[stations["year"] <= year]
    for (technology, rule_class), rules in _classes(region, demands).items():
        signal = coverage[technology, year]
        nearest = _Nearest(region, in_service, technology)
        groups = _groups(region, rules, demands, evaluation, year)
        text = f"gaps {technology} {rule_class}"
        for members in tqdm(groups, desc=text, unit="gap", leave=False, delay=1.0):
            row = _describe(region, members, signal, nearest)
            cells = members.demand.cell[members.samples]
            ids = {
                rule.id
                for rule in rules
                if np.isin(cells, _missed_cells(demands[rule.id], evaluation, rule, year)).any()
            }
            row |= {
                "technology": technology,
                "rule_class": rule_class,
                "rules": ";".join(sorted(ids)),
            }
            rows.append(row)
    if not rows:
        empty = gpd.GeoDataFrame({name: [] for name in COLUMNS}, geometry=[], crs=region.crs)
        return empty.rename_axis("gap_id")
    gaps = gpd.GeoDataFrame(rows, geometry="geometry", crs=region.crs)
    gaps = gaps.sort_values(
        ["technology", "rule_class", "size", "name"], ascending=[True, True, False, True]
    )
    names = [f"G{i + 1:04d}" for i in range(len(gaps))]
    gaps.index = pd.Index(names, name="gap_id")
    return gaps[[*COLUMNS, "geometry"]]


def _classes(region: Region, demands: Mapping[str, Demand]) -> dict[tuple[str, str], list[Rule]]:
    """Rules by technology and class of demand."""
    classes: dict[tuple[str, str], list[Rule]] = {}
    for rule in region.document.rules:
        if rule.id in demands and len(demands[rule.id].items):
            key = (str(rule.technology), str(rule.rule_class))
            classes.setdefault(key, []).append(rule)
    return classes


def _missed_cells(
    demand: Demand, evaluation: Evaluation, rule: Rule, year: int
) -> NDArray[np.int64]:
    return demand.cell[evaluation.samples[rule.id, year] <= UNCOVERED]


def _groups(
    region: Region,
    rules: list[Rule],
    demands: Mapping[str, Demand],
    evaluation: Evaluation,
    year: int,
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
        states = evaluation.samples[rule.id, year]
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
            _Members(definition, demand, missed[labels == label], states[missed[labels == label]])
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


class _Nearest:
    """The stations of a technology, for looking up those near a place."""

    def __init__(self, region: Region, stations: pd.DataFrame, technology: str) -> None:
        self.region = region
        self.stations = stations[stations["technology"] == technology]
        self.tree: cKDTree | None = None
        if len(self.stations):
            places = region.sites.geometry.loc[self.stations["site_id"]]
            self.tree = cKDTree(np.column_stack([places.x, places.y]))

    def distance_m(self, easting_m: float, northing_m: float) -> float:
        """Distance to the nearest station, NaN without any."""
        if self.tree is None:
            return float("nan")
        return float(self.tree.query([easting_m, northing_m])[0])

    def free_view_dbm(self, easting_m: float, northing_m: float) -> float:
        """Strongest signal that the nearest stations would give with a free view on the boresight."""
        if self.tree is None:
            return -np.inf
        k = min(NEAREST_STATIONS, len(self.stations))
        distances, positions = self.tree.query([easting_m, northing_m], k=k)
        radio = self.region.scenario.radio
        best = -np.inf
        for distance, position in zip(
            np.atleast_1d(distances), np.atleast_1d(positions), strict=True
        ):
            if distance > radio.radius_m:
                continue
            station = self.stations.iloc[int(position)]
            gear = catalog.equipment()[station["equipment"]]
            carrier = catalog.carriers()[gear.carrier]
            model = MODELS[radio.macro_model if gear.scale == "macro" else radio.micro_model]
            loss = model.loss(
                np.array([max(float(distance), self.region.resolution_m / 2.0)]),
                carrier.frequency_mhz,
                float(station["antenna_height_m"]),
                radio.receiver_height_m,
                line_of_sight=True,
            )
            best = max(best, reference_level_dbm(gear, carrier, radio) - float(loss[0]))
        return best


def _describe(
    region: Region,
    members: _Members,
    signal: Coverage,
    nearest: _Nearest,
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
    cause = _cause(members, short, heard, nearest, centre)
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
        "cause": cause,
        "size": float(weight.sum()),
        "unit": {"area": "m2", "road": "m"}.get(demand.rule_class, "points"),
        "items": len(items),
        "people": float(population.sum()) if population.notna().all() else np.nan,
        "depth_db": float(np.median(np.maximum(short, 0.0))) if heard.any() else np.nan,
        "station_km": nearest.distance_m(centre.x, centre.y) / 1000.0,
        "geometry": geometry,
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


def _cause(
    members: _Members,
    short: NDArray[np.float64],
    heard: NDArray[np.bool_],
    nearest: _Nearest,
    centre: shapely.Point,
) -> str:
    definition = members.definition
    if (members.states == NOT_KNOWN).mean() > 0.5:  # noqa: PLR2004  # most of it
        return DATA_MISSING
    if nearest.tree is None:
        return NO_NETWORK
    if heard.any() and definition.sinr_db is not None and np.median(short) <= 0.0:
        return INTERFERENCE
    if nearest.free_view_dbm(centre.x, centre.y) < definition.rsrp_dbm:
        return TOO_FAR
    if heard.any() and np.median(short) <= WEAK_SHORT_DB:
        return WEAK
    return SHADOW


WEAK_SHORT_DB: Final = 3.0
"""A gap that lacks no more than this has a view, only a weak one. [dB]"""


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
