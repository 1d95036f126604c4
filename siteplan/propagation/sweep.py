"""
Rec. ITU-R P.1812 from one transmitter to every cell around it.

Radials leave the transmitter one cell apart at the rim. Along a radial the profiles of all receive points
are prefixes of one another, and every term of the Recommendation is carried from one sample to the next
(:mod:`siteplan.propagation._radial`), so a receive point costs O(log n) and not O(n). The result equals
:func:`siteplan.propagation.p1812.path_loss` with ``smooth_path="closed_form"`` on every sample of every
radial; cells take the sample nearest to them.

Nearer than 0.25 km the Recommendation does not hold. There the same steps are free space (Rec. ITU-R
P.525) and delta-Bullington diffraction (Rec. ITU-R P.526, sec. 4.5), which P.1812 goes over into without a
step at half the time.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.propagation import _sweep, p1812
from siteplan.propagation._combine import (
    FREQUENCY,
    LAPSE_RADIUS,
    LATITUDE,
    RADIUS,
    RECEIVER,
    REFRACTIVITY,
    STEP,
    TIME,
    TRANSMITTER,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Radials:
    """
    Loss along radials.

    Attributes
    ----------
    loss_db : ndarray of float64, shape (radials, steps + 1)
        Loss at each sample, NaN where it was not asked for or terrain is missing on the way. [dB]
    step_m : float
        Distance between samples. [m]
    start : ndarray of int64, shape (radials,)
        First sample computed on each radial; fewer radials serve the neighbourhood of the mast.
    """

    loss_db: NDArray[np.float64]
    step_m: float
    start: NDArray[np.int64]


def radial_count(steps: int) -> int:
    """
    Radials one sample apart at the rim, a multiple of a power of two.

    Parameters
    ----------
    steps : int
        Samples of a radial.

    Returns
    -------
    radials : int
        At least 2 pi steps.
    """
    unit = 64  # lets every second radial be left out six times over towards the mast
    return math.ceil(2.0 * math.pi * steps / unit) * unit


def sweep_radials(  # noqa: PLR0913  # two grids, a place, a link, a range, options
    ground_m: NDArray[np.floating],
    clutter_m: NDArray[np.floating] | None,
    link: p1812.Link,
    *,
    row: float,
    column: float,
    cell_m: float,
    steps: int,
    rim_steps: int | None = None,
    time_percent: float = 50.0,
    location_db: float = 0.0,
    atmosphere: p1812.Atmosphere = p1812.DEFAULT_ATMOSPHERE,
    thin: bool = True,
    threads: int = 1,
) -> Radials:
    """
    Loss along radials from one transmitter, inland.

    Parameters
    ----------
    ground_m : ndarray of float, shape (rows, columns)
        Terrain above sea level, first row in the north; NaN where unknown. [m]
    clutter_m : ndarray of float, shape (rows, columns), or None
        Height of buildings and trees above it; none anywhere when None. [m]
    link : Link
        Frequency, heights, polarisation; ``latitude_deg`` is that of the transmitter, and the centre of
        each path takes its own from it.
    row, column : float
        Place of the transmitter, in cells from the centre of the first.
    cell_m : float
        Cell size and step along the radials. [m]
    steps : int
        Samples of a radial.
    rim_steps : int, optional
        Ring at which the radials lie one cell apart; `steps` when missing. With one rim for several
        calls, what a cell receives does not depend on how far each call reaches.
    time_percent : float
        Share of an average year in which the loss is not exceeded, 1 to 50. [%]
    location_db : float
        Location variability to add, section 4.7. [dB]
    atmosphere : Atmosphere
        Refractivity.
    thin : bool
        Compute fewer radials near the mast, where they lie closer together than the cells.
    threads : int
        Threads to share the radials.

    Returns
    -------
    radials : Radials
        Radial r leaves at 360 r / radials degrees, clockwise from the first axis of the grid.

    Raises
    ------
    ValueError
        When the transmitter lies outside the grid, an array does not fit, or p is out of range.
    """
    ground = np.asarray(ground_m)
    clutter = np.zeros((1, 1), dtype=ground.dtype) if clutter_m is None else np.asarray(clutter_m)
    _check(ground, clutter_m, row, column, steps, time_percent)
    count = radial_count(max(steps, rim_steps or 0))
    start = _starts(count, steps) if thin else np.ones(count, dtype=np.int64)
    scalars = _scalars(link, atmosphere, cell_m, time_percent)
    table = _ring_table(scalars, steps)
    loss = np.full((count, steps + 1), np.nan)
    admittance = _admittance(link)
    edges = np.linspace(0, count, threads + 1).round().astype(int)

    def run(part: int) -> None:
        _sweep.run(
            ground,
            clutter,
            float(row),
            float(column),
            int(edges[part]),
            int(edges[part + 1]),
            start,
            scalars,
            table,
            admittance,
            float(location_db),
            loss,
        )

    if threads == 1:
        run(0)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, range(threads)))
    return Radials(loss_db=loss, step_m=float(cell_m), start=start)


def sweep(  # noqa: PLR0913  # two grids, a place, a link, a range, options
    ground_m: NDArray[np.floating],
    clutter_m: NDArray[np.floating] | None,
    link: p1812.Link,
    *,
    row: float,
    column: float,
    cell_m: float,
    radius_m: float,
    rim_m: float | None = None,
    time_percent: float = 50.0,
    location_db: float = 0.0,
    atmosphere: p1812.Atmosphere = p1812.DEFAULT_ATMOSPHERE,
    threads: int = 1,
) -> NDArray[np.float32]:
    """
    Loss from one transmitter to the cells around it.

    Parameters
    ----------
    ground_m, clutter_m, link, row, column, cell_m, time_percent, location_db, atmosphere, threads
        As in :func:`sweep_radials`.
    radius_m : float
        Cells farther than this are left out. [m]
    rim_m : float, optional
        Distance at which the radials lie one cell apart; `radius_m` when missing. [m]

    Returns
    -------
    loss_db : ndarray of float32, shape (2 n + 1, 2 n + 1), with n = radius_m // cell_m
        Basic transmission loss around the cell that holds the transmitter; NaN beyond the radius, outside
        the grid, and where terrain is missing on the way. [dB]

    Examples
    --------
    >>> import numpy as np
    >>> from siteplan.propagation import p1812
    >>> ground = np.full((81, 81), 1200.0)
    >>> link = p1812.Link(frequency_mhz=2600, transmitter_height_m=30, receiver_height_m=1.5,
    ...                   latitude_deg=39.8)
    >>> loss = sweep(ground, None, link, row=40, column=40, cell_m=50.0, radius_m=2000.0)
    >>> loss.shape, loss[40, 60].round(1)
    ((81, 81), np.float32(100.7))
    """
    steps = int(radius_m // cell_m)
    radials = sweep_radials(
        ground_m,
        clutter_m,
        link,
        row=row,
        column=column,
        cell_m=cell_m,
        steps=steps,
        rim_steps=None if rim_m is None else int(rim_m // cell_m),
        time_percent=time_percent,
        location_db=location_db,
        atmosphere=atmosphere,
        threads=threads,
    )
    loss = np.full((2 * steps + 1, 2 * steps + 1), np.nan, dtype=np.float32)
    shift = (row - math.floor(row + 0.5), column - math.floor(column + 0.5))
    _sweep.gather(radials.loss_db, shift[0], shift[1], _levels(len(radials.start), steps), loss)
    return loss


def _check(
    ground: NDArray[np.floating],
    clutter: NDArray[np.floating] | None,
    row: float,
    column: float,
    steps: int,
    time_percent: float,
) -> None:
    if ground.ndim != 2:
        raise ValueError(f"ground_m has shape {ground.shape}: give rows and columns")
    if clutter is not None and clutter.shape != ground.shape:
        raise ValueError(f"clutter_m has shape {clutter.shape} and ground_m {ground.shape}")
    if not (0 <= row <= ground.shape[0] - 1 and 0 <= column <= ground.shape[1] - 1):
        raise ValueError(
            f"the transmitter at row {row}, column {column} lies outside the grid {ground.shape}"
        )
    if steps < 1:
        raise ValueError("the radius is shorter than a cell")
    low, high = p1812.VALIDITY["time_percent"]
    if not low <= time_percent <= high:
        raise ValueError(f"time_percent is {time_percent}: give {low:g} to {high:g}")


def _starts(count: int, steps: int) -> NDArray[np.int64]:
    """First sample of each radial: radials that are not needed near the mast begin farther out."""
    levels = _levels(count, steps)
    # a level that no ring gets down to belongs to radials that are not needed within these steps
    first = np.array(
        [
            np.argmax(levels <= level) if (levels <= level).any() else steps + 1
            for level in range(levels.max() + 1)
        ]
    )
    radial = np.arange(count)
    zeros = np.zeros(count, dtype=np.int64)
    for level in range(1, len(first)):
        zeros[radial % 2**level == 0] = level
    return np.asarray(np.maximum(first[zeros], 1))


def _levels(count: int, steps: int) -> NDArray[np.int64]:
    """At each ring, use every 2^level-th radial: still at most one sample apart."""
    rings = np.arange(steps + 1)
    most = int(count & -count).bit_length() - 1
    spare = count / np.maximum(2.0 * math.pi * rings, 1.0)
    return np.asarray(np.clip(np.floor(np.log2(spare)), 0, most).astype(np.int64))


def _scalars(
    link: p1812.Link, atmosphere: p1812.Atmosphere, cell_m: float, time_percent: float
) -> NDArray[np.float64]:
    scalars = np.zeros(9)
    lapse = atmosphere.refractivity_lapse_n_per_km
    scalars[RADIUS] = 157.0 / (157.0 - lapse) * p1812.EARTH_RADIUS_KM  # (6), (7a)
    scalars[LAPSE_RADIUS] = 3.0 * p1812.EARTH_RADIUS_KM  # (7b)
    scalars[FREQUENCY] = link.frequency_ghz
    scalars[TIME] = time_percent
    scalars[TRANSMITTER] = link.transmitter_height_m
    scalars[RECEIVER] = link.receiver_height_m
    scalars[STEP] = cell_m / 1000.0
    scalars[REFRACTIVITY] = atmosphere.surface_refractivity_n
    scalars[LATITUDE] = link.latitude_deg
    return scalars


def _admittance(link: p1812.Link) -> NDArray[np.float64]:
    """Normalised admittance over land and sea, but for the radius, (29a) and (29b)."""
    f = link.frequency_ghz
    parts = []
    for permittivity, conductivity in (p1812.LAND_GROUND, p1812.SEA_GROUND):
        lost = 18.0 * conductivity / f
        k = 0.036 * f ** (-1.0 / 3.0) * math.hypot(permittivity - 1.0, lost) ** -0.5
        parts.append(k * math.hypot(permittivity, lost) if link.polarisation == "vertical" else k)
    return np.array(parts)


def _ring_table(scalars: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Compute what depends on the distance alone, once for all radials."""
    d = scalars[STEP] * np.arange(steps + 1)
    f = scalars[FREQUENCY]
    table = np.zeros((4, steps + 1))
    table[_sweep.DISTANCE] = d
    d = np.maximum(d, scalars[STEP] / 2.0)
    rare = 10.125 * math.log10(50.0 / scalars[TIME]) ** 0.7
    spectrum = 25.0 * math.log10(f) - 2.5 * math.log10(f / 2.0) ** 2  # (45)
    table[_sweep.SCATTER] = (
        190.1 + spectrum + 20.0 * np.log10(d) - 0.15 * scalars[REFRACTIVITY] - rare
    )
    tau = 1.0 - np.exp(-4.12e-4 * d**2.41)  # (3)
    mu1 = (10.0 ** (-d / (16.0 - 6.6 * tau)) + 10.0 ** (-5.0 * (0.496 + 0.354 * tau))) ** 0.2
    lg_mu1 = np.log10(np.minimum(mu1, 1.0))  # (2)
    table[_sweep.LG_BETA] = 1.67 + (1.0 - 0.935) * lg_mu1  # (4), (5) below 70 degrees
    table[_sweep.LG_BETA_LATITUDE] = -0.015 + 0.0176 * lg_mu1
    return table
