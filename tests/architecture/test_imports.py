"""Who may import whom, and what a bare import costs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter import cli as linter

ROOT = Path(__file__).parents[2]
HEAVY = (
    "geopandas",
    "pandas",
    "numba",
    "folium",
    "highspy",
    "scipy",
    "shapely",
    "rasterio",
    "numpy",
)


def loaded_after(statement):
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(  # our own interpreter and our own text
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(run.stdout))


def test_the_layers_hold(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = linter.lint_imports(no_cache=True)
    assert status == linter.EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_a_bare_import_loads_nothing_heavy():
    assert not loaded_after("import siteplan").intersection(HEAVY)


@pytest.mark.parametrize(
    ("name", "strangers"),
    [
        (
            "siteplan.propagation.registry",
            {"pandas", "geopandas", "shapely", "rasterio", "highspy"},
        ),
        ("siteplan.scenario", {"numba", "geopandas", "highspy", "folium"}),
        ("siteplan.region", {"numba", "highspy", "folium"}),
        ("siteplan.plan", {"folium"}),
    ],
)
def test_a_room_loads_only_its_own_tools(name, strangers):
    assert not loaded_after(f"import {name}").intersection(strangers)


def test_everything_promised_is_there():
    import siteplan  # noqa: PLC0415  # the object under test

    for name in siteplan.__dir__():
        if name not in {"write_plan", "outputs"}:
            assert getattr(siteplan, name) is not None
    with pytest.raises(AttributeError, match="mispelt"):
        _ = siteplan.mispelt
