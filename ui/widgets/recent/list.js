// The list of sessions: a line each with picture, name, state and size; renamed and deleted in place.
const wordsOf = (item, user) => [
  shownDate(item.created_at_s), item.status, item.size, user && item.owner !== user ? item.owner : "", item.kept ? label("kept") : "",
].filter(Boolean).join(" · ");
// The next answer replaces all lines, also one with a name that is being typed or a delete that is asked for. Until then
// they stay: the keyboard would lose its place in a list that is empty for a moment.
let isAnew = false;
const showAnew = () => { isAnew = true; show(); };
const ask = async (name, data) => {
  let answer = null;
  try { answer = await server[name]({ ...data, language: props.current.language }); } catch (problem) { answer = null; }
  if (answer && answer.ok) { showAnew(); return true; }
  notice([(answer && answer.text) || label("lost")]);
  return false;
};
const renaming = (item) => {
  const input = make("input", { type: "text", value: item.name, maxlength: 200, "aria-label": label("rename", { name: item.name }) });
  input.addEventListener("change", () => ask("rename_session", { session: item.id, name: input.value }));
  input.addEventListener("keydown", (event) => { if (event.key === "Escape") showAnew(); });
  return input;
};
const nameOf = (item) => make("a", { href: `?s=${encodeURIComponent(item.id)}`, text: item.name });
const deleting = (item) => askingTwice(make("button", {
  type: "button", class: "sm-icon", "data-part": "delete", "aria-label": label("delete", { name: item.name }), title: label(item.active ? "delete_active" : "delete", { name: item.name }),
  text: "×", disabled: item.active,
}), item.name, label("delete_sure"), () => ask("delete_session", { session: item.id }));
// Deleted sessions, which can be restored for a while.
const deletedLine = (item, user) => {
  const words = [label("deleted_at", { time: shownDate(item.deleted_at_s) }), item.size, user && item.owner !== user ? item.owner : ""];
  const purge = nameFor(make("button", { type: "button", class: "sm-button sm-small", "data-part": "purge" }), label("purge"), item.name);
  return make("li", { "data-deleted": item.id },
    make("div", { class: "sm-session-words" }, make("span", { text: item.name }), make("span", { class: "sm-hint", text: words.filter(Boolean).join(" · ") })),
    nameFor(make("button", {
      type: "button", class: "sm-button sm-small", "data-part": "restore", onclick: () => ask("restore_session", { session: item.id }),
    }), label("restore"), item.name),
    askingTwice(purge, item.name, label("purge_sure"), () => ask("purge_session", { session: item.id })));
};
const showDeleted = (items, user) => {
  const fold = root.querySelector("[data-part=deleted]");
  fold.hidden = !items.length;
  fold.querySelector("summary").textContent = label("deleted", { count: items.length });
  fold.querySelector("p").textContent = label("deleted_hint");
  const lines = fold.querySelector("ul");
  if (isAnew || !lines.querySelector("[data-sure]")) lines.replaceChildren(...items.map((item) => deletedLine(item, user)));
};
const lineOf = (item, user) => {
  const name = nameOf(item);
  const words = make("div", { class: "sm-session-words" }, name, make("span", { class: "sm-hint", text: wordsOf(item, user) }));
  if (item.active) {
    const bar = make("div", { class: "sm-session-bar" }, make("div"));
    bar.firstElementChild.style.width = `${Math.round(100 * item.fraction)}%`;
    words.append(bar);
  }
  const rename = make("button", {
    type: "button", class: "sm-icon", "data-part": "rename", text: "✎", "aria-label": label("rename", { name: item.name }), title: label("rename", { name: item.name }),
    onclick: () => { const input = renaming(item); words.firstElementChild.replaceWith(input); input.focus(); input.select(); },
  });
  const picture = make("img", { src: mediaUrl(item.id, "frame/0.jpg"), alt: "", loading: "lazy" });
  // It covers its place before and after it is stretched to the shape that players show.
  const aspect = item.pixel_aspect;
  if (aspect !== 1) picture.style.transform = aspect > 1 ? `scaleX(${aspect})` : `scaleY(${1 / aspect})`;
  return make("li", { "data-session": item.id },
    make("div", { class: "sm-session-picture" }, picture), words, rename, deleting(item));
};
