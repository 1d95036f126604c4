"""Stations that another can stand in for: they need no columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem


def stand_ins(problem: Problem) -> NDArray[np.int64]:
    """
    Which station can do what another does, at no higher cost.

    Parameters
    ----------
    problem : Problem
        From :func:`siteplan.selection.problem.compact`.

    Returns
    -------
    stand_in : ndarray of int64, shape (stations,)
        The station itself if some least-cost choice may need it; -1 if it covers nothing and counts for
        nothing; else, for a station that counts for nothing, another of its structure that covers all that
        it covers for no higher price (of equals, the first).
    """
    counted = np.zeros(problem.stations, dtype=bool)
    for count in problem.counts:
        counted |= count.counts
    for capacity in problem.capacities:
        counted |= np.diff(capacity.serves.indptr)[: problem.stations] > 0
    cover = sp.csr_array(
        sp.hstack([block.cover for block in problem.blocks], format="csr", dtype=np.int32)
        if problem.blocks
        else (problem.stations, 1)
    )
    size, cost = np.diff(cover.indptr), problem.station_cost
    found = np.where(counted | (size > 0), np.arange(problem.stations), -1)
    order = np.argsort(problem.station_site, kind="stable")
    sites = problem.station_site[order]
    for lag in range(1, len(order)):
        here = np.flatnonzero(sites[lag:] == sites[:-lag])
        if here.size == 0:
            break
        one, two = order[here], order[here + lag]
        both = np.asarray(cover[one].multiply(cover[two]).sum(axis=1)).reshape(-1)
        no_more, no_less = cost[one] <= cost[two], cost[two] <= cost[one]
        for limit in problem.limits:
            no_more &= limit.station[one] <= limit.station[two]
            no_less &= limit.station[two] <= limit.station[one]
        second = (both == size[two]) & no_more & ~counted[two] & (found[two] >= 0)
        first = (both == size[one]) & no_less & ~counted[one] & (found[one] >= 0)
        found[two[second]] = one[second]
        found[one[first & ~second]] = two[first & ~second]
    while True:  # the stand-in of a stand-in
        known = np.where(found >= 0, found[found], -1)
        if (known == found).all():
            return found
        found = known
