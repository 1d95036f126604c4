"""Which area a region folder is of, its grid, and where its layers come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from siteplan import schema
from siteplan.catalog import Entry


class RegionInfo(Entry):
    """
    Which area this is.

    Attributes
    ----------
    name : str
        Name as its people write it.
    name_en : str
        Name in Latin letters.
    code : str
        Statistical code.
    population : float or None
        Residents by the last census, against which the villages are checked.
    """

    name: str
    name_en: str = ""
    code: str = ""
    population: float | None = Field(default=None, gt=0.0)


class Grid(Entry):
    """
    The raster grid of the region.

    Attributes
    ----------
    resolution_m : float
        Cell size. [m]
    crs : str
        ``auto`` picks the CGCS2000 3-degree zone in China, else UTM; or an EPSG code.
    margin_m : float
        Width around the boundary that the grid takes in, for stations of the neighbours. [m]
    exclaves : {"drop", "keep"}
        What becomes of parts of the boundary far from the largest: left out and told, or kept.
    """

    resolution_m: float = Field(gt=0.0, le=5000.0)
    crs: str = "auto"
    margin_m: float = Field(default=0.0, ge=0.0, le=100_000.0)
    exclaves: Literal["drop", "keep"] = "drop"


class LayerSource(Entry):
    """
    Where a layer comes from.

    Attributes
    ----------
    path : str
        File inside the region folder, or a ``.gdb`` folder.
    layer : str or None
        Layer or sheet inside the file, when it has several.
    crs : str or None
        Coordinate reference system when the file names none: an EPSG code, ``gcj02``, ``bd09``, or ``guess``
        for the one that fits the boundary best.
    encoding : str or None
        Encoding of the text, when the file does not name it and it is neither UTF-8 nor GBK.
    fill : mapping of str to str
        Value of a column where the file gives none, for example ``kind = "lamp_pole"``.
    checked : bool
        The positions were seen to be right on a map: what hints at a shift is told and does not stop.
    """

    path: str
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    fill: dict[str, str] = Field(default_factory=dict)
    checked: bool = False


class BuildingSource(LayerSource):
    """
    Where buildings come from.

    Attributes
    ----------
    missing_m : float or None
        Height of buildings that give neither height nor levels, said on purpose; left out, with a warning,
        when None. [m]
    """

    missing_m: float | None = Field(default=None, gt=0.0, le=800.0)


class TerrainSource(Entry):
    """
    Where heights above sea level come from.

    Attributes
    ----------
    path : str or None
        Raster inside the region folder; a folder or a pattern such as ``dem/*.tif`` gives one mosaic.
    flat_m : float or None
        One height everywhere, said on purpose; listed among the assumptions. [m]
    """

    path: str | None = None
    flat_m: float | None = None


class LandCoverSource(Entry):
    """
    Where land cover comes from, and how high it stands.

    Attributes
    ----------
    path : str
        Raster of class codes inside the region folder.
    classes : str
        Product in the catalogue (``worldcover``, ``globeland30``, ``p1812``), or a ``.toml`` file of the
        region folder of the same form.
    heights_m : mapping of str to float
        Height by class code, instead of the product's. [m]
    resampling : {"nearest", "mode"}
        Class of a cell: that at its centre, or the most frequent in it.
    missing_m : float or None
        Height where the raster has no class, said on purpose; unknown when None. [m]
    """

    path: str
    classes: str = "worldcover"
    heights_m: dict[str, Annotated[float, Field(ge=0.0, le=200.0)]] = Field(default_factory=dict)
    resampling: Literal["nearest", "mode"] = "nearest"
    missing_m: float | None = Field(default=None, ge=0.0, le=200.0)


class Layers(Entry):
    """Layers of the region: one :class:`LayerSource` for each table of the schema, and the rasters."""

    boundary: LayerSource
    terrain: TerrainSource
    landcover: LandCoverSource | None = None
    townships: LayerSource | None = None
    zones: LayerSource | None = None
    villages: LayerSource | None = None
    village_points: LayerSource | None = None
    roads: LayerSource | None = None
    venues: LayerSource | None = None
    sites: LayerSource | None = None
    stations: LayerSource | None = None
    cells: LayerSource | None = None
    buildings: BuildingSource | None = None
    poles: LayerSource | None = None
    samples: LayerSource | None = None
    fibre_nodes: LayerSource | None = None

    def vectors(self) -> dict[str, LayerSource]:
        """
        Vector layers that the scenario names.

        Returns
        -------
        layers : dict of str to LayerSource
            In the order of the schema.
        """
        return {
            name: source for name in schema.TABLES if (source := getattr(self, name)) is not None
        }


class Candidates(Entry):
    """
    Candidate sites derived from other layers.

    Attributes
    ----------
    rooftops_above_m : float or None
        Buildings at least this high become rooftop candidates. [m]
    rooftop_mast_m : float
        Height of the antennas above the roof. [m]
    pole_spacing_m : float
        Of the poles of one kind nearer to each other than this, one is kept as candidate; 0 keeps all. [m]
    propose_spacing_m : float or None
        Where no candidate reaches what a rule asks for, propose new sites at least this far apart; none
        when missing. [m]
    propose_road_m : float
        A proposed site stands this near to a road where one that near will do. [m]
    """

    rooftops_above_m: float | None = Field(default=None, gt=0.0)
    rooftop_mast_m: float = Field(default=3.0, ge=0.0, le=60.0)
    pole_spacing_m: float = Field(default=0.0, ge=0.0)
    propose_spacing_m: float | None = Field(default=None, gt=0.0, le=100_000.0)
    propose_road_m: float = Field(default=2000.0, ge=0.0)
