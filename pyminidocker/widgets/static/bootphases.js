// Boot phases: arrow keys or a click select a part, which is explained below.

function partPanel(part) {
  const parts = [
    h("div", { class: "md-detail-head" }, h("strong", {}, `${part.bar}: ${part.part}`)),
    h("p", {}, `${part.time}, ${part.share} of ${part.whole}.`),
  ];
  if (part.meaning) parts.push(h("p", {}, `In this part, ${part.meaning}.`));
  if (part.note) parts.push(h("p", { class: "md-muted" }, part.note));
  return parts;
}

function render({ model, el }) {
  const picture = h("div", { class: "md-picture" });
  const about = h("section", { class: "md-detail", "aria-label": "The selected part" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-bootphases", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Boot phases" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "Boot phases: what takes its time?")),
    message, picture, about);
  el.append(root);

  const say = () => { message.textContent = model.get("message"); };
  say();
  return selectableView({ model, root, picture, about, facts: partPanel, news: { "change:message": say } });
}

export default { render };
