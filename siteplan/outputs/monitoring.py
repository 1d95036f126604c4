"""What a bureau is told besides sites: targets over the years and how sure, people, roads, indoors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.outputs.frames import rule_year
from siteplan.targets import MET, NOT_MET, UNKNOWN, class_continuity

if TYPE_CHECKING:
    from siteplan.catalog import Rule
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
        One row per rule and plan year: ``rule_id``, ``zh``, ``en``, ``year``, ``due`` (whether the rule's
        year has come), ``unit``, ``required``, ``today`` and ``plan`` (values), ``state_today``,
        ``state_plan``, ``short_today`` and ``short_plan`` (what is missing to the pass mark, in the unit of
        the rule), and ``chance_today`` and ``chance_plan`` (missing for rules without a pass mark, without
        signal or without a known spread).
    """
    rows = []
    for rule in plan.region.document.rules:
        for year in plan.years:
            before = plan.today.region_result(rule.id, year)
            after = plan.planned.region_result(rule.id, year)
            rows.append(
                {
                    "rule_id": rule.id,
                    "zh": rule.zh,
                    "en": rule.en,
                    "year": year,
                    "due": bool(after["due"]),
                    "unit": after["unit"] or before["unit"],
                    "required": after["required"],
                    "today": before["value"],
                    "plan": after["value"],
                    "state_today": before["state"],
                    "state_plan": after["state"],
                }
            )
    table = pd.DataFrame(rows)
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
                lacking, blank = _attributes(plan, rule, mine["item_id"])
                known = {"township_name": where, "zh": rule.zh, "lacking": lacking, "blank": blank}
                parts.append(mine.assign(network=network, **known)[columns])
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def remaining(plan: Plan) -> pd.DataFrame:
    """
    List what the plan does not reach, of the items that the targets surely speak of.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        Rows of :func:`unmet` that are not met or unknown with the plan.
    """
    table = unmet(plan)
    mine = table["network"].eq("plan") & table["state"].isin([NOT_MET, UNKNOWN])
    return table[mine & ~table["doubtful"].astype(bool)].reset_index(drop=True)


def _attributes(plan: Plan, rule: Rule, items: pd.Series[Any]) -> tuple[list[str], list[str]]:
    """Attributes that a rule asks for: which each item lacks, and which are blank, joined by ``;``."""
    if not rule.attributes or rule.layer not in plan.region.layers:
        return [""] * len(items), [""] * len(items)
    layer = plan.region.layers[str(rule.layer)]
    flags = layer.set_axis(layer.index.astype(str)).reindex(items)[list(rule.attributes)]
    blank = flags.isna()
    lacking = ~flags.astype("boolean").fillna(value=True)
    return _marked(lacking), _marked(blank)


def _marked(flags: pd.DataFrame) -> list[str]:
    """Of each row the names of the columns that are marked."""
    return [
        ";".join(name for name, flag in zip(flags, row, strict=True) if flag)
        for row in flags.to_numpy(dtype=bool)
    ]


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


def covered_shares(plan: Plan) -> pd.DataFrame:
    """
    Share of the region's area above the levels in use, by technology, year and network.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per technology, year and threshold: ``definition``, ``rsrp_dbm``, ``today`` and ``plan``:
        share of the cells whose middle lies inside the boundary. No target asks for it; it tells how much
        of the land has a signal.
    """
    from siteplan.outputs.map_images import thresholds_dbm  # noqa: PLC0415  # loads rasterio

    inside = inside_cells(plan)
    rows = []
    for technology, year in sorted(plan.coverage_plan):
        for name, level in thresholds_dbm(plan.region, technology).items():
            row: dict[str, Any] = {"technology": technology, "year": year}
            row |= {"definition": name, "rsrp_dbm": level}
            for network, coverage in (("today", plan.coverage_today), ("plan", plan.coverage_plan)):
                found = coverage[technology, year].rsrp_cdbm[inside] >= round(level * 100.0)
                row[network] = float(np.mean(found)) if found.size else np.nan
            rows.append(row)
    columns = ["technology", "year", "definition", "rsrp_dbm", "today", "plan"]
    return pd.DataFrame(rows, columns=columns)


def inside_cells(plan: Plan) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """
    Cells whose middle lies inside the boundary.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    inside : ndarray of bool, shape (rows, columns)
        On the region's grid.
    """
    from rasterio.features import geometry_mask  # noqa: PLC0415  # loads rasterio

    box = plan.region.geobox
    shape = (int(box.shape[0]), int(box.shape[1]))
    mask = geometry_mask([plan.region.boundary], shape, box.transform, invert=True)
    return np.asarray(mask, dtype=bool)
