"""The atlas: every sheet is there, no letter is a box, and the same plan gives the same bytes."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image
from shapely import LineString

from siteplan.errors import OutputError
from siteplan.outputs import fonts
from siteplan.outputs.atlas import draw_atlas, sheet_names
from siteplan.outputs.fonts import Letters, chinese_font
from siteplan.outputs.options import OutputOptions
from siteplan.outputs.public import public_plan
from siteplan.outputs.sheet import SEVERITY_STYLES, YEAR_COLOURS, Sheet


@pytest.fixture(scope="module")
def atlas(small_plan):
    return draw_atlas(small_plan, OutputOptions())


def test_every_sheet_is_there(small_plan, atlas):
    assert list(atlas.pictures) == sheet_names(small_plan)
    assert {"location", "gaps", "roads", "township_159999001"} <= set(atlas.pictures)
    assert atlas.pdf.startswith(b"%PDF")
    assert atlas.pdf.count(b"/Type /Page ") == len(atlas.pictures)


def test_sheets_show_something(atlas):
    for name, picture in atlas.pictures.items():
        image = Image.open(io.BytesIO(picture))
        assert len(image.convert("RGB").resize((350, 248)).getcolors(100_000)) > 20, name


def test_sheets_are_a4_of_300_dots_an_inch(monkeypatch):
    monkeypatch.setattr("siteplan.outputs.sheet.DPI", 300)
    with chinese_font() as path:
        sheet = Sheet(
            region_title="某旗",
            title="图",
            bounds=(0.0, 0.0, 1000.0, 1000.0),
            foot=("坐标系",),
            font=path,
            letters=Letters(path),
        )
        image = Image.open(io.BytesIO(sheet.png()))
    assert image.size == (3507, 2480)
    assert image.info["dpi"] == pytest.approx((300.0, 300.0), abs=0.1)


def test_the_same_plan_gives_the_same_bytes(small_plan, atlas):
    again = draw_atlas(small_plan, OutputOptions())
    assert again.pictures == atlas.pictures
    assert again.pdf == atlas.pdf


def test_hostile_names_are_drawn(hostile_plan):
    assert len(draw_atlas(hostile_plan, OutputOptions(language="en")).pictures) > 5


def with_zones(plan, severities):
    """Plan whose first zones are exclusion zones of these severities."""
    zones = plan.region.layers["zones"].iloc[: len(severities)]
    zones = zones.assign(kind="exclusion", severity=severities)
    layers = MappingProxyType({**plan.region.layers, "zones": zones})
    return replace(plan, region=replace(plan.region, layers=layers))


def coloured(picture, colour):
    """Dots of a picture that are nearly of a colour."""
    dots = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=int)
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(dots - wanted).max(axis=-1) < 40).sum())


def only(monkeypatch, plan, name):
    """Draw one sheet of the atlas."""
    monkeypatch.setattr("siteplan.outputs.atlas.sheet_names", lambda _: [name])
    return draw_atlas(plan, OutputOptions()).pictures[name]


def test_control_areas_have_a_sheet_when_zones_were_given(small_plan, monkeypatch):
    assert "control" not in sheet_names(small_plan)
    plan = with_zones(small_plan, ["hard", "warning"])
    assert "control" in sheet_names(plan)
    picture = only(monkeypatch, plan, "control")
    other = only(monkeypatch, with_zones(small_plan, ["hard", "hard"]), "control")
    hard, blue = SEVERITY_STYLES["hard"][0], SEVERITY_STYLES["warning"][0]
    assert coloured(other, hard) > coloured(picture, hard) > 0
    assert coloured(picture, blue) > coloured(other, blue)


def test_routes_have_a_sheet_when_known_and_none_in_public(small_plan, monkeypatch):
    fibre = small_plan.backhaul.fibre
    site = small_plan.region.sites.geometry.iloc[0]
    ways = gpd.GeoDataFrame(
        {"year": [2022], "length_m": [6000.0]},
        geometry=[LineString([(site.x, site.y), (site.x + 6000.0, site.y)])],
        crs=small_plan.region.crs,
    )
    known = replace(
        small_plan, backhaul=replace(small_plan.backhaul, fibre=replace(fibre, cables=ways))
    )
    none = replace(known, backhaul=replace(known.backhaul, fibre=replace(fibre, cables=ways[:0])))
    assert "transmission" in sheet_names(known)
    assert "transmission" not in sheet_names(none)
    assert "transmission" not in sheet_names(public_plan(known))
    dark = coloured(only(monkeypatch, known, "transmission"), YEAR_COLOURS[0])
    assert dark > coloured(only(monkeypatch, none, "transmission"), YEAR_COLOURS[0])


class TestFont:
    def test_simplified_letters_come_from_the_package(self):
        with chinese_font() as path:
            with TTFont(path, lazy=True) as font:
                name = font["name"].getDebugName(4)
            letters = Letters(path)
        assert "SC" in name
        assert "镇" in letters
        assert letters.shown("镇😀\x07$x") == "镇〓 \\$x"

    def test_a_font_without_chinese_is_refused(self):
        import matplotlib as mpl  # noqa: PLC0415  # its own Latin font

        latin = f"{mpl.get_data_path()}/fonts/ttf/DejaVuSans.ttf"
        with pytest.raises(OutputError, match="no Chinese letters"), chinese_font(latin):
            pass

    def test_garbage_is_refused(self, tmp_path):
        (tmp_path / "a.ttf").write_bytes(b"no font")
        with pytest.raises(OutputError, match="no font"), chinese_font(tmp_path / "a.ttf"):
            pass

    def test_without_any_font_the_remedy_is_told(self, monkeypatch):
        monkeypatch.setattr(fonts, "find_spec", lambda _name: None)
        monkeypatch.setattr(fonts, "SYSTEM_FONTS", ())
        with pytest.raises(OutputError, match=r"pip install noto-cjk.*font="), chinese_font():
            pass

    def test_a_given_font_is_taken(self, tmp_path):
        with chinese_font() as path:
            own = shutil.copy(path, tmp_path / "own.otf")
        with chinese_font(own) as path:
            assert path == own


@pytest.mark.parametrize("width_m", [40.0, 900.0, 3200.0, 250_000.0])
def test_the_scale_bar_is_round_and_true(width_m):
    with chinese_font() as path:
        sheet = Sheet(
            region_title="",
            title="",
            bounds=(0.0, 0.0, width_m, width_m / 2.0),
            foot=(),
            font=path,
            letters=Letters(path),
        )
    texts = [text.get_text() for text in sheet.axes.texts]
    number, unit = texts[-1].split()
    length_m = float(number) * (1000.0 if unit == "km" else 1.0)
    west, east = sheet.axes.get_xlim()
    bars = [patch for patch in sheet.axes.patches if hasattr(patch, "get_width")]
    drawn_m = sum(bar.get_width() for bar in bars) * (east - west)
    assert drawn_m == pytest.approx(length_m)
    digit = length_m / 10.0 ** np.floor(np.log10(length_m))
    assert round(digit, 9) in {1.0, 2.0, 5.0}
