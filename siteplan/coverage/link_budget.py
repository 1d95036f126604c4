"""The link budget of a carrier as a table: each line with its unit, its source and its mark of trust."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import pandas as pd

from siteplan import catalog
from siteplan.catalog import Entry, Mark, parse_toml, unknown_name
from siteplan.coverage.budget import element_noise_dbm, element_power_dbm
from siteplan.coverage.reliability import edge_margin
from siteplan.errors import InputError
from siteplan.scenario import SCENARIO_FILE
from siteplan.units import ratio_to_db

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.catalog import Carrier, Definition, Equipment
    from siteplan.scenario import Radio


class Margin(Entry):
    """
    A figure of the link budget that the planner sets.

    Attributes
    ----------
    value : float
        Where it starts.
    unit : str
        Unit of it.
    source, date, mark : str
        Where the figure comes from.
    """

    value: float
    unit: str
    source: str
    date: str
    mark: Mark


class _Margins(Entry):
    margins: dict[str, Margin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One line of a link budget.

    Attributes
    ----------
    key : str
        Name for scripts.
    zh, en : str
        Name for people.
    value : float
        The figure.
    unit : str
        Its unit.
    sign : {"+", "-", "="}
        Whether the figure is added or taken away, or is a result.
    source, mark : str
        Where the figure comes from; a result has the equation and no mark.
    """

    key: str
    zh: str
    en: str
    value: float
    unit: str
    sign: str
    source: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkBudget:
    """
    Largest path loss at which a definition of "covered" still holds.

    Attributes
    ----------
    equipment, carrier : str
        Names in the catalogue.
    definition, zh : str
        What "covered" means, in English and in Chinese.
    lines : tuple of Line
        From the transmitter to the result.
    """

    equipment: str
    carrier: str
    definition: str
    zh: str
    lines: tuple[Line, ...]

    def value(self, key: str) -> float:
        """
        Figure of a line.

        Parameters
        ----------
        key : str
            Its name; KeyError for another.

        Returns
        -------
        value : float
            In the line's unit.
        """
        for line in self.lines:
            if line.key == key:
                return line.value
        raise KeyError(f"no line {key!r}: use one of {', '.join(line.key for line in self.lines)}")

    @property
    def path_loss_db(self) -> float:
        """Maximum allowable path loss. [dB]."""
        return self.value("path_loss_db")

    def to_frame(self) -> pd.DataFrame:
        """
        Lines as a table.

        Returns
        -------
        frame : DataFrame
            Indexed by ``key``; columns as the attributes of :class:`Line`.
        """
        names = list(Line.__dataclass_fields__)
        rows = [[getattr(line, name) for name in names] for line in self.lines]
        return pd.DataFrame(rows, columns=names).set_index("key")

    def __str__(self) -> str:
        head = f"{self.equipment}, {self.carrier}, {self.definition}"
        width = max(len(line.en) for line in self.lines)
        rows = [
            f"{line.sign} {line.en:<{width}} {line.value:>9.2f} {line.unit:<4} {_trust(line)}"
            for line in self.lines
        ]
        return "\n".join([head, *rows])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{line.sign}</td><td>{html.escape(line.zh)}</td>"
            f"<td style='text-align:right'>{line.value:.2f}</td><td>{html.escape(line.unit)}</td>"
            f"<td>{html.escape(_trust(line))}</td></tr>"
            for line in self.lines
        )
        head = html.escape(f"{self.equipment} · {self.carrier} · {self.zh}")
        return f"<b>{head}</b><table>{rows}</table>"


def _trust(line: Line) -> str:
    return f"[{line.mark}] {line.source}" if line.mark else line.source


@cache
def margins() -> Mapping[str, Margin]:
    """
    Margins of the catalogue.

    Returns
    -------
    margins : mapping of str to Margin
        From ``margins.toml``.

    Examples
    --------
    >>> margins()["interference"].value
    3.0
    """
    path = files("siteplan.catalog") / "margins.toml"
    return parse_toml(path, _Margins, "catalog/margins.toml").margins


def link_budget(
    equipment: str,
    definition: Definition,
    radio: Radio,
    *,
    sigma_db: float,
    edge_probability: float | None = None,
    interference_margin_db: float | None = None,
) -> LinkBudget:
    """
    Link budget of one cell on its boresight.

    Parameters
    ----------
    equipment : str
        Name in the catalogue; its carrier comes with it.
    definition : Definition
        What "covered" means, from :func:`siteplan.catalog.definitions` or of a scenario.
    radio : Radio
        Penetration and body loss, noise figure.
    sigma_db : float
        Standard deviation of the level, from the propagation model. [dB]
    edge_probability : float, optional
        Probability of the definition at the edge of the cell; the catalogue's when missing.
    interference_margin_db : float, optional
        Rise of the noise by other cells; the catalogue's when missing. [dB]

    Returns
    -------
    budget : LinkBudget
        The threshold is the definition's level, or the sensitivity that its SINR asks for when that is
        higher.

    Raises
    ------
    InputError
        For unknown equipment.
    ValueError
        If the probability is not between 0 and 1, or a figure is negative.

    Examples
    --------
    >>> from siteplan.scenario import Radio
    >>> covered = catalog.definitions()["nr-dt-105"]
    >>> budget = link_budget("macro-nr3500", covered, Radio(), sigma_db=6.0)
    >>> round(budget.path_loss_db, 1)
    142.8
    """
    if equipment not in catalog.equipment():
        raise InputError([unknown_name(SCENARIO_FILE, "equipment", equipment, catalog.equipment())])
    gear = catalog.equipment()[equipment]
    carrier = catalog.carriers()[gear.carrier]
    if interference_margin_db is not None and not 0.0 <= interference_margin_db < math.inf:
        raise ValueError(f"interference_margin_db is {interference_margin_db}: give 0 or more")
    given = "given with the call"
    rise, likely = margins()["interference"], margins()["edge_probability"]
    told_rise: tuple[str, str] = (rise.source, rise.mark)
    told_likely: tuple[str, str] = (likely.source, likely.mark)
    if interference_margin_db is not None:
        rise, told_rise = rise.model_copy(update={"value": interference_margin_db}), (given, "")
    if edge_probability is not None:
        likely, told_likely = likely.model_copy(update={"value": edge_probability}), (given, "")
    sent = _sent(gear, carrier)
    lost = _lost(radio)
    shadow = Line(
        key="shadow_margin_db",
        zh="阴影衰落余量",
        en=f"shadow margin, {likely.value:.0%} at the edge, sigma {sigma_db:g} dB",
        value=edge_margin(likely.value, sigma_db=sigma_db),
        unit="dB",
        sign="-",
        source=f"normal quantile; {told_likely[0]}",
        mark=told_likely[1],
    )
    needed = _needed(carrier, definition, radio, (rise.value, *told_rise))
    radiated = next(line.value for line in sent if line.key == "eirp_dbm")
    losses = sum(line.value for line in lost) + shadow.value
    result = Line(
        key="path_loss_db",
        zh="最大允许路径损耗",
        en="maximum allowable path loss",
        value=radiated - losses - needed[-1].value,
        unit="dB",
        sign="=",
        source="radiated power less losses, margin and threshold",
    )
    return LinkBudget(
        equipment=equipment,
        carrier=gear.carrier,
        definition=definition.en,
        zh=definition.zh,
        lines=(*sent, *lost, shadow, *needed, result),
    )


def _sent(gear: Equipment, carrier: Carrier) -> tuple[Line, ...]:
    """From the amplifier to what leaves the antenna."""
    total_dbm = float(ratio_to_db(gear.power_w * 1000.0))
    element_dbm = element_power_dbm(gear, carrier)
    told = {"source": gear.source, "mark": gear.mark}
    return (
        Line(
            key="total_power_dbm",
            zh="小区总功率",
            en="total power of the cell",
            value=total_dbm,
            unit="dBm",
            sign="+",
            **told,
        ),
        Line(
            key="elements_db",
            zh="子载波数折算",
            en=f"share of one element: {carrier.resource_blocks} blocks of 12 subcarriers",
            value=total_dbm - element_dbm,
            unit="dB",
            sign="-",
            source=carrier.source,
            mark=carrier.mark,
        ),
        Line(
            key="element_power_dbm",
            zh="每RE发射功率",
            en="power of one resource element",
            value=element_dbm,
            unit="dBm",
            sign="=",
            source="total power over the subcarriers",
        ),
        Line(
            key="gain_dbi",
            zh="天线增益",
            en="antenna or beam gain",
            value=gear.gain_dbi,
            unit="dBi",
            sign="+",
            **told,
        ),
        Line(
            key="losses_db",
            zh="馈线及接头损耗",
            en="feeder, jumpers, connectors",
            value=gear.losses_db,
            unit="dB",
            sign="-",
            **told,
        ),
        Line(
            key="eirp_dbm",
            zh="每RE等效全向辐射功率",
            en="radiated power of one resource element (EIRP)",
            value=element_dbm + gear.gain_dbi - gear.losses_db,
            unit="dBm",
            sign="=",
            source="power plus gain less losses",
        ),
    )


def _lost(radio: Radio) -> tuple[Line, ...]:
    """Before the receiver."""
    figures = (
        ("penetration_loss_db", "穿透损耗", "penetration loss"),
        ("body_loss_db", "人体损耗", "body loss"),
    )
    return tuple(
        Line(
            key=key,
            zh=zh,
            en=en,
            value=float(getattr(radio, key)),
            unit="dB",
            sign="-",
            source=_origin(radio, key),
        )
        for key, zh, en in figures
    )


def _needed(
    carrier: Carrier, covered: Definition, radio: Radio, rise: tuple[float, str, str]
) -> tuple[Line, ...]:
    """Take the definition's level, or what its SINR asks for when that is more."""
    told = {"source": covered.source, "mark": covered.mark}
    lines = []
    sensitivity_dbm = None
    if covered.sinr_db is not None:
        noise_dbm = element_noise_dbm(carrier, radio)
        sensitivity_dbm = noise_dbm + rise[0] + covered.sinr_db
        lines += [
            Line(
                key="noise_dbm",
                zh="每RE噪声功率",
                en=f"noise of one element, noise figure {radio.noise_figure_db:g} dB",
                value=noise_dbm,
                unit="dBm",
                sign="+",
                source=f"k T B at 290 K; noise figure: {_origin(radio, 'noise_figure_db')}",
            ),
            Line(
                key="interference_margin_db",
                zh="干扰余量",
                en="interference margin",
                value=rise[0],
                unit="dB",
                sign="+",
                source=rise[1],
                mark=rise[2],
            ),
            Line(
                key="sinr_db",
                zh="要求SINR",
                en="SINR",
                value=covered.sinr_db,
                unit="dB",
                sign="+",
                **told,
            ),
            Line(
                key="sensitivity_dbm",
                zh="接收灵敏度",
                en="sensitivity",
                value=sensitivity_dbm,
                unit="dBm",
                sign="=",
                source="noise plus interference margin plus SINR",
            ),
        ]
    lines.append(
        Line(
            key="rsrp_dbm",
            zh="要求RSRP",
            en="level that counts as covered (RSRP)",
            value=covered.rsrp_dbm,
            unit="dBm",
            sign="+",
            **told,
        )
    )
    by_level = sensitivity_dbm is None or covered.rsrp_dbm >= sensitivity_dbm
    lines.append(
        Line(
            key="threshold_dbm",
            zh="接收门限",
            en="threshold",
            value=covered.rsrp_dbm if sensitivity_dbm is None or by_level else sensitivity_dbm,
            unit="dBm",
            sign="=",
            source="the level counts" if by_level else "the sensitivity is above the level",
        )
    )
    return tuple(lines)


def _origin(radio: Radio, key: str) -> str:
    return (
        f"{SCENARIO_FILE}, radio.{key}"
        if key in radio.model_fields_set
        else "default, an assumption"
    )
