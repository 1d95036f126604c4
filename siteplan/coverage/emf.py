"""
Screening for electromagnetic fields: how far around a station the public's limit may be exceeded.

A screening, not an assessment: the far field of the beam's maximum in free space, at the height of the
antenna. On the ground, off the beam and behind walls the field is weaker. Every distance is on the safe
side but for the duty factor, which is an assumption and printed as such.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan import catalog
from siteplan.coverage._beam import ANTENNA, AZIMUTH, HORIZONTAL, LEVEL, SAMPLES
from siteplan.coverage.budget import SUBCARRIERS_PER_BLOCK
from siteplan.coverage.cells import station_beams
from siteplan.units import db_to_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from siteplan.catalog import Equipment
    from siteplan.region import Region

POINT_COLUMNS = ("layer", "point_id", "name", "site_id", "distance_m", "screening_m")
"""Columns of :func:`points_within`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Screening:
    """
    Screening distances of a network, and the sensitive places within them.

    Attributes
    ----------
    stations : DataFrame
        As :func:`station_screening`.
    sites : DataFrame
        As :func:`site_screening`.
    points : DataFrame or None
        As :func:`points_within`; None when the region was given neither venues nor villages: unknown.
    duty : mapping of str to float
        Duty factors used, by technology: assumptions.
    share : float
        Share of the limit for a single project.
    """

    stations: pd.DataFrame
    sites: pd.DataFrame
    points: pd.DataFrame | None
    duty: Mapping[str, float] = field(default_factory=dict)
    share: float


def exposure_limit(frequency_mhz: ArrayLike) -> NDArray[np.float64]:
    """
    Limit of the public's exposure as equivalent plane wave power density.

    Parameters
    ----------
    frequency_mhz : array_like of float
        Frequency, 30 MHz to 300 GHz. [MHz]

    Returns
    -------
    limit_w_m2 : ndarray of float64, shape of the input
        Limit over any six minutes; NaN stays NaN. [W/m2]

    Raises
    ------
    ValueError
        For a frequency outside the bands of the catalogue.

    References
    ----------
    .. [1] GB 8702-2014, "Controlling limits for electromagnetic environment", Table 1.

    Examples
    --------
    >>> exposure_limit([900.0, 3500.0, 26_000.0]).round(3)
    array([0.4  , 0.467, 2.   ])
    """
    frequency = np.asarray(frequency_mhz, dtype=np.float64)
    limit = np.full(frequency.shape, np.nan)
    bands = catalog.exposure().bands
    outside = (frequency < bands[0].from_mhz) | (frequency > bands[-1].to_mhz)
    if outside.any():
        raise ValueError(
            f"frequency_mhz is {np.unique(frequency[outside])[:5]}: the limits cover "
            f"{bands[0].from_mhz:g} to {bands[-1].to_mhz:g} MHz"
        )
    for band in reversed(bands):  # the lower band has the last word on its upper end
        inside = (frequency >= band.from_mhz) & (frequency <= band.to_mhz)
        if band.mhz_per_w_m2 is not None:
            limit = np.where(inside, frequency / band.mhz_per_w_m2, limit)
        elif band.limit_w_m2 is not None:
            limit = np.where(inside, band.limit_w_m2, limit)
    return limit


def power_density(eirp_w: ArrayLike, distance_m: ArrayLike) -> NDArray[np.float64]:
    """
    Power density in the far field, in free space.

    Parameters
    ----------
    eirp_w : array_like of float
        Equivalent isotropic radiated power towards the point. [W]
    distance_m : array_like of float
        Distance, positive. [m]

    Returns
    -------
    density_w_m2 : ndarray of float64, broadcast shape of the inputs
        ``EIRP / (4 pi d^2)``. [W/m2]

    References
    ----------
    .. [1] Recommendation ITU-R P.525-4, "Calculation of free-space attenuation", Geneva, 2019, sec. 2.

    Examples
    --------
    >>> power_density(1000.0, [10.0, 100.0]).round(4)
    array([0.7958, 0.008 ])
    """
    distance = np.asarray(distance_m, dtype=np.float64)
    return np.asarray(eirp_w, dtype=np.float64) / (4.0 * math.pi * distance**2)


def screening_distance(
    eirp_w: ArrayLike, *, limit_w_m2: ArrayLike, duty: ArrayLike = 1.0, share: float = 1.0
) -> NDArray[np.float64]:
    """
    Distance beyond which a station alone stays below its part of the limit.

    Parameters
    ----------
    eirp_w : array_like of float
        Equivalent isotropic radiated power at full power, in the beam's maximum. [W]
    limit_w_m2 : array_like of float
        Limit at its frequency. [W/m2]
    duty : array_like of float
        Share of the full power, 0 to 1, on the average of six minutes.
    share : float
        Share of the limit that the station may take, above 0, at most 1.

    Returns
    -------
    distance_m : ndarray of float64, broadcast shape of the inputs
        ``sqrt(EIRP duty / (4 pi limit share))``. [m]

    Raises
    ------
    ValueError
        When duty or share is no share, or a power is negative or a limit not positive.

    References
    ----------
    .. [1] GB 8702-2014, Table 1; HJ/T 10.3-1996 for the share of a single project.

    Examples
    --------
    200 W and 24 dBi at 3.5 GHz: to the limit at full power and at a quarter, and to a single project's fifth:

    >>> eirp_w = 200.0 * 10.0**2.4
    >>> limit = exposure_limit(3500.0)
    >>> np.ceil(screening_distance(eirp_w, limit_w_m2=limit, duty=[1.0, 0.25]))
    array([93., 47.])
    >>> np.ceil(screening_distance(eirp_w, limit_w_m2=limit, duty=[1.0, 0.25], share=0.2))
    array([207., 104.])
    """
    factor = np.asarray(duty, dtype=np.float64)
    if not ((factor >= 0.0) & (factor <= 1.0)).all():
        raise ValueError(f"duty is {duty!r}: give shares from 0 to 1")
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share is {share}: give a share above 0, at most 1")
    limit = np.asarray(limit_w_m2, dtype=np.float64) * share
    power = np.asarray(eirp_w, dtype=np.float64) * factor
    if not (limit > 0.0).all() or not (power >= 0.0).all():
        raise ValueError("a radiated power is not 0 W or more, or a limit not above 0 W/m2")
    return np.asarray(np.sqrt(power / (4.0 * math.pi * limit)))


def station_eirp(region: Region, stations: pd.DataFrame) -> NDArray[np.float64]:
    """
    Largest radiated power of stations over all bearings, their cells added.

    Parameters
    ----------
    region : Region
        With the cells layer and antenna files.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`.

    Returns
    -------
    eirp_w : ndarray of float64, shape (n,)
        Equivalent isotropic radiated power at full power, in the elevation of each beam's maximum. [W]
    """
    radio = region.scenario.radio
    indoors_db = (
        radio.body_loss_db + radio.penetration_loss_db
    )  # in the cells' levels, not in the air
    beams = station_beams(region, stations)
    cuts = db_to_ratio(beams.cuts[:, HORIZONTAL, :SAMPLES])  # once round, wherever it begins
    eirp = np.zeros(len(stations))
    for i, (cells, name) in enumerate(zip(beams.rows, stations["equipment"], strict=True)):
        carrier = catalog.carriers()[catalog.equipment()[name].carrier]
        elements = carrier.resource_blocks * SUBCARRIERS_PER_BLOCK
        towards = np.zeros(SAMPLES)
        for cell in cells:
            turn = round(cell[AZIMUTH] * SAMPLES / 360.0)
            watts = float(db_to_ratio(cell[LEVEL] + indoors_db)) * elements / 1000.0
            towards += watts * np.roll(cuts[int(cell[ANTENNA])], turn)
        eirp[i] = towards.max()
    return eirp


def station_screening(
    stations: pd.DataFrame,
    *,
    eirp_w: NDArray[np.float64] | None = None,
    duty: Mapping[str, float] | None = None,
    share: float | None = None,
) -> pd.DataFrame:
    """
    Screening distance of every station.

    Parameters
    ----------
    stations : DataFrame
        With ``site_id``, ``operator``, ``technology`` and ``equipment``, as
        :func:`siteplan.coverage.stations.station_table` makes it.
    eirp_w : ndarray of float64, shape (n,), optional
        Radiated power of each, as :func:`station_eirp`; that of the equipment when missing. [W]
    duty : mapping of str to float, optional
        Duty factor by technology; the catalogue's assumptions when missing.
    share : float, optional
        Share of the limit for a single project; the catalogue's when missing.

    Returns
    -------
    table : DataFrame
        The same index: ``site_id``, ``operator``, ``technology``, ``equipment``, ``frequency_mhz``,
        ``eirp_w`` at full power, ``limit_w_m2``, ``duty``, ``limit_m`` to the whole limit, ``screening_m``
        to the share of a single project, and ``full_power_m``, the same without the duty factor.

    Raises
    ------
    ValueError
        For a technology without a duty factor: its distance would be missing, which is no distance at all.

    Notes
    -----
    Without `eirp_w` the sectors of a station are taken to look apart, which leaves out less than 0.3 % of the
    power (30 dB front to back) and 0.2 % of the distance; omnidirectional cells of one station add up.
    """
    factors = {name: item.factor for name, item in catalog.exposure().duty.items()} | dict(
        duty or {}
    )
    part = catalog.exposure().single_project.share if share is None else share
    table = stations[["site_id", "operator", "technology", "equipment"]].copy()
    strange = sorted({str(name) for name in table["technology"] if name not in factors})
    if strange:
        raise ValueError(
            f"no duty factor for {', '.join(strange)}: pass duty={{{strange[0]!r}: 1.0}}, or name the "
            f"technology as one of {', '.join(sorted(factors))}"
        )
    gears = [catalog.equipment()[name] for name in table["equipment"]]
    frequency = [catalog.carriers()[gear.carrier].frequency_mhz for gear in gears]
    eirp = _equipment_eirp(gears) if eirp_w is None else np.asarray(eirp_w, dtype=np.float64)
    limit = exposure_limit(frequency)
    factor = table["technology"].map(factors).to_numpy(dtype=float)
    return table.assign(
        frequency_mhz=frequency,
        eirp_w=eirp,
        limit_w_m2=limit,
        duty=factor,
        limit_m=screening_distance(eirp, limit_w_m2=limit, duty=factor),
        screening_m=screening_distance(eirp, limit_w_m2=limit, duty=factor, share=part),
        full_power_m=screening_distance(eirp, limit_w_m2=limit, share=part),
    )


def _equipment_eirp(gears: Sequence[Equipment]) -> NDArray[np.float64]:
    decibels = np.array([gear.gain_dbi - gear.losses_db for gear in gears])
    cells = np.array([gear.sectors if gear.pattern == "omni" else 1 for gear in gears])
    power = np.array([gear.power_w for gear in gears])
    return np.asarray(power * cells * db_to_ratio(decibels))


def site_screening(stations: pd.DataFrame) -> pd.DataFrame:
    """
    Screening distance of every site, all its stations together.

    Exposures at several frequencies add as shares of their limits, sum S / limit <= 1, so distances add as
    squares. The stations of one operator on a site are taken for one project with its share of the limit;
    all operators together may take the whole limit. The larger of the two distances counts.

    Parameters
    ----------
    stations : DataFrame
        As :func:`station_screening` makes it.

    Returns
    -------
    table : DataFrame
        Indexed by ``site_id``: ``stations``, ``operators``, ``single_m`` for the operator that needs most,
        ``combined_m`` for all of them, and ``screening_m``, the larger.

    References
    ----------
    .. [1] GB 8702-2014, evaluation of fields of several frequencies; HJ/T 10.3-1996.

    Examples
    --------
    Two operators with the same 5G equipment, and 4G of one of them, in metres:

    >>> stations = pd.DataFrame(
    ...     {"site_id": "s1", "operator": ["甲", "乙", "甲"], "technology": ["5G", "5G", "4G"],
    ...      "equipment": ["macro-nr3500", "macro-nr3500", "macro-lte900"]}, index=["a", "b", "c"])
    >>> site_screening(station_screening(stations)).loc["s1"].round(1).to_dict()
    {'stations': 3.0, 'operators': 2.0, 'single_m': 108.8, 'combined_m': 67.1, 'screening_m': 108.8}
    """
    squared = stations.assign(whole=stations["limit_m"] ** 2, part=stations["screening_m"] ** 2)
    of_site = squared.groupby("site_id")
    projects = squared.groupby(["site_id", "operator"])["part"].sum()
    single = np.sqrt(projects.groupby("site_id").max())
    combined = np.sqrt(of_site["whole"].sum())
    return pd.DataFrame(
        {
            "stations": of_site.size(),
            "operators": of_site["operator"].nunique(),
            "single_m": single,
            "combined_m": combined,
            "screening_m": np.maximum(single, combined),
        }
    )


def sensitive_points(region: Region) -> gpd.GeoDataFrame | None:
    """
    Places of a region where a field matters most.

    Parameters
    ----------
    region : Region
        With venues and villages.

    Returns
    -------
    points : GeoDataFrame or None
        ``layer``, ``point_id`` and ``name`` of the schools and hospitals among the venues, and of the
        villages, as the catalogue says; None when the region was given neither layer.
    """
    wanted = catalog.exposure().sensitive
    parts = []
    venues = region.layer("venues")
    if venues is not None:
        parts.append(("venues", venues[venues["sector"].isin(wanted.sectors)]))
    villages = region.layer("villages")
    if villages is not None and wanted.villages:
        parts.append(("villages", villages))
    if not parts:
        return None
    frames = [
        gpd.GeoDataFrame(
            {
                "layer": name,
                "point_id": frame.index.astype(str),
                "name": frame["name"].astype("string") if "name" in frame else pd.NA,
            },
            geometry=frame.geometry.to_numpy(),
            crs=region.crs,
        )
        for name, frame in parts
    ]
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=region.crs)


def points_within(
    sites: gpd.GeoDataFrame, screening: pd.DataFrame, points: gpd.GeoDataFrame
) -> pd.DataFrame:
    """
    Sensitive places nearer to a site than its screening distance.

    Parameters
    ----------
    sites : GeoDataFrame
        Positions by site id, in metres.
    screening : DataFrame
        As :func:`site_screening`, of some of these sites.
    points : GeoDataFrame
        As :func:`sensitive_points`; points or outlines, in the same coordinate reference system.

    Returns
    -------
    table : DataFrame
        `POINT_COLUMNS`; the horizontal distance from the site, nearest first within a site.
    """
    masts = sites.geometry.loc[screening.index].to_numpy()
    reach = screening["screening_m"].to_numpy()
    places = points.geometry.to_numpy()
    site, point = shapely.STRtree(places).query(masts, predicate="dwithin", distance=reach)
    table = pd.DataFrame(
        {
            "layer": points["layer"].to_numpy()[point],
            "point_id": points["point_id"].to_numpy()[point],
            "name": points["name"].to_numpy()[point],
            "site_id": screening.index.to_numpy()[site],
            "distance_m": shapely.distance(masts[site], places[point]),
            "screening_m": reach[site],
        },
        columns=list(POINT_COLUMNS),
    )
    return table.sort_values(["site_id", "distance_m", "layer", "point_id"], ignore_index=True)


def screen(
    region: Region, stations: pd.DataFrame, *, duty: Mapping[str, float] | None = None
) -> Screening:
    """
    Screen a network.

    Parameters
    ----------
    region : Region
        With sites, cells, venues and villages.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`: today's, or a plan's.
    duty : mapping of str to float, optional
        Duty factor by technology; the catalogue's assumptions when missing.

    Returns
    -------
    screening : Screening
        Distances of stations and sites, and the places within them.
    """
    by_station = station_screening(stations, eirp_w=station_eirp(region, stations), duty=duty)
    by_site = site_screening(by_station)
    points = sensitive_points(region)
    used = {name: item.factor for name, item in catalog.exposure().duty.items()} | dict(duty or {})
    return Screening(
        stations=by_station,
        sites=by_site,
        points=None if points is None else points_within(region.sites, by_site, points),
        duty=used,
        share=catalog.exposure().single_project.share,
    )
