// The packet walk: stations to go through with the arrow keys, evidence of the one that is selected.

const STEP_MS = 1100;

function stepPanel(step) {
  const row = ([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "md-mono" }, value));
  return [
    h("div", { class: "md-detail-head" }, h("strong", {}, step.title)),
    h("table", {},
      h("caption", { class: "md-visually-hidden" }, "What the packet says at this step, and how we know"),
      h("tbody", {}, ...step.rows.map(row), ...step.evidence.map(([kind, text]) => row([`seen by ${kind}`, text])))),
  ];
}

function render({ model, el }) {
  let narrow = false, mark = () => {}, timer = 0;
  const go = (by) => {
    const keys = Object.keys(model.get("details"));
    const at = keys.indexOf(model.get("selected")) + by;
    if (at < 0 || at >= keys.length) return false;
    model.set("selected", keys[at]);
    model.save_changes();
    picture.querySelector(`[data-key="${keys[at]}"]`)?.scrollIntoView({ block: "nearest" });
    return true;
  };
  const halt = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  };
  const back = h("button", { type: "button", onclick: () => { halt(); go(-1); } }, "Step back");
  const next = h("button", { type: "button", onclick: () => { halt(); go(1); } }, "Step");
  const play = h("button", { type: "button", "aria-pressed": "false", onclick: () => {
    if (timer) return halt();
    const keys = Object.keys(model.get("details"));
    if (model.get("selected") === keys[keys.length - 1]) { model.set("selected", keys[0]); model.save_changes(); }
    play.textContent = "Stop";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => { if (!go(1)) halt(); }, STEP_MS);
  } }, "Play");
  const again = h("button", { type: "button", onclick: () => model.send({ do: "refresh" }) }, "Ask again");
  const picture = h("div", { class: "md-picture" });
  const about = h("section", { class: "md-detail", "aria-label": "The selected step", "aria-live": "polite" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-walk", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Packet walk" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "Packet walk"), message, back, next, play, again),
    picture, about);
  el.append(root);

  const select = () => {
    const key = model.get("selected");
    mark(key);
    const step = model.get("details")[key];
    about.replaceChildren(...(step ? stepPanel(step) : []));
  };
  const draw = () => {
    mark = selectablePicture(picture, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", (key) => {
      halt();
      model.set("selected", key);
      model.save_changes();
    });
    select();
  };
  const working = () => {
    again.disabled = model.get("busy");
    again.textContent = model.get("busy") ? "Asking ..." : "Ask again";
  };
  const say = () => { message.textContent = model.get("message"); };
  draw(); working(); say();
  const news = { "change:pictures": draw, "change:details": select, "change:selected": select, "change:busy": working, "change:message": say };
  const stops = [followModel(model, news), followTheme(root), followWidth(root, (value) => { narrow = value; draw(); })];
  return () => {
    for (const stop of stops) stop();
    halt();
  };
}

export default { render };
