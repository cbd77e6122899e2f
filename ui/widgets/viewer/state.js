// What the viewer knows: the clip, the frame on the stage, the tool in hand, and the gestures made so far.
const root = element.querySelector(".sm-viewer");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const stage = part("stage");
const ink = part("ink");
const scrub = part("scrub");
const TOOLS = ["select", "exclude", "box", "brush", "erase", "polygon", "hand"];
const MODES = ["source", "mask", "alpha", "over", "wipe"];
const MOST_BRUSH_PX = 200;

const state = {
  frame: 0, mode: "mask", tool: "select", brush: 12, range: { first: 0, last: 0 },
  sequence: 0, answered: 0, asked: new Map(), done: [], undone: [], cursor: null, corner: null, drag: null, polygon: null, pointer: null,
};
const clip = () => props.clip || null;
const result = () => {
  const found = props.result || null;
  return found && clip() && found.session === clip().session ? found : null;
};
const keyframeAt = (frame) => (props.keyframes || []).find((item) => item.frame === frame) || null;
const hasResult = (frame) => Boolean(result()) && frame >= result().first && frame <= result().last;
const isAnswered = () => state.answered >= state.sequence;

// A frame's marks are what its gestures leave, in the order they were made.
const promptOf = (frame) => {
  const prompt = { points: [], box: null, strokes: [], own_mask: false };
  for (const gesture of state.done) {
    if (gesture.frame !== frame) continue;
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
  const { frame, range, sequence } = state;
  const kept = Object.fromEntries((props.keyframes || []).map((item) => [item.frame, item.kept]));
  // Events may be merged on the way: every frame that is not answered yet travels with each of them.
  const waiting = [...state.asked].filter(([, asked]) => asked > state.answered).map(([at]) => ({ frame: at, ...promptOf(at) }));
  props.value = { frame, ...promptOf(frame), waiting, first: range.first, last: range.last, sequence, kept };
};
const setBusy = () => root.classList.toggle("sm-busy", !isAnswered());
let pending = null;
const annotate = () => {
  state.sequence += 1;
  state.asked.set(state.frame, state.sequence);
  publish(); setBusy(); drawInk(); showButtons();
  clearTimeout(pending);
  pending = setTimeout(() => trigger("annotate"), 40);
};
const add = (gesture) => {
  state.done.push({ ...gesture, frame: state.frame, sequence: state.sequence + 1 });
  state.undone = [];
  if (!["mask", "source"].includes(state.mode)) setMode("mask");
  annotate();
};
// Undo goes to the frame of the gesture, so that what it changes is seen.
const move = (from, to, isUndo) => {
  const gesture = from.pop();
  if (!gesture) return;
  to.push(gesture);
  if (gesture.frame !== state.frame) showFrame(gesture.frame);
  if (gesture.kind === "keep") keep(gesture.frame, isUndo ? gesture.before : gesture.kept);
  else annotate();
};
const undo = () => move(state.done, state.undone, true);
const redo = () => move(state.undone, state.done, false);
const clearFrame = () => {
  if (hasMarks(promptOf(state.frame)) || keyframeAt(state.frame)) add({ kind: "clear" });
};
// What the session already has becomes gestures, so that undo reaches it.
const adoptKeyframes = () => {
  state.done = []; state.undone = [];
  for (const item of props.keyframes || []) {
    const push = (gesture) => state.done.push({ ...gesture, frame: item.frame, sequence: 0 });
    if (item.own_mask) push({ kind: "own" });
    if (item.box) push({ kind: "box", box: item.box });
    for (const point of item.points || []) push({ kind: "point", ...point });
    for (const stroke of item.strokes || []) push({ kind: "stroke", stroke });
  }
};
const adoptOwnMasks = () => {
  if (!isAnswered()) return;
  for (const item of props.keyframes || []) {
    if (item.own_mask && !promptOf(item.frame).own_mask) state.done.push({ kind: "own", frame: item.frame, sequence: 0 });
  }
  publish();
};
const keep = (frame, kept) => {
  const item = keyframeAt(frame);
  if (item) item.kept = kept;
  publish(); draw(); showChips();
  trigger("keep", { frame, kept });
};
const chooseInstance = (id) => {
  const item = keyframeAt(state.frame);
  if (!item) return;
  const isKept = item.kept.includes(id);
  let kept = isKept ? item.kept.filter((other) => other !== id) : [...item.kept, id];
  if (item.alternatives) kept = [id];
  if (item.alternatives && isKept) return;
  state.done.push({ kind: "keep", frame: state.frame, kept, before: item.kept, sequence: 0 });
  state.undone = [];
  keep(state.frame, kept);
  showButtons();
};
