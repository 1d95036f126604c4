"""The models under one signature: laws that hold for each of them."""

from typing import get_args

import numpy as np
import pytest

from siteplan.propagation import p1812, p2108, p2109
from siteplan.propagation.free_space import free_space_loss
from siteplan.propagation.hata import cost231_hata_loss, okumura_hata_loss
from siteplan.propagation.registry import MODELS, shares_outside
from siteplan.scenario import ModelName, Radio

FREQUENCIES_MHZ = (773.0, 941.5, 1815.0, 2565.0, 3500.0)
DISTANCE_M = np.geomspace(20.0, 20_000.0, 200)


@pytest.fixture(params=sorted(MODELS))
def model(request):
    return MODELS[request.param]


def loss(model, distance_m=DISTANCE_M, *, seen=True, frequency_mhz=1815.0, height_m=30.0):
    return model.loss(distance_m, frequency_mhz, height_m, 1.5, line_of_sight=seen)


def test_a_scenario_may_name_each_model_and_no_other():
    assert set(get_args(ModelName)) == set(MODELS)
    assert {Radio().macro_model, Radio().micro_model} <= set(MODELS)


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        MODELS["mine"] = MODELS["free-space"]


def test_each_names_itself_and_its_source(model):
    assert MODELS[model.name] is model
    assert any(character.isdigit() for character in model.source)
    for ranges in (model.seen, model.hidden):
        assert all(low <= high for low, high in ranges.values())


@pytest.mark.parametrize("frequency_mhz", FREQUENCIES_MHZ)
@pytest.mark.parametrize("seen", [True, False])
def test_farther_is_never_louder(model, frequency_mhz, seen):
    found = loss(model, seen=seen, frequency_mhz=frequency_mhz)
    assert np.isfinite(found).all()
    assert (np.diff(found) >= -1e-9).all()


@pytest.mark.parametrize("frequency_mhz", FREQUENCIES_MHZ)
def test_a_hidden_receiver_never_hears_more(model, frequency_mhz):
    seen = loss(model, frequency_mhz=frequency_mhz)
    hidden = loss(model, seen=False, frequency_mhz=frequency_mhz)
    assert (hidden >= seen - 1e-9).all()


@pytest.mark.parametrize("seen", [True, False])
def test_nothing_beats_free_space_by_more_than_a_waveguide(model, seen):
    # free space of P.525: 32.4 + 20 lg f + 20 lg d; a street canyon may guide the wave by 2 dB
    slant_km = np.hypot(DISTANCE_M, 28.5) / 1000.0
    free = 32.4 + 20.0 * np.log10(1815.0) + 20.0 * np.log10(slant_km)
    assert (loss(model, seen=seen) >= free - 2.0).all()


def test_an_unknown_distance_has_an_unknown_loss(model):
    distance = np.array([100.0, np.nan, 1000.0])
    np.testing.assert_array_equal(np.isnan(loss(model, distance)), [False, True, False])
    np.testing.assert_array_equal(distance, [100.0, np.nan, 1000.0])


def test_shares_outside_the_published_ranges():
    rma = MODELS["tr38901-rma"]  # Table 7.4.1-1: 10 m to 10 km with sight, to 5 km without
    distance = [5.0, 100.0, 7000.0, 12_000.0]
    assert rma.outside(line_of_sight=True, distance_m=distance) == {"distance_m": 0.5}
    assert rma.outside(line_of_sight=False, distance_m=distance) == {"distance_m": 0.75}
    assert rma.outside(line_of_sight=True, distance_m=[100.0, 9000.0]) == {}
    assert rma.outside(line_of_sight=True, colour=3.0) == {}


def test_what_is_not_known_is_neither_inside_nor_outside():
    rma = MODELS["tr38901-rma"]
    distance = [100.0, 7000.0, np.nan, np.nan]
    assert rma.outside(line_of_sight=False, distance_m=distance) == {"distance_m": 0.5}
    assert rma.outside(line_of_sight=False, distance_m=[np.nan]) == {}
    assert rma.outside(line_of_sight=False, distance_m=[]) == {}
    assert rma.outside(line_of_sight=False, distance_m=[np.inf, 50.0]) == {"distance_m": 0.5}


def test_shares_of_formulas_that_are_no_model():
    values = {"frequency_mhz": [700.0, 3500.0], "elevation_deg": 5.0}
    assert shares_outside(p2108.TERMINAL_VALIDITY, values) == {"frequency_mhz": 0.5}
    assert shares_outside(p2109.VALIDITY, values) == {}


# --- the floor of free space ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in MODELS if "-hata-" in name])
@pytest.mark.parametrize("frequency_mhz", FREQUENCIES_MHZ)
@pytest.mark.parametrize("height_m", [8.0, 30.0, 190.0])
def test_hata_is_the_greater_of_the_fit_and_free_space(name, frequency_mhz, height_m):
    # The model takes free space only where it may matter; here it is taken everywhere.
    distance = np.geomspace(1.0, 50_000.0, 2000)
    free_db = free_space_loss(distance, frequency_mhz=frequency_mhz, rise_m=height_m - 1.5)
    found = loss(MODELS[name], distance, frequency_mhz=frequency_mhz, height_m=height_m)
    assert (found >= free_db - 1e-9).all()
    if name.startswith("extended"):
        return  # compared with its text in its own tests
    function = okumura_hata_loss if name.startswith("okumura") else cost231_hata_loss
    fit_db = function(
        distance,
        frequency_mhz=frequency_mhz,
        base_height_m=height_m,
        mobile_height_m=1.5,
        environment=name.split("-hata-")[1].replace("-", "_"),
    )
    np.testing.assert_allclose(found, np.maximum(fit_db, free_db), rtol=0.0, atol=1e-9)


# --- spread ---------------------------------------------------------------------------------------


def sigma(model, distance_m=DISTANCE_M, *, seen=True, **options):
    return model.sigma(distance_m, 1815.0, 30.0, 1.5, line_of_sight=seen, **options)


@pytest.mark.parametrize("seen", [True, False])
def test_spread_is_positive_where_published_and_unknown_elsewhere(model, seen):
    found = sigma(model, seen=seen)
    assert found.shape == DISTANCE_M.shape
    if model.sigma_source is None:
        assert np.isnan(found).all()
    else:
        assert (found > 0.0).all()
        assert any(character.isdigit() for character in model.sigma_source)
    missing = sigma(model, np.array([[np.nan], [500.0]]), seen=seen)
    assert missing.shape == (2, 1)
    assert np.isnan(missing[0, 0])


@pytest.mark.parametrize(
    ("name", "seen", "expected"),
    [
        # Table 7.4.1-1; the breakpoint of RMa is at 2 pi 30 1.5 1.815e9 / 3e8 = 1711 m.
        ("tr38901-uma", True, [4.0, 4.0]),
        ("tr38901-uma", False, [6.0, 6.0]),
        ("tr38901-umi", True, [4.0, 4.0]),
        ("tr38901-umi", False, [7.82, 7.82]),
        ("tr38901-rma", True, [4.0, 6.0]),
        ("tr38901-rma", False, [8.0, 8.0]),
        # Table 81 of the SEAMCAT handbook, above the roofs.
        ("extended-hata-open", True, [9.0, 9.0]),
        # (0.024 x 1.815 + 0.52) 100^0.28 = 0.56356 x 3.6308
        ("p1812", True, [2.046, 2.046]),
    ],
)
def test_spread_is_the_published_one(name, seen, expected):
    found = sigma(MODELS[name], np.array([1700.0, 1720.0]), seen=seen)
    assert found == pytest.approx(expected, abs=5e-4)


def test_only_the_spread_over_a_square_depends_on_its_width(model):
    narrow, wide = (sigma(model, resolution_m=width) for width in (50.0, 500.0))
    if model.name == "p1812":
        assert wide / narrow == pytest.approx(10.0**0.28)
        below_clutter = p1812.location_standard_deviation(
            frequency_mhz=1815.0, resolution_m=500.0, receiver_height_m=1.5, clutter_height_m=12.0
        )
        assert wide == pytest.approx(below_clutter)
    else:
        np.testing.assert_array_equal(narrow, wide)
