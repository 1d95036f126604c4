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


def write_layer(frame: gpd.GeoDataFrame, path: Path, layer: str) -> None:
    """
    Write rows as a layer of a GeoPackage, added to those that it holds.

    Parameters
    ----------
    frame : GeoDataFrame
        Rows.
    path : Path
        File; made when missing.
    layer : str
        Name of the layer.
    """
    with _constant_date():
        pyogrio.write_dataframe(
            frame, path, layer=layer, driver="GPKG", append=path.exists(), promote_to_multi=False
        )


@contextmanager
def _constant_date() -> Iterator[None]:
    """GDAL dates every layer: with the same date the same data give the same bytes."""
    before = pyogrio.get_gdal_config_option(_DATE_OPTION)
    pyogrio.set_gdal_config_options({_DATE_OPTION: _DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({_DATE_OPTION: before})
