"""Maximal covering and set covering against brute force and known optima."""

from __future__ import annotations

import itertools
import signal
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.errors import InputError
from siteplan.selection import _cover_parts as parts
from siteplan.selection import _cover_proof as proof
from siteplan.selection import running
from siteplan.selection._cover_bound import bound_most
from siteplan.selection._cover_parts import bound_in_parts
from siteplan.selection._cover_pool import bred
from siteplan.selection._cover_reductions import merged, without_needless
from siteplan.selection.cover import max_cover, set_cover


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
    matrix, light = merged(cover, weight)
    assert bound_most(matrix, light, 1, 0.0)[0] >= best - 1e-9


@given(st.integers(0, 10_000))
@settings(max_examples=6, deadline=None, derandomize=True)
def test_parts_bound_the_cost_of_covering(seed):
    rng = np.random.default_rng(seed)
    dense = rng.random((7, 40)) < 0.35
    dense[rng.integers(0, 7, 40), np.arange(40)] = True
    cost, weight = rng.integers(1, 6, 7) / 2.0, rng.integers(1, 9, 40).astype(float)
    every = np.array(list(itertools.product((False, True), repeat=7)))
    open_units = ~(every @ dense)
    chosen = every[-1]
    for penalty in (None, weight):
        charge = np.full(40, np.inf) if penalty is None else penalty
        least = (every @ cost + np.where(open_units, charge, 0.0).sum(axis=1)).min()
        prices = rng.random(40) if penalty is None else rng.random(40) * penalty
        priced = prices.sum() + np.minimum(cost - dense @ prices, 0.0).sum()
        told, options = [], {"time_limit_s": 20.0, "seed": 1}
        for number in (1, 4):
            bound_in_parts(
                sp.csr_array(dense),
                cost,
                penalty,
                prices,
                chosen,
                number=number,
                told=lambda bound, told=told: told.append(bound),
                **options,
            )
        spare = cost.sum() - priced
        assert least - 0.01 * spare <= told[0] + 1e-6  # one part is the whole
        assert len(told) >= 1 + 2 * parts.STEPS  # of four parts and of two, with shares moved
        assert all(priced - 1e-9 <= bound <= least + 1e-6 for bound in told)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_needless_sites_and_units_change_no_optimum(seed):
    rng = np.random.default_rng(seed)
    dense = rng.random((6, 9)) < rng.uniform(0.2, 0.7)
    dense[rng.integers(0, 6, 9), np.arange(9)] = True
    cost = rng.integers(1, 4, 6).astype(float)

    def least(cover, price):
        every = np.array(list(itertools.product((False, True), repeat=len(price))))
        return (every @ price)[(every @ cover).all(axis=1)].min()

    sites, small_cover = without_needless(sp.csr_array(dense), cost, units=True)
    assert least(small_cover.toarray(), cost[sites]) == least(dense, cost)
    weight = rng.integers(1, 9, 9).astype(float)
    sites, fewer = without_needless(sp.csr_array(dense), np.zeros(6), units=False)
    pairs = [
        max(
            w @ c[list(p)].any(axis=0)
            for p in itertools.combinations_with_replacement(range(len(c)), 2)
        )
        for w, c in ((weight, dense), (weight, fewer.toarray()))
    ]
    assert pairs[0] == pairs[1]


def test_a_larger_problem_is_bounded_in_parts(monkeypatch):
    rng = np.random.default_rng(8)
    places, points = rng.random((40, 2)), rng.random((250, 2))
    near = np.hypot(*(places[:, None] - points[None]).transpose(2, 0, 1)) < 0.2
    cover, weight = sp.csr_array(near), rng.integers(1, 9, 250).astype(float)
    whole = max_cover(cover, weight, sites=6), set_cover(cover)
    assert whole[0].gap == whole[1].gap == 0.0
    monkeypatch.setattr(proof, "WHOLE_ENTRIES", 0)
    monkeypatch.setattr(proof, "PART_ENTRIES", 300)
    most, least = max_cover(cover, weight, sites=6), set_cover(cover)
    assert most.value <= whole[0].value <= most.bound
    assert least.bound <= whole[1].value <= least.value
    again = max_cover(cover, weight, sites=6), set_cover(cover)
    np.testing.assert_array_equal(most.chosen, again[0].chosen)
    np.testing.assert_array_equal(least.chosen, again[1].chosen)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize(
    ("module", "name", "entries"),
    [(proof, "solve_programme", 60_000), (proof, "relax", 0), (parts, "run_all", 0)],
)
@pytest.mark.parametrize("sites", [0, 40])
def test_an_interrupt_gives_the_best_so_far(monkeypatch, module, name, entries, sites):
    rng = np.random.default_rng(2)
    dense = rng.random((300, 2400)) < 5.0 / 300.0  # far from what can be proven in a minute
    dense[rng.integers(0, 300, 2400), np.arange(2400)] = True
    cover, true, main = sp.csr_array(dense), getattr(module, name), threading.main_thread().ident
    timers = []

    def interrupted(*arguments, **options):
        if not timers:
            wait_s = 0.0 if name == "relax" else 0.5
            timers.append(threading.Timer(wait_s, signal.pthread_kill, (main, signal.SIGINT)))
            timers[0].start()
        return true(*arguments, **options)

    monkeypatch.setattr(proof, "WHOLE_ENTRIES", entries)
    monkeypatch.setattr(proof, "PART_ENTRIES", 4_000)
    monkeypatch.setattr(proof, "ROUNDS", 1)
    monkeypatch.setattr(module, name, interrupted)
    before, began = set(threading.enumerate()), time.monotonic()
    if sites:
        found = max_cover(cover, np.ones(2400), sites=sites, time_limit_s=120.0)
        assert found.value == 2400 - found.uncovered.sum() <= found.bound < 2400.0
    else:
        found = set_cover(cover, time_limit_s=120.0)
        assert not found.uncovered.any()
        assert found.value == found.chosen.sum() >= found.bound > 0.0
    assert len(timers) == 1
    timers[0].join()
    assert time.monotonic() - began < 60.0
    assert (
        set(threading.enumerate()) <= before
    )  # a run that outlives the search aborts Python at exit


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_choices_bred_from_pairs_have_as_many_sites_and_reach_the_optimum(seed):
    rng = np.random.default_rng(seed)
    matrix = sp.csr_array(rng.random((14, 60)) < 0.2)
    weight = rng.integers(1, 9, 60).astype(float)
    first = np.zeros(14, dtype=bool)
    first[rng.choice(14, 4, replace=False)] = True
    best = max(
        float(weight @ (matrix.toarray()[list(sites)].any(axis=0)))
        for sites in itertools.combinations(range(14), 4)
    )
    options = {"effort": 2_000, "seed": seed}
    found = list(bred(matrix, weight, first, rng.random(14), **options))
    values = [float(weight @ (matrix.T @ choice)) for choice in found]
    assert {int(choice.sum()) for choice in found} == {4}
    assert values[0] >= float(weight @ (matrix.T @ first))
    assert max(values) == best
    again = list(bred(matrix, weight, first, np.zeros(14), **options))
    assert {int(choice.sum()) for choice in again} == {4}


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


def test_a_run_that_ignores_its_limit_is_cancelled(monkeypatch):
    class Deaf:
        HandleUserInterrupt = False
        ended = threading.Event()

        def setOptionValue(self, name, value):  # noqa: N802
            pass

        def run(self):
            assert self.ended.wait(20.0)

        def cancelSolve(self):  # noqa: N802
            if self.HandleUserInterrupt:
                self.ended.set()

    monkeypatch.setattr(running, "GRACE_S", 0.1)
    began = time.monotonic()
    running.run_all([Deaf()], time_limit_s=0.1)
    assert time.monotonic() - began < 10.0
