"""
The layers of the map as compact tables: positions, outlines, and the texts of their popups.

Coordinates are whole millionths of a degree; those of lines and rings are differences to the vertex
before. Texts that repeat are stored once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan import schema
from siteplan.outputs.frames import gap_list, phase_table, site_table
from siteplan.outputs.map_images import MODES
from siteplan.outputs.reasons import rejected_lines, site_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from siteplan.outputs.words import Words
    from siteplan.plan import Plan
    from siteplan.region import Region
    from siteplan.schema import Column

Json = dict[str, Any]

DEGREES: Final = "EPSG:4326"
PER_DEGREE: Final = 1e6
"""Steps of a stored coordinate: about 0.1 m."""

DETAIL: Final = 20_000
"""A line is simplified by the extent of the region over this: less than a pixel at any useful zoom."""

ROAD_ITEMS: Final = "road_items"
SQUARE_KM: Final = 1e6
KM: Final = 1e3
TEN_THOUSAND: Final = 1e4
"""Yuan in one 万元."""


class MapLayers:
    """
    Turns the layers of a region and a plan into the map's tables.

    Parameters
    ----------
    plan : Plan
        The plan.
    names : Words
        Words of categories and columns.
    words : mapping of str to str
        Words of the map, in the same language.
    """

    def __init__(self, plan: Plan, names: Words, words: Mapping[str, str]) -> None:
        self.plan = plan
        self.names = names
        self.region: Region = plan.region
        self.words = words
        west, south, east, north = self.region.boundary.bounds
        self.tolerance_m = max(east - west, north - south) / DETAIL
        self.township_names = self.region.townships()["name"]
        self.sites = site_table(plan)
        self.reasons = site_lines(plan, names)

    # --- geometry ---------------------------------------------------------------------------------

    def bounds_deg(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the boundary. [deg]."""
        outline = gpd.GeoSeries([self.region.boundary], crs=self.region.crs).to_crs(DEGREES)
        west, south, east, north = outline.total_bounds
        return float(west), float(south), float(east), float(north)

    def _flat(self, geometries: Sequence[Any], tolerance_m: float) -> list[Any]:
        simple = gpd.GeoSeries(list(geometries), crs=self.region.crs).simplify(tolerance_m)
        return list(simple.to_crs(DEGREES))

    def polygons(self, geometries: Sequence[Any], tolerance_m: float | None = None) -> list[Any]:
        """Of each geometry its polygons, of each its rings."""
        simple = self._flat(geometries, self.tolerance_m if tolerance_m is None else tolerance_m)
        return [
            [
                [_steps(ring) for ring in (part.exterior, *part.interiors)]
                for part in shapely.get_parts(geometry)
                if part.geom_type == "Polygon" and not part.is_empty
            ]
            for geometry in simple
        ]

    def lines(self, geometries: Sequence[Any]) -> list[Any]:
        """Of each geometry its lines."""
        return [
            [
                _steps(part)
                for part in shapely.get_parts(geometry)
                if part.geom_type == "LineString" and not part.is_empty
            ]
            for geometry in self._flat(geometries, self.tolerance_m)
        ]

    def points(self, geometry: gpd.GeoSeries) -> Json:
        """Positions of a point layer, or inside its polygons."""
        places = geometry.representative_point().to_crs(DEGREES)
        return {"lon": _whole(places.x), "lat": _whole(places.y)}

    # --- texts ------------------------------------------------------------------------------------

    def township(self, ids: pd.Series[Any]) -> list[str]:
        """Names of townships by id."""
        return _texts(ids.map(self.township_names))

    def field(self, key: str, texts: Sequence[str], *, unit: str = "") -> Json:
        """One line of a popup for every row of a table."""
        return {"label": self.names.with_unit(self.words[key], unit)} | _packed(texts)

    def schema_fields(
        self, table: str, frame: pd.DataFrame, *, skip: Sequence[str] = ()
    ) -> list[Json]:
        """Fields of all columns of a table of the schema that the frame has."""
        result = []
        for column in schema.TABLES[table].columns:
            if column.name not in frame or column.name in {"id", "name", *skip}:
                continue
            texts = self.column_texts(column, frame[column.name])
            if any(texts):
                result.append({"label": self.names.column(column)} | _packed(texts))
        return result

    def column_texts(self, column: Column, values: pd.Series[Any]) -> list[str]:
        """Values for reading: what is missing is unknown, a missing text is left out."""
        if column.name == "township":
            return self.township(values)
        if column.name == "origin":
            return self.origins(values)
        unknown = self.words["unknown"]
        if column.kind == "flag":
            flags = {True: self.words["yes"], False: self.words["no"]}
            return [unknown if pd.isna(value) else flags[bool(value)] for value in values]
        if column.kind in {"number", "integer"}:
            return _numbers(values, unknown=unknown)
        if column.kind == "category":
            return [unknown if pd.isna(value) else self.names.label(value) for value in values]
        return _texts(values)

    def origins(self, values: Iterable[Any]) -> list[str]:
        """Where rows come from, in the reader's language where it is known."""
        known: dict[str, str] = {}
        return [known.setdefault(text, self.names.told(text)) for text in _texts(values)]

    def road_items(self) -> gpd.GeoDataFrame:
        """Roads that rules speak of, each name once."""
        parts = [
            self.plan.demands[rule.id].items[["name", "township", "geometry"]]
            for rule in self.region.document.rules
            if rule.rule_class == "road" and rule.id in self.plan.demands
        ]
        if not parts:
            return gpd.GeoDataFrame({"name": [], "township": []}, geometry=[], crs=self.region.crs)
        merged = gpd.GeoDataFrame(pd.concat(parts), crs=self.region.crs)
        return merged[~merged.index.duplicated()]

    # --- tables -----------------------------------------------------------------------------------

    def tables(self) -> Json:
        """All layers whose features open a popup."""
        result = {"sites": self.chosen_sites(), "stations": self.existing_stations()}
        result["candidates"] = self.candidates()
        if (poles := self.region.layer("poles")) is not None:
            rest = poles[~poles.index.isin(self.region.sites.index)]
            result["poles"] = self.layer_table("poles", rest)
        for name in ("villages", "venues"):
            if (frame := self.region.layer(name)) is not None:
                result[name] = self.layer_table(name, frame)
        used = {str(rule.layer) for rule in self.region.document.rules if rule.rule_class == "area"}
        for name in sorted({"zones", *used} - {"boundary"}):
            if (frame := self.region.layer(name)) is not None:
                shapes = self.polygons(frame.geometry.to_list())
                result[name] = self.layer_table(name, frame) | {"shapes": shapes}
                if "severity" in frame:
                    result[name]["excluded"] = [
                        int(kind == "exclusion") for kind in frame["kind"].fillna("")
                    ]
        roads = self.road_items()
        result[ROAD_ITEMS] = self.named(roads, "layer_road_items", roads.index) | {
            "fields": [self.field("township", self.township(roads["township"]))],
            "lines": self.lines(roads.geometry.to_list()),
        }
        gaps = gap_list(self.plan).set_index("gap_id")
        for mode in MODES:
            result[f"gaps_{mode}"] = self.gaps(gaps[gaps["network"] == mode])
        return result

    def named(self, frame: gpd.GeoDataFrame, title: str, ids: pd.Index[Any]) -> Json:
        """Ids, names and positions."""
        names = _texts(frame["name"]) if "name" in frame else [""] * len(frame)
        result: Json = {
            "title": self.words[title],
            "id": [str(name) for name in ids],
            "name": _packed(names),
        }
        return result | self.points(frame.geometry)

    def layer_table(self, name: str, frame: gpd.GeoDataFrame) -> Json:
        """Give a layer of the region all columns that it has."""
        result = self.named(frame, f"layer_{name}", frame.index)
        result["fields"] = self.schema_fields(name, frame)
        if "kind" in frame:
            result["kind"] = _packed(_texts(frame["kind"]))
        return result

    def chosen_sites(self) -> Json:
        """Sites of the plan, from the shared table."""
        sites = self.sites
        sites_schema = schema.TABLES["sites"]
        unknown = self.words["unknown"]
        planned = self.plan.planned_stations
        result = self.named(sites, "layer_sites", sites.index)
        result |= {
            # the very degrees of the shared table
            "lon": [round(value * PER_DEGREE) for value in sites["lon"]],
            "lat": [round(value * PER_DEGREE) for value in sites["lat"]],
            "kind": _packed(_texts(sites["kind"])),
            "existing": [int(reuse == "existing") for reuse in sites["reuse"]],
            "year": [int(year) for year in sites["year"]],
            "rules": [text.split(";") if text else [] for text in sites["rules"]],
            "since": _since(planned, sites.index),
        }
        stations = self.by_site(planned, sites.index)
        result["fields"] = [
            self.field("kind", [self.names.label(kind) for kind in sites["kind"]]),
            self.field(
                "reuse", [self.words.get(f"reuse_{r}", self.names.label(r)) for r in sites["reuse"]]
            ),
            self.field("township", _texts(sites["township_name"])),
            self.field("year", [str(year) for year in sites["year"]]),
            self.field("stations", stations),
            self.field(
                "cost",
                [f"{cost / TEN_THOUSAND:,.2f}" for cost in sites["cost_cny"]],
                unit=self.words["unit_money"],
            ),
            self.field("rules", self.listed(sites["rules"])),
            self.field("reason", _texts(sites.index.to_series().map(self.reasons))),
            self.field("antenna_height", _numbers(sites["antenna_height_m"], unknown), unit="m"),
            self.field("power", self.column_texts(sites_schema.column("power"), sites["power"])),
            self.field("fibre", self.column_texts(sites_schema.column("fibre"), sites["fibre"])),
            self.field(
                "lonlat",
                [
                    f"{lon:.6f}, {lat:.6f}"
                    for lon, lat in zip(sites["lon"], sites["lat"], strict=True)
                ],
            ),
            self.field(
                "easting_northing",
                [
                    f"{east:.1f}, {north:.1f}"
                    for east, north in zip(sites["easting_m"], sites["northing_m"], strict=True)
                ],
                unit="m",
            ),
            self.field("origin", self.origins(sites["origin"])),
        ]
        return result

    def existing_stations(self) -> Json:
        """Sites with stations in service, each once."""
        stations = self.plan.today_stations
        sites = self.region.sites.loc[sorted(stations["site_id"].unique())]
        result = self.named(sites, "layer_stations", sites.index)
        result["kind"] = _packed(_texts(sites["kind"]))
        result["since"] = _since(stations, sites.index)
        result["fields"] = [
            self.field("stations", self.by_site(stations, sites.index)),
            *self.schema_fields("sites", sites, skip=["cost_cny"]),
        ]
        return result

    def candidates(self) -> Json:
        """Sites that carry no station and are not chosen."""
        busy = {*self.plan.today_stations["site_id"], *self.sites.index}
        rest = self.region.sites[~self.region.sites.index.isin(busy)]
        result = self.named(rest, "layer_candidates", rest.index)
        result["kind"] = _packed(_texts(rest["kind"]))
        result["unavailable"] = [int(status == "unavailable") for status in rest["status"]]
        lines = _texts(rest.index.to_series().map(rejected_lines(self.plan, self.names)))
        told = [self.field("not_chosen", lines)] if any(lines) else []
        result["fields"] = told + self.schema_fields("sites", rest)
        return result

    def listed(self, values: Iterable[Any]) -> list[str]:
        """Names that a table joins by semicolons, as enumerations."""
        return [self.names.spaced(text) for text in _texts(values)]

    def by_site(self, stations: pd.DataFrame, sites: pd.Index[Any]) -> list[str]:
        """Stations of each site in words, in the order of years."""
        ordered = stations.sort_values(["site_id", "year", "operator", "technology"], kind="stable")
        lines: dict[str, list[str]] = {}
        for _, station in ordered.iterrows():
            lines.setdefault(str(station["site_id"]), []).append(self.station_text(station))
        return [self.names.clauses(lines.get(str(site), [])) for site in sites]

    def station_text(self, station: pd.Series[Any]) -> str:
        """One station in a few words."""
        year = int(station["year"])
        when = self.words["on_air"].format(year=year) if year else self.words["on_air_before"]
        name = f"{station['operator']} {station['technology']}"
        return self.words["bracketed"].format(text=name, note=when)

    def gaps(self, gaps: gpd.GeoDataFrame) -> Json:
        """Gaps with their causes; outlines keep to the cells."""
        result = self.named(gaps, "layer_gaps", gaps.index)
        unknown = self.words["unknown"]
        no_signal = self.words["signal_none"]
        classes = [self.words.get(f"class_{name}", str(name)) for name in gaps["rule_class"]]
        result |= {
            "technology": _packed(_texts(gaps["technology"])),
            "rules": [str(text).split(";") if text else [] for text in gaps["rules"]],
        }
        is_point = gaps.geometry.geom_type.isin(["Point", "MultiPoint"]).tolist()
        flat = self._flat(gaps.geometry.to_list(), 0.0)
        result["dots"] = [
            _pairs(geometry) if point else []
            for geometry, point in zip(flat, is_point, strict=True)
        ]
        outlines = self.polygons(gaps.geometry.to_list(), 0.1 * self.region.resolution_m)
        result["shapes"] = [
            [] if point else outline for outline, point in zip(outlines, is_point, strict=True)
        ]
        result["fields"] = [
            self.field("technology", _texts(gaps["technology"])),
            self.field("class", classes),
            self.field("cause", [self.names.cause(cause) for cause in gaps["cause"]]),
            self.field(
                "size",
                [
                    self.size(float(size), str(unit))
                    for size, unit in zip(gaps["size"], gaps["unit"], strict=True)
                ],
            ),
            self.field("gap_items", [str(n) for n in gaps["items"]]),
            self.field("people", _numbers(gaps["people"], unknown)),
            self.field("gap_rules", self.listed(gaps["rules"])),
            self.field("township", _texts(gaps["township_name"])),
            self.field("depth", _numbers(gaps["depth_db"].round(1), no_signal), unit="dB"),
            self.field("station_km", _numbers(gaps["station_km"].round(2), unknown), unit="km"),
        ]
        return result

    def size(self, size: float, unit: str) -> str:
        """Area, length or number of a gap."""
        if unit == "m2":
            return f"{size / SQUARE_KM:,.2f} km²" if size >= SQUARE_KM else f"{size:,.0f} m²"
        if unit == "m":
            return f"{size / KM:,.1f} km" if size >= KM else f"{size:,.0f} m"
        return self.words["size_points"].format(n=f"{size:,.0f}")

    # --- base map ---------------------------------------------------------------------------------

    def townships(self) -> Json | None:
        """Townships with outline and name; none when the region was given none."""
        frame = self.region.layer("townships")
        if frame is None:
            return None
        planned = phase_table(self.plan).groupby("township")[["sites", "stations"]].sum()
        result = self.named(frame, "layer_townships", frame.index)
        result["shapes"] = self.polygons(frame.geometry.to_list())
        result["fields"] = [
            *self.schema_fields("townships", frame, skip=["code"]),
            self.field("planned_sites", _counts(planned["sites"], frame.index)),
            self.field("planned_stations", _counts(planned["stations"], frame.index)),
        ]
        return result

    def roads(self) -> Json:
        """Lines by road class, the most important first."""
        frame = self.region.layer("roads")
        if frame is None:
            return {}
        classes = (
            frame["class"].fillna("other") if "class" in frame else pd.Series("other", frame.index)
        )
        choices = schema.TABLES["roads"].column("class").choices
        return {
            name: {
                "label": self.names.label(name),
                "lines": [
                    line
                    for lines in self.lines(frame.geometry[classes == name].to_list())
                    for line in lines
                ],
            }
            for name in choices
            if (classes == name).any()
        }


def _whole(degrees: Iterable[float]) -> list[int]:
    return [round(value * PER_DEGREE) for value in degrees]


def _steps(line: shapely.Geometry) -> list[int]:
    """Longitude and latitude of the first vertex, then differences to the vertex before."""
    whole = np.rint(shapely.get_coordinates(line) * PER_DEGREE).astype(np.int64)
    whole[1:] = np.diff(whole, axis=0)
    return [int(value) for value in whole.reshape(-1)]


def _pairs(points: shapely.Geometry) -> list[int]:
    whole = np.rint(shapely.get_coordinates(points) * PER_DEGREE).astype(np.int64)
    return [int(value) for value in whole.reshape(-1)]


def _texts(values: Iterable[Any]) -> list[str]:
    return ["" if pd.isna(value) else str(value) for value in values]


def _numbers(values: pd.Series[Any], unknown: str) -> list[str]:
    return [unknown if pd.isna(value) else f"{float(value):,.10g}" for value in values]


def _counts(numbers: pd.Series[Any], index: pd.Index[Any]) -> list[str]:
    return [str(int(number)) for number in numbers.reindex(index, fill_value=0)]


def _packed(texts: Sequence[str]) -> Json:
    """Texts as they are, or each different one once and where it stands, whichever is shorter."""
    different = list(dict.fromkeys(texts))
    if 2 * len(different) >= len(texts):
        return {"values": list(texts)}
    position = {text: i for i, text in enumerate(different)}
    return {"words": different, "codes": [position[text] for text in texts]}


def _since(stations: pd.DataFrame, sites: pd.Index[Any]) -> Json:
    """Of each technology the year of its first station on each site, None where it has none."""
    first = stations.groupby(["technology", "site_id"])["year"].min()
    return {
        str(technology): [
            None if pd.isna(year) else int(year) for year in first.loc[technology].reindex(sites)
        ]
        for technology in first.index.get_level_values(0).unique()
    }
