"""The models under one signature: laws that hold for each of them."""

from typing import get_args

import numpy as np
import pytest

from siteplan.propagation.registry import MODELS
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
