"""The system of a layer is honoured, or refused with what would fit; it is never guessed in silence."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import prcoords
import pytest
import shapely
from pyproj import Transformer

from siteplan import schema
from siteplan.errors import InputError
from siteplan.region import datum
from siteplan.region.fit import Reference, ranking
from siteplan.region.lines import by_lines, line_tree
from siteplan.region.tables import read_table
from siteplan.scenario import LayerSource
from tests.conftest import HEIGHT_M, WIDTH_M, lonlat

CORNERS = [(0, 0), (WIDTH_M, 0), (WIDTH_M, HEIGHT_M), (0, HEIGHT_M)]
BOUNDARY = gpd.GeoDataFrame(
    geometry=[shapely.Polygon([lonlat(*corner) for corner in CORNERS])], crs="EPSG:4490"
)
REFERENCE = Reference.of(BOUNDARY, "159999")
PLACES = np.array([lonlat(x, 900.0 + x / 3.0) for x in range(500, 11_500, 500)])
VILLAGES = schema.TABLES["villages"]


def frame(places=PLACES, crs="EPSG:4490"):
    columns = {"name": [f"村{i}" for i in range(len(places))], "kind": "natural"}
    return gpd.GeoDataFrame(columns, geometry=shapely.points(places), crs=crs)


def read(folder, **source):
    return read_table(folder, VILLAGES, LayerSource(**source), reference=REFERENCE)


def off_m(found):
    true = gpd.GeoSeries(shapely.points(PLACES), crs="EPSG:4490").to_crs("EPSG:4545")
    return float(found.to_crs("EPSG:4545").distance(true).max())


def shifted(system):
    return np.column_stack(datum.FORWARD[system](*PLACES.T))


def test_a_system_that_repeats_the_files_is_honoured(tmp_path):
    frame().to_file(tmp_path / "v.gpkg", engine="pyogrio")
    for crs in ("EPSG:4490", "EPSG:4326", None):
        assert off_m(read(tmp_path, path="v.gpkg", crs=crs)) < 0.01


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:32649", "EPSG:4214"])
def test_a_system_against_the_files_is_refused(tmp_path, crs):
    frame().to_file(tmp_path / "v.gpkg", engine="pyogrio")
    with pytest.raises(InputError, match=r"the file says EPSG:4490"):
        read(tmp_path, path="v.gpkg", crs=crs)


@pytest.mark.parametrize("system", datum.SHIFTED)
@pytest.mark.parametrize("name", ["v.gpkg", "v.geojson", "v.shp"])
def test_a_shift_that_the_label_hides_is_honoured_when_said(tmp_path, name, system):
    frame(shifted(system), "EPSG:4326").to_file(tmp_path / name, engine="pyogrio")
    assert off_m(read(tmp_path, path=name, crs=system)) < 0.2


def test_a_shift_of_metres_is_refused(tmp_path):
    frame().to_crs("EPSG:4545").to_file(tmp_path / "v.gpkg", engine="pyogrio")
    with pytest.raises(InputError, match="the file says EPSG:4545"):
        read(tmp_path, path="v.gpkg", crs="gcj02")


def test_a_label_that_cannot_be_is_overruled_and_told(tmp_path):
    metres = frame().to_crs("EPSG:4545").set_crs("EPSG:4326", allow_override=True)
    metres.to_file(tmp_path / "v.gpkg", engine="pyogrio")
    with pytest.raises(InputError, match="another system"):
        read(tmp_path, path="v.gpkg")
    found = read(tmp_path, path="v.gpkg", crs="EPSG:4545")
    assert off_m(found) < 0.01
    assert any("the scenario's is taken" in str(fault) for fault in found.attrs["faults"])


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(
    "system", ["EPSG:4545", "EPSG:4524", "EPSG:4508", "EPSG:4497", "EPSG:32649", "EPSG:4490"]
)
def test_the_boundary_shows_system_zone_and_order(system, swap):
    places = np.column_stack(
        Transformer.from_crs("EPSG:4490", system, always_xy=True).transform(*PLACES.T)
    )
    best = ranking(shapely.points(places[:, ::-1] if swap else places), REFERENCE)[0]
    # UTM 49 and the six-degree zone of 111 E differ by four parts in ten thousand, 1.8 km here
    # without its number the six-degree zone of 111 E is the three-degree one
    same = {"EPSG:4508": "EPSG:4546"}.get(system, system)
    assert best.crs == f"{same} swapped" if swap else best.crs == same
    assert best.inside == 1.0


def test_what_would_fit_is_shown_and_guess_takes_it(tmp_path):
    text = "name,kind,经度,纬度\n" + "\n".join(
        f"村{i},自然村,{x},{y}" for i, (x, y) in enumerate(PLACES)
    )
    (tmp_path / "v.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(tmp_path, path="v.csv")
    (fault,) = caught.value.faults
    assert fault.value.startswith('crs = "EPSG:4490": 100% inside')
    assert "gcj02" in fault.value
    assert '"guess"' in fault.remedy
    found = read(tmp_path, path="v.csv", crs="guess")
    assert off_m(found) < 0.01
    (told,) = found.attrs["faults"]
    assert "was guessed" in told.rule
    assert told.severity == "warning"


ROAD = gpd.GeoDataFrame(
    geometry=[
        shapely.LineString(
            np.column_stack([np.linspace(107.7, 108.3, 61), 39.5 + np.arange(61) % 2 / 9])
        )
    ],
    crs="EPSG:4490",
)
WIDE = Reference.of(
    gpd.GeoDataFrame(geometry=[shapely.box(107.5, 39.2, 108.5, 39.9)], crs="EPSG:4490"), "159999"
)
ALONG = shapely.get_coordinates(
    ROAD.geometry.iloc[0].interpolate(np.linspace(0.01, 0.99, 80), normalized=True)
)


@pytest.mark.parametrize("system", ["EPSG:4490", "gcj02", "bd09", "EPSG:32649", "EPSG:4546"])
def test_roads_show_the_system_where_all_fit_the_boundary(system):
    """UTM and the zone of the same meridian are 1.8 km apart, map services half a kilometre and more."""
    if system in datum.SHIFTED:
        places = np.column_stack(datum.FORWARD[system](*ALONG.T))
    else:
        convert = Transformer.from_crs("EPSG:4490", system, always_xy=True)
        places = np.column_stack(convert.transform(*ALONG.T))
    points = shapely.points(places)
    drawn = replace(WIDE, lines={"roads": ("roads.shp", line_tree(ROAD, WIDE, solid=False))})
    fits = ranking(points, drawn)
    assert [fit.inside for fit in fits[:2]] == [1.0, 1.0]
    first, *others = by_lines(fits, points, "villages", drawn)
    assert first.crs == system
    assert first.on_lines == "100% on roads.shp"
    assert {fit.crs for fit in others} == {fit.crs for fit in fits} - {system}
    # roads that have nothing to do with the layer show nothing
    apart = ROAD.translate(0.0, 0.017)
    off = replace(WIDE, lines={"roads": ("roads.shp", line_tree(apart, WIDE, solid=False))})
    assert by_lines(fits, points, "villages", off) == fits


@pytest.mark.parametrize(("west", "south"), [(-8.65, 41.1), (-103.4, 20.6), (99.9, 20.3)])
def test_no_map_service_of_china_is_suggested_elsewhere(tmp_path, west, south):
    """Porto, Guadalajara, and the north of Thailand, which lies within China's longitudes."""
    places = ALONG - [108.0, 39.5] + [west, south]
    outline = gpd.GeoDataFrame(
        geometry=[shapely.box(west - 0.5, south - 0.3, west + 0.5, south + 0.4)], crs="EPSG:4326"
    )
    reference = Reference.of(outline, "")
    road = ROAD.translate(west - 108.0, south - 39.5)
    tree = line_tree(road, reference, solid=False)
    reference = replace(reference, lines={"roads": ("roads.shp", tree)})
    rows = "\n".join(f"Aldeia {i};natural;{x};{y}" for i, (x, y) in enumerate(places))
    (tmp_path / "v.csv").write_text(f"name;kind;lon;lat\n{rows}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path, VILLAGES, LayerSource(path="v.csv"), reference=reference)
    (fault,) = caught.value.faults
    assert 'Say crs = "EPSG:4326"' in fault.remedy
    assert not any(system in str(fault) for system in datum.SHIFTED)


def test_nothing_is_guessed_where_nothing_fits(tmp_path):
    rows = "\n".join(f"村{i},自然村,{i},{i}" for i in range(30))
    (tmp_path / "v.csv").write_text(f"name,kind,经度,纬度\n{rows}\n", encoding="utf-8")
    with pytest.raises(InputError, match="no system fits the boundary"):
        read(tmp_path, path="v.csv", crs="guess")


def test_headers_that_name_a_shift_contradict_the_scenario(tmp_path):
    (tmp_path / "v.csv").write_text(
        "name,kind,百度经度,百度纬度\n村,自然村,108,39.7\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="its headers say bd09"):
        read(tmp_path, path="v.csv", crs="EPSG:4490")


SYSTEMS = ["WGS84", "高德", "百度坐标系", "CGCS2000"]


def by_row(systems, *, places=None):
    """Write four villages at one place, each in the numbers of its own system."""
    lon, lat = 108.03, 39.76
    shifted = {"高德": prcoords.wgs_gcj((lat, lon)), "百度坐标系": prcoords.wgs_bd((lat, lon))}
    rows = []
    for i, system in enumerate(SYSTEMS):
        north, east = shifted.get(system, (lat, lon))
        if places is not None:
            east, north = places
        rows.append(f"v{i},村{i},natural,{east!r},{north!r},{systems[i]}")
    return "\n".join(["id,name,kind,lon,lat,坐标系", *rows])


def test_a_column_says_the_system_of_each_row(tmp_path):
    (tmp_path / "villages.csv").write_text(by_row(SYSTEMS), encoding="utf-8")
    found = read_table(tmp_path, VILLAGES, LayerSource(path="villages.csv")).to_crs(4490)
    np.testing.assert_allclose(found.geometry.x, 108.03, atol=1e-8)
    np.testing.assert_allclose(found.geometry.y, 39.76, atol=1e-8)


@pytest.mark.parametrize("blank", [0, 1])
def test_where_it_is_blank_the_layers_system_counts(tmp_path, blank):
    systems = [*SYSTEMS]
    systems[blank] = "/"
    (tmp_path / "villages.csv").write_text(by_row(systems), encoding="utf-8")
    with pytest.raises(InputError, match="names no coordinate reference system"):
        read_table(tmp_path, VILLAGES, LayerSource(path="villages.csv"))
    source = LayerSource(path="villages.csv", crs="gcj02" if blank else "EPSG:4490")
    found = read_table(tmp_path, VILLAGES, source).to_crs(4490)
    np.testing.assert_allclose(found.geometry.x, 108.03, atol=1e-8)


def test_a_row_of_an_unknown_system_is_named(tmp_path):
    (tmp_path / "villages.csv").write_text(
        by_row(["WGS84", "北京54", "gcj02", "GPS"]), encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        read_table(tmp_path, VILLAGES, LayerSource(path="villages.csv"))
    (fault,) = caught.value.faults
    assert (fault.row, fault.column, fault.value) == ("3", "坐标系", "北京54")


def test_a_column_of_that_name_that_says_something_else_is_let_be(tmp_path):
    (tmp_path / "villages.csv").write_text(
        by_row(["EPSG:4610", "", "EPSG:4610", "西安80"], places=(108.03, 39.76)), encoding="utf-8"
    )
    with pytest.raises(InputError, match="names no coordinate reference system"):
        read_table(tmp_path, VILLAGES, LayerSource(path="villages.csv"))
    found = read_table(tmp_path, VILLAGES, LayerSource(path="villages.csv", crs="EPSG:4490"))
    np.testing.assert_array_equal(found.geometry.x, 108.03)


def test_metres_are_not_taken_back(tmp_path):
    (tmp_path / "villages.csv").write_text(
        by_row(SYSTEMS, places=(501_500.0, 4_402_000.0)), encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        read_table(tmp_path, VILLAGES, LayerSource(path="villages.csv", crs="EPSG:4545"))
    assert [fault.row for fault in caught.value.faults] == ["3", "4"]
    assert {fault.rule for fault in caught.value.faults} == {"metres are not shifted"}


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("system", ["EPSG:4490", "EPSG:4524", "EPSG:4496", "EPSG:4545"])
def test_a_boundary_without_a_system_is_told_what_its_numbers_can_be(tmp_path, system, swap):
    shape = BOUNDARY.to_crs(system).geometry.iloc[0]
    if swap:
        shape = shapely.transform(shape, lambda corners: corners[:, ::-1])
    (tmp_path / "b.csv").write_text(f'name,wkt\n小旗,"{shape.wkt}"\n', encoding="utf-8")
    for crs in (None, "guess"):
        with pytest.raises(InputError) as caught:
            read_table(tmp_path, schema.TABLES["boundary"], LayerSource(path="b.csv", crs=crs))
        (fault,) = caught.value.faults
        if system == "EPSG:4545":  # nothing shows the zone
            assert "central meridian" in fault.remedy
        else:
            said = f"{system} swapped" if swap else system
            assert f'crs = "{said}"' in fault.remedy
            found = read_table(
                tmp_path, schema.TABLES["boundary"], LayerSource(path="b.csv", crs=said)
            )
            assert found.to_crs(4490).geometry.iloc[0].equals_exact(BOUNDARY.geometry.iloc[0], 1e-7)
