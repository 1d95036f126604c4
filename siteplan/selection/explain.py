"""Why each candidate is in the plan or not: what it alone covers, what it saves, what keeps it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from siteplan.selection.capacity import serve
from siteplan.selection.greedy import complete_without
from siteplan.selection.problem import block_met, compact, covered_units
from siteplan.selection.reductions import stand_ins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Capacity, Problem

MOST_REPLACED: Final = 200
"""Chosen stations up to which each is taken out for a trial."""

REASONS: Final = {
    "needed": "缺它则有目标不达标",
    "replaceable": "可由其他站替代，但代价不更低",
    "count": "用于满足站数、重复覆盖或容量要求",
    "covers nothing": "不覆盖任何尚缺的对象",
    "same structure": "同一站址另一站覆盖不少于它且不更贵",
    "too near": "与已选新建站址间距不足",
    "adds nothing": "所覆盖对象均已由已选站覆盖",
    "dearer": "所能增加的覆盖由已选站以更低代价实现",
}
"""Every verdict, in the words of the bureau."""


def explain(problem: Problem, built: NDArray[np.int32], names: pd.Index[str]) -> pd.DataFrame:
    """
    Say for every candidate why it is chosen or not.

    Parameters
    ----------
    problem : Problem
        The problem.
    built : ndarray of int32, shape (stations,)
        A choice.
    names : Index of str, shape (stations,)
        Names of the stations.

    Returns
    -------
    frame : DataFrame
        Indexed by `names`: ``chosen``; ``reason`` and ``reason_zh``, see :data:`REASONS`; ``covers`` and
        ``covers_alone``, the share of what each coverage rule still needed that it covers and that no
        other chosen station covers by then, the largest over the rules; ``rules``, ids that fail when
        only this station goes; ``cost``, what the plan saves at once without it; ``replacement``, what
        the cheapest completion found costs more than the plan when it is barred (infinite when the rules
        fail then, NaN for rejected stations and beyond 200 chosen ones). In the unit of the objective.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from siteplan.selection.problem import Block, Problem
    >>> block = Block(rule_id="a", period=0, mode="each", need=0.0, item_need=np.ones(2),
    ...               cover=sp.csr_array([[True, True], [False, True]]),
    ...               unit_item=np.arange(2, dtype=np.int32), unit_weight=np.ones(2))
    >>> problem = Problem(station_cost=np.ones(2), station_site=np.arange(2, dtype=np.int32),
    ...                   site_cost=np.zeros(2), discount=np.ones(1), blocks=(block,), counts=())
    >>> explain(problem, np.array([0, 1], dtype=np.int32), pd.Index(["p", "q"]))[["chosen", "reason"]]
       chosen        reason
    p    True        needed
    q   False  adds nothing
    """
    small, chosen = compact(problem), built < problem.periods
    covers, alone, adds = (np.zeros(problem.stations) for _ in range(3))
    counted = np.zeros(problem.stations, dtype=bool)
    for count in problem.counts:
        counted |= count.counts
    for capacity in problem.capacities:
        counted |= np.diff(capacity.serves.indptr)[: problem.stations] > 0
    for block in small.blocks:
        weight = block.unit_weight / max(float(len(block.item_need)), 1.0)
        standing = built <= block.period
        times = block.cover.T @ standing.astype(np.int32)
        covers = np.maximum(covers, block.cover @ weight)
        alone = np.maximum(alone, standing * (block.cover @ (weight * (times == 1))))
        adds = np.maximum(adds, ~standing * (block.cover @ (weight * (times == 0))))
    rules = _failing(problem, built, chosen)
    reason = _rejected(small, built, adds, covers > 0.0, counted)
    reason[chosen] = "replaceable"
    reason[chosen & (alone <= 0.0) & counted] = "count"
    reason[chosen & (rules != "")] = "needed"
    saved, replacement = _trials(problem, small, built, chosen)
    return pd.DataFrame(
        {
            "chosen": chosen,
            "reason": reason,
            "reason_zh": [REASONS[word] for word in reason],
            "covers": covers,
            "covers_alone": alone,
            "rules": rules,
            "cost": saved,
            "replacement": replacement,
        },
        index=names,
    )


def _failing(  # noqa: C901  # one loop for each kind of need
    problem: Problem, built: NDArray[np.int32], chosen: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Rules that hold with each chosen station and fail without it."""
    rules: NDArray[np.object_] = np.full(problem.stations, "", dtype=object)
    found: dict[int, list[str]] = {int(j): [] for j in np.flatnonzero(chosen)}
    for block in problem.blocks:
        standing = built <= block.period
        if not block_met(block, standing):
            continue
        times = block.cover.T @ standing.astype(np.int32)
        sole = standing & (np.asarray(block.cover @ (times == 1).astype(np.int32)) > 0)
        for j in np.flatnonzero(sole).tolist():
            without = standing.copy()
            without[j] = False
            if not block_met(block, without) and block.rule_id not in found[j]:
                found[j].append(block.rule_id)
    for count in problem.counts:
        standing = count.counts & (built <= count.period)
        if int(standing.sum()) == count.need:
            for j in np.flatnonzero(standing).tolist():
                found[j].append(count.rule_id)
    for capacity in problem.capacities:
        for j in _serving_alone(capacity, built):
            found[j].append(capacity.rule_id)
    for j, ids in found.items():
        rules[j] = ";".join(ids)
    return rules


def _serving_alone(capacity: Capacity, built: NDArray[np.int32]) -> list[int]:
    """Stations without which users are left over who are served with them."""
    share = (built <= capacity.period).astype(np.float64)
    if serve(capacity, share).short > 0.0:
        return []
    reaches = np.diff(capacity.serves.indptr)[: len(built)] > 0
    found = []
    for j in np.flatnonzero(reaches & (share > 0.0)).tolist():
        share[j] = 0.0
        if serve(capacity, share).short > 0.0:
            found.append(j)
        share[j] = 1.0
    return found


def _rejected(
    small: Problem,
    built: NDArray[np.int32],
    adds: NDArray[np.float64],
    useful: NDArray[np.bool_],
    counted: NDArray[np.bool_],
) -> NDArray[np.object_]:
    """Verdict on every station as if it were rejected."""
    reason: NDArray[np.object_] = np.full(small.stations, "dearer", dtype=object)
    reason[adds <= 0.0] = "adds nothing"
    opened = np.zeros(len(small.site_cost), dtype=bool)
    opened[small.station_site[built < small.periods]] = True
    near = np.zeros(len(opened), dtype=bool)
    for one, two in ((0, 1), (1, 0)):
        near[small.rivals[opened[small.rivals[:, one]], two]] = True
    reason[near[small.station_site]] = "too near"
    stand_in = stand_ins(small)
    reason[(stand_in >= 0) & (stand_in != np.arange(small.stations))] = "same structure"
    reason[~useful & ~counted] = "covers nothing"
    return reason


def _trials(
    problem: Problem, small: Problem, built: NDArray[np.int32], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find what the plan saves without each chosen station, and costs more once it is completed."""
    saved, replacement = (np.full(problem.stations, np.nan) for _ in range(2))
    whole = problem.cost(built)
    for j in np.flatnonzero(chosen).tolist():
        without = built.copy()
        without[j] = problem.periods
        saved[j] = whole - problem.cost(without)
        if chosen.sum() <= MOST_REPLACED:
            other = complete_without(small, without, j)
            fails = set(problem.unmet(other)) - set(problem.unmet(built))
            replacement[j] = np.inf if fails else problem.cost(other) - whole
    return saved, replacement


def serving(
    problem: Problem, built: NDArray[np.int32], names: pd.Index[str]
) -> dict[str, tuple[str, ...]]:
    """
    Stations of the choice that cover something a rule still needs, or count for it.

    Parameters
    ----------
    problem : Problem
        The problem.
    built : ndarray of int32, shape (stations,)
        A choice.
    names : Index of str, shape (stations,)
        Names of the stations.

    Returns
    -------
    stations : dict of str to tuple of str
        By rule id.
    """
    found: dict[str, tuple[str, ...]] = {}
    for block in problem.blocks:  # several of one rule where each operator must meet it
        chosen = built <= block.period
        useful = covered_units(block, chosen)
        gives = np.asarray(block.cover.astype(np.int32) @ useful.astype(np.int32)) > 0
        more = tuple(str(name) for name in names[chosen & gives])
        before = found.get(block.rule_id, ())
        found[block.rule_id] = before + tuple(name for name in more if name not in set(before))
    for count in problem.counts:
        chosen = count.counts & (built <= count.period)
        found[count.rule_id] = tuple(str(name) for name in names[chosen])
    for capacity in problem.capacities:
        reaches = np.diff(capacity.serves.indptr)[: problem.stations] > 0
        chosen = reaches & (built <= capacity.period)
        found[capacity.rule_id] = tuple(str(name) for name in names[chosen])
    return found
