"""Words for the states of fibre and power, in Chinese and English."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HAS_FIBRE: Final = "has_fibre"
TO_CONNECT: Final = "to_connect"
NO_ROUTE: Final = "no_route"

NO_ROADS: Final = "no_roads"
NO_FIBRE_NODES: Final = "no_fibre_nodes"
FAR_FROM_ROAD: Final = "far_from_road"
CUT_OFF: Final = "cut_off"

FIBRE_ZH: Final[Mapping[str, str]] = MappingProxyType(
    {
        HAS_FIBRE: "已通光缆",
        TO_CONNECT: "需新建光缆",
        NO_ROUTE: "无路由",
        NO_ROADS: "缺少道路数据，路由未知",
        NO_FIBRE_NODES: "无已知光缆节点",
        FAR_FROM_ROAD: "距道路超过限值",
        CUT_OFF: "所在道路与任何光缆节点不连通",
    }
)
FIBRE_EN: Final[Mapping[str, str]] = MappingProxyType(
    {
        HAS_FIBRE: "fibre is there",
        TO_CONNECT: "new cable needed",
        NO_ROUTE: "no route",
        NO_ROADS: "no roads layer, so the route is unknown",
        NO_FIBRE_NODES: "no fibre node is known",
        FAR_FROM_ROAD: "farther from every road than the limit",
        CUT_OFF: "its roads are not connected to any fibre node",
    }
)
