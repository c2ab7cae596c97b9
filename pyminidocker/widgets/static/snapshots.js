// The table of snapshots: predict with Enter or a click, then let everything be tried.

function evidencePanel(cell) {
  const parts = [
    h("div", { class: "md-detail-head" }, h("strong", {}, cell.row), h("span", { class: "md-muted" }, ` · ${cell.how}`)),
    h("p", { class: "md-muted" }, `Asked: ${cell.column}.`),
  ];
  if (!cell.evidence) {
    return [...parts, guessLine(cell.word, { "kept?": "You predict: kept.", "lost?": "You predict: lost." })];
  }
  parts.push(h("p", {}, `${cell.word}: ${cell.evidence}.`));
  parts.push(...verdictLine(cell.verdict));
  if (cell.cost) parts.push(h("p", { class: "md-muted" }, `Measured now, once: taking and restoring took ${cell.cost}.`));
  return parts;
}

function render({ model, el }) {
  return predictionGrid({
    model, el,
    style: "md-snapshots",
    label: "Table of snapshots",
    title: "What does a snapshot keep?",
    predicts: "kept, lost, nothing",
    facts: evidencePanel,
    isTried: (cell) => Boolean(cell.evidence),
    columns: (narrow) => (narrow ? model.get("columns") / 2 : model.get("columns")),
  });
}

export default { render };
