"""
How sure a level is: shadowing as a normal spread in decibels around the median.

A threshold is met at a point with the probability that the level there is above it; at the edge of a cell
that is the edge probability, and its mean over the cell's disc is the area probability.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfc, erfcx, ndtr, ndtri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

WIDEST_MARGIN: Final = 40.0
"""Margin in standard deviations beyond which a probability is 0 or 1 to every digit."""


def point_probability(
    level_dbm: ArrayLike, *, threshold_dbm: float, sigma_db: ArrayLike
) -> NDArray[np.float64]:
    """
    Probability that the level at a point is at least a threshold.

    Parameters
    ----------
    level_dbm : array_like of float
        Median level, such as :attr:`siteplan.coverage.network.Coverage.rsrp_dbm`. [dBm]
    threshold_dbm : float
        What is asked for. [dBm]
    sigma_db : array_like of float
        Standard deviation, such as :attr:`siteplan.coverage.network.Coverage.sigma_db`. [dB]

    Returns
    -------
    probability : ndarray of float64, broadcast shape of the inputs
        0 to 1; a step where the spread is 0. NaN where level or spread is not known.

    Raises
    ------
    ValueError
        If a standard deviation is negative.

    Examples
    --------
    >>> point_probability([-105.0, -97.0, -113.0], threshold_dbm=-105.0, sigma_db=8.0).round(3)
    array([0.5  , 0.841, 0.159])
    """
    level, sigma = np.broadcast_arrays(
        np.asarray(level_dbm, dtype=np.float64), np.asarray(sigma_db, dtype=np.float64)
    )
    _check_sigma(sigma)
    margin = level - threshold_dbm
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = ndtr(margin / sigma)
    sure = np.where(margin >= 0.0, 1.0, 0.0)
    probability = np.where(sigma == 0.0, sure, spread)
    return np.where(np.isnan(margin) | np.isnan(sigma), np.nan, probability)


def edge_margin(probability: float, *, sigma_db: float) -> float:
    """
    Shadow margin that reaches a probability at the edge of a cell.

    Parameters
    ----------
    probability : float
        Wanted at the edge, above 0 and below 1.
    sigma_db : float
        Standard deviation. [dB]

    Returns
    -------
    margin_db : float
        How far the median must lie above the threshold; negative below one half. [dB]

    Raises
    ------
    ValueError
        If the probability is not between 0 and 1, or the standard deviation negative or not finite.

    Examples
    --------
    >>> round(edge_margin(0.9, sigma_db=8.0), 2)
    10.25
    """
    _check_probability(probability)
    if not 0.0 <= sigma_db < math.inf:
        raise ValueError(f"a standard deviation cannot be negative or endless: {sigma_db} dB")
    return float(sigma_db * ndtri(probability))


def area_probability(margin_db: float, *, sigma_db: float, exponent: float) -> float:
    r"""
    Share of a cell's disc that is above a threshold.

    Parameters
    ----------
    margin_db : float
        Median level at the edge of the disc less the threshold. [dB]
    sigma_db : float
        Standard deviation, the same everywhere, above 0. [dB]
    exponent : float
        Path loss exponent: the level falls by ten times this each decade. Above 0.

    Returns
    -------
    probability : float
        0 to 1.

    Raises
    ------
    ValueError
        If the standard deviation or the exponent is not positive, or an input is not finite.

    Notes
    -----
    With :math:`a = -M / (\sigma \sqrt 2)` and :math:`b = 10 n \lg e / (\sigma \sqrt 2)`,

    .. math:: F_u = \tfrac12 \left[ \operatorname{erfc} a
              + e^{(1 - 2ab) / b^2} \operatorname{erfc} \tfrac{1 - ab}{b} \right]

    where :math:`M` is the margin: the formula of Jakes and Reudink with the sign of a margin.

    References
    ----------
    .. [1] W. C. Jakes (ed.), "Microwave Mobile Communications", Wiley, 1974, sec. 2.5.3.
    .. [2] D. O. Reudink, "Properties of mobile radio propagation above 400 MHz", IEEE Transactions on
       Vehicular Technology 23(4), 1974.

    Examples
    --------
    Three quarters at the edge are nine tenths of the area:

    >>> margin = edge_margin(0.75, sigma_db=8.0)
    >>> round(area_probability(margin, sigma_db=8.0, exponent=3.52), 3)
    0.899
    """
    if not (math.isfinite(margin_db) and 0.0 < sigma_db < math.inf and 0.0 < exponent < math.inf):
        raise ValueError(
            f"margin {margin_db}, sigma {sigma_db}, exponent {exponent}: give finite numbers, the last two "
            "above 0"
        )
    a = -margin_db / (sigma_db * math.sqrt(2.0))
    b = 10.0 * exponent * math.log10(math.e) / (sigma_db * math.sqrt(2.0))
    rest = 1.0 / b - a
    # exp((1 - 2 a b) / b^2) is exp(rest^2 - a^2): both factors may leave the floats, their product not
    if rest > 0.0:
        inner = math.exp(-a * a) * float(erfcx(rest))
    else:
        inner = math.exp(rest * rest - a * a) * float(erfc(rest))
    return min(max(0.5 * (float(erfc(a)) + inner), 0.0), 1.0)


def area_margin(probability: float, *, sigma_db: float, exponent: float) -> float:
    """
    Shadow margin at the edge that reaches a probability over the area of a cell.

    Parameters
    ----------
    probability : float
        Wanted share of the disc, above 0 and below 1.
    sigma_db : float
        Standard deviation, above 0. [dB]
    exponent : float
        Path loss exponent, above 0.

    Returns
    -------
    margin_db : float
        Inverse of :func:`area_probability`. [dB]

    Raises
    ------
    ValueError
        If the probability is not between 0 and 1, or as :func:`area_probability`.

    Examples
    --------
    >>> round(area_margin(0.95, sigma_db=8.0, exponent=3.5), 2)
    8.7
    """
    _check_probability(probability)
    most = WIDEST_MARGIN * sigma_db + 100.0 * exponent

    def short(margin_db: float) -> float:
        reached = area_probability(margin_db, sigma_db=sigma_db, exponent=exponent)
        return reached - probability

    return float(brentq(short, -most, most, xtol=1e-9))


def _check_probability(probability: float) -> None:
    if not 0.0 < probability < 1.0:
        raise ValueError(f"a probability of {probability} cannot be reached: give 0.95 for 95 %")


def _check_sigma(sigma_db: NDArray[np.float64]) -> None:
    if (sigma_db < 0.0).any():
        raise ValueError(f"a standard deviation cannot be negative: {float(sigma_db.min())} dB")
