"""The spread of levels around a model's median: its published standard deviation, else the catalogue's."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from siteplan.catalog import Entry, Mark, parse_toml
from siteplan.propagation import p1812
from siteplan.propagation.registry import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray


class Spread(Entry):
    """
    Standard deviation of the levels of a model.

    Attributes
    ----------
    sigma_db : float
        Standard deviation. [dB]
    source, date, mark : str
        Where the figure comes from.
    """

    sigma_db: float = Field(ge=0.0, le=30.0)
    source: str
    date: str
    mark: Mark


class _Spreads(Entry):
    spread: dict[str, Spread]


@cache
def spreads() -> Mapping[str, Spread]:
    """
    Spreads of models that publish none, by the beginning of the model's name.

    Returns
    -------
    spreads : mapping of str to Spread
        From ``shadow.toml``.

    Examples
    --------
    >>> spreads()["okumura-hata"].sigma_db
    8.0
    """
    path = files("siteplan.catalog") / "shadow.toml"
    return parse_toml(path, _Spreads, "catalog/shadow.toml").spread


def shadow_sigma(
    model: str,
    distance_m: ArrayLike,
    *,
    frequency_mhz: float,
    base_height_m: float,
    mobile_height_m: float,
    line_of_sight: bool,
) -> NDArray[np.float64]:
    """
    Spread of the levels around the median of a distance model.

    Parameters
    ----------
    model : str
        Name in :data:`siteplan.propagation.registry.MODELS`.
    distance_m : array_like of float
        Ground distance. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    base_height_m, mobile_height_m : float
        Heights of the two antennas above ground. [m]
    line_of_sight : bool
        Whether the receiver sees the antenna.

    Returns
    -------
    sigma_db : ndarray of float64, shape of `distance_m`
        NaN for a model without a published or assumed spread, such as free space. [dB]

    Examples
    --------
    >>> shadow_sigma("tr38901-uma", [100.0], frequency_mhz=3500.0, base_height_m=25.0,
    ...              mobile_height_m=1.5, line_of_sight=False)
    array([6.])
    """
    distance = np.asarray(distance_m, dtype=np.float64)
    known = MODELS[model]
    if known.sigma_source is not None:
        return known.sigma(
            distance, frequency_mhz, base_height_m, mobile_height_m, line_of_sight=line_of_sight
        )
    assumed = [spread for name, spread in spreads().items() if model.startswith(name)]
    return np.full(distance.shape, assumed[0].sigma_db if assumed else np.nan)


def location_sigma(
    clutter_height_m: NDArray[np.floating],
    *,
    frequency_mhz: float,
    resolution_m: float,
    receiver_height_m: float,
) -> NDArray[np.float64]:
    """
    Spread of the loss of P.1812 over the places of each cell.

    Parameters
    ----------
    clutter_height_m : ndarray of float
        Height of buildings and trees at the receivers. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    resolution_m : float
        Cell size. [m]
    receiver_height_m : float
        Receiver above ground. [m]

    Returns
    -------
    sigma_db : ndarray of float64, shape of `clutter_height_m`
        NaN where the clutter is not known. [dB]

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, Geneva, 2025, Annex 1, sec. 4.7 and 4.9, by
       :func:`siteplan.propagation.p1812.location_standard_deviation`.

    Examples
    --------
    >>> location_sigma(np.array([0.0, 10.0]), frequency_mhz=2600.0, resolution_m=100.0,
    ...                receiver_height_m=1.5).round(2)
    array([1.8 , 2.11])
    """
    below_clutter = p1812.location_standard_deviation(
        frequency_mhz=frequency_mhz,
        resolution_m=resolution_m,
        receiver_height_m=receiver_height_m,
        clutter_height_m=receiver_height_m,
    )
    # (67): falls in a straight line to nothing at ten metres above the clutter
    heights = [receiver_height_m - 10.0, receiver_height_m]
    return np.asarray(np.interp(clutter_height_m, heights, [0.0, below_clutter]))
