// Charts: the specs that nsvet emitted, with rows in them, drawn when they come into sight.
"use strict";

const CONFIG = {
  background: null,
  font: "system-ui, sans-serif",
  view: { stroke: null },
  axis: { labelColor: "currentColor", titleColor: "currentColor", titleFontWeight: "normal",
          domainColor: "#888888", tickColor: "#888888", gridColor: "#88888844" },
  legend: { disable: true },
  rule: { color: "#888888" },
  text: { color: "currentColor" },
};

/** A spec of its own for `rows`: it can be taken from the page as it is. See dress() in charts.h. */
function specOf(kind, rows, view, { unit, argument }) {
  const spec = structuredClone(data.charts[kind]);
  (function dress(channel) {
    if (typeof channel !== "object" || channel === null) return;
    if (channel.field === "kernel" && "sort" in channel) channel.sort = view.kernels;
    if (channel.title === "kernel") channel.scale = { domain: view.kernels, range: view.colours };
    if (channel.title === "unit") channel.title = unit;
    if (channel.title === "argument") channel.title = argument;
    for (const inner of Object.values(channel)) dress(inner);
  })(spec);
  spec.data.values = rows;
  return spec;
}

const waiting = new Map();
const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) waiting.get(entry.target)?.();
}, { rootMargin: "300px" });

/** A figure with a caption; `kind` is a chart that nsvet emitted, `names` its unit and argument. */
function chart(kind, caption, rows, view, names = {}) {
  const spec = specOf(kind, rows, view, names);
  // A table of changes is as wide as it has kernels; all else fills its place.
  const drawn = kind === "changes" ? spec
    : { ...spec, width: "container", autosize: { type: "fit-x", contains: "padding" } };
  const place = el("div", { className: "chart" });
  const figure = el("figure", {}, el("figcaption", {}, caption), place,
    el("div", { className: "take" },
      button(`${caption}: take the Vega-Lite spec`, "spec", () =>
        save(`${caption}.vl.json`, JSON.stringify(spec, null, 2), "application/json")),
      button(`${caption}: take the picture`, "SVG", () =>
        save(`${caption}.svg`, new XMLSerializer().serializeToString(place.querySelector("svg")),
             "image/svg+xml"))));
  waiting.set(place, async () => {
    observer.unobserve(place);
    waiting.delete(place);
    await vegaEmbed(place, drawn, {
      mode: "vega-lite", renderer: "svg", ast: true, actions: false, tooltip: false,
      defaultStyle: false, config: CONFIG,
    });
    place.dataset.drawn = "yes";
  });
  observer.observe(place);
  return figure;
}

// On paper nothing comes into sight by itself.
addEventListener("beforeprint", () => {
  for (const draw of [...waiting.values()]) draw();
});

function button(label, text, action) {
  const made = el("button", { type: "button", ariaLabel: label }, text);
  made.addEventListener("click", action);
  return made;
}

function save(name, text, type) {
  const href = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href, download: name.replace(/[^\w.=-]+/g, "-") }).click();
  URL.revokeObjectURL(href);
}
