/* Tools of the map: elements without HTML, geometry, and two layers of Leaflet that draw very many points
   on one canvas and labels that keep out of each other's way. */
(function () {
  "use strict";

  const PER_DEGREE = 1e6;
  const DETAIL_LIMIT = 6000; // symbols of a detail layer in view, beyond which it waits for a larger scale
  const LABEL_LIMIT = 160;

  /* ---- small tools --------------------------------------------------------------------------- */

  function element(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const name of Object.keys(attributes || {})) {
      const value = attributes[name];
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) {
        node.setAttribute(name, String(value));
      }
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  function short(text, most) {
    const line = text.replace(/\s+/g, " ").trim();
    return line.length > most ? line.slice(0, most) + "…" : line;
  }

  function fill(pattern, values) {
    return pattern.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
  }

  function unpack(packed, i) {
    return packed.values ? packed.values[i] : packed.words[packed.codes[i]];
  }

  function decodeLine(steps) {
    const line = [];
    let lon = 0;
    let lat = 0;
    for (let i = 0; i < steps.length; i += 2) {
      lon += steps[i];
      lat += steps[i + 1];
      line.push([lat / PER_DEGREE, lon / PER_DEGREE]);
    }
    return line;
  }

  function decodePolygons(polygons) {
    return polygons.map((rings) => rings.map(decodeLine));
  }

  function insideRings(rings, lat, lon) {
    let inside = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [a, b] = [ring[i], ring[j]];
        if (a[0] > lat !== b[0] > lat && lon < ((b[1] - a[1]) * (lat - a[0])) / (b[0] - a[0]) + a[1]) {
          inside = !inside;
        }
      }
    }
    return inside;
  }

  function world(lat, lon) {
    const point = L.CRS.EPSG3857.latLngToPoint(L.latLng(lat, lon), 0);
    return [point.x / 256, point.y / 256];
  }

  /* Transverse Mercator by the series of Kruger in the third flattening n, to n^4. */
  function transverseMercator(p) {
    const f = 1 / p.rf;
    const n = f / (2 - f);
    const rectifying = (p.a / (1 + n)) * (1 + n ** 2 / 4 + n ** 4 / 64);
    const alpha = [
      n / 2 - (2 / 3) * n ** 2 + (5 / 16) * n ** 3 + (41 / 180) * n ** 4,
      (13 / 48) * n ** 2 - (3 / 5) * n ** 3 + (557 / 1440) * n ** 4,
      (61 / 240) * n ** 3 - (103 / 140) * n ** 4,
      (49561 / 161280) * n ** 4,
    ];
    const e = Math.sqrt(f * (2 - f));
    function northward(lat, dlon) {
      const s = Math.sin(lat);
      const t = Math.sinh(Math.atanh(s) - e * Math.atanh(e * s));
      const xi = Math.atan2(t, Math.cos(dlon));
      const eta = Math.asinh(Math.sin(dlon) / Math.hypot(t, Math.cos(dlon)));
      let north = xi;
      let east = eta;
      alpha.forEach((a, j) => {
        const k = 2 * (j + 1);
        north += a * Math.sin(k * xi) * Math.cosh(k * eta);
        east += a * Math.cos(k * xi) * Math.sinh(k * eta);
      });
      return [east * rectifying * p.k0, north * rectifying * p.k0];
    }
    const radians = Math.PI / 180;
    const origin = northward(p.lat0 * radians, 0)[1];
    return (lon, lat) => {
      const [east, north] = northward(lat * radians, (lon - p.lon0) * radians);
      return [east + p.fe, north - origin + p.fn];
    };
  }

  /* ---- symbols: one canvas for all points ---------------------------------------------------- */

  function path(context, shape, r) {
    const corners = (list) => {
      list.forEach(([x, y], i) => (i ? context.lineTo(x * r, y * r) : context.moveTo(x * r, y * r)));
      context.closePath();
    };
    context.beginPath();
    if (shape === "triangle")
      corners([
        [0, -1.15],
        [1.05, 0.75],
        [-1.05, 0.75],
      ]);
    else if (shape === "wedge")
      corners([
        [0, 1.15],
        [1.05, -0.75],
        [-1.05, -0.75],
      ]);
    else if (shape === "square")
      corners([
        [-0.88, -0.88],
        [0.88, -0.88],
        [0.88, 0.88],
        [-0.88, 0.88],
      ]);
    else if (shape === "diamond")
      corners([
        [0, -1.2],
        [1.2, 0],
        [0, 1.2],
        [-1.2, 0],
      ]);
    else if (shape === "house")
      corners([
        [0, -1.15],
        [1, -0.25],
        [0.8, 0.95],
        [-0.8, 0.95],
        [-1, -0.25],
      ]);
    else if (shape === "hexagon") {
      corners([0, 1, 2, 3, 4, 5].map((k) => [Math.sin((k * Math.PI) / 3), -Math.cos((k * Math.PI) / 3)]));
    } else if (shape === "star") {
      const star = [];
      for (let k = 0; k < 10; k++) {
        const size = k % 2 ? 0.55 : 1.3;
        star.push([size * Math.sin((k * Math.PI) / 5), -size * Math.cos((k * Math.PI) / 5)]);
      }
      corners(star);
    } else {
      context.arc(0, 0, r, 0, 2 * Math.PI);
      context.closePath();
    }
  }

  function paint(context, style, r) {
    context.save();
    context.globalAlpha = style.alpha || 1;
    context.lineJoin = "round";
    if (style.halo) {
      path(context, style.shape, r);
      context.lineWidth = style.halo;
      context.strokeStyle = "#ffffff";
      context.stroke();
    }
    path(context, style.shape, r);
    if (style.fill) {
      context.fillStyle = style.fill;
      context.fill();
    }
    if (style.stroke) {
      context.lineWidth = style.width || 1.2;
      context.strokeStyle = style.stroke;
      context.setLineDash(style.dash || []);
      context.stroke();
      context.setLineDash([]);
    }
    if (style.mark) {
      context.lineWidth = 1.6;
      context.strokeStyle = style.markColour || "#ffffff";
      context.beginPath();
      const m = r * 0.5;
      if (style.mark === "cross") {
        context.moveTo(-m, -m);
        context.lineTo(m, m);
        context.moveTo(m, -m);
        context.lineTo(-m, m);
      } else {
        context.moveTo(-m, 0);
        context.lineTo(m, 0);
      }
      context.stroke();
    }
    context.restore();
  }

  function swatch(style) {
    const ratio = 2;
    const side = 22;
    const canvas = element("canvas", { width: side * ratio, height: side * ratio, class: "swatch" });
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.translate(side / 2, side / 2);
    paint(context, style, Math.min(style.radius, 7));
    return canvas;
  }

  const Symbols = L.Layer.extend({
    initialize(pane) {
      this._pane = pane;
      this.groups = [];
      this.scale = 1; // size of all symbols, for crowded maps
      this.close = true; // whether minor symbols are drawn
      this.held = true; // until everything is in place: one drawing instead of one for each step
      this._sprites = new Map();
    },

    onAdd(map) {
      this._map = map;
      this._canvas = L.DomUtil.create("canvas", "leaflet-zoom-animated", map.getPane(this._pane));
      this.redraw();
    },

    getEvents() {
      return {
        moveend: this.redraw, // which follows every change of the view
        resize: this.redraw,
        zoomanim: this._animate,
        zoom: () => this._animate({ zoom: this._map.getZoom(), center: this._map.getCenter() }),
      };
    },

    group(key, table, options) {
      const n = table.lon.length;
      const group = Object.assign({ key, table, n, visible: true, styles: null }, options);
      group.x = new Float64Array(n);
      group.y = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        [group.x[i], group.y[i]] = world(table.lat[i] / PER_DEGREE, table.lon[i] / PER_DEGREE);
      }
      this.groups.push(group);
      return group;
    },

    restyle() {
      for (const group of this.groups) {
        group.styles = new Array(group.n);
        for (let i = 0; i < group.n; i++) group.styles[i] = group.style(i);
      }
      this.redraw();
    },

    shown(group) {
      return group.visible && !(group.detail && this._waits(group));
    },

    _waits(group) {
      if (this._map.getZoom() < group.detail) return true;
      const box = this._box(L.point(0, 0));
      let count = 0;
      for (let i = 0; i < group.n; i++) {
        if (
          group.x[i] > box.west &&
          group.x[i] < box.east &&
          group.y[i] > box.north &&
          group.y[i] < box.south
        ) {
          count++;
        }
      }
      return count > DETAIL_LIMIT;
    },

    _box(pad) {
      const size = 256 * Math.pow(2, this._map.getZoom());
      const { min, max } = this._map.getPixelBounds();
      return {
        size,
        west: (min.x - pad.x) / size,
        north: (min.y - pad.y) / size,
        east: (max.x + pad.x) / size,
        south: (max.y + pad.y) / size,
      };
    },

    /* Picture of a style at the present scale, remembered with the style and shared by equal ones. */
    _sprite(style) {
      if (style.at === this.scale) return style.sprite;
      const key = [
        this.scale,
        style.shape,
        style.radius,
        style.fixed,
        style.fill,
        style.stroke,
        style.width,
        style.dash,
        style.halo,
        style.alpha,
        style.mark,
        style.markColour,
      ].join("|");
      let sprite = this._sprites.get(key);
      if (!sprite) {
        const ratio = window.devicePixelRatio || 1;
        const r = style.radius * (style.fixed ? 1 : this.scale);
        const half = Math.ceil(r * 1.4 + 4);
        const canvas = element("canvas", { width: 2 * half * ratio, height: 2 * half * ratio });
        const context = canvas.getContext("2d");
        context.scale(ratio, ratio);
        context.translate(half, half);
        paint(context, style, r);
        sprite = { canvas, half };
        this._sprites.set(key, sprite);
      }
      style.at = this.scale;
      style.sprite = sprite;
      return sprite;
    },

    redraw() {
      const map = this._map;
      if (!map || !this._canvas || this.held) return;
      const size = map.getSize();
      const pad = size.multiplyBy(0.25).round();
      const ratio = window.devicePixelRatio || 1;
      const corner = map.containerPointToLayerPoint(pad.multiplyBy(-1));
      L.DomUtil.setPosition(this._canvas, corner);
      this._corner = map.layerPointToLatLng(corner);
      this._zoom = map.getZoom();
      const width = size.x + 2 * pad.x;
      const height = size.y + 2 * pad.y;
      this._canvas.width = width * ratio;
      this._canvas.height = height * ratio;
      this._canvas.style.width = width + "px";
      this._canvas.style.height = height + "px";
      const context = this._canvas.getContext("2d");
      context.scale(ratio, ratio);
      const box = this._box(pad);
      for (const group of this.groups) {
        group.drawn = group.styles !== null && this.shown(group);
        if (!group.drawn) continue;
        const taken = group.n > DETAIL_LIMIT ? new Map() : null; // of each look the cells that show it
        for (let i = 0; i < group.n; i++) {
          const style = group.styles[i];
          if (!style || (style.minor && !this.close)) continue;
          const x = group.x[i];
          const y = group.y[i];
          if (x < box.west || x > box.east || y < box.north || y > box.south) continue;
          const sprite = this._sprite(style);
          if (taken) {
            // one that would hide behind its like is not drawn
            const side = sprite.half / 2;
            const cell =
              Math.floor(((y - box.north) * box.size) / side) * 65536 +
              Math.floor(((x - box.west) * box.size) / side);
            if (!taken.has(sprite)) taken.set(sprite, new Set());
            const cells = taken.get(sprite);
            if (cells.has(cell)) continue;
            cells.add(cell);
          }
          context.drawImage(
            sprite.canvas,
            (x - box.west) * box.size - sprite.half,
            (y - box.north) * box.size - sprite.half,
            2 * sprite.half,
            2 * sprite.half,
          );
        }
      }
      this.fire("redrawn");
    },

    _animate(event) {
      if (this.held) return;
      const scale = this._map.getZoomScale(event.zoom, this._zoom);
      const offset = this._map._latLngToNewLayerPoint(this._corner, event.zoom, event.center);
      L.DomUtil.setTransform(this._canvas, offset, scale);
    },

    /* Nearest symbol under a point of the screen, the topmost group first. */
    hit(point, tolerance) {
      const box = this._box(L.point(0, 0));
      for (let k = this.groups.length - 1; k >= 0; k--) {
        const group = this.groups[k];
        if (!group.drawn || group.passive) continue;
        let best = null;
        let least = Infinity;
        for (let i = 0; i < group.n; i++) {
          const dx = (group.x[i] - box.west) * box.size - point.x;
          if (dx > 24 || dx < -24) continue;
          const dy = (group.y[i] - box.north) * box.size - point.y;
          if (dy > 24 || dy < -24 || !group.styles[i] || (group.styles[i].minor && !this.close)) continue;
          const distance = Math.hypot(dx, dy);
          const reach = group.styles[i].radius * this.scale + tolerance;
          if (distance <= reach && distance < least) {
            least = distance;
            best = { group, i };
          }
        }
        if (best) return best;
      }
      return null;
    },
  });

  /* ---- labels that keep out of each other's way ---------------------------------------------- */

  const Labels = L.Layer.extend({
    initialize(pane) {
      this._pane = pane;
      this.sets = [];
      this.visible = true;
      this._context = document.createElement("canvas").getContext("2d");
    },

    onAdd(map) {
      this._map = map;
      this._box = L.DomUtil.create("div", "labels leaflet-zoom-hide", map.getPane(this._pane));
      this.redraw();
    },

    getEvents() {
      return { moveend: this.redraw, resize: this.redraw };
    },

    redraw() {
      if (!this._map || !this._box) return;
      this._box.textContent = "";
      if (!this.visible) return;
      const map = this._map;
      const zoom = map.getZoom();
      const size = 256 * Math.pow(2, zoom);
      const pixels = map.getPixelBounds();
      const taken = [];
      for (const set of this.sets) {
        if (zoom < set.from || !set.shown()) continue;
        this._context.font = set.font;
        for (let i = 0; i < set.n && taken.length < LABEL_LIMIT; i++) {
          const x = set.x[i] * size - pixels.min.x;
          const y = set.y[i] * size - pixels.min.y;
          if (x < 0 || y < 0 || x > pixels.max.x - pixels.min.x || y > pixels.max.y - pixels.min.y) continue;
          const text = set.text(i);
          if (!text) continue;
          const width = this._context.measureText(text).width + 6;
          const left = set.centred ? x - width / 2 : x + 8;
          const box = [left, y - 9, left + width, y + 9];
          if (taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue;
          taken.push(box);
          const place = map.containerPointToLayerPoint([left, y - 9]);
          const span = element("span", { class: "label " + set.class }, text);
          L.DomUtil.setPosition(span, place.round());
          if (set.bind) set.bind(span, i);
          this._box.append(span);
        }
      }
    },
  });

  window.siteplan = {
    tools: {
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
    },
  };
})();
