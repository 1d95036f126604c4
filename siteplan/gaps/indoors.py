"""Buildings and venues whose inside stays below the definition: where a plan needs indoor systems."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field

from siteplan import catalog
from siteplan.catalog import Entry, Mark, parse_toml
from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.propagation.p2109 import building_entry_loss
from siteplan.propagation.tr38901_o2i import o2i_inside_distance, o2i_inside_loss, o2i_loss
from siteplan.region.rasters import STOREY_M
from siteplan.units import CENTI

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.coverage.network import Coverage
    from siteplan.region import Region

SYSTEM: Final = "indoor_system"
MICRO: Final = "micro_station"
UNKNOWN_SIZE: Final = "size_unknown"

SOLUTION_ZH: Final = {SYSTEM: "室内分布系统", MICRO: "微站", UNKNOWN_SIZE: "建筑规模未知，需勘察"}
SOLUTION_EN: Final = {
    SYSTEM: "indoor system",
    MICRO: "micro station",
    UNKNOWN_SIZE: "size unknown: survey",
}


class IndoorGuide(Entry):
    """
    Assumptions about the inside of buildings.

    Attributes
    ----------
    entry_loss : {"p2109", "tr38901"}
        Model of what is lost on the way in.
    probability_percent : float
        Share of places inside whose entry loss is no greater than the one taken. [%]
    micro_from_m2, system_from_m2 : float
        Floor areas from which a building gets a micro station, and an indoor system. [m2]
    efficient_uses : list of str
        Uses whose buildings count as thermally efficient.
    """

    entry_loss: Literal["p2109", "tr38901"]
    probability_percent: float = Field(gt=0.0, lt=100.0)
    probability_source: str
    probability_mark: Mark
    micro_from_m2: float = Field(ge=0.0)
    system_from_m2: float = Field(ge=0.0)
    size_source: str
    size_mark: Mark
    efficient_uses: list[str]
    efficient_source: str
    efficient_mark: Mark


@cache
def indoor_guide() -> IndoorGuide:
    """
    Read the assumptions of the catalogue.

    Returns
    -------
    guide : IndoorGuide
        From ``indoor.toml``.

    Examples
    --------
    >>> indoor_guide().probability_percent
    50.0
    """
    path = files("siteplan.catalog") / "indoor.toml"
    return parse_toml(path, IndoorGuide, "catalog/indoor.toml")


def indoor_needs(
    region: Region, coverage: Coverage, stations: pd.DataFrame, *, guide: IndoorGuide | None = None
) -> gpd.GeoDataFrame:
    """
    List buildings and venues that the network does not reach inside.

    The level at the middle of a building, outside, less the entry loss of Rec. ITU-R P.2109 or 3GPP TR
    38.901, as the guide says, at the carrier of the best server is compared with the definition for venues.
    Buildings smaller than the guide's least size are left out; venues are not.

    Parameters
    ----------
    region : Region
        With buildings and venues.
    coverage : Coverage
        Signal of one technology.
    stations : DataFrame
        Stations of the network, for the carriers.
    guide : IndoorGuide, optional
        Assumptions; the catalogue's when missing.

    Returns
    -------
    needs : GeoDataFrame
        The largest first: ``technology``, ``layer``, ``item_id``, ``name``, ``use``, ``floor_m2`` (NaN
        where unknown), ``outdoor_dbm``, ``entry_loss_db``, ``indoor_dbm``, ``short_db``, ``solution``,
        ``definition``, and a point. A building without any signal outside has NaN levels and counts; one
        whose signal is unknown does not.
    """
    guide = indoor_guide() if guide is None else guide
    rule = catalog.Rule.model_validate(
        {"id": "indoor", "kind": "coverage", "class": "venue", "layer": "venues"}
        | {"technology": coverage.technology, "zh": "室内", "en": "indoors"}
    )
    name, definition = region.scenario.definition(rule)
    places = _places(region)
    large = places["floor_m2"] >= guide.micro_from_m2
    places = places[large | places["layer"].eq("venues")]
    points = places.geometry.to_numpy()
    cell = region.cell_of(points)
    inside = cell >= 0
    at = np.maximum(cell, 0)
    level = coverage.rsrp_cdbm.reshape(-1)[at]
    heard = inside & (level > UNKNOWN_SIGNAL)
    unknown = ~inside | (~heard & coverage.unknown.reshape(-1)[at])
    frequency = _frequencies(coverage, stations, at, heard)
    loss = _entry_losses(frequency, places["use"], guide, region.scenario.radio.macro_model)
    outdoor = np.where(heard, level / CENTI + region.scenario.radio.penetration_loss_db, np.nan)
    indoor = outdoor - loss
    missing = ~unknown & ~(indoor >= definition.rsrp_dbm)
    needs = places.assign(
        technology=coverage.technology,
        outdoor_dbm=outdoor,
        entry_loss_db=loss,
        indoor_dbm=indoor,
        short_db=definition.rsrp_dbm - indoor,
        solution=_solutions(places["floor_m2"].to_numpy(), guide),
        definition=name,
    )[missing]
    needs = needs.sort_values(["floor_m2", "layer", "item_id"], ascending=[False, True, True])
    return needs.reset_index(drop=True)


def _places(region: Region) -> gpd.GeoDataFrame:
    """Middle, use and floor area of every building and venue."""
    parts = []
    for layer in ("buildings", "venues"):
        frame = region.layer(layer)
        if frame is None:
            continue
        storeys = np.full(len(frame), np.nan)
        if layer == "buildings":
            levels = _numbers(frame, "levels")
            storeys = np.where(np.isnan(levels), _numbers(frame, "height_m") / STOREY_M, levels)
        area = frame.area.to_numpy()
        floor = np.where(area > 0.0, area * np.maximum(storeys, 1.0), np.nan)
        use = frame["use"] if "use" in frame else frame.get("sector", default=None)
        parts.append(
            gpd.GeoDataFrame(
                {
                    "layer": layer,
                    "item_id": frame.index.astype(str),
                    "name": frame["name"].to_numpy() if "name" in frame else pd.NA,
                    "use": pd.NA if use is None else use.to_numpy(),
                    "floor_m2": floor,
                },
                geometry=frame.representative_point().to_numpy(),
                crs=region.crs,
            )
        )
    if not parts:
        columns = ["layer", "item_id", "name", "use", "floor_m2"]
        return gpd.GeoDataFrame({c: [] for c in columns}, geometry=[], crs=region.crs)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=region.crs)


def _numbers(frame: gpd.GeoDataFrame, name: str) -> NDArray[np.float64]:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[name].to_numpy(dtype=float, na_value=np.nan))


def _frequencies(
    coverage: Coverage, stations: pd.DataFrame, at: NDArray[np.int64], heard: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Frequency of the best server at cells; the technology's own network where none is heard."""
    gear = catalog.equipment()
    carriers = catalog.carriers()
    own = [str(stations.loc[name, "equipment"]) for name in coverage.station_ids]
    of_station = np.array([carriers[gear[name].carrier].frequency_mhz for name in own] or [np.nan])
    server = coverage.server.reshape(-1)[at]
    return np.where(heard, of_station[np.maximum(server, 0)], np.nan)


def _entry_losses(
    frequency: NDArray[np.float64], use: pd.Series[str], guide: IndoorGuide, outdoor_model: str
) -> NDArray[np.float64]:
    efficient = use.isin(guide.efficient_uses).to_numpy(dtype=bool)
    loss = np.full(len(frequency), np.nan)
    for coated, chosen in ((False, ~efficient), (True, efficient)):
        known = chosen & ~np.isnan(frequency)
        loss[known] = _entry_loss(frequency[known], guide, outdoor_model, coated=coated)
    return loss


def _entry_loss(
    frequency: NDArray[np.float64], guide: IndoorGuide, outdoor_model: str, *, coated: bool
) -> NDArray[np.float64]:
    """Loss on the way in that the guide's share of the places inside does not exceed. [dB]."""
    if guide.entry_loss == "p2109":
        return building_entry_loss(
            frequency,
            building="thermally_efficient" if coated else "traditional",
            probability_percent=guide.probability_percent,
        )
    kind = outdoor_model.removeprefix("tr38901-")
    inside_m = o2i_inside_distance(
        scenario="rma" if kind == "rma" else "umi" if kind == "umi" else "uma",
        mobile_percent=guide.probability_percent,
    )
    return o2i_loss(frequency, model="high" if coated else "low") + o2i_inside_loss(inside_m)


def _solutions(floor_m2: NDArray[np.float64], guide: IndoorGuide) -> NDArray[np.str_]:
    by_size = np.where(floor_m2 >= guide.system_from_m2, SYSTEM, MICRO)
    return np.asarray(np.where(np.isnan(floor_m2), UNKNOWN_SIZE, by_size))
