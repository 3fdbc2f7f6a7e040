// What is known of one check or one benchmark: shown below its line.
"use strict";

const about = ({ title, rule, source: from }) => [
  title && el("p", { className: "title" }, title),
  rule && el("p", {}, `${rule} `, from ? source(`[${from}]`) : null),
];

const evidence = (pieces) => el("ul", { className: "evidence" },
  ...pieces.map(([what, expected, observed]) =>
    el("li", {}, `${what}: expected `, el("b", {}, expected), ", observed ", el("b", {}, observed))));

function checkDetail(view, place) {
  const parts = about(data.checks[place]);
  const facts = new Map();
  reportsOf(view).forEach((report, i) => {
    const detail = report.details.get(place) ?? {};
    const outcome = OUTCOMES[report.outcomes[place]];
    if (outcome !== "pass" && outcome !== "absent") {
      parts.push(el("p", {}, el("b", {}, `${view.kernels[i]}: ${outcome}`),
        detail.reason && !detail.evidence ? ` ${detail.reason}` : ""));
      if (detail.evidence) parts.push(evidence(detail.evidence));
    }
    for (const [name, value] of detail.facts ?? []) {
      if (!facts.has(name)) facts.set(name, []);
      facts.get(name)[i] = value;
    }
  });
  if (facts.size > 0) {
    parts.push(table("Facts", ["fact", ...view.kernels.map((_, i) => kernelHead(view, i))],
      [...facts].map(([name, values]) => row([
        el("th", { scope: "row" }, name),
        ...view.kernels.map((_, i) => el("td", {}, grouped(values[i] ?? "")))]))));
  }
  return parts;
}

/** The structure that memory is a part of. */
const structureOf = (reports, place) =>
  reports.map((report) => report.costs.get(place)?.structure).find(Boolean);

function costDetail(view, place) {
  const benchmark = data.benchmarks[place];
  const columns = ["p50", "part", "min", "p90", "p99", "max", "cold", "spread", "count", "failed"];
  const titles = { p50: "median", part: `of which ${structureOf(reportsOf(view), place)}`,
                   cold: "first call", count: "calls", failed: "failed calls" };
  const reports = reportsOf(view);
  const used = columns.filter((name) =>
    reports.some((report) => report.costs.get(place)?.[name] !== undefined));
  const lines = reports.map((report, i) => {
    const cost = report.costs.get(place);
    const head = el("th", { scope: "row" }, chip(view.colours[i]), view.kernels[i]);
    if (cost?.p50 === undefined) {
      return row([head, el("td", { colSpan: used.length }, cost?.none || "not run")]);
    }
    return row([head, ...used.map((name) => el("td", { className: "n" }, grouped(cost[name] ?? "")))]);
  });
  const rows = costRows(view, [place]);
  return [
    ...about(benchmark),
    table("Figures", [benchmark.unit, ...used.map((name) => titles[name] ?? name)], lines, "figures"),
    rows.length === 0 ? null : el("div", { className: "charts" },
      chart("costs", `${benchmark.id} on each kernel`, rows, view, benchmark),
      chart("distribution", `${benchmark.id}, all calls`, distributionRows(view, place), view, benchmark)),
    ...explained(view, place),
  ];
}

// A title that is the name of a member of every object, alone, would make Vega stumble.
const curveChart = (view, { name, places, unit }) => chart("curve", name, costRows(view, places), view,
  { unit, argument: `argument: ${name.slice(name.lastIndexOf("/") + 1)}` });

/** What there is to show for a finding, as a function that makes it; null for nothing. */
function detailOf(view, kind, id) {
  if (kind === "cost") {
    const place = benchmarkPlaces.get(id);
    return place === undefined ? null : () => costDetail(view, place);
  }
  if (kind === "growth") {
    const curve = curvesOf(view).find(({ name }) => name === id);
    return curve ? () => [el("div", { className: "charts" }, curveChart(view, curve))] : null;
  }
  if (kind !== "rule" && kind !== "fact") return null;
  // A fact is named CHECK.FACT.
  for (let name = id; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const place = checkPlaces.get(name);
    if (place !== undefined) return () => checkDetail(view, place);
  }
  return null;
}
