"""What is told of layers whose positions are shifted, and what a guess makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd

from siteplan import schema
from siteplan.errors import Fault
from siteplan.region import datum, shift, values
from siteplan.region.fit import Reference
from siteplan.region.place import GUESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.scenario import LayerSource, Scenario

GUESSED = "the system was guessed from"
"""Beginning of the rule that such a note carries."""


def shift_faults(
    frames: Mapping[str, gpd.GeoDataFrame], scenario: Scenario
) -> tuple[dict[str, gpd.GeoDataFrame], set[str], list[Fault]]:
    """
    Find layers that only fit the others when they, or some rows, are taken back from GCJ-02 or BD-09.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers on the grid's system.
    scenario : Scenario
        What the folder says of each layer.

    Returns
    -------
    frames : dict of str to GeoDataFrame
        The same layers; those whose system the scenario leaves to be guessed, taken back.
    shifted : set of str
        Layers that are refused.
    faults : list of Fault
        A warning where the scenario says that the positions were checked, or to guess.
    """
    frames = dict(frames)
    sources = scenario.layers.vectors()
    reference = Reference.of(frames["boundary"], scenario.region.code)
    declared = {
        name: source.crs.lower()
        for name, source in sources.items()
        if source.crs is not None and source.crs.lower() in datum.SHIFTED
    }
    layers = {
        name: frame for name, frame in frames.items() if schema.TABLES[name].geometry != "none"
    }
    faults = []
    whole = set()
    for found in shift.find_shifts(layers, reference, declared=declared):
        source = sources[found.layer]
        if source.crs == GUESS:
            frames[found.layer] = layers[found.layer] = _taken_back(
                layers[found.layer], found.datum
            )
            faults.append(_guessed(found, sources))
            continue
        whole.add(found.layer)
        told = (
            f'Leave crs = "{found.datum}" out'
            if found.undone
            else f'Say crs = "{found.datum}" under [layers.{found.layer}], or ask for the file in CGCS2000'
        )
        fits = "as they stand" if found.undone else f"when taken back from {found.datum}"
        faults.append(
            Fault(
                source=source.path,
                column="geometry",
                value=f"{found.shift_m:,.0f} m off; {found.before:.0%} on {found.against} as read, "
                f"{found.after:.0%} {fits}",
                rule=f"the positions fit {sources[found.against].path} only {fits}",
                remedy=f"{told}; or, if a map shows that they are right, say checked = true.",
                severity="warning" if source.checked else "error",
            )
        )
    mixed = [
        found
        for found in shift.find_mixed(layers, reference, declared=declared)
        if found.layer not in whole and found.against not in whole
    ]
    faults.extend(_mixed_fault(found, len(layers[found.layer]), sources) for found in mixed)
    named = whole | {found.layer for found in mixed}
    return frames, {name for name in named if not sources[name].checked}, faults


def _taken_back(frame: gpd.GeoDataFrame, system: datum.Shifted) -> gpd.GeoDataFrame:
    degrees = frame.geometry.to_crs("EPSG:4326")
    back = datum.geometry_to_wgs84(degrees.to_numpy(), datum=system)
    moved = gpd.GeoSeries(back, frame.index, "EPSG:4326").to_crs(frame.crs)
    result = frame.set_geometry(moved)
    result.attrs = frame.attrs
    return result


def _guessed(found: shift.Shift, sources: Mapping[str, LayerSource]) -> Fault:
    return Fault(
        source=sources[found.layer].path,
        column="geometry",
        value=f"{found.shift_m:,.0f} m off; {found.before:.0%} on {found.against} as read, {found.after:.0%} "
        f"when taken back from {found.datum}",
        rule=f'the system was guessed from {sources[found.against].path}: crs = "{found.datum}"',
        remedy="Nothing, when the map looks right.",
        severity="warning",
    )


def _mixed_fault(found: shift.Mixed, count: int, sources: Mapping[str, LayerSource]) -> Fault:
    source = sources[found.layer]
    fits = "as in WGS 84" if found.undone else f"when taken back from {found.datum}"
    other = "CGCS2000" if found.undone else found.datum
    return Fault(
        source=source.path,
        row=values.ranges(found.rows),
        column="geometry",
        value=f"at least {len(found.rows):,} of {count:,} rows are {found.shift_m:,.0f} m off: they fit "
        f"{sources[found.against].path} only {fits}; by chance {found.chance:,} would at most",
        rule=f"the positions are mixed: some rows are in {found.datum}, some are not",
        remedy="Find out where these rows come from, and say the system of each row in a column crs "
        f"(坐标系), {other} for such rows; or ask for the whole file in CGCS2000; or, if a map shows that "
        "they are right, say checked = true.",
        severity="warning" if source.checked else "error",
    )
