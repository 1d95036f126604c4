"""Antenna patterns as frozen values: two cuts, the gain, the tilt that they hold, and where they are from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from pydantic import Field

from siteplan.catalog import Entry, Mark, parse_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

FORMULA_SAMPLES: Final = 1440
"""Samples of a cut that is given as a formula: linear between them is good to 0.002 dB at 10 degrees."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Antenna:
    """
    Shape of an antenna's radiation.

    Attributes
    ----------
    name : str
        Name in the catalogue or in the region.
    horizontal_db : ndarray of float64, shape (n,)
        Gain relative to the maximum at even steps over the circle, clockwise from the boresight. [dB]
    vertical_db : ndarray of float64, shape (m,)
        Gain relative to the maximum at even steps over the circle, from the horizon in front downwards:
        a quarter is straight down, a half the horizon behind. [dB]
    combination : {"sum", "projection"}
        How the two cuts give the sphere, see :func:`siteplan.coverage.antenna.antenna_gain`.
    most_db : float
        Most attenuation of both cuts together, for "sum". [dB]
    electrical_tilt_deg : float
        Downtilt that the vertical cut already holds. [deg]
    gain_dbi : float or None
        Maximum gain; None takes the equipment's. [dBi]
    frequency_mhz : float or None
        Frequency at which the cuts were measured. [MHz]
    source, mark : str
        Where the pattern comes from.
    """

    name: str
    horizontal_db: NDArray[np.float64]
    vertical_db: NDArray[np.float64]
    combination: Literal["sum", "projection"]
    most_db: float = np.inf
    electrical_tilt_deg: float = 0.0
    gain_dbi: float | None = None
    frequency_mhz: float | None = None
    source: str
    mark: Mark

    @property
    def all_round(self) -> bool:
        """Whether the azimuth does not matter."""
        return bool(np.ptp(self.horizontal_db) == 0.0)


class _Formula(Entry):
    horizontal_width_deg: float | None = Field(default=None, gt=0.0, le=360.0)
    vertical_width_deg: float | None = Field(default=None, gt=0.0, le=360.0)
    front_to_back_db: float = Field(default=0.0, ge=0.0, le=100.0)
    side_lobe_db: float = Field(default=0.0, ge=0.0, le=100.0)
    source: str
    date: str
    mark: Mark


class _Antennas(Entry):
    antennas: dict[str, _Formula]


def parabolic_attenuation(
    offset_deg: ArrayLike, *, width_deg: float, most_db: float
) -> NDArray[np.float64]:
    """
    Attenuation of a cut that falls as the square of the angle.

    Parameters
    ----------
    offset_deg : array_like of float
        Angle from the boresight; any multiple of 360 may be added. [deg]
    width_deg : float
        Width between the half-power points. [deg]
    most_db : float
        Where the fall ends. [dB]

    Returns
    -------
    attenuation_db : ndarray of float64
        0 on the boresight. NaN stays NaN. [dB]

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, "Study on channel model for frequencies from 0.5 to 100 GHz",
       2024, Table 7.3-1, vertical and horizontal cut of the radiation power pattern.

    Examples
    --------
    >>> parabolic_attenuation([0.0, 32.5, 180.0], width_deg=65.0, most_db=30.0)
    array([ 0.,  3., 30.])
    """
    offset = (np.asarray(offset_deg, dtype=np.float64) + 180.0) % 360.0 - 180.0
    return np.asarray(np.minimum(12.0 * (offset / width_deg) ** 2, most_db))


@cache
def antennas() -> Mapping[str, Antenna]:
    """
    All antenna patterns of the catalogue by name.

    Returns
    -------
    antennas : mapping of str to Antenna
        From ``antennas.toml``.

    Examples
    --------
    >>> sorted(antennas())
    ['omni', 'tr36814-panel', 'tr38901-sector']
    """
    path = files("siteplan.catalog") / "antennas.toml"
    entries = parse_toml(path, _Antennas, "catalog/antennas.toml").antennas
    return {name: _antenna(name, entry) for name, entry in entries.items()}


def _antenna(name: str, entry: _Formula) -> Antenna:
    return Antenna(
        name=name,
        horizontal_db=_cut(entry.horizontal_width_deg, entry.front_to_back_db),
        vertical_db=_cut(entry.vertical_width_deg, entry.side_lobe_db),
        combination="sum",
        most_db=entry.front_to_back_db,
        source=entry.source,
        mark=entry.mark,
    )


def _cut(width_deg: float | None, most_db: float) -> NDArray[np.float64]:
    if width_deg is None:
        return np.zeros(FORMULA_SAMPLES)
    angle = np.arange(FORMULA_SAMPLES) * (360.0 / FORMULA_SAMPLES)
    # never a negative zero
    return 0.0 - parabolic_attenuation(angle, width_deg=width_deg, most_db=most_db)
