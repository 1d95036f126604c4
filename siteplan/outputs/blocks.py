"""
What a document is made of, before it has a format: headings, sentences, tables, figures.

Chapters give these blocks; :mod:`siteplan.outputs.paper` sets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

from siteplan.outputs.map_data import projection

if TYPE_CHECKING:
    from pyproj import CRS

    from siteplan.outputs.words import Words

GAUSS_ZONES: Final = range(4534, 4555)
"""EPSG codes of the CGCS2000 zones of three degrees without zone number."""

Align = Literal["left", "right", "centre"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading of a level, 1 for a chapter."""

    text: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """A paragraph; ``missing`` when it tells that something is not known."""

    text: str
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    A table with caption and header.

    Attributes
    ----------
    name : str
        Plain name for scripts and tests, unique in the document.
    caption : str
        Without its number.
    header : tuple of str
        One text a column, units included.
    rows : tuple of tuple of str
        As printed, line feeds included; the last is the total when `total` says so.
    align : tuple of {"left", "right", "centre"}
        One word a column.
    total : bool
        Whether the last row adds up the others.
    weights : tuple of float
        Relative widths of the columns; empty to take them from the texts.
    note : str
        Line under the table.
    annex : bool
        Whether the table is an annex: the heading above it is its caption then, and it has no number.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: tuple[Align, ...]
    total: bool = False
    weights: tuple[float, ...] = ()
    note: str = ""
    annex: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure of the atlas by name, with its caption."""

    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class Turn:
    """From here on pages lie on their side, or stand again."""

    landscape: bool


Block = Heading | Sentences | Table | Picture | Turn


def text_of(value: object, *, missing: str = "—") -> str:
    r"""
    Text of a cell from the data: control characters go, white space is one blank.

    Parameters
    ----------
    value : object
        Cell of a table.
    missing : str
        What stands for a missing value.

    Returns
    -------
    text : str
        One line that any XML holds.

    Examples
    --------
    >>> text_of("东村\x00\n 一组"), text_of(None)
    ('东村 一组', '—')
    """
    if value is None or pd.isna(value):
        return missing
    plain = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return " ".join(plain.split()) or missing


def system_name(crs: CRS, words: Words) -> str:
    """
    Coordinate reference system as a planner calls it.

    Parameters
    ----------
    crs : pyproj.CRS
        Projected system.
    words : Words
        Language.

    Returns
    -------
    name : str
        Datum, projection and EPSG code.

    Examples
    --------
    >>> from pyproj import CRS
    >>> from siteplan.outputs.words import Words
    >>> system_name(CRS.from_epsg(4545), Words("zh"))
    'CGCS2000，高斯-克吕格投影3度带，中央经线108°E（EPSG:4545）'
    """
    found, code = projection(crs), crs.to_epsg()
    told = f"EPSG:{code}" if code is not None else crs.name
    if code in GAUSS_ZONES:
        return words("general.gauss", lon=f"{found['lon0']:g}", code=told)
    return words("general.system", datum=found["datum"], name=crs.name, code=told)
