"""A new region folder: a scenario to read and change, the boundary, and empty tables to fill."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import pyogrio
import shapely

from siteplan import catalog, schema
from siteplan.errors import OutputError
from siteplan.outputs.templates import template
from siteplan.region import tables
from siteplan.region.geopackage import write_layer
from siteplan.region.grid import ANY_COUNTY, in_china, projected_crs
from siteplan.scenario import SCENARIO_FILE, Layers, LayerSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.catalog import TargetDocument

BOUNDARY_FILE: Final = "boundary.gpkg"
TARGETS_FILE: Final = "targets.toml"

_TAKEN: Final = ("villages", "sites", "stations")
"""Layers that the new scenario names; the others stand there as comments."""

_CELLS: Final = 5_000_000
_CELL_SIZES_M: Final = (10.0, 20.0, 30.0, 50.0, 90.0, 100.0, 200.0, 500.0)
_TOWN_CELL_M: Final = 20.0
_TEMPORARY: Final = ".siteplan-init-"


def init_region(
    folder: Path,
    boundary: Path,
    *,
    name: str | None = None,
    code: str | None = None,
    crs: str | None = None,
) -> list[Path]:
    """
    Make a new region folder from a boundary.

    ``scenario.toml`` with comments, ``boundary.gpkg``, ``targets.toml`` with one rule as an example (or the
    catalogue's document for the area), and a workbook to fill for every layer. Files of the user's are
    never replaced.

    Parameters
    ----------
    folder : Path
        Folder; made when missing, with its parents.
    boundary : Path
        File with the boundary, of any format that a region takes.
    name, code : str, optional
        Name and statistical code of the area; those in the file when missing.
    crs : str, optional
        Coordinate reference system of the boundary when its file names none.

    Returns
    -------
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        When the boundary cannot be read.
    OutputError
        When the folder cannot be written, or holds one of the files already.
    """
    source = LayerSource(path=boundary.name, crs=crs)
    frame = tables.read_table(boundary.parent, schema.TABLES["boundary"], source)
    title = name or _only(frame, "name") or folder.resolve().name
    number = code or _only(frame, "code") or ""
    texts = _texts(frame, title, number)
    names = [BOUNDARY_FILE, *texts, *(f"{table}.xlsx" for table in _templates())]
    with _told(folder):
        taken = [path for path in names if (folder / path).exists()]
        if taken:
            raise OutputError(
                f"{folder} holds {', '.join(taken)} already; nothing was written. Name a new folder, or move "
                "them away."
            )
        made = _make(folder)
        try:
            with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=folder) as temporary:
                new = Path(temporary)
                _write(new, frame, texts)
                _move(new, folder, names)
        except BaseException:
            for path in made:
                with suppress(OSError):
                    path.rmdir()
            raise
    return [folder / path for path in names]


def scenario_text(
    name: str, code: str, *, resolution_m: float, document: TargetDocument | None, targets: str
) -> str:
    """
    Text of a new ``scenario.toml``.

    Parameters
    ----------
    name, code : str
        Name and statistical code of the area.
    resolution_m : float
        Cell size. [m]
    document : TargetDocument or None
        The catalogue's document for the area; None for the example beside the scenario.
    targets : str
        Name of the document in the catalogue, or file.

    Returns
    -------
    text : str
        TOML with Chinese comments.
    """
    rules = [] if document is None else document.rules
    years = sorted({rule.year for rule in rules if rule.year is not None}) or [2026, 2027]
    shares = [rule.id for rule in rules if rule.share_from == "scenario"]
    parts = [
        _HEAD.format(name=_quoted(name), code=_quoted(code), resolution=f"{resolution_m:.1f}")
        + "".join(_layer_text(layer) for layer in _templates()),
        _TARGETS.format(targets=_quoted(targets), years=years),
    ]
    if shares:
        parts.append("[targets.shares]          # 文件没有规定比例，由规划者确定\n")
        parts.extend(f"{_quoted(rule)} = 0.95\n" for rule in shares)
    town = resolution_m <= _TOWN_CELL_M
    parts.append(_NETWORKS.format(macro="tr38901-uma" if town else "tr38901-rma"))
    return "\n".join(parts)


def _templates() -> list[str]:
    return [
        table for table in schema.TABLES if table != "boundary" and table in Layers.model_fields
    ]


def _only(frame: gpd.GeoDataFrame, column: str) -> str | None:
    """Value of a column that all rows share."""
    values = frame[column].dropna().unique() if column in frame else []
    return str(values[0]) if len(values) == 1 else None


def _texts(frame: gpd.GeoDataFrame, name: str, code: str) -> dict[str, str]:
    shape = shapely.union_all(frame.geometry.to_numpy())
    place = gpd.GeoSeries([shape], crs=frame.crs).to_crs("EPSG:4326")
    china = in_china(place.iloc[0], code or ANY_COUNTY)
    area = place.to_crs(projected_crs(place.iloc[0], china=china)).iloc[0]
    cells = area.envelope.area / _CELLS
    resolution = next((size for size in _CELL_SIZES_M if size**2 >= cells), _CELL_SIZES_M[-1])
    known = [n for n in catalog.target_documents() if catalog.target_document(n).area_code == code]
    document = catalog.target_document(known[-1]) if known else None
    targets = known[-1] if known else TARGETS_FILE
    text = scenario_text(name, code, resolution_m=resolution, document=document, targets=targets)
    texts = {SCENARIO_FILE: text}
    if document is None:
        title, issuer = _quoted(f"{name}（示例，请按目标文件修改）"), _quoted(name)
        texts[TARGETS_FILE] = _EXAMPLE.format(title=title, issuer=issuer, code=_quoted(code))
    return texts


def _quoted(text: str) -> str:
    # A basic string of TOML is one of JSON, but for a character that JSON leaves bare.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _layer_text(layer: str) -> str:
    table = schema.TABLES[layer]
    lines = [f"[layers.{layer}]", f'path = "{layer}.xlsx"', f'layer = "{table.zh}"']
    if table.geometry != "none":
        lines.append('crs = "EPSG:4490"')
    mark = "" if layer in _TAKEN else "# "
    return f"\n# {table.zh}\n" + "".join(f"{mark}{line}\n" for line in lines)


def _make(folder: Path) -> list[Path]:
    """Make a folder with its parents; those made, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _write(folder: Path, frame: gpd.GeoDataFrame, texts: dict[str, str]) -> None:
    known = [column.name for column in schema.TABLES["boundary"].columns if column.name in frame]
    write_layer(frame[[*known, "geometry"]], folder / BOUNDARY_FILE, "boundary")
    for path, text in texts.items():
        (folder / path).write_bytes(text.encode())
    for layer in _templates():
        (folder / f"{layer}.xlsx").write_bytes(template(schema.TABLES[layer]))


def _move(new: Path, folder: Path, names: list[str]) -> None:
    moved: list[Path] = []
    try:
        for name in names:
            (new / name).rename(folder / name)
            moved.append(folder / name)
    except BaseException:
        for path in moved:
            path.unlink(missing_ok=True)
        raise


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise OutputError(
            f"{folder} could not be written: {error}. Name a folder that you may write, on a disk with "
            "free space."
        ) from error


_HEAD: Final = """\
# 区域方案。逐段核对、修改，然后运行：
#   siteplan fetch 本文件夹 --what dem      获取地形（需要联网，或使用内网镜像）
#   siteplan check 本文件夹                 检查数据，列出全部问题
#   siteplan plan  本文件夹                 规划
# 行首的“#”表示注释；要启用被注释的图层，去掉该段各行行首的“# ”。
format = 1

[region]
name = {name}
code = {code}            # 六位行政区划代码；在中国境内据此选用 CGCS2000 坐标系

[grid]
resolution_m = {resolution}        # 栅格大小（米）：越小越细，用时越长
crs = "auto"               # 自动选用 CGCS2000 三度带；也可以写 EPSG 代码

# ---- 图层 ----
# 每个图层一个文件，放在本文件夹内。表格用附带的 XLSX 模板，或写 CSV、SHP、GPKG、GeoJSON 等文件的名称。
# crs 为坐标系：EPSG:4490 是 CGCS2000 经纬度，EPSG:4326 是 WGS84。

[layers.boundary]
path = "boundary.gpkg"

[layers.terrain]           # 地形；siteplan fetch 写出 dem.tif
path = "dem.tif"           # 没有地形时删去本行，改写 flat_m = 0.0（假定地面平坦）
"""

_TARGETS: Final = """\
# ---- 目标 ----
[targets]
document = {targets}     # 目录中的文件名称，或本文件夹内的 .toml 文件
years = {years}
margin_db = 3.0            # 扣除这一余量后才达标的，判为“有风险”
"""

_NETWORKS: Final = """\
# ---- 无线参数 ----
[radio]
macro_model = "{macro}"   # 农村 tr38901-rma，城区 tr38901-uma；有地形时可用 p1812
micro_model = "tr38901-umi"
radius_m = 8000.0             # 每站计算半径（米）

# ---- 网络：每家运营商、每种制式一段 ----
# macro、micro 为设备目录中的名称；build = false 表示只计现网、不新建
[[networks]]
operator = "中国移动"
technology = "4G"
macro = "macro-lte900"

[[networks]]
operator = "中国移动"
technology = "5G"
macro = "macro-nr700"
micro = "micro-nr2600"

# ---- 选址 ----
[selection]
objective = "cost"            # cost：造价最低；reuse：站数最少且优先利用现有设施；tiers：按利用次序逐级最少
time_limit_s = 60.0
"""

_EXAMPLE: Final = """\
# 目标文件。把政府文件中的每一项目标写成一条 [[rules]]；写法可参考项目目录中的
# hangjin-2021、hedong-2020 两份文件。下面一条只是示例，没有任何机关发布过。
title = {title}
issuer = {issuer}
date = "2025-01-01"
area_code = {code}

[[rules]]
id = "V-4G-2026"
year = 2026
technology = "4G"
kind = "coverage"
class = "village"
layer = "villages"
where = {{ kind = ["administrative"] }}
required = 1.0                # 行政村全部覆盖
zh = "2026年底行政村4G覆盖（示例）"
en = "administrative villages covered by 4G by the end of 2026 (example)"
"""
