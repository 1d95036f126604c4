"""The stages in order: coverage today, targets, gaps, selection, coverage with the plan, targets again."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.backhaul import BackhaulPlan, plan_backhaul
from siteplan.coverage.network import Coverage, network_coverage
from siteplan.coverage.stations import COLUMNS, station_table
from siteplan.coverage.validity import validity_warnings
from siteplan.demand import Demand, region_demands
from siteplan.gaps import find_gaps, indoor_needs
from siteplan.selection import Selection, select_stations
from siteplan.selection.candidates import candidate_stations
from siteplan.selection.proposals import propose_missing
from siteplan.targets import (
    STATE_ZH,
    Evaluation,
    Uncertainty,
    evaluate,
    operator_coverage,
    people_covered,
    rule_probabilities,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siteplan.coverage.cluster import Share
    from siteplan.errors import Fault
    from siteplan.region import Region

FLOOR_BELOW_THRESHOLD_DB = 10.0
"""Levels this far below the lowest threshold in use are still computed, as interference. [dB]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """
    A region's present state, its gaps, and the plan that closes them.

    Attributes
    ----------
    region : Region
        What was planned for.
    years : tuple of int
        Plan years, ascending.
    demands : mapping of str to Demand
        By rule id.
    today_stations : DataFrame
        Stations in service without the plan, as :func:`siteplan.coverage.stations.station_table`.
    planned_stations : DataFrame
        Stations that the plan adds, the same columns; ``year`` is the year of going into service;
        also ``kind``, ``reuse``, ``cost_cny`` and ``rules``.
    coverage_today, coverage_plan : mapping of (technology, year) to Coverage
        Signal without and with the plan.
    today, planned : Evaluation
        Every rule at the end of every year without and with the plan.
    chances_today, chances_plan : DataFrame
        Chance that each coverage rule holds, as :func:`siteplan.targets.rule_probabilities`; empty when the
        scenario asks for no draws.
    gaps_today, gaps_plan : GeoDataFrame
        What is uncovered at the end of the last year without and with the plan, with causes. Those without
        tell the year by which they must be closed, and the year in which the plan closes them.
    people_today, people_plan : DataFrame
        People in covered villages, as :func:`siteplan.targets.people_covered`; empty without villages.
    indoors : GeoDataFrame
        Buildings and venues that the network of the last year does not reach inside, as
        :func:`siteplan.gaps.indoor_needs`, for each technology that the document asks for.
    selection : Selection
        How the stations were chosen, and how good the choice is.
    backhaul : BackhaulPlan
        Fibre, power and rooms for the sites of the plan.
    warnings : tuple of Fault
        What was found in the input and where models are used beyond their published ranges.
    """

    region: Region
    years: tuple[int, ...]
    demands: Mapping[str, Demand]
    today_stations: pd.DataFrame
    planned_stations: pd.DataFrame
    coverage_today: Mapping[tuple[str, int], Coverage]
    coverage_plan: Mapping[tuple[str, int], Coverage]
    today: Evaluation
    planned: Evaluation
    chances_today: pd.DataFrame
    chances_plan: pd.DataFrame
    gaps_today: gpd.GeoDataFrame
    gaps_plan: gpd.GeoDataFrame
    people_today: pd.DataFrame
    people_plan: pd.DataFrame
    indoors: gpd.GeoDataFrame
    selection: Selection
    backhaul: BackhaulPlan
    warnings: tuple[Fault, ...]

    def _repr_html_(self) -> str:
        rows = []
        for rule in self.region.document.rules:
            year = min(rule.year or self.years[-1], self.years[-1])
            year = max(year, self.years[0])
            before = self.today.region_result(rule.id, year)["state"]
            after = self.planned.region_result(rule.id, year)["state"]
            cells = (rule.id, str(year), rule.zh, STATE_ZH[str(before)], STATE_ZH[str(after)])
            rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        sites = self.planned_stations["site_id"].nunique()
        return (
            f"<b>{html.escape(self.region.scenario.region.name)}</b>: "
            f"{len(self.planned_stations)} stations on {sites} sites. "
            f"{html.escape(self.selection.summary())}"
            f"<table><tr><th>目标</th><th>年份</th><th>内容</th><th>现状</th><th>规划后</th></tr>"
            f"{body}</table>"
        )


def make_plan(region: Region, *, share: Share | None = None) -> Plan:
    """
    Do the main job on a region.

    Parameters
    ----------
    region : Region
        From :func:`siteplan.read_region`.
    share : callable, optional
        Computes chunks of stations on a cluster, see :mod:`siteplan.coverage.cluster`; on the cores of this
        machine when missing. The plan is the same.

    Returns
    -------
    plan : Plan
        Coverage, rule states, gaps and the chosen stations for every year.

    Raises
    ------
    InputError
        When the scenario wants models within their published ranges and a station is not.

    Examples
    --------
    >>> import siteplan
    >>> plan = siteplan.make_plan(siteplan.read_region("data/helsinki"))  # doctest: +SKIP
    """
    years = region.scenario.targets.years
    demands = region_demands(region)
    floor = signal_floor_dbm(region)
    today_stations = station_table(region, region.stations)
    # where a model's ranges must hold, say so before anything is computed
    usable = candidate_stations(region).reindex(columns=COLUMNS)
    validity_warnings(region, pd.concat([today_stations, usable]))
    coverage_today = network_coverage(
        region, today_stations, years, floor_dbm=floor, label="coverage today", share=share
    )
    own_today = operator_coverage(region, today_stations, years, floor_dbm=floor, share=share)
    today = evaluate(region, demands, coverage_today, today_stations, years, by_operator=own_today)
    region = propose_missing(region, demands, today, today_stations, share=share)
    offered = _offers(region)
    selection = select_stations(region, demands, today, today_stations, share=share)
    stations = pd.concat([today_stations, selection.stations[today_stations.columns]])
    coverage_plan = network_coverage(
        region, stations, years, floor_dbm=floor, label="coverage with the plan", share=share
    )
    own_plan = operator_coverage(region, stations, years, floor_dbm=floor, share=share)
    planned = evaluate(region, demands, coverage_plan, stations, years, by_operator=own_plan)
    return Plan(
        region=region,
        years=tuple(years),
        demands=demands,
        today_stations=today_stations,
        planned_stations=selection.stations,
        coverage_today=coverage_today,
        coverage_plan=coverage_plan,
        today=today,
        planned=planned,
        chances_today=_chances(region, demands, coverage_today, today_stations, own_today),
        chances_plan=_chances(region, demands, coverage_plan, stations, own_plan),
        gaps_today=find_gaps(
            region,
            demands,
            today,
            today_stations,
            years[-1],
            candidates=offered,
            later=planned,
        ),
        gaps_plan=find_gaps(region, demands, planned, stations, years[-1], candidates=offered),
        people_today=people_covered(region, coverage_today, today_stations, years),
        people_plan=people_covered(region, coverage_plan, stations, years),
        indoors=_indoors(region, coverage_plan, stations),
        selection=selection,
        backhaul=plan_backhaul(region, today_stations, selection.stations),
        warnings=region.warnings + validity_warnings(region, stations),
    )


def _offers(region: Region) -> pd.DataFrame:
    """Stations that may be added and those that may not, as the gaps take them."""
    offered, closed = candidate_stations(region), candidate_stations(region, closed=True)
    parts = [offered.assign(allowed=True), closed.assign(allowed=False)]
    return pd.concat([part for part in parts if len(part)] or [offered])


def _indoors(
    region: Region, coverage: Mapping[tuple[str, int], Coverage], stations: pd.DataFrame
) -> gpd.GeoDataFrame:
    year = region.scenario.targets.years[-1]
    networks = {technology for technology, _ in coverage}
    asked = {rule.technology for rule in region.document.rules if rule.kind == "coverage"}
    needs = [
        indoor_needs(region, coverage[technology, year], stations)
        for technology in sorted(networks & asked or networks)
    ]
    return pd.concat([part for part in needs if len(part)] or needs[:1], ignore_index=True)


def _chances(
    region: Region,
    demands: Mapping[str, Demand],
    coverage: Mapping[tuple[str, int], Coverage],
    stations: pd.DataFrame,
    by_operator: Mapping[tuple[str, str, int], Coverage],
) -> pd.DataFrame:
    uncertainty = Uncertainty.of(region.scenario)
    if uncertainty.draws == 0:
        return pd.DataFrame()
    years = region.scenario.targets.years
    return rule_probabilities(
        region, demands, coverage, stations, years, uncertainty=uncertainty, by_operator=by_operator
    )


def signal_floor_dbm(region: Region) -> float:
    """
    Lowest level worth computing.

    Parameters
    ----------
    region : Region
        With the definitions in use.

    Returns
    -------
    floor_dbm : float
        Some decibels below the lowest threshold of the document's rules. [dBm]
    """
    thresholds = [
        region.scenario.definition(rule)[1].rsrp_dbm
        for rule in region.document.rules
        if rule.kind == "coverage"
    ]
    lowest = min(thresholds, default=-110.0)
    return lowest - FLOOR_BELOW_THRESHOLD_DB
