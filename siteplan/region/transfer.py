"""Files from a server or a folder: whole or not at all, with retries, and what is not there told apart."""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from siteplan.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.region.sources import Transfer

_ABSENT: Final = (404, 410)
_PASSING: Final = (408, 425, 429, 500, 502, 503, 504)
_PARTIAL, _OK, _NO_SUCH_RANGE = 206, 200, 416
_CHUNK: Final = 1 << 16
_MD5_BYTES: Final = 4096
_SECRET: Final = re.compile(r"(?<=://)[^/@\s]*@|\?[^\s)'\"]*")
_LONGEST_WAIT_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """
    What a server or a folder says about one file.

    Attributes
    ----------
    address : str
        URL, or path of a local file.
    size_bytes : int or None
        Size; None when the server does not say.
    version : str
        Entity tag or date of the file; empty when the server names neither.
    windows : bool
        Whether parts of the file can be read.
    """

    address: str
    size_bytes: int | None
    version: str = ""
    windows: bool = True


def is_url(address: str) -> bool:
    """
    Whether an address is one of the web, and not a file.

    Parameters
    ----------
    address : str
        URL or path.

    Returns
    -------
    url : bool
        True for ``http`` and ``https``.

    Examples
    --------
    >>> is_url("https://example.org/a.tif"), is_url("D:/tiles/a.tif")
    (True, False)
    """
    return address.lower().startswith(("http://", "https://"))


def join(base: str, name: str) -> str:
    """
    Address of a file below a base.

    Parameters
    ----------
    base : str
        URL or folder.
    name : str
        Relative name with forward slashes.

    Returns
    -------
    address : str
        URL or path.

    Examples
    --------
    >>> join("https://example.org/dem/", "a/b.tif")
    'https://example.org/dem/a/b.tif'
    """
    return f"{base.rstrip('/')}/{name}" if is_url(base) else str(Path(base) / name)


def public(address: str) -> str:
    """
    Address without what gives access: user, password, query.

    Parameters
    ----------
    address : str
        URL or path.

    Returns
    -------
    address : str
        Fit for a record or a message.

    Examples
    --------
    >>> public("https://me:secret@example.org:8443/a.tif?sig=abc"), public("D:/tiles")
    ('https://example.org:8443/a.tif', 'D:/tiles')
    """
    if not is_url(address):
        return address
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def without_access(text: str) -> str:
    """
    Message of a library without users, passwords and queries in the addresses that it names.

    Parameters
    ----------
    text : str
        Message.

    Returns
    -------
    text : str
        The same, safe to show.

    Examples
    --------
    >>> without_access("'/vsicurl/http://me:secret@h/a.tif?sig=1' not recognized")
    "'/vsicurl/http://h/a.tif' not recognized"
    """
    return _SECRET.sub("", text)


def look_up(address: str, transfer: Transfer) -> Remote | None:
    """
    Ask whether a file is there, without bringing it.

    Parameters
    ----------
    address : str
        URL or path.
    transfer : Transfer
        Timeouts and retries.

    Returns
    -------
    remote : Remote or None
        None when the server says that there is no such file (404, 410), or the folder has none.

    Raises
    ------
    InputError
        When the server refuses, fails or does not answer, after all retries.
    """
    if not is_url(address):
        path = Path(address)
        if not path.is_file():
            return None
        status = path.stat()
        return Remote(address=address, size_bytes=status.st_size, version=str(status.st_mtime_ns))
    with _session(transfer) as session, _told(address):
        # Without compression on the way: sizes and ranges are those of the file.
        headers = {"Range": "bytes=0-0", "Accept-Encoding": "identity"}
        with session.get(
            address, headers=headers, stream=True, timeout=transfer.timeout_s
        ) as answer:
            if answer.status_code in _ABSENT:
                return None
            if answer.status_code not in {_OK, _PARTIAL}:
                raise _refused(address, answer)
            return Remote(
                address=address,
                size_bytes=_size(answer),
                version=_version(answer),
                windows=answer.status_code == _PARTIAL,
            )


def read_text(address: str, transfer: Transfer) -> str | None:
    """
    Text of a small file.

    Parameters
    ----------
    address : str
        URL or path.
    transfer : Transfer
        Timeouts and retries.

    Returns
    -------
    text : str or None
        None when there is no such file.

    Raises
    ------
    InputError
        When the server refuses, fails or does not answer, after all retries.
    """
    if not is_url(address):
        path = Path(address)
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    with _session(transfer) as session, _told(address):
        answer = session.get(address, timeout=transfer.timeout_s)
    if answer.status_code in _ABSENT:
        return None
    if answer.status_code != _OK:
        raise _refused(address, answer)
    return answer.content.decode("utf-8", errors="replace")


def download(remote: Remote, path: Path, transfer: Transfer) -> None:
    """
    Bring a whole file; a transfer that breaks goes on where it stopped.

    The size must be the one that the server named. Where the server publishes ``<address>.md5`` and the
    file is an OpenStreetMap extract, its checksum must fit too.

    Parameters
    ----------
    remote : Remote
        From :func:`look_up`.
    path : Path
        File to write; the caller removes it when this fails.
    transfer : Transfer
        Timeouts and retries.

    Raises
    ------
    InputError
        When the file cannot be brought whole, after all retries.
    """
    fault = ""
    with path.open("wb") as file, _session(transfer) as session:
        for attempt in range(transfer.retries + 1):
            if attempt:
                time.sleep(min(transfer.backoff_s * 2 ** (attempt - 1), _LONGEST_WAIT_S))
            try:
                for chunk in _rest(session, remote, file.tell(), transfer):
                    if chunk is None:
                        file.seek(0)
                        file.truncate()
                    else:
                        file.write(chunk)
            except requests.RequestException as error:
                fault = f"the transfer broke after {file.tell()} bytes: {_reason(error)}"
                continue
            if remote.size_bytes is None or file.tell() == remote.size_bytes:
                break
            fault = f"{file.tell()} of {remote.size_bytes} bytes came"
            if file.tell() > remote.size_bytes:
                file.seek(0)
                file.truncate()
        else:
            raise _failed(remote.address, fault)
    _check_md5(remote, path, transfer)


def sha256(path: Path) -> str:
    """
    Hash of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    digest : str
        SHA-256, hexadecimal.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rest(
    session: requests.Session, remote: Remote, start: int, transfer: Transfer
) -> Iterator[bytes | None]:
    """Bytes from a place on; None first when the server can only send the file from its beginning."""
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-"}
        if remote.version.startswith('"'):
            headers |= {"If-Range": remote.version}
    with session.get(
        remote.address, headers=headers, stream=True, timeout=transfer.timeout_s
    ) as answer:
        if answer.status_code == _NO_SUCH_RANGE:
            yield None
            return
        if answer.status_code not in {_OK, _PARTIAL}:
            raise _refused(remote.address, answer)
        if start and answer.status_code == _OK:
            yield None
        yield from answer.iter_content(_CHUNK)


def _check_md5(remote: Remote, path: Path, transfer: Transfer) -> None:
    if not (is_url(remote.address) and remote.address.endswith(".osm.pbf")):
        return
    text = read_text(f"{remote.address}.md5", transfer)
    found = re.match(r"\s*([0-9a-fA-F]{32})\b", (text or "")[:_MD5_BYTES])
    if found is None:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if digest != found[1].lower():
        raise _failed(remote.address, f"its checksum is {digest}, published is {found[1].lower()}")


def _session(transfer: Transfer) -> requests.Session:
    retry = Retry(
        total=transfer.retries,
        backoff_factor=transfer.backoff_s,
        backoff_max=_LONGEST_WAIT_S,
        status_forcelist=_PASSING,
        allowed_methods=("GET", "HEAD"),
        raise_on_status=False,
        respect_retry_after_header=False,  # a server may ask for hours; nobody would know why
    )
    session = requests.Session()
    session.headers["User-Agent"] = "siteplan"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn errors of the network into one that names the address."""
    try:
        yield
    except requests.RequestException as error:
        raise _failed(address, _reason(error)) from None


def _size(answer: requests.Response) -> int | None:
    if answer.status_code == _PARTIAL:
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        total = answer.headers.get("Content-Length", "")
    return int(total) if total.isdigit() else None


def _version(answer: requests.Response) -> str:
    return answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""


def _reason(error: BaseException) -> str:
    inner = error.args[0] if error.args else error
    reason = getattr(inner, "reason", None) or inner
    return f"{type(reason).__name__}: {without_access(str(reason))}"[:300]


def _refused(address: str, answer: requests.Response) -> InputError:
    return _failed(address, f"the server answered {answer.status_code} {answer.reason}")


def _failed(address: str, what: str) -> InputError:
    fault = Fault(
        source=public(address),
        rule=what,
        remedy="Check the network and the address and try again: what is complete is kept. A mirror or a "
        "folder with the files can be named with --sources.",
    )
    return InputError([fault])
