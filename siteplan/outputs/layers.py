"""
The plan as layers for QGIS: one GeoPackage in the region's projected system.

Values are the words and numbers of the shared tables; the reader's headers and words go into the file's
schema tables, so that a program that reads them shows those and a script still finds plain names.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from siteplan import schema
from siteplan.outputs import frames
from siteplan.outputs.qgis_styles import write_styles
from siteplan.outputs.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from siteplan.catalog import Rule
    from siteplan.outputs.options import Language
    from siteplan.plan import Plan

WRITTEN: Final = "2000-01-01T00:00:00.000Z"
"""Date of change in the file: a constant, so that the same plan gives the same bytes."""

GDAL_OPTIONS: Final = {
    "OGR_CURRENT_DATE": WRITTEN,
    "OGR_SQLITE_SYNCHRONOUS": "OFF",  # a crash of the system leaves a file that nobody has seen yet
}

CONTEXT: Final = ("zones", "villages", "roads", "venues")
"""Layers of the region that are written even when no rule speaks of them."""

SAME_ROAD_M: Final = 0.5
"""A piece of road this near to a road of a rule is part of it. [m]"""

RULE_CLASSES: Final = ("area", "road", "village", "venue")
CATEGORIES: Final = ("kind", "reuse", "class", "power", "sector", "severity")
"""Columns that hold words of the schema."""


def write_plan_gpkg(plan: Plan, path: Path, *, language: Language = "zh") -> None:
    """
    Write the plan's layers.

    ``sites`` (of the plan), ``stations`` (of today and of the plan, points at their sites), ``gaps`` (areas
    and stretches of road, as cells) and ``gap_points`` (villages and venues), both with ``network`` telling
    whether the gap is there today or remains with the plan; every layer that a rule speaks of, with
    ``<rule>_share_today``, ``<rule>_state_today``, ``<rule>_share_plan`` and ``<rule>_state_plan`` of each
    item at the end of the rule's year; ``townships`` with ``<rule>_value_…`` and ``<rule>_state_…``;
    ``boundary``; the table ``rules``; and styles for QGIS in ``layer_styles``. Missing values are NULL.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write; it must not exist.
    language : {"zh", "en"}
        Language of the titles of layers and columns and of the words of values.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    words = Words(language)
    layers = plan_layers(plan)
    try:
        with geodata_options():
            for i, (name, frame) in enumerate(layers.items()):
                _write_layer(frame, path, name, title=_layer_title(name, words), append=i > 0)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("PRAGMA synchronous = OFF")
            _describe(database, layers, plan.region.document.rules, words)
            write_styles(database, layers, WRITTEN, words)
    except (DataSourceError, DataLayerError, sqlite3.Error) as error:
        raise OSError(str(error)) from error


def plan_layers(plan: Plan) -> dict[str, pd.DataFrame]:
    """
    Tables to be written as layers of the GeoPackage.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    layers : dict of str to GeoDataFrame or DataFrame
        By layer name, in drawing order from the bottom; the table ``rules`` has no geometry.
    """
    region = plan.region
    spoken = {rule.layer for rule in region.document.rules if rule.id in plan.demands}
    names = [name for name in region.layers if name in spoken | set(CONTEXT)]
    layers: dict[str, pd.DataFrame] = {
        "boundary": region.layers["boundary"].reset_index(),
        "townships": _townships(plan),
    }
    for name in sorted(names, key=list(schema.TABLES).index):
        if name not in layers:
            layers[name] = _items(plan, name)
    gaps = _gaps(plan)
    is_area = gaps["rule_class"].isin(["area", "road"])
    layers["gaps"] = gaps[is_area]
    layers["gap_points"] = gaps[~is_area]
    stations = frames.station_list(plan).reset_index()
    places = region.sites.geometry.loc[stations["site_id"]].to_numpy()
    layers["stations"] = gpd.GeoDataFrame(stations, geometry=places, crs=region.crs)
    layers["sites"] = frames.site_table(plan).reset_index()
    layers["rules"] = frames.rule_table(plan).reset_index()
    return layers


def _gaps(plan: Plan) -> gpd.GeoDataFrame:
    return frames.gap_list(plan).drop(columns=["lon", "lat"])


def _townships(plan: Plan) -> gpd.GeoDataFrame:
    """Townships with the value and state of each rule in them, and what is built there."""
    townships = plan.region.townships()
    scopes = frames.scope_table(plan)
    phases = frames.phase_table(plan).groupby("township")[["sites", "stations", "cost_cny"]].sum()
    built = phases.reindex(townships.index.astype(str)).set_axis(townships.index)
    townships = townships.assign(**built.fillna(0.0).astype({"sites": int, "stations": int}))
    for rule_id, rows in scopes[scopes["scope"] != ""].groupby("rule_id", sort=False):
        by_township = rows.set_index("scope").reindex(townships.index.astype(str))
        columns = {
            f"{rule_id}_{what}_{network}": by_township[column].to_numpy()
            for network in ("today", "plan")
            for what, column in (("value", network), ("state", f"state_{network}"))
        }
        townships = townships.assign(**columns)
    return townships.rename_axis("id").reset_index()


def _items(plan: Plan, layer: str) -> gpd.GeoDataFrame:
    """Rows of a layer with the shares and states of the rules that speak of them."""
    rules = [
        rule
        for rule in plan.region.document.rules
        if rule.layer == layer and rule.id in plan.demands
    ]
    frame = plan.region.layers[layer]
    if any(rule.rule_class == "road" for rule in rules):
        return _roads(plan, rules, frame)
    states = [_states(plan, rule) for rule in rules]
    return frame.assign(
        **{
            str(name): column.reindex(frame.index.astype(str)).to_numpy()
            for table in states
            for name, column in table.items()
        }
    ).reset_index()


def _roads(plan: Plan, rules: list[Rule], frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Roads as the rules take them, each name once, and the pieces that no rule speaks of.

    Two rules that take different pieces of a road of one name give two rows.
    """
    parts: list[gpd.GeoDataFrame] = []
    for rule in rules:
        items = plan.demands[rule.id].items
        same = [i for i, part in enumerate(parts) if _same_items(part, items)]
        if not same:
            parts.append(items[["name", "township", "geometry"]].set_axis(items.index.astype(str)))
            same = [len(parts) - 1]
        table = _states(plan, rule).reindex(parts[same[0]].index)
        parts[same[0]] = parts[same[0]].join(table)
    attributes = list(frame.columns.drop(["name", "geometry"]))
    for i, part in enumerate(parts):
        names = frame["name"].astype("string").fillna(pd.Series(frame.index, frame.index))
        whole = part.geometry.reindex(names.astype(str)).to_numpy()
        inside = shapely.covered_by(frame.geometry.to_numpy(), shapely.buffer(whole, SAME_ROAD_M))
        of_pieces = frame.loc[inside, attributes].groupby(names[inside]).first()
        parts[i] = part.join(of_pieces.drop(columns=part.columns, errors="ignore"))
        frame = frame[~inside]
    parts.append(frame)
    known = pd.concat([part.rename_axis("id").reset_index() for part in parts], ignore_index=True)
    return gpd.GeoDataFrame(known, geometry="geometry", crs=plan.region.crs)


def _same_items(part: gpd.GeoDataFrame, items: gpd.GeoDataFrame) -> bool:
    return list(part.index) == list(items.index.astype(str)) and bool(
        shapely.equals_identical(part.geometry.to_numpy(), items.geometry.to_numpy()).all()
    )


def _states(plan: Plan, rule: Rule) -> pd.DataFrame:
    """Share and state of each item of a rule at the end of its year, without and with the plan."""
    year = frames.rule_year(plan, rule)
    columns = {}
    for network, evaluation in (("today", plan.today), ("plan", plan.planned)):
        rows = evaluation.items
        chosen = rows[(rows["rule_id"] == rule.id) & (rows["year"] == year)].set_index("item_id")
        for what in ("share", "state"):
            columns[f"{rule.id}_{what}_{network}"] = chosen[what]
    return pd.DataFrame(columns)


@contextmanager
def geodata_options() -> Iterator[None]:
    """
    Set GDAL's options for the time of the writing; they belong to the whole process.

    Yields
    ------
    None
        While the options hold.
    """
    before = {name: pyogrio.get_gdal_config_option(name) for name in GDAL_OPTIONS}
    pyogrio.set_gdal_config_options(GDAL_OPTIONS)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _layer_title(name: str, words: Words) -> str:
    return words.group("layers").get(name) or words.layer(name)


def _write_layer(frame: pd.DataFrame, path: Path, name: str, *, title: str, append: bool) -> None:
    options: dict[str, Any] = {}
    if isinstance(frame, gpd.GeoDataFrame):
        kind = {"boundary": "MultiPolygon", "townships": "MultiPolygon", "gaps": "MultiPolygon"}
        kind |= {"gap_points": "MultiPoint", "stations": "Point", "sites": "Point"}
        of_table = {"point": "Point", "line": "MultiLineString", "polygon": "MultiPolygon"}
        wanted = kind.get(name) or of_table[schema.TABLES[name].geometry]
        options = {"geometry_type": wanted, "promote_to_multi": wanted.startswith("Multi")}
        if wanted == "Point" and not (frame.geom_type == "Point").all():
            frame = frame.set_geometry(frame.representative_point())  # a venue drawn as a building
    pyogrio.write_dataframe(
        frame,
        path,
        layer=name,
        driver="GPKG",
        append=append,
        layer_options={"DESCRIPTION": title, "IDENTIFIER": name},
        **options,
    )


def _describe(
    database: sqlite3.Connection,
    layers: Mapping[str, pd.DataFrame],
    rules: list[Rule],
    words: Words,
) -> None:
    """Titles of columns and words of values, in the tables of the GeoPackage schema extension."""
    database.execute(
        "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, "
        "name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT, "
        "CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), "
        "CONSTRAINT gdc_tn UNIQUE (table_name, name))"
    )
    database.execute(
        "CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, "
        "constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, "
        "max NUMERIC, max_is_inclusive BOOLEAN, description TEXT, "
        "CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))"
    )
    database.executemany(
        "INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope) "
        "VALUES (?, NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', "
        "'read-write')",
        [("gpkg_data_columns",), ("gpkg_data_column_constraints",)],
    )
    titles = _titles(rules, words)
    meanings: dict[str, Mapping[str, str]] = {
        "state": words.states,
        "cause": words.causes,
        "network": words.group("networks"),
        "rule_class": {name: words.group("classes")[name] for name in RULE_CLASSES},
    } | dict.fromkeys(CATEGORIES, words.labels)
    rows = []
    for layer, frame in layers.items():
        known = dict(titles)
        if layer in schema.TABLES and layer not in {"sites", "stations"}:
            known |= {column.name: words.column(column) for column in schema.TABLES[layer].columns}
        for column in frame.columns.drop("geometry", errors="ignore"):
            domain = "state" if "_state_" in column or column.startswith("state_") else column
            if column in known or domain in meanings:
                title = known.get(column, column)
                rows.append((layer, column, title, domain if domain in meanings else None))
    database.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, constraint_name) "
        "SELECT ?1, ?2, ?2, ?3, ?4",
        rows,
    )
    used = sorted({row[3] for row in rows if row[3]})
    database.executemany(
        "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, "
        "description) VALUES (?, 'enum', ?, ?)",
        [
            (domain, value, word)
            for domain in used
            for value, word in sorted(meanings[domain].items())
        ],
    )


def _titles(rules: list[Rule], words: Words) -> dict[str, str]:
    """Title of every column that is not of the region's own tables."""
    outcomes = words.group("outcomes")
    return dict(words.group("headers")) | {
        f"{rule.id}_{what}_{network}": words.with_unit(f"{rule.id} {word}", outcomes[network])
        for rule in rules
        for what, word in words.group("measures").items()
        for network in outcomes
    }
