"""
Every word that an output prints and that is not of the data, in the language of the reader.

Words stand in ``assets/<document, lists>_<language>.toml`` with places for figures, so that no prose stands
in code; the words of the map, which its script fills in, in ``assets/map_<language>.json``.
"""

from __future__ import annotations

import json
import math
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from siteplan import schema
from siteplan.gaps import (
    CAUSE_EN,
    CAUSE_ZH,
    HINDRANCE_EN,
    HINDRANCE_ZH,
    REMEDY_EN,
    REMEDY_ZH,
    SOLUTION_EN,
    SOLUTION_ZH,
)
from siteplan.outputs.translation import fault_in_chinese, in_chinese, in_english
from siteplan.selection.explain import REASONS, REASONS_EN
from siteplan.targets import STATE_ZH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from siteplan.errors import Fault
    from siteplan.outputs.options import Language
    from siteplan.plan import Plan

TEN_THOUSAND: Final = 1e4
"""Yuan in one 万元."""

MOST_DECIMALS: Final = 4
PASS_MARK_GAP: Final = 1e-9
FILES: Final = ("document", "lists")


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
        self._texts: Mapping[str, Any] = _texts(language)
        self.states: Mapping[str, str] = {state: self.state(state) for state in STATE_ZH}
        self.causes: Mapping[str, str] = self.pick_table(CAUSE_ZH, CAUSE_EN)
        self.remedies: Mapping[str, str] = self.pick_table(REMEDY_ZH, REMEDY_EN)
        self.hindrances: Mapping[str, str] = self.pick_table(HINDRANCE_ZH, HINDRANCE_EN)
        self.solutions: Mapping[str, str] = self.pick_table(SOLUTION_ZH, SOLUTION_EN)
        self.verdicts: Mapping[str, str] = self.pick_table(REASONS, REASONS_EN)

    def __call__(self, key: str, **values: object) -> str:
        """Text of a key such as ``general.scope``, its places filled in."""
        found: Any = self._texts
        for part in key.split("."):
            found = found[part]
        return str(found).format(**values) if values else str(found)

    def group(self, key: str) -> Mapping[str, str]:
        """All texts of a group by key."""
        found: Mapping[str, str] = self._texts[key]
        return found

    def table(self, key: str) -> list[str]:
        """Header of a table."""
        found: Any = self._texts["tables"][key]
        return [str(text) for text in found["header"]]

    def caption(self, key: str, **values: object) -> str:
        """Caption of a table or figure."""
        return str(self._texts["tables"][key]["caption"]).format(**values)

    # --- names ------------------------------------------------------------------------------------

    def pick(self, zh: str, en: str) -> str:
        """Whichever of two texts is of this language; the Chinese one when the other is missing."""
        return en if self.language == "en" and en else zh

    def pick_table(self, zh: Mapping[str, str], en: Mapping[str, str]) -> Mapping[str, str]:
        """Whichever of two tables of words is of this language."""
        return zh if self.language == "zh" else en

    def region(self, plan: Plan) -> str:
        """Name of the region."""
        info = plan.region.scenario.region
        return self.pick(info.name, info.name_en)

    def rules(self, plan: Plan) -> dict[str, str]:
        """Give what each rule asks for, by its id."""
        return {rule.id: self.pick(rule.zh, rule.en) for rule in plan.region.document.rules}

    def label(self, word: object) -> str:
        """Word of a category for reading."""
        if word is None or pd.isna(word) or word == "":
            return self("common.unknown")
        text = str(word)
        if self.language == "zh":
            return schema.ZH.get(text, text)
        return text.replace("_", " ") if text in schema.ZH else text

    @property
    def labels(self) -> dict[str, str]:
        """Words of all categories."""
        return {word: self.label(word) for word in schema.ZH}

    def attribute(self, name: str) -> str:
        """
        Header of a column of a layer, for reading, without its unit.

        Examples
        --------
        >>> Words("zh").attribute("height_m"), Words("en").attribute("height_m")
        ('高度', 'height')
        """
        column = _columns().get(name)
        if self.language == "zh":
            return name if column is None else column.zh
        unit = "" if column is None else f"_{column.unit.lower()}"
        return (name.removesuffix(unit) if len(unit) > 1 else name).replace("_", " ")

    def column(self, column: schema.Column) -> str:
        """Header of a column of a layer with its unit."""
        return self.with_unit(self.attribute(column.name), column.unit)

    def with_unit(self, text: str, unit: str) -> str:
        """Text with its unit in brackets; the text alone when it has none."""
        shown = self.group("column_units").get(unit, unit)
        return self("signs.unit", text=text, unit=shown) if unit else text

    def layer(self, name: str) -> str:
        """Name of a layer or a file of the input."""
        if name in schema.TABLES:
            return schema.TABLES[name].zh if self.language == "zh" else name.replace("_", " ")
        return self.group("layers").get(name, name)

    def definition(self, name: str) -> str:
        """Short name of a definition of coverage; one of the planner's own goes by its key."""
        return self.group("definition_names").get(name, name)

    def state(self, state: object) -> str:
        """State of a rule for reading."""
        if state is None or pd.isna(state):
            return self("common.none")
        return STATE_ZH[str(state)] if self.language == "zh" else str(state).replace("_", " ")

    def cause(self, cause: str) -> str:
        """Cause of a gap for reading."""
        return self.causes[cause]

    # --- texts of others --------------------------------------------------------------------------

    def told(self, text: str) -> str:
        """Say what the catalogue, a result or a list says, as far as its words are known."""
        return in_chinese(text) if self.language == "zh" else in_english(text)

    def reason(self, reason: str) -> str:
        """Reason of a state for reading."""
        return self.told(reason)

    def fault(self, fault: Fault) -> str:
        """Warning as one line."""
        return fault_in_chinese(fault) if self.language == "zh" else str(fault)

    # --- figures ----------------------------------------------------------------------------------

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

    def joined(self, texts: Iterable[str]) -> str:
        """Texts in one enumeration."""
        return self("signs.enumeration").join(texts)

    def spaced(self, text: str) -> str:
        """Names that a table joins by semicolons, as an enumeration."""
        return self.joined(text.split(";"))

    def clauses(self, texts: Iterable[str]) -> str:
        """Remarks one after the other; empty ones are left out."""
        return self("signs.clause").join(text for text in texts if text)

    def listed(self, texts: Sequence[str]) -> str:
        """Clauses in one sentence."""
        return ("，" if self.language == "zh" else "; ").join(texts)

    def money(self, yuan: float) -> str:
        """Amount for a sentence."""
        return self("units.money", n=ten_thousand(yuan))


def map_words(language: Language) -> dict[str, str]:
    """
    Words of the map in one language.

    Parameters
    ----------
    language : {"zh", "en"}
        Language.

    Returns
    -------
    words : dict of str to str
        By key; ``{n}`` and the like are filled in by the script.

    Examples
    --------
    >>> map_words("zh")["unknown"], map_words("en")["unknown"]
    ('未知', 'unknown')
    """
    words: dict[str, str] = json.loads(_asset(f"map_{language}.json"))
    return words


def value_text(value: float, unit: str, required: float, *, unknown: str) -> str:
    """
    Value of a rule for reading; a share that misses its mark never looks as if it reached it.

    Parameters
    ----------
    value : float
        Share or count; NaN when it is unknown.
    unit : str
        As in the rule table.
    required : float
        What the rule asks for, NaN for nothing.
    unknown : str
        Text for NaN.

    Returns
    -------
    text : str
        Shares in percent with one decimal, or as many as tell the value from the required one.

    Examples
    --------
    >>> value_text(0.99961, "share", 1.0, unknown="?")
    '99.96%'
    >>> value_text(773.0, "stations", 773.0, unknown="?")
    '773'
    """
    if np.isnan(value):
        return unknown
    if unit != "share":
        return f"{value:,.0f}"
    for decimals in range(1, MOST_DECIMALS + 1):
        text = f"{100.0 * value:.{decimals}f}"
        shown = float(text) / 100.0
        misses = value < required - PASS_MARK_GAP
        if not misses or shown < required - PASS_MARK_GAP:
            break
    return f"{text}%"


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


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


@cache
def _texts(language: Language) -> dict[str, Any]:
    parts = [tomllib.loads(_asset(f"{name}_{language}.toml")) for name in FILES]
    return {group: texts for part in parts for group, texts in part.items()}


@cache
def _columns() -> dict[str, schema.Column]:
    return {column.name: column for table in schema.TABLES.values() for column in table.columns}
