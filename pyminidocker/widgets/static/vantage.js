// The vantage grid: predict with Enter or a click, then let everything be tried.

function reasonPanel(cell) {
  const parts = [h("div", { class: "md-detail-head" }, h("strong", {}, `from ${cell.from} to ${cell.to}`))];
  if (!cell.reason) {
    return [...parts, guessLine(cell.word, { "yes?": "You predict: reached.", "no?": "You predict: not reached." })];
  }
  parts.push(h("p", {}, `${cell.reason}: ${cell.meaning}.`));
  if (cell.said) parts.push(h("p", { class: "md-muted" }, "It said: ", h("span", { class: "md-mono" }, cell.said)));
  else if (cell.words) parts.push(h("p", { class: "md-muted" }, "In its own words: ", h("span", { class: "md-mono" }, cell.words)));
  parts.push(...verdictLine(cell.verdict));
  return parts;
}

function render({ model, el }) {
  return predictionGrid({
    model, el,
    style: "md-vantage",
    label: "Vantage grid",
    title: "Vantage grid: who reaches whom?",
    predicts: "yes, no, nothing",
    facts: reasonPanel,
    isTried: (cell) => Boolean(cell.reason),
  });
}

export default { render };
