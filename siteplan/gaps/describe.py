"""What a gap is called, how large and deep it is, why it is there and what would close it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import shapely

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.gaps.cause import MOST, Finding, find_cause, find_remedy, no_stations, spread
from siteplan.gaps.view import Surroundings
from siteplan.gaps.words import DATA_MISSING, INTERFERENCE
from siteplan.targets import NOT_KNOWN
from siteplan.targets.operators import of_operator
from siteplan.units import CENTI, METRES_PER_KM

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from siteplan.coverage.network import Coverage
    from siteplan.gaps.groups import Members
    from siteplan.region import Region

VILLAGE_NEAR_M: Final = 5000.0
"""A village this near lends its name to a gap. [m]"""


@dataclass(frozen=True, slots=True)
class Places:
    """
    Stations of one technology, and of one operator where each must cover.

    Attributes
    ----------
    technology : str
        The technology.
    standing, candidates, excluded : Surroundings
        Those in service, those that may be added, those that may not.
    """

    technology: str
    standing: Surroundings
    candidates: Surroundings
    excluded: Surroundings

    @classmethod
    def of(
        cls,
        region: Region,
        in_service: pd.DataFrame,
        candidates: pd.DataFrame | None,
        technology: str,
        operator: str,
    ) -> Places:
        """
        Sort the stations of a technology.

        Parameters
        ----------
        region : Region
            The region.
        in_service, candidates : DataFrame
            Stations of all technologies; candidates with ``allowed``.
        technology, operator : str
            Whose; "" stands for all operators.

        Returns
        -------
        places : Places
            Candidates in service already are passed over.
        """
        own = of_operator(in_service, operator)
        standing = in_service[own & (in_service["technology"] == technology)]
        if candidates is None or candidates.empty:
            offered = closed = no_stations()
        else:
            mine = candidates[of_operator(candidates, operator)]
            mine = mine[mine["technology"] == technology]
            offered = mine[~mine.index.isin(standing.index) & mine["allowed"].to_numpy(dtype=bool)]
            closed = mine[~mine["allowed"].to_numpy(dtype=bool)]
        return cls(
            technology,
            Surroundings(region, standing),
            Surroundings(region, offered),
            Surroundings(region, closed),
        )


def describe(
    region: Region,
    members: Members,
    signal: Coverage,
    places: Places,
) -> dict[str, object]:
    """
    Tell a gap's name, size, depth, cause and remedy.

    Parameters
    ----------
    region : Region
        With villages and townships.
    members : Members
        Its samples.
    signal : Coverage
        Signal of the network.
    places : Places
        Stations around.

    Returns
    -------
    row : dict
        Columns of :func:`siteplan.gaps.find_gaps` that concern the gap alone, and its geometry.
    """
    demand, samples = members.demand, members.samples
    weight = demand.weight[samples]
    items = np.unique(demand.item[samples])
    rows = demand.items.iloc[items]
    share = np.bincount(demand.item[samples], weights=weight, minlength=len(demand.items))[items]
    main = rows.iloc[int(np.argmax(share))]
    cells = demand.cell[samples]
    level = signal.rsrp_cdbm.reshape(-1)[np.maximum(cells, 0)].astype(np.int64)
    heard = (level > UNKNOWN_SIGNAL) & (cells >= 0)
    short = members.definition.rsrp_dbm - level[heard] / CENTI
    geometry = _geometry(region, members)
    centre = geometry.representative_point()
    finding = _finding(members, short, heard, places)
    townships = region.townships().index
    of = demand.township[samples]
    known = of[of >= 0]
    main_township = (
        pd.NA
        if known.size == 0
        else str(townships[int(np.argmax(np.bincount(known, weights=weight[of >= 0])))])
    )
    name = str(main["name"])
    if len(items) > 1:
        name += f" +{len(items) - 1}"
    elif demand.rule_class in {"area", "road"}:
        name = _placed(region, name, centre, main_township)
    population = rows["population"].astype("float64")
    return {
        "name": name,
        "township": main_township,
        "cause": finding.cause,
        "size": float(weight.sum()),
        "unit": {"area": "m2", "road": "m"}.get(demand.rule_class, "points"),
        "items": len(items),
        "people": float(population.sum()) if population.notna().all() else np.nan,
        "depth_db": float(np.median(np.maximum(short, 0.0))) if heard.any() else np.nan,
        "station_km": places.standing.distance_m(centre.x, centre.y) / METRES_PER_KM,
        "station_id": finding.station if finding.station is not None else pd.NA,
        "ridge_m": finding.ridge_m,
        **_ridge_place(region, finding.ridge_cell),
        "remedy": finding.remedy,
        "remedy_site": finding.remedy_site if finding.remedy_site is not None else pd.NA,
        "hindrance": finding.hindrance,
        "geometry": geometry,
    }


def _ridge_place(region: Region, cell: int) -> dict[str, float]:
    """Middle of the cell of an obstacle."""
    if cell < 0:
        return {"ridge_easting_m": np.nan, "ridge_northing_m": np.nan}
    row, column = divmod(cell, region.geobox.shape[1])
    box, step = region.geobox.extent.boundingbox, region.resolution_m
    return {
        "ridge_easting_m": box.left + (column + 0.5) * step,
        "ridge_northing_m": box.top - (row + 0.5) * step,
    }


def _placed(region: Region, name: str, centre: shapely.Point, township: object) -> str:
    """
    Name of a part of a zone or road: with the village nearest to it, or its township.

    A gap in the whole region is named by its place alone.
    """
    info = region.scenario.region
    whole = name in {info.name, info.code, info.name_en}
    villages = region.layer("villages")
    place = ""
    if villages is not None and len(villages):
        distance = villages.distance(centre)
        nearest = distance.idxmin()
        if distance.loc[nearest] <= VILLAGE_NEAR_M:
            place = str(villages.loc[nearest, "name"])
    given = region.layer("townships") is not None
    if given and isinstance(township, str) and (whole or not place):
        place = f"{region.townships().loc[township, 'name']} {place}".strip()
    if not place or place == name:
        return name
    return place if whole else f"{name} ({place})"


def _finding(
    members: Members,
    short: NDArray[np.float64],
    heard: NDArray[np.bool_],
    places: Places,
) -> Finding:
    """Cause and remedy, from the states and levels of all samples and the views of some."""
    definition = members.definition
    cells = spread(members.demand.cell[members.samples])
    if (members.states == NOT_KNOWN).mean() > MOST:
        finding = Finding(cause=DATA_MISSING)
    elif heard.any() and definition.sinr_db is not None and np.median(short) <= 0.0:
        finding = Finding(cause=INTERFERENCE)
    else:
        finding = find_cause(
            places.standing, cells, definition.rsrp_dbm, technology=places.technology
        )
    return find_remedy(
        finding,
        places.standing,
        places.candidates,
        places.excluded,
        cells,
        definition.rsrp_dbm,
    )


def _geometry(region: Region, members: Members) -> BaseGeometry:
    """Outline of the cells, or the points."""
    demand, samples = members.demand, members.samples
    if demand.rule_class not in {"area", "road"}:
        points = demand.items.geometry.iloc[demand.item[samples]].representative_point()
        return shapely.union_all(points.to_numpy())
    cells = np.unique(demand.cell[samples])
    row, column = np.divmod(cells[cells >= 0], region.geobox.shape[1])
    box, step = region.geobox.extent.boundingbox, region.resolution_m
    west, north = box.left + column * step, box.top - row * step
    return shapely.union_all(shapely.box(west, north - step, west + step, north))
