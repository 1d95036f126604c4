/* What the map tells at a place: popups, tips and the line of coordinates. Needs map_tools.js, map_styles.js. */
(function () {
  "use strict";

  const { element, short, fill, unpack, insideRings } = window.siteplan.tools;
  const { STATES, CODES } = window.siteplan.styles;

  function popups(view) {
    const {
      map,
      data,
      words,
      state,
      phone,
      project,
      townships,
      townshipRings,
      symbols,
      path,
      cover,
      rulesOf,
      codeOf,
      tableOf,
      position,
      titleOf,
    } = view;
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
        const text = cover.signalText(latlng);
        signal.hidden = !text;
        signal.textContent = head + words.colon;
        signal.append(element("b", {}, text));
      };
      const server = element("p", { class: "server", hidden: true });
      const tellServer = (source) => {
        const text = cover.serverText(latlng, source);
        server.hidden = !text;
        server.textContent = text;
      };
      if (cover.on) {
        box.append(signal, server);
        const source = cover.hiddenImage();
        if (source && source.complete) tellServer(source);
        else if (source) source.addEventListener("load", () => tellServer(source), { once: true });
        const image = cover.picture && cover.picture.getElement();
        if (image && image.complete) tell();
        else if (cover.picture) cover.picture.once("load", tell);
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
        autoPanPaddingTopLeft: [12, phone.matches ? 126 : 56],
        autoPanPaddingBottomRight: [12, 12],
      })
        .setLatLng(latlng)
        .setContent(box)
        .openOn(map);
    }

    map.on("click", (event) => {
      const hit = symbols.hit(map.latLngToContainerPoint(event.latlng), L.Browser.touch ? 8 : 4);
      if (hit) {
        const i = hit.group.row ? hit.group.row(hit.i) : hit.i;
        openAt(position(hit.group.table, hit.i), hit.group.key, i);
      } else if (path.hit) openAt(event.latlng, path.hit.key, path.hit.i);
      else openAt(event.latlng);
      path.hit = null;
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
      map.getContainer().classList.toggle("pointing", Boolean(hit || path.hover));
      if (hit) showTip(shortTip(hit.group.key, hit.group.row ? hit.group.row(hit.i) : hit.i), containerPoint);
      else if (path.hover) showTip(shortTip(path.hover.key, path.hover.i), containerPoint);
      else hideTip();
    }

    return { stateMark, scopeTable, openAt, showTip, hideTip, townshipTip, tip, readout };
  }

  window.siteplan.popups = popups;
})();
