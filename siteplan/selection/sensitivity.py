"""What more or less would cost: cost against the share of a rule, and the price of one more per cent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.errors import Fault, InputError
from siteplan.selection.blocks import build_problem
from siteplan.selection.candidates import candidate_stations
from siteplan.selection.optimise import optimise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.selection.problem import Block, Problem
    from siteplan.targets import Evaluation


def cost_curve(
    problem: Problem,
    rule_id: str,
    shares: Sequence[float],
    *,
    time_limit_s: float = 10.0,
    gap: float = 0.005,
    seed: int = 1,
) -> pd.DataFrame:
    """
    Cost of the whole plan against what one rule asks for.

    Parameters
    ----------
    problem : Problem
        The problem; the other rules stay as they are.
    rule_id : str
        A coverage rule on a share of items or on pooled weight. Where each of several operators must meet
        it, each of those that miss it today must reach the share.
    shares : sequence of float
        Shares of what the candidates can still add for this rule, from 0 to 1.
    time_limit_s : float
        Longest search for each share. [s]
    gap : float
        Relative gap at which each search stops.
    seed : int
        Seed of the searches.

    Returns
    -------
    curve : DataFrame
        One row for each share, ascending: ``share``, ``need`` (summed over the operators), ``cost``,
        ``bound``, ``stations`` and ``per_percent``, what one further per cent costs between this share and
        the one before (NaN in the first row, where costs lie within their gaps of the least).

    Raises
    ------
    InputError
        When the problem has no such rule, it asks for every item, or a share lies outside 0 to 1.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from siteplan.selection.problem import Block, Problem
    >>> block = Block(rule_id="a", period=0, mode="pooled", need=3.0, item_need=np.zeros(1),
    ...               cover=sp.csr_array([[True, True, False], [False, False, True]]),
    ...               unit_item=np.zeros(3, dtype=np.int32), unit_weight=np.ones(3))
    >>> problem = Problem(station_cost=np.array([1.0, 4.0]), station_site=np.arange(2, dtype=np.int32),
    ...                   site_cost=np.zeros(2), discount=np.ones(1), blocks=(block,), counts=())
    >>> cost_curve(problem, "a", [0.5, 1.0])[["share", "cost", "stations"]]
       share  cost  stations
    0    0.5   1.0         1
    1    1.0   5.0         2
    """
    _check(problem, rule_id, shares)
    most = [_most(block) for block in problem.blocks]
    rows = []
    for share in sorted(shares):
        blocks = tuple(
            replace(block, need=_part(block, all_of_it, share))
            if block.rule_id == rule_id
            else block
            for block, all_of_it in zip(problem.blocks, most, strict=True)
        )
        changed = replace(problem, blocks=blocks)
        built, bound, _, _ = optimise(changed, time_limit_s=time_limit_s, gap=gap, seed=seed)
        rows.append(
            {
                "share": share,
                "need": sum(block.need for block in blocks if block.rule_id == rule_id),
                "cost": changed.cost(built),
                "bound": bound,
                "stations": int((built < problem.periods).sum()),
            }
        )
    curve = pd.DataFrame(rows)
    # a plan for a larger share serves a smaller one too
    curve["cost"] = curve["cost"][::-1].cummin()[::-1]
    curve["bound"] = np.minimum(curve["bound"].cummax(), curve["cost"])
    curve["per_percent"] = curve["cost"].diff() / (100.0 * curve["share"].diff())
    return curve


def rule_curve(
    region: Region,
    demands: Mapping[str, Demand],
    today: Evaluation,
    today_stations: pd.DataFrame,
    rule_id: str,
    shares: Sequence[float],
) -> pd.DataFrame:
    """
    Cost of the plan of a region against what one rule asks for.

    Parameters
    ----------
    region : Region
        With document, scenario, sites.
    demands : mapping of str to Demand
        By rule id, such as :attr:`siteplan.plan.Plan.demands`.
    today : Evaluation
        What today's network covers, such as :attr:`siteplan.plan.Plan.today`.
    today_stations : DataFrame
        Stations in service, such as :attr:`siteplan.plan.Plan.today_stations`.
    rule_id : str
        A coverage rule on a share of items or on pooled weight that is missed today.
    shares : sequence of float
        Shares of what the candidates can still add for this rule, from 0 to 1.

    Returns
    -------
    curve : DataFrame
        As :func:`cost_curve`, each search for a part of the scenario's time.

    Raises
    ------
    InputError
        When there is no such rule, it asks for every item, or a share lies outside 0 to 1.

    Examples
    --------
    >>> rule_curve(plan.region, plan.demands, plan.today, plan.today_stations, "E-C-2020",
    ...            [0.8, 0.9, 1.0])  # doctest: +SKIP
    """
    candidates = candidate_stations(region)
    problem, _ = build_problem(region, demands, today, today_stations, candidates)
    wishes = region.scenario.selection
    return cost_curve(
        problem,
        rule_id,
        shares,
        time_limit_s=wishes.time_limit_s / max(len(shares), 1),
        gap=wishes.gap,
        seed=wishes.seed,
    )


def _most(block: Block) -> float:
    """Sum up what all candidates together give: weight, or items."""
    reached = block.unit_weight * (
        np.bincount(block.cover.indices, minlength=len(block.unit_item)) > 0
    )
    if block.mode == "pooled":
        return float(reached.sum())
    can = np.bincount(block.unit_item, weights=reached, minlength=len(block.item_need))
    return float((can >= block.item_need * (1.0 - 1e-9)).sum())


def _part(block: Block, most: float, share: float) -> float:
    """Share of what all candidates give: weight, or whole items."""
    return most * share if block.mode == "pooled" else float(np.ceil(most * share - 1e-9))


def _check(problem: Problem, rule_id: str, shares: Sequence[float]) -> None:
    known = {block.rule_id: block for block in problem.blocks}
    faults = [
        Fault(
            source="cost_curve",
            column="shares",
            value=str(share),
            rule="a share must lie between 0 and 1",
            remedy="Write 0.95 for 95 %.",
        )
        for share in shares
        if not 0.0 <= share <= 1.0
    ]
    if rule_id not in known:
        faults.append(
            Fault(
                source="cost_curve",
                column="rule_id",
                value=rule_id,
                rule="the problem has no such coverage rule that is still missed",
                remedy=f"Use one of: {', '.join(sorted(known)) or 'none is missed'}.",
            )
        )
    elif known[rule_id].mode == "each":
        faults.append(
            Fault(
                source="cost_curve",
                column="rule_id",
                value=rule_id,
                rule="the rule asks for every item: there is no share to vary",
                remedy="Give the rule a share below 1 under [targets.shares].",
            )
        )
    if faults:
        raise InputError(faults)


def stations_by_year(stations: pd.DataFrame, township: pd.Series[str]) -> pd.DataFrame:
    """
    Stations that a plan adds, by year and township.

    Parameters
    ----------
    stations : DataFrame
        Chosen stations with ``site_id`` and ``year``.
    township : Series of str
        Township of each site.

    Returns
    -------
    table : DataFrame of int
        Years as rows, townships as columns; sites in none under ``""``.

    Examples
    --------
    >>> stations = pd.DataFrame({"site_id": ["a", "b"], "year": [2021, 2022]})
    >>> stations_by_year(stations, pd.Series({"a": "t1", "b": None}))
    township     t1
    year
    2021      0   1
    2022      1   0
    """
    where = stations["site_id"].map(township).fillna("").rename("township")
    return pd.crosstab(stations["year"], where)
