// Flame graphs: what calls what in a call that was explained, and what each costs.
"use strict";

/** What is no function of the kernel stands in brackets. */
const kindOf = (name) => (name === "[program]" ? "program" : name.startsWith("[") ? "aside" : "kernel");

/**
 * @param calls [depth, place of the name, instructions with those of what it calls], callers first
 */
function flameGraph(title, { figure, calls }) {
  const boxes = el("div", { className: "flames" });
  const begins = [0];  // Of the next call, by depth.
  let deepest = 0;
  for (const [depth, place, instructions] of calls) {
    const name = data.functions[place].id;
    const begin = begins[depth] ?? 0;
    begins[depth] = begin + instructions;
    begins[depth + 1] = begin;
    deepest = Math.max(deepest, depth);
    const share = (100 * instructions) / figure;
    const box = el("div", {
      className: kindOf(name),
      title: `${name}: ${grouped(instructions)} instructions, ${share.toFixed(1)} %`,
    }, name);
    box.style.left = `${(100 * begin) / figure}%`;
    box.style.width = `${share}%`;
    box.style.top = `${depth * 1.4}em`;
    boxes.append(box);
  }
  boxes.style.height = `${(deepest + 1) * 1.4}em`;
  return el("figure", { className: "flame" },
    el("figcaption", {}, title),
    el("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: title }, boxes));
}

/** The functions that cost most on the newest kernel that is explained, on all of them. */
function functionTable(view, profiles) {
  const costs = profiles.map((profile) => profile && new Map(profile.functions));
  const newest = costs.findLast(Boolean);
  const lines = [...newest.keys()].slice(0, 15).map((place) => row([
    el("th", { scope: "row" }, data.functions[place].id),
    ...costs.map((all) => el("td", { className: "n" }, all ? grouped(all.get(place) ?? "") : ""))]));
  return table("Functions", ["instructions of its own", ...view.kernels.map((_, i) => kernelHead(view, i))],
    lines, "figures");
}

/** What is known of where a benchmark's cost lies. */
function explained(view, place) {
  const profiles = reportsOf(view).map((report) => report.costs.get(place)?.profile);
  if (!profiles.some(Boolean)) return [];
  return [
    functionTable(view, profiles),
    // Reports that were made small to be kept have no calls.
    ...profiles.map((profile, i) => (profile?.calls.length > 0 ? flameGraph(
      `${view.kernels[i]}: a call of ${grouped(profile.figure)} instructions`, profile) : null)),
  ];
}
