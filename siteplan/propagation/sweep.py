"""
Rec. ITU-R P.1812 from one transmitter to every cell around it.

Radials leave the transmitter one sample apart at the rim. Along a radial the profiles of all receive points
are prefixes of one another, and every term of the Recommendation is carried from one sample to the next
(:mod:`siteplan.propagation._radial`), so a receive point costs O(log n) and not O(n). The result equals
:func:`siteplan.propagation.p1812.path_loss` with ``smooth_path="closed_form"`` on every sample of every
radial; cells take their value between the four samples around them. Against the exact path to each cell,
on hills of 30 m resolution, 95 % are within 1 dB and half within 0.03 dB. Where the ground changes by tens of
metres from cell to cell - the same hills in cells of 90 m - half are within 0.2 to 0.5 dB and 95 % within
2.5 to 6 dB; two samples to a cell's width halve that.

Nearer than 0.25 km the Recommendation does not hold. There the same steps are free space (Rec. ITU-R
P.525) and delta-Bullington diffraction (Rec. ITU-R P.526, sec. 4.5), which P.1812 goes over into without a
step. For less than half the time the focusing of equation (10) fades out towards the mast: it is at most
0.11 dB at 0.25 km and 1 % of the time.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from siteplan.propagation import _combine as c
from siteplan.propagation import _sweep, p1812
from siteplan.propagation import _terms as t
from siteplan.propagation._radial import inverses

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PARTS: Final = 4
"""Shares of the work that each thread takes in turn."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Radials:
    """
    Loss along radials.

    Attributes
    ----------
    loss_db : ndarray of float64, shape (radials, steps + 1)
        Loss at each sample, NaN where it was not asked for or terrain is missing on the way. Radials end
        where every sample beyond exceeds `most_loss_db`, if that was given. [dB]
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
    samples_per_cell: int = 1,
    zones: NDArray[np.integer] | None = None,
    time_percent: float = 50.0,
    location_percent: float = 50.0,
    location_sigma_db: float | None = None,
    most_loss_db: float = math.inf,
    atmosphere: p1812.Atmosphere = p1812.DEFAULT_ATMOSPHERE,
    thin: bool = True,
    threads: int = 1,
    outside: Literal["raise", "compute"] = "raise",
) -> Radials:
    """
    Loss along radials from one transmitter.

    Parameters
    ----------
    ground_m : ndarray of float, shape (rows, columns)
        Terrain above sea level, first row in the north; NaN where unknown. [m]
    clutter_m : ndarray of float, shape (rows, columns), or None
        Height of buildings and trees above it; none anywhere when None. [m]
    link : Link
        Frequency, heights, polarisation; ``latitude_deg`` is that of the transmitter, and the centre of
        each path takes its own from it. The distances to the coast are read from `zones` along each path.
    row, column : float
        Place of the transmitter, in cells from the centre of the first.
    cell_m : float
        Cell size. [m]
    steps : int
        Samples of a radial.
    rim_steps : int, optional
        Ring at which the radials lie one sample apart; `steps` when missing. With one rim for several
        calls, what a cell receives does not depend on how far each call reaches.
    samples_per_cell : int
        Samples along a radial to a cell's width, at least 1: the step is ``cell_m / samples_per_cell``.
    zones : ndarray of int, shape (rows, columns), optional
        :class:`siteplan.propagation.p1812.Zone` of each cell; inland everywhere if not given.
    time_percent : float
        Share of an average year in which the loss is not exceeded, 1 to 50. [%]
    location_percent : float
        Share of the places within a cell at which the loss is not exceeded, 1 to 99. [%]
    location_sigma_db : float, optional
        Standard deviation over those places; if not given, what
        :func:`siteplan.propagation.p1812.location_standard_deviation` says of the size and the clutter of
        each cell. Cells at sea have none. [dB]
    most_loss_db : float
        Greatest loss that anybody uses. Radials end where even a free view for the wanted time has more;
        up to there nothing changes. [dB]
    atmosphere : Atmosphere
        Refractivity.
    thin : bool
        Compute fewer radials near the mast, where they lie closer together than the cells.
    threads : int
        Threads to share the radials, at least 1.
    outside : {"raise", "compute"}
        What to do with a frequency or height outside :data:`siteplan.propagation.p1812.VALIDITY`: refuse
        it, or extrapolate.

    Returns
    -------
    radials : Radials
        Radial r leaves at 360 r / radials degrees, clockwise from the first axis of the grid.

    Raises
    ------
    ValueError
        When the transmitter lies outside the grid, an array does not fit, clutter is negative, or an
        option is out of range.
    """
    ground_m = np.asarray(ground_m)
    clutter_m = None if clutter_m is None else np.asarray(clutter_m)
    zones = None if zones is None else np.asarray(zones)
    _check(ground_m, clutter_m, zones, row, column, steps)
    _check_options(cell_m, time_percent, location_percent, location_sigma_db, most_loss_db)
    _check_link(link, outside)
    if threads < 1:
        raise ValueError(f"threads is {threads}: give 1 or more")
    if samples_per_cell < 1:
        raise ValueError(f"samples_per_cell is {samples_per_cell}: give 1 or more")
    if rim_steps is not None and rim_steps < 1:
        raise ValueError(f"rim_steps is {rim_steps}: give 1 or more")
    step_m = cell_m / samples_per_cell
    count = radial_count(steps if rim_steps is None else rim_steps)
    scalars = _scalars(link, atmosphere, step_m, time_percent)
    scalars[c.PITCH] = 1.0 / samples_per_cell
    scalars[c.LOCATION_FIXED], scalars[c.LOCATION_SLOPE] = _location(
        link, cell_m, location_percent, location_sigma_db
    )
    reach = _useful_steps(link, step_m, steps, time_percent, most_loss_db)
    start = _starts(count, reach) if thin else np.ones(count, dtype=np.int64)
    table = _ring_table(scalars, atmosphere, reach, coastal=zones is not None)
    constants = _constants(link, scalars)
    inverse = inverses(reach)
    cells = math.ceil(reach / samples_per_cell)
    top, left = max(math.floor(row) - cells - 1, 0), max(math.floor(column) - cells - 1, 0)
    window = np.s_[top : math.floor(row) + cells + 3, left : math.floor(column) + cells + 3]
    ground = np.ascontiguousarray(ground_m[window], dtype=np.float64)
    clutter = np.zeros((1, 1))
    if clutter_m is not None:
        clutter = np.ascontiguousarray(clutter_m[window], dtype=np.float64)
        if (clutter < 0.0).any():
            raise ValueError(
                "clutter_m holds a negative height: mark unknown clutter as NaN and open ground as 0"
            )
    climates = np.full((1, 1), p1812.Zone.INLAND, dtype=np.uint8)
    if zones is not None:
        climates = _zone_window(zones[window])
    loss = np.full((count, reach + 1), np.nan)

    def run(begin: int, end: int) -> None:
        _sweep.run(
            ground,
            clutter,
            climates,
            math.floor(row) - top,
            math.floor(column) - left,
            float(row - math.floor(row)),
            float(column - math.floor(column)),
            begin,
            end,
            start,
            scalars,
            constants,
            table,
            inverse,
            loss,
        )

    _share(run, count, threads)
    return Radials(loss_db=loss, step_m=float(step_m), start=start)


def _share(job: Callable[[int, int], None], size: int, threads: int) -> None:
    """Run a job over ranges of 0 .. size - 1, several a thread, so that none waits long for another."""
    if threads == 1:
        job(0, size)
        return
    edges = np.linspace(0, size, PARTS * threads + 1).round().astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(job, edges[:-1], edges[1:]))


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
    samples_per_cell: int = 1,
    zones: NDArray[np.integer] | None = None,
    time_percent: float = 50.0,
    location_percent: float = 50.0,
    location_sigma_db: float | None = None,
    most_loss_db: float = math.inf,
    atmosphere: p1812.Atmosphere = p1812.DEFAULT_ATMOSPHERE,
    threads: int = 1,
    outside: Literal["raise", "compute"] = "raise",
) -> NDArray[np.float32]:
    """
    Loss from one transmitter to the cells around it.

    Parameters
    ----------
    ground_m, clutter_m, link, row, column, cell_m, zones, time_percent, location_percent
        As in :func:`sweep_radials`.
    location_sigma_db, most_loss_db, atmosphere, threads, outside
        As in :func:`sweep_radials`.
    radius_m : float
        Cells farther than this are left out. [m]
    rim_m : float, optional
        Distance at which the radials lie one sample apart; `radius_m` when missing. [m]
    samples_per_cell : int
        Samples to a cell's width, along radials and across, at least 1; k of them cost k^2 times the time.

    Returns
    -------
    loss_db : ndarray of float32, shape (2 n + 1, 2 n + 1), with n = radius_m // cell_m
        Basic transmission loss around the cell that holds the transmitter; NaN beyond the radius, outside
        the grid, and where terrain is missing on the way; infinite where it is known to exceed
        `most_loss_db` by distance alone. [dB]

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
    _check_cell(cell_m)
    if not cell_m <= radius_m < math.inf:
        raise ValueError(f"radius_m is {radius_m}: the radius is shorter than a cell, or endless")
    if rim_m is not None and not 0.0 < rim_m < math.inf:
        raise ValueError(f"rim_m is {rim_m}: give a distance, or leave it out")
    steps = int(radius_m // cell_m)
    radials = sweep_radials(
        ground_m,
        clutter_m,
        link,
        row=row,
        column=column,
        cell_m=cell_m,
        steps=int((steps + 0.5) * samples_per_cell) + 1,  # cells lie between two rings
        rim_steps=samples_per_cell * (steps if rim_m is None else max(steps, int(rim_m // cell_m))),
        samples_per_cell=samples_per_cell,
        zones=zones,
        time_percent=time_percent,
        location_percent=location_percent,
        location_sigma_db=location_sigma_db,
        most_loss_db=most_loss_db,
        atmosphere=atmosphere,
        threads=threads,
        outside=outside,
    )
    loss = np.empty((2 * steps + 1, 2 * steps + 1), dtype=np.float32)
    shift = (float(row - math.floor(row + 0.5)), float(column - math.floor(column + 0.5)))
    levels = _levels(len(radials.start), radials.loss_db.shape[1] - 1)

    def run(begin: int, end: int) -> None:
        _sweep.gather(
            radials.loss_db, steps, samples_per_cell, shift[0], shift[1], levels, begin, end, loss
        )

    _share(run, len(loss), threads)
    top, left = math.floor(row + 0.5) - steps, math.floor(column + 0.5) - steps
    rows, columns = np.shape(ground_m)
    loss[: max(-top, 0)] = loss[max(rows - top, 0) :] = np.nan
    loss[:, : max(-left, 0)] = loss[:, max(columns - left, 0) :] = np.nan
    return loss


def _check(
    ground: NDArray[np.floating],
    clutter: NDArray[np.floating] | None,
    zones: NDArray[np.integer] | None,
    row: float,
    column: float,
    steps: int,
) -> None:
    if ground.ndim != 2 or min(ground.shape) < 2:
        raise ValueError(f"ground_m has shape {ground.shape}: give two rows and columns or more")
    for name, other in (("clutter_m", clutter), ("zones", zones)):
        if other is not None and other.shape != ground.shape:
            raise ValueError(f"{name} has shape {other.shape} and ground_m {ground.shape}")
    if not (0 <= row <= ground.shape[0] - 1 and 0 <= column <= ground.shape[1] - 1):
        raise ValueError(
            f"the transmitter at row {row}, column {column} lies outside the grid {ground.shape}"
        )
    if steps < 1:
        raise ValueError("the radius is shorter than a cell")


def _check_cell(cell_m: float) -> None:
    if not 0.0 < cell_m < math.inf:
        raise ValueError(f"cell_m is {cell_m}: give the width of a cell")


def _check_options(
    cell_m: float,
    time_percent: float,
    location_percent: float,
    location_sigma_db: float | None,
    most_loss_db: float,
) -> None:
    _check_cell(cell_m)
    for name, value in (("time_percent", time_percent), ("location_percent", location_percent)):
        low, high = p1812.VALIDITY[name]
        if not low <= value <= high:
            raise ValueError(f"{name} is {value}: give {low:g} to {high:g}")
    if location_sigma_db is not None and not 0.0 <= location_sigma_db < math.inf:
        raise ValueError(f"location_sigma_db is {location_sigma_db}: give 0 dB or more")
    if math.isnan(most_loss_db):
        raise ValueError(
            "most_loss_db is not a number: give the greatest loss of use, or leave it out"
        )


def _check_link(link: p1812.Link, outside: str) -> None:
    if outside not in {"raise", "compute"}:
        raise ValueError(f"outside is {outside!r}: give one of raise, compute")
    for name in ("frequency_mhz", "transmitter_height_m", "receiver_height_m"):
        low, high = p1812.VALIDITY[name]
        value = getattr(link, name)
        if outside == "raise" and not low <= value <= high:
            raise ValueError(
                f"{name} is {value:g}: Rec. ITU-R P.1812 holds from {low:g} to {high:g}; pass "
                f'outside="compute" to extrapolate'
            )


def _zone_window(zones: NDArray[np.integer]) -> NDArray[np.uint8]:
    known = np.zeros(zones.shape, dtype=bool)
    for code in p1812.Zone:
        known |= zones == code
    if not known.all():
        strange = np.unique(zones[~known])[:5].tolist()
        raise ValueError(f"zones holds {strange}: give {[int(code) for code in p1812.Zone]}")
    return np.ascontiguousarray(zones, dtype=np.uint8)


def _useful_steps(
    link: p1812.Link, step_m: float, steps: int, time_percent: float, most_loss_db: float
) -> int:
    """Find how far even a free view, focused as much as can be, has a loss of use."""
    least_db = p1812.least_loss(step_m, frequency_mhz=link.frequency_mhz, time_percent=time_percent)
    samples = 10.0 ** min((most_loss_db - float(least_db)) / 20.0, 9.0)
    return int(min(max(samples + 1.0, 1.0), steps))  # the first ring beyond closes the last cells


def _location(
    link: p1812.Link, cell_m: float, percent: float, sigma_db: float | None
) -> tuple[float, float]:
    """Location variability: a constant, and what full clutter adds, (66) to (69)."""
    if percent == 50.0:
        return 0.0, 0.0
    deviations = -p1812.inverse_normal(percent / 100.0)
    if sigma_db is not None:
        return deviations * sigma_db, 0.0
    full = p1812.location_standard_deviation(
        frequency_mhz=link.frequency_mhz,
        resolution_m=cell_m,
        receiver_height_m=link.receiver_height_m,
        clutter_height_m=link.receiver_height_m,
    )
    return 0.0, deviations * full


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
    link: p1812.Link, atmosphere: p1812.Atmosphere, step_m: float, time_percent: float
) -> NDArray[np.float64]:
    scalars = np.zeros(c.SCALARS)
    lapse = atmosphere.refractivity_lapse_n_per_km
    f = link.frequency_ghz
    scalars[c.RADIUS] = 157.0 / (157.0 - lapse) * p1812.EARTH_RADIUS_KM  # (6), (7a)
    scalars[c.FREQUENCY] = f
    scalars[c.TIME] = time_percent
    scalars[c.TRANSMITTER] = link.transmitter_height_m
    scalars[c.RECEIVER] = link.receiver_height_m
    scalars[c.STEP] = step_m / 1000.0
    scalars[c.LATITUDE] = link.latitude_deg
    scalars[c.FREE_SPACE] = 92.4 + 20.0 * math.log10(f)  # (8)
    low_f = 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else 0.0  # (47a)
    scalars[c.COUPLING] = 102.45 + 20.0 * math.log10(f) + low_f  # (47)
    scalars[c.NU_SCALE] = 0.002 / (link.wavelength_m * scalars[c.STEP])
    scalars[c.CUBE_ROOT] = f ** (1.0 / 3.0)
    scalars[c.NORMAL] = p1812.inverse_normal(time_percent / 100.0)
    return scalars


def _constants(link: p1812.Link, scalars: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute what the diffraction of each effective Earth radius takes: one for half the time, else two."""
    radii = [scalars[c.RADIUS], 3.0 * p1812.EARTH_RADIUS_KM]  # (7a), (7b)
    f = link.frequency_ghz
    constants = np.zeros((1 if scalars[c.TIME] == 50.0 else 2, t.CONSTANTS))
    for a, row in enumerate(constants):
        bulge = 500.0 / radii[a]
        row[t.RADIUS_KM] = radii[a]
        row[t.BULGE] = bulge
        row[t.GRAZING] = 2.0 * math.sqrt(bulge)
        row[t.FRESNEL_M] = 17.456 * math.sqrt(link.wavelength_m)  # (25)
        row[t.PER_METRE] = math.sqrt(0.002 / link.wavelength_m)
        row[t.CUBE_ROOT_GHZ] = f ** (1.0 / 3.0)
        for place, (permittivity, conductivity) in (
            (t.LAND, p1812.LAND_GROUND),
            (t.SEA, p1812.SEA_GROUND),
        ):
            lost = 18.0 * conductivity / f
            k = 0.036 * f ** (-1.0 / 3.0) * math.hypot(permittivity - 1.0, lost) ** -0.5  # (29a)
            k *= math.hypot(permittivity, lost) if link.polarisation == "vertical" else 1.0  # (29b)
            row[place] = k
            row[place + 1] = 20.0 * math.log10(k)
    return constants


def _ring_table(
    scalars: NDArray[np.float64], atmosphere: p1812.Atmosphere, steps: int, *, coastal: bool
) -> NDArray[np.float64]:
    """Compute what depends on the distance alone, once for all radials, as for paths inland."""
    d = scalars[c.STEP] * np.arange(steps + 1)
    f = scalars[c.FREQUENCY]
    p = scalars[c.TIME]
    table = np.zeros((_sweep.TABLE_ROWS, steps + 1))
    table[c.D] = d
    d = np.maximum(d, scalars[c.STEP] / 2.0)
    tau = 1.0 - np.exp(-4.12e-4 * d**2.41)  # (3)
    mu1 = (10.0 ** (-d / (16.0 - 6.6 * tau)) + 10.0 ** (-5.0 * (0.496 + 0.354 * tau))) ** 0.2
    lg_mu1 = np.log10(np.minimum(mu1, 1.0))  # (2)
    power = d**3.1
    table[c.LG_MU1] = lg_mu1
    # by the sea the exponent takes its own tau: the kernel finds it from the power alone
    table[c.ALPHA] = power if coastal else np.maximum(-0.6 - 3.5e-9 * power * tau, -3.4)  # (55a)
    table[c.POWER] = 1e-6 * d**1.13
    rare = 10.125 * math.log10(50.0 / p) ** 0.7
    spectrum = 25.0 * math.log10(f) - 2.5 * math.log10(f / 2.0) ** 2  # (45)
    noise = 190.1 + spectrum - 0.15 * atmosphere.surface_refractivity_n - rare
    table[c.SCATTER] = noise + 20.0 * np.log10(d)  # (44)
    # ducting costs at least this, but for horizons and angles: its time factor is least for the most
    # frequent ducts, those of the lowest latitude that a path can reach, and by the sea with mu1 = 1
    lg_mu1 = np.zeros_like(d) if coastal else lg_mu1
    spread = d / (2.0 * c.DEGREE_KM)
    lowest = np.maximum(abs(scalars[c.LATITUDE]) - spread, 0.0)
    lg = 1.67 - 0.015 * lowest + lg_mu1 * (0.065 + 0.0176 * lowest)  # (4), (5)
    polar = math.log10(4.17) + 1.3 * lg_mu1
    lg = np.where(lowest > 70.0, polar, lg)
    lg = np.where(abs(scalars[c.LATITUDE]) + spread > 70.0, np.maximum(lg, polar), lg)
    far = (9.51 - 4.8 * lg + 0.198 * lg * lg) * table[c.POWER]
    gamma = 1.076 / (2.0058 - lg) ** 1.012 * np.exp(-far)  # (53a)
    lg_ratio = math.log10(p) - lg
    time_loss = -12.0 + (1.2 + 3.7e-3 * d) * lg_ratio + 12.0 * 10.0 ** (lg_ratio * gamma)  # (53)
    table[c.FLOOR] = scalars[c.COUPLING] + time_loss - 0.01 - (12.0 if coastal else 0.0)
    fk = 1.0 - 0.5 * (1.0 + np.tanh(3.0 * 0.5 * (d - 20.0) / 20.0))
    table[c.PATH_SHARE] = fk  # (58)
    return table
