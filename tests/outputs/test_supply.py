"""Fibre and power in the document: the figures of the backhaul stage, and nothing when nothing is known."""

from dataclasses import replace

import pytest

from siteplan.outputs.supply import fibre_by_year, power_by_year


@pytest.mark.parametrize("language", ["zh", "en"])
def test_power_is_that_of_the_stage(small_plan, language):
    table = power_by_year(small_plan, language=language)
    years = small_plan.backhaul.power.years
    assert table["load_kw"].tolist() == years["typical_kw"].tolist()
    assert table["stations"].tolist() == years["stations"].tolist()
    assert all(
        f"{low:,.0f}" in note for low, note in zip(years["low_kw"], table["note"], strict=True)
    )


def test_fibre_is_that_of_the_stage(small_plan):
    fibre = small_plan.backhaul.fibre
    table = fibre_by_year(small_plan, language="zh")
    if fibre.nodes.empty:
        assert table is None
    else:
        assert table["fibre_km"].sum() * 1000.0 == pytest.approx(fibre.length_m)
    nowhere = replace(fibre, nodes=fibre.nodes.iloc[:0])
    blank = replace(small_plan, backhaul=replace(small_plan.backhaul, fibre=nowhere))
    assert fibre_by_year(blank, language="zh") is None
