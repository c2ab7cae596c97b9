// The vantage grid: predict with Enter or a click, then let everything be tried.

function reasonPanel(cell) {
  const parts = [h("div", { class: "md-detail-head" }, h("strong", {}, `from ${cell.from} to ${cell.to}`))];
  if (!cell.reason) {
    const guess = { "yes?": "You predict: reached.", "no?": "You predict: not reached." }[cell.word];
    return [...parts, h("p", {}, guess ?? "Not tried yet, nothing predicted.")];
  }
  parts.push(h("p", {}, `${cell.reason}: ${cell.meaning}.`));
  if (cell.said) parts.push(h("p", { class: "md-muted" }, "It said: ", h("span", { class: "md-mono" }, cell.said)));
  else if (cell.words) parts.push(h("p", { class: "md-muted" }, "In its own words: ", h("span", { class: "md-mono" }, cell.words)));
  if (cell.verdict) parts.push(h("p", {}, cell.verdict === "right" ? "Your prediction was right." : "You predicted otherwise."));
  return parts;
}

function render({ model, el }) {
  const fill = h("button", { type: "button", onclick: () => model.send({ do: "fill" }) }, "Try all");
  const forget = h("button", { type: "button", onclick: () => model.send({ do: "forget" }) }, "Start over");
  const picture = h("div", { class: "md-picture" });
  const hint = h("p", { class: "md-muted md-hint" }, "A click (or Enter) predicts: yes, no, nothing. Then try all.");
  const about = h("section", { class: "md-detail", "aria-label": "The selected cell" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-vantage", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Vantage grid" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "Vantage grid: who reaches whom?"), message, fill, forget),
    picture, hint, about);
  el.append(root);

  let narrow = false;
  let mark = () => {};
  const select = () => {
    const key = model.get("selected");
    mark(key);
    const cell = model.get("details")[key];
    about.replaceChildren(...(cell ? reasonPanel(cell) : []));
  };
  const pick = (key) => {
    if (model.get("selected") === key) return;
    model.set("selected", key);
    model.save_changes();
  };
  const predict = (key) => {
    pick(key);
    if (!model.get("details")[key]?.reason) model.send({ do: "guess", key });
  };
  const draw = () => {
    mark = selectablePicture(picture, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", pick, predict, model.get("columns"));
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
