"""The atlas: every sheet is there, no letter is a box, and the same plan gives the same bytes."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from siteplan.errors import OutputError
from siteplan.outputs import fonts
from siteplan.outputs.atlas import draw_atlas, sheet_names
from siteplan.outputs.fonts import Letters, chinese_font
from siteplan.outputs.options import OutputOptions
from siteplan.outputs.sheet import Sheet


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
