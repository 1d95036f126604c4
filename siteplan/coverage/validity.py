"""Where a plan uses a propagation model outside the ranges it was published for: said, never silent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siteplan import catalog
from siteplan.errors import Fault, InputError
from siteplan.propagation.registry import MODELS

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.propagation.registry import Model
    from siteplan.region import Region

_STRICT = (
    "Choose a model that covers the range, a smaller radio.radius_m where it is the distance, or say "
    'radio.outside_validity = "warn".'
)
_QUANTITIES = {
    "frequency_mhz": ("stations", "MHz"),
    "base_height_m": ("stations", "m"),
    "mobile_height_m": ("stations", "m"),
    "distance_m": ("the area within their radius", "m"),
}


def validity_warnings(region: Region, stations: pd.DataFrame) -> tuple[Fault, ...]:
    """
    Warnings for stations computed outside a model's published ranges.

    Parameters
    ----------
    region : Region
        With the models of the scenario.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`.

    Returns
    -------
    warnings : tuple of Fault
        One for each model, sight and quantity concerned, with the share of stations, or of the area
        within their radius, that lies outside; one for a spread that is known in part only; and one for
        the radius at which every station ends.

    Raises
    ------
    InputError
        With the same faults about models, when the scenario says ``radio.outside_validity = "error"``.
    """
    radio = region.scenario.radio
    warnings = []
    gears = stations["equipment"].map(catalog.equipment())
    for scale, name in (("macro", radio.macro_model), ("micro", radio.micro_model)):
        chosen = stations[[gear.scale == scale for gear in gears]]
        if chosen.empty:
            continue
        carriers = [catalog.equipment()[name].carrier for name in chosen["equipment"]]
        values = {
            "frequency_mhz": [catalog.carriers()[carrier].frequency_mhz for carrier in carriers],
            "base_height_m": chosen["antenna_height_m"].to_numpy(dtype=float),
            "mobile_height_m": radio.receiver_height_m,
            # cells lie evenly over the area, so their distances as roots of even steps
            "distance_m": radio.radius_m * np.sqrt((np.arange(1000) + 0.5) / 1000.0),
        }
        warnings.extend(_outside(MODELS[name], scale, values))
    if warnings and radio.outside_validity == "error":
        raise InputError([replace(fault, severity="error", remedy=_STRICT) for fault in warnings])
    warnings.extend(_narrow_spreads(region, stations))
    warnings.append(
        Fault(
            source="scenario.toml",
            column="radio.radius_m",
            value=f"{radio.radius_m:g} m",
            rule="no station is computed farther than this",
            remedy="Raise it where stations stand high or far apart.",
            severity="warning",
        )
    )
    return tuple(warnings)


def _narrow_spreads(region: Region, stations: pd.DataFrame) -> list[Fault]:
    """Tell that the spread of P.1812 is that over the places of a cell, and not the error of the model."""
    radio = region.scenario.radio
    gears = catalog.equipment()
    used = {
        (radio.macro_model if gears[name].scale == "macro" else radio.micro_model, name)
        for name in stations["equipment"].unique()
    }
    open_ones = [
        name
        for model, name in used
        if MODELS[model].over_terrain
        and getattr(radio.correction(model, gears[name].carrier), "sigma_db", None) is None
    ]
    if not open_ones:
        return []
    return [
        Fault(
            source="scenario.toml",
            column="radio",
            value=f"p1812, {len(open_ones)} kinds of equipment",
            rule="the spread of levels is that over the places of one cell only (Rec. ITU-R P.1812-8, "
            "sec. 4.7): chances told are too sure",
            remedy="Fit the model to drive tests with siteplan calibrate, or raise radio.model_error_db.",
            severity="warning",
        )
    ]


def _outside(model: Model, scale: str, values: dict[str, object]) -> list[Fault]:
    faults: dict[tuple[str, float], Fault] = {}
    for seen in (True, False):
        shares = model.outside(line_of_sight=seen, **values)  # type: ignore[arg-type]
        ranges = model.seen if seen else model.hidden
        for quantity, share in shares.items():
            what, unit = _QUANTITIES[quantity]
            low, high = ranges[quantity]
            span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            same_both_ways = model.seen.get(quantity) == model.hidden.get(quantity)
            sight = "" if same_both_ways else " in sight" if seen else " out of sight"
            faults[quantity, high] = Fault(
                source=f"{model.name} ({scale})",
                column=quantity,
                value=f"{share:.0%} of {what}",
                rule=f"published{sight} for {span} {unit}; beyond, it is extrapolated",
                remedy="Read results there with care, or choose a model that covers the range.",
                severity="warning",
            )
    return list(faults.values())
