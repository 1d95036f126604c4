"""Rows of the parts of a programme: every choice that meets the rules keeps them; they lift the bound."""

from __future__ import annotations

import itertools

import highspy
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import ArpackNoConvergence

from siteplan.selection.division import divide
from siteplan.selection.master import Master, Rows
from siteplan.selection.parts import Priced, part_rows
from siteplan.selection.problem import compact
from siteplan.selection.programme import add_rows, highs, programme
from tests.benchmarks.cover_instances import hangjin
from tests.selection.test_optimise import holds, problems
from tests.selection.test_solve import covering


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
    price = rng.exponential(3.0, len(rows.low)) * (rng.random(len(rows.low)) < 0.7)
    found, _ = part_rows(
        master,
        Priced(
            rows=rows,
            cost=cost,
            lower=lower,
            upper=np.ones(len(cost)),
            price=price,
            known=kept[int(rng.integers(len(kept)))],
            values=np.maximum(rng.random(len(cost)) ** 2, lower),
        ),
        divide(master, rows, price, most=most),
        gap=0.0,
        time_limit_s=10.0,
        seed=1,
        tick=lambda: None,
    )
    for values in kept:
        assert all((part.row.matrix @ values >= part.row.low - 1e-9).all() for part in found)


def county(candidates=120):
    """Draw a small county: its programme, with prices and fractions of the linear one."""
    problem = hangjin(demand=8_700, candidates=candidates)
    master = Master(compact(problem))
    rows, cost, lower = with_units(master)
    linear = highs(1)
    linear.passModel(programme(cost, lower, np.ones(len(cost)), rows))
    linear.run()
    answer = linear.getSolution()
    priced = Priced(
        rows=rows,
        cost=cost,
        lower=lower,
        upper=np.ones(len(cost)),
        price=np.maximum(np.asarray(answer.row_dual), 0.0),
        known=columns(master, np.zeros(problem.stations)),
        values=np.asarray(answer.col_value),
    )
    return master, priced, linear


OPTIONS = {"gap": 0.0, "time_limit_s": 20.0, "seed": 1, "tick": lambda: None}


def test_a_division_has_all_stations_in_parts_of_the_size_asked_for():
    master, priced, _ = county()
    whole = divide(master, priced.rows, priced.price, most=10_000)
    few, many = (divide(master, priced.rows, priced.price, most=most) for most in (30, 60))
    for division, most in ((few, 30), (many, 60)):
        assert np.bincount(division.station).max() <= most
        assert np.bincount(division.station).min() > 0
        assert division.unit.min() >= 0
        assert division.unit.max() < division.parts
    # pieces without a row in common are never joined, and the larger parts consist of smaller ones
    assert len(set(zip(whole.station, few.station, strict=True))) == few.parts
    assert len(set(zip(many.station, few.station, strict=True))) == few.parts
    assert not few.new(few).any()
    assert few.new(None).all()
    same = {frozenset(np.flatnonzero(many.station == k)) for k in range(many.parts)}
    for k, new in enumerate(few.new(many)):
        assert new == (frozenset(np.flatnonzero(few.station == k)) not in same)


def test_a_division_needs_no_eigenvectors_that_are_late(monkeypatch):
    def late(*_, **__):
        raise ArpackNoConvergence("late", np.zeros(0), np.zeros((500, 0)))

    monkeypatch.setattr("siteplan.selection.division.eigsh", late)
    master, priced, _ = county()
    division = divide(master, priced.rows, priced.price, most=30)
    assert np.bincount(division.station).max() <= 30
    assert np.bincount(division.station).min() > 0


@given(st.integers(0, 11), st.integers(4, 8), st.integers(0, 1000))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_division_cuts_where_prices_are_low(first, length, seed):
    """A ring of stations, each sharing a unit with the next: cut at the two units that cost least."""
    number = 12
    cover = np.zeros((number, number), dtype=bool)
    cover[np.arange(number), np.arange(number)] = True
    cover[np.arange(number), (np.arange(number) + 1) % number] = True
    master = Master(compact(covering(cover)))
    rows, _, _ = with_units(master)
    order = master.parts[0].by_unit.toarray().astype(bool)  # its units in an order of its own
    unit = [int(np.flatnonzero((by == cover.T).all(axis=1))[0]) for by in order]
    price = np.random.default_rng(seed).uniform(1.0, 2.0, number)
    cheap = [first, (first + length) % number]
    price[cheap] = 0.01
    priced = np.zeros(len(rows.low))
    priced[master.rows.matrix.shape[0] :][:number] = price[unit]
    division = divide(master, rows, priced, most=8)
    # unit k lies between the stations k - 1 and k
    expected = np.isin(np.arange(number), (first + np.arange(length)) % number)
    assert division.parts == 2
    assert len(set(zip(division.station, expected, strict=True))) == 2


def test_parts_lift_the_linear_programme():
    master, priced, linear = county()
    rows, cost, lower = priced.rows, priced.cost, priced.lower
    before = linear.getInfo().objective_function_value
    division = divide(master, rows, priced.price, most=30)
    found, _ = part_rows(master, priced, division, **OPTIONS)
    again, _ = part_rows(master, priced, division, **OPTIONS)
    assert [part.row.low for part in found] == [part.row.low for part in again]
    for part in found:
        add_rows(linear, part.row)
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
