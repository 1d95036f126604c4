"""
Link budget: the level of one resource element at an isotropic receiver, per unit path loss.

Everything is per resource element, all ports summed: RSRP, never the power of the whole carrier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.units import THERMAL_NOISE_DBM_HZ, ratio_to_db

if TYPE_CHECKING:
    from siteplan.catalog import Carrier, Equipment
    from siteplan.scenario import Radio

SUBCARRIERS_PER_BLOCK = 12


def element_power_dbm(
    equipment: Equipment, carrier: Carrier, *, power_w: float | None = None
) -> float:
    """
    Power of one resource element, all ports summed.

    Parameters
    ----------
    equipment : Equipment
        With the total power of a cell.
    carrier : Carrier
        With its resource blocks of twelve subcarriers.
    power_w : float, optional
        Total power of the cell; the equipment's when missing. [W]

    Returns
    -------
    power_dbm : float
        Total power divided over the subcarriers. [dBm]

    Examples
    --------
    >>> from siteplan import catalog
    >>> nr = catalog.equipment()["macro-nr3500"]
    >>> round(element_power_dbm(nr, catalog.carriers()[nr.carrier]), 1)
    17.9
    """
    elements = carrier.resource_blocks * SUBCARRIERS_PER_BLOCK
    total_w = equipment.power_w if power_w is None else power_w
    return float(ratio_to_db(total_w * 1000.0 / elements))


def reference_level_dbm(
    equipment: Equipment,
    carrier: Carrier,
    radio: Radio,
    *,
    power_w: float | None = None,
    gain_dbi: float | None = None,
) -> float:
    """
    RSRP on the boresight before path loss.

    Parameters
    ----------
    equipment : Equipment
        Power, gain and losses of a cell.
    carrier : Carrier
        Its carrier.
    radio : Radio
        Body and penetration loss.
    power_w : float, optional
        Total power of the cell; the equipment's when missing. [W]
    gain_dbi : float, optional
        Maximum gain of the antenna; the equipment's when missing. [dBi]

    Returns
    -------
    level_dbm : float
        RSRP = this level + relative antenna gain - path loss. [dBm]
    """
    return (
        element_power_dbm(equipment, carrier, power_w=power_w)
        + (equipment.gain_dbi if gain_dbi is None else gain_dbi)
        - equipment.losses_db
        - radio.body_loss_db
        - radio.penetration_loss_db
    )


def element_noise_dbm(carrier: Carrier, radio: Radio) -> float:
    """
    Thermal noise in one resource element.

    Parameters
    ----------
    carrier : Carrier
        With its subcarrier spacing.
    radio : Radio
        With the noise figure.

    Returns
    -------
    noise_dbm : float
        Noise at the receiver's input, noise figure included. [dBm]
    """
    bandwidth_hz = carrier.subcarrier_khz * 1000.0
    return THERMAL_NOISE_DBM_HZ + float(ratio_to_db(bandwidth_hz)) + radio.noise_figure_db
