"""Sheets on what is built: sites and why, stations, cells, phases, money, and what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.outputs import frames, reasons, report
from siteplan.outputs.list_columns import Columns
from siteplan.outputs.provenance import link_budgets

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from siteplan.outputs.assumptions import Fact
    from siteplan.outputs.workbook import Column, Kind

MONEY: Final = ("structure_cny", "equipment_cny", "cost_cny")
"""Columns of money in the sheet of investment."""


class SiteSheets(Columns):
    """Columns of the sheets on sites, money and sources."""

    def price(self) -> Kind:
        """How the objective of the plan is shown: whole yuan, or parts of stations."""
        return "money" if self.plan.selection.objective == "cost" else "amount"

    def supposed(self, text: str) -> str:
        """Say what had to be supposed in a price."""
        names = self.words.group("supposed")
        return self.words.joined(names[name] for name in text.split(";") if name)

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
