// Draws each Vega-Lite spec NAME.vl.json that is named as NAME.svg beside it.
const { readFileSync, writeFileSync } = require("node:fs");

async function draw(path) {
  const spec = JSON.parse(readFileSync(path, "utf8"));
  const view = new vega.View(vega.parse(vegaLite.compile(spec).spec), { renderer: "none" });
  writeFileSync(path.replace(/\.vl\.json$/, ".svg"), await view.toSVG());
}

(async () => {
  for (const path of process.argv.slice(2)) await draw(path);
})();
