// The targets of the clip: marks go to the chosen one; each has a name, a colour, and may be hidden or locked.
const root = element.querySelector(".sm-targets");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const ICONS = {
  shown: "M1 8s2.6-4.5 7-4.5S15 8 15 8s-2.6 4.5-7 4.5S1 8 1 8z M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  hidden: "M1 8s2.6-4.5 7-4.5S15 8 15 8s-2.6 4.5-7 4.5S1 8 1 8z M2 14L14 2",
  locked: "M3.5 7.5h9v6h-9z M5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  open: "M3.5 7.5h9v6h-9z M5.5 7.5V5a2.5 2.5 0 0 1 4.9-.8",
};
let chosen = 1;
const targets = () => props.targets || [];
const icon = (name) => {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  picture.append(path);
  return picture;
};
const choose = (id) => { if (id !== chosen) { chosen = id; tell("target", { id }); showChosen(); } };
const showChosen = () => {
  for (const row of part("list").children) {
    const isChosen = Number(row.dataset.target) === chosen;
    row.dataset.chosen = String(isChosen);
    row.querySelector(".sm-radio").checked = isChosen;
  }
};
const change = (target, values) => trigger("edit", { target: target.id, ...values });
const toggle = (target, name, icons, text) => make("button", {
  type: "button", class: "sm-icon", "data-toggle": name, "aria-pressed": String(target[name]),
  "aria-label": label(text, { name: target.label }), title: label(text, { name: target.label }),
  onclick: () => change(target, { [name]: !target[name] }),
}, icon(icons[target[name] ? 0 : 1]));

const row = (target) => {
  const item = make("li", { class: "sm-target", "data-target": target.id },
    make("input", {
      type: "radio", class: "sm-radio", name: "sm-target", "aria-label": label("choose", { name: target.label }), onchange: () => choose(target.id),
    }),
    make("input", {
      type: "color", value: target.colour, "aria-label": label("colour", { name: target.label }),
      onchange: (event) => change(target, { colour: event.target.value }),
    }),
    make("input", {
      type: "text", value: target.name, placeholder: target.label, maxlength: 60, "aria-label": label("name", { name: target.label }),
      onfocus: () => choose(target.id),
      onchange: (event) => change(target, { name: event.target.value }),
    }),
    toggle(target, "shown", ["shown", "hidden"], "shown"),
    toggle(target, "locked", ["locked", "open"], "locked"),
    make("button", {
      type: "button", class: "sm-icon", "data-part": "remove", text: "×", "aria-label": label("remove", { name: target.label }),
      title: label("remove", { name: target.label }),
      disabled: target.locked || (targets().length === 1 && !target.frames.length && !target.name),
      onclick: () => trigger("discard", { target: target.id }),
    }));
  item.addEventListener("click", (event) => { if (event.target === item) choose(target.id); });
  return item;
};
const show = () => {
  root.hidden = !targets().length;
  part("title").textContent = label("title");
  part("add").textContent = label("add");
  if (props.added && props.added !== root.dataset.added) {
    root.dataset.added = props.added;
    const id = Number(props.added.split(" ")[0]);
    if (targets().some((target) => target.id === id)) { chosen = 0; choose(id); }
  }
  if (targets().length && !targets().some((target) => target.id === chosen)) choose(targets()[0].id);
  const typing = root.contains(document.activeElement) ? document.activeElement.closest("li")?.dataset.target : null;
  part("list").replaceChildren(...targets().map(row));
  if (typing) part("list").querySelector(`[data-target="${typing}"] input[type=text]`)?.focus();
  showChosen();
};
part("add").onclick = () => trigger("create", {});
hear("target", (detail) => { chosen = detail.id; showChosen(); });
watch(["targets", "texts", "added"], show);
show();
