"""The same small region in every format, encoding and system that offices use reads to the same Region."""

import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import prcoords
import pytest
import shapely
from openpyxl.styles import Alignment
from pyproj import Transformer

import siteplan
from siteplan import schema
from siteplan.errors import InputError
from siteplan.region import datum, encodings, headers
from siteplan.region.tables import read_table
from siteplan.scenario import LayerSource
from tests.conftest import lonlat, write_small_region

VILLAGES = pd.DataFrame(
    {
        "id": ["150625100200000001", "150625100200000002", "150625100200000003"],
        "name": ["西村", "东村", "巴音嘎查"],
        "kind": ["administrative", "natural", "administrative"],
        "population": [800.0, np.nan, 320.0],
        "poverty": pd.array([True, False, None], dtype="boolean"),
    }
)
PLACES_M = [(1500.0, 2000.0), (11_000.0, 4000.0), (6000.0, 1000.0)]
LONLAT = np.array([lonlat(*place) for place in PLACES_M])
ZH = {
    "id": "编号",
    "name": "行政村名称",
    "kind": "村庄类型",
    "population": "常住人口",
    "poverty": "是否贫困村",
}
WORDS = {"administrative": "行政村", "natural": "自然村", True: "是", False: "否"}


def villages(*, zh=False, crs="EPSG:4490"):
    frame = VILLAGES.astype({"poverty": object}).copy()
    if zh:
        frame = frame.replace({"kind": WORDS, "poverty": WORDS}).rename(columns=ZH)
    geometry = gpd.GeoSeries(shapely.points(LONLAT), crs="EPSG:4490").to_crs(crs)
    return gpd.GeoDataFrame(frame, geometry=geometry)


def texts(frame):
    """Cells as an office types them: a slash for what is not known."""
    plain = pd.DataFrame(frame.drop(columns="geometry")).astype(object)
    return plain.where(plain.notna(), "/").astype(str).replace({"800.0": "800", "320.0": "320"})


def write(frame, path, **options):
    frame.astype({"poverty": "boolean"} if "poverty" in frame else {}).to_file(
        path, engine="pyogrio", **options
    )


def gpkg(folder):
    write(villages(), folder / "v.gpkg")
    return {"path": "v.gpkg"}


def gpkg_of_many_layers(folder):
    write(villages(), folder / "v.gpkg", layer="村庄")
    write(villages(), folder / "v.gpkg", layer="other")
    return {"path": "v.gpkg", "layer": "村庄"}


def geojson(folder):
    write(villages(zh=True, crs="EPSG:4326"), folder / "v.geojson")
    return {"path": "v.geojson"}


def shapefile(folder, encoding="GBK"):
    write(villages(zh=True), folder / "村.shp", encoding=encoding)
    return {"path": "村.shp"}


def shapefile_without_cpg(folder):
    source = shapefile(folder)
    (folder / "村.cpg").unlink()
    return source


def shapefile_utf8(folder):
    return shapefile(folder, "UTF-8")


def shapefile_utf8_without_cpg(folder):
    source = shapefile(folder, "UTF-8")
    (folder / "村.cpg").unlink()
    return source


def shapefile_projected(folder):
    write(villages(zh=True, crs="EPSG:4524"), folder / "v.shp", encoding="GBK")
    return {"path": "v.shp"}


def zipped_shapefile(folder):
    shapefile_without_cpg(folder)
    with zipfile.ZipFile(folder / "v.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.glob("村.*")):
            archive.write(part, f"资料/{part.name}")
            part.unlink()
    return {"path": "v.zip"}


def file_geodatabase(folder):
    write(villages(zh=True), folder / "v.gdb", driver="OpenFileGDB", layer="v")
    return {"path": "v.gdb"}


def kml(folder):
    frame = villages(zh=True, crs="EPSG:4326")
    frame["是否贫困村"] = frame["是否贫困村"].astype("string")
    frame.to_file(folder / "v.kml", driver="LIBKML", engine="pyogrio")
    return {"path": "v.kml"}


def kmz(folder):
    frame = villages(zh=True, crs="EPSG:4326")
    frame["是否贫困村"] = frame["是否贫困村"].astype("string")
    frame.to_file(folder / "v.kmz", driver="LIBKML", engine="pyogrio")
    return {"path": "v.kmz"}


def kml_of_a_phone(folder, suffix=".kml"):
    """Write untyped data under Chinese names, some of one length, and a photograph."""
    places = []
    for (_, row), place in zip(texts(villages(zh=True)).iterrows(), LONLAT, strict=True):
        data = "".join(
            f'<Data name="{name}"><value>{value}</value></Data>'
            for name, value in row.items()
            if name != "行政村名称"
        )
        places.append(
            f"<Placemark><name>{row['行政村名称']}</name><description>photo.jpg</description>"
            f"<ExtendedData>{data}</ExtendedData><Point><coordinates>{place[0]:.10f},{place[1]:.10f},1201.5"
            "</coordinates></Point></Placemark>"
        )
    head = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
    text = f"{head}<Document><name>收藏</name>{''.join(places)}</Document></kml>"
    if suffix == ".kml":
        (folder / "v.kml").write_text(text, encoding="utf-8")
    else:
        with zipfile.ZipFile(folder / "v.kmz", "w") as archive:
            archive.writestr("files/photo.jpg", b"\xff\xd8")
            archive.writestr("doc.kml", text)
    return {"path": f"v{suffix}"}


def kmz_of_a_phone(folder):
    return kml_of_a_phone(folder, ".kmz")


def mapinfo(folder, charset=b"WindowsSimpChinese"):
    # the driver writes Chinese headers as underscores: they are put into the text of the .tab
    frame = villages(zh=True).rename(columns={zh: name for name, zh in ZH.items()})
    for name in ("population", "poverty"):  # the format has no blank numbers
        frame[name] = frame[name].astype("string")
    frame.to_file(folder / "v.tab", driver="MapInfo File", engine="pyogrio", encoding="CP936")
    text = (folder / "v.tab").read_bytes().replace(b"Neutral", charset)
    for name, zh in ZH.items():
        text = text.replace(f"    {name} ".encode(), f"    {zh} ".encode("gbk"))
    (folder / "v.tab").write_bytes(text)
    return {"path": "v.tab"}


def mapinfo_neutral(folder):
    return mapinfo(folder, b"Neutral")


def parquet(folder):
    villages().astype({"poverty": "boolean"}).to_parquet(folder / "v.parquet")
    return {"path": "v.parquet"}


def plain_parquet(folder):
    frame = VILLAGES.assign(经度=LONLAT[:, 0], 纬度=LONLAT[:, 1])
    frame.to_parquet(folder / "v.parquet")
    return {"path": "v.parquet", "crs": "EPSG:4490"}


def sheet(positions, headers_=("经度", "纬度")):
    frame = texts(villages(zh=True))
    for i, header in enumerate(headers_):
        frame[header] = [repr(float(value)) for value in positions[:, i]]
    return frame


def csv(folder, encoding="utf-8", crs="EPSG:4490", positions=LONLAT, headers_=("经度", "纬度")):
    sheet(positions, headers_).to_csv(folder / "v.csv", index=False, encoding=encoding)
    return {"path": "v.csv"} | ({"crs": crs} if crs else {})


def csv_bom(folder):
    return csv(folder, "utf-8-sig")


def csv_gbk(folder):
    return csv(folder, "gbk")


def csv_utf16_tabs(folder):
    """Write what Excel calls Unicode text."""
    sheet(LONLAT).to_csv(folder / "v.txt", index=False, sep="\t", encoding="utf-16")
    return {"path": "v.txt", "crs": "EPSG:4490"}


def csv_semicolons(folder):
    """Write as Excel does where the comma stands before the decimals."""
    frame = sheet(LONLAT)
    for header in ("经度", "纬度"):
        frame[header] = frame[header].str.replace(".", ",")
    frame["常住人口"] = frame["常住人口"].replace("800", "800,0")
    frame.to_csv(folder / "v.csv", index=False, sep=";", encoding="gbk")
    return {"path": "v.csv", "crs": "EPSG:4490"}


def csv_foreign(folder):
    """Write as Spanish offices do."""
    frame = sheet(LONLAT, ("Longitud", "Latitud"))
    for header in ("Longitud", "Latitud"):
        frame[header] = frame[header].str.replace(".", ",")
    frame.to_csv(folder / "v.csv", index=False, sep=";", encoding="utf-8")
    return {"path": "v.csv", "crs": "EPSG:4490"}


def csv_gcj02(folder):
    shifted = [prcoords.wgs_gcj((lat, lon)) for lon, lat in LONLAT]
    return csv(folder, crs="gcj02", positions=np.array(shifted)[:, ::-1])


def csv_bd09(folder):
    shifted = [prcoords.wgs_bd((lat, lon)) for lon, lat in LONLAT]
    return csv(folder, crs="bd09", positions=np.array(shifted)[:, ::-1])


def csv_baidu_headers(folder):
    shifted = [prcoords.wgs_bd((lat, lon)) for lon, lat in LONLAT]
    positions = np.array(shifted)[:, ::-1]
    return csv(folder, crs=None, positions=positions, headers_=("百度经度", "百度纬度"))


def csv_survey(folder, crs="EPSG:4545", epsg=4545):
    """Write a survey table: X is the northing, Y the easting."""
    east, north = Transformer.from_crs(4490, epsg, always_xy=True).transform(*LONLAT.T)
    return csv(folder, crs=crs, positions=np.column_stack([north, east]), headers_=("X", "Y"))


def csv_zone_prefix(folder):
    return csv_survey(folder, "EPSG:4524", 4524)


def csv_east_north(folder):
    east, north = Transformer.from_crs(4490, 4545, always_xy=True).transform(*LONLAT.T)
    positions = np.column_stack([east, north])
    return csv(folder, crs="EPSG:4545", positions=positions, headers_=("东坐标", "北坐标(m)"))


def csv_guess(folder):
    return csv(folder, crs="guess")


def csv_guess_survey(folder):
    return csv_survey(folder, "guess", 4524)


def csv_minutes(folder):
    def text(value):
        whole, rest = divmod(value, 1.0)
        minutes, rest = divmod(rest * 60.0, 1.0)
        return f"{int(whole)}°{int(minutes)}′{rest * 60.0:.6f}″"

    frame = sheet(LONLAT)
    for i, header in enumerate(("经度", "纬度")):
        frame[header] = [text(value) for value in LONLAT[:, i]]
    frame.to_csv(folder / "v.csv", index=False)
    return {"path": "v.csv", "crs": "EPSG:4490"}


def xlsx(folder):
    with pd.ExcelWriter(folder / "v.xlsx") as writer:
        pd.DataFrame({"说明": ["填表说明", "经度和纬度为CGCS2000"]}).to_excel(
            writer, sheet_name="说明"
        )
        sheet(LONLAT).to_excel(writer, sheet_name="村庄", index=False)
    return {"path": "v.xlsx", "crs": "EPSG:4490"}


def xlsx_as_offices_do(folder):
    """Write a title, a header in two merged rows, full-width text, a merged column, blank rows, numbers."""
    workbook = openpyxl.Workbook()
    page = workbook.active
    page.title = "Sheet1"
    page.append(["小旗行政村基本情况表"])
    page.merge_cells("A1:G1")
    page.append(
        ["序号", "行政村　名称", "编号", "类 型", "基本情况", None, "位置（CGCS2000）", None]
    )
    page.append([None, None, None, None, "常住人口（人）", "贫困村（是／否）", "经　度", "纬　度"])
    for column in "ABCD":
        page.merge_cells(f"{column}2:{column}3")
    page.merge_cells("E2:F2")
    page.merge_cells("G2:H2")
    for i, row in VILLAGES.iterrows():
        if i == 1:
            page.append([])
        people = "/" if pd.isna(row["population"]) else int(row["population"])
        poverty = {True: "√", False: "否"}.get(row["poverty"], "／")
        kind = "行政村" if row["kind"] == "administrative" else "自然村"
        page.append([i + 1, f" {row['name']}　", row["id"], kind, people, poverty, *LONLAT[i]])
    page["B4"].alignment = Alignment(horizontal="center")
    workbook.save(folder / "v.xlsx")
    return {"path": "v.xlsx", "crs": "EPSG:4490"}


def xlsx_with_units_below(folder):
    """Write units in a row of their own, and a total and a note below the table."""
    frame = texts(villages(zh=True)).assign(经度=LONLAT[:, 0], 纬度=LONLAT[:, 1])
    workbook = openpyxl.Workbook()
    workbook.active.append(list(frame.columns))
    workbook.active.append([{"常住人口": "（人）"}.get(name) for name in frame.columns])
    for row in frame.itertuples(index=False):
        workbook.active.append(list(row))
    workbook.active.append(["合 计", None, None, 1120])
    workbook.active.append(["注：坐标为CGCS2000"])
    workbook.save(folder / "v.xlsx")
    return {"path": "v.xlsx", "crs": "EPSG:4490"}


WRITERS = [
    gpkg, gpkg_of_many_layers, geojson, shapefile, shapefile_without_cpg, shapefile_utf8,
    shapefile_utf8_without_cpg, shapefile_projected, zipped_shapefile, file_geodatabase, kml, kmz,
    kml_of_a_phone, kmz_of_a_phone, csv_utf16_tabs, csv_semicolons, csv_foreign, xlsx_with_units_below,
    mapinfo, mapinfo_neutral, parquet, plain_parquet, csv, csv_bom, csv_gbk, csv_gcj02, csv_bd09,
    csv_baidu_headers, csv_survey, csv_zone_prefix, csv_east_north, csv_guess, csv_guess_survey,
    csv_minutes, xlsx, xlsx_as_offices_do,
]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_small_region(tmp_path_factory.mktemp("formats") / "small")


def entry(source):
    return "\n".join(f'{key} = "{value}"' for key, value in source.items())


@pytest.fixture
def folder(small, tmp_path):
    return shutil.copytree(small, tmp_path / "region")


def read_with(folder, layer, source):
    scenario = folder / "scenario.toml"
    text = scenario.read_text(encoding="utf-8")
    old = f'[layers.{layer}]\npath = "{layer}.csv"\ncrs = "EPSG:4490"\n'
    assert old in text
    text = text.replace(old, f"[layers.{layer}]\n{entry(source)}\n")
    scenario.write_text(text, encoding="utf-8")
    return siteplan.read_region(folder)


# the writer cuts UTF-8 headers in the middle of a character and cannot say so
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_every_format_reads_to_the_same_region(folder, writer):
    region = read_with(folder, "villages", writer(folder))
    found = region.layers["villages"]
    assert found.index.tolist() == VILLAGES["id"].tolist()
    for column in ("name", "kind"):
        assert found[column].tolist() == VILLAGES[column].tolist()
    np.testing.assert_array_equal(found["population"], VILLAGES["population"])
    assert found["poverty"].astype(object).where(found["poverty"].notna(), None).tolist() == [
        True, False, None,
    ]  # fmt: skip
    want = gpd.GeoSeries(shapely.points(LONLAT), crs="EPSG:4490").to_crs(region.crs)
    assert (
        shapely.distance(found.geometry.to_numpy(), want.to_numpy()).max() < 0.1
    )  # MapInfo rounds to 6 cm
    assert region.crs.to_epsg() == 4545


def test_a_table_whose_headers_nobody_knows_is_still_a_table(folder):
    text = "nombre;tipo;este;norte\nA;rural;109,1;39,75\nB;rural;109,2;39,76\n"
    (folder / "v.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_with(folder, "villages", {"path": "v.csv", "crs": "EPSG:4490"})
    rules = [fault.rule for fault in raised.value.faults]
    assert "no column lon" in rules
    assert not any("not a table" in rule for rule in rules)


def test_what_kml_adds_of_its_own_is_no_unread_column(folder):
    frame = gpd.read_file(folder / "boundary.geojson")
    frame.to_file(folder / "b.kml", driver="LIBKML", engine="pyogrio")
    read = read_table(folder, schema.TABLES["boundary"], LayerSource(path="b.kml"))
    assert read["name"].tolist() == frame["name"].tolist()
    assert read.attrs["unread"] == ()


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_points_of_a_drawing_are_poles(folder, encoding):
    frame = gpd.GeoDataFrame(
        {"Layer": ["路灯"] * 3, "Text": [None, None, "说明"]},
        geometry=gpd.GeoSeries(shapely.points(LONLAT), crs="EPSG:4490").to_crs("EPSG:4545"),
    )
    frame[["Layer", "geometry"]].to_file(folder / "poles.dxf", driver="DXF", engine="pyogrio")
    text = (folder / "poles.dxf").read_text(encoding="utf-8")
    if encoding == "gbk":  # else the code page that the drawing names is wrong
        text = text.replace("ANSI_1252", "ANSI_936")
    (folder / "poles.dxf").write_text(text, encoding=encoding)
    source = LayerSource(path="poles.dxf", crs="EPSG:4545")
    poles = read_table(folder, schema.TABLES["poles"], source)
    assert poles["kind"].tolist() == ["lamp_pole"] * 3
    source = LayerSource(path="poles.dxf", crs="EPSG:4545", fill={"owner": "路灯所"})
    assert read_table(folder, schema.TABLES["poles"], source)["owner"].tolist() == ["路灯所"] * 3


WESTERN = ["São José", "Conceição", "Água Fria", "Vila Ômega", "Ribeirão das Pedras"]


def western(folder, name, encoding, *, cpg=False):
    frame = gpd.GeoDataFrame(
        {"name": WESTERN, "kind": "natural"},
        geometry=shapely.points([lonlat(x, 900.0) for x in range(1000, 6000, 1000)]),
        crs="EPSG:4490",
    )
    if name.endswith(".shp"):
        frame.to_file(folder / name, engine="pyogrio", encoding=encoding)
        if not cpg:
            (folder / name).with_suffix(".cpg").unlink()
    else:
        table = frame.drop(columns="geometry").assign(lon=frame.geometry.x, lat=frame.geometry.y)
        table.to_csv(folder / name, index=False, encoding=encoding)


@pytest.mark.parametrize("name", ["v.shp", "v.csv"])
@pytest.mark.parametrize("encoding", ["cp1252", "cp850"])
def test_western_text_is_never_taken_for_chinese(folder, name, encoding):
    """All its bytes are valid GBK: the message shows what it would be, and the planner says."""
    western(folder, name, encoding)
    crs = None if name == "v.shp" else "EPSG:4490"
    with pytest.raises(InputError) as caught:
        read_table(folder, schema.TABLES["villages"], LayerSource(path=name, crs=crs))
    (fault,) = caught.value.faults
    assert "neither UTF-8 nor GBK" in fault.rule
    assert f"{encoding}: " in fault.value
    assert "José" in fault.value
    assert "encoding =" in fault.remedy
    source = LayerSource(path=name, crs=crs, encoding=encoding)
    assert read_table(folder, schema.TABLES["villages"], source)["name"].tolist() == WESTERN


def test_the_files_own_encoding_counts(folder):
    western(folder, "v.shp", "cp1252", cpg=True)
    (folder / "v.cpg").write_text("1252", encoding="ascii")
    read = read_table(folder, schema.TABLES["villages"], LayerSource(path="v.shp"))
    assert read["name"].tolist() == WESTERN
    (folder / "v.cpg").unlink()
    dbf = bytearray((folder / "v.dbf").read_bytes())
    dbf[29] = 0x03  # Windows ANSI
    (folder / "v.dbf").write_bytes(dbf)
    read = read_table(folder, schema.TABLES["villages"], LayerSource(path="v.shp"))
    assert read["name"].tolist() == WESTERN


def test_an_encoding_that_is_not_the_files_is_refused(folder):
    sheet(LONLAT).to_csv(folder / "v.csv", index=False, encoding="gbk")
    source = LayerSource(path="v.csv", crs="EPSG:4490", encoding="utf-8")
    with pytest.raises(InputError, match=r"the text is not utf-8 \(found gb18030: "):
        read_table(folder, schema.TABLES["villages"], source)


def test_names_of_all_chinese_places_at_hand_are_taken_for_chinese():
    """Names of the demonstration regions, one by one: of two or three characters, some are rare."""
    seen = 0
    for path in sorted(Path("data").glob("h*/*.csv")):
        frame = pd.read_csv(path, dtype=str)
        for name in frame.get("name", pd.Series(dtype=str)).dropna().unique():
            if not name.isascii() and name.encode("gb18030").decode("gb18030") == name:
                seen += 1
                assert encodings.chinese([name.encode("gbk")]), name
    assert seen > 500


def test_totals_and_notes_are_told(folder):
    region = read_with(folder, "villages", xlsx_with_units_below(folder))
    told = {(fault.row, fault.value) for fault in region.warnings if "was left out" in fault.rule}
    assert told == {("6", "合 计"), ("7", "注：坐标为CGCS2000")}


def test_a_village_may_begin_like_a_total(folder):
    rows = ["合计村", "小计河", "注溪村", "共计"]
    text = "\n".join(f"{name},natural,{LONLAT[0][0]},{LONLAT[0][1]}" for name in rows)
    (folder / "v.csv").write_text(f"村名,类型,经度,纬度\n{text}\n", encoding="utf-8")
    found = read_table(
        folder, schema.TABLES["villages"], LayerSource(path="v.csv", crs="EPSG:4490")
    )
    assert found["name"].tolist() == rows[:3]


SITE_SHEET = [
    "站址编码,站址名称,站型,状态,塔高(cm),产权,是否通光纤,造价（万元）,供电方式,经度,纬度",
    "150625908000000001,西塔,角钢塔,在用,3500,铁塔公司,√,45.5,直供,{0}",
    "150625908000000002,中塔,楼面抱杆,规划,２０００,/,×,,转供电,{1}",
]


def test_words_and_units_of_tower_company_sheets(folder):
    text = "\n".join(SITE_SHEET).format(*(f"{lon},{lat}" for lon, lat in LONLAT))
    (folder / "s.csv").write_text(text, encoding="gbk")
    source = LayerSource(path="s.csv", crs="EPSG:4490")
    found = read_table(folder, schema.TABLES["sites"], source)
    assert found["id"].tolist() == ["150625908000000001", "150625908000000002"]
    assert found["kind"].tolist() == ["tower", "rooftop"]
    assert found["status"].tolist() == ["existing", "candidate"]
    assert found["height_m"].tolist() == [35.0, 20.0]
    assert found["fibre"].tolist() == [True, False]
    assert found["power"].tolist() == ["direct", "resold"]
    assert found["cost_cny"].tolist()[0] == 455_000.0
    assert np.isnan(found["cost_cny"].tolist()[1])


def test_two_headers_for_one_column_are_a_fault_until_an_alias_says_which(folder):
    text = "站址编码,站名,规划站名,类型,状态,lon,lat\na,甲,乙,铁塔,现有,{},{}\n".format(*LONLAT[0])
    (folder / "s.csv").write_text(text, encoding="utf-8")
    source = LayerSource(path="s.csv", crs="EPSG:4490")
    with pytest.raises(InputError, match="2 headers may be the column name"):
        read_table(folder, schema.TABLES["sites"], source)
    (folder / "aliases.toml").write_text('[headers.sites]\nname = ["规划站名"]\n', encoding="utf-8")
    book = headers.read_book(folder, "aliases.toml")
    found = read_table(folder, schema.TABLES["sites"], source, book=book)
    assert found["name"].tolist() == ["乙"]


def test_the_folders_own_headers_and_words(folder):
    text = "村,小组,级别,E,N\nx,西村,一级,{},{}\n".format(*LONLAT[0])
    (folder / "villages.csv").write_text(text, encoding="utf-8")
    aliases = """
[position]
longitude = ["E"]
latitude = ["N"]
[headers.villages]
name = ["小组"]
kind = ["级别"]
[words]
natural = ["一级"]
"""
    (folder / "aliases.toml").write_text(aliases, encoding="utf-8")
    scenario = folder / "scenario.toml"
    text = scenario.read_text(encoding="utf-8").replace(
        "format = 1", 'format = 1\naliases = "aliases.toml"'
    )
    scenario.write_text(text, encoding="utf-8")
    region = siteplan.read_region(folder)
    assert region.layers["villages"][["name", "kind"]].to_numpy().tolist() == [["西村", "natural"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[headers.sitez]\nname = ['x']", "sitez"),
        ("[headers.sites]\nnam = ['x']", "nam"),
        ("[words]\ntowr = ['x']", "towr"),
        ("[header.sites]\nname = ['x']", "unknown key"),
    ],
)
def test_a_wrong_file_of_aliases(folder, text, words):
    (folder / "aliases.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        headers.read_book(folder, "aliases.toml")


@pytest.mark.parametrize("table", schema.TABLES.values(), ids=lambda table: table.name)
def test_no_alias_means_two_columns(table):
    names = [(column, headers._aliases(table, column, None)) for column in table.columns]
    for i, (column, aliases) in enumerate(names):
        for other, others in names[:i]:
            assert not aliases & others, (column.name, other.name)
    for column in table.columns:
        assert headers.match([column.zh], table).columns == {column.name: column.zh}
        assert headers.match([column.name], table).columns == {column.name: column.name}


def test_every_listed_name_belongs_to_the_schema():
    book = headers.header_book()
    choices = {choice for t in schema.TABLES.values() for c in t.columns for choice in c.choices}
    assert set(book.words) <= choices | set(headers.FLAGS)
    for layer, columns in book.headers.items():
        if layer in schema.TABLES:
            assert set(columns) <= {column.name for column in schema.TABLES[layer].columns}


def test_no_word_means_two_values_of_a_column():
    for table in schema.TABLES.values():
        for column in table.columns:
            seen = {}
            for choice in column.choices:
                for word in {
                    *headers.header_book().words.get(choice, ()),
                    schema.ZH.get(choice, choice),
                }:
                    assert seen.setdefault(headers.plain(word), choice) == choice, (
                        word,
                        column.name,
                    )


def test_the_shift_is_that_of_the_published_functions():
    random = np.random.default_rng(4)
    lon, lat = random.uniform(74, 134, 300), random.uniform(19, 53, 300)
    for name, reference in (("gcj02", prcoords.wgs_gcj), ("bd09", prcoords.wgs_bd)):
        moved = datum.FORWARD[name](lon, lat)
        want = np.array([reference(place) for place in zip(lat, lon, strict=True)])
        np.testing.assert_allclose(moved, want.T[::-1], rtol=0.0, atol=1e-11)
        back = datum.to_wgs84(*moved, datum=name)
        np.testing.assert_allclose(
            back, (lon, lat), rtol=0.0, atol=1e-10
        )  # a hundredth of a millimetre


def test_the_published_point():
    # 120 E, 40 N in GCJ-02, as the field quotes it
    lon, lat = datum.wgs84_to_gcj02(120.0, 40.0)
    assert (float(lon), float(lat)) == pytest.approx(
        (120.00567568355486, 40.0013047896019), abs=1e-12
    )
