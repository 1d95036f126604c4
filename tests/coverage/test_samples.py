"""Samples beside the plan's own footprints: the level of the serving station, or why there is none."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from siteplan.coverage.calibration import calibrate_region
from siteplan.coverage.footprint import footprints
from siteplan.coverage.sample_choice import CalibrationOptions
from siteplan.coverage.samples import COLUMNS, predicted_samples
from siteplan.coverage.stations import station_table
from siteplan.errors import InputError
from tests import handmade as hand

SIZE, CELL_M = 61, 100.0
RADIO = {"macro_model": "tr38901-rma", "radius_m": 4000.0}
EQUIPMENT = ["macro-lte900", "macro-lte900", "macro-nr3500"]


def land(samples=None, radio=RADIO, **parts):
    """Region with two 4G stations and a 5G one, and samples of (column, row, level, station, carrier)."""
    layers = {}
    if samples is not None:
        frame = pd.DataFrame(
            samples, columns=["column", "row", "rsrp_dbm", "station_id", "carrier"]
        ).astype({"station_id": "string", "carrier": "string", "rsrp_dbm": float})
        places = [
            hand.point((c + 0.5) * CELL_M, (SIZE - r - 0.5) * CELL_M)
            for c, r in zip(frame["column"], frame["row"], strict=True)
        ]
        frame = frame.drop(columns=["column", "row"]).rename_axis("id")
        layers["samples"] = gpd.GeoDataFrame(frame, geometry=places, crs="EPSG:4545")
    stations = [
        {
            "id": f"st{i}",
            "site_id": f"s{i}",
            "operator": "甲",
            "technology": name[6:8],
            "equipment": name,
        }
        for i, name in enumerate(EQUIPMENT)
    ]
    return hand.region(
        shape=(SIZE, SIZE),
        cell_m=CELL_M,
        layers=layers,
        the_sites=hand.sites(
            ("s0", "tower", "existing", 1050, 3050),
            ("s1", "tower", "existing", 5050, 3050),
            ("s2", "tower", "existing", 3050, 3050),
        ),
        the_stations=hand.stations(*stations),
        radio=radio,
        **parts,
    )


def predicted(region, **options):
    options = {"model": "tr38901-rma"} | options
    table = station_table(region, region.stations)
    return predicted_samples(region, table, region.layers["samples"], **options)


def level_of(region, position, row, column):
    table = station_table(region, region.stations)
    for i, footprint in footprints(region, table, floor_dbm=-250.0, label=""):
        if i == position:
            return footprint.rsrp_cdbm[row - footprint.row, column - footprint.column] / 100.0
    raise AssertionError


def test_a_sample_takes_the_level_of_its_station():
    region = land([(30, 20, -90.0, "st0", None), (30, 20, -95.0, "st1", None)])
    found = predicted(region)
    assert tuple(found.columns) == COLUMNS
    assert found["predicted_dbm"].tolist() == [level_of(region, i, 20, 30) for i in (0, 1)]
    # 20 columns and 10 rows of 100 m from either mast
    assert found["distance_m"].to_numpy() == pytest.approx(100.0 * np.hypot(20, 10))
    assert (found["reason"] == "").all()
    assert found["rsrp_dbm"].tolist() == [-90.0, -95.0]


def test_losses_of_the_user_and_old_corrections_are_not_in_it():
    muffled = {"body_loss_db": 4.0, "penetration_loss_db": 12.0}
    muffled["corrections"] = {"tr38901-rma": {"offset_db": 9.0}}
    sample = [(30, 20, -90.0, "st0", None)]
    plain, found = (predicted(land(sample, radio=RADIO | more)) for more in ({}, muffled))
    pd.testing.assert_frame_equal(plain, found)


def test_why_a_sample_has_no_prediction():
    ground = np.zeros((SIZE, SIZE), np.float32)
    ground[40:, :15] = np.nan
    region = land(
        [
            (30, 20, -90.0, "st9", None),
            (30, 20, -90.0, None, None),
            (30, 20, -90.0, "st2", None),
            (90, 20, -90.0, "st0", None),
            (60, 30, -90.0, "st0", None),
            (10, 50, -90.0, "st0", None),
            (30, 20, -90.0, None, "lte800"),
        ],
        terrain_m=ground,
    )
    found = predicted(region, carrier="lte900")
    assert found["reason"].tolist() == [
        "no_station", "no_station", "other_station", "off_grid", "out_of_reach", "unknown_terrain",
        "no_station",
    ]  # fmt: skip
    assert found["predicted_dbm"].isna().all()


def test_a_sample_that_names_a_carrier_goes_to_the_strongest_of_it():
    region = land([(12, 30, -70.0, None, "lte900"), (31, 30, -70.0, None, "nr3500")])
    found = predicted(region)
    assert found["station_id"].tolist() == ["st0", "st2"]
    assert found["assigned"].all()
    assert found["predicted_dbm"].iloc[0] == level_of(region, 0, 30, 12)


def test_scales_are_kept_apart():
    region = land([(30, 20, -90.0, "st0", None)])
    assert predicted(region, scale="micro")["reason"].tolist() == ["other_station"]


# --- from the folder's layer to the correction -----------------------------------------------------


@pytest.mark.parametrize("model", ["tr38901-rma", "p1812"])
def test_a_known_error_is_found_again(model):
    random = np.random.default_rng(4)
    places = [(c, r) for c in range(2, 60, 2) for r in range(2, 60, 2)]
    bare = land([(c, r, -90.0, "st0", None) for c, r in places], RADIO | {"macro_model": model})
    truth = predicted(bare, model=model)
    decades = np.log10(truth["distance_m"].clip(lower=1.0) / 1000.0)
    level = truth["predicted_dbm"] - 5.0 - 8.0 * decades + random.normal(0.0, 4.0, len(truth))
    frame = bare.layers["samples"].assign(rsrp_dbm=level.fillna(-90.0))
    region = land(radio=RADIO | {"macro_model": model})
    with pytest.raises(InputError, match="samples"):
        calibrate_region(region)
    layers = {"samples": frame}
    region = hand.region(
        shape=(SIZE, SIZE), cell_m=CELL_M, layers=layers, the_sites=region.sites,
        the_stations=region.stations, radio=RADIO | {"macro_model": model},
    )  # fmt: skip
    found = calibrate_region(region, carrier="lte900", options=CalibrationOptions(floor_dbm=-200.0))
    assert found.name == f"{model}/lte900"
    assert found.correction.offset_db == pytest.approx(5.0, abs=4.0 * found.offset_se_db)
    assert found.correction.slope_db_per_decade == pytest.approx(8.0, abs=4.0 * found.slope_se_db)
    assert found.correction.sigma_db == pytest.approx(4.0, rel=0.1)
    assert found.dropped["out_of_reach"] > 0


def test_without_stations_or_columns_every_sample_is_dropped():
    region = land([(30, 20, -90.0, "st0", None)])
    samples = region.layers["samples"]
    none = station_table(region, region.stations).iloc[:0]
    found = predicted_samples(region, none, samples, model="free-space")
    assert found["reason"].tolist() == ["no_station"]
    bare = samples.drop(columns=["station_id", "carrier"])
    stations = station_table(region, region.stations)
    assert predicted_samples(region, stations, bare, model="free-space")["reason"].tolist() == [
        "no_station"
    ]
    assert len(predicted_samples(region, stations, samples.iloc[:0], model="free-space")) == 0
