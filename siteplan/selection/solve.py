"""
The selection problem solved with HiGHS: rows of coverage on demand, then branch and bound.

1. The linear programme of :mod:`siteplan.selection.master` is solved, the rows of coverage that its solution
   violates are added, and so on. Its value is a lower bound at every step. Where there are not too many
   units, each has a column from the start, and few such rows are missing.
2. Its fractions, rounded at several levels and completed by :mod:`siteplan.selection.greedy`, give choices.
3. A column whose reduced cost alone lifts the bound beyond the best choice is fixed.
4. Where units have columns, parts of the programme are solved exactly, small ones, then larger ones. Each
   gives one row, which lifts the bound, and what it would choose for itself: together, repaired, a start for
   the local search (:mod:`siteplan.selection.parts`).
5. HiGHS solves the programme in whole numbers. A solution that covers too little is cut off by further rows
   (2. and 3. apply to it as well), one that covers enough is a least-cost choice.

Beside the larger parts and 5, which prove, the local search of :mod:`siteplan.selection.anneal` improves the
best choice.

Bound and choice hold whenever the search ends: each programme in 1 and 5 relaxes the problem. There are
finitely many choices and each is cut off once, so without a time limit the search ends with a gap of no
more than asked for.
"""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import highspy
import numpy as np
from tqdm.auto import tqdm

from siteplan.selection.division import divide
from siteplan.selection.greedy import improve, repair
from siteplan.selection.master import Master, Rows, joined
from siteplan.selection.parts import PartRow, Priced, part_rows
from siteplan.selection.problem import compact
from siteplan.selection.programme import add_rows, believable, highs, honest, programme
from siteplan.selection.running import run_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from siteplan.selection.division import Division
    from siteplan.selection.problem import Problem

LEAST_VIOLATION: Final = 1e-4
"""Relative violation from which a row of coverage is added."""

PROGRESS: Final = 1e-5
"""Relative rise of the bound over `PATIENCE` rounds below which the first phase ends."""

PATIENCE: Final = 25
"""Rounds of the first phase over which its progress is judged."""

FIRST_SHARE: Final = 0.4
"""Share of the time after which the first phase ends at the latest."""

SMALL_SHARE: Final = 0.1
"""The same where units have columns, and the programme in whole numbers says more by itself."""

FEW_STATIONS: Final = 200
"""Stations of a part that is solved within seconds."""

FEW_SHARE: Final = 0.5
"""Share of the time left for these parts."""

MANY_STATIONS: Final = 420
"""Stations of a part whose neighbours seldom lie outside."""

MANY_SHARE: Final = 0.9
"""Share of the time left for these: what is known by then says more than the whole programme."""

PART_GAP: Final = 0.1
"""Share of the gap asked for that may stay open in all parts together."""

LEVELS: Final = (0.99, 0.7, 0.5, 0.3, 0.15, 0.05)
"""Fractions from which a station is taken into a rounded choice."""

FIRST_WORK: Final = 1_000_000_000
"""Covered units that the local search beside the proof looks at first: a few seconds, later more."""

WAIT_S: Final = 0.25
"""Time between two looks at the clock. [s]"""

MOST_ENTRIES: Final = 1_000_000
"""Entries of the cover matrices up to which each unit has a column."""

HEURISTIC_EFFORT: Final = 0.01
"""Share of the work of HiGHS in its own search for choices: little, as ours are known to it."""

ROUNDING: Final = 1e-9
"""Relative rounding of costs."""

BROKEN: Final = frozenset(
    {
        highspy.HighsModelStatus.kLoadError,
        highspy.HighsModelStatus.kModelError,
        highspy.HighsModelStatus.kPresolveError,
        highspy.HighsModelStatus.kSolveError,
        highspy.HighsModelStatus.kPostsolveError,
    }
)
"""What HiGHS says when it failed."""

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
        ``optimal``, ``within the gap`` asked for, ``time limit``, ``interrupted``, ``out of reach``, or
        ``solver at fault`` when HiGHS contradicts a choice that holds, or cannot take or solve its
        programme; choice and bound are right all the same.
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
    small = compact(problem)
    if not (small.blocks or small.counts or small.capacities):
        return Solution(built=np.full_like(start, problem.periods), bound=0.0, status="optimal")
    search = _Search(small, start, gap=gap, seed=seed)
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

    def tick(self) -> None:
        """Move the bar."""
        _ = self.used_s

    @property
    def left_s(self) -> float:
        return max(self.limit_s - self.used_s, 0.0)


class _OutOfReachError(Exception):
    """No choice meets the rules."""


class _AtFaultError(Exception):
    """HiGHS could not take or solve a programme, which is not the same as having had no time."""


class _Search:
    """The best choice and bound so far, and the programme with its rows so far."""

    clock: _Clock
    pool: ThreadPoolExecutor
    beside: Future[NDArray[np.int32]]
    stop: threading.Event
    start: NDArray[np.int32]

    def __init__(
        self, problem: Problem, start: NDArray[np.int32], *, gap: float, seed: int
    ) -> None:
        self.problem, self.gap, self.seed, self.first_seed = problem, gap, seed, seed
        self.built, self.cost, self.bound = start, np.inf, 0.0
        self.solved, self.start_kept = False, True
        self.master = Master(problem)
        self.offer(start)
        self.with_units = sum(block.cover.nnz for block in problem.blocks) <= MOST_ENTRIES
        rows = self.master.whole_rows(flows=False) if self.with_units else self.master.rows
        self.rows = [rows]
        self.units = rows.matrix.shape[1] - len(self.master.cost)
        self.cost_of = np.append(self.master.cost, np.zeros(self.units))
        self.lower = np.append(self.master.lower, np.zeros(self.units))
        self.upper = np.ones(len(self.lower))
        self.linear = highs(seed)
        self.reduced = 0.0, np.zeros(len(self.upper))
        self.price = np.zeros(len(rows.low))  # of all rows so far, when they were last solved
        self.division: Division | None = None
        self.found: list[PartRow] = []

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
            _take(self.linear, programme(self.cost_of, self.lower, self.upper, self.rows[0]))
            share = SMALL_SHARE if self.with_units else FIRST_SHARE
            values = self.tighten(share * self.clock.left_s)
            while not self.done and self.clock.left_s > 0.0:
                self.round(values)
                self.fix(values)
                self.start = self.built
                divided = self.with_units and self.division is None and np.isfinite(self.cost)
                if divided and not self.done:
                    self.part(values, FEW_STATIONS, FEW_SHARE, self.clock.tick)
                if not self.done:
                    with self.aside():
                        if divided:
                            self.part(values, MANY_STATIONS, MANY_SHARE, self.look)
                            self.fix(self.with_parts(values))
                        if not self.done:
                            self.whole_numbers()
                if not self.done:
                    values = self.tighten(FIRST_SHARE * self.clock.left_s)
        except _OutOfReachError:
            if np.isinf(self.cost):
                self.bound = np.inf
                return "out of reach"
            return "solver at fault"  # a choice is known that holds
        except _AtFaultError:
            return "solver at fault"
        return self.end()

    def end(self) -> str:
        """How the search has ended."""
        if not self.done:
            return "time limit"
        proven = self.cost - self.bound <= ROUNDING * self.cost
        return "optimal" if proven else "within the gap"

    def relax(self) -> NDArray[np.float64]:
        """Solve the linear programme with the rows so far."""
        solver = self.linear
        solver.setOptionValue("time_limit", solver.getRunTime() + self.clock.left_s)
        solver.run()
        status = _status(solver)
        if status == highspy.HighsModelStatus.kOptimal:
            dual = np.asarray(solver.getSolution().row_dual)
            self.price = np.maximum(dual, 0.0)
            self.reduced = self.proof(dual)
            self.bound = max(self.bound, self.reduced[0])
        values = np.asarray(solver.getSolution().col_value)
        return values if len(values) else self.lower  # none when there was no time

    def proof(self, dual: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Bound and reduced costs from prices of all rows so far."""
        first = np.cumsum([len(rows.low) for rows in self.rows])[:-1]
        return self.weigh(zip(self.rows, np.split(dual, first), strict=True))

    def weigh(
        self, priced: Iterable[tuple[Rows, NDArray[np.float64]]]
    ) -> tuple[float, NDArray[np.float64]]:
        """
        Bound and reduced costs from rows and their prices.

        Any prices that are not negative prove a bound, so that nothing rests on the word of the solver.
        """
        reduced, value = self.cost_of.copy(), 0.0
        for rows, dual in priced:
            price = np.maximum(dual, 0.0)
            reduced -= rows.matrix.T @ price
            value += float(rows.low @ price)
        limits = np.where(reduced > 0.0, self.lower, self.upper)
        return value + float(reduced @ limits), reduced

    def add(self, rows: Rows) -> None:
        """Add rows of coverage to the linear programme."""
        add_rows(self.linear, rows)
        self.rows.append(rows)
        self.price = np.append(self.price, np.zeros(len(rows.low)))

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
        """Round fractions to choices."""
        for level in LEVELS:
            self.offer(repair(self.problem, self.master.built(values, least=level)))

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Search around a good choice beside what is done meanwhile, which needs another processor."""
        with ThreadPoolExecutor(1) as self.pool:
            self.begin()
            try:
                yield
                while not (self.done or self.beside.done() or self.clock.left_s <= 0.0):
                    wait([self.beside], timeout=WAIT_S)
            finally:
                self.stop.set()
                if not self.done:  # else the choice would depend on how far the search has come
                    self.offer(self.beside.result())

    def begin(self) -> None:
        """Begin to search, in turn from what the parts chose and from the best choice."""
        turn = self.seed - self.first_seed
        start, work = (self.built if turn % 2 else self.start), FIRST_WORK << turn // 2
        self.seed, self.stop = self.seed + 1, threading.Event()
        self.beside = self.pool.submit(
            improve, self.problem, start, work=work, seed=self.seed, stop=self.stop
        )

    def look(self, solver: highspy.Highs | None = None) -> None:
        """Stop a run when a choice found beside it is as near to the bound as asked for, else search anew."""
        self.clock.tick()
        if self.beside.done():
            self.offer(self.beside.result())
            if not self.done:
                self.begin()
            elif solver is not None:
                solver.cancelSolve()

    def part(
        self, values: NDArray[np.float64], most: int, share: float, tick: Callable[[], object]
    ) -> None:
        """Solve parts of so many stations for a bound and a choice from which to search."""
        division = divide(self.master, joined(self.rows), self.price, most=most)
        if division.parts > 1:
            rows, chosen = part_rows(
                self.master,
                self.priced(values),
                division,
                before=self.division,
                gap=PART_GAP * self.gap * self.cost,
                time_limit_s=share * self.clock.left_s,
                seed=self.first_seed,
                tick=tick,
            )
            self.found += rows
            self.bound = max(self.bound, self.value_of(self.found))
            self.start = repair(self.problem, self.master.built(chosen, least=HALF))
            self.offer(self.start)
        self.division = division

    def with_parts(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Solve the linear programme with the rows of parts."""
        if not self.found or self.done:
            return values
        self.add(joined([part.row for part in self.found]))
        return self.relax()

    def value_of(self, found: list[PartRow]) -> float:
        """Bound from the rows of parts that are better than the rows whose place they take."""
        price, used, base = self.price, list[PartRow](), joined(self.rows)
        best, _ = self.weigh([(base, price)])
        for part in found:
            cut = price.copy()
            cut[part.replaced] = 0.0
            beside = [other for other in used if not np.isin(other.replaced, part.replaced).any()]
            rows = [(other.row, np.array([other.price])) for other in [*beside, part]]
            value, _ = self.weigh([(base, cut), *rows])
            if value > best:
                best, price, used = value, cut, [*beside, part]
        return best

    def priced(self, values: NDArray[np.float64]) -> Priced:
        """Give the programme, its prices, the best choice and fractions to be cut off."""
        return Priced(
            rows=joined(self.rows),
            cost=self.cost_of,
            lower=self.lower,
            upper=self.upper,
            price=self.price,
            known=np.append(self.master.values(self.built), self.master.unit_values(self.built)),
            values=values,
        )

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
        solver = self.search()
        status, info = _status(solver), solver.getInfo()
        if believable(info.mip_dual_bound, self.cost):
            self.bound = max(self.bound, info.mip_dual_bound)
        whole = self.solution(solver)
        if whole is None:
            return
        true = honest(self.cost_of, whole, info.objective_function_value)
        self.start_kept &= true
        built = self.master.built(whole, least=HALF)
        rows = self.master.violated(whole, least=HALF)
        if rows.low.size == 0:
            self.offer(built)
            self.solved = true and status == highspy.HighsModelStatus.kOptimal
        else:
            self.add(rows)
            self.offer(repair(self.problem, built))

    def search(self) -> highspy.Highs:
        """Run HiGHS on the programme in whole numbers from the best choice."""
        solver, model = highs(self.first_seed), self.linear.getLp()
        kinds = highspy.HighsVarType
        integer = np.append(self.master.integer, np.zeros(self.units, dtype=bool))
        model.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in integer]
        _take(solver, model)
        if self.start_kept and np.isfinite(self.cost):
            known = highspy.HighsSolution()
            units = self.master.unit_values(self.built) if self.units else np.zeros(0)
            known.col_value = np.append(self.master.values(self.built), units).tolist()
            solver.setSolution(known)
        solver.setOptionValue("mip_rel_gap", self.gap)
        solver.setOptionValue("mip_heuristic_effort", HEURISTIC_EFFORT)
        run_all([solver], time_limit_s=self.clock.left_s, tick=lambda: self.look(solver))
        return solver

    def solution(self, solver: highspy.Highs) -> NDArray[np.float64] | None:
        """Columns that HiGHS found, those of stations in whole numbers."""
        info = solver.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        values = np.asarray(solver.getSolution().col_value)
        number = len(self.master.cost)
        return np.append(np.round(values[:number]), values[number:])


def _status(solver: highspy.Highs) -> highspy.HighsModelStatus:
    """Status of a programme that was solved, or not for want of time."""
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        raise _OutOfReachError
    if status in BROKEN:
        raise _AtFaultError
    return status  # not set when there was no time: then nothing is known of it


def _take(solver: highspy.Highs, model: highspy.HighsLp) -> None:
    """Give HiGHS a programme."""
    if solver.passModel(model) == highspy.HighsStatus.kError:
        raise _AtFaultError
