"""Why each candidate is in the plan or not: what it alone covers, what it saves, what keeps it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import scipy.sparse as sp

from siteplan import catalog
from siteplan.selection.candidates import forbidden
from siteplan.selection.capacity import serve
from siteplan.selection.greedy import complete_without
from siteplan.selection.problem import block_met, compact, covered_units
from siteplan.selection.reductions import stand_ins
from siteplan.selection.wishes import too_near

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.selection.problem import Capacity, Problem

MOST_REPLACED: Final = 200
"""Chosen stations up to which each is taken out for a trial."""

TRIED: Final = 12
"""Of more stations, those taken out for a trial: the ones that alone cover most."""

REASONS: Final = {
    "needed": "缺它则覆盖或容量目标不达标",
    "replaceable": "可由其他站替代，但代价不更低",
    "count": "用于满足站数、重复覆盖或容量要求，可由其他站计数",
    "covers nothing": "不覆盖任何尚缺的对象",
    "same structure": "同一站址另一站覆盖不少于它且不更贵",
    "too near": "与已选新建站址间距不足",
    "adds nothing": "所覆盖对象均已由已选站覆盖",
    "dearer": "所能增加的覆盖由已选站以更低代价实现",
    "unavailable": "站址不可用",
    "forbidden": "方案设置中禁用",
    "zone": "位于禁止建设区内",
    "near existing": "与现有或指定站址间距不足",
    "no equipment": "该类站址无适用设备",
    "limits": "该类站址的高度、功率、制式或承载数量受限",
    "full": "站址承载数量已满",
}
"""Every verdict on a station or a site, in the words of the bureau."""

REASONS_EN: Final = {
    "needed": "without it a target of coverage or capacity is missed",
    "replaceable": "others could stand in for it, at no lower cost",
    "count": "makes up a number of stations, repeated coverage or capacity; another could count as well",
    "covers nothing": "covers nothing that is still missing",
    "same structure": "another station of the same site covers no less and is no dearer",
    "too near": "too near to a chosen new structure",
    "adds nothing": "all that it covers is covered by chosen stations",
    "dearer": "what it could add is covered at less cost by chosen stations",
    "unavailable": "the site is not available",
    "forbidden": "forbidden by the scenario",
    "zone": "lies in a zone where nothing may be built",
    "near existing": "too near to a standing or fixed structure",
    "no equipment": "no equipment of the networks fits its kind",
    "limits": "its kind is limited in height, power, technology or number of stations",
    "full": "its structure carries as many stations as it may",
}
"""The same verdicts in English."""


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
        only this station goes; ``cost``, what the plan saves at once without a chosen station, or pays
        more with a rejected one from the first year; ``replacement``, what the cheapest completion found
        costs more than the plan when a chosen station is barred (infinite when the rules fail then, NaN
        for rejected stations, and of more than 200 chosen ones for all but the 12 that alone cover
        most), and ``instead``, the stations that it adds,
        joined by ``;`` (for a rejected station the chosen one that covers most of what it covers, the
        one of its structure that does as well, or those of the structure that stands too near). Costs are
        in the unit of the objective.

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
    reason[chosen & ((alone <= 0.0) | (rules != "")) & counted] = "count"
    covering = {block.rule_id for block in problem.blocks}
    covering |= {capacity.rule_id for capacity in problem.capacities}
    must = [bool(covering & set(text.split(";"))) for text in rules]
    reason[chosen & np.array(must, dtype=bool)] = "needed"
    tried = np.flatnonzero(chosen)
    if len(tried) > MOST_REPLACED:
        tried = np.sort(tried[np.argsort(-alone[tried], kind="stable")[:TRIED]])
    cost, replacement, trial = _trials(problem, small, built, tried)
    instead = _named(_in_stead(small, built, reason) + trial, names)
    return pd.DataFrame(
        {
            "chosen": chosen,
            "reason": reason,
            "reason_zh": [REASONS[word] for word in reason],
            "covers": covers,
            "covers_alone": alone,
            "rules": rules,
            "cost": cost,
            "replacement": replacement,
            "instead": instead,
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
    problem: Problem, small: Problem, built: NDArray[np.int32], tried: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], sp.csr_array]:
    """Find what the plan costs less without each station, or more with it, and how it is completed."""
    factor, opened = np.append(problem.discount, 0.0), problem.opened(built)
    early = factor[0] - factor[opened[problem.station_site]]
    cost = factor[0] * problem.station_cost + early * problem.site_cost[problem.station_site]
    replacement = np.full(problem.stations, np.nan)
    trials = sp.lil_array((problem.stations, problem.stations), dtype=bool)
    whole, missed = problem.cost(built), set(problem.unmet(built))
    for j in np.flatnonzero(built < problem.periods).tolist():
        without = built.copy()
        without[j] = problem.periods
        cost[j] = whole - problem.cost(without)
    for j in tried.tolist():
        without = built.copy()
        without[j] = problem.periods
        other = complete_without(small, without, j)
        if set(problem.unmet(other)) <= missed:
            replacement[j] = problem.cost(other) - whole
            trials[j, (other < problem.periods) & (without == problem.periods)] = True
        else:
            replacement[j] = np.inf
    return cost, replacement, sp.csr_array(trials)


def _in_stead(
    small: Problem, built: NDArray[np.int32], reason: NDArray[np.object_]
) -> sp.csr_array:
    """Chosen stations, or the one of the same structure, that keep each rejected one out."""
    total, chosen = small.stations, np.flatnonzero(built < small.periods)
    found = sp.lil_array((total, total), dtype=bool)
    stand_in = stand_ins(small)
    same = np.flatnonzero(reason == "same structure")
    found[same, stand_in[same]] = True
    of_site = sp.csr_array(
        (np.ones(len(chosen), dtype=bool), (small.station_site[chosen], chosen)),
        shape=(len(small.site_cost), total),
    )
    one, two = small.rivals.T
    apart = sp.coo_array(
        (np.ones(2 * len(one), dtype=np.int32), (np.append(one, two), np.append(two, one))),
        shape=(len(small.site_cost), len(small.site_cost)),
    )
    near = np.flatnonzero(reason == "too near")
    found[near] = (sp.csr_array(apart)[small.station_site[near]] @ of_site).astype(bool)
    rest = np.flatnonzero((reason == "adds nothing") | (reason == "dearer"))
    shared = sp.csr_array((len(rest), len(chosen)))
    for block in small.blocks:
        standing = sp.csr_array(block.cover[chosen[built[chosen] <= block.period]].T)
        mine = block.cover[rest].astype(np.float64) * block.unit_weight
        part = sp.coo_array(mine @ standing)
        place = np.flatnonzero(built[chosen] <= block.period)
        shared = shared + sp.csr_array((part.data, (part.row, place[part.col])), shape=shared.shape)
    if shared.nnz:
        most = np.asarray(shared.argmax(axis=1)).reshape(-1)
        held = np.flatnonzero(np.diff(shared.indptr) > 0)
        found[rest[held], chosen[most[held]]] = True
    return sp.csr_array(found)


def _named(pairs: sp.csr_array, names: pd.Index[str]) -> list[str]:
    """Names of the columns of each row, joined by semicolons."""
    pairs.sort_indices()
    texts = names.to_numpy(dtype=str)
    ends = pairs.indptr
    return [";".join(texts[pairs.indices[ends[i] : ends[i + 1]]]) for i in range(pairs.shape[0])]


def sole_cover(
    problem: Problem,
    built: NDArray[np.int32],
    names: pd.Index[str],
    demands: Mapping[str, Demand],
) -> pd.DataFrame:
    """
    List what each chosen station alone covers, by the year of each rule.

    Parameters
    ----------
    problem : Problem
        The problem.
    built : ndarray of int32, shape (stations,)
        A choice.
    names : Index of str, shape (stations,)
        Names of the stations.
    demands : mapping of str to Demand
        By rule id, as the problem was built from them.

    Returns
    -------
    table : DataFrame
        One row per station, rule and item of which some part is covered by no station of today and no
        other chosen one: ``station_id``, ``rule_id``, ``item_id``, ``name`` and ``share`` of the item.

    Examples
    --------
    >>> sole_cover(problem, built, candidates.index, plan.demands)  # doctest: +SKIP
    """
    parts = []
    for block in problem.blocks:
        items, whole = demands[block.rule_id].items, demands[block.rule_id].item_weight()
        standing = np.flatnonzero(built <= block.period)
        cover = sp.csr_array(block.cover[standing])
        times = np.asarray(cover.astype(np.int32).sum(axis=0)).reshape(-1)
        weight = block.unit_weight * (times == 1)
        by_item = sp.csr_array(
            (weight, (np.arange(len(weight)), block.unit_item)), shape=(len(weight), len(items))
        )
        held = sp.coo_array(cover.astype(np.float64) @ by_item)
        kept = held.data > 0.0
        row, item = held.row[kept], held.col[kept]
        parts.append(
            pd.DataFrame(
                {
                    "station_id": names[standing[row]],
                    "rule_id": block.rule_id,
                    "item_id": items.index.astype(str)[item],
                    "name": items["name"].to_numpy()[item],
                    "share": held.data[kept] / whole[item],
                    "order": standing[row],
                }
            )
        )
    columns = ["station_id", "rule_id", "item_id", "name", "share"]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts, ignore_index=True)
    keys = ["order", "rule_id", "share", "item_id"]
    table = table.sort_values(keys, ascending=[True, True, False, True], kind="stable")
    return table[columns].reset_index(drop=True)


def closed_sites(region: Region, candidates: pd.DataFrame) -> pd.Series[str]:
    """
    Say of every site on which no station can be added what keeps it out.

    Parameters
    ----------
    region : Region
        With sites, networks and scenario.
    candidates : DataFrame
        From :func:`siteplan.selection.candidates.candidate_stations`.

    Returns
    -------
    reasons : Series of str
        Verdicts of :data:`REASONS` by site id; a site that carries every network already is left out.

    Examples
    --------
    >>> closed_sites(region, candidate_stations(region))  # doctest: +SKIP
    """
    sites = region.sites[~region.sites.index.isin(candidates["site_id"])]
    kinds = catalog.structures()
    scale = sites["kind"].map({kind: item.scale for kind, item in kinds.items()})
    built = [network for network in region.scenario.networks if network.build]
    scales = {"macro" for network in built if network.macro}
    scales |= {"micro" for network in built if network.micro}
    verdicts = {
        "unavailable": sites["status"].eq("unavailable"),
        "forbidden": sites.index.isin(region.scenario.selection.forbidden),
        "zone": forbidden(region, sites),
        "near existing": too_near(region, sites),
        "no equipment": ~scale.isin(scales),
    }
    verdicts["limits"] = sites.index.isin(_lacking(region, sites, scale))
    reason = np.select(
        [np.asarray(verdict, dtype=bool) for verdict in verdicts.values()], list(verdicts), ""
    )
    told = pd.Series(reason, index=sites.index.astype(str), dtype="object")
    return told[told != ""]


def _lacking(region: Region, sites: gpd.GeoDataFrame, scale: pd.Series[str]) -> set[Any]:
    """Sites on which some network that would fit has no station."""
    stations = region.stations
    lacking: set[Any] = set()
    for network in region.scenario.networks:
        mine = stations["operator"].eq(network.operator)
        mine &= stations["technology"].eq(network.technology)
        fits = scale.map({"macro": network.macro, "micro": network.micro}).notna()
        idle = ~sites.index.isin(stations.loc[mine, "site_id"])
        lacking |= set(sites.index[fits & idle]) if network.build else set()
    return lacking


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
