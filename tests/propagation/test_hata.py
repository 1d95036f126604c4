"""Okumura-Hata and COST 231-Hata."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.propagation.free_space import free_space_loss
from siteplan.propagation.hata import (
    COST231_HATA_VALIDITY,
    LARGE_CITY_SPLIT_MHZ,
    OKUMURA_HATA_VALIDITY,
    cost231_hata_loss,
    okumura_hata_loss,
)

DATA = Path(__file__).parent / "data"
MODELS = {"okumura_hata": okumura_hata_loss, "cost231_hata": cost231_hata_loss}
CASES = [
    *((okumura_hata_loss, name) for name in ("urban_large", "urban", "suburban", "open")),
    *((cost231_hata_loss, name) for name in ("urban_large", "urban", "open")),
]
law = settings(deadline=None, derandomize=True, max_examples=60)
cases = st.sampled_from(CASES)
kilometres = st.floats(1.0, 20.0)
masts = st.floats(30.0, 200.0)
mobiles = st.floats(1.0, 10.0)
megahertz = st.floats(150.0, 2000.0)


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def textbook(model, environment, d_km, f, hb, hm):
    """ETR 364 (GSM 03.30), annex B, sec. 1 and 2, as a reader would key it in."""
    small = (1.1 * math.log10(f) - 0.7) * hm - (1.56 * math.log10(f) - 0.8)
    large = 8.29 * math.log10(1.54 * hm) ** 2 - 1.1
    if f >= 300.0:
        large = 3.2 * math.log10(11.75 * hm) ** 2 - 4.97
    by_distance = (44.9 - 6.55 * math.log10(hb)) * math.log10(d_km)
    opening = -4.78 * math.log10(f) ** 2 + 18.33 * math.log10(f) - 40.94
    if model is cost231_hata_loss:
        urban = 46.3 + 33.9 * math.log10(f) - 13.82 * math.log10(hb) - small + by_distance
        return urban + {"urban_large": 3.0, "urban": 0.0, "open": opening}[environment]
    bare = 69.55 + 26.16 * math.log10(f) - 13.82 * math.log10(hb) + by_distance
    if environment == "urban_large":
        return bare - large
    suburb = -2.0 * math.log10(f / 28.0) ** 2 - 5.4
    return bare - small + {"urban": 0.0, "suburban": suburb, "open": opening}[environment]


@pytest.mark.parametrize("row", rows("hata_values.csv"))
def test_agrees_with_published_values(row):
    loss_db = MODELS[row["model"]](
        float(row["distance_m"]),
        frequency_mhz=float(row["frequency_mhz"]),
        base_height_m=float(row["base_height_m"]),
        mobile_height_m=float(row["mobile_height_m"]),
        environment=row["environment"],
    )
    assert loss_db == pytest.approx(float(row["loss_db"]), abs=float(row["tolerance_db"]))


@law
@given(cases, kilometres, megahertz, masts, mobiles)
def test_agrees_with_the_formula_term_by_term(case, d_km, f, hb, hm):
    model, environment = case
    loss_db = model(
        1e3 * d_km, frequency_mhz=f, base_height_m=hb, mobile_height_m=hm, environment=environment
    )
    assert loss_db == pytest.approx(textbook(model, environment, d_km, f, hb, hm), abs=1e-9)


@law
@given(cases, st.floats(0.0, 2e4), st.floats(0.0, 1e4), megahertz, masts, mobiles)
def test_never_falls_with_distance(case, distance, further, f, hb, hm):
    model, environment = case
    near, far = model(
        [distance, distance + further],
        frequency_mhz=f,
        base_height_m=hb,
        mobile_height_m=hm,
        environment=environment,
    )
    assert math.isfinite(near)
    assert near <= far


@law
@given(cases, kilometres, megahertz, st.floats(1.0, 2.0), masts, mobiles)
def test_never_falls_with_frequency_but_where_the_large_city_changes_its_formula(
    case, d_km, f, factor, hb, hm
):
    model, environment = case
    g = min(f * factor, 2000.0)
    if environment == "urban_large" and f < LARGE_CITY_SPLIT_MHZ <= g:
        return
    low, high = (
        model(
            1e3 * d_km,
            frequency_mhz=each,
            base_height_m=hb,
            mobile_height_m=hm,
            environment=environment,
        )
        for each in (f, g)
    )
    assert low <= high + 1e-9


@law
@given(cases, kilometres, megahertz, masts, st.floats(1.0, 2.0), mobiles)
def test_never_rises_with_the_mast(case, d_km, f, hb, factor, hm):
    # Beyond 20 km or so the formula would turn round: 13.82 + 6.55 lg d stays positive from 8 m.
    model, environment = case
    low, high = model(
        1e3 * d_km,
        frequency_mhz=f,
        base_height_m=[hb, hb * factor],
        mobile_height_m=hm,
        environment=environment,
    )
    assert high <= low + 1e-9


@law
@given(kilometres, st.floats(150.0, 1500.0), masts, mobiles)
def test_open_country_loses_less_than_a_suburb_and_a_suburb_less_than_a_town(d_km, f, hb, hm):
    open_db, suburban_db, urban_db = (
        okumura_hata_loss(
            1e3 * d_km, frequency_mhz=f, base_height_m=hb, mobile_height_m=hm, environment=each
        )
        for each in ("open", "suburban", "urban")
    )
    assert open_db < suburban_db < urban_db


@law
@given(kilometres, st.floats(150.0, 1500.0), masts)
def test_a_town_loses_more_than_free_space(d_km, f, hb):
    loss_db = okumura_hata_loss(
        1e3 * d_km, frequency_mhz=f, base_height_m=hb, mobile_height_m=1.5, environment="urban"
    )
    assert loss_db > free_space_loss(1e3 * d_km, frequency_mhz=f)


def test_a_metropolis_costs_three_decibels_more_than_a_town():
    town, metropolis = (
        cost231_hata_loss(
            2e3, frequency_mhz=1800.0, base_height_m=30.0, mobile_height_m=1.5, environment=each
        )
        for each in ("urban", "urban_large")
    )
    assert metropolis - town == pytest.approx(3.0)


def test_heights_of_each_point_broadcast_with_the_distances():
    distance = np.array([[1e3], [5e3]])
    base, mobile = np.array([30.0, 60.0, 90.0]), np.array([1.5, 3.0, np.nan])
    together = okumura_hata_loss(
        distance, frequency_mhz=900.0, base_height_m=base, mobile_height_m=mobile,
        environment="suburban",
    )  # fmt: skip
    alone = [
        [
            float(
                okumura_hata_loss(
                    d, frequency_mhz=900.0, base_height_m=hb, mobile_height_m=hm,
                    environment="suburban",
                )
            )
            for hb, hm in zip(base, mobile, strict=True)
        ]
        for d in distance[:, 0]
    ]  # fmt: skip
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(("model", "environment"), CASES)
def test_missing_distances_stay_missing(model, environment):
    loss_db = model(
        [np.nan, 2e3], frequency_mhz=1500.0, base_height_m=30.0, mobile_height_m=1.5,
        environment=environment,
    )  # fmt: skip
    assert np.isnan(loss_db).tolist() == [True, False]


@pytest.mark.parametrize("model", MODELS.values())
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"distance_m": -1.0}, "distance must not be negative"),
        ({"frequency_mhz": -900.0}, "frequency_mhz must be a positive number"),
        ({"base_height_m": 0.0}, "base_height_m must exceed 0: got 0"),
        ({"mobile_height_m": [1.5, -2.0]}, "mobile_height_m must exceed 0: got -2"),
        ({"environment": "desert"}, "environment must be one of urban_large, urban, .*'desert'"),
    ],
)
def test_wrong_arguments_are_refused(model, wrong, message):
    right = {
        "distance_m": 2e3,
        "frequency_mhz": 900.0,
        "base_height_m": 30.0,
        "mobile_height_m": 1.5,
        "environment": "urban",
    }
    with pytest.raises(ValueError, match=message):
        model(**right | wrong)


def test_the_suburb_of_hata_is_not_stretched_to_cost231():
    with pytest.raises(ValueError, match="'suburban'"):
        cost231_hata_loss(
            2e3, frequency_mhz=1800.0, base_height_m=30.0, mobile_height_m=1.5,
            environment="suburban",
        )  # fmt: skip


def test_the_published_ranges_meet_and_cannot_be_changed():
    assert OKUMURA_HATA_VALIDITY["frequency_mhz"][1] == COST231_HATA_VALIDITY["frequency_mhz"][0]
    with pytest.raises(TypeError):
        OKUMURA_HATA_VALIDITY["frequency_mhz"] = (0.0, 1.0)
