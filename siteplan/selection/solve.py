"""The selection problem as a mixed-integer programme, handed to HiGHS as whole arrays."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import highspy
import numpy as np
import scipy.sparse as sp
from tqdm.auto import tqdm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Block, Problem

MAX_ENTRIES = 6_000_000
"""Entries of the constraint matrix beyond which the programme is not tried. HiGHS takes about 200 bytes each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """
    What the solver found.

    Attributes
    ----------
    built : ndarray of int32, shape (stations,) or None
        Period in which each station goes into service; None when nothing was found.
    bound : float
        No choice costs less. [CNY]
    status : str
        The solver's own word.
    """

    built: NDArray[np.int32] | None
    bound: float
    status: str


def solve(
    problem: Problem, start: NDArray[np.int32], *, time_limit_s: float, gap: float, seed: int
) -> Solution | None:
    """
    Solve the problem with HiGHS from a known choice.

    Parameters
    ----------
    problem : Problem
        The problem.
    start : ndarray of int32, shape (stations,)
        A choice that meets the rules.
    time_limit_s : float
        Longest search. [s]
    gap : float
        Relative gap at which the search stops.
    seed : int
        Seed of the solver.

    Returns
    -------
    solution : Solution or None
        None when the programme is too large to be tried.
    """
    programme = _Programme(problem)
    if programme.entries > MAX_ENTRIES:
        return None
    solver = highspy.Highs()
    options = {
        "output_flag": False,
        "time_limit": float(time_limit_s),
        "mip_rel_gap": float(gap),
        "random_seed": int(seed),
        "threads": 2,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(programme.lp())
    known = highspy.HighsSolution()
    known.col_value = programme.columns(start).tolist()
    solver.setSolution(known)
    _run(solver, time_limit_s)
    info = solver.getInfo()
    status = solver.modelStatusToString(solver.getModelStatus())
    built = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        built = programme.built(np.asarray(solver.getSolution().col_value))
    bound = float(info.mip_dual_bound)
    return Solution(built=built, bound=bound if np.isfinite(bound) else 0.0, status=status)


def _run(solver: highspy.Highs, time_limit_s: float) -> None:
    """Run in a thread, with a bar of seconds; an interrupt stops the search and keeps the best."""
    worker = threading.Thread(target=solver.run, daemon=True)
    began = time.monotonic()
    worker.start()
    with tqdm(total=round(time_limit_s), desc="selection", unit="s", leave=False, delay=1.0) as bar:
        while worker.is_alive():
            try:
                worker.join(0.25)
            except KeyboardInterrupt:
                solver.cancelSolve()
            bar.update(min(int(time.monotonic() - began), bar.total) - bar.n)


class _Programme:
    """Columns: x by station and period, z by structure and period, then v and y of each block."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        periods = problem.periods
        self.z0 = problem.stations * periods
        self.width = self.z0 + len(problem.site_cost) * periods
        self.rows: list[sp.coo_array] = []
        self.low: list[NDArray[np.float64]] = []
        self.high: list[NDArray[np.float64]] = []
        self.parts = [(block, *_merged(block)) for block in problem.blocks]
        self.places: list[tuple[int, int]] = []
        for block, _, weight, _ in self.parts:
            v0 = self.width
            y0 = v0 + len(weight)
            self.width = y0 + (len(block.item_need) if block.mode == "share" else 0)
            self.places.append((v0, y0))
        self._nested()
        self._structures()
        for (block, cover, weight, item), (v0, y0) in zip(self.parts, self.places, strict=True):
            self._block(block, cover, weight, item, v0, y0)
        for count in problem.counts:
            columns = np.flatnonzero(count.counts) * periods + count.period
            row = np.zeros(len(columns), dtype=np.int64)
            self._add(row, columns, np.ones(len(columns)), np.array([float(count.need)]))

    @property
    def entries(self) -> int:
        return sum(part.nnz for part in self.rows)

    def _add(
        self,
        row: NDArray[np.int64],
        column: NDArray[np.int64],
        value: NDArray[np.float64],
        low: NDArray[np.float64],
    ) -> None:
        """Rows of the form sum of value times column >= low."""
        self.rows.append(sp.coo_array((value, (row, column)), shape=(len(low), self.width)))
        self.low.append(low)
        self.high.append(np.full(len(low), highspy.kHighsInf))

    def _nested(self) -> None:
        periods = self.problem.periods
        if periods == 1:
            return
        for first, number in (
            (0, self.problem.stations),
            (self.z0, len(self.problem.site_cost)),
        ):
            earlier = first + (
                np.arange(number)[:, None] * periods + np.arange(periods - 1)
            ).reshape(-1)
            row = np.arange(len(earlier))
            self._add(
                np.concatenate([row, row]),
                np.concatenate([earlier, earlier + 1]),
                np.repeat([-1.0, 1.0], len(earlier)),
                np.zeros(len(earlier)),
            )

    def _structures(self) -> None:
        periods = self.problem.periods
        x = np.arange(self.problem.stations * periods)
        z = self.z0 + self.problem.station_site[x // periods].astype(np.int64) * periods
        z += x % periods
        self._add(
            np.concatenate([x, x]),
            np.concatenate([x, z]),
            np.repeat([-1.0, 1.0], len(x)),
            np.zeros(len(x)),
        )

    def _block(  # noqa: PLR0913  # one block and its place
        self,
        block: Block,
        cover: sp.csr_array,
        weight: NDArray[np.float64],
        item: NDArray[np.int32],
        v0: int,
        y0: int,
    ) -> None:
        unit_of = sp.coo_array(cover.T)
        n = len(weight)
        self._add(
            np.concatenate([unit_of.row, np.arange(n)]).astype(np.int64),
            np.concatenate(
                [unit_of.col * self.problem.periods + block.period, v0 + np.arange(n)]
            ).astype(np.int64),
            np.concatenate([np.ones(unit_of.nnz), np.full(n, -1.0)]),
            np.zeros(n),
        )
        if block.mode == "pooled":
            row = np.zeros(n, dtype=np.int64)
            scaled = weight / block.need
            self._add(row, v0 + np.arange(n), scaled, np.array([1.0]))
            return
        wanted = np.flatnonzero((block.item_need > 0.0) & np.isfinite(block.item_need))
        place = np.full(len(block.item_need), -1, dtype=np.int64)
        place[wanted] = np.arange(len(wanted))
        scaled = weight / block.item_need[item]
        row, column, value = place[item], v0 + np.arange(n), scaled
        low = np.ones(len(wanted))
        if block.mode == "share":
            row = np.concatenate([row, np.arange(len(wanted))])
            column = np.concatenate([column, y0 + wanted])
            value = np.concatenate([value, np.full(len(wanted), -1.0)])
            low = np.zeros(len(wanted))
            self._add(
                np.zeros(len(wanted), dtype=np.int64),
                y0 + wanted,
                np.ones(len(wanted)),
                np.array([float(block.need)]),
            )
        self._add(row, column, value, low)

    def lp(self) -> highspy.HighsLp:
        """All arrays of the model."""
        problem = self.problem
        matrix = sp.csc_array(sp.vstack(self.rows, format="csc"))
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.width, matrix.shape[0]
        cost = np.zeros(self.width)
        # x[t] - x[t-1] is built in t: the cost of x[t] is what waiting another year saves
        step = problem.discount - np.append(problem.discount[1:], 0.0)
        cost[: self.z0] = (problem.station_cost[:, None] * step).reshape(-1)
        structures = (problem.site_cost[:, None] * step).reshape(-1)
        cost[self.z0 : self.z0 + len(structures)] = structures
        lp.col_cost_ = cost
        lp.col_lower_ = np.zeros(self.width)
        lp.col_upper_ = np.ones(self.width)
        lp.row_lower_ = np.concatenate(self.low)
        lp.row_upper_ = np.concatenate(self.high)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = matrix.indptr
        lp.a_matrix_.index_ = matrix.indices
        lp.a_matrix_.value_ = matrix.data
        binary = np.zeros(self.width, dtype=bool)
        binary[: self.z0 + len(structures)] = True
        for (block, _, _, _), (_, y0) in zip(self.parts, self.places, strict=True):
            if block.mode == "share":
                binary[y0 : y0 + len(block.item_need)] = True
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in binary]
        return lp

    def columns(self, built: NDArray[np.int32]) -> NDArray[np.float64]:
        """Value of every column for a known choice."""
        problem = self.problem
        values = np.zeros(self.width)
        periods = np.arange(problem.periods)
        values[: self.z0] = (built[:, None] <= periods).astype(float).reshape(-1)
        opened = np.full(len(problem.site_cost), problem.periods, dtype=np.int32)
        np.minimum.at(opened, problem.station_site, built)
        z = (opened[:, None] <= periods).astype(float).reshape(-1)
        values[self.z0 : self.z0 + len(z)] = z
        for (block, cover, weight, item), (v0, y0) in zip(self.parts, self.places, strict=True):
            hit = (cover.T @ (built <= block.period).astype(np.int32)) > 0
            values[v0 : v0 + len(weight)] = hit
            if block.mode == "share":
                have = np.bincount(item, weights=weight * hit, minlength=len(block.item_need))
                values[y0 : y0 + len(have)] = have >= block.item_need
        return values

    def built(self, values: NDArray[np.float64]) -> NDArray[np.int32]:
        """Period in which each station is built, from the values of the columns."""
        x = values[: self.z0].reshape(-1, self.problem.periods) > 0.5  # noqa: PLR2004  # binary
        return (self.problem.periods - x.sum(axis=1)).astype(np.int32)


def _merged(block: Block) -> tuple[sp.csr_array, NDArray[np.float64], NDArray[np.int32]]:
    """Merge units of one item that the same stations cover: exact, and often tenfold smaller."""
    rng = np.random.default_rng(20201)
    by_unit = sp.csr_array(block.cover.T)
    marks = rng.integers(1, 2**62, size=(block.cover.shape[0], 2), dtype=np.int64)
    ones = sp.csr_array(
        (np.ones(by_unit.nnz, dtype=np.int64), by_unit.indices, by_unit.indptr), shape=by_unit.shape
    )
    item = np.zeros_like(block.unit_item) if block.mode == "pooled" else block.unit_item
    keys = np.column_stack([ones @ marks, item.astype(np.int64)])
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    weight = np.bincount(group, weights=block.unit_weight)
    return sp.csr_array(sp.csr_array(block.cover).astype(np.int8)[:, first]), weight, item[first]
