// The viewer: puts the parts together and shows what the server says.
const setTool = (tool) => {
  state.tool = tool;
  if (tool !== "polygon") state.polygon = null;
  state.corner = null;
  showButtons(); showChips(); drawInk();
};
const setMode = (mode) => {
  if (["over", "wipe"].includes(mode) && !result()) return;
  state.mode = mode;
  root.dataset.mode = mode;
  if (player.isPlaying) prepareMatte();
  showButtons();
  refresh(); drawInk();
};
const place = (frame) => {
  state.frame = clamp(Math.round(frame), 0, clip().frames - 1);
  scrub.value = state.frame;
  const where = label("frame_of", { frame: state.frame, last: clip().frames - 1, time: timecode(state.frame) });
  part("where").textContent = where;
  scrub.setAttribute("aria-valuetext", where);
  drawTimeline();
};
// Where this tab was, for a reload.
const placeKey = () => `splazmatte.place.${clip().session}`;
const savePlace = () => { try { sessionStorage.setItem(placeKey(), JSON.stringify([state.frame, state.target])); } catch (problem) { /* private mode */ } };
const restorePlace = () => {
  let saved = null;
  try { saved = JSON.parse(sessionStorage.getItem(placeKey())); } catch (problem) { saved = null; }
  if (!Array.isArray(saved)) return;
  state.frame = clamp(saved[0], 0, clip().frames - 1);
  if (targets().some((one) => one.id === saved[1])) tell("target", { id: saved[1] });
};
const showFrame = (frame, isQuiet = false) => {
  if (!clip()) return;
  const before = state.frame;
  place(frame);
  if (state.frame !== before) Object.assign(state, { corner: null, drag: null, cursor: null, polygon: null });
  if (isQuiet) return;
  savePlace();
  publish(); showButtons(); showKeyframes(); showReview(); drawInk();
  refresh();
};

const toolButton = (tool) => make("button", {
  type: "button", class: "sm-button", "data-tool": tool, title: label(`tool_${tool}_hint`), "aria-pressed": String(state.tool === tool),
  text: label(`tool_${tool}`), onclick: () => setTool(tool),
});
const modeButton = (mode) => make("button", {
  type: "button", class: "sm-button", "data-show": mode, title: label(`mode_${mode}_hint`), "aria-pressed": String(state.mode === mode),
  text: label(`mode_${mode}`), onclick: () => setMode(mode),
});
const showButtons = () => {
  if (!part("tools").children.length) return;
  for (const node of part("tools").children) node.setAttribute("aria-pressed", String(node.dataset.tool === state.tool));
  for (const node of part("modes").children) {
    node.setAttribute("aria-pressed", String(node.dataset.show === state.mode));
    node.disabled = ["over", "wipe"].includes(node.dataset.show) && !result();
  }
  ink.dataset.tool = state.tool;
  part("size").parentElement.hidden = !["brush", "erase"].includes(state.tool);
  part("wipe").hidden = state.mode !== "wipe";
  // Nothing is overlaid there; with what is chosen for the left side the bar would need a second line.
  part("opacity").parentElement.hidden = state.mode === "wipe";
  part("left").parentElement.hidden = state.mode !== "wipe" || !versions().length;
  part("undo").disabled = !state.done.length;
  part("redo").disabled = !state.undone.length;
  if (!clip()) return;
  part("clear").disabled = !hasMarks(promptOf(state.frame)) && !keyframeAt(state.frame);
  const { range } = state;
  const isWhole = range.first === 0 && range.last === clip().frames - 1;
  part("range").textContent = isWhole ? "" : label("range", range);
  part("whole").hidden = isWhole;
};
const hint = (name) => label(name, { exclude: label(matchMedia("(pointer: coarse)").matches ? "exclude_by_touch" : "exclude_by_mouse") });
// On a stage that was reached by the keyboard the keys are named.
const isKeyed = () => isOnStage() && (Boolean(state.cursor) || ink.matches(":focus-visible"));
const keyedHint = () => {
  if (!state.cursor) return "keys_start";
  if (state.tool === "box") return state.corner ? "keys_corner" : "keys_box";
  if (["brush", "erase"].includes(state.tool)) return "keys_stroke";
  return state.tool === "polygon" ? "keys_polygon" : "keys_point";
};
// A tool in hand says what it does; before that come what is found, and what there is to choose from.
const noteOf = (item, isChoice) => {
  if (!clip()) return "";
  if (isLocked()) return label("locked");
  if (isKeyed()) return label(keyedHint());
  if (item && item.note) return item.note;
  if (isChoice && item.instances.length > 1) return label("hint_choice");
  if (state.tool !== "select") return label(`tool_${state.tool}_hint`);
  if (item) return hint("hint");
  return hasResult(state.frame) ? label("hint_result") : hint("none_here");
};
const showNote = () => {
  const item = keyframeAt(state.frame);
  const text = noteOf(item, Boolean(item && item.alternatives));
  if (part("note").textContent !== text) part("note").textContent = text; // It is read out when it changes.
};
const showChips = () => {
  const item = keyframeAt(state.frame);
  const instances = item ? item.instances : [];
  const isChoice = Boolean(item && item.alternatives);
  showNote();
  // One answer to a click is no choice.
  const listed = isChoice && instances.length < 2 ? [] : instances;
  // A group of nothing would be read out all the same.
  const names = { role: isChoice ? "radiogroup" : "group", "aria-label": label(isChoice ? "alternatives" : "objects") };
  for (const [name, value] of Object.entries(names)) {
    if (listed.length) part("chips").setAttribute(name, value);
    else part("chips").removeAttribute(name);
  }
  part("chips").replaceChildren(...listed.map((instance, index) => chipOf(item, instance, index, isChoice)));
};
const chipOf = (item, instance, index, isChoice) => {
  const isKept = item.kept.includes(instance.id);
  const name = isChoice ? label("alternative", { number: index + 1 }) : instance.label || label("instance", { number: index + 1 });
  const swatch = make("span", { class: "sm-swatch", "aria-hidden": "true" });
  swatch.style.background = colour(item, index);
  const states = isChoice ? { role: "radio", "aria-checked": String(isKept) } : { "aria-pressed": String(isKept) };
  return make("button", {
    type: "button", class: "sm-chip", "data-instance": instance.id, ...states, onclick: () => chooseInstance(instance.id),
  }, swatch, make("span", { text: name }), isChoice ? null : make("span", { class: "sm-chip-state", text: label(isKept ? "kept" : "dropped") }));
};
const showWeakest = () => {
  part("weakest").hidden = !(props.weakest >= 0);
  if (!part("weakest").hidden) part("weakest").textContent = label("weakest", { frame: props.weakest });
};
// A long name would push the timeline out of view; its beginning and end tell takes apart.
const LONGEST_NAME = 48;
const shortName = (name) => (name.length > LONGEST_NAME ? `${name.slice(0, 28)}…${name.slice(-16)}` : name);
const showTexts = () => {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = label(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", label(node.dataset.label));
  for (const node of root.querySelectorAll("[data-title]")) node.title = label(node.dataset.title);
  part("tools").replaceChildren(...TOOLS.map(toolButton));
  part("modes").replaceChildren(...MODES.map(modeButton));
  part("files").accept = [...(props.formats || []), ...(props.pictures || [])].map((name) => `.${name}`).join(",");
  if (clip()) {
    part("clip").textContent = label(clip().is_variable_rate ? "clip_variable" : "clip", { ...clip(), name: shortName(clip().name) });
    part("clip").title = clip().name;
    settleCamera();
    part("notes").replaceChildren(...(clip().notes || []).map((text) => make("li", { text })));
    part("notes").hidden = !(clip().notes || []).length;
    place(state.frame);
  }
  showKeyframes(); showReview(); showWeakest(); showChips(); showButtons(); showCompared();
  if (!part("keys").hidden) showHelp(true);
};
// Whether the last thing done was a key: what it was done on may have gone from the page.
let isByKey = false;
const onInput = (event) => {
  if (!element.isConnected) { for (const name of ["keydown", "pointerdown"]) document.removeEventListener(name, onInput, true); return; }
  isByKey = event.type === "keydown";
};
for (const name of ["keydown", "pointerdown"]) document.addEventListener(name, onInput, true);
const showClip = () => {
  root.classList.toggle("sm-loaded", Boolean(clip()));
  if (clip() && isByKey && [document.body, part("drop"), part("stop-sending")].includes(document.activeElement)) ink.focus();
  dropPlayback();
  state.cuts = [];
  document.body.dataset.clip = clip() ? clip().name : "";
  showTitle();
  if (!clip()) return;
  const { width, height, pixel_aspect: aspect, frames, first, last, start } = clip();
  root.style.setProperty("--sm-ratio", String(width * aspect / height));
  root.dataset.aspect = String(aspect);
  root.dataset.size = `${width} ${height}`;
  scrub.max = frames - 1;
  Object.assign(state, { range: { first: first ?? 0, last: last ?? frames - 1 }, frame: start ?? 0, sequence: 0, answered: 0, asked: new Map(), cursor: null, corner: null, polygon: null, drag: null, made: "", mode: "mask" });
  tell("target", { id: targets().some((one) => one.id === state.target) ? state.target : (targets()[0] || { id: 1 }).id });
  camera.isFit = true;
  shown = { frame: -1, ...NOTHING };
  adoptKeyframes();
  restorePlace();
  showTexts();
  publish();
  setBusy();
  resendPending();
  requestAnimationFrame(() => { settleCamera(); showFrame(state.frame); });
  takeResult();
  setTimeout(() => { if (element.isConnected) preparePlayback(); }, 2500);
};
// What the wipe shows on the left: the source, or an earlier result.
const showCompared = () => {
  const names = [[0, label("mode_source")], ...versions().map((one) => [one.version, one.label])];
  part("left").replaceChildren(...names.map(([value, text]) => make("option", { value, text })));
  part("left").value = compared() ? state.compared : 0;
};
const compareWith = (version) => {
  state.compared = version;
  prepareCompared();
  showCompared();
  if (state.mode !== "wipe") setMode("wipe"); else refresh();
};
const takeResult = () => {
  prepareResult();
  prepareCompared();
  showCompared();
  if (!result() && ["over", "wipe"].includes(state.mode)) setMode("mask");
  // A result that has just come is shown at once; it may come before or after its clip.
  else if (result() && state.made !== result().made) {
    state.made = result().made;
    setMode("over");
  }
  showButtons(); refresh();
};

part("undo").onclick = undo;
part("redo").onclick = redo;
part("clear").onclick = clearFrame;
part("first").onclick = () => { pause(); showFrame(0); };
part("last").onclick = () => { pause(); showFrame(clip().frames - 1); };
part("previous").onclick = () => { pause(); showFrame(state.frame - 1); };
part("next").onclick = () => { pause(); showFrame(state.frame + 1); };
part("play").onclick = togglePlay;
part("loop").onclick = () => setLoop(!state.isLooping);
part("in").onclick = () => setRange({ first: state.frame });
part("out").onclick = () => setRange({ last: state.frame });
part("whole").onclick = () => setRange({ first: 0, last: clip().frames - 1 });
part("zoom-in").onclick = () => zoomBy(1.25);
part("zoom-out").onclick = () => zoomBy(0.8);
part("zoom-fit").onclick = zoomFit;
part("zoom-one").onclick = () => zoomOne();
part("help").onclick = toggleHelp;
part("keys").onclick = () => showHelp(false);
part("size").addEventListener("input", () => setBrush(Number(part("size").value)));
part("opacity").addEventListener("input", draw);
part("wipe").addEventListener("input", draw);
part("left").addEventListener("change", () => compareWith(Number(part("left").value)));
part("review-next").onclick = () => goToReview(1);
part("review-previous").onclick = () => goToReview(-1);
part("weakest").addEventListener("click", () => showFrame(props.weakest));
// A press on a button leaves the keys with the stage; Tab still reaches it.
root.addEventListener("mousedown", (event) => { if (event.target.closest("button") && clip()) event.preventDefault(); });
let scrubbing = null;
scrub.addEventListener("input", () => {
  pause();
  place(Number(scrub.value));
  clearTimeout(scrubbing);
  scrubbing = setTimeout(() => showFrame(Number(scrub.value)), 15);
});
ink.addEventListener("focus", () => { drawInk(); showNote(); });
ink.addEventListener("blur", () => { state.isPointing = false; drawInk(); showNote(); });
new ResizeObserver(() => { redraw(); drawTimeline(); }).observe(stage);
// The stage makes room for the notes above it, so that the timeline stays in view.
const NOTES_GAP_PX = 8;
new ResizeObserver(() => {
  const { height } = part("notes").getBoundingClientRect();
  root.style.setProperty("--sm-notes-px", height ? `${height + NOTES_GAP_PX}px` : "0px");
}).observe(part("notes"));
hear("goto", (detail) => showFrame(detail.frame));
hear("appearance", (detail) => {
  const isSame = state.chosen && JSON.stringify(state.chosen) === JSON.stringify(detail);
  state.chosen = detail;
  if (!isSame && result() && !player.isPlaying) refresh();
});
hear("compare", (detail) => { if (result()) compareWith(detail.version); });
hear("target", (detail) => { chooseTarget(detail.id); showKeyframes(); });

// A gesture that the server could not take while it was away is sent again.
hear("server", ({ isBack }) => {
  if (!isBack || !clip()) return;
  refresh();
  if (!isAnswered()) trigger("annotate");
});

watch("clip", showClip);
watch("texts", showTexts);
watch("targets", () => { adoptTargets(); showKeyframes(); });
watch("keyframes", () => { adoptMarks(); drawInk(); showKeyframes(); showButtons(); drawTimeline(); refresh(); });
watch("result", takeResult);
watch("weakest", showWeakest);
watch("rerun", drawTimeline);
watch("review", () => { showReview(); drawTimeline(); });
watch("confidence", () => {
  part("confidence").hidden = !(props.confidence || []).some((value) => value !== null);
  drawTimeline();
});
// An answer to an earlier gesture leaves the newest one waiting.
watch("answered", () => {
  showChecks(-1);
  state.answered = Math.max(state.answered, Math.min(Number(props.answered), Number.MAX_SAFE_INTEGER));
  if (Number(props.answered) > 1e12) state.answered = state.sequence;
  if (clip()) savePending();
  adoptMarks(); setBusy(); drawInk();
});
showClip();
showTexts();
showPlaying();
