"""
How likely each rule is to hold, given what models and shadowing leave open.

Levels are drawn around their median: the shadowing of the best server, correlated between neighbouring
places, and one error of the model for the whole region. The server and the interference stay as they are
in the median: another station may take over in a deep shadow, so that the chance told is rather too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.propagation.tr38901_statistics import SHADOW_DECORRELATION_M
from siteplan.targets.coverage_rules import SHARE_TOLERANCE, flags_of
from siteplan.targets.operators import of_operator, signals_of
from siteplan.targets.shadowing import shadow_field
from siteplan.targets.states import near_items
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from siteplan.catalog import Rule
    from siteplan.coverage.network import Coverage
    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.scenario import Scenario

_FIGURES: Final = ("probability", "probability_most", "value_low", "value_median", "value_high")

CHUNK: Final = 2**24
"""Levels that are held at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """
    What is not known about levels besides their shadowing.

    Attributes
    ----------
    decorrelation_m : float
        Distance at which shadowing is alike by 1/e. [m]
    model_error_db : float
        Standard deviation of the model's error for the region as a whole. [dB]
    draws : int
        Draws.
    seed : int
        Seed of the draws.
    """

    decorrelation_m: float
    model_error_db: float
    draws: int = 1000
    seed: int = 1

    @classmethod
    def of(cls, scenario: Scenario) -> Uncertainty:
        """
        Take what a scenario says, and the published decorrelation distance where it says nothing.

        Parameters
        ----------
        scenario : Scenario
            With radio assumptions.

        Returns
        -------
        uncertainty : Uncertainty
            Models without a published distance take that of TR 38.901 UMa.

        References
        ----------
        .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.5-6, correlation distance of the shadowing, out of sight.
        """
        radio = scenario.radio
        kind = radio.macro_model.removeprefix("tr38901-")
        key = (kind, "hidden") if (kind, "hidden") in SHADOW_DECORRELATION_M else ("uma", "hidden")
        return cls(
            decorrelation_m=radio.decorrelation_m or SHADOW_DECORRELATION_M[key],
            model_error_db=radio.model_error_db,
            draws=scenario.targets.draws,
            seed=scenario.selection.seed,
        )


def rule_probabilities(
    region: Region,
    demands: Mapping[str, Demand],
    coverage: Mapping[tuple[str, int], Coverage],
    stations: pd.DataFrame,
    years: Sequence[int],
    *,
    uncertainty: Uncertainty,
    by_operator: Mapping[tuple[str, str, int], Coverage] | None = None,
) -> pd.DataFrame:
    """
    Chance that each coverage rule holds at the end of each year.

    Parameters
    ----------
    region : Region
        With document and scenario.
    demands : mapping of str to Demand
        From :func:`siteplan.demand.region_demands`.
    coverage : mapping of (technology, year) to Coverage
        With the standard deviation of the levels.
    stations : DataFrame
        Stations of the network, for distance rules.
    years : sequence of int
        Years to judge.
    uncertainty : Uncertainty
        What is drawn, and how often.
    by_operator : mapping of (operator, technology, year) to Coverage, optional
        From :func:`siteplan.targets.operator_coverage`, for rules that each of several operators must meet.

    Returns
    -------
    probabilities : DataFrame
        One row per rule and year: ``rule_id``, ``year``, ``probability`` that the rule holds (what is
        unknown counts as not covered), ``probability_most`` (as covered), and the range of the value:
        ``value_low``, ``value_median``, ``value_high`` (5, 50 and 95 % of the draws). A rule that has no
        pass mark has NaN for the probabilities; all are NaN where a model publishes no spread.
    """
    rows: list[dict[str, object]] = []
    rules = [rule for rule in region.document.rules if rule.kind == "coverage"]
    rules = [rule for rule in rules if rule.id in demands and len(demands[rule.id].items)]
    judges: dict[tuple[object, ...], _Judge] = {}
    cases: list[tuple[Rule, int, list[_Judge]]] = []
    for rule in rules:
        for year in years:
            mine = []
            for operator, signal in signals_of(region, rule, year, coverage, by_operator).items():
                key = (operator, *_same_values(region, rule, demands[rule.id], signal))
                if key not in judges:
                    own = stations[of_operator(stations, operator)]
                    judges[key] = _Judge(region, rule, demands[rule.id], signal, own)
                mine.append(judges[key])
            cases.append((rule, year, mine))
    networks: dict[tuple[str, str], list[_Judge]] = {}
    for key, judge in judges.items():
        networks.setdefault((str(judge.rule.technology), str(key[0])), []).append(judge)
    for place, (_, group) in enumerate(sorted(networks.items()), start=1):
        _draw(region, group, uncertainty, stream=place)
    rows.extend(_row(region, rule, year, mine) for rule, year, mine in cases)
    return pd.DataFrame(rows)


def _same_values(
    region: Region, rule: Rule, demand: Demand, coverage: Coverage
) -> tuple[object, ...]:
    """Key that is equal where the values of two rules or years must be."""
    name, definition = region.scenario.definition(rule)
    # years without change share one array, but not the stations that a distance counts from
    year = coverage.year if definition.distance_m is not None else None
    return id(demand), name, id(coverage.rsrp_cdbm), rule.measure, tuple(rule.attributes), year


def _row(region: Region, rule: Rule, year: int, judges: list[_Judge]) -> dict[str, object]:
    """Sum up all draws; of several operators the one that does worst counts, draw by draw."""
    if not all(judge.spread_known for judge in judges):
        return {"rule_id": rule.id, "year": year} | dict.fromkeys(_FIGURES, np.nan)
    values = np.min([np.concatenate(judge.values) for judge in judges], axis=0)
    most = np.min([np.concatenate(judge.most) for judge in judges], axis=0)
    need = region.scenario.required_share(rule) - SHARE_TOLERANCE
    return {
        "rule_id": rule.id,
        "year": year,
        "probability": float((values >= need).mean()) if rule.strict else np.nan,
        "probability_most": float((most >= need).mean()) if rule.strict else np.nan,
        "value_low": float(np.quantile(values, 0.05)),
        "value_median": float(np.quantile(values, 0.5)),
        "value_high": float(np.quantile(values, 0.95)),
    }


def _draw(region: Region, judges: list[_Judge], uncertainty: Uncertainty, *, stream: int) -> None:
    """
    Draw unit shadowing at the cells, and the error of the model, some draws at a time, and judge them.

    The shadowing of each technology and operator is its own, the error of the model common to all.
    """
    cells = np.unique(np.concatenate([part.own for judge in judges for part in judge.parts]))
    row, column = np.divmod(cells, region.geobox.shape[1])
    places = np.column_stack([column, -row]) * region.resolution_m
    field = shadow_field(places, decorrelation_m=uncertainty.decorrelation_m)
    # the numbers of the streams start at 1: a stream 0 would be that of the seed alone
    common = np.random.default_rng(uncertainty.seed)
    random = np.random.default_rng([uncertainty.seed, stream])
    positions = {part: np.searchsorted(cells, part.own) for judge in judges for part in judge.parts}
    step = max(CHUNK // max(len(cells), 1), 1)
    for first in range(0, uncertainty.draws, step):
        draws = min(step, uncertainty.draws - first)
        error = common.standard_normal(draws, dtype=np.float32)
        error *= np.float32(uncertainty.model_error_db)
        shadow = field.draw(random, draws)
        for judge in judges:
            judge.take([(shadow[positions[part]], error) for part in judge.parts])


class _Judge:
    """Value of one rule with one network, in every draw."""

    def __init__(
        self, region: Region, rule: Rule, demand: Demand, coverage: Coverage, stations: pd.DataFrame
    ) -> None:
        self.rule = rule
        both = [demand] if demand.doubtful is None else [demand, demand.doubtful]
        self.parts = [_Part(region, rule, part, coverage, stations) for part in both]
        self.spread_known = all(part.spread_known for part in self.parts)
        self.values: list[NDArray[np.float64]] = []
        self.most: list[NDArray[np.float64]] = []

    def take(self, deviations: list[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> None:
        """Judge some draws."""
        amounts = [
            part.amounts(*deviation) for part, deviation in zip(self.parts, deviations, strict=True)
        ]
        count, sure, maybe = amounts[0]
        if len(amounts) == 1:
            self.values.append(sure / count)
            self.most.append(maybe / count)
            return
        # at worst the rule speaks of those doubtful items that are not covered, at best of those that are
        more, more_sure, more_maybe = amounts[1]
        self.values.append(sure / (count + more - more_sure))
        self.most.append((maybe + more_maybe) / (count + more_maybe))


class _Part:
    """Items of which the rule surely speaks, or of which nobody knows it."""

    def __init__(
        self, region: Region, rule: Rule, demand: Demand, coverage: Coverage, stations: pd.DataFrame
    ) -> None:
        _, definition = region.scenario.definition(rule)
        self.pooled = rule.measure == "pooled"
        inside = demand.cell >= 0
        own, where = np.unique(demand.cell[inside], return_inverse=True)
        self.own = own
        shape = (len(demand.items), len(own))
        self.weight = csr_array((demand.weight[inside], (demand.item[inside], where)), shape=shape)
        self.total = demand.item_weight()
        self.outside = self.total - np.asarray(self.weight.sum(axis=1)).reshape(-1)
        self.need = definition.share * self.total * (1.0 - SHARE_TOLERANCE)
        level = coverage.rsrp_cdbm.reshape(-1)[own]
        slack = level / CENTI - definition.rsrp_dbm
        if definition.sinr_db is not None:
            ratio = coverage.sinr_cdb.reshape(-1)[own] / CENTI - definition.sinr_db
            slack = np.minimum(slack, ratio)
        heard = level > UNKNOWN_SIGNAL
        self.slack = np.where(heard, slack, -np.inf).astype(np.float32)[:, None]
        sigma = np.where(heard, coverage.sigma_db.reshape(-1)[own], 0.0)
        self.spread_known = not np.isnan(sigma).any()
        self.sigma = sigma.astype(np.float32)[:, None]
        self.unknown = coverage.unknown.reshape(-1)[own][:, None]
        self.near = np.zeros(len(demand.items), dtype=bool)
        if definition.distance_m is not None:
            in_service = stations[stations["year"] <= coverage.year]
            self.near = near_items(
                region, demand, in_service, coverage.technology, definition.distance_m
            )
        self.lacking, self.blank = flags_of(demand, rule)

    def amounts(
        self, shadow: NDArray[np.float32], error: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Items, or weight when pooled: in all, and in each draw surely covered and perhaps covered."""
        covered = self.slack + self.sigma * shadow + error >= 0.0
        sure = self._items(covered)
        possible = self._items(covered | self.unknown) + self.outside[:, None]
        possible = np.minimum(possible, self.total[:, None])
        if self.pooled:
            return float(self.total.sum()), sure.sum(axis=0), possible.sum(axis=0)
        met = (sure >= self.need[:, None]) & ~self.blank[:, None] & ~self.lacking[:, None]
        may = (possible >= self.need[:, None]) & ~self.lacking[:, None]
        return float(len(self.total)), met.sum(axis=0), may.sum(axis=0)

    def _items(self, covered: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Covered weight of each item in each draw."""
        found = np.asarray(self.weight @ covered.astype(np.float32))
        found[self.near] = self.total[self.near, None]
        return found
