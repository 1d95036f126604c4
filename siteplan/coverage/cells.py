"""The cells of a station: where each points, how strong it is, and its antenna."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan import catalog
from siteplan.catalog.antennas import antennas
from siteplan.coverage.antenna import beam_cuts, beam_row
from siteplan.coverage.budget import reference_level_dbm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.catalog import Equipment
    from siteplan.catalog.antennas import Antenna
    from siteplan.region import Region
    from siteplan.scenario import Network


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beams:
    """
    Cells of many stations as the kernels take them.

    Attributes
    ----------
    rows : tuple of ndarray of float64, shape (cells, 7)
        Cells of each station.
    cuts : ndarray of float32, shape (antennas, 3, 1442)
        Horizontal and vertical cuts of the antennas in use. [dB]
    """

    rows: tuple[NDArray[np.float64], ...]
    cuts: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """
    One cell with nothing left blank.

    Attributes
    ----------
    id : str
        Of the cells layer, else the station's with the number of the sector.
    station_id : str
        Station that it belongs to.
    azimuth_deg : float
        Clockwise from grid north. [deg]
    mechanical_tilt_deg, electrical_tilt_deg : float
        How far the antenna leans, and how far the beam is lowered besides. [deg]
    antenna : str
        Name in the catalogue or in the region.
    gain_dbi : float
        Maximum gain. [dBi]
    power_w : float
        Total power, all ports summed. [W]
    level_dbm : float
        RSRP on the boresight before path loss. [dBm]
    """

    id: str
    station_id: str
    azimuth_deg: float
    mechanical_tilt_deg: float
    electrical_tilt_deg: float
    antenna: str
    gain_dbi: float
    power_w: float
    level_dbm: float


def station_cells(region: Region, stations: pd.DataFrame) -> tuple[tuple[Cell, ...], ...]:
    """
    Cells of stations, each with what it takes from its equipment, network and antenna.

    Parameters
    ----------
    region : Region
        With the cells layer, antenna files and radio assumptions.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`.

    Returns
    -------
    cells : tuple of tuple of Cell
        In the order of `stations`. A station in the cells layer has the cells of that layer; any other
        has the sectors of its equipment at equal azimuth steps, from its own azimuth on, with the
        antenna and tilts of its network when it is a macro station. What a cell leaves blank is the
        equipment's; a blank electrical tilt is the one that the antenna holds.
    """
    patterns = _patterns(region)
    given = _given(region, stations)
    columns = ["equipment", "azimuth_deg", "operator", "technology"]
    result = []
    for name, (equipment, azimuth, operator, technology) in zip(
        stations.index.astype(str),
        stations[columns].itertuples(index=False, name=None),
        strict=True,
    ):
        gear = catalog.equipment()[equipment]
        rows = given.get(name)
        if rows is None:
            rows = _sectors(
                name, gear, float(azimuth), region.scenario.network(operator, technology)
            )
        result.append(tuple(_cell(region, name, gear, row, patterns) for row in rows))
    return tuple(result)


def cell_table(region: Region, stations: pd.DataFrame) -> pd.DataFrame:
    """
    Cells of stations as a table, for lists.

    Parameters
    ----------
    region, stations
        As in :func:`station_cells`.

    Returns
    -------
    table : DataFrame
        Indexed by ``id``; columns as the attributes of :class:`Cell`.
    """
    names = [field.name for field in fields(Cell)]
    cells = [cell for some in station_cells(region, stations) for cell in some]
    rows = [[getattr(cell, name) for name in names] for cell in cells]
    return pd.DataFrame(rows, columns=names).set_index("id")


def station_beams(region: Region, stations: pd.DataFrame) -> Beams:
    """
    Cells of stations.

    Parameters
    ----------
    region : Region
        With the cells layer, antenna files and radio assumptions.
    stations : DataFrame
        As :func:`siteplan.coverage.stations.station_table`.

    Returns
    -------
    beams : Beams
        In the order of `stations`; the cells are those of :func:`station_cells`.
    """
    cells = station_cells(region, stations)
    patterns = _patterns(region)
    used = sorted({cell.antenna for some in cells for cell in some})
    place = {name: i for i, name in enumerate(used)}
    rows = tuple(
        np.array(
            [
                beam_row(
                    patterns[cell.antenna],
                    azimuth_deg=cell.azimuth_deg,
                    mechanical_tilt_deg=cell.mechanical_tilt_deg,
                    electrical_tilt_deg=cell.electrical_tilt_deg,
                    level_dbm=cell.level_dbm,
                    cuts_row=place[cell.antenna],
                )
                for cell in some
            ]
        )
        for some in cells
    )
    return Beams(rows=rows, cuts=beam_cuts([patterns[name] for name in used]))


def _patterns(region: Region) -> dict[str, Antenna]:
    return {**antennas(), **region.antennas}


def _sectors(
    station: str, gear: Equipment, azimuth_deg: float, network: Network | None
) -> list[dict[str, Any]]:
    """Rows as the cells layer would have them."""
    tilted: dict[str, Any] = {}
    if network is not None and gear.scale == "macro":
        names = ("antenna", "mechanical_tilt_deg", "electrical_tilt_deg")
        tilted = {name: getattr(network, name) for name in names}
    step = 360.0 / gear.sectors
    return [
        tilted | {"id": f"{station}-{k + 1}", "azimuth_deg": (azimuth_deg + step * k) % 360.0}
        for k in range(gear.sectors)
    ]


def _given(region: Region, stations: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Rows of the cells layer by station."""
    frame = region.layer("cells")
    if frame is None:
        return {}
    frame = frame[frame["station_id"].isin(stations.index)]
    cells: dict[str, list[dict[str, Any]]] = {}
    for name, row in zip(frame.index, frame.to_dict("records"), strict=True):
        filled = {column: value for column, value in row.items() if pd.notna(value)}
        cells.setdefault(str(row["station_id"]), []).append(filled | {"id": str(name)})
    return cells


def _cell(
    region: Region,
    station: str,
    gear: Equipment,
    row: Mapping[str, Any],
    patterns: Mapping[str, Antenna],
) -> Cell:
    name = row.get("antenna") or gear.pattern
    antenna = patterns[name]
    gain_dbi = gear.gain_dbi if antenna.gain_dbi is None else antenna.gain_dbi
    power_w = float(row.get("power_w", gear.power_w))
    electrical = row.get("electrical_tilt_deg")
    return Cell(
        id=str(row["id"]),
        station_id=station,
        azimuth_deg=float(row.get("azimuth_deg", 0.0)),  # blank only where it does not matter
        mechanical_tilt_deg=float(row.get("mechanical_tilt_deg", 0.0)),
        electrical_tilt_deg=antenna.electrical_tilt_deg
        if electrical is None
        else float(electrical),
        antenna=name,
        gain_dbi=gain_dbi,
        power_w=power_w,
        level_dbm=reference_level_dbm(
            gear,
            catalog.carriers()[gear.carrier],
            region.scenario.radio,
            power_w=power_w,
            gain_dbi=gain_dbi,
        ),
    )
