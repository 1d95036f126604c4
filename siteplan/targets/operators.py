"""Whose network has to cover: that of any operator, of each, or of those that are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.coverage.network import network_coverage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from siteplan.catalog import Rule
    from siteplan.coverage.cluster import Share
    from siteplan.coverage.network import Coverage
    from siteplan.region import Region


def operator_coverage(
    region: Region,
    stations: pd.DataFrame,
    years: Sequence[int],
    *,
    floor_dbm: float,
    share: Share | None = None,
) -> dict[tuple[str, str, int], Coverage]:
    """
    Coverage by the stations of one operator alone, for the rules that ask for it.

    Parameters
    ----------
    region : Region
        With document and scenario.
    stations : DataFrame
        Stations of the network, of all operators.
    years : sequence of int
        Ascending.
    floor_dbm : float
        Lowest level that anybody uses. [dBm]
    share : callable, optional
        Computes chunks of stations elsewhere, see :mod:`siteplan.coverage.cluster`.

    Returns
    -------
    coverage : dict of (operator, technology, year) to Coverage
        Empty when any operator will do for every rule. Carriers are an operator's own, so that the
        stations of others neither serve nor disturb.
    """
    wanted = {
        (operator, str(rule.technology))
        for rule in region.document.rules
        if rule.kind == "coverage"
        for operator in region.scenario.operators_of(rule)
    }
    found: dict[tuple[str, str, int], Coverage] = {}
    for operator, technology in sorted(wanted):
        own = stations[of_operator(stations, operator) & (stations["technology"] == technology)]
        label = f"coverage of {operator}"
        signal = network_coverage(region, own, years, floor_dbm=floor_dbm, label=label, share=share)
        found |= {(operator, technology, year): signal[technology, year] for year in years}
    return found


def of_operator(stations: pd.DataFrame, operator: str) -> pd.Series[bool]:
    """
    Stations of an operator.

    Parameters
    ----------
    stations : DataFrame
        With ``operator``.
    operator : str
        Its name; "" stands for all.

    Returns
    -------
    chosen : Series of bool
        True for the operator's own.
    """
    return stations["operator"].eq(operator) | (operator == "")


def signals_of(
    region: Region,
    rule: Rule,
    year: int,
    coverage: Mapping[tuple[str, int], Coverage],
    by_operator: Mapping[tuple[str, str, int], Coverage] | None,
) -> dict[str, Coverage]:
    """
    Networks that must each meet a rule.

    Parameters
    ----------
    region : Region
        With the scenario.
    rule : Rule
        A coverage rule.
    year : int
        Year of the network.
    coverage : mapping of (technology, year) to Coverage
        Signal of all operators together.
    by_operator : mapping of (operator, technology, year) to Coverage or None
        From :func:`operator_coverage`.

    Returns
    -------
    signals : dict of str to Coverage
        By operator; all together by "" where any will do.

    Raises
    ------
    ValueError
        When a rule asks for an operator whose coverage is not given.
    """
    technology = str(rule.technology)
    operators = region.scenario.operators_of(rule)
    if not operators:
        return {"": coverage[technology, year]}
    given = {} if by_operator is None else by_operator
    missing = [name for name in operators if (name, technology, year) not in given]
    if missing:
        raise ValueError(
            f"rule {rule.id} asks for {technology} of each of {', '.join(operators)} in {year}, and no "
            f"coverage of {', '.join(missing)} is given: pass by_operator=operator_coverage(...)"
        )
    return {name: given[name, technology, year] for name in operators}
