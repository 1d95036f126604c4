"""Tiers of reuse against a lexicographic reading of every choice."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings

from siteplan.selection.tiers import ORDER, optimise_tiers
from tests.selection.test_optimise import holds, problems

CLASSES = np.array(["existing", "lamp_pole", "monitoring_pole", "building", "new"], dtype=object)


def ranks(problem, reuse, built):
    """Structures of each tier, the last resort first."""
    opened = {int(problem.station_site[j]) for j, t in enumerate(built) if t < problem.periods}
    return tuple(sum(reuse[site] in tier for site in opened) for tier in ORDER)


@given(problems())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_choice_is_better_in_an_earlier_tier(problem):
    sites = len(problem.site_cost)
    reuse = np.random.default_rng(sites).permutation(np.tile(CLASSES, 2))[:sites]
    built, bound, method, _, last = optimise_tiers(
        problem, reuse, time_limit_s=10.0, gap=0.0, seed=1
    )
    choices = itertools.product((0, problem.periods), repeat=problem.stations)
    best = min(
        (*ranks(problem, reuse, choice), sum(t < problem.periods for t in choice))
        for choice in choices
        if holds(problem, choice)
    )
    assert holds(problem, built.tolist())
    assert ranks(problem, reuse, built.tolist()) == best[:-1]
    assert bound <= last.cost(built) + 1e-9
    assert "at least" not in method
    if problem.periods == 1:
        assert (built < problem.periods).sum() == best[-1]
