"""A new region folder: valid as it is, never over a file of the user's, nothing half done."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan import catalog, schema
from siteplan.cli import main
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


COMMENTED = re.compile(r"^# (?=\[|[\w-]+ = )")


def uncommented(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(COMMENTED.sub("", line) for line in lines)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_commented_is_valid_when_its_marks_are_taken_away(tmp_path, boundary, language):
    folder = tmp_path / "new"
    init_region(folder, boundary, language=language)
    uncommented(folder / "scenario.toml")
    uncommented(folder / "targets.toml")
    scenario, document = read_scenario(folder)
    for name in scenario.layers.vectors():
        if name != "boundary":
            assert (folder / f"{name}.xlsx").is_file()
    assert scenario.candidates.propose_spacing_m
    assert scenario.targets.operators
    assert scenario.targets.reported
    assert scenario.radio.samples_per_cell
    kinds = {(rule.kind, rule.model_dump(by_alias=True)["class"]) for rule in document.rules}
    assert {kind for kind, _ in kinds} == {"coverage", "station_count", "task"}
    assert {name for _, name in kinds} >= {"village", "area", "road"}


def test_a_boundary_in_a_foreign_encoding_or_of_many_layers(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["São José dos Campos"]},
        geometry=[shapely.box(-46.0, -23.4, -45.7, -23.1)],
        crs=4326,
    )
    frame.to_file(tmp_path / "b.shp", encoding="cp1252")
    (tmp_path / "b.cpg").unlink()
    for layer in ("limite", "outro"):
        frame.to_file(tmp_path / "b.gpkg", layer=layer)
    for file, option, value in (("b.shp", "--encoding", "cp1252"), ("b.gpkg", "--layer", "limite")):
        new = tmp_path / option.strip("-")
        assert main(["init", str(new), "--boundary", str(tmp_path / file), "--language", "en"]) == 2
        assert not new.exists()
        given = [
            "init",
            str(new),
            "--boundary",
            str(tmp_path / file),
            "--language",
            "en",
            option,
            value,
        ]
        assert main(given) == 0
        assert 'name = "São José dos Campos"' in (new / "scenario.toml").read_text(encoding="utf-8")


def test_an_english_folder_of_a_region_abroad_is_english(tmp_path, boundary):
    text = boundary.read_text(encoding="utf-8").replace("159999", "")
    boundary.write_text(text.replace("107.0", "7.0").replace("108.0", "8.0"), encoding="utf-8")
    init_region(tmp_path / "new", boundary, name="Cusco", language="en")
    for name in ("scenario.toml", "targets.toml"):
        lines = (tmp_path / "new" / name).read_text(encoding="utf-8").splitlines()
        chinese = [line for line in lines if re.search("[\u4e00-\u9fff]", line)]
        assert all(line.removeprefix("# ").startswith("zh = ") for line in chinese)
    scenario, _ = read_scenario(tmp_path / "new")
    assert {source.crs for source in scenario.layers.vectors().values()} <= {None, "EPSG:4326"}


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

    def failing(table, **options):
        made.append((table, options))
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
    text = scenario_text(name, code, resolution_m=50.0, document="targets.toml")
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
    text = scenario_text("甲", "", resolution_m=50.0, document=document)
    scenario = Scenario.model_validate(tomllib.loads(text))
    open_rules = {rule.id for rule in given.rules if rule.share_from == "scenario"}
    assert set(scenario.targets.shares) == open_rules


def test_the_same_boundary_gives_the_same_bytes(tmp_path, boundary):
    first, second = (init_region(tmp_path / name, boundary) for name in "ab")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
