"""The command line: parses, calls, prints. The stages load only when a command needs them."""

from __future__ import annotations

import argparse
import math
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siteplan import __version__
from siteplan.errors import InputError, OutputError, SiteplanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from siteplan.plan import Plan

DEMO_REGIONS = ("hangjin", "hedong", "helsinki")
FAULTY_INPUT = 2
INTERRUPTED = 130


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
        print(f"siteplan: {error}", file=sys.stderr)
        return FAULTY_INPUT
    except KeyboardInterrupt:
        print("siteplan: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED


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
    demo.set_defaults(run=_demo)
    plan = commands.add_parser("plan", help="plan the region of a folder")
    plan.add_argument("folder", type=Path, help="folder with scenario.toml and its layers")
    plan.add_argument("--out", type=Path, help="output folder (default: out/FOLDER)")
    plan.set_defaults(run=_plan)
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
    return parser


def _demo(arguments: argparse.Namespace) -> int:
    return _make(arguments.data / arguments.region, arguments.out)


def _plan(arguments: argparse.Namespace) -> int:
    return _make(arguments.folder, arguments.out)


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


def _make(folder: Path, out: Path | None) -> int:
    from siteplan.outputs import write_plan  # noqa: PLC0415  # --help stays quick
    from siteplan.plan import make_plan  # noqa: PLC0415
    from siteplan.region import read_region  # noqa: PLC0415

    out = Path("out") / folder.resolve().name if out is None else out
    print(f"reading {folder}", flush=True)
    plan = make_plan(read_region(folder))
    files = write_plan(plan, out)
    _print_plan(plan)
    print(f"\n{out}/")
    for path in files.values():
        print(f"  {path.relative_to(out)}")
    return 0


def _print_plan(plan: Plan) -> None:
    from siteplan.outputs.frames import rule_table  # noqa: PLC0415

    region = plan.region
    for warning in plan.warnings:
        print(f"warning: {warning}")
    print(f"\n{region.scenario.region.name} - {region.document.title}")
    rules = rule_table(plan)
    header = ("rule", "year", "required", "today", "with the plan", "state", "stations", "")
    rows: list[tuple[str, ...]] = [header]
    rows.extend(_row(str(name), rule) for name, rule in rules.iterrows())
    widths = [max(_width(row[i]) for row in rows) for i in range(len(header))]
    for row in rows:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        print("  ".join(padded).rstrip())
    stations = plan.planned_stations
    print(f"\n{len(stations)} stations on {stations['site_id'].nunique()} sites. ", end="")
    print(plan.selection.summary())
    short = plan.selection.shortfalls
    if len(short):
        print(f"{len(short)} needs are out of reach of all candidates:")
        for need in short.head(10).itertuples():
            print(f"  {need.rule_id} {need.name}: {need.reachable:.1%} of {need.needed:.1%}")


def _row(name: str, rule: pd.Series[Any]) -> tuple[str, ...]:
    unit = str(rule["unit"])
    import pandas as pd  # noqa: PLC0415  # --help stays quick

    return (
        name,
        "" if pd.isna(rule["year"]) else str(rule["year"]),
        _value(rule["required"], unit),
        _value(rule["today"], unit),
        _value(rule["plan"], unit),
        f"{rule['state_today']} -> {rule['state_plan']}",
        str(rule["stations_needed"]),
        str(rule["reason"]),
    )


def _value(value: float, unit: str) -> str:
    number = float(value)
    if math.isnan(number):
        return "-"
    return f"{number:.1%}" if unit == "share" else f"{number:,.0f} {unit}".strip()


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


if __name__ == "__main__":
    sys.exit(main())
