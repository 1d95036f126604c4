"""
What changes from one plan to another, such as last year's and this year's: targets, items, sites.

Both are read from the ``plan.json`` that each left, so that last year's input is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.errors import OutputError
from siteplan.outputs.words import Words
from siteplan.outputs.workbook import Book, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from siteplan.outputs.options import Language
    from siteplan.outputs.plan_json import PlanFile
    from siteplan.outputs.workbook import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """
    Differences between two plans.

    Attributes
    ----------
    rules : DataFrame
        One row per rule and year of either: ``rule_id``, ``zh``, ``en``, ``year``, ``unit``, ``before`` and
        ``after`` (values with the plan), ``difference``, ``state_before``, ``state_after``.
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
    columns = [*keys, "zh", "en", "unit", "plan", "state_plan"]
    both = before[columns].merge(
        after[columns], on=keys, how="outer", suffixes=("_before", "_after"), sort=True
    )
    return pd.DataFrame(
        {
            "rule_id": both["rule_id"],
            "zh": both["zh_after"].fillna(both["zh_before"]),
            "en": both["en_after"].fillna(both["en_before"]),
            "year": both["year"],
            "unit": both["unit_after"].fillna(both["unit_before"]),
            "before": both["plan_before"],
            "after": both["plan_after"],
            "difference": both["plan_after"] - both["plan_before"],
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


def revision_text(revision: Revision, *, language: Language = "zh") -> str:
    """
    Print a revision as lines of tab-separated cells.

    Parameters
    ----------
    revision : Revision
        From :func:`compare_plans`.
    language : {"zh", "en"}
        Language of headings, states and changes.

    Returns
    -------
    text : str
        Three tables: rules whose value or state differs, items, sites; each heading tells how many rows.
    """
    words, parts = Words(language), []
    for name, columns in _sheets(revision, words).items():
        rows = zip(*(_texts(column) for column in columns), strict=True)
        lines = ["\t".join(row) for row in rows]
        parts.append(words("revision.heading", name=name, n=len(lines)))
        if lines:
            parts.append("\t".join(column.header for column in columns))
        parts += [*(lines or [words("revision.none")]), ""]
    return "\n".join(parts)


def write_revision(revision: Revision, path: Path, *, language: Language = "zh") -> None:
    """
    Write a revision as a workbook of three sheets.

    Parameters
    ----------
    revision : Revision
        From :func:`compare_plans`.
    path : Path
        File to write, ``.xlsx``; it must not be there yet.
    language : {"zh", "en"}
        Language of sheets, headers, states and changes.

    Raises
    ------
    OutputError
        When the file is there already or cannot be written.
    """
    words = Words(language)
    book = Book(words("revision.title"), words("words.subject"), words.states, words("words.total"))
    for name, columns in _sheets(revision, words).items():
        book.sheet(name, columns)
    try:
        with path.open("xb") as file:
            file.write(book.content())
    except OSError as error:
        reason = "it exists already" if isinstance(error, FileExistsError) else error.strerror
        raise OutputError(f"{path} was not written: {reason}") from None


def _sheets(revision: Revision, words: Words) -> dict[str, list[Column]]:
    """Columns of the three tables by the names of their sheets."""
    rules = revision.rules
    differs = rules["difference"].fillna(1.0).ne(0.0) & ~(
        rules["before"].isna() & rules["after"].isna()
    )
    differs |= rules["state_before"].ne(rules["state_after"]).fillna(value=True)
    rules = rules[differs.astype(bool)]
    share = rules["unit"].eq("share").fillna(value=False).astype(bool)
    kinds: list[Kind] = ["percent" if one else "amount" for one in share]
    head, none = words.group("revision"), words("common.none")
    texts = [words.pick(zh, en) for zh, en in zip(rules["zh"], rules["en"], strict=True)]

    def told(name: str, values: Iterable[object], kind: Kind | Sequence[Kind] = "text") -> Column:
        states = name.startswith("state_")
        return Column(header=head[name], values=list(values), kind=kind, blank=none, states=states)

    items, sites = revision.items, revision.sites
    return {
        head["rules"]: [
            told("rule_id", rules["rule_id"]),
            told("text", texts),
            told("year", rules["year"], "integer"),
            *(told(name, rules[name], kinds) for name in ("before", "after", "difference")),
            *(
                told(name, map(words.state, rules[name]))
                for name in ("state_before", "state_after")
            ),
        ],
        head["items"]: [
            *(told(name, items[name]) for name in ("rule_id", "item_id", "name", "township_name")),
            told("change", items["change"].map(words.group("changes"))),
        ],
        head["sites"]: [
            *(told(name, sites[name]) for name in ("site_id", "name")),
            told("kind", map(words.label, sites["kind"])),
            *(told(name, sites[name], "integer") for name in ("year_before", "year_after")),
            told("change", sites["change"].map(words.group("changes"))),
        ],
    }


def _texts(column: Column) -> list[str]:
    """Cells of a column as a terminal shows them."""
    kinds = [column.kind] * len(column.values) if isinstance(column.kind, str) else column.kind
    return [
        column.blank
        if pd.isna(value) or value == ""
        else f"{100.0 * value:.1f}%"
        if kind == "percent"
        else f"{value:.0f}"
        if kind in {"amount", "integer"}
        else " ".join(str(value).split())
        for value, kind in zip(column.values, kinds, strict=True)
    ]
