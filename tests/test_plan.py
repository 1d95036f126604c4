"""The whole way on the small region: from files to a plan that keeps what it promises."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import siteplan
from siteplan import schema
from siteplan.coverage.cluster import on_executor
from siteplan.coverage.network import Coverage, network_coverage
from siteplan.coverage.stations import COLUMNS, station_table
from siteplan.demand import region_demands
from siteplan.plan import signal_floor_dbm
from siteplan.selection.proposals import PROPOSED
from siteplan.targets import AT_RISK, MEASURED, MET, NOT_MET, UNKNOWN, evaluate
from tests.conftest import lonlat, write_small_region, write_terrain


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of the small region; no test changes it."""
    return write_small_region(tmp_path_factory.mktemp("plan") / "small")


@pytest.fixture(scope="module")
def plan(folder):
    """Plan of the small region, with every file's bytes checked before and after."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    made = siteplan.make_plan(siteplan.read_region(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return made


def states(evaluation, year=2022):
    rows = evaluation.results
    rows = rows[(rows["scope"] == "") & (rows["group"] == "") & (rows["year"] == year)]
    return rows.set_index("rule_id")["state"].to_dict()


def test_a_new_folder_reaches_its_targets_without_new_code(plan):
    assert states(plan.today) == {"S-V-2021": NOT_MET, "S-R-2022": NOT_MET}
    assert states(plan.planned) == {"S-V-2021": MET, "S-R-2022": MET}
    assert states(plan.planned, 2021)["S-V-2021"] == MET  # by the end of the rule's own year
    assert len(plan.planned_stations) >= 1
    assert len(plan.gaps_today) >= 1
    assert plan.selection.shortfalls.empty


def test_every_planned_station_stands_on_a_usable_site_of_a_network_that_builds(plan):
    sites = plan.region.sites
    for station in plan.planned_stations.itertuples():
        assert sites.loc[station.site_id, "status"] in {"candidate", "existing"}
        assert plan.region.scenario.network(station.operator, station.technology).build
        assert station.year in plan.years
        assert station.cell >= 0
    keys = ["site_id", "operator", "technology"]
    both = pd.concat([plan.today_stations[keys], plan.planned_stations[keys]])
    assert not both.duplicated().any()
    assert set(COLUMNS) <= set(plan.planned_stations.columns)


def test_what_the_plan_promises_holds_when_it_is_computed_again(folder, plan):
    region = siteplan.read_region(folder)
    given = pd.concat([plan.today_stations, plan.planned_stations[list(COLUMNS)]])
    stations = station_table(region, given)
    coverage = network_coverage(
        region, stations, plan.years, floor_dbm=signal_floor_dbm(region), label=""
    )
    again = evaluate(region, region_demands(region), coverage, stations, plan.years)
    pd.testing.assert_frame_equal(again.results, plan.planned.results)
    pd.testing.assert_frame_equal(again.items, plan.planned.items)


def test_no_planned_station_can_be_left_out(plan):
    # the village and the road need the station: without it a rule falls back
    region = plan.region
    for name in plan.planned_stations.index:
        kept = plan.planned_stations.drop(index=name)[list(COLUMNS)]
        stations = pd.concat([plan.today_stations, kept])
        coverage = network_coverage(region, stations, plan.years, floor_dbm=-125.0, label="")
        without = evaluate(region, plan.demands, coverage, stations, plan.years)
        assert set(states(without).values()) != {MET}


def test_the_plan_never_makes_a_rule_worse(plan):
    rank = {NOT_MET: 0, UNKNOWN: 1, AT_RISK: 2, MET: 3, MEASURED: 0}
    keys = ["rule_id", "year", "scope", "group"]
    before = plan.today.results.set_index(keys)["state"].map(rank)
    after = plan.planned.results.set_index(keys)["state"].map(rank)
    assert (after >= before).all()
    for key, coverage in plan.coverage_plan.items():
        assert (coverage.rsrp_cdbm >= plan.coverage_today[key].rsrp_cdbm).all()


def equal(left, right):
    """Whether two results hold the same, whatever they are made of."""
    if dataclasses.is_dataclass(left) and not isinstance(left, type):
        skipped = {"seconds", "geobox"}
        names = [field.name for field in dataclasses.fields(left) if field.name not in skipped]
        return all(equal(getattr(left, name), getattr(right, name)) for name in names)
    if isinstance(left, (pd.DataFrame, pd.Series)):
        return left.equals(right)
    if isinstance(left, np.ndarray):
        return np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
    if hasattr(left, "items"):
        same_keys = list(left) == list(right)
        return same_keys and all(equal(value, right[key]) for key, value in left.items())
    unknown = isinstance(left, float) and np.isnan([left, right]).all()
    return left == right or unknown


def test_the_same_input_gives_the_same_plan(folder, plan):
    again = siteplan.make_plan(siteplan.read_region(folder))
    for field in dataclasses.fields(plan):
        if field.name != "region":
            assert equal(getattr(plan, field.name), getattr(again, field.name)), field.name


def test_stations_shared_among_workers_give_the_same_plan(folder, plan):
    with ThreadPoolExecutor(2) as pool:
        shared = siteplan.make_plan(
            siteplan.read_region(folder), share=on_executor(pool, chunk_stations=1)
        )
    for field in dataclasses.fields(plan):
        if field.name != "region":
            assert equal(getattr(plan, field.name), getattr(shared, field.name)), field.name


def test_years_are_nested(plan):
    for first, later in zip(plan.years, plan.years[1:], strict=False):
        for technology in {technology for technology, _ in plan.coverage_plan}:
            earlier = plan.coverage_plan[technology, first]
            assert isinstance(earlier, Coverage)
            assert (earlier.rsrp_cdbm <= plan.coverage_plan[technology, later].rsrp_cdbm).all()


def test_the_summary_names_every_rule_with_both_states(plan):
    html = plan._repr_html_()
    for rule in plan.region.document.rules:
        assert rule.id in html
    assert "未达标" in html
    assert "达标" in html


def test_a_ridge_in_the_way_costs_no_less(tmp_path, plan):
    folder = write_small_region(tmp_path / "ridge")
    write_terrain(folder / "terrain.tif", ridge_m=400.0)
    ridge = siteplan.make_plan(siteplan.read_region(folder))
    assert ridge.selection.value >= plan.selection.value
    assert set(states(ridge.planned).values()) <= {MET, NOT_MET}


def test_a_green_field_is_planned_from_nothing(small_folder):
    path = small_folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('[layers.stations]\npath = "stations.csv"\n', "")
    path.write_text("greenfield = true\n" + text, encoding="utf-8")
    made = siteplan.make_plan(siteplan.read_region(small_folder))
    assert len(made.today_stations) == 0
    assert set(made.gaps_today["cause"]) == {"no_network"}
    assert states(made.planned) == {"S-V-2021": MET, "S-R-2022": MET}


def test_a_region_without_a_single_site_is_planned_on_proposed_ones(small_folder):
    path = small_folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    for layer, crs in (("stations", ""), ("sites", 'crs = "EPSG:4490"\n')):
        text = text.replace(f'[layers.{layer}]\npath = "{layer}.csv"\n{crs}', "")
    text += "[candidates]\npropose_spacing_m = 2000.0\n"
    path.write_text("greenfield = true\n" + text, encoding="utf-8")
    made = siteplan.make_plan(siteplan.read_region(small_folder))
    assert set(made.region.sites["origin"]) == {PROPOSED}
    assert len(made.planned_stations)
    assert states(made.planned) == {"S-V-2021": MET, "S-R-2022": MET}


def test_what_cannot_be_reached_is_said_and_not_promised(small_folder):
    # without the two eastern candidates nothing reaches the eastern village
    path = small_folder / "sites.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:2]) + "\n", encoding="utf-8")
    path = small_folder / "scenario.toml"
    text = path.read_text(encoding="utf-8").replace("radius_m = 8000.0", "radius_m = 5000.0")
    text = text.replace("[[networks]]", '[[networks]]\noperator = "乙"\ntechnology = "4G"\n'
                        'macro = "macro-lte900"\n[[networks]]', 1)  # fmt: skip
    path.write_text(text, encoding="utf-8")
    made = siteplan.make_plan(siteplan.read_region(small_folder))
    assert states(made.planned) == {"S-V-2021": NOT_MET, "S-R-2022": NOT_MET}
    assert set(made.selection.shortfalls["rule_id"]) == {"S-V-2021", "S-R-2022"}
    assert set(made.gaps_plan["cause"]) == {"too_far"}


def test_voids_leave_targets_unknown_and_never_met(small_folder):
    write_terrain(small_folder / "terrain.tif")
    import rasterio  # noqa: PLC0415  # only here

    with rasterio.open(small_folder / "terrain.tif", "r+") as terrain:
        # the whole middle of the land: 5 to 9 km from the west edge, with all its height
        hole = np.full((terrain.height, 80), terrain.nodata, dtype="int16")
        terrain.write(hole, 1, window=rasterio.windows.Window(140, 0, 80, terrain.height))
    made = siteplan.make_plan(siteplan.read_region(small_folder))
    assert states(made.today)["S-R-2022"] in {UNKNOWN, NOT_MET}
    assert states(made.planned)["S-R-2022"] == UNKNOWN
    assert "data_missing" in set(made.gaps_plan["cause"])


@pytest.mark.slow
def test_layers_with_nothing_but_what_is_required_go_the_whole_way(small_folder, tmp_path):
    """Every layer of the schema, each with its required columns alone: no stage asks for another."""
    values = {"number": 10.0, "integer": 5, "text": "a", "flag": True}
    shapes = {
        "point": [shapely.Point(lonlat(6000.0 + 40.0 * i, 3000.0)) for i in range(3)],
        "line": [shapely.LineString([lonlat(500.0, y), lonlat(11_000.0, y)]) for y in (2e3, 3e3)],
        "polygon": [
            shapely.Polygon([lonlat(x, y) for x, y in ((a, 0), (a + 5900, 0), (a, 5900))])
            for a in (50.0, 6050.0)
        ],
    }
    entries = []
    for table in schema.TABLES.values():
        if table.name in {"boundary", "stations", "cells", "samples"}:
            continue
        places = shapes[table.geometry]
        columns = {
            column.name: [
                column.choices[0] if column.choices else values[column.kind] for _ in places
            ]
            for column in table.columns
            if column.required
        }
        name = f"bare_{table.name}.gpkg"
        gpd.GeoDataFrame(columns, geometry=places, crs="EPSG:4490").to_file(small_folder / name)
        entries.append(f'[layers.{table.name}]\npath = "{name}"\nchecked = true\n')
    path = small_folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    head, rest = text.split("[layers.villages]")
    tail = rest[rest.index("[targets]\n") :]
    path.write_text("greenfield = true\n" + head + "".join(entries) + tail, encoding="utf-8")
    region = siteplan.read_region(small_folder)
    for name, frame in region.layers.items():
        known = {column.name for column in schema.TABLES[name].columns} - {"id"}
        assert known <= set(frame.columns)
        required = {column.name for column in schema.TABLES[name].columns if column.required}
        for column in known - required - {"township"}:
            assert name == "boundary" or frame[column].isna().all(), (name, column)
    files = siteplan.write_plan(siteplan.make_plan(region), tmp_path / "out")
    assert all(path.stat().st_size > 0 for path in files.values())
