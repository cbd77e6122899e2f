// The annotator: gestures on one frame become a prompt in image pixels; the server finds the target.
const root = element.querySelector(".sm-annotator");
const canvas = root.querySelector("canvas");
const picture = root.querySelector("img");
const strip = root.querySelector(".sm-strip");
const slider = root.querySelector("input[type=range]");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const DRAG_PX = 4;

let tool = "add";
let frame = 0;
let range = { first: 0, last: 0 };
let sequence = 0;
let marks = new Map(); // frame -> { done: [gesture], undone: [gesture] }
let drag = null;
let cursor = null;
let corner = null;
let pending = null;

const clip = () => props.clip || null;
const history = () => {
  if (!marks.has(frame)) marks.set(frame, { done: [], undone: [] });
  return marks.get(frame);
};
const promptOf = (gestures) => {
  const prompt = { points: [], box: null };
  for (const gesture of gestures) {
    if (gesture.kind === "clear") { prompt.points = []; prompt.box = null; }
    else if (gesture.kind === "box") prompt.box = gesture.box;
    else prompt.points.push({ x: gesture.x, y: gesture.y, positive: gesture.positive });
  }
  return prompt;
};

// Geometry is read at every event: the page may have scrolled or been resized since the last one.
const geometry = () => {
  const rect = canvas.getBoundingClientRect();
  const { width, height } = clip();
  const scale = Math.min(rect.width / width, rect.height / height) || 1;
  return {
    scale, rect,
    left: (rect.width - width * scale) / 2,
    top: (rect.height - height * scale) / 2,
  };
};
const toImage = (event) => {
  const { rect, scale, left, top } = geometry();
  return { x: (event.clientX - rect.left - left) / scale, y: (event.clientY - rect.top - top) / scale };
};
const asPixel = ({ x, y }) => ({
  x: clamp(Math.floor(x), 0, clip().width - 1),
  y: clamp(Math.floor(y), 0, clip().height - 1),
});
const asBox = (a, b) => {
  const { width, height } = clip();
  const xs = [a.x, b.x].map((x) => clamp(Math.round(x), 0, width)).sort((m, n) => m - n);
  const ys = [a.y, b.y].map((y) => clamp(Math.round(y), 0, height)).sort((m, n) => m - n);
  return [xs[0], ys[0], xs[1], ys[1]];
};

const publish = () => {
  const prompt = promptOf(history().done);
  props.value = { frame, ...prompt, first: range.first, last: range.last, sequence };
};
const annotate = () => {
  sequence += 1;
  publish();
  draw();
  showButtons();
  tell("busy", { frame });
  clearTimeout(pending);
  pending = setTimeout(() => trigger("annotate"), 40);
};
const add = (gesture) => {
  history().done.push(gesture);
  history().undone = [];
  annotate();
};
const undo = () => {
  const gesture = history().done.pop();
  if (gesture) { history().undone.push(gesture); annotate(); }
};
const redo = () => {
  const gesture = history().undone.pop();
  if (gesture) { history().done.push(gesture); annotate(); }
};
const clear = () => {
  const prompt = promptOf(history().done);
  if (prompt.points.length || prompt.box) add({ kind: "clear" });
  else if (keyframeHere()) trigger("remove", { frame });
};
const keyframeHere = () => (props.keyframes || []).find((item) => item.frame === frame);

const draw = () => {
  if (!clip()) return;
  const shape = geometry();
  const boxes = [drag && drag.isBox ? asBox(drag.from, drag.to) : null, corner && cursor ? asBox(corner, cursor) : null];
  const prompt = promptOf(history().done);
  const pen = fitCanvas(canvas, shape.rect.width, shape.rect.height);
  for (const box of [prompt.box, ...boxes]) if (box) drawBox(pen, shape, box);
  for (const point of prompt.points) drawPoint(pen, shape, point);
  if (cursor && document.activeElement === canvas) drawCursor(pen, shape, cursor);
};

const drawStrip = () => {
  if (!clip()) return;
  const style = getComputedStyle(root);
  const colours = Object.fromEntries(["range", "track"].map((name) => [name, style.getPropertyValue(`--sm-${name}`)]));
  colours.keyframe = style.getPropertyValue("--body-text-color");
  const keyframes = (props.keyframes || []).map((item) => item.frame);
  drawFrames(strip, { count: clip().frames, values: props.confidence || [], range, keyframes, colours });
};

const showFrame = (index, quietly) => {
  if (!clip()) return;
  frame = clamp(Math.round(index), 0, clip().frames - 1);
  corner = null; drag = null; cursor = null;
  slider.value = frame;
  const url = mediaUrl(clip().session, `frame/${frame}.jpg`);
  if (picture.getAttribute("src") !== url) picture.src = url;
  const shown = { frame, last: clip().frames - 1, time: (frame / clip().rate).toFixed(2) };
  part("where").textContent = label("frame_of", shown);
  slider.setAttribute("aria-valuetext", label("frame_of", shown));
  publish();
  draw();
  showButtons();
  if (!quietly) tell("frame", { frame });
};

const showButtons = () => {
  for (const name of ["add", "drop", "box"]) part(name).setAttribute("aria-pressed", String(tool === name));
  part("undo").disabled = !history().done.length;
  part("redo").disabled = !history().undone.length;
  part("clear").disabled = !history().done.length && !keyframeHere();
  if (!clip()) return;
  const isWhole = range.first === 0 && range.last === clip().frames - 1;
  part("range").textContent = label("range", range);
  part("whole").hidden = isWhole;
};

const showKeyframes = () => {
  const list = part("keyframes");
  const items = props.keyframes || [];
  list.replaceChildren(...items.map((item) => make("li", {},
    make("button", {
      type: "button", class: "sm-chip", "aria-current": item.frame === frame ? "true" : null,
      text: label("keyframe", { frame: item.frame, kept: item.kept.length }),
      onclick: () => showFrame(item.frame),
    }),
    make("button", {
      type: "button", class: "sm-icon", "aria-label": label("remove", { frame: item.frame }), text: "×",
      onclick: () => { marks.delete(item.frame); trigger("remove", { frame: item.frame }); showFrame(frame); },
    }))));
  part("keyframes-row").hidden = !items.length;
};

const showWeakest = () => {
  part("weakest").hidden = !Number.isInteger(props.weakest);
  if (!part("weakest").hidden) part("weakest").textContent = label("weakest", { frame: props.weakest });
};

const showTexts = () => {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = label(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", label(node.dataset.label));
  for (const node of root.querySelectorAll("[data-title]")) node.title = label(node.dataset.title);
  if (clip()) {
    part("clip").textContent = label("clip", clip());
    part("notes").replaceChildren(...(clip().notes || []).map((text) => make("li", { text })));
    part("notes").hidden = !(clip().notes || []).length;
  }
  showKeyframes();
  showWeakest();
  showFrame(frame, true);
};

const showClip = () => {
  root.classList.toggle("sm-loaded", Boolean(clip()));
  if (!clip()) return;
  const { width, height, frames, first, last, start } = clip();
  root.style.setProperty("--sm-aspect", `${width} / ${height}`);
  root.style.setProperty("--sm-ratio", String(width / height));
  slider.max = frames - 1;
  range = { first: first ?? 0, last: last ?? frames - 1 };
  marks = new Map();
  for (const item of props.keyframes || []) {
    const done = (item.points || []).map((point) => ({ kind: "point", ...point }));
    if (item.box) done.push({ kind: "box", box: item.box });
    marks.set(item.frame, { done, undone: [] });
  }
  frame = start ?? 0;
  showTexts();
  tell("frame", { frame });
  requestAnimationFrame(() => { draw(); drawStrip(); });
};

const setRange = (change) => {
  range = { ...range, ...change };
  if (range.first > range.last) range = change.first === undefined
    ? { first: range.last, last: range.last } : { first: range.first, last: range.first };
  publish(); showButtons(); drawStrip();
};

canvas.addEventListener("pointerdown", (event) => {
  if (!clip() || !event.isPrimary || event.button === 1) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  const at = toImage(event);
  drag = { from: at, to: at, x: event.clientX, y: event.clientY, isBox: false,
    isNegative: event.button === 2 || event.shiftKey || event.altKey || tool === "drop" };
});
canvas.addEventListener("pointermove", (event) => {
  if (!drag || !event.isPrimary) return;
  drag.to = toImage(event);
  if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > DRAG_PX) drag.isBox = true;
  draw();
});
canvas.addEventListener("pointerup", (event) => {
  if (!drag || !event.isPrimary) return;
  const { from, isBox, isNegative } = drag;
  const to = toImage(event);
  drag = null;
  const box = asBox(from, to);
  if (!isBox) add({ kind: "point", ...asPixel(to), positive: !isNegative });
  else if (box[2] > box[0] && box[3] > box[1]) add({ kind: "box", box });
  else draw();
});
for (const name of ["pointercancel", "lostpointercapture"]) {
  canvas.addEventListener(name, () => { if (drag) { drag = null; draw(); } });
}
canvas.addEventListener("contextmenu", (event) => event.preventDefault());

const placeByKeyboard = (isNegative) => {
  if (tool !== "box") { add({ kind: "point", ...cursor, positive: !(isNegative || tool === "drop") }); return; }
  if (!corner) { corner = { ...cursor }; draw(); return; }
  const box = asBox(corner, cursor);
  corner = null;
  if (box[2] > box[0] && box[3] > box[1]) add({ kind: "box", box }); else draw();
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  if (!clip()) return;
  const key = event.key.toLowerCase();
  const isCommand = event.ctrlKey || event.metaKey;
  const { width, height } = clip();
  if (isCommand && key === "z" && !event.shiftKey) undo();
  else if (isCommand && (key === "y" || (key === "z" && event.shiftKey))) redo();
  else if (isCommand) return;
  else if (ARROWS[event.key]) {
    cursor = cursor || { x: width >> 1, y: height >> 1 };
    const step = event.shiftKey ? 1 : Math.max(1, Math.round(width / 100));
    cursor = asPixel({ x: cursor.x + ARROWS[event.key][0] * step, y: cursor.y + ARROWS[event.key][1] * step });
    draw();
  } else if (event.key === "Enter" || event.key === " ") {
    if (cursor) placeByKeyboard(event.shiftKey || event.altKey);
    else { cursor = { x: width >> 1, y: height >> 1 }; draw(); }
  } else if (event.key === "Delete" || event.key === "Backspace") clear();
  else if (event.key === "Escape") { corner = null; drag = null; cursor = null; draw(); }
  else if (event.key === "PageUp" || event.key === "PageDown") showFrame(frame + (event.key === "PageDown" ? 1 : -1));
  else if ("123".includes(key)) { tool = ["add", "drop", "box"][Number(key) - 1]; showButtons(); }
  else return;
  event.preventDefault();
});
canvas.addEventListener("focus", draw);
canvas.addEventListener("blur", draw);

for (const name of ["add", "drop", "box"]) part(name).onclick = () => { tool = name; showButtons(); };
part("undo").onclick = undo;
part("redo").onclick = redo;
part("clear").onclick = clear;
part("previous").onclick = () => showFrame(frame - 1);
part("next").onclick = () => showFrame(frame + 1);
part("in").onclick = () => setRange({ first: frame });
part("out").onclick = () => setRange({ last: frame });
part("whole").onclick = () => setRange({ first: 0, last: clip().frames - 1 });
slider.addEventListener("input", () => showFrame(Number(slider.value)));
slider.addEventListener("change", showKeyframes);
strip.addEventListener("pointerdown", (event) => {
  const rect = strip.getBoundingClientRect();
  if (clip()) showFrame(Math.floor(((event.clientX - rect.left) / rect.width) * clip().frames));
});
picture.addEventListener("load", draw);
new ResizeObserver(() => { draw(); drawStrip(); }).observe(canvas);
part("weakest").addEventListener("click", () => showFrame(props.weakest));
hear("goto", (detail) => showFrame(detail.frame));

watch("clip", showClip);
watch("texts", showTexts);
watch("keyframes", () => { showKeyframes(); showButtons(); drawStrip(); });
watch("weakest", showWeakest);
watch("confidence", () => {
  part("confidence").hidden = !(props.confidence || []).some((value) => value !== null);
  drawStrip();
});
// An answer to an earlier gesture leaves the newest one waiting.
watch("answered", () => { if (Number(props.answered) >= sequence) tell("idle", {}); });
showClip();
showTexts();
