"""Local search: never dearer or beyond the rules, the least cost of small problems, the same each time."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from siteplan.selection.anneal import anneal
from siteplan.selection.greedy import drop_superfluous
from siteplan.selection.problem import Limit, compact
from tests.benchmarks.cover_instances import hangjin
from tests.selection.test_optimise import cheapest, holds, price, problems


@given(problems(spaced=True, limited=True))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_choice_that_holds_gets_no_dearer_and_still_holds(problem):
    start = np.zeros(
        problem.stations, dtype=np.int32
    )  # all at once: what it breaks is no matter of the search
    if not holds(problem, start.tolist()):
        return
    found = anneal(compact(problem), start, work=200_000, seed=1)
    assert holds(problem, found.tolist())
    assert price(problem, found.tolist()) <= price(problem, start.tolist()) + 1e-9


@given(problems())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_it_finds_the_least_cost_of_small_problems(problem):
    start = drop_superfluous(problem, np.zeros(problem.stations, dtype=np.int32))
    found = anneal(compact(problem), start, work=2_000_000, seed=1)
    assert price(problem, found.tolist()) == pytest.approx(cheapest(problem), rel=1e-9, abs=1e-9)


@given(problems(spaced=True, limited=True))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_it_finds_the_least_cost_within_limits_from_beyond_them(problem):
    start = drop_superfluous(
        replace(problem, limits=()), np.zeros(problem.stations, dtype=np.int32)
    )
    least = cheapest(problem)
    if least is None or not holds(replace(problem, limits=()), start.tolist()):
        return
    found = anneal(compact(problem), start, work=2_000_000, seed=1)
    assert holds(problem, found.tolist())
    assert price(problem, found.tolist()) == pytest.approx(least, rel=1e-9, abs=1e-9)


def test_a_county_beyond_its_limits_is_brought_within_them():
    problem = compact(hangjin(demand=8_700, candidates=120))
    start = drop_superfluous(problem, np.zeros(problem.stations, dtype=np.int32))
    last = problem.periods - 1
    fewer = Limit(
        rule_id="stations of the last year",
        period=last,
        station=np.ones(problem.stations),
        site=np.zeros(len(problem.site_cost)),
        most=float((start == last).sum() - 3),
    )
    limited = replace(problem, limits=(fewer,))
    assert limited.unmet(start) == [fewer.rule_id]
    assert not limited.unmet(anneal(limited, start, work=20_000_000, seed=1))


def test_a_county_gets_cheaper_the_same_each_time_and_stops_when_told():
    problem = compact(hangjin(demand=8_700, candidates=120))
    start = drop_superfluous(problem, np.zeros(problem.stations, dtype=np.int32))
    found = anneal(problem, start, work=5_000_000, seed=2)
    assert not problem.unmet(found)
    assert problem.cost(found) < 0.95 * problem.cost(start)
    np.testing.assert_array_equal(found, anneal(problem, start, work=5_000_000, seed=2))
    stop = threading.Event()
    stop.set()
    np.testing.assert_array_equal(start, anneal(problem, start, work=10**12, seed=2, stop=stop))
