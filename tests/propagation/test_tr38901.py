"""Path loss of 3GPP TR 38.901."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.propagation.free_space import free_space_loss
from siteplan.propagation.tr38901 import (
    RMA_LOS_VALIDITY,
    RMA_NLOS_VALIDITY,
    UMA_VALIDITY,
    UMI_VALIDITY,
    rma_loss,
    uma_loss,
    umi_loss,
)

DATA = Path(__file__).parent / "data"
MODELS = {"uma": uma_loss, "umi": umi_loss, "rma": rma_loss}
RMA_JUMP_DB = 0.04

law = settings(deadline=None, derandomize=True, max_examples=60)
scenarios = st.sampled_from(sorted(MODELS))
metres = st.floats(0.0, 10_000.0)
megahertz = st.floats(500.0, 30_000.0)
masts = st.floats(10.0, 150.0)
mobiles = st.floats(1.5, 10.0)
sights = st.booleans()


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def loss(scenario, distance, f, hb, hm, sight, **kwargs):
    return MODELS[scenario](
        distance,
        frequency_mhz=f,
        base_height_m=hb,
        mobile_height_m=hm,
        line_of_sight=sight,
        **kwargs,
    )


def breakpoint_m(scenario, f, hb, hm):
    if scenario == "rma":
        return 2.0 * math.pi * hb * hm * f * 1e6 / 3e8
    return 4.0 * (hb - 1.0) * (hm - 1.0) * f * 1e6 / 3e8


def table(scenario, d2, f, hb, hm, sight, w=20.0, h=5.0):
    """Table 7.4.1-1 as printed, one link at a time."""
    lg = math.log10
    fc = f / 1e3
    d3 = max(math.sqrt(d2**2 + (hb - hm) ** 2), 1.0)
    bp = breakpoint_m(scenario, f, hb, hm)
    if scenario == "rma":

        def pl1(d):
            return (
                20 * lg(40 * math.pi * d * fc / 3)
                + min(0.03 * h**1.72, 10) * lg(d)
                - min(0.044 * h**1.72, 14.77)
                + 0.002 * lg(h) * d
            )

        los = pl1(d3) if d2 <= bp else pl1(bp) + 40 * lg(d3 / bp)
        nlos = (
            161.04
            - 7.1 * lg(w)
            + 7.5 * lg(h)
            - (24.37 - 3.7 * (h / hb) ** 2) * lg(hb)
            + (43.42 - 3.1 * lg(hb)) * (lg(d3) - 3)
            + 20 * lg(fc)
            - (3.2 * lg(11.75 * hm) ** 2 - 4.97)
        )
    elif scenario == "uma":
        los = 28.0 + 22 * lg(d3) + 20 * lg(fc)
        if d2 > bp:
            los = 28.0 + 40 * lg(d3) + 20 * lg(fc) - 9 * lg(bp**2 + (hb - hm) ** 2)
        nlos = 13.54 + 39.08 * lg(d3) + 20 * lg(fc) - 0.6 * (hm - 1.5)
    else:
        los = 32.4 + 21 * lg(d3) + 20 * lg(fc)
        if d2 > bp:
            los = 32.4 + 40 * lg(d3) + 20 * lg(fc) - 9.5 * lg(bp**2 + (hb - hm) ** 2)
        nlos = 35.3 * lg(d3) + 22.4 + 21.3 * lg(fc) - 0.3 * (hm - 1.5)
    return los if sight else max(los, nlos)


# --- published values -----------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("tr38901_values.csv"))
def test_agrees_with_values_worked_out_by_hand(row):
    loss_db = loss(
        row["scenario"],
        float(row["distance_2d_m"]),
        float(row["frequency_mhz"]),
        float(row["base_height_m"]),
        float(row["mobile_height_m"]),
        row["line_of_sight"] == "true",
    )
    assert loss_db == pytest.approx(float(row["loss_db"]), abs=0.06)


@pytest.mark.parametrize("row", rows("tr38901_sheet.csv"), ids=lambda row: row["cell"])
def test_agrees_with_a_published_sheet_once_its_slips_are_undone(row):
    scenario, f, hb, hm = (
        row["scenario"],
        float(row["frequency_mhz"]),
        float(row["base_height_m"]),
        1.5,
    )
    distance, expected = float(row["distance_2d_m"]), float(row["loss_db"])
    rise = hb - hm
    if scenario == "umi":  # slant distance as if the base stood at 35 m
        distance = math.sqrt(distance**2 + 33.5**2 - rise**2)
    if scenario != "rma" and row["branch"] == "far":  # hBS - hUT for hBS - hE
        factor = {"uma": 9.0, "umi": 9.5}[scenario]
        theirs = 4.0 * rise * 0.5 * f * 1e6 / 3e8
        ours = breakpoint_m(scenario, f, hb, hm)
        expected += factor * math.log10((theirs**2 + rise**2) / (ours**2 + rise**2))
    if scenario == "rma" and row["branch"] == "blocked":  # (3.7 h/hBS)^2 for 3.7 (h/hBS)^2
        expected -= (3.7**2 - 3.7) * (5.0 / hb) ** 2 * math.log10(hb)
    loss_db = loss(scenario, distance, f, hb, hm, row["line_of_sight"] == "true")
    assert loss_db == pytest.approx(expected, abs=1e-9)


# --- an independent computation -------------------------------------------------------------------


@law
@given(scenarios, metres, megahertz, masts, mobiles, sights)
def test_agrees_with_the_table_term_by_term(scenario, distance, f, hb, hm, sight):
    loss_db = loss(scenario, distance, f, hb, hm, sight)
    assert loss_db == pytest.approx(table(scenario, distance, f, hb, hm, sight), abs=1e-9)


@law
@given(metres, megahertz, masts, mobiles, sights, st.floats(5.0, 50.0), st.floats(5.0, 50.0))
def test_streets_and_buildings_enter_as_in_the_table(distance, f, hb, hm, sight, w, h):
    loss_db = loss("rma", distance, f, hb, hm, sight, street_width_m=w, building_height_m=h)
    assert loss_db == pytest.approx(table("rma", distance, f, hb, hm, sight, w, h), abs=1e-9)


@pytest.mark.parametrize("scenario", MODELS)
def test_agrees_with_the_table_over_more_than_one_block(scenario):
    rng = np.random.default_rng(20260101)
    distance = rng.uniform(0.0, 5e3, 34_001)
    sight = rng.random(distance.size) < 0.5
    loss_db = loss(scenario, distance, 2600.0, 30.0, 1.5, sight)
    for i in [0, 1, 32_767, 32_768, 32_769, *rng.integers(0, distance.size, 200)]:
        expected = table(scenario, distance[i], 2600.0, 30.0, 1.5, sight[i])
        assert loss_db[i] == pytest.approx(expected, abs=1e-9)


# --- laws -----------------------------------------------------------------------------------------


@law
@given(scenarios, metres, metres, megahertz, masts, mobiles, sights)
def test_never_falls_with_distance(scenario, distance, further, f, hb, hm, sight):
    near, far = loss(scenario, [distance, distance + further], f, hb, hm, sight)
    assert math.isfinite(near)
    assert near <= far + 1e-9


@law
@given(scenarios, metres, megahertz, st.floats(1.0, 3.0), masts, mobiles, sights)
def test_never_falls_with_frequency(scenario, distance, f, factor, hb, hm, sight):
    # The breakpoint moves with frequency, and RMa jumps there.
    slack = RMA_JUMP_DB if scenario == "rma" else 1e-9
    low = loss(scenario, distance, f, hb, hm, sight)
    assert low <= loss(scenario, distance, f * factor, hb, hm, sight) + slack


@law
@given(scenarios, metres, megahertz, masts, mobiles)
def test_a_blocked_mobile_never_gets_more_than_one_that_sees(scenario, distance, f, hb, hm):
    seen, blocked = loss(scenario, distance, f, hb, hm, [True, False])
    assert seen <= blocked


@law
@given(scenarios, st.floats(500.0, 7000.0), masts, mobiles)
def test_the_breakpoint_is_no_step(scenario, f, hb, hm):
    here = breakpoint_m(scenario, f, hb, hm)
    before, after = loss(scenario, here * np.array([1.0 - 1e-9, 1.0 + 1e-9]), f, hb, hm, True)
    assert after - before == pytest.approx(0.0, abs=RMA_JUMP_DB if scenario == "rma" else 1e-6)


@law
@given(st.floats(50.0, 5000.0), st.floats(500.0, 7000.0), sights)
def test_no_scenario_beats_free_space_by_more_than_its_fit(distance, f, sight):
    for scenario, hb in (("uma", 25.0), ("umi", 10.0), ("rma", 35.0)):
        slant = math.hypot(distance, hb - 1.5)
        bare = free_space_loss(slant, frequency_mhz=f)
        assert loss(scenario, distance, f, hb, 1.5, sight) > bare - 1.5


def test_stays_finite_where_the_antennas_meet():
    for scenario in MODELS:
        loss_db = loss(scenario, [0.0, 0.5, 1.0, 2.0], 700.0, 10.0, 10.0, [[True], [False]])
        assert np.isfinite(loss_db).all()
        assert (np.diff(loss_db, axis=1) >= 0.0).all()


@pytest.mark.parametrize("scenario", MODELS)
def test_a_scalar_equals_its_place_in_an_array(scenario):
    distance = np.geomspace(5.0, 2e4, 9)
    sight = np.arange(9) % 2 == 0
    together = loss(scenario, distance, 1800.0, 30.0, 1.5, sight)
    alone = [loss(scenario, d, 1800.0, 30.0, 1.5, s) for d, s in zip(distance, sight, strict=True)]
    assert all(loss_db.shape == () for loss_db in alone)
    assert together == pytest.approx([float(loss_db) for loss_db in alone], abs=1e-12)


@pytest.mark.parametrize("scenario", MODELS)
def test_heights_of_each_point_equal_common_ones(scenario):
    distance = np.array([[50.0], [900.0], [4e3]])
    sight = np.array([[True], [False], [True]])
    base, mobile = np.array([10.0, 25.0, 60.0, 25.0]), np.array([1.5, 3.0, 9.0, np.nan])
    together = loss(scenario, distance, 2600.0, base, mobile, sight)
    alone = [
        loss(scenario, distance[:, 0], 2600.0, hb, hm, sight[:, 0])
        for hb, hm in zip(base, mobile, strict=True)
    ]
    np.testing.assert_allclose(together, np.transpose(alone), rtol=0.0, atol=1e-12)
    assert np.isnan(together[:, 3]).all()


@pytest.mark.parametrize("scenario", MODELS)
def test_arrays_of_any_layout_and_number_type_are_taken_and_left_alone(scenario):
    distance = np.arange(10, 34).reshape(4, 6)
    sight = distance % 3 == 0
    expected = [
        [table(scenario, float(d), 900.0, 30.0, 1.5, s) for d, s in zip(*pair, strict=True)]
        for pair in zip(distance, sight, strict=True)
    ]
    for same in (distance, distance.astype(np.float32), np.asfortranarray(distance, dtype=float)):
        kept = same.copy()
        loss_db = loss(scenario, same, 900.0, 30.0, 1.5, sight)
        assert loss_db == pytest.approx(np.array(expected), abs=1e-9)
        assert (same == kept).all()
        assert same.flags.writeable
    assert loss(scenario, [], 900.0, 30.0, 1.5, sight=True).shape == (0,)


@pytest.mark.parametrize("scenario", MODELS)
@pytest.mark.parametrize("sight", [True, False])
def test_missing_values_stay_missing(scenario, sight):
    distance = np.full(20, 700.0)
    distance[3] = np.nan
    unknown = np.isnan(loss(scenario, distance, 900.0, 30.0, 1.5, sight))
    assert np.flatnonzero(unknown).tolist() == [3]
    assert np.isnan(loss(scenario, 700.0, 900.0, np.nan, 1.5, sight))
    assert np.isnan(loss(scenario, 700.0, 900.0, 30.0, np.nan, sight))


@pytest.mark.parametrize("scenario", MODELS)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"distance_2d_m": [5.0, -2.0]}, "distance must not be negative: got -2 m"),
        ({"frequency_mhz": -1.0}, "frequency_mhz must be a positive number"),
        ({"base_height_m": 0.0}, "base_height_m must exceed"),
        ({"mobile_height_m": [1.5, 0.0]}, "mobile_height_m must exceed"),
        ({"line_of_sight": 0.4}, "line_of_sight must be boolean"),
    ],
)
def test_wrong_arguments_are_refused(scenario, wrong, message):
    right = {
        "distance_2d_m": 100.0,
        "frequency_mhz": 900.0,
        "base_height_m": 30.0,
        "mobile_height_m": 1.5,
        "line_of_sight": True,
    }
    with pytest.raises(ValueError, match=message):
        MODELS[scenario](**right | wrong)


@pytest.mark.parametrize("scenario", ["uma", "umi"])
def test_antennas_at_the_height_of_what_surrounds_them_are_refused(scenario):
    with pytest.raises(ValueError, match="mobile_height_m must exceed 1: got 1"):
        loss(scenario, 100.0, 900.0, 25.0, 1.0, sight=True)


def test_the_random_breakpoint_of_tall_mobiles_is_refused():
    with pytest.raises(ValueError, match="must be below 13 in UMa"):
        loss("uma", 100.0, 900.0, 25.0, [1.5, 13.0], sight=True)


@pytest.mark.parametrize("name", ["street_width_m", "building_height_m"])
def test_streets_and_buildings_without_size_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must exceed 0"):
        loss("rma", 100.0, 900.0, 25.0, 1.5, sight=True, **{name: 0.0})


def test_a_negative_distance_among_points_of_their_own_height_is_refused():
    with pytest.raises(ValueError, match="got -2 m"):
        loss("uma", [5.0, -2.0], 900.0, 25.0, [1.5, 2.0], sight=True)


def test_the_published_ranges_cannot_be_changed():
    assert RMA_NLOS_VALIDITY["distance_m"][1] < RMA_LOS_VALIDITY["distance_m"][1]
    for ranges in (UMA_VALIDITY, UMI_VALIDITY, RMA_LOS_VALIDITY, RMA_NLOS_VALIDITY):
        with pytest.raises(TypeError):
            ranges["distance_m"] = (0.0, 1.0)
