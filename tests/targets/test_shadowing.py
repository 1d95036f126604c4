"""Drawn shadowing against the covariance that it must have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.targets.shadowing import shadow_field

DRAWS = 20_000
TOLERANCE = 0.015


def correlation(places_m, decorrelation_m):
    apart = np.linalg.norm(places_m[:, None] - places_m[None], axis=-1)
    return np.exp(-apart / decorrelation_m)


def implied(places_m, decorrelation_m):
    """Covariance of the draws, without chance: what each unit of noise does to each place."""
    field = shadow_field(places_m, decorrelation_m=decorrelation_m)
    n = len(places_m)
    effect = np.zeros((n + 1, n))
    for i in range(n):
        effect[i] = field.weights[i] @ effect[field.neighbours[i]]
        effect[i, i] += field.spread[i]
    covariance = np.empty((n, n))
    covariance[np.ix_(field.order, field.order)] = effect[:n] @ effect[:n].T
    return covariance


def drawn(places_m, decorrelation_m, seed=1):
    field = shadow_field(places_m, decorrelation_m=decorrelation_m)
    return field.draw(np.random.default_rng(seed), DRAWS)


@pytest.mark.parametrize("decorrelation_m", [13.0, 50.0, 120.0, 500.0])
def test_on_a_grid_neighbours_are_alike_as_gudmundson_says(decorrelation_m):
    east, north = np.meshgrid(np.arange(12) * 30.0, np.arange(12) * 30.0)
    places = np.column_stack([east.ravel(), north.ravel()])
    found = implied(places, decorrelation_m)
    np.testing.assert_allclose(found, correlation(places, decorrelation_m), atol=TOLERANCE)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.floats(20.0, 300.0))
def test_on_scattered_places(seed, decorrelation_m):
    places = np.random.default_rng(seed).uniform(0.0, 1000.0, size=(60, 2))
    found = implied(places, decorrelation_m)
    np.testing.assert_allclose(found, correlation(places, decorrelation_m), atol=TOLERANCE)


def test_along_a_road_and_far_away():
    places = np.column_stack([np.r_[np.arange(200) * 45.0, 1e6], np.zeros(201)])
    found = implied(places, 120.0)
    np.testing.assert_allclose(found, correlation(places, 120.0), atol=TOLERANCE)


def test_the_draws_have_that_covariance():
    places = np.random.default_rng(3).uniform(0.0, 200.0, size=(20, 2))
    # the standard error of a covariance from 20,000 draws is at most sqrt(2 / 20,000) = 0.01
    np.testing.assert_allclose(np.cov(drawn(places, 80.0)), implied(places, 80.0), atol=0.05)


def test_two_things_in_one_place_share_their_shadow():
    places = np.array([[0.0, 0.0], [0.0, 0.0], [400.0, 0.0]])
    assert np.corrcoef(drawn(places, 50.0))[0, 1] > 0.999


def test_few_and_none():
    assert drawn(np.zeros((0, 2)), 50.0).shape == (0, DRAWS)
    assert np.std(drawn(np.zeros((1, 2)), 50.0)) == pytest.approx(1.0, abs=0.02)
    with pytest.raises(ValueError, match="positive"):
        shadow_field(np.zeros((1, 2)), decorrelation_m=0.0)


def test_the_same_seed_draws_the_same():
    places = np.random.default_rng(0).uniform(0.0, 500.0, size=(30, 2))
    np.testing.assert_array_equal(drawn(places, 50.0), drawn(places, 50.0))
