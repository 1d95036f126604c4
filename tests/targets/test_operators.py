"""Rules that any operator, each operator or a named one must meet, on ten cells in a row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.coverage.network import network_coverage
from siteplan.coverage.stations import station_table
from siteplan.demand import region_demands
from siteplan.errors import InputError
from siteplan.gaps import find_gaps
from siteplan.scenario import read_scenario
from siteplan.selection import select_stations
from siteplan.targets import (
    AT_RISK,
    MET,
    NOT_MET,
    Uncertainty,
    evaluate,
    operator_coverage,
    rule_probabilities,
)
from siteplan.targets.coverage_rules import worst_states
from tests import handmade as hand
from tests.conftest import write_small_region

NETWORKS = [
    {"operator": name, "technology": "4G", "macro": "macro-lte900"} for name in ("甲", "乙")
]
TARGETS = {"document": "t.toml", "years": [2021], "definitions": {"village-4G": "village-signal"}}
# four villages in columns 1, 3, 5 and 7 of one row of cells
PLACES = hand.layer(
    "villages",
    [
        {"id": f"v{x}", "name": f"v{x}", "kind": "natural"}
        | {"geometry": hand.point(x * 1000 + 500, 500)}
        for x in (1, 3, 5, 7)
    ],
)


def rule(operators, **parts):
    return hand.rule("V", layer="villages", **{"class": "village"}, operators=operators, **parts)


def row_of(*levels):
    """Levels of ten columns, all rows alike; None is no signal."""
    values = [np.nan if level is None else float(level) for level in levels]
    return np.array([values + [np.nan] * (10 - len(values))] * 10)


# village-signal asks for -110 dBm, and -107 dBm with the margin
OURS = row_of(-80, -80, -80, -80, -80, -80, None, None)  # v1, v3, v5
THEIRS = row_of(-80, -80, -80, -108, -80, None, -80, -80)  # v1, v7; v3 without margin


def judge(operators, *, ours=OURS, theirs=THEIRS, draws=0, sigma_db=0.0, **parts):
    region = hand.region(
        layers={"villages": PLACES},
        the_document=hand.document(rule(operators, **parts)),
        networks=NETWORKS,
        targets=TARGETS,
    )
    demands = region_demands(region)
    own = {
        (name, "4G", 2021): hand.coverage(region, levels, sigma_db=sigma_db)
        for name, levels in (("甲", ours), ("乙", theirs))
    }
    signal = {("4G", 2021): hand.coverage(region, np.fmax(ours, theirs), sigma_db=sigma_db)}
    table = station_table(region, region.stations)
    if draws:
        uncertainty = Uncertainty(decorrelation_m=1.0, model_error_db=0.0, draws=draws)
        return rule_probabilities(
            region, demands, signal, table, [2021], uncertainty=uncertainty, by_operator=own
        )
    return evaluate(region, demands, signal, table, [2021], by_operator=own)


@pytest.mark.parametrize(
    ("operators", "required", "value", "state"),
    [
        ("any", 1.0, 1.0, MET),  # v1, v3, v5 by one, v7 by the other
        (["甲"], 0.75, 0.75, MET),  # three of four
        (["甲"], 1.0, 0.75, NOT_MET),
        (["乙"], 0.5, 0.5, AT_RISK),  # v1 and v3, v3 without the margin; v7
        ("each", 0.5, 0.5, AT_RISK),  # the worse of the two
        (["甲", "乙"], 0.75, 0.5, NOT_MET),
    ],
)
def test_the_worst_of_those_asked_counts(operators, required, value, state):
    theirs = row_of(-80, -80, -80, -108, -80, None, None, None)  # v1, and v3 without the margin
    found = judge(operators, required=required, theirs=theirs if operators != "any" else THEIRS)
    row = found.region_result("V", 2021)
    assert (row["value"], row["state"]) == (value, state)


def test_each_operator_has_a_row_and_each_item_its_worst():
    found = judge("each")
    rows = found.results[found.results["group"] != ""].set_index("group")
    assert rows["value"].to_dict() == {"乙": 0.75, "甲": 0.75}
    assert found.region_result("V", 2021)["reason"] == "least: 乙"
    items = found.items.set_index("item_id")
    assert items["state"].to_dict() == {"v1": MET, "v3": MET, "v5": NOT_MET, "v7": NOT_MET}
    assert items["share"].to_dict() == {"v1": 1.0, "v3": 1.0, "v5": 0.0, "v7": 0.0}
    assert found.region_result("V", 2021, "甲")["items_covered"] == 3


def test_each_operator_has_its_gaps():
    region = hand.region(
        layers={"villages": PLACES},
        the_document=hand.document(rule("each")),
        networks=NETWORKS,
        targets=TARGETS,
    )
    gaps = find_gaps(
        region, region_demands(region), judge("each"), station_table(region, region.stations), 2021
    )
    assert gaps.set_index("name")["operator"].to_dict() == {"v7": "甲", "v5": "乙"}


def test_the_chance_that_both_hold_is_the_product():
    # one village, 4 dB over the level for either, 8 dB of spread: Phi(0.5) = 0.6915 each, 0.4781 both
    level = row_of(-80, -106)
    for operators, chance in (("any", 0.6915), (["甲"], 0.6915), ("each", 0.6915**2)):
        region_rule = {"required": 0.25}
        found = judge(operators, ours=level, theirs=level, draws=4000, sigma_db=8.0, **region_rule)
        assert found["probability"].iloc[0] == pytest.approx(chance, abs=0.024)


def test_coverage_of_an_operator_is_that_of_its_stations_alone():
    sites = hand.sites(("a", "tower", "existing", 1500, 500), ("b", "tower", "existing", 6500, 500))
    stations = hand.stations(
        *(
            {"id": f"{o}4", "site_id": s, "operator": o, "technology": "4G"}
            | {"equipment": "macro-lte900"}
            for s, o in (("a", "甲"), ("b", "乙"))
        )
    )
    region = hand.region(
        layers={"villages": PLACES},
        the_sites=sites,
        the_stations=stations,
        the_document=hand.document(rule("each")),
        networks=NETWORKS,
        targets=TARGETS,
    )
    table = station_table(region, region.stations)
    own = operator_coverage(region, table, [2021], floor_dbm=-120.0)
    assert set(own) == {("甲", "4G", 2021), ("乙", "4G", 2021)}
    for name in ("甲", "乙"):
        alone = network_coverage(
            region, table[table["operator"] == name], [2021], floor_dbm=-120.0, label=""
        )
        np.testing.assert_array_equal(own[name, "4G", 2021].rsrp_cdbm, alone["4G", 2021].rsrp_cdbm)
    with pytest.raises(ValueError, match=r"V asks for 4G of each of 乙, 甲 in 2021"):
        evaluate(region, region_demands(region), alone, table, [2021])


def test_a_plan_builds_for_each_operator():
    sites = hand.sites(("a", "tower", "existing", 1500, 500), ("b", "new", "candidate", 6500, 1500))
    stations = hand.stations(
        {"id": "a4", "site_id": "a", "operator": "甲", "technology": "4G"}
        | {"equipment": "macro-lte900"}
    )
    chosen = {}
    for operators in ("any", "each", ["乙"]):
        region = hand.region(
            layers={"villages": PLACES},
            the_sites=sites,
            the_stations=stations,
            the_document=hand.document(rule(operators)),
            networks=NETWORKS,
            targets=TARGETS,
            radio={"macro_model": "tr38901-rma", "radius_m": 4000.0},
        )
        table = station_table(region, region.stations)
        signal = network_coverage(region, table, [2021], floor_dbm=-120.0, label="")
        own = operator_coverage(region, table, [2021], floor_dbm=-120.0)
        demands = region_demands(region)
        today = evaluate(region, demands, signal, table, [2021], by_operator=own)
        found = select_stations(region, demands, today, table)
        chosen[str(operators)] = sorted(found.stations["operator"] + found.stations["site_id"])
    # 4 km from the tower at 1.5 km reach to 5.5 km: v7 is missing. The other operator has nothing yet:
    # from 6.5 km it reaches v3, v5 and v7, and needs the tower for v1
    assert chosen["each"] == ["乙a", "乙b", "甲b"]
    assert chosen["['乙']"] == ["乙a", "乙b"]
    assert len(chosen["any"]) == 1
    assert chosen["any"][0].endswith("b")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.sampled_from([1, 0, -1]), min_size=3, max_size=3), min_size=1))
def test_the_worst_is_the_least_in_the_order_no_unknown_yes(states):
    order = {0: 0, -1: 1, 1: 2}
    found = worst_states(np.array(states, dtype=np.int8))
    assert found.tolist() == [min(column, key=order.get) for column in zip(*states, strict=True)]


def test_names_that_no_network_has_are_refused(tmp_path):
    folder = write_small_region(tmp_path / "r")
    text = (folder / "scenario.toml").read_text(encoding="utf-8")
    head = '[targets]\ndocument = "targets.toml"'
    wish = f'{head}\noperators = {{ "village-4G" = ["丙"], "road-4G" = "each" }}'
    (folder / "scenario.toml").write_text(text.replace(head, wish), encoding="utf-8")
    with pytest.raises(InputError, match=r"operators of S-V-2021.*丙.*甲"):
        read_scenario(folder)
    (folder / "scenario.toml").write_text(
        text.replace(head, wish.replace("丙", "甲")), encoding="utf-8"
    )
    scenario, document = read_scenario(folder)
    assert [scenario.operators_of(rule) for rule in document.rules] == [("甲",), ("甲",)]
