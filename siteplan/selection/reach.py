"""What stations reach of the demand: levels at its cells, samples covered, items served."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from siteplan.selection.signals import signal_matrix
from siteplan.units import CENTI

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.catalog import Definition, Rule
    from siteplan.demand import Demand
    from siteplan.region import Region

ROUNDING: Final = 1e-9
"""Relative rounding of sums of weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """
    A need that no candidate can meet.

    Attributes
    ----------
    rule_id : str
        The rule.
    item_id, name : str
        The item concerned; empty for a rule on pooled weight or a count.
    reachable : float
        Share that today's network and all candidates together reach.
    needed : float
        Share that the rule needs.
    operator : str
        Whose network misses it, where each operator must; else empty.
    """

    rule_id: str
    item_id: str = ""
    name: str = ""
    reachable: float
    needed: float
    operator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signals:
    """
    Stations of one technology and their levels at the demanded cells.

    Attributes
    ----------
    candidates : int
        Candidate stations of all technologies.
    positions : ndarray of int64, shape (stations,)
        Place of these among them.
    sites, operators : ndarray of str, shape (stations,)
        Their structures and networks.
    cells : ndarray of int64, shape (n,)
        Flat cells, ascending.
    level : csr_array of int16, shape (stations, n)
        From :func:`siteplan.selection.signals.signal_matrix`.
    """

    candidates: int
    positions: NDArray[np.int64]
    sites: NDArray[np.object_]
    operators: NDArray[np.object_]
    cells: NDArray[np.int64]
    level: sp.csr_array

    def of(self, operator: str) -> Signals:
        """
        Keep the stations of one operator.

        Parameters
        ----------
        operator : str
            Its name; "" stands for all.

        Returns
        -------
        signals : Signals
            Of its stations.
        """
        if not operator:
            return self
        own = np.flatnonzero(self.operators == operator)
        return replace(
            self,
            positions=self.positions[own],
            sites=self.sites[own],
            operators=self.operators[own],
            level=sp.csr_array(self.level[own]),
        )


def period_of(rule: Rule, years: tuple[int, ...]) -> int:
    """
    Period by which a rule must hold: the last plan year that is not after its year.

    Parameters
    ----------
    rule : Rule
        A rule.
    years : tuple of int
        Plan years.

    Returns
    -------
    period : int
        Position in `years`; 0 when the rule's year is past, the last for a standing rule.
    """
    if rule.year is None:
        return len(years) - 1
    return max(sum(year <= rule.year for year in years) - 1, 0)


def station_cover(
    region: Region,
    demand: Demand,
    definition: Definition,
    samples: NDArray[np.int64],
    signals: Signals,
) -> sp.csr_array:
    """
    Find which station covers which sample, by signal or by distance.

    Parameters
    ----------
    region : Region
        With the margin of its scenario.
    demand : Demand
        What must be covered.
    definition : Definition
        What covered means.
    samples : ndarray of int64, shape (n,)
        Samples of the demand that have a cell.
    signals : Signals
        Stations and their levels at these cells.

    Returns
    -------
    cover : csr_array of bool, shape (stations, n)
        By each station alone.
    """
    strong = sp.coo_array(signals.level)
    needed = round((definition.rsrp_dbm + region.scenario.targets.margin_db) * CENTI)
    kept = strong.data >= needed
    hit = sp.csr_array(
        (np.ones(int(kept.sum()), dtype=np.int32), (strong.row[kept], strong.col[kept])),
        shape=signals.level.shape,
    )
    element = np.searchsorted(signals.cells, demand.cell[samples])
    cover = hit @ _one_per_column(element, len(signals.cells))
    if definition.distance_m is not None:
        places = region.sites.geometry.loc[signals.sites]
        near = cKDTree(np.column_stack([places.x, places.y])).sparse_distance_matrix(
            cKDTree(demand.centres()),
            definition.distance_m,
            output_type="coo_matrix",
        )
        pairs = sp.csr_array(
            (np.ones(near.nnz, dtype=np.int32), (near.row, near.col)), shape=near.shape
        )
        cover = cover + pairs @ _one_per_column(demand.item[samples], len(demand.items))
    cover = sp.csr_array(cover)
    cover.sum_duplicates()
    return sp.csr_array(cover.astype(bool))


def item_service(
    region: Region, demand: Demand, rule: Rule, stations: pd.DataFrame
) -> sp.csr_array:
    """
    Find which station serves which item of a rule as a whole, alone.

    Parameters
    ----------
    region : Region
        With the scenario's margin and probability.
    demand : Demand
        Items of the rule.
    rule : Rule
        A coverage rule.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`; those of another technology serve nothing.

    Returns
    -------
    serves : csr_array of bool, shape (stations, items)
        True where a station covers the share of the item that the definition asks for.
    """
    definition = region.scenario.definition(rule)[1]
    mine = np.flatnonzero((stations["technology"] == rule.technology).to_numpy())
    samples = np.flatnonzero(demand.cell >= 0)
    cells = np.unique(demand.cell[samples])
    signals = Signals(
        candidates=len(stations),
        positions=mine,
        sites=stations["site_id"].to_numpy()[mine],
        operators=stations["operator"].to_numpy()[mine],
        cells=cells,
        level=signal_matrix(
            region,
            stations.iloc[mine],
            cells,
            floor_dbm=definition.rsrp_dbm,
            label=f"stations {rule.technology}",
            probability=region.scenario.selection.probability or 0.5,
            margin_db=region.scenario.targets.margin_db,
        ),
    )
    cover = station_cover(region, demand, definition, samples, signals)
    by_item = sp.csr_array(
        (demand.weight[samples], (np.arange(len(samples)), demand.item[samples])),
        shape=(len(samples), len(demand.items)),
    )
    held = sp.coo_array(cover.astype(np.float64) @ by_item)
    enough = held.data >= definition.share * demand.item_weight()[held.col] * (1.0 - ROUNDING)
    row, column = mine[held.row[enough]], held.col[enough]
    return sp.csr_array(
        (np.ones(len(row), dtype=bool), (row, column)), shape=(len(stations), len(demand.items))
    )


def _one_per_column(row: NDArray[np.integer], rows: int) -> sp.csr_array:
    """Sparse matrix with a single one in each column."""
    ones = np.ones(len(row), dtype=np.int32)
    return sp.csr_array((ones, (row, np.arange(len(row)))), shape=(rows, len(row)))
