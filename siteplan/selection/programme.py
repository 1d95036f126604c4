"""
Programmes for HiGHS: columns, rows, whole numbers, what it answers, and whether that can be true.

Nothing rests on the word of the solver: values are put into the rows, the value is computed from the prices,
and a bound beyond a choice that is known to hold is no bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import highspy
import numpy as np
import scipy.sparse as sp

from siteplan.errors import Fault, InputError
from siteplan.selection.master import Master, Rows
from siteplan.selection.problem import compact
from siteplan.selection.running import THREADS, run_all

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem

VALUE_ROUNDING: Final = 1e-5
"""Relative difference between the value that HiGHS reports and the price of its columns."""

FEASIBLE: Final = 1e-5
"""By how much a solution may miss a row or a limit."""


def write_programme(problem: Problem, path: Path) -> None:
    """
    Write the whole problem as a file that other solvers read.

    The formulation of :mod:`siteplan.selection.problem`, after the reductions of
    :mod:`siteplan.selection.master`, which leave the least cost as it is.

    Parameters
    ----------
    problem : Problem
        The problem.
    path : Path
        File to write, ``.lp`` or ``.mps``.

    Raises
    ------
    InputError
        When the name ends otherwise, or the file cannot be written.
    """
    master = Master(compact(problem))
    rows = master.whole_rows(flows=True)
    number = rows.matrix.shape[1] - len(master.cost)
    model = programme(
        np.concatenate([master.cost, np.zeros(number)]),
        np.concatenate([master.lower, np.zeros(number)]),
        np.ones(len(master.cost) + number),
        rows,
    )
    kinds = highspy.HighsVarType
    whole = np.concatenate([master.integer, np.zeros(number, dtype=bool)])
    model.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in whole]
    solver = highs(seed=0)
    solver.passModel(model)
    known = path.suffix in {".lp", ".mps"} and path.parent.is_dir()
    if not known or solver.writeModel(str(path)) == highspy.HighsStatus.kError:
        fault = Fault(
            source=str(path),
            rule="the programme cannot be written there",
            remedy="Name a file that ends in .lp or .mps in a folder that exists.",
        )
        raise InputError([fault])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """
    What HiGHS says of one programme.

    Attributes
    ----------
    values : ndarray of float64, shape (columns,) or None
        Best values found.
    bound : float
        No values cost less; minus infinity when nothing is known.
    interrupted : bool
        Whether an interrupt ended the search: values and bound are what was known by then.
    """

    values: NDArray[np.float64] | None
    bound: float
    interrupted: bool = False


def solve_programme(  # noqa: PLR0913  # a programme has this many parts
    cost: NDArray[np.float64],
    matrix: sp.csr_array,
    low: NDArray[np.float64],
    *,
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    integer: NDArray[np.bool_],
    start: NDArray[np.float64],
    gap: float,
    time_limit_s: float,
    seed: int,
) -> Answer:
    """
    Minimise cost @ v over v between lower and upper with matrix @ v >= low, some of it in whole numbers.

    Parameters
    ----------
    cost, lower, upper : ndarray of float64, shape (columns,)
        Objective and limits.
    matrix : csr_array of float64, shape (rows, columns)
        Factors.
    low : ndarray of float64, shape (rows,)
        Lower limits of the rows.
    integer : ndarray of bool, shape (columns,)
        Which columns are whole numbers.
    start : ndarray of float64, shape (columns,)
        Values known to hold.
    gap : float
        Relative gap at which the search stops.
    time_limit_s : float
        Longest search. [s]
    seed : int
        Seed of the solver.

    Returns
    -------
    answer : Answer
        Values and bound.
    """
    rows = Rows(matrix=matrix, low=low)
    model = programme(cost, lower, upper, rows)
    kinds = highspy.HighsVarType
    model.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in integer]
    end = time.monotonic() + time_limit_s
    least, best, bound, interrupted = float(cost @ start), None, -np.inf, False
    for with_start in (True, False):
        solver = highs(seed)
        solver.setOptionValue("mip_lp_solver", "ipm")  # coverage is too degenerate for the simplex
        solver.passModel(model)
        if with_start:
            known = highspy.HighsSolution()
            known.col_value = start.tolist()
            solver.setSolution(known)
        solver.setOptionValue("mip_rel_gap", gap)
        try:
            run_all([solver], time_limit_s=end - time.monotonic())
        except KeyboardInterrupt:
            interrupted = True
        info = solver.getInfo()
        values = np.asarray(solver.getSolution().col_value)
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        if found and _within(values, lower, upper, rows) and cost @ values <= least:
            best, least = values, float(cost @ values)
        if believable(info.mip_dual_bound, least):
            bound = max(bound, info.mip_dual_bound)
        if interrupted or not found or honest(cost, values, info.objective_function_value):
            break
    return Answer(values=best, bound=bound, interrupted=interrupted)


def relax(
    cost: NDArray[np.float64],
    matrix: sp.csr_array,
    low: NDArray[np.float64],
    *,
    time_limit_s: float,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """
    Minimise cost @ v over v between 0 and 1 with matrix @ v >= low, in fractions.

    By the interior point method, without a basis.

    Parameters
    ----------
    cost : ndarray of float64, shape (columns,)
        Objective.
    matrix : csr_array of float64, shape (rows, columns)
        Factors.
    low : ndarray of float64, shape (rows,)
        Lower limits of the rows.
    time_limit_s : float
        Longest run. [s]
    seed : int
        Seed of the solver.

    Returns
    -------
    values : ndarray of float64, shape (columns,)
        About the best fractions.
    prices : ndarray of float64, shape (rows,)
        Prices of the rows, not negative. None instead of both when they are not the best.
    """
    solver = highs(seed)
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("run_crossover", "off")
    rows = Rows(matrix=matrix, low=low)
    solver.passModel(programme(cost, np.zeros(len(cost)), np.ones(len(cost)), rows))
    run_all([solver], time_limit_s=time_limit_s)
    values = np.asarray(solver.getSolution().col_value)
    prices = np.asarray(solver.getSolution().row_dual)
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return values, np.maximum(prices, 0.0)


def _within(
    values: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    rows: Rows,
) -> bool:
    """Whether values keep the limits and rows of a programme: looked up and not taken on trust."""
    inside = (values >= lower - FEASIBLE) & (values <= upper + FEASIBLE)
    return bool(inside.all() and (rows.matrix @ values >= rows.low - FEASIBLE).all())


def believable(bound: float, cost: float) -> bool:
    """
    Tell whether a bound can be one: a choice that is known to hold costs no less.

    Parameters
    ----------
    bound : float
        What the solver reports.
    cost : float
        Cost of the cheapest choice known.

    Returns
    -------
    believable : bool
        False for infinite bounds as well.
    """
    return bool(np.isfinite(bound)) and bound <= cost + VALUE_ROUNDING * max(abs(cost), 1.0)


def honest(cost: NDArray[np.float64], values: NDArray[np.float64], reported: float) -> bool:
    """
    Tell whether the value that HiGHS reports is that of its columns.

    HiGHS 1.16.0, when it is given a start, loses the price of columns that its presolve removes: the cut-off
    is too low then and hides better choices.

    Parameters
    ----------
    cost, values : ndarray of float64, shape (columns,)
        Objective and solution.
    reported : float
        Value that HiGHS gives.

    Returns
    -------
    honest : bool
        Within rounding.
    """
    value = float(cost @ values)
    return abs(value - reported) <= VALUE_ROUNDING * max(abs(value), 1.0)


def highs(seed: int) -> highspy.Highs:
    """
    Start a solver that says nothing.

    Parameters
    ----------
    seed : int
        Seed of its random choices.

    Returns
    -------
    solver : Highs
        With a fixed number of threads.
    """
    solver = highspy.Highs()
    options = {
        "output_flag": False,
        "random_seed": seed,
        "threads": THREADS,
        "mip_heuristic_run_root_reduced_cost": False,  # hears neither the clock nor an interrupt
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver


def programme(
    cost: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64], rows: Rows
) -> highspy.HighsLp:
    """
    Put columns between limits and rows into a programme of HiGHS.

    Parameters
    ----------
    cost, lower, upper : ndarray of float64, shape (columns,)
        Objective and limits.
    rows : Rows
        Rows with lower limits.

    Returns
    -------
    programme : HighsLp
        Without whole numbers.
    """
    lp = highspy.HighsLp()
    matrix = rows.matrix
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
    lp.row_lower_ = rows.low
    lp.row_upper_ = np.full(len(rows.low), highspy.kHighsInf)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    return lp


def matrix_of(model: highspy.HighsLp) -> sp.csr_array:
    """
    Take the rows out of a programme of HiGHS, whichever way it holds them.

    Parameters
    ----------
    model : HighsLp
        The programme.

    Returns
    -------
    matrix : csr_array of float64, shape (rows, columns)
        Factors.
    """
    stored = model.a_matrix_
    parts = (np.asarray(stored.value_), np.asarray(stored.index_), np.asarray(stored.start_))
    shape = (model.num_row_, model.num_col_)
    if stored.format_ == highspy.MatrixFormat.kColwise:
        return sp.csr_array(sp.csc_array(parts, shape=shape))
    return sp.csr_array(parts, shape=shape)


def add_rows(solver: highspy.Highs, rows: Rows) -> None:
    """
    Add rows to a programme.

    Parameters
    ----------
    solver : Highs
        Holding the programme.
    rows : Rows
        Rows of as many columns.
    """
    matrix = rows.matrix
    solver.addRows(
        len(rows.low),
        rows.low,
        np.full(len(rows.low), highspy.kHighsInf),
        matrix.nnz,
        matrix.indptr[:-1].astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
    )
