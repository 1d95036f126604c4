/* The map of a plan. Reads the JSON of #siteplan-data and builds everything with text nodes, never with
   HTML made from data. All words come from the data. Needs Leaflet and nothing else. */
(function () {
  "use strict";

  const {
    PER_DEGREE,
    element,
    short,
    fill,
    unpack,
    decodeLine,
    decodePolygons,
    insideRings,
    world,
    transverseMercator,
    swatch,
    Symbols,
    Labels,
  } = window.siteplan.tools;
  const { STATES, CODES, SHAPES, STANDING, GAP, ROADS, stateStyle, symbolOfState, siteSymbol, lineSwatch } =
    window.siteplan.styles;

  const LIST_LIMIT = 30;
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
    const coverage = data.coverage;
    const coverageBounds = L.latLngBounds(coverage.bounds);
    const colourIndex = {};
    for (const technology of data.technologies) {
      const hex = coverage.classes[technology].palette;
      const index = new Map();
      for (let k = 0; 6 * k < hex.length; k++) index.set(hex.slice(6 * k, 6 * k + 6), k);
      colourIndex[technology] = index;
    }
    const pictures = coverage.images.map(() => null);
    let picture = null;
    let opacity = 0.75;
    let coverageOn = true;

    function imageNumber() {
      return coverage.position[state.technology + "|" + state.year + "|" + state.mode];
    }

    function showCoverage() {
      const n = imageNumber();
      if (picture && (!coverageOn || picture !== pictures[n])) {
        picture.remove();
        picture = null;
      }
      if (!coverageOn || n === undefined) return;
      if (!pictures[n]) {
        pictures[n] = L.imageOverlay(coverage.images[n], coverageBounds, { pane: "coverage", alt: "" });
        pictures[n].on("load", sharpen);
      }
      picture = pictures[n];
      picture.setOpacity(opacity);
      if (!map.hasLayer(picture)) picture.addTo(map);
      sharpen();
    }

    /* Cells keep their edges when enlarged; a reduced picture is smoothed. */
    function sharpen() {
      const image = picture && picture.getElement();
      if (!image || !image.naturalWidth) return;
      const wide =
        map.latLngToLayerPoint(coverageBounds.getNorthEast()).x -
        map.latLngToLayerPoint(coverageBounds.getSouthWest()).x;
      image.classList.toggle("sharp", wide > image.naturalWidth);
    }

    /* Pictures that hold SINR and server are read under the pointer and never shown. */
    const hidden = data.probes.images.map(() => null);

    function hiddenImage() {
      const n = data.probes.position[state.technology + "|" + state.year + "|" + state.mode];
      if (n === undefined) return null;
      if (!hidden[n]) {
        hidden[n] = new Image();
        hidden[n].src = data.probes.images[n];
      }
      return hidden[n];
    }

    function serverText(latlng, image) {
      const [red, green, blue] = pixel(image, latlng) || [0, 0, 0];
      const names = data.probes.servers[state.technology + "|" + state.mode] || [];
      const name = names[256 * green + blue - 1];
      if (!red || name === undefined) return "";
      return fill(words.signal_server, { name, db: red - 1 + data.probes.lowest_db });
    }

    const probe = element("canvas", { width: 1, height: 1 });
    const probeContext = probe.getContext("2d", { willReadFrequently: true });

    /* Red, green, blue and alpha of a picture at a place; null beyond its edge. */
    function pixel(image, latlng) {
      const [west, north] = world(coverageBounds.getNorth(), coverageBounds.getWest());
      const [east, south] = world(coverageBounds.getSouth(), coverageBounds.getEast());
      const [x, y] = world(latlng.lat, latlng.lng);
      const column = Math.floor(((x - west) / (east - west)) * image.naturalWidth);
      const row = Math.floor(((y - north) / (south - north)) * image.naturalHeight);
      if (column < 0 || row < 0 || column >= image.naturalWidth || row >= image.naturalHeight) return null;
      probeContext.clearRect(0, 0, 1, 1);
      probeContext.drawImage(image, column, row, 1, 1, 0, 0, 1, 1);
      return probeContext.getImageData(0, 0, 1, 1).data;
    }

    function levelIndex(latlng) {
      const image = picture && picture.getElement();
      if (!image || !image.naturalWidth) return null;
      const rgba = pixel(image, latlng);
      if (!rgba) return 0;
      const [red, green, blue, alpha] = rgba;
      if (alpha === 0) return 0;
      const hex = [red, green, blue].map((v) => v.toString(16).padStart(2, "0")).join("");
      const found = colourIndex[state.technology].get(hex);
      return found === undefined ? null : found;
    }

    function signalText(latlng) {
      if (!boundary.some((rings) => insideRings(rings, latlng.lat, latlng.lng))) return words.outside;
      const index = levelIndex(latlng);
      if (index === null) return "";
      if (index === 0) return words.signal_none;
      if (index < coverage.first_level) return words.signal_unknown;
      const low = index - coverage.first_level + coverage.weakest_dbm;
      return fill(words.signal_level, { low, high: low + 1 });
    }

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
    let pathHit = null;
    let pathHover = null;
    function answering(layer, table, i) {
      layer.on("click", () => (pathHit = { key: table, i }));
      layer.on("mouseover", () => (pathHover = { key: table, i }));
      layer.on("mouseout", () => (pathHover = null));
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
          span.addEventListener("mouseenter", () => showTip(townshipTip(i), span));
          span.addEventListener("mouseleave", hideTip);
          span.addEventListener("click", (event) => {
            L.DomEvent.stop(event);
            open("townships", i, position(townships, i));
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

    /* -- popups and tips -- */
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

    function row(head, ...body) {
      return element("tr", {}, element("th", { scope: "row" }, head), element("td", {}, ...body));
    }

    function stateMark(found, text) {
      return element(
        "span",
        { class: "state state-" + found },
        element("b", { "aria-hidden": "true" }, STATES[found].mark),
        " " + (text || data.states[found]),
      );
    }

    function details(key, i) {
      const table = tableOf(key);
      const body = element("tbody", {}, row(words.id, table.id[i]));
      for (const field of table.fields) {
        const text = unpack(field, i);
        if (text) body.append(row(field.label, text));
      }
      const years = String(state.year);
      for (const [rule, k] of (rulesOf[key] || {})[i] || []) {
        const cell = element(
          "td",
          {},
          words.mode_today + " ",
          stateMark(CODES[codeOf(rule, k, "today", years)]),
          words.space + words.mode_plan + " ",
          stateMark(CODES[codeOf(rule, k, "plan", years)]),
        );
        body.append(element("tr", {}, element("th", { scope: "row" }, rule), cell));
      }
      return element(
        "div",
        { class: "details" },
        element("h2", {}, short(titleOf(key, i), 80), element("small", {}, table.title)),
        element("table", {}, body),
        key === "townships" ? scopeTable(words.township_rules, townshipRules(table.id[i])) : null,
      );
    }

    function placeTexts(latlng) {
      const lines = [
        fill(words.coordinates, {
          datum: data.projection.datum,
          lon: latlng.lng.toFixed(6),
          lat: latlng.lat.toFixed(6),
        }),
      ];
      if (project) {
        const [east, north] = project(latlng.lng, latlng.lat);
        lines.push(fill(words.metres, { east: east.toFixed(1), north: north.toFixed(1) }));
      }
      return lines;
    }

    function footer(latlng, placed) {
      const box = element("div", { class: "place" });
      const signal = element("p", { class: "signal", hidden: true });
      const head = fill(words.signal_here, {
        technology: state.technology,
        year: state.year,
        mode: words["mode_" + state.mode],
      });
      const tell = () => {
        const text = signalText(latlng);
        signal.hidden = !text;
        signal.textContent = head + words.colon;
        signal.append(element("b", {}, text));
      };
      const server = element("p", { class: "server", hidden: true });
      const tellServer = (source) => {
        const text = serverText(latlng, source);
        server.hidden = !text;
        server.textContent = text;
      };
      if (coverageOn) {
        box.append(signal, server);
        const source = hiddenImage();
        if (source && source.complete) tellServer(source);
        else if (source) source.addEventListener("load", () => tellServer(source), { once: true });
        const image = picture && picture.getElement();
        if (image && image.complete) tell();
        else if (picture) picture.once("load", tell);
      }
      if (!placed) for (const line of placeTexts(latlng)) box.append(element("p", {}, line));
      return box;
    }

    function openAt(latlng, key, i) {
      const box = element("div", { class: "popup" });
      if (key) box.append(details(key, i));
      box.append(footer(latlng, key === "sites")); // whose table gives the position
      const size = map.getSize();
      L.popup({
        maxWidth: Math.min(340, size.x - 40),
        minWidth: Math.min(260, size.x - 60),
        maxHeight: Math.max(160, size.y * (phone.matches ? 0.45 : 0.6)),
        autoPanPaddingTopLeft: [12, phone.matches ? 110 : 56],
        autoPanPaddingBottomRight: [12, 12],
      })
        .setLatLng(latlng)
        .setContent(box)
        .openOn(map);
    }

    function open(key, i, latlng) {
      openAt(latlng, key, i);
    }

    map.on("click", (event) => {
      const hit = symbols.hit(map.latLngToContainerPoint(event.latlng), L.Browser.touch ? 8 : 4);
      if (hit) {
        const i = hit.group.row ? hit.group.row(hit.i) : hit.i;
        open(hit.group.key, i, position(hit.group.table, hit.i));
      } else if (pathHit) open(pathHit.key, pathHit.i, event.latlng);
      else openAt(event.latlng);
      pathHit = null;
    });

    const tip = element("div", { class: "tip", role: "tooltip", hidden: true });
    function showTip(content, near) {
      tip.textContent = "";
      tip.append(content);
      tip.hidden = false;
      const frame = map.getContainer().getBoundingClientRect();
      const box = near.getBoundingClientRect
        ? near.getBoundingClientRect()
        : { right: frame.left + near.x, bottom: frame.top + near.y };
      const x = Math.min(box.right - frame.left + 10, frame.width - tip.offsetWidth - 6);
      const y = Math.min(box.bottom - frame.top + 10, frame.height - tip.offsetHeight - 6);
      tip.style.transform = "translate(" + Math.max(x, 0) + "px," + Math.max(y, 0) + "px)";
    }
    function hideTip() {
      tip.hidden = true;
    }
    function townshipTip(i) {
      const box = element("div", {}, element("b", {}, titleOf("townships", i)));
      for (const field of townships.fields.slice(-2)) {
        box.append(element("div", {}, field.label + words.colon + unpack(field, i)));
      }
      return box;
    }
    function shortTip(key, i) {
      return element(
        "div",
        {},
        element("b", {}, short(titleOf(key, i), 60)),
        " ",
        element("small", {}, tableOf(key).title),
      );
    }

    const readout = element("output", { class: "readout" });
    let pointer = null;
    let waiting = false;
    map.on("mousemove", (event) => {
      pointer = event;
      if (!waiting) {
        waiting = true;
        requestAnimationFrame(follow);
      }
    });
    map.on("mouseout", () => {
      pointer = null;
      hideTip();
    });

    function follow() {
      waiting = false;
      if (!pointer) return;
      const { latlng, containerPoint } = pointer;
      const i = townshipRings.findIndex((shape) =>
        shape.some((rings) => insideRings(rings, latlng.lat, latlng.lng)),
      );
      readout.textContent =
        (i < 0 ? "" : short(titleOf("townships", i), 20) + words.space) + placeTexts(latlng).join(words.space);
      if (pointer.originalEvent.target.closest(".labels, .leaflet-popup, .leaflet-control")) return;
      const hit = symbols.hit(containerPoint, 2);
      map.getContainer().classList.toggle("pointing", Boolean(hit || pathHover));
      if (hit) showTip(shortTip(hit.group.key, hit.group.row ? hit.group.row(hit.i) : hit.i), containerPoint);
      else if (pathHover) showTip(shortTip(pathHover.key, pathHover.i), containerPoint);
      else hideTip();
    }

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

    /* -- panel -- */
    const panel = document.getElementById("panel");
    const frame = document.getElementById("frame");
    panel.setAttribute("aria-label", words.panel_open);

    function choice(name, head, options, current, change) {
      const set = element("fieldset", { class: "choice" }, element("legend", {}, head));
      const box = element("div", { class: "segments" });
      for (const [value, text] of options) {
        const input = element("input", {
          type: "radio",
          name,
          value,
          checked: String(value) === String(current),
          onchange: () => change(value),
        });
        box.append(element("label", {}, input, element("span", {}, text)));
      }
      set.append(box);
      return set;
    }

    function select(name, value) {
      for (const input of panel.querySelectorAll("input[name=" + name + "]"))
        input.checked = input.value === String(value);
    }

    function section(head, ...body) {
      return element("section", {}, element("h2", {}, head), ...body);
    }

    function buildView() {
      const slider = element("input", {
        type: "range",
        min: 0,
        max: 100,
        step: 5,
        value: Math.round(opacity * 100),
        id: "opacity",
        oninput() {
          opacity = slider.value / 100;
          if (picture) picture.setOpacity(opacity);
          legend.style.setProperty("--opacity", opacity);
        },
      });
      return section(
        words.group_view,
        choice(
          "mode",
          words.mode,
          [
            ["today", words.mode_today],
            ["plan", words.mode_plan],
          ],
          state.mode,
          (value) => change({ mode: value }),
        ),
        choice(
          "year",
          words.view_year,
          data.years.map((year) => [year, String(year)]),
          state.year,
          (value) => change({ year: value }),
        ),
        choice(
          "technology",
          words.technology,
          data.technologies.map((t) => [t, t]),
          state.technology,
          (value) => change({ technology: value }),
        ),
        element("label", { class: "slider", for: "opacity" }, words.opacity, slider),
      );
    }

    function valueCell(text, found, unit) {
      const known = text !== words.unknown; // else the state has said it already
      return element(
        "td",
        { class: "value" },
        element(
          "span",
          { class: "state state-" + found, title: data.states[found] },
          element("b", { "aria-hidden": "true" }, STATES[found].mark),
          element("span", { class: "said" }, data.states[found]),
        ),
        element("span", { class: "figure", hidden: !known }, text),
        unit && known ? element("small", {}, unit) : null,
      );
    }

    /* Values and states of both networks, a line for each township, group or rule. */
    function scopeTable(head, lines) {
      const mark = (found) =>
        element(
          "span",
          { class: "state state-" + found, title: data.states[found] },
          element("b", {}, STATES[found].mark),
        );
      const cell = (text, found) => element("td", {}, found ? mark(found) : null, " " + text);
      const heads = [head, words.today, words.plan].map((text) => element("th", { scope: "col" }, text));
      const rows = lines.map(([name, today, stateToday, plan, statePlan]) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, name),
          cell(today, stateToday),
          cell(plan, statePlan),
        ),
      );
      return element(
        "table",
        { class: "scopes" },
        element("thead", {}, element("tr", {}, ...heads)),
        element("tbody", {}, ...rows),
      );
    }

    /* What every rule that speaks of a township says of it. */
    function townshipRules(id) {
      return data.rules.flatMap((rule) =>
        (data.scopes[rule.id] || [])
          .filter((line) => line[5] === id)
          .map((line) => [rule.id, ...line.slice(1)]),
      );
    }

    const ruleRows = {};
    function buildRules() {
      const head = element(
        "tr",
        {},
        ...[words.rule, words.required, words.today, words.plan, words.stations_needed].map((text) =>
          element("th", { scope: "col" }, text),
        ),
      );
      const body = element("tbody", {});
      for (const rule of data.rules) {
        const choose = () => chooseRule(state.rule === rule.id ? null : rule.id);
        const name = element(
          "button",
          {
            type: "button",
            class: "rule-name",
            "aria-pressed": "false",
            onclick(event) {
              event.stopPropagation();
              choose();
            },
          },
          element("b", {}, rule.id),
          element("small", {}, rule.year + (rule.technology ? " · " + rule.technology : "")),
        );
        const line = element(
          "tr",
          { class: "rule", "data-rule": rule.id, onclick: choose },
          element("td", { class: "rule-text" }, name, element("div", {}, rule.text)),
          element(
            "td",
            { class: "value required" },
            element("span", { class: "figure" }, rule.required),
            rule.unit && rule.required !== words.none_asked ? element("small", {}, rule.unit) : null,
          ),
          valueCell(rule.today, rule.state_today, rule.unit),
          valueCell(rule.plan, rule.state_plan, rule.unit),
          element(
            "td",
            { class: "value needed" },
            element("span", { class: "figure" }, String(rule.stations)),
          ),
        );
        const more = element("tr", { class: "more", hidden: true }, element("td", { colspan: 5 }));
        ruleRows[rule.id] = { line, name, more };
        body.append(line, more);
      }
      const box = section(
        words.group_rules,
        element("p", { class: "hint" }, words.rule_hint),
        element("table", { class: "rules" }, element("thead", {}, head), body),
      );
      const states = element("p", { class: "hint states" });
      for (const name of Object.keys(STATES)) states.append(stateMark(name), " ");
      box.append(states);
      return box;
    }

    function ruleDetails(id) {
      const rule = ruleById[id];
      const box = element("div", { class: "rule-more" });
      if (rule.items !== null) {
        let text = fill(words.rule_items, {
          items: rule.items,
          today: rule.covered_today,
          plan: rule.covered_plan,
        });
        if (rule.unknown) text += fill(words.rule_unknown, { n: rule.unknown });
        box.append(element("p", {}, text));
      }
      if (rule.reason) box.append(element("p", {}, rule.reason));
      if (rule.definition) box.append(element("p", {}, fill(words.rule_definition, { id: rule.definition_name })));
      const scopes = data.scopes[id] || [];
      if (scopes.length > 1) box.append(scopeTable(words.rule_scopes, scopes));
      const item = data.items[id];
      const at = { mode: words["mode_" + state.mode], year: state.year };
      if (item) {
        const found = openItems(id);
        box.append(
          element(
            "p",
            {},
            element(
              "b",
              {},
              found.length
                ? fill(words.rule_open, { ...at, n: found.length })
                : fill(words.rule_open_none, at),
            ),
          ),
        );
        const list = element("ul", {});
        for (const { row: i, code } of found.slice(0, LIST_LIMIT)) {
          list.append(
            element(
              "li",
              {},
              element(
                "button",
                { type: "button", class: "link", onclick: () => focus(item.table, i) },
                STATES[CODES[code]].mark + " " + short(titleOf(item.table, i), 30),
              ),
            ),
          );
        }
        if (found.length > LIST_LIMIT)
          list.append(element("li", {}, fill(words.rule_more, { n: found.length - LIST_LIMIT })));
        if (found.length) box.append(list);
      } else {
        const gaps = tables["gaps_" + state.mode].rules.filter((rules) => rules.includes(id)).length;
        const served = sites.rules.filter((rules) => rules.includes(id)).length;
        if (rule.definition)
          box.append(
            element("p", {}, fill(words.rule_gaps, { n: gaps, year: data.years[data.years.length - 1] })),
          );
        if (served) box.append(element("p", {}, fill(words.rule_sites, { n: served })));
      }
      return box;
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
        if (box.isValid()) map.fitBounds(box, { ...room(60), maxZoom: whole + 3 });
      } else change({});
    }

    function updateRules() {
      for (const id of Object.keys(ruleRows)) {
        const { line, name, more } = ruleRows[id];
        const on = id === state.rule;
        line.classList.toggle("chosen", on);
        name.setAttribute("aria-pressed", String(on));
        more.hidden = !on;
        more.firstChild.textContent = "";
        if (on) more.firstChild.append(ruleDetails(id));
      }
    }

    /* -- layer control, which is the legend of the symbols too -- */
    const hints = [];
    function buildLayers() {
      const box = section(words.group_layers);
      const group = (head) => {
        const part = element("fieldset", { class: "layers" }, element("legend", {}, head));
        box.append(part);
        return part;
      };
      function toggle(part, key, text, on, change, swatches, hint) {
        const input = element("input", {
          type: "checkbox",
          "data-layer": key,
          checked: on,
          onchange: () => change(input.checked),
        });
        const line = element(
          "label",
          { class: "layer" },
          input,
          element("span", { class: "layer-name" }, text),
        );
        if (swatches.length === 1 && !swatches[0][1]) line.append(swatches[0][0]);
        part.append(line);
        if (hint) {
          const note = element("small", { class: "hint", hidden: true }, hint);
          line.append(note);
          hints.push([key, note]);
        }
        for (const [picture, meaning] of swatches) {
          if (meaning) part.append(element("div", { class: "entry" }, picture, element("span", {}, meaning)));
        }
      }
      const symbolToggle = (keys) => (on) => {
        for (const key of keys) if (groupOf(key)) groupOf(key).visible = on;
        refreshGaps();
        symbols.redraw();
        labels.redraw();
      };
      const layerToggle = (layer) => (on) => {
        if (on) layer.addTo(map);
        else layer.remove();
        labels.redraw();
      };

      const stateEntries = (make) =>
        ["met", "not_met", "unknown"]
          .map((name) => [make(name), data.states[name]])
          .concat([[make(""), words.state_none]]);
      let part = group(words.group_plan);
      const combos = new Map();
      for (let i = 0; i < sites.id.length; i++) {
        const kind = unpack(sites.kind, i);
        combos.set(Object.keys(data.kinds).indexOf(kind) + "|" + (1 - sites.existing[i]), [
          kind,
          sites.existing[i],
        ]);
      }
      const entries = [...combos.keys()].sort().map((key) => {
        const [kind, existing] = combos.get(key);
        return [
          swatch(siteSymbol(kind, existing, false)),
          existing ? fill(words.bracketed, { text: data.kinds[kind], note: words.reuse_existing }) : data.kinds[kind],
        ];
      });
      if (entries.length) entries.push([swatch(siteSymbol("tower", 0, true)), words.legend_later]);
      toggle(part, "sites", words.layer_sites, true, symbolToggle(["sites"]), entries);

      part = group(words.group_demand);
      toggle(
        part,
        "gaps",
        words.layer_gaps,
        true,
        (on) => {
          for (const mode of ["today", "plan"]) groupOf("gaps_" + mode).wanted = on;
          if (on) gapGroup.addTo(map);
          else gapGroup.remove();
          refreshGaps();
          symbols.redraw();
        },
        [
          [
            element("span", { class: "swatch gap-swatch" }),
            fill(words.gap_year, { year: data.years[data.years.length - 1] }),
          ],
        ],
      );
      for (const [name, shape] of [
        ["villages", "circle"],
        ["venues", "hexagon"],
      ]) {
        if (!tables[name]) continue;
        toggle(
          part,
          name,
          words["layer_" + name],
          true,
          symbolToggle([name]),
          stateEntries((found) => swatch(symbolOfState(found, shape, 6))),
        );
      }
      for (const name of areaNames) {
        areas[name].group.addTo(map);
        toggle(
          part,
          name,
          words["layer_" + name] || name,
          true,
          layerToggle(areas[name].group),
          stateEntries((found) => lineSwatch(stateStyle(found), true)),
        );
      }
      if (roadItems.layers.length) {
        roadItems.group.addTo(map);
        toggle(
          part,
          "road_items",
          words.layer_road_items,
          true,
          layerToggle(roadItems.group),
          stateEntries((found) => lineSwatch(stateStyle(found), false)),
        );
      }
      if (exclusions.getLayers().length) {
        exclusions.addTo(map);
        toggle(part, "exclusion", words.layer_exclusion, true, layerToggle(exclusions), [
          [lineSwatch({ color: "#8c1d18", dashArray: "2 4", weight: 1.5 }, true), ""],
        ]);
      }
      gapGroup.addTo(map);

      part = group(words.group_today);
      const kinds = (table) =>
        [...new Set(table.id.map((_, i) => unpack(table.kind, i)))].sort(
          (a, b) => Object.keys(data.kinds).indexOf(a) - Object.keys(data.kinds).indexOf(b),
        );
      toggle(
        part,
        "stations",
        words.layer_stations,
        true,
        symbolToggle(["stations"]),
        kinds(tables.stations)
          .map((kind) => [
            swatch({
              shape: SHAPES[kind] || "circle",
              radius: 5.5,
              fill: STANDING,
              stroke: "#ffffff",
              width: 1,
            }),
            data.kinds[kind] || kind,
          ])
          .concat([
            [
              swatch({ shape: "triangle", radius: 5, fill: "#ffffff", stroke: STANDING, width: 1.2 }),
              words.legend_not_in_service,
            ],
          ]),
      );
      toggle(
        part,
        "candidates",
        words.layer_candidates,
        true,
        symbolToggle(["candidates"]),
        [[swatch({ shape: "square", radius: 5, fill: "#e9e4f2", stroke: "#5b5470", width: 1 }), ""]],
        words.candidates_hint,
      );
      if (tables.poles && tables.poles.id.length) {
        toggle(
          part,
          "poles",
          words.layer_poles,
          true,
          symbolToggle(["poles"]),
          [[swatch({ shape: "wedge", radius: 4, fill: "#d9d6de", stroke: "#8b8794", width: 1 }), ""]],
          words.candidates_hint,
        );
      }

      part = group(words.group_base);
      if (tiles) {
        tiles.addTo(map);
        toggle(part, "basemap", data.basemap.name, true, layerToggle(tiles), []);
      }
      toggle(
        part,
        "coverage",
        words.layer_coverage,
        true,
        (on) => {
          coverageOn = on;
          showCoverage();
        },
        [],
      );
      if (roadLayers.length) {
        toggle(
          part,
          "roads",
          words.layer_roads,
          true,
          (on) => {
            for (const road of roadLayers) road.off = !on;
            showRoads();
          },
          roadLayers
            .slice()
            .reverse()
            .map((road) => [
              lineSwatch(
                { color: road.style.colour, weight: road.style.weight, dashArray: road.style.dash },
                false,
              ),
              road.label,
            ]),
        );
      }
      if (townships) {
        townshipLines.addTo(map);
        toggle(part, "townships", words.layer_townships, true, layerToggle(townshipLines), [
          [lineSwatch({ color: "#4d4763", weight: 1.3, dashArray: "6 4" }, false), ""],
        ]);
      }
      toggle(
        part,
        "labels",
        words.layer_labels,
        true,
        (on) => {
          labels.visible = on;
          labels.redraw();
        },
        [],
      );
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

    function buildDefinitions() {
      const list = element("dl", {});
      for (const definition of data.definitions) {
        list.append(
          element("dt", {}, fill(words.bracketed, { text: definition.name, note: definition.id })),
          element(
            "dd",
            {},
            element("div", {}, definition.text),
            element("div", { class: "limits" }, definition.limits),
            element("small", {}, definition.source),
          ),
        );
      }
      return element(
        "details",
        { class: "definitions" },
        element("summary", {}, words.group_definitions),
        list,
      );
    }

    function buildAbout() {
      const about = data.about;
      const inputs = element(
        "table",
        {},
        element(
          "tbody",
          {},
          ...about.inputs.map((line) => element("tr", {}, ...line.map((text) => element("td", {}, text)))),
        ),
      );
      inputs.prepend(
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...[words.about_layer, words.about_file, words.about_rows].map((text) => element("th", {}, text)),
          ),
        ),
      );
      const list = (head, lines) =>
        lines.length
          ? [
              element("h3", {}, head),
              element(
                "ul",
                {},
                ...lines.slice(0, LIST_LIMIT).map((line) => element("li", {}, short(line, 300))),
              ),
            ]
          : [];
      return element(
        "details",
        { class: "about" },
        element("summary", {}, words.group_about),
        element("p", {}, words.about_grid + words.colon + about.grid),
        element("p", {}, words.about_picture),
        element("h3", {}, words.about_layers),
        inputs,
        ...list(words.about_origins, about.origins),
        ...list(words.about_warnings, about.warnings),
        element("p", {}, fill(words.about_software, { version: data.siteplan })),
      );
    }

    function buildPanel() {
      const totals = element("dl", { class: "totals" });
      for (const [head, text] of data.totals)
        totals.append(element("div", {}, element("dt", {}, head), element("dd", {}, text)));
      panel.append(
        element(
          "header",
          {},
          element("h1", {}, short(data.title, 40), element("small", {}, words.title)),
          element("p", {}, data.document),
          element(
            "button",
            {
              type: "button",
              class: "close",
              "aria-label": words.panel_close,
              onclick: () => showPanel(false),
            },
            "✕",
          ),
        ),
        totals,
        buildView(),
        buildRules(),
        buildLayers(),
        buildDefinitions(),
        buildAbout(),
      );
    }

    const opener = element(
      "button",
      { type: "button", class: "opener", onclick: () => showPanel(true) },
      "☰ " + words.panel_open,
    );
    function showPanel(on) {
      document.body.classList.toggle("panel-off", !on);
      opener.hidden = on;
      map.invalidateSize({ animate: false, pan: false });
    }

    /* -- legend on the map -- */
    const caption = element("div", { class: "caption" });
    const legend = element("details", { class: "legend", open: true, style: "--opacity:" + opacity });
    legend.addEventListener("toggle", liftScale);
    function updateLegend() {
      const classes = coverage.classes[state.technology];
      legend.textContent = "";
      const list = element("ol", {});
      const notes = [];
      for (let k = classes.labels.length - 1; k >= 0; k--) {
        const edge = k ? classes.edges[k - 1] : null;
        list.append(
          element(
            "li",
            { class: "class" },
            element("i", { class: "patch" }, element("i", { style: "background:" + classes.colours[k] })),
            element("span", { class: "class-label" }, classes.labels[k]),
            element("span", { class: "tick" }, k ? String(edge) : ""),
          ),
        );
        const ids = classes.thresholds.filter((t) => k && t.dbm === edge).map((t) => t.name);
        if (ids.length) {
          list.append(
            element("li", { class: "threshold" }, element("i", {}), element("span", {}, words.threshold)),
          );
          notes.push(
            element(
              "p",
              { class: "threshold-note" },
              fill(words.legend_threshold, { dbm: edge, ids: ids.join(words.enumeration) }),
            ),
          );
        }
      }
      list.append(
        element(
          "li",
          { class: "extra" },
          element("i", { class: "patch hatched" }),
          element("span", { class: "class-label" }, words.legend_unknown),
        ),
        element(
          "li",
          { class: "extra" },
          element("i", { class: "patch none" }),
          element("span", { class: "class-label" }, words.legend_none),
        ),
      );
      const shown = words["mode_" + state.mode] + " · " + fill(words.year_end, { year: state.year });
      caption.textContent =
        short(data.title, 40) + " " + words.title + words.space + state.technology + " · " + shown;
      legend.append(
        element(
          "summary",
          {},
          fill(words.legend, { technology: state.technology }),
          element("small", {}, shown),
        ),
        list,
        ...notes,
      );
      liftScale();
    }

    /* On a phone the legend lies across the map: the scale stands above it. */
    function liftScale() {
      const corner = map.getContainer().querySelector(".leaflet-bottom.leaflet-left");
      if (corner) corner.style.bottom = phone.matches ? legend.offsetHeight + 26 + "px" : "";
    }

    /* The legend takes the lower corner where it hides less of the region; returns the hidden share of it. */
    function placeLegend() {
      if (phone.matches) return 0;
      const size = map.getSize();
      const width = legend.offsetWidth + 20;
      const height = legend.offsetHeight + 40;
      const hidden = (left) => {
        let count = 0;
        for (let a = 0.05; a < 1; a += 0.1) {
          for (let b = 0.05; b < 1; b += 0.1) {
            const point = map.containerPointToLatLng([left + a * width, size.y - height + b * height]);
            if (boundary.some((rings) => insideRings(rings, point.lat, point.lng))) count++;
          }
        }
        return count / 100;
      };
      const [left, right] = [hidden(0), hidden(size.x - width)];
      legend.classList.toggle("left", left < right);
      return Math.min(left, right);
    }

    /* Margins that keep a view clear of the legend. */
    function room(margin) {
      if (phone.matches) return { paddingTopLeft: [margin / 2, 110], paddingBottomRight: [margin / 2, 110] };
      const side = legend.offsetWidth + 20 + margin / 2;
      const left = legend.classList.contains("left");
      return {
        paddingTopLeft: [left ? side : margin, margin],
        paddingBottomRight: [left ? margin : side, margin],
      };
    }

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
      if (phone.matches) showPanel(false);
      open(key, i, position(table, i));
    }

    /* -- changes -- */
    function change(what) {
      Object.assign(state, what);
      select("mode", state.mode);
      select("year", state.year);
      select("technology", state.technology);
      showCoverage();
      styleVectors();
      refreshGaps();
      highlight();
      symbols.restyle();
      updateRules();
      updateLegend();
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
    frame.append(window.siteplan.searchBox(words, entries, tableOf, focus), opener, readout, tip, legend, caption);
    for (const box of [legend, frame.querySelector(".search"), opener]) {
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
            onclick: () => map.fitBounds(bounds, room(16)),
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
    buildPanel();
    refreshGaps();
    map.on("zoomend", () => {
      scaleSymbols();
      sharpen();
      showRoads();
    });
    symbols.on("redrawn", () => {
      for (const [key, note] of hints) note.hidden = !(groupOf(key).visible && !groupOf(key).drawn);
    });
    scaleSymbols();
    showRoads();
    showPanel(!phone.matches);
    map.fitBounds(bounds, { padding: [16, 16], animate: false });
    change({});
    if (placeLegend() > 0.04) map.fitBounds(bounds, { ...room(16), animate: false });
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

    return { map, data, state, project, symbols, change, focus, levelIndex, openAt, ready: true };
  }

  window.siteplan.start = start;
})();
