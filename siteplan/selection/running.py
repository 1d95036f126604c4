"""Runs of HiGHS in threads, which an interrupt stops."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import highspy

THREADS: Final = 2
"""Threads of HiGHS, or runs at once; which of equal solutions is found depends on it, so it is fixed."""

GRACE_S: Final = 1.0
"""Time after its limit when a run that has not heard of it is cancelled. [s]"""

LOOK_S: Final = 0.25
"""Time between looks at the runs. [s]"""


def run_all(
    solvers: Sequence[highspy.Highs],
    *,
    time_limit_s: float,
    tick: Callable[[], object] | None = None,
    in_turn: bool = False,
) -> None:
    """
    Run solvers, as many at once as there are threads, in their order.

    HiGHS does not always look at its clock: a run that goes on after the limit is cancelled.

    All runs have ended when this returns or raises: one that goes on while Python exits aborts it. A future
    tells that; a thread does not, as an interrupt of its ``join`` marks it as ended.

    Parameters
    ----------
    solvers : sequence of Highs
        Each with its programme.
    time_limit_s : float
        Longest time in all. [s]
    tick : callable, optional
        Called a few times a second.
    in_turn : bool
        Each run has its share of the time that is left when it begins, so that the last have theirs.

    Raises
    ------
    KeyboardInterrupt
        After all runs have been stopped.
    """
    end = time.monotonic() + time_limit_s

    def run(place: int) -> None:
        turns = -(-(len(solvers) - place) // THREADS) if in_turn else 1
        left_s = max(end - time.monotonic(), 0.0)
        solvers[place].setOptionValue("time_limit", left_s / turns)
        solvers[place].run()

    for solver in solvers:
        solver.HandleUserInterrupt = True  # without it, cancelSolve is not heard
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(run, place) for place in range(len(solvers))]
        try:
            while wait(running, timeout=LOOK_S).not_done:
                if tick is not None:
                    tick()
                if time.monotonic() > end + GRACE_S:
                    _cancel(solvers)
        except KeyboardInterrupt:
            for future in running:
                future.cancel()
            _cancel(solvers)
            while not all(future.done() for future in running):
                with contextlib.suppress(KeyboardInterrupt):  # a second one changes nothing
                    wait(running)
            raise
        for future in running:
            future.result()


def _cancel(solvers: Sequence[highspy.Highs]) -> None:
    for solver in solvers:
        solver.cancelSolve()
