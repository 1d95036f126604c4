"""A Chinese font that is really there, for the figures: given, from a package, or of the system."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from matplotlib import font_manager

from siteplan.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = "noto_cjk_sans_otc"
"""Wheel that holds Noto Sans CJK unchanged (16 MB, SIL Open Font License 1.1)."""

SYSTEM_FONTS: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
)
"""Families looked for when the wheel is missing."""

PROBE: Final = "规划站址覆盖镇"
"""Letters that a font must hold to be used."""

SIMPLIFIED: Final = "Noto Sans CJK SC"
STAND_IN: Final = "〓"
"""What printers set for a letter that their type does not have."""


@contextmanager
def chinese_font(given: Path | None = None) -> Iterator[Path]:
    """
    Give a font file that matplotlib can read, for as long as figures are drawn.

    Parameters
    ----------
    given : Path, optional
        The planner's own font (``.ttf``, ``.otf``, ``.ttc``).

    Yields
    ------
    path : Path
        A file with one font; of a collection the one for simplified Chinese is taken out.

    Raises
    ------
    OutputError
        When no font with Chinese letters is found; the message says how to get one.

    Examples
    --------
    >>> with chinese_font() as path:
    ...     "规" in Letters(path)
    True
    """
    path = _find(given)
    with TemporaryDirectory(prefix="siteplan-font-") as folder:
        yield _single(path, Path(folder)) if path.suffix.lower() in {".ttc", ".otc"} else path


class Letters:
    """
    Letters that a font holds.

    Parameters
    ----------
    path : Path
        Font file with one font.
    """

    def __init__(self, path: Path) -> None:
        with _opened(path) as fonts:
            self._codes = frozenset(fonts[0].getBestCmap())

    def __contains__(self, letter: str) -> bool:
        return ord(letter) in self._codes

    def shown(self, text: object) -> str:
        """
        Text with nothing that the font lacks, so that no empty box is drawn.

        Parameters
        ----------
        text : object
            Text of the data.

        Returns
        -------
        shown : str
            A letter that the font lacks is 〓; control characters are blanks; no markup is read.
        """
        plain = (letter if letter.isprintable() else " " for letter in str(text))
        kept = "".join(letter if ord(letter) in self._codes else STAND_IN for letter in plain)
        return kept.replace("$", r"\$")


def _find(given: Path | None) -> Path:
    if given is not None:
        if not _holds_chinese(Path(given)):
            raise OutputError(
                f"{given} holds no Chinese letters, or is no font. Name another file under font=, or leave "
                "it out."
            )
        return Path(given)
    spec = find_spec(PACKAGE)
    if spec is not None and spec.origin is not None:
        found = sorted(Path(spec.origin).parent.glob("*.tt[cf]"))
        if found and _holds_chinese(found[0]):
            return found[0]
    for family in SYSTEM_FONTS:
        try:
            path = font_manager.findfont(family, fallback_to_default=False)
        except ValueError:
            continue
        if _holds_chinese(Path(path)):
            return Path(path)
    raise OutputError(
        "no font with Chinese letters was found, and figures without one would show empty boxes. Install "
        "one (python -m pip install noto-cjk-sans-otc, or apt install fonts-noto-cjk), or name a file with "
        "font=."
    )


def _holds_chinese(path: Path) -> bool:
    try:
        with _opened(path) as fonts:
            codes = fonts[0].getBestCmap() or {}
    except (OSError, TTLibError, KeyError, AssertionError):
        return False
    return all(ord(letter) in codes for letter in PROBE)


@contextmanager
def _opened(path: Path) -> Iterator[list[TTFont]]:
    """Fonts of a file, which stays open meanwhile."""
    with path.open("rb") as file:
        if path.suffix.lower() in {".ttc", ".otc"}:
            yield list(TTCollection(file, lazy=True).fonts)
        else:
            yield [TTFont(file, lazy=True)]


def _single(path: Path, folder: Path) -> Path:
    """One font of a collection as a file of its own: matplotlib reads the first only, a Japanese one."""
    target = folder / "font.otf"
    with _opened(path) as fonts:
        names = [font["name"].getDebugName(4) or "" for font in fonts]
        named = zip(fonts, names, strict=True)
        best = [font for font, name in named if name.startswith(SIMPLIFIED)]
        (best or fonts)[0].save(target)
    return target
