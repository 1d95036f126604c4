"""Entries of costs, weights of reuse and shared rents."""

from __future__ import annotations

from functools import cache

from pydantic import Field

from siteplan.catalog.entry import Entry, Mark, load


class Cost(Entry):
    """
    One cost figure.

    Attributes
    ----------
    cost_cny : float
        Cost. [CNY]
    source, mark : str
        Where the figure comes from.
    """

    cost_cny: float = Field(ge=0.0)
    source: str
    mark: Mark


class ReuseWeights(Entry):
    """
    Weights of the objective that counts stations and prefers what stands already.

    Attributes
    ----------
    source, mark : str
        Where the order and the weights come from.
    existing, lamp_pole, monitoring_pole, rooftop, building, new : float
        What opening such a structure weighs, in stations.
    """

    source: str
    mark: Mark
    existing: float = Field(ge=0.0)
    lamp_pole: float = Field(ge=0.0)
    monitoring_pole: float = Field(ge=0.0)
    rooftop: float = Field(ge=0.0)
    building: float = Field(ge=0.0)
    new: float = Field(ge=0.0)

    def weights(self) -> dict[str, float]:
        """
        Weight by reuse class.

        Returns
        -------
        weights : dict of str to float
            In stations.
        """
        return self.model_dump(exclude={"source", "mark"})


class CostTable(Entry):
    """
    What opening structures and hanging stations costs.

    Attributes
    ----------
    discount_rate : float
        Yearly rate at which later money counts less.
    structure : mapping of str to Cost
        Cost of opening a structure, by site kind and ``existing``.
    station : mapping of str to Cost
        Cost of a station, by scale.
    reuse : ReuseWeights
        Weights of the objective without money.
    """

    discount_rate: float = Field(ge=0.0, lt=1.0)
    discount_source: str
    discount_mark: Mark
    structure: dict[str, Cost]
    station: dict[str, Cost]
    reuse: ReuseWeights


class Sharing(Entry):
    """
    What the rent of a tenant falls by when others share the structure.

    Attributes
    ----------
    tenants_2, tenants_3 : float
        Share of the rent with two, and with three or more tenants.
    source, date, mark : str
        Where the figures come from.
    """

    tenants_2: float = Field(ge=0.0, lt=1.0)
    tenants_3: float = Field(ge=0.0, lt=1.0)
    source: str
    date: str
    mark: Mark


class _SharingFile(Entry):
    discount: Sharing


@cache
def costs() -> CostTable:
    """
    Default costs, marked assumptions where they are.

    Returns
    -------
    costs : CostTable
        From ``costs.toml``.
    """
    return load("costs.toml", CostTable)


@cache
def sharing() -> Sharing:
    """
    Discounts of the rent by number of tenants.

    Returns
    -------
    discounts : Sharing
        From ``costs_sharing.toml``.
    """
    return load("costs_sharing.toml", _SharingFile).discount
