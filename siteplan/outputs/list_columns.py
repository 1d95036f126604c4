"""Columns of a sheet of the workbook, from a shared table, in the language of the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from siteplan.outputs.workbook import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from siteplan.outputs.words import Words
    from siteplan.outputs.workbook import Kind
    from siteplan.plan import Plan


class Columns:
    """Makes the columns of the sheets of one plan, in the language of the reader."""

    def __init__(self, plan: Plan, words: Words) -> None:
        self.plan = plan
        self.words = words
        self.networks = words.group("networks")
        self.outcomes = words.group("outcomes")
        self.yes = {True: words("words.yes"), False: words("words.no")}
        self.rule_texts = words.rules(plan)

    def header(self, name: str) -> str:
        """Header of a column, with its unit."""
        return self.words.group("headers")[name]

    def headed(self, values: Mapping[str, Any]) -> dict[str, float]:
        """Totals by the headers of their columns."""
        return {self.header(name): float(value) for name, value in values.items()}

    def unit(self, unit: str) -> str:
        """Say the unit of a rule."""
        return self.words.group("rule_units").get(unit, unit)

    def mark(self, mark: str) -> str:
        """How far a figure can be trusted; nothing for one of the planner's."""
        return self.words.group("fact_marks").get(mark, "")

    def column(
        self,
        table: pd.DataFrame,
        name: str,
        kind: Kind | Sequence[Kind] = "text",
        *,
        words: Callable[[str], str] | None = None,
        blank: str | None = None,
    ) -> Column:
        """Column of a shared table under its header; a missing word becomes *unknown*."""
        values = table[name].to_list()
        if words is not None:
            values = [words(value) if isinstance(value, str) else value for value in values]
        if kind == "text" and table[name].dtype == "boolean":
            values = [value if pd.isna(value) else self.yes[bool(value)] for value in values]
        default = self.words("words.unknown") if kind == "text" else ""
        return Column(
            header=self.header(name),
            values=values,
            kind=kind,
            blank=default if blank is None else blank,
            states=name.startswith("state_"),
        )

    def given(
        self, name: str, values: Sequence[Any], kind: Kind = "text", *, states: bool = False
    ) -> Column:
        """Values under a header."""
        return Column(header=self.header(name), values=values, kind=kind, states=states)

    def text(self, table: pd.DataFrame) -> Column:
        """Give what the rule of each row asks for."""
        return self.given("text", table["rule_id"].map(self.rule_texts).to_list())
