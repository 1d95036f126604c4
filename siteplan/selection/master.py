"""
The selection problem as a linear programme over stations alone, with coverage as rows made when needed.

Columns
    x[j,t] and z[s,t] as in :mod:`siteplan.selection.problem`, y[i] in {0,1}: item i of a block is covered
    (1 throughout where every item must be). A unit has no column: the covered weight of an item is a concave
    function of x, and rows that bound it from above take its place (Benders decomposition [1]_).

Rows of coverage
    Let U be any set of units of item i and R = 1 - weight(U) > 0. Even with all of U covered, R must
    come from the other units, and a station j gives at most g[j], the weight of those that it covers:

        sum over j of min(g[j], R) x[j,t] >= R y[i]

    holds for every choice, as no single station needs to give more than R [2]_. With U = the units of which
    x covers a whole, the row is violated whenever the fractions in x cover too little; rows of all such U
    together say what the columns v and the rows of the problem say, and the cut to R says more.

Essential units
    A unit u is essential when all other units of its item weigh less than 1 together: the item is covered
    only if u is. With U = all units but u the row above reads

        sum of x[j,t] over stations j that cover u >= y[i]

    All of these are made at the start. By the sum of weights alone, a village of three points that must all
    be covered is four fifths covered by two points and two fifths of the third; by these rows, two fifths.

Reductions, all safe
    A station that covers nothing and counts for nothing has no column. Neither has one that counts for
    nothing while another of its structure covers as much for no higher price: exchanging them never costs
    more. Only years in which a rule is due have columns: whatever is built in another year can wait, at no
    higher cost, for the next of these. A structure with one station is part of the price of that station.

References
----------
.. [1] J.-F. Cordeau, F. Furini, I. Ljubic, "Benders decomposition for very large scale partial set covering
   and maximal covering location problems", European Journal of Operational Research 275(3), 2019,
   pp. 882-896.
.. [2] L. A. Wolsey, "An analysis of the greedy algorithm for the submodular set covering problem",
   Combinatorica 2(4), 1982, pp. 385-393.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

from siteplan.selection.capacity import cut, serve
from siteplan.selection.reductions import stand_ins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from siteplan.selection.problem import Block, Capacity, Limit, Problem

WHOLE: Final = 1.0 - 1e-9
"""Sum of fractions of stations from which a unit is covered whole."""

RIVAL: Final = 2
"""Stations that a structure with rivals counts for: more than one, so that it has columns of its own."""

ENOUGH: Final = 1.0 - 1e-9
"""Weight below which an item is not covered, less what sums are rounded by."""

LEAST_RIGHT: Final = 1e-12
"""Smallest R for which a row is made."""

LEAST_UNSERVED: Final = 1e-5
"""Violation of a row on users below which it is not added."""

LEAST_FACTOR: Final = 1e-7
"""Smaller factors of a row are raised to this, which weakens the row and keeps it true."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """
    Rows of the form: sum of factor times column >= low.

    Attributes
    ----------
    matrix : csr_array of float64, shape (rows, columns)
        Factors.
    low : ndarray of float64, shape (rows,)
        Lower limits.
    """

    matrix: sp.csr_array
    low: NDArray[np.float64]


def joined(found: Sequence[Rows]) -> Rows:
    """
    Put rows below each other.

    Parameters
    ----------
    found : sequence of Rows
        At least one, all of as many columns.

    Returns
    -------
    rows : Rows
        All of them, in their order.
    """
    return Rows(
        matrix=sp.csr_array(sp.vstack([rows.matrix for rows in found], format="csr")),
        low=np.concatenate([rows.low for rows in found]),
    )


class _Part:
    """One block on the stations that have columns."""

    def __init__(self, block: Block, stations: NDArray[np.int64], place: int, y: int) -> None:
        self.block = block
        self.place = place
        cover = sp.csr_array(block.cover[stations], dtype=np.float64)
        self.by_unit = sp.csr_array(cover.T)
        self.y = y

    def essential(self) -> NDArray[np.int64]:
        """Units without which their item is not covered."""
        weight, item = self.block.unit_weight, self.block.unit_item
        others = np.bincount(item, weights=weight)[item] - weight
        return np.flatnonzero(others < ENOUGH)

    def violated(
        self, x: NDArray[np.float64], y: NDArray[np.float64], least: float
    ) -> tuple[NDArray[np.int64], sp.csr_array]:
        """Items whose rows are violated, and the factors of x in these rows, divided by R."""
        block = self.block
        weight, item = block.unit_weight, block.unit_item
        level = self.by_unit @ x
        whole = level >= WHOLE
        right = 1.0 - np.bincount(item, weights=weight * whole, minlength=len(y))
        short = (right > LEAST_RIGHT) & (y > least)
        units = np.flatnonzero(short[item] & ~whole)
        by_item = sp.csr_array(
            (weight[units] / right[item[units]], (item[units], np.arange(len(units)))),
            shape=(len(y), len(units)),
        )
        factors = sp.csr_array(by_item @ self.by_unit[units])
        factors.data = np.clip(factors.data, LEAST_FACTOR, 1.0)
        items = np.flatnonzero(short & (y - factors @ x > least))
        return items, sp.csr_array(factors[items])


class Master:
    """
    Columns of the programme and the rows that do not depend on coverage.

    Parameters
    ----------
    problem : Problem
        From :func:`siteplan.selection.problem.compact`.

    Attributes
    ----------
    cost : ndarray of float64, shape (columns,)
        Objective. [CNY]
    lower : ndarray of float64, shape (columns,)
        Lower limits of the columns, 0 or 1; the upper ones are 1.
    rows : Rows
        What is built stays, stations need structures, limits, counts, numbers of items, essential units.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.stand_in = stand_ins(problem)
        self.stations = np.flatnonzero(self.stand_in == np.arange(problem.stations))
        due = {block.period for block in problem.blocks}
        due |= {count.period for count in problem.counts}
        due |= {capacity.period for capacity in problem.capacities}
        self.yearly = any(limit.period is not None for limit in problem.limits)
        if self.yearly:  # waiting may exceed the limit of a later year
            due = set(range(problem.periods))
        self.due = np.array(sorted(due), dtype=np.int64)
        site = problem.station_site[self.stations]
        mates = np.bincount(site, minlength=len(problem.site_cost))
        mates[problem.rivals] = np.maximum(mates[problem.rivals], RIVAL)  # these need a column
        shared = np.flatnonzero(mates > 1)
        self.z0 = len(self.stations) * len(self.due)
        self.shared = shared
        self.alone = mates == 1
        self.parts: list[_Part] = []
        width = self.z0 + len(shared) * len(self.due)
        lower = [np.zeros(width)]
        for block in problem.blocks:
            place = int(np.searchsorted(self.due, block.period))
            self.parts.append(_Part(block, self.stations, place, width))
            width += len(block.item_need)
            lower.append(np.full(len(block.item_need), float(block.mode == "each")))
        self.lower = np.concatenate(lower)
        # x[t] - x[t-1] is built in t: the cost of x[t] is what waiting until the next saves
        step = problem.discount[self.due]
        step = step - np.append(step[1:], 0.0)
        price = (
            problem.station_cost
            + np.where(mates == 1, problem.site_cost, 0.0)[problem.station_site]
        )
        self.cost = np.zeros(width)
        self.cost[: self.z0] = np.outer(price[self.stations], step).reshape(-1)
        structures = np.outer(problem.site_cost[shared], step).reshape(-1)
        self.cost[self.z0 : self.z0 + len(structures)] = structures
        self.rows = self._rows()

    @property
    def integer(self) -> NDArray[np.bool_]:
        """Columns that are whole numbers and not fixed from the start."""
        return self.lower < 1.0

    def _rows(self) -> Rows:
        periods, width = len(self.due), len(self.cost)
        entries: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
        low: list[float] = []

        def append(
            row: NDArray[np.int64],
            column: NDArray[np.int64],
            factor: NDArray[np.float64],
            least: list[float],
        ) -> None:
            entries.append((row + len(low), column, factor))
            low.extend(least)

        def add(columns: NDArray[np.int64], factors: NDArray[np.float64], least: float) -> None:
            number, length = columns.shape
            row = np.repeat(np.arange(number), length)
            append(row, columns.reshape(-1), np.tile(factors, number), [least] * number)

        later = np.arange(self.z0 + len(self.shared) * periods).reshape(
            len(self.stations) + len(self.shared), periods
        )
        pairs = np.column_stack([later[:, :-1].reshape(-1), later[:, 1:].reshape(-1)])
        add(pairs, np.array([-1.0, 1.0]), 0.0)
        order = np.full(len(self.problem.site_cost), -1, dtype=np.int64)
        order[self.shared] = np.arange(len(self.shared))
        structure = order[self.problem.station_site[self.stations]]
        x = np.flatnonzero(structure >= 0)[:, None] * periods + np.arange(periods)
        z = self.z0 + structure[structure >= 0][:, None] * periods + np.arange(periods)
        add(np.column_stack([x.reshape(-1), z.reshape(-1)]), np.array([-1.0, 1.0]), 0.0)
        if self.yearly:  # nothing is opened before it carries a station
            number = len(self.shared) * periods
            of = (structure[structure >= 0][:, None] * periods + np.arange(periods)).reshape(-1)
            append(
                np.concatenate([of, np.arange(number)]),
                np.concatenate([x.reshape(-1), self.z0 + np.arange(number)]),
                np.concatenate([np.ones(len(of)), np.full(number, -1.0)]),
                [0.0] * number,
            )
        for limit in self.problem.limits if periods else ():
            column, factor, most = self._limit(limit)
            append(np.zeros_like(column), column, -factor, [-most])
        if len(self.problem.rivals) and periods:
            last = self.z0 + order[self.problem.rivals] * periods + periods - 1
            add(last, np.array([-1.0, -1.0]), -1.0)
        for count in self.problem.counts:
            place = int(np.searchsorted(self.due, count.period))
            columns = np.flatnonzero(count.counts[self.stations]) * periods + place
            add(columns[None, :], np.ones(len(columns)), float(count.need))
        for part in self.parts:
            if part.block.mode == "share":
                columns = part.y + np.arange(len(part.block.item_need))
                add(columns[None, :], np.ones(len(columns)), part.block.need)
            units = part.essential()
            by = sp.coo_array(part.by_unit[units])
            append(
                np.concatenate([by.row, np.arange(len(units))]),
                np.concatenate(
                    [by.col * periods + part.place, part.y + part.block.unit_item[units]]
                ),
                np.repeat([1.0, -1.0], [by.nnz, len(units)]),
                [0.0] * len(units),
            )
        row, column, factor = (
            np.concatenate([np.zeros(0, dtype=kind), *(entry[i] for entry in entries)])
            for i, kind in enumerate((np.int64, np.int64, np.float64))
        )
        matrix = sp.csr_array((factor, (row, column)), shape=(len(low), width))
        return Rows(matrix=matrix, low=np.array(low))

    def _limit(self, limit: Limit) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
        """Columns of a limit, what they take of it, and the most; in parts of the largest of these."""
        problem, periods = self.problem, len(self.due)
        alone = np.where(self.alone, limit.site, 0.0)[problem.station_site]
        amount = np.concatenate([(limit.station + alone)[self.stations], limit.site[self.shared]])
        first = np.arange(len(amount)) * periods
        place = periods - 1 if limit.period is None else limit.period
        column, factor = first + place, amount
        if limit.period:
            column = np.concatenate([column, first + place - 1])
            factor = np.concatenate([amount, -amount])
        scale = max(limit.most, float(amount.max(initial=0.0)), np.finfo(float).tiny)
        used = factor != 0.0
        return column[used], factor[used] / scale, limit.most / scale

    def violated(self, values: NDArray[np.float64], *, least: float) -> Rows:
        """
        Rows of coverage that a solution of the rows so far violates.

        Parameters
        ----------
        values : ndarray of float64, shape (columns,)
            Fractions or whole numbers.
        least : float
            Violation, relative to R, from which a row is worth adding.

        Returns
        -------
        rows : Rows
            At most one for each item, and one for users left over. None for whole numbers means that the
            choice meets the rules.
        """
        periods, width = len(self.due), len(values)
        x = values[: self.z0].reshape(-1, periods)
        found = [sp.csr_array((0, width))]
        for part in self.parts:
            y = values[part.y : part.y + len(part.block.item_need)]
            items, factors = part.violated(x[:, part.place], y, least)
            entries = sp.coo_array(factors)
            row = np.concatenate([entries.row, np.arange(len(items))])
            column = np.concatenate([entries.col * periods + part.place, part.y + items])
            factor = np.concatenate([entries.data, np.full(len(items), -1.0)])
            found.append(sp.csr_array((factor, (row, column)), shape=(len(items), width)))
        low = [np.zeros(part.shape[0]) for part in found]
        for capacity in self.problem.capacities:
            place = int(np.searchsorted(self.due, capacity.period))
            unserved = self._unserved(capacity, x[:, place], place, width)
            if unserved is not None:
                found.append(unserved)
                low.append(np.ones(1))
        matrix = sp.csr_array(sp.vstack(found, format="csr"))
        return Rows(matrix=matrix, low=np.concatenate(low))

    def _unserved(
        self, capacity: Capacity, x: NDArray[np.float64], place: int, width: int
    ) -> sp.csr_array | None:
        """Row, in parts of its lower limit, that a solution with users left over violates."""
        stations = self.problem.stations
        share = np.zeros(stations)
        share[self.stations] = np.clip(x, 0.0, 1.0)
        service = serve(capacity, share)
        if service.short <= 0.0:
            return None
        factor, users = cut(capacity, service)
        need = users - float(factor[stations:].sum())
        column = np.flatnonzero(factor[:stations][self.stations] > 0.0)
        value = np.minimum(factor[:stations][self.stations][column] / need, 1.0)
        if value @ x[column] >= 1.0 - LEAST_UNSERVED:
            return None
        entries = (value, (np.zeros(len(column), dtype=np.int64), column * len(self.due) + place))
        return sp.csr_array(entries, shape=(1, width))

    def whole_rows(self, *, flows: bool) -> Rows:
        """
        All rows of the problem: those that do not depend on coverage, then :meth:`unit_rows`.

        Parameters
        ----------
        flows : bool
            Also columns for the users of each place at each station.

        Returns
        -------
        rows : Rows
            With the columns of :meth:`unit_rows`.
        """
        units, fixed = self.unit_rows(flows=flows), self.rows.matrix.copy()
        fixed.resize((fixed.shape[0], units.matrix.shape[1]))
        return Rows(
            matrix=sp.csr_array(sp.vstack([fixed, units.matrix], format="csr")),
            low=np.concatenate([self.rows.low, units.low]),
        )

    def unit_rows(self, *, flows: bool) -> Rows:
        """
        Coverage with a column for each unit, as the formulation of the problem has it.

        Parameters
        ----------
        flows : bool
            Also columns for the users of each place at each station.

        Returns
        -------
        rows : Rows
            A unit is covered by a station; the units of an item give what it needs. Further columns, one
            for each unit in the order of the blocks, follow those of the programme.
        """
        width, periods = len(self.cost), len(self.due)
        total = (
            width
            + sum(len(part.block.unit_item) for part in self.parts)
            + (sum(self._flows()) if flows else 0)
        )
        found, low, first = [sp.csr_array((0, total))], [np.zeros(0)], width
        for part in self.parts:
            block = part.block
            number, items = len(block.unit_item), len(block.item_need)
            by = sp.coo_array(part.by_unit)
            unit, column = np.arange(number), first + np.arange(number)
            row = np.concatenate(
                [by.row, unit, number + block.unit_item, number + np.arange(items)]
            )
            place = [by.col * periods + part.place, column, column, part.y + np.arange(items)]
            factor = [by.data, np.full(number, -1.0), block.unit_weight, np.full(items, -1.0)]
            entries = (np.concatenate(factor), (row, np.concatenate(place)))
            found.append(sp.csr_array(entries, shape=(number + items, total)))
            low.append(np.zeros(number + items))
            first += number
        for capacity, number in zip(
            self.problem.capacities if flows else (), self._flows(), strict=False
        ):
            found.append(self._flow_rows(capacity, first, total))
            low.append(np.concatenate([np.ones(len(capacity.users)), -self._standing(capacity)]))
            first += number
        return Rows(matrix=sp.csr_array(sp.vstack(found, format="csr")), low=np.concatenate(low))

    def _flows(self) -> list[int]:
        return [int(capacity.serves.nnz) for capacity in self.problem.capacities]

    def _standing(self, capacity: Capacity) -> NDArray[np.float64]:
        """Tell what each station serves without being built, in parts of what it can serve."""
        return np.where(np.arange(len(capacity.most)) < self.problem.stations, 0.0, 1.0)

    def _flow_rows(self, capacity: Capacity, first: int, total: int) -> sp.csr_array:
        """Each place has its users served; a station in service serves no more than it can."""
        by, places, rows = sp.coo_array(capacity.serves), len(capacity.users), len(capacity.most)
        flow, place = first + np.arange(by.nnz), np.searchsorted(self.due, capacity.period)
        column = np.arange(len(self.stations)) * len(self.due) + place
        row = np.concatenate([by.col, places + by.row, places + self.stations])
        factor = np.concatenate(
            [
                np.ones(by.nnz),
                -capacity.users[by.col] / np.maximum(capacity.most[by.row], 1e-9),
                np.ones(len(self.stations)),
            ]
        )
        entries = (factor, (row, np.concatenate([flow, flow, column])))
        return sp.csr_array(entries, shape=(places + rows, total))

    def unit_values(self, built: NDArray[np.int32]) -> NDArray[np.float64]:
        """
        Value of the columns of :meth:`unit_rows` for a choice.

        Parameters
        ----------
        built : ndarray of int32, shape (stations,)
            Period in which each station goes into service.

        Returns
        -------
        values : ndarray of float64, shape (units of all blocks,)
            0 or 1.
        """
        x = built[self.stations, None] <= self.due
        covered = [part.by_unit @ x[:, part.place] > 0.0 for part in self.parts]
        return np.concatenate([np.zeros(0), *covered])

    def values(self, built: NDArray[np.int32]) -> NDArray[np.float64]:
        """
        Value of every column for a choice.

        Parameters
        ----------
        built : ndarray of int32, shape (stations,)
            Period in which each station goes into service.

        Returns
        -------
        values : ndarray of float64, shape (columns,)
            0 or 1.
        """
        problem = self.problem
        values = np.zeros(len(self.cost))
        values[: self.z0] = (built[self.stations, None] <= self.due).reshape(-1)
        opened = np.full(len(problem.site_cost), problem.periods, dtype=np.int32)
        np.minimum.at(opened, problem.station_site[self.stations], built[self.stations])
        z = (opened[self.shared, None] <= self.due).reshape(-1)
        values[self.z0 : self.z0 + len(z)] = z
        for part in self.parts:
            covered = part.by_unit @ values[: self.z0].reshape(-1, len(self.due))[:, part.place]
            block = part.block
            have = np.bincount(
                block.unit_item,
                weights=block.unit_weight * (covered > 0.0),
                minlength=len(block.item_need),
            )
            values[part.y : part.y + len(have)] = have >= 1.0
        return values

    def settle(self, built: NDArray[np.int32]) -> NDArray[np.int32]:
        """
        Replace stations that have no columns by their stand-ins.

        Parameters
        ----------
        built : ndarray of int32, shape (stations,)
            A choice.

        Returns
        -------
        built : ndarray of int32, shape (stations,)
            A choice that gives no less and costs no more.
        """
        settled = np.full_like(built, self.problem.periods)
        useful = self.stand_in >= 0
        np.minimum.at(settled, self.stand_in[useful], built[useful])
        return settled

    def built(self, values: NDArray[np.float64], *, least: float) -> NDArray[np.int32]:
        """
        Choice of the stations whose columns reach a level.

        Parameters
        ----------
        values : ndarray of float64, shape (columns,)
            Fractions or whole numbers.
        least : float
            The level.

        Returns
        -------
        built : ndarray of int32, shape (stations,)
            Period in which each station goes into service.
        """
        x = values[: self.z0].reshape(-1, len(self.due)) >= least
        built = np.full(self.problem.stations, self.problem.periods, dtype=np.int32)
        standing = x.any(axis=1)
        built[self.stations[standing]] = self.due[np.argmax(x[standing], axis=1)]
        return built
