"""Free space and the law of constant decibels per decade."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from siteplan.propagation.free_space import (
    MINIMUM_DISTANCE_M,
    VALIDITY,
    blocks,
    free_space_loss,
    free_space_reach,
    log_distance_loss,
)

DATA = Path(__file__).parent / "data"
law = settings(deadline=None, derandomize=True, max_examples=60)
metres = st.floats(0.0, 1e6)
megahertz = st.floats(30.0, 1e5)


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.parametrize("row", rows("free_space_values.csv"), ids=lambda row: row["source"])
def test_agrees_with_published_values(row):
    loss_db = free_space_loss(float(row["distance_m"]), frequency_mhz=float(row["frequency_mhz"]))
    assert loss_db == pytest.approx(float(row["loss_db"]), abs=float(row["tolerance_db"]))


@law
@given(metres, megahertz)
def test_is_the_spread_of_power_over_a_sphere(distance, f):
    distance = max(distance, MINIMUM_DISTANCE_M)
    wavelength = 299_792_458.0 / (f * 1e6)
    caught = wavelength**2 / (4.0 * math.pi) / (4.0 * math.pi * distance**2)
    assert free_space_loss(distance, frequency_mhz=f) == pytest.approx(-10.0 * math.log10(caught))


@law
@given(metres, metres, megahertz, st.floats(1.0, 10.0))
def test_never_falls_with_distance_or_frequency(distance, further, f, factor):
    near, far = free_space_loss([distance, distance + further], frequency_mhz=f)
    assert near <= far
    assert near < free_space_loss(distance, frequency_mhz=f * factor) + 1e-9


@law
@given(st.floats(1.0, 1e5), megahertz)
def test_ten_times_the_distance_costs_twenty_decibels(distance, f):
    one, ten = free_space_loss([distance, 10.0 * distance], frequency_mhz=f)
    assert ten - one == pytest.approx(20.0)


@law
@given(metres, st.floats(-500.0, 500.0), megahertz)
def test_a_rise_lengthens_the_way_and_either_antenna_may_be_the_higher(distance, rise, f):
    straight = math.hypot(distance, rise)
    up, down = (free_space_loss(distance, frequency_mhz=f, rise_m=each) for each in (rise, -rise))
    assert up == down
    assert up == pytest.approx(free_space_loss(straight, frequency_mhz=f), abs=1e-9)


@law
@given(
    st.floats(-60.0, 60.0),
    st.floats(20.5, 60.0),
    megahertz,
    st.floats(-200.0, 200.0),
    st.floats(1.0, 100.0),
)
def test_beyond_its_reach_free_space_stays_below_a_steeper_law(intercept, slope, f, rise, factor):
    law_db = {"intercept_db": intercept, "slope_db": slope}
    reach = free_space_reach(**law_db, frequency_mhz=f, rise_m=rise)
    assume(reach < math.inf)
    distance = max(reach, MINIMUM_DISTANCE_M) * factor
    air_db = free_space_loss(distance, frequency_mhz=f, rise_m=rise)
    assert log_distance_loss(distance, **law_db) >= air_db - 1e-6


def test_free_space_reaches_for_ever_under_a_law_that_grows_no_faster():
    reach = free_space_reach(intercept_db=90.0, slope_db=20.0, frequency_mhz=900.0, rise_m=0.0)
    assert reach == math.inf
    reach = free_space_reach(intercept_db=0.0, slope_db=20.0001, frequency_mhz=900.0, rise_m=0.0)
    assert reach == math.inf


def test_stays_finite_under_the_antenna():
    loss_db = free_space_loss([0.0, 0.5, 1.0], frequency_mhz=700.0)
    assert np.isfinite(loss_db).all()
    assert np.ptp(loss_db) == 0.0


def test_missing_distances_stay_missing():
    loss_db = free_space_loss([np.nan, 100.0], frequency_mhz=700.0)
    assert np.isnan(loss_db).tolist() == [True, False]
    assert np.isnan(log_distance_loss(10.0, intercept_db=np.nan, slope_db=20.0))
    risen_db = free_space_loss([np.nan, 0.0], frequency_mhz=700.0, rise_m=0.3)
    assert np.isnan(risen_db).tolist() == [True, False]
    assert risen_db[1] == free_space_loss(1.0, frequency_mhz=700.0)
    assert np.isnan(free_space_loss(100.0, frequency_mhz=700.0, rise_m=np.nan))


def test_a_scalar_equals_its_place_in_an_array():
    distance = np.geomspace(0.1, 1e5, 7)
    together = free_space_loss(distance, frequency_mhz=2600.0)
    alone = [free_space_loss(d, frequency_mhz=2600.0) for d in distance]
    assert all(loss_db.shape == () for loss_db in alone)
    assert together.tolist() == [float(loss_db) for loss_db in alone]


def test_arrays_of_any_layout_and_number_type_are_taken():
    distance = np.arange(1, 25).reshape(4, 6)
    expected = 40.0 + 30.0 * np.log10(distance)
    for same in (distance, distance.astype(np.float32), np.asfortranarray(distance)):
        loss_db = log_distance_loss(same, intercept_db=40.0, slope_db=30.0)
        assert loss_db == pytest.approx(expected)
    halved = log_distance_loss(distance[:, ::2], intercept_db=40.0, slope_db=30.0)
    assert halved == pytest.approx(expected[:, ::2])


def test_coefficients_of_each_point_broadcast_with_the_distances():
    distance = np.array([[1.0], [10.0], [100.0]])
    loss_db = log_distance_loss(distance, intercept_db=[0.0, 5.0], slope_db=20.0)
    assert loss_db.tolist() == [[0.0, 5.0], [20.0, 25.0], [40.0, 45.0]]


def test_seams_between_blocks_do_not_show():
    distance = np.linspace(1.0, 5e3, 40_001)
    slope = np.linspace(20.0, 40.0, distance.size)
    expected = 7.0 + slope * np.log10(distance)
    assert log_distance_loss(distance, intercept_db=7.0, slope_db=slope) == pytest.approx(expected)


@given(st.integers(0, 100_000))
def test_blocks_cover_an_array_once(size):
    edges = [0, *(part.stop for part in blocks(size))]
    assert [part.start for part in blocks(size)] == edges[:-1]
    assert edges[-1] == size


def test_no_distances_give_no_losses():
    assert free_space_loss([], frequency_mhz=700.0).shape == (0,)


def test_the_input_is_left_alone_and_stays_writeable():
    distance = np.array([0.0, 10.0])
    free_space_loss(distance, frequency_mhz=700.0)[:] = 0.0
    assert distance.tolist() == [0.0, 10.0]
    assert distance.flags.writeable


@pytest.mark.parametrize("frequency", [0.0, -700.0, math.nan, math.inf])
def test_a_frequency_that_is_none_is_refused(frequency):
    with pytest.raises(ValueError, match="frequency_mhz must be a positive number"):
        free_space_loss(100.0, frequency_mhz=frequency)


def test_a_negative_distance_is_refused():
    for rise in (0.0, 30.0):
        with pytest.raises(ValueError, match="distance must not be negative: got -3 m"):
            free_space_loss([np.nan, 5.0, -3.0], frequency_mhz=700.0, rise_m=rise)


def test_the_ranges_cannot_be_changed():
    with pytest.raises(TypeError):
        VALIDITY["frequency_mhz"] = (0.0, 1.0)
