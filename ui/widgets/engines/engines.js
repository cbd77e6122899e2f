// The engine choice: what each is for, and for a missing one the command that gets it.
const root = element.querySelector(".sm-engines");
const list = root.querySelector("[data-part=list]");

const publish = () => {
  const chosen = root.querySelector("input[name=sm-engine]:checked");
  const options = {};
  if (chosen) {
    for (const input of chosen.closest("li").querySelectorAll("[data-option]")) {
      const isSame = input.type === "checkbox" ? input.checked === (input.dataset.initial === "true")
        : input.value === input.dataset.initial;
      if (!isSame) options[input.dataset.option] = input.type === "checkbox" ? input.checked : input.value;
    }
  }
  props.value = { engine: chosen ? chosen.value : "auto", options };
};

const control = (option) => {
  const shared = { "data-option": option.name, "data-initial": String(option.initial), onchange: publish };
  if (option.kind === "choice") {
    const select = make("select", shared, ...option.choices.map((name) => make("option", { value: name, text: name })));
    select.value = String(option.initial);
    return select;
  }
  if (option.kind === "bool") return make("input", { type: "checkbox", checked: option.initial, ...shared });
  return make("input", {
    type: "number", min: option.minimum, max: option.maximum, value: option.initial,
    step: option.kind === "int" ? 1 : "any", ...shared,
  });
};

const copyButton = (command) => make("button", {
  type: "button", class: "sm-button sm-small", text: label("copy"),
  onclick: async (event) => {
    const button = event.currentTarget;
    try { await navigator.clipboard.writeText(command); }
    catch (problem) { // Clipboard access needs HTTPS or localhost; select the text instead.
      getSelection().selectAllChildren(button.previousElementSibling);
      return;
    }
    button.textContent = label("copied");
    setTimeout(() => { button.textContent = label("copy"); }, 1500);
  },
});

// What an administrator does to get the engine; the others need not read it.
const setup = (engine) => [...new Set(engine.missing.map((missing) => missing.command))].flatMap((command) => {
  const same = engine.missing.filter((missing) => missing.command === command);
  const what = same.map((missing) => missing.label).join(label("comma"));
  const line = make("p", { class: "sm-about", text: label(command ? "missing" : "missing_only", { what }) });
  if (!command) return [line];
  return [line, make("div", { class: "sm-command" }, make("code", { text: command, tabindex: "0" }), copyButton(command))];
});

const card = (engine, index, chosen) => {
  const id = `sm-engine-${index}`;
  const item = make("li", { class: engine.available ? "sm-card" : "sm-card sm-off" },
    make("div", { class: "sm-card-head" },
      make("input", {
        type: "radio", class: "sm-radio", name: "sm-engine", id, value: engine.name, disabled: !engine.available,
        "aria-describedby": `${id}-about`, onchange: publish,
      }),
      make("label", { for: id, text: engine.label }),
      engine.initial ? make("span", { class: "sm-tag", text: label("auto") }) : null),
    make("p", { id: `${id}-about`, class: "sm-about", text: engine.description }));
  item.querySelector("input").checked = engine.name === chosen;
  if (engine.missing.length) item.append(make("details", {}, make("summary", { text: label("setup") }), ...setup(engine)));
  if (engine.available && engine.options.length) {
    item.append(make("details", {}, make("summary", { text: label("options") }),
      ...engine.options.map((option) =>
        make("label", { class: "sm-option" }, make("span", { text: option.label }), control(option)))));
  }
  return item;
};

const show = () => {
  const engines = props.engines || [];
  const current = props.value && props.value.engine;
  const usable = engines.filter((engine) => engine.available);
  const preferred = usable.find((engine) => engine.name === current)
    || usable.find((engine) => engine.initial) || usable[0];
  root.querySelector("legend").textContent = label("title");
  list.replaceChildren(...engines.map((engine, index) => card(engine, index, preferred && preferred.name)));
  publish();
};
watch(["engines", "texts"], show);
show();
