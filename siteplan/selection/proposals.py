"""
New candidate sites where no given candidate reaches: high ground and roadsides, the best first.

Every block of the land offers its highest cell, and roads offer a place at each spacing. Of these the
places are kept that reach most demand that nothing else reaches, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count, islice
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage

from siteplan import catalog, schema
from siteplan.coverage.stations import station_table
from siteplan.selection.blocks import build_problem
from siteplan.selection.candidates import candidate_stations
from siteplan.selection.signals import signal_matrix
from siteplan.targets import UNCOVERED
from siteplan.units import CENTI, METRES_PER_KM

if TYPE_CHECKING:
    from collections.abc import Mapping

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from siteplan.catalog import Rule
    from siteplan.coverage.cluster import Share
    from siteplan.demand import Demand
    from siteplan.region import Region
    from siteplan.scenario import Network
    from siteplan.targets import Evaluation

PROPOSED: Final = "proposed"
"""Origin of the sites made here."""

KIND: Final = "new"
HILL_ZH: Final = "高地"
ROAD_ZH: Final = "道路旁"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wanted:
    """
    Demand that nothing reaches.

    Attributes
    ----------
    cell : ndarray of int64, shape (n,)
        Flat cells, ascending, each once.
    weight : ndarray of float64, shape (n,)
        What reaching a cell is worth.
    needed_dbm : ndarray of float64, shape (n,)
        Weakest level that counts there. [dBm]
    """

    cell: NDArray[np.int64]
    weight: NDArray[np.float64]
    needed_dbm: NDArray[np.float64]


def propose_sites(
    region: Region, wanted: Wanted, network: Network, *, spacing_m: float
) -> gpd.GeoDataFrame:
    """
    Propose new sites for demand that no candidate reaches.

    Parameters
    ----------
    region : Region
        Terrain, zones, roads, sites.
    wanted : Wanted
        What must be reached.
    network : Network
        Whose macro equipment is to stand there.
    spacing_m : float
        Smallest distance between two proposed sites, and from one to any other site. [m]

    Returns
    -------
    sites : GeoDataFrame
        Rows for the sites of the region, indexed by ``N0001`` and so on in the order of worth: ``kind`` is
        ``new``, ``status`` ``candidate``, ``origin`` ``proposed``, and the name says why it is there.
        Empty when nothing useful is found.
    """
    places = _places(region, wanted, spacing_m)
    if network.macro is None or places.empty or wanted.cell.size == 0:
        return _sites(region, places.iloc[:0])
    trial = _sites(region, places)
    stations = pd.DataFrame(
        {
            "site_id": trial.index,
            "operator": network.operator,
            "technology": network.technology,
            "equipment": network.macro,
        },
        index=trial.index,
    )
    with_trial = with_sites(region, trial)
    signal = signal_matrix(
        with_trial,
        station_table(with_trial, stations),
        wanted.cell,
        floor_dbm=float(wanted.needed_dbm.min()),
        label="new sites",
    )
    signal.data = (signal.data >= wanted.needed_dbm[signal.indices] * CENTI).astype(np.int16)
    signal.eliminate_zeros()
    east_north = np.column_stack([trial.geometry.x, trial.geometry.y])
    by_road = places["road_m"].to_numpy() <= region.scenario.candidates.propose_road_m
    kept = _greedy(signal, wanted.weight, east_north, by_road, spacing_m)
    return _sites(region, places.iloc[kept])


def propose_missing(
    region: Region,
    demands: Mapping[str, Demand],
    today: Evaluation,
    today_stations: pd.DataFrame,
    *,
    share: Share | None = None,
) -> Region:
    """
    Region with new sites for the needs that no candidate can meet, when the scenario asks for them.

    Parameters
    ----------
    region : Region
        With scenario and candidates.
    demands : mapping of str to Demand
        By rule id.
    today : Evaluation
        What today's network covers.
    today_stations : DataFrame
        Stations in service.
    share : callable, optional
        Computes chunks of stations elsewhere, see :mod:`siteplan.coverage.cluster`.

    Returns
    -------
    region : Region
        The same when the scenario proposes none, or nothing is out of reach.
    """
    spacing_m = region.scenario.candidates.propose_spacing_m
    if spacing_m is None:
        return region
    candidates = candidate_stations(region)
    if candidates.empty:
        items = {(rule_id, "") for rule_id in demands}
    else:
        _, shortfalls = build_problem(
            region, demands, today, today_stations, candidates, share=share
        )
        items = {(need.rule_id, need.item_id) for need in shortfalls if need.rule_id in demands}
    missing = {rule_id for rule_id, _ in items}
    seen: set[str] = set()
    for network in region.scenario.networks:
        if not network.build or network.macro is None:
            continue
        # where any operator will do, the first network of the technology proposes for all
        first = network.technology not in seen
        seen.add(network.technology)
        wanted = []
        for rule in region.document.rules:
            each = region.scenario.operators_of(rule) if rule.id in missing else ()
            asked = network.operator in each if each else first
            if (
                rule.id in missing
                and rule.strict
                and rule.technology == network.technology
                and asked
            ):
                operator = network.operator if each else ""
                wanted.append(_wanted(region, rule, demands[rule.id], today, items, operator))
        if wanted:
            sites = propose_sites(region, _together(wanted), network, spacing_m=spacing_m)
            region = with_sites(region, sites)
    return region


def _wanted(
    region: Region,
    rule: Rule,
    demand: Demand,
    today: Evaluation,
    items: set[tuple[str, str]],
    operator: str,
) -> Wanted:
    """Uncovered cells of a rule, of the items out of reach only, with the margin of the plan."""
    year = region.scenario.targets.years[-1]
    states = today.networks[rule.id, year][operator].states
    missed = (states <= UNCOVERED) & (demand.cell >= 0)
    if (rule.id, "") not in items:
        out = [(rule.id, str(name)) in items for name in demand.items.index]
        missed &= np.array(out, dtype=bool)[demand.item]
    cell, where = np.unique(demand.cell[missed], return_inverse=True)
    weight = np.bincount(where, weights=demand.weight[missed], minlength=len(cell))
    needed = region.scenario.definition(rule)[1].rsrp_dbm + region.scenario.targets.margin_db
    # shares of the rule, so that metres and square metres can be added up
    return Wanted(
        cell=cell,
        weight=weight / demand.weight.sum(),
        needed_dbm=np.full(len(cell), needed),
    )


def _together(wanted: list[Wanted]) -> Wanted:
    """Cells of several rules, each once: weights add up, the strictest level counts."""
    cells = np.concatenate([part.cell for part in wanted])
    cell, where = np.unique(cells, return_inverse=True)
    needed = np.full(len(cell), -np.inf)
    np.maximum.at(needed, where, np.concatenate([part.needed_dbm for part in wanted]))
    weights = np.concatenate([part.weight for part in wanted])
    weight = np.bincount(where, weights=weights, minlength=len(cell)).astype(np.float64)
    return Wanted(cell=cell, weight=weight, needed_dbm=needed)


def with_sites(region: Region, sites: gpd.GeoDataFrame) -> Region:
    """
    Region with more sites.

    Parameters
    ----------
    region : Region
        The region.
    sites : GeoDataFrame
        From :func:`propose_sites`.

    Returns
    -------
    region : Region
        The same, these sites at the end of its own.
    """
    if sites.empty:
        return region
    both = sites if region.sites.empty else pd.concat([region.sites, sites])
    return replace(region, sites=gpd.GeoDataFrame(both, crs=region.crs))


def _places(region: Region, wanted: Wanted, spacing_m: float) -> pd.DataFrame:
    """High cells and roadsides within reach of what is wanted, where building is allowed."""
    rows, columns = region.geobox.shape
    mask = np.ones(rows * columns, dtype=bool)
    mask[wanted.cell] = False
    reach = region.scenario.radio.radius_m / region.resolution_m
    near = ndimage.distance_transform_edt(mask.reshape(rows, columns)) <= reach
    hills, roadsides = (find(region, near, spacing_m) for find in (_hilltops, _roadsides))
    cells = np.union1d(hills, roadsides)
    frame = pd.DataFrame({"cell": cells, "hill": np.isin(cells, hills)})
    points = _points(region, cells)
    allowed = shapely.intersects(points, region.boundary)
    allowed &= ~shapely.intersects(points, _hard_zones(region))
    if len(region.sites):
        tree = shapely.STRtree(region.sites.geometry.to_numpy())
        close, _ = tree.query(points, predicate="dwithin", distance=spacing_m)
        allowed[np.unique(close)] = False
    frame = frame.assign(road_m=_to_road(region, points))
    return frame[allowed].reset_index(drop=True)


def _to_road(region: Region, points: NDArray[np.object_]) -> NDArray[np.float64]:
    """Distance to the nearest road, NaN without any. [m]."""
    roads = region.layer("roads")
    if roads is None or roads.empty or len(points) == 0:
        return np.full(len(points), np.nan)
    tree = shapely.STRtree(roads.geometry.to_numpy())
    (order, _), distance = tree.query_nearest(points, return_distance=True, all_matches=False)
    found = np.full(len(points), np.nan)
    found[order] = distance
    return found


def _hilltops(region: Region, near: NDArray[np.bool_], spacing_m: float) -> NDArray[np.int64]:
    """Flat cell of the highest ground in each block of half a spacing."""
    rows, columns = region.geobox.shape
    side = max(round(spacing_m / 2.0 / region.resolution_m), 1)
    block = (np.arange(rows) // side)[:, None] * (columns // side + 1) + np.arange(columns) // side
    height = np.where(near & ~np.isnan(region.terrain_m), region.terrain_m, -np.inf).reshape(-1)
    order = np.lexsort((np.arange(height.size), -height, block.reshape(-1)))
    first = np.r_[True, np.diff(block.reshape(-1)[order]) != 0]
    top = order[first]
    return np.asarray(top[np.isfinite(height[top])], dtype=np.int64)


def _roadsides(region: Region, near: NDArray[np.bool_], spacing_m: float) -> NDArray[np.int64]:
    """Flat cells along roads, a spacing apart."""
    roads = region.layer("roads")
    if roads is None or roads.empty:
        return np.zeros(0, dtype=np.int64)
    points = []
    for line in shapely.get_parts(roads.geometry.to_numpy()):
        number = max(int(line.length // spacing_m), 1)
        along = (np.arange(number) + 0.5) * line.length / number
        points.append(shapely.line_interpolate_point(line, along))
    cells = np.unique(region.cell_of(np.concatenate(points)))
    cells = cells[cells >= 0]
    return np.asarray(cells[near.reshape(-1)[cells]], dtype=np.int64)


def _points(region: Region, cells: NDArray[np.int64]) -> NDArray[np.object_]:
    row, column = np.divmod(cells, region.geobox.shape[1])
    box, step = region.geobox.extent.boundingbox, region.resolution_m
    east, north = box.left + (column + 0.5) * step, box.top - (row + 0.5) * step
    return np.asarray(shapely.points(east, north))


def _hard_zones(region: Region) -> shapely.Geometry:
    zones = region.layer("zones")
    if zones is None or "severity" not in zones:
        return shapely.Polygon()
    hard = zones["kind"].eq("exclusion") & zones["severity"].eq("hard").fillna(value=False)
    return shapely.union_all(zones.geometry.to_numpy()[hard.to_numpy(dtype=bool)])


def _greedy(
    signal: sp.csr_array,
    weight: NDArray[np.float64],
    places: NDArray[np.float64],
    by_road: NDArray[np.bool_],
    spacing_m: float,
) -> list[int]:
    """
    Places one after the other by what they add, none nearer to another than the spacing.

    Those far from every road come only for what the others leave.
    """
    reach = signal.astype(np.float64)
    open_weight = weight.copy()
    allowed = np.ones(len(places), dtype=bool)
    kept: list[int] = []
    while len(places):
        gain = np.where(allowed, reach @ open_weight, 0.0)
        near = np.where(by_road, gain, 0.0)
        gain = near if near.max() > 0.0 else gain
        best = int(np.argmax(gain))
        if gain[best] <= 0.0:
            break
        kept.append(best)
        open_weight[reach.indices[reach.indptr[best] : reach.indptr[best + 1]]] = 0.0
        allowed &= np.hypot(*(places - places[best]).T) >= spacing_m
    return kept


def _sites(region: Region, places: pd.DataFrame) -> gpd.GeoDataFrame:
    """Rows for the sites of the region."""
    dtypes = {"text": "string", "category": "string", "number": "float64"}
    dtypes |= {"integer": "Int64", "flag": "boolean"}
    taken = set(region.sites.index.astype(str))
    free = (name for i in count(1) if (name := f"N{i:04d}") not in taken)
    index = pd.Index(list(islice(free, len(places))), name="id", dtype="object")
    columns = {c.name: dtypes[c.kind] for c in schema.TABLES["sites"].columns if c.name != "id"}
    frame = pd.DataFrame(index=index, columns=list(columns), dtype="float64").astype(columns)
    why = [
        ROAD_ZH
        if not hill
        else HILL_ZH
        if np.isnan(road)
        else f"{HILL_ZH}（距道路{road / METRES_PER_KM:.1f} km）"
        for hill, road in zip(places["hill"], places["road_m"], strict=True)
    ]
    frame = frame.assign(
        name=pd.array([f"拟新建 {text}" for text in why], dtype="string"),
        kind=pd.array([KIND] * len(places), dtype="string"),
        status=pd.array(["candidate"] * len(places), dtype="string"),
        origin=pd.array([PROPOSED] * len(places), dtype="string"),
        antenna_height_m=catalog.structures()[KIND].antenna_height_m,
    )
    points = _points(region, places["cell"].to_numpy(dtype=np.int64))
    return gpd.GeoDataFrame(frame, geometry=points, crs=region.crs)
