// @ts-check
// Lines to put in order, with buttons rather than dragging: the same path for mouse and keyboard.

const CSS = `
.mdp { color: var(--jp-content-font-color1, inherit); max-width: 52em; }
.mdp .text { margin: 2px 0 8px; }
.mdp ol { margin: 0; padding: 0; list-style: none; }
.mdp li { display: flex; gap: 8px; align-items: center; padding: 4px 6px; margin: 0 0 4px;
  border: 1px solid var(--jp-border-color1, #757575); border-radius: 4px;
  background: var(--jp-layout-color1, #fff); }
.mdp li .words { flex: 1; font-family: var(--jp-code-font-family, monospace); font-size: 0.92em; }
.mdp li .place { min-width: 5.5em; }
.mdp button { padding: 2px 10px; border-radius: 3px; cursor: pointer; font: inherit;
  border: 1px solid var(--jp-border-color0, #555); color: var(--jp-content-font-color1, #111);
  background: var(--jp-layout-color2, #eee); }
.mdp button:disabled { opacity: 0.5; cursor: default; }
.mdp button:focus-visible { outline: 2px solid var(--jp-brand-color1, #1565c0); outline-offset: 2px; }
.mdp .say { min-height: 1.4em; margin: 6px 0 0; }
`;

/** @param {{model: any, el: HTMLElement}} context */
function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "mdp";
  root.dataset.lmSuppressShortcuts = "true";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", model.get("title"));
  const style = document.createElement("style");
  style.textContent = CSS;
  const text = document.createElement("p");
  text.className = "text";
  text.textContent = model.get("task");
  const list = document.createElement("ol");
  const say = document.createElement("p");
  say.className = "say";
  say.setAttribute("role", "status");
  say.setAttribute("aria-live", "polite");
  root.append(style, text, list, say);
  el.append(root);

  /** @param {number} from @param {number} to */
  function move(from, to) {
    const order = [...model.get("order")];
    const [name] = order.splice(from, 1);
    order.splice(to, 0, name);
    model.set("order", order);
    model.save_changes();
    say.textContent = `${name} is now ${to + 1} of ${order.length}, counted from the bottom.`;
    const up = to > from;
    // The rows are drawn anew: give the focus back to the button that was pressed, or to its twin.
    const row = [...list.children].find((one) => one.getAttribute("data-name") === name);
    const buttons = row ? [...row.querySelectorAll("button")].filter((one) => !one.disabled) : [];
    const same = buttons.find((one) => one.dataset.move === (up ? "up" : "down"));
    (same ?? buttons[0])?.focus();
  }

  function show() {
    const order = model.get("order");
    const lines = model.get("lines");
    // The last layer is drawn on top, as it lies on disk.
    const rows = order.map((/** @type {string} */ name, /** @type {number} */ place) => {
      const row = document.createElement("li");
      row.dataset.name = name;
      const where = document.createElement("span");
      where.className = "place";
      where.textContent = place === 0 ? "bottom" : place === order.length - 1 ? "top" : `${place + 1}`;
      const words = document.createElement("span");
      words.className = "words";
      words.textContent = `${name}: ${lines[name]}`;
      const up = document.createElement("button");
      up.type = "button";
      up.textContent = "↑ up";
      up.dataset.move = "up";
      up.disabled = place === order.length - 1;
      up.setAttribute("aria-label", `Move ${name} up`);
      up.addEventListener("click", () => move(place, place + 1));
      const down = document.createElement("button");
      down.type = "button";
      down.textContent = "↓ down";
      down.dataset.move = "down";
      down.disabled = place === 0;
      down.setAttribute("aria-label", `Move ${name} down`);
      down.addEventListener("click", () => move(place, place - 1));
      row.append(where, words, up, down);
      return row;
    });
    list.replaceChildren(...rows.reverse());
  }
  model.on("change:order", show);
  show();
  return () => model.off("change:order", show);
}

export default { render };
