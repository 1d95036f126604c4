"""Fibre and power of a plan by year, as the document prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from siteplan.units import METRES_PER_KM

if TYPE_CHECKING:
    from siteplan.outputs.options import Language
    from siteplan.plan import Plan


def fibre_by_year(plan: Plan, *, language: Language) -> pd.DataFrame | None:
    """
    Tell the new cables of each year.

    Parameters
    ----------
    plan : Plan
        The plan.
    language : {"zh", "en"}
        Language of the notes.

    Returns
    -------
    table : DataFrame or None
        ``year``, ``sites`` to connect, ``fibre_km``, ``cost_cny`` (NaN when no price was given) and
        ``note``. None when nobody told where fibre is: then no way to it can be measured.
    """
    fibre = plan.backhaul.fibre
    if fibre.nodes.empty:
        return None
    years = fibre.years.reset_index()
    text = (
        "{no_route} sites without a route; {of_these_unknown} whose fibre is not known"
        if language == "en"
        else "无路由{no_route}处；光纤情况未填写{of_these_unknown}处"
    )
    return pd.DataFrame(
        {
            "year": years["year"].astype(int),
            "sites": years["to_connect"].astype(int),
            "fibre_km": years["length_m"] / METRES_PER_KM,
            "cost_cny": years["cost_cny"],
            "note": [text.format(**row) for row in years.to_dict("records")],
        }
    )


def power_by_year(plan: Plan, *, language: Language) -> pd.DataFrame | None:
    """
    Tell the electric load at the end of each year.

    Parameters
    ----------
    plan : Plan
        The plan.
    language : {"zh", "en"}
        Language of the notes.

    Returns
    -------
    table : DataFrame or None
        ``year``, ``stations``, ``load_kw`` (typical) and ``note`` (range, and stations of unknown load).
        None without stations.
    """
    years = plan.backhaul.power.years.reset_index()
    if years.empty or not years["stations"].any():
        return None
    text = (
        "{low_kw:,.0f} to {high_kw:,.0f} kW; {unknown_load} stations of unknown load"
        if language == "en"
        else "范围{low_kw:,.0f}～{high_kw:,.0f} kW；负荷未知基站{unknown_load}个"
    )
    return pd.DataFrame(
        {
            "year": years["year"].astype(int),
            "stations": years["stations"].astype(int),
            "load_kw": years["typical_kw"],
            "note": [text.format(**row) for row in years.to_dict("records")],
        }
    )
