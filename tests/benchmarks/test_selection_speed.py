"""
Speed of selection, as ratios within one run: ``python -m pytest tests/benchmarks -s``.

Not part of the test run. Seconds are those of the processor: the machine may be shared.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import pytest

from siteplan.selection.cover import max_cover, set_cover
from siteplan.selection.optimise import optimise
from tests.benchmarks.cover_instances import hangjin, hedong, plane, scattered

LIMIT_S = 60.0
"""Time limit of either side on the larger instances. [s]"""

RUN = """
import glob, json, os, resource, sys, threading, time
side, kind, sites, demand, limit = sys.argv[1:6]
from tests.benchmarks.cover_instances import plane
cover, weight = plane(int(sites), int(demand))
number = int(sites) // 25 if kind == "most" else 0
if side == "siteplan":
    from siteplan.selection.cover import max_cover, set_cover
    small, light = plane(30, 100)
    max_cover(small, light, sites=3), set_cover(small)
    from siteplan.selection._cover_reductions import merged
    from siteplan.selection._cover_search import graph_of
    def build(): return graph_of(merged(cover, weight)[0])
    def solve(_):
        options = dict(time_limit_s=float(limit))
        found = max_cover(cover, weight, sites=number, **options) if number else set_cover(cover, **options)
        return found.value
else:
    import numpy as np, pulp
    from spopt.locate import LSCP, MCLP
    def build():
        far = 2.0 - cover.toarray().T  # the dense matrix is what it takes
        if number:
            return MCLP.from_cost_matrix(far, weight, service_radius=1.5, p_facilities=number)
        return LSCP.from_cost_matrix(far, service_radius=1.5)
    def solve(model):
        model.solve(pulp.PULP_CBC_CMD(msg=False, threads=2, timeLimit=float(limit)))
        opened = np.array([value.varValue > 0.5 for value in model.fac_vars])
        reached = cover.T @ opened > 0
        if number:
            return float(weight @ reached)
        return float(opened.sum()) if reached.all() else float("inf")
def used():
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
def kilobytes(name, process="self"):
    with open(f"/proc/{process}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name))
def watch():
    # the solver of spopt is a process of its own: its peak since it became one
    while not over.wait(0.01):
        for path in glob.glob(f"/proc/{os.getpid()}/task/*/children"):
            for child in open(path).read().split():
                try:
                    if "python" not in open(f"/proc/{child}/comm").read():
                        solver[0] = max(solver[0], kilobytes("VmHWM", child))
                except (OSError, StopIteration):
                    pass  # it has ended
over, solver = threading.Event(), [0]
watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")  # the peak so far is forgotten
memory = kilobytes("VmRSS")
began = used()
model = build()
built = used() - began
held = kilobytes("VmHWM") - memory
value = solve(model)
whole = used() - began
over.set()
watcher.join()
memory = kilobytes("VmHWM") - memory + solver[0]
print(json.dumps(dict(built=built, whole=whole, value=value, held=held / 1024, memory=memory / 1024)))
"""
"""
One side on one instance, in a process of its own: seconds and megabytes that the peak rises, for the model
alone and in all with its solver, and the value.
"""


def run(side, kind, sites, demand):
    """Run one side; its own output comes before the last line."""
    command = [sys.executable, "-W", "ignore", "-c", RUN, side, kind, str(sites), str(demand)]
    done = subprocess.run(
        [*command, str(LIMIT_S)], capture_output=True, text=True, check=False, timeout=7200
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("kind", ["most", "least"])
def test_against_spopt(kind):
    pytest.importorskip("spopt")
    ours, theirs = (run(side, kind, 500, 5_000) for side in ("siteplan", "spopt"))
    print(f"\n{kind} 5000 x 500\n  siteplan {ours}\n  spopt    {theirs}")
    assert ours["value"] == pytest.approx(theirs["value"])
    assert theirs["whole"] > 10.0 * ours["whole"]
    assert theirs["built"] > 200.0 * ours["built"]
    assert ours["held"] < theirs["held"] / 10.0
    assert ours["memory"] < theirs["memory"] / 10.0


@pytest.mark.parametrize(("sites", "most"), [(20, 0.0), (40, 0.0), (60, 0.001), (80, 0.012)])
def test_most_on_larger_problems(sites, most):
    """20,000 x 2,000, of which a dense model takes 800 MB: few sites overlap little, and are proven best."""
    cover, weight = plane(2_000, 20_000)
    began = time.process_time()
    found = max_cover(cover, weight, sites=sites, time_limit_s=LIMIT_S)
    used = time.process_time() - began
    print(
        f"\n{sites}: {found.value:,.0f}, bound {found.bound:,.0f}, {found.gap:.3%} in {used:.0f} s"
    )
    assert found.gap <= most
    assert used < 16.0 or most


def test_least_on_a_larger_problem():
    cover, _ = plane(2_000, 20_000)
    found = set_cover(cover, time_limit_s=LIMIT_S)
    print(f"\nleast {found.value:,.0f}, bound {found.bound:,.0f}, gap {found.gap:.2%}")
    assert not found.uncovered.any()
    assert found.value <= 144.0
    assert found.gap < 0.095  # reached: 0.070 where the processors are free


@pytest.mark.parametrize("sites", [80, 0])
def test_the_time_limit_is_kept(sites):
    cover, weight = scattered(2_000, 20_000)
    limit, began = 20.0, time.monotonic()
    options = {"time_limit_s": limit}
    found = (
        max_cover(cover, weight, sites=sites, **options) if sites else set_cover(cover, **options)
    )
    waited = time.monotonic() - began
    print(f"\nscattered {sites}: {found.value:,.0f}, bound {found.bound:,.0f} in {waited:.1f} s")
    assert waited < limit + 5.0


def test_a_steppe_county_over_three_years():
    problem = hangjin()
    began = time.process_time()
    built, bound, method, _ = optimise(problem, time_limit_s=LIMIT_S, gap=0.01, seed=1)
    used, cost = time.process_time() - began, problem.cost(built)
    print(f"\n{cost:,.0f} CNY, gap {(cost - bound) / cost:.2%} in {used:.0f} s ({method})")
    assert not problem.unmet(built)
    assert cost - bound < 0.01 * cost


@pytest.mark.parametrize(("sites", "most"), [(150, 0.006), (773, 0.02)])
def test_a_city_district(sites, most):
    cover, weight = hedong()
    began = time.process_time()
    found = max_cover(cover, weight, sites=sites, gap=0.8 * most)
    used = time.process_time() - began
    share = found.value / weight.sum()
    print(f"\n{sites} stations cover {share:.2%}, gap {found.gap:.2%} in {used:.1f} s")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(f"{peak_mb:,.0f} MB at most, with all before")
    assert found.gap < most
    assert used < 180.0
    assert peak_mb < 4000.0
