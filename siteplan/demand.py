"""
What must be covered, as samples on the grid.

Whatever a rule speaks of (zones, villages, roads, venues) becomes items, and each item becomes weighted
samples in grid cells: exact areas of cells cut by a polygon, metres of road, points. Evaluation, gaps and
selection all work on these samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.catalog import Rule
    from siteplan.region import Region

MEASURES = {"area": "m2", "road": "m", "village": "points", "venue": "points"}
"""What the weights of the samples of each class of demand add up to; a village or venue adds up to 1."""

VILLAGE_POINTS = "village_points"
"""Layer of the committees, schools, clinics and clusters of the villages."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """
    Items to cover and their samples.

    Attributes
    ----------
    rule_class : {"area", "village", "road", "venue"}
        Class of demand.
    items : GeoDataFrame
        Those of which a part lies inside the boundary, indexed by id: ``name``, ``township`` (of the
        largest part), ``group``, ``population``, ``households``, the columns that the rule
        asks for or filters by, and the geometry.
    item : ndarray of int32, shape (n,)
        Item of each sample, as a position in `items`.
    cell : ndarray of int64, shape (n,)
        Flat grid cell of each sample, -1 outside the grid.
    part : ndarray of int32, shape (n,)
        Unbroken line that a sample of a road lies on, samples in order along it; 0 for other classes.
    weight : ndarray of float64, shape (n,)
        Square metres, metres or the share of a village or venue that a sample stands for.
    township : ndarray of int32, shape (n,)
        Township of each sample, as a position in the region's townships, -1 in none.
    centre : ndarray of float64, shape (items, 2), or None
        Easting and northing of the committee of each village, where the layer of village points names one;
        None for other classes. [m]
    doubtful : Demand or None
        Items of which nobody knows whether the rule speaks of them: a value that it filters by is blank.
        None when there are none.
    """

    rule_class: str
    items: gpd.GeoDataFrame
    item: NDArray[np.int32]
    cell: NDArray[np.int64]
    part: NDArray[np.int32]
    weight: NDArray[np.float64]
    township: NDArray[np.int32]
    centre: NDArray[np.float64] | None = None
    doubtful: Demand | None = None

    def item_weight(self) -> NDArray[np.float64]:
        """
        Weight of each item.

        Returns
        -------
        weight : ndarray of float64, shape (items,)
            Sum over its samples.
        """
        total = np.bincount(self.item, weights=self.weight, minlength=len(self.items))
        return total.astype(np.float64, copy=False)

    def centres(self) -> NDArray[np.float64]:
        """
        Place of each item that distances are measured from.

        Returns
        -------
        places : ndarray of float64, shape (items, 2)
            Easting and northing of the committee, else of a point of the item. [m]
        """
        if self.centre is not None:
            return self.centre
        points = self.items.representative_point()
        return np.column_stack([points.x, points.y])


def region_demands(region: Region) -> Mapping[str, Demand]:
    """
    Demand of every coverage rule whose layer the region has.

    Parameters
    ----------
    region : Region
        With the target document.

    Returns
    -------
    demands : mapping of str to Demand
        By rule id; a rule whose layer is missing is not here and its state is unknown. Rules that speak
        of the same things share one object.
    """
    made: dict[str, Demand] = {}
    result: dict[str, Demand] = {}
    for rule in region.document.rules:
        if rule.kind != "coverage" or rule.layer is None or region.layer(rule.layer) is None:
            continue
        key = repr((rule.rule_class, rule.layer, rule.where, rule.any, rule.group_by))
        key += repr(rule.attributes)
        if key not in made:
            made[key] = demand_of(region, rule)
        result[rule.id] = made[key]
    return result


def demand_of(region: Region, rule: Rule) -> Demand:
    """
    Items and samples that a coverage rule speaks of.

    Parameters
    ----------
    region : Region
        With the layer of the rule.
    rule : Rule
        A coverage rule.

    Returns
    -------
    demand : Demand
        Possibly without items, when no row fits the rule's filter.

    Raises
    ------
    KeyError
        When the region has no such layer.
    """
    if rule.layer is None or rule.rule_class is None:
        raise ValueError(f"rule {rule.id} speaks of no layer")
    belongs = _belongs(region.layers[rule.layer], rule)
    rows = region.layers[rule.layer]
    demand = _demand_on(region, rule, rows[belongs.fillna(value=False).to_numpy(dtype=bool)])
    blank = belongs.isna().to_numpy(dtype=bool)
    if not blank.any():
        return demand
    doubtful = _demand_on(region, rule, rows[blank])
    return replace(demand, doubtful=doubtful) if len(doubtful.items) else demand


def _demand_on(region: Region, rule: Rule, rows: gpd.GeoDataFrame) -> Demand:
    """Items and samples of some rows of the rule's layer."""
    items = _items(rows, rule)
    if rule.rule_class == "area":
        return _area_demand(region, rows, items)
    if rule.rule_class == "road":
        return _road_demand(region, rows, items)
    return _place_demand(region, rule, items)


def _belongs(frame: gpd.GeoDataFrame, rule: Rule) -> pd.Series[bool]:
    """
    Whether the rule speaks of each row: yes, no, or missing where what it filters by is blank.

    One flag that says yes is enough whatever the others are, and one value that does not fit is too.
    """
    unknown = pd.Series(pd.NA, index=frame.index, dtype="boolean")
    belongs = pd.Series(data=True, index=frame.index, dtype="boolean")
    for column, values in rule.where.items():
        fits = unknown
        if column in frame:
            fits = frame[column].isin(values).astype("boolean").mask(frame[column].isna())
        belongs &= fits
    if rule.any:
        flagged = pd.Series(data=False, index=frame.index, dtype="boolean")
        for name in rule.any:
            flagged |= frame[name].astype("boolean") if name in frame else unknown
        belongs &= flagged
    return belongs


def _items(rows: gpd.GeoDataFrame, rule: Rule) -> gpd.GeoDataFrame:
    columns = ["name", "township", "population", "households", *rule.attributes]
    columns += [*rule.where, *rule.any]
    if rule.rule_class == "road":
        columns.append("class")
    items = rows.reindex(columns=[*dict.fromkeys(columns), "geometry"])
    names = items["name"].astype("string")
    items = items.assign(name=names.fillna(pd.Series(items.index.astype(str), items.index)))
    group = (
        rows[rule.group_by].astype("string").fillna("")
        if rule.group_by and rule.group_by in rows
        else ""
    )
    items = items.assign(group=group)
    if rule.rule_class == "road":
        # one road of one name is one item, however many pieces the layer cuts it into
        items = items.dissolve(by="name", as_index=False, sort=True, aggfunc="first")
        # pieces that meet end to end are one line: a gap goes on over the joint
        items = items.set_geometry(shapely.line_merge(items.geometry.to_numpy()), crs=rows.crs)
        items.index = pd.Index(items["name"].astype(str), name="id")
    return items


def _township_positions(region: Region, points: NDArray[np.object_]) -> NDArray[np.int32]:
    townships = region.townships().geometry.to_numpy()
    found = np.full(len(points), -1, dtype=np.int32)
    point, polygon = shapely.STRtree(townships).query(points, predicate="intersects")
    order = np.lexsort((-polygon, point))  # the first township of a point is written last
    found[point[order]] = polygon[order]
    return found


def _cell_source(region: Region) -> NumPyRasterSource:
    rows, columns = region.geobox.shape
    box = region.geobox.extent.boundingbox
    return NumPyRasterSource(
        np.arange(rows * columns, dtype=np.int32).reshape(rows, columns),
        xmin=box.left,
        ymin=box.bottom,
        xmax=box.right,
        ymax=box.top,
        srs_wkt=region.crs.to_wkt(),
    )


def _place_demand(region: Region, rule: Rule, items: gpd.GeoDataFrame) -> Demand:
    """Sample villages and venues: the cells of a polygon by area, else points; each item weighs 1."""
    polygons = (shapely.area(items.geometry.to_numpy()) > 0.0).nonzero()[0]
    parts = exact_extract(
        _cell_source(region),
        items.iloc[polygons][["geometry"]],
        ["values", "coverage"],
        output="pandas",
        progress=False,
    )
    item, cell, weight = [], [], []
    for i, values, share in zip(polygons, parts["values"], parts["coverage"], strict=True):
        if share.sum() > 0.0:
            item.append(np.full(len(values), i))
            cell.append(values.astype(np.int64))
            weight.append(share / share.sum())
    points, owner = _own_points(region, rule, items, np.setdiff1d(np.arange(len(items)), polygons))
    # a polygon outside the grid still is an item, of which nothing is known
    lost = np.setdiff1d(polygons, np.concatenate([*item, np.zeros(0, dtype=np.int64)]))
    number = np.bincount(owner, minlength=len(items))
    all_items = np.concatenate([*item, lost, owner]).astype(np.int32)
    representative = items.representative_point().to_numpy()
    township = _township_positions(region, representative)
    order = {name: i for i, name in enumerate(region.townships().index)}
    for i, name in enumerate(items["township"]):
        township[i] = order.get(name, township[i]) if isinstance(name, str) else township[i]
    ids = np.append(region.townships().index.astype(str).to_numpy(dtype=object), pd.NA)
    demand = Demand(
        rule_class=str(rule.rule_class),
        items=items.assign(township=pd.array(ids[township], dtype="string")),
        item=all_items,
        cell=np.concatenate([*cell, np.full(len(lost), -1), region.cell_of(points)]).astype(int),
        part=np.zeros(len(all_items), dtype=np.int32),
        weight=np.concatenate([*weight, np.ones(len(lost)), 1.0 / number[owner]]),
        township=township[all_items],
        centre=_centres(region, rule, items),
    )
    return _sorted(demand)


def _centres(region: Region, rule: Rule, items: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Place of each village's committee, or of each item."""
    points = items.representative_point()
    places = np.column_stack([points.x, points.y])
    listed = region.layer(VILLAGE_POINTS) if rule.layer == "villages" else None
    if listed is None or listed.empty:
        return places
    committees = listed[listed["kind"] == "committee"].drop_duplicates("village_id")
    found = committees.set_index(committees["village_id"].astype(str)).geometry
    found = found.reindex(items.index.astype(str))
    known = found.notna().to_numpy()
    places[known] = np.column_stack([found[known].x, found[known].y])
    return places


def _own_points(
    region: Region, rule: Rule, items: gpd.GeoDataFrame, positions: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """
    Points of items, and the item of each: those of a multipoint, the layer of village points besides.

    The item's own point is its committee, unless the layer names one.
    """
    own = items.geometry.iloc[positions]
    flat = shapely.area(own.to_numpy()) == 0.0
    lines = own.geom_type.isin(["LineString", "MultiLineString"]).to_numpy() & flat
    geometry = own.where(~lines, own.representative_point())
    points, index = shapely.get_parts(geometry.to_numpy(), return_index=True)
    owner = positions[index]
    listed = region.layer(VILLAGE_POINTS) if rule.layer == "villages" else None
    if listed is None or listed.empty:
        return points, owner
    place = {str(name): i for i, name in enumerate(items.index)}
    village = np.array([place.get(str(name), -1) for name in listed["village_id"]])
    committee = village[(listed["kind"] == "committee").to_numpy(dtype=bool)]
    kept = ~np.isin(owner, committee)
    known = village >= 0
    return (
        np.concatenate([points[kept], listed.geometry.to_numpy()[known]]),
        np.concatenate([owner[kept], village[known]]),
    )


def _sorted(demand: Demand) -> Demand:
    """Order the samples by item, and within an item as they came."""
    order = np.argsort(demand.item, kind="stable")
    return replace(
        demand,
        item=demand.item[order],
        cell=demand.cell[order],
        part=demand.part[order],
        weight=demand.weight[order],
        township=demand.township[order],
    )


def _area_demand(region: Region, rows: gpd.GeoDataFrame, items: gpd.GeoDataFrame) -> Demand:
    """Split each polygon among the townships, then every piece into exact fractions of cells."""
    townships = region.townships()
    polygons = townships.geometry.to_numpy()
    pieces: list[tuple[int, int, shapely.Geometry]] = []
    tree = shapely.STRtree(polygons)
    for i, geometry in enumerate(rows.geometry.to_numpy()):
        area = shapely.intersection(geometry, region.boundary)
        rest = area
        for township in np.sort(tree.query(area, predicate="intersects")):
            pieces.append((i, int(township), shapely.intersection(rest, polygons[township])))
            rest = shapely.difference(rest, polygons[township])
        pieces.append((i, -1, rest))
    pieces = [piece for piece in pieces if shapely.area(piece[2]) > 0.0]
    if not pieces:
        return _no_samples("area", items)
    frame = gpd.GeoDataFrame(geometry=[_polygonal(piece[2]) for piece in pieces], crs=region.crs)
    parts = exact_extract(
        _cell_source(region), frame, ["values", "coverage"], output="pandas", progress=False
    )
    counts = np.array([len(values) for values in parts["values"]])
    owner = np.repeat(np.arange(len(pieces)), counts)
    cell = np.concatenate(parts["values"].to_numpy()).astype(np.int64)
    weight = np.concatenate(parts["coverage"].to_numpy()) * region.resolution_m**2
    piece_item = np.array([piece[0] for piece in pieces], dtype=np.int32)
    piece_township = np.array([piece[1] for piece in pieces], dtype=np.int32)
    demand = Demand(
        rule_class="area",
        items=items,
        item=piece_item[owner],
        cell=cell,
        part=np.zeros(len(cell), dtype=np.int32),
        weight=weight,
        township=piece_township[owner],
    )
    return _with_main_township(region, _without_empty_items(demand))


def _polygonal(geometry: shapely.Geometry) -> shapely.Geometry:
    """Area part of a geometry: an intersection may leave lines and points along shared edges."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.union_all(parts[shapely.area(parts) > 0.0])


def _road_demand(region: Region, rows: gpd.GeoDataFrame, items: gpd.GeoDataFrame) -> Demand:
    """Sample each line at half a cell; a sample stands for its share of the length."""
    del rows  # the items hold the lines of each road merged
    step = region.resolution_m / 2.0
    item: list[NDArray[np.int32]] = []
    part: list[NDArray[np.int32]] = []
    points: list[NDArray[np.object_]] = []
    weight: list[NDArray[np.float64]] = []
    for i, geometry in enumerate(items.geometry.to_numpy()):
        for line in shapely.get_parts(geometry):
            if line.length == 0.0:
                continue
            count = max(int(np.ceil(line.length / step)), 1)
            share = line.length / count
            along = (np.arange(count) + 0.5) * share
            part.append(np.full(count, len(points), dtype=np.int32))
            points.append(shapely.line_interpolate_point(line, along))
            item.append(np.full(count, i, dtype=np.int32))
            weight.append(np.full(count, share))
    if not points:
        return _no_samples("road", items)
    place = np.concatenate(points)
    demand = Demand(
        rule_class="road",
        items=items,
        item=np.concatenate(item),
        cell=region.cell_of(place),
        part=np.concatenate(part),
        weight=np.concatenate(weight),
        township=_township_positions(region, place),
    )
    return _with_main_township(region, _without_empty_items(demand))


def _without_empty_items(demand: Demand) -> Demand:
    """Leave out items of which nothing lies inside the boundary: there is nothing to cover."""
    kept = np.unique(demand.item)
    position = np.full(len(demand.items), -1, dtype=np.int32)
    position[kept] = np.arange(len(kept), dtype=np.int32)
    return replace(demand, items=demand.items.iloc[kept], item=position[demand.item])


def _with_main_township(region: Region, demand: Demand) -> Demand:
    """Name for each item the township that holds most of it."""
    ids = region.townships().index
    shares = pd.DataFrame(
        {"item": demand.item, "township": demand.township, "weight": demand.weight}
    )
    total = shares[shares["township"] >= 0].groupby(["item", "township"])["weight"].sum()
    main = total.reset_index().sort_values(["weight", "township"], ascending=[False, True])
    main = main.drop_duplicates("item").set_index("item")["township"]
    names = pd.Series(pd.NA, index=demand.items.index, dtype="string")
    names.iloc[main.index.to_numpy()] = ids[main.to_numpy()].astype(str)
    return replace(demand, items=demand.items.assign(township=names))


def _no_samples(rule_class: str, items: gpd.GeoDataFrame) -> Demand:
    return Demand(
        rule_class=rule_class,
        items=items.iloc[:0],
        item=np.zeros(0, dtype=np.int32),
        cell=np.zeros(0, dtype=np.int64),
        part=np.zeros(0, dtype=np.int32),
        weight=np.zeros(0),
        township=np.zeros(0, dtype=np.int32),
    )
