"""What structures of a kind may carry: against a reading site by site, and in a plan."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import siteplan
from siteplan.errors import InputError
from siteplan.scenario import StructureLimits
from siteplan.selection.candidates import candidate_stations
from siteplan.selection.limits import carried, structures
from siteplan.selection.wishes import rivals
from tests.outputs.conftest import CODE_18, write_rich_region


@st.composite
def crowds(draw):
    """Sites of two kinds with stations of today and candidates, and how many each kind may carry."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    names = [f"s{i}" for i in range(draw(st.integers(1, 4)))]
    sites = pd.DataFrame({"kind": rng.choice(["tower", "lamp_pole"], len(names))}, index=names)
    standing = rng.choice(names, int(rng.integers(0, 4)))
    most = {kind: int(rng.integers(1, 4)) for kind in ("tower", "lamp_pole") if rng.random() < 0.8}
    limits = {kind: StructureLimits(most_stations=number) for kind, number in most.items()}
    region = SimpleNamespace(
        scenario=SimpleNamespace(structures=limits),
        sites=sites.assign(height_m=np.nan),
        stations=pd.DataFrame({"site_id": standing}),
    )
    offered = pd.DataFrame({"site_id": rng.choice(names, int(rng.integers(1, 7)))})
    offered.index = [f"{name}/{i}" for i, name in enumerate(offered["site_id"])]
    offered = offered.assign(technology="5G", equipment="micro-nr3500")
    return region, offered[carried(region, offered)], most


@given(crowds(), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_choice_is_allowed_as_each_site_has_room(crowd, seed):
    region, offered, most = crowd
    if offered.empty:
        return
    made = structures(region, offered)
    assert (made.site[made.station] == offered["site_id"].to_numpy(dtype=str)).all()
    sites = np.unique(made.site)
    rng = np.random.default_rng(seed)
    near = [p for p in itertools.combinations(range(len(sites)), 2) if rng.random() < 0.3]
    pairs = made.pairs(sites, np.array(near, dtype=np.int32).reshape(-1, 2))
    for picks in itertools.product((False, True), repeat=len(offered)):
        chosen = np.array(picks)
        opened = set(made.station[chosen].tolist())
        told = not any(one in opened and two in opened for one, two in pairs.tolist())
        told &= all(limit.station[chosen].sum() <= limit.most for limit in made.limits)
        used = offered["site_id"][chosen].value_counts()
        standing = region.stations["site_id"].value_counts()
        room = all(
            number + standing.get(name, 0) <= most.get(region.sites.loc[name, "kind"], 99)
            for name, number in used.items()
        )
        apart = not any(sites[one] in used and sites[two] in used for one, two in near)
        assert told == (room and apart)


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    folder = write_rich_region(tmp_path_factory.mktemp("limits") / "region")
    targets = folder / "targets.toml"
    text = targets.read_text(encoding="utf-8")
    targets.write_text(text.replace("required = 6", "required = 4"), encoding="utf-8")
    return folder


def with_structures(folder, text):
    path = folder / "scenario.toml"
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{text}\n", encoding="utf-8")
    try:
        return siteplan.read_region(folder)
    finally:
        path.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("limits", "left_out"),
    [
        ("[structures.lamp_pole]\nleast_height_m = 10.0", {"p1", "p2"}),
        ("[structures.lamp_pole]\nleast_height_m = 9.0", set()),
        ('[structures.lamp_pole]\ntechnologies = ["4G"]', {"p1", "p2"}),
        ("[structures.lamp_pole]\nmost_power_w = 1.0", {"p1", "p2"}),
        ("[structures.tower]\nmost_stations = 1", {"a"}),
        ("[structures.new]\nmost_stations = 1", set()),
    ],
)
def test_each_limit_leaves_out_the_sites_beyond_it(rich, limits, left_out):
    every = candidate_stations(siteplan.read_region(rich))
    some = candidate_stations(with_structures(rich, limits))
    assert set(every["site_id"]) - set(some["site_id"]) == left_out
    assert some["station_price"].equals(every.loc[some.index, "station_price"])


def test_a_plan_keeps_to_what_a_structure_may_carry(rich):
    free = siteplan.make_plan(siteplan.read_region(rich))
    plan = siteplan.make_plan(with_structures(rich, "[structures.new]\nmost_stations = 1"))
    new = plan.region.sites.index[plan.region.sites["kind"] == "new"]
    number = free.planned_stations["site_id"].value_counts()
    assert max(number.get(CODE_18, 0), number.get("c", 0)) > 1
    told = plan.planned_stations["site_id"].value_counts()
    assert plan.selection.relaxations.empty
    assert all(told.get(name, 0) <= 1 for name in new)
    reasons = plan.selection.explanation
    kept_out = reasons[~reasons["chosen"] & reasons["site_id"].isin(told.index.intersection(new))]
    assert (kept_out["reason"] == "full").all()
    assert len(kept_out)


def test_an_unknown_kind_is_refused(rich):
    with pytest.raises(InputError, match="lamp_post"):
        with_structures(rich, "[structures.lamp_post]\nmost_stations = 1")


def test_rivals_need_no_limits(rich):
    region = siteplan.read_region(rich)
    offered = candidate_stations(region)
    made = structures(region, offered)
    assert made.site.tolist() == sorted(set(offered["site_id"]))
    assert not made.limits
    none = rivals(region, made.site)
    assert made.pairs(made.site, none).shape == (0, 2)
