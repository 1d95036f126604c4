"""The public edition gives no place of a structure away."""

from __future__ import annotations

import docx
import numpy as np
import pandas as pd
import pyogrio
import pytest

from siteplan.outputs import frames
from siteplan.outputs.options import OutputOptions
from siteplan.outputs.public import SQUARE_M, public_plan
from siteplan.outputs.write import write_plan

MOVED_DEG = 0.001
"""A site whose true place is the middle of its square stays there. [deg]"""


@pytest.fixture(scope="module")
def written(small_plan, tmp_path_factory):
    options = OutputOptions(
        public=True, formats=("map", "lists", "layers", "rasters", "json", "document")
    )
    return write_plan(small_plan, tmp_path_factory.mktemp("public") / "out", options=options)


def test_sites_stand_in_the_middle_of_their_square(small_plan):
    public = public_plan(small_plan)
    true, shown = small_plan.region.sites.geometry, public.region.sites.geometry
    assert (np.abs(true.x - shown.x) <= SQUARE_M / 2.0).all()
    assert np.allclose(shown.x % SQUARE_M, SQUARE_M / 2.0)
    assert np.allclose(shown.y % SQUARE_M, SQUARE_M / 2.0)
    assert shown.index.equals(true.index)


def test_results_and_townships_are_the_true_ones(small_plan):
    public = public_plan(small_plan)
    pd.testing.assert_frame_equal(frames.rule_table(public), frames.rule_table(small_plan))
    before, after = frames.site_table(small_plan), frames.site_table(public)
    assert after["township"].tolist() == before["township"].tolist()
    assert after["cost_cny"].tolist() == before["cost_cny"].tolist()


def test_levels_tell_only_what_is_covered(small_plan):
    public = public_plan(small_plan)
    for key, coverage in public.coverage_plan.items():
        full = small_plan.coverage_plan[key]
        assert (coverage.rsrp_cdbm <= full.rsrp_cdbm).all()
        assert (coverage.server == -1).all()
        assert coverage.rsrp_cdbm.max() <= max(-9000, -11_000)


def test_no_file_holds_a_true_place(small_plan, written):
    assert not any(name.startswith("coverage/") for name in written)
    sites, shown = frames.site_table(small_plan), frames.site_table(public_plan(small_plan))
    secret = [
        f"{value:.5f}"[:-1]
        for name in ("lon", "lat")
        for value in sites[name][(sites[name] - shown[name]).abs() > MOVED_DEG]
    ]
    assert secret
    for name in ("sites.csv", "plan.json", "plan.kml", "geojson/stations.geojson", "map.html"):
        text = written[name].read_text(encoding="utf-8-sig")
        assert not [place for place in secret if place in text], name
    points = pyogrio.read_dataframe(written["plan.gpkg"], layer="stations").geometry
    inside = zip(points.x % SQUARE_M, points.y % SQUARE_M, strict=True)
    assert all(place == pytest.approx((500.0, 500.0), abs=0.01) for place in inside)


def test_the_document_says_so(written):
    document = docx.Document(str(written["layout_plan.docx"]))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "公开版" in text
