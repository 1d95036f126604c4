"""What the planner may choose about the outputs, and what colleagues may hand in beside the plan."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from siteplan.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.coverage.emf import Screening

Language = Literal["zh", "en"]
Edition = Literal["consultation", "review", "approval"]
Basemap = Literal["osm", "tianditu"]
Format = Literal["map", "lists", "layers", "rasters", "atlas", "document", "json"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)
"""Every group of files that a plan gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """
    What the planner may choose about the outputs.

    Attributes
    ----------
    language : {"zh", "en"}
        Language of everything that people read; files for scripts keep their English names.
    edition : {"consultation", "review", "approval"}
        Edition of the layout plan: 征求意见稿, 评审稿, 报批稿.
    public : bool
        True for an edition that may be shown to everybody: sites stand at the middle of a square
        kilometre, levels stop at the threshold, and rasters and servers are left out.
    formats : tuple of str
        Groups of files to write, of ``FORMATS``.
    template : Path or None
        The bureau's own ``.docx``, whose styles, margins, headers and first pages are kept.
    comments : Path or None
        Sheet of comments and replies (``.xlsx`` or ``.csv``) for the document.
    font : Path or None
        Font file of the atlas, instead of the one that comes with siteplan.
    basemap : {"osm", "tianditu"} or None
        Online map put under ``map.html``; None for a map that asks no server for anything. Services shifted
        to GCJ-02 are not offered: they would lie hundreds of metres off the data.
    tianditu_key : str
        The planner's own key for Tianditu; it stands in the file, for everybody who opens it.

    Raises
    ------
    InputError
        When a choice is not known or a file is not there; all faults at once.

    Examples
    --------
    >>> OutputOptions(language="en").edition
    'consultation'
    >>> OutputOptions(formats=("maps",))
    Traceback (most recent call last):
    siteplan.errors.InputError: options, formats: no such choice (found maps). Choose of map, ...
    """

    language: Language = "zh"
    edition: Edition = "consultation"
    public: bool = False
    formats: tuple[Format, ...] = FORMATS
    template: Path | None = None
    comments: Path | None = None
    font: Path | None = None
    basemap: Basemap | None = None
    tianditu_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Check every choice."""
        choices: list[tuple[str, str, tuple[str, ...]]] = [
            ("language", self.language, get_args(Language)),
            ("edition", self.edition, get_args(Edition)),
            *(("formats", name, FORMATS) for name in self.formats),
        ]
        if self.basemap is not None:
            choices.append(("basemap", self.basemap, get_args(Basemap)))
        faults = [
            Fault(
                source="options",
                column=column,
                value=str(value),
                rule="no such choice",
                remedy=f"Choose of {', '.join(allowed)}.",
            )
            for column, value, allowed in choices
            if value not in allowed
        ]
        if self.basemap == "tianditu" and not re.fullmatch("[0-9A-Za-z]+", self.tianditu_key):
            faults.append(
                Fault(
                    source="options",
                    column="tianditu_key",
                    rule="Tianditu asks for a key of letters and digits",
                    remedy="Apply for a key of your own at the Tianditu console, or use another basemap.",
                )
            )
        files = {"template": (".docx",), "comments": (".xlsx", ".csv")}
        files["font"] = (".ttf", ".otf", ".ttc")
        for column, endings in files.items():
            path = getattr(self, column)
            if path is not None and not _is_file(Path(path), endings):
                faults.append(
                    Fault(
                        source="options",
                        column=column,
                        value=str(path),
                        rule=f"must be a file that ends in {' or '.join(endings)}",
                        remedy="Correct the path.",
                    )
                )
        if faults:
            raise InputError(faults)


def _is_file(path: Path, endings: tuple[str, ...]) -> bool:
    return path.is_file() and path.suffix.lower() in endings


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplements:
    """
    Figures about the plan that other stages make; what is None is told as missing.

    Attributes
    ----------
    emf : Screening or None
        Screening of electromagnetic fields around the planned sites, as
        :func:`siteplan.outputs.control.field_screening` gives it; None works it out from the plan.
    power : DataFrame or None
        Electrical load, one row per year: ``year`` (int), ``stations`` (int), ``load_kw`` (float) and
        ``note`` (str).
    backhaul : DataFrame or None
        Transmission, one row per year: ``year`` (int), ``sites`` (int), ``fibre_km`` (float), ``cost_cny``
        (float) and ``note`` (str).
    conflicts : DataFrame or None
        Planned sites inside exclusion zones, as :func:`siteplan.outputs.control.conflicts` gives them; None
        works them out from the plan.
    """

    emf: Screening | None = field(default=None, repr=False)
    power: pd.DataFrame | None = field(default=None, repr=False)
    backhaul: pd.DataFrame | None = field(default=None, repr=False)
    conflicts: pd.DataFrame | None = field(default=None, repr=False)
