"""Rows of the programme over stations: every choice that meets the rules keeps them."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.selection.master import Master
from siteplan.selection.problem import Block, Problem, compact
from tests.selection.test_optimise import holds, problems


@given(problems(spaced=True, limited=True, crowded=True), st.integers(0, 1000))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_no_row_cuts_off_a_choice_that_holds(problem, seed):
    master = Master(compact(problem))
    rng = np.random.default_rng(seed)
    found = [master.rows]
    for _ in range(3):
        fractions = np.maximum(rng.random(len(master.cost)) ** 2, master.lower)
        found.append(master.violated(fractions, least=1e-4))
    for built in itertools.product(range(problem.periods + 1), repeat=problem.stations):
        if not holds(problem, built):
            continue
        values = master.values(master.settle(np.array(built, dtype=np.int32)))
        for rows in found:
            assert (rows.matrix @ values >= rows.low - 1e-9).all()


@given(st.integers(2, 6), st.floats(0.05, 0.95))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_an_item_that_needs_every_point_is_covered_no_more_than_the_least_of_them(points, least):
    item = Block(
        rule_id="villages",
        period=0,
        mode="share",
        cover=sp.csr_array(np.kron(np.eye(2), np.eye(points)) > 0.0),
        unit_item=np.repeat(np.arange(2, dtype=np.int32), points),
        unit_weight=np.ones(2 * points),
        item_need=np.full(2, float(points)),
        need=1.0,
    )
    problem = Problem(
        station_cost=np.ones(2 * points),
        station_site=np.arange(2 * points, dtype=np.int32),
        site_cost=np.zeros(2 * points),
        discount=np.ones(1),
        blocks=(item,),
        counts=(),
    )
    master = Master(compact(problem))
    values = np.ones(len(master.cost))
    values[0] = least  # one point of the first item
    y = master.z0  # its column
    for covered, kept in ((least - 0.01, True), (least + 0.01, False)):
        values[y] = covered
        assert (master.rows.matrix @ values >= master.rows.low - 1e-9).all() == kept
