// The life of a container: select a state to read about it; buttons do what its state allows; a clock runs.

const VERB_WORDS = { start: "Start", stop: "Stop", kill: "Kill", pause: "Pause", unpause: "Unpause", restart: "Restart", remove: "Remove" };
const TICK_MS = 200;

function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

function statePanel(name, state) {
  const visits = state.visits === 0 ? "never reached" : state.visits === 1 ? "visited once" : `visited ${state.visits} times`;
  const parts = [
    h("div", { class: "md-detail-head" }, h("strong", {}, name), h("span", { class: "md-muted" }, ` · ${state.meaning} · ${visits}`)),
    h("p", {}, state.kept),
  ];
  if (state.last) parts.push(h("p", {}, `How it came to this: ${state.last}.`));
  if (state.error && state.visits) parts.push(h("p", {}, `It could not be started: ${state.error}`));
  if (state.commands.length) {
    const commands = state.commands.flatMap((text, n) => [n ? ", " : "", h("span", { class: "md-mono" }, text)]);
    parts.push(h("p", { class: "md-muted" }, "From here: ", ...commands, "."));
  }
  return parts;
}

function render({ model, el }) {
  const verbs = h("div", { class: "md-verbs", role: "group", "aria-label": "What can be done now" });
  const picture = h("div", { class: "md-picture" });
  const hint = h("p", { class: "md-muted md-hint" }, "Arrow keys or a click select a state. The buttons do what the present state allows.");
  const times = h("div", { class: "md-times", role: "group", "aria-label": "Time in each state" });
  const about = h("section", { class: "md-detail", "aria-label": "The selected state" });
  const list = h("ol", { tabindex: "0", "aria-label": "What happened, in seconds since its beginning" });
  const story = h("section", { "aria-label": "What happened" }, h("strong", {}, "What happened"), list);
  const message = liveRegion();
  const root = h("div", { class: "md-view md-lifecycle", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Life of a container" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "The life of a container"), message, verbs),
    picture, hint, times, h("div", { class: "md-below" }, about, story));
  el.append(root);

  let narrow = false;
  let mark = () => {};
  let asked = ""; // a removal is asked for twice
  let since = performance.now(); // when the seconds were told
  const press = (verb) => {
    if (verb === "remove" && asked !== verb) {
      asked = verb;
      return work();
    }
    asked = "";
    model.send({ do: verb });
  };
  const work = () => {
    const held = verbs.contains(document.activeElement) ? document.activeElement.dataset.verb : null;
    const busy = model.get("busy");
    verbs.replaceChildren(...model.get("verbs").map((verb) => {
      const words = busy === verb ? `${VERB_WORDS[verb]} ...` : asked === verb ? "Remove for good?" : VERB_WORDS[verb];
      return h("button", { type: "button", "data-verb": verb, disabled: busy !== "", onclick: () => press(verb) }, words);
    }));
    if (held) (verbs.querySelector(`[data-verb="${held}"]`) ?? verbs.querySelector("button"))?.focus({ preventScroll: true });
  };
  const select = () => {
    const name = model.get("selected");
    mark(name);
    const state = model.get("details")[name];
    about.replaceChildren(...(state ? statePanel(name, state) : []));
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
  const spent = ([state, seconds]) => (state === model.get("state") && state !== "removed" ? seconds + (performance.now() - since) / 1000 : seconds);
  const tick = () => {
    const rows = model.get("seconds").filter(([state]) => state !== "removed");
    const longest = Math.max(...rows.map(spent), 0.001);
    rows.forEach((row, n) => {
      const [, bar, value] = [...times.children].slice(3 * n, 3 * n + 3);
      bar.firstChild.style.width = `${(100 * spent(row)) / longest}%`;
      value.textContent = duration(spent(row));
    });
  };
  const clock = () => {
    since = performance.now();
    times.replaceChildren(...model.get("seconds").filter(([state]) => state !== "removed").flatMap(([state, , hue]) => {
      const now = state === model.get("state") ? " md-is-now" : "";
      return [h("span", { class: now }, state), h("div", { class: "md-track", "aria-hidden": "true" }, h("div", { "data-hue": hue })), h("span", { class: `md-seconds${now}` })];
    }));
    tick();
  };
  const tell = () => {
    list.replaceChildren(...model.get("happenings").map(([at, state, words]) => h("li", {}, h("span", {}, duration(at)), h("span", {}, state), h("span", {}, words))));
    list.scrollTop = list.scrollHeight;
  };
  const changed = () => { asked = ""; work(); };
  const say = () => { message.textContent = model.get("message"); };
  draw(); clock(); tell(); work(); say();
  const ticking = setInterval(() => { if (!document.hidden) tick(); }, TICK_MS);
  const news = { "change:pictures": draw, "change:details": select, "change:selected": select, "change:seconds": clock, "change:state": clock, "change:happenings": tell, "change:verbs": changed, "change:busy": work, "change:message": say };
  const stops = [followModel(model, news), followTheme(root), followWidth(root, (value) => { narrow = value; draw(); }), () => clearInterval(ticking)];
  return () => {
    for (const stop of stops) stop();
  };
}

export default { render };
