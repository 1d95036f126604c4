"""
Why a gap is a gap, and what would close it.

The cause is computed on some cells of the gap and decided by most of them: what the stations around would
deliver with a free view tells distance from shadow; the profile tells ground from buildings; another
carrier on the same sites tells a band that is too weak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from siteplan import catalog
from siteplan.gaps.words import (
    ADD_CARRIER,
    BUILDINGS,
    COMPLETE_DATA,
    DATA_MISSING,
    EXCLUDED,
    INTERFERENCE,
    NEW_SITE,
    NO_CANDIDATE,
    NO_NETWORK,
    RAISE_OR_RETILT,
    SHADOW,
    TOO_FAR,
    USE_CANDIDATE,
    WEAK,
    WEAK_CARRIER,
)
from siteplan.propagation.obstruction import CLEAR, GROUND, VOID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.gaps.view import Surroundings, View

CELLS: Final = 9
"""Cells of a gap that are looked at, spread over it."""

MOST: Final = 0.5
"""Share of the cells that decides."""

NEAR_CELL: Final = 4
"""Candidates looked at around each of these cells, besides those around the middle."""

RAISE_LIMIT_M: Final = 10.0
"""An antenna is not raised by more than this. [m]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    Why a gap is a gap, and what would close it.

    Attributes
    ----------
    cause : str
        One of :data:`siteplan.gaps.CAUSE_ZH`.
    station : str or None
        Station that would serve the gap but for the cause.
    ridge_cell : int
        Flat cell of the obstacle between that station and the gap, -1 for none.
    ridge_m : float
        Its height above the line of sight, NaN for none. [m]
    remedy : str
        One of :data:`siteplan.gaps.REMEDY_ZH`.
    remedy_site : str or None
        Site where the remedy applies; several, joined by ``;``, where one does not reach most of the gap.
    hindrance : str
        Why no candidate helps: one of :data:`siteplan.gaps.HINDRANCE_ZH`, or empty.
    """

    cause: str
    station: str | None = None
    ridge_cell: int = -1
    ridge_m: float = float("nan")
    remedy: str = NEW_SITE
    remedy_site: str | None = None
    hindrance: str = ""


def spread(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Choose some of the cells of a gap, spread over it.

    Parameters
    ----------
    cells : ndarray of int64
        Flat cells; negative ones lie outside the grid.

    Returns
    -------
    chosen : ndarray of int64
        At most `CELLS` different ones, inside the grid.

    Examples
    --------
    >>> spread(np.arange(100)).tolist()
    [5, 16, 27, 38, 50, 61, 72, 83, 94]
    """
    inside = np.unique(cells[cells >= 0])
    if len(inside) <= CELLS:
        return inside
    steps = (np.arange(CELLS) + 0.5) * len(inside) / CELLS
    return np.asarray(inside[steps.astype(int)])


def find_cause(
    around: Surroundings, cells: NDArray[np.int64], needed_dbm: float, *, technology: str
) -> Finding:
    """
    Why the level is too low at some cells.

    Parameters
    ----------
    around : Surroundings
        Stations of the technology in service.
    cells : ndarray of int64
        Flat cells of the gap, from :func:`spread`.
    needed_dbm : float
        Weakest level that counts. [dBm]
    technology : str
        Technology that is missing.

    Returns
    -------
    finding : Finding
        Cause, station and ridge; no remedy yet.
    """
    if around.tree is None:
        return Finding(cause=NO_NETWORK)
    if cells.size == 0:
        return Finding(cause=DATA_MISSING)
    views = _views(around, cells)
    strong = np.array([view.free_dbm >= needed_dbm for view in views], dtype=bool)
    if not views or (~strong.any(axis=0)).mean() > MOST:
        return _too_weak(around, views, cells, needed_dbm, technology)
    return _in_reach(around, views, strong)


def _in_reach(around: Surroundings, views: list[View], strong: NDArray[np.bool_]) -> Finding:
    """Tell what keeps back stations that would serve the gap with a free view."""
    names = around.stations.index.astype(str)
    seen = np.array([view.kind == CLEAR for view in views]) & strong
    if seen.any(axis=0).mean() > MOST:
        most = int(np.argmax(seen.sum(axis=1)))
        return Finding(cause=WEAK, station=names[views[most].position])
    best = _best_view(views, strong)
    name = names[best.position]
    if (best.kind == VOID).mean() > MOST:
        return Finding(cause=DATA_MISSING, station=name)
    hidden = np.flatnonzero((best.kind != CLEAR) & (best.kind != VOID))
    if hidden.size == 0:
        return Finding(cause=WEAK, station=name)
    middle = hidden[np.argsort(best.excess_m[hidden], kind="stable")[len(hidden) // 2]]
    ground = (best.kind[hidden] == GROUND).mean() >= MOST
    return Finding(
        cause=SHADOW if ground else BUILDINGS,
        station=name,
        ridge_cell=int(best.obstacle[middle]),
        ridge_m=float(best.excess_m[middle]),
    )


def find_remedy(
    finding: Finding,
    around: Surroundings,
    candidates: Surroundings,
    excluded: Surroundings,
    cells: NDArray[np.int64],
    needed_dbm: float,
) -> Finding:
    """
    Add what would close the gap: the least that would do.

    Parameters
    ----------
    finding : Finding
        From :func:`find_cause`.
    around : Surroundings
        Stations of the technology in service.
    candidates : Surroundings
        Stations that may be added, with ``reuse``.
    excluded : Surroundings
        Stations that could be added but for an exclusion zone or an unavailable site.
    cells : ndarray of int64
        Flat cells of the gap, from :func:`spread`.
    needed_dbm : float
        Weakest level that counts. [dBm]

    Returns
    -------
    finding : Finding
        With remedy, site and hindrance.
    """
    if finding.cause == DATA_MISSING:
        return _with(finding, COMPLETE_DATA)
    if finding.cause in {WEAK_CARRIER, INTERFERENCE, WEAK}:
        remedy = ADD_CARRIER if finding.cause == WEAK_CARRIER else RAISE_OR_RETILT
        site = None if finding.station is None else _site(around, finding.station)
        return _with(finding, remedy, site)
    reach = _Reach.of(candidates, cells, needed_dbm)
    if standing := reach.sites(existing=True):
        return _with(finding, ADD_CARRIER, standing)
    if finding.cause in {SHADOW, BUILDINGS} and finding.station is not None:
        position = int(np.flatnonzero(around.stations.index == finding.station)[0])
        view = around.view(position, cells)
        if np.median(view.raise_m) <= RAISE_LIMIT_M:
            return _with(finding, RAISE_OR_RETILT, _site(around, finding.station))
    if enough := reach.sites() or _Reach.along(candidates, cells, needed_dbm).sites():
        return _with(finding, USE_CANDIDATE, enough)
    hindrance = EXCLUDED if _Reach.of(excluded, cells, needed_dbm).sites() else NO_CANDIDATE
    return _with(finding, NEW_SITE, hindrance=hindrance)


def _with(
    finding: Finding, remedy: str, site: str | None = None, *, hindrance: str = ""
) -> Finding:
    return Finding(
        cause=finding.cause,
        station=finding.station,
        ridge_cell=finding.ridge_cell,
        ridge_m=finding.ridge_m,
        remedy=remedy,
        remedy_site=site,
        hindrance=hindrance,
    )


def _site(around: Surroundings, station: str) -> str:
    return str(around.stations.loc[station, "site_id"])


def _views(around: Surroundings, cells: NDArray[np.int64]) -> list[View]:
    """Look at the cells from the stations near the middle one."""
    return [around.view(int(position), cells) for position in _near_cells(around, cells)]


def _near_cells(around: Surroundings, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the stations near the middle of some cells, the nearest first."""
    region = around.region
    columns = region.geobox.shape[1]
    row, column = np.divmod(cells, columns)
    box, step = region.geobox.extent.boundingbox, region.resolution_m
    easting = box.left + (np.median(column) + 0.5) * step
    northing = box.top - (np.median(row) + 0.5) * step
    reach = region.scenario.radio.radius_m + step * float(np.ptp(row) + np.ptp(column)) / 2.0
    return around.near(easting, northing, radius_m=reach)


def _best_view(views: list[View], strong: NDArray[np.bool_]) -> View:
    """View of the station that would serve most cells with a free view, the strongest of them."""
    level = [np.maximum(view.free_dbm, -200.0).mean() for view in views]
    rank = sorted(range(len(views)), key=lambda i: (-int(strong[i].sum()), -float(level[i])))
    return views[rank[0]]


def _too_weak(
    around: Surroundings,
    views: list[View],
    cells: NDArray[np.int64],
    needed_dbm: float,
    technology: str,
) -> Finding:
    """Tell a band or power that is too weak from a distance that is too long for any."""
    for view in views:
        standing = around.stations.iloc[view.position]
        own = catalog.equipment()[str(standing["equipment"])]
        others = sorted(
            name
            for name, gear in catalog.equipment().items()
            if gear.scale == own.scale
            and catalog.carriers()[gear.carrier].technology == technology
            and gear.carrier != own.carrier
        )
        for name in others:
            if around.view(view.position, cells, name).serves(needed_dbm).mean() > MOST:
                station = str(around.stations.index[view.position])
                return Finding(cause=WEAK_CARRIER, station=station)
    return Finding(cause=TOO_FAR)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Which sites that may be used would serve which cells of a gap."""

    served: NDArray[np.bool_]
    names: list[str]
    existing: NDArray[np.bool_]

    @classmethod
    def of(cls, candidates: Surroundings, cells: NDArray[np.int64], needed_dbm: float) -> _Reach:
        """Look from the stations near the middle of the gap."""
        near = np.zeros(0, dtype=np.int64)
        if candidates.tree is not None and cells.size:
            near = _near_cells(candidates, cells)
        return cls._from(candidates, near, cells, needed_dbm)

    @classmethod
    def along(cls, candidates: Surroundings, cells: NDArray[np.int64], needed_dbm: float) -> _Reach:
        """Look from the stations near each cell: a long gap has different ones along it."""
        near = [np.zeros(0, dtype=np.int64)]
        if candidates.tree is not None and cells.size > 1:
            near = [
                _near_cells(candidates, cells[i : i + 1])[:NEAR_CELL] for i in range(len(cells))
            ]
        return cls._from(candidates, np.unique(np.concatenate(near)), cells, needed_dbm)

    @classmethod
    def _from(
        cls,
        candidates: Surroundings,
        near: NDArray[np.int64],
        cells: NDArray[np.int64],
        needed_dbm: float,
    ) -> _Reach:
        served = [candidates.view(int(i), cells).serves(needed_dbm) for i in near]
        rows = candidates.stations.iloc[near]
        reuse = rows["reuse"] if "reuse" in rows else pd.Series("", index=rows.index)
        return cls(
            np.array(served, dtype=bool).reshape(len(near), len(cells)),
            rows["site_id"].astype(str).tolist(),
            reuse.eq("existing").to_numpy(dtype=bool),
        )

    def sites(self, *, existing: bool = False) -> str | None:
        """Fewest sites, one after the other by what they add, that serve most of the cells."""
        served = self.served & (self.existing[:, None] | (not existing))
        if len(served) == 0 or served.any(axis=0).mean() <= MOST:
            return None
        chosen: list[str] = []
        missing = np.ones(served.shape[1], dtype=bool)
        while (~missing).mean() <= MOST:
            best = min(
                range(len(served)), key=lambda i: (-int((served[i] & missing).sum()), self.names[i])
            )
            chosen.append(self.names[best])
            missing &= ~served[best]
        return ";".join(chosen)


def no_stations() -> pd.DataFrame:
    """
    Table of stations without rows.

    Returns
    -------
    stations : DataFrame
        With the columns that :class:`siteplan.gaps.view.Surroundings` reads.
    """
    names = ["site_id", "equipment", "antenna_height_m", "cell", "reuse"]
    return pd.DataFrame({name: [] for name in names})
