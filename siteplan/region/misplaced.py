"""
Positions that contradict what is said of them: another system, exchanged coordinates, rounded degrees.

What lies elsewhere and would be at home otherwise is refused with the measured evidence, never mended in
silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.errors import Fault, InputError
from siteplan.region import values
from siteplan.region.fit import FITS, SHOWN, SWAPPED, degrees_of, fit_in, ranking, sample
from siteplan.region.sheets import ROW

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.region.fit import Reference
    from siteplan.region.readers import Raw
    from siteplan.scenario import LayerSource

_MOST_COARSE, _FEWEST_ROUNDED = 3, 3  # decimals of a degree: 100 m; rows that show it
_HAIR_DEG, _DEGREE_M = 1e-9, 111_195.0


def refuse_misfit(
    shapes: NDArray[np.object_],
    stated: str,
    reference: Reference,
    source: LayerSource,
    *,
    said: bool,
) -> None:
    """Refuse a layer that lies elsewhere in the system it is said to be in, and at home in another."""
    here = fit_in(shapes, stated, reference)
    if here.inside >= FITS:
        return
    better = [
        fit for fit in ranking(shapes, reference) if fit.inside >= max(0.9, here.inside + FITS)
    ]
    if not better:
        return
    fault = Fault(
        source=source.path,
        column="geometry",
        value="; ".join(map(str, better[:SHOWN])),
        rule=f"{here}: the positions fit the boundary in another system",
        remedy=f'Say crs = "{better[0].crs}" in scenario.toml if that is right.'
        if said
        else f'Say crs = "{better[0].crs}" in scenario.toml if that is right, or save the file with its '
        "own system.",
    )
    raise InputError([fault])


def refuse_exchanged(
    raw: Raw,
    shapes: NDArray[np.object_],
    stated: str,
    reference: Reference,
    source: LayerSource,
) -> None:
    """Refuse points in whose rows the two coordinates have changed places: so alone they lie inside."""
    if SWAPPED.search(stated) or not (shapely.get_type_id(shapes) == 0).all():
        return
    corners = shapely.get_coordinates(shapes)
    turned = np.flatnonzero(_inside(corners, f"{stated} swapped", reference))
    exchanged = turned[~_inside(corners[turned], stated, reference)]
    if len(exchanged) == 0:
        return
    fault = Fault(
        source=source.path,
        row=values.ranges(raw.cells[ROW].iloc[exchanged].astype(str).tolist()),
        column="geometry",
        value=f"{len(exchanged):,} of {len(shapes):,} rows",
        rule="the two coordinates have changed places: exchanged, these rows lie inside the boundary",
        remedy="Exchange them in these rows.",
    )
    raise InputError([fault])


def _inside(corners: NDArray[np.float64], crs: str, reference: Reference) -> NDArray[np.bool_]:
    """Whether places lie inside the boundary; most are told by its box alone."""
    with np.errstate(invalid="ignore"):
        plane = reference.to_plane(degrees_of(corners, crs))
        west, south, east, north = reference.plane.bounds
        inside: NDArray[np.bool_] = np.asarray(
            (plane >= (west, south)).all(axis=1) & (plane <= (east, north)).all(axis=1)
        )
    inside[inside] = shapely.intersects(reference.plane, shapely.points(plane[inside]))
    return inside


def rounded(geometry: gpd.GeoSeries, source: LayerSource) -> tuple[Fault, ...]:
    """Tell of degrees in a table with so few decimals that places are far off."""
    numbers = sample(geometry.to_numpy())
    if len(numbers) < _FEWEST_ROUNDED or not geometry.crs.is_geographic:
        return ()
    for decimals in range(_MOST_COARSE + 1):
        if (np.abs(np.round(numbers, decimals) - numbers) < _HAIR_DEG).all():
            off_m = _DEGREE_M * 10.0**-decimals / 2.0
            return (
                Fault(
                    source=source.path,
                    column="geometry",
                    value=f"up to {off_m:,.0f} m off",
                    rule=f"the positions are rounded to {decimals} decimals of a degree",
                    remedy="Ask for the positions with five decimals or more.",
                    severity="warning",
                ),
            )
    return ()
