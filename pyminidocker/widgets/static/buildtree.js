// The build tree: select a step to see why it was, or was not, taken from the cache; predict the next build.

const GUESSES = new Map([[true, "cached"], [false, "carried out"]]);

function stepPanel(step, guess) {
  const parts = [
    h("div", { class: "md-detail-head" }, h("strong", {}, `Step ${step.label}`), h("span", { class: "md-muted" }, ` · line ${step.line} · ${step.state}`)),
    h("pre", { class: "md-mono", tabindex: "0", "aria-label": "The instruction" }, step.text),
  ];
  if (step.reasons.length === 1) parts.push(h("p", {}, `Why: ${step.reasons[0]}.`));
  if (step.reasons.length > 1) {
    parts.push(h("p", {}, "Why:"), h("ul", {}, ...step.reasons.map((reason) => h("li", {}, reason))));
  }
  if (step.before) parts.push(h("p", { class: "md-muted" }, step.before));
  if (step.verdict) parts.push(h("p", {}, step.verdict === "right" ? "Your prediction was right." : "You predicted otherwise."));
  if (step.facts.length) {
    parts.push(h("dl", { class: "md-facts" },
      ...step.facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: value.length > 30 ? "md-mono" : "" }, value)])));
  }
  if (step.output) parts.push(h("pre", { class: "md-mono", tabindex: "0", "aria-label": "What the step wrote" }, step.output));
  if (step.may_guess) {
    const now = step.guess === null ? "nothing yet" : GUESSES.get(step.guess);
    parts.push(h("p", {}, h("button", { type: "button", class: "md-guess", onclick: guess }, `${step.state === "waiting" ? "Prediction" : "Prediction for the next build"}: ${now}`)));
  }
  return parts;
}

function render({ model, el }) {
  const picture = h("div", { class: "md-picture" });
  const hint = h("p", { class: "md-muted md-hint" }, "Arrow keys or a click select a step; Enter, or a second click, predicts for the next build: cached, carried out, nothing.");
  const about = h("section", { class: "md-detail", "aria-label": "The selected step" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-buildtree", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Build tree" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "Build tree: cached, or carried out?"), message),
    picture, hint, about);
  el.append(root);

  let narrow = false;
  let mark = () => {};
  const guess = () => model.send({ do: "guess", key: model.get("selected") });
  const select = () => {
    const key = model.get("selected");
    mark(key);
    const step = model.get("details")[key];
    const held = about.contains(document.activeElement) && document.activeElement.classList.contains("md-guess");
    about.replaceChildren(...(step ? stepPanel(step, guess) : []));
    if (held) about.querySelector(".md-guess")?.focus({ preventScroll: true });
  };
  const pick = (key) => {
    if (model.get("selected") === key) return;
    model.set("selected", key);
    model.save_changes();
  };
  const choose = (key) => {
    if (model.get("selected") !== key) pick(key);
    else if (model.get("details")[key]?.may_guess) guess();
  };
  const draw = () => {
    mark = selectablePicture(picture, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", pick, choose);
    select();
  };
  const say = () => { message.textContent = model.get("is_going_on") ? "Building ..." : model.get("message"); };
  draw(); say();
  const news = { "change:pictures": draw, "change:details": select, "change:selected": select, "change:is_going_on": say, "change:message": say };
  const stops = [followModel(model, news), followTheme(root), followWidth(root, (value) => { narrow = value; draw(); })];
  return () => {
    for (const stop of stops) stop();
  };
}

export default { render };
