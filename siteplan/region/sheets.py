"""Sheets: CSV and XLSX become rows of text under one header, however an office lays them out."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import re
import warnings
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from siteplan.errors import Fault, InputError
from siteplan.region import archives, encodings, headers

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from siteplan.region.headers import HeaderBook
    from siteplan.scenario import LayerSource
    from siteplan.schema import Table

MAX_SHEET_BYTES: Final = 192 * 2**20
"""Bytes that a workbook may unpack to: about four million cells."""

HEADER_ROWS: Final = 15
"""Rows in which the header is looked for: titles and notes may stand above it."""

MAX_COLUMNS: Final = 500

HEAD_BYTES: Final = 65_536
"""Bytes of a text file by which its encoding and its separator are found."""

SEPARATORS: Final = (",", "\t", ";", "|")

ROW: Final = "_row"
_TOTALS: Final = re.compile(
    r"(合\s*计|总\s*计|小\s*计|共\s*计|totals?)[:：]?|(注|备注|说明|填表人|填报人|制表人?|审核人?|填表日期)\s*[:：].*",
    re.IGNORECASE | re.DOTALL,
)
_TOTALS_BEGIN: Final = tuple("合总小共注备说填制审tT")
_DECIMAL_COMMA: Final = re.compile(r"^[+-]?\d{1,3}(\.\d{3})*,\d+$|^[+-]?\d+,\d+$")
_EXACT_FLOAT: Final = 1e15  # whole numbers beyond this were longer codes once
FORMULA: Final = "\x00formula "
"""Beginning of a cell that held a formula; what it comes to is not known here."""


def read_csv(
    path: Path, table: Table, source: LayerSource, book: HeaderBook | None
) -> pd.DataFrame:
    """
    Cells of a CSV as they stand; Chinese Excel writes UTF-8 with a mark, or GBK.

    Parameters
    ----------
    path : Path
        File.
    table : Table
        Layer, by whose columns the header is found; the first row when none shows any.
    source : LayerSource
        Its name in messages, and its encoding if given.
    book : HeaderBook or None
        Headers that the folder adds.

    Returns
    -------
    cells : DataFrame of str
        With ``_row``, the line as a reader counts it; blank rows are left out.

    Raises
    ------
    InputError
        When it is no table.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    cut = len(head) == HEAD_BYTES
    encoding = _encoding(head[: head.rfind(b"\n") + 1] if cut else head, source)
    try:
        lines = head.decode(encoding, "ignore").splitlines()[: HEADER_ROWS + 1]
        mark = _separator(lines, table, book)
        with warnings.catch_warnings():
            # pandas only warns when it drops cells, or takes the first column for an index
            warnings.simplefilter("error", pd.errors.ParserWarning)
            cells = pd.read_csv(
                path,
                sep=mark,
                dtype=str,
                header=None,
                keep_default_na=False,
                index_col=False,
                skip_blank_lines=False,
                encoding=encoding,
            ).fillna("")
    except UnicodeDecodeError:
        reason = f"the text is not {encoding}"
    except pd.errors.ParserWarning:
        reason = "rows have more cells than the header"
    except pd.errors.EmptyDataError:
        reason = "the file is empty"
    except (pd.errors.ParserError, ValueError, csv.Error) as error:
        more = "Expected" in str(error) and "saw" in str(error)
        reason = "rows have more cells than the header" if more else str(error).strip()
    else:
        first = [
            [str(cell).strip() for cell in row] for row in cells.head(HEADER_ROWS + 1).to_numpy()
        ]
        _, top, height = _header(first, table, book)
        return _under(cells, _titles(first, top, height), top + height, comma=mark == ";")
    fault = Fault(
        source=source.path,
        rule=f"not a table: {reason}",
        remedy="Save it as CSV in UTF-8, with a header and as many cells in every row.",
    )
    raise InputError([fault])


def _encoding(head: bytes, source: LayerSource) -> str:
    """Find the encoding of a text file by its first bytes."""
    if source.encoding is None and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"  # Excel's "Unicode text"
    found = encodings.choose(head.splitlines(), source)
    return "utf-8-sig" if found == "utf-8" else found


def _separator(lines: list[str], table: Table, book: HeaderBook | None) -> str:
    """Find the mark between the cells: it shows most columns of the layer, else cuts rows most alike."""

    def shown(mark: str) -> tuple[int, int]:
        rows = list(csv.reader(lines, delimiter=mark))
        widths = {len(row) for row in rows if row}
        width = max(widths, default=0)
        grid = [[cell.strip() for cell in row] + [""] * (width - len(row)) for row in rows]
        return _header(grid, table, book)[0], width if len(widths) == 1 else 0

    return max(SEPARATORS, key=shown)


def _under(
    cells: pd.DataFrame, titles: list[str], first: int, *, comma: bool = False
) -> pd.DataFrame:
    """
    Rows below a header, under its names; a name that stands twice is numbered in brackets.

    Totals and notes below the table are left out and told in ``attrs["left_out"]``. With `comma`, numbers
    have a comma before their decimals.
    """
    times: dict[str, int] = {}
    names: dict[int, str] = {}
    for column, title in enumerate(titles):
        if title:
            times[title] = times.get(title, 0) + 1
            names[column] = title if times[title] == 1 else f"{title} ({times[title]})"
    body = cells.iloc[first:, list(names)].set_axis(pd.Index(names.values(), dtype=object), axis=1)
    filled = (body != "").any(axis=1)
    body = body[filled]
    lead = pd.Series("", body.index, dtype=str)
    for (
        name
    ) in body.columns:  # the first cell that is filled: nearly always that of the first column
        if not (lead == "").any():
            break
        lead = lead.where(lead != "", body[name])
    likely = lead.str.slice(stop=1).isin(_TOTALS_BEGIN)
    totals = np.array(likely, dtype=bool)
    totals[totals] = [_TOTALS.fullmatch(text) is not None for text in lead[totals]]
    numbers = (body.index + 1).astype(str)
    if comma:
        body = body.apply(
            lambda column: column.str.replace(_DECIMAL_COMMA, _with_point, regex=True)
        )
    kept = ~totals
    result = body[kept].assign(**{ROW: numbers[kept].to_numpy(dtype=object)})
    result = result.reset_index(drop=True)
    result.attrs["left_out"] = tuple(zip(numbers[~kept], lead[~kept], strict=True))
    return result


def _with_point(found: re.Match[str]) -> str:
    return found[0].replace(".", "").replace(",", ".")


def read_xlsx(
    path: Path, table: Table, source: LayerSource, book: HeaderBook | None
) -> pd.DataFrame:
    """
    Cells of one sheet as text, under a header of one or two rows.

    Merged cells give their value to every cell that they cover. A cell with a formula is marked with
    ``FORMULA``: the value that some program stored in it may be old or made up.

    Parameters
    ----------
    path : Path
        Workbook.
    table : Table
        Layer, by whose columns the sheet and the header are found.
    source : LayerSource
        Its name in messages, and the sheet if given.
    book : HeaderBook or None
        Headers that the folder adds.

    Returns
    -------
    cells : DataFrame of str
        With ``_row``, the row as Excel counts it; blank rows are left out.

    Raises
    ------
    InputError
        When it is no workbook, too large, or no sheet has a header of the layer.
    """
    archives.check_zip(path, source.path, limit_bytes=MAX_SHEET_BYTES)
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # openpyxl tells of styles and drop-down lists it skips
            workbook = openpyxl.load_workbook(file, keep_links=False)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, OSError) as error:
        fault = Fault(
            source=source.path,
            rule=f"cannot read the workbook: {error}",
            remedy="Open it in Excel or WPS and save it again as XLSX.",
        )
        raise InputError([fault]) from None
    except SyntaxError as error:  # what the XML parser raises is one
        fault = Fault(
            source=source.path,
            rule=f"cannot read the workbook, its XML is broken: {error}",
            remedy="Open it in Excel or WPS and save it again as XLSX.",
        )
        raise InputError([fault]) from None
    sheets = {sheet.title: sheet for sheet in workbook.worksheets}
    if source.layer is not None and source.layer not in sheets:
        fault = Fault(
            source=source.path,
            value=source.layer,
            rule="the file has no such layer",
            remedy=f"Use one of: {', '.join(list(sheets)[:12])}.",
        )
        raise InputError([fault])
    wanted = [source.layer] if source.layer is not None else list(sheets)
    grids = {name: _grid(sheets[name]) for name in wanted}
    return _best_sheet(grids, table, source, book)


def _grid(sheet: Worksheet) -> list[list[str]]:
    """Cells as text, merged cells filled; rows and columns beyond the last value are not there."""
    columns = min(sheet.max_column or 0, MAX_COLUMNS)
    grid = [
        [_text(cell) for cell in row] for row in sheet.iter_rows(max_col=columns, values_only=True)
    ]
    for area in sheet.merged_cells.ranges:
        value = grid[area.min_row - 1][area.min_col - 1] if area.min_row <= len(grid) else ""
        if not value:
            continue
        for row in range(area.min_row - 1, min(area.max_row, len(grid))):
            for column in range(area.min_col - 1, min(area.max_col, columns)):
                grid[row][column] = value
    return grid


def _text(value: Any) -> str:  # noqa: ANN401  # whatever openpyxl makes of a cell
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _EXACT_FLOAT
        return str(int(value)) if whole else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, str):
        return FORMULA + value if value.startswith("=") else value.strip()
    if hasattr(value, "ref") and hasattr(value, "text"):  # a formula of a whole array
        return f"{FORMULA}{value.text}"
    return str(value).strip()


def _best_sheet(
    grids: dict[str, list[list[str]]], table: Table, source: LayerSource, book: HeaderBook | None
) -> pd.DataFrame:
    """Take the sheet and the header that show most columns of the layer."""
    ranked = []
    for name, grid in grids.items():
        score, top, height = _header(grid, table, book)
        named = headers.plain(name) in {table.name, headers.plain(table.zh)}
        ranked.append(((score > 0 and named, score), name, top, height))
    best = max((rank for rank, *_ in ranked), default=(False, 0))
    chosen = [entry for entry in ranked if entry[0] == best]
    if best[1] == 0 or len(chosen) > 1:
        rule = (
            f"no sheet has a header of the layer {table.name}"
            if best[1] == 0
            else "several sheets may be the layer"
        )
        names = list(grids) if best[1] == 0 else [name for _, name, _, _ in chosen]
        fault = Fault(
            source=source.path,
            value=", ".join(names[:12]),
            rule=rule,
            remedy='Say which with layer = "...", and head its columns as in the template.',
        )
        raise InputError([fault])
    _, name, top, height = chosen[0]
    cells = pd.DataFrame(grids[name], dtype=str)
    return _under(cells, _titles(grids[name], top, height), top + height)


def _header(grid: list[list[str]], table: Table, book: HeaderBook | None) -> tuple[int, int, int]:
    """How many columns the best header shows, its first row, and whether it has one row or two."""
    best = (0, 0, 1)
    for top in range(min(HEADER_ROWS, len(grid))):
        for height in (1, 2):
            titles = [title for title in _titles(grid, top, height) if title]
            found = headers.match(list(dict.fromkeys(titles)), table, book=book)
            score = len(found.columns) + len(found.position)
            if score > best[0]:
                best = (score, top, height)
    score, top, height = best
    below = [cell for row in grid[top + 1 : top + 2] for cell in row if cell]
    if height == 1 and below and all(map(headers.is_unit, below)):
        height = 2  # a row of units
    return score, top, height


def _titles(grid: list[list[str]], top: int, height: int) -> list[str]:
    """Headers of the columns: the lower row's where it has one, with the upper's where that is a unit."""
    rows = grid[top : top + height]
    titles: list[str] = []
    for column in range(len(rows[0]) if rows else 0):
        words = list(dict.fromkeys(row[column] for row in rows if row[column]))
        title = words[-1] if words else ""
        if len(words) > 1 and headers.is_unit(title):  # the unit stands in a row of its own
            title = f"{words[0]}({title.strip('()（）[]')})"
        titles.append(title)
    return titles
