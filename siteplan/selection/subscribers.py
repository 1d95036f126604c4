"""Users of villages whom the stations that reach them must be able to serve together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from siteplan import catalog
from siteplan.errors import Fault, InputError
from siteplan.scenario import SCENARIO_FILE
from siteplan.selection.capacity import serve
from siteplan.selection.problem import Capacity
from siteplan.selection.reach import Shortfall, item_service, period_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.catalog import Rule
    from siteplan.demand import Demand
    from siteplan.region import Region

LEAST_SERVED = 1.0 - 1e-3
"""Share of the users of a village from which all count as served."""


def capacities(
    region: Region,
    demands: Mapping[str, Demand],
    today_stations: pd.DataFrame,
    candidates: pd.DataFrame,
    shortfalls: list[Shortfall],
) -> list[Capacity]:
    """
    Turn ``selection.users_share`` into needs: one for each strict rule that asks for every village.

    Parameters
    ----------
    region : Region
        With document and scenario.
    demands : mapping of str to Demand
        By rule id; a village without a known population has no users here.
    today_stations : DataFrame
        Stations in service; they serve as well.
    candidates : DataFrame
        From :func:`siteplan.selection.candidates.candidate_stations`.
    shortfalls : list of Shortfall
        Receives the villages whose users all stations together cannot serve; only those served are asked
        for then. What no station reaches is left to the coverage rule.

    Returns
    -------
    capacities : list of Capacity
        Users by village.

    Raises
    ------
    InputError
        When users are to be served and no rule asks for every village, or no village has a population.
    """
    wishes = region.scenario.selection
    if wishes.users_share is None:
        return []
    rules = [
        rule
        for rule in region.document.rules
        if rule.rule_class == "village"
        and rule.strict
        and rule.id in demands
        and region.scenario.required_share(rule) >= 1.0
    ]
    found = [_of_rule(region, rule, demands[rule.id], today_stations, candidates) for rule in rules]
    if not any(capacity.users.any() for capacity in found):
        raise InputError(
            [
                Fault(
                    source=SCENARIO_FILE,
                    column="selection.users_share",
                    value=str(wishes.users_share),
                    rule="no rule asks for every village of a known population: there are no users",
                    remedy="Fill the column population of the villages, or leave users_share out.",
                )
            ]
        )
    return [
        _within_reach(capacity, demands[rule.id], len(candidates), shortfalls)
        for capacity, rule in zip(found, rules, strict=True)
        if capacity.users.any()
    ]


def _of_rule(
    region: Region,
    rule: Rule,
    demand: Demand,
    today_stations: pd.DataFrame,
    candidates: pd.DataFrame,
) -> Capacity:
    """Users of a rule and the stations that reach them, candidates first."""
    wishes, years = region.scenario.selection, region.scenario.targets.years
    period = period_of(rule, years)
    standing = today_stations[today_stations["year"] <= years[period]]
    columns = [name for name in standing.columns if name in candidates.columns]
    both = pd.concat([candidates[columns], standing[columns]])
    people = demand.items["population"].astype("Float64").fillna(0.0).to_numpy(dtype=float)
    serves = item_service(region, demand, rule, both)
    scale = both["equipment"].map({name: item.scale for name, item in catalog.equipment().items()})
    users = people * (wishes.users_share or 0.0)
    most = scale.map(dict(wishes.station_users)).astype("Float64").fillna(float(users.sum()))
    reached = np.bincount(serves.indices, minlength=len(users)) > 0
    return Capacity(
        rule_id=f"{rule.id}:users",
        period=period,
        users=np.where(reached, users, 0.0),
        serves=serves,
        most=most.to_numpy(dtype=float),
    )


def _within_reach(
    capacity: Capacity, demand: Demand, offered: int, shortfalls: list[Shortfall]
) -> Capacity:
    """Ask for no more users than all stations together serve."""
    service = serve(capacity, np.ones(offered))
    served = service.served if service.short > 0.0 else capacity.users
    shortfalls.extend(
        Shortfall(
            rule_id=capacity.rule_id,
            item_id=str(demand.items.index[i]),
            name=str(demand.items["name"].iloc[i]),
            reachable=float(served[i] / capacity.users[i]),
            needed=1.0,
        )
        for i in np.flatnonzero(served < LEAST_SERVED * capacity.users)
    )
    wanted = np.flatnonzero(served > 0.0)
    return Capacity(
        rule_id=capacity.rule_id,
        period=capacity.period,
        users=served[wanted],
        serves=sp.csr_array(capacity.serves[:, wanted]),
        most=capacity.most,
    )
