"""
Speed of the distance models, against one logarithm: ``python -m pytest tests/benchmarks -s``.

Not part of the test run. Distances are those of the cells of a disc around a mast, which is what a
footprint asks for. Each figure is the best of several turns, the two sides of a ratio taken in turn.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from siteplan.propagation.registry import MODELS

CELLS = 1_000_000
RADIUS_M = 20_000.0
TURNS = 25
LIMIT = 3.0


def seconds(function):
    """Processor time of one call. [s]."""
    began = time.process_time()
    function()
    return time.process_time() - began


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "hidden"])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_costs_at_most_three_logarithms(name, seen):
    distance = RADIUS_M * np.sqrt(np.random.default_rng(1).random(CELLS))
    model = MODELS[name]

    def loss():
        return model.loss(distance, 1500.0, 30.0, 1.5, line_of_sight=seen)

    loss()  # compiled
    turns = [(seconds(loss), seconds(lambda: np.log10(distance))) for _ in range(TURNS)]
    model_s, logarithm_s = (min(side) for side in zip(*turns, strict=True))
    print(
        f"\n{name}: {model_s / logarithm_s:.2f} logarithms, {model_s / CELLS * 1e9:.1f} ns a cell"
    )
    assert model_s < LIMIT * logarithm_s
