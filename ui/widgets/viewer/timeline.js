// The strip under the stage: confidence, key frames, in and out, and the frame on the stage.
const CONFIDENT = 0.75;
const DOUBTFUL = 0.5;
const timeline = part("timeline");

const drawTimeline = () => {
  if (!clip()) return;
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(name);
  const [width, height] = [Math.max(timeline.clientWidth, 1), Math.max(timeline.clientHeight, 1)];
  const pen = fitCanvas(timeline, width, height);
  const count = clip().frames;
  const unit = width / count;
  const values = props.confidence || [];
  const { range } = state;
  pen.fillStyle = read("--background-fill-secondary");
  pen.fillRect(0, 0, width, height);
  for (let index = 0; index < count; index += 1) {
    const value = values[index];
    const isIn = index >= range.first && index <= range.last;
    const isKnown = value !== null && value !== undefined;
    if (!isKnown) pen.fillStyle = isIn ? read("--sm-range") : read("--sm-track");
    else pen.fillStyle = value >= CONFIDENT ? "#15803d" : value >= DOUBTFUL ? "#ca8a04" : "#ea580c";
    // A doubtful frame is also a lower bar: colour never says it alone.
    const high = 8 + (isKnown ? 14 * clamp(value, 0, 1) : 0);
    pen.globalAlpha = isIn ? 1 : 0.35;
    pen.fillRect(index * unit, height - 8 - high, unit + 0.5, high);
  }
  pen.globalAlpha = 1;
  for (const [from, to] of props.rerun || []) drawHatch(pen, from * unit, (to + 1) * unit, height, read("--body-text-color"));
  for (const frame of state.cuts) drawCut(pen, frame * unit, height, read("--body-text-color"));
  const ink = read("--body-text-color");
  for (const item of props.keyframes || []) {
    drawDiamond(pen, (item.frame + 0.5) * unit, 8, targets().length > 1 ? targetOf(item.target).colour : ink);
  }
  for (const place of props.review || []) drawTriangle(pen, (place.frame + 0.5) * unit, height, "#c2410c");
  pen.fillStyle = read("--sm-range");
  for (const [frame, edge] of [[range.first, 0], [range.last + 1, -3]]) pen.fillRect(frame * unit + edge, 0, 3, height);
  pen.fillStyle = "#dc2626";
  pen.fillRect((state.frame + 0.5) * unit - 1, 0, 2, height);
};
// The stretch that a rerun mattes again.
const drawHatch = (pen, from, to, height, paint) => {
  pen.save();
  pen.beginPath(); pen.rect(from, 14, to - from, height - 14); pen.clip();
  pen.strokeStyle = paint; pen.lineWidth = 1; pen.globalAlpha = 0.65;
  pen.beginPath();
  for (let x = from - height; x < to; x += 6) { pen.moveTo(x, height); pen.lineTo(x + height, 0); }
  pen.stroke();
  pen.restore();
};
const drawCut = (pen, x, height, paint) => {
  pen.save();
  pen.setLineDash([3, 3]); pen.strokeStyle = paint; pen.lineWidth = 1.5;
  pen.beginPath(); pen.moveTo(x, 14); pen.lineTo(x, height); pen.stroke();
  pen.restore();
};
const drawDiamond = (pen, x, y, paint) => {
  pen.beginPath();
  pen.moveTo(x, y - 5); pen.lineTo(x + 5, y); pen.lineTo(x, y + 5); pen.lineTo(x - 5, y);
  pen.closePath();
  pen.fillStyle = paint;
  pen.fill();
};
const drawTriangle = (pen, x, bottom, paint) => {
  pen.beginPath();
  pen.moveTo(x, bottom - 8); pen.lineTo(x + 5, bottom); pen.lineTo(x - 5, bottom);
  pen.closePath();
  pen.fillStyle = paint;
  pen.fill();
};
// The review list: frames of the result worth a look, one after the other.
const showReview = () => {
  const places = props.review || [];
  part("review-row").hidden = !places.length;
  if (!places.length) return;
  part("review-count").textContent = label("review_count", { count: places.length });
  const here = places.filter((place) => place.frame === state.frame);
  part("review-reason").textContent = here.length
    ? label("review_here", { frame: state.frame, reasons: here.map((place) => place.reason).join(" · ") }) : "";
};
const goToReview = (direction) => {
  const frames = (props.review || []).map((place) => place.frame);
  const ahead = direction > 0 ? frames.filter((frame) => frame > state.frame) : frames.filter((frame) => frame < state.frame).reverse();
  const wrapped = direction > 0 ? frames : [...frames].reverse();
  if (frames.length) { pause(); showFrame(ahead.length ? ahead[0] : wrapped[0]); }
};
const setRange = (change) => {
  if (!clip()) return;
  let range = { ...state.range, ...change };
  if (range.first > range.last) range = change.first === undefined
    ? { first: range.last, last: range.last } : { first: range.first, last: range.first };
  state.range = range;
  publish(); showButtons(); drawTimeline();
  trigger("range");
};
// Hours, minutes, seconds and frames, as editing programs count them without drop frames.
const timecode = (frame) => {
  const base = Math.max(1, Math.round(clip().rate));
  const seconds = Math.floor(frame / base);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, frame % base]
    .map((value) => String(value).padStart(2, "0")).join(":");
};
const keyframeChip = (item) => {
  const go = () => { tell("target", { id: item.target }); showFrame(item.frame); };
  const name = [label("keyframe", { frame: item.frame }), ...(targets().length > 1 ? [targetOf(item.target).label] : [])].join(" · ");
  const swatch = targets().length > 1 ? make("span", { class: "sm-swatch", "aria-hidden": "true" }) : null;
  if (swatch) swatch.style.background = targetOf(item.target).colour;
  return make("li", {},
    make("button", {
      type: "button", class: "sm-chip", "data-keyframe": item.frame, "data-target": item.target,
      "aria-current": item.frame === state.frame && item.target === state.target ? "true" : null, onclick: go,
    }, swatch, make("span", { text: name })),
    make("button", {
      type: "button", class: "sm-icon", "aria-label": label("remove", { name }), text: "×",
      onclick: () => { go(); clearFrame(); },
    }));
};
const showKeyframes = () => {
  const items = props.keyframes || [];
  part("keyframes").replaceChildren(...items.map(keyframeChip));
  part("keyframes-row").hidden = !items.length;
};
