"""Placing rooms against brute force, by hand, and at size."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.backhaul import medians
from siteplan.backhaul.medians import place_rooms


def brute(distance, weight, rooms, most):
    """Most weight served, then least distance, over all rooms and assignments."""
    candidates, places = distance.shape
    best = (0.0, 0.0)
    for chosen in combinations(range(candidates), min(rooms, candidates)):
        for room in product((-1, *chosen), repeat=places):
            load = [sum(w for w, r in zip(weight, room, strict=True) if r == j) for j in chosen]
            far = [distance[r, i] for i, r in enumerate(room) if r >= 0]
            if any(each > most for each in load) or not np.isfinite(far).all():
                continue
            served = float(sum(load))
            metres = sum(weight[i] * distance[r, i] for i, r in enumerate(room) if r >= 0)
            best = min(best, (-served, float(metres)))
    return -best[0], best[1]


@st.composite
def tasks(draw):
    candidates, places = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    metres = st.one_of(st.integers(0, 20).map(float), st.just(np.inf))
    cells = draw(st.lists(metres, min_size=candidates * places, max_size=candidates * places))
    weight = draw(st.lists(st.integers(1, 3), min_size=places, max_size=places))
    most = draw(st.one_of(st.none(), st.integers(1, 6).map(float)))
    distance = np.array(cells).reshape(candidates, places)
    return distance, np.array(weight, dtype=float), draw(st.integers(1, 3)), most


@settings(max_examples=40, deadline=None)
@given(tasks())
def test_a_given_number_of_rooms_as_by_brute_force(task):
    distance, weight, rooms, most = task
    served, metres = brute(distance, weight, rooms, np.inf if most is None else most)
    placed = place_rooms(distance, weight, rooms=rooms, most=most)
    assert weight[placed.room >= 0].sum() == served
    assert placed.distance == pytest.approx(metres)
    assert placed.bound <= metres + 1e-6
    assert placed.served_bound >= served - 1e-6
    assert len(placed.rooms) <= rooms


@settings(max_examples=40, deadline=None)
@given(tasks())
def test_the_fewest_rooms_as_by_brute_force(task):
    distance, weight, _, most = task
    limit = np.inf if most is None else most
    every = [brute(distance, weight, k, limit) for k in range(len(distance) + 1)]
    fewest = next(k for k, found in enumerate(every) if found[0] == every[-1][0])
    placed = place_rooms(distance, weight, most=most)
    assert len(placed.rooms) == placed.fewest == fewest
    assert placed.distance == pytest.approx(every[fewest][1])


@settings(max_examples=40, deadline=None)
@given(tasks())
def test_without_a_solver_the_bounds_still_hold(task):
    distance, weight, rooms, most = task
    limit = np.inf if most is None else most
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(medians, "EXACT_PAIRS", -1)
        patch.setattr(medians, "COVER_PAIRS", -1)
        placed = place_rooms(distance, weight, rooms=rooms, most=most)
        few = place_rooms(distance, weight, most=most)
    served, metres = brute(distance, weight, rooms, limit)
    found = weight[placed.room >= 0].sum()
    assert found <= served <= placed.served_bound
    if found == served:
        assert placed.bound - 1e-6 <= metres <= placed.distance + 1e-6
    every = [brute(distance, weight, k, limit) for k in range(len(distance) + 1)]
    if weight[few.room >= 0].sum() == every[-1][0]:
        fewest = next(k for k, best in enumerate(every) if best[0] == every[-1][0])
        assert few.fewest <= fewest <= len(few.rooms)


def test_a_county_is_placed_near_its_bound():
    random = np.random.default_rng(5)
    places, rooms = random.uniform(0, 1e5, (600, 2)), random.uniform(0, 1e5, (300, 2))
    distance = np.hypot(*(rooms[:, None] - places).transpose(2, 0, 1))
    weight = random.integers(1, 5, 600).astype(float)
    placed = place_rooms(distance, weight, rooms=12)
    assert len(placed.rooms) == 12
    assert placed.distance <= 1.01 * placed.bound
    again = place_rooms(distance, weight, rooms=12)
    assert (again.room == placed.room).all()


def test_one_more_room_never_lengthens():
    random = np.random.default_rng(6)
    distance = random.uniform(1, 100, (6, 12))
    metres = [place_rooms(distance, np.ones(12), rooms=k).distance for k in range(1, 7)]
    assert metres == sorted(metres, reverse=True)


def test_nothing_to_serve_and_nobody_to_serve_it():
    empty = place_rooms(np.zeros((3, 0)), np.zeros(0))
    assert len(empty.rooms) == 0
    nobody = place_rooms(np.zeros((0, 3)), np.ones(3), rooms=2)
    assert nobody.room.tolist() == [-1, -1, -1]
