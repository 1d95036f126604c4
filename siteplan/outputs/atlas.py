"""
The atlas: the figures of the layout plan as PNG of 300 dots an inch, and all of them in one PDF.

Colours and marks are those of the HTML map, safe for colour-blind readers, and every meaning has a shape
besides its colour. Chinese letters come from a font that is really there (:mod:`siteplan.outputs.fonts`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.backends.backend_pdf import PdfPages
from tqdm.auto import tqdm

from siteplan.outputs.artist import Artist, control_zones, road_rules
from siteplan.outputs.fonts import chinese_font
from siteplan.outputs.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.outputs.options import OutputOptions
    from siteplan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """
    Figures of a plan.

    Attributes
    ----------
    pictures : mapping of str to bytes
        PNG by name, in the order of the atlas.
    pdf : bytes
        All of them, a sheet a page.
    """

    pictures: Mapping[str, bytes]
    pdf: bytes


def draw_atlas(plan: Plan, options: OutputOptions) -> Atlas:
    """
    Draw the figures of a plan.

    Parameters
    ----------
    plan : Plan
        The plan.
    options : OutputOptions
        Language and font.

    Returns
    -------
    atlas : Atlas
        ``location``, ``present_sites``, ``coverage_today_<technology>``, ``gaps``, ``plan_by_kind``,
        ``plan_by_year``, ``coverage_plan_<technology>``, ``progress``, ``roads`` when a target speaks of
        roads, ``control`` when exclusion zones were given, ``transmission`` when new cables or rooms are
        known, and ``township_<id>``. The same plan and font give the same bytes.

    Raises
    ------
    OutputError
        When no font with Chinese letters is found.

    Examples
    --------
    >>> atlas = draw_atlas(plan, OutputOptions())  # doctest: +SKIP
    >>> Path("location.png").write_bytes(atlas.pictures["location"])  # doctest: +SKIP
    """
    pictures: dict[str, bytes] = {}
    file = io.BytesIO()
    with chinese_font(options.font) as font, PdfPages(file, metadata={"CreationDate": None}) as pdf:
        artist = Artist(plan, Words(options.language), font)
        sheets = artist.sheets()
        names = sheet_names(plan)
        for name in tqdm(names, desc="atlas", unit="sheet", leave=False, delay=1.0):
            sheet = sheets[name]()
            pictures[name] = sheet.png()
            pdf.savefig(sheet.figure)
    return Atlas(pictures=pictures, pdf=file.getvalue())


def sheet_names(plan: Plan) -> list[str]:
    """
    Names of the figures of a plan.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    names : list of str
        In the order of the atlas.
    """
    technologies = sorted({technology for technology, _ in plan.coverage_plan})
    names = ["location", "present_sites"]
    names += [f"coverage_today_{name}" for name in technologies]
    names += ["gaps", "plan_by_kind", "plan_by_year"]
    names += [f"coverage_plan_{name}" for name in technologies]
    names.append("progress")
    if road_rules(plan):
        names.append("roads")
    if control_zones(plan) is not None:
        names.append("control")
    if len(plan.backhaul.fibre.cables) or plan.backhaul.rooms is not None:
        names.append("transmission")
    if plan.region.layer("townships") is not None:
        names += [f"township_{code}" for code in plan.region.townships().index]
    return names
