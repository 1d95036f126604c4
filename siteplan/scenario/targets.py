"""What must be reached, and what "covered" means where the planner says so."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from siteplan.catalog import Definition, Entry, Operators

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Years that a plan may have."""


class Reported(Entry):
    """
    What a responsible unit reports of a rule or task that is not computed.

    Attributes
    ----------
    state : {"met", "not_met"}
        Whether it is done.
    year : int or None
        At whose end that was so; it holds from then on, in all years when missing.
    note : str
        Who reported it, and where it is written down.
    """

    state: Literal["met", "not_met"]
    year: int | None = Field(default=None, ge=FIRST_YEAR, le=LAST_YEAR)
    note: str = Field(min_length=1)


class Targets(Entry):
    """
    What must be reached.

    Attributes
    ----------
    document : str
        Name in the catalogue, or a ``.toml`` file of the region folder.
    years : tuple of int
        Years to plan for, ascending.
    definitions : mapping of str to str
        Definition per rule id, or per class and technology (``area-5G``).
    shares : mapping of str to float
        Required share per rule id, where the document leaves it to the planner.
    operators : mapping of str to "any", "each" or list of str
        Whose network must cover, per rule id or per class and technology (``village-4G``).
    margin_db : float
        A rule that holds only without this margin is at risk. [dB]
    road_gap_m : float
        Gaps along a road at least this long are counted. [m]
    draws : int
        Draws for the chance that each rule holds; 0 leaves it out.
    reported : mapping of str to Reported
        By the id of a rule of kind ``task``, or of a task.
    """

    document: str
    years: tuple[Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)], ...] = Field(min_length=1)
    definitions: dict[str, str] = Field(default_factory=dict)
    shares: dict[str, float] = Field(default_factory=dict)
    operators: dict[str, Operators] = Field(default_factory=dict)
    margin_db: float = Field(default=3.0, ge=0.0)
    road_gap_m: float = Field(default=500.0, gt=0.0)
    draws: int = Field(default=1000, ge=0, le=100_000)
    reported: dict[str, Reported] = Field(default_factory=dict)


class OwnDefinition(Entry):
    """
    A definition of "covered" of the planner's own, made from one of the catalogue.

    Attributes
    ----------
    like : str
        Definition of the catalogue that it changes.
    source : str
        Who set it, and where that is written down.
    zh, en : str or None
        The definition in words; the catalogue's with its own name when missing.
    rsrp_dbm, sinr_db, distance_m, share : float or None
        Figures that differ, as in :class:`siteplan.catalog.Definition`.
    """

    like: str
    source: str
    zh: str | None = None
    en: str | None = None
    rsrp_dbm: float | None = Field(default=None, ge=-150.0, le=0.0)
    sinr_db: float | None = Field(default=None, ge=-30.0, le=50.0)
    distance_m: float | None = Field(default=None, gt=0.0)
    share: float | None = Field(default=None, gt=0.0, le=1.0)

    def applied(self, name: str, base: Definition) -> Definition:
        """
        Definition that results.

        Parameters
        ----------
        name : str
            Its name.
        base : Definition
            The definition that it changes.

        Returns
        -------
        definition : Definition
            Marked ``k``: an assumption of the planner.
        """
        figures = ("rsrp_dbm", "sinr_db", "distance_m", "share")
        given = {key: value for key in figures if (value := getattr(self, key)) is not None}
        listed = ", ".join(f"{key} = {value:g}" for key, value in given.items())
        return base.model_copy(
            update=given
            | {
                "zh": self.zh or f"{name}（按{self.like}调整：{listed}）",
                "en": self.en or f"{name} ({self.like} with {listed})",
                "source": self.source,
                "mark": "k",
            }
        )
