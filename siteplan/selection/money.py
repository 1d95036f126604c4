"""Money beside building: the yearly rent of a structure with its tenants, and subsidies that apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from siteplan import catalog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.catalog import Money

THREE: Final = 3
"""Tenants from which the rent falls no further."""


def rent_value(
    yearly_cny: pd.Series[float], tenants: pd.Series[int], *, years: int, rate: float
) -> pd.Series[float]:
    """
    Rent of a structure over some years, as money of the year in which it begins.

    Parameters
    ----------
    yearly_cny : Series of float
        Rent of a tenant alone; blank where none is paid. [CNY]
    tenants : Series of int
        Tenants with this one; blank counts as one, which gives no discount.
    years : int
        Years of rent, paid at the start of each.
    rate : float
        Yearly rate at which later money counts less.

    Returns
    -------
    value : Series of float
        Present value, 0 where no rent is paid. [CNY]

    Examples
    --------
    >>> rent_value(pd.Series([10_000.0, 10_000.0]), pd.Series([1, 2]), years=2, rate=0.25).tolist()
    [18000.0, 12600.0]
    """
    discount = catalog.sharing()
    number = tenants.astype("Float64").fillna(1.0).to_numpy(dtype=float)
    less = np.select([number >= THREE, number > 1.0], [discount.tenants_3, discount.tenants_2], 0.0)
    factor = float(((1.0 + rate) ** -np.arange(years)).sum())
    return yearly_cny.fillna(0.0) * (1.0 - less) * factor


def subsidies(
    stations: pd.DataFrame, money: Sequence[Money], *, standing: pd.DataFrame | None = None
) -> pd.Series[float]:
    """
    Subsidy of each planned station under the rules of a target document.

    Only rules for each station apply; what a document pays for scenarios is not computed. The operator of a
    station is who builds it; a rule with a yearly limit pays the first stations of the year by id.

    Parameters
    ----------
    stations : DataFrame
        With ``operator``, ``technology`` and ``year``.
    money : sequence of Money
        Rules of the document.
    standing : DataFrame, optional
        Stations of today with ``year`` and ``technology``, which count towards a yearly limit.

    Returns
    -------
    subsidy : Series of float
        By station. [CNY]

    Examples
    --------
    >>> stations = pd.DataFrame({"operator": ["甲", "甲", "铁塔公司"], "technology": "5G",
    ...                          "year": [2020, 2021, 2020]}, index=["p", "q", "r"])
    >>> subsidies(stations, catalog.target_document("hedong-2020").money).to_dict()
    {'p': 20000.0, 'q': 0.0, 'r': 0.0}
    """
    total = pd.Series(0.0, index=stations.index)
    for rule in money:
        if rule.per != "station":
            continue
        applies = stations["year"].between(rule.first_year, rule.last_year)
        applies &= ~stations["operator"].isin(rule.excluded_owners)
        if rule.technology is not None:
            applies &= stations["technology"] == rule.technology
        if rule.most_per_year is not None:
            left = pd.Series(rule.most_per_year, index=stations.index)
            if standing is not None:
                mine = standing[
                    standing["technology"].eq(rule.technology or standing["technology"])
                ]
                left -= stations["year"].map(mine["year"].value_counts()).fillna(0).astype(int)
            place = applies[applies].sort_index().groupby(stations["year"]).cumcount()
            applies &= place.reindex(stations.index, fill_value=0) < left
        total += rule.amount_cny * applies
    return total
