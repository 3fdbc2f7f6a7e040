// How everything on the page is made. Texts become text nodes: no markup in them is ever read.
"use strict";

/** An element with properties, dataset and listeners as given, and children or texts in it. */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function row(cells, properties = {}) {
  return el("tr", properties, ...cells);
}

/** A table that scrolls by itself, by keyboard too, where the page is too narrow for it. */
function table(label, head, rows, className = "") {
  return el("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: label },
    el("table", { className },
      el("thead", {}, row(head.map((text) =>
        text instanceof Node ? text : el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...rows)));
}

const kernelHead = (view, i) =>
  el("th", { scope: "col" }, chip(view.colours[i]), view.kernels[i]);

const chip = (colour) => {
  const mark = el("span", { className: "chip" });
  mark.style.background = colour;
  return mark;
};

/** 1234567 as "1 234 567". */
function grouped(number) {
  if (typeof number !== "number") return String(number);
  const [whole, rest] = String(number).split(".");
  if (!/^-?\d+$/.test(whole)) return String(number);
  const text = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return rest === undefined ? text : `${text}.${rest}`;
}

const counted = (n, noun) => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;

/** A source with links to the commits and man pages that it names. Nothing is loaded from them. */
function source(text) {
  const parts = el("span", { className: "source" });
  const names = /\bcommit ([0-9a-f]{12,40})\b|\b([A-Za-z_]\w*)\((\d)(\w*)\)/g;
  let from = 0;
  for (const match of text.matchAll(names)) {
    const [name, commit, page, section, suffix] = match;
    const href = commit
      ? `https://git.kernel.org/torvalds/c/${commit}`
      : `https://man7.org/linux/man-pages/man${section}/${page}.${section}${suffix}.html`;
    if (!commit && page.endsWith("_")) continue;
    parts.append(text.slice(from, match.index), el("a", { href, rel: "noreferrer" }, name));
    from = match.index + name.length;
  }
  parts.append(text.slice(from));
  return parts;
}

/** Shows the rows whose text holds every word and for which `also` holds; says how many. */
function filter(rows, words, also, said) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of rows) {
    const show = wanted.every((word) => item.text.includes(word)) && also(item);
    item.row.hidden = !show;
    if (!show) close(item.row);
    if (show) shown += 1;
  }
  said.textContent = `${grouped(shown)} of ${grouped(rows.length)}`;
}

/** A button that opens what `content` makes as a row below its own. */
function opener(text, content) {
  const button = el("button", { type: "button", className: "opener", ariaExpanded: "false" }, text);
  button.addEventListener("click", () => {
    const line = button.closest("tr");
    if (button.ariaExpanded === "true") return close(line);
    button.ariaExpanded = "true";
    const body = el("td", { colSpan: line.cells.length }, el("div", { className: "detail" }, ...content()));
    line.after(row([body], { className: "opened" }));
  });
  return button;
}

function close(line) {
  if (!line.nextSibling?.classList.contains("opened")) return;
  line.nextSibling.remove();
  line.querySelector(".opener").ariaExpanded = "false";
}
