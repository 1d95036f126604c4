"""
Chinese of the English texts that a plan carries, and English of the Chinese ones.

The texts stand in ``assets/chinese*.toml`` and ``assets/english.toml``. A text
that is not there stays as it is: nothing is guessed.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from siteplan import schema
from siteplan.errors import FAULTS_SHOWN, Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.outputs.options import Language

HAN: Final = re.compile("[\u3400-\u9fff]")
SIGNS: Final = str.maketrans(
    {
        "，": ", ",
        "、": ", ",
        "；": "; ",
        "：": ": ",
        "。": ". ",
        "（": " (",
        "）": ")",
        "～": " to ",
    }
)
"""Signs between Chinese words, and what stands for them between English ones."""

VERBATIM: Final = "key"
"""Place whose value the reader must write as it is."""

CLAUSES: Final = "; "
"""What joins clauses that may be translated one by one."""


def in_chinese(text: str) -> str:
    """
    Chinese of a text that the catalogue, a result, a warning or a layer of the demos holds.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    text : str
        Chinese where it is known, else the text as it is.

    Examples
    --------
    >>> in_chinese("assumption: eight storeys and a rooftop pole")
    '假设：八层楼加楼面抱杆'
    >>> in_chinese("2 without fibre"), in_chinese("75% of stations"), in_chinese("3GPP TR 38.901")
    ('2个不满足：通光纤', '基站的75%', '3GPP TR 38.901')
    """
    clauses = text.split(CLAUSES)
    told = [in_chinese(clause) for clause in clauses] if len(clauses) > 1 else []
    whole = _translated(text, "chinese", _place)
    if whole is not None and (text in _texts("chinese")[0] or not told or {*told} & {*clauses}):
        return whole
    return text if told == clauses or not told else "；".join(told)


def in_english(text: str) -> str:
    """
    English of a text of the list of assumptions.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    text : str
        English where it is known, else the text as it is; signs follow the words.

    Examples
    --------
    >>> in_english("启用站址：路灯杆"), in_english("nr-dt-105 电平")
    ('opening a site: lamp pole', 'nr-dt-105 level')
    """
    known = _translated(text, "english", in_english)
    told = text if known is None else known
    return told if HAN.search(told) else told.translate(SIGNS)


def fault_in_chinese(fault: Fault) -> str:
    """
    Warning as one Chinese line.

    Parameters
    ----------
    fault : Fault
        What was found in the input.

    Returns
    -------
    line : str
        Place, rule, value and remedy.

    Examples
    --------
    >>> from siteplan.errors import Fault
    >>> fault_in_chinese(Fault(source="terrain.tif", value="2% of the area", remedy="Give more tiles.",
    ...                        rule="terrain is missing inside the boundary; signal there is unknown"))
    'terrain.tif：范围内有地形缺失，该处信号未知（面积的2%）。提供更多图幅。'
    """
    place = in_chinese(fault.source)
    if fault.row:
        place += f"，第{fault.row}行"
    if fault.column:
        place += f"，{in_chinese(fault.column)}"
    value = f"（{in_chinese(fault.value)}）" if fault.value else ""
    return f"{place}：{in_chinese(fault.rule)}{value}。{in_chinese(fault.remedy)}"


def told(text: str | Fault | Exception, *, language: Language) -> str:
    """
    Text, warning or error as the command line says it.

    Parameters
    ----------
    text : str, Fault or Exception
        What is to be said, in English as everywhere in the code.
    language : {"zh", "en"}
        Language of the reader.

    Returns
    -------
    text : str
        What has no Chinese stays as it is.

    Examples
    --------
    >>> told("dem.tif: there already", language="zh")
    'dem.tif：已有，未再下载'
    >>> fault = Fault(source="a.osm.pbf", rule="there is no such extract", remedy="Correct the path.")
    >>> told(InputError([fault]), language="zh")
    'a.osm.pbf：没有这个提取文件。改正路径。'
    """
    if language == "en":
        return str(text)
    if isinstance(text, Fault):
        return fault_in_chinese(text)
    if not isinstance(text, InputError):
        return in_chinese(str(text))
    lines = [fault_in_chinese(fault) for fault in text.faults]
    if len(lines) == 1:
        return lines[0]
    shown = [f"- {line}" for line in lines[:FAULTS_SHOWN]]
    if len(lines) > FAULTS_SHOWN:
        shown.append(f"- {in_chinese(f'and {len(lines) - FAULTS_SHOWN} more')}")
    return "\n".join([in_chinese(f"{len(lines)} faults in the input:"), *shown])


def header_zh(name: str) -> str | None:
    """
    Chinese header of a layer or a column.

    Parameters
    ----------
    name : str
        Its name in the schema, or ``geometry``.

    Returns
    -------
    header : str or None
        None when the schema has no such name.

    Examples
    --------
    >>> header_zh("height_m"), header_zh("geometry"), header_zh("grid.crs")
    ('高度', '图形', None)
    """
    return "图形" if name == "geometry" else _headers().get(name)


def _translated(text: str, language: str, place: Callable[[str], str]) -> str | None:
    exact, patterns = _texts(language)
    if text in exact:
        return exact[text]
    for pattern, translation in patterns:
        if found := pattern.fullmatch(text):
            return translation.format(
                **{
                    name: value if name == VERBATIM else place(value)
                    for name, value in found.groupdict().items()
                }
            )
    return None


def _place(value: str) -> str:
    """Translate what stands in a place: layers and columns by their Chinese headers."""
    known = _headers()
    names = value.split(", ")
    return (
        "、".join(known[name] for name in names) if known.keys() >= {*names} else in_chinese(value)
    )


@cache
def _headers() -> dict[str, str]:
    tables = schema.TABLES.values()
    columns = {column.name: column.zh for table in tables for column in table.columns}
    return columns | {name: table.zh for name, table in schema.TABLES.items()}


@cache
def _texts(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Give texts without places, and patterns of those with places, the most literal first."""
    assets = files("siteplan.outputs") / "assets"
    read = [
        tomllib.loads((assets / name).read_text(encoding="utf-8"))
        for name in (f"{language}.toml", f"{language}_check.toml", f"{language}_command.toml")
        if (assets / name).is_file()
    ]
    groups = [group for texts in read for group in texts.values()]
    exact: dict[str, str] = {}
    patterns: list[tuple[int, re.Pattern[str], str]] = []
    for english, chinese in (item for group in groups for item in group.items()):
        literal = re.split(r"\{(\w+)\}", english)
        if len(literal) == 1:
            exact[english] = chinese
            continue
        parts = [f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(literal)]
        letters = sum(map(len, literal[::2]))
        patterns.append((-letters, re.compile("".join(parts)), chinese))
    patterns.sort(key=lambda item: item[0])
    return exact, [(pattern, chinese) for _, pattern, chinese in patterns]
