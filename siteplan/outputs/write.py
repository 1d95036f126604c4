"""
Write everything a plan gives into one folder, all or nothing.

The files are written into a new folder beside the target and moved into place in one step. A run that fails
or is killed leaves what was there before.
"""

from __future__ import annotations

import json
import math
import sys
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm.auto import tqdm

from siteplan.outputs import frames
from siteplan.outputs._folder import (
    SUMMARY,
    check_target,
    make_parents,
    move_into_place,
    partial_folder,
    remove_abandoned,
    restore,
    sha256,
    told,
)
from siteplan.outputs.atlas import draw_atlas, sheet_names
from siteplan.outputs.control import conflicts, field_screening
from siteplan.outputs.document import write_layout_plan
from siteplan.outputs.exports import export_files
from siteplan.outputs.layers import write_plan_gpkg
from siteplan.outputs.lists import write_sites_csv, write_sites_xlsx
from siteplan.outputs.map import write_map
from siteplan.outputs.options import OutputOptions, Supplements
from siteplan.outputs.plan_json import PLAN_JSON, write_plan_json
from siteplan.outputs.public import public_plan
from siteplan.outputs.rasters import raster_files

if sys.platform != "win32":
    pass

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from siteplan.outputs.atlas import Atlas
    from siteplan.plan import Plan


def write_plan(
    plan: Plan,
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = True,
    options: OutputOptions | None = None,
    supplements: Supplements | None = None,
) -> dict[str, Path]:
    """
    Write the layout plan, atlas, map, lists, layers, rasters and summary of a plan into a folder.

    ``layout_plan.docx``, ``atlas.pdf``, ``atlas/<sheet>.png``, ``map.html``, ``sites.xlsx``, ``sites.csv``,
    ``plan.json``, ``plan.gpkg``, ``plan.kml``, ``plan_shp.zip``, ``geojson/<layer>.geojson``,
    ``parquet/<layer>.parquet``, ``coverage/<technology>_<year>_<today or plan>_<rsrp, sinr or server>.tif``
    and ``summary.json``. The same plan gives the same bytes.

    Everything is written into a new folder beside the target, named ``<folder>.siteplan-partial-…``, which
    then takes its place in one step. An earlier result is replaced as a whole, and stays as it was when
    anything fails. A folder with files that siteplan did not write, or with results that were edited since,
    is never replaced.

    Parameters
    ----------
    plan : Plan
        From :func:`siteplan.make_plan`.
    folder : path
        Output folder; made when missing, with its parents.
    overwrite : bool
        False refuses a folder that holds anything at all.
    options : OutputOptions, optional
        Language, edition, formats, template, font; whether the edition is public.
    supplements : Supplements, optional
        Figures of other stages for the layout plan; what is missing is told there.

    Returns
    -------
    files : dict of str to Path
        By name inside the folder, with forward slashes.

    Raises
    ------
    OutputError
        When the folder cannot or must not be written; the message says why and what to do.

    Examples
    --------
    >>> import siteplan
    >>> region = siteplan.read_region("data/helsinki")  # doctest: +SKIP
    >>> files = siteplan.write_plan(siteplan.make_plan(region), "out/helsinki")  # doctest: +SKIP
    >>> files["sites.csv"]  # doctest: +SKIP
    PosixPath('out/helsinki/sites.csv')
    """
    options = OutputOptions() if options is None else options
    supplements = Supplements() if supplements is None else supplements
    given = Path(folder)
    target = given.resolve()
    with told(given, target.parent):
        restore(target)
        check_target(given, target, overwrite=overwrite)
        made = make_parents(target.parent)
    try:
        with told(given, target.parent):
            remove_abandoned(target)
        with partial_folder(given, target) as new:
            names = _write_files(plan, new, given, options, supplements)
            with told(given, target.parent):
                check_target(given, target, overwrite=overwrite)
                move_into_place(new, target)
    except BaseException:
        for parent in made:
            with suppress(OSError):
                parent.rmdir()
        raise
    return {name: given / name for name in names}


def plan_files(
    plan: Plan, options: OutputOptions, supplements: Supplements
) -> dict[str, Callable[[Path], None]]:
    """
    Every file of a plan but the summary, and what writes it.

    Parameters
    ----------
    plan : Plan
        The plan; for a public edition the one that :func:`siteplan.outputs.public.public_plan` gives.
    options : OutputOptions
        Formats, language, edition.
    supplements : Supplements
        Figures of other stages.

    Returns
    -------
    writers : dict of str to callable
        By name inside the output folder; each takes the path to write.
    """
    drawn = cache(partial(draw_atlas, plan, options))
    groups: dict[str, dict[str, Callable[[Path], None]]] = {
        "map": {"map.html": partial(write_map, plan, options=options)},
        "lists": {
            "sites.xlsx": partial(write_sites_xlsx, plan, language=options.language),
            "sites.csv": partial(write_sites_csv, plan),
        },
        "json": {
            PLAN_JSON: partial(
                write_plan_json, plan, public=options.public, language=options.language
            )
        },
        "layers": {
            "plan.gpkg": partial(write_plan_gpkg, plan, language=options.language),
            **export_files(plan, language=options.language),
        },
        "rasters": {} if options.public else raster_files(plan),
        "atlas": {"atlas.pdf": lambda path: _put(path, drawn().pdf)}
        | {f"atlas/{name}.png": partial(_put_picture, drawn, name) for name in sheet_names(plan)},
        "document": {
            "layout_plan.docx": lambda path: write_layout_plan(
                plan, path, options=options, supplements=supplements, pictures=drawn().pictures
            )
        },
    }
    return {name: writer for group in options.formats for name, writer in groups[group].items()}


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _put_picture(drawn: Callable[[], Atlas], name: str, path: Path) -> None:
    path.write_bytes(drawn().pictures[name])


def write_summary(plan: Plan, path: Path, *, files: dict[str, str] | None = None) -> None:
    """
    Write the plan in numbers as JSON: UTF-8, keys sorted, a missing value as null.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write.
    files : dict of str to str, optional
        Hashes (SHA-256) of the other files of the folder, by name.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    content = _plain(frames.summary(plan) | {"files": files or {}})
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.write_bytes(f"{text}\n".encode())


def _plain(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Only what JSON knows: numpy scalars become numbers, everything missing becomes None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if pd.isna(value) else str(value)


def _write_files(
    plan: Plan, new: Path, given: Path, options: OutputOptions, supplements: Supplements
) -> list[str]:
    """Write all files into a folder, the summary with the hashes of the others last."""
    if options.public:
        found = {"conflicts": conflicts(plan), "emf": field_screening(plan)}
        supplements = replace(supplements, **found)  # of the true places
        plan = public_plan(plan)
    writers = plan_files(plan, options, supplements)
    hashes: dict[str, str] = {}
    jobs = tqdm(writers.items(), desc="writing", unit="file", leave=False, delay=1.0)
    for name, writer in jobs:
        path = new / name
        with told(given / name, new):
            path.parent.mkdir(exist_ok=True)
            writer(path)
            hashes[name] = sha256(path)
    with told(given / SUMMARY, new):
        write_summary(plan, new / SUMMARY, files=hashes)
    return [*writers, SUMMARY]
