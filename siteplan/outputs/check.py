"""What is wrong with a region folder, as a table: on the terminal, as a page, as a list for Excel."""

from __future__ import annotations

import csv
import html
import io
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

import siteplan
from siteplan.errors import Fault, InputError, OutputError
from siteplan.outputs.lists import safe_text
from siteplan.outputs.translation import header_zh, in_chinese
from siteplan.region import check as region_check

if TYPE_CHECKING:
    from pathlib import Path

Language = Literal["zh", "en"]

COLUMNS: Final = {
    "severity": "级别",
    "layer": "图层",
    "row": "行",
    "column": "列",
    "value": "值",
    "rule": "问题",
    "remedy": "处理办法",
}
"""Columns of a table of faults, and their Chinese headers."""

SEVERITY_ZH: Final = {"error": "错误", "warning": "警告"}

_TEXTS: Final[dict[Language, dict[str, str]]] = {
    "zh": COLUMNS
    | SEVERITY_ZH
    | {
        "place": "位置",
        "told": "问题与处理",
        "title": "数据检查：",
        "html": "zh-CN",
        "colon": "：",
        "none": "未发现问题",
        "count": "错误 {errors} 条，警告 {warnings} 条",
        "stops": "；须改正后才能规划",
        "goes": "；可以规划",
        "nth": "第 {row} 行",
        "at": "行 {row}",
        "more": "另有 {count} 条，见 {file}",
    },
    "en": {name: name for name in COLUMNS}
    | {
        "error": "error",
        "warning": "warning",
        "place": "place",
        "told": "what is wrong, and what to do",
        "title": "Data check: ",
        "html": "en",
        "colon": ": ",
        "none": "nothing is wrong",
        "count": "{errors} errors, {warnings} warnings",
        "stops": "; planning needs the errors corrected",
        "goes": "; planning can go on",
        "nth": "row {row}",
        "at": "row {row}",
        "more": "{count} more in {file}",
    },
}

HTML_FILE, CSV_FILE = "check.html", "check.csv"

TERMINAL_ROWS: Final = 100
"""Faults printed; the rest are counted."""

PAGE_ROWS: Final = 5000
"""Faults on the page; a browser on a phone shows no more in reasonable time."""

VALUE_SHOWN: Final = 200
"""Characters of one cell that are shown; the list holds more."""

CELL_LIMIT: Final = 32_767
"""Characters that a cell of a spreadsheet holds."""

_NARROWEST, _WIDEST = 80, 120
_LEVEL, _GAPS = {"zh": 4, "en": 8}, 9
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_HEADER_ZH: Final = re.compile(r"^[\u4e00-\u9fff]+ (?=[a-z_]+ \()")
"""Chinese header of a layer before its name and file."""
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_MARK: Final = '<meta name="generator" content="siteplan check">'


def check_folder(folder: Path) -> pd.DataFrame:
    """
    Everything wrong with a region folder.

    Parameters
    ----------
    folder : Path
        Region folder.

    Returns
    -------
    faults : DataFrame
        Columns ``severity`` ("error" or "warning"), ``layer``, ``row``, ``column``, ``value``, ``rule``,
        ``remedy``; no rows when nothing is wrong.

    Raises
    ------
    InputError
        When there is no such folder.
    """
    if not folder.is_dir():
        fault = Fault(
            source=str(folder),
            rule="the region folder does not exist",
            remedy="Name a folder that holds scenario.toml, or make one with siteplan init.",
        )
        raise InputError([fault])
    return region_check.check_folder(folder)


def count_faults(table: pd.DataFrame) -> tuple[int, int]:
    """
    Errors and warnings of a table.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.

    Returns
    -------
    errors, warnings : int
        How many of each.
    """
    errors = int((table["severity"] == "error").sum())
    return errors, len(table) - errors


def summary(table: pd.DataFrame, *, language: Language = "zh") -> str:
    """
    One line that says how many faults there are.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    line : str
        Without a full stop.

    Examples
    --------
    >>> summary(pd.DataFrame(columns=list(COLUMNS)))
    '未发现问题'
    """
    errors, warnings = count_faults(table)
    words = _TEXTS[language]
    if errors + warnings == 0:
        return words["none"]
    count = words["count"].format(errors=errors, warnings=warnings)
    return count + words["stops" if errors else "goes"]


def told_in(table: pd.DataFrame, language: Language) -> pd.DataFrame:
    """
    Faults in a language.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`, in English.
    language : {"zh", "en"}
        In Chinese, columns have their Chinese headers before their names; what has no translation stays.

    Returns
    -------
    table : DataFrame
        The same rows.

    Examples
    --------
    >>> row = ("error", "v.csv", "3", "kind", "'镇'", "not an allowed value", "Fill the cell.")
    >>> told_in(pd.DataFrame([row], columns=list(COLUMNS)), "zh")["rule"].item()
    '不是允许的值'
    """
    if language == "en":
        return table.assign(layer=table["layer"].map(_layer_en))
    texts = {name: table[name].map(_text) for name in ("column", "value", "rule", "remedy")}
    changed = {
        name: texts[name].map({text: in_chinese(text) for text in texts[name].unique()})
        for name in ("value", "rule", "remedy")
    }
    return table.assign(**changed, column=texts["column"].map(_column_zh))


def _layer_en(name: str) -> str:
    """Layer without its Chinese header."""
    return _HEADER_ZH.sub("", _text(name))


def _column_zh(name: str) -> str:
    zh = header_zh(name)
    return name if zh is None else f"{zh} {name}"


def fault_text(table: pd.DataFrame, *, width: int = _WIDEST, language: Language = "zh") -> str:
    """
    Table for a terminal; Chinese characters take two columns.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.
    width : int
        Columns of the terminal; 80 to 120 are used.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    text : str
        Errors first; the first hundred faults, and how many more there are.
    """
    words = _TEXTS[language]
    ordered = _ordered(table).head(TERMINAL_ROWS)
    level = _LEVEL[language]
    columns = min(max(width, _NARROWEST), _WIDEST)
    shown = Table(box=SIMPLE, show_edge=False, pad_edge=False)
    left = columns - level - _GAPS
    place, value = left * 25 // 100, left * 22 // 100
    for header, cells_wide in zip(
        (words["severity"], words["place"], words["value"], words["told"]),
        (level, place, value, left - place - value),
        strict=True,
    ):
        shown.add_column(header, width=cells_wide, overflow="fold")
    for row in told_in(ordered, language).itertuples(index=False):
        cells = {name: _shown(getattr(row, name)) for name in COLUMNS}
        shown.add_row(
            *(
                Text(text)
                for text in (
                    words.get(cells["severity"], cells["severity"]),
                    _place(cells, words),
                    cells["value"],
                    f"{cells['rule']}\n→ {cells['remedy']}",
                )
            )
        )
    buffer = io.StringIO()
    console = Console(file=buffer, width=columns, color_system=None, legacy_windows=False)
    if len(table):
        console.print(shown)
    lines = [line.rstrip() for line in buffer.getvalue().splitlines()]
    if len(table) > TERMINAL_ROWS:
        more = words["more"].format(count=len(table) - TERMINAL_ROWS, file=CSV_FILE)
        lines.append(f"…{more}")
    return "\n".join([*lines, summary(table, language=language)])


def fault_csv(table: pd.DataFrame, *, language: Language = "zh") -> bytes:
    """
    List for Excel and WPS: UTF-8 with a byte order mark, nothing that becomes a formula.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    content : bytes
        CSV.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    words = _TEXTS[language]
    writer.writerow(words[name] for name in COLUMNS)
    for row in told_in(_ordered(table), language).itertuples(index=False):
        cells = [_text(getattr(row, name)) for name in COLUMNS]
        cells[0] = words.get(cells[0], cells[0])
        writer.writerow([safe_text(cell)[:CELL_LIMIT] for cell in cells])
    return buffer.getvalue().encode("utf-8-sig")


def fault_html(table: pd.DataFrame, *, title: str, language: Language = "zh") -> str:
    """
    Page that stands alone: for a screen, a phone (one card a fault) and print.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.
    title : str
        What was checked.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    page : str
        HTML without scripts, and without anything from elsewhere; all text is escaped.
    """
    errors, _ = count_faults(table)
    state = "bad" if errors else "warned" if len(table) else "good"
    words = _TEXTS[language]
    ordered = told_in(_ordered(table), language)
    shown = ordered.head(PAGE_ROWS)
    head = "".join(f'<th scope="col">{words[name]}</th>' for name in COLUMNS)
    body = "\n".join(_html_row(row, words) for row in shown.itertuples(index=False))
    rest = words["more"].format(count=len(table) - PAGE_ROWS, file=CSV_FILE)
    more = f"<p>{rest}</p>" if len(table) > PAGE_ROWS else ""
    rows = (
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
        if len(table)
        else ""
    )
    return _PAGE.format(
        mark=_MARK,
        style=_STYLE.replace("：", words["colon"]),
        language=words["html"],
        title=html.escape(words["title"] + _shown(title)),
        state=state,
        summary=summary(table, language=language),
        layers=_html_layers(ordered, words),
        table=rows,
        more=more,
        version=html.escape(siteplan.__version__),
    )


def write_check(
    table: pd.DataFrame, folder: Path, *, title: str, language: Language = "zh"
) -> list[Path]:
    """
    Write ``check.html`` and ``check.csv``; those of an earlier check are replaced.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.
    folder : Path
        Where to write; made when missing.
    title : str
        What was checked.
    language : {"zh", "en"}
        Chinese or English.

    Returns
    -------
    files : list of Path
        What was written.

    Raises
    ------
    OutputError
        When the folder cannot be written, or a file of that name is not from a check.
    """
    contents = {
        folder / HTML_FILE: fault_html(table, title=title, language=language).encode(),
        folder / CSV_FILE: fault_csv(table, language=language),
    }
    empty = table.head(0)
    marks = {
        HTML_FILE: (_MARK.encode(),),
        CSV_FILE: (fault_csv(empty, language="zh"), fault_csv(empty, language="en")),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own = [path for path in contents if path.exists() and not _is_ours(path, marks[path.name])]
        if own:
            raise OutputError(
                f"{', '.join(map(str, own))}: not from a check, and never replaced. Move or rename it, or "
                "name another folder with --out."
            )
        for path, content in contents.items():
            _write(path, content)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{folder} could not be written: {error}. Close the file in other programs, free space, or name "
            "another folder with --out."
        ) from error
    return list(contents)


def _is_ours(path: Path, marks: tuple[bytes, ...]) -> bool:
    with path.open("rb") as file:
        head = file.read(4096)
    return any(mark in head for mark in marks)


def _write(path: Path, content: bytes) -> None:
    """Write beside the file and rename, so that it is whole or not there."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        new.write_bytes(content)
        new.replace(path)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Errors first, else in the order found."""
    return table.iloc[(table["severity"] != "error").to_numpy().argsort(kind="stable")]


def _text(value: object) -> str:
    text = "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value)
    return _SURROGATE.sub("\ufffd", text)


def _shown(value: object) -> str:
    """Text on one line, without what steers a terminal or turns the direction of writing."""
    text = _text(value)
    short = text if len(text) <= VALUE_SHOWN else f"{text[: VALUE_SHOWN - 1]}…"
    return _CONTROL.sub("\ufffd", short.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def _place(cells: dict[str, str], words: dict[str, str]) -> str:
    parts = [cells["layer"]]
    if cells["row"]:
        parts.append(words["nth" if cells["row"].isdecimal() else "at"].format(row=cells["row"]))
    if cells["column"]:
        parts.append(cells["column"])
    return "\n".join(part for part in parts if part)


def _html_row(row: object, words: dict[str, str]) -> str:
    cells = {name: _shown(getattr(row, name)) for name in COLUMNS}
    severity = "error" if cells["severity"] == "error" else "warning"
    cells["severity"] = words.get(cells["severity"], cells["severity"])
    shown = "".join(
        f'<td data-h="{words[name]}">{html.escape(cells[name])}</td>' for name in COLUMNS
    )
    return f'<tr class="{severity}">{shown}</tr>'


def _html_layers(table: pd.DataFrame, words: dict[str, str]) -> str:
    if table.empty:
        return ""
    errors = table["severity"].eq("error")
    counts = pd.DataFrame(
        {"layer": table["layer"].map(_shown), "error": errors, "warning": ~errors}
    )
    groups = counts.groupby("layer", sort=False).sum()
    items = "".join(
        f"<li><b>{html.escape(str(layer))}</b> "
        f"{words['count'].format(errors=int(row.error), warnings=int(row.warning))}</li>"
        for layer, row in groups.iterrows()
    )
    return f"<ul>{items}</ul>"


_STYLE: Final = """
body{font:16px/1.5 "Microsoft YaHei","PingFang SC","Noto Sans CJK SC","Noto Sans SC",sans-serif;
margin:1rem auto;max-width:76rem;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.4rem;margin:.5rem 0}
.sum{font-size:1.1rem;font-weight:bold;padding:.6rem .8rem;border-left:.4rem solid}
.bad{border-color:#b3261e;background:#fbeceb}.warned{border-color:#9a6700;background:#fff8e6}
.good{border-color:#1a7f37;background:#eaf7ed}
ul{display:flex;flex-wrap:wrap;gap:.2rem 1.6rem;padding:0;list-style:none}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{border:1px solid #bbb;padding:.35rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#eef2f6}
th:nth-child(1),th:nth-child(3){min-width:2.5rem}th:nth-child(2){min-width:7rem}
th:nth-child(4){min-width:5.5rem}th:nth-child(6),th:nth-child(7){min-width:12rem}
td:first-child{font-weight:bold;white-space:nowrap}
.error td:first-child{color:#b3261e}.warning td:first-child{color:#8a5a00}
footer{color:#666;font-size:.8rem;margin-top:1rem}
@media screen and (max-width:46rem){
thead{display:none}table,tbody,tr,td{display:block;width:auto}
tr{border:1px solid #bbb;border-left:.35rem solid #9a6700;margin:.6rem 0;padding:.3rem .5rem}
tr.error{border-left-color:#b3261e}td{border:0;padding:.1rem 0}td:empty{display:none}
td::before{content:attr(data-h) "：";color:#666;font-weight:normal}}
@media print{@page{size:A4 landscape;margin:12mm}body{font-size:9pt;max-width:none;margin:0;padding:0}
thead{display:table-header-group}tr{break-inside:avoid}}
"""

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
{mark}
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="sum {state}">{summary}</p>
{layers}
{table}
{more}
<footer>siteplan {version}</footer>
</body>
</html>
"""
