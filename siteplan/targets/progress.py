"""Rules over the years, and the difference between two networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from siteplan.targets.states import MET, UNKNOWN

if TYPE_CHECKING:
    from siteplan.targets.evaluation import Evaluation


def progress(evaluation: Evaluation) -> pd.DataFrame:
    """
    State and value of every rule at the end of every year, for the whole region.

    Parameters
    ----------
    evaluation : Evaluation
        Of one network.

    Returns
    -------
    progress : DataFrame
        One row per rule in the order of the document; columns are pairs of year and ``state``,
        ``value``, ``due``.
    """
    rows = evaluation.results
    whole = rows[(rows["scope"] == "") & (rows["group"] == "")]
    order = whole["rule_id"].drop_duplicates()
    table = whole.pivot_table(
        index="rule_id", columns="year", values=["state", "value", "due"], aggfunc="first",
        dropna=False,
    )  # fmt: skip
    table = table.swaplevel(axis=1).reindex(order)
    years = sorted(whole["year"].unique())
    return table.reindex(columns=pd.MultiIndex.from_product([years, ["state", "value", "due"]]))


def compare(before: Evaluation, after: Evaluation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Tell what one network gains and loses against another, such as this plan against last year's.

    Parameters
    ----------
    before, after : Evaluation
        Of two networks, by the same document.

    Returns
    -------
    rules : DataFrame
        One row per rule, year, scope and group that either has: ``value_before``, ``value_after``,
        ``change``, ``state_before``, ``state_after``.
    items : DataFrame
        One row per rule, year and item whose state changes: ``name``, ``state_before``, ``state_after``
        and ``change``: ``gained`` (met now), ``lost`` (met before), or ``known`` and ``unknown``. An item
        that only one network's input has is ``new`` or ``gone``.
    """
    keys = ["rule_id", "year", "scope", "group"]
    columns = [*keys, "value", "state"]
    rules = before.results[columns].merge(
        after.results[columns], on=keys, how="outer", suffixes=("_before", "_after"), sort=True
    )
    rules["change"] = rules["value_after"] - rules["value_before"]
    item_keys = ["rule_id", "year", "item_id"]
    columns = [*item_keys, "name", "state"]
    items = before.items[columns].merge(
        after.items[columns], on=item_keys, how="outer", suffixes=("_before", "_after"), sort=True
    )
    items["name"] = items["name_after"].fillna(items["name_before"])
    old, new = items["state_before"], items["state_after"]
    changed = items[old.ne(new) | old.isna() | new.isna()]
    changes = [
        _change(a, b) for a, b in zip(changed["state_before"], changed["state_after"], strict=True)
    ]
    kept = [*item_keys, "name", "state_before", "state_after"]
    return (
        rules[[*keys, "value_before", "value_after", "change", "state_before", "state_after"]],
        changed[kept].assign(change=changes).reset_index(drop=True),
    )


def _change(before: object, after: object) -> str:
    if pd.isna(before):
        return "new"
    if pd.isna(after):
        return "gone"
    if after == MET:
        return "gained"
    if before == MET:
        return "lost"
    return "unknown" if after == UNKNOWN else "known"
