"""Losses into buildings and cars of 3GPP TR 38.901."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.propagation.tr38901_o2i import (
    CAR_LOSS_DB,
    CAR_SIGMA_DB,
    CAR_VALIDITY,
    O2I_REACH_M,
    O2I_SIGMA_DB,
    o2i_inside_distance,
    o2i_inside_loss,
    o2i_loss,
)

law = settings(deadline=None, derandomize=True, max_examples=60)


@law
@given(st.floats(500.0, 1e5))
def test_building_loss_lies_between_its_materials(f):
    ghz = f / 1e3
    concrete, glass, coated = 5.0 + 4.0 * ghz, 2.0 + 0.2 * ghz, 23.0 + 0.3 * ghz
    for model, window, share in (("low", glass, 0.3), ("high", coated, 0.7)):
        through = share * 10.0 ** (-window / 10.0) + (1.0 - share) * 10.0 ** (-concrete / 10.0)
        loss_db = o2i_loss(f, model=model)
        assert loss_db == pytest.approx(5.0 - 10.0 * math.log10(through), abs=1e-9)
        assert min(window, concrete) <= loss_db - 5.0 <= max(window, concrete)


def test_building_loss_grows_with_frequency_and_coated_glass():
    f = np.geomspace(500.0, 1e5, 50)
    low, high = o2i_loss(f, model="low"), o2i_loss(f, model="high")
    assert (np.diff(low) > 0.0).all()
    assert (np.diff(high) > 0.0).all()
    assert (high > low).all()
    assert np.isnan(o2i_loss(np.nan, model="low"))
    assert set(O2I_SIGMA_DB) == {"low", "high"}


def test_building_loss_refuses_other_buildings():
    with pytest.raises(ValueError, match='"low" or "high": got \'medium\''):
        o2i_loss(700.0, model="medium")
    for wrong in (0.0, -700.0, np.inf):
        with pytest.raises(ValueError, match="frequency_mhz must be a positive number"):
            o2i_loss([700.0, np.nan, wrong], model="low")


@law
@given(st.sampled_from(sorted(O2I_REACH_M)), st.integers(0, 2**32 - 1))
def test_distances_inside_are_the_lesser_of_two_draws(scenario, seed):
    draws = np.random.default_rng(seed).uniform(0.0, O2I_REACH_M[scenario], (2, 4000)).min(axis=0)
    for percent in (10.0, 50.0, 90.0):
        limit = o2i_inside_distance(scenario=scenario, mobile_percent=percent)
        share = 100.0 * np.mean(draws <= limit)
        spread = math.sqrt(percent * (100.0 - percent) / draws.size)
        assert share == pytest.approx(percent, abs=5.0 * spread)


def test_distances_inside_begin_at_the_wall_and_end_at_the_reach():
    for scenario, reach in O2I_REACH_M.items():
        percent = np.array([0.0, 100.0, np.nan])
        first, last, missing = o2i_inside_distance(scenario=scenario, mobile_percent=percent)
        assert first == 0.0
        assert last == reach
        assert math.isnan(missing)
        fine = np.linspace(0.0, 100.0, 100_001)
        mean = o2i_inside_distance(scenario=scenario, mobile_percent=fine).mean()
        assert mean == pytest.approx(reach / 3.0, rel=1e-3)
    with pytest.raises(ValueError, match="scenario must be one of uma, umi, rma: got 'inh'"):
        o2i_inside_distance(scenario="inh")
    with pytest.raises(ValueError, match="mobile_percent must lie between 0 and 100"):
        o2i_inside_distance(scenario="uma", mobile_percent=[50.0, 101.0])


def test_each_metre_inside_costs_half_a_decibel():
    loss_db = o2i_inside_loss([[0.0, 8.0], [25.0, np.nan]])
    np.testing.assert_array_equal(loss_db, [[0.0, 4.0], [12.5, np.nan]])
    with pytest.raises(ValueError, match="distance must not be negative: got -1 m"):
        o2i_inside_loss([np.nan, -1.0])


def test_cars_are_those_of_the_report():
    # Section 7.4.3.2: mu = 9, sigma = 5, optionally mu = 20, for at least 0.6 to 60 GHz.
    assert dict(CAR_LOSS_DB) == {"plain": 9.0, "metallized": 20.0}
    assert CAR_SIGMA_DB == 5.0
    assert CAR_VALIDITY["frequency_mhz"] == (600.0, 60_000.0)
    for table in (CAR_LOSS_DB, CAR_VALIDITY, O2I_SIGMA_DB, O2I_REACH_M):
        with pytest.raises(TypeError):
            table["plain"] = 0.0
