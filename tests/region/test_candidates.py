"""Candidate sites: spacing of poles, rooftops from buildings, heights and identifiers."""

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan import catalog, schema
from siteplan.region.candidates import all_sites, thin
from siteplan.region.rasters import building_heights, rasterise_buildings
from tests import handmade as hand

kinds = st.sampled_from(schema.POLE_KINDS)
metres = st.integers(0, 300)
poles = st.lists(st.tuples(metres, metres, kinds), min_size=1, max_size=30)


def pole_frame(rows):
    return gpd.GeoDataFrame(
        {"kind": [kind for _, _, kind in rows]},
        index=pd.Index([f"p{i:02}" for i in range(len(rows))], name="id"),
        geometry=[hand.point(x, y) for x, y, _ in rows],
        crs="EPSG:4545",
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(poles, st.sampled_from([0.0, 30.0, 75.0, 150.0]))
def test_kept_poles_stand_apart_and_dropped_ones_have_a_keeper(rows, spacing):
    frame = pole_frame(rows)
    kept = thin(frame, spacing_m=spacing)
    for i in range(len(rows)):
        near = [
            j
            for j in range(len(rows))
            if j != i
            and rows[i][2] == rows[j][2]
            and frame.geometry.iloc[i].distance(frame.geometry.iloc[j]) < spacing
        ]
        if kept[i]:
            assert not any(kept[j] for j in near)
        else:
            assert any(kept[j] and j < i for j in near)


def test_poles_exactly_at_the_spacing_are_both_kept():
    frame = pole_frame([(0, 0, "lamp_pole"), (60, 0, "lamp_pole"), (119, 0, "lamp_pole")])
    assert thin(frame, spacing_m=60.0).tolist() == [True, True, False]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(poles, st.integers(0, 100))
def test_the_order_of_the_rows_does_not_matter(rows, seed):
    frame = pole_frame(rows)
    shuffled = frame.sample(frac=1.0, random_state=seed)
    kept = frame.index[thin(frame, spacing_m=80.0)]
    assert sorted(shuffled.index[thin(shuffled, spacing_m=80.0)]) == sorted(kept)


LAYERS = {
    "sites": hand.layer(
        "sites",
        [
            {"id": "a", "name": "塔", "kind": "tower", "status": "existing", "height_m": 45.0}
            | {"geometry": hand.point(100, 100)},
            {"id": "b", "name": "新", "kind": "new", "status": "candidate", "height_m": None}
            | {"geometry": hand.point(900, 100)},
        ],
    ),
    "poles": hand.layer(
        "poles",
        [
            {"id": f"p{i}", "kind": "lamp_pole", "height_m": height, "geometry": hand.point(x, 0)}
            for i, (x, height) in enumerate([(0, 9.0), (20, None), (40, None), (500, None)])
        ],
    ),
    "buildings": hand.layer(
        "buildings",
        [
            {
                "id": name,
                "height_m": height,
                "levels": levels,
                "geometry": hand.box(x, 0, x + 50, 50),
            }
            for name, height, levels, x in [
                ("low", 12.0, None, 0),
                ("tall", 30.0, 3.0, 1000),
                ("storeys", None, 10.0, 2000),
                ("unknown", None, None, 3000),
                ("zero", None, 0.0, 4000),
            ]
        ],
    ),
}


def test_sites_poles_and_rooftops_make_one_table():
    derived = {"rooftops_above_m": 30.0, "rooftop_mast_m": 3.0, "pole_spacing_m": 30.0}
    before = {name: frame.copy() for name, frame in LAYERS.items()}
    found = all_sites(LAYERS, hand.scenario(candidates=derived))
    assert found.index.tolist() == ["a", "b", "p0", "p2", "p3", "roof-tall", "roof-storeys"]
    heights = dict(zip(found.index, found["antenna_height_m"], strict=True))
    # given heights; the catalogue's for the kind; 30 m or ten storeys of 3 m, and the mast
    pole_m = catalog.structures()["lamp_pole"].antenna_height_m
    new_m = catalog.structures()["new"].antenna_height_m
    assert heights == {
        "a": 45.0, "b": new_m, "p0": 9.0, "p2": pole_m, "p3": pole_m,
        "roof-tall": 33.0, "roof-storeys": 33.0,
    }  # fmt: skip
    assert found["status"].tolist() == ["existing"] + ["candidate"] * 6
    assert found.loc["roof-tall", "kind"] == "rooftop"
    assert found.geometry["roof-tall"].within(LAYERS["buildings"].geometry["tall"])
    assert found.crs == "EPSG:4545"
    expected = {column.name for column in schema.TABLES["sites"].columns} - {"id"}
    assert expected <= set(found.columns)
    for name, frame in LAYERS.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_rooftops_are_only_taken_when_asked_for():
    found = all_sites(LAYERS, hand.scenario())
    assert found.index.tolist() == ["a", "b", "p0", "p1", "p2", "p3"]


def test_a_pole_that_carries_a_station_is_never_thinned_out():
    stations = hand.stations({"id": "s", "site_id": "p1", "operator": "甲", "technology": "5G"})
    derived = {"pole_spacing_m": 1000.0}
    found = all_sites(LAYERS | {"stations": stations}, hand.scenario(candidates=derived))
    assert found.index.tolist() == ["a", "b", "p0", "p1"]


def test_no_layer_makes_an_empty_table():
    found = all_sites({}, hand.scenario())
    assert len(found) == 0
    assert "antenna_height_m" in found


def test_heights_of_buildings():
    found = building_heights(LAYERS["buildings"])
    np.testing.assert_array_equal(found, [12.0, 30.0, 30.0, np.nan, np.nan])
    bare = LAYERS["buildings"].drop(columns=["height_m", "levels"])
    assert np.isnan(building_heights(bare)).all()


def test_the_tallest_building_of_a_cell_counts():
    region = hand.region(shape=(4, 4), cell_m=10.0)
    frame = hand.layer(
        "buildings",
        [
            {"id": "a", "height_m": 30.0, "geometry": hand.box(0, 0, 20, 40)},
            {"id": "b", "height_m": 12.0, "geometry": hand.box(10, 20, 40, 40)},
            {"id": "c", "height_m": None, "geometry": hand.box(20, 0, 40, 20)},
        ],
    )
    np.testing.assert_array_equal(
        rasterise_buildings(frame, region.geobox),
        [[30, 30, 12, 12], [30, 30, 12, 12], [30, 30, 0, 0], [30, 30, 0, 0]],
    )
    assert (rasterise_buildings(frame.iloc[2:], region.geobox) == 0.0).all()
