// @ts-check
// Questions with radio buttons: native controls, so that keyboard and screen reader work as usual.
// Choosing is not answering: arrow keys move through the options, the button sends the answer.

const CSS = `
.mdq { color: var(--jp-content-font-color1, inherit); max-width: 52em; font-size: 1em; }
.mdq fieldset { border: 1px solid var(--jp-border-color1, #757575); border-radius: 4px;
  margin: 0 0 12px; padding: 8px 14px 10px; }
.mdq legend { font-weight: 600; padding: 0 6px; }
.mdq .text { margin: 2px 0 8px; }
.mdq label { display: flex; gap: 8px; align-items: baseline; padding: 3px 4px; cursor: pointer;
  border-radius: 3px; }
.mdq label:hover { background: var(--jp-layout-color2, #eee); }
.mdq input:focus-visible, .mdq button:focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1565c0); outline-offset: 2px; }
.mdq button { margin-top: 8px; padding: 4px 12px; border-radius: 3px; cursor: pointer;
  border: 1px solid var(--jp-border-color0, #555); color: var(--jp-content-font-color1, #111);
  background: var(--jp-layout-color2, #eee); font: inherit; }
.mdq .say { margin: 8px 0 0; min-height: 1.4em; padding-left: 10px; border-left: 4px solid transparent; }
.mdq .say[data-mood="met"] { border-left-color: #2e7d32; }
.mdq .say[data-mood="note"] { border-left-color: #1565c0; }
.mdq .say[data-mood="not yet"] { border-left-color: #b26a00; }
.mdq code { font-family: var(--jp-code-font-family, monospace); }
`;

/** @param {HTMLElement} at @param {string} text back-ticked words become code */
function write(at, text) {
  at.replaceChildren(
    ...text.split("`").map((part, number) => {
      if (number % 2 === 0) return document.createTextNode(part);
      const code = document.createElement("code");
      code.textContent = part;
      return code;
    }),
  );
}

/** @param {{model: any, el: HTMLElement}} context */
function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "mdq";
  root.dataset.lmSuppressShortcuts = "true";
  const style = document.createElement("style");
  style.textContent = CSS;
  root.append(style);
  el.append(root);
  /** @type {Map<string, HTMLElement>} */
  const says = new Map();
  const button_text = model.get("button");
  // Radio buttons of one name exclude each other in the whole page, so names must be unique there.
  const unique = `mdq-${Math.random().toString(36).slice(2)}`;

  for (const question of model.get("questions")) {
    const group = `${unique}-${question.id}`;
    const field = document.createElement("fieldset");
    field.dataset.question = question.id;
    const legend = document.createElement("legend");
    legend.textContent = question.title;
    const text = document.createElement("p");
    text.className = "text";
    text.id = `${group}-text`;
    write(text, question.text);
    field.setAttribute("aria-describedby", text.id);
    field.append(legend, text);

    for (const option of question.options) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "radio";
      input.name = group;
      input.value = option.key;
      input.checked = model.get("answers")[question.id] === option.key;
      const words = document.createElement("span");
      write(words, `${option.key}. ${option.text}`);
      label.append(input, words);
      field.append(label);
    }

    const button = document.createElement("button");
    button.type = "button";
    button.textContent = button_text;
    button.setAttribute("aria-describedby", text.id);
    const say = document.createElement("p");
    say.className = "say";
    say.setAttribute("role", "status");
    say.setAttribute("aria-live", "polite");
    says.set(question.id, say);
    button.addEventListener("click", () => {
      const chosen = field.querySelector("input:checked");
      if (!(chosen instanceof HTMLInputElement)) {
        say.dataset.mood = "not yet";
        write(say, "→ Choose one of the options first.");
        return;
      }
      model.set("answers", { ...model.get("answers"), [question.id]: chosen.value });
      model.save_changes();
    });
    field.append(button, say);
    root.append(field);
  }

  function show() {
    for (const [id, message] of Object.entries(model.get("messages"))) {
      const say = says.get(id);
      if (!say) continue;
      say.dataset.mood = message.mood;
      write(say, message.text);
    }
  }
  model.on("change:messages", show);
  show();
  return () => model.off("change:messages", show);
}

export default { render };
