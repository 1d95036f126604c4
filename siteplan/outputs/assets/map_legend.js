/* The legend of the levels on the map. Needs map_tools.js. */
(function () {
  "use strict";

  const { element, short, fill, insideRings } = window.siteplan.tools;

  function legend(view) {
    const { map, data, words, state, phone, boundary, cover } = view;
    const caption = element("div", { class: "caption" });
    const legend = element("details", { class: "legend", open: true, style: "--opacity:" + cover.opacity });
    legend.addEventListener("toggle", liftScale);
    function updateLegend() {
      const classes = data.coverage.classes[state.technology];
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

    return { box: legend, caption, update: updateLegend, place: placeLegend, room };
  }

  window.siteplan.legend = legend;
})();
