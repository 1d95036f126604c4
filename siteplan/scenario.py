"""
The scenario: what a region folder says about itself in ``scenario.toml``.

All parts are immutable; an unknown key, a wrong type or an unknown catalogue name is refused, all faults
in one message.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, get_args

from pydantic import Field

from siteplan import catalog, schema
from siteplan.catalog import Definition, Entry, TargetDocument, Technology
from siteplan.catalog._lines import line_of
from siteplan.catalog.antennas import antennas
from siteplan.errors import Fault, InputError

SCENARIO_FILE = "scenario.toml"

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Years that a plan may have."""

ModelName = Literal[
    "free-space",
    "p1812",
    "tr38901-uma",
    "tr38901-umi",
    "tr38901-rma",
    "okumura-hata-urban-large",
    "okumura-hata-urban",
    "okumura-hata-suburban",
    "okumura-hata-open",
    "cost231-hata-urban-large",
    "cost231-hata-urban",
    "cost231-hata-open",
    "extended-hata-urban",
    "extended-hata-suburban",
    "extended-hata-open",
]
"""Distance models of :mod:`siteplan.propagation.registry`, known here so that a scenario is refused early."""

CLASS_GEOMETRY = {"area": ("polygon",), "road": ("line",)}
"""What the features of a layer must be for a class of demand; villages and venues take any."""


class RegionInfo(Entry):
    """
    Which area this is.

    Attributes
    ----------
    name : str
        Name as its people write it.
    name_en : str
        Name in Latin letters.
    code : str
        Statistical code.
    population : float or None
        Residents by the last census, against which the villages are checked.
    """

    name: str
    name_en: str = ""
    code: str = ""
    population: float | None = Field(default=None, gt=0.0)


class Grid(Entry):
    """
    The raster grid of the region.

    Attributes
    ----------
    resolution_m : float
        Cell size. [m]
    crs : str
        ``auto`` picks the CGCS2000 3-degree zone in China, else UTM; or an EPSG code.
    margin_m : float
        Width around the boundary that the grid takes in, for stations of the neighbours. [m]
    exclaves : {"drop", "keep"}
        What becomes of parts of the boundary far from the largest: left out and told, or kept.
    """

    resolution_m: float = Field(gt=0.0, le=5000.0)
    crs: str = "auto"
    margin_m: float = Field(default=0.0, ge=0.0, le=100_000.0)
    exclaves: Literal["drop", "keep"] = "drop"


class LayerSource(Entry):
    """
    Where a layer comes from.

    Attributes
    ----------
    path : str
        File inside the region folder, or a ``.gdb`` folder.
    layer : str or None
        Layer or sheet inside the file, when it has several.
    crs : str or None
        Coordinate reference system when the file names none: an EPSG code, ``gcj02``, ``bd09``, or ``guess``
        for the one that fits the boundary best.
    encoding : str or None
        Encoding of the text, when the file does not name it and it is neither UTF-8 nor GBK.
    fill : mapping of str to str
        Value of a column where the file gives none, for example ``kind = "lamp_pole"``.
    checked : bool
        The positions were seen to be right on a map: what hints at a shift is told and does not stop.
    """

    path: str
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    fill: dict[str, str] = Field(default_factory=dict)
    checked: bool = False


class BuildingSource(LayerSource):
    """
    Where buildings come from.

    Attributes
    ----------
    missing_m : float or None
        Height of buildings that give neither height nor levels, said on purpose; left out, with a warning,
        when None. [m]
    """

    missing_m: float | None = Field(default=None, gt=0.0, le=800.0)


class TerrainSource(Entry):
    """
    Where heights above sea level come from.

    Attributes
    ----------
    path : str or None
        Raster inside the region folder; a folder or a pattern such as ``dem/*.tif`` gives one mosaic.
    flat_m : float or None
        One height everywhere, said on purpose; listed among the assumptions. [m]
    """

    path: str | None = None
    flat_m: float | None = None


class LandCoverSource(Entry):
    """
    Where land cover comes from, and how high it stands.

    Attributes
    ----------
    path : str
        Raster of class codes inside the region folder.
    classes : str
        Product in the catalogue (``worldcover``, ``globeland30``, ``p1812``), or a ``.toml`` file of the
        region folder of the same form.
    heights_m : mapping of str to float
        Height by class code, instead of the product's. [m]
    resampling : {"nearest", "mode"}
        Class of a cell: that at its centre, or the most frequent in it.
    missing_m : float or None
        Height where the raster has no class, said on purpose; unknown when None. [m]
    """

    path: str
    classes: str = "worldcover"
    heights_m: dict[str, Annotated[float, Field(ge=0.0, le=200.0)]] = Field(default_factory=dict)
    resampling: Literal["nearest", "mode"] = "nearest"
    missing_m: float | None = Field(default=None, ge=0.0, le=200.0)


class Layers(Entry):
    """Layers of the region: one :class:`LayerSource` for each table of the schema, and the rasters."""

    boundary: LayerSource
    terrain: TerrainSource
    landcover: LandCoverSource | None = None
    townships: LayerSource | None = None
    zones: LayerSource | None = None
    villages: LayerSource | None = None
    village_points: LayerSource | None = None
    roads: LayerSource | None = None
    venues: LayerSource | None = None
    sites: LayerSource | None = None
    stations: LayerSource | None = None
    cells: LayerSource | None = None
    buildings: BuildingSource | None = None
    poles: LayerSource | None = None
    samples: LayerSource | None = None
    fibre_nodes: LayerSource | None = None

    def vectors(self) -> dict[str, LayerSource]:
        """
        Vector layers that the scenario names.

        Returns
        -------
        layers : dict of str to LayerSource
            In the order of the schema.
        """
        return {
            name: source for name in schema.TABLES if (source := getattr(self, name)) is not None
        }


class Candidates(Entry):
    """
    Candidate sites derived from other layers.

    Attributes
    ----------
    rooftops_above_m : float or None
        Buildings at least this high become rooftop candidates. [m]
    rooftop_mast_m : float
        Height of the antennas above the roof. [m]
    pole_spacing_m : float
        Of the poles of one kind nearer to each other than this, one is kept as candidate; 0 keeps all. [m]
    propose_spacing_m : float or None
        Where no candidate reaches what a rule asks for, propose new sites at least this far apart; none
        when missing. [m]
    propose_road_m : float
        A proposed site stands this near to a road where one that near will do. [m]
    """

    rooftops_above_m: float | None = Field(default=None, gt=0.0)
    rooftop_mast_m: float = Field(default=3.0, ge=0.0, le=60.0)
    pole_spacing_m: float = Field(default=0.0, ge=0.0)
    propose_spacing_m: float | None = Field(default=None, gt=0.0, le=100_000.0)
    propose_road_m: float = Field(default=2000.0, ge=0.0)


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
    operators: dict[str, catalog.Operators] = Field(default_factory=dict)
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


class Correction(Entry):
    """
    What measurements in the county add to a propagation model.

    The loss becomes ``loss + offset_db + slope_db_per_decade * lg(distance / 1 km)``, with the distance
    held within ``nearest_m`` to ``farthest_m``: a fit says nothing outside the distances it was made on.

    Attributes
    ----------
    offset_db : float
        Added at 1 km. [dB]
    slope_db_per_decade : float
        Added for every tenfold distance beyond 1 km. [dB]
    sigma_db : float or None
        Standard deviation of what remains, over grid cells. [dB]
    nearest_m, farthest_m : float or None
        Distances that the fit covers. [m]
    source : str
        Measurements behind it.
    """

    offset_db: float = Field(ge=-60.0, le=60.0)
    slope_db_per_decade: float = Field(default=0.0, ge=-60.0, le=60.0)
    sigma_db: float | None = Field(default=None, ge=0.0, le=30.0)
    nearest_m: float | None = Field(default=None, gt=0.0)
    farthest_m: float | None = Field(default=None, gt=0.0)
    source: str = ""


class Radio(Entry):
    """
    Radio assumptions shared by all stations.

    Attributes
    ----------
    receiver_height_m : float
        Handset height above ground. [m]
    macro_model, micro_model : str
        Propagation model of macro and micro stations.
    time_percent : float
        Share of an average year in which the loss of P.1812 is not exceeded. [%]
    refractivity_lapse_n_per_km, surface_refractivity_n : float or None
        What P.1812 reads from ITU's maps DN50 and N050, which may not be handed on: decrease of the
        refractive index through the lowest kilometre [N-units/km], and refractivity at sea level
        [N-units]. Those of the reference implementation when missing.
    samples_per_cell : int or None
        Samples of P.1812 to a cell's width: 2 halve the errors of coarse cells on rough land, and take four
        times as long. When missing, 2 for cells of more than 50 m, else 1.
    body_loss_db : float
        Loss by the body of the user. [dB]
    penetration_loss_db : float
        Loss into buildings or vehicles; 0 for outdoor levels. [dB]
    load : float
        Share of resource elements that other cells use, for the SINR.
    noise_figure_db : float
        Noise figure of the handset. [dB]
    radius_m : float
        A station is not computed farther than this. [m]
    model_error_db : float
        Standard deviation of the model's error for the region as a whole: an assumption until drive tests
        tell it. [dB]
    decorrelation_m : float or None
        Distance at which shadowing is alike by 1/e; TR 38.901's for the macro model, out of sight, when
        missing. [m]
    corrections : mapping of str to Correction
        Calibration by model (``p1812``), or by model and carrier (``p1812/nr2600``), which goes first.
    outside_validity : {"warn", "error"}
        What happens where a model is used outside its published ranges.
    """

    receiver_height_m: float = Field(default=1.5, gt=0.0, le=10.0)
    macro_model: ModelName = "tr38901-uma"
    micro_model: ModelName = "tr38901-umi"
    time_percent: float = Field(default=50.0, ge=1.0, le=50.0)
    refractivity_lapse_n_per_km: float | None = Field(default=None, gt=0.0, lt=157.0)
    surface_refractivity_n: float | None = Field(default=None, ge=200.0, le=500.0)
    samples_per_cell: int | None = Field(default=None, ge=1, le=4)
    body_loss_db: float = Field(default=0.0, ge=0.0)
    penetration_loss_db: float = Field(default=0.0, ge=0.0)
    load: float = Field(default=0.3, ge=0.0, le=1.0)
    noise_figure_db: float = Field(default=7.0, ge=0.0)
    radius_m: float = Field(default=5000.0, gt=0.0, le=100_000.0)
    model_error_db: float = Field(default=3.0, ge=0.0, le=20.0)
    decorrelation_m: float | None = Field(default=None, gt=0.0, le=10_000.0)
    corrections: dict[str, Correction] = Field(default_factory=dict)
    outside_validity: Literal["warn", "error"] = "warn"

    def correction(self, model: str, carrier: str) -> Correction | None:
        """
        Calibration of a model on a carrier.

        Parameters
        ----------
        model, carrier : str
            As in the registry and the catalogue.

        Returns
        -------
        correction : Correction or None
            That of the model on this carrier, else that of the model, else None.

        Examples
        --------
        >>> radio = Radio(corrections={"p1812": {"offset_db": 2.0}, "p1812/nr2600": {"offset_db": 5.0}})
        >>> radio.correction("p1812", "nr2600").offset_db, radio.correction("p1812", "lte900").offset_db
        (5.0, 2.0)
        """
        return self.corrections.get(f"{model}/{carrier}") or self.corrections.get(model)


class Network(Entry):
    """
    One operator's network of one technology, existing or to be built.

    Attributes
    ----------
    operator : str
        Operator, or the name of a shared network.
    technology : {"4G", "5G"}
        Generation.
    macro, micro : str or None
        Equipment for macro and micro structures; None builds none there.
    build : bool
        Whether the plan may add stations of this network.
    antenna : str or None
        Antenna of macro stations that have no cells of their own, in the catalogue or under
        ``[antennas]``; None takes the equipment's.
    mechanical_tilt_deg : float
        How far those antennas lean forward. [deg]
    electrical_tilt_deg : float or None
        How far their beam is lowered; None takes what the antenna's pattern holds. [deg]
    """

    operator: str
    technology: Technology
    macro: str | None = None
    micro: str | None = None
    build: bool = True
    antenna: str | None = None
    mechanical_tilt_deg: float = Field(default=0.0, ge=-30.0, le=30.0)
    electrical_tilt_deg: float | None = Field(default=None, ge=-30.0, le=30.0)

    @property
    def id(self) -> str:
        """Operator and technology."""
        return f"{self.operator} {self.technology}"


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


class Scenario(Entry):
    """
    Everything a region folder says about itself.

    Attributes
    ----------
    format : int
        Version of the scenario file, 1.
    region : RegionInfo
        Which area this is.
    grid : Grid
        The raster grid.
    layers : Layers
        Where the layers come from.
    antennas : mapping of str to str
        Antenna files inside the region folder, by the name under which cells speak of them.
    aliases : str or None
        TOML file of the folder with its own headers and words.
    candidates : Candidates
        Candidate sites derived from other layers.
    targets : Targets
        What must be reached.
    radio : Radio
        Radio assumptions.
    networks : tuple of Network
        Operators' networks.
    greenfield : bool
        True says that no station stands today; without it a missing ``stations`` layer is a fault.
    selection : Selection
        How sites are chosen.
    costs : Costs
        Costs that replace the catalogue's.
    definitions : mapping of str to OwnDefinition
        Definitions of "covered" of the planner's own, by name.
    backhaul : Backhaul
        What fibre, rooms and power connections are planned with.
    """

    format: Literal[1]
    region: RegionInfo
    grid: Grid
    layers: Layers
    antennas: dict[str, str] = Field(default_factory=dict)
    aliases: str | None = None
    candidates: Candidates = Candidates()
    targets: Targets
    radio: Radio = Radio()
    networks: tuple[Network, ...] = Field(min_length=1)
    greenfield: bool = False
    selection: Selection = Selection()
    costs: Costs = Costs()
    definitions: dict[str, OwnDefinition] = Field(default_factory=dict)
    backhaul: Backhaul = Backhaul()

    def known_definitions(self) -> dict[str, Definition]:
        """
        Definitions that rules may pick: the catalogue's and the scenario's own.

        Returns
        -------
        definitions : dict of str to Definition
            By name.
        """
        known = dict(catalog.definitions())
        own = {
            name: change.applied(name, known[change.like])
            for name, change in self.definitions.items()
            if change.like in known
        }
        return known | own

    def network(self, operator: str, technology: str) -> Network | None:
        """
        Network of an operator.

        Parameters
        ----------
        operator, technology : str
            As in the stations layer.

        Returns
        -------
        network : Network or None
            None when the scenario has no such network.
        """
        for network in self.networks:
            if network.operator == operator and network.technology == technology:
                return network
        return None

    def definition(self, rule: catalog.Rule) -> tuple[str, Definition]:
        """
        Definition of "covered" for a rule.

        Parameters
        ----------
        rule : Rule
            A coverage rule.

        Returns
        -------
        id : str
            Name of the definition: what the scenario picks for the rule, what the document says, what the
            scenario picks for the class, the catalogue's.
        definition : Definition
            The definition.
        """
        picked = self.targets.definitions
        key = f"{rule.rule_class}-{rule.technology}"
        name = picked.get(rule.id) or rule.definition or picked.get(key)
        name = name or catalog.default_definitions()[key]
        return name, self.known_definitions()[name]

    def operators_of(self, rule: catalog.Rule) -> tuple[str, ...]:
        """
        Operators of which each must cover what a rule speaks of.

        Parameters
        ----------
        rule : Rule
            A coverage rule.

        Returns
        -------
        operators : tuple of str
            In the order of their names; empty when the network of any operator will do.
        """
        picked = self.targets.operators
        key = f"{rule.rule_class}-{rule.technology}"
        wanted = picked.get(rule.id, picked.get(key, rule.operators))
        if wanted == "any":
            return ()
        mine = {n.operator for n in self.networks if n.technology == rule.technology}
        return tuple(sorted(mine if wanted == "each" else set(wanted)))

    def required_share(self, rule: catalog.Rule) -> float:
        """
        Share that a coverage rule requires.

        Parameters
        ----------
        rule : Rule
            A coverage rule.

        Returns
        -------
        share : float
            The planner's share, else the document's, else all items, or the definition's share when
            points, length or area are pooled.
        """
        if rule.id in self.targets.shares:
            return self.targets.shares[rule.id]
        if rule.required is not None:
            return rule.required
        return 1.0 if rule.measure == "items" else self.definition(rule)[1].share


def read_scenario(folder: Path) -> tuple[Scenario, TargetDocument]:
    """
    Read ``scenario.toml`` and the target document that it names.

    Parameters
    ----------
    folder : Path
        Region folder.

    Returns
    -------
    scenario : Scenario
        The scenario, checked.
    document : TargetDocument
        The target document.

    Raises
    ------
    InputError
        With every fault found.
    """
    scenario = catalog.parse_toml(folder / SCENARIO_FILE, Scenario, SCENARIO_FILE)
    faults = _faults_in_names(scenario)
    name = scenario.targets.document
    document = None
    try:
        if name.endswith(".toml"):
            document = catalog.parse_toml(inside(folder, name), TargetDocument, name)
        else:
            document = catalog.target_document(name)
    except InputError as error:
        faults.extend(error.faults)
    if document is not None:
        faults.extend(_faults_in_document(scenario, document))
    if faults or document is None:
        raise InputError(_with_lines(faults, folder, name, document))
    return scenario, document


def _with_lines(
    faults: list[Fault], folder: Path, name: str, document: TargetDocument | None
) -> list[Fault]:
    """Name the lines of the files in faults that were found after reading."""
    texts = {
        file: (folder / file).read_text(encoding="utf-8-sig", errors="replace")
        for file in {fault.source for fault in faults} & {SCENARIO_FILE, name}
        if (folder / file).is_file()
    }
    rules = [] if document is None else document.rules
    places = {f"rules.{rule.id}": f"rules.{i}" for i, rule in reversed(list(enumerate(rules)))}
    found = []
    for fault in faults:
        path = fault.column
        for key in sorted(places, key=len, reverse=True):
            if path == key or path.startswith(f"{key}."):
                path = places[key] + path.removeprefix(key)
                break
        line = line_of(texts[fault.source], path.split(".")) if fault.source in texts else None
        found.append(fault if fault.row or line is None else replace(fault, row=str(line)))
    return found


def inside(folder: Path, name: str) -> Path:
    """
    Path of a file of the folder; a name that leads outside is refused.

    Parameters
    ----------
    folder : Path
        Region folder.
    name : str
        Relative path with forward slashes.

    Returns
    -------
    path : Path
        Path inside the folder.

    Raises
    ------
    InputError
        When the name is absolute or climbs out of the folder.
    """
    relative = PurePosixPath(name)
    path = (folder / relative).resolve()
    if relative.is_absolute() or not path.is_relative_to(folder.resolve()):
        fault = Fault(
            source=SCENARIO_FILE,
            value=name,
            rule="a file must lie inside the region folder",
            remedy="Copy the file into the folder and name it relative to it.",
        )
        raise InputError([fault])
    return path


def _faults_in_names(scenario: Scenario) -> list[Fault]:
    faults = _faults_in_networks(scenario.networks)
    patterns = {*antennas(), *scenario.antennas}
    faults.extend(
        catalog.unknown_name(SCENARIO_FILE, f"networks.{i}.antenna", network.antenna, patterns)
        for i, network in enumerate(scenario.networks)
        if network.antenna is not None and network.antenna not in patterns
    )
    known = catalog.definitions()
    for key, change in scenario.definitions.items():
        if change.like not in known:
            column = f"definitions.{key}.like"
            faults.append(catalog.unknown_name(SCENARIO_FILE, column, change.like, known))
        if key in known:
            faults.append(
                Fault(
                    source=SCENARIO_FILE,
                    column=f"definitions.{key}",
                    rule="the catalogue has a definition of this name",
                    remedy="Give yours a name of its own, so that results can tell them apart.",
                )
            )
    names = {*known, *scenario.definitions}
    faults.extend(
        catalog.unknown_name(SCENARIO_FILE, f"targets.definitions.{key}", name, names)
        for key, name in scenario.targets.definitions.items()
        if name not in names
    )
    faults.extend(
        Fault(
            source=SCENARIO_FILE,
            column=f"targets.shares.{key}",
            value=str(share),
            rule="a share must be above 0 and at most 1",
            remedy="Write 0.95 for 95 %.",
        )
        for key, share in scenario.targets.shares.items()
        if not 0.0 < share <= 1.0
    )
    structures = {"existing", *schema.SITE_KINDS}
    for column, given, allowed in (
        ("costs.structure", scenario.costs.structure, structures),
        ("costs.rent", scenario.costs.rent, structures),
        ("costs.station", scenario.costs.station, set(catalog.costs().station)),
    ):
        faults.extend(
            catalog.unknown_name(SCENARIO_FILE, column, key, allowed)
            for key in given
            if key not in allowed
        )
    faults.extend(_faults_in_corrections(scenario.radio.corrections))
    years = scenario.targets.years
    if list(years) != sorted(set(years)):
        faults.append(
            Fault(
                source=SCENARIO_FILE,
                column="targets.years",
                value=str(list(years)),
                rule="years must ascend",
                remedy="List each year once, in order.",
            )
        )
    terrain = scenario.layers.terrain
    if (terrain.path is None) == (terrain.flat_m is None):
        faults.append(
            Fault(
                source=SCENARIO_FILE,
                column="layers.terrain",
                rule="give either a path or flat_m",
                remedy="Name the terrain raster, or say flat_m = 0.0 if flat ground is meant.",
            )
        )
    if scenario.layers.stations is None and not scenario.greenfield:
        faults.append(
            Fault(
                source=SCENARIO_FILE,
                column="layers.stations",
                rule="without stations, today's coverage is unknown",
                remedy="Give the stations layer, or say greenfield = true if none stands today.",
            )
        )
    return faults


def _faults_in_corrections(corrections: dict[str, Correction]) -> list[Fault]:
    faults = []
    for key, correction in corrections.items():
        model, _, carrier = key.partition("/")
        column = f"radio.corrections.{key}"
        if model not in get_args(ModelName):
            faults.append(catalog.unknown_name(SCENARIO_FILE, column, model, get_args(ModelName)))
        if "/" in key and carrier not in catalog.carriers():
            faults.append(catalog.unknown_name(SCENARIO_FILE, column, carrier, catalog.carriers()))
        near, far = correction.nearest_m, correction.farthest_m
        if near is not None and far is not None and far <= near:
            faults.append(
                Fault(
                    source=SCENARIO_FILE,
                    column=column,
                    value=f"{near:g} to {far:g} m",
                    rule="farthest_m must lie beyond nearest_m",
                    remedy="Give the distances that the measurements cover.",
                )
            )
    return faults


def _faults_in_networks(networks: tuple[Network, ...]) -> list[Fault]:
    faults = []
    equipment = catalog.equipment()
    seen: set[str] = set()
    for i, network in enumerate(networks):
        if network.id in seen:
            faults.append(
                Fault(
                    source=SCENARIO_FILE,
                    column=f"networks.{i}",
                    value=network.id,
                    rule="the network stands twice",
                    remedy="Keep one entry per operator and technology.",
                )
            )
        seen.add(network.id)
        for scale in ("macro", "micro"):
            name = getattr(network, scale)
            column = f"networks.{i}.{scale}"
            if name is None:
                continue
            if name not in equipment:
                faults.append(catalog.unknown_name(SCENARIO_FILE, column, name, equipment))
                continue
            technology = catalog.carriers()[equipment[name].carrier].technology
            if technology != network.technology:
                faults.append(
                    Fault(
                        source=SCENARIO_FILE,
                        column=column,
                        value=name,
                        rule=f"the equipment is {technology}, the network {network.technology}",
                        remedy="Pick equipment of the network's technology.",
                    )
                )
            if scale == "micro" and equipment[name].scale == "macro":
                faults.append(
                    Fault(
                        source=SCENARIO_FILE,
                        column=column,
                        value=name,
                        rule="poles do not carry macro equipment",
                        remedy="Pick micro equipment, or leave the key out.",
                    )
                )
    return faults


def _faults_in_document(scenario: Scenario, document: TargetDocument) -> list[Fault]:
    name = scenario.targets.document
    ids = [rule.id for rule in document.rules]
    with_share = {rule.id for rule in document.rules if rule.kind == "coverage"}
    faults: list[Fault] = []
    for rule in document.rules:
        faults.extend(_faults_in_figures(rule, name))
        if rule.kind == "coverage":
            faults.extend(_faults_in_rule(scenario, rule, name))
    for key in ("shares", "definitions", "operators"):
        given = getattr(scenario.targets, key)
        classes = set(catalog.default_definitions()) if key != "shares" else set()
        faults.extend(
            catalog.unknown_name(SCENARIO_FILE, f"targets.{key}", word, with_share | classes)
            for word in given
            if word not in with_share | classes
        )
    told = {rule.id for rule in document.rules if rule.kind == "task"}
    told |= {task.id for task in document.tasks} - (set(ids) - told)
    faults.extend(
        catalog.unknown_name(SCENARIO_FILE, f"targets.reported.{key}", key, told)
        for key in scenario.targets.reported
        if key not in told
    )
    for key, entries in (
        ("rules", ids),
        ("tasks", [task.id for task in document.tasks]),
        ("money", [money.id for money in document.money]),
    ):
        faults.extend(
            Fault(
                source=name,
                column=f"{key}.{i}.id",
                value=entry,
                rule=f"two {key} share an id",
                remedy="Rename one.",
            )
            for i, entry in enumerate(entries)
            if entry in entries[:i]
        )
    faults.extend(
        Fault(
            source=name,
            column=f"tasks.{i}.rules",
            value=rule,
            rule="the document has no such rule",
            remedy=f"Use one of: {', '.join(dict.fromkeys(ids))}.",
        )
        for i, task in enumerate(document.tasks)
        for rule in task.rules
        if rule not in ids
    )
    faults.extend(
        Fault(
            source=name,
            column=f"money.{i}.last_year",
            value=f"{money.first_year} to {money.last_year}",
            rule="the last year must not come before the first",
            remedy="Give the years in which a station must go into service.",
        )
        for i, money in enumerate(document.money)
        if money.last_year < money.first_year
    )
    return faults


def _faults_in_figures(rule: catalog.Rule, name: str) -> list[Fault]:
    """Whether the rule can be judged as it is written."""
    place = f"rules.{rule.id}"
    faults: list[Fault] = []
    share = 1.0 if rule.required is None else rule.required
    if rule.kind == "coverage" and not 0.0 < share <= 1.0:
        faults.append(
            Fault(
                source=name,
                column=f"{place}.required",
                value=str(rule.required),
                rule="the required share must be above 0 and at most 1",
                remedy="Write 0.95 for 95 %.",
            )
        )
    shared = rule.rule_class in {"area", "road"} and share < 1.0
    if shared and "measure" not in rule.model_fields_set:
        of_all, of_items = {
            "area": ("the area", "the zones, each covered by itself"),
            "road": ("the length", "the roads, each covered by itself"),
        }[str(rule.rule_class)]
        faults.append(
            Fault(
                source=name,
                column=f"{place}.measure",
                value=f"required = {share:g}",
                rule="the rule does not say what the share is of",
                remedy=f'Add measure = "pooled" for a share of {of_all}, or "items" for one of {of_items}.',
            )
        )
    if rule.kind == "station_count" and rule.strict and rule.required is None:
        faults.append(
            Fault(
                source=name,
                column=f"{place}.required",
                rule="a count needs the number of stations",
                remedy="Add required, or strict = false for a rule that is only measured.",
            )
        )
    if rule.kind not in {"coverage", "station_count"} and rule.strict:
        faults.append(
            Fault(
                source=name,
                column=f"{place}.strict",
                value=rule.kind,
                rule="a rule of this kind is only measured",
                remedy="Add strict = false.",
            )
        )
    if rule.measure == "pooled" and rule.attributes:
        faults.append(
            Fault(
                source=name,
                column=f"{place}.attributes",
                value=", ".join(rule.attributes),
                rule="attributes belong to items, and the rule pools them",
                remedy='Use measure = "items", or a rule of its own for the attributes.',
            )
        )
    return faults


def _faults_in_rule(scenario: Scenario, rule: catalog.Rule, name: str) -> list[Fault]:
    where = f"rules.{rule.id}"
    if rule.layer is None or rule.layer not in schema.TABLES:
        return [catalog.unknown_name(name, f"{where}.layer", str(rule.layer), schema.TABLES)]
    faults = _faults_in_columns(rule, schema.TABLES[rule.layer], name)
    if rule.rule_class is None or rule.technology is None:
        faults.append(
            Fault(
                source=name,
                column=where,
                rule="a coverage rule needs class and technology",
                remedy='Add class = "area" (or village, road, venue) and technology = "5G".',
            )
        )
    geometry = schema.TABLES[rule.layer].geometry
    if geometry == "none" or geometry not in CLASS_GEOMETRY.get(str(rule.rule_class), (geometry,)):
        faults.append(
            Fault(
                source=name,
                column=f"{where}.layer",
                value=rule.layer,
                rule=f"a layer with {geometry} geometry cannot be a {rule.rule_class}",
                remedy="Name a layer of polygons for an area, of lines for a road.",
            )
        )
    if rule.technology is not None and rule.technology not in {
        network.technology for network in scenario.networks
    }:
        faults.append(
            Fault(
                source=SCENARIO_FILE,
                column="networks",
                value=rule.technology,
                rule=f"rule {rule.id} asks for a technology that no network has",
                remedy="Add a network; with build = false when the plan shall not build it.",
            )
        )
    if rule.definition is not None and rule.definition not in scenario.known_definitions():
        known = scenario.known_definitions()
        faults.append(catalog.unknown_name(name, f"{where}.definition", rule.definition, known))
    mine = {n.operator for n in scenario.networks if n.technology == rule.technology}
    faults.extend(
        catalog.unknown_name(SCENARIO_FILE, f"operators of {rule.id}", operator, mine)
        for operator in scenario.operators_of(rule)
        if operator not in mine
    )
    if rule.share_from == "scenario" and rule.id not in scenario.targets.shares:
        faults.append(
            Fault(
                source=SCENARIO_FILE,
                column=f"targets.shares.{rule.id}",
                rule="the document leaves this share to the planner",
                remedy=f'Add "{rule.id}" = 0.9 (or the share you mean) under [targets.shares].',
            )
        )
    return faults


def _faults_in_columns(rule: catalog.Rule, table: schema.Table, name: str) -> list[Fault]:
    """Whether the layer has the columns that the rule speaks of, and they are of the right kind."""
    where = f"rules.{rule.id}"
    columns = {column.name: column for column in table.columns}
    flags = {key for key, column in columns.items() if column.kind == "flag"}
    words = {key for key, column in columns.items() if column.kind in {"text", "category"}}
    group = [rule.group_by] if rule.group_by else []
    faults = [
        catalog.unknown_name(name, f"{where}.{key}", word, allowed)
        for key, given, allowed in (
            ("where", list(rule.where), words),
            ("any", rule.any, flags),
            ("attributes", rule.attributes, flags),
            ("group_by", group, words),
        )
        for word in given
        if word not in allowed
    ]
    for key in [key for key in rule.where if key in words]:
        choices = columns[key].choices
        faults.extend(
            catalog.unknown_name(name, f"{where}.where.{key}", value, choices)
            for value in rule.where[key]
            if choices and value not in choices
        )
    return faults
