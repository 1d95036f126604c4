"""
Coverage as pictures: the signal of each technology and year, warped to the map's projection.

A picture is an 8-bit palette PNG. The palette gives every decibel its own colour, by a few steps that no
eye sees around the colour of its class, so that one small file is both the picture and, read back pixel
by pixel, the level at a place.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image
from rasterio.features import geometry_mask
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject, transform, transform_bounds, transform_geom

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from siteplan.coverage.network import Coverage
    from siteplan.plan import Plan
    from siteplan.region import Region

MODES: Final = ("today", "plan")

EDGES_DBM: Final = (-110, -105, -100, -95, -90, -80, -70, -60)
"""Edges between the classes, before the thresholds in use join them. [dBm]"""

RAMP: Final = (
    (0xF7, 0xF0, 0xB2),
    (0xDC, 0xE6, 0x78),
    (0xA3, 0xD4, 0x62),
    (0x62, 0xBF, 0x70),
    (0x33, 0xA6, 0x80),
    (0x22, 0x89, 0x8C),
    (0x2C, 0x6C, 0x8E),
    (0x3A, 0x4F, 0x8A),
    (0x46, 0x30, 0x78),
)
"""Weak to strong: pale yellow to deep violet, each darker than the last, told apart by the colour-blind."""

CLEAR: Final = 0
GREY: Final = 1
DARK_GREY: Final = 2
FIRST_LEVEL: Final = 3
"""Palette indices: no station reaches, unknown signal and its stripes, the weakest level."""

GREYS: Final = ((0xD6, 0xD6, 0xD6), (0x9A, 0x9A, 0x9A))
WEAKEST_DBM: Final = -150
STRONGEST_DBM: Final = -31
LONGEST_SIDE_PX: Final = 1500
FINEST_SUBDIVISION: Final = 3
"""Most pixels along the side of a cell: a small grid is drawn finer, so that its cells stay square."""

STRIPE_PX: Final = 6
MERCATOR: Final = "EPSG:3857"


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelClasses:
    """
    Classes of level of one technology.

    Attributes
    ----------
    edges_dbm : tuple of int
        Ascending edges between the classes; a level on an edge belongs to the class above. [dBm]
    colours : tuple of (red, green, blue)
        One more than there are edges, the weakest class first.
    """

    edges_dbm: tuple[int, ...]
    colours: tuple[tuple[int, int, int], ...]

    def labels(self, between: str) -> list[str]:
        """
        Words for the legend.

        Parameters
        ----------
        between : str
            What stands between the ends of a range.

        Returns
        -------
        labels : list of str
            The weakest class first. [dBm]
        """
        inner = [f"{low}{between}{high}" for low, high in pairwise(self.edges_dbm)]
        return [f"< {self.edges_dbm[0]}", *inner, f"≥ {self.edges_dbm[-1]}"]

    def palette(self) -> list[tuple[int, int, int]]:
        """
        Colour of every index of a picture.

        Returns
        -------
        palette : list of (red, green, blue)
            No two alike, beginning with the three special ones.
        """
        levels = np.arange(WEAKEST_DBM, STRONGEST_DBM + 1)
        of = np.searchsorted(self.edges_dbm, levels, side="right")
        seen = [0] * len(self.colours)
        result = [(255, 255, 255), *GREYS]
        for k in of.tolist():
            step, seen[k] = seen[k], seen[k] + 1
            red, green, blue = self.colours[k]
            result.append((red + step % 4, green + step // 4 % 4, blue + step // 16 % 4))
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageImages:
    """
    Pictures of all technologies and years.

    Attributes
    ----------
    images : tuple of bytes
        PNG files, each different picture once.
    position : mapping of (technology, year, mode) to int
        Which picture shows what; mode is ``today`` or ``plan``.
    classes : mapping of str to LevelClasses
        By technology.
    bounds_deg : tuple of float
        West, south, east, north of every picture. [deg]
    """

    images: tuple[bytes, ...]
    position: Mapping[tuple[str, int, str], int]
    classes: Mapping[str, LevelClasses]
    bounds_deg: tuple[float, float, float, float]


def thresholds_dbm(region: Region, technology: str) -> dict[str, float]:
    """
    Thresholds of the definitions that the document's rules use.

    Parameters
    ----------
    region : Region
        With document and scenario.
    technology : str
        ``4G`` or ``5G``.

    Returns
    -------
    thresholds : dict of str to float
        Level by definition id, in the order of the rules. [dBm]
    """
    used = [
        region.scenario.definition(rule)
        for rule in region.document.rules
        if rule.kind == "coverage" and rule.technology == technology
    ]
    return {name: definition.rsrp_dbm for name, definition in used}


def level_classes(thresholds: Sequence[float]) -> LevelClasses:
    """
    Classes whose edges hold every threshold of whole decibels.

    Parameters
    ----------
    thresholds : sequence of float
        Levels that definitions ask for. [dBm]

    Returns
    -------
    classes : LevelClasses
        The usual steps and the thresholds.

    Examples
    --------
    >>> level_classes([-96.0]).labels(" to ")[2:5]
    ['-105 to -100', '-100 to -96', '-96 to -95']
    """
    whole = {round(level) for level in thresholds if float(level).is_integer()}
    edges = sorted({*EDGES_DBM, *whole})
    place = np.linspace(0.0, len(RAMP) - 1.0, len(edges) + 1)
    channels = np.array(RAMP, dtype=np.float64).T
    mixed = [np.interp(place, np.arange(len(RAMP)), channel) for channel in channels]
    colours = np.rint(np.stack(mixed, axis=1)).astype(int).tolist()
    return LevelClasses(
        edges_dbm=tuple(edges), colours=tuple((red, green, blue) for red, green, blue in colours)
    )


def coverage_images(plan: Plan) -> CoverageImages:
    """
    Picture of the best server's level for every technology, year and mode.

    Parameters
    ----------
    plan : Plan
        With coverage today and with the plan.

    Returns
    -------
    images : CoverageImages
        In Web Mercator, cut at the boundary; each pixel shows the cell in whose middle it lies nearest.
    """
    region = plan.region
    frame = PictureFrame(region)
    technologies = sorted({technology for technology, _ in plan.coverage_plan})
    thresholds = {name: thresholds_dbm(region, name) for name in technologies}
    classes = {name: level_classes(list(thresholds[name].values())) for name in technologies}
    images: dict[bytes, int] = {}
    drawn: dict[tuple[str, int, int], int] = {}
    position: dict[tuple[str, int, str], int] = {}
    for mode, coverage in zip(MODES, (plan.coverage_today, plan.coverage_plan), strict=True):
        for (technology, year), signal in coverage.items():
            # years without change share their arrays: they are warped once
            key = (technology, id(signal.rsrp_cdbm), id(signal.unknown))
            if key not in drawn:
                needed = min(thresholds[technology].values(), default=math.inf)
                pixels = frame.warped(_indices(signal, needed))
                png = _png(pixels, classes[technology].palette())
                drawn[key] = images.setdefault(png, len(images))
            position[technology, year, mode] = drawn[key]
    return CoverageImages(
        images=tuple(images), position=position, classes=classes, bounds_deg=frame.bounds_deg
    )


def _indices(signal: Coverage, needed_dbm: float) -> NDArray[np.uint8]:
    """Palette index of every cell; what misses the threshold where terrain is missing is unknown."""
    level = signal.rsrp_cdbm
    heard = level > UNKNOWN_SIGNAL
    # whole decibels, rounded down: a level at or above a threshold stays in its class
    whole = np.floor_divide(level, np.int16(CENTI))
    index = np.clip(whole, WEAKEST_DBM, STRONGEST_DBM) - WEAKEST_DBM + FIRST_LEVEL
    result = np.where(heard, index, CLEAR).astype(np.uint8)
    result[signal.unknown & ~(heard & (level >= needed_dbm * CENTI))] = GREY
    return result


class PictureFrame:
    """
    The pictures' grid in Web Mercator, and the part of it inside the boundary.

    Parameters
    ----------
    region : Region
        With grid and boundary.
    """

    def __init__(self, region: Region) -> None:
        self.source_crs = region.crs.to_wkt()
        self.source_transform = region.geobox.transform
        rows, columns = region.geobox.shape
        west, south, east, north = region.geobox.extent.boundingbox
        west, south, east, north = transform_bounds(
            self.source_crs, MERCATOR, west, south, east, north
        )
        longest = min(max(rows, columns) * FINEST_SUBDIVISION, LONGEST_SIDE_PX)
        step = max(east - west, north - south) / longest
        self.shape = (_steps(north - south, step), _steps(east - west, step))
        self.transform = Affine(step, 0.0, west, 0.0, -step, north)
        east, south = west + self.shape[1] * step, north - self.shape[0] * step
        longitude, latitude = transform(MERCATOR, "EPSG:4326", [west, east], [south, north])
        self.bounds_deg = (longitude[0], latitude[0], longitude[1], latitude[1])
        outline = transform_geom(self.source_crs, MERCATOR, region.boundary.__geo_interface__)
        self.outside = geometry_mask([outline], self.shape, self.transform)

    def warped(self, indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Nearest cell of every pixel inside the boundary, unknown ones striped."""
        result = self.nearest(indices)
        row, column = np.indices(self.shape, sparse=True)
        stripe = (row + column) % STRIPE_PX < STRIPE_PX // 3
        result[(result == GREY) & stripe] = DARK_GREY
        return result

    def nearest(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Nearest cell of every pixel inside the boundary, 0 outside."""
        result = np.zeros(self.shape, dtype=np.uint8)
        reproject(
            values,
            result,
            src_transform=self.source_transform,
            src_crs=self.source_crs,
            dst_transform=self.transform,
            dst_crs=MERCATOR,
            resampling=Resampling.nearest,
            init_dest_nodata=True,
        )
        result[self.outside] = CLEAR
        return result


def _steps(length_m: float, step_m: float) -> int:
    """Whole steps that span a length, an error of rounding aside."""
    return max(math.ceil(length_m / step_m - 1e-6), 1)


def _png(pixels: NDArray[np.uint8], palette: list[tuple[int, int, int]]) -> bytes:
    image = Image.fromarray(pixels).convert("L")
    image.putpalette([channel for colour in palette for channel in colour])
    file = io.BytesIO()
    # no gamma and no profile: a browser then hands back the very colours of the palette
    image.save(file, "PNG", transparency=bytes([0]))
    return file.getvalue()
