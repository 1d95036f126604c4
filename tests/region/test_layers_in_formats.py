"""Lines, polygons and points of a region read alike from every format, encoding and system."""

import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import siteplan
from siteplan import schema
from siteplan.region import datum
from tests.conftest import HEIGHT_M, SCENARIO, TARGETS, WIDTH_M, lonlat

LAYERS = ("boundary", "townships", "roads", "sites")


def box(west, south, east, north):
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return shapely.Polygon([lonlat(*corner) for corner in corners])


def line(*places):
    return shapely.LineString([lonlat(*place) for place in places])


WEST, EAST = box(0, 0, 6000, HEIGHT_M), box(6000, 0, WIDTH_M, HEIGHT_M)
ISLAND = box(9000, 5000, 9500, 5500)
FRAMES = {
    "boundary": gpd.GeoDataFrame(
        {"name": ["小旗"], "code": ["159999"]},
        geometry=[box(10, 10, WIDTH_M - 10, HEIGHT_M - 10)],
        crs="EPSG:4490",
    ),
    "townships": gpd.GeoDataFrame(
        {"name": ["西苏木", "东镇"], "code": ["159999100", "159999101"]},
        geometry=[WEST.union(ISLAND), EAST.difference(ISLAND)],  # of two parts, and with a hole
        crs="EPSG:4490",
    ),
    "roads": gpd.GeoDataFrame(
        {
            "id": ["r1", "r2", "r3"],
            "name": ["S215", "巴音线", None],
            "class": ["provincial", "county", "township"],
            "important": [True, False, None],
        },
        geometry=[
            line((500, 3000), (6000, 3100), (11_500, 3000)),
            shapely.MultiLineString(
                [line((3000, 500), (3000, 2500)), line((3000, 3500), (3100, 5500))]
            ),
            line((8000, 500), (9000, 2500), (8500, 5800)),
        ],
        crs="EPSG:4490",
    ),
    "sites": gpd.GeoDataFrame(
        {
            "id": ["150625000000000001", "b", "c"],
            "name": ["西塔", "中塔", "东塔"],
            "kind": ["tower", "new", "lamp_pole"],
            "status": ["existing", "candidate", "candidate"],
            "height_m": [40.0, 35.5, np.nan],
            "tenants": [2, None, 0],
            "power": ["direct", None, "resold"],
            "fibre": [True, None, False],
        },
        geometry=shapely.points([lonlat(1000, 1500), lonlat(6000, 3500), lonlat(10_500, 3500)]),
        crs="EPSG:4490",
    ),
}
WORDS = {
    "provincial": "省道", "county": "县道", "township": "乡道", "tower": "铁塔", "new": "新建",
    "lamp_pole": "路灯杆", "existing": "现有", "candidate": "备选", "direct": "直供电", "resold": "转供电",
}  # fmt: skip
FLAGS = {True: "是", False: "否"}


def as_offices_write(frame, layer, *, blank="/"):
    """Chinese headers and words, text in every cell."""
    columns = {column.name: column for column in schema.TABLES[layer].columns}
    plain = {}
    for name in frame.columns.drop("geometry"):
        cells = frame[name].astype(object)
        words = FLAGS if columns[name].kind == "flag" else WORDS if columns[name].choices else {}
        texts = [
            blank
            if pd.isna(cell)
            else words.get(cell, f"{cell:g}" if isinstance(cell, float) else str(cell))
            for cell in cells
        ]
        plain[columns[name].zh] = texts
    return gpd.GeoDataFrame(plain, geometry=frame.geometry.to_numpy(), crs=frame.crs)


def typed(frame):
    kinds = {"important": "boolean", "fibre": "boolean", "tenants": "Int64"}
    return frame.astype({name: kind for name, kind in kinds.items() if name in frame})


def gpkg(folder, layer, frame):
    typed(frame).to_file(folder / "all.gpkg", layer=layer)
    return {"path": "all.gpkg", "layer": layer}


def geojson(folder, layer, frame):
    typed(frame).to_crs(4326).to_file(folder / f"{layer}.geojson")
    return {"path": f"{layer}.geojson"}


def shapefile(folder, layer, frame, *, encoding="GBK", crs="EPSG:4490"):
    as_offices_write(frame.to_crs(crs), layer).to_file(folder / f"{layer}.shp", encoding=encoding)
    return {"path": f"{layer}.shp"}


def shapefile_without_cpg(folder, layer, frame):
    source = shapefile(folder, layer, frame)
    (folder / f"{layer}.cpg").unlink()
    return source


def shapefile_utf8_with_zone(folder, layer, frame):
    return shapefile(folder, layer, frame, encoding="UTF-8", crs="EPSG:4524")


def shapefile_without_prj(folder, layer, frame):
    source = shapefile(folder, layer, frame, crs="EPSG:4545")
    (folder / f"{layer}.prj").unlink()
    return source | {"crs": "EPSG:4545"}


def zipped(folder, layer, frame):
    shapefile_without_cpg(folder, layer, frame)
    with zipfile.ZipFile(folder / f"{layer}.zip", "w") as archive:
        for part in sorted(folder.glob(f"{layer}.*")):
            if part.suffix != ".zip":
                archive.write(part, f"数据/{part.name}")
                part.unlink()
    return {"path": f"{layer}.zip"}


def geodatabase(folder, layer, frame):
    path = folder / "all.gdb"
    as_offices_write(frame, layer).to_file(
        path, driver="OpenFileGDB", layer=layer, promote_to_multi=True
    )
    return {"path": "all.gdb", "layer": layer}


def kml(folder, layer, frame, *, suffix="kml"):
    # the format has a name of its own, and no blank in it
    text = as_offices_write(frame.to_crs(4326), layer)
    text.to_file(folder / f"{layer}.{suffix}", driver="LIBKML")
    return {"path": f"{layer}.{suffix}"}


def kmz(folder, layer, frame):
    return kml(folder, layer, frame, suffix="kmz")


def mapinfo(folder, layer, frame):
    text = as_offices_write(frame, layer)
    zh = {column.zh: column.name for column in schema.TABLES[layer].columns}
    text.rename(columns=zh).to_file(
        folder / f"{layer}.tab", driver="MapInfo File", encoding="CP936"
    )
    return {"path": f"{layer}.tab"}


def parquet(folder, layer, frame):
    typed(frame).to_parquet(folder / f"{layer}.parquet")
    return {"path": f"{layer}.parquet"}


def csv(folder, layer, frame, *, encoding="utf-8", crs="EPSG:4490"):
    text = as_offices_write(frame, layer)
    table = pd.DataFrame(text.drop(columns="geometry")).assign(
        WKT=shapely.to_wkt(text.geometry, 10)
    )
    table.to_csv(folder / f"{layer}.csv", index=False, encoding=encoding)
    return {"path": f"{layer}.csv", "crs": crs}


def csv_gbk_in_a_zone(folder, layer, frame):
    return csv(folder, layer, frame.to_crs("EPSG:4545"), encoding="gbk", crs="EPSG:4545")


def csv_swapped(folder, layer, frame):
    turned = frame.set_geometry(
        gpd.GeoSeries(
            shapely.transform(frame.to_crs("EPSG:4524").geometry, lambda corners: corners[:, ::-1])
        )
    )
    return csv(folder, layer, turned, crs="EPSG:4524 swapped")


def xlsx(folder, layer, frame):
    text = as_offices_write(frame, layer, blank="")
    table = pd.DataFrame(text.drop(columns="geometry")).assign(
        WKT=shapely.to_wkt(text.geometry, 10)
    )
    table.to_excel(folder / f"{layer}.xlsx", index=False)
    return {"path": f"{layer}.xlsx", "crs": "EPSG:4490"}


def shifted(frame, system):
    def forward(corners):
        return np.column_stack(datum.FORWARD[system](*corners.T))

    moved = shapely.transform(frame.geometry.to_numpy(), forward)
    return frame.set_geometry(gpd.GeoSeries(moved, frame.index, "EPSG:4326"))


def geojson_of_a_map_service(folder, layer, frame):
    return geojson(folder, layer, shifted(frame, "gcj02")) | {"crs": "gcj02"}


def csv_of_baidu(folder, layer, frame):
    return csv(folder, layer, shifted(frame, "bd09"), encoding="utf-8-sig", crs="bd09")


WRITERS = [
    gpkg, geojson, shapefile, shapefile_without_cpg, shapefile_utf8_with_zone, shapefile_without_prj, zipped,
    geodatabase, kml, kmz, mapinfo, parquet, csv, csv_gbk_in_a_zone, csv_swapped, xlsx,
    geojson_of_a_map_service, csv_of_baidu,
]  # fmt: skip


def write_region(folder, writer):
    head, tail = SCENARIO.split("[layers.boundary]")
    tail = tail[tail.index("[targets]") :]
    text = head.replace("50.0", "500.0") + "[layers.terrain]\nflat_m = 1200.0\n"
    for layer in LAYERS:
        source = writer(folder, layer, FRAMES[layer])
        text += f"[layers.{layer}]\n" + "".join(
            f'{key} = "{value}"\n' for key, value in source.items()
        )
    (folder / "scenario.toml").write_text(f"greenfield = true\n{text}{tail}", encoding="utf-8")
    (folder / "targets.toml").write_text(TARGETS, encoding="utf-8")
    return siteplan.read_region(folder)


@pytest.fixture(scope="module")
def want(tmp_path_factory):
    return write_region(tmp_path_factory.mktemp("want"), gpkg)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_lines_polygons_and_points_read_alike(tmp_path, want, writer):
    region = write_region(tmp_path, writer)
    assert region.geobox == want.geobox
    assert set(region.layers) == set(LAYERS)
    for layer in LAYERS:
        found, given = region.layers[layer], FRAMES[layer]
        for name in given.columns.drop("geometry"):
            cells = [None if pd.isna(cell) else cell for cell in found.reset_index()[name]]
            written = [None if pd.isna(cell) else cell for cell in given[name]]
            assert cells == written, (layer, name)
        true = given.geometry.to_crs(region.crs).to_numpy()
        # MapInfo rounds to 6 cm
        assert shapely.hausdorff_distance(found.geometry.to_numpy(), true).max() < 0.15
