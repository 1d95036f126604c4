/* How everything on the map looks: states, kinds of sites, roads. Needs map_tools.js. */
(function () {
  "use strict";

  const { element } = window.siteplan.tools;

  // Colour-blind safe; every state has a mark besides its colour.
  const STATES = {
    met: { mark: "✓", colour: "#00755a" },
    at_risk: { mark: "!", colour: "#b36b00" },
    not_met: { mark: "✕", colour: "#c23b00" },
    unknown: { mark: "?", colour: "#6b6b6b" },
    measured: { mark: "Σ", colour: "#1f5fa8" },
  };
  const CODES = { m: "met", n: "not_met", u: "unknown" };
  const SHAPES = {
    tower: "triangle",
    rooftop: "square",
    building: "house",
    lamp_pole: "wedge",
    monitoring_pole: "diamond",
    new: "star",
  };
  const EXISTING = "#1d4fa3";
  const ADDED = "#b5154b";
  const STANDING = "#3d4650";
  const GAP = "#c23b00";
  const ROADS = {
    motorway: { weight: 3, colour: "#7a4f1d", casing: true },
    national: { weight: 2.5, colour: "#8a5a22", casing: true },
    provincial: { weight: 2, colour: "#7c6a4a", casing: true },
    county: { weight: 1.6, colour: "#6d6a63", casing: true },
    desert: { weight: 1.6, colour: "#8a5a22", dash: "6 3", casing: true },
    township: { weight: 1, colour: "#77746d", casing: true },
    street: { weight: 1, colour: "#77746d", casing: true },
    other: { weight: 0.8, colour: "#86837c" },
  };

  function stateStyle(found) {
    if (!found) return { color: "#8b8794", fillOpacity: 0, opacity: 0.8, weight: 1, dashArray: "3 3" };
    const colour = STATES[found].colour;
    if (found === "met")
      return { color: colour, fillColor: colour, fillOpacity: 0, opacity: 1, weight: 1.6, dashArray: null };
    const broken = found === "unknown" ? "2 5" : "9 4";
    return {
      color: colour,
      fillColor: colour,
      fillOpacity: 0.15,
      opacity: 1,
      weight: 2.6,
      dashArray: broken,
    };
  }

  function symbolOfState(found, shape, radius) {
    if (!found)
      return {
        shape,
        radius: radius * 0.55,
        fill: "#ffffff",
        stroke: "#77737f",
        width: 1,
        alpha: 0.85,
        minor: true,
      };
    if (found === "met")
      return { shape, radius: radius * 0.85, fill: STATES.met.colour, stroke: "#ffffff", width: 1 };
    if (found === "unknown")
      return {
        shape,
        radius,
        fill: "#ffffff",
        stroke: STATES.unknown.colour,
        width: 1.6,
        mark: "dash",
        markColour: STATES.unknown.colour,
      };
    return { shape, radius, fill: STATES.not_met.colour, stroke: "#ffffff", width: 1, mark: "cross" };
  }

  function siteSymbol(kind, existing, later) {
    const colour = existing ? EXISTING : ADDED;
    return later
      ? {
          shape: SHAPES[kind] || "circle",
          radius: 4.5,
          fill: "#ffffff",
          stroke: colour,
          width: 1.4,
          alpha: 0.6,
        }
      : { shape: SHAPES[kind] || "circle", radius: 6.5, fill: colour, halo: 4.5 };
  }

  function lineSwatch(style, closed) {
    const ratio = 2;
    const canvas = element("canvas", { width: 26 * ratio, height: 22 * ratio, class: "swatch" });
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.strokeStyle = style.color;
    context.lineWidth = style.weight;
    context.setLineDash((style.dashArray || "").split(" ").filter(Boolean).map(Number));
    context.beginPath();
    if (closed) context.rect(4, 5, 18, 12);
    else {
      context.moveTo(2, 11);
      context.lineTo(24, 11);
    }
    if (closed && style.fillColor) {
      context.globalAlpha = style.fillOpacity;
      context.fillStyle = style.fillColor;
      context.fill();
      context.globalAlpha = 1;
    }
    context.stroke();
    return canvas;
  }

  window.siteplan.styles = {
    STATES,
    CODES,
    SHAPES,
    STANDING,
    GAP,
    ROADS,
    stateStyle,
    symbolOfState,
    siteSymbol,
    lineSwatch,
  };
})();
