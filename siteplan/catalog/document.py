"""Entries of a target document: rules, tasks and money."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from siteplan.catalog.entry import PACKAGE, Entry, Technology, Text, load
from siteplan.errors import Fault, InputError


def _operators(value: object) -> object:
    """Let through what :attr:`Rule.operators` may be, with one message for all else."""
    names = isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value)
    if value not in ("any", "each") and not names:
        raise ValueError('must be "any", "each" or a list of operators')
    return value


Operators = Annotated[Literal["any", "each"] | list[str], BeforeValidator(_operators)]


class Rule(Entry):
    """
    One target of one year.

    Attributes
    ----------
    id : str
        Identifier shown in every result.
    document_id : str or None
        Rule of the document when one rule is evaluated in parts.
    year : int or None
        Tested on what stands at the end of this year; None for a standing rule.
    technology : {"4G", "5G"} or None
        Technology concerned.
    kind : {"coverage", "station_count", "reuse_share", "power_supply", "task"}
        How the rule is evaluated.
    rule_class : {"area", "village", "road", "venue"} or None
        Class of demand, written ``class`` in the file; picks the definition.
    layer : str or None
        Layer that holds the demand.
    where : mapping of str to list of str
        Values that the demand's columns must have.
    any : list of str
        Flags of which at least one must be set.
    attributes : list of str
        Flags that must be set besides coverage; a blank makes the item unknown.
    measure : {"items", "pooled"}
        Share of covered items, or share of all their points, length or area pooled; must be written out
        where less than all of an area or a road is required.
    required : float or None
        Required share or count; None takes 1 for items and the definition's share when pooled.
    share_from : {"document", "scenario"}
        Whether the planner must set the required share.
    strict : bool
        False for a rule that is measured and has no pass mark.
    group_by : str or None
        Column by which the result is counted besides township.
    operators : {"any", "each"} or list of str
        Whose network must cover: that of any operator, of each that has one of the technology, or of
        each that is named. A scenario may choose otherwise.
    definition : str or None
        Definition of "covered" that the document itself names; a scenario may choose otherwise.
    passage : str or None
        The document's own words, by which the passage is found.
    note : str or None
        What whoever reads the result should know.
    zh, en : str
        The rule in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: str
    document_id: str | None = None
    year: int | None = Field(default=None, ge=2000, le=2100)
    technology: Technology | None = None
    kind: Literal["coverage", "station_count", "reuse_share", "power_supply", "task"]
    rule_class: Literal["area", "village", "road", "venue"] | None = Field(
        default=None, alias="class"
    )
    layer: str | None = None
    where: dict[str, list[str]] = Field(default_factory=dict)
    any: list[str] = Field(default_factory=list)
    attributes: list[str] = Field(default_factory=list)
    measure: Literal["items", "pooled"] = "items"
    required: float | None = Field(default=None, ge=0.0)
    share_from: Literal["document", "scenario"] = "document"
    strict: bool = True
    group_by: str | None = None
    operators: Operators = "any"
    definition: str | None = None
    passage: str | None = None
    note: str | None = None
    zh: str
    en: str


class Task(Entry):
    """
    A measure of the document that is done by people, not computed.

    Attributes
    ----------
    id : str
        Identifier.
    zh, en : str
        The measure in words.
    units : list of str
        Responsible units; empty when the document names none, or the catalogue does not hold them.
    rules : list of str
        Rules whose measured state shows how far the task is.
    deadline : str or None
        When it is due.
    note : str or None
        What whoever reads the table should know.
    """

    id: str
    zh: str
    en: str
    units: list[str]
    rules: list[str] = Field(default_factory=list)
    deadline: str | None = None
    note: str | None = None


class Money(Entry):
    """
    A reward or subsidy.

    Attributes
    ----------
    id : str
        Identifier.
    zh, en : str
        The rule in words.
    technology : {"4G", "5G"} or None
        Technology concerned.
    per : {"station", "scenario"}
        What is rewarded.
    amount_cny : float
        Amount, or largest amount, for each. [CNY]
    first_year, last_year : int
        Years in which the station must have been built and put into service.
    excluded_owners : list of str
        Owners whose stations do not qualify.
    most_per_year : int or None
        Most that are rewarded in a year.
    national_match_cny : float or None
        Largest match of a national project. [CNY]
    """

    id: str
    zh: str
    en: str
    technology: Technology | None = None
    per: Literal["station", "scenario"]
    amount_cny: float = Field(ge=0.0)
    first_year: int
    last_year: int
    excluded_owners: list[str] = Field(default_factory=list)
    most_per_year: int | None = None
    national_match_cny: float | None = None


class TargetDocument(Entry):
    """
    A government target document as data.

    Attributes
    ----------
    title, issuer, date, area_code : str
        What the document is.
    rules : list of Rule
        Targets that are computed.
    tasks : list of Task
        Measures that people carry out.
    money : list of Money
        Rewards.
    """

    title: str
    issuer: str
    date: Text
    area_code: Text
    rules: list[Rule] = Field(min_length=1)
    tasks: list[Task] = Field(default_factory=list)
    money: list[Money] = Field(default_factory=list)


def target_documents() -> list[str]:
    """
    Names of the target documents in the catalogue.

    Returns
    -------
    names : list of str
        Sorted.

    Examples
    --------
    >>> target_documents()
    ['hangjin-2021', 'hedong-2020']
    """
    folder = files(PACKAGE) / "targets"
    return sorted(
        path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml")
    )


def target_document(name: str) -> TargetDocument:
    """
    Read a target document of the catalogue.

    Parameters
    ----------
    name : str
        One of :func:`target_documents`.

    Returns
    -------
    document : TargetDocument
        The document.

    Examples
    --------
    >>> target_document("hedong-2020").rules[0].required
    150.0
    """
    names = target_documents()
    if name not in names:
        fault = Fault(
            source="targets",
            value=name,
            rule="no such document in the catalogue",
            remedy=f"Use one of {', '.join(names)}, or give a .toml file of the region folder.",
        )
        raise InputError([fault])
    return load(f"targets/{name}.toml", TargetDocument)
