// The marks over the picture, in the stage's own pixels, so that they stay sharp at any zoom.
const CROSS_PX = 9;
const ADDS = "#19c37d";
const ERASES = "#ff5a4f";

const drawBox = (pen, box) => {
  const [x, y] = toStage(box[0], box[1]);
  const sides = [(box[2] - box[0]) * scaleX(), (box[3] - box[1]) * camera.scale];
  pen.setLineDash([]); pen.lineWidth = 4; pen.strokeStyle = "rgba(0,0,0,.55)"; pen.strokeRect(x, y, ...sides);
  pen.setLineDash([7, 4]); pen.lineWidth = 2; pen.strokeStyle = "#fff"; pen.strokeRect(x, y, ...sides);
  pen.setLineDash([]);
};
const drawPoint = (pen, point) => {
  const [x, y] = toStage(point.x + 0.5, point.y + 0.5);
  pen.beginPath(); pen.arc(x, y, 8, 0, 2 * Math.PI);
  pen.fillStyle = point.positive ? "#0f7b3f" : "#c81e1e"; pen.fill();
  pen.lineWidth = 2; pen.strokeStyle = "#fff"; pen.stroke();
  pen.beginPath(); pen.moveTo(x - 4, y); pen.lineTo(x + 4, y);
  if (point.positive) { pen.moveTo(x, y - 4); pen.lineTo(x, y + 4); }
  pen.stroke();
};
const drawCross = (pen, at) => {
  const [x, y] = toStage(at.x + 0.5, at.y + 0.5);
  for (const [width, paint] of [[4, "#000"], [2, "#fff"]]) {
    pen.lineWidth = width; pen.strokeStyle = paint; pen.beginPath();
    pen.moveTo(x - CROSS_PX, y); pen.lineTo(x + CROSS_PX, y);
    pen.moveTo(x, y - CROSS_PX); pen.lineTo(x, y + CROSS_PX);
    pen.stroke();
  }
};
const trace = (pen, path) => {
  pen.beginPath();
  path.forEach(([x, y], index) => { const at = toStage(x, y); if (index) pen.lineTo(...at); else pen.moveTo(...at); });
};
const drawStroke = (pen, stroke) => {
  const paint = stroke.positive ? ADDS : ERASES;
  pen.globalAlpha = 0.6;
  pen.lineJoin = pen.lineCap = "round";
  trace(pen, stroke.vertices);
  if (!stroke.filled && stroke.vertices.length === 1) pen.lineTo(...toStage(stroke.vertices[0][0] + 0.001, stroke.vertices[0][1]));
  if (stroke.filled) { pen.closePath(); pen.fillStyle = paint; pen.fill(); }
  else {
    // A brush is round in the pixels of the file.
    pen.save();
    pen.scale(clip().pixel_aspect, 1);
    pen.lineWidth = Math.max(2 * stroke.radius * camera.scale, 1); pen.strokeStyle = paint; pen.stroke();
    pen.restore();
  }
  pen.globalAlpha = 1;
};
const drawPolygon = (pen, path, pointer) => {
  const line = pointer ? [...path, [pointer.x, pointer.y]] : path;
  for (const [width, paint] of [[4, "rgba(0,0,0,.6)"], [2, "#fff"]]) {
    trace(pen, line);
    pen.lineWidth = width; pen.strokeStyle = paint; pen.stroke();
  }
  const [x, y] = toStage(...path[0]);
  pen.beginPath(); pen.arc(x, y, 6, 0, 2 * Math.PI); pen.fillStyle = "#fff"; pen.fill();
};
const drawBrush = (pen, at) => {
  const [x, y] = toStage(at.x, at.y);
  for (const [width, paint] of [[3, "rgba(0,0,0,.7)"], [1.5, state.tool === "erase" ? ERASES : "#fff"]]) {
    pen.beginPath(); pen.ellipse(x, y, Math.max(state.brush * scaleX(), 1), Math.max(state.brush * camera.scale, 1), 0, 0, 2 * Math.PI);
    pen.lineWidth = width; pen.strokeStyle = paint; pen.stroke();
  }
};
const drawInk = () => {
  const { width, height } = stageSize();
  const pen = fitCanvas(ink, width, height);
  if (!clip() || player.isPlaying) return;
  const { drag, polygon, cursor, corner, pointer } = state;
  if (["source", "mask"].includes(state.mode)) {
    const prompt = promptOf(state.frame);
    root.dataset.strokes = String(prompt.strokes.length);
    // Painted strokes show until the mask has them.
    for (const gesture of state.done) {
      if (gesture.frame === state.frame && gesture.kind === "stroke" && gesture.sequence > state.answered) drawStroke(pen, gesture.stroke);
    }
    if (prompt.box) drawBox(pen, prompt.box);
    for (const point of prompt.points) drawPoint(pen, point);
  }
  if (drag && drag.kind === "box" && drag.isFar) drawBox(pen, asBox(drag.from, drag.to));
  if (drag && drag.kind === "stroke") drawStroke(pen, drag.stroke);
  if (polygon) drawPolygon(pen, polygon.path, pointer);
  if (corner && cursor) drawBox(pen, asBox(corner, cursor));
  if (cursor && document.activeElement === ink) drawCross(pen, cursor);
  if (pointer && ["brush", "erase"].includes(state.tool)) drawBrush(pen, pointer);
};
