"""The solver beside another one, and interrupted."""

from __future__ import annotations

import signal
import threading
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, assume, given, settings

from siteplan.errors import InputError
from siteplan.selection.greedy import greedy
from siteplan.selection.problem import Block, Problem
from siteplan.selection.solve import solve, write_programme
from tests.selection.test_optimise import cheapest, problems


@pytest.fixture(scope="module")
def scip():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("pyscipopt")


@pytest.mark.parametrize("ending", [".lp", ".mps"])
@given(problem=problems(spaced=True))
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


def hard(sites):
    """Cover of random demand by about a hundredth each: far from what can be proven in a minute."""
    rng = np.random.default_rng(2)
    demand = 8 * sites
    cover = rng.random((sites, demand)) < 5.0 / sites
    cover[rng.integers(0, sites, demand), np.arange(demand)] = True
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


def test_an_interrupt_gives_the_best_so_far():
    problem = hard(300)
    start = greedy(problem)
    main = threading.main_thread().ident
    timer = threading.Timer(3.0, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    try:
        solution = solve(problem, start, time_limit_s=120.0, gap=0.0, seed=1)
    finally:
        timer.cancel()
    assert solution.status == "interrupted"
    assert not problem.unmet(solution.built)
    assert 0.0 < solution.bound <= problem.cost(solution.built) <= problem.cost(start)
