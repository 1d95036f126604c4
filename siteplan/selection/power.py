"""Electric load and yearly energy of stations, by site, township and year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from siteplan import catalog
from siteplan.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

HOURS: Final = 8760.0
"""Hours of a year."""


def electric_load(
    stations: pd.DataFrame, years: Sequence[int], *, township: pd.Series[str] | None = None
) -> pd.DataFrame:
    """
    Load and energy of sites at the end of each year.

    Parameters
    ----------
    stations : DataFrame
        With ``site_id``, ``technology``, ``equipment`` and ``year``, today's and planned ones together.
    years : sequence of int
        Years to tell.
    township : Series of str, optional
        Township of each site.

    Returns
    -------
    load : DataFrame
        One row for each year and site with a station: ``year``, ``site_id``, ``township``, ``stations``,
        ``load_kw`` and ``energy_mwh`` (a whole year at that load). Figures of the catalogue, a
        default to be replaced by measured ones.

    Raises
    ------
    InputError
        When the catalogue does not know an equipment.

    Examples
    --------
    >>> stations = pd.DataFrame({"site_id": ["a", "a"], "technology": ["4G", "5G"], "year": [2019, 2021],
    ...                          "equipment": ["macro-lte900", "macro-nr2600"]})
    >>> electric_load(stations, [2020, 2021])[["year", "site_id", "load_kw", "energy_mwh"]]
       year site_id  load_kw  energy_mwh
    0  2020       a      1.3      11.388
    1  2021       a      5.1      44.676
    """
    figures, equipment = catalog.power(), catalog.equipment()
    unknown = sorted(set(stations["equipment"].astype(str)) - set(equipment))
    if unknown:
        raise InputError(
            [catalog.unknown_name("stations", "equipment", name, equipment) for name in unknown]
        )
    scale = (
        stations["equipment"].astype(str).map({name: it.scale for name, it in equipment.items()})
    )
    kind = stations["technology"].astype(str) + "-" + scale.astype(str)
    table = stations[["site_id", "year"]].assign(
        load_kw=kind.map({name: figure.load_kw for name, figure in figures.items()}).astype(float)
    )
    parts = []
    for year in years:
        standing = table[table["year"] <= year]
        sums = standing.groupby("site_id", sort=True)["load_kw"].agg(["size", "sum"]).reset_index()
        parts.append(
            pd.DataFrame(
                {
                    "year": year,
                    "site_id": sums["site_id"],
                    "township": ""
                    if township is None
                    else sums["site_id"].map(township).fillna(""),
                    "stations": sums["size"],
                    "load_kw": sums["sum"],
                    "energy_mwh": sums["sum"] * HOURS / 1000.0,
                }
            )
        )
    columns = ["year", "site_id", "township", "stations", "load_kw", "energy_mwh"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
