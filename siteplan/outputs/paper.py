"""
Sets blocks as a Word document: page, styles, numbering, fields. The only importer of python-docx.

Page and type follow GB/T 9704-2012 (official papers): A4, margins 37, 26, 35 and 28 mm, body 仿宋 三号,
chapters 黑体, page numbers 四号 between dashes at the outer edge. Tables are 宋体, captions 黑体.
"""

from __future__ import annotations

import io
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
    WD_LINE_SPACING,
    WD_TAB_ALIGNMENT,
    WD_TAB_LEADER,
)
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from PIL import Image

from siteplan.outputs.blocks import Heading, Picture, Sentences, Table, Turn
from siteplan.outputs.paper_tables import table_xml

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
CONTENTS_LINE_PT: Final = 20.5
"""Distance of the lines of the table of contents. [pt]"""

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
                form.space_before = Pt(24 if name == "Heading 1" else 12)
                form.space_after = Pt(12 if name == "Heading 1" else 6)
                form.line_spacing_rule = WD_LINE_SPACING.SINGLE
                form.keep_with_next = True
            styles["Heading 1"].paragraph_format.page_break_before = False
            if self.words.language == "zh":
                styles["Heading 1"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._style("Plan body", body, indent=self.words.language == "zh")
        self._style("Plan caption", self.faces["caption"], centred=True, line=None)
        self._style("Plan cell", self.faces["cells"], line=None)
        for level in (1, 2):
            self._style(f"Plan contents {level}", self.faces["toc"], line=CONTENTS_LINE_PT)

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
        self.bookmarks += 1
        name = bookmark(self.bookmarks)
        start = f'<w:bookmarkStart {nsdecls("w")} w:id="{self.bookmarks}" w:name="{name}"/>'
        end = f'<w:bookmarkEnd {nsdecls("w")} w:id="{self.bookmarks}"/>'
        paragraph._p.insert(1, parse_xml(start))  # noqa: SLF001  # python-docx has no call for it
        paragraph._p.append(parse_xml(end))  # noqa: SLF001

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
        self.document._body._element.insert_element_before(  # noqa: SLF001
            parse_xml(table_xml(block, self._width_mm(), size)), "w:sectPr"
        )
        after = self.document.add_paragraph(block.note, style="Plan cell")
        after.paragraph_format.space_after = Pt(4)

    def _width_mm(self) -> float:
        section: Any = self.document.sections[-1]
        inner = section.page_width - section.left_margin - section.right_margin
        return float(inner) / float(Mm(1))

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
