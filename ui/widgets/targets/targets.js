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
  showRows();
  showChosen();
};
// Each answer brings the list again. A name that is being typed stays as it is, also in the middle of a composed character.
const showRows = () => {
  const isSame = root.dataset.session === props.session;
  root.dataset.session = props.session;
  const held = isSame && document.activeElement?.matches("input[type=text]") ? document.activeElement : null;
  const place = root.contains(document.activeElement) ? placeOf(document.activeElement) : "";
  const typed = held && part("list").contains(held) ? held.closest("li") : null;
  for (const item of [...part("list").children]) if (item !== typed) item.remove();
  let isAfter = false;
  for (const target of targets()) {
    const item = row(target);
    if (typed && Number(typed.dataset.target) === target.id) { isAfter = true; renewAround(held, typed, item); }
    else if (typed && !isAfter) typed.before(item);
    else part("list").append(item);
  }
  if (typed && !isAfter) typed.remove();
  if (isSame && !typed && place) part("list").querySelector(place)?.focus();
};
// What stands around the field that is typed in becomes that of the new row; the field takes the new name unless it was changed.
const renewAround = (field, item, made) => {
  const fresh = made.querySelector("input[type=text]");
  if (field.value === field.defaultValue) field.value = fresh.value;
  field.defaultValue = fresh.defaultValue;
  field.placeholder = fresh.placeholder;
  field.setAttribute("aria-label", fresh.getAttribute("aria-label"));
  const parts = [...made.children];
  const place = parts.indexOf(fresh);
  for (const node of [...item.children]) if (node !== field) node.remove();
  field.before(...parts.slice(0, place));
  field.after(...parts.slice(place + 1));
};
// The control of a row, as a selector that finds it in the list made again.
const placeOf = (node) => {
  const target = node.closest("li")?.dataset.target;
  if (!target) return "";
  const { toggle, part: name } = node.dataset;
  const control = (toggle && `[data-toggle=${toggle}]`) || (name && `[data-part=${name}]`) || `input[type=${node.type}]`;
  return `[data-target="${target}"] ${control}`;
};
part("add").onclick = () => trigger("create", {});
hear("target", (detail) => { chosen = detail.id; showChosen(); });
watch(["targets", "texts", "added"], show);
show();
