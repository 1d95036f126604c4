"""The grid: one projected system in metres, aligned cells that hold the boundary."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from siteplan.errors import InputError
from siteplan.region.grid import MAX_CELLS, in_china, make_geobox, parse_crs, projected_crs
from tests import handmade as hand

CGCS2000 = CRS.from_epsg(4545)


def spot(longitude, latitude, width=0.2):
    return shapely.box(longitude - width, latitude - width, longitude + width, latitude + width)


@pytest.mark.parametrize(
    ("longitude", "epsg"),
    # zones are 3 degrees wide around 75, 78, ..., 135 E: EPSG:4534 to 4554
    [(74.0, 4534), (76.4, 4534), (76.6, 4535), (108.7, 4545), (117.3, 4548), (134.9, 4554)],
)
def test_the_zone_in_china_is_the_nearest(longitude, epsg):
    crs = projected_crs(spot(longitude, 40.0), china=True)
    assert crs.to_epsg() == epsg
    meridian = crs.coordinate_operation.params[1].value
    assert abs(meridian - longitude) <= 1.5
    assert crs.axis_info[0].unit_name == "metre"


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(73.7, 135.0))
def test_every_place_in_china_is_within_one_and_a_half_degrees(longitude):
    crs = projected_crs(spot(longitude, 35.0), china=True)
    assert abs(crs.coordinate_operation.params[1].value - longitude) <= 1.5 + 1e-9


@pytest.mark.parametrize(
    ("longitude", "latitude", "epsg"),
    [(24.9, 60.2, 32635), (-58.4, -34.6, 32721), (0.5, 51.5, 32631), (-179.5, 10.0, 32601)],
)
def test_elsewhere_it_is_utm(longitude, latitude, epsg):
    assert projected_crs(spot(longitude, latitude), china=False).to_epsg() == epsg


def test_the_poles_have_no_zone():
    with pytest.raises(InputError, match=r"UTM.*\[grid\]"):
        projected_crs(spot(0.0, 89.0), china=False)


@pytest.mark.parametrize(
    ("boundary", "code", "china"),
    [
        (spot(108.0, 40.0), "150625", True),
        (spot(108.0, 40.0), "150625001", True),
        (spot(108.0, 40.0), "", False),
        (spot(108.0, 40.0), "1506", False),
        (spot(24.9, 60.2), "150625", False),
        (spot(108.0, 40.0), "FI-091", False),
    ],
)
def test_china_is_a_place_and_a_code(boundary, code, china):
    assert in_china(boundary, code) is china


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.floats(300_000.0, 700_000.0),
    st.floats(0.0, 9_000_000.0),
    st.floats(1.0, 50_000.0),
    st.floats(1.0, 50_000.0),
    st.sampled_from([10.0, 12.5, 33.3, 50.0, 90.0, 1000.0]),
)
def test_the_grid_holds_the_boundary_and_one_cell_more(east, north, width, height, step):
    if width * height / step**2 > 1e7:
        step = 1000.0
    boundary = shapely.box(east, north, east + width, north + height)
    geobox = make_geobox(boundary, CGCS2000, resolution_m=step)
    box = geobox.extent.boundingbox
    rows, columns = geobox.shape
    assert box.right - box.left == pytest.approx(columns * step)
    assert box.top - box.bottom == pytest.approx(rows * step)
    for outer, inner in (
        (-box.left, -east),
        (-box.bottom, -north),
        (box.right, east + width),
        (box.top, north + height),
    ):
        assert step - 1e-6 <= outer - inner <= 2.0 * step + 1e-6
    for edge in box.left, box.bottom:  # two neighbouring regions have their cells in line
        assert math.remainder(edge, step) == pytest.approx(0.0, abs=1e-4)


def test_a_boundary_with_a_far_part_is_refused():
    far = shapely.union_all([hand.box(0, 0, 1000, 1000), hand.box(2e6, 2e6, 2.001e6, 2.001e6)])
    with pytest.raises(InputError) as caught:
        make_geobox(far, CGCS2000, resolution_m=50.0)
    (fault,) = caught.value.faults
    assert fault.column == "grid.resolution_m"
    assert "40042 x 40042" in fault.rule or str(MAX_CELLS) in fault.rule or "cells" in fault.rule
    assert "far part" in fault.remedy


def test_a_misspelt_system_is_refused():
    with pytest.raises(InputError, match=r"layers\.x\.crs.*EPSG:449O.*EPSG:4490"):
        parse_crs("EPSG:449O", "scenario.toml", "layers.x.crs")


def test_points_fall_into_their_cells():
    region = hand.region()
    points = np.array(
        [
            hand.point(0, 9999.99),  # north-west corner of cell 0
            hand.point(9999.99, 0.01),  # south-east corner of the last cell
            hand.point(1000.0, 9000.0),  # on the corner of four cells: the one to the south-east
            hand.point(-0.01, 500),
            hand.point(500, 10_000.01),
        ]
    )
    assert region.cell_of(points).tolist() == [0, 99, 11, -1, -1]
    assert region.cell_of(np.array([], dtype=object)).tolist() == []
    assert region.resolution_m == 1000.0
    assert region.crs.to_epsg() == 4545


@pytest.mark.parametrize(
    ("code", "west", "south", "china"),
    [
        ("150625", 107.0, 39.4, True),
        ("820000", 113.5, 22.1, True),
        ("700001", 88.2, 22.4, False),  # Kolkata: a postal code
        ("150625", 10.0, 50.0, False),
        ("", 107.0, 39.4, False),
        ("15", 107.0, 39.4, False),
    ],
)
def test_what_lies_in_china(code, west, south, china):
    assert in_china(shapely.box(west, south, west + 0.5, south + 0.5), code) is china
