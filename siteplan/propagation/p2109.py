"""
Building entry loss: Recommendation ITU-R P.2109.

What a signal loses on the way from outside a building to an antenna at an unknown place inside. One
of two kinds of building stands for a whole stock, so the loss is a distribution over buildings, rooms
and places: a figure means something only with its probability.

Edition: P.2109-2 (08/2023).
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from siteplan.propagation._normal import normal_quantile
from siteplan.propagation.free_space import check_frequencies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

BuildingType: TypeAlias = Literal["traditional", "thermally_efficient"]
"""Without or with metallised glass and foil-backed panels, which modern insulation brings along."""

VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (80.0, 100_000.0),
        "elevation_deg": (-90.0, 90.0),
        "probability_percent": (0.0, 100.0),
    }
)
"""Annex 1, section 3; the ends of the probability are excluded."""


class _Coefficients(NamedTuple):
    r: float
    s: float
    t: float
    u: float
    v: float
    w: float
    x: float
    y: float
    z: float


_COEFFICIENTS: Final[Mapping[str, _Coefficients]] = MappingProxyType(
    {
        "traditional": _Coefficients(12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0),
        "thermally_efficient": _Coefficients(28.19, -3.0, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1),
    }
)
"""Table 1: model coefficients."""

_LEAST_LOSS_DB: Final = -3.0
"""C of equation (1): the gain that the luckiest place may see. [dB]"""


def building_entry_loss(
    frequency_mhz: ArrayLike,
    *,
    building: BuildingType,
    probability_percent: ArrayLike = 50.0,
    elevation_deg: ArrayLike = 0.0,
) -> Floats:
    """
    Loss into a building that is not exceeded with a probability.

    Parameters
    ----------
    frequency_mhz : array_like of float
        Carrier frequency. [MHz]
    building : {"traditional", "thermally_efficient"}
        Kind of building: what counts is the metal in glass and panels, not the age.
    probability_percent : array_like of float
        Share of buildings and places inside whose loss is no greater, more than 0 and less than
        100; the default is the median. [%]
    elevation_deg : array_like of float
        Angle of the path at the facade above the horizontal, from -90 to 90. [deg]

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Loss to add to that outside; a small gain at low probability. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a frequency is not a positive number, a probability or an angle outside the limits above, or the
        kind of building unknown.

    Notes
    -----
    The formula is evaluated outside the frequencies of :data:`VALIDITY` too; whether to warn of
    that is for the caller. What stands before the facade costs extra
    (:mod:`siteplan.propagation.p2108`).

    References
    ----------
    .. [1] Recommendation ITU-R P.2109-2, "Prediction of building entry loss", Geneva, 2023,
       Annex 1, sec. 3, equations (1) to (10), Table 1.

    Examples
    --------
    The median and the loss that nine of ten places stay below, at 700 and 3500 MHz:

    >>> building_entry_loss([700.0, 3500.0], building="traditional").round(1)
    array([14.1, 15.7])
    >>> building_entry_loss([700.0, 3500.0], building="thermally_efficient",
    ...                     probability_percent=90.0).round(1)
    array([46.7, 49.3])
    """
    if building not in get_args(BuildingType):
        names = ", ".join(get_args(BuildingType))
        raise ValueError(f"building must be one of {names}: got {building!r}")
    elevation = np.asarray(elevation_deg, dtype=np.float64)
    if np.any(np.abs(elevation) > 90.0):
        raise ValueError(
            f"elevation_deg must lie between -90 and 90: "
            f"got {float(elevation[np.abs(elevation) > 90.0].flat[0]):g}"
        )
    lg_f = np.log10(check_frequencies(frequency_mhz) / 1000.0)
    quantile = normal_quantile(probability_percent, name="probability_percent")

    k = _COEFFICIENTS[building]
    horizontal_db = k.r + k.s * lg_f + k.t * lg_f**2  # L_h, eq. (9)
    elevated_db = 0.212 * np.abs(elevation)  # L_e, eq. (10)
    mean_1 = horizontal_db + elevated_db  # eq. (5)
    mean_2 = k.w + k.x * lg_f  # eq. (6)
    sigma_1 = k.u + k.v * lg_f  # eq. (7)
    sigma_2 = k.y + k.z * lg_f  # eq. (8)
    through_db = quantile * sigma_1 + mean_1  # A(P), eq. (2)
    around_db = quantile * sigma_2 + mean_2  # B(P), eq. (3)
    total = (
        10.0 ** (0.1 * through_db)
        + 10.0 ** (0.1 * around_db)
        + math.pow(10.0, 0.1 * _LEAST_LOSS_DB)  # eq. (4)
    )
    return np.asarray(10.0 * np.log10(total))  # eq. (1)
