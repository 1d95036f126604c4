"""The command line as a planner meets it: results, messages, exit codes."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

import numpy as np
import openpyxl
import pyogrio
import pytest

from siteplan.cli import FAULTY_INPUT, main
from siteplan.targets import STATE_ZH
from tests.conftest import write_small_region
from tests.tile_server import geotiff, serve


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Plan the small region once by the command: what it printed, and its output folder."""
    folder = write_small_region(tmp_path_factory.mktemp("cli") / "small")
    out = folder.parent / "out"
    done = subprocess.run(
        [sys.executable, "-m", "siteplan", "plan", str(folder), "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, out


def test_writes_every_file_and_names_it(run):
    printed, out = run
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    for name in ("map.html", "sites.xlsx", "sites.csv", "plan.gpkg", "summary.json"):
        assert name in names
    assert any(name.endswith(".tif") for name in names)
    for name in names:
        assert name in printed.replace("\\", "/")


def test_prints_each_rule_with_what_is_required_today_and_planned(run):
    printed, out = run
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    for rule in summary["rules"]:
        line = next(line for line in printed.splitlines() if line.startswith(rule["rule_id"]))
        assert f"{rule['today']:.1%}" in line
        assert f"{rule['plan']:.1%}" in line
        assert f" {100.0 * rule['required']:g}% " in line
        states = [STATE_ZH[rule[name]] for name in ("state_today", "state_plan")]
        assert " -> ".join(states) in line


def test_totals_agree_between_terminal_lists_layers_and_summary(run):
    printed, out = run
    totals = json.loads((out / "summary.json").read_text(encoding="utf-8"))["totals"]
    told = f"新增基站{totals['stations_planned']}个，站址{totals['sites_planned']}处。"
    assert told in printed
    with (out / "sites.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == totals["sites_planned"]
    assert sum(int(row["stations"]) for row in rows) == totals["stations_planned"]
    assert sum(float(row["cost_cny"]) for row in rows) == pytest.approx(totals["cost_cny"])
    assert pyogrio.read_info(out / "plan.gpkg", layer="sites")["features"] == len(rows)
    book = openpyxl.load_workbook(out / "sites.xlsx")
    assert book.worksheets[0].max_row - 1 == len(rows)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "villages.csv").unlink(), ["villages.csv", "does not exist"]),
        (
            lambda folder: replace(folder / "sites.csv", "tower,existing", "mast,existing"),
            ["sites.csv", "row 2", "kind", "'mast'", "tower"],
        ),
        (
            lambda folder: replace(folder / "villages.csv", ",39.", ",38."),
            ["villages.csv", "西村", "outside the boundary", "38."],
        ),
        (
            lambda folder: replace(folder / "scenario.toml", "radius_m", "radious_m"),
            ["scenario.toml", "radio.radious_m", "unknown key"],
        ),
        (
            lambda folder: replace(folder / "sites.csv", "candidate", "unavailable"),
            ["no candidate station"],
        ),
    ],
)
def test_bad_input_ends_with_one_message_and_writes_nothing(small_folder, capsys, change, words):
    change(small_folder)
    out = small_folder.parent / "out"
    command = ["plan", str(small_folder), "--out", str(out), "--language", "en"]
    assert main(command) == FAULTY_INPUT
    message = capsys.readouterr().err
    for word in words:
        assert word in message
    assert "Traceback" not in message
    assert not out.exists()
    assert [path.name for path in small_folder.parent.iterdir()] == ["small"]


def test_a_missing_folder_is_named(tmp_path, capsys):
    assert main(["plan", str(tmp_path / "nowhere")]) == FAULTY_INPUT
    assert "nowhere" in capsys.readouterr().err


def test_a_basemap_of_tianditu_needs_a_key(tmp_path, monkeypatch, capsys):
    command = ["plan", str(tmp_path / "nowhere"), "--basemap", "tianditu", "--language", "en"]
    monkeypatch.delenv("SITEPLAN_TIANDITU_KEY", raising=False)
    assert main(command) == 2
    assert "Tianditu asks for a key" in capsys.readouterr().err
    for more in (["--tianditu-key", "abc123"], []):
        assert main([*command, *more]) == 2
        assert "Tianditu" not in capsys.readouterr().err  # the folder is what is wrong now
        monkeypatch.setenv("SITEPLAN_TIANDITU_KEY", "abc123")


def test_a_demo_away_from_the_data_says_where_it_looks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 2
    error = capsys.readouterr().err
    assert "--data" in error
    assert "hangjin" in error
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_demo_region_is_refused_with_the_names(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "atlantis"])
    assert stopped.value.code == FAULTY_INPUT
    assert "hangjin" in capsys.readouterr().err


def test_help_loads_no_heavy_module():
    code = (
        "import sys, siteplan.cli\n"
        "try: siteplan.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'geopandas', 'numba', 'folium', 'highspy', 'rasterio'}\n"
        "sys.exit(len(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


def replace(path, old, new):
    """Replace text in a file, which must hold it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_folder_is_made_and_checked(tmp_path, capsys):
    data = write_small_region(tmp_path / "small")
    folder = tmp_path / "new"
    assert main(["init", str(folder), "--boundary", str(data / "boundary.geojson")]) == 0
    assert "scenario.toml" in capsys.readouterr().out
    assert main(["init", str(folder), "--boundary", str(data / "boundary.geojson")]) == FAULTY_INPUT
    assert "已有" in capsys.readouterr().err
    assert main(["check", str(folder)]) == FAULTY_INPUT
    assert "dem.tif" in capsys.readouterr().out


def test_open_data_is_fetched_for_the_boundary_of_the_scenario(small_folder, capsys):
    with serve() as site:
        values = np.full((360, 360), 1200.0, dtype="f4")
        for longitude in (107, 108):
            name = f"Copernicus_DSM_COG_10_N39_00_E{longitude}_00_DEM"
            data = geotiff(values, longitude, 40.0, 1 / 360)
            site.files[f"/{name}/{name}.tif"] = data
        mirrors = small_folder / "mirrors.toml"
        mirrors.write_text(f'[products.glo30]\nbase = "{site.url}"\n', encoding="utf-8")
        command = ["fetch", str(small_folder), "--what", "dem", "--sources", str(mirrors)]
        assert main([*command, "--margin-km", "2"]) == 0
    printed = capsys.readouterr().out
    assert (small_folder / "dem.tif").is_file()
    for words in ("Copernicus", "Airbus", '[layers.terrain]\npath = "dem.tif"'):
        assert words in printed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--what", "terrain"], "landcover"),
        (["--what", "osm"], "--extract"),
        (["--margin-km", "-1"], "--margin-km"),
        (["--margin-km", "nan"], "--margin-km"),
        (["--sources", "nowhere.toml"], "nowhere.toml"),
        (["--boundary", "nowhere.geojson"], "nowhere.geojson"),
    ],
)
def test_a_fetch_that_cannot_be_is_refused_before_the_network(small_folder, capsys, options, words):
    before = sorted(small_folder.iterdir())
    assert main(["fetch", str(small_folder), *options]) == FAULTY_INPUT
    told = capsys.readouterr().err
    assert words in told
    assert re.search("[一-鿿]", told)
    assert sorted(small_folder.iterdir()) == before


def test_mirrors_of_the_environment_are_taken(small_folder, capsys, monkeypatch):
    monkeypatch.setenv("SITEPLAN_SOURCES", "nowhere.toml")
    assert main(["fetch", str(small_folder), "--what", "dem"]) == FAULTY_INPUT
    assert "nowhere.toml" in capsys.readouterr().err


def test_a_fetch_into_a_new_folder_needs_a_boundary(tmp_path, capsys):
    assert main(["fetch", str(tmp_path / "new"), "--what", "dem"]) == FAULTY_INPUT
    assert "--boundary" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
