"""``plan.json``: what is read back is what was written."""

from __future__ import annotations

import json

import jsonschema
import pandas as pd
import pytest

from siteplan.errors import InputError
from siteplan.outputs.plan_json import (
    plan_schema,
    plan_tables,
    read_plan,
    write_plan_json,
)
from siteplan.outputs.provenance import link_budgets


@pytest.fixture(scope="module")
def path(small_plan, tmp_path_factory):
    target = tmp_path_factory.mktemp("json") / "plan.json"
    write_plan_json(small_plan, target)
    return target


@pytest.mark.parametrize("name", ["small_plan", "hostile_plan"])
def test_reading_back_gives_the_same_tables(request, name, tmp_path):
    plan = request.getfixturevalue(name)
    write_plan_json(plan, tmp_path / "plan.json")
    read = read_plan(tmp_path)
    tables = plan_tables(plan)
    assert set(read.tables) == set(tables)
    for key, table in tables.items():
        pd.testing.assert_frame_equal(read.tables[key], table)
    assert read.years == tuple(plan.years)


def test_fits_its_schema(path):
    schema = plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    content = json.loads(path.read_bytes())
    jsonschema.validate(content, schema)
    del content["tables"]["sites"]
    with pytest.raises(jsonschema.ValidationError, match="sites"):
        jsonschema.validate(content, schema)


def test_totals_are_those_of_the_tables(path):
    read, totals = read_plan(path), json.loads(path.read_bytes())["totals"]
    sites = read.tables["sites"]
    assert totals["sites_planned"] == len(sites)
    assert totals["stations_planned"] == sites["stations"].sum()
    assert (
        totals["cost_cny"] == sites["cost_cny"].sum() == read.tables["investment"]["cost_cny"].sum()
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no plan"),
        (b"[1, 2]", "no plan"),
        (b'{"format": 99}', "format 99"),
        (b'{"format": 1}', "no plan"),
        (b"\xff\xfe\x00", "no plan"),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path, content, told):
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(InputError, match=told):
        read_plan(tmp_path / "plan.json")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="no plan"):
        read_plan(tmp_path / "nowhere")


def test_link_budget_closes(small_plan):
    """Reference level less the loss that still serves is the threshold."""
    table = link_budgets(small_plan)
    assert len(table)
    closed = table["reference_dbm"] - table["path_loss_db"]
    assert closed.tolist() == pytest.approx(table["threshold_dbm"].tolist())
    budget = table["element_power_dbm"] + table["gain_dbi"] - table["losses_db"]
    assert (table["reference_dbm"] <= budget + 1e-9).all()
