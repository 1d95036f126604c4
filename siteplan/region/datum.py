r"""
GCJ-02 and BD-09: the shifted coordinates of Chinese map services, and the way back.

The shift is a published fact of the services' own software, known to about a metre: a polynomial with sines
in degrees from (105 E, 35 N), laid on the Krasovsky ellipsoid, and for BD-09 a second, polar one on top.

References
----------
.. [1] "Restrictions on geographic data in China", Wikipedia, sec. GCJ-02 and BD-09.
.. [2] Package ``prcoords`` 1.0.2 (public domain), whose scalar functions are the check of this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

Shifted = Literal["gcj02", "bd09"]

SHIFTED: Final[tuple[Shifted, ...]] = ("gcj02", "bd09")
"""Names under which a scenario says that a layer is shifted."""

CHINA_DEG: Final = (72.004, 0.8293, 137.8347, 55.8271)
"""Frame in which the services shift: west, south, east, north. [deg]"""

_KRASOVSKY_M: Final = 6_378_245.0
_ECCENTRICITY2: Final = 0.00669342162296594323
_STEPS: Final = 6  # the shift changes by less than 1 % over its own length: two digits a step

_Degrees = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def wgs84_to_gcj02(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> _Degrees:
    """
    Shift WGS 84 (or CGCS2000) to GCJ-02.

    Parameters
    ----------
    longitude_deg, latitude_deg : array_like of float
        Same shape. [deg]

    Returns
    -------
    longitude_deg, latitude_deg : ndarray of float64
        Unchanged outside ``CHINA_DEG``. [deg]

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(120.0, 40.0)
    >>> print(f"{float(lon):.7f} {float(lat):.7f}")
    120.0056757 40.0013048
    """
    lon = np.asarray(longitude_deg, dtype=np.float64)
    lat = np.asarray(latitude_deg, dtype=np.float64)
    x, y = lon - 105.0, lat - 35.0
    pi = np.pi
    common = 20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)
    north_m = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
        + (common + 20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
        + (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y / 30.0 * pi)) * 2.0 / 3.0
    )  # fmt: skip
    east_m = (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
        + (common + 20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
        + (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    )  # fmt: skip
    phi = np.radians(lat)
    w2 = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    lat_m = np.radians(_KRASOVSKY_M * (1.0 - _ECCENTRICITY2) / w2**1.5)  # metres in a degree
    lon_m = np.radians(_KRASOVSKY_M * np.cos(phi) / np.sqrt(w2))
    west, south, east, north = CHINA_DEG
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return np.where(inside, lon + east_m / lon_m, lon), np.where(inside, lat + north_m / lat_m, lat)


def _gcj02_to_bd09(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> _Degrees:
    lon = np.asarray(longitude_deg, dtype=np.float64)
    lat = np.asarray(latitude_deg, dtype=np.float64)
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(np.radians(lat) * 3000.0)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(np.radians(lon) * 3000.0)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def wgs84_to_bd09(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> _Degrees:
    """
    Shift WGS 84 (or CGCS2000) to BD-09.

    Parameters
    ----------
    longitude_deg, latitude_deg : array_like of float
        Same shape, in China. [deg]

    Returns
    -------
    longitude_deg, latitude_deg : ndarray of float64
        Shifted twice. [deg]

    Examples
    --------
    >>> lon, lat = wgs84_to_bd09(120.0, 40.0)
    >>> bool(abs(lon - 120.0122) < 5e-4 and abs(lat - 40.0073) < 5e-4)
    True
    """
    return _gcj02_to_bd09(*wgs84_to_gcj02(longitude_deg, latitude_deg))


FORWARD: Final[dict[str, Callable[[ArrayLike, ArrayLike], _Degrees]]] = {
    "gcj02": wgs84_to_gcj02,
    "bd09": wgs84_to_bd09,
}
"""From WGS 84 to each shifted system."""


def to_wgs84(longitude_deg: ArrayLike, latitude_deg: ArrayLike, *, datum: Shifted) -> _Degrees:
    """
    Take the shift back, to less than a millimetre, by fixed-point steps.

    Parameters
    ----------
    longitude_deg, latitude_deg : array_like of float
        Shifted positions, same shape. [deg]
    datum : {"gcj02", "bd09"}
        Which shift.

    Returns
    -------
    longitude_deg, latitude_deg : ndarray of float64
        WGS 84; at this scale the same as CGCS2000. NaN stays NaN. [deg]

    Examples
    --------
    >>> lon, lat = to_wgs84(120.00567568355486, 40.0013047896019, datum="gcj02")
    >>> print(f"{float(lon):.8f} {float(lat):.8f}")
    120.00000000 40.00000000
    """
    forward = FORWARD[datum]
    lon0 = np.asarray(longitude_deg, dtype=np.float64)
    lat0 = np.asarray(latitude_deg, dtype=np.float64)
    lon, lat = lon0, lat0
    for _ in range(_STEPS):
        moved_lon, moved_lat = forward(lon, lat)
        lon, lat = lon - (moved_lon - lon0), lat - (moved_lat - lat0)
    return lon, lat


def geometry_to_wgs84(geometry: NDArray[np.object_], *, datum: Shifted) -> NDArray[np.object_]:
    """
    Take the shift of every corner back.

    Parameters
    ----------
    geometry : ndarray of geometry
        Longitude and latitude, shifted. [deg]
    datum : {"gcj02", "bd09"}
        Which shift.

    Returns
    -------
    geometry : ndarray of geometry
        WGS 84. [deg]

    Examples
    --------
    >>> point = shapely.points([[120.00567568355486, 40.0013047896019]])
    >>> geometry_to_wgs84(point, datum="gcj02")[0].wkt[:12]
    'POINT (120 4'
    """

    def back(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_wgs84(corners[:, 0], corners[:, 1], datum=datum))

    return np.asarray(shapely.transform(geometry, back))
