"""Roads without a break, people, counts, rewards, tasks, progress: each figure worked out in a comment."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.catalog import TargetDocument, target_document
from siteplan.coverage.stations import station_table
from siteplan.demand import demand_of, region_demands
from siteplan.targets import (
    COVERED,
    MEASURED,
    MET,
    NOT_KNOWN,
    NOT_MET,
    UNCOVERED,
    UNKNOWN,
    class_continuity,
    compare,
    evaluate,
    people_covered,
    progress,
    rewards,
    road_continuity,
    station_counts,
    task_states,
)
from tests import handmade as hand

# one row of ten cells of 1 km, west to east; roads are sampled every 500 m
ROAD_RULE = hand.rule("R", layer="roads", **{"class": "road"})


def road_demand(*rows):
    roads = hand.layer(
        "roads",
        [{"id": f"r{i}", "name": n, "class": c, "geometry": g} for i, (n, c, g) in enumerate(rows)],
    )
    region = hand.region(layers={"roads": roads}, the_document=hand.document(ROAD_RULE))
    return region, demand_of(region, region.document.rules[0])


def by_column(demand, columns):
    """State of each sample by the column of its cell."""
    return np.array([columns[cell % 10] for cell in demand.cell], dtype=np.int8)


def test_a_gap_goes_on_over_the_joint_of_two_pieces_and_stops_at_a_hole():
    # S1 in two pieces drawn towards each other, 0-4 and 9-4 km, and apart from them a piece of 1 km
    _, demand = road_demand(
        ("S1", "provincial", hand.line((0, 500), (4000, 500))),
        ("S1", "provincial", hand.line((9000, 500), (4000, 500))),
        ("S1", "provincial", hand.line((9000, 5500), (10_000, 5500))),
    )
    columns = [COVERED] * 3 + [UNCOVERED] * 3 + [NOT_KNOWN] + [COVERED] * 2 + [UNCOVERED]
    states = by_column(demand, columns)
    roads = road_continuity(demand, states, gap_over_m=500.0).iloc[0]
    # 10 km in all: columns 0-2, 7, 8 covered; 3-5 uncovered in one stretch; 6 unknown; the 1 km apart
    assert roads["length_km"] == pytest.approx(10.0)
    assert roads["covered_km"] == pytest.approx(5.0)
    assert roads["unknown_km"] == pytest.approx(1.0)
    assert roads["longest_gap_km"] == pytest.approx(3.0)
    assert roads["longest_gap_most_km"] == pytest.approx(4.0)
    assert roads["gaps"] == 2
    assert road_continuity(demand, states, gap_over_m=1000.0)["gaps"].tolist() == [2]
    assert road_continuity(demand, states, gap_over_m=1001.0)["gaps"].tolist() == [1]


def test_classes_add_up_their_roads():
    _, demand = road_demand(
        ("A", "county", hand.line((0, 500), (6000, 500))),
        ("B", "county", hand.line((0, 1500), (2000, 1500))),
        ("C", None, hand.line((5000, 2500), (10_000, 2500))),
    )
    columns = [UNCOVERED] * 2 + [COVERED] * 6 + [UNCOVERED] * 2
    roads = road_continuity(demand, by_column(demand, columns), gap_over_m=500.0)
    found = class_continuity(roads).set_index("class")
    # county: A 6 km with 2 missing, B 2 km all missing; without a class: C 5 km with the last 2 missing
    assert found.loc["county", ["roads", "length_km", "covered_km", "gaps"]].tolist() == [
        2,
        8,
        4,
        2,
    ]
    assert found.loc["", ["roads", "length_km", "covered_km", "gaps"]].tolist() == [1, 5, 3, 1]
    assert found["longest_gap_km"].tolist() == [2.0, 2.0]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([COVERED, UNCOVERED, NOT_KNOWN]), min_size=20, max_size=20))
def test_stretches_against_a_walk_along_the_road(states):
    _, demand = road_demand(("A", "county", hand.line((0, 500), (10_000, 500))))
    found = road_continuity(demand, np.array(states, dtype=np.int8), gap_over_m=700.0).iloc[0]
    runs, run = [], 0
    for state in [*states, COVERED]:
        run = run + 500 if state == UNCOVERED else (runs.append(run) or 0)
    assert found["longest_gap_km"] == pytest.approx(max(runs) / 1000.0)
    assert found["gaps"] == sum(length >= 700 for length in runs)
    assert found["longest_gap_km"] <= found["longest_gap_most_km"] <= found["length_km"] + 1e-9


VILLAGES = hand.layer(
    "villages",
    [
        {"id": "v1", "name": "一", "kind": "natural", "population": 100, "township": "w",
         "geometry": hand.point(500, 500)},
        {"id": "v2", "name": "二", "kind": "natural", "population": 50, "township": "w",
         "geometry": hand.point(9500, 500)},
        {"id": "v3", "name": "三", "kind": "natural", "population": None, "township": "e",
         "geometry": hand.point(500, 1500)},
        {"id": "v4", "name": "四", "kind": "natural", "population": 7, "township": "e",
         "geometry": hand.point(9500, 9500)},
    ],
)  # fmt: skip
TOWNSHIPS = hand.layer(
    "townships",
    [
        {"id": "w", "name": "西镇", "geometry": hand.box(0, 0, 10_000, 1000)},
        {"id": "e", "name": "东镇", "geometry": hand.box(0, 1000, 10_000, 10_000)},
    ],
)
SITES = hand.sites(
    ("a", "tower", "existing", 500, 500),
    ("b", "lamp_pole", "candidate", 2500, 500),
    ("c", "new", "candidate", 7500, 500),
)
STATIONS = hand.stations(
    *(
        {"id": i, "site_id": s, "operator": o, "technology": t, "equipment": g, "year_on_air": y}
        for i, s, o, t, g, y in [
            ("a4", "a", "甲", "4G", "macro-lte900", None),
            ("a5", "a", "甲", "5G", "macro-nr3500", 2020),
            ("b5", "b", "甲", "5G", "micro-nr3500", None),
            ("c5", "c", "乙", "5G", "macro-nr3500", 2021),
            ("c6", "c", "铁塔公司", "5G", "macro-nr3500", 2020),
        ]
    )
)


def the_region(*rules, **parts):
    layers = {"villages": VILLAGES, "townships": TOWNSHIPS} | parts.pop("layers", {})
    return hand.region(
        layers=layers,
        the_sites=SITES,
        the_stations=STATIONS,
        the_document=hand.document(*rules),
        **parts,
    )


def test_people_live_in_covered_villages():
    region = the_region(hand.rule("R"))
    level = np.full((10, 10), -130.0)
    level[9, 0] = -80.0  # v1
    unknown = np.zeros((10, 10), dtype=bool)
    unknown[0, 9] = True  # v4
    coverage = {("5G", 2021): hand.coverage(region, level, technology="5G", unknown=unknown)}
    table = station_table(region, region.stations)
    found = people_covered(region, coverage, table, [2021]).set_index("scope")
    # 100 + 50 + 7 people known of; v1 is covered; v4 unknown; v3 has no population given
    columns = ["villages", "people", "covered", "unknown", "villages_blank"]
    assert found.loc["", columns].tolist() == [4, 157.0, 100.0, 7.0, 1]
    assert found.loc["w", columns].tolist() == [2, 150.0, 100.0, 0.0, 0]
    assert found.loc["e", columns].tolist() == [2, 7.0, 0.0, 7.0, 1]
    assert found.loc["", "share"] == pytest.approx(100 / 157)
    assert (found["definition"] == "village-5g-access").all()


def test_people_of_nowhere():
    region = hand.region(the_sites=SITES, the_stations=STATIONS)
    assert people_covered(region, {}, station_table(region, STATIONS), [2021]).empty


def test_people_of_villages_that_are_all_blank_are_unknown_and_not_none():
    blank = {"villages": VILLAGES.assign(population=np.nan)}
    region = the_region(hand.rule("R"), layers=blank)
    coverage = {("5G", 2021): hand.coverage(region, -80.0, technology="5G")}
    found = people_covered(region, coverage, station_table(region, region.stations), [2021])
    assert found[["people", "covered", "unknown", "share"]].isna().all().all()
    assert found.set_index("scope").loc["", "villages_blank"] == 4


def test_counts_by_operator_kind_and_reuse():
    region = the_region(hand.rule("R"))
    counts = station_counts(region, station_table(region, region.stations), [2020, 2021])
    keys = ["year", "technology", "operator", "kind", "reused"]
    found = counts.set_index(keys)["stations"].to_dict()
    assert found == {
        (2020, "4G", "甲", "tower", True): 1,
        (2020, "5G", "甲", "tower", True): 1,
        (2020, "5G", "甲", "lamp_pole", True): 1,
        (2020, "5G", "铁塔公司", "new", False): 1,
        (2021, "4G", "甲", "tower", True): 1,
        (2021, "5G", "甲", "tower", True): 1,
        (2021, "5G", "甲", "lamp_pole", True): 1,
        (2021, "5G", "铁塔公司", "new", False): 1,
        (2021, "5G", "乙", "new", False): 1,
    }


def test_only_stations_that_qualify_are_paid():
    region = the_region(hand.rule("R"))
    document = target_document("hedong-2020")
    planned = station_table(region, region.stations)
    found = rewards(region, document, planned).set_index("money_id")
    # 5G of an operator in 2019-2020: a5. b5 has no year: perhaps. c5 came in 2021, c6 is the tower
    # company's, a4 is 4G.
    money = found.loc["E-MONEY"]
    assert (money["stations"], money["stations_unknown"]) == (1, 1)
    assert (money["amount_cny"], money["amount_most_cny"]) == (20_000.0, 40_000.0)
    assert np.isnan(found.loc["E-DEMO", "amount_cny"])
    # a station of the plan is dated by the plan
    new = planned.loc[["a5"]].rename(index={"a5": "p1"}).assign(year=2019)
    assert rewards(region, document, pd.concat([planned, new]))["stations"].tolist() == [2, 0]


def judged(level, *rules, **parts):
    region = the_region(*rules, **parts)
    coverage = {
        (technology, year): hand.coverage(region, level, technology=technology, year=year)
        for technology in ("4G", "5G")
        for year in (2021, 2022)
    }
    table = station_table(region, region.stations)
    return evaluate(region, region_demands(region), coverage, table, [2021, 2022])


VILLAGE_RULE = hand.rule("V", layer="villages", technology="5G", **{"class": "village"})
COUNT_RULE = hand.rule("N", kind="station_count", technology="5G", required=4.0, year=2022)


def test_progress_has_a_row_for_each_rule_and_a_column_for_each_year():
    found = progress(judged(-80.0, VILLAGE_RULE, COUNT_RULE))
    assert found.index.tolist() == ["V", "N"]
    assert found[2021]["state"].tolist() == [MET, MET]
    assert found[2022]["value"].tolist() == [1.0, 4.0]
    assert found[2021]["due"].tolist() == [True, False]


def test_what_one_network_gains_and_loses():
    east = np.full((10, 10), -130.0)
    east[:, 5:] = -80.0
    west = np.full((10, 10), -130.0)
    west[:, :5] = -80.0
    before, after = judged(west, VILLAGE_RULE), judged(east, VILLAGE_RULE)
    rules, items = compare(before, after)
    # v1 and v3 lie in the west, v2 and v4 in the east
    changes = items[items["year"] == 2022].set_index("item_id")["change"].to_dict()
    assert changes == {"v1": "lost", "v2": "gained", "v3": "lost", "v4": "gained"}
    whole = rules[(rules["scope"] == "") & (rules["year"] == 2022)].iloc[0]
    assert (whole["value_before"], whole["value_after"], whole["change"]) == (0.5, 0.5, 0.0)
    assert compare(before, before)[1].empty


def test_tasks_carry_the_state_of_their_rules():
    head = {"title": "t", "issuer": "i", "date": "2021", "area_code": "1"}
    tasks = [
        {"id": "T1", "zh": "建站", "en": "build", "units": ["甲局", "乙局"], "rules": ["V", "N"]},
        {"id": "T2", "zh": "开放", "en": "open", "units": []},
    ]
    document = TargetDocument.model_validate(
        head | {"rules": [VILLAGE_RULE, COUNT_RULE], "tasks": tasks}
    )
    found = task_states(document, judged(-130.0, VILLAGE_RULE, COUNT_RULE), 2022)
    assert found["states"].tolist() == [f"{NOT_MET};{MET}", ""]
    assert found["units"].tolist() == ["甲局、乙局", ""]


def test_what_units_report_is_the_state_from_that_year_on():
    rule = hand.rule("T", kind="task", technology=None, strict=False)
    told = {"T": {"state": "met", "year": 2022, "note": "批复文号1号"}}
    targets = {"document": "t.toml", "years": [2021, 2022], "reported": told}
    found = judged(-80.0, rule, targets=targets)
    early, late = (found.region_result("T", year) for year in (2021, 2022))
    assert early["state"] == UNKNOWN
    assert early["reason"] == "progress is reported by the responsible unit"
    assert (late["state"], late["reason"]) == (MET, "批复文号1号")
    head = {"title": "t", "issuer": "i", "date": "2021", "area_code": "1", "rules": [rule]}
    tasks = [{"id": name, "zh": "x", "en": "x", "units": []} for name in ("T", "U")]
    document = TargetDocument.model_validate(head | {"tasks": tasks})
    reported = the_region(rule, targets=targets).scenario.targets.reported
    table = task_states(document, found, 2022, reported=reported)
    assert table["reported_state"].tolist() == [MET, ""]
    assert table["reported_note"].tolist() == ["批复文号1号", ""]


def test_a_village_is_judged_at_all_its_points():
    level = np.full((10, 10), -130.0)
    level[9, 0] = -80.0  # the cell of v1, and of no other village
    points = hand.layer(
        "village_points",
        [
            {"id": "p1", "village_id": "v1", "kind": "school", "geometry": hand.point(600, 600)},
            {"id": "p2", "village_id": "v2", "kind": "committee", "geometry": hand.point(700, 700)},
            {"id": "p3", "village_id": "v9", "kind": "clinic", "geometry": hand.point(1, 1)},
        ],
    )
    alone = judged(level, VILLAGE_RULE).items
    both = judged(level, VILLAGE_RULE, layers={"village_points": points}).items
    assert alone[alone["year"] == 2021]["share"].tolist() == [1.0, 0.0, 0.0, 0.0]
    # v1: itself and the school; v2: its committee stands where the signal is, wherever its mark lies
    assert both[both["year"] == 2021]["share"].tolist() == [1.0, 1.0, 0.0, 0.0]
    far = points.assign(geometry=[hand.point(9000, 9000)] * 3)
    apart = judged(level, VILLAGE_RULE, layers={"village_points": far}).items
    assert apart[apart["year"] == 2021]["share"].tolist() == [0.5, 0.0, 0.0, 0.0]


def test_a_village_drawn_as_an_area_is_judged_by_its_area():
    # 2 x 1 km, a quarter of it in column 4
    outline = VILLAGES.iloc[[0]].assign(geometry=[hand.box(2500, 0, 4500, 1000)])
    level = np.full((10, 10), -80.0)
    level[:, 4] = -130.0
    items = judged(level, VILLAGE_RULE, layers={"villages": outline}).items
    assert items["share"].tolist() == pytest.approx([0.75, 0.75])
    assert items["state"].tolist() == [NOT_MET, NOT_MET]  # all of it is asked for


def test_measured_rules_stay_measured():
    assert (
        progress(judged(-80.0, VILLAGE_RULE | {"strict": False}))[2021]["state"].iloc[0] == MEASURED
    )
