"""Building entry loss of P.2109 against the values of its reference implementation, and by its laws."""

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.propagation.p2109 import VALIDITY, building_entry_loss

DATA = Path(__file__).parent / "data" / "p2109"
BUILDINGS = ("traditional", "thermally_efficient")

law = settings(deadline=None, derandomize=True, max_examples=60)
buildings = st.sampled_from(BUILDINGS)
megahertz = st.floats(80.0, 1e5)
percents = st.floats(0.01, 99.99)
degrees = st.floats(-90.0, 90.0)


@pytest.fixture(scope="module")
def published():
    with np.load(DATA / "losses.npz") as file:
        return dict(file)


@pytest.mark.parametrize("building", BUILDINGS)
def test_agrees_with_the_reference_implementation_in_every_row(published, building):
    loss_db = building_entry_loss(
        1e3 * published["frequency_ghz"][:, None, None],
        building=building,
        probability_percent=published["probability_percent"][:, None],
        elevation_deg=published["elevation_deg"],
    )
    assert loss_db.size == 15_625
    expected = published["loss_db"][BUILDINGS.index(building)]
    # Inputs are printed with nine decimals, and 99.999999 % leaves eight digits of its distance from 1.
    np.testing.assert_allclose(loss_db, expected, rtol=0.0, atol=2e-8)


@law
@given(buildings, megahertz, percents, degrees)
def test_is_the_power_of_two_ways_and_a_floor(building, f, p, angle):
    # Written out from the text: two normal losses and a gain of 3 dB, their ratios summed.
    table = {
        "traditional": (12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0),
        "thermally_efficient": (28.19, -3.0, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1),
    }
    r, s, t, u, v, w, x, y, z = table[building]
    lg = math.log10(f / 1e3)
    a = NormalDist(r + s * lg + t * lg**2 + 0.212 * abs(angle), u + v * lg).inv_cdf(p / 100)
    b = NormalDist(w + x * lg, y + z * lg).inv_cdf(p / 100)
    expected = 10 * math.log10(10 ** (a / 10) + 10 ** (b / 10) + 10**-0.3)
    loss_db = building_entry_loss(f, building=building, probability_percent=p, elevation_deg=angle)
    assert loss_db == pytest.approx(expected, abs=1e-9)
    assert loss_db > -3.0


@law
@given(buildings, st.floats(80.0, 1e5), percents, st.floats(0.0, 50.0), degrees)
def test_never_falls_with_probability(building, f, p, more, angle):
    # Both spreads stay positive between 80 MHz and 100 GHz.
    lower, higher = building_entry_loss(
        f, building=building, probability_percent=[p, min(p + more, 99.99)], elevation_deg=angle
    )
    assert lower <= higher + 1e-9


@law
@given(buildings, megahertz, percents, degrees, st.floats(0.0, 1.0))
def test_grows_with_the_angle_on_either_side(building, f, p, angle, part):
    up, down, flatter = building_entry_loss(
        f,
        building=building,
        probability_percent=p,
        elevation_deg=[angle, -angle, angle * part],
    )
    assert up == down
    assert flatter <= up + 1e-9


@law
@given(megahertz, degrees)
def test_insulation_costs_at_the_median(f, angle):
    plain, insulated = (
        building_entry_loss(f, building=each, elevation_deg=angle) for each in BUILDINGS
    )
    assert plain < insulated


@pytest.mark.parametrize("building", BUILDINGS)
def test_the_median_falls_with_frequency_before_it_rises(building):
    # The second way in, B, opens with frequency while the first, A, closes: no law of frequency holds.
    f = np.geomspace(80.0, 1e5, 60)
    rises = np.diff(building_entry_loss(f, building=building)) > 0.0
    assert not rises[0]
    assert rises[-1]
    assert np.count_nonzero(np.diff(rises)) == 1


def test_inputs_broadcast_and_missing_values_stay_missing():
    loss_db = building_entry_loss(
        [[700.0], [np.nan]],
        building="traditional",
        probability_percent=[50.0, np.nan, 90.0],
        elevation_deg=[0.0, 0.0, np.nan],
    )
    assert np.isnan(loss_db).tolist() == [[False, True, True], [True, True, True]]
    assert building_entry_loss(700.0, building="traditional").shape == ()
    assert building_entry_loss([], building="traditional").shape == (0,)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frequency_mhz": [700.0, 0.0]}, "frequency_mhz must be a positive number: got 0"),
        ({"frequency_mhz": [np.nan, np.inf]}, "frequency_mhz must be a positive number: got inf"),
        ({"elevation_deg": np.inf}, "between -90 and 90: got inf"),
        ({"building": "wooden"}, "building must be one of traditional, .*'wooden'"),
        ({"probability_percent": [50.0, 100.0]}, "more than 0 and less than 100: got 100"),
        ({"probability_percent": 0.0}, "probability_percent must be more than 0"),
        ({"elevation_deg": [0.0, -91.0]}, "between -90 and 90: got -91"),
    ],
)
def test_wrong_arguments_are_refused(wrong, message):
    right = {"frequency_mhz": 700.0, "building": "traditional"}
    with pytest.raises(ValueError, match=message):
        building_entry_loss(**right | wrong)


def test_the_published_ranges_cannot_be_changed():
    with pytest.raises(TypeError):
        VALIDITY["frequency_mhz"] = (0.0, 1.0)
