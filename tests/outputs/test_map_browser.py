"""The map in a real browser: what it shows, what it asks for, and what a click does."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer

from siteplan.coverage.footprint import UNKNOWN_SIGNAL
from siteplan.outputs import frames
from siteplan.outputs.map import write_map
from siteplan.outputs.options import OutputOptions
from tests.outputs.test_map import HOSTILE, renamed

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PROMISED = os.environ.get("CI", "").lower() == "true"
"""Where tests run for everybody, a missing browser is a fault and no excuse."""

READY_MS = 3000

pytestmark = pytest.mark.slow  # a browser takes seconds to start


def start():
    """Start a browser without a window, or skip when there is none."""
    if not PROMISED:
        pytest.importorskip("selenium")
    from selenium import webdriver  # noqa: PLC0415  # may be missing
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if found is None or driver is None:
        assert not PROMISED, "chromium and chromedriver must be installed"
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


@pytest.fixture(scope="module")
def browser():
    driver = start()
    yield driver
    driver.quit()


def opened(driver, plan, path, size=(1400, 900)):
    """Open the map of a plan on a screen of some size, the logs emptied."""
    write_map(plan, path)
    screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    driver.get_log("browser")
    driver.get_log("performance")
    driver.get(path.as_uri())
    assert driver.execute_script("return window.siteplan.view.ready")
    return driver


@pytest.fixture
def shown(browser, small_plan, tmp_path):
    return opened(browser, small_plan, tmp_path / "map.html")


def requests(driver) -> list[str]:
    events = [json.loads(line["message"])["message"] for line in driver.get_log("performance")]
    urls = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in urls if not url.startswith("data:")]


def ready_ms(driver) -> float:
    """Load the page again and tell how long it took until it was ready. [ms]."""
    driver.refresh()
    return driver.execute_script(
        "const t = performance.timing; return t.loadEventEnd - t.navigationStart;"
    )


def test_shows_everything_with_no_request_and_no_complaint(shown, tmp_path):
    time_ms = ready_ms(shown)
    shown.execute_script(
        """
        const view = siteplan.view;
        for (const mode of ["today", "plan"]) for (const year of view.data.years)
          for (const technology of view.data.technologies) view.change({ mode, year, technology });
        for (const box of document.querySelectorAll("[data-layer]")) { box.click(); box.click(); }
        for (const key of Object.keys(view.data.tables))
          view.data.tables[key].id.forEach((_, i) => view.focus(key, i));
        """
    )
    assert set(requests(shown)) == {(tmp_path / "map.html").as_uri()}
    assert shown.get_log("browser") == []
    assert time_ms < READY_MS


def test_rule_table_on_the_screen_is_the_shared_table(shown, small_plan):
    rows = shown.execute_script(
        """
        return [...document.querySelectorAll("tr.rule")].map((row) => [
          row.dataset.rule, row.querySelector(".rule-text div").textContent,
          ...[...row.querySelectorAll(".figure")].map((cell) => cell.textContent),
          ...[...row.querySelectorAll(".said")].map((cell) => cell.textContent)]);
        """
    )
    rules = frames.rule_table(small_plan)
    words = {"met": "达标", "at_risk": "有风险", "not_met": "未达标", "unknown": "未知"}
    words["measured"] = "仅统计"
    assert [row[0] for row in rows] == rules.index.to_list()
    for (_, text, *figures, today, plan), (_, row) in zip(rows, rules.iterrows(), strict=True):
        assert text == row["zh"]
        assert [today, plan] == [words[row["state_today"]], words[row["state_plan"]]]
        expected = [row["required"], row["today"], row["plan"], row["stations_needed"]]
        for figure, value in zip(figures, expected, strict=True):
            if np.isnan(value):
                assert figure in {"未知", "不设"}
            elif figure.endswith("%"):
                assert float(figure[:-1]) == pytest.approx(100.0 * value, abs=0.05)
            else:
                assert float(figure.replace(",", "")) == value


def test_legend_on_the_screen_has_classes_and_thresholds(shown):
    for technology in ("4G", "5G"):
        labels, notes = shown.execute_script(
            """
            siteplan.view.change({ technology: arguments[0] });
            const texts = (query) => [...document.querySelectorAll(query)].map((n) => n.textContent);
            return [texts(".legend li.class .class-label"), texts(".threshold-note")];
            """,
            technology,
        )
        classes = shown.execute_script(
            "return siteplan.view.data.coverage.classes[arguments[0]]", technology
        )
        assert labels == classes["labels"][::-1]
        for threshold in classes["thresholds"]:
            assert any(
                threshold["name"] in note and f"{threshold['dbm']:g} dBm" in note for note in notes
            )


def test_choosing_a_rule_marks_its_unmet_items(shown, small_plan):
    wanted = small_plan.today.items
    wanted = wanted[(wanted["rule_id"] == "S-V-2021") & (wanted["year"] == 2021)]
    unmet = wanted.loc[wanted["state"] != "met", "name"].to_list()
    assert unmet
    marked, told, state = shown.execute_script(
        """
        const view = siteplan.view;
        view.change({ mode: "today", year: 2022, technology: "5G" });
        document.querySelector("[data-rule='S-V-2021']").click();
        const ring = view.symbols.groups.find((group) => group.key === "ring");
        const list = [...document.querySelectorAll(".rule-more li")].map((n) => n.textContent);
        return [ring.n, list, [view.state.year, view.state.technology, view.state.mode]];
        """
    )
    assert marked == len(unmet)
    assert [text.split(" ", 1)[1] for text in told] == unmet
    assert state == [2021, "4G", "today"]


def test_value_at_a_click_is_that_of_the_cell(shown, small_plan):
    signal = small_plan.coverage_plan["4G", 2022]
    to_degrees = Transformer.from_crs(small_plan.region.crs, "EPSG:4326", always_xy=True)
    extent = small_plan.region.geobox.extent.boundingbox
    step = small_plan.region.resolution_m
    rows, columns = signal.rsrp_cdbm.shape
    seen = set()
    for row, column in np.random.default_rng(2).integers([5, 5], [rows - 5, columns - 5], (40, 2)):
        easting, northing = extent.left + (column + 0.5) * step, extent.top - (row + 0.5) * step
        longitude, latitude = to_degrees.transform(easting, northing)
        text = shown.execute_async_script(
            """
            const [lon, lat, done] = arguments;
            const view = siteplan.view;
            view.change({ technology: "4G", year: 2022, mode: "plan" });
            const image = document.querySelector(".leaflet-image-layer");
            const read = () => {
              view.openAt(L.latLng(lat, lon));
              done([...document.querySelectorAll(".popup .signal b")].pop().textContent);
            };
            if (image.complete) read(); else image.addEventListener("load", read);
            """,
            longitude,
            latitude,
        )
        level = int(signal.rsrp_cdbm[row, column])
        if signal.unknown[row, column] and level < -110_00:
            assert text == "未知（地形缺失）"
        elif level <= UNKNOWN_SIGNAL:
            assert text == "无基站到达"
        else:
            assert text == f"{level // 100} 至 {level // 100 + 1} dBm"
        seen.add(text)
    assert len(seen) > 10


def test_a_click_tells_server_and_sinr_of_the_cell(shown, small_plan):
    signal = small_plan.coverage_plan["5G", 2022]
    to_degrees = Transformer.from_crs(small_plan.region.crs, "EPSG:4326", always_xy=True)
    extent = small_plan.region.geobox.extent.boundingbox
    step = small_plan.region.resolution_m
    rows, columns = signal.server.shape
    stations = pd.concat([small_plan.today_stations, small_plan.planned_stations])
    seen = set()
    for row, column in np.random.default_rng(4).integers([5, 5], [rows - 5, columns - 5], (30, 2)):
        easting, northing = extent.left + (column + 0.5) * step, extent.top - (row + 0.5) * step
        text = shown.execute_async_script(
            """
            const [lon, lat, done] = arguments;
            const view = siteplan.view;
            view.change({ technology: "5G", year: 2022, mode: "plan" });
            view.openAt(L.latLng(lat, lon));
            const told = [...document.querySelectorAll(".popup .server")].pop();
            setTimeout(() => done(told.hidden ? "" : told.textContent), 60);
            """,
            *to_degrees.transform(easting, northing),
        )
        number = int(signal.server[row, column])
        if number < 0:
            assert text == ""
            continue
        station = stations.loc[signal.station_ids[number]]
        name = small_plan.region.sites.loc[station["site_id"], "name"]
        db = int(signal.sinr_cdb[row, column]) // 100
        assert text == f"服务基站：{name} {station['operator']}；SINR {db} dB"
        seen.add(text)
    assert len(seen) > 5


def test_metres_at_the_pointer_are_those_of_proj(shown, small_plan):
    rng = np.random.default_rng(3)
    longitude, latitude = rng.uniform(106.6, 109.4, 50), rng.uniform(20.0, 53.0, 50)
    convert = Transformer.from_crs("EPSG:4490", small_plan.region.crs, always_xy=True)
    expected = np.column_stack(convert.transform(longitude, latitude))
    found = shown.execute_script(
        "return arguments[0].map(([lon, lat]) => siteplan.view.project(lon, lat));",
        np.column_stack([longitude, latitude]).tolist(),
    )
    assert np.abs(np.array(found) - expected).max() < 0.001


def test_search_finds_by_name_and_code(shown, small_plan):
    site = frames.site_table(small_plan).iloc[0]
    for asked in (site["name"], site.name):
        title, body = shown.execute_script(
            """
            const box = document.querySelector(".search input");
            box.value = arguments[0];
            box.dispatchEvent(new Event("input"));
            document.querySelector("#found [role=option]").click();
            const popup = [...document.querySelectorAll(".popup")].pop(); // an older one fades away
            return [popup.querySelector("h2").textContent, popup.querySelector("table").textContent];
            """,
            asked,
        )
        assert site["name"] in title
        assert site.name in body
        assert f"{site['lon']:.6f}, {site['lat']:.6f}" in body


def test_a_township_tells_what_every_rule_says_of_it(shown, small_plan):
    scopes = frames.scope_table(small_plan)
    for i, code in enumerate(small_plan.region.townships().index):
        lines = shown.execute_script(
            """
            siteplan.view.focus("townships", arguments[0]);
            const popup = [...document.querySelectorAll(".popup")].pop();
            const rows = [...popup.querySelectorAll(".scopes tbody tr")];
            return rows.map((row) => [...row.children].map((cell) => cell.textContent.trim()));
            """,
            i,
        )
        mine = scopes[scopes["scope"] == code]
        assert [line[0] for line in lines] == mine["rule_id"].to_list()
        for line, plan in zip(lines, mine["plan"], strict=True):
            shown_value = line[2].split(" ")[-1]
            if shown_value.endswith("%"):
                assert float(shown_value[:-1]) == pytest.approx(100.0 * plan, abs=0.06)


def crowded(plan, *, poles=10_000, villages=50_000):
    """Give a plan many poles, and many villages that a rule speaks of."""
    rng = np.random.default_rng(6)
    region = plan.region
    west, south, east, north = region.boundary.bounds

    def scattered(n, prefix, **columns):
        return gpd.GeoDataFrame(
            columns | {"name": [f"{prefix}{i}" for i in range(n)]},
            index=pd.Index([f"{prefix}-{i:05d}" for i in range(n)], name="id"),
            geometry=gpd.points_from_xy(rng.uniform(west, east, n), rng.uniform(south, north, n)),
            crs=region.crs,
        )

    layers = {
        "poles": scattered(poles, "杆", kind="lamp_pole", height_m=8.0, origin="synthetic"),
        "villages": scattered(villages, "村", kind="natural", township="159999001", fibre=True),
    }
    rule = next(
        r.id for r in region.document.rules if r.id in plan.demands and r.layer == "villages"
    )
    demand = dataclasses.replace(plan.demands[rule], items=layers["villages"])
    states = rng.choice(["met", "not_met", "unknown"], villages)

    def judged(evaluation):
        years = [
            pd.DataFrame(
                {
                    "rule_id": rule,
                    "year": year,
                    "item_id": layers["villages"].index,
                    "name": layers["villages"]["name"].to_numpy(),
                    "township": "159999001",
                    "group": "",
                    "share": 0.5,
                    "state": states,
                }
            )
            for year in plan.years
        ]
        others = evaluation.items[evaluation.items["rule_id"] != rule]
        return dataclasses.replace(evaluation, items=pd.concat([others, *years]))

    return dataclasses.replace(
        plan,
        region=dataclasses.replace(region, layers=MappingProxyType({**region.layers, **layers})),
        demands=MappingProxyType({**plan.demands, rule: demand}),
        today=judged(plan.today),
        planned=judged(plan.planned),
    )


def test_ten_thousand_poles_and_fifty_thousand_places_stay_fluid(browser, small_plan, tmp_path):
    plan = crowded(small_plan)
    path = tmp_path / "map.html"
    shown = opened(browser, plan, path)
    assert path.stat().st_size < 15_000_000
    assert min(ready_ms(shown) for _ in range(3)) < READY_MS  # the others of a busy machine wait
    tables = shown.execute_script(
        "const t = siteplan.view.data.tables; return [t.poles.id.length, t.villages.id.length];"
    )
    assert tables == [10_000, 50_000]
    plain_ms, change_ms = shown.execute_script(
        """
        const view = siteplan.view;
        const took = (act) => {
          const began = performance.now();
          act();
          return performance.now() - began;
        };
        const size = { width: 1500, height: 1300 };
        const [sprite, sheet] = [document.createElement("canvas"), document.createElement("canvas")];
        Object.assign(sprite, { width: 24, height: 24 });
        Object.assign(sheet, size);
        const paper = sheet.getContext("2d");
        const plain = [], change = [];
        for (let k = 0; k < 6; k++) {  // in turn, so that both meet the same quiet moments
          plain.push(took(() => {
            for (let i = 0; i < 60000; i++)
              paper.drawImage(sprite, (i * 37) % size.width, (i * 91) % size.height, 24, 24);
          }));
          change.push(took(() => {
            view.change({ mode: k % 2 ? "plan" : "today" });
            view.map.setZoom(view.map.getZoom() + (k % 2 ? -1 : 1), { animate: false });
          }));
        }
        return [Math.min(...plain), Math.min(...change)];
        """
    )
    # a new state and a new scale draw up to 60,000 symbols each: twice as long as that many blank pictures
    assert change_ms < 5.0 * plain_ms
    assert shown.get_log("browser") == []


def test_a_basemap_asks_its_own_server_and_no_other(browser, small_plan, tmp_path):
    path = tmp_path / "map.html"
    write_map(small_plan, path, options=OutputOptions(basemap="osm"))
    browser.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    browser.get_log("performance")
    browser.get(path.as_uri())
    try:
        assert browser.execute_script("return window.siteplan.view.ready")
        asked = [url for url in requests(browser) if url != path.as_uri()]
    finally:
        online = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", online)
        browser.get_log("browser")
    assert asked
    assert all(url.startswith("https://tile.openstreetmap.org/") for url in asked)


def test_hostile_names_show_as_text(browser, small_plan, tmp_path):
    shown = opened(browser, renamed(small_plan, HOSTILE), tmp_path / "map.html")
    titles, tips, foreign = shown.execute_script(
        """
        const view = siteplan.view;
        const titles = [];
        for (const key of ["sites", "villages", "zones"])
          view.data.tables[key].id.forEach((_, i) => {
            view.focus(key, i);
            const head = [...document.querySelectorAll(".popup h2")].pop();
            titles.push(head.firstChild.textContent);
          });
        for (const id of view.data.rules.map((rule) => rule.id))
          document.querySelector("[data-rule='" + id + "']").click();
        const tips = [...document.querySelectorAll(".label")].map((n) => n.textContent);
        const query = "img:not(.leaflet-image-layer), svg, [onerror], [onload], #app script";
        return [titles, tips, document.querySelectorAll(query).length];
        """
    )
    plain = [" ".join(name.split()) for name in HOSTILE]
    assert set(titles) <= set(plain)
    assert len(set(titles)) > 4
    assert tips
    assert foreign == 0
    assert shown.get_log("browser") == []
    assert requests(shown) == [(tmp_path / "map.html").as_uri()]


def test_very_long_names_fit(browser, hostile_plan, tmp_path):
    shown = opened(browser, hostile_plan, tmp_path / "map.html")
    widest = shown.execute_script(
        """
        const view = siteplan.view;
        view.focus("sites", 0);
        return Math.max(...[...document.querySelectorAll(".label, .popup")].map((n) => n.offsetWidth));
        """
    )
    assert 0 < widest < 500
    assert shown.get_log("browser") == []


def test_fits_a_phone(browser, small_plan, tmp_path):
    shown = opened(browser, small_plan, tmp_path / "map.html", size=(390, 844))
    hidden, width, right = shown.execute_script(
        """
        const hidden = getComputedStyle(document.getElementById("panel")).display === "none";
        document.querySelector(".opener").click();
        const table = document.querySelector(".rules").getBoundingClientRect();
        return [hidden, document.documentElement.scrollWidth, table.right];
        """
    )
    assert hidden
    assert width <= 390
    assert right <= 390
    popup = shown.execute_script(
        """
        document.querySelector(".close").click();
        siteplan.view.focus("sites", 0);
        return document.querySelector(".leaflet-popup").offsetWidth;
        """
    )
    assert 200 < popup <= 390
    assert shown.get_log("browser") == []
