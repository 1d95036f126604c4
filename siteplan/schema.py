"""
Every table once: its columns, their types, units, meanings and Chinese headers.

The readers in :mod:`siteplan.region` and the writers in :mod:`siteplan.outputs` take names, headers and
allowed values from here and from nowhere else. A table is checked at the door with :func:`conform` and
trusted afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text", "number", "integer", "flag", "category"]
Geometry = Literal["point", "line", "polygon", "none"]

TECHNOLOGIES: Final = ("4G", "5G")
SITE_KINDS: Final = ("tower", "rooftop", "building", "lamp_pole", "monitoring_pole", "new")
SITE_STATUS: Final = ("existing", "candidate", "unavailable")
VILLAGE_POINT_KINDS: Final = ("committee", "school", "clinic", "cluster")
POLE_KINDS: Final = ("lamp_pole", "monitoring_pole")
FIBRE_NODE_KINDS: Final = ("office", "junction", "cabinet")
ZONE_KINDS: Final = (
    "seat_core",
    "built_up",
    "industrial_park",
    "scenic_area",
    "functional_area",
    "dense_area",
    "residential",
    "commercial",
    "exclusion",
)
SECTORS: Final = (
    "city_management",
    "education",
    "medical",
    "transport",
    "tourism",
    "industry",
    "energy",
    "farming",
    "grid",
    "shopping",
    "culture_tourism",
    "media",
)

ZH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tower": "铁塔",
        "rooftop": "楼面站",
        "building": "公共建筑",
        "lamp_pole": "路灯杆",
        "monitoring_pole": "监控杆",
        "new": "新建站址",
        "existing": "现有",
        "candidate": "备选",
        "unavailable": "不可用",
        "seat_core": "中心城区核心区",
        "built_up": "建成区",
        "industrial_park": "工业园区",
        "scenic_area": "旅游景区",
        "functional_area": "重要功能区",
        "dense_area": "苏木乡镇人口密集区",
        "residential": "居住小区",
        "commercial": "商业楼宇",
        "exclusion": "限制区",
        "committee": "村委会",
        "school": "学校",
        "clinic": "卫生室",
        "cluster": "聚居点",
        "administrative": "行政村",
        "natural": "自然村",
        "city_management": "城市管理",
        "education": "教育",
        "medical": "医疗",
        "transport": "交通",
        "tourism": "旅游",
        "industry": "工业",
        "energy": "能源",
        "farming": "农牧业",
        "grid": "电网",
        "shopping": "购物",
        "culture_tourism": "文旅",
        "media": "媒体",
        "direct": "直供电",
        "resold": "转供电",
        "hard": "禁止",
        "conditional": "有条件",
        "warning": "提示",
        "motorway": "高速公路",
        "national": "国道",
        "provincial": "省道",
        "county": "县道",
        "township": "乡道",
        "street": "街道",
        "desert": "穿沙公路",
        "other": "其他",
        "macro": "宏站",
        "micro": "微站",
        "office": "机房",
        "junction": "光缆接头",
        "cabinet": "光交箱",
    }
)
"""Chinese words for the category values of all tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column of a table.

    Attributes
    ----------
    name : str
        Name in every file and table of the project.
    kind : {"text", "number", "integer", "flag", "category"}
        What a value is: nullable string, float64, Int64, nullable boolean, or one of `choices`.
    meaning : str
        One sentence.
    zh : str
        Chinese header, also accepted on reading.
    unit : str
        Unit of the value; empty when it has none.
    required : bool
        Whether the column must be there and filled in every row.
    choices : tuple of str
        Allowed values of a category.
    low, high : float or None
        Closed range of a number.
    """

    name: str
    kind: Kind
    meaning: str
    zh: str
    unit: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    One layer of a region.

    Attributes
    ----------
    name : str
        Layer name, the key under ``[layers]`` in ``scenario.toml``.
    zh : str
        Chinese name.
    geometry : {"point", "line", "polygon", "none"}
        What its features are.
    columns : tuple of Column
        Columns that siteplan knows; others are kept out.
    required : bool
        Whether a region must have the layer.
    """

    name: str
    zh: str
    geometry: Geometry
    columns: tuple[Column, ...]
    required: bool = False

    def column(self, name: str) -> Column:
        """
        Column of a name.

        Parameters
        ----------
        name : str
            Column name.

        Returns
        -------
        column : Column
            The definition; KeyError when the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"layer {self.name} has no column {name!r}")


def _id(meaning: str) -> Column:
    return Column(name="id", kind="text", meaning=meaning, zh="编号")


_NAME = Column(name="name", kind="text", meaning="Name as people say it.", zh="名称")
_TOWNSHIP = Column(
    name="township",
    kind="text",
    meaning="Code or name of the township; found from the position when missing.",
    zh="乡镇",
)
_ORIGIN = Column(
    name="origin",
    kind="text",
    meaning="Where the row comes from; 'synthetic' marks a generated row.",
    zh="数据来源",
)
_CODE = Column(name="code", kind="text", meaning="Statistical code, kept as text.", zh="代码")
_HEIGHT = Column(
    name="height_m",
    kind="number",
    meaning="Height above ground of the structure.",
    zh="高度",
    unit="m",
    low=1.0,
    high=800.0,
)

TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        table.name: table
        for table in (
            Table(
                name="boundary",
                zh="边界",
                geometry="polygon",
                required=True,
                columns=(_NAME, _CODE, _ORIGIN),
            ),
            Table(
                name="townships",
                zh="乡镇街道",
                geometry="polygon",
                columns=(
                    _CODE,
                    Column(
                        name="name",
                        kind="text",
                        meaning="Name of the township.",
                        zh="名称",
                        required=True,
                    ),
                    _ORIGIN,
                ),
            ),
            Table(
                name="zones",
                zh="区域",
                geometry="polygon",
                columns=(
                    _id("Identifier, unique in the layer."),
                    _NAME,
                    Column(
                        name="kind",
                        kind="category",
                        meaning="Use of the zone.",
                        zh="类型",
                        required=True,
                        choices=ZONE_KINDS,
                    ),
                    Column(
                        name="severity",
                        kind="category",
                        meaning="How strictly an exclusion zone forbids new structures.",
                        zh="管控等级",
                        choices=("hard", "conditional", "warning"),
                    ),
                    Column(
                        name="basis",
                        kind="text",
                        meaning="Legal or planning basis of an exclusion zone.",
                        zh="依据",
                    ),
                    _TOWNSHIP,
                    _ORIGIN,
                ),
            ),
            Table(
                name="villages",
                zh="村庄",
                geometry="point",
                columns=(
                    _id("Identifier, unique in the layer."),
                    _CODE,
                    Column(
                        name="name",
                        kind="text",
                        meaning="Name of the village.",
                        zh="村名",
                        required=True,
                    ),
                    Column(
                        name="kind",
                        kind="category",
                        meaning="Administrative (行政村, 嘎查) or natural village (自然村).",
                        zh="类型",
                        required=True,
                        choices=("administrative", "natural"),
                    ),
                    _TOWNSHIP,
                    Column(
                        name="population",
                        kind="number",
                        meaning="Residents.",
                        zh="人口",
                        unit="people",
                        low=0.0,
                        high=1e6,
                    ),
                    Column(
                        name="households",
                        kind="number",
                        meaning="Households.",
                        zh="户数",
                        low=0.0,
                        high=1e6,
                    ),
                    Column(
                        name="poverty",
                        kind="flag",
                        meaning="On the list of poverty villages.",
                        zh="贫困村",
                    ),
                    Column(
                        name="strong_demand",
                        kind="flag",
                        meaning="Residents ask for coverage strongly (群众反映强烈).",
                        zh="需求强烈",
                    ),
                    Column(name="dense", kind="flag", meaning="Densely populated.", zh="人口密集"),
                    Column(
                        name="fibre",
                        kind="flag",
                        meaning="Optical fibre reaches the village; blank means unknown.",
                        zh="通光纤",
                    ),
                    _ORIGIN,
                ),
            ),
            Table(
                name="village_points",
                zh="村庄服务点",
                geometry="point",
                columns=(
                    _id("Identifier, unique in the layer."),
                    Column(
                        name="village_id",
                        kind="text",
                        meaning="Village that the point belongs to.",
                        zh="村庄编号",
                        required=True,
                    ),
                    Column(
                        name="kind",
                        kind="category",
                        meaning="Committee, school, clinic, or cluster of 20 households and more.",
                        zh="类型",
                        required=True,
                        choices=VILLAGE_POINT_KINDS,
                    ),
                    _NAME,
                    _ORIGIN,
                ),
            ),
            Table(
                name="roads",
                zh="道路",
                geometry="line",
                columns=(
                    _id("Identifier, unique in the layer."),
                    _NAME,
                    Column(
                        name="class",
                        kind="category",
                        meaning="Road class.",
                        zh="等级",
                        choices=(
                            "motorway",
                            "national",
                            "provincial",
                            "county",
                            "township",
                            "street",
                            "desert",
                            "other",
                        ),
                    ),
                    Column(
                        name="important",
                        kind="flag",
                        meaning="Counts as an important road in the target document.",
                        zh="重要道路",
                    ),
                    _ORIGIN,
                ),
            ),
            Table(
                name="venues",
                zh="场所",
                geometry="point",
                columns=(
                    _id("Identifier, unique in the layer."),
                    _NAME,
                    Column(
                        name="sector",
                        kind="category",
                        meaning="Sector of the demonstration venue.",
                        zh="行业",
                        required=True,
                        choices=SECTORS,
                    ),
                    _TOWNSHIP,
                    _ORIGIN,
                ),
            ),
            Table(
                name="sites",
                zh="站址",
                geometry="point",
                columns=(
                    _id("Site code, kept as text."),
                    _NAME,
                    Column(
                        name="kind",
                        kind="category",
                        meaning="Structure that carries the antennas.",
                        zh="类型",
                        required=True,
                        choices=SITE_KINDS,
                    ),
                    Column(
                        name="status",
                        kind="category",
                        meaning="Existing site, candidate, or not available.",
                        zh="状态",
                        required=True,
                        choices=SITE_STATUS,
                    ),
                    _HEIGHT,
                    Column(
                        name="owner", kind="text", meaning="Owner of the structure.", zh="产权单位"
                    ),
                    Column(
                        name="tenants",
                        kind="integer",
                        meaning="Operators on the structure today.",
                        zh="租户数",
                        low=0,
                        high=10,
                    ),
                    Column(
                        name="power",
                        kind="category",
                        meaning="Direct power supply or resold by a third party.",
                        zh="供电方式",
                        choices=("direct", "resold"),
                    ),
                    Column(
                        name="power_distance_m",
                        kind="number",
                        meaning="Distance to the nearest power line or transformer; blank means unknown.",
                        zh="距电源距离",
                        unit="m",
                        low=0.0,
                        high=1e5,
                    ),
                    Column(
                        name="fibre",
                        kind="flag",
                        meaning="Optical fibre reaches the site; blank means unknown.",
                        zh="通光纤",
                    ),
                    Column(
                        name="cost_cny",
                        kind="number",
                        meaning="Cost of opening the structure when known, instead of the catalogue's.",
                        zh="造价",
                        unit="CNY",
                        low=0.0,
                        high=1e9,
                    ),
                    _TOWNSHIP,
                    _ORIGIN,
                ),
            ),
            Table(
                name="stations",
                zh="基站",
                geometry="none",
                columns=(
                    _id("Station identifier, unique in the layer."),
                    Column(
                        name="site_id",
                        kind="text",
                        meaning="Site that carries the station.",
                        zh="站址编号",
                        required=True,
                    ),
                    Column(
                        name="operator",
                        kind="text",
                        meaning="Operator, as in [[networks]] of scenario.toml.",
                        zh="运营商",
                        required=True,
                    ),
                    Column(
                        name="technology",
                        kind="category",
                        meaning="Generation of the station.",
                        zh="制式",
                        required=True,
                        choices=TECHNOLOGIES,
                    ),
                    Column(
                        name="equipment",
                        kind="text",
                        meaning="Equipment in the catalogue; the network's choice when missing.",
                        zh="设备",
                    ),
                    Column(
                        name="antenna_height_m",
                        kind="number",
                        meaning="Antenna height above ground; the structure's when missing.",
                        zh="挂高",
                        unit="m",
                        low=1.0,
                        high=800.0,
                    ),
                    Column(
                        name="azimuth_deg",
                        kind="number",
                        meaning="Azimuth of the first sector, clockwise from grid north.",
                        zh="方位角",
                        unit="deg",
                        low=0.0,
                        high=360.0,
                    ),
                    Column(
                        name="year_on_air",
                        kind="integer",
                        meaning="Year the station went into service; blank means before the first plan year.",
                        zh="开通年份",
                        low=1990,
                        high=2100,
                    ),
                    _ORIGIN,
                ),
            ),
            Table(
                name="cells",
                zh="小区",
                geometry="none",
                columns=(
                    _id("Cell identifier, unique in the layer."),
                    Column(
                        name="station_id",
                        kind="text",
                        meaning="Station that the cell belongs to.",
                        zh="基站编号",
                        required=True,
                    ),
                    Column(
                        name="azimuth_deg",
                        kind="number",
                        meaning="Azimuth, clockwise from grid north; may be blank for an antenna that "
                        "is the same all round.",
                        zh="方位角",
                        unit="deg",
                        low=0.0,
                        high=360.0,
                    ),
                    Column(
                        name="mechanical_tilt_deg",
                        kind="number",
                        meaning="How far the antenna leans forward; 0 when blank.",
                        zh="机械下倾角",
                        unit="deg",
                        low=-30.0,
                        high=30.0,
                    ),
                    Column(
                        name="electrical_tilt_deg",
                        kind="number",
                        meaning="How far the beam is lowered; what the antenna's pattern holds when "
                        "blank.",
                        zh="电子下倾角",
                        unit="deg",
                        low=-30.0,
                        high=30.0,
                    ),
                    Column(
                        name="antenna",
                        kind="text",
                        meaning="Antenna of the catalogue or of [antennas] in scenario.toml; the "
                        "equipment's when blank.",
                        zh="天线型号",
                    ),
                    Column(
                        name="power_w",
                        kind="number",
                        meaning="Total power of the cell, all ports summed; the equipment's when blank.",
                        zh="发射功率",
                        unit="W",
                        low=0.001,
                        high=10_000.0,
                    ),
                    _ORIGIN,
                ),
            ),
            Table(
                name="buildings",
                zh="建筑物",
                geometry="polygon",
                columns=(
                    _id("Identifier, unique in the layer."),
                    _NAME,
                    _HEIGHT,
                    Column(
                        name="levels",
                        kind="number",
                        meaning="Storeys above ground, used when the height is missing.",
                        zh="层数",
                        low=0.0,
                        high=200.0,
                    ),
                    Column(name="use", kind="text", meaning="Use of the building.", zh="用途"),
                    _ORIGIN,
                ),
            ),
            Table(
                name="poles",
                zh="杆塔",
                geometry="point",
                columns=(
                    _id("Identifier, unique in the layer."),
                    Column(
                        name="kind",
                        kind="category",
                        meaning="Lamp pole or monitoring pole.",
                        zh="类型",
                        required=True,
                        choices=POLE_KINDS,
                    ),
                    _HEIGHT,
                    Column(name="owner", kind="text", meaning="Owner of the pole.", zh="产权单位"),
                    _ORIGIN,
                ),
            ),
            Table(
                name="samples",
                zh="路测样本",
                geometry="point",
                columns=(
                    _id("Identifier, unique in the layer; the row when missing."),
                    Column(
                        name="rsrp_dbm",
                        kind="number",
                        meaning="Measured RSRP (SS-RSRP in 5G) of the serving cell.",
                        zh="RSRP",
                        unit="dBm",
                        required=True,
                        low=-156.0,
                        high=-20.0,
                    ),
                    Column(
                        name="station_id",
                        kind="text",
                        meaning="Serving station, as in the stations layer.",
                        zh="服务基站编号",
                    ),
                    Column(
                        name="carrier",
                        kind="text",
                        meaning="Carrier in the catalogue; used where the serving station is not known.",
                        zh="载波",
                    ),
                    Column(
                        name="time", kind="text", meaning="Time of the measurement.", zh="测试时间"
                    ),
                    _ORIGIN,
                ),
            ),
            Table(
                name="fibre_nodes",
                zh="光缆节点",
                geometry="point",
                columns=(
                    _id("Identifier, unique in the layer."),
                    _NAME,
                    Column(
                        name="kind",
                        kind="category",
                        meaning="Place where a new cable can join the fibre network.",
                        zh="类型",
                        choices=FIBRE_NODE_KINDS,
                    ),
                    Column(name="owner", kind="text", meaning="Owner of the node.", zh="产权单位"),
                    _ORIGIN,
                ),
            ),
        )
    }
)
"""All vector layers by name. Terrain is a raster and has no table."""

TRUE_WORDS: Final = frozenset(
    {"true", "1", "1.0", "yes", "y", "t", "是", "有", "√", "✓", "✔", "对", "已通", "通", "已到位"}
)
FALSE_WORDS: Final = frozenset(
    {
        "false",
        "0",
        "0.0",
        "no",
        "n",
        "f",
        "否",
        "无",
        "×",
        "✗",
        "✘",
        "不是",
        "未通",
        "没有",
        "未到位",
    }
)
MISSING_WORDS: Final = frozenset(
    {"", "/", "\\", "-", "--", "—", "——", "nan", "none", "null", "na", "n/a", "<na>", "#n/a"}
    | {"不详", "未知", "待定", "空", "暂无", "／"}
)
