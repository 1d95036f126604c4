"""Probability of line of sight and shadow fading of 3GPP TR 38.901."""

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.propagation.tr38901_statistics import (
    SHADOW_DECORRELATION_M,
    MobileState,
    Scenario,
    rma_line_of_sight_probability,
    rma_shadow_sigma,
    shadow_correlation,
    uma_line_of_sight_probability,
    uma_shadow_sigma,
    umi_line_of_sight_probability,
    umi_shadow_sigma,
)

law = settings(deadline=None, derandomize=True, max_examples=60)
scenarios = st.sampled_from(get_args(Scenario))
states = st.sampled_from(get_args(MobileState))
metres = st.floats(0.0, 10_000.0)
masts = st.floats(10.0, 150.0)
mobiles = st.floats(1.5, 10.0)


# --- probability of line of sight -----------------------------------------------------------------


def printed_probability(scenario, d, hm):
    """Table 7.4.2-1 as printed."""
    if scenario == "rma":
        return 1.0 if d <= 10.0 else math.exp(-(d - 10.0) / 1000.0)
    if d <= 18.0:
        return 1.0
    decay = {"uma": 63.0, "umi": 36.0}[scenario]
    street = 18.0 / d + math.exp(-d / decay) * (1.0 - 18.0 / d)
    if scenario == "umi":
        return street
    tall = 0.0 if hm <= 13.0 else ((hm - 13.0) / 10.0) ** 1.5
    return street * (1.0 + tall * 5.0 / 4.0 * (d / 100.0) ** 3 * math.exp(-d / 150.0))


@law
@given(metres, st.floats(1.0, 23.0))
def test_probabilities_agree_with_the_table(distance, hm):
    found = {
        "uma": uma_line_of_sight_probability(distance, mobile_height_m=hm),
        "umi": umi_line_of_sight_probability(distance),
        "rma": rma_line_of_sight_probability(distance),
    }
    for scenario, probability in found.items():
        assert 0.0 <= probability <= 1.0
        expected = min(printed_probability(scenario, distance, hm), 1.0)
        assert probability == pytest.approx(expected, abs=1e-12)


@law
@given(metres, metres)
def test_probabilities_never_rise_with_distance(distance, further):
    both = np.array([distance, distance + further])
    for near, far in (
        uma_line_of_sight_probability(both, mobile_height_m=1.5),
        umi_line_of_sight_probability(both),
        rma_line_of_sight_probability(both),
    ):
        assert far <= near + 1e-12


@law
@given(metres, st.floats(1.0, 23.0), st.floats(1.0, 23.0))
def test_a_taller_mobile_sees_no_less(distance, one, other):
    low, high = sorted((one, other))
    below, above = uma_line_of_sight_probability(distance, mobile_height_m=[low, high])
    assert below <= above + 1e-12


def test_probabilities_keep_missing_values_and_shapes():
    distance = np.array([[np.nan], [100.0]])
    probability = uma_line_of_sight_probability(distance, mobile_height_m=[1.5, 20.0, np.nan])
    assert np.isnan(probability).tolist() == [[True] * 3, [False, False, True]]
    for each in (umi_line_of_sight_probability, rma_line_of_sight_probability):
        assert np.isnan(each(distance)).tolist() == [[True], [False]]


def test_probabilities_refuse_what_the_table_does_not_know():
    with pytest.raises(ValueError, match="must not exceed 23"):
        uma_line_of_sight_probability(100.0, mobile_height_m=24.0)
    for each in (umi_line_of_sight_probability, rma_line_of_sight_probability):
        with pytest.raises(ValueError, match="distance must not be negative"):
            each([1.0, -1.0])


# --- shadow fading -------------------------------------------------------------------------


def test_spreads_are_those_of_the_table():
    sight = np.array([True, False])
    assert uma_shadow_sigma(line_of_sight=sight).tolist() == [4.0, 6.0]
    assert umi_shadow_sigma(line_of_sight=sight).tolist() == [4.0, 7.82]


@law
@given(st.floats(500.0, 7000.0), masts, mobiles)
def test_the_spread_of_rma_grows_at_the_breakpoint(f, hb, hm):
    here = 2.0 * math.pi * hb * hm * f * 1e6 / 3e8
    sigma_db = rma_shadow_sigma(
        here * np.array([0.999, 1.001, 1.001, np.nan]),
        frequency_mhz=f,
        base_height_m=hb,
        mobile_height_m=hm,
        line_of_sight=np.array([True, True, False, False]),
    )
    np.testing.assert_array_equal(sigma_db, [4.0, 6.0, 8.0, np.nan])


def test_spreads_refuse_a_line_of_sight_that_is_a_probability():
    with pytest.raises(ValueError, match="line_of_sight must be boolean"):
        umi_shadow_sigma(line_of_sight=[0.2, 0.9])


def test_the_decorrelation_distances_are_those_of_two_other_programs():
    # Both cite Table 7.5-6: ns-3 outdoors, WiLab-plus for UMa indoors.
    others = {
        ("uma", "seen"): 37.0,
        ("uma", "hidden"): 50.0,
        ("uma", "indoor"): 7.0,
        ("umi", "seen"): 10.0,
        ("umi", "hidden"): 13.0,
        ("rma", "seen"): 37.0,
        ("rma", "hidden"): 120.0,
    }
    assert others.items() <= SHADOW_DECORRELATION_M.items()
    assert set(SHADOW_DECORRELATION_M) == {
        (scenario, state) for scenario in get_args(Scenario) for state in get_args(MobileState)
    }
    with pytest.raises(TypeError):
        SHADOW_DECORRELATION_M["uma", "seen"] = 1.0


@law
@given(scenarios, states, metres, metres)
def test_correlation_forgets_the_same_share_on_every_metre(scenario, state, one, other):
    at = shadow_correlation(
        [0.0, one, other, one + other, SHADOW_DECORRELATION_M[scenario, state]],
        scenario=scenario,
        state=state,
    )
    assert at[0] == 1.0
    assert at[3] == pytest.approx(at[1] * at[2], rel=1e-9, abs=1e-300)
    assert at[4] == pytest.approx(1.0 / math.e)


def test_correlation_keeps_missing_values_and_refuses_nonsense():
    assert np.isnan(shadow_correlation([np.nan], scenario="rma", state="seen")).all()
    with pytest.raises(ValueError, match="distance must not be negative"):
        shadow_correlation(-1.0, scenario="rma", state="seen")
    with pytest.raises(ValueError, match="give one of uma, umi, rma: got 'inf'"):
        shadow_correlation(1.0, scenario="inf", state="seen")
    with pytest.raises(ValueError, match="give one of seen, hidden, indoor: got 'los'"):
        shadow_correlation(1.0, scenario="uma", state="los")
