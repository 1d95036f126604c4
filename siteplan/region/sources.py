"""Where open data comes from: products of ``catalog/open_data.toml``, and mirrors of the user's."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from siteplan import catalog
from siteplan.catalog import Entry, Mark
from siteplan.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


class Transfer(Entry):
    """
    How patient a transfer is.

    Attributes
    ----------
    timeout_s : float
        Longest wait for a byte, and for one window of a tile. [s]
    retries : int
        Tries after the first.
    backoff_s : float
        Wait before the second try, doubled after each. [s]
    """

    timeout_s: float = Field(gt=0.0, le=3600.0)
    retries: int = Field(ge=0, le=20)
    backoff_s: float = Field(ge=0.0, le=60.0)


class Product(Entry):
    """
    One open data product; ``catalog/open_data.toml`` explains every key.

    Attributes
    ----------
    what : {"dem", "landcover", "population"}
        Kind of data.
    title, licence, attribution, source, note : str
        What it is and under which terms.
    base, tile, index : str
        Where it is: address, name of a tile, list of all tiles.
    names : {"south-west", "row-column", "country"}
        How tiles are named.
    step_deg, cell_deg : float
        Width of a tile and of a cell. [deg]
    origin : tuple of float
        West and north edge of the grid of tiles. [deg]
    absent : {"sea", "error"}
        What a tile that is not there means.
    archive : bool
        Whether a tile is a ZIP file.
    nodata : float
        Value of voids in what is written.
    resampling : {"nearest", "bilinear"}
        For tiles of another cell size than the finest.
    accept : tuple of float
        Lowest and highest value that exist.
    default : bool
        Whether it is taken when only the kind is asked for.
    """

    what: Literal["dem", "landcover", "population"]
    title: str
    base: str = Field(min_length=1)
    tile: str = Field(min_length=1)
    names: Literal["south-west", "row-column", "country"]
    step_deg: float = Field(default=1.0, gt=0.0)
    cell_deg: float = Field(gt=0.0)
    origin: tuple[float, float] = (-180.0, 90.0)
    index: str = ""
    absent: Literal["sea", "error"]
    archive: bool = False
    nodata: float
    resampling: Literal["nearest", "bilinear"]
    accept: tuple[float, float]
    note: str
    licence: str
    attribution: str
    source: str
    default: bool = False


class OsmTerms(Entry):
    """
    Terms of OpenStreetMap.

    Attributes
    ----------
    title, licence, attribution, source : str
        What it is and under which terms.
    """

    title: str
    licence: str
    attribution: str
    source: str


class Sources(Entry):
    """
    All products, and how they are brought.

    Attributes
    ----------
    source, date, mark : str
        Where the catalogue comes from.
    transfer : Transfer
        Timeouts and retries.
    products : mapping of str to Product
        By name.
    osm : OsmTerms
        Terms of OpenStreetMap.
    """

    source: str
    date: str
    mark: Mark
    transfer: Transfer
    products: dict[str, Product]
    osm: OsmTerms


def read_sources(path: Path | None = None) -> Sources:
    """
    Products of the catalogue, with keys replaced by a file of the user's.

    Parameters
    ----------
    path : Path, optional
        TOML file of the same form that holds only what differs: mirrors, timeouts.

    Returns
    -------
    sources : Sources
        All products.

    Raises
    ------
    InputError
        When the file is missing or does not fit.

    Examples
    --------
    >>> read_sources().products["worldcover"].licence
    'CC BY 4.0'
    """
    shipped = files("siteplan.catalog") / "open_data.toml"
    if path is None:
        return catalog.parse_toml(shipped, Sources, "catalog/open_data.toml")
    data = tomllib.loads(shipped.read_text(encoding="utf-8"))
    given = catalog.parse_toml(path, _Replacement, path.name)
    faults = [
        catalog.unknown_name(path.name, "products", name, data["products"])
        for name, product in given.products.items()
        if name not in data["products"] and "tile" not in product
    ]
    if faults:
        raise InputError(faults)
    for name, product in given.products.items():
        data["products"][name] = data["products"].get(name, {}) | product
    return catalog.parse(data | {"transfer": data["transfer"] | given.transfer}, Sources, path.name)


class _Replacement(Entry):
    transfer: dict[str, Any] = Field(default_factory=dict)
    products: dict[str, dict[str, Any]] = Field(default_factory=dict)
