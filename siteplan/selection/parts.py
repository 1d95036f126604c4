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

A county falls apart by itself where no station reaches from one place to the next, and 4G from 5G but for
the structures that they share, whose price is divided. What is left in one piece is halved across its
longest way until at most :data:`MOST_STATIONS` stations are in each. Rows over more than one part, such as
those of weight pooled over the county, are in none.

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
from scipy.sparse.csgraph import connected_components, dijkstra

from siteplan.selection.master import Rows
from siteplan.selection.programme import believable, highs, programme
from siteplan.selection.running import run_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siteplan.selection.master import Master

MOST_STATIONS: Final = 400
"""Stations of a part: solved within seconds, and not many of its neighbours lie outside."""

MOST_WEIGHT: Final = 0.8
"""Share of an item's weight from which it belongs to one part."""

SMOOTHINGS: Final = 4
"""Times that the order across a part is averaged among neighbours."""

LEAST_FACTOR: Final = 1e-9
"""Smaller factors, relative to the largest, are left out of a row, and its lower limit gives way."""

LEAST_LIFT: Final = 1e-6
"""Violation, relative to the largest factor, from which a row is worth adding."""

SAFE: Final = 1e-6
"""What the lower limit of a row gives way for the tolerances of the solver, relative to factors and limit."""


EFFORT: Final = 0.02
"""Share of the work of HiGHS in its own search for choices: it is given a good one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """
    The programme, and prices of its rows.

    Attributes
    ----------
    rows : Rows
        From :meth:`siteplan.selection.master.Master.whole_rows`, without flows.
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


def part_rows(
    master: Master,
    priced: Priced,
    *,
    gap: float,
    time_limit_s: float,
    seed: int,
    tick: Callable[[], object],
    most: int = MOST_STATIONS,
) -> Rows:
    """
    Make one row of each part.

    Parameters
    ----------
    master : Master
        The programme.
    priced : Priced
        Its rows and their prices.
    gap : float
        Distances from the least values at which the searches stop, in all. [CNY]
    time_limit_s : float
        Longest search in all; what is known by then is right. [s]
    seed : int
        Seed of the solver.
    tick : callable
        Called a few times a second meanwhile.
    most : int
        Stations of a part.

    Returns
    -------
    rows : Rows
        Those that the fractions violate, in parts of their largest factor.
    """
    station = station_parts(master, most=most)
    if np.bincount(station).max(initial=0) == len(station):
        return Rows(matrix=sp.csr_array((0, len(priced.cost))), low=np.zeros(0))
    labels = _labels(master, priced.rows, station)
    parts = _parts(master, priced, labels)
    solvers = [_solver(priced, part, gap=gap / len(parts), seed=seed) for part in parts]
    run_all(solvers, time_limit_s=time_limit_s, tick=tick)
    found = [_row(priced, part, solver) for part, solver in zip(parts, solvers, strict=True)]
    kept = [row for row in found if row is not None]
    width = len(priced.cost)
    return Rows(
        matrix=sp.csr_array(
            sp.vstack([sp.csr_array((0, width)), *(a for a, _ in kept)], format="csr")
        ),
        low=np.array([low for _, low in kept]),
    )


def station_parts(master: Master, *, most: int) -> NDArray[np.int64]:
    """
    Divide the stations that have columns into parts.

    Parameters
    ----------
    master : Master
        The programme.
    most : int
        Stations of a part.

    Returns
    -------
    part : ndarray of int64, shape (stations that have columns,)
        Part of each.
    """
    number = len(master.stations)
    found = [part.by_unit for part in master.parts]
    by_unit = sp.csr_array(sp.vstack([sp.csr_array((0, number)), *found], format="csr"))
    graph = sp.csr_array(sp.block_array([[None, by_unit], [by_unit.T, None]], format="csr"))
    units = by_unit.shape[0]
    near = sp.csr_array(by_unit.T)
    _, piece = connected_components(graph, directed=False)
    part = np.full(number, -1, dtype=np.int64)
    open_pieces = [np.flatnonzero(piece[units:] == k) for k in np.unique(piece[units:])]
    count = 0
    while open_pieces:
        mine = open_pieces.pop()
        if len(mine) <= most:
            part[mine] = count
            count += 1
            continue
        far = _from(graph, units, mine, int(mine[0]))
        one = _from(graph, units, mine, int(mine[np.argmax(far)]))
        two = _from(graph, units, mine, int(mine[np.argmax(one)]))
        across = np.zeros(number)
        across[mine] = one - two
        inside = np.zeros(number)
        inside[mine] = 1.0
        for _ in range(SMOOTHINGS):  # whole steps become an order without ties
            total = near @ (by_unit @ np.column_stack([across, inside]))
            across[mine] = total[mine, 0] / np.maximum(total[mine, 1], 1.0)
        order = mine[np.argsort(across[mine], kind="stable")]
        pieces = -(-len(mine) // most)
        half = len(mine) * (pieces // 2) // pieces
        open_pieces += [np.sort(order[:half]), np.sort(order[half:])]
    return part


def _from(
    graph: sp.csr_array, units: int, mine: NDArray[np.int64], station: int
) -> NDArray[np.float64]:
    """Count steps from a station to the others of a piece; one more than any where no way leads."""
    steps = dijkstra(graph, directed=False, indices=units + station, unweighted=True)[units + mine]
    reached = np.isfinite(steps)
    return np.asarray(np.where(reached, steps, steps[reached].max() + 1.0))


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


def _labels(master: Master, rows: Rows, station: NDArray[np.int64]) -> _Labels:
    periods, parts = len(master.due), int(station.max(initial=-1)) + 1
    first_y = master.z0 + len(master.shared) * periods
    column = np.full(rows.matrix.shape[1], ANY, dtype=np.int64)
    column[: master.z0] = np.repeat(station, periods)
    of = _members(station, parts)
    row, unit_column = [np.zeros(0, dtype=np.int64)], len(master.cost)
    for part in master.parts:
        block = part.block
        unit = np.argmax(sp.csr_array(part.by_unit @ of).toarray(), axis=1)
        by_item = sp.csr_array(
            (block.unit_weight, (block.unit_item, np.arange(len(unit)))),
            shape=(len(block.item_need), len(unit)),
        )
        weight = sp.csr_array(by_item @ _members(unit, parts)).toarray()
        item = np.argmax(weight, axis=1)
        item[weight.max(axis=1) < MOST_WEIGHT * weight.sum(axis=1)] = NONE
        unit = np.where(item[block.unit_item] >= 0, item[block.unit_item], unit)
        column[part.y : part.y + len(item)] = item
        column[unit_column : unit_column + len(unit)] = unit
        unit_column += len(unit)
        row += [unit, item]
    fixed = sp.csr_array(rows.matrix[: rows.matrix.shape[0] - sum(len(part) for part in row)])
    label = np.repeat(np.arange(fixed.shape[0]), np.diff(fixed.indptr))
    place = column[fixed.indices]
    items = fixed.indices >= first_y
    number = np.bincount(label, weights=items, minlength=fixed.shape[0])
    first = np.full(fixed.shape[0], parts, dtype=np.int64)
    last = np.full(fixed.shape[0], ANY, dtype=np.int64)
    asked = (place != ANY) & (items | (number[label] == 0))  # an item has its rows with it
    np.minimum.at(first, label[asked], place[asked])
    np.maximum.at(last, label[asked], place[asked])
    found = np.where(last == ANY, ANY, np.where((first == last) & (number <= 1), last, NONE))
    return _Labels(row=np.concatenate([found, *row]), column=column, parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    paid: NDArray[np.float64]
    integer: NDArray[np.bool_]


def _parts(master: Master, priced: Priced, labels: _Labels) -> list[_Part]:
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
    paid[np.argmax(paid[:, structures] @ at, axis=0)[site], structures] += left[structures]
    structural, uses = sp.csr_array(matrix[np.flatnonzero(shared)]), sp.csr_array(own @ abs(matrix))
    found = []
    for k in range(labels.parts):
        inside = (labels.column == k) | (paid[k] != 0.0)
        inside[uses.indices[uses.indptr[k] : uses.indptr[k + 1]]] = True
        whole = np.diff(structural.indptr) == structural.astype(bool).astype(float) @ inside
        rows = np.concatenate([np.flatnonzero(labels.row == k), np.flatnonzero(shared)[whole]])
        columns = np.flatnonzero(inside)
        found.append(
            _Part(rows=rows, columns=columns, paid=paid[k, columns], integer=integer[columns])
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


def _row(priced: Priced, part: _Part, solver: highspy.Highs) -> tuple[sp.csr_array, float] | None:
    """Row of a part that was solved, if the fractions violate it."""
    columns, factor = part.columns, part.paid / _largest(part)
    bound = solver.getInfo().mip_dual_bound
    if not believable(bound, float(factor @ priced.known[columns])):
        return None
    tiny = np.abs(factor) < LEAST_FACTOR
    low = bound - float(np.maximum(factor[tiny], 0.0).sum()) - SAFE * max(abs(bound), 1.0)
    factor = np.where(tiny, 0.0, factor)
    if factor @ priced.values[columns] >= low - LEAST_LIFT:
        return None
    used = np.flatnonzero(factor)
    row = sp.csr_array(
        (factor[used], (np.zeros(len(used), dtype=np.int64), columns[used])),
        shape=(1, len(priced.cost)),
    )
    return row, low
