"""Which samples a calibration uses, and why it drops the others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from siteplan.coverage.correction import REFERENCE_M
from siteplan.coverage.regression import Line, least_squares, robust_sigma

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

REASONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "no_station": (
            "无服务基站",
            "no serving station in the stations layer, and no carrier of theirs",
        ),
        "other_station": ("其他基站", "served by a station of another scale or carrier"),
        "off_grid": ("网格外", "outside the grid"),
        "out_of_reach": (
            "超出计算半径",
            "beyond the radius of the station, or station off the grid",
        ),
        "unknown_terrain": ("地形缺失", "terrain or land cover is missing on the way"),
        "too_near": ("距站过近", "nearer to the station than nearest_m"),
        "below_floor": ("低于底噪", "measured below the receiver's floor"),
        "near_floor": (
            "删失区",
            "predicted so near the floor that only lucky samples are received",
        ),
        "outlier": ("异常值", "farther from the fit than outlier_sigmas"),
    }
)
"""Why samples are dropped, in Chinese and English, in the order of the steps."""

_STEPS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationOptions:
    """
    How to fit.

    Attributes
    ----------
    slope : bool
        Fit the slope too; the offset alone when False.
    floor_dbm : float
        Level below which the receiver no longer measures; an assumption, so set your receiver's. [dBm]
    floor_sigmas : float
        Predictions must lie this many standard deviations above the floor.
    nearest_m : float
        Nearer, antenna patterns and positions decide, not the model. [m]
    outlier_sigmas : float
        Robust standard deviations beyond which a cell is an outlier.
    receiver_loss_db : float
        Loss between the open air and the receiver: vehicle, cable, less the antenna's gain. [dB]
    block_m : float
        Blocks over which errors are alike. [m]
    folds : int
        Parts of the blocks that are held out in turn.
    least_cells, least_blocks : int
        Fewer are refused.
    least_decades : float
        Least standard deviation of lg(distance) for a slope: 0.12 is an even span of 1 to 2.6.
    seed : int
        Seed of the parts.

    Raises
    ------
    ValueError
        With every figure that no fit can use.
    """

    slope: bool = True
    floor_dbm: float = -120.0
    floor_sigmas: float = 2.5
    nearest_m: float = 250.0
    outlier_sigmas: float = 5.0
    receiver_loss_db: float = 0.0
    block_m: float = 500.0
    folds: int = 5
    least_cells: int = 50
    least_blocks: int = 10
    least_decades: float = 0.12
    seed: int = 1

    def __post_init__(self) -> None:
        wrong = [
            f"{name} is {getattr(self, name)}: give more than {low}"
            for name, low in (("block_m", 0), ("outlier_sigmas", 0))
            if not low < getattr(self, name) < math.inf
        ] + [
            f"{name} is {getattr(self, name)}: give {low} or more"
            for name, low in (
                ("nearest_m", 0),
                ("least_decades", 0),
                ("folds", 2),
                ("least_cells", 3),
                ("least_blocks", 2),
                ("seed", 0),
            )
            if not low <= getattr(self, name) < math.inf
        ]
        wrong += [
            f"{name} is {getattr(self, name)}: give a number"
            for name in ("floor_dbm", "floor_sigmas", "receiver_loss_db")
            if not math.isfinite(getattr(self, name))
        ]
        if wrong:
            raise ValueError("; ".join(wrong))


def first_reasons(table: pd.DataFrame, options: CalibrationOptions) -> NDArray[np.object_]:
    """
    Say which samples are dropped before any fit.

    Parameters
    ----------
    table : DataFrame
        As :func:`siteplan.coverage.samples.predicted_samples` makes it.
    options : CalibrationOptions
        With the receiver's floor and the nearest distance.

    Returns
    -------
    reason : ndarray of str, shape (n,)
        One of `REASONS`, empty where the sample stays.

    Raises
    ------
    ValueError
        When a sample has neither a prediction nor a reason.
    """
    reason = np.array(table["reason"], dtype=object)
    rest = reason == ""
    levels = table.loc[rest, ["rsrp_dbm", "predicted_dbm", "distance_m"]].to_numpy(dtype=float)
    if not np.isfinite(levels).all():
        raise ValueError(
            "a sample without a reason needs a measured and a predicted level, and a distance"
        )
    distance = table["distance_m"].to_numpy()
    near = rest & ((distance < options.nearest_m) | (distance <= 0.0))
    reason[near] = "too_near"
    reason[rest & ~near & (table["rsrp_dbm"].to_numpy() < options.floor_dbm)] = "below_floor"
    return reason


def cell_means(
    kept: pd.DataFrame, error_db: Floats, options: CalibrationOptions
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """
    Average the samples of one station in one cell.

    Parameters
    ----------
    kept : DataFrame
        Samples that stay.
    error_db : ndarray of float64, shape (n,)
        Predicted minus measured level of each. [dB]
    options : CalibrationOptions
        With the size of the blocks.

    Returns
    -------
    cells : DataFrame
        Means by station and cell; ``block`` is the block of ground, ``decades`` is lg(distance / 1 km).
    member : ndarray of int64, shape (n,)
        Row of each sample among them.
    """
    groups = kept.assign(error_db=error_db).groupby(["station_id", "cell"])
    cells = groups.agg(
        error_db=("error_db", "mean"),
        predicted_dbm=("predicted_dbm", "mean"),
        distance_m=("distance_m", "mean"),
        easting_m=("easting_m", "mean"),
        northing_m=("northing_m", "mean"),
    ).reset_index()
    east = np.floor(cells["easting_m"] / options.block_m).astype(np.int64)
    north = np.floor(cells["northing_m"] / options.block_m).astype(np.int64)
    block = np.unique(np.stack([east, north], axis=1), axis=0, return_inverse=True)[1].ravel()
    decades = np.log10(cells["distance_m"] / REFERENCE_M)
    return cells.assign(block=block, decades=decades), groups.ngroup().to_numpy(dtype=np.int64)


def choose_cells(
    cells: pd.DataFrame, member: NDArray[np.int64], error_db: Floats, options: CalibrationOptions
) -> tuple[NDArray[np.object_], Line]:
    """
    Fit, leave out what lies near the floor or far from the fit, and fit again until both agree.

    Parameters
    ----------
    cells, member : DataFrame, ndarray of int64
        As :func:`cell_means` makes them.
    error_db : ndarray of float64, shape (n,)
        Predicted minus measured level of each sample. [dB]
    options : CalibrationOptions
        How to fit.

    Returns
    -------
    reason : ndarray of str, shape (cells,)
        ``near_floor``, ``outlier``, or empty where the cell is used.
    line : Line
        Fit to the used cells over lg(distance / 1 km); NaN when there are too few.
    """
    x, y = cells["decades"].to_numpy(), cells["error_db"].to_numpy()
    predicted = cells["predicted_dbm"].to_numpy() - options.receiver_loss_db
    chosen = np.full(len(cells), "", dtype=object)
    fit = Line(np.nan, np.nan)
    for _ in range(_STEPS):
        inside = chosen == ""
        if inside.sum() < options.least_cells:
            break
        fit = least_squares(x[inside], y[inside], slope=options.slope)
        residual = y - fit.at(x)
        spread = error_db - fit.at(x)[member]
        sigma = robust_sigma(spread[inside[member]])
        near = predicted - fit.at(x) < options.floor_dbm + options.floor_sigmas * sigma
        far_out = np.abs(residual) > options.outlier_sigmas * robust_sigma(residual[inside])
        again = np.where(near, "near_floor", np.where(far_out, "outlier", "")).astype(object)
        if (again == chosen).all():
            break
        chosen = again
    return chosen, fit
