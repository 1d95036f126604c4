"""One sharp ridge, and Bullington's construction over a profile."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import fresnel

from siteplan.propagation.diffraction import (
    CLEAR_PATH_PARAMETER,
    STANDARD_EFFECTIVE_RADIUS_M,
    bullington_loss,
    diffraction_parameter_loss,
    knife_edge_loss,
)

DATA = Path(__file__).parent / "data"
law = settings(deadline=None, derandomize=True, max_examples=80)
heights = st.floats(-500.0, 500.0)
metres = st.floats(10.0, 5e4)
megahertz = st.floats(30.0, 6000.0)
antennas = st.floats(1.0, 150.0)
radii = st.sampled_from([STANDARD_EFFECTIVE_RADIUS_M, 6.371e6, 3 * 6.371e6, math.inf])


@st.composite
def profiles(draw):
    steps = draw(st.lists(st.floats(1.0, 3e3), min_size=2, max_size=25))
    ground = draw(
        st.lists(st.floats(-50.0, 800.0), min_size=len(steps) + 1, max_size=len(steps) + 1)
    )
    return np.array([0.0, *np.cumsum(steps)]), np.array(ground)


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def edge(nu):
    """P.526-15, equation (31)."""
    if nu <= -0.78:
        return 0.0
    return 6.9 + 20.0 * math.log10(math.sqrt((nu - 0.1) ** 2 + 1.0) + nu - 0.1)


def naive_bullington(distance, ground, ht, hr, f, radius):
    """P.526-15, section 4.5.1, in kilometres, point by point."""
    wavelength = 299.792458 / f
    curvature = 1000.0 / radius  # 1/km
    d = distance[-1] / 1000.0
    hts, hrs = ground[0] + ht, ground[-1] + hr
    towards, back, worst = -math.inf, -math.inf, -math.inf
    for metre, h in zip(distance[1:-1], ground[1:-1], strict=True):
        di = metre / 1000.0
        top = h + 500.0 * curvature * di * (d - di)
        towards = max(towards, (top - hts) / di)
        back = max(back, (top - hrs) / (d - di))
        clearance = top - (hts * (d - di) + hrs * di) / d
        worst = max(worst, clearance * math.sqrt(0.002 * d / (wavelength * di * (d - di))))
    if towards < (hrs - hts) / d:
        loss = edge(worst)
    else:
        db = (hrs - hts + back * d) / (towards + back)
        clearance = hts + towards * db - (hts * (d - db) + hrs * db) / d
        loss = edge(clearance * math.sqrt(0.002 * d / (wavelength * db * (d - db))))
    return loss + (1.0 - math.exp(-loss / 6.0)) * (10.0 + 0.02 * d)


# --- one ridge ------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("knife_edge_values.csv"))
def test_agrees_with_published_values(row):
    loss_db = knife_edge_loss(
        float(row["obstacle_height_m"]),
        float(row["to_transmitter_m"]),
        float(row["to_receiver_m"]),
        frequency_mhz=float(row["frequency_mhz"]),
    )
    assert loss_db == pytest.approx(float(row["loss_db"]), abs=float(row["tolerance_db"]))


def test_follows_the_fresnel_integrals():
    nu = np.linspace(-0.7, 20.0, 500)
    s, c = fresnel(nu)
    exact_db = -20.0 * np.log10(np.hypot(1.0 - c - s, c - s) / 2.0)  # P.526-15, sec. 4.1
    assert diffraction_parameter_loss(nu) == pytest.approx(exact_db, abs=0.2)


def test_half_of_a_wave_that_grazes_an_edge_passes():
    assert diffraction_parameter_loss(0.0) == pytest.approx(20.0 * math.log10(2.0), abs=0.02)


def test_starts_at_zero_without_a_step():
    below, above = diffraction_parameter_loss(
        [CLEAR_PATH_PARAMETER, np.nextafter(CLEAR_PATH_PARAMETER, 0.0)]
    )
    assert below == 0.0
    assert 0.0 <= above < 0.02


@law
@given(heights, st.floats(0.0, 100.0), metres, metres, megahertz)
def test_never_falls_when_the_ridge_rises(height, rise, d1, d2, f):
    lower, higher = knife_edge_loss([height, height + rise], d1, d2, frequency_mhz=f)
    assert 0.0 <= lower <= higher + 1e-9


@law
@given(st.floats(0.0, 500.0), metres, metres, megahertz, st.floats(1.0, 10.0))
def test_a_ridge_in_the_way_costs_more_at_higher_frequencies(height, d1, d2, f, factor):
    low = knife_edge_loss(height, d1, d2, frequency_mhz=f)
    assert low <= knife_edge_loss(height, d1, d2, frequency_mhz=f * factor) + 1e-9


@law
@given(heights, metres, metres, megahertz)
def test_either_antenna_may_send_over_a_ridge(height, d1, d2, f):
    there = knife_edge_loss(height, d1, d2, frequency_mhz=f)
    assert there == knife_edge_loss(height, d2, d1, frequency_mhz=f)


def test_ridges_broadcast_and_missing_ones_stay_missing():
    height = np.array([[-1e9], [np.nan], [30.0]])
    together = knife_edge_loss(height, [1e3, 2e3], 5e3, frequency_mhz=700.0)
    assert together.shape == (3, 2)
    assert together[0].tolist() == [0.0, 0.0]
    assert np.isnan(together[1]).all()
    assert together[2, 1] == knife_edge_loss(30.0, 2e3, 5e3, frequency_mhz=700.0)


def test_a_ridge_at_an_antenna_is_refused():
    with pytest.raises(ValueError, match="to_receiver_m must exceed 0: got 0"):
        knife_edge_loss(1.0, 10.0, [5.0, 0.0], frequency_mhz=700.0)


# --- a profile ------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("bullington_values.csv"), ids=lambda row: row["profile"])
def test_agrees_with_the_validation_results_of_p1812(row):
    points = [p for p in rows("bullington_profiles.csv") if p["profile"] == row["profile"]]
    loss_db = bullington_loss(
        [1e3 * float(p["distance_km"]) for p in points],
        [float(p["height_m"]) for p in points],
        transmitter_height_m=float(row["transmitter_height_m"]),
        receiver_height_m=float(row["receiver_height_m"]),
        frequency_mhz=float(row["frequency_mhz"]),
        effective_radius_m=1e3 * float(row["effective_radius_km"]),
    )
    # The results round the speed of light to 2.998e8 m/s.
    assert loss_db == pytest.approx(float(row["loss_db"]), abs=2e-4)


@law
@given(profiles(), antennas, antennas, megahertz, radii)
def test_agrees_with_a_loop_over_the_points(profile, ht, hr, f, radius):
    distance, ground = profile
    loss_db = bullington_loss(
        distance,
        ground,
        transmitter_height_m=ht,
        receiver_height_m=hr,
        frequency_mhz=f,
        effective_radius_m=radius,
    )
    assert loss_db >= 0.0
    expected = naive_bullington(distance, ground, ht, hr, f, radius)
    assert loss_db == pytest.approx(expected, abs=1e-5, rel=1e-6)


@law
@given(profiles(), antennas, antennas, megahertz, radii)
def test_either_end_may_send_over_a_profile(profile, ht, hr, f, radius):
    # For any two heights: a profile is clear from one end if and only if it is from the other, both look
    # for the greatest parameter over the same line, and the steepest lines cross in one point.
    distance, ground = profile
    there = bullington_loss(
        distance,
        ground,
        transmitter_height_m=ht,
        receiver_height_m=hr,
        frequency_mhz=f,
        effective_radius_m=radius,
    )
    back = bullington_loss(
        distance[-1] - distance[::-1],
        ground[::-1],
        transmitter_height_m=hr,
        receiver_height_m=ht,
        frequency_mhz=f,
        effective_radius_m=radius,
    )
    assert there == pytest.approx(back, abs=1e-5, rel=1e-6)


@law
@given(metres, metres, st.floats(0.0, 500.0), antennas, antennas, megahertz)
def test_one_ridge_is_a_knife_edge_and_the_correction(d1, d2, ridge, ht, hr, f):
    line = (ht * d2 + hr * d1) / (d1 + d2)
    assume(ridge >= line)
    single_db = float(knife_edge_loss(ridge - line, d1, d2, frequency_mhz=f))
    expected = single_db + (1.0 - math.exp(-single_db / 6.0)) * (10.0 + 0.02 * (d1 + d2) / 1e3)
    loss_db = bullington_loss(
        [0.0, d1, d1 + d2],
        [0.0, ridge, 0.0],
        transmitter_height_m=ht,
        receiver_height_m=hr,
        frequency_mhz=f,
        effective_radius_m=math.inf,
    )
    assert loss_db == pytest.approx(expected, abs=1e-5, rel=1e-6)


@law
@given(profiles(), antennas, antennas, megahertz, radii, st.data())
def test_never_falls_when_a_hill_rises(profile, ht, hr, f, radius, data):
    # A raised point can only steepen the lines that it touches, the parameter is the product of their
    # rises over the direct line, and a line that comes to touch passes through a parameter of 0 either
    # way. It holds for Bullington's part alone: delta-Bullington adds a term that a hill may lower.
    distance, ground = profile
    raised = ground.copy()
    raised[data.draw(st.integers(1, ground.size - 2))] += data.draw(st.floats(0.0, 300.0))
    lower, higher = (
        bullington_loss(
            distance,
            each,
            transmitter_height_m=ht,
            receiver_height_m=hr,
            frequency_mhz=f,
            effective_radius_m=radius,
        )
        for each in (ground, raised)
    )
    assert lower <= higher + 1e-6


def test_a_clear_path_over_flat_ground_costs_nothing():
    distance = np.linspace(0.0, 2e3, 101)
    loss_db = bullington_loss(
        distance, np.full(101, 1000.0), transmitter_height_m=40.0, receiver_height_m=40.0,
        frequency_mhz=2600.0, effective_radius_m=math.inf,
    )  # fmt: skip
    assert loss_db == 0.0


def test_the_bulge_of_the_earth_is_an_obstacle():
    distance = np.linspace(0.0, 60e3, 601)
    flat, standard, bare = (
        bullington_loss(
            distance, np.zeros(601), transmitter_height_m=60.0, receiver_height_m=10.0,
            frequency_mhz=700.0, effective_radius_m=radius,
        )
        for radius in (math.inf, STANDARD_EFFECTIVE_RADIUS_M, 6.371e6)
    )  # fmt: skip
    assert flat < standard < bare


def test_antennas_on_the_ground_of_a_flat_earth_graze_it():
    loss_db = bullington_loss(
        [0.0, 1e3, 2e3, 3e3], np.zeros(4), transmitter_height_m=0.0, receiver_height_m=0.0,
        frequency_mhz=700.0, effective_radius_m=math.inf,
    )  # fmt: skip
    grazing_db = edge(0.0)
    expected = grazing_db + (1.0 - math.exp(-grazing_db / 6.0)) * 10.06
    assert loss_db == pytest.approx(expected)


def test_the_loss_starts_anywhere_along_the_road():
    distance = np.linspace(0.0, 10e3, 11)
    ground = np.array([0.0, 5, 30, 80, 20, 10, 60, 40, 5, 3, 0])
    first, later = (
        bullington_loss(
            distance + start, ground, transmitter_height_m=30.0, receiver_height_m=1.5,
            frequency_mhz=900.0,
        )
        for start in (0.0, 4096.0)
    )  # fmt: skip
    assert first == later


@pytest.mark.parametrize("place", [0, 3, 10])
def test_unknown_ground_gives_an_unknown_loss(place):
    ground = np.zeros(11)
    ground[place] = np.nan
    loss_db = bullington_loss(
        np.linspace(0.0, 10e3, 11), ground, transmitter_height_m=30.0, receiver_height_m=1.5,
        frequency_mhz=900.0,
    )  # fmt: skip
    assert math.isnan(loss_db)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"distance_m": [0.0, 1e3]}, "rows of equal length"),
        ({"distance_m": [0.0, 1e3], "height_m": [0.0, 0.0]}, "needs 3 points or more: got 2"),
        ({"distance_m": [0.0, 1e3, 1e3]}, "must increase"),
        ({"distance_m": [0.0, np.nan, 2e3]}, "must increase"),
        ({"frequency_mhz": 0.0}, "frequency_mhz must be a positive number"),
        ({"effective_radius_m": -1.0}, "effective_radius_m must be positive"),
    ],
)
def test_what_is_no_profile_is_refused(wrong, message):
    right = {
        "distance_m": [0.0, 1e3, 2e3],
        "height_m": [0.0, 0.0, 0.0],
        "transmitter_height_m": 30.0,
        "receiver_height_m": 1.5,
        "frequency_mhz": 900.0,
    }
    with pytest.raises(ValueError, match=message):
        bullington_loss(**right | wrong)
