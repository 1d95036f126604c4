"""Calibration against a known truth: found again within its stated errors, or refused."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from siteplan import catalog
from siteplan.coverage.calibration import calibrate
from siteplan.coverage.correction import corrected_loss
from siteplan.coverage.sample_choice import CalibrationOptions
from siteplan.errors import InputError
from siteplan.scenario import Correction, Radio
from tests import handmade as hand

OFFSET_DB, SLOPE_DB, SIGMA_DB, NOISE_DB = 4.0, 6.0, 7.0, 3.0
CELL_M = 50.0
ALIKE = math.exp(-CELL_M / 100.0)
"""Correlation of the errors of neighbouring cells."""


def drive(
    seed,
    *,
    roads=24,
    extent_m=12_000.0,
    power_dbm=40.0,
    floor_dbm=None,
    repeats=2,
    offset_db=OFFSET_DB,
):
    """
    Drive straight roads; errors of neighbouring cells are alike over 100 m.

    The predicted level falls by 35 dB a decade; the measured one lacks `offset_db` at 1 km and SLOPE_DB more
    a decade, with a spread of SIGMA_DB over cells and NOISE_DB over the samples of a cell. A receiver
    with a floor reports nothing below it.
    """
    random = np.random.default_rng(seed)
    along = np.arange(0.0, extent_m, CELL_M)
    easting, northing, error = [], [], []
    for _ in range(roads):
        here = random.uniform(0.0, extent_m)
        fresh = random.normal(size=along.size)
        fresh[1:] *= math.sqrt(1.0 - ALIKE**2)
        shadow = lfilter([1.0], [1.0, -ALIKE], fresh)
        east = random.random() < 0.5
        easting.append(along if east else np.full_like(along, here))
        northing.append(np.full_like(along, here) if east else along)
        error.append(SIGMA_DB * shadow)
    easting, northing, error = (np.concatenate(part) for part in (easting, northing, error))
    distance = np.hypot(easting - extent_m / 2.0, northing - extent_m / 2.0) + 1.0
    decades = np.log10(distance / 1000.0)
    predicted = power_dbm - 120.0 - 35.0 * decades
    cell = (northing // CELL_M * 1000 + easting // CELL_M).astype(np.int64)
    _, first = np.unique(cell, return_index=True)
    place = np.repeat(first, repeats)
    measured = (predicted - offset_db - SLOPE_DB * decades - error)[place]
    measured = measured + NOISE_DB * random.normal(size=len(place))
    table = pd.DataFrame(
        {
            "rsrp_dbm": measured,
            "predicted_dbm": predicted[place],
            "distance_m": distance[place],
            "easting_m": easting[place],
            "northing_m": northing[place],
            "station_id": "a",
            "cell": cell[place],
            "assigned": False,
            "reason": "",
        }
    )
    return table if floor_dbm is None else table[table["rsrp_dbm"] >= floor_dbm]


LOW = CalibrationOptions(floor_dbm=-300.0)  # a receiver that hears everything


# --- the correction --------------------------------------------------------------------------------


@given(st.floats(50.0, 200.0), st.floats(1.0, 1e5), st.floats(-40.0, 40.0), st.floats(-30.0, 30.0))
def test_the_offset_counts_at_one_kilometre_and_the_slope_by_decades(loss, distance, offset, slope):
    fitted = Correction(offset_db=offset, slope_db_per_decade=slope)
    found = corrected_loss(loss, [distance, 10.0 * distance, 1000.0], fitted)
    assert found[1] - found[0] == pytest.approx(slope, abs=1e-9)
    assert found[2] == pytest.approx(loss + offset, abs=1e-9)


def test_no_correction_changes_nothing_and_unknown_stays_unknown():
    loss = np.array([100.0, np.nan])
    assert corrected_loss(loss, 500.0, None) is loss
    found = corrected_loss(loss, 500.0, Correction(offset_db=1.0))
    assert found[0] == 101.0
    assert math.isnan(found[1])


@given(st.floats(1.0, 1e6))
def test_beyond_the_measured_distances_the_correction_is_held(distance):
    fitted = Correction(offset_db=0.0, slope_db_per_decade=10.0, nearest_m=100.0, farthest_m=1e4)
    found = float(corrected_loss(0.0, distance, fitted))
    assert found == pytest.approx(10.0 * math.log10(min(max(distance, 100.0), 1e4) / 1e3))


def test_the_carrier_goes_before_the_model():
    radio = Radio(corrections={"p1812": {"offset_db": 2.0}, "p1812/nr2600": {"offset_db": 5.0}})
    assert radio.correction("p1812", "nr2600").offset_db == 5.0
    assert radio.correction("p1812", "lte900").offset_db == 2.0
    assert radio.correction("free-space", "lte900") is None


# --- the truth is found again ----------------------------------------------------------------------


def test_the_truth_lies_in_the_interval_as_often_as_it_says():
    runs = [calibrate(drive(seed), name="m", options=LOW) for seed in range(120)]
    for truth, interval in ((OFFSET_DB, "offset_interval_db"), (SLOPE_DB, "slope_interval_db")):
        inside = [low <= truth <= high for low, high in (getattr(run, interval) for run in runs)]
        # 95 % of 120, four standard deviations of a binomial either way
        assert 0.87 <= np.mean(inside) <= 1.0, (interval, np.mean(inside))
    # unbiased: the mean of 120 runs within four of its standard errors
    offsets = np.array([run.correction.offset_db for run in runs])
    slopes = np.array([run.correction.slope_db_per_decade for run in runs])
    assert abs(offsets.mean() - OFFSET_DB) < 4.0 * offsets.std() / math.sqrt(120.0)
    assert abs(slopes.mean() - SLOPE_DB) < 4.0 * slopes.std() / math.sqrt(120.0)
    # the stated standard error is the scatter of the runs, within a fifth
    stated = np.sqrt(np.mean([run.offset_se_db**2 for run in runs]))
    assert stated == pytest.approx(offsets.std(), rel=0.2)
    # ordinary least squares would claim far less: errors of neighbouring cells are alike
    naive = np.mean([run.correction.sigma_db / math.sqrt(run.cells) for run in runs])
    assert stated > 1.4 * naive
    # the spread over cells, and that of samples with their own noise on top
    cell_sigma = math.hypot(SIGMA_DB, NOISE_DB / math.sqrt(2.0))
    assert np.mean([run.correction.sigma_db for run in runs]) == pytest.approx(cell_sigma, rel=0.03)
    sample_sigma = math.hypot(SIGMA_DB, NOISE_DB)
    assert np.mean([run.sample_sigma_db for run in runs]) == pytest.approx(sample_sigma, rel=0.03)
    # unseen ground is predicted a little worse than seen ground, and much better than before
    held_out = np.mean([run.held_out_rmse_db for run in runs])
    assert np.mean([run.rmse_after_db for run in runs]) < held_out
    assert held_out < np.mean([run.rmse_before_db for run in runs]) - 1.0


def test_offset_alone_is_the_mean_error():
    table = drive(3)
    far = table[table["distance_m"] >= 250.0]
    found = calibrate(table, name="m", options=CalibrationOptions(floor_dbm=-300.0, slope=False))
    by_hand = (far["predicted_dbm"] - far["rsrp_dbm"]).groupby(far["cell"]).mean().mean()
    assert found.correction.offset_db == pytest.approx(by_hand, abs=1e-3)
    assert found.correction.slope_db_per_decade == 0.0
    assert math.isnan(found.slope_se_db)
    assert found.bias_before_db == pytest.approx(by_hand, abs=1e-3)


def test_a_loss_in_the_vehicle_is_no_fault_of_the_model():
    table = drive(5)
    muffled = table.assign(rsrp_dbm=table["rsrp_dbm"] - 9.0)
    plain = calibrate(table, name="m", options=LOW)
    found = calibrate(
        muffled, name="m", options=CalibrationOptions(floor_dbm=-300.0, receiver_loss_db=9.0)
    )
    assert found.correction.offset_db == pytest.approx(plain.correction.offset_db, abs=1e-3)


def test_repeating_the_samples_of_a_cell_changes_nothing():
    table = drive(6)
    halt = table[table["cell"] == table["cell"].iloc[100]]
    again = pd.concat([table, *[halt] * 500], ignore_index=True)
    plain, found = (calibrate(part, name="m", options=LOW) for part in (table, again))
    assert found.correction.offset_db == pytest.approx(plain.correction.offset_db, abs=1e-3)
    assert found.cells == plain.cells
    assert found.used == plain.used + 500 * len(halt)


# --- what is dropped -------------------------------------------------------------------------------


def test_censoring_biases_a_plain_fit_and_not_this_one():
    floor = -105.0  # reached at 10 km, 19 dB above it at 3.4 km; the roads go to 8.5
    careless = CalibrationOptions(floor_dbm=floor, floor_sigmas=-99.0)
    careful = CalibrationOptions(floor_dbm=floor)
    tables = [drive(seed, roads=48, power_dbm=60.0, floor_dbm=floor) for seed in range(24)]
    runs = [
        [calibrate(table, name="m", options=options) for table in tables]
        for options in (careless, careful)
    ]
    slopes = [np.array([run.correction.slope_db_per_decade for run in part]) for part in runs]
    # far away only the lucky are heard: the plain fit finds the loss growing far too slowly
    assert slopes[0].mean() < SLOPE_DB - 2.0
    error = slopes[1].std() / math.sqrt(len(tables))
    assert slopes[1].mean() == pytest.approx(SLOPE_DB, abs=max(4.0 * error, 0.8))
    offsets = np.array([run.correction.offset_db for run in runs[1]])
    assert offsets.mean() == pytest.approx(OFFSET_DB, abs=0.5)
    assert all(run.dropped["near_floor"] > 0 for run in runs[1])


def test_outliers_are_left_out_and_told():
    table = drive(8)
    wrong = table["cell"].isin(table["cell"].unique()[::50])
    table.loc[wrong, "rsrp_dbm"] -= 60.0
    found = calibrate(table, name="m", options=LOW)
    assert found.dropped["outlier"] >= 0.95 * wrong[table["distance_m"] >= 250.0].sum()
    assert found.correction.offset_db == pytest.approx(OFFSET_DB, abs=4.0 * found.offset_se_db)


def test_every_sample_is_used_or_counted_once():
    table = drive(9, repeats=3)
    table.loc[table.index[::7], "reason"] = "no_station"
    table.loc[table.index[3::11], ["reason", "predicted_dbm"]] = ["unknown_terrain", np.nan]
    found = calibrate(table, name="m", options=CalibrationOptions(floor_dbm=-120.0))
    assert found.used + sum(found.dropped.values()) == found.samples == len(table)
    assert {"no_station", "unknown_terrain", "too_near", "near_floor"} <= set(found.dropped)
    assert found.dropped["no_station"] >= len(table) // 11
    assert found.stations["cells"].sum() == found.cells


# --- refused ---------------------------------------------------------------------------------------


def faults_of(table, **options):
    with pytest.raises(InputError) as caught:
        calibrate(
            table, name="p1812/nr2600", options=CalibrationOptions(floor_dbm=-300.0, **options)
        )
    return caught.value.faults


def test_too_few_samples():
    table = drive(10).head(60)
    table["reason"] = ["no_station"] * 30 + [""] * 30
    faults = faults_of(table, block_m=5000.0)
    assert [fault.rule.split()[-2:] for fault in faults] == [["of", "samples"], ["5000", "m"]]
    assert "30 samples dropped: no serving station" in faults[0].value


@pytest.mark.parametrize("reason", ["no_station", ""])
def test_no_samples(reason):
    table = drive(10).head(0 if reason == "" else 5).assign(reason=reason)
    assert "at least 50 cells" in faults_of(table)[0].rule


def test_a_slope_needs_near_and_far():
    table = drive(11)
    ring = table[table["distance_m"].between(3000.0, 3600.0)]
    (fault,) = faults_of(ring)
    assert "too much alike" in fault.rule
    found = calibrate(ring, name="m", options=CalibrationOptions(floor_dbm=-300.0, slope=False))
    assert found.correction.offset_db == pytest.approx(OFFSET_DB + SLOPE_DB * 0.52, abs=2.0)


def test_levels_in_the_wrong_unit():
    table = drive(12).assign(rsrp_dbm=lambda frame: frame["rsrp_dbm"] + 107.0)  # dBuV
    (fault,) = faults_of(table)
    assert "nothing to do with each other" in fault.rule


def test_a_level_that_is_no_number():
    table = drive(13)
    table.loc[5, "rsrp_dbm"] = np.nan
    with pytest.raises(ValueError, match="needs a measured"):
        calibrate(table, name="m", options=LOW)


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("p1821", {"offset_db": 1.0}, "no such name"),
        ("p1812/nr", {"offset_db": 1.0}, "no such name"),
        ("p1812/", {"offset_db": 1.0}, "no such name"),
        ("p1812", {"offset_db": 1.0, "nearest_m": 9.0, "farthest_m": 3.0}, "beyond"),
    ],
)
def test_a_correction_that_fits_nothing(key, value, rule):
    from siteplan.scenario.faults import _faults_in_corrections  # noqa: PLC0415

    radio = hand.scenario(radio={"corrections": {key: value}}).radio
    (fault,) = _faults_in_corrections(radio.corrections)
    assert rule in fault.rule


# --- told ------------------------------------------------------------------------------------------


def test_what_is_printed_goes_into_a_scenario(tmp_path):
    found = calibrate(drive(14, roads=60), name="p1812/nr2600", options=LOW)
    path = tmp_path / "calibration.toml"
    path.write_text("[radio]\n" + found.to_toml(), encoding="utf-8")

    class Part(catalog.Entry):
        radio: Radio

    radio = catalog.parse_toml(path, Part, "calibration.toml").radio
    assert radio.correction("p1812", "nr2600") == found.correction
    text = str(found)
    assert f"{found.used:,} of {found.samples:,} samples" in text
    assert f"{found.correction.offset_db:+.2f} dB" in text
    assert "距站过近" in text


def test_the_same_samples_give_the_same_answer_in_any_order():
    table = drive(15)
    shuffled = table.sample(frac=1.0, random_state=1)
    plain, found = (calibrate(part, name="m", options=LOW) for part in (table, shuffled))
    assert found.correction == plain.correction
    assert found.held_out_rmse_db == pytest.approx(plain.held_out_rmse_db, abs=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"block_m": 0.0},
        {"block_m": math.nan},
        {"folds": 1},
        {"least_blocks": 1},
        {"least_cells": 0},
        {"floor_dbm": math.nan},
        {"receiver_loss_db": math.nan},
        {"outlier_sigmas": -1.0},
    ],
)
def test_options_that_no_fit_can_use_are_named(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} is"):
        CalibrationOptions(**wrong)


def test_all_samples_below_the_floor_are_told():
    table = drive(3).assign(rsrp_dbm=-140.0)
    with pytest.raises(InputError, match="below the receiver's floor"):
        calibrate(table, name="m")
