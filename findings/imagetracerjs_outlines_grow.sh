#!/usr/bin/env bash
# ImageTracer, which makes SVG of a mask or a cut-out, draws a line one pixel wide around each shape in the shape's own colour (strokewidth
# is 1 unless told otherwise), so that everything grows by half a pixel on all sides: a square of 10 x 10 covers 120 pixels' worth of
# area. Where two levels of alpha meet, the line of one lies over the other, and a step from 128 to 64 has a column of 144 in it, more
# opaque than either. With strokewidth: 0 the square has its 100 pixels and the seam is gone; the line is there to hide the fine gaps between
# colours. Neither suits hair: a line one pixel wide and 30 long covers 44 with the stroke and 15 without, since its own
# path is pointed. No message. Seen with imagetracerjs 1.2.6, drawn by resvg-js 2.6.2; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund imagetracerjs@1.2.6 @resvg/resvg-js@2.6.2
cat > check.cjs <<'NODE'
const assert = require("node:assert/strict");
const { Resvg } = require("@resvg/resvg-js");
const tracer = require("imagetracerjs");

console.log("imagetracerjs", tracer.versionnumber);
const SIZE = 40;

/** Alpha of a picture after tracing and drawing, row by row. */
function drawn(alpha, options) {
  const data = new Uint8ClampedArray(SIZE * SIZE * 4);
  for (let place = 0; place < SIZE * SIZE; place++) {
    const level = alpha(place % SIZE, Math.floor(place / SIZE));
    data.set(level ? [200, 100, 50, level] : [0, 0, 0, 0], 4 * place);
  }
  const pal = [0, 64, 128, 255].map((a) => (a ? { r: 200, g: 100, b: 50, a } : { r: 0, g: 0, b: 0, a }));
  const svg = tracer.imagedataToSVG({ width: SIZE, height: SIZE, data }, { pal, colorquantcycles: 1, pathomit: 0, ...options });
  const { pixels } = new Resvg(svg).render();
  return Array.from({ length: SIZE * SIZE }, (_, place) => pixels[4 * place + 3]);
}

const area = (alphas) => alphas.reduce((sum, level) => sum + level, 0) / 255;
const inside = (at, from, to) => at >= from && at < to;
const square = (x, y) => (inside(x, 10, 20) && inside(y, 10, 20) ? 255 : 0);
const hair = (x, y) => (x === 15 && inside(y, 5, 35) ? 255 : 0);
const step = (x, y) => (inside(y, 10, 30) ? (inside(x, 10, 20) ? 128 : inside(x, 20, 30) ? 64 : 0) : 0);
const middle = (alphas) => alphas.slice(20 * SIZE + 14, 20 * SIZE + 26);
for (const [name, options] of [["default", {}], ["strokewidth 0", { strokewidth: 0 }]]) {
  const [squareArea, hairArea, row] = [area(drawn(square, options)), area(drawn(hair, options)), middle(drawn(step, options))];
  console.log(`${name}: square ${squareArea.toFixed(1)} of 100, hair ${hairArea.toFixed(1)} of 30, across the step ${row.join(" ")}`);
  if (name === "default") {
    assert.ok(squareArea > 118 && squareArea < 123 && hairArea > 40);
    assert.ok(Math.max(...row) > 140);
  } else {
    assert.ok(Math.abs(squareArea - 100) < 1 && hairArea < 20);
    assert.ok(Math.max(...row) <= 130);
  }
}
NODE
node check.cjs
