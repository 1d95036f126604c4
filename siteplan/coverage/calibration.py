"""
Fit a propagation model to drive-test samples: offset, slope, spread, and how far to trust them.

What is fitted is the error of the level, predicted minus measured, which is the loss that the model
lacks: ``error = offset + slope lg(d / 1 km)`` by least squares. In order:

1. Samples without a prediction, nearer than ``nearest_m``, or below the receiver's floor are dropped.
2. Samples of one station in one grid cell are averaged in dB. The models predict the median over places,
   and the mean in dB is the median of a lognormal spread; the mean in milliwatts would lie above it by
   0.115 sigma^2, 7 dB at sigma = 8 dB. Every cell then counts once, or a halt at a traffic light would
   outweigh a road.
3. Censoring: far away only the lucky samples rise above the floor, so a fit to what was received finds the
   loss too small. Cells are kept by what is *predicted* there, ``floor_sigmas`` above the floor, which does
   not depend on the luck of the sample; the fit and this choice are repeated until they agree.
4. Cells farther than ``outlier_sigmas`` from the fit (wrong station, wrong position) are dropped.
5. Errors of neighbouring cells are alike, so ordinary standard errors would be too small. They are found by
   leaving out one block of ``block_m`` at a time (jackknife), and the held-out error by leaving out a part
   of the blocks in turn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.stats import t as student

from siteplan.coverage.regression import held_out_errors, jackknife_errors
from siteplan.coverage.sample_choice import (
    REASONS,
    CalibrationOptions,
    cell_means,
    choose_cells,
    first_reasons,
)
from siteplan.coverage.samples import predicted_samples
from siteplan.coverage.stations import station_table
from siteplan.errors import Fault, InputError
from siteplan.scenario import SCENARIO_FILE, Correction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siteplan.coverage.regression import Line
    from siteplan.region import Region

    Floats = NDArray[np.float64]

_MOST_DB: Final = 50.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """
    A fitted correction and what stands behind it.

    Errors are predicted minus measured level: positive where the model promises too much.

    Attributes
    ----------
    name : str
        Key of the correction in a scenario: the model, or model and carrier.
    correction : Correction
        To be put under ``[radio.corrections]``.
    offset_se_db, slope_se_db : float
        Standard errors; the slope's is NaN when it was not fitted. [dB]
    offset_interval_db, slope_interval_db : (float, float)
        95 % confidence intervals. [dB]
    sample_sigma_db : float
        Standard deviation of single samples about the fit; that of cells is the correction's. [dB]
    bias_before_db, rmse_before_db : float
        Over the used cells, before. [dB]
    rmse_after_db : float
        Over the same cells, after; the bias is then zero by construction. [dB]
    held_out_bias_db, held_out_rmse_db : float
        Over blocks that the fit had not seen. [dB]
    samples, used, assigned : int
        Samples given, used, and used by a station that was guessed.
    cells, blocks : int
        Cells of one station, and blocks of ground, that were used.
    dropped : mapping of str to int
        Samples dropped by reason, as in `REASONS`.
    stations : DataFrame
        By station: ``cells`` and ``error_db``, the mean error that is left; a large one tells of a wrong
        height, azimuth or power.
    options : CalibrationOptions
        How it was fitted.
    """

    name: str
    correction: Correction
    offset_se_db: float
    slope_se_db: float
    offset_interval_db: tuple[float, float]
    slope_interval_db: tuple[float, float]
    sample_sigma_db: float
    bias_before_db: float
    rmse_before_db: float
    rmse_after_db: float
    held_out_bias_db: float
    held_out_rmse_db: float
    samples: int
    used: int
    assigned: int
    cells: int
    blocks: int
    dropped: Mapping[str, int]
    stations: pd.DataFrame = field(repr=False)
    options: CalibrationOptions

    def __str__(self) -> str:
        fit, options = self.correction, self.options
        low, high = self.offset_interval_db
        text = (
            f"{self.name}: {self.used:,} of {self.samples:,} samples used, in {self.cells:,} cells of "
            f"{len(self.stations):,} stations and {self.blocks:,} blocks of {options.block_m:g} m\n"
            f"offset at 1 km {fit.offset_db:+.2f} dB, standard error {self.offset_se_db:.2f} "
            f"(95 %: {low:+.2f} to {high:+.2f})\n"
        )
        if options.slope:
            low, high = self.slope_interval_db
            text += (
                f"slope {fit.slope_db_per_decade:+.2f} dB a decade, standard error "
                f"{self.slope_se_db:.2f} (95 %: {low:+.2f} to {high:+.2f}), "
                f"from {fit.nearest_m:,.0f} to {fit.farthest_m:,.0f} m\n"
            )
        text += (
            f"spread that remains {fit.sigma_db:.1f} dB over cells, "
            f"{self.sample_sigma_db:.1f} dB over samples\n"
            f"error before {self.bias_before_db:+.1f} dB, root mean square {self.rmse_before_db:.1f}; "
            f"after +0.0, {self.rmse_after_db:.1f}; held out {self.held_out_bias_db:+.1f}, "
            f"{self.held_out_rmse_db:.1f}"
        )
        for name, count in self.dropped.items():
            text += f"\ndropped {count:,}: {REASONS[name][0]}, {REASONS[name][1]}"
        if self.assigned:
            text += (
                f"\n{self.assigned:,} used samples named no station and were given to the strongest "
                f"predicted: their errors are too small on the average"
            )
        return text

    def to_toml(self) -> str:
        """
        Write the correction as it goes into ``scenario.toml``.

        Returns
        -------
        text : str
            One table.
        """
        comments = "".join(f"# {line}\n" for line in str(self).splitlines())
        values = self.correction.model_dump(exclude_none=True)
        lines = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
        ]
        head = f'[radio.corrections."{self.name}"]\n'
        return comments + head + "\n".join(lines) + "\n"


def calibrate(
    table: pd.DataFrame, *, name: str, options: CalibrationOptions | None = None
) -> Calibration:
    """
    Fit a correction to measured and predicted levels.

    Parameters
    ----------
    table : DataFrame
        As :func:`siteplan.coverage.samples.predicted_samples` makes it.
    name : str
        Key of the correction: the model, or ``model/carrier``.
    options : CalibrationOptions, optional
        How to fit.

    Returns
    -------
    calibration : Calibration
        The correction, its errors, and what was dropped.

    Raises
    ------
    InputError
        When too few cells or blocks are left, or their distances are too much alike for a slope; with the
        number of samples dropped by reason.
    """
    options = CalibrationOptions() if options is None else options
    reason = first_reasons(table, options)
    kept = reason == ""
    error = (
        table["predicted_dbm"].to_numpy() - options.receiver_loss_db - table["rsrp_dbm"].to_numpy()
    )
    cells, member = cell_means(table[kept], error[kept], options)
    chosen, fit = choose_cells(cells, member, error[kept], options)
    reason[kept] = chosen[member]
    used = cells[chosen == ""]
    dropped = {name: int((reason == name).sum()) for name in REASONS if (reason == name).any()}
    faults = _faults(name, used, fit, dropped, options)
    if faults:
        raise InputError(faults)
    inside = np.flatnonzero(chosen[member] == "")
    spread = error[kept][inside] - fit.at(cells["decades"].to_numpy()[member[inside]])
    assigned = table["assigned"].to_numpy(dtype=bool)[reason == ""] if "assigned" in table else ()
    return _result(
        name=name,
        used=used,
        fit=fit,
        options=options,
        dropped=dropped,
        samples=len(table),
        assigned=int(np.sum(assigned)),
        sample_sigma_db=float(np.sqrt(np.mean(spread**2))),
    )


def calibrate_region(
    region: Region,
    *,
    model: str | None = None,
    scale: str = "macro",
    carrier: str | None = None,
    options: CalibrationOptions | None = None,
) -> Calibration:
    """
    Fit a model to the ``samples`` layer of a region.

    Parameters
    ----------
    region : Region
        With the layer and the stations in service.
    model : str, optional
        Propagation model; that of the scenario for `scale` when missing.
    scale : {"macro", "micro"}
        Stations to look at.
    carrier : str, optional
        Only stations of this carrier; the correction is then for it alone.
    options : CalibrationOptions, optional
        How to fit.

    Returns
    -------
    calibration : Calibration
        The correction, its errors, and what was dropped.

    Raises
    ------
    InputError
        When the region has no samples, or too few are left.
    """
    samples = region.layer("samples")
    if samples is None:
        fault = Fault(
            source=SCENARIO_FILE,
            column="layers.samples",
            rule="a calibration needs drive-test samples",
            remedy="Name a table with positions, rsrp_dbm and station_id under [layers.samples].",
        )
        raise InputError([fault])
    radio = region.scenario.radio
    name = model or (radio.macro_model if scale == "macro" else radio.micro_model)
    table = predicted_samples(
        region,
        station_table(region, region.stations),
        samples,
        model=name,
        scale=scale,
        carrier=carrier,
    )
    return calibrate(table, name=f"{name}/{carrier}" if carrier else name, options=options)


def _faults(
    name: str,
    used: pd.DataFrame,
    fit: Line,
    dropped: Mapping[str, int],
    options: CalibrationOptions,
) -> list[Fault]:
    """Why the fit would mean nothing."""
    why = ", ".join(
        f"{count:,} samples dropped: {REASONS[key][1]}" for key, count in dropped.items()
    )
    needs = [
        (len(used), options.least_cells, "cells of samples", "Drive more roads."),
        (
            used["block"].nunique(),
            options.least_blocks,
            f"blocks of {options.block_m:g} m",
            "Drive farther apart, or take smaller blocks.",
        ),
    ]
    faults = [
        Fault(
            source=name,
            value=f"{found:,}" + (f"; {why}" if why else ""),
            rule=f"a calibration needs at least {least:,} {what}",
            remedy=remedy,
        )
        for found, least, what, remedy in needs
        if found < least
    ]
    decades = float(used["decades"].std(ddof=0)) if len(used) else 0.0
    if not faults and options.slope and decades < options.least_decades:
        near, far = used["distance_m"].min(), used["distance_m"].max()
        faults.append(
            Fault(
                source=name,
                value=f"{near:,.0f} to {far:,.0f} m, standard deviation {decades:.2f} decades",
                rule="the distances are too much alike to fit a slope",
                remedy="Fit the offset alone, or drive nearer to and farther from the stations.",
            )
        )
    if not faults and abs(fit.offset_db) + abs(fit.slope_db) > _MOST_DB:
        faults.append(
            Fault(
                source=name,
                value=f"{fit.offset_db:+.0f} dB and {fit.slope_db:+.0f} dB a decade",
                rule="measured and predicted levels have nothing to do with each other",
                remedy="Check the unit of RSRP, the stations' equipment, and the serving stations.",
            )
        )
    return faults


def _result(
    *,
    name: str,
    used: pd.DataFrame,
    fit: Line,
    options: CalibrationOptions,
    dropped: Mapping[str, int],
    samples: int,
    assigned: int,
    sample_sigma_db: float,
) -> Calibration:
    x, y = used["decades"].to_numpy(), used["error_db"].to_numpy()
    residual = y - fit.at(x)
    blocks = int(used["block"].nunique())
    block = used["block"].to_numpy()
    se = jackknife_errors(x, y, block, slope=options.slope)
    reach = float(student.ppf(0.975, blocks - 1))
    held_out = held_out_errors(
        x, y, block, slope=options.slope, folds=min(options.folds, blocks), seed=options.seed
    )
    freedom = len(used) - (2 if options.slope else 1)
    taken = samples - sum(dropped.values())
    stations = used.assign(error_db=residual).groupby("station_id")["error_db"]
    correction = Correction(
        offset_db=round(fit.offset_db, 4),
        slope_db_per_decade=round(fit.slope_db, 4),
        sigma_db=round(float(np.sqrt(residual @ residual / freedom)), 4),
        nearest_m=round(float(used["distance_m"].min()), 1),
        farthest_m=round(float(used["distance_m"].max()), 1),
        source=f"{taken} drive-test samples in {len(used)} cells of {len(stations)} stations",
    )
    return Calibration(
        name=name,
        correction=correction,
        offset_se_db=se[0],
        slope_se_db=se[1],
        offset_interval_db=(fit.offset_db - reach * se[0], fit.offset_db + reach * se[0]),
        slope_interval_db=(fit.slope_db - reach * se[1], fit.slope_db + reach * se[1]),
        sample_sigma_db=sample_sigma_db,
        bias_before_db=float(y.mean()),
        rmse_before_db=_rms(y),
        rmse_after_db=_rms(residual),
        held_out_bias_db=float(held_out.mean()),
        held_out_rmse_db=_rms(held_out),
        samples=samples,
        used=taken,
        assigned=assigned,
        cells=len(used),
        blocks=blocks,
        dropped=MappingProxyType(dict(dropped)),
        stations=pd.DataFrame({"cells": stations.size(), "error_db": stations.mean()}),
        options=options,
    )


def _rms(error_db: Floats) -> float:
    return float(np.sqrt(np.mean(error_db**2)))
