"""
How the coverage was computed, in the manner of a regulator's coverage filing.

Model, resolution, receiver height, terrain, clutter, and the link budget of every equipment in use, so that a
reader can compute any cell again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from siteplan import catalog
from siteplan.coverage.budget import (
    element_noise_dbm,
    element_power_dbm,
    reference_level_dbm,
)
from siteplan.coverage.ground import region_ground
from siteplan.outputs.assumptions import Fact, given, software, told
from siteplan.propagation.registry import MODELS
from siteplan.scenario import SCENARIO_FILE

if TYPE_CHECKING:
    from siteplan.outputs.words import Words
    from siteplan.plan import Plan

TOPIC = "覆盖计算"


def filing(plan: Plan, words: Words) -> list[Fact]:
    """
    State how the coverage was computed.

    Parameters
    ----------
    plan : Plan
        The plan.
    words : Words
        Language.

    Returns
    -------
    facts : list of Fact
        Models, grid, receiver, terrain, clutter, interference, datum, seed, version.
    """
    region = plan.region
    scenario, radio = region.scenario, region.scenario.radio
    terrain = scenario.layers.terrain
    air = region_ground(region).atmosphere
    files = {file.layer: file for file in region.inputs}
    ground = files.get("terrain")
    cover = scenario.layers.landcover
    rows: list[tuple[str, str | float, str, str]] = [
        ("宏站传播模型", radio.macro_model, "", MODELS[radio.macro_model].source),
        ("微站传播模型", radio.micro_model, "", MODELS[radio.micro_model].source),
        ("时间概率", radio.time_percent, "%", "仅用于按时间概率给出的模型"),
        ("折射率梯度 ΔN", air.refractivity_lapse_n_per_km, "N/km", "仅用于P.1812"),
        ("海平面折射率 N0", air.surface_refractivity_n, "N", "仅用于P.1812"),
        ("计算栅格", region.resolution_m, "m", "栅格中心点的电平代表该栅格"),
        ("接收高度", radio.receiver_height_m, "m", "室外，距地面"),
        (
            "地形",
            terrain.path or f"平地 {terrain.flat_m:g} m",
            "",
            f"sha256 {ground.sha256}" if ground is not None else SCENARIO_FILE,
        ),
        (
            "建筑",
            "有" if "buildings" in region.layers else "未提供",
            "",
            f"sha256 {files['buildings'].sha256}" if "buildings" in files else "",
        ),
        (
            "地物",
            "未提供" if cover is None else f"{cover.path}（{cover.classes}）",
            "",
            f"sha256 {files['landcover'].sha256}" if "landcover" in files else "",
        ),
        ("单站最大计算半径", radio.radius_m, "m", given(radio, "radius_m")["source"]),
        ("人体损耗", radio.body_loss_db, "dB", given(radio, "body_loss_db")["source"]),
        (
            "穿透损耗",
            radio.penetration_loss_db,
            "dB",
            given(radio, "penetration_loss_db")["source"],
        ),
        ("邻区负荷", radio.load * 100.0, "%", "同载波全部基站计入干扰"),
        (
            "判定余量",
            scenario.targets.margin_db,
            "dB",
            given(scenario.targets, "margin_db")["source"],
        ),
        ("坐标系", region.crs.to_string(), "", region.crs.name),
        (
            "求解随机种子",
            float(scenario.selection.seed),
            "",
            given(scenario.selection, "seed")["source"],
        ),
        ("计算软件", software(), "", ""),
    ]
    return [
        told(Fact(topic=TOPIC, item=item, value=value, unit=unit, source=source), words)
        for item, value, unit, source in rows
    ]


def link_budgets(plan: Plan) -> pd.DataFrame:
    """
    Link budget of every equipment in use.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per equipment: ``equipment``, ``technology``, ``carrier``, ``frequency_mhz``, ``power_w`` (of
        a cell), ``element_power_dbm`` (per resource element), ``gain_dbi``, ``losses_db``,
        ``reference_dbm`` (level at no path loss), ``noise_dbm``, ``threshold_dbm`` (strictest in use),
        ``path_loss_db`` (most that still serves), ``stations`` and ``mark``.
    """
    region = plan.region
    radio = region.scenario.radio
    used = pd.concat([plan.today_stations["equipment"], plan.planned_stations["equipment"]])
    counts = used.value_counts().sort_index()
    strictest: dict[str, float] = {}
    for rule in region.document.rules:
        if rule.kind == "coverage" and rule.technology is not None:
            level = region.scenario.definition(rule)[1].rsrp_dbm
            strictest[rule.technology] = max(strictest.get(rule.technology, level), level)
    rows = []
    for name, stations in counts.items():
        gear = catalog.equipment()[str(name)]
        carrier = catalog.carriers()[gear.carrier]
        threshold = strictest.get(carrier.technology, float("nan"))
        reference = reference_level_dbm(gear, carrier, radio)
        rows.append(
            {
                "equipment": name,
                "technology": carrier.technology,
                "carrier": gear.carrier,
                "frequency_mhz": carrier.frequency_mhz,
                "power_w": gear.power_w,
                "element_power_dbm": element_power_dbm(gear, carrier),
                "gain_dbi": gear.gain_dbi,
                "losses_db": gear.losses_db,
                "reference_dbm": reference,
                "noise_dbm": element_noise_dbm(carrier, radio),
                "threshold_dbm": threshold,
                "path_loss_db": reference - threshold,
                "stations": int(stations),
                "mark": gear.mark,
            }
        )
    names = ["equipment", "technology", "carrier", "frequency_mhz", "power_w", "element_power_dbm"]
    names += ["gain_dbi", "losses_db", "reference_dbm", "noise_dbm", "threshold_dbm"]
    return pd.DataFrame(rows, columns=[*names, "path_loss_db", "stations", "mark"])
