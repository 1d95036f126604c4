"""States of rules and of samples, and whether each sample of a demand is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.spatial import cKDTree

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.units import CENTI

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from siteplan.catalog import Definition, Rule
    from siteplan.coverage.network import Coverage
    from siteplan.demand import Demand
    from siteplan.region import Region

MET: Final = "met"
AT_RISK: Final = "at_risk"
NOT_MET: Final = "not_met"
UNKNOWN: Final = "unknown"
MEASURED: Final = "measured"

STATE_ZH: Final = {
    MET: "达标",
    AT_RISK: "有风险",
    NOT_MET: "未达标",
    UNKNOWN: "未知",
    MEASURED: "仅统计",
}

COVERED: Final = 1
UNCOVERED: Final = 0
NOT_KNOWN: Final = -1


def sample_states(
    region: Region,
    demand: Demand,
    definition: Definition,
    coverage: Coverage,
    stations: pd.DataFrame,
    *,
    margin_db: float,
) -> NDArray[np.int8]:
    """
    Whether each sample is covered.

    Parameters
    ----------
    region : Region
        For positions.
    demand : Demand
        The samples.
    definition : Definition
        What covered means.
    coverage : Coverage
        Signal of the technology.
    stations : DataFrame
        Stations in service, for a distance rule.
    margin_db : float
        Level that must be there besides the definition's. [dB]

    Returns
    -------
    states : ndarray of int8, shape (samples,)
        1 covered, 0 not covered, -1 unknown because terrain is missing or the sample lies outside the
        grid.
    """
    inside = demand.cell >= 0
    cell = np.where(inside, demand.cell, 0)
    level = coverage.rsrp_cdbm.reshape(-1)[cell]
    needed = round((definition.rsrp_dbm + margin_db) * CENTI)
    covered = (level > UNKNOWN_SIGNAL) & (level >= needed)
    if definition.sinr_db is not None:
        covered &= coverage.sinr_cdb.reshape(-1)[cell] >= round(definition.sinr_db * CENTI)
    states = np.where(covered, COVERED, UNCOVERED).astype(np.int8)
    states[(states == UNCOVERED) & coverage.unknown.reshape(-1)[cell]] = NOT_KNOWN
    states[~inside] = NOT_KNOWN
    if definition.distance_m is not None:
        near = near_items(region, demand, stations, coverage.technology, definition.distance_m)
        states[near[demand.item]] = COVERED
    return states


def near_items(
    region: Region,
    demand: Demand,
    stations: pd.DataFrame,
    technology: str,
    distance_m: float,
) -> NDArray[np.bool_]:
    """
    Items with a station of a technology within a distance.

    Parameters
    ----------
    region : Region
        With the sites.
    demand : Demand
        Villages: the distance is from the committee.
    stations : DataFrame
        Stations in service.
    technology : str
        Technology that counts.
    distance_m : float
        Largest distance. [m]

    Returns
    -------
    near : ndarray of bool, shape (items,)
        True where a station is near enough.
    """
    chosen = stations[stations["technology"] == technology]
    if chosen.empty:
        return np.zeros(len(demand.items), dtype=bool)
    sites = region.sites.loc[chosen["site_id"].unique()].geometry
    tree = cKDTree(np.column_stack([sites.x, sites.y]))
    distance, _ = tree.query(demand.centres())
    return np.asarray(distance <= distance_m)


def item_shares(
    demand: Demand, states: NDArray[np.int8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Covered share of each item, at least and at most.

    Parameters
    ----------
    demand : Demand
        The samples.
    states : ndarray of int8
        From :func:`sample_states`.

    Returns
    -------
    least, most : ndarray of float64, shape (items,)
        Unknown samples count as not covered, and as covered.
    """
    total = demand.item_weight()
    n = len(demand.items)
    sure = np.bincount(demand.item, weights=demand.weight * (states == COVERED), minlength=n)
    maybe = np.bincount(demand.item, weights=demand.weight * (states != UNCOVERED), minlength=n)
    with np.errstate(invalid="ignore"):
        return sure / total, maybe / total


def blank_row(rule: Rule) -> dict[str, object]:
    """
    Row of a rule about which nothing is known yet.

    Parameters
    ----------
    rule : Rule
        Any rule.

    Returns
    -------
    row : dict
        Columns of :attr:`Evaluation.results` but rule and year, for the whole region.
    """
    required = np.nan if rule.required is None or not rule.strict else rule.required
    return {
        "state": UNKNOWN,
        "value": np.nan,
        "value_most": np.nan,
        "required": required,
        "shortfall": np.nan,
        "unit": "",
        "items": 0,
        "items_covered": 0,
        "items_unknown": 0,
        "items_doubtful": 0,
        "reason": "",
        "scope": "",
        "group": "",
        "definition": "",
    }
