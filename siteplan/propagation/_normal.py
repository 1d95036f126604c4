"""Quantiles of the standard normal distribution, for losses given by their probability."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def normal_quantile(percent: ArrayLike, *, name: str) -> NDArray[np.float64]:
    """
    Value that a standard normal variable does not exceed with a probability.

    Parameters
    ----------
    percent : array_like of float
        Probability, more than 0 and less than 100. [%]
    name : str
        Argument to name in the message.

    Returns
    -------
    quantile : ndarray of float64, shape of `percent`
        To 1e-15 of its size (algorithm AS 241 of the standard library). NaN stays NaN.

    Raises
    ------
    ValueError
        If a probability is not between the limits.

    Examples
    --------
    >>> normal_quantile([50.0, 97.5, 99.0], name="location_percent").round(3)
    array([0.   , 1.96 , 2.326])
    """
    array = np.asarray(percent, dtype=np.float64)
    wrong = (array <= 0.0) | (array >= 100.0)
    if wrong.any():
        raise ValueError(
            f"{name} must be more than 0 and less than 100: got {float(array[wrong].flat[0]):g}"
        )
    normal = NormalDist()
    # Most calls hold few different probabilities, so each is worked out once.
    unique, place = np.unique(array, return_inverse=True)
    quantiles = [
        math.nan if math.isnan(p) else normal.inv_cdf(p / 100.0) for p in map(float, unique)
    ]
    return np.asarray(quantiles, dtype=np.float64)[place].reshape(array.shape)
