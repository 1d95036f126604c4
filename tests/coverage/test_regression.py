"""Standard errors and held-out errors against fits made one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteplan.coverage.regression import (
    held_out_errors,
    jackknife_errors,
    least_squares,
    robust_sigma,
)


def points(seed, n=60, blocks=9):
    random = np.random.default_rng(seed)
    x = random.uniform(-1.0, 1.0, n)
    return x, 3.0 + 5.0 * x + random.normal(size=n), random.integers(0, blocks, n) * 7


@given(st.integers(0, 10**6), st.booleans())
def test_the_fit_is_that_of_numpy(seed, slope):
    x, y, _ = points(seed)
    found = least_squares(x, y, slope=slope)
    expected = np.polynomial.polynomial.polyfit(x, y, 1 if slope else 0)
    assert (found.offset_db, found.slope_db) == pytest.approx((*expected, 0.0)[:2], abs=1e-9)


@given(st.integers(0, 10**6), st.booleans())
def test_the_jackknife_leaves_out_one_block_at_a_time(seed, slope):
    x, y, block = points(seed)
    fits = [
        least_squares(x[block != name], y[block != name], slope=slope) for name in np.unique(block)
    ]
    for found, values in zip(
        jackknife_errors(x, y, block, slope=slope),
        ([fit.offset_db for fit in fits], [fit.slope_db for fit in fits]),
        strict=True,
    ):
        if slope or values[0] != 0.0:
            count = len(fits)
            expected = np.sqrt((count - 1) * np.var(values))
            assert found == pytest.approx(expected, abs=1e-9)
        else:
            assert np.isnan(found)


def test_blocks_of_one_point_give_the_ordinary_error_of_a_mean():
    _, y, _ = points(3)
    error, _ = jackknife_errors(y, y, np.arange(len(y)), slope=False)
    assert error == pytest.approx(y.std(ddof=1) / np.sqrt(len(y)), rel=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 5))
def test_no_fit_sees_the_block_that_it_is_tested_on(seed, folds):
    x, y, block = points(seed)
    before = held_out_errors(x, y, block, slope=True, folds=folds, seed=1)
    one = block == block[0]
    moved = y + np.where(one, 1000.0, 0.0)
    after = held_out_errors(x, moved, block, slope=True, folds=folds, seed=1)
    assert after[one] - before[one] == pytest.approx(1000.0, abs=1e-6)


@pytest.mark.parametrize("folds", [0, 1, 10])
def test_parts_that_cannot_be_dealt(folds):
    x, y, block = points(1)
    with pytest.raises(ValueError, match="number of blocks"):
        held_out_errors(x, y, block, slope=True, folds=folds, seed=1)


def test_the_robust_spread_is_that_of_a_normal_distribution():
    error = np.random.default_rng(5).normal(0.0, 6.0, 40_000)
    assert robust_sigma(error) == pytest.approx(6.0, rel=0.02)
    error[:2000] = 500.0
    assert robust_sigma(error) == pytest.approx(6.0, rel=0.1)
