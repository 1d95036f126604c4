"""What the signal runs over: the arrays of a region, and nothing that cannot travel to another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        Height of what stands on the ground, 0 where nothing is known to stand. [m]
    cell_m : float
        Cell size. [m]
    radio : Radio
        Models, receiver height, radius.
    """

    terrain_m: NDArray[np.float32]
    obstacle_m: NDArray[np.float32]
    cell_m: float
    radio: Radio

    @property
    def most_cells(self) -> int:
        """Cells that no station is computed beyond."""
        rows, columns = self.terrain_m.shape
        cells = int(self.radio.radius_m // self.cell_m)
        return int(min(max(cells, 1), rows + columns))


def region_ground(region: Region) -> Ground:
    """
    Ground of a region.

    Parameters
    ----------
    region : Region
        With terrain and buildings.

    Returns
    -------
    ground : Ground
        Shares the arrays of the region.
    """
    return Ground(
        terrain_m=region.terrain_m,
        obstacle_m=region.building_m,
        cell_m=region.resolution_m,
        radio=region.scenario.radio,
    )
