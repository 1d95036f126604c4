"""Uncovered demand that is connected, with its name, size, cause, remedy and worth: the gaps of a year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from siteplan.gaps.describe import Places, describe
from siteplan.gaps.groups import groups_of
from siteplan.targets import COVERED, UNCOVERED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.catalog import Rule
    from siteplan.demand import Demand
    from siteplan.gaps.groups import Members
    from siteplan.region import Region
    from siteplan.targets import Evaluation

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
        places = Places.of(region, in_service, candidates, technology, operator)
        case = (year, operator)
        groups = groups_of(region, rules, demands, evaluation, case)
        missed = {
            rule.id: _missed_cells(demands[rule.id], evaluation, rule, case) for rule in rules
        }
        worth = {
            rule.id: _Worth(region, rule, demands[rule.id], evaluation, case) for rule in rules
        }
        text = f"gaps {technology} {operator} {rule_class}"
        for members in tqdm(groups, desc=text, unit="gap", leave=False, delay=1.0):
            row = describe(region, members, signal, places)
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


def _afterwards(members: Members, operator: str, later: Evaluation | None) -> dict[str, object]:
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
