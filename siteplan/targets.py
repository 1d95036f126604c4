"""
Coverage against the rules of the target document: met or not, by how much, and what is missing.

A rule holds on items (villages, roads, zones, venues): an item is covered when the definition's share of
its own points, length or area is. Or it holds on all samples pooled. Counts and reports work on the
stations. Missing data gives *unknown*, never *not met* by default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from tqdm.auto import tqdm

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from siteplan.catalog import Definition, Rule
    from siteplan.coverage.network import Coverage
    from siteplan.demand import Demand
    from siteplan.region import Region

MET: Final = "met"
AT_RISK: Final = "at_risk"
NOT_MET: Final = "not_met"
UNKNOWN: Final = "unknown"
MEASURED: Final = "measured"

STATE_ZH: Final = {
    MET: "达标",
    AT_RISK: "有风险",
    NOT_MET: "未达标",
    UNKNOWN: "未知",
    MEASURED: "仅统计",
}

COVERED: Final = 1
UNCOVERED: Final = 0
NOT_KNOWN: Final = -1

REUSED_KINDS: Final = ("lamp_pole", "monitoring_pole")
"""Kinds that count as reuse besides sites that stand already: social poles."""

SHARE_TOLERANCE: Final = 1e-9
"""Rounding of sums of weights that must not turn a met share into a missed one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """
    Every rule at the end of every year with one network.

    Attributes
    ----------
    results : DataFrame
        One row per rule, year and scope: ``rule_id``, ``year`` (of the network), ``due`` (whether the
        rule's year has come), ``scope`` (township id, or "" for the region), ``group``, ``state``,
        ``value``, ``required``, ``shortfall``, ``unit``, ``items``, ``items_covered``,
        ``items_unknown``, ``definition``, ``reason`` (why a state is unknown).
    items : DataFrame
        One row per rule, year and item: ``rule_id``, ``year``, ``item_id``, ``name``, ``township``,
        ``group``, ``share``, ``state``.
    samples : mapping of (rule id, year) to ndarray of int8
        State of each sample of the rule's demand: 1 covered, 0 not, -1 unknown.
    safe_samples : mapping of (rule id, year) to ndarray of int8
        The same with the margin.
    """

    results: pd.DataFrame
    items: pd.DataFrame
    samples: Mapping[tuple[str, int], NDArray[np.int8]]
    safe_samples: Mapping[tuple[str, int], NDArray[np.int8]]

    def region_result(self, rule_id: str, year: int) -> pd.Series[object]:
        """
        Look up the result of one rule for the whole region.

        Parameters
        ----------
        rule_id : str
            Rule.
        year : int
            Year of the network.

        Returns
        -------
        result : Series
            The row of `results`.
        """
        rows = self.results
        found = rows[
            (rows["rule_id"] == rule_id)
            & (rows["year"] == year)
            & (rows["scope"] == "")
            & (rows["group"] == "")
        ]
        return found.iloc[0]


def evaluate(
    region: Region,
    demands: Mapping[str, Demand],
    coverage: Mapping[tuple[str, int], Coverage],
    stations: pd.DataFrame,
    years: Sequence[int],
) -> Evaluation:
    """
    Evaluate every rule of the document at the end of every year.

    Parameters
    ----------
    region : Region
        With document, scenario, sites.
    demands : mapping of str to Demand
        From :func:`siteplan.demand.region_demands`.
    coverage : mapping of (technology, year) to Coverage
        From :func:`siteplan.coverage.network.network_coverage`.
    stations : DataFrame
        Stations of the network, with ``year`` of going into service.
    years : sequence of int
        Years to evaluate.

    Returns
    -------
    evaluation : Evaluation
        Rows ordered by rule, year, scope.
    """
    rows: list[dict[str, object]] = []
    items: list[pd.DataFrame] = []
    samples: dict[tuple[str, int], NDArray[np.int8]] = {}
    safe_samples: dict[tuple[str, int], NDArray[np.int8]] = {}
    rules = region.document.rules
    for rule in tqdm(rules, desc="targets", unit="rule", leave=False, delay=1.0):
        for year in years:
            base = {
                "rule_id": rule.id,
                "year": year,
                "due": rule.year is None or rule.year <= year,
            }
            if rule.kind == "coverage":
                demand = demands.get(rule.id)
                if demand is None or len(demand.items) == 0:
                    rows.append(base | _no_demand(region, rule, demand))
                    continue
                signal = coverage[str(rule.technology), year]
                in_service = stations[stations["year"] <= year]
                states, safe = (
                    sample_states(
                        region,
                        demand,
                        region.scenario.definition(rule)[1],
                        signal,
                        in_service,
                        margin_db=margin,
                    )
                    for margin in (0.0, region.scenario.targets.margin_db)
                )
                found, per_item = _coverage_rule(region, rule, demand, states, safe)
                rows.extend(base | row for row in found)
                items.append(per_item.assign(rule_id=rule.id, year=year))
                samples[rule.id, year] = states
                safe_samples[rule.id, year] = safe
            else:
                in_service = stations[stations["year"] <= year]
                rows.extend(base | row for row in _network_rule(region, rule, in_service))
    results = pd.DataFrame(rows)
    table = pd.concat(items, ignore_index=True) if items else _no_items()
    return Evaluation(results=results, items=table, samples=samples, safe_samples=safe_samples)


def sample_states(
    region: Region,
    demand: Demand,
    definition: Definition,
    coverage: Coverage,
    stations: pd.DataFrame,
    *,
    margin_db: float,
) -> NDArray[np.int8]:
    """
    Whether each sample is covered.

    Parameters
    ----------
    region : Region
        For positions.
    demand : Demand
        The samples.
    definition : Definition
        What covered means.
    coverage : Coverage
        Signal of the technology.
    stations : DataFrame
        Stations in service, for a distance rule.
    margin_db : float
        Level that must be there besides the definition's. [dB]

    Returns
    -------
    states : ndarray of int8, shape (samples,)
        1 covered, 0 not covered, -1 unknown because terrain is missing or the sample lies outside the
        grid.
    """
    inside = demand.cell >= 0
    cell = np.where(inside, demand.cell, 0)
    level = coverage.rsrp_cdbm.reshape(-1)[cell]
    needed = round((definition.rsrp_dbm + margin_db) * CENTI)
    covered = (level > UNKNOWN_SIGNAL) & (level >= needed)
    if definition.sinr_db is not None:
        covered &= coverage.sinr_cdb.reshape(-1)[cell] >= round(definition.sinr_db * CENTI)
    states = np.where(covered, COVERED, UNCOVERED).astype(np.int8)
    states[(states == UNCOVERED) & coverage.unknown.reshape(-1)[cell]] = NOT_KNOWN
    states[~inside] = NOT_KNOWN
    if definition.distance_m is not None:
        near = near_items(region, demand, stations, coverage.technology, definition.distance_m)
        states[near[demand.item]] = COVERED
    return states


def near_items(
    region: Region,
    demand: Demand,
    stations: pd.DataFrame,
    technology: str,
    distance_m: float,
) -> NDArray[np.bool_]:
    """
    Items with a station of a technology within a distance.

    Parameters
    ----------
    region : Region
        With the sites.
    demand : Demand
        With point items.
    stations : DataFrame
        Stations in service.
    technology : str
        Technology that counts.
    distance_m : float
        Largest distance. [m]

    Returns
    -------
    near : ndarray of bool, shape (items,)
        True where a station is near enough.
    """
    chosen = stations[stations["technology"] == technology]
    if chosen.empty:
        return np.zeros(len(demand.items), dtype=bool)
    sites = region.sites.loc[chosen["site_id"].unique()].geometry
    tree = cKDTree(np.column_stack([sites.x, sites.y]))
    points = demand.items.representative_point()
    distance, _ = tree.query(np.column_stack([points.x, points.y]))
    return np.asarray(distance <= distance_m)


def item_shares(
    demand: Demand, states: NDArray[np.int8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Covered share of each item, at least and at most.

    Parameters
    ----------
    demand : Demand
        The samples.
    states : ndarray of int8
        From :func:`sample_states`.

    Returns
    -------
    least, most : ndarray of float64, shape (items,)
        Unknown samples count as not covered, and as covered.
    """
    total = demand.item_weight()
    n = len(demand.items)
    sure = np.bincount(demand.item, weights=demand.weight * (states == COVERED), minlength=n)
    maybe = np.bincount(demand.item, weights=demand.weight * (states != UNCOVERED), minlength=n)
    with np.errstate(invalid="ignore"):
        return sure / total, maybe / total


def _coverage_rule(
    region: Region,
    rule: Rule,
    demand: Demand,
    states: NDArray[np.int8],
    safe: NDArray[np.int8],
) -> tuple[list[dict[str, object]], pd.DataFrame]:
    name, definition = region.scenario.definition(rule)
    required = region.scenario.required_share(rule)
    verdict = _Verdict(demand, rule, definition, required)
    least, most = item_shares(demand, states)
    item_state = verdict.items(states)
    items = pd.DataFrame(
        {
            "item_id": demand.items.index.astype(str),
            "name": demand.items["name"].astype(str).to_numpy(),
            "township": demand.items["township"].to_numpy(),
            "group": demand.items["group"].to_numpy(),
            "share": least,
            "share_most": most,
            "state": np.array([UNKNOWN, NOT_MET, MET])[item_state + 1],
        }
    )
    rows = []
    townships = region.townships().index
    scopes: list[tuple[str, str, NDArray[np.bool_]]] = [("", "", np.ones(len(states), dtype=bool))]
    scopes += [
        (str(townships[i]), "", demand.township == i)
        for i in range(len(townships))
        if (demand.township == i).any()
    ]
    if rule.group_by:
        groups = demand.items["group"].astype(str).to_numpy()
        scopes += [
            ("", group, groups[demand.item] == group) for group in sorted(set(groups) - {""})
        ]
    for scope, group, mask in scopes:
        row = verdict.judge(states, safe, mask)
        rows.append(row | {"scope": scope, "group": group, "definition": name})
    return rows, items


class _Verdict:
    """Judges one rule on a subset of samples."""

    def __init__(self, demand: Demand, rule: Rule, definition: Definition, required: float) -> None:
        self.demand = demand
        self.rule = rule
        self.definition = definition
        self.required = required
        flags = [demand.items[name].astype("boolean") for name in rule.attributes]
        self.attribute_no = np.zeros(len(demand.items), dtype=bool)
        self.attribute_unknown = np.zeros(len(demand.items), dtype=bool)
        for flag in flags:
            unknown = flag.isna().to_numpy(dtype=bool)
            self.attribute_unknown |= unknown
            self.attribute_no |= ~unknown & ~flag.fillna(value=False).to_numpy(dtype=bool)

    def items(
        self, states: NDArray[np.int8], mask: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int8]:
        """State of each item on a subset of its samples: 1, 0 or -1."""
        weight = self.demand.weight if mask is None else self.demand.weight * mask
        n = len(self.demand.items)
        total = np.bincount(self.demand.item, weights=weight, minlength=n)
        sure = np.bincount(self.demand.item, weights=weight * (states == COVERED), minlength=n)
        maybe = np.bincount(self.demand.item, weights=weight * (states != UNCOVERED), minlength=n)
        need = self.definition.share * total * (1.0 - SHARE_TOLERANCE)
        result = np.where(sure >= need, COVERED, np.where(maybe >= need, NOT_KNOWN, UNCOVERED))
        result[self.attribute_unknown & (result == COVERED)] = NOT_KNOWN
        result[self.attribute_no] = UNCOVERED
        return result.astype(np.int8)

    def judge(
        self, states: NDArray[np.int8], safe: NDArray[np.int8], mask: NDArray[np.bool_]
    ) -> dict[str, object]:
        """One row of the results."""
        weight = self.demand.weight * mask
        n = len(self.demand.items)
        present = np.bincount(self.demand.item, weights=weight, minlength=n) > 0.0
        count = int(present.sum())
        item_state = self.items(states, mask)
        covered = int((item_state[present] == COVERED).sum())
        unknown = int((item_state[present] == NOT_KNOWN).sum())
        if self.rule.measure == "items":
            least, most = covered / count, (covered + unknown) / count
            safely = float((self.items(safe, mask)[present] == COVERED).sum() / count)
        else:
            total = weight.sum()
            least = float(weight[states == COVERED].sum() / total)
            most = float(weight[states != UNCOVERED].sum() / total)
            safely = float(weight[safe == COVERED].sum() / total)
        state = self._state(least, most, safely)
        reason = ""
        if state == UNKNOWN or (state == MEASURED and most > least):
            blank = bool((self.attribute_unknown & present).any())
            reason = "attribute blank" if blank else "terrain missing"
        elif state == NOT_MET and (lacking := int((self.attribute_no & present).sum())):
            reason = f"{lacking} without {', '.join(self.rule.attributes)}"
        return {
            "state": state,
            "value": least,
            "value_most": most,
            "required": self.required if self.rule.strict else np.nan,
            "shortfall": max(self.required - least, 0.0) if self.rule.strict else np.nan,
            "unit": "share",
            "items": count,
            "items_covered": covered,
            "items_unknown": unknown,
            "reason": reason,
        }

    def _state(self, least: float, most: float, safely: float) -> str:
        if not self.rule.strict:
            return MEASURED
        need = self.required - SHARE_TOLERANCE
        if safely >= need:
            return MET
        if least >= need:
            return AT_RISK
        return UNKNOWN if most >= need else NOT_MET


def _no_demand(region: Region, rule: Rule, demand: Demand | None) -> dict[str, object]:
    name, _ = region.scenario.definition(rule)
    reason = f"layer {rule.layer} not given" if demand is None else f"no row of {rule.layer} fits"
    return _blank(rule) | {"reason": reason, "definition": name, "unit": "share"}


def _blank(rule: Rule) -> dict[str, object]:
    required = np.nan if rule.required is None or not rule.strict else rule.required
    return {
        "state": UNKNOWN,
        "value": np.nan,
        "value_most": np.nan,
        "required": required,
        "shortfall": np.nan,
        "unit": "",
        "items": 0,
        "items_covered": 0,
        "items_unknown": 0,
        "reason": "",
        "scope": "",
        "group": "",
        "definition": "",
    }


def _network_rule(region: Region, rule: Rule, stations: pd.DataFrame) -> list[dict[str, object]]:
    """Rules on stations and sites, not on signal."""
    if rule.kind == "task":
        return [_blank(rule) | {"reason": "progress is reported by the responsible unit"}]
    chosen = stations
    if rule.technology is not None:
        chosen = stations[stations["technology"] == rule.technology]
    sites = region.sites.loc[chosen["site_id"]]
    if rule.kind == "station_count":
        return _station_counts(region, rule, chosen, sites)
    if rule.kind == "reuse_share":
        return _reuse_shares(rule, sites)
    return _power_supply(rule, region.sites.loc[chosen["site_id"].unique()])


def _station_counts(
    region: Region, rule: Rule, chosen: pd.DataFrame, sites: pd.DataFrame
) -> list[dict[str, object]]:
    required = float(rule.required or 0.0)
    count = float(len(chosen))
    total = _blank(rule) | {
        "state": MEASURED if not rule.strict else MET if count >= required else NOT_MET,
        "value": count,
        "value_most": count,
        "required": required if rule.strict else np.nan,
        "shortfall": max(required - count, 0.0) if rule.strict else np.nan,
        "unit": "stations",
        "items": len(chosen),
        "items_covered": len(chosen),
    }
    rows = [total]
    for scope, number in sites["township"].value_counts().sort_index().items():
        if scope in region.townships().index:
            rows.append(_part(rule, "stations", float(number), scope=str(scope)))
    for operator, number in chosen["operator"].value_counts().sort_index().items():
        rows.append(_part(rule, "stations", float(number), group=str(operator)))
    return rows


def _reuse_shares(rule: Rule, sites: pd.DataFrame) -> list[dict[str, object]]:
    total = len(sites)
    if total == 0:
        return [_blank(rule) | {"reason": "no station of the technology", "unit": "share"}]
    reused = sites["status"].eq("existing") | sites["kind"].isin(REUSED_KINDS)
    rows = [_part(rule, "share", float(reused.mean())) | {"items": total, "state": MEASURED}]
    label = sites["kind"].where(~sites["status"].eq("existing"), "existing")
    for kind, number in label.value_counts().sort_index().items():
        rows.append(_part(rule, "share", float(number) / total, group=str(kind)))
    return rows


def _power_supply(rule: Rule, sites: pd.DataFrame) -> list[dict[str, object]]:
    power = sites["power"]
    resold = power.eq("resold").fillna(value=False)
    blank = int(power.isna().sum())
    if len(sites) == 0 or blank == len(sites):
        return [_blank(rule) | {"reason": "power supply of the sites not given", "unit": "sites"}]
    row = _part(rule, "sites", float(resold.sum()))
    row |= {
        "value_most": float(resold.sum() + blank),
        "items": len(sites),
        "items_covered": int(len(sites) - blank - resold.sum()),
        "items_unknown": blank,
        "reason": "attribute blank" if blank else "",
    }
    rows = [row]
    for scope, number in sites.loc[resold, "township"].value_counts().sort_index().items():
        rows.append(_part(rule, "sites", float(number), scope=str(scope)))
    return rows


def _part(
    rule: Rule, unit: str, value: float, *, scope: str = "", group: str = ""
) -> dict[str, object]:
    return _blank(rule) | {
        "state": MEASURED,
        "value": value,
        "value_most": value,
        "required": np.nan,
        "unit": unit,
        "scope": scope,
        "group": group,
    }


def _no_items() -> pd.DataFrame:
    names = ["item_id", "name", "township", "group", "share", "share_most", "state"]
    return pd.DataFrame({name: [] for name in [*names, "rule_id", "year"]})
