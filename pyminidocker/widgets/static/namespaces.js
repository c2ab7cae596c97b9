// The namespace lens: the picture is a list box, the chosen namespace is explained below it.

const GLYPH = { same: "=", different: "≠", "partly same": "≈", "not readable": "?" };

function detail(info) {
  const same = info.verdict === "same";
  const rows = info.rows.map((row) =>
    h("tr", {},
      h("th", { scope: "row" }, row.label),
      h("td", { class: "md-mono" }, row.number || "not readable"),
      h("td", {}, row.fact)));
  return [
    h("div", { class: "md-detail-head" },
      h("span", { class: `md-verdict ${same ? "md-same" : "md-split"}` }, `${GLYPH[info.verdict]} ${info.verdict}`),
      h("strong", { class: "md-mono" }, info.name),
      h("span", { class: "md-muted" }, info.isolates)),
    h("p", {}, info.consequence),
    h("table", {},
      h("caption", { class: "md-visually-hidden" }, `Evidence for ${info.name}, read from /proc`),
      h("thead", {}, h("tr", {},
        h("th", { scope: "col" }, "process"),
        h("th", { scope: "col" }, "namespace number"),
        h("th", { scope: "col" }, "what it sees"))),
      h("tbody", {}, ...rows)),
    h("p", { class: "md-muted md-source" }, `Read from /proc/<pid>/ns/${info.name}: equal numbers are one and the same namespace. See ${info.see}.`),
  ];
}

function render({ model, el }) {
  const refresh = h("button", { type: "button", onclick: () => model.send({ do: "refresh" }) }, "Read again");
  const follow = h("button", {
    type: "button",
    onclick: () => { model.set("follow", !model.get("follow")); model.save_changes(); },
  }, "Follow");
  const picture = h("div", { class: "md-picture" });
  const about = h("section", { class: "md-detail", "aria-label": "The selected namespace" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-lens", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Namespace lens" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "Namespace lens"), message, refresh, follow),
    picture, about);
  el.append(root);

  const pressed = () => follow.setAttribute("aria-pressed", String(model.get("follow")));
  const say = () => { message.textContent = model.get("message"); };
  pressed(); say();
  const news = { "change:follow": pressed, "change:message": say };
  return selectableView({ model, root, picture, about, facts: detail, news });
}

export default { render };
