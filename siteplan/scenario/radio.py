"""Radio assumptions and networks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from siteplan.catalog import Entry, Technology

ModelName = Literal[
    "free-space",
    "p1812",
    "tr38901-uma",
    "tr38901-umi",
    "tr38901-rma",
    "okumura-hata-urban-large",
    "okumura-hata-urban",
    "okumura-hata-suburban",
    "okumura-hata-open",
    "cost231-hata-urban-large",
    "cost231-hata-urban",
    "cost231-hata-open",
    "extended-hata-urban",
    "extended-hata-suburban",
    "extended-hata-open",
]
"""Distance models of :mod:`siteplan.propagation.registry`, known here so that a scenario is refused early."""


class Correction(Entry):
    """
    What measurements in the county add to a propagation model.

    The loss becomes ``loss + offset_db + slope_db_per_decade * lg(distance / 1 km)``, with the distance
    held within ``nearest_m`` to ``farthest_m``: a fit says nothing outside the distances it was made on.

    Attributes
    ----------
    offset_db : float
        Added at 1 km. [dB]
    slope_db_per_decade : float
        Added for every tenfold distance beyond 1 km. [dB]
    sigma_db : float or None
        Standard deviation of what remains, over grid cells. [dB]
    nearest_m, farthest_m : float or None
        Distances that the fit covers. [m]
    source : str
        Measurements behind it.
    """

    offset_db: float = Field(ge=-60.0, le=60.0)
    slope_db_per_decade: float = Field(default=0.0, ge=-60.0, le=60.0)
    sigma_db: float | None = Field(default=None, ge=0.0, le=30.0)
    nearest_m: float | None = Field(default=None, gt=0.0)
    farthest_m: float | None = Field(default=None, gt=0.0)
    source: str = ""


class Radio(Entry):
    """
    Radio assumptions shared by all stations.

    Attributes
    ----------
    receiver_height_m : float
        Handset height above ground. [m]
    macro_model, micro_model : str
        Propagation model of macro and micro stations.
    time_percent : float
        Share of an average year in which the loss of P.1812 is not exceeded. [%]
    refractivity_lapse_n_per_km, surface_refractivity_n : float or None
        What P.1812 reads from ITU's maps DN50 and N050, which may not be handed on: decrease of the
        refractive index through the lowest kilometre [N-units/km], and refractivity at sea level
        [N-units]. Those of the reference implementation when missing.
    samples_per_cell : int
        Samples of P.1812 to a cell's width: 2 find ridges between cells of 90 m on rough land, and take about
        twice as long.
    body_loss_db : float
        Loss by the body of the user. [dB]
    penetration_loss_db : float
        Loss into buildings or vehicles; 0 for outdoor levels. [dB]
    load : float
        Share of resource elements that other cells use, for the SINR.
    noise_figure_db : float
        Noise figure of the handset. [dB]
    radius_m : float
        A station is not computed farther than this. [m]
    model_error_db : float
        Standard deviation of the model's error for the region as a whole: an assumption until drive tests
        tell it. [dB]
    decorrelation_m : float or None
        Distance at which shadowing is alike by 1/e; TR 38.901's for the macro model, out of sight, when
        missing. [m]
    corrections : mapping of str to Correction
        Calibration by model (``p1812``), or by model and carrier (``p1812/nr2600``), which goes first.
    outside_validity : {"warn", "error"}
        What happens where a model is used outside its published ranges.
    """

    receiver_height_m: float = Field(default=1.5, gt=0.0, le=10.0)
    macro_model: ModelName = "tr38901-uma"
    micro_model: ModelName = "tr38901-umi"
    time_percent: float = Field(default=50.0, ge=1.0, le=50.0)
    refractivity_lapse_n_per_km: float | None = Field(default=None, gt=0.0, lt=157.0)
    surface_refractivity_n: float | None = Field(default=None, ge=200.0, le=500.0)
    samples_per_cell: int = Field(default=1, ge=1, le=4)
    body_loss_db: float = Field(default=0.0, ge=0.0)
    penetration_loss_db: float = Field(default=0.0, ge=0.0)
    load: float = Field(default=0.3, ge=0.0, le=1.0)
    noise_figure_db: float = Field(default=7.0, ge=0.0)
    radius_m: float = Field(default=5000.0, gt=0.0, le=100_000.0)
    model_error_db: float = Field(default=3.0, ge=0.0, le=20.0)
    decorrelation_m: float | None = Field(default=None, gt=0.0, le=10_000.0)
    corrections: dict[str, Correction] = Field(default_factory=dict)
    outside_validity: Literal["warn", "error"] = "warn"

    def correction(self, model: str, carrier: str) -> Correction | None:
        """
        Calibration of a model on a carrier.

        Parameters
        ----------
        model, carrier : str
            As in the registry and the catalogue.

        Returns
        -------
        correction : Correction or None
            That of the model on this carrier, else that of the model, else None.

        Examples
        --------
        >>> radio = Radio(corrections={"p1812": {"offset_db": 2.0}, "p1812/nr2600": {"offset_db": 5.0}})
        >>> radio.correction("p1812", "nr2600").offset_db, radio.correction("p1812", "lte900").offset_db
        (5.0, 2.0)
        """
        return self.corrections.get(f"{model}/{carrier}") or self.corrections.get(model)


class Network(Entry):
    """
    One operator's network of one technology, existing or to be built.

    Attributes
    ----------
    operator : str
        Operator, or the name of a shared network.
    technology : {"4G", "5G"}
        Generation.
    macro, micro : str or None
        Equipment for macro and micro structures; None builds none there.
    build : bool
        Whether the plan may add stations of this network.
    antenna : str or None
        Antenna of macro stations that have no cells of their own, in the catalogue or under
        ``[antennas]``; None takes the equipment's.
    mechanical_tilt_deg : float
        How far those antennas lean forward. [deg]
    electrical_tilt_deg : float or None
        How far their beam is lowered; None takes what the antenna's pattern holds. [deg]
    """

    operator: str
    technology: Technology
    macro: str | None = None
    micro: str | None = None
    build: bool = True
    antenna: str | None = None
    mechanical_tilt_deg: float = Field(default=0.0, ge=-30.0, le=30.0)
    electrical_tilt_deg: float | None = Field(default=None, ge=-30.0, le=30.0)

    @property
    def id(self) -> str:
        """Operator and technology."""
        return f"{self.operator} {self.technology}"
