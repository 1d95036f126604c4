"""
The selection problem as arrays: which stations from which year.

Sets
    candidate stations j, each on one structure s(j); plan years t = 0..T-1; blocks b, one for each strict
    coverage rule that today's network misses, with its year t(b), its units u (samples of one item in
    one cell, those not covered today) and items i; counts c with year t(c); limits l with year t(l).

Variables
    x[j,t] in {0,1}: station j is in service at the end of year t; z[s,t] in {0,1}: structure s is open;
    v[b,u] in [0,1]: unit u is covered at the end of year t(b); y[b,i] in {0,1}: item i is covered (only
    where a rule asks for a share of the items).

Constraints
    x[j,t] <= x[j,t+1], z[s,t] <= z[s,t+1]   what is built stays
    x[j,t] <= z[s(j),t]                      a station needs its structure
    v[b,u] <= sum of x[j,t(b)] over stations j that cover u
    sum of w[u] v[b,u] over the units of i >= need[b,i]              rules for each item
    sum of w[u] v[b,u] over the units of i >= need[b,i] y[b,i],
        sum of y[b,i] >= need[b]                                     rules for a share of the items
    sum of w[u] v[b,u] >= need[b]                                    rules on pooled weight
    sum of x[j,t(c)] over stations j that count >= need[c]           counts
    sum of f[p,j] over stations j that reach p >= users[p],
        sum of f[p,j] over places p <= most[j] x[j,t(p)]             users, f >= 0, x = 1 for what stands
    z[s,T-1] + z[s',T-1] <= 1                                        rivals: pairs too near each other
    sum of a[l,j] (x[j,t(l)] - x[j,t(l)-1]) + sum of a[l,s] (z[s,t(l)] - z[s,t(l)-1]) <= most[l]
                                                                     limits: budgets, stations of a year
    the same sums over x[j,T-1] and z[s,T-1]                         limits of all years: tiers of reuse

Objective
    minimise the sum over j, t of cost[j] d[t] (x[j,t] - x[j,t-1]) and over s, t of
    cost[s] d[t] (z[s,t] - z[s,t-1]), with the discount factor d[t] = (1 + r) ** -(year[t] - year[0]).

What today's network covers is taken out of the needs beforehand. A need that no choice of candidates can
meet is lowered to what all of them together reach, and reported as a shortfall. A problem whose needs are
out of reach all the same is not an error here: :meth:`Problem.unmet` names the rules that fail.

The search works on :func:`compact`, which has the same stations and the same feasible choices.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import scipy.sparse as sp

from siteplan.selection.capacity import serve

if TYPE_CHECKING:
    from numpy.typing import NDArray

Mode = Literal["each", "share", "pooled"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """
    One strict coverage rule, what it still needs and who can give it.

    Attributes
    ----------
    rule_id : str
        The rule.
    period : int
        Year by which it must hold, as a position in the plan's years.
    mode : {"each", "share", "pooled"}
        Every item; a number of items; or the pooled weight.
    cover : csr_array of bool, shape (stations, units)
        Which station covers which unit.
    unit_item : ndarray of int32, shape (units,)
        Item of each unit.
    unit_weight : ndarray of float64, shape (units,)
        Weight of each unit.
    item_need : ndarray of float64, shape (items,)
        Weight that each item still needs (modes "each" and "share"); an item that needs nothing counts as
        covered, one that needs infinity never is.
    need : float
        Items (mode "share") or weight (mode "pooled") still needed.
    """

    rule_id: str
    period: int
    mode: Mode
    cover: sp.csr_array
    unit_item: NDArray[np.int32]
    unit_weight: NDArray[np.float64]
    item_need: NDArray[np.float64]
    need: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Count:
    """
    A number of stations in service by a year.

    Attributes
    ----------
    rule_id : str
        The rule.
    period : int
        Year by which it must hold, as a position in the plan's years.
    counts : ndarray of bool, shape (stations,)
        Which candidates count.
    need : int
        Stations still needed.
    """

    rule_id: str
    period: int
    counts: NDArray[np.bool_]
    need: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limit:
    """
    The most that may be spent or built, in one year or in all.

    Attributes
    ----------
    rule_id : str
        Name of the limit.
    period : int or None
        Year in which what is built counts, as a position in the plan's years; None for all years.
    station, site : ndarray of float64, shape (stations,) and (sites,)
        What each station and each opened structure takes, not negative.
    most : float
        The most that may be taken.
    """

    rule_id: str
    period: int | None
    station: NDArray[np.float64]
    site: NDArray[np.float64]
    most: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Capacity:
    """
    Users who must be served by a year.

    Attributes
    ----------
    rule_id : str
        Name of the need.
    period : int
        Year by which all are served, as a position in the plan's years.
    users : ndarray of float64, shape (places,)
        Users at each place.
    serves : csr_array of bool, shape (stations and those that stand, places)
        Which station reaches which place; stations that stand already follow the candidates.
    most : ndarray of float64, shape (stations and those that stand,)
        Users that each can serve.
    """

    rule_id: str
    period: int
    users: NDArray[np.float64]
    serves: sp.csr_array
    most: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """
    A selection problem.

    Attributes
    ----------
    station_cost : ndarray of float64, shape (stations,)
        Cost of each candidate station. [CNY]
    station_site : ndarray of int32, shape (stations,)
        Structure of each candidate station.
    site_cost : ndarray of float64, shape (sites,)
        Cost of opening each structure. [CNY]
    discount : ndarray of float64, shape (periods,)
        Weight of money spent in each year, positive and never rising: waiting is not dearer.
    blocks : tuple of Block
        Coverage rules.
    counts : tuple of Count
        Count rules, fixed sites and least numbers by township.
    rivals : ndarray of int32, shape (pairs, 2)
        Structures of which at most one may be open.
    limits : tuple of Limit
        Budgets, stations of a year, structures of a tier.
    capacities : tuple of Capacity
        Users to be served.
    """

    station_cost: NDArray[np.float64]
    station_site: NDArray[np.int32]
    site_cost: NDArray[np.float64]
    discount: NDArray[np.float64]
    blocks: tuple[Block, ...]
    counts: tuple[Count, ...]
    rivals: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int32))
    limits: tuple[Limit, ...] = ()
    capacities: tuple[Capacity, ...] = ()

    @property
    def stations(self) -> int:
        """Number of candidate stations."""
        return len(self.station_cost)

    @property
    def periods(self) -> int:
        """Number of plan years."""
        return len(self.discount)

    def cost(self, built: NDArray[np.int32]) -> float:
        """
        Discounted cost of a choice.

        Parameters
        ----------
        built : ndarray of int32, shape (stations,)
            Period in which each station goes into service; `periods` when it is not built.

        Returns
        -------
        cost : float
            Stations and structures. [CNY]
        """
        factor = np.append(self.discount, 0.0)
        opened = self.opened(built)
        return float(self.station_cost @ factor[built] + self.site_cost @ factor[opened])

    def opened(self, built: NDArray[np.int32]) -> NDArray[np.int32]:
        """
        Period in which each structure is opened.

        Parameters
        ----------
        built : ndarray of int32, shape (stations,)
            Period in which each station goes into service; `periods` when it is not built.

        Returns
        -------
        opened : ndarray of int32, shape (sites,)
            With the first of its stations; `periods` when none is built.
        """
        opened = np.full(len(self.site_cost), self.periods, dtype=np.int32)
        np.minimum.at(opened, self.station_site, built)
        return opened

    def taken(self, limit: Limit, built: NDArray[np.int32]) -> float:
        """
        Add up what a choice takes of a limit.

        Parameters
        ----------
        limit : Limit
            The limit.
        built : ndarray of int32, shape (stations,)
            Period in which each station goes into service; `periods` when it is not built.

        Returns
        -------
        taken : float
            In the unit of the limit.
        """
        opened = self.opened(built)
        if limit.period is None:
            mine, open_then = built < self.periods, opened < self.periods
        else:
            mine, open_then = built == limit.period, opened == limit.period
        return float(limit.station[mine].sum() + limit.site[open_then].sum())

    def unmet(self, built: NDArray[np.int32]) -> list[str]:
        """
        Rules that a choice does not meet.

        Parameters
        ----------
        built : ndarray of int32, shape (stations,)
            Period in which each station goes into service; `periods` when it is not built.

        Returns
        -------
        rules : list of str
            Ids of the blocks, counts, capacities and limits that fail, ``spacing`` when rivals are both open.
        """
        failed = [
            block.rule_id for block in self.blocks if not block_met(block, built <= block.period)
        ]
        failed += [
            count.rule_id
            for count in self.counts
            if int((count.counts & (built <= count.period)).sum()) < count.need
        ]
        failed += [
            capacity.rule_id
            for capacity in self.capacities
            if serve(capacity, (built <= capacity.period).astype(np.float64)).short > 0.0
        ]
        failed += [
            limit.rule_id
            for limit in self.limits
            if self.taken(limit, built) > limit.most + TOLERANCE * max(limit.most, 1.0)
        ]
        opened = self.opened(built) < self.periods
        return failed + (["spacing"] if opened[self.rivals].all(axis=1).any() else [])


TOLERANCE: Final = 1e-6
"""Relative rounding allowed in a sum of weights."""

UNIT_MARKS: Final = 2
"""Random 62-bit marks for each station; two units are the same when the sums over their stations agree."""


def covered_units(block: Block, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """
    Units that a set of stations covers.

    Parameters
    ----------
    block : Block
        A coverage rule.
    chosen : ndarray of bool, shape (stations,)
        Stations in service.

    Returns
    -------
    covered : ndarray of bool, shape (units,)
        True where at least one of them covers the unit.
    """
    return np.asarray(block.cover.T @ chosen.astype(np.int32) > 0)


def block_met(block: Block, chosen: NDArray[np.bool_]) -> bool:
    """
    Whether a set of stations meets a coverage rule.

    Parameters
    ----------
    block : Block
        A coverage rule.
    chosen : ndarray of bool, shape (stations,)
        Stations in service.

    Returns
    -------
    met : bool
        True when the need is met within rounding.
    """
    weight = block.unit_weight * covered_units(block, chosen)
    if block.mode == "pooled":
        return bool(weight.sum() >= block.need * (1.0 - TOLERANCE))
    per_item = np.bincount(block.unit_item, weights=weight, minlength=len(block.item_need))
    met = per_item >= block.item_need * (1.0 - TOLERANCE)
    return bool(met.all()) if block.mode == "each" else bool(met.sum() >= block.need)


def compact(problem: Problem) -> Problem:
    """
    Write the same problem with as few units and items as possible.

    Stations, costs and counts stay as they are, and a choice meets the rules of the result exactly when it
    meets those of `problem`:

    - a pooled rule is a rule on one item that holds all its units;
    - an item that needs nothing is left out, and a rule on a number of items asks for one less;
    - weights are divided by what their item needs, less the rounding of :data:`TOLERANCE`, so that every
      item needs 1; a weight beyond 1 is cut to 1, a unit without weight or without station is left out;
    - units of one item that the same stations cover share their fate: they become one unit. They are
      told apart by sums of random marks, which agree by chance less than once in 10**20 problems.

    Parameters
    ----------
    problem : Problem
        Any problem.

    Returns
    -------
    problem : Problem
        Blocks of mode "each" or "share" with ``item_need`` 1 throughout and ``need`` items; blocks that
        need nothing are left out.

    Examples
    --------
    >>> block = Block(rule_id="a", period=0, mode="pooled", need=3.0, item_need=np.zeros(1),
    ...               cover=sp.csr_array([[True, True, False], [False, False, True]]),
    ...               unit_item=np.zeros(3, dtype=np.int32), unit_weight=np.array([1.0, 1.0, 2.0]))
    >>> problem = Problem(station_cost=np.ones(2), station_site=np.arange(2, dtype=np.int32),
    ...                   site_cost=np.zeros(2), discount=np.ones(1), blocks=(block,), counts=())
    >>> small = compact(problem).blocks[0]
    >>> small.mode, small.need, small.unit_weight.round(3)
    ('each', 1.0, array([0.667, 0.667]))
    """
    blocks = [_compact_block(block) for block in problem.blocks]
    counts = tuple(count for count in problem.counts if count.need > 0)
    return replace(problem, blocks=tuple(b for b in blocks if b.need > 0.0), counts=counts)


def _compact_block(block: Block) -> Block:
    if block.mode == "pooled":
        needs, item = np.array([block.need]), np.zeros_like(block.unit_item)
    else:
        needs, item = block.item_need, block.unit_item
    wanted = needs > 0.0
    number = int(wanted.sum())
    need = number
    if block.mode == "share":
        need = max(int(np.ceil(block.need - TOLERANCE)) - (len(needs) - number), 0)
    share = np.zeros(len(item))
    useful = wanted[item]
    share[useful] = block.unit_weight[useful] / (needs[item[useful]] * (1.0 - TOLERANCE))
    by_unit = sp.csr_array(block.cover.T, dtype=bool)
    by_unit.sum_duplicates()
    by_unit.eliminate_zeros()
    units = np.flatnonzero((share > 0.0) & (np.diff(by_unit.indptr) > 0))
    by_unit = sp.csr_array(by_unit[units])
    place = (np.cumsum(wanted) - 1).astype(np.int32)[item[units]]
    first, group = unit_groups(by_unit, place)
    cover = sp.csr_array(by_unit[first].T)
    cover.sort_indices()
    return Block(
        rule_id=block.rule_id,
        period=block.period,
        mode="share" if need < number else "each",
        cover=sp.csr_array(
            (cover.data, cover.indices.astype(np.int32), cover.indptr.astype(np.int32)),
            shape=cover.shape,
        ),
        unit_item=place[first],
        unit_weight=np.minimum(np.bincount(group, weights=share[units], minlength=len(first)), 1.0),
        item_need=np.ones(number),
        need=float(need),
    )


def unit_groups(
    by_unit: sp.csr_array, item: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Find units of one item that the same stations cover.

    Parameters
    ----------
    by_unit : csr_array of bool, shape (units, stations)
        Which station covers which unit, each entry once.
    item : ndarray of int, shape (units,)
        Item of each unit.

    Returns
    -------
    first : ndarray of int64, shape (groups,)
        One unit of each group.
    group : ndarray of int64, shape (units,)
        Group of each unit.
    """
    marks = np.random.default_rng(20201).integers(
        1, 2**62, size=(by_unit.shape[1], UNIT_MARKS), dtype=np.int64
    )
    keys = np.column_stack([by_unit.astype(np.int64) @ marks, item.astype(np.int64)])
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return first, group.reshape(-1)
