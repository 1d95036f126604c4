"""The region folder helsinki: real data, one derived polygon, and a README that says so."""

import hashlib
import importlib
import re
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from siteplan import schema
from siteplan.region.osm import ORIGIN, read_osm
from siteplan.scenario import read_scenario

DATA = Path(__file__).parents[1] / "data"
FOLDER = DATA / "helsinki"
EXTRACT = FOLDER / "Helsinki.osm.pbf"
README = (FOLDER / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def layers():
    scenario, _ = read_scenario(FOLDER)
    return {
        name: read_osm(FOLDER / source.path, name)
        for name, source in scenario.layers.vectors().items()
        if source.path.endswith(".osm.pbf")
    }


@pytest.fixture(scope="module")
def boundary():
    return gpd.read_file(FOLDER / "boundary.geojson")


def test_the_scenario_loads_and_says_what_is_missing():
    scenario, document = read_scenario(FOLDER)
    assert scenario.greenfield
    assert scenario.layers.stations is None
    assert scenario.layers.terrain.flat_m == 0.0
    assert {rule.year for rule in document.rules if rule.year} == set(scenario.targets.years)


def test_the_target_document_asks_only_for_what_the_extract_holds(layers):
    _, document = read_scenario(FOLDER)
    for rule in document.rules:
        for column, values in rule.where.items():
            assert set(values) <= set(layers[rule.layer][column]), rule.id


def test_the_extract_is_the_published_one():
    digest = hashlib.sha256(EXTRACT.read_bytes()).hexdigest()
    assert digest in README
    assert "(c) OpenStreetMap contributors" in README
    assert "ODbL" in README


def test_counts_are_those_of_the_readme(layers):
    for name, rows in layers.items():
        assert f"| {name} ({len(rows)}) |" in README
        assert rows["id"].is_unique
        assert set(rows["origin"]) == {ORIGIN}


def test_the_boundary_holds_the_streets_and_lamps(layers, boundary):
    (area,) = boundary.geometry
    assert area.is_valid
    assert area.equals(area.convex_hull)
    assert "derived" in boundary["origin"].iloc[0]
    near = area.buffer(2e-6)  # corners are rounded to 1e-6 degrees
    lamps = layers["poles"][layers["poles"]["kind"] == "lamp_pole"]
    streets = layers["roads"][layers["roads"]["class"] != "other"]
    shapely.prepare(near)
    assert near.covers(lamps.geometry.to_numpy()).all()
    assert near.covers(streets.geometry.to_numpy()).all()
    assert 1e6 < boundary.to_crs(32635).area.iloc[0] < 3e6


def test_the_readme_names_every_column(layers, boundary):
    rows = re.findall(r"^\| (\w+)[^|]*\| ([^|]*) \|", README, re.MULTILINE)
    named = {(layer, word) for layer, cell in rows for word in re.findall(r"\w+", cell)}
    for name, table in {**layers, "boundary": boundary}.items():
        for column in table.columns:
            word = schema.TABLES[name].geometry if column == "geometry" else column
            word = "position" if word == "point" else word
            assert (name, word) in named, (name, column)


def test_the_folder_is_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1.5e6


def test_the_script_makes_the_same_boundary_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DATA))
    importlib.import_module("_helsinki").make(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (FOLDER / path.name).read_bytes()
    assert len(list(tmp_path.iterdir())) == 2
