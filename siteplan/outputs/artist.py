"""What each sheet of the atlas shows, from the shared tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.outputs import frames, monitoring
from siteplan.outputs.blocks import system_name, text_of
from siteplan.outputs.fonts import Letters
from siteplan.outputs.map_images import level_classes, thresholds_dbm
from siteplan.outputs.progress_chart import ProgressChart
from siteplan.outputs.sheet import (
    KIND_STYLES,
    SEVERITY_STYLES,
    STATE_COLOURS,
    YEAR_COLOURS,
    YEAR_MARKS,
    Sheet,
)
from siteplan.units import CENTI, METRES_PER_KM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from siteplan.coverage.network import Coverage
    from siteplan.outputs.words import Words
    from siteplan.plan import Plan

CAUSE_COLOURS: Final = {
    "too_far": "#c23b00",
    "shadow": "#46307a",
    "buildings": "#8a5a22",
    "weak": "#b3a100",
    "weak_carrier": "#33a680",
    "interference": "#1f5fa8",
    "no_network": "#8c1d18",
    "data_missing": "#6b6b6b",
}
OTHER_COLOUR: Final = "#24212b"
"""Colour of a cause that has none of its own."""

LAND_COLOURS: Final = ("#e9e4d4", "#dfe8dc", "#e3e3ef", "#efe0dc", "#dbe7ea", "#ece7c9")
VILLAGE_STATES: Final = {"met": "o", "at_risk": "o", "not_met": "X", "unknown": "P"}
NAMES_SHOWN: Final = 45
"""A sheet with more sites names none of them: their numbers stand in the list."""

CROWDED: Final = 200
UNKNOWN_GREY: Final = (0x9A, 0x9A, 0x9A)


def road_rules(plan: Plan) -> list[str]:
    """
    Rules of the document on roads that the plan judges.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    rules : list of str
        Ids.
    """
    return [
        rule.id
        for rule in plan.region.document.rules
        if rule.rule_class == "road" and rule.id in plan.demands
    ]


def control_zones(plan: Plan) -> gpd.GeoDataFrame | None:
    """
    Exclusion zones of the region.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    zones : GeoDataFrame or None
        None when there are none.
    """
    zones = plan.region.layer("zones")
    if zones is None or "severity" not in zones:
        return None
    found = zones[zones["kind"].eq("exclusion").fillna(value=False)]
    return found if len(found) else None


class Artist:
    """Draws the sheets of one plan."""

    def __init__(self, plan: Plan, words: Words, font: Path) -> None:
        self.plan, self.words, self.font = plan, words, font
        self.region = plan.region
        self.letters = Letters(font)
        self.sites = frames.site_table(plan)
        self.inside = monitoring.inside_cells(plan)
        info = self.region.scenario.region
        self.name = words.pick(info.name, info.name_en)

    def sheets(self) -> dict[str, Callable[[], Sheet | ProgressChart]]:
        """Give what draws each sheet."""
        makers: dict[str, Callable[[], Sheet | ProgressChart]] = {
            "location": self.location,
            "present_sites": self.present_sites,
            "gaps": self.gaps,
            "plan_by_kind": self.by_kind,
            "plan_by_year": self.by_year,
            "progress": self.progress,
            "roads": self.roads,
            "control": self.control,
            "transmission": self.transmission,
        }
        for technology in {technology for technology, _ in self.plan.coverage_plan}:
            for network in ("today", "plan"):
                maker = partial(self.coverage, technology, network)
                makers[f"coverage_{network}_{technology}"] = maker
        if self.region.layer("townships") is not None:
            for code in self.region.townships().index:
                makers[f"township_{code}"] = partial(self.township, code)
        return makers

    def progress(self) -> ProgressChart:
        """Targets over the years."""
        return ProgressChart(
            self.plan,
            self.words,
            font=self.font,
            letters=self.letters,
            title=self.words("sheets.progress"),
            region_title=self.words("cover.title", region=self.name),
        )

    # --- parts ------------------------------------------------------------------------------------

    def sheet(self, title: str, bounds: tuple[float, float, float, float] | None = None) -> Sheet:
        """Sheet with its frame, the land and the townships."""
        words = self.words
        system = system_name(self.region.crs, words)
        foot = [
            words("sheets.system", system=system, resolution=f"{self.region.resolution_m:g}"),
            words("sheets.source", source=self._sources()),
        ]
        return Sheet(
            region_title=words("cover.title", region=self.name),
            title=title,
            bounds=self.region.boundary.bounds if bounds is None else bounds,
            foot=foot,
            font=self.font,
            letters=self.letters,
        )

    def _sources(self) -> str:
        parts = (*self.region.layers.values(), self.region.sites)
        found = [frame["origin"].dropna().unique() for frame in parts if "origin" in frame]
        origins = sorted({text_of(text) for texts in found for text in texts})
        known = {key: self.words(f"sheets.origin_{key}") for key in ("OpenStreetMap", "synthetic")}
        told = [word for key, word in known.items() if any(key in text for text in origins)]
        return self.words.joined([self.words("sheets.given"), *told])

    def ground(self, sheet: Sheet, *, names: bool = True) -> None:
        """Land, roads and townships under everything else."""
        sheet.land(self.region.boundary)
        roads = self.region.layer("roads")
        if roads is not None and len(roads):
            sheet.roads(roads)
        if self.region.layer("townships") is not None:
            sheet.townships(self.region.townships(), names=names)

    # --- sheets -----------------------------------------------------------------------------------

    def location(self) -> Sheet:
        """Region, townships and roads."""
        words = self.words
        sheet = self.sheet(words("sheets.location"))
        sheet.land(self.region.boundary)
        townships = self.region.townships()
        colours = [LAND_COLOURS[i % len(LAND_COLOURS)] for i in range(len(townships))]
        townships.plot(ax=sheet.axes, color=colours, edgecolor="none", zorder=1.5, aspect=None)
        roads = self.region.layer("roads")
        if roads is not None and len(roads):
            sheet.roads(roads)
            sheet.lines(gpd.GeoSeries([]), "#a89f90", words("sheets.road"), width=1.2)
        sheet.townships(townships)
        venues = self.region.layer("villages")
        if venues is not None:
            points = venues.representative_point()
            size = 2.5 if len(points) > CROWDED else 4.0
            sheet.points(points, ("o", "#6d6a63"), words("sheets.village"), size=size)
        sheet.legend(words("sheets.legend"))
        area = f"{self.region.boundary.area / 1e6:.1f}"
        sheet.note([words("sheets.area", area=area), words("sheets.count", n=len(townships))])
        return sheet

    def present_sites(self) -> Sheet:
        """Sites that stand, by kind; those without a station in service are open marks."""
        words = self.words
        sheet = self.sheet(words("sheets.present_sites"))
        self.ground(sheet)
        sites = self.region.sites[self.region.sites["status"].eq("existing")]
        size = 4.0 if len(sites) > CROWDED else 5.5
        for kind, rows in sites.groupby(sites["kind"].astype(str), sort=True):
            marker, colour = KIND_STYLES.get(str(kind), KIND_STYLES["new"])
            label = words("sheets.counted", name=words.label(kind), n=len(rows))
            sheet.points(rows.geometry, (marker, colour), label, size=size)
        sheet.legend(words("sheets.legend"))
        stations = self.plan.today_stations
        sheet.note([words("sheets.stations_today", n=len(stations))])
        return sheet

    def coverage(self, technology: str, network: str) -> Sheet:
        """Levels of one technology at the end of the last year."""
        words, year = self.words, self.plan.years[-1]
        told = {"technology": technology, "year": year}
        sheet = self.sheet(words(f"sheets.coverage_{network}", **told))
        coverages = self.plan.coverage_today if network == "today" else self.plan.coverage_plan
        signal = coverages[technology, year]
        thresholds = thresholds_dbm(self.region, technology)
        classes = level_classes(list(thresholds.values()))
        sheet.land(self.region.boundary)
        if self.region.layer("townships") is not None:
            sheet.townships(self.region.townships())
        box = self.region.geobox.extent.boundingbox
        picture = self._picture(
            signal, np.array(classes.colours, dtype=np.uint8), classes.edges_dbm
        )
        sheet.raster(picture, (box.left, box.right, box.bottom, box.top))
        for colour, label in zip(
            reversed(classes.colours),
            reversed(classes.labels(self.words("signs.between"))),
            strict=True,
        ):
            sheet.swatch("#{:02x}{:02x}{:02x}".format(*colour), f"{label} dBm")
        sheet.swatch("#{:02x}{:02x}{:02x}".format(*UNKNOWN_GREY), words("common.unknown"))
        sheet.swatch("#fffdf8", words("sheets.no_signal"))
        sheet.legend("RSRP")
        levels: dict[float, list[str]] = {}
        for name, level in thresholds.items():
            levels.setdefault(level, []).append(words.definition(name))
        sheet.note(
            [
                words("sheets.threshold", level=f"{level:g}", names=words.joined(names))
                for level, names in levels.items()
            ]
        )
        return sheet

    def _picture(
        self, signal: Coverage, colours: NDArray[np.uint8], edges: tuple[int, ...]
    ) -> NDArray[np.uint8]:
        level = signal.rsrp_cdbm
        bounds = np.array(edges, dtype=np.int16) * np.int16(CENTI)
        of = np.searchsorted(bounds, level, side="right")
        picture = np.zeros((*level.shape, 4), dtype=np.uint8)
        picture[..., :3] = colours[of]
        picture[..., 3] = np.where((level > np.int16(UNKNOWN_SIGNAL)) & self.inside, 255, 0)
        hidden = signal.unknown & self.inside & (picture[..., 3] == 0)
        picture[hidden] = (*UNKNOWN_GREY, 255)
        return picture

    def gaps(self) -> Sheet:
        """Gaps of the last year without the plan, by cause."""
        words = self.words
        sheet = self.sheet(words("sheets.gaps"))
        self.ground(sheet)
        gaps = frames.gap_list(self.plan)
        gaps = gaps[gaps["network"] == "today"]
        for cause, rows in gaps.groupby("cause", sort=True):
            told = {"name": words.cause(str(cause)), "n": len(rows)}
            colour = CAUSE_COLOURS.get(str(cause), OTHER_COLOUR)
            is_area = rows["rule_class"].isin(["area", "road"])
            sheet.areas(rows.geometry[is_area], colour, words("sheets.counted", **told), alpha=0.6)
            points = rows.geometry[~is_area].explode(index_parts=False)
            if len(points):
                label = words("sheets.points_of", name=told["name"])
                sheet.points(points, ("X", colour), label, size=4.5)
        sheet.legend(words("sheets.cause"))
        return sheet

    def by_kind(self) -> Sheet:
        """Sites of the plan by reuse class."""
        sheet = self.sheet(self.words("sheets.plan_by_kind"))
        self.ground(sheet)
        self._sites_by_kind(sheet, self.sites)
        sheet.legend(self.words("sheets.legend"))
        return sheet

    def _sites_by_kind(self, sheet: Sheet, sites: gpd.GeoDataFrame) -> None:
        words = self.words
        standing = self.region.sites.loc[self.plan.today_stations["site_id"].unique()]
        told = words("sheets.standing")
        sheet.points(standing.geometry, (".", "#3d4650"), told, size=3.5)
        size = 4.5 if len(sites) > CROWDED else 7.0
        for kind, style in KIND_STYLES.items():
            rows = sites[sites["reuse"] == kind]
            if len(rows):
                name = words("layout.existing") if kind == "existing" else words.label(kind)
                label = words("sheets.counted", name=name, n=len(rows))
                sheet.points(rows.geometry, style, label, size=size)

    def by_year(self) -> Sheet:
        """Sites of the plan by the year of their first station."""
        words = self.words
        sheet = self.sheet(words("sheets.plan_by_year"))
        self.ground(sheet)
        size = 4.5 if len(self.sites) > CROWDED else 7.0
        for i, year in enumerate(self.plan.years):
            rows = self.sites[self.sites["year"] == year]
            style = (YEAR_MARKS[i % len(YEAR_MARKS)], YEAR_COLOURS[i % len(YEAR_COLOURS)])
            sheet.points(
                rows.geometry,
                style,
                words("sheets.counted", name=str(year), n=len(rows)),
                size=size,
            )
        sheet.legend(words("sheets.year"))
        return sheet

    def roads(self) -> Sheet:
        """Roads that targets speak of, by their state with the plan."""
        words = self.words
        sheet = self.sheet(words("sheets.roads"))
        self.ground(sheet)
        parts = []
        for rule_id in road_rules(self.plan):
            rule = next(rule for rule in self.region.document.rules if rule.id == rule_id)
            year = frames.rule_year(self.plan, rule)
            items = self.plan.planned.items
            mine = items[(items["rule_id"] == rule_id) & (items["year"] == year)]
            geometry = self.plan.demands[rule_id].items.geometry
            rows = geometry.set_axis(geometry.index.astype(str)).loc[mine["item_id"]]
            parts.append(
                gpd.GeoDataFrame({"state": mine["state"].to_numpy()}, geometry=rows.to_numpy())
            )
        roads = pd.concat(parts, ignore_index=True)
        for state in ("met", "not_met", "unknown"):
            rows = roads[roads["state"] == state]
            if len(rows):
                label = words("sheets.counted", name=words.state(state), n=len(rows))
                sheet.lines(rows.geometry, STATE_COLOURS[state], label, width=2.0)
        sheet.legend(words("sheets.state"))
        return sheet

    def control(self) -> Sheet:
        """Zones where nothing or not everything may be built, by severity, under the sites of the plan."""
        words = self.words
        sheet = self.sheet(words("sheets.control"))
        self.ground(sheet, names=False)
        zones = control_zones(self.plan)
        if zones is not None:
            severity = zones["severity"].astype("string").fillna("")
            for kind, (colour, hatch) in SEVERITY_STYLES.items():
                rows = zones[severity == kind]
                if len(rows):
                    name = words(f"severities.{kind}")
                    label = words("sheets.counted", name=name, n=len(rows))
                    sheet.areas(rows.geometry, colour, label, alpha=0.9, hatch=hatch)
            rest = zones[~severity.isin(list(SEVERITY_STYLES))]
            if len(rest):
                label = words("sheets.counted", name=words("common.unknown"), n=len(rest))
                sheet.areas(rest.geometry, OTHER_COLOUR, label, alpha=0.9, hatch="++")
            names = [text_of(name, missing="") for name in zones["name"]]
            sheet.names(zones.representative_point(), names, 10.0, colour="#5c1210")
        self._sites_by_kind(sheet, self.sites)
        sheet.legend(words("sheets.legend"))
        return sheet

    def transmission(self) -> Sheet:
        """Draw new cables by year, known fibre, aggregation rooms and their ducts, and the sites."""
        words, backhaul = self.words, self.plan.backhaul
        sheet = self.sheet(words("sheets.transmission"))
        self.ground(sheet)
        cables = backhaul.fibre.cables
        notes = []
        for i, (year, rows) in enumerate(cables.groupby("year", sort=True)):
            length = f"{rows['length_m'].sum() / METRES_PER_KM:.1f}"
            label = words("sheets.cables", year=year, length=length)
            colour = YEAR_COLOURS[i % len(YEAR_COLOURS)]
            sheet.lines(rows.geometry, colour, label, width=1.6)
        if len(cables):
            length = f"{cables['length_m'].sum() / METRES_PER_KM:.1f}"
            notes.append(words("sheets.cables_total", length=length))
        if len(nodes := backhaul.fibre.nodes):
            size = 2.0 if len(nodes) > CROWDED else 3.5
            label = words("sheets.counted", name=words("sheets.fibre_node"), n=len(nodes))
            sheet.points(nodes.geometry, ("s", "#00755a"), label, size=size)
        size = 3.0 if len(self.sites) > CROWDED else 5.0
        label = words("sheets.counted", name=words("sheets.planned_site"), n=len(self.sites))
        sheet.points(self.sites.geometry, ("o", "#b5154b"), label, size=size)
        if (rooms := backhaul.rooms) is not None:
            sheet.lines(rooms.ducts.geometry, "#24212b", words("sheets.duct"), width=0.8)
            label = words("sheets.counted", name=words("sheets.room"), n=len(rooms.rooms))
            sheet.points(rooms.rooms.geometry, ("*", "#e0a800"), label, size=13.0)
        sheet.legend(words("sheets.legend"))
        sheet.note(notes)
        return sheet

    def township(self, code: str) -> Sheet:
        """One township: its sites by kind, with names when there are few, and its villages."""
        words = self.words
        townships = self.region.townships()
        name = str(townships.loc[code, "name"])
        bounds = townships.geometry.loc[code].bounds
        sheet = self.sheet(words("sheets.township", name=name), bounds)
        self.ground(sheet, names=False)
        own = townships.geometry.loc[[code]]
        own.boundary.plot(ax=sheet.axes, color="#24212b", linewidth=1.6, zorder=9, aspect=None)
        villages = self.region.layer("villages")
        if villages is not None:
            rows = villages[villages["township"].eq(code).fillna(value=False)]
            sheet.points(
                rows.representative_point(), ("o", "#6d6a63"), words("sheets.village"), size=3.0
            )
        sites = self.sites[self.sites["township"].eq(code).fillna(value=False)]
        self._sites_by_kind(sheet, sites)
        left_out = len(sites)
        if len(sites) <= NAMES_SHOWN:
            texts = [text_of(site.name, missing=str(site.Index)) for site in sites.itertuples()]
            left_out = sheet.names(sites.geometry, texts, 8.5, colour="#7c0c33")
        sheet.legend(words("sheets.legend"))
        stations = int(sites["stations"].sum())
        notes = [words("sheets.township_total", sites=len(sites), stations=stations)]
        if left_out:
            notes.append(words("sheets.names_left_out", n=left_out))
        sheet.note(notes)
        return sheet
