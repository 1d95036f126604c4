/* The map of a plan. Reads the JSON of #siteplan-data and builds everything with text nodes, never with
   HTML made from data. All words come from the data. Needs Leaflet and nothing else. */
(function () {
  "use strict";

  const {
    PER_DEGREE,
    element,
    short,
    unpack,
    decodeLine,
    decodePolygons,
    world,
    transverseMercator,
    Symbols,
    Labels,
  } = window.siteplan.tools;
  const { CODES, SHAPES, STANDING, GAP, ROADS, stateStyle, symbolOfState, siteSymbol } =
    window.siteplan.styles;

  const PHONE = "(max-width: 760px)";
  const ROAD_LIMIT = 3000; // lines of a class, beyond which it waits for a larger scale

  /* ---- the map ------------------------------------------------------------------------------- */

  function start(map) {
    const data = JSON.parse(document.getElementById("siteplan-data").textContent);
    const words = data.words;
    const state = { ...data.start, rule: null };
    const project = "a" in data.projection ? transverseMercator(data.projection) : null;
    const phone = window.matchMedia(PHONE);
    const bounds = L.latLngBounds(data.bounds);

    for (const [name, z] of [
      ["tiles", 120],
      ["paper", 150],
      ["coverage", 250],
      ["base", 300],
      ["outline", 420],
      ["symbols", 450],
      ["labels", 460],
    ]) {
      const pane = map.createPane(name);
      pane.style.zIndex = z;
      if (name !== "labels") pane.style.pointerEvents = "none";
    }
    const tiles = data.basemap
      ? L.layerGroup(
          data.basemap.layers.map((url) =>
            L.tileLayer(url, {
              pane: "tiles",
              subdomains: data.basemap.subdomains,
              maxNativeZoom: data.basemap.most_zoom,
              maxZoom: map.getMaxZoom(),
            }),
          ),
        )
      : null;
    const credits = data.basemap ? [...new Set([...data.credits, data.basemap.credit])] : data.credits;
    map.attributionControl.setPrefix(["Leaflet 1.9.4", ...credits].join(" · "));
    map.fitBounds(bounds, { padding: [16, 16], animate: false });
    const whole = map.getBoundsZoom(bounds);
    map.setMinZoom(Math.max(whole - 2, 1));
    map.setMaxBounds(bounds.pad(1.5));

    /* -- base map -- */
    const still = (pane) => ({ pane, renderer: L.canvas({ pane, padding: 0.3 }), interactive: false });
    const boundary = decodePolygons(data.boundary);
    L.polygon(boundary, {
      ...still("paper"),
      color: "#ffffff",
      weight: 0,
      fillColor: "#fffdf8",
      fillOpacity: tiles ? 0 : 1,
    }).addTo(map);
    const base = still("base");
    const roadLayers = Object.keys(data.roads)
      .reverse()
      .map((name) => {
        const style = ROADS[name] || ROADS.other;
        const lines = data.roads[name].lines.map(decodeLine);
        const casing = L.polyline(lines, { ...base, color: "#ffffff", opacity: style.casing ? 0.8 : 0 });
        const line = L.polyline(lines, { ...base, color: style.colour, opacity: 0.9, dashArray: style.dash });
        return {
          name,
          label: data.roads[name].label,
          style,
          casing,
          line,
          group: L.layerGroup([casing, line]),
          from: lines.length > ROAD_LIMIT ? whole + 1.5 : 0,
        };
      });
    const townships = data.townships;
    const townshipRings = townships ? townships.shapes.map(decodePolygons) : [];
    const townshipLines = L.layerGroup(
      townshipRings.reduce(
        (layers, shape) =>
          layers.concat(
            L.polygon(shape, { ...base, color: "#ffffff", weight: 3, opacity: 0.6, fill: false }),
            L.polygon(shape, { ...base, color: "#4d4763", weight: 1.3, dashArray: "6 4", fill: false }),
          ),
        [],
      ),
    );
    L.polygon(boundary, { ...base, color: "#2f2b3a", weight: 2, fill: false }).addTo(map);

    /* -- coverage -- */
    const view = { map, data, words, state, phone, project, boundary, townships, townshipRings };
    const cover = (view.cover = window.siteplan.coverage(view));

    /* -- states of items -- */
    const rulesOf = {}; // table -> row -> [[rule id, place in the rule's items]]
    for (const rule of Object.keys(data.items)) {
      const item = data.items[rule];
      const rows = (rulesOf[item.table] = rulesOf[item.table] || {});
      item.rows.forEach((row, k) => (rows[row] = rows[row] || []).push([rule, k]));
    }
    const ruleById = {};
    for (const rule of data.rules) ruleById[rule.id] = rule;

    function codeOf(rule, k, mode, year) {
      const states = data.items[rule].states[mode][year];
      return states ? states[k] : "u";
    }

    /* The worst state among the rules of the technology shown; "" when none speaks of the item. */
    function itemState(table, row) {
      let worst = "";
      for (const [rule, k] of (rulesOf[table] || {})[row] || []) {
        if (ruleById[rule].technology !== state.technology) continue;
        const code = codeOf(rule, k, state.mode, state.year);
        if (code === "n" || worst === "") worst = code;
        else if (code === "u" && worst === "m") worst = "u";
      }
      return worst ? CODES[worst] : "";
    }

    /* -- vector layers that answer to clicks -- */
    const path = { hit: null, hover: null };
    function answering(layer, table, i) {
      layer.on("click", () => (path.hit = { key: table, i }));
      layer.on("mouseover", () => (path.hover = { key: table, i }));
      layer.on("mouseout", () => (path.hover = null));
      return layer;
    }

    const areaNames = Object.keys(data.tables).filter(
      (name) => data.tables[name].shapes && !name.startsWith("gaps_"),
    );
    const areas = {};
    const exclusions = L.layerGroup();
    for (const name of areaNames) {
      const table = data.tables[name];
      const layers = table.shapes.map((shape, i) =>
        answering(L.polygon(decodePolygons(shape), { weight: 1.5, bubblingMouseEvents: true }), name, i),
      );
      areas[name] = { group: L.layerGroup(), layers };
      layers.forEach((layer, i) => {
        if (table.excluded && table.excluded[i]) {
          layer.setStyle({
            color: "#8c1d18",
            dashArray: "2 4",
            weight: 1.5,
            fillColor: "#8c1d18",
            fillOpacity: 0.06,
          });
          exclusions.addLayer(layer);
        } else areas[name].group.addLayer(layer);
      });
    }
    const roadTable = data.tables.road_items;
    const roadItems = {
      group: L.layerGroup(),
      layers: roadTable.lines.map((lines, i) =>
        answering(L.polyline(lines.map(decodeLine), { weight: 3 }), "road_items", i),
      ),
    };
    roadItems.layers.forEach((layer) => roadItems.group.addLayer(layer));
    const gapShapes = {};
    for (const mode of ["today", "plan"]) {
      gapShapes[mode] = data.tables["gaps_" + mode].shapes.map((shape, i) =>
        shape.length
          ? answering(
              L.polygon(decodePolygons(shape), {
                color: GAP,
                weight: 1.4,
                fillColor: GAP,
                fillOpacity: 0.35,
              }),
              "gaps_" + mode,
              i,
            )
          : null,
      );
    }
    const gapGroup = L.layerGroup();

    function styleVectors() {
      for (const name of areaNames) {
        const table = data.tables[name];
        areas[name].layers.forEach((layer, i) => {
          if (!(table.excluded && table.excluded[i])) layer.setStyle(stateStyle(itemState(name, i)));
        });
      }
      roadItems.layers.forEach((layer, i) => {
        const style = stateStyle(itemState("road_items", i));
        layer.setStyle({ ...style, fill: false, weight: style.weight + 1 });
      });
      gapGroup.clearLayers();
      const table = data.tables["gaps_" + state.mode];
      gapShapes[state.mode].forEach((layer, i) => {
        if (layer && unpack(table.technology, i) === state.technology) gapGroup.addLayer(layer);
      });
    }

    /* -- symbols -- */
    const symbols = new Symbols("symbols");
    const shapeOf = (table, i) => SHAPES[unpack(table.kind, i)] || "circle";

    function candidateStyle(table) {
      return (i) =>
        table.unavailable && table.unavailable[i]
          ? {
              shape: shapeOf(table, i),
              radius: 3.5,
              fill: "#ffffff",
              stroke: "#9b9b9b",
              alpha: 0.7,
              mark: "cross",
              markColour: "#777777",
            }
          : {
              shape: shapeOf(table, i),
              radius: 3.5,
              fill: "#e9e4f2",
              stroke: "#5b5470",
              width: 0.9,
              alpha: 0.9,
            };
    }

    /* Whether a site carries a station of the technology shown by the year shown. */
    function inService(table, i) {
      const since = (table.since[state.technology] || [])[i];
      return since !== null && since !== undefined && since <= state.year;
    }

    function standingStyle(table) {
      return (i) => {
        return inService(table, i)
          ? { shape: shapeOf(table, i), radius: 4.2, fill: STANDING, stroke: "#ffffff", width: 1.1 }
          : {
              shape: shapeOf(table, i),
              radius: 3.8,
              fill: "#ffffff",
              stroke: STANDING,
              width: 1.1,
              alpha: 0.75,
              minor: true,
            };
      };
    }

    function itemStyle(name, shape, radius) {
      return (i) => symbolOfState(itemState(name, i), shape, radius);
    }

    const tables = data.tables;
    if (tables.poles) {
      symbols.group("poles", tables.poles, {
        detail: whole + 3,
        style: (i) => ({
          shape: shapeOf(tables.poles, i),
          radius: 2.6,
          fill: "#d9d6de",
          stroke: "#8b8794",
          width: 0.8,
          alpha: 0.8,
        }),
      });
    }
    symbols.group("candidates", tables.candidates, {
      detail: whole + 2,
      style: candidateStyle(tables.candidates),
    });
    symbols.group("stations", tables.stations, { style: standingStyle(tables.stations) });
    for (const [name, shape, radius] of [
      ["villages", "circle", 5],
      ["venues", "hexagon", 5],
    ]) {
      if (tables[name]) symbols.group(name, tables[name], { style: itemStyle(name, shape, radius) });
    }
    for (const mode of ["today", "plan"]) {
      const table = tables["gaps_" + mode];
      const dots = { lon: [], lat: [], of: [] };
      table.dots.forEach((pairs, i) => {
        for (let k = 0; k < pairs.length; k += 2) {
          dots.lon.push(pairs[k]);
          dots.lat.push(pairs[k + 1]);
          dots.of.push(i);
        }
      });
      symbols.group("gaps_" + mode, dots, {
        row: (k) => dots.of[k],
        mode,
        style: (k) =>
          unpack(table.technology, dots.of[k]) === state.technology
            ? { shape: "circle", radius: 8.5, stroke: GAP, width: 1.6, dash: [3, 2] }
            : null,
      });
    }
    const sites = tables.sites;
    symbols.group("sites", sites, {
      style: (i) =>
        inService(sites, i) && state.mode === "plan"
          ? siteSymbol(unpack(sites.kind, i), sites.existing[i])
          : { ...siteSymbol(unpack(sites.kind, i), sites.existing[i], true), minor: state.mode === "today" },
    });
    const ringed = symbols.group("ring", { lon: [], lat: [] }, { passive: true, style: () => null });

    function ring(points, colour) {
      const groups = symbols.groups;
      groups.splice(groups.indexOf(ringed), groups.length);
      const fresh = symbols.group("ring", points, {
        passive: true,
        style: () => ({ shape: "circle", radius: 11, fixed: true, stroke: colour, width: 2.5, halo: 5 }),
      });
      Object.assign(ringed, fresh);
      groups[groups.length - 1] = ringed;
    }

    symbols.addTo(map);
    const groupOf = (key) => symbols.groups.find((group) => group.key === key);

    /* -- rows of tables -- */
    function tableOf(key) {
      return key === "townships" ? townships : tables[key];
    }

    function position(table, i) {
      return L.latLng(table.lat[i] / PER_DEGREE, table.lon[i] / PER_DEGREE);
    }

    function titleOf(key, i) {
      const table = tableOf(key);
      return unpack(table.name, i) || table.id[i];
    }

    Object.assign(view, { tables, sites, symbols, path, groupOf, rulesOf, ruleById, codeOf, openItems });
    Object.assign(view, { tableOf, position, titleOf });
    const popups = window.siteplan.popups(view);
    Object.assign(view, { stateMark: popups.stateMark, scopeTable: popups.scopeTable });

    /* -- labels -- */
    const labels = new Labels("labels");
    function labelSet(table, options) {
      const n = table.lon.length;
      const set = Object.assign(
        { n, x: new Float64Array(n), y: new Float64Array(n), shown: () => true },
        options,
      );
      for (let i = 0; i < n; i++) {
        [set.x[i], set.y[i]] = world(table.lat[i] / PER_DEGREE, table.lon[i] / PER_DEGREE);
      }
      set.text = (i) => short(unpack(table.name, i), 24);
      labels.sets.push(set);
    }
    const family = getComputedStyle(document.body).fontFamily;
    if (townships) {
      labelSet(townships, {
        from: 0,
        centred: true,
        class: "label-township",
        font: "600 13px " + family,
        shown: () => map.hasLayer(townshipLines),
        bind(span, i) {
          span.addEventListener("mouseenter", () => popups.showTip(popups.townshipTip(i), span));
          span.addEventListener("mouseleave", () => popups.hideTip());
          span.addEventListener("click", (event) => {
            L.DomEvent.stop(event);
            popups.openAt(position(townships, i), "townships", i);
          });
        },
      });
    }
    labelSet(sites, {
      from: whole + 2.5,
      class: "label-site",
      font: "600 12px " + family,
      shown: () => groupOf("sites").visible,
    });
    if (tables.villages) {
      labelSet(tables.villages, {
        from: whole + 2,
        class: "label-village",
        font: "12px " + family,
        shown: () => groupOf("villages").visible,
      });
    }
    if (tables.venues) {
      labelSet(tables.venues, {
        from: whole + 3,
        class: "label-village",
        font: "12px " + family,
        shown: () => groupOf("venues").visible,
      });
    }
    labels.addTo(map);

    /* -- highlighting the unmet items of a rule -- */
    const outline = L.layerGroup().addTo(map);
    const outlineBase = still("outline");

    function outlined(latlngs, closed) {
      const shape = closed ? L.polygon : L.polyline;
      shape(latlngs, { ...outlineBase, color: "#ffffff", weight: 7, opacity: 0.95, fill: false }).addTo(
        outline,
      );
      shape(latlngs, { ...outlineBase, color: "#d10072", weight: 3.5, fill: false }).addTo(outline);
      return L.polyline(latlngs).getBounds();
    }

    function openItems(rule) {
      const item = data.items[rule];
      if (!item) return [];
      const found = [];
      item.rows.forEach((at, k) => {
        const code = codeOf(rule, k, state.mode, state.year);
        if (code !== "m") found.push({ row: at, code });
      });
      return found;
    }

    function highlight() {
      outline.clearLayers();
      const points = { lon: [], lat: [] };
      const rule = state.rule;
      const box = L.latLngBounds([]);
      if (rule) {
        const item = data.items[rule];
        const add = (table, i) => {
          points.lon.push(table.lon[i]);
          points.lat.push(table.lat[i]);
          box.extend(position(table, i));
        };
        for (const { row: i } of openItems(rule)) {
          const table = tables[item.table];
          if (table.shapes) box.extend(outlined(decodePolygons(table.shapes[i]), true));
          else if (table.lines) box.extend(outlined(table.lines[i].map(decodeLine), false));
          else add(table, i);
        }
        if (!item) {
          const gaps = tables["gaps_" + state.mode];
          gaps.rules.forEach((rules, i) => {
            if (rules.includes(rule) && gaps.shapes[i].length) {
              box.extend(outlined(decodePolygons(gaps.shapes[i]), true));
            }
          });
          sites.rules.forEach((rules, i) => {
            if (rules.includes(rule)) add(sites, i);
          });
        }
      }
      ring(points, "#d10072");
      return box;
    }

    function refreshGaps() {
      for (const mode of ["today", "plan"]) {
        const group = groupOf("gaps_" + mode);
        group.visible = mode === state.mode && group.wanted !== false;
      }
    }

    function showRoads() {
      const zoom = map.getZoom();
      const wider = zoom < whole + 1.5 ? 1 : zoom < whole + 3.5 ? 1.6 : 2.4;
      for (const road of roadLayers) {
        const weight = road.style.weight * wider;
        road.line.setStyle({ weight });
        road.casing.setStyle({ weight: weight + 1.6 });
        const on = !road.off && zoom >= road.from;
        if (on !== map.hasLayer(road.group)) {
          if (on) road.group.addTo(map);
          else road.group.remove();
        }
      }
    }

    function chooseRule(id) {
      state.rule = id;
      if (id) {
        const rule = ruleById[id];
        change({
          year: rule.shown_year,
          technology: data.technologies.includes(rule.technology) ? rule.technology : state.technology,
        });
        const box = highlight();
        symbols.restyle();
        if (box.isValid()) map.fitBounds(box, { ...legend.room(60), maxZoom: whole + 3 });
      } else change({});
    }

    /* -- panel, layer control and legend -- */
    Object.assign(view, { areas, areaNames, roadItems, exclusions, gapGroup, tiles, roadLayers });
    Object.assign(view, { townshipLines, labels, refreshGaps, showRoads, chooseRule, change, focus });
    const legend = window.siteplan.legend(view);
    const layers = window.siteplan.layers(view);
    view.layerControl = layers.build;
    view.setOpacity = (opacity) => {
      cover.opacity = opacity;
      if (cover.picture) cover.picture.setOpacity(opacity);
      legend.box.style.setProperty("--opacity", opacity);
    };
    const panel = window.siteplan.panel(view);
    const frame = document.getElementById("frame");

    /* -- search -- */
    const entries = [];
    for (const key of [
      "sites",
      "villages",
      "townships",
      "stations",
      "venues",
      "zones",
      "road_items",
      "candidates",
      "gaps_today",
      "gaps_plan",
      "poles",
    ]) {
      const table = tableOf(key);
      if (!table) continue;
      for (let i = 0; i < table.id.length; i++) {
        const name = short(unpack(table.name, i), 80);
        entries.push({ key, i, name, text: (name + "\n" + table.id[i]).toLowerCase() });
      }
    }

    function focus(key, i) {
      const table = tableOf(key);
      const shape =
        table.shapes && table.shapes[i] && table.shapes[i].length
          ? decodePolygons(table.shapes[i])
          : table.lines
            ? table.lines[i].map(decodeLine)
            : null;
      if (key.startsWith("gaps_") && key.slice(5) !== state.mode) change({ mode: key.slice(5) });
      if (key.startsWith("gaps_")) change({ technology: unpack(table.technology, i) });
      if (shape)
        map.fitBounds(L.polyline(shape).getBounds(), {
          padding: [60, 60],
          maxZoom: whole + 5,
          animate: false,
        });
      else map.setView(position(table, i), Math.max(map.getZoom(), whole + 3.5), { animate: false });
      if (phone.matches) panel.show(false);
      popups.openAt(position(table, i), key, i);
    }

    /* -- changes -- */
    function change(what) {
      Object.assign(state, what);
      panel.select("mode", state.mode);
      panel.select("year", state.year);
      panel.select("technology", state.technology);
      cover.show();
      styleVectors();
      refreshGaps();
      highlight();
      symbols.restyle();
      panel.updateRules();
      legend.update();
      labels.redraw();
    }

    /* Symbols shrink where the chosen sites would cover each other. */
    function scaleSymbols() {
      const above = map.getZoom() - whole;
      const corner = (latlng) => map.project(latlng, map.getZoom());
      const area = Math.abs(
        (corner(bounds.getNorthEast()).x - corner(bounds.getSouthWest()).x) *
          (corner(bounds.getNorthEast()).y - corner(bounds.getSouthWest()).y),
      );
      const spacing = Math.sqrt(area / Math.max(sites.id.length, 1));
      symbols.scale = Math.round(Math.min(Math.max(spacing / 40, 0.55), 1.2) * 20) / 20;
      symbols.close = above >= 1.25;
    }

    /* -- all together -- */
    frame.append(window.siteplan.searchBox(words, entries, tableOf, focus), panel.opener, popups.readout, popups.tip, legend.box, legend.caption);
    for (const box of [legend.box, frame.querySelector(".search"), panel.opener]) {
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
    }
    L.control
      .zoom({ position: "topright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out })
      .addTo(map);
    const Fit = L.Control.extend({
      onAdd() {
        const button = element(
          "button",
          {
            type: "button",
            title: words.fit,
            "aria-label": words.fit,
            onclick: () => map.fitBounds(bounds, legend.room(16)),
          },
          "⤢",
        );
        const box = element("div", { class: "leaflet-bar fit" }, button);
        L.DomEvent.disableClickPropagation(box);
        return box;
      },
    });
    new Fit({ position: "topright" }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
    panel.build();
    refreshGaps();
    map.on("zoomend", () => {
      scaleSymbols();
      cover.sharpen();
      showRoads();
    });
    symbols.on("redrawn", () => {
      for (const [key, note] of layers.hints) note.hidden = !(groupOf(key).visible && !groupOf(key).drawn);
    });
    scaleSymbols();
    showRoads();
    panel.show(!phone.matches);
    map.fitBounds(bounds, { padding: [16, 16], animate: false });
    change({});
    if (legend.place() > 0.04) map.fitBounds(bounds, { ...legend.room(16), animate: false });
    symbols.held = false;
    symbols.redraw();

    /* A sheet of paper is narrower than a screen: the map is scaled, not redrawn. */
    const sheet = { width: 1040, height: 620 };
    window.addEventListener("beforeprint", () => {
      const size = map.getSize();
      const scale = Math.min(sheet.width / size.x, sheet.height / size.y, 1);
      frame.style.setProperty("--print-width", size.x + "px");
      frame.style.setProperty("--print-height", size.y + "px");
      frame.style.setProperty("--print-scale", scale);
    });

    return { map, data, state, project, symbols, change, focus, levelIndex: cover.levelIndex, openAt: popups.openAt, ready: true };
  }

  window.siteplan.start = start;
})();
