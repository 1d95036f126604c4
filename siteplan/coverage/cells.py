"""The cells of a station: where each points, how strong it is, and its antenna."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
        In the order of `stations`. A station in the cells layer has the cells of that layer; any other
        has the sectors of its equipment at equal azimuth steps, from its own azimuth on, with the
        antenna and tilts of its network when it is a macro station. What a cell leaves blank is the
        equipment's; a blank electrical tilt is the one that the antenna holds.
    """
    known = _Patterns({**antennas(), **region.antennas})
    given = _given(region, stations)
    levels: dict[tuple[str, float | None, float | None], float] = {}

    def level(name: str, power_w: float | None, gain_dbi: float | None) -> float:
        key = name, power_w, gain_dbi
        if key not in levels:
            gear = catalog.equipment()[name]
            carrier = catalog.carriers()[gear.carrier]
            levels[key] = reference_level_dbm(
                gear, carrier, region.scenario.radio, power_w=power_w, gain_dbi=gain_dbi
            )
        return levels[key]

    rows = []
    columns = ["equipment", "azimuth_deg", "operator", "technology"]
    for name, (equipment, azimuth, operator, technology) in zip(
        stations.index, stations[columns].itertuples(index=False, name=None), strict=True
    ):
        gear = catalog.equipment()[equipment]
        network = region.scenario.network(operator, technology)
        cells = given.get(str(name)) or _sectors(gear, float(azimuth), network)
        beams = []
        for cell in cells:
            antenna, place = known.take(cell.antenna or gear.pattern)
            beams.append(
                beam_row(
                    antenna,
                    azimuth_deg=cell.azimuth_deg,
                    mechanical_tilt_deg=cell.mechanical_tilt_deg,
                    electrical_tilt_deg=cell.electrical_tilt_deg,
                    level_dbm=level(equipment, cell.power_w, antenna.gain_dbi),
                    cuts_row=place,
                )
            )
        rows.append(np.array(beams))
    return Beams(rows=tuple(rows), cuts=beam_cuts(known.used))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    azimuth_deg: float
    mechanical_tilt_deg: float = 0.0
    electrical_tilt_deg: float | None = None
    antenna: str | None = None
    power_w: float | None = None


class _Patterns:
    """Antennas in use, each once."""

    def __init__(self, known: Mapping[str, Antenna]) -> None:
        self.known = known
        self.used: list[Antenna] = []
        self._place: dict[str, int] = {}

    def take(self, name: str) -> tuple[Antenna, int]:
        if name not in self._place:
            self._place[name] = len(self.used)
            self.used.append(self.known[name])
        place = self._place[name]
        return self.used[place], place


def _sectors(gear: Equipment, azimuth_deg: float, network: Network | None) -> list[_Cell]:
    step = 360.0 / gear.sectors
    like = _Cell(azimuth_deg=azimuth_deg)
    if network is not None and gear.scale == "macro":
        like = replace(
            like,
            mechanical_tilt_deg=network.mechanical_tilt_deg,
            electrical_tilt_deg=network.electrical_tilt_deg,
            antenna=network.antenna,
        )
    return [replace(like, azimuth_deg=azimuth_deg + step * k) for k in range(gear.sectors)]


def _given(region: Region, stations: pd.DataFrame) -> dict[str, list[_Cell]]:
    """Cells of the cells layer by station."""
    frame = region.layer("cells")
    if frame is None:
        return {}
    frame = frame[frame["station_id"].isin(stations.index)]
    cells: dict[str, list[_Cell]] = {}
    for row in frame.to_dict("records"):
        azimuth = _filled(row.get("azimuth_deg"))
        cells.setdefault(str(row["station_id"]), []).append(
            _Cell(
                azimuth_deg=0.0 if azimuth is None else azimuth,  # blank only where all round
                mechanical_tilt_deg=_filled(row.get("mechanical_tilt_deg")) or 0.0,
                electrical_tilt_deg=_filled(row.get("electrical_tilt_deg")),
                antenna=None if pd.isna(row.get("antenna")) else str(row["antenna"]),
                power_w=_filled(row.get("power_w")),
            )
        )
    return cells


def _filled(value: object) -> float | None:
    """Float of a cell that is not blank."""
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type]
