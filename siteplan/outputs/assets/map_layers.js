/* The layer control of the map, which is the legend of the symbols too. Needs map_tools.js, map_styles.js. */
(function () {
  "use strict";

  const { element, fill, unpack, swatch } = window.siteplan.tools;
  const { SHAPES, STANDING, stateStyle, symbolOfState, siteSymbol, lineSwatch } = window.siteplan.styles;

  function layers(view) {
    const {
      map,
      data,
      words,
      tables,
      sites,
      areas,
      areaNames,
      roadItems,
      exclusions,
      gapGroup,
      tiles,
      cover,
      roadLayers,
      townships,
      townshipLines,
      labels,
      symbols,
      groupOf,
    } = view;
    const hints = [];
    function build(section) {
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
        view.refreshGaps();
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
          view.refreshGaps();
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
          cover.on = on;
          cover.show();
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
            view.showRoads();
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

    return { build, hints };
  }

  window.siteplan.layers = layers;
})();
