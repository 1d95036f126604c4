"""The public edition gives no place of a structure away."""

from __future__ import annotations

import dataclasses
import json
import re

import docx
import numpy as np
import pandas as pd
import pyogrio
import pytest
from pyproj import Transformer

from siteplan.outputs import frames
from siteplan.outputs.control import field_screening
from siteplan.outputs.document import write_layout_plan
from siteplan.outputs.map import DATA_ID
from siteplan.outputs.options import OutputOptions, Supplements
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


def test_the_map_holds_no_true_place(small_plan, written):
    page = written["map.html"].read_text(encoding="utf-8")
    data = json.loads(re.search(rf'id="{DATA_ID}">(.*?)</script>', page, re.DOTALL)[1])
    to_metres = Transformer.from_crs("EPSG:4326", small_plan.region.crs, always_xy=True)
    for name in ("sites", "stations", "candidates"):
        table = data["tables"][name]
        lon, lat = (np.array(table[axis]) / 1e6 for axis in ("lon", "lat"))
        for metres in to_metres.transform(lon, lat):
            assert np.allclose(np.mod(metres, SQUARE_M), SQUARE_M / 2.0, atol=0.2), name
    assert data["probes"]["images"] == []


def test_nothing_points_at_a_station_from_afar(small_plan):
    public = public_plan(small_plan)
    for gaps in (public.gaps_today, public.gaps_plan):
        km = gaps["station_km"].dropna()
        assert (km == km.round()).all()
        assert gaps[["ridge_m", "ridge_easting_m", "ridge_northing_m"]].isna().all().all()
        assert gaps[["station_id", "remedy_site"]].isna().all().all()


def test_schools_beside_a_site_are_counted_and_not_named(small_plan, tmp_path):
    screening = field_screening(small_plan)
    site = small_plan.planned_stations["site_id"].iloc[0]
    row = [site, "某小学", "venues", 12.0, 30.0]
    names = ["site_id", "name", "layer", "distance_m", "screening_m"]
    emf = dataclasses.replace(screening, points=pd.DataFrame([row], columns=names))
    options = OutputOptions(public=True)
    write_layout_plan(
        small_plan, tmp_path / "p.docx", options=options, supplements=Supplements(emf=emf)
    )
    document = docx.Document(str(tmp_path / "p.docx"))
    cells = "".join(c.text for t in document.tables for r in t.rows for c in r.cells)
    text = "".join(paragraph.text for paragraph in document.paragraphs)
    assert "某小学" not in cells + text
    assert "筛查距离以内的1处" in text


def test_the_document_says_so(written):
    document = docx.Document(str(written["layout_plan.docx"]))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "公开版" in text
