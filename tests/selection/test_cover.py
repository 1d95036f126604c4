"""Maximal covering and set covering against brute force and known optima."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.errors import InputError
from siteplan.selection._cover_bound import bound_most
from siteplan.selection.cover import _merged, max_cover, set_cover


def small(seed):
    rng = np.random.default_rng(seed)
    sites, demand = int(rng.integers(1, 8)), int(rng.integers(1, 20))
    cover = rng.random((sites, demand)) < rng.uniform(0.1, 0.6)
    return sp.csr_array(cover), rng.integers(0, 9, demand).astype(float), rng


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_most_covered_equals_brute_force(seed):
    cover, weight, rng = small(seed)
    dense, number = cover.toarray(), int(rng.integers(1, cover.shape[0] + 1))
    fixed = np.zeros(cover.shape[0], dtype=bool)
    fixed[rng.integers(0, cover.shape[0])] = rng.random() < 0.5
    best = max(
        float(weight[dense[list(pick)].any(axis=0)].sum())
        for pick in itertools.combinations(range(len(dense)), number)
        if fixed[list(pick)].sum() == fixed.sum()
    )
    found = max_cover(cover, weight, sites=number, fixed=fixed)
    assert found.value == pytest.approx(best)
    assert found.bound == pytest.approx(best, abs=1e-6)
    assert found.chosen.sum() <= number
    assert found.chosen[fixed].all()
    assert weight[~found.uncovered].sum() == pytest.approx(found.value)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_least_cost_equals_brute_force(seed):
    cover, _, rng = small(seed)
    dense, cost = cover.toarray(), rng.integers(0, 5, cover.shape[0]).astype(float)
    reach = dense.any(axis=0)
    best = min(
        float(cost[list(pick)].sum())
        for size in range(len(dense) + 1)
        for pick in itertools.combinations(range(len(dense)), size)
        if dense[list(pick)].any(axis=0)[reach].all()
    )
    found = set_cover(cover, cost=cost)
    assert found.value == pytest.approx(best)
    assert found.bound == pytest.approx(best)
    np.testing.assert_array_equal(found.uncovered, ~reach)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_the_bound_alone_is_a_bound(seed):
    cover, weight, _ = small(seed)
    dense = cover.toarray()
    best = max(
        float(weight[dense[list(pick)].any(axis=0)].sum())
        for pick in itertools.combinations(range(len(dense)), 1)
    )
    matrix, merged = _merged(cover, weight)
    held = np.zeros(len(dense), dtype=bool)
    assert bound_most(matrix, merged, held, 1, 0.0)[0] >= best - 1e-9


def planted(sites, size, seed):
    """Disjoint sites that cover all demand, hidden among sites that each cover less of several."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(sites), size)
    good = group == np.arange(sites)[:, None]
    bad = np.zeros((4 * sites, sites * size), dtype=bool)
    for row in bad:
        row[rng.choice(sites * size, size - 1, replace=False)] = True
    cover = np.concatenate([good, bad])
    order = rng.permutation(len(cover))
    return sp.csr_array(cover[order]), order < sites


def test_a_planted_optimum_is_found_and_proven():
    cover, good = planted(12, 15, seed=4)
    # every other site covers less, so twelve disjoint sites of full size are the one least cover
    least = set_cover(cover)
    assert least.value == least.bound == 12
    np.testing.assert_array_equal(least.chosen, good)
    most = max_cover(cover, np.ones(180), sites=5)
    assert most.value == 75.0
    assert most.bound == pytest.approx(75.0)


def test_the_same_seed_gives_the_same_sites():
    rng = np.random.default_rng(5)
    cover = sp.random_array((25, 100), density=0.08, rng=rng, format="csr")
    first, second = (max_cover(cover, np.ones(100), sites=5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.chosen, second.chosen)


def test_faults_come_together():
    with pytest.raises(InputError) as caught:
        max_cover(sp.csr_array((2, 3)), [1.0, np.nan, 1.0], sites=1, fixed=[True])
    assert {fault.column for fault in caught.value.faults} == {"weight", "fixed"}


def test_nothing_to_cover():
    found = max_cover(sp.csr_array((2, 3)), np.ones(3), sites=1)
    assert found.value == 0.0
    assert found.uncovered.all()
    assert set_cover(sp.csr_array((2, 3))).value == 0.0
