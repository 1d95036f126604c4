"""Whether the cells layer fits the stations and the antennas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from siteplan import catalog
from siteplan.catalog.antennas import antennas as catalogue_antennas
from siteplan.errors import Fault
from siteplan.scenario import SCENARIO_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siteplan.catalog.antennas import Antenna
    from siteplan.scenario import Scenario

FREQUENCY_SPAN: Final = 0.2
"""A pattern measured this far from the carrier, as a share, is said to be so."""


def antenna_name_faults(scenario: Scenario) -> list[Fault]:
    """
    Antenna files under names that the catalogue has already.

    Parameters
    ----------
    scenario : Scenario
        With its antenna files.

    Returns
    -------
    faults : list of Fault
        One for each name.
    """
    return [
        Fault(
            source=SCENARIO_FILE,
            column=f"antennas.{name}",
            value=name,
            rule="the catalogue has an antenna of this name",
            remedy="Give the file another name, and use that in the cells layer.",
        )
        for name in scenario.antennas
        if name in catalogue_antennas()
    ]


def cell_faults(
    frames: Mapping[str, gpd.GeoDataFrame], scenario: Scenario, antennas: Mapping[str, Antenna]
) -> list[Fault]:
    """
    Cells without a station, with an unknown antenna or without a direction.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers as read.
    scenario : Scenario
        With the names of the files.
    antennas : mapping of str to Antenna
        Antenna files of the region that could be read.

    Returns
    -------
    faults : list of Fault
        One for each cell and column.
    """
    cells = frames.get("cells")
    if cells is None:
        return []
    stations = frames.get("stations")
    unsure = stations is None and scenario.layers.stations is not None  # it could not be read
    known_stations = set() if stations is None else set(stations["id"])
    known = {**catalogue_antennas(), **antennas}
    source = scenario.layers.vectors()["cells"].path
    faults = []
    for cell in cells.to_dict("records"):
        row = f"{cell['_row']} '{cell['id']}'"
        if not (unsure or pd.isna(cell["station_id"]) or cell["station_id"] in known_stations):
            faults.append(
                Fault(
                    source=source,
                    row=row,
                    column="station_id",
                    value=repr(cell["station_id"]),
                    rule="no such station",
                    remedy="Add the station to the stations layer, or correct the code.",
                )
            )
        name = _given(cell, "antenna")
        if name is not None and name not in known and name not in scenario.antennas:
            faults.append(
                Fault(
                    source=source,
                    row=row,
                    column="antenna",
                    value=repr(name),
                    rule="neither the catalogue nor [antennas] has such an antenna",
                    remedy=f"Use one of: {', '.join(sorted(known))}; or name its file there.",
                )
            )
        all_round = name in known and known[name].all_round
        if _given(cell, "azimuth_deg") is None and not all_round:
            faults.append(
                Fault(
                    source=source,
                    row=row,
                    column="azimuth_deg",
                    rule="the azimuth is missing, and the antenna has a direction",
                    remedy="Give the azimuth, or name an antenna that is the same all round (omni).",
                )
            )
    return faults


def cell_warnings(
    frames: Mapping[str, gpd.GeoDataFrame],
    scenario: Scenario,
    antennas: Mapping[str, Antenna],
    stations: pd.DataFrame,
) -> list[Fault]:
    """
    Say what is taken for granted of cells.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Layers as read.
    scenario : Scenario
        With the names of the files.
    antennas : mapping of str to Antenna
        Antenna files of the region.
    stations : DataFrame
        Stations in service with their equipment, indexed by id.

    Returns
    -------
    warnings : list of Fault
        Blank tilts, stations without cells, patterns measured far from the carrier.
    """
    cells = frames.get("cells")
    if cells is None:
        return []
    source = scenario.layers.vectors()["cells"].path
    blank = sum(_given(cell, "mechanical_tilt_deg") is None for cell in cells.to_dict("records"))
    without = int((~stations.index.isin(cells["station_id"])).sum())
    far = [
        cell["id"]
        for cell in cells.to_dict("records")
        if _far(cell, antennas, stations["equipment"].get(cell["station_id"]))
    ]
    told = (
        (
            blank,
            f"{blank} of {len(cells)} cells",
            "mechanical_tilt_deg",
            "the mechanical tilt is blank and taken as 0",
            "Fill it in where antennas lean.",
        ),
        (
            without,
            f"{without} of {len(stations)} stations",
            "station_id",
            "stations without cells have the sectors of their equipment",
            "Add their cells where azimuths are known.",
        ),
        (
            len(far),
            f"{len(far)} of {len(cells)} cells, first '{far[0]}'" if far else "",
            "antenna",
            f"the pattern was measured more than {FREQUENCY_SPAN:.0%} away from the carrier",
            "Give the file of the carrier's band.",
        ),
    )
    return [
        Fault(
            source=source, column=column, value=value, rule=rule, remedy=remedy, severity="warning"
        )
        for count, value, column, rule, remedy in told
        if count
    ]


def _far(cell: Mapping[str, Any], antennas: Mapping[str, Antenna], equipment: str | None) -> bool:
    antenna = antennas.get(str(_given(cell, "antenna")))
    if antenna is None or antenna.frequency_mhz is None or equipment is None:
        return False
    carrier = catalog.carriers()[catalog.equipment()[equipment].carrier]
    return abs(antenna.frequency_mhz / carrier.frequency_mhz - 1.0) > FREQUENCY_SPAN


def _given(cell: Mapping[str, Any], column: str) -> Any | None:  # noqa: ANN401  # text or number
    value = cell.get(column)
    return None if value is None or pd.isna(value) else value
