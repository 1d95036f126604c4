"""What a file must be before a library opens it: of the kind its name says, whole, of bounded size."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from siteplan.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_UNPACKED_BYTES: Final = 4 * 2**30
"""Bytes that the members of one archive may have in all."""

MAX_RATIO: Final = 200
"""A member larger than ``RATIO_FROM_BYTES`` that shrinks by more than this is taken for a bomb."""

RATIO_FROM_BYTES: Final = 64 * 2**20

MAX_MEMBERS: Final = 10_000

HEAD_BYTES: Final = 65_536

# Beginnings of files by suffix; a text format may begin with a mark and spaces.
_BINARY: Final = {
    ".gpkg": (b"SQLite format 3\x00",),
    ".shp": (b"\x00\x00\x27\x0a",),
    ".zip": (b"PK",),
    ".kmz": (b"PK",),
    ".xlsx": (b"PK",),
    ".xlsm": (b"PK",),
    ".parquet": (b"PAR1",),
    ".geoparquet": (b"PAR1",),
    ".fgb": (b"fgb",),
}
# Text that makes GDAL open another file than the one it was given.
_PARTS: Final = {
    ".shp": (".shx", ".dbf"),
    ".mif": (".mid",),
}
_REDIRECTS: Final = (
    b"<ogrvrt",
    b"<vrtdataset",
    b"<gdal_wms",
    b"<gdaltileindex",
    b"gdal_streamed_alg",
    b"<wcs_gdal",
    b"<ogrwfsdatasource",
    b"isseamless",
)


def check_head(path: Path, source: str) -> None:
    """
    Refuse a file that is not of the kind its name says, or that would make GDAL open another one.

    Parameters
    ----------
    path : Path
        File, or a ``.gdb`` folder.
    source : str
        Its name in messages.

    Raises
    ------
    InputError
        When the file is empty, of another kind, or a pointer to other files.
    """
    if path.is_dir():
        _check_folder(path, source)
        return
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    suffix = path.suffix.lower()
    expected = _BINARY.get(suffix)
    if not head:
        fault = Fault(
            source=source,
            rule="the file is empty",
            remedy="Copy it again, or save it again in the program that it comes from.",
        )
        raise InputError([fault])
    if expected is not None and not head.startswith(expected):
        fault = Fault(
            source=source,
            value=repr(head[:12])[1:],
            rule=f"the file is not a {suffix} file, whatever its name says; cannot read it",
            remedy="Save it again in the format that its name says.",
        )
        raise InputError([fault])
    lower = head.lower().replace(b" ", b"")
    if expected is None and any(word in lower for word in _REDIRECTS):
        fault = Fault(
            source=source,
            rule="the file only points to other files",
            remedy="Give the file that holds the data.",
        )
        raise InputError([fault])


def _check_folder(path: Path, source: str) -> None:
    root = path.resolve()
    for part in path.rglob("*"):
        if not part.resolve().is_relative_to(root):
            fault = Fault(
                source=source,
                value=part.name,
                rule="a part of the folder leads outside it",
                remedy="Copy the file itself into the folder.",
            )
            raise InputError([fault])


def check_siblings(path: Path, source: str) -> None:
    """
    Refuse a file whose parts (``.dbf``, ``.shx``, ``.dat``, ...) are missing or lead outside its folder.

    Parameters
    ----------
    path : Path
        Main file.
    source : str
        Its name in messages.

    Raises
    ------
    InputError
        When a part is missing, or a link that leads elsewhere.
    """
    home = path.parent.resolve()
    parts = list(path.parent.glob(f"{_escaped(path.stem)}.*"))
    have = {part.suffix.lower() for part in parts}
    missing = [suffix for suffix in _PARTS.get(path.suffix.lower(), ()) if suffix not in have]
    if missing:
        fault = Fault(
            source=source,
            value=", ".join(f"{path.stem}{suffix}" for suffix in missing),
            rule="a part of the file is missing",
            remedy="Copy all files of this name together, or pack them into one .zip.",
        )
        raise InputError([fault])
    for part in parts:
        if part.resolve().parent != home:
            fault = Fault(
                source=source,
                value=part.name,
                rule="a part of the file leads outside the folder",
                remedy="Copy the file itself into the folder.",
            )
            raise InputError([fault])


def _escaped(stem: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in stem)


def check_zip(path: Path, source: str, *, limit_bytes: int = MAX_UNPACKED_BYTES) -> None:
    """
    Refuse an archive that is broken, unpacks to too much, or names places outside itself.

    Parameters
    ----------
    path : Path
        Archive: ``.zip``, ``.kmz`` or ``.xlsx``.
    source : str
        Its name in messages.
    limit_bytes : int
        Bytes that its members may have in all.

    Raises
    ------
    InputError
        With the member that is at fault.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        fault = Fault(
            source=source,
            rule=f"cannot read the archive: {error}",
            remedy="Check that it is complete, or pack it again.",
        )
        raise InputError([fault]) from None
    faults = [found for member in members if (found := _member_fault(member, source)) is not None]
    total = sum(member.file_size for member in members)
    if total > limit_bytes or len(members) > MAX_MEMBERS:
        faults.append(
            Fault(
                source=source,
                value=f"{len(members)} members, {total / 2**20:,.0f} MiB unpacked",
                rule=f"an archive may hold {MAX_MEMBERS} members and {limit_bytes / 2**20:,.0f} MiB",
                remedy="Give only what is needed; a large table goes as CSV or GeoPackage.",
            )
        )
    if faults:
        raise InputError(faults)


def _member_fault(member: zipfile.ZipInfo, source: str) -> Fault | None:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in member.filename[:3]:
        return Fault(
            source=source,
            value=member.filename[:80],
            rule="a member of the archive names a place outside it",
            remedy="Pack the archive again, with plain names.",
        )
    packed = max(member.compress_size, 1)
    if member.file_size > RATIO_FROM_BYTES and member.file_size / packed > MAX_RATIO:
        return Fault(
            source=source,
            value=f"{member.filename[:80]}: {packed:,} to {member.file_size:,} bytes",
            rule="a member unpacks to far too much",
            remedy="Pack the real file again.",
        )
    if member.flag_bits & 0x1:
        return Fault(
            source=source,
            value=member.filename[:80],
            rule="the archive is locked with a password",
            remedy="Save it without one.",
        )
    return None


def unpack(path: Path, source: str, into: Path, suffixes: Iterable[str]) -> list[Path]:
    """
    Unpack an archive and list the files in it that hold layers.

    Parameters
    ----------
    path : Path
        Archive.
    source : str
        Its name in messages.
    into : Path
        Empty folder.
    suffixes : iterable of str
        Suffixes of files that hold layers.

    Returns
    -------
    files : list of Path
        Files and ``.gdb`` folders, in the order of their names.

    Raises
    ------
    InputError
        As :func:`check_zip`.
    """
    check_zip(path, source)
    try:
        # names without the mark for UTF-8 are GBK when Windows packed them
        with zipfile.ZipFile(path, metadata_encoding="gb18030") as archive:
            archive.extractall(into)
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        UnicodeDecodeError,
        NotImplementedError,
    ) as error:
        fault = Fault(
            source=source,
            rule=f"cannot read the archive: {error}",
            remedy="Check that it is complete, or pack it again.",
        )
        raise InputError([fault]) from None
    wanted = set(suffixes)
    found = sorted(
        part
        for part in into.rglob("*")
        if part.suffix.lower() in wanted and (part.is_file() or part.suffix.lower() == ".gdb")
    )
    return [part for part in found if not any(above in found for above in part.parents)]
