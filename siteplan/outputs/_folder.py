"""
A folder that is written all or nothing.

The files are written into a new folder beside the target and moved into place in one step. A run that fails
or is killed leaves what was there before; what people put into the folder, or changed there, is never lost.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import secrets
import shutil
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from siteplan.errors import OutputError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY: Final = "summary.json"
"""The file that marks a folder as written by siteplan and holds the hashes of all others."""

PARTIAL: Final = ".siteplan-partial-"
"""What stands between a folder's name and a random part in the name of a folder being written."""

ASIDE: Final = ".siteplan-old-"
"""The same for the old folder while the new one takes its place."""

LEFT_BY_VIEWERS: Final = (
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "plan.gpkg-journal",
    "plan.gpkg-shm",
    "plan.gpkg-wal",
)
"""Files that programs leave beside those they show; they may go with them."""

CHANGED_BY_VIEWERS: Final = ("plan.gpkg",)
"""Files that change when they are merely looked at."""

ABANDONED_AFTER_S: Final = 86_400.0
"""Where folders cannot be locked, an unfinished one this old belongs to no running process. [s]"""

FOLDERS: Final = ("atlas", "coverage", "geojson", "parquet")
"""Folders of ours inside the output folder."""

NAMES_SHOWN: Final = 10
"""Foreign files named in a message; the rest are counted."""


def sha256(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def told(name: Path, place: Path) -> Iterator[None]:
    """Turn errors of the operating system into one that says what to do."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{name} could not be written: {error}. {_remedy(error, place)}"
        ) from error


def _remedy(error: OSError, place: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} or _is_full(place):
        return "Free space on the disk, or write to a folder on another disk."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "Write to a folder that you may create and rename, and close its files in other programs."
    if error.errno == errno.ENAMETOOLONG:
        return "Give the folder a shorter name."
    return "Write to another folder."


def _is_full(place: Path) -> bool:
    """Whether the disk is (nearly) full; libraries do not always say so."""
    while not place.exists() and place != place.parent:
        place = place.parent
    with suppress(OSError):
        return shutil.disk_usage(place).free < 1_000_000  # noqa: PLR2004  # a megabyte
    return False


def check_target(given: Path, target: Path, *, overwrite: bool) -> None:
    """Refuse a target that is no folder, cannot be moved, or holds what siteplan did not write."""
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{given} is a file. Name a folder.")
    working = Path.cwd().is_relative_to(target)
    if working or os.path.ismount(target):
        what = "the working folder, or holds it" if working else "the root of a disk or mount"
        raise OutputError(
            f"{given} is {what}, and cannot be replaced as a whole. Name a folder inside it, such as "
            f"{given / 'plan'}."
        )
    if not overwrite and any(target.iterdir()):
        raise OutputError(
            f"{given} exists and is not empty. Name another folder, or pass overwrite=True to replace an "
            "earlier result."
        )
    foreign, edited = _strange_files(target)
    if foreign:
        raise OutputError(
            f"{given} holds {_listed(foreign)}, which siteplan did not write. Name another folder, or "
            "move them out first."
        )
    if edited:
        raise OutputError(
            f"{given} holds {_listed(edited)}, changed since siteplan wrote them. Name another folder, "
            "or move or rename them to keep the changes, or delete them."
        )


def _strange_files(target: Path) -> tuple[list[str], list[str]]:
    """Files of a folder that siteplan did not write, and those that it wrote and somebody changed."""
    hashes = _written_hashes(target)
    foreign, edited = [], []
    for path in sorted(target.rglob("*")):
        name = path.relative_to(target).as_posix()
        if path.is_dir() and not path.is_symlink():
            if name not in FOLDERS and not any(path.iterdir()):
                foreign.append(f"{name}/")
        elif path.name in LEFT_BY_VIEWERS or _is_statistics_of(name, hashes):
            continue
        elif name not in hashes or path.is_symlink():
            foreign.append(name)
        elif name not in CHANGED_BY_VIEWERS and hashes[name] not in {"", sha256(path)}:
            edited.append(name)
    return foreign, edited


def _is_statistics_of(name: str, hashes: dict[str, str]) -> bool:
    """Whether a file is what GIS programs leave beside a raster of ours."""
    return name.endswith(".aux.xml") and name.removesuffix(".aux.xml") in hashes


def _written_hashes(target: Path) -> dict[str, str]:
    """Hashes of the files that siteplan wrote into a folder, none when the folder is not siteplan's."""
    try:
        summary = json.loads((target / SUMMARY).read_bytes())
        files = summary["files"]
        hashes = {str(name): str(digest) for name, digest in files.items()}
        return hashes | {SUMMARY: ""} if "siteplan" in summary else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def make_parents(parent: Path) -> list[Path]:
    """Make missing parents; those made, the innermost first."""
    missing = []
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
    return missing


@contextmanager
def partial_folder(given: Path, target: Path) -> Iterator[Path]:
    """Give a new folder beside the target, locked while it is in use, gone afterwards unless moved."""
    new = target.with_name(f"{target.name}{PARTIAL}{secrets.token_hex(4)}")
    with told(given, target.parent):
        new.mkdir()
        lock = _lock(new)
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Lock a folder for the life of the process; None where that is not possible or another holds it."""
    if sys.platform == "win32":
        return None
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def remove_abandoned(target: Path) -> None:
    """Remove unfinished folders of runs that were killed; those of running ones are locked."""
    for pattern in (PARTIAL, ASIDE):
        for path in _beside(target, pattern):
            lock = _lock(path)
            old = time.time() - path.stat().st_mtime > ABANDONED_AFTER_S
            if lock is not None or old:
                shutil.rmtree(path, ignore_errors=True)
            if lock is not None:
                os.close(lock)


def _beside(target: Path, pattern: str) -> list[Path]:
    """Folders beside a target that this module named."""
    if not target.parent.is_dir():
        return []
    start = f"{target.name}{pattern}"
    return sorted(
        path for path in target.parent.iterdir() if path.name.startswith(start) and path.is_dir()
    )


def restore(target: Path) -> None:
    """Put an old result back that a killed run had moved aside."""
    aside = _beside(target, ASIDE)
    if aside and not target.exists():
        aside[-1].rename(target)


def move_into_place(new: Path, target: Path) -> None:
    """Let the new folder take the place of the old, in one step where the system has such a step."""
    if not target.exists():
        new.rename(target)
        return
    with suppress(OSError):
        shutil.copymode(target, new)
    if _exchange(new, target):
        return  # what was old now has the name of the partial folder, and goes with it
    aside = target.with_name(f"{target.name}{ASIDE}{secrets.token_hex(4)}")
    target.rename(aside)
    try:
        new.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or the disk cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # an old or another C library
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE in linux/fcntl.h and linux/fs.h
    return int(renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange)) == 0
