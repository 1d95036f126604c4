"""
P.1812 beside the Irregular Terrain Model of Longley and Rice, where the two ought to agree.

The model is taken from the package itmlogic, once that has reproduced the values of NTIA. The two agree
over a smooth Earth, over a single ridge of moderate height and far beyond the horizon. They part in the
deep shadow of hills: Longley and Rice bend the wave over two edges and a rounded Earth, P.1812 over one
edge, and ITM finds up to 60 dB more. Nothing is asserted there.
"""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from siteplan.propagation import p1812

pytest.importorskip("itmlogic", reason="the cross-check needs the test extra")

from itmlogic.misc.qerfi import qerfi
from itmlogic.preparatory_subroutines.qlrpfl import qlrpfl
from itmlogic.statistics.avar import avar

DATA = Path(__file__).parent / "data" / "itm"
MEDIAN = {
    "epsilon": 22.0,  # the ground of P.1812
    "sigma": 0.003,
    "N_0": 325.0,
    "pol": 1.0,
    "climate": 5.0,
    "time": 50.0,
    "location": 50.0,
    "situation": 50.0,
    "mdvar": 12.0,
}
STEP_M = 100.0


def cases():
    with (DATA / "p2p.csv").open(encoding="utf-8", newline="") as lines:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]
    with (DATA / "pfls.csv").open(encoding="utf-8", newline="") as lines:
        profiles = [[float(value) for value in line.split(",")] for line in lines]
    return [
        (row, np.array(profile[2:]), profile[1])
        for row, profile in zip(rows, profiles, strict=True)
    ]


def itm(row, heights_m, step_m):
    """Loss in excess of free space, and in free space, of the point-to-point mode. [dB]."""
    last = len(heights_m) - 1
    tenth = int(0.1 * last)
    wave = row["f__mhz"] / 47.7
    bent = row["N_0"] * math.exp(-np.mean(heights_m[tenth : last - tenth + 1]) / 9460.0)
    impedance = complex(row["epsilon"], 376.62 * row["sigma"] / wave)
    ground = np.sqrt(impedance - 1.0) / (impedance if row["pol"] else 1.0)
    prop = {
        "pfl": [last, step_m, *heights_m],
        "hg": [row["h_tx__meter"], row["h_rx__meter"]],
        "wn": wave,
        "ens": bent,
        "gme": 157e-9 * (1.0 - 0.04665 * math.exp(bent / 179.3)),
        "zgnd": ground,
        "klim": int(row["climate"]),
        "klimx": 0,
        "mdvarx": int(row["mdvar"]),
        "lvar": 5,
        "kwx": 0,
    }
    prop = qlrpfl(prop)
    shares = (qerfi([row[name] / 100.0])[0] for name in ("time", "location", "situation"))
    excess_db, prop = avar(*shares, prop)
    return float(excess_db), 20.0 * math.log10(2.0 * prop["wn"] * prop["dist"])


def both(heights_m, step_m, f, mast_m, mobile_m):
    """Median excess over free space by P.1812 and by ITM. [dB]."""
    row = MEDIAN | {"f__mhz": f, "h_tx__meter": mast_m, "h_rx__meter": mobile_m}
    excess_db, _ = itm(row, heights_m, step_m)
    along_km = np.arange(len(heights_m)) * step_m / 1e3
    profile = p1812.Profile(along_km, heights_m, np.zeros(len(heights_m)))
    link = p1812.Link(
        frequency_mhz=f,
        transmitter_height_m=mast_m,
        receiver_height_m=mobile_m,
        latitude_deg=40.0,
    )
    found = p1812.path_loss(profile, link)
    return found.loss_db - found.lbfs_db, excess_db


def plain(ridge_m=0.0):
    """Twenty kilometres at 500 m above the sea with one ridge half way."""
    heights = np.full(201, 500.0)
    heights[100] += ridge_m
    return heights


@pytest.mark.parametrize("case", range(5))
def test_itmlogic_reproduces_the_values_of_its_authors_agency(case):
    row, heights_m, step_m = cases()[case]
    excess_db, free_db = itm(row, heights_m, step_m)
    assert excess_db + free_db == pytest.approx(row["A__db"], abs=0.01)


@pytest.mark.parametrize("f", [450.0, 900.0, 2600.0])
def test_a_clear_path_is_free_space_to_both(f):
    # Focusing and multipath of P.1812 vanish at half of the time.
    for found_db in both(plain(), STEP_M, f, 100.0, 30.0):
        assert found_db == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("f", [450.0, 900.0, 2600.0])
def test_both_find_the_same_shadow_of_the_smooth_earth(f):
    ours, theirs = both(plain(), STEP_M, f, 30.0, 10.0)
    assert ours == pytest.approx(theirs, abs=2.0)


@pytest.mark.parametrize("f", [450.0, 900.0, 2600.0])
@pytest.mark.parametrize("ridge_m", [30.0, 60.0, 100.0])
def test_both_find_a_like_shadow_of_one_ridge(f, ridge_m):
    ours, theirs = both(plain(ridge_m), STEP_M, f, 30.0, 10.0)
    assert ours == pytest.approx(theirs, abs=7.0)
    assert min(ours, theirs) > 15.0


@pytest.mark.parametrize("f", [450.0, 900.0, 2600.0])
@pytest.mark.parametrize("mast_m", [10.0, 60.0])
def test_both_find_a_like_loss_far_beyond_the_horizon(f, mast_m):
    _, heights_m, step_m = cases()[0]  # 368 km
    ours, theirs = both(heights_m, step_m, f, mast_m, 10.0)
    assert ours == pytest.approx(theirs, abs=12.0)


@pytest.mark.parametrize("case", range(5))
def test_neither_beats_free_space_over_hills(case):
    _, heights_m, step_m = cases()[case]
    for f in (450.0, 2600.0):
        assert min(both(heights_m, step_m, f, 30.0, 1.5)) > 0.0
