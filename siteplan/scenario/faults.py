"""What is wrong with a scenario and its target document beyond the form of their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from siteplan import catalog, schema
from siteplan.catalog.antennas import antennas
from siteplan.errors import Fault
from siteplan.scenario.radio import Correction, ModelName, Network
from siteplan.scenario.whole import SCENARIO_FILE, Scenario

if TYPE_CHECKING:
    from siteplan.catalog import TargetDocument

CLASS_GEOMETRY = {"area": ("polygon",), "road": ("line",)}
"""What the features of a layer must be for a class of demand; villages and venues take any."""


def faults_in_names(scenario: Scenario) -> list[Fault]:
    """
    Names that nothing bears, and entries that contradict each other.

    Parameters
    ----------
    scenario : Scenario
        As its file has it.

    Returns
    -------
    faults : list of Fault
        All that were found.
    """
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


def faults_in_document(scenario: Scenario, document: TargetDocument) -> list[Fault]:
    """
    Rules that cannot be judged as they are written, or with this scenario.

    Parameters
    ----------
    scenario : Scenario
        What it says of shares, definitions, operators and networks.
    document : TargetDocument
        As its file has it.

    Returns
    -------
    faults : list of Fault
        All that were found.
    """
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
