"""Uncovered samples of one technology that touch or lie close together: the members of a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from siteplan.targets import UNCOVERED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.catalog import Definition, Rule
    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.targets import Evaluation

POINT_REACH_M: Final = 1500.0
"""Uncovered villages and venues this near to each other are one gap. [m]"""


@dataclass(frozen=True, slots=True)
class Members:
    """
    Uncovered samples of one gap.

    Attributes
    ----------
    rule_id : str
        Rule that they are taken from.
    definition : Definition
        What they miss.
    demand : Demand
        The rule's demand.
    samples : ndarray of int64
        Positions in it.
    states : ndarray of int8
        State of each of them.
    """

    rule_id: str
    definition: Definition
    demand: Demand
    samples: NDArray[np.int64]
    states: NDArray[np.int8]


def groups_of(
    region: Region,
    rules: list[Rule],
    demands: Mapping[str, Demand],
    evaluation: Evaluation,
    case: tuple[int, str],
) -> list[Members]:
    """
    Group the uncovered samples of the demands of a class, each place once.

    Parameters
    ----------
    region : Region
        With grid and scenario.
    rules : list of Rule
        Of one technology and class.
    demands : mapping of str to Demand
        By rule id.
    evaluation : Evaluation
        States of all samples.
    case : tuple of int, str
        Year of the network, and operator that must cover ("" for any).

    Returns
    -------
    groups : list of Members
        Cells that touch, corners included; villages and venues within ``POINT_REACH_M`` of one another.
    """
    groups: list[Members] = []
    seen = np.zeros(0, dtype=np.int64)
    used: set[tuple[int, str]] = set()
    order = sorted(rules, key=lambda rule: -len(demands[rule.id].cell))
    for rule in order:
        demand = demands[rule.id]
        name, definition = region.scenario.definition(rule)
        if (id(demand), name) in used:
            continue
        used.add((id(demand), name))
        states = evaluation.networks[rule.id, case[0]][case[1]].states
        missed = np.flatnonzero(states <= UNCOVERED)
        if demand.rule_class in {"area", "road"}:
            missed = missed[~np.isin(demand.cell[missed], seen)]
            seen = np.union1d(seen, demand.cell[missed])
            labels = _touching(region, demand.cell[missed])
        else:
            names = demand.items.index[demand.item[missed]]
            fresh = ~np.isin(names.astype(str), list(_names(groups)))
            missed = missed[fresh]
            labels = _close(demand, missed)
        groups.extend(
            Members(
                rule.id,
                definition,
                demand,
                missed[labels == label],
                states[missed[labels == label]],
            )
            for label in np.unique(labels)
        )
    return groups


def _names(groups: list[Members]) -> set[str]:
    return {
        str(name)
        for members in groups
        for name in members.demand.items.index[members.demand.item[members.samples]]
    }


def _touching(region: Region, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label cells that touch, corners included; cells outside the grid form a group of their own."""
    rows, columns = region.geobox.shape
    mask = np.zeros(rows * columns, dtype=bool)
    mask[cells[cells >= 0]] = True
    labels, _ = ndimage.label(mask.reshape(rows, columns), structure=np.ones((3, 3), dtype=int))
    flat = labels.reshape(-1)
    return np.where(cells >= 0, flat[np.maximum(cells, 0)], 0).astype(np.int64)


def _close(demand: Demand, samples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label points that lie within ``POINT_REACH_M`` of one another."""
    if samples.size == 0:
        return np.zeros(0, dtype=np.int64)
    points = demand.items.geometry.iloc[demand.item[samples]].representative_point()
    place = np.column_stack([points.x, points.y])
    pairs = cKDTree(place).query_pairs(POINT_REACH_M, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(place),) * 2)
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, dtype=np.int64)
