"""A sheet of the atlas: frame, title, legend, scale bar, north arrow, source line, looks of layers."""

from __future__ import annotations

import io
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.patheffects import withStroke
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from siteplan.outputs.fonts import Letters

SIZE_IN: Final = (297.0 / 25.4, 210.0 / 25.4)
"""A4 on its side. [in]"""

DPI: Final = 300
MAP_BOX: Final = (0.03, 0.09, 0.715, 0.785)
"""Left, bottom, width and height of the map, in parts of the sheet."""

INK: Final = "#24212b"
SOFT: Final = "#5f5b68"
PAPER: Final = "#fffdf8"
OUTSIDE: Final = "#f0ede6"
OUTLINE: Final = "#2f2b3a"
TOWNSHIP: Final = "#4d4763"
STATE_COLOURS: Final = {
    "met": "#00755a",
    "at_risk": "#b36b00",
    "not_met": "#c23b00",
    "unknown": "#6b6b6b",
    "measured": "#1f5fa8",
}
KIND_STYLES: Final = {
    "existing": ("o", "#1d4fa3"),
    "lamp_pole": ("^", "#b5154b"),
    "monitoring_pole": ("v", "#8a5a22"),
    "rooftop": ("s", "#00755a"),
    "building": ("s", "#7a4f9a"),
    "tower": ("D", "#c23b00"),
    "new": ("D", "#c23b00"),
}
"""Mark and colour of each reuse class: told apart by shape as well."""

SEVERITY_STYLES: Final = {
    "hard": ("#8c1d18", "xxx"),
    "conditional": ("#b36b00", "///"),
    "warning": ("#1f5fa8", "..."),
}
"""Colour and hatch of each severity of an exclusion zone."""

YEAR_COLOURS: Final = ("#2a186c", "#2c6c8e", "#33a680", "#b3a100", "#c23b00", "#8c1d18")
YEAR_MARKS: Final = "osD^vP"
ROAD_WIDTHS: Final = {
    "motorway": 1.6,
    "national": 1.3,
    "provincial": 1.1,
    "county": 0.9,
    "desert": 0.9,
    "township": 0.6,
    "street": 0.5,
    "other": 0.4,
}
ROAD_COLOUR: Final = "#a89f90"
LEGEND_PT: Final = 12.5
NOTE_PT: Final = 12.0
LEGEND_IN: Final = 1.95
"""Width of the texts in the column beside the map. [in]"""

PIECES: Final = re.compile(r"[\x21-\x7e]+[ ）、，：；]*|.[）、，：；]*")
"""What stays on one line of a legend: a Latin word, or a letter, with the stops after it."""

POINTS_PER_INCH: Final = 72.0
LATIN_EM: Final = 0.56
"""Width of a Latin letter of the type. [em]"""

MARK_PT: Final = 4.0
"""Half of a mark, and the room kept around it. [pt]"""

PLACES: Final = (
    (0, 1),
    (0, -1),
    (1, 0),
    (-1, 0),
    (1, 1),
    (-1, 1),
    (1, -1),
    (-1, -1),
    (0, 2.2),
    (0, -2.2),
)
"""Where a name is tried beside its mark, across and up, the best first."""

NICE: Final = (1.0, 2.0, 5.0, 10.0)
BAR_SHARE: Final = 0.22
KM: Final = 1000.0


class Dots(FigureCanvasAgg):
    """Canvas that draws when it is asked for the picture, and not each time that a layer is added."""

    def draw_idle(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as the library has it
        """Do nothing: there is no screen to bring up to date."""


class Sheet:
    """
    One sheet being drawn.

    Parameters
    ----------
    region_title, title : str
        Line above, and title of the sheet.
    bounds : tuple of float
        West, south, east, north of what is shown. [m]
    foot : sequence of str
        Lines on system, date and sources.
    font : Path
        Font file.
    letters : Letters
        What the font holds.
    """

    def __init__(  # a sheet and all that its frame says
        self,
        *,
        region_title: str,
        title: str,
        bounds: tuple[float, float, float, float],
        foot: Sequence[str],
        font: Path,
        letters: Letters,
    ) -> None:
        self.figure = Figure(figsize=SIZE_IN, facecolor="white")
        Dots(self.figure)
        self.font_path, self.letters = font, letters
        self.axes: Any = self.figure.add_axes(MAP_BOX)
        self.entries: list[tuple[Any, str]] = []
        self._frame(bounds)
        self._write(0.03, 0.962, region_title, 12, colour=SOFT)
        self._write(0.03, 0.912, title, 20)
        for i, line in enumerate(foot):
            self._write(0.03, 0.056 - 0.026 * i, line, 9.5, colour=SOFT)

    # --- frame ------------------------------------------------------------------------------------

    def font(self, size: float) -> FontProperties:
        """Type of a size. [pt]."""
        return FontProperties(fname=str(self.font_path), size=size)

    def _write(self, x: float, y: float, text: str, size: float, *, colour: str = INK) -> None:
        shown = self.letters.shown(text)
        self.figure.text(x, y, shown, fontproperties=self.font(size), color=colour, va="center")

    def _frame(self, bounds: tuple[float, float, float, float]) -> None:
        west, south, east, north = bounds
        width, height = max(east - west, 1.0), max(north - south, 1.0)
        box = MAP_BOX[2] * SIZE_IN[0] / (MAP_BOX[3] * SIZE_IN[1])
        grown = max(width / box, height) * 1.06
        middle = ((west + east) / 2.0, (south + north) / 2.0)
        axes = self.axes
        axes.set_xlim(middle[0] - grown * box / 2.0, middle[0] + grown * box / 2.0)
        axes.set_ylim(middle[1] - grown / 2.0, middle[1] + grown / 2.0)
        axes.set_aspect("equal")
        axes.set_facecolor(OUTSIDE)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(OUTLINE)
            spine.set_linewidth(0.8)
        self.width_m = grown * box
        self._north()
        self._scale_bar()

    def _north(self) -> None:
        """Arrow to grid north, in the upper right corner of the map."""
        outline = withStroke(linewidth=2.0, foreground="white")
        arrow = np.array([[0.965, 0.965], [0.978, 0.90], [0.965, 0.917], [0.952, 0.90]])
        self.axes.add_patch(
            Polygon(
                arrow,
                transform=self.axes.transAxes,
                facecolor=INK,
                edgecolor="white",
                linewidth=0.6,
                zorder=20,
            )
        )
        self.axes.text(
            0.965,
            0.87,
            "N",
            transform=self.axes.transAxes,
            ha="center",
            fontproperties=self.font(13),
            path_effects=[outline],
            zorder=20,
        )

    def _scale_bar(self) -> None:
        """Bar of a round length, two fields, in the lower left corner of the map."""
        wanted = self.width_m * BAR_SHARE
        power = 10.0 ** math.floor(math.log10(wanted))
        length = max(step * power for step in NICE if step * power <= wanted)
        part = length / self.width_m
        for i, colour in enumerate((INK, "white")):
            self.axes.add_patch(
                Rectangle(
                    (0.025 + i * part / 2.0, 0.03),
                    part / 2.0,
                    0.011,
                    transform=self.axes.transAxes,
                    facecolor=colour,
                    edgecolor=INK,
                    linewidth=0.8,
                    zorder=20,
                )
            )
        unit, shown = ("km", length / KM) if length >= KM else ("m", length)
        for where, text in (
            (0.0, "0"),
            (part / 2.0, f"{shown / 2.0:g}"),
            (part, f"{shown:g} {unit}"),
        ):
            self.axes.text(
                0.025 + where,
                0.05,
                text,
                transform=self.axes.transAxes,
                ha="center",
                fontproperties=self.font(10.5),
                path_effects=[withStroke(linewidth=2.0, foreground="white")],
                zorder=20,
            )

    def legend(self, title: str) -> None:
        """Legend beside the map, of what was drawn with a label."""
        if not self.entries:
            return
        handles, texts = zip(*self.entries, strict=True)
        legend = self.figure.legend(
            handles,
            [self._wrapped(text) for text in texts],
            loc="upper left",
            bbox_to_anchor=(0.755, 0.875),
            prop=self.font(LEGEND_PT),
            title=self.letters.shown(title),
            title_fontproperties=self.font(14),
            frameon=False,
            alignment="left",
            handlelength=1.6,
            labelspacing=0.55,
            borderaxespad=0.0,
        )
        legend.set_in_layout(False)

    def _wrapped(self, text: str, size: float = LEGEND_PT) -> str:
        """Break a text where the column beside the map ends."""
        room = LEGEND_IN * POINTS_PER_INCH / size
        lines = [""]
        for piece in PIECES.findall(self.letters.shown(text)):
            if lines[-1] and _ems(lines[-1] + piece.rstrip()) > room:
                lines.append("")
            lines[-1] += piece
        return "\n".join(line.strip() for line in lines)

    def note(self, lines: Sequence[str]) -> None:
        """Lines in the lower part of the column beside the map."""
        shown = [part for line in lines for part in self._wrapped(line, NOTE_PT).split("\n")]
        for i, line in enumerate(reversed(shown)):
            self._write(0.757, 0.10 + 0.032 * i, line, NOTE_PT, colour=INK)

    # --- layers -----------------------------------------------------------------------------------

    def land(self, boundary: BaseGeometry) -> None:
        """Ground of the region, its outline above everything else."""
        outline = gpd.GeoSeries([boundary])
        outline.plot(ax=self.axes, facecolor=PAPER, edgecolor="none", zorder=1, aspect=None)
        outline.boundary.plot(ax=self.axes, color=OUTLINE, linewidth=1.4, zorder=9, aspect=None)

    def townships(self, townships: gpd.GeoDataFrame, *, names: bool = True) -> None:
        """Borders of townships, with their names."""
        # neighbours share their borders: each is drawn once, or the dashes of the two would close up
        borders = gpd.GeoSeries([shapely.line_merge(shapely.union_all(townships.boundary.array))])
        borders.plot(
            ax=self.axes,
            color=TOWNSHIP,
            linewidth=0.8,
            linestyle=(0, (5, 3)),
            zorder=8,
            aspect=None,
        )
        if not names:
            return
        for name, geometry in zip(townships["name"], townships.geometry, strict=True):
            largest = max(shapely.get_parts(geometry), key=shapely.area)
            self.label(largest.representative_point(), str(name), 13, colour="#45405a")

    def label(self, point: Any, text: str, size: float, *, colour: str = INK) -> None:  # noqa: ANN401
        """Text at a point, with a light edge; nothing outside the map."""
        (west, east), (south, north) = self.axes.get_xlim(), self.axes.get_ylim()
        if not (west < point.x < east and south < point.y < north):
            return
        self.axes.text(
            point.x,
            point.y,
            self.letters.shown(text),
            ha="center",
            va="center",
            fontproperties=self.font(size),
            color=colour,
            path_effects=[withStroke(linewidth=2.2, foreground="white")],
            clip_on=True,
            zorder=12,
        )

    def names(
        self, points: gpd.GeoSeries, texts: Sequence[str], size: float, *, colour: str = INK
    ) -> int:
        """
        Names beside their marks, out of the way of each other and of the marks.

        Parameters
        ----------
        points : GeoSeries
            Marks.
        texts : sequence of str
            A name each.
        size : float
            Of the type. [pt]
        colour : str
            Of the type.

        Returns
        -------
        left_out : int
            Names for which there was no room.
        """
        scale = POINTS_PER_INCH * SIZE_IN[0] * MAP_BOX[2] / self.width_m
        west, south = self.axes.get_xlim()[0], self.axes.get_ylim()[0]
        x, y = (points.x.to_numpy() - west) * scale, (points.y.to_numpy() - south) * scale
        taken = [
            (a - MARK_PT, b - MARK_PT, a + MARK_PT, b + MARK_PT) for a, b in zip(x, y, strict=True)
        ]
        room = [
            part * side * POINTS_PER_INCH for part, side in zip(MAP_BOX[2:], SIZE_IN, strict=True)
        ]
        left_out = 0
        for a, b, text in zip(x, y, texts, strict=True):
            wide = _ems(text) * size
            for across, up in PLACES:
                middle = (
                    a + across * (wide / 2.0 + 1.2 * MARK_PT),
                    b + up * (size / 2.0 + MARK_PT),
                )
                half = (wide / 2.0, 0.55 * size)
                box = (
                    middle[0] - half[0],
                    middle[1] - half[1],
                    middle[0] + half[0],
                    middle[1] + half[1],
                )
                inside = box[0] > 0.0 and box[2] < room[0] and box[1] > 0.0 and box[3] < room[1]
                if inside and not any(_overlap(box, other) for other in taken):
                    taken.append(box)
                    place = shapely.Point(west + middle[0] / scale, south + middle[1] / scale)
                    self.label(place, text, size, colour=colour)
                    break
            else:
                left_out += 1
        return left_out

    def raster(self, picture: Any, extent: tuple[float, float, float, float]) -> None:  # noqa: ANN401
        """Cells as they are: west, east, south, north of the picture. [m]."""
        limits = self.axes.get_xlim(), self.axes.get_ylim()
        self.axes.imshow(picture, extent=extent, interpolation="nearest", zorder=2, origin="upper")
        self.axes.set_xlim(limits[0])
        self.axes.set_ylim(limits[1])
        self.axes.set_aspect("equal")

    def roads(self, roads: gpd.GeoDataFrame, *, alpha: float = 1.0) -> None:
        """Roads as ground, wider ones of higher classes."""
        classes = roads["class"].astype("string").fillna("other")
        width = classes.map(ROAD_WIDTHS).fillna(ROAD_WIDTHS["other"]).to_numpy(dtype=float)
        roads.plot(
            ax=self.axes, color=ROAD_COLOUR, linewidth=width, alpha=alpha, zorder=3, aspect=None
        )

    def lines(self, rows: gpd.GeoSeries, colour: str, label: str, *, width: float = 1.8) -> None:
        """Lines of one meaning."""
        if len(rows):
            rows.plot(ax=self.axes, color=colour, linewidth=width, zorder=5, aspect=None)
        self.entries.append((Line2D([], [], color=colour, linewidth=width), label))

    def areas(
        self,
        rows: gpd.GeoSeries,
        colour: str,
        label: str,
        *,
        alpha: float = 0.35,
        hatch: str | None = None,
    ) -> None:
        """Areas of one meaning, told from others by a hatch besides the colour where one is given."""
        look: dict[str, Any] = {
            "facecolor": "none" if hatch else colour,
            "edgecolor": colour,
            "alpha": alpha,
            "linewidth": 0.6,
            "hatch": hatch,
        }
        if len(rows):
            rows.plot(ax=self.axes, **look, zorder=4, aspect=None)
        self.entries.append((Patch(**look), label))

    def points(
        self,
        rows: gpd.GeoSeries,
        style: tuple[str, str],
        label: str,
        *,
        size: float = 5.0,
    ) -> None:
        """Points of one meaning: a mark and its colour. `size` in points."""
        marker, colour = style
        look: dict[str, Any] = {
            "marker": marker,
            "markersize": size,
            "markerfacecolor": colour,
            "markeredgecolor": "white",
            "markeredgewidth": 0.4,
            "linestyle": "none",
        }
        if len(rows):
            self.axes.plot(rows.x.to_numpy(), rows.y.to_numpy(), **look, zorder=10)
        self.entries.append((Line2D([], [], **(look | {"markersize": max(size, 6.0)})), label))

    def swatch(self, colour: str, label: str) -> None:
        """Legend entry of a colour that the picture uses."""
        self.entries.append((Patch(facecolor=colour, edgecolor="#b9b3a8", linewidth=0.5), label))

    # --- files ------------------------------------------------------------------------------------

    def png(self) -> bytes:
        """Picture of 300 dots an inch; the same sheet gives the same bytes."""
        self.axes.set_xlabel("")  # what the layers' plots leave there
        self.axes.set_ylabel("")
        return packed(self.figure)


def packed(figure: Figure) -> bytes:
    """
    Draw a figure as PNG.

    Parameters
    ----------
    figure : Figure
        The figure, with a canvas of dots.

    Returns
    -------
    picture : bytes
        PNG of ``DPI`` dots an inch without transparency.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="raw", dpi=DPI)
    width, height = (int(side * DPI) for side in figure.get_size_inches())
    dots = Image.frombuffer("RGBA", (width, height), drawn.getvalue(), "raw", "RGBA", 0, 1)
    file = io.BytesIO()
    dots.convert("RGB").save(file, "PNG", dpi=(DPI, DPI), compress_level=3)
    return file.getvalue()


def _ems(text: str) -> float:
    """Width of a text. [em]."""
    wide = sum(unicodedata.east_asian_width(letter) in "WFA" for letter in text)
    return wide + LATIN_EM * (len(text) - wide)


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    """Whether two boxes (left, lower, right, upper) share ground."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
