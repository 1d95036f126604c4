"""
Parts of the programme that hang together, each solved exactly: one strong row from each.

Prices of the rows (those of the linear programme are best, any that are not negative are right) share the
cost of every column among the rows. Let P be a part: some rows of the programme, and the columns in them.
With a = what the rows of P pay for each column, and b the least value of a @ v over all whole v that keep the
rows of P,

    a @ v >= b

holds for every choice that meets the rules, since its columns keep the rows of P. With the linear
programme's prices the parts together have the value of the linear programme, and each row lifts that by the
distance between whole numbers and fractions within its part: Lagrangian decomposition [1]_ in the form of
rows, so that the linear programme and branch and bound go on from there.

A county falls apart by itself where no station reaches from one place to the next. What is left in one piece
is divided until there are few enough stations in each (:mod:`siteplan.selection.division`). Rows over more
than one part, such as those of weight pooled over the county, are in none.

References
----------
.. [1] M. Guignard, S. Kim, "Lagrangean decomposition: a model yielding stronger Lagrangean bounds",
   Mathematical Programming 39, 1987, pp. 215-228.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import highspy
import numpy as np
import scipy.sparse as sp

from siteplan.selection.master import Rows
from siteplan.selection.programme import believable, highs, programme
from siteplan.selection.running import run_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siteplan.selection.division import Division
    from siteplan.selection.master import Master

MOST_WEIGHT: Final = 0.8
"""Share of an item's weight from which it belongs to one part, with all of its units."""

LEAST_FACTOR: Final = 1e-9
"""Smaller factors, relative to the largest, are left out of a row, and its lower limit gives way."""

LEAST_LIFT: Final = 1e-6
"""Violation, relative to the largest factor, from which a row is worth adding."""

SAFE: Final = 1e-6
"""What the lower limit of a row gives way for the tolerances of the solver, relative to factors and limit."""


FEASIBLE: Final = highspy.SolutionStatus.kSolutionStatusFeasible
"""Status of values that keep all rows."""

EFFORT: Final = 0.02
"""Share of the work of HiGHS in its own search for choices: it is given a good one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """
    The programme, and prices of its rows.

    Attributes
    ----------
    rows : Rows
        From :meth:`siteplan.selection.master.Master.whole_rows`, without flows, and any further ones.
    cost, lower, upper : ndarray of float64, shape (columns,)
        Objective and limits.
    price : ndarray of float64, shape (rows,)
        Not negative.
    known : ndarray of float64, shape (columns,)
        Values of a choice that meets the rules.
    values : ndarray of float64, shape (columns,)
        Fractions that the rows should cut off.
    """

    rows: Rows
    cost: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    price: NDArray[np.float64]
    known: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartRow:
    """
    Row of a part, which takes the place of those of the programme that are in it.

    Attributes
    ----------
    row : Rows
        The one row, in parts of its largest factor.
    price : float
        Its price in place of those of `replaced`.
    replaced : ndarray of int64
        Rows of the programme in the part.
    """

    row: Rows
    price: float
    replaced: NDArray[np.int64]


def part_rows(
    master: Master,
    priced: Priced,
    division: Division,
    *,
    before: Division | None = None,
    gap: float,
    time_limit_s: float,
    seed: int,
    tick: Callable[[], object],
) -> tuple[list[PartRow], NDArray[np.float64]]:
    """
    Solve the parts, and make one row of each.

    Parameters
    ----------
    master : Master
        The programme.
    priced : Priced
        Its rows and their prices.
    division : Division
        The parts.
    before : Division, optional
        Parts that have had their rows.
    gap : float
        Distances from the least values at which the searches stop, in all. [CNY]
    time_limit_s : float
        Longest search in all; what is known by then is right. [s]
    seed : int
        Seed of the solver.
    tick : callable
        Called a few times a second meanwhile.

    Returns
    -------
    rows : list of PartRow
        Those that the fractions violate.
    values : ndarray of float64, shape (columns,)
        The known choice with what each part chooses for its own columns: good, but not one that meets all
        rules.
    """
    if division.parts == 0:  # no station has a column
        return [], priced.known
    parts = _parts(master, priced, _labels(master, priced.rows, division), division.new(before))
    solvers = [_solver(priced, part, gap=gap / division.parts, seed=seed) for part in parts]
    run_all(solvers, time_limit_s=time_limit_s, tick=tick)
    found = [_row(priced, part, solver) for part, solver in zip(parts, solvers, strict=True)]
    values = priced.known.copy()
    for part, solver in zip(parts, solvers, strict=True):
        chosen = np.asarray(solver.getSolution().col_value)
        if solver.getInfo().primal_solution_status == FEASIBLE:
            values[part.columns[part.own]] = chosen[part.own]
    return [row for row in found if row is not None], values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Labels:
    """Part of each row and column: NONE over several, ANY for rows and columns of structures alone."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    parts: int


NONE: Final = -1
ANY: Final = -2


def _members(part: NDArray[np.int64], parts: int) -> sp.csr_array:
    """Ones at the part of each."""
    return sp.csr_array(
        (np.ones(len(part)), (np.arange(len(part)), part)), shape=(len(part), parts)
    )


def _labels(master: Master, rows: Rows, division: Division) -> _Labels:
    periods, parts = len(master.due), division.parts
    first_y = master.z0 + len(master.shared) * periods
    column = np.full(rows.matrix.shape[1], ANY, dtype=np.int64)
    column[: master.z0] = np.repeat(division.station, periods)
    row: list[NDArray[np.int64]] = []
    unit_first, unit_column = 0, len(master.cost)
    for part in master.parts:
        block = part.block
        unit = division.unit[unit_first : unit_first + len(block.unit_item)]
        by_item = sp.csr_array(
            (block.unit_weight, (block.unit_item, np.arange(len(unit)))),
            shape=(len(block.item_need), len(unit)),
        )
        weight = sp.csr_array(by_item @ _members(unit, parts)).toarray()
        asked = MOST_WEIGHT * weight.sum(axis=1)
        item = np.where(weight.max(axis=1) > asked, np.argmax(weight, axis=1), NONE)
        unit = np.where(item[block.unit_item] >= 0, item[block.unit_item], unit)
        column[part.y : part.y + len(item)] = item
        column[unit_column : unit_column + len(unit)] = unit
        unit_first, unit_column = unit_first + len(unit), unit_column + len(unit)
        row += [unit, item]
    fixed = master.rows.matrix.shape[0]
    covers = np.concatenate([np.zeros(0, dtype=np.int64), *row])
    others = np.setdiff1d(np.arange(len(rows.low)), fixed + np.arange(len(covers)))
    labels = np.full(len(rows.low), NONE, dtype=np.int64)
    labels[fixed : fixed + len(covers)] = covers
    labels[others] = _by_columns(sp.csr_array(rows.matrix[others]), column, first_y, parts)
    return _Labels(row=labels, column=column, parts=parts)


def _by_columns(
    rows: sp.csr_array, column: NDArray[np.int64], first_y: int, parts: int
) -> NDArray[np.int64]:
    """Part of rows from those of their columns: of their item where they have one."""
    label = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    place = column[rows.indices]
    items = rows.indices >= first_y
    number = np.bincount(label, weights=items, minlength=rows.shape[0])
    first = np.full(rows.shape[0], parts, dtype=np.int64)
    last = np.full(rows.shape[0], ANY, dtype=np.int64)
    counts = (place != ANY) & (items | (number[label] == 0))  # an item has its rows with it
    np.minimum.at(first, label[counts], place[counts])
    np.maximum.at(last, label[counts], place[counts])
    return np.where(last == ANY, ANY, np.where((first == last) & (number <= 1), last, NONE))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Rows, those that its own row takes the place of, columns, what it pays for them, which are its own."""

    rows: NDArray[np.int64]
    replaced: NDArray[np.int64]
    columns: NDArray[np.int64]
    paid: NDArray[np.float64]
    integer: NDArray[np.bool_]
    own: NDArray[np.bool_]


def _parts(
    master: Master, priced: Priced, labels: _Labels, wanted: NDArray[np.bool_]
) -> list[_Part]:
    """Rows, columns and prices of each part, the smallest first: they are sure to be solved."""
    matrix = priced.rows.matrix
    reduced = priced.cost - matrix.T @ priced.price
    integer = np.zeros(len(priced.cost), dtype=bool)
    integer[: len(master.cost)] = master.integer
    own = sp.csr_array(
        (
            np.ones(int((labels.row >= 0).sum())),
            (labels.row[labels.row >= 0], np.flatnonzero(labels.row >= 0)),
        ),
        shape=(labels.parts, matrix.shape[0]),
    )
    paid = (own @ (sp.diags_array(priced.price) @ matrix)).toarray()
    mine = labels.column >= 0
    paid[labels.column[mine], np.flatnonzero(mine)] += reduced[mine]
    # structures: what is left of their price goes to the part that pays most of it
    shared, structures = labels.row == ANY, np.flatnonzero(labels.column == ANY)
    left = reduced + matrix[np.flatnonzero(shared)].T @ priced.price[shared]
    site = (structures - master.z0) // max(len(master.due), 1)
    at = sp.csr_array(
        (np.ones(len(site)), (np.arange(len(site)), site)),
        shape=(len(site), len(master.shared)),
    )
    owner = np.argmax(paid[:, structures] @ at, axis=0)
    paid[owner[site], structures] += left[structures]
    structural, uses = sp.csr_array(matrix[np.flatnonzero(shared)]), sp.csr_array(own @ abs(matrix))
    owned = owner[(structural.indices[structural.indptr[:-1]] - master.z0) // len(master.due)]
    found = []
    for k in np.flatnonzero(wanted):
        inside = (labels.column == k) | (paid[k] != 0.0)
        inside[uses.indices[uses.indptr[k] : uses.indptr[k + 1]]] = True
        whole = np.diff(structural.indptr) == structural.astype(bool).astype(float) @ inside
        rows, columns = np.flatnonzero(labels.row == k), np.flatnonzero(inside)
        found.append(
            _Part(
                rows=np.concatenate([rows, np.flatnonzero(shared)[whole]]),
                replaced=np.concatenate([rows, np.flatnonzero(shared)[owned == k]]),
                columns=columns,
                paid=paid[k, columns],
                integer=integer[columns],
                own=labels.column[columns] == k,
            )
        )
    return sorted(found, key=lambda part: len(part.columns))


def _solver(priced: Priced, part: _Part, *, gap: float, seed: int) -> highspy.Highs:
    """Programme of a part, at prices relative to the largest."""
    columns, scale = part.columns, _largest(part)
    model = programme(
        part.paid / scale,
        priced.lower[columns],
        priced.upper[columns],
        Rows(
            matrix=sp.csr_array(priced.rows.matrix[part.rows][:, columns]),
            low=priced.rows.low[part.rows],
        ),
    )
    kinds = highspy.HighsVarType
    model.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in part.integer]
    solver = highs(seed)
    options = {
        "threads": 1,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": gap / scale,
        "mip_heuristic_effort": EFFORT,
        "mip_pool_soft_limit": 1,  # cuts that do not bind are forgotten at once: the same bound sooner
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(model)
    known = highspy.HighsSolution()
    known.col_value = priced.known[columns].tolist()
    solver.setSolution(known)
    return solver


def _largest(part: _Part) -> float:
    return max(float(np.abs(part.paid).max(initial=0.0)), np.finfo(float).tiny)


def _row(priced: Priced, part: _Part, solver: highspy.Highs) -> PartRow | None:
    """Row of a part that was solved, if the fractions violate it."""
    columns, scale = part.columns, _largest(part)
    factor = part.paid / scale
    bound = solver.getInfo().mip_dual_bound
    if not believable(bound, float(factor @ priced.known[columns])):
        return None
    tiny = np.abs(factor) < LEAST_FACTOR
    low = bound - float(np.maximum(factor[tiny], 0.0).sum()) - SAFE * max(abs(bound), 1.0)
    factor = np.where(tiny, 0.0, factor)
    if factor @ priced.values[columns] >= low - LEAST_LIFT:
        return None
    used = np.flatnonzero(factor)
    matrix = sp.csr_array(
        (factor[used], (np.zeros(len(used), dtype=np.int64), columns[used])),
        shape=(1, len(priced.cost)),
    )
    return PartRow(
        row=Rows(matrix=matrix, low=np.array([low])), price=scale, replaced=part.replaced
    )
