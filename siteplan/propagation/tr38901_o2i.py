"""
Into buildings and cars (O2I) in the scenarios of 3GPP TR 38.901.

Edition: V18.0.0 (2024-03), sections 7.4.3.1 and 7.4.3.2. The loss inside is PL = PLb + PLtw + PLin + N:
that outdoors at the wall, through the wall (:func:`o2i_loss`), on from the wall
(:func:`o2i_inside_loss`) and a normal spread of :data:`O2I_SIGMA_DB` about it. For the spread over a
building stock by measurements see :mod:`siteplan.propagation.p2109`; one or the other, never both.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from siteplan.propagation.free_space import check_distance, check_frequencies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

BuildingModel: TypeAlias = Literal["low", "high"]
"""Mostly concrete and plain glass, or mostly infrared-reflecting glass."""

CarModel: TypeAlias = Literal["plain", "metallized"]
"""A car with plain windows, or with metallized ones."""

O2I_SIGMA_DB: Final[Mapping[str, float]] = MappingProxyType({"low": 4.4, "high": 6.5})
"""Standard deviation of the loss into a building by model: Table 7.4.3-2. [dB]"""

O2I_REACH_M: Final[Mapping[str, float]] = MappingProxyType({"uma": 25.0, "umi": 25.0, "rma": 10.0})
"""Farthest that a mobile is from the wall by scenario: section 7.4.3.1. [m]"""

O2I_INSIDE_DB_PER_M: Final = 0.5
"""Loss for each metre behind the wall: Table 7.4.3-2. [dB/m]"""

CAR_LOSS_DB: Final[Mapping[str, float]] = MappingProxyType({"plain": 9.0, "metallized": 20.0})
"""Mean loss into a car by its windows: section 7.4.3.2, equation (7.4-4). [dB]"""

CAR_SIGMA_DB: Final = 5.0
"""Standard deviation of the loss into a car: section 7.4.3.2. [dB]"""

CAR_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {"frequency_mhz": (600.0, 60_000.0)}
)
"""Frequencies at which the loss into a car is known to apply: section 7.4.3.2."""


def o2i_loss(frequency_mhz: ArrayLike, *, model: BuildingModel) -> Floats:
    """
    Mean loss through the outer wall of a building.

    Parameters
    ----------
    frequency_mhz : array_like of float
        Carrier frequency. [MHz]
    model : {"low", "high"}
        Three tenths plain glass and the rest concrete, or seven tenths infrared-reflecting glass
        and the rest concrete.

    Returns
    -------
    loss_db : ndarray of float64, shape of `frequency_mhz`
        Loss to add to that outside, without :func:`o2i_inside_loss` and without its spread
        :data:`O2I_SIGMA_DB`. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a frequency is not a positive number or the model unknown.

    Notes
    -----
    Both models are for UMa and UMi; RMa has the low one only. Release 19 puts 25.4 + 0.11 f for
    infrared-reflecting glass where Release 18 has 23 + 0.3 f, f in gigahertz: 0.65 dB more at
    3.5 GHz for the model "high".

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Tables 7.4.3-1 and 7.4.3-2, equation (7.4-3).

    Examples
    --------
    >>> o2i_loss([700.0, 3500.0], model="low").round(1)
    array([10.2, 12.7])
    >>> o2i_loss([700.0, 3500.0], model="high").round(1)
    array([17.7, 26.8])
    """
    if model not in get_args(BuildingModel):
        raise ValueError(f'model must be "low" or "high": got {model!r}')
    f_ghz = check_frequencies(frequency_mhz) / 1000.0
    concrete_db = 5.0 + 4.0 * f_ghz  # Table 7.4.3-1
    if model == "low":
        glass_db = 2.0 + 0.2 * f_ghz
        glass_share = 0.3
    else:
        glass_db = 23.0 + 0.3 * f_ghz
        glass_share = 0.7
    through = glass_share * 10.0 ** (-glass_db / 10.0) + (1.0 - glass_share) * 10.0 ** (
        -concrete_db / 10.0
    )
    return np.asarray(5.0 - 10.0 * np.log10(through))  # Table 7.4.3-2


def o2i_inside_loss(inside_distance_m: ArrayLike) -> Floats:
    """
    Loss from the outer wall of a building on to the mobile inside.

    Parameters
    ----------
    inside_distance_m : array_like of float
        Ground distance from the wall, not negative. [m]

    Returns
    -------
    loss_db : ndarray of float64, shape of `inside_distance_m`
        Loss to add to :func:`o2i_loss`. NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.4.3-2.

    Examples
    --------
    >>> o2i_inside_loss([0.0, 10.0])
    array([0., 5.])
    """
    inside = np.asarray(inside_distance_m, dtype=np.float64)
    check_distance(float(np.fmin.reduce(inside, axis=None, initial=np.inf)))
    return np.asarray(O2I_INSIDE_DB_PER_M * inside)


def o2i_inside_distance(
    *, scenario: Literal["uma", "umi", "rma"], mobile_percent: ArrayLike = 50.0
) -> Floats:
    """
    Distance from the wall that a share of the mobiles inside does not exceed.

    Parameters
    ----------
    scenario : {"uma", "umi", "rma"}
        Scenario, which sets the greatest distance :data:`O2I_REACH_M`.
    mobile_percent : array_like of float
        Share of the mobiles, 0 to 100; the default is the median. [%]

    Returns
    -------
    distance_m : ndarray of float64, shape of `mobile_percent`
        Ground distance from the wall. NaN stays NaN. [m]

    Raises
    ------
    ValueError
        If the scenario is unknown or a share outside the limits above.

    Notes
    -----
    The report draws each distance as the lesser of two that are uniform up to the reach R. The
    chance that both exceed x is (1 - x/R)^2, which gives the quantile; the mean is R/3.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, sec. 7.4.3.1.

    Examples
    --------
    >>> o2i_inside_distance(scenario="uma", mobile_percent=[50.0, 90.0]).round(1)
    array([ 7.3, 17.1])
    """
    if scenario not in O2I_REACH_M:
        raise ValueError(f"scenario must be one of {', '.join(O2I_REACH_M)}: got {scenario!r}")
    percent = np.asarray(mobile_percent, dtype=np.float64)
    if np.any((percent < 0.0) | (percent > 100.0)):
        raise ValueError(f"mobile_percent must lie between 0 and 100: got {mobile_percent!r}")
    return np.asarray(O2I_REACH_M[scenario] * (1.0 - np.sqrt(1.0 - percent / 100.0)))
