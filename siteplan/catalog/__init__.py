"""
Facts as data: definitions of "covered", carriers, equipment, clutter, costs and target documents.

Every entry carries its source, its date and a mark of trust; code holds none of these numbers.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from siteplan.catalog._lines import line_of
from siteplan.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

Mark = Literal["1", "2", "k", "?"]
Technology = Literal["4G", "5G"]
Category = Literal["water", "open", "suburban", "urban", "dense_urban", "forest"]


def _operators(value: object) -> object:
    """Let through what :attr:`Rule.operators` may be, with one message for all else."""
    names = isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value)
    if value not in ("any", "each") and not names:
        raise ValueError('must be "any", "each" or a list of operators')
    return value


Operators = Annotated[Literal["any", "each"] | list[str], BeforeValidator(_operators)]
_Text = Annotated[str, BeforeValidator(str)]


class Entry(BaseModel):
    """Base of all catalogue and scenario tables: immutable, and a misspelt key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_Model = TypeVar("_Model", bound=Entry)


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


class _Sharing(Entry):
    discount: Sharing


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
    date: _Text
    area_code: _Text
    rules: list[Rule] = Field(min_length=1)
    tasks: list[Task] = Field(default_factory=list)
    money: list[Money] = Field(default_factory=list)


class ClutterCategory(Entry):
    """
    What stands on the ground, as a terrain model meets it.

    Attributes
    ----------
    zh, en : str
        The category in words.
    height_m : float
        Representative height above the ground. [m]
    source, date, mark : str
        Where the height comes from.
    """

    zh: str
    en: str
    height_m: float = Field(ge=0.0, le=200.0)
    source: str
    date: str
    mark: Mark


class LandCoverClass(Entry):
    """
    One class of a land cover product.

    Attributes
    ----------
    zh, en : str
        The class in words.
    category : {"water", "open", "suburban", "urban", "dense_urban", "forest"}
        Clutter category that it is taken for.
    height_m : float or None
        Representative height above the ground when it is not that of the category. [m]
    basis, mark : str
        Why this category, and how sure.
    """

    zh: str
    en: str
    category: Category
    height_m: float | None = Field(default=None, ge=0.0, le=200.0)
    basis: str
    mark: Mark


class LandCover(Entry):
    """
    Classes of a land cover product.

    Attributes
    ----------
    title : str
        Product, edition, cell size, licence.
    source, date, mark : str
        Where the codes come from.
    void_codes : list of int
        Codes that mean no data, besides the raster's own.
    classes : mapping of str to LandCoverClass
        By code.
    """

    title: str
    source: str
    date: _Text
    mark: Mark
    void_codes: list[int] = Field(default_factory=list)
    classes: dict[Annotated[str, Field(pattern=r"^\d{1,5}$")], LandCoverClass] = Field(min_length=1)

    def heights(self) -> dict[int, float]:
        """
        Look up the representative height of every code.

        Returns
        -------
        heights_m : dict of int to float
            The class's own height, else that of its category. [m]

        Examples
        --------
        >>> heights = land_covers()["worldcover"].heights()
        >>> heights[10], heights[50], heights[60]
        (15.0, 10.0, 0.0)
        """
        categories = clutter_categories()
        return {
            int(code): categories[entry.category].height_m
            if entry.height_m is None
            else entry.height_m
            for code, entry in self.classes.items()
        }


class _Clutter(Entry):
    categories: dict[Category, ClutterCategory]
    landcover: dict[str, LandCover]


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
    date: _Text
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
    date: _Text
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
    date: _Text
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
    date: _Text
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


class _Definitions(Entry):
    defaults: dict[str, str]
    definitions: dict[str, Definition]


class _Carriers(Entry):
    carriers: dict[str, Carrier]


class _Equipment(Entry):
    equipment: dict[str, Equipment]
    structures: dict[str, Structure]


_REMEDIES = {
    "extra_forbidden": "Correct the spelling or remove the key.",
    "missing": "Add the key.",
}
_RULES = {
    "extra_forbidden": "unknown key",
    "missing": "a required key is missing",
}


def parse_toml(path: Traversable | Path, model: type[_Model], source: str) -> _Model:
    """
    Read a TOML file into a model, telling all faults at once.

    Parameters
    ----------
    path : path
        File to read.
    model : type
        Model that the file must fit.
    source : str
        Name of the file in messages.

    Returns
    -------
    parsed : model
        Immutable model.

    Raises
    ------
    InputError
        When the file is missing, is no TOML, or does not fit.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except (FileNotFoundError, IsADirectoryError):
        fault = Fault(
            source=source, rule="the file does not exist", remedy="Write it, or name the right one."
        )
        raise InputError([fault]) from None
    except UnicodeDecodeError:
        fault = Fault(source=source, rule="the text is not UTF-8", remedy="Save it as UTF-8.")
        raise InputError([fault]) from None
    except tomllib.TOMLDecodeError as error:
        fault = Fault(source=source, rule=f"not valid TOML: {error}", remedy="Correct the line.")
        raise InputError([fault]) from None
    return parse(data, model, source, text=text)


def parse(data: Mapping[str, Any], model: type[_Model], source: str, *, text: str = "") -> _Model:
    """
    Check a mapping against a model, telling all faults at once.

    Parameters
    ----------
    data : mapping
        Parsed TOML.
    model : type
        Model that it must fit.
    source : str
        Name of the file in messages.
    text : str
        The file itself, to name the lines of faults.

    Returns
    -------
    parsed : model
        Immutable model.

    Raises
    ------
    InputError
        With one fault for each key that does not fit.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = []
        for item in error.errors():
            kind = item["type"]
            value = "" if kind == "missing" else repr(item["input"])[:80]
            faults.append(
                Fault(
                    source=source,
                    row=str(line_of(text, item["loc"]) or ""),
                    column=".".join(str(part) for part in item["loc"]),
                    value=value,
                    rule=_RULES.get(kind, item["msg"].removeprefix("Value error, ")),
                    remedy=_REMEDIES.get(kind, "Correct the value."),
                )
            )
        raise InputError(faults) from None


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
    return _load("definitions.toml", _Definitions).definitions


@cache
def default_definitions() -> Mapping[str, str]:
    """
    Definition used for each class of demand and technology when a scenario picks none.

    Returns
    -------
    defaults : mapping of str to str
        Keys such as ``area-5G``.
    """
    return _load("definitions.toml", _Definitions).defaults


@cache
def carriers() -> Mapping[str, Carrier]:
    """
    All carriers by name.

    Returns
    -------
    carriers : mapping of str to Carrier
        From ``carriers.toml``.
    """
    return _load("carriers.toml", _Carriers).carriers


@cache
def equipment() -> Mapping[str, Equipment]:
    """
    All station equipment by name.

    Returns
    -------
    equipment : mapping of str to Equipment
        From ``equipment.toml``.
    """
    return _load("equipment.toml", _Equipment).equipment


@cache
def structures() -> Mapping[str, Structure]:
    """
    Structures by kind, and what they carry.

    Returns
    -------
    structures : mapping of str to Structure
        From ``equipment.toml``.
    """
    return _load("equipment.toml", _Equipment).structures


@cache
def costs() -> CostTable:
    """
    Default costs, marked assumptions where they are.

    Returns
    -------
    costs : CostTable
        From ``costs.toml``.
    """
    return _load("costs.toml", CostTable)


@cache
def clutter_categories() -> Mapping[Category, ClutterCategory]:
    """
    Clutter categories by name.

    Returns
    -------
    categories : mapping of Category to ClutterCategory
        From ``clutter.toml``.

    Examples
    --------
    >>> clutter_categories()["forest"].height_m
    15.0
    """
    return _load("clutter.toml", _Clutter).categories


@cache
def land_covers() -> Mapping[str, LandCover]:
    """
    Land cover products by name.

    Returns
    -------
    products : mapping of str to LandCover
        From ``clutter.toml``.

    Examples
    --------
    >>> sorted(land_covers())
    ['globeland30', 'p1812', 'worldcover']
    """
    return _load("clutter.toml", _Clutter).landcover


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
    return _load("emf.toml", Exposure)


@cache
def sharing() -> Sharing:
    """
    Discounts of the rent by number of tenants.

    Returns
    -------
    discounts : Sharing
        From ``costs_sharing.toml``.
    """
    return _load("costs_sharing.toml", _Sharing).discount


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
    folder = files(__name__) / "targets"
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
    return _load(f"targets/{name}.toml", TargetDocument)


def unknown_name(source: str, column: str, value: str, known: Iterable[str]) -> Fault:
    """
    Fault for a name that the catalogue does not have.

    Parameters
    ----------
    source, column, value : str
        Where it stands and what stands there.
    known : iterable of str
        Names that exist.

    Returns
    -------
    fault : Fault
        Lists the names that exist.
    """
    return Fault(
        source=source,
        column=column,
        value=value,
        rule="the catalogue has no such name",
        remedy=f"Use one of: {', '.join(sorted(known))}.",
    )


def _load(name: str, model: type[_Model]) -> _Model:
    return parse_toml(files(__name__) / name, model, f"catalog/{name}")
