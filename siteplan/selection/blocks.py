"""From rules, demand and signals to the blocks and counts of the selection problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.spatial import cKDTree

from siteplan import catalog
from siteplan.selection.problem import Block, Count, Mode, Problem
from siteplan.selection.signals import signal_matrix
from siteplan.targets import COVERED
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.catalog import Definition, Rule
    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.targets import Evaluation


def build_problem(
    region: Region,
    demands: Mapping[str, Demand],
    today: Evaluation,
    today_stations: pd.DataFrame,
    candidates: pd.DataFrame,
) -> tuple[Problem, list[dict[str, object]]]:
    """
    The selection problem of a region, planned with the margin so that its rules are met and not at risk.

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

    Returns
    -------
    problem : Problem
        Arrays over the candidates.
    shortfalls : list of dict
        Items that no candidate can cover enough: ``rule_id``, ``item_id``, ``name``, ``reachable`` and
        ``needed`` shares.
    """
    years = region.scenario.targets.years
    shortfalls: list[dict[str, object]] = []
    blocks = []
    rules = [
        rule
        for rule in region.document.rules
        if rule.kind == "coverage" and rule.strict and rule.id in demands
    ]
    for technology in sorted({str(rule.technology) for rule in rules}):
        of_technology = [rule for rule in rules if rule.technology == technology]
        mine = (candidates["technology"] == technology).to_numpy()
        open_units = {
            rule.id: _open_units(demands[rule.id], today, rule, years) for rule in of_technology
        }
        wanted = [demands[name].cell[rows] for name, rows in open_units.items()]
        cells = np.unique(np.concatenate([np.zeros(0, np.int64), *wanted]))
        cells = cells[cells >= 0]
        lowest = min(region.scenario.definition(rule)[1].rsrp_dbm for rule in of_technology)
        signal = signal_matrix(
            region,
            candidates[mine],
            cells,
            floor_dbm=lowest,
            label=f"candidates {technology}",
        )
        for rule in of_technology:
            block = _block(
                region, rule, demands[rule.id], today, open_units[rule.id], signal, cells,
                candidates, mine, shortfalls,
            )
            if block is not None:
                blocks.append(block)
    sites, station_site = np.unique(candidates["site_id"].to_numpy(dtype=str), return_inverse=True)
    site_cost = np.zeros(len(sites))
    site_cost[station_site] = candidates["site_price"].to_numpy(dtype=float)
    rate = region.scenario.costs.discount_rate
    rate = catalog.costs().discount_rate if rate is None else rate
    discount = np.array([(1.0 + rate) ** -(year - years[0]) for year in years])
    problem = Problem(
        station_cost=candidates["station_price"].to_numpy(dtype=float),
        station_site=station_site.astype(np.int32),
        site_cost=site_cost,
        discount=discount,
        blocks=tuple(blocks),
        counts=tuple(_counts(region, today_stations, candidates, shortfalls)),
    )
    return problem, shortfalls


def period_of(rule: Rule, years: tuple[int, ...]) -> int:
    """
    Period by which a rule must hold: the last plan year that is not after its year.

    Parameters
    ----------
    rule : Rule
        A rule.
    years : tuple of int
        Plan years.

    Returns
    -------
    period : int
        Position in `years`; 0 when the rule's year is past, the last for a standing rule.
    """
    if rule.year is None:
        return len(years) - 1
    return max(sum(year <= rule.year for year in years) - 1, 0)


def _open_units(
    demand: Demand, today: Evaluation, rule: Rule, years: tuple[int, ...]
) -> NDArray[np.int64]:
    states = today.safe_samples.get((rule.id, years[period_of(rule, years)]))
    if states is None:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero((states != COVERED) & (demand.cell >= 0))


def _block(  # noqa: PLR0913  # one rule, its demand and its signals
    region: Region,
    rule: Rule,
    demand: Demand,
    today: Evaluation,
    rows: NDArray[np.int64],
    signal: sp.csr_array,
    cells: NDArray[np.int64],
    candidates: pd.DataFrame,
    mine: NDArray[np.bool_],
    shortfalls: list[dict[str, object]],
) -> Block | None:
    years = region.scenario.targets.years
    period = period_of(rule, years)
    states = today.safe_samples.get((rule.id, years[period]))
    if states is None:
        return None
    _, definition = region.scenario.definition(rule)
    required = region.scenario.required_share(rule)
    n = len(demand.items)
    total = demand.item_weight()
    have = np.bincount(demand.item, weights=demand.weight * (states == COVERED), minlength=n)
    # samples of one item in one cell share their fate: one unit
    key = demand.item[rows].astype(np.int64) * (region.geobox.shape[0] * region.geobox.shape[1])
    unique, unit = np.unique(key + demand.cell[rows], return_inverse=True)
    weight = np.bincount(unit, weights=demand.weight[rows], minlength=len(unique))
    first = np.zeros(len(unique), dtype=np.int64)
    first[unit[::-1]] = rows[::-1]
    item = demand.item[first]
    cover = _cover(region, demand, definition, first, signal, cells, candidates, mine)
    reachable = np.asarray(cover.sum(axis=0)).reshape(-1) > 0
    can = np.bincount(item[reachable], weights=weight[reachable], minlength=n)
    share = definition.share * total
    item_need = np.maximum(share - have, 0.0)
    mode: Mode = "pooled" if rule.measure == "pooled" else "each" if required >= 1.0 else "share"
    need = 0.0
    if mode == "pooled":
        need = max(required * total.sum() - have.sum(), 0.0)
        if need > can.sum():
            shortfalls.append(
                _shortfall(rule.id, "", "", (have.sum() + can.sum()) / total.sum(), required)
            )
            need = float(can.sum())
    else:
        short = np.flatnonzero(item_need > can * (1.0 + 1e-9))
        for i in short:
            name = demand.items["name"].iloc[i]
            reach = (have[i] + can[i]) / total[i]
            item_id = str(demand.items.index[i])
            shortfalls.append(_shortfall(rule.id, item_id, str(name), reach, definition.share))
        if mode == "each":
            item_need = np.minimum(item_need, can)
        else:
            possible = item_need <= can * (1.0 + 1e-9)
            need = float(np.ceil(required * n - 1e-9))
            need = float(min(need, int(possible.sum())) - int((item_need <= 0.0).sum()))
            item_need = np.where(possible & (item_need > 0.0), item_need, np.inf)
            need = max(need, 0.0)
    if (mode == "each" and not (item_need > 0.0).any()) or (mode != "each" and need <= 0.0):
        return None
    useful = reachable if mode == "pooled" else reachable & (item_need[item] > 0.0)
    useful &= np.isfinite(item_need[item]) if mode == "share" else True
    return Block(
        rule_id=rule.id,
        period=period,
        mode=mode,
        cover=sp.csr_array(cover[:, np.flatnonzero(useful)]),
        unit_item=item[useful],
        unit_weight=weight[useful],
        item_need=item_need,
        need=need,
    )


def _shortfall(
    rule_id: str, item_id: str, name: str, reachable: float, needed: float
) -> dict[str, object]:
    return {
        "rule_id": rule_id,
        "item_id": item_id,
        "name": name,
        "reachable": float(reachable),
        "needed": float(needed),
    }


def _cover(  # noqa: PLR0913  # one rule, its demand and its signals
    region: Region,
    demand: Demand,
    definition: Definition,
    samples: NDArray[np.int64],
    signal: sp.csr_array,
    cells: NDArray[np.int64],
    candidates: pd.DataFrame,
    mine: NDArray[np.bool_],
) -> sp.csr_array:
    """Which candidate covers which unit, over all candidates."""
    strong = sp.coo_array(signal)
    margin = region.scenario.targets.margin_db
    kept = strong.data >= round((definition.rsrp_dbm + margin) * CENTI)
    hit = sp.csr_array(
        (np.ones(int(kept.sum()), dtype=np.int32), (strong.row[kept], strong.col[kept])),
        shape=signal.shape,
    )
    element = np.searchsorted(cells, demand.cell[samples])
    picked = sp.csr_array(
        (
            np.ones(len(samples), dtype=np.int32),
            (element, np.arange(len(samples), dtype=np.int64)),
        ),
        shape=(len(cells), len(samples)),
    )
    cover = sp.coo_array(hit @ picked)
    positions = np.flatnonzero(mine)
    row, column = positions[cover.row], cover.col
    if definition.distance_m is not None:
        sites = region.sites.loc[candidates["site_id"][mine]].geometry
        points = demand.items.representative_point()
        station_tree = cKDTree(np.column_stack([sites.x, sites.y]))
        item_tree = cKDTree(np.column_stack([points.x, points.y]))
        pairs = station_tree.sparse_distance_matrix(
            item_tree, definition.distance_m, output_type="coo_matrix"
        )
        near = sp.csr_array(
            (np.ones(pairs.nnz, dtype=np.int32), (pairs.row, pairs.col)), shape=pairs.shape
        )
        of_item = sp.csr_array(
            (
                np.ones(len(samples), dtype=np.int32),
                (demand.item[samples], np.arange(len(samples), dtype=np.int64)),
            ),
            shape=(len(demand.items), len(samples)),
        )
        more = sp.coo_array(near @ of_item)
        row = np.concatenate([row, positions[more.row]])
        column = np.concatenate([column, more.col])
    merged = sp.csr_array(
        (np.ones(len(row), dtype=bool), (row, column)), shape=(len(candidates), len(samples))
    )
    merged.sum_duplicates()
    return merged


def _counts(
    region: Region,
    today_stations: pd.DataFrame,
    candidates: pd.DataFrame,
    shortfalls: list[dict[str, object]],
) -> list[Count]:
    years = region.scenario.targets.years
    counts = []
    for rule in region.document.rules:
        if rule.kind != "station_count" or not rule.strict:
            continue
        period = period_of(rule, years)
        standing = today_stations["year"] <= years[period]
        which = np.ones(len(candidates), dtype=bool)
        if rule.technology is not None:
            standing &= today_stations["technology"] == rule.technology
            which = (candidates["technology"] == rule.technology).to_numpy()
        have, required = int(standing.sum()), int(np.ceil(rule.required or 0.0))
        need = max(required - have, 0)
        if need > which.sum():
            reach = (have + int(which.sum())) / required
            shortfalls.append(_shortfall(rule.id, "", "", reach, 1.0))
            need = int(which.sum())
        if need > 0:
            counts.append(Count(rule_id=rule.id, period=period, counts=which, need=need))
    return counts
