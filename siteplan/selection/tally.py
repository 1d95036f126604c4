"""
What a choice gives, kept up to date while stations come and go.

A :class:`Ledger` holds a choice for a compact problem. Moving one station costs a pass over the units that
it covers, which is what greedy, dropping and local search are made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Block, Problem


class Tally:
    """
    What one block has by its period.

    Parameters
    ----------
    block : Block
        A block of a compact problem.

    Attributes
    ----------
    times : ndarray of int32, shape (units,)
        Stations in service that cover each unit.
    have : ndarray of float64, shape (items,)
        Covered weight of each item, which needs 1.
    full : int
        Items that have what they need.
    worth : ndarray of float64, shape (items,)
        Least number of stations that an item takes: what covering it is worth beside other items.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        self.times = np.zeros(len(block.unit_item), dtype=np.int32)
        self.have = np.zeros(len(block.item_need))
        self.full = 0
        by_item = sp.csr_array(
            (block.unit_weight, (np.arange(len(block.unit_item)), block.unit_item)),
            shape=(len(block.unit_item), len(block.item_need)),
        )
        most = (block.cover @ by_item).max(axis=0).toarray().reshape(-1)
        self.worth = 1.0 / np.clip(most, np.finfo(float).tiny, 1.0)
        self.worth[most <= 0.0] = 0.0
        self._scratch = np.zeros(len(block.item_need))
        self._touched = np.zeros(len(block.item_need), dtype=np.int64)

    @property
    def met(self) -> bool:
        """Whether the block's need is met."""
        return self.full >= self.block.need

    def change(self, station: int, by: int) -> None:
        """
        Put a station into service by the block's period, or take it out.

        Parameters
        ----------
        station : int
            The station.
        by : {1, -1}
            In, or out.
        """
        block = self.block
        self.full += _change(
            block.cover.indptr,
            block.cover.indices,
            block.unit_weight,
            block.unit_item,
            self.times,
            self.have,
            station,
            by,
        )

    def gains(self, stations: NDArray[np.int64]) -> NDArray[np.float64]:
        """
        Count what more stations would give, each alone.

        Parameters
        ----------
        stations : ndarray of int64, shape (n,)
            Stations not in service.

        Returns
        -------
        gains : ndarray of float64, shape (n,)
            Missing weight that each covers, in stations (see `worth`); never grows as others are added.
        """
        block = self.block
        return np.asarray(
            _gains(
                block.cover.indptr,
                block.cover.indices,
                block.unit_weight,
                block.unit_item,
                self.times,
                self.have,
                self.worth,
                stations,
                self._scratch,
                self._touched,
            )
        )

    def can_lose(self, station: int) -> bool:
        """
        Whether a station in service can go without the block failing or falling further short.

        Parameters
        ----------
        station : int
            A station in service by the block's period.

        Returns
        -------
        can : bool
            False for any station that gives something to a block that is not met.
        """
        block = self.block
        touched, falling = _falling(
            block.cover.indptr,
            block.cover.indices,
            block.unit_weight,
            block.unit_item,
            self.times,
            self.have,
            station,
            self._scratch,
            self._touched,
        )
        return self.full - falling >= block.need if self.met else touched == 0


class Ledger:
    """
    A choice and what it gives.

    Parameters
    ----------
    problem : Problem
        From :func:`siteplan.selection.problem.compact`.

    Attributes
    ----------
    built : ndarray of int32, shape (stations,)
        Period in which each station goes into service; ``problem.periods`` when it is not built.
    opened : ndarray of int32, shape (sites,)
        The same for structures.
    tallies : list of Tally
        One for each block.
    missing : list of int
        Stations that each count still lacks, negative when it has more than it needs.
    left : ndarray of float64, shape (limits,)
        What each limit has left, negative when more is taken.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.built = np.full(problem.stations, problem.periods, dtype=np.int32)
        self.opened = np.full(len(problem.site_cost), problem.periods, dtype=np.int32)
        self.tallies = [Tally(block) for block in problem.blocks]
        self.missing = [count.need for count in problem.counts]
        self.left = np.array([limit.most for limit in problem.limits], dtype=np.float64)
        self._by_site = np.argsort(problem.station_site, kind="stable")
        sizes = np.bincount(problem.station_site, minlength=len(problem.site_cost))
        self._first = np.concatenate([[0], np.cumsum(sizes)])
        self._factor = np.append(problem.discount, 0.0)
        pairs = np.concatenate([problem.rivals, problem.rivals[:, ::-1]])
        self._rivals = pairs[np.argsort(pairs[:, 0], kind="stable")]
        self.has_rivals = len(pairs) > 0

    def mates(self, station: int) -> NDArray[np.int64]:
        """
        Stations of the same structure.

        Parameters
        ----------
        station : int
            A station.

        Returns
        -------
        mates : ndarray of int64
            With the station itself.
        """
        site = self.problem.station_site[station]
        return self._by_site[self._first[site] : self._first[site + 1]]

    def rivals_of(self, sites: NDArray[np.integer]) -> NDArray[np.int32]:
        """
        Structures too near to others.

        Parameters
        ----------
        sites : ndarray of int, shape (n,)
            Structures.

        Returns
        -------
        rivals : ndarray of int32
            Those that may not be open beside any of them.
        """
        wanted = np.isin(self._rivals[:, 0], sites)
        return np.asarray(self._rivals[wanted, 1])

    def blocked(self) -> NDArray[np.bool_]:
        """
        Stations that a rival of their structure keeps out.

        Returns
        -------
        blocked : ndarray of bool, shape (stations,)
            True where the structure may not be opened.
        """
        closed = np.zeros(len(self.opened), dtype=bool)
        if self.has_rivals:
            closed[self.rivals_of(np.flatnonzero(self.opened < self.problem.periods))] = True
        return closed[self.problem.station_site]

    def move(self, station: int, period: int) -> None:
        """
        Build a station in a period, or never.

        Parameters
        ----------
        station : int
            The station.
        period : int
            New period; ``problem.periods`` for never.
        """
        old = int(self.built[station])
        self.built[station] = period
        site = self.problem.station_site[station]
        opened = int(self.opened[site])
        self.opened[site] = self.built[self.mates(station)].min()
        self._take(station, (old, period), site, (opened, int(self.opened[site])))
        for tally in self.tallies:
            due = tally.block.period
            if (period <= due) != (old <= due):
                tally.change(station, 1 if period <= due else -1)
        for i, count in enumerate(self.problem.counts):
            if count.counts[station]:
                self.missing[i] += int(old <= count.period) - int(period <= count.period)

    def _take(
        self, station: int, moved: tuple[int, int], site: int, opened: tuple[int, int]
    ) -> None:
        """Give back to the limits what a station took, and take what it takes now."""
        last = self.problem.periods - 1
        for i, limit in enumerate(self.problem.limits):
            for amount, (old, new) in ((limit.station[station], moved), (limit.site[site], opened)):
                if limit.period is None:
                    turns = int(old <= last) - int(new <= last)
                else:
                    turns = int(old == limit.period) - int(new == limit.period)
                if turns:
                    self.left[i] += turns * amount

    def prices(
        self, stations: NDArray[np.int64], period: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Price stations that should be in service by a period.

        Parameters
        ----------
        stations : ndarray of int64, shape (n,)
            Stations not in service then.
        period : int
            The period.

        Returns
        -------
        station, site : ndarray of float64, shape (n,)
            Further cost of each station, and of its structure. [CNY]
        """
        problem, factor = self.problem, self._factor
        site = problem.station_site[stations]
        saved = factor[period] - factor[self.built[stations]]
        opening = np.maximum(factor[period] - factor[self.opened[site]], 0.0)
        return problem.station_cost[stations] * saved, problem.site_cost[site] * opening


@njit(cache=True)
def _change(  # a kernel takes arrays
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    weight: NDArray[np.float64],
    item: NDArray[np.int32],
    times: NDArray[np.int32],
    have: NDArray[np.float64],
    station: int,
    by: int,
) -> int:
    full = 0
    for k in range(indptr[station], indptr[station + 1]):
        unit = indices[k]
        was = times[unit] > 0
        times[unit] += by
        if (times[unit] > 0) == was:
            continue
        i = item[unit]
        full -= int(have[i] >= 1.0)
        have[i] += by * weight[unit]
        full += int(have[i] >= 1.0)
    return full


@njit(cache=True)
def _gains(  # noqa: PLR0913, PLR0917  # a kernel takes arrays
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    weight: NDArray[np.float64],
    item: NDArray[np.int32],
    times: NDArray[np.int32],
    have: NDArray[np.float64],
    worth: NDArray[np.float64],
    stations: NDArray[np.int64],
    scratch: NDArray[np.float64],
    touched: NDArray[np.int64],
) -> NDArray[np.float64]:
    gains = np.zeros(len(stations))
    for n in range(len(stations)):
        number = 0
        for k in range(indptr[stations[n]], indptr[stations[n] + 1]):
            unit = indices[k]
            i = item[unit]
            if times[unit] > 0 or have[i] >= 1.0:
                continue
            if scratch[i] == 0.0:
                touched[number] = i
                number += 1
            scratch[i] += weight[unit]
        for k in range(number):
            i = touched[k]
            gains[n] += worth[i] * min(scratch[i], 1.0 - have[i])
            scratch[i] = 0.0
    return gains


@njit(cache=True)
def _falling(  # noqa: PLR0913, PLR0917  # a kernel takes arrays
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    weight: NDArray[np.float64],
    item: NDArray[np.int32],
    times: NDArray[np.int32],
    have: NDArray[np.float64],
    station: int,
    scratch: NDArray[np.float64],
    touched: NDArray[np.int64],
) -> tuple[int, int]:
    number = 0
    for k in range(indptr[station], indptr[station + 1]):
        unit = indices[k]
        if times[unit] != 1:
            continue
        i = item[unit]
        if scratch[i] == 0.0:
            touched[number] = i
            number += 1
        scratch[i] += weight[unit]
    falling = 0
    for k in range(number):
        i = touched[k]
        falling += int(have[i] >= 1.0 and have[i] - scratch[i] < 1.0)
        scratch[i] = 0.0
    return number, falling
