"""
Where things lie in Hangjin: towns, roads, zones and the words of village names.

Real: the position of 锡尼镇 (GeoNames), the names of G6, G18, G109, G110 and G242, the names and
ends of S215 and S316, the frame of the Baiyin'engger reserve. The rest is made up and plausible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Place = tuple[float, float] | str
"""Easting and northing in kilometres, or the code of a town."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """
    Seat of a township.

    Attributes
    ----------
    name : str
        Name of the township.
    short : str
        Name without its rank.
    centre_km : (float, float)
        Easting and northing of the centre. [km]
    radius_m : float
        Radius of the built land. [m]
    sites : int
        Sites that stand today.
    """

    name: str
    short: str
    centre_km: tuple[float, float]
    radius_m: float
    sites: int


SEAT: Final = "150625100"
"""Code of 锡尼镇, seat of the county; its centre is the point that GeoNames gives."""

TOWNS: Final = {
    SEAT: Town(
        name="锡尼镇", short="锡尼", centre_km=(562.883, 4412.485), radius_m=1785.0, sites=58
    ),
    "150625101": Town(
        name="巴拉贡镇", short="巴拉贡", centre_km=(414.3, 4453.0), radius_m=800.0, sites=12
    ),
    "150625102": Town(
        name="吉日嘎朗图镇", short="吉日嘎朗图", centre_km=(507.0, 4515.5), radius_m=850.0, sites=14
    ),
    "150625103": Town(
        name="独贵塔拉镇", short="独贵塔拉", centre_km=(561.0, 4489.0), radius_m=1000.0, sites=16
    ),
    "150625104": Town(
        name="呼和木独镇", short="呼和木独", centre_km=(447.0, 4497.0), radius_m=700.0, sites=10
    ),
    "150625200": Town(
        name="伊和乌素苏木", short="伊和乌素", centre_km=(499.0, 4431.0), radius_m=650.0, sites=9
    ),
}

REAL_NAME: Final = "name: public road lists; ends and course: synthetic"
REAL_ENDS: Final = "name and ends: public road lists; course: synthetic"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadPlan:
    """
    A road to be laid.

    Attributes
    ----------
    id, name, kind : str
        Identifier, name and road class.
    places : tuple of Place
        Places in order; an end marked by `border` runs on to the outline there.
    border : str
        ``start``, ``end``, ``both`` or empty: which ends lie on the outline.
    important : bool or None
        Whether the road counts as important; None is unknown.
    lit : float
        Share of the road that has sites today.
    origin : str
        What is real about it.
    """

    id: str
    name: str
    kind: str
    places: tuple[Place, ...]
    border: str = ""
    important: bool | None = True
    lit: float = 1.0
    origin: str = "synthetic"


ROADS: Final = (
    RoadPlan(
        id="G18",
        name="G18 荣乌高速",
        kind="motorway",
        places=((604.0, 4402.0), (566.0, 4407.0), (520.0, 4406.0), (462.0, 4421.0)),
        border="both",
        lit=0.7,
        origin=REAL_NAME,
    ),
    RoadPlan(
        id="G6",
        name="G6 京藏高速",
        kind="motorway",
        places=((417.2, 4445.4), (416.6, 4452.0), (413.5, 4456.6)),
        border="both",
        origin=REAL_NAME,
    ),
    RoadPlan(
        id="G109",
        name="G109 国道",
        kind="national",
        places=((606.5, 4397.5), (578.0, 4404.0), SEAT, (530.0, 4399.5), (488.0, 4409.0)),
        border="both",
        lit=0.65,
        origin=REAL_NAME,
    ),
    RoadPlan(
        id="G242",
        name="G242 国道",
        kind="national",
        places=(
            (497.0, 4524.5),
            "150625102",
            (505.0, 4470.0),
            "150625200",
            (533.0, 4415.0),
            SEAT,
            (574.0, 4390.0),
            (581.5, 4361.5),
        ),
        border="both",
        lit=0.45,
        origin=REAL_NAME,
    ),
    RoadPlan(
        id="G110",
        name="G110 国道",
        kind="national",
        places=((414.0, 4447.5), "150625101", (410.5, 4453.5)),
        border="both",
        origin=REAL_NAME,
    ),
    RoadPlan(
        id="S215",
        name="S215 独贵塔拉-锡尼",
        kind="provincial",
        places=("150625103", (567.0, 4455.0), SEAT),
        lit=0.65,
        origin=REAL_ENDS,
    ),
    RoadPlan(
        id="S316",
        name="S316 中和西-巴拉贡",
        kind="provincial",
        places=(
            (586.0, 4479.0),
            "150625103",
            (535.0, 4511.0),
            "150625102",
            (476.0, 4512.0),
            "150625104",
            (436.0, 4482.0),
            "150625101",
        ),
        border="start",
        lit=0.9,
        origin=REAL_ENDS,
    ),
    RoadPlan(
        id="CS1",
        name="穿沙公路一线（呼和木独-伊和乌素）",
        kind="desert",
        places=("150625104", (466.0, 4478.0), (463.0, 4454.0), (482.0, 4452.0), "150625200"),
        lit=0.15,
    ),
    RoadPlan(
        id="CS2",
        name="穿沙公路二线（吉日嘎朗图-锡尼）",
        kind="desert",
        places=(
            "150625102",
            (528.0, 4490.0),
            (520.0, 4474.0),
            (536.0, 4450.0),
            (548.0, 4425.0),
            SEAT,
        ),
        lit=0.15,
    ),
    RoadPlan(
        id="CS3",
        name="穿沙公路三线（独贵塔拉-伊和乌素）",
        kind="desert",
        places=("150625103", (548.0, 4478.0), (528.0, 4462.0), (512.0, 4447.0), "150625200"),
        lit=0.2,
    ),
    RoadPlan(
        id="CS4",
        name="穿沙公路四线（独贵塔拉-塔然高勒）",
        kind="desert",
        places=("150625103", (580.0, 4468.0), (586.0, 4448.0), (588.0, 4428.0), (592.0, 4412.0)),
        lit=0.2,
    ),
    RoadPlan(
        id="CS5",
        name="穿沙公路五线（库布其东西大通道）",
        kind="desert",
        places=(
            "150625101",
            (440.0, 4462.0),
            (456.0, 4482.0),
            (486.0, 4490.0),
            (516.0, 4482.0),
            (546.0, 4468.0),
            (578.0, 4456.0),
            (589.0, 4447.0),
        ),
        lit=0.12,
    ),
    RoadPlan(
        id="CS6",
        name="穿沙公路六线（巴拉贡-锡尼）",
        kind="desert",
        places=(
            (421.0, 4446.5),
            (452.0, 4440.0),
            (478.0, 4428.0),
            (520.0, 4430.0),
            (545.0, 4440.0),
            (570.0, 4428.0),
            SEAT,
        ),
        lit=0.15,
    ),
    RoadPlan(
        id="X601",
        name="X601 县道",
        kind="county",
        places=(SEAT, (580.0, 4418.0), (594.0, 4430.0), (605.0, 4436.0)),
        important=False,
        lit=0.2,
    ),
    RoadPlan(
        id="X602",
        name="X602 县道",
        kind="county",
        places=(SEAT, (550.0, 4402.0), (536.0, 4394.0)),
        important=False,
        lit=0.15,
    ),
    RoadPlan(
        id="X603",
        name="X603 县道",
        kind="county",
        places=((577.0, 4392.0), (595.0, 4396.0), (603.0, 4388.0)),
        important=False,
        lit=0.15,
    ),
    RoadPlan(
        id="X604",
        name="X604 县道",
        kind="county",
        places=("150625200", (478.0, 4440.0), (456.0, 4452.0), (443.0, 4458.0)),
        important=None,
        lit=0.1,
    ),
    RoadPlan(
        id="X605",
        name="X605 县道",
        kind="county",
        places=("150625200", (488.0, 4418.0), (470.0, 4416.0)),
        important=False,
        lit=0.15,
    ),
    RoadPlan(
        id="X606",
        name="X606 县道",
        kind="county",
        places=("150625103", (576.0, 4486.0), (586.0, 4489.0)),
        important=None,
        lit=0.3,
    ),
    RoadPlan(
        id="X607",
        name="X607 县道",
        kind="county",
        places=("150625102", (492.0, 4507.0), (472.0, 4501.0), "150625104"),
        important=False,
        lit=0.2,
    ),
    RoadPlan(
        id="X608",
        name="X608 县道",
        kind="county",
        places=("150625102", (524.0, 4508.0), (541.0, 4498.0), "150625103"),
        important=False,
        lit=0.3,
    ),
    RoadPlan(
        id="X609",
        name="X609 县道",
        kind="county",
        places=((567.0, 4455.0), (552.0, 4448.0), (536.0, 4450.0), (505.0, 4462.0)),
        important=False,
        lit=0.1,
    ),
    RoadPlan(
        id="X610",
        name="X610 县道",
        kind="county",
        places=((574.0, 4390.0), (570.0, 4376.0)),
        important=None,
        lit=0.15,
    ),
)
"""Roads that people know by name, laid in this order; village roads follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePlan:
    """
    A zone to be drawn as a rounded polygon.

    Attributes
    ----------
    name, kind : str
        Name and use.
    centre_km : (float, float)
        Easting and northing. [km]
    area_km2 : float
        Exact area. [km2]
    stretch : float
        Length over width.
    turn_deg : float
        Direction of the length, counter-clockwise from east. [deg]
    sites : int
        Sites that stand inside today.
    severity, basis : str or None
        Of an exclusion zone.
    """

    name: str
    kind: str
    centre_km: tuple[float, float]
    area_km2: float
    stretch: float = 1.3
    turn_deg: float = 0.0
    sites: int = 0
    severity: str | None = None
    basis: str | None = None


ZONES: Final = (
    ZonePlan(
        name="锡尼镇中心城区核心区", kind="seat_core", centre_km=(562.883, 4412.485), area_km2=2.0
    ),
    ZonePlan(
        name="锡尼镇建成区",
        kind="built_up",
        centre_km=(562.9, 4412.4),
        area_km2=10.0,
        turn_deg=12.0,
    ),
    ZonePlan(
        name="独贵塔拉工业园区",
        kind="industrial_park",
        centre_km=(568.5, 4483.5),
        area_km2=9.0,
        stretch=1.8,
        turn_deg=-35.0,
        sites=3,
    ),
    ZonePlan(
        name="巴拉贡工业园",
        kind="industrial_park",
        centre_km=(416.3, 4449.6),
        area_km2=2.5,
        turn_deg=50.0,
        sites=1,
    ),
    ZonePlan(
        name="锡尼镇绿色产业园",
        kind="industrial_park",
        centre_km=(569.0, 4410.6),
        area_km2=4.0,
        stretch=1.6,
        turn_deg=20.0,
        sites=1,
    ),
    ZonePlan(
        name="库布其七星湖景区",
        kind="scenic_area",
        centre_km=(545.0, 4490.5),
        area_km2=12.0,
        stretch=1.7,
        turn_deg=30.0,
        sites=2,
    ),
    ZonePlan(name="库布其沙海景区", kind="scenic_area", centre_km=(529.5, 4480.0), area_km2=8.0),
    ZonePlan(
        name="黄河湾湿地景区",
        kind="scenic_area",
        centre_km=(486.5, 4521.0),
        area_km2=5.0,
        stretch=2.0,
        turn_deg=10.0,
        sites=1,
    ),
    ZonePlan(
        name="阿门其日格草原景区",
        kind="scenic_area",
        centre_km=(579.0, 4396.5),
        area_km2=6.0,
        sites=1,
    ),
    ZonePlan(
        name="摩林河草原景区",
        kind="scenic_area",
        centre_km=(508.0, 4436.0),
        area_km2=4.0,
        turn_deg=70.0,
    ),
    ZonePlan(
        name="库布其光伏治沙基地",
        kind="functional_area",
        centre_km=(573.5, 4470.5),
        area_km2=16.0,
        stretch=1.5,
        turn_deg=60.0,
        sites=1,
    ),
    ZonePlan(
        name="锡尼通用机场",
        kind="functional_area",
        centre_km=(553.5, 4407.5),
        area_km2=2.2,
        stretch=3.0,
        turn_deg=-40.0,
        sites=1,
    ),
    ZonePlan(
        name="独贵塔拉铁路物流园",
        kind="functional_area",
        centre_km=(565.8, 4491.3),
        area_km2=1.8,
        stretch=2.2,
        turn_deg=-30.0,
    ),
    ZonePlan(
        name="盐海子湖区产业基地",
        kind="functional_area",
        centre_km=(484.0, 4442.5),
        area_km2=3.0,
    ),
    ZonePlan(
        name="锡尼镇东郊人口密集区",
        kind="dense_area",
        centre_km=(566.6, 4413.9),
        area_km2=1.2,
    ),
    ZonePlan(name="巴拉贡镇人口密集区", kind="dense_area", centre_km=(414.3, 4453.0), area_km2=1.4),
    ZonePlan(
        name="吉日嘎朗图镇人口密集区",
        kind="dense_area",
        centre_km=(507.0, 4515.5),
        area_km2=1.6,
    ),
    ZonePlan(
        name="吉日嘎朗图镇南片人口密集区",
        kind="dense_area",
        centre_km=(508.3, 4513.2),
        area_km2=0.6,
    ),
    ZonePlan(
        name="独贵塔拉镇人口密集区",
        kind="dense_area",
        centre_km=(561.0, 4489.0),
        area_km2=2.2,
        turn_deg=-30.0,
    ),
    ZonePlan(
        name="独贵塔拉镇杭锦淖尔人口密集区",
        kind="dense_area",
        centre_km=(551.5, 4497.0),
        area_km2=0.8,
    ),
    ZonePlan(
        name="呼和木独镇人口密集区", kind="dense_area", centre_km=(447.0, 4497.0), area_km2=1.1
    ),
    ZonePlan(
        name="伊和乌素苏木人口密集区", kind="dense_area", centre_km=(499.0, 4431.0), area_km2=0.9
    ),
    ZonePlan(
        name="锡尼通用机场净空保护区",
        kind="exclusion",
        centre_km=(550.0, 4410.5),
        area_km2=6.0,
        stretch=3.0,
        turn_deg=-40.0,
        severity="conditional",
        basis="民用机场净空保护要求（位置与范围为虚构）：建设前须征求机场管理机构意见",
    ),
)

RESERVE_NAME: Final = "白音恩格尔自然保护区"
RESERVE_FRAME_DEG: Final = (107.033, 40.133, 107.317, 40.383)
RESERVE_BASIS: Final = (
    "《中华人民共和国自然保护区条例》：保护区内禁止新建设施；范围为公开经纬度外框"
)
RESERVE_ORIGIN: Final = "public frame of the reserve, 107.033-107.317 E, 40.133-40.383 N"

PLAIN_FIRST: Final = tuple("张王李刘陈杨赵高马郝白武韩苏贺樊乔温段薛吕史")
PLAIN_LAST: Final = ("家圪旦", "家圪卜", "家湾", "家渠", "家营子", "家壕", "家柜", "家地", "家台子")
STEPPE_FIRST: Final = (
    "巴音",
    "乌兰",
    "查干",
    "哈日",
    "呼和",
    "阿拉腾",
    "希日",
    "伊和",
    "巴嘎",
    "陶日",
    "布日",
    "额尔德尼",
    "敖楞",
    "沙日",
    "毛盖",
    "乌日图",
    "哈达",
    "昌汗",
    "浩雅日",
    "赛音",
    "扎哈",
    "宝日",
    "阿日",
    "乌珠日",
    "古日班",
    "道劳",
    "图克",
    "好赖",
    "苏布日",
    "哈拉",
    "都贵",
    "准",
    "达日罕",
)
STEPPE_LAST: Final = (
    "布拉格",
    "淖尔",
    "敖包",
    "柴达木",
    "乌素",
    "高勒",
    "呼都格",
    "温都尔",
    "希里",
    "陶勒盖",
    "图布希",
    "芒哈",
    "塔拉",
    "其日格",
    "额日格",
    "布隆",
    "沙巴尔",
    "锡里",
    "善达",
    "召",
    "壕赖",
    "图",
    "哈少",
    "宝力格",
)

STREETS: Final = (
    ("锡尼大街", "阿斯尔大街", "民族大街", "胜利大街", "团结大街", "建设大街"),
    ("巴音路", "育才路", "新华路", "民乐路", "建安路", "草原路"),
)
"""Streets of the county seat: along and across."""

SEAT_VENUES: Final = {
    "city_management": (
        "智慧城市运行中心",
        "政务服务中心",
        "城市管理指挥中心",
        "应急指挥中心",
        "供热调度中心",
        "生态环境监测中心",
    ),
    "education": ("第一中学", "第二中学", "职业中学", "蒙古族中学", "实验小学", "蒙古族小学"),
    "medical": ("人民医院", "蒙医医院", "妇幼保健院", "疾病预防控制中心", "急救中心"),
    "transport": ("汽车客运站", "交通运行监测中心", "公路养护中心"),
    "tourism": ("游客集散中心",),
}
"""Demonstration venues of the county seat by sector."""

TOWN_VENUES: Final = {
    "education": "中心小学",
    "medical": "中心卫生院",
    "transport": "客运站",
    "city_management": "综合治理中心",
    "farming": "农牧业服务站",
}
"""Venues of every other town: one of each sector."""

COUNTRY_VENUES: Final = (
    ("farming", "智慧牧场", 4000.0),
    ("farming", "节水灌溉示范区", 4000.0),
    ("energy", "升压变电站", 2500.0),
)
"""Venues outside every town: sector, name, farthest distance from the centre in metres."""

ZONE_VENUES: Final = (
    ("industrial_park", "industry", "新材料车间", 500.0),
    ("industrial_park", "industry", "装备制造车间", 500.0),
    ("industrial_park", "industry", "物流仓储车间", 500.0),
    ("scenic_area", "tourism", "游客中心", 400.0),
    ("scenic_area", "tourism", "观景台", 700.0),
    ("机场", "transport", "航站楼", 300.0),
    ("流园", "transport", "货场", 300.0),
    ("流园", "industry", "智能仓库", 300.0),
    ("基地", "energy", "光伏电站", 700.0),
    ("基地", "energy", "升压变电站", 700.0),
    ("基地", "energy", "储能电站", 700.0),
)
"""Venues of zones: kind or end of the name, sector, name, farthest distance in metres."""
