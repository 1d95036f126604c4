"""The command that fits a model to drive-test samples."""

import tomllib

import numpy as np
import pytest

from siteplan.cli import FAULTY_INPUT, main
from tests.conftest import lonlat


@pytest.fixture
def driven(small_folder):
    """Folder of the small region with samples on a lattice, at the level of free space less 30 dB."""
    random = np.random.default_rng(2)
    lines = ["RSRP,服务基站编号,lon,lat"]
    for east in range(1250, 8000, 150):
        for north in range(200, 6000, 150):
            distance = np.hypot(east - 1000, north - 1500)
            level = -75.0 - 30.0 * np.log10(distance / 1000.0) + random.normal(0.0, 4.0)
            longitude, latitude = lonlat(east, north)
            lines.append(f"{level:.1f},a1,{longitude:.8f},{latitude:.8f}")
    (small_folder / "samples.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    text = (small_folder / "scenario.toml").read_text(encoding="utf-8")
    entry = '[layers.samples]\npath = "samples.csv"\ncrs = "EPSG:4490"\n[targets]\n'
    (small_folder / "scenario.toml").write_text(
        text.replace("[targets]\n", entry, 1), encoding="utf-8"
    )
    return small_folder


def test_the_correction_is_printed_and_reads_back(driven, capsys):
    assert main(["calibrate", str(driven), "--carrier", "lte900"]) == 0
    text = capsys.readouterr().out
    correction = tomllib.loads(text)["radio"]["corrections"]["tr38901-rma/lte900"]
    assert correction["sigma_db"] > 3.0
    # put into the scenario it is accepted
    path = driven / "scenario.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    assert main(["calibrate", str(driven), "--model", "free-space", "--offset-only"]) == 0
    found = tomllib.loads(capsys.readouterr().out)["radio"]["corrections"]["free-space"]
    assert found["slope_db_per_decade"] == 0.0


def test_a_file_is_written_once(driven, tmp_path, capsys):
    out = tmp_path / "correction.toml"
    assert main(["calibrate", str(driven), "--out", str(out)]) == 0
    assert "tr38901-rma" in tomllib.loads(out.read_text(encoding="utf-8"))["radio"]["corrections"]
    assert "samples used" in capsys.readouterr().out
    before = out.read_bytes()
    assert main(["calibrate", str(driven), "--out", str(out)]) == FAULTY_INPUT
    assert "exists already" in capsys.readouterr().err
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--model", "p1821"], "no such name"),
        (["--carrier", "nr"], "no such name"),
        (["--floor-dbm", "-30"], "at least 50 cells"),
        (["--scale", "micro"], "served by a station of another scale"),
    ],
)
def test_what_cannot_be_fitted_is_refused(driven, capsys, more, words):
    assert main(["calibrate", str(driven), *more]) == FAULTY_INPUT
    assert words in capsys.readouterr().err


def test_without_samples(small_folder, capsys):
    assert main(["calibrate", str(small_folder)]) == FAULTY_INPUT
    assert "[layers.samples]" in capsys.readouterr().err
