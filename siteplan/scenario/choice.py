"""How sites are chosen, at which costs, and how they are connected."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from siteplan.catalog import Entry


class Selection(Entry):
    """
    How sites are chosen.

    Attributes
    ----------
    objective : {"cost", "reuse", "tiers"}
        Least cost in yuan; fewest stations with weights for the structures that they open, what stands
        already first; or the fewest structures of the last tier of reuse, then of the tier before, and at
        last the fewest stations.
    time_limit_s : float
        Longest search. [s]
    gap : float
        Relative gap at which the search stops.
    seed : int
        Seed of every random choice.
    fixed, forbidden, preferred : tuple of str
        Ids of sites that carry a station from the first year, that carry none, and that weigh less.
    preference : float
        Share of its price by which a preferred site weighs less in the objective.
    spacing_new_m : float or None
        Structures to be built stand at least this far from each other. [m]
    spacing_existing_m : float or None
        Structures to be built stand at least this far from those that stand. [m]
    township_stations : mapping of str to int
        Fewest stations by township id at the end of the last year, with those that stand today.
    budget_cny : mapping of int to float
        Most that may be invested in a plan year, not discounted and without rent. [CNY]
    most_stations : mapping of int to int
        Most stations that may be built in a plan year.
    cover_times : mapping of str to int
        By id of a coverage rule on villages or venues: stations that must reach each of them, each alone.
    probability : float or None
        Chance with which a planned station must reach a place by the shadowing of its model; the margin
        of the targets counts as well where it is larger.
    users_share : float or None
        Users by resident of a village; with it, the stations that reach the villages of a rule that asks for
        each of them must be able to serve the users together.
    station_users : mapping of str to int
        Users that a station can serve by scale, ``macro`` or ``micro``; no limit without one.
    """

    objective: Literal["cost", "reuse", "tiers"] = "cost"
    time_limit_s: float = Field(default=60.0, gt=0.0)
    gap: float = Field(default=0.005, ge=0.0, lt=1.0)
    seed: int = 1
    fixed: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    preference: float = Field(default=0.2, gt=0.0, lt=1.0)
    spacing_new_m: float | None = Field(default=None, gt=0.0)
    spacing_existing_m: float | None = Field(default=None, gt=0.0)
    township_stations: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    budget_cny: dict[int, Annotated[float, Field(ge=0.0)]] = Field(default_factory=dict)
    most_stations: dict[int, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    cover_times: dict[str, Annotated[int, Field(ge=2, le=10)]] = Field(default_factory=dict)
    probability: float | None = Field(default=None, ge=0.5, lt=1.0)
    users_share: float | None = Field(default=None, gt=0.0, le=10.0)
    station_users: dict[Literal["macro", "micro"], Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict
    )


class StructureLimits(Entry):
    """
    What structures of a kind may carry; what is not said is not limited.

    Attributes
    ----------
    least_height_m : float or None
        Lower structures carry nothing new. [m]
    most_power_w : float or None
        Most output power of a cell that they carry. [W]
    technologies : tuple of str or None
        Technologies that they carry.
    most_stations : int or None
        Most stations on one of them, with those that stand today.
    """

    least_height_m: float | None = Field(default=None, gt=0.0)
    most_power_w: float | None = Field(default=None, gt=0.0)
    technologies: tuple[Literal["4G", "5G"], ...] | None = None
    most_stations: int | None = Field(default=None, ge=1)


class Costs(Entry):
    """
    Costs that replace the catalogue's.

    Attributes
    ----------
    discount_rate : float or None
        Yearly rate at which later money counts less.
    structure : mapping of str to float
        Cost of opening a structure by kind and ``existing``. [CNY]
    station : mapping of str to float
        Cost of a station by scale. [CNY]
    rent : mapping of str to float
        Yearly rent of a tenant alone by kind of structure and ``existing``; there is no default, a kind
        without one is free. [CNY]
    rent_years : int
        Years of rent that count in the cost of a station.
    power : mapping of str to float
        Cost of connecting a structure to power by kind of supply, ``direct`` or ``resold``; there is no
        default. A structure whose supply is not known is counted with the dearer one. [CNY]
    power_cny_km : float or None
        Cost of the line to a structure by its distance to power, ``power_distance_m``. [CNY/km]
    conditional_zone_cny : float or None
        Cost of the consent to a structure to be built in a conditional exclusion zone. [CNY]
    """

    discount_rate: float | None = Field(default=None, ge=0.0, lt=1.0)
    structure: dict[str, Annotated[float, Field(ge=0.0)]] = Field(default_factory=dict)
    station: dict[str, Annotated[float, Field(ge=0.0)]] = Field(default_factory=dict)
    rent: dict[str, Annotated[float, Field(ge=0.0)]] = Field(default_factory=dict)
    rent_years: int = Field(default=10, ge=1, le=50)
    power: dict[Literal["direct", "resold"], Annotated[float, Field(ge=0.0)]] = Field(
        default_factory=dict
    )
    power_cny_km: float | None = Field(default=None, ge=0.0)
    conditional_zone_cny: float | None = Field(default=None, ge=0.0)


class Backhaul(Entry):
    """
    What fibre, rooms and power connections are planned with; a cost not given here stays unknown.

    Attributes
    ----------
    fibre_cny_km : float or None
        Cost of fibre laid along a road. [CNY/km]
    duct_cny_km : float or None
        Cost of the ducts between stations and aggregation rooms. [CNY/km]
    room_cny : float or None
        Cost of an aggregation room. [CNY]
    direct_supply_cny : float or None
        Cost of giving a site with resold power a supply of its own. [CNY]
    snap_m : float or None
        Gap between the end of a road and another road that is a fault of drawing; the catalogue's when
        missing. [m]
    access_limit_m : float or None
        A place farther from every road has no route; no limit when missing. [m]
    rooms : int or None
        Aggregation rooms to place; the fewest that keep the limits below when missing.
    room_stations : int or None
        Most stations of a room.
    room_reach_m : float or None
        Longest way along the roads between a station and its room. [m]
    """

    fibre_cny_km: float | None = Field(default=None, ge=0.0)
    duct_cny_km: float | None = Field(default=None, ge=0.0)
    room_cny: float | None = Field(default=None, ge=0.0)
    direct_supply_cny: float | None = Field(default=None, ge=0.0)
    snap_m: float | None = Field(default=None, ge=0.0, le=1000.0)
    access_limit_m: float | None = Field(default=None, gt=0.0)
    rooms: int | None = Field(default=None, ge=1)
    room_stations: int | None = Field(default=None, ge=1)
    room_reach_m: float | None = Field(default=None, gt=0.0)
