#!/usr/bin/env bash
# save-pixels, the writer that goes with get-pixels and ndarray in Node, the scientific arrays of JavaScript, puts numbers into a Buffer as they
# are: 256 becomes 0, 300 becomes 44, -1 becomes 255. A matte or plate that a resize or a filter has made overshoot by one level so has holes
# and sparks, in PNG, GIF and JPEG alike, where a canvas (Uint8ClampedArray) would clip. 254.6 is 254, floats of 0 to 1 are black, NaN too. As GIF each
# frame is opaque, whatever its alpha, and the hidden colour is in sight. No message. Clip and round before; for GIF write alpha by another
# package. Seen with save-pixels 2.3.6, get-pixels 3.3.3, ndarray 1.1.1; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund save-pixels@2.3.6 get-pixels@3.3.3 ndarray@1.1.1
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import getPixels from "get-pixels";
import ndarray from "ndarray";
import savePixels from "save-pixels";

/** What is read of an array of (width, height, channels) that was saved. */
async function through(array, format) {
  const parts = [];
  await new Promise((resolve, reject) => savePixels(array, format).on("data", (part) => parts.push(part)).on("end", resolve).on("error", reject));
  writeFileSync(`picture.${format}`, Buffer.concat(parts));
  return new Promise((resolve, reject) => getPixels(`picture.${format}`, (error, pixels) => (error ? reject(error) : resolve(pixels))));
}
const levels = [-1, 0, 0.5, 1, 254.6, 255, 256, 300, NaN];
const ramp = ndarray(new Float32Array(levels.length * 4), [levels.length, 4, 1]);
levels.forEach((level, x) => [0, 1, 2, 3].forEach((y) => ramp.set(x, y, 0, level)));
const read = await through(ramp, "png");
const seen = levels.map((_, x) => read.get(x, 1, 0));
console.log(`  ${levels.join(", ")} as PNG: ${seen.join(", ")}`);
assert.deepEqual(seen, [255, 0, 0, 1, 254, 255, 0, 44, 0]);

// A soft edge, sharpened: it overshoots on either side.
const edge = [60, 60, 60, 100, 200, 250, 250, 250];
const sharp = edge.map((level, x) => level + 0.5 * (2 * level - edge[Math.max(x - 1, 0)] - edge[Math.min(x + 1, 7)]));
const picture = ndarray(new Float32Array(8 * 8), [8, 8, 1]);
for (let x = 0; x < 8; x++) for (let y = 0; y < 8; y++) picture.set(x, y, 0, sharp[x]);
for (const format of ["png", "jpg"]) {
  const saved = await through(picture, format);
  const row = sharp.map((_, x) => saved.get(x, 4, 0));
  console.log(`  ${sharp.join(", ")} as ${format}: ${row.join(", ")}`);
  assert.ok(sharp[5] > 255 && row[5] < 90);
}

const cut = ndarray(new Uint8Array(16 * 16 * 4), [16, 16, 4]);
for (let x = 0; x < 16; x++) for (let y = 0; y < 16; y++) [200, 100, 50, x < 8 ? 0 : 255].forEach((level, channel) => cut.set(x, y, channel, level));
const gif = await through(cut, "gif");
const png = await through(cut, "png");
const alphas = [gif.get(0, 2, 8, 3), png.get(2, 8, 3)];
console.log(`  alpha 0 as GIF: ${alphas[0]}, as PNG: ${alphas[1]}; the colour there in the GIF is ${[0, 1, 2].map((channel) => gif.get(0, 2, 8, channel))}`);
assert.deepEqual(alphas, [255, 0]);
NODE
node seen.mjs
