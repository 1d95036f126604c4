"""The network of a whole county: time and memory, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="memory of a process is read where the system tells it")

SCRIPT = """
import json, resource, time
from dataclasses import replace
import siteplan
from siteplan.coverage.network import network_coverage
from siteplan.coverage.stations import station_table
from siteplan.plan import signal_floor_dbm

region = siteplan.read_region("data/hangjin")
radio = region.scenario.radio.model_copy(update={"macro_model": MODEL})
region = replace(region, scenario=region.scenario.model_copy(update={"radio": radio}))
stations = station_table(region, region.stations)
floor = signal_floor_dbm(region)
network_coverage(region, stations.iloc[:2], [2022], floor_dbm=floor, label="")  # compiled once
start = time.process_time()
network_coverage(region, stations, [2022], floor_dbm=floor, label="")
cpu = time.process_time() - start
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"stations": len(stations), "cpu_s": cpu, "peak_gb": most / UNIT}))
"""


@pytest.mark.parametrize(("model", "limit_s"), [("p1812", 60.0), ("tr38901-rma", 20.0)])
def test_hangjin_at_90_m(model, limit_s):
    # kilobytes on Linux, bytes on macOS
    unit = 1e9 if sys.platform == "darwin" else 1e6
    text = SCRIPT.replace("MODEL", repr(model)).replace("UNIT", repr(unit))
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=root, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{model}: {found}")
    assert found["stations"] >= 300
    # processor time over all cores: the wall clock is at most this
    assert found["cpu_s"] < limit_s
    assert found["peak_gb"] < 1.5
