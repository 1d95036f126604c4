"""Clutter loss of P.2108 against published values, and by its laws."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from siteplan.propagation.p2108 import (
    REPRESENTATIVE_HEIGHT_M,
    STREET_WIDTH_M,
    TERMINAL_VALIDITY,
    TERRESTRIAL_VALIDITY,
    terminal_clutter_loss,
    terrestrial_clutter_loss,
)

DATA = Path(__file__).parent / "data" / "p2108"
CLUTTER = ("water_sea", "open_rural", "suburban", "urban", "trees_forest", "dense_urban")
OPEN = CLUTTER[:2]
ROUNDING_DB = 0.05 + 1e-9

law = settings(deadline=None, derandomize=True, max_examples=60)
clutters = st.sampled_from(CLUTTER)
heights = st.floats(0.5, 40.0)
streets = st.floats(1.0, 100.0)
low_megahertz = st.floats(30.0, 3_000.0)
megahertz = st.floats(500.0, 67_000.0)
metres = st.floats(250.0, 1e5)
percents = st.floats(0.01, 99.99)


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return [
            {key: float(value) for key, value in row.items()} | {"line": line}
            for line, row in enumerate(csv.DictReader(lines), start=2)
        ]


def inside(ranges, values):
    """Whether values lie in the published ranges; heights, widths and percentages without the ends."""
    strict = ("antenna_height_m", "street_width_m", "clutter_height_m", "location_percent")
    return all(
        low < values[name] < high if name in strict else low <= values[name] <= high
        for name, (low, high) in ranges.items()
    )


# --- one antenna among known clutter --------------------------------------------------------------


@pytest.mark.parametrize("row", rows("terminal.csv"), ids=lambda row: f"line {row['line']}")
def test_terminal_loss_agrees_with_published_values(row):
    values = {
        "frequency_mhz": 1e3 * row["f__ghz"],
        "antenna_height_m": row["h__meter"],
        "street_width_m": row["w_s__meter"],
        "clutter_height_m": row["R__meter"],
    }
    assert inside(TERMINAL_VALIDITY, values) == (row["rtn"] == 0)
    if row["rtn"] == 0:
        clutter = CLUTTER[int(row["clutter_type"]) - 1]
        loss_db = terminal_clutter_loss(values.pop("antenna_height_m"), clutter=clutter, **values)
        assert loss_db == pytest.approx(row["A_h__db"], abs=ROUNDING_DB)


@law
@given(clutters, heights, heights, streets, low_megahertz)
def test_terminal_loss_is_that_of_the_text(clutter, h, top, street, f):
    expected = 0.0
    if h < top and clutter in OPEN:
        expected = -(21.8 + 6.2 * math.log10(f / 1e3)) * math.log10(h / top)
    elif h < top:
        theta = math.degrees(math.atan((top - h) / street))
        nu = 0.342 * math.sqrt(f / 1e3) * math.sqrt((top - h) * theta)
        edge = 6.9 + 20 * math.log10(math.sqrt((nu - 0.1) ** 2 + 1) + nu - 0.1)
        expected = edge - 6.03
    loss_db = terminal_clutter_loss(
        h, frequency_mhz=f, clutter=clutter, clutter_height_m=top, street_width_m=street
    )
    assert loss_db == pytest.approx(expected, abs=1e-9)
    assert loss_db >= 0.0


@law
@given(clutters, heights, heights, heights, streets, low_megahertz)
def test_an_antenna_that_rises_never_loses_more(clutter, h, rise, top, street, f):
    # Over the last edge nu falls with height; in the open lg(h/R) grows. 0.003 dB remain of the edge
    # at the very top, where J(0) of the formula is 6.033 and the text takes 6.03 off.
    low, high = terminal_clutter_loss(
        [h, h + rise],
        frequency_mhz=f,
        clutter=clutter,
        clutter_height_m=top,
        street_width_m=street,
    )
    assert high <= low + 1e-9


@law
@given(clutters, heights, heights, heights, streets, low_megahertz, st.floats(1.0, 5.0))
def test_higher_clutter_and_higher_frequency_never_cost_less(
    clutter, h, top, growth, street, f, factor
):
    options = {"clutter": clutter, "street_width_m": street}
    short, tall = terminal_clutter_loss(
        h, frequency_mhz=f, clutter_height_m=[top, top + growth], **options
    )
    assert short <= tall + 1e-9
    faster = terminal_clutter_loss(h, frequency_mhz=f * factor, clutter_height_m=top, **options)
    assert short <= faster + 1e-9


def test_what_is_not_known_locally_comes_from_the_recommendation():
    for clutter, height in REPRESENTATIVE_HEIGHT_M.items():
        given_db, default_db = (
            terminal_clutter_loss(1.5, frequency_mhz=700.0, clutter=clutter, **options)
            for options in (
                {"clutter_height_m": height, "street_width_m": STREET_WIDTH_M},
                {},
            )
        )
        assert given_db == default_db
    assert tuple(REPRESENTATIVE_HEIGHT_M) == CLUTTER


@pytest.mark.parametrize("clutter", CLUTTER)
def test_terminal_loss_broadcasts_and_keeps_missing_values(clutter):
    loss_db = terminal_clutter_loss(
        [[1.5], [50.0], [np.nan]],
        frequency_mhz=700.0,
        clutter=clutter,
        clutter_height_m=[12.0, np.nan, 12.0],
        street_width_m=[20.0, 20.0, np.nan],
    )
    unknown = [[False, True, True], [False, True, True], [True, True, True]]
    assert np.isnan(loss_db).tolist() == unknown
    assert loss_db[1, 0] == 0.0
    assert math.copysign(1.0, loss_db[1, 0]) == 1.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"antenna_height_m": [2.0, 0.0]}, "antenna_height_m must exceed 0: got 0"),
        ({"frequency_mhz": math.nan}, "frequency_mhz must be a positive number"),
        ({"clutter": "forest"}, "clutter must be one of water_sea, .*'forest'"),
        ({"clutter_height_m": -1.0}, "clutter_height_m must exceed 0: got -1"),
        ({"street_width_m": 0.0}, "street_width_m must exceed 0"),
    ],
)
def test_wrong_terminals_are_refused(wrong, message):
    right = {"antenna_height_m": 2.0, "frequency_mhz": 700.0, "clutter": "urban"}
    with pytest.raises(ValueError, match=message):
        terminal_clutter_loss(**right | wrong)


# --- any place in a town --------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("terrestrial.csv"), ids=lambda row: f"line {row['line']}")
def test_terrestrial_loss_agrees_with_published_values(row):
    values = {
        "frequency_mhz": 1e3 * row["f__ghz"],
        "distance_m": 1e3 * row["d__km"],
        "location_percent": row["p"],
    }
    assert inside(TERRESTRIAL_VALIDITY, values) == (row["rtn"] == 0)
    if row["rtn"] == 0:
        loss_db = terrestrial_clutter_loss(values.pop("distance_m"), **values)
        assert loss_db == pytest.approx(row["L_ctt__db"], abs=ROUNDING_DB)


@law
@given(metres, megahertz, percents)
def test_terrestrial_loss_is_that_of_the_text(d, f, p):
    def quantile_loss(d_km):
        ghz = f / 1e3
        far = -2 * math.log10(10 ** (-5 * math.log10(ghz) - 12.5) + 10**-16.5)
        near = 32.98 + 23.9 * math.log10(d_km) + 3 * math.log10(ghz)
        a, b = 10 ** (-0.2 * far), 10 ** (-0.2 * near)
        sigma = math.sqrt((4**2 * a + 6**2 * b) / (a + b))
        return -5 * math.log10(a + b) - sigma * norm.isf(p / 100)

    expected = min(quantile_loss(d / 1e3), quantile_loss(2.0))
    loss_db = terrestrial_clutter_loss(d, frequency_mhz=f, location_percent=p)
    assert loss_db == pytest.approx(expected, abs=1e-9)


@law
@given(metres, metres, megahertz)
def test_the_median_never_falls_with_distance_and_ends_at_two_kilometres(d, further, f):
    near, far, end = terrestrial_clutter_loss([d, d + further, 2e3], frequency_mhz=f)
    assert near <= far + 1e-9
    assert far <= end + 1e-9


@law
@given(metres, megahertz, percents, percents)
def test_more_places_never_lose_less(d, f, one, other):
    few, many = terrestrial_clutter_loss(d, frequency_mhz=f, location_percent=sorted((one, other)))
    assert few <= many + 1e-9


@law
@given(metres, megahertz, st.floats(1.0, 10.0))
def test_the_median_never_falls_with_frequency(d, f, factor):
    low, high = (terrestrial_clutter_loss(d, frequency_mhz=each) for each in (f, f * factor))
    assert low <= high + 1e-9


def test_near_the_mast_and_missing_distances_have_no_loss():
    loss_db = terrestrial_clutter_loss(
        [[0.0], [249.9], [250.0], [np.nan]],
        frequency_mhz=2600.0,
        location_percent=[50.0, np.nan],
    )
    assert np.isnan(loss_db).tolist() == [[True] * 2, [True] * 2, [False, True], [True] * 2]
    assert terrestrial_clutter_loss([], frequency_mhz=2600.0).shape == (0,)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"distance_m": [np.nan, -1.0]}, "distance must not be negative: got -1 m"),
        ({"frequency_mhz": 0.0}, "frequency_mhz must be a positive number"),
        ({"location_percent": 100.0}, "more than 0 and less than 100: got 100"),
    ],
)
def test_wrong_paths_are_refused(wrong, message):
    right = {"distance_m": 500.0, "frequency_mhz": 700.0}
    with pytest.raises(ValueError, match=message):
        terrestrial_clutter_loss(**right | wrong)


def test_the_published_ranges_cannot_be_changed():
    for ranges in (TERMINAL_VALIDITY, TERRESTRIAL_VALIDITY, REPRESENTATIVE_HEIGHT_M):
        with pytest.raises(TypeError):
            ranges["frequency_mhz"] = (0.0, 1.0)
