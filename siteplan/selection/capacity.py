"""
Users that stations can serve: who is left over, and which stations would help.

Each user of a place is served by a station that reaches it, and a station serves no more users than it can.
All users are served exactly if the stations that reach any set of places can together serve the users there;
a greatest flow from places to stations finds the set that lacks most [1]_.

References
----------
.. [1] L. R. Ford, D. R. Fulkerson, "Maximal flow through a network", Canadian Journal of Mathematics 8, 1956,
   pp. 399-404.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siteplan.selection.problem import Capacity

LARGEST: Final = 1e8
"""Sum of all users in the whole numbers of the flow."""

LEAST_SHORT: Final = 1e-4
"""Share of all users below which nobody is left over."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Service:
    """
    How far the users are served.

    Attributes
    ----------
    served : ndarray of float64, shape (places,)
        Users served at each place.
    short : float
        Users left over; 0 when these are too few to matter.
    lacking : ndarray of bool, shape (places,)
        Places that the stations that reach them cannot serve together; none when nobody is left over.
    """

    served: NDArray[np.float64]
    short: float
    lacking: NDArray[np.bool_]


def serve(capacity: Capacity, share: NDArray[np.float64]) -> Service:
    """
    Serve as many users as the stations can.

    Parameters
    ----------
    capacity : Capacity
        Places, users and what stations can serve.
    share : ndarray of float64, shape (stations,)
        Part of each candidate station that is in service, 0 to 1.

    Returns
    -------
    service : Service
        Users served, and the places that lack stations.

    Examples
    --------
    Two places of 60 users, a station that reaches both and serves 100, one that reaches the second:

    >>> from siteplan.selection.problem import Capacity
    >>> capacity = Capacity(rule_id="a", period=0, users=np.array([60.0, 60.0]),
    ...                     serves=sp.csr_array([[True, True], [False, True]]), most=np.full(2, 100.0))
    >>> service = serve(capacity, np.array([1.0, 0.0]))
    >>> round(service.short), service.lacking
    (20, array([ True,  True]))
    >>> serve(capacity, np.array([1.0, 1.0])).short
    0.0
    """
    places, rows = len(capacity.users), capacity.serves.shape[0]
    total = float(capacity.users.sum())
    if total <= 0.0:
        return Service(served=np.zeros(places), short=0.0, lacking=np.zeros(places, dtype=bool))
    scale = LARGEST / total
    standing = np.ones(rows - len(share))
    can = np.minimum(capacity.most, total) * np.concatenate([share, standing])
    users = np.floor(capacity.users * scale).astype(np.int32)
    able = np.ceil(can * scale).astype(np.int32)
    by = sp.coo_array(capacity.serves)
    source, sink, first = places + rows, places + rows + 1, places
    tail = np.concatenate([np.full(places, source), by.col, first + np.arange(rows)])
    head = np.concatenate([np.arange(places), first + by.row, np.full(rows, sink)])
    limit = np.concatenate([users, np.full(by.nnz, int(LARGEST), dtype=np.int32), able])
    shape = (sink + 1, sink + 1)
    graph = sp.csr_array((limit.astype(np.int32), (tail, head)), shape=shape, dtype=np.int32)
    flow = maximum_flow(sp.csr_matrix(graph), source, sink)
    served = np.asarray(flow.flow[[source], :places].todense(), dtype=np.float64).reshape(-1)
    short = (float(users.sum()) - float(flow.flow_value)) / scale
    if short <= LEAST_SHORT * total:
        return Service(served=served / scale, short=0.0, lacking=np.zeros(places, dtype=bool))
    left = sp.csr_array(graph - flow.flow)
    left.data = (left.data > 0).astype(np.int32)
    left.eliminate_zeros()
    found = breadth_first_order(left, source, return_predecessors=False)
    lacking = np.zeros(places, dtype=bool)
    lacking[found[found < places]] = True
    return Service(served=served / scale, short=short, lacking=lacking)


def cut(capacity: Capacity, service: Service) -> tuple[NDArray[np.float64], float]:
    """
    Inequality on stations that is missing when users are left over.

    Parameters
    ----------
    capacity : Capacity
        Places, users and what stations can serve.
    service : Service
        With users left over.

    Returns
    -------
    factor : ndarray of float64, shape (rows,)
        What each station, those that stand included, can serve of the places that lack.
    users : float
        Users at these places: sum of factor times what is in service reaches this in every choice that
        serves all.
    """
    reach = np.asarray(capacity.serves @ service.lacking.astype(np.int32)) > 0
    users = float(capacity.users[service.lacking].sum())
    return np.where(reach, np.minimum(capacity.most, users), 0.0), users
