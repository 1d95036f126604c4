"""Chinese of what catalogue, results and warnings say: nothing English is left in a Chinese list."""

from __future__ import annotations

import ast
import re
from itertools import product
from pathlib import Path

import pytest

import siteplan
from siteplan import catalog
from siteplan.errors import Fault
from siteplan.outputs.translation import fault_in_chinese, in_chinese

PACKAGE = Path(siteplan.__file__).parent
ENGLISH = re.compile(r"\b(?!dBm?\b|dBi\b)[a-z]{2,} [a-z]{2,}")
"""Two English words in a row: no name, no key and no unit."""


def is_chinese(text: str) -> bool:
    return bool(re.search("[\u4e00-\u9fff]", text)) and not ENGLISH.search(text)


def catalogue_sources() -> set[str]:
    costs = catalog.costs()
    entries = [
        *catalog.definitions().values(),
        *catalog.carriers().values(),
        *catalog.equipment().values(),
        *catalog.structures().values(),
        *costs.structure.values(),
        *costs.station.values(),
    ]
    return {entry.source for entry in entries} | {costs.discount_source}


def literal(node: ast.expr) -> str | None:
    """Text of a string in the code, with a 7 for everything that is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values
        )
    return None


def literals(node: ast.expr) -> list[str]:
    """Texts that an expression can give, in both branches and joined."""
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    if isinstance(node, ast.BinOp):
        pairs = product(literals(node.left) or ["7"], literals(node.right) or ["7"])
        return [left + right for left, right in pairs]
    text = literal(node)
    return [text] if text else []


def fault_texts() -> set[str]:
    """Rules and remedies of faults and warnings, wherever they stand as texts."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Fault", "_warning"}:
                given = [word.value for word in node.keywords if word.arg in {"rule", "remedy"}]
                found |= {text for part in (*given, *node.args[1:]) for text in literals(part)}
    return {text for text in found if ENGLISH.search(text)}


def reason_texts() -> set[str]:
    """Reasons that the judgement of rules gives."""
    found = set()
    for path in (PACKAGE / "targets").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                nodes = [v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "reason"]
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "reasons.append":
                nodes = node.args
            else:
                continue
            found |= {text for part in nodes if (text := literal(part))}
    return found


def test_the_code_was_really_searched():
    assert "no station is computed farther than this" in fault_texts()
    assert {"attribute blank", "layer 7 not given"} <= reason_texts()


@pytest.mark.parametrize("text", sorted(catalogue_sources()))
def test_every_source_that_a_list_prints_is_chinese(text):
    assert is_chinese(in_chinese(text))


@pytest.mark.parametrize("text", sorted(fault_texts() | reason_texts()))
def test_every_fault_and_reason_is_chinese(text):
    assert is_chinese(in_chinese(text))


@pytest.mark.parametrize(
    "text", ["", "3GPP TR 38.901, Table 7.4.1-1", "scenario.toml", "测绘院; 2020", "a 2 of 3 b; c"]
)
def test_what_is_not_known_stays_as_it_is(text):
    assert in_chinese(text) == text


def test_clauses_are_translated_one_by_one():
    assert in_chinese("attribute blank; our own remark") == "属性未填写；our own remark"


def test_columns_and_layers_get_their_headers():
    assert in_chinese("2 without fibre, power") == "2个不满足：通光纤、供电方式"
    assert in_chinese("layer roads not given") == "未提供图层：道路"


def test_ranges_of_models_are_told_by_sight():
    told = in_chinese("published out of sight for 10 to 5000 m; beyond, it is extrapolated")
    assert told == "模型公布的非视距适用范围为10～5000 m，超出部分为外推"
    assert "视距" not in in_chinese("published for 1.5 m; beyond, it is extrapolated")


def test_a_warning_says_place_rule_value_and_remedy():
    fault = Fault(
        source="cells.csv",
        row="7",
        column="antenna",
        value="2 of 9 cells, first 'A1'",
        rule="the pattern was measured more than 20% away from the carrier",
        remedy="Give the file of the carrier's band.",
    )
    line = fault_in_chinese(fault)
    assert all(part in line for part in ("cells.csv", "第7行", "9个小区中的2个", "'A1'", "20%"))
    assert is_chinese(line)
