"""The command line: parses, calls, prints. The stages load only when a command needs them."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from siteplan import __version__
from siteplan.errors import Fault, InputError, OutputError, SiteplanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.outputs.options import Language

DEMO_REGIONS = ("hangjin", "hedong", "helsinki")
FAULTY_INPUT = 2
INTERRUPTED = 130
LARGEST_MARGIN_KM = 200.0


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process when missing.

    Returns
    -------
    code : int
        0 when done, 2 for faulty input, 130 when interrupted.
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except SiteplanError as error:
        _say("siteplan: ", error, language=_language(arguments), file=sys.stderr)
        return FAULTY_INPUT
    except KeyboardInterrupt:
        text = "interrupted; nothing half-written is left"
        _say("siteplan: ", text, language=_language(arguments), file=sys.stderr)
        return INTERRUPTED


def _language(arguments: argparse.Namespace) -> Language:
    """Language of what is told; of commands that only speak English, English."""
    return "zh" if getattr(arguments, "language", "en") == "zh" else "en"


def _say(
    lead: str, text: str | Fault | Exception, *, language: Language, file: TextIO | None = None
) -> None:
    """Print in the reader's language what the terminal can show of it."""
    from siteplan.outputs.translation import told  # noqa: PLC0415  # --help stays quick

    _print(f"{lead}{told(text, language=language)}", file=file)


def _print(text: str, *, file: TextIO | None = None) -> None:
    """Print what the terminal can show of a text."""
    stream = file or sys.stdout
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="siteplan",
        description="Coverage targets, gaps and site plans for 4G and 5G in a county.",
    )
    parser.add_argument("--version", action="version", version=f"siteplan {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="plan one of the regions that come with the project")
    demo.add_argument("region", nargs="?", default=DEMO_REGIONS[0], choices=DEMO_REGIONS)
    demo.add_argument(
        "--data",
        type=Path,
        default=Path("data"),
        help="folder that holds the regions (default: data, as in a checkout)",
    )
    demo.add_argument("--out", type=Path, help="output folder (default: out/REGION)")
    _add_output_options(demo)
    demo.set_defaults(run=_demo)
    plan = commands.add_parser("plan", help="plan the region of a folder")
    plan.add_argument("folder", type=Path, help="folder with scenario.toml and its layers")
    plan.add_argument("--out", type=Path, help="output folder (default: out/FOLDER)")
    _add_output_options(plan)
    plan.set_defaults(run=_plan)
    compare = commands.add_parser("compare", help="tell what a plan changes against another")
    compare.add_argument("before", type=Path, help="plan.json, or the output folder that holds it")
    compare.add_argument("after", type=Path, help="the other plan")
    compare.add_argument(
        "--out", type=Path, help="also write the differences to this new .xlsx file"
    )
    compare.add_argument(
        "--language", choices=("zh", "en"), default="zh", help="of what is told (default: zh)"
    )
    compare.set_defaults(run=_compare)
    fit = commands.add_parser("calibrate", help="fit a propagation model to drive-test samples")
    fit.add_argument("folder", type=Path, help="folder whose scenario.toml names [layers.samples]")
    fit.add_argument("--model", help="propagation model (default: the scenario's)")
    fit.add_argument("--scale", default="macro", choices=("macro", "micro"))
    fit.add_argument("--carrier", help="fit this carrier alone")
    fit.add_argument("--offset-only", action="store_true", help="fit no slope")
    fit.add_argument("--floor-dbm", type=float, help="weakest level that the receiver measures")
    fit.add_argument("--receiver-loss-db", type=float, help="vehicle and cable, less antenna gain")
    fit.add_argument("--out", type=Path, help="new file for the correction (default: printed)")
    fit.set_defaults(run=_calibrate)
    _add_folder_commands(commands)
    return parser


def _add_folder_commands(commands: Any) -> None:  # noqa: ANN401  # argparse keeps the class private
    """Commands that make and fill a region folder."""
    init = commands.add_parser("init", help="make a new region folder from a boundary")
    fetch = commands.add_parser("fetch", help="bring open data into a region folder")
    check = commands.add_parser("check", help="list everything wrong with a region folder")
    for command in (init, fetch, check):
        command.add_argument("folder", type=Path, help="region folder")
    for command in (init, fetch):
        required = command is init
        note = "" if required else " (default: the one that scenario.toml names)"
        command.add_argument(
            "--boundary", type=Path, required=required, help=f"file with the boundary{note}"
        )
        command.add_argument("--crs", help="its coordinate system, when the file names none")
        command.add_argument("--encoding", help="of its text, when neither UTF-8 nor GBK")
        command.add_argument("--layer", help="its layer or sheet, when the file has several")
    init.add_argument("--name", help="name of the area (default: from the boundary)")
    init.add_argument("--code", help="statistical code of the area (default: from the boundary)")
    init.add_argument(
        "--language",
        choices=("zh", "en"),
        default="zh",
        help="of comments and tables (default: zh)",
    )
    init.set_defaults(run=_init)
    fetch.add_argument(
        "--what",
        default="dem,landcover,population",
        help="of dem, landcover, population, osm, with commas; another product as in "
        "population=worldpop (default: %(default)s)",
    )
    fetch.add_argument("--extract", help="OpenStreetMap extract (.osm.pbf) for osm: file or URL")
    fetch.add_argument(
        "--margin-km", type=float, default=15.0, help="width around the boundary (default: 15)"
    )
    fetch.add_argument("--country", default="CHN", help="ISO 3166 letters (default: CHN)")
    fetch.add_argument(
        "--sources",
        type=Path,
        default=os.environ.get("SITEPLAN_SOURCES") or None,
        help="TOML file with mirrors and timeouts (default: $SITEPLAN_SOURCES)",
    )
    fetch.add_argument(
        "--language", choices=("zh", "en"), default="zh", help="of what is told (default: zh)"
    )
    fetch.set_defaults(run=_fetch)
    check.add_argument(
        "--out", type=Path, help="folder for check.html and check.csv (default: FOLDER)"
    )
    check.add_argument(
        "--language", choices=("zh", "en"), default="zh", help="of what is told (default: zh)"
    )
    check.set_defaults(run=_check)


def _demo(arguments: argparse.Namespace) -> int:
    folder = arguments.data / arguments.region
    if not folder.is_dir():
        fault = Fault(
            source="siteplan demo",
            value=str(folder),
            rule="the demo regions are not here",
            remedy="Run it in a checkout of siteplan, or say where its data folder is: --data PATH.",
        )
        raise InputError([fault])
    return _make(folder, arguments)


def _plan(arguments: argparse.Namespace) -> int:
    return _make(arguments.folder, arguments)


def _compare(arguments: argparse.Namespace) -> int:
    from siteplan.outputs import compare_plans, read_plan, write_revision  # noqa: PLC0415  # as above
    from siteplan.outputs.revision import revision_text  # noqa: PLC0415  # as above

    revision = compare_plans(read_plan(arguments.before), read_plan(arguments.after))
    _print(revision_text(revision, language=arguments.language))
    if arguments.out is not None:
        write_revision(revision, arguments.out, language=arguments.language)
        print(f"  {arguments.out}")
    return 0


def _calibrate(arguments: argparse.Namespace) -> int:
    from siteplan import catalog  # noqa: PLC0415  # --help stays quick
    from siteplan.coverage.calibration import calibrate_region  # noqa: PLC0415
    from siteplan.coverage.sample_choice import CalibrationOptions  # noqa: PLC0415
    from siteplan.propagation.registry import MODELS  # noqa: PLC0415
    from siteplan.region import read_region  # noqa: PLC0415

    for option, name, known in (
        ("--model", arguments.model, MODELS),
        ("--carrier", arguments.carrier, catalog.carriers()),
    ):
        if name is not None and name not in known:
            raise InputError([catalog.unknown_name(option, "", name, known)])
    given = {"floor_dbm": arguments.floor_dbm, "receiver_loss_db": arguments.receiver_loss_db}
    calibration = calibrate_region(
        read_region(arguments.folder),
        model=arguments.model,
        scale=arguments.scale,
        carrier=arguments.carrier,
        options=CalibrationOptions(
            slope=not arguments.offset_only,
            **{name: value for name, value in given.items() if value is not None},
        ),
    )
    if arguments.out is None:
        print(calibration.to_toml(), end="")
        return 0
    try:
        with arguments.out.open("x", encoding="utf-8") as file:
            file.write(calibration.to_toml())
    except OSError as error:
        reason = "it exists already" if isinstance(error, FileExistsError) else error.strerror
        raise OutputError(f"{arguments.out} was not written: {reason}") from None
    print(calibration)
    print(f"\n{arguments.out}: copy the table into scenario.toml")
    return 0


def _init(arguments: argparse.Namespace) -> int:
    from siteplan.outputs.new_region import init_region  # noqa: PLC0415  # --help stays quick

    files = init_region(
        arguments.folder,
        arguments.boundary,
        name=arguments.name,
        code=arguments.code,
        crs=arguments.crs,
        encoding=arguments.encoding,
        layer=arguments.layer,
        language=arguments.language,
    )
    print(f"{arguments.folder}/")
    for path in files:
        print(f"  {path.name}")
    text = "next: read scenario.toml, fill the tables, then siteplan fetch and siteplan check"
    _say("", text, language=_language(arguments))
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    from siteplan.region import open_data  # noqa: PLC0415  # --help stays quick
    from siteplan.region.sources import read_sources  # noqa: PLC0415
    from siteplan.scenario import LayerSource  # noqa: PLC0415

    place, given = arguments.folder, arguments.boundary
    if given is None:
        source = open_data.scenario_boundary(place)
    else:
        place = given.parent
        source = LayerSource(
            path=given.name,
            crs=arguments.crs,
            encoding=arguments.encoding,
            layer=arguments.layer,
        )
    if not 0.0 <= arguments.margin_km <= LARGEST_MARGIN_KM:
        fault = Fault(
            source="--margin-km",
            value=str(arguments.margin_km),
            rule=f"the margin must lie between 0 and {LARGEST_MARGIN_KM:g}",
            remedy="Take the radius of the farthest signal that matters, such as 15.",
        )
        raise InputError([fault])
    area = open_data.fetch_area(place, source, margin_m=arguments.margin_km * 1e3)
    language, warned = _language(arguments), "警告：" if arguments.language == "zh" else "warning: "
    for square_km in area.left_out_km2:
        text = f"a part of the boundary of {square_km:,.1f} km2 lies far off and is left out"
        _say(warned, text, language=language)
    fetched = open_data.fetch(
        arguments.folder,
        area,
        what=arguments.what.split(","),
        sources=read_sources(arguments.sources),
        extract=arguments.extract,
        country=arguments.country,
    )
    for fault in fetched.warnings:
        _say(warned, fault, language=language)
    for name in fetched.kept:
        _say("", f"{arguments.folder / name}: there already", language=language)
    for file in fetched.files:
        print(f"{arguments.folder / file.path}: {file.title}, {file.size_bytes / 1e6:.1f} MB")
        print(f"  {file.licence}; {file.attribution}")
        if file.note:
            _say("  ", file.note, language=language)
    _say("\n", "for scenario.toml:", language=language)
    print(open_data.scenario_lines(fetched), end="")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from siteplan.outputs import check  # noqa: PLC0415  # --help stays quick

    folder = arguments.folder
    table = check.check_folder(folder)
    encoding = sys.stdout.encoding or "utf-8"
    columns, language = shutil.get_terminal_size().columns, arguments.language
    text = check.fault_text(table, width=columns, language=language)
    print(text.encode(encoding, "replace").decode(encoding))
    out = folder if arguments.out is None else arguments.out
    for path in check.write_check(table, out, title=folder.resolve().name, language=language):
        print(f"  {path}")
    errors, _ = check.count_faults(table)
    return FAULTY_INPUT if errors else 0


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("outputs")
    group.add_argument(
        "--language", choices=("zh", "en"), default="zh", help="of what people read (default: zh)"
    )
    group.add_argument(
        "--edition",
        choices=("consultation", "review", "approval"),
        default="consultation",
        help="of the layout plan (default: consultation)",
    )
    group.add_argument("--public", action="store_true", help="round the places of sites to 1 km")
    group.add_argument(
        "--formats",
        nargs="+",
        metavar="FORMAT",
        help="write these groups of files only (default: all)",
    )
    group.add_argument("--template", type=Path, help="the bureau's own .docx for the layout plan")
    group.add_argument("--comments", type=Path, help="sheet of comments and replies (.xlsx, .csv)")
    group.add_argument("--font", type=Path, help="font file with Chinese letters for the atlas")
    group.add_argument(
        "--basemap",
        choices=("osm", "tianditu"),
        help="online map under map.html (default: none, the map asks no server for anything)",
    )
    group.add_argument(
        "--tianditu-key",
        default=os.environ.get("SITEPLAN_TIANDITU_KEY", ""),
        metavar="KEY",
        help="your key for Tianditu, which everybody who opens the map can read "
        "(default: $SITEPLAN_TIANDITU_KEY)",
    )


def _make(folder: Path, arguments: argparse.Namespace) -> int:
    from siteplan.outputs import OutputOptions, write_plan  # noqa: PLC0415  # --help stays quick
    from siteplan.outputs.terminal import plan_text  # noqa: PLC0415
    from siteplan.plan import make_plan  # noqa: PLC0415
    from siteplan.region import read_region  # noqa: PLC0415

    names = ["language", "edition", "public", "template", "comments", "font"]
    names += ["basemap", "tianditu_key"]
    given = {name: getattr(arguments, name) for name in names}
    if arguments.formats:
        given["formats"] = tuple(arguments.formats)
    options = OutputOptions(**given)
    out = Path("out") / folder.resolve().name if arguments.out is None else arguments.out
    language = _language(arguments)
    _say("", f"reading {folder}", language=language)
    plan = make_plan(read_region(folder))
    files = write_plan(plan, out, options=options)
    for warning in plan.warnings:
        _say("警告：" if language == "zh" else "warning: ", warning, language=language)
    _print(plan_text(plan, language=language))
    print(f"\n{out}/")
    for path in files.values():
        print(f"  {path.relative_to(out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
