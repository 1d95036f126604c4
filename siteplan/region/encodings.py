"""
Text of files that do not name their encoding, or name a wrong one.

UTF-8 shows itself: hardly any other text is valid UTF-8. GBK does not: most bytes make some rare characters
in it, so Western text reads as GBK without an error. It is taken only where the characters are common ones,
and refused otherwise, with what the text would be in the encodings that fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from siteplan.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from siteplan.scenario import LayerSource

RAW_BYTES: Final = "ISO-8859-1"
"""Every byte is a character: text is read so first where the real encoding is found afterwards."""

CANDIDATES: Final = ("gb18030", "cp1252", "cp1250", "cp1251", "big5", "cp850")
"""Encodings that a message shows."""

COMMON_SHARE: Final = 0.5
"""Share of the characters beyond ASCII that must be common Chinese ones for a text to be taken for GBK."""

_LANGUAGES: Final = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x13: "cp932", 0x4D: "gb18030", 0x4E: "cp949",
    0x4F: "big5", 0x58: "cp1252", 0x59: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x78: "big5",
    0x79: "cp949", 0x7A: "gb18030", 0x7B: "cp932", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254",
    0xCB: "cp1253",
}  # fmt: skip
"""Encoding by the language byte of a dBase file; 0x57 only says that it is the writer's own."""

_CODEPAGES: Final = {"936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "65001": "utf-8"}
_LANGUAGE_BYTE: Final = 29
_COMMON: Final = (0xB0, 0xD7)  # lead bytes of the 3,755 characters of the first level of GB 2312
_SHOWN: Final = 3


def named_encoding(path: Path) -> str | None:
    """
    Find the encoding that a shapefile names in its ``.cpg``, or in the language byte of its ``.dbf``.

    Parameters
    ----------
    path : Path
        Main file.

    Returns
    -------
    encoding : str or None
        None when it names none.
    """
    parts = {part.suffix.lower(): part for part in path.parent.glob("*") if part.stem == path.stem}
    if ".cpg" in parts:
        word = parts[".cpg"].read_bytes()[:64].decode("ascii", "replace").strip().lower()
        if word:
            return _CODEPAGES.get(word.removeprefix("cp"), word)
    if path.suffix.lower() == ".shp" and ".dbf" in parts:
        with parts[".dbf"].open("rb") as file:
            head = file.read(_LANGUAGE_BYTE + 1)
        return _LANGUAGES.get(head[_LANGUAGE_BYTE]) if len(head) > _LANGUAGE_BYTE else None
    return None


def decoded(cells: pd.DataFrame, source: LayerSource, named: str | None) -> pd.DataFrame:
    """
    Cells and headers that were read byte by byte, in their real encoding.

    Parameters
    ----------
    cells : DataFrame
        Text in ``RAW_BYTES``.
    source : LayerSource
        The encoding that the scenario says, and the file's name.
    named : str or None
        Encoding that the file names; it counts where the text fits it.

    Returns
    -------
    cells : DataFrame
        Read as UTF-8 where that fits, else as the scenario or the file says, else as GBK.

    Raises
    ------
    InputError
        When the text is not of the encoding that the scenario says, or of none that is sure.
    """
    texts = [name for name in cells.columns if not pd.api.types.is_numeric_dtype(cells[name])]
    unique = {name: cells[name].dropna().unique() for name in texts}
    sample = [*map(str, cells.columns), *(v for values in unique.values() for v in values)]
    raw = [text.encode(RAW_BYTES, "replace") for text in sample if isinstance(text, str)]
    chosen = choose(raw, source, named)
    result = cells.copy()
    for name, values in unique.items():
        words = {v: _recode(v, chosen) for v in values if isinstance(v, str)}
        if words:
            result[name] = cells[name].map(words).where(cells[name].notna(), cells[name])
    result.columns = pd.Index([_recode(str(name), chosen) for name in cells.columns])
    return result


def choose(texts: list[bytes], source: LayerSource, named: str | None = None) -> str:
    """
    Find the encoding of texts.

    Parameters
    ----------
    texts : list of bytes
        Cells, or lines.
    source : LayerSource
        The encoding that the scenario says, and the file's name.
    named : str or None
        Encoding that the file names.

    Returns
    -------
    encoding : str
        For Python.

    Raises
    ------
    InputError
        When the text is not of the encoding that the scenario says, or of none that is sure.

    Examples
    --------
    >>> from siteplan.scenario import LayerSource
    >>> choose(["巴音嘎查".encode("gbk")], LayerSource(path="v.csv"))
    'gb18030'
    """
    beyond = [text for text in texts if not text.isascii()]
    if source.encoding is not None:
        if fits(beyond, source.encoding):
            return source.encoding
        raise InputError([_undecided(source, beyond, f"the text is not {source.encoding}")])
    if fits(beyond, "utf-8"):
        return "utf-8"
    if named is not None and fits(beyond, named):
        return named
    if fits(beyond, "gb18030") and chinese(beyond):
        return "gb18030"
    raise InputError([_undecided(source, beyond, "the text is neither UTF-8 nor GBK")])


def fits(texts: Iterable[bytes], encoding: str) -> bool:
    """
    Whether all texts are of an encoding, but for a last character that was cut.

    Parameters
    ----------
    texts : iterable of bytes
        Cells.
    encoding : str
        Its name.

    Returns
    -------
    fits : bool
        False for an encoding that does not exist, too.
    """
    try:
        for text in texts:
            try:
                text.decode(encoding)
            except UnicodeDecodeError as error:
                if error.end < len(text) - 1 or error.reason not in {
                    "unexpected end of data",
                    "incomplete multibyte sequence",
                }:
                    return False
    except LookupError:
        return False
    return True


def chinese(texts: Iterable[bytes]) -> bool:
    """
    Whether texts in GBK hold mostly common characters.

    Parameters
    ----------
    texts : iterable of bytes
        Valid GBK.

    Returns
    -------
    chinese : bool
        False for Western text that happens to be valid, and for other encodings of Chinese.

    Examples
    --------
    >>> chinese(["锡尼镇".encode("gbk")]), chinese(["São José da Conceição, Município".encode("cp1252")])
    (True, False)
    """
    common = others = 0
    for text in texts:
        word = f" {text.decode('gb18030', 'ignore')} "
        for i, char in enumerate(word):
            if char.isascii():
                continue
            lead = char.encode("gb2312", "ignore")[:1]
            alone = all(near.isascii() and near.isalpha() for near in (word[i - 1], word[i + 1]))
            if lead and _COMMON[0] <= lead[0] <= _COMMON[1] and not alone:
                common += 1
            elif not lead or lead[0] >= _COMMON[0]:  # signs and brackets say nothing
                others += 1
    return common >= COMMON_SHARE * (common + others)


def _recode(text: str, encoding: str) -> str:
    return text.encode(RAW_BYTES, "replace").decode(encoding, "ignore")


def _telling(text: bytes) -> bytes:
    """Part of a text with the first byte beyond ASCII, from the beginning of a word."""
    first = next(i for i, byte in enumerate(text) if byte > 0x7F)  # noqa: PLR2004  # the last of ASCII
    start = max(text.rfind(mark, 0, first) + 1 for mark in (b" ", b",", b";", b"\t"))
    return text[max(start, first - 12) : first + 12]


def _undecided(source: LayerSource, texts: list[bytes], rule: str) -> Fault:
    sample = [_telling(text) for text in texts[:_SHOWN]]
    shown = [
        f"{encoding}: {', '.join(text.decode(encoding, 'ignore') for text in sample)}"
        for encoding in CANDIDATES
        if fits(texts, encoding)
    ]
    return Fault(
        source=source.path,
        value="; ".join(shown)[:300],
        rule=rule,
        remedy='Say the encoding in which it reads right, for example encoding = "cp1252" in scenario.toml, '
        "or 1252 in a .cpg file beside a shapefile; or save the file again in UTF-8.",
    )
