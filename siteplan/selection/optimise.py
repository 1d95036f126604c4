"""The search from end to end: greedy, Lagrangian bound, solver, and what it can spare in the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.selection.bound import lagrangian_bound
from siteplan.selection.greedy import drop_superfluous, greedy
from siteplan.selection.solve import solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem

BOUND_SHARE: Final = 0.1
"""Share of the time for the Lagrangian bound: the solver has a better one wherever it ends its first step."""


def optimise(
    problem: Problem, *, time_limit_s: float, gap: float, seed: int
) -> tuple[NDArray[np.int32], float, str, float]:
    """
    Best choice found within the time, with a proven bound.

    Parameters
    ----------
    problem : Problem
        The problem.
    time_limit_s : float
        Longest search for bounds and better choices, after greedy has found the first. [s]
    gap : float
        Relative gap at which the solver stops.
    seed : int
        Seed of the solver.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        Period in which each station goes into service; ``problem.periods`` when it is not built.
    bound : float
        No choice costs less. [CNY]
    method : str
        Where the choice comes from.
    seconds : float
        Time taken. [s]
    """
    began = time.perf_counter()
    built = greedy(problem)
    cost = problem.cost(built)
    if cost <= 0.0:
        return built, cost, "nothing to build", time.perf_counter() - began
    holds = not problem.unmet(built)
    if not holds:
        # spacing can keep greedy from what a search finds; nothing costs more than all at once
        cost = problem.cost(np.zeros(problem.stations, dtype=np.int32))
    bound, method = 0.0, "greedy, interrupted before a bound was known"
    try:
        end = time.monotonic() + time_limit_s
        bound = lagrangian_bound(problem, cost, time_limit_s=BOUND_SHARE * time_limit_s)
        method = "greedy, Lagrangian bound"
        if cost - bound > gap * cost:
            left_s = max(end - time.monotonic(), 0.0)
            solution = solve(problem, built, time_limit_s=left_s, gap=gap, seed=seed)
            bound = max(bound, solution.bound)
            better = None if solution.built is None else _thinner(problem, solution.built)
            if better is not None and (problem.cost(better) <= cost or not holds):
                built, cost = better, problem.cost(better)
                method, holds = f"HiGHS ({solution.status})", True
    except KeyboardInterrupt:
        pass  # what is known is given
    if not holds:
        cost, method = problem.cost(built), f"{method}; not met: {', '.join(problem.unmet(built))}"
    return built, min(bound, cost), method, time.perf_counter() - began


def _thinner(problem: Problem, built: NDArray[np.int32]) -> NDArray[np.int32] | None:
    """Take out what a choice can spare; None when it does not hold."""
    better = drop_superfluous(problem, built)
    if problem.unmet(better) or problem.cost(better) > problem.cost(built):
        better = built
    return None if problem.unmet(better) else better
