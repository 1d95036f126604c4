"""What a planner says of single sites: fixed, forbidden, preferred, apart; how many by township."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from siteplan.errors import Fault, InputError
from siteplan.scenario import SCENARIO_FILE
from siteplan.selection.problem import Count, Limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.region import Region

NEW_KINDS = ("new", "tower")
"""Kinds of sites that are structures to be built, when they are candidates."""


def check_wishes(region: Region) -> None:
    """
    Refuse names of sites and townships that the region does not have.

    Parameters
    ----------
    region : Region
        With scenario and sites.

    Raises
    ------
    InputError
        With every such name, and every site both fixed and forbidden.
    """
    wishes = region.scenario.selection
    known = [str(name) for name in region.sites.index]
    faults = []
    for column, names in (
        ("fixed", wishes.fixed),
        ("forbidden", wishes.forbidden),
        ("preferred", wishes.preferred),
    ):
        faults += [
            _unknown(f"selection.{column}", name, known, "site")
            for name in names
            if name not in set(known)
        ]
    townships = [str(name) for name in region.townships().index]
    faults += [
        _unknown("selection.township_stations", name, townships, "township")
        for name in wishes.township_stations
        if name not in townships
    ]
    faults += [
        Fault(
            source=SCENARIO_FILE,
            column="selection.fixed",
            value=name,
            rule="the site is both fixed and forbidden",
            remedy="Name it in one of the two lists.",
        )
        for name in sorted(set(wishes.fixed) & set(wishes.forbidden))
    ]
    years = region.scenario.targets.years
    faults += [
        Fault(
            source=SCENARIO_FILE,
            column=f"selection.{column}",
            value=str(year),
            rule="no year of the plan",
            remedy=f"Use one of {', '.join(map(str, years))}, or add it under [targets] years.",
        )
        for column, given in (
            ("budget_cny", wishes.budget_cny),
            ("most_stations", wishes.most_stations),
        )
        for year in given
        if year not in years
    ]
    if faults:
        raise InputError(faults)


def _unknown(column: str, name: str, known: Iterable[str], what: str) -> Fault:
    near = difflib.get_close_matches(name, list(known), n=3)
    return Fault(
        source=SCENARIO_FILE,
        column=column,
        value=name,
        rule=f"the region has no such {what}",
        remedy=f"Did you mean {', '.join(near)}?" if near else f"Use the id of a {what}.",
    )


def to_build(sites: pd.DataFrame) -> NDArray[np.bool_]:
    """
    Find sites that are structures to be built.

    Parameters
    ----------
    sites : DataFrame
        With ``status`` and ``kind``.

    Returns
    -------
    new : ndarray of bool, shape (sites,)
        False for poles, roofs and whatever stands already.
    """
    return np.asarray(
        (sites["status"].eq("candidate") & sites["kind"].isin(NEW_KINDS)).to_numpy(dtype=bool)
    )


def too_near(region: Region, sites: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """
    Find structures to be built nearer to a standing or fixed one than the scenario allows.

    A fixed site is the planner's will: it is never too near.

    Parameters
    ----------
    region : Region
        With scenario and all sites.
    sites : GeoDataFrame
        Sites to judge.

    Returns
    -------
    near : ndarray of bool, shape (sites,)
        All False without ``selection.spacing_existing_m`` and ``spacing_new_m``.
    """
    wishes = region.scenario.selection
    new, near = to_build(sites), np.zeros(len(sites), dtype=bool)
    fixed = region.sites.index.isin(wishes.fixed)
    for limit_m, others in (
        (wishes.spacing_existing_m, region.sites["status"].eq("existing").to_numpy(dtype=bool)),
        (wishes.spacing_new_m, to_build(region.sites) & fixed),
    ):
        if limit_m is not None and others.any() and len(sites):
            away = cKDTree(_places(region.sites[others])).query(_places(sites))[0]
            near |= new & (away < limit_m)
    return np.asarray(near & ~sites.index.isin(wishes.fixed))


def _places(sites: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return np.column_stack([sites.geometry.x, sites.geometry.y])


def rivals(region: Region, names: NDArray[np.str_]) -> NDArray[np.int32]:
    """
    Pairs of structures to be built of which at most one may be.

    Parameters
    ----------
    region : Region
        With scenario and sites.
    names : ndarray of str, shape (sites,)
        Sites of the problem.

    Returns
    -------
    pairs : ndarray of int32, shape (pairs, 2)
        Positions in `names`; none without ``selection.spacing_new_m``.
    """
    limit_m = region.scenario.selection.spacing_new_m
    sites = region.sites.loc[names]
    new = np.flatnonzero(to_build(sites))
    if limit_m is None or len(new) == 0:
        return np.zeros((0, 2), dtype=np.int32)
    found = cKDTree(_places(sites)[new]).query_pairs(
        float(np.nextafter(limit_m, 0.0)), output_type="ndarray"
    )
    pairs = new[found].reshape(-1, 2)
    fixed = sites.index.isin(region.scenario.selection.fixed)
    return np.asarray(pairs[~fixed[pairs].all(axis=1)].astype(np.int32))


def wished_counts(region: Region, candidates: pd.DataFrame) -> list[Count]:
    """
    Turn fixed sites and least numbers by township into counts.

    Parameters
    ----------
    region : Region
        With scenario, sites and stations.
    candidates : DataFrame
        From :func:`siteplan.selection.candidates.candidate_stations`.

    Returns
    -------
    counts : list of Count
        A fixed site carries a station from the first year. What a township has today counts; what its
        candidates cannot give is not asked for, as for other counts.

    Raises
    ------
    InputError
        When a fixed site has no candidate station.
    """
    wishes, last = region.scenario.selection, len(region.scenario.targets.years) - 1
    site = candidates["site_id"].astype(str)
    missing = [name for name in wishes.fixed if not site.eq(name).any()]
    if missing:
        raise InputError(
            [
                Fault(
                    source=SCENARIO_FILE,
                    column="selection.fixed",
                    value=name,
                    rule="no station can be added there",
                    remedy="It is unavailable, excluded by a zone or by spacing, or full: leave it out.",
                )
                for name in missing
            ]
        )
    counts = [
        Count(rule_id=f"fixed:{name}", period=0, counts=site.eq(name).to_numpy(), need=1)
        for name in wishes.fixed
    ]
    of_site = region.sites["township"]
    township = site.map(of_site).astype("string")
    today = region.stations["site_id"].map(of_site).astype("string")
    for name, least in wishes.township_stations.items():
        which = township.eq(name).fillna(value=False).to_numpy(dtype=bool)
        need = min(least - int(today.eq(name).sum()), int(which.sum()))
        if need > 0:
            counts.append(Count(rule_id=f"township:{name}", period=last, counts=which, need=need))
    return counts


def yearly_limits(
    region: Region, candidates: pd.DataFrame, station_site: NDArray[np.integer]
) -> list[Limit]:
    """
    Turn budgets and numbers of stations of single years into limits.

    Parameters
    ----------
    region : Region
        With the scenario's ``budget_cny`` and ``most_stations``.
    candidates : DataFrame
        From :func:`siteplan.selection.candidates.candidate_stations`.
    station_site : ndarray of int, shape (stations,)
        Structure of each candidate.

    Returns
    -------
    limits : list of Limit
        A budget pays for stations, structures, power, fibre and consent; not for rent.
    """
    wishes, years = region.scenario.selection, region.scenario.targets.years
    sites = int(station_site.max(initial=-1)) + 1
    opening = np.zeros(sites)
    opening[station_site] = candidates["investment_site_cny"].to_numpy(dtype=float)
    station = candidates["investment_station_cny"].to_numpy(dtype=float)
    limits = [
        Limit(
            rule_id=f"budget:{year}",
            period=years.index(year),
            station=station,
            site=opening,
            most=budget,
        )
        for year, budget in sorted(wishes.budget_cny.items())
    ]
    return limits + [
        Limit(
            rule_id=f"stations:{year}",
            period=years.index(year),
            station=np.ones(len(candidates)),
            site=np.zeros(sites),
            most=float(most),
        )
        for year, most in sorted(wishes.most_stations.items())
    ]
