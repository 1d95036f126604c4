"""Explanations and cost curves against an independent reading of small problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from siteplan.errors import InputError
from siteplan.selection.explain import REASONS, explain
from siteplan.selection.greedy import greedy
from siteplan.selection.sensitivity import cost_curve
from tests.selection.test_optimise import cheapest, holds, price, problems


@given(problems())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_is_needed_fails_without_it(problem):
    built = greedy(problem)
    frame = explain(problem, built, pd.RangeIndex(problem.stations).astype(str))
    whole = price(problem, built.tolist())
    for j, row in enumerate(frame.itertuples()):
        assert row.reason in REASONS
        assert row.chosen == (built[j] < problem.periods)
        if not row.chosen:
            continue
        without = built.copy()
        without[j] = problem.periods
        assert (row.rules != "") == (not holds(problem, without.tolist()))
        assert row.cost == pytest.approx(whole - price(problem, without.tolist()))
        assert np.isinf(row.replacement) or row.replacement >= cheapest(problem) - whole - 1e-9


@given(problems())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_the_curve_is_the_least_cost_at_each_share(problem):
    open_to_choice = [block for block in problem.blocks if block.mode == "pooled"]
    if not open_to_choice:
        return
    name = open_to_choice[0].rule_id
    curve = cost_curve(problem, name, [1.0, 0.3, 0.6], gap=0.0)
    assert curve["cost"].is_monotonic_increasing
    for row in curve.itertuples():
        blocks = [replace(b, need=row.need) if b.rule_id == name else b for b in problem.blocks]
        assert row.cost == pytest.approx(cheapest(replace(problem, blocks=tuple(blocks))), abs=1e-9)


@given(problems())
@settings(max_examples=5, deadline=None, derandomize=True)
def test_an_unknown_rule_is_refused(problem):
    with pytest.raises(InputError, match="no such coverage rule"):
        cost_curve(problem, "nowhere", [0.5, 2.0])
