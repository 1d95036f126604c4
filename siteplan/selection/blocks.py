"""From rules, demand and signals to the blocks and counts of the selection problem."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from siteplan import catalog
from siteplan.selection.limits import structures
from siteplan.selection.problem import Block, Count, Mode, Problem
from siteplan.selection.reach import ROUNDING, Shortfall, Signals, period_of, station_cover
from siteplan.selection.repeated import repeated_counts
from siteplan.selection.signals import signal_matrix
from siteplan.selection.subscribers import capacities
from siteplan.selection.wishes import rivals, wished_counts, yearly_limits
from siteplan.targets import COVERED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.catalog import Rule
    from siteplan.coverage.cluster import Share
    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.targets import Evaluation


def build_problem(
    region: Region,
    demands: Mapping[str, Demand],
    today: Evaluation,
    today_stations: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    share: Share | None = None,
) -> tuple[Problem, list[Shortfall]]:
    """
    Build the selection problem of a region.

    It is planned with the scenario's margin, so that its rules will be met and not at risk.

    Parameters
    ----------
    region : Region
        With document and scenario.
    demands : mapping of str to Demand
        By rule id.
    today : Evaluation
        What today's network covers.
    today_stations : DataFrame
        Stations in service.
    candidates : DataFrame
        From :func:`siteplan.selection.candidates.candidate_stations`.
    share : callable, optional
        Computes chunks of stations elsewhere, see :mod:`siteplan.coverage.cluster`.

    Returns
    -------
    problem : Problem
        Arrays over the candidates.
    shortfalls : list of Shortfall
        Needs that no candidate can meet; the problem asks for what they reach instead.
    """
    shortfalls: list[Shortfall] = []
    blocks = []
    rules = [
        rule
        for rule in region.document.rules
        if rule.kind == "coverage" and rule.strict and rule.id in demands
    ]
    for technology in sorted({str(rule.technology) for rule in rules}):
        of_technology = [rule for rule in rules if rule.technology == technology]
        # a rule that each of several operators must meet is one block for each of them
        parts = [
            (rule, operator, _states(region, today, rule, operator))
            for rule in of_technology
            for operator in region.scenario.operators_of(rule) or ("",)
        ]
        open_samples = [_open_samples(demands[rule.id], states) for rule, _, states in parts]
        wanted = [
            demands[rule.id].cell[samples]
            for (rule, _, _), samples in zip(parts, open_samples, strict=True)
        ]
        signals = _signals(region, of_technology, wanted, candidates, share)
        for (rule, operator, states), samples in zip(parts, open_samples, strict=True):
            if states is None:
                continue
            own = signals.of(operator)
            missed: list[Shortfall] = []
            block = _block(region, rule, demands[rule.id], states, samples, own, missed)
            shortfalls.extend(replace(need, operator=operator) for need in missed)
            if block is not None:
                blocks.append(block)
    built_on = structures(region, candidates)
    station_site = built_on.station
    sites = np.unique(built_on.site)
    site_price = np.zeros(len(built_on.site))
    site_price[station_site] = candidates["site_price"].to_numpy(dtype=float)
    years = region.scenario.targets.years
    rate = region.scenario.costs.discount_rate
    rate = catalog.costs().discount_rate if rate is None else rate
    problem = Problem(
        station_cost=candidates["station_price"].to_numpy(dtype=float),
        station_site=station_site,
        site_cost=site_price,
        discount=np.array([(1.0 + rate) ** -(year - years[0]) for year in years]),
        blocks=tuple(blocks),
        counts=(
            *_counts(region, today_stations, candidates, shortfalls),
            *wished_counts(region, candidates),
            *repeated_counts(region, demands, today_stations, candidates, shortfalls),
        ),
        rivals=built_on.pairs(sites, rivals(region, sites)),
        limits=(*yearly_limits(region, candidates, station_site), *built_on.limits),
        capacities=tuple(capacities(region, demands, today_stations, candidates, shortfalls)),
    )
    return problem, shortfalls


def _states(
    region: Region, today: Evaluation, rule: Rule, operator: str
) -> NDArray[np.int8] | None:
    years = region.scenario.targets.years
    found = today.networks.get((rule.id, years[period_of(rule, years)]))
    return None if found is None else found[operator].safe


def _open_samples(demand: Demand, states: NDArray[np.int8] | None) -> NDArray[np.int64]:
    """Find the samples that today's network does not cover with the margin."""
    if states is None:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero((states != COVERED) & (demand.cell >= 0))


def _signals(
    region: Region,
    rules: list[Rule],
    wanted: list[NDArray[np.int64]],
    candidates: pd.DataFrame,
    share: Share | None,
) -> Signals:
    mine = (candidates["technology"] == rules[0].technology).to_numpy()
    cells = np.unique(np.concatenate([np.zeros(0, np.int64), *wanted]))
    return Signals(
        candidates=len(candidates),
        positions=np.flatnonzero(mine),
        sites=candidates["site_id"].to_numpy()[mine],
        operators=candidates["operator"].to_numpy()[mine],
        cells=cells,
        level=signal_matrix(
            region,
            candidates[mine],
            cells,
            floor_dbm=min(region.scenario.definition(rule)[1].rsrp_dbm for rule in rules),
            label=f"candidates {rules[0].technology}",
            probability=region.scenario.selection.probability or 0.5,
            margin_db=region.scenario.targets.margin_db,
            share=share,
        ),
    )


def _block(
    region: Region,
    rule: Rule,
    demand: Demand,
    states: NDArray[np.int8],
    samples: NDArray[np.int64],
    signals: Signals,
    shortfalls: list[Shortfall],
) -> Block | None:
    definition = region.scenario.definition(rule)[1]
    required = region.scenario.required_share(rule)
    n = len(demand.items)
    total = demand.item_weight()
    have = np.bincount(demand.item, weights=demand.weight * (states == COVERED), minlength=n)
    first, weight = _units(demand, samples)
    item = demand.item[first]
    cover = station_cover(region, demand, definition, first, signals)
    reachable = np.bincount(cover.indices, minlength=len(first)) > 0
    can = np.bincount(item[reachable], weights=weight[reachable], minlength=n)
    needs = np.maximum(definition.share * total - have, 0.0)
    possible = needs <= can * (1.0 + ROUNDING)
    mode: Mode = "pooled" if rule.measure == "pooled" else "each" if required >= 1.0 else "share"
    need = 0.0
    if mode == "pooled":
        need = max(required * float(total.sum()) - float(have.sum()), 0.0)
        if need > can.sum():
            reach = float((have.sum() + can.sum()) / total.sum())
            shortfalls.append(Shortfall(rule_id=rule.id, reachable=reach, needed=required))
            need = float(can.sum())
    else:
        shortfalls.extend(
            Shortfall(
                rule_id=rule.id,
                item_id=str(demand.items.index[i]),
                name=str(demand.items["name"].iloc[i]),
                reachable=float((have[i] + can[i]) / total[i]),
                needed=definition.share,
            )
            for i in np.flatnonzero(~possible)
        )
    if mode == "share":
        done = int((needs <= 0.0).sum())
        need = float(min(int(np.ceil(required * n - ROUNDING)), int(possible.sum())) - done)
        needs = np.where(possible & (needs > 0.0), needs, np.inf)
    elif mode == "each":
        needs = np.minimum(needs, can)
    if need <= 0.0 and (mode != "each" or not (needs > 0.0).any()):
        return None
    useful = reachable if mode == "pooled" else reachable & (needs > 0.0)[item]
    if mode == "share":
        useful = useful & np.isfinite(needs)[item]
    kept = np.flatnonzero(useful)
    rows = sp.coo_array(cover[:, kept])
    return Block(
        rule_id=rule.id,
        period=period_of(rule, region.scenario.targets.years),
        mode=mode,
        # rows of this technology's candidates become rows of all candidates
        cover=sp.csr_array(
            (rows.data, (signals.positions[rows.row], rows.col)),
            shape=(signals.candidates, len(kept)),
        ),
        unit_item=item[kept],
        unit_weight=weight[kept].astype(np.float64),
        item_need=needs,
        need=need,
    )


def _units(
    demand: Demand, samples: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Join samples of one item in one cell, which share their fate: one of them, and their weight."""
    width = int(demand.cell.max(initial=0)) + 1
    key = demand.item[samples].astype(np.int64) * width + demand.cell[samples]
    _, first, unit = np.unique(key, return_index=True, return_inverse=True)
    weight = np.bincount(unit, weights=demand.weight[samples], minlength=len(first))
    return samples[first], weight.astype(np.float64)


def _counts(
    region: Region,
    today_stations: pd.DataFrame,
    candidates: pd.DataFrame,
    shortfalls: list[Shortfall],
) -> list[Count]:
    years = region.scenario.targets.years
    counts = []
    for rule in region.document.rules:
        if rule.kind != "station_count" or not rule.strict:
            continue
        period = period_of(rule, years)
        standing = (today_stations["year"] <= years[period]).to_numpy()
        which = np.ones(len(candidates), dtype=bool)
        if rule.technology is not None:
            standing = standing & (today_stations["technology"] == rule.technology).to_numpy()
            which = (candidates["technology"] == rule.technology).to_numpy()
        have, required = int(standing.sum()), int(np.ceil(rule.required or 0.0))
        offered = int(which.sum())
        if have + offered < required:
            reach = (have + offered) / required
            shortfalls.append(Shortfall(rule_id=rule.id, reachable=reach, needed=1.0))
        need = min(max(required - have, 0), offered)
        if need > 0:
            counts.append(Count(rule_id=rule.id, period=period, counts=which, need=need))
    return counts
