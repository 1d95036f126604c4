"""The least that has to be given up, against every choice."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings

from siteplan.selection.problem import Count
from siteplan.selection.relax import least_relaxation
from tests.selection.test_optimise import cheapest, holds, problems, takes


def least_factor(problem):
    """Least common factor of the limits with which some choice holds."""
    free = replace(problem, limits=())
    choices = itertools.product(range(problem.periods + 1), repeat=problem.stations)
    return min(
        max(takes(problem, limit, built) / limit.most for limit in problem.limits)
        for built in choices
        if holds(free, built)
    )


@given(problems(limited=True))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_no_smaller_common_factor_would_do(problem):
    limits = [replace(limit, most=limit.most + 1.0) for limit in problem.limits]
    problem = replace(problem, limits=tuple(limits))
    factor = least_factor(problem)
    assume(factor > 0.0)
    limits = [replace(limit, most=limit.most * factor / 1.4) for limit in limits]
    problem = replace(problem, limits=tuple(limits))
    free, least = replace(problem, limits=()), 1.4
    assert cheapest(problem) is None
    found = least_relaxation(problem, time_limit_s=20.0, gap=0.0, seed=1)
    assert found.factor == pytest.approx(least, rel=0.011)
    assert found.factor >= least * (1.0 - 1e-9)
    assert not found.problem.unmet(found.built)
    assert holds(free, found.built.tolist())
    for name, allowed, needed in found.changes:
        assert needed > allowed
        limit = next(one for one in limits if (one.rule_id, one.most) == (name, allowed))
        assert needed == pytest.approx(takes(problem, limit, found.built.tolist()))


@given(problems(spaced=True))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_distances_give_way_where_nothing_else_helps(problem):
    sites = np.unique(problem.station_site)
    assume(len(sites) > 1)
    every = np.array(list(itertools.combinations(sites, 2)), dtype=np.int32)
    # all stations are wanted and no two structures may stand
    wanted = Count(
        rule_id="all",
        period=0,
        counts=np.ones(problem.stations, dtype=bool),
        need=problem.stations,
    )
    problem = replace(problem, rivals=every, counts=(wanted,))
    found = least_relaxation(problem, time_limit_s=10.0, gap=0.0, seed=1)
    apart = np.zeros((0, 2), dtype=np.int32)
    assert holds(replace(problem, rivals=apart), found.built.tolist())
    assert found.changes[0][0] == "spacing"
    assert found.changes[0][2] == len(every)
