"""
Clutter loss near an antenna: Recommendation ITU-R P.2108.

Two methods for two cases. :func:`terminal_clutter_loss` knows what stands around one antenna and is
added to a loss computed from or to the top of that clutter. :func:`terrestrial_clutter_loss` knows
only that the antenna is well below the roofs of a town and gives the spread over places; it is added
to a loss computed as if nothing stood there. Neither goes with a profile that holds the clutter
already, as those of :mod:`siteplan.propagation.p1812` do.

Edition: P.2108-1 (09/2021), sections 3.1 and 3.2. The clutter below aircraft and satellites, section
3.3, is not here.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from siteplan.propagation._normal import normal_quantile
from siteplan.propagation.diffraction import diffraction_parameter_loss
from siteplan.propagation.free_space import check_above, check_distance, check_frequency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

ClutterType: TypeAlias = Literal[
    "water_sea", "open_rural", "suburban", "urban", "trees_forest", "dense_urban"
]
"""Surroundings of Table 3."""

TERMINAL_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (30.0, 3_000.0),
        "antenna_height_m": (0.0, math.inf),
        "street_width_m": (0.0, math.inf),
        "clutter_height_m": (0.0, math.inf),
    }
)
"""Section 3.1; heights and widths exclude 0."""

TERRESTRIAL_VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (500.0, 67_000.0),
        "distance_m": (250.0, math.inf),
        "location_percent": (0.0, 100.0),
    }
)
"""
Section 3.2, with the correction at one end of the path; the ends of the percentage are excluded.

With a correction at both ends the path must be at least 1 km long.
"""

REPRESENTATIVE_HEIGHT_M: Final[Mapping[str, float]] = MappingProxyType(
    {
        "water_sea": 10.0,
        "open_rural": 10.0,
        "suburban": 10.0,
        "urban": 15.0,
        "trees_forest": 15.0,
        "dense_urban": 20.0,
    }
)
"""Clutter heights where nothing local is known: Table 3. [m]"""

STREET_WIDTH_M: Final = 27.0
"""Street width where nothing local is known: section 3.1. [m]"""

_GREATEST_AT_M: Final = 2_000.0
"""No loss may exceed the one at this distance: equation (6). [m]"""

_SIGMA_LONG_DB: Final = 4.0
_SIGMA_SHORT_DB: Final = 6.0
"""Standard deviations of the two parts: equations (4a) and (5a). [dB]"""


def terminal_clutter_loss(
    antenna_height_m: ArrayLike,
    *,
    frequency_mhz: float,
    clutter: ClutterType,
    clutter_height_m: ArrayLike | None = None,
    street_width_m: ArrayLike = STREET_WIDTH_M,
) -> Floats:
    """
    Median loss from the top of the clutter down to an antenna among it.

    Parameters
    ----------
    antenna_height_m : array_like of float
        Height of the antenna above ground, above 0. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    clutter : {"water_sea", "open_rural", "suburban", "urban", "trees_forest", "dense_urban"}
        What stands around the antenna. Among buildings and trees the wave bends over the last of
        them; in the open and over water the antenna only loses height.
    clutter_height_m : array_like of float, optional
        Representative height of the clutter above ground, above 0; that of
        :data:`REPRESENTATIVE_HEIGHT_M` if not given. [m]
    street_width_m : array_like of float
        Distance from the antenna to the clutter that the wave comes over, above 0. [m]

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Loss to add to that of a path to the top of the clutter; 0 for an antenna at or above it.
        NaN stays NaN. [dB]

    Raises
    ------
    ValueError
        If a height, a width or the frequency is not positive, or the clutter unknown.

    Notes
    -----
    Published to 3 GHz only; evaluated beyond too, without a warning: that is for the caller. The
    loss grows with the height of the clutter, and the loss above it falls, so a higher clutter does
    not always mean a weaker signal.

    References
    ----------
    .. [1] Recommendation ITU-R P.2108-1, "Prediction of clutter loss", Geneva, 2021, Annex 1,
       sec. 3.1, equations (1) and (2), Table 3.

    Examples
    --------
    A handset in a suburb and in the open at 1500 MHz:

    >>> terminal_clutter_loss([2.0, 12.0], frequency_mhz=1500.0, clutter="suburban").round(1)
    array([20.5,  0. ])
    >>> terminal_clutter_loss([2.0, 12.0], frequency_mhz=1500.0, clutter="open_rural").round(1)
    array([16.,  0.])
    """
    check_frequency(frequency_mhz)
    if clutter not in get_args(ClutterType):
        names = ", ".join(get_args(ClutterType))
        raise ValueError(f"clutter must be one of {names}: got {clutter!r}")
    if clutter_height_m is None:
        clutter_height_m = REPRESENTATIVE_HEIGHT_M[clutter]
    antenna = check_above(antenna_height_m, limit=0.0, name="antenna_height_m")
    top = check_above(clutter_height_m, limit=0.0, name="clutter_height_m")
    street = check_above(street_width_m, limit=0.0, name="street_width_m")
    f_ghz = frequency_mhz / 1000.0

    below = np.maximum(top - antenna, 0.0)  # h_dif, eq. (2d), 0 from the top on
    if clutter in {"water_sea", "open_rural"}:
        height_gain_db = 21.8 + 6.2 * math.log10(f_ghz)  # K_h2, eq. (2f)
        loss_db = -height_gain_db * np.log10(np.minimum(antenna / top, 1.0))  # eq. (2b)
        loss_db = loss_db + 0.0 * street  # a width that is not known is never passed over
    else:
        angle_deg = np.degrees(np.arctan(below / street))  # theta_clut, eq. (2e)
        parameter = 0.342 * math.sqrt(f_ghz) * np.sqrt(below * angle_deg)  # eq. (2c), (2g)
        loss_db = diffraction_parameter_loss(parameter) - 6.03  # eq. (2a)
    return np.where(below == 0.0, 0.0 * loss_db, loss_db)


def terrestrial_clutter_loss(
    distance_m: ArrayLike, *, frequency_mhz: float, location_percent: ArrayLike = 50.0
) -> Floats:
    """
    Loss among the buildings of a town that is not exceeded at a share of places.

    Parameters
    ----------
    distance_m : array_like of float
        Length of the path, not negative. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    location_percent : array_like of float
        Share of places whose loss is no greater, more than 0 and less than 100; the default is the
        median. [%]

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        Loss to add for one end of the path that is well below the roofs, at most the one at 2 km.
        NaN nearer than 250 m, where the Recommendation gives none, and where an input is NaN. [dB]

    Raises
    ------
    ValueError
        If a distance is negative, the frequency not positive or a percentage outside the limits
        above.

    Notes
    -----
    Made for towns and suburbs. Outside the frequencies of :data:`TERRESTRIAL_VALIDITY` the formula
    is evaluated without a warning: that is for the caller. The median never falls with distance;
    its spread does, so that at high percentages a longer path may lose a little less.

    References
    ----------
    .. [1] Recommendation ITU-R P.2108-1, "Prediction of clutter loss", Geneva, 2021, Annex 1,
       sec. 3.2, equations (3) to (6).

    Examples
    --------
    The median and the loss that nine of ten places stay below, at 2600 MHz:

    >>> terrestrial_clutter_loss([100.0, 500.0, 5000.0], frequency_mhz=2600.0).round(1)
    array([ nan, 26.3, 29.1])
    >>> terrestrial_clutter_loss([500.0], frequency_mhz=2600.0, location_percent=90.0).round(1)
    array([33.4])
    """
    check_frequency(frequency_mhz)
    distance = np.asarray(distance_m, dtype=np.float64)
    check_distance(float(np.fmin.reduce(distance, axis=None, initial=math.inf)))
    quantile = normal_quantile(location_percent, name="location_percent")
    lg_f = math.log10(frequency_mhz / 1000.0)

    known = distance >= TERRESTRIAL_VALIDITY["distance_m"][0]
    here_db = _clutter_quantile(np.where(known, distance, np.nan), lg_f=lg_f, quantile=quantile)
    # By itself the formula has no end, and at a high percentage it falls with distance.
    greatest_db = _clutter_quantile(np.asarray(_GREATEST_AT_M), lg_f=lg_f, quantile=quantile)
    return np.asarray(np.minimum(here_db, greatest_db))  # eq. (6)


def _clutter_quantile(distance: Floats, *, lg_f: float, quantile: Floats) -> Floats:
    """Equation (3), whose quantile is minus the inverse complementary distribution of the text."""
    long_db = -2.0 * math.log10(10.0 ** (-5.0 * lg_f - 12.5) + 10.0**-16.5)  # L_l, eq. (4b)
    short_db = 32.98 + 23.9 * np.log10(distance / 1000.0) + 3.0 * lg_f  # L_s, eq. (5b)
    long_part = 10.0 ** (-0.2 * long_db)
    short_part = 10.0 ** (-0.2 * short_db)
    both = long_part + short_part
    variance = (_SIGMA_LONG_DB**2 * long_part + _SIGMA_SHORT_DB**2 * short_part) / both  # eq. (3b)
    return np.asarray(-5.0 * np.log10(both) + np.sqrt(variance) * quantile)  # eq. (3a)
