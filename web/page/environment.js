// How the figures came about, how the runs ended and what the kernels said.
"use strict";

function environmentSection(section) {
  section.append(el("h2", {}, "Environment"));
  for (const view of data.views) {
    if (data.views.length > 1) section.append(el("h3", {}, view.label));
    section.append(...reportsOf(view).flatMap((report, i) => messages(view.kernels[i], report)));
    section.append(environmentTable(view));
  }
}

function messages(kernel, report) {
  const parts = [];
  const { state, message, running, console } = report.end;
  if (state !== "complete") {
    parts.push(el("p", { className: "worse" }, `${kernel}: ${state}: ${message}${running ? `, running ${running}` : ""}`));
    if (console.length > 0) parts.push(el("pre", {}, console.join("\n")));
  }
  for (const [severity, text, during] of report.log) {
    parts.push(el("p", { className: "worse" }, `${kernel}: kernel ${severity}: ${text}${during ? ` (while ${during} ran)` : ""}`));
  }
  for (const line of report.residue) parts.push(el("p", { className: "worse" }, `${kernel}: left behind: ${line}`));
  return parts;
}

function environmentTable(view) {
  const reports = reportsOf(view);
  const rows = [];
  const add = (group, name, values) => {
    const differs = new Set(values).size > 1;
    rows.push({ differs, row: row([
      el("th", { scope: "row" }, group ? el("span", { className: "reason" }, `${group} `) : null, name),
      ...values.map((value) => el("td", { className: differs ? "differs" : "" }, value))]) });
  };
  add("", "date", reports.map((report) => report.date));
  add("", "named as", reports.map((report) => report.kernel));
  const lists = (report) => [...Object.entries(report.environment), ["limit", report.limits]];
  const table_ = new Map();
  reports.forEach((report, i) => {
    for (const [group, pairs] of lists(report)) {
      for (const [name, value] of pairs) {
        const key = JSON.stringify([group, name]);
        if (!table_.has(key)) table_.set(key, { group, name, values: reports.map(() => "") });
        table_.get(key).values[i] = String(value);
      }
    }
  });
  for (const { group, name, values } of table_.values()) add(group, name, values);
  const only = el("input", { type: "checkbox", checked: reports.length > 1 });
  const apply = () => rows.forEach((item) => { item.row.hidden = only.checked && !item.differs; });
  only.addEventListener("change", apply);
  apply();
  return el("div", {},
    el("p", { className: "filter" }, el("label", {}, only, " only what differs")),
    table("Environment", ["", ...view.kernels.map((_, i) => kernelHead(view, i))], rows.map((item) => item.row), "environment"));
}
