"""Rules judged on a land of ten by ten cells of 1 km, each figure worked out in a comment."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.catalog import definitions
from siteplan.coverage.stations import station_table
from siteplan.demand import demand_of, region_demands
from siteplan.targets import (
    AT_RISK,
    COVERED,
    MEASURED,
    MET,
    NOT_KNOWN,
    NOT_MET,
    UNCOVERED,
    UNKNOWN,
    evaluate,
    item_shares,
    near_items,
    sample_states,
)
from tests import handmade as hand

# Levels by column, west to east: strong, enough but not with the margin of 3 dB, too weak, none. The
# definition in use asks for -110 dBm over 95 % of an item (lte-mr-110).
#
#   column      0    1    2    3    4     5     6     7    8   9
LEVELS = [-90, -90, -90, -90, -108, -108, -115, -115, None, None]
RSRP_DBM = np.array([LEVELS] * 10, dtype=float)
VOID = np.zeros((10, 10), dtype=bool)
VOID[:2, 8:] = True
"""Two rows in the north-east corner lie behind missing terrain."""

SITES = hand.sites(
    ("a", "tower", "existing", 500, 500),
    ("b", "lamp_pole", "candidate", 2500, 500),
    ("c", "new", "candidate", 7500, 500),
    ("d", "building", "candidate", 7500, 9500),
).assign(
    township=pd.array(["w", "w", "e", pd.NA], dtype="string"),
    power=pd.array(["direct", "resold", pd.NA, "resold"], dtype="string"),
)
STATIONS = hand.stations(
    *(
        {
            "id": name,
            "site_id": site,
            "operator": operator,
            "technology": technology,
            "equipment": gear,
        }
        | {"year_on_air": year}
        for name, site, operator, technology, gear, year in [
            ("a4", "a", "甲", "4G", "macro-lte900", None),
            ("a5", "a", "甲", "5G", "macro-nr3500", 2021),
            ("b5", "b", "甲", "5G", "micro-nr3500", 2022),
            ("c5", "c", "乙", "5G", "macro-nr3500", 2022),
            ("d5", "d", "乙", "5G", "macro-nr3500", 2022),
        ]
    )
)
TOWNSHIPS = hand.layer(
    "townships",
    [
        {"id": "w", "name": "西镇", "geometry": hand.box(0, 0, 5000, 10_000)},
        {"id": "e", "name": "东镇", "geometry": hand.box(5000, 0, 10_000, 10_000)},
    ],
)
ZONES = hand.layer(
    "zones",
    [
        # cuts column 3 in half: 3.5 x 1 km, all strong
        {"id": "z1", "name": "一", "kind": "built_up", "geometry": hand.box(0, 0, 3500, 1000)},
        # 3 x 1.5 km, row 8 in half: column 3 strong (1.5 km2), columns 4 and 5 without margin (3 km2)
        {
            "id": "z2",
            "name": "二",
            "kind": "industrial_park",
            "geometry": hand.box(3000, 0, 6000, 1500),
        },
        # 1 x 1 km: half of column 5 (enough), half of column 6 (too weak)
        {
            "id": "z3",
            "name": "三",
            "kind": "scenic_area",
            "geometry": hand.box(5500, 2000, 6500, 3000),
        },
        # 1 x 1 km behind the void
        {
            "id": "z4",
            "name": "四",
            "kind": "functional_area",
            "geometry": hand.box(8500, 8500, 9500, 9500),
        },
    ],
)
VILLAGES = hand.layer(
    "villages",
    [
        {"id": name, "name": name, "kind": kind, "fibre": fibre, "geometry": hand.point(x, y)}
        for name, kind, fibre, x, y in [
            ("v1", "administrative", True, 500, 500),  # strong
            ("v2", "administrative", None, 1500, 500),  # strong
            ("v3", "administrative", False, 500, 1500),  # strong
            ("v4", "natural", True, 4500, 500),  # enough, not with the margin
            ("v5", "natural", None, 6500, 500),  # too weak
            ("v6", "natural", True, 9500, 9500),  # behind the void
        ]
    ],
)
ROADS = hand.layer(
    "roads",
    [
        # 8 km through columns 0 to 8: 5.5 km covered (3.5 of them strong), 2 km weak, 0.5 km without
        {
            "id": "r1",
            "name": "S1",
            "class": "provincial",
            "geometry": hand.line((500, 500), (8500, 500)),
        },
        {
            "id": "r2",
            "name": "S2",
            "class": "county",
            "geometry": hand.line((500, 2500), (3500, 2500)),
        },
    ],
)
LAYERS = {"zones": ZONES, "villages": VILLAGES, "roads": ROADS, "townships": TOWNSHIPS}
ALL_KINDS = {"kind": ["built_up", "industrial_park", "scenic_area", "functional_area"]}


def judge(
    *rules, rsrp_dbm=RSRP_DBM, unknown=VOID, sinr_db=30.0, years=(2021,), layers=None, **parts
):
    region = hand.region(
        layers=LAYERS if layers is None else layers,
        the_sites=SITES,
        the_stations=STATIONS,
        the_document=hand.document(*rules),
        **parts,
    )
    demands = region_demands(region)
    coverage = {
        (technology, year): hand.coverage(
            region, rsrp_dbm, technology=technology, year=year, unknown=unknown, sinr_db=sinr_db
        )
        for technology in ("4G", "5G")
        for year in years
    }
    table = station_table(region, region.stations)
    return evaluate(region, demands, coverage, table, years)


def result(*args, **options):
    """Judge, and take the first rule for the whole region in the first year."""
    return judge(*args, **options).region_result(args[0]["id"], 2021)


@pytest.mark.parametrize(
    ("kind", "state", "least", "most", "reason"),
    [
        ("built_up", MET, 1.0, 1.0, ""),
        ("industrial_park", AT_RISK, 1.0, 1.0, ""),
        ("scenic_area", NOT_MET, 0.0, 0.0, ""),  # half of its area is less than 95 %
        ("functional_area", UNKNOWN, 0.0, 1.0, "terrain missing"),
    ],
)
def test_a_rule_on_one_zone_has_the_state_of_the_zone(kind, state, least, most, reason):
    row = result(hand.rule("R", where={"kind": [kind]}))
    assert (row["state"], row["value"], row["value_most"]) == (state, least, most)
    assert (row["required"], row["shortfall"]) == (1.0, 1.0 - least)
    assert (row["items"], row["unit"], row["reason"]) == (1, "share", reason)
    assert row["definition"] == "lte-mr-110"


def test_each_zone_tells_its_share():
    items = judge(hand.rule("R")).items.set_index("item_id")
    assert items["state"].to_dict() == {"z1": MET, "z2": MET, "z3": NOT_MET, "z4": UNKNOWN}
    assert items["share"].to_dict() == pytest.approx({"z1": 1.0, "z2": 1.0, "z3": 0.5, "z4": 0.0})
    assert items["share_most"].to_dict() == pytest.approx(
        {"z1": 1.0, "z2": 1.0, "z3": 0.5, "z4": 1.0}
    )
    # of z2 2 x 1.5 km lie in the west, of z3 all in the east
    assert items["township"].to_dict() == {"z1": "w", "z2": "w", "z3": "e", "z4": "e"}


@pytest.mark.parametrize(
    ("required", "state"),
    # two of four zones are covered, one of them with the margin, and z4 may be
    [(0.25, MET), (0.5, AT_RISK), (0.75, UNKNOWN), (0.76, NOT_MET), (1.0, NOT_MET)],
)
def test_a_share_of_the_items(required, state):
    row = result(hand.rule("R", required=required))
    assert row["state"] == state
    assert (row["value"], row["value_most"]) == (0.5, 0.75)
    assert (row["items"], row["items_covered"], row["items_unknown"]) == (4, 2, 1)
    assert row["shortfall"] == pytest.approx(max(required - 0.5, 0.0))


@pytest.mark.parametrize(
    ("required", "state"),
    # areas in km2: 3.5 + 4.5 + 1 + 1 = 10; covered 3.5 + 4.5 + 0.5; with the margin 3.5 + 1.5; z4 open
    [(0.5, MET), (0.85, AT_RISK), (0.9, UNKNOWN), (0.96, NOT_MET)],
)
def test_a_share_of_the_pooled_area(required, state):
    row = result(hand.rule("R", measure="pooled", required=required))
    assert row["state"] == state
    assert (row["value"], row["value_most"]) == pytest.approx((0.85, 0.95))


def test_pooled_takes_the_share_of_the_definition_when_the_document_names_none():
    assert result(hand.rule("R", measure="pooled"))["required"] == 0.95
    options = {"targets": {"document": "t.toml", "years": [2021], "shares": {"R": 0.7}}}
    assert result(hand.rule("R", measure="pooled"), **options)["required"] == 0.7


def test_a_measured_rule_has_no_pass_mark():
    row = result(hand.rule("R", measure="pooled", strict=False))
    assert row["state"] == MEASURED
    assert row["value"] == pytest.approx(0.85)
    assert math.isnan(row["required"])
    assert math.isnan(row["shortfall"])
    assert row["reason"] == "terrain missing"


def test_townships_see_their_own_part():
    rows = judge(hand.rule("P", measure="pooled"), hand.rule("I")).results
    by = rows.set_index(["rule_id", "scope"])["value"]
    # west: z1 3.5 and z2 3 km2, all covered; east: z2 1.5 of 1.5, z3 0.5 of 1, z4 0 of 1 km2
    assert by["P", "w"] == pytest.approx(1.0)
    assert by["P", "e"] == pytest.approx(2.0 / 3.5)
    assert 6.5 * by["P", "w"] + 3.5 * by["P", "e"] == pytest.approx(10.0 * by["P", ""])
    # as items: z1 and z2 in the west; z2 (covered), z3 (not) and z4 (unknown) in the east
    assert by["I", "w"] == 1.0
    assert by["I", "e"] == pytest.approx(1.0 / 3.0)
    east = rows.set_index(["rule_id", "scope"]).loc[("I", "e")]
    assert (east["items"], east["items_covered"], east["items_unknown"]) == (3, 1, 1)
    assert (east["state"], by["I", ""]) == (NOT_MET, 0.5)


def test_groups_are_counted_besides():
    rows = judge(hand.rule("R", group_by="kind")).results
    groups = rows[rows["group"] != ""].set_index("group")
    assert groups["state"].to_dict() == {
        "built_up": MET,
        "functional_area": UNKNOWN,
        "industrial_park": AT_RISK,
        "scenic_area": NOT_MET,
    }
    assert (groups["scope"] == "").all()


def test_a_blank_group_is_no_group():
    zones = {
        "zones": ZONES.assign(severity=pd.array(["hard", pd.NA, "hard", pd.NA], dtype="string"))
    }
    for layers, groups in ((zones, ["hard"]), ({"zones": ZONES}, [])):
        rows = judge(hand.rule("R", group_by="severity"), layers=layers).results
        assert rows["group"][rows["group"] != ""].tolist() == groups
        assert ((rows["group"] == "") & (rows["scope"] == "")).sum() == 1


def test_roads_count_their_length():
    rows = judge(hand.rule("R", layer="roads", **{"class": "road"}), years=(2021, 2022))
    items = rows.items[rows.items["year"] == 2021].set_index("item_id")
    # continuous-95-lte, -110 dBm: 5.5 of 8 km; S2 lies in the strong columns
    assert items["share"].to_dict() == pytest.approx({"S1": 5.5 / 8.0, "S2": 1.0})
    assert items["state"].to_dict() == {"S1": NOT_MET, "S2": MET}
    pooled = result(hand.rule("R", layer="roads", measure="pooled", **{"class": "road"}))
    assert pooled["value"] == pytest.approx(8.5 / 11.0)


SIGNAL_ONLY = {
    "targets": {
        "document": "t.toml",
        "years": [2021],
        "definitions": {"village-4G": "village-signal"},
    }
}


def village_rule(**parts):
    return hand.rule("V", layer="villages", **{"class": "village"}, **parts)


def test_villages_by_signal_alone():
    items = judge(village_rule(), **SIGNAL_ONLY).items.set_index("item_id")
    assert items["state"].to_dict() == {
        "v1": MET, "v2": MET, "v3": MET, "v4": MET, "v5": NOT_MET, "v6": UNKNOWN,
    }  # fmt: skip
    assert result(village_rule(required=0.5), **SIGNAL_ONLY)["state"] == MET
    assert result(village_rule(required=0.6), **SIGNAL_ONLY)["state"] == AT_RISK
    assert result(village_rule(required=0.8), **SIGNAL_ONLY)["state"] == UNKNOWN
    assert result(village_rule(), **SIGNAL_ONLY)["state"] == NOT_MET


def test_a_station_nearby_counts_as_coverage():
    # village-4g-miit: within 5 km of the only 4G station, at (500, 500), v1 to v4 lie at 0, 1, 1 and
    # 4 km; v5 at 6 km. What is near needs no margin and no terrain.
    rsrp = np.full((10, 10), np.nan)
    nothing = {"rsrp_dbm": rsrp, "unknown": np.ones((10, 10), dtype=bool)}
    found = judge(village_rule(), **nothing)
    states = found.items.set_index("item_id")["state"].to_dict()
    assert states == {"v1": MET, "v2": MET, "v3": MET, "v4": MET, "v5": UNKNOWN, "v6": UNKNOWN}
    four = judge(village_rule(required=4 / 6), **nothing)
    assert four.region_result("V", 2021)["state"] == MET


def test_near_is_a_distance_and_a_technology():
    region = hand.region(
        layers=LAYERS,
        the_sites=SITES,
        the_stations=STATIONS,
        the_document=hand.document(village_rule()),
    )
    demand = demand_of(region, region.document.rules[0])
    table = station_table(region, region.stations)
    near = near_items(region, demand, table, "4G", 4000.0)  # v4 lies at exactly 4 km
    assert near.tolist() == [True, True, True, True, False, False]
    assert near_items(region, demand, table, "4G", 3999.9).tolist()[3] is False
    # 5G also stands at (2500, 500), (7500, 500) and (7500, 9500): v4 and v6 are 2 km away
    nearer = near_items(region, demand, table, "5G", 1999.0)
    assert nearer.tolist() == [True, True, True, False, True, False]
    assert not near_items(region, demand, table.iloc[:0], "4G", 1e9).any()


def test_a_blank_attribute_is_unknown_and_a_missing_one_is_not_met():
    found = judge(village_rule(attributes=["fibre"]), **SIGNAL_ONLY)
    states = found.items.set_index("item_id")["state"].to_dict()
    assert states == {
        "v1": MET,
        "v2": UNKNOWN,  # signal, fibre blank
        "v3": NOT_MET,  # signal, no fibre
        "v4": MET,
        "v5": NOT_MET,  # no signal: the blank cannot mend it
        "v6": UNKNOWN,
    }
    two = {"where": {"kind": ["administrative"]}, "attributes": ["fibre"]}
    # of v1, v2, v3 one is met and one may be
    for required, state in ((1 / 3, MET), (2 / 3, UNKNOWN), (1.0, NOT_MET)):
        row = result(village_rule(required=required, **two), **SIGNAL_ONLY)
        assert row["state"] == state
        assert (row["value"], row["value_most"]) == pytest.approx((1 / 3, 2 / 3))
    row = result(village_rule(required=2 / 3, **two), **SIGNAL_ONLY)
    assert row["reason"] == "attribute blank"


def test_a_column_that_is_not_there_is_blank_everywhere():
    villages = {"villages": VILLAGES.drop(columns="fibre")}
    rule = village_rule(attributes=["fibre"], where={"kind": ["administrative"]})
    row = result(rule, layers=villages, **SIGNAL_ONLY)
    assert (row["state"], row["items_unknown"]) == (UNKNOWN, 3)


@pytest.mark.parametrize(
    ("sinr_db", "state"), [(-2.99, MET), (-3.0, MET), (-3.01, NOT_MET), (np.nan, NOT_MET)]
)
def test_sinr_counts_where_the_definition_asks_for_it(sinr_db, state):
    # nr-dt-105 asks for -3 dB, lte-mr-110 for none
    where = {"where": {"kind": ["built_up"]}}
    assert result(hand.rule("R", technology="5G", **where), sinr_db=sinr_db)["state"] == state
    assert result(hand.rule("R", **where), sinr_db=sinr_db)["state"] == MET


def test_thresholds_are_reached_by_equality():
    where = {"where": {"kind": ["built_up"]}}
    for level, state in ((-107.0, MET), (-107.01, AT_RISK), (-110.0, AT_RISK), (-110.01, NOT_MET)):
        assert result(hand.rule("R", **where), rsrp_dbm=np.full((10, 10), level))["state"] == state


def test_what_is_not_given_is_unknown_and_says_why():
    no_layer = result(hand.rule("R", layer="venues", **{"class": "venue"}))
    assert (no_layer["state"], no_layer["reason"]) == (UNKNOWN, "layer venues not given")
    assert no_layer["definition"] == "lte-mr-110"
    no_row = result(hand.rule("R", where={"kind": ["residential"]}))
    assert (no_row["state"], no_row["reason"]) == (UNKNOWN, "no row of zones fits")
    task = result(hand.rule("T", kind="task", strict=False))
    assert task["state"] == UNKNOWN
    for row in (no_layer, no_row, task):
        assert math.isnan(row["value"])
        assert row["items"] == 0


def test_a_demand_outside_the_grid_is_unknown():
    villages = hand.layer(
        "villages", [{"id": "v", "name": "v", "kind": "natural", "geometry": hand.point(-50, 500)}]
    )
    assert result(village_rule(), layers={"villages": villages}, **SIGNAL_ONLY)["state"] == UNKNOWN


def test_years_come_due_and_stations_come_on_air():
    rules = [
        hand.rule("N", kind="station_count", technology="5G", required=4, year=2022),
        hand.rule("A", kind="station_count", technology=None, required=5, year=None),
    ]
    found = judge(*rules, years=(2020, 2021, 2022))
    rows = found.results[(found.results["scope"] == "") & (found.results["group"] == "")]
    rows = rows.set_index(["rule_id", "year"])
    # 5G: none, a5 in 2021, b5, c5 and d5 in 2022; a4 stood before
    assert rows.loc["N", "value"].tolist() == [0.0, 1.0, 4.0]
    assert rows.loc["N", "state"].tolist() == [NOT_MET, NOT_MET, MET]
    assert rows.loc["N", "shortfall"].tolist() == [4.0, 3.0, 0.0]
    assert rows.loc["N", "due"].tolist() == [False, False, True]
    assert rows.loc["A", "value"].tolist() == [1.0, 2.0, 5.0]
    assert rows.loc["A", "due"].tolist() == [True, True, True]
    parts = found.results[(found.results["rule_id"] == "N") & (found.results["year"] == 2022)]
    assert parts.set_index("scope")["value"].drop("").to_dict() == {"w": 2.0, "e": 1.0}
    assert parts.set_index("group")["value"].drop("").to_dict() == {"甲": 2.0, "乙": 2.0}


def test_reuse_counts_what_stands_and_social_poles():
    found = judge(
        hand.rule("R", kind="reuse_share", technology="5G", strict=False), years=(2020, 2021, 2022)
    )
    # in 2022 four 5G stations: on an existing tower, a lamp pole, a new site and a building
    rows = found.results[found.results["year"] == 2022].set_index("group")
    assert rows["value"].to_dict() == {
        "": 0.5, "building": 0.25, "existing": 0.25, "lamp_pole": 0.25, "new": 0.25,
    }  # fmt: skip
    assert (rows["state"] == MEASURED).all()
    assert found.region_result("R", 2021)["value"] == 1.0
    assert found.region_result("R", 2020)["state"] == UNKNOWN


def test_power_supply_counts_sites_once():
    found = judge(
        hand.rule("P", kind="power_supply", technology=None, strict=False), years=(2021, 2022)
    )
    # in 2022 four sites: a direct, b and d resold, c blank; d lies in no township
    row = found.region_result("P", 2022)
    assert (row["value"], row["value_most"], row["items"]) == (2.0, 3.0, 4)
    assert (row["items_covered"], row["items_unknown"], row["reason"]) == (1, 1, "attribute blank")
    rows = found.results[(found.results["year"] == 2022) & (found.results["scope"] != "")]
    assert rows.set_index("scope")["value"].to_dict() == {"w": 1.0}
    assert found.region_result("P", 2021)["value"] == 0.0
    blank = SITES.assign(power=pd.array([pd.NA] * 4, dtype="string"))
    region = hand.region(
        the_sites=blank,
        the_document=hand.document(hand.rule("P", kind="power_supply", strict=False)),
    )
    table = station_table(region, STATIONS)
    row = evaluate(region, {}, {}, table, [2022]).region_result("P", 2022)
    assert (row["state"], row["reason"]) == (UNKNOWN, "power supply of the sites not given")


def test_what_was_met_and_is_no_longer_says_so():
    # 5G adds stations on its carrier: the SINR of the town falls below -3 dB from 2022 on
    region = hand.region(
        layers={"zones": ZONES},
        the_document=hand.document(
            hand.rule("R", technology="5G", where={"kind": ["built_up"]}),
            hand.rule("L", technology="5G", where={"kind": ["built_up"]}, year=2023),
        ),
    )
    coverage = {
        ("5G", year): hand.coverage(region, -80.0, technology="5G", year=year, sinr_db=sinr)
        for year, sinr in ((2021, 5.0), (2022, -5.0), (2023, -5.0))
    }
    table = station_table(region, region.stations)
    found = evaluate(region, region_demands(region), coverage, table, [2021, 2022, 2023])
    rows = found.results[found.results["scope"] == ""].set_index(["rule_id", "year"])
    assert rows.loc["R", "state"].tolist() == [MET, NOT_MET, NOT_MET]
    assert rows.loc["R", "reason"].tolist() == ["", "met in 2021", "met in 2021"]
    # what is not due yet may still be lost
    assert rows.loc["L", "reason"].tolist() == ["", "", "met in 2021"]


RANK = {NOT_MET: 0, UNKNOWN: 1, AT_RISK: 2, MET: 3}
levels = st.lists(
    st.one_of(st.none(), st.integers(-12_000, -8000)), min_size=100, max_size=100
).map(lambda values: np.array([np.nan if v is None else v / 100.0 for v in values]).reshape(10, 10))
masks = st.lists(st.booleans(), min_size=100, max_size=100).map(lambda v: np.reshape(v, (10, 10)))


def named(definition):
    return {
        "targets": {"document": "t.toml", "years": [2021], "definitions": {"area-5G": definition}}
    }


@settings(max_examples=15, deadline=None, derandomize=True)
@given(levels, masks, st.sampled_from(["items", "pooled"]), st.floats(0.05, 1.0))
def test_a_tighter_threshold_never_improves_a_state(rsrp, unknown, measure, required):
    rule = hand.rule("R", technology="5G", measure=measure, required=required)
    rows = [
        judge(rule, rsrp_dbm=rsrp, unknown=unknown, **named(name)).results
        for name in ("nr-dt-105", "nr-dt-100", "nr-dt-96")  # -105, -100, -96 dBm, else alike
    ]
    for loose, tight in pairwise(rows):
        assert loose["scope"].tolist() == tight["scope"].tolist()
        assert (loose["state"].map(RANK) >= tight["state"].map(RANK)).all()
        assert (loose["value"] >= tight["value"]).all()
        assert (loose["value_most"] >= tight["value_most"]).all()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(levels, masks, st.integers(500, 9500))
def test_splitting_a_township_keeps_the_totals(rsrp, unknown, edge):
    halves = hand.layer(
        "townships",
        [
            {"id": "s", "name": "南", "geometry": hand.box(0, 0, 10_000, edge)},
            {"id": "n", "name": "北", "geometry": hand.box(0, edge, 10_000, 10_000)},
        ],
    )
    rule = hand.rule("R", measure="pooled", required=0.8)
    options = {"rsrp_dbm": rsrp, "unknown": unknown}
    one = judge(rule, layers={"zones": ZONES}, **options).region_result("R", 2021)
    split = judge(rule, layers={"zones": ZONES, "townships": halves}, **options)
    whole = split.region_result("R", 2021)
    for name in ("value", "value_most"):
        assert whole[name] == pytest.approx(one[name], abs=1e-6)
    region = hand.region(
        layers={"zones": ZONES, "townships": halves}, the_document=hand.document(rule)
    )
    demand = demand_of(region, region.document.rules[0])
    weight = np.bincount(demand.township, weights=demand.weight, minlength=2)
    parts = split.results.set_index("scope")["value"]
    total = sum(weight[i] * parts[name] for i, name in enumerate(["s", "n"]) if weight[i] > 0.0)
    assert total == pytest.approx(1e7 * whole["value"], rel=1e-5, abs=10.0)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(levels, masks, st.floats(0.0, 10.0))
def test_unknown_is_exactly_where_data_is_missing_and_the_known_does_not_suffice(
    rsrp, unknown, margin
):
    region = hand.region(layers={"zones": ZONES})
    demand = demand_of(region, region.document.rules[0])
    coverage = hand.coverage(region, rsrp, unknown=unknown)
    definition = definitions()["lte-mr-110"]
    states = sample_states(region, demand, definition, coverage, hand.stations(), margin_db=margin)
    for cell, state in zip(demand.cell, states, strict=True):
        level, hidden = rsrp.reshape(-1)[cell], unknown.reshape(-1)[cell]
        enough = not np.isnan(level) and round(level * 100) >= round((margin - 110.0) * 100)
        assert state == (COVERED if enough else NOT_KNOWN if hidden else UNCOVERED)
    least, most = item_shares(demand, states)
    assert (least <= most).all()
    assert ((least >= 0.0) & (most <= 1.0)).all()
    if not unknown.any():
        np.testing.assert_array_equal(least, most)
