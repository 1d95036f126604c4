"""
What a plan assumes and where its figures come from, one fact a row.

Officers review this list first: definitions of "covered", radio parameters, equipment, costs, how the sites
were chosen, warnings, and the input files with their hashes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from platform import python_version
from typing import TYPE_CHECKING, Final

import siteplan
from siteplan import catalog
from siteplan.outputs import frames
from siteplan.propagation.registry import MODELS
from siteplan.scenario import SCENARIO_FILE
from siteplan.selection.candidates import structure_costs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from siteplan.outputs.words import Words
    from siteplan.plan import Plan

INPUT_TOPIC: Final = "输入文件"
WARNING_TOPIC: Final = "提示"
DEFAULT_ZH: Final = "程序默认值"
COMPUTED: Final = "c"
DEFAULT: Final = "d"
LIBRARIES: Final = ("numpy", "numba", "rasterio", "pyproj", "shapely", "highspy")
"""Libraries whose versions may move a figure in its last digits."""

OBJECTIVE_ZH: Final = {
    "cost": "折现造价最低",
    "reuse": "存量资源优先、基站最少",
    "tiers": "按存量利用次序逐级最少、再基站最少",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """
    One assumption or source.

    Attributes
    ----------
    topic, item : str
        What it is about, in Chinese.
    value : str, float or None
        The figure or word; None where there is none.
    unit : str
        Unit of the value.
    note : str
        What else is to be said.
    source, date : str
        Where the figure comes from.
    mark : str
        How far it can be trusted, as in the catalogue: ``1``, ``2``, ``k``, ``?``; ``c`` when it was
        computed, ``d`` when it is a default of the program, "" when the planner gave it.
    """

    topic: str
    item: str
    value: str | float | None = None
    unit: str = ""
    note: str = ""
    source: str = ""
    date: str = ""
    mark: str = ""


def software() -> str:
    """
    Versions that the figures were computed with.

    Returns
    -------
    text : str
        siteplan, Python and the libraries that compute.
    """
    names = [f"{name} {version(name)}" for name in LIBRARIES]
    return f"siteplan {siteplan.__version__}（Python {python_version()}，{'，'.join(names)}）"


def given(settings: BaseModel, name: str) -> dict[str, str]:
    """
    Source and mark of a setting: the scenario's own, or a default.

    Parameters
    ----------
    settings : pydantic model
        Part of the scenario.
    name : str
        Its field.

    Returns
    -------
    told : dict of str to str
        ``source`` and ``mark`` of a :class:`Fact`.
    """
    if name in settings.model_fields_set:
        return {"source": SCENARIO_FILE, "mark": ""}
    return {"source": DEFAULT_ZH, "mark": DEFAULT}


def assumptions(plan: Plan, words: Words) -> list[Fact]:
    """
    Everything that a plan assumes.

    Parameters
    ----------
    plan : Plan
        The plan.
    words : Words
        Language.

    Returns
    -------
    facts : list of Fact
        By topic.
    """
    facts = [
        *_about(plan),
        *_definition_facts(plan, words),
        *_radio_facts(plan),
        *_equipment_facts(plan),
        *_cost_facts(plan),
        *_selection_facts(plan),
        *_wish_facts(plan, words),
        *_input_facts(plan, words),
    ]
    return [told(fact, words) for fact in facts]


def told(fact: Fact, words: Words) -> Fact:
    """
    Say a fact in the language of the reader, as far as its words are known.

    Parameters
    ----------
    fact : Fact
        In Chinese, its value and source in the words of the catalogue.
    words : Words
        Language.

    Returns
    -------
    fact : Fact
        The same fact.
    """
    value = words.told(fact.value) if isinstance(fact.value, str) else fact.value
    names = ("topic", "item", "unit", "note", "source")
    return replace(fact, value=value, **{name: words.told(getattr(fact, name)) for name in names})


def _about(plan: Plan) -> Iterator[Fact]:
    region, document = plan.region, plan.region.document
    info = region.scenario.region
    topic = "概况"
    yield Fact(topic=topic, item="地区", value=info.name, note=info.name_en)
    yield Fact(topic=topic, item="行政区划代码", value=info.code)
    yield Fact(
        topic=topic,
        item="目标文件",
        value=document.title,
        source=document.issuer,
        date=document.date,
    )
    yield Fact(topic=topic, item="规划年份", value="、".join(str(year) for year in plan.years))
    yield Fact(
        topic=topic, item="面积", value=region.boundary.area / 1e6, unit="km²", mark=COMPUTED
    )
    yield Fact(
        topic=topic,
        item="坐标系",
        value=region.crs.to_string(),
        note=f"{region.crs.name}；经纬度保留6位小数",
    )
    yield Fact(topic=topic, item="栅格分辨率", value=region.resolution_m, unit="m")
    yield Fact(topic=topic, item="计算软件", value=software(), mark=COMPUTED)


def _definition_facts(plan: Plan, words: Words) -> Iterator[Fact]:
    topic = "覆盖口径"
    known = plan.region.scenario.known_definitions()
    rules = frames.rule_table(plan)
    for name, group in rules[rules["definition"].isin(known)].groupby("definition", sort=True):
        definition = known[str(name)]
        told = {"source": definition.source, "date": definition.date, "mark": definition.mark}
        used = f"用于：{'、'.join(str(rule) for rule in group.index)}"
        text = words.pick(definition.zh, definition.en)
        note = words("signs.stop").join([text, words.told(used)])
        yield Fact(
            topic=topic,
            item=f"{name} 电平",
            value=definition.rsrp_dbm,
            unit="dBm",
            note=note,
            **told,
        )
        if definition.sinr_db is not None:
            yield Fact(
                topic=topic, item=f"{name} SINR", value=definition.sinr_db, unit="dB", **told
            )
        if definition.distance_m is not None:
            yield Fact(
                topic=topic, item=f"{name} 距离", value=definition.distance_m, unit="m", **told
            )
        yield Fact(
            topic=topic, item=f"{name} 达标占比", value=definition.share * 100.0, unit="%", **told
        )


def _radio_facts(plan: Plan) -> Iterator[Fact]:
    scenario = plan.region.scenario
    radio = scenario.radio
    figures = (
        ("终端高度", "receiver_height_m", radio.receiver_height_m, "m"),
        ("人体损耗", "body_loss_db", radio.body_loss_db, "dB"),
        ("穿透损耗", "penetration_loss_db", radio.penetration_loss_db, "dB"),
        ("邻区负荷", "load", radio.load * 100.0, "%"),
        ("终端噪声系数", "noise_figure_db", radio.noise_figure_db, "dB"),
        ("单站最大计算半径", "radius_m", radio.radius_m, "m"),
    )
    topic = "无线参数"
    for item, model in (("宏站传播模型", radio.macro_model), ("微站传播模型", radio.micro_model)):
        yield Fact(topic=topic, item=item, value=model, source=MODELS[model].source)
    for item, name, value, unit in figures:
        told = given(radio, name)
        yield Fact(topic=topic, item=item, value=value, unit=unit, **told)
    yield Fact(
        topic=topic,
        item="判定余量",
        value=scenario.targets.margin_db,
        unit="dB",
        note="去掉余量才达标的目标判为有风险",
        **given(scenario.targets, "margin_db"),
    )


def _equipment_facts(plan: Plan) -> Iterator[Fact]:
    stations = frames.station_list(plan)
    offered = [(net.macro, net.micro) for net in plan.region.scenario.networks if net.build]
    names = {name for pair in offered for name in pair if name} | set(stations["equipment"])
    carriers = {catalog.equipment()[name].carrier for name in names}
    for name in sorted(carriers):
        carrier = catalog.carriers()[name]
        told = {"source": carrier.source, "date": carrier.date, "mark": carrier.mark}
        blocks = f"{carrier.resource_blocks}个资源块"
        note = f"{carrier.technology}，{blocks}，子载波间隔{carrier.subcarrier_khz:g} kHz"
        yield Fact(
            topic="载波", item=name, value=carrier.frequency_mhz, unit="MHz", note=note, **told
        )
    for name in sorted(names):
        gear = catalog.equipment()[name]
        told = {"source": gear.source, "date": gear.date, "mark": gear.mark}
        note = f"载波{gear.carrier}，{gear.sectors}扇区，方向图{gear.pattern}"
        figures = (
            ("单小区发射功率", gear.power_w, "W"),
            ("天线增益", gear.gain_dbi, "dBi"),
            ("馈线等损耗", gear.losses_db, "dB"),
        )
        for item, value, unit in figures:
            yield Fact(
                topic="设备", item=f"{name} {item}", value=value, unit=unit, note=note, **told
            )
    for kind, structure in catalog.structures().items():
        yield Fact(
            topic="默认挂高",
            item=frames.label(kind),
            value=structure.antenna_height_m,
            unit="m",
            note=f"最大可挂{frames.label(structure.scale)}；图层未给高度时采用",
            source=structure.source,
            mark=structure.mark,
        )


def _cost_facts(plan: Plan) -> Iterator[Fact]:
    given = plan.region.scenario.costs
    table = catalog.costs()
    topic = "造价"
    for name, cost in structure_costs(plan.region.scenario).items():
        default = table.structure.get(name, table.structure["new"])
        told = (
            {"source": SCENARIO_FILE}
            if name in given.structure
            else {"source": default.source, "mark": default.mark}
        )
        yield Fact(
            topic=topic, item=f"启用站址：{frames.label(name)}", value=cost, unit="元", **told
        )
    for scale, default in table.station.items():
        told = (
            {"source": SCENARIO_FILE}
            if scale in given.station
            else {"source": default.source, "mark": default.mark}
        )
        cost = given.station.get(scale, default.cost_cny)
        yield Fact(
            topic=topic, item=f"基站设备：{frames.label(scale)}", value=cost, unit="元", **told
        )
    rate = table.discount_rate if given.discount_rate is None else given.discount_rate
    told = (
        {"source": table.discount_source, "mark": table.discount_mark}
        if given.discount_rate is None
        else {"source": SCENARIO_FILE}
    )
    yield Fact(topic=topic, item="年折现率", value=rate * 100.0, unit="%", **told)


def _selection_facts(plan: Plan) -> Iterator[Fact]:
    selection = plan.selection
    figures = selection.as_dict()
    topic = "选址求解"
    yield Fact(topic=topic, item="方法", value=selection.method, mark=COMPUTED)
    candidates = figures["candidates"]
    yield Fact(topic=topic, item="备选基站", value=candidates, unit="个", mark=COMPUTED)
    unit = "元" if selection.objective == "cost" else ""
    yield Fact(topic=topic, item="目标函数", value=OBJECTIVE_ZH[selection.objective])
    yield Fact(topic=topic, item="目标函数值", value=figures["value"], unit=unit, mark=COMPUTED)
    yield Fact(
        topic=topic,
        item="下界",
        value=figures["bound"],
        unit=unit,
        note="在这些备选中，满足同样需求的任何方案都不低于此值",
        mark=COMPUTED,
    )
    gap = figures["gap"] * 100.0
    yield Fact(topic=topic, item="与最优的最大差距", value=gap, unit="%", mark=COMPUTED)
    settings = plan.region.scenario.selection
    told = given(settings, "time_limit_s")
    yield Fact(topic=topic, item="求解时限", value=settings.time_limit_s, unit="s", **told)
    for short in selection.shortfalls.itertuples():
        yield Fact(
            topic="备选无法满足",
            item=" ".join(filter(None, (short.rule_id, short.name, short.operator))),
            value=float(str(short.reachable)),
            note=f"需要 {short.needed:g}，全部备选建成后可达 {short.reachable:g}",
            mark=COMPUTED,
        )


def _wish_facts(plan: Plan, words: Words) -> Iterator[Fact]:
    """Everything that the planner asked of the search and said of prices, one setting a line."""
    scenario = plan.region.scenario
    names = words.group("settings")
    parts = [scenario.selection, scenario.costs, scenario.backhaul]
    given = [(name, getattr(part, name)) for part in parts for name in part.model_fields_set]
    given += [
        (name, {kind: getattr(limits, name)})
        for kind, limits in scenario.structures.items()
        for name in limits.model_fields_set
    ]
    for name, value in sorted(given, key=lambda item: item[0]):
        if name not in names or value is None:
            continue
        pairs = value.items() if isinstance(value, dict) else [("", value)]
        for key, one in pairs:
            label = words.label(str(key)) if key != "" else ""
            text = words.joined(map(str, one)) if isinstance(one, tuple) else one
            yield Fact(
                topic="约束与价格设置",
                item=f"{names[name]} {label}".strip(),
                value=text if isinstance(text, str) else float(text),
                source=SCENARIO_FILE,
            )


def _input_facts(plan: Plan, words: Words) -> Iterator[Fact]:
    for warning in plan.warnings:
        yield Fact(topic=WARNING_TOPIC, item=warning.source, note=words.fault(warning))
    for file in plan.region.inputs:
        yield Fact(
            topic=INPUT_TOPIC,
            item=file.path,
            value=file.rows or None,
            unit="行" if file.rows else "",
            note=file.crs,
            source=f"sha256 {file.sha256}",
        )
