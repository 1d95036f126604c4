"""Laws of the evaluation: what must hold whatever the land, the network and the blanks."""

from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from siteplan.coverage.network import network_coverage
from siteplan.coverage.stations import station_table
from siteplan.demand import region_demands
from siteplan.targets import (
    AT_RISK,
    MET,
    NOT_MET,
    UNKNOWN,
    Uncertainty,
    evaluate,
    people_covered,
    rule_probabilities,
)
from tests import handmade as hand

SIGNAL_ONLY = {
    "document": "t.toml",
    "years": [2021],
    "definitions": {"village-4G": "village-signal"},
}
RANK = {NOT_MET: 0, UNKNOWN: 1, AT_RISK: 2, MET: 3}

# What is known of a village: whether it is dense (the rule asks for those), whether it has fibre, and the
# signal: strong, enough without the margin, too weak, or hidden by missing terrain.
yes_no_blank = st.sampled_from([True, False, None])
village = st.tuples(yes_no_blank, yes_no_blank, st.sampled_from(["strong", "enough", "weak", "?"]))
LEVEL = {"strong": -80.0, "enough": -108.0, "weak": -125.0, "?": np.nan}


def completions(villages):
    """Every way in which the blanks may be: for each village (member, fibre, covered, safely covered)."""
    choices = []
    for dense, fibre, signal in villages:
        members = [dense] if dense is not None else [True, False]
        fibres = [fibre] if fibre is not None else [True, False]
        covered = {"strong": [(1, 1)], "enough": [(1, 0)], "weak": [(0, 0)], "?": [(0, 0), (1, 1)]}
        choices.append(list(product(members, fibres, covered[signal])))
    yield from product(*choices)


def judged(villages, required):
    """Evaluate a rule on dense villages with fibre; village i stands in column i."""
    level = np.full((10, 10), np.nan)
    unknown = np.zeros((10, 10), dtype=bool)
    rows = []
    for i, (dense, fibre, signal) in enumerate(villages):
        level[:, i], unknown[:, i] = LEVEL[signal], signal == "?"
        row = {"id": f"v{i}", "name": f"v{i}", "kind": "natural", "dense": dense, "fibre": fibre}
        rows.append(row | {"geometry": hand.point(i * 1000 + 500, 500)})
    rule = hand.rule(
        "V",
        layer="villages",
        any=["dense"],
        attributes=["fibre"],
        required=required,
        **{"class": "village"},
    )
    region = hand.region(
        layers={"villages": hand.layer("villages", rows)},
        the_document=hand.document(rule),
        targets=SIGNAL_ONLY,
    )
    coverage = {("4G", 2021): hand.coverage(region, level, unknown=unknown)}
    table = station_table(region, region.stations)
    found = evaluate(region, region_demands(region), coverage, table, [2021])
    return found.region_result("V", 2021)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(village, min_size=1, max_size=4), st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_unknown_is_exactly_where_the_blanks_decide(villages, required):
    # the state is known when every way of filling the blanks leads to it, and unknown when they differ
    assume(any(dense for dense, _, _ in villages))
    values, safe = [], []
    for world in completions(villages):
        members = [
            (fibre * covered, fibre * sure) for belongs, fibre, (covered, sure) in world if belongs
        ]
        values.append(sum(covered for covered, _ in members) / len(members))
        safe.append(sum(sure for _, sure in members) / len(members))
    row = judged(villages, required)
    assert row["value"] == pytest.approx(min(values))
    assert row["value_most"] == pytest.approx(max(values))
    if min(safe) >= required - 1e-9:
        expected = MET
    elif min(values) >= required - 1e-9:
        expected = AT_RISK
    else:
        expected = UNKNOWN if max(values) >= required - 1e-9 else NOT_MET
    assert row["state"] == expected
    assert bool(row["reason"]) >= (expected == UNKNOWN)


def test_a_rule_that_may_speak_of_nothing_is_unknown():
    row = judged([(None, True, "strong"), (False, True, "strong")], 1.0)
    assert (row["state"], row["reason"], row["items"]) == (UNKNOWN, "1 with blank dense", 0)


def test_what_is_blank_may_belong_or_not_in_the_chances_too():
    # v0 surely, v1 perhaps dense; v1 has no signal: 1 of 1, or 1 of 2; pooled the same
    rows = [
        {"id": f"v{i}", "name": f"v{i}", "kind": "natural", "dense": dense}
        | {"geometry": hand.point(i * 1000 + 500, 500)}
        for i, dense in enumerate([True, None])
    ]
    level = np.full((10, 10), np.nan)
    level[:, 0] = -80.0
    for measure in ("items", "pooled"):
        rule = hand.rule("V", layer="villages", any=["dense"], **{"class": "village"})
        region = hand.region(
            layers={"villages": hand.layer("villages", rows)},
            the_document=hand.document(rule | {"measure": measure, "required": 1.0}),
            targets=SIGNAL_ONLY,
        )
        signal = {("4G", 2021): hand.coverage(region, level, sigma_db=1.0)}
        table = station_table(region, region.stations)
        found = rule_probabilities(
            region, region_demands(region), signal, table, [2021],
            uncertainty=Uncertainty(decorrelation_m=50.0, model_error_db=0.0, draws=20),
        ).iloc[0]  # fmt: skip
        assert (found["probability"], found["probability_most"]) == (0.0, 1.0)
        assert found["value_median"] == pytest.approx(0.5)


# A land of mountains, 5 x 5 km in cells of 250 m, with villages, a road and a zone.
SHAPE, CELL_M = (20, 20), 250.0
LAND = hand.fractal(20, seed=5, relief_m=120.0)
LAYERS = {
    "zones": hand.layer(
        "zones",
        [
            {
                "id": "z1",
                "name": "一",
                "kind": "built_up",
                "geometry": hand.box(300, 300, 2800, 2900),
            },
            {
                "id": "z2",
                "name": "二",
                "kind": "built_up",
                "geometry": hand.box(3100, 900, 4700, 4100),
            },
        ],
    ),
    "villages": hand.layer(
        "villages",
        [
            {"id": f"v{i}", "name": f"v{i}", "kind": "natural", "population": 10 * i}
            | {"geometry": hand.point(400 + 830 * (i % 6), 700 + 1900 * (i // 6))}
            for i in range(12)
        ],
    ),
    "roads": hand.layer(
        "roads",
        [
            {"id": "r1", "name": "S1", "geometry": hand.line((100, 100), (4900, 4800))},
            {"id": "r2", "name": "S2", "geometry": hand.line((4900, 200), (200, 4700))},
        ],
    ),
    "townships": hand.layer(
        "townships",
        [
            {"id": "w", "name": "西镇", "geometry": hand.box(0, 0, 2400, 5000)},
            {"id": "e", "name": "东镇", "geometry": hand.box(2400, 0, 5000, 5000)},
        ],
    ),
}
RULES = [
    hand.rule("A"),
    hand.rule("P", measure="pooled", required=0.4),
    hand.rule("V", layer="villages", required=0.5, **{"class": "village"}),
    hand.rule("R", layer="roads", measure="pooled", required=0.4, **{"class": "road"}),
]
SPOTS = [(600, 4300), (1500, 900), (2600, 2600), (3900, 3300), (4600, 700)]


def network(places, layers=LAYERS):
    """Evaluate stations at some of the spots, all of one weak kind, on the mountains."""
    sites = hand.sites(*((f"s{i}", "lamp_pole", "existing", *SPOTS[i]) for i in places))
    rows = [
        {"id": f"s{i}", "site_id": f"s{i}", "operator": "甲", "technology": "4G"}
        | {"equipment": "macro-lte900", "antenna_height_m": 8.0}
        for i in places
    ]
    region = hand.region(
        shape=SHAPE,
        cell_m=CELL_M,
        layers=layers,
        the_sites=sites,
        the_stations=hand.stations(*rows),
        the_document=hand.document(*RULES),
        terrain_m=LAND,
        radio={"macro_model": "tr38901-rma", "radius_m": 3000.0, "penetration_loss_db": 14.0},
        targets={
            "document": "t.toml",
            "years": [2021],
            "definitions": {"village-4G": "village-signal"},
        },
    )
    table = station_table(region, region.stations)
    signal = network_coverage(region, table, [2021], floor_dbm=-125.0, label="")
    found = evaluate(region, region_demands(region), signal, table, [2021])
    return region, table, signal, found


@settings(max_examples=5, deadline=None, derandomize=True)
@given(st.permutations(range(len(SPOTS))))
def test_a_station_more_never_lowers_what_a_level_covers(order):
    results = [network(order[:number])[-1] for number in (1, 2, len(SPOTS))]
    for fewer, more in pairwise(results):
        for name in ("value", "value_most"):
            assert (more.results[name].to_numpy() >= fewer.results[name].to_numpy() - 1e-9).all()
        assert (
            more.results["state"].map(RANK).to_numpy()
            >= fewer.results["state"].map(RANK).to_numpy()
        ).all()
        for key, states in fewer.samples.items():
            assert (more.samples[key][states == 1] == 1).all()
    # and the law says something: the first station does not cover all, the last ones add
    assert results[0].results["value"].sum() < results[-1].results["value"].sum()
    assert {MET, NOT_MET} <= {state for found in results for state in found.results["state"]}


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(seed):
    random = np.random.default_rng(seed)
    region, table, signal, usual = network([0, 2, 4])
    mixed = {name: frame.iloc[random.permutation(len(frame))] for name, frame in LAYERS.items()}
    other = network(random.permutation([0, 2, 4]).tolist(), mixed)
    keys = ["rule_id", "year", "scope", "group"]
    columns = ["state", "value", "value_most", "required", "shortfall", "items", "items_covered"]
    pd.testing.assert_frame_equal(
        usual.results.set_index(keys)[columns].sort_index(),
        other[-1].results.set_index(keys)[columns].sort_index(),
        rtol=1e-9,
    )
    items = ["rule_id", "item_id"]
    pd.testing.assert_frame_equal(
        usual.items.set_index(items)[["township", "share", "state"]].sort_index(),
        other[-1].items.set_index(items)[["township", "share", "state"]].sort_index(),
        rtol=1e-9,
    )
    one, two = (
        people_covered(land, levels, stations, [2021])
        .set_index(["technology", "scope"])
        .sort_index()
        for land, stations, levels in ((region, table, signal), other[:3])
    )
    pd.testing.assert_frame_equal(one, two)
