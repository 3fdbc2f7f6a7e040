// What changed, the worst first; what is documented comes last, folded.
"use strict";

function changesSection(section) {
  section.append(el("h2", {}, "Changes"));
  if (data.views.every((view) => view.comparisons.length === 0)) {
    section.append(el("p", {}, "There is no second report of the same user, clock and boot parameters to compare with."));
    return;
  }
  for (const view of data.views) {
    if (view.comparisons.length === 0) continue;
    if (data.views.length > 1) section.append(el("h3", {}, view.label));
    section.append(...changesOf(view));
  }
  for (const cell of data.unmatched) section.append(el("p", { className: "note" }, `not compared: ${cell}`));
}

function changesOf(view) {
  const own = view.groups.filter((group) => group.heading === "");
  const headings = new Set(view.groups.map((group) => group.heading).filter(Boolean));
  const parts = [];
  const notes = new Set(view.comparisons.flatMap((comparison) => comparison.notes));
  for (const note of notes) parts.push(el("p", { className: "note" }, note));
  const changed = changedCosts(view);
  if (own.length === 0) parts.push(el("p", {}, "Nothing unexpected."));
  parts.push(...groupTables(view, own));
  for (const heading of headings) {
    const groups = view.groups.filter((group) => group.heading === heading);
    const count = groups.reduce((sum, group) => sum + group.findings.length, 0);
    parts.push(el("details", {}, el("summary", {}, `${counted(count, "change")}: ${heading}`),
      ...groupTables(view, groups)));
  }
  if (changed) parts.push(changed);
  return parts;
}

// In their order; neighbours that share no cause with anything else stand in one table.
function groupTables(view, groups) {
  const parts = [];
  let single = [];
  const flush = () => {
    if (single.length > 0) parts.push(findingTable(view, single, "Changes"));
    single = [];
  };
  for (const group of groups) {
    if (group.title === "" && group.followers === "") {
      single.push(...group.findings);
      continue;
    }
    flush();
    parts.push(el("div", { className: "group" },
      group.title ? el("h4", {}, group.title, " ", group.source ? source(`[${group.source}]`) : null) : null,
      findingTable(view, group.findings, group.title || "Changes"),
      group.followers ? el("p", { className: "note" }, group.followers) : null));
  }
  flush();
  return parts;
}

function findingTable(view, findings, label) {
  const one = view.comparisons.length === 1;
  const heads = view.comparisons.map(({ next }) => kernelHead(view, view.reports.indexOf(next)));
  const bases = new Set(view.comparisons.map(({ base }) => base));
  const before = bases.size === 1 ? view.nameOf([...bases][0]) : "before";
  return table(label, ["", "what", before, ...heads], findings.flatMap((finding) => {
    const cells = finding.cells.map((cell) => cell === null
      ? el("td", { className: "same", title: "as before" }, "·")
      : valueCell(one ? cell.text.replace(/^.* -> /, "") : cell.short,
                  { className: cell.expected ? "known" : cell.effect, title: cell.text }));
    const detail = detailOf(view, finding.kind, finding.id);
    const why = explanation(view, finding);
    return [
      row([
        el("td", { className: "kind" }, finding.kind),
        el("th", { scope: "row" }, detail ? opener(finding.id, detail) : finding.id),
        valueCell(finding.before), ...cells], { className: why.length > 0 ? "explained" : "" }),
      ...(why.length === 0 ? [] : [row([
        el("td"), el("td", { colSpan: cells.length + 2 }, el("div", { className: "why" }, ...why))])]),
    ];
  }), "changes");
}

// Short values stay on a line, long ones (a message of a kernel) do not.
function valueCell(text, properties = {}) {
  const shown = text.replace(/^\d+$/, (digits) => grouped(Number(digits))).replace(" %", "\u00a0%");
  const cell = el("td", properties, shown);
  if (shown.length < 28) cell.classList.add("short");
  return cell;
}

// For a cost that the reports explain: the functions, on the newest kernel where they are known.
function functions(view, finding) {
  const at = finding.cells.findLastIndex((cell) => cell?.functions);
  if (at < 0) return [];
  const where = view.comparisons.length > 1 ? `${view.nameOf(view.comparisons[at].next)}: ` : "";
  return [el("div", { className: "reason functions" }, where + finding.cells[at].functions)];
}

// For a broken rule: the rule, and what was seen on the newest kernel that breaks it. A reason tells
// the first piece of evidence.
function explanation(view, finding) {
  const reason = finding.reason ? [el("div", { className: "reason" }, finding.reason)] : [];
  const place = finding.kind === "rule" ? checkPlaces.get(finding.id) : undefined;
  const at = finding.cells.findLastIndex((cell) => cell?.effect === "worse" && !cell.expected);
  if (place === undefined || at < 0) return [...reason, ...functions(view, finding)];
  const { rule, source: from } = data.checks[place];
  const pieces = data.reports[view.comparisons[at].next].details.get(place)?.evidence;
  return [
    ...(rule ? [el("div", { className: "reason" }, `rule: ${rule} `, from ? source(`[${from}]`) : null)] : []),
    ...(pieces ? [evidence(pieces)] : reason),
  ];
}

const MOST_CHANGES = 40;

function changedCosts(view) {
  const changed = [];
  data.benchmarks.forEach(({ id }, place) => {
    let largest = 0;
    const rows = [];
    view.reports.forEach((report, i) => {
      const comparison = view.comparisonTo.get(report);
      const [verdict, text] = comparison?.costs.get(place) ?? [];
      if (verdict === undefined) return;
      const before = data.reports[comparison.base].costs.get(place)?.p50;
      const after = data.reports[report].costs.get(place)?.p50;
      if (!(before > 0) || !(after > 0)) return;
      const differs = verdict === "regression" || verdict === "improvement";
      const change = differs ? Math.abs(Math.log(after / before)) : 0;
      largest = Math.max(largest, change);
      rows.push({ operation: id, kernel: view.kernels[i], before, after, change: differs ? text : "",
                  direction: after > before ? "dearer" : "cheaper", strength: Math.min(1, change) });
    });
    if (largest > 0) changed.push({ largest, rows });
  });
  if (changed.length === 0) return null;
  changed.sort((a, b) => b.largest - a.largest);
  const shown = changed.slice(0, MOST_CHANGES);
  const caption = shown.length < changed.length
    ? `Changed costs: the ${shown.length} largest of ${changed.length}` : "Changed costs";
  return chart("changes", caption, shown.flatMap(({ rows }) => rows), view);
}

const legend = (view) => el("p", { className: "legend" },
  ...view.kernels.map((name, i) => el("span", {}, chip(view.colours[i]), name)));
