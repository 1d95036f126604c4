"""The files of a region folder that say what it is: read, and refused with every fault at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from siteplan import catalog
from siteplan.catalog import TargetDocument
from siteplan.catalog._lines import line_of
from siteplan.errors import Fault, InputError
from siteplan.scenario.faults import faults_in_document, faults_in_names
from siteplan.scenario.whole import SCENARIO_FILE, Scenario


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
    faults = faults_in_names(scenario)
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
        faults.extend(faults_in_document(scenario, document))
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
