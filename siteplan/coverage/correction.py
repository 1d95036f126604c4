"""A calibrated model: the published loss and what measurements in the county add to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from siteplan.scenario import Correction

REFERENCE_M: Final = 1000.0
"""Distance at which the slope of a correction adds nothing. [m]"""


def corrected_loss(
    loss_db: ArrayLike, distance_m: ArrayLike, correction: Correction | None
) -> NDArray[np.float64]:
    """
    Loss of a model after calibration.

    Parameters
    ----------
    loss_db : array_like of float
        Loss of the model as published. [dB]
    distance_m : array_like of float
        Ground distance, positive; must broadcast with `loss_db`. [m]
    correction : Correction or None
        What to add; nothing when None.

    Returns
    -------
    loss_db : ndarray of float64, broadcast shape of the inputs
        ``loss + offset + slope lg(d / 1 km)``, with d held within the distances that the fit covers. NaN
        stays NaN. [dB]

    Examples
    --------
    >>> from siteplan.scenario import Correction
    >>> fitted = Correction(offset_db=3.0, slope_db_per_decade=5.0, nearest_m=100.0, farthest_m=1e4)
    >>> corrected_loss([110.0, 130.0, 150.0], [10.0, 1e3, 1e5], fitted)
    array([108., 133., 158.])
    """
    loss = np.asarray(loss_db, dtype=np.float64)
    if correction is None:
        return loss
    distance = np.asarray(distance_m, dtype=np.float64)
    if correction.nearest_m is not None or correction.farthest_m is not None:
        distance = np.clip(distance, correction.nearest_m, correction.farthest_m)
    decades = np.log10(distance / REFERENCE_M)
    return np.asarray(loss + correction.offset_db + correction.slope_db_per_decade * decades)
