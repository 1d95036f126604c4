"""
The map: one HTML file that shows everything about a plan, with no network.

folium makes the page; Leaflet comes from a wheel and is written into it. The file asks no server for
anything, its content policy forbids it to, and no text of the data is ever read as HTML or script.
"""

from __future__ import annotations

import base64
import html
import json
import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import folium
from folium import Element, Figure
from folium.template import Template

from siteplan.outputs.map_data import map_data
from siteplan.outputs.options import OutputOptions

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.plan import Plan

POLICY: Final = (
    "default-src 'none'; img-src data:{hosts}; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
"""Content security policy of the page: pictures inside the file, and nothing from anywhere else but the tiles
of a basemap that was asked for."""

DATA_ID: Final = "siteplan-data"
SCRIPTS: Final = (
    "map_tools.js",
    "map_styles.js",
    "map_search.js",
    "map_coverage.js",
    "map_popups.js",
    "map_legend.js",
    "map_layers.js",
    "map_panel.js",
    "map.js",
)
"""Our own scripts, each after those it needs."""

LANGUAGE_TAGS: Final = {"zh": "zh-CN", "en": "en"}
MOST_ZOOM: Final = 20
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def write_map(plan: Plan, path: Path, *, options: OutputOptions | None = None) -> None:
    """
    Write the map of a plan as one HTML file.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : Path
        File to write; the folder must exist. The same plan gives the same bytes.
    options : OutputOptions, optional
        Language, and whether an online basemap lies under the map.

    Raises
    ------
    OSError
        When the file cannot be written.

    Examples
    --------
    >>> write_map(plan, Path("map.html"))  # doctest: +SKIP
    """
    path.write_bytes(map_page(plan, options=options).encode("utf-8"))


def map_page(plan: Plan, *, options: OutputOptions | None = None) -> str:
    """
    Make the page that shows a plan.

    Parameters
    ----------
    plan : Plan
        The plan.
    options : OutputOptions, optional
        Language, and whether an online basemap lies under the map.

    Returns
    -------
    page : str
        HTML.
    """
    options = OutputOptions() if options is None else options
    basemap = _basemap(options)
    hosts = basemap.pop("hosts") if basemap else []
    data = map_data(plan, language=options.language) | {"basemap": basemap}
    page = _Page(
        POLICY.format(hosts="".join(f" {host}" for host in hosts)), LANGUAGE_TAGS[options.language]
    )
    page.title = html.escape(f"{data['title']} {data['words']['title']}")
    _OfflineMap().add_to(page)
    head = page.header
    head.add_child(_Text(f"<style>{_leaflet_css()}</style>"), name="leaflet_css")
    head.add_child(_Text(f"<style>{_asset('map.css')}</style>"), name="map_css")
    page.html.add_child(
        _Text(f'<script type="application/json" id="{DATA_ID}">{inline_json(data)}</script>'),
        name="data",
    )
    page.html.add_child(_Text(f"<script>{_leaflet_js()}</script>"), name="leaflet_js")
    for name in SCRIPTS:
        page.html.add_child(_Text(f"<script>{_asset(name)}</script>"), name=name)
    return str(page.render())


def _basemap(options: OutputOptions) -> dict[str, Any] | None:
    """Tiles that were asked for, with the planner's key; None for none."""
    if options.basemap is None:
        return None
    chosen = tomllib.loads(_asset("basemaps.toml"))[options.basemap]
    key = options.tianditu_key
    return {
        "layers": [url.replace("{key}", key) for url in chosen["layers"]],
        "hosts": chosen["hosts"],
        "subdomains": chosen.get("subdomains", "abc"),
        "most_zoom": chosen["most_zoom"],
        "name": chosen[options.language],
        "credit": chosen[f"credit_{options.language}"],
    }


def inline_json(value: object) -> str:
    r"""
    JSON that can stand inside a script element, whatever its texts contain.

    Parameters
    ----------
    value : object
        JSON-ready value.

    Returns
    -------
    text : str
        Without ``<``, ``>``, ``&`` and the two line separators that old scripts take for line ends.

    Examples
    --------
    >>> print(inline_json(["</script>"]))
    ["\u003c/script\u003e"]
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: _UNSAFE[found[0]], text)


class _Text(Element):
    """A piece of the page taken as it is: an Element's own text would be run as a template."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Page(Figure):
    """A page that loads nothing."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.language }}">\n'
        "<head>\n"
        '<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="{{ this.policy }}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="generator" content="siteplan">\n'
        "<title>{{ this.title }}</title>\n"
        '<link rel="icon" href="data:,">\n'
        "{{ this.header.render(**kwargs) }}\n"
        "</head>\n"
        "<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>{{ this.script.render(**kwargs) }}</script>\n"
        "</body>\n"
        "</html>\n"
    )

    def __init__(self, policy: str, language: str) -> None:
        super().__init__()
        self.policy = policy
        self.language = language
        # the page's own charset stands first; no second one
        self.header._children.clear()  # noqa: SLF001  # there is no public way to drop a child


class _OfflineMap(folium.Map):
    """folium's map without the scripts and styles it would load, and without its random names."""

    _template = Template(
        "{% macro html(this, kwargs) %}"
        '<div id="app"><aside id="panel"></aside>'
        '<main id="frame"><div id="map"></div></main></div>'
        "{% endmacro %}"
        "{% macro script(this, kwargs) %}"
        'window.siteplan.view = window.siteplan.start(L.map("map", {{ this.options|tojavascript }}));'
        "{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__(
            tiles=None,
            prefer_canvas=True,
            zoom_control=False,
            zoom_snap=0.1,
            zoom_delta=0.75,
            wheel_px_per_zoom_level=90,
            max_zoom=MOST_ZOOM,
            max_bounds_viscosity=0.7,
        )
        self.default_js = []
        self.default_css = []


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _leaflet(name: str) -> bytes:
    return (files("js_lib_leaflet") / "static" / "js_lib_leaflet" / name).read_bytes()


def _leaflet_js() -> str:
    """Leaflet with its licence; its source map would be one more file to ask for."""
    script = _leaflet("leaflet.js").decode("utf-8")
    script = re.sub(r"\n//# sourceMappingURL=\S*\s*$", "\n", script)
    return f"/*\n{_asset('leaflet_licence.txt')}*/\n{script}"


def _leaflet_css() -> str:
    """Leaflet's style with its pictures inside."""

    def inlined(found: re.Match[str]) -> str:
        picture = base64.b64encode(_leaflet(found[1])).decode("ascii")
        return f"url(data:image/png;base64,{picture})"

    style = _leaflet("leaflet.css").decode("utf-8")
    return re.sub(r"url\((images/[\w.-]+\.png)\)", inlined, style)
