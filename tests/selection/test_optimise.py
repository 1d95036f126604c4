"""The whole search against brute force over every choice, on small random problems."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.selection.bound import lagrangian_bound
from siteplan.selection.greedy import drop_superfluous, greedy
from siteplan.selection.optimise import optimise
from siteplan.selection.problem import Block, Capacity, Count, Limit, Problem


@st.composite
def problems(draw, *, spaced=False, limited=False, crowded=False):
    """Problems of at most five stations and three years whose needs are within reach."""
    stations = draw(st.integers(1, 5))
    periods = draw(st.integers(1, 3))
    sites = draw(st.integers(1, stations))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    blocks = []
    for b in range(draw(st.integers(0, 2))):
        units, items = int(rng.integers(1, 7)), int(rng.integers(1, 4))
        cover = rng.random((stations, units)) < 0.5
        cover[rng.integers(0, stations, units), np.arange(units)] = True  # every unit is in reach
        item = np.concatenate([np.arange(min(items, units)), rng.integers(0, items, units)])[:units]
        weight = rng.integers(1, 5, units).astype(float)
        total = np.bincount(item, weights=weight, minlength=items)
        mode = ("each", "share", "pooled")[int(rng.integers(0, 3))]
        wanted = np.where(total > 0.0, total * rng.choice([0.5, 0.8, 1.0], items), 0.0)
        if mode == "share":
            wanted = np.where(total > 0.0, wanted, np.inf)
        need = {
            "each": 0.0,
            "share": float(rng.integers(1, max((total > 0.0).sum(), 1) + 1)),
            "pooled": float(weight.sum() * rng.choice([0.4, 0.7, 1.0])),
        }[mode]
        blocks.append(
            Block(
                rule_id=f"rule{b}",
                period=int(rng.integers(0, periods)),
                mode=mode,
                cover=sp.csr_array(cover),
                unit_item=item.astype(np.int32),
                unit_weight=weight,
                item_need=wanted,
                need=need,
            )
        )
    counts = []
    if draw(st.booleans()):
        which = rng.random(stations) < 0.7
        counts.append(
            Count(
                rule_id="count",
                period=int(rng.integers(0, periods)),
                counts=which,
                need=int(rng.integers(0, which.sum() + 1)),
            )
        )
    pairs = [pair for pair in itertools.combinations(range(sites), 2) if rng.random() < 0.3]
    rivals = np.array(pairs if spaced else [], dtype=np.int32).reshape(-1, 2)
    limits = [
        Limit(
            rule_id=f"limit{i}",
            period=None if rng.random() < 0.3 else int(rng.integers(0, periods)),
            station=rng.integers(0, 4, stations).astype(float),
            site=rng.integers(0, 4, sites).astype(float),
            most=float(rng.integers(0, 12)),
        )
        for i in range(int(rng.integers(1, 4)) if limited else 0)
    ]
    capacities = []
    if crowded:
        places = int(rng.integers(1, 5))
        reach = rng.random((stations + 1, places)) < 0.6  # the last one stands already
        reach[rng.integers(0, stations, places), np.arange(places)] = True
        most = rng.integers(1, 12, stations + 1).astype(float)
        capacities.append(
            Capacity(
                rule_id="users",
                period=int(rng.integers(0, periods)),
                users=rng.integers(1, 8, places).astype(float),
                serves=sp.csr_array(reach),
                most=most,
            )
        )
    return Problem(
        capacities=tuple(capacities),
        limits=tuple(limits),
        rivals=rivals,
        station_cost=rng.integers(1, 10, stations).astype(float),
        station_site=rng.integers(0, sites, stations).astype(np.int32),
        site_cost=rng.integers(0, 10, sites).astype(float),
        discount=1.05 ** -np.arange(periods),
        blocks=tuple(blocks),
        counts=tuple(counts),
    )


def takes(problem, limit, built):
    """Independent reading of a limit: stations and first stations of structures, one by one."""
    first, taken = {}, 0.0
    for j, t in enumerate(built):
        site = int(problem.station_site[j])
        first[site] = min(first.get(site, problem.periods), t)
        taken += limit.station[j] * (t < problem.periods and limit.period in {None, t})
    for site, t in first.items():
        taken += limit.site[site] * (t < problem.periods and limit.period in {None, t})
    return taken


def all_served(capacity, built):
    """Independent reading: no set of places has more users than the stations that reach it can serve."""
    reach, places = capacity.serves.toarray(), range(len(capacity.users))
    able = [j for j in range(len(reach)) if j >= len(built) or built[j] <= capacity.period]
    for size in range(1, len(places) + 1):
        for some in itertools.combinations(places, size):
            can = sum(capacity.most[j] for j in able if reach[j, list(some)].any())
            if can < sum(capacity.users[p] for p in some) - 1e-9:
                return False
    return True


def kept(problem, built):
    """Independent reading of what is not cover: distances, limits, users."""
    opened = {int(problem.station_site[j]) for j, t in enumerate(built) if t < problem.periods}
    return (
        not any(int(one) in opened and int(two) in opened for one, two in problem.rivals)
        and all(takes(problem, limit, built) <= limit.most + 1e-9 for limit in problem.limits)
        and all(all_served(capacity, built) for capacity in problem.capacities)
    )


def holds(problem, built):
    """Independent reading of the rules: loops over items and units."""
    if not kept(problem, built):
        return False
    for block in problem.blocks:
        cover = block.cover.toarray()
        chosen = [j for j, period in enumerate(built) if period <= block.period]
        weights = dict.fromkeys(range(len(block.item_need)), 0.0)
        for unit, (item, weight) in enumerate(zip(block.unit_item, block.unit_weight, strict=True)):
            if any(cover[j, unit] for j in chosen):
                weights[int(item)] += weight
        if block.mode == "pooled":
            if sum(weights.values()) < block.need - 1e-9:
                return False
            continue
        met = [weights[i] >= need - 1e-9 for i, need in enumerate(block.item_need)]
        if block.mode == "each" and not all(met):
            return False
        if block.mode == "share" and sum(met) < block.need:
            return False
    return all(
        sum(1 for j, period in enumerate(built) if count.counts[j] and period <= count.period)
        >= count.need
        for count in problem.counts
    )


def price(problem, built):
    """Independent cost: each station and each structure in the year it first stands."""
    total, opened = 0.0, {}
    for j, period in enumerate(built):
        if period < problem.periods:
            total += problem.station_cost[j] * problem.discount[period]
            site = int(problem.station_site[j])
            opened[site] = min(opened.get(site, period), period)
    return total + sum(problem.site_cost[s] * problem.discount[t] for s, t in opened.items())


def cheapest(problem):
    """Least cost over every choice, None when none holds."""
    choices = itertools.product(range(problem.periods + 1), repeat=problem.stations)
    costs = [price(problem, built) for built in choices if holds(problem, built)]
    return min(costs, default=None)


@given(problems())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_search_finds_the_least_cost(problem):
    least = cheapest(problem)
    built, bound, _, _ = optimise(problem, time_limit_s=10.0, gap=0.0, seed=1)
    assert holds(problem, built.tolist())
    assert not problem.unmet(built)
    assert problem.cost(built) == pytest.approx(price(problem, built.tolist()))
    assert problem.cost(built) == pytest.approx(least, rel=1e-6, abs=1e-9)
    assert bound <= least + 1e-6


@given(problems(spaced=True))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_structures_too_near_each_other_are_never_both_built(problem):
    least = cheapest(problem)
    built, bound, method, _ = optimise(problem, time_limit_s=10.0, gap=0.0, seed=1)
    if least is None:
        assert problem.unmet(built)
        assert "not met" in method
        return
    assert holds(problem, built.tolist())
    assert problem.cost(built) == pytest.approx(least, rel=1e-6, abs=1e-9)
    assert bound <= least + 1e-6
    quick = greedy(problem)
    opened = np.bincount(problem.station_site[quick < problem.periods], minlength=5)
    assert not any(opened[one] and opened[two] for one, two in problem.rivals)


@given(problems(spaced=True, limited=True))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_limits_of_a_year_and_of_all_years_are_kept_at_least_cost(problem):
    least = cheapest(problem)
    built, bound, method, _ = optimise(problem, time_limit_s=10.0, gap=0.0, seed=1)
    assert (not problem.unmet(built)) == holds(problem, built.tolist())
    if least is None:
        assert problem.unmet(built)
        assert "not met" in method
        return
    assert holds(problem, built.tolist())
    assert problem.cost(built) == pytest.approx(least, rel=1e-6, abs=1e-9)
    assert bound <= least + 1e-6


@given(problems(spaced=True, crowded=True))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_stations_serve_no_more_users_than_they_can(problem):
    least = cheapest(problem)
    built, bound, method, _ = optimise(problem, time_limit_s=10.0, gap=0.0, seed=1)
    if least is None:
        assert problem.unmet(built)
        assert "not met" in method
        return
    assert holds(problem, built.tolist())
    assert problem.cost(built) == pytest.approx(least, rel=1e-6, abs=1e-9)
    assert bound <= least + 1e-6


@given(problems())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_greedy_holds_and_the_bound_is_a_bound(problem):
    least = cheapest(problem)
    built = greedy(problem)
    assert holds(problem, built.tolist())
    assert problem.cost(built) >= least - 1e-9
    assert lagrangian_bound(problem, problem.cost(built)) <= least + 1e-6
    thinner = drop_superfluous(problem, np.zeros(problem.stations, dtype=np.int32))
    assert holds(problem, thinner.tolist())
    assert problem.cost(thinner) <= problem.cost(np.zeros(problem.stations, dtype=np.int32)) + 1e-9


@given(problems(spaced=True, limited=True, crowded=True), st.integers(0, 1000))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_rules_read_the_same_to_another_reader(problem, seed):
    rng = np.random.default_rng(seed)
    built = rng.integers(0, problem.periods + 1, problem.stations).astype(np.int32)
    assert (not problem.unmet(built)) == holds(problem, built.tolist())
    assert problem.cost(built) == pytest.approx(price(problem, built.tolist()))


def test_an_interrupt_before_the_solver_gives_what_greedy_found(monkeypatch):
    problem = problems_of_one()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("siteplan.selection.optimise.lagrangian_bound", interrupted)
    built, bound, method, _ = optimise(problem, time_limit_s=10.0, gap=0.0, seed=1)
    assert not problem.unmet(built)
    assert bound == 0.0
    assert "interrupted" in method


def problems_of_one():
    """One problem that takes a search."""
    rng = np.random.default_rng(3)
    cover = rng.random((12, 60)) < 0.2
    cover[rng.integers(0, 12, 60), np.arange(60)] = True
    block = Block(
        rule_id="all",
        period=0,
        mode="pooled",
        cover=sp.csr_array(cover),
        unit_item=np.zeros(60, dtype=np.int32),
        unit_weight=np.ones(60),
        item_need=np.zeros(1),
        need=50.0,
    )
    return Problem(
        station_cost=np.ones(12),
        station_site=np.arange(12, dtype=np.int32),
        site_cost=np.ones(12),
        discount=np.ones(1),
        blocks=(block,),
        counts=(),
    )


def test_the_same_problem_gives_the_same_choice():
    problem = problems_of_one()
    first = optimise(problem, time_limit_s=10.0, gap=0.0, seed=1)[0]
    np.testing.assert_array_equal(first, optimise(problem, time_limit_s=10.0, gap=0.0, seed=1)[0])
