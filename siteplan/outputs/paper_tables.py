"""Tables of the document: widths of their columns, and the text that the file holds of them."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.outputs.blocks import Table

SPACE: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
"""Name space of what the file holds."""

MM_PER_POINT: Final = 25.4 / 72.0
CELL_PADDING_MM: Final = 1.7
LATIN_EM: Final = 0.56
CAPITAL_EM: Final = 0.72
"""Widths of small letters and digits, and of capitals: fonts that stand in for Times are wider. [em]"""

UNBROKEN: Final = re.compile(r"[\x21-\x7e\u00a1-\u024f]+|\S")
"""A word in Latin letters, or one letter of others."""

SHORT_EM: Final = 6.0
"""A line of a cell up to this wide is not broken. [em]"""

HEADER_EM: Final = 3.5
"""Width from which on a header may be broken. [em]"""

MOST_EM: Final = 22.0
"""Widest text of a column that is not broken. [em]"""

SHORT_MM: Final = 75.0
"""A table up to so high stays on one page; of a higher one, two rows stay together at either end. [mm]"""

LINE_EM: Final = 1.35
"""Distance of the lines of a cell. [em]"""

ROW_MM: Final = 1.3
"""Room above and below the text of a row, with its edge. [mm]"""

CELL_STYLE: Final = "Plancell"
"""How the library writes the name of the style "Plan cell" in the file."""


def column_widths(table: Table, width_mm: float, size_pt: float) -> list[float]:
    """
    Widths of the columns of a table.

    Parameters
    ----------
    table : Table
        The table.
    width_mm : float
        Width to share. [mm]
    size_pt : float
        Size of the type. [pt]

    Returns
    -------
    widths : list of float
        Adding up to the width: by the table's own weights, or each column as wide as its longest text where
        there is room; else no narrower than its longest word, the rest shared by what texts need. [mm]
    """
    if table.weights:
        total = sum(table.weights)
        return [width_mm * weight / total for weight in table.weights]
    em_mm, sides_mm = size_pt * MM_PER_POINT, 2.0 * CELL_PADDING_MM
    columns = list(zip(table.header, *table.rows, strict=True))
    wanted = [
        min(max([_header_ems(head), *map(_cell_ems, cells)]), MOST_EM) * em_mm + sides_mm
        for head, *cells in columns
    ]
    least = [
        min(max(_least_header_ems(head), *map(_least_ems, cells)) * em_mm + sides_mm, most)
        for (head, *cells), most in zip(columns, wanted, strict=True)
    ]
    if sum(least) >= width_mm or sum(wanted) <= width_mm:
        shown = least if sum(least) >= width_mm else wanted
        return [width_mm * width / sum(shown) for width in shown]
    part = (width_mm - sum(least)) / (sum(wanted) - sum(least))
    return [low + part * (high - low) for low, high in zip(least, wanted, strict=True)]


def _least_ems(text: str) -> float:
    """Width below which a cell reads badly: that of a short line, or of the widest word of a long one."""
    lines = text.split("\n")
    return max(wide if (wide := _ems(line)) <= SHORT_EM else _word_ems(line) for line in lines)


def _least_header_ems(text: str) -> float:
    """Width below which a header reads badly: Latin words may stand one under the other."""
    return _word_ems(text) if text.isascii() else max(_header_ems(text), _word_ems(text))


def _word_ems(text: str) -> float:
    """Width of the widest piece of a text that no line may break."""
    return max(map(_ems, UNBROKEN.findall(text)), default=1.0)


def _ems(text: str) -> float:
    """Width of a text: a Chinese letter is as wide as it is high."""
    wide = sum(unicodedata.east_asian_width(letter) in "WFA" for letter in text)
    capitals = sum("A" <= letter <= "Z" for letter in text)
    return wide + CAPITAL_EM * capitals + LATIN_EM * (len(text) - wide - capitals)


def _cell_ems(text: str) -> float:
    """Width of the widest line of a cell."""
    return max(map(_ems, text.split("\n")))


def _header_lines(text: str) -> str:
    """Header with its unit on a line of its own."""
    name, bracket, unit = text.partition("（")
    return f"{name}\n{bracket}{unit}" if bracket and name else text


def _header_ems(text: str) -> float:
    """Width of a header, whose name may take two lines."""
    name, _, unit = _header_lines(text).partition("\n")
    wide = _ems(name)
    return max(_ems(unit), wide if wide <= HEADER_EM else max(HEADER_EM, wide / 2.0 + 1.0))


def table_xml(table: Table, width_mm: float, size_pt: float) -> str:
    """
    Table as text: thousands of cells are written many times faster than by the library.

    The header repeats on every page, no row is cut, and a table that is not high stays on one page.

    Parameters
    ----------
    table : Table
        The table.
    width_mm : float
        Width of the page inside its margins. [mm]
    size_pt : float
        Size of the type. [pt]

    Returns
    -------
    xml : str
        An element ``w:tbl``.
    """
    widths = column_widths(table, width_mm, size_pt)
    twips = [round(width / 25.4 * 1440.0) for width in widths]
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    room = {"top": 30, "left": 70, "bottom": 30, "right": 70}
    sides = "".join(f'<w:{side} w:w="{width}" w:type="dxa"/>' for side, width in room.items())
    opening = (
        f'<w:tbl {SPACE}><w:tblPr><w:tblW w:w="{sum(twips)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{edges}</w:tblBorders><w:tblLayout w:type="fixed"/>'
        f"<w:tblCellMar>{sides}</w:tblCellMar>"
        f'<w:tblDescription w:val="{escape(table.caption, _QUOTES)}"/></w:tblPr><w:tblGrid>'
    )
    parts = [
        opening,
        *(f'<w:gridCol w:w="{width}"/>' for width in twips),
        "</w:tblGrid>",
        _row_xml(
            [_header_lines(text) for text in table.header],
            twips,
            ["center"] * len(twips),
            size_pt,
            header=True,
        ),
    ]
    align = ["center" if word == "centre" else word for word in table.align]
    last = len(table.rows) - 1
    high = sum(_height_mm(row, widths, size_pt) for row in (table.header, *table.rows))
    together = {*range(last)} if high <= SHORT_MM else {0, last - 1}
    parts += [
        _row_xml(row, twips, align, size_pt, bold=table.total and i == last, follow=i in together)
        for i, row in enumerate(table.rows)
    ]
    return "".join([*parts, "</w:tbl>"])


def _height_mm(row: Sequence[str], widths: Sequence[float], size_pt: float) -> float:
    """Height of a row as its texts fill their columns."""
    em_mm = size_pt * MM_PER_POINT
    lines = max(
        sum(
            math.ceil(_ems(line) * em_mm / (width - 2.0 * CELL_PADDING_MM)) for line in _lines(text)
        )
        for text, width in zip(row, widths, strict=True)
    )
    return max(lines, 1) * LINE_EM * em_mm + ROW_MM


def _lines(text: str) -> list[str]:
    return [line or " " for line in text.split("\n")]


_QUOTES: Final = {'"': "&quot;"}


def _row_xml(  # one row and how it looks
    cells: Sequence[str],
    twips: Sequence[int],
    align: Sequence[str],
    size_pt: float,
    *,
    header: bool = False,
    bold: bool = False,
    follow: bool = False,
) -> str:
    half = round(2 * size_pt)
    look = "<w:b/>" if bold or header else ""
    look += f'<w:sz w:val="{half}"/><w:szCs w:val="{half}"/>'
    fill = '<w:shd w:val="clear" w:color="auto" w:fill="EDEDED"/>' if header else ""
    keep = "<w:keepNext/>" if header or follow else ""
    line_end = '</w:t><w:br/><w:t xml:space="preserve">'
    texts = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{fill}<w:vAlign w:val="center"/></w:tcPr>'
        f'<w:p><w:pPr><w:pStyle w:val="{CELL_STYLE}"/>{keep}<w:jc w:val="{side}"/></w:pPr>'
        f"<w:r><w:rPr>{look}</w:rPr>"
        f'<w:t xml:space="preserve">{escape(cell).replace(chr(10), line_end)}</w:t></w:r></w:p></w:tc>'
        for cell, width, side in zip(cells, twips, align, strict=True)
    )
    repeat = "<w:tblHeader/>" if header else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeat}</w:trPr>{texts}</w:tr>"
