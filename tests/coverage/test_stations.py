"""The station table: positions, and what is filled in where a cell is blank."""

import numpy as np
import pandas as pd

from siteplan.coverage.stations import COLUMNS, station_table
from tests import handmade as hand

LAND = hand.region(
    the_sites=hand.sites(
        ("a", "tower", "existing", 500, 500),
        ("b", "lamp_pole", "candidate", 9500, 9500),
        ("far", "tower", "existing", -1, 500),
    )
)
COMMON = {"operator": "甲", "technology": "4G", "equipment": "macro-lte900"}


def test_cells_count_from_the_north_west():
    given = hand.stations(
        {"id": "1", "site_id": "a"} | COMMON,
        {"id": "2", "site_id": "b"} | COMMON,
        {"id": "3", "site_id": "far"} | COMMON,
        {"id": "4", "site_id": "a"} | COMMON,
    )
    table = station_table(LAND, given)
    assert tuple(table.columns) == COLUMNS
    assert table.index.tolist() == ["1", "2", "3", "4"]
    # ten by ten cells: the south-west one is row 9, column 0; the north-east one row 0, column 9
    assert table["cell"].tolist() == [90, 9, -1, 90]


def test_blanks_take_the_structure_and_the_plan():
    given = hand.stations(
        {"id": "1", "site_id": "a"} | COMMON,
        {"id": "2", "site_id": "a", "antenna_height_m": 50.0, "azimuth_deg": 30.0} | COMMON,
        {"id": "3", "site_id": "b", "year_on_air": 2019} | COMMON,
    )
    before = given.copy()
    table = station_table(LAND, given)
    pd.testing.assert_frame_equal(given, before)
    assert table["antenna_height_m"].tolist() == [35.0, 50.0, 8.0]
    assert table["azimuth_deg"].tolist() == [0.0, 30.0, 0.0]
    assert table["year"].tolist() == [0, 0, 2019]


def test_the_year_of_the_plan_comes_first():
    given = hand.stations({"id": "1", "site_id": "a", "year_on_air": 2010} | COMMON)
    assert station_table(LAND, given.assign(year=2022))["year"].tolist() == [2022]


def test_no_station_gives_an_empty_table():
    table = station_table(LAND, hand.stations())
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 0
    assert table["antenna_height_m"].dtype == np.float64
