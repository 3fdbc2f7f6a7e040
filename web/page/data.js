// What the reports say. Names that reports chose are keys of Maps only, never of objects.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);

const OUTCOMES = { p: "pass", f: "fail", s: "skip", e: "error", "-": "absent" };

const checkPlaces = new Map(data.checks.map((check, place) => [check.id, place]));
const benchmarkPlaces = new Map(data.benchmarks.map((benchmark, place) => [benchmark.id, place]));

for (const report of data.reports) {
  report.details = new Map(report.details);
  report.costs = new Map(report.costs);
}
for (const view of data.views) {
  view.comparisonTo = new Map(view.comparisons.map((comparison) => [comparison.next, comparison]));
  for (const comparison of view.comparisons) {
    comparison.costs = new Map(comparison.costs.map(([place, ...rest]) => [place, rest]));
  }
  view.nameOf = (report) => view.kernels[view.reports.indexOf(report)];
}

const reportsOf = (view) => view.reports.map((i) => data.reports[i]);

/** The costs of some benchmarks on the kernels of a view, as rows of a chart. */
function costRows(view, places) {
  const rows = [];
  reportsOf(view).forEach((report, i) => {
    for (const place of places) {
      const cost = report.costs.get(place);
      if (!cost || cost.none !== undefined) continue;
      const { id, at } = data.benchmarks[place];
      rows.push({ operation: id, kernel: view.kernels[i], cost: cost.p50, low: cost.low,
                  high: cost.high, at });
    }
  });
  return rows;
}

/** The distribution of one benchmark's calls on the kernels of a view. */
function distributionRows(view, place) {
  const rows = [];
  reportsOf(view).forEach((report, i) => {
    const steps = report.costs.get(place)?.samples ?? [];
    if (steps.length === 0) return;
    const count = steps.at(-1)[1];
    const add = (cost, share) =>
      rows.push({ operation: data.benchmarks[place].id, kernel: view.kernels[i], cost, share });
    add(steps[0][0], 0);
    for (const [cost, end] of steps) add(cost, end / count);
  });
  return rows;
}

/** The curves of a view that have three points or more: name, places and unit of each. */
function curvesOf(view) {
  const curves = new Map();
  data.benchmarks.forEach((benchmark, place) => {
    if (benchmark.curve === undefined) return;
    if (!reportsOf(view).some((report) => report.costs.get(place)?.p50 !== undefined)) return;
    const curve = curves.get(benchmark.curve) ?? { unit: benchmark.unit, places: [] };
    curve.places.push(place);
    curves.set(benchmark.curve, curve);
  });
  return [...curves].filter(([, curve]) => curve.places.length >= 3)
    .map(([name, curve]) => ({ name, ...curve }));
}
