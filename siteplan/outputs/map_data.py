"""
What the map shows, as one JSON-ready value: all texts, positions and states that its script needs.

Numbers of rules, sites and totals come from :mod:`siteplan.outputs.frames`. All words are put in here, in
the language of the reader; the script knows none.
"""

from __future__ import annotations

import base64
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely

import siteplan
from siteplan import catalog, schema
from siteplan.gaps import CAUSE_ZH
from siteplan.outputs.frames import label, rule_table, rule_year, site_table, summary
from siteplan.outputs.map_images import (
    FIRST_LEVEL,
    MODES,
    WEAKEST_DBM,
    coverage_images,
    thresholds_dbm,
)
from siteplan.targets import MET, NOT_MET, STATE_ZH, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import geopandas as gpd
    from pyproj import CRS

    from siteplan.catalog import Definition, Rule
    from siteplan.outputs.map_images import CoverageImages
    from siteplan.plan import Plan
    from siteplan.region import Region
    from siteplan.schema import Column

Json = dict[str, Any]

DEGREES: Final = "EPSG:4326"
PER_DEGREE: Final = 1e6
"""Steps of a stored coordinate: about 0.1 m."""

DETAIL: Final = 20_000
"""A line is simplified by the extent of the region over this: less than a pixel at any useful zoom."""

STATE_CODES: Final = {MET: "m", NOT_MET: "n", UNKNOWN: "u"}
MOST_DECIMALS: Final = 4
PASS_MARK_GAP: Final = 1e-9
TRANSVERSE_MERCATOR: Final = "Transverse Mercator"
_PARAMETERS = {8801: "lat0", 8802: "lon0", 8805: "k0", 8806: "fe", 8807: "fn"}
_REASONS = {
    "attribute blank": "reason_blank",
    "terrain missing": "reason_terrain",
    "progress is reported by the responsible unit": "reason_task",
    "no station of the technology": "reason_no_station",
    "power supply of the sites not given": "reason_power",
}
SQUARE_KM: Final = 1e6
KM: Final = 1e3


def map_data(plan: Plan) -> Json:
    """
    Everything that the map's script reads.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    data : dict
        JSON-ready: ``words``, ``rules``, ``coverage``, ``tables``, ``items`` and the base map. Coordinates
        are whole millionths of a degree, those of lines and rings as differences to the one before.
    """
    words = read_words("zh")
    maker = _Maker(plan, words)
    region = plan.region
    images = coverage_images(plan)
    rules = [maker.rule(rule, row) for rule, (_, row) in _rules(plan)]
    west, south, east, north = maker.degrees(region.boundary).bounds
    return {
        "format": 1,
        "siteplan": siteplan.__version__,
        "words": words,
        "title": region.scenario.region.name,
        "document": region.document.title,
        "years": list(plan.years),
        "technologies": list(images.classes),
        "start": _start(plan, rules, list(images.classes)),
        "bounds": [[south, west], [north, east]],
        "projection": projection(region.crs),
        "states": {state: STATE_ZH[state] for state in sorted(STATE_ZH)},
        "kinds": {kind: label(kind) for kind in schema.SITE_KINDS},
        "totals": maker.totals(),
        "rules": rules,
        "coverage": _coverage(plan, images),
        "definitions": maker.definitions(),
        "items": maker.items(),
        "tables": maker.tables(),
        "boundary": maker.polygons([region.boundary])[0],
        "townships": maker.townships(),
        "roads": maker.roads(),
        "about": maker.about(),
        "credits": maker.credits(),
    }


def read_words(language: str) -> dict[str, str]:
    """
    Words of the map in one language.

    Parameters
    ----------
    language : str
        ``zh``.

    Returns
    -------
    words : dict of str to str
        By key; ``{n}`` and the like are filled in by the script.

    Examples
    --------
    >>> read_words("zh")["unknown"]
    '未知'
    """
    text = (files(__package__) / "assets" / f"map_{language}.json").read_text(encoding="utf-8")
    words: dict[str, str] = json.loads(text)
    return words


def value_text(value: float, unit: str, required: float, *, unknown: str) -> str:
    """
    Value of a rule for reading; a share that misses its mark never looks as if it reached it.

    Parameters
    ----------
    value : float
        Share or count; NaN when it is unknown.
    unit : str
        As in the rule table.
    required : float
        What the rule asks for, NaN for nothing.
    unknown : str
        Text for NaN.

    Returns
    -------
    text : str
        Shares in percent with one decimal, or as many as tell the value from the required one.

    Examples
    --------
    >>> value_text(0.99961, "share", 1.0, unknown="?")
    '99.96%'
    >>> value_text(773.0, "stations", 773.0, unknown="?")
    '773'
    """
    if np.isnan(value):
        return unknown
    if unit != "share":
        return f"{value:,.0f}"
    for decimals in range(1, MOST_DECIMALS + 1):
        text = f"{100.0 * value:.{decimals}f}"
        shown = float(text) / 100.0
        misses = value < required - PASS_MARK_GAP
        if not misses or shown < required - PASS_MARK_GAP:
            break
    return f"{text}%"


def projection(crs: CRS) -> Json:
    """
    Projection of the region, for the coordinates at the pointer.

    Parameters
    ----------
    crs : pyproj.CRS
        Projected system.

    Returns
    -------
    projection : dict
        ``name`` and ``datum``; for a transverse Mercator projection also ``a`` [m], ``rf``, ``lon0`` and
        ``lat0`` [deg], ``k0``, ``fe`` and ``fn`` [m].

    Examples
    --------
    >>> from pyproj import CRS
    >>> found = projection(CRS.from_epsg(4545))
    >>> found["datum"], found["lon0"], found["fe"]
    ('CGCS2000', 108.0, 500000.0)
    """
    datum = "" if crs.geodetic_crs is None else crs.geodetic_crs.name
    if datum.startswith("China Geodetic Coordinate System 2000"):
        datum = "CGCS2000"
    result: Json = {"name": crs.name, "datum": datum}
    operation = crs.coordinate_operation
    if operation is not None and operation.method_name == TRANSVERSE_MERCATOR and crs.ellipsoid:
        result |= {
            _PARAMETERS[int(item.code)]: float(item.value)
            for item in operation.params
            if int(item.code) in _PARAMETERS
        }
        result |= {
            "a": float(crs.ellipsoid.semi_major_metre),
            "rf": float(crs.ellipsoid.inverse_flattening),
        }
    return result


def _rules(plan: Plan) -> Iterable[tuple[Rule, tuple[Any, pd.Series[Any]]]]:
    return zip(plan.region.document.rules, rule_table(plan).iterrows(), strict=True)


def _start(plan: Plan, rules: list[Json], technologies: list[str]) -> Json:
    """Open on the technology of most rules, in the last year, with the plan."""
    counts = [sum(rule["technology"] == name for rule in rules) for name in technologies]
    technology = technologies[int(np.argmax(counts))] if technologies else ""
    return {"technology": technology, "year": plan.years[-1], "mode": "plan"}


def _coverage(plan: Plan, images: CoverageImages) -> Json:
    west, south, east, north = images.bounds_deg
    classes = {}
    for technology, levels in images.classes.items():
        thresholds = thresholds_dbm(plan.region, technology)
        palette = b"".join(bytes(colour) for colour in levels.palette())
        classes[technology] = {
            "edges": list(levels.edges_dbm),
            "colours": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in levels.colours],
            "labels": levels.labels(),
            "palette": palette.hex(),
            "thresholds": [{"id": name, "dbm": level} for name, level in thresholds.items()],
        }
    return {
        "bounds": [[south, west], [north, east]],
        "images": [
            "data:image/png;base64," + base64.b64encode(image).decode("ascii")
            for image in images.images
        ],
        "first_level": FIRST_LEVEL,
        "weakest_dbm": WEAKEST_DBM,
        "position": {"|".join(map(str, key)): n for key, n in images.position.items()},
        "classes": classes,
    }


class _Maker:
    """Turns the plan's tables into the map's."""

    def __init__(self, plan: Plan, words: Mapping[str, str]) -> None:
        self.plan = plan
        self.region: Region = plan.region
        self.words = words
        west, south, east, north = self.region.boundary.bounds
        self.tolerance_m = max(east - west, north - south) / DETAIL
        self.township_names = self.region.townships()["name"]
        self.sites = site_table(plan)

    # --- geometry ---------------------------------------------------------------------------------

    def degrees(self, geometry: shapely.Geometry) -> shapely.Geometry:
        """Geometry of the grid's system in degrees."""
        import geopandas as gpd  # noqa: PLC0415  # heavy, and needed for this one call

        return gpd.GeoSeries([geometry], crs=self.region.crs).to_crs(DEGREES).iloc[0]

    def _flat(self, geometries: Sequence[Any], tolerance_m: float) -> list[Any]:
        import geopandas as gpd  # noqa: PLC0415

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
        header = self.words[key]
        return {"label": f"{header}（{unit}）" if unit else header} | _packed(texts)

    def schema_fields(self, table: str, frame: pd.DataFrame, *, skip: Sequence[str] = ()) -> list[Json]:
        """Fields of all columns of a table of the schema that the frame has."""
        result = []
        for column in schema.TABLES[table].columns:
            if column.name not in frame or column.name in {"id", "name", *skip}:
                continue
            unit = self.words.get(f"unit_{column.unit}", column.unit)
            header = f"{column.zh}（{unit}）" if unit else column.zh
            texts = self.column_texts(column, frame[column.name])
            if any(texts):
                result.append({"label": header} | _packed(texts))
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
            return [unknown if pd.isna(value) else label(str(value)) for value in values]
        return _texts(values)

    def origins(self, values: Iterable[Any]) -> list[str]:
        """Where rows come from; the two marks that siteplan itself knows are put into words."""
        return [self.words.get(f"origin_{text}", text) for text in _texts(values)]

    def reason(self, text: str) -> str:
        """Why a rule stands as it does."""
        if text in _REASONS:
            return self.words[_REASONS[text]]
        if found := re.fullmatch(r"(?:layer (\w+) not given|no row of (\w+) fits)", text):
            key = "reason_layer" if found[1] else "reason_no_row"
            name = found[1] or found[2]
            table = schema.TABLES.get(name)
            return self.words[key].format(layer=table.zh if table else name)
        if found := re.fullmatch(r"(\d+) without (.+)", text):
            names = [_header(name) for name in found[2].split(", ")]
            return self.words["reason_without"].format(n=found[1], what="、".join(names))
        return text

    # --- rules and items --------------------------------------------------------------------------

    def rule(self, rule: Rule, row: pd.Series[Any]) -> Json:
        """One rule of the shared table, for reading."""
        unit, required = str(row["unit"]), float(row["required"])
        unknown = self.words["unknown"]
        counted = rule.kind == "coverage" and rule.measure == "items" and row["items"] > 0
        return {
            "id": rule.id,
            "year": self.words["standing"] if pd.isna(row["year"]) else str(row["year"]),
            "shown_year": rule_year(self.plan, rule),
            "technology": row["technology"],
            "text": row["zh"],
            "definition": row["definition"],
            "unit": self.words.get(f"rule_unit_{unit}", ""),
            "required": self.words["none_asked"]
            if np.isnan(required)
            else f"{100.0 * required:.10g}%"
            if unit == "share"
            else f"{required:,.0f}",
            "today": value_text(float(row["today"]), unit, required, unknown=unknown),
            "plan": value_text(float(row["plan"]), unit, required, unknown=unknown),
            "state_today": row["state_today"],
            "state_plan": row["state_plan"],
            "items": int(row["items"]) if counted else None,
            "covered_today": int(row["covered_today"]) if counted else None,
            "covered_plan": int(row["covered_plan"]) if counted else None,
            "unknown": int(row["unknown"]) if counted else None,
            "stations": int(row["stations_needed"]),
            "reason": self.reason(str(row["reason"])),
        }

    def items(self) -> Json:
        """Of each coverage rule the rows of its items and their states, one letter each."""
        result: Json = {}
        for rule in self.region.document.rules:
            demand = self.plan.demands.get(rule.id)
            if demand is None or len(demand.items) == 0 or rule.layer in {None, "boundary"}:
                continue
            ids = demand.items.index.astype(str)
            table = "road_items" if rule.rule_class == "road" else str(rule.layer)
            layer = self._road_items() if table == "road_items" else self.region.layers[table]
            rows = layer.index.astype(str).get_indexer(ids)
            states: Json = {}
            for mode, evaluation in zip(MODES, (self.plan.today, self.plan.planned), strict=True):
                of_rule = evaluation.items[evaluation.items["rule_id"] == rule.id]
                states[mode] = {
                    str(year): "".join(
                        part.set_index("item_id")["state"].reindex(ids).map(STATE_CODES)
                    )
                    for year, part in of_rule.groupby("year")
                }
            result[rule.id] = {"table": table, "rows": rows.tolist(), "states": states}
        return result

    def _road_items(self) -> gpd.GeoDataFrame:
        """Roads that rules speak of, each name once."""
        import geopandas as gpd  # noqa: PLC0415

        parts = [
            self.plan.demands[rule.id].items[["name", "township", "geometry"]]
            for rule in self.region.document.rules
            if rule.rule_class == "road" and rule.id in self.plan.demands
        ]
        if not parts:
            return gpd.GeoDataFrame({"name": [], "township": []}, geometry=[], crs=self.region.crs)
        merged = gpd.GeoDataFrame(pd.concat(parts), crs=self.region.crs)
        return merged[~merged.index.duplicated()]

    def definitions(self) -> list[Json]:
        """Definitions that the rules use, in words and numbers."""
        used: dict[str, Definition] = {}
        for rule in self.region.document.rules:
            if rule.kind == "coverage":
                name, definition = self.region.scenario.definition(rule)
                used.setdefault(name, definition)
        return [
            {
                "id": name,
                "text": definition.zh,
                "limits": self.limits(definition),
                "source": f"{definition.source}；{definition.date}",
            }
            for name, definition in used.items()
        ]

    def limits(self, definition: Definition) -> str:
        """Numbers of a definition in one line."""
        parts = [f"RSRP ≥ {definition.rsrp_dbm:g} dBm"]
        if definition.sinr_db is not None:
            parts.append(f"SINR ≥ {definition.sinr_db:g} dB")
        parts.append(self.words["limit_share"].format(share=f"{100.0 * definition.share:g}%"))
        if definition.distance_m is not None:
            distance = f"{definition.distance_m / KM:g} km"
            parts.append(self.words["limit_distance"].format(distance=distance))
        return "，".join(parts)

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
        used = {
            str(rule.layer) for rule in self.region.document.rules if rule.rule_class == "area"
        }
        for name in sorted({"zones", *used} - {"boundary"}):
            if (frame := self.region.layer(name)) is not None:
                shapes = self.polygons(frame.geometry.to_list())
                result[name] = self.layer_table(name, frame) | {"shapes": shapes}
                if "severity" in frame:
                    result[name]["excluded"] = [
                        int(kind == "exclusion") for kind in frame["kind"].fillna("")
                    ]
        roads = self._road_items()
        result["road_items"] = self.named(roads, "layer_road_items", roads.index) | {
            "fields": [self.field("township", self.township(roads["township"]))],
            "lines": self.lines(roads.geometry.to_list()),
        }
        result["gaps_today"] = self.gaps(self.plan.gaps_today)
        result["gaps_plan"] = self.gaps(self.plan.gaps_plan)
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
        """A layer of the region with all columns that it has."""
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
        stations = _by_site(planned, self.station_text, sites.index)
        result["fields"] = [
            self.field("kind", [label(kind) for kind in sites["kind"]]),
            self.field("reuse", [self.words.get(f"reuse_{r}", label(r)) for r in sites["reuse"]]),
            self.field("township", self.township(sites["township"])),
            self.field("year", [str(year) for year in sites["year"]]),
            self.field("stations", stations),
            self.field("operators", _listed(sites["operators"])),
            self.field("technologies", _listed(sites["technologies"])),
            self.field(
                "cost",
                [f"{cost:,.0f}" for cost in sites["cost_cny"]],
                unit=self.words["unit_CNY"],
            ),
            self.field("rules", _listed(sites["rules"])),
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
            self.field("stations", _by_site(stations, self.station_text, sites.index)),
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
        result["fields"] = self.schema_fields("sites", rest)
        return result

    def station_text(self, station: pd.Series[Any]) -> str:
        """One station in a few words."""
        year = int(station["year"])
        when = self.words["on_air"].format(year=year) if year else self.words["on_air_before"]
        return f"{station['operator']} {station['technology']}（{when}）"

    def gaps(self, gaps: gpd.GeoDataFrame) -> Json:
        """Gaps with their causes; outlines keep to the cells."""
        result = self.named(gaps, "layer_gaps", gaps.index)
        unknown = self.words["unknown"]
        classes = [self.words.get(f"class_{name}", str(name)) for name in gaps["rule_class"]]
        result |= {
            "technology": _packed(_texts(gaps["technology"])),
            "rules": [str(text).split(";") if text else [] for text in gaps["rules"]],
        }
        is_point = gaps.geometry.geom_type.isin(["Point", "MultiPoint"]).tolist()
        flat = self._flat(gaps.geometry.to_list(), 0.0)
        result["dots"] = [
            _pairs(geometry) if point else [] for geometry, point in zip(flat, is_point, strict=True)
        ]
        outlines = self.polygons(gaps.geometry.to_list(), 0.1 * self.region.resolution_m)
        result["shapes"] = [
            [] if point else outline for outline, point in zip(outlines, is_point, strict=True)
        ]
        result["fields"] = [
            self.field("technology", _texts(gaps["technology"])),
            self.field("class", classes),
            self.field("cause", [CAUSE_ZH.get(cause, str(cause)) for cause in gaps["cause"]]),
            self.field(
                "size",
                [
                    self.size(float(size), str(unit))
                    for size, unit in zip(gaps["size"], gaps["unit"], strict=True)
                ],
            ),
            self.field("gap_items", [str(n) for n in gaps["items"]]),
            self.field("people", _numbers(gaps["people"], unknown)),
            self.field("rules", _listed(gaps["rules"])),
            self.field("township", self.township(gaps["township"])),
            self.field("depth", _numbers(gaps["depth_db"].round(1), unknown), unit="dB"),
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
        opened = self.sites["township"].value_counts()
        stations = self.sites.groupby("township")["stations"].sum()
        result = self.named(frame, "layer_townships", frame.index)
        result["shapes"] = self.polygons(frame.geometry.to_list())
        result["fields"] = [
            *self.schema_fields("townships", frame),
            self.field("planned_sites", _counts(opened, frame.index)),
            self.field("planned_stations", _counts(stations, frame.index)),
        ]
        return result

    def roads(self) -> Json:
        """Lines by road class, the most important first."""
        frame = self.region.layer("roads")
        if frame is None:
            return {}
        classes = frame["class"].fillna("other") if "class" in frame else pd.Series("other", frame.index)
        choices = schema.TABLES["roads"].column("class").choices
        return {
            name: {
                "label": label(name),
                "lines": [
                    line
                    for lines in self.lines(frame.geometry[classes == name].to_list())
                    for line in lines
                ],
            }
            for name in choices
            if (classes == name).any()
        }

    # --- words about the plan ---------------------------------------------------------------------

    def totals(self) -> list[list[str]]:
        """The plan in a few numbers, each with what it counts."""
        numbers = summary(self.plan)["totals"]
        cost = f"{numbers['cost_cny'] / 1e4:,.1f}"
        return [
            [self.words["total_stations_today"], f"{numbers['stations_today']:,}"],
            [self.words["total_stations_planned"], f"{numbers['stations_planned']:,}"],
            [self.words["total_sites_planned"], f"{numbers['sites_planned']:,}"],
            [self.words["total_cost"], cost],
            [
                self.words["total_gaps"],
                f"{numbers['gaps_today']:,} → {numbers['gaps_plan']:,}",
            ],
        ]

    def _all_origins(self) -> list[str]:
        frames = (*self.region.layers.values(), self.region.sites)
        found = [frame["origin"].dropna().unique() for frame in frames if "origin" in frame]
        return sorted({str(text) for texts in found for text in texts})

    def credits(self) -> list[str]:
        """What the edge of the map must say about the data."""
        origins = self._all_origins()
        result = []
        if any("OpenStreetMap" in text for text in origins):
            result.append(self.words["credit_osm"])
        if any("synthetic" in text for text in origins):
            result.append(self.words["credit_synthetic"])
        return result

    def about(self) -> Json:
        """Where everything comes from."""
        region = self.region
        layers = {name: table.zh for name, table in schema.TABLES.items()}
        layers |= {"terrain": self.words["terrain"], "scenario": self.words["scenario"]}
        return {
            "inputs": [
                [layers.get(file.layer, file.layer), file.path, str(file.rows or "")]
                for file in region.inputs
            ],
            "origins": self.origins(self._all_origins()),
            "warnings": [str(fault) for fault in region.warnings],
            "equipment": sorted(
                {
                    f"{name}: {catalog.equipment()[name].carrier}"
                    for name in {
                        *self.plan.today_stations["equipment"],
                        *self.plan.planned_stations["equipment"],
                    }
                }
            ),
            "grid": f"{region.crs.name}，{region.resolution_m:g} m",
        }


def _header(name: str) -> str:
    """Chinese header of a column of any table."""
    for table in schema.TABLES.values():
        for column in table.columns:
            if column.name == name:
                return column.zh
    return name


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


def _listed(values: Iterable[Any]) -> list[str]:
    return [text.replace(";", "、") for text in _texts(values)]


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
            None if pd.isna(year) else int(year)
            for year in first.loc[technology].reindex(sites)  # type: ignore[index]
        ]
        for technology in first.index.get_level_values(0).unique()
    }


def _by_site(
    stations: pd.DataFrame, text: Callable[[pd.Series[Any]], str], sites: pd.Index[Any]
) -> list[str]:
    """Stations of each site in words, in the order of years."""
    ordered = stations.sort_values(["site_id", "year", "operator", "technology"], kind="stable")
    lines: dict[str, list[str]] = {}
    for _, station in ordered.iterrows():
        lines.setdefault(str(station["site_id"]), []).append(text(station))
    return ["；".join(lines.get(str(site), [])) for site in sites]
