"""Cells become values: numbers with their units, flags, words of a category, codes that stay text."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from siteplan import schema
from siteplan.errors import Fault
from siteplan.region.headers import UNITS, plain
from siteplan.region.sheets import FORMULA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

DTYPES: Final = {
    "text": "string",
    "category": "string",
    "number": "float64",
    "integer": "Int64",
    "flag": "boolean",
}
"""Data type of a column by its kind."""

MOST_TOLD: Final = 1000
"""Rows of one kind of fault that are told one by one; the rest are counted."""

RANGES_SHOWN: Final = 12
"""Runs of rows that one fault names."""

CELL_REMEDIES: Final = {
    "the cell holds a formula": "Copy the column and paste it as values (选择性粘贴为数值).",
    "a long code was stored as a number and lost its last digits": (
        "Format the column as text and enter the codes again."
    ),
}
"""What to do about a cell, by the rule that it breaks."""

_LOST: Final = re.compile(r"\d(\.\d+)?e\+?(1[5-9]|[2-9]\d)", re.IGNORECASE)
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_NUMBER_UNIT: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([^\d.+\-e].*)")
_YEAR: Final = re.compile(r"(\d{4})(?:[-/.年].*)?")
_DEGREES: Final = re.compile(
    r"([NSEW东西南北])?(\d{1,3})[°度d:](\d{1,2})['′’分m:](?:(\d{1,2}(?:\.\d*)?)(?:[\"″”秒s]|''|′′)?)?([NSEW])?"
)
_EXACT: Final = 2.0**53
_MINUTES, _SECONDS = 60.0, 3600.0


def coerce(
    values: pd.Series[Any], column: schema.Column, *, words: Mapping[str, str], factor: float
) -> tuple[pd.Series[Any], dict[str, NDArray[np.bool_]]]:
    """
    Cells of a column in its data type.

    Parameters
    ----------
    values : Series
        Cells as they stand.
    column : Column
        What they should be.
    words : mapping of str to str
        Values of a category, or ``true`` and ``false``, by the words for them.
    factor : float
        Factor from the header's unit to the schema's.

    Returns
    -------
    values : Series
        Missing where a cell is blank or wrong.
    wrong : dict of str to ndarray of bool
        Rows by the rule that they break.

    Examples
    --------
    >>> from siteplan import schema
    >>> height = schema.TABLES["sites"].column("height_m")
    >>> coerce(pd.Series(["35米", "/", "３０", "tall"]), height, words={}, factor=1.0)[0].tolist()
    [35.0, nan, 30.0, nan]
    """
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if column.kind in {"number", "integer"} and numeric:
        numbers = values.astype("float64")
        return _numbers(numbers, numbers.isna().to_numpy(dtype=bool), column, factor)
    if numeric and pd.api.types.is_float_dtype(values):
        finite = values.dropna()
        if (finite % 1 == 0).all() and (finite.abs() < _EXACT).all():
            values = values.astype("Int64")  # a code column with blanks was read as numbers
    text = values.astype("string").str.strip()
    wrong: dict[str, NDArray[np.bool_]] = {}
    formula = text.str.startswith(FORMULA).fillna(value=False).to_numpy(dtype=bool)
    if formula.any():
        wrong["the cell holds a formula"] = formula
        text = text.mask(formula)
    if column.kind == "text":
        lost = text.str.fullmatch(_LOST).fillna(value=False).to_numpy(dtype=bool)
        if lost.any():
            wrong["a long code was stored as a number and lost its last digits"] = lost
        return text.mask(_missing(text) | lost), wrong
    clean = _by_unique(text, plain if column.kind in {"category", "flag"} else _narrow)
    missing = _missing(clean)
    if column.kind == "category":
        known = clean.map(dict(words)).astype("string")
        return known.fillna(text).mask(missing), wrong
    if column.kind == "flag":
        flags = pd.Series(pd.NA, index=values.index, dtype="boolean")
        meant = clean.map(dict(words))
        flags[clean.isin(schema.TRUE_WORDS) | (meant == "true")] = True
        flags[clean.isin(schema.FALSE_WORDS) | (meant == "false")] = False
        bad = flags.isna().to_numpy(dtype=bool) & ~missing
        return flags, wrong | ({"not a flag": bad} if bad.any() else {})
    numbers = _parsed(clean, column)
    result, more = _numbers(numbers, missing, column, factor)
    return result, wrong | more


def _missing(text: pd.Series[Any]) -> NDArray[np.bool_]:
    blank = text.isna() | text.str.casefold().isin(schema.MISSING_WORDS)
    return np.asarray(blank.to_numpy(dtype=bool))


def _by_unique(text: pd.Series[Any], change: Callable[[str], str]) -> pd.Series[Any]:
    """Change each different text once: a million rows hold few."""
    table = {word: change(word) for word in text.dropna().unique()}
    return text.map(table).astype("string")


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _parsed(text: pd.Series[Any], column: schema.Column) -> pd.Series[Any]:
    """Numbers of texts; a unit behind the number and commas in threes are understood."""
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    odd = text[numbers.isna() & text.notna()]
    table = {word: _odd_number(word, column) for word in odd.unique()}
    return numbers.fillna(odd.map(table).astype("float64"))


def _odd_number(word: str, column: schema.Column) -> float:
    if column.name.startswith("year") and (year := _YEAR.fullmatch(word)):
        return float(year[1])
    if _GROUPED.fullmatch(word):
        return float(word.replace(",", ""))
    found = _NUMBER_UNIT.fullmatch(word)
    if found is None:
        return float("nan")
    return float(found[1]) * UNITS.get(column.unit, UNITS[""]).get(plain(found[2]), float("nan"))


def _numbers(
    numbers: pd.Series[Any], missing: NDArray[np.bool_], column: schema.Column, factor: float
) -> tuple[pd.Series[Any], dict[str, NDArray[np.bool_]]]:
    array = numbers.to_numpy(dtype=float)
    bad = ~np.isfinite(array) & ~missing
    if column.kind == "integer":
        bad |= np.isfinite(array) & (array % 1.0 != 0.0)
    kept = numbers.mask(bad)
    if factor != 1.0:
        kept = kept * factor
    return kept.astype(DTYPES[column.kind]), {f"not a {column.kind}": bad} if bad.any() else {}


def remedy(column: schema.Column) -> str:
    """
    Say what to write into a cell.

    Parameters
    ----------
    column : Column
        Its column.

    Returns
    -------
    remedy : str
        One sentence.

    Examples
    --------
    >>> from siteplan import schema
    >>> remedy(schema.TABLES["poles"].column("kind"))
    'Use one of: lamp_pole (路灯杆), monitoring_pole (监控杆); or name the word in a file of aliases.'
    """
    if column.choices:
        words = [f"{c} ({schema.ZH[c]})" if c in schema.ZH else c for c in column.choices]
        return f"Use one of: {', '.join(words)}; or name the word in a file of aliases."
    if column.kind == "flag":
        return (
            "Write true or false (是 or 否), or leave it blank when unknown; or name the word in a file of "
            "aliases."
        )
    if column.low is not None or column.high is not None:
        unit = f" {column.unit}" if column.unit else ""
        return (
            f"Give a value from {column.low:,.10g} to {column.high:,.10g}{unit}, or leave it blank."
        )
    if column.required:
        return "Fill the cell."
    return "Correct the cell, or leave it blank when unknown."


def more_rows(source: str, column: str, count: int, rule: str) -> Fault:
    """
    Fault that counts the rows which are not told one by one.

    Parameters
    ----------
    source, column : str
        Where they are.
    count : int
        Rows in all.
    rule : str
        What is wrong with them.

    Returns
    -------
    fault : Fault
        One for all of them.

    Examples
    --------
    >>> more_rows("poles.csv", "kind", 1500, "not an allowed value").rule
    'not an allowed value: and 500 more rows'
    """
    return Fault(
        source=source,
        column=column,
        rule=f"{rule}: and {count - MOST_TOLD:,} more rows",
        remedy="Correct the whole column.",
    )


def degrees(texts: pd.Series[Any]) -> NDArray[np.float64]:
    """
    Numbers of a column of positions; degrees, minutes and seconds are understood.

    Parameters
    ----------
    texts : Series
        Numbers or texts.

    Returns
    -------
    values : ndarray of float64
        NaN where a cell is no number. [deg] or [m]

    Examples
    --------
    >>> degrees(pd.Series(["108.5", "E108°30′36″", "108°E"])).tolist()
    [108.5, 108.51, nan]
    """
    if pd.api.types.is_numeric_dtype(texts):
        return np.asarray(texts.to_numpy(dtype=float, na_value=np.nan))
    numbers = np.array(pd.to_numeric(texts, errors="coerce"), dtype=float)
    for i in np.flatnonzero(np.isnan(numbers)):
        text = _narrow("" if pd.isna(texts.iloc[i]) else str(texts.iloc[i])).replace(" ", "")
        found = _DEGREES.fullmatch(text)
        if found is not None:
            before, whole, minutes, seconds, after = found.groups()
            value = float(whole) + float(minutes) / _MINUTES + float(seconds or 0.0) / _SECONDS
            numbers[i] = -value if {before, after} & {"S", "W", "西", "南"} else value
        elif text:
            numbers[i] = pd.to_numeric(text, errors="coerce")
    return numbers


def ranges(rows: Sequence[str]) -> str:
    """
    Row numbers as a reader writes them.

    Parameters
    ----------
    rows : sequence of str
        Rows in order.

    Returns
    -------
    text : str
        Runs by first and last; the first few, and in brackets how many more rows there are.

    Examples
    --------
    >>> ranges(["2", "3", "4", "9", "way/7"])
    '2-4, 9, way/7'
    """
    runs: list[list[str]] = []
    for row in rows:
        follows = bool(
            runs
            and row.isdecimal()
            and runs[-1][-1].isdecimal()
            and int(row) == int(runs[-1][-1]) + 1
        )
        if follows:
            runs[-1].append(row)
        else:
            runs.append([row])
    shown = [run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs[:RANGES_SHOWN]]
    more = sum(map(len, runs[RANGES_SHOWN:]))
    return ", ".join(shown) + (f" … (+{more:,})" if more else "")
