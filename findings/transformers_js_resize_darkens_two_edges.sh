#!/usr/bin/env bash
# transformers.js in Node resizes pictures and masks with a black line at the right and the bottom: RawImage.resize, which the image
# processors and the background removal examples use, warps by sharp's affine for bilinear (the default) and bicubic, and that mixes
# the last column and row with black. A flat 200, 64 wide, is 100 in its last column at 128, and fades over 15 columns at 1024, the way
# of a mask from the network's size to the picture's: a subject that is cut off by the frame is half transparent there. Of RGBA the last
# ones get alpha where nothing is. When it makes smaller it does not average, though the source says that it follows Pillow: lines one
# pixel wide, every fourth, are all or nothing at a quarter of the size, hair too. No message. Nearest, lanczos (sharp's own resize) and
# the browser's canvas are not touched. Seen with @huggingface/transformers 4.3.2, sharp 0.35.5 (libvips 8.18.7), Node; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/transformers@4.3.2 sharp@0.35.5
cat > check.mjs <<'NODE'
import assert from "node:assert";
import { env, RawImage } from "@huggingface/transformers";
import sharp from "sharp";

console.log("transformers.js", env.version, "sharp", sharp.versions.sharp);

/** A picture whose pixel depends on its column. */
function picture(width, height, pixel) {
  const rows = Array.from({ length: height }, () => Array.from({ length: width }, (_, column) => pixel(column)).flat()).flat();
  return new RawImage(new Uint8ClampedArray(rows), width, height, pixel(0).length);
}

function row(image, number) {
  const length = image.width * image.channels;
  return [...image.data.slice(number * length, (number + 1) * length)];
}

for (const [width, touched, last] of [[128, 1, 100], [256, 3, 50], [1024, 15, 13]]) {
  const found = await picture(64, 8, () => [200]).resize(width, 16);
  const across = row(found, 0);
  const wrong = across.filter((level) => level !== 200).length;
  const down = row(found, 15)[0];
  console.log(`flat 200, 64 wide, at ${width}: ${wrong} columns wrong, the last one ${across.at(-1)}, the last row ${down}`);
  assert.equal(wrong, touched);
  assert.equal(across.at(-1), last);
  assert.equal(down, 100);
}
for (const [resample, name] of [[0, "nearest"], [1, "lanczos"]]) {
  const levels = new Set((await picture(64, 8, () => [200]).resize(128, 16, { resample })).data);
  console.log(`${name}:`, [...levels]);
  assert.deepEqual([...levels], [200]);
}
const cubic = row(await picture(64, 8, () => [200]).resize(128, 16, { resample: 3 }), 0);
console.log("bicubic, the last four columns:", cubic.slice(-4));
assert.equal(cubic.at(-1), 100);
const straight = row(await picture(64, 8, (column) => [200, 100, 50, column < 32 ? 255 : 0]).resize(128, 16), 0);
console.log("RGBA, transparent at its right half, the last two pixels:", straight.slice(-8));
assert.equal(straight.at(-5), 0);
assert(straight.at(-1) > 100);
for (const first of [0, 2]) {
  const lines = picture(64, 8, (column) => [column % 4 === first ? 255 : 0]);
  const levels = [...new Set(row(await lines.resize(16, 2), 0))];
  const averaged = [...new Set(row(await lines.resize(16, 2, { resample: 1 }), 0).slice(2, -2))];
  console.log(`every fourth column white, from ${first} on, at a quarter: ${levels}; lanczos ${averaged}`);
  assert(levels.every((level) => level === 0 || level === 255));
}
NODE
node check.mjs
