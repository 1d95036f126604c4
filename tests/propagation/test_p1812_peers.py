"""Random paths of Recommendation ITU-R P.1812 against two programs of other people."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from random import Random

import pytest

from siteplan.propagation.p1812 import (
    Atmosphere,
    Link,
    Profile,
    Zone,
    inverse_normal,
    location_standard_deviation,
    path_loss,
)

VALUES = Path(__file__).parent / "data" / "p1812" / "peers.csv"

RESOLUTION_M = 100.0
"""Width of the square of location variability. [m]"""


def choose(draw, *values):
    return values[int(draw() * len(values))]


def between(draw, low, high):
    """Value between two limits, even in its logarithm."""
    return math.exp(math.log(low) + (math.log(high) - math.log(low)) * draw())


def ground(draw, count):
    """Heights of a kind: steps at random, a plain, spikes, a slope, a cliff, noise. [m]."""
    kind, size = int(draw() * 6), between(draw, 1.0, 2000.0)
    if kind == 0:
        heights = [500.0]
        for _ in range(count - 1):
            heights.append(heights[-1] + size * (draw() - 0.5))
        return heights
    edge = draw()
    return [
        (
            100.0,
            size * (draw() < 0.1),
            size * (i / count - edge),
            size * (i / count > edge),
            size * draw(),
        )[kind - 1]
        for i in range(count)
    ]


def zones(draw, count):
    """All inland, all sea, mixed, a coast somewhere, or a strait between two shores."""
    kind, edge = int(draw() * 5), draw()
    sea, coast, inland = int(Zone.SEA), int(Zone.COASTAL_LAND), int(Zone.INLAND)
    if kind == 2:
        return [choose(draw, sea, coast, inland) for _ in range(count)]
    shore = max(1, int(0.15 * edge * count))
    return [
        (inland, sea, None, sea if i > edge * count else inland)[kind]
        if kind < 4
        else (coast if i < shore or i >= count - shore else sea)
        for i in range(count)
    ]


def case(number):
    """One path, link and question, from numbers that every version of Python draws alike."""
    draw = Random(number).random  # noqa: S311  # no secret
    count = choose(draw, 6, 9, 25, 80, 200)
    length_km = between(draw, 0.25, choose(draw, 2.0, 20.0, 200.0, 1000.0))
    steps = [0.2 + draw() if number % 2 else 1.0 for _ in range(count - 1)]
    reached = [sum(steps[:i]) for i in range(count)]
    distance_km = [length_km * part / reached[-1] for part in reached]
    wooded = draw() < 0.6
    clutter = [choose(draw, 0.0, 0.0, 10.0, 15.0, 20.0) if wooded else 0.0 for _ in range(count)]
    profile = Profile(distance_km, ground(draw, count), clutter, zones(draw, count))
    afloat = {
        f"{end}_to_coast_km": 0.0 if profile.zone[i] == Zone.SEA else choose(draw, 500.0, 0.5, 3.0)
        for end, i in (("transmitter", 0), ("receiver", -1))
    }
    link = Link(
        frequency_mhz=between(draw, 30.0, 6000.0),
        transmitter_height_m=between(draw, 1.0, choose(draw, 30.0, 300.0, 3000.0)),
        receiver_height_m=between(draw, 1.0, choose(draw, 2.0, 20.0, 3000.0)),
        latitude_deg=160.0 * draw() - 80.0,
        polarisation=choose(draw, "vertical", "horizontal"),
        **afloat,
    )
    question = {
        "time_percent": choose(draw, 1.0, 5.0, 20.0, 49.0, 50.0, 1.0 + 49.0 * draw()),
        "location_percent": choose(draw, 50.0, 50.0, 1.0, 90.0, 99.0),
        "location_sigma_db": location_standard_deviation(
            frequency_mhz=link.frequency_mhz,
            resolution_m=RESOLUTION_M,
            receiver_height_m=link.receiver_height_m,
            clutter_height_m=clutter[-1],
        ),
        "atmosphere": Atmosphere(
            refractivity_lapse_n_per_km=20.0 + 100.0 * draw(),
            surface_refractivity_n=250.0 + 150.0 * draw(),
        ),
    }
    return profile, link, question


def rows():
    with VALUES.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]


ROWS = rows()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(int(row["case"])))
def test_equals_two_other_programs_on_random_paths(row):
    profile, link, question = case(int(row["case"]))
    profiled, closed = (
        path_loss(profile, link, smooth_path=form, **question).loss_db
        for form in ("profile", "closed_form")
    )
    assert profiled == pytest.approx(row["reference_profile_db"], abs=1e-6)
    assert closed == pytest.approx(row["reference_closed_form_db"], abs=1e-6)
    if profile.zone[-1] != Zone.SEA or question["location_percent"] == 50.0:
        assert profiled == pytest.approx(row["covlib_db"], abs=1e-6)


def test_the_two_part_only_where_one_lets_the_level_vary_over_places_at_sea():
    parted = 0
    for row in ROWS:
        profile, link, question = case(int(row["case"]))
        result = path_loss(profile, link, **question)
        if profile.zone[-1] != Zone.SEA:
            continue
        share = question["location_percent"] / 100.0
        varied = result.lbc_db - inverse_normal(share) * question["location_sigma_db"]
        assert row["covlib_db"] == pytest.approx(max(result.lb0p_db, varied), abs=1e-6)
        parted += abs(row["covlib_db"] - row["reference_profile_db"]) > 0.1
    assert parted > 5
