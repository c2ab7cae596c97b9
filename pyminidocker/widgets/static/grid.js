// Pictures whose parts can be selected, with the facts of the selected one beneath; and grids of
// cells that are predicted first and then tried.  Needs base.js.

/**
 * Show the model's picture in `picture` and what `facts(detail)` makes of the selected part in
 * `about`, until the returned function is called.  `choose(key, pick)` is what a click, Enter and
 * Space do instead of `pick(key)`; `columns(narrow)` says how many parts stand in a row; `news` are
 * more events of the model.
 */
function selectableView({ model, root, picture, about, facts, choose, columns = () => 1, news = {} }) {
  let narrow = false;
  let mark = () => {};
  const select = () => {
    const key = model.get("selected");
    mark(key);
    const detail = model.get("details")[key];
    about.replaceChildren(...(detail ? facts(detail) : []));
  };
  const pick = (key) => {
    if (model.get("selected") === key) return;
    model.set("selected", key);
    model.save_changes();
  };
  const draw = () => {
    const svg = model.get("pictures")[narrow ? "narrow" : "wide"] ?? "";
    mark = selectablePicture(picture, svg, pick, choose ? (key) => choose(key, pick) : pick, columns(narrow));
    select();
  };
  draw();
  const stops = [
    followModel(model, { "change:pictures": draw, "change:details": select, "change:selected": select, ...news }),
    followTheme(root),
    followWidth(root, (value) => { narrow = value; draw(); }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** How a prediction did, as a paragraph; nothing where there was none. */
function verdictLine(verdict) {
  return verdict ? [h("p", {}, verdict === "right" ? "Your prediction was right." : "You predicted otherwise.")] : [];
}

/** What was predicted for a cell that has not been tried: `guesses[word]`. */
function guessLine(word, guesses) {
  return h("p", {}, guesses[word] ?? "Not tried yet, nothing predicted.");
}

/**
 * A grid to predict and then to try.  `style` is its class, `label` its name, `predicts` the words a
 * click goes through, `facts(cell)` the facts of a cell, `isTried(cell)` whether it is too late to
 * predict.
 */
function predictionGrid({ model, el, style, label, title, predicts, facts, isTried, columns }) {
  const fill = h("button", { type: "button", onclick: () => model.send({ do: "fill" }) }, "Try all");
  const forget = h("button", { type: "button", onclick: () => model.send({ do: "forget" }) }, "Start over");
  const picture = h("div", { class: "md-picture" });
  const hint = h("p", { class: "md-muted md-hint" }, `A click (or Enter) predicts: ${predicts}. Then try all.`);
  const about = h("section", { class: "md-detail", "aria-label": "The selected cell" });
  const message = liveRegion();
  const root = h("div", { class: `md-view ${style}`, "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": label },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, title), message, fill, forget),
    picture, hint, about);
  el.append(root);

  const choose = (key, pick) => {
    pick(key);
    const cell = model.get("details")[key];
    if (!cell || !isTried(cell)) model.send({ do: "guess", key });
  };
  const working = () => {
    fill.disabled = forget.disabled = model.get("busy");
    fill.textContent = model.get("busy") ? "Trying ..." : "Try all";
  };
  const say = () => { message.textContent = model.get("message"); };
  working(); say();
  const news = { "change:busy": working, "change:message": say };
  return selectableView({ model, root, picture, about, facts, choose, columns: columns ?? (() => model.get("columns")), news });
}
