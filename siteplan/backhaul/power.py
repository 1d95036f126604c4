"""Electric load, yearly energy and kind of supply of the stations, by site, township and year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from siteplan import catalog
from siteplan.catalog.backhaul import power_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.region import Region

LOADS: Final = ("low_kw", "typical_kw", "high_kw")
"""Columns of the load."""

ENERGIES: Final = ("low_mwh", "typical_mwh", "high_mwh")
"""Columns of the energy of a year."""

KW_PER_MW: Final = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerPlan:
    """
    Electricity for the stations in service at the end of each year.

    Every table holds ``stations``, ``unknown_load`` (stations for which the catalogue has no figure; they
    are in no sum), ``low_kw``, ``typical_kw``, ``high_kw``, and ``low_mwh``, ``typical_mwh``, ``high_mwh``,
    the energy of a full year with these stations. A row whose stations are all of unknown load has NaN.

    Attributes
    ----------
    stations : DataFrame
        By station: ``site_id``, ``technology``, ``scale``, ``year``, and the load.
    sites : DataFrame
        By year and site; also ``township``, ``supply`` (``direct``, ``resold``, blank is unknown).
    townships : DataFrame
        By year and township; also ``sites``, ``direct``, ``resold``, ``unknown_supply`` (numbers of sites).
        Sites outside all townships have none (``<NA>``).
    years : DataFrame
        By year, with the same columns, ``conversions`` (sites with resold power in service, each to be given
        a supply of its own) and ``conversion_cny``, NaN when the cost of one was not given.
    """

    stations: pd.DataFrame
    sites: pd.DataFrame
    townships: pd.DataFrame
    years: pd.DataFrame


def station_load(stations: pd.DataFrame) -> pd.DataFrame:
    """
    Load of stations.

    Parameters
    ----------
    stations : DataFrame
        With ``equipment`` of the catalogue and ``technology``.

    Returns
    -------
    load : DataFrame
        The same index; ``scale``, ``low_kw``, ``typical_kw``, ``high_kw``, NaN where the catalogue has no
        figure for the technology and scale. [kW]

    Examples
    --------
    >>> stations = pd.DataFrame({"equipment": ["macro-nr3500", "macro-lte900"],
    ...                          "technology": ["5G", "4G"]})
    >>> station_load(stations)["typical_kw"].tolist()
    [3.8, 1.3]
    """
    scale = stations["equipment"].map(
        {name: item.scale for name, item in catalog.equipment().items()}
    )
    key = list(zip(stations["technology"], scale, strict=True))
    known = {(load.technology, load.scale): load for load in power_table().load}
    values = {
        column: [getattr(known.get(pair), column, np.nan) for pair in key] for column in LOADS
    }
    return pd.DataFrame({"scale": scale.astype("string")} | values, index=stations.index)


def plan_power(
    region: Region,
    today_stations: pd.DataFrame,
    planned_stations: pd.DataFrame,
    years: Sequence[int],
) -> PowerPlan:
    """
    Load and energy of the stations in service by year.

    Parameters
    ----------
    region : Region
        With the sites' ``power`` and ``township``.
    today_stations, planned_stations : DataFrame
        Stations in service and added by the plan: ``site_id``, ``technology``, ``equipment``, ``year``.
    years : sequence of int
        Plan years.

    Returns
    -------
    plan : PowerPlan
        Ranges from the catalogue; what is unknown is counted apart.
    """
    columns = ["site_id", "technology", "equipment", "year"]
    both = pd.concat([today_stations[columns], planned_stations[columns]])
    stations = both.drop(columns="equipment").join(station_load(both).set_axis(both.index))
    sites = _by_site(region, stations, years)
    townships = _totals(sites, ["year", "township"])
    total = _totals(sites, ["year"]).reindex(pd.Index(years, name="year"))
    total = total.mask(total["stations"].isna(), 0.0)  # nothing in service draws nothing
    counts = [name for name in total if name not in {*LOADS, *ENERGIES}]
    total = total.astype(dict.fromkeys(counts, np.int64))
    each = region.scenario.backhaul.direct_supply_cny
    cost = total["resold"] * (np.nan if each is None else each)
    return PowerPlan(
        stations=stations,
        sites=sites,
        townships=townships,
        years=total.assign(
            conversions=total["resold"], conversion_cny=cost.mask(total["resold"] == 0, 0.0)
        ),
    )


def _by_site(region: Region, stations: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    """One row for each year and site with a station in service at its end."""
    parts = [stations[stations["year"] <= year].assign(in_year=year) for year in years]
    running = pd.concat(parts)
    table = _sums(running.assign(unknown_load=running["typical_kw"].isna()), ["in_year", "site_id"])
    table = table.rename_axis(index={"in_year": "year"})
    sites = region.sites.loc[table.index.get_level_values("site_id")]
    return table.assign(
        township=sites["township"].astype("string").to_numpy(),
        supply=sites["power"].astype("string").to_numpy(),
    )


def _sums(running: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    grouped = running.groupby(keys, sort=True)
    table = grouped.agg(stations=("typical_kw", "size"), unknown_load=("unknown_load", "sum")).join(
        grouped[list(LOADS)].sum(min_count=1)
    )
    return _with_energy(table)


def _totals(sites: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Add up over sites; a site without a township keeps its place in the table."""
    frame = sites.reset_index().assign(
        sites=1,
        direct=sites["supply"].eq("direct").fillna(value=False).to_numpy(dtype=np.int64),
        resold=sites["supply"].eq("resold").fillna(value=False).to_numpy(dtype=np.int64),
        unknown_supply=sites["supply"].isna().to_numpy(dtype=np.int64),
    )
    counts = ["stations", "unknown_load", "sites", "direct", "resold", "unknown_supply"]
    grouped = frame.groupby(keys, sort=True, dropna=False)
    return _with_energy(grouped[counts].sum().join(grouped[list(LOADS)].sum(min_count=1)))


def _with_energy(table: pd.DataFrame) -> pd.DataFrame:
    hours = power_table().hours_per_year
    energy = {mwh: table[kw] * hours / KW_PER_MW for kw, mwh in zip(LOADS, ENERGIES, strict=True)}
    return table.assign(**energy)
