"""A new region folder: a scenario to read and change, the boundary, and empty tables to fill."""

from __future__ import annotations

import json
import tempfile
import tomllib
from contextlib import contextmanager, suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import pyogrio
import shapely

from siteplan import catalog, schema
from siteplan.errors import OutputError
from siteplan.outputs.templates import sheet_name, template, words_in
from siteplan.region import tables
from siteplan.region.geopackage import write_layer
from siteplan.region.grid import ANY_COUNTY, in_china, projected_crs
from siteplan.scenario import SCENARIO_FILE, Layers, LayerSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.outputs.templates import Language

BOUNDARY_FILE: Final = "boundary.gpkg"
TARGETS_FILE: Final = "targets.toml"

_TAKEN: Final = ("villages", "sites", "stations")
"""Layers that the new scenario names; the others stand there as comments."""

_CELLS: Final = 5_000_000
_CELL_SIZES_M: Final = (10.0, 20.0, 30.0, 50.0, 90.0, 100.0, 200.0, 500.0)
_TOWN_CELL_M: Final = 20.0
_TEMPORARY: Final = ".siteplan-init-"


def init_region(
    folder: Path,
    boundary: Path,
    *,
    name: str | None = None,
    code: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    language: Language = "zh",
) -> list[Path]:
    """
    Make a new region folder from a boundary.

    ``scenario.toml`` with comments, ``boundary.gpkg``, ``targets.toml`` with one rule as an example (or the
    catalogue's document for the area), and a workbook to fill for every layer. Files of the user's are
    never replaced.

    Parameters
    ----------
    folder : Path
        Folder; made when missing, with its parents.
    boundary : Path
        File with the boundary, of any format that a region takes.
    name, code : str, optional
        Name and statistical code of the area; those in the file when missing.
    crs : str, optional
        Coordinate reference system of the boundary when its file names none.
    encoding : str, optional
        Of its text, when that is neither UTF-8 nor GBK.
    layer : str, optional
        Layer or sheet of the file, when it has several.
    language : {"zh", "en"}
        Of comments and tables: Chinese or English.

    Returns
    -------
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        When the boundary cannot be read.
    OutputError
        When the folder cannot be written, or holds one of the files already.
    """
    source = LayerSource(path=boundary.name, crs=crs, encoding=encoding, layer=layer)
    frame = tables.read_table(boundary.parent, schema.TABLES["boundary"], source)
    title = name or _only(frame, "name") or folder.resolve().name
    number = code or _only(frame, "code") or ""
    texts = _texts(frame, title, number, language)
    names = [BOUNDARY_FILE, *texts, *(f"{table}.xlsx" for table in _templates())]
    with _told(folder):
        taken = [path for path in names if (folder / path).exists()]
        if taken:
            raise OutputError(
                f"{folder} holds {', '.join(taken)} already; nothing was written. Name a new folder, or move "
                "them away."
            )
        made = _make(folder)
        try:
            with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=folder) as temporary:
                new = Path(temporary)
                _write(new, frame, texts, language)
                _move(new, folder, names)
        except BaseException:
            for path in made:
                with suppress(OSError):
                    path.rmdir()
            raise
    return [folder / path for path in names]


def scenario_text(
    name: str,
    code: str,
    *,
    resolution_m: float,
    document: str,
    china: bool = True,
    language: Language = "zh",
) -> str:
    """
    Text of a new ``scenario.toml``.

    Parameters
    ----------
    name, code : str
        Name and statistical code of the area.
    resolution_m : float
        Cell size. [m]
    document : str
        Name of the catalogue's document for the area, or file of the example beside the scenario.
    china : bool
        Whether the area lies in China, whose positions are mostly in CGCS2000.
    language : {"zh", "en"}
        Of the comments: Chinese or English.

    Returns
    -------
    text : str
        TOML with comments.
    """
    texts = _page(language)
    known = document in catalog.target_documents()
    rules = catalog.target_document(document).rules if known else []
    years = sorted({rule.year for rule in rules if rule.year is not None}) or [2026, 2027]
    shares = [rule.id for rule in rules if rule.share_from == "scenario"]
    town = resolution_m <= _TOWN_CELL_M
    head = texts["head"].format(
        name=_quoted(name), code=_quoted(code), resolution=f"{resolution_m:.1f}"
    )
    system = "EPSG:4490" if china else "EPSG:4326"
    parts = [
        head + "".join(_layer_text(layer, system, language) for layer in _templates()),
        texts["targets"].format(targets=_quoted(document), years=years),
    ]
    if shares:
        parts.append(texts["shares"] + "".join(f"{_quoted(rule)} = 0.95\n" for rule in shares))
    parts.append(texts["networks"].format(macro="tr38901-uma" if town else "tr38901-rma"))
    return "\n".join(parts)


@cache
def _page(language: Language) -> dict[str, str]:
    """Texts of the files, with places for what is known of the area."""
    path = files("siteplan.outputs") / "assets" / f"new_region_{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _templates() -> list[str]:
    return [
        table for table in schema.TABLES if table != "boundary" and table in Layers.model_fields
    ]


def _only(frame: gpd.GeoDataFrame, column: str) -> str | None:
    """Value of a column that all rows share."""
    values = frame[column].dropna().unique() if column in frame else []
    return str(values[0]) if len(values) == 1 else None


def _texts(frame: gpd.GeoDataFrame, name: str, code: str, language: Language) -> dict[str, str]:
    shape = shapely.union_all(frame.geometry.to_numpy())
    place = gpd.GeoSeries([shape], crs=frame.crs).to_crs("EPSG:4326")
    china = in_china(place.iloc[0], code or ANY_COUNTY)
    area = place.to_crs(projected_crs(place.iloc[0], china=china)).iloc[0]
    cells = area.envelope.area / _CELLS
    resolution = next((size for size in _CELL_SIZES_M if size**2 >= cells), _CELL_SIZES_M[-1])
    known = [n for n in catalog.target_documents() if catalog.target_document(n).area_code == code]
    document = known[-1] if known else TARGETS_FILE
    text = scenario_text(
        name, code, resolution_m=resolution, document=document, china=china, language=language
    )
    texts = {SCENARIO_FILE: text}
    if not known:
        page = _page(language)
        title = _quoted(page["title"].format(name=name))
        texts[TARGETS_FILE] = page["example"].format(
            title=title, issuer=_quoted(name), code=_quoted(code)
        )
    return texts


def _quoted(text: str) -> str:
    # A basic string of TOML is one of JSON, but for a character that JSON leaves bare.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _layer_text(layer: str, system: str, language: Language) -> str:
    table = schema.TABLES[layer]
    sheet = sheet_name(table, language=language)
    lines = [f"[layers.{layer}]", f'path = "{layer}.xlsx"', f'layer = "{sheet}"']
    if table.geometry != "none":
        lines.append(f'crs = "{system}"')
    mark = "" if layer in _TAKEN else "# "
    purpose = words_in(language).layers[layer]
    return f"\n# {purpose}\n" + "".join(f"{mark}{line}\n" for line in lines)


def _make(folder: Path) -> list[Path]:
    """Make a folder with its parents; those made, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _write(
    folder: Path, frame: gpd.GeoDataFrame, texts: dict[str, str], language: Language
) -> None:
    known = [column.name for column in schema.TABLES["boundary"].columns if column.name in frame]
    write_layer(frame[[*known, "geometry"]], folder / BOUNDARY_FILE, "boundary")
    for path, text in texts.items():
        (folder / path).write_bytes(text.encode())
    for layer in _templates():
        (folder / f"{layer}.xlsx").write_bytes(template(schema.TABLES[layer], language=language))


def _move(new: Path, folder: Path, names: list[str]) -> None:
    moved: list[Path] = []
    try:
        for name in names:
            (new / name).rename(folder / name)
            moved.append(folder / name)
    except BaseException:
        for path in moved:
            path.unlink(missing_ok=True)
        raise


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise OutputError(
            f"{folder} could not be written: {error}. Name a folder that you may write, on a disk with "
            "free space."
        ) from error
