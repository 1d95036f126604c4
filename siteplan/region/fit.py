"""How well positions fit the boundary in each of the systems that they may be in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from pyproj import CRS, Transformer

from siteplan.region import datum
from siteplan.region.grid import in_china

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

GEOGRAPHIC: Final = "EPSG:4490"

SAMPLE: Final = 400
"""Positions of a layer that are tried in every system."""

NEAR_M: Final = 200.0
"""Positions this near outside the boundary count as inside when systems are compared. [m]"""

NEIGHBOURS_M: Final = 3000.0
"""Beyond the boundary and its margin, extracts are read this much farther: shifted layers lie there. [m]"""

_FARTHEST_DEG: Final = 89.0

_METRE_DEG: Final = 111_195.0  # metres in a degree of latitude on a sphere of 6371 km

EAST_DEG, NORTH_DEG = 180.0, 90.0

FITS: Final = 0.5
"""Share of positions inside the boundary from which a system is taken to fit."""

SHOWN: Final = 4
"""Systems shown in a message."""

SWAPPED: Final = re.compile(r"\s+swapped$", re.IGNORECASE)

PREFIXED, PLAIN = 4513, 4534  # CGCS2000 3-degree zones from 75 E with and without their number

SIX_PREFIXED, SIX_PLAIN = 4491, 4502  # 6-degree zones from 75 E


@dataclass(frozen=True, slots=True)
class Reference:
    """
    Boundary by which positions are judged.

    Attributes
    ----------
    boundary : geometry
        Longitude and latitude. [deg]
    china : bool
        Whether shifted coordinates are to be thought of.
    plane : geometry
        The boundary in metres east and north of its centre.
    margin_m : float
        Width around the boundary in which a layer may matter. [m]
    lines : mapping of str to (str, STRtree)
        File and lines of the layers on which others lie, by name. [m]
    """

    boundary: BaseGeometry
    china: bool
    plane: BaseGeometry = field(repr=False)
    margin_m: float = 0.0
    lines: Mapping[str, tuple[str, shapely.STRtree]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )

    @classmethod
    def of(cls, boundary: gpd.GeoDataFrame, code: str, *, margin_m: float = 0.0) -> Reference:
        """
        Make a reference of a boundary layer.

        Parameters
        ----------
        boundary : GeoDataFrame
            In any system.
        code : str
            Statistical code of the area.
        margin_m : float
            Width around the boundary in which a layer may matter. [m]

        Returns
        -------
        reference : Reference
            In longitude and latitude.
        """
        outline = shapely.union_all(boundary.to_crs("EPSG:4326").geometry.to_numpy())
        reference = cls(outline, in_china(outline, code), outline)
        plane = shapely.transform(outline, reference.to_plane)
        shapely.prepare(plane)
        return cls(outline, reference.china, plane, margin_m)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge of what is read of an extract: the boundary with its margin."""
        west, south, east, north = self.boundary.bounds
        wide = (self.margin_m + NEIGHBOURS_M) / _METRE_DEG
        far = wide / np.cos(np.radians(min(max(abs(south), abs(north)) + wide, _FARTHEST_DEG)))
        return west - far, south - wide, east + far, north + wide

    def to_plane(self, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        Metres east and north of the boundary's centre, good to a few per mille nearby.

        Parameters
        ----------
        degrees : ndarray of float64, shape (n, 2)
            Longitude and latitude. [deg]

        Returns
        -------
        plane : ndarray of float64, shape (n, 2)
            East and north. [m]
        """
        west, south, east, north = self.boundary.bounds
        middle = (south + north) / 2
        shrink = np.cos(np.radians(middle))
        east_m = (degrees[:, 0] - (west + east) / 2) * _METRE_DEG * shrink
        return np.column_stack([east_m, (degrees[:, 1] - middle) * _METRE_DEG])


@dataclass(frozen=True, slots=True)
class Fit:
    """
    How well positions fit the boundary in one system.

    Attributes
    ----------
    crs : str
        As the scenario would say it.
    inside : float
        Share inside the boundary.
    median_m : float
        Median distance outside the boundary; 0 when most lie inside. [m]
    on_lines : str
        Share on the roads or at the buildings, where they tell systems apart.
    """

    crs: str
    inside: float
    median_m: float
    on_lines: str = ""

    def __str__(self) -> str:
        far = f", median {self.median_m / 1e3:,.1f} km outside" if self.median_m > 0.0 else ""
        if not np.isfinite(self.median_m):
            far = ", no such places on Earth"
        on = f", {self.on_lines}" if self.on_lines else ""
        return f'crs = "{self.crs}": {self.inside:.0%} inside{far}{on}'


def sample(shapes: NDArray[np.object_], count: int = SAMPLE) -> NDArray[np.float64]:
    """
    Take some corners of a layer, spread over its rows.

    Parameters
    ----------
    shapes : ndarray of geometry
        Rows.
    count : int
        About as many corners.

    Returns
    -------
    corners : ndarray of float64, shape (n, 2)
        Finite ones, in the layer's own numbers.
    """
    step = max(1, len(shapes) // count)
    corners = shapely.get_coordinates(shapes[::step])
    corners = corners[np.isfinite(corners).all(axis=1)]
    return corners[:: max(1, len(corners) // count)]


def fit_in(shapes: NDArray[np.object_], crs: str, reference: Reference) -> Fit:
    """
    How well positions fit the boundary in one system.

    Parameters
    ----------
    shapes : ndarray of geometry
        In the file's own numbers.
    crs : str
        As the scenario would say it.
    reference : Reference
        Boundary.

    Returns
    -------
    fit : Fit
        Of some of the corners, spread over the rows.
    """
    return _fit_of(sample(shapes), crs, reference)


def _fit_of(corners: NDArray[np.float64], crs: str, reference: Reference) -> Fit:
    if len(corners) == 0:
        return Fit(crs, 0.0, float("inf"))
    lon, lat = degrees_of(corners, crs).T
    real = (
        np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= EAST_DEG) & (np.abs(lat) <= NORTH_DEG)
    )
    distance = np.full(len(corners), np.inf)
    plane = reference.to_plane(np.column_stack([lon[real], lat[real]]))
    distance[real] = shapely.distance(shapely.points(plane), reference.plane)
    return Fit(crs, float((distance <= NEAR_M).mean()), float(np.median(distance)))


def degrees_of(corners: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    """
    Longitude and latitude of positions.

    Parameters
    ----------
    corners : ndarray of float64, shape (n, 2)
        In the file's own numbers.
    crs : str
        As the scenario would say it.

    Returns
    -------
    degrees : ndarray of float64, shape (n, 2)
        Infinite where there is no such place. [deg]
    """
    if SWAPPED.search(crs):
        corners = corners[:, ::-1]
    crs = SWAPPED.sub("", crs)
    if crs.lower() in datum.SHIFTED:
        name: datum.Shifted = "gcj02" if crs.lower() == "gcj02" else "bd09"
        return np.column_stack(datum.to_wgs84(corners[:, 0], corners[:, 1], datum=name))
    system = CRS.from_user_input(crs)
    if system.is_geographic:
        return corners
    return np.column_stack(to_degrees(system).transform(corners[:, 0], corners[:, 1]))


@cache
def to_degrees(system: CRS) -> Transformer:
    """
    Way from a system to longitude and latitude, made once: PROJ takes a tenth of a second for it.

    Parameters
    ----------
    system : CRS
        Any system.

    Returns
    -------
    transformer : Transformer
        To WGS 84, longitude first.
    """
    return Transformer.from_crs(system, "EPSG:4326", always_xy=True)


def ranking(shapes: NDArray[np.object_], reference: Reference) -> list[Fit]:
    """
    Systems that positions may be in, best fit to the boundary first.

    Parameters
    ----------
    shapes : ndarray of geometry
        In the file's own numbers.
    reference : Reference
        Boundary.

    Returns
    -------
    fits : list of Fit
        Plain systems before shifted and swapped ones where they fit as well.
    """
    corners = sample(shapes)
    if len(corners) == 0:
        return []
    if np.abs(corners).max() <= EAST_DEG:
        systems = [GEOGRAPHIC, *datum.SHIFTED] if reference.china else ["EPSG:4326"]
    else:
        systems = _metric_systems(reference)
    systems += [f"{system} swapped" for system in systems]
    fits = [_fit_of(corners, system, reference) for system in systems]
    return sorted(fits, key=lambda fit: (-round(fit.inside, 2), np.round(fit.median_m)))


def _metric_systems(reference: Reference) -> list[str]:
    west, _, east, north = reference.boundary.bounds
    longitude = (west + east) / 2
    utm = 32600 if north > 0 else 32700
    codes = [utm + int((longitude + EAST_DEG) // 6) + 1]
    if reference.china:
        zone = round((longitude - 75) / 3)
        near = [
            number for number in (zone, zone - 1, zone + 1) if 0 <= number <= PLAIN - PREFIXED - 1
        ]
        six = min(max(int((longitude - 72) // 6), 0), SIX_PLAIN - SIX_PREFIXED - 1)
        codes = [
            *(PLAIN + number for number in near),
            *(PREFIXED + number for number in near),
            SIX_PLAIN + six,
            SIX_PREFIXED + six,
            *codes,
        ]
    return [f"EPSG:{code}" for code in codes]
