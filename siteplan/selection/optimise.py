"""The search from end to end: greedy, Lagrangian bound, solver, and what it can spare in the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from siteplan.selection.bound import lagrangian_bound
from siteplan.selection.greedy import drop_superfluous, greedy
from siteplan.selection.solve import solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem


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
        Longest search of the solver. [s]
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
    if (
        not holds
    ):  # spacing can keep greedy from what a search finds; nothing costs more than all at once
        cost = problem.cost(np.zeros(problem.stations, dtype=np.int32))
    bound = lagrangian_bound(problem, cost)
    method = "greedy, Lagrangian bound"
    if cost - bound > gap * cost:
        solution = solve(problem, built, time_limit_s=time_limit_s, gap=gap, seed=seed)
        if solution is not None:
            bound = max(bound, solution.bound)
            if solution.built is not None:
                better = drop_superfluous(problem, solution.built)
                if problem.unmet(better) or problem.cost(better) > problem.cost(solution.built):
                    better = solution.built
                if not problem.unmet(better) and (problem.cost(better) <= cost or not holds):
                    built, cost = better, problem.cost(better)
                    method, holds = f"HiGHS ({solution.status})", True
    if not holds:
        cost, method = problem.cost(built), f"{method}; not met: {', '.join(problem.unmet(built))}"
    return built, min(bound, cost), method, time.perf_counter() - began
