"""Probabilities of coverage: tables, integrals over the disc, draws, and what they must obey."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from siteplan.coverage.reliability import (
    area_margin,
    area_probability,
    edge_margin,
    point_probability,
)

sigmas = st.floats(0.5, 15.0)
exponents = st.floats(1.5, 6.0)
margins = st.floats(-30.0, 30.0)
law = settings(max_examples=100, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("probability", "deviations"),
    # quantiles of the normal distribution, from any table
    [(0.5, 0.0), (0.75, 0.674490), (0.9, 1.281552), (0.95, 1.644854), (0.99, 2.326348)],
)
def test_edge_margins_are_quantiles(probability, deviations):
    assert edge_margin(probability, sigma_db=8.0) == pytest.approx(8.0 * deviations, abs=1e-5)
    found = point_probability(-105.0 + 8.0 * deviations, threshold_dbm=-105.0, sigma_db=8.0)
    assert found == pytest.approx(probability, abs=1e-6)


@law
@given(margins, sigmas, exponents)
def test_the_closed_form_is_the_integral_over_the_disc(margin, sigma, exponent):
    def ring(r):
        level = margin - 10.0 * exponent * math.log10(r)
        return 2.0 * r * 0.5 * math.erfc(-level / (sigma * math.sqrt(2.0)))

    expected, _ = quad(ring, 0.0, 1.0, limit=200)
    found = area_probability(margin, sigma_db=sigma, exponent=exponent)
    assert found == pytest.approx(expected, abs=1e-6)


def test_draws_agree():
    random = np.random.default_rng(1)
    distance = np.sqrt(random.uniform(0.0, 1.0, 400_000))
    level = 5.0 - 35.0 * np.log10(distance) + random.normal(0.0, 8.0, distance.size)
    found = area_probability(5.0, sigma_db=8.0, exponent=3.5)
    assert found == pytest.approx((level >= 0.0).mean(), abs=0.003)


@law
@given(margins, sigmas, exponents, st.floats(0.0, 10.0))
def test_more_margin_is_surer_and_the_area_is_surer_than_the_edge(margin, sigma, exponent, more):
    here = area_probability(margin, sigma_db=sigma, exponent=exponent)
    assert area_probability(margin + more, sigma_db=sigma, exponent=exponent) >= here - 1e-12
    edge = point_probability(margin, threshold_dbm=0.0, sigma_db=sigma)
    assert edge - 1e-12 <= here <= 1.0


@law
@given(st.floats(0.01, 0.999), sigmas, exponents)
def test_the_margin_reaches_the_area(probability, sigma, exponent):
    margin = area_margin(probability, sigma_db=sigma, exponent=exponent)
    found = area_probability(margin, sigma_db=sigma, exponent=exponent)
    assert found == pytest.approx(probability, abs=1e-9)
    assert margin <= edge_margin(probability, sigma_db=sigma) + 1e-9


def test_without_spread_a_point_is_sure():
    found = point_probability([-105.0, -105.1, np.nan, -90.0], threshold_dbm=-105.0, sigma_db=0.0)
    np.testing.assert_array_equal(found, [1.0, 0.0, np.nan, 1.0])
    found = point_probability([-90.0, -90.0], threshold_dbm=-105.0, sigma_db=[np.nan, 8.0])
    np.testing.assert_array_equal(np.isnan(found), [True, False])


def test_extremes_stay_probabilities():
    for margin in (-1e4, -300.0, 300.0, 1e4):
        for sigma in (1e-3, 1.0, 50.0):
            found = area_probability(margin, sigma_db=sigma, exponent=2.0)
            assert 0.0 <= found <= 1.0


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, 95.0, math.nan])
def test_what_cannot_be_reached_is_refused(probability):
    with pytest.raises(ValueError, match=r"0\.95 for 95 %"):
        edge_margin(probability, sigma_db=8.0)
    with pytest.raises(ValueError, match=r"0\.95 for 95 %"):
        area_margin(probability, sigma_db=8.0, exponent=3.5)


@pytest.mark.parametrize(
    ("sigma", "exponent"), [(0.0, 3.5), (-1.0, 3.5), (8.0, 0.0), (math.nan, 2)]
)
def test_what_is_no_spread_is_refused(sigma, exponent):
    with pytest.raises(ValueError, match="above 0"):
        area_probability(3.0, sigma_db=sigma, exponent=exponent)
    with pytest.raises(ValueError, match="cannot be negative"):
        point_probability(3.0, threshold_dbm=0.0, sigma_db=-1.0)


@pytest.mark.parametrize("sigma_db", [math.nan, math.inf])
def test_no_margin_from_an_unknown_spread(sigma_db):
    with pytest.raises(ValueError, match="standard deviation"):
        edge_margin(0.9, sigma_db=sigma_db)
