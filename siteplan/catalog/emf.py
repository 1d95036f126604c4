"""Entries of limits of electromagnetic exposure."""

from __future__ import annotations

from functools import cache

from pydantic import Field

from siteplan.catalog.entry import Entry, Mark, Technology, Text, load


class ExposureBand(Entry):
    """
    Limit of the public's exposure in one band of frequencies.

    Attributes
    ----------
    from_mhz, to_mhz : float
        The band; its upper end belongs to it. [MHz]
    limit_w_m2 : float or None
        Limit of the equivalent plane wave power density. [W/m2]
    mhz_per_w_m2 : float or None
        The limit is the frequency over this. [MHz m2/W]
    source, date, mark : str
        Where the limit comes from.
    """

    from_mhz: float = Field(gt=0.0)
    to_mhz: float = Field(gt=0.0)
    limit_w_m2: float | None = Field(default=None, gt=0.0)
    mhz_per_w_m2: float | None = Field(default=None, gt=0.0)
    source: str
    date: Text
    mark: Mark


class SingleProject(Entry):
    """
    Part of the limit that one project may take.

    Attributes
    ----------
    share : float
        Share of the power density limit.
    source, date, mark : str
        Where the share comes from.
    """

    share: float = Field(gt=0.0, le=1.0)
    source: str
    date: Text
    mark: Mark


class DutyFactor(Entry):
    """
    How much of its largest power a cell radiates into one direction on the average.

    Attributes
    ----------
    factor : float
        Share of the largest power.
    source, date, mark : str
        Where the factor comes from.
    """

    factor: float = Field(gt=0.0, le=1.0)
    source: str
    date: Text
    mark: Mark


class SensitivePlaces(Entry):
    """
    Places that the screening looks for.

    Attributes
    ----------
    sectors : list of str
        Sectors of the venues layer.
    villages : bool
        Whether villages count.
    source, date, mark : str
        Where the choice comes from.
    """

    sectors: list[str]
    villages: bool
    source: str
    date: Text
    mark: Mark


class Exposure(Entry):
    """
    Limits and assumptions of the screening for electromagnetic fields.

    Attributes
    ----------
    bands : list of ExposureBand
        Limits, ascending.
    single_project : SingleProject
        Part of the limit for one project.
    duty : mapping of str to DutyFactor
        By technology.
    sensitive : SensitivePlaces
        What to look for.
    """

    bands: list[ExposureBand] = Field(min_length=1)
    single_project: SingleProject
    duty: dict[Technology, DutyFactor]
    sensitive: SensitivePlaces


@cache
def exposure() -> Exposure:
    """
    Limits of the public's exposure to electromagnetic fields.

    Returns
    -------
    exposure : Exposure
        From ``emf.toml``.

    Examples
    --------
    >>> exposure().single_project.share
    0.2
    """
    return load("emf.toml", Exposure)
