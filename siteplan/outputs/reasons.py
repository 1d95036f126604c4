"""Why each station stands in the plan, and why no other does: tables, and one line for each site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from siteplan.outputs.frames import site_township
from siteplan.outputs.words import decimal, ten_thousand

if TYPE_CHECKING:
    from siteplan.outputs.words import Words
    from siteplan.plan import Plan

NAMED: Final = 3
"""Items, targets or stations named in a line; the rest are counted."""

LISTED: Final = 20
"""Items named in a cell of the workbook; ``plan.json`` holds all."""

WHOLE: Final = 0.995
"""Share of an item from which on it is told without its share."""

SMALL: Final = 0.01
"""Share of an item up to which a line leaves it out where the same site alone covers more of another."""


def chosen_stations(plan: Plan) -> pd.DataFrame:
    """
    Why each station of the plan is in it.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per station of the plan, in the order of its sites: ``station_id``, ``site_id``, ``name``,
        ``township_name``, ``year``, ``reuse``, ``reason``, ``covers``, ``covers_alone``, ``rules`` (that fail
        without it), ``cost``, ``replacement`` and ``instead`` as in
        :func:`siteplan.selection.explain.explain`, ``alone`` (items of which it alone covers a part) and
        ``unknown`` (what had to be supposed in its price, joined by ``;``).
    """
    told = plan.selection.explanation
    stations = told[told["chosen"]].join(plan.planned_stations[["year", "reuse", "unknown"]])
    alone = plan.selection.alone["station_id"].value_counts()
    table = _placed(plan, stations).assign(alone=alone).fillna({"alone": 0})
    table = table.rename_axis("station_id").reset_index().astype({"alone": int})
    columns = [
        "station_id",
        "site_id",
        "name",
        "township_name",
        "year",
        "reuse",
        "reason",
        "covers",
    ]
    columns += ["covers_alone", "alone", "rules", "cost", "replacement", "instead"]
    columns += ["unknown"]
    table = table.sort_values(["site_id", "station_id"], kind="stable")
    return table[columns].reset_index(drop=True)


def rejected_stations(plan: Plan) -> pd.DataFrame:
    """
    Why each candidate that the plan does not use was left out.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        One row per candidate station, then one per site that offers none: ``station_id`` (missing for
        those), ``site_id``, ``name``, ``township_name``, ``operator``, ``technology``, ``kind``, ``reason``,
        ``covers``, ``cost`` and ``instead`` as in :func:`siteplan.selection.explain.explain`.
    """
    told = plan.selection.explanation
    told = told[~told["chosen"]].rename_axis("station_id").reset_index()
    closed = plan.selection.closed.rename_axis("site_id").reset_index(name="reason")
    table = pd.concat([told, closed], ignore_index=True) if len(closed) else told
    table = _placed(plan, table)
    columns = ["station_id", "site_id", "name", "township_name", "operator", "technology", "kind"]
    return table[[*columns, "reason", "covers", "cost", "instead"]]


def reason_counts(plan: Plan) -> pd.DataFrame:
    """
    Count the stations of the plan and the other candidates by reason.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    table : DataFrame
        ``chosen``, ``reason`` and ``stations`` (sites, where a site offers no candidate), chosen ones
        first, the most frequent reason first.
    """
    told = plan.selection.explanation[["chosen", "reason"]]
    closed = pd.DataFrame({"chosen": False, "reason": plan.selection.closed})
    table = pd.concat([told, closed]).value_counts().rename("stations").reset_index()
    order = ["chosen", "stations", "reason"]
    return table.sort_values(order, ascending=[False, False, True]).reset_index(drop=True)


def site_lines(plan: Plan, words: Words) -> pd.Series[str]:
    """
    One line for each site: what fails without it, what it alone covers, what could replace it.

    Parameters
    ----------
    plan : Plan
        The plan.
    words : Words
        Language.

    Returns
    -------
    lines : Series of str
        By site id.
    """
    table = chosen_stations(plan)
    alone = plan.selection.alone
    alone = alone.assign(site_id=alone["station_id"].map(plan.planned_stations["site_id"]))
    # stations of one site may share an item: the largest share is told
    best = alone.sort_values("share", ascending=False, kind="stable")
    best = best.drop_duplicates(["site_id", "item_id"])
    items = dict(tuple(best.groupby("site_id", sort=False)))
    lines = {
        str(site_id): words.clauses(
            [_needed(rows, words), _alone(items.get(site_id), words), _stand_in(plan, rows, words)]
        )
        for site_id, rows in table.groupby("site_id", sort=False)
    }
    return pd.Series(lines, dtype="string")


def rejected_lines(plan: Plan, words: Words) -> pd.Series[str]:
    """
    One line for each site that offers or could offer candidates of which none was taken.

    Parameters
    ----------
    plan : Plan
        The plan.
    words : Words
        Language.

    Returns
    -------
    lines : Series of str
        By site id: the verdicts on its stations, each once, with their technologies where those differ.
    """
    table = rejected_stations(plan)
    table = table[~table["site_id"].isin(plan.planned_stations["site_id"])]
    lines = {}
    for site_id, rows in table.groupby("site_id", sort=False):
        told = rows.groupby("reason", sort=False)["technology"].unique()
        apart = len(told) > 1 and sum(map(len, told)) == rows["technology"].nunique()
        lines[str(site_id)] = words.clauses(
            words("reasons.of", names=words.joined(names), reason=words.verdicts[str(reason)])
            if apart
            else words.verdicts[str(reason)]
            for reason, names in told.items()
        )
    return pd.Series(lines, dtype="string")


def sole_items(plan: Plan, words: Words) -> pd.Series[str]:
    """
    Name what each station of the plan alone covers.

    Parameters
    ----------
    plan : Plan
        The plan.
    words : Words
        Language.

    Returns
    -------
    texts : Series of str
        By station id, those with the largest share first, each item once; without stations that alone
        cover nothing.
    """
    alone = plan.selection.alone.sort_values("share", ascending=False, kind="stable")
    alone = alone.drop_duplicates(["station_id", "item_id"])
    texts = {
        str(name): _some(_items(items, words), words, LISTED)
        for name, items in alone.groupby("station_id", sort=False)
    }
    return pd.Series(texts, dtype="string")


def key_sites(plan: Plan, most: int) -> list[str]:
    """
    Sites that are hardest to replace.

    Parameters
    ----------
    plan : Plan
        The plan.
    most : int
        At most so many.

    Returns
    -------
    sites : list of str
        Those that nothing can replace first, then by the cost of replacing them, then by what they alone
        cover.
    """
    table = chosen_stations(plan).fillna({"replacement": -np.inf})
    sites = table.groupby("site_id", sort=True)[["replacement", "covers_alone"]].max()
    order = np.lexsort((-sites["covers_alone"], -sites["replacement"]))
    return [str(name) for name in sites.index[order[:most]]]


def money_name(plan: Plan, name: str) -> str:
    """
    Name of a column of costs: in yuan where the plan minimises cost, else in stations.

    Parameters
    ----------
    plan : Plan
        The plan.
    name : str
        Such as ``replacement``.

    Returns
    -------
    name : str
        With ``_cny`` or ``_weight`` behind it.
    """
    return f"{name}_{'cny' if plan.selection.objective == 'cost' else 'weight'}"


def _placed(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Add name, kind and township of the site of each row."""
    sites = plan.region.sites.loc[table["site_id"]]
    names = plan.region.townships()["name"]
    return table.assign(
        name=sites["name"].to_numpy(),
        kind=sites["kind"].astype(str).to_numpy(),
        township_name=site_township(plan, sites).map(names).to_numpy(),
    )


def _needed(rows: pd.DataFrame, words: Words) -> str:
    rules = list(dict.fromkeys(name for text in rows["rules"] for name in text.split(";") if name))
    if rules:
        key = "needed" if rows["reason"].eq("needed").any() else "counted"
        return words(f"reasons.{key}", rules=_some(rules, words, key="more_rules"))
    return words.verdicts[str(rows["reason"].iloc[0])]


def _alone(items: pd.DataFrame | None, words: Words) -> str:
    if items is None:
        return ""
    large = items[items["share"] > SMALL]
    return words("reasons.alone", items=_some(_items(large if len(large) else items, words), words))


def _items(items: pd.DataFrame, words: Words) -> list[str]:
    """Name items, with the share of each that is meant unless it is the whole."""
    told = []
    for row in items.itertuples():
        name = row.item_id if pd.isna(row.name) or not str(row.name) else row.name
        whole = float(row.share) >= WHOLE
        part = "" if whole else words("reasons.share", share=f"{100.0 * float(row.share):.2g}%")
        told.append(f"{name}{part}")
    return told


def _stand_in(plan: Plan, rows: pd.DataFrame, words: Words) -> str:
    """Tell what would be built in the stead of the only station of a site."""
    if len(rows) != 1 or np.isnan(rows["replacement"].iloc[0]):
        return ""
    row: dict[str, Any] = rows.iloc[0].to_dict()
    if np.isinf(row["replacement"]):
        return words("reasons.nothing")
    others = [name for name in str(row["instead"]).split(";") if name]
    if not others:
        return ""
    told = plan.selection.explanation.loc[others]
    same = words("reasons.same_site")
    labels = told["site_id"].where(
        told["site_id"].ne(row["site_id"]), same + told["operator"] + " " + told["technology"]
    )
    sites = list(dict.fromkeys(labels))
    more = float(row["replacement"])
    if plan.selection.objective == "cost":
        cost = words("units.money", n=ten_thousand(more))
    else:
        cost = words("reasons.weight", n=decimal(more))
    key = "dearer" if more > 0.0 else "equal"
    return words(f"reasons.{key}", instead=_some(sites, words), cost=cost)


def _some(texts: list[str], words: Words, most: int = NAMED, *, key: str = "more") -> str:
    """Name the first few and count the rest."""
    told = words.joined(texts[:most])
    return told if len(texts) <= most else words(f"reasons.{key}", items=told, n=len(texts))
