// The layer microscope: a list of paths to filter and search, the stack of layers at its side.

const PAGE = 200; // rows added to the list at a time

function badge(row) {
  return h("span", { class: `md-badge md-${row.kind}`, "aria-hidden": "true" },
    { added: "+", changed: "~", deleted: "−", attributes: "°" }[row.kind]);
}

function pathRow(row, largest) {
  const notes = row.marks.length ? h("span", { class: "md-notes" }, row.marks.join(", ")) : null;
  const width = row.weight ? Math.max(2, (72 * row.weight) / largest) : 0;
  const said = [row.path, row.kind, `layer ${row.layer}`, row.size, ...row.marks].join(", ");
  return h("div", { class: "md-row", role: "option", tabindex: "-1", "data-path": row.path, "aria-label": said, "aria-selected": "false" },
    badge(row),
    h("span", { class: "md-path md-mono", title: row.path }, h("bdi", {}, row.path)),
    notes,
    h("span", { class: "md-weight", "aria-hidden": "true" }, h("span", { class: `md-fill md-${row.kind}`, style: `width:${width}px` })),
    h("span", { class: "md-size" }, row.size));
}

function describe(row, resurrect) {
  const facts = [["size", row.before, row.after], ["mode", ...row.modes]]
    .filter(([, a, b]) => a || b)
    .map(([name, a, b]) => `${name} ${a && b && a !== b ? `${a} → ${b}` : a || b}`);
  const deleted = row.kind === "deleted";
  return [
    h("div", { class: "md-detail-head" }, badge(row), h("strong", { class: "md-mono" }, row.path), h("span", { class: "md-muted" }, row.kind)),
    h("p", {}, row.says),
    facts.length ? h("p", { class: "md-muted" }, facts.join(" · ")) : null,
    row.old
      ? h("button", { type: "button", class: "md-resurrect", onclick: () => resurrect(row.path) }, deleted ? "Resurrect the deleted file" : "Read the old version")
      : null,
  ].filter(Boolean);
}

function chooser(label, change) {
  const select = h("select", { "aria-label": label, onchange: change });
  return [h("label", { class: "md-choice" }, h("span", { class: "md-muted" }, label), select), select];
}

function render({ model, el }) {
  let narrow = false, kind = "", flag = "", layer = 0, words = "", chosen = "", room = PAGE;
  const ask = () => model.send({ do: "compare", a: from.value, b: to.value });
  const [fromLabel, from] = chooser("from", ask);
  const [toLabel, to] = chooser("to", ask);
  const search = h("input", { type: "search", placeholder: "search paths", "aria-label": "Search paths", oninput: () => { words = search.value.toLowerCase(); room = PAGE; list(); } });
  const chips = h("div", { class: "md-bar md-chips", role: "group", "aria-label": "Show only" });
  const totals = h("div", { class: "md-muted md-totals" });
  const stack = h("div", { class: "md-stack" });
  const rows = h("div", { class: "md-rows", role: "listbox", "aria-label": "Paths that differ", tabindex: "-1" });
  const tail = h("div", { class: "md-tail md-muted", role: "status" });
  const about = h("section", { class: "md-detail", "aria-label": "The selected path" });
  const file = h("section", { class: "md-file", "aria-label": "The resurrected file", "aria-live": "polite" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-layers", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Layer microscope" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "Layer microscope"), fromLabel, toLabel),
    chips, totals,
    h("div", { class: "md-columns" }, stack,
      h("div", { class: "md-list" }, h("div", { class: "md-bar md-search" }, search), rows, tail)),
    about, file, message);
  el.append(root);

  const matches = (row) =>
    (!kind || row.kind === kind) && (!flag || row.flags.includes(flag)) &&
    (!layer || row.layer === layer) && (!words || row.path.toLowerCase().includes(words));

  function list() {
    const all = model.get("paths");
    const found = all.filter(matches);
    const largest = Math.max(1, ...found.slice(0, room).map((row) => row.weight));
    rows.replaceChildren(...found.slice(0, room).map((row) => pathRow(row, largest)));
    const facts = model.get("facts");
    const capped = facts.total > all.length ? ` The ${all.length} heaviest of ${facts.total} are here.` : "";
    const where = layer ? ` in layer ${layer}` : "";
    tail.replaceChildren(found.length ? `${found.length} of ${facts.total} paths${where}.${capped} ` : `No path fits${where}.`);
    if (found.length > room) {
      tail.append(h("button", { type: "button", onclick: () => { room += PAGE; list(); } }, `Show ${Math.min(PAGE, found.length - room)} more`));
    }
    choose(found.some((row) => row.path === chosen) ? chosen : found[0]?.path ?? "");
  }

  function choose(path) {
    chosen = path;
    for (const row of rows.children) {
      const here = row.dataset.path === path;
      row.setAttribute("aria-selected", String(here));
      row.setAttribute("tabindex", here ? "0" : "-1");
    }
    const row = model.get("paths").find((one) => one.path === path);
    about.replaceChildren(...(row ? describe(row, (p) => model.send({ do: "resurrect", path: p })) : []));
    raise();
  }

  function raise() {
    const raised = model.get("raised");
    if (!raised.path || raised.path !== chosen) return file.replaceChildren();
    file.replaceChildren(
      h("p", {}, h("strong", {}, "Still there: "), `${raised.source}.`),
      h("pre", { class: "md-mono", tabindex: "0", "aria-label": `Content of ${raised.path}` }, raised.text || "(an empty file)"));
  }

  function chip(label, count, hue, pressed, click) {
    return h("button", { type: "button", class: hue ? `md-chip md-hue-${hue}` : "md-chip", "aria-pressed": String(pressed), disabled: count === 0, onclick: click }, label);
  }

  function filters() {
    const facts = model.get("facts");
    const set = (newKind, newFlag) => () => { kind = newKind; flag = newFlag; room = PAGE; filters(); list(); };
    const held = chips.contains(document.activeElement) ? [...chips.children].indexOf(document.activeElement) : -1;
    chips.replaceChildren(
      chip(`all ${facts.total}`, null, "", !kind && !flag, set("", "")),
      ...facts.kinds.map((one) => chip(`${one.glyph} ${one.count} ${one.kind}`, one.count, one.hue, kind === one.kind, set(one.kind, ""))),
      ...facts.flags.map((one) => chip(one.label, one.count, "", flag === one.flag, set("", one.flag))));
    if (held >= 0) chips.children[held]?.focus();
    totals.textContent = `${facts.copied} copied up from lower layers · ${facts.wasted} lie in layers and are never seen`;
  }

  let mark = () => {};
  function draw() {
    mark = selectablePicture(stack, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", (key) => {
      const number = Number(key.replace("layer-", ""));
      layer = layer === number ? 0 : number; // a second time: all layers again
      room = PAGE;
      mark(layer ? key : "");
      list();
    });
    mark(layer ? `layer-${layer}` : "");
  }

  function everything() {
    const facts = model.get("facts");
    for (const [select, now] of [[from, facts.a], [to, facts.b]]) {
      select.replaceChildren(...model.get("refs").map((ref) => h("option", { value: ref, selected: ref === now }, ref || "nothing")));
      select.value = now;
    }
    kind = flag = words = search.value = "";
    layer = 0;
    filters();
    draw();
    list();
  }

  rove(rows, () => [...rows.children], (row) => choose(row.dataset.path));
  rows.onclick = (event) => {
    const row = event.target.closest(".md-row");
    if (row) { row.focus({ preventScroll: true }); choose(row.dataset.path); }
  };
  const say = () => { message.textContent = model.get("message"); };
  everything(); say();
  const news = { "change:facts": everything, "change:paths": list, "change:pictures": draw, "change:raised": raise, "change:message": say };
  const stops = [followModel(model, news), followTheme(root), followWidth(root, (value) => { narrow = value; draw(); })];
  return () => {
    for (const stop of stops) stop();
  };
}

export default { render };
