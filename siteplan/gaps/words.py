"""Causes, hindrances and remedies of gaps, and what they are called."""

from __future__ import annotations

from typing import Final

TOO_FAR: Final = "too_far"
SHADOW: Final = "shadow"
BUILDINGS: Final = "buildings"
WEAK: Final = "weak"
WEAK_CARRIER: Final = "weak_carrier"
INTERFERENCE: Final = "interference"
NO_NETWORK: Final = "no_network"
DATA_MISSING: Final = "data_missing"

CAUSE_ZH: Final = {
    TOO_FAR: "距基站过远",
    SHADOW: "地形遮挡",
    BUILDINGS: "建筑遮挡",
    WEAK: "信号偏弱（天线方向或挂高）",
    WEAK_CARRIER: "频段或功率不足",
    INTERFERENCE: "干扰",
    NO_NETWORK: "该制式尚无基站",
    DATA_MISSING: "数据缺失",
}
CAUSE_EN: Final = {
    TOO_FAR: "too far from any station",
    SHADOW: "shadow of terrain",
    BUILDINGS: "shadow of buildings",
    WEAK: "level too weak in view: off the beam or too low",
    WEAK_CARRIER: "band or power too weak: another carrier of the site would do",
    INTERFERENCE: "interference",
    NO_NETWORK: "no station of the technology",
    DATA_MISSING: "data missing",
}

ADD_CARRIER: Final = "add_carrier"
RAISE_OR_RETILT: Final = "raise_or_retilt"
USE_CANDIDATE: Final = "use_candidate"
NEW_SITE: Final = "new_site"
COMPLETE_DATA: Final = "complete_data"

REMEDY_ZH: Final = {
    ADD_CARRIER: "现有站址增加载波或制式",
    RAISE_OR_RETILT: "调整天线挂高、方位或下倾",
    USE_CANDIDATE: "启用备选站址",
    NEW_SITE: "新增站址（无可用备选）",
    COMPLETE_DATA: "补充数据",
}
REMEDY_EN: Final = {
    ADD_CARRIER: "add a carrier on an existing site",
    RAISE_OR_RETILT: "raise, turn or tilt the antenna",
    USE_CANDIDATE: "use a candidate site",
    NEW_SITE: "new site where no candidate exists",
    COMPLETE_DATA: "complete the data",
}

NO_CANDIDATE: Final = "no_candidate"
EXCLUDED: Final = "excluded"

HINDRANCE_ZH: Final = {NO_CANDIDATE: "周边无备选站址", EXCLUDED: "备选站址位于禁建区或不可用"}
HINDRANCE_EN: Final = {
    NO_CANDIDATE: "no candidate in reach",
    EXCLUDED: "candidates lie in exclusion zones or are not available",
}
