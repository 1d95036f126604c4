"""Users in a choice that is being made: stations added for those left over, and which of them can go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.selection.capacity import cut, serve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Capacity
    from siteplan.selection.tally import Ledger


def users_left(ledger: Ledger, capacity: Capacity, without: int | None = None) -> float:
    """
    Users whom a choice leaves over.

    Parameters
    ----------
    ledger : Ledger
        A choice.
    capacity : Capacity
        Users to be served.
    without : int or None
        A station that is to be left out.

    Returns
    -------
    users : float
        0 when all are served.
    """
    share = (ledger.built <= capacity.period).astype(np.float64)
    if without is not None:
        share[without] = 0.0
    return serve(capacity, share).short


def needed_by_users(ledger: Ledger, capacity: Capacity, station: int) -> bool:
    """
    Whether a station in service cannot go without leaving more users over.

    Parameters
    ----------
    ledger : Ledger
        A choice.
    capacity : Capacity
        Users to be served.
    station : int
        A station in service by then.

    Returns
    -------
    needed : bool
        False for a station that reaches none of the places.
    """
    pointer = capacity.serves.indptr
    if pointer[station] == pointer[station + 1]:
        return False
    return users_left(ledger, capacity, station) > users_left(ledger, capacity)


def serve_users(ledger: Ledger, period: int, barred: NDArray[np.bool_]) -> None:
    """
    Add stations until all users of a period are served, the most users for the price first.

    Parameters
    ----------
    ledger : Ledger
        A choice; changed in place.
    period : int
        The period.
    barred : ndarray of bool, shape (stations,)
        Stations that may not be taken.
    """
    problem = ledger.problem
    for capacity in problem.capacities:
        while capacity.period <= period:
            share = (ledger.built <= capacity.period).astype(np.float64)
            service = serve(capacity, share)
            factor = cut(capacity, service)[0][: problem.stations]
            useful = (factor > 0.0) & ~barred & (ledger.built > period) & ~ledger.blocked()
            free = np.flatnonzero(useful)
            if service.short <= 0.0 or free.size == 0:
                break
            price = np.maximum(sum(ledger.prices(free, period)), np.finfo(float).tiny)
            best = int(np.argmax(np.minimum(factor[free], service.short) / price))
            ledger.move(int(free[best]), period)
