"""What was read: every file of a region with its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siteplan.region import rasters
from siteplan.scenario import SCENARIO_FILE, inside

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """
    One file that was read.

    Attributes
    ----------
    path : str
        Relative to the region folder.
    sha256 : str
        Hash of its bytes.
    layer : str
        Layer that it gave.
    rows : int
        Rows taken; 0 for a raster or a text.
    crs : str
        Coordinate reference system of the file.
    """

    path: str
    sha256: str
    layer: str
    rows: int = 0
    crs: str = ""


def input_file(folder: Path, name: str, layer: str, *, rows: int = 0, crs: str = "") -> InputFile:
    """
    Describe one file that was read.

    Parameters
    ----------
    folder : Path
        Region folder.
    name : str
        File in it.
    layer : str
        Layer that it gave.
    rows : int
        Rows taken.
    crs : str
        Coordinate reference system of the file.

    Returns
    -------
    file : InputFile
        With its hash.
    """
    return InputFile(
        path=name, sha256=_digest(inside(folder, name)), layer=layer, rows=rows, crs=crs
    )


def _digest(path: Path) -> str:
    """Hash of a file; of a format in several files, and of a folder, that of all parts by name."""
    parts = [path]
    if path.is_dir():
        parts = sorted(part for part in path.rglob("*") if part.is_file())
    elif path.suffix.lower() in {".shp", ".tab", ".mif"}:
        parts = sorted(part for part in path.parent.iterdir() if part.stem == path.stem)
    digests = []
    for part in parts:
        with part.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def other_inputs(folder: Path, scenario: Scenario) -> list[InputFile]:
    """
    Describe the files beside the vector layers.

    Parameters
    ----------
    folder : Path
        Region folder.
    scenario : Scenario
        What it names.

    Returns
    -------
    files : list of InputFile
        Rasters, texts and antennas of the folder; not what the catalogue holds.
    """
    tiles = rasters.terrain_files(folder, scenario.layers.terrain)
    named: list[tuple[str, str | None]] = [
        ("terrain", tile.relative_to(folder.resolve()).as_posix()) for tile in tiles
    ]
    landcover, document = scenario.layers.landcover, scenario.targets.document
    if landcover is not None:
        named += [("landcover", landcover.path), ("landcover classes", landcover.classes)]
    named += [("targets", document), ("aliases", scenario.aliases), ("scenario", SCENARIO_FILE)]
    named += [("antennas", path) for path in scenario.antennas.values()]
    of_the_catalogue = {"targets", "landcover classes"}
    return [
        input_file(folder, name, layer)
        for layer, name in named
        if name is not None and (layer not in of_the_catalogue or name.endswith(".toml"))
    ]
