"""
What a click on the map tells besides the level: SINR and the best server, as pictures that are never shown.

A pixel's red is the SINR in whole decibels, green and blue are the number of the server; the script reads the
pixel under the pointer. The public edition has none.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.outputs.map_images import MODES, PictureFrame
from siteplan.units import CENTI

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.coverage.network import Coverage
    from siteplan.plan import Plan

LOWEST_SINR_DB: Final = -40
"""SINR of the value 1; 0 says that there is none. [dB]"""

MOST_SERVERS: Final = 65_534
"""Servers that two bytes can number."""


def probes(plan: Plan) -> dict[str, Any]:
    """
    Pictures of SINR and server for every technology, year and network.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    probes : dict
        JSON-ready: ``images`` (each different one once, as data URLs), ``position`` by
        ``technology|year|mode``, ``servers`` (name of site and operator, by technology) and ``lowest_db``.
        Without pictures where no coverage tells a server.
    """
    frame = PictureFrame(plan.region)
    images: dict[bytes, int] = {}
    position: dict[str, int] = {}
    drawn: dict[tuple[str, int, int], int] = {}
    servers: dict[str, list[str]] = {}
    for mode, coverages in zip(MODES, (plan.coverage_today, plan.coverage_plan), strict=True):
        for (technology, year), signal in coverages.items():
            known = len(signal.station_ids)
            if not known or known > MOST_SERVERS or not (signal.server >= 0).any():
                continue
            # years without change share their arrays
            key = (f"{technology}{mode}", id(signal.server), id(signal.sinr_cdb))
            if key not in drawn:
                drawn[key] = images.setdefault(_picture(frame, signal), len(images))
            position[f"{technology}|{year}|{mode}"] = drawn[key]
            servers[f"{technology}|{mode}"] = _names(plan, signal.station_ids)
    return {
        "images": [
            "data:image/png;base64," + base64.b64encode(image).decode("ascii") for image in images
        ],
        "position": position,
        "servers": servers,
        "lowest_db": LOWEST_SINR_DB,
    }


def _picture(frame: PictureFrame, signal: Coverage) -> bytes:
    level = np.floor_divide(signal.sinr_cdb, np.int16(CENTI)).astype(np.int32)
    sinr = np.clip(level - LOWEST_SINR_DB + 1, 1, 255)
    sinr[signal.sinr_cdb <= UNKNOWN_SIGNAL] = 0
    number = signal.server + 1
    channels: list[NDArray[np.uint8]] = [
        frame.nearest(values.astype(np.uint8)) for values in (sinr, number >> 8, number & 255)
    ]
    file = io.BytesIO()
    # no gamma and no profile: a browser then hands back the very values
    Image.fromarray(np.stack(channels, axis=-1)).save(file, "PNG")
    return file.getvalue()


def _names(plan: Plan, station_ids: tuple[str, ...]) -> list[str]:
    """Name of the site and operator of each station."""
    columns = ["site_id", "operator"]
    today, planned = plan.today_stations[columns], plan.planned_stations[columns]
    site = {**today["site_id"].to_dict(), **planned["site_id"].to_dict()}
    operator = {**today["operator"].to_dict(), **planned["operator"].to_dict()}
    names = plan.region.sites["name"].astype("string")
    shown = names.fillna(names.index.to_series().astype("string")).to_dict()
    return [f"{shown[site[name]]} {operator[name]}" for name in station_ids]
