"""
Make the generated regions again, byte for byte.

Run ``python data/make.py [hangjin|hedong|helsinki|all]``.

Each region is made by its own script from ``data/sources`` and a fixed seed.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from _common import FOLDER

REGIONS = ("hangjin", "hedong", "helsinki")


def main() -> None:
    """Read the command line and make the regions that it names."""
    parser = argparse.ArgumentParser(description="Make the generated regions again.")
    parser.add_argument("region", nargs="?", default="all", choices=[*REGIONS, "all"])
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder of the region folders")
    options = parser.parse_args()
    for region in REGIONS if options.region == "all" else (options.region,):
        folder = options.into / region
        folder.mkdir(parents=True, exist_ok=True)
        importlib.import_module(f"_{region}").make(folder)
        size_mb = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        print(f"{region}: {size_mb:.2f} MB in {folder}")


if __name__ == "__main__":
    main()
