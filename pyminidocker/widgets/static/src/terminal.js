// The terminal: xterm.js on the page, bytes to and from Python.  Built into ../terminal.js, see
// ../README.md.  base.js is put before this file by the build.
import { Terminal } from "@xterm/xterm";
import { FitAddon } from "@xterm/addon-fit";

/** Colours from the view's own variables, so that the terminal follows the page's theme. */
function themeOf(root) {
  const styles = getComputedStyle(root);
  const colour = (name) => styles.getPropertyValue(`--md-${name}`).trim();
  return {
    background: colour("paper"), foreground: colour("ink"), cursor: colour("focus"), cursorAccent: colour("paper"),
    selectionBackground: colour("blue-edge"), selectionForeground: colour("paper"),
    black: colour("ink"), red: colour("red-edge"), green: colour("green-edge"), yellow: colour("orange-edge"),
    blue: colour("blue-edge"), magenta: colour("violet-edge"), cyan: colour("blue-text"), white: colour("muted"),
    brightBlack: colour("muted"), brightRed: colour("red-text"), brightGreen: colour("green-text"), brightYellow: colour("orange-text"),
    brightBlue: colour("blue-text"), brightMagenta: colour("violet-text"), brightCyan: colour("blue-text"), brightWhite: colour("ink"),
  };
}

function meaning(code) {
  if (code < 0) return "the engine was lost";
  const signals = { 129: "hung up", 130: "Ctrl-C", 137: "killed", 143: "terminated" };
  return `ended, exit code ${code}${code in signals ? ` (${signals[code]})` : ""}`;
}

function render({ model, el }) {
  const id = crypto.randomUUID?.() ?? String(Math.random());
  const state = h("span", { class: "md-state", role: "status", "aria-live": "polite" });
  const reader = h("button", {
    type: "button", onclick: () => { model.set("screen_reader", !model.get("screen_reader")); model.save_changes(); },
  }, "Screen reader");
  const end = h("button", { type: "button", onclick: () => model.send({ do: "end" }) }, "End");
  const screen = h("div", { class: "md-screen", role: "application", "aria-label": "Terminal. F6 leaves it." });
  const root = h("div", { class: "md-view md-terminal", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": `Terminal: ${model.get("title")}` },
    h("div", { class: "md-bar" }, h("span", { class: "md-title" }, model.get("title")), state, reader, end),
    screen,
    h("div", { class: "md-hint md-muted" }, "Click or Tab into the terminal to type; F6 leaves it."));
  el.append(root);

  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const term = new Terminal({
    fontFamily: getComputedStyle(root).getPropertyValue("--jp-code-font-family").trim() || "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    fontSize: 13, lineHeight: 1.2, scrollback: 4000, minimumContrastRatio: 4.5, drawBoldTextInBrightColors: false,
    cursorBlink: !reduced, screenReaderMode: model.get("screen_reader"), convertEol: false,
  });
  const fit = new FitAddon();
  term.loadAddon(fit);
  term.open(screen);
  term.attachCustomKeyEventHandler((event) => {
    if (event.key !== "F6") return true;
    if (event.type === "keydown") end.focus(); // Tab belongs to the shell; this key leads out
    return false;
  });

  let joined = false; // nothing is shown before the past was
  const refit = () => {
    if (screen.clientWidth === 0) return;
    fit.fit();
    if (!joined) model.send({ do: "ready", view: id, rows: term.rows, cols: term.cols });
  };
  const receive = (message, buffers) => {
    const bytes = () => new Uint8Array(buffers[0].buffer ?? buffers[0], buffers[0].byteOffset ?? 0, buffers[0].byteLength);
    if (message.do === "replay" && message.view === id && !joined) { joined = true; term.write(bytes()); }
    else if (message.do === "output" && joined) term.write(bytes());
  };
  const ended = () => {
    const code = model.get("exit_code");
    state.textContent = code === null ? "running" : meaning(code);
    state.classList.toggle("md-ended", code !== null);
    end.disabled = code !== null;
    term.options.disableStdin = code !== null;
    if (code !== null) term.options.cursorBlink = false;
  };
  const readable = () => {
    term.options.screenReaderMode = model.get("screen_reader");
    reader.setAttribute("aria-pressed", String(model.get("screen_reader")));
  };
  const keys = term.onData((data) => model.send({ do: "input", data }));
  const sizes = term.onResize(({ rows, cols }) => { if (joined) model.send({ do: "resize", rows, cols }); });
  model.on("msg:custom", receive);
  model.on("change:exit_code", ended);
  model.on("change:screen_reader", readable);
  ended(); readable();
  const watcher = new ResizeObserver(() => requestAnimationFrame(refit));
  watcher.observe(screen);
  const stopTheme = followTheme(root, () => { term.options.theme = themeOf(root); });
  return () => {
    model.off("msg:custom", receive);
    model.off("change:exit_code", ended);
    model.off("change:screen_reader", readable);
    watcher.disconnect(); stopTheme(); keys.dispose(); sizes.dispose(); term.dispose();
  };
}

export default { render };
