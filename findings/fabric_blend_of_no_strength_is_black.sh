#!/usr/bin/env bash
# Fabric.js, the canvas library of many annotation and picture editors, has a BlendColor filter whose alpha is "the strength of the blend
# color operation", and scales the colour by it before it blends: at strength 0, where nothing should change, "multiply", "darken" and
# "overlay" are black, and multiplying by white, which changes nothing, halves a picture at strength 0.5. Only modes that black leaves
# alone (screen, add, lighten, tint) fade. Convolute, for blur and sharpening, averages straight colour with the black under alpha 0: at
# the edge of a cut-out (200, 100, 50) becomes (133, 67, 33) at alpha 170. And RemoveColor, its keyer, makes alpha 0 or leaves it: a green
# that fades into hair is cut with a hard edge. No message. Seen with fabric 7.4.0, its way without WebGL alone, jsdom 26.1.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --omit=optional fabric@7.4.0 jsdom@26.1.0
cat > check.mjs <<'NODE'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<html></html>");
Object.assign(globalThis, { window, document: window.document, HTMLCanvasElement: window.HTMLCanvasElement });
const { filters } = await import("fabric");
console.log("fabric", JSON.parse(readFileSync("node_modules/fabric/package.json")).version);

/** A picture of SIZE x SIZE through a filter: the pixel of each column in the middle row. */
const SIZE = 16;
function filtered(filter, pixel) {
  const data = new Uint8ClampedArray(SIZE * SIZE * 4);
  for (let place = 0; place < SIZE * SIZE; place++) data.set(pixel(place % SIZE), place * 4);
  const ctx = { createImageData: (width, height) => ({ data: new Uint8ClampedArray(width * height * 4), width, height }) };
  const state = { imageData: { data, width: SIZE, height: SIZE }, ctx };
  filter.applyTo2d(state);
  const row = (SIZE / 2) * SIZE;
  return [...Array(SIZE).keys()].map((column) => [...state.imageData.data.subarray((row + column) * 4, (row + column) * 4 + 4)]);
}

const orange = [200, 100, 50, 255];
for (const mode of ["multiply", "darken", "overlay", "screen", "add", "lighten", "tint"]) {
  const [none, half] = [0, 0.5].map((alpha) => filtered(new filters.BlendColor({ color: "#ffffff", mode, alpha }), () => orange)[0]);
  console.log(`${mode} with white: strength 0 ${none.slice(0, 3)}, strength 0.5 ${half.slice(0, 3)}`);
  const black = ["multiply", "darken", "overlay"].includes(mode);
  assert.deepStrictEqual(none, black ? [0, 0, 0, 255] : orange);
  if (mode === "multiply") assert.deepStrictEqual(half, [100, 50, 25, 255]);
}
const edge = filtered(new filters.Convolute({ matrix: Array(9).fill(1 / 9) }), (column) => (column < SIZE / 2 ? orange : [0, 0, 0, 0]));
console.log("a cut-out's edge blurred by Convolute:", edge[SIZE / 2 - 1]);
assert.deepStrictEqual(edge[SIZE / 2 - 1], [133, 67, 33, 170]);
const mixed = (column) => [0, 1, 2].map((channel) => Math.round((orange[channel] * column + [0, 255, 0][channel] * (15 - column)) / 15)).concat(255);
const keyed = filtered(new filters.RemoveColor({ color: "#00ff00", distance: 0.3 }), mixed).map((pixel) => pixel[3]);
console.log("alpha of RemoveColor from green to orange:", keyed.join(" "));
assert.deepStrictEqual([...new Set(keyed)], [0, 255]);
NODE
node check.mjs
