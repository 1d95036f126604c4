"""Every rule of the target document at the end of every year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from tqdm.auto import tqdm

from siteplan.targets.continuity import road_continuity
from siteplan.targets.coverage_rules import coverage_rows, no_demand_row
from siteplan.targets.network_rules import network_rows
from siteplan.targets.states import sample_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

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
        ``items_unknown``, ``definition``, ``reason`` (why a state is unknown).
    items : DataFrame
        One row per rule, year and item: ``rule_id``, ``year``, ``item_id``, ``name``, ``township``,
        ``group``, ``share``, ``state``.
    samples : mapping of (rule id, year) to ndarray of int8
        State of each sample of the rule's demand: 1 covered, 0 not, -1 unknown.
    safe_samples : mapping of (rule id, year) to ndarray of int8
        The same with the margin.
    roads : DataFrame
        One row per road rule, year and road: ``rule_id``, ``year``, and the columns of
        :func:`siteplan.targets.continuity.road_continuity`.
    """

    results: pd.DataFrame
    items: pd.DataFrame
    samples: Mapping[tuple[str, int], NDArray[np.int8]]
    safe_samples: Mapping[tuple[str, int], NDArray[np.int8]]
    roads: pd.DataFrame

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
    roads: list[pd.DataFrame] = []
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
                    rows.append(base | no_demand_row(region, rule, demand))
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
                found, per_item = coverage_rows(region, rule, demand, states, safe)
                rows.extend(base | row for row in found)
                items.append(per_item.assign(rule_id=rule.id, year=year))
                if rule.rule_class == "road":
                    gap = region.scenario.targets.road_gap_m
                    lines = road_continuity(demand, states, gap_over_m=gap)
                    roads.append(lines.assign(rule_id=rule.id, year=year))
                samples[rule.id, year] = states
                safe_samples[rule.id, year] = safe
            else:
                in_service = stations[stations["year"] <= year]
                rows.extend(base | row for row in network_rows(region, rule, in_service))
    results = pd.DataFrame(rows)
    table = pd.concat(items, ignore_index=True) if items else _no_items()
    return Evaluation(
        results=results,
        items=table,
        samples=samples,
        safe_samples=safe_samples,
        roads=pd.concat(roads, ignore_index=True) if roads else pd.DataFrame(),
    )


def _no_items() -> pd.DataFrame:
    names = ["item_id", "name", "township", "group", "share", "share_most", "state"]
    return pd.DataFrame({name: [] for name in [*names, "rule_id", "year"]})
