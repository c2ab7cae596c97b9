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
  const pick = (key, predict) => {
    if (model.get("selected") !== key) {
      model.set("selected", key);
      model.save_changes();
    }
    if (predict && !model.get("details")[key]?.reason) model.send({ do: "guess", key });
  };
  const draw = () => {
    mark = selectablePicture(picture, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", () => {});
    picture.onkeydown = (event) => {
      const cells = [...picture.querySelectorAll(".md-pick")];
      const at = cells.indexOf(document.activeElement);
      if (at < 0) return;
      const wide = model.get("columns");
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide, Home: -at, End: cells.length - 1 - at };
      if (event.key in steps) {
        const next = cells[at + steps[event.key]];
        if (next) { next.focus(); pick(next.dataset.key, false); }
      } else if (event.key === "Enter" || event.key === " ") pick(cells[at].dataset.key, true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    picture.onclick = (event) => {
      const cell = event.target.closest(".md-pick");
      if (cell) { cell.focus({ preventScroll: true }); pick(cell.dataset.key, true); }
    };
    select();
  };
  const working = () => {
    fill.disabled = forget.disabled = model.get("busy");
    fill.textContent = model.get("busy") ? "Trying ..." : "Try all";
  };
  const say = () => { message.textContent = model.get("message"); };
  const listeners = [["change:pictures", draw], ["change:details", select], ["change:selected", select], ["change:busy", working], ["change:message", say]];
  for (const [name, call] of listeners) model.on(name, call);
  draw(); working(); say();
  const stops = [followTheme(root), followWidth(root, 620, (value) => { narrow = value; draw(); })];
  return () => {
    for (const [name, call] of listeners) model.off(name, call);
    for (const stop of stops) stop();
  };
}

export default { render };
