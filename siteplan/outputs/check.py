"""What is wrong with a region folder, as a table: on the terminal, as a page, as a list for Excel."""

from __future__ import annotations

import csv
import html
import io
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

import siteplan
from siteplan.errors import Fault, InputError, OutputError
from siteplan.outputs.lists import safe_text
from siteplan.region import check as region_check

if TYPE_CHECKING:
    from pathlib import Path

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
_LEVEL, _GAPS = 4, 9
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
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


def summary(table: pd.DataFrame) -> str:
    """
    One line that says how many faults there are.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.

    Returns
    -------
    line : str
        In Chinese.

    Examples
    --------
    >>> summary(pd.DataFrame(columns=list(COLUMNS)))
    '未发现问题'
    """
    errors, warnings = count_faults(table)
    if errors + warnings == 0:
        return "未发现问题"
    end = "须改正后才能规划" if errors else "可以规划"
    return f"错误 {errors} 条，警告 {warnings} 条；{end}"


def fault_text(table: pd.DataFrame, *, width: int = _WIDEST) -> str:
    """
    Table for a terminal; Chinese characters take two columns.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.
    width : int
        Columns of the terminal; 80 to 120 are used.

    Returns
    -------
    text : str
        Errors first; the first hundred faults, and how many more there are.
    """
    ordered = _ordered(table)
    columns = min(max(width, _NARROWEST), _WIDEST)
    shown = Table(box=SIMPLE, show_edge=False, pad_edge=False)
    left = columns - _LEVEL - _GAPS
    place, value = left * 25 // 100, left * 22 // 100
    for header, cells_wide in zip(
        ("级别", "位置", "值", "问题与处理"),
        (_LEVEL, place, value, left - place - value),
        strict=True,
    ):
        shown.add_column(header, width=cells_wide, overflow="fold")
    for row in ordered.head(TERMINAL_ROWS).itertuples(index=False):
        cells = {name: _shown(getattr(row, name)) for name in COLUMNS}
        shown.add_row(
            *(
                Text(text)
                for text in (
                    SEVERITY_ZH.get(cells["severity"], cells["severity"]),
                    _place(cells),
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
        lines.append(f"…另有 {len(table) - TERMINAL_ROWS} 条，见 {CSV_FILE}")
    return "\n".join([*lines, summary(table)])


def fault_csv(table: pd.DataFrame) -> bytes:
    """
    List for Excel and WPS: UTF-8 with a byte order mark, Chinese headers, nothing that becomes a formula.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.

    Returns
    -------
    content : bytes
        CSV.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS.values())
    for row in _ordered(table).itertuples(index=False):
        cells = [_text(getattr(row, name)) for name in COLUMNS]
        cells[0] = SEVERITY_ZH.get(cells[0], cells[0])
        writer.writerow([safe_text(cell)[:CELL_LIMIT] for cell in cells])
    return buffer.getvalue().encode("utf-8-sig")


def fault_html(table: pd.DataFrame, *, title: str) -> str:
    """
    Page that stands alone: for a screen, a phone (one card a fault) and print.

    Parameters
    ----------
    table : DataFrame
        From :func:`check_folder`.
    title : str
        What was checked.

    Returns
    -------
    page : str
        HTML without scripts, and without anything from elsewhere; all text is escaped.
    """
    errors, _ = count_faults(table)
    state = "bad" if errors else "warned" if len(table) else "good"
    ordered = _ordered(table)
    head = "".join(f'<th scope="col">{header}</th>' for header in COLUMNS.values())
    body = "\n".join(_html_row(row) for row in ordered.head(PAGE_ROWS).itertuples(index=False))
    rest = len(table) - PAGE_ROWS
    more = f"<p>另有 {rest} 条，见 {CSV_FILE}。</p>" if rest > 0 else ""
    rows = (
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
        if len(table)
        else ""
    )
    return _PAGE.format(
        mark=_MARK,
        style=_STYLE,
        title=html.escape(_shown(title)),
        state=state,
        summary=summary(table),
        layers=_html_layers(ordered),
        table=rows,
        more=more,
        version=html.escape(siteplan.__version__),
    )


def write_check(table: pd.DataFrame, folder: Path, *, title: str) -> list[Path]:
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
        folder / HTML_FILE: fault_html(table, title=title).encode(),
        folder / CSV_FILE: fault_csv(table),
    }
    marks = {HTML_FILE: _MARK.encode(), CSV_FILE: fault_csv(table.head(0))}
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


def _is_ours(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return mark in file.read(4096)


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


def _place(cells: dict[str, str]) -> str:
    parts = [cells["layer"]]
    if cells["row"]:
        parts.append(f"第 {cells['row']} 行" if cells["row"].isdecimal() else f"行 {cells['row']}")
    if cells["column"]:
        parts.append(cells["column"])
    return "\n".join(part for part in parts if part)


def _html_row(row: object) -> str:
    cells = {name: _shown(getattr(row, name)) for name in COLUMNS}
    severity = "error" if cells["severity"] == "error" else "warning"
    cells["severity"] = SEVERITY_ZH.get(cells["severity"], cells["severity"])
    shown = "".join(
        f'<td data-h="{header}">{html.escape(cells[name])}</td>' for name, header in COLUMNS.items()
    )
    return f'<tr class="{severity}">{shown}</tr>'


def _html_layers(table: pd.DataFrame) -> str:
    if table.empty:
        return ""
    errors = table["severity"].eq("error")
    counts = pd.DataFrame(
        {"layer": table["layer"].map(_shown), "error": errors, "warning": ~errors}
    )
    groups = counts.groupby("layer", sort=False).sum()
    items = "".join(
        f"<li><b>{html.escape(str(layer))}</b> 错误 {int(row.error)}，警告 {int(row.warning)}</li>"
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
th:nth-child(1),th:nth-child(3){min-width:2.5rem}th:nth-child(6),th:nth-child(7){min-width:12rem}
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
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
{mark}
<title>数据检查：{title}</title>
<style>{style}</style>
</head>
<body>
<h1>数据检查：{title}</h1>
<p class="sum {state}">{summary}</p>
{layers}
{table}
{more}
<footer>siteplan {version}</footer>
</body>
</html>
"""
