// Keys, on the whole page: those of a video player and of a roto brush; their list explains the timeline's signs too.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = [
  ["space", "key_play"], ["J K L", "key_shuttle"], ["Shift L", "key_loop"], ["← →", "key_step"], ["Shift ← →", "key_ten"], ["Home End", "key_ends"],
  ["I O", "key_range"], ["N P", "key_review"], ["V X B", "key_marks"], ["D E", "key_brush"], ["G", "key_polygon"], ["[ ]", "key_size"],
  ["H", "key_hand"], ["+ − 0 1", "key_zoom"], ["S M A R C", "key_modes"], ["T", "key_target"], ["Ctrl Z", "key_undo"], ["Delete", "key_clear"],
  ["enter", "key_start"], ["tab_enter", "key_cursor"], ["Esc", "key_leave"], ["?", "key_help"],
  ["◆", "sign_keyframe"], ["┆", "sign_cut"], ["▨", "sign_rerun"], ["▲", "sign_review"],
];
const showHelp = (isOpen) => {
  part("keys").hidden = !isOpen;
  part("help").setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) return;
  part("keys").replaceChildren(...KEYS.map(([keys, text]) => make("p", {}, make("kbd", { text: label(keys) || keys }), make("span", { text: label(text) }))));
};
// The key works on the whole page: the list may be above or below what is in view.
const toggleHelp = () => {
  showHelp(part("keys").hidden);
  if (!part("keys").hidden) stage.scrollIntoView({ block: "nearest" });
};
const setBrush = (size) => {
  state.brush = clamp(Math.round(size), 1, MOST_BRUSH_PX);
  part("size").value = state.brush;
  part("size-shown").textContent = String(state.brush);
  drawInk();
};
const leave = () => {
  if (!part("keys").hidden) showHelp(false);
  else if (state.polygon || state.corner || state.cursor || state.drag) {
    Object.assign(state, { polygon: null, corner: null, cursor: null, drag: null });
  } else if (state.tool !== "select") setTool("select");
  else ink.blur(); // Enter takes the next step again.
  drawInk(); showNote();
};
const placeByKeyboard = (negative) => {
  const at = state.cursor;
  if (state.tool === "polygon") { addVertex(at, negative); drawInk(); return; }
  if (["brush", "erase"].includes(state.tool)) {
    add({ kind: "stroke", stroke: { vertices: [[at.x + 0.5, at.y + 0.5]], radius: state.brush, filled: false, positive: state.tool === "brush" } });
    return;
  }
  if (state.tool !== "box") { add({ kind: "point", ...at, positive: !(negative || state.tool === "exclude") }); return; }
  if (!state.corner) { state.corner = { ...at }; drawInk(); showNote(); return; }
  const box = asBox(state.corner, at);
  state.corner = null;
  if (box[2] > box[0] && box[3] > box[1]) add({ kind: "box", box }); else drawInk();
  showNote();
};
const moveCursor = (event) => {
  const { width, height } = clip();
  const [dx, dy] = ARROWS[event.key];
  const step = event.shiftKey ? 1 : Math.max(1, Math.round(width / 100));
  state.cursor = asPixel({ x: state.cursor.x + dx * step, y: Math.min(state.cursor.y + dy * step, height) });
  drawInk();
};
const PLAIN = {
  j: () => play(-1), k: () => pause(), l: () => play(1), i: () => setRange({ first: state.frame }), o: () => setRange({ last: state.frame }),
  v: () => setTool("select"), x: () => setTool("exclude"), b: () => setTool("box"), d: () => setTool("brush"), e: () => setTool("erase"),
  g: () => setTool("polygon"), h: () => setTool("hand"), "[": () => setBrush(state.brush / 1.2 - 0.5), "]": () => setBrush(state.brush * 1.2 + 0.5),
  "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), 0: () => zoomFit(), 1: () => zoomOne(),
  s: () => setMode("source"), m: () => setMode("mask"), a: () => setMode("alpha"), r: () => setMode("over"), c: () => setMode("wipe"),
  t: () => nextTarget(), n: () => goToReview(1), p: () => goToReview(-1), "?": () => toggleHelp(), Home: () => showFrame(0), End: () => showFrame(clip().frames - 1),
  Delete: () => clearFrame(), Backspace: () => clearFrame(), Escape: () => leave(),
  PageUp: () => showFrame(state.frame - 1), PageDown: () => showFrame(state.frame + 1),
};
const stepBy = (event) => {
  const step = (event.key === "ArrowRight" ? 1 : -1) * (event.shiftKey ? 10 : 1);
  pause();
  showFrame(state.frame + step);
};
const startJob = () => {
  const button = document.querySelector("#sm-start");
  if (button && !button.disabled) { button.click(); return true; }
  return false;
};
// After a job the next step is its files: the key that began it does not begin it again.
const takeStep = () => {
  if (document.querySelector(".sm-status")?.dataset.kind !== "done") return startJob();
  const files = document.querySelector(".sm-results a:not([hidden])");
  files?.focus();
  return Boolean(files);
};
const isOnStage = () => document.activeElement === ink && !state.isPointing;
// Enter takes the next step; on a stage that was reached by the keyboard it sets marks.
const onEnter = (event) => {
  if (state.polygon && !state.cursor) { closePolygon(); return true; }
  if (!isOnStage()) return takeStep();
  if (state.cursor) placeByKeyboard(event.shiftKey || event.altKey);
  else { state.cursor = { x: clip().width >> 1, y: clip().height >> 1 }; drawInk(); showNote(); }
  return true;
};
const onKey = (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key === "Enter") return startJob();
    if (key === "z" && !event.shiftKey) undo();
    else if (key === "y" || key === "z") redo();
    else return false;
    return true;
  }
  if (ARROWS[event.key] && state.cursor && document.activeElement === ink) { moveCursor(event); return true; }
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") { stepBy(event); return true; }
  if (event.key === "Enter") return onEnter(event);
  if (event.key === " ") { togglePlay(); return true; }
  if (key === "l" && event.shiftKey) { setLoop(!state.isLooping); return true; }
  const action = PLAIN[key];
  if (!action || event.altKey) return false;
  action();
  return true;
};
// A field that is typed in, and a control that takes the key itself, come first.
const belongsElsewhere = (event) => {
  const { target } = event;
  if (target === scrub) return ["ArrowUp", "ArrowDown"].includes(event.key);
  if (!target.closest) return false;
  if (target.closest("textarea, select, [contenteditable=true], input:not([type=range]):not([type=checkbox]):not([type=radio])")) return true;
  if (target.closest("input[type=range]")) return event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
  if (target.closest("input")) return event.key === " " || event.key.startsWith("Arrow");
  return Boolean(target.closest("button, a, summary")) && [" ", "Enter"].includes(event.key);
};
const listener = (event) => {
  if (!element.isConnected) { document.removeEventListener("keydown", listener); return; }
  if (event.defaultPrevented || !clip() || belongsElsewhere(event)) return;
  if (onKey(event)) event.preventDefault();
};
document.addEventListener("keydown", listener);
