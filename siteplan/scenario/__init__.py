"""
The scenario: what a region folder says about itself in ``scenario.toml``.

All parts are immutable; an unknown key, a wrong type or an unknown catalogue name is refused, all faults
in one message.
"""

from siteplan.scenario.choice import Backhaul, Costs, Selection, StructureLimits
from siteplan.scenario.files import inside, read_scenario
from siteplan.scenario.layers import (
    BuildingSource,
    Candidates,
    Grid,
    LandCoverSource,
    Layers,
    LayerSource,
    RegionInfo,
    TerrainSource,
)
from siteplan.scenario.radio import Correction, ModelName, Network, Radio
from siteplan.scenario.targets import OwnDefinition, Reported, Targets
from siteplan.scenario.whole import SCENARIO_FILE, Scenario

__all__ = [
    "SCENARIO_FILE",
    "Backhaul",
    "BuildingSource",
    "Candidates",
    "Correction",
    "Costs",
    "Grid",
    "LandCoverSource",
    "LayerSource",
    "Layers",
    "ModelName",
    "Network",
    "OwnDefinition",
    "Radio",
    "RegionInfo",
    "Reported",
    "Scenario",
    "Selection",
    "StructureLimits",
    "Targets",
    "TerrainSource",
    "inside",
    "read_scenario",
]
