"""GeoPackage written so that the same rows give the same bytes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyogrio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import geopandas as gpd

_DATE_OPTION: Final = "OGR_CURRENT_DATE"
_DATE: Final = "2000-01-01T00:00:00.000Z"


def write_layer(
    frame: gpd.GeoDataFrame, path: Path, layer: str, *, geometry_type: str | None = None
) -> None:
    """
    Write rows as a layer of a GeoPackage, added to those that it holds.

    Parameters
    ----------
    frame : GeoDataFrame
        Rows.
    path : Path
        File; made when missing.
    layer : str
        Name of the layer; rows are added to one that is there.
    geometry_type : str, optional
        Kind of shapes that the layer may hold, ``"Unknown"`` for any; that of the rows when missing.
    """
    with gdal_option(_DATE_OPTION, _DATE):  # GDAL dates every layer
        pyogrio.write_dataframe(
            frame,
            path,
            layer=layer,
            driver="GPKG",
            append=path.exists(),
            promote_to_multi=False,
            geometry_type=geometry_type,
        )


@contextmanager
def gdal_option(name: str, value: str) -> Iterator[None]:
    """
    Set an option of GDAL for a while.

    Parameters
    ----------
    name, value : str
        As GDAL's documentation gives them.

    Yields
    ------
    None
        The option has its former value afterwards.
    """
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: value})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})
