"""
Every model in one signature: what the registry lists.

A loss or a spread for ground distances, one frequency and one pair of heights. A model that asks for
more gets its published default; one that asks for less passes over the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from siteplan.propagation import (
    extended_hata,
    free_space,
    p1812,
    tr38901_statistics,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Formula = Callable[..., NDArray[np.float64]]

SQUARE_M: Final = 100.0
"""Width of the square over which a loss varies where the caller names none. [m]"""


class Loss(Protocol):
    """Signature that all models share."""

    def __call__(
        self,
        distance_m: NDArray[np.float64],
        frequency_mhz: float,
        base_height_m: float,
        mobile_height_m: float,
        *,
        line_of_sight: bool,
    ) -> NDArray[np.float64]:
        """Loss at ground distances. [dB]."""


class Sigma(Protocol):
    """Signature of the spread of all models."""

    def __call__(
        self,
        distance_m: NDArray[np.float64],
        frequency_mhz: float,
        base_height_m: float,
        mobile_height_m: float,
        *,
        line_of_sight: bool,
        resolution_m: float = SQUARE_M,
    ) -> NDArray[np.float64]:
        """Spread of the loss at ground distances. [dB]."""


# --- loss -----------------------------------------------------------------------------------------


def free_space_model(
    distance_m: NDArray[np.float64],
    frequency_mhz: float,
    base_height_m: float,
    mobile_height_m: float,
    *,
    line_of_sight: bool,
) -> NDArray[np.float64]:
    del line_of_sight  # the same with and without: a bound, not a prediction
    return free_space.free_space_loss(
        distance_m, frequency_mhz=frequency_mhz, rise_m=base_height_m - mobile_height_m
    )


def tr38901_model(function: Formula) -> Loss:
    def loss(
        distance_m: NDArray[np.float64],
        frequency_mhz: float,
        base_height_m: float,
        mobile_height_m: float,
        *,
        line_of_sight: bool,
    ) -> NDArray[np.float64]:
        return function(
            distance_m,
            frequency_mhz=frequency_mhz,
            base_height_m=base_height_m,
            mobile_height_m=mobile_height_m,
            line_of_sight=line_of_sight,
        )

    return loss


def hata_model(function: Formula, environment: str) -> Loss:
    def loss(
        distance_m: NDArray[np.float64],
        frequency_mhz: float,
        base_height_m: float,
        mobile_height_m: float,
        *,
        line_of_sight: bool,
    ) -> NDArray[np.float64]:
        del line_of_sight  # the measurements behind the model mix both

        def fit(distance: NDArray[np.float64]) -> NDArray[np.float64]:
            return function(
                distance,
                frequency_mhz=frequency_mhz,
                base_height_m=base_height_m,
                mobile_height_m=mobile_height_m,
                environment=environment,
            )

        # within their first kilometre the fits fall under free space, which nothing can
        air = {"frequency_mhz": frequency_mhz, "rise_m": base_height_m - mobile_height_m}
        at_one, at_ten = fit(np.array([1.0, 10.0]))
        reach_m = free_space.free_space_reach(intercept_db=at_one, slope_db=at_ten - at_one, **air)
        loss_db = fit(distance_m)
        flat = loss_db.reshape(-1)
        near = np.flatnonzero(distance_m < reach_m)  # few, and cheapest by their index
        free_db = free_space.free_space_loss(np.ravel(distance_m)[near], **air)
        flat[near] = np.maximum(flat[near], free_db)
        return loss_db

    return loss


def extended_hata_model(environment: extended_hata.ExtendedHataEnvironment) -> Loss:
    def loss(
        distance_m: NDArray[np.float64],
        frequency_mhz: float,
        base_height_m: float,
        mobile_height_m: float,
        *,
        line_of_sight: bool,
    ) -> NDArray[np.float64]:
        del line_of_sight  # the measurements behind the model mix both
        return extended_hata.extended_hata_loss(
            distance_m,
            frequency_mhz=frequency_mhz,
            base_height_m=base_height_m,
            mobile_height_m=mobile_height_m,
            environment=environment,
        )

    return loss


# --- spread ---------------------------------------------------------------------------------------
# Every model answers for each distance, NaN where that is not known.


def no_spread(
    distance_m: NDArray[np.float64],
    frequency_mhz: float,
    base_height_m: float,
    mobile_height_m: float,
    *,
    line_of_sight: bool,
    resolution_m: float = SQUARE_M,
) -> NDArray[np.float64]:
    del frequency_mhz, base_height_m, mobile_height_m, line_of_sight, resolution_m
    return np.full(np.shape(distance_m), np.nan)


def p1812_spread(
    distance_m: NDArray[np.float64],
    frequency_mhz: float,
    base_height_m: float,
    mobile_height_m: float,
    *,
    line_of_sight: bool,
    resolution_m: float = SQUARE_M,
) -> NDArray[np.float64]:
    # Only the spread over the places of the square, the same at all distances; for a receiver not
    # above its clutter, which a caller who knows the clutter may take from the function itself.
    del base_height_m, line_of_sight
    sigma_db = p1812.location_standard_deviation(
        frequency_mhz=frequency_mhz,
        resolution_m=resolution_m,
        receiver_height_m=mobile_height_m,
        clutter_height_m=mobile_height_m,
    )
    return np.where(np.isnan(distance_m), np.nan, sigma_db)


def urban_spread(function: Formula) -> Sigma:
    def sigma(
        distance_m: NDArray[np.float64],
        frequency_mhz: float,
        base_height_m: float,
        mobile_height_m: float,
        *,
        line_of_sight: bool,
        resolution_m: float = SQUARE_M,
    ) -> NDArray[np.float64]:
        del frequency_mhz, base_height_m, mobile_height_m, resolution_m
        sigma_db = function(line_of_sight=line_of_sight)
        return np.where(np.isnan(distance_m), np.nan, sigma_db)

    return sigma


def rma_spread(
    distance_m: NDArray[np.float64],
    frequency_mhz: float,
    base_height_m: float,
    mobile_height_m: float,
    *,
    line_of_sight: bool,
    resolution_m: float = SQUARE_M,
) -> NDArray[np.float64]:
    del resolution_m
    return tr38901_statistics.rma_shadow_sigma(
        distance_m,
        frequency_mhz=frequency_mhz,
        base_height_m=base_height_m,
        mobile_height_m=mobile_height_m,
        line_of_sight=line_of_sight,
    )


def extended_hata_spread(
    distance_m: NDArray[np.float64],
    frequency_mhz: float,
    base_height_m: float,
    mobile_height_m: float,
    *,
    line_of_sight: bool,
    resolution_m: float = SQUARE_M,
) -> NDArray[np.float64]:
    # the formula is for antennas above the roofs, so its spread is that too
    del frequency_mhz, base_height_m, mobile_height_m, line_of_sight, resolution_m
    return extended_hata.extended_hata_sigma(distance_m, roofs="above")
