"""The distance models by name, with one signature and their published ranges of validity."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from siteplan.propagation import free_space, hata, p1812, tr38901

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Ranges = Mapping[str, tuple[float, float]]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """
    One propagation model.

    Attributes
    ----------
    name : str
        Name in a scenario.
    source : str
        Document that publishes it.
    loss : callable
        ``loss(distance_m, frequency_mhz, base_height_m, mobile_height_m, line_of_sight=...)``. [dB]
    seen, hidden : mapping of str to (float, float)
        Published ranges with and without line of sight, by quantity with its unit in the name.
    over_terrain : bool
        Whether the model reads the terrain itself (:mod:`siteplan.propagation.sweep`); its `loss` is then
        only the bound of a free view.
    """

    name: str
    source: str
    loss: Loss
    seen: Ranges
    hidden: Ranges
    over_terrain: bool = False

    def outside(self, *, line_of_sight: bool, **values: ArrayLike) -> dict[str, float]:
        """
        Share of values outside the published ranges.

        Parameters
        ----------
        line_of_sight : bool
            Which ranges apply.
        **values : array_like of float
            By quantity: ``frequency_mhz``, ``distance_m``, ``base_height_m``, ``mobile_height_m``.

        Returns
        -------
        shares : dict of str to float
            Only quantities of which a part lies outside.

        Examples
        --------
        >>> MODELS["tr38901-rma"].outside(line_of_sight=False, distance_m=[1000.0, 8000.0])
        {'distance_m': 0.5}
        """
        ranges = self.seen if line_of_sight else self.hidden
        shares = {}
        for name, given in values.items():
            if name not in ranges:
                continue
            low, high = ranges[name]
            array = np.asarray(given, dtype=np.float64)
            share = float(np.mean((array < low) | (array > high)))
            if share > 0.0:
                shares[name] = share
        return shares


def _free_space(
    distance_m: NDArray[np.float64],
    frequency_mhz: float,
    base_height_m: float,
    mobile_height_m: float,
    *,
    line_of_sight: bool,
) -> NDArray[np.float64]:
    del line_of_sight  # the same with and without: a bound, not a prediction
    slant = np.hypot(distance_m, base_height_m - mobile_height_m)
    return free_space.free_space_loss(slant, frequency_mhz=frequency_mhz)


def _tr38901(function: object) -> Loss:
    def loss(
        distance_m: NDArray[np.float64],
        frequency_mhz: float,
        base_height_m: float,
        mobile_height_m: float,
        *,
        line_of_sight: bool,
    ) -> NDArray[np.float64]:
        return np.asarray(
            function(  # type: ignore[operator]
                distance_m,
                frequency_mhz=frequency_mhz,
                base_height_m=base_height_m,
                mobile_height_m=mobile_height_m,
                line_of_sight=line_of_sight,
            )
        )

    return loss


def _hata(function: object, environment: str) -> Loss:
    def loss(
        distance_m: NDArray[np.float64],
        frequency_mhz: float,
        base_height_m: float,
        mobile_height_m: float,
        *,
        line_of_sight: bool,
    ) -> NDArray[np.float64]:
        del line_of_sight  # the measurements behind the model mix both
        fitted = np.asarray(
            function(  # type: ignore[operator]
                distance_m,
                frequency_mhz=frequency_mhz,
                base_height_m=base_height_m,
                mobile_height_m=mobile_height_m,
                environment=environment,
            )
        )
        # below their first kilometre the fits fall under free space, which nothing can
        free = _free_space(
            distance_m, frequency_mhz, base_height_m, mobile_height_m, line_of_sight=True
        )
        return np.asarray(np.maximum(fitted, free))

    return loss


_TR38901 = "3GPP TR 38.901, Table 7.4.1-1"
_HATA = "M. Hata, IEEE Trans. Veh. Technol. 29(3), 1980"
_COST231 = "COST Action 231, final report, EUR 18957, 1999, sec. 4.4.1"

_P1812 = {
    "frequency_mhz": p1812.VALIDITY["frequency_mhz"],
    "base_height_m": p1812.VALIDITY["transmitter_height_m"],
    "mobile_height_m": p1812.VALIDITY["receiver_height_m"],
    # nearer than 250 m the sweep goes over into P.525 and P.526, which hold there
    "distance_m": (0.0, 1000.0 * p1812.VALIDITY["distance_km"][1]),
}

_ALL = (
    Model(
        name="p1812",
        source="Rec. ITU-R P.1812-8, nearer than 250 m Rec. ITU-R P.525 and P.526",
        loss=_free_space,
        seen=MappingProxyType(_P1812),
        hidden=MappingProxyType(_P1812),
        over_terrain=True,
    ),
    Model(
        name="free-space",
        source="Rec. ITU-R P.525",
        loss=_free_space,
        seen=free_space.VALIDITY,
        hidden=free_space.VALIDITY,
    ),
    Model(
        name="tr38901-uma",
        source=_TR38901,
        loss=_tr38901(tr38901.uma_loss),
        seen=tr38901.UMA_VALIDITY,
        hidden=tr38901.UMA_VALIDITY,
    ),
    Model(
        name="tr38901-umi",
        source=_TR38901,
        loss=_tr38901(tr38901.umi_loss),
        seen=tr38901.UMI_VALIDITY,
        hidden=tr38901.UMI_VALIDITY,
    ),
    Model(
        name="tr38901-rma",
        source=_TR38901,
        loss=_tr38901(tr38901.rma_loss),
        seen=tr38901.RMA_LOS_VALIDITY,
        hidden=tr38901.RMA_NLOS_VALIDITY,
    ),
    *(
        Model(
            name=f"okumura-hata-{environment.replace('_', '-')}",
            source=_HATA,
            loss=_hata(hata.okumura_hata_loss, environment),
            seen=hata.OKUMURA_HATA_VALIDITY,
            hidden=hata.OKUMURA_HATA_VALIDITY,
        )
        for environment in ("urban_large", "urban", "suburban", "open")
    ),
    *(
        Model(
            name=f"cost231-hata-{environment.replace('_', '-')}",
            source=_COST231,
            loss=_hata(hata.cost231_hata_loss, environment),
            seen=hata.COST231_HATA_VALIDITY,
            hidden=hata.COST231_HATA_VALIDITY,
        )
        for environment in ("urban_large", "urban", "open")
    ),
)

MODELS: Final[Mapping[str, Model]] = MappingProxyType({model.name: model for model in _ALL})
"""All models by name."""
