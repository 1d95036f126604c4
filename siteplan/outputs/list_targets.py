"""Sheets on what is asked: targets, what they miss, gaps, people, roads, indoors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siteplan.outputs import frames, monitoring
from siteplan.outputs.list_columns import Columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from siteplan.outputs.workbook import Column, Kind


class TargetSheets(Columns):
    """Columns of the sheets on targets and gaps."""

    def rule(self) -> list[Column]:
        """Every target in its own year."""
        rules = self.of_coverage(frames.rule_table(self.plan).reset_index())
        kinds = _value_kinds(rules["unit"])
        known = self.plan.region.scenario.known_definitions()
        meanings = [
            self.words.pick(known[name].zh, known[name].en) if name in known else ""
            for name in rules["definition"]
        ]
        standing = (
            rules["year"].astype(object).where(rules["year"].notna(), self.words("words.standing"))
        )
        return [
            self.column(rules, "rule_id"),
            self.given("year", standing.to_list(), kind="integer"),
            self.column(rules, "technology", blank=""),
            self.text(rules),
            self.column(rules, "definition", blank=""),
            self.given("meaning", meanings),
            self.column(rules, "unit", words=self.unit, blank=""),
            self.column(rules, "required", kinds),
            self.column(rules, "today", kinds),
            self.column(rules, "plan", kinds),
            self.column(rules, "state_today", words=self.words.state),
            self.column(rules, "state_plan", words=self.words.state),
            self.column(rules, "items", "integer"),
            self.column(rules, "covered_today", "integer"),
            self.column(rules, "covered_plan", "integer"),
            self.column(rules, "unknown", "integer"),
            self.column(rules, "stations_needed", "integer"),
            self.column(rules, "reason", words=self.words.told, blank=""),
        ]

    def scope(self) -> list[Column]:
        """Every target by township or group."""
        scopes = self.of_coverage(frames.scope_table(self.plan))
        kinds = _value_kinds(scopes["unit"])
        scopes = scopes.assign(township_name=scopes["scope_name"], township=scopes["scope"])
        return [
            self.column(scopes, "rule_id"),
            self.text(scopes),
            self.column(scopes, "year", "integer"),
            self.column(scopes, "township_name", blank=""),
            self.column(scopes, "township", blank=""),
            self.column(scopes, "group", words=self.words.label, blank=""),
            self.column(scopes, "unit", words=self.unit, blank=""),
            self.column(scopes, "required", kinds),
            self.column(scopes, "today", kinds),
            self.column(scopes, "plan", kinds),
            self.column(scopes, "state_today", words=self.words.state, blank=""),
            self.column(scopes, "state_plan", words=self.words.state, blank=""),
            self.column(scopes, "items", "integer"),
            self.column(scopes, "covered_today", "integer"),
            self.column(scopes, "covered_plan", "integer"),
            self.column(scopes, "unknown", "integer"),
        ]

    def progress(self) -> list[Column]:
        """Every target at the end of every year."""
        table = monitoring.progress(self.plan)
        kinds = _value_kinds(table["unit"])
        return [
            self.column(table, "rule_id"),
            self.text(table),
            self.column(table, "year", "integer"),
            self.given("due", [self.yes[bool(due)] for due in table["due"]]),
            self.column(table, "unit", words=self.unit, blank=""),
            self.column(table, "required", kinds),
            self.column(table, "today", kinds),
            self.column(table, "plan", kinds),
            self.column(table, "short_today", kinds),
            self.column(table, "short_plan", kinds),
            self.column(table, "state_today", words=self.words.state),
            self.column(table, "state_plan", words=self.words.state),
            self.column(table, "chance_today", "percent"),
            self.column(table, "chance_plan", "percent"),
        ]

    def unmet(self) -> list[Column]:
        """List what each target misses."""
        table = monitoring.unmet(self.plan)
        return [
            self.column(table, "rule_id"),
            self.text(table),
            self.column(table, "year", "integer"),
            self.column(table, "network", words=self.outcomes.__getitem__),
            self.given("item_id", table["item_id"].to_list()),
            self.column(table, "name"),
            self.column(table, "township_name"),
            self.column(table, "group", words=self.words.label, blank=""),
            self.given("share", table["share"].to_list(), kind="percent"),
            self.given(
                "state",
                [self.words.state(state) for state in table["state"]],
                states=True,
            ),
            self.given(
                "reason",
                [self.unmet_reason(row) for row in table.to_dict("records")],
            ),
        ]

    def people(self) -> list[Column]:
        """People covered."""
        table = monitoring.people(self.plan)
        table = table.assign(
            township_name=table["scope_name"].mask(
                table["scope"].eq(""), self.words("words.region")
            )
        )
        return [
            self.column(table, "technology"),
            self.column(table, "year", "integer"),
            self.column(table, "township_name"),
            self.column(table, "villages", "integer"),
            self.column(table, "people", "integer"),
            self.given(
                "covered_today_people",
                table["today"].to_list(),
                kind="integer",
            ),
            self.given(
                "covered_plan_people",
                table["plan"].to_list(),
                kind="integer",
            ),
            self.column(table, "share_today", "percent"),
            self.column(table, "share_plan", "percent"),
            self.column(table, "people_unknown", "integer"),
            self.column(table, "villages_blank", "integer"),
            self.column(table, "definition"),
        ]

    def road(self) -> list[Column]:
        """Roads by class and name."""
        words = self.words
        table = monitoring.roads(self.plan)
        kilometres = ["length_km", "covered_today_km", "covered_plan_km", "unknown_km"]
        kilometres += ["longest_gap_today_km", "longest_gap_plan_km"]
        return [
            self.column(table, "rule_id"),
            self.column(
                table,
                "class",
                words=lambda word: words.label(word) if word else words("words.no_class"),
            ),
            self.column(table, "name", blank=self.words("words.whole_class")),
            self.column(table, "roads", "integer"),
            *(self.column(table, name, "measure") for name in kilometres),
            self.column(table, "gaps_today", "integer"),
            self.column(table, "gaps_plan", "integer"),
        ]

    def indoor(self) -> list[Column]:
        """Places not reached inside."""
        table = monitoring.indoors(self.plan)
        return [
            self.column(table, "technology"),
            self.column(table, "layer", words=self.words.layer),
            self.given("place_id", table["item_id"].to_list()),
            self.column(table, "name"),
            self.column(table, "use", words=self.words.label),
            self.column(table, "floor_m2", "money"),
            self.column(table, "outdoor_dbm", "number"),
            self.column(table, "entry_loss_db", "number"),
            self.column(table, "indoor_dbm", "number"),
            self.column(table, "short_db", "number"),
            self.column(table, "solution", words=self.words.solutions.__getitem__),
            self.column(table, "definition"),
            self.column(table, "lon", "degree"),
            self.column(table, "lat", "degree"),
        ]

    def gap(self) -> list[Column]:
        """Gaps."""
        gaps = frames.gap_list(self.plan)
        size = gaps["size"]
        return [
            self.column(gaps, "network", words=self.outcomes.__getitem__),
            self.column(gaps, "gap_id"),
            self.column(gaps, "technology"),
            self.column(gaps, "rule_class", words=self.words.group("classes").__getitem__),
            self.column(gaps, "rules", words=self.words.spaced),
            self.column(gaps, "due_year", "integer"),
            self.column(gaps, "name"),
            self.column(gaps, "township_name"),
            self.column(gaps, "cause", words=self.words.causes.__getitem__),
            self.column(gaps, "remedy", words=self.words.remedies.__getitem__),
            self.column(gaps, "remedy_site", blank=""),
            self.column(
                gaps, "hindrance", words=lambda word: self.words.hindrances.get(word, ""), blank=""
            ),
            self.column(gaps, "closed_year", "integer"),
            self.given("left", (gaps["left"] / size).to_list(), kind="percent"),
            self.given(
                "area_km2",
                (size.where(gaps["unit"] == "m2") / 1e6).to_list(),
                kind="measure",
            ),
            self.given(
                "gap_length_km",
                (size.where(gaps["unit"] == "m") / 1e3).to_list(),
                kind="measure",
            ),
            self.given(
                "points",
                size.where(gaps["unit"] == "points").to_list(),
                kind="integer",
            ),
            self.column(gaps, "items", "integer"),
            self.column(gaps, "people", "integer"),
            self.column(gaps, "depth_db", "number"),
            self.column(gaps, "station_km", "number"),
            self.column(gaps, "station_id", blank=""),
            self.column(gaps, "ridge_m", "number"),
            self.column(gaps, "lon", "degree"),
            self.column(gaps, "lat", "degree"),
        ]

    def of_coverage(self, table: pd.DataFrame) -> pd.DataFrame:
        """Blank the counts of covered items where a rule does not count items."""
        kinds = {rule.id: rule.kind for rule in self.plan.region.document.rules}
        counted = table["rule_id"].map(kinds) == "coverage"
        names = ["items", "covered_today", "covered_plan", "unknown"]
        blank = {name: table[name].astype("Int64").where(counted) for name in names}
        return table.assign(**blank)

    def unmet_reason(self, row: dict[Any, Any]) -> str:
        """Tell why an item that has a signal does not count."""
        words = self.words
        told = []
        if row["lacking"]:
            names = [words.attribute(name) for name in row["lacking"].split(";")]
            told.append(words("words.lacking", names=words.joined(names)))
        told += [words.told("attribute blank")] if row["blank"] else []
        told += [words("words.doubtful")] if row["doubtful"] else []
        return words.clauses(told)


def _value_kinds(units: Iterable[Any]) -> list[Kind]:
    return ["percent" if unit == "share" else "amount" for unit in units]
