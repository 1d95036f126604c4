"""The models by name, with one signature, their published ranges of validity and their spread."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, get_args

import numpy as np

from siteplan.propagation import (
    extended_hata,
    free_space,
    hata,
    p1812,
    tr38901,
    tr38901_statistics,
)
from siteplan.propagation._signature import (
    extended_hata_model,
    extended_hata_spread,
    free_space_model,
    hata_model,
    no_spread,
    p1812_spread,
    rma_spread,
    tr38901_model,
    urban_spread,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from siteplan.propagation._signature import Loss, Sigma

    Ranges = Mapping[str, tuple[float, float]]


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
    sigma : callable
        ``sigma(distance_m, frequency_mhz, base_height_m, mobile_height_m, line_of_sight=...,
        resolution_m=...)``: standard deviation of the loss, NaN where the model publishes none. Only
        the spread over the places of a square of land depends on its width `resolution_m`. [dB]
    sigma_source : str or None
        Document that publishes it, None if the model has none.
    seen, hidden : mapping of str to (float, float)
        Published ranges with and without line of sight, by quantity with its unit in the name.
    over_terrain : bool
        Whether the model reads the terrain itself (:mod:`siteplan.propagation.sweep`); its `loss` is then
        only the bound of a free view.
    """

    name: str
    source: str
    loss: Loss
    sigma: Sigma
    sigma_source: str | None
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
            By quantity: ``frequency_mhz``, ``distance_m``, ``base_height_m``, ``mobile_height_m``;
            any other is passed over. NaN is not known and counts neither way.

        Returns
        -------
        shares : dict of str to float
            Only quantities of which a part lies outside.

        Examples
        --------
        >>> MODELS["tr38901-rma"].outside(line_of_sight=False, distance_m=[1000.0, 8000.0])
        {'distance_m': 0.5}
        """
        return shares_outside(self.seen if line_of_sight else self.hidden, values)


def shares_outside(ranges: Ranges, values: Mapping[str, ArrayLike]) -> dict[str, float]:
    """
    Share of values outside published ranges, for the formulas that are no :class:`Model` too.

    Parameters
    ----------
    ranges : mapping of str to (float, float)
        Least and greatest value by quantity, such as :data:`siteplan.propagation.p2109.VALIDITY`.
    values : mapping of str to array_like of float
        Values by quantity; a quantity without a range is passed over, NaN counts neither way.

    Returns
    -------
    shares : dict of str to float
        Only quantities of which a part lies outside.

    Examples
    --------
    >>> shares_outside({"frequency_mhz": (30.0, 3000.0)}, {"frequency_mhz": [700.0, 3500.0]})
    {'frequency_mhz': 0.5}
    """
    shares = {}
    for name, given in values.items():
        if name not in ranges:
            continue
        low, high = ranges[name]
        array = np.asarray(given, dtype=np.float64)
        known = np.count_nonzero(~np.isnan(array))
        beyond = np.count_nonzero((array < low) | (array > high))
        if beyond:
            shares[name] = float(beyond / known)
    return shares


# --- the table ------------------------------------------------------------------------------------


_TR38901 = "3GPP TR 38.901, Table 7.4.1-1"
_HATA = "M. Hata, IEEE Trans. Veh. Technol. 29(3), 1980"
_COST231 = "COST Action 231, final report, EUR 18957, 1999, sec. 4.4.1"
_EXTENDED_HATA = "Report ITU-R SM.2028-2, 2017, sec. 6.1; SEAMCAT handbook, ECC Report 252, A17.3.1"

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
        loss=free_space_model,
        sigma=p1812_spread,
        sigma_source="Rec. ITU-R P.1812-8, sec. 4.7 and 4.9: over the places of one square only",
        seen=MappingProxyType(_P1812),
        hidden=MappingProxyType(_P1812),
        over_terrain=True,
    ),
    Model(
        name="free-space",
        source="Rec. ITU-R P.525",
        loss=free_space_model,
        sigma=no_spread,
        sigma_source=None,
        seen=free_space.VALIDITY,
        hidden=free_space.VALIDITY,
    ),
    Model(
        name="tr38901-uma",
        source=_TR38901,
        loss=tr38901_model(tr38901.uma_loss),
        sigma=urban_spread(tr38901_statistics.uma_shadow_sigma),
        sigma_source=_TR38901,
        seen=tr38901.UMA_VALIDITY,
        hidden=tr38901.UMA_VALIDITY,
    ),
    Model(
        name="tr38901-umi",
        source=_TR38901,
        loss=tr38901_model(tr38901.umi_loss),
        sigma=urban_spread(tr38901_statistics.umi_shadow_sigma),
        sigma_source=_TR38901,
        seen=tr38901.UMI_VALIDITY,
        hidden=tr38901.UMI_VALIDITY,
    ),
    Model(
        name="tr38901-rma",
        source=_TR38901,
        loss=tr38901_model(tr38901.rma_loss),
        sigma=rma_spread,
        sigma_source=_TR38901,
        seen=tr38901.RMA_LOS_VALIDITY,
        hidden=tr38901.RMA_NLOS_VALIDITY,
    ),
    *(
        Model(
            name=f"okumura-hata-{environment.replace('_', '-')}",
            source=_HATA,
            loss=hata_model(hata.okumura_hata_loss, environment),
            sigma=no_spread,
            sigma_source=None,
            seen=hata.OKUMURA_HATA_VALIDITY,
            hidden=hata.OKUMURA_HATA_VALIDITY,
        )
        for environment in ("urban_large", "urban", "suburban", "open")
    ),
    *(
        Model(
            name=f"cost231-hata-{environment.replace('_', '-')}",
            source=_COST231,
            loss=hata_model(hata.cost231_hata_loss, environment),
            sigma=no_spread,
            sigma_source=None,
            seen=hata.COST231_HATA_VALIDITY,
            hidden=hata.COST231_HATA_VALIDITY,
        )
        for environment in ("urban_large", "urban", "open")
    ),
    *(
        Model(
            name=f"extended-hata-{environment}",
            source=_EXTENDED_HATA,
            loss=extended_hata_model(environment),
            sigma=extended_hata_spread,
            sigma_source=_EXTENDED_HATA,
            seen=extended_hata.VALIDITY,
            hidden=extended_hata.VALIDITY,
        )
        for environment in get_args(extended_hata.ExtendedHataEnvironment)
    ),
)

MODELS: Final[Mapping[str, Model]] = MappingProxyType({model.name: model for model in _ALL})
"""All models by name."""
