"""Instances of selection problems made from a seed, in the shapes of the issue's counties."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from siteplan.selection.problem import Block, Problem


def plane(sites, demand, *, density=0.01, seed=1):
    """Sites x demand on a square, within the distance that gives the density, and whole weights."""
    rng = np.random.default_rng(seed)
    reach = np.full(sites, np.sqrt(density / np.pi))
    places, points = rng.random((sites, 2)), rng.random((2 * demand, 2))
    points = points[cKDTree(places).query(points)[0] < reach[0]][:demand]
    return disc_cover(places, points, reach, hidden=0.0), rng.integers(1, 51, len(points)).astype(
        float
    )


def scattered(sites, demand, *, density=0.01, seed=1):
    """Sites x demand at random, without a place in any plane, and whole weights."""
    rng = np.random.default_rng(seed)
    cover = sp.random_array((sites, demand), density=density, rng=rng, format="csr")
    return sp.csr_array(cover != 0.0), rng.integers(1, 51, demand).astype(float)


def disc_cover(places, points, reach_m, *, seed=1, hidden=0.25):
    """Sites x demand within a distance of its own for each site, with shadows of a few metres' grain."""
    rng = np.random.default_rng(seed)
    tree = cKDTree(points)
    near = tree.query_ball_point(places, reach_m)
    sizes = np.array([len(found) for found in near])
    row = np.repeat(np.arange(len(places)), sizes)
    column = np.concatenate([np.asarray(found, dtype=np.int64) for found in near])
    away = np.hypot(*(points[column] - places[row]).T) / reach_m[row]
    seen = rng.random(len(row)) > hidden * away
    return sp.csr_array(
        (np.ones(int(seen.sum()), dtype=bool), (row[seen], column[seen])),
        shape=(len(places), len(points)),
    )


def hedong(*, cells=100_000, sites=10_000, seed=1):
    """City district of 40 km2: square cells, lamp poles of 80-150 m reach and roofs of 150-220 m."""
    rng = np.random.default_rng(seed)
    width = int(np.sqrt(cells))
    step = 6300.0 / width
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(width)), axis=-1).reshape(-1, 2)
    points = (grid + 0.5) * step
    places = rng.random((sites, 2)) * 6300.0
    roof = rng.random(sites) < 0.15
    reach = np.where(roof, rng.uniform(150.0, 220.0, sites), rng.uniform(80.0, 150.0, sites))
    return disc_cover(places, points, reach, seed=seed), np.ones(len(points))


def hangjin(*, demand=10_000, candidates=2_000, seed=1):
    """
    Steppe county, three years, 4G and 5G on shared structures.

    76 villages of four points each, all of which must be covered, natural villages of three points of
    which nine in ten must be, roads by their length, the built-up area of six townships cell by cell,
    and the scattered area at nine tenths.
    """
    rng = np.random.default_rng(seed)
    sites = candidates // 2
    towns, villages = rng.random((6, 2)) * 140_000.0, rng.random((76, 2)) * 140_000.0
    near_town = towns[rng.integers(0, 6, sites // 3)] + rng.normal(0.0, 4000.0, (sites // 3, 2))
    near_village = villages[rng.integers(0, 76, sites // 3)]
    near_village = near_village + rng.normal(0.0, 3000.0, near_village.shape)
    far = rng.random((sites - 2 * (sites // 3), 2)) * 140_000.0
    places, standing = np.concatenate([near_town, near_village, far]), rng.random(sites) < 0.3
    reach = {0: rng.uniform(5000.0, 10_000.0, sites), 1: rng.uniform(2000.0, 4000.0, sites)}

    def scatter(middles, number, spread_m):
        return np.repeat(middles, number, axis=0) + rng.normal(
            0.0, spread_m, (number * len(middles), 2)
        )

    natural = scatter(villages, 5, 6000.0)
    ends = rng.random((40, 2, 2)) * 140_000.0
    road = (demand - 8644) // 40 + 75
    along = np.linspace(0.0, 1.0, road)[:, None]
    lines = np.concatenate([a + along * (b - a) for a, b in ends])
    town_cells = (demand - 304 - 1140 - len(lines)) // 12
    parts = [
        (0, 0, "each", 1.0, scatter(villages, 4, 600.0), 4),
        (0, 2, "share", 0.9, scatter(natural, 3, 300.0), 3),
        (0, 2, "pooled", 0.9, lines, len(lines)),
        (1, 1, "each", 0.95, scatter(towns, town_cells, 1500.0), town_cells),
        (1, 2, "pooled", 0.9, scatter(towns, town_cells, 3500.0), 6 * town_cells),
    ]
    blocks = [
        _rule(f"rule{b}", part, places, reach[part[0]], seed=seed + b)
        for b, part in enumerate(parts)
    ]
    return Problem(
        station_cost=np.tile([100_000.0, 150_000.0], sites),
        station_site=(np.arange(2 * sites) // 2).astype(np.int32),
        site_cost=np.where(standing, 20_000.0, 183_000.0),
        discount=1.05 ** -np.arange(3.0),
        blocks=tuple(blocks),
        counts=(),
    )


def _rule(name, part, places, reach_m, *, seed):
    """One rule on points in groups of one size; what is out of reach is not asked for."""
    technology, period, mode, share, points, size = part
    near = sp.coo_array(disc_cover(places, points, reach_m, seed=seed))
    cover = sp.csr_array(
        (np.ones(near.nnz, dtype=bool), (2 * near.row + technology, near.col)),
        shape=(2 * len(places), len(points)),
    )
    item = (np.arange(len(points)) // size).astype(np.int32)
    reached = np.bincount(near.col, minlength=len(points)) > 0
    can = np.bincount(item, weights=reached)
    needs = np.where(can > 0.0, can if mode == "share" else share * can, np.inf)
    return Block(
        rule_id=name,
        period=period,
        mode=mode,
        cover=cover,
        unit_item=item,
        unit_weight=np.ones(len(points)),
        item_need=np.where(can > 0.0, needs, 0.0 if mode == "each" else np.inf),
        need=float(np.floor(share * (can > 0.0).sum())) if mode == "share" else share * can.sum(),
    )
