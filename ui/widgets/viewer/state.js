// What the viewer knows: the clip, the frame on the stage, the tool in hand, and the gestures made so far.
const root = element.querySelector(".sm-viewer");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const stage = part("stage");
const ink = part("ink");
const scrub = part("scrub");
const TOOLS = ["select", "exclude", "box", "brush", "erase", "polygon", "hand"];
const MODES = ["source", "mask", "alpha", "over", "wipe"];
const MOST_BRUSH_PX = 200;
const COLOURS = ["#f0428c", "#2f80ed", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#f0e442", "#9b51e0"];

const state = {
  frame: 0, target: 1, mode: "mask", tool: "select", brush: 12, range: { first: 0, last: 0 },
  sequence: 0, answered: 0, asked: new Map(), done: [], undone: [], cursor: null, corner: null, drag: null, polygon: null, pointer: null, isPointing: false, cuts: [], adopted: null, compared: 0, chosen: null,
};
const clip = () => props.clip || null;
const result = () => {
  const found = props.result || null;
  return found && clip() && found.session === clip().session ? found : null;
};
const targets = () => props.targets || [];
const targetOf = (id) => targets().find((one) => one.id === id) || { id, colour: COLOURS[0], shown: true, locked: false };
const isLocked = () => targetOf(state.target).locked;
const keyframesAt = (frame) => (props.keyframes || []).filter((item) => item.frame === frame);
// What is found of the chosen target on a frame.
const keyframeAt = (frame, target = state.target) => keyframesAt(frame).find((item) => item.target === target) || null;
const hasResult = (frame) => Boolean(result()) && frame >= result().first && frame <= result().last;
// The earlier result that the wipe shows on the left, null for the source.
const versions = () => (result() ? result().versions : []);
const compared = () => versions().find((one) => one.version === state.compared) || null;
const hasCompared = (frame) => Boolean(compared()) && frame >= compared().first && frame < compared().first + compared().frames;
const isAnswered = () => state.answered >= state.sequence;

// A target's marks on a frame are what its gestures leave, in the order they were made.
const promptOf = (frame, target = state.target) => {
  const prompt = { points: [], box: null, strokes: [], own_mask: false };
  for (const gesture of state.done) {
    if (gesture.frame !== frame || gesture.target !== target) continue;
    if (gesture.kind === "clear") Object.assign(prompt, { points: [], box: null, strokes: [], own_mask: false });
    else if (gesture.kind === "own") Object.assign(prompt, { points: [], box: null, strokes: [], own_mask: true });
    else if (gesture.kind === "box") prompt.box = gesture.box;
    else if (gesture.kind === "point") prompt.points.push({ x: gesture.x, y: gesture.y, positive: gesture.positive });
    else if (gesture.kind === "stroke") prompt.strokes.push(gesture.stroke);
  }
  return prompt;
};
const hasMarks = (prompt) => Boolean(prompt.points.length || prompt.box || prompt.strokes.length || prompt.own_mask);

const publish = () => {
  const { frame, target, range, sequence } = state;
  const kept = Object.fromEntries((props.keyframes || []).filter((item) => item.target === 1).map((item) => [item.frame, item.kept]));
  // Events may be merged on the way: every frame that is not answered yet travels with each of them.
  const waiting = [...state.asked.values()].filter((one) => one.sequence > state.answered)
    .map((one) => ({ frame: one.frame, target: one.target, is_undo: Boolean(one.isUndo), ...promptOf(one.frame, one.target) }));
  props.value = { frame, target, ...promptOf(frame), waiting, first: range.first, last: range.last, sequence, kept };
};
const setBusy = () => root.classList.toggle("sm-busy", !isAnswered());
// Gestures without an answer yet outlast the page: Gradio builds it again when the server comes back.
const pendingKey = () => `splazmatte.pending.${clip().session}`;
const savePending = () => {
  const waiting = state.done.filter((gesture) => gesture.kind !== "keep" && gesture.sequence > state.answered);
  try {
    if (waiting.length) sessionStorage.setItem(pendingKey(), JSON.stringify(waiting));
    else sessionStorage.removeItem(pendingKey());
  } catch (problem) { /* private mode */ }
};
const plainGesture = (gesture) => JSON.stringify({ ...gesture, sequence: 0 });
const resendPending = () => {
  let waiting = null;
  try { waiting = JSON.parse(sessionStorage.getItem(pendingKey())); } catch (problem) { waiting = null; }
  const known = new Set(state.done.map(plainGesture));
  const lost = (Array.isArray(waiting) ? waiting : []).filter((gesture) => !known.has(plainGesture(gesture)));
  if (!lost.length) return;
  state.sequence += 1;
  const { sequence } = state;
  for (const gesture of lost) {
    const { frame, target } = gesture;
    state.done.push({ ...gesture, sequence });
    state.asked.set(`${target}/${frame}`, { frame, target, sequence });
  }
  send();
};
let pending = null;
const send = () => {
  savePending(); publish(); setBusy(); drawInk(); showButtons();
  clearTimeout(pending);
  pending = setTimeout(() => trigger("annotate"), 40);
};
// After undo and redo the marks get the very masks back that they had made; a new one asks for an answer to what is there.
const annotate = (isUndo = false) => {
  state.sequence += 1;
  const { frame, target, sequence } = state;
  state.asked.set(`${target}/${frame}`, { frame, target, sequence, isUndo });
  send();
};
const add = (gesture) => {
  if (isLocked()) { part("note").textContent = label("locked"); drawInk(); return; }
  state.done.push({ ...gesture, frame: state.frame, target: state.target, sequence: state.sequence + 1 });
  state.undone = [];
  if (!["mask", "source"].includes(state.mode)) setMode("mask");
  annotate();
};
const chooseTarget = (id) => {
  if (id === state.target) return;
  Object.assign(state, { target: id, corner: null, drag: null, polygon: null });
  savePlace(); publish(); showChips(); showButtons(); draw(); drawInk();
};
const nextTarget = () => {
  const ids = targets().map((one) => one.id);
  if (ids.length) tell("target", { id: ids[(ids.indexOf(state.target) + 1) % ids.length] });
};
// Undo goes to the frame and the target of the gesture, so that what it changes is seen.
const move = (from, to, isUndo) => {
  const gesture = from.pop();
  if (!gesture) return;
  to.push(gesture);
  if (gesture.target !== state.target) tell("target", { id: gesture.target });
  if (gesture.frame !== state.frame) showFrame(gesture.frame);
  if (gesture.kind === "keep") keep(gesture.frame, gesture.target, isUndo ? gesture.before : gesture.kept);
  else annotate(true);
};
const undo = () => move(state.done, state.undone, true);
const redo = () => move(state.undone, state.done, false);
const clearFrame = () => {
  if (hasMarks(promptOf(state.frame)) || keyframeAt(state.frame)) add({ kind: "clear" });
};
const gesturesOf = (item) => [
  ...(item.own_mask ? [{ kind: "own" }] : []),
  ...(item.box ? [{ kind: "box", box: item.box }] : []),
  ...(item.points || []).map((point) => ({ kind: "point", ...point })),
  ...(item.strokes || []).map((stroke) => ({ kind: "stroke", stroke })),
].map((gesture) => ({ ...gesture, frame: item.frame, target: item.target, sequence: 0 }));
// What the session already has becomes gestures, so that undo reaches it.
const adoptKeyframes = () => {
  state.done = []; state.undone = [];
  for (const item of props.keyframes || []) state.done.push(...gesturesOf(item));
};
// What another tab marked becomes gestures of this one too, so that the next gesture here does not undo it.
const marksOf = ({ points, box, strokes, own_mask }) => JSON.stringify([
  (points || []).map((point) => [point.x, point.y, point.positive]), box || null, own_mask,
  (strokes || []).map((stroke) => [stroke.vertices, stroke.radius, stroke.positive, stroke.filled]),
]);
const adoptMarks = () => {
  // An error brings no key frames: the mark that it is about stays.
  if (!isAnswered() || state.adopted === props.keyframes) return;
  state.adopted = props.keyframes;
  for (const item of props.keyframes || []) {
    const { frame, target } = item;
    if (!item.alternatives || marksOf(item) === marksOf(promptOf(frame, target))) continue;
    state.done = state.done.filter((gesture) => gesture.frame !== frame || gesture.target !== target || gesture.kind === "keep");
    state.done.push(...gesturesOf(item));
  }
  publish();
};
// Marks of a target that was removed can't be undone.
const adoptTargets = () => {
  const isThere = (gesture) => targets().some((one) => one.id === gesture.target);
  if (!targets().length) return;
  state.done = state.done.filter(isThere);
  state.undone = state.undone.filter(isThere);
  if (!targets().some((one) => one.id === state.target)) chooseTarget(targets()[0].id);
  showChips(); showButtons(); drawTimeline(); refresh();
};
const keep = (frame, target, kept) => {
  const item = keyframeAt(frame, target);
  if (item) item.kept = kept;
  publish(); draw(); showChips();
  trigger("keep", { frame, target, kept });
};
const chooseInstance = (id) => {
  const item = keyframeAt(state.frame);
  if (!item || isLocked()) return;
  const isKept = item.kept.includes(id);
  let kept = isKept ? item.kept.filter((other) => other !== id) : [...item.kept, id];
  if (item.alternatives) kept = [id];
  if (item.alternatives && isKept) return;
  const { frame, target } = state;
  state.done.push({ kind: "keep", frame, target, kept, before: item.kept, sequence: 0 });
  state.undone = [];
  keep(frame, target, kept);
  showButtons();
};
