"""A line through scattered points, with errors that hold when neighbours are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NORMAL_PER_MEDIAN: Final = 1.4826
"""Standard deviation of a normal distribution in units of the median of its absolute values."""


@dataclass(frozen=True, slots=True)
class Line:
    """
    Offset and slope.

    Attributes
    ----------
    offset_db : float
        Value at 0. [dB]
    slope_db : float
        Rise by a unit. [dB]
    """

    offset_db: float
    slope_db: float

    def at(self, x: Floats) -> Floats:
        """
        Evaluate the line.

        Parameters
        ----------
        x : ndarray of float64
            Places.

        Returns
        -------
        y : ndarray of float64, shape of `x`
            Values. [dB]
        """
        return self.offset_db + self.slope_db * x


def least_squares(x: Floats, y: Floats, *, slope: bool) -> Line:
    """
    Fit a line, or the mean.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,), n at least 1
        Points.
    slope : bool
        False fits the offset alone.

    Returns
    -------
    line : Line
        Of least squares; level when all places are one.

    Examples
    --------
    >>> least_squares(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]), slope=True)
    Line(offset_db=1.0, slope_db=2.0)
    """
    dx = x - x.mean()
    spread = float(dx @ dx)
    b = float(dx @ y) / spread if slope and spread > 0.0 else 0.0
    return Line(float(y.mean() - b * x.mean()), b)


def robust_sigma(error_db: Floats) -> float:
    """
    Estimate the standard deviation by the median distance from zero, which outliers do not move.

    Parameters
    ----------
    error_db : ndarray of float64, shape (n,), n at least 1
        Errors about zero. [dB]

    Returns
    -------
    sigma_db : float
        Standard deviation of the normal distribution with that median. [dB]
    """
    return float(NORMAL_PER_MEDIAN * np.median(np.abs(error_db)))


def jackknife_errors(
    x: Floats, y: Floats, block: NDArray[np.int64], *, slope: bool
) -> tuple[float, float]:
    """
    Compute standard errors from fits that each lack one block.

    They hold when points of one block are alike and blocks are not, where the ordinary formula, which
    takes every point for itself, is too small.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Points.
    block : ndarray of int64, shape (n,)
        Block of each point, at least two different ones.
    slope : bool
        Whether the slope was fitted.

    Returns
    -------
    offset_se_db, slope_se_db : float
        Standard errors; the slope's is NaN when it was not fitted. [dB]

    References
    ----------
    .. [1] B. Efron, C. Stein, "The jackknife estimate of variance", Ann. Statist. 9(3), 1981, with blocks in
       place of points.
    """
    codes = np.unique(block, return_inverse=True)[1]
    n, sx, sy, sxx, sxy = (
        total.sum() - total
        for total in (np.bincount(codes, part) for part in (np.ones_like(x), x, y, x * x, x * y))
    )
    b = (n * sxy - sx * sy) / (n * sxx - sx * sx) if slope else np.zeros_like(n)
    a = (sy - b * sx) / n
    scale = (len(n) - 1) / len(n)
    offset, rise = (float(np.sqrt(scale * np.sum((part - part.mean()) ** 2))) for part in (a, b))
    return offset, rise if slope else float("nan")


def held_out_errors(
    x: Floats, y: Floats, block: NDArray[np.int64], *, slope: bool, folds: int, seed: int
) -> Floats:
    """
    Compute the error of every point under the fit to other blocks.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Points.
    block : ndarray of int64, shape (n,)
        Block of each point.
    slope : bool
        Whether to fit the slope.
    folds : int
        Parts into which the blocks are dealt, each held out once; at least 2, at most the blocks.
    seed : int
        Seed of the deal.

    Returns
    -------
    error_db : ndarray of float64, shape (n,)
        Value minus prediction. [dB]

    Raises
    ------
    ValueError
        When there are not that many parts.
    """
    names, codes = np.unique(block, return_inverse=True)
    if not 2 <= folds <= len(names):  # noqa: PLR2004  # one part must be left to fit to
        raise ValueError(f"folds is {folds}: give 2 to {len(names)}, the number of blocks")
    part = np.random.default_rng(seed).permutation(len(names))[codes] % folds
    error: Floats = np.empty_like(y)
    for fold in range(folds):
        out = part == fold
        error[out] = y[out] - least_squares(x[~out], y[~out], slope=slope).at(x[out])
    return error
