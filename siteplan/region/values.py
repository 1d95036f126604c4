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
_HEMISPHERE: Final = r"([NSEW东西南北])?"
_DEGREES: Final = re.compile(
    _HEMISPHERE + r"(\d{1,3})[°度d:](\d{1,2}(?:\.\d+)?)['′’分m:]?(?:(\d{1,2}(?:\.\d*)?)(?:[\"″”秒s]|''|′′)?)?"
    + _HEMISPHERE
)  # fmt: skip
_DEGREES_APART: Final = re.compile(
    _HEMISPHERE + r" ?(\d{1,3})[ -](\d{1,2})[ -](\d{1,2}(?:\.\d*)?) ?" + _HEMISPHERE
)
_DEGREES_ALONE: Final = re.compile(_HEMISPHERE + r"(\d{1,3}\.\d+)[°度]?" + _HEMISPHERE)
_SPACED: Final = re.compile(r"[+-]?\d{1,3}( \d{3})+(\.\d+)?")
_CONTROL: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_EXACT: Final = 2.0**53
_YEAR_ONE, _MONTH_ONE, _DAY_ONE, _YEAR_MONTHS = 1000.0, 1e5, 1e7, 12.0
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
    text = _readable(text)
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


def _readable(text: pd.Series[Any]) -> pd.Series[Any]:
    """Text without control characters, which no document or workbook can hold."""
    if not text.str.contains(_CONTROL, regex=True).any():
        return text
    return text.str.replace(_CONTROL, "", regex=True).str.strip()


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
    if column.name.startswith("year"):
        numbers = _years(numbers)
    array = numbers.to_numpy(dtype=float)
    bad = ~np.isfinite(array) & ~missing
    if column.kind == "integer":
        bad |= np.isfinite(array) & (array % 1.0 != 0.0)
    kept = numbers.mask(bad)
    if factor != 1.0:
        kept = kept * factor
    rule = "not a whole number" if column.kind == "integer" else "not a number"
    return kept.astype(DTYPES[column.kind]), {rule: bad} if bad.any() else {}


def _years(numbers: pd.Series[Any]) -> pd.Series[Any]:
    """Years of dates that were written as one number: 20180601, 201806, 2018.06."""
    array = numbers.to_numpy(dtype=float)
    whole = array % 1.0 == 0.0
    with np.errstate(invalid="ignore"):
        month = np.where(whole, array % 100.0, np.nan)
        days = whole & (array >= _DAY_ONE) & (array < 10.0 * _DAY_ONE)
        months = (
            whole
            & (array >= _MONTH_ONE)
            & (array < 10.0 * _MONTH_ONE)
            & (month >= 1.0)
            & (month <= _YEAR_MONTHS)
        )
        part = np.round(
            (array - np.floor(array)) * 100.0, 4
        )  # of a point: 2018.06, and 2018.1 for .10
        points = ~whole & (array > _YEAR_ONE) & (part % 1.0 == 0.0) & (part <= _YEAR_MONTHS)
    year = np.select([days, months, points], [array // 1e4, array // 1e2, np.floor(array)], array)
    return pd.Series(year, numbers.index)


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
        form = ".10g" if column.name.startswith("year") else ",.10g"
        low, high = format(column.low, form), format(column.high, form)
        return f"Give a value from {low} to {high}{unit}, or leave it blank."
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
    >>> degrees(pd.Series(["108.5", "E108°30′36″", "108 30 36", "108°70′", "108°E"])).tolist()
    [108.5, 108.51, 108.51, nan, nan]
    """
    if pd.api.types.is_numeric_dtype(texts):
        return np.asarray(texts.to_numpy(dtype=float, na_value=np.nan))
    numbers = np.array(pd.to_numeric(texts, errors="coerce"), dtype=float)
    for i in np.flatnonzero(np.isnan(numbers)):
        numbers[i] = _degrees_of("" if pd.isna(texts.iloc[i]) else str(texts.iloc[i]))
    return numbers


def _degrees_of(text: str) -> float:
    """Read one position; NaN where it is none, as with 70 minutes."""
    spaced = " ".join(_narrow(text).replace("经", "").replace("纬", "").split())
    close = spaced.replace(" ", "")
    found = _DEGREES_APART.fullmatch(spaced) or _DEGREES.fullmatch(close)
    if found is not None:
        before, whole, minutes, seconds, after = found.groups()
        parts = float(minutes), float(seconds or 0.0)
        if max(parts) >= _MINUTES or (seconds and "." in minutes):
            return float("nan")
        value = float(whole) + parts[0] / _MINUTES + parts[1] / _SECONDS
    elif found := _DEGREES_ALONE.fullmatch(close):
        before, whole, after = found.groups()
        value = float(whole)
    else:
        spread = spaced != close and _SPACED.fullmatch(spaced) is None
        return float("nan") if spread or not close else float(pd.to_numeric(close, errors="coerce"))
    return -value if {before, after} & {"S", "W", "西", "南"} else value


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
