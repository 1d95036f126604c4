"""What every table of the catalogue has in common, and how it is read from TOML."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from siteplan.catalog._lines import line_of
from siteplan.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path


Mark = Literal["1", "2", "k", "?"]
"""Trust: official or checked, secondary, assumption, unknown."""

Technology = Literal["4G", "5G"]

Text = Annotated[str, BeforeValidator(str)]
"""Text that TOML may hold as a date or a number."""

FULL_WIDTH = "“”‘’＝，［］＃"
"""Marks of a Chinese keyboard that TOML does not know."""

PACKAGE = "siteplan.catalog"
"""Package that holds the files."""


class Entry(BaseModel):
    """Base of all catalogue and scenario tables: immutable, and a misspelt key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Model = TypeVar("Model", bound=Entry)

_REMEDIES = {
    "extra_forbidden": "Correct the spelling or remove the key.",
    "missing": "Add the key.",
}

_RULES = {
    "extra_forbidden": "unknown key",
    "missing": "a required key is missing",
}


def parse_toml(path: Traversable | Path, model: type[Model], source: str) -> Model:
    """
    Read a TOML file into a model, telling all faults at once.

    Parameters
    ----------
    path : path
        File to read.
    model : type
        Model that the file must fit.
    source : str
        Name of the file in messages.

    Returns
    -------
    parsed : model
        Immutable model.

    Raises
    ------
    InputError
        When the file is missing, is no TOML, or does not fit.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except (FileNotFoundError, IsADirectoryError):
        fault = Fault(
            source=source, rule="the file does not exist", remedy="Write it, or name the right one."
        )
        raise InputError([fault]) from None
    except UnicodeDecodeError:
        fault = Fault(source=source, rule="the text is not UTF-8", remedy="Save it as UTF-8.")
        raise InputError([fault]) from None
    except tomllib.TOMLDecodeError as error:
        fault = Fault(
            source=source, rule=f"not valid TOML: {error}", remedy=_toml_remedy(text, str(error))
        )
        raise InputError([fault]) from None
    return parse(data, model, source, text=text)


def _toml_remedy(text: str, error: str) -> str:
    """Say what planners mostly mean: marks of a Chinese keyboard, and paths of Windows."""
    found = re.search(r"at line (\d+)", error)
    lines = text.splitlines()
    line = lines[int(found[1]) - 1] if found is not None and int(found[1]) <= len(lines) else ""
    if "\\" in line:
        return "Write paths with / instead of a backslash."
    if any(mark in line for mark in FULL_WIDTH):
        return "Write quotes, commas and other marks as on an English keyboard."
    return "Correct the line."


def parse(data: Mapping[str, Any], model: type[Model], source: str, *, text: str = "") -> Model:
    """
    Check a mapping against a model, telling all faults at once.

    Parameters
    ----------
    data : mapping
        Parsed TOML.
    model : type
        Model that it must fit.
    source : str
        Name of the file in messages.
    text : str
        The file itself, to name the lines of faults.

    Returns
    -------
    parsed : model
        Immutable model.

    Raises
    ------
    InputError
        With one fault for each key that does not fit.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = []
        for item in error.errors():
            kind = item["type"]
            value = "" if kind == "missing" else repr(item["input"])[:80]
            faults.append(
                Fault(
                    source=source,
                    row=str(line_of(text, item["loc"]) or ""),
                    column=".".join(str(part) for part in item["loc"]),
                    value=value,
                    rule=_RULES.get(kind, item["msg"].removeprefix("Value error, ")),
                    remedy=_REMEDIES.get(kind, "Correct the value."),
                )
            )
        raise InputError(faults) from None


def unknown_name(source: str, column: str, value: str, known: Iterable[str]) -> Fault:
    """
    Fault for a name that the catalogue does not have.

    Parameters
    ----------
    source, column, value : str
        Where it stands and what stands there.
    known : iterable of str
        Names that exist.

    Returns
    -------
    fault : Fault
        Lists the names that exist.
    """
    return Fault(
        source=source,
        column=column,
        value=value,
        rule="the catalogue has no such name",
        remedy=f"Use one of: {', '.join(sorted(known))}.",
    )


def load(name: str, model: type[Model]) -> Model:
    """
    Read a file of the catalogue.

    Parameters
    ----------
    name : str
        File beside this module.
    model : type
        Table that it must be.

    Returns
    -------
    table : instance of `model`
        Checked.
    """
    return parse_toml(files(PACKAGE) / name, model, f"catalog/{name}")
