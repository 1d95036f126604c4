"""Everything known about an area, on one grid."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from siteplan import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

    from siteplan.catalog import TargetDocument
    from siteplan.catalog.antennas import Antenna
    from siteplan.errors import Fault
    from siteplan.region.inputs import InputFile
    from siteplan.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """
    Everything known about an area, on one grid. Nothing is read from disk after this.

    Attributes
    ----------
    scenario : Scenario
        What the folder says about itself.
    document : TargetDocument
        What must be reached.
    geobox : GeoBox
        The grid: projected, metres.
    boundary : Polygon or MultiPolygon
        The area, in the grid's coordinate reference system.
    layers : mapping of str to GeoDataFrame
        Checked vector layers by name, indexed by ``id``; a layer that was not given is not here.
    sites : GeoDataFrame
        All sites, poles and derived candidates, indexed by ``id``.
    stations : DataFrame
        Stations in service today, indexed by ``id``.
    terrain_m : ndarray of float32, shape (rows, columns)
        Height above sea level, NaN where unknown. [m]
    building_m : ndarray of float32, shape (rows, columns)
        Height of buildings above the ground, 0 where none is known. [m]
    clutter_m : ndarray of float32, shape (rows, columns), or None
        Height of land cover or buildings above the ground, the higher one, as terrain models take it; NaN
        where unknown, None when neither was given. [m]
    warnings : tuple of Fault
        What was found and does not stop the work.
    inputs : tuple of InputFile
        Files that were read, with hashes.
    antennas : mapping of str to Antenna
        Measured antenna patterns by the names that cells use.
    """

    scenario: Scenario
    document: TargetDocument
    geobox: GeoBox
    boundary: BaseGeometry
    layers: Mapping[str, gpd.GeoDataFrame]
    sites: gpd.GeoDataFrame
    stations: pd.DataFrame
    terrain_m: NDArray[np.float32]
    building_m: NDArray[np.float32]
    clutter_m: NDArray[np.float32] | None = None
    warnings: tuple[Fault, ...] = ()
    inputs: tuple[InputFile, ...] = field(default=(), repr=False)
    antennas: Mapping[str, Antenna] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def crs(self) -> CRS:
        """Projected coordinate reference system of everything in the region."""
        return CRS.from_user_input(str(self.geobox.crs))

    @property
    def resolution_m(self) -> float:
        """Cell size. [m]."""
        return float(abs(self.geobox.resolution.x))

    def cell_of(self, points: NDArray[np.object_]) -> NDArray[np.int64]:
        """
        Flat cell number of points.

        Parameters
        ----------
        points : ndarray of Point
            In the grid's coordinate reference system.

        Returns
        -------
        cell : ndarray of int64
            Row times columns plus column; -1 outside the grid.
        """
        box = self.geobox.extent.boundingbox
        rows, columns = self.geobox.shape
        column = np.floor((shapely.get_x(points) - box.left) / self.resolution_m).astype(np.int64)
        row = np.floor((box.top - shapely.get_y(points)) / self.resolution_m).astype(np.int64)
        inside_grid = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return np.where(inside_grid, row * columns + column, -1)

    def layer(self, name: str) -> gpd.GeoDataFrame | None:
        """
        Layer of a name.

        Parameters
        ----------
        name : str
            As in the schema.

        Returns
        -------
        frame : GeoDataFrame or None
            None when the region was given no such layer: what depends on it is unknown.
        """
        return self.layers.get(name)

    def townships(self) -> gpd.GeoDataFrame:
        """
        Townships, or the whole region as one when none were given.

        Returns
        -------
        townships : GeoDataFrame
            Indexed by id, with ``name``.
        """
        frame = self.layers.get("townships")
        if frame is not None:
            return frame
        info = self.scenario.region
        return gpd.GeoDataFrame(
            {"name": [info.name]},
            geometry=[self.boundary],
            index=pd.Index([info.code or info.name], name="id"),
            crs=self.crs,
        )

    def _repr_html_(self) -> str:
        info = self.scenario.region
        counts = {schema.TABLES[name].zh: len(frame) for name, frame in self.layers.items()}
        counts["站址（含杆塔与备选）"] = len(self.sites)
        counts["现网基站"] = len(self.stations)
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td style='text-align:right'>{count:,}</td></tr>"
            for name, count in counts.items()
        )
        size = "×".join(str(n) for n in self.geobox.shape)
        return (
            f"<b>{html.escape(info.name)}</b> {html.escape(info.code)} · "
            f"{self.boundary.area / 1e6:,.1f} km² · {size} × {self.resolution_m:g} m · "
            f"{html.escape(self.crs.name)}<table>{rows}</table>"
            f"<p>{len(self.warnings)} warnings</p>"
        )
