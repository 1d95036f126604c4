"""
Plain covering problems bounded part by part.

A covering problem in parts: each part of the demand is covered by itself, and each site costs in a part its
share of the prices that the linear programme pays there. What all parts cost together is no more than what
one choice for all of them costs, and more than the linear programme, as each part is solved in whole numbers.
Shares then move to the parts that choose a site from those that do without it (Lagrangian decomposition,
M. Guignard, S. Kim, Mathematical Programming 39, 1987, pp. 215-228), and parts are joined two by two.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import highspy
import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator

from siteplan.selection.division import slowest
from siteplan.selection.master import Rows
from siteplan.selection.programme import believable, highs, programme
from siteplan.selection.running import run_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

OPTIONS: Final[dict[str, bool | int | float | str]] = {
    "threads": 1,
    "mip_rel_gap": 0.0,
    "mip_lp_solver": "ipm",
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_pscost_minreliable": 0,
    "mip_allow_restart": False,
    "mip_pool_soft_limit": 1,
    "mip_allow_cut_separation_at_nodes": False,
}
"""
HiGHS in one part, of which the bound alone counts: no search for choices, no trials before a branch, cuts at
the root alone. It comes to the same bound in a third of the time.
"""

SMALLEST: Final = 8
"""Units from which a part is divided further."""

PART_GAP: Final = 0.01
"""Gap at which the search in the parts stops, relative to what parts could gain at most."""

STEPS: Final = 2
"""Runs of all parts before they are joined two by two."""

HARDER: Final = 4.0
"""How much longer half as many parts may take: they are joined when there is time for that."""

PACE: Final = 0.12
"""Part of the distance from the known choice that a step promises, halved after a step without a gain."""

MOMENTUM: Final = 0.5
"""Part of the last step that the next one repeats."""


def parted(
    matrix: sp.csr_array, prices: NDArray[np.float64], number: int
) -> list[NDArray[np.intp]]:
    """
    Divide the units into parts of about equal price that share few sites.

    Halved again and again where a random walk from unit to site to unit mixes slowest; halves follow each
    other. The number is a power of two, and parts of few units may be empty.
    """
    parts = [np.arange(matrix.shape[1])]
    by_column = sp.csc_array(matrix, dtype=np.float64)
    for _ in range(number.bit_length() - 1):
        parts = [half for part in parts for half in _halves(by_column, part, prices[part])]
    return parts


def _halves(
    matrix: sp.csc_array, part: NDArray[np.intp], prices: NDArray[np.float64]
) -> list[NDArray[np.intp]]:
    if len(part) < SMALLEST:
        return [part, part[:0]]
    cover = sp.csr_array(matrix[:, part])
    size = np.asarray(cover.sum(axis=1))
    cover, size = cover[np.flatnonzero(size > 0.0)], size[size > 0.0]
    times = np.asarray(cover.sum(axis=0))
    scaled = sp.csr_array(sp.diags_array(size**-0.5) @ cover @ sp.diags_array(times**-0.5))
    walk = LinearOperator((len(part), len(part)), matvec=lambda v: scaled.T @ (scaled @ v))
    across = slowest(walk, 1, tolerance=1e-3)[:, 0]
    order = np.argsort(across * times**-0.5, kind="stable")
    spent = np.cumsum(prices[order])
    cut = int(np.searchsorted(spent, spent[-1] / 2.0))
    return [part[np.sort(order[:cut])], part[np.sort(order[cut:])]]


def bound_in_parts(  # noqa: PLR0913  # a problem has this many parts
    matrix: sp.csr_array,
    cost: NDArray[np.float64],
    penalty: NDArray[np.float64] | None,
    prices: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    *,
    number: int,
    told: Callable[[float], bool],
    time_limit_s: float,
    seed: int,
) -> None:
    """
    Bound the cost of sites and of units that none of them covers from below.

    Parameters
    ----------
    matrix : csr_array of bool, shape (sites, units)
        Cover.
    cost : ndarray of float64, shape (sites,)
        Cost of each site.
    penalty : ndarray of float64, shape (units,) or None
        Cost of a unit that is not covered; None where all must be covered.
    prices : ndarray of float64, shape (units,)
        Prices of the units, near those of the linear programme and not above the penalty.
    chosen : ndarray of bool, shape (sites,)
        A known choice.
    number : int
        Parts to begin with, a power of two; joined two by two down to two of them when there is time.
    told : callable
        Called with each bound, none less than the Lagrangian bound of the prices, also on an interrupt;
        true when there is nothing to gain from another.
    time_limit_s : float
        Longest run in all. [s]
    seed : int
        Seed of the solver.
    """
    end = time.monotonic() + time_limit_s
    problem = _Problem(matrix, cost, penalty, prices, chosen, number)
    best, pace, steps = -np.inf, PACE, 0
    while time.monotonic() < end:
        began = time.monotonic()
        runs = [problem.run(part, seed) for part in problem.parts]
        try:
            run_all([run.solver for run in runs], time_limit_s=end - began, in_turn=True)
        finally:
            bound = sum(run.bound for run in runs)
            enough = told(bound)
        now = time.monotonic()
        steps, pace = steps + 1, pace if bound > best else pace / 2.0
        best = max(best, bound)
        number = len(problem.parts)
        if enough or number == 1:
            break
        problem.move([run.picked for run in runs], pace * (problem.value - bound))
        if steps >= STEPS and HARDER * (now - began) < end - now:
            if number == 2:  # noqa: PLR2004  # the whole is for others
                break
            problem.join()
            steps = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some of the units, and what each of their sites costs there."""

    units: NDArray[np.intp]
    sites: NDArray[np.intp]
    share: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """The programme of one part."""

    part: _Part
    solver: highspy.Highs
    known: float
    priced: float

    @property
    def bound(self) -> float:
        """What covering the part costs at least, as far as the solver has come."""
        bound = self.solver.getInfo().mip_dual_bound
        return max(self.priced, bound) if believable(bound, self.known) else self.priced

    @property
    def picked(self) -> NDArray[np.float64]:
        """How the solver covers the part, as far as it has come."""
        values = np.asarray(self.solver.getSolution().col_value)
        return values[: len(self.part.sites)] if len(values) else np.zeros(len(self.part.sites))


class _Problem:
    """A covering problem in parts."""

    def __init__(
        self,
        matrix: sp.csr_array,
        cost: NDArray[np.float64],
        penalty: NDArray[np.float64] | None,
        prices: NDArray[np.float64],
        chosen: NDArray[np.bool_],
        number: int,
    ) -> None:
        self.by_column = sp.csc_array(matrix, dtype=np.float64)
        self.penalty, self.prices, self.chosen = penalty, prices, chosen
        missed = ~(matrix.T @ chosen)
        fines = 0.0 if penalty is None else float(penalty[missed].sum())
        self.value = float(cost @ chosen) + fines
        priced = prices.sum() + np.minimum(cost - self.by_column @ prices, 0.0).sum()
        self.spare = max(self.value - float(priced), 0.0)
        weight = prices + 1e-6 * max(float(prices.mean()), np.finfo(float).tiny)  # all have a share
        worth = cost / np.maximum(self.by_column @ weight, np.finfo(float).tiny)
        self.parts = []
        for units in parted(matrix, prices, number):
            cover = self.by_column[:, units]
            sites = np.unique(cover.indices)
            share = worth[sites] * (cover @ weight[units])[sites]
            self.parts.append(_Part(units, sites, share))
        self.direction = [np.zeros(len(part.sites)) for part in self.parts]

    def run(self, part: _Part, seed: int) -> _Run:
        """Give HiGHS the programme of a part."""
        units, sites = part.units, part.sites
        rows, prices = sp.csr_array(self.by_column[:, units].T)[:, sites], self.prices[units]
        priced = float(prices.sum() + np.minimum(part.share - rows.T @ prices, 0.0).sum())
        cost, start = part.share, self.chosen[sites].astype(float)
        if self.penalty is not None:
            start = np.concatenate([start, rows @ start == 0.0])
            rows = sp.csr_array(sp.hstack([rows, sp.eye_array(len(units))], format="csr"))
            cost = np.concatenate([cost, self.penalty[units]])
        ends = np.zeros(len(cost)), np.ones(len(cost))
        model = programme(cost, *ends, Rows(matrix=rows, low=np.ones(len(units))))
        kinds = highspy.HighsVarType
        free = len(cost) - len(sites)
        model.integrality_ = [kinds.kInteger] * len(sites) + [kinds.kContinuous] * free
        solver = highs(seed)
        for name, value in OPTIONS.items():
            solver.setOptionValue(name, value)
        solver.setOptionValue("mip_abs_gap", PART_GAP * self.spare / len(self.parts))
        solver.setOptionValue("presolve", "on" if self.penalty is None else "off")
        solver.passModel(model)
        known = highspy.HighsSolution()
        known.col_value = start.tolist()
        solver.setSolution(known)
        return _Run(part=part, solver=solver, known=float(cost @ start), priced=priced)

    def move(self, picked: list[NDArray[np.float64]], gain: float) -> None:
        """Move shares along the subgradient as far as promises a gain."""
        number = self.by_column.shape[0]
        times, total = np.zeros(number), np.zeros(number)
        for part, here in zip(self.parts, picked, strict=True):
            times[part.sites] += 1.0
            total[part.sites] += here
        mean = total / np.maximum(times, 1.0)
        slopes = [here - mean[part.sites] for part, here in zip(self.parts, picked, strict=True)]
        norm = sum(float(slope @ slope) for slope in slopes)
        if norm <= 0.0:
            return
        self.direction = [
            slope + MOMENTUM * before for slope, before in zip(slopes, self.direction, strict=True)
        ]
        self.parts = [
            _Part(part.units, part.sites, part.share + gain / norm * way)
            for part, way in zip(self.parts, self.direction, strict=True)
        ]

    def join(self) -> None:
        """Make one part of two that were halves."""
        number = self.by_column.shape[0]
        joined = []
        for one, two in zip(self.parts[::2], self.parts[1::2], strict=True):
            share = np.zeros(number)
            share[one.sites] += one.share
            share[two.sites] += two.share
            sites = np.union1d(one.sites, two.sites)
            joined.append(_Part(np.append(one.units, two.units), sites, share[sites]))
        self.parts = joined
        self.direction = [np.zeros(len(part.sites)) for part in joined]
