from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import tomllib
from html.parser import HTMLParser
from importlib.resources import files
from types import MappingProxyType
from typing import get_args

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Transformer

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.errors import InputError
from siteplan.outputs import frames
from siteplan.outputs.map import DATA_ID, inline_json, map_page, write_map
from siteplan.outputs.map_images import (
    DARK_GREY,
    FIRST_LEVEL,
    GREY,
    STRONGEST_DBM,
    WEAKEST_DBM,
    LevelClasses,
    level_classes,
)
from siteplan.outputs.options import Basemap, OutputOptions
from siteplan.outputs.words import value_text
from siteplan.targets import STATE_ZH

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "${7*7}",
    "{{7*7}}{% raw %}{# #}",
    "</script><script>alert(1)</script>",
    "'\"><svg onload=alert(1)>",
    "<!--<script>",
    "&lt;b&gt;&amp;",
    "line\u2028sep\u2029end",
)
OWN_HOSTS = {"leafletjs.com", "www.w3.org", "bugs.chromium.org", "bugzilla.mozilla.org"}
"""Hosts that the text of Leaflet names: its notice, XML vocabularies, faults told in comments."""


class _Page(HTMLParser):
    """Tags of a page in their order, attributes, and the text of the data."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, str] = {}
        self.inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.inside = dict(attrs).get("id") or tag

    def handle_data(self, data):
        self.texts[self.inside] = self.texts.get(self.inside, "") + data


def renamed(plan, names):
    """Give sites, villages, zones and townships of a plan other names, in turn."""

    def other(frame):
        texts = [names[i % len(names)] for i in range(len(frame))]
        return frame.assign(name=gpd.pd.array(texts, dtype="string"))

    layers = {
        name: other(frame) if name in {"villages", "zones", "townships"} else frame
        for name, frame in plan.region.layers.items()
    }
    region = dataclasses.replace(
        plan.region, layers=MappingProxyType(layers), sites=other(plan.region.sites)
    )
    return dataclasses.replace(plan, region=region)


def data_of(page: str):
    return json.loads(_Page(page).texts[DATA_ID])


def texts_of(packed):
    return packed.get("values") or [packed["words"][code] for code in packed["codes"]]


def picture(data, key: str) -> np.ndarray:
    url = data["coverage"]["images"][data["coverage"]["position"][key]]
    file = io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,")))
    with Image.open(file) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def page(small_plan):
    return map_page(small_plan)


@pytest.fixture(scope="module")
def data(page):
    return data_of(page)


def test_same_plan_gives_the_same_bytes(small_plan, page, tmp_path):
    write_map(small_plan, tmp_path / "map.html")
    assert (tmp_path / "map.html").read_bytes() == page.encode("utf-8")


def test_nothing_is_asked_from_a_network(page):
    parsed = _Page(page)
    loading = [value for _, name, value in parsed.attributes if name in {"src", "href", "srcset"}]
    assert all(value.startswith("data:") for value in loading)
    assert not [value for tag, _, value in parsed.attributes if tag == "base"]
    style = parsed.texts["style"]
    assert "@import" not in style
    urls = re.findall(r"url\(([^)]*)\)", style)
    assert urls
    assert all(url.startswith(("data:image/png;base64,", "#")) for url in urls)
    assert "sourceMappingURL" not in page
    assert set(re.findall(r"https?://([\w.-]+)", page)) <= OWN_HOSTS


def test_policy_forbids_every_request(page):
    policy = dict(
        part.strip().split(" ", 1)
        for part in re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert "http" not in str(policy)


def test_page_says_what_it_is(page, small_plan):
    parsed = _Page(page)
    assert ("html", "lang", "zh-CN") in parsed.attributes
    assert ("meta", "charset", "utf-8") in parsed.attributes
    assert ("meta", "name", "viewport") in parsed.attributes
    assert small_plan.region.scenario.region.name in parsed.texts["title"]
    assert page.count("<title>") == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(small_plan, page, name):
    hostile = map_page(renamed(small_plan, [name]))
    assert _Page(hostile).tags == _Page(page).tags
    tables = data_of(hostile)["tables"]
    for key in ("sites", "villages", "zones"):
        assert set(texts_of(tables[key]["name"])) == {name}


def test_names_that_break_spreadsheets_do_not_break_the_map(hostile_plan, page):
    hostile = map_page(hostile_plan)
    assert _Page(hostile).tags == _Page(page).tags
    shown = texts_of(data_of(hostile)["tables"]["sites"]["name"])
    assert shown == frames.site_table(hostile_plan)["name"].fillna("").to_list()


@given(st.recursive(st.text() | st.integers(), lambda part: st.lists(part, max_size=3)))
def test_inline_json_is_json_and_never_ends_its_element(value):
    text = inline_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def number(text: str) -> float:
    return float(text.rstrip("%").replace(",", "")) / (100.0 if text.endswith("%") else 1.0)


def test_numbers_of_rules_are_those_of_the_shared_table(small_plan, data):
    rules = frames.rule_table(small_plan)
    assert [rule["id"] for rule in data["rules"]] == rules.index.to_list()
    for shown, (_, row) in zip(data["rules"], rules.iterrows(), strict=True):
        assert shown["text"] == row["zh"]
        assert shown["stations"] == row["stations_needed"]
        assert shown["state_today"] == row["state_today"]
        assert shown["state_plan"] == row["state_plan"]
        assert shown["definition"] == row["definition"]
        for key in ("required", "today", "plan"):
            if np.isnan(row[key]):
                assert shown[key] in {"未知", "不设"}
            else:
                assert number(shown[key]) == pytest.approx(row[key], abs=0.0005)
        if shown["items"] is not None:
            keys = ("items", "covered_today", "covered_plan", "unknown")
            assert [shown[key] for key in keys] == [row[key] for key in keys]
    assert data["states"] == STATE_ZH


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_missed_share_never_looks_met(value, required):
    text = value_text(value, "share", required, unknown="?")
    assert number(text) == pytest.approx(value, abs=0.000501)
    if value < required - 1e-6:
        assert number(text) < required


def test_parts_of_rules_are_those_of_the_shared_table(small_plan, data):
    scopes = frames.scope_table(small_plan)
    assert {rule: len(lines) for rule, lines in data["scopes"].items()} == (
        scopes["rule_id"].value_counts().to_dict()
    )
    for rule, part in scopes.groupby("rule_id"):
        for line, row in zip(data["scopes"][rule], part.itertuples(), strict=True):
            for text, value in ((line[1], row.today), (line[3], row.plan)):
                if np.isnan(value):
                    assert text == "未知"
                else:
                    assert number(text) == pytest.approx(value, abs=0.0005)


def test_items_carry_the_states_of_the_evaluation(small_plan, data):
    for rule in data["rules"]:
        item = data["items"].get(rule["id"])
        if item is None or rule["items"] is None:
            continue
        year = str(rule["shown_year"])
        assert len(item["rows"]) == rule["items"]
        assert min(item["rows"]) >= 0
        for mode in ("today", "plan"):
            codes = item["states"][mode][year]
            assert codes.count("m") == rule[f"covered_{mode}"]
        assert item["states"]["plan"][year].count("u") == rule["unknown"]
        names = texts_of(data["tables"][item["table"]]["name"])
        rows = small_plan.planned.items
        rows = rows[(rows["rule_id"] == rule["id"]) & (rows["year"] == rule["shown_year"])]
        assert [names[i] for i in item["rows"]] == rows["name"].to_list()


def test_every_chosen_site_is_there_once(small_plan, data):
    sites = frames.site_table(small_plan)
    shown = data["tables"]["sites"]
    assert sorted(shown["id"]) == sorted(sites.index)
    assert [v / 1e6 for v in shown["lon"]] == sites["lon"].to_list()
    assert [v / 1e6 for v in shown["lat"]] == sites["lat"].to_list()
    fields = {field["label"]: texts_of(field) for field in shown["fields"]}
    cost = [1e4 * number(text) for text in fields["投资（万元）"]]
    assert cost == pytest.approx(sites["cost_cny"].to_list(), abs=51.0)
    assert [int(text) for text in fields["启用年份"]] == sites["year"].to_list()
    others = {*data["tables"]["candidates"]["id"]}
    assert not others & set(shown["id"])
    standing = {*data["tables"]["stations"]["id"]}
    assert others | standing | set(shown["id"]) == set(small_plan.region.sites.index)


def test_every_gap_is_there_with_its_cause(small_plan, data):
    gaps = frames.gap_list(small_plan)
    assert len(gaps) > 0
    for mode in ("today", "plan"):
        shown = data["tables"][f"gaps_{mode}"]
        expected = gaps[gaps["network"] == mode]
        assert shown["id"] == expected["gap_id"].to_list()
        assert shown["rules"] == [text.split(";") for text in expected["rules"]]
        for dots, shape in zip(shown["dots"], shown["shapes"], strict=True):
            assert bool(dots) != bool(shape)


def test_legend_holds_the_thresholds_of_the_definitions_in_use(small_plan, data):
    scenario, rules = small_plan.region.scenario, small_plan.region.document.rules
    for technology, classes in data["coverage"]["classes"].items():
        used = dict(
            scenario.definition(rule)
            for rule in rules
            if rule.kind == "coverage" and rule.technology == technology
        )
        assert used
        told = {line["id"]: line["dbm"] for line in classes["thresholds"]}
        assert told == {name: definition.rsrp_dbm for name, definition in used.items()}
        assert set(told.values()) <= set(classes["edges"])
        assert len(classes["labels"]) == len(classes["colours"]) == len(classes["edges"]) + 1
        for k, edge in enumerate(classes["edges"]):
            assert str(edge) in classes["labels"][k]
            assert str(edge) in classes["labels"][k + 1]
        for name, definition in used.items():
            shown = next(line for line in data["definitions"] if line["id"] == name)
            assert shown["text"] == definition.zh
            assert f"{definition.rsrp_dbm:g} dBm" in shown["limits"]
            assert f"{definition.share * 100:g}%" in shown["limits"]


@given(st.lists(st.integers(-130, -40).map(float) | st.floats(-130.0, -40.0), max_size=6))
def test_classes_hold_whole_thresholds_and_colours_differ(thresholds):
    classes = level_classes(thresholds)
    assert list(classes.edges_dbm) == sorted(set(classes.edges_dbm))
    assert {t for t in thresholds if t.is_integer()} <= set(classes.edges_dbm)
    palette = classes.palette()
    assert len(set(palette)) == len(palette) == FIRST_LEVEL + STRONGEST_DBM - WEAKEST_DBM + 1
    luminance = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in classes.colours]
    assert luminance == sorted(luminance, reverse=True)


def test_a_level_has_the_colour_of_its_class():
    classes = LevelClasses(edges_dbm=(-105,), colours=((240, 240, 240), (0, 0, 100)))
    palette = classes.palette()
    below, at = (palette[FIRST_LEVEL + level - WEAKEST_DBM] for level in (-106, -105))
    assert np.abs(np.subtract(below, (240, 240, 240))).max() <= 3
    assert np.abs(np.subtract(at, (0, 0, 100))).max() <= 3


def test_pictures_show_the_level_of_the_cell_under_each_pixel(small_plan, data):
    box = data["coverage"]["bounds"]
    to_mercator = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    to_grid = Transformer.from_crs("EPSG:3857", small_plan.region.crs, always_xy=True)
    west, south = to_mercator.transform(box[0][1], box[0][0])
    east, north = to_mercator.transform(box[1][1], box[1][0])
    extent = small_plan.region.geobox.extent.boundingbox
    step = small_plan.region.resolution_m
    unknown_seen = 0
    for mode, coverage in (
        ("today", small_plan.coverage_today),
        ("plan", small_plan.coverage_plan),
    ):
        for (technology, year), signal in coverage.items():
            shown = picture(data, f"{technology}|{year}|{mode}")
            rows, columns = shown.shape
            row, column = (index.ravel() for index in np.indices(shown.shape)[:, 3:-3:7, 3:-3:7])
            x = west + (column + 0.5) / columns * (east - west)
            y = north - (row + 0.5) / rows * (north - south)
            easting, northing = to_grid.transform(x, y)
            inside = gpd.points_from_xy(easting, northing).within(small_plan.region.boundary)
            across, down = (easting - extent.left) / step, (extent.top - northing) / step
            # near the edge of a cell the warp may pick its neighbour
            sure = inside & (np.abs(across % 1 - 0.5) < 0.4) & (np.abs(down % 1 - 0.5) < 0.4)
            cell = (down[sure].astype(int), across[sure].astype(int))
            level, unknown = signal.rsrp_cdbm[cell], signal.unknown[cell]
            index = shown[row, column][sure]
            assert len(index) > 100
            grey = np.isin(index, [GREY, DARK_GREY])
            heard = index >= FIRST_LEVEL
            assert not (grey & ~unknown).any()
            assert (heard <= (level > UNKNOWN_SIGNAL)).all()
            assert ((level > UNKNOWN_SIGNAL) <= (heard | grey)).all()
            # a level is rounded down to whole decibels: it keeps its side of every threshold
            low = index[heard].astype(int) - FIRST_LEVEL + WEAKEST_DBM
            exact = np.clip(level[heard] / 100.0, WEAKEST_DBM, STRONGEST_DBM + 0.99)
            assert ((low <= exact) & (exact < low + 1)).all()
            unknown_seen += int(grey.sum())
            far = ~gpd.points_from_xy(easting, northing).within(
                small_plan.region.boundary.buffer(step)
            )
            assert (shown[row, column][far] == 0).all()
    assert unknown_seen > 0


def test_years_without_change_share_one_picture(data):
    position = data["coverage"]["position"]
    images = data["coverage"]["images"]
    assert len(set(images)) == len(images)
    assert set(position.values()) == set(range(len(images)))
    assert position["4G|2021|today"] == position["4G|2022|today"]


class TestBasemap:
    """Online maps under the data: only when asked for, and only from whom."""

    def test_none_unless_asked_for(self, page, data):
        assert data["basemap"] is None
        assert re.search(r"img-src ([^;]*);", page)[1] == "data:"

    def test_only_its_own_server_is_allowed(self, small_plan):
        page = map_page(small_plan, options=OutputOptions(basemap="osm"))
        assert re.search(r"img-src ([^;]*);", page)[1] == "data: https://tile.openstreetmap.org"
        (url,) = data_of(page)["basemap"]["layers"]
        assert url.startswith("https://tile.openstreetmap.org/{z}")

    def test_the_planners_key_goes_to_tianditu(self, small_plan):
        options = OutputOptions(basemap="tianditu", tianditu_key="0123abcd")
        layers = data_of(map_page(small_plan, options=options))["basemap"]["layers"]
        assert len(layers) == 2
        assert all(url.endswith("&tk=0123abcd") for url in layers)
        assert "0123abcd" not in repr(options)

    @pytest.mark.parametrize("key", ["", "a b", "x&y=1", "<script>"])
    def test_a_key_that_is_none_is_refused(self, key):
        with pytest.raises(InputError, match="tianditu_key"):
            OutputOptions(basemap="tianditu", tianditu_key=key)

    @pytest.mark.parametrize("name", ["amap", "baidu", "tencent", "gcj02"])
    def test_shifted_services_are_not_offered(self, name):
        with pytest.raises(InputError, match="no such choice"):
            OutputOptions(basemap=name)

    def test_every_service_is_in_a_system_without_shift(self):
        text = (files("siteplan.outputs") / "assets" / "basemaps.toml").read_text("utf-8")
        services = tomllib.loads(text)
        assert set(services) == set(get_args(Basemap))
        for service in services.values():
            assert service["datum"] in {"WGS 84", "CGCS2000"}
            assert service["source"]
            assert service["date"]


def test_ten_thousand_poles_cost_little(small_plan, page):
    rng = np.random.default_rng(5)
    west, south, east, north = small_plan.region.boundary.bounds
    n = 10_000
    poles = gpd.GeoDataFrame(
        {"kind": "lamp_pole", "height_m": 8.0, "owner": "路灯处", "origin": "synthetic"},
        index=[f"pole-{i:05d}" for i in range(n)],
        geometry=gpd.points_from_xy(rng.uniform(west, east, n), rng.uniform(south, north, n)),
        crs=small_plan.region.crs,
    )
    layers = MappingProxyType({**small_plan.region.layers, "poles": poles})
    region = dataclasses.replace(small_plan.region, layers=layers)
    larger = map_page(dataclasses.replace(small_plan, region=region))
    assert len(larger.encode()) - len(page.encode()) < 80 * n
    assert data_of(larger)["tables"]["poles"]["id"] == poles.index.to_list()
    assert data_of(larger)["credits"] == ["含模拟数据"]
