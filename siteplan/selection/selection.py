"""From a region to the chosen stations: problem, greedy, solver, bound, and what each station is for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siteplan.errors import Fault, InputError
from siteplan.selection.blocks import build_problem
from siteplan.selection.candidates import candidate_stations
from siteplan.selection.explain import REASONS, closed_sites, explain, serving, sole_cover
from siteplan.selection.money import subsidies
from siteplan.selection.optimise import optimise
from siteplan.selection.reach import Shortfall
from siteplan.selection.relax import least_relaxation
from siteplan.selection.spread import spread_counts
from siteplan.selection.tiers import optimise_tiers
from siteplan.selection.wishes import check_wishes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.coverage.cluster import Share
    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.selection.problem import Problem
    from siteplan.targets import Evaluation


PRICES: Final = (
    "station_cost_cny",
    "site_cost_cny",
    "investment_station_cny",
    "investment_site_cny",
    "station_price",
    "site_price",
)
"""Columns of candidates that only the search needs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """
    The chosen stations and how good the choice is.

    Attributes
    ----------
    stations : DataFrame
        Chosen stations, indexed by ``site/operator/technology``: columns of the station table, ``kind``,
        ``reuse``, ``cost_cny`` (the structure's opening with its first station, and the present value
        of the rent), ``rules`` (ids, joined by ``;``) and ``subsidy_cny``, which the document pays and
        the objective leaves out.
    serving : mapping of str to tuple of str
        Stations that serve each rule.
    objective : {"cost", "reuse", "tiers"}
        What was minimised: discounted yuan; stations with weights for the structures they open; or the
        structures of each tier of reuse, then the stations.
    value : float
        Value of the objective.
    bound : float
        No choice of these candidates that meets the same needs has a smaller value.
    method : str
        Where the choice comes from.
    seconds : float
        Time taken by the search. [s]
    candidates : int
        Candidate stations offered.
    shortfalls : DataFrame
        Needs that no candidate can meet: ``rule_id``, ``item_id``, ``name``, ``reachable``, ``needed`` and
        ``operator``, where each of several must meet the rule.
    relaxations : DataFrame
        Limits and distances that had to give way because no choice keeps them: ``rule_id``
        (``budget:2021``, ``stations:2021``, ``load:<site>``, ``spacing`` for pairs of structures that
        exclude each other), ``allowed`` and ``needed``. Empty as a rule.
    explanation : DataFrame
        Every candidate, chosen or not: ``site_id``, ``operator``, ``technology``, and why, see
        :func:`siteplan.selection.explain.explain`.
    closed : Series of str
        Why no station can be added on a site, by site: see
        :func:`siteplan.selection.explain.closed_sites`.
    alone : DataFrame
        What each chosen station alone covers: see :func:`siteplan.selection.explain.sole_cover`.
    """

    stations: pd.DataFrame
    serving: Mapping[str, tuple[str, ...]]
    objective: str
    value: float
    bound: float
    method: str
    seconds: float
    candidates: int
    shortfalls: pd.DataFrame = field(repr=False)
    relaxations: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)
    explanation: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)
    closed: pd.Series[str] = field(repr=False, default_factory=partial(pd.Series, dtype=object))
    alone: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)

    @property
    def gap(self) -> float:
        """Proven relative distance from the least possible value, 0 when it is reached."""
        if self.value <= 0.0:
            return 0.0
        return max(self.value - self.bound, 0.0) / self.value

    def summary(self) -> str:
        """
        One sentence on cost and proof.

        Returns
        -------
        text : str
            For terminal, map and notebook.
        """
        if self.stations.empty:
            return "No station is needed."
        value = {
            "cost": f"Discounted cost {self.value / 1e4:,.0f} x 10,000 CNY",
            "reuse": f"Reuse objective {self.value:,.1f} (stations, with weights for what they open)",
            "tiers": f"{self.value:,.1f} stations (later ones discounted) after the tiers of reuse",
        }[self.objective]
        return f"{value}, proven within {self.gap:.1%} of the least possible ({self.method})."

    def as_dict(self) -> dict[str, Any]:
        """
        Figures for scripts.

        Returns
        -------
        figures : dict
            JSON-ready.
        """
        return {
            "method": self.method,
            "candidates": self.candidates,
            "objective": self.objective,
            "value": round(self.value, 2),
            "bound": round(self.bound, 2),
            "gap": round(self.gap, 6),
            "shortfalls": self.shortfalls.to_dict("records"),
            "relaxations": self.relaxations.to_dict("records"),
        }


def select_stations(
    region: Region,
    demands: Mapping[str, Demand],
    today: Evaluation,
    today_stations: pd.DataFrame,
    *,
    share: Share | None = None,
) -> Selection:
    """
    Choose the stations that meet the missed rules at least cost.

    Parameters
    ----------
    region : Region
        With document, scenario, sites.
    demands : mapping of str to Demand
        By rule id.
    today : Evaluation
        What today's network covers.
    today_stations : DataFrame
        Stations in service.
    share : callable, optional
        Computes chunks of stations elsewhere, see :mod:`siteplan.coverage.cluster`.

    Returns
    -------
    selection : Selection
        Stations, cost, bound and what cannot be reached.

    Raises
    ------
    InputError
        When the scenario offers no candidate station at all.
    """
    check_wishes(region)
    candidates = candidate_stations(region)
    if candidates.empty:
        raise InputError(
            [
                Fault(
                    source="scenario.toml",
                    column="networks",
                    rule="no candidate station: no network with build = true fits any usable site",
                    remedy="Give candidates, or equipment for the structures there are "
                    "(macro for towers and roofs, micro for poles).",
                )
            ]
        )
    problem, shortfalls = build_problem(
        region, demands, today, today_stations, candidates, share=share
    )
    problem, built, bound, method, seconds, relaxations = _choose(region, problem, candidates)
    places = _places(region, candidates)
    standing_m = _distance_to_standing(region, candidates, today_stations, places)
    built = spread_counts(problem, built, places, _networks(candidates), standing_m)
    told = candidates[["site_id", "operator", "technology"]].join(
        explain(problem, built, candidates.index)
    )
    years = region.scenario.targets.years
    chosen = np.flatnonzero(built < problem.periods)
    served = serving(problem, built, candidates.index)
    rules_of: dict[str, list[str]] = {}
    for rule_id, names in served.items():
        for name in names:
            rules_of.setdefault(name, []).append(rule_id)
    stations = candidates.iloc[chosen].assign(year=[years[built[j]] for j in chosen])
    stations = stations.sort_values(["year", "site_id", "operator"], kind="stable")
    first = ~stations["site_id"].duplicated()
    cost = stations["station_cost_cny"] + stations["site_cost_cny"].where(first, 0.0)
    stations = stations.assign(
        cost_cny=cost,
        rules=[";".join(rules_of.get(name, [])) for name in stations.index],
        subsidy_cny=subsidies(stations, region.document.money, standing=today_stations),
    ).drop(columns=list(PRICES))
    return Selection(
        stations=stations,
        serving=served,
        objective=region.scenario.selection.objective,
        value=problem.cost(built),
        bound=bound,
        method=method,
        seconds=seconds,
        candidates=len(candidates),
        shortfalls=pd.DataFrame(
            [asdict(shortfall) for shortfall in shortfalls],
            columns=[part.name for part in fields(Shortfall)],
        ),
        relaxations=relaxations,
        explanation=_full(told),
        closed=closed_sites(region, candidates),
        alone=sole_cover(problem, built, candidates.index, demands),
    )


def _full(told: pd.DataFrame) -> pd.DataFrame:
    """Tell stations kept out by another of their own site apart from those near another site."""
    by = told["instead"].str.split(";").str[0].map(told["site_id"])
    full = told["reason"].eq("too near") & by.eq(told["site_id"])
    reason = told["reason"].mask(full, "full")
    return told.assign(reason=reason, reason_zh=reason.map(REASONS))


def _choose(
    region: Region, problem: Problem, candidates: pd.DataFrame
) -> tuple[Problem, NDArray[np.int32], float, str, float, pd.DataFrame]:
    """Search by the objective of the scenario, and give up as little as possible where nothing holds."""
    wishes = region.scenario.selection
    options: dict[str, Any] = {
        "gap": wishes.gap,
        "seed": wishes.seed,
        "time_limit_s": wishes.time_limit_s,
    }
    if wishes.objective == "tiers":
        reuse = np.full(len(problem.site_cost), "", dtype=object)
        reuse[problem.station_site] = candidates["reuse"].to_numpy(dtype=object)
        built, bound, method, seconds, last = optimise_tiers(problem, reuse, **options)
        problem = problem if problem.unmet(built) else last
    else:
        built, bound, method, seconds = optimise(problem, **options)
    table = pd.DataFrame(columns=["rule_id", "allowed", "needed"])
    if problem.unmet(built):
        relaxed = least_relaxation(problem, **options)
        if relaxed is not None:
            problem, built, bound = relaxed.problem, relaxed.built, relaxed.bound
            table = pd.DataFrame(list(relaxed.changes), columns=table.columns)
            sure = "at least" if relaxed.proven else "about"
            loads = any(kind.most_stations for kind in region.scenario.structures.values())
            apart = "distances between new structures"
            apart += " or what one may carry" if loads else ""
            what = (
                f"all limits must grow by {sure} {relaxed.factor - 1.0:.1%}"
                if relaxed.factor > 1.0
                else f"{apart} are given up"
            )
            method = f"rules and limits contradict each other: {what}"
    return problem, built, bound, method, seconds, table


def _places(region: Region, candidates: pd.DataFrame) -> NDArray[np.float64]:
    geometry = region.sites.geometry.loc[candidates["site_id"]]
    return np.column_stack([geometry.x, geometry.y])


def _distance_to_standing(
    region: Region,
    candidates: pd.DataFrame,
    today_stations: pd.DataFrame,
    places: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Distance to the nearest station of the same network that stands already, infinite without any."""
    distance = np.full(len(candidates), np.inf)
    networks = candidates[["operator", "technology"]]
    for network in networks.drop_duplicates().itertuples(index=False):
        standing = today_stations[
            (today_stations["operator"] == network.operator)
            & (today_stations["technology"] == network.technology)
        ]
        if len(standing):
            mine = networks["operator"].eq(network.operator)
            rows = (mine & networks["technology"].eq(network.technology)).to_numpy()
            distance[rows] = cKDTree(_places(region, standing)).query(places[rows])[0]
    return distance


def _networks(candidates: pd.DataFrame) -> NDArray[np.int64]:
    label = candidates["operator"] + " " + candidates["technology"]
    return np.asarray(pd.factorize(label, sort=True)[0])
