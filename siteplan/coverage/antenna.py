"""The gain of an antenna towards a direction: two cuts become a sphere, turned and tilted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.coverage import _beam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from siteplan.catalog.antennas import Antenna


def antenna_gain(
    antenna: Antenna,
    bearing_deg: ArrayLike,
    elevation_deg: ArrayLike = 0.0,
    *,
    azimuth_deg: float = 0.0,
    mechanical_tilt_deg: float = 0.0,
    electrical_tilt_deg: float | None = None,
) -> NDArray[np.float64]:
    r"""
    Gain of an antenna towards a direction, relative to its maximum.

    Parameters
    ----------
    antenna : Antenna
        From :func:`siteplan.catalog.antennas.antennas` or of a region.
    bearing_deg : array_like of float
        Direction, clockwise from grid north. [deg]
    elevation_deg : array_like of float
        Direction above the horizon, -90 to 90. [deg]
    azimuth_deg : float
        Where the antenna points, clockwise from grid north. [deg]
    mechanical_tilt_deg : float
        How far the whole antenna leans forward: its sphere is turned about the horizontal axis across
        the azimuth, so that it looks up behind. [deg]
    electrical_tilt_deg : float, optional
        How far the beam is lowered: a cone, so that it is lowered behind too. The tilt that the pattern
        holds when missing; another is a shift of the vertical cut by the difference. [deg]

    Returns
    -------
    gain_db : ndarray of float64, broadcast shape of the directions
        0 at most. NaN where the direction is not finite. [dB]

    Raises
    ------
    ValueError
        If the azimuth or a tilt is not finite.

    Notes
    -----
    The cuts H over the bearing and V over the angle below the horizon, both relative to the maximum,
    become a sphere in one of two ways. ``sum``, for patterns that are published so [1]_:
    :math:`-\min(-(H + V), A_{max})`. ``projection``, for measured cuts, the horizontal projection
    interpolation [2]_, which is exact on both cuts, has no seam behind and knows the vertical cut behind:

    .. math:: G = H(\varphi) - \tfrac{180 - |\varphi|}{180} (H(0) - V(\theta))
              - \tfrac{|\varphi|}{180} (H(180) - V(180 - \theta))

    Where two measured cuts contradict each other it may exceed the maximum; it ends there.

    References
    ----------
    .. [1] 3GPP TR 38.901 V18.0.0, 2024, Table 7.3-1, 3D radiation power pattern.
    .. [2] F. Gil, A. R. Claro, J. M. Ferreira, C. Pardelinha, L. M. Correia, "A 3D interpolation method
       for base-station-antenna radiation patterns", IEEE Antennas and Propagation Magazine 43(2),
       2001, pp. 132-137.

    Examples
    --------
    >>> from siteplan.catalog.antennas import antennas
    >>> panel = antennas()["tr36814-panel"]
    >>> antenna_gain(panel, [90.0, 125.0, 270.0], azimuth_deg=90.0).round(1)
    array([  0.,  -3., -25.])

    Five degrees below the horizon the beam is 3 dB down, unless it is tilted there:

    >>> antenna_gain(panel, [90.0], -5.0, azimuth_deg=90.0).round(1)
    array([-3.])
    >>> antenna_gain(panel, [90.0], -5.0, azimuth_deg=90.0, electrical_tilt_deg=5.0).round(1)
    array([0.])
    """
    bearing, elevation = np.broadcast_arrays(
        np.asarray(bearing_deg, dtype=np.float64), np.asarray(elevation_deg, dtype=np.float64)
    )
    row = beam_row(
        antenna,
        azimuth_deg=azimuth_deg,
        mechanical_tilt_deg=mechanical_tilt_deg,
        electrical_tilt_deg=electrical_tilt_deg,
    )
    known = np.isfinite(bearing) & np.isfinite(elevation)
    turned = np.mod(np.where(known, bearing, 0.0), 360.0)
    down = np.where(known, -elevation, np.nan)
    gain = np.empty(bearing.size)
    _beam.beam_gains(row[None, :], beam_cuts([antenna]), turned.ravel(), down.ravel(), gain)
    return gain.reshape(bearing.shape)


def beam_row(
    antenna: Antenna,
    *,
    azimuth_deg: float,
    mechanical_tilt_deg: float,
    electrical_tilt_deg: float | None,
    level_dbm: float = 0.0,
    cuts_row: int = 0,
) -> NDArray[np.float64]:
    """
    One cell as the kernels take it.

    Parameters
    ----------
    antenna : Antenna
        Its pattern.
    azimuth_deg, mechanical_tilt_deg, electrical_tilt_deg : float
        As in :func:`antenna_gain`. [deg]
    level_dbm : float
        Level on the boresight before path loss. [dBm]
    cuts_row : int
        Place of the pattern in the table of :func:`beam_cuts`.

    Returns
    -------
    row : ndarray of float64, shape (7,)
        Columns as named in the kernels' module.

    Raises
    ------
    ValueError
        If the azimuth or a tilt is not finite.
    """
    own = antenna.electrical_tilt_deg
    row = np.zeros(_beam.BEAM_COLUMNS)
    row[_beam.AZIMUTH] = azimuth_deg % 360.0
    row[_beam.MECHANICAL] = mechanical_tilt_deg
    row[_beam.ELECTRICAL] = 0.0 if electrical_tilt_deg is None else electrical_tilt_deg - own
    row[_beam.LEVEL] = level_dbm
    row[_beam.ANTENNA] = cuts_row
    row[_beam.MOST] = antenna.most_db
    row[_beam.PROJECTED] = antenna.combination == "projection"
    angles = row[[_beam.AZIMUTH, _beam.MECHANICAL, _beam.ELECTRICAL]]
    if not np.isfinite(angles).all():
        raise ValueError(f"azimuth and tilts must be finite, not {angles.tolist()}")
    return row


def beam_cuts(antennas: Sequence[Antenna]) -> NDArray[np.float32]:
    """
    Cuts of several antennas in one table.

    Parameters
    ----------
    antennas : sequence of Antenna
        Patterns.

    Returns
    -------
    cuts : ndarray of float32, shape (antennas, 3, 1442)
        Each a quarter of a degree apart from -180 degrees on: the horizontal cut over the side, the
        vertical cut over the angle below the horizon in front, and behind. [dB]
    """
    turn = np.arange(_beam.CUT_LENGTH) / _beam.SAMPLES - 0.5
    table = np.empty((len(antennas), 3, _beam.CUT_LENGTH), dtype=np.float32)
    for row, antenna in zip(table, antennas, strict=True):
        row[_beam.HORIZONTAL] = _around(antenna.horizontal_db, turn)
        row[_beam.FRONT] = _around(antenna.vertical_db, turn)
        row[_beam.BEHIND] = _around(antenna.vertical_db, 0.5 - turn)
    return table


def _around(cut: NDArray[np.float64], turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut at angles in turns, linear between its samples."""
    return np.interp(turn, np.arange(len(cut)) / len(cut), cut, period=1.0)
