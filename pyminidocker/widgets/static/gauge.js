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

  let said = "";
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
  say(); follow();
  const news = { "change:message": say, "change:live": follow };
  return selectableView({ model, root, picture, about, facts: meterPanel, news });
}

export default { render };
