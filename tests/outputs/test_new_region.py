"""A new region folder: valid as it is, never over a file of the user's, nothing half done."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan import catalog, schema
from siteplan.errors import InputError, OutputError
from siteplan.outputs import new_region
from siteplan.outputs.new_region import init_region, scenario_text
from siteplan.scenario import Scenario, read_scenario

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def boundary(tmp_path):
    path = tmp_path / "given.geojson"
    ring = shapely.box(107.0, 39.5, 108.0, 40.3)
    path.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": "小旗", "code": "159999"},
                        "geometry": shapely.geometry.mapping(ring),
                    }
                ],
            }
        ),
        encoding="utf-8",
    )
    return path


def test_the_new_folder_holds_a_scenario_that_reads_and_every_template(tmp_path, boundary):
    folder = tmp_path / "county" / "new"
    files = init_region(folder, boundary)
    scenario, document = read_scenario(folder)
    assert (scenario.region.name, scenario.region.code) == ("小旗", "159999")
    assert document.area_code == "159999"
    assert "示例" in document.title
    templates = {f"{name}.xlsx" for name in schema.TABLES if hasattr(scenario.layers, name)}
    expected = {"scenario.toml", "targets.toml", "boundary.gpkg"} | templates - {"boundary.xlsx"}
    assert {path.name for path in files} == expected
    assert {path.name for path in folder.iterdir()} == expected
    for source in scenario.layers.vectors().values():
        assert (folder / source.path).is_file()
    frame = pyogrio.read_dataframe(folder / "boundary.gpkg")
    assert frame.geometry.iloc[0].equals(shapely.box(107.0, 39.5, 108.0, 40.3))
    assert frame.crs == "EPSG:4326"
    assert set(frame.columns) == {"name", "code", "geometry"}


def test_every_commented_layer_is_valid_when_its_marks_are_taken_away(tmp_path, boundary):
    init_region(tmp_path / "new", boundary)
    text = (tmp_path / "new" / "scenario.toml").read_text(encoding="utf-8")
    lines = [
        line.removeprefix("# ")
        if line.startswith(("# [layers", "# path =", "# layer =", "# crs ="))
        else line
        for line in text.splitlines()
    ]
    scenario = Scenario.model_validate(tomllib.loads("\n".join(lines)))
    for name in scenario.layers.vectors():
        if name != "boundary":
            assert (tmp_path / "new" / f"{name}.xlsx").is_file()


@pytest.mark.parametrize("name", ["hangjin", "hedong", "helsinki"])
def test_a_document_of_the_catalogue_is_taken_for_its_area(tmp_path, name):
    init_region(tmp_path / name, DATA / name / "boundary.geojson")
    scenario, document = read_scenario(tmp_path / name)
    if name == "helsinki":
        assert scenario.targets.document == "targets.toml"
    else:
        assert document.area_code == scenario.region.code
        assert scenario.targets.document in catalog.target_documents()
        assert not (tmp_path / name / "targets.toml").exists()


def test_files_of_the_user_are_never_replaced_and_all_are_named(tmp_path, boundary):
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "villages.xlsx").write_bytes(b"mine")
    (folder / "scenario.toml").write_bytes(b"mine too")
    with pytest.raises(OutputError, match=r"scenario\.toml, villages\.xlsx") as caught:
        init_region(folder, boundary)
    assert "nothing was written" in str(caught.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "villages.xlsx": b"mine",
        "scenario.toml": b"mine too",
    }


def test_other_files_in_the_folder_stay(tmp_path, boundary):
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "dem.tif").write_bytes(b"fetched before")
    init_region(folder, boundary)
    assert (folder / "dem.tif").read_bytes() == b"fetched before"
    read_scenario(folder)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError("no space left on device")])
@pytest.mark.parametrize("existed", [False, True])
def test_what_fails_half_way_leaves_nothing(tmp_path, boundary, monkeypatch, stop, existed):
    folder = tmp_path / "deep" / "new"
    if existed:
        folder.mkdir(parents=True)
    made = []

    def failing(table):
        made.append(table)
        if len(made) == 4:
            raise stop
        return b"x"

    monkeypatch.setattr(new_region, "template", failing)
    with pytest.raises(KeyboardInterrupt if stop is KeyboardInterrupt else OutputError):
        init_region(folder, boundary)
    assert folder.exists() == existed
    assert not existed or list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path, boundary):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="could not be written"):
        init_region(tmp_path / "file" / "new", boundary)


def test_a_missing_boundary_is_told(tmp_path):
    with pytest.raises(InputError, match=r"none\.geojson"):
        init_region(tmp_path / "new", tmp_path / "none.geojson")
    assert not (tmp_path / "new").exists()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(texts, texts)
def test_any_name_makes_a_valid_scenario(name, code):
    text = scenario_text(name, code, resolution_m=50.0, document=None, targets="targets.toml")
    scenario = Scenario.model_validate(tomllib.loads(text))
    assert (scenario.region.name, scenario.region.code) == (name, code)


def test_a_hostile_name_makes_a_valid_folder(tmp_path, boundary):
    name = '=cmd|"/c calc"!A1 {x} <b>\n[networks]\\'
    init_region(tmp_path / "new", boundary, name=name, code='1"5')
    scenario, document = read_scenario(tmp_path / "new")
    assert scenario.region.name == name
    assert name in document.title


@pytest.mark.parametrize("document", catalog.target_documents())
def test_shares_that_a_document_leaves_open_stand_in_the_scenario(document):
    given = catalog.target_document(document)
    text = scenario_text("甲", "", resolution_m=50.0, document=given, targets=document)
    scenario = Scenario.model_validate(tomllib.loads(text))
    open_rules = {rule.id for rule in given.rules if rule.share_from == "scenario"}
    assert set(scenario.targets.shares) == open_rules


def test_the_same_boundary_gives_the_same_bytes(tmp_path, boundary):
    first, second = (init_region(tmp_path / name, boundary) for name in "ab")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
