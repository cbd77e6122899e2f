#!/usr/bin/env bash
# sharp takes alpha for one more colour in two of its operators. clahe, local contrast, equalises the matte along with the picture: a haze of
# alpha 10 becomes 87 with maxSlope 0 and windows of 64, half transparent levels all turn into one, and with windows of 3 there
# are hardly more than two left, so that hair is a mask; the default slope of 3 moves levels by a few. threshold, to which a picture with
# alpha is given, cuts alpha at the same number: of (255, 128, 40, 0) by 100 only 255 and 0 are left, where the picture's brightness was
# meant. linear, gamma, modulate, normalise, recomb, tint and median beside them leave alpha as it is. And a grey picture, asked for
# as raw pixels, has no alpha: greyscale() with PNG has four channels, with raw() one. No message. Take the matte out
# (extractChannel(3)) before them. Seen with sharp 0.35.5 (libvips 8.18.7); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund sharp@0.35.5
cat > check.mjs <<'NODE'
import assert from "node:assert/strict";
import sharp from "sharp";

const side = 256, columns = [0, 10, 64, 128, 200, 255];
const ramp = new Uint8Array(side * side * 4);
for (let index = 0; index < side * side; index++) ramp.set([200, 100, 50, index % side], index * 4);
const raw = { raw: { width: side, height: side, channels: 4 } };

console.log(`sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`);
console.log(`alpha given: ${columns}`);
for (const [name, operator, expected] of [
  ["clahe, windows of 64", (picture) => picture.clahe({ width: 64, height: 64 }), [1, 12, 67, 128, 196, 255]],
  ["clahe, windows of 64, maxSlope 0", (picture) => picture.clahe({ width: 64, height: 64, maxSlope: 0 }), [7, 87, 131, 131, 131, 255]],
  ["clahe, windows of 3", (picture) => picture.clahe({ width: 3, height: 3 }), [85, 170, 170, 170, 170, 255]],
  ["threshold 100", (picture) => picture.threshold(100), [0, 0, 0, 255, 255, 255]],
  ["threshold 100 of colour", (picture) => picture.threshold(100, { grayscale: false }), [0, 0, 0, 255, 255, 255]],
  ["linear", (picture) => picture.linear(0.5, 20), columns],
  ["gamma", (picture) => picture.gamma(2.2), columns],
  ["modulate", (picture) => picture.modulate({ brightness: 1.2 }), columns],
  ["normalise", (picture) => picture.normalise(), columns],
  ["recomb", (picture) => picture.recomb([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]), columns],
  ["tint", (picture) => picture.tint("#ff0000"), columns],
  ["median", (picture) => picture.median(3), columns],
]) {
  const { data, info } = await operator(sharp(ramp, raw)).raw().toBuffer({ resolveWithObject: true });
  assert.equal(info.channels, 4);
  const seen = columns.map((column) => data[(128 * side + column) * 4 + 3]);
  console.log(`${name}: ${seen}`);
  assert.ok(seen.every((level, index) => Math.abs(level - expected[index]) <= 2), `${expected}`);
}
for (const [format, channels] of [["png", 4], ["raw", 1]]) {
  const { info } = await sharp(ramp, raw).greyscale().toFormat(format).toBuffer({ resolveWithObject: true });
  console.log(`greyscale, ${format}: ${info.channels} channels`);
  assert.equal(info.channels, channels);
}
NODE
node check.mjs
