"""Antenna patterns against the table of TR 38.901 and against adding up cells one by one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.coverage.antenna import sector_attenuation, station_gain

degrees = st.floats(-1000.0, 1000.0)
azimuths = st.floats(0.0, 360.0)
sectors = st.integers(1, 6)


@pytest.mark.parametrize(
    ("offset_deg", "attenuation_db"),
    # Table 7.3-1: min(12 (phi / 65)^2, 30); half power at half the beamwidth
    [(0.0, 0.0), (32.5, 3.0), (-65.0, 12.0), (90.0, 23.005917), (103.0, 30.0), (180.0, 30.0)],
)
def test_the_published_cut(offset_deg, attenuation_db):
    assert sector_attenuation(offset_deg) == pytest.approx(attenuation_db, abs=1e-5)


@settings(deadline=None, derandomize=True)
@given(degrees, st.integers(-3, 3))
def test_full_turns_and_sides_do_not_matter(offset, turns):
    here = sector_attenuation(offset)
    assert sector_attenuation(offset + 360.0 * turns) == pytest.approx(here, abs=1e-6)
    assert sector_attenuation(-offset) == pytest.approx(here, abs=1e-6)
    assert 0.0 <= here <= 30.0


@settings(deadline=None, derandomize=True)
@given(degrees, sectors, azimuths)
def test_cells_add_up_one_by_one(bearing, count, azimuth):
    gains = []
    for k in range(count):
        offset = math.remainder(bearing - azimuth - 360.0 * k / count, 360.0)
        gains.append(-min(12.0 * (offset / 65.0) ** 2, 30.0))
    best, total = station_gain(
        bearing, pattern="tr38901-sector", sectors=count, azimuth_deg=azimuth
    )
    assert best == pytest.approx(max(gains), abs=1e-6)
    assert total == pytest.approx(
        10.0 * math.log10(sum(10.0 ** (g / 10.0) for g in gains)), abs=1e-6
    )
    assert total >= best - 1e-9


@settings(deadline=None, derandomize=True)
@given(degrees, sectors, azimuths, st.integers(0, 5))
def test_turning_by_one_sector_changes_nothing(bearing, count, azimuth, steps):
    turned = azimuth + 360.0 * steps / count
    first = station_gain(bearing, pattern="tr38901-sector", sectors=count, azimuth_deg=azimuth)
    second = station_gain(bearing, pattern="tr38901-sector", sectors=count, azimuth_deg=turned)
    np.testing.assert_allclose(first, second, atol=1e-6)


@settings(deadline=None, derandomize=True)
@given(degrees, sectors, azimuths)
def test_an_omni_antenna_has_no_direction(bearing, count, azimuth):
    best, total = station_gain(bearing, pattern="omni", sectors=count, azimuth_deg=azimuth)
    assert best == 0.0
    assert total == pytest.approx(10.0 * math.log10(count))


def test_an_unknown_bearing_has_an_unknown_gain():
    best, total = station_gain([0.0, np.nan], pattern="tr38901-sector", sectors=3, azimuth_deg=0.0)
    assert np.isnan(best[1])
    assert np.isnan(total[1])
    assert np.isfinite([best[0], total[0]]).all()


def test_an_unknown_pattern_is_refused():
    with pytest.raises(ValueError, match="dish"):
        station_gain([0.0], pattern="dish", sectors=1, azimuth_deg=0.0)
