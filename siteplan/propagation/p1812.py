"""
Basic transmission loss over one terrain profile: Recommendation ITU-R P.1812.

The plain form: one path, samples at any spacing, one function per published step, the whole profile
read each time. It is the yardstick for anything faster.

Edition: the target is P.1812-8 (09/2025). The steps are those of P.1812-6 (09/2021), the section
numbers those of P.1812-6 to -8, and the equation numbers those that the reference implementation
of P.1812-8 gives; the printed text of P.1812-8 has not been compared line by line. On random paths
over land and sea the results are those of two programs of other people. Between the editions:

- Sections 3, 4.1 to 4.3, 4.5 to 4.10 and the attachments: the conformance results published with
  the reference implementation of P.1812-8 are those of P.1812-6, so nothing numerical has changed.
- Section 4.4 (troposcatter): P.1812-7 (08/2023) put another model here, and the ITU web site then
  advised going back to the one of P.1812-6 (quoted in the sources of crc-covlib). The conformance
  results for P.1812-8 use the form of P.1812-6, equation (44), and so does this module.
- The terminal clutter correction of P.1812-5 and before does not exist since P.1812-6: clutter
  enters as height added to the profile, except at the two ends.

Not here: building entry loss (section 4.8, Recommendation ITU-R P.2109) and the digital maps of the
atmosphere, which may not be redistributed: :class:`Atmosphere` takes the numbers read from them.

The Recommendation holds for the ranges in :data:`VALIDITY`. Below 0.25 km it asks for nothing: such
paths are the business of Recommendation ITU-R P.1411.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

Polarisation: TypeAlias = Literal["vertical", "horizontal"]
SmoothPath: TypeAlias = Literal["profile", "closed_form"]

VALIDITY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "frequency_mhz": (30.0, 6000.0),
        "distance_km": (0.25, 3000.0),
        "time_percent": (1.0, 50.0),
        "location_percent": (1.0, 99.0),
        "transmitter_height_m": (1.0, 3000.0),
        "receiver_height_m": (1.0, 3000.0),
    }
)
"""Ranges in which the Recommendation holds: its scope and section 3.1."""

MINIMUM_POINTS: Final = 5
"""Fewest samples of a profile, both ends included, as in the reference implementation."""

DISTANT_COAST_KM: Final = 500.0
"""Distance to the coast that switches the coupling to ducts over the sea off. [km]"""

MOSTLY_SEA: Final = 0.75 - 1e-9
"""Share of sea from which the nearness of the coast counts, sec. 4.5; a sampled path can hit it exactly."""

EARTH_RADIUS_KM: Final = 6371.0
"""Mean radius of the Earth, equation (7a). [km]"""

_SPEED_OF_LIGHT_M_S: Final = 2.998e8
"""As rounded in the conformance results; the exact value moves a loss by up to 4e-4 dB. [m/s]"""

LAND_GROUND: Final = (22.0, 0.003)
SEA_GROUND: Final = (80.0, 5.0)
"""Relative permittivity and conductivity [S/m] of the ground and of the sea, section 4.3.3."""


class Zone(IntEnum):
    """
    Radio-climatic zone of a profile sample, section 3.3.

    The numbers are those of the profile format of ITU-R Study Group 3.
    """

    SEA = 1
    """Sea, oceans and other large bodies of water, at least a circle of 100 km across."""
    COASTAL_LAND = 3
    """Land below 100 m above sea level, at most 50 km from the sea."""
    INLAND = 4
    """All other land."""


# --- what goes in ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Profile:
    """
    Terrain and clutter from the transmitter to the receiver.

    Parameters
    ----------
    distance_km : array_like of float, shape (n,)
        Great-circle distance from the transmitter: 0 first, strictly increasing, at least
        :data:`MINIMUM_POINTS` of them, at any spacing. [km]
    terrain_height_m : array_like of float, shape (n,)
        Bare ground above mean sea level; NaN where it is not known. [m]
    clutter_height_m : array_like of float, shape (n,)
        Representative height of buildings and trees above the ground, 0 where open; NaN where it is
        not known. The first and last do not obstruct the path (equation (1c)); the last one is what
        the receiver may stand below (:func:`location_standard_deviation`). [m]
    zone : array_like of int, shape (n,), optional
        :class:`Zone` of each sample; inland everywhere if not given.

    Raises
    ------
    ValueError
        If the arrays differ in length or hold a value that no profile has.

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, Geneva, 2025, Annex 1, sec. 3.2 and 3.3.

    Examples
    --------
    >>> profile = Profile([0.0, 0.1, 0.2, 0.3, 0.4], [5, 5, 6, 6, 7], [0, 0, 12, 12, 0])
    >>> profile.length_km
    0.4
    """

    distance_km: Floats
    terrain_height_m: Floats
    clutter_height_m: Floats
    zone: NDArray[np.int64]

    def __init__(
        self,
        distance_km: ArrayLike,
        terrain_height_m: ArrayLike,
        clutter_height_m: ArrayLike,
        zone: ArrayLike | None = None,
    ) -> None:
        distance = np.array(distance_km, dtype=np.float64)
        terrain = np.array(terrain_height_m, dtype=np.float64)
        clutter = np.array(clutter_height_m, dtype=np.float64)
        codes = np.full(distance.shape, Zone.INLAND) if zone is None else np.array(zone)
        _check_profile(distance, terrain, clutter, codes)
        for name, array in (
            ("distance_km", distance),
            ("terrain_height_m", terrain),
            ("clutter_height_m", clutter),
            ("zone", codes.astype(np.int64)),
        ):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def length_km(self) -> float:
        """Length of the path [km]."""
        return float(self.distance_km[-1])

    @property
    def known(self) -> bool:
        """Whether terrain and clutter are known at every sample."""
        heights = self.terrain_height_m + self.clutter_height_m
        return not bool(np.isnan(heights).any())


@dataclass(frozen=True, slots=True, kw_only=True)
class Atmosphere:
    """
    Refractivity at the centre of the path.

    The Recommendation reads both from digital maps (``DN50.TXT``, ``N050.TXT``). The defaults are
    those of its reference implementation; a lapse of 45 N-units/km makes the effective Earth radius
    1.40 times the real one.

    Attributes
    ----------
    refractivity_lapse_n_per_km : float
        Average decrease of the refractive index through the lowest kilometre, as a positive number
        below 157. [N-units/km]
    surface_refractivity_n : float
        Refractivity at the surface, reduced to sea level: used by troposcatter only. [N-units]

    Raises
    ------
    ValueError
        If a value is outside what the formulas can take.

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, Geneva, 2025, Annex 1, sec. 3.5.
    .. [2] Reference implementation of P.1812, https://github.com/eeveetza/p1812, README: defaults.

    Examples
    --------
    >>> Atmosphere(refractivity_lapse_n_per_km=39.0).surface_refractivity_n
    325.0
    """

    refractivity_lapse_n_per_km: float = 45.0
    surface_refractivity_n: float = 325.0

    def __post_init__(self) -> None:
        if not 0.0 < self.refractivity_lapse_n_per_km < 157.0:
            raise ValueError(
                f"refractivity_lapse_n_per_km is {self.refractivity_lapse_n_per_km}: give the "
                f"decrease per kilometre as a positive number below 157, where rays would follow "
                f"the Earth"
            )
        if not 0.0 < self.surface_refractivity_n < math.inf:
            raise ValueError(
                f"surface_refractivity_n is {self.surface_refractivity_n}: give a positive number, "
                f"about 325"
            )


DEFAULT_ATMOSPHERE: Final = Atmosphere()
"""The defaults of :class:`Atmosphere`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """
    Frequency and the two ends of a path.

    Attributes
    ----------
    frequency_mhz : float
        Carrier frequency. [MHz]
    transmitter_height_m, receiver_height_m : float
        Antenna centres above the ground. [m]
    latitude_deg : float
        Latitude of the centre of the path, positive north. [deg]
    polarisation : {"vertical", "horizontal"}
        Polarisation of the wave.
    transmitter_to_coast_km, receiver_to_coast_km : float
        Distance over land from each end to the coast, along the path; 0 for an antenna on a ship or
        platform, which a first or last sample at sea sets by itself. They matter only on paths that
        are three quarters sea. [km]

    Raises
    ------
    ValueError
        If a value is not a number that such a link can have. Whether it lies in :data:`VALIDITY` is
        for :func:`path_loss` to say.

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, Geneva, 2025, Annex 1, sec. 3.1 and 3.4.

    Examples
    --------
    >>> Link(frequency_mhz=2600, transmitter_height_m=30, receiver_height_m=1.5, latitude_deg=39.8)
    Link(frequency_mhz=2600, transmitter_height_m=30, receiver_height_m=1.5, latitude_deg=39.8,
         polarisation='vertical', transmitter_to_coast_km=500.0, receiver_to_coast_km=500.0)
    """

    frequency_mhz: float
    transmitter_height_m: float
    receiver_height_m: float
    latitude_deg: float
    polarisation: Polarisation = "vertical"
    transmitter_to_coast_km: float = DISTANT_COAST_KM
    receiver_to_coast_km: float = DISTANT_COAST_KM

    def __post_init__(self) -> None:
        for name in ("frequency_mhz", "transmitter_height_m", "receiver_height_m"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise ValueError(f"{name} is {value}: give a positive number")
        for name in ("transmitter_to_coast_km", "receiver_to_coast_km"):
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise ValueError(f"{name} is {value}: give 0 or more")
        if not abs(self.latitude_deg) <= 90.0:
            raise ValueError(f"latitude_deg is {self.latitude_deg}: give -90 to 90 degrees")
        if self.polarisation not in {"vertical", "horizontal"}:
            raise ValueError(
                f'polarisation is {self.polarisation!r}: give "vertical" or "horizontal"'
            )

    @property
    def frequency_ghz(self) -> float:
        """Carrier frequency, in the unit of the Recommendation [GHz]."""
        return self.frequency_mhz / 1000.0

    @property
    def wavelength_m(self) -> float:
        """Wavelength by the rounded speed of light of the conformance results [m]."""
        return _SPEED_OF_LIGHT_M_S / (self.frequency_mhz * 1e6)


# --- what comes out -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """
    What zones, latitude and refractivity say about the path.

    Attributes
    ----------
    dtm_km, dlm_km : float
        Longest continuous stretch of land, and of inland, section 3.6. [km]
    omega : float
        Share of the path over sea, section 4.1.
    beta0_percent : float
        Time in which the refractivity of the lowest 100 m falls by more than 100 N-units/km,
        equation (5). [%]
    ae_km, ab_km : float
        Effective Earth radius: median, and exceeded for beta0, equations (7a) and (7b). [km]
    """

    dtm_km: float
    dlm_km: float
    omega: float
    beta0_percent: float
    ae_km: float
    ab_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """
    What the terrain says about the path: Attachment 1 to Annex 1.

    Attributes
    ----------
    d_km : float
        Length of the path. [km]
    hts_m, hrs_m : float
        Antennas above mean sea level. [m]
    transhorizon : bool or None
        Whether terrain (without clutter) hides the antennas from each other; None if not known.
    dlt_km, dlr_km : float
        From each antenna to its horizon; on a line-of-sight path to the sample with the greatest
        diffraction parameter, equations (80) and (83). [km]
    theta_t_mrad, theta_r_mrad, theta_mrad : float
        Horizon angles above the horizontal, and path angular distance, (79), (82), (84). [mrad]
    hst_m, hsr_m : float
        Smooth-Earth surface under the antennas above mean sea level, (87) and (88). [m]
    hst_low_m, hsr_low_m : float
        The same, not above the ground, (92a) and (92b). [m]
    hstd_m, hsrd_m : float
        Smooth surface of the diffraction model, (91). [m]
    hte_m, hre_m : float
        Effective antenna heights of the ducting model, (94a) and (94b). [m]
    hm_m : float
        Terrain roughness, (95). [m]
    """

    d_km: float
    hts_m: float
    hrs_m: float
    transhorizon: bool | None
    dlt_km: float
    dlr_km: float
    theta_t_mrad: float
    theta_r_mrad: float
    theta_mrad: float
    hst_m: float
    hsr_m: float
    hst_low_m: float
    hsr_low_m: float
    hstd_m: float
    hsrd_m: float
    hte_m: float
    hre_m: float
    hm_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Diffraction:
    """
    Delta-Bullington diffraction for one effective Earth radius, section 4.3.4.

    Attributes
    ----------
    lbulla_db : float
        Bullington loss of the actual profile, equation (21). [dB]
    lbulls_db : float
        Bullington loss of the smooth path, (21) or (112). [dB]
    ldsph_db : float
        Spherical-Earth loss, (27). [dB]
    ld_db : float
        Diffraction loss, (39). [dB]
    """

    lbulla_db: float
    lbulls_db: float
    ldsph_db: float
    ld_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLoss:
    """
    Result of :func:`path_loss` with every step that led to it.

    The names follow the symbols of the Recommendation. Every number is NaN where a height of the
    profile is.

    Attributes
    ----------
    loss_db : float
        Basic transmission loss not exceeded for the wanted time and locations, Lb, (69). [dB]
    climate : Climate
        Zones, latitude and refractivity; known even where the terrain is not.
    geometry : Geometry
        Horizons, smooth surface, roughness.
    median, beta0 : Diffraction
        Diffraction for the effective Earth radius of half the time, and of beta0 of the time.
    fi, fj, fk : float
        Interpolation factors: time (40), angular distance (57), path length (58).
    lbfs_db, lb0p_db, lb0b_db : float
        Free space (8); line of sight for p % (10) and for beta0 (11). [dB]
    ldp_db : float
        Diffraction loss for p %, (41). [dB]
    lbd50_db, lbd_db : float
        Basic transmission loss by diffraction: median (42), and for p % (43). [dB]
    lminb0p_db : float
        Least loss by line of sight and diffraction below the path over sea, (59). [dB]
    lba_db : float
        Ducting and layer reflection, (46). [dB]
    lminbap_db : float
        Least loss by line of sight and ducting, (60). [dB]
    lbda_db, lbam_db : float
        Diffraction with ducting enhancement (61), then with the interpolation (62). [dB]
    lbs_db : float
        Troposcatter, (44). [dB]
    lbc_db : float
        Loss not exceeded for p % of time and half the locations, (63). It can lie below
        ``lb0p_db``; ``loss_db`` cannot. [dB]
    location_db : float
        Location variability added to ``lbc_db``, section 4.9. [dB]
    """

    loss_db: float
    climate: Climate
    geometry: Geometry
    median: Diffraction
    beta0: Diffraction
    fi: float
    fj: float
    fk: float
    lbfs_db: float
    lb0p_db: float
    lb0b_db: float
    ldp_db: float
    lbd50_db: float
    lbd_db: float
    lminb0p_db: float
    lba_db: float
    lminbap_db: float
    lbda_db: float
    lbam_db: float
    lbs_db: float
    lbc_db: float
    location_db: float


# --- the prediction -------------------------------------------------------------------------------


def path_loss(
    profile: Profile,
    link: Link,
    *,
    time_percent: float = 50.0,
    location_percent: float = 50.0,
    location_sigma_db: float | None = None,
    atmosphere: Atmosphere = DEFAULT_ATMOSPHERE,
    smooth_path: SmoothPath = "profile",
    outside: Literal["raise", "compute"] = "raise",
) -> PathLoss:
    """
    Loss not exceeded for a share of the time and of the locations, outdoors.

    Parameters
    ----------
    profile : Profile
        Terrain, clutter and zones along the path.
    link : Link
        Frequency, antennas, latitude.
    time_percent : float
        Share of an average year in which the loss is not exceeded. [%]
    location_percent : float
        Share of the places around the receiver at which the loss is not exceeded. [%]
    location_sigma_db : float, optional
        Standard deviation over those places, from :func:`location_standard_deviation` or from
        measurements; needed if ``location_percent`` is not 50 and the receiver is on land. At sea
        (last sample in :attr:`Zone.SEA`) there is no location variability, whatever is given
        here. [dB]
    atmosphere : Atmosphere
        Refractivity at the centre of the path.
    smooth_path : {"profile", "closed_form"}
        How the Bullington loss of the smooth path is found: on the samples of the profile with
        heights set to zero (section 4.3.4), or without a profile (Attachment 4). The second is the
        limit of the first for ever finer samples and never less, so it never gives the greater
        ``loss_db``. On random terrain with 5 to 20 samples the two differ by 0.4 dB in 5 % of the
        paths and by up to 8 dB; with 50 to 300 samples by 0.0003 dB and up to 1 dB; with 2000
        samples by up to 0.0005 dB.
    outside : {"raise", "compute"}
        What to do outside :data:`VALIDITY`. "compute" extrapolates, except beyond 50 % of time,
        where the formulas end.

    Returns
    -------
    PathLoss
        The loss and every step that led to it, NaN if the profile is not known everywhere.

    Raises
    ------
    ValueError
        If an argument is outside the validity of the Recommendation, or is not one of the options.

    Notes
    -----
    Reciprocal in everything but the location variability: swapping the ends leaves ``lbc_db`` as
    it is. Never below ``lb0p_db``, by equation (69). More clutter between the ends never lowers
    the loss; a higher hill can, because it also lifts and tilts the smooth surface from which the
    effective antenna heights are measured. The loss does not fall with ``time_percent``, except
    perhaps where the greater Earth radius of beta0 gives the greater diffraction loss, which (39)
    allows and random paths show once in some thousands, by less than 1 dB.

    Location variability (section 4.7) is that of the ground cover. As in the reference
    implementation, and as Recommendation ITU-R P.1546 says in words, a receiver at sea has none;
    the zone of the last sample decides. The printed text of sections 4.7 and 4.9 was not at hand; a
    program that applies location variability everywhere (crc-covlib 4.6.2) differs there, and only
    there, by the quantile times the standard deviation: 3.9 dB at 1 and 99 % of the locations, 1 GHz
    and squares of 100 m.

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, "A path-specific propagation prediction method for
       point-to-area terrestrial services in the frequency range 30 MHz to 6 000 MHz", Geneva,
       2025, Annex 1.

    Examples
    --------
    Ten kilometres of open plain with a 60 m hill in the middle, 700 MHz:

    >>> import numpy as np
    >>> distance_km = np.linspace(0.0, 10.0, 101)
    >>> hill_m = 60.0 * np.exp(-(((distance_km - 5.0) / 0.5) ** 2))
    >>> profile = Profile(distance_km, 1200.0 + hill_m, np.zeros(101))
    >>> link = Link(
    ...     frequency_mhz=700, transmitter_height_m=40, receiver_height_m=1.5, latitude_deg=39.8
    ... )
    >>> result = path_loss(profile, link)
    >>> round(result.loss_db, 1), round(result.lbfs_db, 1), round(result.median.ld_db, 1)
    (137.0, 109.3, 27.7)
    """
    _check_choice("smooth_path", smooth_path, ("profile", "closed_form"))
    _check_choice("outside", outside, ("raise", "compute"))
    _check_validity(profile, link, time_percent, location_percent, outside=outside)
    location_db = _location_variability(profile, location_percent, location_sigma_db)
    climate = _climate(profile, link, atmosphere)
    if not profile.known:
        return _missing(profile, climate)

    f = link.frequency_ghz
    p = time_percent
    geometry = _geometry(profile, link, climate.ae_km)
    lbfs, lb0p, lb0b = _line_of_sight(geometry, f, p, climate.beta0_percent)
    median, beta0 = (
        _delta_bullington(profile, link, geometry, climate.omega, radius, smooth_path)
        for radius in (climate.ae_km, climate.ab_km)
    )
    fi = _time_factor(p, climate.beta0_percent)
    # at half the time (41) and (59) are the median by definition; Fi by (96) is up to 2e-8 there, not 0
    weight = 0.0 if p == 50.0 else fi
    ldp = median.ld_db + (beta0.ld_db - median.ld_db) * weight  # (41)
    lbd50 = lbfs + median.ld_db  # (42)
    lbd = lb0p + ldp  # (43)
    lbs = _troposcatter(geometry, f, p, atmosphere.surface_refractivity_n)
    lba = _ducting(profile, link, geometry, climate, p)

    if p < climate.beta0_percent:
        lminb0p = lb0p + (1.0 - climate.omega) * ldp  # (59), first line
    else:
        lminb0p = lbd50 + (lb0b + (1.0 - climate.omega) * ldp - lbd50) * weight  # (59), second line
    lminbap = 2.5 * float(np.logaddexp(lba / 2.5, lb0p / 2.5))  # (60)
    fj = 1.0 - 0.5 * (1.0 + math.tanh(3.0 * 0.8 * (geometry.theta_mrad - 0.3) / 0.3))  # (57)
    fk = 1.0 - 0.5 * (1.0 + math.tanh(3.0 * 0.5 * (geometry.d_km - 20.0) / 20.0))  # (58)
    lbda = lbd if lminbap > lbd else lminbap + (lbd - lminbap) * fk  # (61)
    lbam = lbda + (lminb0p - lbda) * fj  # (62)
    # (63), with the smaller loss taken out so that no power of ten underflows.
    lbc = min(lbs, lbam) - 5.0 * math.log10(1.0 + 10.0 ** (-0.2 * abs(lbs - lbam)))
    return PathLoss(
        loss_db=max(lb0p, lbc + location_db),  # (69)
        climate=climate,
        geometry=geometry,
        median=median,
        beta0=beta0,
        fi=fi,
        fj=fj,
        fk=fk,
        lbfs_db=lbfs,
        lb0p_db=lb0p,
        lb0b_db=lb0b,
        ldp_db=ldp,
        lbd50_db=lbd50,
        lbd_db=lbd,
        lminb0p_db=lminb0p,
        lba_db=lba,
        lminbap_db=lminbap,
        lbda_db=lbda,
        lbam_db=lbam,
        lbs_db=lbs,
        lbc_db=lbc,
        location_db=location_db,
    )


def location_standard_deviation(
    *,
    frequency_mhz: float,
    resolution_m: float,
    receiver_height_m: float,
    clutter_height_m: float,
) -> float:
    """
    Spread of the loss over the places of one prediction cell, outdoors on land.

    Parameters
    ----------
    frequency_mhz : float
        Carrier frequency. [MHz]
    resolution_m : float
        Width of the square over which the loss varies: the cell of the prediction. [m]
    receiver_height_m : float
        Antenna centre above the ground. [m]
    clutter_height_m : float
        Representative height of buildings and trees at the receiver. [m]

    Returns
    -------
    sigma_db : float
        Standard deviation: full below the clutter, falling to 0 at 10 m above it. NaN stays
        NaN. [dB]

    Raises
    ------
    ValueError
        If frequency or resolution is not positive.

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, Geneva, 2025, Annex 1, sec. 4.7 and 4.9: location
       variability and its variation with height, without the building entry part. The factor
       0.0024 printed in P.1812-5, equation (66), was a misprint for 0.024.

    Examples
    --------
    >>> sigma = location_standard_deviation(
    ...     frequency_mhz=2600, resolution_m=100, receiver_height_m=1.5, clutter_height_m=10
    ... )
    >>> round(sigma, 2)
    2.11
    """
    if not frequency_mhz > 0.0:
        raise ValueError(f"frequency_mhz is {frequency_mhz}: give a positive number")
    if not resolution_m > 0.0:
        raise ValueError(f"resolution_m is {resolution_m}: give the width of a cell")
    spread = (0.024 * frequency_mhz / 1000.0 + 0.52) * resolution_m**0.28  # (66)
    above_clutter_m = receiver_height_m - clutter_height_m
    height_factor = float(np.clip(1.0 - above_clutter_m / 10.0, 0.0, 1.0))  # (67)
    return float(spread * height_factor)  # (68)


def least_loss(
    distance_m: ArrayLike, *, frequency_mhz: float, time_percent: float = 50.0
) -> Floats:
    """
    Loss that no path of a length falls below: a free view, focused as much as can be.

    Parameters
    ----------
    distance_m : array_like of float
        Distance along the ground, positive. [m]
    frequency_mhz : float
        Carrier frequency. [MHz]
    time_percent : float
        Share of an average year in which the loss is not exceeded. [%]

    Returns
    -------
    loss_db : ndarray of float64, shape of `distance_m`
        Free space, less focusing between horizons without end. [dB]

    Raises
    ------
    ValueError
        If a distance, the frequency or the share of time is not positive.

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, Geneva, 2025, Annex 1, sec. 4.2, (8) to (10), and sec. 4.10,
       (69), which ends at (10).

    Examples
    --------
    >>> least_loss([1000.0, 10_000.0], frequency_mhz=1000.0).round(1)
    array([ 92.4, 112.4])
    >>> least_loss(10_000.0, frequency_mhz=1000.0, time_percent=1.0).round(1)
    np.float64(108.0)
    """
    distance = np.asarray(distance_m, dtype=np.float64)
    if (distance <= 0.0).any() or not (frequency_mhz > 0.0 and time_percent > 0.0):
        raise ValueError("give a distance, a frequency and a share of time above 0")
    focusing = 2.6 * math.log10(time_percent / 50.0)  # (9a) at its greatest
    return np.asarray(
        92.4
        + 20.0 * math.log10(frequency_mhz / 1000.0)
        + 20.0 * np.log10(distance / 1000.0)
        + focusing
    )


def field_strength(loss_db: ArrayLike, *, frequency_mhz: float) -> Floats:
    """
    Field strength of 1 kW effective radiated power behind a basic transmission loss.

    Parameters
    ----------
    loss_db : array_like of float
        Basic transmission loss. [dB]
    frequency_mhz : float
        Carrier frequency. [MHz]

    Returns
    -------
    field_dbuv_m : ndarray of float64, shape of the input
        Field strength relative to 1 microvolt per metre; NaN stays NaN. [dB(uV/m)]

    Raises
    ------
    ValueError
        If the frequency is not positive.

    References
    ----------
    .. [1] Recommendation ITU-R P.1812-8, Geneva, 2025, Annex 1, sec. 4.10, equation (70).

    Examples
    --------
    >>> field_strength([120.0, 150.0], frequency_mhz=1000.0).round(2)
    array([79.36, 49.36])
    """
    if not frequency_mhz > 0.0:
        raise ValueError(f"frequency_mhz is {frequency_mhz}: give a positive number")
    loss = np.asarray(loss_db, dtype=np.float64)
    return np.asarray(199.36 + 20.0 * math.log10(frequency_mhz / 1000.0) - loss)  # (70)


# --- section 3: climate ---------------------------------------------------------------------------


def _climate(profile: Profile, link: Link, atmosphere: Atmosphere) -> Climate:
    """Zones, latitude and refractivity: sections 3.6, 3.7 and 4.1."""
    width_km = _sample_widths(profile.distance_km)
    sea = profile.zone == Zone.SEA
    dtm = _longest_run(width_km, ~sea)
    dlm = _longest_run(width_km, profile.zone == Zone.INLAND)
    ae, ab = _earth_radii(atmosphere.refractivity_lapse_n_per_km)
    return Climate(
        dtm_km=dtm,
        dlm_km=dlm,
        omega=1.0 if sea.all() else float(width_km[sea].sum()) / profile.length_km,
        beta0_percent=_beta0(link.latitude_deg, dtm, dlm),
        ae_km=ae,
        ab_km=ab,
    )


def _sample_widths(distance_km: Floats) -> Floats:
    """Stretch of the path that each sample stands for, to half way to its neighbours [km]."""
    half = np.diff(distance_km) / 2.0
    return np.concatenate(([0.0], half)) + np.concatenate((half, [0.0]))


def _longest_run(width_km: Floats, inside: NDArray[np.bool_]) -> float:
    """Longest continuous stretch of samples inside [km]."""
    longest = run = 0.0
    for width, is_inside in zip(width_km, inside, strict=True):
        run = run + float(width) if is_inside else 0.0
        longest = max(longest, run)
    return longest


def _tau(dlm_km: float) -> float:
    """Weight of the longest inland stretch, equation (3)."""
    return 1.0 - math.exp(-4.12e-4 * dlm_km**2.41)  # (3)


def _beta0(latitude_deg: float, dtm_km: float, dlm_km: float) -> float:
    """Incidence of strong lapse rates, section 3.6 [%]."""
    phi = abs(latitude_deg)
    tau = _tau(dlm_km)
    mu1 = (10.0 ** (-dtm_km / (16.0 - 6.6 * tau)) + 10.0 ** (-5.0 * (0.496 + 0.354 * tau))) ** 0.2
    mu1 = min(mu1, 1.0)  # (2)
    if phi <= 70.0:
        mu4 = mu1 ** (-0.935 + 0.0176 * phi)  # (4)
        return float(10.0 ** (-0.015 * phi + 1.67) * mu1 * mu4)  # (5)
    mu4 = mu1**0.3  # (4)
    return float(4.17 * mu1 * mu4)  # (5)


def _earth_radii(refractivity_lapse_n_per_km: float) -> tuple[float, float]:
    """Effective Earth radius, median and exceeded for beta0 of the time, section 3.7 [km]."""
    k50 = 157.0 / (157.0 - refractivity_lapse_n_per_km)  # (6)
    return k50 * EARTH_RADIUS_KM, 3.0 * EARTH_RADIUS_KM  # (7a), (7b)


# --- Attachment 1: geometry -----------------------------------------------------------------------


def _geometry(profile: Profile, link: Link, ae_km: float) -> Geometry:
    """Horizons, smooth surface and roughness for the median Earth radius, Attachment 1."""
    d = profile.distance_km
    h = profile.terrain_height_m
    dn = profile.length_km
    hts = float(h[0]) + link.transmitter_height_m
    hrs = float(h[-1]) + link.receiver_height_m

    theta_t, theta_r, lt, lr, transhorizon = _horizons(d, h, hts, hrs, ae_km)
    hst, hsr = _smooth_surface(d, h)
    hstd, hsrd = _diffraction_surface(d, h, hts, hrs, hst, hsr)
    hst_low = min(hst, float(h[0]))  # (92a)
    hsr_low = min(hsr, float(h[-1]))  # (92b)
    slope = (hsr_low - hst_low) / dn  # (93)
    between = slice(min(lt, lr), max(lt, lr) + 1)  # ordered unless several samples share a horizon
    return Geometry(
        d_km=dn,
        hts_m=hts,
        hrs_m=hrs,
        transhorizon=transhorizon,
        dlt_km=float(d[lt]),  # (80)
        dlr_km=dn - float(d[lr]),  # (83)
        theta_t_mrad=theta_t,
        theta_r_mrad=theta_r,
        theta_mrad=1000.0 * dn / ae_km + theta_t + theta_r,  # (84)
        hst_m=hst,
        hsr_m=hsr,
        hst_low_m=hst_low,
        hsr_low_m=hsr_low,
        hstd_m=hstd,
        hsrd_m=hsrd,
        hte_m=link.transmitter_height_m + float(h[0]) - hst_low,  # (94a)
        hre_m=link.receiver_height_m + float(h[-1]) - hsr_low,  # (94b)
        hm_m=float(np.max(h[between] - (hst_low + slope * d[between]))),  # (95)
    )


def _horizons(
    d: Floats, h: Floats, hts: float, hrs: float, ae: float
) -> tuple[float, float, int, int, bool]:
    """Horizon angles [mrad], the samples they belong to, and whether the path is transhorizon."""
    dn = float(d[-1])
    di, hi = d[1:-1], h[1:-1]
    theta_td = _elevation(hrs - hts, dn, ae)  # (78)
    angle_t = _elevations(hi - hts, di, ae)  # (77)
    theta_max = float(angle_t.max())  # (76)
    if theta_max > theta_td:
        angle_r = _elevations(hi - hrs, dn - di, ae)  # (82a)
        lt = int(np.argmax(angle_t)) + 1
        lr = d.size - 2 - int(np.argmax(angle_r[::-1]))  # of equals the one nearest the receiver
        return theta_max, float(angle_r.max()), lt, lr, True  # (79), (82)

    # In line of sight the "horizon" is the sample of greatest diffraction parameter. Where that
    # factor depends on the frequency alone it does not move the maximum, and is left out.
    height = hi + 500.0 / ae * di * (dn - di) - (hts * (dn - di) + hrs * di) / dn
    nu = height * np.sqrt(dn / (di * (dn - di)))  # (15) for terrain without clutter
    nearest = d.size - 2 - int(np.argmax(nu[::-1]))
    return theta_td, _elevation(hts - hrs, dn, ae), nearest, nearest, False  # (79), (81)


def _elevation(rise_m: float, distance_km: float, ae_km: float) -> float:
    """Angle above the horizontal at which a point is seen, equations (78) and (81) [mrad]."""
    return 1000.0 * math.atan(rise_m / (1000.0 * distance_km) - distance_km / (2.0 * ae_km))


def _elevations(rise_m: Floats, distance_km: Floats, ae_km: float) -> Floats:
    """Angles above the horizontal, equations (77) and (82a) [mrad]."""
    slope = rise_m / (1000.0 * distance_km) - distance_km / (2.0 * ae_km)
    return np.asarray(1000.0 * np.arctan(slope))


def _smooth_surface(d: Floats, h: Floats) -> tuple[float, float]:
    """Heights above sea level of the straight line of best fit at the two ends, sec. 5.6.1 [m]."""
    dn = float(d[-1])
    step = np.diff(d)
    v1 = float(np.sum(step * (h[1:] + h[:-1])))  # (85)
    moment = h[1:] * (2.0 * d[1:] + d[:-1]) + h[:-1] * (d[1:] + 2.0 * d[:-1])
    v2 = float(np.sum(step * moment))  # (86)
    return (2.0 * v1 * dn - v2) / dn**2, (v2 - v1 * dn) / dn**2  # (87), (88)


def _diffraction_surface(
    d: Floats, h: Floats, hts: float, hrs: float, hst: float, hsr: float
) -> tuple[float, float]:
    """Smooth surface lowered by obstructions and not above the ground, sec. 5.6.2 [m]."""
    dn = float(d[-1])
    di, hi = d[1:-1], h[1:-1]
    above_line = hi - (hts * (dn - di) + hrs * di) / dn  # (89d)
    hobs = float(above_line.max())  # (89a)
    hstp, hsrp = hst, hsr  # (90a), (90b)
    if hobs > 0.0:
        alpha_t = float(np.max(above_line / di))  # (89b)
        alpha_r = float(np.max(above_line / (dn - di)))  # (89c)
        hstp = hst - hobs * alpha_t / (alpha_t + alpha_r)  # (90c), (90e)
        hsrp = hsr - hobs * alpha_r / (alpha_t + alpha_r)  # (90d), (90f)
    return min(hstp, float(h[0])), min(hsrp, float(h[-1]))  # (91a) to (91d)


# --- section 4.2: line of sight -------------------------------------------------------------------


def _line_of_sight(
    geometry: Geometry, f: float, p: float, beta0: float
) -> tuple[float, float, float]:
    """Free space, and line of sight for p and for beta0 of the time, section 4.2 [dB]."""
    dfs = math.hypot(geometry.d_km, (geometry.hts_m - geometry.hrs_m) / 1000.0)  # (8a)
    lbfs = 92.4 + 20.0 * math.log10(f) + 20.0 * math.log10(dfs)  # (8)
    focusing = 2.6 * (1.0 - math.exp(-0.1 * (geometry.dlt_km + geometry.dlr_km)))
    esp = focusing * math.log10(p / 50.0)  # (9a)
    esb = focusing * math.log10(beta0 / 50.0)  # (9b)
    return lbfs, lbfs + esp, lbfs + esb  # (8), (10), (11)


# --- section 4.3: diffraction ---------------------------------------------------------------------


def _delta_bullington(
    profile: Profile,
    link: Link,
    geometry: Geometry,
    omega: float,
    radius: float,
    smooth_path: SmoothPath,
) -> Diffraction:
    """Diffraction for one effective Earth radius, section 4.3.4."""
    d = profile.distance_km
    wavelength = link.wavelength_m
    ht = geometry.hts_m - geometry.hstd_m  # (37a), (38a)
    hr = geometry.hrs_m - geometry.hsrd_m  # (37b), (38b)
    surface = _surface_heights(profile)
    lbulla = _bullington(d, surface, geometry.hts_m, geometry.hrs_m, radius, wavelength)
    if smooth_path == "profile":
        lbulls = _bullington(d, np.zeros_like(d), ht, hr, radius, wavelength)
    else:
        lbulls = _bullington_smooth(geometry.d_km, ht, hr, radius, wavelength)
    ldsph = _spherical_earth(geometry.d_km, ht, hr, radius, link, omega)
    return Diffraction(
        lbulla_db=lbulla,
        lbulls_db=lbulls,
        ldsph_db=ldsph,
        ld_db=lbulla + max(ldsph - lbulls, 0.0),  # (39)
    )


def _surface_heights(profile: Profile) -> Floats:
    """Terrain with clutter, except at the two ends, section 3.2.1 [m]."""
    surface = profile.terrain_height_m + profile.clutter_height_m  # (1c)
    surface[[0, -1]] = profile.terrain_height_m[[0, -1]]
    return surface


def _knife_edge(nu: float) -> float:
    """Loss of one knife edge, section 4.3 [dB]."""
    if nu <= -0.78:
        return 0.0
    return 6.9 + 20.0 * math.log10(math.hypot(nu - 0.1, 1.0) + nu - 0.1)  # (12)


def _bullington_total(luc: float, dn: float) -> float:
    """Bullington loss from that of its knife edge, equations (21) and (112) [dB]."""
    return luc + (1.0 - math.exp(-luc / 6.0)) * (10.0 + 0.02 * dn)


def _bullington(
    d: Floats, g: Floats, hts: float, hrs: float, radius: float, wavelength: float
) -> float:
    """Bullington part of the diffraction loss, section 4.3.1 [dB]."""
    ce = 1.0 / radius
    dn = float(d[-1])
    di, gi = d[1:-1], g[1:-1]
    bulge = 500.0 * ce * di * (dn - di)
    stim = float(np.max((gi + bulge - hts) / di))  # (13)
    str_ = (hrs - hts) / dn  # (14)
    if stim < str_:
        height = gi + bulge - (hts * (dn - di) + hrs * di) / dn
        nu = float(np.max(height * np.sqrt(0.002 * dn / (wavelength * di * (dn - di)))))  # (15)
    else:
        srim = float(np.max((gi + bulge - hrs) / (dn - di)))  # (17)
        dbp = _bullington_point(hts, hrs, dn, stim, srim)
        # The point lies between the two horizons. At grazing incidence, where (18) divides two
        # vanishing numbers, rounding could put it outside the path.
        dbp = min(max(dbp, float(di[0])), float(di[-1]))
        nu = _bullington_parameter(hts, hrs, dn, stim, dbp, wavelength)
    return _bullington_total(_knife_edge(nu), dn)  # (16) or (20), (21)


def _bullington_point(hts: float, hrs: float, dn: float, stim: float, srim: float) -> float:
    """Distance at which the two horizon rays meet, equations (18) and (109) [km]."""
    if stim + srim <= 0.0:
        return dn / 2.0  # both rays are the direct line: any point of it has a parameter of 0
    return (hrs - hts + srim * dn) / (stim + srim)


def _bullington_parameter(
    hts: float, hrs: float, dn: float, stim: float, dbp: float, wavelength: float
) -> float:
    """Diffraction parameter of the Bullington point, equations (19) and (110)."""
    height = hts + stim * dbp - (hts * (dn - dbp) + hrs * dbp) / dn
    return height * math.sqrt(0.002 * dn / (wavelength * dbp * (dn - dbp)))


def _bullington_smooth(
    dn: float, hte: float, hre: float, radius: float, wavelength: float
) -> float:
    """Bullington loss of a smooth path without a profile, Attachment 4 [dB]."""
    if dn < _smooth_horizon(hte, hre, radius):
        hse, dse1 = _smooth_clearance(dn, hte, hre, radius)
        nu = -hse * math.sqrt(0.002 * dn / (wavelength * dse1 * (dn - dse1)))  # (105)
    else:
        ce = 1.0 / radius
        stm = 500.0 * ce * dn - 2.0 * math.sqrt(500.0 * ce * hte)  # (107)
        srm = 500.0 * ce * dn - 2.0 * math.sqrt(500.0 * ce * hre)  # (108)
        ds = _bullington_point(hte, hre, dn, stm, srm)  # (109)
        nu = _bullington_parameter(hte, hre, dn, stm, ds, wavelength)  # (110)
    return _bullington_total(_knife_edge(nu), dn)  # (106) or (111), (112)


def _smooth_horizon(hte: float, hre: float, radius: float) -> float:
    """Greatest length of a line-of-sight path over smooth Earth [km]."""
    return math.sqrt(2.0 * radius) * (math.sqrt(0.001 * hte) + math.sqrt(0.001 * hre))  # (22)


def _smooth_clearance(dn: float, hte: float, hre: float, radius: float) -> tuple[float, float]:
    """
    Clearance over smooth Earth [m] and its distance from the transmitter [km].

    The root (24c) is where the diffraction parameter is greatest, not where the ray is lowest.
    """
    c = (hte - hre) / (hte + hre)  # (24d)
    m = 250.0 * dn**2 / (radius * (hte + hre))  # (24e)
    angle = math.acos(1.5 * c * math.sqrt(3.0 * m / (m + 1.0) ** 3))
    b = 2.0 * math.sqrt((m + 1.0) / (3.0 * m)) * math.cos((math.pi + angle) / 3.0)  # (24c)
    dse1 = dn / 2.0 * (1.0 + b)  # (24a)
    dse2 = dn - dse1  # (24b)
    over_t = (hte - 500.0 * dse1**2 / radius) * dse2
    over_r = (hre - 500.0 * dse2**2 / radius) * dse1
    return (over_t + over_r) / dn, dse1  # (23)


def _spherical_earth(
    dn: float, hte: float, hre: float, radius: float, link: Link, omega: float
) -> float:
    """Spherical-Earth diffraction loss, section 4.3.2 [dB]."""
    if dn >= _smooth_horizon(hte, hre, radius):
        return _first_term(dn, hte, hre, radius, link, omega)
    hse, dse1 = _smooth_clearance(dn, hte, hre, radius)
    hreq = 17.456 * math.sqrt(dse1 * (dn - dse1) * link.wavelength_m / dn)  # (25)
    if hse > hreq:
        return 0.0
    aem = 500.0 * (dn / (math.sqrt(hte) + math.sqrt(hre))) ** 2  # (26)
    ldft = _first_term(dn, hte, hre, aem, link, omega)
    return (1.0 - hse / hreq) * max(ldft, 0.0)  # (27)


def _first_term(
    dn: float, hte: float, hre: float, radius: float, link: Link, omega: float
) -> float:
    """First term of spherical-Earth diffraction over land and sea, section 4.3.3 [dB]."""
    land = _first_term_over(LAND_GROUND, dn, hte, hre, radius, link)
    sea = _first_term_over(SEA_GROUND, dn, hte, hre, radius, link)
    return omega * sea + (1.0 - omega) * land  # (28)


def _first_term_over(
    ground: tuple[float, float], dn: float, hte: float, hre: float, radius: float, link: Link
) -> float:
    """First term of spherical-Earth diffraction over one kind of ground, section 4.3.3 [dB]."""
    f = link.frequency_ghz
    permittivity, conductivity = ground
    loss_part = 18.0 * conductivity / f
    k = 0.036 * (radius * f) ** (-1.0 / 3.0) * math.hypot(permittivity - 1.0, loss_part) ** -0.5
    if link.polarisation == "vertical":  # horizontal: (29a); vertical: (29b)
        k *= math.hypot(permittivity, loss_part)
    beta = (1.0 + 1.6 * k**2 + 0.67 * k**4) / (1.0 + 4.5 * k**2 + 1.53 * k**4)  # (30)
    x = 21.88 * beta * (f / radius**2) ** (1.0 / 3.0) * dn  # (31)
    y_per_metre = 0.9575 * beta * (f**2 / radius) ** (1.0 / 3.0)  # (32a), (32b)
    far = 11.0 + 10.0 * math.log10(x) - 17.6 * x
    near = -20.0 * math.log10(x) - 5.6488 * x**1.425
    fx = far if x >= 1.6 else near  # (33)
    gain_t = _height_gain(beta * y_per_metre * hte, k)
    gain_r = _height_gain(beta * y_per_metre * hre, k)
    return float(-fx - gain_t - gain_r)  # (36)


def _height_gain(b: float, k: float) -> float:
    """Gain of an antenna's normalised height, section 4.3.3 [dB]."""
    if b > 2.0:
        gain = 17.6 * math.sqrt(b - 1.1) - 5.0 * math.log10(b - 1.1) - 8.0  # (34)
    else:
        gain = 20.0 * math.log10(b + 0.1 * b**3)  # (34)
    return max(gain, 2.0 + 20.0 * math.log10(k))


def _time_factor(p: float, beta0: float) -> float:
    """Interpolation between the median and beta0 of the time, section 4.3.5."""
    if p <= beta0:
        return 1.0  # (40b)
    return inverse_normal(p / 100.0) / inverse_normal(beta0 / 100.0)  # (40a)


def inverse_normal(x: float) -> float:
    """Approximate inverse of the complementary cumulative normal distribution, Attachment 2."""
    x = min(max(x, 1e-6), 1.0 - 1e-6)
    if x > 0.5:
        return -inverse_normal(1.0 - x)  # (96b)
    t = math.sqrt(-2.0 * math.log(x))  # (97a)
    numerator = (0.010328 * t + 0.802853) * t + 2.515516698
    denominator = ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0
    return t - numerator / denominator  # (96a), (97b)


# --- section 4.4: troposcatter --------------------------------------------------------------------


def _troposcatter(geometry: Geometry, f: float, p: float, n0: float) -> float:
    """Loss by scatter in the troposphere, section 4.4 as in P.1812-6 [dB]."""
    lf = 25.0 * math.log10(f) - 2.5 * math.log10(f / 2.0) ** 2  # (45)
    rare = 10.125 * math.log10(50.0 / p) ** 0.7
    path = 20.0 * math.log10(geometry.d_km) + 0.573 * geometry.theta_mrad
    return float(190.1 + lf + path - 0.15 * n0 - rare)  # (44)


# --- section 4.5: ducting and layer reflection ----------------------------------------------------


def _ducting(profile: Profile, link: Link, geometry: Geometry, climate: Climate, p: float) -> float:
    """Loss by ducting and layer reflection, section 4.5 [dB]."""
    coupling = _coupling_loss(profile, link, geometry, climate.omega)
    return coupling + _duct_loss(link.frequency_ghz, geometry, climate, p)  # (46)


def _coupling_loss(profile: Profile, link: Link, geometry: Geometry, omega: float) -> float:
    """Loss of coupling the antennas to the duct, equation (47) [dB]."""
    f = link.frequency_ghz
    alf = 45.375 - 137.0 * f + 92.5 * f**2 if f < 0.5 else 0.0  # (47a)
    ast = _site_shielding(f, geometry.theta_t_mrad, geometry.dlt_km)
    asr = _site_shielding(f, geometry.theta_r_mrad, geometry.dlr_km)
    act = acr = 0.0
    if omega >= MOSTLY_SEA:
        dct = 0.0 if profile.zone[0] == Zone.SEA else link.transmitter_to_coast_km
        dcr = 0.0 if profile.zone[-1] == Zone.SEA else link.receiver_to_coast_km
        act = _sea_coupling(dct, geometry.dlt_km, geometry.hts_m)
        acr = _sea_coupling(dcr, geometry.dlr_km, geometry.hrs_m)
    ends = 20.0 * math.log10(geometry.dlt_km + geometry.dlr_km)
    return 102.45 + 20.0 * math.log10(f) + ends + alf + ast + asr + act + acr  # (47)


def _site_shielding(f: float, theta_mrad: float, horizon_km: float) -> float:
    """Diffraction over an antenna's own horizon into the duct, equation (48) [dB]."""
    angle = theta_mrad - 0.1 * horizon_km  # (48a)
    if angle <= 0.0:
        return 0.0
    near = 20.0 * math.log10(1.0 + 0.361 * angle * math.sqrt(f * horizon_km))
    return float(near + 0.264 * angle * f ** (1.0 / 3.0))  # (48)


def _sea_coupling(coast_km: float, horizon_km: float, height_m: float) -> float:
    """Better coupling of an antenna near the sea, equation (49); at most 0 [dB]."""
    if coast_km > 5.0 or coast_km > horizon_km:
        return 0.0
    return -3.0 * math.exp(-0.25 * coast_km**2) * (1.0 + math.tanh(0.07 * (50.0 - height_m)))


def _duct_loss(f: float, geometry: Geometry, climate: Climate, p: float) -> float:
    """Losses along the duct for a share of the time, equation (50) [dB]."""
    gamma_d = 5e-5 * climate.ae_km * f ** (1.0 / 3.0)  # (51)
    theta_t = min(geometry.theta_t_mrad, 0.1 * geometry.dlt_km)  # (52a)
    theta_r = min(geometry.theta_r_mrad, 0.1 * geometry.dlr_km)  # (52a)
    theta = 1000.0 * geometry.d_km / climate.ae_km + theta_t + theta_r  # (52)

    beta = _duct_beta(geometry, climate)
    lg = math.log10(beta)
    far = (9.51 - 4.8 * lg + 0.198 * lg**2) * 1e-6 * geometry.d_km**1.13
    gamma = 1.076 / (2.0058 - lg) ** 1.012 * math.exp(-far)  # (53a)
    ratio = p / beta
    time_loss = -12.0 + (1.2 + 3.7e-3 * geometry.d_km) * math.log10(ratio) + 12.0 * ratio**gamma
    return float(gamma_d * theta + time_loss)  # (50), (53)


def _duct_beta(geometry: Geometry, climate: Climate) -> float:
    """Share of the time of the duct for this path, equation (54) [%]."""
    d = geometry.d_km
    alpha = max(-0.6 - 3.5e-9 * d**3.1 * _tau(climate.dlm_km), -3.4)  # (55a)
    heights = (math.sqrt(geometry.hte_m) + math.sqrt(geometry.hre_m)) ** 2
    mu2 = min((500.0 / climate.ae_km * d**2 / heights) ** alpha, 1.0)  # (55)
    mu3 = 1.0
    if geometry.hm_m > 10.0:
        di = min(d - geometry.dlt_km - geometry.dlr_km, 40.0)  # (56a)
        mu3 = math.exp(-4.6e-5 * (geometry.hm_m - 10.0) * (43.0 + 6.0 * di))  # (56)
    return float(climate.beta0_percent * mu2 * mu3)  # (54)


# --- sections 4.7 and 4.9: location variability ---------------------------------------------------


def _location_variability(
    profile: Profile, location_percent: float, location_sigma_db: float | None
) -> float:
    """Excess over the loss of half the locations, by location variability [dB]."""
    if location_sigma_db is not None and not 0.0 <= location_sigma_db < math.inf:
        raise ValueError(f"location_sigma_db is {location_sigma_db}: give 0 dB or more")
    if location_percent == 50.0 or profile.zone[-1] == Zone.SEA:
        return 0.0
    if location_sigma_db is None:
        raise ValueError(
            f"location_percent is {location_percent} but location_sigma_db is not given: pass "
            f"location_standard_deviation(...), or a measured standard deviation"
        )
    return -inverse_normal(location_percent / 100.0) * location_sigma_db  # (69)


# --- checks ---------------------------------------------------------------------------------------


def _check_profile(
    distance: Floats, terrain: Floats, clutter: Floats, zone: NDArray[np.generic]
) -> None:
    """Raise ValueError for arrays that are no profile."""
    if distance.ndim != 1 or distance.size < MINIMUM_POINTS:
        raise ValueError(
            f"distance_km has shape {distance.shape}: give at least {MINIMUM_POINTS} samples in "
            f"one dimension"
        )
    for name, array in (
        ("terrain_height_m", terrain),
        ("clutter_height_m", clutter),
        ("zone", zone),
    ):
        if array.shape != distance.shape:
            raise ValueError(
                f"{name} has shape {array.shape} and distance_km {distance.shape}: give one value "
                f"for each sample"
            )
    if distance[0] != 0.0 or not np.all(np.diff(distance) > 0.0) or np.isinf(distance[-1]):
        raise ValueError(
            "distance_km is not strictly increasing from 0: order the samples from the transmitter "
            "to the receiver and drop repeated ones"
        )
    if np.isinf(terrain).any():
        raise ValueError("terrain_height_m holds infinity: mark unknown terrain as NaN")
    if np.isinf(clutter).any() or (clutter < 0.0).any():
        raise ValueError(
            "clutter_height_m holds infinity or a negative height: mark unknown clutter as NaN and "
            "open ground as 0"
        )
    codes = [int(code) for code in Zone]
    if not np.isin(zone, codes).all():
        raise ValueError(f"zone holds values outside {codes}: give the codes of Zone")


def _check_validity(
    profile: Profile,
    link: Link,
    time_percent: float,
    location_percent: float,
    *,
    outside: Literal["raise", "compute"],
) -> None:
    """Raise ValueError outside the ranges of the Recommendation, or where its formulas end."""
    if not 0.0 < time_percent <= 50.0:
        raise ValueError(f"time_percent is {time_percent}: the formulas end at 0 and at 50 %")
    if not 0.0 < location_percent < 100.0:
        raise ValueError(f"location_percent is {location_percent}: give more than 0, less than 100")
    if outside == "compute":
        return
    values = {
        "frequency_mhz": link.frequency_mhz,
        "distance_km": profile.length_km,
        "time_percent": time_percent,
        "location_percent": location_percent,
        "transmitter_height_m": link.transmitter_height_m,
        "receiver_height_m": link.receiver_height_m,
    }
    for name, value in values.items():
        lowest, highest = VALIDITY[name]
        if not lowest <= value <= highest:
            raise ValueError(
                f"{name} is {value:g}: Rec. ITU-R P.1812 holds from {lowest:g} to {highest:g}; "
                f'pass outside="compute" to extrapolate'
            )


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ValueError for an option that does not exist."""
    if value not in choices:
        raise ValueError(f"{name} is {value!r}: give one of {', '.join(choices)}")


def _missing(profile: Profile, climate: Climate) -> PathLoss:
    """Build the result of a path whose heights are not known everywhere."""

    def unknown(kind: type) -> dict[str, Any]:
        return {field.name: math.nan for field in fields(kind)}

    geometry = unknown(Geometry) | {"d_km": profile.length_km, "transhorizon": None}
    diffraction = Diffraction(**unknown(Diffraction))
    parts = {
        "climate": climate,
        "geometry": Geometry(**geometry),
        "median": diffraction,
        "beta0": diffraction,
    }
    return PathLoss(**unknown(PathLoss) | parts)
