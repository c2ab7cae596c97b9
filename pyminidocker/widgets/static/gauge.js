// The gauge: three meters and the course of memory; select one to read what it means and where the kernel keeps it.

function meterPanel(detail) {
  const parts = [
    h("div", { class: "md-detail-head" }, h("strong", {}, detail.title)),
    h("p", {}, detail.meaning),
  ];
  if (detail.now) parts.push(h("p", {}, detail.now));
  if (detail.files.length) {
    const names = detail.files.flatMap((name, n) => [n ? ", " : "", h("span", { class: "md-mono" }, name)]);
    parts.push(h("p", { class: "md-muted" }, "Its files in the container's group: ", ...names, "."));
  }
  return parts;
}

function render({ model, el }) {
  const picture = h("div", { class: "md-picture" });
  const hint = h("p", { class: "md-muted md-hint" }, "Arrow keys or a click select a meter.");
  const about = h("section", { class: "md-detail", "aria-label": "The selected meter" });
  const reading = h("button", { type: "button" }, "");
  const message = liveRegion();
  const root = h("div", { class: "md-view md-gauge", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "What a container uses" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "What it uses, and what it may use"), message, reading),
    picture, hint, about);
  el.append(root);

  let narrow = false;
  let mark = () => {};
  let said = "";
  const select = () => {
    const key = model.get("selected");
    mark(key);
    const detail = model.get("details")[key];
    about.replaceChildren(...(detail ? meterPanel(detail) : []));
  };
  const pick = (key) => {
    if (model.get("selected") === key) return;
    model.set("selected", key);
    model.save_changes();
  };
  const draw = () => {
    mark = selectablePicture(picture, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", pick);
    select();
  };
  const say = () => { // a screen reader hears what is new, not four readings a second
    if (model.get("message") !== said) message.textContent = said = model.get("message");
  };
  const follow = () => {
    reading.setAttribute("aria-pressed", String(model.get("live")));
    reading.textContent = model.get("live") ? "Reading" : "Not reading";
  };
  reading.addEventListener("click", () => {
    model.set("live", !model.get("live"));
    model.save_changes();
  });
  draw(); say(); follow();
  const news = { "change:pictures": draw, "change:details": select, "change:selected": select, "change:message": say, "change:live": follow };
  const stops = [followModel(model, news), followTheme(root), followWidth(root, (value) => { narrow = value; draw(); })];
  return () => {
    for (const stop of stops) stop();
  };
}

export default { render };
