"""
What the map shows, as one JSON-ready value: all texts, positions and states that its script needs.

Numbers of rules, sites and totals come from :mod:`siteplan.outputs.frames`. All words are put in here, in
the language of the reader; the script knows none.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

import siteplan
from siteplan import catalog, schema
from siteplan.outputs.frames import (
    rule_table,
    rule_year,
    scope_table,
    summary,
)
from siteplan.outputs.map_images import (
    FIRST_LEVEL,
    MODES,
    WEAKEST_DBM,
    coverage_images,
    thresholds_dbm,
)
from siteplan.outputs.map_layers import ROAD_ITEMS, MapLayers
from siteplan.outputs.map_probes import probes
from siteplan.outputs.words import Words, map_words, value_text
from siteplan.targets import MET, NOT_MET, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyproj import CRS

    from siteplan.catalog import Definition, Rule
    from siteplan.outputs.map_images import CoverageImages
    from siteplan.outputs.options import Language
    from siteplan.plan import Plan

Json = dict[str, Any]

STATE_CODES: Final = {MET: "m", NOT_MET: "n", UNKNOWN: "u"}
TRANSVERSE_MERCATOR: Final = "Transverse Mercator"
_PARAMETERS = {8801: "lat0", 8802: "lon0", 8805: "k0", 8806: "fe", 8807: "fn"}
KM: Final = 1e3


def map_data(plan: Plan, *, language: Language = "zh") -> Json:
    """
    Everything that the map's script reads.

    Parameters
    ----------
    plan : Plan
        The plan.
    language : {"zh", "en"}
        Language of all words.

    Returns
    -------
    data : dict
        JSON-ready: ``words``, ``rules``, ``coverage``, ``tables``, ``items`` and the base map.
    """
    names, words = Words(language), map_words(language)
    layers = MapLayers(plan, names, words)
    region = plan.region
    images = coverage_images(plan)
    rules = [_rule(plan, names, words, rule, row) for rule, (_, row) in _rules(plan)]
    west, south, east, north = layers.bounds_deg()
    return {
        "format": 1,
        "siteplan": siteplan.__version__,
        "words": words,
        "language": language,
        "title": names.region(plan),
        "document": region.document.title,
        "years": list(plan.years),
        "technologies": list(images.classes),
        "start": _start(plan, rules, list(images.classes)),
        "bounds": [[south, west], [north, east]],
        "projection": projection(region.crs),
        "states": dict(sorted(names.states.items())),
        "kinds": {kind: names.label(kind) for kind in schema.SITE_KINDS},
        "totals": _totals(plan, words),
        "rules": rules,
        "scopes": _scopes(plan, names),
        "coverage": _coverage(plan, names, images),
        "probes": probes(plan),
        "definitions": _definitions(plan, names, words),
        "items": _items(plan, layers),
        "tables": layers.tables(),
        "boundary": layers.polygons([region.boundary])[0],
        "townships": layers.townships(),
        "roads": layers.roads(),
        "about": _about(plan, names, layers),
        "credits": _credits(plan, words),
    }


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


def _coverage(plan: Plan, names: Words, images: CoverageImages) -> Json:
    west, south, east, north = images.bounds_deg
    classes = {}
    for technology, levels in images.classes.items():
        thresholds = thresholds_dbm(plan.region, technology)
        palette = b"".join(bytes(colour) for colour in levels.palette())
        classes[technology] = {
            "edges": list(levels.edges_dbm),
            "colours": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in levels.colours],
            "labels": levels.labels(names("signs.between")),
            "palette": palette.hex(),
            "thresholds": [
                {"id": name, "name": names.definition(name), "dbm": level}
                for name, level in thresholds.items()
            ],
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


def _rule(
    plan: Plan, names: Words, words: Mapping[str, str], rule: Rule, row: pd.Series[Any]
) -> Json:
    """One rule of the shared table, for reading."""
    unit, required = str(row["unit"]), float(row["required"])
    unknown = words["unknown"]
    counted = rule.kind == "coverage" and rule.measure == "items" and row["items"] > 0
    return {
        "id": rule.id,
        "year": words["standing"] if pd.isna(row["year"]) else str(row["year"]),
        "shown_year": rule_year(plan, rule),
        "technology": row["technology"],
        "text": names.pick(rule.zh, rule.en),
        "definition": row["definition"],
        "definition_name": names.definition(str(row["definition"])),
        "unit": words.get(f"rule_unit_{unit}", ""),
        "required": words["none_asked"]
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
        "reason": names.reason(str(row["reason"])),
    }


def _scopes(plan: Plan, names: Words) -> Json:
    """Of each rule its townships and groups: name, values and states of both networks, township's id."""
    result: dict[str, list[list[str]]] = {}
    for row in scope_table(plan).itertuples():
        name = row.scope_name if row.scope else names.label(row.group)
        line = ["" if pd.isna(name) else str(name)]
        for mode in MODES:
            state = getattr(row, f"state_{mode}")
            value = float(getattr(row, mode))
            line.append(names.value(value, str(row.unit), float(str(row.required))))
            line.append("" if pd.isna(state) else str(state))
        line.append(str(row.scope))
        result.setdefault(row.rule_id, []).append(line)
    return result


def _items(plan: Plan, layers: MapLayers) -> Json:
    """Of each coverage rule the rows of its items and their states, one letter each."""
    result: Json = {}
    for rule in plan.region.document.rules:
        demand = plan.demands.get(rule.id)
        if demand is None or len(demand.items) == 0 or rule.layer in {None, "boundary"}:
            continue
        ids = demand.items.index.astype(str)
        table = ROAD_ITEMS if rule.rule_class == "road" else str(rule.layer)
        layer = layers.road_items() if table == ROAD_ITEMS else plan.region.layers[table]
        rows = layer.index.astype(str).get_indexer(ids)
        states: Json = {}
        for mode, evaluation in zip(MODES, (plan.today, plan.planned), strict=True):
            of_rule = evaluation.items[evaluation.items["rule_id"] == rule.id]
            states[mode] = {
                str(year): "".join(part.set_index("item_id")["state"].reindex(ids).map(STATE_CODES))
                for year, part in of_rule.groupby("year")
            }
        result[rule.id] = {"table": table, "rows": rows.tolist(), "states": states}
    return result


def _definitions(plan: Plan, names: Words, words: Mapping[str, str]) -> list[Json]:
    """Definitions that the rules use, in words and numbers."""
    used: dict[str, Definition] = {}
    for rule in plan.region.document.rules:
        if rule.kind == "coverage":
            name, definition = plan.region.scenario.definition(rule)
            used.setdefault(name, definition)
    return [
        {
            "id": name,
            "name": names.definition(name),
            "text": names.pick(definition.zh, definition.en),
            "limits": _limits(definition, words),
            "source": names.clauses([names.told(definition.source), definition.date]),
        }
        for name, definition in used.items()
    ]


def _limits(definition: Definition, words: Mapping[str, str]) -> str:
    """Numbers of a definition in one line."""
    parts = [f"RSRP ≥ {definition.rsrp_dbm:g} dBm"]
    if definition.sinr_db is not None:
        parts.append(f"SINR ≥ {definition.sinr_db:g} dB")
    parts.append(words["limit_share"].format(share=f"{100.0 * definition.share:g}%"))
    if definition.distance_m is not None:
        distance = f"{definition.distance_m / KM:g} km"
        parts.append(words["limit_distance"].format(distance=distance))
    return words["comma"].join(parts)


def _totals(plan: Plan, words: Mapping[str, str]) -> list[list[str]]:
    """Put the plan in a few numbers, each with what it counts."""
    numbers = summary(plan)["totals"]
    cost = f"{numbers['cost_cny'] / 1e4:,.1f}"
    return [
        [words["total_stations_today"], f"{numbers['stations_today']:,}"],
        [words["total_stations_planned"], f"{numbers['stations_planned']:,}"],
        [words["total_sites_planned"], f"{numbers['sites_planned']:,}"],
        [words["total_cost"], cost],
        [
            words["total_gaps"],
            f"{numbers['gaps_today']:,} → {numbers['gaps_plan']:,}",
        ],
    ]


def _origins(plan: Plan) -> list[str]:
    frames = (*plan.region.layers.values(), plan.region.sites)
    found = [frame["origin"].dropna().unique() for frame in frames if "origin" in frame]
    return sorted({str(text) for texts in found for text in texts})


def _credits(plan: Plan, words: Mapping[str, str]) -> list[str]:
    """Say what the edge of the map must say about the data."""
    origins = _origins(plan)
    result = []
    if any("OpenStreetMap" in text for text in origins):
        result.append(words["credit_osm"])
    if any("synthetic" in text for text in origins):
        result.append(words["credit_synthetic"])
    return result


def _about(plan: Plan, names: Words, layers: MapLayers) -> Json:
    """Where everything comes from."""
    region = plan.region
    return {
        "inputs": [
            [names.layer(file.layer), file.path, str(file.rows or "")] for file in region.inputs
        ],
        "origins": layers.origins(_origins(plan)),
        "warnings": [names.fault(fault) for fault in plan.warnings],
        "equipment": sorted(
            {
                f"{name}: {catalog.equipment()[name].carrier}"
                for name in {
                    *plan.today_stations["equipment"],
                    *plan.planned_stations["equipment"],
                }
            }
        ),
        "grid": f"{region.crs.name}{layers.words['comma']}{region.resolution_m:g} m",
    }
