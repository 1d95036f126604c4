"""The ground of Hangjin that every step stands on, and small helpers of the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import _hangjin_places as places
import geopandas as gpd
import numpy as np
import shapely
from _common import CGCS2000, Projector, county_outline, read_csv, township_partition
from _hangjin_land import Land, make_land

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    Points = NDArray[np.float64]
    Rows = list[dict[str, Any]]

CODE: Final = "150625"
CRS: Final = "EPSG:4545"
ON_PLAIN: Final = 0.5
"""Belonging above which a place counts as on the plain."""
KNOWN: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    What every step needs.

    Attributes
    ----------
    projector : Projector
        Degrees and metres.
    outline_m : Polygon
        Outline of the county. [m]
    townships : GeoDataFrame
        Derived partition, in degrees.
    township_m : mapping of str to geometry
        The same by code. [m]
    reserve_m : Polygon
        Frame of the reserve inside the outline. [m]
    land : Land
        The relief.
    centres_m : mapping of str to ndarray
        Centre of each town by township code. [m]
    """

    projector: Projector
    outline_m: shapely.Polygon
    townships: gpd.GeoDataFrame
    township_m: dict[str, shapely.Geometry]
    reserve_m: shapely.Geometry
    land: Land
    centres_m: dict[str, Points]


def make_setting() -> Setting:
    """
    Make the ground: outline, townships, reserve, relief and towns.

    Returns
    -------
    setting : Setting
        What every step needs.
    """
    projector = Projector(CRS)
    _, outline = county_outline(CODE)
    outline_m = projector.to_metres(outline)
    frame_deg = shapely.intersection(shapely.box(*places.RESERVE_FRAME_DEG), outline)
    townships = township_partition(CODE, tolerance_deg=0.004)
    points = read_csv("township_points.csv").set_index("code")
    centres = {code: 1e3 * np.array(town.centre_km) for code, town in places.TOWNS.items()}
    seat = points.loc[places.SEAT]
    centres[places.SEAT] = projector.metres([float(seat["lon"]), float(seat["lat"])])
    return Setting(
        projector=projector,
        outline_m=outline_m,
        townships=townships,
        township_m={
            code: projector.to_metres(shape)
            for code, shape in zip(townships["code"], townships.geometry, strict=True)
        },
        reserve_m=projector.to_metres(shapely.segmentize(frame_deg, 0.05)),
        land=make_land(outline_m),
        centres_m=centres,
    )


def frame(rows: Rows, shapes: Iterable[shapely.Geometry]) -> gpd.GeoDataFrame:
    """
    Make a table of rows and shapes.

    Parameters
    ----------
    rows : list of dict
        Columns of each row.
    shapes : iterable of geometry
        In easting and northing. [m]

    Returns
    -------
    table : GeoDataFrame
        Rows in order.
    """
    return gpd.GeoDataFrame(rows, geometry=list(shapes), crs=CRS)


def in_degrees(setting: Setting, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Turn a table into longitude and latitude, rounded as files carry them.

    Parameters
    ----------
    setting : Setting
        The ground.
    table : GeoDataFrame
        In easting and northing.

    Returns
    -------
    table : GeoDataFrame
        The same rows in longitude and latitude.
    """
    shapes = [setting.projector.to_degrees(shape) for shape in table.geometry]
    return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=CGCS2000)


def township_of(setting: Setting, points: Points) -> list[str | None]:
    """
    Name the township at each point.

    Parameters
    ----------
    setting : Setting
        The ground.
    points : ndarray, (n, 2)
        Easting and northing. [m]

    Returns
    -------
    names : list of str or None
        None in the seams of the partition.
    """
    names = np.full(len(points), None, dtype=object)
    for code, shape in setting.township_m.items():
        names[shapely.contains_xy(shape, points)] = places.TOWNS[code].name
    return names.tolist()


def inside(setting: Setting, points: Points, margin_m: float) -> NDArray[np.bool_]:
    """
    Tell which points lie inside the outline.

    Parameters
    ----------
    setting : Setting
        The ground.
    points : ndarray, (n, 2)
        Easting and northing. [m]
    margin_m : float
        Least distance from the outline. [m]

    Returns
    -------
    inside : ndarray of bool, (n,)
        Whether each point lies inside.
    """
    return np.asarray(shapely.contains_xy(setting.outline_m.buffer(-margin_m), points))


def xy(table: gpd.GeoDataFrame) -> Points:
    """
    Return the points of a table.

    Parameters
    ----------
    table : GeoDataFrame
        With points.

    Returns
    -------
    points : ndarray, (n, 2)
        Coordinates.
    """
    return shapely.get_coordinates(table.geometry)


def nearest_m(points: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """
    Measure from each point to the nearest of others.

    Parameters
    ----------
    points, others : array_like, (n, 2) or (2,)
        Easting and northing. [m]

    Returns
    -------
    distance_m : ndarray, (n,)
        Distance to the nearest. [m]
    """
    tree = shapely.STRtree(shapely.points(np.asarray(others, dtype=np.float64).reshape(-1, 2)))
    queries = shapely.points(np.asarray(points, dtype=np.float64).reshape(-1, 2))
    _, distance = tree.query_nearest(queries, return_distance=True, all_matches=False)
    return np.asarray(distance)


def nearest_road_m(roads: gpd.GeoDataFrame, points: Points) -> NDArray[np.float64]:
    """
    Measure from each point to the nearest road.

    Parameters
    ----------
    roads : GeoDataFrame
        Lines. [m]
    points : ndarray, (n, 2)
        Easting and northing. [m]

    Returns
    -------
    distance_m : ndarray, (n,)
        Distance. [m]
    """
    return np.asarray(shapely.distance(shapely.points(points), roads.geometry.union_all()))


def around(rng: np.random.Generator, centre: Points, near_m: float, far_m: float) -> Points:
    """
    Pick a random place between two distances of a centre.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    centre : ndarray, (2,)
        Easting and northing. [m]
    near_m, far_m : float
        Least and greatest distance. [m]

    Returns
    -------
    place : ndarray, (2,)
        Easting and northing. [m]
    """
    turn = rng.uniform(0.0, 2.0 * np.pi)
    away = np.sqrt(rng.uniform(near_m**2, far_m**2))
    return np.asarray(centre) + away * np.array([np.cos(turn), np.sin(turn)])


def random_points(rng: np.random.Generator, shape: shapely.Geometry, number: int) -> Points:
    """
    Scatter points over a shape.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    shape : geometry
        Polygon. [m]
    number : int
        Points over the shape's frame; those outside the shape are left out.

    Returns
    -------
    points : ndarray, (n, 2)
        Easting and northing. [m]
    """
    west, south, east, north = shape.bounds
    points = np.column_stack([rng.uniform(west, east, number), rng.uniform(south, north, number)])
    return points[shapely.contains_xy(shape, points)]


def pick(draw: float, *choices: tuple[Any, float]) -> Any:  # noqa: ANN401  # value of any column
    """
    Pick the choice whose share a draw falls into.

    Parameters
    ----------
    draw : float
        Between 0 and 1.
    *choices : (object, float)
        Values and their shares.

    Returns
    -------
    value : object
        None, which is unknown, beyond the last share.
    """
    for value, share in choices:
        if draw < share:
            return value
        draw -= share
    return None


def portions(weight: NDArray[np.float64], total: int, *, least: int) -> NDArray[np.int64]:
    """
    Split a total into whole portions.

    Parameters
    ----------
    weight : ndarray, (n,)
        Portions are in this proportion.
    total : int
        What they add up to.
    least : int
        None is smaller.

    Returns
    -------
    portions : ndarray of int64, (n,)
        Whole portions.
    """
    free = total - least * len(weight)
    exact = free * weight / weight.sum()
    whole = np.floor(exact).astype(np.int64)
    rest = np.argsort(whole - exact, kind="stable")[: free - int(whole.sum())]
    whole[rest] += 1
    return whole + least


def flags(rng: np.random.Generator, weight: NDArray[np.float64], share: float) -> list[bool]:
    """
    Flag a share of the rows, likelier where the weight is high.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    weight : ndarray, (n,)
        Not negative.
    share : float
        Share of the rows that is flagged.

    Returns
    -------
    flags : list of bool
        One for each row.
    """
    score = np.log(weight + 1e-9) + rng.gumbel(size=len(weight))
    flags = np.zeros(len(weight), dtype=bool)
    flags[np.argsort(-score, kind="stable")[: round(share * len(weight))]] = True
    return flags.tolist()
