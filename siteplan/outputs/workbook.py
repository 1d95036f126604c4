"""
A workbook of plain tables: bordered cells, a frozen header with filters, a row of totals.

Text stays text: no cell becomes a formula, a link or a number, and codes keep all digits.
"""

from __future__ import annotations

import io
import math
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd
import xlsxwriter

import siteplan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CREATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # the format holds no time zone
"""Date in the properties of a workbook: a constant, so that the same plan gives the same bytes."""

CELL_LIMIT: Final = 32_767
"""Characters that a cell of a workbook holds."""

WIDEST: Final = 48
"""Widest column, in characters of Latin text; longer text is wrapped."""

LINE_PT: Final = 15.0
"""Height of a line of a row, as spreadsheets set it. [pt]"""

MOST_LINES: Final = 27
"""Lines of the highest row: the format allows 409 pt."""

WIDE: Final = 14
"""Columns from which on a sheet is printed on A3."""

Kind = Literal[
    "text", "integer", "number", "degree", "metre", "measure", "amount", "percent", "money"
]
"""How a value is shown; an ``amount`` has decimals only when it is not whole."""

STATE_FILLS: Final = {
    "met": "#C6E7C8",
    "at_risk": "#FFF2CC",
    "not_met": "#F8CBC6",
    "unknown": "#E3E3E3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a sheet: header, values, how they are shown, and what stands for a missing one."""

    header: str
    values: Sequence[Any]
    kind: Kind | Sequence[Kind] = "text"
    blank: str = ""
    states: bool = False


class Book:
    """
    A workbook with the formats that all its sheets share.

    Parameters
    ----------
    title, subject : str
        For its properties.
    states : mapping of str to str
        Word of each state, whose cells get a colour.
    total : str
        Word of the row of totals.
    """

    def __init__(self, title: str, subject: str, states: Mapping[str, str], total: str) -> None:
        self._buffer = io.BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        workbook = self.workbook = xlsxwriter.Workbook(self._buffer, options)
        workbook.set_properties(
            {
                "title": title,
                "subject": subject,
                "comments": f"siteplan {siteplan.__version__}",
                "created": CREATED,
            }
        )
        self.total = total
        base = {"valign": "top", "border": 1, "border_color": "#BFBFBF"}
        self.header = workbook.add_format(
            base | {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#DCE6F1"}
        )
        number = {
            "text": "@",
            "integer": "0_ ",
            "number": "0.0_ ",
            "degree": "0.000000_ ",
            "metre": "0.0_ ",
            "measure": "#,##0.000_ ",
            "amount": "#,##0.00_ ",
            "percent": "0.00%_ ",
            "money": "#,##0_ ",
        }
        self.formats = {
            kind: workbook.add_format(base | {"num_format": text, "text_wrap": kind == "text"})
            for kind, text in number.items()
        }
        self.totals = {
            kind: workbook.add_format(base | {"num_format": text, "bold": True})
            for kind, text in number.items()
        }
        self.states = {
            states[state]: workbook.add_format(base | {"num_format": "@", "bg_color": colour})
            for state, colour in STATE_FILLS.items()
        }

    def sheet(
        self, name: str, columns: Sequence[Column], *, totals: Mapping[str, float] | None = None
    ) -> None:
        """Write one sheet, its header frozen and filtered, and a last row of totals outside the filter."""
        sheet = self.workbook.add_worksheet(name)
        rows = len(columns[0].values)
        lines = [1] * rows
        for i, column in enumerate(columns):
            sheet.write_string(0, i, column.header, self.header)
            shown = [
                self._cell(sheet, row + 1, i, column, value)
                for row, value in enumerate(column.values)
            ]
            width = _width([column.header, *shown])
            sheet.set_column(i, i, width)
            lines = list(map(max, lines, (_lines(text, width) for text in shown)))
        for row, number in enumerate(lines):
            if number > 1:  # not every program fits rows to wrapped text
                sheet.set_row(row + 1, LINE_PT * number)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(rows, 1), len(columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(8 if len(columns) >= WIDE else 9)  # A3, A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        if totals is None or rows == 0:
            return
        sheet.write_string(rows + 1, 0, self.total, self.totals["text"])
        for i, column in enumerate(columns):
            if column.header in totals:
                kind = column.kind if isinstance(column.kind, str) else "number"
                sheet.write_number(rows + 1, i, totals[column.header], self.totals[kind])

    def content(self) -> bytes:
        """Close the workbook and give the file."""
        self.workbook.close()
        return self._buffer.getvalue()

    def _cell(
        self,
        sheet: xlsxwriter.worksheet.Worksheet,
        row: int,
        i: int,
        column: Column,
        value: Any,  # noqa: ANN401  # a cell of any table
    ) -> str:
        kind = column.kind if isinstance(column.kind, str) else column.kind[row - 1]
        if pd.isna(value) or value == "":
            value, kind = column.blank, "text"
        if value == "":
            sheet.write_blank(row, i, None, self.formats["text"])
            return ""
        if isinstance(value, str):
            text = value.replace("\r\n", "\n").replace("\r", "\n")
            text = text if len(text) <= CELL_LIMIT else f"{text[: CELL_LIMIT - 1]}…"
            cell_format = self.states.get(text) if column.states else None
            sheet.write_string(row, i, text, cell_format or self.formats["text"])
            return text
        number = float(value)
        if kind == "amount" and number.is_integer():
            kind = "money"
        sheet.write_number(row, i, number, self.formats[kind])
        return f"{number:,.0f}" + {"degree": ".000000", "money": "", "integer": ""}.get(
            kind, ".000"
        )


def _width(texts: Iterable[str]) -> float:
    """Width of a column: Chinese characters take two places."""
    longest = max(
        (_places(line) for text in texts for line in text[: 2 * WIDEST].splitlines()), default=0
    )
    return float(min(longest + 3, WIDEST))


def _lines(text: str, width: float) -> int:
    """Lines that a text takes in a column."""
    if len(text) * 2 < width and "\n" not in text:
        return 1
    lines = sum(math.ceil(_places(line) / (width - 2.0)) or 1 for line in text.splitlines())
    return min(max(lines, 1), MOST_LINES)


def _places(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)
