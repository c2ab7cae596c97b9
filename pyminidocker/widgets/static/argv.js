// The argv calculator: write ENTRYPOINT, CMD and arguments; select a combination; try it in a container.

function render({ model, el }) {
  const run = h("button", { type: "button", onclick: () => model.send({ do: "run" }) }, "Run it");
  const all = h("button", { type: "button", onclick: () => model.send({ do: "all" }) }, "Run all combinations");
  const names = [["entrypoint", "ENTRYPOINT"], ["cmd", "CMD"], ["args", "run IMAGE"]];
  const inputs = {};
  const write = () => model.send({ do: "write", ...Object.fromEntries(names.map(([name]) => [name, inputs[name].value])) });
  const rows = names.flatMap(([name, label]) => {
    const id = `md-${name}-${Math.random().toString(36).slice(2)}`;
    const hint = name === "args" ? "words after the image" : 'say hello, or ["say", "hello"], or nothing';
    inputs[name] = h("input", { id, type: "text", spellcheck: "false", autocapitalize: "off", autocomplete: "off", placeholder: hint, "aria-label": label, onchange: write });
    return [h("label", { for: id, class: "md-mono" }, label), inputs[name]];
  });
  const picture = h("div", { class: "md-picture" });
  const hint = h("p", { class: "md-muted md-hint" }, "Arrow keys or a click select a combination of forms; Enter tries it. Write something else in the fields above.");
  const message = liveRegion();
  const root = h("div", { class: "md-view md-argv", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Argv calculator" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "Argv calculator: what is executed?"), message, run, all),
    h("div", { class: "md-fields" }, ...rows),
    picture, hint);
  el.append(root);

  let narrow = false;
  let mark = () => {};
  const pick = (key) => {
    if (model.get("chosen") === key) return;
    model.set("chosen", key);
    model.save_changes();
  };
  const choose = (key) => {
    if (model.get("chosen") !== key) pick(key);
    else if (!model.get("busy")) model.send({ do: "run" });
  };
  const draw = () => {
    mark = selectablePicture(picture, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", pick, choose, narrow ? 1 : model.get("columns"));
    mark(model.get("chosen"));
  };
  const fill = () => {
    for (const [name] of names) {
      if (document.activeElement !== inputs[name]) inputs[name].value = model.get("fields")[name] ?? "";
    }
  };
  const working = () => {
    run.disabled = all.disabled = model.get("busy");
    run.textContent = model.get("busy") ? "Trying ..." : "Run it";
  };
  const say = () => { message.textContent = model.get("message"); };
  draw(); fill(); working(); say();
  const news = { "change:pictures": draw, "change:fields": fill, "change:chosen": () => mark(model.get("chosen")), "change:busy": working, "change:message": say };
  const stops = [followModel(model, news), followTheme(root), followWidth(root, (value) => { narrow = value; draw(); })];
  return () => {
    for (const stop of stops) stop();
  };
}

export default { render };
