"""Explanations and cost curves against an independent reading of small problems."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from siteplan.errors import InputError
from siteplan.selection.explain import REASONS, REASONS_EN, explain, sole_cover
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
        assert row.reason in REASONS_EN
        assert row.chosen == (built[j] < problem.periods)
        if not row.chosen:
            first = built.copy()
            first[j] = 0
            assert row.cost == pytest.approx(price(problem, first.tolist()) - whole)
            continue
        without = built.copy()
        without[j] = problem.periods
        assert (row.rules != "") == (not holds(problem, without.tolist()))
        uncounted = holds(replace(problem, counts=()), without.tolist())
        assert (row.reason == "needed") == (not uncounted)
        assert row.cost == pytest.approx(whole - price(problem, without.tolist()))
        assert np.isinf(row.replacement) or row.replacement >= cheapest(problem) - whole - 1e-9


@given(problems(spaced=True))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_stands_in_the_stead_of_a_station(problem):
    built = greedy(problem)
    frame = explain(problem, built, pd.RangeIndex(problem.stations).astype(str))
    chosen = built < problem.periods
    for j, row in enumerate(frame.itertuples()):
        others = [int(name) for name in row.instead.split(";") if name]
        assert j not in others
        if row.chosen:
            assert not chosen[others].any()
            assert others or np.isinf(row.replacement) or row.replacement <= 0.0
            continue
        site = problem.station_site[j]
        for k in others:
            if row.reason == "same structure":
                assert problem.station_site[k] == site
                continue
            assert chosen[k]
            pair = sorted((int(site), int(problem.station_site[k])))
            if row.reason == "too near":
                assert pair in [sorted(both) for both in problem.rivals.tolist()]
            else:
                both = [block.cover[[j]].multiply(block.cover[[k]]).nnz for block in problem.blocks]
                assert sum(both) > 0
        assert others or row.reason in {"covers nothing", "adds nothing", "dearer"}


@given(problems())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_one_station_alone_covers(problem):
    """Counted unit by unit: covered by the station and by no other chosen one of that year."""
    built = greedy(problem)
    names = pd.RangeIndex(problem.stations).astype(str)
    table = sole_cover(problem, built, names, demands_of(problem))
    told = table.set_index(["station_id", "rule_id", "item_id"])["share"].to_dict()
    counted = {}
    for block in problem.blocks:
        cover = block.cover.toarray()
        whole = np.bincount(block.unit_item, block.unit_weight, minlength=len(block.item_need))
        for unit, item in enumerate(block.unit_item.tolist()):
            who = [j for j in range(len(built)) if cover[j, unit] and built[j] <= block.period]
            if len(who) == 1:
                key = (str(who[0]), block.rule_id, f"i{item}")
                share = block.unit_weight[unit] / whole[item]
                counted[key] = counted.get(key, 0.0) + share
    assert told == pytest.approx({key: share for key, share in counted.items() if share > 0.0})


def demands_of(problem):
    """Items of every rule, whose whole weight is that of its units."""
    return {
        block.rule_id: SimpleNamespace(
            items=pd.DataFrame({"name": "x"}, index=[f"i{i}" for i in range(len(block.item_need))]),
            item_weight=lambda block=block: np.bincount(
                block.unit_item, block.unit_weight, minlength=len(block.item_need)
            ),
        )
        for block in problem.blocks
    }


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
@settings(max_examples=20, deadline=None, derandomize=True)
def test_a_rule_for_each_operator_is_varied_for_all_of_them(problem):
    """Blocks of one rule: the curve is the least cost at which every one of them has its share."""
    if not problem.blocks:
        return
    pooled = {"mode": "pooled", "rule_id": "both", "need": 0.0, "item_need": np.zeros(1)}
    blocks = [
        replace(block, unit_item=np.zeros_like(block.unit_item), **pooled)
        for block in problem.blocks
    ]
    problem = replace(problem, blocks=tuple(blocks))
    for row in cost_curve(problem, "both", [0.5, 1.0], gap=0.0).itertuples():
        needs = [row.share * block.unit_weight.sum() for block in blocks]  # all is in reach
        changed = [replace(block, need=need) for block, need in zip(blocks, needs, strict=True)]
        assert row.need == pytest.approx(sum(needs))
        least = cheapest(replace(problem, blocks=tuple(changed)))
        assert row.cost == pytest.approx(least, abs=1e-9)


@given(problems())
@settings(max_examples=5, deadline=None, derandomize=True)
def test_an_unknown_rule_is_refused(problem):
    with pytest.raises(InputError, match="no such coverage rule"):
        cost_curve(problem, "nowhere", [0.5, 2.0])
