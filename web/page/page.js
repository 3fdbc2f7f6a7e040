// The verdict, and the page put together.
"use strict";

function verdict(place) {
  if (data.views.every((view) => view.comparisons.length === 0)) return aloneVerdict(place);
  const findings = data.views.flatMap((view) => view.groups)
    .flatMap((group) => group.findings)
    .filter(({ cells }) => cells.some((cell) => cell && !cell.expected));
  const has = (effect) => findings.filter(({ cells }) =>
    cells.some((cell) => cell && !cell.expected && cell.effect === effect)).length;
  const worse = has("worse");
  const text = findings.length === 0 ? "Nothing unexpected"
    : `${counted(findings.length, "unexpected change")}, ${worse === 0 ? "none" : grouped(worse)} for the worse`;
  place.append(
    el("p", { className: `verdict ${worse > 0 ? "bad" : findings.length > 0 ? "other" : "good"}` }, text),
    ...data.views.filter((view) => view.comparisons.length > 0).map(comparisonTable));
}

// One line for each kind of change, one column for each kernel.
function comparisonTable(view) {
  const bases = new Set(view.comparisons.map(({ base }) => base));
  const against = bases.size === 1 ? `, against ${view.nameOf([...bases][0])}` : "";
  const line = (name, count, className = "") => row([
    el("th", { scope: "row" }, name),
    ...view.comparisons.map((comparison) => el("td", { className: `n ${count(comparison) ? className : "same"}` },
      grouped(count(comparison))))]);
  const failing = (comparison) => comparison.fail_on_both.length;
  return table("Comparisons", [`${view.label}${against}`,
    ...view.comparisons.map(({ next, base }) => el("th", { scope: "col" },
      bases.size === 1 ? "" : `${view.nameOf(base)} → `, view.nameOf(next)))], [
    line("unexpected, worse", (c) => c.worse, "worse"),
    line("unexpected, better", (c) => c.better, "better"),
    line("unexpected, neither", (c) => c.other),
    line("that follow these", (c) => c.following),
    line("expected", (c) => c.expected),
    view.comparisons.some(failing) ? line("checks that fail on both", failing, "worse") : null,
  ].filter(Boolean), "figures");
}

// Without a comparison the checks alone decide.
function aloneVerdict(place) {
  const count = (letter) => data.reports.reduce((sum, report) =>
    sum + [...report.outcomes].filter((outcome) => outcome === letter).length, 0);
  const bad = count("f") + count("e");
  const ended = data.reports.filter((report) => report.end.state !== "complete");
  place.append(el("p", { className: `verdict ${bad + ended.length > 0 ? "bad" : "good"}` },
    [bad > 0 ? `${counted(count("f"), "check")} failed, ${grouped(count("e"))} could not be asked`
             : `${counted(count("p"), "check")} passed, none failed`,
     ...ended.map((report) => `the run ended early: ${report.end.state}`)].join("; ")));
}

function show(view) {
  checksSection(document.getElementById("checks"), view);
  costsSection(document.getElementById("costs"), view);
  curvesSection(document.getElementById("curves"), view);
}

(function start() {
  const names = [...new Set(data.views.flatMap((view) => view.kernels))];
  const title = names.length > 1 ? `nsvet: ${names[0]} → ${names.at(-1)}` : `nsvet: ${names[0]}`;
  document.title = title;
  document.querySelector("h1").textContent = title;
  verdict(document.getElementById("verdict"));
  changesSection(document.getElementById("changes"));
  environmentSection(document.getElementById("environment"));
  const choice = document.getElementById("view");
  choice.append(...data.views.map((view, value) => el("option", { value }, view.label)));
  choice.addEventListener("change", () => show(data.views[choice.value]));
  document.getElementById("choice").hidden = data.views.length === 1;
  show(data.views[0]);
  // Only now, so that the browser lays none of them out before it comes into sight.
  for (const section of document.querySelectorAll("section")) section.hidden = false;
})();
