"""Stations that only fill a count stand apart."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from siteplan.selection.problem import Block, Count, Problem
from siteplan.selection.spread import spread_counts


def line_of_sites(need, *, price=None):
    """Ten sites of one station each on a line, 100 m apart; the first covers the only unit."""
    cover = np.zeros((10, 1), dtype=bool)
    cover[0, 0] = True
    block = Block(
        rule_id="cover",
        period=0,
        mode="each",
        cover=sp.csr_array(cover),
        unit_item=np.zeros(1, dtype=np.int32),
        unit_weight=np.ones(1),
        item_need=np.ones(1),
        need=0.0,
    )
    count = Count(rule_id="count", period=0, counts=np.ones(10, dtype=bool), need=need)
    problem = Problem(
        station_cost=np.ones(10) if price is None else np.asarray(price, dtype=float),
        station_site=np.arange(10, dtype=np.int32),
        site_cost=np.ones(10),
        discount=np.ones(1),
        blocks=(block,),
        counts=(count,),
    )
    places = np.column_stack([100.0 * np.arange(10), np.zeros(10)])
    return problem, places


def spread(problem, places, chosen, *, standing_m=None):
    built = np.where(np.isin(np.arange(10), chosen), 0, 1).astype(np.int32)
    nowhere = np.full(10, np.inf) if standing_m is None else standing_m
    moved = spread_counts(problem, built, places, np.zeros(10, dtype=np.int64), nowhere)
    assert not problem.unmet(moved)
    assert problem.cost(moved) <= problem.cost(built)
    return np.flatnonzero(moved == 0).tolist()


def test_fillers_go_where_no_other_stands():
    problem, places = line_of_sites(3)
    # the first is needed; the farthest from it is the last, then the one in the middle
    assert spread(problem, places, [0, 1, 2]) == [0, 4, 9]


def test_a_dearer_place_is_not_taken_for_distance():
    price = [1.0] * 9 + [5.0]
    problem, places = line_of_sites(2, price=price)
    assert spread(problem, places, [0, 1]) == [0, 8]


def test_stations_that_stand_already_count_as_neighbours():
    problem, places = line_of_sites(2)
    # one of the same network stands beside the last site
    standing = np.abs(places[:, 0] - 900.0)
    assert spread(problem, places, [0, 1], standing_m=standing) == [0, 4]


def test_without_counts_nothing_moves():
    problem, places = line_of_sites(1)
    problem = Problem(
        station_cost=problem.station_cost,
        station_site=problem.station_site,
        site_cost=problem.site_cost,
        discount=problem.discount,
        blocks=problem.blocks,
        counts=(),
    )
    assert spread(problem, places, [0, 5]) == [0, 5]
