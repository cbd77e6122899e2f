#!/usr/bin/env bash
# The two SSIM packages of Node, with eleven million downloads a month, take RGBA and say nothing about a matte. ssim.js leaves alpha out: a picture
# and its cut-out, and even white and transparent white, are 1.0, the same picture. image-ssim has a mode for four channels and weighs brightness by
# alpha, as if all lay on black: a textured picture and its cut-out differ, 0.24, which looks like a measure of mattes, but a black
# subject and the same one with two thirds of it gone are 1.0, and so are black and nothing at all. A threshold of 0.99 in a test
# passes black hair, a dark suit and every silhouette whatever the matte. Mattes given as grey pictures are compared rightly
# by both, and blazediff counts every pixel of these cases. No message. Seen with ssim.js 3.5.0, image-ssim 0.2.0, @blazediff/core 1.10.0;
# needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ssim.js@3.5.0 image-ssim@0.2.0 @blazediff/core@1.10.0
cat > seen.cjs <<'NODE'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { diff } = require("@blazediff/core");
const imageSsim = require("image-ssim");
const { ssim } = require("ssim.js");

for (const name of ["ssim.js", "image-ssim", "@blazediff/core"])
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
const size = 64;

/** A picture whose pixels are a function of column and row. */
function picture(pixel) {
  const data = new Uint8Array(4 * size * size);
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) data.set(pixel(x, y), 4 * (y * size + x));
  return data;
}
const disc = (radius) => (x, y) => (Math.hypot(x - 32, y - 32) < radius ? 255 : 0);
const texture = (x, y) => [(7 * x + 3 * y) % 256, (5 * x) % 256, (9 * y) % 256];
const flat = (level, alpha) => picture(() => [level, level, level, alpha]);
const silhouette = (radius) => picture((x, y) => [0, 0, 0, disc(radius)(x, y)]);
const grey = (radius) => picture((x, y) => [...Array(3).fill(disc(radius)(x, y)), 255]);
const cases = {
  "a picture and its cut-out": [picture((x, y) => [...texture(x, y), 255]), picture((x, y) => [...texture(x, y), disc(20)(x, y)])],
  "white and transparent white": [flat(255, 255), flat(255, 0)],
  "black and transparent black": [flat(0, 255), flat(0, 0)],
  "a black subject and a third of it": [silhouette(20), silhouette(12)],
  "the mattes of these as grey": [grey(20), grey(12)],
  "white and black": [flat(255, 255), flat(0, 255)],
};
const seen = {};
for (const [name, [first, second]] of Object.entries(cases)) {
  const data = (pixels) => ({ data: pixels, width: size, height: size, channels: 4 });
  const values = [ssim(data(first), data(second)).mssim, imageSsim.compare(data(first), data(second)).ssim];
  const pixels = diff(first, second, undefined, size, size);
  console.log(`${name}: ssim.js ${values[0].toFixed(3)}, image-ssim ${values[1].toFixed(3)}, blazediff ${pixels} pixels`);
  assert.ok(pixels > 500);
  seen[name] = values.map((value) => (value > 0.9999 ? "same" : value < 0.9 ? "other" : "between"));
}
assert.deepEqual(Object.values(seen), [
  ["same", "other"],
  ["same", "other"],
  ["same", "same"],
  ["same", "same"],
  ["other", "other"],
  ["other", "other"],
]);
NODE
node seen.cjs
