// The pictures under the marks: the source, the masks found on it, and the result.
const MOST_PICTURES = 48;
const AHEAD = 3;
const SETTLE_MS = 120;
// A target's colour; objects found by words on a clip with one target have a colour each.
const colour = (item, index) =>
  (targets().length > 1 || item.alternatives || !index ? targetOf(item.target).colour : COLOURS[index % COLOURS.length]);
const opacity = () => Number(part("opacity").value) / 100;
const cache = new Map();
const NOTHING = { source: null, masks: [], alpha: null, over: null, under: null };
let shown = { frame: -1, ...NOTHING };
let turn = 0;
const inFlight = new Map();
// The server need not go on decoding frames that were passed.
const dropFarLoads = (frame) => {
  for (const one of inFlight.values()) {
    if (one.frame !== null && Math.abs(one.frame - frame) > AHEAD) one.picture.src = "";
  }
};

const load = (url, frame = null) => {
  if (cache.has(url)) {
    const known = cache.get(url);
    cache.delete(url); cache.set(url, known);
    return known;
  }
  const loading = new Promise((resolve, reject) => {
    const picture = new Image();
    picture.onload = () => { inFlight.delete(url); resolve(picture); };
    picture.onerror = () => { inFlight.delete(url); cache.delete(url); reject(new Error(url)); };
    inFlight.set(url, { picture, frame });
    picture.src = url;
  });
  cache.set(url, loading);
  while (cache.size > MOST_PICTURES) cache.delete(cache.keys().next().value);
  return loading;
};
const sourceUrl = (frame) => mediaUrl(clip().session, `frame/${frame}.jpg?neighbours=1`);
const maskUrl = (item, instance) =>
  mediaUrl(clip().session, `mask/${item.frame}/${instance.id}.png?target=${item.target}&v=${encodeURIComponent(item.version)}`);
// Edges and background as they are being chosen, until they are applied those of the files.
const appearance = () => {
  const { chosen } = state;
  const isOfResult = chosen && chosen.session === result().session && chosen.made === result().made;
  return isOfResult ? chosen : { edges: result().edges, background: result().background, v: result().version };
};
const alphaUrl = (frame) => mediaUrl(clip().session, `alpha/${frame}.png?${new URLSearchParams({ ...appearance().edges, v: result().version })}`);
const stillUrl = (frame, further) =>
  mediaUrl(clip().session, `still/${frame}.jpg?${new URLSearchParams({ ...further, background: appearance().background, v: appearance().v })}`);
const overUrl = (frame) => stillUrl(frame, appearance().edges);
const underUrl = (frame) => stillUrl(frame, { ...compared().edges, version: compared().version });

// Grey levels become coverage in one colour; the rim is drawn apart, so that it stays clear when faint.
const tintOf = (picture, hex) => {
  const size = [clip().width, clip().height];
  const layer = make("canvas", { width: size[0], height: size[1] });
  const pen = layer.getContext("2d", { willReadFrequently: true });
  pen.drawImage(picture, 0, 0, ...size);
  const pixels = pen.getImageData(0, 0, ...size);
  const { data } = pixels;
  const [width, count] = [size[0], size[0] * size[1]];
  const coverage = new Uint8Array(count);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  let area = 0;
  for (let index = 0; index < count; index += 1) {
    const level = data[index * 4];
    if (level > 127) { coverage[index] = 1; area += 1; }
    data[index * 4] = red; data[index * 4 + 1] = green; data[index * 4 + 2] = blue; data[index * 4 + 3] = level;
  }
  const rim = new ImageData(...size);
  for (let index = 0; index < count; index += 1) {
    if (!coverage[index]) continue;
    const column = index % width;
    const isInner = column > 0 && column < width - 1 && coverage[index - 1] && coverage[index + 1]
      && coverage[index - width] && coverage[index + width];
    if (!isInner) { rim.data[index * 4] = red; rim.data[index * 4 + 1] = green; rim.data[index * 4 + 2] = blue; rim.data[index * 4 + 3] = 255; }
  }
  pen.putImageData(pixels, 0, 0);
  const outline = make("canvas", { width: size[0], height: size[1] });
  outline.getContext("2d").putImageData(rim, 0, 0);
  return { tint: layer, outline, coverage, area };
};
const tints = new Map();
const tinted = async (url, hex) => {
  const key = `${url} ${hex}`;
  if (!tints.has(key)) tints.set(key, tintOf(await load(url), hex));
  while (tints.size > 24) tints.delete(tints.keys().next().value);
  return tints.get(key);
};
const masksOf = (frame) => Promise.all(
  keyframesAt(frame).filter((item) => targetOf(item.target).shown).flatMap((item) =>
    item.instances.map(async (instance, index) => ({
      id: instance.id, target: item.target, ...await tinted(maskUrl(item, instance), colour(item, index)),
    }))));
const needsOver = () => state.mode === "over" || state.mode === "wipe";
const needsMatte = () => state.mode === "alpha" || state.mode === "mask";

// A jump shows the frame of the playback clip at once; the exact one is asked for when the jump is not followed by another.
const showQuickly = async (frame, own) => {
  const pictures = await quickPictures(frame);
  if (!pictures || own !== turn || shown.frame === frame) return;
  shown = { frame, mode: state.mode, ...NOTHING, ...pictures };
  draw();
  root.dataset.quick = String(frame);
};
const isSettled = async (own) => {
  await new Promise((resolve) => { setTimeout(resolve, SETTLE_MS); });
  return own === turn;
};
const refresh = async () => {
  if (!clip()) { draw(); return; }
  turn += 1;
  const own = turn;
  const { frame, mode } = state;
  showChips();
  const url = sourceUrl(frame);
  if (!cache.has(url) || inFlight.has(url)) {
    const isFar = !cache.has(url) && Math.abs(frame - shown.frame) > AHEAD && shown.source;
    dropFarLoads(frame);
    showQuickly(frame, own);
    if (isFar && player.isReady() && !player.isPlaying && !(await isSettled(own))) return;
  }
  const isCovered = hasResult(frame);
  const wantsAlpha = isCovered && (mode === "alpha" || (mode === "mask" && !keyframesAt(frame).length));
  try {
    const [source, masks, alpha, over, under] = await Promise.all([
      load(sourceUrl(frame), frame),
      mode === "source" ? [] : masksOf(frame),
      wantsAlpha ? (mode === "alpha" ? load(alphaUrl(frame), frame) : tinted(alphaUrl(frame), COLOURS[0])) : null,
      isCovered && needsOver() ? load(overUrl(frame), frame) : null,
      mode === "wipe" && hasCompared(frame) ? load(underUrl(frame), frame) : null,
    ]);
    if (own !== turn) return;
    shown = { frame, mode, source, masks, alpha, over, under };
    draw();
    root.dataset.left = under ? String(state.compared) : "";
    root.dataset.frame = String(frame);
    root.dataset.shown = mode;
    root.dataset.masks = String(masks.length);
    fetchAhead();
  } catch (problem) {
    if (own === turn) { shown = { frame, mode, ...NOTHING }; draw(); }
  }
};
const fetchAhead = () => {
  if (player.isPlaying) return;
  for (let step = 1; step <= AHEAD; step += 1) {
    for (const frame of [state.frame + step, state.frame - step]) {
      if (frame >= 0 && frame < clip().frames) load(sourceUrl(frame), frame).catch(() => {});
    }
  }
};

const drawMasks = (pen) => {
  if (shown.alpha && shown.alpha.tint) {
    pen.globalAlpha = opacity();
    pen.drawImage(shown.alpha.tint, 0, 0);
    pen.globalAlpha = 0.8;
    pen.drawImage(shown.alpha.outline, 0, 0);
  }
  for (const mask of shown.masks) {
    const item = keyframeAt(shown.frame, mask.target);
    const isKept = item && item.kept.includes(mask.id);
    if (!isKept && item && item.alternatives) continue;
    pen.globalAlpha = isKept ? opacity() : 0;
    pen.drawImage(mask.tint, 0, 0);
    pen.globalAlpha = isKept ? 1 : 0.45;
    pen.drawImage(mask.outline, 0, 0);
  }
  pen.globalAlpha = 1;
};
// The playing alpha as a coloured overlay: source * (1 - a) + colour * a, with a = alpha * opacity, by the canvas's blend modes.
const layers = [make("canvas"), make("canvas")];
const blended = (layer, size, steps) => {
  if (layer.width !== size[0] || layer.height !== size[1]) [layer.width, layer.height] = size;
  const pen = layer.getContext("2d");
  for (const [mode, strength, paint] of steps) {
    pen.globalCompositeOperation = mode;
    pen.globalAlpha = strength;
    if (typeof paint !== "string") { pen.drawImage(paint, 0, 0, ...size); continue; }
    pen.fillStyle = paint;
    pen.fillRect(0, 0, ...size);
  }
  return layer;
};
const drawPlayingMask = (pen, matte) => {
  const share = Math.min(1, camera.scale * dpr());
  const size = [clip().width, clip().height].map((length) => Math.max(1, Math.round(length * share)));
  const grey = [["copy", 1, "#000"], ["source-over", opacity(), matte]];
  pen.globalCompositeOperation = "multiply";
  pen.drawImage(blended(layers[0], size, [...grey, ["difference", 1, "#fff"]]), 0, 0, clip().width, clip().height);
  pen.globalCompositeOperation = "lighter";
  pen.drawImage(blended(layers[1], size, [...grey, ["multiply", 1, COLOURS[0]]]), 0, 0, clip().width, clip().height);
  pen.globalCompositeOperation = "source-over";
};
const drawPlayingAlpha = (pen, matte) => {
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, clip().width, clip().height);
  if (matte) pen.drawImage(matte, 0, 0, clip().width, clip().height);
};
const drawAsMatte = (pen) => {
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, clip().width, clip().height);
  if (shown.alpha && !shown.alpha.tint) { pen.drawImage(shown.alpha, 0, 0); return; }
  const isKept = (mask) => (keyframeAt(shown.frame, mask.target)?.kept || []).includes(mask.id);
  for (const mask of shown.masks.filter(isKept)) {
    const white = make("canvas", { width: clip().width, height: clip().height });
    const brush = white.getContext("2d");
    brush.drawImage(mask.tint, 0, 0);
    brush.globalCompositeOperation = "source-in";
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, white.width, white.height);
    pen.drawImage(white, 0, 0);
  }
};
// Pixels of the stage from its left.
const dividerAt = () => (Number(part("wipe").value) / 1000) * stageSize().width;
const drawWipe = (pen, over) => {
  const { height } = stageSize();
  const at = dividerAt();
  const from = clamp((at - camera.x) / scaleX(), 0, clip().width);
  pen.save();
  pen.beginPath(); pen.rect(from, 0, clip().width - from, clip().height); pen.clip();
  pen.drawImage(over, 0, 0, clip().width, clip().height);
  pen.restore();
  pen.setTransform(dpr(), 0, 0, dpr(), 0, 0);
  pen.fillStyle = "#fff";
  pen.fillRect(at - 1, 0, 2, height);
};
// While it plays the pictures come from the playback clips, else exact frames from the server.
const draw = () => {
  const live = player.pictures();
  // A clip on its way to another frame has no picture: the last one stays.
  if (live && [needsOver() && live.over, needsMatte() && live.matte].some((video) => video && video.readyState < 2)) return;
  const { width, height } = stageSize();
  const pen = fitCanvas(part("picture"), width, height);
  if (!clip()) return;
  const scale = camera.scale * dpr();
  pen.setTransform(scaleX() * dpr(), 0, 0, scale, camera.x * dpr(), camera.y * dpr());
  pen.imageSmoothingEnabled = scale < 2;
  const source = live ? live.source : shown.source;
  const { over, under } = live || shown;
  // Until the pictures of a newly chosen mode are there, those of the mode before stay as they were.
  const mode = live ? state.mode : shown.mode;
  if (!source) return;
  const size = [clip().width, clip().height];
  if (mode === "alpha" && !live) drawAsMatte(pen);
  else if (mode === "alpha") drawPlayingAlpha(pen, live.matte);
  else if (mode === "over" && over) pen.drawImage(over, 0, 0, ...size);
  else {
    pen.drawImage(mode === "wipe" && under ? under : source, 0, 0, ...size);
    if (mode === "mask" && !live) drawMasks(pen);
    if (mode === "mask" && live && live.matte) drawPlayingMask(pen, live.matte);
    if (mode === "wipe" && over) drawWipe(pen, over);
  }
};
const redraw = () => { settleCamera(); draw(); drawInk(); };
