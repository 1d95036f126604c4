"""OpenStreetMap extracts: files with known contents, laws of the parsers, the real extract."""

import math
import warnings
from pathlib import Path
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from siteplan import schema
from siteplan.errors import InputError
from siteplan.region import osm, osm_tags
from siteplan.region.fit import Reference
from siteplan.region.tables import read_table
from siteplan.scenario import LayerSource

HELSINKI = Path(__file__).parents[2] / "data" / "helsinki" / "Helsinki.osm.pbf"

tag_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters='"\\,=>\n')
)


def write_osm(path, nodes=(), ways=()):
    """Write nodes (id, lon, lat, tags) and ways (id, [(lon, lat), ...], tags)."""
    lines, corners = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">'], {}
    for number, lon, lat, tags in nodes:
        lines.append(f'<node id="{number}" lon="{lon}" lat="{lat}">{xml_tags(tags)}</node>')
    for _, coordinates, _ in ways:
        for corner in coordinates:
            corners.setdefault(corner, 1_000_000 + len(corners))
    lines += [f'<node id="{i}" lon="{lon}" lat="{lat}"/>' for (lon, lat), i in corners.items()]
    for number, coordinates, tags in ways:
        refs = "".join(f'<nd ref="{corners[corner]}"/>' for corner in coordinates)
        lines.append(f'<way id="{number}">{refs}{xml_tags(tags)}</way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def xml_tags(tags):
    return "".join(
        f"<tag k={quoteattr(k)} v={quoteattr(v, {chr(10): '&#10;'})}/>" for k, v in tags.items()
    )


def square(west, south, side=0.001):
    east, north = west + side, south + side
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def quoted(text):
    return '"' + "".join("\\" + c if c in '\\"' else c for c in text) + '"'


@given(st.dictionaries(tag_text, tag_text))
def test_hstore_reads_what_was_written(tags):
    text = ",".join(f"{quoted(key)}=>{quoted(value)}" for key, value in tags.items())
    assert osm_tags.parse_hstore(text) == tags


@pytest.mark.parametrize(
    "text", ["a", '"a"=>"b",', '"a"=>"b""c"=>"d"', '"a"=>"b', '"a"', '"a"=>"b"x', ',"a"=>"b"']
)
def test_hstore_of_another_form_is_refused(text):
    with pytest.raises(ValueError, match=r"hstore pair|no comma"):
        osm_tags.parse_hstore(text)


def test_hstore_null_is_no_tag():
    assert osm_tags.parse_hstore('"a"=>NULL,"b"=>"NULL"') == {"b": "NULL"}


def test_hstore_reads_what_gdal_writes(tmp_path):
    values = [
        'a "b" c',
        "back\\slash",
        'both \\"',
        "comma, and => arrow",
        "两行\n文字",
        "' or 1=1 --",
    ]
    tags = {f"key{i}": value for i, value in enumerate(values)}
    path = write_osm(tmp_path / "a.osm", [(1, 24.9, 60.1, {"highway": "street_lamp", **tags})])
    text = pyogrio.read_dataframe(path, layer="points")["other_tags"].iloc[0]
    assert osm_tags.parse_hstore(text) == tags


@given(st.floats(0.1, 800.0), st.sampled_from(["", "m", " m", " metres", "米"]))
def test_length_in_metres(length, unit):
    assert osm_tags.parse_length_m(f"{length:.3f}{unit}") == round(length, 3)


@given(st.integers(1, 900), st.integers(0, 11))
def test_feet_and_inches(feet, inches):
    # The inch is 25.4 mm by definition.
    expected = (12 * feet + inches) * 0.0254
    assert osm_tags.parse_length_m(f"{feet}'{inches}\"") == pytest.approx(expected, rel=1e-12)
    assert osm_tags.parse_length_m(f"{feet} ft") == pytest.approx(12 * feet * 0.0254, rel=1e-12)


@given(st.lists(st.integers(0, 99), min_size=1))
def test_the_greatest_of_a_list_counts(levels):
    assert osm_tags.parse_number(";".join(map(str, levels))) == max(levels)
    assert osm_tags.parse_length_m("; ".join(f"{level} m" for level in levels)) == max(levels)


@pytest.mark.parametrize(
    "text", ["", "high", "~12", "12,5", "5-6", "-3", "nan", "inf", "1e3", "5;high", "5;"]
)
def test_what_is_not_understood_is_unknown(text):
    assert math.isnan(osm_tags.parse_length_m(text))
    assert math.isnan(osm_tags.parse_number(text))


def test_the_mapping_fills_columns_of_the_schema_with_allowed_values():
    for layer in osm_tags.osm_layers():
        table, rules = schema.TABLES[layer], getattr(osm_tags.tag_mapping(), layer)
        assert {table.column(name).kind for name in rules.columns} <= {"text", "number"}
        required = {column.name for column in table.columns if column.required}
        for rule in rules.features:
            assert required <= set(rule.constants) | set(rules.columns)
            for name, value in rule.constants.items():
                column = table.column(name)
                assert column.kind == "text" or value in column.choices


def test_poles(tmp_path):
    path = write_osm(
        tmp_path / "a.osm",
        [
            (10, 24.9, 60.1, {"highway": "street_lamp", "height": "8 m", "operator": "City"}),
            (9, 24.9, 60.1, {"highway": "street_lamp", "height": "tall", "est_height": "6"}),
            (8, 24.9, 60.1, {"highway": "street_lamp", "height": "0.2"}),
            (7, 24.9, 60.1, {"highway": "crossing"}),
            (6, 24.9, 60.1, {"man_made": "surveillance", "camera:mount": "wall"}),
            (5, 24.9, 60.1, {"man_made": "surveillance", "camera:mount": "pole"}),
            (4, 24.9, 60.1, {"man_made": "surveillance"}),
            (3, 24.9, 60.1, {"highway": "street_lamp", "indoor": "yes"}),
        ],
    )
    poles = osm.read_osm(path, "poles")
    assert list(poles["id"]) == ["node/4", "node/5", "node/8", "node/9", "node/10"]
    assert list(poles["kind"]) == ["monitoring_pole"] * 2 + ["lamp_pole"] * 3
    assert poles["height_m"].isna().tolist() == [True, True, True, False, False]
    assert poles["height_m"].iloc[3:].tolist() == [6.0, 8.0]
    assert poles["owner"].iloc[4] == "City"
    assert poles["owner"].isna().sum() == 4
    assert set(poles["origin"]) == {osm.ORIGIN}
    assert [c for c in poles if c != "geometry"] == [c.name for c in schema.TABLES["poles"].columns]
    assert poles.crs == "EPSG:4326"
    assert poles.attrs["faults"] == ()


def test_roads(tmp_path):
    line = [(24.9, 60.1), (24.91, 60.1)]
    tags = [
        {"highway": "primary", "ref": "S215", "name": "街"},
        {"highway": "primary", "ref": "51"},
        {"highway": "trunk", "ref": "G109"},
        {"highway": "motorway", "ref": "G18"},
        {"highway": "residential", "tunnel": "yes"},
        {"highway": "residential", "tunnel": "building_passage"},
        {"highway": "footway"},
        {"highway": "tertiary_link", "ref": "X641"},
        {"railway": "tram"},
    ]
    path = write_osm(tmp_path / "a.osm", ways=[(i, line, t) for i, t in enumerate(tags, 1)])
    roads = osm.read_osm(path, "roads").set_index("id")
    assert roads["class"].to_dict() == {
        "way/1": "provincial",
        "way/2": "provincial",
        "way/3": "national",
        "way/4": "motorway",
        "way/6": "street",
        "way/8": "county",
    }
    assert roads["name"].dropna().to_dict() == {
        "way/1": "街",
        "way/2": "51",
        "way/3": "G109",
        "way/4": "G18",
        "way/8": "X641",
    }
    assert roads["important"].isna().all()


def test_buildings(tmp_path):
    tags = [
        {"building": "apartments", "building:levels": "5;6", "height": "18.5"},
        {"building": "yes", "amenity": "school", "building:levels": "many"},
        {"building": "yes"},
        {"building": "roof"},
        {"building": "yes", "location": "underground"},
        {"building": "subway_entrance"},
    ]
    ways = [(i, square(24.9 + 0.01 * i, 60.1), t) for i, t in enumerate(tags, 1)]
    buildings = osm.read_osm(write_osm(tmp_path / "a.osm", ways=ways), "buildings")
    assert list(buildings["id"]) == ["way/1", "way/2", "way/3"]
    assert list(buildings.geom_type) == ["Polygon"] * 3
    assert buildings["levels"].iloc[0] == 6.0
    assert buildings["height_m"].iloc[0] == 18.5
    assert buildings[["levels", "height_m"]].iloc[1:].isna().all(axis=None)
    assert buildings["use"].iloc[:2].tolist() == ["apartments", "school"]
    assert buildings["use"].isna().iloc[2]


def test_an_area_gives_a_point_inside_where_points_are_wanted(tmp_path):
    hospital = square(24.9, 60.1)
    path = write_osm(
        tmp_path / "a.osm",
        nodes=[(1, 24.95, 60.15, {"amenity": "hospital"})],
        ways=[(1, hospital, {"amenity": "hospital", "name": "医院"})],
    )
    venues = osm.read_osm(path, "venues")
    assert list(venues["id"]) == ["node/1", "way/1"]
    assert list(venues.geom_type) == ["Point", "Point"]
    assert shapely.Polygon(hospital).contains(venues.geometry.iloc[1])
    zones = osm.read_osm(path, "zones")
    assert zones["kind"].tolist() == ["functional_area"]


def test_only_masts_that_carry_antennas_are_sites(tmp_path):
    nodes = [
        (1, 24.9, 60.1, {"man_made": "mast", "tower:type": "communication", "height": "42"}),
        (2, 24.9, 60.1, {"man_made": "tower", "tower:type": "observation"}),
        (3, 24.9, 60.1, {"man_made": "tower"}),
        (4, 24.9, 60.1, {"man_made": "mast", "communication:mobile_phone": "yes"}),
    ]
    sites = osm.read_osm(write_osm(tmp_path / "a.osm", nodes), "sites")
    assert list(sites["id"]) == ["node/1", "node/4"]
    assert sites["height_m"].iloc[0] == 42.0
    assert sites[["power", "tenants", "fibre"]].isna().all(axis=None)


def test_villages_have_names_and_their_kind(tmp_path):
    nodes = [
        (1, 107.0, 40.0, {"place": "village", "name": "巴音嘎查", "population": "812"}),
        (2, 107.1, 40.0, {"place": "hamlet", "name": "Ar", "name:zh": "阿日"}),
        (3, 107.2, 40.0, {"place": "hamlet"}),
        (4, 107.3, 40.0, {"place": "town", "name": "镇"}),
        (5, 107.4, 40.0, {"place": "village", "name": "多", "population": "about 90"}),
    ]
    villages = osm.read_osm(write_osm(tmp_path / "a.osm", nodes), "villages").set_index("id")
    assert villages["name"].to_dict() == {"node/1": "巴音嘎查", "node/2": "阿日", "node/5": "多"}
    assert villages["kind"].tolist() == ["administrative", "natural", "administrative"]
    assert villages["population"].iloc[0] == 812.0
    assert villages["population"].isna().tolist() == [False, True, True]
    assert villages["code"].isna().all()


def test_layers_are_written_as_a_region_takes_them(tmp_path):
    road = [(107.0, 40.0), (107.9, 40.0)]
    nodes = [
        (1, 107.05, 40.05, {"highway": "street_lamp", "operator": "=HYPERLINK(1)<b>"}),
        (2, 107.5, 40.05, {"highway": "street_lamp"}),
        (3, 107.5, 40.06, {"man_made": "mast", "tower:type": "communication"}),
        (4, 107.06, 40.05, {"highway": "speed_camera"}),
        (5, 109.0, 40.05, {"man_made": "mast", "tower:type": "communication"}),
    ]
    ways = [
        (1, road, {"highway": "primary", "ref": "S215"}),
        (2, square(107.09, 40.05, 0.05), {"landuse": "residential"}),
        (3, square(107.2, 40.05, 0.05), {"landuse": "residential"}),
    ]
    extract = write_osm(tmp_path / "a.osm", nodes, ways)
    boundary = shapely.box(107.0, 39.9, 107.1, 40.1)
    path = tmp_path / "osm.gpkg"
    rows, faults = osm.write_osm_layers(extract, boundary, (106.8, 39.7, 108.0, 40.3), path)
    # poles and zones in the boundary; a neighbour's mast and the whole road inside the box
    expected = {"zones": 1, "villages": 0, "roads": 1, "venues": 0, "sites": 1, "buildings": 0}
    assert rows == expected | {"poles": 2}
    assert faults == []
    assert {name for name, _ in pyogrio.list_layers(path)} == {"zones", "roads", "sites", "poles"}
    poles = pyogrio.read_dataframe(path, layer="poles")
    assert poles["owner"].iloc[0] == "=HYPERLINK(1)<b>"
    assert poles["kind"].tolist() == ["lamp_pole", "monitoring_pole"]
    again = tmp_path / "again.gpkg"
    osm.write_osm_layers(extract, boundary, (106.8, 39.7, 108.0, 40.3), again)
    assert again.read_bytes() == path.read_bytes()


def test_an_extract_of_elsewhere_is_refused(tmp_path):
    with pytest.raises(InputError, match="no feature"):
        osm.write_osm_layers(HELSINKI, shapely.box(0, 0, 1, 1), (0, 0, 1, 1), tmp_path / "a.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_polygon_is_repaired_or_told(tmp_path):
    bow = [(24.9, 60.1), (24.91, 60.11), (24.91, 60.1), (24.9, 60.11), (24.9, 60.1)]
    flat = [(25.0, 60.1), (25.01, 60.1), (25.02, 60.1), (25.0, 60.1)]
    ways = [(1, bow, {"building": "yes"}), (2, flat, {"building": "yes"})]
    buildings = osm.read_osm(write_osm(tmp_path / "a.osm", ways=ways), "buildings")
    assert list(buildings["id"]) == ["way/1"]
    assert buildings.is_valid.all()
    # Two triangles, each a quarter of the square.
    assert shapely.area(buildings.geometry.iloc[0]) == pytest.approx(0.5 * 0.01 * 0.01)
    (fault,) = buildings.attrs["faults"]
    assert fault.severity == "warning"
    assert fault.value == "way/2"


def test_an_extract_without_the_features_gives_an_empty_table(tmp_path):
    path = write_osm(tmp_path / "a.osm", [(1, 24.9, 60.1, {"amenity": "bench"})])
    for layer in osm_tags.osm_layers():
        rows = osm.read_osm(path, layer)
        assert len(rows) == 0
        assert rows.crs == "EPSG:4326"
        assert [c for c in rows if c != "geometry"] == [
            c.name for c in schema.TABLES[layer].columns
        ]


def test_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "a.osm.pbf").write_bytes(b"no extract")
    for path, layer in [
        (tmp_path / "none.osm.pbf", "roads"),
        (tmp_path / "a.osm.pbf", "roads"),
        (HELSINKI, "townships"),
    ]:
        with pytest.raises(InputError, match=path.name):
            osm.read_osm(path, layer)


@pytest.mark.parametrize("given_folder", [None, "/given"])
def test_temporary_files_stay_out_of_the_working_directory(monkeypatch, given_folder):
    seen = []
    read = pyogrio.open_arrow

    def spy(*args, **options):
        seen.append(pyogrio.get_gdal_config_option("CPL_TMPDIR"))
        return read(*args, **options)

    monkeypatch.setattr(pyogrio, "open_arrow", spy)
    pyogrio.set_gdal_config_options({"CPL_TMPDIR": given_folder})
    try:
        osm.read_osm(HELSINKI, "poles")
        assert pyogrio.get_gdal_config_option("CPL_TMPDIR") == given_folder
    finally:
        pyogrio.set_gdal_config_options({"CPL_TMPDIR": None})
    assert seen
    assert None not in seen
    assert given_folder is None or set(seen) == {given_folder}


@pytest.fixture(scope="module")
def real():
    """Every layer of the real extract, read without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {layer: osm.read_osm(HELSINKI, layer) for layer in osm_tags.osm_layers()}


def test_the_real_extract_fits_the_schema(real):
    for layer, rows in real.items():
        table = schema.TABLES[layer]
        assert len(rows) > 0 or layer == "villages"  # a city centre has none
        if len(rows) == 0:
            continue
        assert rows["id"].is_unique
        assert rows.geometry.is_valid.all()
        assert not rows.geometry.is_empty.any()
        assert {
            kind.removeprefix("Multi").removesuffix("String").lower() for kind in rows.geom_type
        } == {table.geometry}
        for column in table.columns:
            values = rows[column.name].dropna()
            assert not column.choices or values.isin(column.choices).all()
            assert not column.required or rows[column.name].notna().all()
            assert column.low is None or values.between(column.low, column.high).all()


def test_counts_of_the_real_extract(real):
    poles = real["poles"]["kind"].value_counts()
    assert poles["lamp_pole"] == 586  # counted with another reader of the format
    # 221 surveillance nodes by the same reader, two on walls and one indoors; two speed cameras
    assert poles["monitoring_pole"] == 221 - 3 + 2


def test_the_filter_in_the_file_loses_nothing(real, monkeypatch):
    monkeypatch.setattr(osm, "_condition", lambda _rules, _fields: "1 = 1")
    for name in ("poles", "venues", "sites"):
        assert osm.read_osm(HELSINKI, name).equals(real[name])


def test_layers_read_together_are_those_read_alone(real, tmp_path):
    """Writing reads all layers in one go, a batch at a time, and finds the same features."""
    box = shapely.box(24.0, 60.0, 26.0, 61.0)
    osm.write_osm_layers(HELSINKI, box, box.bounds, tmp_path / "a.gpkg")
    for name, rows in real.items():
        if len(rows):
            written = pyogrio.read_dataframe(tmp_path / "a.gpkg", layer=name, columns=["id"])
            assert sorted(written["id"]) == sorted(rows["id"])


def test_bounds_keep_what_reaches_into_the_box(real):
    bounds = (24.94, 60.168, 24.945, 60.172)
    for layer in ("poles", "roads", "buildings"):
        rows = real[layer]
        # The file is filtered by the envelopes of the features.
        inside = {
            i
            for i, shape in zip(rows["id"], rows.envelope, strict=True)
            if shape.intersects(shapely.box(*bounds))
        }
        assert set(osm.read_osm(HELSINKI, layer, bounds)["id"]) == inside


@pytest.mark.parametrize(("margin_m", "read"), [(0.0, 2), (20_000.0, 3), (100_000.0, 4)])
def test_of_an_extract_a_region_reads_what_is_near(tmp_path, margin_m, read):
    """Lamps in the boundary, and 2, 15 and 90 km east of it."""
    degree_m = 111_195.0 * math.cos(math.radians(60.0))
    lamps = [
        (i, 25.0 + east_m / degree_m, 60.0, {"highway": "street_lamp"})
        for i, east_m in enumerate((-500.0, 2000.0, 15_000.0, 90_000.0), start=1)
    ]
    write_osm(tmp_path / "a.osm", lamps)
    boundary = gpd.GeoDataFrame(geometry=[shapely.box(24.9, 59.95, 25.0, 60.05)], crs="EPSG:4326")
    poles, source = schema.TABLES["poles"], LayerSource(path="a.osm")
    reference = Reference.of(boundary, "091", margin_m=margin_m)
    assert len(read_table(tmp_path, poles, source, reference=reference)) == read
    assert len(read_table(tmp_path, poles, source)) == 4
