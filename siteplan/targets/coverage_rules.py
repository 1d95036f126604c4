"""Coverage rules: the share of items, or of all samples, that is covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from siteplan.targets.states import (
    AT_RISK,
    COVERED,
    MEASURED,
    MET,
    NOT_KNOWN,
    NOT_MET,
    UNCOVERED,
    UNKNOWN,
    blank_row,
    item_shares,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from siteplan.catalog import Definition, Rule
    from siteplan.coverage.network import Coverage
    from siteplan.demand import Demand
    from siteplan.region import Region

SHARE_TOLERANCE: Final = 1e-9
"""Rounding of sums of weights that must not turn a met share into a missed one."""

RANK: Final = {NOT_MET: 0, UNKNOWN: 1, AT_RISK: 2, MET: 3, MEASURED: 3}
"""States from the worst to the best."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """
    States of the samples of a demand with one network.

    Attributes
    ----------
    signal : Coverage
        The network's signal.
    states, safe : ndarray of int8, shape (samples,)
        From :func:`siteplan.targets.sample_states` without and with the margin.
    doubtful, doubtful_safe : ndarray of int8, shape (samples of the doubtful items,)
        The same for the items of which nobody knows whether the rule speaks of them.
    """

    signal: Coverage
    states: NDArray[np.int8]
    safe: NDArray[np.int8]
    doubtful: NDArray[np.int8]
    doubtful_safe: NDArray[np.int8]


def coverage_rows(
    region: Region, rule: Rule, demand: Demand, networks: Mapping[str, Samples]
) -> tuple[list[dict[str, object]], pd.DataFrame]:
    """
    Judge a coverage rule for the region, each township and each group.

    Parameters
    ----------
    region : Region
        With the scenario.
    rule : Rule
        A coverage rule.
    demand : Demand
        What it speaks of, with at least one item.
    networks : mapping of str to Samples
        By operator when each of several must cover; else a single one, by "".

    Returns
    -------
    rows : list of dict
        Rows of :attr:`Evaluation.results`, without rule and year. With several operators the row of the
        one that does worst, and a row for each of them as a group.
    items : DataFrame
        Rows of :attr:`Evaluation.items`, without rule and year; of several operators the worst for each.
    """
    name, definition = region.scenario.definition(rule)
    verdict = Verdict(demand, rule, definition, region.scenario.required_share(rule))
    rows = []
    for scope, group, masks in _scopes(region, rule, demand):
        each = {key: verdict.judge(samples, *masks) for key, samples in networks.items()}
        worst = min(each, key=lambda key: (RANK[str(each[key]["state"])], _value(each[key]), key))
        row = each[worst]
        if len(each) > 1 and row["state"] not in {MET, MEASURED}:
            row = row | {"reason": "; ".join(filter(None, [f"least: {worst}", str(row["reason"])]))}
        rows.append(row | {"scope": scope, "group": group, "definition": name})
        if scope == group == "":
            rows.extend(
                other | {"scope": "", "group": key, "definition": name}
                for key, other in each.items()
                if key
            )
    return rows, _item_rows(verdict, list(networks.values()))


def _value(row: dict[str, object]) -> float:
    return float(str(row["value"]))


def _scopes(
    region: Region, rule: Rule, demand: Demand
) -> list[tuple[str, str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]]:
    """Region, townships and groups, each with the samples in it: sure ones and doubtful ones."""
    both = [demand] if demand.doubtful is None else [demand, demand.doubtful]
    nothing = np.zeros(0, dtype=bool)

    def pair(masks: list[NDArray[np.bool_]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        return (masks[0], masks[1] if len(masks) > 1 else nothing)

    townships = region.townships().index
    scopes = [("", "", pair([np.ones(len(part.item), dtype=bool) for part in both]))]
    for i in range(len(townships)):
        masks = [part.township == i for part in both]
        if masks[0].any():
            scopes.append((str(townships[i]), "", pair(masks)))
    if rule.group_by:
        groups = [part.items["group"].astype(str).to_numpy() for part in both]
        scopes += [
            (
                "",
                group,
                pair([of[part.item] == group for of, part in zip(groups, both, strict=True)]),
            )
            for group in sorted(set(groups[0]) - {""})
        ]
    return scopes


def _item_rows(verdict: Verdict, networks: Sequence[Samples]) -> pd.DataFrame:
    """Share and state of each item; of several operators the worst."""
    demand = verdict.demand
    shares = [item_shares(demand, samples.states) for samples in networks]
    states = np.array([verdict.items(samples.states) for samples in networks])
    item_state = worst_states(states)
    return pd.DataFrame(
        {
            "item_id": demand.items.index.astype(str),
            "name": demand.items["name"].astype(str).to_numpy(),
            "township": demand.items["township"].to_numpy(),
            "group": demand.items["group"].to_numpy(),
            "share": np.min([least for least, _ in shares], axis=0),
            "share_most": np.min([most for _, most in shares], axis=0),
            "state": np.array([UNKNOWN, NOT_MET, MET])[item_state + 1],
        }
    )


def worst_states(states: NDArray[np.int8]) -> NDArray[np.int8]:
    """
    Where each of several networks covers.

    Parameters
    ----------
    states : ndarray of int8, shape (networks, n)
        1 covered, 0 not, -1 unknown.

    Returns
    -------
    worst : ndarray of int8, shape (n,)
        0 where one does not cover, else -1 where one is unknown, else 1.

    Examples
    --------
    >>> worst_states(np.array([[1, 1, 1, -1], [1, 0, -1, 0]], dtype=np.int8)).tolist()
    [1, 0, -1, 0]
    """
    result = np.where((states == NOT_KNOWN).any(axis=0), NOT_KNOWN, COVERED)
    result[(states == UNCOVERED).any(axis=0)] = UNCOVERED
    return result.astype(np.int8)


class Verdict:
    """Judges one rule on a subset of samples."""

    def __init__(self, demand: Demand, rule: Rule, definition: Definition, required: float) -> None:
        self.demand = demand
        self.rule = rule
        self.definition = definition
        self.required = required
        self.attribute_no, self.attribute_unknown = flags_of(demand, rule)
        self.doubtful: Verdict | None = None
        if demand.doubtful is not None:
            self.doubtful = Verdict(demand.doubtful, rule, definition, required)

    def items(
        self, states: NDArray[np.int8], mask: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int8]:
        """State of each item on a subset of its samples: 1, 0 or -1."""
        result = self.by_signal(states, mask)
        result[self.attribute_unknown & (result == COVERED)] = NOT_KNOWN
        result[self.attribute_no] = UNCOVERED
        return result

    def by_signal(
        self, states: NDArray[np.int8], mask: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int8]:
        """State of each item whatever its flags say."""
        weight = self.demand.weight if mask is None else self.demand.weight * mask
        n = len(self.demand.items)
        total = np.bincount(self.demand.item, weights=weight, minlength=n)
        sure = np.bincount(self.demand.item, weights=weight * (states == COVERED), minlength=n)
        maybe = np.bincount(self.demand.item, weights=weight * (states != UNCOVERED), minlength=n)
        need = self.definition.share * total * (1.0 - SHARE_TOLERANCE)
        result = np.where(sure >= need, COVERED, np.where(maybe >= need, NOT_KNOWN, UNCOVERED))
        return result.astype(np.int8)

    def present(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Items that have a part in a subset of the samples."""
        weight = self.demand.weight * mask
        found = np.bincount(self.demand.item, weights=weight, minlength=len(self.demand.items))
        return np.asarray(found > 0.0)

    def amounts(
        self, states: NDArray[np.int8], mask: NDArray[np.bool_]
    ) -> tuple[float, float, float]:
        """Items, or weight when pooled: in all, surely covered, and perhaps covered."""
        if self.rule.measure == "items":
            state = self.items(states, mask)[self.present(mask)]
            sure, maybe = int((state == COVERED).sum()), int((state != UNCOVERED).sum())
            return float(state.size), float(sure), float(maybe)
        weight = self.demand.weight * mask
        sure_weight = weight[states == COVERED].sum()
        return float(weight.sum()), float(sure_weight), float(weight[states != UNCOVERED].sum())

    def judge(
        self, samples: Samples, mask: NDArray[np.bool_], doubtful_mask: NDArray[np.bool_]
    ) -> dict[str, object]:
        """One row of the results."""
        present = self.present(mask)
        item_state = self.items(samples.states, mask)[present]
        count, sure, maybe = self.amounts(samples.states, mask)
        safely = self.amounts(samples.safe, mask)[1]
        more, more_sure, more_maybe, more_safe, doubtful = 0.0, 0.0, 0.0, 0.0, 0
        if self.doubtful is not None:
            more, more_sure, more_maybe = self.doubtful.amounts(samples.doubtful, doubtful_mask)
            more_safe = self.doubtful.amounts(samples.doubtful_safe, doubtful_mask)[1]
            doubtful = int(self.doubtful.present(doubtful_mask).sum())
        # at worst the rule speaks of those doubtful items that are not covered, at best of those that are
        least = sure / (count + more - more_sure)
        most = (maybe + more_maybe) / (count + more_maybe)
        state = self._state(least, most, safely / (count + more - more_safe))
        return {
            "state": state,
            "value": least,
            "value_most": most,
            "required": self.required if self.rule.strict else np.nan,
            "shortfall": max(self.required - least, 0.0) if self.rule.strict else np.nan,
            "unit": "share",
            "items": int(present.sum()),
            "items_covered": int((item_state == COVERED).sum()),
            "items_unknown": int((item_state == NOT_KNOWN).sum()),
            "items_doubtful": doubtful,
            "reason": self._reason(state, most > least, samples.states, mask, doubtful),
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

    def _reason(
        self,
        state: str,
        open_: bool,  # noqa: FBT001  # of this class alone
        states: NDArray[np.int8],
        mask: NDArray[np.bool_],
        doubtful: int,
    ) -> str:
        """Say which data is missing where the result is open, and which flags say no where it is missed."""
        if state == NOT_MET:
            lacking = int((self.attribute_no & self.present(mask)).sum())
            return f"{lacking} without {', '.join(self.rule.attributes)}" if lacking else ""
        if state != UNKNOWN and not (state == MEASURED and open_):
            return ""
        reasons = []
        if (self.attribute_unknown & self.present(mask) & ~self.attribute_no).any():
            reasons.append("attribute blank")
        unknown = mask & (states == NOT_KNOWN)
        if (unknown & (self.demand.cell >= 0)).any():
            reasons.append("terrain missing")
        if (unknown & (self.demand.cell < 0)).any():
            reasons.append("outside the grid")
        if doubtful and self.demand.doubtful is not None:
            reasons.append(doubt(self.rule, self.demand.doubtful, doubtful))
        return "; ".join(reasons)


def doubt(rule: Rule, doubtful: Demand, number: int) -> str:
    """
    Reason for a result that is open because nobody knows what a rule speaks of.

    Parameters
    ----------
    rule : Rule
        A coverage rule with a filter.
    doubtful : Demand
        Items of which it is not known.
    number : int
        How many of them there are in the part judged.

    Returns
    -------
    reason : str
        Names the columns of the filter that are blank.
    """
    columns = [*rule.where, *rule.any]
    blank = [name for name in columns if doubtful.items[name].isna().any()]
    return f"{number} with blank {', '.join(blank)}"


def flags_of(demand: Demand, rule: Rule) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """
    Tell which items lack a flag that a rule asks for besides coverage, and of which it is not known.

    Parameters
    ----------
    demand : Demand
        With the columns that the rule names.
    rule : Rule
        A coverage rule.

    Returns
    -------
    lacking, blank : ndarray of bool, shape (items,)
        Where a flag says no, and where one is blank.
    """
    lacking = np.zeros(len(demand.items), dtype=bool)
    blank = np.zeros(len(demand.items), dtype=bool)
    for name in rule.attributes:
        flag = demand.items[name].astype("boolean")
        unknown = flag.isna().to_numpy(dtype=bool)
        blank |= unknown
        lacking |= ~unknown & ~flag.fillna(value=False).to_numpy(dtype=bool)
    return lacking, blank


def no_demand_row(region: Region, rule: Rule, demand: Demand | None) -> dict[str, object]:
    """
    Row of a coverage rule of which the region holds nothing: unknown.

    Parameters
    ----------
    region : Region
        With the scenario.
    rule : Rule
        A coverage rule.
    demand : Demand or None
        None when its layer is missing; else without items.

    Returns
    -------
    row : dict
        Row of :attr:`Evaluation.results`, without rule and year.
    """
    name, _ = region.scenario.definition(rule)
    row = blank_row(rule) | {"definition": name, "unit": "share"}
    if demand is None:
        return row | {"reason": f"layer {rule.layer} not given"}
    if demand.doubtful is None:
        return row | {"reason": f"no row of {rule.layer} fits"}
    number = len(demand.doubtful.items)
    reason = doubt(rule, demand.doubtful, number)
    return row | {"reason": reason, "items_doubtful": number}
