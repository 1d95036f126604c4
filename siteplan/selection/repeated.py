"""Places that several stations must reach: one count for each village or venue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.errors import Fault, InputError
from siteplan.scenario import SCENARIO_FILE
from siteplan.selection.problem import Count
from siteplan.selection.reach import Shortfall, item_service, period_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.catalog import Rule
    from siteplan.demand import Demand
    from siteplan.region import Region

CLASSES = ("village", "venue")
"""Classes of demand whose items one station can serve as a whole."""


def repeated_counts(
    region: Region,
    demands: Mapping[str, Demand],
    today_stations: pd.DataFrame,
    candidates: pd.DataFrame,
    shortfalls: list[Shortfall],
) -> list[Count]:
    """
    Turn ``selection.cover_times`` into counts: stations that reach an item, each alone.

    Parameters
    ----------
    region : Region
        With document and scenario.
    demands : mapping of str to Demand
        By rule id.
    today_stations : DataFrame
        Stations in service; those that reach an item count.
    candidates : DataFrame
        From :func:`siteplan.selection.candidates.candidate_stations`.
    shortfalls : list of Shortfall
        Receives the items that not so many candidates reach; these are asked for what there is.

    Returns
    -------
    counts : list of Count
        One for each item that lacks stations, by the year of its rule.

    Raises
    ------
    InputError
        When a name is no coverage rule on villages or venues of the document.
    """
    wanted = region.scenario.selection.cover_times
    rules = {rule.id: rule for rule in region.document.rules if rule.rule_class in CLASSES}
    faults = [
        Fault(
            source=SCENARIO_FILE,
            column="selection.cover_times",
            value=name,
            rule="the document has no such coverage rule on villages or venues",
            remedy=f"Use one of: {', '.join(sorted(rules)) or 'there is none'}.",
        )
        for name in wanted
        if name not in rules
    ]
    if faults:
        raise InputError(faults)
    counts = []
    for name, times in wanted.items():
        if name in demands:
            counts += _of_rule(
                region, rules[name], times, demands[name], today_stations, candidates, shortfalls
            )
    return counts


def _of_rule(
    region: Region,
    rule: Rule,
    times: int,
    demand: Demand,
    today_stations: pd.DataFrame,
    candidates: pd.DataFrame,
    shortfalls: list[Shortfall],
) -> list[Count]:
    years = region.scenario.targets.years
    year = years[period_of(rule, years)]
    standing = today_stations[today_stations["year"] <= year]
    columns = [name for name in standing.columns if name in candidates.columns]
    both = pd.concat([standing[columns], candidates[columns]])
    serves = item_service(region, demand, rule, both).tocsc()
    counts = []
    for i, item in enumerate(demand.items.index):
        who = serves.indices[serves.indptr[i] : serves.indptr[i + 1]]
        have, offered = int((who < len(standing)).sum()), who[who >= len(standing)] - len(standing)
        need = min(times - have, len(offered))
        if have + len(offered) < times:
            shortfalls.append(
                Shortfall(
                    rule_id=rule.id,
                    item_id=str(item),
                    name=str(demand.items["name"].iloc[i]),
                    reachable=(have + len(offered)) / times,
                    needed=1.0,
                )
            )
        if need > 0:
            which = np.zeros(len(candidates), dtype=bool)
            which[offered] = True
            period = period_of(rule, years)
            counts.append(
                Count(rule_id=f"{rule.id}:x{times}:{item}", period=period, counts=which, need=need)
            )
    return counts
