"""
When rules and limits contradict each other: which, by how much at least, and what it would cost.

Needs that no candidate can meet are lowered beforehand (see :mod:`siteplan.selection.blocks`). What is left
may still be out of reach because of limits of a year, or because structures may not stand near each other.
Both are given up in turn. For limits the least common factor is sought by which all of them must grow; for
distances the pairs that stand too near in a plan without that rule are named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.selection.greedy import greedy
from siteplan.selection.solve import solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem

SEARCHES: Final = 8
"""Halvings of the range in which the least factor lies."""

CLOSE: Final = 0.01
"""Relative width of that range at which the search ends."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxation:
    """
    A choice that meets the rules once something is given up.

    Attributes
    ----------
    problem : Problem
        With what it takes: higher limits, or no distances.
    built : ndarray of int32, shape (stations,)
        The choice.
    bound : float
        No choice of that problem costs less.
    changes : tuple of (str, float, float)
        Limits with what was allowed and what the choice takes; ``spacing`` with 0 and the number of pairs
        that stand too near.
    factor : float
        All limits must grow by this factor; 1 when distances are given up.
    proven : bool
        Whether a factor smaller by a hundredth was proven to be out of reach.
    """

    problem: Problem
    built: NDArray[np.int32]
    bound: float
    changes: tuple[tuple[str, float, float], ...]
    factor: float
    proven: bool


def least_relaxation(
    problem: Problem, *, time_limit_s: float, gap: float, seed: int
) -> Relaxation | None:
    """
    Give up as little as makes a problem feasible: limits first, then distances, then both.

    Parameters
    ----------
    problem : Problem
        A problem without a known choice.
    time_limit_s : float
        Longest search in all. [s]
    gap : float
        Relative gap at which a search stops.
    seed : int
        Seed of the searches.

    Returns
    -------
    relaxation : Relaxation or None
        None when the rules are out of reach even so.
    """
    part_s = time_limit_s / (SEARCHES + 3)
    apart = np.zeros((0, 2), dtype=np.int32)
    for stage in (problem, replace(problem, rivals=apart)):
        free = replace(stage, limits=())
        if stage is problem and not problem.limits:
            continue
        built, bound, _ = _search(free, part_s, gap, seed)
        if built is None:
            continue
        near = tuple(_near(problem, built)) if stage is not problem else ()
        if not problem.limits:
            return Relaxation(
                problem=free, built=built, bound=bound, changes=near, factor=1.0, proven=True
            )
        return _grown(stage, built, part_s, gap, seed, near)
    return None


def _grown(
    problem: Problem,
    built: NDArray[np.int32],
    part_s: float,
    gap: float,
    seed: int,
    near: tuple[tuple[str, float, float], ...],
) -> Relaxation:
    """Least factor by which the limits must grow, between 1 and what a choice without them takes."""
    high = _factor(problem, built)
    low, proven = 1.0, high <= 1.0
    best, bound = built, 0.0
    for _ in range(SEARCHES if np.isfinite(high) else 0):
        if high - low <= CLOSE * high:
            break
        middle = (low * high) ** 0.5
        found, least, status = _search(_scaled(problem, middle), part_s, gap, seed)
        if found is None:
            low, proven = middle, status == "out of reach"
            continue
        best, bound = found, least
        high = min(_factor(problem, found), middle)
    if np.isfinite(high):
        wider = _scaled(problem, high * (1.0 + CLOSE / 10.0))
        again, least, _ = _search(wider, 2.0 * part_s, gap, seed, start=best)
    else:  # nothing is allowed where something is needed: no factor helps
        wider, again, least = replace(problem, limits=()), None, 0.0
    if again is not None:
        best, bound = again, least
    changes = [
        (limit.rule_id, limit.most, problem.taken(limit, best))
        for limit in problem.limits
        if problem.taken(limit, best) > limit.most
    ]
    return Relaxation(
        problem=wider,
        built=best,
        bound=bound,
        changes=(*changes, *near),
        factor=high,
        proven=proven,
    )


def _search(
    problem: Problem,
    time_limit_s: float,
    gap: float,
    seed: int,
    start: NDArray[np.int32] | None = None,
) -> tuple[NDArray[np.int32] | None, float, str]:
    first = greedy(problem) if start is None else start
    found = solve(problem, first, time_limit_s=time_limit_s, gap=gap, seed=seed)
    return found.built, found.bound, found.status


def _scaled(problem: Problem, factor: float) -> Problem:
    limits = tuple(replace(limit, most=limit.most * factor) for limit in problem.limits)
    return replace(problem, limits=limits)


def _factor(problem: Problem, built: NDArray[np.int32]) -> float:
    """Factor by which the limits must grow for a choice; infinite where nothing was allowed."""
    factor = 1.0
    for limit in problem.limits:
        taken = problem.taken(limit, built)
        if taken > limit.most:
            factor = max(factor, taken / limit.most if limit.most > 0.0 else np.inf)
    return factor


def _near(problem: Problem, built: NDArray[np.int32]) -> list[tuple[str, float, float]]:
    opened = problem.opened(built) < problem.periods
    pairs = int(opened[problem.rivals].all(axis=1).sum()) if len(problem.rivals) else 0
    return [("spacing", 0.0, float(pairs))] if pairs else []
