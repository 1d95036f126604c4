"""Entries of definitions of "covered", carriers, equipment and structures."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from siteplan.catalog.entry import Entry, Mark, Technology, load

if TYPE_CHECKING:
    from collections.abc import Mapping


class Definition(Entry):
    """
    What "covered" means.

    Attributes
    ----------
    zh, en : str
        The definition in words.
    rsrp_dbm : float
        Weakest level that counts, per resource element. [dBm]
    sinr_db : float or None
        Weakest SINR that counts. [dB]
    distance_m : float or None
        A station of the technology this near counts instead of the signal. [m]
    share : float
        Share of an item's own points, length or area that has to be covered.
    source, date, mark : str
        Where the definition comes from.
    """

    zh: str
    en: str
    rsrp_dbm: float = Field(ge=-150.0, le=0.0)
    sinr_db: float | None = Field(default=None, ge=-30.0, le=50.0)
    distance_m: float | None = Field(default=None, gt=0.0)
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    source: str
    date: str
    mark: Mark


class _DefinitionFile(Entry):
    defaults: dict[str, str]
    definitions: dict[str, Definition]


class Carrier(Entry):
    """
    One carrier of one technology.

    Attributes
    ----------
    technology : {"4G", "5G"}
        Generation.
    frequency_mhz : float
        Middle of the downlink block. [MHz]
    resource_blocks : int
        Resource blocks of the carrier.
    subcarrier_khz : float
        Subcarrier spacing. [kHz]
    source, date, mark : str
        Where the figures come from.
    """

    technology: Technology
    frequency_mhz: float = Field(ge=30.0, le=100_000.0)
    resource_blocks: int = Field(ge=1, le=1000)
    subcarrier_khz: float = Field(gt=0.0)
    source: str
    date: str
    mark: Mark


class _CarrierFile(Entry):
    carriers: dict[str, Carrier]


class Equipment(Entry):
    """
    What one operator hangs on one site for one carrier.

    Attributes
    ----------
    carrier : str
        Name of the carrier in the catalogue.
    scale : {"macro", "micro"}
        Which structures may carry it.
    power_w : float
        Total power of one cell, all ports summed. [W]
    gain_dbi : float
        Maximum gain of the antenna or beam. [dBi]
    pattern : str
        Antenna pattern of the catalogue (:func:`siteplan.catalog.antennas.antennas`).
    sectors : int
        Cells of a station, at equal azimuth steps.
    losses_db : float
        Feeder, jumpers and connectors. [dB]
    source, date, mark : str
        Where the figures come from.
    """

    carrier: str
    scale: Literal["macro", "micro"]
    power_w: float = Field(gt=0.0, le=10_000.0)
    gain_dbi: float = Field(ge=-10.0, le=40.0)
    pattern: str
    sectors: int = Field(ge=1, le=12)
    losses_db: float = Field(ge=0.0)
    source: str
    date: str
    mark: Mark


class _EquipmentFile(Entry):
    equipment: dict[str, Equipment]
    structures: dict[str, Structure]


class Structure(Entry):
    """
    What a structure of a kind can carry.

    Attributes
    ----------
    scale : {"macro", "micro"}
        Largest equipment that it carries.
    antenna_height_m : float
        Antenna height above ground when the layer gives none. [m]
    source, mark : str
        Where the figures come from.
    """

    scale: Literal["macro", "micro"]
    antenna_height_m: float = Field(gt=0.0)
    source: str
    mark: Mark


@cache
def definitions() -> Mapping[str, Definition]:
    """
    All definitions of "covered" by id.

    Returns
    -------
    definitions : mapping of str to Definition
        From ``definitions.toml``.

    Examples
    --------
    >>> definitions()["nr-dt-105"].rsrp_dbm
    -105.0
    """
    return load("definitions.toml", _DefinitionFile).definitions


@cache
def default_definitions() -> Mapping[str, str]:
    """
    Definition used for each class of demand and technology when a scenario picks none.

    Returns
    -------
    defaults : mapping of str to str
        Keys such as ``area-5G``.
    """
    return load("definitions.toml", _DefinitionFile).defaults


@cache
def carriers() -> Mapping[str, Carrier]:
    """
    All carriers by name.

    Returns
    -------
    carriers : mapping of str to Carrier
        From ``carriers.toml``.
    """
    return load("carriers.toml", _CarrierFile).carriers


@cache
def equipment() -> Mapping[str, Equipment]:
    """
    All station equipment by name.

    Returns
    -------
    equipment : mapping of str to Equipment
        From ``equipment.toml``.
    """
    return load("equipment.toml", _EquipmentFile).equipment


@cache
def structures() -> Mapping[str, Structure]:
    """
    Structures by kind, and what they carry.

    Returns
    -------
    structures : mapping of str to Structure
        From ``equipment.toml``.
    """
    return load("equipment.toml", _EquipmentFile).structures
