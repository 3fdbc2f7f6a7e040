// Makes of this folder what nsvet holds: page.html, the page but for its data, and draw.js, which
// draws a spec as SVG in node. Usage: node build.mjs PAGE_HTML DRAW_JS
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const [pageFile, drawFile] = process.argv.slice(2);
// HTML knows no carriage returns: with them a script would have another hash.
const read = (path) => readFileSync(join(here, path), "utf8").replace(/\r\n?/g, "\n");
const minified = (name) => read(`node_modules/${name}/build/${name}.min.js`);

// What is passed on must say whose it is.
const lock = JSON.parse(read("package-lock.json"));
const licenses = new Map();
for (const [path, { version }] of Object.entries(lock.packages)) {
  const file = path && readdirSync(join(here, path)).find((name) => /^licen[cs]e/i.test(name));
  if (!file) continue;
  const name = `${path.replace(/^.*node_modules\//, "")} ${version}`;
  const text = read(`${path}/${file}`).trim();
  licenses.set(text, [...(licenses.get(text) ?? []), name]);
}
const notice = [...licenses]
  .map(([text, names]) => `${names.join(", ")}\n\n${text}`)
  .join("\n\n---\n\n");
const comment = `/*\n${notice.replaceAll("*/", "* /")}\n*/\n`;

const libraries = ["vega", "vega-lite"].map(minified);
const scripts = [
  comment + libraries[0],
  libraries[1],
  minified("vega-embed"),
  ...["dom.js", "data.js", "chart.js", "flame.js", "detail.js", "changes.js", "checks.js", "costs.js",
      "environment.js", "page.js"].map((name) => read(`page/${name}`)),
];
for (const script of scripts) {
  if (/<\/script|<!--/i.test(script)) throw new Error("a script would end its element");
}
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
// Nothing is fetched, nothing but our own scripts runs, whatever a report holds.
const policy = [
  "default-src 'none'",
  `script-src ${scripts.map(hash).join(" ")}`,
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const parts = {
  POLICY: policy,
  STYLE: read("page/page.css"),
  SCRIPTS: scripts.map((script) => `<script>${script}</script>`).join("\n"),
};
writeFileSync(
  pageFile,
  read("page/page.html").replace(/@(POLICY|STYLE|SCRIPTS)@/g, (_, name) => parts[name]),
);

// The libraries look for a module system before they make globals: hide node's from them.
const hidden = (text) => `(function (exports, module, define, require) {${text}\n}).call(globalThis);\n`;
writeFileSync(drawFile, comment + libraries.map(hidden).join("") + read("draw.js"));
