"""Land cover at the door: its heights, its voids, and what is refused."""

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from odc.geo.geobox import GeoBox
from rasterio.transform import from_origin

import siteplan
from siteplan import catalog
from siteplan.errors import InputError
from siteplan.propagation import p1812
from siteplan.propagation.sweep import sweep
from siteplan.region import surface
from siteplan.scenario import BuildingSource, LandCoverSource, Scenario
from tests import handmade as hand
from tests.conftest import EAST, HEIGHT_M, NORTH, WIDTH_M

WORLDCOVER = catalog.land_covers()["worldcover"]
ENTRY = '[layers.landcover]\npath = "landcover.tif"\n'


def write_codes(path, codes, *, cell_m=10.0, west=EAST, north=None, **profile):
    """Write a raster of codes; its upper left corner is that of the small region unless told."""
    codes = np.asarray(codes)
    north = NORTH + HEIGHT_M if north is None else north
    settings = {"driver": "GTiff", "count": 1, "dtype": codes.dtype.name, "nodata": 0} | profile
    settings |= {"height": codes.shape[0], "width": codes.shape[1]}
    settings |= {"transform": from_origin(west, north, cell_m, cell_m)}
    with rasterio.open(path, "w", **({"crs": "EPSG:4545"} | settings)) as raster:
        raster.write(codes, 1)


def grid(codes, factor, *, cell_m=10.0):
    """Coarser grid over a raster of codes."""
    rows, columns = codes.shape
    box = (EAST, NORTH + HEIGHT_M - rows * cell_m, EAST + columns * cell_m, NORTH + HEIGHT_M)
    return GeoBox.from_bbox(box, "EPSG:4545", shape=(rows // factor, columns // factor), tight=True)


def read(folder, geobox, **source):
    return surface.read_landcover(folder, LandCoverSource(path="landcover.tif", **source), geobox)


# --- the catalogue ---------------------------------------------------------------------------------


def test_heights_of_the_recommendation():
    # Rec. ITU-R P.1812-6 to -8, Table 2; forest is split off from urban at the same height
    heights = {name: item.height_m for name, item in catalog.clutter_categories().items()}
    assert heights == {
        "water": 0.0, "open": 0.0, "suburban": 10.0, "urban": 15.0, "dense_urban": 20.0, "forest": 15.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("product", "codes"),
    [
        ("worldcover", {10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100}),
        ("globeland30", {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 255}),
    ],
)
def test_every_published_class_is_there(product, codes):
    product = catalog.land_covers()[product]
    assert set(product.heights()) == codes
    assert all(item.basis and item.mark for item in product.classes.values())


@pytest.mark.parametrize("product", ["worldcover", "globeland30"])
def test_town_and_forest_are_never_one_class(product):
    classes = catalog.land_covers()[product].classes.values()
    words = {"tree": "forest", "forest": "forest", "mangrove": "forest", "built": "suburban"}
    words |= {"artificial": "suburban", "water": "water"}
    found = {
        item.en: item.category for item in classes for word in words if word in item.en.lower()
    }
    for name, category in found.items():
        assert category == next(kind for word, kind in words.items() if word in name.lower())
    assert {"forest", "suburban", "water"} <= set(found.values())


# --- codes to heights ------------------------------------------------------------------------------

codes = arrays(np.int32, (3, 4), elements=st.sampled_from([*WORLDCOVER.heights(), surface.VOID]))


@given(
    codes,
    st.none() | st.floats(0.0, 50.0),
    st.dictionaries(st.sampled_from(["10", "50"]), st.floats(0, 60)),
)
def test_each_cell_has_the_height_of_its_class(code, missing_m, own):
    found = surface.landcover_height(code, WORLDCOVER, heights_m=own, missing_m=missing_m)
    unknown = np.nan if missing_m is None else missing_m
    by_hand = [
        [own.get(str(c), WORLDCOVER.heights().get(c, unknown)) for c in row]
        for row in code.tolist()
    ]
    np.testing.assert_array_equal(found, np.float32(by_hand))


def test_a_code_that_the_product_lacks_has_no_height():
    with pytest.raises(ValueError, match="77"):
        surface.landcover_height(np.int32([[10, 77]]), WORLDCOVER)


heights = arrays(np.float32, 6, elements=st.sampled_from([np.nan, 0.0, 5.0, 15.0]))
buildings = arrays(np.float32, 6, elements=st.sampled_from([0.0, 6.0, 30.0]))


@given(heights, buildings)
def test_the_higher_one_counts_and_unknown_is_never_ground(cover, building):
    found = surface.clutter_height(cover, building)
    for one, other, both in zip(cover, building, found, strict=True):
        if np.isnan(one):
            assert both == other if other > 0.0 else np.isnan(both)
        else:
            assert both == max(one, other)


def test_without_land_cover_the_buildings_remain():
    assert surface.clutter_height(None, np.zeros(3, np.float32)) is None
    assert surface.clutter_height(None, np.float32([0, 9])).tolist() == [0.0, 9.0]


# --- the raster ------------------------------------------------------------------------------------


def test_nearest_takes_the_centre_and_mode_the_most_frequent(tmp_path):
    codes = np.full((3, 6), 30, np.uint8)
    codes[1, 1] = 10  # a tree in the middle of the first cell
    codes[:, 3:] = [[10, 10, 10], [10, 30, 10], [10, 10, 10]]  # a glade in the middle of a wood
    write_codes(tmp_path / "landcover.tif", codes)
    assert read(tmp_path, grid(codes, 3)).tolist() == [[10, 30]]
    assert read(tmp_path, grid(codes, 3), resampling="mode").tolist() == [[30, 10]]


def test_nearest_keeps_the_share_of_what_is_thinly_spread(tmp_path):
    # one pixel in ten is a tree, nowhere the most frequent
    codes = np.where(np.random.default_rng(7).random((900, 900)) < 0.1, 10, 30).astype(np.uint8)
    write_codes(tmp_path / "landcover.tif", codes)
    box = grid(codes, 9)
    # 10,000 cells: standard error 0.3 %
    assert (read(tmp_path, box) == 10).mean() == pytest.approx(0.1, abs=0.012)
    assert (read(tmp_path, box, resampling="mode") == 10).mean() == 0.0


def test_voids_of_the_raster_and_of_the_product(tmp_path):
    codes = np.array([[30, 0, 255, 10]], np.uint8)
    write_codes(tmp_path / "landcover.tif", codes, nodata=255)
    found = read(tmp_path, grid(codes, 1))
    assert found.tolist() == [[30, surface.VOID, surface.VOID, 10]]


def faults_of(folder, geobox, **source):
    with pytest.raises(InputError) as caught:
        read(folder, geobox, **source)
    assert all(fault.remedy for fault in caught.value.faults)
    return caught.value.faults


def test_unknown_codes_are_told_with_their_share(tmp_path):
    codes = np.array([[30, 7, 7, 61], [30, 30, 30, 30]], np.uint8)
    write_codes(tmp_path / "landcover.tif", codes)
    faults = faults_of(tmp_path, grid(codes, 1))
    assert [fault.value for fault in faults] == [
        "7 in 25.00% of the grid",
        "61 in 12.50% of the grid",
    ]
    # the same codes are classes of nobody's product but one's own
    own = 'title = "乡土地类"\nsource = "本局"\ndate = "2021"\nmark = "2"\n' + "".join(
        f'[classes.{code}]\nzh = "{zh}"\nen = "{zh}"\ncategory = "{kind}"\nbasis = "b"\nmark = "k"\n'
        for code, zh, kind in ((30, "草", "open"), (7, "林", "forest"), (61, "镇", "urban"))
    )
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    assert read(tmp_path, grid(codes, 1), classes="own.toml").tolist() == codes.tolist()


@pytest.mark.parametrize(
    ("source", "column", "rule"),
    [
        ({"classes": "worldcovr"}, "classes", "no such name"),
        ({"heights_m": {"11": 3.0}}, "heights_m", "no such name"),
        ({"classes": "none.toml"}, "", "does not exist"),
    ],
)
def test_a_product_that_is_none(tmp_path, source, column, rule):
    codes = np.full((2, 2), 30, np.uint8)
    write_codes(tmp_path / "landcover.tif", codes)
    (fault,) = faults_of(tmp_path, grid(codes, 1), **source)
    assert fault.column.endswith(column)
    assert rule in fault.rule


@pytest.mark.parametrize(
    ("profile", "rule"),
    [
        ({"crs": None}, "no coordinate reference system"),
        ({"dtype": "float32"}, "whole numbers"),
        ({"west": EAST + 1e6}, "no class anywhere"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_raster_that_is_no_land_cover(tmp_path, profile, rule):
    codes = np.full((2, 2), 30, np.uint8)
    write_codes(tmp_path / "landcover.tif", codes, **profile)
    (fault,) = faults_of(tmp_path, grid(codes, 1))
    assert rule in fault.rule


@pytest.mark.parametrize("content", [None, b"", b"II*\x00 and nothing more", "乱码".encode()])
def test_a_file_that_is_no_raster(tmp_path, content):
    if content is not None:
        (tmp_path / "landcover.tif").write_bytes(content)
    (fault,) = faults_of(tmp_path, grid(np.zeros((2, 2)), 1))
    assert fault.source == "landcover.tif"


@pytest.mark.parametrize("path", ["/etc/passwd", "../landcover.tif"])
def test_a_raster_outside_the_folder(tmp_path, path):
    source = LandCoverSource(path=path)
    with pytest.raises(InputError, match="inside the region folder"):
        surface.read_landcover(tmp_path, source, grid(np.zeros((2, 2)), 1))


# --- buildings -------------------------------------------------------------------------------------


def houses(*rows):
    names = ["id", "height_m", "levels", "geometry"]
    return hand.layer("buildings", [dict(zip(names, row, strict=True)) for row in rows])


def test_buildings_keep_their_share_of_the_ground_at_any_cell_size():
    random = np.random.default_rng(1)
    corners = random.uniform(0.0, 9950.0, (4000, 2))
    sizes = random.uniform(8.0, 50.0, (4000, 2))
    frame = houses(
        *[
            (f"b{i}", 9.0, None, hand.box(*corner, *(corner + size)))
            for i, (corner, size) in enumerate(zip(corners, sizes, strict=True))
        ]
    )
    built = frame.union_all().area / 1e8
    for cell_m in (10.0, 50.0, 100.0):
        count = int(10_000 / cell_m)
        box = hand.region(shape=(count, count), cell_m=cell_m).geobox
        found, warnings = surface.building_surface(frame, BuildingSource(path="b"), box)
        # four standard errors of a count of independent cells
        assert (found == 9.0).mean() == pytest.approx(built, abs=4.0 * (built / count**2) ** 0.5)
        assert warnings == []


@pytest.mark.parametrize(("missing_m", "height_m"), [(None, 0.0), (7.5, 7.5)])
def test_a_missing_height_is_told_and_never_guessed(missing_m, height_m):
    region = hand.region(shape=(4, 4), cell_m=10.0)
    frame = houses(
        ("a", 30.0, None, hand.box(0, 0, 10, 40)),
        ("b", None, 4.0, hand.box(10, 0, 20, 40)),
        ("c", None, None, hand.box(20, 0, 40, 40)),
    )
    source = BuildingSource(path="houses.gpkg", missing_m=missing_m)
    found, (warning,) = surface.building_surface(frame, source, region.geobox)
    assert found.tolist() == [[30.0, 12.0, height_m, height_m]] * 4
    assert warning.severity == "warning"
    assert warning.value == "1 of 3, 50% of the built ground"
    assert ("7.5 m is assumed" if missing_m else "left out") in warning.rule
    assert frame["height_m"].isna().sum() == 2  # the layer itself is not touched


def test_no_buildings_no_height():
    box = hand.region(shape=(2, 3)).geobox
    found, warnings = surface.building_surface(None, None, box)
    assert found.tolist() == [[0.0] * 3] * 2
    assert warnings == []


# --- in a region -----------------------------------------------------------------------------------


def add_landcover(folder, codes, entry=ENTRY, *, cell_m=100.0):
    write_codes(folder / "landcover.tif", codes, cell_m=cell_m)
    text = (folder / "scenario.toml").read_text(encoding="utf-8")
    text = text.replace("[targets]\n", f"{entry}[targets]\n", 1)
    (folder / "scenario.toml").write_text(text, encoding="utf-8")


def test_a_region_with_forest_and_void(small_folder):
    codes = np.full((int(HEIGHT_M / 100), int(WIDTH_M / 100)), 30, np.uint8)
    codes[:, :40] = 10  # 4 of 12 km
    codes[:, 90:] = 0  # 3 of 12 km
    add_landcover(small_folder, codes)
    region = siteplan.read_region(small_folder)
    inside = region.clutter_m[60]  # a row across the middle, 50 m cells, two cells of margin
    assert (inside[4:78] == 15.0).all()
    assert (inside[86:178] == 0.0).all()
    assert np.isnan(inside[186:]).all()
    assert (region.building_m == 0.0).all()
    (warning,) = region.warnings
    assert "unknown" in warning.rule
    assert warning.value.startswith("25.")  # 3 of 12 km, and cells on the edge
    assert {file.layer for file in region.inputs} >= {"landcover", "terrain"}


def test_a_void_may_be_given_a_height_on_purpose(small_folder):
    codes = np.full((60, 60), 30, np.uint8)
    add_landcover(small_folder, codes, ENTRY + "missing_m = 2.0\n")
    region = siteplan.read_region(small_folder)
    assert set(np.unique(region.clutter_m)) == {0.0, 2.0}
    (warning,) = region.warnings
    assert "2 m is assumed" in warning.rule


def test_a_faulty_land_cover_is_told_with_the_other_faults(small_folder):
    add_landcover(small_folder, np.full((60, 120), 31, np.uint8))
    (small_folder / "terrain.tif").unlink()
    with pytest.raises(InputError) as caught:
        siteplan.read_region(small_folder)
    assert {fault.source for fault in caught.value.faults} == {"terrain.tif", "landcover.tif"}


@pytest.mark.parametrize(("model", "count"), [("p1812", 1), ("tr38901-rma", 0)])
def test_bare_ground_is_said_where_it_matters(model, count):
    found = surface.bare_ground_warnings(hand.scenario(radio={"macro_model": model}))
    assert len(found) == count


def test_no_height_below_the_ground():
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Scenario.model_validate(
            hand.scenario().model_dump() | {"layers": {
                "boundary": {"path": "b"}, "terrain": {"flat_m": 0.0},
                "landcover": {"path": "c.tif", "heights_m": {"10": -1.0}},
            }}
        )  # fmt: skip


# --- what a terrain model makes of it --------------------------------------------------------------


def test_a_wood_costs_signal_behind_it_and_nothing_before_it():
    ground = np.zeros((41, 121), np.float32)
    code = np.full(ground.shape, 30, np.int32)
    code[:, 60:80] = 10
    wood = surface.landcover_height(code, WORLDCOVER)
    link = p1812.Link(
        frequency_mhz=2600.0, transmitter_height_m=30.0, receiver_height_m=1.5, latitude_deg=40.0
    )
    place = {"row": 20, "column": 0, "cell_m": 50.0, "radius_m": 5000.0}
    bare = sweep(ground, None, link, **place)[100, 101:]
    wooded = sweep(ground, wood, link, **place)[100, 101:]
    np.testing.assert_array_equal(wooded[:58], bare[:58])  # cells 1 to 58, all before the wood
    # in the wood's third cell and behind it the crowns stand in the way
    assert (wooded[62:] - bare[62:] > 3.0).all()
    # unknown cover: what lies behind is unknown, what lies before is not touched
    code[:, 60:80] = surface.VOID
    unknown = surface.landcover_height(code, WORLDCOVER)
    behind = sweep(ground, unknown, link, **place)[100, 101:]
    np.testing.assert_array_equal(behind[:58], bare[:58])
    assert np.isnan(behind[60:]).all()
