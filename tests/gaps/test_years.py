"""By when a gap must be closed, when the plan closes it, and what keeps a candidate from doing so."""

import pandas as pd
import pytest

from siteplan.gaps import EXCLUDED, NEW_SITE, NO_CANDIDATE, TOO_FAR
from siteplan.plan import make_plan
from tests import handmade as hand

# A strip of 10 x 2 km in cells of 250 m; a station reaches 2 km. The tower stands at 1.1 km; "early" lies at
# 4.6 km and is due in 2021, "late" at 7.6 km in 2022, "never" at 9.6 km, where the candidate is in a reserve.
SHAPE, CELL_M = (8, 40), 250.0
TARGETS = {
    "document": "t.toml",
    "years": [2021, 2022],
    "definitions": {"village-4G": "village-signal"},
}
PLACES = {"early": (4625, "administrative"), "late": (7625, "natural"), "never": (9625, "natural")}


@pytest.fixture(scope="module")
def plan():
    reserve = {"id": "z", "name": "保护区", "kind": "exclusion", "severity": "hard"}
    region = hand.region(
        shape=SHAPE,
        cell_m=CELL_M,
        layers={
            "villages": hand.layer(
                "villages",
                [
                    {"id": name, "name": name, "kind": kind, "geometry": hand.point(east, 1125)}
                    for name, (east, kind) in PLACES.items()
                ],
            ),
            "zones": hand.layer("zones", [reserve | {"geometry": hand.box(8500, 0, 10_000, 2000)}]),
        },
        the_sites=hand.sites(
            ("a", "tower", "existing", 1125, 1125),
            ("b", "new", "candidate", 4125, 1125),
            ("c", "new", "candidate", 7375, 875),
            ("d", "new", "candidate", 8875, 1125),
        ),
        the_stations=hand.stations(
            {"id": "a4", "site_id": "a", "operator": "甲", "technology": "4G"}
            | {"equipment": "macro-lte900"}
        ),
        the_document=hand.document(
            hand.rule(
                "A", layer="villages", where={"kind": ["administrative"]}, **{"class": "village"}
            ),
            hand.rule(
                "N",
                layer="villages",
                where={"kind": ["natural"]},
                year=2022,
                **{"class": "village"},
            ),
        ),
        networks=[{"operator": "甲", "technology": "4G", "macro": "macro-lte900"}],
        targets=TARGETS,
        radio={"macro_model": "tr38901-rma", "radius_m": 2000.0},
    )
    return make_plan(region)


def test_when_it_is_due_and_when_the_plan_closes_it(plan):
    gaps = plan.gaps_today.set_index("name")
    assert gaps["due_year"].to_dict() == {"early": 2021, "late": 2022, "never": 2022}
    assert gaps["closed_year"].loc[["early", "late"]].tolist() == [2021, 2022]
    assert pd.isna(gaps.loc["never", "closed_year"])
    assert gaps["left"].to_dict() == {"early": 0.0, "late": 0.0, "never": 1.0}
    # what is closed by the last year is no gap of the plan, and only that
    assert plan.gaps_plan["name"].tolist() == ["never"]
    assert plan.gaps_plan["left"].isna().all()


def test_a_candidate_in_a_reserve_is_told(plan):
    gap = plan.gaps_plan.iloc[0]
    assert (gap["cause"], gap["remedy"], gap["hindrance"]) == (TOO_FAR, NEW_SITE, EXCLUDED)
    assert plan.gaps_today.set_index("name").loc["early", "hindrance"] == ""
    assert NO_CANDIDATE not in set(plan.gaps_today["hindrance"])
