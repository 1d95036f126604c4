/* The coverage pictures of the map, and what they say at a place. Needs map_tools.js. */
(function () {
  "use strict";

  const { element, fill, insideRings, world } = window.siteplan.tools;

  function coverage(view) {
    const { map, data, words, state, boundary } = view;
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
    const cover = { on: true, opacity: 0.75, picture: null };

    function imageNumber() {
      return coverage.position[state.technology + "|" + state.year + "|" + state.mode];
    }

    function showCoverage() {
      const n = imageNumber();
      if (cover.picture && (!cover.on || cover.picture !== pictures[n])) {
        cover.picture.remove();
        cover.picture = null;
      }
      if (!cover.on || n === undefined) return;
      if (!pictures[n]) {
        pictures[n] = L.imageOverlay(coverage.images[n], coverageBounds, { pane: "coverage", alt: "" });
        pictures[n].on("load", sharpen);
      }
      cover.picture = pictures[n];
      cover.picture.setOpacity(cover.opacity);
      if (!map.hasLayer(cover.picture)) cover.picture.addTo(map);
      sharpen();
    }

    /* Cells keep their edges when enlarged; a reduced picture is smoothed. */
    function sharpen() {
      const image = cover.picture && cover.picture.getElement();
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
      const image = cover.picture && cover.picture.getElement();
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

    return Object.assign(cover, {
      show: showCoverage,
      sharpen,
      hiddenImage,
      serverText,
      signalText,
      levelIndex,
    });
  }

  window.siteplan.coverage = coverage;
})();
