"""
What changes from one plan to another, such as last year's and this year's: targets, items, sites.

Both are read from the ``plan.json`` that each left, so that last year's input is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from siteplan.outputs import frames
from siteplan.targets import STATE_ZH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from siteplan.outputs.plan_json import PlanFile

CHANGE_ZH: Final = {
    "gained": "新增达标",
    "lost": "不再达标",
    "added": "新增",
    "dropped": "取消",
    "moved": "年份调整",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """
    Differences between two plans.

    Attributes
    ----------
    rules : DataFrame
        One row per rule and year of either: ``rule_id``, ``zh``, ``year``, ``unit``, ``before`` and ``after``
        (values with the plan), ``change``, ``state_before``, ``state_after``.
    items : DataFrame
        One row per rule and item that one of the plans covers and the other does not, in the rule's own
        year: ``rule_id``, ``item_id``, ``name``, ``township_name``, ``change`` (``gained``, ``lost``).
    sites : DataFrame
        One row per site of the plans that differs: ``site_id``, ``name``, ``kind``, ``year_before``,
        ``year_after``, ``change`` (``added``, ``dropped``, ``moved``).
    """

    rules: pd.DataFrame
    items: pd.DataFrame
    sites: pd.DataFrame


def compare_plans(before: PlanFile, after: PlanFile) -> Revision:
    """
    Tell what a plan changes against another.

    Parameters
    ----------
    before, after : PlanFile
        From :func:`siteplan.outputs.read_plan`.

    Returns
    -------
    revision : Revision
        Differences; tables without rows where nothing differs.

    Examples
    --------
    >>> revision = compare_plans(read_plan("out/2020"), read_plan("out/2021"))  # doctest: +SKIP
    >>> revision.sites["change"].value_counts()  # doctest: +SKIP
    """
    return Revision(
        rules=_rules(before.tables["rule_years"], after.tables["rule_years"]),
        items=_items(before.tables, after.tables),
        sites=_sites(before.tables["sites"], after.tables["sites"]),
    )


def _rules(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    keys = ["rule_id", "year"]
    columns = [*keys, "zh", "unit", "plan", "state_plan"]
    both = before[columns].merge(
        after[columns], on=keys, how="outer", suffixes=("_before", "_after"), sort=True
    )
    return pd.DataFrame(
        {
            "rule_id": both["rule_id"],
            "zh": both["zh_after"].fillna(both["zh_before"]),
            "year": both["year"],
            "unit": both["unit_after"].fillna(both["unit_before"]),
            "before": both["plan_before"],
            "after": both["plan_after"],
            "change": both["plan_after"] - both["plan_before"],
            "state_before": both["state_plan_before"],
            "state_after": both["state_plan_after"],
        }
    )


def _items(before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Items on one list of what is unmet and not on the other, of the rules that both have."""
    keys = ["rule_id", "item_id"]
    lists = []
    for tables in (before, after):
        unmet = tables["unmet"]
        lists.append(unmet[unmet["network"] == "plan"].set_index(keys))
    shared = set(before["rules"]["rule_id"]) & set(after["rules"]["rule_id"])
    parts = []
    for change, one, other in (("gained", *lists), ("lost", *lists[::-1])):
        only = one[~one.index.isin(other.index)].reset_index()
        only = only[only["rule_id"].isin(shared)]
        parts.append(only[[*keys, "name", "township_name"]].assign(change=change))
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(["change", *keys], kind="stable").reset_index(drop=True)


def _sites(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    columns = ["site_id", "name", "kind", "year"]
    both = before[columns].merge(
        after[columns], on="site_id", how="outer", suffixes=("_before", "_after"), sort=True
    )
    change = pd.Series("moved", index=both.index)
    change[both["year_before"].isna()] = "added"
    change[both["year_after"].isna()] = "dropped"
    found = pd.DataFrame(
        {
            "site_id": both["site_id"],
            "name": both["name_after"].fillna(both["name_before"]),
            "kind": both["kind_after"].fillna(both["kind_before"]),
            "year_before": both["year_before"],
            "year_after": both["year_after"],
            "change": change,
        }
    )
    same = both["year_before"].eq(both["year_after"]).fillna(value=False)
    return found[~same.astype(bool)].reset_index(drop=True)


def revision_tables(revision: Revision) -> dict[str, pd.DataFrame]:
    """
    Tables of a revision in Chinese.

    Parameters
    ----------
    revision : Revision
        From :func:`compare_plans`.

    Returns
    -------
    tables : dict of str to DataFrame
        ``目标变化`` (rules whose value or state differs), ``对象变化``, ``站址变化``; headers with units.
    """
    rules = revision.rules
    differs = rules["change"].fillna(1.0).ne(0.0) & ~(
        rules["before"].isna() & rules["after"].isna()
    )
    differs |= rules["state_before"].ne(rules["state_after"]).fillna(value=True)
    rules = rules[differs.astype(bool)]
    share = rules["unit"].eq("share").fillna(value=False).astype(bool)
    shown = {
        name: [_value(value, one) for value, one in zip(rules[name], share, strict=True)]
        for name in ("before", "after", "change")
    }
    state = {None: "—"} | STATE_ZH
    return {
        "目标变化": pd.DataFrame(
            {
                "目标编号": rules["rule_id"].to_numpy(),
                "目标内容": rules["zh"].to_numpy(),
                "年份": rules["year"].to_numpy(),
                "原规划": shown["before"],
                "新规划": shown["after"],
                "变化": shown["change"],
                "原判定": [state.get(word, "—") for word in rules["state_before"].to_list()],
                "新判定": [state.get(word, "—") for word in rules["state_after"].to_list()],
            }
        ),
        "对象变化": pd.DataFrame(
            {
                "目标编号": revision.items["rule_id"],
                "对象编号": revision.items["item_id"],
                "名称": revision.items["name"],
                "乡镇": revision.items["township_name"],
                "变化": revision.items["change"].map(CHANGE_ZH),
            }
        ),
        "站址变化": pd.DataFrame(
            {
                "站址编号": revision.sites["site_id"],
                "站址名称": revision.sites["name"],
                "类型": [frames.label(word) for word in revision.sites["kind"]],
                "原年份": revision.sites["year_before"],
                "新年份": revision.sites["year_after"],
                "变化": revision.sites["change"].map(CHANGE_ZH),
            }
        ),
    }


def write_revision(revision: Revision, path: Path) -> None:
    """
    Write a revision as a workbook of three sheets.

    Parameters
    ----------
    revision : Revision
        From :func:`compare_plans`.
    path : Path
        File to write, ``.xlsx``.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
        for name, table in revision_tables(revision).items():
            table.to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 1))


def _value(value: float, share: bool) -> str:  # noqa: FBT001  # of this table alone
    if pd.isna(value):
        return "—"
    return f"{100.0 * value:.1f}%" if share else f"{value:,.0f}"
