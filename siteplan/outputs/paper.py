"""
Sets blocks as a Word document: page, styles, numbering, fields. The only importer of python-docx.

Page and type follow GB/T 9704-2012 (official papers): A4, margins 37, 26, 35 and 28 mm, body 仿宋 三号,
chapters 黑体, page numbers 四号 between dashes at the outer edge. Tables are 宋体, captions 黑体.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import docx
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import (
    WD_ALIGN_PARAGRAPH,
    WD_BREAK,
    WD_LINE_SPACING,
    WD_TAB_ALIGNMENT,
    WD_TAB_LEADER,
)
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from PIL import Image

from siteplan.outputs.blocks import Heading, Picture, Sentences, Table, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from siteplan.outputs.blocks import Block
    from siteplan.outputs.words import Words

A4_MM: Final = (210.0, 297.0)
MARGINS_MM: Final = {
    "top_margin": 37.0,
    "right_margin": 26.0,
    "bottom_margin": 35.0,
    "left_margin": 28.0,
}
"""GB/T 9704-2012, sec. 5.2: top 37 and binding edge 28 mm, type area 156 by 225 mm. [mm]"""

LANDSCAPE_MARGINS_MM: Final = {
    "top_margin": 28.0,
    "right_margin": 25.0,
    "bottom_margin": 25.0,
    "left_margin": 25.0,
}
FIXED_DATE: Final = (1980, 1, 1, 0, 0, 0)
CREATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # the format holds no time zone
"""Dates in the file: constants, so that the same plan gives the same bytes."""

PICTURE_WIDTH_MM: Final = 138.0
"""Two figures with their captions fit on a page."""

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

SHORT_ROWS: Final = 8
"""A table of so few rows stays on one page; of a longer one, two rows stay together at either end."""

CELL_STYLE: Final = "Plancell"
"""How the library writes the name of the style "Plan cell" in the file."""


@dataclass(frozen=True, slots=True)
class Face:
    """Type of a style: East Asian and Latin font, size in points, and whether it is bold."""

    asian: str
    latin: str
    size: float
    bold: bool = False


FACES: Final[Mapping[str, Mapping[str, Face]]] = {
    "zh": {
        "body": Face("仿宋", "Times New Roman", 16.0),
        "Heading 1": Face("黑体", "Times New Roman", 18.0),
        "Heading 2": Face("楷体", "Times New Roman", 16.0, bold=True),
        "caption": Face("黑体", "Times New Roman", 12.0),
        "cells": Face("宋体", "Times New Roman", 10.5),
        "title": Face("黑体", "Times New Roman", 26.0),
        "toc": Face("宋体", "Times New Roman", 14.0),
    },
    "en": {
        "body": Face("宋体", "Times New Roman", 11.0),
        "Heading 1": Face("黑体", "Times New Roman", 16.0, bold=True),
        "Heading 2": Face("黑体", "Times New Roman", 13.0, bold=True),
        "caption": Face("黑体", "Times New Roman", 10.0, bold=True),
        "cells": Face("宋体", "Times New Roman", 9.0),
        "title": Face("黑体", "Times New Roman", 24.0, bold=True),
        "toc": Face("宋体", "Times New Roman", 11.0),
    },
}
ANNEX_CELL_PT: Final = 9.0
LINE_PT: Final = {"zh": 28.9, "en": 15.0}
"""Distance of lines: 22 lines on 225 mm make 28.9 pt in official papers. [pt]"""


class Paper:
    """
    A document being written.

    Parameters
    ----------
    words : Words
        Language.
    template : Path, optional
        A document whose styles, margins, headers and pages are kept; the rest is put after them.
    """

    def __init__(self, words: Words, template: Path | None = None) -> None:
        self.words = words
        self.faces = FACES[words.language]
        self.given = template is not None
        self.document = docx.Document(None if template is None else str(template))
        self.landscape = False
        self.bookmarks = 0
        self.numbers = {"table": 0, "figure": 0}
        self._styles()
        if not self.given:
            self._page(self.document.sections[0], MARGINS_MM)

    # --- styles and pages -------------------------------------------------------------------------

    def _styles(self) -> None:
        """Make the styles that blocks use; a template keeps its own."""
        styles = self.document.styles
        body = self.faces["body"]
        if not self.given:
            _set_face(styles["Normal"], body)
            _spacing(styles["Normal"], LINE_PT[self.words.language])
            for name in ("Heading 1", "Heading 2"):
                _set_face(styles[name], self.faces[name])
                styles[name].font.color.rgb = RGBColor(0, 0, 0)
                form = styles[name].paragraph_format
                form.space_before, form.space_after = Pt(12), Pt(6)
                form.line_spacing_rule = WD_LINE_SPACING.SINGLE
                form.keep_with_next = True
            styles["Heading 1"].paragraph_format.page_break_before = False
            if self.words.language == "zh":
                styles["Heading 1"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._style("Plan body", body, indent=self.words.language == "zh")
        self._style("Plan caption", self.faces["caption"], centred=True, line=None)
        self._style("Plan cell", self.faces["cells"], line=None)
        for level in (1, 2):
            self._style(f"Plan contents {level}", self.faces["toc"], line=24.0)

    def _style(
        self,
        name: str,
        face: Face,
        *,
        indent: bool = False,
        centred: bool = False,
        line: float | None = 0.0,
    ) -> None:
        styles = self.document.styles
        if name in styles:
            return
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        _set_face(style, face)
        form = style.paragraph_format
        form.space_before = form.space_after = Pt(0)
        if line is None:
            form.line_spacing_rule = WD_LINE_SPACING.SINGLE
        else:
            _spacing(style, line or LINE_PT[self.words.language])
        if indent:
            properties = style.element.get_or_add_pPr()
            twips = round(2 * face.size * 20)
            indent_xml = f'<w:ind {nsdecls("w")} w:firstLineChars="200" w:firstLine="{twips}"/>'
            properties.append(parse_xml(indent_xml))
        if centred:
            form.alignment = WD_ALIGN_PARAGRAPH.CENTER

    def _page(self, section: Any, margins: Mapping[str, float]) -> None:  # noqa: ANN401  # untyped library
        wide = margins is LANDSCAPE_MARGINS_MM
        width, height = (Mm(A4_MM[1]), Mm(A4_MM[0])) if wide else (Mm(A4_MM[0]), Mm(A4_MM[1]))
        section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = width, height
        for name, value in margins.items():
            setattr(section, name, Mm(value))
        section.header_distance, section.footer_distance = Mm(18), Mm(22)

    def turn(self, *, landscape: bool) -> None:
        """Begin pages that lie on their side, or stand again."""
        if landscape == self.landscape:
            return
        self.landscape = landscape
        section = self.document.add_section(WD_SECTION.NEW_PAGE)
        for numbering in section._sectPr.findall(qn("w:pgNumType")):  # noqa: SLF001
            section._sectPr.remove(numbering)  # noqa: SLF001  # page numbers run on
        if landscape or not self.given:
            self._page(section, LANDSCAPE_MARGINS_MM if landscape else MARGINS_MM)

    def body_section(self, header: str) -> None:
        """Begin the numbered pages: header line, page numbers at the outer edges."""
        section = self.document.add_section(WD_SECTION.NEW_PAGE)
        if self.given:
            return
        self._page(section, MARGINS_MM)
        numbering = parse_xml(f'<w:pgNumType {nsdecls("w")} w:start="1"/>')
        section._sectPr.append(numbering)  # noqa: SLF001  # python-docx has no call for it
        self.document.settings.odd_and_even_pages_header_footer = True
        edges = (
            (section.header, section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
            (section.even_page_header, section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
        )
        for top, bottom, edge in edges:
            top.is_linked_to_previous = bottom.is_linked_to_previous = False
            line = top.paragraphs[0]
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            _run(line, header, Face("宋体", "Times New Roman", 9.0))
            number = bottom.paragraphs[0]
            number.alignment = edge
            before, after = self.words("cover.page").split("{n}")
            space = self.words("signs.space")
            face = Face("宋体", "Times New Roman", 14.0)
            _run(number, f"{space}{before}", face)
            _field(number, "PAGE", "1", face)
            _run(number, f"{after}{space}", face)

    # --- blocks -----------------------------------------------------------------------------------

    def title_page(self, lines: Sequence[tuple[str, str]]) -> None:
        """Put a cover: texts with their role (title, sub, blank, foot)."""
        for role, text in lines:
            paragraph = self.document.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
            paragraph.paragraph_format.space_after = Pt(10)
            face = self.faces["title"]
            if role == "sub":
                face = Face(face.asian, face.latin, 18.0)
            elif role == "foot":
                face = Face(self.faces["body"].asian, face.latin, 16.0)
            _run(paragraph, text, face)

    def contents(self, headings: Sequence[tuple[str, int, str]]) -> None:
        """
        Put a table of contents: headings as links, with fields for their pages.

        Each page number is a field of its own, which every program works out when it opens the file;
        one field for the whole table would stay without numbers until somebody brings it up to date.
        """
        top = self.document.add_paragraph()
        top.paragraph_format.page_break_before = True
        top.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(top, self.words("cover.contents"), self.faces["Heading 1"])
        width = self._width_mm()
        for text, level, name in headings:
            entry = self.document.add_paragraph(style=f"Plan contents {level}")
            form = entry.paragraph_format
            form.left_indent = Mm(7.0 * (level - 1))
            form.tab_stops.add_tab_stop(Mm(width), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
            link = parse_xml(f'<w:hyperlink {nsdecls("w")} w:anchor="{name}" w:history="1"/>')
            entry._p.append(link)  # noqa: SLF001  # python-docx has no call for it
            _run(entry, text, self.faces["toc"], into=link)
            _run(entry, "\t", self.faces["toc"], into=link)
            _field(entry, f"PAGEREF {name} \\h", "", self.faces["toc"], into=link, dirty=True)

    def add(self, block: Block, pictures: Mapping[str, bytes]) -> None:
        """Put one block; a figure that was not drawn is left out."""
        if isinstance(block, Heading):
            self._heading(block)
        elif isinstance(block, Sentences):
            paragraph = self.document.add_paragraph(style="Plan body")
            if block.missing:
                _run(paragraph, self.words("common.lack"), self.faces["caption"], size=False)
            _run(paragraph, block.text, None)
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Turn):
            self.turn(landscape=block.landscape)
        elif block.name in pictures:
            self._picture(block, pictures[block.name])

    def _heading(self, block: Heading) -> None:
        paragraph = self.document.add_heading(block.text, block.level)
        if block.level == 1 and self.bookmarks:
            paragraph.paragraph_format.page_break_before = not self._at_top()
        self.bookmarks += 1
        name = bookmark(self.bookmarks)
        start = f'<w:bookmarkStart {nsdecls("w")} w:id="{self.bookmarks}" w:name="{name}"/>'
        end = f'<w:bookmarkEnd {nsdecls("w")} w:id="{self.bookmarks}"/>'
        paragraph._p.insert(1, parse_xml(start))  # noqa: SLF001  # python-docx has no call for it
        paragraph._p.append(parse_xml(end))  # noqa: SLF001

    def _at_top(self) -> bool:
        """Whether the heading just put begins a section anyway."""
        before = self.document.paragraphs[-1]._p.getprevious()  # noqa: SLF001
        return before is not None and before.find(f".//{qn('w:sectPr')}") is not None

    def _caption(self, kind: str, text: str, *, above: bool) -> None:
        self.numbers[kind] += 1
        paragraph = self.document.add_paragraph(style="Plan caption")
        paragraph.paragraph_format.space_before = Pt(8 if above else 2)
        paragraph.paragraph_format.space_after = Pt(4 if above else 10)
        paragraph.paragraph_format.keep_with_next = above
        label = self.words(f"numbering.{kind}")
        gap = "" if self.words.language == "zh" else " "
        _run(paragraph, f"{label}{gap}", None)
        _field(paragraph, f"SEQ {label} \\* ARABIC", str(self.numbers[kind]), None)
        _run(paragraph, f"{self.words('signs.space')}{text}", None)

    def _picture(self, block: Picture, picture: bytes) -> None:
        paragraph = self.document.add_paragraph(style="Plan caption")
        paragraph.paragraph_format.keep_with_next = True
        paragraph.paragraph_format.space_before = Pt(8)
        shown = paragraph.add_run().add_picture(_smaller(picture), width=Mm(PICTURE_WIDTH_MM))
        shown._inline.docPr.set("descr", block.caption)  # noqa: SLF001  # text for blind readers
        self._caption("figure", block.caption, above=False)

    def _table(self, block: Table) -> None:
        if not block.annex:
            self._caption("table", block.caption, above=True)
        size = ANNEX_CELL_PT if self.landscape else self.faces["cells"].size
        widths = column_widths(block, self._width_mm(), size)
        self.document._body._element.insert_element_before(  # noqa: SLF001
            parse_xml(_table_xml(block, widths, size)), "w:sectPr"
        )
        after = self.document.add_paragraph(block.note, style="Plan cell")
        after.paragraph_format.space_after = Pt(4)

    def _width_mm(self) -> float:
        section: Any = self.document.sections[-1]
        inner = section.page_width - section.left_margin - section.right_margin
        return float(inner) / float(Mm(1))

    def page_break(self) -> None:
        """Go to a new page."""
        self.document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    # --- the file ---------------------------------------------------------------------------------

    def content(self, title: str) -> bytes:
        """Return the file: the same document gives the same bytes."""
        properties = self.document.core_properties
        properties.title, properties.author, properties.comments = title, "", ""
        properties.last_modified_by = ""
        properties.created = properties.modified = CREATED
        properties.language = "zh-CN" if self.words.language == "zh" else "en"
        buffer = io.BytesIO()
        self.document.save(buffer)
        fixed = io.BytesIO()
        with (
            zipfile.ZipFile(buffer) as old,
            zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for name in old.namelist():
                info = zipfile.ZipInfo(name, FIXED_DATE)
                info.compress_type = zipfile.ZIP_DEFLATED
                new.writestr(info, old.read(name))
        return fixed.getvalue()


def _smaller(picture: bytes) -> io.BytesIO:
    """Picture of half the size and 256 colours: about 300 dots an inch as it is printed."""
    with Image.open(io.BytesIO(picture)) as image:
        half = image.convert("RGB").reduce(2).quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    half.save(file, "PNG")
    file.seek(0)
    return file


def bookmark(number: int) -> str:
    """
    Name of the bookmark of a heading.

    Parameters
    ----------
    number : int
        Its place among the headings, from 1.

    Returns
    -------
    name : str
        As Word names its own.
    """
    return f"_Toc{number:08d}"


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


def _table_xml(table: Table, widths: Sequence[float], size_pt: float) -> str:
    """
    Table as text: thousands of cells are written many times faster than by the library.

    The header repeats on every page, no row is cut, and a short table stays on one page.
    """
    twips = [round(width / 25.4 * 1440.0) for width in widths]
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    room = {"top": 30, "left": 70, "bottom": 30, "right": 70}
    sides = "".join(f'<w:{side} w:w="{width}" w:type="dxa"/>' for side, width in room.items())
    opening = (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(twips)}" w:type="dxa"/><w:jc w:val="center"/>'
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
    together = {*range(last)} if last < SHORT_ROWS else {0, last - 1}
    parts += [
        _row_xml(row, twips, align, size_pt, bold=table.total and i == last, follow=i in together)
        for i, row in enumerate(table.rows)
    ]
    return "".join([*parts, "</w:tbl>"])


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


def _set_face(style: Any, face: Face) -> None:  # noqa: ANN401  # untyped library
    style.font.name = face.latin
    style.font.size = Pt(face.size)
    style.font.bold = face.bold
    style.font.italic = False
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), face.asian)
    fonts.set(qn("w:hAnsi"), face.latin)
    look = style.element.get_or_add_rPr()
    for old in look.findall(qn("w:lang")):
        look.remove(old)
    look.append(parse_xml(f'<w:lang {nsdecls("w")} w:val="en-US" w:eastAsia="zh-CN"/>'))


def _spacing(style: Any, points: float) -> None:  # noqa: ANN401  # untyped library
    form = style.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    form.line_spacing = Pt(points)


def _run(
    paragraph: Any,  # noqa: ANN401  # untyped library
    text: str,
    face: Face | None,
    *,
    into: Any = None,  # noqa: ANN401  # an element of XML
    size: bool = True,
) -> None:
    """Add text in a type; inside another element when one is given."""
    run = paragraph.add_run(text)
    if face is not None:
        run.font.name = face.latin
        if size:
            run.font.size = Pt(face.size)
        run.font.bold = face.bold
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face.asian)  # noqa: SLF001
    if into is not None:
        into.append(run._r)  # noqa: SLF001


def _field(
    paragraph: Any,  # noqa: ANN401  # untyped library
    code: str,
    shown: str,
    face: Face | None,
    *,
    into: Any = None,  # noqa: ANN401  # an element of XML
    dirty: bool = False,
) -> None:
    """Add a field with what it shows until it is brought up to date; a dirty one is, on opening."""
    _field_begin(paragraph, code, into=into, dirty=dirty)
    _run(paragraph, shown, face, into=into)
    _field_end(paragraph, into=into)


def _field_begin(paragraph: Any, code: str, *, into: Any = None, dirty: bool = False) -> None:  # noqa: ANN401
    mark = ' w:dirty="true"' if dirty else ""
    pieces = (
        f'<w:fldChar w:fldCharType="begin"{mark}/>',
        f'<w:instrText xml:space="preserve"> {escape(code)} </w:instrText>',
        '<w:fldChar w:fldCharType="separate"/>',
    )
    target = paragraph._p if into is None else into  # noqa: SLF001
    for piece in pieces:
        target.append(parse_xml(f"<w:r {nsdecls('w')}>{piece}</w:r>"))


def _field_end(paragraph: Any, *, into: Any = None) -> None:  # noqa: ANN401
    target = paragraph._p if into is None else into  # noqa: SLF001
    target.append(parse_xml(f'<w:r {nsdecls("w")}><w:fldChar w:fldCharType="end"/></w:r>'))
