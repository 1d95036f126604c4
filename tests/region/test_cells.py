"""Cells and antenna files of a region folder, and what may be wrong with them."""

import pytest

import siteplan
from siteplan.errors import InputError
from tests.conftest import SCENARIO

CELLS = """id,station_id,azimuth_deg,mechanical_tilt_deg,electrical_tilt_deg,antenna,power_w
c1,a1,0,3,,,
c2,a1,120,,4,panel,20
c3,a1,,0,,omni,
"""
PANEL = (
    "NAME panel\nFREQUENCY {frequency}\nGAIN 15.85\n"
    "HORIZONTAL 360\n"
    + "".join(f"{a} {min(a, 360 - a) / 6:.2f}\n" for a in range(360))
    + "VERTICAL 360\n"
    + "".join(f"{a} {min(a, 360 - a) / 4:.2f}\n" for a in range(360))
)


@pytest.fixture
def folder(small_folder):
    text = SCENARIO.replace("[targets]", '[layers.cells]\npath = "cells.csv"\n\n[targets]', 1)
    text += '\n[antennas]\npanel = "panel.msi"\n'
    (small_folder / "scenario.toml").write_text(text, encoding="utf-8")
    (small_folder / "cells.csv").write_text(CELLS, encoding="utf-8")
    (small_folder / "panel.msi").write_text(PANEL.format(frequency=900), encoding="utf-8")
    return small_folder


def faults(folder):
    with pytest.raises(InputError) as caught:
        siteplan.read_region(folder)
    return [(fault.source, fault.row, fault.column, fault.rule) for fault in caught.value.faults]


def test_cells_and_antennas_are_read(folder):
    region = siteplan.read_region(folder)
    assert list(region.layer("cells").index) == ["c1", "c2", "c3"]
    assert region.antennas["panel"].gain_dbi == pytest.approx(18.0)
    assert "panel.msi" in {file.path for file in region.inputs}
    warnings = [fault for fault in region.warnings if fault.source == "cells.csv"]
    assert [(fault.value, fault.column) for fault in warnings] == [
        ("1 of 3 cells", "mechanical_tilt_deg")
    ]


def test_chinese_headers(folder):
    text = CELLS.replace("station_id", "基站编号").replace("azimuth_deg", "方位角")
    (folder / "cells.csv").write_text(text, encoding="gbk")
    assert siteplan.read_region(folder).layer("cells")["azimuth_deg"].tolist()[:2] == [0.0, 120.0]


def test_every_fault_is_told_at_once(folder):
    text = CELLS + "c4,nobody,400,,,dish,-5\nc5,a1,,,,,\nc6,nobody,,,,panel,\n"
    (folder / "cells.csv").write_text(text, encoding="utf-8")
    found = faults(folder)
    places = [(row.split()[0], column) for _, row, column, _ in found]
    expected = {
        ("5", "station_id"),
        ("5", "antenna"),
        ("5", "azimuth_deg"),
        ("5", "power_w"),
        ("6", "azimuth_deg"),
        ("7", "station_id"),
        ("7", "azimuth_deg"),
    }
    assert set(places) == expected
    assert len(places) == len(expected)


def test_a_bad_antenna_file_is_told_with_the_rest(folder):
    (folder / "panel.msi").write_text("GAIN much\n", encoding="utf-8")
    text = CELLS.replace("c1,a1", "c1,nobody")
    (folder / "cells.csv").write_text(text, encoding="utf-8")
    found = faults(folder)
    assert {source for source, *_ in found} == {"panel.msi", "cells.csv"}
    assert all(column != "antenna" for _, _, column, _ in found)


def test_a_name_of_the_catalogue_is_taken(folder):
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8").replace("panel = ", "omni = ")
    path.write_text(text, encoding="utf-8")
    assert ("scenario.toml", "", "antennas.omni") in {found[:3] for found in faults(folder)}


def test_an_antenna_of_another_band_is_said(folder):
    (folder / "panel.msi").write_text(PANEL.format(frequency=3500), encoding="utf-8")
    rules = [fault.rule for fault in siteplan.read_region(folder).warnings]
    assert any("measured more than 20%" in rule for rule in rules)


def test_a_file_outside_the_folder_is_refused(folder):
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8").replace('"panel.msi"', '"../../etc/passwd"')
    path.write_text(text, encoding="utf-8")
    assert any("inside the region folder" in rule for *_, rule in faults(folder))
