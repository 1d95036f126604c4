"""Coverage rules: the share of items, or of all samples, that is covered."""

from __future__ import annotations

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
    from numpy.typing import NDArray

    from siteplan.catalog import Definition, Rule
    from siteplan.demand import Demand
    from siteplan.region import Region

SHARE_TOLERANCE: Final = 1e-9
"""Rounding of sums of weights that must not turn a met share into a missed one."""


def coverage_rows(
    region: Region,
    rule: Rule,
    demand: Demand,
    states: NDArray[np.int8],
    safe: NDArray[np.int8],
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
    states, safe : ndarray of int8, shape (samples,)
        From :func:`siteplan.targets.sample_states` without and with the margin.

    Returns
    -------
    rows : list of dict
        Rows of :attr:`Evaluation.results`, without rule and year.
    items : DataFrame
        Rows of :attr:`Evaluation.items`, without rule and year.
    """
    name, definition = region.scenario.definition(rule)
    required = region.scenario.required_share(rule)
    verdict = Verdict(demand, rule, definition, required)
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


class Verdict:
    """Judges one rule on a subset of samples."""

    def __init__(self, demand: Demand, rule: Rule, definition: Definition, required: float) -> None:
        self.demand = demand
        self.rule = rule
        self.definition = definition
        self.required = required
        self.attribute_no, self.attribute_unknown = flags_of(demand, rule)

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
    reason = f"layer {rule.layer} not given" if demand is None else f"no row of {rule.layer} fits"
    return blank_row(rule) | {"reason": reason, "definition": name, "unit": "share"}
