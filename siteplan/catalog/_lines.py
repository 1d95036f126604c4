"""Where in a TOML file a key stands, so that a fault can name its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLE = re.compile(r"^\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    r"""
    Line of a key, or of the nearest table above it.

    Parameters
    ----------
    text : str
        A valid TOML file.
    path : sequence of str and int
        Keys, and positions in arrays of tables.

    Returns
    -------
    line : int or None
        Counted from 1; None for the file as a whole.

    Examples
    --------
    >>> line_of('a = 1\n[[rules]]\nid = "x"\n[[rules]]\nid = "y"', ("rules", 1, "id"))
    5
    """
    known = _lines(text)
    wanted = tuple(str(part) for part in path)
    for length in range(len(wanted), 0, -1):
        if wanted[:length] in known:
            return known[wanted[:length]]
    return None


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Line of every table and key written on a line of its own."""
    known: dict[tuple[str, ...], int] = {}
    tables: dict[tuple[str, ...], int] = {}
    current: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if table := _TABLE.match(line):
            current = _resolved(_parts(table[2]), tables, new=table[1] == "[[")
            known.setdefault(current, number)
        elif key := _KEY.match(line):
            path = current
            for part in _parts(key[1]):
                path = (*path, part)
                known.setdefault(path, number)
    return known


def _resolved(
    name: tuple[str, ...], tables: dict[tuple[str, ...], int], *, new: bool
) -> tuple[str, ...]:
    """Full path of a table: arrays of tables above it stand at their last entry."""
    path: tuple[str, ...] = ()
    for i, part in enumerate(name):
        path = (*path, part)
        if new and i == len(name) - 1:
            tables[path] = tables.get(path, -1) + 1
        if path in tables:
            path = (*path, str(tables[path]))
    return path


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(name))
