"""
Styles of the GeoPackage's layers for QGIS, in the table ``layer_styles`` that it reads on opening.

Colours are those of the map and the atlas, and every meaning has a mark or a width besides its colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    import pandas as pd

    from siteplan.outputs.words import Words

COLOURS: Final = {
    "existing": "#1d4fa3",
    "lamp_pole": "#b5154b",
    "monitoring_pole": "#8a5a22",
    "rooftop": "#00755a",
    "building": "#7a4f9a",
    "tower": "#c23b00",
    "new": "#c23b00",
    "met": "#00755a",
    "at_risk": "#b36b00",
    "not_met": "#c23b00",
    "unknown": "#6b6b6b",
    "today": "#3d4650",
    "plan": "#b5154b",
    "too_far": "#c23b00",
    "shadow": "#46307a",
    "buildings": "#8a5a22",
    "weak": "#b3a100",
    "weak_carrier": "#33a680",
    "interference": "#1f5fa8",
    "no_network": "#8c1d18",
    "data_missing": "#6b6b6b",
}
MARKS: Final = {
    "existing": "circle",
    "lamp_pole": "triangle",
    "monitoring_pole": "equilateral_triangle",
    "rooftop": "square",
    "building": "pentagon",
    "tower": "diamond",
    "new": "diamond",
    "not_met": "cross_fill",
    "unknown": "hexagon",
}
OUTLINE: Final = "#2f2b3a"
PLAIN: Final = "#77746d"
REUSE: Final = ("existing", "lamp_pole", "monitoring_pole", "rooftop", "building", "tower", "new")
SHOWN_STATES: Final = ("met", "not_met", "unknown")
SHAPES: Final = {"Point": "marker", "MultiPoint": "marker", "LineString": "line"} | {
    "MultiLineString": "line",
    "Polygon": "fill",
    "MultiPolygon": "fill",
}
TABLE: Final = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)
"""


@dataclass(frozen=True, slots=True)
class _Look:
    """Colour and mark of one symbol."""

    colour: str
    mark: str = "circle"


def write_styles(
    database: sqlite3.Connection,
    layers: Mapping[str, pd.DataFrame],
    written: str,
    words: Words,
) -> None:
    """
    Write the styles of all layers with geometry into an open GeoPackage.

    Parameters
    ----------
    database : sqlite3.Connection
        The GeoPackage.
    layers : mapping of str to DataFrame
        By name, as they were written.
    written : str
        Date of the styles, as the format writes it.
    words : Words
        Language of the legend.
    """
    database.execute(TABLE)
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', 'QGIS', ?)",
        (written,),
    )
    rows = [
        (name, qml, written)
        for name, frame in layers.items()
        if (qml := layer_style(name, frame, words)) is not None
    ]
    database.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
        "styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) "
        "VALUES ('', '', ?1, 'geom', 'siteplan', ?2, '', 1, '', '', ?3)",
        rows,
    )


def layer_style(name: str, frame: pd.DataFrame, words: Words) -> str | None:
    """
    Style of a layer as QML.

    Parameters
    ----------
    name : str
        Layer.
    frame : DataFrame
        Its table; the kind of geometry and the columns count.
    words : Words
        Language of the legend.

    Returns
    -------
    qml : str or None
        None for a table without geometry.
    """
    geometry = getattr(frame, "geom_type", None)
    if geometry is None:
        return None
    kinds = [SHAPES[kind] for kind in geometry.dropna().unique() if kind in SHAPES]
    shape = kinds[0] if kinds else "marker"
    other = words("words.other")
    if (found := _categories(name, words)) is not None:
        return _categorised(shape, *found, other)
    state = next((str(c) for c in frame.columns if str(c).endswith("_state_plan")), None)
    if state is not None and name != "townships":
        return _categorised(shape, state, {word: words.state(word) for word in SHOWN_STATES}, other)
    colour = OUTLINE if name in {"boundary", "townships"} else PLAIN
    symbol = _symbol("0", shape, _Look(colour), filled=False)
    return _document(f'<renderer-v2 type="singleSymbol"><symbols>{symbol}</symbols></renderer-v2>')


def _categories(name: str, words: Words) -> tuple[str, Mapping[str, str]] | None:
    """Column of a layer that its symbols follow, and the words of its values."""
    if name == "sites":
        kinds = {kind: words.label(kind) for kind in REUSE}
        return "reuse", kinds | {"existing": words("words.existing")}
    if name == "stations":
        return "network", words.group("networks")
    return ("cause", words.causes) if name in {"gaps", "gap_points"} else None


def _categorised(shape: str, column: str, words: Mapping[str, str], other: str) -> str:
    categories, symbols = [], []
    for i, (value, word) in enumerate(words.items()):
        shown = f"value={quoteattr(value)} label={quoteattr(word)}"
        categories.append(f'<category symbol="{i}" render="true" {shown}/>')
        look = _Look(COLOURS.get(value, OUTLINE), MARKS.get(value, "circle"))
        symbols.append(_symbol(str(i), shape, look, filled=True))
    rest = len(words)
    categories.append(
        f'<category symbol="{rest}" render="true" value="" label={quoteattr(other)}/>'
    )
    symbols.append(_symbol(str(rest), shape, _Look(PLAIN), filled=False))
    return _document(
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)}>'
        f"<categories>{''.join(categories)}</categories><symbols>{''.join(symbols)}</symbols>"
        "</renderer-v2>"
    )


def _document(renderer: str) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="3.22.0" styleCategories="Symbology">{renderer}</qgis>'
    )


def _symbol(name: str, shape: str, look: _Look, *, filled: bool) -> str:
    colour = ",".join(str(int(look.colour[i : i + 2], 16)) for i in (1, 3, 5))
    if shape == "marker":
        kind = "SimpleMarker"
        options = {"color": f"{colour},255", "name": look.mark, "outline_color": "255,255,255,255"}
        options |= {"size": "3", "size_unit": "MM", "outline_width": "0.2"}
    elif shape == "line":
        kind = "SimpleLine"
        options = {"line_color": f"{colour},255", "line_width": "0.7" if filled else "0.3"}
        options |= {"line_width_unit": "MM", "line_style": "solid"}
    else:
        kind = "SimpleFill"
        options = {"color": f"{colour},{90 if filled else 0}", "outline_color": f"{colour},255"}
        options |= {"style": "solid" if filled else "no", "outline_width": "0.4"}
    given = "".join(f'<Option type="QString" name="{k}" value="{v}"/>' for k, v in options.items())
    old = "".join(f'<prop k="{k}" v="{v}"/>' for k, v in options.items())
    return (
        f'<symbol type="{shape}" name="{name}" alpha="1"><layer class="{kind}" enabled="1">'
        f'<Option type="Map">{given}</Option>{old}</layer></symbol>'
    )
