"""Every rule of the target document at the end of every year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from siteplan.targets.continuity import road_continuity
from siteplan.targets.coverage_rules import Samples, coverage_rows, no_demand_row, worst_states
from siteplan.targets.network_rules import network_rows
from siteplan.targets.operators import of_operator, signals_of
from siteplan.targets.states import AT_RISK, MET, NOT_MET, sample_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from siteplan.catalog import Rule
    from siteplan.coverage.network import Coverage
    from siteplan.demand import Demand
    from siteplan.region import Region


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
        ``items_unknown``, ``items_doubtful`` (of which a value that the rule filters by is blank; they
        are in no other count), ``definition``, ``reason`` (why a state is unknown, which flags say
        no, in which earlier year it was met).
    items : DataFrame
        One row per rule, year and item: ``rule_id``, ``year``, ``item_id``, ``name``, ``township``,
        ``group``, ``share``, ``state``.
    doubtful : DataFrame
        One row per rule, year and doubtful item: ``rule_id``, ``year``, ``item_id``, ``name``, ``township``.
    networks : mapping of (rule id, year) to mapping of str to Samples
        States by operator where each of several must cover, else one of all together by "".
    samples : mapping of (rule id, year) to ndarray of int8
        State of each sample of the rule's demand: 1 covered, 0 not, -1 unknown; of several operators the
        worst.
    safe_samples : mapping of (rule id, year) to ndarray of int8
        The same with the margin.
    roads : DataFrame
        One row per road rule, year and road: ``rule_id``, ``year``, and the columns of
        :func:`siteplan.targets.continuity.road_continuity`.
    """

    results: pd.DataFrame
    items: pd.DataFrame
    doubtful: pd.DataFrame
    networks: Mapping[tuple[str, int], Mapping[str, Samples]]
    samples: Mapping[tuple[str, int], NDArray[np.int8]]
    safe_samples: Mapping[tuple[str, int], NDArray[np.int8]]
    roads: pd.DataFrame

    def region_result(self, rule_id: str, year: int, operator: str = "") -> pd.Series[object]:
        """
        Look up the result of one rule for the whole region.

        Parameters
        ----------
        rule_id : str
            Rule.
        year : int
            Year of the network.
        operator : str
            Of a rule that each of several operators must meet, the result of this one.

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
            & (rows["group"] == operator)
        ]
        return found.iloc[0]


def evaluate(
    region: Region,
    demands: Mapping[str, Demand],
    coverage: Mapping[tuple[str, int], Coverage],
    stations: pd.DataFrame,
    years: Sequence[int],
    *,
    by_operator: Mapping[tuple[str, str, int], Coverage] | None = None,
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
    by_operator : mapping of (operator, technology, year) to Coverage, optional
        From :func:`siteplan.targets.operator_coverage`, for rules that each of several operators must meet.

    Returns
    -------
    evaluation : Evaluation
        Rows ordered by rule, year, scope.

    Raises
    ------
    ValueError
        When a rule asks for an operator whose coverage is not given.
    """
    rows: list[dict[str, object]] = []
    items: list[pd.DataFrame] = []
    doubtful: list[pd.DataFrame] = []
    roads: list[pd.DataFrame] = []
    networks: dict[tuple[str, int], dict[str, Samples]] = {}
    rules = region.document.rules
    for rule in tqdm(rules, desc="targets", unit="rule", leave=False, delay=1.0):
        for year in years:
            base = {
                "rule_id": rule.id,
                "year": year,
                "due": rule.year is None or rule.year <= year,
            }
            in_service = stations[stations["year"] <= year]
            if rule.kind != "coverage":
                rows.extend(base | row for row in network_rows(region, rule, in_service, year))
                continue
            demand = demands.get(rule.id)
            if demand is not None and demand.doubtful is not None:
                doubtful.append(_doubtful(demand.doubtful).assign(rule_id=rule.id, year=year))
            if demand is None or len(demand.items) == 0:
                rows.append(base | no_demand_row(region, rule, demand))
                continue
            signals = signals_of(region, rule, year, coverage, by_operator)
            found = {
                name: _samples(region, rule, demand, signal, in_service, name)
                for name, signal in signals.items()
            }
            networks[rule.id, year] = found
            of_rule, of_items = coverage_rows(region, rule, demand, found)
            rows.extend(base | row for row in of_rule)
            items.append(of_items.assign(rule_id=rule.id, year=year))
            if rule.rule_class == "road":
                states = worst_states(np.array([one.states for one in found.values()]))
                gap_m = region.scenario.targets.road_gap_m
                lines = road_continuity(demand, states, gap_over_m=gap_m)
                roads.append(lines.assign(rule_id=rule.id, year=year))
    _tell_what_was_lost(rows)
    return Evaluation(
        results=pd.DataFrame(rows),
        items=pd.concat(items, ignore_index=True) if items else _no_items(),
        doubtful=pd.concat(doubtful, ignore_index=True) if doubtful else pd.DataFrame(),
        networks=networks,
        samples={
            key: worst_states(np.array([one.states for one in found.values()]))
            for key, found in networks.items()
        },
        safe_samples={
            key: worst_states(np.array([one.safe for one in found.values()]))
            for key, found in networks.items()
        },
        roads=pd.concat(roads, ignore_index=True) if roads else pd.DataFrame(),
    )


def _tell_what_was_lost(rows: list[dict[str, object]]) -> None:
    """Add to the reason of what is missed that it was met in an earlier year: it must stay met."""
    held: dict[tuple[object, ...], object] = {}
    for row in rows:
        key = (row["rule_id"], row["scope"], row["group"])
        if row["state"] in {MET, AT_RISK}:
            held[key] = row["year"]
        elif row["state"] == NOT_MET and row["due"] and key in held:
            row["reason"] = "; ".join(filter(None, [str(row["reason"]), f"met in {held[key]}"]))


def _samples(
    region: Region,
    rule: Rule,
    demand: Demand,
    signal: Coverage,
    in_service: pd.DataFrame,
    operator: str,
) -> Samples:
    """States of the samples with one network, without and with the margin."""
    definition = region.scenario.definition(rule)[1]
    own = in_service[of_operator(in_service, operator)]

    def states(part: Demand | None, margin_db: float) -> NDArray[np.int8]:
        if part is None:
            return np.zeros(0, dtype=np.int8)
        return sample_states(region, part, definition, signal, own, margin_db=margin_db)

    margin_db = region.scenario.targets.margin_db
    return Samples(
        signal,
        states(demand, 0.0),
        states(demand, margin_db),
        states(demand.doubtful, 0.0),
        states(demand.doubtful, margin_db),
    )


def _doubtful(demand: Demand) -> pd.DataFrame:
    """Items of which nobody knows whether the rule speaks of them."""
    return pd.DataFrame(
        {
            "item_id": demand.items.index.astype(str),
            "name": demand.items["name"].astype(str).to_numpy(),
            "township": demand.items["township"].to_numpy(),
        }
    )


def _no_items() -> pd.DataFrame:
    names = ["item_id", "name", "township", "group", "share", "share_most", "state"]
    return pd.DataFrame({name: [] for name in [*names, "rule_id", "year"]})
