"""
What a sweep takes, checked and brought into the form of its kernels.

Equation numbers are those of :mod:`siteplan.propagation.p1812`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.propagation import _combine as c
from siteplan.propagation import _sweep, p1812
from siteplan.propagation import _terms as t

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """
    Grids around the transmitter, its place in them, and numbers for the kernels.

    Attributes
    ----------
    ground, clutter, zones : ndarray
        As :func:`siteplan.propagation._sweep.run` takes them.
    row, column : int
        Cell of the transmitter in these grids: the first that is not beyond it.
    y0, x0 : float
        Its place from the centre of that cell. [cells]
    own_cell_db : float
        Loss in the mast's own cell: free space at half a cell, straight down to the receiver; NaN where the
        ground there is not known. [dB]
    reach : int
        Ring beyond which nobody uses the level. [samples]
    scalars, constants, table : ndarray of float64
        What describes the sweep, what depends on each Earth radius, what on the distance.
    """

    ground: NDArray[np.float64]
    clutter: NDArray[np.float64]
    zones: NDArray[np.uint8]
    row: int
    column: int
    y0: float
    x0: float
    own_cell_db: float
    reach: int
    scalars: NDArray[np.float64]
    constants: NDArray[np.float64]
    table: NDArray[np.float64]


def setting_of(
    ground_m: NDArray[np.floating],
    clutter_m: NDArray[np.floating] | None,
    link: p1812.Link,
    *,
    row: float,
    column: float,
    cell_m: float,
    steps: int,
    samples_per_cell: int,
    zones: NDArray[np.integer] | None,
    time_percent: float,
    location_percent: float,
    location_sigma_db: float | None,
    most_loss_db: float,
    atmosphere: p1812.Atmosphere,
    outside: str,
) -> Setting:
    """Check what :func:`siteplan.propagation.sweep.sweep_radials` describes, and make a setting of it."""
    ground_m = np.asarray(ground_m)
    clutter_m = None if clutter_m is None else np.asarray(clutter_m)
    zones = None if zones is None else np.asarray(zones)
    _check(ground_m, clutter_m, zones, row, column, steps)
    _check_options(cell_m, time_percent, location_percent, location_sigma_db, most_loss_db)
    _check_link(link, outside)
    if samples_per_cell < 1:
        raise ValueError(f"samples_per_cell is {samples_per_cell}: give 1 or more")
    step_m = cell_m / samples_per_cell
    scalars = _scalars(link, atmosphere, step_m, time_percent)
    scalars[c.PITCH] = 1.0 / samples_per_cell
    scalars[c.LOCATION_FIXED], scalars[c.LOCATION_SLOPE] = _location(
        link, cell_m, location_percent, location_sigma_db
    )
    reach = _useful_steps(link, step_m, steps, time_percent, most_loss_db)
    cells = math.ceil(reach / samples_per_cell)
    top, left = max(math.floor(row) - cells - 1, 0), max(math.floor(column) - cells - 1, 0)
    window = np.s_[top : math.floor(row) + cells + 3, left : math.floor(column) + cells + 3]
    clutter = np.zeros((1, 1))
    if clutter_m is not None:
        clutter = np.ascontiguousarray(clutter_m[window], dtype=np.float64)
        if (clutter < 0.0).any():
            raise ValueError(
                "clutter_m holds a negative height: mark unknown clutter as NaN and open ground as 0"
            )
    ground = np.ascontiguousarray(ground_m[window], dtype=np.float64)
    i, j = (
        min(math.floor(at), size - 2)
        for at, size in zip((row, column), ground_m.shape, strict=True)
    )
    slant = math.hypot(cell_m / 2.0, link.transmitter_height_m - link.receiver_height_m) / 1000.0
    known = np.isfinite(ground_m[i : i + 2, j : j + 2]).all()
    inland = np.full((1, 1), p1812.Zone.INLAND, dtype=np.uint8)
    return Setting(
        ground=ground,
        clutter=clutter,
        zones=inland if zones is None else _zone_window(zones[window]),
        row=math.floor(row) - top,
        column=math.floor(column) - left,
        y0=float(row - math.floor(row)),
        x0=float(column - math.floor(column)),
        own_cell_db=scalars[c.FREE_SPACE] + 20.0 * math.log10(slant) if known else math.nan,
        reach=reach,
        scalars=scalars,
        constants=_constants(link, scalars),
        table=_ring_table(scalars, reach, coastal=zones is not None),
    )


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


def check_cell(cell_m: float) -> None:
    if not 0.0 < cell_m < math.inf:
        raise ValueError(f"cell_m is {cell_m}: give the width of a cell")


def _check_options(
    cell_m: float,
    time_percent: float,
    location_percent: float,
    location_sigma_db: float | None,
    most_loss_db: float,
) -> None:
    check_cell(cell_m)
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
    spectrum = 25.0 * math.log10(f) - 2.5 * math.log10(f / 2.0) ** 2  # (45)
    rare = 10.125 * math.log10(50.0 / time_percent) ** 0.7
    scalars[c.NOISE] = 190.1 + spectrum - 0.15 * atmosphere.surface_refractivity_n - rare  # (44)
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


def _ring_table(scalars: NDArray[np.float64], steps: int, *, coastal: bool) -> NDArray[np.float64]:
    """
    Compute what depends on the distance alone, once for all radials, as for paths inland.

    Two values more than asked for: what lies between takes two on either side.
    """
    d = scalars[c.STEP] / _sweep.FINE * np.arange(_sweep.FINE * steps + 3)
    p = scalars[c.TIME]
    table = np.zeros((_sweep.TABLE_ROWS, len(d)))
    tau = 1.0 - np.exp(-4.12e-4 * d**2.41)  # (3)
    mu1 = (10.0 ** (-d / (16.0 - 6.6 * tau)) + 10.0 ** (-5.0 * (0.496 + 0.354 * tau))) ** 0.2
    lg_mu1 = np.log10(np.minimum(mu1, 1.0))  # (2)
    table[_sweep.LG_MU1] = lg_mu1
    table[_sweep.ALPHA] = np.maximum(-0.6 - 3.5e-9 * d**3.1 * tau, -3.4)  # (55a)
    table[_sweep.POWER] = 1e-6 * d**1.13
    # ducting costs at least this, but for horizons and angles: its time factor is least for the most
    # frequent ducts, those of the lowest latitude that a path can reach, and by the sea with mu1 = 1
    lg_mu1 = np.zeros_like(d) if coastal else lg_mu1
    spread = d / (2.0 * c.DEGREE_KM)
    lowest = np.maximum(abs(scalars[c.LATITUDE]) - spread, 0.0)
    lg = 1.67 - 0.015 * lowest + lg_mu1 * (0.065 + 0.0176 * lowest)  # (4), (5)
    polar = math.log10(4.17) + 1.3 * lg_mu1
    lg = np.where(lowest > 70.0, polar, lg)
    lg = np.where(abs(scalars[c.LATITUDE]) + spread > 70.0, np.maximum(lg, polar), lg)
    far = (9.51 - 4.8 * lg + 0.198 * lg * lg) * table[_sweep.POWER]
    gamma = 1.076 / (2.0058 - lg) ** 1.012 * np.exp(-far)  # (53a)
    lg_ratio = math.log10(p) - lg
    time_loss = -12.0 + (1.2 + 3.7e-3 * d) * lg_ratio + 12.0 * 10.0 ** (lg_ratio * gamma)  # (53)
    table[_sweep.FLOOR] = scalars[c.COUPLING] + time_loss - 0.01 - (12.0 if coastal else 0.0)
    return table
