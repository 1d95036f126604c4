"""
Reuse as tiers: fewest structures of the last tier, then of the tier before, at last fewest stations.

Each tier is a search of its own. What it finds becomes a limit of those that follow, so that no gain in a
later tier is paid for in an earlier one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.selection.optimise import optimise
from siteplan.selection.problem import Limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem

ORDER: Final = (("new", "tower"), ("rooftop", "building"), ("monitoring_pole",), ("lamp_pole",))
"""Classes of reuse from the last tier to the first; existing sites are what is left."""

BELOW_ONE: Final = 0.5
"""Price of all stations together while structures are counted: they only decide among equals."""


def optimise_tiers(
    problem: Problem,
    reuse: NDArray[np.str_],
    *,
    time_limit_s: float,
    gap: float,
    seed: int,
    tiers: Sequence[Sequence[str]] = ORDER,
) -> tuple[NDArray[np.int32], float, str, float, Problem]:
    """
    Choose by tiers of reuse.

    Parameters
    ----------
    problem : Problem
        Needs and limits; its prices are not used.
    reuse : ndarray of str, shape (sites,)
        Class of reuse of each structure.
    time_limit_s : float
        Longest search in all. [s]
    gap : float
        Relative gap at which the last search, of the number of stations, stops.
    seed : int
        Seed of the searches.
    tiers : sequence of sequence of str
        Classes counted together, the last resort first.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        Period in which each station goes into service.
    bound : float
        No choice with these numbers of structures has fewer stations, discounted.
    method : str
        Structures of each tier with their proven least number, and where the choice comes from.
    seconds : float
        Time taken. [s]
    problem : Problem
        The last search: each station weighs 1, and the tiers are limits.
    """
    present = [tier for tier in tiers if np.isin(reuse, tier).any()]
    part_s, seconds, told = time_limit_s / (len(present) + 1), 0.0, []
    light = np.full(problem.stations, BELOW_ONE / max(problem.stations, 1))
    for tier in present:
        counted = np.isin(reuse, tier).astype(np.float64)
        stage = replace(
            problem,
            station_cost=light,
            site_cost=counted,
            discount=np.ones_like(problem.discount),
        )
        built, bound, _, used = optimise(stage, time_limit_s=part_s, gap=0.0, seed=seed)
        seconds += used
        if stage.unmet(built):  # nothing was found in time: no number to hold on to
            told.append(f"{'+'.join(tier)} not settled")
            continue
        number = int(counted[problem.opened(built) < problem.periods].sum())
        least = min(max(int(np.ceil(bound - BELOW_ONE - 1e-6)), 0), number)
        name = "+".join(tier)
        told.append(
            f"{name} {number}" if least == number else f"{name} {number} (at least {least})"
        )
        limit = Limit(
            rule_id=f"tier:{name}",
            period=None,
            station=np.zeros(problem.stations),
            site=counted,
            most=float(number),
        )
        problem = replace(problem, limits=(*problem.limits, limit))
    last = replace(
        problem,
        station_cost=np.ones(problem.stations),
        site_cost=np.zeros(len(problem.site_cost)),
    )
    built, bound, method, used = optimise(last, time_limit_s=part_s, gap=gap, seed=seed)
    return built, bound, f"{'; '.join(told)}; {method}", seconds + used, last
