"""What tests of interrupts share."""

import gc

import pytest


@pytest.fixture
def uncollected():
    """Without the collector of garbage: an interrupt within a callback of Hypothesis in it would be lost."""
    gc.disable()
    yield
    gc.enable()
