// The topology: a picture of lab hosts, packets on it, facts of what is selected, a list of packets.

const REMEMBERED = 400;
const SHOWN_LIVE = 8;
const REPLAYED = 16; // bursts
const KEYS = { p: "pause", n: "next", b: "back", r: "replay" };

function factsPanel(facts) {
  const rows = facts.rows.map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "md-mono" }, value)));
  return [
    h("div", { class: "md-detail-head" }, h("strong", {}, facts.title)),
    h("p", {}, facts.what),
    h("div", { class: "md-scroll", tabindex: "0", role: "group", "aria-label": `Facts about ${facts.title}` },
      h("table", {},
        h("caption", { class: "md-visually-hidden" }, `What the kernel says about ${facts.title}`),
        h("tbody", {}, ...rows))),
    h("p", { class: "md-muted md-source" }, "Read from the kernel; the same by hand: ", h("span", { class: "md-mono" }, facts.source)),
  ];
}

function packetRow(sight, first) {
  const icon = s("svg", { viewBox: "-11 -11 22 22", class: "md-icon", "aria-hidden": "true" },
    s("path", { d: SHAPES[sight.kind] ?? SHAPES.other, class: `md-shape md-k-${sight.kind}`, "fill-rule": "evenodd" }));
  const ms = ((sight.time - first) * 1000).toFixed(3);
  return h("div", {
    class: "md-packet", role: "option", tabindex: "-1", "aria-selected": "false", "data-number": sight.number,
    "aria-label": `${sight.kind}, ${sight.where}: ${sight.summary}, after ${ms} milliseconds`,
  },
  h("span", { class: "md-when" }, `${ms} ms`), icon,
  h("span", { class: "md-where" }, sight.where),
  h("span", { class: "md-what md-mono", title: sight.summary }, sight.summary));
}

function render({ model, el }) {
  let narrow = false, mark = () => {}, layer = null, paused = false, cursor = -1, replaying = 0, listing = 0;
  let history = [], numbers = { seen: 0, lost: 0, spare: 0, elsewhere: 0 };

  const button = (label, what, key) => h("button", { type: "button", title: `${label} (${key})`, "aria-keyshortcuts": key, onclick: () => act(what) }, label);
  const pause = button("Pause", "pause", "p");
  const back = button("Step back", "back", "b");
  const next = button("Step", "next", "n");
  const replay = button("Replay", "replay", "r");
  const speed = h("select", { "aria-label": "Speed of packets", onchange: () => player.speed(speed.value) },
    ...Object.keys(HOP_MS).map((name) => h("option", { value: name, selected: name === "normal" }, name)));
  const live = h("button", { type: "button", onclick: () => { model.set("live", !model.get("live")); model.save_changes(); } }, "Live");
  const picture = h("div", { class: "md-picture" });
  const counts = h("div", { class: "md-counts md-muted" });
  const list = h("div", { class: "md-packets", role: "listbox", "aria-label": "Packets that were seen, the newest last", tabindex: "0" });
  const about = h("section", { class: "md-detail", "aria-label": "The selected element" });
  const message = liveRegion();
  const root = h("div", { class: "md-view md-topology", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Topology" },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, "Topology"), message, live),
    picture,
    h("div", { class: "md-bar md-play" }, legend(), h("span", { class: "md-push" }), pause, back, next, replay, speed),
    counts, list, about);
  el.append(root);

  const player = packetPlayer({
    roads: () => model.get("roads")[narrow ? "narrow" : "wide"] ?? {},
    layer: () => layer,
    said: count,
  });
  player.run(true);

  function count() {
    const parts = [numbers.seen === 1 ? "1 sight of a packet" : `${numbers.seen} sights of packets`, `${player.counts.drawn} drawn`];
    if (player.counts.skipped) parts.push(`${player.counts.skipped} too many or too fast to draw`);
    if (numbers.lost) parts.push(`${numbers.lost} lost before they could be shown`);
    if (numbers.spare) parts.push(`${numbers.spare} flooded to ports that wait for containers`);
    if (numbers.elsewhere) parts.push(`${numbers.elsewhere} on interfaces outside this picture`);
    counts.textContent = numbers.seen ? parts.join(" · ") : "No packet seen yet. Let a container ping another.";
  }

  function rows() {
    const shown = paused ? history : history.slice(-SHOWN_LIVE);
    const held = list.contains(document.activeElement) && document.activeElement !== list;
    const first = shown[0]?.time ?? 0;
    list.classList.toggle("md-open", paused);
    list.replaceChildren(...shown.map((sight) => packetRow(sight, first)));
    list.setAttribute("tabindex", shown.length ? "-1" : "0");
    point(cursor, held);
    if (!paused) list.scrollTop = list.scrollHeight;
  }

  function soon() {
    if (!listing) listing = setTimeout(() => { listing = 0; rows(); }, paused ? 800 : 200);
  }

  function point(number, focus = false) {
    let chosen = null;
    for (const row of list.children) {
      const here = Number(row.dataset.number) === number;
      row.setAttribute("aria-selected", String(here));
      row.setAttribute("tabindex", here ? "0" : "-1");
      if (here) chosen = row;
    }
    if (!chosen) list.lastElementChild?.setAttribute("tabindex", "0");
    else {
      if (focus) chosen.focus({ preventScroll: true });
      list.scrollTop = Math.max(0, chosen.offsetTop - list.clientHeight / 2);
    }
  }

  /** Sights by burst, oldest first. */
  function bursts() {
    const found = [];
    for (const sight of history) {
      const last = found[found.length - 1];
      if (last && last[0].burst === sight.burst) last.push(sight);
      else found.push([sight]);
    }
    return found;
  }

  function hold(on) {
    paused = on;
    replaying++;
    pause.textContent = on ? "Resume" : "Pause";
    pause.setAttribute("aria-pressed", String(on));
    player.run(!on);
    if (!on) { player.clear(); cursor = -1; player.run(true); }
    rows();
  }

  /** Show one burst: its packets start now, and the list points at it. */
  function play(burst, at, all) {
    cursor = burst[0].number;
    point(cursor, list.contains(document.activeElement) && document.activeElement !== list);
    player.run(true);
    const takes = player.show(burst);
    const copies = burst.length > 1 ? `, ${burst.length} copies` : "";
    message.textContent = `${at + 1} of ${all}: ${burst[0].where}${copies}: ${burst[0].summary}`;
    count();
    return takes;
  }

  function step(by) {
    if (!paused) hold(true);
    replaying++;
    const all = bursts();
    if (!all.length) return;
    const now = all.findIndex((burst) => burst.some((sight) => sight.number === cursor));
    const to = now < 0 ? (by > 0 ? Math.max(0, all.length - REPLAYED) : all.length - 1) : Math.max(0, Math.min(all.length - 1, now + by));
    play(all[to], to, all.length);
  }

  async function again() {
    if (!paused) hold(true);
    const mine = ++replaying;
    const all = bursts();
    for (let at = Math.max(0, all.length - REPLAYED); at < all.length; at++) {
      if (mine !== replaying) return;
      const takes = play(all[at], at, all.length);
      await new Promise((done) => setTimeout(done, takes + 30));
    }
  }

  function act(what) {
    if (what === "pause") hold(!paused);
    else if (what === "next") step(1);
    else if (what === "back") step(-1);
    else again();
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select, input")) return;
    if (event.key in KEYS) {
      act(KEYS[event.key]);
      event.preventDefault();
      event.stopPropagation();
    }
  });
  const choose = (row) => {
    if (!paused) hold(true);
    replaying++;
    const number = Number(row.dataset.number);
    const all = bursts();
    const at = all.findIndex((burst) => burst.some((sight) => sight.number === number));
    if (at < 0) return;
    play(all[at], at, all.length);
    cursor = number;
    point(number, true);
  };
  rove(list, () => [...list.children], choose);
  list.onclick = (event) => {
    const row = event.target.closest(".md-packet");
    if (row) choose(row);
  };

  const select = () => {
    const key = model.get("selected");
    mark(key);
    const facts = model.get("details")[key];
    about.replaceChildren(...(facts ? factsPanel(facts) : []));
  };
  const draw = () => {
    mark = selectablePicture(picture, model.get("pictures")[narrow ? "narrow" : "wide"] ?? "", (key) => {
      model.set("selected", key);
      model.save_changes();
    });
    for (const line of picture.querySelectorAll('.md-pick[data-key*="/cable/"] > path')) {
      const wide = line.cloneNode();
      wide.setAttribute("class", "md-hit"); // a cable is thin; fingers are not
      line.parentElement.append(wide);
    }
    layer = s("g", { class: "md-layer", "aria-hidden": "true" });
    picture.querySelector("svg")?.append(layer);
    root.classList.toggle("md-broad", (picture.querySelector("svg")?.viewBox.baseVal.width ?? 0) > 900);
    player.moved();
    select();
  };
  const pressed = () => live.setAttribute("aria-pressed", String(model.get("live")));
  const say = () => { message.textContent = model.get("message"); };
  const arrived = (content) => {
    if (!content.sights) return;
    const sights = content.sights.map(sightOf);
    numbers = content;
    history = [...history, ...sights].slice(-REMEMBERED);
    if (paused) count();
    else player.live(sights);
    soon();
  };

  draw(); pressed(); say(); count(); rows();
  const news = { "change:pictures": draw, "change:details": select, "change:selected": select, "change:live": pressed, "change:message": say, "msg:custom": arrived };
  const stops = [followModel(model, news), followTheme(root), followWidth(root, (value) => { narrow = value; draw(); })];
  return () => {
    for (const stop of stops) stop();
    clearTimeout(listing);
    replaying++;
    player.stop();
  };
}

export default { render };
