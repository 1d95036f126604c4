"""Antenna gain against the published tables, its two cuts and rotations of the sphere."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from siteplan import catalog
from siteplan.catalog.antennas import Antenna, antennas, parabolic_attenuation
from siteplan.coverage.antenna import antenna_gain

SECTOR = antennas()["tr38901-sector"]
PANEL = antennas()["tr36814-panel"]
OMNI = antennas()["omni"]

bearings = st.floats(-720.0, 720.0)
elevations = st.floats(-90.0, 90.0)
azimuths = st.floats(0.0, 360.0)
tilts = st.floats(-15.0, 15.0)
patterns = st.sampled_from([SECTOR, PANEL, OMNI])
law = settings(max_examples=200, deadline=None, derandomize=True)


def measured(*, tilt=0, combination="projection", seed=0):
    """Antenna with side lobes and a back that no formula gives, the same on both cuts where they meet."""
    random = np.random.default_rng(seed)
    angle = np.arange(360)
    side = (angle + 180) % 360 - 180
    down = (angle - tilt + 180) % 360 - 180
    horizontal = -np.minimum(12.0 * (side / 65.0) ** 2, 25.0) - random.uniform(0.0, 2.0, 360)
    vertical = -np.minimum(12.0 * (down / 12.0) ** 2, 18.0) - random.uniform(0.0, 3.0, 360)
    horizontal[0] = vertical[tilt] = 0.0
    horizontal[180] = vertical[180 - tilt] = -27.0
    return Antenna(
        name="m",
        horizontal_db=horizontal,
        vertical_db=vertical,
        combination=combination,
        electrical_tilt_deg=float(tilt),
        source="test",
        mark="k",
    )


def by_table(pattern, bearing, down):
    """Table 7.3-1 of TR 38.901 and A.2.1.1-2 of TR 36.814, in so many words."""
    width, height, most, side_lobe = (65, 65, 30, 30) if pattern is SECTOR else (70, 10, 25, 20)
    side = math.remainder(bearing, 360.0)
    horizontal = -min(12.0 * (side / width) ** 2, most)
    vertical = -min(12.0 * (down / height) ** 2, side_lobe)
    return -min(-(horizontal + vertical), most)


@pytest.mark.parametrize(
    ("offset_deg", "attenuation_db"),
    # min(12 (phi / 65)^2, 30); half power at half the beamwidth
    [(0.0, 0.0), (32.5, 3.0), (-65.0, 12.0), (90.0, 23.005917), (103.0, 30.0), (180.0, 30.0)],
)
def test_the_published_cut(offset_deg, attenuation_db):
    found = parabolic_attenuation(offset_deg, width_deg=65.0, most_db=30.0)
    assert found == pytest.approx(attenuation_db, abs=1e-5)


@law
@given(st.sampled_from([SECTOR, PANEL]), bearings, elevations)
def test_the_published_sphere(pattern, bearing, elevation):
    expected = by_table(pattern, bearing, -elevation)
    # samples lie a quarter of a degree apart
    assert antenna_gain(pattern, bearing, elevation) == pytest.approx(expected, abs=3e-3)


@law
@given(patterns, azimuths, tilts, tilts)
def test_the_maximum_is_where_the_antenna_points(pattern, azimuth, mechanical, electrical):
    def gain(bearing, elevation):
        return antenna_gain(
            pattern,
            bearing,
            elevation,
            azimuth_deg=azimuth,
            mechanical_tilt_deg=mechanical,
            electrical_tilt_deg=electrical,
        )

    assert gain(azimuth, -mechanical - electrical) == pytest.approx(0.0, abs=2e-3)
    around = gain(np.arange(0.0, 360.0, 7.0)[:, None], np.arange(-90.0, 91.0, 5.0)[None, :])
    assert around.max() <= 0.0


@law
@given(patterns, bearings, elevations, azimuths, tilts, tilts, st.integers(-2, 2))
def test_turning_the_antenna_turns_the_gain(pattern, bearing, elevation, turn, mech, elec, turns):
    tilt = {"mechanical_tilt_deg": mech, "electrical_tilt_deg": elec}
    here = antenna_gain(pattern, bearing, elevation, **tilt)
    there = antenna_gain(
        pattern, bearing + turn + 360.0 * turns, elevation, azimuth_deg=turn, **tilt
    )
    assert there == pytest.approx(here, abs=1e-4)


@law
@given(st.integers(0, 5), bearings, elevations, tilts, azimuths)
def test_a_mechanical_tilt_is_a_rotation_of_the_sphere(seed, bearing, elevation, tilt, azimuth):
    antenna = measured(tilt=4, seed=seed)
    # east, north, up; the axis across the azimuth, turned so that the front goes down
    a, b, e = (math.radians(x) for x in (azimuth, bearing, elevation))
    ray = np.array([math.sin(b) * math.cos(e), math.cos(b) * math.cos(e), math.sin(e)])
    across = np.array([math.cos(a), -math.sin(a), 0.0])
    own = Rotation.from_rotvec(math.radians(tilt) * across).apply(ray)
    expected = antenna_gain(
        antenna,
        math.degrees(math.atan2(own[0], own[1])),
        math.degrees(math.asin(np.clip(own[2], -1.0, 1.0))),
        azimuth_deg=azimuth,
    )
    found = antenna_gain(antenna, bearing, elevation, azimuth_deg=azimuth, mechanical_tilt_deg=tilt)
    # the side where the ray runs almost straight up or down is lost to rounding
    assert found == pytest.approx(expected, abs=1e-3 if abs(own[2]) < 0.999 else 1.0)


def test_a_tilted_all_round_antenna():
    """The electrical tilt of a collinear antenna is the same all round; a leaning mast is not."""
    angle = (np.arange(360) + 180) % 360 - 180
    vertical = -np.minimum(12.0 * (np.minimum(abs(angle), 180 - abs(angle)) / 10.0) ** 2, 20.0)
    antenna = Antenna(
        name="collinear",
        horizontal_db=np.zeros(360),
        vertical_db=vertical,
        combination="projection",
        source="test",
        mark="k",
    )
    around = np.arange(0.0, 360.0, 10.0)
    lowered = antenna_gain(antenna, around, -5.0, electrical_tilt_deg=5.0)
    np.testing.assert_allclose(lowered, 0.0, atol=1e-5)
    leaning = antenna_gain(antenna, [0.0, 90.0, 180.0], [-5.0, 0.0, 5.0], mechanical_tilt_deg=5.0)
    np.testing.assert_allclose(leaning, 0.0, atol=1e-3)
    # 5 degrees above the horizon in front it now looks 10 degrees aside: 12 dB down
    assert antenna_gain(antenna, 0.0, 5.0, mechanical_tilt_deg=5.0) == pytest.approx(
        -12.0, abs=0.01
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_projection_is_exact_on_both_cuts(seed):
    antenna = measured(seed=seed)
    angle = np.arange(360)
    np.testing.assert_allclose(antenna_gain(antenna, angle), antenna.horizontal_db, atol=1e-5)
    front, behind = np.arange(-90, 91), np.arange(90, 271)
    np.testing.assert_allclose(
        antenna_gain(antenna, 0.0, -front), antenna.vertical_db[front % 360], atol=1e-5
    )
    np.testing.assert_allclose(
        antenna_gain(antenna, 180.0, behind - 180), antenna.vertical_db[behind], atol=1e-5
    )


@law
@given(st.floats(-180.0, 180.0), st.floats(-90.0, 90.0), st.integers(0, 3))
def test_the_projection_by_its_formula(side, elevation, seed):
    antenna = measured(tilt=6, seed=seed)
    angles = np.arange(361)

    def cut(values, at):
        return np.interp(at % 360.0, angles, np.append(values, values[0]))

    horizontal, vertical = antenna.horizontal_db, antenna.vertical_db
    share = abs(side) / 180.0
    expected = (
        cut(horizontal, side)
        - (1.0 - share) * (horizontal[0] - cut(vertical, -elevation))
        - share * (horizontal[180] - cut(vertical, 180.0 + elevation))
    )
    found = antenna_gain(antenna, side, elevation)
    assert found == pytest.approx(min(expected, 0.0), abs=1e-4)


def test_the_tilt_of_a_file_is_not_counted_twice():
    antenna = measured(tilt=6)
    assert antenna_gain(antenna, 0.0, -6.0) == pytest.approx(0.0, abs=1e-6)
    assert antenna_gain(antenna, 0.0, -6.0, electrical_tilt_deg=6.0) == pytest.approx(0.0, abs=1e-6)
    assert antenna_gain(antenna, 0.0, -9.0, electrical_tilt_deg=9.0) == pytest.approx(0.0, abs=1e-6)


def test_behind_a_mechanical_tilt_looks_up_and_an_electrical_one_down():
    mechanical = antenna_gain(PANEL, 180.0, [6.0, -6.0], mechanical_tilt_deg=6.0)
    assert mechanical[0] >= mechanical[1]
    antenna = measured(tilt=0)
    lowered = antenna_gain(antenna, 180.0, -6.0, electrical_tilt_deg=6.0)
    assert lowered == pytest.approx(antenna_gain(antenna, 180.0, 0.0), abs=1e-5)
    leaning = antenna_gain(antenna, 180.0, 6.0, mechanical_tilt_deg=6.0)
    assert leaning == pytest.approx(antenna_gain(antenna, 180.0, 0.0), abs=1e-3)


def test_an_unknown_direction_has_an_unknown_gain():
    gain = antenna_gain(SECTOR, [0.0, np.nan, 0.0], [0.0, 0.0, np.nan])
    np.testing.assert_array_equal(np.isnan(gain), [False, True, True])
    far = antenna_gain(SECTOR, [np.inf, 1e300, -1e300, 0.0], [0.0, 0.0, 0.0, -np.inf])
    np.testing.assert_array_equal(np.isnan(far), [True, False, False, True])
    assert antenna_gain(SECTOR, 0.0, [1e9, -500.0]).min() >= -30.0
    assert antenna_gain(OMNI, np.zeros((2, 3)), 0.0).shape == (2, 3)
    assert antenna_gain(OMNI, 123.0, -45.0) == 0.0


@pytest.mark.parametrize("name", ["azimuth_deg", "mechanical_tilt_deg", "electrical_tilt_deg"])
@pytest.mark.parametrize("angle", [np.nan, np.inf])
def test_an_antenna_that_points_nowhere_is_refused(name, angle):
    with pytest.raises(ValueError, match="finite"):
        antenna_gain(PANEL, 0.0, 0.0, **{name: angle})


def test_every_pattern_names_its_source():
    for name, antenna in antennas().items():
        assert antenna.name == name
        assert antenna.source
        assert antenna.horizontal_db.max() == antenna.vertical_db.max() == 0.0


def test_every_equipment_has_a_pattern():
    assert {gear.pattern for gear in catalog.equipment().values()} <= set(antennas())
