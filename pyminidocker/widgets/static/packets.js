// Packets on a picture: shapes that travel along roads, in the order in which things happened.
//
// What the kernel does in microseconds is stretched to something an eye can follow: one packet after
// the other, copies of a flooded frame (one burst) together.  When too many wait, they are let go in
// a stream, as close together as they come.  What cannot be drawn even then is counted, not hidden.

const HOP_MS = { slow: 1500, normal: 650, fast: 260 };
const MOST_DOTS = 120; // on the way at once
const MOST_WAIT_MS = 9000; // when one would wait longer, all go in a stream
const STREAM_MS = 12; // between two packets of a stream
const LABELS_UP_TO = 26; // more dots than this travel without their words
const SHAPES = {
  arp: "M0-8.5 8.5 0 0 8.5-8.5 0Z",
  icmp: "M-7.5 0a7.5 7.5 0 1 0 15 0a7.5 7.5 0 1 0-15 0Z",
  dns: "M-5-5.5H5A5.5 5.5 0 0 1 5 5.5H-5A5.5 5.5 0 0 1-5-5.5Z",
  tcp: "M-7-7H7V7H-7Z",
  udp: "M0-8 8 6.5H-8Z",
  vxlan: "M-9-9H9V9H-9ZM-4.5-4.5V4.5H4.5V-4.5Z",
  other: "M-7-2.5H-2.5V-7H2.5V-2.5H7V2.5H2.5V7H-2.5V2.5H-7Z",
};
const KIND_NAMES = { arp: "ARP", icmp: "ICMP", dns: "DNS", tcp: "TCP", udp: "UDP", vxlan: "VXLAN" };
const SVG_NS = "http://www.w3.org/2000/svg";

/** Make an SVG element. */
function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG_NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A packet as Python sends it, with names. */
function sightOf([number, time, road, along, kind, label, where, summary, flow, burst]) {
  return { number, time, road, along: Boolean(along), kind, label, where, summary, flow, burst };
}

/** What the shapes mean, as a row of pictures with names. */
function legend() {
  const entries = Object.entries(KIND_NAMES).map(([kind, name]) => {
    const icon = s("svg", { viewBox: "-11 -11 22 22", class: "md-icon", "aria-hidden": "true" },
      s("path", { d: SHAPES[kind], class: `md-shape md-k-${kind}`, "fill-rule": "evenodd" }));
    return h("span", { class: "md-key" }, icon, name);
  });
  return h("div", { class: "md-legend", "aria-label": "Shapes of packets", role: "note" }, ...entries);
}

/** Points of a road as a function of t, 0 to 1. */
function walk(points) {
  const lengths = [0];
  for (let i = 1; i < points.length; i++) {
    lengths.push(lengths[i - 1] + Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]));
  }
  const total = lengths[lengths.length - 1] || 1;
  return (t) => {
    const at = t * total;
    let i = 1;
    while (i < lengths.length - 1 && lengths[i] < at) i++;
    const part = (at - lengths[i - 1]) / (lengths[i] - lengths[i - 1] || 1);
    const [[x1, y1], [x2, y2]] = [points[i - 1], points[i]];
    return [x1 + (x2 - x1) * part, y1 + (y2 - y1) * part];
  };
}

/**
 * Plays sights on a picture.
 * roads(): {key: points}; layer(): the SVG group to draw in; said(): numbers have changed.
 */
function packetPlayer({ roads, layer, said }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const active = new Set();
  let clock = 0, before = 0, running = false, frame = 0, speed = "normal";
  let last = { start: 0, end: 0, burst: 0 }, streaming = false;
  const counts = { drawn: 0, skipped: 0 };

  function dot(sight, start, duration) {
    const points = roads()[sight.road];
    if (!points) return false;
    const width = 10 + sight.label.length * 7.1;
    const element = s("g", { class: `md-dot md-k-${sight.kind}`, "aria-hidden": "true", visibility: "hidden" },
      s("rect", { class: "md-tag", x: 4, y: -8.5, width: width + 8, height: 17, rx: 8.5 }),
      s("text", { x: 14, y: 3.8, class: "md-tagtext" }, sight.label),
      s("path", { d: SHAPES[sight.kind] ?? SHAPES.other, class: "md-shape", "fill-rule": "evenodd" }));
    layer()?.append(element);
    active.add({ sight, start, duration, element, width, at: walk(sight.along ? points : [...points].reverse()) });
    wake();
    return true;
  }

  function wake() {
    if (frame) return;
    before = performance.now();
    frame = requestAnimationFrame(tick);
  }

  function tick(now) {
    frame = 0;
    if (running) clock += Math.min(100, now - before);
    before = now;
    const box = layer()?.ownerSVGElement?.viewBox.baseVal;
    for (const one of active) {
      const t = (clock - one.start) / one.duration;
      if (t < 0) continue;
      if (t >= 1) {
        one.element.remove();
        active.delete(one);
        continue;
      }
      const eased = still.matches ? 0.5 : t;
      const [x, y] = one.at(eased);
      one.element.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      if (one.element.hasAttribute("visibility")) {
        one.element.removeAttribute("visibility");
        if (box && x + one.width + 12 > box.width) { // no room at its right: the words go left
          one.element.children[0].setAttribute("x", -12 - one.width);
          one.element.children[1].setAttribute("x", -4 - one.width);
        }
      }
    }
    layer()?.classList.toggle("md-crowded", active.size > LABELS_UP_TO);
    if (running && active.size) frame = requestAnimationFrame(tick);
    if (!active.size) streaming = false;
  }

  /** Let everything that waits go at once, in its order. */
  function stream() {
    streaming = true;
    let start = clock;
    for (const one of active) {
      if (one.start <= clock) continue;
      one.start = start += STREAM_MS;
      one.duration = HOP_MS[speed];
    }
    last = { start, end: start, burst: 0 };
  }

  return {
    counts,
    get busy() { return active.size > 0; },
    get running() { return running; },
    speed(name) { speed = name; },
    /** Let time pass, or hold it with everything where it is. */
    run(on) {
      running = on;
      if (on && active.size) wake();
    },
    /** Draw what has come, each after what it follows from. */
    live(sights) {
      for (const sight of sights) {
        const together = last.burst === sight.burst && last.end > clock;
        if (!together && last.end - clock > MOST_WAIT_MS) stream();
        if (document.hidden || active.size >= MOST_DOTS) {
          counts.skipped++;
          continue;
        }
        const start = together ? last.start : Math.max(clock, streaming ? last.start + STREAM_MS : last.end);
        // the more wait, the faster they go
        const hurry = streaming ? 1 : Math.max(0.4, 1 - (start - clock) / MOST_WAIT_MS);
        const duration = together ? last.duration : HOP_MS[speed] * hurry;
        if (dot(sight, start, duration)) {
          counts.drawn++;
          last = { start, duration, end: start + duration, burst: sight.burst };
        } else counts.skipped++;
      }
      said();
    },
    /** Draw these sights now, all at once, on an otherwise empty picture. */
    show(sights) {
      this.clear();
      for (const sight of sights) dot(sight, clock, HOP_MS[speed]);
      return HOP_MS[speed];
    },
    clear() {
      for (const one of active) one.element.remove();
      active.clear();
      streaming = false;
      last = { start: clock, end: clock, burst: 0 };
    },
    /** The picture was drawn anew: put what is on the way onto it. */
    moved() {
      for (const one of [...active]) {
        const points = roads()[one.sight.road];
        if (!points) {
          one.element.remove();
          active.delete(one);
          continue;
        }
        one.at = walk(one.sight.along ? points : [...points].reverse());
        layer()?.append(one.element);
      }
    },
    stop() {
      cancelAnimationFrame(frame);
      this.clear();
    },
  };
}
