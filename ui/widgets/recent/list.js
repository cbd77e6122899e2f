// The list of sessions: a line each with picture, name, state and size; renamed and deleted in place.
const timeOf = (item) => new Date(item.created_at_s * 1000).toLocaleString(document.documentElement.lang, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
});
const wordsOf = (item, user) => [
  timeOf(item), item.status, item.size, user && item.owner !== user ? item.owner : "", item.kept ? label("kept") : "",
].filter(Boolean).join(" · ");
const ask = async (name, data) => {
  let answer = null;
  try { answer = await server[name]({ ...data, language: props.current.language }); } catch (problem) { answer = null; }
  if (answer && answer.ok) { list.replaceChildren(); show(); return true; }
  notice([(answer && answer.text) || label("lost")]);
  return false;
};
const renaming = (item) => {
  const input = make("input", { type: "text", value: item.name, maxlength: 200, "aria-label": label("rename", { name: item.name }) });
  input.addEventListener("change", () => ask("rename_session", { session: item.id, name: input.value }));
  input.addEventListener("keydown", (event) => { if (event.key === "Escape") { list.replaceChildren(); show(); } });
  return input;
};
const nameOf = (item) => make("a", { href: `?s=${encodeURIComponent(item.id)}`, text: item.name });
// A second press on the same button deletes: nothing modal, nothing by accident.
const deleting = (item) => {
  const button = make("button", {
    type: "button", class: "sm-icon", "data-part": "delete", "aria-label": label("delete", { name: item.name }), title: label("delete", { name: item.name }),
    text: "×", disabled: item.active,
  });
  button.onclick = () => {
    if (button.dataset.sure) { ask("delete_session", { session: item.id }); return; }
    button.dataset.sure = "true";
    button.className = "sm-button sm-small sm-danger";
    button.textContent = label("delete_sure");
    button.removeAttribute("aria-label");
  };
  return button;
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
  return make("li", { "data-session": item.id },
    make("img", { class: "sm-session-picture", src: mediaUrl(item.id, "frame/0.jpg"), alt: "", loading: "lazy" }), words, rename, deleting(item));
};
