"""The solver beside another one, and interrupted."""

from __future__ import annotations

import itertools
import signal
import threading
import warnings

import highspy
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tqdm import TMonitor

import siteplan.selection.solve as search
from siteplan.errors import InputError
from siteplan.selection.greedy import greedy
from siteplan.selection.problem import Block, Problem
from siteplan.selection.programme import solve_programme, write_programme
from siteplan.selection.solve import solve
from tests.selection.test_optimise import cheapest, problems


@pytest.fixture(scope="module")
def scip():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("pyscipopt")


@pytest.mark.parametrize("ending", [".lp", ".mps"])
@given(problem=problems(spaced=True, limited=True, crowded=True))
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_another_solver_finds_the_same_least_cost_in_the_file(scip, tmp_path, ending, problem):
    assume(problem.blocks or problem.counts)
    path = tmp_path / f"programme{ending}"
    write_programme(problem, path)
    model = scip.Model()
    model.hideOutput()
    model.readProblem(str(path))
    model.optimize()
    least = cheapest(problem)
    if least is None:
        assert model.getStatus() == "infeasible"
    else:
        assert model.getObjVal() == pytest.approx(least, rel=1e-5, abs=1e-6)


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.lp or \.mps"):
        write_programme(hard(10), tmp_path / "programme.txt")
    with pytest.raises(InputError, match="folder that exists"):
        write_programme(hard(10), tmp_path / "nowhere" / "programme.lp")


def covering(cover):
    """Make the problem of covering all demand with the fewest stations, each on a structure of its own."""
    sites, demand = cover.shape
    return Problem(
        station_cost=np.ones(sites),
        station_site=np.arange(sites, dtype=np.int32),
        site_cost=np.zeros(sites),
        discount=np.ones(1),
        blocks=(
            Block(
                rule_id="all",
                period=0,
                mode="each",
                cover=sp.csr_array(cover),
                unit_item=np.arange(demand, dtype=np.int32),
                unit_weight=np.ones(demand),
                item_need=np.ones(demand),
                need=0.0,
            ),
        ),
        counts=(),
    )


def hard(sites):
    """Cover random demand by about a hundredth each: far from what can be proven in a minute."""
    rng = np.random.default_rng(2)
    demand = 8 * sites
    cover = rng.random((sites, demand)) < 5.0 / sites
    cover[rng.integers(0, sites, demand), np.arange(demand)] = True
    return covering(cover)


@given(problem=problems(spaced=True, limited=True))
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_parts_of_one_and_two_stations_bound_the_least_cost(monkeypatch, problem):
    least = cheapest(problem)
    assume(least is not None)
    told, true = [], search._Search.value_of

    def value_of(self, found):
        told.append(true(self, found))
        return told[-1]

    monkeypatch.setattr(search, "FEW_STATIONS", 1)
    monkeypatch.setattr(search, "MANY_STATIONS", 2)
    monkeypatch.setattr(search._Search, "value_of", value_of)
    start = np.zeros(problem.stations, dtype=np.int32)
    solution = solve(problem, start, time_limit_s=20.0, gap=0.0, seed=1)
    assert all(bound <= least + 1e-6 for bound in told)
    assert solution.bound <= least + 1e-6
    if solution.built is not None:
        assert problem.cost(solution.built) == pytest.approx(least, rel=1e-6, abs=1e-9)


def test_parts_lift_the_bound_of_a_search(monkeypatch):
    problem, told, true = hard(60), [], search._Search.value_of

    def value_of(self, found):
        told.append((self.reduced[0], true(self, found)))
        return told[-1][1]

    monkeypatch.setattr(search, "FEW_STATIONS", 20)
    monkeypatch.setattr(search, "MANY_STATIONS", 40)
    monkeypatch.setattr(search._Search, "value_of", value_of)
    solution = solve(problem, greedy(problem), time_limit_s=20.0, gap=0.05, seed=1)
    assert len(told) == 2
    linear, (few, many) = told[0][0], (bound for _, bound in told)
    assert linear <= few <= many <= problem.cost(solution.built)
    assert many > linear


@pytest.mark.usefixtures("uncollected")
def test_an_interrupt_gives_the_best_so_far():
    problem = hard(300)
    start = greedy(problem)
    before = set(threading.enumerate())
    main = threading.main_thread().ident
    timer = threading.Timer(1.5, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    try:
        solution = solve(problem, start, time_limit_s=120.0, gap=0.0, seed=1)
    finally:
        timer.cancel()
    timer.join()
    left = set(threading.enumerate()) - before
    # a run that outlives the search aborts Python at exit; the progress bar keeps a watcher of its own
    assert all(isinstance(thread, TMonitor) for thread in left)
    assert solution.status == "interrupted"
    assert not problem.unmet(solution.built)
    assert 0.0 < solution.bound <= problem.cost(solution.built) <= problem.cost(start)


class _Liar:
    """A solver whose reports are wrong: its bound is too high, its value too low."""

    def __init__(self, solver):
        self.solver = solver

    def __getattr__(self, name):
        return getattr(self.solver, name)

    def getInfo(self):  # noqa: N802  # the solver's name
        told = self.solver.getInfo()
        told.mip_dual_bound = 2.0 * told.mip_dual_bound + 10.0
        told.objective_function_value = told.objective_function_value - 1.0
        return told


@given(problem=problems())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_what_the_solver_reports_is_not_taken_on_trust(problem):
    honest = search.highs
    least, start = cheapest(problem), np.zeros(problem.stations, dtype=np.int32)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(search, "highs", lambda seed: _Liar(honest(seed)))
        solution = solve(problem, start, time_limit_s=0.5, gap=0.0, seed=1)
    assert not problem.unmet(solution.built)
    assert solution.bound <= least + 1e-6


@pytest.mark.parametrize("fault", ["kSolveError", "kModelError", "refused"])
def test_a_solver_that_fails_is_not_one_without_time(monkeypatch, fault):
    class Broken(_Liar):
        def passModel(self, model):  # noqa: N802  # the solver's name
            status = self.solver.passModel(model)
            return highspy.HighsStatus.kError if fault == "refused" else status

        def getModelStatus(self):  # noqa: N802  # the solver's name
            return getattr(highspy.HighsModelStatus, fault)

    honest, problem = search.highs, hard(10)
    monkeypatch.setattr(search, "highs", lambda seed: Broken(honest(seed)))
    start = np.zeros(problem.stations, dtype=np.int32)
    solution = solve(problem, start, time_limit_s=5.0, gap=0.0, seed=1)
    assert solution.status == "solver at fault"
    assert not problem.unmet(solution.built)
    assert solution.bound <= problem.cost(solution.built)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_start_does_not_hide_the_optimum(seed):
    rng = np.random.default_rng(seed)
    sites, units = int(rng.integers(4, 9)), int(rng.integers(2, 9))
    cost = np.append(rng.integers(1, 10, sites), np.zeros(units)).astype(float)
    reach = (rng.random((units, sites)) < 0.4).astype(float)
    weight = rng.integers(1, 5, units).astype(float)
    need = np.floor(weight[reach.any(axis=1)].sum() * rng.choice([0.5, 0.8, 1.0]))
    every = np.array(list(itertools.product((0.0, 1.0), repeat=sites)))
    holds = (every @ reach.T > 0.0) @ weight >= need
    start = every[rng.choice(np.flatnonzero(holds))]
    rows = np.block([[reach, -np.eye(units)], [np.zeros(sites), weight]])
    answer = solve_programme(
        cost,
        sp.csr_array(rows),
        np.append(np.zeros(units), need),
        lower=np.zeros(sites + units),
        upper=np.ones(sites + units),
        integer=np.arange(sites + units) < sites,
        start=np.append(start, reach @ start > 0.0),
        gap=0.0,
        time_limit_s=10.0,
        seed=1,
    )
    least = (every[holds] @ cost[:sites]).min()
    assert cost @ answer.values == pytest.approx(least)
    assert answer.bound <= least + 1e-6
