"""What the terminal shows of a plan, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from siteplan.outputs.frames import rule_table
from siteplan.outputs.terminal import plan_text
from siteplan.outputs.translation import HAN


@pytest.fixture(scope="module")
def short_plan(small_plan):
    """Give the plan a need out of reach of one operator, and a limit that gave way."""
    need = {"rule_id": "S-R-2022", "item_id": "r1", "name": "S1", "reachable": 0.9996}
    short = pd.DataFrame([need | {"needed": 1.0, "operator": "X"}])
    limits = pd.DataFrame([{"rule_id": "budget:2021", "allowed": 3e6, "needed": 4e6}])
    selection = replace(small_plan.selection, shortfalls=short, relaxations=limits)
    return replace(small_plan, selection=selection)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_target_has_a_line_and_totals_are_told(short_plan, language):
    text = plan_text(short_plan, language=language)
    for name in rule_table(short_plan).index:
        assert len(re.findall(rf"(?m)^{name} ", text)) == 1
    assert str(len(short_plan.planned_stations)) in text
    assert "S-R-2022 S1 X" in text  # whose network it is
    assert "99.96%" in text  # a need that is missed never looks as if it were met
    assert "3000000" in text
    assert "4000000" in text


def test_each_language_keeps_to_itself(short_plan):
    info = short_plan.region.scenario.region
    english = plan_text(short_plan, language="en")
    assert info.name_en in english
    assert not HAN.search(english.replace(short_plan.region.document.title, ""))
    chinese = plan_text(short_plan, language="zh")
    assert not re.search(r"[a-z]{3,} [a-z]{3,}", chinese), chinese
