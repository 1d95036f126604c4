"""Gaps on terrain where the cause is known, and what their sizes add up to."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.coverage.network import network_coverage
from siteplan.coverage.stations import station_table
from siteplan.demand import region_demands
from siteplan.gaps import (
    CAUSE_EN,
    CAUSE_ZH,
    COLUMNS,
    DATA_MISSING,
    INTERFERENCE,
    NO_NETWORK,
    POINT_REACH_M,
    SHADOW,
    TOO_FAR,
    WEAK,
    find_gaps,
)
from siteplan.targets import evaluate
from tests import handmade as hand

# A plain of 20 x 8 km in cells of 500 m. A 4G tower of 35 m stands at (2, 4) km and reaches 12 km with a
# free view. A ridge of 400 m runs from south to north at 5 km. East of it lie the villages:
#   behind the ridge at (9, 4): 7 km away, hidden                      -> shadow
#   far away at (18, 4): 16 km away, beyond the radius of 12 km        -> too far
#   beside a hole in the terrain at (4.25, 7.25), the hole west of it  -> data missing
#   near the tower at (2.5, 3): covered
SHAPE, CELL_M = (16, 40), 500.0
SIGNAL_ONLY = {
    "document": "t.toml",
    "years": [2021],
    "definitions": {"village-4G": "village-signal", "village-5G": "village-5g-access"},
}
PLACES = {"behind": (9000, 4000), "far": (18_000, 4000), "hole": (4250, 7250), "near": (2500, 3000)}


def villages(places):
    return hand.layer(
        "villages",
        [
            {"id": name, "name": name, "kind": "natural", "population": people}
            | {"geometry": hand.point(*place)}
            for name, place, people in places
        ],
    )


def plain():
    ground = np.full(SHAPE, 1000.0, dtype=np.float32)
    ground[:, 10] = 1400.0
    ground[1, 7:9] = np.nan  # between the tower and the village "hole", and under it
    return ground


@pytest.fixture(scope="module")
def known_causes():
    """Gaps of the plain: the region, demands, evaluation, gaps."""
    frames = {
        "villages": villages([(name, place, 100.0) for name, place in PLACES.items()]),
        "roads": hand.layer(
            "roads",
            [{"id": "r", "name": "S1", "geometry": hand.line((2200, 4100), (19_900, 4100))}],
        ),
        "zones": hand.layer(
            "zones",
            [
                {
                    "id": "z",
                    "name": "区",
                    "kind": "built_up",
                    "geometry": hand.box(1100, 700, 16_300, 7900),
                }
            ],
        ),
    }
    rules = [
        hand.rule("V4", layer="villages", **{"class": "village"}),
        hand.rule("V5", layer="villages", technology="5G", **{"class": "village"}),
        hand.rule("R4", layer="roads", **{"class": "road"}),
        hand.rule("A4"),
    ]
    region = hand.region(
        shape=SHAPE,
        cell_m=CELL_M,
        layers=frames,
        the_sites=hand.sites(("a", "tower", "existing", 2000, 4000)),
        the_stations=hand.stations(
            {"id": "a1", "site_id": "a", "operator": "甲", "technology": "4G"}
            | {"equipment": "macro-lte900"}
        ),
        the_document=hand.document(*rules),
        terrain_m=plain(),
        radio={"macro_model": "tr38901-rma", "radius_m": 12_000.0},
        targets=SIGNAL_ONLY,
    )
    return (region, *found_gaps(region))


def found_gaps(region, coverage=None):
    demands = region_demands(region)
    table = station_table(region, region.stations)
    if coverage is None:
        coverage = network_coverage(region, table, [2021], floor_dbm=-125.0, label="")
    evaluation = evaluate(region, demands, coverage, table, [2021])
    return demands, evaluation, find_gaps(region, demands, evaluation, table, 2021)


def test_each_village_has_the_cause_that_was_built(known_causes):
    gaps = known_causes[-1]
    causes = gaps[gaps["rules"] == "V4"].set_index("name")["cause"].to_dict()
    assert causes == {"behind": SHADOW, "far": TOO_FAR, "hole": DATA_MISSING}


def test_a_technology_that_nobody_has_says_so(known_causes):
    gaps = known_causes[-1]
    mine = gaps[gaps["technology"] == "5G"]
    assert set(mine["cause"]) == {NO_NETWORK}
    assert mine["size"].sum() == len(PLACES)
    assert mine["station_km"].isna().all()
    assert mine["depth_db"].isna().all()


def test_the_distance_to_the_station_is_told(known_causes):
    gaps = known_causes[-1]
    villages_of_4g = gaps[gaps["rules"] == "V4"].set_index("name")
    assert villages_of_4g.loc["behind", "station_km"] == pytest.approx(7.0)
    assert villages_of_4g.loc["far", "station_km"] == pytest.approx(16.0)
    assert villages_of_4g.loc["behind", "depth_db"] > 3.0
    assert np.isnan(villages_of_4g.loc["far", "depth_db"])
    assert (villages_of_4g["people"] == 100.0).all()


@pytest.mark.parametrize("rule", ["V4", "V5", "R4", "A4"])
def test_sizes_add_up_to_what_is_uncovered(known_causes, rule):
    _, demands, evaluation, gaps = known_causes
    missed = evaluation.samples[rule, 2021] <= 0
    assert missed.any()
    mine = gaps[gaps["rules"] == rule]
    assert mine["size"].sum() == pytest.approx(demands[rule].weight[missed].sum(), rel=1e-9)
    units = {"V4": "points", "V5": "points", "R4": "m", "A4": "m2"}
    assert set(mine["unit"]) == {units[rule]}


def test_outlines_hold_the_cells_and_do_not_meet(known_causes):
    region, demands, evaluation, gaps = known_causes
    mine = gaps[gaps["rules"] == "A4"]
    cells = np.unique(demands["A4"].cell[evaluation.samples["A4", 2021] <= 0])
    assert mine.geometry.area.sum() == pytest.approx(len(cells) * CELL_M**2)
    for i, one in enumerate(mine.geometry):
        for other in mine.geometry.iloc[i + 1 :]:
            assert one.distance(other) > 0.0
    assert mine.crs == region.crs


def test_the_table_is_whole_and_ordered(known_causes):
    gaps = known_causes[-1]
    assert tuple(gaps.columns) == (*COLUMNS, "geometry")
    assert gaps.index.tolist() == [f"G{i + 1:04d}" for i in range(len(gaps))]
    for _, mine in gaps.groupby(["technology", "rule_class"]):
        worth = mine[["closes", "size"]].to_records(index=False).tolist()
        assert worth == sorted(worth, reverse=True)
    assert set(gaps["cause"]) <= set(CAUSE_ZH) == set(CAUSE_EN)
    assert set(gaps["township"]) == {"159999"}


SMALL_ZONE = hand.layer(
    "zones", [{"id": "z", "name": "区", "kind": "built_up", "geometry": hand.box(0, 0, 3000, 3000)}]
)
FIVE_G = hand.stations(
    {"id": "a1", "site_id": "a", "operator": "甲", "technology": "5G", "equipment": "macro-nr3500"}
)


@pytest.mark.parametrize(
    ("rsrp_dbm", "sinr_db", "cause", "depth_db"),
    [
        # nr-dt-105: at least -105 dBm and -3 dB
        (-100.0, -5.0, INTERFERENCE, 0.0),
        (-107.0, 10.0, WEAK, 2.0),
        (-115.0, 10.0, WEAK, 10.0),  # a plain without anything on it
    ],
)
def test_level_and_sinr_tell_weak_from_disturbed(rsrp_dbm, sinr_db, cause, depth_db):
    region = hand.region(
        layers={"zones": SMALL_ZONE},
        the_stations=FIVE_G,
        the_document=hand.document(hand.rule("R", technology="5G")),
    )
    signal = hand.coverage(region, np.full((10, 10), rsrp_dbm), technology="5G", sinr_db=sinr_db)
    _, _, gaps = found_gaps(region, {("5G", 2021): signal})
    assert gaps["cause"].tolist() == [cause]
    assert gaps["depth_db"].tolist() == pytest.approx([depth_db])
    assert gaps["size"].tolist() == pytest.approx([9e6])


def test_where_all_is_covered_there_is_no_gap():
    region = hand.region(layers={"zones": SMALL_ZONE}, the_document=hand.document(hand.rule("R")))
    signal = hand.coverage(region, np.full((10, 10), -60.0))
    _, _, gaps = found_gaps(region, {("4G", 2021): signal})
    assert len(gaps) == 0
    assert tuple(gaps.columns) == (*COLUMNS, "geometry")
    assert gaps.crs == region.crs


def test_each_place_counts_once_in_a_class():
    # Two rules on overlapping zones, and a third on both: 4 km2, of which one zone holds 3.
    zones = hand.layer(
        "zones",
        [
            {"id": "a", "name": "a", "kind": "built_up", "geometry": hand.box(0, 0, 3000, 1000)},
            {
                "id": "b",
                "name": "b",
                "kind": "seat_core",
                "geometry": hand.box(3000, 0, 4000, 1000),
            },
        ],
    )
    rules = [
        hand.rule("A", where={"kind": ["built_up"]}),
        hand.rule("B", where={"kind": ["seat_core"]}),
        hand.rule("C", year=2022),
    ]
    region = hand.region(layers={"zones": zones}, the_document=hand.document(*rules))
    _, _, gaps = found_gaps(
        region, {("4G", 2021): hand.coverage(region, np.full((10, 10), np.nan))}
    )
    assert gaps["size"].tolist() == pytest.approx([4e6])
    assert gaps["rules"].tolist() == ["A;B;C"]
    assert gaps["name"].tolist() == ["a +1"]
    assert gaps["items"].tolist() == [2]


def test_two_definitions_of_one_place_are_both_looked_at():
    # -100 dBm is enough for nr-dt-105, 4 dB short of nr-dt-96
    targets = {"document": "t.toml", "years": [2021], "definitions": {"B": "nr-dt-96"}}
    rules = [hand.rule("A", technology="5G"), hand.rule("B", technology="5G")]
    region = hand.region(
        layers={"zones": SMALL_ZONE},
        the_stations=FIVE_G,
        the_document=hand.document(*rules),
        targets=targets,
    )
    signal = hand.coverage(region, np.full((10, 10), -100.0), technology="5G")
    _, _, gaps = found_gaps(region, {("5G", 2021): signal})
    assert gaps["rules"].tolist() == ["B"]
    assert gaps["depth_db"].tolist() == pytest.approx([4.0])
    assert gaps["size"].tolist() == pytest.approx([9e6])


metres = st.integers(0, 9999).map(float)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(metres, metres), min_size=1, max_size=12, unique=True))
def test_villages_within_reach_of_each_other_are_one_gap(places):
    frame = villages([(f"v{i}", place, 1.0) for i, place in enumerate(places)])
    region = hand.region(
        layers={"villages": frame},
        the_document=hand.document(hand.rule("V", layer="villages", **{"class": "village"})),
        targets=SIGNAL_ONLY,
    )
    _, _, gaps = found_gaps(
        region, {("4G", 2021): hand.coverage(region, np.full((10, 10), np.nan))}
    )
    assert gaps["size"].sum() == len(places)
    assert gaps["people"].sum() == len(places)
    # independent: grow discs of half the reach and count the pieces
    points = [hand.point(*place) for place in places]
    groups = list(range(len(points)))
    for i, one in enumerate(points):
        for j, other in enumerate(points[:i]):
            if one.distance(other) <= POINT_REACH_M:
                old, new = groups[i], groups[j]
                groups = [new if group == old else group for group in groups]
    assert len(gaps) == len(set(groups))
    assert shapely.union_all(gaps.geometry.to_numpy()).equals(shapely.union_all(points))


def test_an_unknown_population_stays_unknown():
    frame = villages([("v1", (500, 500), None), ("v2", (1500, 500), 40.0)])
    region = hand.region(
        layers={"villages": frame},
        the_document=hand.document(hand.rule("V", layer="villages", **{"class": "village"})),
        targets=SIGNAL_ONLY,
    )
    _, _, gaps = found_gaps(
        region, {("4G", 2021): hand.coverage(region, np.full((10, 10), np.nan))}
    )
    assert len(gaps) == 1
    assert gaps["people"].isna().all()
