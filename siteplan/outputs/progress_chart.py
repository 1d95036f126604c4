"""Chart of the targets over the years: a row a target, two fields a year, today's network and the plan's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from siteplan.outputs import monitoring
from siteplan.outputs.sheet import INK, SIZE_IN, SOFT, STATE_COLOURS, Dots, packed

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.outputs.fonts import Letters
    from siteplan.outputs.words import Words
    from siteplan.plan import Plan

LABEL_LETTERS: Final = 24
"""A longer name of a target is cut; the table of targets has it whole."""

NOT_DUE_ALPHA: Final = 0.45
"""A target whose year has not come is shown paler."""

BOX: Final = (0.36, 0.13, 0.61, 0.70)
"""Fields within the sheet: left, bottom, width, height."""

NARROW_FIELDS: Final = 8
"""With more fields in a row than this the words of the states are left to the colours and marks."""

MARKS: Final = {"met": "●", "at_risk": "▲", "not_met": "×", "unknown": "？", "measured": "○"}


class ProgressChart:
    """
    The chart, drawn.

    Parameters
    ----------
    plan : Plan
        The plan.
    words : Words
        Language.
    font : Path
        Font file.
    letters : Letters
        What the font holds.
    title, region_title : str
        Title of the sheet, and the line above it.
    """

    def __init__(  # a sheet and all that its frame says
        self,
        plan: Plan,
        words: Words,
        *,
        font: Path,
        letters: Letters,
        title: str,
        region_title: str,
    ) -> None:
        self.figure = Figure(figsize=SIZE_IN, facecolor="white")
        Dots(self.figure)
        self.words, self.path, self.letters = words, font, letters
        self.table = monitoring.progress(plan)
        self.rules = plan.region.document.rules
        self.years = list(plan.years)
        self._text(0.03, 0.962, region_title, 12, color=SOFT)
        self._text(0.03, 0.912, title, 20)
        self.axes: Any = self.figure.add_axes(BOX)
        self.axes.set_xlim(0.0, 2.0 * len(self.years))
        self.axes.set_ylim(float(len(self.rules)), 0.0)
        self.axes.set_axis_off()
        self._heads()
        rows = self.table.set_index(["rule_id", "year"])
        for i, rule in enumerate(self.rules):
            name = words.pick(rule.zh, rule.en)
            name = name if len(name) <= LABEL_LETTERS else f"{name[: LABEL_LETTERS - 1]}…"
            self._field(-0.06, i + 0.5, f"{rule.id}  {name}", 8.5, ha="right")
            for k, year in enumerate(self.years):
                row = rows.loc[(rule.id, year)]
                for j, network in enumerate(("today", "plan")):
                    self._cell(2 * k + j, i, row, network)
        self._legend()

    def png(self) -> bytes:
        """Picture of 300 dots an inch; the same plan gives the same bytes."""
        return packed(self.figure)

    def _type(self, size: float) -> FontProperties:
        return FontProperties(fname=str(self.path), size=size)

    def _text(self, x: float, y: float, text: str, size: float, **options: Any) -> None:  # noqa: ANN401  # matplotlib's
        shown = self.letters.shown(text)
        style = {"va": "center", "color": INK} | options
        self.figure.text(x, y, shown, fontproperties=self._type(size), **style)

    def _field(self, x: float, y: float, text: str, size: float, **options: Any) -> None:  # noqa: ANN401  # matplotlib's
        shown = self.letters.shown(text)
        style = {"va": "center", "color": INK} | options
        self.axes.text(x, y, shown, fontproperties=self._type(size), clip_on=False, **style)

    def _heads(self) -> None:
        for k, year in enumerate(self.years):
            self._field(2.0 * k + 1.0, -1.05, str(year), 11, ha="center")
            for j, network in enumerate(("today", "plan")):
                word = self.words(f"sheets.progress_{network}")
                self._field(2.0 * k + j + 0.5, -0.4, word, 9, ha="center", color=SOFT)

    def _cell(self, column: int, i: int, row: Any, network: str) -> None:  # noqa: ANN401  # a row of the table
        state = str(row[f"state_{network}"])
        alpha = 1.0 if row["due"] else NOT_DUE_ALPHA
        self.axes.add_patch(
            Rectangle(
                (column + 0.03, i + 0.06),
                0.94,
                0.88,
                facecolor=STATE_COLOURS[state],
                alpha=alpha,
                edgecolor="none",
            )
        )
        value = float(row[network])
        told = "" if math.isnan(value) else self.words.value(value, row["unit"], row["required"])
        narrow = 2 * len(self.years) > NARROW_FIELDS
        parts = [MARKS[state] if narrow else self.words.state(state), told]
        text = " ".join(part for part in parts if part)
        colour = "white" if row["due"] else INK
        self._field(column + 0.5, i + 0.5, text, 8, ha="center", color=colour)

    def _legend(self) -> None:
        step = 0.13
        for k, (state, colour) in enumerate(STATE_COLOURS.items()):
            left = BOX[0] + k * step
            self.figure.add_artist(
                Rectangle((left, 0.072), 0.014, 0.022, facecolor=colour, edgecolor="none")
            )
            self._text(left + 0.02, 0.083, f"{MARKS[state]} {self.words.state(state)}", 9)
        self._text(0.03, 0.030, self.words("sheets.progress_foot"), 9.5, color=SOFT)
