// Pointer, wheel and touch on the stage: marks with one, pan with the middle button or two fingers.
const DRAG_PX = 4;
const LONG_PRESS_MS = 550;
const CLOSE_PX = 10;
const DIVIDER_PX = 12;
const touches = new Map();
let pinch = null;

const isNegative = (event) => event.button === 2 || event.shiftKey || event.altKey || state.tool === "exclude";
const strokeAt = (at, event) => ({
  vertices: [[tenth(at.x), tenth(at.y)]], radius: state.brush, filled: false,
  positive: state.tool === "brush" && !(event.button === 2 || event.altKey),
});
// The divider of the wipe is taken hold of where it is.
const isOnDivider = (event) => state.mode === "wipe" && !part("wipe").hidden && event.button <= 0
  && Math.abs(onStage(event).x - dividerAt()) < DIVIDER_PX;
const beginDrag = (event) => {
  const at = toImage(event);
  const base = { from: at, to: at, x: event.clientX, y: event.clientY, isFar: false };
  if (isOnDivider(event)) return { ...base, kind: "divider" };
  if (event.button === 1 || state.tool === "hand") return { ...base, kind: "pan" };
  if (["brush", "erase"].includes(state.tool)) return { ...base, kind: "stroke", stroke: strokeAt(at, event) };
  if (state.tool === "polygon") return { ...base, kind: "vertex", isNegative: event.shiftKey || event.altKey || event.button === 2 };
  return { ...base, kind: "box", isNegative: isNegative(event) };
};
ink.addEventListener("pointerdown", (event) => {
  if (!clip()) return;
  event.preventDefault();
  Object.assign(state, { isPointing: true, cursor: null, corner: null });
  ink.focus({ preventScroll: true });
  showNote();
  ink.setPointerCapture(event.pointerId);
  if (!isOnDivider(event)) pause();
  if (event.pointerType === "touch") {
    touches.set(event.pointerId, onStage(event));
    if (touches.size === 2) { state.drag = null; clearTimeout(holdTimer); beginPinch(); drawInk(); return; }
  }
  if (!event.isPrimary) return;
  state.drag = beginDrag(event);
  if (event.pointerType === "touch") hold();
  drawInk();
});
// On a touch screen a long press stands for Shift.
let holdTimer = null;
const hold = () => {
  clearTimeout(holdTimer);
  holdTimer = setTimeout(() => { if (state.drag && !state.drag.isFar) state.drag.isNegative = true; }, LONG_PRESS_MS);
};
const beginPinch = () => {
  const [a, b] = [...touches.values()];
  pinch = { distance: Math.hypot(a.x - b.x, a.y - b.y), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
};
const movePinch = () => {
  const before = pinch;
  beginPinch();
  zoomBy(pinch.distance / Math.max(before.distance, 1), pinch.middle);
  panBy(pinch.middle.x - before.middle.x, pinch.middle.y - before.middle.y);
};
ink.addEventListener("pointermove", (event) => {
  if (!clip()) return;
  if (touches.has(event.pointerId)) touches.set(event.pointerId, onStage(event));
  if (pinch && touches.size === 2) { movePinch(); return; }
  if (!event.isPrimary) return;
  state.pointer = toImage(event);
  const { drag } = state;
  ink.classList.toggle("sm-on-divider", drag ? drag.kind === "divider" : isOnDivider(event));
  if (drag) moveDrag(drag, event);
  drawInk();
});
const moveDrag = (drag, event) => {
  const at = toImage(event);
  if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > DRAG_PX) drag.isFar = true;
  if (drag.kind === "pan") {
    camera.isFit = false;
    panBy((at.x - drag.from.x) * scaleX(), (at.y - drag.from.y) * camera.scale);
  } else if (drag.kind === "divider") {
    part("wipe").value = 1000 * onStage(event).x / stageSize().width;
    draw();
  } else if (drag.kind === "stroke") {
    const [x, y] = drag.stroke.vertices[drag.stroke.vertices.length - 1];
    if (tenth(at.x) !== x || tenth(at.y) !== y) drag.stroke.vertices.push([tenth(at.x), tenth(at.y)]);
  } else drag.to = at;
};
const endDrag = (event) => {
  const { drag } = state;
  const to = toImage(event);
  state.drag = null;
  clearTimeout(holdTimer);
  if (drag.kind === "stroke") add({ kind: "stroke", stroke: drag.stroke });
  else if (drag.kind === "vertex") addVertex(to, drag.isNegative);
  else if (drag.kind === "box") endBox(drag, to);
  drawInk();
};
const endBox = (drag, to) => {
  const box = asBox(drag.from, to);
  if (!drag.isFar) { if (state.tool !== "box") add({ kind: "point", ...asPixel(to), positive: !drag.isNegative }); }
  else if (box[2] > box[0] && box[3] > box[1]) add({ kind: "box", box });
};
ink.addEventListener("pointerup", (event) => {
  touches.delete(event.pointerId);
  if (pinch) { if (!touches.size) pinch = null; return; }
  if (state.drag && event.isPrimary) endDrag(event);
});
for (const name of ["pointercancel", "lostpointercapture"]) {
  ink.addEventListener(name, (event) => {
    touches.delete(event.pointerId);
    if (!touches.size) pinch = null;
    if (state.drag) { state.drag = null; drawInk(); }
  });
}
ink.addEventListener("pointerleave", () => { state.pointer = null; drawInk(); });
ink.addEventListener("contextmenu", (event) => event.preventDefault());
ink.addEventListener("auxclick", (event) => event.preventDefault());

const addVertex = (at, negative) => {
  const vertex = [tenth(at.x), tenth(at.y)];
  if (!state.polygon) { state.polygon = { path: [vertex], negative }; drawInk(); return; }
  const { path } = state.polygon;
  const [first, here] = [toStage(...path[0]), toStage(...vertex)];
  const [last] = path.slice(-1);
  const isSame = Math.hypot((last[0] - vertex[0]) * scaleX(), (last[1] - vertex[1]) * camera.scale) < 2;
  if (path.length > 2 && (isSame || Math.hypot(first[0] - here[0], first[1] - here[1]) < CLOSE_PX)) { closePolygon(); return; }
  if (!isSame) path.push(vertex);
};
const closePolygon = () => {
  const { polygon } = state;
  state.polygon = null;
  if (polygon && polygon.path.length > 2) {
    add({ kind: "stroke", stroke: { vertices: polygon.path, radius: 0, filled: true, positive: !polygon.negative } });
  }
  drawInk();
};
stage.addEventListener("wheel", (event) => {
  if (!clip()) return;
  event.preventDefault();
  const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
  zoomBy(Math.exp(-clamp(step, -120, 120) / 300), onStage(event));
}, { passive: false });
stage.addEventListener("dblclick", (event) => { if (state.tool === "hand") { event.preventDefault(); zoomFit(); } });
