// The table of snapshots: predict with Enter or a click, then let everything be tried.

function evidencePanel(cell) {
  const parts = [
    h("div", { class: "md-detail-head" }, h("strong", {}, cell.row), h("span", { class: "md-muted" }, ` · ${cell.how}`)),
    h("p", { class: "md-muted" }, `Asked: ${cell.column}.`),
  ];
  if (!cell.evidence) {
    const guess = { "kept?": "You predict: kept.", "lost?": "You predict: lost." }[cell.word];
    return [...parts, h("p", {}, guess ?? "Not tried yet, nothing predicted.")];
  }
  parts.push(h("p", {}, `${cell.word}: ${cell.evidence}.`));
  if (cell.verdict) parts.push(h("p", {}, cell.verdict === "right" ? "Your prediction was right." : "You predicted otherwise."));
  if (cell.cost) parts.push(h("p", { class: "md-muted" }, `Measured now, once: taking and restoring took ${cell.cost}.`));
  return parts;
}

function render({ model, el }) {
  const fill = h("button", { type: "button", onclick: () => model.send({ do: "fill" }) }, "Try all");
  const forget = h("button", { type: "button", onclick: () => model.send({ do: "forget" }) }, "Start over");
  const picture = h("div", { class: "md-picture" });
  const hint = h("p", { class: "md-muted md-hint" }, "A click (or Enter) predicts: kept, lost, nothing. Then try all.");
  const about = h("section", { class: "md-detail", "aria-label": "The selected cell" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-snapshots", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Table of snapshots" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "What does a snapshot keep?"), message, fill, forget),
    picture, hint, about);
  el.append(root);

  let narrow = false;
  let mark = () => {};
  const select = () => {
    const key = model.get("selected");
    mark(key);
    const cell = model.get("details")[key];
    about.replaceChildren(...(cell ? evidencePanel(cell) : []));
  };
  const pick = (key) => {
    if (model.get("selected") === key) return;
    model.set("selected", key);
    model.save_changes();
  };
  const predict = (key) => {
    pick(key);
    if (!model.get("details")[key]?.evidence) model.send({ do: "guess", key });
  };
  const draw = () => {
    const columns = narrow ? model.get("columns") / 2 : model.get("columns");
    mark = selectablePicture(picture, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", pick, predict, columns);
    select();
  };
  const working = () => {
    fill.disabled = forget.disabled = model.get("busy");
    fill.textContent = model.get("busy") ? "Trying ..." : "Try all";
  };
  const say = () => { message.textContent = model.get("message"); };
  draw(); working(); say();
  const news = { "change:pictures": draw, "change:details": select, "change:selected": select, "change:busy": working, "change:message": say };
  const stops = [followModel(model, news), followTheme(root), followWidth(root, (value) => { narrow = value; draw(); })];
  return () => {
    for (const stop of stops) stop();
  };
}

export default { render };
