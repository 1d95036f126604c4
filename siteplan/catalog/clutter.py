"""Entries of land cover classes and the heights that stand for them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from siteplan.catalog.entry import Entry, Mark, Text, load

if TYPE_CHECKING:
    from collections.abc import Mapping

Category = Literal["water", "open", "suburban", "urban", "dense_urban", "forest"]


class ClutterCategory(Entry):
    """
    What stands on the ground, as a terrain model meets it.

    Attributes
    ----------
    zh, en : str
        The category in words.
    height_m : float
        Representative height above the ground. [m]
    source, date, mark : str
        Where the height comes from.
    """

    zh: str
    en: str
    height_m: float = Field(ge=0.0, le=200.0)
    source: str
    date: str
    mark: Mark


class LandCoverClass(Entry):
    """
    One class of a land cover product.

    Attributes
    ----------
    zh, en : str
        The class in words.
    category : {"water", "open", "suburban", "urban", "dense_urban", "forest"}
        Clutter category that it is taken for.
    height_m : float or None
        Representative height above the ground when it is not that of the category. [m]
    basis, mark : str
        Why this category, and how sure.
    """

    zh: str
    en: str
    category: Category
    height_m: float | None = Field(default=None, ge=0.0, le=200.0)
    basis: str
    mark: Mark


class LandCover(Entry):
    """
    Classes of a land cover product.

    Attributes
    ----------
    title : str
        Product, edition, cell size, licence.
    source, date, mark : str
        Where the codes come from.
    void_codes : list of int
        Codes that mean no data, besides the raster's own.
    classes : mapping of str to LandCoverClass
        By code.
    """

    title: str
    source: str
    date: Text
    mark: Mark
    void_codes: list[int] = Field(default_factory=list)
    classes: dict[Annotated[str, Field(pattern=r"^\d{1,5}$")], LandCoverClass] = Field(min_length=1)

    def heights(self) -> dict[int, float]:
        """
        Look up the representative height of every code.

        Returns
        -------
        heights_m : dict of int to float
            The class's own height, else that of its category. [m]

        Examples
        --------
        >>> heights = land_covers()["worldcover"].heights()
        >>> heights[10], heights[50], heights[60]
        (15.0, 10.0, 0.0)
        """
        categories = clutter_categories()
        return {
            int(code): categories[entry.category].height_m
            if entry.height_m is None
            else entry.height_m
            for code, entry in self.classes.items()
        }


class _ClutterFile(Entry):
    categories: dict[Category, ClutterCategory]
    landcover: dict[str, LandCover]


@cache
def clutter_categories() -> Mapping[Category, ClutterCategory]:
    """
    Clutter categories by name.

    Returns
    -------
    categories : mapping of Category to ClutterCategory
        From ``clutter.toml``.

    Examples
    --------
    >>> clutter_categories()["forest"].height_m
    15.0
    """
    return load("clutter.toml", _ClutterFile).categories


@cache
def land_covers() -> Mapping[str, LandCover]:
    """
    Land cover products by name.

    Returns
    -------
    products : mapping of str to LandCover
        From ``clutter.toml``.

    Examples
    --------
    >>> sorted(land_covers())
    ['globeland30', 'p1812', 'worldcover']
    """
    return load("clutter.toml", _ClutterFile).landcover
