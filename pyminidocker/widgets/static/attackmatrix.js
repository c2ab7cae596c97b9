// The attack matrix: predict with Enter or a click, then let every attack be tried.

function evidencePanel(cell) {
  const parts = [
    h("div", { class: "md-detail-head" }, h("strong", {}, cell.title), h("span", { class: "md-muted" }, ` · ${cell.level}`)),
    h("p", {}, cell.story),
    h("p", { class: "md-muted" }, "The container: ", h("code", {}, `docker run ${cell.flags}`)),
  ];
  if (!cell.evidence) {
    const guess = { "through?": "You predict: it gets through.", "stopped?": "You predict: it is stopped." }[cell.word];
    return [...parts, h("p", {}, guess ?? "Not tried yet, nothing predicted.")];
  }
  parts.push(h("p", {}, h("strong", {}, cell.word), `: ${cell.evidence}`));
  if (cell.verdict) parts.push(h("p", {}, cell.verdict === "right" ? "Your prediction was right." : "You predicted otherwise."));
  parts.push(h("p", { class: "md-muted" }, `Meant to stop it: ${cell.barrier}. Known from: ${cell.source}.`));
  return parts;
}

function render({ model, el }) {
  const fill = h("button", { type: "button", onclick: () => model.send({ do: "fill" }) }, "Try all");
  const forget = h("button", { type: "button", onclick: () => model.send({ do: "forget" }) }, "Start over");
  const picture = h("div", { class: "md-picture" });
  const hint = h("p", { class: "md-muted md-hint" }, "A click (or Enter) predicts: through, stopped, nothing. Then try all.");
  const about = h("section", { class: "md-detail", "aria-label": "The selected cell" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-attackmatrix", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Attack matrix" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "What gets through?"), message, fill, forget),
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
