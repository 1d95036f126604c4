"""What a bureau is told besides sites: targets over the years and how sure, people, roads, indoors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.outputs import report
from siteplan.outputs.frames import rule_year
from siteplan.targets import MET, UNKNOWN, class_continuity

if TYPE_CHECKING:
    from siteplan.plan import Plan


def progress(plan: Plan) -> pd.DataFrame:
    """
    Every target at the end of every year without and with the plan, and how likely it is to hold.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        The columns of :func:`siteplan.outputs.report.target_years`, ``short_today`` and ``short_plan`` (what
        is missing to the pass mark, in the unit of the rule), and ``chance_today`` and ``chance_plan``
        (missing for rules without a pass mark, without signal or without a known spread).
    """
    table = report.target_years(plan)
    for network in ("today", "plan"):
        table[f"short_{network}"] = (table["required"] - table[network]).clip(lower=0.0)
    for network, chances in (("today", plan.chances_today), ("plan", plan.chances_plan)):
        name = f"chance_{network}"
        if chances.empty:
            table[name] = np.nan
            continue
        found = chances.set_index(["rule_id", "year"])["probability"].rename(name)
        table = table.join(found, on=["rule_id", "year"])
    return table


def unmet(plan: Plan) -> pd.DataFrame:
    """
    List what each target misses in its own year, without and with the plan.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per rule, network (``today``, ``plan``) and item that is not surely covered: ``rule_id``,
        ``zh``, ``year``, ``network``, ``item_id``, ``name``, ``township_name``, ``group``, ``share``
        (covered, at least; missing when nobody knows whether the rule speaks of the item), ``state``,
        ``lacking`` and ``blank`` (attributes that the rule asks for besides coverage, joined by ``;``) and
        ``doubtful`` (whether nobody knows that the rule speaks of it).
    """
    columns = ["rule_id", "zh", "year", "network", "item_id", "name", "township_name", "group"]
    columns += ["share", "state", "lacking", "blank", "doubtful"]
    names = plan.region.townships()["name"]
    parts = []
    for rule in plan.region.document.rules:
        year = rule_year(plan, rule)
        for network, evaluation in (("today", plan.today), ("plan", plan.planned)):
            open_ = evaluation.doubtful.assign(state=UNKNOWN, group="", share=np.nan, doubtful=True)
            for items in (evaluation.items.assign(doubtful=False), open_):
                if items.empty:
                    continue
                mine = items[(items["rule_id"] == rule.id) & (items["year"] == year)]
                mine = mine[mine["state"] != MET]
                # the region as one thing to cover lies in no township
                where = pd.NA if rule.layer == "boundary" else mine["township"].map(names)
                lacking, blank = report.attributes_of(plan, rule, mine["item_id"])
                known = {"township_name": where, "zh": rule.zh, "lacking": lacking, "blank": blank}
                parts.append(mine.assign(network=network, **known)[columns])
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def people(plan: Plan) -> pd.DataFrame:
    """
    People in covered villages at the end of each year without and with the plan.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per technology, year and township, the whole region (``scope`` "") first: ``scope``,
        ``scope_name``, ``villages``, ``people``, ``today`` and ``plan`` (people covered), ``share_today``,
        ``share_plan``, ``people_unknown`` (of villages whose coverage is not known with the plan),
        ``villages_blank`` (without a population) and ``definition``. Without rows when there are no villages.
    """
    columns = ["technology", "year", "scope", "scope_name", "villages", "people", "today", "plan"]
    columns += ["share_today", "share_plan", "people_unknown", "villages_blank", "definition"]
    if plan.people_plan.empty:
        return pd.DataFrame(columns=columns)
    keys = ["technology", "year", "scope"]
    before = plan.people_today.set_index(keys)
    table = plan.people_plan.set_index(keys)
    names = plan.region.townships()["name"]
    table = table.rename(
        columns={"covered": "plan", "share": "share_plan", "unknown": "people_unknown"}
    ).assign(today=before["covered"], share_today=before["share"])
    table = table.reset_index()
    return table.assign(scope_name=table["scope"].map(names))[columns]


def roads(plan: Plan) -> pd.DataFrame:
    """
    Roads by class and by name at the end of the last year without and with the plan.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        For each road rule a row per class (``name`` "", ``roads`` of it), then a row per road:
        ``rule_id``, ``class``, ``name``, ``roads``, ``length_km``, ``covered_today_km``,
        ``covered_plan_km``, ``unknown_km``, ``longest_gap_today_km``, ``longest_gap_plan_km``,
        ``gaps_today`` and ``gaps_plan`` (breaks at least as long as the scenario counts). Without rows when
        no rule speaks of roads.
    """
    columns = ["rule_id", "class", "name", "roads", "length_km", "covered_today_km"]
    columns += ["covered_plan_km", "unknown_km", "longest_gap_today_km", "longest_gap_plan_km"]
    columns += ["gaps_today", "gaps_plan"]
    parts = []
    for rule in plan.region.document.rules:
        both = []
        for evaluation in (plan.today, plan.planned):
            lines = evaluation.roads
            if lines.empty:
                continue
            mine = lines[(lines["rule_id"] == rule.id) & (lines["year"] == plan.years[-1])]
            if len(mine):
                by_class = class_continuity(mine).assign(name="")
                by_name = mine.assign(roads=1).sort_values("name", kind="stable")
                both.append(pd.concat([by_class, by_name]).reset_index(drop=True))
        if not both:
            continue
        before, after = both
        parts.append(
            after.assign(
                rule_id=rule.id,
                covered_today_km=before["covered_km"],
                covered_plan_km=after["covered_km"],
                longest_gap_today_km=before["longest_gap_km"],
                longest_gap_plan_km=after["longest_gap_km"],
                gaps_today=before["gaps"],
                gaps_plan=after["gaps"],
            )[columns]
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def indoors(plan: Plan) -> pd.DataFrame:
    """
    List the buildings and venues that the network of the plan does not reach inside.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        The largest first: the columns of :func:`siteplan.gaps.indoor_needs` without geometry, and ``lon``,
        ``lat``.
    """
    needs = plan.indoors
    points = needs.geometry.to_crs("EPSG:4326")
    table = pd.DataFrame(needs.drop(columns="geometry"))
    return table.assign(lon=points.x.round(6), lat=points.y.round(6))


def indoor_sums(plan: Plan) -> pd.DataFrame:
    """
    Count the indoor needs by what is to be done and by use.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per ``technology``, ``solution`` and ``use``, the most frequent first: ``places`` and
        ``floor_m2`` (of those whose size is known).
    """
    keys = ["technology", "solution", "use"]
    needs = pd.DataFrame(plan.indoors.drop(columns="geometry"))
    grouped = needs.assign(use=needs["use"].astype("string").fillna("")).groupby(keys, sort=True)
    table = grouped.agg(places=("item_id", "size"), floor_m2=("floor_m2", "sum")).reset_index()
    order = ["technology", "solution", "places", "use"]
    return table.sort_values(order, ascending=[True, True, False, True]).reset_index(drop=True)
