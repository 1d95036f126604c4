"""Screening distances against values worked out by hand, and the laws of adding exposures."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteplan import catalog, schema
from siteplan.coverage import emf
from siteplan.coverage.stations import station_table
from tests import handmade as hand

NR, LTE, MICRO = "macro-nr3500", "macro-lte900", "micro-nr2600"


def stations(*rows):
    """Stations of (site, operator, equipment)."""
    frame = pd.DataFrame(rows, columns=["site_id", "operator", "equipment"])
    frame["technology"] = ["5G" if "nr" in name else "4G" for name in frame["equipment"]]
    frame.index = [f"st{i}" for i in range(len(frame))]
    return frame


@pytest.mark.parametrize(
    ("frequency_mhz", "limit_w_m2"),
    [
        # GB 8702-2014, Table 1
        (30.0, 0.4), (900.0, 0.4), (2600.0, 0.4), (3000.0, 0.4), (3500.0, 3500.0 / 7500.0),
        (4900.0, 4900.0 / 7500.0), (15_000.0, 2.0), (26_000.0, 2.0), (300_000.0, 2.0),
    ],
)  # fmt: skip
def test_the_limits_of_the_standard(frequency_mhz, limit_w_m2):
    assert emf.exposure_limit(frequency_mhz) == pytest.approx(limit_w_m2, rel=1e-12)


@given(st.floats(30.0, 299_000.0), st.floats(0.0, 1000.0))
def test_the_limit_never_falls_and_never_jumps(frequency, step):
    low, high = emf.exposure_limit([frequency, min(frequency + step, 300_000.0)])
    assert low <= high <= low + step / 7500.0 + 1e-9


@pytest.mark.parametrize("frequency", [29.9, 300_001.0, -1.0])
def test_no_limit_outside_the_bands(frequency):
    with pytest.raises(ValueError, match="30 to 300000 MHz"):
        emf.exposure_limit([900.0, frequency])


def test_every_band_has_one_kind_of_limit_and_they_join():
    bands = catalog.exposure().bands
    assert all((band.limit_w_m2 is None) != (band.mhz_per_w_m2 is None) for band in bands)
    for low, high in itertools.pairwise(bands):
        assert low.to_mhz == high.from_mhz
    assert set(catalog.exposure().duty) == set(schema.TECHNOLOGIES)
    assert set(catalog.exposure().sensitive.sectors) <= set(schema.SECTORS)
    assert {item.mark for item in catalog.exposure().duty.values()} == {
        "k"
    }  # printed as assumptions


@pytest.mark.parametrize(
    ("duty", "share", "metres"),
    [
        # EIRP 200 W x 10^2.4 = 50,238 W, limit 0.4667 W/m2: sqrt(50238 / (4 pi 0.4667)) = 92.6 m
        (1.0, 1.0, 93),
        (0.25, 1.0, 47),  # half of it, 46.3
        (1.0, 0.2, 207),  # times sqrt(5)
        (0.25, 0.2, 104),
    ],
)
def test_the_published_example(duty, share, metres):
    eirp_w = 200.0 * 10.0**2.4
    found = emf.screening_distance(eirp_w, limit_w_m2=3500.0 / 7500.0, duty=duty, share=share)
    assert math.ceil(found) == metres


@given(st.floats(0.1, 1e6), st.floats(0.1, 2.0), st.floats(0.01, 1.0), st.floats(0.05, 1.0))
def test_at_the_distance_the_share_of_the_limit_is_reached(eirp, limit, duty, share):
    distance = emf.screening_distance(eirp, limit_w_m2=limit, duty=duty, share=share)
    assert emf.power_density(eirp * duty, distance) == pytest.approx(limit * share, rel=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [{"duty": 1.5}, {"duty": -0.1}, {"duty": math.nan}, {"share": 0.0}, {"share": 5.0}],
)
def test_shares_are_shares(wrong):
    with pytest.raises(ValueError, match="share"):
        emf.screening_distance(1000.0, limit_w_m2=0.4, **wrong)


# --- stations and sites ----------------------------------------------------------------------------


@pytest.mark.parametrize(("eirp_w", "limit"), [(-1.0, 0.4), (math.nan, 0.4), (1.0, 0.0)])
def test_no_distance_from_what_is_no_power_or_no_limit(eirp_w, limit):
    with pytest.raises(ValueError, match="radiated power"):
        emf.screening_distance(eirp_w, limit_w_m2=limit)


def test_a_technology_without_duty_factor_is_refused_not_harmless():
    some = stations(("s1", "甲", "macro-lte900"))
    with pytest.raises(ValueError, match="no duty factor for 3G"):
        emf.station_screening(some.assign(technology="3G"))
    told = emf.station_screening(some.assign(technology="3G"), duty={"3G": 1.0})
    assert (told["screening_m"] > 0.0).all()


def test_a_station_by_hand():
    found = emf.station_screening(stations(("a", "甲", NR), ("a", "甲", LTE)))
    assert found.index.tolist() == ["st0", "st1"]
    nr, lte = found.to_dict("records")
    # 200 W, 24 dBi, no losses, 3500 MHz band; a quarter of the time; a fifth of the limit
    limit = nr["frequency_mhz"] / 7500.0
    assert nr["eirp_w"] == pytest.approx(50_238.0, rel=1e-4)
    assert nr["screening_m"] == pytest.approx(
        math.sqrt(50_238.0 * 0.25 / (4.0 * math.pi * limit * 0.2)), rel=1e-4
    )
    assert nr["full_power_m"] == pytest.approx(2.0 * nr["screening_m"])
    assert nr["limit_m"] == pytest.approx(nr["screening_m"] / math.sqrt(5.0))
    # 40 W, 15 dBi less 0.5 dB: 1127 W; sqrt(1127 / (4 pi 0.08)) = 33.5 m
    assert lte["screening_m"] == pytest.approx(33.5, abs=0.05)
    assert lte["duty"] == 1.0


def cells_region(*cells):
    layers = {}
    if cells:
        columns = ["station_id", "azimuth_deg", "power_w", "antenna"]
        layers["cells"] = pd.DataFrame(cells, columns=columns)
    return hand.region(
        layers=layers,
        the_stations=hand.stations(
            {"id": "a1", "site_id": "a", "operator": "甲", "technology": "4G", "equipment": LTE},
        ),
        radio={"body_loss_db": 3.0, "penetration_loss_db": 20.0},
    )


@pytest.mark.parametrize(
    ("cells", "eirp_w"),
    [
        # 40 W, 15 dBi less 0.5 dB: 1127.4 W, and the two other sectors 30 dB down
        ((), 1127.4 * 1.002),
        # the cells layer goes before the equipment: half the power, looking apart
        ((("a1", 10.0, 20.0, None), ("a1", 190.0, 20.0, None)), 563.7 * 1.001),
        # two cells one way add up
        ((("a1", 10.0, 20.0, None), ("a1", 10.0, 40.0, None)), 563.7 + 1127.4),
        # so do omnidirectional ones
        ((("a1", 0.0, 40.0, "omni"), ("a1", 90.0, 40.0, "omni")), 2.0 * 1127.4),
    ],
)
def test_the_radiated_power_of_cells(cells, eirp_w):
    region = cells_region(*cells)
    found = emf.station_eirp(region, station_table(region, region.stations))
    assert found == pytest.approx([eirp_w], rel=1e-4)


def test_the_duty_factor_and_the_share_are_the_users():
    row = stations(("a", "甲", NR))
    usual = emf.station_screening(row)["screening_m"].iloc[0]
    assert emf.station_screening(row, duty={"5G": 1.0})["screening_m"].iloc[0] == pytest.approx(
        2.0 * usual
    )
    found = emf.station_screening(row, share=1.0)
    assert found["screening_m"].iloc[0] == pytest.approx(found["limit_m"].iloc[0])


equipment = st.sampled_from([NR, LTE, MICRO])
rows = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("甲乙丙"), equipment), min_size=1, max_size=8
)


@given(rows)
def test_at_the_combined_distance_the_shares_of_the_limits_sum_to_one(given_rows):
    table = emf.station_screening(stations(*given_rows))
    sites = emf.site_screening(table)
    assert sites["stations"].sum() == len(table)
    for name, site in sites.iterrows():
        mine = table[table["site_id"] == name]
        density = emf.power_density(mine["eirp_w"] * mine["duty"], site["combined_m"])
        assert (density / mine["limit_w_m2"]).sum() == pytest.approx(1.0)
        share = {
            operator: (
                emf.power_density(part["eirp_w"] * part["duty"], site["single_m"])
                / part["limit_w_m2"]
            ).sum()
            for operator, part in mine.groupby("operator")
        }
        assert max(share.values()) == pytest.approx(0.2)
        assert site["screening_m"] == max(site["single_m"], site["combined_m"])
        assert site["screening_m"] >= mine["screening_m"].max() - 1e-9


def test_one_operator_alone_is_bound_by_its_fifth_and_many_by_the_whole():
    few = emf.site_screening(emf.station_screening(stations(("a", "甲", NR))))
    assert few["screening_m"].iloc[0] == few["single_m"].iloc[0] > few["combined_m"].iloc[0]
    many = stations(*[("a", f"运营商{i}", NR) for i in range(6)])
    six = emf.site_screening(emf.station_screening(many))
    assert six["screening_m"].iloc[0] == six["combined_m"].iloc[0] > six["single_m"].iloc[0]


def test_no_station_no_site():
    table = emf.station_screening(stations())
    assert len(table) == len(emf.site_screening(table)) == 0


# --- places ----------------------------------------------------------------------------------------


def land(**layers):
    region = hand.region(
        layers={name: hand.layer(name, part) for name, part in layers.items()},
        the_sites=hand.sites(
            ("a", "tower", "existing", 500, 500), ("b", "tower", "existing", 5000, 5000)
        ),
        the_stations=hand.stations(
            {"id": "a1", "site_id": "a", "operator": "甲", "technology": "5G", "equipment": NR},
            {"id": "b1", "site_id": "b", "operator": "甲", "technology": "4G", "equipment": LTE},
        ),
    )
    return region, emf.screen(region, station_table(region, region.stations))


def test_schools_within_the_distance_are_listed_nearest_first():
    region, found = land(
        venues=[
            {"id": "v1", "name": "小学", "sector": "education", "geometry": hand.point(500, 600)},
            {"id": "v2", "name": "医院", "sector": "medical", "geometry": hand.point(540, 530)},
            {"id": "v3", "name": "商场", "sector": "shopping", "geometry": hand.point(510, 500)},
            {"id": "v4", "name": "中学", "sector": "education", "geometry": hand.point(5000, 5040)},
        ],
        villages=[
            {"id": "w1", "name": "村", "kind": "natural", "geometry": hand.point(5000, 5010)},
            {"id": "w2", "name": "远村", "kind": "natural", "geometry": hand.point(9000, 9000)},
        ],
    )
    # site a: 104 m; site b: 34 m, so the school 40 m away is not in the list and the village at 10 m is
    assert found.points[["site_id", "layer", "point_id"]].to_numpy().tolist() == [
        ["a", "venues", "v2"], ["a", "venues", "v1"], ["b", "villages", "w1"],
    ]  # fmt: skip
    assert found.points["distance_m"].to_numpy() == pytest.approx([50.0, 100.0, 10.0])
    assert found.points["name"].tolist() == ["医院", "小学", "村"]
    assert (found.points["distance_m"] <= found.points["screening_m"]).all()
    assert tuple(found.points.columns) == emf.POINT_COLUMNS
    assert found.duty == {"4G": 1.0, "5G": 0.25}
    del region


def test_without_the_layers_the_places_are_unknown_not_none():
    _, found = land()
    assert found.points is None
    _, found = land(
        venues=[{"id": "v", "name": "商场", "sector": "shopping", "geometry": hand.point(0, 0)}]
    )
    assert len(found.points) == 0


def test_an_outline_counts_from_its_edge():
    region, found = land(
        villages=[
            {"id": "w", "name": "村", "kind": "natural", "geometry": hand.box(550, 500, 900, 900)}
        ]
    )
    del region
    assert found.points["distance_m"].tolist() == pytest.approx([50.0])


def test_many_sites_and_places_agree_with_all_pairs():
    random = np.random.default_rng(3)
    places = random.uniform(0.0, 3000.0, (400, 2))
    masts = random.uniform(0.0, 3000.0, (60, 2))
    sites = hand.sites(*[(f"s{i}", "tower", "existing", *xy) for i, xy in enumerate(masts)])
    screening = emf.site_screening(
        emf.station_screening(
            stations(*[(f"s{i}", "甲", [NR, LTE, MICRO][i % 3]) for i in range(60)])
        )
    )
    points = hand.layer(
        "villages",
        [
            {"id": f"w{i}", "kind": "natural", "geometry": hand.point(*xy)}
            for i, xy in enumerate(places)
        ],
    ).assign(layer="villages", name=pd.NA)
    points["point_id"] = points.index
    found = emf.points_within(sites, screening, points)
    apart = np.hypot(*(masts[:, None] - places[None]).transpose(2, 0, 1))
    reach = np.array([screening.loc[f"s{i}", "screening_m"] for i in range(60)])
    expected = {
        (f"s{i}", f"w{j}") for i, j in zip(*np.nonzero(apart <= reach[:, None]), strict=True)
    }
    assert set(zip(found["site_id"], found["point_id"], strict=True)) == expected
    assert len(found) == len(expected) > 30
