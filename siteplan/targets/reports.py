"""What the document asks to be reported besides its rules: stations, people, rewards, tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan import catalog
from siteplan.demand import demand_of
from siteplan.targets.coverage_rules import Verdict
from siteplan.targets.network_rules import REUSED_KINDS
from siteplan.targets.states import COVERED, NOT_KNOWN, sample_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from siteplan.catalog import Money, TargetDocument
    from siteplan.coverage.network import Coverage
    from siteplan.region import Region
    from siteplan.scenario import Reported
    from siteplan.targets.evaluation import Evaluation


def station_counts(region: Region, stations: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    """
    Stations and their sites in service at the end of each year.

    Parameters
    ----------
    region : Region
        With the sites.
    stations : DataFrame
        Stations of the network, with ``year`` of going into service.
    years : sequence of int
        Years to count at.

    Returns
    -------
    counts : DataFrame
        One row per ``year``, ``technology``, ``operator``, ``kind`` of site and ``reused`` (on a site
        that stands already, or a social pole): ``stations`` and ``sites``.
    """
    sites = region.sites.loc[stations["site_id"]]
    frame = stations[["technology", "operator", "site_id"]].assign(
        kind=sites["kind"].to_numpy(),
        reused=(sites["status"].eq("existing") | sites["kind"].isin(REUSED_KINDS)).to_numpy(),
    )
    keys = ["technology", "operator", "kind", "reused"]
    parts = []
    for year in years:
        in_service = frame[(stations["year"] <= year).to_numpy()]
        grouped = in_service.groupby(keys, sort=True)["site_id"].agg(["size", "nunique"])
        grouped = grouped.rename(columns={"size": "stations", "nunique": "sites"}).reset_index()
        parts.append(grouped.assign(year=year))
    return pd.concat(parts, ignore_index=True)[["year", *keys, "stations", "sites"]]


def people_covered(
    region: Region,
    coverage: Mapping[tuple[str, int], Coverage],
    stations: pd.DataFrame,
    years: Sequence[int],
) -> pd.DataFrame:
    """
    People who live in covered villages.

    Parameters
    ----------
    region : Region
        With the villages and their population.
    coverage : mapping of (technology, year) to Coverage
        Signal.
    stations : DataFrame
        Stations of the network.
    years : sequence of int
        Years to count at.

    Returns
    -------
    people : DataFrame
        One row per ``technology``, ``year`` and ``scope`` (township id, "" for the region): ``villages``,
        ``people``, ``covered``, ``unknown`` (people of villages of which it is not known),
        ``villages_blank`` (villages without a population, counted nowhere; NaN people where all are),
        ``share`` (of the people known; NaN without any) and the ``definition`` used. Empty without villages.
    """
    rows: list[dict[str, object]] = []
    if region.layer("villages") is None:
        return pd.DataFrame(rows)
    for technology in sorted({technology for technology, _ in coverage}):
        rule = catalog.Rule.model_validate(
            {
                "id": f"people-{technology}",
                "kind": "coverage",
                "class": "village",
                "layer": "villages",
                "technology": technology,
                "zh": "人口覆盖",
                "en": "people covered",
            }
        )
        demand = demand_of(region, rule)
        name, definition = region.scenario.definition(rule)
        population = demand.items["population"].astype("float64").to_numpy()
        verdict = Verdict(demand, rule, definition, 1.0)
        township = demand.items["township"].astype("string").fillna("").to_numpy()
        for year in years:
            in_service = stations[stations["year"] <= year]
            states = sample_states(
                region, demand, definition, coverage[technology, year], in_service, margin_db=0.0
            )
            state = verdict.items(states)
            for scope in ["", *sorted(set(township) - {""})]:
                chosen = np.ones(len(state), dtype=bool) if scope == "" else township == scope
                known = chosen & ~np.isnan(population)
                # of villages that all have a blank the sum is not zero but unknown
                given = 1.0 if known.any() else np.nan
                people = given * float(population[known].sum())
                covered = given * float(population[known & (state == COVERED)].sum())
                rows.append(
                    {
                        "technology": technology,
                        "year": year,
                        "scope": scope,
                        "villages": int(chosen.sum()),
                        "people": people,
                        "covered": covered,
                        "unknown": given * float(population[known & (state == NOT_KNOWN)].sum()),
                        "villages_blank": int((chosen & ~known).sum()),
                        "share": covered / people if people > 0.0 else np.nan,
                        "definition": name,
                    }
                )
    return pd.DataFrame(rows)


def rewards(region: Region, document: TargetDocument, stations: pd.DataFrame) -> pd.DataFrame:
    """
    Money that the document pays for stations.

    Only stations that qualify count: of the technology, newly put into service in the years named, and
    of an operator that the rule does not exclude. A station whose year is not given may qualify or not.

    Parameters
    ----------
    region : Region
        With the stations layer as it was read.
    document : TargetDocument
        With the money rules.
    stations : DataFrame
        Stations of the network, with ``year`` of going into service.

    Returns
    -------
    rewards : DataFrame
        One row per money rule: ``money_id``, ``zh``, ``en``, ``first_year``, ``last_year``,
        ``stations`` that qualify, ``stations_unknown``, ``amount_cny`` and ``amount_most_cny`` (with the
        unknown ones). A rule per scenario gives NaN: projects are not computed.
    """
    rows = []
    for money in document.money:
        sure, maybe = _qualifying(region, money, stations) if money.per == "station" else (0, 0)
        counted = money.per == "station"
        rows.append(
            {
                "money_id": money.id,
                "zh": money.zh,
                "en": money.en,
                "first_year": money.first_year,
                "last_year": money.last_year,
                "stations": sure,
                "stations_unknown": maybe,
                "amount_cny": sure * money.amount_cny if counted else np.nan,
                "amount_most_cny": (sure + maybe) * money.amount_cny if counted else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _qualifying(region: Region, money: Money, stations: pd.DataFrame) -> tuple[int, int]:
    """Stations that surely qualify, and stations whose year nobody gave."""
    chosen = ~stations["operator"].isin(money.excluded_owners)
    if money.technology is not None:
        chosen &= stations["technology"] == money.technology
    given = region.stations["year_on_air"].reindex(stations.index)
    # stations of the plan are not in the layer: their year is the plan's
    undated = stations.index.isin(region.stations.index) & given.isna().to_numpy()
    in_time = stations["year"].between(money.first_year, money.last_year)
    return int((chosen & in_time & ~undated).sum()), int((chosen & undated).sum())


def task_states(
    document: TargetDocument,
    evaluation: Evaluation,
    year: int,
    *,
    reported: Mapping[str, Reported] | None = None,
) -> pd.DataFrame:
    """
    Tasks of the document, each with the measured state of the rules that it serves.

    Parameters
    ----------
    document : TargetDocument
        With tasks and rules.
    evaluation : Evaluation
        States of the rules.
    year : int
        Year of the network.
    reported : mapping of str to Reported, optional
        What responsible units report, by task; from the scenario.

    Returns
    -------
    tasks : DataFrame
        One row per task: ``task_id``, ``zh``, ``en``, ``units`` (joined; empty when the document names
        none), ``deadline``, ``note``, ``rules`` (ids joined by ``;``), ``states`` (their states, in
        that order; empty for a task that only people can report), ``reported_state`` and
        ``reported_note`` (empty until somebody reports).
    """
    rows = []
    told = {} if reported is None else reported
    for task in document.tasks:
        states = [str(evaluation.region_result(rule, year)["state"]) for rule in task.rules]
        rows.append(
            {
                "task_id": task.id,
                "zh": task.zh,
                "en": task.en,
                "units": "、".join(task.units),
                "deadline": task.deadline or "",
                "note": task.note or "",
                "rules": ";".join(task.rules),
                "states": ";".join(states),
                "reported_state": told[task.id].state if task.id in told else "",
                "reported_note": told[task.id].note if task.id in told else "",
            }
        )
    return pd.DataFrame(rows)
