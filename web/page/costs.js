// What every operation costs on every kernel of a view, in a table that filters; and the curves.
"use strict";

function costsSection(section, view) {
  section.replaceChildren(el("h2", {}, "Costs"));
  const rows = [];
  data.benchmarks.forEach((benchmark, place) => {
    const costs = reportsOf(view).map((report) => report.costs.get(place));
    if (costs.every((cost) => cost === undefined)) return;
    const verdicts = new Set();
    const cells = view.reports.map((report, i) => costCell(view, report, place, costs[i], verdicts));
    rows.push({
      verdicts,
      text: `${benchmark.id} ${benchmark.title ?? ""}`.toLowerCase(),
      row: row([el("th", { scope: "row" }, opener(benchmark.id, () => costDetail(view, place)),
        benchmark.unit === "bytes" ? el("span", { className: "reason" }, " bytes") : null), ...cells]),
    });
  });
  if (rows.length === 0) {
    section.append(el("p", {}, "No benchmark was run."));
    return;
  }
  const words = el("input", { type: "search", placeholder: "unshare/", ariaLabel: "Words in the id or title" });
  const which = el("select", { ariaLabel: "Which verdicts" },
    ...[["all", "all"], ["changed", "what changed"], ["regression", "dearer somewhere"],
        ["improvement", "cheaper somewhere"], ["cannot tell", "cannot tell"], ["none", "no figure somewhere"]]
      .map(([value, text]) => el("option", { value }, text)));
  const said = el("output", {});
  const wanted = ({ verdicts }) => which.value === "all" || verdicts.has(which.value) ||
    (which.value === "changed" && (verdicts.has("regression") || verdicts.has("improvement")));
  const apply = () => filter(rows, words.value, wanted, said);
  words.addEventListener("input", apply);
  which.addEventListener("change", apply);
  apply();
  section.append(
    el("p", { className: "note" }, `${view.note} “=” is within the noise.`),
    el("form", { className: "filter", role: "search", onsubmit: (event) => event.preventDefault() }, words, which, said),
    table("Costs", [view.clock === "insn" ? "instructions" : "nanoseconds",
                    ...view.kernels.map((_, i) => kernelHead(view, i))],
      rows.map((item) => item.row), "matrix figures"));
}

function costCell(view, report, place, cost, verdicts) {
  if (cost?.p50 === undefined) {
    verdicts.add("none");
    return el("td", { className: cost?.error ? "worse" : "same", title: cost?.none || "not run" },
      cost?.error ? "error" : "–");
  }
  const [verdict, change] = view.comparisonTo.get(report)?.costs.get(place) ?? [];
  verdicts.add(verdict);
  const effect = { regression: "worse", improvement: "better" }[verdict] ?? "same";
  return el("td", { className: "n" }, grouped(cost.p50),
    change === undefined ? null : el("span", { className: `change ${effect}` }, change));
}

function curvesSection(section, view) {
  section.replaceChildren(el("h2", {}, "Curves"));
  const curves = curvesOf(view);
  if (curves.length === 0) {
    section.append(el("p", {}, "No curve was measured."));
    return;
  }
  section.append(legend(view), el("div", { className: "charts" },
    ...curves.map((curve) => el("div", {}, curveChart(view, curve), growthsOf(view, curve.name)))));
}

// The slope on the base, and where it differs.
function growthsOf(view, name) {
  const lines = [];
  for (const comparison of view.comparisons) {
    const [, before, after, verdict, text] = comparison.growths.find(([id]) => id === name) ?? [];
    if (verdict !== "regression" && verdict !== "improvement") continue;
    lines.push(el("li", { className: verdict === "regression" ? "worse" : "better" },
      `${view.nameOf(comparison.next)}: ${grouped(Number(before.toFixed(1)))} → ` +
      `${grouped(Number(after.toFixed(1)))} a step, ${text}`));
  }
  return el("ul", { className: "growths" }, ...lines);
}
