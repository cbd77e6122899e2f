// Where the clip's pixels are on the stage: a clip pixel is camera.scale CSS pixels high and scaleX() wide, the first one
// at (camera.x, camera.y). Marks and masks are in the pixels of the file, whatever their shape.
const camera = { scale: 1, x: 0, y: 0, isFit: true };
// Device pixels a clip pixel; a clip smaller than the stage may go to four times the fitted size.
const MOST_ZOOM = 16;
const dpr = () => window.devicePixelRatio || 1;
const stageSize = () => ({ width: Math.max(stage.clientWidth, 1), height: Math.max(stage.clientHeight, 1) });
const scaleX = () => camera.scale * clip().pixel_aspect;
const fitScale = () => {
  const { width, height } = stageSize();
  return Math.min(width / (clip().width * clip().pixel_aspect), height / clip().height) || 1;
};
const leastScale = () => Math.min(fitScale(), 0.25 / dpr());

const settleCamera = () => {
  if (!clip()) return;
  const { width, height } = stageSize();
  if (camera.isFit) camera.scale = fitScale();
  const [wide, high] = [clip().width * scaleX(), clip().height * camera.scale];
  // A picture smaller than the stage stays in its middle, a larger one covers it.
  camera.x = wide <= width ? (width - wide) / 2 : clamp(camera.x, width - wide, 0);
  camera.y = high <= height ? (height - high) / 2 : clamp(camera.y, height - high, 0);
  root.dataset.camera = `${camera.scale} ${camera.x} ${camera.y}`;
  part("zoom-fit").textContent = `${Math.round(camera.scale * dpr() * 100)} %`;
  part("zoom-fit").setAttribute("aria-label", `${part("zoom-fit").textContent} · ${label("zoom_fit")}`);
};
const zoomTo = (scale, at = null) => {
  if (!clip()) return;
  const { width, height } = stageSize();
  const point = at || { x: width / 2, y: height / 2 };
  const next = clamp(scale, leastScale(), Math.max(MOST_ZOOM / dpr(), 4 * fitScale()));
  camera.x = point.x - ((point.x - camera.x) / camera.scale) * next;
  camera.y = point.y - ((point.y - camera.y) / camera.scale) * next;
  camera.scale = next;
  camera.isFit = false;
  redraw();
};
const zoomBy = (factor, at = null) => zoomTo(camera.scale * factor, at);
const zoomFit = () => { camera.isFit = true; redraw(); };
const zoomOne = (at = null) => zoomTo(1 / dpr(), at);
const panBy = (dx, dy) => {
  camera.x += dx; camera.y += dy;
  if (camera.isFit) return;
  redraw();
};
// Geometry is read at every event: the page may have scrolled or been resized since the last one.
const onStage = (event) => {
  const rect = stage.getBoundingClientRect();
  return { x: event.clientX - rect.left, y: event.clientY - rect.top };
};
const toImage = (event) => {
  const at = onStage(event);
  return { x: (at.x - camera.x) / scaleX(), y: (at.y - camera.y) / camera.scale };
};
const toStage = (x, y) => [camera.x + x * scaleX(), camera.y + y * camera.scale];
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
const tenth = (value) => Math.round(value * 10) / 10;
const fitCanvas = (canvas, width, height) => {
  const size = [Math.max(1, Math.round(width * dpr())), Math.max(1, Math.round(height * dpr()))];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, ...size);
  pen.setTransform(dpr(), 0, 0, dpr(), 0, 0);
  return pen;
};
