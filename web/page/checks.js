// Every check on every kernel of a view, in a table that filters.
"use strict";

const MARKS = { p: "✓", f: "✗", s: "–", e: "!", "-": "" };

function checksSection(section, view) {
  section.replaceChildren(el("h2", {}, "Checks"));
  const reports = reportsOf(view);
  const rows = [];
  data.checks.forEach((check, place) => {
    const outcomes = reports.map((report) => report.outcomes[place]);
    if (outcomes.every((outcome) => outcome === "-")) return;
    rows.push({
      outcomes,
      text: `${check.id} ${check.title ?? ""} ${check.rule ?? ""}`.toLowerCase(),
      row: row([
        el("th", { scope: "row" }, opener(check.id, () => checkDetail(view, place))),
        ...outcomes.map((outcome) =>
          el("td", { className: `mark ${OUTCOMES[outcome]}`, title: OUTCOMES[outcome] }, MARKS[outcome]))]),
    });
  });
  if (rows.length === 0) {
    section.append(el("p", {}, "No check was run."));
    return;
  }
  const words = el("input", { type: "search", placeholder: "mnt propagation", ariaLabel: "Words in the id, title or rule" });
  const which = el("select", { ariaLabel: "Which outcomes" },
    ...[["all", "all"], ["differ", "what differs"], ["f", "fail somewhere"], ["e", "error somewhere"], ["s", "skip somewhere"]]
      .map(([value, text]) => el("option", { value }, text)));
  const said = el("output", {});
  const wanted = ({ outcomes }) => which.value === "all" ||
    (which.value === "differ" ? new Set(outcomes).size > 1 : outcomes.includes(which.value));
  const apply = () => filter(rows, words.value, wanted, said);
  words.addEventListener("input", apply);
  which.addEventListener("change", apply);
  apply();
  section.append(
    table("Outcomes", ["", ...view.kernels.map((_, i) => kernelHead(view, i))],
      ["pass", "fail", "skip", "error"].map((outcome) => row([
        el("th", { scope: "row" }, `${MARKS[outcome[0]]} ${outcome}`),
        ...reports.map((report) => el("td", { className: "n" },
          grouped([...report.outcomes].filter((letter) => letter === outcome[0]).length)))])), "figures"),
    el("form", { className: "filter", role: "search", onsubmit: (event) => event.preventDefault() }, words, which, said),
    table("Checks", ["check", ...view.kernels.map((_, i) => kernelHead(view, i))],
      rows.map((item) => item.row), "matrix"));
}
