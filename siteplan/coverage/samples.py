"""Drive-test samples beside the level that the plan's own footprints give them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from siteplan import catalog
from siteplan.coverage.footprint import NO_SIGNAL, UNKNOWN_SIGNAL, footprints
from siteplan.units import CENTI

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siteplan.coverage.footprint import Footprint
    from siteplan.region import Region

FLOOR_DBM: Final = -250.0
"""Footprints end where even a free view stays below this: nowhere within the radius. [dBm]"""

COLUMNS: Final = (
    "rsrp_dbm", "predicted_dbm", "distance_m", "easting_m", "northing_m", "station_id", "cell",
    "assigned", "reason",
)  # fmt: skip
"""Columns of :func:`predicted_samples`."""


def predicted_samples(
    region: Region,
    stations: pd.DataFrame,
    samples: gpd.GeoDataFrame,
    *,
    model: str,
    scale: str = "macro",
    carrier: str | None = None,
) -> pd.DataFrame:
    """
    Measured and predicted levels side by side.

    The prediction is that of the plan itself: the footprint of the serving station at the sample's cell,
    outdoors, with no body or penetration loss and without any correction of the scenario. A sample that
    names no station but a carrier is given to the station predicted strongest there; that
    is a guess that favours strong levels, so such samples are marked.

    Parameters
    ----------
    region : Region
        Grid, terrain, clutter.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`.
    samples : GeoDataFrame
        The ``samples`` layer, in the grid's coordinate reference system.
    model : str
        Propagation model to predict with.
    scale : {"macro", "micro"}
        Stations to look at.
    carrier : str, optional
        Only stations of this carrier.

    Returns
    -------
    frame : DataFrame
        The index of `samples`; `COLUMNS`. ``distance_m`` is that of the cells' centres, as the model took
        it. ``reason`` is empty, or why a sample has no prediction: ``no_station``, ``other_station``,
        ``off_grid``, ``out_of_reach``, ``unknown_terrain``.
    """
    table = _blank(region, samples)
    used = _stations_of(stations, scale, carrier)
    named = table["station_id"].to_numpy()
    table.loc[~np.isin(named, stations.index), "reason"] = "no_station"
    table.loc[np.isin(named, stations.index.difference(used.index)), "reason"] = "other_station"
    free = (named == "") & _carriers(samples).isin(_carriers_of(used)).to_numpy()
    table.loc[free, "reason"] = ""
    table.loc[(table["cell"] < 0) & (table["reason"] == ""), "reason"] = "off_grid"
    wanted = table["reason"].to_numpy() == ""
    if not free.any():
        used = used[used.index.isin(named[wanted])]
    best = np.full(len(table), NO_SIGNAL, dtype=np.int32)
    server = np.full(len(table), -1)
    shape = region.geobox.shape
    row, column = np.divmod(table["cell"].to_numpy(), shape[1])
    carriers = _carriers(samples).to_numpy()
    for position, footprint in footprints(
        _as_measured(region, model), used, floor_dbm=FLOOR_DBM, label="samples"
    ):
        own = wanted & (
            (named == used.index[position])
            | (free & (carriers == catalog.equipment()[used["equipment"].iloc[position]].carrier))
        )
        level = _levels(footprint, row, column, own)
        better = level > best
        best[better], server[better] = level[better], position
    return _filled(region, table, used, best, server, wanted)


def _blank(region: Region, samples: gpd.GeoDataFrame) -> pd.DataFrame:
    points = samples.geometry
    station = samples["station_id"] if "station_id" in samples else pd.Series(pd.NA, samples.index)
    return pd.DataFrame(
        {
            "rsrp_dbm": samples["rsrp_dbm"].to_numpy(dtype=float),
            "predicted_dbm": np.nan,
            "distance_m": np.nan,
            "easting_m": points.x.to_numpy(),
            "northing_m": points.y.to_numpy(),
            "station_id": station.astype("string").fillna("").to_numpy(dtype=object),
            "cell": region.cell_of(points.to_numpy()),
            "assigned": False,
            "reason": "",
        },
        index=samples.index,
    )


def _carriers(samples: gpd.GeoDataFrame) -> pd.Series[str]:
    if "carrier" not in samples:
        return pd.Series("", index=samples.index, dtype=object)
    return samples["carrier"].astype("string").fillna("").astype(object)


def _carriers_of(stations: pd.DataFrame) -> set[str]:
    return {catalog.equipment()[name].carrier for name in stations["equipment"].unique()}


def _stations_of(stations: pd.DataFrame, scale: str, carrier: str | None) -> pd.DataFrame:
    gears = [catalog.equipment()[name] for name in stations["equipment"]]
    chosen = [gear.scale == scale and carrier in {None, gear.carrier} for gear in gears]
    return stations[np.array(chosen, dtype=bool)]


def _as_measured(region: Region, model: str) -> Region:
    """Give the region with the bare model, outdoors."""
    bare = {
        "macro_model": model,
        "micro_model": model,
        "body_loss_db": 0.0,
        "penetration_loss_db": 0.0,
        "corrections": {},
    }
    radio = region.scenario.radio.model_copy(update=bare)
    return replace(region, scenario=region.scenario.model_copy(update={"radio": radio}))


def _levels(
    footprint: Footprint, row: NDArray[np.int64], column: NDArray[np.int64], own: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Quantised level of a footprint at each of its samples, `NO_SIGNAL` elsewhere."""
    rows, columns = footprint.rsrp_cdbm.shape
    i, j = row - footprint.row, column - footprint.column
    own = own & (i >= 0) & (i < rows) & (j >= 0) & (j < columns)
    level = np.full(len(row), NO_SIGNAL, dtype=np.int32)
    level[own] = footprint.rsrp_cdbm[i[own], j[own]]
    return level


def _filled(
    region: Region,
    table: pd.DataFrame,
    used: pd.DataFrame,
    best: NDArray[np.int32],
    server: NDArray[np.int64],
    wanted: NDArray[np.bool_],
) -> pd.DataFrame:
    reached = wanted & (best > UNKNOWN_SIGNAL)
    table.loc[wanted & (best == NO_SIGNAL), "reason"] = "out_of_reach"
    table.loc[wanted & (best == UNKNOWN_SIGNAL), "reason"] = "unknown_terrain"
    columns = region.geobox.shape[1]
    place = np.divmod(table["cell"].to_numpy()[reached], columns)
    mast = np.divmod(used["cell"].to_numpy()[server[reached]], columns)
    distance = np.hypot(place[0] - mast[0], place[1] - mast[1]) * region.resolution_m
    guessed = reached & (table["station_id"].to_numpy() == "")
    table.loc[reached, "predicted_dbm"] = best[reached] / CENTI
    table.loc[reached, "distance_m"] = distance
    table.loc[reached, "station_id"] = used.index.to_numpy()[server[reached]]
    table.loc[guessed, "assigned"] = True
    return table
