"""Figures for fibre, rooms and power, from ``backhaul.toml`` and ``power.toml``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from siteplan.catalog import Entry, Mark, Technology, parse_toml

if TYPE_CHECKING:
    from collections.abc import Mapping


class Assumption(Entry):
    """
    One figure of backhaul planning.

    Attributes
    ----------
    value : float or None
        The figure; None when no source gives one, so that it is an input.
    unit, zh : str
        Its unit, and its name in Chinese.
    source, mark : str
        Where it comes from, or why there is none.
    """

    value: float | None = None
    unit: str = ""
    zh: str
    source: str
    mark: Mark


class Load(Entry):
    """
    Electric load of a station.

    Attributes
    ----------
    technology : {"4G", "5G"}
        Generation.
    scale : {"macro", "micro"}
        Size of the station.
    low_kw, typical_kw, high_kw : float
        Range of the load. [kW]
    source, date, mark : str
        Where the figures come from.
    """

    technology: Technology
    scale: Literal["macro", "micro"]
    low_kw: float = Field(gt=0.0)
    typical_kw: float = Field(gt=0.0)
    high_kw: float = Field(gt=0.0)
    source: str
    date: str
    mark: Mark


class PowerTable(Entry):
    """
    Electric loads, and what makes a year's energy of them.

    Attributes
    ----------
    hours_per_year : float
        Hours that the load is drawn. [h]
    hours_source, hours_mark, energy_source, energy_mark : str
        Where that comes from.
    load : tuple of Load
        By technology and scale.
    """

    hours_per_year: float = Field(gt=0.0, le=8784.0)
    hours_source: str
    hours_mark: Mark
    energy_source: str
    energy_mark: Mark
    load: tuple[Load, ...]


class _Assumptions(Entry):
    snap: Assumption
    fibre_cny_km: Assumption
    duct_cny_km: Assumption
    room_cny: Assumption
    direct_supply_cny: Assumption
    room_stations: Assumption
    room_reach_m: Assumption


@cache
def assumptions() -> Mapping[str, Assumption]:
    """
    All figures of backhaul planning by name.

    Returns
    -------
    assumptions : mapping of str to Assumption
        From ``backhaul.toml``.

    Examples
    --------
    >>> assumptions()["snap"].value, assumptions()["fibre_cny_km"].value
    (5.0, None)
    """
    path = files("siteplan.catalog") / "backhaul.toml"
    parsed = parse_toml(path, _Assumptions, "catalog/backhaul.toml")
    return {name: getattr(parsed, name) for name in _Assumptions.model_fields}


@cache
def power_table() -> PowerTable:
    """
    Electric loads of stations.

    Returns
    -------
    table : PowerTable
        From ``power.toml``.

    Examples
    --------
    >>> [(load.technology, load.scale, load.typical_kw) for load in power_table().load]
    [('5G', 'macro', 3.8), ('4G', 'macro', 1.3), ('5G', 'micro', 0.175)]
    """
    return parse_toml(files("siteplan.catalog") / "power.toml", PowerTable, "catalog/power.toml")
