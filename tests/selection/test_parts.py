"""Rows of the parts of a programme: every choice that meets the rules keeps them; they lift the bound."""

from __future__ import annotations

import itertools

import highspy
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.selection.master import Master, Rows
from siteplan.selection.parts import Priced, part_rows, station_parts
from siteplan.selection.problem import compact
from siteplan.selection.programme import add_rows, highs, programme
from tests.benchmarks.cover_instances import hangjin
from tests.selection.test_optimise import holds, problems


def columns(master, built):
    """Values of all columns with those of units."""
    settled = master.settle(np.asarray(built, dtype=np.int32))
    return np.append(master.values(settled), master.unit_values(settled)).astype(float)


def with_units(master):
    """Rows, costs and limits with a column for each unit."""
    rows = master.whole_rows(flows=False)
    units = np.zeros(rows.matrix.shape[1] - len(master.cost))
    return rows, np.append(master.cost, units), np.append(master.lower, units)


@given(problems(spaced=True, limited=True), st.integers(0, 1000), st.integers(1, 3))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_part_cuts_off_a_choice_that_holds(problem, seed, most):
    master = Master(compact(problem))
    kept = [
        columns(master, built)
        for built in itertools.product(range(problem.periods + 1), repeat=problem.stations)
        if holds(problem, built)
    ]
    if not kept:
        return
    rng = np.random.default_rng(seed)
    rows, cost, lower = with_units(master)
    found = part_rows(
        master,
        Priced(
            rows=rows,
            cost=cost,
            lower=lower,
            upper=np.ones(len(cost)),
            price=rng.exponential(3.0, len(rows.low)) * (rng.random(len(rows.low)) < 0.7),
            known=kept[int(rng.integers(len(kept)))],
            values=np.maximum(rng.random(len(cost)) ** 2, lower),
        ),
        gap=0.0,
        time_limit_s=10.0,
        seed=1,
        tick=lambda: None,
        most=most,
    )
    for values in kept:
        assert (found.matrix @ values >= found.low - 1e-9).all()


def test_parts_lift_the_linear_programme_and_divide_all_stations():
    problem = hangjin(demand=8_700, candidates=120)
    master = Master(compact(problem))
    part = station_parts(master, most=30)
    assert np.bincount(part).max() <= 30
    assert np.bincount(part).min() > 0
    rows, cost, lower = with_units(master)
    linear = highs(1)
    linear.passModel(programme(cost, lower, np.ones(len(cost)), rows))
    linear.run()
    before, answer = linear.getInfo().objective_function_value, linear.getSolution()
    priced = Priced(
        rows=rows,
        cost=cost,
        lower=lower,
        upper=np.ones(len(cost)),
        price=np.maximum(np.asarray(answer.row_dual), 0.0),
        known=columns(master, np.zeros(problem.stations)),
        values=np.asarray(answer.col_value),
    )
    options = {"gap": 0.0, "time_limit_s": 20.0, "seed": 1, "tick": lambda: None, "most": 30}
    found = part_rows(master, priced, **options)
    again = part_rows(master, priced, **options)
    np.testing.assert_array_equal(found.low, again.low)
    add_rows(linear, found)
    linear.run()
    lifted = linear.getInfo().objective_function_value
    least = solved(cost, lower, rows, master)
    assert before * (1.0 + 1e-4) < lifted <= least * (1.0 + 1e-6)


def solved(cost, lower, rows: Rows, master):
    """Least cost of the programme in whole numbers, by HiGHS alone."""
    model = programme(cost, lower, np.ones(len(cost)), rows)
    kinds = highspy.HighsVarType
    number = len(master.cost)
    model.integrality_ = [
        kinds.kInteger if n < number and master.integer[n] else kinds.kContinuous
        for n in range(len(cost))
    ]
    solver = highs(1)
    solver.setOptionValue("time_limit", 60.0)
    solver.passModel(model)
    solver.run()
    return solver.getInfo().objective_function_value
