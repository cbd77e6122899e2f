#!/usr/bin/env bash
# stackblur-canvas, the blur of canvg (SVG filters and shadows) and of many web editors, divides colour by alpha and never multiplied it:
# a canvas hands out straight colour, and imageDataRGBA sums it as it is. A flat (200, 100, 50) at alpha 128 comes back as (255, 255,
# 199), where nothing should change, and a cut-out's blurred edge goes from its colour over yellow to white, (255, 255, 209) at alpha 61:
# a glow around hair and a bright rim around every feather. Opaque pictures and black shadows, its usual work, are right, and so
# is alpha. No message. Konva's Blur keeps the colour to a few levels. Seen with stackblur-canvas 3.0.1, konva 10.9.1; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund stackblur-canvas@3.0.1 konva@10.9.1
cat > check.mjs <<'NODE'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Blur } from "./node_modules/konva/lib/filters/Blur.js";

globalThis.ImageData ??= class {
  constructor(data, width, height) {
    Object.assign(this, { data, width, height });
  }
};
const { imageDataRGBA } = createRequire(import.meta.url)("stackblur-canvas");
for (const name of ["stackblur-canvas", "konva"])
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);

const SIZE = 32;
const COLOUR = [200, 100, 50];

/** What a canvas' getImageData gives: straight RGBA that depends on the column. */
function picture(pixel) {
  const data = new Uint8ClampedArray(SIZE * SIZE * 4);
  for (let place = 0; place < SIZE * SIZE; place++) data.set(pixel(place % SIZE), place * 4);
  return new ImageData(data, SIZE, SIZE);
}

function row(image) {
  const start = (SIZE / 2) * SIZE * 4;
  return Array.from({ length: SIZE }, (_, column) => [...image.data.subarray(start + column * 4, start + column * 4 + 4)]);
}

function stackBlurred(pixel) {
  const image = picture(pixel);
  imageDataRGBA(image, 0, 0, SIZE, SIZE, 4);
  return row(image);
}

function konvaBlurred(pixel) {
  const image = picture(pixel);
  Blur.call({ blurRadius: () => 4 }, image);
  return row(image);
}

const flat = () => [...COLOUR, 128];
const cutOut = (column) => (column < SIZE / 2 ? [...COLOUR, 255] : [0, 0, 0, 0]);
console.log("flat at alpha 128:", stackBlurred(flat)[16], "Konva:", konvaBlurred(flat)[16]);
assert(stackBlurred(flat).every((pixel) => pixel[0] === 255 && pixel[1] === 255 && Math.abs(pixel[2] - 199) <= 1 && pixel[3] === 128));
assert(konvaBlurred(flat).every((pixel) => COLOUR.every((level, channel) => Math.abs(pixel[channel] - level) <= 6)));
const edge = stackBlurred(cutOut).filter((pixel) => pixel[3] > 0 && pixel[3] < 255);
console.log("a cut-out's edge:", edge.map((pixel) => pixel.join("/")).join(" "));
edge.forEach((pixel) => COLOUR.forEach((level, channel) => assert(pixel[channel] >= Math.min(250, (level * 255) / pixel[3] - 12))));
assert(edge.some((pixel) => pixel[0] === 255 && pixel[1] === 255 && pixel[2] > 200));
assert(konvaBlurred(cutOut).every((pixel) => pixel[3] < 20 || COLOUR.every((level, channel) => Math.abs(pixel[channel] - level) <= 6)));
assert(stackBlurred(() => [...COLOUR, 255]).every((pixel) => COLOUR.every((level, channel) => Math.abs(pixel[channel] - level) <= 1)));
NODE
node check.mjs
