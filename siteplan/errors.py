"""
What goes wrong, said so that a planner can mend it.

A :class:`Fault` is one thing wrong in the input: where, which value, which rule it breaks and what to
do. Checks collect faults and raise them together in one :class:`InputError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FAULTS_SHOWN = 20
"""Faults printed in one message; the rest are counted."""


class SiteplanError(Exception):
    """Base of every error that siteplan raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    One thing wrong in the input.

    Attributes
    ----------
    source : str
        File or argument, relative to the region folder.
    rule : str
        What is required there, and how the value breaks it.
    remedy : str
        What the reader can do.
    row : str
        Row or feature concerned, as a reader of the file would count it; empty for the whole file.
    column : str
        Column or key concerned.
    value : str
        The value found.
    severity : {"error", "warning"}
        Errors stop; warnings travel with the result.
    """

    source: str
    rule: str
    remedy: str
    row: str = ""
    column: str = ""
    value: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = self.source
        if self.row:
            place += f", row {self.row}"
        if self.column:
            place += f", {self.column}"
        found = f" (found {self.value})" if self.value else ""
        return f"{place}: {self.rule}{found}. {self.remedy}"


class InputError(SiteplanError, ValueError):
    """
    The input cannot be used; carries every fault found.

    Parameters
    ----------
    faults : iterable of Fault
        At least one.

    Examples
    --------
    >>> fault = Fault(source="roads.geojson", rule="the file does not exist",
    ...               remedy="Put it there or correct [layers.roads] in scenario.toml.")
    >>> print(InputError([fault]))
    roads.geojson: the file does not exist. Put it there or correct [layers.roads] in scenario.toml.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = tuple(faults)
        lines = [str(fault) for fault in self.faults[:FAULTS_SHOWN]]
        if len(self.faults) > 1:
            lines = [f"{len(self.faults)} faults in the input:"] + [f"- {line}" for line in lines]
        if len(self.faults) > FAULTS_SHOWN:
            lines.append(f"- and {len(self.faults) - FAULTS_SHOWN} more")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[InputError], tuple[Sequence[Fault]]]:
        return type(self), (self.faults,)


class InfeasibleError(SiteplanError, RuntimeError):
    """No selection of the given candidates can meet the hard rules; the message says which and why."""


class OutputError(SiteplanError, OSError):
    """A result could not be written; nothing half-written is left behind."""
