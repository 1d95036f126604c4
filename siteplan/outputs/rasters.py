"""
Signal as cloud-optimised GeoTIFFs: level, SINR and best server of each technology, year and network.

Levels are stored as they are computed, in hundredths of a dBm as int16, with scale 0.01 in the file: QGIS
and xarray show dBm, and no digit is lost. *No station reaches* and *not known* are two things: band 1 is
nodata where no level is known, and band 2 says where missing terrain hides what some station may deliver.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import rasterio
from rasterio.io import MemoryFile

from siteplan.coverage.footprint import NO_SIGNAL, UNKNOWN_SIGNAL
from siteplan.units import CENTI

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from siteplan.coverage.network import Coverage
    from siteplan.plan import Plan

NETWORKS: Final = ("today", "plan")
"""Networks that a plan compares: what stands today, and what stands with the plan."""

BANDS: Final = (
    "RSRP of the best server",
    "1 where missing terrain hides what some station may deliver",
)


QUANTITIES: Final = ("rsrp", "sinr", "server")
"""What is written of each coverage."""


def raster_files(plan: Plan) -> dict[str, Callable[[Path], None]]:
    """
    Every raster of a plan and what writes it.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    writers : dict of str to callable
        By path inside the output folder: level, SINR and best server of each coverage.
    """
    writers: dict[str, Callable[[Path], None]] = {}
    for name, (coverage, network) in coverage_rasters(plan).items():
        writers[name] = partial(write_coverage, plan, coverage, network=network)
        sinr, server = (name.replace("_rsrp.", f"_{quantity}.") for quantity in QUANTITIES[1:])
        writers[sinr] = partial(write_sinr, plan, coverage, network=network)
        writers[server] = partial(write_server, plan, coverage, network=network)
    return writers


def coverage_path(coverage: Coverage, network: str) -> str:
    """
    Path of a coverage raster inside the output folder.

    Parameters
    ----------
    coverage : Coverage
        Technology and year.
    network : {"today", "plan"}
        Whose coverage it is.

    Returns
    -------
    path : str
        With forward slashes: ``coverage/4G_2022_plan_rsrp.tif``.
    """
    return f"coverage/{coverage.technology}_{coverage.year}_{network}_rsrp.tif"


def coverage_rasters(plan: Plan) -> dict[str, tuple[Coverage, str]]:
    """
    Every coverage raster of a plan.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    rasters : dict of str to (Coverage, str)
        By path inside the output folder: the coverage, and whose it is. Years without change have files
        of their own.
    """
    by_network = zip(NETWORKS, (plan.coverage_today, plan.coverage_plan), strict=True)
    return {
        coverage_path(coverage, network): (coverage, network)
        for network, coverages in by_network
        for _, coverage in sorted(coverages.items(), key=lambda item: item[0])
    }


def write_coverage(plan: Plan, coverage: Coverage, path: Path, *, network: str) -> None:
    """
    Write the level of one coverage as a cloud-optimised GeoTIFF.

    Band 1 holds RSRP in hundredths of a dBm, with scale 0.01 so that readers that honour it give dBm, and
    nodata -32768 where no level is known. Band 2 is 1 where missing terrain hides what some station may
    deliver, else 0; a level in band 1 is then a lower limit. Overviews take the nearest cell, since
    decibels must not be averaged. The tags name quantity, unit, year, network and the definitions of
    "covered" in use.

    Parameters
    ----------
    plan : Plan
        For the tags.
    coverage : Coverage
        What to write.
    path : Path
        File to write; its folder must exist.
    network : {"today", "plan"}
        Whose coverage it is.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    known = coverage.rsrp_cdbm > UNKNOWN_SIGNAL
    level = np.where(known, coverage.rsrp_cdbm, np.int16(NO_SIGNAL))
    _write_cog(
        plan,
        coverage,
        path,
        _Raster(
            bands=(level, coverage.unknown.astype(np.int16)),
            names=BANDS,
            units=("dBm", "1"),
            scales=(1.0 / CENTI, 1.0),
            nodata=NO_SIGNAL,
            tags=_tags(plan, coverage, network),
        ),
    )


def write_sinr(plan: Plan, coverage: Coverage, path: Path, *, network: str) -> None:
    """
    Write the SINR of one coverage as a cloud-optimised GeoTIFF, in hundredths of a dB with scale 0.01.

    Parameters
    ----------
    plan : Plan
        For the tags.
    coverage : Coverage
        What to write.
    path : Path
        File to write; its folder must exist.
    network : {"today", "plan"}
        Whose coverage it is.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    load = plan.region.scenario.radio.load
    quantity = f"SINR of the best server, all stations of its carrier at a load of {load:g}"
    raster = _Raster(
        bands=(
            np.where(coverage.sinr_cdb > UNKNOWN_SIGNAL, coverage.sinr_cdb, np.int16(NO_SIGNAL)),
        ),
        names=("SINR of the best server",),
        units=("dB",),
        scales=(1.0 / CENTI,),
        nodata=NO_SIGNAL,
        tags=_tags(plan, coverage, network) | {"quantity": quantity, "unit": "dB"},
    )
    _write_cog(plan, coverage, path, raster)


def write_server(plan: Plan, coverage: Coverage, path: Path, *, network: str) -> None:
    """
    Write the best server of one coverage as a cloud-optimised GeoTIFF of whole numbers.

    The numbers are row numbers of the file's attribute table of stations, kept in the tag ``stations`` as
    JSON; -1 is nodata.

    Parameters
    ----------
    plan : Plan
        For the tags.
    coverage : Coverage
        What to write.
    path : Path
        File to write; its folder must exist.
    network : {"today", "plan"}
        Whose coverage it is.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    tags = _tags(plan, coverage, network)
    tags |= {"quantity": "best server, as a position in the tag stations", "unit": "1"}
    tags |= {"nodata_means": "no station reaches the cell"}
    tags |= {"stations": json.dumps(list(coverage.station_ids), ensure_ascii=False)}
    raster = _Raster(
        bands=(coverage.server,),
        names=("best server",),
        units=("1",),
        scales=(1.0,),
        nodata=-1,
        tags=tags,
    )
    _write_cog(plan, coverage, path, raster)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raster:
    """Bands of one file and what the file says of them."""

    bands: tuple[NDArray[np.int16] | NDArray[np.int32], ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    scales: tuple[float, ...]
    nodata: int
    tags: dict[str, str]


def _write_cog(plan: Plan, coverage: Coverage, path: Path, raster: _Raster) -> None:
    code = plan.region.crs.to_epsg()
    profile = {
        "driver": "COG",
        "height": coverage.geobox.shape[0],
        "width": coverage.geobox.shape[1],
        "count": len(raster.bands),
        "dtype": str(raster.bands[0].dtype),
        "nodata": raster.nodata,
        "crs": rasterio.CRS.from_epsg(code)
        if code is not None
        else rasterio.CRS.from_wkt(plan.region.crs.to_wkt()),
        "transform": coverage.geobox.transform,
        "compress": "DEFLATE",
        "predictor": "YES",
        "overview_resampling": "NEAREST",
    }
    # made in memory: a full disk is then met by Python, which never keeps silent about it
    with MemoryFile() as memory:
        with memory.open(**profile) as file:
            for i, band in enumerate(raster.bands, start=1):
                file.write(band, i)
            file.scales = raster.scales
            file.units = raster.units
            file.descriptions = raster.names
            file.update_tags(**raster.tags)
        path.write_bytes(memory.read())


def _tags(plan: Plan, coverage: Coverage, network: str) -> dict[str, str]:
    scenario = plan.region.scenario
    used = dict(
        scenario.definition(rule)
        for rule in plan.region.document.rules
        if rule.kind == "coverage" and rule.technology == coverage.technology
    )
    return {
        "region": f"{scenario.region.name} {scenario.region.code}".strip(),
        "quantity": "RSRP of the best server, outdoors, "
        f"{scenario.radio.receiver_height_m:g} m above ground",
        "unit": "dBm",
        "nodata_means": "no station reaches the cell, or none of known level",
        "technology": coverage.technology,
        "network": {"today": "stations of today", "plan": "stations of today and of the plan"}[
            network
        ],
        "year": f"end of {coverage.year}",
        "models": f"macro {scenario.radio.macro_model}, micro {scenario.radio.micro_model}",
        "definitions": "; ".join(f"{name}: {used[name].zh}" for name in sorted(used)),
    }
