"""The chance that rules hold, against closed forms."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from siteplan.coverage.stations import station_table
from siteplan.demand import region_demands
from siteplan.targets import evaluate
from siteplan.targets.probability import Uncertainty, rule_probabilities
from tests import handmade as hand

NORMAL = NormalDist()
DRAWS = 4000
# three standard errors of a share from 4000 draws are at most 3 x 0.5 / sqrt(4000) = 0.024
TOLERANCE = 0.024
POINT_TARGETS = {
    "document": "t.toml",
    "years": [2021],
    "definitions": {"village-4G": "village-signal"},
}
VILLAGE_RULE = hand.rule("V", layer="villages", **{"class": "village"})


def places(*columns, **more):
    rows = [
        {
            "id": f"v{i}",
            "name": f"v{i}",
            "kind": "natural",
            "geometry": hand.point(x * 1000 + 500, 500),
        }
        | {key: values[i] for key, values in more.items()}
        for i, x in enumerate(columns)
    ]
    return hand.layer("villages", rows)


def chances(
    *rules, layers, level, sigma=8.0, error=0.0, apart_m=1.0, unknown=None, seed=1, draws=DRAWS
):
    region = hand.region(layers=layers, the_document=hand.document(*rules), targets=POINT_TARGETS)
    demands = region_demands(region)
    signal = hand.coverage(region, level, sigma_db=sigma, unknown=unknown)
    coverage = {("4G", 2021): signal}
    table = station_table(region, region.stations)
    found = rule_probabilities(
        region, demands, coverage, table, [2021],
        uncertainty=Uncertainty(
            decorrelation_m=apart_m, model_error_db=error, draws=draws, seed=seed
        ),
    )  # fmt: skip
    return found.set_index("rule_id"), evaluate(region, demands, coverage, table, [2021])


def test_one_place_has_the_chance_of_the_normal_distribution():
    # village-signal asks for -110 dBm: 4 dB less than the median, half a sigma of 8 dB
    found, _ = chances(VILLAGE_RULE, layers={"villages": places(3)}, level=-106.0)
    assert found.loc["V", "probability"] == pytest.approx(NORMAL.cdf(0.5), abs=TOLERANCE)


def test_places_apart_multiply_and_places_alike_do_not():
    layers = {"villages": places(1, 3, 5, 7)}
    apart, _ = chances(VILLAGE_RULE, layers=layers, level=-106.0)
    alike, _ = chances(VILLAGE_RULE, layers=layers, level=-106.0, apart_m=1e9)
    one = NORMAL.cdf(0.5)
    assert apart.loc["V", "probability"] == pytest.approx(one**4, abs=TOLERANCE)
    assert alike.loc["V", "probability"] == pytest.approx(one, abs=TOLERANCE)


def test_three_of_four_is_a_binomial():
    rule = VILLAGE_RULE | {"required": 0.75}
    found, _ = chances(rule, layers={"villages": places(1, 3, 5, 7)}, level=-106.0)
    p = NORMAL.cdf(0.5)
    assert found.loc["V", "probability"] == pytest.approx(p**4 + 4 * p**3 * (1 - p), abs=TOLERANCE)


def test_the_error_of_the_model_is_common_to_all_places():
    # no shadowing, an error of 8 dB for the region: all places stand or fall together
    layers = {"villages": places(1, 3, 5, 7)}
    found, _ = chances(VILLAGE_RULE, layers=layers, level=-106.0, sigma=0.0, error=8.0)
    assert found.loc["V", "probability"] == pytest.approx(NORMAL.cdf(0.5), abs=TOLERANCE)
    both, _ = chances(VILLAGE_RULE, layers={"villages": places(1)}, level=-106.0, error=6.0)
    assert both.loc["V", "probability"] == pytest.approx(NORMAL.cdf(0.4), abs=TOLERANCE)


@pytest.mark.parametrize("level", [-112.0, -110.0, -100.0])
def test_without_uncertainty_it_is_the_evaluation(level):
    layers = {
        "villages": places(1, 3, fibre=[True, None]),
        "zones": hand.layer(
            "zones",
            [{"id": "z", "name": "z", "kind": "built_up", "geometry": hand.box(0, 0, 3500, 900)}],
        ),
    }
    rules = [
        VILLAGE_RULE,
        VILLAGE_RULE | {"id": "F", "attributes": ["fibre"]},
        hand.rule("A", measure="pooled", required=0.6),
        hand.rule("I"),
    ]
    field = np.full((10, 10), level)
    field[:, 0] = -80.0
    found, evaluation = chances(*rules, layers=layers, level=field, sigma=0.0, draws=3)
    for name in ("V", "F", "A", "I"):
        row = evaluation.region_result(name, 2021)
        assert found.loc[name, "value_median"] == pytest.approx(row["value"], abs=1e-6)
        held = float(row["value"]) >= float(row["required"]) - 1e-9
        may = float(row["value_most"]) >= float(row["required"]) - 1e-9
        assert (found.loc[name, "probability"], found.loc[name, "probability_most"]) == (held, may)


def test_what_is_unknown_widens_the_chance():
    unknown = np.ones((10, 10), dtype=bool)
    found, _ = chances(
        VILLAGE_RULE, layers={"villages": places(3)}, level=np.nan, unknown=unknown, draws=10
    )
    assert found.loc["V", ["probability", "probability_most"]].tolist() == [0.0, 1.0]


def test_a_stronger_signal_never_lowers_the_chance():
    layers = {"villages": places(1, 2, 3)}
    found = [
        chances(VILLAGE_RULE, layers=layers, level=level, apart_m=500.0)[0].loc["V", "probability"]
        for level in (-120.0, -112.0, -108.0, -100.0)
    ]
    assert found == sorted(found)


def test_the_seed_fixes_the_draws():
    layers = {"villages": places(1, 2, 3)}
    same = [chances(VILLAGE_RULE, layers=layers, level=-107.0, seed=s)[0] for s in (1, 1, 2)]
    assert same[0].equals(same[1])
    assert not same[0].equals(same[2])


def test_a_measured_rule_has_a_range_and_no_chance():
    rule = VILLAGE_RULE | {"strict": False}
    found, _ = chances(rule, layers={"villages": places(1, 2, 3)}, level=-107.0)
    assert math.isnan(found.loc["V", "probability"])
    assert (
        found.loc["V", "value_low"]
        <= found.loc["V", "value_median"]
        <= found.loc["V", "value_high"]
    )


def test_without_a_published_spread_nothing_is_promised():
    found, _ = chances(VILLAGE_RULE, layers={"villages": places(3)}, level=-90.0, sigma=math.nan)
    assert found.loc["V"].drop("year").isna().all()


@pytest.mark.parametrize("decorrelation_m", [200.0, 1000.0, 5000.0])
def test_the_chance_over_correlated_places_against_cholesky(decorrelation_m):
    # Five villages 1 to 8 km apart, 4 dB over the level at 8 dB of spread: all five, and three of five. The
    # other way: the whole covariance exp(-distance / decorrelation) factored at once, 100,000 draws of it.
    columns = np.array([0, 1, 2, 5, 8])
    layers = {"villages": places(*columns)}
    rules = [VILLAGE_RULE, VILLAGE_RULE | {"id": "T", "required": 0.6}]
    found, _ = chances(*rules, layers=layers, level=-106.0, apart_m=decorrelation_m)
    apart_m = 1000.0 * np.abs(columns[:, None] - columns)
    factor = np.linalg.cholesky(np.exp(-apart_m / decorrelation_m))
    drawn = factor @ np.random.default_rng(7).standard_normal((5, 100_000))
    covered = (4.0 + 8.0 * drawn >= 0.0).mean(axis=0)
    assert found.loc["V", "probability"] == pytest.approx((covered == 1.0).mean(), abs=TOLERANCE)
    assert found.loc["T", "probability"] == pytest.approx((covered >= 0.6).mean(), abs=TOLERANCE)
