// The mask preview: one colour for each instance; keeping and dropping happens here, in the browser.
const root = element.querySelector(".sm-preview");
const canvas = root.querySelector("canvas");
const opacity = root.querySelector("input[type=range]");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const COLOURS = ["#f0428c", "#2f80ed", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#f0e442", "#9b51e0"];
const LONG_SIDE = 1280;

let frame = 0;
let shown = null; // { picture, masks: [{ id, coverage, tint, area }], size }
let kept = new Map(); // frame -> Set of instance ids
let loading = 0;

const clip = () => props.clip || null;
const keyframe = () => (props.keyframes || []).find((item) => item.frame === frame) || null;
const keptHere = () => kept.get(frame) || new Set();
const colour = (index) => COLOURS[index % COLOURS.length];

const loadPicture = (url) => new Promise((resolve, reject) => {
  const picture = new Image();
  picture.onload = () => resolve(picture);
  picture.onerror = () => reject(new Error(url));
  picture.src = url;
});

// The frame stays the same from click to click; decoding it again would cost more than the mask.
let lastFrame = { url: "", picture: null };
const loadFrame = async (url) => {
  if (lastFrame.url !== url) lastFrame = { url, picture: await loadPicture(url) };
  return lastFrame.picture;
};

const tintOf = (picture, size, hex) => {
  const layer = make("canvas", { width: size[0], height: size[1] });
  const pen = layer.getContext("2d", { willReadFrequently: true });
  pen.drawImage(picture, 0, 0, ...size);
  const pixels = pen.getImageData(0, 0, ...size);
  const data = pixels.data;
  const count = size[0] * size[1];
  const coverage = new Uint8Array(count);
  let area = 0;
  for (let index = 0; index < count; index += 1) {
    coverage[index] = data[index * 4] > 127 ? 1 : 0;
    area += coverage[index];
  }
  const rgb = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const rim = new ImageData(size[0], size[1]);
  for (let index = 0; index < count; index += 1) {
    const inside = coverage[index];
    const column = index % size[0];
    const isRim = inside && (column < 2 || column >= size[0] - 2 || !coverage[index - 2] || !coverage[index + 2]
      || !coverage[index - 2 * size[0]] || !coverage[index + 2 * size[0]]);
    for (let channel = 0; channel < 3; channel += 1) {
      data[index * 4 + channel] = rgb[channel];
      rim.data[index * 4 + channel] = rgb[channel];
    }
    data[index * 4 + 3] = inside * 255;
    rim.data[index * 4 + 3] = isRim ? 255 : 0;
  }
  pen.putImageData(pixels, 0, 0);
  const outline = make("canvas", { width: size[0], height: size[1] });
  outline.getContext("2d").putImageData(rim, 0, 0);
  return { tint: layer, outline, coverage, area };
};

const draw = () => {
  root.classList.toggle("sm-loaded", Boolean(shown));
  if (!shown) return;
  const pen = canvas.getContext("2d");
  [canvas.width, canvas.height] = shown.size;
  pen.globalAlpha = 1;
  pen.drawImage(shown.picture, 0, 0, ...shown.size);
  for (const mask of shown.masks) {
    const isKept = keptHere().has(mask.id);
    pen.globalAlpha = isKept ? Number(opacity.value) / 100 : 0;
    pen.drawImage(mask.tint, 0, 0);
    pen.globalAlpha = isKept ? 1 : 0.45;
    pen.drawImage(mask.outline, 0, 0);
  }
  pen.globalAlpha = 1;
};

const showChips = () => {
  const item = keyframe();
  const instances = item ? item.instances : [];
  part("chips").replaceChildren(...instances.map((instance, index) => {
    const isKept = keptHere().has(instance.id);
    const name = instance.label || label("instance", { number: index + 1 });
    const swatch = make("span", { class: "sm-swatch", "aria-hidden": "true" });
    swatch.style.background = colour(index);
    return make("button", {
      type: "button", class: "sm-chip", "aria-pressed": String(isKept), "data-instance": instance.id,
      onclick: () => toggle(instance.id),
    }, swatch, make("span", { text: `${name} · ${Math.round(instance.score * 100)}%` }),
    make("span", { class: "sm-chip-state", text: label(isKept ? "kept" : "dropped") }));
  }));
  part("note").textContent = !clip() ? "" : item ? item.note || label("hint") : label("none_here");
};

const publish = () => {
  props.value = { kept: Object.fromEntries([...kept].map(([at, ids]) => [at, [...ids]])) };
};

const toggle = (id) => {
  const ids = new Set(keptHere());
  if (ids.has(id)) ids.delete(id); else ids.add(id);
  kept.set(frame, ids);
  publish(); draw(); showChips();
  const focus = part("chips").querySelector(`[data-instance="${id}"]`);
  if (document.activeElement === document.body && focus) focus.focus({ preventScroll: true });
  trigger("keep", { frame, kept: [...ids] });
};

const refresh = async () => {
  if (!clip()) { shown = null; draw(); showChips(); return; }
  loading += 1;
  const turn = loading;
  const { session, width, height } = clip();
  const item = keyframe();
  const fit = Math.min(1, LONG_SIDE / Math.max(width, height));
  const size = [Math.max(1, Math.round(width * fit)), Math.max(1, Math.round(height * fit))];
  showChips();
  try {
    const instances = item ? item.instances : [];
    const [picture, ...masks] = await Promise.all([
      loadFrame(mediaUrl(session, `frame/${frame}.jpg`)),
      ...instances.map((instance) =>
        loadPicture(mediaUrl(session, `mask/${frame}/${instance.id}.png?v=${encodeURIComponent(item.version)}`))),
    ]);
    if (turn !== loading) return;
    shown = {
      picture, size,
      masks: masks.map((mask, index) => ({ id: instances[index].id, ...tintOf(mask, size, colour(index)) })),
    };
    draw();
    root.dataset.frame = String(frame);
    root.dataset.masks = String(masks.length);
  } catch (problem) {
    if (turn === loading) { shown = null; draw(); }
  }
};

canvas.addEventListener("click", (event) => {
  if (!shown || !shown.masks.length) return;
  const rect = canvas.getBoundingClientRect();
  const [width, height] = shown.size;
  const scale = Math.min(rect.width / width, rect.height / height);
  const x = Math.floor((event.clientX - rect.left - (rect.width - width * scale) / 2) / scale);
  const y = Math.floor((event.clientY - rect.top - (rect.height - height * scale) / 2) / scale);
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const hit = shown.masks.filter((mask) => mask.coverage[y * width + x]).sort((a, b) => a.area - b.area)[0];
  if (hit) toggle(hit.id);
});

const takeKeyframes = () => {
  kept = new Map((props.keyframes || []).map((item) => [item.frame, new Set(item.kept)]));
  publish();
  refresh();
};
const showTexts = () => {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = label(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", label(node.dataset.label));
  showChips();
};

opacity.addEventListener("input", draw);
hear("frame", (detail) => { frame = detail.frame; refresh(); });
hear("busy", () => { root.classList.add("sm-busy"); });
hear("idle", () => { root.classList.remove("sm-busy"); });
watch(["clip"], () => {
  if (!clip()) return;
  root.style.setProperty("--sm-aspect", `${clip().width} / ${clip().height}`);
  refresh();
});
watch("keyframes", takeKeyframes);
watch("texts", showTexts);
showTexts();
takeKeyframes();
