// Drawing of the annotator's marks and of the strip of frames; it keeps no state.
const CROSS_PX = 9;
const STRIP_PX = 10;
const CONFIDENT = 0.75;
const UNSURE = 0.5;

const fitCanvas = (canvas, width, height) => {
  const ratio = window.devicePixelRatio || 1;
  const size = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
};
const onScreen = ({ left, top, scale }, x, y) => [left + x * scale, top + y * scale];

const drawBox = (pen, shape, box) => {
  const [x, y] = onScreen(shape, box[0], box[1]);
  const sides = [(box[2] - box[0]) * shape.scale, (box[3] - box[1]) * shape.scale];
  pen.setLineDash([]); pen.lineWidth = 4; pen.strokeStyle = "rgba(0,0,0,.55)"; pen.strokeRect(x, y, ...sides);
  pen.setLineDash([7, 4]); pen.lineWidth = 2; pen.strokeStyle = "#fff"; pen.strokeRect(x, y, ...sides);
  pen.setLineDash([]);
};

const drawPoint = (pen, shape, point) => {
  const [x, y] = onScreen(shape, point.x + 0.5, point.y + 0.5);
  pen.beginPath(); pen.arc(x, y, 8, 0, 2 * Math.PI);
  pen.fillStyle = point.positive ? "#0f7b3f" : "#c81e1e"; pen.fill();
  pen.lineWidth = 2; pen.strokeStyle = "#fff"; pen.stroke();
  pen.beginPath(); pen.moveTo(x - 4, y); pen.lineTo(x + 4, y);
  if (point.positive) { pen.moveTo(x, y - 4); pen.lineTo(x, y + 4); }
  pen.stroke();
};

const drawCursor = (pen, shape, cursor) => {
  const [x, y] = onScreen(shape, cursor.x + 0.5, cursor.y + 0.5);
  for (const [width, colour] of [[4, "#000"], [2, "#fff"]]) {
    pen.lineWidth = width; pen.strokeStyle = colour; pen.beginPath();
    pen.moveTo(x - CROSS_PX, y); pen.lineTo(x + CROSS_PX, y);
    pen.moveTo(x, y - CROSS_PX); pen.lineTo(x, y + CROSS_PX);
    pen.stroke();
  }
};

const drawFrames = (strip, { count, values, range, keyframes, colours }) => {
  const width = Math.max(strip.clientWidth, 1);
  const pen = fitCanvas(strip, width, STRIP_PX);
  const unit = width / count;
  for (let index = 0; index < count; index += 1) {
    const value = values[index];
    const isInRange = index >= range.first && index <= range.last;
    if (value === null || value === undefined) pen.fillStyle = isInRange ? colours.range : colours.track;
    else pen.fillStyle = value >= CONFIDENT ? "#15803d" : value >= UNSURE ? "#ca8a04" : "#ea580c";
    pen.globalAlpha = isInRange ? 1 : 0.35;
    pen.fillRect(index * unit, 0, unit + 0.5, STRIP_PX);
  }
  pen.globalAlpha = 1;
  pen.fillStyle = colours.keyframe;
  for (const frame of keyframes) pen.fillRect(frame * unit, 0, Math.max(3, unit), STRIP_PX);
};
