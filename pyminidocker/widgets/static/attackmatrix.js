// The attack matrix: predict with Enter or a click, then let every attack be tried.

function evidencePanel(cell) {
  const parts = [
    h("div", { class: "md-detail-head" }, h("strong", {}, cell.title), h("span", { class: "md-muted" }, ` · ${cell.level}`)),
    h("p", {}, cell.story),
    h("p", { class: "md-muted" }, "The container: ", h("code", {}, `docker run ${cell.flags}`)),
  ];
  if (!cell.evidence) {
    return [...parts, guessLine(cell.word, { "through?": "You predict: it gets through.", "stopped?": "You predict: it is stopped." })];
  }
  parts.push(h("p", {}, h("strong", {}, cell.word), `: ${cell.evidence}`));
  parts.push(...verdictLine(cell.verdict));
  parts.push(h("p", { class: "md-muted" }, `Meant to stop it: ${cell.barrier}. Known from: ${cell.source}.`));
  return parts;
}

function render({ model, el }) {
  return predictionGrid({
    model, el,
    style: "md-attackmatrix",
    label: "Attack matrix",
    title: "What gets through?",
    predicts: "through, stopped, nothing",
    facts: evidencePanel,
    isTried: (cell) => Boolean(cell.evidence),
  });
}

export default { render };
