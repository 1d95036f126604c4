"""
Shadowing at many places at once, neighbours alike.

The correlation of the shadowing of one station at two places falls as exp(-distance / decorrelation
distance) (Gudmundson's model, as 3GPP TR 38.901 sec. 7.4.4 uses it). Draws are made one place after
the other, each given those of its nearest neighbours that come before it (Vecchia's approximation): the
cost grows with the number of places, not with its cube, and correlations are right within 0.015.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS: Final = 24
"""Places before a place that its draw depends on."""

BLOCK: Final = 20_000
"""Places whose neighbours are looked up at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class ShadowField:
    """
    Shadowing of unit variance at fixed places, ready to be drawn.

    Attributes
    ----------
    order : ndarray of int64, shape (n,)
        Places in the order in which they are drawn.
    neighbours : ndarray of int64, shape (n, k)
        For each place in that order, the positions in it of the places that it depends on; -1 for none.
    weights : ndarray of float32, shape (n, k)
        Weight of each of them.
    spread : ndarray of float32, shape (n,)
        Standard deviation of what is new at the place.
    """

    order: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    weights: NDArray[np.float32]
    spread: NDArray[np.float32]

    def draw(self, random: np.random.Generator, draws: int) -> NDArray[np.float32]:
        """
        Draw the field several times.

        Parameters
        ----------
        random : Generator
            Source of randomness.
        draws : int
            How often.

        Returns
        -------
        field : ndarray of float32, shape (n, draws)
            Standard normal at each place, correlated over places, independent over draws.
        """
        n = len(self.order)
        # the last row stays zero: places without a neighbour point there
        field = np.zeros((n + 1, draws), dtype=np.float32)
        for first in range(0, n, BLOCK):
            last = min(first + BLOCK, n)
            noise = random.standard_normal((last - first, draws), dtype=np.float32)
            noise *= self.spread[first:last, None]
            for i in range(first, last):
                field[i] = self.weights[i] @ field[self.neighbours[i]]
                field[i] += noise[i - first]
        result = np.empty((n, draws), dtype=np.float32)
        result[self.order] = field[:n]
        return result


def shadow_field(places_m: NDArray[np.float64], *, decorrelation_m: float) -> ShadowField:
    """
    Prepare draws of shadowing at some places.

    Parameters
    ----------
    places_m : ndarray of float, shape (n, 2)
        Easting and northing. [m]
    decorrelation_m : float
        Distance at which the correlation has fallen to 1/e. [m]

    Returns
    -------
    field : ShadowField
        To draw from.

    Raises
    ------
    ValueError
        When the distance is not positive.

    References
    ----------
    .. [1] M. Gudmundson, "Correlation model for shadow fading in mobile radio systems", Electronics
       Letters 27(23), 1991.
    .. [2] A. V. Vecchia, "Estimation and model identification for continuous spatial processes", J. R.
       Statist. Soc. B 50(2), 1988.

    Examples
    --------
    >>> field = shadow_field(np.array([[0.0, 0.0], [50.0, 0.0]]), decorrelation_m=50.0)
    >>> drawn = field.draw(np.random.default_rng(1), 100_000)
    >>> round(float(np.corrcoef(drawn)[0, 1]), 2)
    0.37
    """
    if not decorrelation_m > 0.0:
        raise ValueError(f"decorrelation_m is {decorrelation_m}: give a positive distance")
    # in a random order the places before a place lie near and far, so that what is alike over a distance
    # stays so; the order is part of the method and not of the draws
    order = np.random.default_rng(0).permutation(len(places_m))
    places = places_m[order]
    n = len(places)
    parts = []
    first = 0
    while first < n:
        last = min(max(2 * first, 2 * NEIGHBOURS), first + BLOCK, n)
        tree = cKDTree(places[:last])
        parts.append(_conditionals(tree, places, np.arange(first, last), decorrelation_m))
        first = last
    if not parts:
        none = np.zeros((0, NEIGHBOURS))
        return ShadowField(
            order, none.astype(int), none.astype(np.float32), np.zeros(0, np.float32)
        )
    neighbours, weights, spread = (np.concatenate(part) for part in zip(*parts, strict=True))
    return ShadowField(order, neighbours, weights, spread)


def _conditionals(
    tree: cKDTree, places: NDArray[np.float64], mine: NDArray[np.int64], decorrelation_m: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Neighbours before some places, their weights, and what is left to chance."""
    # at least half of the places in the tree come before
    _, found = tree.query(places[mine], k=range(1, 3 * NEIGHBOURS + 2))
    before = np.where(found < mine[:, None], found, -1)
    rank = np.argsort(before < 0, axis=1, kind="stable")[:, :NEIGHBOURS]
    chosen = np.take_along_axis(before, rank, axis=1)
    there = chosen >= 0
    near = places[chosen]
    apart = np.linalg.norm(near[:, :, None] - near[:, None], axis=-1)
    between = np.exp(-apart / decorrelation_m) * (there[:, :, None] & there[:, None])
    steps = np.arange(NEIGHBOURS)
    # a missing neighbour is one that nothing depends on; two places in one are told apart a little
    between[:, steps, steps] = np.where(there, 1.0 + 1e-6, 1.0)
    towards = (
        np.exp(-np.linalg.norm(near - places[mine][:, None], axis=-1) / decorrelation_m) * there
    )
    weights = np.linalg.solve(between, towards[..., None])[..., 0]
    spread = np.sqrt(np.maximum(1.0 - (weights * towards).sum(axis=1), 0.0))
    return (
        np.where(there, chosen, len(places)),
        weights.astype(np.float32),
        spread.astype(np.float32),
    )
