"""What the signal runs over: the arrays of a region, and nothing that cannot travel to another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siteplan.propagation.p1812 import DEFAULT_ATMOSPHERE, Atmosphere

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from siteplan.region import Region
    from siteplan.scenario import Radio


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """
    Terrain and surface of a region with the radio assumptions.

    Attributes
    ----------
    terrain_m : ndarray of float32, shape (rows, columns)
        Height above sea level, NaN where unknown. [m]
    obstacle_m : ndarray of float32, shape (rows, columns)
        Height of buildings, 0 where nothing is known to stand: what hides a place from a mast. [m]
    clutter_m : ndarray of float32, shape (rows, columns), or None
        Height of buildings or land cover, NaN where unknown: what terrain models take; None when there is
        neither. [m]
    cell_m : float
        Cell size. [m]
    radio : Radio
        Models, receiver height, radius.
    """

    terrain_m: NDArray[np.float32]
    obstacle_m: NDArray[np.float32]
    clutter_m: NDArray[np.float32] | None
    cell_m: float
    radio: Radio

    @property
    def most_cells(self) -> int:
        """Cells that no station is computed beyond."""
        rows, columns = self.terrain_m.shape
        cells = int(self.radio.radius_m // self.cell_m)
        return int(min(max(cells, 1), rows + columns))

    @property
    def atmosphere(self) -> Atmosphere:
        """Refractivity that terrain models take: the scenario's, or the default where it says nothing."""
        lapse, surface = self.radio.refractivity_lapse_n_per_km, self.radio.surface_refractivity_n
        usual = DEFAULT_ATMOSPHERE
        return Atmosphere(
            refractivity_lapse_n_per_km=usual.refractivity_lapse_n_per_km
            if lapse is None
            else lapse,
            surface_refractivity_n=usual.surface_refractivity_n if surface is None else surface,
        )


def region_ground(region: Region) -> Ground:
    """
    Ground of a region.

    Parameters
    ----------
    region : Region
        With terrain, buildings and land cover.

    Returns
    -------
    ground : Ground
        Shares the arrays of the region.
    """
    buildings = region.building_m if region.building_m.any() else None
    return Ground(
        terrain_m=region.terrain_m,
        obstacle_m=region.building_m,
        clutter_m=buildings if region.clutter_m is None else region.clutter_m,
        cell_m=region.resolution_m,
        radio=region.scenario.radio,
    )
