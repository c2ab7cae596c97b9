// What every view does on the page: follow the theme, choose a picture by width, let keys move a
// selection.  Views are joined with this file into one module (a widget's script has no siblings).

const NARROW_PX = 620; // below this width a view shows its narrow picture

/** Make an element: h("button", {class: "md-button", onclick: f}, "text", child). */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Is the page behind `element` dark? Looks at what is painted, so that any theme will do. */
function isDark(element) {
  for (let node = element; node; node = node.parentElement) {
    const [r, g, b, a = 1] = (getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (a > 0.5) return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
  }
  return false;
}

/** Keep data-theme on `root` equal to the page's theme; returns a function that stops it. */
function followTheme(root, changed = () => {}) {
  const apply = () => {
    const theme = isDark(root.parentElement ?? document.body) ? "dark" : "light";
    if (root.dataset.theme !== theme) {
      root.dataset.theme = theme;
      changed();
    }
  };
  const watcher = new MutationObserver(() => setTimeout(apply, 60));
  for (const node of [document.documentElement, document.body, document.head]) {
    watcher.observe(node, { attributes: true, childList: node === document.head });
  }
  requestAnimationFrame(apply);
  return () => watcher.disconnect();
}

/** Call `narrowed(true|false)` when `root` becomes narrow or wide; returns a function that stops it. */
function followWidth(root, narrowed) {
  let now = null;
  const watcher = new ResizeObserver(() => {
    const narrow = root.clientWidth > 0 && root.clientWidth < NARROW_PX;
    if (narrow !== now) narrowed((now = narrow));
    root.classList.toggle("md-narrow", narrow);
  });
  watcher.observe(root);
  return () => watcher.disconnect();
}

/** Call `calls[name]` at each of these events of the model; returns a function that stops it. */
function followModel(model, calls) {
  const listeners = Object.entries(calls);
  for (const [name, call] of listeners) model.on(name, call);
  return () => listeners.forEach(([name, call]) => model.off(name, call));
}

/**
 * Move through `items`, so many in a row, with the arrow keys, Home and End: `pick(item)` selects.
 * Enter and Space: `choose(item)`.
 */
function rove(container, items, pick, choose = pick, columns = 1) {
  container.onkeydown = (event) => {
    const all = items();
    const at = all.indexOf(document.activeElement);
    const steps = { ArrowDown: at + columns, ArrowRight: at + 1, ArrowUp: at - columns, ArrowLeft: at - 1, Home: 0, End: all.length - 1 };
    if (event.key in steps) {
      const next = all[steps[event.key]] ?? all[Math.max(0, at)]; // at an edge it stays
      next.focus();
      pick(next);
    } else if (event.key === "Enter" || event.key === " ") {
      if (at >= 0) choose(all[at]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

/**
 * Show `svg` in `holder` and make its groups selectable; returns a function that marks one.
 * Keys move (`onpick(key)`); a click, Enter and Space do what `onchoose(key)` does.
 */
function selectablePicture(holder, svg, onpick, onchoose = onpick, columns = 1) {
  const focused = holder.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  holder.innerHTML = svg;
  const groups = () => [...holder.querySelectorAll(".md-pick")];
  const mark = (key) => {
    const all = groups();
    const chosen = all.find((group) => group.dataset.key === key);
    for (const group of all) {
      group.setAttribute("aria-selected", String(group === chosen));
      group.setAttribute("tabindex", group === (chosen ?? all[0]) ? "0" : "-1");
    }
  };
  rove(holder, groups, (group) => onpick(group.dataset.key), (group) => onchoose(group.dataset.key), columns);
  holder.onclick = (event) => {
    const group = event.target.closest(".md-pick");
    if (group) {
      group.focus({ preventScroll: true });
      onchoose(group.dataset.key);
    }
  };
  if (focused) groups().find((group) => group.dataset.key === focused)?.focus({ preventScroll: true });
  return mark;
}

/** A region that a screen reader reads out when its text changes. */
function liveRegion() {
  return h("div", { class: "md-message", role: "status", "aria-live": "polite" });
}
