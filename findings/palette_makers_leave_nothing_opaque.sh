#!/usr/bin/env bash
# The libraries that make small PNGs and GIFs in JavaScript count alpha as one more colour and average it with the others: a cut-out
# with a soft edge is no longer opaque inside. With image-q (gifwrap's and Jimp's) at 256 colours no opaque pixel stays 255 by NeuQuant or
# RGBQuant, they become 251 to 254, and by Wu's method half of them; with RGBQuant and 16 colours everything opaque is 83. Transparent
# pixels are no longer 0 either, four in ten by NeuQuant, a haze over the whole frame. UPNG keeps 0, and makes 253 or 254 of some opaque
# ones, two thirds at 16 colours. No message. Where alpha must hold, quantize the colour alone. Seen with image-q 4.0.0, upng-js
# 2.1.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund image-q@4.0.0 upng-js@2.1.0
cat > seen.cjs <<'NODE'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const iq = require("image-q");
const UPNG = require("upng-js");

for (const name of ["image-q", "upng-js"])
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
const size = 64;
const count = size * size;
const picture = new Uint8Array(4 * count);
for (let y = 0; y < size; y++)
  for (let x = 0; x < size; x++) {
    const alpha = Math.max(0, Math.min(1, (28 - Math.hypot(x - 32, y - 32)) / 10));
    picture.set([60 + 2 * x, 40 + y, 90, Math.round(255 * alpha)], 4 * (y * size + x));
  }

function byImageQ(method, colors) {
  const points = iq.utils.PointContainer.fromUint8Array(picture.slice(), size, size);
  const palette = iq.buildPaletteSync([points], { paletteQuantization: method, colors });
  return iq.applyPaletteSync(points, palette, { imageQuantization: "nearest" }).toUint8Array();
}

function byUpng(_, colors) {
  return new Uint8Array(UPNG.toRGBA8(UPNG.decode(UPNG.encode([picture.slice().buffer], size, size, colors)))[0]);
}

const makers = { neuquant: byImageQ, rgbquant: byImageQ, wuquant: byImageQ, upng: byUpng };
for (const [name, make] of Object.entries(makers))
  for (const colors of [16, 256]) {
    const seen = make(name, colors);
    const levels = { 0: [], 255: [] };
    for (let place = 3; place < 4 * count; place += 4) levels[picture[place]]?.push(seen[place]);
    const range = (values) => `${Math.min(...values)} to ${Math.max(...values)}`;
    const lost = levels[255].filter((level) => level < 255).length / levels[255].length;
    const haze = levels[0].filter((level) => level > 0).length / levels[0].length;
    const percent = [lost, haze].map((share) => `${Math.round(100 * share)} %`);
    console.log(`${name}, ${colors} colours: opaque becomes ${range(levels[255])} (${percent[0]} changed), 0 ${range(levels[0])} (${percent[1]})`);
    assert.ok(lost > 0.03);
    if (name === "neuquant" || name === "rgbquant") assert.equal(lost, 1);
    if (name === "upng") assert.equal(haze, 0);
    if (name === "neuquant") assert.ok(haze > 0.3);
    if (name === "rgbquant" && colors === 16) assert.ok(Math.max(...levels[255]) < 128);
  }
NODE
node seen.cjs
