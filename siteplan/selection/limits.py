"""
What structures of a kind may carry, where the planner says more than macro or micro.

Height, power and technology keep single stations out. A number of stations couples those of one structure:
where a structure has room for one more, each of its candidates counts as a structure of its own, and no two
of these may be open; where it has room for some but not all, what it carries is a limit of all years.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan import catalog
from siteplan.selection.problem import Limit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.region import Region


def carried(region: Region, offered: pd.DataFrame) -> NDArray[np.bool_]:
    """
    Find the stations that their structures may carry.

    Parameters
    ----------
    region : Region
        With ``[structures]`` of the scenario, sites and the stations of today.
    offered : DataFrame
        Stations with ``site_id``, ``technology`` and ``equipment``.

    Returns
    -------
    carried : ndarray of bool, shape (stations,)
        False where the kind of the structure excludes the technology or the power of a cell, the structure is
        lower than its kind needs, or carries as many stations as it may today. A height that is not known
        keeps nothing out.
    """
    sites = region.sites.loc[offered["site_id"]]
    kind, height_m = sites["kind"].astype(str).to_numpy(), sites["height_m"].to_numpy(dtype=float)
    power_w = offered["equipment"].map({k: e.power_w for k, e in catalog.equipment().items()})
    fits: NDArray[np.bool_] = np.ones(len(offered), dtype=bool)
    for name, limits in region.scenario.structures.items():
        bad = np.zeros(len(offered), dtype=bool)
        if limits.least_height_m is not None:
            bad |= height_m < limits.least_height_m
        if limits.most_power_w is not None:
            bad |= power_w.to_numpy(dtype=float) > limits.most_power_w
        if limits.technologies is not None:
            bad |= ~offered["technology"].isin(limits.technologies).to_numpy(dtype=bool)
        fits &= ~(bad & (kind == name))
    return fits & (_room(region, offered) > 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structures:
    """
    Structures of a problem.

    Attributes
    ----------
    site : ndarray of str, shape (structures,)
        Site of each; several of one site where it has room for one station only.
    station : ndarray of int32, shape (stations,)
        Structure of each candidate station.
    apart : ndarray of int32, shape (pairs, 2)
        Structures of one site, of which at most one may be open.
    limits : tuple of Limit
        What sites carry that have room for some of their candidates.
    """

    site: NDArray[np.str_]
    station: NDArray[np.int32]
    apart: NDArray[np.int32]
    limits: tuple[Limit, ...]

    def pairs(self, sites: NDArray[np.str_], rivals: NDArray[np.int32]) -> NDArray[np.int32]:
        """
        Pairs of structures of which at most one may be open.

        Parameters
        ----------
        sites : ndarray of str, shape (sites,)
            Names of the sites, each once and sorted.
        rivals : ndarray of int32, shape (pairs, 2)
            Pairs of sites too near each other, as positions in `sites`.

        Returns
        -------
        pairs : ndarray of int32, shape (pairs, 2)
            Every structure of one site with every one of the other, and those of one site.
        """
        place = np.searchsorted(sites, self.site)
        of_site = [np.flatnonzero(place == i) for i in range(len(sites))] if len(rivals) else []
        parts = [
            np.stack(np.meshgrid(of_site[one], of_site[two]), axis=-1).reshape(-1, 2)
            for one, two in rivals
        ]
        return np.concatenate([self.apart, *parts]).astype(np.int32)


def structures(region: Region, candidates: pd.DataFrame) -> Structures:
    """
    Structures of the candidates, with what they may carry together.

    Parameters
    ----------
    region : Region
        With ``[structures]`` of the scenario.
    candidates : DataFrame
        From :func:`siteplan.selection.candidates.candidate_stations`.

    Returns
    -------
    structures : Structures
        One a site, sorted by name, where nothing is limited.
    """
    names = candidates["site_id"].to_numpy(dtype=str)
    room = _room(region, candidates)
    number = candidates["site_id"].map(candidates["site_id"].value_counts()).to_numpy(dtype=int)
    alone = (room == 1.0) & (number > 1)
    label = np.where(alone, candidates.index.to_numpy(dtype=str), names)
    _, first, station = np.unique(label, return_index=True, return_inverse=True)
    pairs = [
        pair
        for name in dict.fromkeys(names[alone])
        for pair in _each_pair(station[alone & (names == name)])
    ]
    crowded = dict.fromkeys(names[(room > 1.0) & (room < number)])
    limits = tuple(
        Limit(
            rule_id=f"load:{name}",
            period=None,
            station=(names == name).astype(np.float64),
            site=np.zeros(len(first)),
            most=float(room[names == name][0]),
        )
        for name in crowded
    )
    return Structures(
        site=names[first],
        station=station.astype(np.int32),
        apart=np.array(pairs, dtype=np.int32).reshape(-1, 2),
        limits=limits,
    )


def _room(region: Region, offered: pd.DataFrame) -> NDArray[np.float64]:
    """Further stations that the structure of each station may carry, infinite without a limit."""
    most = {
        kind: float(limits.most_stations)
        for kind, limits in region.scenario.structures.items()
        if limits.most_stations is not None
    }
    kind = region.sites["kind"].astype(str).loc[offered["site_id"]]
    standing = offered["site_id"].map(region.stations["site_id"].astype(str).value_counts())
    allowed = kind.map(most).astype(float).fillna(np.inf).to_numpy()
    return np.asarray(allowed - standing.fillna(0.0).to_numpy(dtype=float), dtype=np.float64)


def _each_pair(items: NDArray[np.integer]) -> list[tuple[int, int]]:
    return [(int(one), int(two)) for i, one in enumerate(items) for two in items[i + 1 :]]
