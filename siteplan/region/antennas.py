"""
Measured antenna patterns from Planet files (``.msi``, ``.pln``, ``.txt``).

The format has no standard document; what is read here is what vendors write and planning tools document:
``KEY value`` lines, then two blocks of angle and attenuation. Angles of the horizontal block run clockwise
from the boresight, those of the vertical block from the horizon in front downwards. GAIN is in dBd unless
it says dBi.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.catalog.antennas import Antenna
from siteplan.errors import Fault, InputError
from siteplan.scenario import inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

DIPOLE_DBI: Final = 2.15
"""Gain of a half-wave dipole: 0 dBd. [dBi]"""

MAX_BYTES: Final = 1_000_000
"""A pattern of 720 lines takes some ten kilobytes; a larger file is something else."""

FEWEST_LINES, MOST_LINES = 36, 3601
"""A cut sampled every ten degrees to every tenth of a degree, and one line more that closes it."""

SEAM_DB: Final = 0.5
"""How far the closing line at 360 degrees may lie from the first. [dB]"""

TILT_SEARCH_DEG: Final = 30.0
"""Electrical tilts lie within this of the horizon. [deg]"""

TILT_SLACK_DEG: Final = 3.0
"""How far a stated tilt may lie from where the vertical cut has its maximum. [deg]"""

_PLATEAU_DB = 0.05
_COMMENTS = ("#", "//", ";", "!", "*")
_KEYS = frozenset(
    {
        "NAME",
        "MAKE",
        "FREQUENCY",
        "H_WIDTH",
        "V_WIDTH",
        "FRONT_TO_BACK",
        "GAIN",
        "TILT",
        "ELECTRICAL_TILT",
        "POLARIZATION",
        "POLARISATION",
        "COMMENT",
        "COMMENTS",
        "HORIZONTAL",
        "VERTICAL",
    }
)
_KEY = re.compile(r"[\s:=\uff1a]+")  # what parts a key and its value, also in full width
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_TO_MHZ = {"": 1.0, "MHZ": 1.0, "M": 1.0, "GHZ": 1000.0, "KHZ": 1e-3, "HZ": 1e-6}


def read_antennas(folder: Path, paths: Mapping[str, str]) -> tuple[dict[str, Antenna], list[Fault]]:
    """
    Read the antenna files of a region.

    Parameters
    ----------
    folder : Path
        Region folder.
    paths : mapping of str to str
        File inside the folder by the name under which cells speak of the antenna.

    Returns
    -------
    antennas : dict of str to Antenna
        Those without a fault, by the same names.
    faults : list of Fault
        Every fault of every file.
    """
    found: dict[str, Antenna] = {}
    faults: list[Fault] = []
    for name, path in paths.items():
        try:
            found[name] = parse_antenna(_bytes(folder, path), name=name, source=path)
        except InputError as error:
            faults.extend(error.faults)
    return found, faults


def parse_antenna(data: bytes, *, name: str, source: str) -> Antenna:
    r"""
    Antenna of a Planet file.

    Parameters
    ----------
    data : bytes
        The file, UTF-8 or GBK.
    name : str
        Name under which the region knows the antenna.
    source : str
        Name of the file in messages.

    Returns
    -------
    antenna : Antenna
        Cuts as gains relative to the maximum, combined by projection. The downtilt that the vertical
        cut holds is the stated one, else where the cut has its maximum.

    Raises
    ------
    InputError
        With every fault of the file and its line.

    Examples
    --------
    >>> cut = "".join(f"{angle} {min(angle, 360 - angle) / 6:.1f}\n" for angle in range(360))
    >>> text = f"NAME panel\nFREQUENCY 2600\nGAIN 15.85\nHORIZONTAL 360\n{cut}VERTICAL 360\n{cut}"
    >>> antenna = parse_antenna(text.encode(), name="panel", source="panel.msi")
    >>> antenna.gain_dbi, antenna.horizontal_db[[0, 6, 180]]
    (18.0, array([  0.,  -1., -30.]))
    """
    reader = _Reader(source=source)
    for line, text in _lines(data, source):
        reader.take(line, text)
    reader.finish()
    if reader.faults:
        raise InputError(reader.faults)
    vertical = reader.cuts["VERTICAL"]
    return Antenna(
        name=name,
        horizontal_db=reader.cuts["HORIZONTAL"],
        vertical_db=vertical,
        combination="projection",
        electrical_tilt_deg=reader.tilt_deg(vertical),
        gain_dbi=reader.gain_dbi,
        frequency_mhz=reader.frequency_mhz,
        source=f"{source}: {reader.title}" if reader.title else source,
        mark="2",
    )


def _bytes(folder: Path, name: str) -> bytes:
    path = inside(folder, name)
    if not path.is_file():
        raise InputError(
            [
                Fault(
                    source=name,
                    rule="the antenna file does not exist",
                    remedy="Put it into the region folder, or correct [antennas] in scenario.toml.",
                )
            ]
        )
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(
            [
                Fault(
                    source=name,
                    rule=f"an antenna file has at most {MAX_BYTES} bytes",
                    remedy="Give the Planet file (.msi, .pln) of one antenna.",
                )
            ]
        )
    return data


def _lines(data: bytes, source: str) -> Iterator[tuple[int, str]]:
    """Lines that say something, with their numbers."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            break
    else:
        fault = Fault(
            source=source,
            rule="the text is neither UTF-8 nor GBK",
            remedy="Give the Planet file (.msi, .pln) as text.",
        )
        raise InputError([fault])
    # not splitlines: some of what it takes for an end of line stands in names
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        line = raw.strip().strip("\ufeff\x1a").strip()
        if line and not line.startswith(_COMMENTS):
            yield number, line


@dataclass(slots=True, kw_only=True)
class _Reader:
    """What has been read so far, and what was wrong with it."""

    source: str
    faults: list[Fault] = field(default_factory=list)
    cuts: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    title: str = ""
    gain_dbi: float | None = None
    frequency_mhz: float | None = None
    _tilt: str = ""
    _tilt_line: int | None = None
    _block: str = ""
    _first: int = 0
    _announced: int | None = None
    _rows: list[tuple[int, float, float]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def fault(self, line: int | None, value: str, rule: str, remedy: str) -> None:
        row = "" if line is None else f"line {line}"
        value = value if len(value) <= 60 else f"{value[:57]}..."  # noqa: PLR2004  # a line's width
        fault = Fault(source=self.source, row=row, value=value, rule=rule, remedy=remedy)
        self.faults.append(fault)

    def take(self, line: int, text: str) -> None:
        key, rest = _KEY.split(text, maxsplit=1) if _KEY.search(text) else (text, "")
        key = key.upper()
        if key in _KEYS:
            if key in self._seen and key not in {"COMMENT", "COMMENTS"}:
                self.fault(line, text, f"{key} stands twice", "Keep one antenna per file.")
                self._block = ""
                return
            self._seen.add(key)
        if key in {"HORIZONTAL", "VERTICAL"}:
            self._close()
            self._open(line, key, rest)
        elif self._block:
            if key in _KEYS or key[:1].isalpha():
                self._close()
                self._header(line, key, rest)
            else:
                self._sample(line, text)
        elif not self._seen and not self.title:
            self.title = text  # some vendors leave the word NAME out
        else:
            self._header(line, key, rest)

    def _header(self, line: int, key: str, rest: str) -> None:
        if key == "NAME":
            self.title = rest
        elif key == "GAIN":
            self._gain(line, rest)
        elif key == "FREQUENCY":
            self._frequency(line, rest)
        elif key == "ELECTRICAL_TILT" or (key == "TILT" and _number(self._tilt) is None):
            self._tilt, self._tilt_line = rest, line

    def _gain(self, line: int, rest: str) -> None:
        unit = re.sub(r"[^a-z]", "", _NUMBER.sub("", rest, count=1).lower())
        number = _number(rest)
        if number is None or not -10.0 <= number <= 60.0 or unit not in {"", "dbd", "dbi", "db"}:  # noqa: PLR2004
            remedy = "Write for example GAIN 15.5 (dBd) or GAIN 17.65 dBi."
            self.fault(line, rest, "GAIN must be a number from -10 to 60, in dBd or dBi", remedy)
            return
        self.gain_dbi = round(number if unit == "dbi" else number + DIPOLE_DBI, 6)

    def _frequency(self, line: int, rest: str) -> None:
        numbers = [
            _value(found) for found in _NUMBER.findall(re.sub(r"(?<=\d)\s*[-~]\s*", " ", rest))
        ]
        unit = re.sub(r"[^A-Z]", "", rest.upper())
        if not numbers or unit not in _TO_MHZ or min(numbers) <= 0.0:
            remedy = "Write the megahertz, for example FREQUENCY 2600."
            self.fault(line, rest, "FREQUENCY must be a positive number", remedy)
            return
        self.frequency_mhz = (
            (min(numbers) + max(numbers)) / 2.0 * _TO_MHZ[unit]
        )  # of a band its middle

    def _open(self, line: int, key: str, rest: str) -> None:
        self._block, self._first, self._rows = key, line, []
        count = _number(rest) if rest else None
        if rest and (count is None or count != int(count)):
            self.fault(line, rest, f"{key} is followed by its number of lines", f"Write {key} 360.")
            count = None
        self._announced = None if count is None else int(count)

    def _sample(self, line: int, text: str) -> None:
        parts = re.split(r"[\s;]+", text.strip().rstrip(";,"))
        if len(parts) == 1 and text.count(",") == 1:
            parts = text.split(",")
        numbers = [number for part in parts if (number := _whole(part)) is not None]
        if len(numbers) != len(parts) or len(numbers) != 2:  # noqa: PLR2004  # angle and attenuation
            remedy = "Write an angle and an attenuation, for example 12 3.4."
            self.fault(line, text, f"not a line of the {self._block} cut", remedy)
            return
        self._rows.append((line, numbers[0], numbers[1]))

    def _close(self) -> None:
        """Check the block that ends here."""
        block, rows = self._block, self._rows
        if not block:
            return
        self._block = ""
        if self._announced is not None and self._announced != len(rows):
            self.fault(
                self._first,
                f"{len(rows)} lines",
                f"{block} announces {self._announced} lines",
                "Complete the cut, or correct the number.",
            )
            return
        if not FEWEST_LINES <= len(rows) <= MOST_LINES:
            rule = f"a cut has 360 lines, at least {FEWEST_LINES} and at most {MOST_LINES}"
            self.fault(self._first, f"{len(rows)} lines", rule, "Give the whole cut.")
            return
        rows = self._one_turn(rows)
        value = np.array([value for _, _, value in rows])
        if self._steps_wrong(rows) or self._signs_wrong(rows, value):
            return
        # attenuations are written without a sign; a file that signs them all means the same
        self.cuts[block] = 0.0 - np.abs(value)

    def _one_turn(self, rows: list[tuple[int, float, float]]) -> list[tuple[int, float, float]]:
        """Without the line that closes the circle."""
        if abs(rows[-1][1] - rows[0][1] - 360.0) > 1e-6:  # noqa: PLR2004
            return rows
        line, _, value = rows[-1]
        if abs(value - rows[0][2]) > SEAM_DB:
            rule = f"the cut must close: {rows[0][2]:g} dB stands at its beginning"
            self.fault(line, f"{value:g} dB", rule, "Correct the first or the last line.")
        return rows[:-1]

    def _steps_wrong(self, rows: list[tuple[int, float, float]]) -> bool:
        step = 360.0 / len(rows)
        start = rows[0][1]
        if abs(start) > 1e-6:  # noqa: PLR2004
            rule = "a cut begins at 0, the boresight or the horizon"
            self.fault(rows[0][0], f"{start:g}", rule, "Put the lines in order.")
            return True
        for i, (line, angle, _) in enumerate(rows):
            if abs(angle - i * step) > 0.01 * step + 1e-6:
                rule = f"angles must rise by {step:g} degrees; {i * step:g} belongs here"
                self.fault(line, f"{angle:g}", rule, "Give each angle once, in order.")
                return True
        return False

    def _signs_wrong(
        self, rows: list[tuple[int, float, float]], value: NDArray[np.float64]
    ) -> bool:
        if not ((value < 0.0).any() and (value > 0.0).any()):
            return False
        line, _, found = rows[int(np.flatnonzero(value < 0.0)[0])]
        rule = "the cut has values of both signs; it is written as attenuation, without sign"
        self.fault(line, f"{found:g}", rule, "Write the decibels below the maximum.")
        return True

    def finish(self) -> None:
        """Check what the whole file must have."""
        self._close()
        for block in ("HORIZONTAL", "VERTICAL"):
            if block not in self._seen:
                rule = f"there is no {block} cut"
                self.fault(None, "", rule, "Give a Planet file (.msi, .pln) with both cuts.")
        if "GAIN" not in self._seen:
            rule = "GAIN is missing, and the power towards the ground depends on it"
            self.fault(None, "", rule, "Add a line such as GAIN 17.65 dBi.")
        for block, cut in self.cuts.items():
            if cut.max() < -10.0:  # noqa: PLR2004  # a cut far off the beam is no cut through it
                value = f"{-cut.max():g} dB"
                rule = f"the {block} cut nowhere comes near the maximum"
                self.fault(None, value, rule, "Write the decibels below the maximum.")
        if "VERTICAL" in self.cuts:
            self._check_tilt(self.cuts["VERTICAL"])

    def _stated_tilt(self) -> float | None:
        """Electrical tilt that the file says in degrees; a mechanical one is not in the cut."""
        return None if "MECH" in self._tilt.upper() else _number(self._tilt)

    def _check_tilt(self, vertical: NDArray[np.float64]) -> None:
        stated, found = self._stated_tilt(), _beam_tilt(vertical)
        if stated is not None and abs(stated - found) > TILT_SLACK_DEG:
            self.fault(
                self._tilt_line,
                f"{stated:g} degrees",
                f"the vertical cut has its maximum {found:g} degrees below the horizon",
                "Correct TILT, or turn the cut: its angles run downwards from the horizon in front.",
            )

    def tilt_deg(self, vertical: NDArray[np.float64]) -> float:
        """Electrical tilt in the cut. [deg]."""
        stated = self._stated_tilt()
        return _beam_tilt(vertical) if stated is None else stated


def _beam_tilt(vertical: NDArray[np.float64]) -> float:
    """Angle below the horizon at which a cut has its maximum: the middle of the plateau next to it."""
    count = len(vertical)
    reach = int(TILT_SEARCH_DEG / 360.0 * count)
    near = np.arange(-reach, reach + 1)
    high = vertical[near % count] >= vertical[near % count].max() - _PLATEAU_DB
    if high.all():
        return 0.0  # no direction
    places = near[high]
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    nearest = min(runs, key=lambda run: (abs(float(run.mean())), float(run.mean())))
    return float(nearest.mean() * 360.0 / count)


def _value(text: str) -> float:
    return float(text.replace(",", "."))


def _number(text: str) -> float | None:
    """First number of a text."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    number = _value(found.group())
    return number if math.isfinite(number) else None


def _whole(text: str) -> float | None:
    """Text that is a number and nothing else."""
    return _number(text) if _NUMBER.fullmatch(text.strip()) else None
