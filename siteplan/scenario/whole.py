"""Everything that a region folder says about itself, in one value."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from siteplan import catalog
from siteplan.catalog import Definition, Entry
from siteplan.scenario.choice import Backhaul, Costs, Selection, StructureLimits
from siteplan.scenario.layers import Candidates, Grid, Layers, RegionInfo
from siteplan.scenario.radio import Network, Radio
from siteplan.scenario.targets import OwnDefinition, Targets

SCENARIO_FILE = "scenario.toml"

SiteKind = Literal["tower", "rooftop", "building", "lamp_pole", "monitoring_pole", "new"]


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
    structures : mapping of str to StructureLimits
        What structures of a kind may carry, besides the equipment that the catalogue gives them.
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
    structures: dict[SiteKind, StructureLimits] = Field(default_factory=dict)
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
