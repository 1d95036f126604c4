"""From a region to the chosen stations: problem, greedy, solver, bound, and what each station is for."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siteplan.errors import Fault, InputError
from siteplan.selection.blocks import build_problem
from siteplan.selection.bound import lagrangian_bound
from siteplan.selection.candidates import candidate_stations
from siteplan.selection.explain import explain, serving
from siteplan.selection.greedy import drop_superfluous, greedy
from siteplan.selection.money import subsidies
from siteplan.selection.solve import solve
from siteplan.selection.spread import spread_counts
from siteplan.selection.wishes import check_wishes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.selection.problem import Problem
    from siteplan.targets import Evaluation


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
    objective : {"cost", "reuse"}
        What was minimised: discounted yuan, or stations with weights for the structures they open.
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
        Needs that no candidate can meet: ``rule_id``, ``item_id``, ``name``, ``reachable``, ``needed``.
    explanation : DataFrame
        Every candidate, chosen or not, and why: see :func:`siteplan.selection.explain.explain`.
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
    explanation: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)

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
        value = (
            f"Discounted cost {self.value / 1e4:,.0f} x 10,000 CNY"
            if self.objective == "cost"
            else f"Reuse objective {self.value:,.1f} (stations, with weights for what they open)"
        )
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
        }


def select_stations(
    region: Region,
    demands: Mapping[str, Demand],
    today: Evaluation,
    today_stations: pd.DataFrame,
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
    problem, shortfalls = build_problem(region, demands, today, today_stations, candidates)
    built, bound, method, seconds = optimise(
        problem,
        time_limit_s=region.scenario.selection.time_limit_s,
        gap=region.scenario.selection.gap,
        seed=region.scenario.selection.seed,
    )
    places = _places(region, candidates)
    standing_m = _distance_to_standing(region, candidates, today_stations, places)
    built = spread_counts(problem, built, places, _networks(candidates), standing_m)
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
    ).drop(columns=["station_cost_cny", "site_cost_cny", "station_price", "site_price"])
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
            columns=["rule_id", "item_id", "name", "reachable", "needed"],
        ),
        explanation=explain(problem, built, candidates.index),
    )


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


def optimise(
    problem: Problem, *, time_limit_s: float, gap: float, seed: int
) -> tuple[NDArray[np.int32], float, str, float]:
    """
    Best choice found within the time, with a proven bound.

    Parameters
    ----------
    problem : Problem
        The problem.
    time_limit_s : float
        Longest search of the solver. [s]
    gap : float
        Relative gap at which the solver stops.
    seed : int
        Seed of the solver.

    Returns
    -------
    built : ndarray of int32, shape (stations,)
        Period in which each station goes into service; ``problem.periods`` when it is not built.
    bound : float
        No choice costs less. [CNY]
    method : str
        Where the choice comes from.
    seconds : float
        Time taken. [s]
    """
    began = time.perf_counter()
    built = greedy(problem)
    cost = problem.cost(built)
    if cost <= 0.0:
        return built, cost, "nothing to build", time.perf_counter() - began
    holds = not problem.unmet(built)
    if (
        not holds
    ):  # spacing can keep greedy from what a search finds; nothing costs more than all at once
        cost = problem.cost(np.zeros(problem.stations, dtype=np.int32))
    bound = lagrangian_bound(problem, cost)
    method = "greedy, Lagrangian bound"
    if cost - bound > gap * cost:
        solution = solve(problem, built, time_limit_s=time_limit_s, gap=gap, seed=seed)
        if solution is not None:
            bound = max(bound, solution.bound)
            if solution.built is not None:
                better = drop_superfluous(problem, solution.built)
                if problem.unmet(better) or problem.cost(better) > problem.cost(solution.built):
                    better = solution.built
                if not problem.unmet(better) and (problem.cost(better) <= cost or not holds):
                    built, cost = better, problem.cost(better)
                    method, holds = f"HiGHS ({solution.status})", True
    if not holds:
        cost, method = problem.cost(built), f"{method}; not met: {', '.join(problem.unmet(built))}"
    return built, min(bound, cost), method, time.perf_counter() - began
