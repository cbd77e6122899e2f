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

const choose = () => { publish(); trigger("choose"); };
// Who changes an engine's option means that engine.
const chooseWith = (event) => {
  event.currentTarget.closest("li").querySelector("input[name=sm-engine]").checked = true;
  choose();
};
// An option's value of an earlier choice, else its default.
const valueOf = (engine, option) => {
  const { chosen } = props;
  const known = chosen && chosen.engine === engine.name ? chosen.options : {};
  return option.name in known ? known[option.name] : option.initial;
};
const control = (engine, option) => {
  const shared = { "data-option": option.name, "data-initial": String(option.initial), onchange: chooseWith };
  const value = valueOf(engine, option);
  if (option.kind === "choice") {
    const select = make("select", shared, ...option.choices.map((name, index) => make("option", { value: name, text: option.choice_labels[index] })));
    select.value = String(value);
    return select;
  }
  if (option.kind === "bool") return make("input", { type: "checkbox", checked: value === true || value === "true", ...shared });
  return make("input", {
    type: "number", min: option.minimum, max: option.maximum, value,
    step: option.kind === "int" ? 1 : "any", ...shared,
  });
};

const copyButton = (command) => nameFor(make("button", {
  type: "button", class: "sm-button sm-small",
  onclick: async (event) => {
    const button = event.currentTarget;
    try { await navigator.clipboard.writeText(command); }
    catch (problem) { // Clipboard access needs HTTPS or localhost; select the text instead.
      getSelection().selectAllChildren(button.previousElementSibling);
      return;
    }
    nameFor(button, label("copied"), command);
    setTimeout(() => nameFor(button, label("copy"), command), 1500);
  },
}), label("copy"), command);

// What an administrator does to get the engine; the others need not read it.
const setup = (engine) => [...new Set(engine.missing.map((missing) => missing.command))].flatMap((command) => {
  const same = engine.missing.filter((missing) => missing.command === command);
  const what = same.map((missing) => missing.label).join(label("comma"));
  const line = make("p", { class: "sm-about", text: label(command ? "missing" : "missing_only", { what }) });
  if (!command) return [line];
  return [line, make("div", { class: "sm-command" }, make("code", { text: command, tabindex: "0" }), copyButton(command))];
});

// A picture of the scene without the target, for an engine that uses one.
const platePicker = (engine) => {
  const input = make("input", { type: "file", accept: "image/png,image/jpeg", tabindex: "-1", hidden: true, "data-part": "plate" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try { trigger("clean_plate", { path: (await upload(file)).path }); }
    catch (problem) { trigger("clean_plate", { path: null }); } // The server words the error.
  });
  const button = make("button", { type: "button", class: "sm-button sm-small", onclick: () => input.click() });
  return [nameFor(button, label("clean_plate"), engine.label), input];
};

const card = (engine, index, chosen) => {
  const id = `sm-engine-${index}`;
  const item = make("li", { class: engine.available ? "sm-card" : "sm-card sm-off" },
    make("div", { class: "sm-card-head" },
      make("input", {
        type: "radio", class: "sm-radio", name: "sm-engine", id, value: engine.name, disabled: !engine.available,
        "aria-describedby": `${id}-about`, onchange: choose,
      }),
      make("label", { for: id, text: engine.label }),
      engine.initial ? make("span", { class: "sm-tag", text: label("auto") }) : null),
    make("p", { id: `${id}-about`, class: "sm-about", text: engine.description }));
  item.querySelector("input").checked = engine.name === chosen;
  if (engine.missing.length) item.append(...setup(engine));
  if (engine.available && engine.takes_clean_plate) item.append(...platePicker(engine));
  if (engine.available && engine.options.length) {
    item.append(make("details", {}, nameFor(make("summary"), label("options"), engine.label),
      ...engine.options.map((option) =>
        make("label", { class: "sm-option" }, make("span", { text: option.label }), control(engine, option)))));
  }
  return item;
};

const show = () => {
  const engines = props.engines || [];
  const restored = props.chosen && props.chosen.session !== list.dataset.session ? props.chosen.engine : "";
  if (props.chosen) list.dataset.session = props.chosen.session;
  const current = restored || (props.value && props.value.engine);
  const usable = engines.filter((engine) => engine.available);
  const preferred = usable.find((engine) => engine.name === current)
    || usable.find((engine) => engine.initial) || usable[0];
  root.querySelector("legend").textContent = label("title");
  const cards = engines.map((engine, index) => card(engine, index, preferred && preferred.name));
  list.replaceChildren(...cards.filter((item, index) => engines[index].available));
  // What only an administrator can change is folded away, with its commands.
  const missing = root.querySelector("[data-part=missing]");
  const absent = cards.filter((item, index) => !engines[index].available);
  missing.hidden = !absent.length;
  missing.querySelector("summary").textContent = label("setup", { count: absent.length });
  root.querySelector("[data-part=missing-list]").replaceChildren(...absent);
  publish();
};
watch(["engines", "texts", "chosen"], show);
show();
