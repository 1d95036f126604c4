"""
What a document is made of, before it has a format: headings, sentences, tables, figures.

Chapters give these blocks; :mod:`siteplan.outputs.paper` sets them. Sentences stand in
``assets/document_<language>.toml`` with places for figures, so that no prose stands in code.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd

from siteplan import schema
from siteplan.gaps import CAUSE_EN, CAUSE_ZH
from siteplan.outputs.map_data import projection, value_text
from siteplan.outputs.translation import in_chinese
from siteplan.targets import STATE_ZH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyproj import CRS

    from siteplan.outputs.options import Language

TEN_THOUSAND: Final = 1e4
"""Yuan in one 万元."""

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


class Words:
    """
    Sentences, headings and the words of categories in one language.

    Parameters
    ----------
    language : {"zh", "en"}
        Language.

    Examples
    --------
    >>> Words("zh").label("lamp_pole"), Words("en").label("lamp_pole")
    ('路灯杆', 'lamp pole')
    >>> Words("zh").count(1135, "station")
    '1135个'
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        path = files("siteplan.outputs") / "assets" / f"document_{language}.toml"
        self._texts: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))

    def __call__(self, key: str, **values: object) -> str:
        """Text of a key such as ``general.scope``, its places filled in."""
        found: Any = self._texts
        for part in key.split("."):
            found = found[part]
        return str(found).format(**values) if values else str(found)

    def table(self, key: str) -> list[str]:
        """Header of a table."""
        found: Any = self._texts["tables"][key]
        return [str(text) for text in found["header"]]

    def caption(self, key: str, **values: object) -> str:
        """Caption of a table or figure."""
        return str(self._texts["tables"][key]["caption"]).format(**values)

    def pick(self, zh: str, en: str) -> str:
        """Whichever of two texts is of this language; the Chinese one when the other is missing."""
        return en if self.language == "en" and en else zh

    def label(self, word: object) -> str:
        """Word of a category for reading."""
        if word is None or pd.isna(word) or word == "":
            return self("common.unknown")
        text = str(word)
        if self.language == "zh":
            return schema.ZH.get(text, text)
        return text.replace("_", " ") if text in schema.ZH else text

    def attribute(self, name: str) -> str:
        """Header of a column of a layer, for reading."""
        columns = {c.name: c.zh for table in schema.TABLES.values() for c in table.columns}
        return columns.get(name, name) if self.language == "zh" else name

    def state(self, state: object) -> str:
        """State of a rule for reading."""
        if state is None or pd.isna(state):
            return self("common.none")
        return STATE_ZH[str(state)] if self.language == "zh" else str(state).replace("_", " ")

    def cause(self, cause: str) -> str:
        """Cause of a gap for reading."""
        return (CAUSE_ZH if self.language == "zh" else CAUSE_EN)[cause]

    def reason(self, reason: str) -> str:
        """Reason of a state for reading."""
        return in_chinese(reason) if self.language == "zh" else reason

    def count(self, number: float, unit: str) -> str:
        """Whole number with its counting word."""
        return self(f"units.{unit}", n=whole(number))

    def value(self, value: float, unit: str, required: float = math.nan) -> str:
        """Value of a rule for reading."""
        return value_text(float(value), unit, float(required), unknown=self("common.unknown"))

    def required(self, required: float, unit: str) -> str:
        """Print the required value of a rule."""
        if math.isnan(required):
            return self("common.no_mark")
        return f"{100.0 * required:.10g}%" if unit == "share" else whole(required)

    def joined(self, texts: Sequence[str]) -> str:
        """Texts in one enumeration."""
        return ("、" if self.language == "zh" else ", ").join(texts)

    def listed(self, texts: Sequence[str]) -> str:
        """Clauses in one sentence."""
        return ("，" if self.language == "zh" else "; ").join(texts)

    def money(self, yuan: float) -> str:
        """Amount for a sentence."""
        return self("units.money", n=ten_thousand(yuan))


def whole(number: float) -> str:
    """
    Whole number as official papers print it: without separators.

    Parameters
    ----------
    number : float
        Count; missing is a dash.

    Returns
    -------
    text : str
        Digits.

    Examples
    --------
    >>> whole(1135.0), whole(float("nan"))
    ('1135', '—')
    """
    return "—" if pd.isna(number) else f"{float(number):.0f}"


def decimal(number: float, digits: int = 2) -> str:
    """
    Print a number with decimals.

    Parameters
    ----------
    number : float
        Value; missing is a dash.
    digits : int
        Decimals.

    Returns
    -------
    text : str
        Digits.
    """
    return "—" if pd.isna(number) else f"{float(number):.{digits}f}"


def ten_thousand(yuan: float) -> str:
    """
    Yuan in units of ten thousand.

    Parameters
    ----------
    yuan : float
        Amount. [CNY]

    Returns
    -------
    text : str
        With two decimals.

    Examples
    --------
    >>> ten_thousand(1_332_000.0)
    '133.20'
    """
    return decimal(yuan / TEN_THOUSAND)


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
    >>> system_name(CRS.from_epsg(4545), Words("zh"))
    'CGCS2000，高斯-克吕格投影3度带，中央经线108°E（EPSG:4545）'
    """
    found, code = projection(crs), crs.to_epsg()
    told = f"EPSG:{code}" if code is not None else crs.name
    if code in GAUSS_ZONES:
        return words("general.gauss", lon=f"{found['lon0']:g}", code=told)
    return words("general.system", datum=found["datum"], name=crs.name, code=told)
