"""
The selection problem solved with HiGHS: rows of coverage on demand, then branch and bound.

1. The linear programme of :mod:`siteplan.selection.master` is solved, the rows of coverage that its solution
   violates are added, and so on. Its value is a lower bound at every step.
2. Its fractions, rounded at several levels, completed and improved by
   :mod:`siteplan.selection.greedy`, give good choices.
3. A column whose reduced cost alone lifts the bound beyond the best choice is fixed.
4. HiGHS solves the programme in whole numbers. A solution that covers too little is cut off by further rows
   (2. and 3. apply to it as well), one that covers enough is a least-cost choice.

Bound and choice hold whenever the search ends: each programme in 1 and 4 relaxes the problem. There are
finitely many choices and each is cut off once, so without a time limit the search ends with a gap of no
more than asked for.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import highspy
import numpy as np
import scipy.sparse as sp
from tqdm.auto import tqdm

from siteplan.errors import Fault, InputError
from siteplan.selection.greedy import improve, ledger_of, repair
from siteplan.selection.master import Master, Rows
from siteplan.selection.problem import compact

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from siteplan.selection.problem import Problem

THREADS: Final = 2
"""Threads of HiGHS; the number may change which of equal solutions is found, so it is fixed."""

LEAST_VIOLATION: Final = 1e-4
"""Relative violation from which a row of coverage is added."""

PROGRESS: Final = 1e-5
"""Relative rise of the bound over `PATIENCE` rounds below which the first phase ends."""

PATIENCE: Final = 25
"""Rounds of the first phase over which its progress is judged."""

FIRST_SHARE: Final = 0.4
"""Share of the time after which the first phase ends at the latest."""

SMALL_SHARE: Final = 0.1
"""The same where the programme in whole numbers has columns for units, and says more by itself."""

LEVELS: Final = (0.99, 0.7, 0.5, 0.3, 0.15, 0.05)
"""Fractions from which a station is taken into a rounded choice."""

SEARCHES: Final = 3
"""Local searches from one choice."""

MOST_ENTRIES: Final = 1_000_000
"""Entries of the cover matrices up to which the programme in whole numbers has a column for each unit."""

HEURISTIC_EFFORT: Final = 0.01
"""Share of the work of HiGHS in its own search for choices: little, as ours are known to it."""

ROUNDING: Final = 1e-9
"""Relative rounding of costs."""

VALUE_ROUNDING: Final = 1e-5
"""Relative difference between the value that HiGHS reports and the price of its columns."""

FEASIBLE: Final = 1e-5
"""By how much a solution may miss a row or a limit."""

HALF: Final = 0.5
"""Between the values of a binary column."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """
    What the solver found.

    Attributes
    ----------
    built : ndarray of int32, shape (stations,) or None
        Period in which each station goes into service, the cheapest choice known; None when the needs are
        out of reach.
    bound : float
        No choice costs less; 0 when nothing is known, infinity when no choice meets the rules. [CNY]
    status : str
        ``optimal`` (within the gap), ``time limit``, ``interrupted``, ``out of reach``, or ``solver at
        fault`` when HiGHS contradicts a choice that holds; choice and bound are right all the same.
    """

    built: NDArray[np.int32] | None
    bound: float
    status: str


def solve(
    problem: Problem, start: NDArray[np.int32], *, time_limit_s: float, gap: float, seed: int
) -> Solution:
    """
    Solve the problem with HiGHS from a known choice.

    Parameters
    ----------
    problem : Problem
        The problem.
    start : ndarray of int32, shape (stations,)
        A choice, used when it meets the rules.
    time_limit_s : float
        Longest search. [s]
    gap : float
        Relative gap at which the search stops.
    seed : int
        Seed of the solver and of the local search.

    Returns
    -------
    solution : Solution
        Never dearer than a `start` that meets the rules.
    """
    if not (problem.blocks or problem.counts):
        return Solution(built=np.full_like(start, problem.periods), bound=0.0, status="optimal")
    search = _Search(compact(problem), start, gap=gap, seed=seed)
    with tqdm(total=round(time_limit_s), desc="selection", unit="s", leave=False, delay=1.0) as bar:
        search.clock = _Clock(time_limit_s, bar, round(time_limit_s))
        try:
            status = search.run()
        except KeyboardInterrupt:
            status = "interrupted"
    known = np.isfinite(search.cost)
    return Solution(
        built=search.built if known else None,
        bound=min(search.bound, search.cost),
        status=status,
    )


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
    units = master.unit_rows()
    number = units.matrix.shape[1] - len(master.cost)
    fixed = master.rows.matrix.copy()
    fixed.resize((fixed.shape[0], units.matrix.shape[1]))
    rows = Rows(
        matrix=sp.csr_array(sp.vstack([fixed, units.matrix], format="csr")),
        low=np.concatenate([master.rows.low, units.low]),
    )
    model = _programme(
        np.concatenate([master.cost, np.zeros(number)]),
        np.concatenate([master.lower, np.zeros(number)]),
        np.ones(len(master.cost) + number),
        rows,
    )
    kinds = highspy.HighsVarType
    whole = np.concatenate([master.integer, np.zeros(number, dtype=bool)])
    model.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in whole]
    solver = _highs(seed=0)
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
    """

    values: NDArray[np.float64] | None
    bound: float


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
    model = _programme(cost, lower, upper, rows)
    kinds = highspy.HighsVarType
    model.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in integer]
    end = time.monotonic() + time_limit_s
    least, best, bound = float(cost @ start), None, -np.inf
    for with_start in (True, False):
        solver = _highs(seed)
        solver.setOptionValue("mip_lp_solver", "ipm")  # coverage is too degenerate for the simplex
        solver.passModel(model)
        if with_start:
            known = highspy.HighsSolution()
            known.col_value = start.tolist()
            solver.setSolution(known)
        solver.setOptionValue("time_limit", max(end - time.monotonic(), 0.0))
        solver.setOptionValue("mip_rel_gap", gap)
        solver.run()
        info = solver.getInfo()
        values = np.asarray(solver.getSolution().col_value)
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        if found and _within(values, lower, upper, rows) and cost @ values <= least:
            best, least = values, float(cost @ values)
        if _believable(info.mip_dual_bound, least):
            bound = max(bound, info.mip_dual_bound)
        if not found or _honest(cost, values, info.objective_function_value):
            break
    return Answer(values=best, bound=bound)


def _within(
    values: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    rows: Rows,
) -> bool:
    """Whether values keep the limits and rows of a programme: looked up and not taken on trust."""
    inside = (values >= lower - FEASIBLE) & (values <= upper + FEASIBLE)
    return bool(inside.all() and (rows.matrix @ values >= rows.low - FEASIBLE).all())


def _believable(bound: float, cost: float) -> bool:
    """Whether a bound can be one: a choice that is known to hold costs no less."""
    return bool(np.isfinite(bound)) and bound <= cost + VALUE_ROUNDING * max(abs(cost), 1.0)


def _honest(cost: NDArray[np.float64], values: NDArray[np.float64], reported: float) -> bool:
    """
    Whether the value that HiGHS reports is that of its columns.

    HiGHS 1.16.0, when it is given a start, loses the price of columns that its presolve removes: the cut-off
    is too low then and hides better choices.
    """
    value = float(cost @ values)
    return abs(value - reported) <= VALUE_ROUNDING * max(abs(value), 1.0)


class _Clock:
    """Time left, shown as a bar of seconds."""

    def __init__(self, limit_s: float, bar: tqdm[Any], seconds: int) -> None:
        self.limit_s, self.bar, self.seconds = limit_s, bar, seconds
        self.began = time.monotonic()

    @property
    def used_s(self) -> float:
        used = time.monotonic() - self.began
        self.bar.update(min(int(used), self.seconds) - self.bar.n)
        return used

    @property
    def left_s(self) -> float:
        return max(self.limit_s - self.used_s, 0.0)


class _OutOfReachError(Exception):
    """No choice meets the rules."""


class _Search:
    """The best choice and bound so far, and the programme with its rows so far."""

    clock: _Clock

    def __init__(
        self, problem: Problem, start: NDArray[np.int32], *, gap: float, seed: int
    ) -> None:
        self.problem, self.gap, self.seed = problem, gap, seed
        self.built, self.cost, self.bound = start, np.inf, 0.0
        self.solved, self.start_kept = False, True
        self.master = Master(problem)
        self.offer(start)
        self.upper = np.ones(len(self.master.cost))
        self.lower = self.master.lower.copy()
        self.linear = _highs(seed)
        self.rows = [self.master.rows]
        self.linear.passModel(
            _programme(self.master.cost, self.lower, self.upper, self.master.rows)
        )
        entries = sum(block.cover.nnz for block in problem.blocks)
        self.with_units = entries <= MOST_ENTRIES
        self.reduced = 0.0, np.zeros(len(self.upper))

    def offer(self, built: NDArray[np.int32]) -> None:
        """Keep a choice if it is the cheapest that meets the rules."""
        built = self.master.settle(built)
        cost = self.problem.cost(built)
        if cost < self.cost and not self.problem.unmet(built):
            self.built, self.cost = built, cost

    @property
    def done(self) -> bool:
        """Whether the gap is small enough."""
        near = max(self.gap, ROUNDING) * self.cost
        return self.solved or bool(np.isfinite(self.cost) and self.cost - self.bound <= near)

    def run(self) -> str:
        """Search until the gap is small enough or the time is over."""
        try:
            share = SMALL_SHARE if self.with_units else FIRST_SHARE
            values = self.tighten(share * self.clock.left_s)
            while not self.done and self.clock.left_s > 0.0:
                self.round(values)
                self.fix(values)
                if not self.done:
                    self.whole_numbers()
                if not self.done:
                    values = self.tighten(FIRST_SHARE * self.clock.left_s)
        except _OutOfReachError:
            if np.isinf(self.cost):
                self.bound = np.inf
                return "out of reach"
            return "solver at fault"  # a choice is known that holds
        return "optimal" if self.done else "time limit"

    def relax(self) -> NDArray[np.float64]:
        """Solve the linear programme with the rows so far."""
        solver = self.linear
        solver.setOptionValue("time_limit", solver.getRunTime() + self.clock.left_s)
        solver.run()
        status = _status(solver)
        if status == highspy.HighsModelStatus.kOptimal:
            self.reduced = self.proof(np.asarray(solver.getSolution().row_dual))
            self.bound = max(self.bound, self.reduced[0])
        values = np.asarray(solver.getSolution().col_value)
        return values if len(values) else self.lower  # none when there was no time

    def proof(self, dual: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """
        Bound and reduced costs from prices of the rows.

        Any prices that are not negative prove a bound, so that nothing rests on the word of the solver.
        """
        reduced, value, first = self.master.cost.copy(), 0.0, 0
        for rows in self.rows:
            price = np.maximum(dual[first : first + len(rows.low)], 0.0)
            reduced -= rows.matrix.T @ price
            value += float(rows.low @ price)
            first += len(rows.low)
        limits = np.where(reduced > 0.0, self.lower, self.upper)
        return value + float(reduced @ limits), reduced

    def add(self, rows: Rows) -> None:
        """Add rows of coverage to the linear programme."""
        _add(self.linear, rows)
        self.rows.append(rows)

    def tighten(self, limit_s: float) -> NDArray[np.float64]:
        """Add rows of coverage until the fractions of the linear programme cover enough."""
        bounds: list[float] = []
        end = self.clock.used_s + limit_s
        while True:
            values = self.relax()
            bounds.append(self.bound)
            rows = self.master.violated(values, least=LEAST_VIOLATION)
            before = bounds[-1 - PATIENCE] if len(bounds) > PATIENCE else -np.inf
            stuck = self.bound - before <= PROGRESS * self.bound
            if rows.low.size == 0 or stuck or self.done or self.clock.used_s > end:
                return values
            self.add(rows)

    def round(self, values: NDArray[np.float64]) -> None:
        """Round fractions to choices, and improve the cheapest."""
        rounded = [repair(self.problem, self.master.built(values, least=level)) for level in LEVELS]
        self.polish(min(rounded, key=self.problem.cost))

    def polish(self, built: NDArray[np.int32]) -> None:
        """Improve a choice by local search, several times with other random numbers."""
        self.offer(built)
        for _ in range(SEARCHES):
            if self.done or self.clock.left_s <= 0.0:
                return
            self.seed += 1
            self.offer(improve(ledger_of(self.problem, built), seed=self.seed).built)

    def fix(self, values: NDArray[np.float64]) -> None:
        """Fix columns whose other value would cost more than the best choice."""
        value, dual = self.reduced
        spare = self.cost * (1.0 + ROUNDING) - value
        self.upper[(dual > spare) & (values < HALF)] = 0.0
        self.lower[(-dual > spare) & (values > HALF)] = 1.0
        every = np.arange(len(self.upper), dtype=np.int32)
        self.linear.changeColsBounds(len(every), every, self.lower, self.upper)

    def whole_numbers(self) -> None:
        """Solve the programme in whole numbers, and cut its solution off if it covers too little."""
        solver = _highs(self.seed)
        solver.passModel(self.whole_model())
        if self.start_kept:
            known = highspy.HighsSolution()
            values = [self.master.values(self.built)]
            values += [self.master.unit_values(self.built)] if self.with_units else []
            known.col_value = np.concatenate(values).tolist()
            solver.setSolution(known)
        solver.setOptionValue("time_limit", self.clock.left_s)
        solver.setOptionValue("mip_rel_gap", self.gap / 2.0)
        solver.setOptionValue("mip_heuristic_effort", HEURISTIC_EFFORT)
        self._wait(solver)
        status, info = _status(solver), solver.getInfo()
        if _believable(info.mip_dual_bound, self.cost):
            self.bound = max(self.bound, info.mip_dual_bound)
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return
        whole = np.round(np.asarray(solver.getSolution().col_value)[: len(self.upper)])
        honest = _honest(self.master.cost, whole, info.objective_function_value)
        self.start_kept &= honest
        built = self.master.built(whole, least=HALF)
        rows = self.master.violated(whole, least=HALF)
        if rows.low.size == 0:
            self.offer(built)
            self.solved = honest and status == highspy.HighsModelStatus.kOptimal
        else:
            self.add(rows)
        self.polish(repair(self.problem, built))

    def whole_model(self) -> highspy.HighsLp:
        """
        Programme in whole numbers, with columns for the units where these are not too many.

        Columns for units give HiGHS more to cut with; rows over stations alone are smaller by far. The
        rows that hold with equality now are kept beside the columns: they are cut to R.
        """
        model = self.linear.getLp()
        kinds = highspy.HighsVarType
        if self.with_units:
            solution, units = self.linear.getSolution(), self.master.unit_rows()
            number, fixed = units.matrix.shape[1] - len(self.upper), len(self.master.rows.low)
            matrix = _matrix(model)
            kept = np.asarray(solution.row_value) - np.asarray(model.row_lower_) <= LEAST_VIOLATION
            kept[:fixed] = True
            matrix = sp.csr_array(matrix[kept])
            matrix.resize((matrix.shape[0], units.matrix.shape[1]))
            rows = Rows(
                matrix=sp.csr_array(sp.vstack([matrix, units.matrix], format="csr")),
                low=np.concatenate([np.asarray(model.row_lower_)[kept], units.low]),
            )
            model = _programme(
                np.concatenate([self.master.cost, np.zeros(number)]),
                np.concatenate([self.lower, np.zeros(number)]),
                np.concatenate([self.upper, np.ones(number)]),
                rows,
            )
            integer = np.concatenate([self.master.integer, np.zeros(number, dtype=bool)])
        else:
            integer = self.master.integer
        model.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in integer]
        return model

    def _wait(self, solver: highspy.Highs) -> None:
        """
        Run in a thread, so that an interrupt stops the search.

        The thread has ended when this returns or raises: one that runs on while Python exits aborts it.
        """
        worker = threading.Thread(target=solver.run, daemon=True)
        try:
            worker.start()
            while worker.is_alive():
                worker.join(0.25)
                self.clock.used_s  # noqa: B018  # moves the bar
        except KeyboardInterrupt:
            solver.cancelSolve()
            while worker.is_alive():
                with contextlib.suppress(KeyboardInterrupt):  # a second one changes nothing
                    worker.join()
            raise


def _highs(seed: int) -> highspy.Highs:
    solver = highspy.Highs()
    options = {"output_flag": False, "random_seed": seed, "threads": THREADS}
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver


def _status(solver: highspy.Highs) -> highspy.HighsModelStatus:
    """Status of a programme that was solved, or not for want of time."""
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        raise _OutOfReachError
    if status == highspy.HighsModelStatus.kNotset:
        raise RuntimeError("HiGHS did not run: see its message above")
    return status


def _programme(
    cost: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64], rows: Rows
) -> highspy.HighsLp:
    """Columns between limits, and rows."""
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


def _matrix(model: highspy.HighsLp) -> sp.csr_array:
    """Rows of a programme of HiGHS, whichever way it holds them."""
    stored = model.a_matrix_
    parts = (np.asarray(stored.value_), np.asarray(stored.index_), np.asarray(stored.start_))
    shape = (model.num_row_, model.num_col_)
    if stored.format_ == highspy.MatrixFormat.kColwise:
        return sp.csr_array(sp.csc_array(parts, shape=shape))
    return sp.csr_array(parts, shape=shape)


def _add(solver: highspy.Highs, rows: Rows) -> None:
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
