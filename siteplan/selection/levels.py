"""Choices within the limits of each year: what a year cannot pay for is built in an earlier one with room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from siteplan.selection.tally import Ledger

SLACK: Final = 1e-9
"""Relative rounding of what a limit has left."""


def level(ledger: Ledger) -> None:
    """
    Build earlier what exceeds the limits of its year, as far as earlier years have room.

    Nothing that a choice covers is lost by building it earlier. Large amounts are moved first, and no
    further back than needed.

    Parameters
    ----------
    ledger : Ledger
        A choice; changed in place.
    """
    problem = ledger.problem
    for period in range(problem.periods - 1, 0, -1):
        tight = [i for i, limit in enumerate(problem.limits) if limit.period == period]
        if not any(exceeded(ledger, i) for i in tight):
            continue
        here = np.flatnonzero(ledger.built == period)
        site = problem.station_site[here]
        amount = np.zeros(len(here))
        for i in tight:
            if exceeded(ledger, i):
                limit = problem.limits[i]
                first = ledger.opened[site] == period
                amount += (limit.station[here] + limit.site[site] * first) / max(limit.most, 1.0)
        for station in here[np.argsort(-amount, kind="stable")].tolist():
            if not any(exceeded(ledger, i) for i in tight):
                break
            for earlier in range(period - 1, -1, -1):
                if fits(ledger, station, earlier):
                    break


def fits(ledger: Ledger, station: int, period: int) -> bool:
    """
    Move a station if no limit is exceeded further by that.

    Parameters
    ----------
    ledger : Ledger
        A choice; changed in place when the move fits.
    station : int
        The station.
    period : int
        New period.

    Returns
    -------
    fits : bool
        Whether it was moved.
    """
    before, old = ledger.left.copy(), int(ledger.built[station])
    ledger.move(station, period)
    if any(ledger.left[i] < before[i] and exceeded(ledger, i) for i in range(len(before))):
        ledger.move(station, old)
        return False
    return True


def exceeded(ledger: Ledger, i: int) -> bool:
    """
    Whether a choice takes more of a limit than there is.

    Parameters
    ----------
    ledger : Ledger
        A choice.
    i : int
        The limit.

    Returns
    -------
    exceeded : bool
        Beyond rounding.
    """
    return bool(ledger.left[i] < -SLACK * max(ledger.problem.limits[i].most, 1.0))
