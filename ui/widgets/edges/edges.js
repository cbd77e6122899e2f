// Before and after on one frame, the preview's background and the edge controls; all from the kept alpha.
const root = element.querySelector(".sm-appearance");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const divider = root.querySelector("[data-part=divider]");
const slider = root.querySelector("[data-part=frame]");
const BACKGROUNDS = { checker: "checker", grey: "grey", green: "#00FF00", black: "#000000", white: "#FFFFFF" };
const SETTLE_MS = 120;
let background = "checker";
let edges = {};
let pending = null;

const result = () => props.result || null;
const chosenColour = () => {
  if (background === "own") return part("own").value.toUpperCase();
  return background === "picture" ? "picture" : BACKGROUNDS[background];
};
const publish = () => {
  props.value = { background: part("screen").value.toUpperCase(), preview_background: chosenColour(), edges };
  showApplied();
};
// The stage shows what is chosen at once: that the files don't have it yet must be said.
const isApplied = () => {
  if (!result() || result().picture) return !result();
  const made = result();
  const screen = made.background.startsWith("#") ? made.background : "#00ff00";
  return part("screen").value.toUpperCase() === screen.toUpperCase()
    && chosenColour().toUpperCase() === made.preview_background.toUpperCase()
    && Object.entries(made.edges).every(([name, value]) => Number(edges[name]) === Number(value));
};
const showApplied = () => {
  const applied = isApplied();
  root.dataset.applied = String(applied);
  part("hint").textContent = applied ? label("apply_hint") : label("unapplied");
  part("apply").classList.toggle("sm-primary", !applied);
};

const showStill = () => {
  if (!result()) return;
  publish();
  const frame = Number(slider.value);
  const query = new URLSearchParams({ ...edges, background: chosenColour(), v: `${result().version}-${result().picture ?? ""}` });
  const before = mediaUrl(result().session, `frame/${frame}.jpg`);
  const after = mediaUrl(result().session, `still/${frame}.jpg?${query}`);
  if (part("before").getAttribute("src") !== before) part("before").src = before;
  if (part("after").getAttribute("src") !== after) part("after").src = after;
  const { session, made } = result();
  tell("appearance", { session, made, edges: { ...edges }, background: chosenColour(), v: query.get("v") });
};
const soon = () => { clearTimeout(pending); pending = setTimeout(showStill, SETTLE_MS); };
const showDivider = () => root.style.setProperty("--sm-divide", `${divider.value}%`);

const edgeControl = (spec) => {
  // Without a live region: the slider says its own value.
  const output = make("span", { class: "sm-amount", "aria-hidden": "true", text: String(edges[spec.name]) });
  const input = make("input", {
    type: "range", min: spec.minimum, max: spec.maximum, step: spec.step, value: edges[spec.name], "data-edge": spec.name,
    "aria-label": spec.label,
    oninput: (event) => {
      edges = { ...edges, [spec.name]: Number(event.target.value) };
      output.textContent = event.target.value;
      soon();
    },
  });
  return make("label", { class: "sm-edge" }, make("span", { text: spec.label }), output, input);
};
const showEdges = () => part("edges").replaceChildren(...(props.specs || []).map(edgeControl));

const showBackgrounds = () => {
  const names = [...Object.keys(BACKGROUNDS), "own"];
  names.push("picture");
  part("backgrounds").replaceChildren(...names.map((name) => make("button", {
    type: "button", class: "sm-button", "aria-pressed": String(name === background), "data-background": name, text: label(name),
    onclick: () => (name === "picture" ? part("file").click() : choose(name)),
  })));
  part("own").hidden = background !== "own";
};
const choose = (name) => {
  background = name;
  for (const node of part("backgrounds").children) node.setAttribute("aria-pressed", String(node.dataset.background === name));
  part("own").hidden = name !== "own";
  showStill();
};

const showChosen = () => {
  if (result()) return;
  if (props.chosen) props.value = props.chosen;
  // Another session has no such picture.
  else if (props.value?.preview_background === "picture") props.value = { ...props.value, preview_background: "checker" };
};
let shownResult = "";
const showResult = () => {
  root.hidden = !result();
  showChosen();
  if (!result()) return;
  const { ratio, first, last, frame, session, made } = result();
  root.style.setProperty("--sm-ratio", String(ratio));
  slider.min = first; slider.max = last;
  if (Number(slider.value) < first || Number(slider.value) > last || slider.dataset.session !== session) slider.value = frame;
  slider.dataset.session = session;
  // What is being chosen outlasts a new picture, and the same result in another language.
  const isOther = shownResult !== `${session} ${made}`;
  shownResult = `${session} ${made}`;
  if (isOther) edges = { ...result().edges };
  if (isOther || result().picture) takeBackgrounds();
  showBackgrounds(); showEdges(); showStill();
};
const takeBackgrounds = () => {
  const known = Object.entries(BACKGROUNDS).find(([, value]) => value === result().preview_background);
  background = known ? known[0] : result().preview_background === "picture" ? "picture" : "own";
  if (background === "own") part("own").value = result().preview_background;
  part("screen").value = result().background.startsWith("#") ? result().background : "#00ff00";
};
const showTexts = () => {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = label(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", label(node.dataset.label));
  showBackgrounds(); showEdges(); showApplied();
};

divider.addEventListener("input", showDivider);
slider.addEventListener("input", soon);
part("own").addEventListener("input", soon);
part("screen").addEventListener("input", publish);
part("file").addEventListener("change", async () => {
  const [file] = part("file").files;
  part("file").value = "";
  if (!file) return;
  try { trigger("picture", { path: (await upload(file)).path }); }
  catch (problem) { trigger("picture", { path: null }); } // The server words the error.
});
part("reset").onclick = () => {
  edges = { ...edges, ...Object.fromEntries((props.specs || []).map((spec) => [spec.name, spec.initial])) };
  showEdges(); showStill();
};
part("apply").onclick = () => { publish(); trigger("apply"); };
part("after").addEventListener("load", () => { root.dataset.after = part("after").getAttribute("src"); });
watch("result", showResult);
watch("chosen", showChosen);
watch(["texts", "specs"], showTexts);
showTexts();
showResult();
showDivider();
