// Small helpers put in front of every widget's script. Text only ever goes in through textContent.
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
};
// A list has buttons of the same text in every line: their names for screen readers say of what.
const nameFor = (node, text, owner) => {
  node.textContent = text;
  node.setAttribute("aria-label", `${text} · ${owner}`);
  return node;
};
// A second press on the same button does it: nothing modal, nothing by accident.
const askingTwice = (button, owner, sure, act) => {
  button.onclick = () => {
    if (button.dataset.sure) { act(); return; }
    button.dataset.sure = "true";
    button.className = "sm-button sm-small sm-danger";
    nameFor(button, sure, owner);
  };
  return button;
};
const shownDate = (seconds) => new Date(seconds * 1000).toLocaleString(document.documentElement.lang, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
});
// "{count:frame|frames}" gives "1 frame" or "2 frames".
const fill = (template, values) =>
  String(template ?? "").replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, key, one, several) => {
    const value = String(values[key] ?? "");
    return one === undefined ? value : `${value} ${value === "1" ? one : several}`;
  });
const label = (key, values = {}) => fill((props.texts || {})[key] ?? "", values);
const mediaUrl = (session, path) => `media/${encodeURIComponent(session)}/${path}`;
const tell = (name, detail) => window.dispatchEvent(new CustomEvent(`splazmatte:${name}`, { detail }));
// A widget may be built again; listeners of one that left the page take themselves away.
const hear = (name, handler) => {
  const listener = (event) => {
    if (!element.isConnected) window.removeEventListener(`splazmatte:${name}`, listener);
    else handler(event.detail);
  };
  window.addEventListener(`splazmatte:${name}`, listener);
};
// The title of the window: what a job has reached, then the clip.
const showTitle = () => {
  const { job, clip } = document.body.dataset;
  document.title = [job, clip, "SplazMatte"].filter(Boolean).join(" · ");
};
// Width over height of the clip on the stage, as players show it.
const shownRatio = () => document.querySelector(".sm-viewer")?.style.getPropertyValue("--sm-ratio") || "1.78";
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const shownTime = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (value) => String(value).padStart(2, "0");
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
};
