"""All sites of a region: the sites layer, poles, and rooftops derived from buildings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from siteplan import catalog, schema
from siteplan.region.rasters import building_heights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.scenario import Scenario


def all_sites(layers: Mapping[str, gpd.GeoDataFrame], scenario: Scenario) -> gpd.GeoDataFrame:
    """
    Sites, poles and derived rooftops in one table.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        Checked layers indexed by id, projected.
    scenario : Scenario
        Says which candidates to derive.

    Returns
    -------
    sites : GeoDataFrame
        Indexed by id, all columns of the schema's ``sites`` table, and ``antenna_height_m``.
    """
    parts = [layers[name] for name in ("sites",) if name in layers]
    if "poles" in layers:
        poles = layers["poles"]
        kept = thin(poles, spacing_m=scenario.candidates.pole_spacing_m)
        if "stations" in layers:
            kept |= poles.index.isin(layers["stations"]["site_id"])
        parts.append(poles[kept].assign(status="candidate"))
    if "buildings" in layers and scenario.candidates.rooftops_above_m is not None:
        above_m = scenario.candidates.rooftops_above_m
        mast_m = scenario.candidates.rooftop_mast_m
        parts.append(_rooftops(layers["buildings"], above_m=above_m, mast_m=mast_m))
    names = [column.name for column in schema.TABLES["sites"].columns if column.name != "id"]
    if not parts:
        frame = gpd.GeoDataFrame({name: [] for name in names}, geometry=[])
        return frame.assign(antenna_height_m=[]).rename_axis("id")
    frames = [part.reindex(columns=[*names, "geometry"]) for part in parts]
    sites = gpd.GeoDataFrame(pd.concat(_same_dtypes(frames)), crs=parts[0].crs).rename_axis("id")
    default = (
        sites["kind"]
        .map({kind: structure.antenna_height_m for kind, structure in catalog.structures().items()})
        .astype("float64")
    )
    height = sites["height_m"].astype("float64").fillna(default)
    return sites.assign(antenna_height_m=height)


def thin(points: gpd.GeoDataFrame, *, spacing_m: float) -> NDArray[np.bool_]:
    """
    Keep points of one kind that stand at least a spacing apart, in the order of their ids.

    Parameters
    ----------
    points : GeoDataFrame
        With ``kind``; projected, indexed by id.
    spacing_m : float
        Smallest distance between kept points of one kind; 0 keeps all. [m]

    Returns
    -------
    kept : ndarray of bool, shape (n,)
        In the order of `points`.

    Examples
    --------
    >>> poles = gpd.GeoDataFrame({"kind": ["lamp_pole"] * 3}, index=["a", "b", "c"],
    ...                          geometry=gpd.points_from_xy([0, 30, 70], [0, 0, 0]))
    >>> thin(poles, spacing_m=60.0)
    array([ True, False,  True])
    """
    kept = np.ones(len(points), dtype=bool)
    if spacing_m <= 0.0:
        return kept
    places = shapely.get_coordinates(points.geometry.to_numpy())
    # a hair wider than the spacing, for rounding; what is exactly as far stays
    pairs = cKDTree(places).query_pairs(spacing_m * (1.0 + 1e-9), output_type="ndarray")
    kinds = pd.factorize(points["kind"])[0]
    apart_m = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    pairs = pairs[(kinds[pairs[:, 0]] == kinds[pairs[:, 1]]) & (apart_m < spacing_m)]
    order = np.argsort(points.index.to_numpy().astype(str), kind="stable")
    rank = np.argsort(order)
    pairs = np.sort(rank[pairs], axis=1)  # by rank now: the first of a pair comes first
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    starts = np.searchsorted(pairs[:, 0], np.arange(len(points) + 1))
    in_order = np.ones(len(points), dtype=bool)
    for i in np.unique(pairs[:, 0]).tolist():
        if in_order[i]:
            in_order[pairs[starts[i] : starts[i + 1], 1]] = False
    kept[order] = in_order
    return kept


def _rooftops(buildings: gpd.GeoDataFrame, *, above_m: float, mast_m: float) -> gpd.GeoDataFrame:
    heights = building_heights(buildings)
    tall = heights >= above_m
    chosen = buildings[tall]
    # rows in the same order under new ids: a Series would be aligned to them and lost
    names = chosen["name"].to_numpy() if "name" in chosen else pd.NA
    return gpd.GeoDataFrame(
        {
            "name": names,
            "kind": "rooftop",
            "status": "candidate",
            "height_m": heights[tall] + mast_m,
            "origin": "derived from buildings",
        },
        geometry=chosen.representative_point().to_numpy(),
        crs=chosen.crs,
        index=pd.Index([f"roof-{name}" for name in chosen.index], name="id"),
    )


def _same_dtypes(frames: list[gpd.GeoDataFrame]) -> list[gpd.GeoDataFrame]:
    dtypes = {"text": "string", "category": "string", "number": "float64"}
    dtypes |= {"integer": "Int64", "flag": "boolean"}
    columns = {
        column.name: dtypes[column.kind]
        for column in schema.TABLES["sites"].columns
        if column.name != "id"
    }
    return [frame.astype(columns) for frame in frames]
