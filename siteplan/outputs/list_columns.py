"""Columns of every sheet of the workbook, from the shared tables, in the language of the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from siteplan.outputs import frames, monitoring, reasons, report
from siteplan.outputs.provenance import link_budgets
from siteplan.outputs.workbook import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from siteplan.outputs.assumptions import Fact
    from siteplan.outputs.words import Words
    from siteplan.outputs.workbook import Kind
    from siteplan.plan import Plan

MONEY: Final = ("structure_cny", "equipment_cny", "cost_cny")
"""Columns of money in the sheet of investment."""


class Sheets:
    """Columns of every sheet, in the language of the reader."""

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

    def price(self) -> Kind:
        """How the objective of the plan is shown: whole yuan, or parts of stations."""
        return "money" if self.plan.selection.objective == "cost" else "amount"

    def supposed(self, text: str) -> str:
        """Say what had to be supposed in a price."""
        names = self.words.group("supposed")
        return self.words.joined(names[name] for name in text.split(";") if name)

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

    def site(self) -> list[Column]:
        """Sites of the plan."""
        sites = frames.site_table(self.plan).reset_index()
        return [
            self.column(sites, "site_id"),
            self.column(sites, "name"),
            self.column(sites, "kind", words=self.words.label),
            self.column(sites, "reuse", words=self.words.label),
            self.column(sites, "township_name"),
            self.column(sites, "township"),
            self.column(sites, "lon", "degree"),
            self.column(sites, "lat", "degree"),
            self.column(sites, "easting_m", "metre"),
            self.column(sites, "northing_m", "metre"),
            self.column(sites, "height_m", "metre"),
            self.column(sites, "antenna_height_m", "metre"),
            self.column(sites, "year", "integer"),
            self.column(sites, "stations", "integer"),
            self.column(sites, "operators", words=self.words.spaced),
            self.column(sites, "technologies", words=self.words.spaced),
            self.column(sites, "power", words=self.words.label),
            self.column(sites, "fibre"),
            self.column(sites, "cost_cny", "money"),
            self.column(sites, "rules", words=self.words.spaced, blank=""),
            self.column(sites, "origin", words=self.words.told),
        ]

    def station(self) -> list[Column]:
        """Stations of today and of the plan."""
        stations = frames.station_list(self.plan).reset_index()
        year = (
            stations["year"]
            .astype(object)
            .where(stations["year"].notna(), self.words("words.before"))
        )
        return [
            self.column(stations, "station_id"),
            self.column(stations, "network", words=self.networks.__getitem__),
            self.column(stations, "site_id"),
            self.column(stations, "site_name"),
            self.column(stations, "kind", words=self.words.label),
            self.column(stations, "reuse", words=self.words.label),
            self.column(stations, "township_name"),
            self.column(stations, "operator"),
            self.column(stations, "technology"),
            self.column(stations, "equipment"),
            self.column(stations, "antenna_height_m", "metre"),
            self.column(stations, "azimuth_deg", "integer"),
            self.given("year", year.to_list(), kind="integer"),
            self.column(stations, "cost_cny", "money"),
            self.column(stations, "rules", words=self.words.spaced, blank=""),
        ]

    def chosen(self) -> list[Column]:
        """Why each station of the plan is in it."""
        words, plan = self.words, self.plan
        table = reasons.chosen_stations(plan)
        dear = np.isinf(table["replacement"])
        others = table["instead"].map(words.spaced).mask(dear, words("reasons.nothing"))
        table = table.assign(
            verdict=table["reason"],
            must_rules=table["rules"],
            supposed=table["unknown"],
            alone=table["station_id"].map(reasons.sole_items(plan, words)),
            replaced_by=others,
            **{
                reasons.money_name(plan, "saves"): table["cost"],
                reasons.money_name(plan, "replacement"): table["replacement"].mask(dear),
            },
        )
        return [
            self.column(table, "station_id"),
            self.column(table, "site_id"),
            self.column(table, "name"),
            self.column(table, "township_name"),
            self.column(table, "year", "integer"),
            self.column(table, "reuse", words=words.label),
            self.column(table, "verdict", words=words.verdicts.__getitem__),
            self.column(table, "must_rules", words=words.spaced, blank=""),
            self.column(table, "covers", "percent"),
            self.column(table, "covers_alone", "percent"),
            self.column(table, "alone", blank=""),
            self.column(table, reasons.money_name(plan, "saves"), self.price()),
            self.column(table, reasons.money_name(plan, "replacement"), self.price()),
            self.column(table, "replaced_by", blank=""),
            self.column(table, "supposed", words=self.supposed, blank=""),
        ]

    def rejected(self) -> list[Column]:
        """Why each other candidate is not in the plan."""
        words, plan = self.words, self.plan
        table = reasons.rejected_stations(plan)
        table = table.assign(
            verdict=table["reason"],
            candidate_id=table["station_id"],
            kept_out_by=table["instead"],
            **{reasons.money_name(plan, "adds"): table["cost"]},
        )
        return [
            self.column(table, "candidate_id", blank=""),
            self.column(table, "site_id"),
            self.column(table, "name"),
            self.column(table, "township_name"),
            self.column(table, "kind", words=words.label),
            self.column(table, "operator", blank=""),
            self.column(table, "technology", blank=""),
            self.column(table, "verdict", words=words.verdicts.__getitem__),
            self.column(table, "kept_out_by", words=words.spaced, blank=""),
            self.column(table, "covers", "percent"),
            self.column(table, reasons.money_name(plan, "adds"), self.price()),
        ]

    def cell(self) -> list[Column]:
        """Each sector of each station."""
        cells = frames.cell_list(self.plan)
        return [
            self.column(cells, "cell_id"),
            self.column(cells, "station_id"),
            self.column(cells, "network", words=self.networks.__getitem__),
            self.column(cells, "site_id"),
            self.column(cells, "operator"),
            self.column(cells, "technology"),
            self.column(cells, "equipment"),
            self.column(cells, "carrier"),
            self.column(cells, "frequency_mhz", "number"),
            self.column(cells, "sector", "integer"),
            self.column(cells, "azimuth_deg", "integer", blank=self.words("words.omni")),
            self.column(cells, "antenna_height_m", "metre"),
            self.column(cells, "power_w", "number"),
            self.column(cells, "gain_dbi", "number"),
        ]

    def township(self) -> list[Column]:
        """Tell what each township gets."""
        table = report.sites_by(self.plan, ["township"])
        names = table["township"].map(self.plan.region.townships()["name"])
        table = table.assign(township_name=names.astype(object).fillna(self.words("words.unknown")))
        return [
            self.column(table, "township_name"),
            self.column(table, "township"),
            self.column(table, "sites", "integer"),
            self.column(table, "stations", "integer"),
            self.column(table, "cost_cny", "money"),
        ]

    def money(self, table: pd.DataFrame) -> list[Column]:
        """Money by year and reuse."""
        return [
            self.column(table, "year", "integer"),
            self.column(table, "reuse", words=self.words.label),
            self.column(table, "sites", "integer"),
            self.column(table, "stations", "integer"),
            *(self.column(table, name, "money") for name in MONEY),
        ]

    def budget(self) -> list[Column]:
        """Link budget of every equipment."""
        table = link_budgets(self.plan)
        texts, marks = ("equipment", "technology", "carrier"), {"mark", "stations"}
        numbers = [name for name in table.columns if name not in {*texts, *marks}]
        return [
            *(self.column(table, name) for name in texts),
            *(self.column(table, name, "number") for name in numbers),
            self.column(table, "stations", "integer"),
            self.column(table, "mark", words=self.mark),
        ]

    def phases(self, phases: pd.DataFrame) -> list[Column]:
        """Tell what is built where and when."""
        names = phases["township"].map(self.plan.region.townships()["name"])
        phases = phases.assign(
            township_name=names.astype(object).fillna(self.words("words.unknown"))
        )
        return [
            self.column(phases, "township_name"),
            self.column(phases, "township"),
            self.column(phases, "year", "integer"),
            self.column(phases, "reuse", words=self.words.label),
            self.column(phases, "sites", "integer"),
            self.column(phases, "stations", "integer"),
            self.column(phases, "cost_cny", "money"),
        ]

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

    def facts(self, facts: Sequence[Fact]) -> list[Column]:
        """Assumptions and sources."""
        return [
            self.given("topic", [fact.topic for fact in facts]),
            self.given("item", [fact.item for fact in facts]),
            self.given("value", [fact.value for fact in facts], kind="amount"),
            self.given("fact_unit", [fact.unit for fact in facts]),
            self.given("reason", [fact.note for fact in facts]),
            self.given("source", [fact.source for fact in facts]),
            self.given("date", [fact.date for fact in facts]),
            self.given("mark", [self.mark(fact.mark) for fact in facts]),
        ]

    def of_coverage(self, table: pd.DataFrame) -> pd.DataFrame:
        """Blank the counts of covered items where a rule does not count items."""
        kinds = {rule.id: rule.kind for rule in self.plan.region.document.rules}
        counted = table["rule_id"].map(kinds) == "coverage"
        names = ["items", "covered_today", "covered_plan", "unknown"]
        blank = {name: table[name].astype("Int64").where(counted) for name in names}
        return table.assign(**blank)


def _value_kinds(units: Iterable[Any]) -> list[Kind]:
    return ["percent" if unit == "share" else "amount" for unit in units]
