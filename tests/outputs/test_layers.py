from __future__ import annotations

import sqlite3
from contextlib import closing
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import pytest
import shapely
from pandas.testing import assert_series_equal

from siteplan.outputs import frames
from siteplan.outputs.layers import WRITTEN, write_plan_gpkg
from siteplan.targets import STATE_ZH
from tests.outputs.conftest import CODE_18, HOSTILE


@pytest.fixture(scope="module")
def gpkg(small_plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("layers") / "plan.gpkg"
    write_plan_gpkg(small_plan, path)
    return path


def read(path, layer):
    return pyogrio.read_dataframe(path, layer=layer)


def test_layers_lie_in_the_region_s_system_with_one_type_of_geometry_each(small_plan, gpkg):
    kinds = dict(pyogrio.list_layers(gpkg).tolist())
    assert kinds == {
        "boundary": "MultiPolygon",
        "townships": "MultiPolygon",
        "zones": "MultiPolygon",
        "villages": "Point",
        "roads": "MultiLineString",
        "gaps": "MultiPolygon",
        "gap_points": "MultiPoint",
        "stations": "Point",
        "sites": "Point",
        "rules": None,
        "layer_styles": None,
    }
    for name, kind in kinds.items():
        if kind is not None:
            assert read(gpkg, name).crs == small_plan.region.crs


def test_sites_and_stations_stand_where_the_region_has_them(small_plan, gpkg):
    region_sites = small_plan.region.sites
    for layer in ("sites", "stations"):
        frame = read(gpkg, layer)
        expected = region_sites.geometry.loc[frame["site_id"]].to_numpy()
        assert shapely.equals(frame.geometry.to_numpy(), expected).all()
    assert CODE_18 in set(read(gpkg, "sites")["site_id"])


def test_states_of_items_are_those_of_the_evaluation(small_plan, gpkg):
    checked = 0
    for rule in small_plan.region.document.rules:
        if rule.kind != "coverage":
            continue
        frame = read(gpkg, rule.layer).set_index("id")
        for network, evaluation in (("today", small_plan.today), ("plan", small_plan.planned)):
            year = frames.rule_year(small_plan, rule)
            rows = evaluation.items
            rows = rows[(rows["rule_id"] == rule.id) & (rows["year"] == year)].set_index("item_id")
            column = frame[f"{rule.id}_state_{network}"]
            assert column.dropna().sort_index().to_dict() == rows["state"].sort_index().to_dict()
            assert_series_equal(
                frame[f"{rule.id}_share_{network}"].dropna().sort_index(),
                rows["share"].sort_index(),
                check_names=False,
                check_index_type=False,
            )
            checked += len(rows)
    assert checked > 10


def test_items_without_a_rule_and_missing_attributes_are_null(gpkg):
    villages = read(gpkg, "villages").set_index("id")
    assert villages["S-V-2021_state_plan"].isna().to_dict() == {
        "v1": False,
        "v2": False,
        "v3": True,
    }
    assert np.isnan(villages.loc["v3", "population"])
    assert villages["fibre"].isna().to_dict() == {"v1": False, "v2": False, "v3": True}
    stations = read(gpkg, "stations")
    assert stations.loc[stations["network"] == "today", "cost_cny"].isna().all()


def test_roads_are_items_of_rules_with_their_class_and_the_other_pieces_without_state(gpkg):
    roads = read(gpkg, "roads")
    spoken = roads["S-R-2022_state_plan"].notna()
    assert list(roads.loc[spoken, ["id", "class"]].itertuples(index=False, name=None)) == [
        ("S1", "provincial")
    ]
    assert sorted(roads.loc[~spoken, "class"]) == ["county", "township"]
    lengths = roads.length.groupby(spoken).sum().round(-1).to_dict()
    assert lengths == {True: 11_000.0, False: 3000.0}


def test_gaps_of_both_networks_are_all_there(small_plan, gpkg):
    together = [*read(gpkg, "gaps")["network"], *read(gpkg, "gap_points")["network"]]
    assert together.count("today") == len(small_plan.gaps_today) > 0
    assert together.count("plan") == len(small_plan.gaps_plan) > 0


def test_townships_hold_the_values_of_the_rules_and_what_is_built(small_plan, gpkg):
    townships = read(gpkg, "townships").set_index("id")
    assert townships["stations"].sum() == len(small_plan.planned_stations)
    assert townships["cost_cny"].sum() == small_plan.planned_stations["cost_cny"].sum()
    evaluations = {"today": small_plan.today, "plan": small_plan.planned}
    for network, evaluation in evaluations.items():
        results = evaluation.results
        of_rule = results[(results["rule_id"] == "S-R-2022") & (results["year"] == 2022)]
        expected = of_rule[of_rule["scope"].ne("")].set_index("scope")
        assert set(expected.index) == set(townships.index)
        for scope, row in townships.iterrows():
            assert row[f"S-R-2022_value_{network}"] == expected.loc[scope, "value"]
            assert row[f"S-R-2022_state_{network}"] == expected.loc[scope, "state"]


def test_columns_and_words_carry_chinese(gpkg):
    with closing(sqlite3.connect(gpkg)) as database:
        rows = database.execute(
            "SELECT table_name, column_name, title, constraint_name FROM gpkg_data_columns"
        ).fetchall()
        words = dict(
            database.execute(
                "SELECT value, description FROM gpkg_data_column_constraints "
                "WHERE constraint_name = 'state'"
            ).fetchall()
        )
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    titles = {(table, column): title for table, column, title, _ in rows}
    assert titles["sites", "cost_cny"] == "造价（元）"
    assert titles["villages", "S-V-2021_state_plan"] == "S-V-2021 判定（规划后）"
    assert words == STATE_ZH
    for table, column, _, _ in rows:
        assert column in pyogrio.read_info(gpkg, layer=table)["fields"]


def test_every_value_of_a_described_column_has_its_word(gpkg):
    with closing(sqlite3.connect(gpkg)) as database:
        described = database.execute(
            "SELECT table_name, column_name, constraint_name FROM gpkg_data_columns "
            "WHERE constraint_name IS NOT NULL"
        ).fetchall()
        for table, column, name in described:
            known = database.execute(
                "SELECT value FROM gpkg_data_column_constraints WHERE constraint_name = ?", (name,)
            )
            values = set(read(gpkg, table)[column].dropna())
            assert values <= {value for (value,) in known}, (table, column)


def test_same_plan_gives_the_same_bytes_and_leaves_no_setting_behind(small_plan, gpkg, tmp_path):
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    write_plan_gpkg(small_plan, tmp_path / "plan.gpkg")
    assert (tmp_path / "plan.gpkg").read_bytes() == gpkg.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["plan.gpkg"]
    with closing(sqlite3.connect(gpkg)) as database:
        dates = database.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall()
    assert dates == [(WRITTEN,)]
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before


def test_hostile_names_come_back_as_they_are(hostile_plan, tmp_path):
    path = tmp_path / "plan.gpkg"
    write_plan_gpkg(hostile_plan, path)
    given = hostile_plan.region
    assert list(read(path, "villages")["name"]) == list(given.layers["villages"]["name"])
    assert list(read(path, "sites")["name"]) == list(frames.site_table(hostile_plan)["name"])
    written = {*read(path, "villages")["name"], *read(path, "sites")["name"]}
    assert sum(name in written for name in HOSTILE) >= 7


def test_unwritable_place_is_an_error_of_the_system(small_plan, tmp_path):
    with pytest.raises(OSError, match=r"plan\.gpkg|open|creat"):
        write_plan_gpkg(small_plan, tmp_path / "none" / "plan.gpkg")


def test_every_layer_has_a_style_that_follows_a_column_it_has(gpkg):
    styles = read(gpkg, "layer_styles").set_index("f_table_name")
    drawn = {name for name, kind in pyogrio.list_layers(gpkg).tolist() if kind is not None}
    assert set(styles.index) == drawn
    for name, qml in styles["styleQML"].items():
        renderer = ET.fromstring(  # noqa: S314  # our own text
            qml.partition(">")[2]
        ).find("renderer-v2")
        symbols = {symbol.get("name") for symbol in renderer.iter("symbol")}
        assert symbols
        column = renderer.get("attr")
        if column is None:
            continue
        values = read(gpkg, name)[column].dropna().astype(str).unique()
        categories = {item.get("value"): item.get("symbol") for item in renderer.iter("category")}
        assert set(values) <= set(categories), name
        assert set(categories.values()) <= symbols
